"""Who depends on the partner: the map's place and the ranking."""

from __future__ import annotations

from collections.abc import Sequence

from provexpo.briefing import colours
from provexpo.briefing.facts import Facts
from provexpo.briefing.figures import Figures
from provexpo.briefing.names import absent, names_of
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.sections.cells import MOST_ROWS, cut_note
from provexpo.briefing.sections.headlines import only_row
from provexpo.briefing.sections.section import Bar, Panel, Section, Span
from provexpo.output import formats


def section(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Section:
    if not rows:
        why = figures.why.get("shares") or facts.word("page.no_provinces")
        return Section("where", facts.word("page.who"), left_out=why)
    ranking = _ranking(figures, facts, rows)
    without = names_of((r.name for r in rows if r.share is None), rows, facts)
    notes = []
    if without:
        no_data, why = facts.word("page.no_data"), facts.word("page.no_data_note")
        notes.append(f"{no_data} ({why}){facts.word('page.colon')}{without}")
    return Section(
        key="where",
        title=facts.word("page.who"),
        panels=(Panel("map", ""), *([ranking] if ranking.bars else [])),
        notes=(*notes, *(t for t in (absent(facts, rows, figures.ask.reporter),) if t)),
        results=tuple((n, r) for n, r in figures.results.items() if n == "shares"),
    )


def _ranking(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Panel:
    ranked = sorted(
        (r for r in rows if r.share is not None), key=lambda r: (-(r.share or 0), r.code)
    )
    shown = ranked[:MOST_ROWS]
    nation = only_row(figures.nation_shares).get("share")
    longest = max([r.share or 0.0 for r in ranked] + [nation or 0.0, 1e-9])
    caption = list(cut_note(facts, len(shown), len(ranked)))
    if nation is not None:
        caption.append(facts.word("page.nation_line", share=formats.percent(nation, facts.lang)))
    if any(r.small for r in shown):
        caption.append(facts.word("page.small_mark"))
    return Panel(
        name="ranking",
        title=facts.word("page.ranking"),
        alt=facts.word("sec.ranking.alt"),
        bars=tuple(_bar(r, longest, facts) for r in shown),
        line=None if nation is None else 100 * nation / longest,
        caption=tuple(caption),
    )


def _bar(row: ProvinceRow, longest: float, facts: Facts) -> Bar:
    share = row.share or 0.0
    span = Span(0.0, 100 * max(share, 0.0) / longest, colours.share_class(share), share)
    name = row.name + ("†" if row.small else "")
    return Bar(name, (span,), formats.percent(row.share, facts.lang), row.code)
