"""The legend: classes with their breaks, arrows where a class has no end, what is off the scale."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Polygon as Shape
from matplotlib.patches import Rectangle

from provexpo.maps.classes import Classes
from provexpo.maps.page import LINE, Sheet, wrap
from provexpo.maps.style import HATCH, HATCH_COLOUR, NO_DATA_FILL, UNDEFINED_FILL

SMALL, HEIGHT = 7.4, 10.0


@dataclass(frozen=True)
class Legend:
    """The words of the legend; `breaks` as they are written under the colours."""

    title: str
    breaks: tuple[str, ...]
    no_data: str
    undefined: str
    off_scale: str


def draw_legend(sheet: Sheet, axes: Axes, legend: Legend, classes: Classes) -> None:
    """From the top of the axes downwards, in points."""
    width, top = axes.get_xlim()[1], axes.get_ylim()[1]
    y = top
    for line in wrap(legend.title, width, sheet.families, 8.2, bold=True):
        sheet.write(axes, 0, y, line, 8.2, bold=True)
        y -= 8.2 * LINE
    y -= HEIGHT + 1
    step = min(32.0, (width - 8) / len(classes.colours))
    for i, colour in enumerate(classes.colours):
        axes.add_patch(_swatch(classes, i, i * step, y, step, colour))
    for i, text in enumerate(legend.breaks, start=1):
        sheet.write(axes, i * step, y - 2.5, text, SMALL, ha="center")
    y -= SMALL * LINE + 7
    y = _key(sheet, axes, y, legend.no_data, NO_DATA_FILL, hatched=True)
    if legend.undefined:
        y = _key(sheet, axes, y, legend.undefined, UNDEFINED_FILL, hatched=False)
    for line in wrap(legend.off_scale, width, sheet.families, SMALL):
        sheet.write(axes, 0, y, line, SMALL)
        y -= SMALL * LINE


def _swatch(classes: Classes, i: int, x: float, y: float, width: float, colour: str) -> Shape:
    """A box, or an arrow at an end without a bound."""
    tip = HEIGHT * 0.7
    x1, middle = x + width, y + HEIGHT / 2
    if i == len(classes.colours) - 1 and classes.open_high:
        points = [(x, y), (x, y + HEIGHT), (x1 - tip, y + HEIGHT), (x1, middle), (x1 - tip, y)]
    elif i == 0 and classes.open_low:
        points = [(x1, y), (x1, y + HEIGHT), (x + tip, y + HEIGHT), (x, middle), (x + tip, y)]
    else:
        points = [(x, y), (x, y + HEIGHT), (x1, y + HEIGHT), (x1, y)]
    shape = Shape(points, closed=True, facecolor=colour, edgecolor="#808080", linewidth=0.4)
    shape.set_gid(f"class-{i}")
    return shape


def _key(sheet: Sheet, axes: Axes, y: float, text: str, fill: str, *, hatched: bool) -> float:
    """A swatch with its words; returns where the next line starts."""
    box = Rectangle((0.4, y - HEIGHT + 1), 18, HEIGHT - 2, facecolor=fill, linewidth=0.4)
    box.set_edgecolor("#808080")
    if hatched:
        box.set_hatch(HATCH)
        box.set_hatchcolor(HATCH_COLOUR)
    axes.add_patch(box)
    room = axes.get_xlim()[1] - 24
    for line in wrap(text, room, sheet.families, SMALL):
        sheet.write(axes, 23, y - 0.5, line, SMALL)
        y -= SMALL * LINE
    return y - 3
