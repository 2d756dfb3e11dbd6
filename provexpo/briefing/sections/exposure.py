"""Dependence against change over provinces: the relation, who moves it, how far it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.facts import Facts
from provexpo.briefing.figures import Figures
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.said_row import saying
from provexpo.briefing.sections.cells import MOST_ROWS, Cells, caveats_of, cells_for
from provexpo.briefing.sections.section import Cell, Column, Panel, Section, Table
from provexpo.briefing.words import listed
from provexpo.metrics.exposure_response import ExposureResult
from provexpo.output import formats, labels

_FARTHEST = 3


def section(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Section:
    title, result = facts.word("sec.exposure.title"), figures.exposure
    if result is None or all(r["r"] is None for r in result.frame.to_dicts()):
        why = figures.why.get("exposure") or _why(result, facts)
        return Section("exposure", title, left_out=why)
    cells = cells_for(facts, ())
    return Section(
        key="exposure",
        title=title,
        sentences=_sentences(result, facts),
        panels=(
            Panel("scatter", facts.word("sec.scatter.title"), alt=facts.word("sec.scatter.alt")),
        ),
        tables=(_relation(result, facts, cells), _points(result, facts, cells)),
        notes=(facts.word("method.exposure"), *caveats_of([result], _said(figures))),
        results=(("exposure", result),),
    )


def _said(figures: Figures) -> list[str]:
    return [c.text for c in figures.caveats]


def _why(result: ExposureResult | None, facts: Facts) -> str:
    reasons = [r["reason"] for r in result.frame.to_dicts()] if result is not None else []
    reason = next((r for r in reasons if r), None)
    return labels.known("reason", reason, facts.lang) or facts.word("why.unknown")


def _sentences(result: ExposureResult, facts: Facts) -> tuple[str, ...]:
    """The robust measure leads: midpoint growth cannot be carried by one tiny base."""
    rows = [r for r in result.frame.to_dicts() if r["r"] is not None]
    row = next((r for r in rows if r["measure"] == "dhs"), rows[0])
    kind = "none" if not row["related"] else "down" if row["r"] < 0 else "up"
    said = [
        facts.word(f"sec.exposure.lead.{kind}"),
        facts.word(
            "sec.exposure.r", n=row["n"], r=_number(row["r"]), rho=_number(row["rho"]),
            measure=saying(f"measure.{row['measure']}", facts.lang, {}),
        ),
    ]  # fmt: skip
    if row["loo_min"] is not None:
        said.append(
            facts.word(
                "sec.exposure.loo", low=_number(row["loo_min"]), high=_number(row["loo_max"]),
                low_who=row["loo_min_who_name"], high_who=row["loo_max_who_name"],
                driver=row["driver_name"],
            )
        )  # fmt: skip
    far = _far(result, row["measure"])
    if far:
        names = listed((r["province_name"] or r["province"] for r in far), facts.lang)
        said.append(facts.word("sec.exposure.far", names=names))
    return tuple(said)


def _number(x: float | None) -> str:
    return "n/a" if x is None else formats.number(x, 2)


def _far(result: ExposureResult, measure: str) -> list[dict[str, Any]]:
    name = f"residual_{measure}"
    rows = [r for r in result.points.to_dicts() if r.get(name) is not None]
    rows.sort(key=lambda r: (-abs(r[name]), r["province"]))
    return rows[:_FARTHEST] if len(rows) > _FARTHEST else []


def _relation(result: ExposureResult, facts: Facts, cells: Cells) -> Table:
    """A line for each figure, a column for each measure of change."""
    keys = ("r", "rho", "r_w", "slope", "loo_min", "loo_max", "r_ex_small", "r_prior", "p_perm")
    measures = result.frame.to_dicts()
    body = [
        (Cell(facts.word(f"sec.exposure.{_HEADS.get(key, key)}")),
         *(_figure(row, key, facts, cells) for row in measures))
        for key in keys
    ]  # fmt: skip
    counts = (Cell(str(row["n"])) for row in measures)
    body.append((Cell(facts.word("sec.exposure.n")), *counts))
    heads = (saying(f"measure.{row['measure']}", facts.lang, {}) for row in measures)
    return Table(
        facts.word("sec.exposure.relation"),
        (Column(facts.word("sec.exposure.measure"), left=True), *map(Column, heads)),
        tuple(body),
    )


_HEADS = {"r": "r_head", "rho": "rho_head"}


def _figure(row: dict[str, Any], key: str, facts: Facts, cells: Cells) -> Cell:
    x = row[key]
    if key == "p_perm" and x is not None and x < 0.001:
        return Cell("<0.001")
    cell = cells.number(x, 3 if key == "p_perm" else 2)
    who = row.get(f"{key}_who_name")
    without = labels.word("sec.exposure.without", facts.lang)
    return Cell(f"{cell.text} {without.format(who)}", cell.klass) if who else cell


def _points(result: ExposureResult, facts: Facts, cells: Cells) -> Table:
    points = [r for r in result.points.to_dicts() if r["share"] is not None]
    points.sort(key=lambda r: (-r["share"], r["province"]))
    rows = tuple(
        (
            Cell((r["province_name"] or r["province"]) + ("†" if r["small_base"] else "")),
            cells.share(r["share"]),
            cells.change(r["value"], r["base_value"], r["pct"]),
            cells.number(r["dhs"], 2),
            cells.number(r.get("fitted_dhs"), 2),
            cells.number(r.get("residual_dhs"), 2),
        )
        for r in points[:MOST_ROWS]
    )
    heads = (("share", "%"), ("pct", "%"), ("dhs", ""), ("fitted", ""), ("residual", ""))
    return Table(
        facts.word("sec.exposure.points"),
        (Column(labels.column("province_name", facts.lang), left=True),
         *(Column(facts.word(f"sec.exposure.{key}"), unit) for key, unit in heads)),
        rows,
        notes=(facts.word("page.small_mark"),) if any(r["small_base"] for r in points) else (),
        fold=True,
    )  # fmt: skip
