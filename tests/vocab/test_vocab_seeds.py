"""The code tables themselves: sources, keys, and counts known from outside."""

import unicodedata
from itertools import pairwise

import polars as pl
import pytest

from provexpo.vocab.tables import read, words_of
from provexpo.vocab.words import normalise

CODE_TABLES = (
    "basket_products", "baskets", "chapters", "countries", "groups", "partitions",
    "partner_aliases", "partner_groups", "partners", "place_aliases", "place_ambiguous", "places",
    "regime_groups", "regimes", "regions", "sections", "sector_names", "sectors",
)  # fmt: skip


@pytest.mark.parametrize("name", CODE_TABLES)
def test_every_row_has_a_source(name):
    assert read(name).filter(pl.col("source").fill_null("").str.strip_chars() == "").is_empty()


@pytest.mark.parametrize("name", CODE_TABLES)
def test_no_row_stands_twice(name):
    table = read(name).drop("source")
    assert table.height == table.unique().height


@pytest.mark.parametrize("name", CODE_TABLES)
def test_text_is_tidy(name):
    """Composed characters, no outer or double spaces, no line breaks."""
    for row in read(name).iter_rows():
        for cell in row:
            if cell is not None:
                assert cell == " ".join(cell.split()), cell
                assert cell == unicodedata.normalize("NFC", cell), cell


def test_31_provinces_in_four_regions():
    """Counts of the National Bureau of Statistics: 10 east, 6 central, 12 west, 3 northeast."""
    counts = dict(read("places").group_by("region").len().iter_rows())
    assert counts == {"east": 10, "central": 6, "west": 12, "northeast": 3}


def test_province_codes_are_those_of_the_national_standard():
    digits = {"1": 5, "2": 3, "3": 7, "4": 6, "5": 5, "6": 5}  # GB/T 2260, first digit
    counts = dict(read("places").group_by(pl.col("code").str.head(1)).len().iter_rows())
    assert counts == digits


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("ASEAN", 11),
        ("ASEAN10", 10),
        ("EU27", 27),
        ("EU28", 28),
        ("Euro area", 21),
        ("G7", 7),
        ("G20", 19),
        ("BRICS", 10),
        ("RCEP", 15),
        ("CPTPP", 12),
        ("APEC", 21),
        ("OECD", 38),
        ("Gulf", 6),
        ("emerging markets", 155),
        ("advanced economies", 41),
    ],
)
def test_groups_have_the_published_number_of_members(group, members):
    assert read("partner_groups").filter(pl.col("group") == group).height == members


def test_asean_grew_from_ten_to_eleven_in_october_2025():
    asean = read("partner_groups").filter(pl.col("group") == "ASEAN")
    dated = asean.filter(pl.col("valid_from").is_not_null())
    assert dated.select("partner", "valid_from").rows() == [("TLS", "202510")]


def test_belt_and_road_counts_152_countries_in_2025():
    listed = read("partner_groups").filter(group="Belt and Road")
    assert listed.filter(pl.col("valid_to").is_null()).height == 152


def test_every_group_has_members_and_every_member_a_group():
    assert set(read("groups")["group"]) == set(read("partner_groups")["group"])
    assert set(read("baskets")["basket"]) == set(read("basket_products")["basket"])
    assert set(read("sector_names")["sector"]) == set(read("sectors")["sector"])


def test_no_member_is_unknown():
    partners = set(read("countries")["partner"])
    assert set(read("partner_groups")["partner"]) <= partners
    assert set(read("partner_aliases")["partner"]) <= partners
    assert set(read("partners").filter(pl.col("status") != "aggregate")["partner"]) <= partners
    elements = set(read("partitions")["element"])
    assert elements <= partners | set(read("groups")["group"])
    assert set(read("place_aliases")["code"]) <= set(read("places")["code"])
    assert {p[:2] for p in read("basket_products")["product"]} <= set(read("chapters")["hs2"])


def test_continents_do_not_overlap():
    continents = ("Asia", "Africa", "Europe", "Latin America", "North America", "Oceania")
    members = read("partner_groups").filter(pl.col("group").is_in(continents))
    assert members.height == members["partner"].n_unique()


def test_advanced_and_emerging_economies_do_not_overlap():
    lists = read("partner_groups").filter(
        pl.col("group").is_in(["emerging markets", "advanced economies"])
    )
    assert lists.height == lists["partner"].n_unique() == 196  # economies of the IMF's outlook


def test_sectors_partition_the_chapters():
    """97 chapters less 77, which does not exist, and the national 98 and 99."""
    chapters = [f"{n:02d}" for n in range(1, 100) if n != 77]
    assert list(read("chapters")["hs2"]) == chapters
    assert list(read("sectors")["hs2"]) == chapters
    alone = read("sectors").filter(pl.col("sector") == "unclassified")["hs2"].to_list()
    assert alone == ["98", "99"]


def test_sections_hold_the_chapters_of_the_harmonized_system():
    sections = read("chapters").group_by("section").agg(pl.col("hs2").sort())
    held = dict(sections.iter_rows())
    assert len(held) == 22
    assert held["16"] == ["84", "85"]
    assert held["11"] == [str(n) for n in range(50, 64)]
    assert held["6"] == [str(n) for n in range(28, 39)]
    assert held["15"] == [str(n) for n in (*range(72, 77), *range(78, 84))]


def test_customs_partner_codes_are_unique_at_any_time():
    for (code,), held in read("partners").filter(reporter="CHN").group_by("code"):
        spans = sorted(
            (r["valid_from"] or "000000", r["valid_to"] or "999999") for r in held.to_dicts()
        )
        for (_, end), (start, _) in pairwise(spans):
            assert end < start, code


def test_customs_partner_codes_are_three_digits_and_all_known_ones_are_there():
    codes = set(read("partners").filter(reporter="CHN")["code"])
    assert all(len(c) == 3 and c.isdigit() for c in codes)
    assert codes >= {"110", "121", "142", "143", "502", "701", "702", "999"}
    assert codes >= {f"{n}99" for n in range(1, 7)} | {"207", "210", "256"}
    assert codes >= {"337", "338", "339", "349", "448", "449", "150", "151", "152", "358", "359"}


def test_codes_without_a_country_are_x_codes():
    special = read("partners").filter(
        pl.col("partner").str.starts_with("X") & (pl.col("partner") != "XKX"), reporter="CHN"
    )
    assert (special["partner"] == "X" + special["code"]).all()
    assert set(special["code"]) == {
        "199", "299", "399", "499", "599", "699", "207", "210", "256", "701", "702", "999",
    }  # fmt: skip


def test_partners_are_iso_codes():
    plain = read("countries").filter(kind="country")
    assert plain.height == 250  # 249 of ISO 3166-1 and Kosovo
    assert plain["partner"].str.contains(r"^[A-Z]{3}$").all()
    assert plain["iso2"].n_unique() == 250


def test_approximations_say_so():
    flags = dict(read("baskets").select("basket", "is_approximation").iter_rows())
    assert {flags[b] for b in ("electromechanical", "high_tech", "labour_intensive")} == {"true"}
    assert {flags[b] for b in ("chips", "footwear", "soybeans", "phone_parts")} == {"false"}


def test_baskets_follow_the_tariff():
    """Lines of the Chinese tariff before and after the revision of January 2022."""
    lines = read("basket_products").filter(pl.col("basket").is_in(["phones", "phone_parts"]))
    assert {
        (r["basket"], r["product"], r["valid_from"], r["valid_to"]) for r in lines.to_dicts()
    } == {
        ("phones", "85171210", None, "202112"),
        ("phones", "85171300", "202201", None),
        ("phones", "85171410", "202201", None),
        ("phone_parts", "85177030", None, "202112"),
        ("phone_parts", "85177930", "202201", None),
    }


def _claims_on_words():
    """(dimension, word, codes) of every word that a table gives to a code or group."""
    for p in read("places").to_dicts():
        for column in ("code", "iso_3166_2", "name_en", "name_zh", "name_zh_full"):
            yield "province", p[column], (p["code"],)
    for a in read("place_aliases").to_dicts():
        yield "province", a["alias"], (a["code"],)
    for r in read("regions").to_dicts():
        codes = tuple(read("places").filter(region=r["region"])["code"])
        for word in (r["region"], r["name_en"], r["name_zh"], *words_of(r["aliases"])):
            yield "province", word, codes
    chinese = set(read("partners").filter(pl.col("reporter").is_in(["CHN", "M49"]))["partner"])
    for c in read("countries").to_dicts():
        if c["kind"] != "country" and c["partner"] not in chinese:
            continue  # an X-code of another reporter, whose words hold for that reporter alone
        for column in ("partner", "iso2", "name_en", "name_zh", "short_en"):
            yield "partner", c[column], (c["partner"],)
    for a in read("partner_aliases").to_dicts():
        yield "partner", a["alias"], (a["partner"],)
    for g in read("groups").to_dicts():
        members = tuple(read("partner_groups").filter(group=g["group"])["partner"])
        for word in (g["group"], g["name_en"], g["name_zh"], *words_of(g["aliases"])):
            yield "partner", word, members
    for b in read("baskets").to_dicts():
        codes = tuple(read("basket_products").filter(basket=b["basket"])["product"])
        for word in (b["basket"], b["name_en"], b["name_zh"], *words_of(b["aliases"])):
            yield "product", word, codes
    for s in read("sector_names").to_dicts():
        codes = tuple(read("sectors").filter(sector=s["sector"])["hs2"])
        for word in (s["sector"], s["name_en"], s["name_zh"]):
            yield "product", word, codes
    for c in read("chapters").to_dicts():
        for word in (c["hs2"], c["short"], c["name_en"], c["name_zh"]):
            yield "product", word, (c["hs2"],)
    for s in read("sections").to_dicts():
        codes = tuple(read("chapters").filter(section=s["section"])["hs2"])
        for word in (s["short"], s["name_en"], s["name_zh"]):
            yield "product", word, codes
    for r in read("regimes").to_dicts():
        for word in (r["code"], r["name_en"], r["name_zh"], *words_of(r["aliases"])):
            yield "regime", word, (r["code"],)
    for g in read("regime_groups").to_dicts():
        for word in (g["group"], g["name_en"], g["name_zh"], *words_of(g["aliases"])):
            yield "regime", word, tuple(g["regimes"].split())


def test_no_word_means_two_things():
    meant = {}
    clashes = []
    for dimension, word, codes in _claims_on_words():
        if word:
            before = meant.setdefault((dimension, normalise(word)), codes)
            if before != codes:
                clashes.append((dimension, word, before[:3], codes[:3]))
    assert not clashes
