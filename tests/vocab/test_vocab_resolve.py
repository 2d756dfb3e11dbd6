"""A user's word -> codes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provexpo import vocab
from provexpo.errors import CallError, ProvexpoError, UnknownCodeError


def codes(dimension, words, **options):
    return vocab.resolve(dimension, words, **options).codes


@pytest.mark.parametrize(
    "word",
    ["Shanxi", "SHANXI", " shanxi ", "Shan xi", "14", "CN-SX", "cn-sx", "山西", "山西省",
     "晋", "晉", "Shānxī", "Sha\u0304nxi\u0304", "Shanxi Province", "Shansi", "140000",
     "ＳＨＡＮＸＩ", "Sơn Tây"],
)  # fmt: skip
def test_shanxi(word):
    assert codes("province", word) == ("14",)


@pytest.mark.parametrize(
    "word",
    ["Shaanxi", "61", "CN-SN", "陕西", "陕西省", "陝西", "陝西省", "陕", "秦", "Shǎnxī",
     "Sha\u030cnxi\u0304", "Shensi", "Shaanxi Province", "Thiểm Tây"],
)  # fmt: skip
def test_shaanxi(word):
    assert codes("province", word) == ("61",)


def test_shangxi_is_neither_and_names_both():
    with pytest.raises(UnknownCodeError) as error:
        vocab.resolve("province", "Shangxi", where="dependence(province=)")
    assert error.value.what == "unknown province 'Shangxi'"
    assert error.value.where == "dependence(province=)"
    assert error.value.do == (
        "did you mean Shanxi (14) or Shaanxi (61)? list them with pe.provinces()"
    )


@pytest.mark.parametrize("word", ["산시성", "SX"])
def test_words_for_both_resolve_to_neither(word):
    with pytest.raises(UnknownCodeError, match=r"Shanxi \(14\) or Shaanxi \(61\)"):
        vocab.resolve("province", word)


@pytest.mark.parametrize(
    ("word", "names"),
    [("HE", "Hebei.*Henan"), ("HB", "Hubei.*Hebei"), ("HA", "Henan.*Hainan"), ("CN.11", "Beijing")],
)
def test_letters_of_rival_code_systems_are_refused(word, names):
    with pytest.raises(UnknownCodeError, match=names):
        vocab.resolve("province", word)


@pytest.mark.parametrize(("word", "code"), [("CN-HE", "13"), ("CN-HB", "42"), ("CN-HA", "41")])
def test_iso_letters_are_read_as_iso(word, code):
    assert codes("province", word) == (code,)


def test_a_city_with_the_name_of_its_province_is_not_the_province():
    with pytest.raises(UnknownCodeError, match="Jilin"):
        vocab.resolve("province", "吉林市")
    assert codes("province", "吉林省") == codes("province", "吉林") == ("22",)


def test_regions_lists_and_order():
    assert codes("province", "northeast") == codes("province", "东北") == ("21", "22", "23")
    assert codes("province", ["Guangdong", "福建"]) == ("44", "35")
    assert codes("province", "Guangdong, 35、CN-ZJ") == ("44", "35", "33")
    assert codes("province", "Guangdong+Zhejiang") == ("44", "33")
    assert codes("province", ["44", "Guangdong, Fujian"]) == ("44", "35")


@pytest.mark.parametrize("words", [None, "all", "全国", "all provinces", ["44", "all"]])
def test_everything(words):
    assert vocab.resolve("province", words).is_all


@pytest.mark.parametrize(
    "word",
    ["502", "US", "us", "U.S.", "USA", "the US", "United States", "United States of America",
     "America", "美国", "美國"],
)  # fmt: skip
def test_the_united_states(word):
    picked = vocab.resolve("partner", word)
    assert picked.codes == picked.exact == ("USA",)
    assert (picked.label_en, picked.label_zh) == ("US", "美国")


@pytest.mark.parametrize(
    ("word", "partner"),
    [("UK", "GBR"), ("Britain", "GBR"), ("英国", "GBR"), ("Korea", "KOR"), ("South Korea", "KOR"),
     ("Korea, Rep.", "KOR"), ("韩国", "KOR"), ("North Korea", "PRK"), ("Vietnam", "VNM"),
     ("Viet Nam", "VNM"), ("越南", "VNM"), ("Turkey", "TUR"), ("Türkiye", "TUR"),
     ("Bahrian", "BHR"),
     ("142", "CHN"), ("Hong Kong", "HKG"), ("Hong Kong, China", "HKG"), ("110", "HKG"),
     ("Macau", "MAC"), ("121", "MAC"), ("Taiwan", "TWN"), ("143", "TWN"), ("701", "X701"),
     ("X701", "X701"), ("999", "X999"), ("207", "X207"), ("199", "X199"), ("623", "PYF"),
     ("Society Islands", "PYF"), ("337", "GEO"), ("150", "GEO"), ("Cote d'Ivoire", "CIV"),
     ("Côte d’Ivoire", "CIV"), ("DE", "DEU"), ("Deutschland?", None)],
)  # fmt: skip
def test_partners(word, partner):
    if partner is None:
        with pytest.raises(UnknownCodeError):
            vocab.resolve("partner", word)
    else:
        assert codes("partner", word) == (partner,)


def test_own_codes_belong_to_their_reporter():
    with pytest.raises(UnknownCodeError):
        vocab.resolve("partner", "502", reporter="USA")
    assert codes("partner", "China", reporter="USA") == ("CHN",)


def test_groups_carry_dates_and_definition():
    asean = vocab.resolve("partner", "ASEAN")
    assert asean.validity == {"TLS": (202510, None)}
    assert asean.groups == ("ASEAN",) and asean.exact == ()
    assert "Timor-Leste from October 2025" in asean.notes[0]
    assert vocab.resolve("partner", "ASEAN, TLS").validity == {}  # asked for by name as well


def test_members_that_left_are_not_selected():
    members = codes("partner", "Belt and Road")
    assert not {"ITA", "PAN"} & set(members) and "COL" in members


def test_one_code_and_a_group_mixed():
    picked = vocab.resolve("partner", ["G7", "502", "India"])
    assert picked.codes == ("CAN", "FRA", "DEU", "ITA", "JPN", "GBR", "USA", "IND")
    assert picked.exact == ("USA", "IND")
    assert picked.label_en == "G7, US, India"


@pytest.mark.parametrize(
    "words", ["not US", "World excluding US", "NOT 502", "不含美国", "除美国以外", ["not US"]]
)
def test_negation(words):
    picked = vocab.resolve("partner", words)
    assert picked.negate and picked.codes == ("USA",)
    assert (picked.label_en, picked.label_zh) == ("not US", "不含美国")


def test_everything_right_of_a_not_is_left_out():
    picked = vocab.resolve("partner", "not US, Mexico")
    assert picked.negate and picked.codes == ("USA", "MEX")


def test_a_group_less_a_group():
    picked = vocab.resolve("partner", "Europe, not EU, Russia")
    assert not picked.negate and picked.label_en == "Europe excluding EU27, Russia"
    assert {"GBR", "CHE", "UKR"} <= set(picked.codes)
    assert not {"DEU", "FRA", "RUS"} & set(picked.codes)


@pytest.mark.parametrize("words", ["not all", "US, not US", "non-US"])
def test_nothing_left(words):
    with pytest.raises(ProvexpoError):
        vocab.resolve("partner", words)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("85", ("85",)), ("chapter 85", ("85",)), ("HS85", ("85",)), ("HS 85", ("85",)),
     ("8517.13", ("851713",)), ("8517.13.00", ("85171300",)), ("85177950", ("85177950",)),
     ("第85章", ("85",)), ("section 16", ("84", "85")), ("section XVI", ("84", "85")),
     ("第16类", ("84", "85")), ("chips", ("8542",)), ("芯片", ("8542",)), ("machinery", ("84",)),
     ("phone parts", ("85177030", "85177930")), ("98", ("98",)), ("unclassified", ("98", "99"))],
)  # fmt: skip
def test_products(word, expected):
    assert codes("product", word) == expected


@pytest.mark.parametrize(
    ("word", "do"),
    [("1", "not 1 (01, if the leading zero was lost)"),
     ("851", "4, 6, 8 or 10 digits, not 3"), ("7701", "no HS chapter 77"),
     ("00", "no HS chapter 00"), ("phone part", "Mobile phone parts")],
)  # fmt: skip
def test_product_errors_say_what_to_do(word, do):
    with pytest.raises(UnknownCodeError) as error:
        vocab.resolve("product", word)
    assert do in error.value.do and "pe.baskets()" in error.value.do


def test_a_basket_that_is_an_approximation_says_so():
    picked = vocab.resolve("product", "electromechanical")
    assert len(picked.notes) == 1 and "approximation" in picked.notes[0]
    assert vocab.resolve("product", "chips").notes == ()


def test_products_less_products():
    assert codes("product", "section 16, not 84") == ("85",)
    with pytest.raises(CallError, match="8517 lies inside"):
        vocab.resolve("product", "85, not 8517")


def test_regimes():
    assert codes("regime", "ordinary trade") == codes("regime", "一般贸易") == ("10",)
    assert codes("regime", "processing trade") == codes("regime", "加工贸易") == ("14", "15")
    with pytest.raises(UnknownCodeError, match=r"pe\.regimes\(\)"):
        vocab.resolve("regime", "ordinry")


def test_all_bad_words_are_named_at_once():
    with pytest.raises(UnknownCodeError) as error:
        vocab.resolve("partner", ["Untied States", "Japn", "US"])
    assert error.value.what == "unknown partners 'Untied States', 'Japn'"
    assert "US (USA)" in error.value.do and "Japan (JPN)" in error.value.do


@pytest.mark.parametrize("words", ["", "  ", [], [""], 44, [44], b"US", {"a": 1}])
def test_wrong_forms(words):
    with pytest.raises(CallError):
        vocab.resolve("province", words)


def test_unknown_dimension():
    with pytest.raises(CallError):
        vocab.resolve("planet", "Mars")


def test_provinces_of_another_reporter_are_taken_as_written():
    picked = vocab.resolve("province", "4106902, not 41", reporter="BRA")
    assert picked.codes == ("4106902",)
    assert vocab.resolve("province", "4106902", reporter="BRA").exact == ("4106902",)


DIMENSIONS = st.sampled_from(["province", "partner", "product", "regime"])


@settings(max_examples=200, deadline=None)
@given(DIMENSIONS, st.one_of(st.text(), st.lists(st.text(), max_size=3)))
def test_any_text_is_answered_or_refused_in_words(dimension, words):
    try:
        picked = vocab.resolve(dimension, words)
    except ProvexpoError as error:
        assert error.what
    else:
        assert picked.codes is None or picked.codes


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(vocab.province_codes()), min_size=1, unique=True))
def test_a_list_and_its_comma_form_agree(wanted):
    assert codes("province", ", ".join(wanted)) == codes("province", wanted) == tuple(wanted)


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_normalising_twice_changes_nothing(text):
    once = vocab.normalise(text)
    assert vocab.normalise(once) == once
