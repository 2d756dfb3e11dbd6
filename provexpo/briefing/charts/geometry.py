"""Regions as flat outlines in whole kilometres, the enlarged copies of small places beside them.

The coordinates are those of the printed map (Albers), so the page needs no projection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from provexpo.maps.draw import INSETS
from provexpo.maps.regions import Box, Layer, Polygon, Region, Ring

_KM = 1000.0
# As parts of the map's width: the room beside the map, an inset, the gap between two.
_ROOM, _SIZE, _GAP = 0.05, 0.137, 0.015
# A finer outline than this many points cannot be seen on a page, only loaded.
_MOST_POINTS = 15_000
Point = tuple[float, float]


@dataclass(frozen=True)
class Shapes:
    """Features to colour, enlarged copies, the frames around these, and where names stand."""

    regions: list[dict[str, Any]]
    insets: list[dict[str, Any]]
    frames: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    names: list[dict[str, Any]]


def shapes_of(layer: Layer) -> Shapes:
    """Everything that a picture of the layer is made of."""
    if layer.is_tiles:
        regions = [_feature(r.code, _flat(r.polygons, 0.01, (0, 0), 1.0)) for r in layer.regions]
        return Shapes(regions, [], [], [], [_name(r, r.label_at, 0.01) for r in layer.regions])
    grid = _grid(layer)
    regions = [_feature(r.code, _flat(r.polygons, grid * _KM, (0, 0), grid)) for r in layer.regions]
    names = [_name(r, r.label_at, _KM) for r in layer.regions if not r.inset]
    insets, frames = _insets(layer, names)
    lines = [_line(line) for line in layer.lines]
    return Shapes(regions, insets, frames, lines, names)


def _grid(layer: Layer) -> int:
    """1 km, coarser for a file with very many points: borders that meet still meet."""
    n = sum(len(ring) for r in layer.regions for polygon in r.polygons for ring in polygon)
    grid = 1
    while n / grid > _MOST_POINTS and grid < 8:
        grid *= 2
    return grid


def _flat(
    polygons: Sequence[Polygon], unit: float, origin: Point, scale: float
) -> list[list[list[list[float]]]]:
    """Rings on the grid, without points that fall together; a ring keeps at least a triangle."""
    out = []
    for polygon in polygons:
        rings = [_ring(ring, unit, origin, scale) for ring in polygon]
        rings = [ring for ring in rings if len(ring) > 3]
        if rings:
            out.append(rings)
    if not out:  # smaller than the grid, but there
        widest = max(polygons, key=lambda polygon: len(polygon[0]))
        out = [[[[_tidy(v) for v in p] for p in (widest[0] / unit * scale).tolist()]]]
    return out


def _ring(ring: Ring, unit: float, origin: Point, scale: float) -> list[list[float]]:
    flat: list[list[float]] = []
    for x, y in ring.tolist():
        at = [
            _tidy(round((x - origin[0]) / unit) * scale),
            _tidy(round((y - origin[1]) / unit) * scale),
        ]
        if not flat or flat[-1] != at:
            flat.append(at)
    if flat and flat[0] != flat[-1]:
        flat.append(flat[0])
    return flat


def _tidy(x: float) -> float:
    """Whole numbers without a decimal point, others with two decimals."""
    return int(x) if float(x).is_integer() else round(x, 2)


def _feature(code: str, coordinates: list[Any]) -> dict[str, Any]:
    if len(coordinates) == 1:
        geometry = {"type": "Polygon", "coordinates": coordinates[0]}
    else:
        geometry = {"type": "MultiPolygon", "coordinates": coordinates}
    return {"type": "Feature", "code": code, "geometry": geometry}


def _line(line: Ring) -> dict[str, Any]:
    points = [[round(x / _KM), round(y / _KM)] for x, y in line.tolist()]
    return {"type": "Feature", "geometry": {"type": "LineString", "coordinates": points}}


def _name(region: Region, at: Point, unit: float) -> dict[str, Any]:
    return {"code": region.code, "x": _tidy(round(at[0] / unit, 2)),
            "y": _tidy(round(at[1] / unit, 2))}  # fmt: skip


def _insets(
    layer: Layer, names: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Enlarged copies, from the lower right corner upwards; their names are appended to `names`."""
    x0, low, x1, _ = layer.bounds
    width = x1 - x0
    size, right = _SIZE * width, x1 + _ROOM * width
    features, frames = [], []
    for name, around in reversed(INSETS):
        inside = [r for r in layer.regions if r.inset == name]
        if not inside:
            continue
        box, corner = _square(inside, around), (right - size, low)
        zoom = size / (box[2] - box[0])
        for region in layer.regions:
            cut = _clipped(region.polygons, box)
            if cut:
                moved = [[_moved(c, box, corner, zoom)] for c in cut]
                features.append(_feature(region.code, moved))
        frames.append(_frame(corner, size))
        for region in inside:
            x, y = region.label_at
            at = (corner[0] + (x - box[0]) * zoom, corner[1] + (y - box[1]) * zoom)
            names.append({**_name(region, at, _KM), "inset": 1})
        low += size + _GAP * width
    return features, frames


def _square(regions: list[Region], around: float) -> Box:
    boxes = [r.bounds for r in regions] + [(*r.label_at, *r.label_at) for r in regions]
    x0, y0 = min(b[0] for b in boxes), min(b[1] for b in boxes)
    x1, y1 = max(b[2] for b in boxes), max(b[3] for b in boxes)
    half = max(x1 - x0, y1 - y0) * (0.5 + around)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return x - half, y - half, x + half, y + half


def _moved(ring: list[Point], box: Box, corner: Point, zoom: float) -> list[list[float]]:
    points: list[list[float]] = []
    for x, y in ring:
        moved = (corner[0] + (x - box[0]) * zoom, corner[1] + (y - box[1]) * zoom)
        points.append([round(v / _KM) for v in moved])
    return [*points, points[0]] if points[0] != points[-1] else points


def _frame(corner: Point, size: float) -> dict[str, Any]:
    x, y = (round(v / _KM) for v in corner)
    s = round(size / _KM)
    ring = [[x, y], [x, y + s], [x + s, y + s], [x + s, y], [x, y]]
    return {"type": "Feature", "geometry": {"type": "LineString", "coordinates": ring}}


def _clipped(polygons: Iterable[Polygon], box: Box) -> list[list[Point]]:
    """The outer rings cut at the box, side by side (Sutherland and Hodgman 1974).

    A concave ring can leave a seam of no width along the box: under the frame, not to be seen.
    Holes are left out: inside an inset what fills them is drawn over it.
    """
    out = []
    for polygon in polygons:
        ring: list[Point] = [(x, y) for x, y in polygon[0].tolist()]
        for axis, bound, sign in ((0, box[0], 1), (0, box[2], -1), (1, box[1], 1), (1, box[3], -1)):
            ring = _cut(ring, axis, bound, sign)
        if len(ring) > 2:
            out.append(ring)
    return out


def _cut(ring: list[Point], axis: int, bound: float, sign: int) -> list[Point]:
    kept: list[Point] = []
    for i, here in enumerate(ring):
        before = ring[i - 1]
        is_in, was_in = (sign * (p[axis] - bound) >= 0 for p in (here, before))
        if is_in != was_in:
            part = (bound - before[axis]) / (here[axis] - before[axis])
            kept.append(
                (before[0] + part * (here[0] - before[0]), before[1] + part * (here[1] - before[1]))
            )
        if is_in:
            kept.append(here)
    return kept
