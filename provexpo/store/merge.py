"""Which rows a load adds, replaces and removes: the newest vintage wins, not the newest load.

Every cell has one or more entries (vintage, value); a tombstone is an entry without a value: a
declared scope that no longer holds the cell. `flows` holds the cell's value by its newest entry,
`history` every other entry, so that `as_of` can pick the newest one published by a date. An entry
that only confirms the value in `flows` goes to `history` too: without it an older vintage that
arrives late could win.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from provexpo.errors import CoverageError
from provexpo.ingest.rows import DIMENSIONS, KEY, ROW_SCHEMA, Scope

_KEY = list(KEY)
_SAID = ["value", "quantity", "quantity2"]
COLUMNS = [*ROW_SCHEMA, "load"]


@dataclass(frozen=True)
class Plan:
    """What one load does. `removed` are keys of `flows` rows that go; `added` rows come."""

    added: pl.DataFrame
    removed: pl.DataFrame
    history: pl.DataFrame
    new: int
    changed: int
    unchanged: int
    zeroed: int
    older: int
    kept_vanished: int  # cells inside an assumed scope that the new file no longer has

    @property
    def changes_rows(self) -> bool:
        return bool(self.added.height or self.removed.height or self.history.height)


def dedupe(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One row per key and vintage; the same key said twice with two values is an error."""
    by = [*_KEY, "vintage"]
    unique = rows.unique([*by, *_SAID], keep="first", maintain_order=True)
    twice = unique.filter(pl.struct(by).is_duplicated())
    if twice.height:
        raise _two_values(twice)
    return unique, rows.height - unique.height


def _two_values(rows: pl.DataFrame) -> CoverageError:
    keys = rows.group_by(_KEY, maintain_order=True).agg(pl.col("value"))
    shown = [
        ", ".join(f"{k} {r[k]}" for k in _KEY[1:] if r[k] is not None)
        + f": {' and '.join(f'{v:,}' if v is not None else 'nothing' for v in r['value'])}"
        for r in keys.head(5).to_dicts()
    ]
    return CoverageError(
        f"{keys.height} cells have two values published at the same time:\n  " + "\n  ".join(shown),
        expected="one value for a cell in the files of one publication date",
        do="leave out the wrong file, or give the newer one its own --vintage",
    )


def in_scope(scope: Scope, *, every_product: bool = False) -> pl.Expr:
    """The rows that lie inside a scope's box."""
    span = pl.col("period").cast(pl.Int64) * 100 + pl.col("months")
    test = (
        (pl.col("grain") == scope.grain.id)
        & (pl.col("flow") == scope.flow)
        & (pl.col("currency") == scope.currency)
        & span.is_in([p * 100 + m for p, m in scope.spans])
    )
    for name in DIMENSIONS:
        extent = scope.extent(name)
        if extent.is_all or (name == "product" and every_product):
            continue
        if name == "product":
            test &= _product_in(extent.codes, scope.grain.product_level)
        else:
            test &= pl.col(name).is_in(list(extent.codes))
    return test


def _product_in(codes: Iterable[str], level: int) -> pl.Expr:
    by_length: dict[int, list[int]] = {}
    for code in codes:
        by_length.setdefault(len(code), []).append(int(code))
    tests = [
        (pl.col("product") // 10 ** (level - n)).is_in(found)
        for n, found in by_length.items()
        if n <= level
    ]
    return pl.any_horizontal(tests) if tests else pl.lit(False)


def states_absence(scope: Scope) -> bool:
    """True when the caller said what the file covers, so that an absent cell is a zero."""
    kinds = [scope.extent(d).kind for d in DIMENSIONS]
    return scope.is_declared and "assumed" not in kinds


def plan(
    incoming: pl.DataFrame,
    current: pl.DataFrame,
    history: pl.DataFrame,
    new_scopes: Iterable[Scope],
    old_scopes: Iterable[Scope],
) -> Plan:
    """Compare a load's rows with the entries held for the same cells.

    `incoming` is deduplicated, `current` and `history` hold at least the cells of the incoming
    rows and of the new scopes' boxes.
    """
    new_scopes = tuple(new_scopes)
    vanished, kept = _vanished(incoming, current, new_scopes)
    tombstones = _late_tombstones(incoming, current, history, old_scopes)
    held = pl.concat([e.select([*_KEY, "vintage", *_SAID]) for e in (current, history)])
    _refuse_contradictions(incoming, held)
    fresh = incoming.join(held, on=[*_KEY, "vintage"], how="anti", nulls_equal=True)

    entries = pl.concat(
        [
            current.with_columns(origin=pl.lit(0)),
            history.with_columns(origin=pl.lit(1)),
            fresh.with_columns(origin=pl.lit(2)),
            vanished.with_columns(origin=pl.lit(3)),
            tombstones.with_columns(origin=pl.lit(3)),
        ]
    )
    newest = (
        entries.sort("vintage", "origin", descending=[True, True])
        .unique(_KEY, keep="first", maintain_order=True)
        .select([*_KEY, *(pl.col(c).alias(f"{c}_now") for c in _SAID), "origin"])
    )
    state = current.join(newest.drop("origin"), on=_KEY, how="left", nulls_equal=True)
    same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_now")) for c in _SAID)
    removed = state.filter(~same).select(COLUMNS)
    winners = newest.filter(pl.col("value_now").is_not_null()).select(_KEY)
    staying = state.filter(same).select(_KEY)
    to_flows = winners.join(staying, on=_KEY, how="anti", nulls_equal=True)
    added = (
        entries.filter(pl.col("origin") > 0)
        .join(to_flows, on=_KEY, how="semi", nulls_equal=True)
        .sort("vintage", "origin", descending=[True, True])
        .unique(_KEY, keep="first", maintain_order=True)
    )
    # An entry that moves from history to flows stays in history as well: harmless, and append-only.
    not_current = fresh.join(
        added.select([*_KEY, "vintage"]), on=[*_KEY, "vintage"], how="anti", nulls_equal=True
    )
    zeroed = removed.join(added, on=_KEY, how="anti", nulls_equal=True).height
    known = held.select(_KEY).unique()
    changed = added.join(known, on=_KEY, how="semi", nulls_equal=True).height
    return Plan(
        added=added.select(COLUMNS),
        removed=removed,
        history=pl.concat(
            [d.select(COLUMNS) for d in (removed, not_current, vanished, tombstones)]
        ),
        new=added.height - changed,
        changed=changed,
        unchanged=incoming.height - fresh.height
        + not_current.join(staying, on=_KEY, how="semi", nulls_equal=True).height,
        zeroed=zeroed,
        older=not_current.join(staying, on=_KEY, how="anti", nulls_equal=True).height,
        kept_vanished=kept,
    )  # fmt: skip


def _vanished(
    incoming: pl.DataFrame, current: pl.DataFrame, scopes: tuple[Scope, ...]
) -> tuple[pl.DataFrame, int]:
    """Tombstones for cells that a declared scope holds and its load no longer has."""
    absent = current.join(incoming.select(_KEY), on=_KEY, how="anti", nulls_equal=True)
    declared, kept = [absent.clear()], 0
    for scope in scopes:
        inside = absent.filter(in_scope(scope) & (pl.col("vintage") < scope.vintage))
        if states_absence(scope):
            declared.append(inside.with_columns(vintage=pl.lit(scope.vintage, dtype=pl.Int64)))
        else:
            kept += inside.height
    gone = pl.concat(declared).sort("vintage", descending=True)
    return _as_tombstones(gone.unique(_KEY, keep="first", maintain_order=True)), kept


def _late_tombstones(
    incoming: pl.DataFrame,
    current: pl.DataFrame,
    history: pl.DataFrame,
    scopes: Iterable[Scope],
) -> pl.DataFrame:
    """An old figure that arrives late, in a cell that a newer declared scope already left out."""
    seen = pl.concat([current.select(_KEY), history.select(_KEY)]).unique()
    unseen = incoming.join(seen, on=_KEY, how="anti", nulls_equal=True)
    found = [unseen.clear()]
    for scope in scopes:
        if states_absence(scope):
            inside = unseen.filter(in_scope(scope) & (pl.col("vintage") < scope.vintage))
            found.append(inside.with_columns(vintage=pl.lit(scope.vintage, dtype=pl.Int64)))
    late = pl.concat(found).sort("vintage", descending=True)
    return _as_tombstones(late.unique(_KEY, keep="first", maintain_order=True))


def _as_tombstones(rows: pl.DataFrame) -> pl.DataFrame:
    none = pl.lit(None)
    return rows.with_columns(
        value=none.cast(pl.Int64), quantity=none.cast(pl.Int64), quantity2=none.cast(pl.Int64)
    )


def _refuse_contradictions(incoming: pl.DataFrame, held: pl.DataFrame) -> None:
    by = [*_KEY, "vintage"]
    both = incoming.select([*by, *_SAID]).join(held, on=by, how="inner", nulls_equal=True)
    differ = (
        ~pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_right")) for c in _SAID)
        & pl.col("value_right").is_not_null()
    )
    wrong = both.filter(differ)
    if wrong.height:
        other = wrong.select([*_KEY, pl.col("value_right").alias("value")])
        raise _two_values(pl.concat([wrong.select([*_KEY, "value"]), other]))
