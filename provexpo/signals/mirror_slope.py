"""Whether the gap between two records widens with the tariff, across products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo import vocab
from provexpo.engine.call import Words
from provexpo.errors import CallError, CoverageError
from provexpo.metrics.sides import with_side
from provexpo.metrics.tariffs import rates_of, refuse_finer
from provexpo.periods import Window, parse_window
from provexpo.result import Caveat
from provexpo.signals.mirror_gap import CIF, compared
from provexpo.signals.screen import given
from provexpo.signals.tariff_rise import mixed, tariffs_between
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

LEAST = 10
UNIT = 1e9
_SCHEMA: dict[str, Any] = {
    "slope": pl.Float64, "se": pl.Float64, "n": pl.Int64, "status": pl.String, "reason": pl.String,
    "n_months": pl.Int64, "n_months_expected": pl.Int64, "lny_flag": pl.Boolean,
}  # fmt: skip


def mirror_slope(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    kind: str | None = None,
    programme: str | None = None,
    agg: str | None = None,
    cif: float = CIF,
    lag: int | None = None,
    product: Words = None,
    reporter: str = "CHN",
    currency: str | None = None,
    table: str | None = None,
    mirror_table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return the slope of the gap between two records on the tariff, across HS6 products.

    Least squares of ln X_k - ln M_f,k on tau_k, the partner's tariff on product k from the
    reporter, the mean over the days of the window. Every product counts the same.

    Parameters
    ----------
    trade : Trade
    partner : str
        One partner, whose record and tariffs the store holds.
    kind, programme, agg : str, optional
        Which tariffs, and how lines finer than HS6 become one rate; as in ``tariff_exposure``.
    during, cif, lag, product, reporter, currency, table, mirror_table, lang
        As in ``mirror_gap``.

    Returns
    -------
    Result
        One row: slope [log points for a tariff of 100 %; 3 is 3 % for each percentage point], se
        (its standard error), n (products), status, reason. No product is named.

    Raises
    ------
    CoverageError where the store holds no tariffs or no HS6 products of both sides. CallError for
    several kinds of tariffs.

    Notes
    -----
    NULL rule: fewer than 10 products with both records and a rate, or rates that do not vary, give
    ``missing`` (reason ``few_points``). Products with high tariffs differ from others in many ways:
    the slope says how two columns move together and nothing about any seller.

    References
    ----------
    Fisman and Wei (2004), Journal of Political Economy.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.mirror_slope(pe.sample(), partner="Vietnam", during="2025-04/2025-06")
    Traceback (most recent call last):
    ...
    provexpo.errors.CoverageError: the store holds no tariffs of VNM on goods from CHN
      where: mirror_slope()
      do: load a CSV with reporter, partner, product, from, to, rate, kind, programme
    """
    levier = _one_partner(partner, reporter)
    window = parse_window(during) if during is not None else trade.latest_window(reporter=reporter)
    rates = tariffs_between(trade, levier, reporter, kind, programme)
    if rates.is_empty():
        raise CoverageError(
            f"the store holds no tariffs of {levier} on goods from {reporter}",
            where="mirror_slope()",
            do="load a CSV with reporter, partner, product, from, to, rate, kind, programme",
        )
    if mixed(rates):
        raise CallError(
            "the tariffs held are of several kinds or programmes, which do not add up",
            where="mirror_slope(kind=, programme=)",
        )
    refuse_finer(rates, agg)
    words = {
        "partner": partner, "during": window, "cif": cif, "lag": lag, "product": product,
        "reporter": reporter, "currency": currency, "table": table,
        "mirror_table": mirror_table, "lang": lang,
    }  # fmt: skip
    gaps = compared(trade, ["partner", "product:HS6"], words, history=False)
    held = gaps.frame.filter(pl.col("log_gap").is_not_null()).sort("product")
    products = [int(p) for p in held["product"].to_list()]
    tau = rates_of(rates, products, window, window, agg).frame
    points = [
        (t / UNIT, -gap)
        for gap, t, covered in zip(held["log_gap"], tau["tau"], tau["covered"], strict=True)
        if covered
    ]
    options = given(("kind", kind, None), ("programme", programme, None), ("agg", agg, None))
    return _result(gaps, points, {**options, "partner": partner}, rates)


def _one_partner(partner: Words, reporter: str) -> str:
    s = vocab.resolve("partner", partner, reporter=reporter, where="mirror_slope(partner=)")
    if s.codes is None or len(s.codes) != 1 or s.negate:
        raise CallError(
            "mirror_slope needs one partner", where="mirror_slope(partner=)",
            do="call it once for each partner",
        )  # fmt: skip
    return s.codes[0]


def least_squares(points: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Slope and its standard error; None for fewer than three points or without variation."""
    n = len(points)
    if n < 3:
        return None
    x_mean, y_mean = (math.fsum(p[i] for p in points) / n for i in (0, 1))
    sxx = math.fsum((x - x_mean) ** 2 for x, _ in points)
    if sxx <= 1e-12:
        return None
    slope = math.fsum((x - x_mean) * (y - y_mean) for x, y in points) / sxx
    rest = math.fsum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in points)
    return slope, math.sqrt(rest / (n - 2) / sxx)


def _result(
    gaps: Result, points: list[tuple[float, float]], options: dict[str, Any], rates: pl.DataFrame
) -> Result:
    lang = gaps.lang
    fit = least_squares(points) if len(points) >= LEAST else None
    reasons = gaps.frame["reason"].drop_nulls().to_list()
    why = reasons[0] if reasons and len(reasons) == gaps.frame.height else "few_points"
    head = gaps.frame.select("n_months", "n_months_expected", "lny_flag").head(1).to_dicts()
    row = {
        "slope": fit[0] if fit else None,
        "se": fit[1] if fit else None,
        "n": len(points),
        "status": "ok" if fit else "missing",
        "reason": None if fit else why,
        **(head[0] if head else {}),
    }
    frame = pl.DataFrame([{c: row.get(c) for c in _SCHEMA}], schema=_SCHEMA)
    call = {k: v for k, v in gaps.receipt.call.items() if k != "by"} | options
    receipt = replace(with_side(gaps.receipt, "tariffs", rates), metric="mirror_slope", call=call)
    shared = [c for c in gaps.caveats if c.code not in ("base_rate", "screen", "history")]
    title = gaps.title.replace(phrase("title.mirror_gap", lang), phrase("title.mirror_slope", lang))
    return replace(
        gaps,
        frame=frame,
        units={c: vocab.field(c).unit for c in frame.columns},
        receipt=receipt,
        caveats=(*shared, Caveat("slope", phrase("mirror_slope.reading", lang))),
        title=title,
        definition=mirror_slope.__doc__ or "",
    )
