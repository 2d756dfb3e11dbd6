"""Whether both legs rise and fall together month by month: printed, never part of the score."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from provexpo.engine.cells import shorter
from provexpo.engine.query import Answer
from provexpo.engine.trade import Trade
from provexpo.periods import Window, month_index, shift
from provexpo.signals.rerouting_legs import CURRENCY, Leg, Legs
from provexpo.signals.rerouting_windows import Asked

YEAR, SPAN, MIN_POINTS = 12, 24, 12
Floats = NDArray[np.float64]


def comovement(
    trade: Trade, legs: Legs, asked: Asked, passed: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, Answer]]:
    """hub, family, s5 for the cells that pass the gates: Spearman's rank correlation of both legs'
    yearly changes (DHS) over the last 24 months, minus that of the 24 months before.

    NULL with fewer than 12 months in either stretch in which both changes are known.
    """
    schema = {"hub": pl.String, "family": pl.Int64, "s5": pl.Float64}
    if passed.is_empty():
        return pl.DataFrame(schema=schema), {}
    last = asked.pairs[0].now.last
    products = sorted(set(passed["family"].to_list()))
    first = shift(last, 1 - YEAR - 2 * SPAN)
    sold, a1 = _months(trade, legs, legs.origin, Window(first, last), products)
    late = max(asked.lags.values())
    bought, a2 = _months(trade, legs, legs.market, Window(first, shift(last, late)), products)
    rows = []
    for hub, family in passed.select("hub", "family").iter_rows():
        lag = asked.lags[hub]
        a = _changes(sold.get((hub, family), {}), legs.origin, first, last, 0)
        u = _changes(bought.get((hub, family), {}), legs.market, first, last, lag)
        now, before = _rank_correlation(a[-SPAN:], u[-SPAN:]), _rank_correlation(
            a[:-SPAN], u[:-SPAN]
        )  # fmt: skip
        known = now is not None and before is not None
        rows.append((hub, family, now - before if known else None))  # type: ignore[operator]
    found = pl.DataFrame(rows, schema=schema, orient="row")
    return found, {"months of the first leg": a1, "months of the second leg": a2}


def _months(
    trade: Trade, legs: Legs, leg: Leg, window: Window, products: list[int]
) -> tuple[dict[tuple[str, int], dict[int, int]], Answer]:
    """The monthly sums by hub and product, of single months."""
    product = shorter("f.product", leg.grain.product_level, legs.level)
    member = {int(m): int(f.code) for f in legs.families[0] for m in f.members}
    codes = sorted({*products, *(m for m, code in member.items() if code in set(products))})
    sql = (
        f"SELECT f.partner AS hub, {product} AS product, f.period AS month,"
        " CAST(sum(f.value) AS BIGINT) AS value\nFROM flows AS f\n"
        f"WHERE f.flow = '{leg.chosen.flow}' AND f.grain = $table AND f.currency = $currency"
        " AND f.months = 1\n  AND f.period BETWEEN $first AND $last"
        " AND list_contains($hubs, f.partner)\n"
        f"  AND {product} IN (SELECT unnest(CAST($products AS BIGINT[])))\n"
        f"GROUP BY f.partner, {product}, f.period\nORDER BY hub, {product}, month"
    )
    params = {
        "table": leg.grain.id, "currency": CURRENCY, "first": window.first, "last": window.last,
        "hubs": list(legs.hubs), "products": codes,
    }  # fmt: skip
    trade.use_files({(leg.chosen.flow, CURRENCY)})
    frame = trade.engine.run(sql, params)
    found: dict[tuple[str, int], dict[int, int]] = {}
    for hub, code, month, value in frame.iter_rows():
        held = found.setdefault((hub, member.get(code, code)), {})
        held[month] = held.get(month, 0) + value
    return found, Answer(frame, sql, params)


def _changes(values: dict[int, int], leg: Leg, first: int, last: int, lag: int) -> Floats:
    """2 (x1 - x0) / (x1 + x0) against the same month a year before; NaN where not covered."""
    n = month_index(last) - month_index(first) + 1
    months = [shift(first, i + lag) for i in range(n)]
    single = {p for p, m in leg.coverage.spans if m == 1}
    x = np.array([float(values.get(m, 0)) if m in single else np.nan for m in months])
    now, base = x[YEAR:], x[:-YEAR]
    total = now + base
    # An amount below zero is a correction: no rate.
    usable = (total > 0) & (now >= 0) & (base >= 0)
    return np.where(usable, 2 * (now - base) / np.where(usable, total, 1.0), np.nan)


def _rank_correlation(x: Floats, y: Floats) -> float | None:
    known = ~np.isnan(x) & ~np.isnan(y)
    if known.sum() < MIN_POINTS:
        return None
    a, b = _ranks(x[known]), _ranks(y[known])
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / spread if spread > 0 else None


def _ranks(x: Floats) -> Floats:
    """Ranks from 1; ties share the mean of theirs."""
    _, at, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[at], dtype=np.float64)
