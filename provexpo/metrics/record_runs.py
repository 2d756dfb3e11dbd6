"""Records and runs of one series, point by point: what a running rank in SQL would hide."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from provexpo.periods import month_text

JUDGED = {
    "record_all": pl.Boolean,
    "record_same_month": pl.Boolean,
    "rank": pl.Int64,
    "record_since": pl.String,
    "streak": pl.Int64,
    "streak_since": pl.String,
    "n_negative": pl.Int64,
    "last_fall": pl.String,
}


@dataclass(frozen=True)
class Point:
    """One point in time. `pair` is (value, base value) of January and February together, for a
    single month of the two; None for every other point."""

    first: int  # its first month, yyyymm
    n_months: int
    value: int | None
    base: int | None
    text: str  # as the time key shows it
    pair: tuple[int | None, int | None] | None = None

    @property
    def direction(self) -> int | None:
        """-1 below its base, 1 above it, 0 equal; None where either is missing."""
        value, base = self.pair or (self.value, self.base)
        if value is None or base is None:
            return None
        return (value > base) - (value < base)


def judge(points: Sequence[Point], shown_from: int, min_history: int) -> list[dict[str, Any]]:
    """The columns of JUDGED for each point of one series, oldest first."""
    found = []
    heights = Heights(min_history)
    runs = Runs()
    for point in points:
        found.append({**heights.place(point), **runs.follow(point)})
    directions = [p.direction for p in points if p.first >= shown_from]
    known = None not in directions
    n_negative = sum(d == -1 for d in directions) if known else None
    return [{**row, "n_negative": n_negative} for row in found]


class Heights:
    """The values seen so far, in order of size."""

    def __init__(self, min_history: int) -> None:
        self.min_history = min_history
        self.all: list[int] = []
        self.highest: dict[int, int] = {}  # by calendar month; 0 is January and February together
        self.months = 0
        self.since: int | None = None

    def place(self, point: Point) -> dict[str, Any]:
        enough = self.months >= self.min_history
        row: dict[str, Any] = {"record_all": None, "record_same_month": None, "rank": None}
        if point.value is not None and point.pair is None and enough:
            row["rank"] = 1 + len(self.all) - bisect_right(self.all, point.value)
            row["record_all"] = point.value > self.all[-1] if self.all else None
        # January has to wait for February.
        alike, value = point.first % 100, point.value
        if point.pair is not None:
            alike, value = 0, point.pair[0] if alike == 2 else None
        if value is not None:
            before = self.highest.get(alike)
            if enough and before is not None:
                row["record_same_month"] = value > before
            self.highest[alike] = value if before is None else max(before, value)
        self._remember(point)
        row["record_since"] = None if self.since is None else month_text(self.since)
        return row

    def _remember(self, point: Point) -> None:
        covered = 0
        if point.value is not None:
            insort(self.all, point.value)
            covered = point.n_months
        elif point.pair and point.pair[0] is not None and point.first % 100 == 2:
            covered = 2  # held as one figure of both months
        self.months += covered
        if covered and self.since is None:
            self.since = point.first - (covered == 2 and point.n_months == 1)


class Runs:
    """The run of points in one direction that the newest point ends, and the fall before it."""

    def __init__(self) -> None:
        self.direction: int | None = None
        self.length = 0
        self.start: str | None = None
        self.fall: str | None = None

    def follow(self, point: Point) -> dict[str, Any]:
        before, now = self.fall, point.direction
        if now is None or now == 0:
            self.length, self.start = 0, None
        elif now == self.direction:
            self.length += 1
        else:
            self.length, self.start = 1, point.text
        self.direction = now
        if now is None:
            self.fall = None  # a later fall than the last one known may hide here
        elif now < 0:
            self.fall = point.text
        return {
            "streak": None if now is None else self.length,
            "streak_since": self.start,
            "last_fall": before,
        }
