"""Exports over GDP (methods 1.5): the worked example, means, NULL rules, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo import vocab
from provexpo.errors import CallError, CoverageError
from provexpo.ingest import FileRows
from provexpo.store.loading import load_rows
from provexpo.store.side import SideRows

Plant = Callable[..., pe.Trade]
Cell = Callable[..., Any]
Close = Callable[[Any, float, int], bool]
PROVINCES = tuple(pe.provinces()["province"])
UNIT = 12_000_000
# TOY-1 (0.11) in this unit, and the GDP of the example of 1.5 in the same.
TOY = {("44", "USA"): 80, ("44", "DEU"): 320, ("35", "USA"): 30, ("35", "VNM"): 70}
TOY_GDP = {("44", 2024): 2000, ("35", 2024): 500}


@pytest.fixture
def exposed(tmp_path: Path, plant_file: Callable[..., FileRows]) -> Plant:
    """A Trade with yearly exports spread over the months, and the GDP of provinces and years."""

    def build(
        exports: dict[tuple[str, str], int],
        gdp: dict[tuple[str, int], int],
        *,
        years: tuple[int, ...] = (2024,),
        product: str | None = None,
        currency: str = "CNY",
        gdp_currency: str = "CNY",
        months: int = 12,
    ) -> pe.Trade:
        rows = [
            {"province": province, "partner": partner, "period": year * 100 + month,
             "value": value * UNIT // 12, **({"product": product} if product else {})}
            for (province, partner), value in exports.items()
            for year in years
            for month in range(1, months + 1)
        ]  # fmt: skip
        frame = pl.DataFrame(
            [
                {"reporter": "CHN", "province": p, "year": y, "value": v * UNIT,
                 "currency": gdp_currency}
                for (p, y), v in gdp.items()
            ]
        )  # fmt: skip
        store = tmp_path / f"store{len(list(tmp_path.iterdir()))}"
        side = [SideRows("gdp", "gdp.csv", "gdp", frame, 1_750_000_000)] if gdp else []
        load_rows(store, [plant_file(rows, currency=currency)], side=side)
        return pe.open(store)

    return build


@pytest.mark.parametrize(("province", "e"), [("44", 0.04), ("35", 0.06)])
def test_1_5_the_worked_example(
    exposed: Plant, cell: Cell, close: Close, province: str, e: float
) -> None:
    result = pe.gdp_exposure(exposed(TOY, TOY_GDP), partner="US", during="2024")
    assert close(cell(result, "e_gross", province=province), e, 6)
    assert result.frame["province"].to_list() == ["35", "44"], "by the ratio"
    assert result.units["value"] == result.units["gdp"] == "CNY"


def test_1_5_the_two_provinces_together(exposed: Plant, close: Close) -> None:
    trade = exposed(TOY, TOY_GDP)
    both = pe.gdp_exposure(trade, province="Guangdong, Fujian", during="2024", by=[])
    assert close(both.frame["e_gross"].item(), 0.044, 6)
    assert both.frame["gdp"].item() == 2500 * UNIT


def test_a_ratio_may_exceed_one_and_says_that_it_is_gross(
    exposed: Plant, cell: Cell, caveat: Callable[[pe.Result, str], str]
) -> None:
    result = pe.gdp_exposure(exposed({("44", "USA"): 3000}, TOY_GDP), during="2024")
    assert cell(result, "e_gross", province="44") == 1.5
    assert "value added" in caveat(result, "gross")


def test_the_means_of_the_nation(exposed: Plant) -> None:
    """Weighted by GDP it is the nation's own ratio; the plain mean counts each province once,
    and those that sold nothing as zero."""
    rng = random.Random(3)
    gdp = {(p, 2024): rng.randrange(100, 5000) for p in PROVINCES}
    exports = {(p, "USA"): rng.randrange(1, 90) for p in PROVINCES if p not in ("54", "63")}
    result = pe.gdp_exposure(exposed(exports, gdp), during="2024")
    e = {p: exports.get((p, "USA"), 0) / gdp[p, 2024] for p in PROVINCES}
    weights = {p: gdp[p, 2024] / sum(gdp.values()) for p in PROVINCES}
    nation = sum(exports.values()) / sum(gdp.values())
    assert sum(weights[p] * e[p] for p in PROVINCES) == pytest.approx(nation, rel=1e-12)
    for row in result.frame.to_dicts():
        assert row["nation_e"] == pytest.approx(nation, rel=1e-12)
        assert row["mean_e"] == pytest.approx(sum(e.values()) / 31, abs=1e-11)
    whole = pe.gdp_exposure(exposed(exports, gdp), during="2024", by=[])
    assert whole.frame["e_gross"].item() == pytest.approx(nation, rel=1e-12)
    chosen = pe.gdp_exposure(exposed(exports, gdp), province="44", during="2024")
    assert chosen.frame["nation_e"].item() == pytest.approx(nation, rel=1e-12)


def test_a_province_without_gdp_is_missing_and_the_nation_has_no_ratio(
    exposed: Plant, cell: Cell, caveat: Callable[[pe.Result, str], str]
) -> None:
    gdp = {(p, 2024): 100 for p in PROVINCES if p != "44"}
    result = pe.gdp_exposure(exposed(TOY, gdp), during="2024")
    assert cell(result, "status", province="44") == "missing"
    assert cell(result, "reason", province="44") == "no_gdp"
    assert cell(result, "value", province="44") == 80 * UNIT
    for column in ("gdp", "e_gross", "rank"):
        assert cell(result, column, province="44") is None
    assert cell(result, "e_gross", province="35") == 0.3
    assert result.frame["nation_e"].null_count() == result.frame["mean_e"].null_count() == 2
    assert "Guangdong" in caveat(result, "gdp_missing")
    nation = pe.gdp_exposure(exposed(TOY, gdp), during="2024", by=[])
    assert nation.frame["e_gross"].item() is None and nation.frame["reason"].item() == "no_gdp"


def test_nothing_sold_is_zero_and_a_window_not_covered_is_missing(
    exposed: Plant, cell: Cell
) -> None:
    trade = exposed(TOY, TOY_GDP | {("44", 2025): 1})
    named = pe.gdp_exposure(trade, province="44", partner="BRA", during="2024")
    assert (cell(named, "e_gross", province="44"), named.frame["status"].item()) == (0.0, "none")
    later = pe.gdp_exposure(trade, during="2025", province="44")
    assert (later.frame["status"].item(), later.frame["reason"].item()) == ("missing", "uncovered")
    assert later.frame["value"].item() is None and later.frame["e_gross"].item() is None


def test_a_year_of_which_no_gdp_is_held(exposed: Plant) -> None:
    frame = pe.gdp_exposure(exposed(TOY, {("44", 2020): 5}), during="2024").frame
    assert frame["reason"].to_list() == ["no_gdp"] * 2 and frame["e_gross"].null_count() == 2


def test_several_years_add_exports_and_gdp(exposed: Plant, cell: Cell) -> None:
    gdp = {("44", 2023): 1500, ("44", 2024): 2500, ("35", 2024): 500}
    trade = exposed(TOY, gdp, years=(2023, 2024))
    both = pe.gdp_exposure(trade, during="2023/2024")
    assert cell(both, "e_gross", province="44") == pytest.approx(160 / 4000)
    assert cell(both, "reason", province="35") == "no_gdp"  # one of two years is no sum
    yearly = pe.gdp_exposure(trade, during="2023/2024", by=["province", "year"])
    assert cell(yearly, "e_gross", province="44", year="2023") == pytest.approx(80 / 1500)
    assert cell(yearly, "e_gross", province="44", year="2024") == pytest.approx(80 / 2500)


def test_regions_add_the_gdp_of_their_provinces(exposed: Plant, cell: Cell) -> None:
    gdp = {(p, 2024): 100 for p in PROVINCES}
    east = pe.provinces().filter(pl.col("region") == "east").height
    result = pe.gdp_exposure(exposed(TOY, gdp), during="2024", by="region")
    assert cell(result, "e_gross", region="East") == pytest.approx(110 / (100 * east))
    assert result.frame["mean_e"].null_count() == result.frame.height, "no mean over provinces"


def test_domestic_value_added(exposed: Plant, cell: Cell) -> None:
    trade = exposed(TOY, TOY_GDP)
    assert pe.gdp_exposure(trade, during="2024").frame["e_dva"].null_count() == 2
    result = pe.gdp_exposure(trade, during="2024", dva_share=0.7)
    assert cell(result, "e_dva", province="44") == pytest.approx(0.04 * 0.7)
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_domestic_value_added_by_sector(
    tmp_path: Path, plant_file: Callable[..., FileRows], cell: Cell
) -> None:
    chapters = {"64": 30, "85": 50, "01": 20}
    rows = [
        {"province": p, "partner": "USA", "period": 202400 + m, "product": hs, "value": v}
        for p, held in (("44", ("64", "85")), ("35", ("64", "85", "01")))
        for hs, v in chapters.items()
        if hs in held
        for m in range(1, 13)
    ]
    frame = pl.DataFrame(
        [{"reporter": "CHN", "province": p, "year": 2024, "value": 12_000, "currency": "CNY"}
         for p in ("44", "35")]
    )  # fmt: skip
    store = tmp_path / "desk"
    load_rows(store, [plant_file(rows, currency="CNY")],
              side=[SideRows("gdp", "g.csv", "g", frame, 1)])  # fmt: skip
    sector = dict(vocab.chapter_table().select("hs2", "sector").iter_rows())
    shares = {sector[64]: 0.9, sector[85]: 0.5}
    result = pe.gdp_exposure(pe.open(store), during="2024", dva_share=shares)
    assert cell(result, "e_dva", province="44") == pytest.approx((30 * 0.9 + 50 * 0.5) / 1000)
    assert cell(result, "e_gross", province="35") == pytest.approx(100 / 1000)
    assert cell(result, "e_dva", province="35") is None, "a sector that was sold has no share"
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_the_default_is_the_newest_year_of_both(exposed: Plant) -> None:
    gdp = {("44", 2023): 1, ("44", 2024): 2, ("44", 2025): 3}
    trade = exposed(TOY, gdp, years=(2023, 2024))
    result = pe.gdp_exposure(trade)
    assert result.receipt.window == "2024" and result.receipt.base_window is None
    assert pe.replay(result.receipt).frame.equals(result.frame)
    with pytest.raises(CoverageError, match="no year of the GDP held"):
        pe.gdp_exposure(exposed(TOY, {("44", 2025): 3}))


@pytest.mark.parametrize("window", ["2024-01/2024-07", "2024Q1", "r12:2024-07", "ytd:2024-07"])
def test_a_window_that_is_not_whole_years_is_refused(exposed: Plant, window: str) -> None:
    with pytest.raises(CallError, match="not whole calendar years"):
        pe.gdp_exposure(exposed(TOY, TOY_GDP), during=window)


def test_other_calls_that_are_refused(exposed: Plant) -> None:
    trade = exposed(TOY, TOY_GDP)
    with pytest.raises(CallError, match="ratio of yuan"):
        pe.gdp_exposure(trade, during="2024", currency="USD")
    with pytest.raises(CallError, match="GDP is yearly"):
        pe.gdp_exposure(trade, during="2024", by=["province", "month"])
    for share in (0, 1.2, -0.5, "0.7", True):
        with pytest.raises(CallError, match="not a share"):
            pe.gdp_exposure(trade, during="2024", dva_share=share)  # type: ignore[arg-type]
    with pytest.raises(CallError, match="names no sector: toys"):
        pe.gdp_exposure(trade, during="2024", dva_share={"toys": 0.5})


def test_a_store_without_gdp_or_without_yuan_says_what_to_load(exposed: Plant) -> None:
    with pytest.raises(CoverageError, match="holds no GDP") as caught:
        pe.gdp_exposure(exposed(TOY, {}), during="2024")
    assert "provexpo add" in str(caught.value)
    with pytest.raises(CoverageError, match="holds no GDP"):
        pe.gdp_exposure(exposed(TOY, TOY_GDP, gdp_currency="USD"), during="2024")
    with pytest.raises(CoverageError, match="in USD only, and GDP is in yuan") as caught:
        pe.gdp_exposure(exposed(TOY, TOY_GDP, currency="USD"), during="2024")
    assert "yuan files" in str(caught.value)
