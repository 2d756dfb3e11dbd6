"""Missing is not zero (0.2), January-February (0.4), and what a caveat must say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CoverageError

Plant = Callable[..., pe.Trade]
Codes = Callable[[pe.Result], list[str]]
Text = Callable[[pe.Result, str], str]
METRICS = ("value", "growth", "dependence")


def months(year: int, *found: int) -> list[int]:
    return [year * 100 + m for m in found]


def monthly(value: int, *periods: int, province: str = "44", partner: str = "USA") -> list[Any]:
    return [(province, partner, p, value) for p in periods]


# A gap


def test_a_window_with_a_gap_month_is_missing(plant: Plant, caveat: Text) -> None:
    trade = plant(monthly(5, *months(2023, *range(1, 13)), *months(2024, 1, 2, 4, 5)))
    for name in METRICS:
        metric = getattr(pe, name)
        result = metric(trade, during="2024-01/2024-05")
        assert result.frame["status"].to_list() == ["missing"]
        assert result.frame["value"].to_list() == [None]
        assert result.frame["reason"].to_list() == ["uncovered"]
        assert caveat(result, "missing") == ("2024-01/2024-05 is missing: not covered: 2024-03")
        assert metric(trade, during="2024-04/2024-05").frame["value"].item() == 10
    by_month = pe.value(trade, by="month", during="2024-01/2024-05").frame
    assert by_month["value"].to_list() == [5, 5, None, 5, 5]
    assert by_month["status"].to_list() == ["ok", "ok", "missing", "ok", "ok"]


def test_an_uncovered_window_gives_rows_and_no_error(plant: Plant) -> None:
    trade = plant([*monthly(5, 202401), *monthly(7, 202402, province="51")])
    for name in METRICS:
        frame = getattr(pe, name)(trade, during="2031").frame
        assert frame["province"].to_list() == ["44", "51"]
        assert set(frame["status"]) == {"missing"}
        frame = getattr(pe, name)(trade, during="2031", by=[]).frame
        assert frame["status"].to_list() == ["missing"]


def test_an_uncovered_base_leaves_levels_standing(plant: Plant, caveat: Text, codes: Codes) -> None:
    trade = plant([*monthly(5, 202401), *monthly(15, 202401, partner="VNM")])
    value = pe.value(trade, during="2024-01", partner="US")
    assert value.frame.select("value", "base_value", "status").rows() == [(5, None, "ok")]
    assert "2023-01" in caveat(value, "base_missing")
    share = pe.dependence(trade, during="2024-01").frame.row(0, named=True)
    assert (share["share"], share["base_share"], share["delta_share_pp"]) == (0.25, None, None)
    assert share["status"] == "ok"
    growth = pe.growth(trade, during="2024-01")
    assert growth.frame["status"].item() == "missing"
    assert growth.frame["value"].item() == 20
    assert "base_missing" not in codes(growth)
    assert "2023-01" in caveat(growth, "missing")


def test_a_covered_month_without_a_row_is_zero(plant: Plant) -> None:
    spans = [(202401, 1), (202402, 1)]
    trade = plant([*monthly(5, 202401), *monthly(7, 202401, 202402, partner="VNM")], spans=spans)
    frame = pe.value(trade, partner="US", by="partner", during="2024-02").frame
    assert frame.select("partner", "value", "status").rows() == [("USA", 0, "none")]
    row = pe.dependence(trade, during="2024-02").frame.row(0, named=True)
    assert (row["value"], row["total"], row["share"]) == (0, 7, 0.0)


# January and February


@pytest.fixture
def combined(plant: Plant) -> pe.Trade:
    """2023 by month; of 2024 January and February only together."""
    rows: list[dict[str, Any]] = [
        {"province": "44", "partner": "USA", "period": 202300 + m, "months": 1, "value": 10 + m}
        for m in range(1, 13)
    ]
    rows += [{"province": "44", "partner": "USA", "period": 202402, "months": 2, "value": 46}]
    rows += [
        {"province": "44", "partner": "USA", "period": 202400 + m, "months": 1, "value": 20}
        for m in range(3, 13)
    ]
    return plant(rows)


@pytest.mark.parametrize("during", ["2024-01", "2024-02", "2024-02/2024-04", "2023-12/2024-01"])
def test_half_of_a_combined_row_is_missing(combined: pe.Trade, during: str) -> None:
    for name in METRICS:
        result = getattr(pe, name)(combined, during=during)
        assert result.frame["value"].item() is None
        assert result.frame["status"].item() == "missing"
        assert result.frame["reason"].item() == "combined_janfeb"
        assert result.frame["lny_flag"].item()
        texts = [c.text for c in result.caveats if c.code == "missing"]
        assert "held only as January and February together" in texts[0]


@pytest.mark.parametrize(
    ("during", "now", "base"),
    [
        ("2024Q1", 66, 36),
        ("2024-01/2024-02", 46, 23),
        ("ytd:2024-05", 106, 65),
        ("2024", 246, 198),
        ("r12:2024-03", 66 + 198 - 36, None),
    ],
)
def test_windows_with_both_months_are_unaffected(
    combined: pe.Trade, during: str, now: int, base: int | None
) -> None:
    result = pe.value(combined, during=during)
    assert result.frame.select("value", "base_value").rows() == [(now, base)]
    assert not result.frame["lny_flag"].item()
    assert "janfeb_together" not in [c.code for c in result.caveats]


def test_the_combined_figure_is_given_with_the_right_number(
    combined: pe.Trade, caveat: Text
) -> None:
    for during in ("2024-01", "2024-02"):
        text = caveat(pe.value(combined, during=during), "janfeb_together")
        assert text == (
            "2024-01/2024-02 as a whole, all rows together: 46 USD"
            " (+100.0% against 2023-01/2023-02)"
        )


def test_single_months_are_answered_with_flag_and_combined_figure(
    plant: Plant, caveat: Text
) -> None:
    rows = [*monthly(50, 202301), *monthly(30, 202302), *monthly(40, 202401), *monthly(44, 202402),
            *monthly(9, 202402, partner="VNM", province="51")]  # fmt: skip
    trade = plant(rows)
    result = pe.growth(trade, partner="US", during="2024-01")
    assert result.frame.select("value", "base_value", "lny_flag").rows() == [(40, 50, True)]
    assert caveat(result, "janfeb_together") == (
        "2024-01/2024-02 as a whole, all rows together: 84 USD (+5.0% against 2023-01/2023-02)"
    )
    assert caveat(result, "lunar_new_year")
    # The figure is that of the selection: to the US in dependence too, all partners without one.
    assert ": 84 USD" in caveat(pe.dependence(trade, during="2024-02"), "janfeb_together")
    assert ": 93 USD" in caveat(pe.value(trade, during="2024-02"), "janfeb_together")
    assert ": 9 USD" in caveat(
        pe.value(trade, during="2024-02", province="Sichuan"), "janfeb_together"
    )


def test_the_combined_figure_says_when_it_cannot_be_given(plant: Plant, caveat: Text) -> None:
    trade = plant(monthly(40, 202401))
    text = caveat(pe.value(trade, during="2024-01"), "janfeb_together")
    assert text == (
        "January and February together (2024-01/2024-02) cannot be given beside it: not covered"
    )


def test_a_combined_row_of_other_months_is_no_january_question(plant: Plant) -> None:
    rows = [{"province": "44", "partner": "USA", "period": 202406, "months": 6, "value": 60}]
    trade = plant(rows)
    assert pe.value(trade, during="2024-01/2024-06").frame["value"].item() == 60
    frame = pe.value(trade, during="2024-04").frame
    assert frame["reason"].item() == "uncovered"


def test_balance_of_monthly_exports_and_combined_imports(plant: Plant, codes: Codes) -> None:
    plant([("44", "USA", 202400 + m, 10 * m) for m in (1, 2, 3)])
    rows = [
        {"province": "44", "partner": "USA", "period": p, "months": n, "value": v}
        for p, n, v in ((202402, 2, 11), (202403, 1, 7))
    ]
    trade = plant(rows, flow="import")
    result = pe.balance(trade, by=[], during="2024Q1")
    assert result.frame.select("exports", "imports", "balance", "total").rows() == [
        (60, 18, 42, 78)
    ]
    assert "valuation" in codes(result)
    january = pe.balance(trade, by=[], during="2024-01")
    assert january.frame.select("exports", "imports", "status", "reason").rows() == [
        (None, None, "missing", "combined_janfeb")
    ]
    assert [c.text for c in january.caveats if c.code == "janfeb_together"] == [
        "2024-01/2024-02 as a whole, all rows together: 19 USD"
    ]
    assert pe.value(trade, by=[], during="2024-01").frame["value"].item() == 10


# Month on month


def test_month_on_month(plant: Plant, caveat: Text) -> None:
    values = {202312: 50, 202401: 40, 202402: 30, 202403: 60, 202404: 66, 202405: 33}
    trade = plant([("44", "USA", p, v) for p, v in values.items()])
    result = pe.growth(trade, kind="mom", by="month", during="2024-01/2024-05", min_base=0)
    rows = {r["month"]: r for r in result.frame.to_dicts()}
    for month in ("2024-01", "2024-02", "2024-03"):
        assert rows[month]["status"] == "missing"
        assert rows[month]["reason"] == "lunar_new_year"
        for column in ("pct", "pct_lo", "pct_hi", "ratio", "dhs", "log", "rank"):
            assert rows[month][column] is None
    assert rows["2024-04"]["pct"] == pytest.approx(0.1)
    assert rows["2024-05"]["pct"] == pytest.approx(-0.5)
    assert [c.rows for c in result.caveats if "not defined on unadjusted" in c.text] == [3]
    one = pe.growth(trade, kind="mom", during="2024-04", min_base=0).frame
    assert one.select("value", "base_value").rows() == [(66, 60)]


def test_month_on_month_in_february_still_gives_the_year_on_year_pair(
    plant: Plant, caveat: Text
) -> None:
    rows = [*monthly(50, 202301), *monthly(30, 202302), *monthly(40, 202401), *monthly(44, 202402)]
    result = pe.growth(plant(rows), kind="mom", during="2024-02")
    assert "+5.0% against 2023-01/2023-02" in caveat(result, "janfeb_together")


# Partial quarters and years


def test_a_quarter_that_the_window_cuts_says_so(plant: Plant, caveat: Text, codes: Codes) -> None:
    trade = plant(monthly(5, *months(2023, *range(1, 13)), *months(2024, *range(1, 13))))
    result = pe.value(trade, by="quarter", during="2024-03/2024-06")
    assert dict(zip(result.frame["quarter"], result.frame["value"])) == {"2024Q1": 5, "2024Q2": 15}
    assert caveat(result, "partial_period") == "2024Q1 holds 2024-03 only"
    for by in ("quarter", "month", "year", []):
        assert "partial_period" not in codes(pe.value(trade, by=by, during="2024"))


# Scopes


def soy(period: int, product: str, value: int, partner: str = "USA") -> dict[str, Any]:
    return {"province": "44", "partner": partner, "product": product, "period": period,
            "value": value}  # fmt: skip


def test_a_declared_partial_list_of_partners_leaves_no_share(plant: Plant, caveat: Text) -> None:
    rows = [soy(202401, "12019019", 30), soy(202401, "12019019", 70, "BRA")]
    listed = {"partner": ("USA", "BRA"), "product": ("12019019",)}
    result = pe.dependence(plant(rows, listed=listed), during="2024-01")
    row = result.frame.row(0, named=True)
    assert (row["value"], row["share"], row["total"]) == (30, None, None)
    assert (row["status"], row["reason"]) == ("missing", "scope")
    assert row["national_share"] == 1.0  # divides over provinces, not over partners
    scopes = [c.text for c in result.caveats if c.code == "scope"]
    assert any("divides over all partners is missing" in t for t in scopes)
    assert any("products: 12019019 only" in t for t in scopes)
    assert "products: 12019019 only" in result.title
    assert "products: 12019019 only" in result.receipt.scope
    # Levels stand.
    assert pe.value(plant(rows, listed=listed), during="2024-01").frame["value"].item() == 100


def test_a_list_taken_from_the_file_only_adds_the_caveat(plant: Plant, caveat: Text) -> None:
    rows = [soy(202401, "12019019", 30), soy(202401, "12019019", 70, "BRA")]
    trade = plant(rows, declared=())
    result = pe.dependence(trade, during="2024-01")
    assert result.frame["share"].item() == 0.3
    text = caveat(result, "scope")
    assert "partners assumed complete" in text and "products: 12019019 only" in text
    # By product every row is what it says; by chapter it is a sum over what is listed.
    by_line = pe.value(trade, by="product:HS8", partner="US", during="2024-01")
    by_chapter = pe.value(trade, by="product:HS2", partner="US", during="2024-01")
    assert "products: 12019019 only" in caveat(by_chapter, "scope")
    assert by_line.frame["value"].item() == by_chapter.frame["value"].item() == 30


def test_the_share_over_partners_says_that_they_are_assumed(plant: Plant, caveat: Text) -> None:
    rows = [soy(202401, "12019019", 30), soy(202401, "12019019", 70, "BRA")]
    trade = plant(rows, declared=("product", "province"))
    assert caveat(pe.value(trade, by="partner", during="2024-01"), "scope") == (
        "partners assumed complete"
    )
    one = pe.value(trade, by="partner", partner="US", during="2024-01")
    assert "scope" not in [c.code for c in one.caveats]
    assert "scope" not in [c.code for c in pe.growth(trade, by="partner", during="2024-01").caveats]


def test_an_unlisted_product_is_missing_not_zero(plant: Plant) -> None:
    trade = plant([soy(202401, "12019019", 30)], declared=("province", "partner"))
    for product in ("12019011", "1201", "8517"):
        frame = pe.value(trade, product=product, by=[], during="2024-01").frame
        assert frame["value"].item() is None, product
        assert frame["status"].item() == "missing"
    assert pe.value(trade, product="12019019", by=[], during="2024-01").frame["value"].item() == 30


def lists(plant: Plant, trace: int) -> pe.Trade:
    """January lists two products, February three; `trace` is what the third carries."""
    both = ("province", "partner")
    plant([soy(202401, "12019019", 1000), soy(202401, "12011000", 1000)], declared=both)
    return plant(
        [soy(202402, "12019019", 1000), soy(202402, "12011000", 1000),
         soy(202402, "12019011", trace)], declared=both, name="february",
    )  # fmt: skip


def test_a_trace_of_products_listed_in_some_months_only(plant: Plant, caveat: Text) -> None:
    result = pe.value(lists(plant, 4), by=[], during="2024-01/2024-02")  # 4 of 4,004: 0.1 %
    assert result.frame["value"].item() == 4004
    text = caveat(result, "scope_varies")
    assert "0.10% of the value" in text and "counted where they are listed" in text


def test_more_than_a_trace_is_missing(plant: Plant, caveat: Text) -> None:
    trade = lists(plant, 5)
    result = pe.value(trade, by=[], during="2024-01/2024-02")
    assert result.frame.select("value", "status", "reason").rows() == [(None, "missing", "scope")]
    assert "figures are missing" in caveat(result, "scope_varies")
    # A month by itself holds one list.
    assert pe.value(trade, by=[], during="2024-02").frame["value"].item() == 2005


def test_products_not_listed_throughout_are_missing_rows(plant: Plant, caveat: Text) -> None:
    result = pe.value(lists(plant, 5), by="product:HS8", during="2024-01/2024-02")
    rows = dict(zip(result.frame["product"], result.frame["value"]))
    assert rows == {"12019019": 2000, "12011000": 2000, "12019011": None}
    assert result.frame["share"].null_count() == 3  # no total to divide by
    assert "only 2 codes of products are held throughout the window" in caveat(
        result, "scope_varies"
    )


def test_a_single_product_held_in_every_month_needs_no_caveat(plant: Plant, codes: Codes) -> None:
    result = pe.value(lists(plant, 500), by=[], product="12019019", during="2024-01/2024-02")
    assert result.frame["value"].item() == 2000
    assert "scope_varies" not in codes(result)


def test_lists_of_the_base_do_not_hide_the_window(plant: Plant, caveat: Text) -> None:
    """What only the base's files list makes the base missing, and is not weighed in the window."""
    both = ("province", "partner")
    for period, third in ((202301, 900), (202302, 0), (202401, 0), (202402, 1)):
        rows = [soy(period, "12019019", 1000)]
        rows += [soy(period, "12019011", third)] if third else []
        trade = plant(rows, declared=both, name=str(period))
    result = pe.value(trade, by=[], during="2024-01/2024-02")
    # 1 of 2,001 in the window is a trace; 900 of 2,900 in the base is not.
    assert result.frame.select("value", "base_value").rows() == [(2001, None)]
    assert any(c.code == "base_missing" for c in result.caveats)


def test_a_heading_declared_in_one_month_holds_the_lines_of_another(plant: Plant) -> None:
    """One file declares the heading 1201, the next lists a line below it: the line is held."""
    both = ("province", "partner")
    plant([soy(202401, "12019019", 30)], declared=both, listed={"product": ("1201",)})
    trade = plant([soy(202402, "12019019", 40)], declared=both, name="february")
    frame = pe.value(trade, by="product:HS8", during="2024-01/2024-02").frame
    assert frame.select("product", "value").rows() == [("12019019", 70)]


# Currency


def test_one_currency(plant: Plant, caveat: Text, codes: Codes) -> None:
    trade = plant(monthly(7, 202401), currency="CNY")
    result = pe.value(trade, during="2024-01")
    assert result.receipt.currency == result.units["value"] == "CNY"
    assert "no USD is held" in caveat(result, "currency")
    assert "currency" not in codes(pe.value(trade, during="2024-01", currency="CNY"))
    for name in (*METRICS,):
        with pytest.raises(CoverageError, match="hold no USD") as err:
            getattr(pe, name)(trade, during="2024-01", currency="USD")
        assert "CNY" in str(err.value.expected) and "currency='CNY'" in str(err.value.do)


def test_two_currencies_are_never_mixed(plant: Plant, codes: Codes) -> None:
    plant(monthly(7, 202401), currency="CNY")
    trade = plant(monthly(1, 202401))
    for currency, want in ((None, 1), ("USD", 1), ("CNY", 7)):
        result = pe.value(trade, during="2024-01", currency=currency)
        assert result.frame["value"].item() == want
        assert "currency" not in codes(result)
    assert pe.growth(trade, during="2024-01", currency="CNY").frame["value"].item() == 7


def test_balance_needs_both_flows_in_one_currency(plant: Plant) -> None:
    trade = plant(monthly(7, 202401), currency="CNY")
    with pytest.raises(CoverageError, match="no imports"):
        pe.balance(trade, during="2024-01")
    trade = plant(monthly(7, 202401), flow="import")
    for currency in (None, "USD", "CNY"):
        with pytest.raises(CoverageError, match="different currencies") as err:
            pe.balance(trade, during="2024-01", currency=currency)
        assert err.value.do == "load both flows in one currency"
