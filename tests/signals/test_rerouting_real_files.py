"""The market's published files beside the illustrative exports: what they can and cannot give."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

import provexpo as pe

FILES = "us_census"
CHAPTERS = "us_imports_hs2_by_country_2023_2024.csv.gz"
HUBS = {"5520": "VNM", "2010": "MEX", "5330": "IND"}


def beside_the_sample(files: list[Path], place: Path) -> pe.Trade:
    shutil.copytree(str(pe.sample().snapshot.place), place)
    pe.add(place, files)
    return pe.open(place)


def chapter_sums(path: Path) -> Counter[tuple[str, str, int, int]]:
    """country, chapter, year, month -> dollars, as the csv module reads the file."""
    found: Counter[tuple[str, str, int, int]] = Counter()
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for r in csv.DictReader(file):
            key = (r["CTY_CODE"], r["I_COMMODITY"], int(r["YEAR"]), int(r["MONTH"]))
            found[key] += int(r["GEN_VAL_MO"])
    return found


def test_chapters_by_month(real_data: Path, tmp_path: Path) -> None:
    path = real_data / FILES / CHAPTERS
    trade = beside_the_sample([path], tmp_path / "desk")
    result = pe.rerouting(trade, during="2024Q3", hubs=["VNM", "MEX"])
    held = chapter_sums(path)

    def market(country: str, chapter: str, year: int, first: int) -> int:
        return sum(held[country, chapter, year, m] for m in range(first, first + 3))

    assert result.frame.height > 150
    for r in result.frame.to_dicts():
        country, first = ("5520", 8) if r["partner"] == "VNM" else ("2010", 9)
        for name, code in (("from_hub", country), ("from_origin", "5700")):
            assert r[name] == market(code, r["product"], 2024, first), r
            assert r[f"base_{name}"] == market(code, r["product"], 2023, first), r
        assert r["g1"] == (r["base_from_origin"] - r["from_origin"] >= 2_500_000)
        assert (r["trs"], r["reason"], r["g3"]) == (None, "few_placebos", "unknown")
        assert r["confidence"] in ("low", "none")
    codes = {c.code for c in result.caveats}
    assert {"illustrative", "level", "placebo", "columns"} <= codes
    assert "98" not in set(result.frame["product"])


def test_products_of_one_year(real_data: Path, tmp_path: Path) -> None:
    files = sorted((real_data / FILES).glob("us_imports_hs10_2024_*.parquet"))
    if len(files) < 4:
        pytest.skip("the annual files are not here")
    trade = beside_the_sample(files, tmp_path / "desk")
    result = pe.rerouting(trade, during="2024", hubs=list(HUBS.values()), lag=0)
    for country, hub in HUBS.items():
        raw = pl.read_parquet(real_data / FILES / f"us_imports_hs10_2024_{country}.parquet")
        code = next(c for c in raw.columns if c.startswith("I_COMMODITY") and "DESC" not in c)
        sums = (
            raw.filter(pl.col(code).str.len_chars() == 10)
            .group_by(pl.col(code).str.slice(0, 6).alias("product"))
            .agg(pl.col("CON_VAL_YR").cast(pl.Int64).sum().alias("want"))
            .filter(pl.col("product") < "98")
        )
        own = result.frame.filter(pl.col("partner") == hub).join(sums, on="product", how="left")
        assert own["from_hub"].sum() == sums["want"].sum()
        assert (own["from_hub"] == own["want"].fill_null(0)).all()
        known = own.filter(pl.col("ub").is_not_null())
        assert known.height and (known["ub"] <= known["from_hub"]).all()
    # No base year, no other partners, no quantities: levels and bounds, and nothing else.
    for name in ("d_ub", "trs", "rv", "type", "confidence", "expected_from_hub", "s6"):
        assert result.frame[name].null_count() == result.frame.height, name
    assert set(result.frame["reason"]) == {"market_base_uncovered"}
    assert "consumption" in " ".join(c.text for c in result.caveats)
