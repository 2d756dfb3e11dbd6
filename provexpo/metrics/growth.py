"""How trade changed against a base window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError, PeriodError
from provexpo.metrics.measures import gap_reason, measures_for, refuse_measure, units_for
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

KINDS = ("yoy", "mom", "cagr")
STEPS = (
    Step(
        "changes",
        f"""
        SELECT {{keys}}, value, base_value, n_rows, base_n_rows, value - base_value AS change,
          {CHANGE_STATUS} AS status,
          {SMALL_BASE} AS small_base
        FROM sums
        """,
    ),
    # The published figures are rounded: their sum lies within half a unit a row.
    Step(
        "bounds",
        """
        SELECT *, n_rows * $rounding / 2 AS slack, base_n_rows * $rounding / 2 AS base_slack,
          status IN ('ok', 'small_base', 'exit') AS has_pct
        FROM changes
        """,
    ),
    Step(
        "growth",
        """
        SELECT {keys}, value, base_value, change,
          CASE WHEN NOT has_pct OR ($yearly AND small_base) THEN NULL
            WHEN NOT $yearly THEN value / nullif(base_value, 0) - 1
            ELSE power(value / nullif(base_value, 0), 1 / $years) - 1 END AS pct,
          CASE WHEN has_pct AND NOT $yearly
            THEN greatest(value - slack, 0) / nullif(base_value + base_slack, 0) - 1 END AS pct_lo,
          CASE WHEN has_pct AND NOT $yearly AND base_value > base_slack
            THEN (value + slack) / nullif(base_value - base_slack, 0) - 1 END AS pct_hi,
          CASE WHEN has_pct THEN value / nullif(base_value, 0) END AS ratio,
          CASE WHEN has_pct OR status = 'new'
            THEN 2 * change / nullif(CAST(value + base_value AS DOUBLE), 0) END AS dhs,
          CASE WHEN status IN ('ok', 'small_base')
            THEN ln(value / nullif(base_value, 0)) END AS log,
          CASE WHEN has_pct
            THEN rank() OVER (PARTITION BY slot, has_pct ORDER BY change NULLS LAST) END AS rank,
          status, small_base
        FROM bounds
        """,
    ),
)

UNITS = {
    "value": "currency",
    "base_value": "currency",
    "change": "currency",
    "pct": "fraction",
    "pct_lo": "fraction",
    "pct_hi": "fraction",
    "ratio": "ratio",
    "dhs": "index",
    "log": "log points",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}
_NO_CHANGE = ["pct", "pct_lo", "pct_hi", "ratio", "dhs", "log", "rank"]


def growth(
    trade: Trade,
    *,
    during: str | Window | None = None,
    against: str | Window | None = None,
    kind: str = "yoy",
    province: Words = None,
    partner: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    min_base: float | None = None,
    table: str | None = None,
    measure: str = "value",
    lang: str = "en",
) -> Result:
    """Return the change of trade between a window and its base.

    pct = x1 / x0 - 1; ratio = x1 / x0; dhs = 2 (x1 - x0) / (x1 + x0), the midpoint growth of
    Davis, Haltiwanger and Schuh, from -2 to 2; log = ln x1 - ln x0; for ``kind="cagr"`` pct is
    (x1 / x0)^(1/n) - 1 a year, n years apart.

    Parameters
    ----------
    trade : Trade
    during, against : str or Window, optional
        A month, quarter, year, year to date (``ytd:2025-07``) or twelve months
        (``r12:2025-07``); the base has the same calendar months.
    kind : {"yoy", "mom", "cagr"}
        Against the same months of another year, the months just before, or as a yearly rate.
    min_base : float, optional
        Dollars below which a base is small; default 100 million per 12 months, 10 million for
        single products, pro rata of the window; in yuan at the window's implied rate.
    measure : {"value", "quantity", "balance"}
    province, partner, product, regime, flow, reporter, by, currency, table, lang
        As in ``value``.

    Returns
    -------
    Result
        value, base_value, change [currency], pct with pct_lo and pct_hi (what the rounding of
        the source allows) [fraction], ratio, dhs [-2 to 2], log [log points], rank (the largest
        loss first; not of new, none, negative and missing rows), status, reason, small_base.

    Raises
    ------
    PeriodError if the windows hold different calendar months.

    Notes
    -----
    NULL rule: ``new`` (base 0) has no pct and no ratio, never infinity, and dhs 2; ``exit`` has
    pct -1, ratio 0, dhs -2 and no log; ``none`` and ``negative`` have none of them; where either
    window is not covered the row is ``missing``. Month on month is not defined across the Lunar
    New Year (into January, February and March) on unadjusted figures.

    References
    ----------
    Davis, Haltiwanger and Schuh (1996), Job Creation and Destruction.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.growth(pe.sample(), partner="US", province="Zhejiang", during="2025-01/2025-07")
    >>> round(r.frame["pct"][0], 3)
    -0.053
    """
    if kind not in KINDS:
        raise CallError(f"kind={kind!r} is not known", where="kind=", expected=", ".join(KINDS))
    refuse_measure(measure, flow)
    extra = {k: v for k, v in (("kind", kind), ("measure", measure)) if v not in ("yoy", "value")}
    arguments = Arguments(
        "growth", during, against, reporter, flow, province, partner, product, regime, by,
        currency, 0.0 if measure == "quantity" and min_base is None else min_base, table, lang,
        extra,
    )  # fmt: skip
    flows = ("export", "import") if measure == "balance" else ()
    query = prepare(trade, arguments, default_by=("province",), flows=flows)
    measures = [*measures_for(measure), Measure("n_rows", what="1")]
    params = {
        "years": _years(query, kind), "yearly": kind == "cagr",
        "rounding": float(_rounding(query, measure)),
    }  # fmt: skip
    answer = run(query, measures, STEPS, order="rank NULLS LAST", params=params)
    caveats: list[Caveat] = []
    if kind == "mom":
        answer, caveats = _without_new_year(query, answer)
    units, notes = units_for(query, measure, UNITS)
    form = Form(
        "growth", "growth", "2.1-2.2", growth.__doc__ or "", units, compares=True,
        gap=gap_reason(measure),
    )  # fmt: skip
    together_text = together(query, measures[0], flows=flows, unit=units["value"])
    every = [*caveats, *notes, *together_text]
    return finish(query, answer, form, summed=summed_over(query), caveats=every)


def _years(query: Query, kind: str) -> float:
    """How many years apart the windows are for a yearly rate, 1 for the other kinds."""
    call = query.call
    if kind != "cagr" or call.base is None:
        return 1.0
    years = call.window.first // 100 - call.base.first // 100
    if years < 1:
        raise PeriodError(
            f"a yearly rate from {call.base} to {call.window} spans no year",
            where="against=",
            expected="a base at least one year before the window",
        )
    return float(years)


def _rounding(query: Query, measure: str) -> int:
    if measure == "quantity":
        return 1
    return max(c.grain.rounding for c in query.chosen.values())


def _without_new_year(query: Query, answer: Answer) -> tuple[Answer, list[Caveat]]:
    """Month on month into January, February and March is not defined unadjusted (methods 0.4)."""
    undefined = [
        w.first for w in query.call.slots if w.n_months == 1 and w.first % 100 in (1, 2, 3)
    ]
    hit = pl.col("slot").is_in(undefined)
    frame = answer.frame.with_columns(
        *(pl.when(hit).then(None).otherwise(pl.col(c)).alias(c) for c in _NO_CHANGE),
        status=pl.when(hit).then(pl.lit("missing")).otherwise(pl.col("status")),
        reason=pl.when(hit).then(pl.lit("lunar_new_year")),
    )
    if not undefined:
        return answer, []
    text = phrase("lunar_new_year.mom", query.call.arguments.lang)
    caveat = Caveat("lunar_new_year", text, frame.filter(hit).height)
    return Answer(frame, answer.sql, answer.params), [caveat]
