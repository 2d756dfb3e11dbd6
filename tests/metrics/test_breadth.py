"""In how many provinces trade fell: by hand, by loops, and counted on another Result."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.periods import Span

Row = dict[str, Any]
Plant = Callable[..., pe.Trade]
Caveat = Callable[[pe.Result, str], str]
NOW, BASE = 202407, 202307
M = 1_000_000
# Province -> (base, now). Threshold in the calls: 10 million.
PLANTED = {
    "11": (40 * M, 50 * M),  # up, +25 %
    "14": (20 * M, 10 * M),  # down, -50 %
    "21": (30 * M, 30 * M),  # compared, neither
    "31": (8 * M, 2 * M),  # down from a small base, -75 %
    "35": (20 * M, 0),  # exit: down, -100 %
    "44": (0, 5 * M),  # new: up, no percentage
    "51": (0, 0),  # none: not counted
    "65": (-2 * M, 1 * M),  # negative: not counted
    "12": (40 * M, 0),  # exit too: of equal ones the lowest code is named
}


def rows(product: str = "64039900", partner: str = "USA") -> list[Row]:
    return [
        {"province": p, "partner": partner, "product": product, "period": month, "value": v}
        for p, (base, now) in PLANTED.items()
        for month, v in ((BASE, base), (NOW, now))
    ]


def test_by_hand(plant: Plant, finite: Callable[..., None], caveat: Caveat) -> None:
    result = pe.breadth(plant(rows()), by=[], during="2024-07", min_base=10 * M)
    finite(result)
    row = result.frame.row(0, named=True)
    assert (row["n_down"], row["n_up"], row["n"]) == (4, 2, 7)
    assert (row["share_down"], row["share_up"]) == (4 / 7, 2 / 7)
    assert row["median_pct"] == statistics.median([0.25, -0.5, 0.0, -0.75, -1.0, -1.0])
    assert (row["min_pct"], row["max_pct"]) == (-1.0, 0.25)
    assert (row["who_min"], row["who_min_name"]) == ("12", "Tianjin")
    assert (row["who_max"], row["who_max_name"]) == ("11", "Beijing")
    assert (row["n_small_base"], row["n_missing"], row["status"]) == (1, 0, "ok")
    assert row["value"] == sum(now for _, now in PLANTED.values())
    assert "1 of the cells" in caveat(result, "small_base")


def test_each_chapter_has_a_row_by_default(plant: Plant) -> None:
    both = rows() + [{**r, "value": max(r["value"], 0) * 2} for r in rows("85171300")]
    frame = pe.breadth(plant(both), during="2024-07").frame
    assert frame["product"].to_list() == ["64", "85"]
    assert dict(zip(frame["product"], frame["n_down"])) == {"64": 4, "85": 4}
    assert dict(zip(frame["product"], frame["n"])) == {"64": 7, "85": 8}  # 65: 0 -> 2m is new


def test_over_something_else(plant: Plant) -> None:
    table = [("64039900", 10, 5), ("85171300", 10, 12), ("95030010", 10, 9)]
    trade = plant([
        {"province": "44", "partner": "USA", "product": product, "period": month, "value": v * M}
        for product, base, now in table for month, v in ((BASE, base), (NOW, now))
    ])  # fmt: skip
    result = pe.breadth(trade, over="product:HS6", during="2024-07")
    row = result.frame.row(0, named=True)
    assert (row["province"], row["n_down"], row["n"]) == ("44", 2, 3)
    assert (row["who_min"], row["who_max"]) == ("640399", "851713")
    assert pe.replay(result.receipt.to_json()).frame.equals(result.frame)
    sectors = pe.breadth(trade, over="sector", by=[], during="2024-07").frame
    assert sectors["who_min"].item() == "leather_footwear"
    assert sectors["n"].item() == 3
    regions = pe.breadth(trade, over="region", by=[], during="2024-07").frame
    assert regions["n"].item() == 1 and regions["n_down"].item() == 1


def test_the_threshold_is_that_of_what_is_counted(plant: Plant) -> None:
    """50 million in twelve months: small for a province, not for a product."""
    spans = [(y * 100 + m, 1) for y in (2023, 2024) for m in range(1, 13)]
    trade = plant([
        {"province": "44", "partner": "USA", "product": "64039900", "period": month, "value": v}
        for month, v in ((202303, 50 * M), (202403, 40 * M))
    ], spans=spans)  # fmt: skip
    words: Row = {"during": "2024", "by": []}
    assert pe.breadth(trade, **words).frame["n_small_base"].item() == 1
    assert pe.breadth(trade, over="product:HS6", **words).frame["n_small_base"].item() == 0
    assert pe.breadth(trade, product="64", **words).frame["n_small_base"].item() == 0
    given = pe.breadth(trade, over="product:HS6", min_base=60 * M, **words)
    assert given.frame["n_small_base"].item() == 1


def test_codes_keep_their_zeros(plant: Plant) -> None:
    trade = plant([
        {"province": "44", "partner": "USA", "product": "01012100", "period": m, "value": v}
        for m, v in ((BASE, 10), (NOW, 5))
    ])  # fmt: skip
    frame = pe.breadth(trade, over="product:HS6", by=[], during="2024-07").frame
    assert frame["who_min"].item() == "010121"


def test_what_is_not_covered_is_not_counted(plant: Plant, finite: Callable[..., None]) -> None:
    result = pe.breadth(plant(rows()), by=[], during="2023-07")
    finite(result)
    row = result.frame.row(0, named=True)
    assert (row["status"], row["reason"]) == ("missing", "base_uncovered")
    assert row["n"] is None and row["n_down"] is None and row["share_down"] is None
    assert row["n_missing"] == len(PLANTED)


def test_nothing_at_all_is_none_and_not_a_fall(plant: Plant) -> None:
    frame = pe.breadth(plant(rows()), partner="Japan", by=[], during="2024-07").frame
    assert frame.select("n", "n_down", "n_up", "status").row(0) == (0, 0, 0, "none")
    assert frame["share_down"].to_list() == [None]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"over": "month"}, "no time"),
        ({"over": "province,partner"}, "one key"),
        ({"over": "planet"}, "planet"),
        ({"by": "province"}, "own keys"),
        ({"over": "product:HS6", "by": "product:HS2"}, "own keys"),
        ({"below": 0.5}, "another Result"),
        ({"column": "pct"}, "another Result"),
    ],
)
def test_wrong_words(plant: Plant, words: Row, text: str) -> None:
    with pytest.raises(CallError, match=text):
        pe.breadth(plant(rows()), during="2024-07", **words)


def test_a_store_without_provinces(plant: Plant) -> None:
    flat = [{k: v for k, v in r.items() if k != "province"} for r in rows()[:2]]
    with pytest.raises(CoverageError, match="province"):
        pe.breadth(plant(flat), during="2024-07")


# Counting another Result


@pytest.fixture
def shares(plant: Plant) -> tuple[pe.Trade, pe.Result]:
    table = {"11": (60, 40), "14": (50, 50), "31": (20, 80), "44": (70, 30), "51": (0, 0)}
    trade = plant([
        {"province": p, "partner": partner, "product": "64039900", "period": NOW, "value": v * M}
        for p, pair in table.items() for partner, v in zip(("USA", "DEU"), pair)
    ])  # fmt: skip
    return trade, pe.dependence(trade, during="2024-07")


def test_of_counts_any_figure(shares: tuple[pe.Trade, pe.Result], caveat: Caveat) -> None:
    trade, dependence = shares
    result = pe.breadth(trade, of=dependence, column="share", above=0.5)
    row = result.frame.row(0, named=True)
    assert (row["n_down"], row["n_up"], row["n"]) == (1, 2, 4)  # exactly a half is neither
    assert (row["share_up"], row["share_down"]) == (0.5, 0.25)
    assert (row["median"], row["min"], row["max"]) == (pytest.approx(0.55), 0.2, 0.7)
    assert (row["who_min"], row["who_max"], row["n_missing"]) == ("31", "44", 1)
    assert result.units["median"] == "fraction"
    assert "share" in result.title
    assert [c.rows for c in result.caveats if c.code == "missing"] == [1]
    # The receipt says which Result was counted, and runs again.
    assert result.receipt.call["of"]["metric"] == "dependence"
    assert result.sql == dependence.sql
    for receipt in (result.receipt, result.receipt.to_json()):
        assert pe.replay(receipt).frame.equals(result.frame)


def test_of_takes_the_other_keys_as_rows(plant: Plant) -> None:
    both = rows() + [{**r, "value": abs(r["value"]) * 2} for r in rows("85171300")]
    trade = plant(both)
    growth = pe.growth(trade, by=["province", "product:HS2"], during="2024-07")
    counted = pe.breadth(trade, of=growth, column="dhs").frame.sort("product")
    direct = pe.breadth(trade, during="2024-07").frame.sort("product")
    for column in ("product", "product_name", "n_down", "n_up"):
        assert counted[column].to_list() == direct[column].to_list(), column
    over = pe.breadth(trade, of=growth, column="dhs", over="product:HS2").frame
    assert over.height == growth.frame["province"].n_unique()


def test_of_counts_true_and_false(shares: tuple[pe.Trade, pe.Result]) -> None:
    trade, dependence = shares
    small = dependence.frame["small_base"]
    frame = pe.breadth(trade, of=dependence, column="small_base").frame
    assert frame["n_up"].item() == int(small.sum())
    assert frame["n"].item() == len(small)


def test_of_two_thresholds(shares: tuple[pe.Trade, pe.Result]) -> None:
    trade, dependence = shares
    frame = pe.breadth(trade, of=dependence, column="share", below=0.5, above=0.65).frame
    assert frame.select("n_down", "n_up").row(0) == (1, 1)
    with pytest.raises(CallError, match="twice"):
        pe.breadth(trade, of=dependence, column="share", below=0.6, above=0.5)
    with pytest.raises(CallError, match="not a number"):
        pe.breadth(trade, of=dependence, column="share", below="half")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"column": "nothing"}, "no figure"),
        ({}, "needs the figure"),
        ({"column": "province_name"}, "no figure"),
        ({"column": "share", "over": "partner"}, "no rows by"),
        ({"column": "share", "during": "2024"}, "would change nothing"),
    ],
)
def test_of_wrong_words(shares: tuple[pe.Trade, pe.Result], words: Row, text: str) -> None:
    trade, dependence = shares
    with pytest.raises(CallError, match=text):
        pe.breadth(trade, of=dependence, **words)


def test_of_a_receipt_of_another_store(shares: tuple[pe.Trade, pe.Result], plant: Plant) -> None:
    _, dependence = shares
    other = plant([("11", "USA", NOW, 5)], store="other")
    with pytest.raises(CallError, match="another store"):
        pe.breadth(other, of=vars(dependence.receipt), column="share")


def test_of_where_no_row_has_the_figure(shares: tuple[pe.Trade, pe.Result]) -> None:
    trade, dependence = shares
    row = pe.breadth(trade, of=dependence, column="base_share").frame.row(0, named=True)
    assert (row["n"], row["share_down"], row["who_min"], row["status"]) == (
        0,
        None,
        None,
        "missing",
    )


# Against loops


@pytest.mark.parametrize("over", ["province", "partner"])
def test_against_loops(
    plant: Plant, worlds: dict[tuple[int, str], list[Row]], spans: list[Span], over: str
) -> None:
    world = worlds[1, "export"]
    frame = pe.breadth(plant(world, spans=spans), over=over, during="2024").frame
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for r in world:
        if r["period"] // 100 in (2023, 2024):
            sums[r["product"][:2], r[over]][r["period"] // 100 - 2023] += r["value"]
    for chapter in {c for c, _ in sums}:
        pairs = {who: v for (c, who), v in sums.items() if c == chapter}
        pct = {who: b / a - 1 for who, (a, b) in pairs.items() if a > 0}
        row = frame.filter(pl.col("product") == chapter).row(0, named=True)
        assert row["n"] == len(pairs)
        assert row["n_down"] == sum(b < a for a, b in pairs.values())
        assert row["n_up"] == sum(b > a for a, b in pairs.values())
        if pct:
            assert row["median_pct"] == pytest.approx(statistics.median(pct.values()))
            assert row["who_min"] == min(pct, key=lambda w: (pct[w], w))
            assert row["who_max"] == min(pct, key=lambda w: (-pct[w], w))
    shares = frame["share_down"].to_list()
    assert shares == sorted(shares, reverse=True)


def test_the_sample(sample: pe.Trade) -> None:
    """The statements that most provinces fell (claims C120, C126-C128, C131)."""
    calls: list[Row] = [
        {"partner": "US", "product": "electromechanical"}, {"product": "furniture"},
        {"product": "toys"}, {"product": "footwear"}, {"partner": "US", "product": "98"},
    ]  # fmt: skip
    for words in calls:
        result = pe.breadth(sample, by=[], during="2025-01/2025-07", **words)
        assert result.frame["share_down"].item() > 0.5, words
        assert set(result.units) == set(result.frame.columns)
        assert pe.replay(result.receipt.to_json()).frame.equals(result.frame)
