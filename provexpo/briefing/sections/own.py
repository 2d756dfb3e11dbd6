"""A desk's own sections: a Result as a table, or a text."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from provexpo import vocab
from provexpo.briefing.facts import Facts
from provexpo.briefing.sections.cells import MOST_ROWS, cut_note
from provexpo.briefing.sections.section import Cell, Column, Section, Table
from provexpo.output import tables
from provexpo.result import Result

# Columns that a reader of a page does not need; the workbook has them.
_HIDDEN = ("reason", "n_months", "n_months_expected", "rank", "lny_flag", "small_base")
_CODES = {f"{d}_name": d for d in ("province", "partner", "regime", "product")}


@dataclass(frozen=True)
class Own:
    """One section of the desk's own. Texts by language; `result` and `text` may stand together."""

    key: str
    title: dict[str, str]
    text: dict[str, str]
    result: Result | None = None


def section(own: Own, facts: Facts) -> Section:
    lang = facts.lang
    title = _in(own.title, lang) or (own.result.title if own.result else facts.word("sec.own"))
    text = _in(own.text, lang)
    result = None if own.result is None else in_language(own.result, lang)
    return Section(
        key=own.key,
        title=title,
        sentences=tuple(p.strip() for p in text.split("\n\n") if p.strip()),
        tables=() if result is None else (_table(result, title, facts),),
        notes=() if result is None else tuple(c.text for c in tables.caveats_of(result)),
        results=() if result is None else ((title, result),),
    )


def _in(texts: dict[str, str], lang: str) -> str:
    """The text in a language; a text given in one language only stands in every one."""
    return texts.get(lang) or texts.get("") or next(iter(texts.values()), "")


def in_language(result: Result, lang: str) -> Result:
    """The result with headings and names in another language; its caveats stay as they are."""
    if result.lang == lang:
        return result
    frame = result.frame
    reporter = str(result.receipt.call.get("reporter", "CHN"))
    for name, dimension in _CODES.items():
        if name in frame.columns and dimension in frame.columns:
            known = vocab.names(dimension, lang, reporter)
            pairs = frame.select(dimension, name).iter_rows()
            renamed = [known.get(str(code), held) for code, held in pairs]
            frame = frame.with_columns(pl.Series(name, renamed, frame.schema[name]))
    return replace(result, frame=frame, lang=lang)


def _table(result: Result, title: str, facts: Facts) -> Table:
    codes = [d for name, d in _CODES.items() if name in result.frame.columns]
    shown = [c for c in result.frame.columns if c not in (*_HIDDEN, *codes)]
    at = [result.frame.columns.index(c) for c in shown]
    scales = tables.scales(result)
    columns = tuple(
        Column(*tables.heading(result, name, scales[name]), left=not tables.is_number(result, name))
        for name in shown
    )
    held = tables.cells(result)
    body = tuple(tuple(Cell(row[i]) for i in at) for row in held[:MOST_ROWS])
    notes = cut_note(facts, len(body), len(held))
    return Table(title, columns, body, notes, wide=len(columns) > 5)
