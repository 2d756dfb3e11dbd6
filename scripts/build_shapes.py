"""Build the province layers in `shapes/` from a Natural Earth extract.

    python scripts/build_shapes.py SOURCE.geojson [--out shapes]

The source is GeoJSON in longitude and latitude with the columns code, iso_3166_2, name_en and
name_zh; rows without a code (the Paracel Islands) are left out. The same source gives the same
bytes. Every check of the finished layer runs before anything is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105"
PROPERTIES = ("code", "iso_3166_2", "name_en", "name_zh")
GUANGDONG, TAIWAN, HONG_KONG, MACAO = "44", "71", "81", "82"
NO_DATA = (TAIWAN, HONG_KONG, MACAO)
# Macao is smaller than the tolerance of either layer, so it keeps one of its own.
MACAO_TOLERANCE_M = 150.0
# Tolerance of an island as a part of the side of a square of its area.
ISLAND_DETAIL = 0.30


@dataclass(frozen=True)
class Layer:
    """How one file is made; islets below `min_part_km2` go, but no region loses its last part."""

    name: str
    decimals: int
    tolerance_m: float
    min_part_km2: float
    moat_m: float


# The moat is wider than the rounding step, so that rounding cannot make Macao touch Guangdong.
LAYERS = (
    Layer("provinces_full.geojson", 4, 2_540.0, 2.0, 30.0),
    Layer("provinces_web.geojson", 3, 10_600.0, 75.0, 300.0),
)


def read_source(path: Path) -> gpd.GeoDataFrame:
    """The regions with a code, by code, in Albers metres."""
    source = gpd.read_file(path)
    source = source[source["code"].notna()].sort_values("code").reset_index(drop=True)
    return source.to_crs(ALBERS)


def drop_islets(geometry: Any, min_km2: float) -> Any:
    parts = shapely.get_parts(geometry)
    areas = shapely.area(parts) / 1e6
    kept = parts[(areas >= min_km2) | (areas == areas.max())]
    return kept[0] if len(kept) == 1 else shapely.MultiPolygon(list(kept))


def with_islands(shapes: Any, tolerance_m: float) -> Any:
    """Mainland shapes simplified as one coverage; islands finer, each by its own size.

    At the tolerance of a province an island of 100 km2 would be a triangle.
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    left, right = shapely.STRtree(parts).query(parts, predicate="intersects")
    touching = np.isin(np.arange(len(parts)), left[left != right])
    simple = parts.copy()
    simple[touching] = shapely.coverage_simplify(parts[touching], tolerance_m)
    for i in np.flatnonzero(~touching):
        own = min(tolerance_m, ISLAND_DETAIL * float(np.sqrt(parts[i].area)))
        simple[i] = shapely.coverage_simplify(parts[i : i + 1], own)[0]
    return np.array(
        [shapely.union_all(simple[owner == i]) for i in range(len(shapes))], dtype=object
    )


def simplify(source: gpd.GeoDataFrame, layer: Layer) -> Any:
    """Simplified shapes in degrees, rounded; neighbours keep the same edge."""
    codes = source["code"].to_numpy()
    shapes = np.array([drop_islets(g, layer.min_part_km2) for g in source.geometry], dtype=object)
    shapes[codes == MACAO] = source.geometry[codes == MACAO]
    rest = codes != MACAO
    macao = shapely.coverage_simplify(shapes[~rest], MACAO_TOLERANCE_M)[0]
    shapes[rest] = with_islands(shapes[rest], layer.tolerance_m)
    shapes[~rest] = macao
    mainland = codes == GUANGDONG
    shapes[mainland] = shapely.difference(shapes[mainland], macao.buffer(layer.moat_m, quad_segs=1))
    degrees = gpd.GeoSeries(list(shapes), crs=ALBERS).to_crs("EPSG:4326")
    rounded = shapely.transform(degrees.to_numpy(), lambda xy: np.round(xy, layer.decimals))
    # Exterior rings clockwise, as d3 wants them; a fixed first vertex, for equal bytes.
    return shapely.orient_polygons(shapely.normalize(rounded), exterior_cw=True)


def in_albers(shapes: Any) -> Any:
    return gpd.GeoSeries(list(shapes), crs="EPSG:4326").to_crs(ALBERS).to_numpy()


def overlap_km2(albers: Any) -> float:
    """Area that two regions claim at once."""
    left, right = shapely.STRtree(albers).query(albers, predicate="intersects")
    pairs = left < right
    shared = shapely.intersection(albers[left[pairs]], albers[right[pairs]])
    return float(shapely.area(shared).sum() / 1e6)


def n_holes(shapes: Any) -> int:
    """Gaps inside the country that belong to no region."""
    whole = shapely.get_parts(shapely.union_all(shapes))
    return int(shapely.get_num_interior_rings(whole).sum())


def faults(shapes: Any) -> list[str]:
    """What is wrong with a layer, in words; empty when it is a clean coverage."""
    invalid = [shapely.is_valid_reason(s) for s in shapes if not shapely.is_valid(s)]
    if invalid:
        return [f"invalid shapes: {', '.join(invalid)}"]
    found = []
    if not shapely.coverage_is_valid(shapes):
        found.append("neighbours overlap or do not share their edges")
    if (overlap := overlap_km2(in_albers(shapes))) > 1e-6:
        found.append(f"regions overlap by {overlap:.6f} km2")
    if holes := n_holes(shapes):
        found.append(f"{holes} holes between regions")
    return found


def feature(row: Any, geometry: Any) -> dict[str, Any]:
    properties = {name: row[name] for name in PROPERTIES}
    properties["group"] = "no_data" if row["code"] in NO_DATA else "province"
    shape = shapely.geometry.mapping(geometry)
    return {"type": "Feature", "properties": properties, "geometry": shape}


def to_geojson(source: gpd.GeoDataFrame, shapes: Any) -> str:
    """One feature a line, so that a changed region is a changed line."""
    lines = [
        json.dumps(feature(row, shape), ensure_ascii=False, separators=(",", ":"))
        for (_, row), shape in zip(source.iterrows(), shapes, strict=True)
    ]
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"


def report(source: gpd.GeoDataFrame, shapes: Any, layer: Layer, text: str) -> str:
    """Bytes, vertices and how much of the source the layer keeps (intersection over union)."""
    drawn, true = in_albers(shapes), source.geometry.to_numpy()
    iou = shapely.area(shapely.intersection(drawn, true)) / shapely.area(shapely.union(drawn, true))
    by_code = dict(zip(source["code"], iou, strict=True))
    inland = [value for code, value in by_code.items() if code not in NO_DATA]
    named = {"Shanghai": "31", "Hong Kong": HONG_KONG, "Macao": MACAO}
    small = ", ".join(f"{name} {by_code[code]:.3f}" for name, code in named.items())
    return (
        f"{layer.name}: {len(text.encode()):,} bytes, "
        f"{int(shapely.get_num_coordinates(shapes).sum()):,} vertices, {len(shapes)} regions; "
        f"IoU median {np.median(inland):.4f} (31 provinces), {np.median(iou):.4f} (all); {small}"
    )


def build(source_path: Path) -> tuple[dict[str, str], list[str]]:
    """The text of every layer by file name, and a line of numbers for each."""
    source = read_source(source_path)
    files, lines = {}, []
    for layer in LAYERS:
        shapes = simplify(source, layer)
        if wrong := faults(shapes):
            raise SystemExit(f"{layer.name}: {'; '.join(wrong)}")
        files[layer.name] = to_geojson(source, shapes)
        lines.append(report(source, shapes, layer, files[layer.name]))
    return files, lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "shapes")
    options = parser.parse_args()
    files, lines = build(options.source)
    for name, text in files.items():
        (options.out / name).write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
