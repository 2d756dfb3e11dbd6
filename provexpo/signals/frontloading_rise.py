"""By how much the tariff of a row's products rose at the event, weighted by what was sold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from provexpo.engine.cells import Measure
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.signals.months import table_of
from provexpo.signals.tariff_rise import LEAST_RISE, Event, Rise
from provexpo.vocab.families import Family, by_member

HS6 = 6
MIN_KNOWN = 0.95  # of the base whose rates are known: grade A of the methods
_UNCLASSIFIED = ("98", "99")
_STEP = Step("weights", "SELECT {keys}, base_value FROM sums")


def with_rise(
    query: Query, frame: pl.DataFrame, tariffs: pl.DataFrame, event: Event
) -> tuple[pl.DataFrame, dict[str, Answer]]:
    """The frame with tariff_rise and is_control; both NULL where the rates are not known."""
    if tariffs.is_empty():
        return _with(frame, [None] * frame.height, [None] * frame.height), {}
    rise = Rise(tariffs, event)
    level = min(query.product_level, HS6)
    if not level:
        whole = rise.of("") if set(tariffs["product"].to_list()) == {None} else None
        control = None if whole is None else whole <= LEAST_RISE
        return _with(frame, [whole] * frame.height, [control] * frame.height), {}
    answer, weights = _weights(query, level)
    keys = [k.column for k in query.call.entity_keys]
    found = [_of(weights.get(row, []), rise) for row in _rows(frame, keys)]
    frame = _with(frame, [rate for rate, _ in found], [control for _, control in found])
    return frame, {"products before": answer}


def _with(
    frame: pl.DataFrame, rises: list[float | None], controls: list[bool | None]
) -> pl.DataFrame:
    return frame.with_columns(
        pl.Series("tariff_rise", rises, dtype=pl.Float64),
        pl.Series("is_control", controls, dtype=pl.Boolean),
    )


def _rows(frame: pl.DataFrame, keys: list[str]) -> list[tuple[object, ...]]:
    return frame.select(keys).rows() if keys else [()] * frame.height


Weights = dict[tuple[object, ...], list[tuple[str, int]]]


def _weights(query: Query, level: int) -> tuple[Answer, Weights]:
    """What was sold in the base of P, by the frame's keys and product."""
    call = query.call
    key = next((k for k in call.entity_keys if k.column == "product"), None)
    digits = max(level, key.level if key else 0)
    words = [k.text for k in call.entity_keys if k.column != "product"]
    arguments = replace(
        call.arguments, by=[*words, f"product:HS{digits}"], currency=query.currency,
        table=table_of(query),
    )  # fmt: skip
    finer = prepare(query.trade, arguments, default_by=())
    answer = run(finer, [Measure("value")], (_STEP,), order="base_value NULLS LAST")
    columns = [k.column for k in call.entity_keys]
    member = by_member(query.families)
    weights: Weights = {}
    for row in answer.frame.iter_rows(named=True):
        code = str(row["product"]).zfill(digits)
        if not row["base_value"] or row["base_value"] < 0 or code[:2] in _UNCLASSIFIED:
            continue
        place = tuple(
            _shown(code[: key.level], member) if key and c == "product" else row[c] for c in columns
        )
        weights.setdefault(place, []).append((code, row["base_value"]))
    return answer, weights


def _shown(code: str, member: Mapping[str, Family]) -> int:
    """The number that stands for a product in the frame: its family's, where it has one."""
    return int(member[code].code if code in member else code)


def _of(weights: list[tuple[str, int]], rise: Rise) -> tuple[float | None, bool | None]:
    """The weighted mean rise, and whether none of the products' rates rose."""
    known = [(r, w) for code, w in weights if (r := rise.of(code)) is not None]
    total, held = sum(w for _, w in weights), sum(w for _, w in known)
    if not held or held < MIN_KNOWN * total:
        return None, None
    mean = math.fsum(r * w for r, w in known) / held
    return mean, all(r <= LEAST_RISE for r, _ in known)
