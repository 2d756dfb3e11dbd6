"""`check`: control totals, truncation, gaps, revisions, on planted stores and on the sample."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.engine.check import CheckReport, CheckRow
from provexpo.errors import CallError
from provexpo.ingest.rows import FileRows
from provexpo.store.loading import load_rows

Make = Callable[..., Path]
MONTHS = (202401, 202402, 202403, 202404)
PARTNERS = ("USA", "VNM", "DEU", "BRA")


def panel(skip: Callable[[str, str, int], bool] = lambda *_: False) -> list[dict[str, Any]]:
    return [
        {"province": p, "partner": q, "period": m, "value": 1_000_000}
        for p in ("44", "14") for q in PARTNERS for m in MONTHS if not skip(p, q, m)
    ]  # fmt: skip


def totals(value: int = 4_000_000, months: tuple[int, ...] = MONTHS) -> list[dict[str, Any]]:
    return [{"province": p, "period": m, "value": value} for p in ("44", "14") for m in months]


def found(report: CheckReport, name: str) -> list[CheckRow]:
    return [r for r in report.rows if r.check == name]


@pytest.fixture
def checked(make_store: Make) -> Callable[..., CheckReport]:
    def check(
        rows: list[dict[str, Any]], control: list[dict[str, Any]], **options: Any
    ) -> CheckReport:
        make_store(rows, source="gacc_query", name="panel")
        return pe.check(
            pe.open(make_store(control, source="gacc_bulletin", name="totals", **options))
        )

    return check


def test_the_sample_passes() -> None:
    report = pe.check(pe.sample())
    assert not report.failed
    # Annual tables have no month to compare: they are noted.
    compared = [r for r in found(report, "control total") if not r.noted]
    assert len(compared) == 6
    assert all("agrees with CHN:gacc_bulletin" in r.text for r in compared)


def test_whole_tables_agree(checked: Callable[..., CheckReport]) -> None:
    report = checked(panel(), totals())
    assert not report.failed
    (row,) = found(report, "control total")
    assert "agrees with CHN:gacc_bulletin:province in 8 sums, 2024-01 to 2024-04" in row.text
    assert "0.0000%" in row.text


def test_a_planted_gap_fails_and_names_province_and_month(
    checked: Callable[..., CheckReport],
) -> None:
    report = checked(panel(lambda p, q, m: (p, q, m) == ("14", "VNM", 202403)), totals())
    assert report.failed
    head, row = found(report, "control total")
    assert head.text.startswith("1 of 8 sums differ")
    assert row.text == "2024-03 Shanxi: 3,000,000 against 4,000,000 USD (-25.0%)"
    assert (row.table, row.flow, row.currency) == (
        "CHN:gacc_query:province+partner",
        "export",
        "USD",
    )
    assert report.to_text().startswith("FAIL  control total")
    assert report.to_dict()["failed"] is True


def test_a_whole_province_that_was_lost_fails(checked: Callable[..., CheckReport]) -> None:
    report = checked(panel(lambda p, q, m: p == "14" and m == 202402), totals())
    assert [r.text for r in found(report, "control total")][1:] == [
        "2024-02 Shanxi: 0 against 4,000,000 USD (-100.0%)"
    ]


def test_half_a_per_cent_is_let_pass(checked: Callable[..., CheckReport]) -> None:
    assert not checked(panel(), totals(4_020_000)).failed  # 0.4975 %


def test_more_than_half_a_per_cent_fails(checked: Callable[..., CheckReport]) -> None:
    assert checked(panel(), totals(4_021_000)).failed  # 0.522 %


def test_rounding_of_the_source_is_no_difference(checked: Callable[..., CheckReport]) -> None:
    rows = [{"province": "44", "partner": "USA", "period": m, "value": 1_025_000} for m in MONTHS]
    control = [{"province": "44", "period": m, "value": 1_000_000} for m in MONTHS]
    assert not checked(rows, control, rounding=10_000).failed  # 25,000 is under three units


def test_a_control_of_zero_is_no_division(checked: Callable[..., CheckReport]) -> None:
    rows = [{"province": "44", "partner": "USA", "period": m, "value": 1} for m in MONTHS]
    control = [{"province": "44", "period": m, "value": 0} for m in MONTHS]
    report = checked(rows, control)
    text = report.to_text()
    assert not report.failed and "inf" not in text and "nan" not in text.lower()


def test_months_that_one_table_lacks_are_not_compared(
    checked: Callable[..., CheckReport],
) -> None:
    report = checked(panel(), totals(months=(202412,)))
    assert not report.failed
    assert "no month is covered whole by both" in found(report, "control total")[0].text


def test_a_listed_panel_is_not_held_against_the_whole(make_store: Make) -> None:
    make_store(totals(), source="gacc_bulletin")
    rows = [{**r, "product": "85177950"} for r in panel()]
    path = make_store(
        rows, source="gacc_query", name="one product", declared=("province", "partner")
    )
    assert not pe.check(pe.open(path)).failed


def test_two_flows_and_currencies_are_checked_apart(make_store: Make) -> None:
    for flow, currency, value in (
        ("export", "USD", 4_000_000), ("import", "USD", 4_000_000), ("import", "CNY", 1),
    ):  # fmt: skip
        words = {"flow": flow, "currency": currency}
        make_store(panel(), source="gacc_query", name=f"p{flow}{currency}", **words)
        path = make_store(totals(value), source="gacc_bulletin", name=f"t{flow}{currency}", **words)
    report = pe.check(pe.open(path))
    assert {(r.flow, r.currency) for r in report.rows if r.failed} == {("import", "CNY")}


def test_a_file_of_ten_thousand_rows(make_store: Make, plant_file: Callable[..., FileRows],
                                     tmp_path: Path) -> None:  # fmt: skip
    def file(n: int) -> FileRows:
        rows = [{"period": 202401, "province": "44", "partner": "USA", "product": f"{85000000 + i}",
                 "value": 1} for i in range(n)]  # fmt: skip
        return plant_file(rows, name=f"downloads/big {n}.csv")

    load_rows(tmp_path / "whole", [file(9_999)])
    assert not pe.check(pe.open(tmp_path / "whole")).failed
    load_rows(tmp_path / "cut", [file(10_000)])
    report = pe.check(pe.open(tmp_path / "cut"))
    (row,) = found(report, "truncation")
    assert row.failed and "big 10000.csv (load 1) has exactly 10,000 rows" in row.text


def test_the_last_month_without_its_last_partners(make_store: Make) -> None:
    """Partner codes sort USA and VNM last: both are in every month but the last."""
    cut = panel(lambda p, q, m: m == 202404 and q in ("USA", "VNM"))
    report = pe.check(pe.open(make_store(cut, source="gacc_query")))
    (row,) = found(report, "truncation")
    assert row.failed
    assert row.text.startswith("2024-04 ends before partners that every other month has: ")
    middle = panel(lambda p, q, m: m == 202404 and q == "DEU")
    assert not pe.check(pe.open(make_store(middle, source="gacc_query", store="b"))).failed
    earlier = panel(lambda p, q, m: m == 202403 and q == "VNM")
    assert not pe.check(pe.open(make_store(earlier, source="gacc_query", store="c"))).failed


def test_gaps_and_combined_rows_are_listed(make_store: Make) -> None:
    rows = [
        {"province": "44", "partner": "USA", "period": p, "months": n, "value": 5}
        for p, n in ((202402, 2), (202403, 1), (202406, 1))
    ]
    report = pe.check(pe.open(make_store(rows)))
    assert not report.failed
    assert [r.text for r in found(report, "gap")] == ["months not held: 2024-04, 2024-05"]
    assert [r.text for r in found(report, "combined january-february")] == [
        "January and February only together in 2024"
    ]


def test_revisions_are_counted(make_store: Make) -> None:
    make_store(totals(1_000_000), source="gacc_bulletin")
    ytd = [
        {"province": p, "period": m, "months": m % 100, "value": v}
        for p, m, v in (
            ("44", 202402, 2_000_000), ("14", 202402, 2_004_000),  # 4,000 of 2,004,000: 0.1996 %
            ("44", 202403, 3_000_000), ("14", 202403, 2_999_000),  # 0.033 %
            ("44", 202404, 0),
        )
    ]  # fmt: skip
    report = pe.check(pe.open(make_store(ytd, source="gacc_bulletin_ytd", name="ytd")))
    (row,) = found(report, "revisions")
    assert not row.failed
    assert row.text == ("year to date minus the sum of months: 1 of 4 above 0.1 %, largest 0.200%")


def test_cells_of_one_currency_only(make_store: Make) -> None:
    make_store(panel(), currency="USD")
    path = make_store(panel(lambda p, q, m: (p, m) == ("14", 202401)), currency="CNY", name="cny")
    (row,) = found(pe.check(pe.open(path)), "currencies")
    assert row.text == "4 of 32 cells are held in one currency only" and not row.failed


def test_an_old_version_is_checked_as_it_was(make_store: Make) -> None:
    make_store(panel(lambda p, q, m: (p, m) == ("14", 202403)), source="gacc_query")
    make_store(totals(), source="gacc_bulletin", name="totals")
    path = make_store(
        [r for r in panel() if (r["province"], r["period"]) == ("14", 202403)],
        source="gacc_query", name="the missing piece", vintage=1_710_000_000,
        listed={"province": ("14",)},
    )  # fmt: skip
    assert pe.check(pe.open(path, version=2)).failed
    assert not pe.check(pe.open(path)).failed
    assert pe.check(pe.open(path, as_of="2023-12-31")).failed


def test_an_empty_report_reads(make_store: Make) -> None:
    report = pe.check(pe.open(make_store([{"period": 202401, "value": 1}])))
    assert (report.rows, report.failed) == ((), False)
    assert report.to_text() == "0 findings, 0 failed"
    assert isinstance(pl.DataFrame(report.to_dict()["rows"]), pl.DataFrame)


def _every_kind(make_store: Make) -> Path:
    """One store that gives every kind of finding that rows can give."""
    rows = [{**r, "months": 1} for r in panel(lambda p, q, m: q == "VNM" and m == 202404)]
    late = [
        {"province": "44", "period": p, "months": n, "value": 5}
        for p, n in ((202302, 2), (202311, 1))
    ]
    make_store(rows, source="gacc_query", name="usd")
    make_store(panel(), source="gacc_query", name="cny", currency="CNY")
    make_store(late, source="other", name="late")
    ytd = [{"province": "44", "period": 202402, "months": 2, "value": 8_100_000}]
    make_store(ytd, source="gacc_bulletin_ytd", name="ytd")
    return make_store(totals(), source="gacc_bulletin", name="totals")


def test_findings_in_chinese_are_the_same_findings(make_store: Make) -> None:
    trade = pe.open(_every_kind(make_store))
    english, chinese = pe.check(trade), pe.check(trade, lang="zh")

    def bare(row: CheckRow) -> tuple[Any, ...]:
        return row.check, row.table, row.flow, row.currency, row.failed, row.noted

    assert [bare(r) for r in chinese.rows] == [bare(r) for r in english.rows]
    assert {r.check for r in chinese.rows} == {
        "control total", "truncation", "gap", "combined january-february", "revisions",
        "currencies",
    }  # fmt: skip
    for row in chinese.rows:
        words = re.sub(r"CHN:[\w:+]+|USD|CNY|VNM", "", row.text)
        assert re.search(r"[\u4e00-\u9fff]", words), row
        assert not re.search(r"[A-Za-z]{2,}", words), row
    # "January" is a number in Chinese.
    texts = [r.text.replace("January and February", "1, 2") for r in english.rows]
    numbers = [re.findall(r"\d+", text) for text in texts]
    assert [sorted(re.findall(r"\d+", r.text)) for r in chinese.rows] == [
        sorted(n) for n in numbers
    ]
    assert "note  gap" in english.to_text()


def test_coverage_in_chinese(make_store: Make) -> None:
    trade = pe.open(make_store(panel(), listed={"partner": ("502", "132")}))
    english, chinese = trade.coverage(), trade.coverage(lang="zh")
    assert [c["scopes"] for c in english] == ["provinces: all (declared); partners: 132, 502"]
    assert [c["scopes"] for c in chinese] == ["省份：全部（已声明）；贸易伙伴：132、502"]
    assert [{**c, "scopes": ""} for c in chinese] == [{**c, "scopes": ""} for c in english]


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(CallError, match="unknown language 'fr'"):
        pe.check(pe.sample(), lang="fr")
