"""What the table writers share: the frame as text cells, headings, scales, and the notes on it."""

from __future__ import annotations

from typing import Any

import polars as pl

from provexpo.output import formats, labels
from provexpo.result import Caveat, Result


# Columns of codes that have words: column -> the kind of word.
_CODED = {
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
    if name in _CODED and x is not None:
        return labels.known(_CODED[name], x, result.lang)
    return formats.cell(x, result.units.get(name, "text"), scale, result.lang)


def is_number(result: Result, name: str) -> bool:
    return formats.is_numeric(result.units.get(name, "text"))
