"""Flows that come from nothing and are at once a large part of the nation's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.levels import has_all_provinces
from provexpo.periods import Window, month_text, parse_window, shift
from provexpo.result import Caveat
from provexpo.signals.screen import SLACK, base_rate, called_with, given, number_in, one_flow
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

QUIET = 24  # months without trade before
RISE = 6  # months that count from the first one
YEAR = 12
FADED = 0.10
MIN_VALUE = 5_000_000
MIN_SHARE = 0.10
MAX_WINDOW = 24
_KEYS = ("province", "partner", "product")
UNITS = {
    "first_period": "period",
    "value6m": "currency",
    "nation6m": "currency",
    "share_nat": "fraction",
    "peak": "currency",
    "flash": "boolean",
    "screen_flag": "boolean",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def sudden_appearance(
    trade: Trade,
    *,
    during: str | Window | None = None,
    min_value: float = MIN_VALUE,
    min_share: float = MIN_SHARE,
    province: Words = None,
    partner: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return flows that began in a window after two years of nothing, and how large they were.

    A cell (place, partner, product) appears in month t when it traded in t and in none of the 24
    months before. value6m is the sum of t to t + 5, share_nat its part of the nation's trade of
    the same product with the same partner in these months. screen_flag holds if value6m reaches
    USD 5 million and share_nat 10 %. flash: a month after the largest of the first 12, and within
    them, is below 10 % of it.

    Parameters
    ----------
    trade : Trade
    during : str or Window, optional
        The first months looked at, 24 at most; default the 12 months whose six are all held.
    min_value : float
        Dollars of value6m below which an appearance is not shown (in yuan at the window's rate).
    min_share : float
        The bound of share_nat.
    by : str or list, optional
        Default province, partner and ``product:HS6``; fewer of them, or another product level.
    province, partner, product, regime, flow, reporter, currency, table, lang
        As in ``value``; ``flow`` is export or import.

    Returns
    -------
    Result
        One row an appearance of ``min_value`` or more: first_period, value6m, nation6m, peak (the
        largest month of the first 12) [currency], share_nat [0-1], flash, screen_flag, status,
        reason.

    Raises
    ------
    CallError for other keys, or a window of more than 24 months.

    Notes
    -----
    NULL rule: where a month from 24 before the window to 5 after it is not covered, all rows are
    ``missing``; so are appearances whose six months are not over (reason ``follow_up``). flash is
    NULL until the 12 months are over, unless it holds already; share_nat without all provinces. A
    combined January-February counts as February. The base rate is over all cells traded in these
    months. Codes that the source renamed are joined where the library knows of it; others look
    like appearances.

    References
    ----------
    The definitions are those of the methods, section 5.5.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.sudden_appearance(pe.sample(), partner="US", during="2024-03/2024-06")
    >>> "first_period" in r.frame.columns
    True
    """
    one_flow(flow, "sudden_appearance")
    number_in("min_value", min_value, 0, 1e15, "sudden_appearance")
    number_in("min_share", min_share, 0, 1, "sudden_appearance")
    window = _default(trade, flow, reporter) if during is None else parse_window(during)
    if window.n_months > MAX_WINDOW:
        raise CallError(
            f"the window {window} is longer than {MAX_WINDOW} months",
            where="during=", do="call it once for each year",
        )  # fmt: skip
    extra = given(("min_value", min_value, MIN_VALUE), ("min_share", min_share, MIN_SHARE))
    arguments = Arguments(
        "sudden_appearance", window, window, reporter, flow, province, partner, product, regime,
        by, currency, None, table, lang, extra,
    )  # fmt: skip
    query, months = _reaching(trade, arguments, window)
    _refuse_keys(query)
    least = query.in_currency(min_value, window)
    params = {"least": least}
    answer = run(
        query, [Measure(f"m{i}", f"f.period = {m}", compared=False) for i, m in enumerate(months)],
        _steps(query, window, months), order="seen DESC NULLS LAST", params=params,
    )  # fmt: skip
    frame = _appearances(answer.frame, months, window, least, min_share, has_all_provinces(query))
    cells = int(answer.frame["n_cells"][0]) if answer.frame.height else None
    return _result(query, Answer(frame, answer.sql, answer.params), window, months, cells)


def _default(trade: Trade, flow: str, reporter: str) -> Window:
    last = shift(trade.latest_window(flow=flow, reporter=reporter).last, 1 - RISE)
    return Window(shift(last, -11), last)


def _reaching(trade: Trade, arguments: Arguments, window: Window) -> tuple[Query, list[int]]:
    """One query over the two years before the window, the window, and what is held of the year
    after it."""
    long = Window(shift(window.first, -QUIET), shift(window.last, YEAR - 1))
    query = _over(trade, arguments, long)
    if query.slots[0][0].tiles is None:
        held = _held_until(query, long)
        query = _over(trade, arguments, Window(long.first, max(held or 0, window.last)))
    return query, list(query.call.window.months)


def _over(trade: Trade, arguments: Arguments, window: Window) -> Query:
    reach = replace(arguments, during=str(window), against=str(window))
    words = ("province", "partner", "product:HS6")
    return prepare(trade, reach, default_by=words, defer_province=True)


def _held_until(query: Query, window: Window) -> int | None:
    """The last month up to which a window is covered from its start."""
    held = [
        month
        for month in window.months
        if all(
            c.coverage.slot(Window(window.first, month)).tiles is not None
            for c in query.chosen.values()
        )
    ]
    return max(held, default=None)


def _refuse_keys(query: Query) -> None:
    keys = query.call.keys
    wrong = [k.text for k in keys if k.column not in _KEYS]
    if wrong or not any(k.column == "product" for k in keys):
        raise CallError(
            f"sudden_appearance has no rows by {', '.join(wrong) or 'anything but products'}",
            where="by=",
            expected="province, partner, product:HS2|HS4|HS6, with a product level among them",
        )


def _steps(query: Query, window: Window, months: list[int]) -> tuple[Step, ...]:
    """Cells that could have appeared in the window, with the months of the nation's trade."""
    a, b = months.index(window.first), months.index(window.last)
    names = [f"m{i}" for i in range(len(months))]
    # These months are zero whichever month of the window is the first.
    quiet = " + ".join(f"abs({n})" for n in names[max(b - QUIET, 0) : a]) or "0"
    seen = " + ".join(names[a : b + RISE])
    others = [k.column for k in query.call.entity_keys if k.column != "province"]
    shared = ", ".join([*others, "slot"])
    nation = ", ".join(f"CAST(sum({n}) AS BIGINT) AS n{n}" for n in names)
    traded = " OR ".join(f"{n} <> 0" for n in names)
    chosen = query.call.selections["province"]
    shown = "true"
    if "province" in query.deferred and chosen.codes is not None:
        shown = f"{'NOT ' if chosen.negate else ''}list_contains($province, province)"
    return (
        Step("nation", f"SELECT {shared}, {nation} FROM sums GROUP BY {shared}"),
        Step("traded", f"SELECT count(*) AS n_cells FROM sums WHERE ({traded}) AND {shown}"),
        Step(
            "candidates",
            f"""
            SELECT *, {seen} AS seen FROM sums
            WHERE m0 IS NULL OR ({quiet} = 0 AND {seen} >= CAST($least AS DOUBLE) - 0.5)
            """,
        ),
        Step(
            "appearances",
            f"SELECT * FROM candidates JOIN nation USING ({shared}) CROSS JOIN traded",
        ),
    )


def _appearances(
    cells: pl.DataFrame, months: list[int], window: Window, least: float, min_share: float,
    whole_nation: bool,
) -> pl.DataFrame:  # fmt: skip
    """One row for each cell that appeared in the window and is large enough, or may yet be."""
    a, b = months.index(window.first), months.index(window.last)
    names = [f"m{i}" for i in range(len(months))]
    found = []
    uncovered = cells.height > 0 and cells["m0"].null_count() == cells.height
    for row in () if uncovered else cells.iter_rows(named=True):
        if row["m0"] is None:
            found.append({"status": "missing"})
            continue
        own = np.array([row[n] for n in names], dtype=np.int64)
        nation = np.array([row[f"n{n}"] for n in names], dtype=np.int64)
        found.append(_one(own, nation, months, (a, b), least, min_share, whole_nation))
    schema: dict[str, Any] = {
        "first_period": pl.String, "value6m": pl.Int64, "nation6m": pl.Int64,
        "share_nat": pl.Float64, "peak": pl.Int64, "flash": pl.Boolean, "screen_flag": pl.Boolean,
        "status": pl.String, "reason": pl.String,
    }  # fmt: skip
    bare = cells.drop(*names, *(f"n{n}" for n in names), "seen", "n_cells")
    if uncovered:
        empty = [pl.lit(None, dtype=t).alias(c) for c, t in schema.items() if c != "status"]
        return bare.with_columns(*empty, status=pl.lit("missing"))
    judged = pl.DataFrame([{c: f.get(c) for c in schema} for f in found], schema=schema)
    frame = bare.hstack(judged).filter(pl.col("status").is_not_null())
    keys = [c for c in _KEYS if c in frame.columns]
    return frame.sort(
        "screen_flag", "value6m", *keys, descending=[True, True, *([False] * len(keys))],
        nulls_last=True,
    )  # fmt: skip


def _one(
    own: np.ndarray, nation: np.ndarray, months: list[int], window: tuple[int, int], least: float,
    min_share: float, whole_nation: bool,
) -> dict[str, Any]:  # fmt: skip
    """The figures of one cell; empty where it did not appear, or stayed small."""
    first = next((i for i in range(window[0], window[1] + 1) if own[i] != 0), None)
    if first is None or own[first - QUIET : first].any():
        return {}
    six, held = own[first : first + RISE], len(months) - first
    if six.sum() < least - SLACK:
        return {}
    row: dict[str, Any] = {"first_period": month_text(months[first])}
    if held < RISE:
        return row | {"status": "missing", "reason": "follow_up"}
    total = int(nation[first : first + RISE].sum())
    share = int(six.sum()) / total if whole_nation and total > 0 else None
    year = own[first : first + YEAR]
    top = int(np.argmax(year))
    faded = bool((year[top + 1 :] < FADED * year[top] - SLACK).any())
    return row | {
        "value6m": int(six.sum()),
        "nation6m": total if whole_nation else None,
        "share_nat": share,
        "peak": int(year[top]),
        "flash": True if faded else None if held < YEAR else False,
        "screen_flag": None if share is None else share >= min_share - SLACK,
        "status": "ok",
    }


def _result(
    query: Query, answer: Answer, window: Window, months: list[int], cells: int | None
) -> Result:
    lang = query.call.arguments.lang
    doc = sudden_appearance.__doc__ or ""
    form = Form("sudden_appearance", "sudden_appearance", "5.5", doc, UNITS)
    read = Window(months[0], months[-1])
    text = phrase("sudden_appearance.read", lang, during=window, read=read)
    caveats = [Caveat("window", text), Caveat("causes", phrase("sudden_appearance.causes", lang))]
    if not has_all_provinces(query):
        caveats.append(Caveat("columns", phrase("columns.not_nation", lang)))
    frame = answer.frame
    waiting = frame.filter(pl.col("reason") == "follow_up").height
    if waiting:
        text = phrase("sudden_appearance.follow_up", lang, n=RISE)
        caveats.append(Caveat("follow_up", text, waiting))
    result = finish(
        query, answer, form, summed=summed_over(query),
        caveats=[*caveats, *base_rate(frame, lang, cells=cells)],
    )  # fmt: skip
    result = called_with(result, without=("against",))
    call = {**result.receipt.call, "during": str(window)}
    receipt = replace(result.receipt, call=call, window=str(window), base_window=None)
    return replace(result, receipt=receipt, title=result.title.replace(str(read), str(window)))
