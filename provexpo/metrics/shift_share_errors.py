"""Standard errors for a regression on a shift-share, as in predicted growth (methods 1.7).

Provinces with a like product mix have like errors, so the usual errors are too small; these let
the errors of provinces go together through the shares (Adao, Kolesar and Morales 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from provexpo.errors import CallError

Floats = NDArray[np.float64]
_RANK = 1e-10


@dataclass(frozen=True)
class ShiftShareFit:
    """The coefficient of the shift-share, and its standard error."""

    beta: float
    se: float
    n: int
    n_shocks: int


def akm_se(
    y: ArrayLike,
    shares: ArrayLike,
    shocks: ArrayLike,
    *,
    controls: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Sequence[object] | None = None,
) -> ShiftShareFit:
    """Regress y on X_i = sum_s w_is g_s and give the AKM standard error.

    X" is the residual of X on the controls, h the least squares coefficients of X" on the share
    matrix W, e the residual of y on X and the controls, all weighted with omega;
    R_s = h_s sum_i w_is omega_i e_i and se = sqrt(sum_s R_s^2) / sum_i omega_i X"_i^2. With
    clusters of shocks R_s is summed within a cluster before it is squared.

    Parameters
    ----------
    y : n outcomes, one a province.
    shares : n x K matrix W; fewer shocks than provinces, of full column rank.
    shocks : K common shocks g (not leave-one-out).
    controls : n x C matrix without a constant, which is always added; where shares do not sum to
        one their sum must be one of the controls (Borusyak, Hull and Jaravel).
    weights : n weights omega; default 1.
    cluster : K labels of the shocks.

    Returns
    -------
    ShiftShareFit
        beta, se, n, n_shocks.

    Raises
    ------
    CallError for sizes that do not fit, figures that are missing, a share matrix without full
    column rank, or an X that the controls explain.

    References
    ----------
    Adao, Kolesar and Morales (2019), Shift-Share Designs: Theory and Inference, QJE 134(4).

    Examples
    --------
    >>> y, w = [1.0, 2.0, 4.0, 5.0], [[0.9, 0.1], [0.5, 0.5], [0.3, 0.7], [0.1, 0.9]]
    >>> fit = akm_se(y, w, [0.0, 1.0])
    >>> round(fit.beta, 3), fit.n_shocks
    (5.143, 2)
    """
    outcome, w, g, z, omega, groups = _checked(y, shares, shocks, controls, weights, cluster)
    x = w @ g
    ones = np.column_stack([np.ones(len(outcome)), z])
    x_left = x - ones @ _solve(ones, x, omega)
    spread = float(omega @ x_left**2)
    if spread <= _RANK * max(float(omega @ x**2), _RANK):
        raise CallError("the controls explain the whole shift-share", where="akm_se(controls=)")
    if np.linalg.matrix_rank(w) < w.shape[1]:
        raise CallError(
            "the share matrix has no full column rank",
            where="akm_se(shares=)",
            expected="fewer shocks than provinces, none of them a mix of others",
            do="sum products up to sectors first",
        )
    beta = float(omega @ (x_left * outcome)) / spread
    whole = np.column_stack([x, ones])
    errors = outcome - whole @ _solve(whole, outcome, omega)
    parts = _solve(w, x_left, omega) * (w.T @ (omega * errors))
    summed = np.bincount(groups, weights=parts)
    se = float(np.sqrt((summed**2).sum()) / spread)
    return ShiftShareFit(beta, se, len(outcome), len(g))


def _solve(a: Floats, b: Floats, omega: Floats) -> Floats:
    """Weighted least squares coefficients of b on a."""
    root = np.sqrt(omega)
    return np.asarray(np.linalg.lstsq(a * root[:, None], b * root, rcond=None)[0])


def _checked(
    y: ArrayLike, shares: ArrayLike, shocks: ArrayLike, controls: ArrayLike | None,
    weights: ArrayLike | None, cluster: Sequence[object] | None,
) -> tuple[Floats, Floats, Floats, Floats, Floats, NDArray[np.int64]]:  # fmt: skip
    try:
        outcome, w, g = (np.asarray(v, dtype=float) for v in (y, shares, shocks))
        z = np.zeros((len(outcome), 0)) if controls is None else np.asarray(controls, float)
        omega = np.ones(len(outcome)) if weights is None else np.asarray(weights, float)
    except (TypeError, ValueError) as err:
        raise CallError(f"not a table of numbers: {err}", where="akm_se()") from err
    z = z[:, None] if z.ndim == 1 else z
    labels = list(range(len(g))) if cluster is None else list(cluster)
    n, k = len(outcome), len(g)
    if w.shape != (n, k) or len(z) != n or omega.shape != (n,) or len(labels) != k:
        raise CallError(
            f"the sizes do not fit: {n} outcomes, shares {w.shape}, {k} shocks, {len(z)} rows of"
            f" controls, {omega.size} weights, {len(labels)} clusters",
            where="akm_se()",
            expected="n outcomes, n x K shares, K shocks, n rows of controls and weights",
        )
    if not all(np.isfinite(v).all() for v in (outcome, w, g, z, omega)) or (omega < 0).any():
        raise CallError(
            "a figure is missing, infinite, or a weight negative",
            where="akm_se()",
            do="leave those provinces out, and say so",
        )
    if k >= n:
        raise CallError(
            f"{k} shocks for {n} provinces",
            where="akm_se(shares=)",
            expected="fewer shocks than provinces",
            do="sum products up to sectors first",
        )
    place = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    return outcome, w, g, z, omega, np.array([place[v] for v in labels], dtype=np.int64)
