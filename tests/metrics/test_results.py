"""What every Result carries: the same columns always, units, fields, a text that explains."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe

FIELDS = Path(__file__).resolve().parents[2] / "seeds" / "fields.csv"
METRICS = ("value", "balance", "growth", "dependence")
# The contract's main columns beyond keys, value, base_value and status.
CONTRACT = {
    "value": {"share", "rank"},
    "balance": {"exports", "imports", "balance", "total"},
    "dependence": {
        "total", "share", "base_share", "delta_share_pp", "share_ex98", "share_unclassified",
        "national_share", "cum_national_share", "nation_share", "lq", "rsca", "rank",
    },
    "growth": {"change", "pct", "pct_lo", "pct_hi", "ratio", "dhs", "log"},
}  # fmt: skip
KEYS = [
    "province", "region", "partner", "partner_group:continent", "product:HS4", "section", "sector",
    "month", "quarter", "year",
]  # fmt: skip
# Partners are no key of dependence.
EACH = [
    (m, by) for m in METRICS for by in KEYS if m != "dependence" or not by.startswith("partner")
]


def dictionary() -> dict[str, dict[str, str]]:
    with FIELDS.open(encoding="utf-8") as f:
        return {r["name"]: r for r in csv.DictReader(f)}


def call(trade: pe.Trade, metric: str, **words: Any) -> pe.Result:
    return getattr(pe, metric)(trade, **{"during": "2025-01/2025-07", **words})


@pytest.mark.parametrize("metric", METRICS)
def test_columns_of_the_contract(sample: pe.Trade, metric: str) -> None:
    frame = call(sample, metric).frame
    assert CONTRACT[metric] | {"value", "base_value", "status", "reason", "lny_flag"} <= set(
        frame.columns
    )
    assert len(set(frame.columns)) == frame.width


@pytest.mark.parametrize("metric", METRICS)
def test_the_same_columns_for_no_rows(sample: pe.Trade, metric: str) -> None:
    words = {"by": ["province", "sector"]}
    many = call(sample, metric, **words)
    none = call(sample, metric, **words, product="0106", province="54")  # Tibet trades none
    assert none.frame.height == 0, none.frame
    assert none.frame.schema == many.frame.schema
    assert none.units == many.units
    assert none.receipt.sql


@pytest.mark.parametrize("metric", METRICS)
def test_missing_rows_have_the_same_types(sample: pe.Trade, metric: str) -> None:
    assert (
        call(sample, metric, during="2031-01/2031-07").frame.schema
        == call(sample, metric).frame.schema
    )


@pytest.mark.parametrize(("metric", "by"), EACH)
def test_every_column_has_a_unit_and_stands_in_the_dictionary(
    sample: pe.Trade, metric: str, by: str
) -> None:
    result = call(sample, metric, by=by, province="44")
    assert set(result.units) == set(result.frame.columns)
    known = dictionary()
    for column, unit in result.units.items():
        assert column in known, column
        defined = known[column]["unit"]
        assert unit == ("USD" if defined == "currency" else defined), column
        assert "results" in known[column]["found_in"], column
        assert known[column]["meaning"] and known[column]["null_rule"]
        kind = {"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "VARCHAR": pl.String,
                "BOOLEAN": pl.Boolean}.get(known[column]["dtype"])  # fmt: skip
        if kind is not None and column != "product":  # padded text in a Result, a number in tables
            assert result.frame[column].dtype == kind, column


def test_every_result_field_is_used(sample: pe.Trade) -> None:
    used: set[str] = set()
    for metric in METRICS:
        for by in KEYS:
            if not (metric == "dependence" and by.startswith("partner")):
                used |= set(call(sample, metric, by=by, province="44").frame.columns)
    used |= {"regime", "regime_name"}  # the sample has no regimes
    defined = {n for n, r in dictionary().items() if "results" in r["found_in"]}
    assert defined - used == set()


@pytest.mark.parametrize("metric", METRICS)
def test_explained_to_a_reader(sample: pe.Trade, metric: str) -> None:
    result = call(sample, metric)
    text = result.explain()
    assert text.startswith(result.title)
    assert "Notes" in text and "NULL rule" in text and "References" in text
    assert result.sql in text and "2025-01/2025-07" in text and "illustrative" in text
    assert "2024-01/2024-07" in text
    for step in ("slots", "cells", "sums"):
        assert f"{step} AS (" in text


@pytest.mark.parametrize("metric", METRICS)
def test_the_sample_says_that_it_is_one(sample: pe.Trade, metric: str) -> None:
    result = call(sample, metric)
    assert result.receipt.illustrative
    assert [c.text for c in result.caveats if c.code == "illustrative"] == [
        "illustrative sample, not data"
    ]


def test_rows_sort_by_rank_then_code(sample: pe.Trade) -> None:
    for metric in METRICS:
        frame = call(sample, metric, by="province").frame
        pairs = [(r is None, r or 0, p) for r, p in frame.select("rank", "province").rows()]
        assert pairs == sorted(pairs), metric
    frame = call(sample, "value", by=["province", "month"]).frame
    months = frame["month"].to_list()
    assert months == sorted(months)


def test_a_caveat_can_be_added(sample: pe.Trade) -> None:
    result = call(sample, "value")
    more = result.with_caveat(pe.Caveat("own", "our own note", 3))
    assert [c.code for c in more.caveats] == [*[c.code for c in result.caveats], "own"]
    assert more.frame.equals(result.frame)


def test_place_basis_is_told(sample: pe.Trade, caveat: Callable[[pe.Result, str], str]) -> None:
    assert "registered" in caveat(call(sample, "dependence"), "basis")
