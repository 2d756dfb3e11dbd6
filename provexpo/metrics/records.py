"""Record highs, and how long trade has been falling or rising."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.coverage import months_list
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.measures import gap_reason, measures_for, refuse_measure, units_for
from provexpo.metrics.record_history import (
    cover_of,
    history,
    new_years,
    point_texts,
    shown_of,
)
from provexpo.metrics.record_runs import JUDGED, Point, judge
from provexpo.periods import Window
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

DEFAULT_BY = ("month",)
MIN_HISTORY = 36  # months before a point that a record needs (house)
STEPS = (
    Step(
        "series",
        """
        SELECT {keys}, value, base_value,
          CASE WHEN value >= 0 AND base_value > 0
            THEN value / nullif(base_value, 0) - 1 END AS pct,
          CASE WHEN value IS NULL THEN 'missing' WHEN value < 0 THEN 'negative'
            WHEN value = 0 THEN 'none' ELSE 'ok' END AS status
        FROM sums
        """,
    ),
)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "pct": "fraction",
    "record_all": "boolean",
    "record_same_month": "boolean",
    "rank": "count",
    "record_since": "period",
    "streak": "count",
    "streak_since": "period",
    "n_negative": "count",
    "last_fall": "period",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def records(
    trade: Trade,
    *,
    during: str | Window | None = None,
    province: Words = None,
    partner: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    min_history: int = MIN_HISTORY,
    table: str | None = None,
    measure: str = "value",
    lang: str = "en",
) -> Result:
    """Return which months are record highs, and how long the run of falls or rises is.

    With x_s the points s <= t of the same table, from the first month that it covers:
    record_all = x_t > max(x_s, s < t); record_same_month the same among the same calendar months;
    rank = 1 + the number of s < t with x_s > x_t. A tie is no record and shares the better rank.

    A point falls when it is below the same months one year earlier. ``streak`` is the number of
    points in a row, up to and including t, that moved the way t did: down where ``pct`` is
    negative, up where it is positive; 0 where t equals its base.

    Parameters
    ----------
    trade : Trade
    during : str or Window, optional
        The points shown; the history before them is read whatever is asked for.
    by : str or list, optional
        Default ``month``. Without month, quarter or year among the keys (``[]`` is the nation)
        the window is one point, compared with the same months of earlier years.
    min_history : int
        Months covered before a point that its record columns need; without a time key, of the
        years whose same months are covered.
    measure : {"value", "quantity", "balance"}
    province, partner, product, regime, flow, reporter, currency, table, lang
        As in ``value``.

    Returns
    -------
    Result
        value, base_value (a year earlier) [currency], pct [fraction], record_all,
        record_same_month, rank (among the points so far), record_since (first month of the
        history), streak [points], streak_since (its first point), n_negative (falls among the
        points shown), last_fall (the last point before t that fell), status, reason.

    Raises
    ------
    PeriodError where the window starts inside a quarter or year of ``by``.

    Notes
    -----
    NULL rule: record_all, record_same_month and rank need ``min_history`` months before the
    point. Single Januaries and Februaries are never called a record nor ranked: the row of
    February compares January and February together in record_same_month, and both rows take the
    direction of the two months together in streak, n_negative and last_fall; any other point
    that holds one of the two alone has neither record nor direction. A point without a base, or
    not covered, ends a streak, and makes last_fall NULL where it lies between. A quarter or year
    so far is compared with whole ones (caveat ``partial_period``): a record of it stands, and
    none may still become one. Values are nominal.

    References
    ----------
    The definitions are those of the methods, section 2.5.

    Examples
    --------
    >>> import provexpo as pe
    >>> f = pe.records(pe.sample(), partner="US", during="2025-04/2025-08").frame
    >>> f["streak"].to_list()
    [1, 2, 3, 4, 5]
    """
    refuse_measure(measure, flow)
    counted = isinstance(min_history, int) and not isinstance(min_history, bool)
    if not (counted and min_history >= 0):
        raise CallError(
            f"min_history={min_history!r} is not a number of months",
            where="min_history=",
            expected="a whole number, such as 36",
        )
    options = (("measure", measure, "value"), ("min_history", min_history, MIN_HISTORY))
    arguments = Arguments(
        "records", during, None, reporter, flow, province, partner, product, regime, by, currency,
        None, table, lang, {name: v for name, v, usual in options if v != usual},
    )  # fmt: skip
    flows = ("export", "import") if measure == "balance" else ()
    asked = prepare(trade, arguments, default_by=DEFAULT_BY, flows=flows)
    whole = history(asked, arguments, flows)
    measures = measures_for(measure)
    series = run(whole, measures, STEPS, order="slot")
    pairs = run(new_years(whole), measures, STEPS, order="slot") if _monthly(asked) else None
    frame = _judged(series.frame, pairs.frame if pairs else None, asked, whole, min_history)
    shown = shown_of(whole, asked)
    units, notes = units_for(whole, measure, UNITS)
    form = Form("records", "records", "2.5", records.__doc__ or "", units, gap=gap_reason(measure))
    caveats = [*_caveats(asked, whole, frame, min_history), *notes]
    caveats += together(shown, measures[0], flows=flows, unit=units["value"])
    answer = Answer(frame, series.sql, series.params)
    more = {"january and february": pairs} if pairs else {}
    return finish(shown, answer, form, summed=summed_over(shown), caveats=caveats, more=more)


def _judged(
    series: pl.DataFrame, pairs: pl.DataFrame | None, asked: Query, whole: Query, min_history: int
) -> pl.DataFrame:
    """The record columns of each point asked for, from the series of its entity."""
    entity = [k.column for k in whole.call.entity_keys]
    texts = point_texts(asked, whole)
    windows = {w.first: w for w in whole.call.slots}
    # The same months of each year stand for a year of history.
    yearly = asked.call.time_key is None
    together = {
        (*(r[k] for k in entity), r["slot"] // 100): (r["value"], r["base_value"])
        for r in (pairs.to_dicts() if pairs is not None else ())
    }
    ordered = series.sort([*entity, "slot"], nulls_last=True)
    groups: dict[tuple[object, ...], list[Point]] = {}
    for r in ordered.iter_rows(named=True):
        key = tuple(r[k] for k in entity)
        slot = r["slot"]
        pair = together.get((*key, slot // 100), (None, None))
        months = 12 if yearly else windows[slot].n_months
        groups.setdefault(key, []).append(
            Point(
                slot, months, r["value"], r["base_value"], texts[slot],
                pair if windows[slot].splits_new_year else None,
            )
        )  # fmt: skip
    judged = [
        found
        for points in groups.values()
        for found in judge(points, asked.call.window.first, min_history)
    ]
    frame = ordered.hstack(pl.DataFrame(judged, schema=JUDGED))
    return frame.filter(pl.col("slot") >= asked.call.window.first).sort(
        ["slot", *entity], nulls_last=True
    )


def _caveats(asked: Query, whole: Query, frame: pl.DataFrame, min_history: int) -> list[Caveat]:
    lang, found = asked.call.arguments.lang, []
    split = pl.col("slot").is_in([w.first for w in whole.call.slots if w.splits_new_year])
    short = frame.filter(pl.col("value").is_not_null() & pl.col("rank").is_null() & ~split)
    if short.height:
        text = phrase("records.short", lang, months=min_history)
        found.append(Caveat("history", text, short.height))
    if frame.filter(split).height:
        text = phrase("records.new_year" if _monthly(asked) else "records.split", lang)
        found.append(Caveat("history", text))
    gaps = sorted(
        {m for now, _ in whole.slots for m in now.missing_months if not _paired(whole, m)}
    )
    if gaps:
        text = phrase("records.gaps", lang, months=months_list(gaps, lang))
        found.append(Caveat("history", text))
    return found


def _monthly(query: Query) -> bool:
    return query.call.time_key is not None and query.call.time_key.column == "month"


def _paired(whole: Query, month: int) -> bool:
    """True for a January or February that is held together with the other."""
    year = month // 100 * 100
    return month % 100 in (1, 2) and cover_of(whole, Window(year + 1, year + 2)).tiles is not None
