"""One cross-section of points in figures: correlations, lines, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from provexpo.metrics.statistics import Fit, bca_interval, fit, left_out, permutation_p, spearman

SIGNIFICANT = 0.05

_FLOATS = ("r", "rho", "r_w", "slope", "slope_w", "p_perm", "ci_lo", "ci_hi", "loo_min", "loo_max")
_WHO = ("loo_min_who", "loo_min_who_name", "loo_max_who", "loo_max_who_name", "driver",
        "driver_name")  # fmt: skip
COLUMNS: dict[str, Any] = {
    "measure": pl.String,
    **dict.fromkeys(_FLOATS, pl.Float64),
    **dict.fromkeys(_WHO, pl.String),
    "n": pl.Int64,
    "n_small_base": pl.Int64,
    "r_ex_small": pl.Float64,
    "sign_stable": pl.Boolean,
    "r_prior": pl.Float64,
    "related": pl.Boolean,
}


@dataclass(frozen=True)
class Point:
    """A province: how much it depended (x), how its sales changed (y), and its weight."""

    who: str
    x: float
    y: float
    weight: float
    small: bool
    x_prior: float | None


def relation(points: Sequence[Point], measure: str, names: Mapping[str, str]) -> dict[str, Any]:
    """The row of one measure; `_intercept` belongs to the line and is no column."""
    x, y = [p.x for p in points], [p.y for p in points]
    plain, weighted = fit(x, y), fit(x, y, [p.weight for p in points])
    p_perm, interval = permutation_p(x, y), bca_interval(x, y)
    lows = _leave_one_out(points, plain, names)
    agrees = plain.r is not None and weighted.r is not None and plain.r * weighted.r > 0
    known = plain.r is not None and lows["sign_stable"] is not None and p_perm is not None
    related = lows["sign_stable"] and p_perm is not None and p_perm < SIGNIFICANT and agrees
    return {
        "measure": measure,
        "r": plain.r,
        "rho": spearman(x, y),
        "r_w": weighted.r,
        "slope": plain.slope,
        "slope_w": weighted.slope,
        "p_perm": p_perm,
        "ci_lo": interval[0] if interval else None,
        "ci_hi": interval[1] if interval else None,
        **lows,
        "n": len(points),
        "n_small_base": sum(p.small for p in points),
        "r_ex_small": _of([p for p in points if not p.small]).r,
        "r_prior": _prior(points),
        "related": bool(related) if known else None,
        "_intercept": plain.intercept,
    }


def _of(points: Sequence[Point]) -> Fit:
    return fit([p.x for p in points], [p.y for p in points])


def _prior(points: Sequence[Point]) -> float | None:
    """The correlation with the dependence of the year before."""
    held = [(p.x_prior, p.y) for p in points if p.x_prior is not None]
    return fit([x for x, _ in held], [y for _, y in held]).r


def _leave_one_out(points: Sequence[Point], whole: Fit, names: Mapping[str, str]) -> dict[str, Any]:
    """The range of r without one province, who gives either end, and who moves r most."""
    found = left_out([p.x for p in points], [p.y for p in points])
    held = [(r, p.who) for r, p in zip(found, points) if r is not None]
    if whole.r is None or not held:
        return dict.fromkeys(("loo_min", "loo_max", *_WHO, "sign_stable"))
    r = whole.r
    low, high = min(held), min(held, key=lambda pair: (-pair[0], pair[1]))
    driver = min(held, key=lambda pair: (-round(abs(pair[0] - r), 12), pair[1]))
    who = {"loo_min_who": low[1], "loo_max_who": high[1], "driver": driver[1]}
    return {
        "loo_min": low[0],
        "loo_max": high[0],
        **who,
        **{f"{column}_name": names.get(code) for column, code in who.items()},
        "sign_stable": len(held) == len(points) and all(v * r > 0 for v, _ in held),
    }
