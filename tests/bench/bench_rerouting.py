"""`rerouting` on 31 provinces x products x 20 hubs x 48 months, and the market beside it.

    python tests/bench/bench_rerouting.py [PRODUCTS] [DENSITY] [ROUNDS]

builds a store in a temporary folder (default 500 products, a fifth of the cells traded) with the
origin's exports to 20 hubs, the market and one other partner, and the market's imports from the
same, with kilograms and tariffs. It times the whole call, its statement alone through the same
connection, and prints the peak memory of the process. The full shape is 5000 products.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from timing import interleaved

import provexpo as pe
from provexpo import vocab
from provexpo.ingest.rows import ROW_SCHEMA, Extent, FileRows, Grain, Scope
from provexpo.ingest.side import SideRows
from provexpo.periods import Window
from provexpo.store.loading import load_rows

MONTHS = Window(202107, 202509).months  # 48 months, and the base of the second placebo pair
LATER = Window(202107, 202511).months
HUBS = (
    "VNM", "THA", "MYS", "IDN", "KHM", "IND", "MEX", "PHL", "LAO", "MMR", "BGD", "PAK", "LKA",
    "TUR", "BRA", "KOR", "TWN", "SGP", "ARE", "POL",
)  # fmt: skip
VINTAGE = 1_790_000_000
ALL, ABSENT = Extent("declared"), Extent("absent")


def part(
    reporter: str, flow: str, partners: tuple[str, ...], months: tuple[int, ...], products: int,
    provinces: tuple[str, ...], density: float, seed: int,
) -> FileRows:  # fmt: skip
    """Cells drawn at random; amounts lie between 20,000 and some millions."""
    rng = np.random.default_rng(seed)
    shape = (max(len(provinces), 1), len(partners), products, len(months))
    at = np.flatnonzero(rng.random(int(np.prod(shape))) < density)
    p, j, k, t = np.unravel_index(at, shape)
    value = np.exp(rng.normal(12, 1.2, len(at))).astype(np.int64)
    columns = {
        "period": pl.Series(np.array(months)[t]),
        "partner": pl.Series(np.array(partners)[j]),
        "product": pl.Series(100_000 + 170 * k),
        "value": pl.Series(value),
        "quantity": pl.Series(value // 10),
    }
    if provinces:
        columns["province"] = pl.Series(np.array(provinces)[p])
    grain = Grain(
        reporter, "bench", bool(provinces), True, 6, False, import_valuation="customs value"
    )
    constants = {
        "reporter": reporter, "flow": flow, "months": 1, "currency": "USD", "unit": "kg",
        "grain": grain.id, "vintage": VINTAGE, "regime": None, "quantity2": None, "unit2": None,
        **({} if provinces else {"province": None}),
    }  # fmt: skip
    frame = pl.DataFrame(columns).with_columns(
        pl.lit(v).alias(c) for c, v in constants.items()
    ).with_columns(partner_code=pl.col("partner"))  # fmt: skip
    frame = frame.select(pl.col(c).cast(d) for c, d in ROW_SCHEMA.items())
    name = f"{reporter}-{flow}-{months[0]}"
    scope = Scope(
        grain, flow, "USD", tuple((m, 1) for m in months), True, ALL if provinces else ABSENT,
        ALL, ALL, ABSENT, VINTAGE, name, name,
    )  # fmt: skip
    return FileRows(name, name, "bench", "utf-8", VINTAGE, "stated", frame, (scope,), frame.height)


def build(folder: Path, products: int, density: float) -> int:
    """One load for six months, so that the memory of building stays small."""
    provinces, rows = tuple(vocab.province_codes()), 0
    for n in range(0, len(LATER), 6):
        files = [
            part("USA", "import", (*HUBS, "CHN", "DEU"), LATER[n : n + 6], products, (), 0.95, n),
        ]
        if MONTHS[n : n + 6]:
            files.append(
                part("CHN", "export", (*HUBS, "USA", "DEU"), MONTHS[n : n + 6], products,
                     provinces, density, 100 + n)
            )  # fmt: skip
        tariffs = pl.DataFrame(
            {"reporter": ["USA"], "partner": ["CHN"], "product": ["8"], "from": [date(2025, 2, 4)],
             "to": [None], "rate": [0.2], "kind": ["additional"], "programme": ["p"]},
            schema_overrides={"to": pl.Date},
        )  # fmt: skip
        side = [] if n else [SideRows("tariffs", "t.csv", "t", tariffs, VINTAGE)]
        load_rows(folder, files, side=side)
        rows += sum(f.rows.height for f in files)
    return rows


def peak_memory() -> float:
    """Gigabytes. The kernel's own count: that of getrusage begins with the parent's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 2**20
    return 0.0


def measure(folder: Path, rounds: int) -> None:
    trade = pe.open(folder)
    options = {"during": "2025Q3", "hubs": list(HUBS), "lag": 1}
    before = peak_memory()
    result = pe.rerouting(trade, **options)

    def statement() -> None:
        trade.use_files({("export", "USD"), ("import", "USD")})
        trade.engine.run(result.sql, result.params)

    times = interleaved(
        {"call": lambda: pe.rerouting(trade, **options), "statement": statement}, rounds
    )
    peak = peak_memory()
    pairs = result.scored["pair"].n_unique()
    print(
        f"call {times['call']:.2f} s, statement {times['statement']:.2f} s;"
        f" {result.scored.height:,} cells of {pairs} pairs of windows"
    )
    print(f"peak memory {peak:.2f} GB, of which before the first call {before:.2f} GB")


def main() -> None:
    given = sys.argv[1:]
    if given and given[0] == "measure":
        measure(Path(given[1]), int(given[2]))
        return
    products = int(given[0]) if given else 500
    density = float(given[1]) if len(given) > 1 else 0.2
    rounds = given[2] if len(given) > 2 else "3"
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder) / "desk")
        start = time.perf_counter()
        rows = build(Path(place), products, density)
        print(f"{rows:,} rows ({products:,} products) in {time.perf_counter() - start:.0f} s")
        # In a process of its own: the memory of building is not that of the call.
        subprocess.run([sys.executable, __file__, "measure", place, rounds], check=True)


if __name__ == "__main__":
    main()
