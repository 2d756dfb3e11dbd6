"""Text to a frame in which every column is text, with proof that nothing was lost on the way."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from provexpo.errors import LayoutError

_DELIMITERS = (",", "\t", ";")
_STRAY_QUOTE = re.compile(rb'[^,;\t\r\n]"[^,;\t\r\n]')


@dataclass(frozen=True)
class Table:
    """A parsed file: `header`, and `frame` with columns c0, c1, ... in the order of the header.

    Row i of the frame is record i + 1 of the file. `lines` finds its physical line, which is
    another number where quoted names hold newlines.
    """

    path: str
    encoding: str
    header: tuple[str, ...]
    frame: pl.DataFrame
    text: str | None = None  # None for Parquet, which has rows but no lines
    delimiter: str = ","
    origin: pl.Series | None = None  # of a subset: the row of the file each row is

    def column(self, position: int) -> pl.Series:
        return self.frame.get_column(f"c{position}")

    def subset(self, rows: pl.Series) -> Table:
        """These rows only; their lines stay those of the whole file."""
        origin = rows if self.origin is None else self.origin.gather(rows)
        return replace(self, frame=self.frame[rows], origin=origin)

    def lines(self, rows: Iterable[int]) -> list[int]:
        """The physical lines on which these rows start (row numbers for Parquet)."""
        wanted = sorted({self.origin[row] if self.origin is not None else row for row in rows})
        if self.text is None:
            return [row + 1 for row in wanted]
        found, targets = [], {row + 1 for row in wanted}
        for index, (line, _) in enumerate(_records(self.text, self.delimiter)):
            if index in targets:
                found.append(line)
                if len(found) == len(targets):
                    break
        return found

    def where(self, rows: Iterable[int] = (), column: str | None = None) -> str:
        """`path, lines 3, 8, column '美元'`, as errors name a place; at most five lines."""
        rows = list(rows)
        parts = [self.path]
        if rows:
            shown = self.lines(rows[:5])
            word = "row" if self.text is None else "line"
            more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
            plural = "s" if len(shown) > 1 else ""
            parts.append(f"{word}{plural} {', '.join(map(str, shown))}{more}")
        if column is not None:
            parts.append(f"column {column!r}")
        return ", ".join(parts)


def parse_table(text: str, path: str, encoding: str) -> Table:
    """Parse delimited text.

    polars does the work; its result is taken only when every byte of the text is accounted for
    by cells, quotes, delimiters and line ends. Otherwise Python's strict csv module reads the
    file again: it either names the broken line or gives the rows.
    """
    text = text.removeprefix("\ufeff").lstrip("\r\n")
    if "\n" not in text and "\r" in text:
        text = text.replace("\r", "\n")
    delimiter = _delimiter(text)
    if delimiter != "\t" and "\t" in text:
        text = _without_tabs(text, delimiter)
    data = _without_last_newline(text.encode())
    frame = _fast(data, delimiter)
    if frame is None and data.count(b'"') % 2:
        raise LayoutError(
            "the file ends inside a quoted field, or a quote stands alone",
            where=f"{path}, line {_lone_quote_line(text)} or later",
            expected="an even number of quotes",
            do="the download was cut off: download the file again",
        )
    if frame is None:
        frame = _slow(text.rstrip("\r\n"), delimiter, path)
    header = tuple((cell or "").strip() for cell in frame.row(0))
    frame = frame.slice(1)
    table = Table(path, encoding, header, frame, text, delimiter)
    if len(header) > 1 and header[-1] == "":
        table = _drop_empty_tail(table)
    if frame.height == 0:
        raise LayoutError(
            "the file holds a header and no rows",
            where=f"{path}, line 1",
            expected="at least one row of data",
            do="check the query on the customs site and download it again",
        )
    return table


def _delimiter(text: str) -> str:
    """The one that splits the first record into most fields; a comma where none does."""
    first = text[:8192]
    widths = {
        d: len(next(csv.reader(io.StringIO(first, newline=""), delimiter=d), []))
        for d in _DELIMITERS
    }
    return max(_DELIMITERS, key=lambda d: widths[d])


def _without_tabs(text: str, delimiter: str) -> str:
    """Remove the TABs that older downloads put after a value, and only those."""
    for end in (delimiter, '"', "\n", "\r"):
        while f"\t{end}" in text:
            text = text.replace(f"\t{end}", end)
    return text.rstrip("\t")


def _fast(data: bytes, delimiter: str) -> pl.DataFrame | None:
    """The frame, or None where cells and marks do not add up to exactly the bytes that came in."""
    try:
        frame = pl.read_csv(data, has_header=False, infer_schema=False, separator=delimiter)
    except pl.exceptions.PolarsError:
        return None
    frame = frame.rename({name: f"c{i}" for i, name in enumerate(frame.columns)})
    cells = frame.select(pl.sum_horizontal(pl.all().str.len_bytes().sum())).item() or 0
    ends = frame.height - 1 + (data.count(b"\r\n") if b"\r" in data else 0)
    rest = len(data) - cells - (frame.width - 1) * frame.height - ends
    # What is left must be quotes. Two for every cell (but the empty last one), or none at all,
    # needs no counting. Elsewhere polars may have dropped a stray quote without a word.
    if rest in (0, 2 * frame.width * frame.height, 2 * (frame.width - 1) * frame.height):
        return frame
    return frame if rest == data.count(b'"') and not _STRAY_QUOTE.search(data) else None


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    for fields in reader:
        yield line, fields
        line = reader.line_num + 1


def _slow(text: str, delimiter: str, path: str) -> pl.DataFrame:
    rows: list[list[str]] = []
    width, line = 0, 1
    try:
        for line, fields in _records(text, delimiter):
            width = width or len(fields)
            if len(fields) != width:
                raise LayoutError(
                    f"the line has {len(fields)} fields, the header has {width}",
                    where=f"{path}, line {line}",
                    expected=f"{width} fields in every line",
                    do="download the file again; a hand-edited file may have lost a quote or comma",
                )
            rows.append(fields)
    except csv.Error as err:
        last = line if rows else 1
        raise LayoutError(
            f"a quoted field is broken ({err})",
            where=f"{path}, line {last} or the one after",
            expected="fields in quotes, quotes inside them doubled",
            do="download the file again",
        ) from err
    return pl.DataFrame(rows, schema={f"c{i}": pl.String for i in range(width)}, orient="row")


def _drop_empty_tail(table: Table) -> Table:
    """Every line of a query download ends in a comma: one empty last column, and no more."""
    tail = table.frame.get_column(table.frame.columns[-1])
    empty = tail.null_count() == len(tail)  # told apart first: it is the rule, and costs nothing
    filled = [] if empty else (tail.fill_null("").str.strip_chars() != "").arg_true().to_list()
    if filled:
        raise LayoutError(
            "the last column has no name but holds values",
            where=table.where(filled),
            expected="an empty last column, or a name in the header",
            do="download the file again, or name the column",
        )
    frame = table.frame.drop(table.frame.columns[-1])
    return replace(table, header=table.header[:-1], frame=frame)


def _without_last_newline(data: bytes) -> bytes:
    """The bytes without the newlines at their end; a large file is copied only once."""
    end = len(data)
    while end and data[end - 1] in b"\r\n":
        end -= 1
    return data[:end]


def _lone_quote_line(text: str) -> int:
    """The last line on which a quoted field was opened."""
    return text.count("\n", 0, text.rfind('"')) + 1
