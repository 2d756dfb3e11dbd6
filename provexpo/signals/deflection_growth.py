"""How a pair of market and product grew before an event: the mean and spread of its growth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from provexpo.engine import families
from provexpo.engine.query import Answer, Query
from provexpo.periods import Window, month_index, shift
from provexpo.signals.months import Bools, Floats, Ints, Months, read_months

SPAN = 36
YEAR = 12
TINY = 1e-12


@dataclass(frozen=True)
class Before:
    """By row: the mean growth (NaN where there is none), its spread, and how many there were.

    `is_full`: all 36 months are covered, so that the spread is asked of a hit.
    """

    event: int
    mean: Floats
    sd: Floats
    count: Ints
    n_months: int
    n_recoded: int = 0
    answers: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        return self.n_months >= SPAN


def growth_before(query: Query, frame: pl.DataFrame, event: int) -> Before:
    """Growth over a year of every window as long as the call's, within the 36 months before."""
    span = Window(shift(event, -SPAN), shift(event, -1))
    months = read_months(query, span, name="growth before")
    codes = frame.select("partner", "product").rows()
    rows = months.of(codes)
    n = query.call.window.n_months
    first, last = month_index(span.first) + YEAR, month_index(span.last)
    growths = [_growth(rows, start, n) for start in range(first, last - n + 2)]
    table = np.array(growths).T if growths else np.zeros((len(codes), 0))
    changed = recoded(query, span, [code for _, code in codes])
    table[changed] = np.nan
    held = ~np.isnan(table)
    count = held.sum(axis=1).astype(np.int64)
    mean, sd = np.full(len(codes), np.nan), np.full(len(codes), np.nan)
    for i in range(len(codes)):
        values = table[i][held[i]]
        if len(values):
            mean[i] = values.mean()
        if len(values) > 1:
            sd[i] = values.std(ddof=1)
    return Before(
        event, mean, sd, count, int(months.covered.sum()), int(changed.sum()), months.answers
    )


def _growth(rows: Months, start: int, n: int) -> Floats:
    now, known = rows.over("value", start, n)
    base, base_known = rows.over("value", start - YEAR, n)
    good = known & base_known & (base > 0) & (now >= 0)
    return np.where(good, now / np.where(base > 0, base, 1) - 1, np.nan)


def recoded(query: Query, span: Window, codes: list[int]) -> Bools:
    """Rows whose code stood for something else within the span: no growth is known of them."""
    call = replace(query.call, slots=(span,), base_slots=(span,))
    then = families.by_member(families.crossed(query.trade, call))
    now = families.by_member(query.families)
    return np.array(
        [
            (f := then.get(f"{code:06d}")) is not None
            and ((g := now.get(f"{code:06d}")) is None or set(g.members) != set(f.members))
            for code in codes
        ],
        dtype=bool,
    )
