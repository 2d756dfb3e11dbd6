"""Products whose trade moved between places while the nation's stood nearly still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.who import named
from provexpo.result import Caveat
from provexpo.signals.screen import SLACK, base_rate, given, number_in, one_flow
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

MIN_TURNOVER = 0.20
MAX_GROWTH = 0.05
# Products of whole numbers: they add up exactly, in whatever order they are summed.
_EXACT = "DECIMAL(19, 0)"
_WHOLE = "CASE WHEN count(*) = count({0}) THEN CAST(sum({0}) AS BIGINT) END"
STEPS = (
    Step(
        "nation",
        f"""
        SELECT {{keys}}, {_WHOLE.format("value")} AS value,
          {_WHOLE.format("base_value")} AS base_value,
          coalesce(min(value) < 0 OR min(base_value) < 0, false) AS has_negative,
          count(CASE WHEN value <> 0 OR base_value <> 0 THEN 1 END) AS n
        FROM sums
        GROUP BY {{keys}}
        """,
    ),
    # s_T - s_B of a place, over the common divisor V_T V_B.
    Step(
        "moves",
        f"""
        SELECT {{cells}},
          CAST(s.value AS {_EXACT}) * CAST(n.base_value AS {_EXACT})
            - CAST(s.base_value AS {_EXACT}) * CAST(n.value AS {_EXACT}) AS moved
        FROM sums AS s JOIN nation AS n USING ({{keys}})
        WHERE n.value > 0 AND n.base_value > 0 AND NOT n.has_negative
        """,
    ),
    Step(
        "moved",
        """
        SELECT {keys}, sum(abs(moved)) AS moved, max(moved) AS most, min(moved) AS least
        FROM moves
        GROUP BY {keys}
        """,
    ),
    Step(
        "ends",
        """
        SELECT {keys}, min(CASE WHEN moves.moved = moved.most THEN province END) AS gainer,
          min(CASE WHEN moves.moved = moved.least THEN province END) AS loser
        FROM moves JOIN moved USING ({keys})
        WHERE moved.moved > 0
        GROUP BY {keys}
        """,
    ),
    Step(
        "shifts",
        f"""
        SELECT *, {CHANGE_STATUS} AS state, {SMALL_BASE} AS small_base,
          CAST(moved AS DOUBLE) / nullif(2.0 * value * base_value, 0) AS turnover,
          CASE WHEN value >= 0 AND base_value > 0
            THEN value / nullif(CAST(base_value AS DOUBLE), 0) - 1 END AS g_nat
        FROM nation LEFT JOIN moved USING ({{keys}}) LEFT JOIN ends USING ({{keys}})
        """,
    ),
    Step(
        "judged",
        """
        SELECT {keys}, value, base_value, turnover,
          CASE WHEN state NOT IN ('missing', 'negative') AND NOT has_negative THEN g_nat END
            AS g_nat,
          n, gainer, loser, small_base,
          CASE WHEN turnover IS NOT NULL AND NOT small_base
            THEN turnover >= $min_turnover AND abs(g_nat) < $max_growth END AS screen_flag,
          CASE WHEN state <> 'missing' AND has_negative THEN 'negative' ELSE state END AS status
        FROM shifts
        WHERE state <> 'none'
        """,
    ),
)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "turnover": "fraction",
    "g_nat": "fraction",
    "n": "count",
    "gainer": "code",
    "gainer_name": "text",
    "loser": "code",
    "loser_name": "text",
    "screen_flag": "boolean",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def registration_shift(
    trade: Trade,
    *,
    during: str | Window | None = None,
    against: str | Window | None = None,
    min_turnover: float = MIN_TURNOVER,
    max_growth: float = MAX_GROWTH,
    partner: Words = None,
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
    """Return products whose trade changed places while the nation's stood nearly still.

    turnover_k = 1/2 sum_i |s_ik,T - s_ik,B|, with s_ik the part of place i in the nation's trade
    of product k; g_nat_k is the nation's growth. screen_flag holds if turnover >= 0.20 and
    |g_nat| < 5 %: what one place gained others lost, more likely a change of who trades than of
    what is made.

    Parameters
    ----------
    trade : Trade
    min_turnover, max_growth : float
        The bounds of the flag.
    by : str or list, optional
        Default ``product:HS6``; any keys but places.
    during, against, partner, product, regime, flow, reporter, currency, min_base, table, lang
        As in ``growth``; ``flow`` is export or import.

    Returns
    -------
    Result
        value, base_value (the nation's) [currency], turnover [0-1], g_nat [fraction], n (places
        that traded in either window), gainer and loser (the places whose part rose and fell most),
        screen_flag, status, reason.

    Raises
    ------
    CallError for keys of places.

    Notes
    -----
    NULL rule: turnover, gainer and loser are NULL where the nation traded nothing in either
    window (new, exit), for negative amounts, and where a window is not covered; screen_flag on a
    small base too. Bounds have a slack of 1e-9.

    References
    ----------
    The definitions are those of the methods, section 5.5.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.registration_shift(pe.sample(), by="product:HS2", during="2025-01/2025-07")
    >>> 0 <= r.frame["turnover"][0] <= 1
    True
    """
    one_flow(flow, "registration_shift")
    number_in("min_turnover", min_turnover, 0, 1, "registration_shift")
    number_in("max_growth", max_growth, 0, 10, "registration_shift")
    extra = given(
        ("min_turnover", min_turnover, MIN_TURNOVER), ("max_growth", max_growth, MAX_GROWTH)
    )
    arguments = Arguments(
        "registration_shift", during, against, reporter, flow, None, partner, product, regime, by,
        currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(trade, arguments, default_by=("product:HS6",), inner=("province",))
    _refuse_keys(query)
    params = {"min_turnover": min_turnover - SLACK, "max_growth": max_growth - SLACK}
    order = "screen_flag DESC NULLS LAST, turnover DESC NULLS LAST"
    answer = run(query, [Measure("value")], STEPS, order=order, params=params)
    frame = answer.frame
    inner = next(k for k in query.call.inner if k.column == "province")
    frame = named(frame, query.call, ("gainer", "loser"), inner)
    doc = registration_shift.__doc__ or ""
    form = Form("registration_shift", "registration_shift", "5.5", doc, UNITS, compares=True)
    return finish(
        query, Answer(frame, answer.sql, answer.params), form,
        summed=summed_over(query, "province"), caveats=_caveats(query, frame),
    )  # fmt: skip


def _refuse_keys(query: Query) -> None:
    wrong = [k.text for k in query.call.keys if k.dimension == "province"]
    if wrong:
        raise CallError(
            f"registration_shift sums over places, so it has no rows by {', '.join(wrong)}",
            where="by=",
            expected="product:HS2|HS4|HS6, sector, partner, regime or a time key",
        )


def _caveats(query: Query, frame: pl.DataFrame) -> list[Caveat]:
    lang = query.call.arguments.lang
    text = phrase("registration_shift.causes", lang)
    return [Caveat("causes", text), *base_rate(frame, lang)]
