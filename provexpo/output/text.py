"""A Result as a plain table for a terminal; Chinese characters count as two columns wide."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from provexpo.output import labels
from provexpo.output.cells import caveats_of, cells, heading, is_number, scales
from provexpo.result import Result

_GAP = "  "
_KEY_NAMES = ("province_name", "partner_name", "product_name", "region", "sector", "month")


def text_width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def to_text(result: Result, lang: str | None = None, width: int = 100) -> str:
    """The table, then its caveats. Columns that do not fit follow in a further block of rows.

    Figures are right-aligned, the unit stands under the heading, a missing figure is "n/a".
    """
    if lang is not None and lang != result.lang:
        result = replace(result, lang=lang)
    columns = _columns(result)
    lines = [result.title, ""] if result.title else []
    for block in _blocks(columns, width):
        lines += [*_rows(block), ""]
    if not result.frame.height:
        lines += [f"(0 {labels.word('file.rows', result.lang)})", ""]
    lines += [f"* {c.text}" for c in caveats_of(result)]
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


# A column: its cells from heading down, whether they are figures, whether it names the row.
_Column = tuple[list[str], bool, bool]


def _says_nothing(result: Result, name: str) -> bool:
    """Columns of remarks are left out where no row has one; the other formats keep them."""
    column = result.frame[name]
    if name == "reason":
        return column.null_count() == len(column)
    if name in ("small_base", "lny_flag"):
        return not column.any()
    if name in ("n_months", "n_months_expected"):
        frame = result.frame
        return bool((frame["n_months"] == frame["n_months_expected"]).all())
    return False


def _columns(result: Result) -> list[_Column]:
    by_column = scales(result)
    rows = cells(result)
    out = []
    for i, name in enumerate(result.frame.columns):
        if _says_nothing(result, name):
            continue
        head = heading(result, name, by_column[name])
        out.append(
            ([*head, *(row[i] for row in rows)], is_number(result, name), name in _KEY_NAMES)
        )
    return out


def _blocks(columns: list[_Column], width: int) -> list[list[_Column]]:
    """Cut into blocks that fit; each repeats the column that names the row."""
    key = next((c for c in columns if c[2]), columns[0] if columns else None)
    blocks: list[list[_Column]] = [[]]
    for column in columns:
        used = sum(_width(c) + len(_GAP) for c in blocks[-1])
        if blocks[-1] and used + _width(column) > width and blocks[-1] != [key]:
            blocks.append([key] if key is not None and column is not key else [])
        if column is not key or key not in blocks[-1]:
            blocks[-1].append(column)
    return [b for b in blocks if b]


def _width(column: _Column) -> int:
    return max(text_width(text) for text in column[0])


def _rows(block: list[_Column]) -> list[str]:
    widths = [_width(c) for c in block]
    lines = []
    for i in range(len(block[0][0])):
        parts = []
        for (texts, number, _), wide in zip(block, widths):
            pad = " " * (wide - text_width(texts[i]))
            parts.append(pad + texts[i] if number else texts[i] + pad)
        lines.append(_GAP.join(parts))
    rule = _GAP.join("-" * wide for wide in widths)
    return [*lines[:2], rule, *lines[2:]]
