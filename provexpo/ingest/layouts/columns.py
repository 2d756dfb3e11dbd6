"""What layouts with a fixed header share: finding its columns, and Parquet or workbook cells."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from difflib import get_close_matches

import polars as pl

from provexpo.errors import LayoutError
from provexpo.ingest.table import Table


def has_all(header: Sequence[str], needed: Collection[str]) -> bool:
    """True where the header holds every column named, in any case of letters."""
    return {name.casefold() for name in needed} <= {name.strip().casefold() for name in header}


def find_columns(
    table: Table, needed: Sequence[str], others: Sequence[str] = (), *, kind: str
) -> dict[str, int]:
    """Name -> position of the needed columns, and of those others that the file has.

    Raises LayoutError for a needed column that is not there and for one that stands twice.
    Columns of no such name are nobody's concern: re-publishers add their own.
    """
    header = [name.strip().casefold() for name in table.header]
    lost = [name for name in needed if name.casefold() not in header]
    if lost:
        near = get_close_matches(lost[0], table.header, n=1)
        raise LayoutError(
            f"{kind} lacks the column {', '.join(map(repr, lost))}",
            where=f"{table.path}, line 1",
            expected=f"columns {', '.join(needed)}",
            do=(f"did you mean {near[0]!r}? " if near else "")
            + "download the file again, or describe it in provexpo.toml (layout = 'tidy')",
        )
    named = [name for name in (*needed, *others) if name.casefold() in header]
    twice = [name for name in named if header.count(name.casefold()) > 1]
    if twice:
        raise LayoutError(
            f"the column {', '.join(map(repr, twice))} stands twice",
            where=f"{table.path}, line 1",
            expected="every column once",
            do="remove one of them",
        )
    return {name: header.index(name.casefold()) for name in named}


def as_text(table: Table) -> Table:
    """Parquet cells as the text that a CSV would hold; floats that are whole lose their `.0`."""
    if table.text is not None or all(kind == pl.String for kind in table.frame.dtypes):
        return table
    return replace(table, frame=pl.DataFrame([_readable(c) for c in table.frame.get_columns()]))


def _readable(cells: pl.Series) -> pl.Series:
    if holds_no_text(cells):
        return pl.repeat(None, len(cells), dtype=pl.String, eager=True).alias(cells.name)
    return cell_text(cells)


def holds_no_text(cells: pl.Series) -> bool:
    """True for lists, structs and bytes, which no CSV cell holds."""
    return cells.dtype.is_nested() or cells.dtype in (pl.Binary, pl.Object)


def cell_text(cells: pl.Series) -> pl.Series:
    """One column as the text that a CSV would hold."""
    if cells.dtype.is_float():
        cells = cells.fill_nan(None)
        whole = cells.cast(pl.Int64, strict=False)
        if whole.cast(pl.Float64).eq_missing(cells).all():  # an infinity is no missing mark
            cells = whole
    return cells.cast(pl.String)
