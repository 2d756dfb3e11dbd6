"""Workbooks: one sheet a Result and a sheet of notes. The only file that knows xlsxwriter.

Text is always written as text, so that a name cannot become a formula or a link; a missing
figure is the text "n/a", because a spreadsheet counts an empty cell as 0. The same results give
the same bytes.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from provexpo.errors import CallError
from provexpo.output import formats, labels
from provexpo.output.cells import caveats_of, noted
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
_CELL_LIMIT = 32_000  # a cell holds 32,767 characters
_SAMPLE_TAB = "#C62828"

Sheet = tuple[str, Result]


def workbook(sheets: Sequence[Sheet], *, lang: str = "en") -> bytes:
    """The workbook as bytes: a sheet for each (title, Result), then the notes.

    Raises CallError when the library refuses what it is given.
    """
    buffer = io.BytesIO()
    try:
        with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
            book.set_properties({"title": sheets[0][0], "created": _created(sheets)})
            styles = _styles(book)
            titles = _titles([title for title, _ in sheets], labels.word("file.notes", lang))
            for title, (_, result) in zip(titles, sheets):
                _result_sheet(book.add_worksheet(title), result, styles)
            _notes_sheet(book.add_worksheet(titles[-1]), sheets, styles, lang)
    except XlsxWriterException as err:
        raise CallError(f"cannot write the workbook: {err}") from err
    return buffer.getvalue()


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
    styles["money"] = book.add_format({"num_format": _MONEY})
    styles["head"] = book.add_format(
        {"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"}
    )
    styles["missing"] = book.add_format({"align": "right", "font_color": "#666666"})
    styles["sample"] = book.add_format({"bold": True, "font_color": _SAMPLE_TAB})
    return styles


def _result_sheet(sheet: Any, result: Result, styles: dict[str, Any]) -> None:
    frame = noted(result)
    sheet.freeze_panes(1, 0)
    if result.receipt.illustrative:
        sheet.set_tab_color(_SAMPLE_TAB)
        sheet.set_header("&C&B" + labels.word("sample", result.lang))
    for col, name in enumerate(frame.columns):
        unit = result.units.get(name, "text")
        shown = labels.unit(unit, result.lang)
        head = labels.column(name, result.lang) + (f" ({shown})" if shown else "")
        sheet.write_string(0, col, head, styles["head"])
        sheet.set_column(col, col, 16 if formats.is_numeric(unit) else 20)
        for row, x in enumerate(frame[name].to_list(), start=1):
            _write(sheet, row, col, x, name, unit, result.lang, styles)
    if frame.height:
        sheet.autofilter(0, 0, frame.height, len(frame.columns) - 1)


def _write(
    sheet: Any, row: int, col: int, x: Any, name: str, unit: str, lang: str, styles: dict[str, Any]
) -> None:
    if name in ("status", "reason"):
        sheet.write_string(row, col, labels.known(name, x, lang))
    elif formats.is_missing(x):
        sheet.write_string(row, col, formats.missing(lang), styles["missing"])
    elif formats.is_numeric(unit) and not isinstance(x, str | bool):
        style = styles["money"] if formats.currency_of(unit) else styles.get(unit)
        sheet.write_number(row, col, x, style)
    else:
        text = formats.value(x, unit, lang)
        style = styles["sample"] if name == "note" else None
        sheet.write_string(row, col, text[:_CELL_LIMIT], style)


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
        pairs += [(f"{name}: {key}", _text(x)) for key, x in receipt.items()]
        for key, text in pairs:
            for start in range(0, max(len(text), 1), _CELL_LIMIT):
                sheet.write_string(row, 0, key)
                sheet.write_string(row, 1, text[start : start + _CELL_LIMIT])
                row += 1
        row += 1


def _text(x: Any) -> str:
    return x if isinstance(x, str) else json.dumps(x, ensure_ascii=False)
