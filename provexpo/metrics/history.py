"""The months of a frame's rows as far back as they are covered: streaks and placebo windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from provexpo.engine.cells import Measure
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.errors import PeriodError
from provexpo.metrics.statistics import robust_spread
from provexpo.periods import Window, month_index, parse_window, span_months
from provexpo.vocab.families import Family

MAX_CELLS = 2_000_000
_STEP = Step("history", "SELECT {keys}, value AS amount FROM sums")


def month_named(text: str, where: str) -> int:
    """The one month of a text such as 2025-02."""
    window = parse_window(text)
    if window.n_months != 1:
        raise PeriodError(f"{text!r} is not one month", where=where, expected="such as 2025-02")
    return window.first


@dataclass(frozen=True)
class Past:
    """Amounts by row and month; `known` says where a month is covered.

    A combined January-February stands in February, with January known as zero: `joined` marks
    these Februaries, before which no window may start or end.
    """

    first: int  # month index of the first column
    amounts: NDArray[np.int64]
    known: NDArray[np.bool_]
    joined: NDArray[np.bool_]
    answers: dict[str, Answer] = field(default_factory=dict)
    why: str = ""  # why there is no history: a key of seeds/phrases.csv

    @property
    def n_rows(self) -> int:
        return int(self.amounts.shape[0])

    def _sum(self, start: int, n: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The sums over `n` months from a month index, and for which rows they are known."""
        i = start - self.first
        if i < 0 or i + n > self.amounts.shape[1]:
            return np.zeros(self.n_rows, np.int64), np.zeros(self.n_rows, bool)
        split = self.joined[i] or (i + n < len(self.joined) and self.joined[i + n])
        known = np.asarray(self.known[:, i : i + n].all(axis=1) & (not split), dtype=bool)
        return self.amounts[:, i : i + n].sum(axis=1), known

    def placebo(
        self, pct: list[float | None], window: Window, base: Window | None, event: int, least: int
    ) -> tuple[list[float | None], list[int | None]]:
        """How far a change lies from those of the windows of its length before the event, in
        robust standard deviations, and how many windows there are."""
        if self.why or base is None:
            return [None] * len(pct), [None] * len(pct)
        n = window.n_months
        lag = month_index(window.first) - month_index(base.first)
        starts = range(self.first + lag, month_index(event) - n + 1)
        changes = np.full((self.n_rows, len(starts)), np.nan)
        for j, start in enumerate(starts):
            now, has_now = self._sum(start, n)
            before, has_before = self._sum(start - lag, n)
            held = has_now & has_before & (before > 0) & (now >= 0)
            changes[held, j] = now[held] / before[held] - 1
        found: list[float | None] = []
        counts: list[int | None] = []
        for value, row in zip(pct, changes):
            past = row[~np.isnan(row)]
            counts.append(len(past))
            found.append(None if value is None or len(past) < least else robust_z(value, past))
        return found, counts

    def falling(self, last: int) -> list[int | None]:
        """Months in a row up to `last` that lie below the same month a year earlier."""
        if self.why:
            return [None] * self.n_rows
        streak = np.zeros(self.n_rows, np.int64)
        going, known_at_all = np.ones(self.n_rows, bool), np.zeros(self.n_rows, bool)
        index, first_step = month_index(last), True
        while index - 12 >= self.first and going.any():
            size = 2 if index % 12 == 1 else 1  # January and February together
            now, has_now = self._sum(index - size + 1, size)
            before, has_before = self._sum(index - size - 11, size)
            known = has_now & has_before
            if first_step:
                known_at_all, first_step = known.copy(), False
            going &= known & (now < before)
            streak[going] += size
            index -= size
        return [int(s) if k else None for s, k in zip(streak, known_at_all)]


def robust_z(value: float, past: NDArray[np.float64]) -> float | None:
    """(value - median) / (1.4826 MAD); None where the past does not vary."""
    spread = robust_spread(past)
    return (value - float(np.median(past))) / spread if spread > 1e-12 else None


def months_of(query: Query, frame: pl.DataFrame) -> Past:
    """The monthly amounts of the frame's rows, in its order."""
    call = query.call
    spans = set.intersection(*(c.coverage.spans for c in query.chosen.values()))
    held = sorted({m for s in spans for m in span_months(s) if m <= call.window.last})
    if call.time_key is not None or not held or frame.height == 0:
        return _none(frame.height, "time_key" if call.time_key is not None else "no_history")
    window = Window(held[0], call.window.last)
    earlier = _prepared(query, window, by_month=True)
    changed = [f for f in earlier.families if f not in query.families]
    if _asked_for(query, changed):
        window = Window(max(window.first, *(f.valid_from for f in changed)), window.last)
        earlier, changed = _prepared(query, window, by_month=True), []
    if frame.height * window.n_months > MAX_CELLS:
        return _none(frame.height, "too_many")
    keys = [k.column for k in call.entity_keys]
    first, n = month_index(window.first), window.n_months
    amounts = np.zeros((frame.height, n), np.int64)
    known = np.zeros((frame.height, n), bool)
    joined = np.zeros(n, bool)
    rows = frame.select(keys).rows() if keys else [()]
    place: dict[tuple[object, ...], int] = {row: i for i, row in enumerate(rows)}
    later = _rows_of(place, keys, changed)
    place = {row: i for row, i in place.items() if row not in later}
    answers = {f"months {window}": _amounts(earlier)}
    _fill(answers[f"months {window}"].frame, keys, place, first, amounts, known)
    if later:
        since = Window(max(f.valid_from for f in changed), window.last)
        answers[f"months {since}"] = _amounts(_prepared(query, since, by_month=True))
        _fill(answers[f"months {since}"].frame, keys, later, first, amounts, known)
    # Two months alone may lie on one side of a revision that the rows cross: left unknown.
    for year in [] if _asked_for(query, query.families) else _combined_years(spans, held):
        pair = Window(year * 100 + 1, year * 100 + 2)
        at = month_index(pair.last) - first
        if at < 1 or at >= n or known[:, at].any():
            continue
        answer = _amounts(_prepared(query, pair, by_month=False))
        answers[f"months {pair}"] = answer
        together = answer.frame.with_columns(slot=pl.lit(pair.last))
        _fill(together, keys, place, first, amounts, known)
        known[:, at - 1], joined[at] = known[:, at], True
    return Past(first, amounts, known, joined, answers)


def _asked_for(query: Query, changed: Sequence[Family]) -> bool:
    """True where a code that a revision changed is selected: before the revision the selection
    would hold other goods."""
    members = {m for f in changed for m in f.members}
    return bool(members & set(query.call.selections["product"].codes or ()))


def _rows_of(
    place: Mapping[tuple[object, ...], int], keys: Sequence[str], changed: Sequence[Family]
) -> dict[tuple[object, ...], int]:
    """The rows by code whose code a revision in the history changed: known since then alone."""
    codes = {int(m) for f in changed for m in f.members}
    if "product" not in keys or not codes:
        return {}
    at = list(keys).index("product")
    return {row: i for row, i in place.items() if row[at] in codes}


def _none(rows: int, why: str) -> Past:
    empty = np.zeros((rows, 0), np.int64)
    return Past(0, empty, empty.astype(bool), np.zeros(0, bool), {}, why)


def _combined_years(spans: set[tuple[int, int]], held: list[int]) -> list[int]:
    return sorted({p // 100 for p, n in spans if n == 2 and p % 100 == 2 and p in held})


def _prepared(query: Query, window: Window, *, by_month: bool) -> Query:
    call = query.call
    keys = [k.text for k in call.keys if not k.is_time]
    names = {c.grain.id for c in query.chosen.values()}
    arguments = replace(
        call.arguments,
        during=str(window),
        against=str(window),  # nothing is compared: no earlier year is to be read
        by=[*keys, "month"] if by_month else keys,
        currency=query.currency,
        table=call.arguments.table or (names.pop() if len(names) == 1 else None),
    )
    return prepare(query.trade, arguments, default_by=())


def _amounts(earlier: Query) -> Answer:
    measure = Measure("value", compared=False)
    return run(earlier, [measure], (_STEP,), order="amount NULLS LAST")


def _fill(
    table: pl.DataFrame, keys: list[str], place: dict[tuple[object, ...], int], first: int,
    amounts: NDArray[np.int64], known: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Put the amounts where they belong; a row that was never traded is covered all the same."""
    held = table.filter(pl.col("amount").is_not_null())
    for *key, slot, amount in held.select(*keys, "slot", "amount").iter_rows():
        i = place.get(tuple(key))
        if i is not None:
            at = month_index(slot) - first
            amounts[i, at], known[i, at] = amount, True
