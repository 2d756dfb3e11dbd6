"""Counting the rows of a Result that is there already: no query, and its receipt is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo import vocab
from provexpo.engine.call import Arguments
from provexpo.errors import CallError
from provexpo.result import Caveat, Receipt, Result
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade

KEYS = (
    "province", "region", "partner", "partner_group", "product", "section", "sector", "regime",
    "month", "quarter", "year",
)  # fmt: skip
_NAMED = ("province", "partner", "product", "regime")


def refuse_words(arguments: Arguments) -> None:
    """A Result has its windows and selections already."""
    given = [name for name in arguments.as_json() if name not in ("over", "lang")]
    if given:
        raise CallError(
            f"of= counts a Result that is there already; {', '.join(given)} would change nothing",
            where="breadth(of=)",
            do="give these words to the call that makes it",
        )


def count_rows(
    trade: Trade,
    of: Result | Mapping[str, Any],
    *,
    over: str,
    column: str | None,
    below: float | None,
    above: float | None,
    lang: str,
    definition: str,
) -> Result:
    """How many rows of a Result lie below and above a figure, by its keys other than `over`."""
    counted = of if isinstance(of, Result) else _again(trade, of)
    who = over.partition(":")[0]
    keys = [k for k in KEYS if k in counted.frame.columns]
    name = _column(counted, column, keys)
    if who not in keys:
        raise CallError(
            f"the Result has no rows by {over!r}",
            where="breadth(over=)",
            expected=" or ".join(keys) or "a Result with keys",
        )
    low, high = _thresholds(below, above)
    rest = [k for k in keys if k != who]
    shown = [c for k in rest for c in (k, f"{k}_name") if c in counted.frame.columns]
    frame = _counts(counted.frame, shown, who, name, low, high)
    unit = counted.units[name]
    units = {c: counted.units[c] for c in shown} | {
        c: vocab.field(c).unit for c in frame.columns if c not in shown
    }
    units.update(dict.fromkeys(("median", "min", "max"), "ratio" if unit == "boolean" else unit))
    lacking = counted.frame[name].null_count()
    text = phrase("breadth.of", lang, column=name, below=f"{low:g}", above=f"{high:g}")
    caveats = [*counted.caveats, Caveat("definition", text)]
    if lacking:
        caveats.append(Caveat("missing", phrase("breadth.of_missing", lang, column=name), lacking))
    given = {
        "of": asdict(counted.receipt), "column": name, "below": below, "above": above,
        "over": None if over == "province" else over, "lang": None if lang == "en" else lang,
    }  # fmt: skip
    call = {k: v for k, v in given.items() if v is not None}
    receipt = replace(counted.receipt, metric="breadth", method="3.1", call=call)
    title = phrase("list", lang).join([phrase("title.breadth", lang), text, counted.title])
    return Result(frame, units, receipt, tuple(caveats), title, lang, definition)


def _again(trade: Trade, receipt: Mapping[str, Any]) -> Result:
    """The Result of a receipt, from the snapshot at hand: what replaying a count needs."""
    wanted = Receipt.from_json(receipt)
    try:
        metric = getattr(import_module(f"provexpo.metrics.{wanted.metric}"), wanted.metric)
        result: Result = metric(trade, **wanted.call)
    except (ImportError, AttributeError, TypeError) as err:
        raise CallError(
            f"of= is the receipt of {wanted.metric!r}, which cannot be called again: {err}",
            where="breadth(of=)",
            do="pass the Result itself",
        ) from err
    if (result.sql, result.params) != (wanted.sql, wanted.params):
        raise CallError(
            "of= is the receipt of another store, or of another version of provexpo",
            where="breadth(of=)",
            do="pass the Result itself",
        )
    return result


def _column(result: Result, column: str | None, keys: list[str]) -> str:
    frame = result.frame
    countable = [
        c for c, dtype in frame.schema.items()
        if (dtype.is_numeric() or dtype == pl.Boolean) and c not in keys
    ]  # fmt: skip
    if column not in countable:
        raise CallError(
            f"the Result has no figure {column!r}" if column else "of= needs the figure to count",
            where="breadth(column=)",
            expected=", ".join(countable),
        )
    return str(column)


def _thresholds(below: float | None, above: float | None) -> tuple[float, float]:
    for name, x in (("below", below), ("above", above)):
        if x is not None and (isinstance(x, bool) or not isinstance(x, (int, float)) or x != x):
            raise CallError(f"{name}={x!r} is not a number", where=f"breadth({name}=)")
    low = below if below is not None else above if above is not None else 0.0
    high = above if above is not None else low
    if low > high:
        raise CallError(
            f"below={low:g} lies over above={high:g}: a row would be counted twice",
            where="breadth(below=, above=)",
        )
    return float(low), float(high)


def _counts(
    frame: pl.DataFrame, keys: list[str], who: str, column: str, low: float, high: float
) -> pl.DataFrame:
    x = pl.col("x")
    small = pl.col("small_base") if "small_base" in frame.columns else pl.lit(False)
    name = pl.col(f"{who}_name") if f"{who}_name" in frame.columns else pl.lit(None, pl.String)
    table = frame.select(
        *keys, pl.col(column).cast(pl.Float64).alias("x"), pl.col(who).cast(pl.String).alias("who"),
        name.alias("who_name"), small.alias("small"),
    ).sort("x", "who", nulls_last=True)  # fmt: skip
    # Of equal figures the lowest code, at both ends.
    highest = pl.col("who", "who_name").filter(x == x.max()).first()
    counts = [
        (x < low).sum().cast(pl.Int64).alias("n_down"),
        (x > high).sum().cast(pl.Int64).alias("n_up"),
        x.count().cast(pl.Int64).alias("n"),
        x.median().alias("median"), x.min().alias("min"), x.max().alias("max"),
        pl.col("who").filter(x.is_not_null()).first().alias("who_min"),
        pl.col("who_name").filter(x.is_not_null()).first().alias("who_min_name"),
        highest.name.map(lambda c: "who_max" if c == "who" else "who_max_name"),
        (pl.col("small") & x.is_not_null()).sum().cast(pl.Int64).alias("n_small_base"),
        x.null_count().cast(pl.Int64).alias("n_missing"),
    ]  # fmt: skip
    out = table.group_by(keys, maintain_order=True).agg(counts) if keys else table.select(counts)
    n = pl.col("n")
    share = (pl.when(n > 0).then(pl.col(c) / n) for c in ("n_down", "n_up"))
    down, up = share
    out = out.with_columns(
        share_down=down, share_up=up,
        status=pl.when(n > 0).then(pl.lit("ok")).otherwise(pl.lit("missing")),
        reason=pl.when(n == 0).then(pl.lit("no_figures")),
    )  # fmt: skip
    order = [
        *keys, "n_down", "n_up", "n", "share_down", "share_up", "median", "min", "max", "who_min",
        "who_min_name", "who_max", "who_max_name", "n_small_base", "n_missing", "status", "reason",
    ]  # fmt: skip
    return out.select(order).sort(
        "share_down", *keys, descending=[True] + [False] * len(keys), nulls_last=True
    )
