"""The only file that knows Delta Lake: versions, files, append, overwrite, restore."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable, PostCommitHookProperties, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from provexpo.errors import StoreError

# Measured: ZSTD and 122,880 rows a group give the smallest files with the quickest drill-downs.
_WRITER = WriterProperties(compression="ZSTD", max_row_group_size=122_880)
# The library's default forgets versions older than thirty days, which `loads` still pins.
_KEEP_LOG = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
_RESTORE = "restore the folder from a backup, or load the files into a new store"


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a table version, with the partition it belongs to."""

    path: str
    partition: dict[str, Any]
    size: int


def _open(table: Path, version: int | None = None) -> DeltaTable | None:
    try:
        return DeltaTable(str(table), version=version)
    except TableNotFoundError as err:
        if version is None:
            return None
        raise _damaged(table, version) from err
    except (DeltaError, OSError) as err:
        raise _damaged(table, version) from err


def _damaged(table: Path, version: int | None) -> StoreError:
    at = "" if version is None else f" at version {version}"
    return StoreError(
        f"the table {table.name!r} cannot be opened{at}",
        where=str(table.parent),
        expected="a table that provexpo wrote, with all its files",
        do=_RESTORE,
    )


def version(table: Path) -> int | None:
    """The newest version, or None where there is no table."""
    opened = _open(table)
    return None if opened is None else opened.version()


def files(table: Path, at: int | None = None) -> list[DataFile]:
    """The files of one version, each there and of its full length.

    Paths are joined with the root by hand: the library's own `file_uris()` percent-encodes spaces
    and Chinese characters.
    """
    opened = _open(table, at)
    if opened is None:
        return []
    actions = pl.DataFrame(opened.get_add_actions(flatten=True))
    parts = [c for c in actions.columns if c.startswith("partition.")]
    found = [
        DataFile(
            path=str(table / row["path"]),
            partition={c.removeprefix("partition."): row[c] for c in parts},
            size=row["size_bytes"],
        )
        for row in actions.select("path", "size_bytes", *parts).sort("path").to_dicts()
    ]
    _require_whole(table, found)
    return found


def _require_whole(table: Path, found: list[DataFile]) -> None:
    """A file that is gone or cut short is better found here than inside a query."""
    bad = [f.path for f in found if _size(f.path) != f.size]
    if bad:
        raise StoreError(
            f"{len(bad)} of {len(found)} files of the table {table.name!r} are missing or damaged",
            where="; ".join(bad[:3]),
            expected="the files as provexpo wrote them",
            do=_RESTORE,
        )


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -1


def read(
    found: list[DataFile], schema: dict[str, Any], where: pl.Expr | None = None
) -> pl.DataFrame:
    """The rows of some files of one partition, in the types of `schema`.

    Partition values come from the table's log: a folder above the store may be called `year=2024`
    too.
    """
    if not found:
        return pl.DataFrame(schema=schema)
    values = [pl.lit(v).alias(k) for k, v in found[0].partition.items()]
    rows = (
        pl.scan_parquet([f.path for f in found], hive_partitioning=False, glob=False)
        .with_columns(values)
        .select([pl.col(c).cast(t) for c, t in schema.items()])
    )
    try:
        return (rows if where is None else rows.filter(where)).collect()
    except (pl.exceptions.PolarsError, OSError) as err:
        raise StoreError(
            f"rows of the store cannot be read: {str(err).splitlines()[0]}",
            where=str(Path(found[0].path).parent),
            expected="the files as provexpo wrote them",
            do=_RESTORE,
        ) from err


def append(table: Path, frame: pl.DataFrame, partition_by: list[str]) -> int:
    """Add rows as files of their own; the new version."""
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
            post_commithook_properties=_KEEP_LOG,
            **how,
        )
    except (DeltaError, OSError) as err:
        raise _not_written(table, err) from err
    written = version(table)
    assert written is not None
    return written


def restore(table: Path, to: int) -> None:
    """Make an older version the newest again (a writer died between two commits)."""
    opened = _open(table)
    if opened is None:
        raise _damaged(table, to)
    try:
        opened.restore(to, post_commithook_properties=_KEEP_LOG)
    except (DeltaError, OSError) as err:
        raise _not_written(table, err) from err


def _not_written(table: Path, err: Exception) -> StoreError:
    return StoreError(
        f"the table {table.name!r} could not be written: {err}",
        where=str(table.parent),
        expected="a folder that can be written and free disk space",
        do="free space or choose another folder; the store is as it was before",
    )
