"""One row of a frame as words: its name, its figures, and what may be said of it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from typing import Any

from provexpo import vocab
from provexpo.output import formats, labels
from provexpo.resources import seed
from provexpo.result import Result

TIMES_FROM = 10  # from here on a change is "to N times the base", never "N-fold"
_NAMED = ("province", "partner", "regime", "product")
_WORDED = ("region", "section", "sector", "partner_group")
_TIME = ("month", "quarter", "year")
TIME_KEYS = _TIME
KEYS = (*_NAMED, *_WORDED, *_TIME)


@cache
def sayings() -> dict[str, dict[str, str]]:
    """The sentences of `seeds/sayings.csv`: key -> language -> text."""
    with seed("sayings.csv").open(encoding="utf-8", newline="") as file:
        return {r["key"]: {"en": r["en"], "zh": r["zh"]} for r in csv.DictReader(file)}


def saying(key: str, lang: str, fields: Mapping[str, Any]) -> str:
    return sayings()[key][lang].format_map(fields)


class Figures(dict[str, Any]):
    """A row's figures as text, by column; `x_abs`, `x_signed`, `x_pct`, `x_times`,
    `x_decimal` and `x_chance` are other ways to write column x."""

    def __init__(self, row: Mapping[str, Any], units: Mapping[str, str], lang: str) -> None:
        super().__init__()
        self._row, self._units, self._lang = row, units, lang

    def __missing__(self, key: str) -> str:
        for ending, write in _ENDINGS.items():
            column = key.removesuffix(ending)
            if key.endswith(ending) and column in self._row:
                x = self._row[column]
                return formats.missing(self._lang) if x is None else write(x, self._lang)
        if key.endswith("_name") and self._row.get(key):
            return _who(self._row, key, self._lang)
        unit = self._units.get(key, "text")
        signed = unit != "count" and key in _SIGNED
        if signed and formats.currency_of(unit):
            return formats.money(self._row[key], unit, self._lang, sign=True)
        if unit == "index":
            return _index(self._row[key], self._lang)
        return formats.value(self._row.get(key), unit, self._lang)


def _who(row: Mapping[str, Any], key: str, lang: str) -> str:
    """The name of a place or partner that a figure belongs to, by its code."""
    code = str(row.get(key.removesuffix("_name")))
    for dimension in ("province", "partner"):
        if code in vocab.names(dimension, lang):
            return vocab.names(dimension, lang)[code]
    return str(row[key])


def _index(x: float | None, lang: str) -> str:
    return formats.missing(lang) if x is None else formats.number(x, 3)


_SIGNED = (
    "change", "d_us", "d_row", "ns", "im", "rs", "growth_eff", "product_eff", "market_eff",
    "comp_eff", "balance", "fl_usd", "payback_usd",
)  # fmt: skip
_ENDINGS = {
    "_abs": lambda x, lang: formats.percent(abs(x), lang),
    "_signed": lambda x, lang: formats.percent(x, lang, sign=True),
    "_pct": lambda x, lang: formats.percent(x, lang),
    "_times": formats.times,
    "_decimal": lambda x, lang: formats.number(x, 1),
    "_decimal2": lambda x, lang: formats.number(x, 2),
    "_chance": lambda x, lang: "<0.001" if x < 0.001 else formats.number(x, 3),
}


def name_of(row: Mapping[str, Any], result: Result, lang: str) -> str:
    """The keys of a row in words; empty for the one national row."""
    if "measure" in row:
        return saying(f"measure.{row['measure']}", lang, {})
    comma = ", " if lang == "en" else "、"
    return comma.join(_key_words(row, key, result, lang) for key in KEYS if key in row)


def _key_words(row: Mapping[str, Any], key: str, result: Result, lang: str) -> str:
    code = row[key]
    if code is None:
        return formats.missing(lang)
    if key in _TIME:
        return formats.window(str(code), lang)
    if key == "product":
        name = vocab.names("product", lang).get(str(code), "")
        return f"HS {code} {name}".strip()
    if key in _WORDED:
        # The frame holds the word in its own language; its code is found by it.
        own = {word: c for c, word in vocab.names(key, result.lang).items()}
        return vocab.names(key, lang).get(own.get(str(code), str(code)), str(code))
    reporter = str(result.receipt.call.get("reporter", "CHN"))
    held = row.get(f"{key}_name") if lang == result.lang else None
    return str(held or vocab.names(key, lang, reporter).get(str(code), code))


def said_of(row: Mapping[str, Any], result: Result, lang: str) -> str:
    """The figures of a row, by what kind of row it is."""
    fields = Figures(row, result.units, lang)
    metric = result.receipt.metric
    status = row.get("status")
    if status == "missing":
        why = labels.known("reason", row.get("reason"), lang)
        why = why or labels.known("status", "missing", lang)
        return saying("fig.missing", lang, {"why": why})
    kind = _KINDS.get(metric, lambda _: "ok")(row)
    if kind == "ok" and status in ("none", "negative"):
        kind = str(status)
    key = f"fig.{metric}.{kind}"
    if key not in sayings():
        key = f"fig.{kind}" if f"fig.{kind}" in sayings() else f"fig.{metric}.ok"
    text = saying(key, lang, fields)
    if row.get("small_base"):
        text = saying("limits.small_mark", lang, {"text": text})
    return text


def _growth(row: Mapping[str, Any]) -> str:
    status, ratio = row.get("status"), row.get("ratio")
    if status in ("new", "exit", "none", "negative"):
        return str(status)
    if ratio is None:
        return "rate" if row.get("pct") is not None else "missing"
    if ratio >= TIMES_FROM:
        return "times"
    return "flat" if ratio == 1 else "up" if ratio > 1 else "down"


def _offset(row: Mapping[str, Any]) -> str:
    if row.get("offset_status") in ("no_us_decline", "small_decline"):
        return str(row["offset_status"])
    ratio = row.get("offset_ratio")
    if ratio is None:
        return "missing"
    return "loss" if ratio < 0 else "gain_times" if ratio >= TIMES_FROM else "gain"


def _records(row: Mapping[str, Any]) -> str:
    if row.get("record_all"):
        return "record"
    return "plain" if row.get("rank") is None else "rank"


def _screen(row: Mapping[str, Any]) -> str:
    flag = row.get("screen_flag")
    return "unjudged" if flag is None else "flagged" if flag else "ok"


def _frontloading(row: Mapping[str, Any]) -> str:
    if row.get("fl_usd") is None:
        return "none"
    return "found" if row.get("is_frontloading") else "ok"


def _deflection(row: Mapping[str, Any]) -> str:
    if row.get("hit") is None:
        return "unjudged"
    if not row["hit"]:
        return "ok"
    return "hit_only" if row.get("deflected_usd") is None else "hit"


_TYPES = {"rerouting_candidate": "candidate", "relocation_candidate": "relocation"}


def _rerouting(row: Mapping[str, Any]) -> str:
    """The type, and of the two types that pass the gates the confidence."""
    kind, level = str(row.get("type") or "unjudged"), row.get("confidence") or "none"
    if kind in _TYPES:
        return f"{_TYPES[kind]}_{level}"
    return kind


_SCREENS = (
    "mirror_gap", "basis_gap", "unit_value_outliers", "quarter_end", "sudden_appearance",
    "registration_shift",
)  # fmt: skip


_KINDS = {
    "exposure_response": lambda row: "few" if row.get("loo_min") is None else "ok",
    **dict.fromkeys(_SCREENS, _screen),
    "frontloading": _frontloading,
    "value": lambda row: "single" if row.get("share") in (None, 1.0) else "ok",
    "growth": _growth,
    "dependence": lambda row: "no_base" if row.get("base_share") is None else "ok",
    "offset": _offset,
    "records": _records,
    "breadth": lambda row: "count" if row.get("median_pct") is None else "ok",
    "decline": lambda row: "new" if row.get("status") == "new" else "ok",
    "seasonal": lambda row: "plain" if row.get("sa") is None else "ok",
    "relocation": lambda row: str(row.get("relocation_status")),
    "deflection": _deflection,
    "rerouting": _rerouting,
    "own_switch": lambda row: "no_loss" if row.get("own_switch_ratio") is None else "ok",
    "rerouting_by_province": lambda row: "ok" if row.get("rv_province") else "none",
    "gravity_residual": lambda row: "no_base" if row.get("resid_ratio") is None else "ok",
}
