"""The customs bulletin's table 8: totals by place, month and year to date side by side."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from provexpo import vocab
from provexpo.errors import CallError, CheckError, LayoutError, PeriodError
from provexpo.ingest.cells import MISSING
from provexpo.ingest.layouts.parsed import ROW, Parsed
from provexpo.ingest.options import Settings
from provexpo.ingest.rows import ROW_SCHEMA, Grain
from provexpo.ingest.table import Table
from provexpo.periods import Span

NAME = "bulletin"
TOLERANCE = 3  # rounding units by which the 31 provinces may miss the national line

_UNITS = {
    "万人民币": ("CNY", 10_000), "万元人民币": ("CNY", 10_000), "人民币万元": ("CNY", 10_000),
    "us$1,000": ("USD", 1_000), "usd1,000": ("USD", 1_000), "千美元": ("USD", 1_000),
}  # fmt: skip
_FLOWS = {
    "出口": "export", "exports": "export", "export": "export",
    "进口": "import", "imports": "import", "import": "import",
    "进出口": "total", "进出口总值": "total", "total": "total", "importsandexports": "total",
    "exportsandimports": "total", "imports&exports": "total", "exports&imports": "total",
}  # fmt: skip
_TOTAL = {"总值", "合计", "全国", "total", "totalvalue"}
_UNIT = re.compile(r"(?:单位|unit)[:：]?(.+)", re.IGNORECASE)
_MONTH = re.compile(r"(\d{1,2})月?")
_TO_DATE = re.compile(r"1(?:至|to|-|~)(\d{1,2})月?")
_FILE_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?:\s*[-_.年]?\s*(1[0-2]|0?[1-9])(?!\d))?")


@dataclass(frozen=True)
class _Column:
    position: int
    flow: str
    month: int
    to_date: bool


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def matches(rows: Sequence[Sequence[str]]) -> bool:
    """True where the first row names a unit and the second names flows."""
    if len(rows) < 3:
        return False
    named = any(_UNIT.search(_plain(cell)) for cell in rows[0])
    return named and {"export", "import"} <= {_FLOWS.get(_plain(cell)) for cell in rows[1]}


def read(table: Table, settings: Settings) -> Parsed:
    """Rows of table 8: provinces and the nation, for the month and for the year to date.

    Cities and zones stand in the same list as their provinces; they are left out and counted.
    Raises CheckError unless the 31 provinces stand there once each and add up, in the month
    columns, to the national line within 3 rounding units.
    """
    if settings.flow is not None:
        raise CallError(
            f"--flow {settings.flow} contradicts the file: table 8 holds exports and imports",
            where=table.path,
            expected="no flow for a bulletin; both are loaded",
            do="leave out --flow, or give it in provexpo.toml for the query downloads only",
        )
    header = [list(table.header), *_text_rows(table, 2)]
    currency, unit = _unit(table, header[0])
    columns = _columns(table, header)
    year = _year(table, columns[0].month, settings)
    body = [(index, row) for index, row in enumerate(_text_rows(table)) if index >= 2]
    places, left_out, data_rows = _places(table, body)
    cells = {
        (column, place): _number(table, index, row[column.position], column.position)
        for column in columns
        for place, (index, row) in places.items()
    }
    monthly = {c.flow for c in columns if not c.to_date}
    for column in columns:
        if not column.to_date or column.flow not in monthly:
            _check_sum(table, column, cells)
    records, grains = _records(columns, places, cells, year, currency, unit, settings.reporter)
    rows = pl.DataFrame(records, schema={**_schema(), ROW: pl.UInt32}, orient="row")
    missing = sum(1 for value in cells.values() if value is None)
    warnings = (f"{missing} missing values (-) were left out",) if missing else ()
    return Parsed(
        rows=rows,
        grains=grains,
        data_rows=data_rows,
        left_out={"city or zone": left_out} if left_out else {},
        warnings=warnings,
        complete=frozenset() if missing else frozenset({"province"}),
    )


def _schema() -> dict[str, pl.DataType | type[pl.DataType]]:
    return {name: kind for name, kind in ROW_SCHEMA.items() if name != "vintage"}


def _text_rows(table: Table, limit: int | None = None) -> list[list[str]]:
    frame = table.frame if limit is None else table.frame.head(limit)
    return [[(cell or "").strip() for cell in row] for row in frame.iter_rows()]


def _unit(table: Table, first: list[str]) -> tuple[str, int]:
    found = {m[1] for cell in first if (m := _UNIT.search(_plain(cell)))}
    if len(found) == 1 and (unit := _UNITS.get(found.pop())):
        return unit
    named = sorted({cell for cell in first if _UNIT.search(_plain(cell))})
    raise LayoutError(
        f"unknown unit {', '.join(named)}",
        where=f"{table.path}, line 1",
        expected="单位：万人民币 (10,000 yuan) or Unit: US$1,000",
        do="check the edition of the bulletin; other units are read with layout = 'tidy'",
    )


def _columns(table: Table, header: list[list[str]]) -> list[_Column]:
    """The columns of exports and imports, by their names: other tables have another order."""
    columns = []
    for position in range(1, len(header[0])):
        flow = _FLOWS.get(_plain(header[1][position]))
        span = _plain(header[2][position])
        month, to_date = _MONTH.fullmatch(span), _TO_DATE.fullmatch(span)
        found = month or to_date
        if flow in ("export", "import") and found and 1 <= int(found[1]) <= 12:
            columns.append(_Column(position, flow, int(found[1]), to_date is not None))
    kinds = [(c.flow, c.to_date) for c in columns]
    if len(set(kinds)) != len(kinds) or {c.flow for c in columns} != {"export", "import"}:
        raise LayoutError(
            "the columns of exports and imports cannot be told apart",
            where=f"{table.path}, lines 2 and 3",
            expected="出口 and 进口 in row 2; a month (7月) and a year to date (1至7月) below each",
            do="save the table of the bulletin again with its three header rows",
        )
    if len({c.month for c in columns}) != 1:
        raise PeriodError(
            f"the header names several months: {sorted({c.month for c in columns})}",
            where=f"{table.path}, line 3",
            expected="one month, and the year to date up to it",
            do="save the table of the bulletin again",
        )
    return columns


def _year(table: Table, month: int, settings: Settings) -> int:
    name = re.split(r"[\\/]", table.path)[-1]
    stated = settings.period
    found = _FILE_YEAR.search(name)
    said = {int(found[1])} if found else set()
    if stated is not None:
        said.add(stated.last // 100)
        if stated.n_months != 1 or stated.last % 100 != month:
            raise PeriodError(
                f"the stated period {stated} contradicts month {month} of the header",
                where=f"{table.path}, line 3",
                expected="one month, that of the header",
                do="leave out --period where the file name holds the year",
            )
    if found and found[2] and int(found[2]) != month:
        raise PeriodError(
            f"the file name says month {int(found[2])}, the header says {month}",
            where=f"{table.path}, line 3",
            expected="a file name that agrees with the header",
            do="rename the file, as in province_totals_2024-07.csv",
        )
    if len(said) != 1:
        raise PeriodError(
            "the file name and the stated period name different years"
            if said
            else "the year stands neither in the file name nor in a stated period",
            where=table.path,
            expected="a year: the table itself has none",
            do=f"name the file ...2024-{month:02d}.csv, or pass --period 2024-{month:02d}",
        )
    return said.pop()


def _places(
    table: Table, body: list[tuple[int, list[str]]]
) -> tuple[dict[str, tuple[int, list[str]]], int, int]:
    """Province code (or "nation") -> row; how many places are left out; how many rows there are."""
    lookup = vocab.place_lookup()
    places: dict[str, tuple[int, list[str]]] = {}
    others = data_rows = 0
    for index, row in body:
        name = row[0]
        if not name or name.lower().startswith(("注", "note")) or len(set(row)) == 1:
            continue  # the footnote, which a table saved from HTML repeats in every cell
        data_rows += 1
        place = "nation" if _plain(name) in _TOTAL else lookup.get(vocab.normalise(name))
        if place is None:
            others += 1
        elif place in places:
            raise CheckError(
                f"{name} stands twice in the table",
                where=table.where([places[place][0], index], table.header[0]),
                expected="every province and the total once",
                do="save the table of the bulletin again",
            )
        else:
            places[place] = (index, row)
    absent = sorted({"nation", *vocab.province_codes()} - set(places))
    if absent:
        raise CheckError(
            f"the table lacks {', '.join(absent)}",
            where=table.path,
            expected="the national total and all 31 provinces (codes as in pe.provinces())",
            do="save the whole table 8; tables of one customs district need layout = 'tidy'",
        )
    return places, others, data_rows


def _number(table: Table, index: int, cell: str, position: int) -> int | None:
    if cell in MISSING:
        return None
    plain = cell.replace(",", "")
    if not re.fullmatch(r"-?\d+", plain):
        raise LayoutError(
            f"{cell!r} is not a whole number",
            where=table.where([index], f"{position + 1}"),
            expected="whole units, or - for a missing figure",
            do="save the table of the bulletin again",
        )
    return int(plain)


def _check_sum(table: Table, column: _Column, cells: dict[tuple[_Column, str], int | None]) -> None:
    total = cells[column, "nation"]
    parts = sum(cells[column, code] or 0 for code in vocab.province_codes())
    if total is None or abs(parts - total) > TOLERANCE:
        raise CheckError(
            f"{column.flow}s of the 31 provinces add up to {parts:,}, the national line is"
            f" {'missing' if total is None else f'{total:,}'}",
            where=f"{table.path}, column {column.position + 1}",
            expected=f"a difference of at most {TOLERANCE} rounding units",
            do="compare with the published table: a row was changed or lost",
        )


def _records(
    columns: list[_Column],
    places: dict[str, tuple[int, list[str]]],
    cells: dict[tuple[_Column, str], int | None],
    year: int,
    currency: str,
    unit: int,
    reporter: str,
) -> tuple[list[tuple[object, ...]], tuple[Grain, ...]]:
    records: list[tuple[object, ...]] = []
    grains: dict[str, Grain] = {}
    for source, column, span in _spans(columns, year):
        for place, (index, _) in places.items():
            value = cells[column, place]
            if value is None:
                continue
            province = None if place == "nation" else place
            grain = Grain(reporter, source, province is not None, False, 0, False, rounding=unit)
            grains[grain.id] = grain
            cell = (reporter, column.flow, *span, province, None, None, None, None, currency)
            records.append((*cell, value * unit, None, None, None, None, grain.id, index))
    return records, tuple(grains.values())


def _spans(columns: list[_Column], year: int) -> list[tuple[str, _Column, Span]]:
    """Each column's source and span. A February table without a column of its own month is the
    combined January and February, which is a figure like any other month's."""
    monthly = {c.flow for c in columns if not c.to_date}
    spans = []
    for column in columns:
        period = year * 100 + column.month
        if not column.to_date:
            spans.append(("gacc_bulletin", column, (period, 1)))
            continue
        spans.append(("gacc_bulletin_ytd", column, (period, column.month)))
        if column.flow not in monthly and column.month == 2:
            spans.append(("gacc_bulletin", column, (period, 2)))
    return spans
