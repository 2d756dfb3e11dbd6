"""Growth in dollars, growth in yuan, and the exchange rate between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure, selection_test
from provexpo.engine.coverage import months_list
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Answer, Query, prepare, run, tiles_of
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CoverageError
from provexpo.ingest.rows import DIMENSIONS, KEY
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

CURRENCIES = ("USD", "CNY")
# What tells the cells of one call apart: it reads one table a flow.
_CELL = tuple(k for k in KEY if k not in ("grain", "reporter", "currency"))
STEPS = (
    Step(
        "one_currency",
        f"""
        SELECT {{keys}}, value, base_value, n_alone + base_n_alone AS n_alone,
          {CHANGE_STATUS} AS status,
          {SMALL_BASE} AS small_base
        FROM sums
        """,
    ),
)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "value_cny": "CNY",
    "base_value_cny": "CNY",
    "g_usd": "fraction",
    "g_cny": "fraction",
    "g_fx": "fraction",
    "implied_rate": "ratio",
    "base_implied_rate": "ratio",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def currency_split(
    trade: Trade,
    *,
    during: str | Window | None = None,
    against: str | Window | None = None,
    province: Words = None,
    partner: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    min_base: float | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return the growth of the same trade in dollars and in yuan.

    With V the value in each currency and e = V_CNY / V_USD the rate that the figures imply:
    g_usd = V_USD,T / V_USD,B - 1; g_cny = V_CNY,T / V_CNY,B - 1; g_fx = e_T / e_B - 1; and
    (1 + g_cny) = (1 + g_usd)(1 + g_fx). g_fx above 0 is a dollar that became dearer in yuan.

    Parameters
    ----------
    trade : Trade
    during, against : str or Window, optional
        The window and its base, of the same calendar months.
    min_base : float, optional
        As in ``growth``.
    province, partner, product, regime, flow, reporter, by, table, lang
        As in ``value``; default ``by`` is ``province``. There is no ``currency``: it takes both.

    Returns
    -------
    Result
        value, base_value [USD], value_cny, base_value_cny [CNY], g_usd, g_cny, g_fx [fraction],
        implied_rate, base_implied_rate [yuan per dollar], status, reason, small_base.

    Raises
    ------
    CoverageError if no one table holds the selection in both currencies.

    Notes
    -----
    NULL rule: growth is NULL as in ``growth`` (``new``, ``none``, ``negative``). Where a window is
    not covered in either currency the row is ``missing``, with the implied rate of the other
    window alone. A row of which some cell is held in one currency only is ``missing``, reason
    ``currencies_differ``: its two sums are not of the same trade. Customs converts each
    declaration at a monthly rate, so the implied rate of a window is weighted by what was traded
    in its months.

    References
    ----------
    The identity is that of the methods, section 2.4.

    Examples
    --------
    >>> import provexpo as pe
    >>> f = pe.currency_split(pe.sample(), by=[], during="2025-01/2025-07").frame
    >>> row = f.row(0, named=True)
    >>> round((1 + row["g_usd"]) * (1 + row["g_fx"]) - (1 + row["g_cny"]), 12)
    0.0
    """
    arguments = Arguments(
        "currency_split", during, against, reporter, flow, province, partner, product, regime, by,
        None, min_base, table, lang,
    )  # fmt: skip
    dollars, yuan = _both(trade, arguments)
    alone, check = _alone(dollars, yuan)
    trade.engine.lookup("alone", alone)
    usd, cny = (_sums(query, alone.height) for query in (dollars, yuan))
    answer = _compared(dollars, yuan, usd, cny)
    shown = replace(dollars, call=replace(dollars.call, arguments=arguments))
    form = Form(
        "currency_split", "currency_split", "2.4", currency_split.__doc__ or "", UNITS,
        compares=True,
    )  # fmt: skip
    caveats: list[Caveat] = []
    if alone.height:
        text = phrase("currency_split.alone", lang, count=f"{alone.height:,}")
        rows = answer.frame.filter(pl.col("reason") == "currencies_differ").height
        caveats.append(Caveat("currencies_differ", text, rows))
    uncovered = [
        pair[0].window
        for pair, other in zip(yuan.slots, dollars.slots, strict=True)
        if None in (c.tiles for c in pair) and None not in (c.tiles for c in other)
    ]
    if uncovered:
        names = months_list([m for w in uncovered for m in w.months], lang)
        text = phrase("currency_split.uncovered", lang, windows=names)
        caveats.append(Caveat("missing", text, len(uncovered)))
    caveats += together(dollars, Measure("value"))
    more = {"the same in CNY": cny, "cells held in one currency only": check}
    return finish(shown, answer, form, summed=summed_over(dollars), caveats=caveats, more=more)


def _both(trade: Trade, arguments: Arguments) -> tuple[Query, Query]:
    """The call in dollars and in yuan, from one and the same table a flow."""
    errors = []
    for first, second in (CURRENCIES, CURRENCIES[::-1]):
        try:
            one = prepare(trade, replace(arguments, currency=first), default_by=("province",))
            ids = {flow: choice.grain.id for flow, choice in one.chosen.items()}
            named = next(iter(ids.values())) if len(ids) == 1 else arguments.table
            other = prepare(
                trade, replace(arguments, currency=second, table=named), default_by=("province",)
            )
        except CoverageError as err:
            errors.append(err)
            continue
        if ids == {flow: choice.grain.id for flow, choice in other.chosen.items()}:
            return (one, other) if first == "USD" else (other, one)
    held = sorted({c for f in trade.flows(arguments.reporter)
                   for g in trade.grains(f, reporter=arguments.reporter)
                   for c in trade.currencies(g.id, f)})  # fmt: skip
    if not errors or set(CURRENCIES) <= set(held):
        raise CoverageError(
            "no one table holds what was asked for in both USD and CNY",
            where="currency_split()",
            expected="the USD and the CNY files of one query",
            do="load the files of the other currency, or compare two calls of growth",
        ) from (errors[0] if errors else None)
    raise CoverageError(
        f"currency_split needs USD and CNY; the store holds {' and '.join(held) or 'neither'}",
        where="currency_split()",
        expected="the USD and the CNY files of one query",
        do="load the files of the other currency",
    ) from errors[0]


def _alone(dollars: Query, yuan: Query) -> tuple[pl.DataFrame, Answer]:
    """Cells of the windows that are held in one of the two currencies only.

    Every cell is looked at: sums that agree in number could still be of different cells.
    """
    call, tests = dollars.call, []
    params: dict[str, Any] = {}
    for flow, choice in dollars.chosen.items():
        spans = {
            (period, months)
            for query in (dollars, yuan)
            for base in (False, True)
            for period, months in tiles_of(query, query.chosen[flow], base=base)
        }
        params[f"table_{flow}"] = choice.grain.id
        params[f"spans_{flow}"] = sorted(months * 1_000_000 + period for period, months in spans)
        parts = [
            f"f.flow = '{flow}'", f"f.grain = $table_{flow}",
            f"f.months * 1000000 + f.period IN (SELECT unnest(CAST($spans_{flow} AS BIGINT[])))",
        ]  # fmt: skip
        for dimension in DIMENSIONS:
            if call.selections[dimension].codes is not None:
                test, values = selection_test(call, dimension, choice.grain.product_level)
                parts.append(test)
                params.update(values)
        tests.append(f"({' AND '.join(parts)})")
    cell = ", ".join(f"f.{k}" for k in _CELL)
    sql = (
        f"SELECT {cell}, max(f.currency) AS currency\nFROM flows AS f\n"
        f"WHERE f.currency IN ('USD', 'CNY') AND ({' OR '.join(tests)})\n"
        f"GROUP BY {cell}\nHAVING count(*) = 1"
    )
    trade = dollars.trade
    trade.use_files({(flow, c) for flow in dollars.chosen for c in CURRENCIES})
    return trade.engine.run(sql, params), Answer(pl.DataFrame(), sql, params)


def _sums(query: Query, n_alone: int) -> Answer:
    """One currency's sums, with the number of cells that the other one does not have."""
    same = " AND ".join(f"a.{k} IS NOT DISTINCT FROM f.{k}" for k in (*_CELL, "currency"))
    test = f"EXISTS (SELECT 1 FROM alone AS a WHERE {same})" if n_alone else "false"
    measures = [Measure("value"), Measure("n_alone", test, what="1")]
    return run(query, measures, STEPS, order="value DESC NULLS LAST")


def _compared(dollars: Query, yuan: Query, usd: Answer, cny: Answer) -> Answer:
    """Both sums side by side; a row of one currency alone is missing."""
    keys = [*(k.column for k in dollars.call.entity_keys), "slot"]
    taken = ["value", "base_value", "n_alone", "status"]
    other = cny.frame.select(*keys, *(pl.col(c).alias(f"{c}_cny") for c in taken))
    both = usd.frame.join(
        other, on=keys, how="full", coalesce=True, nulls_equal=True, maintain_order="left"
    )
    n_alone = pl.sum_horizontal(pl.col("n_alone", "n_alone_cny").fill_null(0))
    one_sided = pl.any_horizontal(pl.col("status", "status_cny").is_null()) | (n_alone > 0)
    lost = pl.any_horizontal(pl.col("status", "status_cny").eq_missing("missing"))
    sound = pl.col("status").is_in(["ok", "small_base", "exit"]) & (pl.col("base_value_cny") > 0)
    frame = both.with_columns(
        status=pl.when(one_sided | lost).then(pl.lit("missing")).otherwise("status"),
        reason=pl.when(one_sided & ~lost)
        .then(pl.lit("currencies_differ"))
        .when(pl.col("status") != "missing")
        .then(pl.col("slot").replace_strict(_reasons(yuan), return_dtype=pl.String)),
        small_base=pl.col("small_base").fill_null(value=False),
    ).with_columns(
        g_usd=_when(sound, pl.col("value") / pl.col("base_value") - 1),
        g_cny=_when(sound, pl.col("value_cny") / pl.col("base_value_cny") - 1),
        implied_rate=_rate("value_cny", "value", ~one_sided),
        base_implied_rate=_rate("base_value_cny", "base_value", ~one_sided),
    )
    rates = pl.col("implied_rate") / pl.col("base_implied_rate") - 1
    frame = frame.with_columns(g_fx=_when(sound, rates))
    order: list[str | pl.Expr] = ["slot", pl.col("value").neg(), *keys[:-1]]
    frame = frame.sort(order, nulls_last=True)
    return Answer(frame, usd.sql, usd.params)


def _reasons(yuan: Query) -> dict[int, str | None]:
    """Why a point in time is missing in yuan, by its first month."""
    return {
        now.window.first: now.reason or (f"base_{base.reason}" if base.reason else None)
        for now, base in yuan.slots
    }


def _when(test: pl.Expr, figure: pl.Expr) -> pl.Expr:
    return pl.when(test).then(figure)


def _rate(cny: str, usd: str, same: pl.Expr) -> pl.Expr:
    """Yuan a dollar, where both sums are of the same trade and above zero."""
    return pl.when(same & (pl.col(usd) > 0) & (pl.col(cny) > 0)).then(pl.col(cny) / pl.col(usd))
