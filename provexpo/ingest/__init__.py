"""Ingest: a file -> checked rows, their scope, and a report. Nothing is guessed."""

from provexpo.ingest.options import Options
from provexpo.ingest.reading import ReadResult, find_files, read_files, sha256_of
from provexpo.ingest.report import (
    FileReport,
    LoadReport,
    coverage_lines,
    file_report,
    side_report,
)
from provexpo.ingest.rows import (
    DIMENSIONS,
    KEY,
    ROW_SCHEMA,
    Extent,
    FileRows,
    Grain,
    Scope,
)
from provexpo.ingest.side import SideRows

__all__ = [
    "DIMENSIONS",
    "KEY",
    "ROW_SCHEMA",
    "Extent",
    "FileReport",
    "FileRows",
    "Grain",
    "LoadReport",
    "Options",
    "ReadResult",
    "Scope",
    "SideRows",
    "coverage_lines",
    "file_report",
    "find_files",
    "read_files",
    "sha256_of",
    "side_report",
]
