"""The customs rate of yuan to the dollar that a threshold in dollars is turned into yuan with."""

from __future__ import annotations

from functools import cache

import polars as pl

from provexpo.periods import Window, month_index
from provexpo.resources import seed


@cache
def _rates() -> dict[int, float]:
    table = pl.read_csv(seed("exchange_rates.csv"), infer_schema_length=1000)
    return dict(zip(table["period"].to_list(), table["cny_per_usd"].to_list()))


def cny_per_usd(window: Window) -> float:
    """The mean implied rate of a window; outside the table, that of the nearest month."""
    rates = _rates()
    nearest = [
        rates.get(m) or rates[min(rates, key=lambda r: abs(month_index(r) - month_index(m)))]
        for m in window.months
    ]
    return sum(nearest) / len(nearest)
