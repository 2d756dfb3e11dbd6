"""The points in time that a record is compared with, back to the first month that is covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from provexpo.engine.by import Key, slot_text, slot_windows
from provexpo.engine.call import Arguments
from provexpo.engine.coverage import SlotCover
from provexpo.engine.query import Query, prepare
from provexpo.errors import CallError, PeriodError
from provexpo.periods import Window, shift


def history(asked: Query, arguments: Arguments, flows: Sequence[str]) -> Query:
    """The call over all whole points that its tables cover, up to the end of the window.

    Without a time key the points are the window and the same months of earlier years.
    """
    key, window = asked.call.time_key, asked.call.window
    first = _first_covered(asked)
    if key is None:
        windows = [window]
        while windows[0].shifted(-12).first >= first:
            windows.insert(0, windows[0].shifted(-12))
        by = [*(k.text for k in asked.call.keys), "year"]
        whole = _longer(asked, replace(arguments, by=by), windows[0].first, flows)
        return with_points(whole, windows)
    _refuse_cut_start(asked, key)
    starts = first // 100 * 100 + _start(first, key)
    if starts < first:
        first = shift(slot_windows(Window(starts, shift(starts, 11)), [key])[0].last, 1)
    return _longer(asked, arguments, min(first, window.first), flows)


def new_years(whole: Query) -> Query:
    """January and February together, one point a year."""
    years = range(whole.call.window.first // 100, whole.call.window.last // 100 + 1)
    return with_points(whole, [Window(y * 100 + 1, y * 100 + 2) for y in years])


def point_texts(asked: Query, whole: Query) -> dict[int, str]:
    """How each point is written, by its first month."""
    key = asked.call.time_key
    return {w.first: slot_text(w, key) if key else str(w) for w in whole.call.slots}


def with_points(query: Query, windows: Sequence[Window]) -> Query:
    """The same query over other points in time."""
    bases = [w.shifted(-12) for w in windows]
    call = replace(query.call, slots=tuple(windows), base_slots=tuple(bases))
    covers = [(cover_of(query, w), cover_of(query, b)) for w, b in zip(windows, bases)]
    return replace(query, call=call, slots=covers)


def cover_of(query: Query, window: Window) -> SlotCover:
    """How a window is covered by the tables of all flows of a query."""
    covers = [c.coverage.slot(window) for c in query.chosen.values()]
    return next((c for c in covers if c.tiles is None), covers[0])


def shown_of(whole: Query, asked: Query) -> Query:
    """The call as it was asked, with what is known of its points from the whole history."""
    firsts = {w.first for w in asked.call.slots}
    points = [pair for pair in whole.slots if pair[0].window.first in firsts]
    return replace(asked, slots=points, steady=whole.steady, stray=whole.stray)


def _first_covered(asked: Query) -> int:
    return max(
        min((shift(p, 1 - m) for p, m in c.coverage.spans), default=asked.call.window.first)
        for c in asked.chosen.values()
    )


def _start(month: int, key: Key) -> int:
    """The calendar month in which the quarter or year of a month starts."""
    size = {"month": 1, "quarter": 3, "year": 12}[key.column]
    return (month % 100 - 1) // size * size + 1


def _refuse_cut_start(asked: Query, key: Key) -> None:
    first = asked.call.window.first
    if first % 100 != _start(first, key):
        raise PeriodError(
            f"the window {asked.call.window} starts inside a {key.column}",
            where="during=",
            expected=f"a window from the first month of a {key.column}",
        )


def _longer(asked: Query, arguments: Arguments, first: int, flows: Sequence[str]) -> Query:
    """The call from `first` on, from the same tables."""
    ids = {flow: choice.grain.id for flow, choice in asked.chosen.items()}
    longer = replace(
        arguments, during=Window(first, asked.call.window.last), currency=asked.currency,
        table=next(iter(ids.values())) if len(ids) == 1 else arguments.table,
    )  # fmt: skip
    whole = prepare(asked.trade, longer, default_by=("month",), flows=flows)
    if ids != {flow: choice.grain.id for flow, choice in whole.chosen.items()}:
        raise CallError(
            "exports and imports of the window and of its history stand in different tables",
            where="table=",
            do="name the table that holds the history",
        )
    return whole
