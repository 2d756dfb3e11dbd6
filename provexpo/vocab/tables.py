"""The code tables of `seeds/`, read when first needed and kept."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from provexpo.resources import seed


@cache
def read(name: str) -> pl.DataFrame:
    """A table of `seeds/`, every column as text; an empty field is NULL."""
    return pl.read_csv(seed(f"{name}.csv"), infer_schema=False)


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a table: column -> text or None."""
    return read(name).to_dicts()


def words_of(text: str | None) -> list[str]:
    """The entries of a cell that holds several, divided by ';'."""
    return [w.strip() for w in (text or "").split(";") if w.strip()]


def month_or_none(text: str | None) -> int | None:
    return int(text) if text else None
