"""Files of tariffs, gdp and fx: told by their header, read exactly, refused with the place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CoverageError, LayoutError, PeriodError, ProvexpoError, UnknownCodeError
from provexpo.ingest import Options, SideRows, read_files
from provexpo.resources import seed

Write = Callable[..., Path]
TARIFFS = "reporter,partner,product,from,to,rate,kind,programme"
GDP = "province,year,gdp,unit"
FX = "period,cny_per_usd"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(*lines: str, name: str = "side.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return file


def read(path: Path, **options: Any) -> SideRows:
    result = read_files([path], Options(**options))
    assert result.files == ()
    (file,) = result.side
    return file


def test_tariffs(write: Write) -> None:
    file = read(
        write(
            TARIFFS,
            "USA,CHN,,2025-02-04,2025-03-03,0.1,additional,fentanyl",
            "美国,China,8517.13,2018-09-24,,0.075,Additional,",
        )
    )
    assert file.table == "tariffs"
    first, second = file.rows.to_dicts()
    assert first == {
        "reporter": "USA", "partner": "CHN", "product": None, "from": date(2025, 2, 4),
        "to": date(2025, 3, 3), "rate": 0.1, "kind": "additional", "programme": "fentanyl",
    }  # fmt: skip
    assert (second["reporter"], second["partner"], second["product"]) == ("USA", "CHN", "851713")
    assert (second["to"], second["programme"], second["kind"]) == (None, None, "additional")


def test_per_cent_and_fractions_are_told_by_the_name_of_the_column(write: Write) -> None:
    rows = ("USA,CHN,01,2025-01-01,,{},x,", "USA,CHN,02,2025-01-01,,{},x,")
    fractions = read(write(TARIFFS, rows[0].format("0.075"), rows[1].format("1.45")))
    header = TARIFFS.replace("rate", "rate_pct")
    per_cent = read(write(header, rows[0].format("7.5"), rows[1].format("145"), name="pct.csv"))
    assert fractions.rows["rate"].to_list() == per_cent.rows["rate"].to_list() == [0.075, 1.45]
    assert not per_cent.warnings
    doubtful = read(write(header, rows[0].format("0.25"), name="low.csv"))
    assert "if they are fractions, call it rate" in doubtful.warnings[0]


@pytest.mark.parametrize(
    ("column", "cell", "error", "said"),
    [
        ("rate", "25", LayoutError, "call it rate_pct"),
        ("rate", "25%", LayoutError, "not a rate"),
        ("rate", "-0.1", LayoutError, "not a rate"),
        ("rate", "", LayoutError, "not a rate"),
        ("from", "2025-2-4", PeriodError, "not a day"),
        ("from", "2025-02-30", PeriodError, "not a day"),
        ("from", "", PeriodError, "not a day"),
        ("to", "04/03/2025", PeriodError, "still in force"),
        ("to", "2024-12-31", LayoutError, "before the first"),
        ("product", "8", LayoutError, "not an HS prefix"),
        ("product", "85171", LayoutError, "leading zeros"),
        ("product", "8517X3", LayoutError, "not an HS prefix"),
        ("reporter", "Atlantis", UnknownCodeError, "not one country"),
        ("partner", "ASEAN", UnknownCodeError, "one by one"),
        ("partner", "all", UnknownCodeError, "not one country"),
        ("kind", "", LayoutError, "not a kind"),
    ],
)
def test_a_bad_cell_is_named_with_its_line(
    write: Write, column: str, cell: str, error: type[ProvexpoError], said: str
) -> None:
    good = dict(
        zip(
            TARIFFS.split(","),
            ("USA", "CHN", "8517", "2025-01-01", "2025-12-31", "0.1", "additional", "301"),
            strict=True,
        )
    )
    lines = [",".join(row.values()) for row in (good, good | {"product": "8518", column: cell})]
    path = write(TARIFFS, *lines)
    with pytest.raises(error) as caught:
        read(path)
    text = str(caught.value)
    assert said in text and f"{path.name}, line 3, column '{column}'" in text
    assert caught.value.expected and caught.value.do


def test_two_rates_for_the_same_days_are_refused(write: Write) -> None:
    row = "USA,CHN,85,{},{},{},additional,301"
    overlap = write(
        TARIFFS, row.format("2025-03-04", "", 0.2), row.format("2025-02-04", "2025-03-04", 0.1)
    )
    with pytest.raises(CoverageError, match="before the row before it has ended") as caught:
        read(overlap)
    assert "line 2" in str(caught.value)
    twice = write(TARIFFS, row.format("2025-03-04", "", 0.2), row.format("2025-03-04", "", 0.3))
    with pytest.raises(CoverageError, match="different figures") as caught:
        read(twice)
    assert "lines 2, 3" in str(caught.value)
    # An open row ends where the next one begins; another programme may hold on the same days.
    read(write(TARIFFS, row.format("2025-03-04", "", 0.2), row.format("2025-02-04", "", 0.1)))
    read(
        write(
            TARIFFS,
            row.format("2025-02-04", "2025-12-31", 0.2),
            row.format("2025-03-04", "", 0.1).replace("301", "232"),
        )
    )


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (TARIFFS.replace(",to", ""), "lacks to"),
        (TARIFFS.replace(",product", ""), "lacks product"),
        (TARIFFS.replace(",kind", ""), "lacks kind"),
        (TARIFFS + ",rate_pct", "both rate and rate_pct"),
        (TARIFFS + ",kind", "kind twice"),
    ],
)
def test_a_header_without_a_column_is_refused(write: Write, header: str, said: str) -> None:
    """A misspelt `to` would read as "still in force"."""
    path = write(header, ",".join(["1"] * len(header.split(","))))
    with pytest.raises(LayoutError, match=said):
        read(path)


def test_gdp_in_its_units(write: Write) -> None:
    """141,633.81 in 100 million yuan is 14,163,381,000,000 yuan, to the yuan."""
    path = write(GDP, "广东,2024,141633.81,亿元", "Jiangsu Province,2024,137008.0,亿元")
    assert read(path).rows.select("reporter", "province", "year", "value", "currency").rows() == [
        ("CHN", "44", 2024, 14_163_381_000_000, "CNY"),
        ("CHN", "32", 2024, 13_700_800_000_000, "CNY"),
    ]
    for header in ("province,year,gdp (亿元)", "province,year,GDP_100m_CNY",
                   "province,year,地区生产总值（亿元）"):  # fmt: skip
        other = read(write(header, "44,2024,141633.81", name="other.csv"))
        assert other.rows["value"].to_list() == [14_163_381_000_000]
    yuan = read(write(GDP, '44,2024,"14,163,381,000,000",yuan', name="yuan.csv"))
    assert yuan.rows["value"].to_list() == [14_163_381_000_000]


@pytest.mark.parametrize(
    ("lines", "error", "said"),
    [
        (("province,year,gdp", "44,2024,5"), LayoutError, "the unit of the values is not clear"),
        ((GDP, "44,2024,5,亿元", "32,2024,5,万元"), LayoutError, "'万元', '亿元'"),
        ((GDP, "44,2024,5,亿元", "32,2024,5,"), LayoutError, "not clear"),
        ((GDP, "44,2024,5,trillion yuan"), LayoutError, "not clear"),
        ((GDP, "44,24,5,亿元"), PeriodError, "not a year"),
        ((GDP, "全国,2024,5,亿元"), UnknownCodeError, "unknown province"),
        ((GDP, "44,2024,five,亿元"), LayoutError, "not an amount"),
        ((GDP, "44,2024,-5,亿元"), LayoutError, "no gdp"),
        ((GDP, "44,2024,5,亿元", "广东,2024,6,亿元"), CoverageError, "different figures"),
        (("province,year,gdp,gdp_2", "44,2024,5,6"), LayoutError, "several columns of values"),
    ],
)
def test_gdp_that_is_not_clear_is_refused(
    write: Write, lines: tuple[str, ...], error: type[ProvexpoError], said: str
) -> None:
    with pytest.raises(error, match=said):
        read(write(*lines))


def test_a_column_called_value_is_gdp_only_when_said(write: Write) -> None:
    """Province, year and value may just as well be trade."""
    path = write("province,year,value,unit", "44,2024,5,亿元")
    with pytest.raises(LayoutError, match="unknown header"):
        read(path)
    assert read(path, layout="gdp").rows["value"].to_list() == [500_000_000]


def test_rows_without_a_value_are_left_out_and_counted(write: Write) -> None:
    file = read(write(GDP, "44,2024,5,亿元", "32,2024,-,亿元"))
    assert file.rows.height == 1 and "1 rows without a value" in file.warnings[0]


def test_fx(write: Write) -> None:
    file = read(write(FX + ",source", "2025-01,7.1825,GACC", "202502,7.17,GACC"))
    assert file.rows.to_dicts() == [
        {"period": 202501, "cny_per_usd": 7.1825, "source": "GACC"},
        {"period": 202502, "cny_per_usd": 7.17, "source": "GACC"},
    ]


@pytest.mark.parametrize(
    ("row", "error", "said"),
    [
        ("2025-01,0.139", LayoutError, "not yuan a dollar"),
        ("2025-01,718.25", LayoutError, "not yuan a dollar"),
        ("2025-01,x", LayoutError, "not a rate"),
        ("2025年1-2月,7.18", PeriodError, "not one month"),
        ("2025,7.18", PeriodError, "not a month"),
    ],
)
def test_fx_that_is_not_clear_is_refused(
    write: Write, row: str, error: type[ProvexpoError], said: str
) -> None:
    with pytest.raises(error, match=said):
        read(write(FX, row))


def test_columns_not_read_are_told(write: Write) -> None:
    file = read(write(FX + ",derived", "2025-01,7.1825,own"))
    assert file.notes == ("columns not read: derived",)


def test_another_encoding_and_a_folder_of_both_kinds(tmp_path: Path, write: Write) -> None:
    write(GDP, "广东,2024,5,亿元", name="gdp.csv", encoding="gb18030")
    write(FX, "2025-01,7.18", name="fx.csv")
    (tmp_path / "trade.csv").write_text(
        '"数据年月","贸易伙伴编码","贸易伙伴名称","美元",\n"202401","502","美国","1,000",\n',
        "gb18030",
    )
    result = read_files([tmp_path], Options(flow="export"))
    assert sorted(f.table for f in result.side) == ["fx", "gdp"]
    assert len(result.files) == 1
    report = pe.add(tmp_path / "desk", [tmp_path], flow="export")
    assert report.rows_new == 3
    assert "gdp, gb18030; 1 rows" in report.to_text()


def test_parquet_reads_as_the_csv_would(tmp_path: Path, write: Write) -> None:
    rows = {
        "reporter": ["USA"], "partner": ["CHN"], "product": [None], "from": [date(2025, 2, 4)],
        "to": [None], "rate": [0.1], "kind": ["additional"],
    }  # fmt: skip
    pl.DataFrame(rows, schema_overrides={"product": pl.String, "to": pl.Date}).write_parquet(
        tmp_path / "t.parquet"
    )
    csv = write(TARIFFS, "USA,CHN,,2025-02-04,,0.1,additional,")
    assert read(tmp_path / "t.parquet").rows.equals(read(csv).rows)
    gdp = {"province": ["44"], "year": [2024], "gdp_100m_cny": [141633.81]}
    pl.DataFrame(gdp).write_parquet(tmp_path / "g.parquet")
    assert read(tmp_path / "g.parquet").rows["value"].item() == 14_163_381_000_000


def test_a_bad_side_file_refuses_the_load_or_is_left_out(tmp_path: Path, write: Write) -> None:
    write(GDP, "44,2024,5,亿元", name="good.csv")
    write(GDP, "44,2024,5,furlongs", name="bad.csv")
    files = [tmp_path / "good.csv", tmp_path / "bad.csv"]
    with pytest.raises(LayoutError):
        pe.add(tmp_path / "desk", files)
    assert not (tmp_path / "desk").exists()
    report = pe.add(tmp_path / "desk", files, skip_bad=True)
    assert [f.status for f in report.files] == ["read", "bad"]
    assert pe.open(tmp_path / "desk").side("gdp").height == 1


def test_the_shipped_gdp_reads_as_any_file() -> None:
    """What ships: 31 provinces of 2023, 28 of 2024, every row with its source."""
    rows = read(Path(str(seed("province_gdp.csv")))).rows
    assert rows.group_by("year").len().sort("year").rows() == [(2023, 31), (2024, 28)]
    assert rows["source"].null_count() == 0
    by_key = {(r["province"], r["year"]): r["value"] for r in rows.to_dicts()}
    assert by_key["44", 2024] == 14_163_381_000_000
    lacking = set(pe.provinces()["province"]) - {p for p, year in by_key if year == 2024}
    assert lacking == {"21", "46", "52"}
