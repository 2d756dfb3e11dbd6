"""What a section of the briefing is made of: final text in the page's language, nothing to compute.

Page, PDF summary and workbook all show these. Texts can hold anything that data hold: whoever
writes them out escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from provexpo.result import Result


@dataclass(frozen=True)
class Column:
    """A heading; `group` stands over neighbours that share it, `left` is for columns of words."""

    head: str
    unit: str = ""
    group: str = ""
    left: bool = False


@dataclass(frozen=True)
class Cell:
    """One figure or word; `klass` is its colour class (s0-s4, c0-c6), "na" or nothing."""

    text: str
    klass: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption; the first cell of a row is the row's head."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    fold: bool = False  # long and of detail: folded on the page, left out of print
    wide: bool = False  # so many columns that the first one stays in sight
    codes: tuple[str, ...] = ()  # the province of each row, where rows are provinces
    upright: bool = False  # headings stand on end: many narrow columns

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """(text, how many columns) of neighbours with the same group; none without groups."""
        if not any(c.group for c in self.columns):
            return ()
        out: list[tuple[str, int]] = []
        for column in self.columns:
            if out and out[-1][0] == column.group:
                out[-1] = (column.group, out[-1][1] + 1)
            else:
                out.append((column.group, 1))
        return tuple(out)


@dataclass(frozen=True)
class Span:
    """A piece of a bar, in per cent of the track; `value` is the figure that it stands for."""

    left: float
    width: float
    klass: str
    value: float


@dataclass(frozen=True)
class Bar:
    """One line of a bar chart: its name, its pieces, its figures as text."""

    label: str
    spans: tuple[Span, ...]
    text: str
    code: str = ""


@dataclass(frozen=True)
class Panel:
    """A figure: bars that the page draws itself, or a place for a chart named `name`.

    `line` is where a rule crosses all bars, in per cent of the track.
    """

    name: str
    title: str
    who: str = ""  # the province that it is of, said before the title; the page can change it
    alt: str = ""
    bars: tuple[Bar, ...] = ()
    line: float | None = None
    key: tuple[tuple[str, str], ...] = ()  # (class of the colour, what it means)
    caption: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """One section. `left_out` says why it cannot be had; then it holds nothing else.

    `results` are the figures behind it, by the name of their sheet.
    """

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    results: tuple[tuple[str, Result], ...] = ()
    left_out: str = ""
    parts: dict[str, Any] = field(default_factory=dict, compare=False)  # of one section alone
