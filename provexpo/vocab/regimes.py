"""Customs regimes (trade modes) of the Chinese customs statistics."""

from __future__ import annotations

from functools import cache

from provexpo.vocab.book import EVERYTHING_WORDS, Book, Entry, everything
from provexpo.vocab.tables import read, rows, words_of

_EXPECTED = "a two-digit regime code, a name in English or Chinese, a list, or 'not X'"


def regime_codes() -> set[str]:
    return set(read("regimes")["code"])


@cache
def regime_book() -> Book:
    book = Book("regime", "pe.regimes()", _EXPECTED)
    for r in rows("regimes"):
        entry = Entry((r["code"],), r["name_en"], r["name_zh"], hint=r["code"])
        book.add((r["code"], r["name_en"], r["name_zh"], *words_of(r["aliases"])), entry)
    for g in rows("regime_groups"):
        codes = tuple(g["regimes"].split())
        entry = Entry(codes, g["name_en"], g["name_zh"], hint=", ".join(codes), group=g["group"])
        book.add((g["group"], g["name_en"], g["name_zh"], *words_of(g["aliases"])), entry)
    book.add((*EVERYTHING_WORDS, "all regimes"), everything("regime"))
    return book
