"""`Result.chart()`: the form that fits, units and language right, missing drawn as missing."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import DrawError, JoinError

WINDOW = "2025-01/2025-07"


@pytest.fixture(scope="module")
def trade():
    return pe.sample()


@pytest.fixture(scope="module")
def shares(trade):
    return pe.dependence(trade, partner="US", during=WINDOW)


def marks(chart) -> list[str]:
    spec = chart.to_dict()
    return [layer["mark"]["type"] for layer in spec["layer"]]


def values(chart) -> list[dict]:
    spec = chart.to_dict()
    held = spec["layer"][0].get("data") or spec["data"]
    return held["values"] if "values" in held else spec["datasets"][held["name"]]


def test_one_key_gives_bars_largest_first_with_the_colours_of_the_map(shares) -> None:
    chart = shares.chart()
    assert marks(chart)[:2] == ["bar", "text"]
    rows = values(chart)
    want = sorted(shares.frame["share"].to_list(), reverse=True)
    assert [r["raw"] for r in rows] == want
    assert [r["v"] for r in rows] == pytest.approx([100 * x for x in want])
    fills = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
    for row in rows:
        assert row["fill"] == fills[sum(row["raw"] >= b for b in (0.05, 0.1, 0.15, 0.2))]


def test_a_missing_row_has_no_bar_and_says_why(shares) -> None:
    gone = pl.col("province") == "44"
    frame = shares.frame.with_columns(
        pl.when(gone).then(pl.lit("missing")).otherwise("status").alias("status"),
        pl.when(gone).then(pl.lit("uncovered")).otherwise("reason").alias("reason"),
    )
    chart = replace(shares, frame=frame).chart()
    row = values(chart)[-1]
    assert row["province"] == "Guangdong" and row["v"] is None  # the half-known share is not drawn
    assert row["text"].startswith("missing")
    assert "no data: 1" in chart.to_dict()["title"]["subtitle"]


def test_a_key_of_time_gives_a_line_and_a_gap_where_a_month_is_missing(trade) -> None:
    result = pe.value(trade, partner="US", during="2024-08/2025-07", by="month")
    frame = result.frame.with_columns(
        pl.when(pl.col("month") == "2025-03").then(pl.lit("missing")).otherwise("status")
        .alias("status")
    )  # fmt: skip
    chart = replace(result, frame=frame).chart(column="value")
    assert marks(chart)[:2] == ["line", "circle"]
    rows = values(chart)
    assert [r["month"] for r in rows] == sorted(result.frame["month"].to_list())
    assert [r["month"] for r in rows if r["v"] is None] == ["2025-03"]
    assert "USD bn" in str(chart.to_dict()["layer"][0]["encoding"]["y"]["title"])


def test_two_keys_give_a_table_of_colours_with_grey_under_what_is_missing(trade) -> None:
    result = pe.growth(trade, partner="US", during=WINDOW, by=["province", "sector"])
    chart = result.chart()
    assert marks(chart)[:3] == ["rect", "rect", "text"]
    spec = chart.to_dict()
    assert spec["layer"][1]["encoding"]["color"]["scale"]["domain"] == [
        -0.3, -0.15, -0.02, 0.02, 0.15, 0.3,
    ]  # fmt: skip


def test_points_of_a_relation_give_a_scatter_with_its_line(trade) -> None:
    result = pe.exposure_response(trade, partner="US", during=WINDOW)
    chart = result.chart()
    assert marks(chart)[:3] == ["line", "circle", "text"]
    rows = values_of(chart, 1)
    assert len(rows) == 31
    assert sorted(r["y"] for r in rows) == sorted(result.points["dhs"].to_list())


def values_of(chart, layer: int) -> list[dict]:
    spec = chart.to_dict()
    held = spec["layer"][layer]["data"]
    return held["values"] if "values" in held else spec["datasets"][held["name"]]


def test_it_speaks_chinese(trade) -> None:
    result = pe.growth(trade, partner="US", during=WINDOW, lang="zh")
    spec = result.chart(column="change").to_dict()
    assert "美元" in str(spec["layer"][0]["encoding"]["x"]["title"])
    assert {r["province"] for r in values(result.chart())} == set(result.frame["province_name"])
    assert "示例数据" in str(spec)


def test_it_is_the_same_every_time(shares) -> None:
    assert shares.chart().to_json() == shares.chart().to_json()


def test_what_cannot_be_drawn_is_a_clear_error(trade, shares) -> None:
    with pytest.raises(DrawError, match="one row"):
        pe.dependence(trade, partner="US", during=WINDOW, by=[]).chart()
    with pytest.raises(DrawError, match="no column of numbers 'status'"):
        shares.chart(column="status")
    with pytest.raises(DrawError, match="no rows"):
        replace(shares, frame=shares.frame.head(0)).chart()


def test_to_geo_gives_each_row_its_own_shape(shares) -> None:
    geo = shares.to_geo()
    assert list(geo["province"]) == shares.frame["province"].to_list()
    assert list(geo["share"]) == shares.frame["share"].to_list()
    assert geo.crs.to_epsg() == 4326
    at = dict(zip(geo["province"], geo.geometry, strict=True))
    for code, lon, lat in (("44", 113.3, 23.4), ("65", 86.0, 42.0), ("11", 116.4, 40.0)):
        from shapely import Point

        holding = [c for c, shape in at.items() if shape.contains(Point(lon, lat))]
        assert holding == [code]


def test_to_geo_refuses_what_is_not_by_province(trade) -> None:
    with pytest.raises(JoinError, match="province"):
        pe.growth(trade, during=WINDOW, by="partner").to_geo()
