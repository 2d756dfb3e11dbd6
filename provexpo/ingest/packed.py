"""Files that need a step before they are a table: gzip archives, and JSON lists of lists."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import polars as pl

from provexpo.errors import DecodeError, LayoutError
from provexpo.ingest.table import Table

GZIP = ".gz"
JSON = ".json"
_MAGIC = b"\x1f\x8b"


def ending_of(path: Path) -> str:
    """The ending that says what is inside: `.csv` of `a.csv.gz`, `.csv` of a bare `.gz` too."""
    if path.suffix.lower() != GZIP:
        return path.suffix.lower()
    return Path(path.stem).suffix.lower() or ".csv"


def unpacked(data: bytes, path: Path) -> bytes:
    """The content of a gzip archive; other files as they are.

    Raises DecodeError for an archive that is damaged, cut off, or none at all.
    """
    if path.suffix.lower() != GZIP or not data:
        return data
    if not data.startswith(_MAGIC):
        raise DecodeError(
            "the file ends in .gz and is no gzip archive",
            where=str(path),
            expected="a gzip archive",
            do="give the file the ending of what it is, or download it again",
        )
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as err:
        raise DecodeError(
            f"the gzip archive is damaged or cut off: {err}",
            where=str(path),
            expected="a whole archive",
            do="download the file again",
        ) from err


def json_table(text: str, path: str, encoding: str) -> Table:
    """A JSON list of lists, header first, as statistical offices' APIs answer.

    Raises LayoutError for other JSON, ragged rows, and cells that are neither text nor numbers.
    """
    rows = _rows(text, path)
    header = rows[0]
    if not header or not all(isinstance(name, str) for name in header):
        raise _no_list("the first row is no header", path)
    ragged = [n for n, row in enumerate(rows[1:], 1) if len(row) != len(header)]
    if ragged:
        raise LayoutError(
            f"row {ragged[0]} has {len(rows[ragged[0]])} cells, the header has {len(header)}",
            where=f"{path}, row {ragged[0]}",
            expected=f"{len(header)} cells in every row",
            do="download the file again",
        )
    if len(rows) == 1:
        raise LayoutError(
            "the file holds a header and no rows",
            where=f"{path}, row 1",
            expected="at least one row of data",
            do="check the query and download it again",
        )
    columns = {
        f"c{i}": pl.Series(
            [_cell(row[i], n, path) for n, row in enumerate(rows[1:], 1)], dtype=pl.String
        )
        for i in range(len(header))
    }
    return Table(path, encoding, tuple(name.strip() for name in header), pl.DataFrame(columns))


def _rows(text: str, path: str) -> list[list[Any]]:
    try:
        rows = json.loads(text.removeprefix("\ufeff"))
    except (json.JSONDecodeError, RecursionError) as err:
        raise LayoutError(
            f"the file is not JSON: {err}",
            where=path,
            expected="a JSON list of lists, the header first",
            do="download the file again: it may be cut off, or an error message of the server",
        ) from err
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        said = rows.get("error") if isinstance(rows, dict) else None
        raise _no_list(f"the server answered: {said}" if said else "other JSON than a list", path)
    return rows


def _no_list(what: str, path: str) -> LayoutError:
    return LayoutError(
        what,
        where=path,
        expected='a JSON list of lists, the header first: [["CTY_CODE", ...], ["5700", ...]]',
        do="download the answer of the API again",
    )


def _cell(value: Any, row: int, path: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    raise LayoutError(
        f"{value!r} is neither text nor a whole number",
        where=f"{path}, row {row}",
        expected="cells of text",
        do="download the file again",
    )
