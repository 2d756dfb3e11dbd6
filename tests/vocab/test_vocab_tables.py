"""Look-ups, names and partitions that other rooms join with."""

import subprocess
import sys

import polars as pl
import pytest

from provexpo import vocab
from provexpo.errors import CallError, UnknownCodeError


def group_of(partition):
    return dict(vocab.partition(partition).iter_rows())


@pytest.mark.parametrize("name", ["continent", "main", "desk", "income", "ASEAN", "欧盟"])
def test_a_partition_holds_every_partner_once(name):
    table = vocab.partition(name)
    assert table.columns == ["partner", "partner_group"]
    assert set(table["partner"]) == set(vocab.names("partner"))
    assert table.height == table["partner"].n_unique()
    assert table["partner_group"].null_count() == 0
    assert set(table["partner_group"]) <= set(vocab.names("partner_group"))


def test_continents_are_those_of_the_customs_list():
    home = group_of("continent")
    expected = {
        "USA": "North America", "MEX": "Latin America", "RUS": "Europe", "TUR": "Asia",
        "CYP": "Asia", "GEO": "Asia", "HKG": "Asia", "EGY": "Africa", "AUS": "Oceania",
        "GRL": "North America", "X701": "other", "ATA": "other", "X299": "Africa",
    }  # fmt: skip
    assert {p: home[p] for p in expected} == expected


def test_main_partners():
    home = group_of("main")
    expected = {
        "USA": "USA", "DEU": "EU27", "VNM": "ASEAN", "TLS": "ASEAN", "JPN": "JPN", "KOR": "KOR",
        "HKG": "HKG", "TWN": "TWN", "GBR": "other", "X701": "other",
    }  # fmt: skip
    assert {p: home[p] for p in expected} == expected


def test_europe_beside_the_eu_has_a_name_of_its_own():
    home = group_of("desk")
    assert (home["DEU"], home["CYP"], home["GBR"]) == ("EU27", "EU27", "rest of Europe")


def test_one_group_against_all_others():
    home = group_of("G7")
    assert sum(g == "G7" for g in home.values()) == 7
    assert set(home.values()) == {"G7", "other"}


def test_an_unknown_partition_is_an_error_with_the_known_ones():
    with pytest.raises(UnknownCodeError, match="continent, main, desk"):
        vocab.partition("continents of the moon")
    with pytest.raises(UnknownCodeError):
        vocab.partition("USA")  # a partner is no group


def test_place_lookup_holds_only_what_is_unambiguous():
    lookup = vocab.place_lookup()
    assert set(lookup.values()) == set(vocab.province_codes())
    assert lookup[vocab.normalise("广西壮族自治区")] == "45"
    for word in ("산시성", "东部", "east", "all", "吉林市", "HE"):
        assert vocab.normalise(word) not in lookup


def test_partner_lookup_gives_the_code_in_use():
    lookup = vocab.partner_lookup()
    expected = {
        "美国": "502", "usa": "502", "502": "502", "Georgia": "150", "337": "337",
        "French Polynesia": "623", "PYF": "623", "Society Islands": "612", "社会群岛": "612",
        "Saint Pierre and Miquelon": "505", "Netherlands Antilles": "449", "BES": "449",
        "Bahrian": "102", "国家(地区)不明": "701", "X999": "999", "Congo, DR": "252",
    }  # fmt: skip
    assert {w: lookup[vocab.normalise(w)] for w in expected} == expected
    assert set(lookup.values()) == set(vocab.partner_codes()["partner_code"])


def test_partner_codes_of_a_reporter_without_a_list_are_iso3():
    table = vocab.partner_codes("FRA")
    assert (table["partner_code"] == table["partner"]).all()
    assert table.schema == vocab.partner_codes("CHN").schema
    assert vocab.partner_lookup("FRA")["美国"] == "USA"


def test_chapter_and_place_tables():
    chapters = vocab.chapter_table()
    assert chapters.schema["hs2"] == pl.Int32 and chapters.height == 98
    assert chapters.null_count().row(0) == (0, 0, 0)
    assert chapters.filter(hs2=85).row(0) == (85, 16, "electronics")
    places = vocab.place_table()
    assert places.columns == ["province", "region", "name_en", "name_zh", "iso_3166_2"]
    assert places.filter(province="61").row(0) == ("61", "west", "Shaanxi", "陕西", "CN-SN")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_names_are_complete(lang):
    assert set(vocab.names("province", lang)) == set(vocab.province_codes())
    assert set(vocab.names("regime", lang)) == vocab.regime_codes()
    assert set(vocab.names("sector", lang)) == set(vocab.chapter_table()["sector"])
    for dimension in ("region", "partner", "product", "section", "partner_group", "basket"):
        assert all(vocab.names(dimension, lang).values()), dimension


def test_names_of_something_else_are_an_error():
    with pytest.raises(CallError):
        vocab.names("planet")
    with pytest.raises(CallError):
        vocab.names("province", "fr")


def test_tables_to_browse():
    assert vocab.provinces().height == 31
    assert vocab.regimes().height == 20
    assert vocab.partners().filter(partner="PYF").height == 6
    assert vocab.groups("EU").height == 27
    assert vocab.groups().filter(group="ASEAN")["members"].item() == 11
    assert vocab.baskets().schema["is_approximation"] == pl.Boolean
    assert vocab.baskets("chips")["product"].to_list() == ["8542"]
    with pytest.raises(UnknownCodeError):
        vocab.groups("no such group")


def test_import_reads_no_table():
    code = (
        "import provexpo.vocab as v, provexpo.vocab.tables as t;"
        "assert t.read.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
