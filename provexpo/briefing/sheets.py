"""The workbook's sheets, one a section: its title, its sentences, the tables behind it."""

from __future__ import annotations

from collections.abc import Sequence

from provexpo.briefing.facts import Facts
from provexpo.briefing.sections import Section
from provexpo.output import labels
from provexpo.output.xlsx import Page


def pages_of(sections: Sequence[Section], facts: Facts) -> list[Page]:
    """The sections that were chosen and could be had; receipts stand in the sheet of notes.

    A result that several sections rest on stands in the first of them.
    """
    seen: set[str] = set()
    pages = []
    for section in sections:
        if section.left_out or section.key == "receipts":
            continue
        tables = [(n, r) for n, r in section.results if n not in seen]
        seen |= {n for n, _ in tables}
        pages.append(
            Page(
                _name(section, facts),
                (*section.sentences, *_lines(section), *_notes(section, facts)),
                tuple((labels.known("sheet", n, facts.lang), r) for n, r in tables),
            )
        )
    return pages


def _name(section: Section, facts: Facts) -> str:
    """The sheet on months holds every province, the page's section only one."""
    return facts.word("sec.province.title") if section.key == "province" else section.title


def _notes(section: Section, facts: Facts) -> tuple[str, ...]:
    who = next((p.who for p in section.panels if p.who), "")
    of_one = facts.word("sec.province.default", name=who)
    return tuple(note for note in section.notes if note != of_one)


def _lines(section: Section) -> tuple[str, ...]:
    """What the section on quality says beside its tables."""
    parts = section.parts
    missing = parts.get("missing", ())
    caveats = [f"{text} {rows}".rstrip() for text, rows in parts.get("caveats", ())]
    checks = [
        " · ".join((c["verdict"], c["check"], c["table"], c["flow"], c["currency"], c["text"]))
        for c in (*parts.get("checks", ()), *parts.get("other_checks", ()))
    ]
    return (*missing, *caveats, *checks)
