"""The only file that knows Delta Lake: versions, files, append, overwrite, restore."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from provexpo.errors import StoreError

# Measured: ZSTD and 122,880 rows a group give the smallest files with the quickest drill-downs.
_WRITER = WriterProperties(compression="ZSTD", max_row_group_size=122_880)


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a table version, with the partition it belongs to."""

    path: str
    partition: dict[str, Any]
    rows: int


def _open(table: Path, version: int | None = None) -> DeltaTable | None:
    try:
        return DeltaTable(str(table), version=version)
    except TableNotFoundError:
        return None
    except (DeltaError, OSError) as err:
        raise StoreError(
            f"the table {table.name!r} cannot be opened" + (f" at version {version}" if version else ""),
            where=str(table.parent),
            expected="a table that provexpo wrote, with all its files",
            do="restore the folder from a backup, or load the files into a new store",
        ) from err  # fmt: skip


def version(table: Path) -> int | None:
    """The newest version, or None where there is no table."""
    opened = _open(table)
    return None if opened is None else opened.version()


def files(table: Path, at: int | None = None) -> list[DataFile]:
    """The files of one version. Paths are joined with the root by hand: the library's own
    `file_uris()` percent-encodes spaces and Chinese characters."""
    opened = _open(table, at)
    if opened is None:
        return []
    actions = pl.DataFrame(opened.get_add_actions(flatten=True))
    parts = [c for c in actions.columns if c.startswith("partition.")]
    return [
        DataFile(
            path=str(table / row["path"]),
            partition={c.removeprefix("partition."): row[c] for c in parts},
            rows=row["num_records"],
        )
        for row in actions.select("path", "num_records", *parts).sort("path").to_dicts()
    ]


def append(table: Path, frame: pl.DataFrame, partition_by: list[str]) -> int:
    return _write(table, frame, partition_by, mode="append")


def overwrite(
    table: Path, frame: pl.DataFrame, partition_by: list[str], predicate: str | None = None
) -> int:
    """Replace the rows of one whole partition (or of the table) in one commit."""
    return _write(table, frame, partition_by, mode="overwrite", predicate=predicate)


def _write(table: Path, frame: pl.DataFrame, partition_by: list[str], **how: Any) -> int:
    try:
        write_deltalake(
            str(table),
            frame,
            partition_by=partition_by or None,
            writer_properties=_WRITER,
            **{k: v for k, v in how.items() if v is not None},
        )
    except (DeltaError, OSError) as err:
        raise StoreError(
            f"the table {table.name!r} could not be written: {err}",
            where=str(table.parent),
            expected="a folder that can be written and free disk space",
            do="free space or choose another folder; the store is as it was before",
        ) from err
    written = version(table)
    assert written is not None
    return written


def restore(table: Path, to: int) -> None:
    """Bring the newest version back to an older one (a writer died between two commits)."""
    opened = _open(table)
    if opened is not None and opened.version() != to:
        opened.restore(to)
