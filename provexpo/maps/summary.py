"""A briefing on two A4 pages: claims and map, then ranking, months, table and what to know.

It is given final text and plain numbers and computes none; what does not fit is counted, not cut.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import matplotlib
from matplotlib.backends.backend_pdf import PdfPages

from provexpo.maps import summary_parts as parts
from provexpo.maps.fonts import families
from provexpo.maps.page import Sheet
from provexpo.maps.picture import METADATA, SETTINGS, Map
from provexpo.maps.style import WATERMARK

WIDTH, HEIGHT = 595.28, 841.89  # A4 in points
EDGE = 40.0
GAP = 16.0
COLUMN = (WIDTH - 2 * EDGE - GAP) / 2
MONTHS_HEIGHT = 118.0
TABLE_ROOM = 260.0


@dataclass(frozen=True)
class Line:
    """A bar of the ranking: where it starts and how wide it is, in per cent of the track."""

    label: str
    left: float
    width: float
    colour: str
    text: str


@dataclass(frozen=True)
class Ranking:
    """`line` is where a rule crosses all bars, in per cent of the track."""

    title: str
    bars: tuple[Line, ...]
    line: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Month:
    """A month of the chart; `value` None is missing and leaves a gap. `strong`: in the window."""

    label: str
    value: float | None
    strong: bool


@dataclass(frozen=True)
class Months:
    """`ticks` are heights with what is written beside them."""

    title: str
    months: tuple[Month, ...]
    ticks: tuple[tuple[float, str], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Head:
    text: str
    unit: str = ""
    left: bool = False


@dataclass(frozen=True)
class Grid:
    """A table as text; `cut` says how many of how many rows are shown, with fields n and all."""

    title: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]
    cut: str
    total: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A heading with its paragraphs."""

    title: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """What stands on the two pages; a part that is None or empty was left out of the briefing."""

    lang: str
    title: str
    about: str
    sample: str
    watermark: str
    accent: str
    brief: Block
    tiles: tuple[tuple[str, str, str], ...]
    where: str
    picture: Map | None
    picture_notes: tuple[str, ...]
    ranking: Ranking | None
    months: Months | None
    offset: Block | None
    table: Grid | None
    quality: Block | None
    receipts: Block | None
    foot: tuple[str, ...]
    more: str  # of paragraphs that do not fit, with a field n


def summary_pdf(summary: Summary, font: str | None = None) -> bytes:
    """The two pages as a PDF, the same bytes every time.

    Raises DrawError when no installed font has the characters.
    """
    known = families("".join(_texts(summary)) + "0123456789/", summary.lang, font)
    own = summary.picture.families if summary.picture else ()
    found = [*known, *(f for f in own if f not in known)]
    buffer = io.BytesIO()
    with (
        matplotlib.rc_context(SETTINGS),
        PdfPages(buffer, metadata={**METADATA["pdf"], "Title": summary.title}) as pdf,
    ):
        for sheet in (_first(summary, found), _second(summary, found)):
            pdf.savefig(sheet.figure)
    return buffer.getvalue()


def _texts(held: Any) -> list[str]:
    """Every text that will be written, however deep it stands; the map checks its own."""
    if isinstance(held, str):
        return [held]
    if isinstance(held, tuple):
        return [text for part in held for text in _texts(part)]
    if is_dataclass(held) and not isinstance(held, Map):
        return [text for f in fields(held) for text in _texts(getattr(held, f.name))]
    return []


def _first(summary: Summary, found: list[str]) -> Sheet:
    sheet, pen = _blank(summary, found, 1)
    pen.text(summary.title, 17, bold=True)
    pen.text(summary.about, 7.6, colour=parts.GREY)
    pen.rule(summary.accent)
    pen.heading(summary.brief.title)
    for number, text in enumerate(summary.brief.texts, start=1):
        pen.numbered(number, text, 9.6, summary.accent)
    parts.tiles(pen, summary.tiles)
    pen.skip(4)
    if summary.where:
        pen.heading(summary.where)
    notes = parts.measured(pen, summary.picture_notes, 7.0)
    if summary.picture is not None:
        room = (pen.width, pen.y - pen.bottom - notes - 6)
        pen.y = summary.picture.place(sheet, EDGE, pen.y, room) - 6
    for text in summary.picture_notes:
        pen.text(text, 7.0, colour=parts.GREY)
    return sheet


def _second(summary: Summary, found: list[str]) -> Sheet:
    sheet, pen = _blank(summary, found, 2)
    pen.text(summary.title, 9.5, bold=True, colour=parts.GREY)
    pen.rule(summary.accent)
    left, right = pen.split(COLUMN, GAP)
    if summary.ranking is None:
        right = left = pen
    else:
        parts.ranking(left, summary.ranking)
    if summary.months is not None:
        parts.months(right, summary.months, MONTHS_HEIGHT)
        right.skip(8)
    if summary.quality is not None:
        # Beside the ranking; without one the table must keep its room.
        alone = summary.ranking is None
        floor = pen.bottom + TABLE_ROOM if alone else min(left.y, right.y - 90)
        parts.block(right, summary.quality, 7.2, floor, summary.more)
    pen.y = min(left.y, right.y) - 8
    receipts = summary.receipts
    tail = 0.0 if receipts is None else parts.block_height(pen, receipts, 7.0) + 8
    if summary.offset is not None:
        parts.block(pen, summary.offset, 8.2, pen.bottom + tail, summary.more)
    if summary.table is not None:
        parts.grid(pen, summary.table, floor=pen.bottom + tail)
    if receipts is not None:
        pen.y = min(pen.y, pen.bottom + tail)
        parts.block(pen, receipts, 7.0, pen.bottom, summary.more)
    return sheet


def _blank(summary: Summary, found: list[str], number: int) -> tuple[Sheet, parts.Pen]:
    """A page with its edge, foot and watermark, and a pen at its head."""
    sheet = Sheet(WIDTH, HEIGHT, found)
    axes = sheet.axes(0, 0, WIDTH, HEIGHT)
    axes.set_zorder(5)
    pen = parts.Pen(sheet, axes, EDGE, HEIGHT - EDGE, WIDTH - 2 * EDGE, EDGE)
    foot = parts.Pen(sheet, axes, EDGE, 0, WIDTH - 2 * EDGE - 40, 0)
    height = parts.measured(foot, summary.foot, 6.6)
    foot.y = EDGE + height - 6
    axes.plot([EDGE, WIDTH - EDGE], [EDGE + height - 3] * 2, color="#bbbbbb", linewidth=0.6)
    for text in summary.foot:
        foot.text(text, 6.6, colour=parts.GREY)
    sheet.write(
        axes, WIDTH - EDGE, EDGE + height - 6, f"{number}/2", 6.6, color=parts.GREY, ha="right"
    )
    pen.bottom = EDGE + height + 4
    if summary.sample:
        pen.text(summary.sample, 8.6, bold=True, colour=parts.WARN)
    if summary.sample and (number > 1 or summary.picture is None):  # a map has a mark of its own
        sheet.write(
            axes, WIDTH / 2, HEIGHT / 2, summary.watermark, 110, bold=True, color="#000000",
            alpha=WATERMARK / 2, rotation=52, ha="center", va="center",
        )  # fmt: skip
    return sheet, pen
