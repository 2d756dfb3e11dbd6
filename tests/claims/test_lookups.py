"""Side tables read as a metric is: rates in force on a day or in a month, exchange rates."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from provexpo.claims.evaluate import Gap, evaluate
from provexpo.claims.lookups import look_up
from provexpo.claims.picks import parse_pick
from provexpo.errors import PeriodError
from provexpo.ingest.side import SIDE_SCHEMAS, side_frame

RATES = [  # partner, product, from, to, rate
    ("CHN", None, date(2025, 2, 4), date(2025, 4, 9), 0.30),
    ("CHN", None, date(2025, 4, 10), date(2025, 5, 13), 1.45),
    ("CHN", None, date(2025, 5, 14), None, 0.55),
    ("CHN", "87", date(2025, 1, 1), None, 1.00),
    ("TWN", None, date(2025, 8, 7), None, 0.20),
]


class Store:
    """Only what a look-up asks of a Trade."""

    def __init__(self, **tables: pl.DataFrame) -> None:
        self.tables = tables

    def side(self, name: str) -> pl.DataFrame:
        return self.tables.get(name, pl.DataFrame(schema=SIDE_SCHEMAS[name]))


@pytest.fixture
def store() -> Any:
    names = ("partner", "product", "from", "to", "rate")
    rows = [{**dict(zip(names, r)), "reporter": "USA", "kind": "additional"} for r in RATES]
    return Store(tariffs=side_frame("tariffs", pl.DataFrame(rows), {}))


@pytest.mark.parametrize(
    ("arguments", "pick", "rate"),
    [
        ({"partner": "China", "on": "2025-04-09"}, "rate", 0.30),
        ({"partner": "China", "on": "2025-04-10"}, "rate", 1.45),  # the first day counts
        ({"partner": "China", "on": "2025-11-30"}, "rate", 0.55),
        ({"partner": "China", "during": "2025-04"}, "max(rate)", 1.45),
        ({"partner": "China", "during": "2025-04"}, "min(rate)", 0.30),
        ({"partner": "China", "product": "87", "on": "2025-06-01"}, "rate", 1.00),
        ({"partner": "China", "product": "any", "on": "2025-06-01"}, "max(rate)", 1.00),
        ({"partner": "Taiwan", "on": "2025-08-07", "kind": "additional"}, "rate", 0.20),
    ],
)
def test_rates_in_force(store: Any, arguments: dict[str, str], pick: str, rate: float) -> None:
    frame = look_up(store, "tariffs", {"reporter": "USA", **arguments})
    assert evaluate(parse_pick(pick), {"": frame}) == rate


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"partner": "Taiwan", "on": "2025-08-06"}, "starts on 2025-08-07"),
        ({"partner": "Japan", "on": "2025-08-07"}, "no tariff row for"),
        ({"partner": "China", "programme": "none such"}, "no tariff row for"),
    ],
)
def test_no_rate_is_a_gap_with_its_reason(store: Any, arguments: dict, says: str) -> None:
    with pytest.raises(Gap) as gap:
        look_up(store, "tariffs", {"reporter": "USA", **arguments})
    assert says in str(gap.value)
    with pytest.raises(PeriodError):
        look_up(store, "tariffs", {"on": "yesterday"})


def test_exchange_rates_are_the_stores_or_the_shipped_ones(store: Any) -> None:
    shipped = look_up(store, "fx", {"during": "2023-12"})
    (row,) = shipped.rows
    assert 6.5 < row["cny_per_usd"] < 7.5
    own = pl.DataFrame({"period": [202312], "cny_per_usd": [8.0]})
    assert look_up(Store(fx=own), "fx", {"during": "2023-12"}).rows[0]["cny_per_usd"] == 8.0
    with pytest.raises(Gap, match="2023-11"):
        look_up(Store(fx=own), "fx", {"during": "2023-11/2023-12"})
