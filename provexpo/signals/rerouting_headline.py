"""How much more often the two-leg pattern stands in taxed products than in others, less the same
in placebo years. It is the excess of a pattern, not of rerouting: substitution and assembly within
one code are answers to a tariff as well."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from provexpo.metrics.seeded import draws
from provexpo.signals.rerouting_rules import SMALL_WEDGE

RESAMPLES = 2_000
SEED = 20_250_410
MIN_CLUSTERS = 30
HS4 = 4
_DECIMALS = 10
_GROUPS = ("treated", "control", "placebo_treated", "placebo_control")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SCHEMA: dict[str, Any] = {
    "excess": pl.Float64, "ci_lo": pl.Float64, "ci_hi": pl.Float64,
    **{f"share_{g}": pl.Float64 for g in _GROUPS},
    **{f"n_{g}": pl.Int64 for g in _GROUPS},
    **{f"flagged_{g}": pl.Int64 for g in _GROUPS},
    "n_clusters": pl.Int64,
}  # fmt: skip


def headline(scored: pl.DataFrame, *, level: int, seed: int = SEED) -> pl.DataFrame:
    """One row: shares of judged cells (both legs at least min_value, and a z) that have the
    pattern of medium confidence, by treated (wedge of 5 points or more) and control.

    NULL where a group is empty; the interval also with fewer than 30 HS4 headings, or products
    coarser than HS4.
    """
    judged = scored.filter(
        pl.col("pattern").is_not_null() & pl.col("g4") & pl.col("wedge").is_not_null()
    )
    counts, flagged = _counts(judged, level)
    row: dict[str, Any] = dict.fromkeys(SCHEMA)
    n, hits = counts.sum(axis=1), flagged.sum(axis=1)
    for i, g in enumerate(_GROUPS):
        row |= {f"n_{g}": int(n[i]), f"flagged_{g}": int(hits[i])}
        row[f"share_{g}"] = int(hits[i]) / int(n[i]) if n[i] else None
    clusters = counts.shape[1]
    row["n_clusters"] = clusters
    if n.all():
        row["excess"] = float(_excess(n[:, None], hits[:, None])[0])
        if level >= HS4 and clusters >= MIN_CLUSTERS:
            row["ci_lo"], row["ci_hi"] = _interval(counts, flagged, seed)
    return pl.DataFrame([row], schema=SCHEMA)


def _counts(judged: pl.DataFrame, level: int) -> tuple[Ints, Ints]:
    """Cells and flagged cells by group (rows) and cluster of products (columns)."""
    width = 10 ** max(level - HS4, 0)
    keys = (judged["family"] // width).to_numpy()
    found, cluster = np.unique(keys, return_inverse=True)
    group = (
        np.where(judged["pair"].to_numpy() == 0, 0, 2)
        + np.where(judged["wedge"].to_numpy() >= SMALL_WEDGE, 0, 1)
    )  # fmt: skip
    counts = np.zeros((4, len(found)), dtype=np.int64)
    flagged = np.zeros_like(counts)
    np.add.at(counts, (group, cluster), 1)
    np.add.at(flagged, (group, cluster), judged["pattern"].cast(pl.Int64).to_numpy())
    return counts, flagged


def _excess(n: Ints, hits: Ints) -> Floats:
    share = hits / np.maximum(n, 1)
    return np.asarray(share[0] - share[1] - (share[2] - share[3]), dtype=np.float64)


def _interval(counts: Ints, flagged: Ints, seed: int) -> tuple[float, float]:
    size = counts.shape[1]
    drawn = draws(size, RESAMPLES, seed)
    # Whole numbers throughout: how often each cluster was drawn, times its counts.
    times = np.stack([np.bincount(row, minlength=size) for row in drawn], axis=1)
    low, high = np.quantile(_excess(counts @ times, flagged @ times), [0.025, 0.975])
    return round(float(low), _DECIMALS), round(float(high), _DECIMALS)
