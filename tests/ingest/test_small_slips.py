"""Slips that cost digits or trust: powers of ten, points for thousands, rows that stand twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import provexpo as pe
from provexpo.errors import LayoutError
from provexpo.ingest import Options, read_files

MAP = """[[files]]
match = "a.csv"
layout = "tidy"
flow = "export"
currency = "USD"
[files.columns]
period = "period"
partner = "partner"
value = "value"
"""


@pytest.fixture
def tidy(tmp_path: Path) -> Callable[..., Path]:
    def write(*values: str) -> Path:
        partners = ("US", "VN", "DE", "JP")
        rows = [f"2024-03,{p},{v}" for p, v in zip(partners, values, strict=False)]
        (tmp_path / "provexpo.toml").write_text(MAP)
        (tmp_path / "a.csv").write_text("\n".join(["period,partner,value", *rows]) + "\n")
        return tmp_path / "a.csv"

    return write


def test_powers_of_ten_with_lost_digits(tidy: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="only some of the digits"):
        read_files([tidy("150", "1.51E+08")], Options())
    (file,) = read_files([tidy("1.5123456E+07", "1.5e3")], Options()).files
    assert file.rows["value"].to_list() == [15_123_456, 1_500]
    gdp = tmp_path / "gdp.csv"
    gdp.write_text("province,year,gdp (元)\n44,2024,1.42E+13\n")
    with pytest.raises(LayoutError, match="only some of the digits"):
        read_files([gdp], Options())


def test_points_that_may_divide_thousands(tidy: Callable[..., Path]) -> None:
    (doubtful,) = read_files([tidy("1.500", "12.345", "7")], Options()).files
    assert any("1,000 times too small" in w for w in doubtful.warnings)
    (plain,) = read_files([tidy("1.5", "12.345")], Options()).files
    assert not any("too small" in w for w in plain.warnings)


def test_gdp_in_a_unit_of_yuan_is_in_yuan(tmp_path: Path) -> None:
    path = tmp_path / "gdp.csv"
    path.write_text("province,year,gdp,unit,currency\n44,2024,19900,亿元,USD\n")
    with pytest.raises(LayoutError, match="unit of yuan"):
        read_files([path], Options())


CENSUS = ["CTY_CODE", "I_COMMODITY", "GEN_VAL_MO", "CON_VAL_MO", "YEAR", "MONTH"]


def census(tmp_path: Path, *rows: tuple[str, str, int, int]) -> Path:
    cells = [[c, k, str(g), str(u), "2024", "03"] for c, k, g, u in rows]
    path = tmp_path / "us.json"
    path.write_text(json.dumps([CENSUS, *cells]))
    return path


FULL = (("5700", "85", 100, 90), ("2010", "85", 50, 45), ("-", "85", 150, 135))


def test_a_row_twice_is_no_missing_partner(tmp_path: Path) -> None:
    (file,) = read_files([census(tmp_path, *FULL, FULL[0])], Options()).files
    assert not [w for w in file.warnings if "not all there" in w]


def test_a_row_twice_in_totals_by_partner(tmp_path: Path) -> None:
    path = tmp_path / "totals.csv"
    us = "2024-03,美国,CNY_10000,160,100,60"
    path.write_text(
        "period,partner_zh,unit,total_month,exports_month,imports_month\n"
        f"2024-03,总值,CNY_10000,230,140,90\n2024-03,越南,CNY_10000,70,40,30\n{us}\n{us}\n"
    )
    (file,) = read_files([path], Options()).files
    assert not [w for w in file.warnings if "miss" in w]


def test_general_imports_come_first_and_others_say_so(tmp_path: Path) -> None:
    store = tmp_path / "store"
    pe.add(store, [census(tmp_path, *FULL)])
    words = {"reporter": "USA", "flow": "import", "during": "2024-03", "partner": "China"}
    usual = pe.value(pe.open(store), by=["partner"], **words)
    assert usual.frame["value"].to_list() == [100]
    assert not any("general imports" in c.text for c in usual.caveats)
    named = "USA:census_hs2_consumption:partner+hs2"
    other = pe.value(pe.open(store), by=["partner"], table=named, **words)
    assert other.frame["value"].to_list() == [90]
    assert any("general imports: consumption" in c.text for c in other.caveats)
