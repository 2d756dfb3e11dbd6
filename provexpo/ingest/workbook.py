"""Excel workbooks (.xlsx) to a table in which every cell is text, as a CSV would hold it."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from provexpo.errors import LayoutError
from provexpo.ingest.table import Table

ENDING = ".xlsx"


def read_workbook(data: bytes, path: str) -> Table:
    """The one sheet that holds cells; its first row is the header.

    Raises LayoutError for what is no workbook, for several sheets with cells, and for a sheet
    without rows.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as err:
        raise LayoutError(
            f"the file cannot be read as an Excel workbook: {err}",
            where=path,
            expected="a workbook (.xlsx) without a password",
            do="save it again as .xlsx or as CSV (UTF-8)",
        ) from err
    filled = {name: rows for name, rows in sheets.items() if rows}
    if len(filled) != 1:
        named = f"{len(filled)} sheets with cells: {', '.join(filled)}" if filled else "no cells"
        raise LayoutError(
            f"the workbook has {named}",
            where=path,
            expected="one sheet with a header and rows; other sheets empty",
            do="save the sheet of the table as a file of its own",
        )
    ((sheet, rows),) = filled.items()
    header, body = [_text(cell) or "" for cell in rows[0]], rows[1:]
    if not body:
        raise LayoutError(
            "the sheet holds a header and no rows",
            where=f"{path}, sheet {sheet!r}",
            expected="at least one row of data",
            do="check the query and download it again",
        )
    columns = {f"c{i}": [_text(row[i]) for row in body] for i in range(len(header))}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return Table(path, "xlsx", tuple(name.strip() for name in header), frame)


def workbook_header(path: Path) -> tuple[str, ...]:
    """The first row of the first sheet; empty where the file is no workbook that can be read."""
    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        rows = sheet.to_python(nrows=1)
    except (CalamineError, OSError, ValueError):
        return ()
    return tuple(_text(cell) or "" for cell in rows[0]) if rows else ()


def _text(cell: object) -> str | None:
    """Numbers as they would be typed: a workbook holds 156 as 156.0."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime, date)):
        return cell.isoformat()
    return str(cell)
