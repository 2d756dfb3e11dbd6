"""Monthly amounts of many series at once, wherever they are covered.

A combined January-February stands in February, with January known as zero; `joined` marks these
Februaries, before which no window may start or end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from provexpo.engine import families
from provexpo.engine.cells import Measure
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.errors import CallError
from provexpo.periods import Window, month_index, shift, span_months

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Measures = Callable[[Query], tuple[Sequence[Measure], Mapping[str, Any]]]

MAX_CELLS = 20_000_000


def plain_value(_: Query) -> tuple[Sequence[Measure], Mapping[str, Any]]:
    return [Measure("value", compared=False)], {}


@dataclass(frozen=True)
class Months:
    """Amounts by measure, row and month; `known` says where a month of a row is covered."""

    first: int  # month index of the first column
    rows: dict[tuple[object, ...], int]
    amounts: Mapping[str, Ints]
    known: Bools
    joined: Bools
    covered: Bools  # by month, whatever the row
    query: Query
    answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def n_months(self) -> int:
        return int(self.joined.shape[0])

    def of(self, keys: Sequence[tuple[object, ...]]) -> Months:
        """The same for these rows, in this order; a row never traded is zero where covered."""
        places = [self.rows.get(k, -1) for k in keys]
        at = np.array(places, dtype=np.int64)
        absent = at < 0
        empty = not self.rows
        amounts = {
            name: np.zeros((len(keys), self.n_months), np.int64)
            if empty
            else np.where(absent[:, None], 0, table[at])
            for name, table in self.amounts.items()
        }
        known = np.broadcast_to(self.covered, (len(keys), self.n_months))
        if not empty:
            known = np.where(absent[:, None], self.covered[None, :], self.known[at])
        rows = {k: i for i, k in enumerate(keys)}
        return replace(self, rows=rows, amounts=amounts, known=np.array(known, dtype=bool))

    def over(self, name: str, first: int, n: int) -> tuple[Ints, Bools]:
        """The sums of `n` months from a month index, and for which rows they are known."""
        table, i = self.amounts[name], first - self.first
        height = table.shape[0]
        if i < 0 or n < 1 or i + n > self.n_months:
            return np.zeros(height, np.int64), np.zeros(height, bool)
        split = bool(self.joined[i]) or (i + n < self.n_months and bool(self.joined[i + n]))
        known = self.known[:, i : i + n].all(axis=1) & (not split)
        return table[:, i : i + n].sum(axis=1), np.asarray(known, dtype=bool)

    def window(self, name: str, window: Window) -> tuple[Ints, Bools]:
        return self.over(name, month_index(window.first), window.n_months)


def table_of(query: Query) -> str | None:
    """The table that a query reads, so that all figures of a row come from one."""
    names = {c.grain.id for c in query.chosen.values()}
    return query.call.arguments.table or (names.pop() if len(names) == 1 else None)


def covered_since(query: Query) -> int | None:
    """The first month that the tables of a query cover."""
    spans = set.intersection(*(c.coverage.spans for c in query.chosen.values()))
    return min((shift(p, 1 - n) for p, n in spans), default=None)


def as_families(query: Query, longer: Query) -> Query:
    """A query with the product families of one that reads further back, so that its rows are the
    same: across an HS revision a product is its family (methods 0.6)."""
    if longer.families == query.families:
        return query
    keys = families.with_families(query.call.keys, longer.families)
    own = {code: f.code for code, f in families.by_member(longer.families).items()}
    call = families.widened(replace(query.call, keys=keys, family_of=own), longer.families)
    return replace(query, call=call, families=longer.families)


def read_months(
    query: Query,
    window: Window,
    *,
    keys: Sequence[str] | None = None,
    measures: Measures = plain_value,
    conditions: tuple[str, ...] = (),
    name: str = "months",
    **changed: Any,
) -> Months:
    """The monthly sums over a window, by the keys of the query or by others, from its table.

    `changed` are arguments of the call that differ, such as `province=None`.
    """
    words = [k.text for k in query.call.entity_keys] if keys is None else list(keys)
    arguments = replace(
        query.call.arguments, currency=query.currency, table=table_of(query), **changed
    )
    ask = _Asker(query, arguments, words, measures, conditions)
    monthly, answer = ask(window, ["month"])
    names = [k.column for k in monthly.call.entity_keys]
    tables = [answer.frame]
    answers = {f"{name} {window}": answer}
    joined = np.zeros(window.n_months, bool)
    covered = np.array([now.tiles is not None for now, _ in monthly.slots])
    for pair in _pairs(monthly, window):
        at = month_index(pair.last) - month_index(window.first)
        whole, together = ask(pair, [])
        answers[f"{name} {pair}"] = together
        held = whole.slots[0][0].tiles is not None
        joined[at], covered[at - 1], covered[at] = held, held, held
        if held:
            last = together.frame.with_columns(slot=pl.lit(pair.last, dtype=pl.Int64))
            zero = [pl.lit(0, dtype=pl.Int64).alias(m) for m in ask.names]
            first = last.with_columns(slot=pl.lit(pair.first, dtype=pl.Int64))
            tables += [last, first.with_columns(zero)]
    start, rows, amounts, known = _filled(tables, names, ask.names, window)
    return Months(start, rows, amounts, known, joined, covered, monthly, answers)


class _Asker:
    """One question, asked for several windows."""

    def __init__(
        self, query: Query, arguments: Any, words: list[str], measures: Measures,
        conditions: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.query, self.arguments, self.words = query, arguments, words
        self.measures, self.conditions = measures, conditions
        self.names: list[str] = []

    def __call__(self, window: Window, time: list[str]) -> tuple[Query, Answer]:
        arguments = replace(
            self.arguments, during=str(window), against=str(window), by=[*self.words, *time]
        )
        query = prepare(
            self.query.trade, arguments, default_by=(), conditions=self.conditions,
            extra_needs=self.conditions,
        )  # fmt: skip
        measures, params = self.measures(query)
        self.names = [m.name for m in measures]
        step = Step("by_month", f"SELECT {{keys}}, {', '.join(self.names)} FROM sums")
        return query, run(query, measures, (step,), order=self.names[0], params=params)


def _pairs(query: Query, window: Window) -> list[Window]:
    """The Januaries and Februaries that are held together only."""
    spans = set.intersection(*(c.coverage.spans for c in query.chosen.values()))
    years = sorted({p // 100 for p, n in spans if n == 2 and p % 100 == 2})
    single = {m for s in spans if s[1] == 1 for m in span_months(s)}
    found = [Window(y * 100 + 1, y * 100 + 2) for y in years]
    return [
        w for w in found
        if not set(w.months) <= single and window.first <= w.first and w.last <= window.last
    ]  # fmt: skip


def _filled(
    tables: list[pl.DataFrame], keys: list[str], names: list[str], window: Window
) -> tuple[int, dict[tuple[object, ...], int], dict[str, Ints], Bools]:  # fmt: skip
    """The first month, rows, amounts and what is known, as `Months` has them."""
    first, n = month_index(window.first), window.n_months
    order = [*keys, "slot", *names]
    every = pl.concat([t.select(order) for t in tables])
    found = every.select(keys).unique(maintain_order=True) if keys else pl.DataFrame()
    height = found.height if keys else int(every.height > 0)
    if height * n > MAX_CELLS:
        raise CallError(
            f"{height:,} rows over {n} months are too many for a monthly history",
            do="select fewer products or partners, or use coarser keys in by=",
        )
    held = every.filter(pl.all_horizontal(pl.col(m).is_not_null() for m in names))
    if keys:
        held = held.join(found.with_row_index("_row"), on=keys, how="left", nulls_equal=True)
    i = held["_row"].to_numpy() if keys else np.zeros(held.height, np.int64)
    slot = held["slot"].cast(pl.Int64)
    j = (slot // 100 * 12 + slot % 100 - 1 - first).to_numpy()
    known = np.zeros((height, n), bool)
    known[i, j] = True
    amounts = {}
    for name in names:
        amounts[name] = np.zeros((height, n), np.int64)
        amounts[name][i, j] = held[name].to_numpy()
    rows = {row: k for k, row in enumerate(found.rows() if keys else [()] * height)}
    return first, rows, amounts, known
