"""One province in months, sectors and partners, and the largest moves of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.facts import Facts, capital
from provexpo.briefing.figures import Figures, names_in
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.sections.cells import (
    Cells,
    by_province,
    cells_for,
    cut_note,
    of_province,
    pp_unit,
)
from provexpo.briefing.sections.section import Cell, Column, Panel, Section, Table
from provexpo.briefing.sections.table import largest
from provexpo.maps.page import NO_BREAK
from provexpo.output import formats, labels

_NEEDED = ("months", "sectors", "partner_gains")


def section(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Section:
    title = facts.word("sec.province.title")
    held = [n for n in (*_NEEDED, "months_all") if getattr(figures, n) is not None]
    if not held:
        return Section("province", title, left_out=_why(figures, facts))
    code = figures.default_province or _largest(figures)
    who = names_in([figures.shares, figures.months]).get(code or "") or facts.word("sec.nation")
    tables = [
        *_months(figures, facts, code, who),
        *_sectors(figures, facts, code, who),
        *_partners(figures, facts, code, who),
        *_moves(figures, facts, rows),
    ]
    if not tables:
        return Section("province", title, left_out=_why(figures, facts))
    firm = any(r.code == code and not r.small for r in rows)
    key = "default" if firm else "largest"
    notes = [facts.word(f"sec.province.{key}", name=who)] if code is not None else []
    # Of a part that cannot be had the reason stands here: the others are shown.
    notes += [
        facts.word("sec.without", what=facts.word(f"sheet.{n}"), why=figures.why[n])
        for n in _NEEDED if n in figures.why
    ]  # fmt: skip
    return Section(
        key="province",
        title=title,
        panels=tuple(
            Panel(name, facts.word(f"sec.{name}.title"), who, facts.word(f"sec.{name}.alt"))
            for name, needed in (
                ("months", "months"), ("sectors", "sectors"), ("partners", "partner_gains")
            )
            if needed in held
        ),
        tables=tuple(tables),
        notes=tuple(notes),
        results=tuple((n, getattr(figures, n)) for n in held),
    )  # fmt: skip


def _largest(figures: Figures) -> str | None:
    """Where no province has a share, the one that traded most in the months held."""
    held = by_province(figures.months)
    sums = {c: sum(r["value"] or 0 for r in rows) for c, rows in held.items() if c is not None}
    return min(sums, key=lambda c: (-sums[c], c)) if sums else None


def _why(figures: Figures, facts: Facts) -> str:
    reasons = dict.fromkeys(figures.why[n] for n in _NEEDED if n in figures.why)
    return facts.word("page.stop").join(reasons) or facts.word("why.unknown")


def _months(figures: Figures, facts: Facts, code: str | None, who: str) -> list[Table]:
    """Newest first; months that are not held are named missing, not left blank."""
    every = {r["month"]: r["value"] for r in of_province(figures.months_all, code)}
    rows = [r for r in of_province(figures.months, code) if r["value"] is not None]
    rows.sort(key=lambda r: r["month"], reverse=True)
    if not rows:
        return []
    cells = cells_for(facts, (r[n] for r in rows for n in ("value", "base_value")))
    whole = cells_for(facts, (every.get(r["month"]) for r in rows))
    body = tuple(_month(r, every.get(r["month"]), cells, whole) for r in rows)
    return [
        Table(
            capital(facts.word("sec.months.table", name=who)),
            (
                Column(labels.column("month", facts.lang), left=True),
                Column(facts.word("sec.head.flow"), cells.money.label),
                Column(facts.word("sec.head.yoy"), "%"),
                Column(facts.word("sec.head.all"), whole.money.label),
                Column(facts.word("page.head.share"), "%"),
            ),
            body,
        )
    ]


def _month(row: dict[str, Any], total: int | None, cells: Cells, whole: Cells) -> tuple[Cell, ...]:
    return (
        Cell(formats.window(row["month"], cells.lang).replace(" ", NO_BREAK)),
        cells.amount(row["value"]),
        cells.change(row["value"], row["base_value"]),
        whole.amount(total),
        cells.share(row["value"] / total if total else None),
    )


def _sectors(figures: Figures, facts: Facts, code: str | None, who: str) -> list[Table]:
    rows = of_province(figures.sectors, code)
    rows = [r for r in rows if r["status"] not in ("none", "missing")]
    if not rows:
        return []
    rows.sort(key=lambda r: (-(r["base_value"] or 0), -(r["value"] or 0), r["sector"]))
    cells = cells_for(facts, (r["value"] for r in rows))
    body = tuple(
        (
            Cell(r["sector"] + ("†" if r["small_base"] else "")),
            cells.amount(r["value"]),
            cells.amount(r["change"], sign=True),
            cells.change(r["value"], r["base_value"], r["pct"]),
        )
        for r in rows
    )
    small = any(r["small_base"] for r in rows)
    return [
        Table(
            capital(facts.word("sec.sectors.table", name=who)),
            (
                Column(labels.column("sector", facts.lang), left=True),
                Column(facts.word("page.head.value"), cells.money.label),
                Column(facts.word("page.head.change"), cells.money.label),
                Column(facts.word("page.head.pct"), "%"),
            ),
            body,
            notes=(facts.word("page.small_mark"),) if small else (),
        )
    ]


def _partners(figures: Figures, facts: Facts, code: str | None, who: str) -> list[Table]:
    rows = [r for r in of_province(figures.partner_gains, code) if r["pp"] is not None]
    if not rows:
        return []
    rows.sort(key=lambda r: (-r["pp"], r["partner_group"]))
    cells = cells_for(facts, (r["value"] for r in rows))
    body = tuple(
        (
            Cell(r["partner_group"]),
            cells.amount(r["value"]),
            cells.amount(r["change"], sign=True),
            cells.change(r["value"], r["base_value"]),
            cells.coloured_points(r["pp"]),
        )
        for r in rows
    )
    return [
        Table(
            capital(facts.word("sec.partners.table", name=who)),
            (
                Column(labels.column("partner_group", facts.lang), left=True),
                Column(facts.word("page.head.value"), cells.money.label),
                Column(facts.word("page.head.change"), cells.money.label),
                Column(facts.word("page.head.pct"), "%"),
                Column(facts.word("sec.head.points"), pp_unit(facts.lang)),
            ),
            body,
            notes=(facts.word("sec.partners.note", name=who),),
        )
    ]


def _moves(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> list[Table]:
    """For every province the sector and the partners that moved most: select one for the rest."""
    sectors, partners = by_province(figures.sectors), by_province(figures.partner_gains)
    shown = [
        r
        for r in largest(rows)
        if any(x["change"] for x in (*sectors.get(r.code, ()), *partners.get(r.code, ())))
    ]
    if not shown:
        return []
    held = [r for rows in sectors.values() for r in rows] + [
        r for rows in partners.values() for r in rows
    ]
    cells = cells_for(facts, (r["change"] for r in held))
    body = tuple(
        (Cell(r.name), *_pair(sectors.get(r.code, []), "sector", cells),
         *_pair(partners.get(r.code, []), "partner_group", cells))
        for r in shown
    )  # fmt: skip
    by_sector, by_partner = facts.word("sec.moves.sectors"), facts.word("sec.moves.partners")
    money = cells.money.label
    heads = (("fell", by_sector), ("rose", by_sector), ("fell", by_partner), ("rose", by_partner))
    columns = [Column(labels.column("province_name", facts.lang), left=True)]
    for key, group in heads:
        columns += [
            Column(facts.word(f"sec.moves.{key}"), group=group, left=True),
            Column(facts.word("page.head.change"), money, group),
        ]
    notes = cut_note(facts, len(shown), len(rows))
    title = facts.word("sec.moves.title")
    codes = tuple(r.code for r in shown)
    return [Table(title, tuple(columns), body, notes=notes, fold=True, wide=True, codes=codes)]


def _pair(rows: Sequence[dict[str, Any]], key: str, cells: Cells) -> list[Cell]:
    """The largest fall and the largest rise; a dash where nothing fell or rose."""
    moved = [r for r in rows if r["change"]]
    moved.sort(key=lambda r: (r["change"], r[key]))
    fell = next((r for r in moved if r["change"] < 0), None)
    rose = next((r for r in reversed(moved) if r["change"] > 0), None)
    out: list[Cell] = []
    for most in (fell, rose):
        if most is None:
            out += [Cell("–"), Cell("–")]
        else:
            out += [Cell(most[key]), cells.amount(most["change"], sign=True)]
    return out
