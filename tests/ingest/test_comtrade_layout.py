"""UN Comtrade: planted downloads as workbook and CSV, and the real one, against pandas."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from openpyxl import Workbook

import provexpo as pe
from provexpo.errors import (
    CallError,
    CoverageError,
    LayoutError,
    ProvexpoError,
    UnknownCodeError,
)
from provexpo.ingest import FileRows, Options, read_files

MakeFile = Callable[..., Path]
Rows = list[dict[str, Any]]
HEADER = (
    "typeCode", "freqCode", "refPeriodId", "refYear", "refMonth", "period", "reporterCode",
    "reporterISO", "reporterDesc", "flowCode", "flowDesc", "partnerCode", "partnerISO",
    "partnerDesc", "partner2Code", "partner2ISO", "partner2Desc", "classificationCode",
    "classificationSearchCode", "isOriginalClassification", "cmdCode", "cmdDesc", "aggrLevel",
    "isLeaf", "customsCode", "customsDesc", "mosCode", "motCode", "motDesc", "qtyUnitCode",
    "qtyUnitAbbr", "qty", "isQtyEstimated", "altQtyUnitCode", "altQtyUnitAbbr", "altQty",
    "isAltQtyEstimated", "netWgt", "isNetWgtEstimated", "grossWgt", "isGrossWgtEstimated",
    "cifvalue", "fobvalue", "primaryValue", "legacyEstimationFlag", "isReported", "isAggregate",
)  # fmt: skip
LEVELS = {"TOTAL": 0}


def line(
    partner: int, code: str, value: float, flow: str = "M", period: int = 202401, **other: Any
) -> dict[str, Any]:
    """One row, imports CIF and exports FOB; every breakdown that we do not name at its total."""
    valued = "cifvalue" if flow == "M" else "fobvalue"
    return {
        "typeCode": "C", "freqCode": "M", "period": str(period), "reporterCode": 156,
        "reporterISO": "CHN", "flowCode": flow, "partnerCode": partner, "partner2Code": 0,
        "classificationCode": "H6", "cmdCode": code, "aggrLevel": LEVELS.get(code, len(code)),
        "customsCode": "C00", "mosCode": "0", "motCode": 0, "qtyUnitAbbr": "u", "qty": 5,
        "isQtyEstimated": False, "netWgt": 7.6, "isNetWgtEstimated": True,
        "primaryValue": value, valued: value,
        **other,
    }  # fmt: skip


# The United States, Viet Nam and "Other Asia, nes", and the World, at two levels.
PLAIN = [
    line(0, "850110", 60), line(842, "850110", 10), line(704, "850110", 20),
    line(490, "850110", 30),
    line(0, "010121", 5), line(842, "010121", 5),
    line(0, "8501", 60), line(842, "8501", 10), line(704, "8501", 20), line(490, "8501", 30),
    line(0, "0101", 5), line(842, "0101", 5),
    line(0, "TOTAL", 65), line(842, "TOTAL", 15), line(704, "TOTAL", 20), line(490, "TOTAL", 30),
]  # fmt: skip


def as_csv(rows: Rows, header: Sequence[str] = HEADER, **form: Any) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", **form)
    writer.writerow(header)
    writer.writerows([["" if row.get(n) is None else row[n] for n in header] for row in rows])
    return out.getvalue()


def as_xlsx(rows: Rows, header: Sequence[str] = HEADER, second: Rows | None = None) -> bytes:
    """As the real one: a sheet of rows, and a second sheet that is empty."""
    book = Workbook()
    sheets = [(book.active, rows), (book.create_sheet("Sheet2"), second or [])]
    for sheet, held in sheets:
        if held:
            sheet.append(list(header))
            for row in held:
                sheet.append([row.get(name) for name in header])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def comtrade(write: MakeFile) -> Callable[..., FileRows]:
    def read(
        rows: Rows | None = None, options: Options | None = None, form: str = "csv"
    ) -> FileRows:
        make = as_csv if form == "csv" else as_xlsx
        path = write(f"TradeData.{form}", make(PLAIN if rows is None else rows), "utf-8")
        (file,) = read_files([path], options).files
        return file

    return read


def cells(file: FileRows, grain: str) -> set[tuple[Any, ...]]:
    rows = file.rows.filter(grain=f"CHN:comtrade:{grain}")
    return set(rows.select("partner", "product", "value").rows())


def extent(file: FileRows, grain: str, dimension: str) -> tuple[str, tuple[str, ...]]:
    (scope,) = [s for s in file.scopes if s.grain.id == f"CHN:comtrade:{grain}"]
    found = scope.extent(dimension)
    return found.kind, found.codes


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_each_level_is_a_table_and_the_world_another(
    comtrade: Callable[..., FileRows], form: str
) -> None:
    file = comtrade(form=form)
    assert cells(file, "partner+hs6") == {
        ("USA", 850110, 10), ("VNM", 850110, 20), ("TWN", 850110, 30), ("USA", 10121, 5),
    }  # fmt: skip
    assert cells(file, "partner+hs4") == {
        ("USA", 8501, 10), ("VNM", 8501, 20), ("TWN", 8501, 30), ("USA", 101, 5),
    }  # fmt: skip
    assert cells(file, "partner") == {("USA", None, 15), ("VNM", None, 20), ("TWN", None, 30)}
    assert cells(file, "hs6") == {(None, 850110, 60), (None, 10121, 5)}
    assert cells(file, "nation") == {(None, None, 65)}
    assert file.rows.height == file.data_rows == len(PLAIN)
    assert (file.layout, file.left_out, file.warnings) == ("comtrade", {}, ())
    row = file.rows.filter(partner="VNM", product=850110).row(0, named=True)
    assert (row["partner_code"], row["period"], row["months"]) == ("704", 202401, 1)
    assert (row["quantity"], row["unit"], row["quantity2"], row["unit2"]) == (5, "u", 8, "kg")
    assert (row["flow"], row["currency"], row["reporter"]) == ("import", "USD", "CHN")


def test_workbook_and_csv_are_alike(comtrade: Callable[..., FileRows]) -> None:
    book, text = comtrade(form="xlsx"), comtrade()
    assert book.rows.drop("vintage").equals(text.rows.drop("vintage"))
    assert (book.encoding, text.encoding) == ("xlsx", "utf-8")


def test_zeros_that_a_workbook_dropped(comtrade: Callable[..., FileRows]) -> None:
    rows = [
        {**row, "cmdCode": int(row["cmdCode"]) if row["aggrLevel"] else "TOTAL"} for row in PLAIN
    ]
    assert comtrade(rows, form="xlsx").rows["product"].equals(comtrade().rows["product"])


def test_leaves_that_give_the_totals_are_all_there(comtrade: Callable[..., FileRows]) -> None:
    file = comtrade()
    for grain in ("partner+hs6", "partner+hs4"):
        assert extent(file, grain, "partner")[0] == "declared"
        assert extent(file, grain, "product")[0] == "declared"
    assert extent(file, "hs6", "product")[0] == "declared"
    assert extent(file, "partner", "partner")[0] == "declared"


def test_partners_that_miss_the_world_are_a_list(comtrade: Callable[..., FileRows]) -> None:
    """Without Viet Nam no share may be taken: the sum over partners is too small."""
    file = comtrade([row for row in PLAIN if row["partnerCode"] != 704])
    assert extent(file, "partner+hs6", "partner") == ("declared_list", ("TWN", "USA"))
    (text,) = [w for w in file.warnings if "partner+hs6: the partners" in w]
    # 20 of the 65 dollars that the World's rows hold.
    assert "miss the World by 30.77% (20 of 65 dollars, in 1 cells" in text
    assert "only the partners listed are covered" in text
    with pytest.raises(CoverageError, match="only some of the partners"):
        comtrade(
            [row for row in PLAIN if row["partnerCode"] != 704], Options(covers="partners=all")
        )


def test_partners_that_the_caller_lists(comtrade: Callable[..., FileRows]) -> None:
    file = comtrade(options=Options(covers="partners=US,VN,TW"))
    assert extent(file, "partner+hs6", "partner") == ("declared_list", ("TWN", "USA", "VNM"))
    with pytest.raises(CoverageError, match="which covers does not list"):
        comtrade(options=Options(covers="partners=US"))


def test_products_that_miss_the_total_stay_listed(comtrade: Callable[..., FileRows]) -> None:
    file = comtrade([row for row in PLAIN if row["cmdCode"] not in ("010121", "0101")])
    assert extent(file, "partner+hs6", "product") == ("listed", ("850110",))
    assert any("hs6: the products miss TOTAL by" in w for w in file.warnings)


def test_rounding_is_no_gap(comtrade: Callable[..., FileRows]) -> None:
    rows = [line(0, "850110", 61.2), line(842, "850110", 10.4), line(704, "850110", 20.4),
            line(490, "850110", 30.4)]  # fmt: skip
    file = comtrade(rows)
    assert extent(file, "partner+hs6", "partner")[0] == "declared"
    assert "4 values were not whole and were rounded to whole dollars" in file.notes
    assert cells(file, "partner+hs6") >= {("USA", 850110, 10)}


def test_without_the_world_nobody_knows(comtrade: Callable[..., FileRows]) -> None:
    rows = [row for row in PLAIN if row["partnerCode"]]
    file = comtrade(rows)
    assert extent(file, "partner+hs6", "partner") == ("declared_list", ("TWN", "USA", "VNM"))
    assert any("no World (partnerCode 0) to add up to" in note for note in file.notes)
    stated = comtrade(rows, Options(covers="partners=all"))
    assert extent(stated, "partner+hs6", "partner")[0] == "declared"


def test_details_stand_beside_their_total(comtrade: Callable[..., FileRows]) -> None:
    details = [
        line(842, "850110", 4, motCode=1000), line(842, "850110", 6, motCode=2100),
        line(842, "850110", 10, customsCode="C01"),
        line(842, "850110", 10, partner2Code=344),
        line(842, "850110", 3, mosCode="1"),
        line(97, "850110", 99), line(842, "850110", 1, "RX"),
    ]  # fmt: skip
    file = comtrade([*PLAIN, *details])
    assert file.rows.drop("vintage").equals(comtrade().rows.drop("vintage"))
    assert file.left_out == {
        "flow other than X and M": 1, "group of partners": 1, "detail by mode of transport": 2,
        "detail by customs procedure": 1, "detail by second partner": 1,
        "detail by mode of supply": 1,
    }  # fmt: skip
    assert file.data_rows == len(PLAIN) + len(details)


def test_details_without_their_total_are_an_error(comtrade: Callable[..., FileRows]) -> None:
    with pytest.raises(CoverageError, match="1 cells have details and no total"):
        comtrade([*PLAIN, line(276, "850110", 4, motCode=1000)])


def test_valuation(comtrade: Callable[..., FileRows]) -> None:
    both = [line(0, "8501", 9), line(0, "8501", 8, "X")]
    grain = comtrade(both).scopes[0].grain
    assert (grain.export_valuation, grain.import_valuation) == ("FOB", "CIF")
    free = [line(0, "8501", 9, cifvalue=None, fobvalue=9)]
    assert comtrade(free).scopes[0].grain.import_valuation == "FOB"
    mixed = comtrade([*free, line(0, "8502", 7)])
    assert mixed.warnings == ("1 of 2 import values are FOB, the others CIF",)


def test_quantities_that_comtrade_has_not(comtrade: Callable[..., FileRows]) -> None:
    file = comtrade([line(842, "8501", 9, qty=0, qtyUnitAbbr="N/A", netWgt=0)])
    row = file.rows.row(0, named=True)
    assert (row["quantity"], row["unit"], row["quantity2"], row["unit2"]) == (None,) * 4
    assert "1 net weights are estimates of the UN" in file.notes


def test_another_reporter(comtrade: Callable[..., FileRows]) -> None:
    rows = [{**row, "reporterCode": 76, "reporterISO": "BRA"} for row in PLAIN]
    file = comtrade(rows)
    assert set(file.rows["reporter"]) == {"BRA"}
    assert {s.grain.id.split(":")[0] for s in file.scopes} == {"BRA"}
    with pytest.raises(CallError, match="reporter USA for a Comtrade file of BRA"):
        comtrade(rows, Options(reporter="USA"))


def test_years(comtrade: Callable[..., FileRows]) -> None:
    file = comtrade([line(842, "8501", 9, period=2024, freqCode="A")])
    assert file.rows.select("period", "months").rows() == [(202412, 12)]


def test_commodities_not_specified(comtrade: Callable[..., FileRows]) -> None:
    file = comtrade([line(842, "9999AA", 9, aggrLevel=6)])
    assert file.rows["product"].to_list() == [999999]


@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        ([*PLAIN, line(842, "8501", 1, reporterCode=76)], LayoutError, "2 reporters: 076, 156"),
        ([line(842, "8501", 1, reporterCode=999)], LayoutError, "unknown reporter '999'"),
        ([line(842, "8501", 1, typeCode="S")], LayoutError, "typeCode 'S'"),
        ([line(842, "781", 1, classificationCode="S4")], LayoutError, "classificationCode 'S4'"),
        ([line(998, "8501", 1)], UnknownCodeError, "unknown partner '998'"),
        ([line(842, "8501", 1, "RX")], CoverageError, "no row is a cell"),
        ([*PLAIN, line(842, "8501", 11)], CoverageError, "different figures"),
        ([line(842, "7701", 1)], UnknownCodeError, "unknown HS chapter 77"),
        ([line(842, "8501", 1), line(842, "8501", 1, freqCode="A", period=2024)],
         LayoutError, "frequency A, M"),
    ],
)  # fmt: skip
def test_errors(
    comtrade: Callable[..., FileRows], rows: Rows, error: type[ProvexpoError], says: str
) -> None:
    with pytest.raises(error, match=says) as err:
        comtrade(rows)
    assert "TradeData.csv" in str(err.value)


def test_a_stated_flow(comtrade: Callable[..., FileRows]) -> None:
    assert comtrade(options=Options(flow="import")).rows.height == len(PLAIN)
    with pytest.raises(CallError, match="--flow export contradicts the file"):
        comtrade(options=Options(flow="export"))


def test_a_missing_column(write: MakeFile) -> None:
    header = [name for name in HEADER if name != "motCode"]
    with pytest.raises(LayoutError, match="lacks the column 'motCode'"):
        read_files([write("c.csv", as_csv(PLAIN, header), "utf-8")])


# Workbooks


def test_workbooks_that_cannot_be_read(write: MakeFile) -> None:
    for content, says in (
        (b"PK\x03\x04 broken", "cannot be read as an Excel workbook"),
        (as_xlsx(PLAIN, second=PLAIN), "2 sheets with cells: Sheet, Sheet2"),
        (as_xlsx([]), "no cells"),
        (as_xlsx([{}])[:400], "cannot be read as an Excel workbook"),
    ):
        with pytest.raises(LayoutError, match=says) as err:
            read_files([write("TradeData.xlsx", content)])
        assert "TradeData.xlsx" in str(err.value)
    with pytest.raises(LayoutError, match="unknown header"):
        read_files([write("own.xlsx", as_xlsx([{"a": 1}], ["a", "b"]))])


def test_a_folder_reads_the_workbooks_it_knows(write: MakeFile, tmp_path: Path) -> None:
    write("TradeData.xlsx", as_xlsx(PLAIN))
    write("own notes.xlsx", as_xlsx([{"a": 1}], ["a", "b"]))
    write("~$TradeData.xlsx", b"lock file of a spreadsheet")
    result = read_files([tmp_path])
    assert [Path(f.path).name for f in result.files] == ["TradeData.xlsx"]
    (warning,) = [w for w in result.warnings if w.startswith("not read")]
    assert "own notes.xlsx" in warning and ": TradeData.xlsx" not in warning


# The real download


@pytest.fixture(scope="module")
def real(real_data: Path) -> tuple[FileRows, pd.DataFrame]:
    path = real_data / "un_comtrade" / "comtrade_monthly_china_imports_2024.xlsx"
    frame = pd.read_excel(path, dtype={"cmdCode": str, "period": str}, engine="openpyxl")
    (file,) = read_files([path]).files
    return file, frame


def test_the_real_download(real: tuple[FileRows, pd.DataFrame]) -> None:
    file, frame = real
    assert (file.data_rows, file.encoding, file.left_out) == (368, "xlsx", {})
    for partner, by in ((842, "partner+"), (0, "")):
        for level in (4, 6):
            want = frame[(frame.partnerCode == partner) & (frame.aggrLevel == level)]
            rows = file.rows.filter(grain=f"CHN:comtrade:{by}hs{level}")
            assert rows.height == len(want)
            found = rows.group_by("flow", "product").agg(pl.col("value").sum()).rows()
            sums = want.groupby(["flowCode", "cmdCode"])["primaryValue"].sum()
            flows = {"X": "export", "M": "import"}
            assert {(f, p): v for f, p, v in found} == {
                (flows[f], int(code)): int(v) for (f, code), v in sums.items()
            }
    grain = file.scopes[0].grain
    assert (grain.export_valuation, grain.import_valuation) == ("FOB", "CIF")


def test_the_real_download_holds_one_partner_of_the_world(
    real: tuple[FileRows, pd.DataFrame], tmp_path: Path, real_data: Path
) -> None:
    file, frame = real
    kinds = {s.grain.id: s.partner for s in file.scopes if s.grain.partner}
    assert {(e.kind, e.codes) for e in kinds.values()} == {("declared_list", ("USA",))}
    pe.add(tmp_path / "desk", Path(file.path))
    trade = pe.open(tmp_path / "desk")
    chips = frame[(frame.cmdCode == "854231") & (frame.flowCode == "M")]
    us, world = (int(chips[chips.partnerCode == code]["primaryValue"].sum()) for code in (842, 0))
    question = {"flow": "import", "product": "854231", "during": "2024", "by": []}
    assert pe.value(trade, partner="US", **question).frame["value"].item() == us
    assert pe.value(trade, **question).frame["value"].item() == world
    row = pe.dependence(trade, partner="US", **question).frame.row(0, named=True)
    assert (row["value"], row["share"], row["reason"]) == (us, None, "scope")
    assert not pe.check(trade).failed
