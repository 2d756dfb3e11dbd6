"""Cells, names and rows that several sections write alike."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from provexpo.briefing import colours
from provexpo.briefing.facts import Facts
from provexpo.briefing.sections.section import Cell
from provexpo.maps.classes import POINTS
from provexpo.output import formats, labels
from provexpo.result import Result

TIMES_FROM = 10
# Caveats that the page says elsewhere, or in words of its own.
_SAID = ("illustrative", "scope", "currency", "ecological", "related", "small_base", "signal")
MOST_ROWS = 60  # of more places than this a table holds the largest; the files hold all


@dataclass(frozen=True)
class Cells:
    """Figures as cells, in the language of the page; `money` is the scale of its amounts."""

    facts: Facts
    money: formats.Scale

    @property
    def lang(self) -> str:
        return self.facts.lang

    def amount(self, x: Any, *, sign: bool = False) -> Cell:
        return self._cell(x, self.facts.currency, self.money, sign=sign)

    def percent(self, x: Any, *, sign: bool = False, klass: str = "") -> Cell:
        return self._cell(x, "fraction", self._scale("fraction"), sign=sign, klass=klass)

    def share(self, x: Any) -> Cell:
        return self.percent(x, klass="" if x is None else colours.share_class(x))

    def points(self, x: Any, *, klass: str = "") -> Cell:
        return self._cell(x, "pp", self._scale("pp"), sign=True, klass=klass)

    def coloured_points(self, x: Any) -> Cell:
        return self.points(x, klass="" if x is None else points_class(x))

    def ratio(self, x: Any) -> Cell:
        return self._cell(x, "ratio", self._scale("ratio"))

    def number(self, x: Any, digits: int = 3) -> Cell:
        return Cell(formats.missing(self.lang), "na") if x is None else Cell(
            formats.number(x, digits)
        )  # fmt: skip

    def change(self, now: Any, base: Any, pct: Any = None) -> Cell:
        """A relative change with its colour; from ten times the base on, the multiple."""
        if pct is None and now is not None and base:
            pct = now / base - 1 if base > 0 else None
        klass = "" if pct is None else colours.change_class(pct)
        if now is not None and base and now / base >= TIMES_FROM:
            return Cell(formats.times(now / base, self.lang), klass)
        return self.percent(pct, sign=True, klass=klass)

    def _scale(self, unit: str) -> formats.Scale:
        return formats.scale_of((), unit, self.lang)

    def _cell(
        self, x: Any, unit: str, scale: formats.Scale, *, sign: bool = False, klass: str = ""
    ) -> Cell:
        text = formats.cell(x, unit, scale, self.lang, sign=sign)
        return Cell(text, "na" if x is None else klass)


def cells_for(facts: Facts, amounts: Iterable[Any]) -> Cells:
    return Cells(facts, formats.scale_of(amounts, facts.currency, facts.lang))


def points_class(x: float) -> str:
    """Colour class of a contribution in percentage points, "c0" to "c6"."""
    return f"c{bisect_right(POINTS, x)}"


def pp_unit(lang: str) -> str:
    return labels.unit("pp", lang)


def caveats_of(results: Iterable[Result | None], said: Sequence[str] = ()) -> tuple[str, ...]:
    """What a section must add to the caveats of the whole page, each once."""
    texts = [
        c.text for r in results if r is not None for c in r.caveats
        if c.code not in _SAID
    ]  # fmt: skip
    return tuple(t for t in dict.fromkeys(texts) if t not in said)


def of_province(result: Result | None, code: str | None) -> list[dict[str, Any]]:
    """The rows of one province, or of the nation where the frame has no provinces."""
    if result is None:
        return []
    rows = _whole_rows(result)
    if "province" not in result.frame.columns:
        return rows if code is None else []
    return [r for r in rows if r["province"] == code]


def _whole_rows(result: Result) -> list[dict[str, Any]]:
    """A province that is named and never traded has a row without the other key: it says nothing
    here."""
    keys = [k for k in ("sector", "partner_group", "month") if k in result.frame.columns]
    return [r for r in result.frame.to_dicts() if all(r[k] is not None for k in keys)]


def by_province(result: Result | None) -> dict[str | None, list[dict[str, Any]]]:
    """The rows of each province; under None those of the nation."""
    out: dict[str | None, list[dict[str, Any]]] = {}
    for row in _whole_rows(result) if result is not None else []:
        out.setdefault(row.get("province"), []).append(row)
    return out


def cut_note(facts: Facts, shown: int, held: int) -> tuple[str, ...]:
    """Said under a table that holds the largest only."""
    return (facts.word("sec.cut", n=shown, all=held),) if shown < held else ()
