"""What must hold whatever the world: sums, row order, scale, coverage, threads."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl

import provexpo as pe
from provexpo.periods import Span

Worlds = dict[tuple[int, str], list[dict[str, Any]]]

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("value", {"by": ["province", "month"]}),
    ("value", {"by": "product:HS4", "partner": "not US"}),
    ("balance", {}),
    ("growth", {"by": "sector", "min_base": 1e6}),
    ("dependence", {}),
    ("dependence", {"flow": "total", "by": ["province", "quarter"]}),
]


def same(got: float | None, want: float | None) -> bool:
    if got is None or want is None:
        return got is want
    return math.isfinite(got) and math.isclose(got, want, rel_tol=1e-12, abs_tol=1e-12)


def test_dhs_adds_up(trades: dict[int, pe.Trade]) -> None:
    """Weighted by the mean of both windows, midpoint growth of cells is that of the whole (2.1)."""
    cells = pe.growth(trades[1], by=["province", "partner"], during="2024").frame
    whole = pe.growth(trades[1], by=[], during="2024").frame
    weight = pl.col("value") + pl.col("base_value")
    summed = cells.select((pl.col("dhs") * weight).sum() / weight.sum()).item()
    assert same(round(summed, 10), round(whole["dhs"].item(), 10))


def test_row_order_and_split_rows_change_nothing(
    plant: Callable[..., pe.Trade], worlds: Worlds, spans: list[Span]
) -> None:
    """A cell divided over two customs regimes, rows in another order: the same frame."""
    one = two = None
    for flow in ("export", "import"):
        rows = worlds[1, flow]
        whole = [{**r, "regime": "10"} for r in rows]
        split = [
            {**r, "regime": regime, "value": part}
            for r in reversed(rows)
            for regime, part in (("10", r["value"] // 3), ("14", r["value"] - r["value"] // 3))
        ]
        one = plant(whole, flow=flow, store="whole", spans=spans)
        two = plant(split, flow=flow, store="split", spans=spans)
    assert one and two
    for name, words in CALLS:
        a, b = (getattr(pe, name)(t, during="2024", **words).frame for t in (one, two))
        drop = [c for c in ("pct_lo", "pct_hi") if c in a.columns]  # these count rows
        assert a.drop(drop).equals(b.drop(drop)), name


def test_a_thousandfold_changes_no_ratio(
    plant: Callable[..., pe.Trade], worlds: Worlds, spans: list[Span]
) -> None:
    trades = []
    for factor in (1, 1000):
        for flow in ("export", "import"):
            rows = [{**r, "value": r["value"] * factor} for r in worlds[2, flow]]
            trade = plant(rows, flow=flow, store=f"x{factor}", spans=spans)
        trades.append(trade)
    for name, words in CALLS:
        calls = [{**words, "min_base": words["min_base"] * f} if "min_base" in words else words
                 for f in (1, 1000)]  # fmt: skip
        a, b = (getattr(pe, name)(t, during="2024", **w) for t, w in zip(trades, calls))
        assert a.frame.columns == b.frame.columns
        for column in a.frame.columns:
            if column in ("pct_lo", "pct_hi", "small_base"):
                continue  # rounding and the default threshold are absolute
            left, right = a.frame[column], b.frame[column]
            if a.units[column] == "USD":
                assert (left * 1000).equals(right), (name, column)
            elif left.dtype.is_float():
                for got, want in zip(left.to_list(), right.to_list()):
                    assert same(got, want), (name, column)
            else:
                assert left.equals(right), (name, column)


def test_the_nation_is_the_sum_of_the_provinces(trades: dict[int, pe.Trade]) -> None:
    for name, column in (("value", "value"), ("value", "base_value"), ("balance", "balance")):
        metric = getattr(pe, name)
        parts = metric(trades[1], by="province", during="2024").frame[column].sum()
        assert parts == metric(trades[1], by=[], during="2024").frame[column].item()
    frame = pe.dependence(trades[1], during="2024").frame
    assert same(round(frame["national_share"].sum(), 12), 1.0)
    assert same(round(frame["cum_national_share"].max(), 12), 1.0)
    nation = pe.dependence(trades[1], by=[], during="2024").frame
    assert set(frame["nation_share"]) == {nation["share"].item()}
    assert frame["value"].sum() == nation["value"].item()


def test_a_month_more_than_is_covered_is_missing_never_a_part_of_the_sum(
    trades: dict[int, pe.Trade],
) -> None:
    for name, words in CALLS:
        result = getattr(pe, name)(trades[1], during="2024-03/2025-03", **words)
        last = result.frame
        if "by" in words and ("month" in words["by"] or "quarter" in words["by"]):
            time = "month" if "month" in words["by"] else "quarter"
            last = last.filter(pl.col(time).is_in(["2025-03", "2025Q1"]))
            assert result.frame["value"].drop_nulls().len() > 0
        assert last.height > 0, name
        assert set(last["status"]) == {"missing"}, name
        assert set(last["reason"]) == {"uncovered"}, name
        assert last["value"].null_count() == last.height, name
        text = [c.text for c in result.caveats if c.code == "missing"]
        assert len(text) == 1 and "2025-03" in text[0]


def test_the_number_of_threads_changes_nothing(trades: dict[int, pe.Trade]) -> None:
    for name, words in CALLS:
        frames = []
        for threads in (1, 2, 4):
            trades[2].engine.run(f"SET threads = {threads}", {})
            frames.append(getattr(pe, name)(trades[2], during="2024", **words).frame)
        assert frames[0].equals(frames[1]) and frames[0].equals(frames[2]), name
