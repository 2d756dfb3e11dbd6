"""US Census international trade: API answers and files saved from them, imports or exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from provexpo import vocab
from provexpo.errors import LayoutError, PeriodError
from provexpo.ingest.cells import MISSING, spans_of, text_cells, whole_numbers
from provexpo.ingest.codes import Unknown, code_months, mapped, partner_columns, products
from provexpo.ingest.layouts.census_columns import (
    PARTNER,
    TOTAL,
    Measure,
    matches,
    measures,
    positions,
    present,
    product_column,
    text_table,
)
from provexpo.ingest.layouts.control import Control, compare
from provexpo.ingest.layouts.parsed import (
    ROW,
    Constants,
    Parsed,
    check_period,
    declared_constants,
    row_frame,
    without_missing,
)
from provexpo.ingest.options import Settings
from provexpo.ingest.rows import Extent, Grain
from provexpo.ingest.table import Table

NAME = "census"
REPORTER = "USA"
_MIXED = 202201  # the US changed to HS 2022 on the 27th of this month


@dataclass(frozen=True)
class _Rows:
    """The rows that are cells, their codes in the file, and which rows are totals to check by."""

    kept: pl.Series  # row numbers
    usable: pl.Series  # row numbers of cells and of the totals to check them by
    partner: pl.Series | None
    product: pl.Series | None
    left_out: dict[str, int]


def read(table: Table, settings: Settings) -> Parsed:
    """Rows by country, product and month. Totals and groups are left out; totals serve as checks.

    Where a printed total equals the sum of its parts everywhere, the file is known to hold all of
    them. A file without a total of countries holds those that its query asked for.
    """
    table = text_table(table)
    at = positions(table)
    chosen, notes = measures(table, at, settings)
    rows = _choose(table, at)
    part = table.subset(rows.kept)
    period = _period(part, at, settings, chosen)
    constants = declared_constants(settings.covers, present(at), REPORTER)
    columns, level, warnings = _dimensions(part, at, rows, period, constants)
    parts, grains = [], []
    extents: dict[tuple[str, str], Extent] = {}
    for measure in chosen:
        grain = _grain(measure, period, rows, constants, level)
        value = _values(table, at, measure)
        frame = row_frame(
            [
                *columns,
                *constants.columns,
                period,
                _months(measure, period),
                value.gather(rows.kept).alias("value"),
                pl.lit(REPORTER).alias("reporter"),
                pl.lit(measure.flow).alias("flow"),
                pl.lit("USD").alias("currency"),
                pl.lit(grain.id).alias("grain"),
            ],
            len(rows.kept),
        ).with_columns(rows.kept.cast(pl.UInt32).alias(ROW))
        parts.append(frame)
        grains.append(grain)
        shown, said, noted = _shown(table, at, rows, frame, measure, settings, level)
        extents |= {(grain.id, d): e for d, e in shown.items()}
        warnings += said
        notes += noted
    cells, missing, said = without_missing(pl.concat(parts))
    notes += _meanings(cells, level)
    return Parsed(
        cells,
        tuple(grains),
        table.frame.height,
        {**rows.left_out, **missing},
        (*warnings, *said),
        tuple(dict.fromkeys(notes)),
        extents=extents,
    )


def _values(table: Table, at: dict[str, int], measure: Measure) -> pl.Series:
    """The amounts. A zero with a flag beside it is a figure that is withheld, and so missing."""
    value = whole_numbers(table, at[measure.column])
    position = at.get(f"{measure.column}_FLAG")
    if position is None:
        return value
    withheld = ~text_cells(table.column(position)).is_in(MISSING) & (value == 0)
    return value.set(withheld.fill_null(False), None)


def _choose(table: Table, at: dict[str, int]) -> _Rows:
    """The finest rows of the file: countries before their total, products before theirs."""
    height = table.frame.height
    kept = usable = pl.repeat(True, height, dtype=pl.Boolean, eager=True)
    left_out: dict[str, int] = {}
    held: dict[str, pl.Series | None] = {"partner": None, "product": None}
    for dimension, column in (("partner", PARTNER), ("product", product_column(at))):
        if column is None or column not in at:
            continue
        cells = text_cells(table.column(at[column]))
        groups = set(vocab.partner_aggregates(REPORTER)) - {TOTAL} if dimension == "partner" else ()
        is_total, is_group = cells == TOTAL, cells.is_in(list(groups))
        finest = ~(is_total | is_group)
        if finest.any():
            held[dimension], usable = cells, usable & ~is_group
        else:
            finest = is_total
            usable = usable & is_total
        for name, flags in (("total", is_total), ("group", is_group)):
            count = int((flags & ~finest & kept).sum())
            if count:
                left_out[f"{name} of {dimension}s"] = count
        kept = kept & finest
    if not kept.any():
        raise LayoutError(
            "no row of the file is a cell: totals of countries by product, and of products by"
            " country, or groups of countries only",
            where=table.path,
            expected="rows that name a country and a commodity, or all countries (-)",
            do="ask the API for CTY_CODE and the commodity together",
        )
    return _Rows(kept.arg_true(), usable.arg_true(), held["partner"], held["product"], left_out)


def _period(
    table: Table, at: dict[str, int], settings: Settings, chosen: Sequence[Measure]
) -> pl.Series:
    if "YEAR" in at and "MONTH" in at:
        year, month = (_number(table, at[n], *r) for n, r in _RANGES.items())
        period, column = (year * 100 + month).alias("period"), "MONTH"
    elif "TIME" in at:
        (period, _), column = spans_of(table, at["TIME"]), "TIME"
    elif "YEAR" in at and all(m.to_date for m in chosen):
        year = _number(table, at["YEAR"], *_RANGES["YEAR"])
        period, column = (year * 100 + 12).alias("period"), "YEAR"
    else:
        raise PeriodError(
            "the file does not say its months",
            where=f"{table.path}, header",
            expected="columns YEAR and MONTH, or time",
            do="ask the API for YEAR and MONTH",
        )
    if column == "MONTH" and "TIME" in at:
        differ = (spans_of(table, at["TIME"])[0] != period).arg_true()
        if len(differ):
            raise PeriodError(
                "time and YEAR, MONTH name different months",
                where=table.where(differ.to_list(), table.header[at["TIME"]]),
                expected="the same month in both",
                do="remove the wrong column",
            )
    check_period(table, at[column], period, settings.period)
    return period


_RANGES = {"YEAR": (1900, 2200), "MONTH": (1, 12)}


def _number(table: Table, position: int, low: int, high: int) -> pl.Series:
    cells = text_cells(table.column(position))
    numbers = cells.cast(pl.Int32, strict=False)
    wrong = ~numbers.is_between(low, high).fill_null(False)
    if wrong.any():
        shown = ", ".join(map(repr, cells.filter(wrong).unique(maintain_order=True).head(5)))
        raise PeriodError(
            f"{shown}: not a number from {low} to {high}",
            where=table.where(wrong.arg_true().to_list(), table.header[position]),
            expected="a year such as 2024, a month such as 01",
            do="download the file again",
        )
    return numbers


def _months(measure: Measure, period: pl.Series) -> pl.Series:
    """A year to date spans the months up to its own."""
    months = period % 100 if measure.to_date else pl.repeat(1, len(period), eager=True)
    return months.cast(pl.Int8).alias("months")


def _dimensions(
    table: Table, at: dict[str, int], rows: _Rows, period: pl.Series, constants: Constants
) -> tuple[list[pl.Series | pl.Expr], int, list[str]]:
    columns: list[pl.Series | pl.Expr] = []
    warnings: list[str] = []
    level = constants.product_level
    if rows.partner is not None:
        unknown = Unknown(table, REPORTER)
        codes = vocab.partner_codes(REPORTER)["partner_code"].to_list()
        own = mapped("partner", table, at[PARTNER], {c: c for c in codes}, unknown)
        unknown.check()
        own = own.alias("partner_code")
        partner, strange, warnings = partner_columns(
            REPORTER, own, period, code_months(own, period)
        )
        unknown.add("partner", at[PARTNER], own, strange)
        unknown.check()
        columns += [own, partner]
    if rows.product is not None:
        column = product_column(at)
        assert column is not None
        product, level = products(table, at[column])
        columns.append(product)
    return columns, level, warnings


def _grain(
    measure: Measure, period: pl.Series, rows: _Rows, constants: Constants, level: int
) -> Grain:
    """Two concepts never share a table: imports for consumption are apart from general imports."""
    source = f"census_hs{level}" if level else "census_total"
    if measure.system != "general":
        source += f"_{measure.system}"
    if measure.to_date and not (period % 100 == 12).all():
        source += "_ytd"  # sums that overlap; whole years do not
    return Grain(
        reporter=REPORTER,
        source=source,
        province=False,
        partner=rows.partner is not None or "partner" in constants.dimensions,
        product_level=level,
        regime=False,
        export_valuation="FAS",
        import_valuation="customs value",
        import_system=measure.system,
    )


def _shown(
    table: Table,
    at: dict[str, int],
    rows: _Rows,
    frame: pl.DataFrame,
    measure: Measure,
    settings: Settings,
    level: int,
) -> tuple[dict[str, Extent], list[str], list[str]]:
    """What the printed totals show of each dimension: extents, warnings, notes."""
    held = {"partner": rows.partner, "product": rows.product}
    control = Control(
        value=_values(table, at, measure).gather(rows.usable),
        codes={d: c if c is None else c.gather(rows.usable) for d, c in held.items()},
        total=TOTAL,
        period=_all_periods(table, at).gather(rows.usable),
    )
    shown: dict[str, Extent] = {}
    warnings: list[str] = []
    notes: list[str] = []
    found = {
        "partner": tuple(frame["partner"].drop_nulls().unique().sort()),
        "product": tuple(f"{p:0{level}d}" for p in frame["product"].drop_nulls().unique().sort()),
    }
    for dimension in ("partner", "product"):
        if control.codes[dimension] is None:
            continue
        answer = compare(control, dimension)
        if answer.whole:
            shown[dimension] = Extent("declared")
            notes.append(f"all {dimension}s: they add up to the file's own totals")
        elif answer.difference:
            kind = "declared_list" if dimension == "partner" else "listed"
            shown[dimension] = Extent(kind, found[dimension])
            warnings.append(f"{dimension}s are not all there: {answer.difference}")
        elif dimension == "product" and _every_chapter(frame, level):
            shown[dimension] = Extent("declared")
            notes.append("all products: every chapter occurs in every month")
        elif dimension == "partner" and dimension not in settings.covers.words:
            shown[dimension] = Extent("declared_list", found[dimension])
            notes.append(
                f"no total of countries (CTY_CODE -): taken as a query of the"
                f" {len(found['partner'])} found; say partners=all if it asked for all"
            )
    return shown, warnings, notes


def _every_chapter(frame: pl.DataFrame, level: int) -> bool:
    """True for a table of chapters that no query narrowed: each month has all there are."""
    held = frame.group_by("period").agg(pl.col("product").n_unique().alias("chapters"))
    return level == 2 and (held["chapters"] == vocab.chapter_table().height).all()


def _all_periods(table: Table, at: dict[str, int]) -> pl.Series:
    """A mark of the month for every row, totals too, as the file writes it."""
    names = [n for n in ("YEAR", "MONTH", "TIME") if n in at]
    return pl.select(
        pl.concat_str([text_cells(table.column(at[n])) for n in names], separator="/")
    ).to_series()


def _meanings(cells: pl.DataFrame, level: int) -> list[str]:
    notes = []
    if level and (cells["product"] // 10 ** (level - 2)).is_in([98, 99]).any():
        notes.append(
            "chapters 98 and 99 are special provisions of the United States, with another meaning"
            " than in Chinese tables"
        )
    if (cells["period"] == _MIXED).any():
        notes.append("January 2022 mixes two revisions of the Harmonized System")
    return notes


__all__ = ["NAME", "REPORTER", "matches", "read"]
