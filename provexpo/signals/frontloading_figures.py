"""Front-loading of many rows at once: sums over the months before and after an event, against
what three counterfactuals lead to expect. numpy only; months are indices (`month_index`).

Jan-Feb needs no rule of its own here: within the window before the event only sums are used, and
a window that would split a combined January-February is not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provexpo.metrics import stl
from provexpo.signals.months import Bools, Floats, Months

YEAR = 12
MIN_PLACEBOS = 24
MIN_STL = 36
SMOOTHER = 13
MAX_FORECASTS = 500
_TINY = 1e-12


@dataclass(frozen=True)
class Plan:
    """The months: `pre` of them from `start`, then `post`; bases lie `lag` months before."""

    start: int
    pre: int
    post: int
    lag: int = YEAR

    @property
    def n(self) -> int:
        return self.pre + self.post


@dataclass(frozen=True)
class Expected:
    """What a counterfactual leads to expect: NaN where it cannot be computed."""

    fl: Floats
    fl_pct: Floats
    payback: Floats

    @property
    def payback_ratio(self) -> Floats:
        return divided(-self.payback, np.where(self.fl > 0, self.fl, np.nan))

    @property
    def net(self) -> Floats:
        return self.fl + self.payback


def divided(a: Floats, b: Floats) -> Floats:
    """a / b, NaN where b is zero or either is NaN."""
    safe = np.where(np.abs(b) > 0, b, np.nan)
    return np.asarray(a / safe, dtype=np.float64)


def _sum(months: Months, name: str, first: int, n: int) -> Floats:
    amount, known = months.over(name, first, n)
    return np.where(known, amount.astype(np.float64), np.nan)


def against(months: Months, plan: Plan, growth: Floats) -> Expected:
    """The figures where the counterfactual is the base times 1 + growth."""
    now = _sum(months, "value", plan.start, plan.pre)
    base = _sum(months, "value", plan.start - plan.lag, plan.pre)
    later = _sum(months, "value", plan.start + plan.pre, plan.post)
    later_base = _sum(months, "value", plan.start + plan.pre - plan.lag, plan.post)
    cf = base * (1 + growth)
    fl = now - cf
    return Expected(
        fl, divided(fl, np.where(cf > 0, cf, np.nan)), later - later_base * (1 + growth)
    )


def rest_growth(months: Months, plan: Plan) -> Floats:
    """Growth of sales to all other partners, pooled over both windows."""
    now = _sum(months, "rest", plan.start, plan.n)
    base = _sum(months, "rest", plan.start - plan.lag, plan.n)
    return divided(np.where(now >= 0, now, np.nan), np.where(base > 0, base, np.nan)) - 1


def own_trend(months: Months, plan: Plan) -> Floats:
    """The mean year-on-year change of the 12 months before, January and February as one that
    counts twice, carried over the lag."""
    total = np.zeros(months.known.shape[0])
    month = plan.start - YEAR
    while month < plan.start:
        size = 2 if month % YEAR == 0 and month + 1 < plan.start else 1
        now, base = (_sum(months, "value", month - back, size) for back in (0, YEAR))
        change = divided(np.where(now >= 0, now, np.nan), np.where(base > 0, base, np.nan)) - 1
        total = total + size * change
        month += size
    mean = total / YEAR
    return np.asarray((1 + mean) ** (plan.lag // YEAR) - 1, dtype=np.float64)


def forecast(y: Floats, horizon: int) -> Floats:
    """`horizon` values after a series above zero: STL on logarithms, the seasonally adjusted part
    carried on by its mean monthly step, the seasonal part of the last year repeated."""
    parts = stl.decompose(np.log(y), seasonal=SMOOTHER, robust=True)
    adjusted = np.log(y) - parts.seasonal
    step = (adjusted[-1] - adjusted[0]) / (len(y) - 1)
    ahead = np.arange(1, horizon + 1)
    seasonal = parts.seasonal[-YEAR:][(ahead - 1) % YEAR]
    return np.asarray(np.exp(adjusted[-1] + step * ahead + seasonal), dtype=np.float64)


def can_forecast(rows: int) -> bool:
    """False without statsmodels, and for so many rows that a decomposition of each takes long."""
    return stl.is_available() and rows <= MAX_FORECASTS


def by_forecast(months: Months, plan: Plan) -> Expected:
    """The figures against the STL forecast; NaN where the months before P do not suffice."""
    height = months.known.shape[0]
    fl, pct, payback = (np.full(height, np.nan) for _ in range(3))
    now, known = months.over("value", plan.start, plan.pre)
    later, later_known = months.over("value", plan.start + plan.pre, plan.post)
    if can_forecast(height):
        for row in range(height):
            past = _run_before(months, row, plan.start)
            if past is None or not known[row]:
                continue
            ahead = forecast(past, plan.n)
            cf = float(ahead[: plan.pre].sum())
            fl[row] = now[row] - cf
            pct[row] = fl[row] / cf
            if later_known[row]:
                payback[row] = later[row] - float(ahead[plan.pre :].sum())
    return Expected(fl, pct, payback)


def _run_before(months: Months, row: int, start: int) -> Floats | None:
    """The longest run of months above zero that ends just before; None if it is too short."""
    at = start - months.first
    values = months.amounts["value"][row, :at]
    good = months.known[row, :at] & (values > 0) & ~months.joined[:at]
    n = int(np.argmax(~good[::-1])) if not good.all() else len(good)
    return values[at - n :].astype(np.float64) if n >= MIN_STL else None


def placebo(months: Months, plan: Plan, fl_pct: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """How far FL% lies above those of all windows of the same shape that end before the event,
    in standard deviations (n - 1), and how many there are."""
    event = plan.start + plan.pre
    found = []
    for start in range(months.first + plan.lag, event - plan.n + 1):
        earlier = Plan(start, plan.pre, plan.post, plan.lag)
        found.append(against(months, earlier, rest_growth(months, earlier)).fl_pct)
    past = np.array(found).T if found else np.zeros((len(fl_pct), 0))
    counts = (~np.isnan(past)).sum(axis=1)
    z = np.full(len(fl_pct), np.nan)
    for row, n in enumerate(counts):
        held = past[row][~np.isnan(past[row])]
        if n < MIN_PLACEBOS or np.isnan(fl_pct[row]):
            continue
        spread = float(held.std(ddof=1))
        if spread > _TINY:
            z[row] = (fl_pct[row] - float(held.mean())) / spread
    return z, counts.astype(np.int64)


def all_of(*tests: Bools | NDArray[np.object_]) -> list[bool | None]:
    """False where any test fails, None where one is not known, else True."""
    rows = zip(*tests, strict=True)
    return [False if any(t is False for t in r) else None if None in r else True for r in rows]


def known_to(figures: Floats, holds: Bools) -> NDArray[np.object_]:
    """True or false by row, None where the figure is not known."""
    return np.array([None if np.isnan(f) else bool(h) for f, h in zip(figures, holds)], object)
