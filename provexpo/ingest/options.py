"""What the caller says about files, and what holds for one file after the manifest is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provexpo.ingest.covers import Covers
from provexpo.periods import Window

FLOWS = ("export", "import")
FLOW_WORDS = {
    "export": "export", "exports": "export", "出口": "export",
    "import": "import", "imports": "import", "进口": "import",
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What a caller states for every file of one call; None where nothing is stated.

    flow : "export" or "import", for files that do not say it.
    layout : "query", "bulletin", "comtrade" ... (docs/files.md), where the header does not decide.
    vintage : publication or download date, YYYY-MM-DD or an ISO time (UTC).
    covers : what the files cover: text such as "partners=all; months=2024", or a TOML or CSV file.
    period : the window of a file without months.
    accept_full : names or paths of files that may hold exactly 10,000 rows.
    """

    flow: str | None = None
    layout: str | None = None
    vintage: str | None = None
    covers: str | Path | None = None
    period: str | None = None
    accept_full: tuple[str, ...] = ()
    reporter: str = "CHN"


@dataclass(frozen=True)
class ValueColumn:
    """One value column of a tidy file: its flow, currency and the size of its unit."""

    column: str
    flow: str | None = None
    currency: str | None = None
    unit: int = 1


@dataclass(frozen=True)
class TidyMap:
    """Which column of a tidy file means what, and what is constant in it."""

    columns: Mapping[str, str] = field(default_factory=dict)
    values: tuple[ValueColumn, ...] = ()
    aggregates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    totals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str | None = None
    source: str = "tidy"
    basis: str = "registered"
    valuation: str | None = None
    import_system: str = "general"
    product_level: int | None = None


@dataclass(frozen=True)
class Settings:
    """Everything stated about one file, by the caller and the manifest together."""

    flow: str | None = None
    layout: str | None = None
    vintage: str | None = None
    covers: Covers = field(default_factory=Covers)
    period: Window | None = None
    accept_full: bool = False
    reporter: str = "CHN"
    tidy: TidyMap | None = None
