"""Ends of quarters: the example of methods 5.4, planted places, permutations, coverage."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import provexpo as pe
from provexpo.errors import CallError, PeriodError
from provexpo.signals.quarter_figures import orders_p, quarter_end_ratio

M = 1_000_000
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]
EXAMPLE = (8, 7, 14, 9, 9, 15, 9, 9, 14, 9, 10, 16)
FLAT = (10, 8, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10)


def rows_of(
    places: dict[str, tuple[float, ...]], years: tuple[int, ...] = (2023, 2024),
    product: str = "851713",
) -> list[dict[str, Any]]:  # fmt: skip
    return [
        {"province": p, "product": product, "period": y * 100 + m + 1, "value": round(v * M)}
        for p, months in places.items()
        for y in years
        for m, v in enumerate(months)
    ]


def test_the_worked_example(desk: Desk, planted_part: Make, row: Make, near: Make) -> None:
    trade = desk([planted_part(rows_of({"44": EXAMPLE}))])
    found = row(pe.quarter_end(trade, during="2024"))
    assert near(found["qe"], 1.609091, 6) and near(found["mar_spike"], 0.532994, 6)
    assert found["qe_rel"] == pytest.approx(1.0)  # the only place is the nation


def every_label(year: tuple[float, ...]) -> float:
    """All 6^4 orders of the labels within quarters, gone through one by one."""
    x = np.array(year, float)
    observed = x[[2, 5, 8, 11]].mean() / x[[3, 4, 6, 7, 9, 10]].mean()
    hits = total = 0
    for orders in itertools.product(itertools.permutations(range(3)), repeat=4):
        y = np.concatenate([x[3 * q : 3 * q + 3][list(o)] for q, o in enumerate(orders)])
        total += 1
        ratio = y[[2, 5, 8, 11]].mean() / y[[3, 4, 6, 7, 9, 10]].mean()
        hits += ratio >= observed - 1e-12
    return hits / total


@pytest.mark.parametrize("year", [EXAMPLE, FLAT, (5, 9, 3, 8, 2, 6, 7, 7, 7, 1, 9, 4)])
def test_p_is_that_of_all_orders(year: tuple[float, ...]) -> None:
    assert orders_p(year, False) == pytest.approx(every_label(year))


def test_p_of_the_example_is_the_smallest_there_is() -> None:
    assert orders_p(EXAMPLE, False) == pytest.approx(1 / 81)
    assert orders_p(EXAMPLE, True) == pytest.approx(1 / 27)
    assert orders_p((1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1), False) is None
    assert quarter_end_ratio((0,) * 12) is None


@pytest.fixture
def planted(desk: Desk, planted_part: Make) -> pe.Trade:
    """Guangdong and Zhejiang sell evenly; Hubei books at quarters' ends in both years, Hunan in
    2024 alone."""
    rows = rows_of({"44": tuple(50 * v for v in FLAT), "33": tuple(30 * v for v in FLAT),
                    "42": EXAMPLE})  # fmt: skip
    rows += rows_of({"43": FLAT}, (2023,)) + rows_of({"43": EXAMPLE}, (2024,))
    return desk([planted_part(rows)])


def test_two_years_in_a_row_are_flagged_one_is_not(
    planted: pe.Trade, row: Make, said: Make
) -> None:
    result = pe.quarter_end(planted, during="2024")
    assert row(result, province="42")["screen_flag"] is True
    assert row(result, province="43")["screen_flag"] is False
    assert row(result, province="43")["qe_rel"] > 1.15
    assert row(result, province="44")["screen_flag"] is False
    assert "1 of 4 cells" in said(result, "base_rate")
    both = pe.quarter_end(planted, during="2023-01/2024-12")
    assert row(both, province="42", year="2023")["screen_flag"] is None  # nothing before it
    assert row(both, province="42", year="2024") == row(result, province="42")
    assert pe.replay(both.receipt).frame.equals(both.frame)
    assert "two" in "two" and "year before" in said(both, "columns")


def test_a_product_with_such_months_is_no_sign(desk: Desk, planted_part: Make, row: Make) -> None:
    """Hubei sells what the whole nation ships at quarters' ends: the mix explains it."""
    rows = rows_of({"44": tuple(9 * v for v in EXAMPLE), "42": EXAMPLE}, product="851713")
    rows += rows_of({"44": tuple(40 * v for v in FLAT)}, product="640399")
    found = row(pe.quarter_end(desk([planted_part(rows)]), during="2024"), province="42")
    assert found["qe"] == pytest.approx(1.609091, abs=1e-6)
    assert found["qe_rel"] == pytest.approx(1.0) and found["screen_flag"] is False


def test_the_prediction_against_numpy(desk: Desk, planted_part: Make, row: Make) -> None:
    rng = np.random.default_rng(2)
    amounts = rng.integers(5, 50, size=(3, 4, 12))  # places x products x months
    places, products = ("44", "33", "42"), ("851713", "640399", "610910", "940360")
    rows = [
        {"province": p, "product": k, "period": 202400 + m + 1, "value": int(amounts[i, j, m]) * M}
        for i, p in enumerate(places) for j, k in enumerate(products) for m in range(12)
    ]  # fmt: skip
    result = pe.quarter_end(desk([planted_part(rows)]), during="2024")
    nation = amounts.sum(axis=0)
    ends, between = [2, 5, 8, 11], [3, 4, 6, 7, 9, 10]
    for i, p in enumerate(places):
        own = amounts[i].sum(axis=0)
        mix = amounts[i].sum(axis=1)
        expected = (mix[:, None] * nation / nation.sum(axis=1, keepdims=True)).sum(axis=0)
        qe = own[ends].mean() / own[between].mean()
        predicted = expected[ends].mean() / expected[between].mean()
        found = row(result, province=p)
        assert found["qe"] == pytest.approx(qe)
        assert found["qe_rel"] == pytest.approx(qe / predicted)


def test_the_opening_quarter(desk: Desk, planted_part: Make, row: Make) -> None:
    """Q1 shares of Hubei 0.25 for three years, then 0.40; of the nation as its sums give."""

    def year(share: float, scale: float) -> tuple[float, ...]:
        return tuple([share * scale / 3] * 3 + [(1 - share) * scale / 9] * 9)

    rows = rows_of({"44": year(0.25, 900)}, (2021, 2022, 2023, 2024))
    rows += rows_of({"42": year(0.25, 90)}, (2021, 2022, 2023)) + rows_of({"42": year(0.4, 90)},
                                                                         (2024,))  # fmt: skip
    trade = desk([planted_part(rows)])
    found = row(pe.quarter_end(trade, during="2024"), province="42")
    nation = (0.25 * 900 + 0.4 * 90) / 990 - 0.25
    assert found["oq"] == pytest.approx(0.15 - nation, abs=1e-6)
    early = pe.quarter_end(trade, during="2023")
    assert row(early, province="42")["oq"] is None  # two years before it


def test_combined_january_and_february(
    desk: Desk, planted_part: Make, row: Make, said: Make
) -> None:
    rows = [r for r in rows_of({"44": EXAMPLE}) if r["period"] % 100 > 2]
    rows += [{"province": "44", "product": "851713", "period": y * 100 + 2, "months": 2,
              "value": 15 * M} for y in (2023, 2024)]  # fmt: skip
    result = pe.quarter_end(desk([planted_part(rows)]), during="2024")
    found = row(result)
    assert found["qe"] == pytest.approx(1.609091, abs=1e-6)
    assert found["mar_spike"] == pytest.approx(0.532994, abs=1e-6)
    assert found["p_perm"] == pytest.approx(1 / 27)
    assert "held together" in said(result, "janfeb")


def test_what_is_not_covered_is_missing(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = [r for r in rows_of({"44": EXAMPLE}) if r["period"] != 202407]
    found = row(pe.quarter_end(desk([planted_part(rows)]), during="2024"))
    assert (found["status"], found["reason"], found["qe"]) == ("missing", "uncovered", None)
    assert found["screen_flag"] is None


def test_a_month_of_nothing_is_zero(desk: Desk, planted_part: Make, row: Make) -> None:
    months = list(EXAMPLE)
    months[6] = 0
    rows = [r for r in rows_of({"44": tuple(months), "42": FLAT}) if r["value"]]
    found = row(pe.quarter_end(desk([planted_part(rows)]), during="2024"), province="44")
    assert found["qe"] == pytest.approx((14 + 15 + 14 + 16) / 4 / (46 / 6))


def test_without_products_there_is_no_flag(
    desk: Desk, planted_part: Make, row: Make, said: Make
) -> None:
    rows = [{k: v for k, v in r.items() if k != "product"} for r in rows_of({"44": EXAMPLE})]
    result = pe.quarter_end(desk([planted_part(rows)]), during="2024")
    assert row(result)["qe"] is not None and row(result)["qe_rel"] is None
    assert row(result)["screen_flag"] is None and "with products" in said(result, "columns")


def test_the_default_is_the_newest_whole_year(sample: pe.Trade) -> None:
    assert pe.quarter_end(sample).receipt.window == "2024"


def test_regions_and_the_nation(planted: pe.Trade, row: Make) -> None:
    assert row(pe.quarter_end(planted, during="2024", by=[]))["qe_rel"] == pytest.approx(1.0)
    assert set(pe.quarter_end(planted, during="2024", by="region").frame["region"]) == {
        "East", "Central",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        ({"during": "2024-02/2025-01"}, PeriodError, "not of calendar years"),
        ({"during": "2024H1"}, PeriodError, "not of calendar years"),
        ({"by": "partner"}, CallError, "no rows by partner"),
        ({"by": "month"}, CallError, "no rows by month"),
        ({"max_p": 3}, CallError, "max_p=3"),
        ({"flow": "total"}, CallError, "reads one flow"),
    ],
)
def test_wrong_words(
    planted: pe.Trade, words: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        pe.quarter_end(planted, **{"during": "2024", **words})
