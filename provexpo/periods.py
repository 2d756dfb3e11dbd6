"""Months and windows of months.

A month is the integer yyyymm. A window is a run of consecutive months; the base window of a
comparison has the same calendar months and the same number of them (methods 0.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provexpo.errors import PeriodError

FORMS = "2025, 2025-07, 2025Q2, 2025H1, 2025-01/2025-07, ytd:2025-07 or r12:2025-07"

# How many months a (period, months) row spans, and which.
Span = tuple[int, int]


def month_index(month: int) -> int:
    """Months since year 0, so that neighbouring months differ by one."""
    return month // 100 * 12 + month % 100 - 1


def month_at(index: int) -> int:
    return index // 12 * 100 + index % 12 + 1


def shift(month: int, by: int) -> int:
    """The month `by` months later (earlier when negative)."""
    return month_at(month_index(month) + by)


def months_between(first: int, last: int) -> tuple[int, ...]:
    return tuple(month_at(i) for i in range(month_index(first), month_index(last) + 1))


def span_months(span: Span) -> tuple[int, ...]:
    """The months that a row ending in `period` and spanning `months` holds."""
    period, months = span
    return months_between(shift(period, 1 - months), period)


def month_text(month: int) -> str:
    return f"{month // 100}-{month % 100:02d}"


@dataclass(frozen=True)
class Window:
    """Consecutive months from `first` to `last`, both yyyymm.

    >>> Window(202501, 202507).months[-1], str(Window(202501, 202507))
    (202507, '2025-01/2025-07')
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        for m in (self.first, self.last):
            if not (isinstance(m, int) and 1900 <= m // 100 <= 2200 and 1 <= m % 100 <= 12):
                raise PeriodError(f"{m!r} is not a month", expected="yyyymm, such as 202507")
        if self.first > self.last:
            raise PeriodError(
                f"the window {month_text(self.first)}/{month_text(self.last)} runs backwards",
                expected="first month / last month",
                do=f"write {month_text(self.last)}/{month_text(self.first)}",
            )

    @property
    def months(self) -> tuple[int, ...]:
        return months_between(self.first, self.last)

    @property
    def n_months(self) -> int:
        return month_index(self.last) - month_index(self.first) + 1

    def shifted(self, by: int) -> Window:
        return Window(shift(self.first, by), shift(self.last, by))

    @property
    def splits_new_year(self) -> bool:
        """True when the window holds more Januaries than Februaries, or the reverse.

        Whole years from February to January hold one of each: twelve months are unaffected.
        """
        calendar = [m % 100 for m in self.months]
        return calendar.count(1) != calendar.count(2)

    def __str__(self) -> str:
        y0, m0, y1, m1 = self.first // 100, self.first % 100, self.last // 100, self.last % 100
        if (m0, m1) == (1, 12) and y0 == y1:
            return str(y0)
        if self.first == self.last:
            return month_text(self.first)
        return f"{month_text(self.first)}/{month_text(self.last)}"


def _month(text: str, whole: str) -> int:
    found = re.fullmatch(r"(\d{4})[-.]?(\d{2})", text.strip())
    if not found or not 1 <= int(found[2]) <= 12:
        raise PeriodError(
            f"cannot read the month {text!r} in {whole!r}",
            expected=FORMS,
            do="write a month as 2025-07",
        )
    return int(found[1]) * 100 + int(found[2])


def parse_window(text: str | int | Window) -> Window:
    """Read a window as a user writes it.

    >>> str(parse_window("ytd:2025-07")), str(parse_window("2025Q2")), str(parse_window("2025"))
    ('2025-01/2025-07', '2025-04/2025-06', '2025')
    """
    if isinstance(text, Window):
        return text
    raw = str(text).strip()
    if re.fullmatch(r"\d{4}", raw):
        return Window(int(raw) * 100 + 1, int(raw) * 100 + 12)
    part = re.fullmatch(r"(\d{4})[- ]?([QqHh])([1-4])", raw)
    if part:
        size = 3 if part[2] in "Qq" else 6
        start = (int(part[3]) - 1) * size + 1
        if start <= 12:
            return Window(int(part[1]) * 100 + start, int(part[1]) * 100 + start + size - 1)
    if raw.lower().startswith(("ytd:", "r12:")):
        last = _month(raw[4:], raw)
        first = last // 100 * 100 + 1 if raw[:3].lower() == "ytd" else shift(last, -11)
        return Window(first, last)
    if "/" in raw:
        left, right = (side.strip() for side in raw.split("/", 1))
        first = int(left) * 100 + 1 if re.fullmatch(r"\d{4}", left) else _month(left, raw)
        last = int(right) * 100 + 12 if re.fullmatch(r"\d{4}", right) else _month(right, raw)
        return Window(first, last)
    if re.fullmatch(r"\d{4}[-.]?\d{2}", raw):
        month = _month(raw, raw)
        return Window(month, month)
    raise PeriodError(f"cannot read the window {raw!r}", expected=FORMS)


def base_window(window: Window, against: str | int | Window | None = None) -> Window:
    """The window to compare with: the same months one year earlier, unless one is given.

    Raises PeriodError when the given one has other calendar months or another length (0.3).
    """
    if against is None:
        return window.shifted(-12)
    base = parse_window(against)
    if base.n_months != window.n_months or base.first % 100 != window.first % 100:
        raise PeriodError(
            f"the windows {window} and {base} do not hold the same calendar months",
            where="against=",
            expected="the same months of another year, as many as in during=",
            do=f"use {window.shifted(-12)}",
        )
    return base


def tile(window: Window, spans: set[Span]) -> tuple[Span, ...] | None:
    """Cover a window exactly once with the spans held, single months before combined ones.

    Returns None when some month cannot be covered without reaching outside the window.
    """
    starting: dict[int, list[Span]] = {}
    inside = (s for s in spans if s[0] <= window.last)
    for span in sorted(inside, key=lambda s: s[1]):
        starting.setdefault(shift(span[0], 1 - span[1]), []).append(span)
    # From the end, so that a single month that leads nowhere does not hide a combined row.
    rest: dict[int, tuple[Span, ...]] = {shift(window.last, 1): ()}
    for month in reversed(window.months):
        for span in starting.get(month, ()):
            after = rest.get(shift(span[0], 1))
            if after is not None:
                rest[month] = (span, *after)
                break
    return rest.get(window.first)


def uncovered_months(window: Window, spans: set[Span]) -> tuple[int, ...]:
    """The months of the window that no span inside the window holds."""
    months = set(window.months)
    inside = (span_months(s) for s in spans if s[0] in months)
    held = {m for held_months in inside if months.issuperset(held_months) for m in held_months}
    return tuple(m for m in window.months if m not in held)
