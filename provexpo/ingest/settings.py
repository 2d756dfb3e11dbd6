"""The call and the manifest together: what holds for one file. Where they contradict, an error."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provexpo.errors import CallError, ManifestError
from provexpo.ingest.covers import Covers
from provexpo.ingest.manifest import LAYOUTS, Entry
from provexpo.ingest.options import FLOWS, Options, Settings
from provexpo.periods import Window


def check_options(options: Options) -> None:
    """Raises CallError for a flow or layout that does not exist, ManifestError for the vintage."""
    for name, allowed in (("flow", FLOWS), ("layout", LAYOUTS)):
        value = getattr(options, name)
        if value is not None and value not in allowed:
            raise CallError(
                f"unknown {name} {value!r}",
                where=f"{name}=",
                expected=" or ".join(allowed),
                do=f"pass --{name} {allowed[0]}",
            )
    if options.vintage is not None:
        read_vintage(options.vintage, "vintage=")


def settings_for(
    path: Path, entry: Entry | None, options: Options, covers: Covers, period: Window | None
) -> Settings:
    """Merge what the call states with the manifest's entry for this file."""
    full = any(_names(name, path) for name in options.accept_full)
    if entry is None:
        return Settings(
            options.flow, options.layout, options.vintage, covers, period, full, options.reporter
        )

    def one(name: str, called: Any, listed: Any) -> Any:
        if called is not None and listed is not None and called != listed:
            raise ManifestError(
                f"the call says {name} {called}, the manifest says {listed}",
                where=f"{path}; {entry.where}",
                expected="one statement, or two equal ones",
                do=f"leave out --{name}, or correct the manifest",
            )
        return listed if called is None else called

    # The reporter has a default, so only another one than that contradicts the manifest.
    called = None if options.reporter == "CHN" and entry.reporter else options.reporter
    return Settings(
        flow=one("flow", options.flow, entry.flow),
        layout=one("layout", options.layout, entry.layout),
        vintage=one("vintage", options.vintage, entry.vintage),
        covers=covers.merged(entry.covers),
        period=one("period", period, entry.period),
        accept_full=full or entry.accept_full,
        reporter=one("reporter", called, entry.reporter),
        tidy=entry.tidy,
    )


def _names(name: str, path: Path) -> bool:
    """A bare name fits files of that name in any folder; a path only the one file."""
    given = Path(name)
    return path.name == name or given.resolve() == path.resolve()


def read_vintage(text: str, where: str) -> int:
    """Seconds since 1970 UTC of a date or an ISO time; without a zone it is UTC.

    >>> read_vintage("2025-02-18", "vintage=")
    1739836800
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as err:
        raise ManifestError(
            f"cannot read the vintage {text!r}",
            where=where,
            expected="a date such as 2025-02-18, or an ISO time (UTC)",
            do="write the day on which the figures were published or downloaded",
        ) from err
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def vintage_text(vintage: int) -> str:
    return datetime.fromtimestamp(vintage, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
