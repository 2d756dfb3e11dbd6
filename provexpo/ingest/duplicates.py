"""Two rows of one cell in one file: equal ones are kept once, different ones are an error."""

from __future__ import annotations

import polars as pl

from provexpo.errors import CoverageError
from provexpo.ingest.layouts.parsed import ROW
from provexpo.ingest.rows import KEY
from provexpo.ingest.table import Table

_SHOWN = ("flow", "period", "province", "partner_code", "product", "regime")
_CONTENT = ("value", "quantity", "unit", "quantity2", "unit2")


def without_duplicates(rows: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, int]:
    """The rows, each key once, and how many equal rows were dropped.

    Raises CoverageError naming the keys and lines of rows with one key and different figures.
    """
    # Constant columns cannot tell two rows apart, and hashing them costs as much as any other.
    key = [name for name in KEY if varies(rows.get_column(name))] or list(KEY[:1])
    # As many hashes as rows: no two are alike. Fewer proves nothing, and the keys are compared.
    if rows.select(pl.struct(key).hash().n_unique()).item() == rows.height:
        return rows, 0
    kept = rows.unique([*key, *_CONTENT], keep="first", maintain_order=True)
    clashing = kept.filter(pl.struct(key).is_duplicated())
    if not clashing.is_empty():
        raise _clash(clashing, key, table)
    return kept, rows.height - kept.height


def varies(column: pl.Series) -> bool:
    """False where every row has the same. The ends settle most columns without a look at all."""
    if column.null_count() == len(column) or column.is_empty():
        return False
    ends = (column[0], column[len(column) // 2], column[-1])
    return len(set(ends)) > 1 or not (column == column[0]).all()


def _clash(clashing: pl.DataFrame, key: list[str], table: Table) -> CoverageError:
    shown = []
    groups = clashing.group_by(key, maintain_order=True)
    for count, (_, rows) in enumerate(groups):
        if count == 5:
            break
        # Named in full, also where all rows of the file agree.
        cell = " ".join(f"{n} {rows[n][0]}" for n in _SHOWN if rows[n][0] is not None)
        values = " and ".join(_figures(rows))
        lines = ", ".join(map(str, table.lines(rows[ROW])))
        shown.append(f"{cell}: {values} (lines {lines})")
    total = clashing.select(key).n_unique()
    return CoverageError(
        f"{total} keys have different figures in one file: {'; '.join(shown)}",
        where=table.where(clashing[ROW].to_list()),
        expected="one figure for each month, place, partner, product and regime",
        do="the file joins downloads of different dates: keep them as separate files, each with"
        " its vintage, and the newer one counts",
    )


def _figures(rows: pl.DataFrame) -> list[str]:
    """What differs between the rows: the value, or else the quantity or unit."""
    differing = next(name for name in _CONTENT if rows[name].n_unique() > 1)
    if differing == "value":
        return [f"{v:,}" for v in rows["value"]]
    return [f"{differing} {'missing' if v is None else v}" for v in rows[differing]]
