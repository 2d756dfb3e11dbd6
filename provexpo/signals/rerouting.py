"""Which falls of sales to one market have the pattern of a detour through a third country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.caveats import scope_texts
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer
from provexpo.metrics.sides import with_side
from provexpo.periods import Window
from provexpo.result import Result
from provexpo.signals.rerouting_cells import read_cells
from provexpo.signals.rerouting_comovement import comovement
from provexpo.signals.rerouting_core import score
from provexpo.signals.rerouting_frame import described
from provexpo.signals.rerouting_headline import headline
from provexpo.signals.rerouting_legs import (
    CURRENCY,
    Legs,
    exporters_of,
    hub_codes,
    legs_of,
    need_both,
    newest_quarter,
    one_country,
    with_families,
)
from provexpo.signals.rerouting_result import UNITS, caveats_of, frame_of, preliminary
from provexpo.signals.rerouting_tariffs import Chosen, tariff_rows, wedges
from provexpo.signals.rerouting_windows import (
    MIN_VALUE,
    Asked,
    Pair,
    default_placebos,
    lags_of,
    min_value_of,
    read_placebos,
)
from provexpo.signals.screen import given
from provexpo.store.snapshot import utc_text
from provexpo.vocab import names, phrase
from provexpo.vocab.families import Family

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade

LEVEL = "HS6"


@dataclass(frozen=True)
class ReroutingResult(Result):
    """A Result with the comparison of taxed and other products behind it.

    `headline` has one row: how much more often the two-leg pattern stands in products with a
    tariff wedge than in the others, less the same in placebo years (`excess`, a fraction, with a
    seeded bootstrap interval over HS4 headings), and the counts. `scored` has the cells of all
    pairs of windows as `rerouting_core.score` gives them, placebo pairs included; `level` the HS
    digits of its families, `families` those of more than one code.
    """

    headline: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    scored: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    level: int = 6
    families: tuple[Family, ...] = field(default=(), repr=False)

    def by_lag(self, trade: Trade, lags: Sequence[int] = (0, 1, 2)) -> pl.DataFrame:
        """The same question with the market's records read so many months later: partner, product,
        lag, type, confidence, trs and rv, to see what hangs on the lag."""
        call = {k: v for k, v in self.receipt.call.items() if k != "lag"}
        asked = [(n, rerouting(trade, **call, lag=n).frame) for n in lags]
        shown = ("type", "confidence", "trs", "rv")
        parts = [
            f.select("partner", "product", pl.lit(n, pl.Int64).alias("lag"), *shown)
            for n, f in asked
        ]
        return pl.concat(parts).sort("partner", "product", "lag")


def rerouting(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    against: str | Window | None = None,
    hubs: Words = None,
    product: Words = None,
    level: str = LEVEL,
    min_value: float = MIN_VALUE,
    lag: Any = None,
    placebo: Words = None,
    kind: str | None = None,
    programme: str | None = None,
    agg: str | None = None,
    reporter: str = "CHN",
    table: str | None = None,
    market_table: str | None = None,
    lang: str = "en",
) -> ReroutingResult:
    """Return, for every hub and product, whether two legs of trade look like one detour.

    Joins what the origin sells to a hub (A) with what the market buys from the hub (U), of the
    same HS6 family, and compares both with what was to be expected: A^ = A_base x growth of the
    origin's exports to everyone but market and hubs x hub factor; U^ = U_base x growth of the
    market's imports from everyone but origin and hub x hub factor. The hub factor is the median
    over untaxed products. z = ln((actual + f) / (expected + f)) over the spread of the same figure
    in placebo years.

    Gates: g1 the market's imports from the origin fell by at least min_value (`loss`); g2 both
    legs rose, also beyond what was expected; g3 the origin is taxed at least 5 points more than
    the hub; g4 both legs carry at least min_value. trs = 100 x mean of the components there are:
    s1 balance of the two excesses, s2 and s3 their z over 4, s4 how little of the rise the hub
    shows elsewhere, s6 how near the unit values of what was added are. s5 (monthly comovement) is
    printed, never scored.

    Only `ub` = min(A, U) is an upper bound. `rv` = min(excess, excess, loss) is the value if the
    excess is rerouting. high is an indication, not proof; the tables see no origin, no
    transformation and no owner.

    Parameters
    ----------
    trade : Trade
        A store with the origin's exports and the market's imports, both by partner and product.
    partner : str
        The market; its own import records are read (customs value).
    during, against : str or Window, optional
        Windows of the origin, such as a quarter; default base a year earlier. The market's are
        read `lag` months later.
    hubs : str or list, optional
        Default ``seeds/hubs.csv``: Vietnam, Thailand, Malaysia, Indonesia, Cambodia, India, Mexico.
    product : str or list, optional
        As in ``value``, but no finer than the level.
    level : {"HS6", "HS4", "HS2"}
        Where a table is coarser, its level is used, with a caveat.
    min_value : float
        Dollars per quarter, pro rata to the window.
    lag : int, dict or list, optional
        Months by which the market's records lie behind; default ``seeds/hub_lags.csv``: 1,
        Mexico 2. ``2`` for all hubs, ``{"MEX": 3}`` or ``["MEX=3"]`` for some.
    placebo : str or list, optional
        Windows without an event: ``["2023Q3"]`` with the event's gap, or ``"2017Q3 vs 2016Q3"``.
        Default: the two newest covered pairs of the same months that end before the base window.
    kind, programme, agg : str, optional
        Which of the tariffs held are meant, and how lines finer than HS6 become one rate.
    reporter, table, market_table, lang
        The origin, and the tables to read for either leg.

    Returns
    -------
    ReroutingResult
        A row for each hub and product with trade: type (4.3), confidence, trs [0-100] with its
        range leaving out one component (trs_lo, trs_hi), n_components; rv, rv_hi, rv_strict,
        rv_lo11, rv_lo39 (firm-level over product-level ratios of 11 and 39 %), cap (what all hubs
        together were scaled by), ub, d_ub [USD]; ub_share, gl and base_gl (Grubel-Lloyd overlap)
        [0-1], cover; value and base_value (A), from_hub (U), from_origin (D), loss, expected_ and
        excess_ of both legs [USD]; theta_, sigma_, z_, zmin, placebo_pct; g1 to g4, s1 to s6,
        iuvr, wedge [fraction], concordance, new_route, lag [months], rank.

    Raises
    ------
    CoverageError without a table for either leg, naming the file to load. CallError for a market,
    hub, level or placebo that cannot be read. PeriodError for windows of different months.

    Notes
    -----
    NULL rule: nothing is filled in. Without a reference flow in the base (reason no_reference) or
    with fewer than 80 placebo cells (few_placebos) there is no z and no score; s4 and rv_strict
    need other reporters' exports, s6 quantities in one unit on both legs, g3 tariffs ("unknown"
    otherwise, confidence at most low). A window that is not covered, or a product that files list
    in some months only, gives ``missing``. rv is 0 where a gate fails; rv_hi is NULL there. high
    needs a final good: consumption or capital by ``seeds/end_use.csv``, an approximation of BEC
    Rev.5, for every code of the family; a product of no or several end uses is at most medium, and
    so is one whose newest month is younger than three months (figures may be revised).

    References
    ----------
    Iyoha, Malesky, Wen and Wu (2025), Exports in Disguise? Freund (2025), UC San Diego brief.
    Liu and Shi (2019). Regulation (EU) 2016/1036, Article 13.

    Examples
    --------
    The illustrative sample holds no imports of the United States by product:

    >>> import provexpo as pe
    >>> pe.rerouting(pe.sample(), during="2025Q3")
    Traceback (most recent call last):
    provexpo.errors.CoverageError: rerouting reads the imports of the market by partner and ...
    """
    origin, market = reporter, one_country(partner)
    need_both(trade, origin, market)
    found_hubs = hub_codes(hubs, origin, market)
    lags = lags_of(found_hubs, lag)
    extra = {
        "partner": _plain(partner),
        **given(
            ("hubs", _plain(hubs), None), ("level", level, LEVEL),
            ("min_value", min_value, MIN_VALUE), ("lag", _plain(lag), None),
            ("placebo", _plain(placebo), None), ("kind", kind, None),
            ("programme", programme, None), ("agg", agg, None),
            ("market_table", market_table, None),
        ),
    }  # fmt: skip
    window = newest_quarter(trade, origin, market, max(lags.values())) if during is None else during
    arguments = Arguments(
        "rerouting", window, against, reporter=reporter, product=product, currency=CURRENCY,
        table=table, lang=lang, extra=extra,
    )  # fmt: skip
    legs = legs_of(trade, arguments, market, found_hubs, level, min(lags.values()), market_table)
    event = Pair(legs.query.call.window, legs.query.call.base or legs.query.call.window)
    pairs = (event, *_placebos(legs, event, lags, placebo))
    asked, threshold = Asked(pairs, lags), min_value_of(min_value, event.now)
    legs = with_families(trade, legs, asked)
    legs = replace(legs, exporters=exporters_of(trade, arguments, legs, pairs))
    cells, answer = read_cells(trade, legs, asked)
    rates = tariff_rows(trade, market, [origin, *found_hubs], Chosen(kind, programme, agg))
    scored = score(_described(cells, legs, asked, rates, agg), min_value=threshold)
    passed = scored.filter((pl.col("pair") == 0) & pl.col("gates"))
    s5, more = comovement(trade, legs, asked, passed)
    scored = scored.join(s5, on=["hub", "family"], how="left", maintain_order="left")
    summary = headline(scored, level=legs.level)
    form = Form("rerouting", "rerouting", "4.2-4.3", rerouting.__doc__ or "", UNITS, compares=True)
    result = finish(
        legs.query, Answer(frame_of(scored, legs, asked), answer.sql, answer.params), form,
        summed=("province", "partner", "product", "regime"), more=more,
        caveats=caveats_of(legs, asked, scored, summary.row(0, named=True), lang, level),
    )  # fmt: skip
    return _whole(result, legs, rates, summary, scored)


def _plain(value: Any) -> Any:
    """An option as JSON keeps it."""
    if isinstance(value, Window):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): v for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [" vs ".join(map(str, v)) if isinstance(v, (list, tuple)) else str(v) for v in value]
    return value


def _placebos(legs: Legs, event: Pair, lags: Mapping[str, int], placebo: Words) -> tuple[Pair, ...]:
    if placebo is not None:
        return read_placebos(placebo, event)

    def covered(pair: Pair) -> bool:
        return all(legs.origin.tiles(w) is not None for _, w in pair.windows()) and all(
            legs.market.tiles(w.shifted(lag)) is not None
            for lag in set(lags.values())
            for _, w in pair.windows()
        )

    return default_placebos(event, covered)


def _described(
    cells: pl.DataFrame, legs: Legs, asked: Asked, rates: pl.DataFrame, agg: str | None
) -> pl.DataFrame:
    """The cells with what is known of their products: the wedge of the event's window (of placebo
    pairs as well, so that the same products are compared), how codes changed, end use, and
    whether the figures may still be revised."""
    products = sorted(set(cells["family"].to_list()))
    found = wedges(rates, asked, products, legs.level, legs.origin.reporter, agg)
    now = asked.pairs[0].now
    young = [
        lag for lag in asked.shifts
        if preliminary(legs.origin, now) or preliminary(legs.market, now.shifted(lag))
    ]  # fmt: skip
    cells = cells.join(found, on=["hub", "family"], how="left", maintain_order="left")
    return described(cells, legs).with_columns(preliminary=pl.col("lag").is_in(young))


def _whole(
    result: Result, legs: Legs, rates: pl.DataFrame, summary: pl.DataFrame, scored: pl.DataFrame
) -> ReroutingResult:
    """The Result with both tables in its receipt, the market in its title, and the headline."""
    receipt = result.receipt
    call = {k: v for k, v in receipt.call.items() if k not in ("by", "currency")}
    tables = {**receipt.tables, "import": legs.market.grain.id}
    dates = [s.vintage for leg in (legs.origin, legs.market) for s in leg.coverage.scopes]
    held = scope_texts(legs.market_query, ("partner", "product"))
    held += [f"exports elsewhere: {leg.grain.id}" for leg in legs.exporters]
    receipt = replace(
        receipt, call=call, tables=tables, scope=(*receipt.scope, *held),
        vintages=(utc_text(min(dates)), utc_text(max(dates))) if dates else None,
    )  # fmt: skip
    receipt = with_side(receipt, "tariffs", rates)
    lang, comma = result.lang, phrase("list", result.lang)
    market = names("partner", lang).get(legs.market.reporter, legs.market.reporter)
    head = phrase("title.rerouting", lang)
    title = result.title.replace(head, f"{head}{comma}{market}", 1)
    return ReroutingResult(
        frame=result.frame, units=result.units, receipt=receipt, caveats=result.caveats,
        title=title, lang=lang, definition=result.definition, headline=summary, scored=scored,
        level=legs.level, families=legs.families[0],
    )  # fmt: skip
