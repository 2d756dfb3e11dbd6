"""Cells of a column to numbers and months: whole columns at once, and nothing guessed."""

from __future__ import annotations

import re

import polars as pl

from provexpo.errors import LayoutError, PeriodError
from provexpo.ingest.table import Table
from provexpo.periods import Span

# What the sources write where they publish no figure. It is never zero.
MISSING = ("", "?", "？", "-", "--", "—", "…", "……")
_THOUSANDS = r"^-?[0-9]{1,3}(,[0-9]{3})+$"
_MONTH = re.compile(
    r"(?P<y>\d{4})(?:(?P<m>\d{2})|[-/](?P<m2>\d{1,2})|\.(?P<m3>\d{2})|年(?P<m4>\d{1,2})月?)"
)
_JAN_FEB = re.compile(r"(?P<y>\d{4})年?[-.]?0?1(?:-|至|~|—)0?2月?")
MONTH_FORMS = "202501, 2025-01, 2025/01, 2025.01 or 2025年1月"


def text_cells(cells: pl.Series) -> pl.Series:
    """The cells without spaces around them; a missing cell is empty text."""
    return cells.fill_null("").str.strip_chars()


def whole_numbers(table: Table, position: int) -> pl.Series:
    """A column of whole numbers, with or without thousands commas; missing marks are NULL.

    Raises LayoutError with the lines of every cell that is neither.
    """
    cells = table.column(position)
    numbers = cells.cast(pl.Int64, strict=False)
    if not numbers.null_count():  # plain digits, as quantities are
        return numbers.alias("number")
    cells = cells.fill_null("")
    numbers, wrong = _numbers(cells)
    if wrong.any():  # only then is it worth stripping each cell
        cells = cells.str.strip_chars()
        numbers, wrong = _numbers(cells)
    if wrong.any():
        rows = wrong.arg_true()
        raise LayoutError(
            f"{_quoted(cells.gather(rows))}: not a whole number",
            where=table.where(rows.to_list(), table.header[position]),
            expected=f"digits, with commas after thousands; missing: {' '.join(MISSING[1:])}",
            do="download the file again: a spreadsheet may have rewritten the numbers",
        )
    return numbers.alias("number")


def _numbers(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Whole numbers, and which cells are neither one nor a missing mark."""
    plain = cells.str.replace_all(",", "", literal=True)
    numbers = plain.cast(pl.Int64, strict=False)
    wrong = numbers.is_null()
    if wrong.any():  # looking for missing marks in every cell costs as much as reading it
        wrong = wrong & ~cells.is_in(MISSING)
    commas = plain.str.len_bytes() != cells.str.len_bytes()
    if commas.any():
        wrong = wrong | (commas & ~cells.str.contains(_THOUSANDS))
    return numbers, wrong


def _quoted(cells: pl.Series) -> str:
    shown = [repr(c) for c in cells.unique(maintain_order=True).head(5)]
    return ", ".join(shown)


def read_span(text: str) -> Span | None:
    """(yyyymm, months) of one month as the sources write it, or of January and February together.

    >>> read_span("2025年1月"), read_span("2025年1-2月"), read_span("2025.1")
    ((202501, 1), (202502, 2), None)
    """
    if both := _JAN_FEB.fullmatch(text):
        return int(both["y"]) * 100 + 2, 2
    found = _MONTH.fullmatch(text)
    if not found:
        return None
    month = int(found["m"] or found["m2"] or found["m3"] or found["m4"])
    year = int(found["y"])
    if not (1 <= month <= 12 and 1900 <= year <= 2200):
        return None
    return year * 100 + month, 1


def spans_of(table: Table, position: int) -> tuple[pl.Series, pl.Series]:
    """The month column as `period` and `months`.

    Raises PeriodError naming every cell that is no month.
    """
    months = pl.Series("months", [1], dtype=pl.Int8).new_from_index(0, table.frame.height)
    if (plain := _plain_months(table.column(position))) is not None:
        return plain, months
    cells = text_cells(table.column(position))
    known = {text: read_span(text) for text in cells.unique()}
    unread = [text for text, span in known.items() if span is None]
    if unread:
        rows = cells.is_in(unread).arg_true()
        raise PeriodError(
            f"{_quoted(cells.gather(rows))}: not a month",
            where=table.where(rows.to_list(), table.header[position]),
            expected=MONTH_FORMS,
            do="correct the month column, or download the file again",
        )
    period = {text: span[0] for text, span in known.items() if span}
    lengths = {text: span[1] for text, span in known.items() if span}
    return (
        cells.replace_strict(period, return_dtype=pl.Int32).alias("period"),
        cells.replace_strict(lengths, return_dtype=pl.Int8).alias("months"),
    )


def _plain_months(cells: pl.Series) -> pl.Series | None:
    """The column as months when every cell is six digits that are one: much the quickest way."""
    if cells.null_count() or cells.str.len_bytes().min() != 6 or cells.str.len_bytes().max() != 6:
        return None
    numbers = cells.cast(pl.Int32, strict=False)
    good = numbers.is_between(190001, 220012) & (numbers % 100).is_between(1, 12)
    return None if numbers.null_count() or not good.all() else numbers.alias("period")
