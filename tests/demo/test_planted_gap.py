"""`provexpo check` on the sample with a gap planted in it: what a lost download looks like."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import provexpo as pe
from provexpo.demo.cube import build
from provexpo.store.loading import load_rows


@pytest.fixture(scope="module")
def gap(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The sample's exports in yuan and the bulletin, without Guangdong's March 2024 to the US."""
    lost = (
        (pl.col("province") == "44") & (pl.col("period") == 202403)
        & (pl.col("partner") == "USA") & (pl.col("product").is_not_null())
    )  # fmt: skip
    files, value = [], 0
    for file in build():
        if {(s.flow, s.currency) for s in file.scopes} & {("export", "CNY")}:
            value += int(file.rows.filter(lost)["value"].sum())
            files.append(replace(file, rows=file.rows.filter(~lost.fill_null(False))))
    path = tmp_path_factory.mktemp("planted") / "desk"
    load_rows(path, files, illustrative=True)
    return path, value


def test_the_check_names_the_province_the_month_and_the_amount(gap: tuple[Path, int]) -> None:
    path, value = gap
    report = pe.check(pe.open(path))
    assert report.failed
    failed = [r for r in report.rows if r.failed and r.check == "control total"]
    assert all("illustrative" in r.table for r in failed)
    (row,) = [r for r in failed if "2024-03 Guangdong: " in r.text]
    held, printed = (
        int(t.replace(",", "")) for t in row.text.split(": ")[1].split(" CNY")[0].split(" against ")
    )
    # The cube follows a revised 2024, which may lie 0.5 % from the bulletin's first release.
    assert printed - held == pytest.approx(value, abs=0.005 * printed)
    assert value > 0.1 * printed


def test_the_command_exits_with_one(gap: tuple[Path, int]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "provexpo.cli", "check", str(gap[0])],
        capture_output=True, text=True, timeout=120, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 1
    assert "FAIL  control total" in done.stdout and "2024-03 Guangdong" in done.stdout
