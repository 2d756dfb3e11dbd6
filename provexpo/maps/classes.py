"""Classes and their colours: fixed per column, so that two maps can be compared.

A class holds its lower break and not its upper one, `[a, b)`: a share of exactly 5 % is in the
class "5-10 %". Sequential: ColorBrewer YlGnBu. Diverging: ColorBrewer PuOr, orange = fall.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from provexpo.errors import CallError

YLGNBU = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
# Three steps away from zero on either side, and the middle.
ORANGES = ("#fee0b6", "#f1a340", "#b35806")
PURPLES = ("#d8daeb", "#998ec3", "#542788")
NEUTRAL = "#f7f7f7"

SHARES = (0.05, 0.10, 0.15, 0.20)
PARTS_OF_NATION = (0.01, 0.02, 0.05, 0.10)
CHANGES = (-0.30, -0.15, -0.02, 0.02, 0.15, 0.30)
POINTS = (-5.0, -2.0, -0.5, 0.5, 2.0, 5.0)
QUOTIENTS = (0.50, 0.80, 1.25, 2.00)
# The same classes as QUOTIENTS: rsca = (lq - 1) / (lq + 1).
SYMMETRIC = (-1 / 3, -1 / 9, 1 / 9, 1 / 3)

# What was lost with one partner and made up elsewhere: below 0 both fell, from 1 on all of it.
OFFSETS = (0.0, 0.5, 1.0, 2.0, 5.0)
# Value over base value: the classes of CHANGES, one higher.
MULTIPLES = (0.70, 0.85, 0.98, 1.02, 1.15, 1.30)
# Parts of a whole that run from nothing to all.
FIFTHS = (0.2, 0.4, 0.6, 0.8)

# Columns that compare two windows and share the classes of a growth rate.
CHANGE_COLUMNS = (
    "pct", "pct_lo", "pct_hi", "dhs", "log", "g_usd", "g_cny", "g_fx", "predicted", "actual",
    "gap", "rel", "g_national", "yoy_janfeb", "mr",
)  # fmt: skip
OFFSET_COLUMNS = ("offset_ratio", "offset_ex_hubs", "offset_ex98", "or_min", "or_max")
_MULTIPLES = ("p_fisher", "q_fisher", "p_laspeyres", "p_paasche", "p_tornqvist")
_PARTS = (
    "c_index", "cushion", "driver_share", "breadth", "cr1", "cr3", "match_share_b", "match_share_t",
    "sum_shares", "tariff_coverage", "coverage_share", "cum_national_share", "em", "im",
)  # fmt: skip
_MAX_BREAKS = 8


@dataclass(frozen=True)
class Classes:
    """Breaks in the column's own unit and one colour more than breaks.

    `open_low`, `open_high`: the end class has no bound, so its values are off the scale and are
    named. A class from zero is closed below.
    """

    breaks: tuple[float, ...]
    colours: tuple[str, ...]
    signed: bool
    open_low: bool
    open_high: bool = True

    def index(self, value: float) -> int:
        """Number of the class a value is in, from 0; a value at a break is in the upper class."""
        return bisect_right(self.breaks, value)

    def colour(self, value: float) -> str:
        return self.colours[self.index(value)]

    def off_scale(self, value: float) -> bool:
        last = len(self.breaks)
        at = self.index(value)
        return (at == last and self.open_high) or (at == 0 and self.open_low)


def classes_for(
    column: str,
    unit: str,
    values: Sequence[float],
    *,
    metric: str = "",
    breaks: Sequence[float] | None = None,
) -> Classes:
    """The classes of a column: the user's breaks, the fixed ones, or 1-2-5 steps from the data."""
    if breaks is not None:
        return _classes(_checked(breaks), values)
    fixed = _fixed(column, unit, values, metric)
    if fixed is not None:
        return _classes(fixed, values)
    return _classes(_from_data(values), values)


def _fixed(
    column: str, unit: str, values: Sequence[float], metric: str
) -> tuple[float, ...] | None:
    if column in CHANGE_COLUMNS:
        return CHANGES
    if column == "lq":
        return QUOTIENTS
    if column == "rsca":
        return SYMMETRIC
    if column in OFFSET_COLUMNS:
        return OFFSETS
    if column in _MULTIPLES or (metric, column) == ("growth", "ratio"):
        return MULTIPLES
    if unit == "pp":
        return POINTS
    if unit != "fraction":
        return None
    if min(values, default=0) < 0:
        return CHANGES
    if column in _PARTS:
        return FIFTHS
    if column == "national_share" or (metric == "value" and column == "share"):
        return PARTS_OF_NATION
    return SHARES


def _checked(breaks: Sequence[float]) -> tuple[float, ...]:
    try:
        found = tuple(float(b) for b in breaks)
    except (TypeError, ValueError):
        found = ()
    rising = all(a < b for a, b in pairwise(found))
    if not 1 <= len(found) <= _MAX_BREAKS or not rising or not all(map(math.isfinite, found)):
        raise CallError(
            f"cannot use the breaks {breaks!r}",
            where="breaks=",
            expected=f"1 to {_MAX_BREAKS} rising numbers in the column's unit",
            do="write a fraction as a fraction: breaks=[0.05, 0.10] for 5 % and 10 %",
        )
    return found


def _classes(breaks: tuple[float, ...], values: Sequence[float]) -> Classes:
    centre = 1.0 if breaks in (QUOTIENTS, OFFSETS, MULTIPLES) else 0.0
    if breaks[0] < centre < breaks[-1] or breaks[0] < 0:
        signed = centre == 0.0
        return Classes(breaks, _diverging(breaks, centre), signed, open_low=True)
    low = min(values, default=0) < 0
    return Classes(breaks, _ramp(YLGNBU, len(breaks) + 1), low, open_low=low)


def _diverging(breaks: tuple[float, ...], centre: float) -> tuple[str, ...]:
    """Oranges below the centre, purples above it, neutral for the class that holds it."""
    below = sum(b <= centre for b in breaks)
    above = sum(b >= centre for b in breaks)
    oranges = _ramp(ORANGES, below)[::-1]
    middle = () if below + above > len(breaks) else (NEUTRAL,)
    return (*oranges, *middle, *_ramp(PURPLES, above))


def _ramp(anchors: tuple[str, ...], n: int) -> tuple[str, ...]:
    """`n` colours along the anchors; the anchors themselves where there are as many."""
    if n <= 1:
        return anchors[len(anchors) // 2 :][:n]
    return tuple(_between(anchors, i * (len(anchors) - 1) / (n - 1)) for i in range(n))


def _between(anchors: tuple[str, ...], at: float) -> str:
    left = min(int(at), len(anchors) - 2)
    part = at - left
    mixed = [
        round(a + (b - a) * part)
        for a, b in zip(_rgb(anchors[left]), _rgb(anchors[left + 1]), strict=True)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG), 0 black to 1 white: to choose dark or light lettering."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _rgb(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, over: str, part: float) -> str:
    """A colour with another one over it that is see-through but for `part`."""
    both = zip(_rgb(colour), _rgb(over), strict=True)
    return "#" + "".join(f"{round(a * (1 - part) + b * part):02x}" for a, b in both)


def _from_data(values: Sequence[float]) -> tuple[float, ...]:
    """Breaks of the form 1, 2 or 5 times a power of ten, near the quintiles of the sizes.

    With falls among the values the breaks are the same on both sides of zero.
    """
    sizes = sorted(abs(v) for v in values if v != 0)
    if not sizes:
        return (1.0,)
    if min(values) < 0:
        steps = sorted({_round_125(_quantile(sizes, q)) for q in (0.25, 0.5, 0.8)})
        return (*(-s for s in reversed(steps)), *steps)
    return tuple(sorted({_round_125(_quantile(sizes, q)) for q in (0.2, 0.4, 0.6, 0.8)}))


def _quantile(ordered: list[float], q: float) -> float:
    return ordered[min(int(q * len(ordered)), len(ordered) - 1)]


def _round_125(x: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten, in ratio.

    >>> _round_125(1.3), _round_125(3.4), _round_125(81e9)
    (1.0, 5.0, 100000000000.0)
    """
    power = math.floor(math.log10(x))
    steps = [m * 10.0**p for p in (power, power + 1) for m in (1, 2, 5)]
    return min(steps, key=lambda step: abs(math.log(step / x)))
