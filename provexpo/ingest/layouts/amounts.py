"""Amounts of a tidy file in whole units: integers stay exact, fractions round half to even."""

from __future__ import annotations

import polars as pl

from provexpo.errors import LayoutError
from provexpo.ingest.cells import MISSING, text_cells
from provexpo.ingest.table import Table

_WHOLE = r"^-?[0-9]+(\.0*)?$"
_AMOUNT = r"^-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]*)?([eE][+-]?[0-9]+)?$"
# As spreadsheets show large numbers: only the digits shown are saved.
_POWER = r"^-?[0-9](\.[0-9]+)?E\+[0-9]{2,}$"
_LARGEST = 9_000_000_000_000_000_000


def amounts(table: Table, position: int, unit: int) -> tuple[pl.Series, int]:
    """A column times its unit as integers (NULL where missing), and how many had to be rounded."""
    cells = text_cells(table.column(position))
    wrong = ~cells.str.contains(_AMOUNT) & ~cells.is_in(MISSING)
    if wrong.any():
        _refuse(table, position, cells, wrong, "not an amount", "digits, or a missing mark")
    cut = cells.str.contains(_POWER) & (_digits_after_point(cells) < _power(cells))
    if table.text is not None and cut.any():
        what = "powers of ten, with only some of the digits"
        _refuse(table, position, cells, cut, what, "every digit of the amount")
    plain = cells.str.replace_all(",", "", literal=True)
    whole = plain.str.contains(_WHOLE)
    integers = plain.str.replace(r"\.0*$", "").cast(pl.Int64, strict=False)
    floats = plain.cast(pl.Float64, strict=False) * unit
    large = (floats.abs() > _LARGEST).fill_null(False)
    if large.any():
        _refuse(table, position, cells, large, "too large", "amounts below 9e18 whole units")
    # Six decimals first: 0.00015 * 10,000 is 1.4999999999999998 to a computer, and 1.5 to a reader.
    nearest = floats.round(6).round(mode="half_to_even")
    # A float that only misses its integer by its own precision was whole in the source.
    rounded = (~whole & ((floats - nearest).abs() > 1e-6 + floats.abs() * 1e-15)).fill_null(False)
    exact = integers * unit
    result = exact.zip_with(whole, nearest.cast(pl.Int64, strict=False))
    return result.alias("amount"), int(rounded.sum())


def _digits_after_point(cells: pl.Series) -> pl.Series:
    return cells.str.extract(r"\.([0-9]+)E").str.len_chars().fill_null(0)


def _power(cells: pl.Series) -> pl.Series:
    return cells.str.extract(r"E\+([0-9]+)$").cast(pl.UInt32, strict=False).fill_null(0)


def looks_like_thousands(table: Table, position: int) -> bool:
    """True where every point has three digits after it and three at most before: 1.500."""
    cells = text_cells(table.column(position))
    pointed = cells.filter(cells.str.contains(".", literal=True))
    return len(pointed) > 0 and bool(pointed.str.contains(r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$").all())


def _refuse(
    table: Table, position: int, cells: pl.Series, wrong: pl.Series, what: str, expected: str
) -> None:
    rows = wrong.arg_true()
    shown = ", ".join(map(repr, cells.gather(rows).unique(maintain_order=True).head(5)))
    raise LayoutError(
        f"{shown}: {what}",
        where=table.where(rows.to_list(), table.header[position]),
        expected=expected,
        do="correct the file, or the column map in provexpo.toml",
    )
