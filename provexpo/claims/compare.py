"""When a computed figure is what was published: one interval a comparison.

A one-sided text ("over N", "nearly N") gets a second bound, or every false statement would match.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provexpo.claims.units import Published, UnitError, is_word

# "over" and "nearly" reach this part of the value further (house convention).
ONE_SIDED = 0.05
# Binary fractions: 0.225 - 0.2245 is not exactly 0.0005.
SLACK = 1e-9
_INFINITE = float("inf")

COMPARISONS: Mapping[str, str] = {
    "eq": "within the rounding of the number as printed",
    "approx": "the same, for a text that says about or roughly; tolerance may widen it",
    "over": "from the number to 5 % above it",
    "nearly": "from 5 % below the number to the number",
    "at_least": "the number or more, without an upper bound",
    "at_most": "the number or less, without a lower bound",
    "above": "more than the number, without an upper bound",
    "below": "less than the number, without a lower bound",
    "n_fold": "a ratio from N to below N + 1",
    "direction": "the sign: up or down",
    "rank": "exactly this place",
    "top": "this place or a better one",
    "count": "exactly this number",
    "holds": "the condition is true (yes) or false (no)",
}
_WORDS = {
    "": "eq", "=": "eq", "exact": "eq", "exactly": "eq", "about": "approx", "roughly": "approx",
    "around": "approx", "approximately": "approx", "~": "approx", "more than": "over",
    "almost": "nearly", "ge": "at_least", "at least": "at_least", "le": "at_most",
    "at most": "at_most", "up to": "at_most", ">=": "at_least", "<=": "at_most", ">": "above",
    "<": "below", "fold": "n_fold", "n-fold": "n_fold", "sign": "direction", "true": "holds",
    "约": "approx", "大约": "approx", "近": "nearly", "接近": "nearly", "超过": "over",
    "逾": "over", "至少": "at_least", "至多": "at_most",
}  # fmt: skip


@dataclass(frozen=True)
class Bounds:
    """The figures that match, in the unit as published."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False
    slack: float = 0.0

    def hold(self, figure: float) -> bool:
        """True for a figure inside; a bound that is in takes what binary fractions cost."""
        above = figure > self.low if self.low_open else figure >= self.low - self.slack
        below = figure < self.high if self.high_open else figure <= self.high + self.slack
        return above and below


def read_comparison(text: str, value: str) -> str:
    """The name of a comparison; an empty cell is `eq`, or what the word "up" or "yes" asks for."""
    plain = text.strip().lower()
    if not plain and is_word(value):
        return "direction" if is_word(value) == "direction" else "holds"
    if not plain and value.strip().lower().startswith("top"):
        return "top"
    name = _WORDS.get(plain, plain)
    if name not in COMPARISONS:
        raise UnitError(f"there is no comparison {text!r}; there are {', '.join(COMPARISONS)}")
    return name


def bounds(comparison: str, published: Published, tolerance: float | None = None) -> Bounds:
    """The figures that match a statement.

    `tolerance` is in the unit as published: how far `eq` and `approx` reach (default half the last
    printed decimal), how wide `over` and `nearly` are (default 5 % of the number).
    """
    if tolerance is not None and comparison not in ("eq", "approx", "over", "nearly"):
        raise UnitError(f"{comparison} takes no tolerance; leave the cell empty")
    word = is_word(published.text)
    if comparison in ("direction", "holds"):
        wanted = "direction" if comparison == "direction" else "truth"
        if word != wanted:
            forms = "up or down" if wanted == "direction" else "yes or no"
            raise UnitError(f"{comparison} needs the value {forms}, not {published.text!r}")
        if comparison == "holds":
            truth = 1.0 if published.sign > 0 else 0.0
            return Bounds(truth, truth)
        up = published.sign > 0
        return Bounds(0.0 if up else -_INFINITE, _INFINITE if up else 0.0, True, True)
    if published.number is None:
        raise UnitError(f"{comparison} needs a number, not {published.text!r}")
    return _numeric(comparison, published.number, published, tolerance)


def _numeric(comparison: str, v: float, published: Published, tolerance: float | None) -> Bounds:
    slack = SLACK * max(abs(v), published.step)
    if comparison in ("eq", "approx"):
        half = 0.0 if published.unit.whole else published.step / 2
        reach = half if tolerance is None else tolerance
        return Bounds(_plain(v - reach), _plain(v + reach), slack=slack)
    if comparison in ("over", "nearly"):
        width = ONE_SIDED * abs(v) if tolerance is None else tolerance
        # "down nearly 19 percent" is a little less of a fall: the size counts, not the sign.
        outward = (comparison == "over") == (v >= 0)
        low, high = (v, v + width) if outward else (v - width, v)
        return Bounds(_plain(low), _plain(high), slack=slack)
    if comparison in ("rank", "count", "top", "n_fold"):
        if v != int(v) or v < (0 if comparison == "count" else 1):
            raise UnitError(f"{comparison} needs a whole number, not {published.text!r}")
        if comparison == "n_fold":
            return Bounds(v, v + 1, high_open=True, slack=slack)
        return Bounds(1.0 if comparison == "top" else v, v)
    if comparison in ("at_least", "above"):
        return Bounds(v, _INFINITE, low_open=comparison == "above", high_open=True, slack=slack)
    return Bounds(-_INFINITE, v, low_open=True, high_open=comparison == "below", slack=slack)


def _plain(x: float) -> float:
    """1.075, not 1.0750000000000002."""
    return round(x, 12)
