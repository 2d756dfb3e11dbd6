"""Square brackets of a pick: whether a row is the one, or one of those, that they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provexpo import vocab
from provexpo.claims.picks import Condition
from provexpo.errors import UnknownCodeError

SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def meets(c: Condition, row: Mapping[str, Any], reporter: str) -> bool:
    """True where a row's cell meets a condition; an empty cell meets none but !=."""
    cell = row[c.key]
    if c.sign in ("=", "!="):
        return _is(c.key, cell, c.value, reporter) == (c.sign == "=")
    if cell is None:
        return False
    number = _number(c.value)
    if number is not None and (text := _number(str(cell))) is not None:
        return SIGNS[c.sign](text, number)
    return SIGNS[c.sign](str(cell), c.value)


def _is(key: str, cell: Any, value: str, reporter: str) -> bool:
    """A cell against a word: a code or name in either language, a group, several by + or ,"""
    if cell is None:
        return False
    if isinstance(cell, bool):
        return cell == (value.strip().lower() in ("true", "yes", "1"))
    if key in ("province", "partner", "regime", "product"):
        chosen = vocab.resolve(key, value, reporter=reporter, where=f"[{key}={value}]")
        if chosen.codes is None:
            return True
        hit = any(
            str(cell).startswith(code) if key == "product" else str(cell) == code
            for code in chosen.codes
        )
        return hit != chosen.negate
    if isinstance(cell, int | float):
        return _number(value) == float(cell)
    words = {vocab.normalise(w) for word in value.split("+") for w in (word, *_meant(key, word))}
    return bool(words & _spellings(key, str(cell)))


def _spellings(key: str, cell: str) -> set[str]:
    """The code and the names of a region, group or sector."""
    found = {cell}
    if key in ("region", "section", "sector", "partner_group"):
        english, chinese = vocab.names(key, "en"), vocab.names(key, "zh")
        codes = [c for c in english if cell in (c, english[c], chinese[c])]
        found |= {text for c in codes for text in (c, english[c], chinese[c])}
    return {vocab.normalise(word) for word in found}


def _meant(key: str, word: str) -> tuple[str, ...]:
    """The code of the partner group that a word such as "EU" names."""
    if key != "partner_group":
        return ()
    try:
        chosen = vocab.resolve("partner", word)
    except UnknownCodeError:  # "other": a name of the partition alone
        return ()
    single = chosen.codes if chosen.codes and len(chosen.codes) == 1 else ()
    return (*chosen.groups, *single)


def _number(text: str) -> float | None:
    percent = text.strip().endswith("%")
    try:
        return float(text.strip().rstrip("%")) / (100 if percent else 1)
    except ValueError:
        return None
