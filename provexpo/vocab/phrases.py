"""What results say about themselves, in English and Chinese: `seeds/phrases.csv`."""

from __future__ import annotations

from functools import cache

from provexpo.vocab import tables


@cache
def _phrases() -> dict[str, dict[str, str]]:
    return {r["key"]: {"en": r["en"], "zh": r["zh"]} for r in tables.rows("phrases")}


def phrase(key: str, lang: str = "en", /, **fields: object) -> str:
    """A phrase in a language, with its fields filled in.

    >>> phrase("scope.only", "en", dimension="products", codes="85177950")
    'products: 85177950 only'
    """
    return _phrases()[key][lang].format_map(fields)
