"""Cells finer than the frame's rows: the keys that a metric sums over itself.

A concentration of each province is made of its partners: `prepare(..., inner=("partner",))` gives
`sums` one row a province and partner, and the metric's steps bring it back to provinces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from provexpo.engine.by import Key, parse_by
from provexpo.engine.call import Call
from provexpo.engine.coverage import SlotCover
from provexpo.engine.tables import Chosen


@dataclass(frozen=True)
class Inner:
    """One inner key. `coarser`: at the table's own product level where that is coarser;
    `optional`: left out where the table is not broken down by it."""

    key: Key
    coarser: bool = False
    optional: bool = False


def parse_inner(words: Sequence[str]) -> tuple[Inner, ...]:
    """Read `partner`, `product:HS6`, `product:HS6-` (or coarser), each with `?` where optional."""
    found = []
    for word in words:
        plain = word.removesuffix("?")
        key = parse_by(plain.removesuffix("-"), ())[0]
        found.append(Inner(key, plain.endswith("-"), word.endswith("?")))
    return tuple(found)


def needed(inner: Sequence[Inner], keys: Sequence[Key]) -> tuple[Key, ...]:
    """What the table must have: none of the optional keys, no digits where coarser will do."""
    columns = {k.column for k in keys}
    return tuple(
        replace(i.key, level=0) if i.coarser else i.key
        for i in inner
        if not i.optional and i.key.column not in columns
    )


def wished_level(inner: Sequence[Inner]) -> int:
    return max((i.key.level for i in inner if i.coarser or i.optional), default=0)


def fitted(inner: Sequence[Inner], call: Call, chosen: Mapping[str, Chosen]) -> tuple[Key, ...]:
    """The inner keys as the chosen tables can give them."""
    level = min(c.grain.product_level for c in chosen.values())
    columns = {k.column for k in call.keys}
    keys = []
    for i in inner:
        has = all(c.grain.has(i.key.dimension) for c in chosen.values())
        if i.key.column in columns or (i.optional and not has):
            continue
        key = i.key
        if i.coarser and key.level > level:
            key = replace(key, level=level, text=f"product:HS{level}")
        if key.level <= level or not key.level:
            keys.append(key)
    return tuple(keys)


def with_named_rows(
    call: Call,
    slots: Sequence[tuple[SlotCover, SlotCover]],
    frame: pl.DataFrame,
    level: bool,
) -> pl.DataFrame:
    """Give the nation, and codes that were named one by one, a row where nothing was traded.

    `level`: the figures are of the window alone, and stand without a base.
    """
    keys = call.entity_keys
    if not call.inner or len(keys) > 1 or "status" not in frame.columns:
        return frame
    wanted: list[object] = [None]
    if keys:
        key, chosen = keys[0], call.selections[keys[0].dimension]
        if key.lookup or chosen.negate or key.dimension == "product":
            return frame
        wanted = list(chosen.exact)
    column = keys[0].column if keys else None
    held = set(frame.select([column, "slot"] if column else ["slot"]).rows())
    rows = []
    for code in wanted:
        for now, base in slots:
            slot = now.window.first
            if ((code, slot) if column else (slot,)) not in held:
                row = _untraded(now.tiles is not None, base.tiles is not None, level)
                rows.append(row | {"slot": slot} | ({column: code} if column else {}))
    if not rows:
        return frame
    schema = {c: t for c, t in frame.schema.items() if any(c in row for row in rows)}
    return pl.concat([frame, pl.DataFrame(rows, schema=schema)], how="diagonal")


def _untraded(has_value: bool, has_base: bool, level: bool) -> dict[str, object]:
    """A row of nothing: zero where the files cover it, missing where they do not."""
    known = has_value and (has_base or level)
    row: dict[str, object] = {"status": "none" if known else "missing", "small_base": False}
    if has_value:
        row["value"] = 0
    if has_base:
        row["base_value"] = 0
    if has_value and has_base:
        row |= dict.fromkeys(("change", "d_us", "d_row"), 0)
    return row
