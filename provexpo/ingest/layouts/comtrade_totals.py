"""The leaves of a Comtrade file against its totals: partners and World, products and TOTAL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from provexpo.ingest.rows import Extent, Grain
from provexpo.periods import month_text

# What the leaves may miss of a printed total before the file is known to hold a part only; the
# same trace that figures over varying lists may miss (decision 0005).
TRACE = 0.001


@dataclass(frozen=True)
class _Gap:
    """How far leaves miss the printed totals of one table."""

    exact: bool
    missing: int  # the absolute differences, summed
    printed: int
    cells: int
    worst: str

    @property
    def share(self) -> float:
        return self.missing / self.printed if self.printed else 0.0

    def text(self, total: str) -> str:
        return (
            f"{total} by {self.share:.2%} ({self.missing:,} of {self.printed:,} dollars, in"
            f" {self.cells} cells; most in {self.worst})"
        )


@dataclass
class Found:
    """What the totals of a file show: extents by grain and dimension, and what to say of them."""

    extents: dict[tuple[str, str], Extent] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def controls(tables: Sequence[tuple[Grain, pl.DataFrame]], stated: Collection[str]) -> Found:
    """Compare the leaves of each table with the totals that another table of the file prints.

    Partners that add up to the World are complete. Where they miss more than a trace of it, or
    where no World is printed and nobody states what the file covers (`stated`), it holds the
    partners that were asked for, and no share can be taken of them.
    """
    found = Found()
    by_kind = {(grain.partner, grain.product_level): rows for grain, rows in tables}
    for grain, rows in tables:
        if grain.partner:
            gap = _gap(rows, by_kind.get((False, grain.product_level)), "partner_code")
            _judge_partners(found, grain, rows, gap, stated)
        if grain.product_level:
            gap = _gap(rows, by_kind.get((grain.partner, 0)), "product")
            if gap is not None and gap.exact:
                found.extents[grain.id, "product"] = Extent("declared")
            elif gap is not None:
                found.warnings.append(f"{grain.id}: the products miss {gap.text('TOTAL')}")
    return found


def _judge_partners(
    found: Found, grain: Grain, rows: pl.DataFrame, gap: _Gap | None, stated: Collection[str]
) -> None:
    held = tuple(sorted(set(rows["partner"].drop_nulls())))
    key = (grain.id, "partner")
    if gap is None:
        if "partner" not in stated:
            found.extents[key] = Extent("declared_list", held)
            found.notes.append(
                f"{grain.id}: no World (partnerCode 0) to add up to: taken as a query of the"
                f" {len(held)} partners found; say partners=all if it asked for all"
            )
    elif gap.exact:
        found.extents[key] = Extent("declared")
    else:
        partial = gap.share > TRACE
        if partial:
            found.extents[key] = Extent("declared_list", held)
        only = ": only the partners listed are covered" if partial else ""
        found.warnings.append(f"{grain.id}: the partners miss {gap.text('the World')}{only}")


def _gap(leaves: pl.DataFrame, totals: pl.DataFrame | None, column: str) -> _Gap | None:
    """None where a sum of leaves has no printed total to be compared with."""
    if totals is None:
        return None
    keys = [c for c in ("flow", "period", "months", "partner_code", "product") if c != column]
    # Equal rows twice are one row: they are counted as duplicates and loaded once.
    leaves = leaves.unique([*keys, column, "value"], maintain_order=True)
    totals = totals.unique([*keys, "value"], maintain_order=True)
    sums = leaves.group_by(keys).agg(pl.col("value").sum().alias("sum"), pl.len().alias("n"))
    both = totals.select(*keys, "value").join(sums, on=keys, how="left", nulls_equal=True)
    if both.is_empty():
        return None
    both = both.with_columns(
        gap=pl.col("sum").fill_null(0) - pl.col("value"), n=pl.col("n").fill_null(0)
    )
    # A rounded dollar is off by half a dollar at most, on either side.
    off = both.filter(2 * pl.col("gap").abs() > pl.col("n") + 1)
    printed = int(both["value"].sum())
    unprinted = sums.join(totals.select(keys), on=keys, how="anti", nulls_equal=True)
    if off.is_empty():
        return _Gap(True, 0, printed, 0, "") if unprinted.is_empty() else None
    order = [pl.col("gap").abs(), *keys]
    worst = off.sort(order, descending=[True, *[False] * len(keys)]).row(0, named=True)
    named = f"{month_text(worst['period'])} {worst['flow']} {worst.get('product') or ''}".strip()
    return _Gap(False, int(off["gap"].abs().sum()), printed, off.height, named)
