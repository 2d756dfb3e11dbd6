"""A cleaned panel, CSV or Parquet, read by the column map of `provexpo.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches

import polars as pl

from provexpo import vocab
from provexpo.errors import CallError, LayoutError, ManifestError, PeriodError
from provexpo.ingest.cells import MISSING, spans_of, text_cells
from provexpo.ingest.codes import (
    Unknown,
    code_months,
    mapped,
    partner_columns,
    products,
    regime_names,
)
from provexpo.ingest.layouts.amounts import amounts, looks_like_thousands
from provexpo.ingest.layouts.columns import cell_text, holds_no_text
from provexpo.ingest.layouts.parsed import (
    ROW,
    Parsed,
    check_period,
    constant_span,
    declared_constants,
    row_frame,
    without_missing,
)
from provexpo.ingest.options import FLOW_WORDS, Settings, TidyMap, ValueColumn
from provexpo.ingest.rows import DIMENSIONS, Grain
from provexpo.ingest.table import Table

NAME = "tidy"
_CURRENCY_WORDS = {"人民币": "CNY", "元": "CNY", "rmb": "CNY", "美元": "USD", "us$": "USD"}
_QUANTITIES = (("quantity", "unit"), ("quantity2", "unit2"))


def read(table: Table, settings: Settings) -> Parsed:
    """Rows of a tidy file: one set for each value column, aggregates left out, totals apart."""
    tidy = settings.tidy or TidyMap()
    if not tidy.columns:
        raise ManifestError(
            "a tidy file needs a column map",
            where=table.path,
            expected="[[files]] with [files.columns] in provexpo.toml beside the file",
            do="name the columns: period, province, partner, product, regime, value ...",
        )
    table = _as_text(table, tidy)
    at = _positions(table, tidy)
    left_out, keep, totals, warnings = _aggregates(table, tidy, at)
    parts: list[pl.DataFrame] = []
    grains: dict[str, Grain] = {}
    notes: list[str] = []
    for dropped, chosen in [(frozenset[str](), keep), *totals.items()]:
        if len(chosen):
            rows, grain, said, noted = _rows(table.subset(chosen), tidy, at, settings, dropped)
            parts.append(rows.with_columns(chosen.gather(rows[ROW]).alias(ROW)))
            grains[grain.id] = grain
            warnings += said
            notes += noted
    rows, missing, said = without_missing(pl.concat(parts))
    return Parsed(
        rows,
        tuple(grains.values()),
        table.frame.height,
        {**left_out, **missing},
        (*warnings, *said),
        tuple(dict.fromkeys(notes)),
    )


def _as_text(table: Table, tidy: TidyMap) -> Table:
    """Parquet columns as the text that a CSV would hold; floats that are whole lose their `.0`."""
    if table.text is not None:
        return table
    months = {tidy.columns.get("period")}
    used = {*tidy.columns.values(), *(v.column for v in tidy.values)}
    columns = []
    for name, cells in zip(table.header, table.frame.get_columns(), strict=True):
        if name not in used:
            cells = pl.repeat(None, len(cells), dtype=pl.String, eager=True)
        elif holds_no_text(cells):
            raise LayoutError(
                f"a column of type {cells.dtype} holds neither codes nor amounts",
                where=f"{table.path}, column {name!r}",
                expected="text, numbers or dates",
                do="write the file again with one value a cell",
            )
        elif cells.dtype in (pl.Date, pl.Datetime) and name in months:
            cells = cells.dt.strftime("%Y-%m")
        columns.append(cell_text(cells))
    names = [f"c{i}" for i in range(len(columns))]
    return replace(table, frame=pl.DataFrame(columns, schema=names))


def _positions(table: Table, tidy: TidyMap) -> dict[str, int]:
    """Meaning -> position; every column that the map names must be in the header."""
    named = {**tidy.columns, **{f"value of {v.column}": v.column for v in tidy.values}}
    lost = [column for column in named.values() if column not in table.header]
    if lost:
        near = get_close_matches(lost[0], table.header, n=1)
        raise LayoutError(
            f"the column map names {', '.join(map(repr, lost))}, which the file has not",
            where=f"{table.path}, line 1",
            expected=f"columns of the header: {', '.join(table.header)}",
            do=(f"did you mean {near[0]!r}? " if near else "") + "correct the map in provexpo.toml",
        )
    return {meaning: table.header.index(column) for meaning, column in named.items()}


def _aggregates(
    table: Table, tidy: TidyMap, at: Mapping[str, int]
) -> tuple[dict[str, int], pl.Series, dict[frozenset[str], pl.Series], list[str]]:
    """Rows of aggregates (left out), of leaves (kept) and of totals, by the dimensions they lack.

    A total is the sum over a dimension as the source printed it: a table of its own, never added
    to the leaves.
    """
    warnings: list[str] = []
    left_out: dict[str, int] = {}
    dropped = pl.Series([False]).new_from_index(0, table.frame.height)
    is_total: dict[str, pl.Series] = {}
    for kind, named in (("aggregates", tidy.aggregates), ("totals", tidy.totals)):
        for dimension, names in named.items():
            if dimension not in at:
                raise ManifestError(
                    f"{kind} name a {dimension}, and the map has no such column",
                    where=table.path,
                    expected="a dimension among columns",
                    do=f"add {dimension} to columns, or remove it from {kind}",
                )
            cells = text_cells(table.column(at[dimension]))
            absent = [name for name in names if not (cells == name).any()]
            if absent:
                warnings.append(
                    f"{kind} named but not in the file: {', '.join(absent)} ({dimension})"
                )
            hit = cells.is_in(list(names))
            if kind == "totals":
                is_total[dimension] = hit
            elif hit.any():
                left_out[f"aggregate {dimension}"] = int((hit & ~dropped).sum())
                dropped = dropped | hit
    groups: dict[frozenset[str], pl.Series] = {}
    flags = pl.DataFrame({"dropped": dropped, **is_total}).with_row_index(ROW)
    for key, rows in (
        flags.filter(~pl.col("dropped")).group_by(*is_total, maintain_order=True)
        if is_total
        else []
    ):
        groups[frozenset(d for d, on in zip(is_total, key, strict=True) if on)] = rows[ROW]
    if not is_total:
        return left_out, flags.filter(~pl.col("dropped"))[ROW], {}, warnings
    empty = pl.Series(ROW, [], dtype=pl.UInt32)
    return left_out, groups.pop(frozenset(), empty), groups, warnings


def _rows(
    table: Table, tidy: TidyMap, at: Mapping[str, int], settings: Settings, dropped: frozenset[str]
) -> tuple[pl.DataFrame, Grain, list[str], list[str]]:
    held = {d for d in DIMENSIONS if d in at and d not in dropped}
    period, months = _span_columns(table, at, settings)
    columns, level, warnings = _dimensions(table, tidy, at, settings, held, period)
    constants = declared_constants(settings.covers, held | dropped, settings.reporter)
    held |= constants.dimensions
    grain = Grain(
        reporter=settings.reporter,
        source=tidy.source,
        province="province" in held,
        partner="partner" in held,
        product_level=level or constants.product_level,
        regime="regime" in held,
        basis=tidy.basis,
        export_valuation=tidy.valuation or "FOB",
        import_valuation=tidy.valuation or "CIF",
        import_system=tidy.import_system,
        rounding=max(v.unit for v in tidy.values),
    )
    columns += [period, months, *constants.columns, pl.lit(settings.reporter).alias("reporter"),
                pl.lit(grain.id).alias("grain")]  # fmt: skip
    quantities, notes = _quantities(table, at)
    columns += quantities
    parts = []
    for value in tidy.values:
        amount, rounded = amounts(table, table.header.index(value.column), value.unit)
        if rounded:
            notes.append(f"{rounded} values of {value.column} were not whole and were rounded")
            if value.unit == 1 and looks_like_thousands(table, table.header.index(value.column)):
                warnings.append(
                    f"{value.column} has three digits after every point, as in 1.500: if the points"
                    " divide thousands, the values are 1,000 times too small"
                )
        flow = _flow(table, at, value, settings)
        currency = _currency(table, at, value, tidy)
        parts.append(
            row_frame([*columns, flow, currency, amount.alias("value")], table.frame.height)
        )
    return pl.concat(parts), grain, warnings, notes


def _span_columns(
    table: Table, at: Mapping[str, int], settings: Settings
) -> tuple[pl.Series, pl.Series]:
    if "period" in at:
        period, months = spans_of(table, at["period"])
        position = at["period"]
    elif "year" in at:
        position = at["year"]
        year = _numbers(table, position, 1900, 2200)
        month = _numbers(table, at["month"], 1, 12) if "month" in at else None
        period = (year * 100 + (month if month is not None else 12)).cast(pl.Int32).alias("period")
        months = pl.Series("months", [1 if month is not None else 12], dtype=pl.Int8)
        months = months.new_from_index(0, table.frame.height)
    elif settings.period is not None:
        return constant_span(settings.period, table.frame.height)
    else:
        raise PeriodError(
            "the column map names no period, and none is stated",
            where=table.path,
            expected="columns.period, or columns.year with columns.month, or period",
            do="add one of them to provexpo.toml",
        )
    check_period(table, position, period, settings.period)
    if "months" in at:
        months = _numbers(table, at["months"], 1, 12).cast(pl.Int8).alias("months")
    return period, months


def _numbers(table: Table, position: int, low: int, high: int) -> pl.Series:
    cells = text_cells(table.column(position))
    numbers = cells.cast(pl.Int32, strict=False)
    wrong = (numbers.is_null() | (numbers < low) | (numbers > high)).fill_null(True)
    if wrong.any():
        rows = wrong.arg_true()
        raise PeriodError(
            f"{', '.join(map(repr, cells.gather(rows).unique().head(5)))}: not a number from"
            f" {low} to {high}",
            where=table.where(rows.to_list(), table.header[position]),
            expected="whole numbers",
            do="correct the column, or the column map",
        )
    return numbers


def _dimensions(
    table: Table,
    tidy: TidyMap,
    at: Mapping[str, int],
    settings: Settings,
    held: set[str],
    period: pl.Series,
) -> tuple[list[pl.Series | pl.Expr], int, list[str]]:
    """The columns of the four dimensions, from codes or names."""
    unknown = Unknown(table, settings.reporter)
    columns: list[pl.Series | pl.Expr] = []
    warnings: list[str] = []
    level = 0
    chinese = settings.reporter == "CHN"
    for dimension, names in (("province", vocab.place_lookup), ("regime", regime_names)):
        if dimension in held:
            words = text_cells(table.column(at[dimension])).unique().to_list()
            if chinese:
                codes = names()
                known = {w: codes[key] for w in words if (key := vocab.normalise(w)) in codes}
            else:  # as written: what may be spelt alike in a list is not known, so nothing is
                known = {w: w for w in words if w}
            columns.append(mapped(dimension, table, at[dimension], known, unknown))
    if "partner" in held:
        own, by_name = _partner_codes(table, at["partner"], settings.reporter, unknown)
        unknown.check()
        partner, strange, said = partner_columns(
            settings.reporter, own, period, code_months(own, period)
        )
        unknown.add("partner", at["partner"], own, strange)
        columns += [own, partner]
        warnings += [] if by_name else said
    unknown.check()
    if "product" in held:
        product, level = products(table, at["product"], tidy.product_level)
        columns.append(product)
    return columns, level, warnings


def _partner_codes(
    table: Table, position: int, reporter: str, unknown: Unknown
) -> tuple[pl.Series, bool]:
    """The reporter's own codes, from codes or names, and whether names were among the words."""
    codes = set(vocab.partner_codes(reporter)["partner_code"])
    names = vocab.partner_lookup(reporter)
    words = text_cells(table.column(position)).unique().to_list()
    known = {w: w for w in words if w in codes}
    by_name = {
        w: names[key] for w in words if w not in known and (key := vocab.normalise(w)) in names
    }
    own = mapped("partner", table, position, {**known, **by_name}, unknown)
    return own.alias("partner_code"), bool(by_name)


def _quantities(table: Table, at: Mapping[str, int]) -> tuple[list[pl.Series], list[str]]:
    columns, notes = [], []
    for quantity, unit in _QUANTITIES:
        if quantity in at:
            amount, rounded = amounts(table, at[quantity], 1)
            columns.append(amount.alias(quantity))
            if rounded:
                name = table.header[at[quantity]]
                notes.append(f"{rounded} values of {name} were not whole and were rounded")
        if unit in at:
            cells = text_cells(table.column(at[unit]))
            columns.append(cells.set(cells.is_in(MISSING), None).alias(unit))
    return columns, notes


def _flow(
    table: Table, at: Mapping[str, int], value: ValueColumn, settings: Settings
) -> pl.Series | pl.Expr:
    """The flow of a value column: said in the map, in a column of the file, or by the caller."""
    if value.flow is None and "flow" in at:
        flows = _words(table, at["flow"], lambda w: FLOW_WORDS.get(w.lower()), "export or import")
        if settings.flow is None or (flows == settings.flow).all():
            return flows.alias("flow")
        stated = "a column of the file"
    elif value.flow is not None and settings.flow not in (None, value.flow):
        stated = f"the map of {value.column!r}"
    elif flow := value.flow or settings.flow:
        return pl.lit(flow).alias("flow")
    else:
        raise CallError(
            "nothing says whether the values are exports or imports",
            where=table.path,
            expected="flow in provexpo.toml (for the file, a value column, or as a column)",
            do="add flow = 'export' to the entry of the file, or pass --flow",
        )
    raise CallError(
        f"--flow {settings.flow} contradicts {stated}",
        where=table.path,
        expected="one statement of the flow",
        do="leave out --flow",
    )


def _currency(
    table: Table, at: Mapping[str, int], value: ValueColumn, tidy: TidyMap
) -> pl.Series | pl.Expr:
    if constant := value.currency or tidy.currency:
        return pl.lit(constant).alias("currency")
    if "currency" in at:
        return _words(table, at["currency"], _currency_code, "a code such as USD").alias("currency")
    raise ManifestError(
        "nothing says which currency the values are in",
        where=table.path,
        expected="currency in provexpo.toml (for the file, a value column, or as a column)",
        do="add currency = 'USD' to the entry of the file",
    )


def _currency_code(word: str) -> str | None:
    known = _CURRENCY_WORDS.get(word.lower(), word.upper())
    return known if len(known) == 3 and known.isascii() and known.isalpha() else None


def _words(
    table: Table, position: int, find: Callable[[str], str | None], expected: str
) -> pl.Series:
    cells = text_cells(table.column(position))
    known = {word: found for word in cells.unique() if (found := find(word))}
    wrong = ~cells.is_in(list(known))
    if wrong.any():
        rows = wrong.arg_true()
        raise LayoutError(
            f"{', '.join(map(repr, cells.gather(rows).unique().head(5)))}: cannot be read",
            where=table.where(rows.to_list(), table.header[position]),
            expected=expected,
            do="correct the column, or the column map",
        )
    return cells.replace_strict(known, return_dtype=pl.String)
