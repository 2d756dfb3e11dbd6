"""What rounded figures allow (methods 2.3, press check)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import provexpo as pe
from provexpo.errors import CallError


@pytest.mark.parametrize(
    ("value", "decimals", "bounds"),
    [
        (-3.8, 1, (-3.85, -3.75)), (22.5, 1, (22.45, 22.55)), (0.145, 3, (0.1445, 0.1455)),
        (5, 0, (4.5, 5.5)), (120, -1, (115.0, 125.0)), (0, 2, (-0.005, 0.005)),
    ],
)  # fmt: skip
def test_bounds(value: float, decimals: int, bounds: tuple[float, float]) -> None:
    assert pe.rounding_interval(value, decimals) == bounds


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 6))
def test_every_number_lies_in_the_interval_of_its_rounding(number: object, decimals: int) -> None:
    lo, hi = pe.rounding_interval(float(round(number, decimals)), decimals)  # type: ignore[call-overload]
    assert lo - 1e-6 <= float(number) <= hi + 1e-6  # type: ignore[arg-type]
    assert hi - lo == pytest.approx(10.0**-decimals, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("pp", "pct", "share", "lo", "hi"),
    [
        (-3.8, -25.4, 14.96, 14.73, 15.19), (3.0, 18.3, 16.39, 16.08, 16.71),
        (-4.6, -35.6, 12.92, None, None), (3.3, 30.7, 10.75, None, None),
    ],
)  # fmt: skip
def test_2_3_press_check(
    pp: float, pct: float, share: float, lo: float | None, hi: float | None
) -> None:
    found = pe.implied_base_share(pp, pct)
    assert found is not None
    assert abs(100 * found.value - share) <= 0.005 + 1e-12
    if lo is not None and hi is not None:
        assert abs(100 * found.lo - lo) <= 0.005 + 1e-12
        assert abs(100 * found.hi - hi) <= 0.005 + 1e-12
    assert found.lo <= found.value <= found.hi


def test_growth_that_may_be_zero_implies_nothing() -> None:
    assert pe.implied_base_share(0.0, 0.0) is None
    assert pe.implied_base_share(0.1, 0.05, pct_decimals=1) is None
    assert pe.implied_base_share(0.1, 0.06, pct_decimals=2) is not None


def test_the_sample_lies_inside() -> None:
    trade = pe.sample()
    row = pe.contribution(trade, partner="US", during="2025-04/2025-08").frame.row(0, named=True)
    pct = 100 * (row["value"] / row["base_value"] - 1)
    found = pe.implied_base_share(round(row["pp"], 1), round(pct, 1))
    assert found is not None and found.lo <= row["base_share"] <= found.hi


@pytest.mark.parametrize("value", ["3.8", None, True, float("nan"), float("inf")])
def test_no_number(value: object) -> None:
    with pytest.raises(CallError, match="not a number"):
        pe.rounding_interval(value, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("decimals", [1.0, "1", None, True, 40])
def test_no_decimals(decimals: object) -> None:
    with pytest.raises(CallError, match="decimals"):
        pe.rounding_interval(3.8, decimals)  # type: ignore[arg-type]
