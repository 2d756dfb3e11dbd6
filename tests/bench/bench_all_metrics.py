"""Every metric against its own statements alone, interleaved: what a call costs beside its SQL.

    python tests/bench/bench_all_metrics.py [ROWS] [ROUNDS]

builds a store of ROWS cells (default 1 million, as in bench_metrics.py) in a temporary folder. For
each metric it times the call, and the statements of the call's receipt run through the same
connection without anything around them. A ratio of 1 is a call that is all SQL; what is over 1.2
counts in Python and has its reason in docs/benchmarks.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench_metrics import YEAR, world
from timing import interleaved

import provexpo as pe
from provexpo.metrics import METRICS
from provexpo.store.loading import load_rows

# What a metric needs beside the window; those left out need a table that this world lacks.
CALLS: dict[str, dict[str, Any]] = {
    "value": {"by": ["province", "product:HS2"]},
    "growth": {"by": ["province", "product:HS2"]},
    "dependence": {},
    "concentration": {},
    "contribution": {},
    "records": {"during": f"{YEAR}"},
    "dependence_change": {},
    "offset": {},
    "breadth": {},
    "decline": {},
    "exposure_response": {},
    "predicted_growth": {},
    "shift_share": {},
    "market_share_analysis": {},
    "margins": {},
}


def statements(trade: pe.Trade, result: pe.Result) -> Callable[[], object]:
    r = result.receipt
    pairs = [(r.sql, r.params), *((m["sql"], m["params"]) for m in r.more)]
    return lambda: [trade.engine.run(sql, params) for sql, params in pairs]


def main(rows: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = world(rows)
        load_rows(Path(folder) / "desk", [file])
        trade = pe.open(Path(folder) / "desk")
        print(f"{file.rows.height:,} cells; minimum of {rounds} interleaved rounds")
        print("metric                  call ms   SQL ms   ratio")
        for name in METRICS:
            if name not in CALLS:
                print(f"{name:<22} not timed here")
                continue
            ask = getattr(pe, name)
            given = {"during": str(YEAR), **CALLS[name]}
            sql = statements(trade, ask(trade, **given))
            contenders = {"call": lambda ask=ask, given=given: ask(trade, **given), "sql": sql}
            times = interleaved(contenders, rounds)
            call, alone = times["call"] * 1000, times["sql"] * 1000
            print(f"{name:<22} {call:8.1f} {alone:8.1f} {call / alone:7.2f}")


if __name__ == "__main__":
    arguments = [int(a) for a in sys.argv[1:]]
    main(*(arguments + [1_000_000, 7][len(arguments) :]))
