"""The drawing itself: regions, names, insets, legend and notes on one sheet.

Only matplotlib's objects, never pyplot: no window, no state that one map could leave to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from provexpo.maps import notes
from provexpo.maps.classes import Classes, luminance
from provexpo.maps.join import ABSENT, FIGURE, MISSING, UNDEFINED, Cell
from provexpo.maps.legend import Legend, draw_legend
from provexpo.maps.page import LINE, Sheet, text_width, wrap
from provexpo.maps.regions import Box, Layer, Polygon, Region
from provexpo.maps.style import (
    BORDER,
    COAST,
    HATCH,
    HATCH_COLOUR,
    MARGIN,
    NO_DATA_FILL,
    PALE_BORDER,
    TITLE,
    UNDEFINED_FILL,
)
from provexpo.output import formats

# Which places are shown larger, top to bottom, and how far around them, as a part of their size.
INSETS = (("capital", 0.10), ("shanghai", 0.12), ("pearl", 0.16))
MAP_WIDTH, TILE_SIZE = 640.0, 70.0
INSET_SIZE, INSET_GAP = 84.0, 9.0
LEGEND_SIZE = (222.0, 120.0)
# Below this luminance the lettering is white.
DARK = 0.22
# Above this one the border is grey.
PALE = 0.85
# In a page the picture is shown about as wide as it is drawn: names larger, edges smaller.
NAME, INSET_NAME, TILE_NAME = 6.8, 7.2, 8.0
PAGE_NAME, PAGE_INSET_NAME, PAGE_EDGE = 9.2, 8.4, 4.0
_CHIP = {"facecolor": "white", "edgecolor": "none", "alpha": 0.72, "pad": 0.8}


@dataclass(frozen=True)
class Plan:
    """All that a picture shows, decided before anything is drawn."""

    layer: Layer
    cells: dict[str, Cell]
    classes: Classes
    column: str
    unit: str
    scale: formats.Scale
    lang: str
    title: str
    measure: str
    window: str
    footer: tuple[str, ...]
    legend: Legend
    labels: bool
    illustrative: bool
    families: list[str]


def fill_of(plan: Plan, region: Region) -> str:
    """The colour of a region: that of its class, or one that no class has."""
    cell = plan.cells[region.code]
    if cell.state == FIGURE and cell.value is not None:
        return plan.classes.colour(cell.value)
    return UNDEFINED_FILL if cell.state == UNDEFINED else NO_DATA_FILL


def draw(plan: Plan) -> Figure:
    """The whole sheet; its height follows from the text, so that nothing is cut off."""
    box, width, height = _extent(plan.layer)
    title = wrap(plan.title, width, plan.families, TITLE, bold=True)
    subtitle = wrap(f"{plan.measure} · {plan.window}", width, plan.families, 9.0)
    foot = [line for text in plan.footer for line in wrap(text, width, plan.families, 7.4)]
    head_height = len(title) * TITLE * LINE + len(subtitle) * 9.0 * LINE + 8
    foot_height = len(foot) * 7.4 * LINE + 8
    sheet = Sheet(
        width + 2 * MARGIN, head_height + height + foot_height + 2 * MARGIN, plan.families
    )
    axes = sheet.axes(MARGIN, MARGIN + foot_height, width, height)
    axes.set_xlim(box[0], box[2])
    axes.set_ylim(box[1], box[3])
    _draw_layer(sheet, axes, plan, TILE_NAME if plan.layer.is_tiles else NAME)
    _draw_head(sheet, title, subtitle)
    _draw_foot(sheet, foot, foot_height, plan)
    _draw_legend(sheet, plan, foot_height, height)
    if not plan.layer.is_tiles:
        _draw_insets(sheet, plan, MARGIN + width, MARGIN + foot_height + 4, INSET_NAME)
    return sheet.figure


def draw_bare(plan: Plan) -> Figure:
    """The map and its insets alone, with larger names: for a page that says the rest as text."""
    box, width, height = _extent(plan.layer)
    sheet = Sheet(width + 2 * PAGE_EDGE, height + 2 * PAGE_EDGE, plan.families)
    axes = sheet.axes(PAGE_EDGE, PAGE_EDGE, width, height)
    axes.set_xlim(box[0], box[2])
    axes.set_ylim(box[1], box[3])
    _draw_layer(sheet, axes, plan, PAGE_NAME)
    if not plan.layer.is_tiles:
        _draw_insets(sheet, plan, PAGE_EDGE + width, PAGE_EDGE + 4, PAGE_INSET_NAME)
    return sheet.figure


def _extent(layer: Layer) -> tuple[Box, float, float]:
    """The part of the world that is shown, and its width and height on the sheet."""
    x0, y0, x1, y1 = layer.bounds
    if layer.is_tiles:
        return (x0, y0, x1, y1), (x1 - x0) * TILE_SIZE, (y1 - y0) * TILE_SIZE
    # Room to the right for the insets.
    x1 += 0.05 * (x1 - x0)
    return (x0, y0, x1, y1), MAP_WIDTH, MAP_WIDTH * (y1 - y0) / (x1 - x0)


def _draw_head(sheet: Sheet, title: list[str], subtitle: list[str]) -> None:
    axes = sheet.axes(0, 0, sheet.width, sheet.height)
    y = sheet.height - MARGIN
    for line in title:
        sheet.write(axes, MARGIN, y, line, TITLE, bold=True)
        y -= TITLE * LINE
    for line in subtitle:
        sheet.write(axes, MARGIN, y, line, 9.0, color="#555555")
        y -= 9.0 * LINE


def _draw_foot(sheet: Sheet, lines: list[str], height: float, plan: Plan) -> None:
    axes = sheet.axes(0, 0, sheet.width, MARGIN + height)
    top = MARGIN + height - 6
    axes.plot([MARGIN, sheet.width - MARGIN], [top + 3, top + 3], color="#bbbbbb", linewidth=0.6)
    for i, line in enumerate(lines):
        warn = plan.illustrative and i == 0
        colour = "#b00020" if warn else "#555555"
        sheet.write(axes, MARGIN, top - i * 7.4 * LINE, line, 7.4, color=colour, bold=warn)


def _draw_layer(sheet: Sheet, axes: Axes, plan: Plan, size: float) -> None:
    layer = plan.layer
    if layer.outline:
        # Half of this line stays visible outside the regions: a coast, so that a pale class ends
        # somewhere.
        axes.add_patch(
            PathPatch(_path(layer.outline), facecolor="none", edgecolor=COAST, linewidth=1.3)
        )
    for region in layer.regions:
        axes.add_patch(_patch(plan, region, f"region-{region.code}"))
    for line in layer.lines:
        axes.plot(line[:, 0], line[:, 1], color="#666666", linewidth=0.8)
    if plan.illustrative:
        _watermark(sheet, axes, plan.lang)
    if plan.labels:
        shown = [r for r in layer.regions if not r.inset]
        _label(sheet, axes, plan, shown, size)


def _watermark(sheet: Sheet, axes: Axes, lang: str) -> None:
    sheet.write(
        axes, 0.5, 0.5, notes.word("watermark", lang), 72, bold=True, color="#000000", alpha=0.06,
        rotation=28, ha="center", va="center", transform=axes.transAxes, zorder=3,
    )  # fmt: skip


def _patch(plan: Plan, region: Region, gid: str) -> PathPatch:
    patch = PathPatch(_path(region.polygons), facecolor=fill_of(plan, region), linewidth=0.5)
    patch.set_gid(gid)
    # A white border would not be seen between two pale regions.
    pale = luminance(fill_of(plan, region)) > PALE
    patch.set_edgecolor(PALE_BORDER if pale else BORDER)
    if plan.cells[region.code].state in (MISSING, ABSENT):
        # Not white: Hong Kong and Macao would vanish in the sea.
        patch.set_edgecolor(HATCH_COLOUR)
        patch.set_hatch(HATCH)
        patch.set_hatchcolor(HATCH_COLOUR)
    patch.set_zorder(2)
    return patch


def _path(polygons: Iterable[Polygon]) -> Outline:
    """One path of many rings; holes run the other way round in the source and stay holes."""
    rings = [ring for polygon in polygons for ring in polygon]
    codes = []
    for ring in rings:
        codes += [Outline.MOVETO, *[Outline.LINETO] * (len(ring) - 2), Outline.CLOSEPOLY]
    return Outline(np.concatenate(rings), codes)


def _label(sheet: Sheet, axes: Axes, plan: Plan, regions: Iterable[Region], size: float) -> None:
    for region in regions:
        name = _short(region.name(plan.lang), plan.layer.is_tiles)
        value = label_value(plan, plan.cells[region.code])
        text = f"{name}\n{value}" if value else name
        dark = _grounds(sheet, axes, plan, region, text, size)
        mixed = len(dark) > 1
        sheet.write(
            axes, *region.label_at, text, size,
            color="white" if dark == {True} else "#1a1a1a",
            bbox=_CHIP if mixed else None,
            ha="center", va="center", linespacing=1.05, zorder=4, gid=f"label-{region.code}",
        )  # fmt: skip


def _grounds(
    sheet: Sheet, axes: Axes, plan: Plan, region: Region, text: str, size: float
) -> set[bool]:
    """Whether what lies under a name is dark: both, where a name reaches into a neighbour."""
    lines = text.split("\n")
    wide = max(text_width(line, sheet.families, size) for line in lines)
    unit = (axes.get_xlim()[1] - axes.get_xlim()[0]) / (axes.get_position().width * sheet.width)
    x, y = region.label_at
    half_x, half_y = wide * unit / 2, len(lines) * size * unit * 0.55
    points = [(x + i * half_x, y + j * half_y) for i in (-1, -0.5, 0, 0.5, 1) for j in (-1, 0, 1)]
    return {_is_dark(plan, point) for point in points}


def _is_dark(plan: Plan, point: tuple[float, float]) -> bool:
    for region in plan.layer.regions:
        if _meet(region.bounds, (*point, *point)) and any(
            Outline(polygon[0]).contains_point(point) for polygon in region.polygons
        ):
            return luminance(fill_of(plan, region)) < DARK
    return False


def _short(name: str, is_tile: bool) -> str:
    """Two words stand on two lines in a tile."""
    return name.replace(" ", "\n") if is_tile else name


def label_value(plan: Plan, cell: Cell) -> str:
    """The number under a name, without the unit, which the legend carries; * = small base."""
    if cell.state != FIGURE or cell.value is None:
        return ""
    signed = notes.is_signed(plan.column, plan.unit)
    number = formats.cell(cell.value, plan.unit, plan.scale, plan.lang, sign=signed)
    return number + ("*" if cell.status == "small_base" else "")


def _draw_legend(sheet: Sheet, plan: Plan, foot: float, height: float) -> None:
    """In the empty corner: south-west of the map, north-west of the tiles."""
    width, tall = LEGEND_SIZE
    y = MARGIN + foot + (height - tall - 8 if plan.layer.is_tiles else 2)
    if plan.layer.is_tiles:
        width = 5.6 * TILE_SIZE
    axes = sheet.axes(MARGIN, y, width, tall)
    draw_legend(sheet, axes, plan.legend, plan.classes)


def _draw_insets(sheet: Sheet, plan: Plan, right: float, bottom: float, size: float) -> None:
    """Places too small for their name, larger, from the lower right corner upwards."""
    by_name = {name: [r for r in plan.layer.regions if r.inset == name] for name, _ in INSETS}
    y = bottom
    for name, around in reversed(INSETS):
        regions = by_name[name]
        if not regions:
            continue
        axes = sheet.axes(right - INSET_SIZE, y, INSET_SIZE, INSET_SIZE)
        box = _square(regions, around)
        axes.set_xlim(box[0], box[2])
        axes.set_ylim(box[1], box[3])
        for region in plan.layer.regions:
            if _meet(region.bounds, box):
                axes.add_patch(_patch(plan, region, f"inset-{region.code}"))
        frame = Rectangle((0, 0), 1, 1, transform=axes.transAxes, facecolor="none", zorder=5)
        frame.set(edgecolor="#777777", linewidth=0.8)
        axes.add_patch(frame)
        if plan.labels:
            _label(sheet, axes, plan, regions, size)
        y += INSET_SIZE + INSET_GAP


def _square(regions: list[Region], around: float) -> Box:
    boxes = np.array([r.bounds for r in regions] + [(*r.label_at, *r.label_at) for r in regions])
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    half = max(x1 - x0, y1 - y0) * (0.5 + around)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return float(x - half), float(y - half), float(x + half), float(y + half)


def _meet(a: Box, b: Box) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]
