"""The columns of a US Census file: what each one is, and which of them are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from provexpo.errors import CallError, LayoutError
from provexpo.ingest.cells import text_cells
from provexpo.ingest.layouts.columns import as_text
from provexpo.ingest.options import Settings
from provexpo.ingest.table import Table

TOTAL = "-"  # the sum of all countries, or of all products, among the others
PARTNER, _PRODUCT = "CTY_CODE", ("I_COMMODITY", "E_COMMODITY")
# Names, and what desks derive from the columns of the API: none of them splits a row.
_BESIDE = {
    "CTY_NAME", "COMM_LVL", "SUMMARY_LVL", "LAST_UPDATE", "UNIT_QY1", "UNIT_QY2", "IMPORTS",
    "EXPORTS", "DUTY", "SHARE", "HS2", "HS4", "HS6", "HS8", "HS10",
    *(f"{c}_{d}" for c in _PRODUCT for d in ("SDESC", "LDESC")),
}  # fmt: skip
_OTHER_MEASURE = re.compile(r"[A-Z0-9]+_[A-Z0-9]+_(MO|YR)(_FLAG)?")


@dataclass(frozen=True)
class Measure:
    """A value column: what it counts, and whether it sums the year up to its month."""

    column: str
    flow: str
    system: str
    to_date: bool


_MEASURES = {
    m.column: m
    for name, flow, system in (
        ("GEN_VAL", "import", "general"),
        ("CON_VAL", "import", "consumption"),
        ("ALL_VAL", "export", "general"),
    )
    for m in (
        Measure(f"{name}_MO", flow, system, False),
        Measure(f"{name}_YR", flow, system, True),
    )
}


def matches(header: Sequence[str]) -> bool:
    """True where a value column of the API stands beside a country or commodity column."""
    names = {name.strip().upper() for name in header}
    return bool(names & set(_MEASURES)) and bool(names & {PARTNER, *_PRODUCT})


def text_table(table: Table) -> Table:
    """Parquet columns as the text of the API, dates as months."""
    dates = [c.name for c in table.frame.get_columns() if c.dtype in (pl.Date, pl.Datetime)]
    months = table.frame.with_columns(pl.col(dates).dt.strftime("%Y-%m"))
    return as_text(replace(table, frame=months))


def positions(table: Table) -> dict[str, int]:
    """Name -> position. A column that may split rows and is not known is an error."""
    at: dict[str, int] = {}
    for position, written in enumerate(table.header):
        name = written.strip().upper()
        if name not in at:
            at[name] = position
        elif not table.column(position).eq_missing(table.column(at[name])).all():
            raise LayoutError(
                f"two columns {written!r} with different cells",
                where=f"{table.path}, header",
                expected="each column once, or twice with the same cells",
                do="ask the API for each variable once",
            )
    known = {PARTNER, *_PRODUCT, "YEAR", "MONTH", "TIME", *_MEASURES, *_BESIDE}
    strange = [n for n in at if n not in known and not _OTHER_MEASURE.fullmatch(n)]
    split = [n for n in strange if not (text_cells(table.column(at[n])) == TOTAL).all()]
    if split:
        raise LayoutError(
            f"unknown column {', '.join(table.header[at[n]] for n in split)} in a Census file",
            where=f"{table.path}, header",
            expected="country, commodity, YEAR and MONTH (or time), values; any other column may"
            " split a cell into several rows",
            do="ask the API without it, sum over it, or describe the file as layout = 'tidy'",
        )
    both = [n for n in _PRODUCT if n in at]
    if len(both) == 2:
        raise LayoutError(
            "I_COMMODITY and E_COMMODITY in one file",
            where=f"{table.path}, header",
            expected="imports or exports",
            do="save the two answers of the API as two files",
        )
    return at


def present(at: dict[str, int]) -> set[str]:
    held = {"partner"} if PARTNER in at else set()
    return held | ({"product"} if product_column(at) else set())


def product_column(at: dict[str, int]) -> str | None:
    return next((name for name in _PRODUCT if name in at), None)


def measures(
    table: Table, at: dict[str, int], settings: Settings
) -> tuple[list[Measure], list[str]]:
    """The value columns read: of one concept the month's, else the year's to date."""
    found = [m for name, m in _MEASURES.items() if name in at]
    chosen = [m for m in found if not (m.to_date and f"{m.column[:-2]}MO" in at)]
    if not chosen:
        raise LayoutError(
            "no value column of the Census API",
            where=f"{table.path}, header",
            expected=f"one of {', '.join(_MEASURES)}",
            do="ask the API for one of them",
        )
    wrong = [m.column for m in chosen if settings.flow not in (None, m.flow)]
    if wrong:
        raise CallError(
            f"--flow {settings.flow} contradicts the file, whose values are {', '.join(wrong)}",
            where=f"{table.path}, header",
            expected="no flow: GEN_VAL and CON_VAL are imports, ALL_VAL exports",
            do="leave out --flow",
        )
    stored = {m.column for m in chosen}
    beside = [n for n in at if n not in stored and (n in _MEASURES or _OTHER_MEASURE.fullmatch(n))]
    notes = [f"not stored: {', '.join(beside)}"] if beside else []
    if any(name.startswith("CAL_DUT_") for name in beside):
        notes.append("CAL_DUT is the duty collected; over CON_VAL it is the rate in effect")
    return chosen, notes
