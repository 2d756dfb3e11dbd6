"""Writers: what is written reads back, and nothing that is read runs."""

import csv
import hashlib
import io
import json
import os
import re

import openpyxl
import polars as pl
import pytest

from provexpo.errors import CallError
from provexpo.output import files, tables
from provexpo.output.text import text_width, to_text
from provexpo.output.xlsx import workbook
from provexpo.result import Caveat, Receipt, Result


def make(illustrative=False, names=("Shanxi", "=cmd|'/c calc'!A1"), lang="en", **more):
    frame = pl.DataFrame(
        {
            "province": ["14", "15"],
            "province_name": list(names),
            "value": [1_585_992_000, None],
            "share": [0.225, None],
            "delta_share_pp": [-12.9, None],
            "small_base": [False, True],
            "status": ["ok", "missing"],
            "reason": [None, "uncovered"],
        }
    )
    units = {
        "province": "code", "province_name": "text", "value": "USD", "share": "fraction",
        "delta_share_pp": "pp", "small_base": "boolean", "status": "text", "reason": "text",
    }  # fmt: skip
    receipt = Receipt(
        store="desk", load=3, as_of=None, illustrative=illustrative, metric="dependence", call={},
        tables={"export": "CHN:gacc_query:province+partner"}, vintages=("2025-08-18", "2025-08-20"),
        currency="USD", window="2025-01/2025-07", base_window="2024-01/2024-07", scope=(),
        sql="SELECT 1", params={}, method="1.1", provexpo="0.1.0",
    )  # fmt: skip
    caveats = (Caveat("scope", "partners <assumed> complete", 1),)
    return Result(more.get("frame", frame), units, receipt, caveats, title="Dependence", lang=lang)


def test_json_is_the_contract(tmp_path):
    path = make().write(tmp_path / "x.json")
    got = json.loads(path.read_text("utf-8"))
    assert set(got) == {"rows", "units", "caveats", "receipt"}
    assert got["rows"][0]["share"] == 0.225
    assert got["rows"][1]["share"] is None
    assert got["rows"][0]["province"] == "14"
    assert got["caveats"] == [{"code": "scope", "text": "partners <assumed> complete", "rows": 1}]
    assert got["receipt"]["load"] == 3


def test_json_knows_no_nan():
    frame = make().frame.with_columns(share=pl.Series([float("nan"), float("inf")]))
    rows = tables.to_dict(make(frame=frame))["rows"]
    assert [r["share"] for r in rows] == [None, None]
    json.loads(tables.to_json(make(frame=frame)))


def test_csv_reads_back_and_runs_no_formula(tmp_path):
    names = ("=1+1", "@SUM(A1)")
    path = make(names=names).write(tmp_path / "x.csv")
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")  # spreadsheets need it for Chinese
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [r["province_name"] for r in rows] == ["'=1+1", "'@SUM(A1)"]
    assert rows[0]["delta_share_pp"] == "-12.9"  # a number keeps its minus
    assert rows[1]["value"] == ""
    assert not tables.to_csv(make()).startswith("\ufeff")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_every_formula_start_is_disarmed(start):
    text = tables.to_csv(make(names=(start + "x", "plain")))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["province_name"] == "'" + start + "x"
    assert rows[1]["province_name"] == "plain"


def test_parquet_reads_back_with_its_receipt(tmp_path):
    path = make().write(tmp_path / "x.parquet")
    assert pl.read_parquet(path).equals(make().frame)
    metadata = pl.read_parquet_metadata(path)
    assert json.loads(metadata["receipt"])["load"] == 3
    assert json.loads(metadata["units"])["value"] == "USD"


def test_xlsx_reads_back_without_formulas_and_with_notes(tmp_path):
    path = make().write(tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book["dependence"]
    head = [c.value for c in sheet[1]]
    assert head[:5] == ["Code", "Province", "Value (USD)", "Share (%)", "Change of share (pp)"]
    assert [c.value for c in sheet[2]][:5] == ["14", "Shanxi", 1_585_992_000, 0.225, -12.9]
    assert sheet["D2"].number_format == "0.0%"
    assert [c.value for c in sheet[3]][2:] == [
        "n/a",
        "n/a",
        "n/a",
        "yes",
        "missing",
        "months not covered",
    ]
    assert sheet["B3"].value == "=cmd|'/c calc'!A1"
    assert all(c.data_type != "f" for ws in book for row in ws.iter_rows() for c in row)
    assert sheet.freeze_panes == "A2"
    notes = [tuple(c.value for c in row) for row in book["Notes"].iter_rows()]
    assert ("Caveats: scope", "partners <assumed> complete") in notes
    assert ("Receipt: sql", "SELECT 1") in notes


def test_xlsx_is_the_same_bytes_and_dated_by_its_vintage():
    one = workbook([("a", make()), ("a", make())])
    assert one == workbook([("a", make()), ("a", make())])
    book = openpyxl.load_workbook(io.BytesIO(one))
    assert book.properties.created.date().isoformat() == "2025-08-20"
    assert book.sheetnames == ["a", "a 2", "Notes"]


def test_xlsx_sheet_names_that_the_format_forbids():
    book = openpyxl.load_workbook(io.BytesIO(workbook([("a/b[c]:*?" + "x" * 40, make())])))
    assert len(book.sheetnames[0]) <= 31
    assert not set("[]:*?/\\") & set(book.sheetnames[0])


def test_html_is_escaped_folded_and_marked():
    many = pl.concat([make(names=("<script>alert(1)</script>", "b")).frame] * 15)
    html = tables.to_html(make(frame=many))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "partners &lt;assumed&gt; complete" in html
    assert "<details><summary>18 more rows</summary>" in html
    assert html.count("<tr><td") == 30 and html.split("<details>")[0].count("<tr><td") == 12
    assert "<small>USD bn</small>" in html and "<small>pp</small>" in html
    assert 'scope="col"' in html
    assert make()._repr_html_() == tables.to_html(make())


def test_html_says_where_its_figures_come_from():
    html = tables.to_html(make())
    mark = hashlib.sha256(make().receipt.to_json().encode()).hexdigest()[:8]
    line = re.search(r"<p><small>(.*?)</small></p></div>", html)[1]
    for part in (mark, "CHN:gacc_query:province+partner", "2025-08-18 – 2025-08-20", "load 3",
                 "Jan–Jul 2025", "Jan–Jul 2024", "USD", "dependence"):  # fmt: skip
        assert part in line
    assert "<details>" not in html and "script" not in html  # two rows are not folded
    assert ">n/a</td>" in html and html.count("n/a") == 3  # a row without a reason shows none
    assert "数据凭证" in tables.to_html(make(lang="zh"))


def test_the_sample_is_named_on_every_output(tmp_path):
    sample = make(illustrative=True)
    words = "illustrative sample, not data"
    for ending in ("csv", "json", "html"):
        assert words in sample.write(tmp_path / f"x.{ending}").read_text("utf-8-sig")
    assert set(pl.read_parquet(sample.write(tmp_path / "x.parquet"))["note"]) == {words}
    book = openpyxl.load_workbook(sample.write(tmp_path / "x.xlsx"))
    assert [row[-1].value for row in book["dependence"].iter_rows(min_row=2)] == [words, words]
    assert words in to_text(sample)
    assert "示例数据，非真实数据" in to_text(make(illustrative=True, lang="zh"))


def test_text_table_is_aligned_with_units_and_caveats():
    lines = to_text(make(names=("Shanxi", "内蒙古")), width=120).splitlines()
    assert lines[0] == "Dependence"
    assert "USD bn" in lines[3]
    assert "n/a" in "\n".join(lines)
    assert "* partners <assumed> complete" in lines
    body = [line for line in lines if line.startswith(("14", "15"))]
    ends = {text_width(line[: line.index(s) + len(s)]) for line, s in zip(body, ("1.6", "n/a"))}
    assert len(ends) == 1  # figures end in one column, also after Chinese names


def test_text_table_wraps_columns_and_repeats_the_name():
    text = to_text(make(names=("Shanxi", "Gansu")), width=40)
    assert max(text_width(line) for line in text.splitlines()) <= 40
    assert text.count("Shanxi") > 1


def test_no_rows_still_has_headings():
    empty = make(frame=make().frame.clear())
    assert "Province" in to_text(empty)
    assert "(0 rows)" in to_text(empty)
    assert tables.to_csv(empty).strip() == ",".join(empty.frame.columns)
    assert "Province" in tables.to_html(empty)
    assert (
        openpyxl.load_workbook(io.BytesIO(workbook([("x", empty)])))["x"]["B1"].value == "Province"
    )


def test_an_unknown_ending_names_those_there_are(tmp_path):
    with pytest.raises(CallError, match=r"\.parquet"):
        make().write(tmp_path / "x.doc")


def test_nothing_half_written(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    path.write_text("old")

    def fail(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(CallError, match="No space left"):
        make().write(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.csv"]


def test_a_folder_in_the_way_is_one_clear_message(tmp_path):
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(CallError, match="cannot write"):
        make().write(tmp_path / "x.csv")
    assert os.listdir(tmp_path) == ["x.csv"]


def test_pandas_keeps_missing_as_missing():
    pandas = pytest.importorskip("pandas")
    frame = make().to_pandas()
    assert frame["value"].tolist()[0] == 1_585_992_000
    assert frame["value"].isna().tolist() == [False, True]
    assert str(frame["value"].dtype) == "Int64"
    assert frame.attrs["units"]["share"] == "fraction"
    assert isinstance(frame, pandas.DataFrame)


def test_pandas_absent_is_a_clear_error(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(CallError, match=r"provexpo\[pandas\]"):
        make().to_pandas()
