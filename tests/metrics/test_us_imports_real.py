"""Real US imports by country against pandas over the raw rows: growth, and what made it up."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import provexpo as pe

Same = Callable[..., None]
SMALL = 100_000_000  # dollars a year (methods 0.5)
ASK = {"reporter": "USA", "flow": "import", "by": "partner", "during": "2024", "against": "2023"}


@pytest.fixture(scope="module")
def census_file(real_data: Path) -> Path:
    path = real_data / "us_census" / "us_imports_hs2_by_country_2023_2024.csv.gz"
    if not path.is_file():
        pytest.skip("no imports of the United States among the real files")
    return path


@pytest.fixture(scope="module")
def imports(tmp_path_factory: pytest.TempPathFactory, census_file: Path) -> pe.Trade:
    store = tmp_path_factory.mktemp("us") / "desk"
    pe.add(store, census_file)
    return pe.open(store)


@pytest.fixture(scope="module")
def raw(census_file: Path) -> pd.DataFrame:
    table = pd.read_csv(census_file, dtype=str, keep_default_na=False)
    return table.assign(value=table["GEN_VAL_MO"].astype("int64"))


@pytest.fixture(scope="module")
def sums(raw: pd.DataFrame, seed_rows: Callable[[str], list[dict[str, str]]]) -> pd.DataFrame:
    """Both years by country: x 2024, b 2023. Groups have codes 0003 or 5XXX, the total is -."""
    leaves = raw[raw["CTY_CODE"].str.fullmatch(r"[1-9]\d{3}")]
    country = {r["code"]: r["partner"] for r in seed_rows("partners") if r["reporter"] == "USA"}
    by_year = leaves.groupby([leaves["CTY_CODE"].map(country), "YEAR"])["value"].sum()
    table = by_year.unstack("YEAR", fill_value=0).rename(columns={"2024": "x", "2023": "b"})
    return table[(table.x > 0) | (table.b > 0)]


def status(x: int, b: int) -> str:
    if not b:
        return "new"
    if not x:
        return "exit"
    return "small_base" if b < SMALL else "ok"


def test_the_leaves_add_up_to_the_printed_totals(raw: pd.DataFrame, sums: pd.DataFrame) -> None:
    printed = raw[raw["CTY_CODE"].eq("-")].groupby("YEAR")["value"].sum()
    assert (int(sums.x.sum()), int(sums.b.sum())) == (printed["2024"], printed["2023"])
    assert len(sums) > 220


def test_growth_of_imports_by_country(imports: pe.Trade, sums: pd.DataFrame, same: Same) -> None:
    want: dict[str, dict[str, Any]] = {}
    for country, row in sums.iterrows():
        x, b = int(row.x), int(row.b)
        pct = x / b - 1 if b else None
        want[str(country)] = {
            "value": x, "base_value": b, "change": x - b, "pct": pct,
            "ratio": x / b if b else None, "dhs": 2 * (x - b) / (x + b),
            "log": math.log(x) - math.log(b) if x and b else None, "status": status(x, b),
            "small_base": 0 < b < SMALL, "n_months": 12, "n_months_expected": 12,
        }  # fmt: skip
    frame = pe.growth(imports, **ASK).frame
    same(frame, want, "partner")
    nation = pe.growth(imports, **{**ASK, "by": []}).frame
    assert nation["pct"].item() == pytest.approx(sums.x.sum() / sums.b.sum() - 1, rel=1e-12)


def test_contribution_to_the_growth_of_imports(
    imports: pe.Trade, sums: pd.DataFrame, same: Same
) -> None:
    now, base = int(sums.x.sum()), int(sums.b.sum())
    changes = sums.x - sums.b
    want: dict[str, dict[str, Any]] = {}
    for country, row in sums.iterrows():
        x, b = int(row.x), int(row.b)
        want[str(country)] = {
            "value": x, "base_value": b, "change": x - b, "total": now, "base_total": base,
            "pp": 100 * (x - b) / base, "share_of_change": (x - b) / (now - base),
            "base_share": b / base, "rank": int((changes > x - b).sum()) + 1,
            "status": status(x, b), "small_base": 0 < b < SMALL,
        }  # fmt: skip
    frame = pe.contribution(imports, **ASK).frame
    same(frame, want, "partner")
    assert frame["pp"].sum() == pytest.approx(100 * (now / base - 1), rel=1e-9)
    one = pe.contribution(imports, partner="China", **ASK).frame
    same(one, {"CHN": want["CHN"]}, "partner")
