"""The briefing: one page a language, the map, the tables, all from one snapshot."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provexpo.briefing.figures import Ask, Figures, evidence_of, facts_of, gather
from provexpo.briefing.names import HOME
from provexpo.briefing.page import render
from provexpo.briefing.sentences import headlines
from provexpo.briefing.view import Picture, no_map_reason, page_view
from provexpo.errors import CallError, JoinError
from provexpo.maps.choropleth import choropleth
from provexpo.output import formats as figures_as_text
from provexpo.output.files import write_bytes
from provexpo.output.tables import write
from provexpo.output.xlsx import workbook
from provexpo.periods import Window, base_window, parse_window

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.maps.choropleth import Map

FORMATS = ("html", "png", "svg", "pdf", "xlsx", "csv")
SECTIONS = ("brief", "who", "table", "quality", "method", "receipts")
_PICTURES = ("png", "svg", "pdf")
_FLOWS = ("export", "import", "total")


@dataclass(frozen=True)
class Briefing:
    """What was written and what it says.

    `sentences` holds the three headline sentences by language; `notes` says which asked-for file
    was left out, and why.
    """

    files: tuple[Path, ...]
    sections: tuple[str, ...]
    window: Window
    base_window: Window
    sentences: dict[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()


def brief(
    trade: Trade,
    *,
    partner: str | list[str] = "US",
    during: str | int | Window | None = None,
    against: str | int | Window | None = None,
    flow: str = "export",
    reporter: str = "CHN",
    lang: str | Sequence[str] = "en",
    out: str | Path = "provexpo-briefing",
    formats: str | Sequence[str] = ("html", "png", "xlsx"),
    progress: Callable[[str], None] | None = None,
) -> Briefing:
    """Write the briefing on how provinces depend on one partner.

    The page states the share of each province, how it changed against the base window, what the
    data hold and what they lack, and a receipt for every table. Shares are s_pj = X_pj / sum_k
    X_pk, province p, partner j, all partners k.

    Parameters
    ----------
    trade : Trade
        The snapshot to brief on.
    partner : str or list of str
        Partner or group: a code, a name in English or Chinese, a group.
    during, against : str, int or Window, optional
        The window and its base. Default: the year to date of the newest covered month, against
        the same months one year earlier.
    flow : str
        export, import or total.
    reporter : str
        ISO3 of who publishes the record.
    lang : str or sequence of str
        en, zh, or both (a text with a comma will do).
    out : path
        Folder for the files; made when it is not there. Files of other briefings in it stay.
    formats : str or sequence of str
        Some of html, png, svg, pdf (the map), xlsx (the tables), csv (the table by province).
    progress : callable, optional
        Is called with a word for each step.

    Returns
    -------
    Briefing
        The files, the sections of the page, the windows and the headline sentences.

    Raises
    ------
    CallError
        An unknown language, format or flow; a folder that cannot be written to.
    CoverageError
        Nothing at all can be stated from the data held.
    DrawError
        The map cannot be drawn, for instance because no font has the Chinese characters. Nothing
        is written then. Without html, png, svg and pdf no map is drawn.

    Notes
    -----
    NULL rule: a missing figure is "n/a" (无数据) with its reason, on every picture and table, and
    never 0. Everything is written to a temporary folder first. The same snapshot and call give
    the same bytes.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.brief(pe.sample(), partner="US", lang="en,zh").files  # doctest: +SKIP
    """
    langs, kinds = _checked(lang, formats, flow)
    given = during is not None
    window = trade.latest_window(flow=flow, reporter=reporter) if during is None else during
    window = parse_window(window)
    base = base_window(window, against)
    target = Path(out)
    report = progress or (lambda step: None)
    sentences: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    with _staging(target) as staged:
        for one in langs:
            ask = Ask(partner, window, base, flow, reporter, one, given)
            report(f"{one}: check")
            evidence = evidence_of(trade, one)
            figures = gather(trade, ask, evidence, partial(_report_step, report, one))
            sentences[one] = headlines(figures)
            notes += _write_all(figures, kinds, staged, report)
        files = _move(staged, target)
    return Briefing(files, SECTIONS, window, base, sentences, tuple(dict.fromkeys(notes)))


def _report_step(report: Callable[[str], None], lang: str, step: str) -> None:
    report(f"{lang}: {step}")


def _checked(
    lang: str | Sequence[str], formats: str | Sequence[str], flow: str
) -> tuple[list[str], list[str]]:
    """Languages and formats, each once; every wrong word is named at once."""
    langs, kinds = _listed(lang), _listed(formats)
    checks = (
        ("lang=", langs, figures_as_text.LANGUAGES),
        ("formats=", kinds, FORMATS),
        ("flow=", [flow], _FLOWS),
    )
    wrong = [
        (where, repr(word), known) for where, words, known in checks for word in words
        if word not in known
    ]  # fmt: skip
    empty = [where for where, words, _ in checks if not words]
    if wrong or empty:
        raise CallError(
            "; ".join([f"{where} does not know {word}" for where, word, _ in wrong]
                      + [f"{where} is empty" for where in empty]),
            where="brief()",
            expected="; ".join(f"{where} {', '.join(known)}" for where, _, known in checks),
        )  # fmt: skip
    return langs, kinds


def _listed(words: str | Sequence[str]) -> list[str]:
    parts = words.split(",") if isinstance(words, str) else words
    return list(dict.fromkeys(p.strip() for p in parts if p.strip()))


def _staging(target: Path) -> tempfile.TemporaryDirectory[str]:
    """A hidden folder beside the target: on the same disk, so that moving is one step a file."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_dir():
            raise FileExistsError(17, "a file of this name is in the way")
        return tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent)
    except OSError as err:
        raise CallError(
            f"cannot write to {target}: {err.strerror or err}",
            where="out=",
            expected="a folder that may be written to",
            do="choose another folder",
        ) from err


def _write_all(
    figures: Figures, kinds: Sequence[str], staged: str, report: Callable[[str], None]
) -> list[str]:
    """All files of one language into the staging folder; returns what was left out and why."""
    lang, folder = figures.ask.lang, Path(staged)
    why = no_map_reason(figures)
    drawn: Map | None = None
    if why is None and {"html", *_PICTURES} & set(kinds):
        report(f"{lang}: map")
        drawn, why = _draw(figures)
    if drawn is not None:
        for kind in (k for k in _PICTURES if k in kinds):
            drawn.save(folder / f"map_{lang}.{kind}")
    if "html" in kinds:
        report(f"{lang}: page")
        page = render(page_view(figures, _picture(drawn, why)))
        write_bytes(folder / f"briefing_{lang}.html", page.encode())
    if "xlsx" in kinds:
        facts = facts_of(figures)
        sheets = [(facts.word(f"sheet.{name}"), r) for name, r in figures.results.items()]
        write_bytes(folder / f"briefing_{lang}.xlsx", workbook(sheets, lang=lang))
    if "csv" in kinds:
        write(figures.shares or figures.any_result, folder / f"briefing_{lang}.csv")
    wanted_picture = any(k in kinds for k in _PICTURES)
    return [facts_of(figures).word("page.no_map", why=why)] if why and wanted_picture else []


def _draw(figures: Figures) -> tuple[Map | None, str | None]:
    """The map, or why there can be none for these provinces. A missing font is an error."""
    assert figures.shares is not None
    facts = facts_of(figures)
    if figures.ask.reporter != HOME:
        return None, facts.word("page.no_boundaries")
    try:
        title = facts.word(f"map.{facts.flow}")
        if facts.limits:
            title = facts.word("page.limited", title=title, limits=facts.limits)
        return choropleth(figures.shares, column="share", lang=facts.lang, title=title), None
    except JoinError as err:
        return None, facts.word("page.map_failed", why=err.what)


def _picture(drawn: Map | None, why: str | None) -> Picture:
    if drawn is None:
        return Picture(None, why=why)
    return Picture(drawn.to_svg(bare=True), drawn.title, drawn.beside)


def _move(staged: str, target: Path) -> tuple[Path, ...]:
    try:
        target.mkdir(parents=True, exist_ok=True)
        moved = []
        for file in sorted(Path(staged).iterdir()):
            moved.append(Path(shutil.move(file, target / file.name)))
        return tuple(moved)
    except OSError as err:
        raise CallError(
            f"cannot write to {target}: {err.strerror or err}",
            where="out=",
            expected="a folder that may be written to",
            do="choose another folder, or close the file if it is open elsewhere",
        ) from err
