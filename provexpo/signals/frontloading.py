"""Whether sales to one partner ran ahead of a tariff, and how much of that was paid back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.partial import partial_partners
from provexpo.metrics.sides import with_side
from provexpo.periods import Window, month_index, shift
from provexpo.result import Caveat
from provexpo.signals import frontloading_figures as figures
from provexpo.signals.frontloading_rise import with_rise
from provexpo.signals.months import (
    Floats,
    Months,
    as_families,
    covered_since,
    read_months,
)
from provexpo.signals.screen import base_rate, called_with, given, one_flow, whole_in
from provexpo.signals.tariff_rise import Event, mixed, read_event, tariffs_between, the_event
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

PRE = 5
MIN_Z = 2.0
LONGEST = 24
# The months that buyers filled before 2025: no base for what came a year later (methods 2.11).
CONTAMINATED = Window(202410, 202412)

STEPS = (
    Step(
        "before",
        f"""
        SELECT {{keys}}, value, base_value, {CHANGE_STATUS} AS status, {SMALL_BASE} AS small_base
        FROM sums
        """,
    ),
)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "cf": "currency",
    "fl_usd": "currency",
    "fl_pct": "fraction",
    "payback_usd": "currency",
    "payback_ratio": "ratio",
    "net": "currency",
    "g_row": "fraction",
    "fl_pct_trend": "fraction",
    "payback_ratio_trend": "ratio",
    "fl_pct_stl": "fraction",
    "payback_ratio_stl": "ratio",
    "z": "index",
    "n_placebo": "count",
    "tariff_rise": "fraction",
    "is_control": "boolean",
    "is_frontloading": "boolean",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def frontloading(
    trade: Trade,
    *,
    event: str | None = None,
    partner: Words = "US",
    pre: int = PRE,
    post: int | None = None,
    base_lag: int = 12,
    kind: str | None = None,
    programme: str | None = None,
    province: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    min_base: float | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return what was sold to one partner beyond expectation before a tariff, and less after it.

    P are the ``pre`` months up to the one before the event's month, Q the ``post`` months from the
    event's month on. cf_t = x_(t - lag) (1 + g_R), with g_R the growth of the row's sales to all
    other partners, pooled over P and Q. abn_t = x_t - cf_t; FL = sum_P abn, FL% = FL / sum_P cf,
    payback = sum_Q abn, payback_ratio = -payback / FL, net = FL + payback.

    Two other counterfactuals stand beside it: the base times 1 + the mean year-on-year change of
    the 12 months before P (January and February as one), and an STL forecast from the months
    before P (36 or more in a row above zero; needs statsmodels; for 500 rows at most).

    z = (FL% - mean) / sd over the FL% of every earlier start month whose whole window P and Q
    lies before the event. is_frontloading holds if FL% > 0, z >= 2 and the tariff of the row's
    products rose.

    Parameters
    ----------
    trade : Trade
    event : str, optional
        The first day in force (2025-04-10), or its month. Default: the one day on which the
        partner's tariffs in the store rose; needed where there are none, or several days.
    partner : str or list
        Who levies the tariff; everyone else is "other partners".
    pre, post : int
        Months before and from the event's month; ``post`` defaults to ``pre``.
    base_lag : int
        12, or 24 where the months a year earlier were themselves filled ahead (2024Q4 is such a
        base for the end of 2025).
    kind, programme : str, optional
        Which tariffs, where the store holds several kinds.
    min_base : float, optional
        Dollars below which the base of P is flagged small.
    province, product, regime, flow, reporter, by, currency, table, lang
        As in ``value``; default a row for each province; no keys of time or partners.

    Returns
    -------
    Result
        value, base_value, cf (all over P), fl_usd, payback_usd, net [currency of the call],
        fl_pct [fraction], payback_ratio [ratio], g_row [fraction], fl_pct_trend,
        payback_ratio_trend, fl_pct_stl, payback_ratio_stl, z [standard deviations], n_placebo,
        tariff_rise [fraction; the mean over the row's products, weighted by the base of P],
        is_control (no product's tariff rose), is_frontloading, rank, status.

    Raises
    ------
    CallError for an event that is no day or is not clear, or options out of range.

    Notes
    -----
    NULL rule: everything that g_R enters is NULL where P, Q or their bases are not covered (reason
    ``after_uncovered`` for Q), or others bought nothing in the base (``no_rest``); payback_ratio
    where FL <= 0; z with fewer than 24 placebo windows; tariff_rise where the store knows the
    rate of less than 95 % of the base. Is one condition of is_frontloading known to fail, it is
    false; else one that is not known makes it NULL. Where goods
    turned to other partners, g_R holds them too: FL is then too low before the event, and payback
    too large.

    References
    ----------
    Khan and Khederlarian (2021), How does trade respond to anticipated tariff changes? Journal of
    International Economics. Riker (2019), USITC working paper 2019-05-A.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.frontloading(pe.sample(), event="2025-04-10", by=[], pre=3, post=2)
    >>> r.receipt.window, r.frame["payback_usd"][0] < 0
    ('2025-01/2025-03', True)
    """
    one_flow(flow, "frontloading")
    if partner is None:
        raise CallError("frontloading needs a partner", where="frontloading(partner=)")
    length = pre if post is None else post
    for name, n in (("pre", pre), ("post", length)):
        whole_in(name, n, 1, LONGEST, "frontloading")
    if base_lag not in (12, 24, 36):
        raise CallError(
            f"base_lag={base_lag!r} is not known",
            where="frontloading(base_lag=)", expected="12, 24 or 36 months",
        )  # fmt: skip
    asked = _Asked(trade, partner, flow, reporter, kind, programme)
    tariffs = asked.tariffs()
    at = read_event(event) if event is not None else the_event(tariffs, *asked.pair)
    before = Window(shift(at.month, -pre), shift(at.month, -1))
    after = Window(at.month, shift(at.month, length - 1))
    extra = given(
        ("event", at.text, None), ("pre", pre, PRE), ("post", length, pre),
        ("base_lag", base_lag, 12), ("kind", kind, None), ("programme", programme, None),
    )  # fmt: skip
    arguments = Arguments(
        "frontloading", before, before.shifted(-base_lag), reporter, flow, province, partner,
        product, regime, by, currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(trade, arguments, default_by=("province",), extra_needs=("partner",))
    _refuse_keys(query)
    since = min(covered_since(query) or before.first, before.shifted(-base_lag).first)
    months = read_months(
        query, Window(since, after.last), measures=_both, conditions=("partner",)
    )  # fmt: skip
    query = as_families(query, months.query)
    answer = run(query, [Measure("value")], STEPS, order="value NULLS LAST")
    plan = figures.Plan(month_index(before.first), pre, length, base_lag)
    frame = _with_figures(query, answer.frame, months, plan)
    usable = tariffs.clear() if mixed(tariffs) else tariffs
    frame, more = with_rise(query, frame, usable, at)
    frame = _judged(frame)
    form = Form("frontloading", "frontloading", "2.11", frontloading.__doc__ or "", UNITS, True)
    result = finish(
        query, Answer(frame, answer.sql, answer.params), form,
        summed=summed_over(query, "partner"), more={**months.answers, **more},
        caveats=_caveats(query, frame, _Told(at, after, base_lag, tariffs)),
    )  # fmt: skip
    result = called_with(result, without=("during", "against"))
    return result if usable.is_empty() else _sided(result, usable)


@dataclass(frozen=True)
class _Asked:
    """Whose tariffs on whose goods."""

    trade: Trade
    partner: Words
    flow: str
    reporter: str
    kind: str | None
    programme: str | None

    @property
    def pair(self) -> tuple[str, str]:
        s = vocab.resolve("partner", self.partner, reporter=self.reporter, where="frontloading()")
        codes = s.codes or ()
        other = codes[0] if len(codes) == 1 and not s.negate else s.label("en")
        return (other, self.reporter) if self.flow == "export" else (self.reporter, other)

    def tariffs(self) -> pl.DataFrame:
        return tariffs_between(self.trade, *self.pair, self.kind, self.programme)


@dataclass(frozen=True)
class _Told:
    event: Event
    after: Window
    lag: int
    tariffs: pl.DataFrame


def _refuse_keys(query: Query) -> None:
    wrong = [k.text for k in query.call.keys if k.is_time or k.dimension == "partner"]
    if wrong:
        raise CallError(
            f"frontloading has no rows by {', '.join(wrong)}",
            where="by=",
            expected="province, region, product:HS2|HS4|HS6, sector, section, regime, or nation",
            do="the event sets the months; call it once for each partner",
        )


def _both(query: Query) -> tuple[list[Measure], dict[str, Any]]:
    to_partner, params = query.condition("partner")
    return [
        Measure("value", to_partner, compared=False),
        Measure("rest", f"NOT ({to_partner})", compared=False),
    ], params


def _with_figures(
    query: Query, frame: pl.DataFrame, months: Months, plan: figures.Plan
) -> pl.DataFrame:
    keys = [k.column for k in query.call.entity_keys]
    rows = months.of(frame.select(keys).rows() if keys else [()] * frame.height)
    growth = figures.rest_growth(rows, plan)
    if partial_partners(query):
        growth = np.full_like(growth, np.nan)
    head = figures.against(rows, plan, growth)
    trend = figures.against(rows, plan, figures.own_trend(rows, plan))
    ahead = figures.by_forecast(rows, plan)
    z, count = figures.placebo(rows, plan, head.fl_pct)
    columns = {
        "cf": frame["value"].cast(pl.Float64).to_numpy() - head.fl,
        "fl_usd": head.fl, "fl_pct": head.fl_pct, "payback_usd": head.payback,
        "payback_ratio": head.payback_ratio, "net": head.net, "g_row": growth,
        "fl_pct_trend": trend.fl_pct, "payback_ratio_trend": trend.payback_ratio,
        "fl_pct_stl": ahead.fl_pct, "payback_ratio_stl": ahead.payback_ratio, "z": z,
    }  # fmt: skip
    after = rows.over("value", plan.start + plan.pre, plan.post)[1]
    after &= rows.over("value", plan.start + plan.pre - plan.lag, plan.post)[1]
    why = pl.Series("why", [
        "scope" if partial_partners(query) else "after_uncovered" if not held else "no_rest"
        for held in after
    ], dtype=pl.String)  # fmt: skip
    return frame.with_columns(
        *(pl.Series(n, _held(v), dtype=pl.Float64) for n, v in columns.items()),
        pl.Series("n_placebo", count, dtype=pl.Int64), why,
    )  # fmt: skip


def _held(values: Floats) -> list[float | None]:
    """NaN is missing."""
    return [None if np.isnan(v) else float(v) for v in values]


def _judged(frame: pl.DataFrame) -> pl.DataFrame:
    fl, z, rise = (frame[c].cast(pl.Float64).to_numpy() for c in ("fl_pct", "z", "tariff_rise"))
    verdict = figures.all_of(
        figures.known_to(fl, fl > 0),
        figures.known_to(z, z >= MIN_Z - 1e-9),
        figures.known_to(rise, rise > 1e-9),
    )
    lost = pl.col("fl_usd").is_null() & ~pl.col("status").is_in(["none", "negative", "missing"])
    keys = [c for c in frame.columns if c in ("province", "region", "product", "sector", "section")]
    return (
        frame.with_columns(
            pl.Series("is_frontloading", verdict, dtype=pl.Boolean),
            reason=pl.when(lost).then(pl.col("why")),
            status=pl.when(lost).then(pl.lit("missing")).otherwise(pl.col("status")),
        )
        .with_columns(rank=pl.col("fl_usd").rank("min", descending=True).cast(pl.Int64))
        .sort("rank", *keys, nulls_last=True)
    )


def _caveats(query: Query, frame: pl.DataFrame, told: _Told) -> list[Caveat]:
    call, lang = query.call, query.call.arguments.lang
    base = Window(call.window.first, told.after.last).shifted(-told.lag)
    said = {"event": told.event.text, "before": call.window, "after": told.after, "base": base}
    found = [
        Caveat("event", phrase("frontloading.event", lang, **said)),
        Caveat("counterfactual", phrase("frontloading.bias", lang)),
    ]
    if call.arguments.reporter == "CHN" and set(base.months) & set(CONTAMINATED.months):
        found.append(Caveat("base", phrase("frontloading.base", lang)))
    if told.after.splits_new_year and not call.window.splits_new_year:
        found.append(Caveat("lunar_new_year", phrase("lunar_new_year.window", lang)))
    if query.currency != "USD":
        text = phrase("frontloading.currency", lang, currency=query.currency)
        found.append(Caveat("currency", text))
    if told.tariffs.is_empty() or mixed(told.tariffs):
        why = "mixed" if told.tariffs.height else "no_tariffs"
        found.append(Caveat("tariffs", phrase(f"frontloading.{why}", lang)))
    if not figures.can_forecast(frame.height):
        text = phrase("frontloading.no_forecast", lang, n=figures.MAX_FORECASTS)
        found.append(Caveat("no_stl", text))
    found += _controls(frame, lang)
    few = frame.filter(pl.col("z").is_null() & pl.col("fl_pct").is_not_null()).height
    if few:
        text = phrase("frontloading.placebos", lang, n=figures.MIN_PLACEBOS)
        found.append(Caveat("placebo", text, few))
    return found + base_rate(frame, lang, flag="is_frontloading")


def _controls(frame: pl.DataFrame, lang: str) -> list[Caveat]:
    """What the rows show whose tariff did not rise: near zero if the counterfactual is right."""
    rows = frame.filter(pl.col("is_control") & pl.col("fl_usd").is_not_null())
    cf = float(rows["cf"].sum())
    if rows.is_empty() or cf <= 0:
        return [Caveat("controls", phrase("frontloading.no_controls", lang))]
    share = f"{float(rows['fl_usd'].sum()) / cf:+.1%}"
    text = phrase("frontloading.controls", lang, count=rows.height, share=share)
    return [Caveat("controls", text, rows.height)]


def _sided(result: Result, tariffs: pl.DataFrame) -> Result:
    return replace(result, receipt=with_side(result.receipt, "tariffs", tariffs))
