"""The tables that the two legs are read from, and what of them is covered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.coverage import Codes, Coverage, union
from provexpo.engine.query import Query, prepare
from provexpo.engine.tables import Chosen
from provexpo.engine.trade import Trade
from provexpo.errors import CallError, CoverageError
from provexpo.ingest.rows import Grain
from provexpo.periods import Span, Window, shift
from provexpo.signals.rerouting_windows import Asked, Pair
from provexpo.vocab.families import Family, families, shipped_links
from provexpo.vocab.tables import rows

LEVELS = {"HS6": 6, "HS4": 4, "HS2": 2}
CURRENCY = "USD"


@dataclass(frozen=True)
class Leg:
    """One reporter's table of one flow."""

    reporter: str
    chosen: Chosen

    @property
    def grain(self) -> Grain:
        return self.chosen.grain

    @property
    def coverage(self) -> Coverage:
        return self.chosen.coverage

    def tiles(self, window: Window) -> tuple[Span, ...] | None:
        return self.coverage.slot(window).tiles

    def partners(self) -> Codes:
        """The partners that the files are known to hold; None where nobody limits them."""
        return union(self.coverage.scopes, "partner")


@dataclass(frozen=True)
class Legs:
    """What a rerouting call reads: the origin's exports, the market's imports, other exporters."""

    origin: Leg
    market: Leg
    level: int
    query: Query  # the origin's, by hub and product: it names rows and titles
    market_query: Query
    hubs: tuple[str, ...]
    families: tuple[tuple[Family, ...], ...] = ()  # by pair of windows: that of the event first
    all_families: tuple[Family, ...] = ()  # of the whole span: every family of a pair is within one
    exporters: tuple[Leg, ...] = ()


def one_country(words: Words, signal: str = "rerouting") -> str:
    """The one country whose market it is."""
    where = f"{signal}(partner=)"
    s = vocab.resolve("partner", words, where=where)
    if s.negate or s.codes is None or len(s.codes) != 1:
        raise CallError(
            f"{signal} needs one market", where=where, expected="one country", do="name one"
        )
    return s.codes[0]


def hub_codes(hubs: Words, origin: str, market: str, signal: str = "rerouting") -> tuple[str, ...]:
    """The hubs asked for, or those of `seeds/hubs.csv`."""
    if hubs is None:
        return tuple(r["partner"] for r in rows("hubs") if r["partner"] not in (origin, market))
    where = f"{signal}(hubs=)"
    s = vocab.resolve("partner", hubs, where=where)
    if s.codes is None or s.negate:
        raise CallError(
            "hubs= names the countries that goods may pass through",
            where=where,
            expected="countries or groups, not 'all' and not 'not X'",
        )
    ends = [c for c in s.codes if c in (origin, market)]
    if ends:
        raise CallError(
            f"{', '.join(ends)} is an end of the route, so no hub",
            where=where,
            expected=f"countries other than {origin} and {market}",
        )
    return tuple(dict.fromkeys(s.codes))


def legs_of(
    trade: Trade, arguments: Arguments, market: str, hubs: tuple[str, ...], level: str, lag: int,
    market_table: str | None,
) -> Legs:  # fmt: skip
    """Choose one table for each leg, and the product level that both can give."""
    if level not in LEVELS:
        raise CallError(
            f"level={level!r} is not known", where="rerouting(level=)", expected=", ".join(LEVELS)
        )
    inner = (f"product:{level}-",)
    needs = ("partner", "product")
    first = prepare(
        trade, replace(arguments, by=["partner"]), default_by=(), extra_needs=needs, inner=inner
    )
    now, base = first.call.window, first.call.base or first.call.window
    other = replace(
        arguments, reporter=market, flow="import", by=["partner"], table=market_table,
        during=now.shifted(lag), against=base.shifted(lag),
    )  # fmt: skip
    second = prepare(trade, other, default_by=(), extra_needs=needs, inner=inner)
    asked = LEVELS[level]
    held = min(asked, first.product_level, second.product_level)
    digits = max(d for d in LEVELS.values() if d <= held)
    _refuse_finer_selection(first, digits)
    query = prepare(
        trade, replace(arguments, by=["partner", f"product:HS{digits}"],
                       table=first.chosen["export"].grain.id),
        default_by=(),
    )  # fmt: skip
    return Legs(
        Leg(arguments.reporter, query.chosen["export"]),
        Leg(market, second.chosen["import"]),
        digits, query, second, hubs,
    )  # fmt: skip


def need_both(trade: Trade, origin: str, market: str) -> None:
    """Say which file is missing: a store of one country's records has only one of the two legs."""
    for reporter, flow, what in (
        (origin, "export", "the exports of the origin"),
        (market, "import", "the imports of the market"),
    ):
        grains = trade.grains(flow, reporter=reporter)
        if any(g.partner and g.product_level for g in grains):
            continue
        held = ", ".join(g.id for g in grains)
        raise CoverageError(
            f"rerouting reads {what} by partner and product, and the store has no such table"
            f" of reporter {reporter}",
            where="rerouting()",
            expected=f"{flow}s of {reporter} by country and HS code, by month"
            + (f"; it holds {held}" if held else ""),
            do="load the US Census file of general imports by country and HS6 or HS10"
            " (customs value) into the same store"
            if reporter == "USA"
            else f"load the {flow}s of {reporter} by partner and product into the same store",
        )


def newest_quarter(trade: Trade, origin: str, market: str, lag: int) -> Window:
    """The newest whole quarter of the origin that the market's records, `lag` later, hold too."""
    sold = trade.latest_window(flow="export", reporter=origin).last
    bought = shift(trade.latest_window(flow="import", reporter=market).last, -lag)
    last = min(sold, bought)
    last = shift(last, -(last % 100 % 3))
    return Window(shift(last, -2), last)


def _refuse_finer_selection(query: Query, digits: int) -> None:
    """A China-only line on one leg against a whole subheading on the other would be a wrong sum."""
    codes = query.call.selections["product"].codes or ()
    finer = [c for c in codes if len(c) > digits]
    if finer:
        raise CallError(
            f"the product {finer[0]} is finer than HS{digits}, at which the two legs are joined",
            where="rerouting(product=)",
            expected=f"codes of up to {digits} digits",
            do=f"use {finer[0][:digits]}",
        )


def with_families(trade: Trade, legs: Legs, asked: Asked) -> Legs:
    """The legs with the families of codes that changed within each pair of windows, and within
    all that is read, for either reporter."""
    held = trade.side("hs_changes")
    own = [(r or "", o, n, v) for r, o, n, v in held.select(
        "reporter", "old", "new", "valid_from").iter_rows()]  # fmt: skip
    reporters = ("", legs.origin.reporter, legs.market.reporter)
    links = [("", o, n, v) for r, o, n, v in (*shipped_links(), *own) if r in reporters]
    links = [link for link in links if len(link[1]) == len(link[2]) == legs.level]

    def between(months: Sequence[Window]) -> tuple[Family, ...]:
        first, last = min(w.first for w in months), max(w.last for w in months)
        return families(links, reporter="", first=first, last=last)

    spans = [
        [w for lag in (0, *asked.shifts) for _, w in pair.shifted(lag).windows()]
        for pair in asked.pairs
    ]
    return replace(
        legs,
        families=tuple(between(span) for span in spans),
        all_families=between([w for span in spans for w in span]),
    )


def exporters_of(
    trade: Trade, arguments: Arguments, legs: Legs, pairs: Sequence[Pair]
) -> tuple[Leg, ...]:
    """Other reporters' exports, for what a hub sells elsewhere: those that hold every window in
    single months, all partners and the product level of the call."""
    held = {s.grain.reporter for s in trade.snapshot.scopes if s.flow == "export"}
    found = []
    for reporter in sorted(held - {legs.origin.reporter, legs.market.reporter}):
        asked = replace(arguments, reporter=reporter, by=["partner", f"product:HS{legs.level}"],
                        table=None)  # fmt: skip
        try:
            query = prepare(trade, asked, default_by=())
        except (CoverageError, CallError):
            continue
        leg = Leg(reporter, query.chosen["export"])
        windows = [w for pair in pairs for _, w in pair.windows()]
        tiles = [leg.tiles(w) for w in windows]
        whole = leg.partners() is None and union(leg.coverage.scopes, "product") is None
        if whole and all(t is not None and all(m == 1 for _, m in t) for t in tiles):
            found.append(leg)
    return tuple(found)


def products_held(
    leg: Leg, windows: Iterable[Window], digits: int, family_of: Mapping[str, str]
) -> Codes:
    """The products (or shorter codes over them) of which the files list the same codes in all
    months; None where they hold all products. Codes that changed count as their family."""
    sets: list[dict[str, frozenset[str]] | None] = []
    for window in windows:
        for codes in leg.coverage.codes("product", leg.tiles(window) or ()):
            sets.append(None if codes is None else _by_prefix(codes, digits, family_of))
    listed = [s for s in sets if s is not None]
    if not listed:
        return None
    # Where some months hold all products and others a list, only whole codes are comparable.
    every = {p for s in listed for p in s}
    mixed = len(listed) < len(sets)
    return frozenset(
        p for p in every
        if len({s.get(p) for s in listed}) == 1 and not (mixed and listed[0][p] != {p})
    )  # fmt: skip


def _by_prefix(
    codes: frozenset[str], digits: int, family_of: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for code in codes:
        own = family_of.get(code[:digits], code[:digits])
        found.setdefault(own, set()).add(code if len(code) > digits else own)
    return {p: frozenset(c) for p, c in found.items()}
