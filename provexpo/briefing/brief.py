"""The briefing: one page a language, the map, the tables, all from one snapshot."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provexpo.briefing.config import Config, chosen_sections, own_of, read_config
from provexpo.briefing.figures import Ask, evidence_of, gather, shares_of
from provexpo.briefing.forms import FORMS, Prepared, write_forms
from provexpo.briefing.notebook import notebook_html
from provexpo.briefing.sections import KEYS, Own, Section, build
from provexpo.briefing.sentences import headlines
from provexpo.briefing.since import Since, compare, write_record
from provexpo.errors import CallError
from provexpo.output import formats as figures_as_text
from provexpo.output import labels
from provexpo.periods import Window, base_window, parse_window

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade

FORMATS = tuple(FORMS)
SECTIONS = KEYS
DEFAULT_OUT = "provexpo-briefing"
DEFAULT_FORMATS = ("html", "png", "xlsx")
_FLOWS = ("export", "import", "total")


@dataclass(frozen=True)
class Briefing:
    """What a briefing says, and the files that were written.

    `sections` and `sentences` (the three headlines) are by language; a section that cannot be had
    has `left_out`, its reason. `notes` is the summary of everything left out, and why.
    """

    files: tuple[Path, ...]
    sections: dict[str, tuple[Section, ...]]
    window: Window
    base_window: Window
    sentences: dict[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()
    _prepared: tuple[Prepared, ...] = field(default=(), repr=False)

    def _repr_html_(self) -> str:
        sample = any(p.figures.illustrative for p in self._prepared)
        return notebook_html(self.sentences, self.files, self.notes, sample)

    def save(
        self,
        out: str | Path = DEFAULT_OUT,
        formats: str | Sequence[str] = DEFAULT_FORMATS,
        progress: Callable[[str], None] | None = None,
    ) -> Briefing:
        """Write the files into a folder; all of them are put in place, or none.

        Parameters
        ----------
        out : path
            The folder; made when it is not there. Files of other briefings in it stay.
        formats : str or sequence of str
            Some of html, png, svg, pdf (the map; pdf also the two-page summary), xlsx (a sheet
            a section), csv (a file a table).

        Returns
        -------
        Briefing
            This one with its files, and in `notes` also what of the formats was left out.

        Raises
        ------
        CallError
            An unknown format, or a folder that cannot be written to.
        DrawError
            The map cannot be drawn, for instance because no font has the Chinese characters.
        """
        kinds = _listed(formats)
        _refuse([("formats=", kinds, FORMATS)])
        report = progress or (lambda step: None)
        notes = list(self.notes)
        target = Path(out)
        with _staging(target) as staged:
            for made in self._prepared:
                report(f"{made.lang}: {', '.join(kinds)}")
                notes += write_forms(made, kinds, Path(staged))
            files = _move(staged, target)
        since = self._prepared[0].figures.since
        if since.now is not None:
            write_record(target, since)
        return replace(self, files=files, notes=tuple(dict.fromkeys(notes)))


def brief(
    trade: Trade,
    *,
    partner: str | list[str] = "US",
    during: str | int | Window | None = None,
    against: str | int | Window | None = None,
    flow: str = "export",
    reporter: str = "CHN",
    lang: str | Sequence[str] | None = None,
    out: str | Path = DEFAULT_OUT,
    formats: str | Sequence[str] = DEFAULT_FORMATS,
    sections: str | Sequence[str] | None = None,
    extra: Sequence[Any] = (),
    config: str | Path | Mapping[str, Any] | Config | None = None,
    save: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Briefing:
    """Make the briefing on how provinces depend on one partner, and write its files.

    The page states the share of each province, how it changed against the base window, what was
    lost there and gained elsewhere, what the data hold and what they lack, and a receipt for
    every table. Shares are s_pj = X_pj / sum_k X_pk, province p, partner j, all partners k.

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
    lang : str or sequence of str, optional
        en, zh, or both (a text with a comma will do). Default: those of `config`, else en.
    out : path
        Folder for the files; made when it is not there. Files of other briefings in it stay. Its
        ``briefing.json`` says what the last briefing said, for "since the last briefing".
    formats : str or sequence of str
        Some of html, png, svg, pdf (the map; pdf also the two-page summary), xlsx (a sheet
        a section), csv (a file a table).
    sections : str or sequence of str, optional
        Some of headlines, where, table, exposure, province, heat, offset, rerouting, quality,
        method, receipts and the keys of `extra`, in the order of the page. Default: all.
    extra : sequence, optional
        Own sections: a Result, a text, ``(title, Result or text)``, or a dict with ``key``,
        ``title``, ``text`` and ``result``; texts may be dicts by language. They stand before
        `quality` unless `sections` names them (extra1, extra2, ... where they have no key).
    config : path, dict, optional
        A TOML file, or what would stand in it: ``title``, ``source``, ``logo``, ``languages``,
        ``sections``, ``leave_out``, ``[colours] accent``, ``[boundaries] file, source,
        approval``, ``[[extra]]``. An argument of the call goes before it.
    save : bool
        False: nothing is written; ``save()`` of the briefing does so later.
    progress : callable, optional
        Is called with one line a section.

    Returns
    -------
    Briefing
        ``sections`` and ``sentences`` by language, the windows, ``files``, and ``notes``: what
        was left out, and why. Amounts in the currency of the tables, shares as fractions.

    Raises
    ------
    CallError
        An unknown language, format, flow or section; a wrong key in `config`; a folder that
        cannot be written to.
    CoverageError
        Nothing at all can be stated from the data held.
    DrawError
        The map cannot be drawn, for instance because no font has the Chinese characters. Nothing
        is written then. Without html, png, svg and pdf no map is drawn.

    Notes
    -----
    NULL rule: a missing figure is "n/a" (无数据) with its reason, on every picture and table, and
    never 0; a section without figures is left out, named with its reason. Everything is written
    to a temporary folder first. The same snapshot and call give the same bytes, also when
    repeated in one folder.

    References
    ----------
    Wong (2011), The Wall Street Journal Guide to Information Graphics. W3C, Web Content
    Accessibility Guidelines 2.2.

    Examples
    --------
    >>> import provexpo as pe
    >>> made = pe.brief(pe.sample(), partner="US", sections="headlines", save=False)
    >>> len(made.sentences["en"]), made.files
    (3, ())
    """
    settings = read_config(config)
    langs = _listed(lang if lang is not None else settings.languages or "en")
    kinds = _listed(formats)
    _refuse([
        ("lang=", langs, figures_as_text.LANGUAGES), ("formats=", kinds, FORMATS),
        ("flow=", [flow], _FLOWS),
    ])  # fmt: skip
    own = _own(settings, extra)
    keys = chosen_sections(settings, sections, own)
    given = during is not None
    window = trade.latest_window(flow=flow, reporter=reporter) if during is None else during
    window = parse_window(window)
    base = base_window(window, against)
    ask = Ask(partner, window, base, flow, reporter, "", given)
    # Both languages ask for the same figures.
    with trade.engine.remembering():
        prepared = _prepare(trade, ask, langs, keys, own, settings, Path(out), progress)
    made = Briefing(
        files=(),
        sections={p.lang: p.sections for p in prepared},
        window=window,
        base_window=base,
        sentences={p.lang: headlines(p.figures) for p in prepared},
        notes=tuple(note for p in prepared for note in _left_out(p)),
        _prepared=tuple(prepared),
    )
    return made.save(out, formats, progress) if save else made


def _prepare(
    trade: Trade,
    ask: Ask,
    langs: Sequence[str],
    keys: Sequence[str],
    own: Sequence[Own],
    settings: Config,
    out: Path,
    progress: Callable[[str], None] | None,
) -> list[Prepared]:
    """Figures and sections of every language; the comparison with the last briefing once."""
    report = progress or (lambda step: None)
    since: Since | None = None
    prepared = []
    for lang in langs:
        asked = replace(ask, lang=lang)
        evidence = evidence_of(trade, lang)
        figures = gather(trade, asked, evidence, partial(_report_step, report, lang), keys)
        if since is None:
            since = compare(out, figures, partial(shares_of, trade, asked))
        figures = replace(figures, since=since)
        prepared.append(Prepared(figures, build(figures, keys, own), settings))
    return prepared


def _report_step(report: Callable[[str], None], lang: str, step: str) -> None:
    report(f"{lang}: {step}")


def _own(settings: Config, extra: Sequence[Any]) -> list[Own]:
    own, faults = list(settings.extra), []
    for number, given in enumerate(extra, start=len(own) + 1):
        try:
            own.append(own_of(given, number))
        except CallError as err:
            faults.append(f"number {number}: {err.what}")
    if faults:
        raise CallError("; ".join(faults), where="extra=")
    return own


def _left_out(made: Prepared) -> list[str]:
    return [
        labels.word("sec.without", made.lang).format(what=s.title, why=s.left_out)
        for s in made.sections if s.left_out
    ]  # fmt: skip


def _refuse(checks: Sequence[tuple[str, Sequence[str], Sequence[str]]]) -> None:
    """Every wrong word is named at once."""
    wrong = [
        (where, repr(word)) for where, words, known in checks for word in words
        if word not in known
    ]  # fmt: skip
    empty = [where for where, words, _ in checks if not words]
    if wrong or empty:
        raise CallError(
            "; ".join([f"{where} does not know {word}" for where, word in wrong]
                      + [f"{where} is empty" for where in empty]),
            where="brief()",
            expected="; ".join(f"{where} {', '.join(known)}" for where, _, known in checks),
        )  # fmt: skip


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
