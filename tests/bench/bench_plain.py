"""The statements of five metrics against the plain SQL and the pandas of a desk, interleaved.

    python tests/bench/bench_plain.py [ROWS] [ROUNDS]

builds the store of bench_metrics.py (ROWS cells, default 1 million) and asks the same sums of each
way: the metric, its statements alone, a hand-written SQL in a bare DuckDB connection over the same
files, and pandas over a frame in memory with categories. The sums are asserted equal first. Times
are processor time of all threads.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
from bench_all_metrics import statements
from bench_metrics import BASE, YEAR, world
from timing import interleaved

import provexpo as pe
from provexpo.store.loading import load_rows

NOW, BEFORE = f"period // 100 = {YEAR}", f"period // 100 = {BASE}"
US = "partner = 'USA'"
READ = f"FROM flows WHERE period BETWEEN {BASE}01 AND {YEAR}12"


def both(name: str = "", test: str = "true") -> str:
    """The sums of both windows: x and b, with a name before."""
    return ", ".join(
        f"CAST(sum(CASE WHEN {w} AND {test} THEN value ELSE 0 END) AS BIGINT) AS {name}{c}"
        for w, c in ((NOW, "x"), (BEFORE, "b"))
    )


PLAIN = {
    "contribution": f"""
        WITH k AS (SELECT partner, {both()} {READ} GROUP BY partner)
        SELECT partner, x AS value, b, 100 * (x - b) / sum(b) OVER () AS pp FROM k""",
    "concentration": f"""
        WITH k AS (SELECT province, partner, {both()} {READ} GROUP BY province, partner),
          s AS (SELECT *, x / nullif(sum(x) OVER (PARTITION BY province), 0) AS p FROM k)
        SELECT province, sum(x) AS value, sum(p * p) AS hhi,
          -sum(CASE WHEN p > 0 THEN p * ln(p) END) AS entropy, max(p) AS cr1
        FROM s GROUP BY province""",
    "offset": f"""
        WITH k AS (SELECT province, product // 100 AS hs6, {both("us_", US)},
            {both("row_", f"NOT {US}")} {READ} GROUP BY ALL),
          s AS (SELECT *, us_x - us_b AS du, row_x - row_b AS dr,
            sum(us_x - us_b) OVER own AS t_us, sum(row_x - row_b) OVER own AS t_row FROM k
            WINDOW own AS (PARTITION BY province)),
          c AS (SELECT province, hs6 // 10000 AS hs2, sum(du) AS du, sum(dr) AS dr FROM s
            GROUP BY ALL),
          i AS (SELECT province,
            sum(CASE WHEN du < 0 THEN least(greatest(dr, 0), -du) END)
              / nullif(sum(CASE WHEN du < 0 THEN -du END), 0) AS c_index FROM c GROUP BY province)
        SELECT province, sum(us_x) AS value, any_value(t_row / nullif(-t_us, 0)) AS ratio,
          min(CASE WHEN t_us - du < 0 THEN (t_row - dr) / (du - t_us) END) AS or_min,
          max(CASE WHEN t_us - du < 0 THEN (t_row - dr) / (du - t_us) END) AS or_max,
          any_value(c_index) AS c_index
        FROM s JOIN i USING (province) GROUP BY province""",
    "decline": f"""
        WITH k AS (SELECT province, product // 100 AS hs6, {both("us_", US)}, {both("all_")}
            {READ} GROUP BY ALL),
          t AS (SELECT province, sum(all_b) AS total FROM k GROUP BY province)
        SELECT province, hs6 // 10000 AS hs2, sum(us_x) AS value,
          sum(us_x) / nullif(sum(us_b), 0) - 1 AS pct,
          sum(CASE WHEN us_x < us_b THEN us_b ELSE 0 END) / nullif(sum(us_b), 0) AS breadth,
          100 * (sum(us_x) - sum(us_b)) / any_value(total) AS pp
        FROM k JOIN t USING (province) GROUP BY ALL""",
    "shift_share": f"""
        WITH k AS (SELECT province, product // 1000000 AS hs2, {both()} {READ} GROUP BY ALL),
          n AS (SELECT *, sum(x) OVER hs AS nx, sum(b) OVER hs AS nb, sum(x) OVER () AS tx,
            sum(b) OVER () AS tb FROM k WINDOW hs AS (PARTITION BY hs2))
        SELECT province, sum(x) AS value, sum(b * (tx / tb - 1)) AS ns,
          sum(b * (nx / nullif(nb, 0) - tx / tb)) AS im,
          sum(x - b - b * (nx / nullif(nb, 0) - 1)) AS rs
        FROM n GROUP BY province""",
}
CALLS: dict[str, dict[str, Any]] = {name: {"during": str(YEAR)} for name in PLAIN}


def pandas_memory(files: list[str]) -> dict[str, Callable[[], Any]]:
    columns = ["period", "province", "partner", "product", "value"]
    table = pl.read_parquet(files, columns=columns, hive_partitioning=False)
    data = pd.DataFrame({c: table[c].to_numpy() for c in columns})
    for c in ("province", "partner"):
        data[c] = data[c].astype("category")

    def sums(*keys: str, digits: int = 0) -> pd.DataFrame:
        held = data[data["period"] >= BASE * 100 + 1]
        year = held["period"] // 100
        by: list[Any] = [held[k] for k in keys]
        if digits:
            by.append((held["product"] // 10 ** (8 - digits)).rename("product"))
        parts = {c: held["value"].where(year == y, 0) for c, y in (("x", YEAR), ("b", BASE))}
        us = held["partner"] == "USA"
        parts |= {f"us_{c}": parts[c].where(us, 0) for c in ("x", "b")}
        return pd.DataFrame({c: v.groupby(by, observed=True).sum() for c, v in parts.items()})

    def contribution() -> Any:
        k = sums("partner")
        return k.assign(value=k.x, pp=100 * (k.x - k.b) / k.b.sum())

    def concentration() -> Any:
        k = sums("province", "partner")
        p = k.x / k.x.groupby("province", observed=True).transform("sum")
        return pd.DataFrame({"value": k.x, "hhi": p * p}).groupby("province", observed=True).sum()

    def offset() -> Any:
        k = sums("province", digits=6)
        k = k.assign(du=k.us_x - k.us_b, dr=k.x - k.us_x - k.b + k.us_b, value=k.us_x)
        own = k.groupby("province", observed=True)[["du", "dr"]].transform("sum")
        k["ratio"] = (own.dr - k.dr) / (k.du - own.du).where(own.du - k.du < 0)
        totals = k.groupby("province", observed=True)
        return totals.agg(value=("value", "sum"), low=("ratio", "min"), high=("ratio", "max"))

    def decline() -> Any:
        k = sums("province", digits=6)
        k["fell"] = k.us_b.where(k.us_x < k.us_b, 0)
        chapter = k.index.get_level_values("product") // 10_000
        return k.assign(value=k.us_x).groupby([k.index.get_level_values(0), chapter]).sum()

    def shift_share() -> Any:
        k = sums("province", digits=2)
        n = k.groupby("product")[["x", "b"]].transform("sum")
        g, total = n.x / n.b - 1, k.x.sum() / k.b.sum() - 1
        parts = pd.DataFrame({"value": k.x, "ns": k.b * total, "im": k.b * (g - total)})
        return parts.groupby("province", observed=True).sum()

    ways = (contribution, concentration, offset, decline, shift_share)
    return {way.__name__: way for way in ways}


def main(rows: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        load_rows(Path(folder) / "desk", [world(rows)])
        report(pe.open(Path(folder) / "desk"), rounds)


def report(trade: pe.Trade, rounds: int) -> None:
    files = trade.snapshot.files("flows", flow="export", currency="USD")
    con = duckdb.connect()
    listed = ", ".join(f"'{f}'" for f in files)
    con.execute(
        f"CREATE VIEW flows AS SELECT * FROM read_parquet([{listed}], hive_partitioning = true)"
    )
    memory = pandas_memory(files)
    print(f"minimum of {rounds} interleaved rounds, ms of processor time (x plain SQL)")
    for name, sql in PLAIN.items():
        ask = getattr(pe, name)
        call = lambda ask=ask, name=name: ask(trade, **CALLS[name])  # noqa: E731
        contenders: dict[str, Callable[[], Any]] = {
            "metric": call,
            "its SQL": statements(trade, call),
            "plain SQL": lambda sql=sql: pl.DataFrame(con.sql(sql)),
            "pandas": memory[name],
        }
        total = call().frame["value"].sum()
        for way in ("plain SQL", "pandas"):
            assert int(contenders[way]()["value"].sum()) == total, (name, way)
        times = interleaved(contenders, rounds, time.process_time)
        base = times["plain SQL"]
        shown = "   ".join(f"{w} {t * 1000:.1f} ({t / base:.2f})" for w, t in times.items())
        print(f"{name:<14} {shown}", flush=True)


if __name__ == "__main__":
    arguments = [int(a) for a in sys.argv[1:]]
    main(*(arguments + [1_000_000, 7][len(arguments) :]))
