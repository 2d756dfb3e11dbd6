"""The map in the page tells the truth: each shape has the colour of its class, or none."""

from __future__ import annotations

import re

import polars as pl
import pytest

from provexpo.briefing.charts.dashboard import dashboard
from provexpo.briefing.charts.draw import scene
from provexpo.briefing.figures import Ask, Figures
from provexpo.maps.choropleth import choropleth
from provexpo.maps.regions import places, province_codes
from provexpo.maps.style import HATCH_COLOUR, NO_DATA_FILL, UNDEFINED_FILL
from provexpo.periods import Window
from provexpo.result import Receipt, Result

YLGNBU = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
# Exactly at each break, just below it, zero, and the three kinds of no figure.
PLANTED = {
    "11": (0.05, "ok"), "12": (0.049999999, "ok"), "13": (0.10, "ok"), "14": (0.099999999, "ok"),
    "15": (0.15, "ok"), "21": (0.149999999, "ok"), "22": (0.20, "ok"), "23": (0.199999999, "ok"),
    "31": (0.0, "ok"), "44": (0.9, "small_base"), "54": (None, "missing"), "63": (None, "none"),
    "62": (0.12, "missing"),
}  # fmt: skip
ABSENT = "46"  # no row at all


def share_of(code: str) -> tuple[float | None, str]:
    return PLANTED.get(code, (int(code) / 300, "ok"))


def expected(code: str) -> str:
    """The colour by plain comparison, without the library's classes."""
    if code in ("71", "81", "82", ABSENT):
        return NO_DATA_FILL
    share, status = share_of(code)
    if status == "missing":
        return NO_DATA_FILL
    if share is None:
        return UNDEFINED_FILL
    return YLGNBU[sum(share >= b for b in (0.05, 0.10, 0.15, 0.20))]


def planted_shares(lang: str = "en") -> Result:
    rows = [
        {"province": c, "province_name": places()[c].name(lang), "value": 10**9,
         "base_value": 10**9, "total": 10**10, "base_total": 10**10, "share": share_of(c)[0],
         "base_share": 0.1, "delta_share_pp": 0.0, "share_ex98": None, "lq": 1.0,
         "national_share": 0.03, "rank": 1, "status": share_of(c)[1], "reason": None,
         "small_base": share_of(c)[1] == "small_base", "lny_flag": False}
        for c in province_codes() if c != ABSENT
    ]  # fmt: skip
    frame = pl.DataFrame(rows, infer_schema_length=None)
    fractions = ("share", "base_share", "share_ex98", "national_share")
    units = {c: "fraction" if c in fractions else "text" for c in frame.columns}
    units |= dict.fromkeys(("value", "base_value", "total", "base_total"), "USD")
    receipt = Receipt(
        store="desk", load=1, as_of=None, illustrative=False, metric="dependence",
        call={"partner": "US"}, tables={"export": "CHN:gacc_query:province"}, vintages=None,
        currency="USD", window="2025-01/2025-07", base_window="2024-01/2024-07", scope=(),
        sql="", params={}, method="1.1", provexpo="0.1.0",
    )  # fmt: skip
    return Result(frame, units, receipt, title="Dependence", lang=lang)


def figures(lang: str = "en") -> Figures:
    ask = Ask("US", Window(202501, 202507), Window(202401, 202407), "export", "CHN", lang)
    nothing = dict.fromkeys(
        ("changes", "totals", "nation_shares", "nation_changes", "nation_totals")
    )
    return Figures(
        ask=ask, shares=planted_shares(lang), coverage=(), checks=(), why={}, **nothing
    )  # fmt: skip


@pytest.fixture(scope="module")
def charts():
    return dashboard(figures())


def group(svg: str, name: str) -> list[dict[str, str]]:
    """The paths of one mark of a picture, as their attributes."""
    start = svg.index(f"{name}_marks")
    end = svg.index("</g>", start)
    return [
        dict(re.findall(r'([\w-]+)="([^"]*)"', path))
        for path in re.findall(r"<path ([^>]*)>", svg[start:end])
    ]


@pytest.mark.parametrize("panel", ["map", "tiles"])
def test_each_of_the_34_shapes_has_the_colour_of_its_class(charts, panel) -> None:
    svg = charts.svg(panel)
    base = group(svg, f"{panel}_base")
    geo = charts.spec["datasets"]["geo" if panel == "map" else "squares"]
    codes = [feature["code"] for feature in geo]
    assert len(base) == len(codes) == len(set(codes)) == 34
    # Every region is there, dashed and grey; those with a figure are drawn over it.
    for shape in base:
        assert (shape["fill"], shape["stroke"]) == (NO_DATA_FILL, HATCH_COLOUR)
        assert shape["stroke-dasharray"] == "2,2"
    code_at = {shape["d"]: code for shape, code in zip(base, codes, strict=True)}
    assert len(code_at) == 34
    seen = dict.fromkeys(codes, NO_DATA_FILL)
    for mark in (f"{panel}_undefined", f"{panel}_pick"):
        for shape in group(svg, mark):
            code = code_at[shape["d"]]
            assert seen[code] == NO_DATA_FILL, f"{code} is drawn twice"
            assert "stroke-dasharray" not in shape
            seen[code] = shape["fill"]
    assert seen == {code: expected(code) for code in codes}


def items(node: dict, name: str) -> list[dict]:
    """The items of one mark of a scene graph."""
    if node.get("name") == f"{name}_marks":
        return node["items"]
    return [x for child in node.get("items", ()) for x in items(child, name)]


def test_the_scene_that_vega_draws_has_the_same_colours(charts) -> None:
    root = scene(charts.panel("map"))
    root = root.get("scenegraph", root)
    base, drawn = items(root, "map_base"), items(root, "map_pick")
    codes = [feature["code"] for feature in charts.spec["datasets"]["geo"]]
    held = [c for c in codes if expected(c) not in (NO_DATA_FILL, UNDEFINED_FILL)]
    assert len(base) == 34
    assert {(x["fill"], tuple(x["strokeDash"])) for x in base} == {(NO_DATA_FILL, (2, 2))}
    assert [x["fill"] for x in drawn] == [expected(c) for c in held]
    assert len(items(root, "map_undefined")) == 1


def test_the_printed_map_has_the_same_classes() -> None:
    svg = choropleth(planted_shares(), column="share").to_svg()
    for code in places():
        shape = re.search(rf'id="[^"]*region-{code}">\s*<path[^>]*?style="([^"]*)"', svg)
        assert shape is not None, code
        fill = re.search(r"fill: (#\w+|url\([^)]*\))", shape[1])
        want = expected(code)
        if want == NO_DATA_FILL:  # hatched: never a plain colour of a class
            assert fill is not None and fill[1] not in YLGNBU, code
        else:
            assert fill is not None and fill[1] == want, code


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_ranking_lists_every_province_and_draws_no_bar_where_there_is_no_figure(lang) -> None:
    made = dashboard(figures(lang))
    bars = [r for r in made.spec["datasets"]["ranking"] if r["share"] is not None]
    svg = made.svg("ranking")
    assert len(made.spec["datasets"]["ranking"]) == 30
    assert [r["share"] for r in bars] == sorted((r["share"] for r in bars), reverse=True)
    assert ("无数据" if lang == "zh" else "n/a") in svg
    assert not re.search(r"NaN|>undefined|>null", svg)


def test_a_map_of_other_regions_is_left_out_and_not_drawn_wrong() -> None:
    from dataclasses import replace

    one = figures()
    frame = one.shares.frame.with_columns(pl.lit("X").add(pl.col("province")).alias("province"))
    made = dashboard(replace(one, shares=replace(one.shares, frame=frame)))
    assert "map" not in made.panels and "tiles" not in made.panels
    assert "ranking" in made.panels


def test_without_shares_there_is_no_dashboard() -> None:
    from dataclasses import replace

    empty = replace(figures(), shares=None, changes=planted_shares())
    assert dashboard(empty) is None


def test_markup_in_a_name_stays_text() -> None:
    from dataclasses import replace

    from provexpo.briefing.charts.live import live

    one = figures()
    evil = "</script><img src=x onerror=alert(1)>'\"\\"
    named = pl.when(pl.col("province") == "44").then(pl.lit(evil)).otherwise("province_name")
    frame = one.shares.frame.with_columns(named.alias("province_name"))
    made = dashboard(replace(one, shares=replace(one.shares, frame=frame)))
    assert "<" not in live(made.spec).data
    assert "<img" not in made.svg("ranking")
