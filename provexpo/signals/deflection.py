"""Whether other markets took more of a product, at lower unit values, as sales to one fell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.periods import Window, shift
from provexpo.result import Caveat
from provexpo.signals.deflection_growth import TINY, Before, growth_before
from provexpo.signals.deflection_markets import market_sizes
from provexpo.signals.months import Floats
from provexpo.signals.screen import SLACK, base_rate, called_with, given, number_in
from provexpo.signals.tariff_rise import read_event
from provexpo.signals.units import UNIT_MEASURES, units_held
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

MIN_VOLUME = 0.10
MIN_SHARE = 0.005
MIN_VALUE = 10_000_000  # dollars per 12 months: about EUR 200,000 a week
MIN_Z = 2.0
BY = ["partner", "product:HS6"]

MEASURES = (
    Measure("value"),
    Measure("quantity", what="f.quantity", whole=True),
    *UNIT_MEASURES,
)
STEPS = (
    # n numbers are all the same exactly where n times the sum of their squares is the square of
    # their sum: one unit, and the same in both windows.
    Step(
        "counted",
        """
        SELECT *, coalesce(quantity > 0 AND base_quantity > 0 AND value > 0 AND base_value > 0
            AND unit_sum > 0 AND base_unit_sum > 0
            AND n_rows * unit_squares = unit_sum * unit_sum
            AND base_n_rows * base_unit_squares = base_unit_sum * base_unit_sum
            AND unit_sum * base_n_rows = base_unit_sum * n_rows, false) AS one_unit
        FROM sums
        WHERE product // 10000 < 98
        """,
    ),
    Step(
        "lost",
        """
        SELECT product, slot,
          CASE WHEN count(*) = count(value) AND count(*) = count(base_value)
            THEN CAST(sum(base_value) - sum(value) AS BIGINT) END AS fall,
          CASE WHEN count(*) = count(value) AND count(*) = count(base_value)
            THEN 1 ELSE 0 END AS is_known
        FROM counted WHERE list_contains($fell, partner)
        GROUP BY product, slot
        """,
    ),
    Step(
        "markets",
        f"""
        SELECT {{keys}}, value, base_value,
          value / nullif(CASE WHEN base_value > 0 THEN base_value END, 0) - 1 AS growth,
          CASE WHEN one_unit THEN quantity / nullif(base_quantity, 0) - 1 END AS volume_pct,
          CASE WHEN one_unit THEN (value / nullif(quantity, 0))
            / nullif(base_value / nullif(base_quantity, 0), 0) - 1 END AS uv_pct,
          CASE WHEN fall > 0 THEN fall WHEN is_known = 1 OR ($held AND is_known IS NULL) THEN 0
            END AS us_loss,
          {CHANGE_STATUS} AS status, {SMALL_BASE} AS small_base
        FROM counted LEFT JOIN lost USING (product, slot)
        WHERE NOT list_contains($fell, partner)
          AND ($all_markets OR list_contains($markets, partner))
        """,
    ),
)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "pct": "fraction",
    "volume_pct": "fraction",
    "uv_pct": "fraction",
    "g_before": "fraction",
    "excess_z": "index",
    "n_before": "count",
    "excess": "currency",
    "us_loss": "currency",
    "deflected_usd": "currency",
    "market_share": "fraction",
    "hit": "boolean",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def deflection(
    trade: Trade,
    *,
    partner: Words = "US",
    markets: Words = None,
    during: str | Window | None = None,
    against: str | Window | None = None,
    event: str | None = None,
    min_volume: float = MIN_VOLUME,
    min_share: float = MIN_SHARE,
    min_value: float = MIN_VALUE,
    min_z: float = MIN_Z,
    province: Words = None,
    product: Words = None,
    regime: Words = None,
    reporter: str = "CHN",
    min_base: float | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return, by other market and product, whether sales rose there as those to one partner fell.

    excess = V_T - V_B (1 + g), with g the mean growth of the pair before the event;
    excess_z = (V_T / V_B - 1 - g) / sd; us_loss = max(fall of exports of the product to the
    partner, 0); deflected_usd = max(min(excess, us_loss), 0). A hit needs all of: quantity up by
    ``min_volume`` or more, a lower unit value, V_T of ``min_share`` of the market or ``min_value``,
    us_loss > 0, and excess_z >= ``min_z``.

    Parameters
    ----------
    trade : Trade
        A snapshot whose table is broken down by partner and HS6 product, in dollars.
    partner : str or list
        The market that fell.
    markets : str or list, optional
        The other markets that get rows; default all.
    during, against : str or Window, optional
        The window and its base, as in ``growth``.
    event : str, optional
        A day or month; the 36 months before its month give g and sd. Default: the first month of
        ``during``.
    min_volume, min_share, min_z : float
        Cut-offs of the screen; house conventions.
    min_value : float
        Dollars per 12 months, pro rata of the window: about EUR 200,000 a week.
    min_base : float, optional
        Dollars below which the base of a row is flagged small.
    province, product, regime, reporter, table, lang
        As in ``value``.

    Returns
    -------
    Result
        One row a market (partner) and product: value, base_value [USD], pct, volume_pct, uv_pct,
        g_before [fraction], excess_z [standard deviations], n_before [count], excess, us_loss,
        deflected_usd [USD], market_share [0-1] (of all that the market imported of the product,
        where its own imports are in the store), hit, rank (hits first, then deflected_usd).

    Raises
    ------
    CallError for cut-offs out of range, or an event after the window began; CoverageError where
    no table holds partners and HS6 products in dollars.

    Notes
    -----
    g and sd (n - 1) are those of the growth over a year of every window of the same length that
    lies, base included, in the 36 months before the event. NULL rule: volume_pct and uv_pct are
    NULL without a value and a quantity above zero in one unit in both windows; excess and
    deflected_usd where g is not known; excess_z with fewer than 36 covered months, and where sd is
    zero. With fewer than 36 months that condition is left out of ``hit``, with a caveat. A
    condition that fails makes hit false; else one that is not known makes it NULL. Chapters 98 and
    99 have no rows.

    us_loss is that of the product, the same in every row of it: deflected_usd does not add up over
    markets. A hit is a pattern: growth for other reasons gives it too.

    References
    ----------
    Bown and Crowley (2007), Trade deflection and trade depression, Journal of International
    Economics. European Commission, trade diversion monitor.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.deflection(pe.sample(), markets="VNM", product="8517", during="2025-04/2025-06")
    >>> bool((r.frame["us_loss"] >= 0).all())
    True
    """
    for name, x, most in (
        ("min_volume", min_volume, 10.0), ("min_share", min_share, 1.0), ("min_z", min_z, 10.0),
        ("min_value", min_value, 1e12),
    ):  # fmt: skip
        number_in(name, x, 0.0, most, "deflection")
    fell = _codes("partner", partner, reporter)
    if fell is None:
        raise CallError("deflection needs a partner", where="deflection(partner=)")
    wanted = _codes("markets", markets, reporter)
    extra = given(
        ("partner", _plain(partner), "US"), ("markets", _plain(markets), None),
        ("event", event, None), ("min_volume", min_volume, MIN_VOLUME),
        ("min_share", min_share, MIN_SHARE), ("min_value", min_value, MIN_VALUE),
        ("min_z", min_z, MIN_Z),
    )  # fmt: skip
    arguments = Arguments(
        "deflection", during, against, reporter, "export", province, None, product, regime,
        BY, "USD", min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(trade, arguments, default_by=())
    at = _event_month(query, event)
    now, base = query.slots[0]
    answer = run(query, MEASURES, STEPS, order="value DESC NULLS LAST", params={
        "units": units_held(query), "fell": list(fell), "all_markets": wanted is None,
        "markets": list(wanted or ()),
        "held": now.tiles is not None and base.tiles is not None,
    })  # fmt: skip
    history = growth_before(query, answer.frame, at)
    sizes = market_sizes(query, answer.frame)
    limits = _Limits(min_volume, min_share, min_value * query.call.window.n_months / 12, min_z)
    frame = _judged(answer.frame, history, sizes.shares, limits)
    form = Form("deflection", "deflection", "4.6", deflection.__doc__ or "", UNITS, True)
    result = finish(
        query, Answer(frame, answer.sql, answer.params), form, summed=summed_over(query),
        caveats=_caveats(query, frame, history, sizes.markets),
        more={**history.answers, **sizes.answers},
    )  # fmt: skip
    return called_with(result, without=("by", "currency"))


def _plain(words: Words) -> Any:
    return words if words is None or isinstance(words, str) else list(words)


def _codes(name: str, words: Words, reporter: str) -> tuple[str, ...] | None:
    """The codes of a choice of partners; None where everything is chosen."""
    where = f"deflection({name}=)"
    chosen = vocab.resolve("partner", words, reporter=reporter, where=where)
    if chosen.negate:
        raise CallError(f"{name}= names countries or groups, not 'not X'", where=where)
    return chosen.codes


def _event_month(query: Query, event: str | None) -> int:
    first = query.call.window.first
    month = first if event is None else _month_of(event)
    if month > first:
        raise CallError(
            f"event={event!r} lies after the window began",
            where="deflection(event=)",
            expected=f"a day or month up to {first // 100}-{first % 100:02d}",
        )
    return month


def _month_of(event: str) -> int:
    try:
        return read_event(event).month
    except CallError as err:
        raise CallError(
            f"event={event!r} is no day",
            where="deflection(event=)",
            expected="a day, such as 2025-04-10, or its month, 2025-04",
        ) from err


@dataclass(frozen=True)
class _Limits:
    volume: float
    share: float
    value: float
    z: float


def _judged(
    frame: pl.DataFrame, history: Before, shares: list[float | None], limits: _Limits
) -> pl.DataFrame:
    known = frame.rename({"growth": "pct"}).with_columns(
        _column("g_before", history.mean),
        _column("sd", history.sd),
        pl.Series("n_before", history.count, dtype=pl.Int64),
        pl.Series("market_share", shares, dtype=pl.Float64),
    )
    over, sd = pl.col("pct") - pl.col("g_before"), pl.col("sd")
    excess = pl.col("value") - pl.col("base_value") * (1 + pl.col("g_before"))
    counts = pl.col("status").is_in(["ok", "small_base", "exit", "new"])
    spread = pl.when(sd > TINY).then(sd) if history.is_full else pl.lit(None, dtype=pl.Float64)
    figures = known.with_columns(
        pct=pl.when(counts).then(pl.col("pct")),
        excess=pl.when(counts).then(excess),
        excess_z=pl.when(counts).then(over / spread),
    )
    # Either test of size suffices; a share that is not known leaves the amount to decide.
    share_suffices = (pl.col("market_share") >= limits.share - SLACK).fill_null(False)
    tests = [
        pl.col("volume_pct") >= limits.volume - SLACK,
        pl.col("uv_pct") < -SLACK,
        (pl.col("value") >= limits.value) | share_suffices,
        pl.col("us_loss") > 0,
    ]
    if history.is_full:
        tests.append((over >= limits.z * sd - SLACK) & (over > SLACK))
    # One condition that fails makes it false; else one that is not known leaves it NULL.
    hit = pl.all_horizontal(tests)
    deflected = pl.min_horizontal("excess", "us_loss").clip(lower_bound=0)
    both = pl.col("excess").is_not_null() & pl.col("us_loss").is_not_null()
    ranked = pl.col("hit").is_not_null() & pl.col("deflected_usd").is_not_null()
    found = figures.with_columns(
        hit=pl.when(counts).then(hit),
        deflected_usd=pl.when(both).then(deflected).cast(pl.Float64),
    )
    n_hits = found.select((ranked & pl.col("hit")).sum()).item()
    place = {
        is_hit: pl.when(ranked & (pl.col("hit") == is_hit)).then(pl.col("deflected_usd"))
        .rank("min", descending=True)
        for is_hit in (True, False)
    }  # fmt: skip
    return found.with_columns(
        rank=pl.coalesce(place[True], place[False] + n_hits).cast(pl.Int64)
    ).sort("rank", "value", "partner", "product", descending=[False, True, False, False],
           nulls_last=True)  # fmt: skip


def _column(name: str, values: Floats) -> pl.Series:
    return pl.Series(name, [None if np.isnan(x) else float(x) for x in values], dtype=pl.Float64)


def _caveats(
    query: Query, frame: pl.DataFrame, history: Before, markets: list[str]
) -> list[Caveat]:
    lang = query.call.arguments.lang
    found = [
        Caveat("unit_values", phrase("deflection.unit_values", lang)),
        Caveat("reading", phrase("deflection.reading", lang)),
    ]
    first, last = shift(history.event, -1 - 35), shift(history.event, -1)
    span = Window(first, last)
    if history.is_full:
        found.append(Caveat("history", phrase("deflection.history", lang, span=span)))
    else:
        text = phrase("deflection.short", lang, months=history.n_months, span=span)
        found.append(Caveat("history", text))
    if history.n_recoded:
        text = phrase("deflection.recoded", lang)
        found.append(Caveat("families", text, history.n_recoded))
    lacking = frame.filter(pl.col("volume_pct").is_null() & (pl.col("status") == "ok")).height
    if lacking:
        found.append(Caveat("quantity_missing", phrase("deflection.quantities", lang), lacking))
    shown = phrase("list", lang).join(markets) if markets else phrase("deflection.none", lang)
    found.append(Caveat("markets", phrase("deflection.markets", lang, markets=shown)))
    return found + base_rate(frame, lang, flag="hit")
