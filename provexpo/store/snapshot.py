"""What a reader sees: every table at the version that one row of `loads` pins."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from provexpo.errors import PeriodError, StoreError
from provexpo.ingest.rows import Scope
from provexpo.store import delta
from provexpo.store.boxes import in_force
from provexpo.store.place import require_store

LOAD_SCHEMA: dict[str, Any] = {
    "number": pl.Int64,
    "time": pl.Int64,  # seconds since 1970 UTC
    "illustrative": pl.Boolean,
    "files": pl.String,  # JSON: path, sha256, layout, vintage, rows, figures, notes
    "scopes": pl.String,  # JSON: Scope.to_dict()
    "versions": pl.String,  # JSON: table -> Delta version, the pin
    "report": pl.String,  # JSON: counts of the load report
    "provexpo": pl.String,
}


@dataclass(frozen=True)
class Load:
    number: int
    time: int
    illustrative: bool
    files: tuple[dict[str, Any], ...]
    scopes: tuple[Scope, ...]
    versions: dict[str, int]
    report: dict[str, Any]

    @staticmethod
    def from_row(row: dict[str, Any]) -> Load:
        return Load(
            number=row["number"],
            time=row["time"],
            illustrative=row["illustrative"],
            files=tuple(json.loads(row["files"])),
            scopes=tuple(Scope.from_dict(d) for d in json.loads(row["scopes"])),
            versions=json.loads(row["versions"]),
            report=json.loads(row["report"]),
        )


def utc_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def end_of_day(as_of: str) -> int:
    """The last second of a date (or the moment itself), as seconds since 1970 UTC."""
    text = as_of.strip()
    try:
        day = date.fromisoformat(text)
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + 86_399
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as err:
        raise PeriodError(
            f"cannot read the date {as_of!r}",
            where="as_of=",
            expected="a date such as 2024-02-01, or a time such as 2024-02-01T08:00:00Z",
        ) from err


def read_loads(place: Path) -> tuple[Load, ...]:
    """All loads, oldest first. The newest row is the truth: tables ahead of it do not count."""
    rows = delta.read(delta.files(place / "loads"), LOAD_SCHEMA).sort("number")
    return tuple(Load.from_row(r) for r in rows.to_dicts())


@dataclass(frozen=True)
class Snapshot:
    """A store as one load left it, and optionally as it was published by a date."""

    place: Path
    loads: tuple[Load, ...]
    as_of: str | None = None

    @property
    def load(self) -> int:
        return self.loads[-1].number if self.loads else 0

    @property
    def illustrative(self) -> bool:
        return any(load.illustrative for load in self.loads)

    @property
    def versions(self) -> dict[str, int]:
        return self.loads[-1].versions if self.loads else {}

    @property
    def published_by(self) -> int | None:
        return None if self.as_of is None else end_of_day(self.as_of)

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes in force, of what was published by the date."""
        limit = self.published_by
        current = in_force(s for load in self.loads for s in load.scopes)
        return tuple(s for s in current if limit is None or s.vintage <= limit)

    def files(self, table: str, **partition: Any) -> list[str]:
        """The Parquet files of a table, of those partitions only."""
        return [f.path for f in self.data_files(table, **partition)]

    def data_files(self, table: str, **partition: Any) -> list[delta.DataFile]:
        """The same with their partitions, at the version that the newest load pins."""
        return [
            f
            for f in self._pinned.get(table, ())
            if all(f.partition[k] == v for k, v in partition.items())
        ]

    @cached_property
    def _pinned(self) -> dict[str, list[delta.DataFile]]:
        return {t: delta.files(self.place / t, at) for t, at in self.versions.items()}


def open_snapshot(
    path: str | Path, *, version: int | None = None, as_of: str | None = None
) -> Snapshot:
    """Open a store to read: its newest load, load `version`, or what was published by `as_of`."""
    place = require_store(path)
    loads = read_loads(place)
    if as_of is not None:
        as_of = str(as_of)  # a datetime.date reads as its text
        end_of_day(as_of)
    if version is not None:
        kept = tuple(load for load in loads if load.number <= version)
        if not kept or kept[-1].number != version:
            raise StoreError(
                f"the store has no load {version}",
                where=str(place),
                expected=f"a number from 1 to {loads[-1].number}" if loads else "an empty store",
                do="see them with `provexpo show STORE`",
            )
        loads = kept
    return Snapshot(place, loads, as_of)
