"""Totals by partner of the customs bulletin: leaves, printed totals, aggregates as controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CallError, CheckError, LayoutError, ProvexpoError, UnknownCodeError
from provexpo.ingest import FileRows, Options, read_files

MakeFile = Callable[..., Path]
HEADER = (
    "period,partner_zh,partner_en,unit,total_month,total_ytd,exports_month,exports_ytd,"
    "imports_month,imports_ytd\n"
)
UNIT = 10_000
AGGREGATES = (
    "亚洲", "非洲", "欧洲", "拉丁美洲", "北美洲", "大洋洲", "东南亚国家联盟", "欧洲联盟",
    "亚太经济合作组织",
)  # fmt: skip
# Vietnam and Thailand (both ASEAN), Germany, the United States, and no country.
LEAVES = {
    "越南": ("Vietnam", 40, 30), "泰国": ("Thailand", 30, 10), "德国": ("Germany", 50, 20),
    "美国": ("USA", 100, 60), "国家（地区）不明": ("Country (region) unknown", 3, None),
}  # fmt: skip
SUMS = {
    "总值": ("Total value", 223, 120), "亚洲": ("Asia", 70, 40), "欧洲": ("Europe", 50, 20),
    "北美洲": ("North America", 100, 60),
    "东南亚国家联盟": ("Association of Southeast Asian Nations", 70, 40),
}  # fmt: skip
Rows = dict[str, tuple[str, int | None, int | None]]


def text(rows: Rows, period: str = "2024-04", unit: str = "CNY_10000") -> str:
    """Rows as the restored bulletin has them: a missing flow is blank, the total is there."""
    lines = []
    for name, (english, exports, imports) in rows.items():
        total = (exports or 0) + (imports or 0)
        cells = ["" if v is None else f"{v}.0" for v in (exports, imports)]
        lines.append(
            f'{period},{name},"{english}",{unit},{total},{total},{cells[0]},9.0,{cells[1]},9.0\n'
        )
    return "".join(lines)


@pytest.fixture
def totals(write: MakeFile) -> Callable[..., FileRows]:
    def read(
        body: str | None = None, options: Options | None = None, header: str = HEADER
    ) -> FileRows:
        content = header + (text({**SUMS, **LEAVES}) if body is None else body)
        (file,) = read_files([write("totals.csv", content, "utf-8")], options).files
        return file

    return read


def values(file: FileRows, flow: str, grain: str = "partner") -> dict[str | None, int]:
    rows = file.rows.filter(flow=flow, grain=f"CHN:gacc_partner_totals:{grain}")
    return dict(rows.select("partner", "value").rows())


def test_leaves_and_printed_totals(totals: Callable[..., FileRows]) -> None:
    file = totals()
    assert file.layout == "partner_totals"
    assert values(file, "export") == {
        "VNM": 40 * UNIT, "THA": 30 * UNIT, "DEU": 50 * UNIT, "USA": 100 * UNIT, "X701": 3 * UNIT,
    }  # fmt: skip
    assert values(file, "import") == {
        "VNM": 30 * UNIT, "THA": 10 * UNIT, "DEU": 20 * UNIT, "USA": 60 * UNIT,
    }  # fmt: skip
    assert values(file, "export", "nation") == {None: 223 * UNIT}
    assert values(file, "import", "nation") == {None: 120 * UNIT}
    assert {s.grain.rounding for s in file.scopes} == {UNIT}
    assert {s.currency for s in file.scopes} == {"CNY"}
    # The unknown countries' blank is zero by the row's own total: no hole.
    assert file.left_out == {"aggregate partner": 4, "blank, zero by the row's total": 1}
    assert {s.holes for s in file.scopes} == {0}
    assert file.warnings == ()
    # The leaves give the printed total, so all partners are there.
    assert {s.partner.kind for s in file.scopes} == {"declared", "absent"}


def test_english_names_alone(totals: Callable[..., FileRows]) -> None:
    body = "".join(
        f"{line.split(',')[0]},{line.split(',', 2)[2]}"
        for line in text({**SUMS, **LEAVES}).splitlines(keepends=True)
    )
    file = totals(body, header=HEADER.replace("partner_zh,", ""))
    assert file.rows.drop("vintage").equals(totals().rows.drop("vintage"))


def test_a_lost_partner_is_noticed(totals: Callable[..., FileRows]) -> None:
    lost = {name: row for name, row in LEAVES.items() if name != "泰国"}
    file = totals(text({**SUMS, **lost}))
    assert file.warnings == (
        "exports: the partners miss the printed total in 2024-04 by -30 rounding units",
        "imports: the partners miss the printed total in 2024-04 by -10 rounding units",
        "exports: the partners miss the printed 亚洲 in 2024-04 by -30 rounding units",
        "imports: the partners miss the printed 亚洲 in 2024-04 by -10 rounding units",
        "exports: the partners miss the printed 东南亚国家联盟 in 2024-04 by -30 rounding units",
        "imports: the partners miss the printed 东南亚国家联盟 in 2024-04 by -10 rounding units",
    )
    assert "declared" not in {s.partner.kind for s in file.scopes}


def test_rounding_is_no_gap(totals: Callable[..., FileRows]) -> None:
    near = {**SUMS, "总值": ("Total value", 224, 118)}
    assert totals(text({**near, **LEAVES})).warnings == ()


def test_groups_have_the_members_of_the_month(totals: Callable[..., FileRows]) -> None:
    """Timor-Leste joined ASEAN in October 2025: before, it is no part of the printed sum."""
    east_timor: Rows = {"东帝汶": ("East Timor", 500, None)}
    sums = {**SUMS, "总值": ("Total value", 723, 120), "亚洲": ("Asia", 570, 40)}
    assert totals(text({**sums, **LEAVES, **east_timor})).warnings == ()
    file = totals(text({**sums, **LEAVES, **east_timor}, "2025-10"))
    assert "the printed 东南亚国家联盟 in 2025-10 by +500" in " ".join(file.warnings)


def test_a_blank_that_the_total_does_not_explain_is_a_hole(
    totals: Callable[..., FileRows],
) -> None:
    body = text({**SUMS, **LEAVES}).replace("CNY_10000,3,3,3.0,", "CNY_10000,8,8,3.0,")
    file = totals(body)
    assert file.left_out["no value"] == 1
    assert max(s.holes for s in file.scopes) == 1


def test_dollars_in_thousands(totals: Callable[..., FileRows]) -> None:
    file = totals(text({**SUMS, **LEAVES}, unit="USD_1000"))
    assert values(file, "export")["USA"] == 100_000
    assert {(s.currency, s.grain.rounding) for s in file.scopes} == {("USD", 1_000)}


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (text(LEAVES, unit="EUR_1000"), LayoutError, "unknown unit 'EUR_1000'"),
        (
            text(LEAVES) + text(LEAVES, "2024-05", "USD_1000"),
            LayoutError,
            "several units in one file: CNY_10000, USD_1000",
        ),
        (
            text({"亚特兰蒂斯": ("Atlantis", 1, 1)}),
            UnknownCodeError,
            "unknown partner '亚特兰蒂斯'",
        ),
        (text(LEAVES).replace("160,160", "999,160"), CheckError, "total_month is 999"),
        (text(LEAVES).replace("100.0", "1OO"), LayoutError, "not an amount"),
    ],
)
def test_errors(
    totals: Callable[..., FileRows], body: str, error: type[ProvexpoError], says: str
) -> None:
    with pytest.raises(error, match=says) as err:
        totals(body)
    assert "totals.csv" in str(err.value)


def test_a_flow_is_refused(totals: Callable[..., FileRows]) -> None:
    with pytest.raises(CallError, match="it holds exports and imports"):
        totals(options=Options(flow="export"))


# The real file


@pytest.fixture(scope="module")
def real(real_data: Path) -> tuple[FileRows, pd.DataFrame]:
    path = real_data / "customs_bulletin" / "partner_totals_2024.csv"
    (file,) = read_files([path]).files
    return file, pd.read_csv(path, encoding="utf-8-sig")


def test_the_real_file(real: tuple[FileRows, pd.DataFrame]) -> None:
    file, frame = real
    assert (file.layout, file.data_rows) == ("partner_totals", 2607)
    leaves = frame[~frame.partner_zh.isin(["总值", *AGGREGATES])]
    printed = frame[frame.partner_zh == "总值"]
    for flow, column in (("export", "exports_month"), ("import", "imports_month")):
        for grain, part in (("partner", leaves), ("nation", printed)):
            rows = file.rows.filter(flow=flow, grain=f"CHN:gacc_partner_totals:{grain}")
            found = dict(rows.group_by("period").agg(pl.col("value").sum()).rows())
            want = part.groupby("period")[column].sum().mul(UNIT).astype(int).to_dict()
            assert {f"{p // 100}-{p % 100:02d}": v for p, v in found.items()} == want
            assert rows.height == part[column].notna().sum()
    assert file.left_out == {
        "aggregate partner": int(frame.partner_zh.isin(AGGREGATES).sum()),
        "blank, zero by the row's total": int(
            leaves[["exports_month", "imports_month"]].isna().sum().sum()
        ),
    }
    assert {s.holes for s in file.scopes} == {0}


def test_the_real_file_against_its_own_totals(real: tuple[FileRows, pd.DataFrame]) -> None:
    """In December the printed exports exceed all continents and the unknown countries by 71: no row
    says whose they are (Antarctica has none in that month). All else agrees, groups too."""
    file, frame = real
    december = frame[frame.period == "2024-12"]
    parts = december[december.partner_zh.isin([*AGGREGATES[:6], "国家（地区）不明"])]
    printed = december[december.partner_zh == "总值"]
    assert printed.exports_month.iloc[0] - parts.exports_month.sum() == 71
    assert "南极洲" not in set(december.partner_zh)
    total = december[december.partner_zh == "总值"].exports_month.iloc[0]
    leaves = december[~december.partner_zh.isin(["总值", *AGGREGATES])].exports_month.sum()
    assert file.warnings == (
        "exports: the partners miss the printed total in 2024-12 by"
        f" {int(leaves - total):+d} rounding units",
    )


def test_the_published_share(real_data: Path, tmp_path: Path) -> None:
    """As with the tidy map before: no manifest is needed now."""
    pe.add(tmp_path / "desk", real_data / "customs_bulletin" / "partner_totals_2024.csv")
    trade = pe.open(tmp_path / "desk")
    window = "2024-04/2024-08"
    row = pe.dependence(trade, partner="US", during=window).frame.row(0, named=True)
    assert (row["value"], row["total"]) == (159_508_189 * UNIT, 1_075_005_510 * UNIT)
    printed = pe.value(trade, by=[], during=window)
    assert printed.receipt.tables == {"export": "CHN:gacc_partner_totals:nation"}
    assert printed.frame["value"].item() == 1_075_005_512 * UNIT
    share = row["value"] / printed.frame["value"].item()
    assert 100 * share == pytest.approx(14.837895, abs=5e-7)
    year = pe.value(trade, partner="US", during="2024").frame
    assert set(year["status"]) == {"missing"}
    assert not pe.check(trade).failed
