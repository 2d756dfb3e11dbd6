"""Columns of codes or names to the store's codes. All unknown ones are named in one error."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from provexpo import vocab
from provexpo.errors import LayoutError, UnknownCodeError
from provexpo.ingest.cells import text_cells
from provexpo.ingest.table import Table

HS_LEVELS = (2, 4, 6, 8, 10)
_LIST = {"province": "pe.provinces()", "partner": "pe.partners()", "regime": "pe.regimes()"}


@dataclass
class Unknown:
    """Collects what stands in no code table, over all columns of one file."""

    table: Table
    reporter: str = "CHN"
    found: list[tuple[str, str, list[int]]] = field(default_factory=list)  # dimension, column, rows
    words: dict[str, list[str]] = field(default_factory=dict)

    def add(self, dimension: str, position: int, cells: pl.Series, words: Collection[str]) -> None:
        if words:
            rows = cells.is_in(list(words)).arg_true().to_list()
            self.found.append((dimension, self.table.header[position], rows))
            self.words[dimension] = sorted(words)

    def check(self) -> None:
        if not self.found:
            return
        named = "; ".join(f"unknown {d} {', '.join(map(repr, w))}" for d, w in self.words.items())
        _, column, rows = self.found[0]
        lists = " and ".join(_LIST[d] for d in self.words)
        if self.reporter != "CHN":
            lists = f"pe.partners({self.reporter!r})"
        raise UnknownCodeError(
            named,
            where=self.table.where(rows, column),
            expected=f"codes as the source writes them, leading zeros included: see {lists}"
            if vocab.has_own_codes(self.reporter)
            else "ISO3 codes such as USA, or names in English or Chinese: no list of the own"
            f" codes of {self.reporter} is held",
            do="correct the file; in a tidy file, name totals and groups among its aggregates",
        )


def regime_names() -> dict[str, str]:
    """normalise(code or name) -> regime code."""
    table = vocab.regimes()
    return {
        vocab.normalise(row[name]): row["regime"]
        for row in table.iter_rows(named=True)
        for name in ("regime", "name_en", "name_zh")
        if row[name]
    }


def checked(
    dimension: str, table: Table, position: int, known: Collection[str], unknown: Unknown
) -> pl.Series:
    """A column of codes as it stands, where all of them are known; the others are collected."""
    cells = table.column(position).fill_null("")
    codes = list(known)
    if cells.is_in(codes).all():
        return cells.alias(dimension)
    return mapped(dimension, table, position, {code: code for code in codes}, unknown)


def mapped(
    dimension: str, table: Table, position: int, known: Mapping[str, str], unknown: Unknown
) -> pl.Series:
    """The column with each word replaced by its code; words that are not known are collected."""
    cells = text_cells(table.column(position))
    words = cells.unique().to_list()
    unknown.add(dimension, position, cells, [w for w in words if w not in known])
    return cells.replace_strict(
        {w: known[w] for w in words if w in known}, default=None, return_dtype=pl.String
    ).alias(dimension)


def products(table: Table, position: int, level: int | None = None) -> tuple[pl.Series, int]:
    """The product column as integers, and the one HS level of the file.

    `level` (a tidy map's product_level) pads codes that were stored as numbers. Without it a code
    of odd length has lost its leading zero, and that is an error: padding would be a guess.
    """
    cells = table.column(position).fill_null("")
    if not (only_digits := cells.str.contains("^[0-9]+$")).all():
        cells = cells.str.strip_chars()
        only_digits = cells.str.contains("^[0-9]+$")
    if level is not None:
        cells = cells.str.zfill(level)
    digits = cells.str.len_bytes()
    broken = ~only_digits
    lost = ~broken & ~digits.is_in(HS_LEVELS)
    if broken.any() or lost.any():
        wrong = broken if broken.any() else lost
        named = ", ".join(map(repr, cells.filter(wrong).unique(maintain_order=True).head(5)))
        raise LayoutError(
            f"{named}: not an HS code"
            if broken.any()
            else f"{named}: an odd number of digits, so a leading zero was lost",
            where=table.where(wrong.arg_true().to_list(), table.header[position]),
            expected="2, 4, 6, 8 or 10 digits",
            do="download the file again; saving it from a spreadsheet drops the zeros",
        )
    if digits.min() != digits.max():
        raise _mixed_levels(table, digits, table.header[position])
    codes, held = cells.cast(pl.Int64).alias("product"), int(digits[0])
    _check_chapters(table, position, codes // 10 ** (held - 2))
    return codes, held


def _check_chapters(table: Table, position: int, chapters: pl.Series) -> None:
    """A chapter that is not in the Harmonized System (a product_level too high gives 00)."""
    strange = set(chapters.unique()) - {int(c) for c in vocab.chapter_table()["hs2"]}
    if strange:
        rows = chapters.is_in(list(strange)).arg_true()
        raise UnknownCodeError(
            f"unknown HS chapter {', '.join(f'{c:02d}' for c in sorted(strange))}",
            where=table.where(rows.to_list(), table.header[position]),
            expected="chapters 01 to 76 and 78 to 99",
            do="check the codes; in a tidy file also product_level and the aggregates",
        )


def _mixed_levels(table: Table, digits: pl.Series, column: str) -> LayoutError:
    counts = dict(digits.value_counts().iter_rows())
    rare = min(counts, key=lambda n: (counts[n], n))
    listed = ", ".join(f"{counts[n]} rows of {n} digits" for n in sorted(counts))
    return LayoutError(
        f"HS codes of different detail in one file: {listed}",
        where=table.where((digits == rare).arg_true().to_list(), column),
        expected="one level (2, 4, 6, 8 or 10 digits): rows of different detail would count twice",
        do="split the file by level; codes shorter by two digits may have lost their zeros",
    )


def code_months(codes: pl.Series, period: pl.Series) -> pl.DataFrame:
    """The distinct pairs of partner_code and period."""
    return pl.DataFrame({"partner_code": codes, "period": period}).unique()


def partner_columns(
    reporter: str, codes: pl.Series, period: pl.Series, pairs: pl.DataFrame
) -> tuple[pl.Series, list[str], list[str]]:
    """Canonical partner (ISO3 or X-code) of the reporter's codes in their months.

    `pairs` are the distinct ones of code and month. Returns the column, the unknown codes, and
    warnings. A code outside its known validity still
    counts where it only ever meant one partner; where it changed its meaning it is unknown.
    """
    known = vocab.partner_codes(reporter)
    held = pairs.join(known, on="partner_code", how="left", maintain_order="left")
    valid = (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("period"))) & (
        pl.col("valid_to").is_null() | (pl.col("period") <= pl.col("valid_to"))
    )
    inside = held.filter(valid, pl.col("partner").is_not_null()).unique(["partner_code", "period"])
    outside = held.join(inside, on=["partner_code", "period"], how="anti")
    single = outside.group_by("partner_code", "period").agg(
        pl.col("partner").first(), pl.col("partner").n_unique().alias("meanings")
    )
    usable = single.filter((pl.col("meanings") == 1) & pl.col("partner").is_not_null())
    unknown = single.join(usable, on=["partner_code", "period"], how="anti")["partner_code"]
    columns = ["partner_code", "period", "partner"]
    answer = pl.concat([inside.select(columns), usable.select(columns)])
    warnings = [
        f"partner code {code} is used outside the months it was valid in; taken as {partner}"
        for code, partner in sorted(set(usable.select("partner_code", "partner").iter_rows()))
    ]
    return _look_up(codes, period, answer), sorted(set(unknown)), warnings


def _look_up(codes: pl.Series, period: pl.Series, answer: pl.DataFrame) -> pl.Series:
    """By code alone where a code means one partner in all months of the file: much quicker."""
    by_code = answer.select("partner_code", "partner").unique()
    if by_code["partner_code"].is_unique().all():
        table = dict(by_code.iter_rows())
        return codes.replace_strict(table, default=None, return_dtype=pl.String).alias("partner")
    rows = pl.DataFrame({"partner_code": codes, "period": period})
    joined = rows.join(answer, on=["partner_code", "period"], how="left", maintain_order="left")
    return joined.get_column("partner")
