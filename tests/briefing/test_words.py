"""Receipts and errors in the page's language."""

import pytest

from provexpo.briefing import words
from provexpo.errors import CoverageError


@pytest.mark.parametrize(
    ("texts", "en", "zh"),
    [
        (["products: 85177950 only"], "product 85177950 only", "仅商品85177950"),
        (["products: 85, 86 only"], "products 85, 86 only", "仅商品85、86"),
        (["products: 1,204 in the files only"],
         "the 1,204 products in the files", "仅文件所列1,204项商品"),
        (["partners assumed complete"], "", ""),
    ],
)  # fmt: skip
def test_scopes_that_limit(texts, en, zh):
    assert words.scopes(texts, words.ONLY, "en") == en
    assert words.scopes(texts, words.ONLY, "zh") == zh


def test_scopes_that_are_assumed():
    texts = ["products: 85 only", "partners assumed complete", "regimes assumed complete"]
    assert words.scopes(texts, words.ASSUMED, "zh") == "假定贸易伙伴完整、假定贸易方式完整"
    assert words.limited_dimensions(texts) == {"products"}


@pytest.mark.parametrize(
    ("what", "en", "zh"),
    [
        (
            "no table of exports is broken down by province, partner at HS6",
            "no table of exports is broken down by province, partner",
            "没有按省份、贸易伙伴细分的出口表",
        ),
        (
            "no table holds imports in USD broken down as asked",
            "no table holds imports in USD broken down as asked",
            "没有以USD计、按所需细分的进口表",
        ),
        ("something new", "something new", "something new"),
    ],
)
def test_reasons(what, en, zh):
    assert words.reason_of(CoverageError(what), "en") == en
    assert words.reason_of(CoverageError(what), "zh") == zh


def test_the_engine_still_says_it_so():
    """The words are read from the error: a change there must be seen here."""
    import provexpo as pe

    with pytest.raises(CoverageError) as caught:
        pe.value(pe.sample(), by=["province", "regime"])
    assert words.reason_of(caught.value, "zh") == "没有按省份、贸易方式细分的出口表"
