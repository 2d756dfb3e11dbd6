"""Which rows lie inside the box of cells that a file covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import polars as pl

from provexpo.ingest.rows import DIMENSIONS, Extent, Scope

Table = tuple[str, str, str]


def table_of(scope: Scope) -> Table:
    """Rows of different grains, flows or currencies never stand for one another."""
    return scope.grain.id, scope.flow, scope.currency


def in_force(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """Of one file's scopes the last: a file loaded again with other words keeps only those."""
    return tuple({(s.sha256, *table_of(s)): s for s in scopes}.values())


def states_absence(scope: Scope) -> bool:
    """True when the caller said what the file covers, so that an absent cell is a zero."""
    kinds = [scope.extent(d).kind for d in DIMENSIONS]
    return scope.is_declared and "assumed" not in kinds


def inside(scope: Scope) -> pl.Expr:
    """The rows that lie inside a scope's box."""
    span = pl.col("period").cast(pl.Int64) * 100 + pl.col("months")
    tests = [
        pl.col("grain") == scope.grain.id,
        pl.col("flow") == scope.flow,
        pl.col("currency") == scope.currency,
        span.is_in([p * 100 + m for p, m in scope.spans]),
    ]
    for name in DIMENSIONS:
        extent = scope.extent(name)
        if extent.is_all:
            continue
        if name == "product":
            tests.append(_product_in(extent.codes, scope.grain.product_level))
        else:
            tests.append(pl.col(name).is_in(list(extent.codes)))
    # A row without a code (NULL) lies in no list.
    return pl.all_horizontal(tests).fill_null(False)


def _product_in(codes: Iterable[str], level: int) -> pl.Expr:
    """Products below any of some HS prefixes; a prefix finer than the table names none of it."""
    by_length: dict[int, list[int]] = {}
    for code in codes:
        by_length.setdefault(len(code), []).append(int(code))
    tests = [
        (pl.col("product") // 10 ** (level - n)).is_in(found)
        for n, found in by_length.items()
        if n <= level
    ]
    return pl.any_horizontal(tests) if tests else pl.lit(False)


def near(scopes: Iterable[Scope]) -> pl.Expr:
    """The rows that some scopes may touch: one box a table around all of its scopes.

    A little too much, and quick: hundreds of files would otherwise be hundreds of tests a row.
    """
    by_table: dict[Table, list[Scope]] = {}
    for scope in scopes:
        by_table.setdefault(table_of(scope), []).append(scope)
    boxes = [_around(group) for group in by_table.values()]
    return pl.any_horizontal([inside(box) for box in boxes]) if boxes else pl.lit(False)


def _around(scopes: list[Scope]) -> Scope:
    extents: dict[str, Any] = {d: _union([s.extent(d) for s in scopes]) for d in DIMENSIONS}
    spans = tuple(sorted({span for s in scopes for span in s.spans}))
    return replace(scopes[0], spans=spans, **extents)


def _union(extents: list[Extent]) -> Extent:
    if any(e.is_all for e in extents):
        return Extent("assumed")
    return Extent("listed", tuple(sorted({c for e in extents for c in e.codes})))
