"""The customs query download: each row of the table in docs/files.md, and each broken file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provexpo.errors import (
    CallError,
    CoverageError,
    LayoutError,
    ManifestError,
    PeriodError,
    UnknownCodeError,
)
from provexpo.ingest import FileRows, Options, read_files
from provexpo.ingest.cells import read_span

MakeFile = Callable[..., Path]
EXPORT = Options(flow="export")
MONTHLY = ("数据年月", "商品编码", "第一数量", "第一计量单位", "第二数量", "第二计量单位", "美元")


def read_one(path: Path, options: Options = EXPORT) -> FileRows:
    (file,) = read_files([path], options).files
    return file


def only(file: FileRows) -> dict[str, Any]:
    assert file.rows.height == 1
    return file.rows.row(0, named=True)


@pytest.mark.parametrize("language", ["chinese", "english"])
@pytest.mark.parametrize(
    ("encoding", "newline"),
    [("gb18030", "\n"), ("utf-8", "\r\n"), ("utf-8-sig", "\r\n"), ("utf-16", "\r\n")],
)
def test_full_header_in_both_languages_and_all_encodings(
    query_file: MakeFile,
    full_row: Callable[..., list[str]],
    request: pytest.FixtureRequest,
    language: str,
    encoding: str,
    newline: str,
) -> None:
    header = request.getfixturevalue(language)
    file = read_one(
        query_file(
            [full_row(value="74,592,764")], header=header, encoding=encoding, newline=newline
        )
    )
    row = only(file)
    expected = {
        "reporter": "CHN", "flow": "export", "period": 202501, "months": 1, "province": "44",
        "partner": "USA", "partner_code": "502", "product": 85177950, "regime": "10",
        "currency": "USD", "value": 74_592_764, "quantity": 12, "unit": "千克", "quantity2": None,
        "unit2": None, "grain": "CHN:gacc_query:province+partner+hs8+regime",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert file.layout == "query"
    assert file.encoding == ("utf-16" if encoding == "utf-16" else encoding)


def test_old_english_spelling(query_file: MakeFile) -> None:
    header = (
        "Date of data",
        "Commodity code",
        "Supplimentary Quantity",
        "Supplimentary Unit",
        "Renminbi Yuan",
    )
    row = only(read_one(query_file([["202401", "2709", "381", "桶", "1,000"]], header=header)))
    assert (row["quantity2"], row["unit2"], row["currency"]) == (381, "桶", "CNY")


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        (("月份", "商品编码", "美元值"), "USD"),
        (("年月", "商品编码", "金额_美元"), "USD"),
        (("年月", "商品编码", "人民币元"), "CNY"),
        (("美元", "商品编码", "数据年月"), "USD"),
    ],
)
def test_aliases_and_any_order(
    query_file: MakeFile, header: tuple[str, ...], currency: str
) -> None:
    cells = {"月份": "202403", "年月": "202403", "数据年月": "202403", "商品编码": "0102"}
    row = only(read_one(query_file([[cells.get(name, "5,000") for name in header]], header=header)))
    assert (row["period"], row["product"], row["value"], row["currency"]) == (
        202403,
        102,
        5000,
        currency,
    )
    assert row["grain"] == "CHN:gacc_query:hs4"


@pytest.mark.parametrize(("word", "code"), [("一般贸易", "10"), ("10", "10")])
def test_trade_type_column_of_saved_copies(query_file: MakeFile, word: str, code: str) -> None:
    header = ("月份", "贸易类型", "美元")
    assert only(read_one(query_file([["202403", word, "7"]], header=header)))["regime"] == code


def test_trade_type_column_may_hold_the_flow(query_file: MakeFile) -> None:
    path = query_file([["202403", "出口", "7"]], header=("月份", "贸易类型", "美元"))
    assert only(read_one(path, Options()))["flow"] == "export"
    with pytest.raises(CallError, match=r"stated as import.*\n.*line 2"):
        read_one(path, Options(flow="import"))


def test_missing_value_is_left_out_and_never_zero(query_file: MakeFile) -> None:
    rows = [["202401", mark] for mark in ("?", "-", "--", "…", "")]
    file = read_one(query_file([*rows, ["202402", "0"]], header=("数据年月", "美元")))
    assert file.rows.select("period", "value").rows() == [(202402, 0)]
    assert file.left_out == {"no value": 5}
    assert file.data_rows == 6
    assert "5 cells without a value" in file.warnings[0]


def test_quantities(query_file: MakeFile) -> None:
    """Quantity 0 of a real unit is a quantity; 0 of unit ? is none; a missing mark is none."""
    rows = [
        ["202401", "85177950", "0", "千克", "0", "?", "74"],
        ["202402", "85177950", "?", "千克", "3", "台", "74"],
        ["202403", "85177950", "5", "千克", "4", "套", "74"],
    ]
    file = read_one(query_file(rows, header=MONTHLY))
    assert file.rows.select("quantity", "unit", "quantity2", "unit2").rows() == [
        (0, "千克", None, None), (None, "千克", 3, "台"), (5, "千克", 4, "套"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["12,5", "1,2345", "1.5E+08", "12.5", "1 234", "abc", "1,,234"])
def test_value_that_is_no_whole_number(query_file: MakeFile, value: str) -> None:
    path = query_file([["202401", "1"], ["202402", value]], header=("数据年月", "美元"))
    with pytest.raises(LayoutError, match=r"not a whole number\n.*line 3, column '美元'"):
        read_one(path)


def test_negative_values_and_padded_cells(query_file: MakeFile) -> None:
    file = read_one(
        query_file([["202401 ", " 502", " -1,234 "]], header=("数据年月", "贸易伙伴编码", "美元"))
    )
    assert only(file)["value"] == -1234
    assert only(file)["partner"] == "USA"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("202501", (202501, 1)), ("2025-01", (202501, 1)), ("2025.01", (202501, 1)),
        ("2025年1月", (202501, 1)), ("2025年12月", (202512, 1)), ("2025/01", (202501, 1)),
        ("2025年1-2月", (202502, 2)), ("202513", None), ("2025", None), ("Jan 2025", None),
        ("2025.1", None),  # October, written as a number, has lost its zero
    ],
)  # fmt: skip
def test_month_forms(text: str, span: tuple[int, int] | None) -> None:
    assert read_span(text) == span


def test_month_forms_in_a_file(query_file: MakeFile) -> None:
    rows = [["2025年1月", "1"], ["2025-02", "2"], ["2025.03", "3"]]
    file = read_one(query_file(rows, header=("数据年月", "美元")))
    assert file.rows["period"].to_list() == [202501, 202502, 202503]


def test_cell_that_is_no_month(query_file: MakeFile) -> None:
    with pytest.raises(PeriodError, match=r"'202513': not a month\n.*line 2, column '数据年月'"):
        read_one(query_file([["202513", "1"]], header=("数据年月", "美元")))


def test_file_without_months_needs_a_period(query_file: MakeFile) -> None:
    path = query_file([["502", "7"]], header=("贸易伙伴编码", "美元"))
    with pytest.raises(PeriodError, match="pass --period"):
        read_one(path)
    file = read_one(path, Options(flow="export", period="2025-01/2025-07"))
    assert (only(file)["period"], only(file)["months"]) == (202507, 7)
    assert file.scopes[0].spans == ((202507, 7),)


def test_period_that_contradicts_the_months(query_file: MakeFile) -> None:
    path = query_file([["202401", "1"], ["202501", "2"]], header=("数据年月", "美元"))
    with pytest.raises(PeriodError, match=r"2024 does not hold 2025-01\n.*line 3"):
        read_one(path, Options(flow="export", period="2024"))


def test_flow_is_never_guessed(query_file: MakeFile) -> None:
    path = query_file([["202401", "1"]], header=("数据年月", "美元"), name="soybeans_2024in.csv")
    with pytest.raises(CallError, match=r"its name suggests import(.|\n)*do: pass --flow import"):
        read_one(path, Options())


@pytest.mark.parametrize(
    ("name", "flow", "warned"),
    [
        ("大豆进口2024.csv", "export", True), ("2024出口.csv", "import", True),
        ("a_in_1.csv", "export", True),
        ("inbox.csv", "export", False), ("out.csv", "export", False),
        ("import_export.csv", "export", False),
    ],
)  # fmt: skip
def test_name_that_suggests_the_other_flow(
    query_file: MakeFile, name: str, flow: str, warned: bool
) -> None:
    file = read_one(
        query_file([["202401", "1"]], header=("数据年月", "美元"), name=name), Options(flow=flow)
    )
    assert any("name suggests" in text for text in file.warnings) == warned


def test_two_value_columns(query_file: MakeFile) -> None:
    path = query_file([["202401", "1", "7"]], header=("数据年月", "美元", "人民币"))
    with pytest.raises(
        LayoutError, match=r"two value columns \('美元', '人民币'\)(.|\n)*layout = 'tidy'"
    ):
        read_one(path)


def test_unknown_header(write: MakeFile) -> None:
    path = write("a.csv", "foo,bar\n1,2\n", "utf-8")
    with pytest.raises(
        LayoutError, match=r"unknown header \(read as utf-8\): 'foo', 'bar'\n.*line 1"
    ):
        read_one(path)


def test_unknown_column_with_suggestion(query_file: MakeFile) -> None:
    path = query_file([["202401", "85", "1"]], header=("数据年月", "商品编号", "美元"))
    with pytest.raises(
        LayoutError, match=r"unknown column '商品编号'(.|\n)*did you mean '商品编码'"
    ):
        read_one(path)


def test_two_columns_of_one_meaning(query_file: MakeFile) -> None:
    with pytest.raises(LayoutError, match="several columns mean the same: '数据年月', '月份'"):
        read_one(query_file([["202401", "202401", "1"]], header=("数据年月", "月份", "美元")))


def test_names_without_codes(query_file: MakeFile) -> None:
    with pytest.raises(LayoutError, match=r"names without codes(.|\n)*'贸易伙伴编码'"):
        read_one(query_file([["202401", "美国", "1"]], header=("数据年月", "贸易伙伴名称", "美元")))


def test_all_unknown_codes_at_once(
    query_file: MakeFile, full_row: Callable[..., list[str]]
) -> None:
    rows = [
        full_row(),
        full_row(province="71"),
        full_row(partner="998"),
        full_row(regime="77"),
        full_row(province="99"),
    ]
    with pytest.raises(UnknownCodeError) as err:
        read_one(query_file(rows))
    assert "unknown province '71', '99'" in str(err.value)
    assert "unknown regime '77'" in str(err.value)
    assert "unknown partner '998'" in str(err.value)
    assert "lines 3, 6, column '注册地编码'" in str(err.value)


def test_special_partners_are_kept(query_file: MakeFile) -> None:
    """142 is China itself (re-imports); 701 is unknown, without a country behind it."""
    rows = [["202401", code, "1"] for code in ("142", "110", "121", "143", "701")]
    file = read_one(query_file(rows, header=("数据年月", "贸易伙伴编码", "美元")))
    assert file.rows["partner"].to_list() == ["CHN", "HKG", "MAC", "TWN", "X701"]


def test_several_codes_of_one_country_stay_apart(query_file: MakeFile) -> None:
    """Gambier and Marquesas Islands are both French Polynesia: two cells, one partner."""
    rows = [["202001", "604", "1"], ["202001", "605", "1"]]
    file = read_one(query_file(rows, header=("数据年月", "贸易伙伴编码", "美元")))
    assert file.rows.select("partner", "partner_code").rows() == [("PYF", "604"), ("PYF", "605")]
    assert file.duplicates == 0


def test_lost_leading_zero(query_file: MakeFile) -> None:
    rows = [["202401", "85177950", "1"], ["202401", "1012100", "1"]]
    with pytest.raises(
        LayoutError,
        match=r"'1012100': an odd number of digits, so a leading zero was lost\n.*line 3",
    ):
        read_one(query_file(rows, header=("数据年月", "商品编码", "美元")))


def test_leading_zeros_are_kept(query_file: MakeFile) -> None:
    file = read_one(
        query_file([["202401", "01012100", "1"]], header=("数据年月", "商品编码", "美元"))
    )
    assert file.rows["product"].to_list() == [1012100]
    assert file.scopes[0].grain.product_level == 8
    assert file.scopes[0].product.codes == ("01012100",)


def test_mixed_levels_name_the_lines(query_file: MakeFile) -> None:
    rows = [["202401", "85177950", "1"], ["202401", "8517", "9"], ["202402", "85177950", "1"]]
    with pytest.raises(LayoutError, match=r"1 rows of 4 digits, 2 rows of 8 digits\n.*line 3"):
        read_one(query_file(rows, header=("数据年月", "商品编码", "美元")))


def full_page(count: int) -> list[list[str]]:
    """Distinct cells; the code 000 exists nowhere, so that checks of codes would fail too."""
    return [
        [f"{2000 + i // 12 % 100}{i % 12 + 1:02d}", f"85{i:06d}", "000", "1"] for i in range(count)
    ]


def test_exactly_ten_thousand_rows_is_refused_before_codes_are_looked_at(
    query_file: MakeFile,
) -> None:
    path = query_file(full_page(10_000), header=("数据年月", "商品编码", "贸易伙伴编码", "美元"))
    with pytest.raises(CoverageError, match=r"exactly 10,000 rows(.|\n)*--accept-full"):
        read_one(path)
    for name in (path.name, str(path)):
        with pytest.raises(UnknownCodeError):
            read_one(path, Options(flow="export", accept_full=(name,)))


def test_nearly_and_accepted_full_pages(query_file: MakeFile) -> None:
    header = ("数据年月", "商品编码", "美元")
    rows = [[month, product, value] for month, product, _, value in full_page(10_000)]
    assert read_one(query_file(rows[:-1], header=header)).data_rows == 9_999
    full = query_file(rows, header=header)
    assert read_one(full, Options(flow="export", accept_full=(full.name,))).data_rows == 10_000


def test_last_month_without_its_high_codes(query_file: MakeFile) -> None:
    months = ("202401", "202402", "202403")
    codes = ("116", "304", "502", "601")
    rows = [[m, c, "1"] for m in months for c in codes if m != "202403" or c < "502"]
    file = read_one(query_file(rows, header=("数据年月", "贸易伙伴编码", "美元")))
    assert "2024-03 lacks partners that every other month has: " in file.warnings[0]
    assert "(502), " in file.warnings[0]
    assert file.warnings[0].endswith("as after a cut download")


def test_no_warning_where_nothing_is_lacking(query_file: MakeFile) -> None:
    rows = [[m, c, "1"] for m in ("202401", "202402", "202403") for c in ("116", "502")]
    assert read_one(query_file(rows, header=("数据年月", "贸易伙伴编码", "美元"))).warnings == ()


def test_declared_constant_fills_an_absent_column(query_file: MakeFile) -> None:
    path = query_file([["202401", "1"]], header=("数据年月", "美元"))
    file = read_one(path, Options(flow="export", covers="partners=US; products=8517"))
    row = only(file)
    assert (row["partner"], row["partner_code"], row["product"]) == ("USA", "502", 8517)
    assert row["grain"] == "CHN:gacc_query:partner+hs4"
    assert file.scopes[0].partner.kind == "declared_list"
    with pytest.raises(ManifestError, match="covers lists 2 codes of partner"):
        read_one(path, Options(flow="export", covers="partners=502,116"))


def test_newlines_in_names_do_not_shift_rows(query_file: MakeFile) -> None:
    header = ("数据年月", "贸易伙伴编码", "贸易伙伴名称", "美元")
    rows = [
        ["202401", "434", "玻利维亚\n", "5"],
        ["202401", "502", "美国\n", "6"],
        ["202401", "502x", "", "7"],
    ]
    with pytest.raises(UnknownCodeError, match="line 6, column '贸易伙伴编码'"):
        read_one(query_file(rows, header=header))
    file = read_one(query_file(rows[:2], header=header))
    assert file.rows["value"].to_list() == [5, 6]


def test_a_path_accepts_one_full_file_and_a_bare_name_all_of_that_name(
    query_file: MakeFile, write: MakeFile, tmp_path: Path
) -> None:
    """Downloads have the same name in every folder: accepting one says nothing of the others."""
    header = ("数据年月", "商品编码", "美元")
    rows = [[month, product, value] for month, product, _, value in full_page(10_000)]
    content = query_file(rows, header=header).read_bytes()
    first = write("2024/downloadData.csv", content)
    second = write("2025/downloadData.csv", content)
    one = Options(flow="export", accept_full=(str(first),))
    assert read_files([first], one).files[0].data_rows == 10_000
    with pytest.raises(CoverageError, match=r"exactly 10,000 rows.*\n.*2025/downloadData"):
        read_files([first, second], one)
    both = Options(flow="export", accept_full=("downloadData.csv",))
    assert len(read_files([first, second], both).files) == 2


@pytest.mark.parametrize("product", ["00000000", "77010000"])
def test_a_chapter_that_does_not_exist(query_file: MakeFile, product: str) -> None:
    """It would be a row of no section and no sector."""
    rows = [["202401", "85177950", "1"], ["202401", product, "9"]]
    with pytest.raises(UnknownCodeError, match=rf"unknown HS chapter {product[:2]}\n.*line 3"):
        read_one(query_file(rows, header=("数据年月", "商品编码", "美元")))
