"""The panel of a gravity residual: months before the window, and the window without the hubs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from provexpo.engine.query import Answer, Query
from provexpo.errors import CallError
from provexpo.periods import Window, month_index, month_text, shift
from provexpo.signals.deflection_growth import recoded
from provexpo.signals.gravity_fit import Fit, Floats, Series, fit, months_ahead
from provexpo.signals.months import Months, covered_since, read_months

MIN_MONTHS = 24
LONGEST = 60
MIN_WINDOWS = 12
MAX_OBSERVATIONS = 20_000_000
_TINY = 1e-12


@dataclass(frozen=True)
class Residuals:
    """By row of the frame: what was expected over the window, and z (NaN where not known)."""

    expected: Floats
    z: Floats
    fit: Fit
    n_months: int  # before the window, covered
    first: str = ""
    last: str = ""
    n_recoded: int = 0
    answers: Mapping[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class _Panel:
    """Pairs of partner and product that traded at all; `before`, `now` and `base` are columns."""

    series: Series
    partners: list[str]
    row_of: Mapping[tuple[str, int], int]
    before: list[int]
    now: list[int]
    base: list[int]


def residuals(
    query: Query, frame: pl.DataFrame, fell: Sequence[str], hubs: Sequence[str]
) -> Residuals:
    """Fit the panel and compare the rows of the frame with it."""
    window = query.call.window
    since = covered_since(query) or window.first
    span = Window(max(since, shift(window.first, -LONGEST)), window.last)
    months = read_months(query, span, name="panel")
    panel = _panel(query, months, fell, hubs)
    if len(panel.before) < MIN_MONTHS:
        nothing = np.full(frame.height, np.nan)
        return Residuals(nothing, nothing, _EMPTY, len(panel.before))
    done = fit(panel.series)
    cells = [(str(h), int(c)) for h, c in frame.select("partner", "product").iter_rows()]
    ahead, z = _rows(panel, done, hubs, cells, window.n_months)
    changed = recoded(query, span, [code for _, code in cells])
    ahead[changed], z[changed] = np.nan, np.nan
    if not done.converged:
        ahead[:], z[:] = np.nan, np.nan
    first, last = (month_text(shift(span.first, i)) for i in (panel.before[0], panel.before[-1]))
    return Residuals(
        ahead, z, done, len(panel.before), first, last, int(changed.sum()), months.answers
    )


_NONE = np.zeros((0, 0))
_EMPTY = Fit(_NONE, _NONE, _NONE, _NONE, 0, 0, False)


def _panel(query: Query, months: Months, fell: Sequence[str], hubs: Sequence[str]) -> _Panel:
    held = {
        (str(h), int(str(code))): row
        for (h, code), row in months.rows.items()
        if h not in fell and int(str(code)) // 10_000 < 98
    }
    n = months.n_months
    if len(held) * n > MAX_OBSERVATIONS:
        raise CallError(
            f"{len(held):,} pairs of partner and product over {n} months are too many",
            where="gravity_residual()",
            do="select products with product=, or use method='two_way'",
        )
    keys = sorted(held)
    partners, products = (sorted({k[i] for k in keys}) for i in (0, 1))
    place: dict[object, int] = {p: i for i, p in enumerate(partners)}
    place |= {code: i for i, code in enumerate(products)}
    hub, product = (np.array([place[k[i]] for k in keys], dtype=np.int64) for i in (0, 1))
    rows = [held[k] for k in keys]
    # A January that stands in its February is no observation of its own.
    empty = np.append(months.joined[1:], False)
    values = months.amounts["value"][rows].astype(np.float64)
    used = months.known[rows] & ~empty[None, :] & (values >= 0)
    at = month_index(query.call.window.first) - months.first
    used[np.isin(hub, [i for i, p in enumerate(partners) if p in hubs]), at:] = False
    good = [m for m in range(n) if months.covered[m] and not empty[m]]
    base = query.call.base or query.call.window
    start = month_index(base.first) - months.first
    return _Panel(
        Series(values, used, hub, product),
        [str(p) for p in partners],
        {k: i for i, k in enumerate(keys)},
        [m for m in good if m < at],
        [m for m in good if m >= at],
        [m for m in good if start <= m < min(at, start + base.n_months)],
    )


def _rows(
    panel: _Panel, done: Fit, hubs: Sequence[str], cells: Sequence[tuple[str, int]], length: int
) -> tuple[Floats, Floats]:
    series = panel.series
    known = np.where(series.used, series.values, 0.0)[:, panel.before].sum(axis=1)
    weights = np.bincount(series.hub, known, len(panel.partners)).astype(np.float64)
    others = np.where([p in hubs for p in panel.partners], 0.0, weights)
    ahead = {
        p: months_ahead(done, i, others, panel.base, panel.now)
        for i, p in enumerate(panel.partners)
        if p in hubs and panel.base and panel.now
    }
    total, z = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    for n, (hub, code) in enumerate(cells):
        row = panel.row_of.get((hub, code))
        if row is None or hub not in ahead or not done.row[row] > 0:
            continue
        total[n] = done.row[row] * ahead[hub][series.product[row]].sum()
        if total[n] > 0:
            now = series.values[row][panel.now].sum() / total[n] - 1
            z[n] = _distance(panel, done.fitted[row], row, now, length)
    return total, z


def _distance(panel: _Panel, fitted: Floats, row: int, now: float, length: int) -> float:
    """How far a ratio lies from those of the same pair in every window before."""
    actual, held = panel.series.values[row], panel.series.used[row]
    ratios = []
    for first in range(panel.before[0], panel.before[-1] - length + 2):
        months = slice(first, first + length)
        if held[months].all() and fitted[months].sum() > 0:
            ratios.append(actual[months].sum() / fitted[months].sum() - 1)
    spread = float(np.std(ratios, ddof=1)) if len(ratios) >= MIN_WINDOWS else 0.0
    return (now - float(np.mean(ratios))) / spread if spread > _TINY else np.nan
