"""The value of possible detours, shared out to provinces by how much they sold more to the hub."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.errors import CallError
from provexpo.result import Caveat, Result
from provexpo.signals.own_switch import own_switch
from provexpo.signals.rerouting import LEVEL, ReroutingResult, rerouting
from provexpo.signals.rerouting_windows import MIN_VALUE
from provexpo.vocab import phrase
from provexpo.vocab.families import by_member

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window

SWITCH_LEAST = 0.25
FIRM_PART = 0.5  # of a row's value, from cells of medium confidence or more
FIRM = ("high", "medium")
_KEYS = {"province": "province", "partner": "hub", "product": "family"}
_STEP = Step("exports", "SELECT {keys}, value, base_value FROM sums")

UNITS = {
    "rv_province": "currency",
    "rv_medium": "currency",
    "rerouting_exposure": "fraction",
    "own_switch_ratio": "fraction",
    "strength": "text",
    "n_products": "count",
    "value": "currency",
    "base_value": "currency",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def rerouting_by_province(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    against: str | Window | None = None,
    hubs: Words = None,
    province: Words = None,
    product: Words = None,
    by: Words = None,
    level: str = LEVEL,
    min_value: float = MIN_VALUE,
    lag: Any = None,
    placebo: Words = None,
    kind: str | None = None,
    programme: str | None = None,
    agg: str | None = None,
    reporter: str = "CHN",
    table: str | None = None,
    market_table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return the value of possible detours (`rerouting`) attributed to the provinces of origin.

    rv_province = rv_hk x (dx[i,h,k])+ / sum over provinces m of (dx[m,h,k])+: each product's value
    at a hub, shared out by how much each province's own exports of it to the hub rose. No partner
    records the province a good came from, so this is attribution, not observation.

    Parameters
    ----------
    trade : Trade
        As in ``rerouting``; the origin's table must be broken down by province as well.
    by : str or list, optional
        Default ``province``; also with ``partner`` (the hub) and ``product``.
    province : str or list, optional
        Rows to show; the shares are those of all provinces.
    partner, during, against, hubs, product, level, min_value, lag, placebo, kind, programme, agg
        As in ``rerouting``.
    reporter, table, market_table, lang
        As in ``rerouting``.

    Returns
    -------
    Result
        rv_province [USD], rv_medium (its part from cells of medium or high confidence),
        rerouting_exposure (rv_province over all exports of the province in the window)
        [fraction], own_switch_ratio (as in ``own_switch``) [0-1], strength: ``high`` where
        own_switch_ratio >= 0.25 and at least half of rv_province comes from cells of medium or high
        confidence, else ``low``, ``none`` without a value; n_products (products at hubs that carry
        value), value, base_value (all exports of the province), rank, status.

    Raises
    ------
    CallError where by= leaves out the province. Otherwise as in ``rerouting``.

    Notes
    -----
    NULL rule: where no row of ``rerouting`` has figures (its windows are not covered), rv_province
    is NULL and the row ``missing``. Rows of hubs and products without figures carry no value here;
    a caveat counts them.

    References
    ----------
    House measure (methods 4.5).

    Examples
    --------
    The illustrative sample holds no imports of the United States by product:

    >>> import provexpo as pe
    >>> pe.rerouting_by_province(pe.sample(), during="2025Q3")
    Traceback (most recent call last):
    provexpo.errors.CoverageError: rerouting reads the imports of the market by partner and ...
    """
    words = _by(by)
    table = table or _province_table(trade, reporter, during, against, product, lang)
    national = rerouting(
        trade, partner=partner, during=during, against=against, hubs=hubs, product=product,
        level=level, min_value=min_value, lag=lag, placebo=placebo, kind=kind, programme=programme,
        agg=agg, reporter=reporter, table=table, market_table=market_table, lang=lang,
    )  # fmt: skip
    extra = {
        k: v for k, v in national.receipt.call.items()
        if k in ("partner", "hubs", "level", "min_value", "lag", "placebo", "kind", "programme",
                 "agg", "market_table")
    }  # fmt: skip
    arguments = Arguments(
        "rerouting_by_province", national.receipt.window, national.receipt.base_window,
        reporter=reporter, province=province, product=product, by=words, currency="USD",
        table=table, lang=lang, extra=extra,
    )  # fmt: skip
    parts, increments = _attributed(trade, arguments, national)
    own = own_switch(
        trade, partner=partner, during=national.receipt.window,
        against=national.receipt.base_window, hubs=hubs, product=product, by=["province"],
        reporter=reporter, currency="USD", table=table, lang=lang,
    )  # fmt: skip
    totals = _run(trade, replace(arguments, by=["province"], product=None))
    frame = _frame(parts, own.frame, totals[1].frame, words, national)
    query = prepare(trade, arguments, default_by=("province",))
    frame = _shown(frame, query).with_columns(slot=pl.lit(query.call.window.first, dtype=pl.Int64))
    form = Form(
        "rerouting_by_province", "rerouting_by_province", "4.5",
        rerouting_by_province.__doc__ or "", UNITS, compares=True,
    )  # fmt: skip
    more = {"exports of the provinces": totals[1]}
    more |= {"rises of the provinces": increments} if increments else {}
    result = finish(
        query, Answer(frame, national.sql, national.params), form, summed=("product", "regime"),
        caveats=_caveats(national, lang), more=more,
    )  # fmt: skip
    return _whole(result, national)


def _by(by: Words) -> list[str]:
    words = [by] if isinstance(by, str) else list(by or ["province"])
    plain = [w.split(":")[0] for w in words]
    if "province" not in plain or not set(plain) <= set(_KEYS):
        raise CallError(
            "rerouting_by_province shares values out to provinces",
            where="rerouting_by_province(by=)",
            expected="province, also with partner (the hub) and product:HS6",
            do="use rerouting() for hubs and products of the whole country",
        )
    return words


def _province_table(
    trade: Trade, reporter: str, during: Any, against: Any, product: Words, lang: str
) -> str:
    """The origin's table that is broken down by province, hub and product."""
    arguments = Arguments(
        "rerouting_by_province", during, against, reporter=reporter, product=product,
        by=["province", "partner"], currency="USD", lang=lang,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=(), extra_needs=("product",), inner=("product:HS6-",)
    )
    return query.chosen["export"].grain.id


def _run(trade: Trade, arguments: Arguments) -> tuple[Query, Answer]:
    query = prepare(trade, replace(arguments, province=None), default_by=())
    return query, run(query, [Measure("value")], (_STEP,), order="value NULLS LAST")


def _attributed(
    trade: Trade, arguments: Arguments, national: ReroutingResult
) -> tuple[pl.DataFrame, Answer | None]:
    """province, hub, family, confidence, part: the value of each cell, shared out exactly."""
    cells = national.scored.filter((pl.col("pair") == 0) & (pl.col("rv") > 0))
    schema = {
        "province": pl.String, "hub": pl.String, "family": pl.Int64, "confidence": pl.String,
        "part": pl.Float64,
    }  # fmt: skip
    if cells.is_empty():
        return pl.DataFrame(schema=schema), None
    digits = national.level
    member = by_member(national.families)
    own = {int(f.code): f.members for f in national.families}
    codes = [
        c for k in sorted(set(cells["family"].to_list()))
        for c in own.get(k, (str(k).zfill(digits),))
    ]  # fmt: skip
    _, answer = _run(trade, replace(
        arguments, by=["province", "partner", f"product:HS{digits}"], product=codes,
        partner=sorted(set(cells["hub"].to_list())),
    ))  # fmt: skip
    family = {int(c): int(member[c].code) for c in codes if c in member}
    rises = answer.frame.with_columns(family=pl.col("product").replace(family))
    rises = rises.group_by("province", "partner", "family").agg(
        pl.col("value").sum(), pl.col("base_value").sum()
    )
    rises = rises.with_columns(rise=(pl.col("value") - pl.col("base_value")).clip(lower_bound=0))
    rises = rises.with_columns(all=pl.col("rise").sum().over("partner", "family"))
    parts = rises.join(
        cells.select("hub", "family", "rv", "confidence"), left_on=["partner", "family"],
        right_on=["hub", "family"], how="inner",
    ).filter(pl.col("rise") > 0)  # fmt: skip
    return parts.select(
        "province", hub="partner", family="family", confidence="confidence",
        part=pl.col("rv") * (pl.col("rise") / pl.col("all")),
    ), answer  # fmt: skip


def _frame(
    parts: pl.DataFrame, own: pl.DataFrame, totals: pl.DataFrame, words: Sequence[str],
    national: ReroutingResult,
) -> pl.DataFrame:  # fmt: skip
    """One row a key: sums, exposure, strength, rank."""
    keys = [w.split(":")[0] for w in words]
    columns = [_KEYS[k] for k in keys]
    groups: dict[tuple[Any, ...], list[tuple[float, bool]]] = {}
    for row in parts.iter_rows(named=True):
        key = tuple(row[c] for c in columns)
        groups.setdefault(key, []).append((row["part"], row["confidence"] in FIRM))
    exports = {p: (v, b) for p, v, b in totals.select("province", "value", "base_value").rows()}
    if keys == ["province"]:
        groups = {(p,): groups.get((p,), []) for p in sorted(exports)}
    switch = dict(own.select("province", "own_switch_ratio").rows())
    event = national.scored.filter(pl.col("pair") == 0)
    known = event.is_empty() or event["rv"].null_count() < event.height
    reason = next(iter(national.frame["reason"].drop_nulls()), None)
    found = []
    for key, held in groups.items():
        row = dict(zip(keys, key, strict=True))
        value, base = exports.get(row["province"], (None, None))
        rv = math.fsum(p for p, _ in held) if known else None
        firm = math.fsum(p for p, is_firm in held if is_firm) if known else None
        ratio = switch.get(row["province"])
        missing = rv is None or value is None
        found.append({
            **row, "rv_province": rv, "rv_medium": firm,
            "rerouting_exposure": rv / value if rv is not None and value else None,
            "own_switch_ratio": ratio, "strength": _strength(rv, firm, ratio),
            "n_products": len(held) if known else None, "value": value, "base_value": base,
            "status": "missing" if missing else "ok", "reason": reason if missing else None,
        })  # fmt: skip
    types = {"province": pl.String, "partner": pl.String, "product": pl.Int64}
    schema = {
        **{k: types[k] for k in keys}, "rv_province": pl.Float64, "rv_medium": pl.Float64,
        "rerouting_exposure": pl.Float64, "own_switch_ratio": pl.Float64, "strength": pl.String,
        "n_products": pl.Int64, "value": pl.Int64, "base_value": pl.Int64, "status": pl.String,
        "reason": pl.String,
    }  # fmt: skip
    frame = pl.DataFrame(found, schema=schema)
    order = [True, *[False] * len(keys)]
    return frame.sort(["rv_province", *keys], descending=order, nulls_last=True)


def _strength(rv: float | None, firm: float | None, ratio: float | None) -> str | None:
    if rv is None or firm is None:
        return None
    if rv == 0:
        return "none"
    return (
        "high" if ratio is not None and ratio >= SWITCH_LEAST and firm >= FIRM_PART * rv else "low"
    )


def _shown(frame: pl.DataFrame, query: Query) -> pl.DataFrame:
    """The provinces asked for, ranked."""
    s = query.call.selections["province"]
    if s.codes is not None:
        asked = pl.col("province").is_in(list(s.codes))
        frame = frame.filter(asked.not_() if s.negate else asked)
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return frame.with_columns(rank=pl.when(pl.col("rv_province") > 0).then(place))


def _caveats(national: ReroutingResult, lang: str) -> list[Caveat]:
    found = [Caveat("attribution", phrase("rerouting_by_province.reading", lang))]
    unknown = national.frame.filter(pl.col("rv").is_null()).height
    if unknown:
        found.append(Caveat("columns", phrase("rerouting_by_province.unknown", lang), unknown))
    skipped = ("scope", "illustrative", "families", "headline")
    return [*found, *(c for c in national.caveats if c.code not in skipped)]


def _whole(result: Result, national: ReroutingResult) -> Result:
    call = {k: v for k, v in result.receipt.call.items() if k != "currency"}
    tables = {**result.receipt.tables, "import": national.receipt.tables["import"]}
    return replace(result, receipt=replace(result.receipt, call=call, tables=tables))
