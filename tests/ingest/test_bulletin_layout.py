"""Table 8 of the bulletin: a small one planted, in which the 31 provinces are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from provexpo import vocab
from provexpo.errors import CallError, CheckError, LayoutError, PeriodError
from provexpo.ingest import FileRows, Options, read_files

MakeFile = Callable[..., Path]
NOTE = "注：本表表名相应调整。"
ORDER = ("进出口", "进出口", "出口", "出口", "进口", "进口")


def bulletin(
    *, unit: str = "单位：万人民币", spans: tuple[str, str] = ("7月", "1至7月"),
    flows: tuple[str, ...] = ORDER, total: int = 0, drop: str = "", twice: str = "", dash: str = "",
    english: bool = False,
) -> str:  # fmt: skip
    """Province number i exports 100 + i in the month and imports i; to date ten times as much."""
    places = vocab.place_table().select("province", "name_zh", "name_en").rows()
    values: list[tuple[str, int, int]] = []
    for i, (code, zh, en) in enumerate(places, 1):
        if code != drop:
            values.append((en if english else zh, 100 + i, i))
        if code == twice:
            values.append((en if english else zh, 100 + i, i))
        if code == "11":
            values.append(("中关村国家自主创新示范区", 7, 7))
    exports, imports = sum(range(101, 132)) + total, sum(range(1, 32))
    rows = [("Total" if english else "总值", exports, imports), *values]
    months = tuple(spans[i % 2] for i in range(6))
    lines = [
        ["Unnamed"] * 7 + [unit], ["收发货人所在地", *flows, "累计比去年同期±％"],
        ["收发货人所在地", *months, "出口"],
    ]  # fmt: skip
    by_flow = {"进出口": 0, "出口": 1, "进口": 2, "Total": 0, "Exports": 1, "Imports": 2}
    for name, x, m in rows:
        three = (x + m, x, m)
        cells = [str(three[by_flow[f]] * (1, 10)[i % 2]) for i, f in enumerate(flows)]
        lines.append([name, *(["-"] * 6 if name == dash else cells), "-"])
    lines.append([NOTE] * 8)
    return "\n".join(",".join(f'"{c}"' for c in line) for line in lines) + "\n"


def read_one(path: Path, options: Options | None = None) -> FileRows:
    (file,) = read_files([path], options).files
    return file


def test_provinces_nation_and_year_to_date(write: MakeFile) -> None:
    file = read_one(write("province_totals_2024-07.csv", bulletin(), "utf-8-sig"))
    assert file.layout == "bulletin"
    assert (file.data_rows, file.left_out) == (33, {"city or zone": 1})
    rows = file.rows
    assert set(rows["currency"]) == {"CNY"}
    counts = dict(rows.group_by("grain").len().iter_rows())
    assert counts == {
        "CHN:gacc_bulletin:province": 62, "CHN:gacc_bulletin:nation": 2,
        "CHN:gacc_bulletin_ytd:province": 62, "CHN:gacc_bulletin_ytd:nation": 2,
    }  # fmt: skip
    beijing = rows.filter(province="11").sort("flow", "months")
    assert beijing.select("flow", "period", "months", "value").rows() == [
        ("export", 202407, 1, 1_010_000), ("export", 202407, 7, 10_100_000),
        ("import", 202407, 1, 10_000), ("import", 202407, 7, 100_000),
    ]  # fmt: skip
    assert {s.grain.rounding for s in file.scopes} == {10_000}
    assert {s.grain.basis for s in file.scopes} == {"registered"}
    assert {s.province.kind for s in file.scopes if s.grain.province} == {"declared"}


def test_columns_are_found_by_name(write: MakeFile) -> None:
    """Some tables give total, import, export."""
    order = ("进出口", "进出口", "进口", "进口", "出口", "出口")
    file = read_one(write("2024-07.csv", bulletin(flows=order), "utf-8-sig"))
    months = file.rows.filter(province="11", months=1)
    assert dict(months.select("flow", "value").iter_rows()) == {
        "export": 1_010_000,
        "import": 10_000,
    }


def test_english_edition_in_thousands_of_dollars(write: MakeFile) -> None:
    flows = ("Total", "Total", "Exports", "Exports", "Imports", "Imports")
    text = bulletin(unit="Unit: US$1,000", spans=("7", "1to7"), flows=flows, english=True)
    file = read_one(write("table8_2024-07.csv", text, "utf-8"))
    row = file.rows.filter(province="44", months=1, flow="export").row(0, named=True)
    number = [*vocab.province_codes()].index("44") + 1
    assert (row["currency"], row["value"]) == ("USD", (100 + number) * 1000)


def test_january_to_date_equals_january(write: MakeFile) -> None:
    """The columns agree by construction only in January; the reader keeps both grains."""
    text = bulletin(spans=("1月", "1至1月"))
    rows = read_one(write("2025-01.csv", text, "utf-8")).rows
    assert set(rows.select("period", "months").rows()) == {(202501, 1)}
    assert rows["grain"].n_unique() == 4


def test_combined_january_and_february(write: MakeFile) -> None:
    """Without a column of its own month, the year to date up to February is the combined figure."""
    text = bulletin(spans=("-", "1至2月"))
    rows = read_one(write("2025-02.csv", text, "utf-8")).rows
    monthly = rows.filter(pl.col("grain") == "CHN:gacc_bulletin:nation")
    assert set(monthly.select("period", "months").rows()) == {(202502, 2)}


@pytest.mark.parametrize("off", [-3, 3])
def test_rounding_differences_are_allowed(write: MakeFile, off: int) -> None:
    assert read_one(write("2024-07.csv", bulletin(total=off), "utf-8")).rows.height == 128


@pytest.mark.parametrize("off", [-4, 4])
def test_sum_that_does_not_hold(write: MakeFile, off: int) -> None:
    with pytest.raises(
        CheckError, match=r"exports of the 31 provinces add up to 3,596, .* column 4"
    ):
        try:
            read_one(write("2024-07.csv", bulletin(total=off), "utf-8"))
        except CheckError as err:
            raise CheckError(str(err).replace("\n", " ")) from err


def test_lost_and_doubled_provinces(write: MakeFile) -> None:
    with pytest.raises(CheckError, match="the table lacks 44"):
        read_one(write("2024-07.csv", bulletin(drop="44"), "utf-8"))
    with pytest.raises(CheckError, match=r"stands twice in the table\n.*lines 2\d, 2\d"):
        read_one(write("2024-07.csv", bulletin(twice="44"), "utf-8"))


def test_missing_total(write: MakeFile) -> None:
    with pytest.raises(CheckError, match="the national line is missing"):
        read_one(write("2024-07.csv", bulletin(dash="总值"), "utf-8"))


def test_unknown_unit(write: MakeFile) -> None:
    with pytest.raises(LayoutError, match=r"unknown unit 单位：亿元\n.*line 1"):
        read_one(write("2024-07.csv", bulletin(unit="单位：亿元"), "utf-8"))


def test_year_must_be_known_and_agree(write: MakeFile) -> None:
    with pytest.raises(PeriodError, match=r"the year stands neither(.|\n)*--period 2024-07"):
        read_one(write("table8.csv", bulletin(), "utf-8"))
    stated = read_one(write("table8.csv", bulletin(), "utf-8"), Options(period="2024-07"))
    assert set(stated.rows["period"]) == {202407}
    with pytest.raises(PeriodError, match="file name says month 6, the header says 7"):
        read_one(write("2024-06.csv", bulletin(), "utf-8"))
    with pytest.raises(PeriodError, match="different years"):
        read_one(write("2024-07.csv", bulletin(), "utf-8"), Options(period="2023-07"))
    with pytest.raises(PeriodError, match="contradicts month 7"):
        read_one(write("2024-07.csv", bulletin(), "utf-8"), Options(period="2024-08"))


def test_flow_is_refused(write: MakeFile) -> None:
    with pytest.raises(CallError, match="--flow export contradicts the file"):
        read_one(write("2024-07.csv", bulletin(), "utf-8"), Options(flow="export"))
