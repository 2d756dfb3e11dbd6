"""The worked examples of the methods: TOY-1 (0.11), 1.1-1.3, 2.1, 2.2, to half the last decimal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import PeriodError

Close = Callable[[Any, float, int], bool]
Cell = Callable[..., Any]


@pytest.mark.parametrize(("province", "share"), [("44", 0.20), ("35", 0.30), ("41", 0.10)])
def test_1_1_share(
    toy_trade: pe.Trade, cell: Cell, close: Close, province: str, share: float
) -> None:
    result = pe.dependence(toy_trade, partner="US", during="2024-01")
    assert close(cell(result, "share", province=province), share, 6)
    assert close(cell(result, "nation_share", province=province), 0.20, 6)


def test_1_1_the_nation(toy_trade: pe.Trade, close: Close) -> None:
    nation = pe.dependence(toy_trade, partner="US", during="2024-01", by=[])
    assert close(nation.frame["share"].item(), 0.20, 6)
    assert nation.frame["total"].item() == 600_000_000


@pytest.mark.parametrize(
    ("province", "q", "cumulated", "rank"),
    [("44", 0.666667, 0.666667, 2), ("35", 0.25, 0.916667, 1), ("41", 0.083333, 1.0, 3)],
)
def test_1_2_national_share_and_cr_2(
    toy_trade: pe.Trade, cell: Cell, close: Close, province: str, q: float, cumulated: float,
    rank: int,
) -> None:  # fmt: skip
    result = pe.dependence(toy_trade, partner="US", during="2024-01")
    assert close(cell(result, "national_share", province=province), q, 6)
    assert close(cell(result, "cum_national_share", province=province), cumulated, 6)
    assert cell(result, "rank", province=province) == rank  # by share: FJ, GD, HN


@pytest.mark.parametrize(
    ("province", "lq", "rsca"), [("44", 1.0, 0.0), ("35", 1.5, 0.2), ("41", 0.5, -0.333333)]
)
def test_1_3_location_quotient(
    toy_trade: pe.Trade, cell: Cell, close: Close, province: str, lq: float, rsca: float
) -> None:
    result = pe.dependence(toy_trade, partner="US", during="2024-01")
    assert close(cell(result, "lq", province=province), lq, 6)
    assert close(cell(result, "rsca", province=province), rsca, 6)


@pytest.mark.parametrize(
    ("province", "published", "lq"),
    [("Shanxi", 22.5, 1.906780), ("Fujian", 16.4, 1.389831), ("Sichuan", 14.6, 1.237288)],
)
def test_1_3_press_check_on_the_sample(
    sample: pe.Trade, cell: Cell, close: Close, province: str, published: float, lq: float
) -> None:
    """The sample is fitted to the published shares (22.5, 16.4, 14.6 and 11.8 %), which carry one
    decimal: half of it in either is what the quotient may differ by."""
    assert close(published / 11.8, lq, 6)
    result = pe.dependence(sample, partner="US", during="2025-01/2025-07")
    assert abs(100 * cell(result, "share", province_name=province) - published) <= 0.05
    assert abs(100 * cell(result, "nation_share", province_name=province) - 11.8) <= 0.05
    slack = (published + 0.05) / (11.8 - 0.05) - published / 11.8
    assert abs(cell(result, "lq", province_name=province) - lq) <= slack


def test_1_1_chapter_98_on_both_sides(plant: Callable[..., pe.Trade], cell: Cell) -> None:
    rows = [
        {"province": "44", "partner": partner, "product": product, "period": 202401, "value": v}
        for partner, product, v in (
            ("USA", "85171300", 30), ("USA", "98040000", 20), ("VNM", "64039900", 40),
            ("VNM", "98050000", 5), ("VNM", "99000000", 5),
        )
    ]  # fmt: skip
    result = pe.dependence(plant(rows), partner="US", during="2024-01")
    assert cell(result, "share") == 50 / 100
    assert cell(result, "share_ex98") == 30 / 75  # without 20 to the US and 25 in all
    assert cell(result, "share_unclassified") == 30 / 100  # chapters 98 and 99


def test_1_1_change_in_percentage_points(plant: Callable[..., pe.Trade], cell: Cell) -> None:
    rows = [("44", "USA", 202301, 40), ("44", "VNM", 202301, 60), ("44", "USA", 202401, 30),
            ("44", "VNM", 202401, 90)]  # fmt: skip
    result = pe.dependence(plant(rows), partner="US", during="2024-01")
    assert cell(result, "delta_share_pp") == pytest.approx(-15.0, abs=1e-12)
    assert (cell(result, "share"), cell(result, "base_share")) == (0.25, 0.4)


def test_1_1_total_trade_divides_exports_and_imports(
    plant: Callable[..., pe.Trade], cell: Cell
) -> None:
    plant([("51", "USA", 202401, 10), ("51", "VNM", 202401, 30)])
    trade = plant([("51", "USA", 202401, 5), ("51", "BRA", 202401, 55)], flow="import")
    result = pe.dependence(trade, partner="US", during="2024-01", flow="total")
    assert (cell(result, "value"), cell(result, "total")) == (15, 100)
    assert cell(result, "share") == 0.15


def test_1_1_chapters_of_two_tables_of_different_detail(
    plant: Callable[..., pe.Trade], cell: Cell
) -> None:
    """Exports by 8 digits, imports by 6: chapter 98 is told by each table's own digits."""
    base = {"province": "44", "period": 202401}
    plant([{**base, "partner": "USA", "product": "85171300", "value": 30},
           {**base, "partner": "USA", "product": "98040000", "value": 10}])  # fmt: skip
    trade = plant([{**base, "partner": "VNM", "product": "640399", "value": 50},
                   {**base, "partner": "VNM", "product": "980400", "value": 10}],
                  flow="import")  # fmt: skip
    result = pe.dependence(trade, partner="US", during="2024-01", flow="total")
    assert cell(result, "share_ex98") == 30 / 80
    assert cell(result, "share_unclassified") == 20 / 100
    frame = pe.value(trade, by="product:HS2", flow="total", during="2024-01").frame
    assert dict(zip(frame["product"], frame["value"])) == {"85": 30, "98": 20, "64": 50}


@pytest.mark.parametrize(
    ("x0", "x1", "pct", "ratio", "dhs", "status"),
    [
        (100.0, 75.0, -0.25, 0.75, -0.285714, "ok"),
        (20.0, 0.0, -1.0, 0.0, -2.0, "exit"),
        (0.0, 5.0, None, None, 2.0, "new"),
        (1.0, 68.0, 67.0, 68.0, 1.942029, "ok"),
        (0.02, 0.5, 24.0, 25.0, 1.846154, "small_base"),
    ],
)
def test_2_1_growth(
    plant: Callable[..., pe.Trade], close: Close, x0: float, x1: float, pct: float | None,
    ratio: float | None, dhs: float, status: str,
) -> None:  # fmt: skip
    """The unit is USD 100 million, the threshold 0.1 of it."""
    unit = 100_000_000
    rows = [("44", "USA", month, round(x * unit)) for month, x in ((202301, x0), (202401, x1))]
    row = pe.growth(plant(rows), during="2024-01", min_base=0.1 * unit).frame.row(0, named=True)
    assert row["status"] == status
    assert close(row["dhs"], dhs, 6)
    for name, want in (("pct", pct), ("ratio", ratio)):
        assert row[name] is None if want is None else close(row[name], want, 6)
    if pct is not None:
        assert row["dhs"] == pytest.approx(2 * row["pct"] / (2 + row["pct"]))  # g = 2r / (2 + r)
    if status in ("ok", "small_base"):
        assert row["log"] == pytest.approx(math.log(x1 / x0), rel=1e-12)


def test_2_2_cagr(plant: Callable[..., pe.Trade], close: Close) -> None:
    rows = [("44", "USA", m, v) for m, v in ((202101, 480_000_000), (202401, 630_000_000))]
    trade = plant(rows)
    row = pe.growth(trade, during="2024-01", against="2021-01", kind="cagr").frame
    assert close(row["pct"].item(), 0.094880, 6)
    assert row["ratio"].item() == 630 / 480
    small = pe.growth(
        trade, during="2024-01", against="2021-01", kind="cagr", min_base=500_000_000
    ).frame
    assert small["pct"].item() is None  # needs a base of at least min_base
    assert small["status"].item() == "small_base"


def test_2_2_cagr_over_one_year_is_growth_and_needs_a_base_too(
    plant: Callable[..., pe.Trade],
) -> None:
    trade = plant([("44", "USA", 202301, 100), ("44", "USA", 202401, 110)])
    frame = pe.growth(trade, during="2024-01", kind="cagr", min_base=100).frame
    assert frame["pct"].item() == pytest.approx(0.1)
    small = pe.growth(trade, during="2024-01", kind="cagr", min_base=101).frame
    assert small["pct"].item() is None


def test_2_2_cagr_of_what_vanished_is_minus_one(plant: Callable[..., pe.Trade]) -> None:
    trade = plant([("44", "USA", 202101, 100), ("35", "USA", 202401, 1)])
    frame = pe.growth(trade, during="2024-01", against="2021-01", kind="cagr", min_base=1).frame
    found = {p: (s, x) for p, s, x in frame.select("province", "status", "pct").rows()}
    assert found == {"44": ("exit", -1.0), "35": ("new", None)}


def test_2_2_windows_must_be_years_apart(plant: Callable[..., pe.Trade]) -> None:
    trade = plant([("44", "USA", 202401, 100)])
    with pytest.raises(PeriodError, match="spans no year"):
        pe.growth(trade, during="2024-01", against="2025-01", kind="cagr")
    with pytest.raises(PeriodError, match="same calendar months"):
        pe.growth(trade, during="2024-01", against="2023-02")


def test_bounds_of_rounding(plant: Callable[..., pe.Trade]) -> None:
    """Figures rounded to 10,000: each of n rows may be off by 5,000."""
    rows = [("44", "USA", 202301, 200_000), ("44", "VNM", 202301, 100_000),
            ("44", "USA", 202401, 330_000)]  # fmt: skip
    row = pe.growth(plant(rows, rounding=10_000), during="2024-01").frame.row(0, named=True)
    assert row["pct"] == pytest.approx(0.1)
    assert row["pct_lo"] == pytest.approx((330_000 - 5_000) / (300_000 + 10_000) - 1)
    assert row["pct_hi"] == pytest.approx((330_000 + 5_000) / (300_000 - 10_000) - 1)


def test_bounds_never_fall_below_minus_one(plant: Callable[..., pe.Trade]) -> None:
    rows = [("44", "USA", 202301, 10_000), ("44", "USA", 202401, 0), ("44", "VNM", 202401, 0)]
    row = pe.growth(plant(rows, rounding=10_000), during="2024-01").frame.row(0, named=True)
    assert row["pct_lo"] == -1
