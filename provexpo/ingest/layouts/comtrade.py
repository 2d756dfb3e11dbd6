"""UN Comtrade's monthly download, as a workbook or CSV: leaves, and the totals beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from provexpo import vocab
from provexpo.errors import CallError, CoverageError, LayoutError
from provexpo.ingest.cells import spans_of, text_cells
from provexpo.ingest.codes import Unknown, code_months, mapped, partner_columns, products
from provexpo.ingest.layouts.amounts import amounts
from provexpo.ingest.layouts.columns import as_text, find_columns, has_all
from provexpo.ingest.layouts.comtrade_totals import controls
from provexpo.ingest.layouts.parsed import Parsed, check_period, row_frame
from provexpo.ingest.options import Settings
from provexpo.ingest.rows import Grain
from provexpo.ingest.table import Table

NAME = "comtrade"
SOURCE = "comtrade"
NEEDED = (
    "typeCode", "freqCode", "period", "reporterCode", "flowCode", "partnerCode", "partner2Code",
    "classificationCode", "cmdCode", "customsCode", "motCode", "primaryValue",
)  # fmt: skip
OTHERS = (
    "reporterISO", "mosCode", "aggrLevel", "cifvalue", "fobvalue",
    "qty", "qtyUnitAbbr", "isQtyEstimated", "netWgt", "isNetWgtEstimated",
)  # fmt: skip
WORLD = "000"
_FLOWS = {"X": "export", "M": "import"}
# A row is a cell when these stand at their totals. Rows of one mode of transport, one customs
# procedure or one second partner are parts of it, printed beside it.
_TOTALS = {
    "motCode": ("mode of transport", "0"),
    "customsCode": ("customs procedure", "C00"),
    "partner2Code": ("second partner", "0"),
    "mosCode": ("mode of supply", "0"),
}
_NOT_SPECIFIED = {"9999AA": "999999"}  # the one code with letters: commodities not specified


def matches(header: Sequence[str]) -> bool:
    """True where the columns stand that name the parts of a Comtrade row."""
    return has_all(header, ("reporterCode", "partnerCode", "cmdCode", "flowCode", "primaryValue"))


def read(table: Table, settings: Settings) -> Parsed:
    """Rows of a Comtrade download: one table for each HS level, by partner and for the World.

    Each row of a level is a cell of its own table; figures come from one table, so headings never
    add to their subheadings, nor the World to its partners. Where the partners add up to the
    printed World their list is declared complete; where they hold a part only, it is a list.
    """
    table = as_text(table)
    at = find_columns(table, NEEDED, OTHERS, kind="a Comtrade download")
    reporter = _reporter(table, at, settings)
    notes = _check_kind(table, at)
    kept, left_out = _cells(table, at)
    part = _with_whole_codes(table.subset(kept), at)
    figures, noted = _figures(part, at)
    flow = text_cells(part.column(at["flowCode"])).replace_strict(_FLOWS).alias("flow")
    _check_flow(part, at, flow, settings)
    period, months = _spans(part, at)
    check_period(part, at["period"], period, settings.period)
    frame = row_frame(
        [
            flow,
            period,
            months,
            *_partners(part, at, period),
            *figures,
            pl.lit(reporter).alias("reporter"),
            pl.lit("USD").alias("currency"),
        ],
        part.frame.height,
    )
    level = _levels(part, at)
    valuation, said = _import_valuation(part, at)
    tables = _tables(part, at, frame.with_columns(level), reporter, valuation)
    missing = int(frame["value"].null_count())
    found = controls(tables, settings.covers.words)
    rows = pl.concat([rows for _, rows in tables])
    return Parsed(
        rows.with_columns(kept.gather(rows["row"]).alias("row")),
        tuple(grain for grain, _ in tables),
        table.frame.height,
        {**left_out, **({"no value": missing} if missing else {})},
        (*said, *found.warnings),
        (*notes, *noted, *_level_notes(tables), *found.notes),
        extents=found.extents,
    )


def _reporter(table: Table, at: dict[str, int], settings: Settings) -> str:
    codes = text_cells(table.column(at["reporterCode"])).str.zfill(3)
    found = sorted(codes.unique())
    if len(found) != 1:
        raise LayoutError(
            f"the file holds {len(found)} reporters: {', '.join(found[:8])}",
            where=table.where((codes != codes[0]).arg_true().to_list(), "reporterCode"),
            expected="one reporter a file",
            do="download, or save, each reporter as a file of its own",
        )
    known = dict(vocab.partner_codes(vocab.M49).select("partner_code", "partner").iter_rows())
    iso = known.get(found[0])
    if iso is None:
        raise LayoutError(
            f"unknown reporter {found[0]!r}",
            where=table.where([0], "reporterCode"),
            expected="the UN's numeric code of a country, such as 156 for China",
            do="download the file again",
        )
    if settings.reporter not in ("CHN", iso):  # CHN is what nobody stated
        raise CallError(
            f"reporter {settings.reporter} for a Comtrade file of {iso}",
            where=table.path,
            expected=f"reporter {iso}",
            do="leave out the reporter: the file says who reports",
        )
    return iso


def _check_kind(table: Table, at: dict[str, int]) -> list[str]:
    """Goods, by a Harmonized System; which ones is a note."""
    for column, good, expected in (
        ("typeCode", "^C$", "C, trade in goods"),
        ("classificationCode", "^H", "the Harmonized System: H0 to H6"),
    ):
        cells = text_cells(table.column(at[column]))
        wrong = ~cells.str.contains(good)
        if wrong.any():
            rows = wrong.arg_true().to_list()
            raise LayoutError(
                f"{column} {cells[rows[0]]!r}: not read",
                where=table.where(rows, column),
                expected=expected,
                do="download trade in goods, classification HS",
            )
    systems = sorted(text_cells(table.column(at["classificationCode"])).unique())
    mixed = ": codes may mean other goods in other months" if len(systems) > 1 else ""
    return [f"HS classification {', '.join(systems)}{mixed}"]


def _cells(table: Table, at: dict[str, int]) -> tuple[pl.Series, dict[str, int]]:
    """The rows that are cells of some table, and how many are left out, by reason."""
    left_out: dict[str, int] = {}
    keep = pl.Series([True]).new_from_index(0, table.frame.height)

    def leave(hit: pl.Series, reason: str) -> None:
        nonlocal keep
        if count := int((hit & keep).sum()):
            left_out[reason] = count
        keep = keep & ~hit

    leave(~text_cells(table.column(at["flowCode"])).is_in(list(_FLOWS)), "flow other than X and M")
    groups = set(vocab.partner_aggregates(vocab.M49)) - {WORLD}
    leave(_padded(table, at["partnerCode"]).is_in(list(groups)), "group of partners")
    before = keep
    for column, (reason, total) in _TOTALS.items():
        if column in at:
            leave(~text_cells(table.column(at[column])).is_in([total, ""]), f"detail by {reason}")
    _check_totals(table, at, keep, before & ~keep)
    kept = keep.arg_true()
    if kept.is_empty():
        raise CoverageError(
            "no row is a cell: all are " + ", ".join(left_out),
            where=table.path,
            expected="rows of exports (X) or imports (M) with motCode 0 and customsCode C00",
            do="download the data again without details",
        )
    return kept, left_out


def _check_totals(table: Table, at: dict[str, int], keep: pl.Series, details: pl.Series) -> None:
    """Details stand beside their total; alone they would be lost without a word."""
    names = ("flowCode", "period", "partnerCode", "cmdCode")
    key = pl.DataFrame({name: text_cells(table.column(at[name])) for name in names})
    alone = key.with_row_index("row").filter(details).join(key.filter(keep), on=names, how="anti")
    if not alone.is_empty():
        raise CoverageError(
            f"{alone.select(names).n_unique()} cells have details and no total",
            where=table.where(alone["row"].to_list()),
            expected="a row with motCode 0, customsCode C00 and partner2Code 0 beside its details",
            do="download the data again with all three at their totals",
        )


def _padded(table: Table, position: int) -> pl.Series:
    return text_cells(table.column(position)).str.zfill(3)


def _with_whole_codes(table: Table, at: dict[str, int]) -> Table:
    """Product codes get back the zeros that a workbook drops, to the level the row states."""
    position = at["cmdCode"]
    cells = text_cells(table.column(position)).str.to_uppercase().replace(_NOT_SPECIFIED)
    if "aggrLevel" in at:
        level = text_cells(table.column(at["aggrLevel"])).cast(pl.Int64, strict=False).fill_null(0)
        frame = pl.DataFrame({"code": cells, "level": level})
        digits = pl.col("code").str.contains("^[0-9]+$") & pl.col("level").is_between(2, 8)
        padded = pl.when(digits).then(pl.col("code").str.zfill(pl.col("level")))
        cells = frame.select(padded.otherwise("code"))["code"]
    return replace(table, frame=table.frame.with_columns(cells.alias(f"c{position}")))


def _check_flow(table: Table, at: dict[str, int], flow: pl.Series, settings: Settings) -> None:
    if settings.flow is not None and (other := flow != settings.flow).any():
        raise CallError(
            f"--flow {settings.flow} contradicts the file",
            where=table.where(other.arg_true().to_list(), "flowCode"),
            expected="no flow for a Comtrade file: each row states its own",
            do="leave out --flow",
        )


def _spans(table: Table, at: dict[str, int]) -> tuple[pl.Series, pl.Series]:
    """Months, or whole years where the frequency is A."""
    frequency = text_cells(table.column(at["freqCode"])).unique().to_list()
    if frequency == ["M"]:
        return spans_of(table, at["period"])
    years = text_cells(table.column(at["period"]))
    if frequency != ["A"] or not years.str.contains("^[0-9]{4}$").all():
        raise LayoutError(
            f"frequency {', '.join(sorted(frequency))}: not read",
            where=f"{table.path}, column 'freqCode'",
            expected="M, months, or A, years (period 2024), and one of them in a file",
            do="download months and years as separate files",
        )
    period = (years.cast(pl.Int32) * 100 + 12).alias("period")
    return period, pl.Series("months", [12], dtype=pl.Int8).new_from_index(0, len(period))


def _partners(table: Table, at: dict[str, int], period: pl.Series) -> list[pl.Series]:
    """partner and partner_code by the UN's numeric codes; both NULL in rows of the World."""
    position = at["partnerCode"]
    padded = _padded(table, position)
    rows = (padded != WORLD).arg_true()
    own = pl.Series("partner_code", [None], dtype=pl.String).new_from_index(0, len(padded))
    partner = own.alias("partner")
    if not rows.is_empty():
        known = vocab.partner_codes(vocab.M49)["partner_code"]
        part = replace(table, frame=table.frame.with_columns(padded.alias(f"c{position}")))
        part, unknown = part.subset(rows), Unknown(part.subset(rows), vocab.M49)
        codes = mapped("partner", part, position, {c: c for c in known}, unknown)
        unknown.check()
        when = period.gather(rows)
        found, strange, _ = partner_columns(vocab.M49, codes, when, code_months(codes, when))
        unknown.add("partner", position, codes, strange)
        unknown.check()
        own = own.scatter(rows, codes)
        partner = partner.scatter(rows, found)
    return [own, partner]


def _figures(table: Table, at: dict[str, int]) -> tuple[list[pl.Series], list[str]]:
    """Value, quantity in its unit, and net weight. Comtrade writes 0 where it has no quantity."""
    value, rounded = amounts(table, at["primaryValue"], 1)
    said = f"{rounded} values were not whole and were rounded to whole dollars"
    notes = [said] if rounded else []
    columns = [value.alias("value")]
    if {"qty", "qtyUnitAbbr"} <= set(at):
        unit = text_cells(table.column(at["qtyUnitAbbr"]))
        unit = unit.set(unit.is_in(["N/A", ""]), None)
        quantity = amounts(table, at["qty"], 1)[0]
        columns.append(quantity.set((quantity == 0) | unit.is_null(), None).alias("quantity"))
        columns.append(unit.alias("unit"))
    if "netWgt" in at:
        weight = amounts(table, at["netWgt"], 1)[0]
        weight = weight.set(weight == 0, None)
        kilograms = pl.Series(["kg"]).new_from_index(0, len(weight)).set(weight.is_null(), None)
        columns += [weight.alias("quantity2"), kilograms.alias("unit2")]
    for column, what in (("isQtyEstimated", "quantities"), ("isNetWgtEstimated", "net weights")):
        if column in at:
            cells = text_cells(table.column(at[column])).str.to_lowercase()
            if count := int(cells.is_in(["true", "1"]).sum()):
                notes.append(f"{count} {what} are estimates of the UN")
    return columns, notes


def _levels(table: Table, at: dict[str, int]) -> pl.Series:
    codes = text_cells(table.column(at["cmdCode"]))
    digits = codes.str.len_bytes().cast(pl.Int64)
    return digits.set(codes == "TOTAL", 0).alias("level")


def _import_valuation(table: Table, at: dict[str, int]) -> tuple[str, list[str]]:
    """CIF, unless the imports of the file have FOB values only: some reporters have no others."""
    imports = (text_cells(table.column(at["flowCode"])) == "M").arg_true()
    if not {"cifvalue", "fobvalue"} <= set(at) or imports.is_empty():
        return "CIF", []
    values, cif, fob = (
        text_cells(table.column(at[name])).gather(imports).cast(pl.Float64, strict=False)
        for name in ("primaryValue", "cifvalue", "fobvalue")
    )
    free = ((values == fob) & ~(values == cif).fill_null(False)).fill_null(False)
    if free.all():
        return "FOB", []
    some = int(free.sum())
    return "CIF", [f"{some} of {len(free)} import values are FOB, the others CIF"] if some else []


def _tables(
    table: Table, at: dict[str, int], frame: pl.DataFrame, reporter: str, valuation: str
) -> list[tuple[Grain, pl.DataFrame]]:
    """Each HS level a table of its own, the finest first; by partner before the World."""
    found = []
    for world in (False, True):
        rows_of = frame.filter(pl.col("partner_code").is_null() == world)
        for level in sorted(set(rows_of["level"]), reverse=True):
            rows = rows_of.filter(pl.col("level") == level).drop("level")
            if level:
                codes, _ = products(table.subset(rows["row"]), at["cmdCode"])
                rows = rows.with_columns(codes.alias("product"))
            grain = Grain(
                reporter, SOURCE, False, not world, level, False, import_valuation=valuation
            )
            rows = rows.with_columns(pl.lit(grain.id).alias("grain"))
            found.append((grain, rows.filter(pl.col("value").is_not_null())))
    return found


def _level_notes(tables: list[tuple[Grain, pl.DataFrame]]) -> list[str]:
    names = [grain.id for grain, rows in tables if not rows.is_empty()]
    if len(names) < 2:
        return []
    return [f"{len(names)} tables, each of one level and never added: {', '.join(names)}"]
