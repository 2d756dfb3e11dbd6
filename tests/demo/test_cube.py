"""The cube against what was published, with plain group-bys."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from provexpo.demo.cube import build
from provexpo.ingest.rows import KEY, ROW_SCHEMA
from provexpo.resources import seed

MONTHS = [y * 100 + m for y in range(2022, 2026) for m in range(1, 13)][:47]
COAST = ["44", "33", "32", "31", "37", "35"]
INLAND = ["51", "34", "42", "41", "50"]


def window(frame: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    return frame.filter(pl.col("period").is_between(first, last))


def total(frame: pl.DataFrame, first: int = 202201, last: int = 202511) -> int:
    return window(frame, first, last)["value"].sum()


def to_us(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("partner") == "USA")


def change(frame: pl.DataFrame, last: int = 7) -> float:
    return total(frame, 202501, 202500 + last) / total(frame, 202401, 202400 + last) - 1


def goods(frame: pl.DataFrame, prefix: str) -> pl.DataFrame:
    code = pl.col("product").cast(pl.String).str.zfill(8)
    return frame.filter(code.str.starts_with(prefix))


@pytest.fixture(scope="module")
def dependence(exports: pl.DataFrame) -> dict[str, float]:
    now = window(exports, 202501, 202507)
    us = dict(to_us(now).group_by("province").agg(pl.col("value").sum()).iter_rows())
    return {
        p: us[p] / v for p, v in now.group_by("province").agg(pl.col("value").sum()).iter_rows()
    }


# --- what was published -------------------------------------------------------------------------


def published_totals() -> dict[tuple[str, int, str], int]:
    with seed("sample_province_totals.csv").open(encoding="utf-8") as f:
        return {(r["flow"], int(r["period"]), r["province"]): int(r["value_10k_cny"]) * 10_000
                for r in csv.DictReader(f)}  # fmt: skip


def test_province_totals_are_the_bulletins_at_the_revised_level(cube: pl.DataFrame) -> None:
    """One factor for each month and flow: the national frame over the bulletin, at most 0.5 %."""
    cny = window(cube.filter(pl.col("currency") == "CNY"), 202401, 202501)
    sums = cny.group_by("flow", "period", "province").agg(pl.col("value").sum())
    held = {(f, m, p): v for f, m, p, v in sums.iter_rows()}
    first = {k: v for k, v in published_totals().items() if k[2] != "nation"}
    assert len(first) == 13 * 31 * 2
    assert held.keys() == first.keys()
    for flow, month in {k[:2] for k in first}:
        mine = [k for k in first if k[:2] == (flow, month)]
        factor = sum(held[k] for k in mine) / sum(first[k] for k in mine)
        assert abs(factor - 1) < (0.005 if month < 202501 else 5e-6)
        assert all(held[k] == pytest.approx(first[k] * factor, abs=1) for k in mine)


def test_some_bulletin_figures_by_hand(cube: pl.DataFrame) -> None:
    """Table 8 of the customs bulletin, January 2024 (10,000 yuan): Beijing, both flows."""
    beijing = cube.filter((pl.col("province") == "11") & (pl.col("currency") == "CNY"))
    for flow, figure in (("export", 4_921_932), ("import", 25_942_064)):
        january = total(beijing.filter(pl.col("flow") == flow), 202401, 202401)
        assert january == pytest.approx(figure * 10_000, rel=1e-5)  # January was hardly revised


@pytest.mark.parametrize(("province", "share"), [("14", 22.5), ("35", 16.4), ("51", 14.6)])
def test_published_dependence(dependence: dict[str, float], province: str, share: float) -> None:
    assert dependence[province] * 100 == pytest.approx(share, abs=0.05)


def test_shanxi_is_the_most_dependent(dependence: dict[str, float]) -> None:
    assert max(dependence, key=dependence.__getitem__) == "14"


def test_the_nation_sends_11_8_per_cent_to_the_us(exports: pl.DataFrame) -> None:
    share = total(to_us(exports), 202501, 202507) / total(exports, 202501, 202507)
    assert share * 100 == pytest.approx(11.8, abs=0.05)


@pytest.mark.parametrize(
    ("province", "pct", "within"),
    [
        ("53", -71, 0.5),
        ("14", -47.9, 0.05),
        ("63", -39.8, 0.05),
        ("65", 265, 0.5),
        ("33", -5.3, 0.05),
    ],
)
def test_published_changes(exports: pl.DataFrame, province: str, pct: float, within: float) -> None:
    mine = to_us(exports).filter(pl.col("province") == province)
    assert change(mine) * 100 == pytest.approx(pct, abs=within)


def test_published_directions_and_the_largest_rise(exports: pl.DataFrame) -> None:
    changes = {p: change(to_us(exports).filter(pl.col("province") == p))
               for p in exports["province"].unique()}  # fmt: skip
    assert all(changes[p] > 0 for p in ("42", "45", "23", "54", "15", "62"))
    assert max(changes, key=changes.__getitem__) == "65"
    assert change(exports.filter(pl.col("province") == "35")) < 0
    assert change(to_us(exports), last=8) * 100 == pytest.approx(-15.5, abs=0.05)


def test_coastal_and_inland_parts_of_exports_to_the_us(exports: pl.DataFrame) -> None:
    us = window(to_us(exports), 202501, 202507)
    coast = total(us.filter(pl.col("province").is_in(COAST))) / total(us)
    inland = total(us.filter(pl.col("province").is_in(INLAND))) / total(us)
    assert 0.95 * 0.8 <= coast <= 0.8
    assert inland * 100 == pytest.approx(10.8, abs=0.05)


def test_more_dependent_provinces_fell_more(exports: pl.DataFrame) -> None:
    """Pearson over provinces of the 2024 share and the midpoint growth of exports to the US."""
    points = []
    for p in exports["province"].unique():
        mine = exports.filter(pl.col("province") == p)
        old, new = total(to_us(mine), 202401, 202407), total(to_us(mine), 202501, 202507)
        share = total(to_us(mine), 202401, 202412) / total(mine, 202401, 202412)
        points.append((share, 2 * (new - old) / (new + old)))
    frame = pl.DataFrame(points, schema=["share", "dhs"], orient="row")
    assert frame.select(pl.corr("share", "dhs")).item() < 0


@pytest.mark.parametrize(
    ("province", "partner", "prefix", "low", "high"),
    [
        ("35", "USA", "64", 0.7615, 0.7625), ("35", "USA", "98", 0.4465, 0.4475),
        ("51", "USA", "98", 0.2585, 0.2595), ("50", "USA", "98", 0.1205, 0.1215),
        ("42", "USA", "98", 4.5485, 4.5495), ("41", "IND", "85177930", 10, 11),
        ("32", "IND", "85177930", 2.85, 3), ("50", "VNM", "8542", 24, 25),
        ("34", "VNM", "8542", 67, 68),
    ],
)  # fmt: skip
def test_published_baskets(
    exports: pl.DataFrame, province: str, partner: str, prefix: str, low: float, high: float
) -> None:
    place = (pl.col("province") == province) & (pl.col("partner") == partner)
    mine = goods(exports.filter(place), prefix)
    assert low <= 1 + change(mine) <= high
    assert total(mine, 202401, 202407) > 10_000_000 * 7 / 12  # no small base


def test_furniture_toys_and_shoes_fell_in_most_provinces(exports: pl.DataFrame) -> None:
    for prefix in ("94", "95", "64"):
        mine = goods(exports, prefix)
        places = window(mine, 202401, 202407)["province"].unique()
        fell = [change(mine.filter(pl.col("province") == p)) < 0 for p in places]
        assert sum(fell) > 31 / 2, prefix


def test_national_groups_follow_the_frame(exports: pl.DataFrame, cube: pl.DataFrame) -> None:
    """To the rounding of the frame: whole yuan by province, dollars at the month's rate."""
    with seed("sample_national.csv").open(encoding="utf-8") as f:
        frame = {(r["flow"], r["partner_group"], int(r["period"])): float(r["usd_million"]) * 1e6
                 for r in csv.DictReader(f)}  # fmt: skip
    with seed("sample_partners.csv").open(encoding="utf-8") as f:
        group = {r["partner"]: r["partner_group"] for r in csv.DictReader(f)}
    held = (
        cube.filter(pl.col("currency") == "USD")
        .with_columns(pl.col("partner").replace_strict(group).alias("group"))
        .group_by("flow", "group", "period")
        .agg(pl.col("value").sum())
    )
    assert len(held) == len(frame) == 2 * 9 * 47
    for flow, name, month, value in held.iter_rows():
        assert value == pytest.approx(frame[flow, name, month], rel=1e-6)


def test_partners_keep_their_published_size(cube: pl.DataFrame) -> None:
    """The 25 largest of each flow: their part of 2024 is within a quarter of the bulletin's."""
    with seed("sample_partners.csv").open(encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    year = window(cube.filter(pl.col("currency") == "CNY"), 202401, 202412)
    for flow in ("export", "import"):
        published = {r["partner"]: float(r[f"{flow}s_10k_cny"]) for r in rows}
        mine = year.filter(pl.col("flow") == flow)
        held = dict(mine.group_by("partner").agg(pl.col("value").sum()).iter_rows())
        scale = sum(published.values()) / sum(held.values())
        largest = sorted(published, key=published.__getitem__, reverse=True)[:25]
        apart = [abs(held[p] * scale / published[p] - 1) for p in largest]
        assert max(apart) < 0.25
        assert sum(a < 0.1 for a in apart) > 12


# --- what it looks like -------------------------------------------------------------------------


def test_heavy_tail_and_sparsity(exports: pl.DataFrame) -> None:
    value = exports["value"].sort(descending=True)
    assert value.head(len(value) // 100).sum() > 0.25 * value.sum()
    assert value.head(len(value) // 10).sum() > 0.75 * value.sum()
    assert value.mean() > 10 * value.median()
    possible = 31 * exports["partner"].n_unique() * exports["product"].n_unique() * 47
    assert len(exports) < 0.005 * possible


def test_cells_appear_and_vanish(exports: pl.DataFrame) -> None:
    def cells(year: int) -> set[tuple[str, str, int]]:
        part = window(exports, year * 100 + 1, year * 100 + 11)
        return set(part.select("province", "partner", "product").unique().iter_rows())

    old, new = cells(2024), cells(2025)
    assert len(new - old) > 200
    assert len(old - new) > 200


def test_february_is_low_and_months_stand_alone(cube: pl.DataFrame) -> None:
    assert cube["months"].unique().to_list() == [1]
    usd = cube.filter(pl.col("currency") == "USD")
    for flow in ("export", "import"):
        by = dict(
            usd.filter(pl.col("flow") == flow)
            .group_by("period")
            .agg(pl.col("value").sum())
            .iter_rows()
        )
        assert sorted(by) == MONTHS
        for year in (2022, 2023, 2024):
            assert min(range(1, 13), key=lambda m: by[year * 100 + m]) == 2


def test_no_zero_negative_or_double_cells(cube: pl.DataFrame) -> None:
    assert cube["value"].min() > 0
    assert cube["quantity"].min() >= 0
    assert not cube.select(pl.struct(KEY).is_duplicated().any()).item()
    assert dict(cube.schema) == ROW_SCHEMA


def test_codes_are_known(cube: pl.DataFrame) -> None:
    with seed("places.csv").open(encoding="utf-8") as f:
        assert set(cube["province"]) == {r["code"] for r in csv.DictReader(f)}
    known: dict[tuple[str, str], tuple[int, int]] = {}
    with seed("partners.csv").open(encoding="utf-8") as f:
        for r in csv.DictReader(f):
            if r["reporter"] == "CHN":
                valid = int(r["valid_from"] or 0), int(r["valid_to"] or 999999)
                known[r["code"], r["partner"]] = valid
    held = cube.group_by("partner_code", "partner").agg(
        pl.col("period").min().alias("first"), pl.col("period").max().alias("last")
    )
    for code, partner, first, last in held.iter_rows():
        low, high = known[code, partner]
        assert low <= first <= last <= high, code
    assert {"701", "142", "337", "150"} <= set(held["partner_code"])
    assert 190 <= cube["partner"].n_unique() <= 230
    chapters = set((cube["product"] // 1_000_000).unique())
    assert chapters <= {c for c in range(1, 100) if c != 77}
    assert len(chapters) > 90
    assert 600 <= cube["product"].n_unique() <= 900


def test_every_basket_is_populated(exports: pl.DataFrame, cube: pl.DataFrame) -> None:
    sold = {f"{p:08d}" for p in cube["product"].unique()}
    with seed("basket_products.csv").open(encoding="utf-8") as f:
        prefixes: dict[str, set[str]] = {}
        for r in csv.DictReader(f):
            prefixes.setdefault(r["basket"], set()).add(r["product"])
    empty = [b for b, held in prefixes.items() if not any(p.startswith(tuple(held)) for p in sold)]
    assert empty == []
    for code in ("98040000", "85171300", "85177930", "85423190", "84713090"):
        assert total(goods(to_us(exports), code)) > 1e9, code
    assert total(goods(cube, "85177030")) == 0  # gone since 2022


def test_currencies_hold_the_same_cells_at_the_months_rate(cube: pl.DataFrame) -> None:
    key = [k for k in KEY if k != "currency"]
    usd, cny = (cube.filter(pl.col("currency") == c) for c in ("USD", "CNY"))
    both = usd.join(cny, on=key, suffix="_cny", nulls_equal=True)
    assert len(both) == len(usd) == len(cny)
    assert both["quantity"].equals(both["quantity_cny"], null_equal=True)
    with seed("exchange_rates.csv").open(encoding="utf-8") as f:
        rate = {int(r["period"]): float(r["cny_per_usd"]) for r in csv.DictReader(f)}
    large = both.filter(pl.col("value") > 1_000_000).with_columns(
        rate=pl.col("period").replace_strict(rate), implied=pl.col("value_cny") / pl.col("value")
    )
    assert large.select(((pl.col("implied") - pl.col("rate")).abs() < 1e-5).all()).item()


# --- as files -----------------------------------------------------------------------------------


def test_files_state_what_they_cover(files: tuple) -> None:
    months: dict[tuple[str, str, str], list[int]] = {}
    for f in files:
        assert len(f.rows) == f.data_rows
        for s in f.scopes:
            assert s.months_declared
            assert s.sha256 == f.sha256
            months.setdefault((s.grain.id, s.flow, s.currency), []).extend(p for p, _ in s.spans)
    cubes = {k: v for k, v in months.items() if "illustrative" in k[0]}
    assert len(cubes) == 4
    assert all(sorted(v) == MONTHS for v in cubes.values())
    assert len({f.sha256 for f in files}) == len(files)
    marked = [f for f in files if any("extrapolated" in n for n in f.notes)]
    assert len(marked) == 4
    assert not any(202401 <= p <= 202501 for f in marked for p in f.rows["period"].unique())


def test_bulletin_rows_are_the_published_figures(files: tuple) -> None:
    (bulletin,) = [f for f in files if f.layout == "gacc_bulletin"]
    held = {(r["flow"], r["period"], r["province"] or "nation"): r["value"]
            for r in bulletin.rows.iter_rows(named=True)}  # fmt: skip
    assert held == published_totals()
    assert {s.grain.rounding for s in bulletin.scopes} == {10_000}


def test_two_builds_are_equal(files: tuple) -> None:
    again = build()
    assert [f.sha256 for f in again] == [f.sha256 for f in files]
    assert all(a.rows.equals(b.rows) for a, b in zip(files, again))


def test_another_process_builds_the_same(cube: pl.DataFrame) -> None:
    """Other hash seed, one thread: nothing may hang on the order of sets or of parallel sums."""
    code = (
        "import hashlib, sys; from provexpo.demo.cube import build\n"
        "h = hashlib.sha256()\n"
        "for f in build():\n"
        "    if f.layout == 'illustrative': h.update(f.rows['value'].to_numpy().tobytes())\n"
        "sys.stdout.write(h.hexdigest())"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=root, capture_output=True, check=True
    )
    here = hashlib.sha256(cube["value"].to_numpy().tobytes()).hexdigest()
    assert run.stdout.decode() == here
