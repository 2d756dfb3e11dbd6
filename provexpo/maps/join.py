"""Rows of a result to regions, by code and by nothing else, with the proof that none was lost."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import polars as pl

from provexpo.errors import JoinError
from provexpo.maps.classes import OFFSET_COLUMNS
from provexpo.maps.regions import NO_DATA, Layer, Region
from provexpo.result import Result

# What a region can be: with a figure, without one for a stated reason, or not covered at all.
FIGURE, UNDEFINED, MISSING, ABSENT = "figure", "undefined", "missing", "absent"
# Statuses under which a figure may be NULL although both windows are covered (methods 0.5).
_UNDEFINED = (
    "new", "exit", "none", "negative", "small_base", "ok", "no_us_decline", "small_decline",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """What one region shows."""

    state: str
    value: float | int | None = None
    status: str | None = None


@dataclass(frozen=True)
class JoinAudit:
    """The join in numbers. Names are in the language of the picture.

    `n_regions` regions of the layer, `n_rows` rows of the frame, `matched` rows that found their
    region. `no_data` names the regions without a figure because the row says missing (`missing`)
    or there is none (`absent`); `undefined` those whose figure does not exist (new, none,
    negative). `n_zero` figures are zero, which is a figure. The sums are those of the column,
    over rows before the join and over regions after it.
    """

    n_regions: int
    n_rows: int
    matched: int
    no_data: tuple[str, ...]
    sum_before: float | int
    sum_after: float | int
    missing: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    n_zero: int = 0


def join(
    result: Result, column: str, layer: Layer, lang: str = "en"
) -> tuple[dict[str, Cell], JoinAudit]:
    """Give each region its cell; raise JoinError rather than lose or double a row."""
    rows = _rows(result.frame, column, layer)
    cells = {region.code: Cell(ABSENT) for region in layer.regions}
    for code, value, status in rows:
        cells[code] = Cell(_state(value, status), value, status)
    audit = _audit(rows, cells, layer.regions, lang)
    if audit.matched != audit.n_rows or audit.sum_before != audit.sum_after:
        raise JoinError(
            f"the join would change the figures: {audit.n_rows} rows and {column} "
            f"{audit.sum_before} before, {audit.matched} and {audit.sum_after} after",
            where="choropleth(result)",
        )
    return cells, audit


Row = tuple[str, Any, str | None]


def _rows(frame: pl.DataFrame, column: str, layer: Layer) -> list[Row]:
    if "province" not in frame.columns:
        raise JoinError(
            "this result has no column `province`",
            where="choropleth(result)",
            expected="one row a province",
            do="call the metric with by='province'",
        )
    if frame["province"].dtype != pl.String:
        raise JoinError(
            f"the codes in `province` are {frame['province'].dtype}, not text",
            where="choropleth(result)",
            expected="two-digit codes as text, such as '44'",
            do="cast the column: pl.col('province').cast(pl.String)",
        )
    codes = frame["province"].to_list()
    _check_codes(codes, layer)
    _check_once(frame, codes)
    rows = list(zip(codes, frame[column].to_list(), _statuses(frame, column), strict=True))
    _check_finite(rows, column)
    return rows


def _statuses(frame: pl.DataFrame, column: str) -> list[str | None]:
    """The status of each row; where an offset has no figure, its own status says why."""
    status = frame["status"].to_list() if "status" in frame.columns else [None] * frame.height
    if column not in OFFSET_COLUMNS or "offset_status" not in frame.columns:
        return status
    return [
        own if value is None and general != "missing" else general
        for general, own, value in zip(status, frame["offset_status"], frame[column], strict=True)
    ]


def _check_codes(codes: list[str | None], layer: Layer) -> None:
    known = {r.code for r in layer.regions if r.group != NO_DATA}
    unmatched = sorted({"(empty)" if c is None else c for c in codes if c not in known})
    if not unmatched:
        return
    partners = [c for c in unmatched if len(c) == 3]
    do = "map the 31 mainland provinces only"
    if partners:
        do = f"{', '.join(partners)} look like partner codes: use by='province', not by='partner'"
    elif any(r.code in unmatched for r in layer.regions):
        do = "Hong Kong, Macao and Taiwan are partners in these tables and never carry a figure"
    raise JoinError(
        f"{len(unmatched)} codes match no province: {', '.join(unmatched)}",
        where="choropleth(result), column province",
        expected="two-digit codes of the 31 provinces, such as 44",
        do=do,
    )


def _check_once(frame: pl.DataFrame, codes: list[str]) -> None:
    twice = sorted(code for code, n in Counter(codes).items() if n > 1)
    if not twice:
        return
    keys = ("partner", "partner_group", "product", "section", "sector", "regime", "month")
    more = [k for k in (*keys, "quarter", "year") if k in frame.columns]
    which = f"one {' and one '.join(more)}" if more else "one row a province"
    raise JoinError(
        f"{len(twice)} provinces have more than one row: {', '.join(twice)}",
        where="choropleth(result)",
        expected="one row a province",
        do=f"call the metric with by='province', or keep {which}: "
        "dataclasses.replace(result, frame=result.frame.filter(...))",
    )


def _check_finite(rows: list[Row], column: str) -> None:
    bad = [c for c, v, _ in rows if isinstance(v, float) and not math.isfinite(v)]
    if bad:
        raise JoinError(
            f"{column} is not a finite number in {', '.join(bad)}",
            where="choropleth(result)",
            expected="a number, or NULL where there is none",
        )


def _state(value: Any, status: str | None) -> str:
    if status == "missing":
        return MISSING
    if value is not None:
        return FIGURE
    return UNDEFINED if status in _UNDEFINED else MISSING


def _total(values: list[Any]) -> float | int:
    """Exact for integers, correctly rounded for fractions, so that order does not matter."""
    if all(isinstance(v, int) for v in values):
        return sum(values)
    return math.fsum(values)


def _audit(
    rows: list[Row], cells: dict[str, Cell], regions: tuple[Region, ...], lang: str
) -> JoinAudit:
    def names(*states: str) -> tuple[str, ...]:
        return tuple(r.name(lang) for r in regions if cells[r.code].state in states)

    before = [v for _, v, status in rows if v is not None and status != "missing"]
    after = [c.value for c in cells.values() if c.state == FIGURE]
    return JoinAudit(
        n_regions=len(regions),
        n_rows=len(rows),
        matched=sum(cell.state != ABSENT for cell in cells.values()),
        no_data=names(MISSING, ABSENT),
        sum_before=_total(before),
        sum_after=_total(after),
        missing=names(MISSING),
        absent=names(ABSENT),
        undefined=names(UNDEFINED),
        n_zero=sum(value == 0 for value in after),
    )
