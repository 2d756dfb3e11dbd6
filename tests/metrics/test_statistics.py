"""Correlations, permutations, intervals and shift-share errors, against other computations."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provexpo.metrics.seeded import draws, every_order, shuffles
from provexpo.metrics.statistics import (
    bca_interval,
    benjamini_hochberg,
    doubled_ranks,
    fit,
    left_out,
    permutation_p,
    spearman,
    two_sided_p,
)

NUMBERS = st.lists(st.integers(-1000, 1000), min_size=4, max_size=12)


@given(NUMBERS, st.randoms(use_true_random=False))
def test_the_order_of_points_changes_no_bit(x: list[int], rng: random.Random) -> None:
    y = [rng.uniform(-1, 1) for _ in x]
    w = [rng.uniform(0.1, 5) for _ in x]
    order = list(range(len(x)))
    rng.shuffle(order)
    again = fit(*([v[i] for i in order] for v in (x, y, w)))
    assert again == fit(x, y, w)


@given(NUMBERS, st.randoms(use_true_random=False))
def test_correlation_bounds_and_affine_invariance(x: list[int], rng: random.Random) -> None:
    y = [rng.randint(-1000, 1000) / 1000 for _ in x]
    r = fit(x, y).r
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert r is None
        return
    assert r is not None and -1 <= r <= 1
    assert fit([3 * v + 7 for v in x], [-2 * v + 1 for v in y]).r == pytest.approx(-r, abs=1e-9)
    assert fit(x, x).r == pytest.approx(1)


def test_fit_against_numpy() -> None:
    rng = np.random.default_rng(3)
    x, y, w = rng.normal(size=31), rng.normal(size=31), rng.uniform(0.1, 9, size=31)
    plain = fit(x.tolist(), y.tolist())
    assert plain.r == pytest.approx(np.corrcoef(x, y)[0, 1])
    slope, intercept = np.polyfit(x, y, 1)
    assert (plain.slope, plain.intercept) == (pytest.approx(slope), pytest.approx(intercept))
    weighted = fit(x.tolist(), y.tolist(), w.tolist())
    cov = np.cov(x, y, aweights=w)
    assert weighted.r == pytest.approx(cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1]))
    assert weighted.slope == pytest.approx(np.polyfit(x, y, 1, w=np.sqrt(w))[0])
    assert left_out(x.tolist(), y.tolist())[4] == pytest.approx(
        np.corrcoef(np.delete(x, 4), np.delete(y, 4))[0, 1]
    )


def test_ranks_share_ties() -> None:
    assert doubled_ranks([3.0, 1.0, 3.0, 2.0]).tolist() == [7, 2, 7, 4]
    assert spearman([1, 2, 3, 4], [10, 20, 30, 5]) == pytest.approx(-0.2)


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_every_order_is_every_order(n: int) -> None:
    assert {tuple(row) for row in every_order(n).tolist()} == set(itertools.permutations(range(n)))
    assert len(every_order(n)) == math.factorial(n)


def test_shuffles_and_draws_are_fair_and_the_same_again() -> None:
    rows = shuffles(4, 24_000, 1)
    assert (np.sort(rows, axis=1) == np.arange(4)).all()
    counts = np.unique(rows, axis=0, return_counts=True)[1]
    assert len(counts) == 24 and abs(counts - 1000).max() < 5 * math.sqrt(1000)
    drawn = draws(5, 20_000, 1)
    assert (drawn.min(), drawn.max()) == (0, 4)
    share = np.bincount(drawn.ravel()) / drawn.size
    assert abs(share - 0.2).max() < 5 * math.sqrt(0.2 * 0.8 / drawn.size)
    assert (shuffles(4, 100, 1) == rows[:100]).all()
    assert (shuffles(4, 100, 2) != rows[:100]).any()


def test_permutation_p_against_another_stream() -> None:
    rng = random.Random(5)
    x = [rng.gauss(0, 1) for _ in range(20)]
    y = [a * 0.4 + rng.gauss(0, 1) for a in x]
    whole = abs(spearman(x, y) or 0)
    hits = sum(abs(spearman(x, rng.sample(y, len(y))) or 0) >= whole - 1e-12 for _ in range(4000))
    p = permutation_p(x, y)
    assert p is not None
    assert abs(p - hits / 4000) < 5 * math.sqrt(max(p * (1 - p), 1e-4) / 4000)
    assert permutation_p(x, y) == p
    assert permutation_p(x, [1.0] * 20) is None


def test_bca_against_scipy() -> None:
    stats = pytest.importorskip("scipy.stats", reason="only a check against another library")
    rng = np.random.default_rng(11)
    x = rng.normal(size=31)
    y = -0.4 * x + rng.normal(size=31)
    found = bca_interval(x.tolist(), y.tolist())
    other = stats.bootstrap(
        (x, y), lambda a, b: stats.pearsonr(a, b)[0], paired=True, vectorized=False,
        n_resamples=9999, method="BCa", random_state=1,
    ).confidence_interval  # fmt: skip
    assert found is not None
    assert found[0] == pytest.approx(other.low, abs=0.03)
    assert found[1] == pytest.approx(other.high, abs=0.03)


def test_bca_mirrors_and_needs_points() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=25).tolist(), rng.normal(size=25).tolist()
    low, high = bca_interval(x, y) or (0, 0)
    assert -1 <= low < high <= 1
    mirrored = bca_interval(x, [-v for v in y]) or (0, 0)
    assert mirrored == (pytest.approx(-high, abs=1e-9), pytest.approx(-low, abs=1e-9))
    assert bca_interval(x[:4], y[:4]) is None
    assert bca_interval(x, x) is None


def test_normal_p_and_discovery_rates() -> None:
    assert two_sided_p(1.959963985) == pytest.approx(0.05)
    assert two_sided_p(-1.959963985) == pytest.approx(0.05)
    # By hand: 4 p; sorted .01 .02 .03 .5 times 4 over rank: .04 .04 .04 .5
    assert benjamini_hochberg([0.03, 0.5, None, 0.01, 0.02]) == [
        pytest.approx(0.04), 0.5, None, pytest.approx(0.04), pytest.approx(0.04),
    ]  # fmt: skip
    assert benjamini_hochberg([]) == []
