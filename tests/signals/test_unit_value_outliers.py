"""Unusual unit values: the examples of methods 5.3, planted cells, units, small groups."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import provexpo as pe
from provexpo.errors import CallError
from provexpo.signals.unit_value_rules import Bounds, hidiroglou_berthelot, modified_z

Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]
PLACES = ("11", "12", "13", "14", "21", "31", "32", "33", "34", "35", "36", "41", "42", "44")
PRODUCT = "851713"

UV0, UV1 = (10, 12, 20, 5, 8), (11, 12.6, 21, 15, 8.4)
V0, V1 = (100, 50, 80, 40, 60), (110, 52, 85, 90, 63)


def cell(place: str, period: int, value: int, quantity: int | None, **more: Any) -> dict[str, Any]:
    return {"province": place, "partner": "USA", "product": PRODUCT, "period": period,
            "value": value, "quantity": quantity, "unit": "台", **more}  # fmt: skip


def test_the_worked_example_of_changes(near: Make) -> None:
    ratios = [b / a for a, b in zip(UV0, UV1)]
    found = hidiroglou_berthelot(ratios, [max(p) for p in zip(V0, V1)], Bounds())
    for score, printed in zip(found.scores, (0.499433, 0, 0, 17.618404, 0), strict=True):
        assert near(score, printed, 6)
    assert near(found.upper, 1.997731, 6) and found.lower is None
    assert found.flags == [False, False, False, True, False]


def test_the_worked_example_of_a_cross_section(near: Make) -> None:
    found = modified_z([10, 10.5, 9.8, 10.2, 30], 3.5)
    for score, printed in zip(found.scores, (-0.4608, 0.6745, -0.9309, 0, 25.1024), strict=True):
        assert near(score, printed, 4)
    assert found.flags == [False, False, False, False, True]


def test_both_examples_from_a_store(desk: Desk, planted_part: Make, near: Make) -> None:
    """The same cells as rows; values so large that quantities are whole numbers."""
    rows = []
    for place, uv0, uv1, v0, v1 in zip(PLACES, UV0, UV1, V0, V1):
        for period, value, price in ((202303, v0, uv0), (202403, v1, uv1)):
            rows.append(
                cell(place, period, value * 10**6 * 252, round(value * 10**6 * 252 / price))
            )
    trade = desk([planted_part(rows)])
    frame = pe.unit_value_outliers(trade, during="2024-03", min_group=5).frame.sort("province")
    size = math.sqrt(10**6 * 252)
    for score, printed in zip(frame["score"], (0.499433, 0, 0, 17.618404, 0)):
        assert abs(score / size - printed) < 1e-5
    order = np.argsort(PLACES[:5])
    flags = np.array([False, False, False, True, False])[order]
    assert frame["screen_flag"].to_list() == flags.tolist()
    assert frame["lower"].null_count() == 5


def test_no_spread_no_flag() -> None:
    """d is zero on both sides and the MAD too: nothing can be called far."""
    same = hidiroglou_berthelot([1.0] * 9 + [1.0], [5.0] * 10, Bounds())
    assert same.flags == [False] * 10 and same.lower is same.upper is None
    assert modified_z([2.0] * 9 + [9.0], 3.5).flags == [None] * 10


def test_the_mad_stands_in_where_the_quartile_is_the_median() -> None:
    """The lower quartile is the median, so the lower bound comes from the MAD of E."""
    ratios = [0.5] + [1.0] * 5 + [1.1, 1.2, 1.3, 1.4, 1.5, 1.6]
    e = np.array([r - 1 if r >= 1 else 1 - 1 / r for r in ratios])
    e = np.where(np.array(ratios) < np.median(ratios), 1 - np.median(ratios) / ratios,
                 np.array(ratios) / np.median(ratios) - 1)  # fmt: skip
    found = hidiroglou_berthelot(ratios, [1.0] * 12, Bounds())
    q1, m, q3 = np.quantile(e, [0.25, 0.5, 0.75])
    down = m - q1 if max(m - q1, abs(0.05 * m)) > 1e-9 else 1.4826 * np.median(abs(e - m))
    assert found.lower == pytest.approx(m - 4 * max(down, abs(0.05 * m)))
    assert found.upper == pytest.approx(m + 4 * max(q3 - m, abs(0.05 * m)))


def world(n: int = 12, wild: dict[str, float] | None = None) -> list[dict[str, Any]]:
    rng = random.Random(3)
    rows = []
    for place in PLACES[:n]:
        for period in (202303, 202403):
            price = (
                100
                * rng.uniform(0.97, 1.03)
                * ((wild or {}).get(place, 1.0) if period == 202403 else 1.0)
            )
            quantity = rng.randrange(90_000, 110_000)
            rows.append(cell(place, period, round(price * quantity), quantity))
    return rows


@pytest.mark.parametrize("method", ["time", "cross"])
def test_a_planted_cell_is_flagged_and_others_are_not(
    desk: Desk, planted_part: Make, row: Make, said: Make, method: str
) -> None:
    trade = desk([planted_part(world(wild={"42": 1.0, "31": 3.0}))])
    result = pe.unit_value_outliers(trade, during="2024-03", method=method)
    assert result.frame.filter(result.frame["screen_flag"])["province"].to_list() == ["31"]
    assert result.frame["province"][0] == "31"
    assert "1 of 12 cells" in said(result, "base_rate")
    quiet = pe.unit_value_outliers(desk([planted_part(world())]), during="2024-03", method=method)
    assert quiet.frame["screen_flag"].sum() == 0
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_against_numpy(desk: Desk, planted_part: Make) -> None:
    rows = world(14, wild={"31": 1.3, "12": 0.7})
    trade = desk([planted_part(rows)])
    frame = pe.unit_value_outliers(trade, during="2024-03").frame.sort("province")
    by = {(r["province"], r["period"]): r for r in rows}
    places = sorted({r["province"] for r in rows})
    uv = {k: r["value"] / r["quantity"] for k, r in by.items()}
    ratio = np.array([uv[p, 202403] / uv[p, 202303] for p in places])
    size = np.array([max(by[p, q]["value"] for q in (202303, 202403)) for p in places])
    med = np.median(ratio)
    e = np.where(ratio < med, 1 - med / ratio, ratio / med - 1) * size**0.5
    q1, m, q3 = np.quantile(e, [0.25, 0.5, 0.75])
    low = m - 4 * max(m - q1, abs(0.05 * m))
    high = m + 4 * max(q3 - m, abs(0.05 * m))
    assert frame["score"].to_numpy() == pytest.approx(e)
    assert frame["screen_flag"].to_list() == [bool(v < low or v > high) for v in e]
    assert frame["n_group"].to_list() == [14] * 14
    cross = pe.unit_value_outliers(trade, during="2024-03", method="cross").frame.sort("province")
    y = np.log([uv[p, 202403] for p in places])
    z = 0.6745 * (y - np.median(y)) / np.median(abs(y - np.median(y)))
    assert cross["score"].to_numpy() == pytest.approx(z)


def test_small_groups_are_not_judged(desk: Desk, planted_part: Make, said: Make) -> None:
    trade = desk([planted_part(world(9, wild={"31": 9.0}))])
    result = pe.unit_value_outliers(trade, during="2024-03")
    assert result.frame["screen_flag"].null_count() == 9
    assert set(result.frame["reason"]) == {"small_group"}
    assert "fewer than 10" in said(result, "small_group")
    assert pe.unit_value_outliers(trade, during="2024-03", min_group=9).frame["screen_flag"].any()


def test_units_are_never_mixed(desk: Desk, planted_part: Make, row: Make) -> None:
    """Cells in another unit are a group of their own; a cell of two units is in none."""
    rows = world(12)
    rows += [cell("51", p, 10**7, 10**5, unit="千克") for p in (202303, 202403)]
    rows += [cell("46", p, 10**7, 10**5) for p in (202303, 202403)]
    rows += [cell("46", p, 10**7, 10**5, unit="千克", partner="DEU") for p in (202303, 202403)]
    rows += [cell("45", 202303, 10**7, 10**5), cell("45", 202403, 10**7, 10**5, unit="千克")]
    result = pe.unit_value_outliers(desk([planted_part(rows)]), during="2024-03")
    assert row(result, province="51")["reason"] == "small_group"
    assert row(result, province="51")["n_group"] == 1
    for place in ("46", "45"):
        assert row(result, province=place)["reason"] == "units"
    assert row(result, province="46")["unit"] is None
    assert row(result, province="11")["n_group"] == 12


def test_cells_without_a_base_or_a_quantity(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = [*world(12), cell("51", 202403, 10**7, 10**5), cell("50", 202303, 10**7, 10**5)]
    rows += [cell("45", 202303, 10**7, 10**5), cell("45", 202403, 10**7, None, unit=None)]
    result = pe.unit_value_outliers(desk([planted_part(rows)]), during="2024-03")
    for place, status in (("51", "new"), ("50", "exit"), ("45", "ok")):
        found = row(result, province=place)
        assert (found["status"], found["score"], found["screen_flag"]) == (status, None, None)
        assert found["reason"] is None
    cross = pe.unit_value_outliers(desk([planted_part(rows)]), during="2024-03", method="cross")
    assert row(cross, province="51")["n_group"] == 13


def test_unclassified_chapters_are_left_out(desk: Desk, planted_part: Make) -> None:
    rows = [{**r, "product": "980400"} for r in world(12)]
    assert pe.unit_value_outliers(desk([planted_part(rows)]), during="2024-03").frame.is_empty()


def test_what_is_not_covered_is_missing(desk: Desk, planted_part: Make) -> None:
    result = pe.unit_value_outliers(desk([planted_part(world())]), during="2024-04")
    assert set(result.frame["status"]) == {"missing"} and set(result.frame["reason"]) == {
        "uncovered"
    }
    assert result.frame["screen_flag"].null_count() == result.frame.height


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"method": "median"}, "method='median' is not known"),
    ({"by": "province"}, "within a product"),
    ({"by": "product:HS6"}, "within a product"),
    ({"by": ["province", "product:HS4"]}, "within a product"),
    ({"min_group": 1}, "min_group=1"),
    ({"c": "4"}, "c='4'"),
    ({"u": -1}, "u=-1"),
    ({"flow": "total"}, "reads one flow"),
]


@pytest.mark.parametrize(("words", "text"), WRONG)
def test_wrong_words(desk: Desk, planted_part: Make, words: dict[str, Any], text: str) -> None:
    with pytest.raises(CallError, match=text):
        pe.unit_value_outliers(desk([planted_part(world())]), during="2024-03", **words)
