"""Gravity residuals: the example of methods 4.7, statsmodels, planted worlds, what is missing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.periods import shift
from provexpo.signals.gravity_fit import Fit, Series, fit, months_ahead

M = 1_000_000
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]
NOW, BASE, FIRST = 202507, 202407, 202307  # 24 months before the window


def at(period: int, table: dict[tuple[str, str], float]) -> list[dict[str, Any]]:
    return [
        {"partner": h, "product": k, "period": period, "value": round(v * M)}
        for (h, k), v in table.items()
        if v
    ]


PHONE, REST = "851713", "640399"
BEFORE = {("VNM", PHONE): 20, ("VNM", REST): 80, ("DEU", PHONE): 80, ("DEU", REST): 820}
AFTER = {("VNM", PHONE): 50, ("VNM", REST): 80, ("DEU", PHONE): 60, ("DEU", REST): 860}


def test_the_worked_example(desk: Desk, planted_part: Make, row: Make, near: Make) -> None:
    """The product grew by 1.1, the hub by 1.3, all by 1.05; the United States are left out."""
    us = {("USA", PHONE): 500, ("USA", REST): 100}
    rows = [*at(BASE, BEFORE | us), *at(NOW, AFTER | {("USA", PHONE): 1, ("USA", REST): 900})]
    result = pe.gravity_residual(desk([planted_part(rows)]), during="2025-07")
    found = row(result, product=PHONE)
    assert near(found["expected"] / M, 27.238095, 6)
    assert near(found["resid_ratio"], 0.835664, 6)
    assert (found["method"], found["z"], found["n_obs"]) == ("two_way", None, None)
    assert set(result.frame["partner"]) == {"VNM"}  # hubs alone have rows


def panel(seed: int, *, zeros: float = 0.0) -> np.ndarray[Any, Any]:
    """hub x product x month, 27 months: 24 before and 3 in the window."""
    rng = np.random.default_rng(seed)
    y = np.exp(rng.normal(3, 1, (6, 4, 1)) + rng.normal(0, 0.3, (6, 4, 27)))
    y = np.round(y * 1000)
    return np.where(rng.random(y.shape) < zeros, 0, y)


PARTNERS = ("VNM", "THA", "DEU", "FRA", "JPN", "BRA")
PRODUCTS = ("851713", "640399", "940161", "610910")
HUBS = (0, 1)


def rows_of(y: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    return [
        {"partner": p, "product": k, "period": shift(FIRST, t), "value": int(y[i, j, t])}
        for i, p in enumerate(PARTNERS)
        for j, k in enumerate(PRODUCTS)
        for t in range(y.shape[2])
        if y[i, j, t]
    ]


def held_out(y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    used = np.ones(y.shape, bool)
    used[list(HUBS), :, 24:] = False
    return used


def fitted(
    y: np.ndarray[Any, Any], used: np.ndarray[Any, Any], **options: Any
) -> tuple[Fit, np.ndarray[Any, Any]]:
    h, k, t = y.shape
    hub, product = np.repeat(np.arange(h), k), np.tile(np.arange(k), h)
    series = Series(y.reshape(h * k, t).astype(float), used.reshape(h * k, t), hub, product)
    done = fit(series, **options)
    return done, done.fitted.reshape(y.shape)


def ahead(
    done: Fit, weight: np.ndarray[Any, Any], base: list[int], now: list[int]
) -> np.ndarray[Any, Any]:
    """What the first hub is expected to have, by product and month."""
    months = months_ahead(done, 0, weight.astype(float), base, now)
    return np.asarray(done.row[: len(months), None] * months)


@pytest.mark.parametrize(("seed", "zeros"), [(1, 0.0), (2, 0.1)])
def test_the_fit_is_that_of_statsmodels(seed: int, zeros: float) -> None:
    """Poisson regression with a dummy for each pair, iteratively reweighted least squares."""
    sm = pytest.importorskip("statsmodels.api")
    y = panel(seed, zeros=zeros)[:4, :3, 15:]  # nine months before the window
    used = held_out(panel(seed))[:4, :3, 15:]
    done, ours = fitted(y, used)
    assert done.converged and done.n_separated == 0 and done.n_obs == used.sum()
    cells = np.argwhere(used)
    h, k, t = y.shape
    design = np.zeros((len(cells), h * k + k * t + h * t))
    for n, (i, j, m) in enumerate(cells):
        design[n, [i * k + j, h * k + j * t + m, h * k + k * t + i * t + m]] = 1
    # Only independent columns: the dummies of one pair add up to those of another.
    kept = independent(design)
    model = sm.GLM(y[used], design[:, kept], family=sm.families.Poisson())
    found = model.fit(maxiter=200, tol=1e-13)
    assert np.allclose(ours[used], found.fittedvalues, rtol=1e-6)
    # The hub's expectation, from the coefficients of that regression.
    every = np.zeros(design.shape[1])
    every[kept] = found.params
    a, d, ell = np.split(every, [h * k, h * k + k * t])
    a, d, ell = a.reshape(h, k), d.reshape(k, t), ell.reshape(h, t)
    weight = np.where(used, y, 0)[:, :, :9].sum(axis=(1, 2))
    weight[list(HUBS)] = 0
    common = weight @ ell / weight.sum()
    base, now = [0, 1, 2], [9, 10, 11]
    level = (ell[0] - common)[base]
    want = np.exp(a[0][:, None] + d[:, now] + (common[now] + level)[None, :])
    assert np.allclose(ahead(done, weight, base, now), want, rtol=1e-5)
    # Months that do not pair up: the mean of the logs.
    mean = np.exp(a[0][:, None] + d[:, now] + (common[now] + np.mean(level[:2]))[None, :])
    short = ahead(done, weight, base[:2], now)
    assert np.allclose(short, mean, rtol=1e-5)


def independent(design: np.ndarray[Any, Any]) -> list[int]:
    """Columns that none of the earlier ones makes up (Gram-Schmidt)."""
    basis: list[np.ndarray[Any, Any]] = []
    kept = []
    for i, column in enumerate(design.T):
        rest = column.astype(float)
        for _ in range(2):
            for b in basis:
                rest = rest - (b @ rest) * b
        if np.linalg.norm(rest) > 1e-8:
            basis.append(rest / np.linalg.norm(rest))
            kept.append(i)
    return kept


def test_the_sums_by_pair_are_those_of_the_data() -> None:
    """The first-order conditions of the Poisson likelihood, zeros and gaps included."""
    y, used = panel(3, zeros=0.2), held_out(panel(3))
    _, ours = fitted(y, used)
    for axis in range(3):
        sums = np.where(used, ours, 0).sum(axis=axis)
        assert np.allclose(sums, np.where(used, y, 0).sum(axis=axis), rtol=1e-8)


def test_pairs_of_zeros_alone_are_left_out() -> None:
    y, used = panel(4), held_out(panel(4))
    y[2, 1, :] = 0
    done, ours = fitted(y, used)
    assert (done.n_separated, done.converged) == (27, True)
    assert done.n_obs == used.sum() - 27
    assert not ours[2, 1].any()
    assert fitted(np.zeros((2, 2, 3)), np.ones((2, 2, 3), bool))[0].n_obs == 0


def test_a_fit_that_does_not_end_in_time_says_so() -> None:
    assert not fitted(panel(1), held_out(panel(1)), rounds=1)[0].converged


def multiplicative(factor: float = 1.0) -> np.ndarray[Any, Any]:
    """Exact a_hk d_kt l_ht; the hub's phones are `factor` times that in the window."""
    rng = np.random.default_rng(9)
    a, d, ell = (np.exp(rng.normal(0, 0.5, s)) for s in ((6, 4), (4, 27), (6, 27)))
    ell[:, 24:] = ell[:, 12:15]  # the window has the hub-months of a year before
    y = a[:, :, None] * d[None, :, :] * ell[:, None, :]
    y[0, 0, 24:] *= factor
    return np.asarray(np.round(y * 1e9))


def test_a_planted_excess_and_no_excess(desk: Desk, planted_part: Make, row: Make) -> None:
    for factor in (1.8, 1.0):
        trade = desk([planted_part(rows_of(multiplicative(factor)))])
        result = pe.gravity_residual(trade, during="2025-07/2025-09", hubs=["VNM", "THA"])
        for r in result.frame.to_dicts():
            planted = (r["partner"], r["product"]) == ("VNM", PRODUCTS[0])
            want = factor - 1 if planted else 0.0
            assert r["resid_ratio"] == pytest.approx(want, abs=1e-6), r
            assert (r["method"], r["converged"], r["n_separated"]) == ("ppml", True, 0)
            assert r["n_obs"] == 6 * 4 * 24 + 4 * 4 * 3
        if factor > 1:
            assert row(result, partner="VNM", product=PRODUCTS[0])["rank"] == 1


def test_z_is_the_distance_from_the_months_before(
    desk: Desk, planted_part: Make, row: Make
) -> None:
    y = panel(5)
    trade = desk([planted_part(rows_of(y))])
    found = row(
        pe.gravity_residual(trade, during="2025-07/2025-09", hubs=["VNM", "THA"]),
        partner="VNM", product=PRODUCTS[0],
    )  # fmt: skip
    _, ours = fitted(y, held_out(y))
    ratios = [y[0, 0, m : m + 3].sum() / ours[0, 0, m : m + 3].sum() - 1 for m in range(22)]
    want = (found["resid_ratio"] - np.mean(ratios)) / np.std(ratios, ddof=1)
    assert found["z"] == pytest.approx(want)
    assert found["resid_ratio"] == pytest.approx(found["value"] / found["expected"] - 1)


def test_the_two_way_expectation_of_a_random_world(desk: Desk, planted_part: Make) -> None:
    rng = random.Random(6)
    base = {(h, k): float(rng.randrange(1, 90)) for h in PARTNERS for k in PRODUCTS}
    now = {key: float(rng.randrange(1, 90)) for key in base}
    trade = desk([planted_part([*at(BASE, base), *at(NOW, now)])])
    result = pe.gravity_residual(trade, during="2025-07", method="two_way", hubs=["VNM", "THA"])
    assert result.frame.height == 8
    for r in result.frame.to_dicts():
        h, k = r["partner"], r["product"]
        product = sum(now[p, k] for p in PARTNERS) / sum(base[p, k] for p in PARTNERS)
        hub = sum(now[h, c] for c in PRODUCTS) / sum(base[h, c] for c in PRODUCTS)
        want = base[h, k] * product * hub / (sum(now.values()) / sum(base.values()))
        assert r["expected"] / M == pytest.approx(want)
        assert r["resid_ratio"] == pytest.approx(now[h, k] / want - 1)


def test_pairs_without_a_base(desk: Desk, planted_part: Make, row: Make, said: Make) -> None:
    rows = [*at(BASE, BEFORE), *at(NOW, {**AFTER, ("THA", PHONE): 7})]
    result = pe.gravity_residual(desk([planted_part(rows)]), during="2025-07")
    found = row(result, partner="THA")
    assert (found["status"], found["expected"], found["resid_ratio"]) == ("new", None, None)
    assert said(result, "no_base")
    gone = [*at(BASE, BEFORE), *at(NOW, {**AFTER, ("VNM", PHONE): 0})]
    found = row(pe.gravity_residual(desk([planted_part(gone)]), during="2025-07"), product=PHONE)
    assert (found["status"], found["resid_ratio"]) == ("exit", -1.0)


def test_windows_that_are_not_covered(desk: Desk, planted_part: Make) -> None:
    trade = desk([planted_part(at(NOW, AFTER))])
    for r in pe.gravity_residual(trade, during="2025-07").frame.to_dicts():
        assert (r["status"], r["reason"]) == ("missing", "base_uncovered")
        assert (r["expected"], r["resid_ratio"], r["z"]) == (None, None, None)


def test_a_list_of_partners_that_was_declared(desk: Desk, planted_part: Make, said: Make) -> None:
    """All other buyers are part of what is expected."""
    rows = [*at(BASE, BEFORE), *at(NOW, AFTER)]
    part = planted_part(rows, partners=("VNM", "DEU"))
    result = pe.gravity_residual(desk([part]), during="2025-07")
    assert result.frame["resid_ratio"].is_null().all()
    assert said(result, "scope")


def test_few_months_before(desk: Desk, planted_part: Make, said: Make) -> None:
    rows = [r for r in rows_of(panel(1)) if r["period"] >= 202312]
    trade = desk([planted_part(rows)])
    result = pe.gravity_residual(trade, during="2025-07/2025-09", hubs=["VNM", "THA"])
    assert set(result.frame["method"]) == {"two_way"}
    assert "24" in said(result, "method")
    with pytest.raises(CallError, match="19 months"):
        pe.gravity_residual(trade, during="2025-07/2025-09", method="ppml")


def test_refused_calls(desk: Desk, planted_part: Make) -> None:
    trade = desk([planted_part([*at(BASE, BEFORE), *at(NOW, AFTER)])])
    for words, text in (
        ({"method": "ols"}, "method"), ({"flow": "total"}, "one flow"),
        ({"partner": None}, "one market"), ({"hubs": "not US"}, "hubs="), ({"hubs": "US"}, "hub"),
    ):  # fmt: skip
        with pytest.raises(CallError, match=text):
            pe.gravity_residual(trade, during="2025-07", **words)
    nation = desk([planted_part([{"period": p, "value": 1} for p in (BASE, NOW)])])
    with pytest.raises(CoverageError, match="partner"):
        pe.gravity_residual(nation, during="2025-07")


def test_replay_and_words(desk: Desk, planted_part: Make) -> None:
    trade = desk([planted_part(rows_of(panel(1)))])
    result = pe.gravity_residual(trade, during="2025-07/2025-09", hubs="VNM", method="ppml")
    assert pe.replay(result.receipt).frame.equals(result.frame)
    for lang, word in (("en", "expected"), ("zh", "预期")):
        assert word in str(pe.say(result, lang=lang))


def test_january_and_february_in_one(desk: Desk, planted_part: Make) -> None:
    """Both together are one observation: a fit that is exact stays so."""
    rows, joined = [], {}
    for r in rows_of(multiplicative(1.5)):
        if r["period"] % 100 > 2:
            rows.append(r)
            continue
        key = (r["partner"], r["product"], r["period"] // 100 * 100 + 2)
        held = joined.setdefault(key, {**r, "period": key[2], "months": 2, "value": 0})
        held["value"] += r["value"]
    trade = desk([planted_part([*rows, *joined.values()])])
    result = pe.gravity_residual(
        trade, during="2025-07/2025-09", hubs=["VNM", "THA"], method="two_way"
    )
    assert set(result.frame["status"]) == {"ok"}
    # 22 observations before are fewer than 24 months.
    short = pe.gravity_residual(trade, during="2025-07/2025-09", hubs=["VNM", "THA"])
    assert set(short.frame["method"]) == {"two_way"}
