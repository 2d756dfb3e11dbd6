"""The three sentences and the nation's figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.facts import Facts
from provexpo.briefing.figures import Figures
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.sections.section import Section
from provexpo.briefing.sentences import headlines
from provexpo.output import formats


def section(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Section:
    return Section(
        key="headlines",
        title=facts.word("page.brief"),
        sentences=headlines(figures),
        results=tuple((n, r) for n, r in figures.results.items() if n.startswith("nation_")),
        parts={"tiles": _tiles(figures, facts, rows)},
    )


def _tiles(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> list[dict[str, str]]:
    """The nation's figures, large."""
    lang = facts.lang
    share, change, total = (
        only_row(r) for r in (figures.nation_shares, figures.nation_changes, figures.nation_totals)
    )
    shares = [r.share for r in rows if r.share is not None]
    tiles = [
        (
            facts.word("page.nation_share"),
            formats.percent(share.get("share"), lang),
            formats.pp(share.get("delta_share_pp"), lang),
        ),
        (facts.word("page.nation_value"), *_level(change, facts)),
        (facts.word("page.nation_all"), *_level(total, facts)),
    ]
    if shares:
        tiles.append((facts.word("page.median"), formats.percent(_median(shares), lang), ""))
    shown = []
    for label, figure, moved in tiles:
        has_change = moved not in ("", formats.missing(lang))
        note = facts.word("page.vs", change=moved, window=facts.base_window) if has_change else ""
        shown.append({"label": label, "figure": figure, "note": note})
    return shown


def _level(row: dict[str, Any], facts: Facts) -> tuple[str, str]:
    return (
        formats.money(row.get("value"), facts.currency, facts.lang),
        formats.percent(row.get("pct"), facts.lang, sign=True),
    )


def only_row(result: Any) -> dict[str, Any]:
    return result.frame.row(0, named=True) if result is not None and result.frame.height else {}


def _median(xs: Sequence[float]) -> float | None:
    ordered = sorted(xs)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
