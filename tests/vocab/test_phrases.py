"""What results say: complete in both languages, with the same fields."""

from __future__ import annotations

import string

import pytest

from provexpo.vocab import phrase, tables

ROWS = tables.rows("phrases")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("row", ROWS, ids=[r["key"] for r in ROWS])
def test_both_languages_say_the_same_fields(row: dict[str, str]) -> None:
    assert row["en"] and row["zh"]
    assert fields(row["en"]) == fields(row["zh"])


def test_keys_stand_once() -> None:
    assert len({r["key"] for r in ROWS}) == len(ROWS)


def test_a_phrase_is_filled_in() -> None:
    assert phrase("scope.only", "zh", dimension="商品", codes="85") == "商品：仅85"
