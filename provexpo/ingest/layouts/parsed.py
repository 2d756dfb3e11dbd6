"""What a layout hands back, and the columns that every layout fills alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from provexpo import vocab
from provexpo.errors import ManifestError, PeriodError
from provexpo.ingest.covers import Covers
from provexpo.ingest.rows import ROW_SCHEMA, Extent, Grain
from provexpo.ingest.table import Table
from provexpo.periods import Window, month_text

ROW = "row"  # index of the row in its table: where errors point


@dataclass(frozen=True)
class Parsed:
    """Rows of one file, before duplicates are looked for and scopes are made.

    `complete` names dimensions of which the source itself always lists everything. `extents` says
    what the file shows of a dimension of one grain, by grain id and dimension: that its leaves add
    up to a printed total (declared), or that it holds a part only (a list).
    """

    rows: pl.DataFrame  # ROW_SCHEMA without vintage, and ROW
    grains: tuple[Grain, ...]
    data_rows: int
    left_out: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    complete: frozenset[str] = frozenset()
    extents: Mapping[tuple[str, str], Extent] = field(default_factory=dict)


def row_frame(columns: Iterable[pl.Series | pl.Expr], height: int) -> pl.DataFrame:
    """A frame of ROW_SCHEMA and ROW from the columns given; the others are NULL."""
    given = list(columns)
    frame = pl.DataFrame({ROW: pl.int_range(height, dtype=pl.UInt32, eager=True)}).with_columns(
        given
    )
    order = [name for name in ROW_SCHEMA if name != "vintage"]
    return frame.select(
        *(
            pl.col(name).cast(ROW_SCHEMA[name])
            if name in frame.columns
            else pl.lit(None, dtype=ROW_SCHEMA[name]).alias(name)
            for name in order
        ),
        ROW,
    )


@dataclass(frozen=True)
class Constants:
    """Columns that the file has not, filled with the one code the caller says it covers."""

    columns: tuple[pl.Expr, ...] = ()
    product_level: int = 0
    dimensions: frozenset[str] = frozenset()


def declared_constants(covers: Covers, present: set[str], reporter: str) -> Constants:
    """One declared code for a dimension without a column is that column; several are an error."""
    columns: list[pl.Expr] = []
    filled: set[str] = set()
    level = 0
    for dimension in covers.words:
        codes = None if dimension in present else covers.codes(dimension, reporter)
        if codes is None:
            continue
        if len(codes) != 1:
            raise ManifestError(
                f"covers lists {len(codes)} codes of {dimension}, and the file has no such column",
                where=f"{covers.where} ({dimension})",
                expected="one code, which then stands in every row, or a file with the column",
                do=f"download the query with {dimension} codes, or remove the key",
            )
        filled.add(dimension)
        if dimension == "product":
            level = len(codes[0])
            columns.append(pl.lit(int(codes[0]), dtype=pl.Int64).alias("product"))
        elif dimension == "partner":
            own = _own_code(covers, codes[0], reporter)
            columns.append(pl.lit(codes[0]).alias("partner"))
            columns.append(pl.lit(own).alias("partner_code"))
        else:
            columns.append(pl.lit(codes[0]).alias(dimension))
    return Constants(tuple(columns), level, frozenset(filled))


def _own_code(covers: Covers, partner: str, reporter: str) -> str:
    """The reporter's own code of the partner declared; the word itself where it is a code."""
    known = vocab.partner_codes(reporter)
    word = covers.words["partner"][0]
    if word in known["partner_code"].to_list():
        return word
    return vocab.partner_lookup(reporter).get(vocab.normalise(word), partner)


def without_missing(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int], list[str]]:
    """Leave out rows whose value is missing: they are no cells, and never zeros."""
    missing = rows["value"].null_count()
    if not missing:
        return rows, {}, []
    kept = rows.filter(pl.col("value").is_not_null())
    said = f"{missing} cells without a value (missing marks) were left out: they are not zeros"
    return kept, {"no value": missing}, [said]


def constant_span(window: Window, height: int) -> tuple[pl.Series, pl.Series]:
    """The one span of a file without months: its last month, and how many months it holds."""
    if window.n_months > 12:
        raise PeriodError(
            f"the period {window} is longer than a year",
            expected="at most twelve months in one figure",
            do="download the query by month",
        )
    return (
        pl.Series("period", [window.last], dtype=pl.Int32).new_from_index(0, height),
        pl.Series("months", [window.n_months], dtype=pl.Int8).new_from_index(0, height),
    )


def check_period(table: Table, position: int, period: pl.Series, window: Window | None) -> None:
    """A stated period must hold every month of the month column."""
    if window is None:
        return
    outside = (period < window.first) | (period > window.last)
    if outside.any():
        months = sorted(set(period.filter(outside)))[:5]
        raise PeriodError(
            f"the stated period {window} does not hold {', '.join(map(month_text, months))}",
            where=table.where(outside.arg_true().to_list(), table.header[position]),
            expected="a period that agrees with the month column",
            do="leave out --period: the file states its months",
        )
