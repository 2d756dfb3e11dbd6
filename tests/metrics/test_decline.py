"""What fell: the example of methods 3.1, every condition, streaks and placebo windows by loops."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CallError, PeriodError
from provexpo.periods import Span, shift

Row = dict[str, Any]
Plant = Callable[..., pe.Trade]
Cell = Callable[..., Any]
Close = Callable[[Any, float, int], bool]
M = 1_000_000
QUARTER: list[Span] = [(y * 100 + m, 1) for y in (2023, 2024) for m in (1, 2, 3)]
LEATHER = "Leather goods, footwear and headgear"


def cells(
    product: str, base: float, now: float, province: str = "44", partner: str = "USA"
) -> list[Row]:
    return [
        {"province": province, "partner": partner, "product": product, "period": period,
         "value": round(v * M)}
        for period, v in ((202303, base), (202403, now))
    ]  # fmt: skip


def toy_rows() -> list[Row]:
    """Base 20 of footwear (12 -> 6, 6 -> 6, 2 -> 0), 85 to the US, 200 in all; nation -15.5 %."""
    rows = cells("64039900", 12, 6) + cells("64029900", 6, 6) + cells("64041100", 2, 0)
    rows += cells("85171300", 65, 70) + cells("85171300", 115, 120, partner="DEU")
    return rows + cells("64039900", 180, 157, province="35")


@pytest.fixture
def toy(plant: Plant) -> pe.Trade:
    return plant(toy_rows(), spans=QUARTER)


def test_3_1_example(toy: pe.Trade, close: Close) -> None:
    frame = pe.decline(toy, during="2024-01/2024-03").frame
    row = frame.filter((pl.col("province") == "44") & (pl.col("sector") == LEATHER)).row(
        0, named=True
    )
    for name, printed in (("pct", -0.40), ("dhs", -0.50), ("contribution_pp", -4.0),
                          ("contribution_us_pp", -9.411765), ("breadth", 0.70),
                          ("g_national", -0.155), ("rel", -0.245)):  # fmt: skip
        assert close(row[name], printed, 6), name
    assert (row["severity"], row["declining"], row["status"]) == ("severe", True, "ok")
    assert (row["value"], row["base_value"], row["change"]) == (12 * M, 20 * M, -8 * M)


def test_every_cell_of_either_window_is_a_row(plant: Plant, finite: Callable[..., None]) -> None:
    rows = toy_rows() + cells("95030010", 5, 0) + cells("94016110", 0, 5)
    rows += cells("72011000", -5, 3) + cells("61091000", 3, 4, partner="DEU")
    result = pe.decline(plant(rows, spans=QUARTER), province="44", during="2024-01/2024-03")
    finite(result)
    status = dict(zip(result.frame["sector"], result.frame["status"]))
    assert status == {
        LEATHER: "ok", "Electrical and electronic goods": "ok",
        "Toys, games and sports goods": "exit", "Furniture, bedding and lighting": "new",
        "Base metals and articles": "negative",
    }  # fmt: skip
    found = {r["sector"]: r for r in result.frame.to_dicts()}
    toys, new = found["Toys, games and sports goods"], found["Furniture, bedding and lighting"]
    assert (toys["pct"], toys["dhs"], toys["declining"], toys["breadth"]) == (-1, -2, True, 1)
    assert (new["pct"], new["dhs"], new["declining"], new["rank"]) == (None, 2, False, None)
    assert new["contribution_pp"] == pytest.approx(100 * 5 / (200 + 5 - 5 + 3))
    assert found["Base metals and articles"]["pct"] is None


def test_rank_goes_by_contribution_so_that_a_tiny_base_does_not_lead(plant: Plant) -> None:
    rows = toy_rows() + cells("95030010", 1, 0.1)
    trade = plant(rows, spans=QUARTER)
    frame = pe.decline(trade, province="44", during="2024-01/2024-03").frame
    ranks = dict(zip(frame["sector"], frame["rank"]))
    assert ranks == {LEATHER: 1, "Toys, games and sports goods": 2,
                     "Electrical and electronic goods": 3}  # fmt: skip
    assert frame["rank"].to_list() == [1, 2, 3]
    by_pct = pe.decline(trade, province="44", during="2024-01/2024-03", rank_by="pct")
    ranks = dict(zip(by_pct.frame["sector"], by_pct.frame["rank"]))
    assert ranks["Toys, games and sports goods"] is None  # 1 million is under 10 m a year
    assert ranks[LEATHER] == 1
    assert pe.replay(by_pct.receipt.to_json()).frame.equals(by_pct.frame)
    small = frame.filter(pl.col("small_base"))
    assert small["sector"].to_list() == ["Toys, games and sports goods"]
    assert small["declining"].to_list() == [False]


@pytest.mark.parametrize(
    ("base", "now", "severity", "declining"),
    [
        (100, 96, None, False), (100, 95, "mild", True), (100, 85, "mild", True),
        (100, 84.9, "moderate", True), (100, 70, "moderate", True), (100, 69.9, "severe", True),
        (100, 0, "severe", True), (100, 120, None, False),
    ],
)  # fmt: skip
def test_bounds_of_severity(
    plant: Plant, base: float, now: float, severity: str | None, declining: bool
) -> None:
    trade = plant(cells("64039900", base, now), spans=QUARTER)
    row = pe.decline(trade, during="2024-01/2024-03").frame.row(0, named=True)
    assert (row["severity"], row["declining"]) == (severity, declining)


@pytest.mark.parametrize(
    ("fell", "breadth", "declining"), [(60, 0.6, True), (50, 0.5, True), (40, 0.4, False)]
)
def test_a_fall_must_be_broad(plant: Plant, fell: int, breadth: float, declining: bool) -> None:
    rows = cells("64039900", fell, fell - 20) + cells("64029900", 100 - fell, 101 - fell)
    row = pe.decline(plant(rows, spans=QUARTER), during="2024-01/2024-03").frame.row(0, named=True)
    assert (row["breadth"], row["declining"]) == (pytest.approx(breadth), declining)
    loose = pe.decline(
        plant(rows, spans=QUARTER, store="b"), during="2024-01/2024-03", min_breadth=0.3
    )
    assert loose.frame["declining"].item() is True
    strict = pe.decline(
        plant(rows, spans=QUARTER, store="c"), during="2024-01/2024-03", max_pct=-0.5
    )
    assert strict.frame["declining"].item() is False


def test_a_window_under_three_months_declines_never(
    toy: pe.Trade, codes: Callable[..., list[str]]
) -> None:
    result = pe.decline(toy, during="2024-03")
    assert not result.frame["declining"].any()
    assert result.frame["severity"].drop_nulls().len() > 0
    assert "window" in codes(result)


def test_contributions_are_to_all_products_whatever_is_selected(toy: pe.Trade, cell: Cell) -> None:
    result = pe.decline(toy, product="footwear", by="province", during="2024-01/2024-03")
    assert cell(result, "contribution_pp", province="44") == pytest.approx(-4.0)
    assert cell(result, "contribution_us_pp", province="44") == pytest.approx(-100 * 8 / 85)
    assert cell(result, "breadth", province="44") == pytest.approx(0.7)


def test_contributions_add_up(trades: dict[int, pe.Trade]) -> None:
    """Over sectors they make the province's growth to the partner, in points of its exports."""
    frame = pe.decline(trades[1], during="2024").frame
    whole = pe.growth(trades[1], partner="US", during="2024").frame
    base = dict(pe.value(trades[1], during="2023").frame.select("province", "value").iter_rows())
    for r in whole.to_dicts():
        mine = frame.filter(pl.col("province") == r["province"])
        total = mine["contribution_us_pp"].sum()
        if r["base_value"]:
            assert total == pytest.approx(100 * r["change"] / r["base_value"])
            assert mine["contribution_pp"].sum() == pytest.approx(
                100 * r["change"] / base[r["province"]]
            )


def test_breadth_by_chapter_and_by_product(toy: pe.Trade, cell: Cell) -> None:
    words: Row = {"province": "44", "during": "2024-01/2024-03"}
    chapters = pe.decline(toy, by=["province", "product:HS2"], **words)
    assert cell(chapters, "breadth", product="64") == pytest.approx(0.7)
    assert cell(chapters, "declining", product="64") is True
    assert any(m["name"] == "products" for m in chapters.receipt.more)
    products = pe.decline(toy, by="product:HS6", **words)
    assert cell(products, "breadth", product="640399") == 1
    assert cell(products, "breadth", product="640299") == 0
    for result in (chapters, products):
        assert pe.replay(result.receipt.to_json()).frame.equals(result.frame)


def test_a_table_without_products(plant: Plant, codes: Callable[..., list[str]]) -> None:
    rows = [{k: v for k, v in r.items() if k != "product"} for r in cells("1", 200, 120)]
    result = pe.decline(plant(rows, spans=QUARTER), by="province", during="2024-01/2024-03")
    row = result.frame.row(0, named=True)
    assert (row["pct"], row["breadth"], row["declining"]) == (pytest.approx(-0.4), None, None)
    assert "columns" in codes(result)


def test_what_is_not_covered_is_missing(toy: pe.Trade, finite: Callable[..., None]) -> None:
    result = pe.decline(toy, during="2023-01/2023-03")
    finite(result)
    assert result.frame.height > 0
    assert set(result.frame["status"]) == {"missing"}
    assert set(result.frame["reason"]) == {"base_uncovered"}
    for name in ("declining", "pct", "dhs", "contribution_pp", "breadth", "severity", "rank"):
        assert result.frame[name].null_count() == result.frame.height, name


def test_where_nothing_was_sold(toy: pe.Trade) -> None:
    assert pe.decline(toy, partner="Japan", during="2024-01/2024-03").frame.height == 0
    nation = pe.decline(toy, partner="Japan", by=[], during="2024-01/2024-03").frame
    assert nation["status"].to_list() == ["none"]


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ({"rank_by": "luck"}, CallError, "rank_by"),
        ({"max_pct": 0.05}, CallError, "max_pct"),
        ({"min_breadth": 50}, CallError, "min_breadth"),
        ({"event": "2024"}, PeriodError, "one month"),
        ({"event": "soon"}, PeriodError, "soon"),
        ({"event": "2099-01"}, CallError, "after the window"),
    ],
)
def test_wrong_words(toy: pe.Trade, words: Row, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        pe.decline(toy, during="2024-01/2024-03", **words)


# Streaks and placebo windows, by loops

FIRST, N = 201901, 72  # to December 2024
LINES = (("44", "64039900"), ("44", "61091000"), ("35", "64039900"))


def panel() -> list[Row]:
    rng = random.Random(7)
    rows = []
    for province, product in LINES:
        level = 50.0
        for i in range(N):
            level *= 1 + rng.gauss(-0.01, 0.06)
            rows.append({"province": province, "partner": "USA", "product": product,
                         "period": shift(FIRST, i), "value": int(level * M)})  # fmt: skip
    return rows


def combined(rows: list[Row]) -> list[Row]:
    """January and February of each year in one row."""
    sums: dict[tuple[Any, ...], int] = defaultdict(int)
    for r in rows:
        period = r["period"] + 1 if r["period"] % 100 == 1 else r["period"]
        sums[r["province"], r["product"], period] += r["value"]
    return [
        {"province": p, "partner": "USA", "product": k, "period": t, "value": v,
         "months": 2 if t % 100 == 2 else 1}
        for (p, k, t), v in sums.items()
    ]  # fmt: skip


def loops(rows: list[Row], first: int, n: int, event: int, *, joined: bool) -> dict[Any, Row]:
    """Placebo windows and the streak of every line, month by month."""
    out = {}
    for line in LINES:
        x = {r["period"]: r["value"] for r in rows if (r["province"], r["product"]) == line}

        def total(start: int, x: dict[int, int] = x) -> int | None:
            months = [shift(start, i) for i in range(n)]
            if joined and (months[0] % 100 == 2 or months[-1] % 100 == 1):
                return None
            return sum(x[m] for m in months) if all(m in x for m in months) else None

        past = []
        for i in range(N):
            start = shift(FIRST, i)
            a, b = total(shift(start, -12)), total(start)
            if shift(start, n - 1) < event and a is not None and b is not None:
                past.append(b / a - 1)
        median = statistics.median(past)
        mad = statistics.median(abs(v - median) for v in past)
        now, base = total(first), total(shift(first, -12))
        assert now is not None and base is not None
        month, streak = shift(first, n - 1), 0
        while True:
            pair = [month] if month % 100 != 2 else [month, shift(month, -1)]
            if any(shift(m, -12) not in x for m in pair):
                break
            if sum(x[m] for m in pair) >= sum(x[shift(m, -12)] for m in pair):
                break
            streak += len(pair)
            month = shift(month, -len(pair))
        out[line] = {"z": (now / base - 1 - median) / (1.4826 * mad), "n": len(past),
                     "streak": streak}  # fmt: skip
    return out


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize(
    ("during", "first", "n", "event"),
    [("2024-01/2024-07", 202401, 7, None), ("2024-10/2024-12", 202410, 3, None),
     ("2024-01/2024-02", 202401, 2, "2023-10")],
)  # fmt: skip
def test_placebo_and_persistence_against_loops(
    plant: Plant, joined: bool, during: str, first: int, n: int, event: str | None
) -> None:
    rows = panel()
    trade = plant(combined(rows) if joined else rows)
    result = pe.decline(trade, during=during, event=event, by=["province", "product:HS8"])
    want = loops(rows, first, n, int(event.replace("-", "")) if event else first, joined=joined)
    found = {(r["province"], r["product"]): r for r in result.frame.to_dicts()}
    assert set(found) == set(LINES)
    for line, figures in want.items():
        row = found[line]
        assert row["n_placebo"] == figures["n"] >= 24
        assert row["z_placebo"] == pytest.approx(figures["z"])
        assert row["persistence"] == figures["streak"]
    # Benjamini-Hochberg by hand: p over rank times n, made monotone from the largest.
    p = sorted(
        (2 * (1 - statistics.NormalDist().cdf(abs(w["z"]))), line) for line, w in want.items()
    )
    least = 1.0
    for place in (3, 2, 1):
        value, line = p[place - 1]
        least = min(least, value * 3 / place)
        assert found[line]["q_placebo"] == pytest.approx(least, abs=1e-9)
    assert pe.replay(result.receipt.to_json()).frame.equals(result.frame)


def test_too_few_placebo_windows_give_no_z(plant: Plant) -> None:
    rows = [r for r in panel() if r["period"] >= 202107]
    result = pe.decline(plant(rows), during="2024-01/2024-07")
    assert result.frame["z_placebo"].null_count() == result.frame.height
    assert max(result.frame["n_placebo"]) < 24
    assert any("24" in c.text for c in result.caveats if c.code == "columns")


def test_a_gap_ends_a_streak_and_is_no_placebo(plant: Plant) -> None:
    rows = [r for r in panel() if r["period"] != 202303]
    whole = pe.decline(plant(panel(), store="whole"), during="2024-04/2024-07").frame
    gap = pe.decline(plant(rows, store="gap"), during="2024-04/2024-07").frame
    assert gap["n_placebo"].to_list() < whole["n_placebo"].to_list()
    assert all(a is None or a <= 4 for a in gap["persistence"])  # March needs March 2023
    last = pe.decline(plant(rows, store="last"), during="2024-03").frame
    assert set(last["status"]) == {"missing"} and last["persistence"].null_count() == last.height


def test_a_row_by_code_has_no_history_before_its_code(plant: Plant) -> None:
    """851712 became 851713 and 851714 in 2022: before, a row of 851713 would hold both."""
    rng = random.Random(3)
    rows = []
    for i in range(N):
        period = shift(FIRST, i)
        new = ("85171300", "85171400") if period >= 202201 else ("85171200",)
        for product in new:
            rows.append({"province": "44", "partner": "USA", "product": product,
                         "period": period, "value": int(rng.uniform(20, 60) * M)})  # fmt: skip
    trade = plant(rows)
    words: Row = {"during": "2024-01/2024-07"}
    codes = pe.decline(trade, by="product:HS6", **words).frame
    assert set(codes["product"]) == {"851713", "851714"}
    # From 2022 on, with a base: windows that start in January to June 2023.
    assert codes["n_placebo"].to_list() == [6, 6]
    selected = pe.decline(trade, product="851713", by=[], **words).frame
    assert selected["n_placebo"].to_list() == [6]
    assert selected["persistence"].item() == codes.filter(pl.col("product") == "851713")[
        "persistence"
    ].item()  # fmt: skip
    sector = pe.decline(trade, by="sector", **words).frame
    assert sector["n_placebo"].to_list() == [N - 12 - 12 - 6]  # all: the sector holds every code


def test_the_order_of_rows_and_the_scale_change_no_ratio(plant: Plant) -> None:
    rows = panel()
    one = pe.decline(plant(rows), during="2024-01/2024-07", min_base=0).frame
    back = plant([{**r, "value": r["value"] * 1000} for r in reversed(rows)], store="b")
    two = pe.decline(back, during="2024-01/2024-07", min_base=0).frame
    for name in one.columns:
        if name in ("value", "base_value", "change"):
            assert (one[name] * 1000).equals(two[name])
        elif one[name].dtype.is_float():
            assert one[name].to_list() == pytest.approx(two[name].to_list()), name
        else:
            assert one[name].equals(two[name]), name


def test_the_sample(sample: pe.Trade, finite: Callable[..., None]) -> None:
    calls: list[Row] = [
        {}, {"by": []}, {"by": ["province", "quarter"]}, {"flow": "total"}, {"by": "region"},
        {"province": "Fujian", "product": "footwear"},
    ]  # fmt: skip
    for words in calls:
        result = pe.decline(sample, during="2025-01/2025-07", **words)
        finite(result)
        assert set(result.units) == set(result.frame.columns)
        assert pe.replay(result.receipt.to_json()).frame.equals(result.frame)
        for r in result.frame.to_dicts():
            assert r["breadth"] is None or 0 <= r["breadth"] <= 1
