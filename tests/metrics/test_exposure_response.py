"""Dependence against decline: methods 6, brute force, and what a reader must be told."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError, PeriodError

Row = dict[str, Any]
Plant = Callable[..., pe.Trade]
Close = Callable[[Any, float, int], bool]

# Methods 6: dependence, pct, base exports to the US (in units that keep every amount whole).
TOY = {
    "11": (0.30, -0.40, 5), "12": (0.25, -0.22, 60), "13": (0.20, -0.05, 80),
    "14": (0.15, -0.18, 40), "15": (0.10, -0.12, 20), "21": (0.05, 1.20, 1),
}  # fmt: skip
UNIT = 3_000_000
M = 1_000_000
MONTHS = [(2024 * 100 + m, 1) for m in range(1, 13)] + [(202501, 1)]
YEAR_BEFORE = [(2023 * 100 + m, 1) for m in range(1, 13)]


def toy_rows(table: dict[str, tuple[float, float, float]] = TOY) -> list[Row]:
    rows = []
    for province, (d, pct, w) in table.items():
        base = round(w * UNIT)
        total, now = round(base / d), round(base * (1 + pct))
        for partner, period, value in (
            ("USA", 202401, base), ("DEU", 202401, total - base), ("USA", 202501, now),
        ):  # fmt: skip
            rows.append({"province": province, "partner": partner, "product": "64039900",
                         "period": period, "value": value})  # fmt: skip
    return rows


@pytest.fixture
def toy(plant: Plant) -> pe.Result:
    return pe.exposure_response(plant(toy_rows(), spans=MONTHS), during="2025-01")


@pytest.mark.parametrize(
    ("measure", "figures"),
    [
        ("pct", {"r": -0.751403, "rho": -0.828571, "r_w": -0.406521, "slope": -4.668571,
                 "slope_w": -1.012755, "loo_min": -0.881969, "loo_max": -0.719609}),
        ("dhs", {"r": -0.810394, "rho": -0.828571, "r_w": -0.451199, "slope": -3.692614,
                 "slope_w": -1.059539, "loo_min": -0.915881, "loo_max": -0.735660}),
    ],
)  # fmt: skip
def test_6_example(toy: pe.Result, close: Close, measure: str, figures: dict[str, float]) -> None:
    row = toy.frame.filter(pl.col("measure") == measure).row(0, named=True)
    for name, printed in figures.items():
        assert close(row[name], printed, 6), name
    assert (row["n"], row["sign_stable"], row["status"]) == (6, True, "ok")
    assert row["r_prior"] is None  # 2023 is not covered


def ranks(values: list[float]) -> list[float]:
    return pd.Series(values).rank().tolist()


def test_6_p_and_leave_one_out_by_brute_force(toy: pe.Result) -> None:
    d, y = ([TOY[p][i] for p in sorted(TOY)] for i in (0, 1))
    a, b = pd.Series(ranks(d)), ranks(y)
    found = [abs(a.corr(pd.Series(order))) for order in itertools.permutations(b)]
    whole = abs(a.corr(pd.Series(b)))
    p = sum(v >= whole - 1e-9 for v in found) / len(found)
    row = toy.frame.filter(pl.col("measure") == "pct").row(0, named=True)
    assert row["p_perm"] == pytest.approx(p, abs=1e-15)
    table = pd.DataFrame({"d": d, "y": y}, index=sorted(TOY))
    left = {who: table.drop(who).corr().loc["d", "y"] for who in table.index}
    assert row["loo_min_who"] == min(left, key=lambda w: left[w])
    assert row["loo_max_who"] == max(left, key=lambda w: left[w])
    whole_r = table.corr().loc["d", "y"]
    assert row["driver"] == max(left, key=lambda w: abs(left[w] - whole_r))
    names = dict(pe.provinces().select("province", "name_en").iter_rows())
    assert row["driver_name"] == names[row["driver"]]


def test_related_needs_all_three(toy: pe.Result, caveat: Callable[..., Any]) -> None:
    # p of rho is 0.058 with six provinces: not to be called related.
    assert toy.frame["related"].to_list() == [False, False]
    texts = [c.text for c in toy.caveats if c.code == "related"]
    assert len(texts) == 2 and all("not to be called related" in t for t in texts)


def test_a_clear_relation(plant: Plant) -> None:
    table = {f"{11 + i}" if i < 5 else f"{16 + i}": (0.05 * (i + 1), -0.03 * (i + 1) ** 1.3, 50)
             for i in range(8)}  # fmt: skip
    frame = pe.exposure_response(plant(toy_rows(table), spans=MONTHS), during="2025-01").frame
    for row in frame.to_dicts():
        assert row["related"] is True and row["sign_stable"] is True
        assert row["rho"] == -1
        assert row["p_perm"] <= 10 / 20_001
        assert row["ci_lo"] <= row["r"] <= row["ci_hi"] < 0


def test_weights_of_the_other_sign_are_not_related(plant: Plant) -> None:
    table = {f"{11 + i}" if i < 5 else f"{16 + i}": (0.05 * (i + 1), -0.03 * (i + 1), 1.0)
             for i in range(8)}  # fmt: skip
    table["31"], table["32"] = (0.15, -0.3, 5000.0), (0.30, -0.05, 5000.0)
    frame = pe.exposure_response(plant(toy_rows(table), spans=MONTHS), during="2025-01").frame
    assert (frame["r"] < 0).all() and (frame["r_w"] > 0).all()
    assert frame["related"].to_list() == [False, False]


def test_points_are_those_of_the_scatter(toy: Any) -> None:
    points = toy.points
    assert points["province"].to_list() == sorted(TOY)
    for r in points.to_dicts():
        d, pct, w = TOY[r["province"]]
        assert r["share"] == pytest.approx(d)
        assert r["pct"] == pytest.approx(pct)
        assert r["dhs"] == pytest.approx(2 * pct / (2 + pct))
        assert r["base_value"] == w * UNIT
        assert r["residual_pct"] == pytest.approx(r["pct"] - r["fitted_pct"])
    # Least squares: residuals sum to zero and are unrelated to x.
    for measure in ("dhs", "pct"):
        e = points[f"residual_{measure}"]
        assert e.sum() == pytest.approx(0, abs=1e-12)
        assert (e * points["share"]).sum() == pytest.approx(0, abs=1e-12)


def test_the_dependence_is_that_of_the_calendar_year(plant: Plant) -> None:
    """Later months of the base year count for the dependence, not for the growth."""
    rows = toy_rows()
    rows += [{"province": p, "partner": "DEU", "product": "64039900", "period": 202411,
              "value": round(TOY[p][2] * UNIT / TOY[p][0])} for p in TOY]  # fmt: skip
    trade = plant(rows, spans=MONTHS)
    result = pe.exposure_response(trade, during="2025-01")
    halved = {p: d / 2 for p, (d, _, _) in TOY.items()}
    points = {r["province"]: r for r in result.points.to_dicts()}
    assert {p: r["share"] for p, r in points.items()} == pytest.approx(halved)
    assert {p: r["pct"] for p, r in points.items()} == pytest.approx(
        {p: pct for p, (_, pct, _) in TOY.items()}
    )
    base = pe.exposure_response(trade, during="2025-01", exposure="2024-01")
    assert dict(zip(base.points["province"], base.points["share"])) == pytest.approx(
        {p: d for p, (d, _, _) in TOY.items()}
    )
    assert pe.replay(base.receipt.to_json()).frame.equals(base.frame)


def test_an_incomplete_year_is_missing_and_says_what_to_do(
    plant: Plant, finite: Callable[..., None]
) -> None:
    result = pe.exposure_response(
        plant(toy_rows(), spans=MONTHS[:11] + MONTHS[12:]), during="2025-01"
    )
    finite(result)
    for row in result.frame.to_dicts():
        assert (row["status"], row["reason"], row["n"]) == ("missing", "exposure_uncovered", 0)
        assert row["r"] is None and row["related"] is None and row["p_perm"] is None
    assert any("exposure=" in c.text for c in result.caveats if c.code == "missing")


def test_a_window_that_is_not_covered_is_missing(plant: Plant) -> None:
    result = pe.exposure_response(plant(toy_rows(), spans=MONTHS), during="2025-02")
    assert set(result.frame["status"]) == {"missing"}
    assert set(result.frame["reason"]) == {"uncovered"}
    assert result.points.height == len(TOY)


def test_the_year_before(plant: Plant) -> None:
    """Dependence of 2023 = 1.5 times that of 2024 and 0.02 more: the same correlation."""
    rows = toy_rows()
    for p, (d, _, w) in TOY.items():
        share, base = 1.5 * d + 0.02, w * UNIT
        for partner, value in (("USA", base), ("DEU", round(base / share) - base)):
            rows.append({"province": p, "partner": partner, "product": "64039900",
                         "period": 202306, "value": value})  # fmt: skip
    frame = pe.exposure_response(plant(rows, spans=YEAR_BEFORE + MONTHS), during="2025-01").frame
    for row in frame.to_dicts():
        assert row["r_prior"] == pytest.approx(row["r"], abs=1e-6)


def test_who_is_counted(plant: Plant) -> None:
    rows = toy_rows()

    def more(province: str, *cells: tuple[str, int, int]) -> None:
        rows.extend({"province": province, "partner": p, "product": "64039900", "period": m,
                     "value": v} for p, m, v in cells)  # fmt: skip

    more("31", ("DEU", 202401, 100 * M), ("USA", 202501, 5 * M))  # new: dhs alone
    more("32", ("USA", 202401, 50 * M), ("DEU", 202401, 50 * M))  # exit: both
    more("33", ("DEU", 202401, 50 * M))  # none: neither
    more("34", ("USA", 202401, -5 * M), ("DEU", 202401, 50 * M), ("USA", 202501, M))  # negative
    result = pe.exposure_response(plant(rows, spans=MONTHS), during="2025-01")
    n = dict(zip(result.frame["measure"], result.frame["n"]))
    assert n == {"dhs": len(TOY) + 2, "pct": len(TOY) + 1}
    points = {r["province"]: r for r in result.points.to_dicts()}
    assert points["31"]["dhs"] == 2 and points["31"]["pct"] is None
    assert points["31"]["residual_pct"] is None and points["31"]["residual_dhs"] is not None
    assert points["32"]["pct"] == -1


def test_small_bases_are_kept_and_told(plant: Plant) -> None:
    result = pe.exposure_response(
        plant(toy_rows(), spans=MONTHS), during="2025-01", min_base=10 * M
    )
    row = result.frame.filter(pl.col("measure") == "pct").row(0, named=True)
    assert (row["n"], row["n_small_base"]) == (6, 1)  # province 21: 3 million
    rest = pd.DataFrame([TOY[p][:2] for p in sorted(TOY) if p != "21"], columns=["d", "y"])
    assert row["r_ex_small"] == pytest.approx(rest.corr().loc["d", "y"])
    assert [c.rows for c in result.caveats if c.code == "small_base"] == [1]


@pytest.mark.parametrize(("n", "held"), [(2, ()), (3, ("r", "rho", "slope", "p_perm")),
                                         (4, ("r", "loo_min", "sign_stable")),
                                         (5, ("r", "loo_min", "ci_lo"))])  # fmt: skip
def test_few_provinces(plant: Plant, n: int, held: tuple[str, ...]) -> None:
    table = {p: TOY[p] for p in sorted(TOY)[:n]}
    result = pe.exposure_response(plant(toy_rows(table), spans=MONTHS), during="2025-01")
    row = result.frame.row(0, named=True)
    assert row["n"] == n
    for name in ("r", "rho", "slope", "p_perm", "loo_min", "sign_stable", "ci_lo"):
        if name in held:
            assert row[name] is not None, name
    if n == 2:
        assert (row["status"], row["reason"], row["r"]) == ("missing", "few_points", None)
    if n == 3:
        assert row["loo_min"] is None and row["related"] is None


def test_no_variation_has_no_correlation(plant: Plant, finite: Callable[..., None]) -> None:
    table = {p: (0.2, pct, w) for p, (_, pct, w) in TOY.items()}
    result = pe.exposure_response(plant(toy_rows(table), spans=MONTHS), during="2025-01")
    finite(result)
    assert result.frame["r"].to_list() == [None, None]
    assert result.points["fitted_dhs"].null_count() == len(TOY)


def test_the_order_of_rows_and_the_scale_change_nothing(plant: Plant) -> None:
    rows = toy_rows()
    one = pe.exposure_response(plant(rows, spans=MONTHS), during="2025-01")
    back = plant(list(reversed(rows)), spans=MONTHS, store="back")
    two = pe.exposure_response(back, during="2025-01")
    assert one.frame.equals(two.frame) and one.points.equals(two.points)  # type: ignore[attr-defined]
    large = plant([{**r, "value": r["value"] * 1000} for r in rows], spans=MONTHS, store="large")
    three = pe.exposure_response(large, during="2025-01", min_base=0).frame
    for name in ("r", "rho", "r_w", "slope", "p_perm", "ci_lo", "loo_max"):
        assert three[name].to_list() == pytest.approx(one.frame[name].to_list()), name


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ({"partner": None}, CallError, "needs a partner"),
        ({"against": "2024-02"}, PeriodError, "same calendar months"),
        ({"exposure": "last year"}, PeriodError, "last year"),
        ({"flow": "sideways"}, CallError, "flow"),
    ],
)
def test_wrong_words(plant: Plant, words: Row, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        pe.exposure_response(plant(toy_rows(), spans=MONTHS), during="2025-01", **words)


def test_a_store_without_provinces(plant: Plant) -> None:
    rows = [{k: v for k, v in r.items() if k != "province"} for r in toy_rows()[:3]]
    with pytest.raises(CoverageError, match="province"):
        pe.exposure_response(plant(rows, spans=MONTHS), during="2025-01")


def test_the_sample(sample: pe.Trade, finite: Callable[..., None]) -> None:
    """Claim C116: the provinces that depended more on the US lost more."""
    result = pe.exposure_response(sample, partner="US", during="2025-01/2025-07")
    finite(result)
    for row in result.frame.to_dicts():
        assert row["r"] < 0 and row["rho"] < 0 and row["slope"] < 0
        assert row["loo_min"] <= row["r"] <= row["loo_max"]
        assert row["driver"] in (row["loo_min_who"], row["loo_max_who"])
    points = pd.DataFrame(result.points.to_dict(as_series=False))
    for row in result.frame.to_dicts():
        x, y, w = points["share"], points[row["measure"]], points["base_value"]
        assert row["r"] == pytest.approx(x.corr(y))
        assert row["rho"] == pytest.approx(x.rank().corr(y.rank()))
        assert row["r_prior"] == pytest.approx(points["share_prior"].corr(y))
        mx, my = (x * w).sum() / w.sum(), (y * w).sum() / w.sum()
        slope = (w * (x - mx) * (y - my)).sum() / (w * (x - mx) ** 2).sum()
        assert row["slope_w"] == pytest.approx(slope)
        assert row["r_w"] == pytest.approx(
            slope * math.sqrt((w * (x - mx) ** 2).sum() / (w * (y - my) ** 2).sum())
        )
    again = pe.replay(result.receipt.to_json())
    assert again.frame.equals(result.frame)
    assert set(result.units) == set(result.frame.columns)
    assert len(result.receipt.more) == 2 and "dependence in 2024" in result.explain()
    assert result.with_caveat().points.equals(result.points)  # type: ignore[attr-defined]
