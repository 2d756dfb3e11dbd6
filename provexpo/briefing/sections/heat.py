"""Province by sector: what each sector adds to the change of a province's sales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.facts import Facts
from provexpo.briefing.figures import Figures
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.sections.cells import Cells, by_province, cells_for, cut_note, pp_unit
from provexpo.briefing.sections.section import Cell, Column, Section, Table
from provexpo.briefing.sections.table import largest
from provexpo.output import labels


def section(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Section:
    title, result = facts.word("sec.heat.title"), figures.sector_points
    if result is None:
        return Section("heat", title, left_out=figures.why["sector_points"])
    if all(r["pp"] is None for r in result.frame.to_dicts()):
        reason = next((r["reason"] for r in result.frame.to_dicts() if r["reason"]), None)
        why = labels.known("reason", reason, facts.lang) or facts.word("why.unknown")
        return Section("heat", title, left_out=why)
    held = by_province(result)
    sectors = _sectors([r for rows in held.values() for r in rows])
    return Section(
        key="heat",
        title=title,
        sentences=_sentences(held, facts),
        tables=(_table(held, sectors, facts, rows),),
        notes=(facts.word("method.heat"),),
        results=(("sector_points", result),),
    )


def _sectors(rows: Sequence[dict[str, Any]]) -> list[str]:
    """By size in the base window, the largest first."""
    size: dict[str, int] = {}
    for row in rows:
        size[row["sector"]] = size.get(row["sector"], 0) + (row["base_value"] or 0)
    return sorted(size, key=lambda s: (-size[s], s))


def _sentences(held: dict[str | None, list[dict[str, Any]]], facts: Facts) -> tuple[str, ...]:
    """Of how many provinces each sector was the largest part of the fall."""
    count: dict[str, int] = {}
    for rows in held.values():
        falls = [r for r in rows if r["pp"] is not None and r["pp"] < 0]
        if falls and None not in held:
            most = min(falls, key=lambda r: (r["pp"], r["sector"]))["sector"]
            count[most] = count.get(most, 0) + 1
    if not count:
        return ()
    sector = min(count, key=lambda s: (-count[s], s))
    return (facts.word("sec.heat.most", sector=sector, n=count[sector], all=sum(count.values())),)


def _table(
    held: dict[str | None, list[dict[str, Any]]],
    sectors: Sequence[str],
    facts: Facts,
    rows: Sequence[ProvinceRow],
) -> Table:
    cells = cells_for(facts, ())
    shown: list[tuple[str | None, str]] = [
        (r.code, r.name + ("†" if r.small_base else "")) for r in largest(rows)
    ]
    shown = [pair for pair in shown if pair[0] in held] or [(None, facts.word("sec.nation"))]
    body = tuple((Cell(name), *_row(held.get(code, []), sectors, cells)) for code, name in shown)
    absent = any(c.text == "–" for line in body for c in line)
    columns = (
        Column(labels.column("province_name", facts.lang), left=True),
        *(Column(s) for s in sectors),
        Column(facts.word("sec.heat.sum"), "%"),
    )
    notes = [
        *cut_note(facts, len(shown), max(len(rows), 1)),
        facts.word("sec.heat.note", unit=pp_unit(facts.lang)),
        *([facts.word("sec.heat.absent")] if absent else []),
        *([facts.word("page.small_mark")] if any(name.endswith("†") for _, name in shown) else []),
        facts.word("sec.heat.colours"),
    ]
    return Table(
        facts.word("sec.heat.table"), columns, body, tuple(notes), wide=True, upright=True,
        codes=tuple(code or "" for code, _ in shown),
    )  # fmt: skip


def _row(rows: Sequence[dict[str, Any]], sectors: Sequence[str], cells: Cells) -> list[Cell]:
    points = {r["sector"]: r for r in rows}
    out = []
    for sector in sectors:
        row = points.get(sector)
        out.append(Cell("–") if row is None else cells.coloured_points(row["pp"]))
    first = rows[0] if rows else {}
    return [*out, cells.change(first.get("total"), first.get("base_total"))]
