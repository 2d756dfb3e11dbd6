"""The rate of every product over a window: rows of the table `tariffs`, averaged by days in force.

A programme states rates for HS prefixes and days. Of one programme the longest prefix in force on
a day counts, and of two rows of one prefix the one that began later; the rates of several
programmes add up. Rates are whole numbers of 1e-9, so that sums do not depend on their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from provexpo.errors import CallError
from provexpo.periods import Window, shift

UNIT = 1_000_000_000
HS6 = 6
AGGREGATIONS = ("simple", "max")
# Kinds that only add to a rate: no row means none. Of the others no row means not known.
ADDED = ("additional",)
# Kinds that state a whole rate: two programmes of them are two answers, not two parts of one.
WHOLE = ("average", "etr", "maximum")

_NONE = -1  # no row on that day
Days = NDArray[np.int64]


@dataclass(frozen=True)
class Rates:
    """product (HS6), tau, tau_base (in 1e-9, NULL where not known) and covered (0 or 1)."""

    frame: pl.DataFrame
    gaps: int  # products with a rate on some days only, which count as not covered
    no_base: int  # covered products without a rate in the last month of the base
    from_lines: int = 0  # products whose rate is one of lines finer than HS6


def rates_of(
    rows: pl.DataFrame, products: Sequence[int], window: Window, base: Window, agg: str | None
) -> Rates:
    """The rates of products over `window`, and over the last month of `base`."""
    kind = rows["kind"][0] if rows.height else ""
    now = _Timeline(rows, window, agg)
    before = _Timeline(rows, Window(base.last, base.last), agg)
    found, gaps, no_base = [], 0, 0
    for product in products:
        code = str(product).zfill(HS6)
        tau, days = now.rate(code)
        tau_base, days_base = before.rate(code)
        whole = days == now.n_days
        covered = days > 0 if kind in ADDED else whole
        gaps += 0 < days < now.n_days and kind not in ADDED
        known = days_base == before.n_days or kind in ADDED
        no_base += covered and not known
        found.append((product, tau if covered else 0, tau_base if known else None, int(covered)))
    schema = {
        "product": pl.Int64, "tau": pl.Int64, "tau_base": pl.Int64, "covered": pl.Int64
    }  # fmt: skip
    from_lines = sum(str(product).zfill(HS6) in now.lines for product in products)
    return Rates(pl.DataFrame(found, schema=schema, orient="row"), gaps, no_base, from_lines)


class _Timeline:
    """The rate of each programme and prefix on every day of a window."""

    def __init__(self, rows: pl.DataFrame, window: Window, agg: str | None) -> None:
        self.first, self.last = _days_of(window)
        self.n_days = (self.last - self.first).days + 1
        self.agg = agg
        self.programmes: dict[str, dict[str, Days]] = {}
        for programme, prefix, start, end, rate in self._spells(rows).iter_rows():
            rates = self.programmes.setdefault(programme, {})
            days = rates.setdefault(prefix, np.full(self.n_days, _NONE, dtype=np.int64))
            days[start:end] = round(rate * UNIT)
        finer = {p for rates in self.programmes.values() for p in rates if len(p) > HS6}
        self.lines: dict[str, list[str]] = {}
        ordered = sorted(finer)
        for line, following in zip(ordered, [*ordered[1:], ""], strict=False):
            # 85171300 is no line of its own where 8517130010 is one, which then follows it.
            if not following.startswith(line):
                self.lines.setdefault(line[:HS6], []).append(line)
        self._known: dict[str, tuple[int, int]] = {}

    def _spells(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Programme, prefix, first day of the window in force, the day after the last, and rate;
        those that began later come later, and write over the others."""
        first, last = pl.col("from").clip(self.first), pl.col("to").fill_null(self.last)
        start = (first - pl.lit(self.first)).dt.total_days()
        end = (last.clip(None, self.last) - pl.lit(self.first)).dt.total_days() + 1
        return (
            rows.sort("from")
            .with_columns(start=start, end=end)
            .filter(pl.col("start") < pl.col("end"), pl.col("start") < self.n_days)
            .select(
                pl.col("programme").fill_null(""), pl.col("product").fill_null(""), "start", "end",
                "rate",
            )
        )  # fmt: skip

    def rate(self, code: str) -> tuple[int, int]:
        """The mean over all days, and on how many days there is a rate."""
        lines = self.lines.get(code)
        if not lines:
            return self._line(code)
        means, days = zip(*(self._line(line) for line in lines), strict=True)
        mean = max(means) if self.agg == "max" else _rounded(sum(means), len(means))
        return mean, min(days)

    def _line(self, code: str) -> tuple[int, int]:
        prefixes = [code[:n] for n in (10, 8, 6, 4, 2, 0) if n <= len(code)]
        named = [p for p in prefixes if any(p in r for r in self.programmes.values())]
        key = "/".join(named)
        if key not in self._known:
            self._known[key] = self._mean(named)
        return self._known[key]

    def _mean(self, prefixes: Sequence[str]) -> tuple[int, int]:
        total = np.zeros(self.n_days, dtype=np.int64)
        any_rate = np.zeros(self.n_days, dtype=bool)
        for rates in self.programmes.values():
            days = np.full(self.n_days, _NONE, dtype=np.int64)
            for prefix in prefixes:  # the longest first: shorter ones fill what it leaves open
                if prefix in rates:
                    days = np.where(days == _NONE, rates[prefix], days)
            held = days != _NONE
            total += np.where(held, days, 0)
            any_rate |= held
        return _rounded(int(total.sum()), self.n_days), int(any_rate.sum())


def _rounded(total: int, count: int) -> int:
    return round(total / count) if total < 2**52 else (2 * total + count) // (2 * count)


def _days_of(window: Window) -> tuple[date, date]:
    after = shift(window.last, 1)
    first = date(window.first // 100, window.first % 100, 1)
    return first, date(after // 100, after % 100, 1) - timedelta(days=1)


def refuse_finer(rows: pl.DataFrame, agg: str | None) -> None:
    """Tariff lines finer than HS6 need a rule to become one rate of the HS6 heading."""
    if agg is not None and agg not in AGGREGATIONS:
        raise CallError(
            f"agg={agg!r} is not known", where="agg=", expected=" or ".join(AGGREGATIONS)
        )
    finer = rows.filter(pl.col("product").str.len_chars() > HS6)["product"].n_unique()
    if finer and agg is None:
        raise CallError(
            f"the tariffs have {finer} lines finer than HS6, and exports are compared at HS6",
            where="agg=",
            expected="agg='simple' (mean of the lines) or agg='max' (the highest line)",
            do="pass one of them, or load rates that are already averaged to HS6",
        )
