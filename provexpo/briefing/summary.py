"""The two-page summary, from the page's own sections: what is handed to the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from provexpo.briefing import colours
from provexpo.briefing.config import Config
from provexpo.briefing.facts import Facts, facts_of
from provexpo.briefing.figures import Figures
from provexpo.briefing.sections import Section
from provexpo.briefing.sections.cells import of_province
from provexpo.briefing.sections.section import Panel, Table
from provexpo.briefing.view import page_view
from provexpo.maps import notes, summary
from provexpo.output import formats, labels
from provexpo.output.cells import fingerprint

if TYPE_CHECKING:
    from provexpo.briefing.view import Picture
    from provexpo.maps.choropleth import Map

_MOST_BARS = 31
_MOST_ROWS = 40
_NAMED = (1, 7)  # months that are named under the chart


def summary_of(
    figures: Figures,
    sections: Sequence[Section],
    picture: Picture,
    drawn: Map | None,
    config: Config,
) -> summary.Summary:
    """The sections that were chosen and could be had, as the drawing takes them."""
    facts = facts_of(figures)
    view = page_view(figures, sections, picture, config)
    held = {s.key: s for s in sections if not s.left_out}
    brief, where = held.get("headlines"), held.get("where")
    gap, colon = "  ·  ", facts.word("page.colon")
    return summary.Summary(
        lang=facts.lang,
        title=view["title"],
        about=gap.join(
            [
                *([view["about"]] if view["about"] else []),
                *(f"{k}{colon}{v}" for k, v in view["chips"]),
            ]
        ),
        sample=view["sample"],
        watermark=notes.word("watermark", facts.lang),
        accent=config.accent,
        brief=summary.Block(facts.word("page.brief"), brief.sentences if brief else ()),
        tiles=_tiles(brief),
        where=where.title if where else "",
        picture=drawn if where else None,
        picture_notes=_picture_notes(where, picture, view["no_map"], facts.lang),
        ranking=_ranking(where, facts),
        months=_months(held.get("province"), figures, facts),
        offset=_block(held.get("offset")),
        table=_table(held.get("offset"), facts),
        quality=_quality(held.get("quality"), facts),
        receipts=_receipts(held.get("receipts"), facts),
        foot=tuple(view["source"]),
        more=labels.word("summary.more", facts.lang),
    )


def _tiles(section: Section | None) -> tuple[tuple[str, str, str], ...]:
    tiles = section.parts["tiles"] if section else []
    return tuple((t["label"], t["figure"], t["note"]) for t in tiles)


def _picture_notes(
    where: Section | None, picture: Picture, no_map: str, lang: str
) -> tuple[str, ...]:
    """What the page says beside the map; the sample is named at the head."""
    if where is None:
        return ()
    if picture.beside is None:
        return (no_map, *where.notes) if no_map else where.notes
    sample = notes.word("sample", lang)
    said = [*picture.beside.notes, *where.notes]
    return tuple(text for text in dict.fromkeys(said) if text != sample)


def _ranking(section: Section | None, facts: Facts) -> summary.Ranking | None:
    panel = next((p for p in section.panels if p.bars), None) if section else None
    if panel is None:
        return None
    fill = {name: colour for name, colour, _ in colours.styles()}
    shown = panel.bars[:_MOST_BARS]
    bars = tuple(
        summary.Line(b.label, b.spans[0].left, b.spans[0].width, fill[b.spans[0].klass], b.text)
        for b in shown
    )
    return summary.Ranking(panel.title, bars, panel.line, _ranking_notes(panel, facts))


def _ranking_notes(panel: Panel, facts: Facts) -> tuple[str, ...]:
    if len(panel.bars) <= _MOST_BARS:
        return panel.caption
    return (facts.word("sec.cut", n=_MOST_BARS, all=len(panel.bars)), *panel.caption)


def _months(section: Section | None, figures: Figures, facts: Facts) -> summary.Months | None:
    """The chart of the province that the page shows first, or of the nation."""
    results = dict(section.results) if section else {}
    rows = of_province(results.get("months"), figures.default_province)
    rows = sorted(rows, key=lambda r: r["month"])
    values = [r["value"] for r in rows if r["value"] is not None]
    panel = next((p for p in section.panels if p.name == "months"), None) if section else None
    if not values or panel is None:
        return None
    scale = formats.scale_of(values, facts.currency, facts.lang)
    window = figures.ask.window.months
    months = tuple(
        summary.Month(
            formats.month(m, facts.lang) if m % 100 in _NAMED else "", r["value"], m in window
        )
        for r in rows
        for m in (_month(r["month"]),)
    )
    who = f"{panel.who}{facts.word('page.colon')}" if panel.who else ""
    flow = f"{facts.flow_name} ({scale.label})"
    return summary.Months(who + flow, months, _ticks(max(values), scale))


def _month(month: Any) -> int:
    return int(str(month).replace("-", "")[:6])


def _ticks(most: float, scale: formats.Scale) -> tuple[tuple[float, str], ...]:
    """Zero and two to five round heights."""
    steps = (m * 10.0**p for p in range(-3, 16) for m in (1, 2, 5))
    step = next(s for s in steps if most / (s * scale.factor) <= 4)
    digits = max(0, 3 - len(f"{step:.0f}")) if step < 1 else 0
    count = int(most / (step * scale.factor)) + 1
    return tuple(
        (i * step * scale.factor, formats.number(i * step, digits)) for i in range(count + 1)
    )


def _block(section: Section | None) -> summary.Block | None:
    return summary.Block(section.title, section.sentences) if section else None


def _table(section: Section | None, facts: Facts) -> summary.Grid | None:
    table: Table | None = section.tables[0] if section and section.tables else None
    if table is None:
        return None
    heads = tuple(summary.Head(c.head, c.unit, c.left) for c in table.columns)
    rows = tuple(tuple(cell.text for cell in row) for row in table.rows[:_MOST_ROWS])
    cut = labels.word("sec.cut", facts.lang)
    return summary.Grid(table.title, heads, rows, cut, len(table.rows), table.notes)


def _quality(section: Section | None, facts: Facts) -> summary.Block | None:
    """What is missing first, then caveats, then what changed since the last briefing."""
    if section is None:
        return None
    parts = section.parts
    missing = parts["missing"] or [facts.word("page.nothing_missing")]
    caveats = [f"{text} {rows}".rstrip() for text, rows in parts["caveats"]]
    texts = [_checks(parts["checks"], facts), *missing, *caveats]
    texts += [*section.sentences, *section.notes]
    return summary.Block(section.title, tuple(dict.fromkeys(texts)))


def _checks(found: Sequence[dict[str, Any]], facts: Facts) -> str:
    """How many control totals and checks came out how; those that failed by name."""
    if not found:
        return facts.word("page.no_checks")
    verdicts = [c["verdict"] for c in found]
    said = facts.word(
        "summary.checks",
        ok=verdicts.count(facts.word("page.passed")),
        noted=verdicts.count(facts.word("page.noted")),
        failed=verdicts.count(facts.word("page.failed")),
    )
    failed = [f"{c['check']}{facts.word('page.colon')}{c['text']}" for c in found if c["failed"]]
    return " ".join([said, *failed])


def _receipts(section: Section | None, facts: Facts) -> summary.Block | None:
    """Which receipts there are, each with its fingerprint; other files hold the whole ones."""
    if section is None:
        return None
    named = facts.word("page.gap").join(
        f"{r['title']}\u00a0{fingerprint(r['json'])}" for r in section.parts["receipts"]
    )
    return summary.Block(section.title, (facts.word("summary.receipts", list=named),))
