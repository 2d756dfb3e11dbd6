"""The store against a model that keeps every file and answers from first principles.

The model: a cell, as published by a date, is what the newest file says that says anything about
it: its figure if the file has the cell, nothing if the file is declared to cover the cell and does
not have it. At one publication date a figure counts before an absence. Two figures of one date
refuse the load. The order of loading does not matter.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from provexpo.engine.duckdb_engine import DuckEngine
from provexpo.errors import CoverageError
from provexpo.store.loading import load_rows
from provexpo.store.snapshot import open_snapshot

DAY = 86_400
PROVINCES, PARTNERS, PERIODS = ("11", "44"), ("USA", "VNM"), (202312, 202401)
EVERYTHING = ("province", "partner", "product", "regime")
Cell = tuple[Any, ...]


@dataclass(frozen=True)
class Said:
    """One file of the model."""

    name: str
    vintage: int
    currency: str
    by_province: bool
    periods: tuple[int, ...]
    provinces: tuple[str, ...]  # the box, where the file is declared
    declared: bool
    figures: tuple[tuple[Cell, int], ...]

    def covers(self, cell: Cell) -> bool:
        by_province, currency, period, province, _ = cell
        return (
            self.declared
            and (by_province, currency) == (self.by_province, self.currency)
            and period in self.periods
            and (not by_province or province in self.provinces)
        )

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "period": cell[2],
                **({"province": cell[3]} if self.by_province else {}),
                "partner": cell[4],
                "value": value,
                "quantity": value * 10,
            }
            for cell, value in self.figures
        ]


def truth(files: list[Said], published_by: int) -> dict[Cell, int]:
    found: dict[Cell, int] = {}
    for cell in {cell for f in files for cell, _ in f.figures}:
        said = [
            (f.vintage, 1, dict(f.figures)[cell])
            if cell in dict(f.figures)
            else (f.vintage, 0, None)
            for f in files
            if f.vintage <= published_by and (cell in dict(f.figures) or f.covers(cell))
        ]
        newest = max(said, key=lambda s: s[:2], default=(0, 0, None))[2]
        if newest is not None:
            found[cell] = newest
    return found


def contradict(files: list[Said]) -> bool:
    seen: dict[tuple[Cell, int], int] = {}
    return any(
        seen.setdefault((cell, f.vintage), value) != value
        for f in files
        for cell, value in f.figures
    )


def random_file(rng: random.Random, number: int) -> Said:
    by_province = rng.random() < 0.7
    currency = rng.choice(["USD", "USD", "CNY"])
    periods = tuple(p for p in PERIODS if rng.random() < 0.7) or PERIODS[:1]
    provinces = PROVINCES if rng.random() < 0.6 else (rng.choice(PROVINCES),)
    cells = [
        (by_province, currency, period, province, partner)
        for period in periods
        for province in (provinces if by_province else (None,))
        for partner in PARTNERS
    ]
    kept = [c for c in cells if rng.random() < 0.6] or cells[:1]
    return Said(
        f"file {number}",
        rng.randint(1, 6) * DAY,
        currency,
        by_province,
        periods,
        provinces,
        rng.random() < 0.5,
        tuple((c, rng.randint(1, 3)) for c in kept),
    )


def plant(plant_file: Any, said: Said) -> Any:
    listed = {"province": said.provinces} if said.by_province and said.declared else {}
    return plant_file(
        said.rows(),
        currency=said.currency,
        declared=EVERYTHING if said.declared else (),
        listed=listed,
        spans=[(p, 1) for p in said.periods],
        vintage=said.vintage,
        name=said.name,
    )


def held(frame: pl.DataFrame) -> dict[Cell, int]:
    found = {
        ("province" in r["grain"], r["currency"], r["period"], r["province"], r["partner"]): r
        for r in frame.to_dicts()
    }
    assert len(found) == frame.height, "one row a cell"
    assert all(r["quantity"] == r["value"] * 10 for r in found.values())
    return {cell: r["value"] for cell, r in found.items()}


def current(store: Path, version: int) -> dict[Cell, int]:
    paths = open_snapshot(store, version=version).files("flows")
    return held(pl.read_parquet(paths, hive_partitioning=True)) if paths else {}


def published(store: Path, dates: list[int]) -> list[dict[Cell, int]]:
    """What the engine's view shows as of each date."""
    snapshot = open_snapshot(store)
    flows, history = snapshot.files("flows"), snapshot.files("history")
    engine = DuckEngine([*flows, *history])
    answers = []
    for date in dates:
        engine.use(flows, history, date)
        answers.append(held(engine.run("SELECT * FROM flows", {})))
    return answers


def amended(rng: random.Random, files: list[Said]) -> Said | None:
    """A file that said nothing about what it covers, now declared."""
    silent = [f for f in files if not f.declared]
    return replace(rng.choice(silent), declared=True) if silent else None


def with_words(files: list[Said], batch: list[Said]) -> list[Said]:
    """What is known after a batch: saying less about a known file takes nothing back."""
    known = {f.name: f for f in files}
    for f in batch:
        if f.declared or f.name not in known:
            known[f.name] = f
    return list(known.values())


@pytest.mark.parametrize("seed", range(40))
def test_random_loads_agree_with_the_model(seed: int, tmp_path: Path, plant_file: Any) -> None:
    rng, store = random.Random(seed), tmp_path / "desk"
    files: list[Said] = []
    after: list[dict[Cell, int]] = []  # by load
    number = 0
    for _ in range(5):
        batch = [random_file(rng, number := number + 1) for _ in range(rng.choice([1, 1, 2, 3]))]
        if rng.random() < 0.3 and (again := amended(rng, files)):
            batch.append(again)
        if files and rng.random() < 0.2:
            batch.append(rng.choice(files))  # the same file once more
        next_files = with_words(files, batch)
        planted = [plant(plant_file, f) for f in batch]
        if contradict(next_files):
            with pytest.raises(CoverageError, match="published at the same time"):
                load_rows(store, planted)
            continue
        # What is dry-run must be what happens.
        dry = load_rows(store, planted, dry_run=True)
        report = load_rows(store, planted)
        assert replace(dry, dry_run=False, load=report.load) == report
        files = next_files
        after.append(truth(files, 10 * DAY))
        assert report.load == len(after)
        before = after[-2] if len(after) > 1 else {}
        _counts_agree(report, before, after[-1])
        assert current(store, len(after)) == after[-1]
    if not after:
        return
    for number, expected in enumerate(after, start=1):
        assert current(store, number) == expected
    dates = [d * DAY + s for d in range(8) for s in (-1, 0)]
    assert published(store, dates) == [truth(files, date) for date in dates]


def _counts_agree(report: Any, before: dict[Cell, int], now: dict[Cell, int]) -> None:
    gone = [c for c in before if c not in now]
    changed = [c for c in before if c in now and now[c] != before[c]]
    appeared = [c for c in now if c not in before]
    assert report.rows_removed == len(gone)
    assert report.revisions == len(gone) + report.rows_changed
    assert report.rows_new + report.rows_changed == len(changed) + len(appeared)
    assert len(changed) <= report.rows_changed
