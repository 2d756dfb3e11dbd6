"""`provexpo show`: what every table covers, drawn as a calendar of months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.engine.trade import Trade
from provexpo.store.snapshot import utc_text

MARKS = {"declared": "D", "found": "f", "combined": "=", None: "."}
LEGEND = (
    "D covered (declared)  f covered (found in the files)  = only January and February together"
    "  . not covered"
)


def calendar_text(trade: Trade) -> str:
    """One line a year for each table, flow and currency; then the loads."""
    snapshot = trade.snapshot
    head = f"store {snapshot.place}: load {snapshot.load}"
    lines = [head + (f", as of {snapshot.as_of}" if snapshot.as_of else "")]
    if trade.illustrative:
        lines.append("illustrative sample, not data")
    coverage = trade.coverage()
    if coverage:
        lines += ["", LEGEND]
    for entry in coverage:
        first, last = entry["vintage_first"], entry["vintage_last"]
        published = first if first == last else f"{first} to {last}"
        lines += ["", f"{entry['table']}  {entry['flow']}  {entry['currency']}"]
        lines += [f"  published {published}; {entry['scopes'] or 'no dimensions'}"]
        lines += [f"  {line}" for line in _years(entry["months"])]
    side = trade.side_coverage()
    if side:
        lines += ["", "side tables"]
        lines += [f"  {s['table']:<8} {s['rows']:>6,} rows  {s['holds']}" for s in side]
    lines += ["", "loads"]
    for load in snapshot.loads:
        counts = load.report
        lines.append(
            f"  {load.number:>4}  {utc_text(load.time)}  {len(load.files)} files,"
            f" {counts.get('rows_new', 0):,} new, {counts.get('rows_changed', 0):,} changed,"
            f" {counts.get('rows_removed', 0):,} removed"
        )
    return "\n".join(lines)


def _years(months: Sequence[tuple[int, str]]) -> list[str]:
    held: dict[int, Any] = dict(months)
    years = range(min(held) // 100, max(held) // 100 + 1)
    return [
        f"{year}  " + " ".join(MARKS[held.get(year * 100 + m)] for m in range(1, 13))
        for year in years
    ]
