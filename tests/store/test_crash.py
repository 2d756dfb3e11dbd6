"""`kill -9` during `add`, at any moment: readers see all of the load or none of it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from provexpo.store.loading import add
from provexpo.store.snapshot import open_snapshot

# The child ends itself, as if by `kill -9`, before or after its Nth write to a table.
DIES_AT = """
import os, signal, sys
from provexpo.store import delta, loading
store, file, vintage, point = sys.argv[1:]
left = [int(point)]

def deadly(write):
    def wrapped(*args, **kwargs):
        tick()
        done = write(*args, **kwargs)
        tick()
        return done
    return wrapped

def tick():
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)

for name in ("append", "overwrite", "restore"):
    setattr(delta, name, deadly(getattr(delta, name)))
loading.add(store, [file], flow="export", vintage=vintage, covers=COVERS)
""".replace("COVERS", "'provinces=all; partners=all; regimes=all'")
COVERS = "provinces=all; partners=all; regimes=all"

FIRST = {
    (202312, "11", "502"): 10,
    (202312, "44", "502"): 20,
    (202401, "11", "502"): 30,
    (202401, "44", "141"): 40,
}
# One cell changes in 2024, one of 2023 is gone, one of 2025 is new: every kind of write.
SECOND = {
    (202312, "11", "502"): 10,
    (202401, "11", "502"): 33,
    (202401, "44", "141"): 40,
    (202501, "11", "502"): 50,
}
# overwrite 2023, overwrite 2024, append 2025, history, loads; each before and after.
POINTS = 10


def die(store: Path, file: Path, vintage: str, point: int) -> int:
    script = [sys.executable, "-c", DIES_AT, str(store), str(file), vintage, str(point)]
    return subprocess.run(script, timeout=60).returncode


def load(store: Path, file: Path, vintage: str) -> Any:
    return add(store, [file], flow="export", vintage=vintage, covers=COVERS)


@pytest.fixture
def files(query_csv: Callable[..., Path]) -> tuple[Path, Path]:
    return query_csv("first.csv", FIRST), query_csv("second.csv", SECOND)


@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_killed_between_two_writes(
    point: int,
    tmp_path: Path,
    files: tuple[Path, Path],
    state: Callable[..., Any],
    table_versions: Callable[..., Any],
) -> None:
    store = tmp_path / "desk"
    load(store, files[0], "2024-02-01")
    assert die(store, files[1], "2025-03-01", point) == -signal.SIGKILL

    published = point == POINTS  # only after the row in `loads` is there
    assert state(store) == (SECOND if published else FIRST)
    assert open_snapshot(store).load == (2 if published else 1)

    again = load(store, files[1], "2025-03-01")
    assert again.load == (None if published else 2)
    assert state(store) == SECOND
    assert state(store, 1) == FIRST
    # Replaced: 20 and 30. Zero since March 2025: one. Confirmed then: 10 and 40. Nothing twice.
    history = open_snapshot(store).files("history")
    assert _values(history) == [10, 20, 30, 40, None]
    before = table_versions(store)
    assert load(store, files[1], "2025-03-01").load is None
    assert table_versions(store) == before


def _values(paths: list[str]) -> list[int | None]:
    values = pl.read_parquet(paths, hive_partitioning=False)["value"].to_list()
    return sorted(values, key=lambda v: (v is None, v))


def test_no_write_is_left_after_the_last_point(tmp_path: Path, files: tuple[Path, Path]) -> None:
    load(tmp_path / "desk", files[0], "2024-02-01")
    assert die(tmp_path / "desk", files[1], "2025-03-01", POINTS + 1) == 0


@pytest.mark.parametrize("point", range(1, 7))
def test_killed_in_the_first_load_of_a_store(
    point: int, tmp_path: Path, files: tuple[Path, Path], state: Callable[..., Any]
) -> None:
    store = tmp_path / "desk"
    assert die(store, files[1], "2025-03-01", point) == -signal.SIGKILL
    assert state(store) == (SECOND if point == 6 else {})
    # The next load is another one, so that rows left by the dead writer would show.
    load(store, files[0], "2024-02-01")
    assert state(store) == (SECOND if point == 6 else FIRST)


def test_killed_again_while_recovering(
    tmp_path: Path, files: tuple[Path, Path], state: Callable[..., Any]
) -> None:
    store = tmp_path / "desk"
    load(store, files[0], "2024-02-01")
    for point in (2, 1, 2, 4, 3, 9, 10):
        assert die(store, files[1], "2025-03-01", point) == -signal.SIGKILL
        assert state(store) == FIRST
    load(store, files[1], "2025-03-01")
    assert (state(store), state(store, 1)) == (SECOND, FIRST)


def test_a_store_whose_maker_died_before_its_marker_was_in_place(
    tmp_path: Path, files: tuple[Path, Path], state: Callable[..., Any]
) -> None:
    store = tmp_path / "desk"
    store.mkdir()
    (store / ".lock").touch()
    (store / "provexpo-store.json.4711").write_text("{")
    load(store, files[0], "2024-02-01")
    assert state(store) == FIRST


WAITS = """
import sys
from provexpo.store import loading
print("ready", flush=True)
sys.stdin.readline()
loading.add(sys.argv[1], [sys.argv[2]], flow="export", vintage=sys.argv[3])
"""


def test_killed_at_random_moments(
    tmp_path: Path, query_csv: Callable[..., Path], state: Callable[..., Any]
) -> None:
    rng, store = random.Random(11), tmp_path / "desk"
    expected: dict[Any, int] = {}
    landed = 0
    for turn in range(12):
        figures = {(202400 + m, "44", "502"): turn * 100 + m for m in range(1, 5)}
        figures[(202501 + turn % 3, "44", "502")] = turn
        file = query_csv(f"{turn}.csv", figures)
        vintage = f"2025-06-{turn + 1:02d}"
        child = subprocess.Popen(
            [sys.executable, "-c", WAITS, str(store), str(file), vintage],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert child.stdin and child.stdout
        child.stdout.readline()
        child.stdin.write(b"go\n")
        child.stdin.flush()
        time.sleep(rng.uniform(0.01, 0.22))
        child.kill()
        child.communicate()
        after = expected | figures
        found = state(store) if (store / "provexpo-store.json").exists() else {}
        assert found in (expected, after)
        landed += found == after
        if turn % 3 == 2:  # most dead loads are followed by another dead one
            add(store, [file], flow="export", vintage=vintage)
            found = state(store)
            assert found == after
        expected = found
    assert landed < 12, "no child was killed in time"
