"""Which parts go into which final goods: `seeds/parts_to_final.csv`, by HS codes.

A code of six digits on the final side is a final good as it stands; a heading or chapter stands for
its subheadings that are consumption or capital goods (`vocab/end_use.py`), parts excepted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from provexpo.vocab.end_use import FINAL, end_use
from provexpo.vocab.tables import rows


@dataclass(frozen=True)
class PartRule:
    """`is_generic`: the part goes into most goods of a chapter, such as integrated circuits."""

    part: str
    final: str
    is_generic: bool


@cache
def part_rules() -> tuple[PartRule, ...]:
    return tuple(
        PartRule(r["part"], r["final"], r["kind"] == "generic") for r in rows("parts_to_final")
    )


def final_chapters() -> tuple[str, ...]:
    """The chapters in which the map knows final goods."""
    return tuple(sorted({r.final[:2] for r in part_rules()}))


@cache
def _rules_of(code: str) -> tuple[PartRule, ...]:
    if any(code.startswith(r.part) for r in part_rules()):
        return ()
    is_final = end_use(6)(code) in FINAL
    return tuple(
        r for r in part_rules() if code.startswith(r.final) and (is_final or len(r.final) == 6)
    )


def rules_of(codes: Iterable[str]) -> tuple[PartRule, ...]:
    """The rules whose final goods hold one of these HS6 codes, such as the members of a family;
    empty where none of them is a final good that the map knows."""
    return tuple(dict.fromkeys(r for code in codes for r in _rules_of(code)))
