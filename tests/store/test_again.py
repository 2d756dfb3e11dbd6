"""The same file again, under another name, twice in a call, or with other words about it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CoverageError
from provexpo.store.loading import add, load_rows
from provexpo.store.snapshot import open_snapshot

JANUARY = {(202501, "11", "502"): 10, (202501, "44", "502"): 20}
Files = Callable[..., Path]


@pytest.fixture
def desk(tmp_path: Path, query_csv: Files) -> Path:
    add(tmp_path / "desk", query_csv("a.csv", JANUARY), flow="export", vintage="2025-03-01")
    return tmp_path / "desk"


def test_the_same_file_twice_changes_nothing(
    desk: Path, query_csv: Files, listing: Any, table_versions: Any
) -> None:
    before = listing(desk), table_versions(desk)
    report = add(desk, query_csv("a.csv", JANUARY), flow="export")
    assert (listing(desk), table_versions(desk)) == before
    assert report.load is None
    assert [f.status for f in report.files] == ["already loaded"]
    assert (report.rows_read, report.rows_new, report.duplicates) == (0, 0, 0)
    assert (report.rows, report.scopes) == (report.rows_read, report.coverage)
    assert "nothing changed (1 of 1 files already loaded)" in report.to_text()


def test_the_same_content_under_another_name_changes_nothing(
    desk: Path, query_csv: Files, listing: Any
) -> None:
    before = listing(desk)
    report = add(desk, query_csv("copy of a.csv", JANUARY), flow="export")
    assert (report.load, report.files[0].status) == (None, "already loaded")
    assert listing(desk) == before


def test_two_copies_in_one_call_count_once(tmp_path: Path, query_csv: Files, state: Any) -> None:
    one = query_csv("in/a.csv", JANUARY)
    shutil.copy(one, one.with_name("b.csv"))
    report = add(tmp_path / "desk", tmp_path / "in", flow="export")
    assert [f.status for f in report.files] == ["read", "already loaded"]
    assert (report.load, report.rows_read, report.rows_new) == (1, 2, 2)
    assert state(tmp_path / "desk") == JANUARY


def test_a_known_file_among_new_ones_is_only_counted(
    desk: Path, query_csv: Files, state: Any
) -> None:
    february = {(202502, "11", "502"): 7}
    query_csv("in/a.csv", JANUARY)
    query_csv("in/b.csv", february)
    report = add(desk, desk.parent / "in", flow="export")
    assert (report.load, report.rows_read, report.rows_new) == (2, 1, 1)
    assert len(open_snapshot(desk).loads[-1].files) == 1
    assert state(desk) == JANUARY | february


def test_figures_that_a_source_goes_back_to_count_again(
    desk: Path, query_csv: Files, state: Any, listing: Any
) -> None:
    revised = {**JANUARY, (202501, "44", "502"): 25}
    add(desk, query_csv("b.csv", revised), flow="export", vintage="2025-04-01")
    assert state(desk) == revised
    report = add(desk, query_csv("a.csv", JANUARY), flow="export", vintage="2025-05-01")
    assert (report.load, report.rows_changed, report.rows_unchanged) == (3, 1, 1)
    assert state(desk) == JANUARY
    before = listing(desk)
    again = add(desk, query_csv("a.csv", JANUARY), flow="export", vintage="2025-05-01")
    assert again.load is None and listing(desk) == before
    april = pe.open(desk, as_of="2025-04-15")
    assert pe.value(april, during="2025-01", province="44").frame["value"].item() == 25
    march = pe.open(desk, as_of="2025-03-15")
    assert pe.value(march, during="2025-01", province="44").frame["value"].item() == 20


def test_an_older_stated_vintage_of_a_known_file_is_reported(desk: Path, query_csv: Files) -> None:
    report = add(desk, query_csv("a.csv", JANUARY), flow="export", vintage="2025-02-01")
    assert report.load is None
    assert any("another vintage" in w for w in report.warnings)


def test_a_known_file_that_now_reads_otherwise_is_reported(
    tmp_path: Path, plant_file: Any, state: Any
) -> None:
    """A unit mended in the column map, say: the file's own content is the same."""
    store, row = tmp_path / "desk", {"period": 202501, "province": "11", "partner": "USA"}
    file = plant_file([{**row, "value": 5}])
    load_rows(store, [file])
    mended = replace(file, rows=file.rows.with_columns(value=pl.col("value") * 10_000))
    report = load_rows(store, [mended])
    assert report.load is None
    assert any("now reads as other figures" in w for w in report.warnings)
    assert state(store) == {(202501, "11", "USA"): 5}


def test_new_covers_turn_an_absent_cell_from_assumed_to_zero(
    desk: Path, query_csv: Files, table_versions: Any, state: Any
) -> None:
    file = query_csv("a.csv", JANUARY)
    os.utime(file, (2_000_000_000, 2_000_000_000))  # a later copy: the figures are as old as before
    before = table_versions(desk)
    old = open_snapshot(desk)
    report = add(desk, file, flow="export", covers="partners=502; provinces=all; regimes=all")
    assert report.load == 2
    new = open_snapshot(desk)
    assert [s.partner.kind for s in old.scopes] == ["assumed"]
    assert [(s.partner.kind, s.partner.codes) for s in new.scopes] == [("declared_list", ("USA",))]
    assert {s.vintage for s in new.scopes} == {s.vintage for s in old.scopes}
    # Only `loads` has a new version: no row of figures is written again.
    assert table_versions(desk) == {**before, "loads": before["loads"] + 1}
    assert state(desk) == JANUARY
    ask = {"partner": "US", "during": "2025-01"}
    was = pe.dependence(pe.open(desk, version=1), **ask).frame
    now = pe.dependence(pe.open(desk), **ask).frame
    assert was.filter(province="44")["share"].to_list() == [1.0]
    assert now.filter(province="44")["share"].to_list() == [None]
    # Published by March 2025 is the file itself, whatever was said of it later.
    assert len(open_snapshot(desk, as_of="2025-03-01").scopes) == 1
    assert (
        add(desk, file, flow="export", covers="partners=502; provinces=all; regimes=all").load
        is None
    )
    assert add(desk, file, flow="export").load is None


def test_new_covers_make_figures_of_older_files_zero(
    desk: Path, query_csv: Files, state: Any
) -> None:
    newer = query_csv("b.csv", {(202501, "44", "502"): 22})
    report = add(desk, newer, flow="export", vintage="2025-06-01")
    assert any("1 cells held before" in w for w in report.warnings)
    assert state(desk) == {(202501, "11", "502"): 10, (202501, "44", "502"): 22}
    declared = "partners=all; provinces=all; regimes=all"
    report = add(desk, newer, flow="export", covers=declared)
    assert (report.load, report.rows_removed, report.revisions) == (3, 1, 1)
    assert state(desk) == {(202501, "44", "502"): 22}
    assert state(desk, 2) == {(202501, "11", "502"): 10, (202501, "44", "502"): 22}


def test_an_absence_that_made_a_figure_zero_is_not_taken_back_silently(
    desk: Path, query_csv: Files, listing: Any
) -> None:
    newer = query_csv("b.csv", {(202501, "44", "502"): 22})
    everything = "partners=all; provinces=all; regimes=all"
    add(desk, newer, flow="export", vintage="2025-06-01", covers=everything)
    before = listing(desk)
    with pytest.raises(CoverageError, match="1 cells became zero"):
        add(desk, newer, flow="export", covers="partners=all; provinces=44; regimes=all")
    assert listing(desk) == before
    # To cover as much or more is fine.
    wider = "partners=all; provinces=all; regimes=all; products=8517"
    assert add(desk, newer, flow="export", covers=wider).load == 3


def test_the_same_file_as_the_other_flow_is_an_error(
    desk: Path, query_csv: Files, listing: Any
) -> None:
    before = listing(desk)
    with pytest.raises(CoverageError, match=r"loaded before as exports, now .* imports") as raised:
        add(desk, query_csv("a.csv", JANUARY), flow="import")
    assert "a.csv" in str(raised.value)
    assert raised.value.expected and raised.value.do
    assert listing(desk) == before


def test_a_load_of_confirmations_changes_no_figure(
    desk: Path, query_csv: Files, state: Any
) -> None:
    again = {**JANUARY, (202501, "44", "141"): 1}
    report = add(desk, query_csv("b.csv", again), flow="export", vintage="2025-06-01")
    assert (report.rows_new, report.rows_changed, report.rows_unchanged) == (1, 0, 2)
    # An older figure that arrives now does not win over the confirmed one.
    late = query_csv("c.csv", {(202501, "11", "502"): 99})
    report = add(desk, late, flow="export", vintage="2025-05-01")
    assert (report.rows_changed, report.revisions) == (0, 0)
    assert any("1 rows are older" in w for w in report.warnings)
    assert state(desk) == again
    trade = pe.open(desk, as_of="2025-05-15")
    value = pe.value(trade, province="11", by=[], during="2025-01").frame["value"].to_list()
    assert value == [99]


def test_two_vintages_of_a_cell_in_one_load(tmp_path: Path, plant_file: Any) -> None:
    row = {"period": 202501, "province": "11", "partner": "USA"}
    moment = {v: 1_740_000_000 + v * 86_400 for v in (1, 2, 3)}
    files = [
        plant_file([{**row, "value": value}], vintage=moment[v], name=f"v{v}")
        for v, value in ((2, 22), (3, 33), (1, 11))
    ]
    report = load_rows(tmp_path / "desk", files)
    assert (report.rows_new, report.rows_changed) == (1, 0)
    for v, value in ((1, 11), (2, 22), (3, 33)):
        day = date.fromordinal(date(1970, 1, 1).toordinal() + moment[v] // 86_400)
        trade = pe.open(tmp_path / "desk", as_of=day.isoformat())
        assert pe.value(trade, by=[], during="2025-01").frame["value"].to_list() == [value]


def test_an_older_file_in_the_load_of_the_newer_one_that_lacks_its_cell(
    tmp_path: Path, plant_file: Any
) -> None:
    """The newer file is declared whole, so the older file's cell is zero since then."""
    cell = {"period": 202501, "province": "11", "partner": "USA", "value": 5}
    other = {**cell, "province": "44"}
    old = plant_file([cell, other], vintage=1_740_000_000, name="old")
    new = plant_file([other], vintage=1_750_000_000, name="new")
    load_rows(tmp_path / "desk", [old, new])
    frame = pe.value(pe.open(tmp_path / "desk"), during="2025-01").frame
    assert frame.filter(value=5)["province"].to_list() == ["44"]


def test_a_revision_of_the_unit_alone_is_a_revision(tmp_path: Path, plant_file: Any) -> None:
    row = {"period": 202501, "province": "11", "partner": "USA", "value": 5, "quantity": 7}
    load_rows(tmp_path / "desk", [plant_file([{**row, "unit": "千克"}])])
    fixed = plant_file([{**row, "unit": "吨"}], vintage=1_800_000_000)
    report = load_rows(tmp_path / "desk", [fixed])
    assert (report.rows_changed, report.rows_unchanged) == (1, 0)
    clash = plant_file([{**row, "unit": "克"}], vintage=1_800_000_000)
    with pytest.raises(CoverageError, match="unit 克 and 吨"):
        load_rows(tmp_path / "desk", [clash])


def test_the_largest_amounts_are_kept_exactly(tmp_path: Path, plant_file: Any, state: Any) -> None:
    huge = 2**63 - 1
    row = {"period": 202501, "province": "11", "partner": "USA", "value": huge, "quantity": huge}
    load_rows(tmp_path / "desk", [plant_file([row])])
    assert state(tmp_path / "desk") == {(202501, "11", "USA"): huge}
