"""Finding files, duplicates, pairs of currencies, bad files, and the report."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from provexpo.errors import CallError, CoverageError, DecodeError
from provexpo.ingest import (
    KEY,
    ROW_SCHEMA,
    LoadReport,
    Options,
    coverage_lines,
    file_report,
    find_files,
    read_files,
    sha256_of,
)

MakeFile = Callable[..., Path]
USD = ("数据年月", "商品编码", "第一数量", "第一计量单位", "美元")
CNY = (*USD[:-1], "人民币")
OIL = [[f"2024{m:02d}", "27090000", str(100 + m), "千克"] for m in range(1, 13)]
IMPORT = Options(flow="import")


def with_values(rows: list[list[str]], factor: int) -> list[list[str]]:
    return [[*row, str(factor * i)] for i, row in enumerate(rows, 1)]


def test_find_files(write: MakeFile, tmp_path: Path) -> None:
    for name in ("b.csv", "a.txt", "sub dir/下载 (1).CSV", "x.parquet", "provexpo.toml",
                 "provexpo.csv", ".hidden.csv", ".git/c.csv", "notes.md"):  # fmt: skip
        write(name, "x", "utf-8")
    found = [p.relative_to(tmp_path).as_posix() for p in find_files([tmp_path, tmp_path / "b.csv"])]
    assert found == ["a.txt", "b.csv", "sub dir/下载 (1).CSV", "x.parquet"]


def test_workbooks_in_a_folder_are_named(
    query_file: MakeFile, write: MakeFile, tmp_path: Path
) -> None:
    query_file(with_values(OIL, 7), header=USD)
    write("sub/totals.xlsx", b"PK")
    assert read_files([tmp_path], IMPORT).warnings == ("not read, save them as CSV: totals.xlsx",)


def test_paths_without_files(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"no such file or folder: .*gone\.csv"):
        find_files([tmp_path / "gone.csv"])
    with pytest.raises(CallError, match="no data files found"):
        find_files([tmp_path])


def test_file_rows_are_complete(query_file: MakeFile) -> None:
    path = query_file(with_values(OIL, 7), header=USD)
    os.utime(path, (1_700_000_000.9, 1_700_000_000.9))
    (file,) = read_files([path], IMPORT).files
    assert dict(file.rows.schema) == dict(ROW_SCHEMA)
    assert file.sha256 == sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (file.vintage, file.vintage_source) == (1_700_000_000, "file time")
    assert set(file.rows["vintage"]) == {1_700_000_000}
    assert not file.rows.select(KEY).is_duplicated().any()


def test_equal_duplicates_are_kept_once(query_file: MakeFile) -> None:
    rows = with_values(OIL, 7)
    (file,) = read_files([query_file([*rows, rows[3], rows[3], rows[0]], header=USD)], IMPORT).files
    assert (file.rows.height, file.duplicates, file.data_rows) == (12, 3, 15)
    assert file.rows["value"].to_list() == [7 * i for i in range(1, 13)]


@pytest.mark.parametrize("change", [-1, 2])
def test_two_figures_for_one_key(query_file: MakeFile, change: int) -> None:
    """Another value, or another quantity: either way nobody can say which is right."""
    rows = with_values(OIL, 7)
    other = [*rows[3]]
    other[change] = "999"
    with pytest.raises(
        CoverageError, match=r"1 keys have different figures.*period 202404.*\(lines 5, 14\)"
    ):
        read_files([query_file([*rows, other], header=USD)], IMPORT)


def test_pair_that_agrees(query_file: MakeFile) -> None:
    paths = [
        query_file(with_values(OIL, 7), header=CNY, name="cny.csv"),
        query_file(with_values(OIL, 1), header=USD, name="usd.csv"),
    ]
    result = read_files(paths, IMPORT)
    assert result.warnings == ()
    assert [set(f.rows["currency"]) for f in result.files] == [{"CNY"}, {"USD"}]


def test_pair_with_lost_cell_and_other_quantity(query_file: MakeFile) -> None:
    usd = with_values(OIL, 1)
    usd[8][2] = "5"
    paths = [
        query_file(with_values(OIL, 7), header=CNY, name="cny.csv"),
        query_file([*usd[:4], *usd[5:]], header=USD, name="usd.csv"),
    ]
    alone, unlike = read_files(paths, IMPORT).warnings
    assert "1 cells only in CNY: 2024-05 HS 27090000" in alone
    assert (
        "quantities differ in 1 of 11 cells: 2024-09 HS 27090000 (109 and 5 in the first)" in unlike
    )


def test_pieces_are_joined_before_they_are_compared(query_file: MakeFile) -> None:
    usd = with_values(OIL, 1)
    paths = [
        query_file(with_values(OIL, 7), header=CNY, name="cny.csv"),
        query_file(usd[:6], header=USD, name="usd1.csv"),
        query_file(usd[6:], header=USD, name="usd2.csv"),
    ]
    assert read_files(paths, IMPORT).warnings == ()


def test_other_queries_are_no_pair(query_file: MakeFile) -> None:
    soy = [[r[0], "12019019", *r[2:]] for r in with_values(OIL, 1)]
    paths = [
        query_file(with_values(OIL, 7), header=CNY, name="cny.csv"),
        query_file(soy, header=USD, name="usd.csv"),
    ]
    assert read_files(paths, IMPORT).warnings == ()


def test_same_content_twice(query_file: MakeFile) -> None:
    paths = [query_file(with_values(OIL, 7), header=USD, name=n) for n in ("a.csv", "b.csv")]
    assert read_files(paths, IMPORT).warnings == (f"{paths[1]} has the same content as {paths[0]}",)


def test_all_bad_files_in_one_error(query_file: MakeFile, write: MakeFile, tmp_path: Path) -> None:
    query_file(with_values(OIL, 7), header=USD, name="b good.csv")
    write("a page.csv", "<html><p>验证码</p></html>")
    write("c empty.csv", b"")
    with pytest.raises(DecodeError) as err:
        read_files([tmp_path], IMPORT)
    text = str(err.value)
    assert "the file is an HTML page" in text
    assert "2 of 3 files are bad" in text
    assert f"{tmp_path / 'c empty.csv'}: the file is empty" in text


def test_skip_bad_and_progress(query_file: MakeFile, write: MakeFile, tmp_path: Path) -> None:
    good = query_file(with_values(OIL, 7), header=USD, name="good.csv")
    page = write("page.csv", "<html></html>")
    seen: list[tuple[int, int, str]] = []
    result = read_files([tmp_path], IMPORT, skip_bad=True, progress=lambda *step: seen.append(step))
    assert [f.path for f in result.files] == [str(good)]
    assert result.bad[0][0] == str(page)
    assert "do: download the file again" in result.bad[0][1]
    assert seen == [(1, 2, str(good)), (2, 2, str(page))]


def test_report(query_file: MakeFile) -> None:
    path = query_file(with_values(OIL, 7), header=USD, name="进口.csv")
    files = read_files(
        [path], Options(flow="import", vintage="2025-02-18", covers="months=2024")
    ).files
    report = LoadReport(
        load=3, dry_run=False, files=(file_report(files[0]),), rows_read=12, rows_new=12,
        coverage=coverage_lines(files), bad=(("x.csv", "the file is empty"),),
    )  # fmt: skip
    data = json.loads(report.to_json())
    assert data["files"][0]["vintage"] == "2025-02-18T00:00:00Z"
    assert data["files"][0]["months"][-1] == "2024-12"
    assert data["files"][0]["flows"] == ["import"]
    text = report.to_text()
    assert text.startswith("load 3: 12 rows read: 12 new, 0 changed")
    assert "2024-01 to 2024-12 (12 months)" in text
    assert (
        "CHN:gacc_query:hs8 import USD: months 2024-01/2024-12 (declared);"
        " product listed: those in the file 27090000" in text
    )
    assert "x.csv: the file is empty" in text


def test_report_says_what_did_not_happen() -> None:
    assert LoadReport(None, True, ()).to_text().startswith("dry run, nothing written")
    assert LoadReport(None, False, ()).to_text().startswith("nothing changed")


def test_a_folder_of_workbooks_says_what_to_do(write: MakeFile, tmp_path: Path) -> None:
    write("totals.xlsx", b"PK")
    with pytest.raises(
        CallError, match=r"no data files found(.|\n)*save them as CSV: totals\.xlsx"
    ):
        find_files([tmp_path])


@pytest.mark.parametrize(
    ("vintage", "says"),
    [
        ("2099-01-01", "vintage 2099-01-01T00:00:00Z lies in the future"),
        ("2023-05-01", "is older than the newest month of the file, 2024-12"),
        ("2025-01-18", None),
    ],
)
def test_a_vintage_that_cannot_be(query_file: MakeFile, vintage: str, says: str | None) -> None:
    path = query_file(with_values(OIL, 7), header=USD)
    (file,) = read_files([path], Options(flow="import", vintage=vintage)).files
    assert [w for w in file.warnings if says and says in w] == list(file.warnings)
    assert bool(file.warnings) == (says is not None)


def test_a_manifest_entry_that_fits_no_file_is_named(query_file: MakeFile, write: MakeFile) -> None:
    """Its covers would be left out of account without a word."""
    path = query_file(with_values(OIL, 7), header=USD)
    entry = '[[files]]\nmatch = "{}"\ncovers = {{ products = "2709" }}\n'
    write("provexpo.toml", entry.format("crude*.csv"), "utf-8")
    (warning,) = read_files([path], IMPORT).warnings
    assert warning.endswith("entry 1: match = 'crude*.csv' is the entry of no file")
    write("crude.csv", b"another file of the folder")
    assert read_files([path], IMPORT).warnings == ()


def test_rows_that_differ_in_quantity_alone_say_so(query_file: MakeFile) -> None:
    rows = [["202401", "85177950", q, "千克", "1,000"] for q in ("100", "101")]
    header = ("数据年月", "商品编码", "第一数量", "第一计量单位", "美元")
    with pytest.raises(CoverageError, match="quantity 100 and quantity 101"):
        read_files([query_file(rows, header=header)], Options(flow="export"))
