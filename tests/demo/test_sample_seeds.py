"""The sample's seeds against the real bulletin and rates, where those files are at hand."""

from __future__ import annotations

import csv
from pathlib import Path

from provexpo.resources import seed


def rows(name: str) -> list[dict[str, str]]:
    with seed(name).open(encoding="utf-8") as f:
        return list(csv.DictReader(f))


def test_provinces_add_up_to_the_nation_within_three_units() -> None:
    totals = rows("sample_province_totals.csv")
    for flow in ("export", "import"):
        for period in {r["period"] for r in totals}:
            month = [r for r in totals if (r["flow"], r["period"]) == (flow, period)]
            parts = [int(r["value_10k_cny"]) for r in month if r["province"] != "nation"]
            (nation,) = [int(r["value_10k_cny"]) for r in month if r["province"] == "nation"]
            assert len(parts) == 31
            assert abs(sum(parts) - nation) <= 3


def test_totals_are_the_bulletins(real_data: Path) -> None:
    """Guangdong and Tibet read off the saved table, month by month."""
    held = {(r["flow"], r["period"], r["province"]): r["value_10k_cny"]
            for r in rows("sample_province_totals.csv")}  # fmt: skip
    files = sorted((real_data / "customs_bulletin").glob("province_totals_*.csv"))
    assert len(files) == 13
    for path in files:
        period = path.stem[-7:].replace("-", "")
        with path.open(encoding="utf-8-sig", newline="") as f:
            lines = {line[0]: line for line in csv.reader(f)}
        for name, code in (("广东省", "44"), ("西藏自治区", "54"), ("总值", "nation")):
            # place, total (month, year to date), exports (same), imports (same), growth
            assert held["export", period, code] == lines[name][3]
            assert held["import", period, code] == lines[name][5]


def test_rates_are_the_implied_ones(real_data: Path) -> None:
    with (real_data / "implied_cny_per_usd_monthly_2016_2026.csv").open(encoding="utf-8") as f:
        implied = {
            r["period"]: int(r["value_cny"]) / int(r["value_usd"]) for r in csv.DictReader(f)
        }
    shipped = {r["period"]: float(r["cny_per_usd"]) for r in rows("exchange_rates.csv")}
    assert shipped.keys() == implied.keys()
    assert all(abs(shipped[p] - implied[p]) <= 0.00005001 for p in shipped)


def test_seeds_stay_small() -> None:
    names = [*seed("exchange_rates.csv").parent.glob("sample_*.csv"), seed("exchange_rates.csv")]
    assert sum(p.stat().st_size for p in names) < 600_000
