"""The parts of the summary's pages, each drawn from the top downwards with a pen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from provexpo.maps.page import LINE, Sheet, text_width, wrap

if TYPE_CHECKING:
    from provexpo.maps.summary import Block, Grid, Line, Months, Ranking

INK, GREY, WARN = "#222222", "#555555", "#b00020"
PALE = "#c9c9c9"
BAR = "#2c7fb8"
PALE_BAR = "#a9c7dc"
ROW = 8.5
_PAD = 6.0
_SIZES = (7.2, 6.8, 6.4, 6.0, 5.6)


@dataclass
class Pen:
    """Where the next line starts, and how wide it may be; `bottom` is where the page ends."""

    sheet: Sheet
    axes: Axes
    x: float
    y: float
    width: float
    bottom: float

    def text(self, text: str, size: float, *, bold: bool = False, colour: str = INK) -> None:
        for line in self.lines(text, size, bold):
            self.sheet.write(self.axes, self.x, self.y, line, size, bold=bold, color=colour)
            self.y -= size * LINE

    def lines(self, text: str, size: float, bold: bool = False) -> list[str]:
        return wrap(text, self.width, self.sheet.families, size, bold)

    def heading(self, text: str) -> None:
        self.text(text, 10.5, bold=True)
        self.y -= 2

    def numbered(self, number: int, text: str, size: float, colour: str) -> None:
        at = replace(self, x=self.x + 16, width=self.width - 16)
        self.sheet.write(self.axes, self.x, self.y, str(number), size, bold=True, color=colour)
        at.text(text, size)
        self.y = at.y - 2.5

    def rule(self, colour: str) -> None:
        self.y -= 2
        self.axes.plot([self.x, self.x + self.width], [self.y, self.y], color=colour, linewidth=1.2)
        self.y -= 7

    def skip(self, points: float) -> None:
        self.y -= points

    def split(self, width: float, gap: float) -> tuple[Pen, Pen]:
        """Two pens side by side, each of this width."""
        return replace(self, width=width), replace(self, x=self.x + width + gap, width=width)


def measured(pen: Pen, texts: Sequence[str], size: float) -> float:
    """Height of paragraphs."""
    return sum(len(pen.lines(text, size)) * size * LINE for text in texts) + (4 if texts else 0)


def tiles(pen: Pen, shown: Sequence[tuple[str, str, str]]) -> None:
    """Figures large, side by side, with what they are above and how they moved below."""
    if not shown:
        return
    gap = 10.0
    width = (pen.width - gap * (len(shown) - 1)) / len(shown)
    lowest = pen.y
    for i, (label, figure, moved) in enumerate(shown):
        at = replace(pen, x=pen.x + i * (width + gap), y=pen.y - 4, width=width)
        pen.axes.plot([at.x, at.x + width], [pen.y, pen.y], color=PALE, linewidth=0.6)
        at.text(label, 7.2, colour=GREY)
        at.text(figure, 14, bold=True)
        at.text(moved, 7.2, colour=GREY)
        lowest = min(lowest, at.y)
    pen.y = lowest - 2


def ranking(pen: Pen, shown: Ranking) -> None:
    """Horizontal bars: name, bar, figure; a rule across all of them."""
    pen.heading(shown.title)
    names = max(text_width(b.label, pen.sheet.families, 7.0) for b in shown.bars) + 5
    figures = max(text_width(b.text, pen.sheet.families, 7.0) for b in shown.bars) + 4
    start, track = pen.x + names, pen.width - names - figures
    top = pen.y
    for bar in shown.bars:
        _bar(pen, bar, start, track)
        pen.y -= ROW
    if shown.line is not None:
        at = start + track * shown.line / 100
        pen.axes.plot([at, at], [pen.y + 2, top], color=WARN, linewidth=0.8)
    pen.y -= 3
    for text in shown.notes:
        pen.text(text, 6.8, colour=GREY)


def _bar(pen: Pen, bar: Line, start: float, track: float) -> None:
    write, middle = pen.sheet.write, pen.y - ROW / 2
    write(pen.axes, start - 4, middle, bar.label, 7.0, ha="right", va="center")
    box = Rectangle(
        (start + track * bar.left / 100, pen.y - ROW + 1.4), track * bar.width / 100, ROW - 2
    )
    box.set(facecolor=bar.colour, edgecolor="#9a9a9a", linewidth=0.3)
    pen.axes.add_patch(box)
    write(pen.axes, pen.x + pen.width, middle, bar.text, 7.0, ha="right", va="center")


def months(pen: Pen, shown: Months, height: float) -> None:
    """Columns, one a month, with a few lines to read them by; a missing month is a gap."""
    pen.heading(shown.title)
    ticks = shown.ticks
    room = max(text_width(text, pen.sheet.families, 6.8) for _, text in ticks) + 4
    values = [m.value for m in shown.months if m.value is not None]
    low, high = min(0.0, *values, ticks[0][0]), max(0.0, *values, ticks[-1][0])
    base, tall = pen.y - height, height - 4
    unit = tall / ((high - low) or 1)
    step = (pen.width - room) / len(shown.months)
    for at, text in ticks:
        y = base + (at - low) * unit
        pen.axes.plot([pen.x + room, pen.x + pen.width], [y, y], color="#d9d9d9", linewidth=0.5,
                      zorder=0.5)  # fmt: skip
        pen.sheet.write(
            pen.axes, pen.x + room - 4, y, text, 6.8, ha="right", va="center", color=GREY
        )
    for i, month in enumerate(shown.months):
        x = pen.x + room + i * step
        if month.value is not None:
            start = base + (min(month.value, 0.0) - low) * unit
            box = Rectangle((x + step * 0.12, start), step * 0.76, abs(month.value) * unit)
            box.set(facecolor=BAR if month.strong else PALE_BAR, edgecolor="none")
            pen.axes.add_patch(box)
        if month.label:
            pen.axes.plot([x + step / 2] * 2, [base, base - 2.5], color=GREY, linewidth=0.5)
            pen.sheet.write(
                pen.axes, x + step / 2, base - 4, month.label, 6.6, ha="center", color=GREY
            )
    pen.y = base - 4 - 6.6 * LINE - 2
    for text in shown.notes:
        pen.text(text, 6.8, colour=GREY)


def block_height(pen: Pen, shown: Block, size: float) -> float:
    title = len(pen.lines(shown.title, 10.5, bold=True)) * 10.5 * LINE + 2
    return title + measured(pen, shown.texts, size) + 1.5 * len(shown.texts)


def block(pen: Pen, shown: Block, size: float, floor: float, more: str) -> None:
    """A heading and its paragraphs; those that do not fit above `floor` are counted."""
    pen.heading(shown.title)
    for done, text in enumerate(shown.texts):
        left = len(shown.texts) - done
        needed = len(pen.lines(text, size)) + (left > 1)
        if pen.y - needed * size * LINE < floor:
            pen.text(more.format(n=left), size, colour=GREY)
            return
        pen.text(text, size)
        pen.y -= 1.5


def grid(pen: Pen, shown: Grid, *, floor: float) -> None:
    """A table with as many rows as fit, in the largest type in which its columns fit."""
    pen.skip(3)
    pen.text(shown.title, 8.8, bold=True)
    pen.skip(2)
    size, widths = _fitting(pen, shown)
    heads = [
        wrap(head.text, width - _PAD, pen.sheet.families, size, bold=True)
        + ([head.unit] if head.unit else [])
        for head, width in zip(shown.heads, widths, strict=True)
    ]
    tall = max(len(lines) for lines in heads) * size * 1.2 + 4
    row = size * 1.36
    notes = measured(pen, (*shown.notes, shown.cut), 6.8)
    fits = max(0, int((pen.y - tall - notes - floor) / row))
    rows = shown.rows[:fits]
    for i, (head, lines) in enumerate(zip(shown.heads, heads, strict=True)):
        x, side = _at(pen, widths, i, head.left)
        for j, line in enumerate(lines):
            style = {"bold": j < len(lines) - bool(head.unit), "color": INK}
            pen.sheet.write(pen.axes, x, pen.y - j * size * 1.2, line, size, ha=side, **style)
    pen.y -= tall
    pen.axes.plot([pen.x, pen.x + pen.width], [pen.y + 1, pen.y + 1], color=GREY, linewidth=0.6)
    for cells in rows:
        for i, (head, text) in enumerate(zip(shown.heads, cells, strict=True)):
            x, side = _at(pen, widths, i, head.left)
            pen.sheet.write(pen.axes, x, pen.y - 1, text, size, ha=side)
        pen.y -= row
        pen.axes.plot([pen.x, pen.x + pen.width], [pen.y + 0.6] * 2, color="#e4e4e4", linewidth=0.3)
    pen.y -= 3
    cut = (shown.cut.format(n=len(rows), all=shown.total),) if len(rows) < shown.total else ()
    for text in (*cut, *shown.notes):
        pen.text(text, 6.8, colour=GREY)


def _at(pen: Pen, widths: Sequence[float], i: int, left: bool) -> tuple[float, str]:
    """Where the text of a column starts, or ends."""
    start = pen.x + sum(widths[:i])
    return (start, "left") if left else (start + widths[i] - _PAD, "right")


def _fitting(pen: Pen, shown: Grid) -> tuple[float, list[float]]:
    """The type size and the width of each column; spare room goes to the narrow ones alike."""
    for size in _SIZES:
        widths = [_needed(pen, shown, i, size) for i in range(len(shown.heads))]
        spare = pen.width - sum(widths)
        if spare >= 0 or size == _SIZES[-1]:
            break
    return size, [w + max(spare, 0) / len(widths) for w in widths]


def _needed(pen: Pen, shown: Grid, i: int, size: float) -> float:
    """Width of the longest cell, or of the longest word of the heading."""
    fonts, head = pen.sheet.families, shown.heads[i]
    cells = max((text_width(r[i], fonts, size) for r in shown.rows), default=0.0)
    words = [
        text_width(w, fonts, size, True) for w in [*wrap(head.text, 1, fonts, size), head.unit]
    ]
    return max(cells, *words, 0.0) + _PAD
