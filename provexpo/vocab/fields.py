"""The field dictionary: what every column means, its unit, and when it is NULL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from provexpo.errors import UnknownCodeError
from provexpo.vocab.tables import read, rows

UNITS = {
    "currency": "money in the currency of the Result's units, whole units of it",
    "fraction": "a part of one: 0.225 is 22.5 %",
    "pp": "percentage points: 1.5 is 1.5 % of the whole",
    "ratio": "one amount over another, from 0 upwards",
    "index": "a number without unit on a scale that the meaning states",
    "log points": "natural logarithm of a ratio",
    "count": "how many",
    "months": "how many months",
    "period": "a month as yyyymm, a quarter as 2025Q2, a year as 2025",
    "time": "a moment or date",
    "code": "text that identifies, with leading zeros",
    "text": "a name or words",
    "boolean": "true or false",
}


@dataclass(frozen=True)
class Field:
    """One column: `null_rule` says when it is NULL."""

    name: str
    dtype: str
    unit: str
    null_rule: str
    meaning: str


@cache
def _fields() -> dict[str, Field]:
    columns = ("name", "dtype", "unit", "null_rule", "meaning")
    return {r["name"]: Field(**{c: r[c] for c in columns}) for r in rows("fields")}


def field(name: str) -> Field:
    """The definition of one column.

    >>> field("share").unit
    'fraction'
    """
    if name not in _fields():
        raise UnknownCodeError(
            f"unknown field {name!r}",
            expected="a column of a table or Result",
            do="see pe.fields()",
        )
    return _fields()[name]


def fields() -> pl.DataFrame:
    """Every column of the tables and Results.

    Returns
    -------
    polars.DataFrame
        name, dtype, unit, null_rule, meaning.

    Examples
    --------
    >>> import polars as pl, provexpo as pe
    >>> pe.fields().filter(pl.col("name") == "dhs")["unit"].item()
    'index'
    """
    return read("fields").select("name", "dtype", "unit", "null_rule", "meaning")
