"""Do the rows of a file add up to the totals that the file prints itself?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Control:
    """A file's values, and the codes of its dimensions as it writes them, totals among them.

    `codes` holds None for a dimension that the rows are not broken down by. Sums that are neither
    a leaf nor the total must have been left out.
    """

    value: pl.Series
    codes: Mapping[str, pl.Series | None]
    total: str
    period: pl.Series


@dataclass(frozen=True)
class Answer:
    """`whole`: every total equals the sum of its parts. `difference` says how they differ; it is
    empty where they agree and where no total is printed."""

    whole: bool = False
    difference: str = ""


def compare(control: Control, dimension: str) -> Answer:
    """Compare the totals of one dimension with the sums of its leaves, cell by cell.

    The sum runs over one dimension alone: month and the leaves of the others stay.
    """
    others = [d for d, codes in control.codes.items() if d != dimension and codes is not None]
    held = {d: codes for d, codes in control.codes.items() if codes is not None}
    frame = pl.DataFrame({"period": control.period, "value": control.value, **held})
    # Equal rows twice are one row: they are counted as duplicates and loaded once.
    frame = frame.unique(maintain_order=True)
    frame = frame.filter(pl.lit(True), *(pl.col(d) != control.total for d in others))
    keys = ["period", *others]
    is_total = pl.col(dimension) == control.total
    # A total without a value is no total to add up to; a leaf without one makes them differ.
    totals = frame.filter(is_total, pl.col("value").is_not_null())
    if totals.is_empty():
        return Answer()
    sums = frame.filter(~is_total).group_by(keys).agg(pl.col("value").sum().alias("sum"))
    printed = totals.group_by(keys).agg(pl.col("value").first().alias("total"))
    both = sums.join(printed, on=keys, how="full", coalesce=True)
    lacking = both.filter(pl.col("total").is_null()).height
    differ = both.filter(
        pl.col("total").is_not_null() & (pl.col("total") != pl.col("sum").fill_null(0))
    )
    if not lacking and differ.is_empty():
        return Answer(whole=True)
    texts = []
    if differ.height:
        gap = int((differ["total"] - differ["sum"].fill_null(0)).abs().sum())
        texts.append(
            f"{differ.height:,} of {printed.height:,} printed totals differ from the sum of their"
            f" parts, by {gap:,} in all"
        )
    if lacking:
        texts.append(f"{lacking:,} of {both.height:,} sums have no printed total")
    return Answer(difference="; ".join(texts))
