"""The 31 provinces of mainland China and the groups they form."""

from __future__ import annotations

from functools import cache

import polars as pl

from provexpo.vocab.book import EVERYTHING_WORDS, Book, Entry, everything
from provexpo.vocab.tables import read, rows, words_of

_EXPECTED = (
    "a two-digit code, ISO 3166-2, a name in English or Chinese, a region, a list, or 'not X'"
)


def province_codes() -> tuple[str, ...]:
    """The 31 two-digit codes, in order."""
    return tuple(read("places")["code"])


def place_table() -> pl.DataFrame:
    """province, region, name_en, name_zh, iso_3166_2: one row a province."""
    return read("places").select(
        pl.col("code").alias("province"), "region", "name_en", "name_zh", "iso_3166_2"
    )


@cache
def place_lookup() -> dict[str, str]:
    """normalise(word) -> province code, for words that mean exactly one province."""
    return {
        key: entry.codes[0]
        for key, entry in place_book().entries().items()
        if entry.codes and not entry.group
    }


@cache
def place_book() -> Book:
    book = Book("province", "pe.provinces()", _EXPECTED)
    one = {
        p["code"]: Entry((p["code"],), p["name_en"], p["name_zh"], hint=p["code"])
        for p in rows("places")
    }
    for p in rows("places"):
        names = (p["code"], p["iso_3166_2"], p["name_en"], p["name_zh"], p["name_zh_full"])
        book.add(names, one[p["code"]])
    for a in rows("place_aliases"):
        book.add((a["alias"],), one[a["code"]])
    for a in rows("place_ambiguous"):
        candidates = tuple(one[c] for c in a["candidates"].split())
        book.add_ambiguous(a["alias"], a["reason"], candidates)
    for r in rows("regions"):
        codes = tuple(read("places").filter(pl.col("region") == r["region"])["code"])
        book.add(
            (r["region"], r["name_en"], r["name_zh"], *words_of(r["aliases"])),
            Entry(
                codes, r["name_en"], r["name_zh"], hint=f"{len(codes)} provinces", group=r["region"]
            ),
        )
    words = (*EVERYTHING_WORDS, "all provinces", "31 provinces", "31 mainland")
    book.add(words, everything("province"))
    return book
