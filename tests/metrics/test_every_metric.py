"""What must hold of every metric: gaps, January and February in one, tiny bases, one currency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import provexpo as pe
from provexpo import vocab
from provexpo.errors import CallError, CoverageError
from provexpo.metrics import METRICS

Ask = Callable[..., pe.Result]
Panel = Callable[..., pe.Trade]
Row = dict[str, Any]

# Whose status is that of the current window alone.
LEVEL = ("value", "balance", "dependence", "concentration", "records", "revisions")
MONTHLY = ("records", "revisions", "seasonal")  # a row for each month
# Figures of one window only: of 2023, and of the base.
NOT_2024 = ("gdp_exposure", "tariff_exposure")
KEYS = ("province", "partner", "product", "sector", "month", "measure")
# What may differ because less of the past is known, and what counts the rows that are known.
PAST = {
    "status", "reason", "n_months", "rank", "streak", "streak_since", "n_negative", "last_fall",
    "persistence", "n_placebo", "n_obs", "prelim", "method", "n_missing", "n", "offset_status",
}  # fmt: skip


def without(month: int) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [r for r in rows if r["period"] != month]


def by_key(result: pe.Result) -> dict[tuple[Any, ...], Row]:
    keys = [k for k in KEYS if k in result.frame.columns]
    return {tuple(r[k] for k in keys): r for r in result.frame.to_dicts()}


def assert_no_partial_sum(part: pe.Result, whole: pe.Result) -> None:
    """Every figure that is given is the one of the store without the gap."""
    full = by_key(whole)
    for key, row in by_key(part).items():
        for column, figure in row.items():
            if figure is not None and column not in PAST:
                assert figure == full[key][column], (key, column)


def assert_missing(rows: list[Row], reason: str) -> None:
    assert rows
    for row in rows:
        assert (row["status"], row["reason"]) == ("missing", reason), row


def texts(result: pe.Result, code: str) -> str:
    return " ".join(c.text for c in result.caveats if c.code == code)


# A month that is not covered


@pytest.mark.parametrize("metric", METRICS)
def test_a_gap_in_the_window(panel: Panel, ask: Ask, metric: str) -> None:
    part = ask(panel("no 2024-05", without(202405)), metric)
    whole = ask(panel(), metric)
    assert_no_partial_sum(part, whole)
    rows = part.frame.to_dicts()
    assert len(rows) == whole.frame.height
    if metric in NOT_2024:
        assert part.frame.equals(whole.frame)
        return
    if metric in MONTHLY:
        rows = [r for r in rows if r["month"] == "2024-05"]
    assert_missing(rows, "uncovered")
    assert "2024-05" in texts(part, "missing")
    for row in rows:
        assert row["n_months"] == row["n_months_expected"] - 1
        assert row.get("value") is None and row.get("change") is None


@pytest.mark.parametrize("metric", METRICS)
def test_a_gap_in_the_base(panel: Panel, ask: Ask, metric: str) -> None:
    part = ask(panel("no 2023-05", without(202305)), metric)
    whole = ask(panel(), metric)
    assert_no_partial_sum(part, whole)
    rows = part.frame.to_dicts()
    if metric in LEVEL:
        assert part.frame["status"].equals(whole.frame["status"])
        assert part.frame["value"].equals(whole.frame["value"])
        assert "2023-05" in texts(part, "base_missing")
        return
    if metric == "seasonal":  # a run of months, with the gap in its midst
        assert set(part.frame["status"]) == {"missing"}
        rows = [r for r in rows if r["month"] == "2023-05"]
    inside = metric in (*NOT_2024, "seasonal")
    assert_missing(rows, "uncovered" if inside else "base_uncovered")
    assert "2023-05" in texts(part, "missing")
    if metric in NOT_2024:
        assert not texts(part, "base_missing"), "the window read is said once"


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_traded_is_zero_only_where_it_is_covered(
    panel: Panel, ask: Ask, options: Callable[[str], set[str]], metric: str
) -> None:
    """Tibet trades nothing; a base that is not covered makes that unknown."""
    if metric in ("exposure_response", "decline"):
        return  # no row for each place that is named
    words = {"province": "Tibet", "by": [*(["month"] if metric in MONTHLY else []), "province"]}
    words |= {"over": "partner"} if metric == "breadth" else {}
    whole = ask(panel(), metric, **words).frame.to_dicts()
    part = ask(panel("no 2023-05", without(202305)), metric, **words).frame.to_dicts()
    assert whole and part
    for row in whole:
        if metric not in ("gdp_exposure", "seasonal"):  # no GDP, no logarithm of nothing
            assert (row["status"], row["reason"]) == ("none", None), row
        assert row["value"] == 0
        assert row.get("base_value") in (0, None)
        assert row.get("small_base") in (False, None)
        assert metric in LEVEL or row.get("rank") is None
    for row in part:
        gap = metric not in LEVEL and (metric != "seasonal" or row["month"] == "2023-05")
        assert not gap or row["status"] == "missing", row


# January and February in one row


def combined(rows: list[Row]) -> list[Row]:
    out: dict[tuple[Any, ...], Row] = {}
    for r in rows:
        both = r["period"] % 100 <= 2
        period = r["period"] // 100 * 100 + 2 if both else r["period"]
        key = (r["province"], r["partner"], r["product"], period)
        if key in out:
            out[key]["value"] += r["value"]
            out[key]["quantity"] += r["quantity"]
        else:
            out[key] = {**r, "period": period, "months": 2 if both else 1}
    return list(out.values())


# A frame without single months, and the columns that count rows or single months.
WHOLE: dict[str, dict[str, Any]] = {
    "records": {"by": "quarter", "during": "2024-01/2024-06"},
    "revisions": {"by": []},
}
COUNTS_ROWS = {
    "growth": ["pct_lo", "pct_hi"],
    "revisions": ["n_cells"],
    "decline": ["n_placebo", "z_placebo", "q_placebo", "persistence"],
}


@pytest.mark.parametrize("metric", METRICS)
def test_windows_that_hold_both_are_the_plain_sums(panel: Panel, ask: Ask, metric: str) -> None:
    if metric == "seasonal":
        return
    words = {"during": "2024-01/2024-07"} if metric != "gdp_exposure" else {}
    words |= WHOLE.get(metric, {})
    joined = ask(panel("combined", combined), metric, **words).frame
    plain = ask(panel(), metric, **words).frame
    assert "missing" not in set(plain["status"])
    drop = COUNTS_ROWS.get(metric, [])
    assert joined.drop(drop).equals(plain.drop(drop))


@pytest.mark.parametrize("during", ["2024-01", "2024-02/2024-04"])
@pytest.mark.parametrize("metric", METRICS)
def test_windows_with_one_of_the_two_are_missing(
    panel: Panel, ask: Ask, metric: str, during: str
) -> None:
    if metric == "gdp_exposure":
        return  # whole years only
    words = {} if metric == "seasonal" else {"during": during}
    result = ask(panel("combined", combined), metric, **words)
    rows = result.frame.to_dicts()
    if metric in MONTHLY:
        rows = [r for r in rows if r["month"][-2:] in ("01", "02")]
    assert_missing(rows, "combined_janfeb")
    for row in rows:
        assert row["n_months"] < row["n_months_expected"] and row["lny_flag"]
        assert row.get("value") is None and row.get("base_value") is None


@pytest.mark.parametrize("metric", METRICS)
def test_a_single_january_gives_the_figure_of_both_months(
    panel: Panel, ask: Ask, metric: str
) -> None:
    if metric in ("gdp_exposure", "tariff_exposure", "revisions", "seasonal"):
        return  # years; weights; publications; both months are what it is about
    result = ask(panel(), metric, during="2024-01")
    assert set(result.frame["lny_flag"]) == {True}
    assert "2024-01/2024-02" in texts(result, "janfeb_together")


# Rows by month


@pytest.mark.parametrize("metric", METRICS)
def test_by_month_only_the_months_that_lack_are_missing(
    panel: Panel, ask: Ask, metric: str
) -> None:
    if metric in (*NOT_2024, "seasonal", "exposure_response"):
        return  # they have no rows by month, or need all
    place = "partner" if metric in ("balance", "contribution") else "province"
    words: dict[str, Any] = {"by": [place, "month"], "during": "2024-01/2024-07"}
    words |= {"over": "partner"} if metric == "breadth" else {}
    whole = by_key(ask(panel(), metric, **words))
    stores: list[tuple[str, Any, set[str], str]] = [
        ("no 2024-05", without(202405), {"2024-05"}, "uncovered"),
        ("combined", combined, {"2024-01", "2024-02"}, "combined_janfeb"),
    ]
    drop = PAST | set(COUNTS_ROWS.get(metric, []))
    for store, change, lacking, reason in stores:
        part = by_key(ask(panel(store, change), metric, **words))
        assert set(part) == set(whole)
        assert_missing([r for r in part.values() if r["month"] in lacking], reason)
        for key, row in part.items():
            if row["month"] not in lacking:
                assert row["status"] == whole[key]["status"]
                for column in set(row) - drop:
                    assert row[column] == whole[key][column], (key, column)


# The one enumeration of status (methods 0.5), written a second time

MIN_BASE = 50_000_000
STATES = {
    "44": (400, 300), "35": (1, 2), "51": (0, 7), "11": (80, 0), "21": (1, 0), "31": (0, 0),
    "14": (-5, 9), "42": (9, -5),
}  # fmt: skip
EVERY = {"ok", "small_base", "new", "exit", "negative"}


def states(_: list[Row]) -> list[Row]:
    """Millions a month, before and in 2024, to each of two partners in each of two products."""
    return [
        {"province": province, "partner": partner, "product": product, "period": year * 100 + m,
         "value": (new if year == 2024 else old) * 1_000_000, "quantity": 1000, "unit": "kg"}
        for province, (old, new) in STATES.items()
        for partner in ("USA", "DEU")
        for product in ("85177930", "64039900")
        for year in (2022, 2023, 2024)
        for m in range(1, 8 if year == 2024 else 13)
        if (new if year == 2024 else old)
    ]  # fmt: skip


def status_of(value: int, base: int) -> str:
    if value < 0 or base < 0:
        return "negative"
    if value == 0 and base == 0:
        return "none"
    if base == 0:
        return "new"
    if value == 0:
        return "exit"
    return "small_base" if base < MIN_BASE else "ok"


@pytest.mark.parametrize("metric", METRICS)
def test_status_of_a_change(
    panel: Panel, ask: Ask, options: Callable[[str], set[str]], metric: str
) -> None:
    if "min_base" not in options(metric) or metric in ("exposure_response", "tariff_exposure"):
        return  # no status of a change
    words: dict[str, Any] = {"min_base": MIN_BASE, "province": list(STATES), "by": ["province"]}
    words |= {"by": ["province", "product:HS2"]} if metric == "breadth" else {}
    words |= {"over": "partner"} if metric == "breadth" else {}
    result = ask(panel("states", states), metric, **words)
    rows = result.frame.to_dicts()
    if metric == "breadth":  # counts: all that traded in either window, small ones too
        assert {r["province"]: r["n"] for r in rows} == {
            p: 2 * (min(s) >= 0) for p, s in STATES.items() if s != (0, 0)
        }
        return
    seen = {r["province"] for r in rows}
    assert seen >= set(STATES) - ({"31"} if metric == "decline" else set())
    for row in rows:
        # An index of a level is as shaky as the level itself (1.3).
        size = row["value" if metric == "dependence" else "base_value"]
        assert row["small_base"] is (0 < size < MIN_BASE), row
        if metric == "dependence":
            continue
        assert row["status"] == status_of(row["value"], row["base_value"]), row
        assert row["reason"] is None
        if row["status"] in ("none", "negative") and metric != "contribution":
            assert row.get("rank") is None, row
        if row["status"] == "new":
            assert row.get("pct") is None and row.get("ratio") is None
    if metric != "dependence":
        assert {r["status"] for r in rows} >= EVERY
    caveat = [c for c in result.caveats if c.code == "small_base"]
    assert [c.rows for c in caveat] == [sum(r["small_base"] for r in rows)]
    for lang in ("en", "zh"):
        assert vocab.phrase(f"small_base.{metric}", lang)


# One currency


@pytest.mark.parametrize("metric", METRICS)
def test_yuan_only(panel: Panel, ask: Ask, metric: str) -> None:
    trade = panel("yuan", currencies=("CNY",))
    if metric == "currency_split":
        with pytest.raises(CoverageError, match="the store holds CNY") as refused:
            ask(trade, metric)
        assert refused.value.expected and refused.value.do
        return
    result = ask(trade, metric)
    assert result.receipt.currency == "CNY"
    assert "USD" not in result.units.values()
    assert ("CNY" in texts(result, "currency")) == (metric != "gdp_exposure")
    with pytest.raises((CoverageError, CallError)) as err:
        ask(trade, metric, currency="USD")
    assert "USD" in str(err.value) and "CNY" in str(err.value.expected)
