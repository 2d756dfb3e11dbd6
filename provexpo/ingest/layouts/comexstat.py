"""Comex Stat of Brazil: month x HS4 x country x municipality, one flow a file, CSV or Parquet."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from provexpo import vocab
from provexpo.errors import CallError, CoverageError, LayoutError, PeriodError
from provexpo.ingest.cells import text_cells
from provexpo.ingest.codes import Unknown, checked, code_months, partner_columns, products
from provexpo.ingest.layouts.amounts import amounts
from provexpo.ingest.layouts.columns import as_text, find_columns, has_all
from provexpo.ingest.layouts.parsed import Parsed, check_period, row_frame, without_missing
from provexpo.ingest.options import Settings
from provexpo.ingest.rows import Extent, Grain
from provexpo.ingest.table import Table

NAME = "comexstat"
REPORTER = "BRA"
COLUMNS = (
    "CO_ANO", "CO_MES", "SH4", "CO_PAIS", "SG_UF_MUN", "CO_MUN", "KG_LIQUIDO", "VL_FOB",
)  # fmt: skip
# The ministry's own files: EXP_2024_MUN.csv and IMP_2024_MUN.csv, also EXP_COMPLETA_MUN.csv.
_OFFICIAL = re.compile(r"(EXP|IMP)_(?:\d{4}|COMPLETA)_MUN(?![A-Za-z0-9])", re.IGNORECASE)
_HINTS = {"export": re.compile(r"exp", re.IGNORECASE), "import": re.compile(r"imp", re.IGNORECASE)}
# Rows without a municipality of Brazil: goods of foreign origin, and what was not declared.
_NO_STATE = ("EX", "ND")


def matches(header: Sequence[str]) -> bool:
    """True where the columns that only Comex Stat's municipal files have stand in the header."""
    return has_all(header, ("CO_ANO", "CO_MES", "CO_PAIS", "CO_MUN"))


def read(table: Table, settings: Settings) -> Parsed:
    """Rows of a municipal file of Comex Stat.

    The place is the municipality where the trading firm is registered for tax. Values are FOB
    dollars, in both flows; quantities are net kilograms. A file of some states covers those
    states only, and never Brazil.
    """
    table = as_text(table)
    at = find_columns(table, COLUMNS, kind="a municipal file of Comex Stat")
    flow, notes, odd_name = _flow(table, settings)
    period = _period(table, at, settings)
    columns, level, warnings = _dimensions(table, at, period)
    grain = Grain(REPORTER, "comexstat", True, True, level, False, import_valuation="FOB")
    value, odd = amounts(table, at["VL_FOB"], 1)
    kilograms, odd_kilograms = amounts(table, at["KG_LIQUIDO"], 1)
    notes += [
        f"{count} values of {name} were not whole and were rounded to whole {unit}"
        for name, count, unit in (
            ("VL_FOB", odd, "dollars"), ("KG_LIQUIDO", odd_kilograms, "kilograms"),
        )
        if count
    ]  # fmt: skip
    rows = row_frame(
        [
            period,
            *columns,
            value.alias("value"),
            kilograms.alias("quantity"),
            pl.lit(1).alias("months"),
            pl.lit("kg").alias("unit"),
            pl.lit(REPORTER).alias("reporter"),
            pl.lit(flow).alias("flow"),
            pl.lit("USD").alias("currency"),
            pl.lit(grain.id).alias("grain"),
        ],
        table.frame.height,
    )
    held, said = _held_places(table, at, rows["province"])
    rows, left_out, missing = without_missing(rows)
    return Parsed(
        rows,
        (grain,),
        table.frame.height,
        left_out,
        (*odd_name, *warnings, *missing),
        (*notes, *said),
        extents={} if held is None else {(grain.id, "province"): held},
    )


def _flow(table: Table, settings: Settings) -> tuple[str, list[str], list[str]]:
    """The flow that the ministry's file name states, or the caller; notes and warnings. Other
    names only hint."""
    name = re.split(r"[\\/]", table.path)[-1]
    official = _OFFICIAL.match(name)
    named = {"EXP": "export", "IMP": "import"}[official[1].upper()] if official else None
    if settings.flow is not None and named not in (None, settings.flow):
        raise CallError(
            f"--flow {settings.flow} contradicts the file's name",
            where=table.path,
            expected=f"{named}s: that is how the ministry names its files of {named}s",
            do="leave out --flow; where the name is wrong, rename the file",
        )
    if named is not None:
        return named, [f"the flow, {named}, is from the name {name}"], []
    hints = [flow for flow, form in _HINTS.items() if form.search(name)]
    hint = hints[0] if len(hints) == 1 else None
    if settings.flow is not None:
        odd = hint is not None and hint != settings.flow
        said = f"read as {settings.flow}, but the file's name suggests {hint}"
        return settings.flow, [], [said] if odd else []
    raise CallError(
        "a municipal file of Comex Stat has the same columns for exports and imports"
        + (f" (its name suggests {hint})" if hint else ""),
        where=table.path,
        expected="the flow, stated by the caller or a manifest, or a name such as EXP_2024_MUN.csv",
        do=f"pass --flow {hint or 'export or --flow import'}, or write flow in provexpo.toml",
    )


def _period(table: Table, at: dict[str, int], settings: Settings) -> pl.Series:
    year = text_cells(table.column(at["CO_ANO"])).cast(pl.Int32, strict=False)
    month = text_cells(table.column(at["CO_MES"])).cast(pl.Int32, strict=False)
    good = (year.is_between(1990, 2200) & month.is_between(1, 12)).fill_null(False)
    if not good.all():
        rows = (~good).arg_true().to_list()
        first = tuple(table.column(at[name])[rows[0]] for name in ("CO_ANO", "CO_MES"))
        raise PeriodError(
            f"not a month: CO_ANO and CO_MES are {first[0]!r} and {first[1]!r}",
            where=table.where(rows, "CO_ANO"),
            expected="a year of four digits and a month from 1 to 12",
            do="download the file again",
        )
    period = (year * 100 + month).alias("period")
    check_period(table, at["CO_ANO"], period, settings.period)
    return period


def _dimensions(
    table: Table, at: dict[str, int], period: pl.Series
) -> tuple[list[pl.Series], int, list[str]]:
    """Municipality, country and heading as the store's columns; codes lose no zero."""
    unknown = Unknown(table, REPORTER)
    known = vocab.partner_codes(REPORTER)["partner_code"].to_list()
    padded = Table(
        table.path, table.encoding, table.header,
        table.frame.with_columns(
            _padded(table, at["CO_PAIS"], 3), _padded(table, at["SH4"], 4),
            _padded(table, at["CO_MUN"], 7),
        ),
        table.text, table.delimiter, table.origin,
    )  # fmt: skip
    own = checked("partner", padded, at["CO_PAIS"], known, unknown).alias("partner_code")
    unknown.check()
    partner, strange, warnings = partner_columns(REPORTER, own, period, code_months(own, period))
    unknown.add("partner", at["CO_PAIS"], own, strange)
    unknown.check()
    product, level = products(padded, at["SH4"])
    if level != 4:
        raise LayoutError(
            f"SH4 holds codes of {level} digits",
            where=table.where([0], "SH4"),
            expected="headings of four digits",
            do="download the file again",
        )
    places = padded.column(at["CO_MUN"]).alias("province")
    if (wrong := ~places.str.contains("^[0-9]{7}$")).any():
        rows = wrong.arg_true().to_list()
        raise LayoutError(
            f"{table.column(at['CO_MUN'])[rows[0]]!r}: not the code of a municipality",
            where=table.where(rows, "CO_MUN"),
            expected="seven digits",
            do="download the file again: a spreadsheet may have rewritten the codes",
        )
    return [places, own, partner, product], level, warnings


def _padded(table: Table, position: int, width: int) -> pl.Series:
    """Numbers of a re-saved file get back the zeros that the ministry prints."""
    return text_cells(table.column(position)).str.zfill(width).alias(f"c{position}")


def _held_places(
    table: Table, at: dict[str, int], places: pl.Series
) -> tuple[Extent | None, list[str]]:
    """What the file covers of Brazil: the municipalities of the states that it names.

    A file of every state says nothing here. In a file of some, a municipality of those states
    without a row has traded nothing, and one of another state is not covered.
    """
    table_of = vocab.own_places(REPORTER)
    strange = sorted(set(places.unique()) - set(table_of["code"]))
    states = set(text_cells(table.column(at["SG_UF_MUN"])).unique())
    known = vocab.own_areas(REPORTER)
    if unknown := sorted(states - set(known)):
        rows = text_cells(table.column(at["SG_UF_MUN"])).is_in(unknown).arg_true().to_list()
        raise CoverageError(
            f"unknown state {', '.join(map(repr, unknown))}",
            where=table.where(rows, "SG_UF_MUN"),
            expected=f"the ministry's abbreviations: {', '.join(sorted(known))}",
            do="correct the file",
        )
    notes = []
    if strange:
        shown = ", ".join(strange[:5]) + (" and more" if len(strange) > 5 else "")
        notes.append(f"{len(strange)} municipalities without a name in the code table: {shown}")
    if set(known) - states <= set(_NO_STATE):
        return None, notes
    codes = {*table_of.filter(pl.col("area").is_in(list(states)))["code"], *places.unique()}
    named = ", ".join(f"{known[state]} ({state})" for state in sorted(states))
    notes.append(f"scope: the municipalities of {named} only, not Brazil")
    return Extent("listed", tuple(sorted(codes))), notes
