"""Products: HS codes, and the chapters, sections, sectors and baskets that group them."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from provexpo.vocab.book import EVERYTHING_WORDS, Book, Dates, Entry, everything
from provexpo.vocab.tables import month_or_none, read, rows, words_of

_EXPECTED = (
    "an HS code of 2, 4, 6, 8 or 10 digits, a chapter, section, sector or basket, a list,"
    " or 'not X'"
)
_CODE = re.compile(r"(?:hs|chapter|heading|subheading|第)?\s*(\d[\d.]*\d)\s*(?:章)?", re.I)
_LEVELS = (2, 4, 6, 8, 10)


@cache
def chapter_table() -> pl.DataFrame:
    """hs2 (Int32), section, sector: one row a chapter."""
    chapters = read("chapters").join(read("sectors"), on="hs2", how="left")
    return chapters.select(pl.col("hs2").cast(pl.Int32), pl.col("section").cast(pl.Int32), "sector")


@cache
def basket_products() -> dict[str, dict[str, Dates]]:
    """basket -> product prefix -> (first, last) yyyymm; None is open."""
    found: dict[str, dict[str, Dates]] = {}
    for b in rows("basket_products"):
        dates = (month_or_none(b["valid_from"]), month_or_none(b["valid_to"]))
        found.setdefault(b["basket"], {})[b["product"]] = dates
    return found


class ProductBook(Book):
    """Words for products, and every HS code whose chapter exists."""

    def find(self, word: str) -> Entry | None:
        return super().find(word) or self._code(word)

    def _code(self, word: str) -> Entry | None:
        found = _CODE.fullmatch(word.strip())
        digits = found[1].replace(".", "") if found else ""
        if len(digits) not in _LEVELS or not digits.isascii() or digits[:2] not in chapter_names():
            return None
        return Entry((digits,), f"HS {digits}", f"HS {digits}")

    def advice(self, word: str) -> str:
        digits = re.sub(r"\D", "", word)
        if digits and digits == word.strip().replace(".", ""):
            return _code_advice(digits)
        return super().advice(word)


def _code_advice(digits: str) -> str:
    if len(digits) in _LEVELS:
        return f"there is no HS chapter {digits[:2]};"
    lost = len(digits) + 1 in _LEVELS and f"0{digits}"[:2] in chapter_names()
    zero = f" (0{digits}, if the leading zero was lost)" if lost else ""
    return f"an HS code has 2, 4, 6, 8 or 10 digits, not {len(digits)}{zero};"


@cache
def chapter_names() -> dict[str, str]:
    return dict(read("chapters").select("hs2", "short").iter_rows())


@cache
def product_book() -> Book:
    book = ProductBook("product", "pe.baskets()", _EXPECTED)
    for b in rows("baskets"):
        _add_basket(book, b)
    _add_sectors(book)
    for c in rows("chapters"):
        entry = Entry(
            (c["hs2"],), f"HS {c['hs2']} {c['short']}", c["name_zh"], hint=f"HS {c['hs2']}"
        )
        book.add((c["hs2"], c["short"], c["name_en"], c["name_zh"]), entry)
    for s in rows("sections"):
        codes = tuple(read("chapters").filter(pl.col("section") == s["section"])["hs2"])
        label = f"section {s['section']} {s['short']}"
        entry = Entry(codes, label, s["name_zh"], hint=f"section {s['section']}", group=label)
        number = (f"section {s['section']}", f"section {s['roman']}", f"第{s['section']}类")
        book.add((*number, s["short"], s["name_en"], s["name_zh"]), entry)
    book.add((*EVERYTHING_WORDS, "all products", "all goods"), everything("product"))
    return book


def _add_basket(book: Book, b: dict[str, str]) -> None:
    members = basket_products()[b["basket"]]
    dated = {p: d for p, d in members.items() if d != (None, None)}
    notes: tuple[str, ...] = ()
    if b["is_approximation"] == "true":
        notes = (f"{b['name_en']} is an approximation: {b['definition']}",)
    entry = Entry(
        tuple(members), b["name_en"], b["name_zh"], hint=f"basket {b['basket']}",
        group=b["basket"], dates=dated, notes=notes,
    )  # fmt: skip
    book.add((b["basket"], b["name_en"], b["name_zh"], *words_of(b["aliases"])), entry)


def _add_sectors(book: Book) -> None:
    names = {s["sector"]: s for s in rows("sector_names")}
    for sector, s in names.items():
        codes = tuple(read("sectors").filter(pl.col("sector") == sector)["hs2"])
        entry = Entry(codes, s["name_en"], s["name_zh"], hint=f"sector {sector}", group=sector)
        book.add((sector, s["name_en"], s["name_zh"]), entry)
