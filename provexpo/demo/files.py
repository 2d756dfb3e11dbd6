"""Rows of the sample handed over as if read from files: scopes, checksums, publication dates."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Iterable

import polars as pl

from provexpo.demo import tables
from provexpo.ingest.rows import Extent, FileRows, Grain, Scope

VINTAGE = calendar.timegm((2025, 12, 20, 0, 0, 0))
CUBE = Grain("CHN", "illustrative", province=True, partner=True, product_level=8, regime=False)


def scope_of(
    grain: Grain, flow: str, currency: str, spans: Iterable[tuple[int, int]], path: str,
    *, vintage: int = VINTAGE, **extents: Extent,
) -> Scope:  # fmt: skip
    """The box a file covers: all of every dimension the grain has, unless an extent says less."""

    def extent(dimension: str) -> Extent:
        whole = Extent("declared" if grain.has(dimension) else "absent")
        return extents.get(dimension, whole)

    return Scope(
        grain=grain, flow=flow, currency=currency, spans=tuple(spans), months_declared=True,
        province=extent("province"), partner=extent("partner"), product=extent("product"),
        regime=extent("regime"), vintage=vintage, sha256=sha256(path), file=path,
    )  # fmt: skip


def sha256(path: str) -> str:
    """Of the recipe and the name: the files are made, not read."""
    return hashlib.sha256(f"{tables.digest()} {path}".encode()).hexdigest()


def file_of(
    path: str, layout: str, rows: pl.DataFrame, scopes: tuple[Scope, ...], notes: tuple[str, ...],
    *, vintage: int = VINTAGE,
) -> FileRows:  # fmt: skip
    return FileRows(
        path=path, sha256=sha256(path), layout=layout, encoding="none", vintage=vintage,
        vintage_source="stated", rows=rows, scopes=scopes, data_rows=len(rows), notes=notes,
    )  # fmt: skip
