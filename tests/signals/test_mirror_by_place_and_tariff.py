"""The gap shared out to places, and its slope on tariffs."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.signals.mirror_slope import least_squares

M = 1_000_000
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]
# place -> product -> sold a month; bought a month: 85 50, 64 40, 61 7 (sold by nobody), 98 9
SOLD = {"44": {"851713": 30, "640399": 10}, "42": {"851713": 10, "640399": 20, "980400": 5}}
BOUGHT = {"851713": 50, "640399": 40, "610910": 7, "980400": 9}


@pytest.fixture
def store(desk: Desk, planted_part: Make) -> Callable[..., pe.Trade]:
    def build(bought: dict[str, float] | None = None, level: int = 6, **more: Any) -> pe.Trade:
        months = [202401 + i for i in range(12)]
        own = [{"province": p, "partner": "USA", "product": k, "period": m, "value": v * M}
               for p, held in SOLD.items() for k, v in held.items() for m in months]  # fmt: skip
        m_rows = [{"partner": "CHN", "product": k[:level], "period": m, "value": round(v * M)}
                  for k, v in (bought or BOUGHT).items() for m in months]  # fmt: skip
        return desk([
            planted_part(own, name="own"),
            planted_part(m_rows, reporter="USA", flow="import", valuation="customs value"),
        ], **more)  # fmt: skip

    return build


def test_gaps_are_shared_out_by_what_places_sell(store: Make, row: Make, said: Make) -> None:
    """Gaps of 10 and 10 a month: 851713 30/40 and 10/40, 640399 10/30 and 20/30."""
    result = pe.mirror_attribution(store(), during="2024")
    assert row(result, province="44")["gap"] == pytest.approx(12 * (7.5 + 10 / 3) * M)
    assert row(result, province="42")["gap"] == pytest.approx(12 * (2.5 + 20 / 3) * M)
    assert row(result, province="42")["value"] == 12 * 30 * M  # without chapter 98
    assert row(result, province="42")["n"] == 2
    left = said(result, "unattributed")
    assert f"{12 * 27 * M:,}" in left and f"{12 * 7 * M:,}" in left
    total = result.frame["gap"].sum() + 12 * 7 * M
    assert total == pytest.approx(12 * 27 * M)  # nothing is lost or counted twice
    again = pe.replay(pe.Receipt.from_json(result.receipt.to_json()))
    assert again.frame.equals(result.frame)


def test_the_level_both_records_hold(store: Make, row: Make) -> None:
    trade = store(level=2)
    by_chapter = pe.mirror_attribution(trade, during="2024")
    assert row(by_chapter, province="44")["gap"] == pytest.approx(12 * (7.5 + 10 / 3) * M)
    with pytest.raises(CoverageError, match="no product level stands in both"):
        pe.mirror_attribution(trade, during="2024", level="HS6")
    with pytest.raises(CallError, match="level='HS8'"):
        pe.mirror_attribution(trade, during="2024", level="HS8")


def test_places_of_uncovered_windows_are_missing(store: Make) -> None:
    result = pe.mirror_attribution(store(), during="2024-11/2025-01")
    assert set(result.frame["status"]) == {"missing"} and result.frame["gap"].null_count() == 2
    late = pe.mirror_attribution(store(), during="2024-10/2024-12")  # the partner's to January
    assert set(late.frame["reason"]) == {"mirror_uncovered"}


def test_least_squares_against_numpy() -> None:
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 0.5, 40)
    y = 0.1 + 3 * x + rng.normal(0, 0.2, 40)
    found = least_squares(list(zip(x.tolist(), y.tolist())))
    design = np.column_stack([np.ones(40), x])
    beta, rest, *_ = np.linalg.lstsq(design, y, rcond=None)
    cov = rest[0] / 38 * np.linalg.inv(design.T @ design)
    assert found == pytest.approx((beta[1], np.sqrt(cov[1, 1])))
    assert least_squares([(1, 1), (1, 2), (1, 3)]) is None


@pytest.fixture
def sloped(desk: Desk, planted_part: Make, planted_tariff: Make) -> pe.Trade:
    """Twelve products; ln X - ln M = 2 tau exactly."""
    rng = random.Random(9)
    codes = [f"{61 + i:02d}0000" for i in range(12)]
    rates = {k: 0.05 * i for i, k in enumerate(codes)}
    months = [202401 + i for i in range(12)]
    own, bought = [], []
    for k in codes:
        m = rng.randrange(10**9, 2 * 10**9)
        for period in months:
            own.append({"province": "44", "partner": "USA", "product": k, "period": period,
                        "value": round(m * np.exp(2 * rates[k]))})  # fmt: skip
            bought.append({"partner": "CHN", "product": k, "period": period, "value": m})
    tariffs = [planted_tariff(k, date(2023, 1, 1), r) for k, r in rates.items()]
    return desk([
        planted_part(own, name="own"),
        planted_part(bought, reporter="USA", flow="import", valuation="customs value"),
    ], tariffs)  # fmt: skip


def test_a_planted_slope(sloped: pe.Trade, row: Make, said: Make) -> None:
    result = pe.mirror_slope(sloped, during="2024")
    found = row(result)
    assert found["slope"] == pytest.approx(2, abs=1e-6) and found["se"] < 1e-6
    assert found["n"] == 12 and found["status"] == "ok"
    assert "nothing follows about any seller" in said(result, "slope")
    assert set(result.frame.columns).isdisjoint({"product", "province"})
    assert pe.replay(result.receipt).frame.equals(result.frame)
    assert any(line.startswith("tariffs: 12 rows") for line in result.receipt.scope)
    few = row(pe.mirror_slope(sloped, during="2024", product=["61", "62", "63"]))
    assert (few["status"], few["reason"], few["slope"]) == ("missing", "few_points", None)


def test_slopes_need_tariffs_and_one_partner(store: Make, sloped: pe.Trade) -> None:
    with pytest.raises(CoverageError, match="no tariffs of USA"):
        pe.mirror_slope(store(), during="2024")
    with pytest.raises(CallError, match="one partner"):
        pe.mirror_slope(sloped, during="2024", partner=["USA", "DEU"])
    with pytest.raises(CallError, match="no tariffs of kind 'etr'"):
        pe.mirror_slope(sloped, during="2024", kind="etr")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sentences(store: Make, sloped: pe.Trade, lang: str) -> None:
    for result in (
        pe.mirror_attribution(store(), during="2024", lang=lang),
        pe.mirror_slope(sloped, during="2024", lang=lang),
    ):
        text = pe.say(result)
        assert "{" not in text and "None" not in text and result.title
        assert set(result.units) == set(result.frame.columns)
