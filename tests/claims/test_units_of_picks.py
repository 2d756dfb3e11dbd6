"""A statement is held against a figure of its own kind: what a pick calculates has a unit too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import ClaimsError

MARCH = "during=2025-03"
# Shanxi's US share falls from 100/200 = 50 % to 45/200 = 22.5 %: 27.5 points.
FALL = "share[province=Shanxi] - base_share[province=Shanxi]"
US = f"partner=US; {MARCH}"  # 1,200 -> 1,005 million


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("-27.5 pp", "match"), ("-27.5 %", "match"), ("-0.275 pp", "mismatch"),
        ("-27.4 pp", "mismatch"), ("-0.3 pp", "mismatch"),
    ],
)  # fmt: skip
def test_a_difference_of_shares_is_in_points(
    desk: pe.Trade, one: Callable[..., Any], value: str, verdict: str
) -> None:
    assert (
        one(desk, metric="dependence", arguments=MARCH, pick=FALL, value=value).verdict == verdict
    )


def test_points_that_the_ledger_scaled_itself(desk: pe.Trade, one: Callable[..., Any]) -> None:
    cells = {"metric": "dependence", "arguments": MARCH, "pick": f"100 * ({FALL})"}
    assert one(desk, **cells, value="-27.5 pp").verdict == "match"


@pytest.mark.parametrize(
    ("pick", "value", "told"),
    [
        ("value / base_value", "USD 0.84", "a quotient"),
        ("value / base_value - 1", "-16.2 pp", "a quotient"),
        ("value - base_value", "-195 %", "in USD"),
        ("value - base_value", "CNY -195 m", "no CNY|in USD"),
        ("value + pct", "USD 1 bn", "puts together figures in USD and in fraction"),
        ("pct < 0", "up", "yes or no"),
        ("pct < 0", "1", "yes or no"),
        ("pct < 0", "100 %", "yes or no"),
        ("value", "yes", "a figure, not true or false"),
    ],
)
def test_another_kind_is_refused(
    desk: pe.Trade, one: Callable[..., Any], pick: str, value: str, told: str
) -> None:
    cells = {"metric": "growth", "arguments": f"{US}; currency=USD", "pick": pick, "value": value}
    with pytest.raises(ClaimsError, match=told):
        one(desk, **cells)


@pytest.mark.parametrize(
    ("pick", "value"),
    [
        ("value / base_value", "0.84 times"), ("value / base_value - 1", "-16.2 %"),
        ("value - base_value", "-USD 195 m"), ("0.5 * value", "USD 502.5 m"), ("pct < 0", "yes"),
    ],
)  # fmt: skip
def test_its_own_kind_matches(
    desk: pe.Trade, one: Callable[..., Any], pick: str, value: str
) -> None:
    cells = {"metric": "growth", "arguments": US, "pick": pick, "value": value}
    assert one(desk, **cells).verdict == "match"


@pytest.fixture
def rising(make_store: Callable[..., Path], rows: Callable[..., list[dict[str, Any]]]) -> pe.Trade:
    """The desk, and Hainan, which sells to the US for the first time."""
    new = {"province": "46", "partner": "USA", "period": 202503, "value": 7_000_000}
    return pe.open(make_store([*rows(), new]))


@pytest.mark.parametrize(
    ("pick", "value", "verdict"),
    [
        ("count(pct > 0)", "1", "not_computable"),  # Fujian, and Hainan from nothing
        ("count(pct > 0)", "2", "not_computable"),
        ("count(pct > 0)", "3", "mismatch"),  # whatever Hainan is
        ("count(change > 0)", "2", "match"),
        ("count(pct < 0)", "2", "match"),  # a rise from nothing is no fall
        ("part(pct < 0)", "50 %", "match"),
        ("part(pct > 0)", "25 %", "not_computable"),
    ],
)
def test_a_rise_from_nothing_is_not_passed_over(
    rising: pe.Trade, one: Callable[..., Any], pick: str, value: str, verdict: str
) -> None:
    cells = {"metric": "growth", "arguments": f"{US}; by=province", "pick": pick, "value": value}
    found = one(rising, **cells)
    assert found.verdict == verdict
    assert verdict != "not_computable" or "change > 0" in found.reason
