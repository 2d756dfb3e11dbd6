"""Results by hand, with figures chosen beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from provexpo.maps.regions import places, province_codes
from provexpo.result import Caveat, Receipt, Result

TITLES = {
    "dependence": "Dependence of the provinces' exports on the United States",
    "growth": "Exports to the United States, change on a year earlier",
    "value": "Exports to the United States",
}


def receipt(metric: str, **change: Any) -> Receipt:
    fields: dict[str, Any] = {
        "store": "desk",
        "load": 3,
        "as_of": None,
        "illustrative": False,
        "metric": metric,
        "call": {},
        "tables": {"export": "CHN:gacc_query:province+partner"},
        "vintages": ("2025-08-20", "2025-08-20"),
        "currency": "USD",
        "window": "2025-01/2025-07",
        "base_window": "2024-01/2024-07",
        "scope": (),
        "sql": "SELECT 1",
        "params": {},
        "method": "",
        "provexpo": "0.1.0",
    }
    return Receipt(**(fields | change))


def make(
    metric: str,
    column: str,
    values: dict[str, float | int | None],
    *,
    unit: str = "fraction",
    status: dict[str, str] | None = None,
    lang: str = "en",
    caveats: tuple[Caveat, ...] = (),
    title: str | None = None,
    **change: Any,
) -> Result:
    """A result with one row a province of `values`."""
    frame = pl.DataFrame(
        {
            "province": list(values),
            "province_name": [places()[c].name(lang) if c in places() else c for c in values],
            column: list(values.values()),
            "status": [(status or {}).get(c, "ok") for c in values],
        },
        schema_overrides={"province": pl.String},
    )
    units = {"province": "code", "province_name": "text", column: unit, "status": "text"}
    shown = TITLES[metric] if title is None else title
    return Result(frame, units, receipt(metric, **change), caveats, shown, lang)


@pytest.fixture
def result() -> Callable[..., Result]:
    return make


@pytest.fixture
def shares() -> dict[str, float]:
    """31 shares from 1.4 % upwards, 0.7 points apart."""
    return {code: 0.014 + 0.007 * i for i, code in enumerate(province_codes())}
