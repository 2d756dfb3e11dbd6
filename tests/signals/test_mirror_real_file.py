"""The Census file as published against a planted China side: mechanics, not findings."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.periods import shift
from provexpo.store.loading import load_rows


@pytest.fixture(scope="module")
def census(real_data: Path) -> Path:
    path = real_data / "us_census" / "us_imports_hs2_by_country_2023_2024.csv.gz"
    if not path.is_file():
        pytest.skip("no Census file among the real files")
    return path


@pytest.fixture(scope="module")
def bought(census: Path) -> dict[tuple[int, str], int]:
    """(month, chapter) -> dollars from China, by Python's csv module."""
    found: dict[tuple[int, str], int] = {}
    with gzip.open(census, "rt", encoding="utf-8") as file:
        for r in csv.DictReader(file):
            if r["CTY_CODE"] == "5700":
                key = int(r["YEAR"]) * 100 + int(r["MONTH"]), r["I_COMMODITY"]
                found[key] = found.get(key, 0) + int(r["GEN_VAL_MO"])
    return found


def test_both_sides_without_chapter_98(
    tmp_path: Path, census: Path, bought: dict[tuple[int, str], int],
    planted_part: Callable[..., Any],
) -> None:  # fmt: skip
    """China's side sells twice what the US records, and 10 bn of parcels a month beside it."""
    own = [{"partner": "USA", "product": k, "period": m, "value": 2 * v}
           for (m, k), v in bought.items() if k != "98"]  # fmt: skip
    own += [{"partner": "USA", "product": "98", "period": shift(202301, i), "value": 10**10}
            for i in range(24)]  # fmt: skip
    load_rows(tmp_path / "desk", [planted_part(own)])
    pe.add(tmp_path / "desk", census)
    trade = pe.open(tmp_path / "desk")
    found = pe.mirror_gap(trade, partner="US", during="2024").frame.to_dicts()[0]
    whole = sum(v for (m, _), v in bought.items() if m > 202400)
    wanted = sum(v for (m, k), v in bought.items() if m > 202400 and k != "98")
    assert round(whole / 1e9, 1) == 438.7  # the published total of 2024
    assert (found["value"], found["mirror"], found["cif"]) == (2 * wanted, wanted, 0.0)
    assert found["ratio"] == 2 and found["screen_flag"] is None
    by = pe.mirror_gap(trade, partner="US", during="2024-09/2024-11", by="product:HS2").frame
    later = {k: sum(bought.get((m, k), 0) for m in (202410, 202411, 202412)) for k in ("85", "84")}
    for chapter, value in later.items():
        assert by.filter(by["product"] == chapter)["mirror"].item() == value
    assert "98" not in by["product"].to_list()
