"""A user's file: every fault of its codes is named, nothing is matched by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from provexpo.errors import CallError, DecodeError, JoinError
from provexpo.maps.boundaries import load_boundaries
from provexpo.maps.choropleth import choropleth
from provexpo.resources import shape
from provexpo.result import Result


@pytest.fixture
def own() -> gpd.GeoDataFrame:
    frame = gpd.read_file(shape("provinces_web.geojson"))
    return frame[frame["group"] == "province"][["code", "geometry"]].reset_index(drop=True)


@pytest.mark.parametrize("ending", ["geojson", "shp", "gpkg"])
def test_reads_the_three_formats(own: gpd.GeoDataFrame, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"自有 边界.{ending}"
    own.to_file(path)
    layer = load_boundaries(path, source="My atlas", approval="GS(2024)0650")
    assert len(layer.regions) == 31
    assert (layer.source, layer.approval) == ("My atlas", "GS(2024)0650")


def test_built_in_is_projected_to_albers() -> None:
    """105 E is the central meridian, so Chongqing (106-110 E) lies just east of x = 0."""
    layer = load_boundaries()
    assert len(layer.regions) == 34 and layer.source is None
    x0, y0, x1, y1 = next(r.bounds for r in layer.regions if r.code == "50")
    assert 0 < x0 < x1 < 600_000
    x0, y0, x1, y1 = layer.bounds
    assert 3_900_000 < y1 - y0 < 4_300_000


def test_integer_codes_become_text(own: gpd.GeoDataFrame, tmp_path: Path) -> None:
    own["code"] = own["code"].astype(int)
    own.to_file(tmp_path / "x.geojson")
    assert "44" in {r.code for r in load_boundaries(tmp_path / "x.geojson").regions}


def test_any_projection_is_understood(own: gpd.GeoDataFrame, tmp_path: Path) -> None:
    own.to_crs("EPSG:3857").to_file(tmp_path / "mercator.gpkg")
    built_in = {r.code: r.bounds for r in load_boundaries(layer="web").regions}
    for region in load_boundaries(tmp_path / "mercator.gpkg").regions:
        assert region.bounds == pytest.approx(built_in[region.code], abs=50)


def test_all_faults_are_named_in_one_error(own: gpd.GeoDataFrame, tmp_path: Path) -> None:
    own.loc[own["code"] == "44", "code"] = "14"  # Guangdong missing, Shanxi twice
    own.loc[own["code"] == "65", "code"] = "650000"
    own.loc[own["code"] == "11", "code"] = None
    own.to_file(tmp_path / "x.geojson")
    with pytest.raises(JoinError) as caught:
        load_boundaries(tmp_path / "x.geojson")
    text = str(caught.value)
    assert "missing: 11 Beijing, 44 Guangdong, 65 Xinjiang" in text
    assert "there more than once: 14 Shanxi" in text
    assert "unknown: 650000" in text
    assert "1 features without a code" in text
    assert caught.value.do is not None and "names are never matched" in caught.value.do


def test_context_lines_are_drawn_and_not_joined(
    own: gpd.GeoDataFrame,
    tmp_path: Path,
    result: Callable[..., Result],
    shares: dict[str, float],
) -> None:
    own["group"] = "province"
    line = shapely.LineString([(110, 8), (112, 5), (115, 4)])
    own.loc[len(own)] = [None, line, "context"]
    own.to_file(tmp_path / "x.gpkg")
    layer = load_boundaries(tmp_path / "x.gpkg")
    assert len(layer.lines) == 1 and len(layer.regions) == 31
    assert layer.bounds[1] < 500_000  # the picture reaches down to 4 N
    picture = choropleth(
        result("dependence", "share", shares),
        boundaries=tmp_path / "x.gpkg",
        boundary_source="My atlas",
        approval="GS(2024)0650",
    )
    svg = picture.to_svg()
    assert "Boundaries: My atlas, map approval no. GS(2024)0650" in svg
    assert "Natural Earth" not in svg
    assert picture.audit.n_regions == 31


def test_missing_code_column_lists_the_columns(own: gpd.GeoDataFrame, tmp_path: Path) -> None:
    own.rename(columns={"code": "adcode"}).to_file(tmp_path / "x.geojson")
    with pytest.raises(JoinError, match="its columns: adcode"):
        load_boundaries(tmp_path / "x.geojson")


def test_coordinates_without_a_system_must_be_degrees(
    own: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    own.to_crs("EPSG:3857").to_file(tmp_path / "x.shp")
    (tmp_path / "x.prj").unlink()
    with pytest.raises(JoinError, match="are not degrees") as caught:
        load_boundaries(tmp_path / "x.shp")
    assert caught.value.do is not None and ".prj" in caught.value.do


def test_what_is_no_geodata_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.geojson").write_text("<html>please log in</html>", encoding="utf-8")
    with pytest.raises(DecodeError, match=r"cannot read x\.geojson"):
        load_boundaries(tmp_path / "x.geojson")
    with pytest.raises(DecodeError, match="no such file"):
        load_boundaries(tmp_path / "y.geojson")


def test_approval_needs_a_file() -> None:
    with pytest.raises(CallError, match="describe a file of your own"):
        load_boundaries(None, approval="GS(2024)0650")
