"""What must hold of every metric: scale, order, zeros, receipts, languages, the dictionary."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.metrics import METRICS
from provexpo.result import Receipt

Ask = Callable[..., pe.Result]
Panel = Callable[..., pe.Trade]
Row = dict[str, Any]
FIELDS = Path(__file__).resolve().parents[2] / "seeds" / "fields.csv"
# Amounts of money among the options, which grow with the values.
AMOUNTS = {"min_base": 1e6, "min_variety": 1e4, "min_decline": 1e6}
# Growth's bounds count the rows of the source and the unit they are rounded to.
BOUNDS = ["pct_lo", "pct_hi"]


def shuffled(rows: list[Row]) -> list[Row]:
    return random.Random(5).sample(rows, len(rows))


def with_zeros(rows: list[Row]) -> list[Row]:
    """The same with a row of zero for each cell of a province and product that is not traded."""
    seen = {(r["province"], r["partner"], r["product"], r["period"]) for r in rows}
    spots = {(r["province"], r["product"], r["period"]) for r in rows}
    return rows + [
        {"province": province, "partner": partner, "product": product, "period": period,
         "value": 0, "quantity": 0, "unit": "kg"}
        for province, product, period in sorted(spots)
        for partner in ("USA", "VNM", "BRA")
        if (province, partner, product, period) not in seen
    ]  # fmt: skip


@pytest.mark.parametrize("metric", METRICS)
def test_the_order_of_rows_and_a_second_run_change_nothing(
    panel: Panel, ask: Ask, metric: str
) -> None:
    first = ask(panel(), metric)
    assert ask(panel(), metric).frame.equals(first.frame)
    assert ask(panel("shuffled", shuffled), metric).frame.equals(first.frame)


@pytest.mark.parametrize("metric", METRICS)
def test_rows_of_zero_change_nothing(panel: Panel, ask: Ask, metric: str) -> None:
    """By partner, one of which has only zeros, it has a row of its own where it is named."""
    plain, zeros = ask(panel(), metric).frame, ask(panel("zeros", with_zeros), metric).frame
    plain, zeros = (f.filter(~is_brazil(f)) for f in (plain, zeros))
    drop = [c for c in BOUNDS if c in plain.columns]
    assert zeros.drop(drop).equals(plain.drop(drop))


def is_brazil(frame: pl.DataFrame) -> pl.Expr:
    return pl.col("partner") == "BRA" if "partner" in frame.columns else pl.lit(False)


@pytest.mark.parametrize("metric", METRICS)
def test_a_thousandfold_changes_no_ratio(
    panel: Panel, ask: Ask, options: Callable[[str], set[str]], metric: str
) -> None:
    given = {k: v for k, v in AMOUNTS.items() if k in options(metric)}
    plain = ask(panel(), metric, **given)
    large = ask(panel("x1000", factor=1000), metric, **{k: v * 1000 for k, v in given.items()})
    assert plain.frame.columns == large.frame.columns and plain.units == large.units
    for column, unit in plain.units.items():
        if column in BOUNDS:
            continue
        factor = 1000 if unit in ("USD", "CNY") else 1
        for a, b in zip(plain.frame[column], large.frame[column], strict=True):
            if isinstance(a, float) and b is not None:
                slack = 1e-3 if factor > 1 else 1e-10
                assert math.isclose(a * factor, b, rel_tol=1e-10, abs_tol=slack), (column, a, b)
            else:
                whole = isinstance(a, int) and not isinstance(a, bool)
                assert b == (a * factor if whole else a), (column, a, b)


@pytest.mark.parametrize("metric", METRICS)
def test_no_infinity(
    panel: Panel, ask: Ask, finite: Callable[[pe.Result], None], metric: str
) -> None:
    for store in ("plain", "zeros", "no 2024-05"):
        changes = {
            "zeros": with_zeros,
            "no 2024-05": lambda r: [x for x in r if x["period"] != 202405],
        }
        finite(ask(panel(store, changes.get(store, list)), metric))


@pytest.mark.parametrize("metric", METRICS)
def test_units_and_the_dictionary(panel: Panel, ask: Ask, metric: str) -> None:
    result = ask(panel(), metric)
    with FIELDS.open(encoding="utf-8") as f:
        known = {r["name"]: r for r in csv.DictReader(f)}
    assert list(result.units) == result.frame.columns
    kinds = {"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "VARCHAR": pl.String, "BOOLEAN": pl.Boolean}
    for column, unit in result.units.items():
        row = known[column]
        assert "results" in row["found_in"] or "frames" in row["found_in"], column
        assert row["meaning"] and row["null_rule"] and unit, column
        if row["unit"] == "currency":
            assert unit in ("USD", "CNY"), column
        else:
            assert unit == row["unit"], column
        if column != "product":
            assert result.frame[column].dtype == kinds.get(row["dtype"], result.frame[column].dtype)


@pytest.mark.parametrize("metric", METRICS)
def test_the_receipt_gives_the_figures_again(panel: Panel, ask: Ask, metric: str) -> None:
    trade = panel()
    result = ask(trade, metric, province=["44", "35", "51"])
    read = Receipt.from_json(result.receipt.to_json())
    assert read == result.receipt
    again = pe.replay(read)
    assert again.frame.equals(result.frame) and again.title == result.title
    for part in ({"sql": read.sql, "params": read.params}, *read.more):
        trade.use_files({(f, c) for f in ("export", "import") for c in ("USD", "CNY")})
        assert trade.engine.run(part["sql"], part["params"]).width > 0


@pytest.mark.parametrize("metric", METRICS)
def test_the_same_figures_in_chinese(panel: Panel, ask: Ask, metric: str) -> None:
    english, chinese = (ask(panel(), metric, lang=lang) for lang in ("en", "zh"))
    assert english.frame.columns == chinese.frame.columns
    for column in english.frame.columns:
        if column.endswith("_name") or column in ("sector", "region", "section"):
            names = chinese.frame[column].drop_nulls()
            assert all(ord(n[0]) > 0x3000 for n in names), (column, names.to_list())
        else:
            assert chinese.frame[column].equals(english.frame[column]), column
    assert [c.code for c in english.caveats] == [c.code for c in chinese.caveats]
    for text in (chinese.title, *(c.text for c in chinese.caveats)):
        assert any(ord(x) > 0x3000 for x in text), text


@pytest.mark.parametrize("metric", METRICS)
def test_explained(panel: Panel, ask: Ask, metric: str) -> None:
    result = ask(panel(), metric)
    text = result.explain()
    for word in ("Parameters", "Returns", "Raises", "NULL rule", "References", "Examples"):
        assert word in text, word
    assert result.receipt.method and result.sql in text
    reasons = set(result.frame["reason"].drop_nulls()) if "reason" in result.frame.columns else ()
    assert not reasons, "everything is covered here"
