"""What every Result carries: the same columns always, units, fields, a text that explains."""

from __future__ import annotations

import csv
import dataclasses
import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo import signals
from provexpo.claims.verdicts import Verdict
from provexpo.errors import CallError
from provexpo.metrics import METRICS

Ask = Callable[..., pe.Result]
Panel = Callable[..., pe.Trade]
FIELDS = Path(__file__).resolve().parents[2] / "seeds" / "fields.csv"
# A name that the methods give to two figures; the dictionary tells both.
SHARED = {("margins", "im"): "fraction"}
# The contract's main columns beyond keys, value, base_value and status.
CONTRACT = {
    "value": "share rank",
    "balance": "exports imports balance total",
    "dependence": "total share base_share delta_share_pp share_ex98 share_unclassified"
    " national_share cum_national_share nation_share lq rsca rank",
    "concentration": "hhi hhi_10k hhi_norm unctad_ci n1 n2 theil cr1 cr3 n share_unknown",
    "gdp_exposure": "e_gross e_dva",
    "tariff_exposure": "te us_share avg_tariff tariff_coverage",
    "predicted_growth": "predicted actual gap sum_shares n_eff_shocks",
    "growth": "change pct pct_lo pct_hi ratio dhs log",
    "contribution": "pp share_of_change base_share",
    "currency_split": "g_usd g_cny g_fx implied_rate",
    "records": "record_all record_same_month rank record_since streak streak_since n_negative"
    " last_fall",
    "shift_share": "ns im rs ce ae",
    "market_share_analysis": "growth_eff product_eff market_eff comp_eff"
    " product_first_product_eff product_first_market_eff market_first_product_eff"
    " market_first_market_eff",
    "margins": "entry_pp exit_pp intensive_pp em im",
    "price_quantity": "p_fisher q_fisher p_tornqvist price_eff qty_eff match_share_b match_share_t",
    "seasonal": "sa trend seasonal lny_effect n_obs method prelim",
    "decline": "declining pct dhs contribution_pp contribution_us_pp breadth persistence"
    " g_national rel z_placebo severity rank",
    "offset": "d_us d_row offset_ratio offset_excess offset_ex_hubs cushion c_index realloc or_min"
    " or_max driver driver_share offset_status",
    "dependence_change": "us_effect_pp row_effect_pp",
    "breadth": "n_down n_up n share_down median_pct min_pct max_pct who_min who_max",
    "exposure_response": "measure r rho r_w slope slope_w p_perm ci_lo ci_hi loo_min loo_max"
    " loo_min_who loo_max_who n n_small_base sign_stable r_prior",
    "revisions": "mr mar wmar sign_changes",
}
# Figures of one window, and of no amount.
NO_BASE = ("gdp_exposure", "tariff_exposure", "revisions")
NO_VALUE = ("exposure_response",)
KEYS = [
    "province", "region", "partner", "partner_group:continent", "product:HS4", "section", "sector",
    "month", "quarter", "year",
]  # fmt: skip
HELD: dict[str, list[pe.Result]] = {}  # by metric: the frames by each key, run once
FIRST = ("value", "balance", "growth", "dependence")


def dictionary() -> dict[str, dict[str, str]]:
    with FIELDS.open(encoding="utf-8") as f:
        return {r["name"]: r for r in csv.DictReader(f)}


def call(trade: pe.Trade, metric: str, **words: Any) -> pe.Result:
    during = {"gdp_exposure": "2024", "seasonal": "2022-01/2025-07"}.get(metric, "2025-01/2025-07")
    function = getattr(import_module(f"provexpo.metrics.{metric}"), metric)
    result: pe.Result = function(trade, **{"during": during, **words})
    return result


def by_each_key(ask: Ask, trade: pe.Trade, metric: str) -> list[pe.Result]:
    """The metric's frames by each key that it takes, in windows of whole quarters and years."""
    if metric in HELD:
        return HELD[metric]
    found = HELD[metric] = [ask(trade, metric)]
    if metric == "exposure_response":
        return found  # it has no by=
    for key in KEYS:
        during = {"quarter": "2024-01/2024-06", "year": "2023"}.get(key)
        try:
            found.append(ask(trade, metric, by=key, **({"during": during} if during else {})))
        except CallError as err:  # keys that the metric sums over, or that its rows need
            assert err.where and (err.expected or err.do), (metric, key)
    return found


def test_the_contract_names_every_metric() -> None:
    assert set(CONTRACT) == set(METRICS)


@pytest.mark.parametrize("metric", METRICS)
def test_columns_of_the_contract(panel: Panel, ask: Ask, metric: str) -> None:
    frame = ask(panel(), metric).frame
    shared = {"value", "base_value", "status", "reason", "lny_flag", "n_months"}
    shared -= {"base_value"} if metric in (*NO_BASE, *NO_VALUE) else set()
    shared -= {"value"} if metric in NO_VALUE else set()
    assert set(CONTRACT[metric].split()) | shared <= set(frame.columns)
    assert len(set(frame.columns)) == frame.width


@pytest.mark.parametrize("metric", METRICS)
def test_the_same_columns_for_no_rows(panel: Panel, ask: Ask, metric: str) -> None:
    many = ask(panel(), metric)
    none = ask(panel(), metric, product="0106", province="54")  # Tibet trades none
    assert none.frame.schema == many.frame.schema
    assert none.units == many.units
    assert none.receipt.sql
    if "province" in none.frame.columns:
        assert set(none.frame["province"]) <= {"54"}
    if metric in FIRST:
        by = ["province", "sector"]
        assert ask(panel(), metric, product="0106", province="54", by=by).frame.height == 0


@pytest.mark.parametrize("metric", METRICS)
def test_missing_rows_have_the_same_types(panel: Panel, ask: Ask, metric: str) -> None:
    during = {"gdp_exposure": "2029", "seasonal": "2026-01/2029-07"}.get(metric, "2029-03/2029-07")
    missing, held = ask(panel(), metric, during=during), ask(panel(), metric)
    assert missing.frame.schema == held.frame.schema and missing.units == held.units


@pytest.mark.parametrize("metric", METRICS)
def test_every_column_has_a_unit_and_stands_in_the_dictionary(
    panel: Panel, ask: Ask, metric: str
) -> None:
    known = dictionary()
    kinds = {"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "VARCHAR": pl.String, "BOOLEAN": pl.Boolean}
    for result in by_each_key(ask, panel(), metric):
        assert list(result.units) == result.frame.columns
        for column, unit in result.units.items():
            assert column in known, column
            row = known[column]
            assert "results" in row["found_in"], column
            assert row["meaning"] and row["null_rule"], column
            if (metric, column) in SHARED:
                assert unit == SHARED[metric, column], column
            elif row["unit"] == "currency":
                assert unit in ("USD", "CNY"), column
            else:
                assert unit == row["unit"], column
            kind = kinds.get(row["dtype"])
            # A product is padded text in a Result, and a number in the tables.
            if kind is not None and column != "product":
                assert result.frame[column].dtype == kind, column


def test_every_result_field_is_used(panel: Panel, ask: Ask) -> None:
    trade = panel()
    used: set[str] = set()
    for metric in METRICS:
        for result in by_each_key(ask, trade, metric):
            used |= set(result.frame.columns)
    shares = ask(trade, "dependence")
    used |= set(pe.breadth(trade, of=shares, column="share", above=0.5).frame.columns)
    used |= set(ask(trade, "exposure_response").points.columns)  # type: ignore[attr-defined]
    used |= {"regime", "regime_name"}  # the panel has no regimes
    used |= {f.name for f in dataclasses.fields(Verdict)} | {"note"}  # of `verify`
    for module in pkgutil.iter_modules(signals.__path__):  # their tests call them one by one
        held = vars(import_module(f"provexpo.signals.{module.name}"))
        used |= {key for table in held.values() if isinstance(table, dict) for key in table}
    defined = {n for n, r in dictionary().items() if "results" in r["found_in"]}
    assert defined - used == set()


@pytest.mark.parametrize("metric", METRICS)
def test_explained_to_a_reader(panel: Panel, ask: Ask, metric: str) -> None:
    result = ask(panel(), metric)
    text = result.explain()
    assert text.startswith(result.title)
    for word in ("Parameters", "Returns", "Raises", "Notes", "NULL rule", "References", "Examples"):
        assert word in text, word
    assert result.receipt.method and result.sql in text
    assert result.receipt.window in text
    if result.receipt.base_window:
        assert result.receipt.base_window in text
    for step in ("slots", "cells", "sums") if metric != "revisions" else ("slots", "cells"):
        assert f"{step} AS (" in text


@pytest.mark.parametrize("metric", METRICS)
def test_the_sample_says_that_it_is_one(sample: pe.Trade, metric: str) -> None:
    result = call(sample, metric)
    assert result.receipt.illustrative
    assert [c.text for c in result.caveats if c.code == "illustrative"] == [
        "illustrative sample, not data"
    ]
    assert "illustrative" in result.explain()


def test_rows_sort_by_rank_then_code(sample: pe.Trade) -> None:
    for metric in FIRST:
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
