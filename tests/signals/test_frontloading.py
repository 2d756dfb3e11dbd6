"""Front-loading: the example of methods 2.11, planted cases, placebo, tariffs, what is missing."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CallError
from provexpo.periods import shift

M = 1_000_000
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]
BASE = (10, 10, 9, 6, 9, 10, 10)
NOW = (11.5, 13, 12, 7, 10.5, 8, 6)


def example(rest: float = 1.05) -> list[dict[str, Any]]:
    """November 2024 to May 2025, and the year before; others grow by 5 % every month."""
    rows = []
    for i, (base, now) in enumerate(zip(BASE, NOW)):
        month = shift(202411, i)
        for period, us, other in ((shift(month, -12), base, 100), (month, now, 100 * rest)):
            rows += [
                {"province": "44", "partner": p, "period": period, "value": round(v * M)}
                for p, v in (("USA", us), ("DEU", other))
            ]
    return rows


def test_the_worked_example(desk: Desk, planted_part: Make, row: Make, near: Make) -> None:
    trade = desk([planted_part(example())])
    found = row(pe.frontloading(trade, event="2025-04-10", pre=5, post=2))
    assert near(found["fl_usd"] / M, 7.8, 6)
    assert near(found["fl_pct"], 0.168831, 6)
    assert near(found["payback_usd"] / M, -7.0, 6)
    assert near(found["payback_ratio"], 0.897436, 6)
    assert near(found["net"] / M, 0.8, 6)
    assert near(found["g_row"], 0.05, 12)
    assert found["cf"] + found["fl_usd"] == pytest.approx(found["value"])
    assert found["z"] is None and found["n_placebo"] == 0


def test_each_month_of_the_example(desk: Desk, planted_part: Make, row: Make, near: Make) -> None:
    """abn_t: windows of one month before and one after, all with growth elsewhere of 5 %."""
    trade = desk([planted_part(example())])
    wanted = (1.0, 2.5, 2.55, 0.7, 1.05, -2.5, -4.5)
    for i, abn in enumerate(wanted[:-1]):
        event = shift(202411, i + 1)
        text = f"{event // 100}-{event % 100:02d}"
        found = row(pe.frontloading(trade, event=text, pre=1, post=1))
        assert near(found["fl_usd"] / M, abn, 6)
        assert near(found["payback_usd"] / M, wanted[i + 1], 6)


def test_nothing_to_pay_back_where_nothing_was_front_loaded(
    desk: Desk, planted_part: Make, row: Make
) -> None:
    trade = desk([planted_part(example(rest=2.0))])
    found = row(pe.frontloading(trade, event="2025-04", pre=5, post=2))
    assert found["fl_usd"] < 0 and found["payback_ratio"] is None
    assert found["is_frontloading"] is False


# Sixty months with a planted case: product 851713 is ordered ahead of 2025-04 and its tariff
# rises; 640399 goes its usual way, and its tariff does not change.


def panel(seed: int = 5) -> list[dict[str, Any]]:
    import random

    rng = random.Random(seed)
    rows = []
    for product in ("851713", "640399"):
        for i in range(66):
            period = shift(202001, i)
            level = 100 * 1.05 ** (i / 12)
            us = level * rng.uniform(0.97, 1.03)
            if product == "851713" and 202411 <= period <= 202503:
                us *= 1.5
            if product == "851713" and period >= 202504:
                us *= 0.6
            for partner, value in (("USA", us), ("DEU", 3 * level * rng.uniform(0.99, 1.01))):
                rows.append({"province": "44", "partner": partner, "product": product,
                             "period": period, "value": round(value * M)})  # fmt: skip
    return rows


@pytest.fixture
def planted(desk: Desk, planted_part: Make, planted_tariff: Make) -> pe.Trade:
    tariffs = [planted_tariff("8517", date(2025, 4, 10), 0.34)]
    return desk([planted_part(panel())], tariffs)


def test_the_planted_case_is_found_and_the_control_is_not(
    planted: pe.Trade, row: Make, said: Make
) -> None:
    result = pe.frontloading(planted, by="product:HS6", post=3)
    case, control = row(result, product="851713"), row(result, product="640399")
    assert case["is_frontloading"] is True and 0.35 < case["fl_pct"] < 0.65
    assert case["payback_usd"] < 0 and case["z"] > 2 and case["n_placebo"] >= 24
    assert case["tariff_rise"] == pytest.approx(0.34) and case["is_control"] is False
    assert control["is_frontloading"] is False and abs(control["fl_pct"]) < 0.05
    assert control["tariff_rise"] == 0 and control["is_control"] is True
    assert "1 rows whose tariff did not rise" in said(result, "controls")
    assert "1 of 2 cells" in said(result, "base_rate")
    assert result.receipt.call["event"] == "2025-04-10"  # the one rise of the table
    assert any(line.startswith("tariffs: 1 rows") for line in result.receipt.scope)


def oracle(rows: list[dict[str, Any]], product: str, start: int, pre: int, post: int) -> float:
    """FL% by hand, month by month."""

    def total(partner: bool, first: int, n: int) -> int:
        wanted = {shift(first, i) for i in range(n)}
        return sum(
            r["value"] for r in rows
            if r["product"] == product and (r["partner"] == "USA") == partner
            and r["period"] in wanted
        )  # fmt: skip

    growth = total(False, start, pre + post) / total(False, shift(start, -12), pre + post)
    cf = total(True, shift(start, -12), pre) * growth
    return total(True, start, pre) / cf - 1


def test_z_is_over_every_window_that_ends_before_the_event(planted: pe.Trade, row: Make) -> None:
    result = pe.frontloading(planted, by="product:HS6", post=3)
    rows = panel()
    for product in ("851713", "640399"):
        starts = [s for i in range(66) if (s := shift(202101, i)) and shift(s, 7) < 202504]
        past = [oracle(rows, product, s, 5, 3) for s in starts]
        now = oracle(rows, product, 202411, 5, 3)
        found = row(result, product=product)
        assert found["fl_pct"] == pytest.approx(now)
        assert found["n_placebo"] == len(past)
        z = (now - statistics.mean(past)) / statistics.stdev(past)
        assert found["z"] == pytest.approx(z)


def test_the_other_counterfactuals(planted: pe.Trade, row: Make) -> None:
    found = row(pe.frontloading(planted, by="product:HS6", post=3), product="851713")
    by = {(r["period"], r["partner"]): r["value"] for r in panel() if r["product"] == "851713"}
    months = [shift(202311, i) for i in range(12)]
    yoy = []
    for m in months:
        if m % 100 == 2:
            continue
        both = (m, shift(m, 1)) if m % 100 == 1 else (m,)
        now = sum(by[k, "USA"] for k in both)
        yoy += [now / sum(by[shift(k, -12), "USA"] for k in both) - 1] * len(both)
    growth = 1 + sum(yoy) / 12
    before = [shift(202411, i) for i in range(5)]
    cf = sum(by[shift(m, -12), "USA"] for m in before) * growth
    assert found["fl_pct_trend"] == pytest.approx(sum(by[m, "USA"] for m in before) / cf - 1)
    pytest.importorskip("statsmodels")
    assert found["fl_pct_stl"] == pytest.approx(0.5, abs=0.08)


def test_a_forecast_needs_three_years(desk: Desk, planted_part: Make, row: Make) -> None:
    short = [r for r in panel() if r["period"] >= 202201]
    found = row(pe.frontloading(desk([planted_part(short)]), event="2025-04", by=[], post=3))
    assert found["fl_pct_stl"] is None and found["fl_pct"] is not None  # 34 months before P
    longer = [r for r in panel() if r["period"] >= 202111]
    pytest.importorskip("statsmodels")
    held = row(pe.frontloading(desk([planted_part(longer)]), event="2025-04", by=[], post=3))
    assert held["fl_pct_stl"] is not None


def test_a_base_two_years_back(planted: pe.Trade, row: Make, said: Make) -> None:
    one = pe.frontloading(planted, by="product:HS6", pre=3, post=2, event="2025-05")
    two = pe.frontloading(planted, by="product:HS6", pre=3, post=2, event="2025-05", base_lag=24)
    assert "2024-02" in said(one, "event") and "2023-02" in said(two, "event")
    assert one.receipt.base_window == "2024-02/2024-04"
    assert two.receipt.base_window == "2023-02/2023-04"
    assert pe.replay(two.receipt).frame.equals(two.frame)
    late = pe.frontloading(planted, by="product:HS6", pre=3, post=2, event="2024-12")
    assert "base" not in [c.code for c in late.caveats]
    assert row(two, product="851713")["fl_pct"] != row(one, product="851713")["fl_pct"]


def test_the_contaminated_base_is_said(desk: Desk, planted_part: Make, said: Make) -> None:
    rows = [{"province": "44", "partner": p, "period": shift(202301, i), "value": 9 * M}
            for i in range(36) for p in ("USA", "DEU")]  # fmt: skip
    result = pe.frontloading(desk([planted_part(rows)]), event="2025-11-10", pre=3, post=2)
    assert "2024Q4" in said(result, "base") and "base_lag=24" in said(result, "base")


def test_what_is_not_covered_is_missing(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = [r for r in example() if r["period"] < 202505]  # May is not out yet
    trade = desk([planted_part(rows)])
    found = row(pe.frontloading(trade, event="2025-04", pre=5, post=2))
    assert (found["status"], found["reason"]) == ("missing", "after_uncovered")
    assert found["fl_usd"] is None and found["is_frontloading"] is None
    assert row(pe.frontloading(trade, event="2025-04", pre=5, post=1))["status"] == "ok"
    before = row(pe.frontloading(trade, event="2026-04", pre=2, post=1))
    assert (before["status"], before["reason"]) == ("missing", "uncovered")


def test_combined_january_and_february(desk: Desk, planted_part: Make, row: Make) -> None:
    """Inside P the combined row is as good as two months; a window that cuts it is missing."""
    rows = []
    for r in example():
        year, month = divmod(r["period"], 100)
        if month == 1:
            continue
        if month == 2:
            first, who = year * 100 + 1, r["partner"]
            twin = next(o for o in example() if (o["period"], o["partner"]) == (first, who))
            r = {**r, "months": 2, "value": r["value"] + twin["value"]}
        rows.append(r)
    trade = desk([planted_part(rows)])
    found = row(pe.frontloading(trade, event="2025-04", pre=5, post=2))
    assert found["fl_usd"] / M == pytest.approx(7.8)
    cut = row(pe.frontloading(trade, event="2025-02", pre=3, post=2))
    assert (cut["status"], cut["reason"]) == ("missing", "combined_janfeb")


def test_a_window_that_cuts_the_new_year_says_so(planted: pe.Trade) -> None:
    result = pe.frontloading(planted, by="product:HS6", event="2025-02-04", post=2)
    assert result.frame["lny_flag"].all()
    assert "lunar_new_year" in [c.code for c in result.caveats]


def test_nothing_sold_elsewhere(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = [r for r in example() if r["partner"] == "USA"]
    found = row(pe.frontloading(desk([planted_part(rows)]), event="2025-04", pre=5, post=2))
    assert (found["status"], found["reason"]) == ("missing", "no_rest")


def test_a_declared_list_of_partners_is_no_rest_of_the_world(
    desk: Desk, planted_part: Make, row: Make
) -> None:
    trade = desk([planted_part(example(), partners=("USA", "DEU"))])
    found = row(pe.frontloading(trade, event="2025-04", pre=5, post=2))
    assert (found["status"], found["reason"]) == ("missing", "scope")


# The event, and tariffs


def test_without_tariffs_the_event_is_asked_for(desk: Desk, planted_part: Make, said: Make) -> None:
    trade = desk([planted_part(example())])
    with pytest.raises(CallError, match="holds no tariffs of USA") as err:
        pe.frontloading(trade)
    assert "event='2025-04-10'" in str(err.value.do)
    result = pe.frontloading(trade, event="2025-04", pre=5, post=2)
    assert result.frame["tariff_rise"].to_list() == [None]
    assert "no tariffs" in said(result, "tariffs")


def test_several_rises_are_no_one_event(sample: pe.Trade) -> None:
    with pytest.raises(CallError, match="rose on 3 days") as err:
        pe.frontloading(sample)
    assert "2025-02-04, 2025-03-04, 2025-04-10" in str(err.value.expected)


def test_kinds_are_never_mixed(
    desk: Desk, planted_part: Make, planted_tariff: Make, row: Make, said: Make
) -> None:
    tariffs = [planted_tariff("8517", date(2025, 4, 10), 0.34),
               planted_tariff(None, date(2024, 1, 1), 0.2, kind="average"),
               planted_tariff(None, date(2025, 3, 4), 0.3, kind="average")]  # fmt: skip
    trade = desk([planted_part(panel())], tariffs)
    with pytest.raises(CallError, match="several kinds"):
        pe.frontloading(trade)
    either = pe.frontloading(trade, kind="average", by=[], post=2)
    assert either.receipt.call["event"] == "2025-03-04"
    assert row(either)["tariff_rise"] == pytest.approx(0.1)
    told = pe.frontloading(trade, event="2025-04-10", by=[], post=2)
    assert row(told)["tariff_rise"] is None and "several kinds" in said(told, "tariffs")
    with pytest.raises(CallError, match="no tariffs of kind 'etr'"):
        pe.frontloading(trade, kind="etr")


def test_the_rise_is_weighted_by_the_base(
    desk: Desk, planted_part: Make, planted_tariff: Make, row: Make
) -> None:
    """Two products of 30 and 10: the tariff of the first rises by 20 points, less 4 of a second
    programme that ends."""
    rows = [
        {"province": "44", "partner": p, "product": k, "period": shift(202301, i), "value": v * M}
        for i in range(30)
        for p in ("USA", "DEU")
        for k, v in (("851713", 30), ("640399", 10))
    ]
    tariffs = [
        planted_tariff("8517", date(2025, 2, 4), 0.10),
        planted_tariff("851713", date(2025, 4, 10), 0.30),
        planted_tariff("8517", date(2025, 1, 1), 0.04, to=date(2025, 4, 9), programme="q"),
    ]  # fmt: skip
    trade = desk([planted_part(rows)], tariffs)
    found = row(pe.frontloading(trade, event="2025-04-10", post=2))
    assert found["tariff_rise"] == pytest.approx((0.30 - 0.10 - 0.04) * 0.75)
    assert found["is_control"] is False


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"event": "April 2025"}, "is no day"),
    ({"event": "2025-13"}, "is no day"),
    ({"event": "2025-04", "pre": 0}, "pre=0 is not a whole number"),
    ({"event": "2025-04", "post": 2.5}, "post=2.5 is not a whole number"),
    ({"event": "2025-04", "base_lag": 6}, "base_lag=6"),
    ({"event": "2025-04", "partner": None}, "needs a partner"),
    ({"event": "2025-04", "by": "month"}, "no rows by month"),
    ({"event": "2025-04", "by": "partner"}, "no rows by partner"),
    ({"event": "2025-04", "flow": "total"}, "reads one flow"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "text"), WRONG)
def test_wrong_words(desk: Desk, planted_part: Make, words: dict[str, Any], text: str) -> None:
    with pytest.raises(CallError, match=text):
        pe.frontloading(desk([planted_part(example())]), **words)


def test_other_currencies_say_so(desk: Desk, planted_part: Make, said: Make) -> None:
    result = pe.frontloading(
        desk([planted_part(example(), currency="CNY")]), event="2025-04", pre=5, post=2
    )
    assert result.units["fl_usd"] == "CNY" and "in CNY" in said(result, "currency")
    zh = pe.frontloading(
        desk([planted_part(example(), currency="CNY")]), event="2025-04", pre=5, post=2, lang="zh"
    )
    assert "抢出口" in zh.title and "以CNY计" in said(zh, "currency")


# Across a revision of the Harmonized System


def phones() -> list[dict[str, Any]]:
    """851712 up to 2021, 851713 and 851714 from 2022; steady, and ordered ahead of 2025-04."""
    rows = []
    for i in range(66):
        period = shift(202001, i)
        parts = {"851712": 40} if period < 202201 else {"851713": 30, "851714": 10}
        for product, value in parts.items():
            wobble = 1 + 0.01 * (i % 3)
            us = value * wobble * (1.5 if 202411 <= period <= 202503 else 1)
            rows += [{"province": "44", "partner": p, "product": product, "period": period,
                      "value": round(v * M)} for p, v in (("USA", us), ("DEU", value))]  # fmt: skip
    return rows


def test_a_product_is_its_family_across_a_revision(
    desk: Desk, planted_part: Make, planted_tariff: Make, row: Make, said: Make
) -> None:
    """All windows, the placebo ones before 2022 too, are of the same goods."""
    tariffs = [planted_tariff("851713", date(2025, 4, 10), 0.4)]
    trade = desk([planted_part(phones())], tariffs)
    for words in (
        {"by": "product:HS6"},
        {"by": [], "product": "851713"},
        {"by": "product:HS6", "product": "851713"},
    ):
        result = pe.frontloading(trade, post=3, **words)
        found = row(result)
        assert found["value"] == pytest.approx(5 * 1.5 * 40 * 1.01 * M, rel=0.02)
        assert found["value"] - found["cf"] == pytest.approx(found["fl_usd"])
        assert found["fl_pct"] == pytest.approx(0.5, abs=0.02) and found["n_placebo"] >= 24
        assert "851713" in said(result, "families")
        assert pe.replay(result.receipt).frame.equals(result.frame)
    by = row(pe.frontloading(trade, by="product:HS6", post=3))
    assert by["tariff_rise"] == pytest.approx(0.4 * 0.75)  # three quarters of the family


def test_single_codes_where_no_revision_is_read(desk: Desk, planted_part: Make, row: Make) -> None:
    trade = desk([planted_part([r for r in phones() if r["period"] > 202201])])
    result = pe.frontloading(trade, event="2025-04", by="product:HS6", post=3)
    assert set(result.frame["product"]) == {"851713", "851714"}


def test_without_statsmodels_the_rest_stands(
    planted: pe.Trade, row: Make, said: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provexpo.metrics.stl.is_available", lambda: False)
    result = pe.frontloading(planted, by="product:HS6", post=3)
    found = row(result, product="851713")
    assert found["fl_pct_stl"] is None and found["is_frontloading"] is True
    assert "statsmodels" in said(result, "no_stl")
