"""What the page shows around its sections, as text: title, chips, the map's legend, the source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from provexpo import __version__
from provexpo.briefing.config import Config
from provexpo.briefing.facts import Facts, capital, facts_of
from provexpo.briefing.figures import HEADLINES, Figures
from provexpo.briefing.provinces import ProvinceRow, province_rows
from provexpo.briefing.sections import Section
from provexpo.briefing.sentences import why_missing
from provexpo.briefing.words import listed
from provexpo.output import formats, labels

if TYPE_CHECKING:
    from provexpo.maps.picture import Beside


@dataclass(frozen=True)
class Picture:
    """A map as it goes into the page with what the page says beside it, or why there is none."""

    svg: str | None
    title: str = ""
    beside: Beside | None = None
    why: str | None = None


@dataclass(frozen=True)
class Drawn:
    """Charts as they go into the page: a static SVG a panel, and the scripts of the live ones."""

    svgs: dict[str, str]
    data: str = ""  # JSON that is safe inside a script element
    scripts: tuple[tuple[str, str], ...] = ()  # (type, text)
    hashes: tuple[str, ...] = ()


NO_CHARTS = Drawn({})


def page_view(
    figures: Figures,
    sections: Sequence[Section],
    picture: Picture,
    config: Config,
    charts: Drawn = NO_CHARTS,
) -> dict[str, Any]:
    """All that the template needs; every value is text or a plain structure of text."""
    facts, rows = facts_of(figures), province_rows(figures)
    own = config.text("source", facts.lang)
    return {
        "lang": facts.lang,
        "facts": facts,
        "sample": labels.word("sample", facts.lang) if figures.illustrative else "",
        "title": config.text("title", facts.lang) or title_of(facts, rows),
        "about": title_of(facts, rows) if config.text("title", facts.lang) else "",
        "logo": config.logo,
        "accent": config.accent,
        "chips": _chips(figures, facts, rows),
        "sections": [s for s in sections if not s.left_out],
        "picture": picture,
        "legend": _map_legend(picture, facts),
        "no_map": facts.word("page.no_map", why=picture.why) if picture.why else "",
        "charts": charts,
        "source": [*([own] if own else []), source_of(figures, facts)],
    }


def title_of(facts: Facts, rows: Sequence[ProvinceRow]) -> str:
    title = capital(facts.word(f"title.{facts.flow}" if rows else f"title.nation.{facts.flow}"))
    return facts.word("page.limited", title=title, limits=facts.limits) if facts.limits else title


def _chips(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> list[tuple[str, str]]:
    receipt = figures.any_result.receipt
    against = facts.word("page.against", window=facts.base_window)
    gap = facts.word("page.gap")
    scope = gap.join(text for text in (facts.limits, facts.assumed) if text)
    load = str(receipt.load)
    if receipt.as_of:
        load += gap + facts.word("page.as_of", date=receipt.as_of)
    chips = [
        ("page.window", f"{facts.window}{gap}{against}"),
        ("page.vintage", vintage_text(figures, facts)),
        ("page.currency", facts.word("page.nominal")),
        *([("page.basis", facts.basis)] if rows else []),
        *([("page.scope", scope)] if scope else []),
        ("page.load", load),
        ("page.state", _state(figures, facts, rows)),
    ]
    return [(facts.word(key), text) for key, text in chips]


def _state(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> str:
    if not rows:
        return facts.word("page.state_nation")
    flagged = sum(bool(r.flags) for r in rows)
    failed = any(name in figures.why for name in HEADLINES)
    state = "page.state_part" if flagged or failed else "page.state_all"
    return facts.word(state, n=flagged, all=len(rows))


def vintage_text(figures: Figures, facts: Facts) -> str:
    """The publication dates that the figures rest on, as one date or a range."""
    if figures.vintages is None:
        return formats.missing(facts.lang)
    first, last = (v[:10] for v in figures.vintages)
    return last if first == last else f"{first} – {last}"


def _map_legend(picture: Picture, facts: Facts) -> dict[str, Any]:
    """The map's classes as text: "under 5", "5–10", ..., "20 and more"."""
    if picture.beside is None:
        return {}
    breaks = picture.beside.legend.breaks
    texts = [
        facts.word("legend.under", a=breaks[0]),
        *(f"{a}–{b}" for a, b in pairwise(breaks)),
        facts.word("legend.over", a=breaks[-1]),
    ]
    return {"classes": list(zip(picture.beside.colours, texts))}


def source_of(figures: Figures, facts: Facts) -> str:
    receipt = figures.any_result.receipt
    return facts.word(
        "page.source",
        version=receipt.provexpo or __version__,
        load=receipt.load,
        tables=listed(figures.tables, facts.lang),
        vintage=vintage_text(figures, facts),
    )


def no_map_reason(figures: Figures) -> str | None:
    """Why no map can be drawn from these figures at all, or None."""
    facts, rows = facts_of(figures), province_rows(figures)
    if figures.shares is None or not rows:
        return figures.why.get("shares") or facts.word("page.no_provinces")
    if all(r.share is None for r in rows):
        return facts.word("page.no_shares") + facts.word("page.colon") + why_missing(rows, facts)
    return None
