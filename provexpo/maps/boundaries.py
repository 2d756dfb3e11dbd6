"""Boundaries: the built-in layer or a user's file, audited and projected. Keeper of geopandas.

Nothing of geopandas leaves this file; what it hands on are plain outlines in Albers metres.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyogrio.errors import DataSourceError

from provexpo.errors import CallError, DecodeError, JoinError
from provexpo.maps.regions import (
    CONTEXT,
    NO_DATA,
    Layer,
    Polygon,
    Region,
    Ring,
    label_points,
    places,
    province_codes,
)
from provexpo.resources import shape
from provexpo.result import Result

ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105"
DEGREES = "EPSG:4326"
_WHERE = "boundaries="
_EXPECTED = (
    "GeoJSON, shapefile or GeoPackage with a text column `code`: the 31 two-digit province codes, "
    "each once; 71, 81 and 82 may be there; other features have group = context"
)


def load_boundaries(
    path: str | Path | None = None,
    *,
    source: str | None = None,
    approval: str | None = None,
    layer: str = "full",
) -> Layer:
    """The built-in regions, or those of a user's file, ready to draw.

    Parameters
    ----------
    path
        A file that geopandas reads, with a column `code`. None: the built-in layer.
    source, approval
        Whose boundaries the file holds, and its map approval number; both are printed.
    layer
        "full" or "web": the finer or the coarser of the built-in layers.

    Raises
    ------
    DecodeError
        The file cannot be read as geodata.
    JoinError
        A code is missing, there twice, unknown, or not text; a shape is empty.
    """
    if path is None:
        if source or approval:
            raise CallError(
                "boundary_source= and approval= describe a file of your own",
                where="boundary_source=, approval=",
                expected="boundaries= with the file they belong to",
                do="pass boundaries=, or leave both out",
            )
        return _built_in(layer)
    path = Path(path)
    frame = _with_codes(_read(path), path)
    return _layer(frame, source or f"{path.name} (source not stated)", approval)


def to_geo(result: Result) -> gpd.GeoDataFrame:
    """The rows of a result by province with the built-in shapes, in degrees (EPSG:4326).

    Every row keeps its place and its figures; a row whose code has no shape is an error.
    """
    if "province" not in result.frame.columns:
        raise JoinError(
            "this result has no column `province`",
            where="Result.to_geo()",
            expected="a result by province",
            do="call the metric with by='province'",
        )
    path = shape("provinces_full.geojson")
    shapes = _with_codes(_read(path), path)
    by_code = dict(zip(shapes["code"], shapes.geometry, strict=True))
    codes = result.frame["province"].to_list()
    if unknown := sorted({str(c) for c in codes if c not in by_code}):
        raise JoinError(
            f"{len(unknown)} codes have no shape: {', '.join(unknown)}",
            where="Result.to_geo()",
            expected="two-digit codes of the 31 provinces, such as 44",
        )
    columns = {name: result.frame[name].to_list() for name in result.frame.columns}
    return gpd.GeoDataFrame(columns, geometry=[by_code[c] for c in codes], crs=DEGREES)


@cache
def _built_in(layer: str) -> Layer:
    path = shape(f"provinces_{layer}.geojson")
    return _layer(_with_codes(_read(path), path), None, None)


def _read(path: Path) -> gpd.GeoDataFrame:
    if not path.exists():
        raise DecodeError(f"no such file: {path}", where=_WHERE, expected=_EXPECTED)
    try:
        frame = gpd.read_file(path)
    except (DataSourceError, ValueError) as err:
        raise DecodeError(
            f"cannot read {path.name} as boundaries: {err}", where=_WHERE, expected=_EXPECTED
        ) from err
    if not isinstance(frame, gpd.GeoDataFrame):
        raise DecodeError(f"{path.name} holds no shapes", where=_WHERE, expected=_EXPECTED)
    return _in_degrees(frame, path)


def _in_degrees(frame: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    """A file without a reference system is taken as degrees only if its numbers can be degrees."""
    if frame.crs is not None:
        return frame.to_crs(DEGREES)
    x0, y0, x1, y1 = frame.total_bounds
    if not (x0 >= -180 and x1 <= 180 and y0 >= -90 and y1 <= 90):
        raise JoinError(
            f"{path.name} does not say which coordinates it uses, and they are not degrees",
            where=_WHERE,
            expected="a file with its coordinate reference system (a .prj beside a shapefile)",
            do="add the .prj, or convert the file to GeoJSON in longitude and latitude",
        )
    return frame.set_crs(DEGREES)


def _with_codes(frame: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    """The frame with the columns code (text) and group; every fault of the codes in one error."""
    frame = frame.rename(columns={c: c.lower() for c in frame.columns if c != frame.geometry.name})
    if "code" not in frame.columns:
        raise JoinError(
            f"{path.name} has no column `code`; its columns: {', '.join(map(str, frame.columns))}",
            where=_WHERE,
            expected=_EXPECTED,
            do="rename the column with the two-digit codes to code",
        )
    group = frame["group"] if "group" in frame.columns else [None] * len(frame)
    frame["group"] = [CONTEXT if g == CONTEXT else "" for g in group]
    frame["code"] = [_text(code) for code in frame["code"]]
    if faults := _faults(frame):
        raise JoinError(
            f"the boundaries in {path.name} cannot be joined: " + "; ".join(faults),
            where=_WHERE,
            expected=_EXPECTED,
            do="correct the column `code`; names are never matched",
        )
    return frame


def _text(code: Any) -> str:
    """A code as text; 11 from a column of integers is 11, anything odd stays visible."""
    if code is None or code != code:
        return ""
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    return str(code).strip()


def _faults(frame: gpd.GeoDataFrame) -> list[str]:
    joined = frame[frame["group"] != CONTEXT]
    count = Counter(joined["code"])
    missing = [c for c in province_codes() if c not in count]
    twice = [c for c, n in sorted(count.items()) if n > 1 and c]
    unknown = sorted(c for c in count if c and c not in places())
    empty = [
        c for c, g in zip(joined["code"], joined.geometry, strict=True) if g is None or g.is_empty
    ]
    flat = [
        c
        for c, g in zip(joined["code"], joined.geometry, strict=True)
        if c not in empty and not len(_polygon_parts(g))
    ]
    names = {code: place.name_en for code, place in places().items()}
    listed = (
        ("missing", [f"{c} {names[c]}" for c in missing]),
        ("there more than once", [f"{c} {names.get(c, '')}".strip() for c in twice]),
        ("unknown", unknown),
        ("without a shape", empty),
        ("not an area", flat),
    )
    faults = [f"{what}: {', '.join(codes)}" for what, codes in listed if codes]
    if count.get(""):
        faults.append(f"{count['']} features without a code")
    return faults


def _layer(frame: gpd.GeoDataFrame, source: str | None, approval: str | None) -> Layer:
    flat = frame.to_crs(ALBERS)
    context = (flat["group"] == CONTEXT).to_numpy()
    joined = flat[~context].sort_values("code")
    at = _label_positions()
    regions = []
    for code, geometry in zip(joined["code"], joined.geometry, strict=True):
        place, point = places()[code], label_points()[code]
        label = at[code]
        if place.group != NO_DATA and not point.inset and not geometry.contains(_point(label)):
            inside = geometry.representative_point()
            label = (inside.x, inside.y)
        names = (place.name_en, place.name_zh)
        regions.append(Region(code, *names, place.group, _polygons(geometry), label, point.inset))
    outline = _polygons(shapely.union_all(shapely.make_valid(joined.geometry.to_numpy())))
    lines = tuple(ring for g in flat[context].geometry for ring in _lines(g))
    return Layer(tuple(regions), outline, lines, source, approval)


def _point(xy: tuple[float, float]) -> Any:
    return shapely.Point(*xy)


def _label_positions() -> dict[str, tuple[float, float]]:
    points = label_points()
    series = gpd.GeoSeries([shapely.Point(p.lon, p.lat) for p in points.values()], crs=DEGREES)
    return {c: (p.x, p.y) for c, p in zip(points, series.to_crs(ALBERS), strict=True)}


def _polygon_parts(geometry: Any) -> list[Any]:
    """The polygons of any shape, also of a mixed collection."""
    parts = shapely.get_parts(geometry)
    if len(parts) == 1 and parts[0].geom_type == "Polygon":
        return list(parts)
    return [p for part in parts for p in shapely.get_parts(part) if p.geom_type == "Polygon"]


def _polygons(geometry: Any) -> tuple[Polygon, ...]:
    return tuple(
        tuple(np.asarray(ring.coords)[:, :2] for ring in (p.exterior, *p.interiors))
        for p in _polygon_parts(geometry)
    )


def _lines(geometry: Any) -> list[Ring]:
    """Lines as they are, areas by their rings, points not at all."""
    found: list[Ring] = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon":
            found += [np.asarray(r.coords)[:, :2] for r in (part.exterior, *part.interiors)]
        elif part.geom_type in ("LineString", "LinearRing"):
            found.append(np.asarray(part.coords)[:, :2])
    return found
