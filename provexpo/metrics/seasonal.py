"""Monthly figures without the season and without the moving Lunar New Year."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from provexpo.engine.by import Key, parse_by
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError, PeriodError, ProvexpoError
from provexpo.metrics import lunar, stl
from provexpo.periods import Window, parse_window, shift, span_months
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

MIN_MONTHS, ADVISED_MONTHS = 36, 60
SMOOTHER = 13
MEASURE = Measure("value")
STEPS = (Step("series", "SELECT {keys}, value, base_value FROM sums"),)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "yoy_janfeb": "fraction",
    "sa": "currency",
    "trend": "currency",
    "seasonal": "log points",
    "lny_effect": "log points",
    "resid": "log points",
    "n_obs": "count",
    "lny_before": "count",
    "lny_after": "count",
    "prelim": "boolean",
    "method": "text",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}
_NUMBERS = ("sa", "trend", "seasonal", "lny_effect", "resid")
_FILLED = {
    **dict.fromkeys(_NUMBERS, pl.Float64),
    **dict.fromkeys(("n_obs", "lny_before", "lny_after"), pl.Int64),
    "refusal": pl.String,
}


@dataclass(frozen=True)
class Options:
    """How a series is decomposed."""

    smoother: int
    robust: bool
    can_decompose: bool


def seasonal(
    trade: Trade,
    *,
    during: str | Window | None = None,
    smoother: int = SMOOTHER,
    robust: bool = True,
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
    """Return monthly figures with the season and the Lunar New Year taken out.

    With y = ln x: the parts of the days before, during (7 days) and after the Lunar New Year that
    fall into a month, less their calendar-month means over 2000-2030, are regressors r; b is
    fitted by least squares of y_t - y_t-12 on r_t - r_t-12, for 10, 15, 20 or 25 days before and
    after, of which the lowest AICc is kept; lny_effect = b r. STL of y - lny_effect (period 12)
    gives trend, seasonal and resid; sa = exp(y - lny_effect - seasonal). So
    ln value = ln trend + seasonal + lny_effect + resid.

    Parameters
    ----------
    trade : Trade
    during : str or Window, optional
        At least 36 months, better 60; default: the longest run of months that a table holds.
    smoother : int
        The length of STL's seasonal smoother in years, odd and at least 7.
    robust : bool
        Give outlying months less weight.
    province, partner, product, regime, flow, reporter, by, currency, table, lang
        As in ``value``; rows are by month within the keys of ``by``.

    Returns
    -------
    Result
        value, base_value (one year before) [currency], yoy_janfeb (on the year before, January
        and February as one) [fraction], sa, trend [currency], seasonal, lny_effect, resid [log
        points], n_obs [months], lny_before, lny_after [days], prelim (the last 12 months, which
        later months will revise), method (``stl_lny`` or ``yoy_janfeb``), status, reason.

    Raises
    ------
    CallError if ``by`` names quarters or years or smoother is no odd number from 7; PeriodError
    if the window leaves the table of holidays (2000-01 to 2030-11).

    Notes
    -----
    STL needs statsmodels (``pip install provexpo[stats]``). NULL rule: a series with a month that
    is not covered (reason ``gap``), that is zero or below (``zeros``), of fewer than 36 months
    (``too_short``), or without statsmodels (``no_stl``) is not decomposed: status ``missing``,
    method ``yoy_janfeb``, with yoy_janfeb where both years are covered and the base is above zero.

    References
    ----------
    Cleveland, Cleveland, McRae and Terpenning (1990), STL. Journal of Official Statistics 6.
    Bell and Hillmer (1983), Modeling time series with calendar variation.
    Lin and Liu (2003), Modeling lunar calendar holiday effects in Taiwan.
    Roberts and White (2015), Seasonal adjustment of Chinese economic statistics.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.seasonal(pe.sample(), by=[], during="2022-01/2025-07")
    >>> r.frame["month"][-1], r.frame["prelim"][-1]
    ('2025-07', True)
    """
    _refuse_options(smoother, robust)
    keys = _keys(by)
    window = _longest(trade, keys, flow, reporter) if during is None else parse_window(during)
    if window.first < lunar.KNOWN.first or window.last > lunar.KNOWN.last:
        raise PeriodError(
            f"the window {window} leaves the table of Lunar New Year dates",
            where="during=",
            expected=f"months of {lunar.KNOWN}",
        )
    given = (("smoother", smoother, SMOOTHER), ("robust", bool(robust), True))
    arguments = Arguments(
        "seasonal", window, None, reporter, flow, province, partner, product, regime, by,
        currency, None, table, lang, {n: v for n, v, usual in given if v != usual},
    )  # fmt: skip
    query, notes = _prepared(trade, arguments, keys)
    answer = run(query, [MEASURE], STEPS, order="slot")
    pairs, more = _januaries(query, answer)
    options = Options(smoother, bool(robust), stl.is_available())
    frame = _filled(query, _with_yoy(query, answer.frame, pairs), options)
    form = Form("seasonal", "seasonal", "2.10", seasonal.__doc__ or "", UNITS)
    caveats = [*notes, *_caveats(query, frame, options)]
    told = Answer(frame, answer.sql, answer.params)
    return finish(query, told, form, summed=summed_over(query), caveats=caveats, more=more)


def _refuse_options(smoother: int, robust: bool) -> None:
    if not isinstance(robust, bool):
        raise CallError(f"robust={robust!r} is not known", where="robust=", expected="True, False")
    whole = isinstance(smoother, int) and not isinstance(smoother, bool)
    if not whole or smoother < 7 or smoother % 2 == 0:
        raise CallError(
            f"smoother={smoother!r} is no length of a seasonal smoother",
            where="smoother=",
            expected="an odd number of years from 7",
        )


def _keys(by: Words) -> tuple[Key, ...]:
    """The keys of the series: those of `by=` without the month, which every row has."""
    keys = parse_by(by, ("province",))
    longer = [k.column for k in keys if k.column in ("quarter", "year")]
    if longer:
        raise CallError(
            f"seasonal figures are by month, not by {longer[0]}",
            where="by=",
            do="leave the time key out of by=",
        )
    return tuple(k for k in keys if not k.is_time)


def _longest(trade: Trade, keys: tuple[Key, ...], flow: str, reporter: str) -> Window:
    """The longest run of single months that one table holds, the latest of them."""
    used = "export" if flow == "total" else flow
    best: tuple[int, Window] | None = None
    for grain in trade.grains(used, reporter=reporter):
        if not all(grain.has(k.dimension) for k in keys):
            continue
        for currency in trade.currencies(grain.id, used):
            spans = {s for scope in trade.scopes(grain.id, used, currency) for s in scope.spans}
            held = sorted({m for s in spans for m in span_months(s)})
            for last in held:
                first = last
                while shift(first, -1) in held:
                    first = shift(first, -1)
                found = Window(first, last)
                if best is None or (found.n_months, found.last) > (best[0], best[1].last):
                    best = (found.n_months, found)
    return best[1] if best else trade.latest_window(flow=used, reporter=reporter)


def _prepared(
    trade: Trade, arguments: Arguments, keys: tuple[Key, ...]
) -> tuple[Query, list[Caveat]]:
    """Series by the keys and by month; a store without provinces gets the national one."""
    words = [*(k.text for k in keys), "month"]
    if arguments.by is not None:
        # A replayed call names the month already.
        return prepare(trade, replace(arguments, by=words), default_by=words), []
    query = prepare(trade, arguments, default_by=words)
    if query.call.time_key is not None:
        return query, []
    note = Caveat("by", phrase("by.nation", arguments.lang))
    return prepare(trade, replace(arguments, by=["month"]), default_by=words), [note]


def _januaries(query: Query, answer: Answer) -> tuple[pl.DataFrame, dict[str, Answer]]:
    """January and February together: key, year, value, base_value; summed from the months where
    both are held, else asked for as one."""
    keys = [k.column for k in query.call.entity_keys]
    names = [*keys, "year"]
    single = {w.first for (now, base) in query.slots for w in [now.window]
              if now.tiles is not None and base.tiles is not None}  # fmt: skip
    years = sorted({w.first // 100 for w in query.call.slots if w.first % 100 <= 2})
    both = [y for y in years if {y * 100 + 1, y * 100 + 2} <= single]
    year = pl.col("slot") // 100
    parts = [
        answer.frame.filter((pl.col("slot") % 100 <= 2) & year.is_in(both))
        .with_columns(year=year)
        .group_by(names, maintain_order=True)
        .agg(
            pl.when(pl.col(c).null_count() == 0).then(pl.col(c).sum()).alias(f"pair_{c}")
            for c in ("value", "base_value")
        )
    ]
    more: dict[str, Answer] = {}
    for asked in (y for y in years if y not in both):
        whole = Window(asked * 100 + 1, asked * 100 + 2)
        found = _asked(query, whole)
        if found is None:
            continue
        more[f"janfeb_{asked}"] = found
        parts.append(
            found.frame.with_columns(year=pl.lit(asked, dtype=pl.Int64))
            .rename({"value": "pair_value", "base_value": "pair_base_value"})
            .select(*names, "pair_value", "pair_base_value")
        )
    return pl.concat(parts), more


def _asked(query: Query, whole: Window) -> Answer | None:
    words = [k.text for k in query.call.entity_keys]
    table = next(iter(query.chosen.values())).grain.id if len(query.chosen) == 1 else None
    arguments = replace(
        query.call.arguments, during=whole, against=None, by=words, extra={},
        currency=query.currency, table=table,
    )  # fmt: skip
    try:
        both = prepare(query.trade, arguments, default_by=words)
        # Rows by product may be families in one call and plain codes in another: not the same.
        if both.call.family_of != query.call.family_of and query.call.needs("product"):
            return None
        return run(both, [MEASURE], STEPS, order="slot")
    except ProvexpoError:
        return None


def _with_yoy(query: Query, frame: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The change on the year before, with January and February as one."""
    names = [*(k.column for k in query.call.entity_keys), "year"]
    joined = frame.with_columns(year=pl.col("slot") // 100).join(
        pairs, on=names, how="left", nulls_equal=True, maintain_order="left"
    )
    early = pl.col("slot") % 100 <= 2
    now = pl.when(early).then(pl.col("pair_value")).otherwise(pl.col("value"))
    base = pl.when(early).then(pl.col("pair_base_value")).otherwise(pl.col("base_value"))
    yoy = pl.when((base > 0) & (now >= 0)).then(now / base - 1)
    return joined.with_columns(yoy_janfeb=yoy).drop("year", "pair_value", "pair_base_value")


def _filled(query: Query, frame: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Decompose each series, or say why not."""
    keys = [k.column for k in query.call.entity_keys]
    numbered = frame.with_row_index("row")
    groups = numbered.partition_by(keys) if keys else [numbered]
    filled = [_decomposed(g.sort("slot"), options) for g in groups if g.height]
    if filled:
        done = numbered.join(pl.concat(filled), on="row", how="left", maintain_order="left")
    else:
        done = numbered.with_columns(pl.lit(None, dtype=t).alias(c) for c, t in _FILLED.items())
    covered, last = pl.col("value").is_not_null(), query.call.window.last
    refused = pl.col("refusal").is_not_null()
    return done.drop("row").with_columns(
        prelim=~refused & (pl.col("slot") > shift(last, -12)),
        method=pl.when(refused).then(pl.lit("yoy_janfeb")).otherwise(pl.lit("stl_lny")),
        status=pl.when(refused).then(pl.lit("missing")).otherwise(pl.lit("ok")),
        reason=pl.when(refused & covered).then(pl.col("refusal")),
    )


def _decomposed(series: pl.DataFrame, options: Options) -> pl.DataFrame:
    """The figures of one series, by row; all NULL but the reason where it is refused."""
    months = tuple(series["slot"].to_list())
    held = series["value"].drop_nulls()
    columns: dict[str, Any] = {"row": series["row"]}
    nothing = dict.fromkeys(_FILLED)
    refusal = _refusal(series["value"], options)
    if refusal:
        columns |= nothing | {"n_obs": len(held), "refusal": refusal}
    else:
        y = np.log(held.to_numpy().astype(np.float64))
        holiday = lunar.effect(y, months)
        parts = stl.decompose(y - holiday.values, seasonal=options.smoother, robust=options.robust)
        columns |= {
            "sa": np.exp(y - holiday.values - parts.seasonal), "trend": np.exp(parts.trend),
            "seasonal": parts.seasonal, "lny_effect": holiday.values, "resid": parts.resid,
            "n_obs": len(held), "lny_before": holiday.before, "lny_after": holiday.after,
            "refusal": None,
        }  # fmt: skip
    row = {"row": pl.UInt32}
    height = len(months)
    return pl.DataFrame(
        {
            c: columns[c] if c == "row" or hasattr(columns[c], "__len__") else [columns[c]] * height
            for c in ("row", *_FILLED)
        },
        schema={**row, **_FILLED},
    )


def _refusal(values: pl.Series, options: Options) -> str | None:
    if values.null_count():
        return "gap"
    if (values <= 0).any():
        return "zeros"
    if len(values) < MIN_MONTHS:
        return "too_short"
    return None if options.can_decompose else "no_stl"


def _caveats(query: Query, frame: pl.DataFrame, options: Options) -> list[Caveat]:
    lang, found = query.call.arguments.lang, []
    if not options.can_decompose:
        found.append(Caveat("no_stl", phrase("no_stl", lang)))
    for reason in ("gap", "zeros", "too_short"):
        n_rows = int((frame["reason"] == reason).sum())
        if n_rows:
            found.append(Caveat(reason, phrase(f"seasonal.{reason}", lang), n_rows))
    n_months = query.call.window.n_months
    if MIN_MONTHS <= n_months < ADVISED_MONTHS and options.can_decompose:
        text = phrase("seasonal.short", lang, months=n_months, advised=ADVISED_MONTHS)
        found.append(Caveat("short_series", text))
    if (frame["prelim"]).any():
        found.append(Caveat("prelim", phrase("seasonal.prelim", lang)))
    return found
