"""Constant market share analysis (methods 2.7)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError

Plant = Callable[..., pe.Trade]
Codes = Callable[[pe.Result], list[str]]
Worlds = dict[tuple[int, str], list[dict[str, Any]]]
SHOES, PHONES = "64039900", "85171300"
EFFECTS = ("growth_eff", "product_eff", "market_eff", "comp_eff")
ORDERS = (
    "product_first_product_eff", "product_first_market_eff",
    "market_first_product_eff", "market_first_market_eff",
)  # fmt: skip
SUMMED = (*EFFECTS, *ORDERS)


def cells(province: str, product: str, partner: str, before: int, now: int) -> list[Any]:
    return [
        {"province": province, "partner": partner, "product": product, "period": p, "value": v}
        for p, v in ((202301, before), (202401, now))
    ]


@pytest.fixture
def example(plant: Plant) -> pe.Trade:
    """x 40, 10, 30, 20 -> 30, 14, 27, 32; the reference 400, 50, 600, 150 -> 380, 60, 630, 190,
    which holds the province itself: another province has the rest."""
    x = {("sh", "USA"): (40, 30), ("sh", "VNM"): (10, 14), ("ph", "USA"): (30, 27),
         ("ph", "VNM"): (20, 32)}  # fmt: skip
    m = {("sh", "USA"): (400, 380), ("sh", "VNM"): (50, 60), ("ph", "USA"): (600, 630),
         ("ph", "VNM"): (150, 190)}  # fmt: skip
    codes = {"sh": SHOES, "ph": PHONES}
    rows = []
    for (k, j), (x0, x1) in x.items():
        m0, m1 = m[k, j]
        rows += cells("35", codes[k], j, x0, x1) + cells("44", codes[k], j, m0 - x0, m1 - x1)
    return plant(rows)


PRINTED = {
    "growth_eff": 5.0, "product_first_product_eff": -1.444444,
    "product_first_market_eff": 3.277778, "market_first_market_eff": 3.2,
    "market_first_product_eff": -1.366667, "product_eff": -1.405556, "market_eff": 3.238889,
    "comp_eff": -3.833333, "change": 3, "comp_new": 0,
}  # fmt: skip


def test_2_7_example(example: pe.Trade, cell: Callable[..., Any], close: Any) -> None:
    result = pe.market_share_analysis(example, during="2024-01")
    for column, want in PRINTED.items():
        assert close(cell(result, column, province="35"), want, 5), column
    assert any("the nation" in c.text for c in result.caveats if c.code == "reference")


def oracle(rows: list[Any], digits: int) -> dict[str, dict[str, float]]:
    """Cell by cell, from the formulas."""
    frame = pd.DataFrame(rows)
    frame["k"] = frame["product"].str[:digits]
    frame["year"] = frame["period"] // 100
    table = frame.pivot_table(
        index=["province", "k", "partner"], columns="year", values="value", aggfunc="sum",
        fill_value=0,
    )  # fmt: skip
    x0, x1 = table[2023], table[2024]

    def growth(*levels: str) -> pd.Series:
        if not levels:
            return pd.Series(x1.sum() / x0.sum() - 1, index=table.index)
        a, b = (s.groupby(level=list(levels)).transform("sum") for s in (x1, x0))
        return (a / b.where(b > 0)) - 1

    g, gk, gj, gkj = growth(), growth("k"), growth("partner"), growth("k", "partner")
    live = gkj.notna()
    table["growth_eff"] = (x0 * g).where(live, 0)
    table["product_first_product_eff"] = (x0 * (gk - g)).where(live, 0)
    table["product_first_market_eff"] = (x0 * (gkj - gk)).where(live, 0)
    table["market_first_market_eff"] = (x0 * (gj - g)).where(live, 0)
    table["market_first_product_eff"] = (x0 * (gkj - gj)).where(live, 0)
    table["comp_eff"] = x1 - x0 - (x0 * gkj).where(live, 0)
    table["comp_new"] = (x1 - x0).where(~live, 0)
    found = table.groupby(level="province").sum().to_dict("index")
    for r in found.values():
        for name in ("product", "market"):
            r[f"{name}_eff"] = (r[f"product_first_{name}_eff"] + r[f"market_first_{name}_eff"]) / 2
    return found


@pytest.mark.parametrize("level", [None, "HS4", "product:HS8"])
def test_against_pandas(trades: dict[int, pe.Trade], worlds: Worlds, level: str | None) -> None:
    for seed in (1, 2):
        want = oracle(worlds[seed, "export"], int(level[-1]) if level else 2)
        frame = pe.market_share_analysis(trades[seed], during="2024", level=level).frame
        assert set(frame["province"]) <= set(want)
        for got in frame.to_dicts():
            expected = want[got["province"]]
            scale = max(got["value"], got["base_value"], 1)
            for column in (*EFFECTS, *ORDERS, "comp_new"):
                assert math.isclose(
                    got[column], expected[column], rel_tol=1e-9, abs_tol=1e-9 * scale
                ), (got["province"], column)


@pytest.mark.parametrize(
    "by", [["province"], ["province", "partner"], ["province", "product:HS2"], ["region"], [],
           ["province", "partner_group:ASEAN", "quarter"]],
)  # fmt: skip
def test_the_four_effects_add_up(trades: dict[int, pe.Trade], by: list[str], finite: Any) -> None:
    result = pe.market_share_analysis(trades[1], during="2024", by=by)
    finite(result)
    for r in result.frame.to_dicts():
        scale = sum(abs(r[c]) for c in EFFECTS) + 1
        assert abs(sum(r[c] for c in EFFECTS) - r["change"]) <= 1e-12 * scale + 1e-6
        for first in ("product_first", "market_first"):
            two = sum(r[f"{first}_{name}_eff"] for name in ("product", "market"))
            total = r["growth_eff"] + two + r["comp_eff"]
            assert abs(total - r["change"]) <= 1e-12 * scale + 1e-6


def test_rows_by_market_and_product_are_parts_of_the_province(trades: dict[int, pe.Trade]) -> None:
    """Keys of partners and products break down; the growth of the whole stays the reference."""
    whole = pe.market_share_analysis(trades[2], during="2024").frame.sort("province")
    for key in ("partner", "product:HS2"):
        parts = pe.market_share_analysis(trades[2], during="2024", by=["province", key]).frame
        summed = parts.select("province", *SUMMED).group_by("province").sum().sort("province")
        for column in SUMMED:
            assert summed[column].to_list() == pytest.approx(
                whole[column].to_list(), rel=1e-9, abs=1
            )


def test_the_nation_against_itself_has_no_competitiveness(trades: dict[int, pe.Trade]) -> None:
    r = pe.market_share_analysis(trades[1], during="2024", by=[]).frame.row(0, named=True)
    assert r["growth_eff"] == pytest.approx(r["change"])
    assert abs(r["comp_eff"] - r["comp_new"]) <= 1e-9 * r["value"]


def test_it_is_shift_share_with_markets(trades: dict[int, pe.Trade]) -> None:
    """Growth and product-first product effect are NS and IM, but for cells the nation lacked."""
    a = pe.market_share_analysis(trades[1], during="2024").frame.sort("province")
    b = pe.shift_share(trades[1], during="2024").frame.sort("province")
    assert a["growth_eff"].to_list() == pytest.approx(b["ns"].to_list(), rel=1e-9)
    assert a["product_first_product_eff"].to_list() == pytest.approx(b["im"].to_list(), rel=1e-9)


def test_cells_new_to_the_reference_are_residual_and_said(plant: Plant) -> None:
    rows = [*cells("35", SHOES, "USA", 60, 70), *cells("35", SHOES, "VNM", 0, 12),
            *cells("44", SHOES, "USA", 40, 40)]  # fmt: skip
    result = pe.market_share_analysis(plant(rows), during="2024-01")
    r = result.frame.filter(result.frame["province"] == "35").row(0, named=True)
    # g = 22/100 = g_shoes; the cell grew by 10/100: 13.2 + 0 - 7.2 + (10 - 6 + 12).
    assert (r["growth_eff"], r["comp_new"], r["comp_eff"]) == pytest.approx((13.2, 12, 16))
    assert [c.rows for c in result.caveats if c.code == "nation_new"] == [1]


def test_status_and_missing(plant: Plant, codes: Codes) -> None:
    trade = plant([*cells("35", SHOES, "USA", 60, 0), *cells("44", SHOES, "USA", 0, 5),
                   *cells("51", SHOES, "USA", -3, 5)])  # fmt: skip
    frame = pe.market_share_analysis(trade, during="2024-01").frame
    found = dict(zip(frame["province"], frame["status"]))
    assert found == {"35": "exit", "44": "new", "51": "negative"}
    assert frame.filter(frame["province"] == "51")["comp_eff"].item() is None
    gap = pe.market_share_analysis(trade, during="2024-02").frame
    assert set(gap["status"]) == {"missing"} and set(gap["reason"]) == {"uncovered"}
    assert gap["comp_eff"].null_count() == gap.height
    chosen = pe.market_share_analysis(trade, during="2024-01", province="35", by=[])
    assert chosen.frame["comp_eff"].to_list() == [None] and "columns" in codes(chosen)


def test_wrong_arguments(example: pe.Trade, plant: Plant) -> None:
    with pytest.raises(CallError, match="reference="):
        pe.market_share_analysis(example, reference="USA")
    with pytest.raises(CallError, match="no level of products"):
        pe.market_share_analysis(example, level="partner")
    rows = [{"province": "44", "product": SHOES, "period": 202401, "value": 5}]
    with pytest.raises(CoverageError, match="partner"):
        pe.market_share_analysis(plant(rows, store="bare"), during="2024-01")


def test_the_receipt_gives_the_figures_again(sample: pe.Trade) -> None:
    result = pe.market_share_analysis(sample, level="sector", during="2025-01/2025-07")
    assert pe.replay(result.receipt).frame.equals(result.frame)
