"""Exports of one side and imports of the other over many windows: gaps, and how unusual they are.

numpy only. A window of n months that ends k months earlier stands in column k; NaN is not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provexpo.metrics.statistics import robust_spread
from provexpo.signals.months import Bools, Floats, Months

HISTORY = 36
MIN_POINTS = 24  # of the windows of the history, those whose logarithm exists
YEAR = 12
MAX_ROBUST = 3.0
MIN_MOVE = 0.10
_TINY = 1e-12


@dataclass(frozen=True)
class Series:
    """Both sides by row and window, and where each is covered."""

    x: Floats
    m: Floats
    x_known: Bools
    m_known: Bools
    split: list[bool]  # windows that would cut a combined January-February


def series_of(
    x: Months, m: Months, x_name: str, m_name: str, last: int, n: int, lag: int
) -> Series:
    """Sums over windows of `n` months that end at month index `last` and 1, 2, ... 36 earlier;
    the other side's lie `lag` months later."""
    parts: list[list[np.ndarray]] = [[], [], [], []]
    split = []
    for back in range(HISTORY + 1):
        start = last - back - n + 1
        for side, name, first, place in ((x, x_name, start, 0), (m, m_name, start + lag, 1)):
            amount, known = side.over(name, first, n)
            parts[place].append(np.where(known, amount, 0).astype(np.float64))
            parts[place + 2].append(known)
        split.append(_splits(x, start, n) or _splits(m, start + lag, n))
    x_sum, m_sum, x_known, m_known = (np.array(p).T for p in parts)
    return Series(x_sum, m_sum, x_known.astype(bool), m_known.astype(bool), split)


def _splits(side: Months, first: int, n: int) -> bool:
    i = first - side.first
    inside = [j for j in (i, i + n) if 0 <= j < side.n_months]
    return any(bool(side.joined[j]) for j in inside)


def log_gaps(series: Series, cif: float) -> Floats:
    """ln M / (1 + c) - ln X; NaN where not covered or not above zero."""
    held = series.x_known & series.m_known & (series.x > 0) & (series.m > 0)
    found = np.full(series.x.shape, np.nan)
    found[held] = np.log(series.m[held] / (1 + cif)) - np.log(series.x[held])
    return found


@dataclass(frozen=True)
class Verdict:
    robust_z: float | None
    move: float | None
    n_history: int
    flag: bool | None


def judge(gaps: Floats, known: Bools, split: list[bool]) -> Verdict:
    """One row: the newest gap against the 36 before it, and against that of a year earlier.

    Windows that would cut a combined January-February are left out; all others must be covered,
    and 24 of them have a gap.
    """
    now = float(gaps[0])
    move = None if np.isnan(gaps[YEAR]) or np.isnan(now) else now - float(gaps[YEAR])
    past = gaps[1:][~np.isnan(gaps[1:])]
    reaches = all(bool(k) or s for k, s in zip(known[1:], split[1:]))
    if np.isnan(now) or not reaches or len(past) < MIN_POINTS:
        return Verdict(None, move, len(past), None)
    median = float(np.median(past))
    spread = robust_spread(past, median)
    z = (now - median) / spread if spread > _TINY else None
    if move is None:
        return Verdict(z, None, len(past), None)
    far = abs(now - median) > MAX_ROBUST * spread + _TINY
    return Verdict(z, move, len(past), bool(far and abs(move) > MIN_MOVE + _TINY))


def gap_of(x: float, m: float, cif: float) -> dict[str, float | None]:
    """ratio, gap, log_gap and sym of one pair of sums (methods 5.1)."""
    m_fob = m / (1 + cif)
    both = x > 0 and m > 0
    return {
        "mirror_fob": m_fob,
        "ratio": x / m_fob if m > 0 and x >= 0 else None,
        "gap": m_fob - x,
        "log_gap": float(np.log(m_fob) - np.log(x)) if both else None,
        "sym": 2 * (m_fob - x) / (m_fob + x) if x >= 0 and m >= 0 and x + m > 0 else None,
    }
