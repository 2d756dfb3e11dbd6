"""Rerouting signals: indications with their value, type, confidence and reason, never proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.facts import Facts
from provexpo.briefing.figures import Figures
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.sections.cells import Cells, caveats_of, cells_for
from provexpo.briefing.sections.section import Cell, Column, Section, Table
from provexpo.output import formats, labels

_MOST = 20
_SHOWN = ("high", "medium")


def section(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Section:
    title, result = facts.word("sec.rerouting.title"), figures.rerouting
    if result is None:
        return Section("rerouting", title, left_out=figures.why["rerouting"])
    held = result.frame.to_dicts()
    if held and all(r["status"] == "missing" for r in held):
        why = labels.known("reason", held[0]["reason"], facts.lang)
        return Section("rerouting", title, left_out=why or facts.word("why.unknown"))
    signals = [r for r in held if r["confidence"] in _SHOWN]
    count = {level: sum(r["confidence"] == level for r in signals) for level in _SHOWN}
    said = facts.word("sec.rerouting.count", **count) if signals else facts.word(
        "sec.rerouting.none"
    )  # fmt: skip
    known = [c.text for c in figures.caveats]
    return Section(
        key="rerouting",
        title=title,
        sentences=(said,),
        tables=(_table(signals[:_MOST], len(signals), facts),) if signals else (),
        notes=(facts.word("method.rerouting"), *caveats_of([result], known)),
        results=(("rerouting", result),),
    )


def _table(signals: Sequence[dict[str, Any]], held: int, facts: Facts) -> Table:
    cells = cells_for(facts, (x for r in signals for x in (r["rv"], r["ub"])))
    money = cells.money.label
    heads = (
        ("hub", "", True), ("product", "", True), ("value", money, False),
        ("bound", money, False), ("type", "", True), ("confidence", "", True),
        ("reason", "", True),
    )  # fmt: skip
    columns = tuple(
        Column(facts.word(f"sec.rerouting.{key}"), unit, left=left) for key, unit, left in heads
    )
    cut = (facts.word("sec.cut_first", n=len(signals), all=held),) if len(signals) < held else ()
    body = tuple(_row(r, cells, facts) for r in signals)
    return Table(facts.word("sec.rerouting.table"), columns, body, cut, wide=True)


def _row(row: dict[str, Any], cells: Cells, facts: Facts) -> tuple[Cell, ...]:
    product = " ".join(str(x) for x in (row["product"], row.get("product_name")) if x)
    return (
        Cell(row.get("partner_name") or row["partner"]),
        Cell(product),
        cells.amount(row["rv"]),
        cells.amount(row["ub"]),  # the only figure that bounds (methods 4.2)
        Cell(labels.known("rerouting_type", row["type"], facts.lang)),
        Cell(labels.known("confidence", row["confidence"], facts.lang)),
        Cell(_reason(row, facts)),
    )


def _reason(row: dict[str, Any], facts: Facts) -> str:
    """What the confidence rests on: the score, how unusual the move is, how well the legs fit."""
    parts = []
    if row["trs"] is not None:
        trs, low, high = (
            formats.missing(facts.lang) if row[n] is None else formats.number(row[n])
            for n in ("trs", "trs_lo", "trs_hi")
        )
        parts.append(facts.word("sec.rerouting.score", trs=trs, low=low, high=high))
    if row["placebo_pct"] is not None:
        pct = formats.percent(row["placebo_pct"], facts.lang, 0)
        parts.append(facts.word("sec.rerouting.placebo", pct=pct))
    if row["cover"] is not None:
        cover = formats.ratio(row["cover"], facts.lang)
        parts.append(facts.word("sec.rerouting.cover", cover=cover))
    return facts.word("page.stop").join(parts)
