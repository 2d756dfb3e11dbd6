"""Which table answers, keys that a store cannot give, other measures, and words that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError, PeriodError, UnknownCodeError

Plant = Callable[..., pe.Trade]
Codes = Callable[[pe.Result], list[str]]
Text = Callable[[pe.Result, str], str]
PANEL = "CHN:gacc_query:province+partner+hs8"
TOTALS = "CHN:gacc_bulletin:province"


def line(period: int, value: int, partner: str = "USA", product: str = "85177950",
         province: str = "44") -> dict[str, Any]:  # fmt: skip
    return {"province": province, "partner": partner, "product": product, "period": period,
            "value": value}  # fmt: skip


def two_tables(plant: Plant, *, partial: bool, totals_currency: str = "USD") -> pe.Trade:
    """Province totals of a bulletin (1,000 a month), and a panel of queries (30 + 70)."""
    plant(
        [{"province": "44", "period": p, "value": 1000} for p in (202301, 202401)],
        source="gacc_bulletin", currency=totals_currency,
    )  # fmt: skip
    declared = ("province", "partner") if partial else ("province", "partner", "product")
    return plant(
        [line(p, v, q) for p in (202301, 202401) for v, q in ((30, "USA"), (70, "VNM"))],
        source="gacc_query", declared=declared, name="panel",
    )  # fmt: skip


def test_the_table_with_fewest_dimensions_answers_and_only_one_does(plant: Plant) -> None:
    trade = two_tables(plant, partial=False)
    value = pe.value(trade, during="2024-01")
    assert value.receipt.tables == {"export": TOTALS}
    assert value.frame["value"].item() == 1000
    share = pe.dependence(trade, during="2024-01")
    assert share.receipt.tables == {"export": PANEL}
    assert (share.frame["value"].item(), share.frame["total"].item()) == (30, 100)
    assert pe.value(trade, during="2024-01", partner="US").frame["value"].item() == 30


def test_the_table_can_be_named(plant: Plant) -> None:
    trade = two_tables(plant, partial=False)
    assert pe.value(trade, during="2024-01", table=PANEL).frame["value"].item() == 100
    assert pe.value(trade, during="2024-01", table=TOTALS).frame["value"].item() == 1000
    with pytest.raises(CallError, match="no table") as err:
        pe.value(trade, during="2024-01", table="CHN:nothing")
    assert PANEL in str(err.value.expected) and TOTALS in str(err.value.expected)
    with pytest.raises(CoverageError, match="broken down by"):
        pe.dependence(trade, during="2024-01", table=TOTALS)


@pytest.mark.parametrize("currency", ["USD", "CNY"])
def test_a_partial_product_list_never_beats_a_fuller_table(
    plant: Plant, currency: str, codes: Codes
) -> None:
    """Also where the fuller table is held in yuan only, and also where it lacks the base."""
    trade = two_tables(plant, partial=True, totals_currency=currency)
    result = pe.value(trade, during="2024-01")
    assert result.receipt.tables == {"export": TOTALS}
    assert (result.frame["value"].item(), result.receipt.currency) == (1000, currency)
    assert ("currency" in codes(result)) == (currency == "CNY")
    plant([line(202402, 30)], source="gacc_query", declared=("province", "partner"), name="feb")
    assert pe.value(trade, during="2024-02").receipt.tables == {"export": TOTALS}


def test_a_partial_list_that_holds_what_is_asked_is_as_good(plant: Plant) -> None:
    trade = two_tables(plant, partial=True)
    result = pe.value(trade, during="2024-01", product="85177950")
    assert result.receipt.tables == {"export": PANEL}
    assert (result.frame["value"].item(), result.frame["status"].item()) == (100, "ok")


def test_the_table_that_covers_both_windows_comes_first(plant: Plant) -> None:
    plant([{"province": "44", "period": 202401, "value": 1}], source="gacc_bulletin")
    trade = plant([line(p, 100) for p in (202301, 202401)], source="gacc_query", name="panel")
    assert pe.value(trade, during="2024-01").receipt.tables == {"export": PANEL}
    assert pe.value(trade, during="2024-01", against="2020-01").receipt.tables == {"export": TOTALS}


def test_year_to_date_tables_are_for_checks_only(plant: Plant) -> None:
    plant([{"province": "44", "period": 202401, "value": 5}], source="gacc_bulletin")
    trade = plant(
        [{"province": "44", "period": 202403, "months": 3, "value": 99}],
        source="gacc_bulletin_ytd", name="ytd",
    )  # fmt: skip
    frame = pe.value(trade, during="2024Q1").frame
    assert frame["status"].item() == "missing"
    named = pe.value(trade, during="2024Q1", table="CHN:gacc_bulletin_ytd:province")
    assert named.frame["value"].item() == 99


def test_a_default_key_that_is_not_held_falls_back_to_the_nation(
    plant: Plant, caveat: Text, codes: Codes
) -> None:
    trade = plant([{"partner": "USA", "period": 202401, "value": 5},
                   {"partner": "VNM", "period": 202401, "value": 15}])  # fmt: skip
    for name, want in (("value", 20), ("growth", 20), ("dependence", 5)):
        result = getattr(pe, name)(trade, during="2024-01")
        assert result.frame.height == 1
        assert result.frame["value"].item() == want
        assert "province" not in result.frame.columns
        assert caveat(result, "by").startswith("one national row")
        with pytest.raises(CoverageError, match="broken down by province") as err:
            getattr(pe, name)(trade, during="2024-01", by="province")
        assert "by=[]" in str(err.value.do)
        assert "by" not in codes(getattr(pe, name)(trade, during="2024-01", by=[]))
    assert pe.dependence(trade, during="2024-01").frame["share"].item() == 0.25


def test_what_no_table_can_answer_is_an_error(plant: Plant) -> None:
    trade = plant([{"province": "44", "period": 202401, "value": 5}])
    with pytest.raises(CoverageError, match="partner"):
        pe.dependence(trade, during="2024-01")
    with pytest.raises(CoverageError, match="HS6"):
        pe.value(trade, during="2024-01", product="851779")
    with pytest.raises(CoverageError, match="no imports") as err:
        pe.value(trade, during="2024-01", flow="import")
    assert "export" in str(err.value.expected)
    with pytest.raises(CoverageError, match="reporter BRA"):
        pe.value(trade, during="2024-01", reporter="BRA")


def test_codes_that_were_named_get_a_row(plant: Plant) -> None:
    trade = plant([line(202401, 5)])
    frame = pe.value(trade, during="2024-01", by="partner", partner=["US", "Germany"]).frame
    assert frame.select("partner", "partner_name", "value", "status").rows() == [
        ("USA", "United States", 5, "ok"), ("DEU", "Germany", 0, "none"),
    ]  # fmt: skip
    frame = pe.dependence(trade, during="2024-01", province=["Guangdong", "Tibet"]).frame
    assert frame.select("province", "status").rows() == [("44", "ok"), ("54", "none")]
    frame = pe.value(trade, during="2024-01", by="product:HS4", product=["8517", "0101"]).frame
    assert frame.select("product", "value").rows() == [("8517", 5), ("0101", 0)]


def test_names_in_the_language_asked_for(plant: Plant) -> None:
    trade = plant([line(202401, 5, province="61")])
    for lang, province, partner in (("en", "Shaanxi", "United States"), ("zh", "陕西", "美国")):
        frame = pe.value(trade, during="2024-01", by=["province", "partner"], lang=lang).frame
        assert frame.select("province_name", "partner_name").rows() == [(province, partner)]


WORDS: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("value", {"flow": "exports"}, CallError, "flow='exports' is not known"),
    ("value", {"lang": "fr"}, CallError, "lang='fr' is not known"),
    ("value", {"currency": "euro"}, CallError, "currency='euro' is not known"),
    ("value", {"measure": "weight"}, CallError, "measure='weight' is not known"),
    ("growth", {"measure": "weight"}, CallError, "measure='weight' is not known"),
    ("growth", {"kind": "qoq"}, CallError, "kind='qoq' is not known"),
    ("growth", {"kind": "mom", "against": "2023-01"}, CallError, "months just before"),
    ("value", {"by": "provinces"}, CallError, "cannot break a table down by 'provinces'"),
    ("value", {"by": "product"}, CallError, "cannot break a table down by 'product'"),
    ("value", {"by": "product:HS3"}, CallError, "HS2|HS4|HS6|HS8"),
    ("value", {"by": ["month", "year"]}, CallError, "several time keys"),
    ("value", {"by": ["province", "province"]}, CallError, "more than once"),
    ("value", {"by": "partner_group:Atlantis"}, UnknownCodeError, "Atlantis"),
    ("value", {"measure": "balance", "flow": "import"}, CallError, "a balance has both flows"),
    ("dependence", {"partner": None}, CallError, "needs a partner"),
    ("dependence", {"by": "partner"}, CallError, "no key of its frame"),
    ("dependence", {"by": "partner_group:continent"}, CallError, "no key of its frame"),
    ("value", {"province": "Shangxi"}, UnknownCodeError, "Shangxi"),
    ("value", {"partner": ["US", "Atlantis", "Lemuria"]}, UnknownCodeError, "'Lemuria'"),
    ("value", {"product": 8517}, CallError, "is not text"),
    ("value", {"during": "2024-13"}, PeriodError, "2024-13"),
    ("value", {"against": "2023-02"}, PeriodError, "same calendar months"),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "words", "kind", "text"), WORDS)
def test_wrong_words(
    plant: Plant, metric: str, words: dict[str, Any], kind: type[Exception], text: str
) -> None:
    trade = plant([line(202401, 5)])
    with pytest.raises(kind) as err:
        getattr(pe, metric)(trade, **{"during": "2024-01", **words})
    assert text in str(err.value)


def test_did_you_mean(plant: Plant) -> None:
    trade = plant([line(202401, 5)])
    with pytest.raises(CallError) as err:
        pe.value(trade, by="provinces")
    assert "province" in str(err.value.do)


# Other measures


def weighed(period: int, quantity: int | None, unit: str | None, product: str = "85177950",
            province: str = "44") -> dict[str, Any]:  # fmt: skip
    return {**line(period, 100, product=product, province=province), "quantity": quantity,
            "unit": unit}  # fmt: skip


def test_quantities_of_one_unit(plant: Plant, codes: Codes) -> None:
    trade = plant([weighed(202301, 8, "千克"), weighed(202401, 6, "千克"),
                   weighed(202401, 1, "千克", province="51")])  # fmt: skip
    result = pe.value(trade, measure="quantity", by=[], during="2024-01")
    assert result.frame.select("value", "base_value").rows() == [(7, 8)]
    assert result.units["value"] == result.units["base_value"] == "千克"
    assert result.title.startswith("Quantity")
    growth = pe.growth(trade, measure="quantity", during="2024-01", province="44")
    assert growth.frame["pct"].item() == -0.25
    assert growth.units["change"] == "千克"
    assert "quantity_missing" not in codes(growth)
    text = next(c.text for c in growth.caveats if c.code == "janfeb_together")
    assert "USD" not in text  # 2024-02 is not covered here


def test_the_combined_quantity_is_in_its_unit(plant: Plant, caveat: Text) -> None:
    trade = plant([weighed(202401, 6, "千克"), weighed(202402, 5, "千克")])
    text = caveat(pe.value(trade, measure="quantity", during="2024-01"), "janfeb_together")
    assert text == "2024-01/2024-02 as a whole, all rows together: 11 千克"


def test_units_are_never_mixed(plant: Plant) -> None:
    trade = plant([weighed(202401, 6, "千克"), weighed(202401, 5, "台", "84713010")])
    with pytest.raises(CallError, match="2 units") as err:
        pe.value(trade, measure="quantity", during="2024-01")
    assert "product=" in str(err.value.do)
    one = pe.value(trade, measure="quantity", during="2024-01", product="8471")
    assert (one.frame["value"].item(), one.units["value"]) == (5, "台")


def test_a_missing_quantity_makes_its_sum_missing(plant: Plant) -> None:
    trade = plant([weighed(202401, 6, "千克"), weighed(202401, None, None, province="51")])
    nation = pe.value(trade, measure="quantity", by=[], during="2024-01")
    assert nation.frame.select("value", "status", "reason").rows() == [
        (None, "missing", "quantity_missing")
    ]
    assert [c.rows for c in nation.caveats if c.code == "quantity_missing"] == [1]
    by_province = pe.value(trade, measure="quantity", by="province", during="2024-01")
    held = dict(by_province.frame.select("province", "value").rows())
    assert held == {"44": 6, "51": None}
    regions = pe.value(trade, measure="quantity", by="region", during="2024-01")
    assert dict(regions.frame.select("region", "value").rows()) == {"East": 6, "West": None}


def test_balance_as_a_measure(plant: Plant) -> None:
    plant([line(202301, 60), line(202401, 100)])
    trade = plant([line(202301, 50), line(202401, 130)], flow="import")
    value = pe.value(trade, measure="balance", during="2024-01")
    assert value.frame.select("value", "base_value", "status").rows() == [(-30, 10, "negative")]
    growth = pe.growth(trade, measure="balance", during="2024-01")
    assert growth.frame.select("change", "pct", "status").rows() == [(-40, None, "negative")]
    balance = pe.balance(trade, during="2024-01", by="province")
    assert balance.frame["balance"].item() == -30
    assert set(growth.receipt.tables) == {"export", "import"}


def test_total_takes_one_table_a_flow_and_says_so(plant: Plant, caveat: Text) -> None:
    plant([line(202401, 100)])
    trade = plant([{"province": "44", "period": 202401, "value": 40}], flow="import",
                  source="gacc_bulletin")  # fmt: skip
    result = pe.value(trade, during="2024-01", flow="total")
    assert result.frame["value"].item() == 140
    assert result.receipt.tables == {
        "export": "CHN:tidy:province+partner+hs8", "import": TOTALS,
    }  # fmt: skip
    text = caveat(result, "valuation")
    assert "exports FOB" in text and "imports CIF" in text and TOTALS in text


def test_the_default_window_is_the_year_to_date_of_the_newest_month(plant: Plant) -> None:
    trade = plant([line(p, 1) for p in (202311, 202401, 202402, 202403)])
    assert pe.value(trade).receipt.window == "2024-01/2024-03"
    assert pe.value(trade).frame["value"].item() == 3
