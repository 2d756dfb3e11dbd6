"""The gap between two records of one flow, shared out to places by what they sell."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError, CoverageError
from provexpo.result import Caveat
from provexpo.signals.mirror_gap import CIF, compared
from provexpo.signals.months import table_of
from provexpo.signals.screen import called_with, given
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

LEVELS = ("HS6", "HS4", "HS2")
_STEP = Step("sold", "SELECT {cells}, value FROM sums")
UNITS = {
    "value": "currency",
    "gap": "currency",
    "n": "count",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def mirror_attribution(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    level: str | None = None,
    cif: float = CIF,
    lag: int | None = None,
    product: Words = None,
    reporter: str = "CHN",
    currency: str | None = None,
    table: str | None = None,
    mirror_table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return each place's part of the gap between two records, by what it sells.

    gap_i = sum_k (x_ik / x_Nk) gap_k, with gap_k the gap of product k (``mirror_gap``), x_ik the
    place's exports of it to the partner and x_Nk the reporter's. Arithmetic, not a finding: no
    record says whose goods make a gap.

    Parameters
    ----------
    trade : Trade
    partner : str
        One partner, whose own record the store holds.
    level : {"HS2", "HS4", "HS6"}, optional
        Default the finest that both records hold.
    during, cif, lag, product, reporter, currency, table, mirror_table, lang
        As in ``mirror_gap``; the table needs places and products.

    Returns
    -------
    Result
        One row a province: value (exports of the products compared), gap (attributed) [currency],
        n (products), rank (the largest gap first, whatever its sign), status, reason.

    Raises
    ------
    CoverageError where no table holds places and products, or the partner's record no products.

    Notes
    -----
    NULL rule: where either side is not covered rows are ``missing``. Products of which nothing was
    sold by any place have a gap that no place is given; the caveat ``unattributed`` says how
    large it is. Chapter 98 is left out against the US.

    References
    ----------
    The definitions are those of the methods, section 5.1.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.mirror_attribution(pe.sample(), during="2025-04/2025-06")
    Traceback (most recent call last):
    ...
    provexpo.errors.CoverageError: no product level stands in both records
      where: mirror_attribution()
      expected: tables of both sides with products
      do: load the partner's imports by product
    """
    if level is not None and level not in LEVELS:
        raise CallError(
            f"level={level!r} is not known", where="mirror_attribution(level=)",
            expected=", ".join(LEVELS),
        )  # fmt: skip
    words: dict[str, Any] = {
        "partner": partner, "during": during, "cif": cif, "lag": lag, "product": product,
        "reporter": reporter, "mirror_table": mirror_table, "lang": lang,
    }  # fmt: skip
    query, gaps = _finest(trade, words, [level] if level else LEVELS, currency, table)
    answer = run(query, [Measure("value", compared=False)], (_STEP,), order="value NULLS LAST")
    frame = _attributed(query, answer.frame, gaps.frame)
    doc = mirror_attribution.__doc__ or ""
    form = Form("mirror_attribution", "mirror_attribution", "5.1", doc, UNITS)
    more = {"gaps": Answer(gaps.frame, gaps.sql, gaps.params)}
    more |= {m["name"]: Answer(gaps.frame, m["sql"], m["params"]) for m in gaps.receipt.more}
    kept = [c for c in gaps.caveats if c.code in ("causes", "mirror", "chapter_98")]
    result = finish(
        query, Answer(frame, answer.sql, answer.params), form, summed=summed_over(query),
        caveats=[*kept, *_caveats(query, gaps)], more=more,
    )  # fmt: skip
    result = called_with(result, without=("against", "by"))
    scope = (*result.receipt.scope, *gaps.receipt.scope)
    receipt = replace(result.receipt, base_window=None, scope=tuple(dict.fromkeys(scope)))
    return replace(result, receipt=receipt)


def _finest(
    trade: Trade, words: dict[str, Any], levels: Any, currency: str | None, table: str | None
) -> tuple[Query, Result]:
    """The places' exports, and the gaps of the finest products that both records hold."""
    extra = given(
        ("cif", words["cif"], CIF), ("lag", words["lag"], None),
        ("mirror_table", words["mirror_table"], None),
        ("level", levels[0] if len(levels) == 1 else None, None),
    )  # fmt: skip
    error: CoverageError | None = None
    for level in levels:
        try:
            window = words["during"] or trade.latest_window(reporter=words["reporter"])
            arguments = Arguments(
                "mirror_attribution", window, window, words["reporter"], "export", None,
                words["partner"], words["product"], None, ["province"], currency, None, table,
                words["lang"], extra,
            )  # fmt: skip
            query = prepare(
                trade, arguments, default_by=(), inner=(f"product:{level}",),
                extra_needs=("partner",),
            )  # fmt: skip
            same = {**words, "currency": query.currency, "table": table_of(query)}
            gaps = compared(trade, ["partner", f"product:{level}"], same, history=False)
        except CoverageError as err:
            error = err
            continue
        if len(set(gaps.frame["partner"].to_list())) > 1:
            raise CallError(
                "mirror_attribution is of one partner", where="mirror_attribution(partner=)",
                do="call it once for each partner",
            )  # fmt: skip
        return query, gaps
    raise CoverageError(
        "no product level stands in both records",
        where="mirror_attribution()",
        expected="tables of both sides with products",
        do="load the partner's imports by product",
    ) from error


def _attributed(query: Query, sold: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    key = next(k for k in query.call.inner if k.column == "product")
    rows = {r["product"]: r for r in gaps.iter_rows(named=True)}
    known = [r for r in rows.values() if r["gap"] is not None and r["value"]]
    found: dict[str, list[tuple[int, float]]] = {}
    for cell in sold.sort("province", "product", nulls_last=True).iter_rows(named=True):
        parts = found.setdefault(cell["province"], [])
        row = rows.get(str(cell["product"]).zfill(key.level))
        if cell["value"] and row is not None and row["gap"] is not None and row["value"]:
            parts.append((cell["value"], cell["value"] / row["value"] * row["gap"]))
    slot, covered = query.call.window.first, query.slots[0][0].tiles is not None
    reason = None if known else next(iter(gaps["reason"].drop_nulls()), None)
    table = [
        {
            "province": place,
            "slot": slot,
            "value": sum(v for v, _ in parts) if known else None,
            "gap": math.fsum(g for _, g in parts) if known else None,
            "n": len(parts) if known else None,
            "status": "ok" if known else "missing",
            "reason": reason if covered else None,
        }
        for place, parts in found.items()
    ]
    schema: dict[str, Any] = {
        "province": pl.String, "slot": pl.Int64, "value": pl.Int64, "gap": pl.Float64,
        "n": pl.Int64, "status": pl.String, "reason": pl.String,
    }  # fmt: skip
    rank = pl.col("gap").abs().rank("min", descending=True).cast(pl.Int64)
    frame = pl.DataFrame(table, schema=schema).with_columns(rank=rank)
    return frame.sort("rank", "province", nulls_last=True)


def _caveats(query: Query, gaps: Result) -> list[Caveat]:
    lang = query.call.arguments.lang
    found = [Caveat("attribution", phrase("mirror_attribution.reading", lang))]
    frame = gaps.frame.filter(pl.col("gap").is_not_null())
    whole = math.fsum(frame["gap"].to_list())
    left = math.fsum(frame.filter(pl.col("value") == 0)["gap"].to_list())
    if frame.height:
        text = phrase(
            "mirror_attribution.left", lang, left=f"{left:,.0f}", whole=f"{whole:,.0f}",
            currency=query.currency,
        )  # fmt: skip
        found.append(Caveat("unattributed", text))
    return found
