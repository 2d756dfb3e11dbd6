"""Places of other reporters: Brazil's municipalities, in the codes of its trade ministry."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest

from provexpo import vocab
from provexpo.vocab.tables import read


def test_codes_are_unique_and_text_is_tidy() -> None:
    places = read("own_places")
    assert places.select("reporter", "code").is_unique().all()
    for name in places["name"]:
        assert name == " ".join(name.split()) == unicodedata.normalize("NFC", name)


def test_every_area_is_named_with_a_source() -> None:
    areas, places = read("own_areas"), read("own_places")
    assert areas["source"].null_count() == 0
    used = set(places.select("reporter", "area").rows())
    assert used == set(areas.select("reporter", "area").rows())


@pytest.mark.parametrize("area", ["PR", "DF", "SP"])
def test_whole_areas(area: str) -> None:
    codes = vocab.own_places("BRA").filter(pl.col("area") == area)["code"].to_list()
    name = f"{vocab.own_areas('BRA')[area]} ({area})"
    assert vocab.whole_areas("BRA", codes) == name
    assert vocab.whole_areas("BRA", codes[1:]) == ""
    assert vocab.whole_areas("BRA", [*codes, "0000000"]) == ""
    assert vocab.whole_areas("CHN", codes) == ""


def test_names_by_reporter() -> None:
    assert vocab.names("province", reporter="BRA")["4118204"] == "Paranaguá"
    assert vocab.names("province", "zh")["44"] == "广东"
    assert vocab.names("province", reporter="TWN") == {}
