"""What a receipt or an error says in English, in the words of the page's language."""

from __future__ import annotations

import re
from collections.abc import Iterable

from provexpo.errors import ProvexpoError
from provexpo.output import labels

# The two forms of a scope in a receipt: "products: 85177950 only", "partners assumed complete".
ONLY = re.compile(r"(?P<what>\w+): (?P<codes>.+) only$")
ASSUMED = re.compile(r"(?P<what>\w+) assumed complete$")
_NOT_BY = re.compile(
    r"no table of (?P<flow>\w+) is broken down by (?P<dims>[a-z, ]+?)(?: at HS\d)?$"
)
_NOT_IN = re.compile(
    r"no table holds (?P<flow>\w+) in (?P<currency>[A-Z]{3}) broken down as asked$"
)


def scopes(texts: Iterable[str], form: re.Pattern[str], lang: str) -> str:
    """The scopes of one form, in a row."""
    return listed((_scope(found, lang) for t in texts if (found := form.match(t))), lang)


def limited_dimensions(texts: Iterable[str]) -> set[str]:
    """The dimensions of which the figures hold some codes only: {"products"}."""
    return {found["what"] for t in texts if (found := ONLY.match(t))}


def _scope(found: re.Match[str], lang: str) -> str:
    if found.re is ASSUMED:
        what = labels.known("scope", found["what"], lang)
        return labels.word("limits.assumed", lang).format(what=what)
    if many := re.fullmatch(r"([\d,]+) in the files", found["codes"]):
        what = labels.known("scope", found["what"], lang)
        return labels.word("limits.many", lang).format(n=many[1], what=what)
    codes = found["codes"].split(", ")
    what = labels.known("one" if len(codes) == 1 else "scope", found["what"], lang)
    return labels.word("limits.only", lang).format(what=what, codes=listed(codes, lang))


def reason_of(err: ProvexpoError, lang: str) -> str:
    """Why a figure cannot be had; a reason without words of its own stays as it was raised."""
    flow = labels.known("flow", found["flow"].removesuffix("s"), lang) if (
        found := _NOT_BY.match(err.what) or _NOT_IN.match(err.what)
    ) else ""  # fmt: skip
    if found is None:
        return err.what
    if found.re is _NOT_IN:
        return labels.word("why.not_in", lang).format(flow=flow, currency=found["currency"])
    dims = listed((labels.known("broken", d, lang) for d in found["dims"].split(", ")), lang)
    return labels.word("why.not_by", lang).format(flow=flow, dims=dims)


def listed(names: Iterable[str], lang: str) -> str:
    return (", " if lang == "en" else "、").join(names)
