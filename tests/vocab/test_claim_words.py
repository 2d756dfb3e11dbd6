"""Words that published statements use (ids of the claims ledger) all resolve."""

import pytest

from provexpo import vocab

COAST = ("44", "33", "32", "31", "37", "35")
INLAND = ("51", "34", "42", "41", "50")

PROVINCES = [
    ("C149", "Anhui", ("34",)),
    ("C134 C140 C145 C148", "Chongqing", ("50",)),
    ("C103 C129 C130 C132", "Fujian", ("35",)),
    ("C114", "Gansu", ("62",)),
    ("C136 C141", "Guangdong", ("44",)),
    ("C099", "Guangdong+Zhejiang+Jiangsu+Shanghai+Shandong+Fujian", COAST),
    ("C110", "Guangxi", ("45",)),
    ("C111", "Heilongjiang", ("23",)),
    ("C138 C143 C146", "Henan", ("41",)),
    ("C109 C135", "Hubei", ("42",)),
    ("C113", "Inner Mongolia", ("15",)),
    ("C137 C142 C147", "Jiangsu", ("32",)),
    ("C108", "Qinghai", ("63",)),
    ("C101 C102 C107", "Shanxi", ("14",)),
    ("C104 C133 C139 C144", "Sichuan", ("51",)),
    ("C100", "Sichuan+Anhui+Hubei+Henan+Chongqing", INLAND),
    ("C112", "Tibet", ("54",)),
    ("C115", "Xinjiang", ("65",)),
    ("C106", "Yunnan", ("53",)),
    ("C117 C118", "Zhejiang", ("33",)),
]

PARTNERS = [
    ("C025 C026 C053", "ASEAN", 11),
    ("C122", "ASEAN (Southeast Asia)", 11),
    ("C027 C056 C070", "Africa", None),
    ("C024", "Australia", 1),
    ("C021 C022 C059", "China", 1),
    ("C052 C060 C075", "EU", 27),
    ("C083", "Euro area", 21),
    ("C023", "Europe", None),
    ("C136 C137", "Europe, Japan", None),
    ("C124", "Germany", 1),
    ("C123 C146", "India", 1),
    ("C054 C062 C125", "Japan", 1),
    ("C028 C055", "Latin America", None),
    ("C063 C074", "Mexico", 1),
    ("C160", "Taiwan", 1),
    ("C012 C150", "United States", 1),
    ("C148 C149", "Vietnam", 1),
    ("C058 C121", "World excluding US", 1),
    ("C058", "not US", 1),
    ("C118 C141", "emerging markets", 155),
    ("C078", "France", 1),
]

PRODUCTS = [
    ("C072", "EVs, solar panels, batteries, smartphones, motors and generators"),
    ("C159", "ICT and audio-visual products; semiconductors"),
    ("C074 C075", "automobiles"),
    ("C080", "autos, steel"),
    ("C148 C149", "chips (integrated circuits)"),
    ("C141 C142", "chips and electronic components"),
    ("C141 C142", "chips and components"),
    ("C136 C137", "consumer electronics devices"),
    ("C119 C120", "electromechanical"),
    ("C128 C129", "footwear"),
    ("C126", "furniture"),
    ("C146 C147", "mobile phone parts"),
    ("C146 C147", "phone parts"),
    ("C079", "new energy vehicles"),
    ("C020", "rare earths"),
    ("C031", "semiconductors (integrated circuits)"),
    ("C031", "integrated circuits"),
    ("C032", "ships"),
    ("C131 C132", "special and unclassified (HS98)"),
    ("C127", "toys"),
]


@pytest.mark.parametrize(("claims", "word", "codes"), PROVINCES)
def test_provinces(claims, word, codes):
    assert vocab.resolve("province", word).codes == codes, claims


@pytest.mark.parametrize("word", ["(national)", "31 mainland", "all provinces"])
def test_words_for_the_whole_country(word):
    assert vocab.resolve("province", word).is_all


@pytest.mark.parametrize(("claims", "word", "count"), PARTNERS)
def test_partners(claims, word, count):
    codes = vocab.resolve("partner", word).codes
    assert codes and (count is None or len(codes) == count), claims


@pytest.mark.parametrize("word", ["World", "world", "all"])
def test_words_for_the_whole_world(word):
    assert vocab.resolve("partner", word).is_all


@pytest.mark.parametrize(("claims", "word"), PRODUCTS)
def test_products(claims, word):
    assert vocab.resolve("product", word).codes, claims


def test_integrated_circuits_are_heading_8542():
    for word in ("integrated circuits", "chips", "semiconductors (integrated circuits)"):
        assert vocab.resolve("product", word).codes == ("8542",)


def test_taiwan_france_and_mexico_report_too():
    for word, reporter in (("United States", "TWN"), ("China", "FRA"), ("China", "MEX")):
        assert vocab.resolve("partner", word, reporter=reporter).codes
