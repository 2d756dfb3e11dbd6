"""The Poisson fit of a panel of hub x product x month with the three pairs of fixed effects.

mu = exp(a_hk + d_kt + l_ht). With such effects alone the Poisson pseudo maximum likelihood is where
the sums of mu by each pair equal those of the data; scaling by one pair after the other
(Deming and Stephan) goes there, and needs no solver. Zeros are data like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TOLERANCE = 1e-10
ROUNDS = 5_000


@dataclass(frozen=True)
class Series:
    """Monthly values by row; each row is one hub and one product, by their numbers."""

    values: Floats
    used: Bools
    hub: Ints
    product: Ints


@dataclass(frozen=True)
class Fit:
    """exp of the effects (0 where the data of a pair are all zero) and how the fit went.

    `n_separated`: observations of pairs that are all zero, fitted by zero exactly and left out.
    """

    row: Floats  # hub-product, by row
    product_month: Floats
    hub_month: Floats
    fitted: Floats
    n_obs: int
    n_separated: int
    converged: bool


class _Pair:
    """Sums and effects by row, by product and month, or by hub and month."""

    def __init__(self, group: Ints | None, n_months: int) -> None:
        self.n_months = n_months
        self.group = group
        if group is not None:
            self.n = int(group.max(initial=-1)) + 1
            self.cells = (group[:, None] * n_months + np.arange(n_months)[None, :]).ravel()

    def sums(self, x: Floats) -> Floats:
        if self.group is None:
            return np.asarray(x.sum(axis=1, keepdims=True))
        flat = np.bincount(self.cells, x.ravel(), self.n * self.n_months)
        return np.asarray(flat.reshape(self.n, self.n_months), dtype=np.float64)

    def spread(self, x: Floats) -> Floats:
        return x if self.group is None else x[self.group]


def fit(series: Series, *, rounds: int = ROUNDS, tolerance: float = TOLERANCE) -> Fit:
    """Fit the observations that are `used`."""
    months = series.values.shape[1]
    pairs = [_Pair(g, months) for g in (None, series.product, series.hub)]
    inside = _separate(series, pairs)
    y = np.where(inside, series.values, 0.0)
    sums = [p.sums(y) for p in pairs]
    effects = [(s > 0).astype(np.float64) for s in sums]
    mu = inside.astype(np.float64)
    converged = not inside.any()
    for _ in range(rounds):
        if converged:
            break
        furthest = 0.0
        for i, pair in enumerate(pairs):
            now, held = pair.sums(mu), sums[i] > 0
            scale = np.where(held, sums[i] / np.where(now > 0, now, 1.0), 0.0)
            furthest = max(furthest, float(np.abs(scale[held] - 1).max(initial=0.0)))
            effects[i] = effects[i] * scale
            mu = mu * pair.spread(scale)
        converged = furthest < tolerance
    row, product_month, hub_month = effects
    fitted = row * product_month[series.product] * hub_month[series.hub]
    n = int(inside.sum())
    return Fit(
        row[:, 0], product_month, hub_month, fitted, n, int(series.used.sum()) - n, converged
    )  # fmt: skip


def _separate(series: Series, pairs: list[_Pair]) -> Bools:
    """Leave out observations of a pair that holds zeros alone, until none is left."""
    inside = series.used.copy()
    while True:
        y = np.where(inside, series.values, 0.0)
        keep = inside.copy()
        for pair in pairs:
            keep &= pair.spread(pair.sums(y)) > 0
        if (keep == inside).all():
            return inside
        inside = keep


def months_ahead(done: Fit, hub: int, others: Floats, base: list[int], now: list[int]) -> Floats:
    """What a hub held out of the months `now` is expected to have, by product and month, but for
    its hub-product effects: the products' effects of `now` from the others, and its hub-month
    effects of `base`, month by month, or their mean where the months do not pair up.

    Effects by month are known up to a factor a month. It is fixed where the weighted mean of the
    others' log hub-month effects is zero (`others`: weights by hub, 0 for those left out), so that
    what the others have in common is in the products' effects. NaN where an effect is not known.
    """
    months = [*base, *now]
    weight = np.where((done.hub_month[:, months] > 0).all(axis=1), others, 0.0)
    own = done.hub_month[hub, base]
    if weight.sum() <= 0 or not (own > 0).any():
        return np.full((done.product_month.shape[0], len(now)), np.nan)
    logs = np.log(np.where(done.hub_month > 0, done.hub_month, 1.0))
    common = (weight / weight.sum()) @ logs
    levels = (logs[hub] - common)[base]
    if len(base) != len(now) or not (own > 0).all():
        levels = np.full(len(now), levels[own > 0].mean())
    return np.asarray(done.product_month[:, now] * np.exp(common[now] + levels)[None, :])
