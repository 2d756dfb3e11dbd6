"""What every screen says beside its rows: how often it flags, and how a flag is to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from provexpo.errors import CallError
from provexpo.result import Caveat, Result
from provexpo.vocab import phrase

SLACK = 1e-9  # a bound met up to rounding is met


def base_rate(
    frame: pl.DataFrame, lang: str, *, flag: str = "screen_flag", cells: int | None = None
) -> list[Caveat]:
    """How many of all cells judged are flagged; `cells` where the frame shows only some of them."""
    reading = Caveat("screen", phrase("screen.reading", lang))
    if frame.is_empty():
        return [Caveat("base_rate", phrase("screen.none_flagged", lang), 0), reading]
    judged = int(frame[flag].is_not_null().sum()) if cells is None else cells
    flagged = int(frame[flag].sum() or 0)
    share = f"{flagged / judged:.1%}" if judged else phrase("screen.nothing_judged", lang)
    text = phrase(
        "screen.base_rate", lang, flagged=f"{flagged:,}", judged=f"{judged:,}", share=share
    )
    return [Caveat("base_rate", text, flagged), reading]


def number_in(name: str, value: Any, low: float, high: float, where: str) -> None:
    """Refuse an option that is no number from `low` to `high`."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise CallError(
            f"{name}={value!r} is not a number from {low:g} to {high:g}",
            where=f"{where}({name}=)",
        )


def whole_in(name: str, value: Any, low: int, high: int, where: str) -> None:
    """Refuse an option that is no whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise CallError(
            f"{name}={value!r} is not a whole number from {low} to {high}",
            where=f"{where}({name}=)",
        )


def one_flow(flow: str, where: str) -> None:
    if flow == "total":
        raise CallError(
            f"{where} reads one flow", where=f"{where}(flow=)", expected="export or import"
        )


def given(*options: tuple[str, Any, Any]) -> dict[str, Any]:
    """The options that differ from their defaults, for the receipt."""
    return {name: value for name, value, usual in options if value != usual}


def called_with(result: Result, *, without: Sequence[str]) -> Result:
    """A receipt's call without words that the function does not have."""
    call = {k: v for k, v in result.receipt.call.items() if k not in without}
    return replace(result, receipt=replace(result.receipt, call=call))
