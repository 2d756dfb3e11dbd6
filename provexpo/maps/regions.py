"""What can be coloured: regions with their outlines, as plain numbers, and the tile grid."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from provexpo.resources import shape

# One ring of points; a polygon is its outer ring and its holes.
Ring = np.ndarray
Polygon = tuple[Ring, ...]
Box = tuple[float, float, float, float]

PROVINCE, NO_DATA, CONTEXT = "province", "no_data", "context"


@dataclass(frozen=True)
class Place:
    """A row of the tile grid: a region's code, names, tile and role."""

    code: str
    name_en: str
    name_zh: str
    row: int
    col: int
    group: str

    def name(self, lang: str) -> str:
        return self.name_zh if lang == "zh" else self.name_en


@dataclass(frozen=True)
class Region:
    """A region as it is drawn: polygons in map units, where its name goes, in which inset."""

    code: str
    name_en: str
    name_zh: str
    group: str
    polygons: tuple[Polygon, ...]
    label_at: tuple[float, float]
    inset: str = ""

    def name(self, lang: str) -> str:
        return self.name_zh if lang == "zh" else self.name_en

    @cached_property
    def bounds(self) -> Box:
        points = np.concatenate([polygon[0] for polygon in self.polygons])
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)


@dataclass(frozen=True)
class Layer:
    """Regions to colour, the outline around them all, lines that belong to no region, and whose
    boundaries they are (`source` None: the built-in ones)."""

    regions: tuple[Region, ...]
    outline: tuple[Polygon, ...] = ()
    lines: tuple[Ring, ...] = ()
    source: str | None = None
    approval: str | None = None
    is_tiles: bool = False

    @property
    def bounds(self) -> Box:
        boxes = np.array([region.bounds for region in self.regions])
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        for line in self.lines:
            low, high = np.minimum(low, line.min(axis=0)), np.maximum(high, line.max(axis=0))
        # A margin for the width of the lines.
        pad = 0.004 * (high - low).max()
        return tuple(float(v) for v in (*(low - pad), *(high + pad)))  # type: ignore[return-value]


@cache
def places() -> dict[str, Place]:
    """The 34 regions by code: 31 provinces, and three that the mainland's tables do not cover."""
    with shape("tile_grid.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        r["code"]: Place(
            r["code"], r["name_en"], r["name_zh"], int(r["row"]), int(r["col"]), r["group"]
        )
        for r in rows
    }


def province_codes() -> tuple[str, ...]:
    """The 31 codes that a province table can hold."""
    return tuple(sorted(p.code for p in places().values() if p.group == PROVINCE))


@dataclass(frozen=True)
class LabelPoint:
    """Where the name of a region stands, in degrees, and the inset that shows it larger."""

    lon: float
    lat: float
    inset: str


@cache
def label_points() -> dict[str, LabelPoint]:
    with shape("label_points.csv").open(encoding="utf-8", newline="") as file:
        return {
            r["code"]: LabelPoint(float(r["lon"]), float(r["lat"]), r["inset"])
            for r in csv.DictReader(file)
        }


@cache
def load_tiles() -> Layer:
    """One square a region, in map units of one tile; no boundary is shown or implied."""
    gap = 0.03
    regions = []
    for place in places().values():
        x, y = float(place.col), float(-place.row)
        left, right, low, high = x + gap, x + 1 - gap, y - 1 + gap, y - gap
        square = np.array([(left, low), (left, high), (right, high), (right, low), (left, low)])
        names = (place.name_en, place.name_zh)
        regions.append(Region(place.code, *names, place.group, ((square,),), (x + 0.5, y - 0.5)))
    return Layer(tuple(regions), is_tiles=True)
