"""What a row's own exports to other markets were to be expected to do: their growth before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import polars as pl

from provexpo.engine.cells import Measure
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.errors import CallError
from provexpo.periods import Window, month_index, shift
from provexpo.result import Caveat
from provexpo.vocab import phrase

EXCESS = ("national", "own")
_STEP = Step("history", "SELECT {keys}, rest, base_rest FROM sums")


def own_growth(
    query: Query, frame: pl.DataFrame, measures: Sequence[Measure], params: Mapping[str, Any]
) -> tuple[pl.DataFrame, dict[str, Answer], list[Caveat]]:
    """`offset_excess` over the mean of the two yearly rates of the 24 months before the window.

    Yearly sums, not single months: the Lunar New Year and lumpy months cancel out in them.
    """
    call = query.call
    if call.time_key is not None:
        raise CallError(
            "excess='own' needs one window, and by= asks for several",
            where="offset(excess=)",
            do=f"leave {call.time_key.text} out of by=, or use excess='national'",
        )
    keys = [k.column for k in call.entity_keys]
    years = [
        Window(shift(call.window.first, -12 * n), shift(call.window.first, 11 - 12 * n))
        for n in (1, 2, 3)
    ]
    rest = [m for m in measures if m.name == "rest"]
    more, rates = {}, []
    for n, (now, before) in enumerate(pairwise(years), 1):
        answer = _year(query, now, before, rest, params)
        more[f"growth of other markets, {now} against {before}"] = answer
        rate = pl.col("rest") / pl.when(pl.col("base_rest") > 0).then(pl.col("base_rest")) - 1
        rates.append(answer.frame.select(*keys, rate.alias(f"rate_{n}")))
    for table in rates:
        frame = (
            frame.join(table, on=keys, how="left", nulls_equal=True, maintain_order="left")
            if keys
            else frame.with_columns(table.to_series())
        )
    base = call.base or call.window
    gap = (month_index(call.window.first) - month_index(base.first)) / 12
    growth = (1 + (pl.col("rate_1") + pl.col("rate_2")) / 2) ** gap - 1
    excess = (pl.col("d_row") - pl.col("base_rest") * growth) / -pl.col("fall")
    frame = frame.with_columns(offset_excess=excess).drop("rate_1", "rate_2")
    lacking = frame.filter(
        pl.col("offset_excess").is_null() & pl.col("offset_ratio").is_not_null()
    ).height
    if not lacking:
        return frame, more, []
    text = phrase("offset.history", call.arguments.lang, first=years[-1], last=years[0])
    return frame, more, [Caveat("columns", text, lacking)]


def _year(
    query: Query, now: Window, before: Window, measures: Sequence[Measure],
    params: Mapping[str, Any],
) -> Answer:  # fmt: skip
    arguments = replace(
        query.call.arguments,
        during=str(now),
        against=str(before),
        by=[k.text for k in query.call.keys],
        table=query.call.arguments.table
        or (next(iter(query.chosen.values())).grain.id if len(query.chosen) == 1 else None),
        currency=query.currency,
    )
    earlier = prepare(
        query.trade, arguments, default_by=(), conditions=("partner",), extra_needs=("partner",)
    )
    return run(earlier, measures, (_STEP,), order="rest NULLS LAST", params=params)
