"""Two rules for what lies outside: Hidiroglou-Berthelot for changes, MAD for a cross-section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from provexpo.metrics.statistics import robust_spread
from provexpo.signals.screen import SLACK

_NORMAL_MAD = 0.6745


@dataclass(frozen=True)
class Bounds:
    """C, U and A of the rule of Hidiroglou and Berthelot."""

    c: float = 4.0
    u: float = 0.5
    a: float = 0.05


@dataclass(frozen=True)
class Judged:
    """The scores of one group, its bounds (None: no bound on that side), and who lies outside."""

    scores: list[float | None]
    lower: float | None
    upper: float | None
    flags: list[bool | None]


def hidiroglou_berthelot(ratios: Sequence[float], sizes: Sequence[float], bounds: Bounds) -> Judged:
    """Scores and bounds of the changes of one group (methods 5.3 a)."""
    r, size = np.asarray(ratios, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    median = float(np.median(r))
    s = np.where(r < median, 1 - median / r, r / median - 1)
    e = s * size**bounds.u
    q1, middle, q3 = (float(q) for q in np.quantile(e, [0.25, 0.5, 0.75]))
    least = abs(bounds.a * middle)
    mad = robust_spread(e, middle)
    down, up = (d if d > SLACK else mad for d in (max(middle - q1, least), max(q3 - middle, least)))
    lower = middle - bounds.c * down if down > SLACK else None
    upper = middle + bounds.c * up if up > SLACK else None
    flags: list[bool | None] = [
        bool((lower is not None and v < lower - SLACK) or (upper is not None and v > upper + SLACK))
        for v in e
    ]
    return Judged([float(v) for v in e], lower, upper, flags)


def modified_z(unit_values: Sequence[float], cutoff: float) -> Judged:
    """The modified z of logarithms of one group (methods 5.3 b); no score where the MAD is zero."""
    y = np.log(np.asarray(unit_values, dtype=np.float64))
    middle = float(np.median(y))
    mad = float(np.median(np.abs(y - middle)))
    if mad <= SLACK:
        return Judged([None] * len(y), None, None, [None] * len(y))
    z = _NORMAL_MAD * (y - middle) / mad
    flags: list[bool | None] = [bool(abs(v) > cutoff + SLACK) for v in z]
    return Judged([float(v) for v in z], -cutoff, cutoff, flags)
