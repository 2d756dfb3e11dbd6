"""Seasonal adjustment (methods 2.10): the holiday's proportions, STL, and when it is refused."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CallError, PeriodError
from provexpo.metrics import lunar, stl
from provexpo.periods import Window, shift

Plant = Callable[..., pe.Trade]
Codes = Callable[[pe.Result], list[str]]
FIRST, N = 201901, 84
MONTHS = Window(FIRST, shift(FIRST, N - 1)).months


# The Lunar New Year


@pytest.mark.parametrize(
    ("day", "before", "during", "after"),
    [
        ("2024-02-10", {1: 0.55, 2: 0.45}, {2: 1}, {2: 0.65, 3: 0.35}),
        ("2025-01-29", {1: 1}, {1: 0.428571, 2: 0.571429}, {2: 1}),
        ("2023-01-22", {1: 1}, {1: 1}, {1: 0.15, 2: 0.85}),
        ("2026-02-17", {1: 0.2, 2: 0.8}, {2: 1}, {2: 0.25, 3: 0.75}),
    ],
)
def test_2_10_proportions(
    day: str, before: dict[int, float], during: dict[int, float], after: dict[int, float]
) -> None:
    """The printed ones; the others follow from the calendar (2023: 2 to 21 January, before)."""
    found = lunar.proportions(date.fromisoformat(day))
    for got, want in zip(found, (before, during, after)):
        assert {m % 100: round(share, 6) for m, share in got.items()} == want


def test_the_dates_of_the_methods_and_their_bounds() -> None:
    days = {d.year: d for d in lunar.new_years()}
    assert sorted(days) == list(range(2000, 2031))
    printed = ("02-05", "01-25", "02-12", "02-01", "01-22", "02-10", "01-29", "02-17")
    assert tuple(f"{days[y]:%m-%d}" for y in range(2019, 2027)) == printed
    assert all(date(y, 1, 21) <= d <= date(y, 2, 20) for y, d in days.items())


def test_the_dates_are_new_moons() -> None:
    """Consecutive new years lie 12 or 13 mean lunations apart, within two days of the mean."""
    days = lunar.new_years()
    for a, b in pairwise(days):
        assert min(abs((b - a).days - n * 29.530588) for n in (12, 13)) < 2


def test_proportions_add_up_and_regressors_are_centred() -> None:
    for length in lunar.LENGTHS:
        for day in lunar.new_years():
            for part in lunar.proportions(day, length, length):
                assert math.isclose(sum(part.values()), 1)
    # Over the years of the table the mean of a calendar month is zero, for every regressor.
    months = Window(200001, 203011).months
    x = lunar.regressors(months, 20, 20)
    for calendar in range(1, 12):
        rows = [i for i, m in enumerate(months) if m % 100 == calendar]
        assert np.allclose(x[rows].mean(axis=0), 0, atol=1e-12)


def log_series(months: tuple[int, ...] = MONTHS, *, before: int = 10, after: int = 25) -> Any:
    """A trend, a season and a planted holiday, no noise."""
    t = np.arange(len(months))
    season = np.array([0.1 * math.sin(2 * math.pi * (m % 100) / 12) for m in months])
    holiday = lunar.regressors(months, before, after) @ np.array([0.10, -0.40, -0.20])
    return 20 + 0.004 * t + season + holiday, holiday, season


def test_a_planted_holiday_is_found_with_its_lengths() -> None:
    y, holiday, _ = log_series()
    found = lunar.effect(y, MONTHS)
    assert (found.before, found.after) == (10, 25)
    assert np.allclose(found.values, holiday, atol=1e-8)


def test_no_holiday_is_no_effect() -> None:
    t = np.arange(N)
    found = lunar.effect(5 + 0.01 * t, MONTHS)
    assert np.allclose(found.values, 0, atol=1e-9)
    assert (found.before, found.after) == (10, 10)  # ties go to the shorter


# STL against the results published with the program (Cleveland et al.; Mauna Loa CO2)

BASELINE = {
    0: (-0.13125464336, 315.551939725), 1: (0.51706942811, 315.644481572),
    2: (1.08182067585, 315.737023419), 3: (2.13326637359, 315.831019342),
    4: (2.73375546874, 315.925015265), 5: (2.23997776836, 316.017871370),
    6: (0.92969951526, 316.110727475), 7: (-1.11444707420, 316.202019779),
    8: (-2.67573821246, 316.293312082), 9: (-2.87856330489, 316.398957194),
    10: (-1.90209785853, 316.504602306), 11: (-0.96028839685, 316.616296187),
    60: (-0.11166352849, 319.393505992), 61: (0.52704180694, 319.440776405),
    100: (2.80471115010, 321.747136429), 101: (2.27693520990, 321.807410271),
    102: (0.90739992237, 321.867684114), 103: (-1.15002684470, 321.932598716),
    144: (-0.08516973154, 326.100918708), 145: (0.54149736599, 326.175668163),
    146: (1.29129764238, 326.250417618), 147: (2.38001852337, 326.323939679),
}  # fmt: skip


def test_stl_gives_the_published_figures() -> None:
    y = pl.read_csv(Path(__file__).with_name("stl_co2.csv"))["co2"].to_numpy()
    assert len(y) == 348
    parts = stl.decompose(
        y, seasonal=35, robust=False, inner=1, outer=2, trend=19, low_pass=13, seasonal_jump=4,
        trend_jump=2, low_pass_jump=2,
    )  # fmt: skip
    for i, (season, trend) in BASELINE.items():
        assert parts.seasonal[i] == pytest.approx(season, abs=1e-9), i
        assert parts.trend[i] == pytest.approx(trend, abs=1e-8), i
    assert np.allclose(parts.trend + parts.seasonal + parts.resid, y)


# The metric


def rows_of(y: Any, months: tuple[int, ...] = MONTHS, province: str = "44") -> list[Any]:
    return [(province, "USA", m, round(math.exp(v))) for m, v in zip(months, y)]


def test_a_planted_series_comes_back(plant: Plant) -> None:
    y, holiday, season = log_series()
    frame = pe.seasonal(plant(rows_of(y)), by=[]).frame
    assert frame.height == N and set(frame["status"]) == {"ok"}
    assert set(frame["method"]) == {"stl_lny"} and set(frame["n_obs"]) == {N}
    assert np.allclose(frame["lny_effect"], holiday, atol=1e-6)
    # A straight trend and a fixed season: the adjusted figure is the trend.
    assert np.allclose(np.log(frame["sa"]), y - holiday - season, atol=2e-3)
    assert frame["prelim"].to_list() == [False] * (N - 12) + [True] * 12
    assert (frame["lny_before"][0], frame["lny_after"][0]) == (10, 25)


def noisy(seed: int = 1, months: tuple[int, ...] = MONTHS) -> Any:
    rng = random.Random(seed)
    return log_series(months)[0] + np.array([rng.gauss(0, 0.05) for _ in months])


def test_the_parts_add_up_to_the_logarithm(plant: Plant) -> None:
    for robust in (True, False):
        frame = pe.seasonal(plant(rows_of(noisy())), by=[], robust=robust).frame
        parts = np.log(frame["trend"]) + frame["seasonal"] + frame["lny_effect"] + frame["resid"]
        assert np.allclose(parts, np.log(frame["value"]), atol=1e-12)
        adjusted = np.log(frame["value"]) - frame["seasonal"] - frame["lny_effect"]
        assert np.allclose(np.log(frame["sa"]), adjusted, atol=1e-12)


def test_row_order_other_series_and_scale_change_nothing(plant: Plant) -> None:
    rows = rows_of(noisy())
    one = pe.seasonal(plant(rows), province="44").frame
    shuffled = [*reversed(rows), *rows_of(noisy(2), province="35")]
    two = pe.seasonal(plant(shuffled, store="b")).frame.filter(pl.col("province") == "44")
    assert one.equals(two)
    by = pe.seasonal(plant(rows, store="c"), by=["province", "month"]).frame
    assert by.equals(one)
    ten = pe.seasonal(plant([(*r[:3], 10 * r[3]) for r in rows], store="d"), province="44").frame
    assert np.allclose(ten["sa"], 10 * one["sa"], rtol=1e-9)
    assert np.allclose(ten["seasonal"], one["seasonal"], atol=1e-9)


def test_what_is_refused(plant: Plant, codes: Codes) -> None:
    y = noisy()
    cases = {
        "zeros": [*rows_of(y)[:30], *rows_of(y)[31:]],  # covered through another province
        "too_short": rows_of(y[:35], MONTHS[:35]),
    }
    for reason, rows in cases.items():
        other = rows_of(y[: len(rows) + (reason == "zeros")], province="35")
        result = pe.seasonal(plant([*rows, *other], store=reason), province="44")
        frame = result.frame
        assert set(frame["status"]) == {"missing"} and set(frame["reason"]) == {reason}
        assert set(frame["method"]) == {"yoy_janfeb"} and not frame["prelim"].any()
        assert frame["value"].null_count() == 0 and reason in codes(result)
        for column in ("sa", "trend", "seasonal", "lny_effect", "resid"):
            assert frame[column].null_count() == frame.height
    short = pe.seasonal(plant(rows_of(y[:36], MONTHS[:36]), store="36"), by=[])
    assert set(short.frame["status"]) == {"ok"} and "short_series" in codes(short)


def test_a_gap_month_is_missing_and_so_is_the_adjustment(plant: Plant) -> None:
    rows = [r for r in rows_of(noisy()) if r[2] != 202205]
    frame = pe.seasonal(plant(rows), by=[], during=str(Window(MONTHS[0], MONTHS[-1]))).frame
    assert set(frame["status"]) == {"missing"}
    found = dict(zip(frame["month"], frame["reason"]))
    assert found.pop("2022-05") == "uncovered" and set(found.values()) == {"gap"}
    assert frame.filter(pl.col("month") == "2022-05")["value"].item() is None
    # By default the longest run without a gap is taken.
    free = pe.seasonal(plant(rows, store="free"), by=[])
    assert free.receipt.window == "2022-06/2025-12" and set(free.frame["status"]) == {"ok"}


def test_january_and_february_are_compared_as_one(plant: Plant) -> None:
    values = {202301: 100, 202302: 50, 202303: 80, 202401: 60, 202402: 120, 202403: 88}
    trade = plant([("44", "USA", m, v) for m, v in values.items()])
    frame = pe.seasonal(trade, during="2024-01/2024-03", by=[]).frame
    assert frame["yoy_janfeb"].to_list() == pytest.approx([0.2, 0.2, 0.1])
    # A window that begins in February still looks at both months.
    cut = pe.seasonal(trade, during="2024-02/2024-03", by="province").frame
    assert cut["yoy_janfeb"].to_list() == pytest.approx([0.2, 0.1])


def test_months_published_together(plant: Plant) -> None:
    cells = [(202302, 2, 150), (202303, 1, 80), (202402, 2, 180), (202403, 1, 88)]
    rows = [
        {"province": "44", "partner": "USA", "period": p, "months": n, "value": v}
        for p, n, v in cells
    ]
    frame = pe.seasonal(plant(rows), during="2024-01/2024-03", by=["province"]).frame
    assert frame["reason"].to_list() == ["combined_janfeb", "combined_janfeb", "gap"]
    assert frame["yoy_janfeb"].to_list() == pytest.approx([0.2, 0.2, 0.1])


def test_without_statsmodels_it_says_so(
    plant: Plant, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stl, "find_spec", lambda name: None)
    result = pe.seasonal(plant(rows_of(noisy())), by=[])
    assert set(result.frame["reason"]) == {"no_stl"} and "no_stl" in codes(result)
    assert result.frame["sa"].null_count() == N
    assert result.frame["yoy_janfeb"].null_count() == 12


def test_wrong_arguments(plant: Plant, codes: Codes) -> None:
    trade = plant(rows_of(noisy()))
    with pytest.raises(CallError, match="by month, not by quarter"):
        pe.seasonal(trade, by=["province", "quarter"])
    for smoother in (6, 8, 13.0, True):
        with pytest.raises(CallError, match="no length of a seasonal smoother"):
            pe.seasonal(trade, smoother=smoother)
    with pytest.raises(PeriodError, match="leaves the table"):
        pe.seasonal(trade, during="2028/2031")
    rows = [{"partner": "USA", "period": m, "value": 5} for m in MONTHS[:24]]
    nation = pe.seasonal(plant(rows, store="nation"))
    assert nation.frame.columns[0] == "month" and "by" in codes(nation)


def test_the_receipt_gives_the_figures_again(sample: pe.Trade, finite: Any) -> None:
    for words in ({"by": []}, {"partner": "US", "smoother": 11, "robust": False}, {"lang": "zh"}):
        result = pe.seasonal(sample, **words)
        assert pe.replay(result.receipt).frame.equals(result.frame)
        finite(result)
