"""What the table writers share: the frame as text cells, headings, scales, and the notes on it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import polars as pl

from provexpo.output import formats, labels
from provexpo.result import Caveat, Result

# Columns of codes that have words: column -> the kind of word.
CODED = {
    "status": "status",
    "reason": "reason",
    "offset_status": "status",
    "severity": "severity",
    "type": "type",
    "confidence": "confidence",
}


def caveats_of(result: Result) -> tuple[Caveat, ...]:
    """The caveats, led by the one that says that the figures are a sample, where they are."""
    if not result.receipt.illustrative or any(c.code == "illustrative" for c in result.caveats):
        return result.caveats
    return (Caveat("illustrative", labels.word("sample", result.lang)), *result.caveats)


def fingerprint(receipt_json: str) -> str:
    """The start of a receipt's SHA-256: the same in every form that names the receipt."""
    return sha256(receipt_json.encode()).hexdigest()[:8]


def receipt_line(result: Result) -> str:
    """Where the figures come from, in one line; the whole receipt is `result.receipt`."""
    r, lang = result.receipt, result.lang
    dates = dict.fromkeys(v[:10] for v in r.vintages) if r.vintages else {formats.missing(lang): 1}
    window = formats.window(r.window, lang)
    if r.base_window:
        against = labels.word("page.against", lang)
        window += labels.word("page.gap", lang)
        window += against.format(window=formats.window(r.base_window, lang))
    return labels.word("file.receipt_line", lang).format(
        mark=fingerprint(r.to_json()),
        tables=labels.word("page.gap", lang).join(dict.fromkeys(r.tables.values())),
        dated=" – ".join(dates),
        load=r.load,
        window=window,
        currency=formats.currency_name(r.currency, lang),
        metric=r.metric,
        version=r.provexpo,
    )


def noted(result: Result) -> pl.DataFrame:
    """The frame, with a last column `note` on every row when the figures are a sample."""
    if not result.receipt.illustrative:
        return result.frame
    return result.frame.with_columns(pl.lit(labels.word("sample", result.lang)).alias("note"))


def heading(result: Result, name: str, scale: formats.Scale) -> tuple[str, str]:
    """Heading and unit of a column."""
    unit = result.units.get(name, "text")
    return labels.column(name, result.lang), scale.label or labels.unit(unit, result.lang)


def scales(result: Result) -> dict[str, formats.Scale]:
    """One scale a column; all money columns share one, so that they can be compared."""
    frame, lang = result.frame, result.lang
    money: dict[str, list[Any]] = {}
    for name in frame.columns:
        currency = formats.currency_of(result.units.get(name, "text"))
        if currency:
            money.setdefault(currency, []).extend(frame[name].to_list())
    shared = {currency: formats.scale_of(held, currency, lang) for currency, held in money.items()}
    return {
        name: shared.get(formats.currency_of(unit) or "") or formats.scale_of((), unit, lang)
        for name, unit in ((n, result.units.get(n, "text")) for n in frame.columns)
    }


def cells(result: Result) -> list[list[str]]:
    """All rows as text; statuses and reasons in words."""
    by_column = scales(result)
    out = []
    for row in result.frame.iter_rows(named=True):
        out.append([_cell(result, name, x, by_column[name]) for name, x in row.items()])
    return out


def _cell(result: Result, name: str, x: Any, scale: formats.Scale) -> str:
    if name in CODED and x is not None:
        return labels.known(CODED[name], x, result.lang)
    if x is None and name == "reason":
        return ""  # nothing to give a reason for
    return formats.cell(x, result.units.get(name, "text"), scale, result.lang)


def is_number(result: Result, name: str) -> bool:
    return formats.is_numeric(result.units.get(name, "text"))
