"""A sheet measured in points, with text that is measured and wrapped before it is placed."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

POINTS_PER_INCH = 72.0
LINE = 1.32
# Holds a name and its figure together.
NO_BREAK = "\u00a0"
_WIDE = r"\u2e80-\u9fff\uff00-\uffef"
# A line may break after a space and between Chinese characters, not between a name and its figure.
_PIECE = re.compile(
    rf"[\u4e00-\u9fff]+{NO_BREAK}[^ \n{_WIDE}]+|[{_WIDE}]|[^ \n{_WIDE}]+[ \n]*|[ \n]+"
)
_NOT_FIRST = "，。；：、）》！？"
# Text is measured large: at its own size the widths would be rounded to whole pixels.
_MEASURE = 128


class Sheet:
    """A figure of so many points, addressed in points from the lower left corner."""

    def __init__(self, width: float, height: float, families: list[str]) -> None:
        self.width, self.height, self.families = width, height, families
        self.figure = Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH))
        self.figure.set_facecolor("white")
        FigureCanvasAgg(self.figure)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """A part of the sheet without frame or ticks; its own units are points, too."""
        box = (x / self.width, y / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box)
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(0, height)
        return axes

    def write(self, axes: Axes, x: float, y: float, text: str, size: float, **style: Any) -> None:
        """Text as it is: a dollar sign starts no formula."""
        bold = style.pop("bold", False)
        style.setdefault("color", "#222222")
        style.setdefault("va", "top")
        font = font_of(tuple(self.families), size, bold)
        axes.text(x, y, text, fontproperties=font, parse_math=False, **style)


def font_of(families: tuple[str, ...], size: float, bold: bool = False) -> FontProperties:
    weight = "bold" if bold else "normal"
    return FontProperties(family=list(families), size=size, weight=weight)


@cache
def _renderer() -> Any:
    return FigureCanvasAgg(Figure(dpi=POINTS_PER_INCH)).get_renderer()


def text_width(text: str, families: list[str], size: float, bold: bool = False) -> float:
    """Width in points."""
    return _width(text, tuple(families), bold) * size


@lru_cache(maxsize=8192)
def _width(text: str, families: tuple[str, ...], bold: bool) -> float:
    """Width in parts of the type size."""
    font = font_of(families, _MEASURE, bold)
    return float(_renderer().get_text_width_height_descent(text, font, False)[0]) / _MEASURE


def wrap(
    text: str, width: float, families: list[str], size: float, bold: bool = False
) -> list[str]:
    """Lines no wider than `width`, also for text without spaces; a longer word stays whole."""
    lines, line, used = [], "", 0.0
    for piece in _PIECE.findall(text):
        # Piece by piece: measuring whole lines again and again takes most of the time of a page.
        seen = _advance(piece.rstrip(), families, size, bold)
        if line and piece[0] not in _NOT_FIRST and used + seen > width:
            lines.append(line.rstrip())
            line, used = "", 0.0
            piece = piece.lstrip()
        line += piece
        used += _advance(piece, families, size, bold)
    lines += [line.rstrip()] if line.strip() else []
    return [line.replace(NO_BREAK, " ") for line in lines]


def _advance(text: str, families: list[str], size: float, bold: bool) -> float:
    """How far a text moves the pen: its width with the white before, after and around it."""
    around = text_width("||", families, size, bold)
    return text_width(f"|{text}|", families, size, bold) - around
