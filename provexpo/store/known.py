"""Files that the store already holds: the same content again, or with other words about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from provexpo.errors import CoverageError
from provexpo.ingest.rows import DIMENSIONS, FileRows, Scope
from provexpo.store.boxes import in_force, inside, states_absence, table_of
from provexpo.store.snapshot import Load, utc_text


@dataclass
class Sorted:
    """The files of a load: those with something to load, and those already loaded."""

    work: list[FileRows] = field(default_factory=list)
    skipped: list[FileRows] = field(default_factory=list)
    amended: list[Scope] = field(default_factory=list)  # scopes that a file's new words replace
    warnings: list[str] = field(default_factory=list)


def figures_of(rows: pl.DataFrame) -> list[int]:
    """What tells two readings of one file apart: another unit, column map or correction."""
    return [rows.height, *rows.select(pl.sum("value", "quantity")).row(0)]


def sort_files(files: Sequence[FileRows], loads: Iterable[Load], scopes: Iterable[Scope]) -> Sorted:
    """The same file again changes nothing, unless the caller now says more about what it covers."""
    figures = {f["sha256"]: f.get("figures") for load in loads for f in load.files}
    known: dict[str, list[Scope]] = {}
    for scope in scopes:
        known.setdefault(scope.sha256, []).append(scope)
    result = Sorted()
    for file in files:
        if _published_again(file, known.get(file.sha256, [])):
            file = _as_published(file)
        before = known.get(file.sha256, [])
        if not before:
            result.work.append(file)
            known[file.sha256] = list(file.scopes)
            continue
        _refuse_other_flow(file, before)
        vintage = before[0].vintage
        if file.vintage_source == "stated" and file.vintage != vintage:
            result.warnings.append(
                f"{file.path} is already loaded with another vintage and keeps it:"
                f" {utc_text(vintage)}"
            )
        was = figures.get(file.sha256)
        if was is not None and was != figures_of(file.rows):
            result.warnings.append(
                f"{file.path} is already loaded, but now reads as other figures (another column"
                " map, correction or version of provexpo); the store keeps the old ones: state a"
                " newer --vintage to take the new ones"
            )
            result.skipped.append(file)
            continue
        if _says_no_more(file, before):
            result.skipped.append(file)
            continue
        file = _dated(file, vintage)
        result.work.append(file)
        result.amended += _replaced(file, before)
        known[file.sha256] = list(in_force([*before, *file.scopes]))
    return result


def _published_again(file: FileRows, before: list[Scope]) -> bool:
    """True where the caller states that a known file's figures were published anew, later: a
    source may go back to what it had revised. A file's own time is no such statement."""
    stated = file.vintage_source == "stated"
    return stated and bool(before) and file.vintage > max(s.vintage for s in before)


def _as_published(file: FileRows) -> FileRows:
    """The same content of another date is told apart by it."""
    name = f"{file.sha256}@{utc_text(file.vintage)}"
    return replace(file, sha256=name, scopes=tuple(replace(s, sha256=name) for s in file.scopes))


def _refuse_other_flow(file: FileRows, before: list[Scope]) -> None:
    flows, was = {s.flow for s in file.scopes}, {s.flow for s in before}
    if not flows <= was:
        raise CoverageError(
            f"this file was loaded before as {' and '.join(sorted(was))}s,"
            f" now it is called {' and '.join(sorted(flows))}s",
            where=file.path,
            expected="one flow for one file",
            do="check which it is; to correct a wrong load, load the files into a new store",
        )


def _says_no_more(file: FileRows, before: list[Scope]) -> bool:
    held = {table_of(s): s for s in before}
    return all(
        table_of(s) in held and (not s.is_declared or _same_box(s, held[table_of(s)]))
        for s in file.scopes
    )


def _same_box(new: Scope, old: Scope) -> bool:
    same = all(new.extent(d) == old.extent(d) for d in DIMENSIONS)
    return same and new.spans == old.spans and new.months_declared == old.months_declared


def _dated(file: FileRows, vintage: int) -> FileRows:
    """The same content was published when it was: a copy's file time says nothing."""
    return replace(
        file,
        vintage=vintage,
        rows=file.rows.with_columns(vintage=pl.lit(vintage, pl.Int64)),
        scopes=tuple(replace(s, vintage=vintage) for s in file.scopes),
    )


def _replaced(file: FileRows, before: list[Scope]) -> list[Scope]:
    tables = {table_of(s) for s in file.scopes}
    return [s for s in before if table_of(s) in tables]


def refuse_taken_back(
    history: pl.DataFrame, amended: Iterable[Scope], scopes: Iterable[Scope]
) -> None:
    """An absence that a file's older words stated, and that made a figure zero, stays stated."""
    stating = [s for s in scopes if states_absence(s)]
    for old in filter(states_absence, amended):
        still = [inside(s) for s in stating if s.vintage == old.vintage]
        lost = history.filter(
            pl.col("value").is_null() & (pl.col("vintage") == old.vintage) & inside(old)
        ).filter(~pl.any_horizontal(still) if still else pl.lit(True))
        if lost.height:
            raise CoverageError(
                f"this file was loaded before as covering more, and {lost.height} cells became"
                " zero by it; now it is said to cover less",
                where=old.file,
                expected="covers that state at least the same cells",
                do="to correct a wrong --covers, load the files into a new store",
            )
