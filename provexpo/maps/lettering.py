"""Names and figures on the regions, in the ink that can be read on what lies under them."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.path import Path as Outline

from provexpo.maps import notes
from provexpo.maps.classes import contrast, mixed
from provexpo.maps.join import FIGURE, Cell
from provexpo.maps.page import Sheet, text_width
from provexpo.maps.plan import Plan, fill_of
from provexpo.maps.regions import Region
from provexpo.maps.style import CHIP, INKS, SEA, WATERMARK
from provexpo.output import formats

# WCAG 2: least contrast of text.
READABLE = 4.5


def letter(sheet: Sheet, axes: Axes, plan: Plan, regions: Iterable[Region], size: float) -> None:
    for region in regions:
        name = _short(region.name(plan.lang), plan.layer.is_tiles)
        value = label_value(plan, plan.cells[region.code])
        text = f"{name}\n{value}" if value else name
        ink, chip = ink_on(_grounds(sheet, axes, plan, region, text, size))
        sheet.write(
            axes, *region.label_at, text, size,
            color=ink,
            bbox=CHIP if chip else None,
            ha="center", va="center", linespacing=1.05, zorder=4, gid=f"label-{region.code}",
        )  # fmt: skip


def ink_on(grounds: Iterable[str]) -> tuple[str, bool]:
    """The ink for these colours, and whether it needs a pale chip under it to be read."""
    under = tuple(grounds)
    least = {ink: min(contrast(ink, colour) for colour in under) for ink in INKS}
    best = max(INKS, key=lambda ink: least[ink])
    return (best, False) if least[best] >= READABLE else (INKS[0], True)


def _grounds(
    sheet: Sheet, axes: Axes, plan: Plan, region: Region, text: str, size: float
) -> set[str]:
    """The colours under a name: several where it reaches into a neighbour or under a watermark."""
    lines = text.split("\n")
    wide = max(text_width(line, sheet.families, size) for line in lines)
    unit = (axes.get_xlim()[1] - axes.get_xlim()[0]) / (axes.get_position().width * sheet.width)
    x, y = region.label_at
    half_x, half_y = wide * unit / 2, len(lines) * size * unit * 0.55
    points = [(x + i * half_x, y + j * half_y) for i in (-1, -0.5, 0, 0.5, 1) for j in (-1, 0, 1)]
    found = {_ground(plan, point) for point in points}
    marked = {mixed(colour, "#000000", WATERMARK) for colour in found if plan.illustrative}
    return found | marked


def _ground(plan: Plan, point: tuple[float, float]) -> str:
    x, y = point
    for region in plan.layer.regions:
        x0, y0, x1, y1 = region.bounds
        if x0 <= x <= x1 and y0 <= y <= y1 and any(
            Outline(polygon[0]).contains_point(point) for polygon in region.polygons
        ):  # fmt: skip
            return fill_of(plan, region)
    return SEA


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
