"""When tariffs rose, and for which products: the rates of one day against those of another.

Of one programme the longest prefix in force on a day counts, and of two rows of one prefix the one
that began later; the rates of several programmes add up (as in `metrics/tariffs.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from provexpo.engine.trade import Trade
from provexpo.errors import CallError
from provexpo.metrics.tariffs import ADDED, WHOLE
from provexpo.periods import shift

LEAST_RISE = 1e-9
_SHOWN = 8


@dataclass(frozen=True)
class Event:
    """The first day in force, or the month of it where no day is given."""

    month: int
    day: date | None = None

    @property
    def text(self) -> str:
        return str(self.day) if self.day else f"{self.month // 100}-{self.month % 100:02d}"

    @property
    def before(self) -> date:
        """The last day before."""
        first = self.day or date(self.month // 100, self.month % 100, 1)
        return first - timedelta(days=1)

    @property
    def after(self) -> date:
        """The day itself; of a month its last, by when the new rate is in force."""
        if self.day:
            return self.day
        following = shift(self.month, 1)
        return date(following // 100, following % 100, 1) - timedelta(days=1)


def read_event(text: str) -> Event:
    """An event from 2025-04-10, or from a month such as 2025-04."""
    try:
        if len(text) == 7:
            first = date.fromisoformat(f"{text}-01")
            return Event(first.year * 100 + first.month)
        day = date.fromisoformat(text)
    except (TypeError, ValueError) as err:
        raise CallError(
            f"event={text!r} is no day",
            where="frontloading(event=)",
            expected="the first day in force, such as 2025-04-10, or its month, 2025-04",
        ) from err
    return Event(day.year * 100 + day.month, day)


def tariffs_between(
    trade: Trade, levier: str, origin: str, kind: str | None, programme: str | None
) -> pl.DataFrame:
    """The rows of one kind that `levier` applies to goods from `origin`; empty without any."""
    table = trade.side("tariffs")
    rows = table.filter((pl.col("reporter") == levier) & (pl.col("partner") == origin))
    for column, wanted in (("kind", kind), ("programme", programme)):
        if wanted is None:
            continue
        found = rows.filter(pl.col(column).fill_null("") == wanted)
        if found.is_empty():
            held = sorted({v or "" for v in rows[column]})
            raise CallError(
                f"no tariffs of {column} {wanted!r} are held",
                where=f"frontloading({column}=)",
                expected=", ".join(map(repr, held)) or "the store holds none of this pair",
            )
        rows = found
    return rows


def mixed(rows: pl.DataFrame) -> bool:
    """True where the rows state rates that do not add up: several kinds, or whole rates twice."""
    kinds = rows["kind"].n_unique()
    return kinds > 1 or (
        kinds == 1 and rows["kind"][0] in WHOLE and rows["programme"].n_unique() > 1
    )


def rises(rows: pl.DataFrame) -> list[date]:
    """The days on which the rate of some stated prefix went up."""
    codes = sorted({str(p or "") for p in rows["product"]})
    found = []
    for day in sorted(set(rows["from"].to_list())):
        now, before = Rates(rows, day), Rates(rows, day - timedelta(days=1))
        for code in codes:
            rate, earlier = now.of(code), before.of(code)
            if rate is not None and earlier is not None and rate > earlier + LEAST_RISE:
                found.append(day)
                break
    return found


def the_event(rows: pl.DataFrame, levier: str, origin: str) -> Event:
    """The one day on which tariffs rose; an error names the days where there are several."""
    ask = "pass event= with the first day in force, such as event='2025-04-10'"
    if rows.is_empty():
        raise CallError(
            f"the store holds no tariffs of {levier} on goods from {origin}",
            where="frontloading(event=)",
            do=ask,
        )
    if mixed(rows):
        held = sorted({f"{r['kind']}/{r['programme'] or ''}" for r in rows.iter_rows(named=True)})
        raise CallError(
            "the tariffs held are of several kinds or programmes, so there is no one event",
            where="frontloading(event=)",
            expected=f"one of: {', '.join(held)}",
            do=f"{ask}, or choose with kind= and programme=",
        )
    days = rises(rows)
    if len(days) != 1:
        shown = ", ".join(map(str, days[:_SHOWN])) or "no day"
        raise CallError(
            f"tariffs of {levier} on goods from {origin} rose on {len(days)} days",
            where="frontloading(event=)",
            expected=f"one of: {shown}",
            do=ask,
        )
    return Event(days[0].year * 100 + days[0].month, days[0])


class Rates:
    """The rates in force on one day."""

    def __init__(self, rows: pl.DataFrame, day: date) -> None:
        force = rows.filter(
            (pl.col("from") <= day) & (pl.col("to").is_null() | (pl.col("to") >= day))
        )
        self.added = rows.height > 0 and rows["kind"][0] in ADDED
        self.programmes: dict[str, dict[str, float]] = {}
        for row in force.sort("from").iter_rows(named=True):
            held = self.programmes.setdefault(str(row["programme"] or ""), {})
            held[str(row["product"] or "")] = float(row["rate"])

    def of(self, code: str) -> float | None:
        """The rate of a product code; None where none is known. Of a code that has finer lines,
        the mean of the lines."""
        lines = sorted({
            p for rates in self.programmes.values() for p in rates
            if len(p) > len(code) and p.startswith(code) and len(code) >= 6
        })  # fmt: skip
        if lines:
            found = [r for r in (self._line(line) for line in lines) if r is not None]
            return sum(found) / len(found) if found else None
        return self._line(code)

    def _line(self, code: str) -> float | None:
        parts = [r for r in (_longest(held, code) for held in self.programmes.values())
                 if r is not None]  # fmt: skip
        if not parts:
            return 0.0 if self.added else None
        return sum(parts)


def _longest(held: Mapping[str, float], code: str) -> float | None:
    for n in range(len(code), -1, -1):
        if code[:n] in held:
            return held[code[:n]]
    return None


class Rise:
    """By how much the rate of a product went up at an event; None where either is not known."""

    def __init__(self, rows: pl.DataFrame, event: Event) -> None:
        self.before, self.after = Rates(rows, event.before), Rates(rows, event.after)
        self._known: dict[str, float | None] = {}

    def of(self, code: str) -> float | None:
        if code not in self._known:
            now, then = self.after.of(code), self.before.of(code)
            self._known[code] = None if now is None or then is None else now - then
        return self._known[code]
