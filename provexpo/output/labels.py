"""Words of the house in English and Chinese: column headings, statuses, reasons, page texts.

The words are data, `seeds/labels.csv` with the columns key, en, zh. A key starts with what it
names: `col.` a column, `status.`, `reason.`, `flow.`, `basis.`, `page.`, `say.` a sentence.
"""

from __future__ import annotations

import csv
from functools import cache

from provexpo.output.formats import currency_of, language
from provexpo.resources import seed

_UNIT_SHOWN = {"fraction": "%", "ratio": "", "index": "", "count": "", "log points": "log"}


@cache
def words() -> dict[str, dict[str, str]]:
    """The whole table: key -> language -> text."""
    with seed("labels.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: {"en": row["en"], "zh": row["zh"]} for row in csv.DictReader(file)}


def word(key: str, lang: str = "en") -> str:
    """One text by its key; a key that stands nowhere is a fault of the library (KeyError)."""
    return words()[key][language(lang)]


def known(kind: str, name: str | None, lang: str = "en") -> str:
    """The word for a name that comes from data, or the name itself where there is no word."""
    if name is None:
        return ""
    entry = words().get(f"{kind}.{name}")
    return entry[language(lang)] if entry else str(name)


def column(name: str, lang: str = "en") -> str:
    """The heading of a column, without its unit."""
    entry = words().get(f"col.{name}")
    return entry[language(lang)] if entry else name


def unit(name: str, lang: str = "en") -> str:
    """How a unit is written in a header that is not scaled; empty where none is needed."""
    if currency_of(name):
        return str(currency_of(name))
    if name == "pp":
        return "pp" if language(lang) == "en" else "百分点"
    if name == "months":
        return "months" if language(lang) == "en" else "个月"
    if name in ("text", "code", "boolean", "period", "name"):
        return ""
    return _UNIT_SHOWN.get(name, name)


def status(name: str | None, reason: str | None = None, lang: str = "en") -> str:
    """A status in words, with the reason where it has one: "missing: months not covered"."""
    if name is None:
        return ""
    text = known("status", name, lang)
    if not reason:
        return text
    colon = ": " if lang == "en" else "："
    return f"{text}{colon}{known('reason', reason, lang)}"
