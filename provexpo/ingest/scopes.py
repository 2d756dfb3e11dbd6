"""The box of cells that a file covers, from its rows and from what the caller declares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from provexpo.errors import CoverageError
from provexpo.ingest.covers import Covers
from provexpo.ingest.duplicates import varies
from provexpo.ingest.layouts.parsed import Parsed
from provexpo.ingest.options import Settings
from provexpo.ingest.rows import DIMENSIONS, Extent, Grain, Scope
from provexpo.periods import Span, month_text, span_months


@dataclass(frozen=True)
class FileFacts:
    """What stands beside the rows of a file: where it lies, its content's hash, its vintage."""

    path: str
    sha256: str
    vintage: int
    holes: int  # cells without a value, published so or dropped by a correction


def make_scopes(parsed: Parsed, settings: Settings, facts: FileFacts) -> tuple[Scope, ...]:
    """One scope for each grain, flow and currency of the file.

    Undeclared, months and products are those found, and other dimensions are assumed whole.
    Raises CoverageError when rows lie outside a declared list or outside the declared months.
    """
    grains = {grain.id: grain for grain in parsed.grains}
    scopes = []
    for (grain_id, flow, currency), rows in _groups(parsed.rows):
        grain = grains[str(grain_id)]
        extents = {
            d: Extent("declared")
            if d in parsed.complete and grain.has(d)
            else _extent(d, rows, grain, settings, parsed.extents.get((grain.id, d)), facts.path)
            for d in DIMENSIONS
        }
        scopes.append(
            Scope(
                grain=grain,
                flow=str(flow),
                currency=str(currency),
                spans=_spans(rows, settings.covers, facts.path),
                months_declared=bool(settings.covers.months),
                vintage=facts.vintage,
                sha256=facts.sha256,
                file=facts.path,
                # Printed totals are tables of their own, and whole; the leaves come first.
                holes=facts.holes if grain == parsed.grains[0] else 0,
                **extents,
            )
        )
    return tuple(scopes)


def _groups(rows: pl.DataFrame) -> Iterable[tuple[tuple[object, ...], pl.DataFrame]]:
    """The rows by grain, flow and currency; most files hold one of each and need no grouping."""
    names = ["grain", "flow", "currency"]
    if rows.is_empty() or any(varies(rows.get_column(name)) for name in names):
        return rows.group_by(names, maintain_order=True)
    return [(rows.select(names).row(0), rows)]


def _extent(
    dimension: str,
    rows: pl.DataFrame,
    grain: Grain,
    settings: Settings,
    shown: Extent | None,
    path: str,
) -> Extent:
    """`shown` is what the file itself shows of the dimension, where it does."""
    if not grain.has(dimension):
        return Extent("absent")
    whole = settings.covers.all_of(dimension)
    if whole and shown is not None and not shown.is_all:
        raise CoverageError(
            f"the file holds only some of the {dimension}s, and covers says all",
            where=f"{path}; {settings.covers.where}",
            expected=f"{dimension}: {', '.join(shown.codes[:8])}{' ...' * (len(shown.codes) > 8)}",
            do="leave the dimension out of covers: the file shows what it holds",
        )
    if whole:
        return Extent("declared")
    declared = settings.covers.codes(dimension, grain.reporter)
    if declared is None and shown is not None:
        return shown
    if declared is None and dimension != "product":
        return Extent("assumed")
    found = _codes_in(dimension, rows, grain)
    if declared is None:
        return Extent("listed", found)
    prefixes = declared if dimension == "product" else ()
    outside = [c for c in found if c not in declared and not c.startswith(prefixes or ("\x00",))]
    if outside:
        named = ", ".join(outside[:8]) + (" and more" if len(outside) > 8 else "")
        raise CoverageError(
            f"the file holds {dimension} {named}, which covers does not list",
            where=f"{path}; {settings.covers.where}",
            expected=f"only {dimension} {', '.join(declared[:12])}",
            do="add what is missing to covers, or remove the key",
        )
    return Extent("declared_list", declared)


def _codes_in(dimension: str, rows: pl.DataFrame, grain: Grain) -> tuple[str, ...]:
    codes = rows.get_column(dimension).unique().drop_nulls().sort().to_list()
    if dimension == "product":
        return tuple(f"{code:0{grain.product_level}d}" for code in codes)
    return tuple(codes)


def _spans(rows: pl.DataFrame, covers: Covers, path: str) -> tuple[Span, ...]:
    found: set[Span] = set(rows.select("period", "months").unique().iter_rows())
    if not covers.months:
        return tuple(sorted(found))
    declared = {month for window in covers.months for month in window.months}
    held = {month for span in found for month in span_months(span)}
    if held - declared:
        raise CoverageError(
            f"the file holds {', '.join(map(month_text, sorted(held - declared)[:6]))}, which the"
            " declared months do not",
            where=f"{path}; {covers.where} (months)",
            expected=f"months within {', '.join(map(str, covers.months))}",
            do="declare all months of the file, or leave months out",
        )
    return tuple(sorted(found | {(month, 1) for month in declared - held}))
