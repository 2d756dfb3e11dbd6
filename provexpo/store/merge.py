"""Which rows a load adds, replaces and removes: the newest vintage wins, not the newest load.

Every cell has entries (vintage, figure). An entry without a value is a *stated absence*: a file
whose scope is declared covers the cell and does not have it. It stands only behind an older
figure, where it makes a difference. At one vintage a figure beats an absence, since several files
of one release may cover one another's cells.

`flows` holds a cell's figure by its newest entry, `history` every other entry, so that `as_of` can
pick the newest one published by a date. An entry that only confirms the figure in `flows` goes to
`history` too: without it an older vintage that arrives late could win.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from provexpo.errors import CoverageError
from provexpo.ingest.rows import KEY, ROW_SCHEMA, Scope
from provexpo.store.boxes import inside, states_absence, table_of

_KEY = list(KEY)
_ENTRY = [*_KEY, "vintage"]
# What a source says of a cell: two entries that differ in any of these say different things.
_SAID = ["value", "quantity", "unit", "quantity2", "unit2"]
SCHEMA = {**ROW_SCHEMA, "load": pl.Int64}


@dataclass(frozen=True)
class Plan:
    """What one load does: `added` rows come into `flows`, `removed` ones go to `history`."""

    added: pl.DataFrame
    removed: pl.DataFrame
    history: pl.DataFrame
    new: int
    changed: int
    unchanged: int
    zeroed: int
    older: int  # rows that another, newer figure of their cell already replaces
    kept: int  # cells inside an assumed scope that the new file no longer has


def dedupe(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One row per key and vintage; the same key said twice with two figures is an error."""
    if not rows.select(_ENTRY).is_duplicated().any():
        return rows, 0
    unique = rows.unique([*_ENTRY, *_SAID], keep="first", maintain_order=True)
    twice = unique.filter(pl.struct(_ENTRY).is_duplicated())
    if twice.height:
        raise _two_figures(twice)
    return unique, rows.height - unique.height


def plan(
    incoming: pl.DataFrame,
    current: pl.DataFrame,
    history: pl.DataFrame,
    new_scopes: Iterable[Scope],
    scopes: Iterable[Scope],
    load: int,
) -> Plan:
    """Compare a load's rows with the entries held for the same cells.

    `incoming` is deduplicated. `current` and `history` hold at least the entries of its cells and
    of the cells in the boxes of `new_scopes`; `scopes` are those in force after the load.
    """
    held = pl.concat([current, history])
    figures = held.filter(pl.col("value").is_not_null())
    _refuse_contradictions(incoming, figures)
    fresh = incoming.join(figures, on=_ENTRY, how="anti", nulls_equal=True)
    absent = _stated_absences(pl.concat([held, fresh]), scopes, load)

    entries = pl.concat([held, fresh, absent])
    newest = _newest(entries).filter(pl.col("value").is_not_null())
    staying = _same_figure(current, newest)
    removed = current.join(staying, on=_KEY, how="anti", nulls_equal=True)
    added = newest.join(staying, on=_KEY, how="anti", nulls_equal=True)
    aside = fresh.join(added, on=_ENTRY, how="anti", nulls_equal=True)
    confirming = _same_figure(aside, newest).height
    changed = added.join(held, on=_KEY, how="semi", nulls_equal=True).height
    return Plan(
        added=added,
        removed=removed,
        history=pl.concat([removed, aside, absent]),
        new=added.height - changed,
        changed=changed,
        unchanged=incoming.height - fresh.height + confirming,
        zeroed=removed.join(added, on=_KEY, how="anti", nulls_equal=True).height,
        older=aside.height - confirming,
        kept=_kept(incoming, current, removed, new_scopes),
    )


def _newest(entries: pl.DataFrame) -> pl.DataFrame:
    """One entry a cell: the newest, and at one vintage a figure before an absence."""
    if not entries.select(_KEY).is_duplicated().any():
        return entries
    ranked = entries.sort(
        "vintage", pl.col("value").is_null(), descending=[True, False], maintain_order=True
    )
    return ranked.unique(_KEY, keep="first", maintain_order=True)


def _same_figure(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Keys of the rows whose cell has the same figure among the others."""
    both = rows.select(*_KEY, *_SAID).join(
        others.select(*_KEY, *_SAID), on=_KEY, how="inner", nulls_equal=True
    )
    return both.filter(_says_the_same()).select(_KEY)


def _says_the_same() -> pl.Expr:
    return pl.all_horizontal([pl.col(c).eq_missing(pl.col(f"{c}_right")) for c in _SAID])


def _stated_absences(entries: pl.DataFrame, scopes: Iterable[Scope], load: int) -> pl.DataFrame:
    """Absences that the scopes state of these cells and that are not among the entries yet.

    Old scopes count for figures that arrive late, new ones for the figures held.
    """
    none = entries.clear()
    first: Any = entries["vintage"].min()
    stating = [s for s in scopes if states_absence(s) and first is not None and s.vintage > first]
    if not stating:
        return none
    oldest = entries.sort("vintage").unique(_KEY, keep="first", maintain_order=True)
    # By table and year: few tests of few rows each, for many small files as for a few large ones.
    year = (pl.col("period") // 100).alias("year")
    by = ["grain", "flow", "currency", "year"]
    cells = oldest.with_columns(year).partition_by(by, as_dict=True)
    found = [none]
    for scope in stating:
        for year_covered in sorted({period // 100 for period, _ in scope.spans}):
            there = cells.get((*table_of(scope), year_covered))
            if there is not None:
                covered = there.filter(inside(scope) & (pl.col("vintage") < scope.vintage))
                found.append(
                    covered.drop("year").with_columns(vintage=pl.lit(scope.vintage, pl.Int64))
                )
    stated = pl.concat(found).with_columns(
        *(pl.lit(None, SCHEMA[c]).alias(c) for c in _SAID), load=pl.lit(load, pl.Int64)
    )
    stated = stated.unique(_ENTRY, maintain_order=True)
    stated = stated.join(entries, on=_ENTRY, how="anti", nulls_equal=True)
    return _behind_a_figure(stated, entries)


def _behind_a_figure(stated: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """Those absences whose cell has a figure just before; elsewhere they say nothing new."""
    others = entries.join(stated, on=_KEY, how="semi", nulls_equal=True)
    line = pl.concat(
        [others.with_columns(stated=pl.lit(False)), stated.with_columns(stated=pl.lit(True))]
    ).sort("vintage", pl.col("value").is_not_null(), maintain_order=True)
    before = pl.col("value").is_not_null().shift(1, fill_value=False).over(_KEY)
    return line.filter(pl.col("stated") & before).drop("stated")


def _kept(
    incoming: pl.DataFrame, current: pl.DataFrame, removed: pl.DataFrame, scopes: Iterable[Scope]
) -> int:
    """Cells held that the new files do not have, where nobody said that absent means zero."""
    silent = [s for s in scopes if not states_absence(s)]
    if not silent or current.is_empty():
        return 0
    left = current.join(incoming, on=_KEY, how="anti", nulls_equal=True)
    left = left.join(removed, on=_KEY, how="anti", nulls_equal=True)
    tests = [inside(s) & (pl.col("vintage") < s.vintage) for s in silent]
    return left.filter(pl.any_horizontal(tests)).height


def _refuse_contradictions(incoming: pl.DataFrame, figures: pl.DataFrame) -> None:
    both = incoming.select(*_ENTRY, *_SAID).join(
        figures.select(*_ENTRY, *_SAID), on=_ENTRY, how="inner", nulls_equal=True
    )
    wrong = both.filter(~_says_the_same())
    if wrong.height:
        other = wrong.select(*_ENTRY, *(pl.col(f"{c}_right").alias(c) for c in _SAID))
        raise _two_figures(pl.concat([wrong.select(*_ENTRY, *_SAID), other]))


def _two_figures(rows: pl.DataFrame) -> CoverageError:
    """The error for cells with several figures of one publication date."""
    keys = rows.group_by(_ENTRY, maintain_order=True).agg(_SAID)
    shown = [
        ", ".join(f"{k} {cell[k]}" for k in _KEY[1:] if cell[k] is not None)
        + ": "
        + "; ".join(
            f"{c} {' and '.join(_text(v) for v in cell[c])}" for c in _SAID if len(set(cell[c])) > 1
        )
        for cell in keys.head(5).to_dicts()
    ]
    return CoverageError(
        f"{keys.height} cells have two figures published at the same time:\n  "
        + "\n  ".join(shown),
        expected="one figure for a cell in the files of one publication date",
        do="leave out the wrong file, or give the newer one its own --vintage",
    )


def _text(value: int | str | None) -> str:
    if value is None:
        return "nothing"
    return f"{value:,}" if isinstance(value, int) else value
