"""What to print for a code, in the language asked for."""

from __future__ import annotations

from functools import cache

from provexpo.errors import CallError
from provexpo.vocab.own_places import own_places
from provexpo.vocab.partners import OTHER
from provexpo.vocab.tables import rows

# dimension -> table, column of the code, column of the English name
_SOURCES = {
    "province": ("places", "code", "name_en"),
    "region": ("regions", "region", "name_en"),
    "partner": ("countries", "partner", "name_en"),
    "regime": ("regimes", "code", "name_en"),
    "product": ("chapters", "hs2", "short"),
    "section": ("sections", "section", "short"),
    "sector": ("sector_names", "sector", "name_en"),
    "partner_group": ("groups", "group", "name_en"),
    "basket": ("baskets", "basket", "name_en"),
}


def names(dimension: str, lang: str = "en", reporter: str = "CHN") -> dict[str, str]:
    """code -> name of a dimension, in English or Chinese ("zh").

    Partner groups hold also what partitions name: single partners and "other". Places of another
    reporter have the names that it gives them, where its table is held.

    >>> names("province")["61"], names("province", "zh")["61"]
    ('Shaanxi', '陕西')
    """
    if dimension not in _SOURCES or lang not in ("en", "zh"):
        raise CallError(
            f"there are no names of {dimension!r} in {lang!r}",
            expected="one of " + ", ".join(_SOURCES) + "; language en or zh",
        )
    if dimension == "province" and reporter != "CHN":
        return dict(own_places(reporter).select("code", "name").iter_rows())
    return dict(_names(dimension, lang))


@cache
def _names(dimension: str, lang: str) -> dict[str, str]:
    table, code, english = _SOURCES[dimension]
    column = english if lang == "en" else "name_zh"
    found = {row[code]: row[column] for row in rows(table)}
    if dimension == "partner_group":
        partners = _names("partner", lang)
        for p in rows("partitions"):
            name = p["name_en"] if lang == "en" else p["name_zh"]
            label = p["partner_group"]
            found.setdefault(label, name or partners.get(p["element"], label))
        found[OTHER] = "Other partners" if lang == "en" else "其他贸易伙伴"
    return found
