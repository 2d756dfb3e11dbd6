"""The commits of one load in their order: `flows`, `history`, and `loads` last: it publishes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from provexpo import __version__
from provexpo.ingest.rows import KEY, ROW_SCHEMA, FileRows
from provexpo.ingest.side import SideRows
from provexpo.store import delta
from provexpo.store.known import figures_of
from provexpo.store.merge import SCHEMA, Plan
from provexpo.store.snapshot import LOAD_SCHEMA, Snapshot, utc_text

PARTITIONS = ["flow", "currency", "year"]
# A partition is rewritten, sorted, once it is spread over so many files.
MAX_FILES = 24
MAX_LOAD_FILES = 48
# Partner first: measured fastest for the questions a desk asks.
ORDER = ["grain", "partner", "product", "province", "regime", "period", "months", "partner_code"]
_STORED = [*ROW_SCHEMA, "load", "year"]

Partition = tuple[str, str, int]


def commit_rows(snapshot: Snapshot, plan: Plan) -> dict[str, int]:
    """Write `flows`, then `history`. Readers see neither until the load is committed."""
    versions = dict(snapshot.versions)
    added = _stored(plan.added)
    rewrite = _partitions_to_rewrite(snapshot, plan, added)
    plain = added.filter(~_in_partitions(rewrite)) if rewrite else added
    if rewrite or plain.height or "flows" not in versions:
        _recover(snapshot, "flows")
    for part in sorted(rewrite):
        versions["flows"] = _rewrite(snapshot, part, plan, added)
    if plain.height or "flows" not in versions:
        versions["flows"] = delta.append(snapshot.place / "flows", plain, PARTITIONS)
    if plan.history.height or "history" not in versions:
        _recover(snapshot, "history")
        rows = _stored(plan.history)
        versions["history"] = delta.append(snapshot.place / "history", rows, PARTITIONS)
    return versions


def _recover(snapshot: Snapshot, name: str) -> None:
    """Bring a table that a killed writer left ahead back to what the newest load pins."""
    table = snapshot.place / name
    found, pinned = delta.version(table), snapshot.versions.get(name)
    if found is None or found == pinned:
        return
    if pinned is None:
        # The writer died in the store's first load: there is no version to go back to.
        delta.overwrite(table, _stored(pl.DataFrame(schema=SCHEMA)), PARTITIONS)
    else:
        delta.restore(table, pinned)


def _stored(rows: pl.DataFrame) -> pl.DataFrame:
    year = (pl.col("period") // 100).cast(pl.Int32).alias("year")
    return rows.with_columns(year).select(_STORED).sort(ORDER)


def _partitions_to_rewrite(snapshot: Snapshot, plan: Plan, added: pl.DataFrame) -> set[Partition]:
    """Those that lose rows, and those that the new rows would spread over too many files."""
    year = (pl.col("period") // 100).cast(pl.Int32).alias("year")
    parts = set(plan.removed.select("flow", "currency", year).unique().rows())
    for part in added.select(PARTITIONS).unique().rows():
        if len(_files(snapshot, part)) >= MAX_FILES:
            parts.add(part)
    return parts


def _files(snapshot: Snapshot, part: Partition) -> list[delta.DataFile]:
    return snapshot.data_files("flows", **dict(zip(PARTITIONS, part)))


def _in_partitions(parts: Iterable[Partition]) -> pl.Expr:
    return pl.any_horizontal(
        [
            (pl.col("flow") == flow) & (pl.col("currency") == currency) & (pl.col("year") == year)
            for flow, currency, year in parts
        ]
    )


def _rewrite(snapshot: Snapshot, part: Partition, plan: Plan, added: pl.DataFrame) -> int:
    """Overwrite one whole partition, sorted: a predicate inside one would lose the order."""
    flow, currency, year = part
    held = delta.read(_files(snapshot, part), SCHEMA)
    staying = held.join(plan.removed, on=list(KEY), how="anti", nulls_equal=True)
    rows = pl.concat([_stored(staying), added.filter(_in_partitions([part]))]).sort(ORDER)
    return delta.overwrite(
        snapshot.place / "flows",
        rows,
        PARTITIONS,
        predicate=f"flow = '{flow}' AND currency = '{currency}' AND year = {year}",
    )


def commit_load(
    snapshot: Snapshot,
    number: int,
    versions: dict[str, int],
    work: Sequence[FileRows],
    counts: dict[str, int],
    illustrative: bool,
    side: Sequence[SideRows] = (),
) -> None:
    """Publish the load: from this commit on, readers see it."""
    files: list[dict[str, Any]] = [
        {
            "path": f.path,
            "sha256": f.sha256,
            "layout": f.layout,
            "vintage": utc_text(f.vintage),
            "rows": f.data_rows,
            "figures": figures_of(f.rows),
            "notes": [*f.notes, *f.warnings],
        }
        for f in work
    ]
    files += [
        {
            "path": f.path,
            "sha256": f.sha256,
            "layout": f.table,
            "vintage": utc_text(f.vintage),
            "rows": f.rows.height,
            "notes": [*f.notes, *f.warnings],
        }
        for f in side
    ]
    row: dict[str, Any] = {
        "number": number,
        "time": int(time.time()),
        "illustrative": illustrative,
        "files": json.dumps(files, ensure_ascii=False),
        "scopes": json.dumps([s.to_dict() for f in work for s in f.scopes], ensure_ascii=False),
        "versions": json.dumps(versions),
        "report": json.dumps(counts),
        "provexpo": __version__,
    }
    frame = pl.DataFrame([row], schema=LOAD_SCHEMA)
    table = snapshot.place / "loads"
    held = delta.files(table)
    if len(held) >= MAX_LOAD_FILES:
        frame = pl.concat([delta.read(held, LOAD_SCHEMA), frame]).sort("number")
        delta.overwrite(table, frame, [])
    else:
        delta.append(table, frame, [])
