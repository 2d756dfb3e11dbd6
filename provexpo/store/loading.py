"""One `add` is one load, and is all or nothing: the row in `loads` is committed last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from provexpo.ingest import (
    FileReport,
    LoadReport,
    Options,
    coverage_lines,
    file_report,
    read_files,
    side_report,
)
from provexpo.ingest.rows import ROW_SCHEMA, FileRows, Scope
from provexpo.ingest.side import SideRows
from provexpo.store import delta
from provexpo.store.boxes import in_force, near, table_of
from provexpo.store.commit import PARTITIONS, commit_load, commit_rows
from provexpo.store.known import Sorted, refuse_taken_back, sort_files
from provexpo.store.merge import SCHEMA, Plan, dedupe, plan
from provexpo.store.place import is_store, make_store, usable_place, writing
from provexpo.store.side import SidePlan, commit_side, plan_side
from provexpo.store.snapshot import Snapshot, read_loads

Progress = Callable[[int, int, str], None]


def add(
    store: str | Path,
    paths: Sequence[str | Path] | str | Path,
    *,
    flow: str | None = None,
    layout: str | None = None,
    vintage: str | None = None,
    covers: str | Path | None = None,
    period: str | None = None,
    accept_full: Sequence[str] = (),
    reporter: str = "CHN",
    skip_bad: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> LoadReport:
    """Load files or folders into a store, which is made when it is not there yet.

    One call is one load and is all or nothing: an error leaves the store as it was.

    Parameters
    ----------
    store : path of the store's folder.
    paths : files and folders (read with their sub-folders).
    flow : "export" or "import", for files that do not say it (query downloads).
    layout : name of a layout, where the header alone should not decide.
    vintage : when the figures were published or downloaded; default the file's own time.
    covers : what the files cover, as text ("partners=all; products=1201") or a file.
    period : the window of files without a month column.
    accept_full : names of files that may have exactly 10,000 rows.
    skip_bad : leave out files that fail, instead of refusing the load.
    dry_run : read and compare, write nothing.

    Returns
    -------
    LoadReport with files, rows, duplicates, revisions, coverage and warnings.

    Raises
    ------
    ProvexpoError for the first file that cannot be read as it stands, naming file and line.

    Examples
    --------
    >>> import provexpo as pe
    >>> report = pe.add("desk", ["downloads/"], flow="export")  # doctest: +SKIP
    """
    options = Options(
        flow=flow,
        layout=layout,
        vintage=vintage,
        covers=covers,
        period=period,
        accept_full=tuple(accept_full),
        reporter=reporter,
    )
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    usable_place(store)
    read = read_files(given, options, skip_bad=skip_bad, progress=progress)
    report = load_rows(store, read.files, side=read.side, dry_run=dry_run)
    return replace(
        report,
        warnings=(*report.warnings, *read.warnings),
        bad=tuple(read.bad),
        files=(*report.files, *(FileReport(path, None, "bad") for path, text in read.bad)),
    )


def load_rows(
    store: str | Path,
    files: Sequence[FileRows],
    *,
    side: Sequence[SideRows] = (),
    illustrative: bool = False,
    dry_run: bool = False,
) -> LoadReport:
    """Load rows that a layout has read; what `add` and the sample call.

    `side` are files of the side tables (tariffs, gdp, fx); a load may hold them alone.
    """
    place = usable_place(store)
    early = None
    if dry_run or not is_store(place):
        # Compared before anything is written: rows that contradict each other make no folder.
        early = _prepare(Snapshot(place, read_loads(place)), files, side)
        if dry_run or not early.has_work:
            return _report(early, files, load=None, dry_run=dry_run)
    make_store(place)
    with writing(place):
        snapshot = Snapshot(place, read_loads(place))
        prepared = early if early and not snapshot.loads else _prepare(snapshot, files, side)
        if not prepared.has_work:
            return _report(prepared, files, load=None, dry_run=False)
        number = snapshot.load + 1
        report = _report(prepared, files, load=number, dry_run=False)
        versions = commit_side(snapshot, prepared.side, commit_rows(snapshot, prepared.plan))
        commit_load(
            snapshot, number, versions, prepared.files.work, _counts(report), illustrative,
            prepared.side.work,
        )  # fmt: skip
        return report


@dataclass(frozen=True)
class _Prepared:
    files: Sorted
    plan: Plan
    duplicates: int  # equal rows in several of the files
    side: SidePlan = field(default_factory=SidePlan)

    @property
    def has_work(self) -> bool:
        return bool(self.files.work or self.side.work)


def _prepare(snapshot: Snapshot, files: Sequence[FileRows], side: Sequence[SideRows]) -> _Prepared:
    """Split the files into those with something to load and those already loaded; compare rows."""
    load = snapshot.load + 1
    found = sort_files(files, snapshot.loads, snapshot.scopes)
    rows = (
        pl.concat([f.rows for f in found.work]) if found.work else pl.DataFrame(schema=ROW_SCHEMA)
    )
    rows, doubled = dedupe(rows.with_columns(load=pl.lit(load, pl.Int64)))
    scopes = [s for f in found.work for s in f.scopes]
    current, history = _held(snapshot, [*scopes, *found.amended])
    after = in_force([*snapshot.scopes, *scopes])
    refuse_taken_back(history, found.amended, after)
    merged = plan(rows, current, history, scopes, after, load)
    return _Prepared(found, merged, doubled, plan_side(snapshot, side, load))


def _held(snapshot: Snapshot, scopes: list[Scope]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The entries held of the cells that scopes can touch; new months cost no reading."""
    covered = {(table_of(s), span) for s in snapshot.scopes for span in s.spans}
    touching = [s for s in scopes if any((table_of(s), span) in covered for span in s.spans)]
    parts = sorted({(s.flow, s.currency, p // 100) for s in touching for p, _ in s.spans})
    found = []
    for table in ("flows", "history"):
        frames = [pl.DataFrame(schema=SCHEMA)]
        for part in parts:
            files = snapshot.data_files(table, **dict(zip(PARTITIONS, part)))
            frames.append(delta.read(files, SCHEMA, near(touching)))
        found.append(pl.concat(frames))
    return found[0], found[1]


def _counts(report: LoadReport) -> dict[str, int]:
    names = (
        "rows_read", "rows_new", "rows_changed", "rows_unchanged", "rows_removed", "duplicates",
        "revisions",
    )  # fmt: skip
    return {name: getattr(report, name) for name in names}


def _report(
    prepared: _Prepared, files: Sequence[FileRows], *, load: int | None, dry_run: bool
) -> LoadReport:
    work, plan, side = prepared.files.work, prepared.plan, prepared.side
    read: list[FileRows | SideRows] = [*work, *side.work]
    warnings = [f"{Path(f.path).name}: {w}" for f in read for w in f.warnings]
    warnings += [*prepared.files.warnings, *side.warnings]
    if plan.kept:
        warnings.append(
            f"{plan.kept} cells held before are not in the new files and stay as they were;"
            " declare what the files cover (--covers) to turn them into zero"
        )
    if older := plan.older + side.older:
        warnings.append(f"{older} rows are older than what the store holds: kept in history")
    return LoadReport(
        load=load,
        dry_run=dry_run,
        files=(
            *(file_report(f) for f in work),
            *(file_report(f, "already loaded") for f in prepared.files.skipped),
            *(side_report(f) for f in side.work),
            *(side_report(f, "already loaded") for f in side.skipped),
        ),
        rows_read=sum(f.data_rows for f in work) + sum(f.rows.height for f in side.work),
        rows_new=plan.new + side.new,
        rows_changed=plan.changed + side.changed,
        rows_unchanged=plan.unchanged + side.unchanged,
        rows_removed=plan.zeroed,
        duplicates=prepared.duplicates + sum(f.duplicates for f in work) + side.duplicates,
        revisions=plan.changed + plan.zeroed + side.changed,
        coverage=coverage_lines(files),
        warnings=tuple(warnings),
    )
