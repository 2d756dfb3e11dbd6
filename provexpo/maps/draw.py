"""The drawing itself: regions, names, insets, legend and notes on one sheet.

Only matplotlib's objects, never pyplot: no window, no state that one map could leave to the next.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from provexpo.maps import notes
from provexpo.maps.classes import luminance
from provexpo.maps.join import ABSENT, MISSING
from provexpo.maps.legend import draw_legend
from provexpo.maps.lettering import letter
from provexpo.maps.page import LINE, Sheet, wrap
from provexpo.maps.plan import Plan, fill_of
from provexpo.maps.regions import Box, Layer, Polygon, Region
from provexpo.maps.style import (
    BORDER,
    COAST,
    HATCH,
    HATCH_COLOUR,
    MARGIN,
    PALE_BORDER,
    TITLE,
    WATERMARK,
)

# Which places are shown larger, top to bottom, and how far around them, as a part of their size.
INSETS = (("capital", 0.10), ("shanghai", 0.12), ("pearl", 0.16))
MAP_WIDTH, TILE_SIZE = 640.0, 70.0
INSET_SIZE, INSET_GAP = 84.0, 9.0
FRAME = "#777777"
LEGEND_SIZE = (222.0, 120.0)
# Above this one the border is grey.
PALE = 0.85
# In a page the picture is shown about as wide as it is drawn: names larger, edges smaller.
NAME, INSET_NAME, TILE_NAME = 6.8, 7.2, 8.0
PAGE_NAME, PAGE_INSET_NAME, PAGE_EDGE = 9.2, 8.4, 4.0


def draw(plan: Plan) -> Figure:
    """The whole sheet; its height follows from the text, so that nothing is cut off."""
    _, width, height = _extent(plan.layer)
    title = wrap(plan.title, width, plan.families, TITLE, bold=True)
    subtitle = wrap(f"{plan.measure} · {plan.window}", width, plan.families, 9.0)
    foot = [line for text in plan.footer for line in wrap(text, width, plan.families, 7.4)]
    head_height = len(title) * TITLE * LINE + len(subtitle) * 9.0 * LINE + 8
    foot_height = len(foot) * 7.4 * LINE + 8
    sheet = Sheet(
        width + 2 * MARGIN, head_height + height + foot_height + 2 * MARGIN, plan.families
    )
    at = (MARGIN, MARGIN + foot_height)
    _draw_map(sheet, plan, at, width, (TILE_NAME if plan.layer.is_tiles else NAME, INSET_NAME))
    _draw_head(sheet, title, subtitle)
    _draw_foot(sheet, foot, foot_height, plan)
    _draw_legend(sheet, plan, at, width)
    return sheet.figure


def draw_bare(plan: Plan) -> Figure:
    """The map and its insets alone, with larger names: for a page that says the rest as text."""
    _, width, height = _extent(plan.layer)
    sheet = Sheet(width + 2 * PAGE_EDGE, height + 2 * PAGE_EDGE, plan.families)
    _draw_map(sheet, plan, (PAGE_EDGE, PAGE_EDGE), width, (PAGE_NAME, PAGE_INSET_NAME))
    return sheet.figure


def place(plan: Plan, sheet: Sheet, x: float, top: float, room: tuple[float, float]) -> float:
    """The map with its legend on another sheet, as large as the room; returns its lower edge."""
    _, width, height = _extent(plan.layer)
    scale = min(room[0] / width, room[1] / height)
    at = (x, top - scale * height)
    _draw_map(sheet, plan, at, scale * width, (NAME, min(INSET_NAME, INSET_NAME * scale)))
    _draw_legend(sheet, plan, at, scale * width)
    return at[1]


def _draw_map(
    sheet: Sheet, plan: Plan, at: tuple[float, float], width: float, sizes: tuple[float, float]
) -> None:
    """Regions, names and insets; `sizes` are those of the names on the map and in the insets."""
    box, usual, height = _extent(plan.layer)
    axes = sheet.axes(*at, width, height * width / usual)
    axes.set_xlim(box[0], box[2])
    axes.set_ylim(box[1], box[3])
    _draw_layer(sheet, axes, plan, sizes[0])
    if not plan.layer.is_tiles:
        corner = (at[0] + width, at[1] + 4)
        _draw_insets(sheet, axes, plan, corner, INSET_SIZE * width / usual, sizes[1])


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
        # Not add_patch, which would measure every outline for limits that are set already.
        axes.add_artist(_patch(plan, region, f"region-{region.code}"))
    for line in layer.lines:
        axes.plot(line[:, 0], line[:, 1], color="#666666", linewidth=0.8)
    if plan.illustrative:
        _watermark(sheet, axes, plan.lang)
    if plan.labels:
        shown = [r for r in layer.regions if not r.inset]
        letter(sheet, axes, plan, shown, size)


def _watermark(sheet: Sheet, axes: Axes, lang: str) -> None:
    sheet.write(
        axes, 0.5, 0.5, notes.word("watermark", lang), 72, bold=True, color="#000000",
        alpha=WATERMARK, rotation=28, ha="center", va="center", transform=axes.transAxes, zorder=3,
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


def _draw_legend(sheet: Sheet, plan: Plan, at: tuple[float, float], width: float) -> None:
    """In the empty corner of the map: south-west, north-west of the tiles."""
    _, usual, height = _extent(plan.layer)
    scale = width / usual
    wide, tall = LEGEND_SIZE
    y = at[1] + (scale * height - tall - 8 if plan.layer.is_tiles else 2)
    wide = 5.6 * TILE_SIZE if plan.layer.is_tiles else wide
    draw_legend(sheet, sheet.axes(at[0], y, scale * wide, tall), plan.legend, plan.classes)


def _draw_insets(
    sheet: Sheet,
    whole: Axes,
    plan: Plan,
    corner: tuple[float, float],
    side: float,
    size: float,
) -> None:
    """Places too small for their name, larger, from the lower right corner upwards.

    A frame on the map shows which part is enlarged.
    """
    by_name = {name: [r for r in plan.layer.regions if r.inset == name] for name, _ in INSETS}
    right, y = corner
    for name, around in reversed(INSETS):
        regions = by_name[name]
        if not regions:
            continue
        axes = sheet.axes(right - side, y, side, side)
        box = _square(regions, around)
        axes.set_xlim(box[0], box[2])
        axes.set_ylim(box[1], box[3])
        for region in plan.layer.regions:
            if _meet(region.bounds, box):
                axes.add_artist(_patch(plan, region, f"inset-{region.code}"))
        frame = Rectangle((0, 0), 1, 1, transform=axes.transAxes, facecolor="none", zorder=5)
        frame.set(edgecolor=FRAME, linewidth=0.8)
        axes.add_patch(frame)
        where = Rectangle(box[:2], box[2] - box[0], box[3] - box[1], facecolor="none", zorder=3)
        where.set(edgecolor=FRAME, linewidth=0.6)
        whole.add_patch(where)
        if plan.labels:
            letter(sheet, axes, plan, regions, size)
        y += side + INSET_GAP


def _square(regions: list[Region], around: float) -> Box:
    boxes = np.array([r.bounds for r in regions] + [(*r.label_at, *r.label_at) for r in regions])
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    half = max(x1 - x0, y1 - y0) * (0.5 + around)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return float(x - half), float(y - half), float(x + half), float(y + half)


def _meet(a: Box, b: Box) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]
