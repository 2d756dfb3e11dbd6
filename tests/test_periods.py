"""Months, windows, bases and tiling (methods 0.3, 0.4; contract: windows)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provexpo.errors import PeriodError
from provexpo.periods import (
    Span,
    Window,
    base_window,
    month_at,
    month_index,
    parse_window,
    shift,
    span_months,
    tile,
    uncovered_months,
)

MONTHS = st.integers(2015 * 12, 2030 * 12).map(lambda i: i // 12 * 100 + i % 12 + 1)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    first = draw(MONTHS)
    return Window(first, shift(first, draw(st.integers(0, 30))))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025", 202501, 202512),
        (2025, 202501, 202512),
        (" 2025 ", 202501, 202512),
        ("2025-07", 202507, 202507),
        ("202507", 202507, 202507),
        ("2025.07", 202507, 202507),
        ("2025Q1", 202501, 202503),
        ("2025q4", 202510, 202512),
        ("2025-Q2", 202504, 202506),
        ("2025H1", 202501, 202506),
        ("2025h2", 202507, 202512),
        ("2025-01/2025-07", 202501, 202507),
        ("2024-11 / 2025-02", 202411, 202502),
        ("2023/2024", 202301, 202412),
        ("2024/2025-03", 202401, 202503),
        ("ytd:2025-07", 202501, 202507),
        ("YTD:2025-01", 202501, 202501),
        ("r12:2025-07", 202408, 202507),
        ("r12:2025-12", 202501, 202512),
    ],
)
def test_every_form_of_a_window(text: str | int, first: int, last: int) -> None:
    assert parse_window(text) == Window(first, last)


def test_a_window_is_taken_as_it_is() -> None:
    window = Window(202501, 202507)
    assert parse_window(window) is window
    assert window.n_months == 7
    assert window.months == (202501, 202502, 202503, 202504, 202505, 202506, 202507)


@pytest.mark.parametrize(
    "text",
    [
        "", "25", "2025-13", "2025-00", "2025-7", "2025Q5", "2025Q0", "2025H3", "July 2025",
        "2025/07", "2025-01/", "/2025-01", "2025-07/2025-01", "ytd:2025", "r12:2025Q2",
        "r6:2025-07", "2025-01-15", "0000", "2025-01/2025-02/2025-03", "True",
    ],
)  # fmt: skip
def test_what_is_no_window_is_an_error(text: str) -> None:
    with pytest.raises(PeriodError) as err:
        parse_window(text)
    assert err.value.expected


def test_a_backward_window_says_how_to_write_it() -> None:
    with pytest.raises(PeriodError, match="runs backwards") as err:
        Window(202507, 202501)
    assert err.value.do == "write 2025-01/2025-07"


@pytest.mark.parametrize("bad", [202513, 202500, 25, "2025-01", 2025.01])
def test_a_window_is_made_of_months(bad: object) -> None:
    with pytest.raises(PeriodError, match="is not a month"):
        Window(bad, bad)  # type: ignore[arg-type]


@given(windows())
def test_text_reads_back(window: Window) -> None:
    assert parse_window(str(window)) == window


@given(MONTHS, st.integers(-400, 400))
def test_shifting_goes_there_and_back(month: int, by: int) -> None:
    assert month_at(month_index(month)) == month
    assert month_index(shift(month, by)) - month_index(month) == by
    assert shift(shift(month, by), -by) == month
    assert shift(month, 12) == month + 100


@pytest.mark.parametrize(
    ("window", "against", "base"),
    [
        ("2025-01/2025-07", None, "2024-01/2024-07"),
        ("2025", "2021", "2021"),
        ("2025-07", "2019-07", "2019-07"),
        ("r12:2025-02", None, "2023-03/2024-02"),
        ("2024-11/2025-02", "2018-11/2019-02", "2018-11/2019-02"),
        ("2024", "2025", "2025"),
    ],
)
def test_base_has_the_same_calendar_months(window: str, against: str | None, base: str) -> None:
    assert base_window(parse_window(window), against) == parse_window(base)


@pytest.mark.parametrize(
    "against", ["2024", "2024-02/2024-08", "2024-01/2024-06", "2023-12/2024-06"]
)
def test_other_calendar_months_are_refused(against: str) -> None:
    with pytest.raises(PeriodError, match="same calendar months") as err:
        base_window(Window(202501, 202507), against)
    assert err.value.do == "use 2024-01/2024-07"


@given(windows())
def test_default_base_is_one_year_before(window: Window) -> None:
    base = base_window(window)
    assert [m + 100 for m in base.months] == list(window.months)


def singles(*months: int) -> set[Span]:
    return {(m, 1) for m in months}


def test_single_months_come_before_combined_ones() -> None:
    spans = singles(202401, 202402, 202403) | {(202402, 2), (202403, 3)}
    assert tile(Window(202401, 202403), spans) == ((202401, 1), (202402, 1), (202403, 1))


def test_combined_row_only_where_both_months_are_in_the_window() -> None:
    spans = {(202402, 2), (202403, 1)}
    assert tile(Window(202401, 202403), spans) == ((202402, 2), (202403, 1))
    assert tile(Window(202401, 202402), spans) == ((202402, 2),)
    assert tile(Window(202402, 202403), spans) is None
    assert tile(Window(202401, 202401), spans) is None
    assert tile(Window(202402, 202402), spans) is None


def test_a_lone_january_does_not_hide_the_combined_row() -> None:
    # January was also published alone, February never: the pair still covers both once.
    spans = {(202401, 1), (202402, 2), (202403, 1)}
    assert tile(Window(202401, 202403), spans) == ((202402, 2), (202403, 1))
    assert tile(Window(202401, 202401), spans) == ((202401, 1),)


def test_never_outside_the_window() -> None:
    spans = {(202412, 12), (202406, 6)}
    assert tile(Window(202401, 202406), spans) == ((202406, 6),)
    assert tile(Window(202401, 202407), spans) is None
    assert tile(Window(202407, 202412), spans) is None
    assert tile(Window(202401, 202412), spans) == ((202412, 12),)


def test_nothing_held_is_no_tiling() -> None:
    assert tile(Window(202401, 202401), set()) is None
    assert uncovered_months(Window(202401, 202402), set()) == (202401, 202402)


SPANS = st.sets(
    st.tuples(st.integers(0, 8).map(lambda i: shift(202401, i)), st.integers(1, 4)), max_size=14
)


def _coverable(months: tuple[int, ...], spans: set[Span]) -> bool:
    """Exhaustive search: is there any way to cover these months exactly once?"""
    if not months:
        return True
    return any(
        _coverable(months[n:], spans)
        for _, n in spans
        if n <= len(months) and (months[n - 1], n) in spans
    )


@given(SPANS, st.integers(0, 5), st.integers(1, 6))
def test_tiling_covers_once_and_is_found_where_there_is_one(
    spans: set[Span], start: int, length: int
) -> None:
    first = shift(202401, start)
    window = Window(first, shift(first, length - 1))
    found = tile(window, spans)
    if found is None:
        assert not _coverable(window.months, spans)
        return
    assert set(found) <= spans
    assert tuple(m for span in found for m in span_months(span)) == window.months
    if singles(*window.months) <= spans:
        assert {n for _, n in found} == {1}


@given(SPANS, st.integers(0, 5), st.integers(1, 6))
def test_uncovered_months_are_held_by_no_span_inside(
    spans: set[Span], start: int, length: int
) -> None:
    first = shift(202401, start)
    window = Window(first, shift(first, length - 1))
    missing = uncovered_months(window, spans)
    for month in window.months:
        held = any(
            month in span_months(s) and set(span_months(s)) <= set(window.months) for s in spans
        )
        assert (month in missing) != held


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("2025-01", True),
        ("2025-02", True),
        ("ytd:2025-01", True),
        ("ytd:2025-02", False),
        ("2025-03", False),
        ("2025Q1", False),
        ("2025-02/2025-07", True),
        ("2024-11/2025-01", True),
        ("2024", False),
        # Year to date, quarters and twelve months are unaffected (methods 0.4, 4).
        ("r12:2025-01", False),
        ("r12:2025-02", False),
        ("2023-02/2025-01", False),
        ("2023-02/2025-02", True),
    ],
)
def test_windows_that_split_the_new_year(text: str, split: bool) -> None:
    assert parse_window(text).splits_new_year is split
