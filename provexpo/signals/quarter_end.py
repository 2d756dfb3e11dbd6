"""Whether places book more in the last month of each quarter than their products explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from provexpo.engine.by import parse_by
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError, CoverageError, PeriodError
from provexpo.periods import Window, parse_window
from provexpo.result import Caveat
from provexpo.signals.months import Floats, Months, read_months, table_of
from provexpo.signals.quarter_figures import opening_share, predicted, year_figures
from provexpo.signals.screen import SLACK, base_rate, called_with, given, number_in, one_flow
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

MIN_REL = 1.15
MAX_P = 0.05
OPENING_YEARS = 3
HS6 = 6
_STEP = Step("amounts", "SELECT {keys}, value FROM sums")
UNITS = {
    "value": "currency",
    "qe": "ratio",
    "qe_rel": "ratio",
    "p_perm": "index",
    "mar_spike": "log points",
    "oq": "fraction",
    "screen_flag": "boolean",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}
_FLOATS = ("qe", "qe_rel", "p_perm", "mar_spike", "oq")


def quarter_end(
    trade: Trade,
    *,
    during: str | Window | None = None,
    min_rel: float = MIN_REL,
    max_p: float = MAX_P,
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
    """Return how far the last months of quarters, and first quarters, stand out.

    qe = mean(x_Mar, x_Jun, x_Sep, x_Dec) / mean(x_Apr, x_May, x_Jul, x_Aug, x_Oct, x_Nov).
    qe_rel = qe over the qe of the months predicted by the place's product mix: in each month
    sum_k x_ik (the year's) N_km / N_k, with N the nation. mar_spike = ln x_Mar -
    (ln mean(x_Jan, x_Feb) + ln x_Apr) / 2. oq = the first quarter's part of the year less its mean
    of the three years before, less the same for the nation.

    p_perm is one-sided: month labels are shuffled within each quarter, all orders gone through.
    screen_flag holds if qe_rel > 1.15 and p_perm < 0.05, in the year and in the one before.

    Parameters
    ----------
    trade : Trade
    during : str or Window, optional
        Calendar years; default the newest whole year held.
    min_rel, max_p : float
        The bounds of the flag.
    by : str or list, optional
        Default province; ``province``, ``region``, or ``[]`` for the nation; the year is always a
        key.
    province, partner, product, regime, flow, reporter, currency, table, lang
        As in ``value``; ``flow`` is export or import.

    Returns
    -------
    Result
        One row a place and year: value (of the year) [currency], qe, qe_rel [ratio], p_perm
        [0-1], mar_spike [log points], oq [fraction], screen_flag, status, reason.

    Raises
    ------
    PeriodError if the window is not of calendar years. CallError for other keys.

    Notes
    -----
    NULL rule: a year of which a month is not covered is ``missing``; combined January-February
    rows will do, and then the labels of the first quarter are not shuffled. qe_rel is NULL without
    products in the table or without all provinces, oq where one of the three years before is not
    covered, screen_flag where either year has no qe_rel. January and February move with the Lunar
    New Year; where they are held singly they take part in the shuffle of the first quarter.

    References
    ----------
    The definitions are those of the methods, section 5.4.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.quarter_end(pe.sample(), during="2024")
    >>> r.frame.height, r.frame["p_perm"].min() >= 1 / 81
    (31, True)
    """
    one_flow(flow, "quarter_end")
    number_in("min_rel", min_rel, 0, 100, "quarter_end")
    number_in("max_p", max_p, 0, 1, "quarter_end")
    keys = _keys(by)
    window = _newest_year(trade, flow, reporter) if during is None else parse_window(during)
    if window.first % 100 != 1 or window.last % 100 != 12:
        raise PeriodError(
            f"the window {window} is not of calendar years", where="during=",
            expected="a year such as 2024, or several such as 2023-01/2024-12",
        )  # fmt: skip
    extra = given(("min_rel", min_rel, MIN_REL), ("max_p", max_p, MAX_P))
    arguments = Arguments(
        "quarter_end", window, window, reporter, flow, province, partner, product, regime,
        [*keys, "year"], currency, None, table, lang, extra,
    )  # fmt: skip
    query, note = _prepared(trade, arguments, default=by is None)
    answer = run(query, [Measure("value", compared=False)], (_STEP,), order="slot")
    years = _Years.read(query, window)
    frame = _judged(years.frame(answer.frame), min_rel, max_p)
    form = Form("quarter_end", "quarter_end", "5.4", quarter_end.__doc__ or "", UNITS)
    result = finish(
        query, Answer(frame, answer.sql, answer.params), form, summed=summed_over(query),
        caveats=[*note, *_caveats(query, frame, years)], more=years.answers,
    )  # fmt: skip
    result = called_with(result, without=("against", "by"))
    call = result.receipt.call
    if by is not None:
        call = {**call, "by": by if isinstance(by, str) else list(by)}
    return replace(result, receipt=replace(result.receipt, call=call, base_window=None))


def _keys(by: Words) -> list[str]:
    keys = parse_by(by, ("province",))
    wrong = [k.text for k in keys if k.column not in ("province", "region", "year")]
    places = [k.text for k in keys if k.column != "year"]
    if wrong or len(places) > 1:
        raise CallError(
            f"quarter_end has no rows by {', '.join(wrong or places)}", where="by=",
            expected="province, region or nation; the year is always a key",
        )  # fmt: skip
    return places


def _newest_year(trade: Trade, flow: str, reporter: str) -> Window:
    last = trade.latest_window(flow=flow, reporter=reporter).last
    year = last // 100 if last % 100 == 12 else last // 100 - 1
    return Window(year * 100 + 1, year * 100 + 12)


def _prepared(trade: Trade, arguments: Arguments, *, default: bool) -> tuple[Query, list[Caveat]]:
    """A store without provinces answers for the nation where nobody asked for places."""
    try:
        return prepare(trade, arguments, default_by=(), fills=("product",)), []
    except CoverageError:
        if not default or not trade.flows(arguments.reporter):
            raise
    note = Caveat("by", phrase("by.nation", arguments.lang))
    plain = replace(arguments, by=["year"])
    return prepare(trade, plain, default_by=(), fills=("product",)), [note]


@dataclass(frozen=True)
class _Years:
    """Months of the rows and of the nation, and what the product mix leads to expect.

    Each calendar year is read by itself: HS revisions come with a January, so no year crosses one.
    """

    query: Query
    own: Mapping[int, Months]
    nation: Mapping[int, Months]
    expected: Mapping[int, Mapping[tuple[object, ...], Floats]]  # year -> row -> 12 months
    answers: dict[str, Answer]

    @staticmethod
    def read(query: Query, window: Window) -> _Years:
        keys = [k.text for k in query.call.entity_keys]
        first, last = window.first // 100, window.last // 100
        own, nation, expected = {}, {}, {}
        answers: dict[str, Answer] = {}
        for year in range(first - OPENING_YEARS, last + 1):
            whole = Window(year * 100 + 1, year * 100 + 12)
            own[year] = read_months(query, whole, keys=keys, name="months")
            nation[year] = read_months(query, whole, keys=[], name="nation", province=None)
            answers |= {**own[year].answers, **nation[year].answers}
            if year >= first - 1:  # the flag asks for the year before as well
                expected[year], more = _expected(query, whole, keys)
                answers |= more
        return _Years(query, own, nation, expected, answers)

    def months(self, side: Months, key: tuple[object, ...]) -> list[float] | None:
        """The twelve months of a year; None where one is not covered. A combined January-February
        is halved: only its sum is used."""
        row = side.of([key])
        if not row.known.all():
            return None
        found = [float(v) for v in row.amounts["value"][0]]
        if row.joined[1]:
            found[0] = found[1] = found[1] / 2
        return found

    def opening(
        self, sides: Mapping[int, Months], key: tuple[object, ...], year: int
    ) -> float | None:
        """The first quarter's part of the year less its mean of the years before."""
        shares = []
        for y in range(year - OPENING_YEARS, year + 1):
            held = self.months(sides[y], key) if y in sides else None
            shares.append(opening_share(held) if held else None)
        if any(s is None for s in shares):
            return None
        *before, now = [float(s) for s in shares if s is not None]
        return now - sum(before) / len(before)

    def figures(self, key: tuple[object, ...], year: int) -> dict[str, Any]:
        held = self.months(self.own[year], key)
        if held is None or min(held) < 0:
            return dict.fromkeys(_FLOATS)
        expected = self.expected.get(year, {}).get(key)
        joined = bool(self.own[year].joined[1])
        found = year_figures(held, None if expected is None else expected.tolist(), joined)
        own, nation = self.opening(self.own, key, year), self.opening(self.nation, (), year)
        return found | {"oq": None if own is None or nation is None else own - nation}

    def frame(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the figures of their year, and those of the flag from the year before."""
        keys = [k.column for k in self.query.call.entity_keys]
        found = []
        for row in rows.iter_rows(named=True):
            key = tuple(row[k] for k in keys)
            year = row["slot"] // 100
            now, before = self.figures(key, year), self.figures(key, year - 1)
            status = _status(row["value"], now["qe"])
            found.append({**row, **now, "rel_before": before["qe_rel"],
                          "p_before": before["p_perm"], "status": status})  # fmt: skip
        schema: dict[str, Any] = {
            **rows.schema, **dict.fromkeys((*_FLOATS, "rel_before", "p_before"), pl.Float64),
            "status": pl.String,
        }  # fmt: skip
        return pl.DataFrame(found, schema=schema)


def _status(value: int | None, qe: float | None) -> str:
    if value is None:
        return "missing"
    return "none" if value == 0 else "negative" if value < 0 else "ok"


def _expected(
    query: Query, year: Window, keys: list[str]
) -> tuple[dict[tuple[object, ...], Floats], dict[str, Answer]]:
    """Each row's months if its products had followed the nation's; empty where not held."""
    level = min(query.product_level, HS6)
    if not level:
        return {}, {}
    call = query.call
    arguments = replace(
        call.arguments, during=str(year), against=str(year), currency=query.currency,
        table=table_of(query), by=[*keys, f"product:HS{level}"], province=None,
    )  # fmt: skip
    mixed = prepare(query.trade, arguments, default_by=())
    if any(now.tiles is None for now, _ in mixed.slots):
        return {}, {}
    answer = run(mixed, [Measure("value", compared=False)], (_STEP,), order="product")
    nation = read_months(
        query, year, keys=[f"product:HS{level}"], name="nation by product", province=None
    )
    products = [(int(p),) for p in sorted(set(answer.frame["product"].to_list()))]
    months = nation.of(products)
    amounts = np.where(months.known, months.amounts["value"], 0).astype(np.float64)
    if months.joined[1]:
        amounts[:, 0] = amounts[:, 1] = amounts[:, 1] / 2
    total = amounts.sum(axis=1, keepdims=True)
    profile = np.divide(amounts, total, out=np.zeros_like(amounts), where=total > 0)
    names = [k.column for k in call.entity_keys]
    rows = sorted(set(answer.frame.select(names).rows() if names else [()]), key=str)
    place = {key: i for i, key in enumerate(rows)}
    column = {p: i for i, (p,) in enumerate(products)}
    mix = np.zeros((len(rows), len(products)))
    for *key, product, value in answer.frame.select(*names, "product", "value").iter_rows():
        mix[place[tuple(key)], column[product]] = value or 0
    found = predicted(mix, profile)
    return dict(zip(rows, found)), {f"products {year}": answer, **nation.answers}


def _judged(frame: pl.DataFrame, min_rel: float, max_p: float) -> pl.DataFrame:
    def holds(rel: str, p: str) -> pl.Expr:
        return (pl.col(rel) > min_rel + SLACK) & (pl.col(p) < max_p - SLACK)

    known = ["qe_rel", "p_perm", "rel_before", "p_before"]
    ready = pl.all_horizontal(pl.col(c).is_not_null() for c in known)
    both = holds("qe_rel", "p_perm") & holds("rel_before", "p_before")
    keys = [c for c in ("province", "region") if c in frame.columns]
    return frame.with_columns(screen_flag=pl.when(ready).then(both)).sort(
        "slot", "qe_rel", *keys, descending=[False, True, *([False] * len(keys))], nulls_last=True
    )


def _caveats(query: Query, frame: pl.DataFrame, years: _Years) -> list[Caveat]:
    lang = query.call.arguments.lang
    found = [Caveat("calendar", phrase("quarter_end.calendar", lang))]
    if not query.product_level:
        found.append(Caveat("columns", phrase("quarter_end.no_products", lang)))
    if any(side.joined.any() for side in years.own.values()):
        found.append(Caveat("janfeb", phrase("quarter_end.joined", lang)))
    short = frame.filter(pl.col("oq").is_null() & pl.col("qe").is_not_null()).height
    if short:
        text = phrase("quarter_end.short", lang, n=OPENING_YEARS)
        found.append(Caveat("history", text, short))
    waiting = frame.filter(pl.col("screen_flag").is_null() & pl.col("qe").is_not_null()).height
    if waiting:
        found.append(Caveat("columns", phrase("quarter_end.two_years", lang), waiting))
    return found + base_rate(frame, lang)
