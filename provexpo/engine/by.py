"""`by=`: the fixed vocabulary of keys that a frame can be broken down by, and their SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

import polars as pl

from provexpo import vocab
from provexpo.errors import CallError
from provexpo.periods import Window, shift

_PLAIN = (
    "province",
    "partner",
    "regime",
    "region",
    "section",
    "sector",
    "month",
    "quarter",
    "year",
)
_LEVELS = {"HS2": 2, "HS4": 4, "HS6": 6, "HS8": 8, "HS10": 10}
_TIME = {"month": 1, "quarter": 3, "year": 12}
_FORMS = (
    "province, region, partner, partner_group:NAME, product:HS2|HS4|HS6|HS8, section, sector,"
    " regime, month, quarter, year"
)


@dataclass(frozen=True)
class Key:
    """One key of a frame.

    `column` is its name in the frame, `dimension` the column of `flows` it is made of (empty for
    time), `level` the HS digits needed, `lookup` the small table joined after aggregation.
    """

    text: str
    column: str
    dimension: str
    level: int = 0
    lookup: str = ""
    group: str = ""

    @property
    def is_time(self) -> bool:
        return not self.dimension

    @property
    def raw(self) -> str:
        """The column that cells are summed by before a lookup is joined."""
        return {"places": "province", "chapters": "hs2", "partner_groups": "partner"}.get(
            self.lookup, self.column
        )

    @property
    def shown(self) -> str:
        """SQL of the key once its lookup is joined: a product counts as its family."""
        return "coalesce(family, product)" if self.lookup == "families" else self.column


def parse_by(by: Sequence[str] | str | None, default: Sequence[str]) -> tuple[Key, ...]:
    """Read `by=`; "nation" or an empty list is the one national row."""
    if by is not None and not isinstance(by, (str, Sequence)):
        raise CallError(f"by={by!r} is not text", where="by=", expected=_FORMS)
    words = list(default) if by is None else [by] if isinstance(by, str) else list(by)
    words = [w.strip() for word in words for w in str(word).split(",") if w.strip()]
    keys = tuple(_key(w) for w in words if w.lower() not in ("nation", "none"))
    columns = [k.column for k in keys]
    doubled = sorted({c for c in columns if columns.count(c) > 1})
    if doubled or sum(k.is_time for k in keys) > 1:
        raise CallError(
            f"by= names {' and '.join(doubled) or 'several time keys'} more than once",
            where="by=",
            expected=f"each of these once, and one of month, quarter, year: {_FORMS}",
        )
    return keys


def _key(word: str) -> Key:
    name, _, rest = word.partition(":")
    name = name.strip().lower()
    if name == "product" and rest.upper() in _LEVELS:
        return Key(word, "product", "product", _LEVELS[rest.upper()])
    if name == "partner_group" and rest:
        return Key(word, "partner_group", "partner", 0, "partner_groups", rest)
    if not rest and name in _TIME:
        return Key(word, name, "")
    if not rest and name in ("province", "partner", "regime"):
        return Key(word, name, name)
    if not rest and name == "region":
        return Key(word, "region", "province", 0, "places")
    if not rest and name in ("section", "sector"):
        return Key(word, name, "product", 2, "chapters")
    close = get_close_matches(word, [*_PLAIN, "product:HS2", "partner_group:continent"], 3)
    raise CallError(
        f"cannot break a table down by {word!r}",
        where="by=",
        expected=_FORMS,
        do=f"did you mean {' or '.join(close)}?" if close else None,
    )


def lookups(keys: Sequence[Key]) -> dict[str, pl.DataFrame]:
    """The small tables of the vocabulary that these keys are joined with."""
    named = ((k.lookup, k.group if k.lookup == "partner_groups" else "") for k in keys)
    return {name: _lookup(name, group) for name, group in named if name in _TABLES}


_TABLES = ("places", "chapters", "partner_groups")


@cache
def _lookup(name: str, group: str) -> pl.DataFrame:
    if name == "places":
        return vocab.place_table().select("province", "region")
    if name == "chapters":
        return vocab.chapter_table().select("hs2", "section", "sector")
    return vocab.partition(group)


def slot_windows(window: Window, keys: Sequence[Key]) -> list[Window]:
    """The window itself, or its months, quarters or years when a time key is asked for."""
    size = next((_TIME[k.column] for k in keys if k.is_time), 0)
    if not size:
        return [window]
    windows: list[Window] = []
    first = window.first
    while first <= window.last:
        unit_end = first // 100 * 100 + ((first % 100 - 1) // size + 1) * size
        windows.append(Window(first, min(unit_end, window.last)))
        first = shift(windows[-1].last, 1)
    return windows


def cut_slots(slots: Sequence[Window], keys: Sequence[Key]) -> dict[str, Window]:
    """The quarters or years that the window holds only a part of."""
    return {
        slot_text(w, k): w for k in keys if k.is_time for w in slots if w.n_months < _TIME[k.column]
    }


def slot_text(slot: Window, key: Key) -> str:
    """What a time key shows: 2025-07, 2025Q3 or 2025."""
    year, month = slot.first // 100, slot.first % 100
    if key.column == "quarter":
        return f"{year}Q{(month - 1) // 3 + 1}"
    return f"{year}-{month:02d}" if key.column == "month" else str(year)
