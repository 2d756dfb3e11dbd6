"""The customs rate of yuan to the dollar that a threshold in dollars is turned into yuan with.

The store's own table `fx` where it holds one, else the rates that ship with the library.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import polars as pl

from provexpo.periods import Window, month_index
from provexpo.resources import seed


@cache
def _rates() -> dict[int, float]:
    table = pl.read_csv(seed("exchange_rates.csv"), infer_schema_length=1000)
    return dict(zip(table["period"].to_list(), table["cny_per_usd"].to_list()))


def store_rates(fx: pl.DataFrame) -> dict[int, float]:
    """month -> rate of a store's table `fx`."""
    return dict(zip(fx["period"].to_list(), fx["cny_per_usd"].to_list()))


def cny_per_usd(window: Window, held: Mapping[int, float] | None = None) -> float:
    """The mean rate of a window, from those held where there are any, else from those shipped;
    outside the table, that of the nearest month."""
    rates = held or _rates()
    nearest = [
        rates.get(m) or rates[min(rates, key=lambda r: abs(month_index(r) - month_index(m)))]
        for m in window.months
    ]
    return sum(nearest) / len(nearest)
