"""Side tables in the store: one append-only Delta table each; the newest vintage of a key counts.

They are small (thousands of rows), so every version of a row stays in the one table, and a reader
picks the newest one published by the date asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from provexpo.errors import CoverageError
from provexpo.ingest.side import SIDE_KEYS, SIDE_SAID, SIDE_SCHEMAS, SideRows, side_frame
from provexpo.store import delta
from provexpo.store.snapshot import Load, Snapshot, utc_text

__all__ = [
    "SIDE_KEYS",
    "SIDE_SCHEMAS",
    "SideRows",
    "commit_side",
    "plan_side",
    "read_side",
    "side_text",
]


@dataclass
class SidePlan:
    """What one load adds to the side tables."""

    work: list[SideRows] = field(default_factory=list)
    skipped: list[SideRows] = field(default_factory=list)
    added: dict[str, pl.DataFrame] = field(default_factory=dict)
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0
    duplicates: int = 0
    warnings: list[str] = field(default_factory=list)


def read_side(snapshot: Snapshot, name: str) -> pl.DataFrame:
    """The current rows of a side table, of what was published by the snapshot's date."""
    rows = _held(snapshot, name)
    if snapshot.published_by is not None:
        rows = rows.filter(pl.col("vintage") <= snapshot.published_by)
    return _newest(name, rows).sort(SIDE_KEYS[name], nulls_last=True)


def side_text(name: str, rows: pl.DataFrame) -> str:
    """One line on what a side table holds: between whom, of which kinds, from when to when."""

    def span(column: str) -> str:
        """From the first to the last."""
        first, last = rows.select(first=pl.min(column), last=pl.max(column)).row(0)
        return f"{first} to {last}"

    if name == "fx":
        return span("period")
    if name == "gdp":
        named = [*sorted(set(rows["reporter"])), *sorted(set(rows["currency"]))]
        return f"{' '.join(named)}, {rows['province'].n_unique()} provinces, {span('year')}"
    if name == "tariffs":
        pairs = rows.select(pl.concat_str("reporter", pl.lit(" on "), "partner")).to_series()
        named = [*sorted(set(pairs))[:5], *sorted(set(rows["kind"]))]
        return f"{', '.join(named)}; from {span('from')}"
    return ""


def _held(snapshot: Snapshot, name: str) -> pl.DataFrame:
    return delta.read(snapshot.data_files(name), SIDE_SCHEMAS[name])


def _newest(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    ranked = rows.sort("vintage", "load", descending=True, maintain_order=True)
    return ranked.unique(list(SIDE_KEYS[name]), keep="first", maintain_order=True)


def plan_side(snapshot: Snapshot, files: Sequence[SideRows], load: int) -> SidePlan:
    """Sort out what is already loaded, and compare the rest with the rows held."""
    plan = SidePlan()
    known = _known(snapshot.loads)
    for file in files:
        _add_file(plan, file, known)
    for name in SIDE_SCHEMAS:
        chosen = [f for f in plan.work if f.table == name]
        if chosen:
            _compare(plan, name, [_full(f, load) for f in chosen], _held(snapshot, name))
    return plan


def _known(loads: Iterable[Load]) -> dict[str, str]:
    """sha256 of every side file loaded, with the newest vintage it was loaded at."""
    return {
        f["sha256"]: f["vintage"] for load in loads for f in load.files if _is_side(f["layout"])
    }


def _is_side(layout: str) -> bool:
    return layout in SIDE_SCHEMAS


def _add_file(plan: SidePlan, file: SideRows, known: dict[str, str]) -> None:
    before = known.get(file.sha256)
    stated = file.vintage_source == "stated"
    if before is not None and stated and utc_text(file.vintage) > before:
        # The same content published anew, later: a source may go back to what it had revised.
        again = replace(file, sha256=f"{file.sha256}@{utc_text(file.vintage)}")
        file, before = again, known.get(again.sha256)
    if before is not None:
        plan.skipped.append(file)
        if stated and utc_text(file.vintage) != before:
            plan.warnings.append(
                f"{file.path} is already loaded with another vintage and keeps it: {before}"
            )
        return
    known[file.sha256] = utc_text(file.vintage)
    plan.work.append(file)


def _full(file: SideRows, load: int) -> pl.DataFrame:
    given = {"vintage": file.vintage, "load": load, "source": Path(file.path).name}
    kept = file.rows.drop("vintage", "load", strict=False)
    rows = side_frame(file.table, kept, given)
    return rows.with_columns(pl.col("source").fill_null(given["source"]))


def _compare(plan: SidePlan, name: str, frames: Sequence[pl.DataFrame], held: pl.DataFrame) -> None:
    key, said = list(SIDE_KEYS[name]), list(SIDE_SAID[name])
    rows = pl.concat(frames)
    unique = rows.unique([*key, *said, "vintage"], keep="first", maintain_order=True)
    plan.duplicates += rows.height - unique.height
    every = pl.concat([held, unique]).unique(
        [*key, *said, "vintage"], keep="first", maintain_order=True
    )
    twice = every.filter(pl.struct([*key, "vintage"]).is_duplicated())
    if twice.height:
        raise _two_rows(name, twice)
    added = every.slice(held.height)
    before = _newest(name, held)
    joined = added.join(before, on=key, how="left", nulls_equal=True, suffix="_held")
    there = pl.col("vintage_held").is_not_null()
    same = pl.all_horizontal([pl.col(c).eq_missing(pl.col(f"{c}_held")) for c in said])
    older = there & (pl.col("vintage") < pl.col("vintage_held"))
    counts = joined.select(
        new=(~there).sum(),
        older=(older & ~same).sum(),
        unchanged=(there & same).sum(),
        changed=(there & ~same & ~older).sum(),
    ).row(0, named=True)
    # Several versions of one new key in one load are one new row, and its revisions.
    distinct = joined.filter(~there).select(pl.struct(key).n_unique()).item()
    plan.new += distinct
    plan.changed += counts["changed"] + counts["new"] - distinct
    plan.unchanged += counts["unchanged"] + unique.height - added.height
    plan.older += counts["older"]
    plan.added[name] = added


def _two_rows(name: str, twice: pl.DataFrame) -> CoverageError:
    key, said = list(SIDE_KEYS[name]), list(SIDE_SAID[name])
    groups = twice.group_by([*key, "vintage"], maintain_order=True).agg(said).head(5).to_dicts()
    shown = [
        ", ".join(f"{k} {g[k]}" for k in key if g[k] is not None)
        + ": "
        + "; ".join(f"{c} {' and '.join(map(_text, g[c]))}" for c in said if len(set(g[c])) > 1)
        for g in groups
    ]
    return CoverageError(
        f"{name}: keys have two figures published at the same time:\n  " + "\n  ".join(shown),
        expected="one figure for a key in the files of one publication date",
        do="leave out the wrong row, or give the newer file its own --vintage",
    )


def _text(value: Any) -> str:
    return "nothing" if value is None else str(value)


def commit_side(snapshot: Snapshot, plan: SidePlan, versions: dict[str, int]) -> dict[str, int]:
    """Append the rows. Readers see them once the load is committed; the new pins."""
    versions = dict(versions)
    for name, rows in plan.added.items():
        table = snapshot.place / name
        _recover(table, name, snapshot.versions.get(name))
        if rows.height or name not in versions:
            versions[name] = delta.append(table, rows, [])
    return versions


def _recover(table: Path, name: str, pinned: int | None) -> None:
    """Bring a table that a killed writer left ahead back to what the newest load pins."""
    found = delta.version(table)
    if found is None or found == pinned:
        return
    if pinned is None:
        delta.overwrite(table, pl.DataFrame(schema=SIDE_SCHEMAS[name]), [])
    else:
        delta.restore(table, pinned)
