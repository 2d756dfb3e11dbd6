"""Whether the provinces that depended more on one market lost more of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.query import prepare
from provexpo.errors import CallError
from provexpo.metrics.dependence import dependence
from provexpo.metrics.growth import growth
from provexpo.metrics.relation import COLUMNS, Point, relation
from provexpo.periods import Window, parse_window
from provexpo.result import Caveat, Result
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade

MEASURES = ("dhs", "pct")


@dataclass(frozen=True)
class ExposureResult(Result):
    """A Result with the points behind it: one row a province, for a scatter."""

    points: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)


def exposure_response(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    against: str | Window | None = None,
    exposure: str | Window | None = None,
    province: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    currency: str | None = None,
    min_base: float | None = None,
    table: str | None = None,
    lang: str = "en",
) -> ExposureResult:
    """Return how provinces' dependence on a market goes with the change of their sales to it.

    Over provinces i: x_i = dependence on the partner in the calendar year of the base window,
    y_i = growth of the exports to it, as dhs = 2 (x1 - x0) / (x1 + x0) and as pct. r is Pearson's
    correlation, rho Spearman's, r_w Pearson's with the base exports to the partner as weights,
    slope and slope_w the least squares lines of y on x. p_perm is the two-sided permutation p of
    rho (20,000 seeded pairings; all of them for up to seven provinces); ci_lo and ci_hi the 95 %
    BCa bootstrap interval of r (10,000 seeded resamples).

    "related" holds only if every leave-one-out r has the sign of r, p_perm < 0.05, and r_w has
    the sign of r. It is a relation across provinces, not the effect of a tariff.

    Parameters
    ----------
    trade : Trade
    partner : str or list
    during, against : str or Window, optional
        Windows of the growth, as in ``growth``.
    exposure : str or Window, optional
        Window of the dependence; default the calendar year in which the base window begins. An
        incomplete year gives rows that are missing: then name a window that is held, such as the
        base window itself.
    province, product, regime, flow, reporter, currency, min_base, table, lang
        As in ``growth``; selections apply to growth and dependence alike.

    Returns
    -------
    ExposureResult
        A row for each measure (dhs, pct): r, rho, r_w [-1 to 1], slope, slope_w [change per unit
        of dependence], p_perm [0-1], ci_lo, ci_hi, loo_min, loo_max (lowest and highest r leaving
        out one province), loo_min_who, loo_max_who (the province left out), driver (the province
        whose leaving out moves r most), n, n_small_base, r_ex_small (r without small bases),
        sign_stable, r_prior (r with the dependence of the year before), related. ``.points`` has
        a row for each province: share, share_prior, value, base_value, dhs, pct, fitted and
        residual of both lines, status, small_base.

    Raises
    ------
    CallError without a partner. PeriodError for windows of different calendar months.

    Notes
    -----
    NULL rule: provinces without a dependence or without the growth of the measure (missing, none,
    negative; for pct also new) are left out; n says how many are left. Fewer than three give no
    correlation, fewer than four no leave-one-out, fewer than five no interval; r_prior is NULL
    where the year before is not covered. Figures of the points are summed exactly; intervals are
    rounded to 10 decimals; the random numbers are the raw stream of PCG64, so the same on any
    machine.

    Growth and dependence share the base exports, so noise in them alone makes the relation more
    negative: r_prior, with the year before, is the check.

    References
    ----------
    Efron (1987), Better bootstrap confidence intervals. Davis, Haltiwanger and Schuh (1996).

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.exposure_response(pe.sample(), partner="US", during="2025-01/2025-07")
    >>> r.frame["measure"][0], r.frame["n"][0], r.frame["r"][0] < 0
    ('dhs', 31, True)
    """
    if partner is None:
        raise CallError(
            "exposure_response needs a partner", where="exposure_response(partner=)", do="name one"
        )
    words: dict[str, Any] = {
        "partner": partner, "province": province, "product": product, "regime": regime,
        "flow": flow, "reporter": reporter, "min_base": min_base, "lang": lang,
    }  # fmt: skip
    change = growth(
        trade, during=during, against=against, by=["province"], currency=currency,
        table=table or _table(trade, words, during, against, currency), **words,
    )  # fmt: skip
    year = parse_window(exposure) if exposure is not None else _year_of(change)
    same: dict[str, Any] = {
        **words, "by": ["province"], "currency": change.receipt.currency,
        "table": _only(change.receipt.tables),
    }  # fmt: skip
    now = dependence(trade, during=year, **same)
    before = dependence(trade, during=year.shifted(-12), **same)
    points = _points(change, now, before)
    rows = [relation(_of(points, m), m, vocab.names("province", lang, reporter)) for m in MEASURES]
    frame, points = _frame(change, now, rows), _with_lines(points, rows)
    return _result(change, now, before, frame, points, year, exposure)


def _table(
    trade: Trade, words: dict[str, Any], during: Any, against: Any, currency: str | None
) -> str | None:
    """Growth and dependence come from one table: one that dependence would read."""
    arguments = Arguments(
        "exposure_response", during, against, by=["province"], currency=currency, **words
    )
    query = prepare(
        trade, arguments, default_by=("province",), fills=("product",), conditions=("partner",),
        defer_province=True, extra_needs=("partner",),
    )  # fmt: skip
    return _only({flow: c.grain.id for flow, c in query.chosen.items()})


def _only(tables: dict[str, str]) -> str | None:
    """The table of a call, where both flows come from the same one."""
    names = set(tables.values())
    return names.pop() if len(names) == 1 else None


def _year_of(change: Result) -> Window:
    """The calendar year in which the base window begins: it cannot reach into the window."""
    base = parse_window(change.receipt.base_window or change.receipt.window)
    year = base.first // 100
    return Window(year * 100 + 1, year * 100 + 12)


def _points(change: Result, now: Result, before: Result) -> pl.DataFrame:
    shares = now.frame.select("province", "share", exposure_reason="reason")
    prior = before.frame.select("province", share_prior="share")
    return (
        change.frame.select(
            "province", "province_name", "value", "base_value", "dhs", "pct", "status", "small_base"
        )
        .join(shares, on="province", how="left")
        .join(prior, on="province", how="left")
        .sort("province")
    )


def _of(points: pl.DataFrame, measure: str) -> list[Point]:
    """The provinces that have both figures. An amount below zero weighs nothing."""
    held = points.filter(pl.col("share").is_not_null() & pl.col(measure).is_not_null())
    return [
        Point(
            r["province"], r["share"], r[measure], float(max(r["base_value"], 0)),
            bool(r["small_base"]), r["share_prior"],
        )
        for r in held.to_dicts()
    ]  # fmt: skip


def _frame(change: Result, now: Result, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    head = change.frame.select("n_months", "n_months_expected", "lny_flag").head(1).to_dicts()
    tail = head[0] if head else dict.fromkeys(("n_months", "n_months_expected", "lny_flag"))
    reason = _reason(change, now)
    full = []
    for row in rows:
        missing = row["r"] is None
        full.append({
            **row,
            "status": "missing" if missing else "ok",
            "reason": (reason if not row["n"] else "few_points") if missing else None,
            **tail,
        })  # fmt: skip
    schema = {
        **COLUMNS, "status": pl.String, "reason": pl.String, "n_months": pl.Int64,
        "n_months_expected": pl.Int64, "lny_flag": pl.Boolean,
    }  # fmt: skip
    rows_shown = [{k: v for k, v in row.items() if k in schema} for row in full]
    return pl.DataFrame(rows_shown, schema=schema)


def _reason(change: Result, now: Result) -> str:
    """Why no province has both figures."""
    for result, prefix in ((change, ""), (now, "exposure_")):
        reasons = result.frame.filter(pl.col("status") == "missing")["reason"].drop_nulls()
        if result.frame.height and len(reasons) == result.frame.height:
            return f"{prefix}{reasons[0]}"
    return "few_points"


def _with_lines(points: pl.DataFrame, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """What the unweighted lines say of each point, and how far it lies off."""
    for row in rows:
        name, slope, intercept = row["measure"], row["slope"], row["_intercept"]
        line = (
            pl.lit(None, dtype=pl.Float64)
            if slope is None
            else intercept + slope * pl.col("share")
        )  # fmt: skip
        fitted = pl.when(pl.col(name).is_not_null()).then(line)
        points = points.with_columns(fitted.alias(f"fitted_{name}")).with_columns(
            (pl.col(name) - pl.col(f"fitted_{name}")).alias(f"residual_{name}")
        )
    return points


def _result(
    change: Result, now: Result, before: Result, frame: pl.DataFrame, points: pl.DataFrame,
    year: Window, exposure: str | Window | None,
) -> ExposureResult:  # fmt: skip
    lang, receipt = change.lang, change.receipt
    call = {k: v for k, v in receipt.call.items() if k != "by"}
    if exposure is not None:
        call["exposure"] = str(year)
    more = tuple(
        {"name": f"dependence in {r.receipt.window}", "sql": r.sql, "params": r.params}
        for r in (now, before)
    )
    title = phrase("list", lang).join([
        phrase("title.exposure_response", lang),
        change.title.removeprefix(phrase("title.growth", lang) + phrase("list", lang)),
        phrase("exposure.window", lang, window=year),
    ])  # fmt: skip
    return ExposureResult(
        frame=frame,
        units={c: vocab.field(c).unit for c in frame.columns},
        receipt=replace(
            receipt,
            metric="exposure_response",
            method="6",
            call=call,
            scope=now.receipt.scope,
            more=(*receipt.more, *more),
        ),
        caveats=(*_shared(change, now), *_said(frame, points, year, lang)),
        title=title,
        lang=lang,
        definition=exposure_response.__doc__ or "",
        points=points,
    )


def _shared(change: Result, now: Result) -> tuple[Caveat, ...]:
    """What both parts say, once; the growth's words on small bases are said in their own way."""
    nation = phrase("scope.partial_provinces", now.lang)  # said of columns that are not here
    taken = [c for c in now.caveats if c.code in ("missing", "scope") and c.text != nation]
    # The dependence is summed over more than the growth: its scope says both.
    said = {"small_base"} | ({"scope"} if any(c.code == "scope" for c in taken) else set())
    return tuple(dict.fromkeys((*(c for c in change.caveats if c.code not in said), *taken)))


def _said(frame: pl.DataFrame, points: pl.DataFrame, year: Window, lang: str) -> list[Caveat]:
    found = [Caveat("ecological", phrase("exposure.ecological", lang))]
    for row in frame.to_dicts():
        if row["related"] is not None:
            verdict = phrase(f"exposure.related_{str(row['related']).lower()}", lang)
            text = phrase("exposure.verdict", lang, measure=row["measure"], verdict=verdict)
            found.append(Caveat("related", text))
    small = int(points["small_base"].sum() or 0)
    if small:
        found.append(Caveat("small_base", phrase("exposure.small_base", lang), small))
    if points.height and points["share"].null_count() == points.height:
        found.append(Caveat("missing", phrase("exposure.uncovered", lang, window=year)))
    elif points.height and points["share_prior"].null_count() == points.height:
        found.append(Caveat("base_missing", phrase("exposure.no_prior", lang)))
    return found
