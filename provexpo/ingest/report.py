"""What a load did, or would do: for a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from provexpo.ingest.rows import DIMENSIONS, FileRows, Scope
from provexpo.ingest.settings import vintage_text
from provexpo.ingest.side import SideRows
from provexpo.periods import month_index, month_text, span_months
from provexpo.vocab import whole_areas

_EXTENTS = {
    "declared": "all (declared)",
    "assumed": "all (assumed)",
    "listed": "listed: those in the file",
    "declared_list": "listed (declared)",
}


@dataclass(frozen=True)
class FileReport:
    """One file of a load. `status` is read, already loaded, or bad."""

    path: str
    sha256: str | None
    status: str
    layout: str | None = None
    encoding: str | None = None
    flows: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    grains: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    data_rows: int = 0
    partners: int = 0
    duplicates: int = 0
    left_out: dict[str, int] | None = None
    vintage: str | None = None
    vintage_source: str | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoadReport:
    """What one `add` did, or with `dry_run` would do.

    `load` is the number of the load, None when nothing was written. `revisions` counts cells
    whose figure changed. `coverage` has one line for each grain, flow and currency.
    """

    load: int | None
    dry_run: bool
    files: tuple[FileReport, ...]
    rows_read: int = 0
    rows_new: int = 0
    rows_changed: int = 0
    rows_unchanged: int = 0
    rows_removed: int = 0
    duplicates: int = 0
    revisions: int = 0
    coverage: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    bad: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> int:
        """Rows of data read from the files."""
        return self.rows_read

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the files cover, a line each grain, flow and currency: found or declared."""
        return self.coverage

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_text(self) -> str:
        """Plain text, a few lines a file."""
        lines = [self._headline(), ""]
        for file in self.files:
            lines += _file_lines(file)
        lines += _section("coverage", self.coverage)
        lines += _section("warnings", self.warnings)
        lines += _section("bad files, left out", [f"{path}: {text}" for path, text in self.bad])
        return "\n".join(lines).rstrip() + "\n"

    def _headline(self) -> str:
        known = sum(f.status == "already loaded" for f in self.files)
        counts = (
            f"{self.rows_read:,} rows read: {self.rows_new:,} new, {self.rows_changed:,} changed,"
            f" {self.rows_unchanged:,} unchanged, {self.rows_removed:,} removed;"
            f" {self.duplicates:,} duplicates, {self.revisions:,} revisions"
        )
        if self.dry_run:
            start = "dry run, nothing written"
        elif self.load is None:
            start = "nothing changed"
        else:
            start = f"load {self.load}"
        also = f" ({known} of {len(self.files)} files already loaded)" if known else ""
        return f"{start}{also}: {counts}"


def file_report(file: FileRows, status: str = "read") -> FileReport:
    """The report of one file that was read."""
    return FileReport(
        path=file.path,
        sha256=file.sha256,
        status=status,
        layout=file.layout,
        encoding=file.encoding,
        flows=tuple(sorted({s.flow for s in file.scopes})),
        currencies=tuple(sorted({s.currency for s in file.scopes})),
        grains=tuple(dict.fromkeys(s.grain.id for s in file.scopes)),
        months=tuple(map(month_text, _months(_own_months(file.scopes)))),
        data_rows=file.data_rows,
        partners=file.rows["partner_code"].drop_nulls().n_unique(),
        duplicates=file.duplicates,
        left_out=dict(file.left_out),
        vintage=vintage_text(file.vintage),
        vintage_source=file.vintage_source,
        warnings=file.warnings,
        notes=file.notes,
    )


def side_report(file: SideRows, status: str = "read") -> FileReport:
    """The report of one file of a side table."""
    return FileReport(
        path=file.path,
        sha256=file.sha256,
        status=status,
        layout=file.table,
        encoding=file.encoding,
        data_rows=file.rows.height,
        vintage=vintage_text(file.vintage),
        vintage_source=file.vintage_source,
        warnings=file.warnings,
        notes=file.notes,
    )


def coverage_lines(files: Sequence[FileRows]) -> tuple[str, ...]:
    """One line for each grain, flow and currency: its months, and how far each dimension goes."""
    groups: dict[tuple[str, str, str], list[Scope]] = {}
    for scope in (s for file in files for s in file.scopes):
        groups.setdefault((scope.grain.id, scope.flow, scope.currency), []).append(scope)
    return tuple(_coverage_line(key, scopes) for key, scopes in sorted(groups.items()))


def _coverage_line(key: tuple[str, str, str], scopes: Sequence[Scope]) -> str:
    months = _runs(_months(scopes))
    said = "declared" if all(s.months_declared for s in scopes) else "found"
    parts = [f"months {months} ({said})"]
    for dimension in DIMENSIONS:
        kinds = {s.extent(dimension).kind for s in scopes} - {"absent"}
        if kinds:
            text = " / ".join(sorted(_EXTENTS[kind] for kind in kinds))
            codes = {c for s in scopes for c in s.extent(dimension).codes}
            areas = whole_areas(scopes[0].grain.reporter, codes) if dimension == "province" else ""
            if areas:
                text = f"of {areas} (known by the file's states)"
            elif codes:
                named = sorted(codes)
                text += f" {', '.join(named[:4])}" + (
                    f" ... ({len(named)})" if len(named) > 4 else ""
                )
            parts.append(f"{dimension} {text}")
    return f"{' '.join(key)}: {'; '.join(parts)}"


def _months(scopes: Sequence[Scope]) -> list[int]:
    return sorted({month for s in scopes for span in s.spans for month in span_months(span)})


def _own_months(scopes: Sequence[Scope]) -> Sequence[Scope]:
    """Without the year-to-date columns of a bulletin, which reach back to January."""
    return [s for s in scopes if not s.grain.source.endswith("_ytd")] or scopes


def _runs(months: Sequence[int]) -> str:
    """2024-01/2024-03, 2024-05: neighbouring months as runs."""
    runs: list[list[int]] = []
    for month in months:
        if runs and month_index(month) == month_index(runs[-1][-1]) + 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(
        month_text(r[0]) if len(r) == 1 else f"{month_text(r[0])}/{month_text(r[-1])}" for r in runs
    )


def _file_lines(file: FileReport) -> list[str]:
    if file.status == "bad":
        return [f"{file.path}: bad"]
    first_last = dict.fromkeys((*file.months[:1], *file.months[-1:]))
    plural = "" if len(file.months) == 1 else "s"
    months = f"{' to '.join(first_last)} ({len(file.months)} month{plural})"
    facts = [
        file.status,
        ", ".join(t for t in (file.layout, file.encoding) if t),
        f"{'+'.join(file.flows)} {'+'.join(file.currencies)}",
        f"{file.data_rows:,} rows",
        months,
    ]
    if not file.flows:  # a side table has neither flows nor months of its own
        facts = [*facts[:2], facts[3]]
    if file.partners:
        facts.append(f"{file.partners} partners")
    if file.duplicates:
        facts.append(f"{file.duplicates} duplicates")
    facts += [f"left out: {n} {reason}" for reason, n in (file.left_out or {}).items()]
    facts.append(f"vintage {file.vintage} ({file.vintage_source})")
    lines = [f"{file.path}: {'; '.join(facts)}"]
    lines += [f"  warning: {text}" for text in file.warnings]
    return lines + [f"  note: {text}" for text in file.notes]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {line}" for line in lines)] if lines else []
