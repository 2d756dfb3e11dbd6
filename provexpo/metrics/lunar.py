"""The moving holiday: how much of the weeks around the Lunar New Year falls into a month."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from provexpo.periods import Window
from provexpo.vocab import tables

DURING = 7
LENGTHS = (10, 15, 20, 25)
# Months whose weeks around the holiday lie in the table of dates.
KNOWN = Window(200001, 203011)
Numbers = NDArray[np.float64]


class Effect(NamedTuple):
    """The holiday's effect in log points, and the days before and after it that fit best."""

    values: Numbers
    before: int
    after: int


@cache
def new_years() -> tuple[date, ...]:
    """The first days of the lunar years."""
    return tuple(date.fromisoformat(r["date"]) for r in tables.rows("lunar_new_year"))


def _share(first: date, days: int) -> dict[int, float]:
    """The part of `days` days from `first` that falls into each month."""
    held = Counter(
        day.year * 100 + day.month for day in (first + timedelta(i) for i in range(days))
    )
    return {month: n / days for month, n in held.items()}


def proportions(new_year: date, before: int = 20, after: int = 20) -> tuple[dict[int, float], ...]:
    """The parts of the days before, during and after one holiday, by month.

    >>> from datetime import date
    >>> proportions(date(2024, 2, 10))[0]
    {202401: 0.55, 202402: 0.45}
    """
    return (
        _share(new_year - timedelta(before), before),
        _share(new_year, DURING),
        _share(new_year + timedelta(DURING), after),
    )


@cache
def _by_month(before: int, after: int) -> tuple[tuple[dict[int, float], dict[int, float]], ...]:
    """For before, during and after: the part by month, and its long-run calendar-month mean."""
    every = [proportions(day, before, after) for day in new_years()]
    found = []
    for k in range(3):
        by_month: dict[int, float] = {}
        mean: dict[int, float] = {}
        for parts in every:
            for month, part in parts[k].items():
                by_month[month] = by_month.get(month, 0.0) + part
                mean[month % 100] = mean.get(month % 100, 0.0) + part / len(every)
        found.append((by_month, mean))
    return tuple(found)


def regressors(months: tuple[int, ...], before: int = 20, after: int = 20) -> Numbers:
    """One row a month: the parts before, during and after, less their calendar-month means."""
    columns = [
        [by_month.get(m, 0.0) - mean.get(m % 100, 0.0) for m in months]
        for by_month, mean in _by_month(before, after)
    ]
    return np.array(columns, dtype=np.float64).T


def effect(y: Numbers, months: tuple[int, ...]) -> Effect:
    """Regress the twelve-month change of log figures on that of the regressors, for each pair of
    lengths; the pair with the lowest AICc wins, the shorter one where they tie."""
    change = y[12:] - y[:-12]
    best: tuple[float, Effect] | None = None
    for before in LENGTHS:
        for after in LENGTHS:
            x = regressors(months, before, after)
            design = np.column_stack([np.ones(len(change)), x[12:] - x[:-12]])
            beta, *_ = np.linalg.lstsq(design, change, rcond=None)
            score = _aicc(change - design @ beta, design.shape[1])
            if best is None or score < best[0] - 1e-9:
                best = (score, Effect(x @ beta[1:], before, after))
    assert best is not None
    return best[1]


def _aicc(residuals: Numbers, n_coefficients: int) -> float:
    """Akaike's criterion, corrected for few observations; the variance counts as a parameter."""
    n, k = len(residuals), n_coefficients + 1
    # A perfect fit has no logarithm; nothing published is better than one part in 10^15.
    variance = max(float(residuals @ residuals) / n, 1e-30)
    return n * float(np.log(variance)) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
