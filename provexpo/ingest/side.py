"""Side tables: tariffs, gdp, fx, changes of HS codes: their rows, and the form of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

_STORED: dict[str, Any] = {
    "vintage": pl.Int64,  # seconds since 1970 UTC: when the source published the row
    "load": pl.Int64,
    "source": pl.String,  # as the file says, else the file's name
}

SIDE_SCHEMAS: dict[str, dict[str, Any]] = {
    "tariffs": {
        "reporter": pl.String,  # ISO3 of who levies it, the importer
        "partner": pl.String,  # ISO3 of where the goods come from
        "product": pl.String,  # HS prefix; NULL = all products
        "from": pl.Date,  # first day in force
        "to": pl.Date,  # last day in force; NULL = still in force
        "rate": pl.Float64,  # fraction of the customs value
        "kind": pl.String,  # additional, statutory, average, etr, ...
        "programme": pl.String,
        **_STORED,
    },
    "gdp": {
        "reporter": pl.String,
        "province": pl.String,
        "year": pl.Int32,
        "value": pl.Int64,  # whole units of the currency, current prices
        "currency": pl.String,
        **_STORED,
    },
    "fx": {
        "period": pl.Int32,  # yyyymm
        "cny_per_usd": pl.Float64,
        **_STORED,
    },
    "hs_changes": {
        "reporter": pl.String,  # whose codes; NULL = a change of the Harmonized System itself
        "old": pl.String,
        "new": pl.String,
        "valid_from": pl.Int32,  # yyyymm, the first month of the new code
        **_STORED,
    },
}

# Two rows of a table that agree on these are the same statement; the newest vintage of it counts.
SIDE_KEYS: dict[str, tuple[str, ...]] = {
    "tariffs": ("reporter", "partner", "product", "from", "kind", "programme"),
    "gdp": ("reporter", "province", "year", "currency"),
    "fx": ("period",),
    "hs_changes": ("reporter", "old", "new"),
}

# What a source says under a key: two rows that differ in any of these say different things.
SIDE_SAID: dict[str, tuple[str, ...]] = {
    "tariffs": ("to", "rate"),
    "gdp": ("value",),
    "fx": ("cny_per_usd",),
    "hs_changes": ("valid_from",),
}


@dataclass(frozen=True)
class SideRows:
    """One file of a side table, read and checked.

    `rows` has the columns of the table's schema; those that the load fills (vintage, load) and
    those that may be NULL may be left out.
    """

    table: str  # a key of SIDE_SCHEMAS
    path: str
    sha256: str
    rows: pl.DataFrame
    vintage: int
    notes: tuple[str, ...] = ()
    vintage_source: str = "file time"  # or "stated"
    encoding: str = ""
    warnings: tuple[str, ...] = ()


def side_frame(table: str, rows: pl.DataFrame, filled: Mapping[str, Any]) -> pl.DataFrame:
    """The rows with every column of the table's schema, those in `filled` where they lack them."""
    return rows.select(
        pl.col(name).cast(dtype)
        if name in rows.columns
        else pl.lit(filled.get(name), dtype=dtype).alias(name)
        for name, dtype in SIDE_SCHEMAS[table].items()
    )
