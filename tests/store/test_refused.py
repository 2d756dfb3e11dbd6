"""What is refused, or only tried, leaves the store as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provexpo.errors import CoverageError, ProvexpoError, StoreError
from provexpo.store import delta
from provexpo.store.loading import add, load_rows

T0 = 1_700_000_000
CELL = {"period": 202401, "province": "11", "partner": "USA"}
GOOD = {(202501, "11", "502"): 10, (202501, "44", "502"): 20}
Files = Callable[..., Path]


@pytest.mark.parametrize("exists", [False, True])
def test_two_values_for_a_key_in_one_load(
    exists: bool, tmp_path: Path, plant_file: Any, listing: Any
) -> None:
    store = tmp_path / "desk"
    if exists:
        load_rows(store, [plant_file([{**CELL, "value": 1}])])
    before = listing(tmp_path)
    files = [
        plant_file([{**CELL, "value": value}], vintage=T0 + 1, name=str(value))
        for value in (5_000, 6_000)
    ]
    with pytest.raises(CoverageError, match="1 cells have two figures") as raised:
        load_rows(store, files)
    text = str(raised.value)
    assert all(word in text for word in ("period 202401", "province 11", "5,000 and 6,000"))
    assert raised.value.do
    assert listing(tmp_path) == before
    with pytest.raises(CoverageError):
        load_rows(store, files, dry_run=True)


def test_two_files_of_one_vintage_in_two_loads(
    tmp_path: Path, plant_file: Any, listing: Any
) -> None:
    store = tmp_path / "desk"
    load_rows(store, [plant_file([{**CELL, "value": 1, "quantity": 3}])])
    # Not only the newest entry of a cell is compared.
    load_rows(store, [plant_file([{**CELL, "value": 2, "quantity": 3}], vintage=T0 + 9)])
    before = listing(store)
    for value, quantity, text in ((7, 3, "value 7 and 1"), (1, 4, "quantity 4 and 3")):
        clash = plant_file([{**CELL, "value": value, "quantity": quantity}], name="other")
        with pytest.raises(CoverageError, match=text):
            load_rows(store, [clash])
    assert listing(store) == before
    # The same figure of the same date is a duplicate.
    same = load_rows(store, [plant_file([{**CELL, "value": 1, "quantity": 3}], name="other")])
    assert (same.rows_unchanged, same.rows_changed, same.rows_new) == (1, 0, 0)


def test_equal_rows_of_two_files_are_counted_once(tmp_path: Path, plant_file: Any) -> None:
    files = [plant_file([{**CELL, "value": 1}], name=name) for name in ("a", "b")]
    report = load_rows(tmp_path / "desk", files)
    assert (report.rows_read, report.rows_new, report.duplicates) == (2, 1, 1)


@pytest.mark.parametrize("exists", [False, True])
def test_a_bad_file_among_good_ones(
    exists: bool, tmp_path: Path, query_csv: Files, listing: Any, state: Any
) -> None:
    store = tmp_path / "desk"
    held = {(202412, "11", "502"): 1}
    if exists:
        add(store, query_csv("old.csv", held), flow="export")
    query_csv("in/a.csv", GOOD)
    query_csv("in/b.csv", {(202502, "99", "502"): 1})  # no such place
    (tmp_path / "in" / "c.csv").write_text("<html>")
    before = listing(tmp_path)
    with pytest.raises(ProvexpoError) as raised:
        add(store, tmp_path / "in", flow="export")
    assert "b.csv" in str(raised.value) and "c.csv" in str(raised.value)
    assert listing(tmp_path) == before

    report = add(store, tmp_path / "in", flow="export", skip_bad=True)
    assert [Path(path).name for path, _ in report.bad] == ["b.csv", "c.csv"]
    assert {f.status for f in report.files} == {"read", "bad"}
    assert state(store) == (held | GOOD if exists else GOOD)


def test_only_bad_files_make_no_store(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("<html>")
    report = add(tmp_path / "desk", tmp_path / "c.csv", flow="export", skip_bad=True)
    assert (report.load, len(report.bad)) == (None, 1)
    assert not (tmp_path / "desk").exists()


def test_a_dry_run_writes_nothing_and_tells_what_would_happen(
    tmp_path: Path, query_csv: Files, listing: Any
) -> None:
    store = tmp_path / "desk"
    first, second = (
        query_csv("a.csv", GOOD),
        query_csv("b.csv", {**GOOD, (202501, "44", "502"): 25}),
    )
    words = {"flow": "export", "covers": "provinces=all; partners=all; regimes=all"}
    for file, vintage in ((first, "2025-03-01"), (second, "2025-06-01"), (second, "2025-06-01")):
        before = listing(tmp_path)
        dry = add(store, file, vintage=vintage, dry_run=True, **words)
        assert listing(tmp_path) == before
        assert (dry.load, dry.dry_run) == (None, True)
        real = add(store, file, vintage=vintage, **words)
        assert replace(dry, dry_run=False, load=real.load) == real


def test_a_full_disk_between_two_tables_is_repaired_by_the_next_load(
    tmp_path: Path, plant_file: Any, monkeypatch: pytest.MonkeyPatch, state: Any
) -> None:
    store = tmp_path / "desk"
    load_rows(store, [plant_file([{**CELL, "value": 1}])])
    new = plant_file([{**CELL, "value": 2}], vintage=T0 + 1)
    write = delta.write_deltalake

    def full(table: str, *args: Any, **kwargs: Any) -> None:
        if table.endswith("history"):
            raise OSError(28, "No space left on device")
        write(table, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(delta, "write_deltalake", full)
        with pytest.raises(StoreError, match="No space left") as raised:
            load_rows(store, [new])
    assert "as it was" in str(raised.value)
    assert state(store) == {(202401, "11", "USA"): 1}
    assert load_rows(store, [new]).load == 2
    assert (state(store), state(store, 1)) == (
        {(202401, "11", "USA"): 2},
        {(202401, "11", "USA"): 1},
    )
