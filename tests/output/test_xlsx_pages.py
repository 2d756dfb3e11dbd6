"""Sheets of a briefing: several tables under one another, each with a filter of its own."""

import io

import openpyxl
import polars as pl

from provexpo.output.xlsx import Page, paged_workbook
from provexpo.result import Caveat, Receipt, Result


def table(rows=3, lang="en", **columns):
    frame = pl.DataFrame(
        {
            "month": [f"2025-{i + 1:02d}" for i in range(rows)],
            "sector": ["=1+1", "+SUM(A1)", "https://example.org"][:rows],
            "value": [1_585_992_000, None, -5][:rows],
            "base_value": [1, 2, 3][:rows],
            **columns,
        },
        schema_overrides={"value": pl.Int64},
    )
    units = {"month": "period", "sector": "text", "value": "USD", "base_value": "USD"}
    receipt = Receipt(
        store="desk", load=3, as_of=None, illustrative=False, metric="value", call={},
        tables={"export": "CHN:gacc_query:province"}, vintages=("2025-08-18", "2025-08-20"),
        currency="USD", window="2025-01/2025-07", base_window=None, scope=(), sql="SELECT 1",
        params={}, method="1.1", provexpo="0.1.0",
    )  # fmt: skip
    return Result(frame, units, receipt, (Caveat("scope", "assumed", 1),), "Value", lang)


def book_of(*pages):
    return openpyxl.load_workbook(io.BytesIO(paged_workbook(pages, title="Title")))


def test_tables_stand_under_one_another_each_with_its_filter():
    book = book_of(Page("Months", ("=cmd|' /C calc'!A0", "two"), (("A", table()), ("B", table()))))
    sheet = book["Months"]
    assert [sheet.cell(row, 1).value for row in (1, 2, 3, 5, 6)] == [
        "Months", "=cmd|' /C calc'!A0", "two", "A", "Month",
    ]  # fmt: skip
    assert sorted(t.ref for t in sheet.tables.values()) == ["A13:D16", "A6:D9"]
    assert sheet.cell(12, 1).value == "B" and sheet.cell(13, 1).value == "Month"
    # A filter hides whole rows: none may reach into another table's.
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref is None
    assert all(c.data_type != "f" for ws in book for row in ws.iter_rows() for c in row)
    assert not any(c.hyperlink for row in sheet.iter_rows() for c in row)


def test_a_single_table_keeps_its_heading_in_sight():
    sheet = book_of(Page("S", ("one",), (("A", table()),)))["S"]
    assert sheet.freeze_panes == "A6" and sheet["A5"].value == "Month"
    many = book_of(Page("S", tuple("abcdefgh"), (("A", table()),)))["S"]
    assert many.freeze_panes == "A2"  # too tall to freeze


def test_months_are_dates_and_missing_is_said():
    sheet = book_of(Page("S", (), (("A", table()),)))["S"]
    assert sheet["A5"].value.isoformat() == "2025-01-01T00:00:00"
    assert sheet["A5"].number_format == "yyyy-mm"
    assert sheet["C4"].value == "Value (USD)" and sheet["C5"].number_format == "#,##0"
    assert sheet["C6"].value == "n/a" and sheet["C7"].value == -5


def test_other_periods_stay_text():
    sheet = book_of(Page("S", (), (("A", table(month=["2025"] * 3)),)))["S"]
    assert sheet["A5"].value == "2025"


def test_columns_are_as_wide_as_what_they_hold():
    narrow = table(rows=1)
    wide = table(rows=1, sector=["内" * 15])
    sheets = book_of(Page("a", (), (("A", narrow),)), Page("b", (), (("A", wide),)))
    width = [sheets[n].column_dimensions["B"].width for n in "ab"]
    assert width[0] < 15 and width[1] >= 30  # a Chinese character takes two places
    assert all(w < 50 for w in width)


def test_headings_that_look_alike_are_told_apart():
    result = table()
    frame = result.frame.with_columns(VALUE=pl.Series([1, 2, 3]), Sector=pl.lit("x"))
    units = {**result.units, "VALUE": "count", "Sector": "text"}
    alike = Result(frame, units, result.receipt, (), "t")
    sheet = book_of(Page("S", (), (("A", alike),)))["S"]
    heads = [c.value.lower() for c in sheet[4]]
    assert len(heads) == len(set(heads)) == 6


def test_no_rows_and_no_tables_are_sheets_too():
    empty = Result(table().frame.clear(), table().units, table().receipt, (), "t")
    book = book_of(Page("empty", (), (("A", empty),)), Page("words", ("said",)))
    assert book["empty"]["A4"].value == "Month" and not book["empty"].tables
    assert book["words"]["A2"].value == "said"


def test_the_same_bytes_again():
    pages = [Page("S", ("one",), (("A", table()),))]
    assert paged_workbook(pages, title="t") == paged_workbook(pages, title="t")
