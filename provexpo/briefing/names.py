"""The provinces of a briefing, named in a row, and those that it has no row for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from provexpo import vocab
from provexpo.briefing.facts import Facts
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.words import listed
from provexpo.maps.regions import province_codes

HOME = "CHN"  # the reporter whose provinces have boundaries here
_FEW = 3  # more names than this are not listed where they are all there are


def names_of(names: Iterable[str], rows: Sequence[ProvinceRow], facts: Facts) -> str:
    """Names in a row; all of them are not worth a list."""
    some = list(names)
    if len(some) > _FEW and len(some) == len(rows):
        return facts.word("page.every", n=len(some))
    return listed(some, facts.lang)


def absent(facts: Facts, rows: Sequence[ProvinceRow], reporter: str) -> str:
    """The provinces that no figure has a row for, in a sentence; the map hatches them."""
    if not rows or reporter != HOME:
        return ""
    names = vocab.names("province", facts.lang)
    codes = sorted(set(province_codes()) - {r.code for r in rows})
    missing = listed((names[c] for c in codes), facts.lang)
    return facts.word("page.absent", names=missing) if missing else ""
