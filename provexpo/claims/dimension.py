"""The unit of a pick that calculates: what its figure may be published in.

A figure is never held against a number of another kind: a quotient is no amount, a difference of
two shares is points, and a condition is true or false.
"""

from __future__ import annotations

from collections.abc import Callable

from provexpo.claims.picks import (
    Aggregate,
    Arithmetic,
    Both,
    Column,
    Comparison,
    Minus,
    Node,
    Number,
    PickError,
    text_of,
)

NUMBER = "number"
QUOTIENT = "quotient"  # of two figures of one unit
POINTS = "points"  # a difference of two shares or rates, as a fraction
TRUTH = "boolean"
_PURE = ("fraction", "ratio", QUOTIENT, POINTS)


def is_money(unit: str | None) -> bool:
    return unit is not None and len(unit) == 3 and unit.isupper()


def plain(unit: str | None) -> str | None:
    """A unit that the number formatter knows; None for those that only calculations have."""
    return None if unit in (NUMBER, QUOTIENT, POINTS, TRUTH) else unit


def unit_of(node: Node, of_column: Callable[[Column], str | None]) -> str | None:
    """The unit of a pick; None where it cannot be told. Raises PickError where units do not mix."""
    match node:
        case Number():
            return NUMBER
        case Column():
            return of_column(node)
        case Minus(of):
            return unit_of(of, of_column)
        case Comparison() | Both():
            return TRUTH
        case Aggregate(name, of):
            if name in ("count", "rank"):
                return "count"
            return "fraction" if name == "part" or of is None else unit_of(of, of_column)
        case Arithmetic(sign, left, right):
            units = unit_of(left, of_column), unit_of(right, of_column)
            if None in units:
                return None
            if sign in "+-":
                return _sum(node, sign, *map(str, units))
            return (_quotient if sign == "/" else _product)(*map(str, units))
    return None


def _sum(node: Arithmetic, sign: str, a: str, b: str) -> str:
    if a == b:
        return POINTS if sign == "-" and a in _PURE else a
    if NUMBER in (a, b):
        return b if a == NUMBER else a
    if a in _PURE and b in _PURE:
        return POINTS if sign == "-" or POINTS in (a, b) else QUOTIENT
    if is_money(a) or is_money(b):
        raise PickError(f"{text_of(node)} puts together figures in {a} and in {b}")
    return NUMBER


def _product(a: str, b: str) -> str | None:
    """An amount times a part of it is an amount; a share times a number was scaled by the ledger"""
    for amount, other in ((a, b), (b, a)):
        if is_money(amount):
            return amount if other in (*_PURE, NUMBER) else None
    return NUMBER if a == b == NUMBER else QUOTIENT if a in _PURE and b in _PURE else None


def _quotient(a: str, b: str) -> str | None:
    if a == b:
        return NUMBER if a == NUMBER else QUOTIENT
    if is_money(a):
        return a if b in (*_PURE, NUMBER, "count") else None
    return QUOTIENT if a in _PURE and b in _PURE else None
