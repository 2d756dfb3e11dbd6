"""Revisions between publications (methods 7)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CallError

Plant = Callable[..., pe.Trade]
Row = dict[str, Any]
DAY = 86_400
FIRST = 1_710_000_000  # 2024-03-09
PARTNERS = ("USA", "VNM", "DEU")


def prints(plant: Plant, *publications: list[Any], **options: Any) -> pe.Trade:
    """One store, loaded with each publication ten days after the one before."""
    for i, rows in enumerate(publications):
        trade = plant(rows, vintage=FIRST + 10 * DAY * i, name=f"print {i}", **options)
    return trade


def cells(values: tuple[int, ...], period: int = 202401) -> list[Any]:
    return [("44", p, period, v) for p, v in zip(PARTNERS, values)]


def test_7_the_example(plant: Plant, close: Callable[..., bool]) -> None:
    trade = prints(plant, cells((100, 50, 20)), cells((102, 49, 26)))
    row = pe.revisions(trade, during="2024-01").frame.row(0, named=True)
    assert close(row["mr"], 0.10, 6)
    assert close(row["mar"], 0.113333, 6)
    assert close(row["wmar"], 0.052941, 6)
    assert (row["value"], row["first_value"]) == (177, 170)
    assert (row["n_cells"], row["n_again"], row["n_revised"]) == (3, 3, 3)


def test_the_first_and_the_last_of_three_publications(plant: Plant) -> None:
    trade = prints(plant, cells((100, 50, 20)), cells((90, 50, 20)), cells((105, 50, 20)))
    row = pe.revisions(trade, during="2024-01").frame.row(0, named=True)
    assert row["mr"] == pytest.approx(0.05 / 3) and row["n_revised"] == 1


def test_an_older_publication_loaded_late_comes_first(plant: Plant) -> None:
    new, old = cells((102, 49, 26)), cells((100, 50, 20))
    plant(new, vintage=FIRST + DAY, name="new")
    trade = plant(old, vintage=FIRST, name="old")
    row = pe.revisions(trade, during="2024-01").frame.row(0, named=True)
    assert row["mr"] == pytest.approx(0.10) and row["value"] == 177


def test_as_of_a_date(make_store: Callable[..., Any], plant: Plant) -> None:
    trade = prints(plant, cells((100, 50, 20)), cells((90, 50, 20)), cells((105, 50, 20)))
    path = trade.snapshot.place
    at = [pe.revisions(pe.open(path, as_of=day), during="2024-01").frame.row(0, named=True)
          for day in ("2024-03-12", "2024-03-22", "2024-12-31")]  # fmt: skip
    assert [r["value"] for r in at] == [170, 160, 175]
    assert [r["mr"] for r in at] == [None, pytest.approx(-0.1 / 3), pytest.approx(0.05 / 3)]
    assert [r["n_again"] for r in at] == [0, 3, 3]


def test_a_cell_that_a_declared_file_drops_is_zero(plant: Plant) -> None:
    trade = prints(plant, cells((100, 50, 20)), cells((100, 50)))
    row = pe.revisions(trade, during="2024-01").frame.row(0, named=True)
    assert row["value"] == 150 and row["n_revised"] == 1
    assert row["mr"] == pytest.approx(-1 / 3) and row["wmar"] == pytest.approx(20 / 170)


def test_published_once_says_nothing(plant: Plant, codes: Callable[..., list[str]]) -> None:
    result = pe.revisions(plant(cells((100, 50, 20))), during="2024-01")
    row = result.frame.row(0, named=True)
    assert row["mr"] is row["mar"] is row["wmar"] is row["sign_changes"] is None
    assert (row["value"], row["n_cells"], row["n_again"], row["n_revised"]) == (170, 3, 0, 0)
    assert "one_vintage" in codes(result)
    # A cell first published late is no revision; the others are.
    late = prints(plant, cells((100, 50)), cells((100, 40, 20)), store="late")
    result = pe.revisions(late, during="2024-01")
    row = result.frame.row(0, named=True)
    assert (row["n_cells"], row["n_again"]) == (3, 2) and row["mr"] == pytest.approx(-0.1)
    assert "one_vintage" not in codes(result)


def test_sign_changes_of_growth(plant: Plant) -> None:
    base = cells((100, 100, 100), 202301)
    trade = prints(plant, [*base, *cells((101, 90, 105))], [*base, *cells((99, 95, 101))])
    row = pe.revisions(trade, during="2024-01").frame.row(0, named=True)
    assert row["sign_changes"] == 1  # the first: +1 % at first, -1 % now
    # A revised base changes growth as well.
    now = cells((101, 90, 105))
    trade = prints(plant, [*base, *now], [*cells((102, 100, 104), 202301), *now], store="base")
    assert pe.revisions(trade, during="2024-01").frame["sign_changes"].item() == 1
    # Without the year before there is no growth.
    trade = prints(plant, now, cells((99, 95, 101)), store="alone")
    assert pe.revisions(trade, during="2024-01").frame["sign_changes"].item() == 0


def test_keys_coverage_and_errors(plant: Plant, finite: Callable[[pe.Result], None]) -> None:
    both = [*cells((100, 50, 0)), *cells((10, 10, 10), 202402)]
    trade = prints(plant, both, [*cells((110, 50, 5)), *cells((10, 10, 10), 202402)])
    result = pe.revisions(trade, by=["partner", "month"], during="2024-01/2024-03")
    finite(result)
    got = {(r["partner"], r["month"]): r for r in result.frame.to_dicts()}
    assert len(got) == 9
    assert got["USA", "2024-01"]["mr"] == pytest.approx(0.1)
    assert got["USA", "2024-02"]["mr"] == 0.0 and got["USA", "2024-02"]["n_revised"] == 0
    assert got["USA", "2024-03"]["status"] == "missing" and got["USA", "2024-03"]["value"] is None
    assert got["DEU", "2024-01"]["mr"] is None  # from nothing there is no rate
    assert got["DEU", "2024-01"]["wmar"] is None and got["DEU", "2024-01"]["n_revised"] == 1
    us = pe.revisions(trade, by="partner", partner="US", during="2024-01/2024-02").frame
    assert us.select("partner", "value", "first_value").rows() == [("USA", 120, 110)]
    assert us["wmar"].item() == pytest.approx(10 / 110)
    with pytest.raises(CallError, match="region"):
        pe.revisions(trade, by="region", during="2024-01")
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_by_product_across_a_revision_of_the_codes(plant: Plant) -> None:
    base = {"province": "44", "partner": "USA"}
    old = [{**base, "product": "851712", "period": 202103, "value": 100}]
    first = [*old, {**base, "product": "851713", "period": 202203, "value": 90}]
    last = [*old, {**base, "product": "851713", "period": 202203, "value": 99}]
    trade = prints(plant, first, last)
    row = pe.revisions(trade, by="product:HS6", during="2022-03").frame.row(0, named=True)
    assert row["mr"] == pytest.approx(0.1) and row["value"] == 99


def test_against_plain_python(plant: Plant) -> None:
    """Four publications of a random table, each with some figures changed and some left."""
    rng = random.Random(5)
    keys = [(place, p, m) for place in ("44", "31") for p in PARTNERS
            for m in (202301, 202302, 202401, 202402)]  # fmt: skip
    figures = {k: rng.randrange(0, 1000) for k in keys}
    publications = []
    for _ in range(4):
        publications.append([(*k, v) for k, v in figures.items()])
        figures = {k: max(0, v + rng.choice((0, 0, 0, -300, 7, 250))) for k, v in figures.items()}
    trade = prints(plant, *publications)
    first, last = ({r[:3]: r[3] for r in publications[i]} for i in (0, -1))
    got = pe.revisions(trade, by=["province", "month"], during="2024-01/2024-02").frame
    assert got.height == 4
    for row in got.to_dicts():
        period = int(row["month"].replace("-", ""))
        mine = [k for k in keys if k[0] == row["province"] and k[2] == period]
        rel = [last[k] / first[k] - 1 for k in mine if first[k]]
        assert row["mr"] == pytest.approx(sum(rel) / len(rel), abs=1e-9)
        assert row["mar"] == pytest.approx(sum(map(abs, rel)) / len(rel), abs=1e-9)
        moved = sum(abs(last[k] - first[k]) for k in mine)
        assert row["wmar"] == pytest.approx(moved / sum(first[k] for k in mine))
        signs = 0
        for k in mine:
            b = (*k[:2], period - 100)
            signs += (first[k] - first[b]) * (last[k] - last[b]) < 0
        assert row["sign_changes"] == signs
        assert row["value"] == sum(last[k] for k in mine)
        assert row["first_value"] == sum(first[k] for k in mine)
        assert row["n_revised"] == sum(last[k] != first[k] for k in mine)
