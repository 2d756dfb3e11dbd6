"""Partner codes of the US Census, of Comex Stat and of UN Comtrade, and the words around them."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest

from provexpo import vocab
from provexpo.errors import UnknownCodeError
from provexpo.vocab.tables import read

OTHERS = ("USA", "BRA", "M49")


def codes(word: str, reporter: str) -> tuple[str, ...] | None:
    return vocab.resolve("partner", word, reporter=reporter).codes


@pytest.mark.parametrize("reporter", ["USA", "BRA", "FRA"])
@pytest.mark.parametrize("word", ["China", "中国", "CHN", "CN"])
def test_names_and_iso_codes_hold_for_every_reporter(reporter: str, word: str) -> None:
    assert codes(word, reporter) == ("CHN",)


@pytest.mark.parametrize("reporter", ["USA", "BRA", "FRA"])
def test_groups_hold_for_every_reporter(reporter: str) -> None:
    for group in ("EU", "ASEAN", "Africa", "G7"):
        assert codes(group, reporter) == codes(group, "CHN")
    without = vocab.resolve("partner", "not US", reporter=reporter)
    assert (without.codes, without.negate) == (("USA",), True)


@pytest.mark.parametrize(
    ("reporter", "code", "partner"),
    [
        ("USA", "5700", "CHN"), ("USA", "5520", "VNM"), ("USA", "2010", "MEX"),
        ("USA", "5330", "IND"), ("USA", "5830", "TWN"), ("USA", "4803", "XKX"),
        ("USA", "5082", "PSE"), ("USA", "5083", "PSE"), ("USA", "7660", "COD"),
        ("USA", "7630", "COG"), ("USA", "8220", "X8220"),
        ("BRA", "160", "CHN"), ("BRA", "249", "USA"), ("BRA", "023", "DEU"),
        ("BRA", "161", "TWN"), ("BRA", "578", "PSE"), ("BRA", "994", "X994"),
        ("M49", "156", "CHN"), ("M49", "842", "USA"), ("M49", "840", "USA"),
        ("M49", "490", "TWN"), ("M49", "757", "CHE"), ("M49", "251", "FRA"),
        ("M49", "381", "ITA"), ("M49", "380", "ITA"), ("M49", "579", "NOR"),
        ("M49", "699", "IND"), ("M49", "899", "X899"), ("M49", "004", "AFG"),
    ],
)  # fmt: skip
def test_own_codes(reporter: str, code: str, partner: str) -> None:
    known = dict(vocab.partner_codes(reporter).select("partner_code", "partner").iter_rows())
    assert known[code] == partner
    assert codes(code, reporter) == (partner,)


@pytest.mark.parametrize(
    ("reporter", "word"),
    [("USA", "502"), ("USA", "249"), ("BRA", "5700"), ("CHN", "5700"), ("FRA", "249"),
     ("USA", "X701"), ("BRA", "X701"), ("CHN", "X8220"), ("USA", "X994"), ("CHN", "X994")],
)  # fmt: skip
def test_codes_of_another_reporter_are_refused(reporter: str, word: str) -> None:
    with pytest.raises(UnknownCodeError, match=f"unknown partner '{word}'"):
        codes(word, reporter)


def test_codes_of_the_united_nations_hold_for_every_reporter() -> None:
    """A Comtrade file of any reporter may hold them."""
    for reporter in ("CHN", "USA", "BRA", "FRA"):
        assert codes("X899", reporter) == ("X899",)


def test_one_word_two_reporters() -> None:
    assert codes("Canary Islands", "CHN") == ("X207",)
    assert codes("Canary Islands", "BRA") == ("X151",)
    assert codes("Not declared", "BRA") == ("XBRA999",)  # X999 is another thing in China's list


def test_aggregates_are_known_and_are_no_partners() -> None:
    usa = vocab.partner_aggregates("USA")
    assert {"-", "0003", "0014", "0022", "0023", "0027", "1XXX", "7XXX"} <= set(usa)
    assert (usa["0003"], usa["0022"], usa["0023"]) == ("European Union", "OECD", "NATO")
    assert vocab.partner_aggregates("M49")["000"] == "World"
    for reporter in OTHERS:
        listed = set(vocab.partner_codes(reporter)["partner_code"])
        assert not listed & set(vocab.partner_aggregates(reporter))
        assert vocab.partner_codes(reporter)["partner"].null_count() == 0


@pytest.mark.parametrize("reporter", OTHERS)
def test_lists_are_sound(reporter: str) -> None:
    own = read("partners").filter(reporter=reporter)
    assert own["source"].null_count() == 0 and own["name_en"].null_count() == 0
    width = 4 if reporter == "USA" else 3
    plain = own.filter(pl.col("status") != "aggregate")
    assert plain["code"].str.contains(rf"^[0-9]{{{width}}}$").all()
    for (code,), held in plain.group_by("code"):
        spans = sorted((r["valid_from"] or "0", r["valid_to"] or "9") for r in held.to_dicts())
        assert all(end < start for (_, end), (start, _) in pairwise(spans)), code
    assert set(vocab.partner_lookup(reporter).values()) == set(plain["code"])


@pytest.mark.parametrize("reporter", OTHERS)
def test_codes_without_a_country_are_x_codes_of_their_own(reporter: str) -> None:
    listed = read("partners").filter(pl.col("status") != "aggregate")
    kinds = dict(read("countries").select("partner", "kind").iter_rows())
    special = listed.filter(
        pl.col("partner").str.contains(r"^X.*[0-9]"), pl.col("reporter") == reporter
    )
    assert not special.is_empty()
    for code, partner in special.select("code", "partner").iter_rows():
        assert partner in (f"X{code}", f"X{reporter}{code}")
        assert kinds[partner] != "country"
        holders = listed.filter(pl.col("partner") == partner)["reporter"].unique()
        assert holders.to_list() == [reporter], "the same X-code would name two things"


def test_iso_countries_are_all_in_the_un_list() -> None:
    countries = set(read("countries").filter(kind="country")["partner"])
    assert countries == {p for p in vocab.partner_codes("M49")["partner"] if p in countries}
