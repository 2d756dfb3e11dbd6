"""Steering rules: what the drawn trade must hold besides its margins, one row of a seed a rule.

A rule bounds one figure of a set of cells (provinces x partners x products), such as its change
over a year. `docs/sample.md` says which bounds are published and which are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provexpo.demo import tables
from provexpo.demo.series import Series
from provexpo.demo.tables import MONTHS, Flags, Ints
from provexpo.errors import CheckError

SEED = "sample_rules.csv"
MEASURES = ("ratio", "change", "level", "share", "share_of_change")


@dataclass(frozen=True)
class Rule:
    """One row: `low` <= `measure` of the months `first`..`last` <= `high`, in USD (million).

    ratio: over the same months a year before; change: minus them; level: the sum; share: of all
    products of the same provinces and partners; share_of_change: change over their change.
    `each` "province" or "partner": the bounds hold for each of them, else for the set as a whole.
    """

    statement: str
    each: str
    provinces: str
    partners: str
    products: str
    measure: str
    window: tuple[int, int]  # positions in MONTHS
    low: float
    high: float
    moves: tuple[int, int]  # the months whose cells are scaled

    @property
    def needs_base(self) -> bool:
        return self.measure in ("ratio", "change", "share_of_change")


def read_rules() -> tuple[Rule, ...]:
    """Return the rules in the seed's order; CheckError for a word that is not known."""
    rules = []
    for row in tables.read(SEED):
        first, last, move_first, move_last = (
            MONTHS.index(int(row[c])) for c in ("first", "last", "move_first", "move_last")
        )
        if row["measure"] not in MEASURES or row["each"] not in ("", "province", "partner"):
            raise CheckError(
                f"unknown rule {row['measure']!r} for each {row['each']!r}",
                where=f"seeds/{SEED}",
                expected=", ".join(MEASURES),
            )
        rules.append(
            Rule(
                row["statement"], row["each"], row["provinces"], row["partners"], row["products"],
                row["measure"], (first, last), float(row["low"]), float(row["high"]),
                (move_first, move_last),
            )
        )  # fmt: skip
    return tuple(rules)


def labels(rule: Rule, s: Series) -> tuple[Ints, Ints, tuple[str, ...]]:
    """For each series the figure it belongs to (-1: none), of the goods and of all goods."""
    where, whom = _provinces(rule.provinces)[s.province], _partners(rule.partners)[s.partner]
    place = where & whom
    names: tuple[str, ...]
    if rule.each == "province":
        number, names = s.province, tables.provinces()
    elif rule.each == "partner":
        number, names = s.partner, tables.partners().names
    else:
        number, names = np.zeros(len(s), dtype=np.int64), (rule.partners,)
    every = np.where(place, number, -1)
    return np.where(_products(rule.products)[s.product], every, -1), every, names


def _provinces(text: str) -> Flags:
    chosen = set(text.split())
    return np.array([text == "all" or p in chosen for p in tables.provinces()])


def _partners(text: str) -> Flags:
    """ "all", or partners and groups with ";" between them, or "not" and such a list."""
    names = tables.partners().names
    if text == "all":
        return np.ones(len(names), dtype=np.bool_)
    inverse = text.startswith("not ")
    members = {p for word in text.removeprefix("not ").split(";") for p in tables.members(word)}
    held = np.array([n in members for n in names])
    return ~held if inverse else held


def _products(text: str) -> Flags:
    codes = tables.products().codes
    if text == "all":
        return np.ones(len(codes), dtype=np.bool_)
    prefixes = tuple(p for word in text.split(";") for p in tables.basket(word))
    return np.array([c.startswith(prefixes) for c in codes])
