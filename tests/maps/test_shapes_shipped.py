"""The shipped boundaries, measured again from the files themselves."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pytest
import shapely

from provexpo.resources import shape

ROOT = Path(__file__).parents[2]
ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105"
LAYERS = ("provinces_full.geojson", "provinces_web.geojson")
NO_DATA = {"71", "81", "82"}
# GB/T 2260, first two digits.
GB2260 = set("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65".split())  # fmt: skip  # noqa: E501, SIM905
# Official areas in 1,000 km2; without Tibet and Ningxia, where boundaries and yearbooks are known
# to differ, and without Hong Kong and Macao, where the simplification counts.
OFFICIAL = {
    "11": 16.4, "12": 11.9, "13": 188.4, "15": 1183.0, "32": 102.6, "33": 101.8, "35": 124.0,
    "44": 179.7, "46": 35.4, "51": 486.0, "53": 394.1, "62": 425.8, "63": 722.3, "65": 1664.9,
}  # fmt: skip


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> gpd.GeoDataFrame:
    return gpd.read_file(shape(request.param))


def test_has_each_region_once(layer: gpd.GeoDataFrame) -> None:
    assert len(layer) == 34
    assert set(layer["code"]) == GB2260 | NO_DATA
    assert set(layer.loc[layer["group"] == "no_data", "code"]) == NO_DATA
    assert all(isinstance(code, str) for code in layer["code"])


def test_is_a_clean_coverage(layer: gpd.GeoDataFrame) -> None:
    shapes = layer.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    flat = layer.to_crs(ALBERS).geometry.to_numpy()
    twice = shapely.area(flat).sum() - shapely.area(shapely.union_all(flat))
    assert abs(twice) < 1.0  # square metres
    whole = shapely.get_parts(shapely.union_all(shapes))
    assert shapely.get_num_interior_rings(whole).sum() == 0


def test_areas_are_those_of_the_yearbooks(layer: gpd.GeoDataFrame) -> None:
    flat = layer.to_crs(ALBERS).set_index("code").area / 1e9
    errors = {code: flat[code] / area - 1 for code, area in OFFICIAL.items()}
    assert max(abs(e) for e in errors.values()) < 0.05, errors
    assert float(np.median([abs(e) for e in errors.values()])) < 0.025


@pytest.mark.parametrize(
    ("name", "decimals", "at_least", "at_most"),
    [(LAYERS[0], 4, 230_000, 255_000), (LAYERS[1], 3, 50_000, 65_000)],
)
def test_size_and_decimals(name: str, decimals: int, at_least: int, at_most: int) -> None:
    assert at_least <= shape(name).stat().st_size <= at_most
    text = shape(name).read_text(encoding="utf-8")
    assert max(len(d) for d in re.findall(r"\d\.(\d+)", text)) == decimals


def test_macao_is_kept_apart_from_guangdong(layer: gpd.GeoDataFrame) -> None:
    flat = layer.to_crs(ALBERS).set_index("code").geometry
    assert flat["82"].distance(flat["44"]) > 0
    assert flat["82"].area > 20e6


def test_names_agree_with_the_tile_grid() -> None:
    with shape("tile_grid.csv").open(encoding="utf-8", newline="") as file:
        tiles = {row["code"]: row for row in csv.DictReader(file)}
    for name in LAYERS:
        for item in json.loads(shape(name).read_text(encoding="utf-8"))["features"]:
            row = tiles[item["properties"]["code"]]
            for key in ("iso_3166_2", "name_en", "name_zh", "group"):
                assert item["properties"][key] == row[key]
    assert len({(row["row"], row["col"]) for row in tiles.values()}) == 34
    assert tiles["14"]["name_en"] == "Shanxi" and tiles["61"]["name_en"] == "Shaanxi"


def test_label_points_lie_in_their_regions() -> None:
    with shape("label_points.csv").open(encoding="utf-8", newline="") as file:
        points = {row["code"]: row for row in csv.DictReader(file)}
    shapes = gpd.read_file(shape(LAYERS[0])).set_index("code").geometry
    assert set(points) == set(shapes.index)
    outside = [
        code
        for code, p in points.items()
        if code not in ("81", "82")
        and not shapes[code].contains(shapely.Point(float(p["lon"]), float(p["lat"])))
    ]
    assert outside == []  # the names of Hong Kong and Macao stand in the sea beside them


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "build_shapes", ROOT / "scripts" / "build_shapes.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_shapes"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def source() -> Path:
    folder = os.environ.get("PROVEXPO_SHAPE_SOURCE", str(ROOT.parent / "shared" / "shapes"))
    path = Path(folder) / "source_ne10m_china.geojson"
    if not path.exists():
        pytest.skip("the Natural Earth extract is not here; set PROVEXPO_SHAPE_SOURCE")
    return path


def test_built_again_gives_the_same_bytes(script: ModuleType, source: Path) -> None:
    built_with = re.search(r"GEOS (\d+\.\d+)", shape("SOURCES.md").read_text(encoding="utf-8"))
    assert built_with is not None
    if built_with[1] != shapely.geos_version_string.rsplit(".", 1)[0]:
        pytest.skip(f"shapes/ was built with GEOS {built_with[1]}, here is another")
    files, _ = script.build(source)
    for name in LAYERS:
        assert files[name].encode() == shape(name).read_bytes(), name


@pytest.mark.parametrize(
    ("name", "median", "shanghai", "hong_kong"),
    [(LAYERS[0], 0.9945, 0.981, 0.84), (LAYERS[1], 0.975, 0.881, 0.65)],
)
def test_keeps_enough_of_the_source(
    source: Path, name: str, median: float, shanghai: float, hong_kong: float
) -> None:
    drawn = gpd.read_file(shape(name)).to_crs(ALBERS).set_index("code").geometry
    true = gpd.read_file(source).dropna(subset="code").to_crs(ALBERS).set_index("code").geometry
    iou = {
        c: drawn[c].intersection(true[c]).area / drawn[c].union(true[c]).area for c in drawn.index
    }
    assert np.median([v for c, v in iou.items() if c not in NO_DATA]) >= median
    assert iou["31"] >= shanghai
    assert iou["81"] >= hong_kong


def test_the_script_refuses_a_broken_coverage(script: ModuleType) -> None:
    left, right = shapely.box(100, 30, 101, 31), shapely.box(100.5, 30, 102, 31)
    assert script.faults(np.array([left, right]))
    ring = shapely.box(100, 30, 103, 33).difference(shapely.box(101, 31, 102, 32))
    assert script.faults(np.array([ring])) == ["1 holes between regions"]
