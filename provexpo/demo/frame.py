"""The margins of the cube: province totals, their US part, and national partner groups, by month.

The thirteen months of the bulletin keep its provinces' parts of the nation; their level is that of
the national frame, which follows a revised 2024 (at most 0.5 % from the first release). The other
months are extrapolated: the national frame of the month, spread over the provinces by the profile
of the nearest year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provexpo.demo import tables
from provexpo.demo.tables import BULLETIN_MONTHS, MONTHS, Floats
from provexpo.errors import CheckError

ROUNDS = 200
UNIT = 10_000  # the bulletin's


@dataclass(frozen=True)
class Frame:
    """CNY. `us` is the US part of `totals`; None where nothing is published about it (imports)."""

    totals: Floats  # province, month
    us: Floats | None  # province, month
    groups: Floats  # partner group, month


def columns(first: int, last: int) -> slice:
    return slice(MONTHS.index(first), MONTHS.index(last) + 1)


def fit(start: Floats, rows: Floats, cols: Floats) -> Floats:
    """Scale `start` in turn until its row sums are `rows` (exactly) and column sums `cols`.

    Works on (row, column) and on (row, column, month) with a separate fit for each month.
    """
    rows = rows * (cols.sum(axis=0) / rows.sum(axis=0))
    out = start
    for _ in range(ROUNDS):
        out = out * _ratio(cols, out.sum(axis=0))[None]
        out = out * _ratio(rows, out.sum(axis=1))[:, None]
    return out


def _ratio(target: Floats, held: Floats) -> Floats:
    return np.divide(target, held, out=np.zeros_like(held), where=held > 0)


def build(flow: str) -> Frame:
    rates = tables.rates()
    national = tables.national(flow) * rates
    totals = _province_totals(flow, national.sum(axis=0), rates)
    us = _us_part(totals, national[0], rates) if flow == "export" else None
    if us is not None and bool((us > 0.9 * totals).any()):
        raise CheckError(
            "the part to the United States is larger than a province's exports",
            where="seeds/sample_us_targets.csv",
            expected="less than nine tenths in every month",
            do="correct the province's figures",
        )
    # Whole yuan by province: the groups follow, by less than a millionth.
    rest = totals.sum(axis=0) - (0 if us is None else us.sum(axis=0))
    groups = national.copy()
    free = slice(0 if us is None else 1, None)
    groups[free] *= rest / groups[free].sum(axis=0)
    if us is not None:
        groups[0] = us.sum(axis=0)
    return Frame(totals, us, groups)


def _province_totals(flow: str, world: Floats, rates: Floats) -> Floats:
    published = tables.bulletin(flow)
    names = tables.provinces()
    out = np.zeros((len(names), len(MONTHS)))
    for m in BULLETIN_MONTHS:
        first = np.array([published[p, m] * UNIT for p in names], dtype=np.float64)
        out[:, MONTHS.index(m)] = first * (world[MONTHS.index(m)] / first.sum())
    y22, y23, y24 = (columns(y * 100 + 1, y * 100 + 12) for y in (2022, 2023, 2024))
    annual = out[:, y24].sum(axis=1) / (1 + tables.growth_2024(flow))
    out[:, y23] = fit(out[:, y24], annual, world[y23])
    out[:, y22] = _spread(out[:, y23], world[y22])
    later, before = columns(202502, 202511), columns(202402, 202411)
    drift = np.ones(len(names))
    if flow == "export":
        spring, spring24 = columns(202502, 202507), columns(202402, 202407)
        january = out[:, MONTHS.index(202501)] / rates[MONTHS.index(202501)]
        rest = tables.us_targets("exports_2025_01_07_usd_million") - january
        dollars = fit(out[:, spring24], rest, world[spring] / rates[spring])
        out[:, spring] = dollars * rates[spring]
        later, before = columns(202508, 202511), columns(202408, 202411)
        drift = out[:, spring].sum(axis=1) / out[:, spring24].sum(axis=1)
    out[:, later] = _spread(out[:, before] * drift[:, None], world[later])
    return np.rint(out)


def _spread(profile: Floats, world: Floats) -> Floats:
    return profile * (world / profile.sum(axis=0))


def _us_part(totals: Floats, national: Floats, rates: Floats) -> Floats:
    """Provincial exports to the US: published windows hold, months follow the nation's."""
    year = tables.us_targets("us_2024_usd_million")
    spring24 = tables.us_targets("us_2024_01_07_usd_million")
    spring25 = tables.us_targets("us_2025_01_07_usd_million")
    dollars, world = totals / rates, national / rates
    out = np.zeros_like(totals)
    for first, last, rows in (
        (202401, 202407, spring24),
        (202408, 202412, year - spring24),
        (202501, 202507, spring25),
    ):
        window = columns(first, last)
        out[:, window] = fit(dollars[:, window], rows, world[window])
    for first, last, like in (
        (202201, 202312, (202401, 202412)),
        (202508, 202511, (202501, 202507)),
    ):
        window, known = columns(first, last), columns(*like)
        share = out[:, known].sum(axis=1) / dollars[:, known].sum(axis=1)
        out[:, window] = _spread(dollars[:, window] * share[:, None], world[window])
    return np.rint(out * rates)
