"""The forms that a briefing is written in: one function a form, all from the same sections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provexpo.briefing.charts.dashboard import dashboard
from provexpo.briefing.charts.live import live
from provexpo.briefing.config import Config
from provexpo.briefing.facts import facts_of
from provexpo.briefing.figures import Figures
from provexpo.briefing.names import HOME
from provexpo.briefing.page import render
from provexpo.briefing.provinces import province_rows
from provexpo.briefing.sections import Section, results_of
from provexpo.briefing.sections.cells import MOST_ROWS
from provexpo.briefing.sheets import pages_of
from provexpo.briefing.summary import summary_of
from provexpo.briefing.view import NO_CHARTS, Drawn, Picture, no_map_reason, page_view, title_of
from provexpo.errors import JoinError
from provexpo.maps.boundaries import load_boundaries
from provexpo.maps.choropleth import choropleth
from provexpo.maps.summary import summary_pdf
from provexpo.output.files import write_bytes
from provexpo.output.tables import write
from provexpo.output.xlsx import paged_workbook
from provexpo.result import Result

if TYPE_CHECKING:
    from provexpo.maps.choropleth import Map


@dataclass(frozen=True)
class Prepared:
    """All that a form of one language is made of; the map is drawn when a form first needs it."""

    figures: Figures
    sections: tuple[Section, ...]
    config: Config

    @property
    def lang(self) -> str:
        return self.figures.ask.lang

    @cached_property
    def picture(self) -> tuple[Map | None, str | None]:
        """The map, or why there can be none for these provinces. A missing font is an error."""
        why = no_map_reason(self.figures)
        if why is not None:
            return None, why
        facts, shares = facts_of(self.figures), self.figures.shares
        assert shares is not None
        if self.figures.ask.reporter != HOME:
            return None, facts.word("page.no_boundaries")
        title = facts.word(f"map.{facts.flow}")
        if facts.limits:
            title = facts.word("page.limited", title=title, limits=facts.limits)
        own = {
            "boundaries": self.config.boundaries,
            "boundary_source": self.config.boundary_source,
            "approval": self.config.approval,
        }
        own = {name: given for name, given in own.items() if given is not None}
        try:
            return choropleth(
                shares, column="share", lang=facts.lang, title=title, **own  # type: ignore[arg-type]
            ), None  # fmt: skip
        except JoinError as err:
            if own:
                raise  # the desk's own file is at fault: it must be told, not left out
            return None, facts.word("page.map_failed", why=err.what)


def html(made: Prepared, folder: Path) -> None:
    drawn, why = made.picture
    charts = charts_of(made)
    picture = Picture(None, why=why)
    if drawn is not None:
        svg = "" if "map" in charts.svgs else drawn.to_svg(bare=True)
        picture = Picture(svg, drawn.title, drawn.beside)
    page = render(page_view(made.figures, made.sections, picture, made.config, charts))
    write_bytes(folder / f"briefing_{made.lang}.html", page.encode())


def charts_of(made: Prepared) -> Drawn:
    """The panels of the sections that were chosen: static pictures, and the live ones."""
    config = made.config
    if len(province_rows(made.figures)) > MOST_ROWS:
        return NO_CHARTS  # hundreds of places: bars and points could not be told apart
    layer = None
    if config.boundaries is not None:
        layer = load_boundaries(
            config.boundaries, source=config.boundary_source, approval=config.approval
        )
    charts = dashboard(made.figures, made.lang, layer=layer)
    if charts is None:
        return NO_CHARTS
    wanted = [p.name for s in made.sections for p in s.panels if p.name in charts.panels]
    # Three stand side by side: they take the form that is made for a narrow place.
    svgs = {name: charts.svg(name, narrow=name in _BESIDE) for name in wanted}
    if all(s.key != "where" for s in made.sections):  # the list of provinces stands there
        return Drawn(svgs)
    linked = live(charts.spec)
    return Drawn(svgs, linked.data, tuple(zip(linked.kinds, linked.scripts)), linked.hashes)


def _map(kind: str) -> Callable[[Prepared, Path], None]:
    def save(made: Prepared, folder: Path) -> None:
        drawn, _ = made.picture
        if drawn is not None:
            drawn.save(folder / f"map_{made.lang}.{kind}")

    return save


def pdf(made: Prepared, folder: Path) -> None:
    """The map, and the two-page summary."""
    _map("pdf")(made, folder)
    drawn, why = made.picture
    picture = Picture(None, why=why)
    if drawn is not None:
        picture = Picture(None, drawn.title, drawn.beside)
    given = summary_of(made.figures, made.sections, picture, drawn, made.config)
    write_bytes(folder / f"summary_{made.lang}.pdf", summary_pdf(given))


def xlsx(made: Prepared, folder: Path) -> None:
    facts = facts_of(made.figures)
    title = made.config.text("title", made.lang) or title_of(facts, province_rows(made.figures))
    data = paged_workbook(pages_of(made.sections, facts), title=title, lang=made.lang)
    write_bytes(folder / f"briefing_{made.lang}.xlsx", data)


def sheets_of(made: Prepared) -> list[tuple[str, Result]]:
    """The headlines' results first, then those of the sections that were chosen."""
    return list({**made.figures.results, **dict(results_of(made.sections))}.items())


def csv(made: Prepared, folder: Path) -> None:
    """The table by province under the briefing's name, every other table under its own."""
    figures = made.figures
    first = figures.shares or figures.any_result
    write(first, folder / f"briefing_{made.lang}.csv")
    for name, result in sheets_of(made):
        if result is not first:
            write(result, folder / f"briefing_{made.lang}_{name}.csv")


FORMS: dict[str, Callable[[Prepared, Path], None]] = {
    "html": html,
    "png": _map("png"),
    "svg": _map("svg"),
    "pdf": pdf,
    "xlsx": xlsx,
    "csv": csv,
}
PICTURES = ("png", "svg", "pdf")
_BESIDE = ("months", "sectors", "partners")


def write_forms(made: Prepared, kinds: Sequence[str], folder: Path) -> list[str]:
    """All forms of one language into a folder; returns what was left out and why."""
    # What can fail for want of a font comes first: then nothing is written at all.
    for kind in sorted(kinds, key=lambda k: k not in (*PICTURES, "html")):
        FORMS[kind](made, folder)
    if not any(k in PICTURES for k in kinds):
        return []
    _, why = made.picture
    return [facts_of(made.figures).word("page.no_map", why=why)] if why else []
