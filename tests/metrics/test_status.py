"""Every row of the table of statuses (methods 0.5) and the thresholds of small bases."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CallError

NOW, BASE = 202407, 202307
M = 1_000_000
# Province -> (base, now), in dollars; the threshold in the call is 10 million.
PLANTED = {
    "11": (40 * M, 50 * M),  # ok
    "12": (10 * M, 5 * M),  # ok: exactly the threshold
    "13": (10 * M - 1, 20 * M),  # small base
    "14": (0, 7),  # new
    "15": (20 * M, 0),  # exit
    "21": (3, 0),  # an exit from a tiny base is both
    "22": (0, 0),  # none
    "23": (-5 * M, 3 * M),  # negative base
    "31": (20 * M, -1),  # negative now
    "32": (-5 * M, 0),  # negative comes before exit and new
    "33": (0, -4),
}
DHS_SMALL = 2 * (20 * M - (10 * M - 1)) / (20 * M + 10 * M - 1)
# status, small_base, pct, ratio, dhs, log: by hand from the table.
EXPECTED: dict[str, tuple[Any, ...]] = {
    "11": ("ok", False, 0.25, 1.25, 2 * 10 / 90, math.log(1.25)),
    "12": ("ok", False, -0.5, 0.5, -2 * 5 / 15, math.log(0.5)),
    "13": ("small_base", True, 20 * M / (10 * M - 1) - 1, 20 * M / (10 * M - 1), DHS_SMALL,
           math.log(20 * M / (10 * M - 1))),
    "14": ("new", False, None, None, 2.0, None),
    "15": ("exit", False, -1.0, 0.0, -2.0, None),
    "21": ("exit", True, -1.0, 0.0, -2.0, None),
    "22": ("none", False, None, None, None, None),
    "23": ("negative", False, None, None, None, None),
    "31": ("negative", False, None, None, None, None),
    "32": ("negative", False, None, None, None, None),
    "33": ("negative", False, None, None, None, None),
}  # fmt: skip


@pytest.fixture
def statuses(plant: Callable[..., pe.Trade]) -> pe.Trade:
    rows = [(p, "USA", month, value)
            for p, (base, now) in PLANTED.items()
            for month, value in ((BASE, base), (NOW, now))]  # fmt: skip
    return plant(rows)


def test_every_row_of_the_table(statuses: pe.Trade, finite: Callable[[pe.Result], None]) -> None:
    result = pe.growth(statuses, during="2024-07", min_base=10 * M)
    finite(result)
    rows = {r["province"]: r for r in result.frame.to_dicts()}
    assert set(rows) == set(PLANTED)
    for province, (status, small, pct, ratio, dhs, log) in EXPECTED.items():
        row = rows[province]
        assert (row["status"], row["small_base"]) == (status, small), province
        for name, want in (("pct", pct), ("ratio", ratio), ("dhs", dhs), ("log", log)):
            assert row[name] == (None if want is None else pytest.approx(want, abs=1e-15)), row
        assert row["reason"] is None
        base, now = PLANTED[province]
        assert (row["value"], row["base_value"], row["change"]) == (now, base, now - base)


def test_ranks_are_of_rows_with_a_change_and_the_largest_loss_comes_first(
    statuses: pe.Trade,
) -> None:
    frame = pe.growth(statuses, during="2024-07", min_base=10 * M).frame
    ranks = dict(zip(frame["province"], frame["rank"]))
    # Changes: 15 -20m, 12 -5m, 21 -3, 11 +10m, 13 +10m+1. The others are listed, not ranked.
    assert [p for p in ranks if ranks[p]] == ["15", "12", "21", "11", "13"]
    assert [ranks[p] for p in ("15", "12", "21", "11", "13")] == [1, 2, 3, 4, 5]
    assert [p for p in ranks if ranks[p] is None] == ["14", "22", "23", "31", "32", "33"]


def test_missing_comes_first_and_has_no_figures(statuses: pe.Trade) -> None:
    for during, reason in (("2024-08", "uncovered"), ("2023-07", "base_uncovered")):
        frame = pe.growth(statuses, during=during, min_base=10 * M).frame
        assert set(frame["status"]) == {"missing"}
        assert set(frame["reason"]) == {reason}
        for column in ("change", "pct", "pct_lo", "pct_hi", "ratio", "dhs", "log", "rank"):
            assert frame[column].null_count() == frame.height
        assert not frame["small_base"].any()
    assert frame["value"].to_list() != [None] * frame.height  # 2023-07 itself is covered


def test_new_and_vanished_cells_that_have_no_row_at_all(plant: Callable[..., pe.Trade]) -> None:
    """Customs publishes no zeros: an absent cell of a covered month is zero (0.2)."""
    trade = plant([("11", "USA", NOW, 7), ("12", "USA", BASE, 9)])
    frame = pe.growth(trade, during="2024-07").frame
    assert dict(zip(frame["province"], frame["status"])) == {"11": "new", "12": "exit"}


def test_level_statuses(statuses: pe.Trade, finite: Callable[[pe.Result], None]) -> None:
    result = pe.value(statuses, during="2024-07")
    finite(result)
    found = dict(zip(result.frame["province"], result.frame["status"]))
    assert found == {
        "11": "ok", "12": "ok", "13": "ok", "14": "ok", "15": "none", "21": "none", "22": "none",
        "23": "ok", "31": "negative", "32": "none", "33": "negative",
    }  # fmt: skip


def test_never_infinity_in_a_share(
    plant: Callable[..., pe.Trade], finite: Callable[[pe.Result], None]
) -> None:
    rows = [
        ("11", "USA", NOW, 0), ("12", "VNM", NOW, 5), ("13", "USA", NOW, -5), ("13", "VNM", NOW, 5),
        ("14", "USA", NOW, 5), ("14", "VNM", NOW, -10), ("11", "USA", BASE, 3),
    ]  # fmt: skip
    trade = plant(rows)
    for metric, words in (
        (pe.dependence, {}), (pe.dependence, {"partner": "VNM"}), (pe.value, {}), (pe.growth, {}),
        (pe.dependence, {"by": []}), (pe.growth, {"kind": "mom"}),
    ):  # fmt: skip
        finite(metric(trade, during="2024-07", **words))
    frame = pe.dependence(trade, during="2024-07").frame
    shares = dict(zip(frame["province"], frame["share"]))
    assert shares["11"] is None and shares["12"] == 0 and shares["13"] is None
    # lq = -1 would divide rsca by zero.
    pair = plant([("11", "USA", NOW, -1), ("11", "VNM", NOW, 2), ("12", "USA", NOW, 3),
                  ("12", "VNM", NOW, -2)], store="pair")  # fmt: skip
    result = pe.dependence(pair, during="2024-07")
    finite(result)
    assert dict(zip(result.frame["province"], result.frame["lq"]))["11"] == -1


@pytest.mark.parametrize(
    ("during", "words", "threshold"),
    [
        ("2024", {}, 100 * M),
        ("2024-01/2024-06", {}, 50 * M),
        ("2024-03", {}, 100 * M / 12),
        ("2024", {"product": "8517"}, 10 * M),
        ("2024-03", {"by": ["province", "product:HS6"]}, 10 * M / 12),
        ("2024", {"by": ["province", "quarter"]}, 25 * M),
        ("2024", {"min_base": 33.0}, 33),
        ("2024-03", {"min_base": 33.0}, 33),
    ],
)
def test_default_thresholds_pro_rata(
    plant: Callable[..., pe.Trade], during: str, words: dict[str, Any], threshold: float
) -> None:
    """A base just under the threshold is small, one at or above it is not."""
    under, at = math.ceil(threshold) - 1, math.ceil(threshold)
    spans = [(y * 100 + m, 1) for y in (2023, 2024) for m in range(1, 13)]
    rows = [
        {"province": p, "partner": "USA", "product": "851762", "period": month, "value": v}
        for p, v in (("11", under), ("12", at))
        for month in (202303, 202403)
    ]
    for metric in (pe.growth, pe.dependence):
        trade = plant(rows, spans=spans, store=metric.__name__)
        if metric is pe.dependence and "product:HS6" in str(words):
            continue
        frame = metric(trade, during=during, **words).frame
        if "quarter" in frame.columns:
            frame = frame.filter(frame["quarter"] == "2024Q1")
        assert dict(zip(frame["province"], frame["small_base"])) == {"11": True, "12": False}


def test_a_quarter_cut_short_has_a_threshold_of_its_own_length(
    plant: Callable[..., pe.Trade],
) -> None:
    spans = [(y * 100 + m, 1) for y in (2023, 2024) for m in range(1, 13)]
    rows = [("11", "USA", y * 100 + m, v) for y in (2023, 2024)
            for m, v in ((3, 10 * M), (5, 24 * M), (8, 10 * M))]  # fmt: skip
    frame = pe.growth(plant(rows, spans=spans), by="quarter", during="2024-03/2024-08").frame
    small = dict(zip(frame["quarter"], frame["small_base"]))
    # March alone: 8.3 m; April to June: 25 m; July and August: 16.7 m.
    assert small == {"2024Q1": False, "2024Q2": True, "2024Q3": True}


def test_in_yuan_the_threshold_is_taken_at_the_implied_rate_of_the_base(
    plant: Callable[..., pe.Trade],
) -> None:
    with (Path(__file__).resolve().parents[2] / "seeds" / "exchange_rates.csv").open() as f:
        rates = {int(r["period"]): float(r["cny_per_usd"]) for r in csv.DictReader(f)}
    threshold = 100 * M / 12 * rates[BASE]
    assert 7 < rates[BASE] < 7.3
    under, above = math.floor(threshold), math.ceil(threshold)
    rows = [(p, "USA", m, v) for p, v in (("11", under), ("12", above)) for m in (BASE, NOW)]
    trade = plant(rows, currency="CNY")
    for metric in (pe.growth, pe.dependence):
        frame = metric(trade, during="2024-07").frame
        assert dict(zip(frame["province"], frame["small_base"])) == {"11": True, "12": False}
    frame = pe.growth(trade, during="2024-07", min_base=under / rates[BASE] + 0.001).frame
    assert dict(zip(frame["province"], frame["small_base"])) == {"11": True, "12": False}


def test_small_bases_are_told(statuses: pe.Trade, caveat: Callable[[pe.Result, str], str]) -> None:
    result = pe.growth(statuses, during="2024-07", min_base=10 * M)
    assert [c.rows for c in result.caveats if c.code == "small_base"] == [2]
    none = pe.growth(statuses, during="2024-07", min_base=0)
    assert "small_base" not in [c.code for c in none.caveats]
    assert not none.frame["small_base"].any()


@pytest.mark.parametrize("bad", [-1, float("nan"), "10"])
def test_a_threshold_is_an_amount(statuses: pe.Trade, bad: Any) -> None:
    for metric in (pe.growth, pe.dependence):
        with pytest.raises(CallError, match="not an amount of money"):
            metric(statuses, during="2024-07", min_base=bad)
