"""Rises of what was sold to each hub, of final goods and of the parts that go into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provexpo.engine.coverage import Codes, common, listed_in
from provexpo.engine.query import Answer, Query, tiles_of
from provexpo.metrics.partial import declared_partial
from provexpo.vocab.parts import PartRule, rules_of


@dataclass(frozen=True)
class Rises:
    """Rises of the reporter's exports by hub and code; None where they are not known."""

    rises: Mapping[tuple[str, str], int | None]
    members: Mapping[str, tuple[str, ...]]
    held: Codes  # the codes that the files list; None where they hold all
    gap: str | None  # why nothing is known; None where both windows are covered

    @property
    def known(self) -> bool:
        return self.gap is None

    def of(self, hub: str, code: str) -> int | None:
        if not self.known:
            return None
        if (hub, code) in self.rises:
            return self.rises[hub, code]
        return 0 if self._is_held(code) else None

    def parts(self, final: str) -> dict[str, bool]:
        """The parts of a final good that went to some hub, and whether they are generic."""
        if final not in self._parts:
            rules = rules_of(self.members_of(final))
            self._parts[final] = {
                code: all(r.is_generic for r in into)
                for code in self._codes
                if code != final and (into := self._into(code, rules))
            }
        return self._parts[final]

    def holds_parts(self, final: str, *, generic: bool) -> bool:
        """True where the files may hold one part of a kind, or the good has none of the kind."""
        prefixes = [r.part for r in rules_of(self.members_of(final)) if r.is_generic is generic]
        return not prefixes or any(self._is_held(p) for p in prefixes)

    def _into(self, code: str, rules: Sequence[PartRule]) -> list[PartRule]:
        return [r for r in rules if any(m.startswith(r.part) for m in self.members_of(code))]

    @cached_property
    def _codes(self) -> list[str]:
        return sorted({code for _, code in self.rises})

    @cached_property
    def _parts(self) -> dict[str, dict[str, bool]]:
        return {}

    def members_of(self, code: str) -> tuple[str, ...]:
        return self.members.get(code, (code,))

    def _is_held(self, code: str) -> bool:
        if self.held is None:
            return True
        return any(
            listed_in(self.held, "product", m) or any(c.startswith(m) for c in self.held)
            for m in self.members_of(code)
        )


def read_rises(query: Query, answer: Answer) -> Rises:
    rises: dict[tuple[str, str], int | None] = {}
    for hub, code, value, before in answer.frame.select(
        "partner", "product", "value", "base_value"
    ).iter_rows():
        lacking = value is None or before is None
        rises[hub, f"{code:06d}"] = None if lacking else max(value - before, 0)
    now, base = query.slots[0]
    covered = now.tiles is not None and base.tiles is not None
    choice = next(iter(query.chosen.values()))
    tiles = tiles_of(query, choice, base=False) + tiles_of(query, choice, base=True)
    held = common(choice.coverage.codes("product", tiles), "product") if covered else None
    members = {f.code: f.members for f in query.families}
    gap = now.reason or (f"base_{base.reason}" if base.reason else None)
    if gap is None and declared_partial(query, "product"):
        gap = "scope"
    return Rises(rises, members, held, gap)


def figures_of(row: Mapping[str, Any], rises: Rises, code: str) -> dict[str, Any]:
    """The rises of parts and good for one hub and final good, and what they say."""
    hub, parts = row["partner"], rises.parts(code)
    found = {c: rises.of(hub, c) for c in parts}
    final = rises.of(hub, code)
    own = rises.known and rises.holds_parts(code, generic=False)
    every = own and rises.holds_parts(code, generic=True)
    d_parts = _sum(found.values()) if every else None
    specific = _sum(v for c, v in found.items() if not parts[c]) if own else None
    status, reason = row["status"], None
    if status != "missing" and (specific is None or final is None):
        status, reason = "missing", "scope" if rises.known else rises.gap
    rose = status not in ("missing", "negative") and row["change"] > 0
    total, total_specific = (_sum((d, final)) for d in (d_parts, specific))
    if status == "missing":
        state = "missing"
    elif not rose:
        state = "no_market_rise"
    else:
        state = "ok" if total or total_specific else "no_china_rise"
    return {
        "d_parts": d_parts,
        "d_final": final,
        "ri": d_parts / total if rose and total and d_parts is not None else None,
        "d_parts_specific": specific,
        "ri_specific": specific / total_specific
        if rose and total_specific and specific is not None
        else None,
        "n_parts": None if d_parts is None else sum(1 for v in found.values() if v),
        "relocation_status": state,
        "status": status,
        "reason": reason,
    }


def _sum(values: Iterable[int | None]) -> int | None:
    """The sum, missing where a part of it is."""
    held = list(values)
    known = [v for v in held if v is not None]
    return sum(known) if len(known) == len(held) else None
