"""Which sectors' exports to one partner fell, in which provinces, and how exceptional that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics import decline_parts as parts
from provexpo.metrics.history import Past, month_named, months_of
from provexpo.metrics.levels import has_all_provinces, nation_caveats
from provexpo.metrics.partial import partial_partners
from provexpo.metrics.statistics import benjamini_hochberg, two_sided_p
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

HS6 = 6
MAX_PCT = -0.05
MIN_BREADTH = 0.5
MIN_MONTHS = 3
MIN_PLACEBOS = 24
RANKS = ("contribution_pp", "change", "pct")

STEPS = (
    # From products to the frame's rows; what fell counts with its base.
    Step(
        "compared",
        """
        SELECT {keys},
          CASE WHEN count(*) = count(value) THEN CAST(sum(value) AS BIGINT) END AS value,
          CASE WHEN count(*) = count(base_value)
            THEN CAST(sum(base_value) AS BIGINT) END AS base_value,
          CASE WHEN count(*) = count(value) AND count(*) = count(base_value)
            THEN CAST(sum(CASE WHEN value < base_value THEN base_value ELSE 0 END) AS BIGINT)
            END AS fell
        FROM sums
        GROUP BY {keys}
        """,
    ),
    Step(
        "nation",
        """
        SELECT {others},
          CASE WHEN $all_provinces AND count(*) = count(value)
            THEN CAST(sum(value) AS BIGINT) END AS nation_value,
          CASE WHEN $all_provinces AND count(*) = count(base_value)
            THEN CAST(sum(base_value) AS BIGINT) END AS nation_base
        FROM compared
        GROUP BY {others}
        """,
    ),
    Step(
        "changes",
        f"""
        SELECT *, {CHANGE_STATUS} AS status, {SMALL_BASE} AS small_base
        FROM compared JOIN nation USING ({{others}})
        """,
    ),
    Step(
        "percentages",
        """
        SELECT *, status IN ('ok', 'small_base', 'exit') AS has_pct,
          CASE WHEN status IN ('ok', 'small_base', 'exit')
            THEN value / nullif(base_value, 0) - 1 END AS pct,
          CASE WHEN nation_value >= 0 AND nation_base > 0
            THEN nation_value / nullif(nation_base, 0) - 1 END AS g_national,
          CASE WHEN $has_products AND status NOT IN ('negative', 'missing') AND base_value > 0
            THEN fell / nullif(CAST(base_value AS DOUBLE), 0) END AS breadth
        FROM changes
        WHERE status <> 'none'
        """,
    ),
    Step(
        "declines",
        """
        SELECT {keys}, value, base_value, value - base_value AS change,
          CASE WHEN status = 'missing' THEN NULL
            WHEN status NOT IN ('ok', 'exit') THEN false
            WHEN breadth IS NULL THEN NULL
            ELSE pct <= $max_pct + 1e-9 AND breadth >= $min_breadth - 1e-9 END AS declining,
          pct,
          CASE WHEN has_pct OR status = 'new'
            THEN 2 * (value - base_value) / nullif(CAST(value + base_value AS DOUBLE), 0)
            END AS dhs,
          breadth, g_national, pct - g_national AS rel,
          CASE WHEN pct > -0.05 + 1e-9 THEN NULL WHEN pct >= -0.15 - 1e-9 THEN 'mild'
            WHEN pct >= -0.30 - 1e-9 THEN 'moderate' WHEN pct < -0.30 THEN 'severe'
            END AS severity,
          status, small_base
        FROM percentages
        """,
    ),
)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "change": "currency",
    "declining": "boolean",
    "pct": "fraction",
    "dhs": "index",
    "contribution_pp": "pp",
    "contribution_us_pp": "pp",
    "breadth": "fraction",
    "persistence": "months",
    "g_national": "fraction",
    "rel": "fraction",
    "z_placebo": "index",
    "q_placebo": "index",
    "n_placebo": "count",
    "severity": "text",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def decline(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    against: str | Window | None = None,
    event: str | None = None,
    max_pct: float = MAX_PCT,
    min_breadth: float = MIN_BREADTH,
    rank_by: str = "contribution_pp",
    province: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    min_base: float | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return what fell in exports to a partner, by province and sector, and how broadly.

    declining holds if pct = x1 / x0 - 1 <= -5 %, the base is not small (status ok or exit), the
    window has at least 3 months, and breadth >= 0.5: the HS6 products whose exports fell make up
    at least half of the cell's base. Every cell of either window is a row.

    contribution_pp = 100 (x1 - x0) / X0 with X0 the province's base exports to all partners;
    contribution_us_pp with those to the partner. rel = pct - g_national.
    z_placebo = (pct - median) / (1.4826 MAD) over the pct of all windows of the same length that
    lie before the event; q_placebo is the Benjamini-Hochberg q of its two-sided normal p.

    Parameters
    ----------
    trade : Trade
    partner : str or list
    event : str, optional
        The month before which placebo windows end; default the first month of the window.
    max_pct, min_breadth : float
        The bounds of declining.
    rank_by : {"contribution_pp", "change", "pct"}
        What the rank goes by, the largest loss first; by pct, small bases are not ranked.
    min_base : float, optional
        Dollars below which a base is small; default 10 million per 12 months, pro rata.
    during, against, province, product, regime, flow, reporter, by, currency, table, lang
        As in ``growth``; default a row for each province and sector. Contributions are to all
        products, whatever is selected.

    Returns
    -------
    Result
        value, base_value, change [currency], declining, pct [fraction], dhs [-2 to 2],
        contribution_pp, contribution_us_pp [pp], breadth [0-1], persistence (months in a row,
        up to the window's last, below the same month a year earlier; January and February
        together), g_national, rel [fraction], z_placebo [standard deviations], q_placebo [0-1],
        n_placebo, severity (mild -15 to -5 %, moderate -30 to -15 %, severe below), rank, status.

    Raises
    ------
    CallError for an unknown rank_by, an event that is no month or lies after the window.

    Notes
    -----
    NULL rule: ``new`` has no pct and dhs 2; ``negative`` and ``missing`` have neither. breadth is
    NULL without a base or without HS6 products in the table, and declining then too; chapters 98
    and 99 are a sector like the others here. g_national needs all provinces. z_placebo is NULL with
    fewer than 24 placebo windows, or where they do not vary; persistence where the last month or
    the one a year earlier is not covered; both with a time key in ``by``.

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.decline(pe.sample(), partner="US", during="2025-01/2025-07")
    >>> r.frame["rank"][0], r.frame["contribution_pp"][0] < 0
    (1, True)
    """
    month = _refuse(event, max_pct, min_breadth, rank_by)
    extra = {
        name: value
        for name, value, usual in (
            ("event", event, None), ("max_pct", max_pct, MAX_PCT),
            ("min_breadth", min_breadth, MIN_BREADTH), ("rank_by", rank_by, RANKS[0]),
        )
        if value != usual
    }  # fmt: skip
    arguments = Arguments(
        "decline", during, against, reporter, flow, province, partner, product, regime, by,
        currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province", "sector"), defer_province=True,
        inner=("product:HS6-?",),
    )  # fmt: skip
    if month is not None and month > query.call.window.last:
        raise CallError(
            f"event={event!r} lies after the window, which would be among its own placebos",
            where="decline(event=)",
            expected=f"a month up to {query.call.window.last // 100}-"
            f"{query.call.window.last % 100:02d}",
        )
    params = {
        "all_provinces": has_all_provinces(query),
        "has_products": any(k.column == "product" for k in query.call.inner)
        or any(k.column == "product" and k.level >= HS6 for k in query.call.keys),
        "max_pct": float(max_pct), "min_breadth": float(min_breadth),
    }  # fmt: skip
    answer = run(query, [Measure("value")], STEPS, order="change NULLS LAST", params=params)
    frame, more = parts.with_breadth(query, answer.frame, max_pct, min_breadth)
    frame, totals = parts.with_contributions(query, _long_enough(query, frame))
    past = months_of(query, frame)
    frame = _ranked(query, _placebo(query, frame, past, month), rank_by)
    form = Form("decline", "decline", "3.1", decline.__doc__ or "", UNITS, compares=True)
    return finish(
        query, Answer(frame, answer.sql, answer.params), form, summed=summed_over(query),
        caveats=[*_caveats(query, frame, params, past), *together(query, Measure("value"))],
        more={**more, "the province's exports": totals, **past.answers},
    )  # fmt: skip


def _refuse(event: str | None, max_pct: float, min_breadth: float, rank_by: str) -> int | None:
    if rank_by not in RANKS:
        raise CallError(
            f"rank_by={rank_by!r} is not known",
            where="decline(rank_by=)",
            expected=", ".join(RANKS),
        )
    for name, x, low, high in (
        ("max_pct", max_pct, -1, 0), ("min_breadth", min_breadth, 0, 1),
    ):  # fmt: skip
        if isinstance(x, bool) or not isinstance(x, (int, float)) or not low <= x <= high:
            raise CallError(
                f"{name}={x!r} is not a fraction",
                where=f"decline({name}=)",
                expected=f"{low} to {high}",
            )
    return None if event is None else month_named(event, "decline(event=)")


def _long_enough(query: Query, frame: pl.DataFrame) -> pl.DataFrame:
    """Nothing is called declining over fewer than three months."""
    short = [w.first for w in query.call.slots if w.n_months < MIN_MONTHS]
    hit = pl.col("slot").is_in(short) & (pl.col("status") != "missing")
    return frame.with_columns(declining=pl.when(hit).then(False).otherwise(pl.col("declining")))


def _placebo(query: Query, frame: pl.DataFrame, past: Past, month: int | None) -> pl.DataFrame:
    call = query.call
    event = call.window.first if month is None else month
    z, count = past.placebo(frame["pct"].to_list(), call.window, call.base, event, MIN_PLACEBOS)
    q = benjamini_hochberg([None if v is None else two_sided_p(v) for v in z])
    return frame.with_columns(
        pl.Series("z_placebo", z, dtype=pl.Float64),
        pl.Series("q_placebo", q, dtype=pl.Float64),
        pl.Series("n_placebo", count, dtype=pl.Int64),
        pl.Series("persistence", past.falling(call.window.last), dtype=pl.Int64),
    )


def _ranked(query: Query, frame: pl.DataFrame, rank_by: str) -> pl.DataFrame:
    ranked = pl.col(rank_by).is_not_null() & pl.col("pct").is_not_null()
    if rank_by == "pct":
        ranked &= ~pl.col("small_base").fill_null(False)
    figure = pl.when(ranked).then(pl.col(rank_by))
    keys = [k.column for k in query.call.entity_keys]
    return frame.with_columns(
        rank=figure.rank("min").over("slot").cast(pl.Int64),
        small_base=pl.col("small_base").fill_null(False),
    ).sort("slot", "rank", *keys, nulls_last=True)


def _caveats(query: Query, frame: pl.DataFrame, params: dict[str, Any], past: Past) -> list[Caveat]:
    lang, found = query.call.arguments.lang, []
    if not params["has_products"] and not parts.finer_products(query):
        found.append(Caveat("columns", phrase("decline.no_products", lang)))
    if any(w.n_months < MIN_MONTHS for w in query.call.slots):
        found.append(Caveat("window", phrase("decline.short", lang, n=MIN_MONTHS)))
    found += nation_caveats(query)
    if partial_partners(query):
        found.append(Caveat("scope", phrase("scope.partial_partners", lang)))
    if past.why:
        found.append(Caveat("columns", phrase(f"decline.{past.why}", lang)))
    else:
        few = frame.filter(pl.col("z_placebo").is_null() & pl.col("pct").is_not_null()).height
        if few:
            found.append(Caveat("columns", phrase("decline.placebos", lang, n=MIN_PLACEBOS), few))
    return found
