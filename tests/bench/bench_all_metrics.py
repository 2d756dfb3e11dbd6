"""Every metric against its own statements alone, interleaved: what a call costs beside its SQL.

    python tests/bench/bench_all_metrics.py [ROWS] [ROUNDS] [METRIC ...]

builds a store of ROWS export cells (default 1 million, as in bench_metrics.py) in a temporary
folder, with quantities, imports and yuan of the same months, a second publication, tariffs and GDP.
For each metric it times the call, and the statements of the call's receipt run through the same
connection without anything around them, in processor time of all threads, which other work on the
machine hardly touches. A ratio of 1 is a call that is all SQL; what is over 1.2 counts in Python
and has its reason in docs/benchmarks.md.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from bench_metrics import YEAR, world
from timing import interleaved

import provexpo as pe
from provexpo import vocab
from provexpo.ingest.rows import ROW_SCHEMA, Extent, FileRows
from provexpo.ingest.side import SideRows
from provexpo.metrics import METRICS
from provexpo.store.loading import load_rows

# What a metric needs beside the window; a metric that is not here is asked as it is.
CALLS: dict[str, dict[str, Any]] = {
    "value": {"by": ["province", "product:HS2"]},
    "growth": {"by": ["province", "product:HS2"]},
    "seasonal": {"by": []},
    "revisions": {"by": ["province", "month"]},
}
UNTIMED = {"rounding_interval": "no statement"}
LATER = 1_750_000_000  # when the second publication came out
ASSUMED = Extent("assumed")


def full_world(rows: int) -> tuple[list[FileRows], list[SideRows]]:
    """The cells of bench_metrics.py with kilograms, in yuan, a tenth of them as imports, and a
    later publication in which one cell in fifty changed."""
    dollars = world(rows)
    frame = dollars.rows.with_columns(
        quantity=pl.col("value") // (pl.col("product") % 90 + 3) + 1, unit=pl.lit("千克")
    )
    changed = frame.gather_every(50).with_columns(
        value=pl.col("value") * 101 // 100 + 1, vintage=pl.lit(LATER)
    )
    # Undeclared, so that the cells which it does not name stand.
    open_box = {"months_declared": False, **dict.fromkeys(("province", "partner"), ASSUMED)}
    open_box |= {"product": ASSUMED, "vintage": LATER}
    parts: list[tuple[pl.DataFrame, dict[str, Any], dict[str, Any]]] = [
        (frame, {}, {}),
        (frame.with_columns(value=pl.col("value") * 7), {"currency": "CNY"}, {}),
        (frame.gather_every(10, 3), {"flow": "import"}, {}),
        (changed, {}, open_box),
    ]
    files = []
    for n, (part, same, scope) in enumerate(parts):
        cells = part.with_columns(pl.lit(v).alias(k) for k, v in same.items()).select(
            [pl.col(c).cast(t) for c, t in ROW_SCHEMA.items()]
        )
        box = replace(dollars.scopes[0], file=f"bench{n}", sha256=f"bench{n}", **same, **scope)
        files.append(
            replace(
                dollars, path=f"bench{n}", sha256=f"bench{n}", rows=cells, scopes=(box,),
                data_rows=cells.height, vintage=scope.get("vintage", dollars.vintage),
            )
        )  # fmt: skip
    return files, [_tariffs(frame), _gdp()]


def _tariffs(frame: pl.DataFrame) -> SideRows:
    """A duty on all goods, and a further one on a fifth of the HS6 codes from mid-April."""
    codes = sorted({f"{p // 100:06d}" for p in frame["product"].unique().to_list()})
    lines: list[tuple[str | None, date, float]] = [(None, date(YEAR, 2, 4), 0.1)]
    lines += [(c, date(YEAR, 4, 9), 0.25) for c in codes[::5]]
    rows = pl.DataFrame(
        lines, schema={"product": pl.String, "from": pl.Date, "rate": pl.Float64}, orient="row"
    ).with_columns(
        reporter=pl.lit("USA"), partner=pl.lit("CHN"), to=pl.lit(None, dtype=pl.Date),
        kind=pl.lit("additional"), programme=pl.col("product").is_null().cast(pl.String),
        source=pl.lit("bench"),
    )  # fmt: skip
    return SideRows("tariffs", "bench tariffs", "bench tariffs", rows, LATER)


def _gdp() -> SideRows:
    lines = [
        ("CHN", p, y, (n + 1) * 10**12, "CNY", "bench")
        for n, p in enumerate(vocab.province_codes())
        for y in range(YEAR - 2, YEAR + 1)
    ]
    names = ["reporter", "province", "year", "value", "currency", "source"]
    return SideRows(
        "gdp", "bench gdp", "bench gdp", pl.DataFrame(lines, schema=names, orient="row"), LATER
    )


def desk(folder: Path, rows: int) -> pe.Trade:
    files, side = full_world(rows)
    *first, second = files
    load_rows(folder, first, side=side)
    load_rows(folder, [second])
    return pe.open(folder)


def statements(trade: pe.Trade, ask: Callable[[], pe.Result]) -> Callable[[], object]:
    """The receipt's statements, each over the files that the call ran it over."""
    engine, views = trade.engine, {}
    plain_use, plain_run, view = engine.use, engine.run, [()]

    def use(*given: Any) -> None:
        view[0] = given
        plain_use(*given)

    def run(sql: str, params: Any) -> pl.DataFrame:
        views.setdefault((sql, repr(dict(params))), view[0])
        return plain_run(sql, params)

    engine.use, engine.run = use, run  # type: ignore[method-assign]
    r = ask().receipt
    del engine.use, engine.run
    pairs = [(r.sql, r.params), *((m["sql"], m["params"]) for m in r.more)]
    todo = [(views[sql, repr(dict(params))], sql, params) for sql, params in pairs]

    def again() -> None:
        for files, sql, params in todo:
            engine.use(*files)
            engine.run(sql, params)

    return again


def main(rows: int, rounds: int, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report(desk(Path(folder) / "desk", rows), rounds, names)


def report(trade: pe.Trade, rounds: int, names: list[str]) -> None:
    print(f"minimum of {rounds} interleaved rounds, processor time")
    print("metric                  call ms   SQL ms   ratio")
    for name in names or METRICS:
        if name in UNTIMED:
            print(f"{name:<22} {UNTIMED[name]}")
            continue
        ask = getattr(pe, name)
        given = {"during": str(YEAR), **CALLS.get(name, {})}
        call = lambda ask=ask, given=given: ask(trade, **given)  # noqa: E731
        ways = {"call": call, "sql": statements(trade, call)}
        times = interleaved(ways, rounds, time.process_time)
        whole, alone = times["call"] * 1000, times["sql"] * 1000
        print(f"{name:<22} {whole:8.1f} {alone:8.1f} {whole / alone:7.2f}", flush=True)


if __name__ == "__main__":
    numbers = [int(a) for a in sys.argv[1:] if a.isdigit()]
    main(*(numbers + [1_000_000, 7][len(numbers) :]), [a for a in sys.argv[1:] if not a.isdigit()])
