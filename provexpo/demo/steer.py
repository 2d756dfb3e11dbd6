"""Bring the drawn trade inside the steering rules without leaving its margins.

Proportional fitting: the cells of a rule that is broken are scaled towards its range, then every
province x partner group x month back to its target, in turn, until both hold. Sums run in a fixed
order (`bincount`), so that two machines take the same steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from provexpo.demo.rules import SEED, Rule, labels, read_rules
from provexpo.demo.series import Series
from provexpo.demo.tables import Flags, Floats, Ints
from provexpo.errors import CheckError

SWEEPS = 60
STEP = 4.0  # a cell is scaled by at most this much at once
GOLDEN = 0.6180339887  # spreads the aims of many provinces over a rule's range
YEAR = 12

Rescale = Callable[[Floats], Floats]


@dataclass(frozen=True)
class _Sum:
    """The sum of some cells in dollars, for each figure of a rule."""

    cells: Ints
    label: Ints
    rate: Floats  # dollars for a yuan

    def of(self, value: Floats, size: int) -> Floats:
        weights = value[self.cells] * self.rate
        return np.bincount(self.label, weights=weights, minlength=size).astype(np.float64)


@dataclass(frozen=True)
class _Figures:
    """One rule on these cells: its sums now and a year before, and what may be scaled."""

    rule: Rule
    number: int
    names: tuple[str, ...]
    active: Flags  # figures that have cells
    now: _Sum
    base: _Sum
    all_now: _Sum
    all_base: _Sum
    moves: Ints
    moves_label: Ints

    @property
    def size(self) -> int:
        return len(self.names)

    def held(self, value: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        parts = (self.now, self.base, self.all_now, self.all_base)
        now, base, all_now, all_base = (p.of(value, self.size) for p in parts)
        return now, base, all_now, all_base

    def measured(self, sums: tuple[Floats, Floats, Floats, Floats]) -> Floats:
        now, base, every, every_base = sums
        if self.rule.measure == "level":
            return now / 1e6
        if self.rule.measure == "change":
            return (now - base) / 1e6
        over = {"ratio": base, "share": every, "share_of_change": every - every_base}
        part = now - base if self.rule.measure == "share_of_change" else now
        below = over[self.rule.measure]
        return np.divide(part, below, out=np.full(self.size, np.nan), where=below > 0)

    def needed(self, sums: tuple[Floats, Floats, Floats, Floats], aim: Floats) -> Floats:
        """The sum now that would meet the aim."""
        _, base, every, every_base = sums
        return {
            "level": aim * 1e6,
            "change": base + aim * 1e6,
            "ratio": aim * base,
            "share": aim * every,
            "share_of_change": base + aim * (every - every_base),
        }[self.rule.measure]

    def aims(self) -> Floats:
        """A place well inside the range, another for each figure: provinces are not alike."""
        spread = np.arange(self.size, dtype=np.float64) * GOLDEN + self.number * 0.37
        place = spread % 1.0 * 0.6 + 0.2
        out: Floats = self.rule.low + (self.rule.high - self.rule.low) * place
        return out

    def broken(self, measured: Floats) -> Flags:
        inside = (measured >= self.rule.low) & (measured <= self.rule.high)
        return self.active & ~inside

    def move(self, value: Floats) -> bool:
        """Scale, in place, the cells of the figures outside their range; False when all hold."""
        sums = self.held(value)
        broken = self.broken(self.measured(sums))
        if not bool(broken.any()):
            return False
        now = np.maximum(sums[0], 1e-9)
        factor = np.clip(self.needed(sums, self.aims()) / now, 1 / STEP, STEP)
        factor = np.where(broken, factor, 1.0)
        value[self.moves] *= factor[self.moves_label]
        return True


def steer(
    s: Series, month: Ints, series: Ints, value: Floats, fixed: Flags, rates: Floats,
    rescale: Rescale,
) -> Floats:  # fmt: skip
    """Return the values with every rule inside its range and every margin met.

    `rescale` scales the cells that are not `fixed` back to the margins. CheckError names the rules
    that the margins do not allow.
    """
    value, dollars = value.copy(), 1.0 / rates
    found = [
        _figures(rule, n, s, month, series, fixed, dollars) for n, rule in enumerate(read_rules())
    ]
    for _ in range(SWEEPS):
        moved = [f.move(value) for f in found]  # a list: every rule moves in every sweep
        if not any(moved):
            return value
        value = rescale(value)
    raise CheckError(
        "rules do not fit together: " + "; ".join(_open(found, value)),
        where=f"seeds/{SEED}",
        expected="ranges that the provinces' and partners' totals allow",
        do="widen a range, or leave a province out",
    )


def _figures(
    rule: Rule, number: int, s: Series, month: Ints, series: Ints, fixed: Flags, dollars: Floats
) -> _Figures:
    goods, every, names = labels(rule, s)
    goods, every = goods[series], every[series]

    def summed(label: Ints, window: tuple[int, int], used: bool = True) -> _Sum:
        low, high = window
        inside = (label >= 0) & (month >= low) & (month <= high) & used
        cells = np.flatnonzero(inside)
        return _Sum(cells, label[cells], dollars[month[cells]])

    now = rule.window
    base = (now[0] - YEAR, now[1] - YEAR)
    moves = np.flatnonzero(
        (goods >= 0) & (month >= rule.moves[0]) & (month <= rule.moves[1]) & ~fixed
    )
    parts = (
        summed(goods, now),
        summed(goods, base, rule.needs_base),
        summed(every, now),
        summed(every, base, rule.measure == "share_of_change"),
    )
    active = np.bincount(parts[0].label, minlength=len(names)) > 0
    if rule.needs_base:
        active &= np.bincount(parts[1].label, minlength=len(names)) > 0
    return _Figures(rule, number, names, active, *parts, moves, goods[moves])


def _open(found: list[_Figures], value: Floats) -> list[str]:
    out = []
    for f in found:
        measured = f.measured(f.held(value))
        out += [
            f"{f.rule.statement} {f.names[i]} {f.rule.products}: {measured[i]:.4f}"
            f" not in {f.rule.low:g}..{f.rule.high:g}"
            for i in np.flatnonzero(f.broken(measured))
        ]
    return out
