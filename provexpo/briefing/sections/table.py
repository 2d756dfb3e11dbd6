"""All provinces side by side, with what is wrong with a figure in words."""

from __future__ import annotations

from collections.abc import Sequence

from provexpo.briefing.facts import Facts
from provexpo.briefing.figures import Figures
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.sections.cells import MOST_ROWS, Cells, cells_for, cut_note, pp_unit
from provexpo.briefing.sections.section import Cell, Column, Section, Table
from provexpo.output import labels

_EX98 = 2  # where the table's figures hold the share without chapter 98


def section(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Section:
    title = facts.word("page.table")
    names = ("changes", "totals")
    results = tuple((n, r) for n, r in figures.results.items() if n in names)
    if not rows:
        why = figures.why.get("shares") or facts.word("page.no_provinces")
        return Section("table", title, left_out=why)
    return Section("table", title, tables=(_table(facts, rows, title),), results=results)


def _table(facts: Facts, rows: Sequence[ProvinceRow], title: str) -> Table:
    cells = cells_for(facts, (x for r in rows for x in (r.value, r.base_value, r.total)))
    with_ex98 = has_ex98(facts, rows)
    shown = largest(rows)
    notes = [
        *cut_note(facts, len(shown), len(rows)),
        *_marks(
            facts,
            ("na", any(r.share is None or r.pct is None for r in shown)),
            ("small", any(r.small for r in shown)),
            ("lny", any(r.lny for r in shown)),
        ),
        facts.word("page.colours"),
    ]
    return Table(
        title=title,
        columns=_columns(facts, cells, with_ex98),
        rows=tuple(_row(facts, r, cells, with_ex98) for r in shown),
        notes=tuple(notes),
        wide=True,
        codes=tuple(r.code for r in shown),
    )


def largest(rows: Sequence[ProvinceRow]) -> list[ProvinceRow]:
    """All of them, or where there are very many the largest by value, in the order of the rank."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    kept = sorted(rows, key=lambda r: (-(r.value or 0), r.code))[:MOST_ROWS]
    codes = {r.code for r in kept}
    return [r for r in rows if r.code in codes]


def _marks(facts: Facts, *marks: tuple[str, bool]) -> list[str]:
    return [facts.word(f"page.{name}_mark") for name, there in marks if there]


def has_ex98(facts: Facts, rows: Sequence[ProvinceRow]) -> bool:
    """Whether a share without chapter 98 says anything beside the share itself."""
    return not facts.limits and any(r.share_ex98 is not None for r in rows)


def _columns(facts: Facts, cells: Cells, with_ex98: bool) -> tuple[Column, ...]:
    share, value, total = (facts.word(f"page.group.{g}") for g in ("share", "value", "total"))
    money = cells.money.label
    found = [
        ("share", "%", share), ("delta", pp_unit(facts.lang), share), ("share_ex98", "%", share),
        ("lq", "", share), ("national_share", "%", share), ("value", money, value),
        ("change", money, value), ("pct", "%", value), ("total", money, total),
        ("total_pct", "%", total),
    ]  # fmt: skip
    if not with_ex98:
        del found[_EX98]
    return (
        Column(labels.column("province_name", facts.lang), left=True),
        *(Column(facts.word(f"page.head.{key}"), unit, group) for key, unit, group in found),
        Column(facts.word("page.head.status"), left=True),
    )


def _row(facts: Facts, row: ProvinceRow, cells: Cells, with_ex98: bool) -> tuple[Cell, ...]:
    figures = [
        cells.share(row.share),
        cells.points(row.delta_pp),
        cells.percent(row.share_ex98),
        cells.ratio(row.lq),
        cells.percent(row.national_share),
        cells.amount(row.value),
        cells.amount(row.change, sign=True),
        cells.change(row.value, row.base_value, row.pct),
        cells.amount(row.total),
        cells.change(None, None, row.total_pct),
    ]
    if not with_ex98:
        del figures[_EX98]
    mark = ("†" if row.small else "") + ("‡" if row.lny else "")
    status = status_words(row, facts)
    return (Cell(row.name + mark), *figures, Cell(status, "flag" if row.flags else "status"))


def status_words(row: ProvinceRow, facts: Facts) -> str:
    """Every status of a row in words; nothing where all is well."""
    said = [_status(s, reason, facts) for s, reason in row.flags]
    if row.small and not any(s == "small_base" for s, _ in row.flags):
        said.append(labels.status("small_base", None, facts.lang))
    return facts.word("page.stop").join(said)


def _status(status: str, reason: str | None, facts: Facts) -> str:
    # The level is there: what is missing is only the change against the base.
    if status == "missing" and (reason or "").startswith("base_"):
        status = "no_change"
    return labels.status(status, reason, facts.lang)
