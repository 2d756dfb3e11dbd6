"""Workbooks: one sheet a Result, or one a section, and a sheet of notes. Keeper of xlsxwriter.

Text is always written as text, so that a name cannot become a formula or a link; a missing
figure is the text "n/a", because a spreadsheet counts an empty cell as 0. The same results give
the same bytes.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from provexpo.errors import CallError
from provexpo.output import formats, labels
from provexpo.output.cells import CODED, caveats_of, fingerprint, noted
from provexpo.output.text import text_width
from provexpo.result import Result

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FORMATS = {
    "fraction": "0.0%",
    "pp": "0.0",
    "ratio": "0.00",
    "index": "0.000",
    "log points": "0.000",
    "count": "#,##0",
}
_MONEY = "#,##0"
_MONTH = "yyyy-mm"
_NARROW, _WIDE = 9, 44
_MOST_FROZEN = 7  # rows: more would leave no room to scroll on a small screen
_CELL_LIMIT = 32_000  # a cell holds 32,767 characters
_SAMPLE_TAB = "#C62828"

Sheet = tuple[str, Result]


@dataclass(frozen=True)
class Page:
    """A sheet of a briefing: a title, sentences, and the tables under one another."""

    title: str
    lines: tuple[str, ...]
    tables: tuple[Sheet, ...] = ()


def workbook(sheets: Sequence[Sheet], *, lang: str = "en") -> bytes:
    """The workbook as bytes: a sheet for each (title, Result), then the notes.

    Raises CallError when the library refuses what it is given.
    """
    buffer = io.BytesIO()
    with _book(buffer, sheets[0][0], sheets) as (book, styles):
        titles = _titles([title for title, _ in sheets], labels.word("file.notes", lang))
        for title, (_, result) in zip(titles, sheets):
            _result_sheet(book.add_worksheet(title), result, styles)
        _notes_sheet(book.add_worksheet(titles[-1]), sheets, styles, lang)
    return buffer.getvalue()


def paged_workbook(pages: Sequence[Page], *, title: str, lang: str = "en") -> bytes:
    """A sheet for each page, each of its tables with a filter of its own, then the notes."""
    buffer = io.BytesIO()
    sheets = [table for page in pages for table in page.tables]
    with _book(buffer, title, sheets) as (book, styles):
        titles = _titles([page.title for page in pages], labels.word("file.notes", lang))
        for name, page in zip(titles, pages):
            _page(book.add_worksheet(name), page, styles)
        _notes_sheet(book.add_worksheet(titles[-1]), sheets, styles, lang)
    return buffer.getvalue()


@contextmanager
def _book(
    buffer: io.BytesIO, title: str, sheets: Sequence[Sheet]
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A book and its styles; it is written into the buffer at the end."""
    try:
        with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
            book.set_properties({"title": title[:255], "created": _created(sheets)})
            yield book, _styles(book)
    except XlsxWriterException as err:
        raise CallError(f"cannot write the workbook: {err}") from err


def _created(sheets: Sequence[Sheet]) -> datetime:
    """The newest publication date, so that the file does not depend on the clock."""
    newest = max((r.receipt.vintages[1] for _, r in sheets if r.receipt.vintages), default="")
    found = re.match(r"(\d{4})-(\d{2})-(\d{2})", newest)
    year, month, day = (int(g) for g in found.groups()) if found else (2000, 1, 1)
    return datetime(year, month, day, tzinfo=UTC).replace(tzinfo=None)


def _titles(wanted: Sequence[str], notes: str) -> list[str]:
    """Sheet names as the format allows: 31 characters, some signs forbidden, no two alike."""
    out: list[str] = []
    for title in (*wanted, notes):
        base = re.sub(r"[\[\]:*?/\\]", " ", title).strip(" '")[:31] or "Sheet"
        name, n = base, 2
        while name.lower() in {t.lower() for t in out}:
            name = f"{base[: 31 - len(str(n)) - 1]} {n}"
            n += 1
        out.append(name)
    return out


def _styles(book: Any) -> dict[str, Any]:
    styles = {unit: book.add_format({"num_format": code}) for unit, code in _FORMATS.items()}
    styles["month"] = book.add_format({"num_format": _MONTH, "align": "left"})
    styles["title"] = book.add_format({"bold": True, "font_size": 14})
    styles["name"] = book.add_format({"bold": True})
    styles["money"] = book.add_format({"num_format": _MONEY})
    styles["head"] = book.add_format(
        {"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"}
    )
    styles["missing"] = book.add_format({"align": "right", "font_color": "#666666"})
    styles["sample"] = book.add_format({"bold": True, "font_color": _SAMPLE_TAB})
    return styles


def _result_sheet(sheet: Any, result: Result, styles: dict[str, Any]) -> None:
    sheet.freeze_panes(1, 0)
    _mark(sheet, result)
    widths: dict[int, int] = {}
    _table(sheet, 0, result, styles, widths)
    for col, wide in widths.items():
        sheet.set_column(col, col, wide)
    if result.frame.height:
        sheet.autofilter(0, 0, result.frame.height, len(noted(result).columns) - 1)


def _page(sheet: Any, page: Page, styles: dict[str, Any]) -> None:
    """Title, sentences, tables. A single table's heading stays in sight; of several, a
    spreadsheet shows the heading of the one that is being read."""
    sheet.write_string(0, 0, page.title, styles["title"])
    for row, text in enumerate(page.lines, start=1):
        sheet.write_string(row, 0, text[:_CELL_LIMIT])
    row = len(page.lines) + 2
    single = len(page.tables) == 1 and row + 2 <= _MOST_FROZEN
    sheet.freeze_panes(row + 2 if single else 1, 0)
    widths: dict[int, int] = {}
    for title, result in page.tables:
        _mark(sheet, result)
        sheet.write_string(row, 0, title, styles["name"])
        last = _table(sheet, row + 1, result, styles, widths)
        if result.frame.height:
            heads = [{"header": head, "header_format": styles["head"]} for head in _heads(result)]
            look = {"columns": heads, "style": "Table Style Light 1", "banded_rows": False}
            sheet.add_table(row + 1, 0, last, len(heads) - 1, look)
        row = last + 3
    for col, wide in widths.items():
        sheet.set_column(col, col, wide)


def _mark(sheet: Any, result: Result) -> None:
    """A sample is named on the tab and on each printed page."""
    if result.receipt.illustrative:
        sheet.set_tab_color(_SAMPLE_TAB)
        sheet.set_header("&C&B" + labels.word("sample", result.lang))


def _heads(result: Result) -> list[str]:
    """Headings with their units, no two alike: a table's filter needs that."""
    out: list[str] = []
    for name in noted(result).columns:
        shown = labels.unit(result.units.get(name, "text"), result.lang)
        head = labels.column(name, result.lang) + (f" ({shown})" if shown else "")
        alike = sum(known.lower().split(" [")[0] == head.lower() for known in out)
        out.append(f"{head} [{name}]" if alike else head)
    return out


def _table(
    sheet: Any, top: int, result: Result, styles: dict[str, Any], widths: dict[int, int]
) -> int:
    """Heading and rows from `top` on; returns the last row, and widens `widths` as needed."""
    frame = noted(result)
    for col, (name, head) in enumerate(zip(frame.columns, _heads(result))):
        unit = result.units.get(name, "text")
        sheet.write_string(top, col, head, styles["head"])
        longest = _longest_word(head)
        for row, x in enumerate(frame[name].to_list(), start=top + 1):
            longest = max(longest, _write(sheet, row, col, x, name, unit, result.lang, styles))
        fitting = min(max(longest + 2, _NARROW), _WIDE)
        widths[col] = max(widths.get(col, 0), fitting)
    return top + frame.height


def _longest_word(head: str) -> int:
    """A heading wraps between words, and has a filter's arrow beside it."""
    return max(text_width(word) for word in head.split(" ")) + 2


def _write(
    sheet: Any, row: int, col: int, x: Any, name: str, unit: str, lang: str, styles: dict[str, Any]
) -> int:
    """One cell; returns how wide it is, in characters."""
    if name in CODED and x is not None:
        text, style = labels.known(CODED[name], x, lang), None
    elif name in ("status", "reason"):
        text, style = "", None
    elif formats.is_missing(x):
        text, style = formats.missing(lang), styles["missing"]
    elif formats.is_numeric(unit) and not isinstance(x, str | bool):
        style = styles["money"] if formats.currency_of(unit) else styles.get(unit)
        sheet.write_number(row, col, x, style)
        return len(formats.number(x)) if formats.currency_of(unit) else _NARROW - 2
    elif (month := _first_of_month(x, unit)) is not None:
        # A date, so that months sort and chart in their order.
        sheet.write_datetime(row, col, month, styles["month"])
        return _NARROW - 2
    else:
        text, style = formats.value(x, unit, lang), styles["sample"] if name == "note" else None
    sheet.write_string(row, col, text[:_CELL_LIMIT], style)
    return text_width(text)


def _first_of_month(x: Any, unit: str) -> datetime | None:
    """The day that stands for a month "2025-07" or 202507; None for any other period."""
    found = re.fullmatch(r"(\d{4})-?(0[1-9]|1[0-2])", str(x)) if unit == "period" else None
    return datetime(int(found[1]), int(found[2]), 1) if found else None


def _notes_sheet(sheet: Any, sheets: Sequence[Sheet], styles: dict[str, Any], lang: str) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 100)
    row = 0
    if any(r.receipt.illustrative for _, r in sheets):
        sheet.write_string(row, 0, labels.word("sample", lang), styles["sample"])
        row += 2
    for title, result in sheets:
        sheet.write_string(row, 0, title, styles["head"])
        sheet.write_string(row, 1, result.title, styles["head"])
        row += 1
        pairs = [
            (f"{labels.word('file.caveats', lang)}: {c.code}", c.text) for c in caveats_of(result)
        ]
        receipt = json.loads(result.receipt.to_json())
        name = labels.word("file.receipt", lang)
        pairs.append((f"{name}: SHA-256", fingerprint(result.receipt.to_json())))
        pairs += [(f"{name}: {key}", _text(x)) for key, x in receipt.items()]
        for key, text in pairs:
            for start in range(0, max(len(text), 1), _CELL_LIMIT):
                sheet.write_string(row, 0, key)
                sheet.write_string(row, 1, text[start : start + _CELL_LIMIT])
                row += 1
        row += 1


def _text(x: Any) -> str:
    return x if isinstance(x, str) else json.dumps(x, ensure_ascii=False)
