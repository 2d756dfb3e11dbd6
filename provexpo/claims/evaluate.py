"""From a pick and the frames of its calls to one figure.

A figure that is missing is never replaced: it stops the statement with `Gap`, whose text is the
reason a reader gets. A pick that does not fit its frames is a fault of the ledger (`PickError`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any

from provexpo import vocab
from provexpo.claims.brackets import SIGNS, meets
from provexpo.claims.picks import (
    Aggregate,
    Arithmetic,
    Both,
    Column,
    Comparison,
    Condition,
    Minus,
    Node,
    Number,
    PickError,
    columns,
)
from provexpo.output import labels
from provexpo.vocab import phrase
from provexpo.vocab.partners import OTHER

Row = dict[str, Any]
# One row of each call, side by side; None where a call has no row for it.
Joined = Mapping[str, Row | None]
Figure = float | bool | None

KEYS = (
    "province", "region", "partner", "partner_group", "product", "section", "sector", "regime",
    "month", "quarter", "year",
)  # fmt: skip
_CHANGES = ("pct", "ratio", "log")  # have no figure where the base is nothing or below zero
# Columns in which a row that is not there is a zero: nothing was traded (methods 0.2).
_AMOUNTS = ("value", "base_value", "exports", "imports", "balance", "total", "base_total", "change")


class Gap(Exception):
    """A statement cannot be computed; the text says why in plain words."""


@dataclass(frozen=True)
class Frame:
    """The rows a pick reads: those of a Result, or of a side table."""

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    units: Mapping[str, str] = field(default_factory=dict)
    reporter: str = "CHN"
    why_missing: str = ""  # which months are not held, where the engine said so

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(k for k in KEYS if k in self.columns)


@dataclass
class Trail:
    """What a figure was made of: the rows read, and the figures that the pick put together."""

    rows: list[Row] = field(default_factory=list)
    parts: list[tuple[Node, float]] = field(default_factory=list)
    # Of the rows that a count or a part looked at, those of which the condition is not known.
    unjudged: int = 0
    judged_of: int = 0


def evaluate(
    node: Node, frames: Mapping[str, Frame], lang: str = "en", trail: Trail | None = None
) -> float | bool:
    """The figure of a pick, and in `trail` what it was made of."""
    figure = _Walk(frames, lang, trail or Trail()).scalar(node)
    if figure is None or not math.isfinite(figure):
        raise Gap(phrase("claims.gap.undefined", lang))
    return figure


class _Walk:
    def __init__(self, frames: Mapping[str, Frame], lang: str, trail: Trail) -> None:
        self.frames, self.lang, self.trail = frames, lang, trail
        self.used = trail.rows

    # One figure

    def scalar(self, node: Node) -> Figure:
        if not isinstance(node, Aggregate | Column):
            return self.calculated(node, self.scalar)
        figure = self.aggregate(node) if isinstance(node, Aggregate) else self.one(node)
        if figure is not None:
            self.trail.parts.append((node, float(figure)))
        return figure

    def calculated(self, node: Node, value: Callable[[Node], Figure]) -> Figure:
        """Arithmetic and conditions, the same for one figure and for every row."""
        match node:
            case Number(number):
                return number
            case Minus(of):
                figure = value(of)
                return None if figure is None else -figure
            case Arithmetic(sign, left, right):
                return _arithmetic(sign, value(left), value(right))
            case Comparison(sign, left, right):
                a, b = value(left), value(right)
                return None if a is None or b is None else SIGNS[sign](a, b)
            case Both(left, right):
                a, b = value(left), value(right)
                return None if a is None or b is None else bool(a) and bool(b)
        raise PickError(f"cannot read {node} here")

    def one(self, column: Column) -> Figure:
        name, frame = self.frame(column)
        found = [r for r in frame.rows if self.holds(column.conditions, r, frame)]
        asked = "; ".join(map(str, column.conditions))
        if not found:
            raise Gap(
                frame.why_missing or phrase("claims.gap.no_row", self.lang, rows=asked or name)
            )
        if len(found) > 1:
            raise PickError(
                f"{column.name} has {len(found)} rows{f' with {asked}' if asked else ''};"
                f" name one, such as {column.name}[{self.example(frame)}], use max(), min(),"
                " sum(), count() or rank(), or pass by=nation"
            )
        self.used += found
        figure = _figure(found[0][column.name])
        if figure is None:
            raise Gap(self.why(found[0], frame, column.name))
        return figure

    def example(self, frame: Frame) -> str:
        key = next(iter(frame.keys), None)
        return f"{key}={frame.rows[0].get(f'{key}_name') or frame.rows[0][key]}" if key else "..."

    def frame(self, column: Column) -> tuple[str, Frame]:
        """The frame that a column stands in, refused where there is no such call or column."""
        if column.call not in self.frames:
            names = ", ".join(sorted(self.frames))
            raise PickError(
                f"the pick names the call {column.call!r}; arguments has {names}"
                if column.call
                else f"write {next(iter(self.frames))}.{column.name}: arguments names several calls"
            )
        frame = self.frames[column.call]
        for name in (column.name, *(c.key for c in column.conditions)):
            if name not in frame.columns:
                near = get_close_matches(name, frame.columns, 2)
                tip = f"did you mean {' or '.join(near)}?" if near else ", ".join(frame.columns)
                raise PickError(f"the frame has no column {name!r}: {tip}")
        return column.call, frame

    def why(self, row: Row, frame: Frame, column: str) -> str:
        """Why a cell is empty: missing months, or a change that has no percentage."""
        status = "missing" if _is_missing(row) else row.get("status")
        if status == "missing" and frame.why_missing:
            return frame.why_missing
        if status in (None, "ok", "small_base"):
            return phrase("claims.gap.empty", self.lang, column=column)
        return labels.status(status, row.get("reason"), self.lang)

    # Many rows

    def aggregate(self, node: Aggregate) -> Figure:
        inner = list(columns(node.of)) if node.of is not None else []
        for column in inner:
            self.frame(column)
        calls = list(dict.fromkeys(c.call for c in inner)) or self.only_call(node)
        for call in calls:
            if not self.frames[call].rows and self.frames[call].why_missing:
                raise Gap(self.frames[call].why_missing)
        rows = self.joined(calls)
        if node.name == "rank":
            return self.rank(node.of, inner, rows)
        rows = [r for r in rows if self.chosen(inner, r)]
        self.refuse_missing(rows)
        if node.of is None:
            return float(len(rows))
        figures = [self.in_row(node.of, row) for row in rows]
        if node.name in ("count", "part"):
            if isinstance(node.of, Comparison | Both):
                kept = [row for row, f in zip(rows, figures) if f]
                empty = [row for row, f in zip(rows, figures) if f is None]
                self.trail.unjudged += sum(_is_unjudged(node.of, row) for row in empty)
                self.trail.judged_of = len(rows)
            else:
                kept = [row for row, f in zip(rows, figures) if f is not None]
            if node.name == "part":
                return len(kept) / len(rows) if rows else None
            return float(len(kept))
        return self.reduced(node.name, rows, figures)

    def only_call(self, node: Aggregate) -> list[str]:
        if len(self.frames) > 1:
            first = next(iter(self.frames))
            raise PickError(f"write {node.name}({first}.value): arguments names several calls")
        return list(self.frames)

    def joined(self, calls: list[str]) -> list[Joined]:
        """The rows of the calls side by side, by the keys that all of them have."""
        if len(calls) == 1:
            return [{calls[0]: row} for row in self.frames[calls[0]].rows]
        keys = [k for k in KEYS if all(k in self.frames[c].columns for c in calls)]
        table: dict[tuple[Any, ...], dict[str, Row | None]] = {}
        for call in calls:
            for row in self.frames[call].rows:
                entry = table.setdefault(tuple(row[k] for k in keys), dict.fromkeys(calls))
                if entry[call] is not None:
                    raise PickError(f"{call} has several rows for one of the other calls' rows")
                entry[call] = row
        return list(table.values())

    def chosen(self, inner: Iterable[Column], row: Joined) -> bool:
        """True where a row meets the brackets of every column inside the function."""
        for column in inner:
            mine = row[column.call]
            if column.conditions and (
                mine is None or not self.holds(column.conditions, mine, self.frames[column.call])
            ):
                return False
        return True

    def refuse_missing(self, rows: Iterable[Joined]) -> None:
        for row in rows:
            for call, mine in row.items():
                if mine is not None and _is_missing(mine):
                    raise Gap(self.why(mine, self.frames[call], ""))

    def in_row(self, node: Node, row: Joined) -> Figure:
        if isinstance(node, Column):
            mine = row[node.call]
            if mine is None:
                return 0.0 if node.name in _AMOUNTS else None
            return _figure(mine[node.name])
        return self.calculated(node, lambda n: self.in_row(n, row))

    def reduced(self, name: str, rows: list[Joined], figures: list[Figure]) -> Figure:
        known = [(float(f), row) for f, row in zip(figures, rows) if f is not None]
        if name in ("sum", "mean") and len(known) < len(figures):
            raise Gap(phrase("claims.gap.part_empty", self.lang, count=len(figures) - len(known)))
        if not known:
            raise Gap(phrase("claims.gap.no_rows", self.lang))
        values = [f for f, _ in known]
        if name in ("sum", "mean"):
            self.used += [r for _, row in known for r in row.values() if r is not None]
            return math.fsum(values) / (len(values) if name == "mean" else 1)
        best = (max if name == "max" else min)(values)
        self.used += [r for f, row in known for r in row.values() if f == best and r is not None]
        return best

    def rank(self, of: Node | None, inner: list[Column], rows: list[Joined]) -> Figure:
        assert of is not None  # the parser gives rank() a figure
        self.refuse_missing(rows)
        mine = [row for row in rows if self.chosen(inner, row)]
        if len(mine) != 1:
            asked = "; ".join(str(c) for column in inner for c in column.conditions)
            if not mine:
                raise Gap(phrase("claims.gap.no_row", self.lang, rows=asked))
            raise PickError(f"rank() needs one row; {asked} gives {len(mine)}")
        figure = self.in_row(of, mine[0])
        if figure is None:
            raise Gap(phrase("claims.gap.not_ranked", self.lang))
        self.used += [r for r in mine[0].values() if r is not None]
        others = [self.in_row(of, row) for row in rows if not _is_rest(row)]
        return 1.0 + sum(1 for f in others if f is not None and f > figure)

    # Brackets

    def holds(self, conditions: Iterable[Condition], row: Row, frame: Frame) -> bool:
        return all(meets(c, row, frame.reporter) for c in conditions)


def _is_missing(row: Row) -> bool:
    """True where the metric says so, in `status` or in a status of its own (`offset_status`)."""
    return any(row.get(name) == "missing" for name in ("status", "offset_status"))


def _is_unjudged(condition: Node, row: Joined) -> bool:
    """True where a change in per cent does not exist, and a condition on it could hold all the
    same: trade that rose from nothing is no fall, and may be called any rise."""
    if not any(c.name in _CHANGES for c in columns(condition)):
        return False
    states = {r.get("status") for r in row.values() if r is not None}
    below = isinstance(condition, Comparison) and condition.sign in ("<", "<=", "=")
    return "negative" in states or ("new" in states and not below)


def _is_rest(row: Joined) -> bool:
    """The rest of a partition is no partner: it takes no place in a ranking."""
    groups = {r.get("partner_group") for r in row.values() if r is not None}
    return bool(groups & _rest_names())


@cache
def _rest_names() -> frozenset[str]:
    return frozenset({OTHER, *(vocab.names("partner_group", lang)[OTHER] for lang in ("en", "zh"))})


def _arithmetic(sign: str, a: Figure, b: Figure) -> Figure:
    if a is None or b is None or (sign == "/" and b == 0):
        return None
    if sign == "/":
        return a / b
    return a + b if sign == "+" else a - b if sign == "-" else a * b


def _figure(cell: Any) -> Figure:
    """A cell as a number: `year` holds text."""
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, str):
        if not cell.isdigit():
            raise PickError(f"the pick reads a text, {cell!r}, where it needs a figure")
        return float(cell)
    figure = float(cell)
    return figure if math.isfinite(figure) else None
