"""Which places' trade by registration runs ahead of their trade by origin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError, CoverageError, ProvexpoError
from provexpo.periods import Window, parse_window
from provexpo.result import Caveat
from provexpo.signals.screen import SLACK, base_rate, called_with, given, number_in, one_flow
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

MIN_RISE = 0.10
MIN_PERCENTILE = 0.90
_PLACES = ("province", "region")
_STEP = Step("amounts", "SELECT {keys}, value, base_value FROM sums")
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "value_origin": "currency",
    "base_value_origin": "currency",
    "b": "index",
    "base_b": "index",
    "b_d12": "index",
    "pctile": "fraction",
    "screen_flag": "boolean",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def basis_gap(
    trade: Trade,
    *,
    during: str | Window | None = None,
    min_rise: float = MIN_RISE,
    min_percentile: float = MIN_PERCENTILE,
    province: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    table: str | None = None,
    origin_table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return the gap between a place's trade by registration and by origin, and how it moved.

    b = 2 (x_reg - x_org) / (x_reg + x_org), with x_reg the exports of the firms registered in a
    place and x_org those of the goods that come from it (imports: goods destined for it);
    b_d12 = b less b of the same months one year earlier. pctile is the part of the other places
    whose b_d12 is smaller. screen_flag holds if b_d12 > 0.10 and pctile > 0.90.

    Parameters
    ----------
    trade : Trade
        A store that holds totals on both bases, of all partners and products.
    during : str or Window, optional
        The window; default January to the newest month held.
    min_rise, min_percentile : float
        The bounds of the flag.
    province : str or list, optional
        Rows shown; the percentile is always among all places.
    by : str or list, optional
        ``province`` (default) or ``region``, and one of month, quarter, year.
    table, origin_table : str, optional
        The tables by registration and by origin; by default those that cover both windows.
    flow, reporter, currency, lang
        As in ``value``; ``flow`` is export or import.

    Returns
    -------
    Result
        value, base_value (by registration), value_origin, base_value_origin [currency], b, base_b
        [-2 to 2], b_d12, pctile [0-1], screen_flag, status, reason.

    Raises
    ------
    CoverageError where the store holds one basis only. CallError for other keys.

    Notes
    -----
    NULL rule: a window that either table does not cover gives ``missing`` (reason
    ``origin_uncovered`` for the second); b is NULL for amounts that add up to nothing; b_d12,
    pctile and screen_flag where the year before is not covered, pctile also with a single place.
    Head offices, trading companies and e-commerce platforms sell the goods of other places too:
    a flag is no statement about any of them.

    References
    ----------
    Chen, Chen, Hsieh and Song (2019), A forensic examination of China's national accounts.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.basis_gap(pe.sample())
    Traceback (most recent call last):
    ...
    provexpo.errors.CoverageError: the store holds exports by place of registration only
      where: basis_gap()
      expected: a table of totals by place of origin as well
      do: load that table with basis = "origin" in provexpo.toml
    """
    one_flow(flow, "basis_gap")
    number_in("min_rise", min_rise, 0, 4, "basis_gap")
    number_in("min_percentile", min_percentile, 0, 1, "basis_gap")
    window = (
        trade.latest_window(flow=flow, reporter=reporter)
        if during is None
        else parse_window(during)
    )
    extra = given(
        ("min_rise", min_rise, MIN_RISE), ("min_percentile", min_percentile, MIN_PERCENTILE),
        ("origin_table", origin_table, None),
    )  # fmt: skip
    arguments = Arguments(
        "basis_gap", window, None, reporter, flow, province, None, None, None, by, currency, None,
        table, lang, extra,
    )  # fmt: skip
    other = "origin" if flow == "export" else "destination"
    _both_held(trade, arguments, other)
    query = _of_basis(trade, arguments, "registered", table)
    _refuse_keys(query)
    same = replace(arguments, currency=query.currency)
    second = _of_basis(trade, same, other, origin_table)
    answer, twin = (run(q, [Measure("value")], (_STEP,), order="slot") for q in (query, second))
    frame = _joined(query, answer.frame, second, twin.frame)
    frame = _shown(query, _judged(frame, min_rise, min_percentile))
    form = Form("basis_gap", "basis_gap", "5.2", basis_gap.__doc__ or "", UNITS)
    result = finish(
        query, Answer(frame, answer.sql, answer.params), form, summed=summed_over(query),
        caveats=_caveats(query, second, frame, other), more={f"the same by {other}": twin},
    )  # fmt: skip
    return called_with(result, without=() if during is not None else ("during",))


def _both_held(trade: Trade, arguments: Arguments, other: str) -> None:
    flow = arguments.flow
    grains = [g for g in trade.grains(flow, reporter=arguments.reporter) if g.province]
    bases = {g.basis for g in grains}
    words = {"registered": "registration", "origin": "origin", "destination": "destination"}
    lacking = [b for b in ("registered", other) if b not in bases]
    if not trade.grains(flow, reporter=arguments.reporter):
        trade.refuse_empty(flow, arguments.reporter)
    if lacking:
        held = " and ".join(words[b] for b in sorted(bases)) or "no place"
        what = f"the store holds {flow}s by place of {held} only"
        raise CoverageError(
            what if bases else f"the store holds no {flow}s by place",
            where="basis_gap()",
            expected=f"a table of totals by place of {words[lacking[0]]} as well",
            do=f'load that table with basis = "{lacking[0]}" in provexpo.toml',
        )


def _of_basis(trade: Trade, arguments: Arguments, basis: str, table: str | None) -> Query:
    """The query of the best table of a basis: one that covers both windows, then the window,
    of the fewest dimensions."""
    found: list[tuple[tuple[object, ...], Query]] = []
    error: ProvexpoError | None = None
    for grain in trade.grains(arguments.flow, reporter=arguments.reporter):
        if grain.basis != basis or not grain.province or (table and grain.id != table):
            continue
        one = replace(arguments, table=grain.id, province=None)
        try:
            query = prepare(trade, one, default_by=("province",))
        except ProvexpoError as err:
            error = err
            continue
        covered = [all(s[i].tiles is not None for s in query.slots) for i in (0, 1)]
        rank = (all(covered), covered[0], -len(grain.dimension_names), grain.id)
        found.append((rank, query))
    if not found:
        if error is not None:
            raise error
        raise CallError(
            f"the store has no table {table!r} by place of {basis}",
            where="basis_gap(table=, origin_table=)",
        )
    query = max(found, key=lambda pair: pair[0])[1]
    # The receipt keeps the caller's words, not the table that was looked for.
    asked = replace(query.call.arguments, table=arguments.table, province=arguments.province)
    return replace(query, call=replace(query.call, arguments=asked))


def _refuse_keys(query: Query) -> None:
    wrong = [k.text for k in query.call.entity_keys if k.column not in _PLACES]
    if wrong or len(query.call.entity_keys) != 1:
        raise CallError(
            f"basis_gap compares places, not {', '.join(wrong) or 'the nation'}",
            where="by=",
            expected="province or region, and one of month, quarter, year",
            do="tables by origin hold totals only",
        )


def _joined(query: Query, own: pl.DataFrame, second: Query, twin: pl.DataFrame) -> pl.DataFrame:
    """Both bases side by side; a place that one table does not name sold nothing in it."""
    keys = [*(k.column for k in query.call.entity_keys), "slot"]
    twin = twin.rename({"value": "value_origin", "base_value": "base_value_origin"})
    own, twin = (t.with_columns(pl.lit(True).alias(n)) for t, n in ((own, "_own"), (twin, "_twin")))
    both = own.join(twin, on=keys, how="full", coalesce=True, nulls_equal=True)
    filled = []
    for source, present, ending in ((query, "_own", ""), (second, "_twin", "_origin")):
        for part, name in enumerate(("value", "base_value")):
            covered = [s[0].window.first for s in source.slots if s[part].tiles is not None]
            absent = pl.col(present).is_null() & pl.col("slot").is_in(covered)
            column = f"{name}{ending}"
            filled.append(pl.when(absent).then(0).otherwise(pl.col(column)).alias(column))
    return both.with_columns(filled).drop("_own", "_twin").sort(keys)


def _gap(reg: str, org: str) -> pl.Expr:
    x, y = pl.col(reg), pl.col(org)
    ok = (x >= 0) & (y >= 0) & (x + y > 0)
    return pl.when(ok).then(2 * (x - y) / (x + y))


def _judged(frame: pl.DataFrame, min_rise: float, min_percentile: float) -> pl.DataFrame:
    frame = frame.with_columns(
        b=_gap("value", "value_origin"), base_b=_gap("base_value", "base_value_origin")
    ).with_columns(b_d12=pl.col("b") - pl.col("base_b"))
    parts = [_ranked(part) for _, part in sorted(frame.partition_by("slot", as_dict=True).items())]
    frame = pl.concat(parts) if parts else _ranked(frame)
    both = pl.col("value").is_not_null() & pl.col("value_origin").is_not_null()
    negative = (pl.col("value") < 0) | (pl.col("value_origin") < 0)
    nothing = (pl.col("value") == 0) & (pl.col("value_origin") == 0)
    own_only = pl.col("value").is_not_null() & pl.col("value_origin").is_null()
    rise, far = pl.col("b_d12") > min_rise + SLACK, pl.col("pctile") > min_percentile + SLACK
    return frame.with_columns(
        screen_flag=pl.when(pl.col("pctile").is_not_null()).then(rise & far),
        status=pl.when(~both).then(pl.lit("missing")).when(negative).then(pl.lit("negative"))
        .when(nothing).then(pl.lit("none")).otherwise(pl.lit("ok")),
        reason=pl.when(own_only).then(pl.lit("origin_uncovered")),
    )  # fmt: skip


def _ranked(part: pl.DataFrame) -> pl.DataFrame:
    """The part of the other places whose gap rose less."""
    rises = part["b_d12"].to_list()
    held = np.array(sorted(v for v in rises if v is not None))
    others = len(held) - 1
    shares = [
        None if v is None or others < 1
        else float(np.searchsorted(held, v - SLACK)) / others
        for v in rises
    ]  # fmt: skip
    return part.with_columns(pl.Series("pctile", shares, dtype=pl.Float64))


def _shown(query: Query, frame: pl.DataFrame) -> pl.DataFrame:
    """The places asked for; the percentile was taken among all."""
    a = query.call.arguments
    asked = vocab.resolve("province", a.province, reporter=a.reporter, where="basis_gap(province=)")
    if asked.codes is not None and "province" in frame.columns:
        inside = pl.col("province").is_in(list(asked.codes))
        frame = frame.filter(~inside if asked.negate else inside)
    keys = [k.column for k in query.call.entity_keys]
    return frame.sort("slot", "b_d12", *keys, descending=[False, True, *([False] * len(keys))],
                      nulls_last=True)  # fmt: skip


def _caveats(query: Query, second: Query, frame: pl.DataFrame, other: str) -> list[Caveat]:
    lang = query.call.arguments.lang
    tables = [next(iter(q.chosen.values())).grain.id for q in (query, second)]
    text = phrase("basis_gap.tables", lang, own=tables[0], origin=tables[1])
    found = [
        Caveat("basis", phrase(f"basis.{other}", lang)),
        Caveat("tables", text),
        Caveat("causes", phrase("basis_gap.causes", lang)),
    ]
    short = frame.filter(pl.col("b_d12").is_null() & pl.col("b").is_not_null()).height
    if short:
        found.append(Caveat("base_missing", phrase("basis_gap.no_base", lang), short))
    return found + base_rate(frame, lang)
