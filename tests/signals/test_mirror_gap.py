"""Two records of one flow: the examples of methods 5.1, planted breaks, valuation, coverage."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.periods import shift
from provexpo.signals.mirror_figures import gap_of

M = 1_000_000
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]


@pytest.fixture
def two(desk: Desk, planted_part: Make) -> Callable[..., pe.Trade]:
    """China's exports X and the partner's imports M in a year, spread over its months."""

    def build(x: float, m: float, *, partner: str, valuation: str, year: int = 2024) -> pe.Trade:
        def rows(total: float, other: str) -> list[dict[str, Any]]:
            each = [round(total / 12)] * 11
            return [{"partner": other, "period": year * 100 + i + 1, "value": v}
                    for i, v in enumerate([*each, round(total) - sum(each)])]  # fmt: skip

        return desk([
            planted_part(rows(x, partner), name="x"),
            planted_part(rows(m, "CHN"), reporter=partner, flow="import", valuation=valuation),
        ])  # fmt: skip

    return build


EXAMPLES = [
    # partner, X, M, valuation, ratio, gap, log_gap, sym (the last two None where not printed)
    ("DEU", 100, 115, "CIF", (0.921739, 8.490566, 0.081493, 0.081448)),
    ("USA", 524.656, 438.9, "customs value", (1.195388, -85.756, -0.178471, None)),
    ("HKG", 37.6, 24.1, "FOB", (1.560166, -13.5, None, None)),
    ("HKG", 46.0, 23.7, "FOB", (1.940928, -22.3, None, None)),
]


@pytest.mark.parametrize(("partner", "x", "m", "valuation", "printed"), EXAMPLES)
def test_the_worked_examples(
    two: Make, row: Make, near: Make, partner: str, x: float, m: float, valuation: str,
    printed: tuple[float | None, ...],
) -> None:  # fmt: skip
    trade = two(x * 1e9, m * 1e9, partner=partner, valuation=valuation)
    found = row(pe.mirror_gap(trade, during="2024"), partner=partner)
    for column, value in zip(("ratio", "gap", "log_gap", "sym"), printed, strict=True):
        if value is not None:
            scale = 1e9 if column == "gap" else 1
            assert near(found[column] / scale, value, 6), column
    assert found["cif"] == (0.06 if valuation == "CIF" else 0.0)
    assert found["value"] == round(x * 1e9) and found["mirror"] == round(m * 1e9)


def test_sensitivity_to_the_cif_factor(two: Make, row: Make) -> None:
    found = row(pe.mirror_gap(two(100 * M, 115 * M, partner="DEU", valuation="CIF"), during="2024"))
    for column, c in (("log_gap_c00", 0), ("log_gap_c06", 0.06), ("log_gap_c10", 0.10)):
        assert found[column] == pytest.approx(math.log(1.15 / (1 + c)))
    customs = two(100 * M, 115 * M, partner="USA", valuation="customs value")
    bare = row(pe.mirror_gap(customs, during="2024"))
    assert bare["log_gap_c06"] is None and bare["mirror_fob"] == 115 * M
    given = two(100 * M, 115 * M, partner="DEU", valuation="CIF")
    assert row(pe.mirror_gap(given, during="2024", cif=0.10))["log_gap"] == found["log_gap_c10"]


def test_one_side_of_zero() -> None:
    found = gap_of(0, 50, 0.0)
    assert found["ratio"] == 0 and found["gap"] == 50
    assert found["log_gap"] is None and found["sym"] == 2
    assert gap_of(50, 0, 0.0)["ratio"] is None


# Five years of two records; in one series the mirror breaks away in the last year


def series(seed: int, break_from: int | None) -> list[tuple[int, int, int]]:
    rng = random.Random(seed)
    found = []
    for i in range(62):
        period = shift(202001, i)
        level = 1000 * M * 1.004**i
        x = round(level * rng.uniform(0.98, 1.02))
        m = round(level * 1.05 * rng.uniform(0.98, 1.02))
        if break_from and period >= break_from:
            m = round(m * 1.4)
        found.append((period, x, m))
    return found


@pytest.fixture
def broken(
    desk: Desk, planted_part: Make
) -> tuple[pe.Trade, dict[str, list[tuple[int, int, int]]]]:
    both = {"DEU": series(1, 202412), "JPN": series(2, None)}
    parts = [planted_part(
        [{"partner": j, "period": p, "value": x} for j, s in both.items() for p, x, _ in s],
        name="x",
    )]  # fmt: skip
    parts += [
        planted_part([{"partner": "CHN", "period": p, "value": m} for p, _, m in s], reporter=j,
                     flow="import", valuation="CIF")
        for j, s in both.items()
    ]  # fmt: skip
    return desk(parts), both


def test_a_planted_break_is_flagged_and_a_steady_gap_is_not(
    broken: Any, row: Make, said: Make
) -> None:
    """Three months, the partner's one month later: December to February against January to March
    is the last window held."""
    trade, both = broken
    result = pe.mirror_gap(trade, during="2024-11/2025-01")
    assert row(result, partner="DEU")["screen_flag"] is True
    assert row(result, partner="JPN")["screen_flag"] is False
    assert "1 of 2 cells" in said(result, "base_rate")
    for j, points in both.items():
        gaps = []
        for back in range(37):
            ends = [shift(202501, -back - k) for k in range(3)]
            x = sum(v for p, v, _ in points if p in ends)
            m = sum(v for p, _, v in points if p in [shift(e, 1) for e in ends])
            gaps.append(math.log(m / 1.06) - math.log(x))
        now, *past = gaps
        mad = 1.4826 * median(abs(g - median(past)) for g in past)
        found = row(result, partner=j)
        assert found["log_gap"] == pytest.approx(now)
        assert found["robust_z"] == pytest.approx((now - median(past)) / mad)
        assert found["move"] == pytest.approx(now - gaps[12])
        assert found["n_history"] == 36


def test_a_large_move_alone_or_a_rare_gap_alone_is_no_flag(broken: Any, row: Make) -> None:
    trade, _ = broken
    before = row(pe.mirror_gap(trade, during="2024-07/2024-09"), partner="DEU")
    assert before["screen_flag"] is False and abs(before["move"]) < 0.1


def test_windows_and_the_lag(broken: Any, said: Make) -> None:
    trade, _ = broken
    assert "2024-12/2025-02" in said(pe.mirror_gap(trade, during="2024-11/2025-01"), "mirror")
    for during in ("2024", "r12:2024-10", "2024-01/2024-10"):
        result = pe.mirror_gap(trade, during=during)
        assert str(result.receipt.window) in said(result, "mirror"), during
    shifted = pe.mirror_gap(trade, during="2024", lag=1)
    assert "2024-02/2025-01" in said(shifted, "mirror")
    assert pe.replay(shifted.receipt).frame.equals(shifted.frame)
    with pytest.raises(CallError, match="too short"):
        pe.mirror_gap(trade, during="2024-11")


def test_without_three_years_before_there_is_no_flag(two: Make, row: Make, said: Make) -> None:
    trade = two(100 * M, 115 * M, partner="DEU", valuation="CIF")
    result = pe.mirror_gap(trade, during="2024")
    found = row(result)
    assert found["screen_flag"] is None and found["robust_z"] is None and found["move"] is None
    assert "36 months" in said(result, "history")
    assert found["status"] == "ok"


def test_what_the_partner_does_not_cover_is_missing(broken: Any, row: Make) -> None:
    trade, _ = broken
    found = row(pe.mirror_gap(trade, during="2024-12/2025-02"), partner="DEU")
    assert (found["status"], found["reason"]) == ("missing", "mirror_uncovered")
    assert found["value"] is not None and found["mirror"] is None and found["gap"] is None
    later = row(pe.mirror_gap(trade, during="2025-03/2025-05"), partner="DEU")
    assert (later["status"], later["reason"]) == ("missing", "uncovered")


def test_a_partner_without_a_record(broken: Any, row: Make, said: Make) -> None:
    trade, _ = broken
    result = pe.mirror_gap(trade, during="2024", partner=["DEU", "FRA"])
    found = row(result, partner="FRA")
    assert (found["status"], found["reason"]) == ("missing", "no_mirror")
    assert "no imports of FRA" in said(result, "mirror")


def test_a_store_of_one_side(desk: Desk, planted_part: Make) -> None:
    trade = desk([planted_part([{"partner": "USA", "period": 202401, "value": 1}])])
    with pytest.raises(CoverageError, match="no imports of another reporter"):
        pe.mirror_gap(trade, during="2024Q1")


def products(year: int = 2024) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Chapter 85: 60 sold, 50 bought; 61: 30 and 33; 98: 20 and 4, a month."""
    amounts = {"85": (60, 50), "61": (30, 33), "98": (20, 4)}
    x, m = [], []
    for chapter, (sold, bought) in amounts.items():
        for month in range(1, 13):
            period = year * 100 + month
            x.append({"partner": "USA", "product": f"{chapter}0000", "period": period,
                      "value": sold * M})  # fmt: skip
            m.append({"partner": "CHN", "product": chapter, "period": period, "value": bought * M})
    return x, m


def us_store(desk: Desk, make: Make, *, whole: bool = True) -> pe.Trade:
    """Tables of products, and one of totals that the engine would otherwise take."""
    x, m = products()
    total = [{"partner": "USA", "period": 202400 + i, "value": 110 * M} for i in range(1, 13)]
    bought = [{"partner": "CHN", "period": 202400 + i, "value": 87 * M} for i in range(1, 13)]
    parts = [make(total, name="x"), make(bought, name="m", reporter="USA", flow="import",
                                         valuation="customs value")]  # fmt: skip
    if whole:
        parts += [make(x, name="xp"), make(m, name="mp", reporter="USA", flow="import",
                                           valuation="customs value")]  # fmt: skip
    return desk(parts)


def test_chapter_98_is_left_out_against_the_us(
    desk: Desk, planted_part: Make, row: Make, said: Make
) -> None:
    result = pe.mirror_gap(us_store(desk, planted_part), during="2024", partner="US")
    found = row(result)
    assert (found["value"], found["mirror"]) == (90 * 12 * M, 83 * 12 * M)
    assert "left out on both sides" in said(result, "chapter_98")
    by = pe.mirror_gap(us_store(desk, planted_part), during="2024", partner="US", by="product:HS2")
    assert sorted(by.frame["product"].to_list()) == ["61", "85"]
    assert row(by, product="85")["gap"] == -120 * M and row(by, product="61")["gap"] == 36 * M
    plain = us_store(desk, planted_part, whole=False)
    told = pe.mirror_gap(plain, during="2024", partner="US")
    assert row(told)["value"] == 110 * 12 * M
    assert "chapter 98 is included" in said(told, "chapter_98")


def test_a_short_list_of_products_is_not_taken_for_the_whole(
    desk: Desk, planted_part: Make, row: Make
) -> None:
    """A table that lists two chapters cannot stand for all trade; the total is compared."""
    from dataclasses import replace

    from provexpo.ingest.rows import Extent

    x, m = products()
    few = planted_part([r for r in x if r["product"][:2] == "85"], name="few")
    scope = replace(few.scopes[0], product=Extent("listed", ("850000",)))
    totals = [{"partner": "USA", "period": 202400 + i, "value": 110 * M} for i in range(1, 13)]
    trade = desk([
        replace(few, scopes=(scope,)), planted_part(totals, name="x"),
        planted_part(m, reporter="USA", flow="import", valuation="customs value"),
    ])  # fmt: skip
    assert row(pe.mirror_gap(trade, during="2024", partner="US"))["value"] == 110 * 12 * M


def test_the_partner_side_is_kept_where_nothing_was_recorded_as_sold(
    desk: Desk, planted_part: Make, row: Make
) -> None:
    x, m = products()
    x = [r for r in x if r["product"][:2] != "61"]
    trade = desk([planted_part(x, name="x"), planted_part(m, reporter="USA", flow="import",
                                                          valuation="customs value")])  # fmt: skip
    found = row(pe.mirror_gap(trade, during="2024", by="product:HS2"), product="61")
    assert found["value"] == 0 and found["mirror"] == 33 * 12 * M
    assert found["log_gap"] is None and found["sym"] == 2 and found["status"] == "ok"


def test_a_product_is_its_family_on_both_sides(
    desk: Desk, planted_part: Make, row: Make, said: Make
) -> None:
    """The history reaches back before 2022, when 851712 became 851713 and 851714."""
    x, m = [], []
    for i in range(60):
        period = shift(202001, i)
        parts = {"851712": 40} if period < 202201 else {"851713": 30, "851714": 10}
        for product, value in parts.items():
            x.append({"partner": "DEU", "product": product, "period": period, "value": value * M})
            m.append({"partner": "CHN", "product": product, "period": period,
                      "value": (value + i % 2) * M})  # fmt: skip
    trade = desk([planted_part(x), planted_part(m, reporter="DEU", flow="import")])
    result = pe.mirror_gap(trade, during="2024", by="product:HS6")
    found = row(result)
    assert found["value"] == 40 * 12 * M and found["mirror"] == (40 * 12 + 12) * M
    assert found["n_history"] == 36 and found["screen_flag"] is False
    assert "851713" in said(result, "families")


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"by": "province"}, CallError, "no rows by province"),
    ({"by": "product:HS8"}, CallError, "no rows by product:HS8"),
    ({"by": "month"}, CallError, "no rows by month"),
    ({"cif": -1}, CallError, "cif=-1 is not a number"),
    ({"lag": 1.5}, CallError, "lag=1.5 is not a whole number"),
    ({"partner": "not US"}, CoverageError, "partner by partner"),
    ({"currency": "EUR"}, CoverageError, "hold no EUR"),
    ({"mirror_table": "USA:none"}, CallError, "no table 'USA:none'"),
]


@pytest.mark.parametrize(("words", "kind", "text"), WRONG)
def test_wrong_words(
    desk: Desk, planted_part: Make, words: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        pe.mirror_gap(us_store(desk, planted_part), during="2024", **words)
