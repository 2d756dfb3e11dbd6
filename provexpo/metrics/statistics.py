"""Correlation, its permutation test, interval and sensitivity, in numpy alone.

Figures of the points themselves are summed exactly (`math.fsum`), so they do not depend on the
order of the points; those of resamples are rounded to 10 decimals, which no machine's way of
summing changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from provexpo.metrics.seeded import draws, every_order, shuffles

Floats = NDArray[np.float64]

PERMUTATIONS = 20_000
RESAMPLES = 10_000
SEED = 20_250_917
# With no more orders than this, all of them are gone through instead of a random part.
EXACT_ORDERS = 5_040
_DECIMALS = 10
_TINY = 1e-12
_FLAT = 1e-24  # a variance that is rounding alone, over the squared mean
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Fit:
    """A weighted line through points, and the correlation along it."""

    r: float | None
    slope: float | None
    intercept: float | None


def fit(x: Sequence[float], y: Sequence[float], w: Sequence[float] | None = None) -> Fit:
    """Pearson correlation and least squares line of y on x, weighted where weights are given.

    None where fewer than three points have weight, or x (for r also y) does not vary.
    """
    weights = [1.0] * len(x) if w is None else list(w)
    total = math.fsum(weights)
    if sum(v > 0 for v in weights) < 3:
        return Fit(None, None, None)
    mean_x = math.fsum(v * a for v, a in zip(weights, x)) / total
    mean_y = math.fsum(v * b for v, b in zip(weights, y)) / total
    sxx = math.fsum(v * (a - mean_x) ** 2 for v, a in zip(weights, x)) / total
    syy = math.fsum(v * (b - mean_y) ** 2 for v, b in zip(weights, y)) / total
    sxy = math.fsum(v * (a - mean_x) * (b - mean_y) for v, a, b in zip(weights, x, y)) / total
    if sxx <= _FLAT * max(mean_x**2, _TINY):
        return Fit(None, None, None)
    slope = sxy / sxx
    flat = syy <= _FLAT * max(mean_y**2, _TINY)
    r = None if flat else max(-1.0, min(1.0, sxy / math.sqrt(sxx * syy)))
    return Fit(r, slope, mean_y - slope * mean_x)


def doubled_ranks(x: Sequence[float]) -> NDArray[np.int64]:
    """Twice the rank of each value, ties sharing their mean: whole numbers."""
    values = np.asarray(x, dtype=float)
    below = (values[None, :] < values[:, None]).sum(axis=1)
    equal = (values[None, :] == values[:, None]).sum(axis=1)
    return (2 * below + equal + 1).astype(np.int64)


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Rank correlation, ties with their mean rank."""
    return fit(doubled_ranks(x).tolist(), doubled_ranks(y).tolist()).r


def permutation_p(
    x: Sequence[float], y: Sequence[float], times: int = PERMUTATIONS, seed: int = SEED
) -> float | None:
    """Two-sided p of the rank correlation: how often a random pairing is at least as strong.

    p = (1 + hits) / (1 + times); for up to seven points all n! pairings are gone through and p is
    their part. The comparison is of whole numbers, so no rounding enters.
    """
    n = len(x)
    if spearman(x, y) is None:
        return None
    a, b = doubled_ranks(x) - (n + 1), doubled_ranks(y) - (n + 1)
    strength = abs(int(a @ b))
    exact = math.factorial(n) <= EXACT_ORDERS
    orders = every_order(n) if exact else shuffles(n, times, seed)
    hits = int((np.abs(b[orders] @ a) >= strength).sum())
    return hits / len(orders) if exact else (1 + hits) / (1 + times)


def left_out(x: Sequence[float], y: Sequence[float]) -> list[float | None]:
    """The correlation without each point in turn."""
    return [
        fit([*x[:i], *x[i + 1 :]], [*y[:i], *y[i + 1 :]]).r for i in range(len(x))
    ]  # fmt: skip


def bca_interval(
    x: Sequence[float],
    y: Sequence[float],
    level: float = 0.95,
    times: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[float, float] | None:
    """Bias-corrected and accelerated bootstrap interval of the correlation (Efron 1987).

    Resamples in which x or y does not vary are left out. None for fewer than five points, or
    where hardly any resample has a correlation.
    """
    r = fit(x, y).r
    if r is None or len(x) < 5 or 1 - abs(r) < _TINY:
        return None
    found = _resampled(np.asarray(x, float), np.asarray(y, float), draws(len(x), times, seed))
    if len(found) < times / 2:
        return None
    below = (found < r - _TINY).sum() + 0.5 * (np.abs(found - r) <= _TINY).sum()
    share = min(max(below / len(found), 0.5 / len(found)), 1 - 0.5 / len(found))
    bias = _NORMAL.inv_cdf(share)
    pull = _acceleration([v for v in left_out(x, y) if v is not None])
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + _NORMAL.inv_cdf(tail)
        divisor = 1 - pull * z
        if divisor <= 0:
            return None
        ends.append(_quantile(found, _NORMAL.cdf(bias + z / divisor)))
    return round(ends[0], _DECIMALS), round(ends[1], _DECIMALS)


def _resampled(x: Floats, y: Floats, rows: NDArray[np.int64]) -> Floats:
    """The sorted correlations of the resamples that have one."""
    a, b = x[rows] - x.mean(), y[rows] - y.mean()
    a -= a.mean(axis=1, keepdims=True)
    b -= b.mean(axis=1, keepdims=True)
    sxx, syy, sxy = (a * a).sum(axis=1), (b * b).sum(axis=1), (a * b).sum(axis=1)
    held = (sxx > _TINY * x.var()) & (syy > _TINY * y.var())
    return np.sort(np.clip(sxy[held] / np.sqrt(sxx[held] * syy[held]), -1, 1))


def _acceleration(jackknife: Sequence[float]) -> float:
    mean = math.fsum(jackknife) / len(jackknife)
    second = math.fsum((mean - v) ** 2 for v in jackknife)
    third = math.fsum((mean - v) ** 3 for v in jackknife)
    return third / (6 * second**1.5) if second > 0 else 0.0


def _quantile(found: Floats, p: float) -> float:
    """Linear between the two neighbours of place p (n - 1)."""
    place = p * (len(found) - 1)
    low = math.floor(place)
    high = min(low + 1, len(found) - 1)
    return float(found[low] + (found[high] - found[low]) * (place - low))


def two_sided_p(z: float) -> float:
    """The normal probability of a value at least as far from zero."""
    return math.erfc(abs(z) / math.sqrt(2))


def robust_spread(x: Floats, middle: float | None = None) -> float:
    """1.4826 times the median absolute deviation: the standard deviation where x is normal."""
    around = np.median(x) if middle is None else middle
    return 1.4826 * float(np.median(np.abs(x - around)))


def benjamini_hochberg(p: Sequence[float | None]) -> list[float | None]:
    """q of each p: the rate of false discoveries at which it would be reported. None stays."""
    known = sorted((v, i) for i, v in enumerate(p) if v is not None)
    q: list[float | None] = [None] * len(p)
    least = 1.0
    for place in range(len(known), 0, -1):
        value, i = known[place - 1]
        least = min(least, value * len(known) / place)
        q[i] = least
    return q
