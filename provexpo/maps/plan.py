"""What a picture shows, decided before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from provexpo.maps.classes import Classes
from provexpo.maps.join import FIGURE, UNDEFINED, Cell
from provexpo.maps.legend import Legend
from provexpo.maps.regions import Layer, Region
from provexpo.maps.style import NO_DATA_FILL, UNDEFINED_FILL
from provexpo.output import formats


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
