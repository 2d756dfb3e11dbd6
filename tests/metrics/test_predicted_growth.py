"""What the product mix predicts: methods 1.7, and a plain Python computation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.metrics.shift_share_errors import akm_se
from provexpo.periods import Span

Row = dict[str, Any]
Plant = Callable[..., pe.Trade]
Cell = Callable[..., Any]
Close = Callable[[Any, float, int], bool]
NOW, BASE = 202407, 202307
# Methods 1.7: exports of shoes and phones to the US, base and now.
TOY = {"44": ((10, 70), (9, 63)), "35": ((20, 10), (14, 8)), "41": ((2, 8), (2, 10))}
PRODUCTS = ("64039900", "85171300")


def cells(province: str, product: str, base: float, now: float, partner: str = "USA") -> list[Row]:
    return [{"province": province, "partner": partner, "product": product, "period": m,
             "value": round(v)} for m, v in ((BASE, base), (NOW, now))]  # fmt: skip


def toy_rows(unit: int = 1_000_000) -> list[Row]:
    return [
        r for province, (before, after) in TOY.items()
        for product, base, now in zip(PRODUCTS, before, after)
        for r in cells(province, product, base * unit, now * unit)
    ]  # fmt: skip


@pytest.mark.parametrize("unit", [1, 1_000_000])
@pytest.mark.parametrize(
    ("province", "predicted", "actual"),
    [("44", -0.034091, -0.10), ("35", -0.076923, -0.266667), ("41", -0.136667, 0.20)],
)
def test_1_7_example(
    plant: Plant, cell: Cell, close: Close, unit: int, province: str, predicted: float,
    actual: float,
) -> None:  # fmt: skip
    result = pe.predicted_growth(plant(toy_rows(unit)), during="2024-07")
    assert close(cell(result, "predicted", province=province), predicted, 6)
    assert close(cell(result, "actual", province=province), actual, 6)
    assert close(cell(result, "gap", province=province), actual - predicted, 5)
    assert cell(result, "sum_shares", province=province) == 1
    assert cell(result, "n_shocks", province=province) == 2
    shoes = (10 / 80 + 20 / 30 + 2 / 10) / 3
    assert cell(result, "n_eff_shocks", province=province) == pytest.approx(
        1 / (shoes**2 + (1 - shoes) ** 2)
    )


def test_the_furthest_below_its_mix_ranks_first(plant: Plant) -> None:
    frame = pe.predicted_growth(plant(toy_rows()), during="2024-07").frame
    assert frame["province"].to_list() == ["35", "44", "41"]
    assert frame["rank"].to_list() == [1, 2, 3]


def test_a_product_that_nobody_else_sold_is_dropped_and_weights_stay(
    plant: Plant, cell: Cell, close: Close
) -> None:
    rows = toy_rows() + cells("44", "95030010", 20e6, 40e6) + cells("35", "95030010", 0, 5e6)
    result = pe.predicted_growth(plant(rows), during="2024-07")
    assert cell(result, "sum_shares", province="44") == 0.8
    assert close(cell(result, "predicted", province="44"), -0.034091 * 0.8, 6)
    assert cell(result, "actual", province="44") == pytest.approx(112 / 100 - 1)


def test_chapter_98_is_no_product(plant: Plant, cell: Cell, close: Close) -> None:
    rows = toy_rows() + cells("44", "98040000", 20e6, 0) + cells("35", "98040000", 10e6, 50e6)
    result = pe.predicted_growth(plant(rows), during="2024-07")
    assert cell(result, "sum_shares", province="44") == 0.8
    assert close(cell(result, "predicted", province="44"), -0.034091 * 0.8, 6)
    by_sector = pe.predicted_growth(plant(rows, store="b"), during="2024-07", level="sector")
    assert cell(by_sector, "sum_shares", province="44") == 0.8


def test_levels(plant: Plant, cell: Cell, codes: Callable[..., list[str]]) -> None:
    """Two headings of one chapter: by chapter they are one product."""
    rows = cells("44", "64039900", 10, 5) + cells("44", "64029900", 10, 20)
    rows += cells("35", "64039900", 10, 20) + cells("35", "64029900", 30, 20)
    trade = plant(rows)
    fine = pe.predicted_growth(trade, during="2024-07", min_base=0)
    assert cell(fine, "predicted", province="44") == pytest.approx(0.5 * 1 + 0.5 * -1 / 3)
    for level in ("HS2", "sector"):
        coarse = pe.predicted_growth(trade, during="2024-07", level=level)
        assert cell(coarse, "predicted", province="44") == 0
        assert pe.replay(coarse.receipt.to_json()).frame.equals(coarse.frame)
    chapters = plant([{**r, "product": r["product"][:2]} for r in toy_rows()], store="c")
    assert "columns" in codes(pe.predicted_growth(chapters, during="2024-07"))


def test_growth_from_next_to_nothing_is_told(plant: Plant, cell: Cell, codes: Any) -> None:
    rows = toy_rows() + cells("44", "95030010", 20e6, 20e6) + cells("35", "95030010", 10, 5e6)
    trade = plant(rows)
    result = pe.predicted_growth(trade, during="2024-07")
    assert [c.rows for c in result.caveats if c.code == "extreme"] == [1]
    strict = pe.predicted_growth(trade, during="2024-07", min_others=1000)
    assert "extreme" not in codes(strict)
    assert cell(strict, "sum_shares", province="44") == 0.8
    assert pe.replay(strict.receipt.to_json()).frame.equals(strict.frame)


def test_statuses(plant: Plant, finite: Callable[..., None]) -> None:
    rows = toy_rows() + cells("11", "64039900", 0, 5) + cells("12", "64039900", 5, 0)
    rows += cells("13", "64039900", -5, 4)
    result = pe.predicted_growth(plant(rows), during="2024-07", min_base=0)
    finite(result)
    found = {r["province"]: r for r in result.frame.to_dicts()}
    assert {p: found[p]["status"] for p in ("11", "12", "13")} == {
        "11": "new", "12": "exit", "13": "negative"
    }  # fmt: skip
    assert found["12"]["actual"] == -1 and found["12"]["predicted"] is not None
    for p in ("11", "13"):
        assert found[p]["predicted"] is None and found[p]["gap"] is None
        assert found[p]["sum_shares"] is None


def test_what_is_not_covered_is_missing(plant: Plant, finite: Callable[..., None]) -> None:
    result = pe.predicted_growth(plant(toy_rows()), during="2023-07")
    finite(result)
    assert set(result.frame["status"]) == {"missing"}
    for name in ("predicted", "actual", "gap", "sum_shares", "rank"):
        assert result.frame[name].null_count() == result.frame.height


def test_a_selection_of_provinces_keeps_the_others_growth(plant: Plant, cell: Cell) -> None:
    trade = plant(toy_rows())
    one = pe.predicted_growth(trade, province="35", during="2024-07")
    assert one.frame.height == 1
    whole = pe.predicted_growth(trade, during="2024-07")
    assert cell(one, "predicted") == cell(whole, "predicted", province="35")


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ({"partner": None}, CallError, "needs a partner"),
        ({"level": "HS3"}, CallError, "level"),
        ({"by": []}, CallError, "province or region"),
        ({"by": "sector"}, CallError, "province or region"),
        ({"min_others": -1}, CallError, "min_others"),
    ],
)
def test_wrong_words(plant: Plant, words: Row, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        pe.predicted_growth(plant(toy_rows()), during="2024-07", **words)


def test_a_store_without_products(plant: Plant) -> None:
    rows = [{k: v for k, v in r.items() if k != "product"} for r in cells("44", "1", 5, 4)]
    with pytest.raises((CoverageError, CallError)):
        pe.predicted_growth(plant(rows), during="2024-07")


@pytest.mark.parametrize("seed", [1, 2])
def test_against_loops(
    plant: Plant, worlds: dict[tuple[int, str], list[Row]], spans: list[Span], seed: int,
    finite: Callable[..., None],
) -> None:  # fmt: skip
    rows = worlds[seed, "export"]
    result = pe.predicted_growth(plant(rows, spans=spans), partner="not VNM", during="2024")
    finite(result)
    x: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for r in rows:
        if r["partner"] != "VNM" and r["period"] // 100 in (2023, 2024):
            x[r["province"], r["product"][:6]][r["period"] // 100 - 2023] += r["value"]
    found = {r["province"]: r for r in result.frame.to_dicts()}
    provinces = sorted({p for p, _ in x})
    mean: dict[str, float] = defaultdict(float)
    bases = {p: sum(v[0] for (q, _), v in x.items() if q == p) for p in provinces}
    for p in provinces:
        if not bases[p]:
            assert found[p]["predicted"] is None
            continue
        guess = used = 0.0
        for (q, k), (base, _) in x.items():
            others = [v for (m, j), v in x.items() if j == k and m != p]
            before, after = (sum(v[s] for v in others) for s in (0, 1))
            if q != p or not base or before <= 0 or k[:2] in ("98", "99"):
                continue
            guess += base / bases[p] * (after / before - 1)
            used += base / bases[p]
            mean[k] += base / bases[p]
        assert found[p]["predicted"] == pytest.approx(guess, rel=1e-6, abs=1e-9)
        assert found[p]["sum_shares"] == pytest.approx(used)
    n = sum(b > 0 for b in bases.values())
    assert result.frame["n_eff_shocks"][0] == pytest.approx(
        1 / sum((v / n) ** 2 for v in mean.values()), rel=1e-6
    )


def test_the_sample(sample: pe.Trade, finite: Callable[..., None]) -> None:
    calls: list[Row] = [{}, {"level": "HS2"}, {"by": "region"}, {"by": ["province", "quarter"]}]
    for words in calls:
        result = pe.predicted_growth(sample, during="2025-01/2025-07", **words)
        finite(result)
        assert set(result.units) == set(result.frame.columns)
        assert result.frame["sum_shares"].max() <= 1
        assert pe.replay(result.receipt.to_json()).frame.equals(result.frame)


# The standard error of a regression on a shift-share


def test_akm_by_hand() -> None:
    """Four provinces, two shocks 0 and 1, so X is the second share: every step with fractions."""
    second = np.array([0.1, 0.5, 0.7, 0.9])
    y = np.array([1.0, 2.0, 4.0, 5.0])
    left = second - 0.55  # -.45 -.05 .15 .35
    spread = 0.2025 + 0.0025 + 0.0225 + 0.1225  # .35
    beta = (-0.45 * 1 - 0.05 * 2 + 0.15 * 4 + 0.35 * 5) / spread  # 1.8 / .35
    errors = y - 3 - beta * left
    # X" on the shares (1 - s, s) without a constant: -.55 where s = 0 and .45 where s = 1.
    parts = [-0.55 * ((1 - second) @ errors), 0.45 * (second @ errors)]
    fit = akm_se(y, np.column_stack([1 - second, second]), [0.0, 1.0])
    assert fit.beta == pytest.approx(1.8 / 0.35)
    assert fit.se == pytest.approx(np.sqrt(parts[0] ** 2 + parts[1] ** 2) / spread, abs=1e-12)
    one = akm_se(y, np.column_stack([1 - second, second]), [0.0, 1.0], cluster=["a", "a"])
    assert one.se == pytest.approx(abs(parts[0] + parts[1]) / spread, abs=1e-12)
    assert (fit.n, fit.n_shocks) == (4, 2)


def whole_sectors(seed: int = 4) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    member = np.repeat(np.arange(6), 5)
    shares = np.eye(6)[member]
    return member, shares, rng.normal(size=6), rng.normal(size=30), rng.uniform(0.5, 3, size=30)


def test_akm_of_provinces_with_one_sector_each_is_clustered_by_sector() -> None:
    """Then the shares say which provinces go together, and the sandwich of any textbook comes."""
    member, shares, shocks, y, weights = whole_sectors()
    x = shares @ shocks
    design = np.column_stack([x, np.ones(30)])
    bread = np.linalg.inv(design.T @ (design * weights[:, None]))
    beta = bread @ design.T @ (weights * y)
    errors = weights * (y - design @ beta)
    meat = sum(
        np.outer(s, s) for k in range(6) for s in [design[member == k].T @ errors[member == k]]
    )
    fit = akm_se(y, shares, shocks, weights=weights)
    assert fit.beta == pytest.approx(beta[0])
    assert fit.se == pytest.approx(np.sqrt((bread @ meat @ bread)[0, 0]))


def test_akm_ignores_the_order_and_what_controls_explain() -> None:
    _, shares, shocks, y, weights = whole_sectors(5)
    rng = np.random.default_rng(6)
    shares = 0.7 * shares + 0.3 * rng.dirichlet(np.ones(6), size=30)
    control = rng.normal(size=30)
    fit = akm_se(y, shares, shocks, controls=control, weights=weights)
    order = rng.permutation(30)
    again = akm_se(y[order], shares[order], shocks, controls=control[order], weights=weights[order])
    assert (again.beta, again.se) == (pytest.approx(fit.beta), pytest.approx(fit.se))
    moved = akm_se(y + 3 * control + 2, shares, shocks, controls=control, weights=weights)
    assert (moved.beta, moved.se) == (pytest.approx(fit.beta), pytest.approx(fit.se))
    scaled = akm_se(10 * y, shares, shocks, controls=control, weights=5 * weights)
    assert (scaled.beta, scaled.se) == (pytest.approx(10 * fit.beta), pytest.approx(10 * fit.se))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"shocks": [1.0]}, "sizes do not fit"),
        ({"weights": [1.0, 2.0]}, "sizes do not fit"),
        ({"cluster": ["a"]}, "sizes do not fit"),
        ({"y": [1.0, None, 3.0, 4.0]}, "missing"),
        ({"y": ["a", "b", "c", "d"]}, "not a table"),
        ({"weights": [1.0, -1.0, 1.0, 1.0]}, "negative"),
        ({"shares": [[0.5, 0.5]] * 4}, "controls explain"),
        ({"shares": [[0.1, 0.2], [0.2, 0.4], [0.3, 0.6], [0.4, 0.8]]}, "rank"),
        ({"shares": np.eye(4), "shocks": [1.0, 2.0, 3.0, 4.0]}, "fewer shocks"),
    ],
)
def test_akm_refuses(change: Row, text: str) -> None:
    given: Row = {
        "y": [1.0, 2.0, 4.0, 5.0], "shares": [[0.9, 0.1], [0.5, 0.5], [0.3, 0.7], [0.1, 0.9]],
        "shocks": [0.0, 1.0],
    }  # fmt: skip
    with pytest.raises(CallError, match=text):
        akm_se(**{**given, **change})
