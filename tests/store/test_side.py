"""Side tables: the same loads, versions and vintages as the trade, and all or nothing with it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.engine.calendar import calendar_text
from provexpo.errors import CoverageError, StoreError
from provexpo.ingest import FileRows
from provexpo.store import delta
from provexpo.store.loading import add, load_rows
from provexpo.store.side import SIDE_KEYS, SIDE_SCHEMAS, SideRows

DAY = 86_400
PlantFile = Callable[..., FileRows]


def gdp(year: int, value: int, province: str = "44") -> dict[str, Any]:
    return {
        "reporter": "CHN", "province": province, "year": year, "value": value, "currency": "CNY"
    }  # fmt: skip


def side(name: str, *rows: dict[str, Any], table: str = "gdp", day: int = 100) -> SideRows:
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    return SideRows(table, f"{name}.csv", name, frame, day * DAY)


def values(trade: pe.Trade) -> dict[tuple[str, int], int]:
    return {(r["province"], r["year"]): r["value"] for r in trade.side("gdp").to_dicts()}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "desk"


@pytest.fixture
def trade_file(plant_file: PlantFile) -> FileRows:
    return plant_file([{"province": "44", "partner": "USA", "period": 202401, "value": 7}])


def test_a_load_may_hold_side_rows_only(store: Path) -> None:
    report = load_rows(store, [], side=[side("a", gdp(2023, 5), gdp(2024, 6))])
    assert (report.load, report.rows_new, report.rows_read) == (1, 2, 2)
    trade = pe.open(store)
    assert values(trade) == {("44", 2023): 5, ("44", 2024): 6}
    for name, schema in SIDE_SCHEMAS.items():
        assert dict(trade.side(name).schema) == schema
    assert trade.side("tariffs").is_empty()
    with pytest.raises(CoverageError, match="side tables only"):
        pe.value(trade)


def test_what_the_load_fills(store: Path) -> None:
    load_rows(store, [], side=[side("a", gdp(2023, 5) | {"source": "NBS"}, day=40)])
    load_rows(store, [], side=[side("b", gdp(2024, 6), day=41)])
    rows = pe.open(store).side("gdp").sort("year").to_dicts()
    assert [(r["vintage"], r["load"], r["source"]) for r in rows] == [
        (40 * DAY, 1, "NBS"), (41 * DAY, 2, "b.csv")
    ]  # fmt: skip


def test_a_store_without_side_tables_still_opens(store: Path, trade_file: FileRows) -> None:
    load_rows(store, [trade_file])
    assert not any((store / name).exists() for name in SIDE_SCHEMAS)
    trade = pe.open(store)
    assert trade.side("gdp").is_empty() and trade.side_coverage() == []
    load_rows(store, [], side=[side("a", gdp(2024, 6))])
    assert values(pe.open(store)) == {("44", 2024): 6}
    assert pe.open(store, version=1).side("gdp").is_empty()
    assert values(trade) == {}, "an open snapshot never changes"


def test_the_newest_vintage_wins_not_the_newest_load(store: Path) -> None:
    load_rows(store, [], side=[side("new", gdp(2024, 9), day=300)])
    report = load_rows(store, [], side=[side("late", gdp(2024, 4), day=200)])
    assert (report.rows_new, report.rows_changed) == (0, 0)
    assert any("1 rows are older" in w for w in report.warnings)
    assert values(pe.open(store)) == {("44", 2024): 9}
    asked = date(1970, 1, 1).toordinal() + 250
    assert values(pe.open(store, as_of=date.fromordinal(asked).isoformat())) == {("44", 2024): 4}
    assert values(pe.open(store, as_of="1970-02-01")) == {}


def test_a_revision_is_counted_and_older_versions_stay(store: Path) -> None:
    load_rows(store, [], side=[side("a", gdp(2023, 5), gdp(2024, 6), day=10)])
    second = side("b", gdp(2023, 5), gdp(2024, 7), gdp(2025, 8), day=20)
    report = load_rows(store, [], side=[second])
    assert (report.rows_new, report.rows_changed, report.rows_unchanged) == (1, 1, 1)
    assert report.revisions == 1
    now, before = pe.open(store), pe.open(store, version=1)
    assert values(now) == {("44", 2023): 5, ("44", 2024): 7, ("44", 2025): 8}
    assert values(before) == {("44", 2023): 5, ("44", 2024): 6}


def test_the_end_of_a_tariff_is_a_revision_of_its_row(store: Path) -> None:
    row = {
        "reporter": "USA", "partner": "CHN", "product": None, "from": date(2025, 2, 4),
        "to": None, "rate": 0.1, "kind": "additional", "programme": None,
    }  # fmt: skip
    schema = {k: v for k, v in SIDE_SCHEMAS["tariffs"].items() if k in row}
    for day, last in ((10, None), (20, date(2025, 3, 3))):
        frame = pl.DataFrame([row | {"to": last}], schema=schema)
        load_rows(store, [], side=[SideRows("tariffs", "t.csv", str(day), frame, day * DAY)])
    (held,) = pe.open(store).side("tariffs").to_dicts()
    assert held["to"] == date(2025, 3, 3)


def test_the_same_file_again_changes_nothing(
    store: Path, listing: Callable[[Path], dict[str, Any]]
) -> None:
    load_rows(store, [], side=[side("a", gdp(2024, 6))])
    before = listing(store)
    report = load_rows(store, [], side=[side("a", gdp(2024, 6))])
    assert report.load is None and report.files[0].status == "already loaded"
    assert listing(store) == before


def test_the_same_content_published_anew_counts_from_then_on(tmp_path: Path) -> None:
    first, other = tmp_path / "one.csv", tmp_path / "two.csv"
    first.write_text("province,year,gdp,unit\n44,2024,5,yuan\n")
    other.write_text("province,year,gdp,unit\n44,2024,6,yuan\n")
    store = tmp_path / "desk"
    for file, vintage in ((first, "2025-01-01"), (other, "2025-02-01"), (first, "2025-03-01")):
        add(store, [file], vintage=vintage)
    assert values(pe.open(store)) == {("44", 2024): 5}
    assert values(pe.open(store, as_of="2025-02-10")) == {("44", 2024): 6}
    report = add(store, [first], vintage="2024-12-01")
    assert report.load is None and any("keeps it" in w for w in report.warnings)


def test_two_figures_of_one_vintage_refuse_the_load(
    store: Path, listing: Callable[[Path], dict[str, Any]]
) -> None:
    load_rows(store, [], side=[side("a", gdp(2024, 6))])
    before = listing(store)
    with pytest.raises(CoverageError, match="value 6 and 7"):
        load_rows(store, [], side=[side("b", gdp(2024, 7))])
    assert listing(store) == before


def test_equal_rows_of_two_files_are_counted_once(store: Path) -> None:
    report = load_rows(store, [], side=[side("a", gdp(2024, 6)), side("b", gdp(2024, 6))])
    assert (report.rows_new, report.duplicates) == (1, 1)
    assert pe.open(store).side("gdp").height == 1


def test_trade_and_side_rows_are_one_load(
    store: Path, trade_file: FileRows, plant_file: PlantFile
) -> None:
    report = load_rows(store, [trade_file], side=[side("a", gdp(2024, 6))])
    assert report.load == 1 and report.rows_new == 2
    wrong = plant_file(
        [{"province": "44", "partner": "USA", "period": 202401, "value": 8}], name="wrong"
    )
    with pytest.raises(CoverageError):
        load_rows(store, [wrong], side=[side("b", gdp(2025, 9))])
    trade = pe.open(store)
    assert trade.load == 1 and values(trade) == {("44", 2024): 6}


def test_a_dry_run_writes_nothing(store: Path) -> None:
    report = load_rows(store, [], side=[side("a", gdp(2024, 6))], dry_run=True)
    assert report.rows_new == 1 and not store.exists()


@pytest.mark.parametrize("first", [True, False], ids=["in the first load", "later"])
def test_a_crash_before_the_pin_leaves_readers_where_they_were(
    store: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    if not first:
        load_rows(store, [], side=[side("a", gdp(2023, 5))])
    append = delta.append

    def dies(table: Path, *rest: Any) -> int:
        if table.name == "loads":
            raise KeyboardInterrupt
        return append(table, *rest)

    monkeypatch.setattr(delta, "append", dies)
    with pytest.raises(KeyboardInterrupt):
        load_rows(store, [], side=[side("lost", gdp(2024, 1))])
    monkeypatch.undo()
    held = {} if first else {("44", 2023): 5}
    assert values(pe.open(store)) == held
    load_rows(store, [], side=[side("b", gdp(2025, 8))])
    assert values(pe.open(store)) == held | {("44", 2025): 8}


def test_every_date_against_a_plain_replay(store: Path) -> None:
    """Random publications in random order of loading; each `as_of` picks as a loop would."""
    rng = random.Random(5)
    said: dict[tuple[str, int, int], int] = {}
    for n in range(12):
        rows, day = [], rng.randrange(1, 40)
        for province, year in ((p, y) for p in ("11", "44") for y in (2023, 2024)):
            if rng.random() < 0.6:
                value = said.setdefault((province, year, day), rng.randrange(1, 5))
                rows.append(gdp(year, value, province))
        if rows:
            load_rows(store, [], side=[side(f"file {n}", *rows, day=day)])
    for limit in range(0, 45, 3):
        wanted = {}
        for province, year, day in sorted(said, key=lambda k: k[2]):
            if day <= limit:
                wanted[province, year] = said[province, year, day]
        as_of = date.fromordinal(date(1970, 1, 1).toordinal() + limit).isoformat()
        assert values(pe.open(store, as_of=as_of)) == wanted


def test_keys_are_columns_and_an_unknown_table_is_an_error(
    store: Path, trade_file: FileRows
) -> None:
    assert all(set(SIDE_KEYS[name]) <= set(SIDE_SCHEMAS[name]) for name in SIDE_SCHEMAS)
    load_rows(store, [trade_file])
    with pytest.raises(StoreError, match="no side table 'flows'"):
        pe.open(store).side("flows")


def test_show_lists_them(store: Path, trade_file: FileRows) -> None:
    rates = [{"period": 202401 + i, "cny_per_usd": 7.1 + i / 100} for i in range(3)]
    files = [side("a", gdp(2023, 5), gdp(2024, 6)), side("b", *rates, table="fx")]
    load_rows(store, [trade_file], side=files)
    text = calendar_text(pe.open(store))
    assert "side tables" in text
    assert "CHN CNY, 1 provinces, 2023 to 2024" in text
    assert "202401 to 202403" in text


def test_rates_of_the_store_set_the_threshold_in_yuan(
    tmp_path: Path, plant_file: PlantFile
) -> None:
    """A base of 95 yuan: small at 10 yuan a dollar and min_base 10, not at 9."""
    rows = [
        {"province": "44", "partner": "USA", "period": period, "value": 95}
        for period in (202301, 202401)
    ]
    for rate, small in ((10.0, True), (9.0, False)):
        store = tmp_path / str(rate)
        fx = side("fx", {"period": 202301, "cny_per_usd": rate}, table="fx")
        load_rows(store, [plant_file(rows, currency="CNY")], side=[fx])
        result = pe.growth(pe.open(store), during="2024-01", min_base=10)
        assert result.frame["small_base"].item() is small
