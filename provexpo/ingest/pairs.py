"""CNY and USD downloads of one query: both must hold the same cells and the same quantities."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from provexpo.ingest.rows import FileRows
from provexpo.periods import month_text

_CELL = ["grain", "flow", "period", "months", "province", "partner_code", "product", "regime"]
_QUANTITIES = ["quantity", "unit", "quantity2", "unit2"]
_SHARED = 0.5  # files of one query share at least this part of the smaller one's cells


def compare_pairs(files: Sequence[FileRows]) -> tuple[str, ...]:
    """Warnings about cells or quantities that only one currency has.

    Files belong together when they share at least half of the cells of the smaller one; pieces of
    one query are joined before they are compared.
    """
    sides = [_side(files, "CNY"), _side(files, "USD")]
    if any(side is None for side in sides):
        return ()
    cny, usd = (side for side in sides if side is not None)
    warnings: list[str] = []
    for cny_files, usd_files in _groups(cny, usd):
        left = cny.filter(pl.col("file").is_in(cny_files)).unique(_CELL, keep="any")
        right = usd.filter(pl.col("file").is_in(usd_files)).unique(_CELL, keep="any")
        names = f"{_names(files, cny_files)} (CNY) and {_names(files, usd_files)} (USD)"
        warnings += _differences(left, right, names)
    return tuple(warnings)


def _side(files: Sequence[FileRows], currency: str) -> pl.DataFrame | None:
    """All cells of one currency with the number of their file. Files that hold both currencies,
    and files of other sources than the query, have nothing to be paired with."""
    parts = [
        file.rows.select(*_CELL, *_QUANTITIES, pl.lit(i, dtype=pl.UInt32).alias("file"))
        for i, file in enumerate(files)
        if {s.currency for s in file.scopes} == {currency} and file.layout == "query"
    ]
    return pl.concat(parts) if parts else None


def _groups(cny: pl.DataFrame, usd: pl.DataFrame) -> list[tuple[list[int], list[int]]]:
    """Files of either currency that hang together by shared cells."""
    shared = (
        cny.select(*_CELL, "file")
        .join(usd.select(*_CELL, "file"), on=_CELL, nulls_equal=True, suffix="_usd")
        .group_by("file", "file_usd")
        .len()
    )
    size = {
        **dict(cny.group_by("file").len().iter_rows()),
        **dict(usd.group_by("file").len().iter_rows()),
    }
    links = [
        (a, b) for a, b, n in shared.sort("file", "file_usd").iter_rows()
        if n >= _SHARED * min(size[a], size[b])
    ]  # fmt: skip
    groups: list[tuple[set[int], set[int]]] = []
    for a, b in links:
        near = [g for g in groups if a in g[0] or b in g[1]]
        groups = [g for g in groups if g not in near]
        groups.append((
            {a}.union(*(g[0] for g in near)), {b}.union(*(g[1] for g in near)),
        ))  # fmt: skip
    return [(sorted(a), sorted(b)) for a, b in groups]


def _differences(cny: pl.DataFrame, usd: pl.DataFrame, names: str) -> list[str]:
    found = []
    for here, there, currency in ((cny, usd, "CNY"), (usd, cny, "USD")):
        alone = here.join(there, on=_CELL, how="anti", nulls_equal=True)
        if not alone.is_empty():
            found.append(f"{names}: {alone.height} cells only in {currency}: {_examples(alone)}")
    both = cny.join(usd, on=_CELL, nulls_equal=True, suffix="_usd")
    unlike = both.filter(
        pl.any_horizontal(*(pl.col(q).ne_missing(pl.col(f"{q}_usd")) for q in _QUANTITIES))
    )
    if not unlike.is_empty():
        first = unlike.sort(_CELL).row(0, named=True)
        shown = next(
            f"{first[q]} and {first[f'{q}_usd']}"
            for q in _QUANTITIES
            if first[q] != first[f"{q}_usd"]
        )
        found.append(
            f"{names}: quantities differ in {unlike.height} of {both.height} cells:"
            f" {_examples(unlike)} ({shown} in the first)"
        )
    return found


def _examples(cells: pl.DataFrame) -> str:
    shown = []
    for row in cells.sort(_CELL).head(3).iter_rows(named=True):
        parts = [month_text(row["period"])]
        for label, name in (
            ("place", "province"),
            ("partner", "partner_code"),
            ("HS", "product"),
            ("regime", "regime"),
        ):
            if row[name] is not None:
                parts.append(f"{label} {row[name]}")
        shown.append(" ".join(parts))
    return "; ".join(shown)


def _names(files: Sequence[FileRows], chosen: Sequence[int]) -> str:
    names = [files[i].path for i in chosen]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
