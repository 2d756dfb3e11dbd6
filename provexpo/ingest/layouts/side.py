"""Files of the side tables: tariffs, gdp, fx, hs_changes. Recognised by their header."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from provexpo import vocab
from provexpo.errors import CoverageError, LayoutError, PeriodError, ProvexpoError, UnknownCodeError
from provexpo.ingest.cells import spans_of, text_cells
from provexpo.ingest.codes import Unknown, mapped
from provexpo.ingest.layouts.amounts import amounts
from provexpo.ingest.options import Settings
from provexpo.ingest.side import SIDE_KEYS, SIDE_SAID, SIDE_SCHEMAS, SideRows
from provexpo.ingest.table import Table

Reader = Callable[[Table, Settings], SideRows]

# 500 %: above it a "fraction" is a percentage in the wrong column.
MAX_RATE = 5.0
_UNITS = {
    "元": 1, "yuan": 1, "cny": 1,
    "万元": 10_000, "10,000 yuan": 10_000, "10k_cny": 10_000,
    "百万元": 1_000_000, "million yuan": 1_000_000, "million_cny": 1_000_000,
    "亿元": 100_000_000, "100 million yuan": 100_000_000, "100m_cny": 100_000_000,
    "billion yuan": 1_000_000_000, "billion_cny": 1_000_000_000,
}  # fmt: skip
_GDP = re.compile(r"(?:gdp|地区生产总值|value)(?:[ _]?[(（]?(?P<unit>.+?)[)）]?)?")
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_NUMBER = r"^[0-9]+(\.[0-9]+)?$"
_KIND = r"^[a-z][a-z0-9_]*$"


def side_layout(table: Table, settings: Settings) -> Reader | None:
    """The reader of a side file, or None: said by the caller, or the header has its columns."""
    if settings.layout is not None:
        return _READERS.get(settings.layout)
    if settings.tidy is not None:
        return None
    names = {n.strip().casefold() for n in table.header}
    if {"partner", "from"} <= names and names & {"rate", "rate_pct"}:
        return _read_tariffs
    if {"period", "cny_per_usd"} <= names and not names & {"value", "flow"}:
        return _read_fx
    # A column called `value` may be trade: only one called gdp says what it is.
    if {"old", "new", "valid_from"} <= names:
        return _read_hs_changes
    if {"province", "year"} <= names and any(n.startswith(("gdp", "地区生产总值")) for n in names):
        return _read_gdp
    return None


@dataclass(frozen=True)
class _File:
    """A side file with its columns found by name."""

    table: Table
    name: str
    at: dict[str, int]

    @property
    def height(self) -> int:
        return self.table.frame.height

    def cells(self, column: str) -> pl.Series:
        """The column as text without spaces around; empty text where the file has none."""
        if column not in self.at:
            return pl.Series(column, [""]).new_from_index(0, self.height)
        return text_cells(self.table.column(self.at[column]).cast(pl.String)).alias(column)

    def refuse(
        self,
        wrong: pl.Series,
        column: str,
        what: str,
        expected: str,
        do: str = "correct the file",
        error: type[ProvexpoError] = LayoutError,
    ) -> None:
        """Raise for the rows that are wrong, if any, with their lines."""
        if not wrong.any():
            return
        rows = wrong.arg_true().to_list()
        cells = self.cells(column).gather(rows).unique(maintain_order=True).head(5)
        raise error(
            f"{', '.join(map(repr, cells))}: {what}",
            where=self.table.where(rows, self.table.header[self.at[column]]),
            expected=expected,
            do=do,
        )


def _open(table: Table, name: str, needed: Sequence[str], optional: Sequence[str]) -> _File:
    headers = [h.strip().casefold() for h in table.header]
    doubled = sorted({h for h in headers if headers.count(h) > 1})
    lost = [c for c in needed if c not in headers]
    if lost or doubled:
        said = f"lacks {', '.join(lost)}" if lost else f"has {', '.join(doubled)} twice"
        raise LayoutError(
            f"a file of {name} {said}",
            where=f"{table.path}, line 1",
            expected=f"the columns {', '.join(needed)}; also {', '.join(optional)}",
            do="add the column (leave its cells empty where the source says nothing)",
        )
    known = {*needed, *optional}
    if table.text is None:  # Parquet: the text that a CSV would hold
        table = replace(table, frame=table.frame.cast(pl.String))
    return _File(table, name, {h: i for i, h in enumerate(headers) if h in known})


def _finish(file: _File, rows: pl.DataFrame, warnings: Sequence[str] = ()) -> SideRows:
    if "source" in file.at:
        source = file.cells("source").replace("", None)
        rows = rows.with_columns(source.alias("source"))
    _refuse_contradictions(file, rows)
    used = {*file.at.values()}
    left = [h for i, h in enumerate(file.table.header) if i not in used]
    notes = (f"columns not read: {', '.join(left)}",) if left else ()
    return SideRows(file.name, file.table.path, "", rows, 0, notes, warnings=tuple(warnings))


def _refuse_contradictions(file: _File, rows: pl.DataFrame) -> None:
    key, said = list(SIDE_KEYS[file.name]), list(SIDE_SAID[file.name])
    rows = rows.with_columns(pl.lit(None).alias(c) for c in key if c not in rows.columns)
    differ = rows.select(
        pl.struct(key).is_duplicated() & ~pl.struct([*key, *said]).is_duplicated()
    ).to_series()
    if differ.any():
        raise CoverageError(
            f"{file.name}: keys have different figures in one file",
            where=file.table.where(differ.arg_true().to_list()),
            expected=f"one row for each {', '.join(key)}",
            do="keep the right row; files of two dates belong into two files with their --vintage",
        )


def _read_tariffs(table: Table, settings: Settings) -> SideRows:
    headers = {h.strip().casefold() for h in table.header}
    both = {"rate", "rate_pct"} & headers
    if len(both) != 1:
        raise LayoutError(
            "a file of tariffs has both rate and rate_pct" if both else "there is no rate",
            where=f"{table.path}, line 1",
            expected="rate (fractions: 0.25) or rate_pct (per cent: 25), one of them",
            do="keep one of the columns",
        )
    column = both.pop()
    file = _open(
        table, "tariffs", ("reporter", "partner", "product", "from", "to", column, "kind"),
        ("programme", "source"),
    )  # fmt: skip
    rates, warnings = _rates(file, column)
    first, last = _days(file, "from", needed=True), _days(file, "to", needed=False)
    file.refuse((last < first).fill_null(False), "to", "a last day before the first",
                "from and to as days in force, both included")  # fmt: skip
    kind = file.cells("kind").str.to_lowercase()
    file.refuse(~kind.str.contains(_KIND), "kind", "not a kind of rate",
                "one word, such as additional, statutory, average or etr")  # fmt: skip
    rows = pl.DataFrame([
        _countries(file, "reporter"), _countries(file, "partner"), _prefixes(file), first, last,
        rates, kind.alias("kind"), file.cells("programme").replace("", None).alias("programme"),
    ])  # fmt: skip
    _refuse_overlaps(file, rows)
    return _finish(file, rows, warnings)


def _rates(file: _File, column: str) -> tuple[pl.Series, list[str]]:
    cells = file.cells(column)
    file.refuse(~cells.str.contains(_NUMBER), column, "not a rate",
                "a plain number, no per cent sign: 0.25 in rate, 25 in rate_pct")  # fmt: skip
    rates, warnings = cells.cast(pl.Float64), []
    if column == "rate_pct":
        if 0 < (rates.max() or 0) <= 1:  # type: ignore[operator]
            warnings.append("no rate_pct is above 1 per cent: if they are fractions, call it rate")
        # Rounded, so that 0.1 per cent is the same number as 0.001 in the other column.
        rates = (rates / 100).round(12)
    file.refuse(rates > MAX_RATE, column, f"a rate above {MAX_RATE:.0%}",
                "fractions in rate, per cent in rate_pct",
                "if the column is in per cent, call it rate_pct")  # fmt: skip
    return rates.alias("rate"), warnings


def _days(file: _File, column: str, *, needed: bool) -> pl.Series:
    cells = file.cells(column)
    days = cells.str.to_date("%Y-%m-%d", strict=False)
    wrong = days.is_null() | ~cells.str.contains(_DAY)
    if not needed:
        wrong = wrong & (cells != "")
    file.refuse(wrong, column, "not a day",
                "2025-02-04" + ("" if needed else ", or empty: still in force"),
                error=PeriodError)  # fmt: skip
    return days.alias(column)


def _countries(file: _File, column: str) -> pl.Series:
    """ISO3 of codes or names of one country each."""
    cells = file.cells(column)
    found: dict[str, str] = {}
    for word in cells.unique():
        try:
            selection = vocab.resolve("partner", word)
        except ProvexpoError:
            continue
        codes = selection.codes or ()
        if len(codes) == 1 and not selection.negate and not selection.groups:
            found[word] = codes[0]
    file.refuse(~cells.is_in(list(found)), column, "not one country",
                "ISO3 such as USA, or a name in English or Chinese",
                "see pe.partners(); a group's members one by one", UnknownCodeError)  # fmt: skip
    return cells.replace_strict(found, return_dtype=pl.String).alias(column)


def _prefixes(file: _File) -> pl.Series:
    cells = file.cells("product").str.replace_all(".", "", literal=True)
    everything = cells.str.to_lowercase().is_in(["", "all"])
    file.refuse(~(cells.str.contains(r"^([0-9]{2}){1,5}$") | everything), "product",
                "not an HS prefix", "2, 4, 6, 8 or 10 digits with leading zeros, or empty: all",
                "saving it from a spreadsheet drops zeros: write the codes as text")  # fmt: skip
    return cells.set(everything, None).alias("product")


def _refuse_overlaps(file: _File, rows: pl.DataFrame) -> None:
    """Two rates stated for the same days. An open row ends where the next one begins."""
    key = ["reporter", "partner", "product", "kind", "programme"]
    ordered = rows.with_row_index("row").sort(*key, "from", maintain_order=True)
    first, before = pl.col("from"), pl.col("from", "to").shift(1).name.suffix("_before")
    ordered = ordered.with_columns(before.over(key))
    clash = (first <= pl.col("to_before")) & (first != pl.col("from_before"))
    after = ordered.select("row", clash=clash.fill_null(False)).sort("row")["clash"]
    file.refuse(after, "from", "in force before the row before it has ended",
                "one rate a day for one product, kind and programme",
                "correct from or to (the last day in force)", CoverageError)  # fmt: skip


def _read_gdp(table: Table, settings: Settings) -> SideRows:
    headers = [h.strip().casefold() for h in table.header]
    matches = [(h, m) for h in headers if (m := _GDP.fullmatch(h))]
    if len(matches) != 1:
        raise LayoutError(
            "a file of gdp has no column of values" if not matches else "several columns of values",
            where=f"{table.path}, line 1",
            expected="one column gdp (or value), its unit in a column unit or as in 'gdp (亿元)'",
            do="give each year its own row: province, year, gdp, unit",
        )
    column, match = matches[0]
    file = _open(
        table, "gdp", ("province", "year", column), ("reporter", "currency", "unit", "source")
    )
    values, rounded = amounts(file.table, file.at[column], _unit(file, column, match["unit"]))
    years = file.cells("year").str.strip_suffix("年")
    file.refuse(~years.str.contains("^(19|20|21)[0-9]{2}$"), "year", "not a year", "2024",
                error=PeriodError)  # fmt: skip
    currency = file.cells("currency").str.to_uppercase().replace("", "CNY")
    file.refuse(~currency.str.contains("^[A-Z]{3}$"), "currency", "not a currency", "CNY")
    # Every unit that is read is one of yuan.
    file.refuse(currency != "CNY", "currency", "the amounts are in a unit of yuan",
                "CNY, or no column currency", "give the amounts in yuan")  # fmt: skip
    reporter = file.cells("reporter").str.to_uppercase().replace("", settings.reporter)
    rows = pl.DataFrame([
        reporter.alias("reporter"), _provinces(file, reporter),
        years.cast(pl.Int32).alias("year"), values.alias("value"), currency.alias("currency"),
    ])  # fmt: skip
    file.refuse((rows["value"] <= 0).fill_null(False), column, "no gdp", "a positive amount")
    missing = rows["value"].null_count()
    warnings = [f"{missing} rows without a value were left out"] if missing else []
    if rounded:
        warnings.append(f"{rounded} values were rounded to whole units of the currency")
    side = _finish(file, rows, warnings)
    kept = side.rows.filter(pl.col("value").is_not_null())
    return SideRows("gdp", side.path, "", kept, 0, side.notes, warnings=side.warnings)


def _unit(file: _File, column: str, in_header: str | None) -> int:
    words = sorted(set(file.cells("unit")) - {""})
    if in_header:
        words = [*words, in_header]
    known = {_UNITS.get(w.casefold().strip()) for w in words}
    if len(known) == 1 and None not in known and file.cells("unit").n_unique() == 1:
        return next(u for u in known if u)
    named = ", ".join(map(repr, words)) or "none"
    raise LayoutError(
        f"the unit of the values is not clear: {named}",
        where=f"{file.table.path}, columns {column!r} and 'unit'",
        expected=f"one unit for the whole file, of {', '.join(_UNITS)}",
        do="add a column unit, or name the column 'gdp (亿元)'",
    )


def _provinces(file: _File, reporter: pl.Series) -> pl.Series:
    if not (reporter == "CHN").all():
        return file.cells("province")
    unknown, words = Unknown(file.table), vocab.place_lookup()
    cells = file.cells("province").unique().to_list()
    known = {w: words[vocab.normalise(w)] for w in cells if vocab.normalise(w) in words}
    codes = mapped("province", file.table, file.at["province"], known, unknown)
    unknown.check()
    return codes


def _read_fx(table: Table, settings: Settings) -> SideRows:
    file = _open(table, "fx", ("period", "cny_per_usd"), ("source",))
    period, months = spans_of(file.table, file.at["period"])
    file.refuse(months != 1, "period", "not one month", "a month such as 2025-01",
                error=PeriodError)  # fmt: skip
    cells = file.cells("cny_per_usd")
    file.refuse(~cells.str.contains(_NUMBER), "cny_per_usd", "not a rate", "yuan a dollar: 7.1825")
    rates = cells.cast(pl.Float64)
    file.refuse((rates < 1) | (rates > 100), "cny_per_usd", "not yuan a dollar",
                "yuan a dollar, such as 7.1825 (not 0.139, and not for 100 dollars)")  # fmt: skip
    return _finish(file, pl.DataFrame([period, rates.alias("cny_per_usd")]))


def _read_hs_changes(table: Table, settings: Settings) -> SideRows:
    file = _open(table, "hs_changes", ("old", "new", "valid_from"), ("reporter", "source"))
    codes = [file.cells(name).str.replace_all(".", "", literal=True) for name in ("old", "new")]
    for name, cells in zip(("old", "new"), codes, strict=True):
        file.refuse(~cells.str.contains(r"^([0-9]{2}){2,5}$"), name, "not an HS code",
                    "4, 6, 8 or 10 digits with leading zeros",
                    "saving it from a spreadsheet drops zeros: write them as text")  # fmt: skip
    file.refuse(codes[0].str.len_chars() != codes[1].str.len_chars(), "new",
                "as many digits as the old code are needed", "two codes of one level")  # fmt: skip
    start, months = spans_of(file.table, file.at["valid_from"])
    file.refuse(months != 1, "valid_from", "not one month", "a month such as 2022-01",
                error=PeriodError)  # fmt: skip
    reporter = file.cells("reporter").str.to_uppercase().replace("", None)
    columns = [reporter, codes[0].alias("old"), codes[1].alias("new"), start.alias("valid_from")]
    return _finish(file, pl.DataFrame(columns))


_READERS: dict[str, Reader] = dict(
    zip(SIDE_SCHEMAS, (_read_tariffs, _read_gdp, _read_fx, _read_hs_changes), strict=True)
)
