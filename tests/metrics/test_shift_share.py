"""Shift-share (methods 2.6): the example, the identities, an oracle in pandas, what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import provexpo as pe
from provexpo.errors import CallError, CoverageError

Plant = Callable[..., pe.Trade]
Codes = Callable[[pe.Result], list[str]]
Worlds = dict[tuple[int, str], list[dict[str, Any]]]
SHOES, PHONES = "64039900", "85171300"
PARTS = ("ns", "im", "rs", "ce", "ae", "rs_entry")
SUMMED = ("value", "change", *PARTS)


def row(province: str, product: str, period: int, value: int, partner: str = "USA") -> Any:
    return {
        "province": province, "partner": partner, "product": product, "period": period,
        "value": value,
    }  # fmt: skip


def cells(province: str, product: str, before: int, now: int) -> list[Any]:
    return [row(province, product, 202301, before), row(province, product, 202401, now)]


@pytest.fixture
def example(plant: Plant) -> pe.Trade:
    """Province shoes 60 -> 51, phones 40 -> 52; nation 200 -> 190, 400 -> 440."""
    return plant([
        *cells("35", SHOES, 60, 51), *cells("35", PHONES, 40, 52),
        *cells("44", SHOES, 140, 139), *cells("44", PHONES, 360, 388),
    ])  # fmt: skip


def test_2_6_example(example: pe.Trade, cell: Callable[..., Any], close: Any) -> None:
    result = pe.shift_share(example, during="2024-01")
    printed = {"ns": 5, "im": -4, "rs": 2, "change": 3, "ce": 10, "ae": -8, "rs_entry": 0}
    for column, want in printed.items():
        assert close(cell(result, column, province="35"), want, 5), column


@pytest.mark.parametrize(
    ("product", "parts"),
    [("64", (3, -6, -6, -3.333333, -2.666667)), ("85", (2, 2, 8, 13.333333, -5.333333))],
)
def test_2_6_example_by_product(
    example: pe.Trade, cell: Callable[..., Any], close: Any, product: str, parts: Any
) -> None:
    """The printed parts of each product; a product key in by= is its own level."""
    result = pe.shift_share(example, during="2024-01", by=["province", "product:HS2"])
    for column, figure in zip(("ns", "im", "rs", "ce", "ae"), parts):
        assert close(cell(result, column, province="35", product=product), figure, 6), column


def oracle(rows: list[Any], digits: int, partner: bool = False) -> pd.DataFrame:
    """The parts of each province (and partner), written from the methods, cell by cell."""
    frame = pd.DataFrame(rows)
    frame["k"] = frame["product"].str[:digits]
    own = ["province", "partner"] if partner else ["province"]
    side = ["partner"] if partner else []
    for name, year in (("x1", 2024), ("x0", 2023)):
        frame[name] = frame["value"].where(frame["period"] // 100 == year, 0)
    frame = frame[frame["period"] // 100 >= 2023]
    grid = frame.groupby([*own, "k"], as_index=False)[["x0", "x1"]].sum()
    grid = grid[(grid["x0"] != 0) | (grid["x1"] != 0)]
    nation = grid.groupby([*side, "k"], as_index=False)[["x0", "x1"]].sum()
    grid = grid.merge(nation, on=[*side, "k"], suffixes=("", "_nk"))
    if side:
        whole = grid.groupby(side, as_index=False)[["x0", "x1"]].sum()
        grid = grid.merge(whole, on=side, suffixes=("", "_n"))
    else:
        grid["x0_n"], grid["x1_n"] = grid["x0"].sum(), grid["x1"].sum()
    grid["X"] = grid.groupby(own)["x0"].transform("sum")
    found = []
    for r in grid.itertuples():
        g = r.x1_n / r.x0_n - 1 if r.x0_n else 0.0
        gk = r.x1_nk / r.x0_nk - 1 if r.x0_nk else 0.0
        ns, im = (r.x0 * g, r.x0 * (gk - g)) if r.x0_nk else (0.0, 0.0)
        rs = r.x1 - r.x0 - r.x0 * gk
        mix = r.X * r.x0_nk / r.x0_n if r.x0_n else 0.0
        growth = r.x1 / r.x0 - 1 if r.x0 else 0.0
        ce = mix * (growth - gk) if r.x0 else 0.0
        ae = (r.x0 - mix) * (growth - gk) if r.x0 else 0.0
        found.append((ns, im, rs, ce, ae, rs if not r.x0 else 0.0))
    grid[list(PARTS)] = found
    return grid.groupby(own)[[*PARTS, "x0", "x1"]].sum()


def near(got: float, want: float, scale: float) -> bool:
    return math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-9 * scale + 1e-4)


@pytest.mark.parametrize("level", [None, "product:HS4", "HS6", "product:HS8"])
def test_against_pandas(trades: dict[int, pe.Trade], worlds: Worlds, level: str | None) -> None:
    digits = int(level[-1]) if level else 2
    for seed in (1, 2):
        for partner in (False, True):
            by = ["province", "partner"] if partner else ["province"]
            want = oracle(worlds[seed, "export"], digits, partner)
            frame = pe.shift_share(trades[seed], during="2024", level=level, by=by).frame
            assert frame.height == len(want)
            for got in frame.to_dicts():
                key = tuple(got[c] for c in by) if partner else got["province"]
                expected = want.loc[key]
                assert (got["value"], got["base_value"]) == (expected["x1"], expected["x0"])
                scale = max(abs(expected[c]) for c in ("x0", "x1", "ce"))
                for column in PARTS:
                    assert near(got[column], expected[column], scale), (key, column)


BYS = [["province"], ["region"], ["province", "sector"], [], ["province", "month"]]


@pytest.mark.parametrize("by", BYS)
def test_the_parts_add_up(trades: dict[int, pe.Trade], by: list[str], finite: Any) -> None:
    result = pe.shift_share(trades[1], during="2024", by=by)
    finite(result)
    for r in result.frame.to_dicts():
        scale = max(abs(r[c]) for c in ("ns", "im", "rs", "ce", "ae")) + 1
        assert abs(r["ns"] + r["im"] + r["rs"] - r["change"]) <= 1e-12 * scale + 1e-6
        assert abs(r["ce"] + r["ae"] + r["rs_entry"] - r["rs"]) <= 1e-12 * scale + 1e-6
        assert r["change"] == r["value"] - r["base_value"]


def test_the_parts_of_the_nation_add_up_to_its_change(trades: dict[int, pe.Trade]) -> None:
    """Industry mix and regional shift cancel out over all provinces."""
    frame = pe.shift_share(trades[2], during="2024").frame
    change = frame["change"].sum()
    assert frame["ns"].sum() == pytest.approx(change, abs=1)
    assert frame["im"].sum() == pytest.approx(0, abs=abs(change) * 1e-9 + 1)
    assert frame["rs"].sum() == pytest.approx(0, abs=abs(change) * 1e-9 + 1)
    one = pe.shift_share(trades[2], during="2024", province="44").frame
    assert one.drop("rank").equals(
        frame.filter(frame["province"] == "44").drop("rank")
    )  # the reference stays the nation


def test_rows_by_product_add_up_to_the_province(trades: dict[int, pe.Trade]) -> None:
    whole = pe.shift_share(trades[1], during="2024").frame.sort("province")
    parts = pe.shift_share(trades[1], during="2024", by=["province", "product:HS2"]).frame
    summed = parts.select("province", *SUMMED).group_by("province").sum().sort("province")
    for column in SUMMED:
        assert summed[column].to_list() == pytest.approx(whole[column].to_list(), rel=1e-9)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["35", "44", "51"]), st.sampled_from([SHOES, PHONES, "94016110"]),
            st.integers(0, 10**12), st.integers(0, 10**12),
        ),
        min_size=1, max_size=9, unique_by=lambda t: t[:2],
    )
)  # fmt: skip
def test_any_world_adds_up(plant: Plant, world: list[Any]) -> None:
    rows = [r for cell in world for r in cells(*cell)]
    trade = plant(rows, store=f"h{abs(hash(tuple(world)))}")
    for r in pe.shift_share(trade, during="2024-01").frame.to_dicts():
        scale = sum(abs(r[c]) for c in ("ns", "im", "rs", "ce", "ae")) + 1
        assert abs(r["ns"] + r["im"] + r["rs"] - r["change"]) <= 1e-12 * scale
        assert abs(r["ce"] + r["ae"] + r["rs_entry"] - r["rs"]) <= 1e-12 * scale


def test_a_product_new_to_the_nation_is_regional_and_said(plant: Plant, codes: Codes) -> None:
    trade = plant([
        *cells("35", SHOES, 60, 70), *cells("35", PHONES, 0, 12), *cells("44", SHOES, 40, 40),
    ])  # fmt: skip
    result = pe.shift_share(trade, during="2024-01")
    r = result.frame.filter(result.frame["province"] == "35").row(0, named=True)
    # g = 22/100, g_shoes = 10/100: NS 13.2, IM 6 - 13.2, RS 10 - 6 + 12.
    assert (r["ns"], r["im"], r["rs"]) == pytest.approx((13.2, -7.2, 16))
    assert r["rs_entry"] == 12 and r["ce"] + r["ae"] == pytest.approx(4)
    assert [c.rows for c in result.caveats if c.code == "nation_new"] == [1]


def test_status_and_missing(plant: Plant, codes: Codes) -> None:
    rows = [*cells("35", SHOES, 60, 51), *cells("44", SHOES, 0, 5), *cells("51", SHOES, 7, 0)]
    trade = plant(rows)
    result = pe.shift_share(trade, during="2024-01", min_base=50)
    found = {r["province"]: r for r in result.frame.to_dicts()}
    assert {p: r["status"] for p, r in found.items()} == {"35": "ok", "44": "new", "51": "exit"}
    assert found["51"]["small_base"] and "small_base" in codes(result)
    assert found["44"]["rs"] == 5 and found["44"]["ns"] == 0
    gap = pe.shift_share(trade, during="2024-02").frame
    assert set(gap["status"]) == {"missing"} and set(gap["reason"]) == {"uncovered"}
    base = pe.shift_share(trade, during="2023-01").frame
    assert set(base["reason"]) == {"base_uncovered"}
    for frame in (gap, base):
        assert frame.select(*PARTS, "change").null_count().sum_horizontal().item() == 7 * len(frame)


def test_negative_cells_have_no_parts(plant: Plant) -> None:
    trade = plant(
        [*cells("35", SHOES, -5, 51), *cells("35", PHONES, 50, 5), *cells("44", SHOES, 9, 9)]
    )
    found = {r["province"]: r for r in pe.shift_share(trade, during="2024-01").frame.to_dicts()}
    assert found["35"]["status"] == "negative" and found["35"]["ns"] is None
    assert found["44"]["status"] == "small_base"


def test_selected_provinces_without_the_key_are_not_the_nation(
    example: pe.Trade, codes: Codes
) -> None:
    result = pe.shift_share(example, during="2024-01", province="35", by=[])
    assert result.frame["change"].to_list() == [3] and result.frame["ns"].to_list() == [None]
    assert "columns" in codes(result) and "reference" not in codes(result)


def test_wrong_arguments(example: pe.Trade, plant: Plant) -> None:
    for level in ("partner", "HS3", "", "month"):
        with pytest.raises(CallError, match="no level of products"):
            pe.shift_share(example, level=level)
    with pytest.raises(CallError, match="cannot be made of products"):
        pe.shift_share(example, by="product:HS2", level="HS6")
    bare = plant([("44", "USA", 202401, 5)], store="bare")
    with pytest.raises(CoverageError, match="product"):
        pe.shift_share(bare, during="2024-01")


def test_the_receipt_gives_the_figures_again(sample: pe.Trade) -> None:
    result = pe.shift_share(sample, level="sector", during="2025-01/2025-07", lang="zh")
    assert result.receipt.call["level"] == "sector"
    assert pe.replay(result.receipt).frame.equals(result.frame)
