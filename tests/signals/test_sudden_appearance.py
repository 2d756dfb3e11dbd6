"""Sudden appearances: planted cells and non-cases, the two bounds, what is not over yet."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CallError
from provexpo.periods import shift

M = 1_000_000
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]
FIRST, N = 202101, 54  # to June 2025


def cell(
    place: str, product: str, months: dict[int, float], partner: str = "USA"
) -> list[dict[str, Any]]:
    return [{"province": place, "partner": partner, "product": product, "period": p,
             "value": round(v * M)} for p, v in months.items() if v]  # fmt: skip


def steady(value: float, first: int = FIRST, n: int = N) -> dict[int, float]:
    return {shift(first, i): value for i in range(n)}


@pytest.fixture
def store(desk: Desk, planted_part: Make) -> Callable[..., pe.Trade]:
    """A steady nation of 10 a month in 851713 and 640399, and the cells given."""

    def build(*cells: list[dict[str, Any]], **options: Any) -> pe.Trade:
        rows = cell("44", "851713", steady(10)) + cell("44", "640399", steady(10))
        spans = [(shift(FIRST, i), 1) for i in range(N)]
        return desk([planted_part([*rows, *(r for c in cells for r in c)], spans=spans, **options)])

    return build


def test_planted_cases(store: Make, row: Make, said: Make) -> None:
    trade = store(
        cell("65", "851713", steady(4, 202403, 14)),  # stays
        cell("42", "851713", steady(4, 202405, 4)),  # gone after four months
        cell("43", "851713", steady(0.5, 202404, 12)),  # 3 in six months: too little
        cell("36", "640399", {**steady(2, 202202, 1), **steady(4, 202403, 14)}),  # 25 months before
        cell("34", "640399", {**steady(2, 202203, 1), **steady(4, 202403, 14)}),  # 24 months before
        cell("35", "640399", steady(4)),  # was always there
    )
    result = pe.sudden_appearance(trade, during="2024")
    found = row(result, province="65")
    assert (found["first_period"], found["value6m"]) == ("2024-03", 24 * M)
    assert found["nation6m"] == (60 + 24 + 16 + 1.5 * 2 - 0.5) * M  # 4 x May-Aug, 0.5 x Apr-Aug
    assert found["share_nat"] == pytest.approx(24 / (60 + 24 + 16 + 2.5))
    assert found["flash"] is False and found["screen_flag"] is True and found["peak"] == 4 * M
    gone = row(result, province="42")
    assert gone["flash"] is True and gone["value6m"] == 16 * M and gone["screen_flag"] is True
    assert set(result.frame["province"]) == {"65", "42", "36"}
    assert "3 of 8 cells" in said(result, "base_rate")
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_a_small_part_of_the_nation_is_shown_and_not_flagged(store: Make, row: Make) -> None:
    trade = store(cell("42", "851713", steady(0.9, 202403, 14)))
    found = row(pe.sudden_appearance(trade, during="2024"))
    assert found["share_nat"] == pytest.approx(5.4 / 65.4) and found["screen_flag"] is False
    strict = pe.sudden_appearance(trade, during="2024", min_share=0.08)
    assert row(strict)["screen_flag"] is True
    assert pe.sudden_appearance(trade, during="2024", min_value=6 * M).frame.is_empty()


def test_bounds_are_met_up_to_rounding(store: Make, row: Make) -> None:
    """Exactly USD 5 million, and exactly a tenth of the nation's: 5 of 50."""
    trade = store(cell("42", "950300", {202403: 5}), cell("44", "950300", steady(7.5)))
    found = row(pe.sudden_appearance(trade, during="2024"))
    assert found["value6m"] == 5 * M and found["share_nat"] == 0.1
    assert found["screen_flag"] is True


def test_the_bound_is_in_dollars(desk: Desk, planted_part: Make) -> None:
    """5 million dollars are about 36 million yuan: 30 are too few, 45 are enough."""
    spans = [(shift(FIRST, i), 1) for i in range(N)]
    rows = cell("42", "851713", steady(5, 202403, 6)) + cell("43", "851713", steady(7.5, 202403, 6))
    trade = desk([planted_part(rows, currency="CNY", spans=spans)])
    result = pe.sudden_appearance(trade, during="2024")
    assert result.frame["province"].to_list() == ["43"] and result.units["value6m"] == "CNY"


def test_what_is_not_over_is_missing(store: Make, row: Make, said: Make) -> None:
    """Held to June 2025: a cell from February has five of its six months, one of August 2024
    eleven of its twelve."""
    trade = store(
        cell("42", "851713", steady(4, 202502, 5)), cell("43", "640399", steady(4, 202408, 11)),
        cell("36", "640399", {**steady(8, 202409, 2), **steady(0.5, 202411, 8)}),
    )  # fmt: skip
    result = pe.sudden_appearance(trade, during="2024-06/2025-03")
    found = row(result, province="42")
    assert (found["status"], found["reason"]) == ("missing", "follow_up")
    assert found["value6m"] is None and found["screen_flag"] is None
    assert "first 6 months" in said(result, "follow_up")
    assert row(result, province="43")["flash"] is None  # may still fade
    assert row(result, province="36")["flash"] is True  # has faded already


def test_before_the_history_nothing_can_be_said(store: Make) -> None:
    trade = store(cell("42", "851713", steady(4, 202203, 14)))
    result = pe.sudden_appearance(trade, during="2022")
    assert set(result.frame["status"]) == {"missing"} and set(result.frame["reason"]) == {
        "uncovered"
    }
    assert result.frame["screen_flag"].null_count() == result.frame.height


def test_the_default_window_has_its_six_months(store: Make) -> None:
    result = pe.sudden_appearance(store(cell("42", "851713", steady(4, 202409, 10))))
    assert result.receipt.window == "2024-02/2025-01" and result.frame.height == 1


def test_the_nation_is_whole_when_a_place_is_chosen(store: Make, row: Make, said: Make) -> None:
    trade = store(cell("65", "851713", steady(4, 202403, 14)))
    result = pe.sudden_appearance(trade, during="2024", province="Xinjiang")
    assert row(result)["share_nat"] == pytest.approx(24 / 84)
    assert "1 of 1 cells" in said(result, "base_rate")
    none = pe.sudden_appearance(trade, during="2024", province="Guangdong")
    assert none.frame.is_empty() and "no cell is flagged" in said(none, "base_rate")


def test_coarser_keys(store: Make, row: Make) -> None:
    trade = store(cell("65", "851713", steady(4, 202403, 14)), cell("65", "851762", steady(1)))
    assert pe.sudden_appearance(
        trade, during="2024", by=["province", "product:HS4"]
    ).frame.is_empty()
    fine = pe.sudden_appearance(trade, during="2024", by=["province", "product:HS6"])
    assert row(fine)["product"] == "851713"
    nation = pe.sudden_appearance(trade, during="2024", by=["product:HS6"])
    assert nation.frame.is_empty()


def test_against_pandas(desk: Desk, planted_part: Make) -> None:
    """A sparse random panel, worked out cell by cell."""
    import pandas as pd

    rng = random.Random(11)
    rows = []
    for place in ("44", "33", "42", "65"):
        for partner in ("USA", "DEU"):
            for product in ("851713", "640399", "610910"):
                born = rng.choice([0, 0, 30, 38, 40, 44])
                dies = rng.choice([N, N, born + 5])
                rows += cell(place, product, {
                    shift(FIRST, i): rng.uniform(0.5, 4) for i in range(born, min(dies, N))
                    if rng.random() < 0.9
                }, partner)  # fmt: skip
    spans = [(shift(FIRST, i), 1) for i in range(N)]
    result = pe.sudden_appearance(desk([planted_part(rows, spans=spans)]), during="2024")
    months = [p for p, _ in spans]
    table = pd.DataFrame(rows).pivot_table(
        index=["province", "partner", "product"], columns="period", values="value",
        aggfunc="sum", fill_value=0,
    ).reindex(columns=months, fill_value=0)  # fmt: skip
    wanted = {}
    for key, values in table.iterrows():
        x = values.to_numpy()
        for i, p in enumerate(months):
            if 202401 <= p <= 202412 and x[i] and not x[i - 24 : i].any():
                six = int(x[i : i + 6].sum())
                nation = int(table.loc[(slice(None), *key[1:]), months[i : i + 6]].to_numpy().sum())
                year = x[i : i + 12]
                after = year[year.argmax() + 1 :]
                flash = True if (after < 0.1 * year.max()).any() else None if i + 12 > N else False
                if six >= 5 * M:
                    wanted[key] = (p, six, six / nation, flash, six / nation >= 0.1)
    found = {
        (r["province"], r["partner"], r["product"]): (
            int(r["first_period"].replace("-", "")), r["value6m"], r["share_nat"], r["flash"],
            r["screen_flag"],
        )
        for r in result.frame.to_dicts()
    }  # fmt: skip
    assert len(wanted) > 3 and found == wanted


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"by": "province"}, "anything but products"),
        ({"by": ["product:HS6", "sector"]}, "no rows by sector"),
        ({"by": ["product:HS6", "month"]}, "no rows by month"),
        ({"during": "2021-01/2024-12"}, "longer than 24 months"),
        ({"min_share": 10}, "min_share=10"),
        ({"min_value": "5m"}, "min_value='5m'"),
    ],
)
def test_wrong_words(store: Make, words: dict[str, Any], text: str) -> None:
    with pytest.raises(CallError, match=text):
        pe.sudden_appearance(store(), **{"during": "2024", **words})
