"""Shifts between places: the example of methods 5.5, planted products, an oracle in pandas."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CallError

M = 1_000_000
PLACES = ("44", "33", "42", "65")
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]


def rows_of(product: str, base: dict[str, float], now: dict[str, float]) -> list[dict[str, Any]]:
    return [
        {"province": p, "product": product, "period": period, "value": round(v * M)}
        for period, values in ((202303, base), (202403, now))
        for p, v in values.items()
        if v
    ]


def test_the_worked_example(desk: Desk, planted_part: Make, row: Make, near: Make) -> None:
    """Shares .6/.3/.1 -> .4/.3/.3; the nation stands still."""
    rows = rows_of("851713", {"44": 60, "33": 30, "42": 10}, {"44": 40, "33": 30, "42": 30})
    found = row(pe.registration_shift(desk([planted_part(rows)]), during="2024-03"))
    assert near(found["turnover"], 0.20, 12) and near(found["g_nat"], 0, 12)
    assert found["screen_flag"] is True
    assert (found["gainer"], found["loser"], found["n"]) == ("42", "44", 3)
    assert found["gainer_name"] == "Hubei"


def test_planted_case_and_non_cases(desk: Desk, planted_part: Make, row: Make, said: Make) -> None:
    rows = rows_of("851713", {"44": 60, "42": 40}, {"44": 30, "42": 71})  # moved, nation +1 %
    rows += rows_of("640399", {"44": 60, "42": 40}, {"44": 60, "42": 90})  # moved with growth
    rows += rows_of("610910", {"44": 60, "42": 40}, {"44": 62, "42": 40})  # nothing moved
    rows += rows_of("940360", {"44": 0.2, "42": 0.1}, {"44": 0.1, "42": 0.2})  # tiny
    rows += rows_of("950300", {"44": 0}, {"44": 50})  # new
    result = pe.registration_shift(desk([planted_part(rows)]), during="2024-03")
    flags = {r["product"]: r["screen_flag"] for r in result.frame.to_dicts()}
    assert flags == {"851713": True, "640399": False, "610910": False, "940360": None,
                     "950300": None}  # fmt: skip
    new, tiny = row(result, product="950300"), row(result, product="940360")
    assert new["status"] == "new" and new["turnover"] is None and new["g_nat"] is None
    assert tiny["small_base"] is True and tiny["turnover"] == pytest.approx(1 / 3)
    assert "1 of 3 cells" in said(result, "base_rate")
    assert result.frame["product"][0] == "851713"
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_against_pandas(desk: Desk, planted_part: Make) -> None:
    import pandas as pd

    rng = random.Random(8)
    rows: list[dict[str, Any]] = []
    for product in ("851713", "640399", "610910", "940360", "950300"):
        sides = [
            {p: rng.choice([0, rng.uniform(1, 90), rng.uniform(1, 90)]) for p in PLACES}
            for _ in range(2)
        ]
        base, now = sides
        rows += rows_of(product, base, now)
    frame = pe.registration_shift(desk([planted_part(rows)]), during="2024-03").frame
    table = pd.DataFrame(rows).pivot_table(
        index=["product", "province"], columns="period", values="value", aggfunc="sum", fill_value=0
    )
    totals = table.groupby(level=0).sum()
    shares = table / totals.reindex(table.index, level=0)
    turnover = (shares[202403] - shares[202303]).abs().groupby(level=0).sum() / 2
    assert frame.height == 5 and frame["turnover"].null_count() == 0
    for r in frame.to_dicts():
        assert r["turnover"] == pytest.approx(turnover[r["product"]])
        growth = totals.loc[r["product"], 202403] / totals.loc[r["product"], 202303] - 1
        assert r["g_nat"] == pytest.approx(growth)


def test_large_amounts_do_not_overflow(desk: Desk, planted_part: Make, row: Make) -> None:
    big = 10**9
    rows = rows_of("851713", {"44": 6 * big, "42": 4 * big}, {"44": 4 * big, "42": 6 * big})
    found = row(pe.registration_shift(desk([planted_part(rows)]), during="2024-03"))
    assert found["turnover"] == pytest.approx(0.2)


def test_negative_amounts_and_uncovered_windows(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = rows_of("851713", {"44": 60, "42": 40}, {"44": 90, "42": -5})
    trade = desk([planted_part(rows)])
    found = row(pe.registration_shift(trade, during="2024-03"))
    assert found["status"] == "negative" and found["turnover"] is None
    assert found["screen_flag"] is None and found["g_nat"] is None
    missing = row(pe.registration_shift(trade, during="2024-04"))
    assert (missing["status"], missing["reason"]) == ("missing", "uncovered")


def test_the_bounds_are_options(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = rows_of("851713", {"44": 60, "42": 40}, {"44": 50, "42": 50})
    trade = desk([planted_part(rows)])
    assert row(pe.registration_shift(trade, during="2024-03"))["screen_flag"] is False
    eased = pe.registration_shift(trade, during="2024-03", min_turnover=0.1)
    assert row(eased)["screen_flag"] is True and eased.receipt.call["min_turnover"] == 0.1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"by": "province"}, "no rows by province"),
        ({"by": "region"}, "no rows by region"),
        ({"min_turnover": 2}, "min_turnover=2"),
        ({"max_growth": None}, "max_growth=None"),
        ({"flow": "total"}, "reads one flow"),
    ],
)
def test_wrong_words(desk: Desk, planted_part: Make, words: dict[str, Any], text: str) -> None:
    rows = rows_of("851713", {"44": 60}, {"44": 50})
    with pytest.raises(CallError, match=text):
        pe.registration_shift(desk([planted_part(rows)]), during="2024-03", **words)
