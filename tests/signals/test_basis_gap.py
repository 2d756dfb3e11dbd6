"""Registration against origin: the example of methods 5.2, planted cases, percentiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError

M = 1_000_000
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]
PLACES = ("11", "12", "13", "14", "21", "31", "32", "33", "34", "35", "36", "41", "42", "44")


@pytest.fixture
def both(desk: Desk, planted_part: Make) -> Callable[..., pe.Trade]:
    """Totals of March by registration and by origin: place -> (base reg, org, now reg, org)."""

    def build(figures: dict[str, tuple[int, int, int, int]], **more: Any) -> pe.Trade:
        def rows(places: tuple[int, int]) -> list[dict[str, Any]]:
            return [
                {"province": p, "period": period, "value": f[place] * M}
                for p, f in figures.items()
                for period, place in zip((202303, 202403), places, strict=True)
            ]

        return desk([
            planted_part(rows((0, 2)), name="reg", **more),
            planted_part(rows((1, 3)), name="org", basis="origin", **more),
        ])  # fmt: skip

    return build


def test_the_worked_example(both: Make, row: Make, near: Make) -> None:
    trade = both({"42": (30, 25, 60, 28), **dict.fromkeys(PLACES[:12], (50, 50, 55, 55))})
    found = row(pe.basis_gap(trade, during="2024-03"), province="42")
    assert near(found["base_b"], 0.181818, 6) and near(found["b"], 0.727273, 6)
    assert near(found["b_d12"], 0.727273 - 0.181818, 5)
    assert found["pctile"] == 1.0 and found["screen_flag"] is True


def test_planted_case_and_non_cases(both: Make, row: Make, said: Make) -> None:
    """One place rises alone. One has a wide gap that does not move; one rises by less than 0.10."""
    quiet = {p: (100, 100, 100 + i % 3, 100) for i, p in enumerate(PLACES)}
    trade = both({**quiet, "43": (30, 28, 60, 30), "46": (90, 30, 90, 30), "45": (50, 50, 54, 50)})
    result = pe.basis_gap(trade, during="2024-03")
    assert row(result, province="43")["screen_flag"] is True
    assert row(result, province="46")["screen_flag"] is False
    assert row(result, province="45")["screen_flag"] is False
    assert "1 of 17 cells" in said(result, "base_rate")
    assert result.frame["province"][0] == "43"


def test_many_places_that_rise_together_are_not_all_flagged(both: Make) -> None:
    trade = both({p: (100, 100, 130 + i, 100) for i, p in enumerate(PLACES)})
    frame = pe.basis_gap(trade, during="2024-03").frame
    rises = frame["b_d12"].to_numpy()
    assert (rises > 0.10).all()
    bound = np.quantile(rises, 0.9)
    assert frame["screen_flag"].to_list() == [bool(r > bound) for r in rises]
    assert frame["screen_flag"].sum() == 2


def test_a_place_that_one_table_does_not_name(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = [{"province": p, "period": q, "value": 10 * M} for p in ("42", "44")
            for q in (202303, 202403)]  # fmt: skip
    origin = [r for r in rows if r["province"] == "44"]
    trade = desk([planted_part(rows, name="r"), planted_part(origin, basis="origin")])
    found = row(pe.basis_gap(trade, during="2024-03"), province="42")
    assert found["value_origin"] == 0 and found["b"] == 2 and found["b_d12"] == 0


def test_what_is_not_covered_is_missing(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = [{"province": p, "period": q, "value": 10 * M} for p in ("42", "44")
            for q in (202303, 202403, 202404)]  # fmt: skip
    short = [r for r in rows if r["period"] == 202403]
    trade = desk([planted_part(rows, name="r"), planted_part(short, basis="origin")])
    march = row(pe.basis_gap(trade, during="2024-03"), province="42")
    assert march["b"] == 0 and march["b_d12"] is None and march["screen_flag"] is None
    april = row(pe.basis_gap(trade, during="2024-04"), province="42")
    assert (april["status"], april["reason"]) == ("missing", "origin_uncovered")
    may = row(pe.basis_gap(trade, during="2024-05"), province="42")
    assert (may["status"], may["reason"]) == ("missing", "uncovered")


def test_rows_by_month_and_for_chosen_places(both: Make, row: Make) -> None:
    trade = both({"42": (30, 25, 60, 28), **dict.fromkeys(PLACES[:12], (50, 50, 55, 55))})
    result = pe.basis_gap(trade, during="2024-03", province="Hubei", by=["province", "month"])
    found = row(result)
    assert found["month"] == "2024-03" and found["pctile"] == 1.0
    assert pe.replay(result.receipt).frame.equals(result.frame)
    assert "the same by origin" in [m["name"] for m in result.receipt.more]


def test_imports_are_compared_by_destination(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = [{"province": "42", "period": q, "value": 10 * M} for q in (202303, 202403)]
    trade = desk([planted_part(rows, flow="import", name="r"),
                  planted_part(rows, flow="import", basis="destination")])  # fmt: skip
    assert row(pe.basis_gap(trade, during="2024-03", flow="import"))["b"] == 0


def test_one_basis_is_not_enough(desk: Desk, planted_part: Make) -> None:
    rows = [{"province": "42", "period": 202403, "value": 1}]
    for basis, lacking in (("registered", "origin"), ("origin", "registration")):
        trade = desk([planted_part(rows, basis=basis)])
        with pytest.raises(CoverageError, match="only") as err:
            pe.basis_gap(trade, during="2024-03")
        assert lacking in str(err.value.expected) and "basis = " in str(err.value.do)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"by": "sector"}, "broken down by|compares places"),
        ({"by": []}, "compares places, not the nation"),
        ({"min_rise": "x"}, "min_rise='x'"),
        ({"min_percentile": 2}, "min_percentile=2"),
        ({"table": "CHN:none"}, "no table 'CHN:none'"),
        ({"flow": "total"}, "reads one flow"),
    ],
)
def test_wrong_words(both: Make, words: dict[str, Any], text: str) -> None:
    trade = both({"42": (30, 25, 60, 28)})
    with pytest.raises((CallError, CoverageError), match=text):
        pe.basis_gap(trade, during="2024-03", **words)
