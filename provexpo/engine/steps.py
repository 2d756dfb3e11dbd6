"""Named SQL steps: each one readable alone, put together as one statement.

Values are bound (`$name`); identifiers come from fixed vocabularies through `{name}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Any


@dataclass(frozen=True)
class Step:
    """A noun that a reader could plot, and the SELECT that makes it."""

    name: str
    sql: str

    def filled(self, identifiers: Mapping[str, str]) -> Step:
        return Step(self.name, dedent(self.sql).strip().format_map(identifiers))


def statement(steps: Iterable[Step]) -> str:
    """One WITH statement; the last step is its result."""
    *named, last = tuple(steps)
    parts = [f"{s.name} AS (\n{indent(dedent(s.sql).strip(), '  ')}\n)" for s in named]
    head = "WITH " + ",\n".join(parts) + "\n" if parts else ""
    return head + dedent(last.sql).strip()


# tiles: the (period, months) rows that cover each slot of the window, and of its base, once.
# A tile is one integer: is_import, slot (6 digits), is_base (1), months (2), period (6).
TILES = Step(
    "tiles",
    """
    SELECT code % 1000000 AS period, code // 1000000 % 100 AS months,
           code // 100000000 % 10 AS is_base, code // 1000000000 % 1000000 AS slot,
           CASE code // 1000000000000000 WHEN 0 THEN 'export' ELSE 'import' END AS flow
    FROM (SELECT unnest(CAST($tiles AS BIGINT[])) AS code) AS packed
    """,
)

# slots: one row per point of the time key (one in all without a time key), and what is covered.
SLOTS = Step(
    "slots",
    """
    SELECT code // 100 AS slot, code // 10 % 10 = 1 AS has_value, code % 10 = 1 AS has_base
    FROM (SELECT unnest(CAST($slots AS BIGINT[])) AS code) AS packed
    """,
)


def named_in(sql: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a statement names; DuckDB refuses others."""
    return {k: v for k, v in params.items() if re.search(rf"\${k}\b", sql)}


def pack_tile(flow: str, slot: int, is_base: bool, period: int, months: int) -> int:
    head = int(flow == "import") * 10**15 + slot * 10**9
    return head + int(is_base) * 10**8 + months * 10**6 + period


def pack_slot(slot: int, has_value: bool, has_base: bool) -> int:
    return slot * 100 + int(has_value) * 10 + int(has_base)


# The status of a change (methods 0.5), from the columns `value` and `base_value`.
CHANGE_STATUS = """CASE
      WHEN value IS NULL OR base_value IS NULL THEN 'missing'
      WHEN value < 0 OR base_value < 0 THEN 'negative'
      WHEN value = 0 AND base_value = 0 THEN 'none'
      WHEN base_value = 0 THEN 'new'
      WHEN value = 0 THEN 'exit'
      WHEN base_value < {min_base} THEN 'small_base'
      ELSE 'ok' END"""

SMALL_BASE = "coalesce(base_value > 0 AND base_value < {min_base}, false)"
