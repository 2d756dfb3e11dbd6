"""Real customs files. Expected figures come from Python's csv module, or from published pages."""

from __future__ import annotations

import csv
import io
import textwrap
from pathlib import Path

import polars as pl
import pytest

from provexpo.ingest import Options, read_files

EXCERPT = "export_85177950_202501_usd_excerpt.csv"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "files.md"


def documented_map() -> str:
    """The tidy map that docs/files.md shows, so that what analysts copy is what is tested."""
    section = DOCS.read_text(encoding="utf-8").split("## Tidy files")[1]
    lines = section.split("* **columns**")[0].splitlines()
    return textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))


def oracle(path: Path) -> list[dict[str, str]]:
    """The file as the csv module reads it."""
    text = path.read_bytes().decode("gb18030")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_excerpt_against_the_csv_module(real_data: Path) -> None:
    path = real_data / "customs_query" / EXCERPT
    (file,) = read_files([path], Options(flow="export")).files
    expected = [
        (int(r["数据年月"]), int(r["商品编码"]), r["贸易伙伴编码"], r["贸易方式编码"],
         r["注册地编码"], int(r["第一数量"]), r["第一计量单位"],
         None, None, int(r["美元"].replace(",", "")))
        for r in oracle(path)
    ]  # fmt: skip
    names = [
        "period",
        "product",
        "partner_code",
        "regime",
        "province",
        "quantity",
        "unit",
        "quantity2",
        "unit2",
        "value",
    ]
    assert file.rows.select(names).rows() == expected
    assert (file.data_rows, file.duplicates, file.rows["partner_code"].n_unique()) == (323, 0, 60)
    us = file.rows.filter(partner="USA").group_by("province").agg(pl.col("value").sum())
    assert (us.height, us["value"].sum()) == (14, 193_797_953)
    assert us.sort("value", descending=True).row(0) == ("51", 84_284_228)


def test_crude_oil_in_two_currencies(real_data: Path) -> None:
    folder = real_data / "customs_query"
    paths = [folder / f"import_crude_oil_2024_{c}.csv" for c in ("cny", "usd")]
    result = read_files(paths, Options(flow="import"))
    assert result.warnings == ()
    cny, usd = (f.rows for f in result.files)
    keys = ["period", "product", "quantity", "unit", "quantity2", "unit2"]
    assert cny.height == usd.height == 12
    assert cny.select(keys).equals(usd.select(keys))
    assert (cny["unit"][0], cny["unit2"][0]) == ("千克", "桶")
    with (real_data / "implied_cny_per_usd_monthly_2016_2026.csv").open(encoding="utf-8") as file:
        published = {int(row["period"]): row for row in csv.DictReader(file)}
    for period, a, b in zip(cny["period"], cny["value"], usd["value"], strict=True):
        month = published[period]
        assert (a, b) == (int(month["value_cny"]), int(month["value_usd"]))
        assert a / b == pytest.approx(float(month["implied_cny_per_usd"]), abs=5e-7)


def test_soybeans(real_data: Path) -> None:
    folder = real_data / "customs_query"
    files = read_files(
        [folder / "soybeans_2024in.csv", folder / "soybeans_2025in.csv"], Options(flow="import")
    ).files
    old, new = (f.rows for f in files)
    assert old["value"].sum() == 359_701_179_444
    assert old.filter(partner="USA")["value"].sum() == 85_630_245_356
    assert len(files[1].scopes[0].spans) == 10
    assert new.filter(pl.col("period") >= 202509, partner="USA").is_empty()
    wrong = read_files([folder / "soybeans_2024out.csv"], Options(flow="import")).files[0]
    assert "name suggests export" in wrong.warnings[0]


def test_all_bulletins(real_data: Path) -> None:
    paths = sorted((real_data / "customs_bulletin").glob("province_totals_*.csv"))
    files = read_files(paths).files
    assert len(files) == 13
    for file in files:
        with Path(file.path).open(encoding="utf-8-sig", newline="") as handle:
            total = next(row for row in csv.reader(handle) if row[0] == "总值")
        # Columns: total, exports and imports, each for the month and the year to date.
        expected = {
            ("export", False): int(total[3]), ("export", True): int(total[4]),
            ("import", False): int(total[5]), ("import", True): int(total[6]),
        }  # fmt: skip
        for (flow, to_date), value in expected.items():
            source = f"CHN:gacc_bulletin{'_ytd' if to_date else ''}"
            rows = file.rows.filter(pl.col("flow") == flow)
            nation = rows.filter(pl.col("grain") == f"{source}:nation")
            provinces = rows.filter(pl.col("grain") == f"{source}:province")
            assert nation["value"].to_list() == [value * 10_000]
            assert provinces["province"].n_unique() == provinces.height == 31
            if not to_date:
                assert abs(provinces["value"].sum() - value * 10_000) <= 3 * 10_000
    assert {f.left_out["city or zone"] for f in files} == {306, 318, 319}


def test_partner_totals_through_the_tidy_layout(real_data: Path, tmp_path: Path) -> None:
    name = "partner_totals_2024.csv"
    (tmp_path / name).write_bytes((real_data / "customs_bulletin" / name).read_bytes())
    (tmp_path / "provexpo.toml").write_text(documented_map(), encoding="utf-8")
    (file,) = read_files([tmp_path]).files
    spring = file.rows.filter(pl.col("period").is_between(202404, 202408), flow="export")
    assert spring.filter(partner="USA")["value"].sum() == 159_508_189 * 10_000
    total = spring.filter(pl.col("grain") == "CHN:gacc_partner_totals:nation")
    assert total["value"].sum() == 1_075_005_512 * 10_000
    # The partners add up to the printed total within a rounding unit a month.
    partners = spring.filter(pl.col("grain") == "CHN:gacc_partner_totals:partner")
    assert abs(partners["value"].sum() - total["value"].sum()) <= 5 * 10_000
    months = {period for period, _ in file.scopes[0].spans}
    assert months == set(range(202401, 202413)) - {202403, 202409}
    with Path(file.path).open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    blank = sum(r[c] == "" for r in rows for c in ("exports_month", "imports_month"))
    assert file.left_out == {"aggregate partner": 90, "no value": blank}
    assert len(rows) == file.data_rows
