"""Whether the last months of quarters stand out in one calendar year of one series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

ENDS = (2, 5, 8, 11)  # March, June, September, December, counted from 0
BETWEEN = (3, 4, 6, 7, 9, 10)  # April, May, July, August, October, November
_TINY = 1e-12


def quarter_end_ratio(year: Sequence[float]) -> float | None:
    """Mean of March, June, September, December over the mean of the other months from April."""
    below = math.fsum(year[m] for m in BETWEEN) / len(BETWEEN)
    if below <= 0:
        return None
    return math.fsum(year[m] for m in ENDS) / len(ENDS) / below


def march_spike(year: Sequence[float]) -> float | None:
    """ln March less the mean of ln of (January, February) and ln April."""
    early, march, april = (year[0] + year[1]) / 2, year[2], year[3]
    if early <= 0 or march <= 0 or april <= 0:
        return None
    return math.log(march) - (math.log(early) + math.log(april)) / 2


def opening_share(year: Sequence[float]) -> float | None:
    """The first quarter's part of the year."""
    total = math.fsum(year)
    return math.fsum(year[:3]) / total if total > 0 else None


def orders_p(year: Sequence[float], janfeb_joined: bool) -> float | None:
    """One-sided p of the quarter-end ratio when month labels are shuffled within each quarter.

    Of a quarter only which of its values carries the label of its last month matters, so the
    6^4 = 1,296 orders are 3^4 equally likely cases, all of them gone through (where January and
    February are held together only, the first quarter keeps its order: 3^3). In a first quarter
    the two other values are those of January and February, which the ratio leaves out.
    """
    observed = quarter_end_ratio(year)
    if observed is None:
        return None
    choices = [[2] if janfeb_joined and quarter == 0 else [0, 1, 2] for quarter in range(4)]
    cases = list(product(*choices))
    hits = 0
    for case in cases:
        ends = [year[3 * q + place] for q, place in enumerate(case)]
        rest = [
            year[3 * q + m] for q, place in enumerate(case) if q for m in range(3) if m != place
        ]  # fmt: skip
        below = math.fsum(rest) / len(rest)
        ratio = math.fsum(ends) / len(ends) / below if below > 0 else math.inf
        hits += ratio >= observed * (1 - _TINY)
    return hits / len(cases)


def predicted(mix: np.ndarray, profile: np.ndarray) -> np.ndarray:
    """Each row's year by month if every product followed the nation's months.

    `mix` is rows x products (the year's amounts), `profile` products x months (the nation's part
    of the year in each month). Summed product by product, so that no machine's way matters.
    """
    found = np.zeros((mix.shape[0], profile.shape[1]))
    for k in range(mix.shape[1]):
        found += mix[:, k : k + 1] * profile[k : k + 1]
    return found


def year_figures(
    year: Sequence[float], expected: Sequence[float] | None, joined: bool
) -> dict[str, Any]:
    """qe, qe_rel, mar_spike and p_perm of one year; NULL where they cannot be computed."""
    qe = quarter_end_ratio(year)
    base = quarter_end_ratio(expected) if expected is not None else None
    return {
        "qe": qe,
        "qe_rel": qe / base if qe is not None and base else None,
        "mar_spike": march_spike(year),
        "p_perm": orders_p(year, joined) if qe is not None else None,
    }
