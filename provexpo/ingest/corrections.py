"""Guarded corrections: a wrong published figure is put right by a row, never by code.

Each row says which cells, what to do, what must be true of them before (`expect`), why, and where
that is known from. When the source repairs its figure, the guard fails and the row is removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

import polars as pl

from provexpo import vocab
from provexpo.errors import CheckError, ManifestError
from provexpo.ingest.rows import DIMENSIONS
from provexpo.periods import Window, parse_window

ACTIONS = ("scale", "drop", "set")
_SELECTORS = ("flow", "period", *DIMENSIONS, "currency")
_KEYS = ("match", *_SELECTORS, "action", "factor", "value", "expect", "reason", "source")
_TESTS = ("gt", "lt", "eq")
LARGEST = 9_000_000_000_000_000_000


@dataclass(frozen=True)
class Correction:
    """One correction. `match` limits it to files of that name; without it every file is meant."""

    where: str
    action: str
    expect: Mapping[str, float]
    reason: str
    source: str
    match: str = "*"
    flow: str | None = None
    currency: str | None = None
    period: Window | None = None
    words: Mapping[str, tuple[str, ...]] | None = None
    amount: float | None = None  # the factor of scale, the value of set

    def concerns(self, name: str) -> bool:
        return fnmatchcase(name, self.match)


def read_correction(raw: Any, where: str) -> Correction:
    """Read one `[[corrections]]` entry. Raises ManifestError for what is missing or unknown."""

    def wrong(what: str, expected: str, do: str = "complete the correction") -> ManifestError:
        return ManifestError(what, where=where, expected=expected, do=do)

    if not isinstance(raw, Mapping):
        raise wrong("a correction is a table", "[[corrections]] with keys below it")
    for key in raw:
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            raise wrong(
                f"unknown key {key!r}",
                ", ".join(_KEYS),
                f"did you mean {near[0]!r}?" if near else "remove it",
            )
    absent = [key for key in ("action", "expect", "reason", "source") if not raw.get(key)]
    if absent or not set(_SELECTORS) & set(raw):
        raise wrong(
            f"the correction lacks {', '.join(absent) or 'a selector'}",
            f"action, expect, reason, source, and one or more of {', '.join(_SELECTORS)}",
        )
    action, expect = raw["action"], raw["expect"]
    if action not in ACTIONS:
        raise wrong(f"unknown action {action!r}", " or ".join(ACTIONS))
    if (
        not isinstance(expect, Mapping)
        or not set(expect) <= set(_TESTS)
        or not _numbers(expect.values())
    ):
        raise wrong(
            f"cannot read expect = {expect!r}", "a test of the value, such as {gt = 5_000_000_000}"
        )
    needed = {"scale": "factor", "set": "value"}.get(action)
    if needed and not _numbers([raw.get(needed)]):
        raise wrong(f"action {action} needs {needed}", f"{needed} = a number")
    if action == "set" and raw["value"] != int(raw["value"]):
        raise wrong(f"value {raw['value']} is not whole", "whole currency units", "round the value")
    words = {d: _words(raw[d]) for d in DIMENSIONS if d in raw}
    return Correction(
        where=where,
        action=action,
        expect=dict(expect),
        reason=str(raw["reason"]),
        source=str(raw["source"]),
        match=str(raw.get("match", "*")),
        flow=raw.get("flow"),
        currency=raw.get("currency"),
        period=parse_window(str(raw["period"])) if "period" in raw else None,
        words=words,
        amount=raw[needed] if needed else None,
    )


def apply_correction(
    correction: Correction, rows: pl.DataFrame, levels: Mapping[str, int], reporter: str
) -> tuple[pl.DataFrame, int]:
    """The rows with one correction made, and how many rows it met.

    `levels` gives the HS level of each grain. Raises CheckError when a row met does not fulfil
    the expectation.
    """
    hit = rows.select(_selector(correction, levels, reporter)).to_series().fill_null(False)
    met = rows.filter(hit)
    if met.is_empty():
        return rows, 0
    tests = {"gt": pl.Expr.gt, "lt": pl.Expr.lt, "eq": pl.Expr.eq}
    holds = pl.all_horizontal(*(tests[t](pl.col("value"), n) for t, n in correction.expect.items()))
    failing = met.filter(~holds)
    if not failing.is_empty():
        raise CheckError(
            f"the expectation of a correction does not hold: value {failing['value'][0]:,} in"
            f" {failing.height} of {met.height} rows",
            where=correction.where,
            expected=", ".join(f"value {t} {n:,}" for t, n in correction.expect.items()),
            do="the source may have repaired the figure: check it, then remove the correction",
        )
    if correction.action == "drop":
        return rows.filter(~hit), met.height
    amount = correction.amount or 0
    new = (
        pl.lit(float(amount))
        if correction.action == "set"
        else (pl.col("value") * amount).round(mode="half_to_even")
    )
    if met.select((new.abs() > LARGEST).any()).item():
        raise CheckError(
            "a correction makes a value larger than the store can hold",
            where=correction.where,
            expected=f"values below {LARGEST:.0e} whole units",
            do="check its factor or value",
        )
    whole = pl.lit(int(amount)) if correction.action == "set" else new
    changed = pl.when(hit).then(whole.cast(pl.Int64, strict=False)).otherwise(pl.col("value"))
    return rows.with_columns(changed.alias("value")), met.height


def note_of(correction: Correction, rows: int) -> str:
    amount = "" if correction.amount is None else f" {correction.amount:g}"
    return (
        f"correction applied to {rows} rows ({correction.action}{amount}):"
        f" {correction.reason} [{correction.source}]"
    )


def never_met(correction: Correction) -> CheckError:
    return CheckError(
        "a correction met no row",
        where=correction.where,
        expected="at least one row that fits its selectors",
        do="check the selectors; where the source has repaired the figure, remove the correction;"
        " match = 'file name' limits it to the file it is for",
    )


def _selector(correction: Correction, levels: Mapping[str, int], reporter: str) -> pl.Expr:
    tests = [pl.lit(True)]
    if correction.flow:
        tests.append(pl.col("flow") == correction.flow)
    if correction.currency:
        tests.append(pl.col("currency") == correction.currency)
    if window := correction.period:
        first = (pl.col("period") // 100) * 12 + pl.col("period") % 100 - pl.col("months")
        start = window.first // 100 * 12 + window.first % 100 - 1
        tests.append((pl.col("period") <= window.last) & (first >= start))
    for dimension, words in (correction.words or {}).items():
        chosen = vocab.resolve(dimension, list(words), reporter=reporter, where=correction.where)
        if chosen.codes is None:
            continue
        test = (
            _product_test(chosen.codes, levels)
            if dimension == "product"
            else _code_test(dimension, words, chosen.codes, reporter)
        )
        tests.append(~test if chosen.negate else test)
    return pl.all_horizontal(*tests)


def _code_test(
    dimension: str, words: Sequence[str], codes: Sequence[str], reporter: str
) -> pl.Expr:
    """By the store's code; a partner named by the reporter's own code means that code alone."""
    if dimension == "partner":
        own = set(vocab.partner_codes(reporter)["partner_code"])
        if set(words) <= own:
            return pl.col("partner_code").is_in(list(words))
    return pl.col(dimension).is_in(list(codes))


def _product_test(prefixes: Sequence[str], levels: Mapping[str, int]) -> pl.Expr:
    test = pl.lit(False)
    for grain, level in levels.items():
        for prefix in prefixes:
            if 0 < len(prefix) <= level:
                same = pl.col("product") // 10 ** (level - len(prefix)) == int(prefix)
                test = test | ((pl.col("grain") == grain) & same)
    return test


def _words(raw: Any) -> tuple[str, ...]:
    return tuple(str(w) for w in raw) if isinstance(raw, list) else (str(raw),)


def _numbers(values: Any) -> bool:
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
