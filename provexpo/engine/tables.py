"""Which table a figure comes from: exactly one, chosen by stated rules or named by `table=`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from provexpo.engine.call import Call
from provexpo.engine.coverage import Coverage, Wanted, listed_in, union
from provexpo.engine.trade import Trade
from provexpo.errors import CallError, CoverageError
from provexpo.ingest.rows import DIMENSIONS, Grain


@dataclass(frozen=True)
class Chosen:
    """The table of one flow, and what of it is covered for the call's selection."""

    flow: str
    grain: Grain
    coverage: Coverage


def wanted_codes(call: Call, deferred: tuple[str, ...]) -> Mapping[str, Wanted]:
    """The codes that coverage must hold; dimensions filtered later are wanted whole."""
    found = {}
    for name in DIMENSIONS:
        s = call.selections[name]
        if name in deferred or s.codes is None:
            found[name] = Wanted()
        elif s.negate:
            found[name] = Wanted(without=s.codes)
        else:
            found[name] = Wanted(valid_codes(call, name), frozenset(s.exact), validity=s.validity)
    return found


def valid_codes(call: Call, dimension: str) -> tuple[str, ...]:
    """The selection's codes, without those that were not valid in either window."""
    s = call.selections[dimension]
    last = call.window.last
    first = min(call.window.first, call.base.first if call.base else call.window.first)

    def lives(code: str) -> bool:
        start, end = s.validity.get(code, (None, None))
        return (start is None or start <= last) and (end is None or end >= first)

    codes = s.codes or ()
    return tuple(c for c in codes if dimension != "product" or lives(c))


def choose(
    trade: Trade,
    call: Call,
    *,
    fills: tuple[str, ...] = (),
    deferred: tuple[str, ...] = (),
    extra_needs: tuple[str, ...] = (),
    wish: int = 0,
) -> tuple[str, dict[str, Chosen]]:
    """The currency and, for each flow, the one table to read.

    Among the tables that hold the flow, the currency and the dimensions asked for: one not known
    to lack partners, then a fuller product list first; then covering both windows, else the current
    one, else most of its months; then able to fill the metric's columns, as fine in products as it
    wishes, fewest dimensions, coarsest products, general imports, newest vintage.
    """
    candidates = {flow: _able(trade, call, flow, extra_needs) for flow in call.flows}
    wanted = wanted_codes(call, deferred)

    @cache
    def cover(grain: str, flow: str, currency: str) -> Coverage:
        return Coverage(trade.scopes(grain, flow, currency), wanted)

    currency = _currency(trade, call, candidates, cover)
    chosen = {}
    for flow, grains in candidates.items():
        holding = [g for g in grains if currency in trade.currencies(g.id, flow)]
        if not holding:
            raise CoverageError(
                f"no table holds {flow}s in {currency} broken down as asked",
                expected=_held_text(trade, call, flow),
                do="ask for another currency, or load the files that hold it",
            )
        ranked = [
            (_rank(call, grain, held, fills, wish), Chosen(flow, grain, held))
            for grain in holding
            for held in [cover(grain.id, flow, currency)]
        ]
        chosen[flow] = max(ranked, key=lambda pair: pair[0])[1]
    return currency, chosen


def _able(trade: Trade, call: Call, flow: str, extra_needs: tuple[str, ...]) -> list[Grain]:
    """The tables that have every dimension the call needs; an error says which it lacks."""
    a = call.arguments
    grains = trade.grains(flow, reporter=a.reporter, checks=a.table is not None)
    if not grains:
        trade.refuse_empty(flow, a.reporter, both=len(call.flows) > 1)
    if a.table is not None:
        named = [g for g in grains if g.id == a.table]
        if not named:
            raise CallError(
                f"the store has no table {a.table!r} for {flow}s",
                where="table=",
                expected=", ".join(g.id for g in grains),
            )
        grains = named
    needs = [d for d in DIMENSIONS if call.needs(d) or d in extra_needs]
    able = [
        g for g in grains if all(g.has(d) for d in needs) and g.product_level >= call.product_level
    ]
    if not able:
        level = f" at HS{call.product_level}" if call.product_level else ""
        raise CoverageError(
            f"no table of {flow}s is broken down by {', '.join(needs)}{level}",
            where=f"{a.metric}()",
            expected=_held_text(trade, call, flow),
            do="ask with other by= or selections (by=[] or --by nation gives the national row),"
            " or load files that hold them",
        )
    return able


def _held_text(trade: Trade, call: Call, flow: str) -> str:
    held = [
        f"{g.id} ({', '.join(trade.currencies(g.id, flow))})"
        for g in trade.grains(flow, reporter=call.arguments.reporter)
    ]
    return "it holds: " + ", ".join(held)


def _currency(
    trade: Trade,
    call: Call,
    candidates: dict[str, list[Grain]],
    cover: Callable[[str, str, str], Coverage],
) -> str:
    """The currency asked for; else dollars, unless the tables in dollars list fewer products."""
    per_flow = [
        {c for g in grains for c in trade.currencies(g.id, flow)}
        for flow, grains in candidates.items()
    ]
    held = sorted(set.intersection(*per_flow))
    asked = call.arguments.currency
    if not held:
        raise CoverageError(
            "exports and imports are held in different currencies",
            where="currency=" if asked else None,
            do="load both flows in one currency",
        )
    if asked is not None and asked not in held:
        raise CoverageError(
            f"the tables asked for hold no {asked}",
            where="currency=",
            expected=f"{' or '.join(held)}, the currency held",
            do=f"pass currency={held[0]!r} (--currency {held[0]}),"
            f" or load the {asked} files of the same query",
        )
    if asked is not None:
        return asked

    def fullness(currency: str) -> float:
        return min(
            max(
                _product_fullness(cover(g.id, flow, currency))
                for g in grains
                if currency in trade.currencies(g.id, flow)
            )
            for flow, grains in candidates.items()
        )

    if len(held) > 1:
        full = {c: fullness(c) for c in held}
        held = [c for c in held if full[c] == max(full.values())]
    return "USD" if "USD" in held else held[0]


def _rank(
    call: Call, grain: Grain, cover: Coverage, fills: tuple[str, ...], wish: int
) -> tuple[Any, ...]:
    current = [cover.slot(s).tiles is not None for s in call.slots]
    base = [cover.slot(s).tiles is not None for s in call.base_slots]
    months = sum((m, 1) in cover.spans for m in call.window.months)
    newest = max((s.vintage for s in cover.scopes), default=0)
    return (
        _holds_partners(cover),
        _product_fullness(cover),
        all(current) and all(base),
        all(current),
        months,
        sum(grain.has(d) for d in fills),
        min(grain.product_level, wish),
        -len(grain.dimension_names),
        -grain.product_level,
        grain.import_system == "general",  # as imports are published; others by table=
        newest,
        grain.source,
        grain.id,
    )


def _holds_partners(cover: Coverage) -> bool:
    """False where files are known to hold only some of the partners asked for."""
    codes, wanted = union(cover.scopes, "partner"), cover.wanted["partner"].codes
    return codes is None or (wanted is not None and codes >= set(wanted))


def _product_fullness(cover: Coverage) -> float:
    """Infinity for all products (or all of those asked for), else how many are listed."""
    codes = union(cover.scopes, "product")
    if codes is None:
        return float("inf")
    wanted = cover.wanted["product"].codes
    if wanted is not None and cover.spans and all(listed_in(codes, "product", w) for w in wanted):
        return float("inf")
    return len(codes)
