"""Look-ups in the side tables: `tariffs` and `fx`, read as a metric is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo import vocab
from provexpo.claims.evaluate import Frame, Gap
from provexpo.errors import PeriodError
from provexpo.periods import Window, month_text, parse_window
from provexpo.resources import seed
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade

ANY = "any"  # product=any: rates of single products too

# side table -> the arguments that choose its rows
LOOKUPS: Mapping[str, tuple[str, ...]] = {
    "tariffs": ("reporter", "partner", "product", "during", "on", "kind", "programme"),
    "fx": ("during", "on"),
}


def look_up(trade: Trade, table: str, arguments: Mapping[str, Any], lang: str = "en") -> Frame:
    """The rows of a side table that a statement is about. Raises Gap where there are none."""
    rows = trade.side(table)
    if table == "fx":
        return _fx(rows, arguments, lang)
    if rows.is_empty():
        raise Gap(phrase("claims.gap.no_table", lang, table=table))
    return _tariffs(rows, arguments, lang)


def _tariffs(rows: pl.DataFrame, arguments: Mapping[str, Any], lang: str) -> Frame:
    """The rates in force on a day, or on some day of a window."""
    kept = rows
    for column in ("reporter", "partner"):
        if arguments.get(column) is not None:
            codes = vocab.resolve("partner", arguments[column], where=f"{column}=").codes
            kept = kept.filter(pl.col(column).is_in(list(codes or ())))
    for column in ("kind", "programme"):
        if arguments.get(column) is not None:
            kept = kept.filter(pl.col(column) == str(arguments[column]))
    product = arguments.get("product")
    if product is None:
        kept = kept.filter(pl.col("product").is_null())
    elif product != ANY:
        wanted = vocab.resolve("product", product, where="product=").codes or ()
        kept = kept.filter(pl.col("product").is_in(list(wanted)))
    if kept.is_empty():
        asked = ", ".join(f"{k} {v}" for k, v in arguments.items())
        raise Gap(phrase("claims.gap.no_tariff", lang, asked=asked))
    return _frame(_in_force(kept, arguments, lang))


def _in_force(rows: pl.DataFrame, arguments: Mapping[str, Any], lang: str) -> pl.DataFrame:
    first, last = _days(arguments)
    if first is None or last is None:
        return rows
    kept = rows.filter(
        (pl.col("from") <= last) & (pl.col("to").is_null() | (pl.col("to") >= first))
    )
    if kept.is_empty():
        when = f"{first}" if first == last else f"{first} / {last}"
        raise Gap(phrase("claims.gap.not_in_force", lang, when=when, begin=rows["from"].min()))
    return kept


def _days(arguments: Mapping[str, Any]) -> tuple[date | None, date | None]:
    if arguments.get("on") is not None:
        try:
            day = date.fromisoformat(str(arguments["on"]))
        except ValueError as err:
            raise PeriodError(
                f"cannot read the date {arguments['on']!r}", where="on=", expected="2025-11-30"
            ) from err
        return day, day
    if arguments.get("during") is None:
        return None, None
    w = parse_window(arguments["during"])
    after = Window(w.last, w.last).shifted(1).first
    first, end = (date(m // 100, m % 100, 1) for m in (w.first, after))
    return first, date.fromordinal(end.toordinal() - 1)


def _fx(rows: pl.DataFrame, arguments: Mapping[str, Any], lang: str) -> Frame:
    """Customs rates by month: those of the store, else the shipped ones."""
    if rows.is_empty():
        rows = pl.read_csv(seed("exchange_rates.csv")).select("period", "cny_per_usd")
    during = arguments.get("during") or str(arguments.get("on", ""))[:7]
    if not during:
        return _frame(rows)
    months = parse_window(during).months
    kept = rows.filter(pl.col("period").is_in(list(months)))
    absent = sorted(set(months) - set(kept["period"].to_list()))
    if absent:
        months_text = ", ".join(map(month_text, absent[:5]))
        raise Gap(phrase("claims.gap.no_rate", lang, months=months_text))
    return _frame(kept)


def _frame(rows: pl.DataFrame) -> Frame:
    return Frame(tuple(rows.to_dicts()), tuple(rows.columns), {"rate": "fraction"})
