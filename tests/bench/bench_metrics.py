"""Time metrics against the same question asked by hand, interleaved: ratios, not verdicts.

    python tests/bench/bench_metrics.py [ROWS] [ROUNDS]

builds a store of ROWS cells (default 3 million: 31 provinces x 200 partners x HS8 x 36 months,
heavy tails) in a temporary folder and times, in turn, for a year's dependence on the US by province
and a year's growth by province and chapter:

* the metric, snapshot opened and file list warm;
* its own SQL run by hand in a bare DuckDB connection over the same files;
* a hand-written SQL that a desk would write, polars (lazy over Parquet) and pandas (over a frame in
  memory) for the same numbers, which are asserted equal first.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from timing import interleaved

import provexpo as pe
from provexpo import vocab
from provexpo.ingest.rows import ROW_SCHEMA, Extent, FileRows, Grain, Scope
from provexpo.store.loading import load_rows

YEAR, BASE = 2025, 2024


def world(rows: int) -> FileRows:
    """Random cells with log-normal values; duplicates of a key are dropped."""
    rng = np.random.Generator(np.random.PCG64(7))
    provinces = np.array(vocab.province_codes())
    known = vocab.partner_codes("CHN").unique("partner", maintain_order=True).head(200)
    partners, codes = known["partner"].to_numpy(), known["partner_code"].to_numpy()
    products = np.unique(rng.integers(1, 98, 5000) * 1_000_000 + rng.integers(0, 999_999, 5000))
    months = np.array([y * 100 + m for y in (2023, 2024, 2025) for m in range(1, 13)])
    pick = rng.zipf(1.4, rows) % len(partners)
    frame = pl.DataFrame(
        {
            "period": months[rng.integers(0, 36, rows)],
            "province": provinces[rng.zipf(1.5, rows) % 31],
            "partner": partners[pick],
            "partner_code": codes[pick],
            "product": products[rng.integers(0, len(products), rows)],
            "value": np.exp(rng.normal(9, 2.5, rows)).astype(np.int64) + 1,
        }
    ).unique(["period", "province", "partner_code", "product"], maintain_order=True)
    grain = Grain("CHN", "bench", True, True, 8, False)
    fixed = {
        "reporter": "CHN", "flow": "export", "months": 1, "currency": "USD", "grain": grain.id,
        "vintage": 1_700_000_000,
    }  # fmt: skip
    full = frame.with_columns(
        *(pl.lit(v).alias(k) for k, v in fixed.items()),
        *(pl.lit(None).alias(k) for k in ("regime", "quantity", "unit", "quantity2", "unit2")),
    ).select([pl.col(c).cast(t) for c, t in ROW_SCHEMA.items()])
    declared, absent = Extent("declared"), Extent("absent")
    scope = Scope(
        grain, "export", "USD", tuple((int(m), 1) for m in months), True, declared, declared,
        declared, absent, 1_700_000_000, "bench", "bench",
    )  # fmt: skip
    return FileRows(
        "bench", "bench", "bench", "utf-8", 1_700_000_000, "stated", full, (scope,), full.height
    )


def by_hand(files: list[str], sql: str, params: dict[str, object]) -> Callable[[], pl.DataFrame]:
    """The metric's own statement in a bare connection over the same files."""
    con = duckdb.connect()
    listed = ", ".join(f"'{f}'" for f in files)
    con.execute(
        f"CREATE VIEW flows AS SELECT * FROM read_parquet([{listed}], hive_partitioning = true)"
    )
    return lambda: pl.DataFrame(con.sql(sql, params=params))


PLAIN = {
    "dependence": f"""
        SELECT province,
          CAST(sum(CASE WHEN partner = 'USA' AND period // 100 = {YEAR} THEN value END) AS BIGINT)
            AS value,
          CAST(sum(CASE WHEN period // 100 = {YEAR} THEN value END) AS BIGINT) AS total,
          CAST(sum(CASE WHEN partner = 'USA' AND period // 100 = {BASE} THEN value END) AS BIGINT)
            AS base_value,
          CAST(sum(CASE WHEN period // 100 = {BASE} THEN value END) AS BIGINT) AS base_total
        FROM flows WHERE period BETWEEN {BASE}01 AND {YEAR}12
        GROUP BY province ORDER BY province""",
    "growth": f"""
        SELECT province, product // 1000000 AS hs2,
          CAST(sum(CASE WHEN period // 100 = {YEAR} THEN value END) AS BIGINT) AS value,
          CAST(sum(CASE WHEN period // 100 = {BASE} THEN value END) AS BIGINT) AS base_value
        FROM flows WHERE period BETWEEN {BASE}01 AND {YEAR}12 GROUP BY ALL ORDER BY ALL""",
}


def polars_lazy(files: list[str], metric: str) -> Callable[[], pl.DataFrame]:
    year = pl.col("period") // 100
    us = pl.col("partner") == "USA"

    def total(which: int, *also: pl.Expr) -> pl.Expr:
        test = year == which
        for t in also:
            test &= t
        return pl.col("value").filter(test).sum()

    def run() -> pl.DataFrame:
        scan = pl.scan_parquet(files, hive_partitioning=True).filter(
            pl.col("period").is_between(BASE * 100 + 1, YEAR * 100 + 12)
        )
        if metric == "dependence":
            grouped = scan.group_by("province").agg(
                value=total(YEAR, us), total=total(YEAR), base_value=total(BASE, us),
                base_total=total(BASE),
            )  # fmt: skip
            return grouped.sort("province").collect(engine="streaming")
        hs2 = (pl.col("product") // 1_000_000).alias("hs2")
        grouped = scan.group_by("province", hs2).agg(value=total(YEAR), base_value=total(BASE))
        return grouped.sort("province", "hs2").collect(engine="streaming")

    return run


def pandas_memory(files: list[str], metric: str) -> Callable[[], object]:
    columns = ["period", "province", "partner", "product", "value"]
    frame = pl.read_parquet(files, columns=columns, hive_partitioning=False)
    import pandas as pd

    data = pd.DataFrame({c: frame[c].to_numpy() for c in columns})
    for c in ("province", "partner"):
        data[c] = data[c].astype("category")

    def run() -> object:
        held = data[data["period"] >= BASE * 100 + 1]
        keys = [held["province"]]
        if metric == "growth":
            keys.append((held["product"] // 1_000_000).rename("hs2"))
        sums = {}
        for name, year in (("value", YEAR), ("base_value", BASE)):
            part = held["value"].where(held["period"] // 100 == year, 0)
            sums[name] = part.groupby(keys, observed=True).sum()
            if metric == "dependence":
                us = part.where(held["partner"] == "USA", 0)
                sums[f"us_{name}"] = us.groupby(keys, observed=True).sum()
        return pd.DataFrame(sums)

    return run


def ask(trade: pe.Trade, metric: str) -> pe.Result:
    if metric == "dependence":
        return pe.dependence(trade, partner="US", during=str(YEAR))
    return pe.growth(trade, during=str(YEAR), by=["province", "product:HS2"])


def main(rows: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        file = world(rows)
        made = time.perf_counter()
        load_rows(Path(folder) / "desk", [file])
        loaded = time.perf_counter()
        print(
            f"{file.rows.height:,} cells: made in {made - start:.1f} s, loaded in"
            f" {loaded - made:.1f} s ({file.rows.height / (loaded - made) / 1e6:.2f} M rows/s)"
        )
        trade = pe.open(Path(folder) / "desk")
        files = trade.snapshot.files("flows", flow="export", currency="USD")
        for metric in ("dependence", "growth"):
            first = ask(trade, metric)
            contenders: dict[str, Callable[[], object]] = {
                "metric": lambda metric=metric: ask(trade, metric),
                "its SQL by hand": by_hand(files, first.sql, first.params),
                "plain SQL": by_hand(files, PLAIN[metric], {}),
                "polars lazy": polars_lazy(files, metric),
                "pandas in memory": pandas_memory(files, metric),
            }
            compare(metric, first, contenders)
            report(metric, contenders, rounds)


def compare(metric: str, result: pe.Result, contenders: dict[str, Callable[[], object]]) -> None:
    """All must have counted the same before anything is timed."""
    total = result.frame["value"].sum()
    for name in ("plain SQL", "polars lazy"):
        frame = contenders[name]()
        assert isinstance(frame, pl.DataFrame)
        assert frame["value"].sum() == total, (metric, name)


def report(metric: str, contenders: dict[str, Callable[[], object]], rounds: int) -> None:
    times = interleaved(contenders, rounds)
    best = times["its SQL by hand"]
    print(f"\n{metric}: minimum of {rounds} interleaved rounds")
    for name, low in times.items():
        print(f"  {name:<18} {low * 1000:8.1f} ms   {low / best:5.2f} x its SQL by hand")


if __name__ == "__main__":
    arguments = [int(a) for a in sys.argv[1:]]
    main(*(arguments + [3_000_000, 9][len(arguments) :]))
