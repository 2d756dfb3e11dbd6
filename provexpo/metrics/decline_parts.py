"""What `decline` reads besides its rows: the place's exports, and products below chapters."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from provexpo.engine.cells import Measure
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.metrics.partial import partial_partners

HS6 = 6
_WHOLE = Step(
    "whole", "SELECT {keys}, base_total AS base_all, base_to_partner AS base_us FROM sums"
)
_PRODUCTS = Step("products", "SELECT {keys}, value, base_value FROM sums")


def with_contributions(query: Query, frame: pl.DataFrame) -> tuple[pl.DataFrame, Answer]:
    """Set the changes against the base exports, of all products, of the place that a row is of."""
    call = query.call
    places = [k for k in call.keys if k.dimension not in ("product", "partner")]
    arguments = replace(
        call.arguments, during=str(call.window), against=str(call.base), product=None,
        by=[k.text for k in places], currency=query.currency, table=_table(query),
    )  # fmt: skip
    whole = prepare(
        query.trade, arguments, default_by=(), conditions=("partner",),
        extra_needs=("partner",) if call.selections["partner"].codes is not None else (),
    )  # fmt: skip
    to_partner, params = whole.condition("partner")
    measures = [Measure("total"), Measure("to_partner", to_partner)]
    totals = run(whole, measures, (_WHOLE,), order="base_all NULLS LAST", params=params)
    keys = [*(k.column for k in places if not k.is_time), "slot"]
    joined = frame.join(
        totals.frame.select(*keys, "base_all", "base_us"), on=keys, how="left", nulls_equal=True,
        maintain_order="left",
    )  # fmt: skip
    parts = {
        "contribution_pp": _points(joined["change"], joined["base_all"]),
        "contribution_us_pp": _points(joined["change"], joined["base_us"]),
    }
    if partial_partners(whole):  # the place's exports to all partners are not known
        parts["contribution_pp"] = pl.Series([None] * joined.height, dtype=pl.Float64)
    return joined.with_columns(**parts), totals


def _points(change: pl.Series, base: pl.Series) -> pl.Series:
    """100 change / base, NULL without a base. By numpy: polars multiplies by the reciprocal where
    all bases are one, so that the last digit would hang on which rows are asked for."""
    divisor = base.set(base <= 0, None).cast(pl.Float64).to_numpy()
    points = 100 * change.cast(pl.Float64).to_numpy() / divisor
    return pl.Series(points, dtype=pl.Float64).fill_nan(None)


def finer_products(query: Query) -> bool:
    """True where rows are chapters or headings and the table has the HS6 products of them."""
    key = next((k for k in query.call.keys if k.column == "product"), None)
    return key is not None and key.level < HS6 <= query.product_level


def with_breadth(
    query: Query, frame: pl.DataFrame, max_pct: float, min_breadth: float
) -> tuple[pl.DataFrame, dict[str, Answer]]:
    """Breadth of rows by chapter or heading, whose HS6 products need a statement of their own."""
    if not finer_products(query):
        return frame, {}
    call = query.call
    arguments = replace(
        call.arguments, during=str(call.window), against=str(call.base), currency=query.currency,
        by=["product:HS6" if k.column == "product" else k.text for k in call.keys],
        table=_table(query),
    )  # fmt: skip
    finer = prepare(query.trade, arguments, default_by=())
    answer = run(finer, [Measure("value")], (_PRODUCTS,), order="base_value NULLS LAST")
    level = next(k.level for k in call.keys if k.column == "product")
    keys = [*(k.column for k in call.entity_keys), "slot"]
    base, fell = pl.col("base_value"), pl.col("value") < pl.col("base_value")
    known = (pl.col("value").count() == pl.len()) & (base.count() == pl.len())
    shares = (
        answer.frame.with_columns(product=pl.col("product") // 10 ** (HS6 - level))
        .group_by(keys)
        .agg(pl.when(known).then(base.filter(fell).sum()).alias("fell"))
    )
    breadth = pl.when(
        (pl.col("base_value") > 0) & ~pl.col("status").is_in(["negative", "missing"])
    ).then(pl.col("fell") / pl.col("base_value"))
    joined = frame.join(
        shares, on=keys, how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(breadth=breadth)
    holds = (pl.col("pct") <= max_pct + 1e-9) & (pl.col("breadth") >= min_breadth - 1e-9)
    declining = (
        pl.when(pl.col("status").is_in(["ok", "exit"])).then(holds).otherwise(pl.col("declining"))
    )
    return joined.with_columns(declining=declining), {"products": answer}


def _table(query: Query) -> str | None:
    """The table that the rows come from, so that all figures of a row come from one."""
    names = {c.grain.id for c in query.chosen.values()}
    return query.call.arguments.table or (names.pop() if len(names) == 1 else None)
