"""Product codes that a revision of the nomenclature renamed, split or merged, as families.

A family is a connected component of the links old code - new code. Where a window and its base
lie on two sides of a revision, its codes count as one product: nothing is split by assumed shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from provexpo.vocab.tables import rows

# reporter ("" = every reporter), old code, new code, first month (yyyymm) of the new code
Link = tuple[str, str, str, int]


@dataclass(frozen=True)
class Family:
    """`code` stands for all members: the first of the new codes."""

    code: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    valid_from: int

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.new, *self.old)))

    @property
    def concordance(self) -> str:
        """1:1, 1:n (one old code was split), n:1 or n:m."""
        many = (len(self.old) > 1, len(self.new) > 1)
        return {(False, False): "1:1", (False, True): "1:n", (True, False): "n:1"}.get(many, "n:m")

    def label(self) -> str:
        return f"{'+'.join(self.new)} (until {_before(self.valid_from)}: {'+'.join(self.old)})"


def _before(month: int) -> str:
    year, m = divmod(month, 100)
    return f"{year}-{m - 1:02d}" if m > 1 else f"{year - 1}-12"


@cache
def shipped_links() -> tuple[Link, ...]:
    """The links of `seeds/hs_changes.csv`: the best known changes, not all of them."""
    return tuple(
        (r["reporter"] or "", r["old"], r["new"], int(r["valid_from"])) for r in rows("hs_changes")
    )


def families(links: Iterable[Link], *, reporter: str, first: int, last: int) -> tuple[Family, ...]:
    """The families that months `first` to `last` make necessary: of the links whose new code
    began after `first` and not after `last`."""
    used = [
        (old, new, start)
        for who, old, new, start in links
        if who in ("", reporter) and first < start <= last
    ]
    root: dict[str, str] = {}

    def find(code: str) -> str:
        while root.setdefault(code, code) != code:
            code = root[code]
        return code

    for old, new, _ in used:
        root[find(old)] = find(new)
    groups: dict[str, list[tuple[str, str, int]]] = {}
    for link in used:
        groups.setdefault(find(link[0]), []).append(link)
    found = []
    for group in groups.values():
        after = tuple(sorted({new for _, new, _ in group}))
        before = tuple(sorted({old for old, _, _ in group}))
        found.append(Family(after[0], before, after, min(start for *_, start in group)))
    return tuple(sorted(found, key=lambda f: f.code))


def by_member(found: Iterable[Family]) -> Mapping[str, Family]:
    return {code: family for family in found for code in family.members}


def family_table(found: Iterable[Family], level: int) -> pl.DataFrame:
    """product, family (both whole numbers): the members of one level that change their code."""
    pairs = [
        (int(code), int(f.code))
        for f in found
        for code in f.members
        if len(code) == level and len(f.code) == level
    ]
    schema = {"product": pl.Int64, "family": pl.Int64}
    return pl.DataFrame(pairs, schema=schema, orient="row")
