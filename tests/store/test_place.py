"""Names of stores, folders that are none, one writer at a time, and damaged stores."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import PeriodError, StoreError
from provexpo.store import delta, place
from provexpo.store.loading import add, load_rows
from provexpo.store.snapshot import open_snapshot

ROW = {"period": 202401, "province": "11", "partner": "USA", "value": 5}
LATER = 1_800_000_000


@pytest.mark.parametrize(
    "name",
    ["a desk", "海关数据", "a#b", "a=b", "o'neil", "100 & more", "a+b", "a;b", "全　角", "~x"],
)
def test_names_that_work(name: str, tmp_path: Path, plant_file: Any) -> None:
    store = tmp_path / name / "desk"
    load_rows(store, [plant_file([ROW])])
    load_rows(store, [plant_file([{**ROW, "value": 7}], vintage=LATER)])
    assert _january(pe.open(store)) == [7]
    assert _january(pe.open(store, as_of="2024-01-01")) == [5]
    assert _january(pe.open(store, version=1)) == [5]


def _january(trade: Any) -> list[int]:
    values: list[int] = pe.value(trade, by=[], during="2024-01").frame["value"].to_list()
    return values


@pytest.mark.parametrize(
    "name", ["a[b", "a]b", "100%", "a^b", "a|b", "a\nb", "a\udcffb", "year=2024", "Value=9"]
)
def test_names_that_are_refused(name: str, tmp_path: Path, plant_file: Any) -> None:
    for call in (
        lambda: load_rows(tmp_path / name / "desk", [plant_file([ROW])]),
        lambda: load_rows(tmp_path / name / "desk", [plant_file([ROW])], dry_run=True),
        lambda: open_snapshot(tmp_path / name / "desk"),
    ):
        with pytest.raises(StoreError, match="cannot lie under a path") as raised:
            call()
        assert raised.value.expected and raised.value.do
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["~nobody-of-this-name/desk", "a\0b"])
def test_paths_that_are_none(path: str, plant_file: Any) -> None:
    with pytest.raises(StoreError, match="not the name of a folder"):
        open_snapshot(path)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_foreign_folder_is_left_alone(
    dry_run: bool, tmp_path: Path, plant_file: Any, listing: Any
) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "thesis.doc").write_text("mine")
    before = listing(tmp_path)
    for path in (tmp_path / "desk", tmp_path / "desk" / "thesis.doc"):
        with pytest.raises(StoreError, match="is not a provexpo store"):
            load_rows(path, [plant_file([ROW])], dry_run=dry_run)
        # Said before hours of reading.
        with pytest.raises(StoreError, match="is not a provexpo store"):
            add(path, tmp_path / "no such file.csv", dry_run=dry_run)
    assert listing(tmp_path) == before


def test_an_empty_folder_becomes_a_store(tmp_path: Path, plant_file: Any) -> None:
    load_rows(tmp_path, [plant_file([ROW])])
    assert _january(pe.open(tmp_path)) == [5]


def test_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store") as raised:
        pe.open(tmp_path / "desk")
    assert "provexpo add" in str(raised.value)
    assert not (tmp_path / "desk").exists()


def test_a_read_only_folder(tmp_path: Path, plant_file: Any, as_root: bool) -> None:
    if as_root:
        pytest.skip("the rights of a folder do not bind root")
    load_rows(tmp_path / "desk", [plant_file([ROW])])
    for folder in (tmp_path / "desk", tmp_path):
        folder.chmod(0o555)
    try:
        with pytest.raises(StoreError, match="cannot be locked"):
            load_rows(tmp_path / "desk", [plant_file([ROW], vintage=LATER)])
        with pytest.raises(StoreError, match="cannot be made"):
            load_rows(tmp_path / "new", [plant_file([ROW])])
        assert _january(pe.open(tmp_path / "desk")) == [5]
    finally:
        for folder in (tmp_path, tmp_path / "desk"):
            folder.chmod(0o755)


@pytest.fixture
def desk(tmp_path: Path, plant_file: Any) -> Path:
    load_rows(tmp_path / "desk", [plant_file([ROW, {**ROW, "period": 202301, "value": 4}])])
    load_rows(tmp_path / "desk", [plant_file([{**ROW, "value": 7}], vintage=LATER)])
    return tmp_path / "desk"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": ', '"store"'])
def test_a_damaged_marker(text: str, desk: Path, plant_file: Any) -> None:
    (desk / place.MARKER).write_text(text)
    for call in (lambda: open_snapshot(desk), lambda: load_rows(desk, [plant_file([ROW])])):
        with pytest.raises(StoreError, match="cannot be read"):
            call()


def test_a_store_of_another_format(desk: Path) -> None:
    (desk / place.MARKER).write_text(json.dumps({"format": 99}))
    with pytest.raises(StoreError, match="this store has format 99"):
        open_snapshot(desk)


def _remove(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _scramble(path: Path) -> None:
    """The same length, another content."""
    path.write_bytes(b"\x5a" * path.stat().st_size)


@pytest.mark.parametrize("damage", [_remove, _cut, _scramble])
@pytest.mark.parametrize("table", ["flows", "loads"])
def test_a_damaged_parquet_file(
    table: str, damage: Callable[[Path], None], desk: Path, plant_file: Any
) -> None:
    for file in (desk / table).rglob("*.parquet"):
        damage(file)
    if damage is not _scramble or table == "loads":  # content is found by who reads it
        with pytest.raises(StoreError):
            _january(pe.open(desk))
    with pytest.raises(StoreError) as raised:
        load_rows(desk, [plant_file([{**ROW, "value": 8}], vintage=LATER + 9)])
    assert table in str(raised.value)


@pytest.mark.parametrize("table", ["flows", "history"])
def test_a_table_that_is_gone_is_not_an_empty_one(table: str, desk: Path) -> None:
    (desk / table).rename(desk.parent / "elsewhere")
    with pytest.raises(StoreError, match=f"the table '{table}' cannot be opened"):
        _january(pe.open(desk))


def test_a_damaged_log(desk: Path) -> None:
    for entry in (desk / "flows" / "_delta_log").glob("*.json"):
        entry.write_text("{broken")
    with pytest.raises(StoreError, match="the table 'flows' cannot be opened"):
        _january(pe.open(desk))


@pytest.mark.parametrize("version", [0, 3, -1, "2"])
def test_an_unknown_version(version: Any, desk: Path) -> None:
    with pytest.raises(StoreError):
        pe.open(desk, version=version)


def test_the_error_names_the_versions_held(desk: Path) -> None:
    with pytest.raises(StoreError, match="no load 3") as raised:
        pe.open(desk, version=3)
    assert "from 1 to 2" in str(raised.value)


@pytest.mark.parametrize("as_of", ["", "yesterday", "2024-13-01", "2024-02-30", "2024-02-01T99:00"])
def test_a_bad_as_of(as_of: str, desk: Path) -> None:
    with pytest.raises(PeriodError, match="cannot read the date"):
        pe.open(desk, as_of=as_of)


@pytest.mark.parametrize(
    ("as_of", "seconds"),
    [
        # The vintage of the first load is 2023-11-14T22:13:20Z.
        ("2023-11-14", [4]), ("20231114", [4]), ("2023-11-13", []),
        ("2023-11-14T22:13:20Z", [4]), ("2023-11-14T22:13:19Z", []),
        ("2023-11-15T06:13:20+08:00", [4]), ("2023-11-15 06:13:19+08:00", []),
        ("2023-11-14 22:13:20", [4]),
    ],
)  # fmt: skip
def test_as_of_counts_to_the_second(as_of: str, seconds: list[int], desk: Path) -> None:
    scopes = open_snapshot(desk, as_of=as_of).scopes
    assert len(scopes) == len(seconds)


def test_as_of_takes_a_date(desk: Path) -> None:
    day: Any = date(2023, 11, 14)
    assert len(open_snapshot(desk, as_of=day).scopes) == 1


HOLDS = """
import sys
from pathlib import Path
from provexpo.store.place import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def other_writer(desk: Path) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(desk)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout
    assert child.stdout.readline().strip() == b"held"
    yield child
    child.kill()
    child.communicate()


def test_one_writer_any_number_of_readers(
    desk: Path,
    other_writer: subprocess.Popen[bytes],
    plant_file: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(place, "LOCK_SECONDS", 0.2)
    new = plant_file([{**ROW, "value": 9}], vintage=LATER + 9)
    start = time.monotonic()
    with pytest.raises(StoreError, match="another process is writing"):
        load_rows(desk, [new])
    assert time.monotonic() - start < 5
    assert _january(pe.open(desk)) == [7]
    assert load_rows(desk, [new], dry_run=True).rows_changed == 1
    # The system frees the lock of a writer that dies.
    other_writer.kill()
    other_writer.wait()
    assert load_rows(desk, [new]).load == 3
    assert _january(pe.open(desk)) == [9]


def test_a_reader_between_two_commits_sees_the_old_load(
    desk: Path, plant_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    for name in ("append", "overwrite"):
        write = getattr(delta, name)

        def watched(*args: Any, write: Any = write, **kwargs: Any) -> int:
            seen.append(_january(pe.open(desk)))
            version: int = write(*args, **kwargs)
            return version

        monkeypatch.setattr(delta, name, watched)
    load_rows(desk, [plant_file([{**ROW, "value": 9}], vintage=LATER + 9)])
    assert seen == [[7], [7], [7]]  # before flows, history and loads
    assert _january(pe.open(desk)) == [9]


def test_an_open_trade_does_not_change(desk: Path, plant_file: Any) -> None:
    early, used = pe.open(desk), pe.open(desk)
    assert _january(used) == [7]
    for turn in range(3):
        load_rows(desk, [plant_file([{**ROW, "value": 10 + turn}], vintage=LATER + 9 + turn)])
    assert (early.load, _january(early), _january(used)) == (2, [7], [7])
    assert _january(pe.open(desk)) == [12]


def test_two_processes_make_the_same_store(tmp_path: Path, query_csv: Callable[..., Path]) -> None:
    script = (
        "import sys; from provexpo.store.loading import add;"
        "print('ready', flush=True); sys.stdin.readline();"
        "add(sys.argv[1], [sys.argv[2]], flow='export')"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "desk"),
             str(query_csv(f"{n}.csv", {(202501 + n, "44", "502"): n + 1}))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for n in range(2)
    ]  # fmt: skip
    for child in children:
        assert child.stdout
        child.stdout.readline()
    for child in children:
        assert child.stdin
        child.stdin.write(b"go\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=60)
    assert [child.returncode for child in children] == [0, 0]
    assert open_snapshot(tmp_path / "desk").load == 2
