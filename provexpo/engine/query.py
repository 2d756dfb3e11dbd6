"""One call: choose the table, see what is covered, run the steps, finish the Result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from provexpo.engine import cells as cells_sql
from provexpo.engine import families
from provexpo.engine.by import lookups
from provexpo.engine.call import Arguments, Call, read_call
from provexpo.engine.cells import Measure, prefix_test
from provexpo.engine.coverage import Codes, SlotCover, common
from provexpo.engine.inner import Inner, fitted, needed, parse_inner, wished_level, with_named_rows
from provexpo.engine.rates import cny_per_usd, store_rates
from provexpo.engine.steps import Step, named_in, pack_slot, pack_tile, statement
from provexpo.engine.tables import Chosen, choose
from provexpo.engine.trade import Trade
from provexpo.errors import CoverageError
from provexpo.ingest.rows import DIMENSIONS
from provexpo.periods import Span, Window
from provexpo.vocab.families import Family

# Products listed in only some of the months may carry this much of the value before a figure
# over "all products listed" is called missing.
MAX_STRAY = 0.001
# Default thresholds below which a base is small, in dollars per 12 months (methods 0.5).
MIN_BASE_TOTAL = 100_000_000
MIN_BASE_PRODUCT = 10_000_000


@dataclass
class Query:
    """Everything decided before the statement runs."""

    trade: Trade
    call: Call
    currency: str
    chosen: dict[str, Chosen]
    deferred: tuple[str, ...]
    slots: list[tuple[SlotCover, SlotCover]] = field(default_factory=list)
    # Where files list different codes: those held throughout the window (False), and throughout
    # window and base (True), by dimension; other rows are missing.
    steady: dict[tuple[str, bool], frozenset[str]] = field(default_factory=dict)
    stray: dict[str, float] = field(default_factory=dict)
    families: tuple[Family, ...] = ()  # of revisions between the first month read and the last

    @property
    def product_level(self) -> int:
        return min(c.grain.product_level for c in self.chosen.values())

    def min_base(self, n_months: int) -> float:
        """The base below which a change is flagged: the default pro rata, in the currency."""
        given = self.call.arguments.min_base
        if given is None:
            by_product = self.call.selections["product"].codes is not None or any(
                k.dimension == "product" for k in self.call.keys
            )  # cells that a metric sums over itself make no row smaller
            yearly = MIN_BASE_PRODUCT if by_product else MIN_BASE_TOTAL
            given = yearly * n_months / 12
        return self.in_currency(given)

    def in_currency(self, dollars: float, window: Window | None = None) -> float:
        """Dollars in the currency of the call: in yuan at the mean rate of the window (default:
        the base window), by the store's own rates where it holds some."""
        if self.currency != "CNY":
            return float(dollars)
        at = window or self.call.base or self.call.window
        return float(dollars) * cny_per_usd(at, store_rates(self.trade.side("fx")))

    def condition(self, dimension: str) -> tuple[str, dict[str, Any]]:
        """SQL over `f` for a selection that a measure needs instead of the WHERE."""
        return cells_sql.selection_test(self.call, dimension, self.product_level)


def prepare(
    trade: Trade,
    arguments: Arguments,
    *,
    default_by: Sequence[str],
    flows: Sequence[str] = (),
    fills: tuple[str, ...] = (),
    conditions: tuple[str, ...] = (),
    defer_province: bool = False,
    extra_needs: tuple[str, ...] = (),
    inner: Sequence[str] = (),
) -> Query:
    """Read the arguments and decide on table, currency and coverage.

    `fills` are dimensions that the metric's columns can use; `conditions` are selections that the
    metric applies itself; `defer_province` keeps all provinces until national figures are made;
    `inner` are keys finer than the frame's rows (`engine/inner.py`).
    """
    call = read_call(trade, arguments, default_by=default_by, flows=flows)
    finer = parse_inner(inner)
    try:
        return _decide(trade, call, fills, conditions, defer_province, extra_needs, finer)
    except CoverageError:
        if not call.default_by or not call.entity_keys or trade.flows() == []:
            raise
        # Nobody asked for the metric's own default key: a store without it gets the national row.
        plain = read_call(trade, arguments, default_by=(), flows=flows)
        return _decide(trade, plain, fills, conditions, defer_province, extra_needs, finer)


def _decide(
    trade: Trade,
    call: Call,
    fills: tuple[str, ...],
    conditions: tuple[str, ...],
    defer_province: bool,
    extra_needs: tuple[str, ...],
    inner: tuple[Inner, ...],
) -> Query:
    deferred = list(conditions)
    if defer_province and any(k.column == "province" for k in call.keys):
        deferred.append("province")
    found = families.crossed(trade, call)
    call = families.widened(replace(call, inner=needed(inner, call.keys)), found)
    fills = (*fills, *(i.key.dimension for i in inner if i.optional))
    currency, chosen = choose(
        trade, call, fills=fills, deferred=tuple(deferred), extra_needs=extra_needs,
        wish=wished_level(inner),
    )  # fmt: skip
    call = replace(
        call,
        keys=families.with_families(call.keys, found),
        inner=families.with_families(fitted(inner, call, chosen), found),
        family_of={c: f.code for c, f in families.by_member(found).items()},
    )
    query = Query(trade, call, currency, chosen, tuple(deferred), families=found)
    query.slots = [
        (_slot(chosen, t), _slot(chosen, b)) for t, b in zip(call.slots, call.base_slots)
    ]
    _weigh_lists(query)
    return query


def _slot(chosen: Mapping[str, Chosen], window: Window) -> SlotCover:
    """A slot of several flows is covered when each flow covers it."""
    covers = [c.coverage.slot(window) for c in chosen.values()]
    return next((c for c in covers if c.tiles is None), covers[0])


def tiles_of(query: Query, choice: Chosen, *, base: bool) -> list[Span]:
    """The spans of one flow that are read, for the window or for its base."""
    return [
        span
        for pair in query.slots
        if pair[int(base)].tiles is not None
        for span in (choice.coverage.slot(pair[int(base)].window).tiles or ())
    ]


def _weigh_lists(query: Query) -> None:
    """Where files list different codes in different months, or exports others than imports, name
    the rows that miss, or weigh what the lists leave open and call the figure missing when it is
    more than a trace."""
    now = {flow: tiles_of(query, c, base=False) for flow, c in query.chosen.items()}
    before = {flow: tiles_of(query, c, base=True) for flow, c in query.chosen.items()}
    both = {flow: now[flow] + before[flow] if before[flow] else [] for flow in now}
    for dimension in DIMENSIONS:
        for tiles, base in ((now, False), (both, True)):
            sets = [
                codes
                for flow, choice in query.chosen.items()
                for codes in choice.coverage.codes(dimension, tiles[flow])
            ]
            if dimension == "product" and query.families:
                sets = [_as_families(codes, query) for codes in sets]
            if len(set(sets)) < 2:
                continue
            steady = common(sets, dimension) or frozenset()
            if dimension == "product":
                steady = families.member_codes(sorted(steady), query.families)
            if _is_key(query, dimension):
                query.steady[dimension, base] = steady
                continue
            for flow, choice in query.chosen.items():
                periods = sorted({period for period, _ in tiles[flow]})
                _weigh(query, choice, dimension, steady, periods, base)


def _as_families(codes: Codes, query: Query) -> Codes:
    if codes is None:
        return None
    return frozenset(families.family_codes(sorted(codes), query.families))


def _is_key(query: Query, dimension: str) -> bool:
    """True where each row of the frame is one code of the dimension, as the files list them."""
    key = next((k for k in query.call.keys if k.dimension == dimension), None)
    if key is None or key.lookup not in ("", families.LOOKUP):
        return False
    return dimension != "product" or key.level == query.product_level


def _weigh(
    query: Query,
    choice: Chosen,
    dimension: str,
    steady: frozenset[str],
    periods: list[int],
    base: bool,
) -> None:
    if dimension == "product":
        inside, params = prefix_test(sorted(steady), choice.grain.product_level, "steady")
    else:
        inside, params = f"list_contains($steady, f.{dimension})", {"steady": sorted(steady)}
    where, values = cells_sql.table_test(
        query.call,
        {choice.flow: choice},
        query.currency,
        [d for d in query.deferred if d != dimension],
    )
    sql = (
        "SELECT CAST(coalesce(sum(f.value), 0) AS BIGINT) AS total,"
        f" CAST(coalesce(sum(CASE WHEN {inside} THEN 0 ELSE f.value END), 0) AS BIGINT) AS stray"
        f" FROM flows AS f WHERE {where}"
        " AND f.period IN (SELECT unnest(CAST($periods AS BIGINT[])))"
    )
    query.trade.use_files({(choice.flow, query.currency)})
    bound = {**params, **values, "periods": periods}
    row = query.trade.engine.run(sql, bound).row(0, named=True)
    if not row["stray"]:
        return
    share = row["stray"] / row["total"] if row["total"] else 1.0
    query.stray[dimension] = max(share, query.stray.get(dimension, 0.0))
    if share > MAX_STRAY:
        part = int(base)
        for i, pair in enumerate(query.slots):
            cover = pair[part]
            if cover.tiles is not None:
                out = SlotCover(cover.window, None, "scope", ())
                query.slots[i] = (pair[0], out) if base else (out, pair[1])


def window_bounds(query: Query) -> dict[str, int]:
    """The first and last month that a call reads, its base included."""
    windows = [c.window for pair in query.slots for c in pair]
    return {"first": min(w.first for w in windows), "last": max(w.last for w in windows)}


def _packed(query: Query) -> dict[str, list[int]]:
    tiles: list[int] = []
    slots: list[int] = []
    for now, base in query.slots:
        slot = now.window.first
        slots.append(pack_slot(slot, now.tiles is not None, base.tiles is not None))
        for cover, is_base in ((now, False), (base, True)):
            if cover.tiles is None:
                continue
            for choice in query.chosen.values():
                for period, months in choice.coverage.slot(cover.window).tiles or ():
                    tiles.append(pack_tile(choice.flow, slot, is_base, period, months))
    return {"tiles": tiles, "slots": slots}


def _is_plain(query: Query) -> bool:
    """True for one window, of which single months alone are read."""
    spans = (
        span
        for choice in query.chosen.values()
        for base in (False, True)
        for span in tiles_of(query, choice, base=base)
    )
    return query.call.time_key is None and all(months == 1 for _, months in spans)


def _ranges(query: Query) -> dict[str, int]:
    now, base = query.slots[0]
    return {
        "slot": now.window.first,
        "now_first": now.window.first, "now_last": now.window.last,
        "base_first": base.window.first, "base_last": base.window.last,
    }  # fmt: skip


def _thresholds(query: Query) -> tuple[str, dict[str, float]]:
    """SQL for the threshold of a row. A first or last quarter or year that the window cuts is
    shorter than the others, and so is what counts as small in it."""
    usual = max(w.n_months for w in query.call.slots)
    params = {"min_base": query.min_base(usual)}
    cut = ""
    for w in query.call.slots:
        if w.n_months < usual:
            params[f"min_base_{w.first}"] = query.min_base(w.n_months)
            cut += f"WHEN {w.first} THEN CAST($min_base_{w.first} AS DOUBLE) "
    plain = "CAST($min_base AS DOUBLE)"
    return (f"(CASE slot {cut}ELSE {plain} END)" if cut else plain), params


@dataclass(frozen=True)
class Answer:
    """What the statement gave, before names and caveats."""

    frame: pl.DataFrame
    sql: str
    params: dict[str, Any]


def run(
    query: Query,
    measures: Sequence[Measure],
    steps: Sequence[Step],
    *,
    order: str,
    params: Mapping[str, Any] | None = None,
    level: bool = False,
) -> Answer:
    """Put the common steps and the metric's own together, and run them.

    `level`: the figures of a metric with inner keys are of the window alone, not a change.

    In the metric's SQL `{cells}` stands for the keys of `sums`, `{keys}` for those of the frame,
    `{others}` for the keys that a national figure keeps (all but province and region), each with
    "slot"; `{min_base}` for the threshold.
    """
    call = query.call
    uncovered = any(now.tiles is None for now, _ in query.slots)
    common_steps = cells_sql.build(
        call,
        query.chosen,
        query.currency,
        measures,
        deferred=query.deferred,
        plain=_is_plain(query),
        spine_from_all=uncovered,
        steady=query.steady,
    )
    min_base, thresholds = _thresholds(query)
    keys = [k.column for k in call.entity_keys]
    cells = [k.column for k in call.cell_keys]
    others = [k for k in keys if k not in ("province", "region")]
    identifiers = {
        "keys": ", ".join([*keys, "slot"]),
        "cells": ", ".join([*cells, "slot"]),
        "others": ", ".join([*others, "slot"]),
        "min_base": min_base,
    }
    own = [s.filled(identifiers) for s in steps]
    last = f"SELECT * FROM {own[-1].name}"
    bound = {
        **common_steps.params, **_packed(query), **window_bounds(query), **_ranges(query),
        **thresholds, **(params or {}),
    }  # fmt: skip
    if "province" in query.deferred and call.selections["province"].codes is not None:
        s = call.selections["province"]
        test = "list_contains($province, province)"
        last += f"\nWHERE {'NOT ' if s.negate else ''}{test}"
        bound["province"] = list(s.codes or ())
    final = Step("", f"{last}\nORDER BY {', '.join(['slot', order, *keys])}")
    sql = statement([*common_steps.steps, *own, final])
    for name, table in lookups((*call.keys, *call.inner)).items():
        query.trade.engine.lookup(name, table)
    members = families.table_for((*call.keys, *call.inner), query.families)
    if members is not None:
        query.trade.engine.lookup(families.LOOKUP, members)
    query.trade.use_files({(flow, query.currency) for flow in query.chosen})
    used = named_in(sql, bound)
    frame = with_named_rows(call, query.slots, query.trade.engine.run(sql, used), level)
    return Answer(frame, sql, used)
