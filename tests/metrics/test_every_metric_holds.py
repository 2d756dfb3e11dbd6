"""What must hold of every metric: scale, order, zeros, receipts, languages."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CoverageError
from provexpo.metrics import METRICS
from provexpo.result import Receipt

Ask = Callable[..., pe.Result]
Panel = Callable[..., pe.Trade]
Row = dict[str, Any]
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
    again = ask(panel(), metric, lang="en")  # words, so that it does run again
    assert again.frame.equals(first.frame) and again.receipt == first.receipt
    assert ask(panel("shuffled", shuffled), metric).frame.equals(first.frame)


@pytest.mark.parametrize("metric", METRICS)
def test_rows_of_zero_change_nothing(panel: Panel, ask: Ask, metric: str) -> None:
    """Brazil has only zeros, which is a row of status `none` by partner and touches no other."""
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


def test_the_number_of_threads_changes_nothing(panel: Panel, ask: Ask) -> None:
    trade = panel()
    for metric in METRICS:
        frames = []
        for threads in (1, 4):
            trade.engine.run(f"SET threads = {threads}", {})
            frames.append(ask(trade, metric, lang="en").frame)
        assert frames[0].equals(frames[1]), metric


# Some metrics have other rows by default, and `breadth` counts provinces.
BY_PROVINCE: dict[str, Row] = {
    **{key: {"by": "province"} for key in ("balance", "contribution", "revisions", "records")},
    "breadth": {"by": "province", "over": "partner"},
}


@pytest.mark.parametrize("metric", METRICS)
def test_a_province_asked_for_alone_has_the_same_figures(
    panel: Panel, ask: Ask, metric: str
) -> None:
    """To the last digit; shares of the selection and ranks in it are another thing."""
    if metric == "exposure_response":
        return  # a relation between provinces
    words = BY_PROVINCE.get(metric, {})
    alone = ask(panel(), metric, province="Sichuan", **words).frame
    among = ask(panel(), metric, **words).frame.filter(pl.col("province") == "51")
    drop = ["rank", *(["share"] if metric == "value" else [])]
    assert alone.drop(drop, strict=False).equals(among.drop(drop, strict=False))
    assert alone.height


@pytest.mark.parametrize("flow", ["import", "total"])
@pytest.mark.parametrize("metric", METRICS)
def test_a_gap_in_one_flow(panel: Panel, ask: Ask, metric: str, flow: str) -> None:
    """The total of both flows is not known where one of them is not."""
    if metric in ("gdp_exposure", "tariff_exposure") or (metric, flow) == (
        "price_quantity",
        "total",
    ):
        return  # another year; tariffs on exports alone; no prices of both flows
    trade = panel("imports without 2024-05", gap=("import", 202405))
    words: Row = {} if metric == "balance" else {"flow": flow}
    result = ask(trade, metric, **words)
    rows = result.frame.to_dicts()
    if metric in ("records", "revisions", "seasonal"):
        rows = [r for r in rows if r["month"] == "2024-05"]
    assert rows
    for row in rows:
        assert (row["status"], row["reason"]) == ("missing", "uncovered"), row
        assert row.get("value") is None
    if metric != "balance":
        assert ask(trade, metric, flow="export").frame.equals(ask(panel(), metric).frame)


# Calls with options that are not the usual ones, and other keys.
OPTIONS: dict[str, list[Row]] = {
    "value": [{"measure": "quantity"}, {"measure": "balance"}, {"by": "nation"}],
    "balance": [{"by": ["province", "month"]}],
    "growth": [{"kind": "mom", "by": ["province", "month"]}, {"measure": "balance"},
               {"kind": "cagr", "against": "2022-03/2022-07"}],
    "dependence": [{"flow": "total", "by": ["province", "month"]}, {"min_base": 1}],
    "breadth": [{"over": "partner"}, {"over": "product:HS6", "by": []}],
    "contribution": [{"min_change": 0.5}, {"measure": "quantity", "by": "product:HS4"},
                     {"by": ["province", "partner"], "min_base": 5}],
    "concentration": [{"over": "product", "n": "active"}],
    "dependence_change": [{"partner": ["US", "Vietnam"], "by": "sector"}],
    "currency_split": [{"by": ["partner", "month"], "min_base": 3}],
    "records": [{"min_history": 12, "by": ["province", "month"]}, {"measure": "quantity"}],
    "revisions": [{"by": ["province"]}],
    "shift_share": [{"level": "sector"}, {"by": "product:HS4"}],
    "market_share_analysis": [{"level": "HS4"}, {"by": ["province", "partner"]}],
    "margins": [{"min_variety": 50000.0, "robust": True}],
    "price_quantity": [{"level": "HS8"}, {"by": ["province", "partner"]}],
    "seasonal": [{"smoother": 15, "robust": False}],
    "gdp_exposure": [{"dva_share": 0.5}, {"dva_share": {"electronics": 0.5}}, {"by": "region"}],
    "tariff_exposure": [{"kind": "additional", "programme": "p", "agg": "max"},
                        {"against": "2023"}],
    "offset": [{"hubs": ["Vietnam", "DE"], "min_decline": 5, "min_decline_share": 0.1},
               {"excess": "own"}, {"by": "sector"}],
    "exposure_response": [{"exposure": "2022"}],
    "decline": [{"event": "2024-01", "max_pct": -0.1, "min_breadth": 0.3, "rank_by": "pct"},
                {"by": "product:HS4"}],
    "predicted_growth": [{"level": "sector", "min_others": 5.0}, {"by": "region"}],
}  # fmt: skip


@pytest.mark.parametrize("metric", METRICS)
def test_receipts_keep_the_options(
    panel: Panel, ask: Ask, finite: Callable[[pe.Result], None], metric: str
) -> None:
    yuan = [] if metric == "currency_split" else [{"currency": "CNY", "province": "not Guangdong"}]
    for words in [*OPTIONS[metric], *yuan]:
        result = ask(panel(), metric, **words)
        assert set(result.units) == set(result.frame.columns)
        finite(result)
        again = pe.replay(Receipt.from_json(result.receipt.to_json()))
        assert again.frame.equals(result.frame), words
        assert again.receipt == result.receipt, words


@pytest.mark.parametrize("metric", METRICS)
def test_as_published_by_a_date(panel: Panel, ask: Ask, metric: str) -> None:
    """By 2021 two months were published; by 2024 all of the trade and no side table."""
    place = panel().snapshot.place
    for day, whole in (("2021-01-01", False), ("2024-01-01", True)):
        trade = pe.open(place, as_of=day)
        if metric in ("gdp_exposure", "tariff_exposure"):
            with pytest.raises(CoverageError, match="holds no"):
                ask(trade, metric)
            continue
        result = ask(trade, metric)
        assert result.frame.equals(ask(panel(), metric).frame) == whole
        assert ("missing" in set(result.frame["status"])) != whole
        assert pe.replay(result.receipt).frame.equals(result.frame)
