"""The linked figures of the page: complete, valid, light, the same bytes every time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace

import altair as alt
import polars as pl
import pytest

import provexpo as pe
from provexpo.briefing.charts import draw
from provexpo.briefing.charts.dashboard import dashboard
from provexpo.briefing.charts.geometry import shapes_of
from provexpo.briefing.charts.live import bundle, live
from provexpo.briefing.figures import Ask, evidence_of, gather
from provexpo.errors import DrawError
from provexpo.maps.boundaries import load_boundaries
from provexpo.periods import Window

PANELS = ("map", "tiles", "ranking", "scatter", "months", "sectors", "partners")
LANGS = ("en", "zh")


def figures(lang):
    trade = pe.sample()
    ask = Ask("US", Window(202501, 202507), Window(202401, 202407), "export", "CHN", lang)
    evidence = evidence_of(trade, lang)
    return gather(trade, ask, evidence, lambda step: None, ("exposure", "province"))


@pytest.fixture(scope="module")
def made():
    return {lang: figures(lang) for lang in LANGS}


@pytest.fixture(scope="module")
def charts(made):
    return {lang: dashboard(made[lang]) for lang in LANGS}


@pytest.fixture(scope="module")
def drawn(charts):
    """(language, panel) -> picture, each drawn once."""
    return {(lang, name): charts[lang].svg(name) for lang in LANGS for name in PANELS}


def rows(charts, name, code):
    """The rows of a province in a dataset of lists, as a reader of the panel sees them."""
    row = next(r for r in charts.spec["datasets"][name] if r["code"] == code)
    keys = [k for k in row if k != "code"]
    return [dict(zip(keys, values, strict=True)) for values in zip(*(row[k] for k in keys))]


@pytest.mark.parametrize("lang", LANGS)
def test_every_panel_is_there_and_the_whole_is_a_valid_specification(charts, lang) -> None:
    one = charts[lang]
    assert one.panels == PANELS
    for spec in (one.spec, one.one_column()) if lang == "en" else (one.spec,):
        # Checked against Vega-Lite's own schema; the rows, which it does not describe, take long.
        alt.Chart.from_dict({**spec, "datasets": {}, "usermeta": {}})
    for name in PANELS:
        assert set(one.panel(name)["datasets"]) <= set(one.spec["datasets"])


@pytest.mark.parametrize("lang", LANGS)
def test_pictures_are_the_same_bytes_every_time(made, charts, drawn, lang) -> None:
    again = dashboard(made[lang])
    assert json.dumps(again.spec) == json.dumps(charts[lang].spec)
    for name in PANELS:
        svg = drawn[lang, name]
        assert again.svg(name) == svg
        assert svg.startswith("<svg") and 'role="img"' in svg.split(">")[0]
        assert not re.search(r"NaN|>undefined|\[object|>null", svg)


@pytest.mark.parametrize("lang", LANGS)
def test_the_parts_of_the_page_stay_light(charts, drawn, lang) -> None:
    one = charts[lang]
    part = live(one.spec)
    assert len(part.data.encode()) < 215_000
    static = sum(len(drawn[lang, name].encode()) for name in PANELS if name != "tiles")
    assert static < 165_000
    assert sum(len(s.encode()) for s in part.scripts) < 920_000


def test_scripts_and_data_fit_a_policy_without_eval(charts) -> None:
    part = live(charts["en"].spec)
    assert part.kinds == ("module", "module")
    for script, named in zip(part.scripts, part.hashes, strict=True):
        digest = hashlib.sha256(script.encode()).digest()
        assert named == "sha256-" + base64.b64encode(digest).decode()
        assert "</script" not in script
    assert "<" not in part.data
    assert json.loads(part.data) == json.loads(json.dumps(charts["en"].spec))
    assert "ast: true" in part.scripts[1]
    assert "eval(" not in part.scripts[1]
    assert "fetch(" not in part.scripts[1] and "http" not in part.scripts[1]
    assert bundle() is bundle()


@pytest.mark.parametrize("lang", LANGS)
def test_no_picture_asks_the_network_for_anything(drawn, lang) -> None:
    for name in PANELS:
        addresses = set(re.findall(r"https?://[^\"' ]+", drawn[lang, name]))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_the_list_names_all_provinces_and_selects_the_first_of_the_ranking(made, charts) -> None:
    for lang in LANGS:
        one, param = charts[lang], charts[lang].spec["params"][0]
        frame = made[lang].shares.frame
        assert param["name"] == "prov"
        assert param["value"] == [{"code": made[lang].default_province}] == [{"code": one.province}]
        bind = param["bind"]["code"]
        assert set(bind["options"]) == set(frame["province"])
        names = dict(frame.select("province", "province_name").iter_rows())
        assert bind["labels"] == [names[c] for c in bind["options"]]
        assert set(one.spec["usermeta"]["says"]) == set(bind["options"])


def test_months_sectors_and_partners_are_those_of_the_metrics(made) -> None:
    one, held = dashboard(made["en"]), made["en"]
    for code in ("44", "54"):
        want = {
            r["month"]: r["value"] for r in held.months.frame.to_dicts() if r["province"] == code
        }
        every = {
            r["month"]: r["value"]
            for r in held.months_all.frame.to_dicts() if r["province"] == code
        }  # fmt: skip
        got = rows(one, "months", code)
        assert {r["m"]: r["v"] for r in got} == want
        assert {r["m"]: r["a"] for r in got} == every
        assert [r["m"] for r in got] == sorted(want)
        changes = sorted(
            r["change"] for r in held.sectors.frame.to_dicts()
            if r["province"] == code and r["change"] is not None and r["status"] != "none"
        )  # fmt: skip
        drawn = [r["v"] for r in rows(one, "sectors", code) if r["v"] is not None]
        assert drawn == changes
        points = [
            r["pp"] for r in held.partner_gains.frame.to_dicts()
            if r["province"] == code and r["pp"] is not None
        ]  # fmt: skip
        total = sum(r["v"] for r in rows(one, "partners", code) if r["v"] is not None)
        assert total == pytest.approx(sum(points), abs=0.01)


def test_a_province_without_cells_leaves_its_panels_empty_and_not_broken(made) -> None:
    """Listed in the files but never traded: one row without a sector or group."""
    changed = {}
    for name, key in (("sectors", "sector"), ("partner_gains", "partner_group")):
        result = getattr(made["en"], name)
        rest = result.frame.filter(pl.col("province") != "14")
        lone = result.frame.filter(pl.col("province") == "14").head(1)
        lone = lone.with_columns(pl.lit(None, dtype=pl.String).alias(key))
        changed[name] = replace(result, frame=pl.concat([rest, lone]))
    one = dashboard(replace(made["en"], **changed))
    for name in ("sectors", "partners"):
        assert "14" not in {r["code"] for r in one.spec["datasets"][name]}
        svg = one.svg(name)  # 14 is the province selected at first
        assert "<svg" in svg and not re.search(r"NaN|>undefined|>null", svg)
        assert one.alt(name)


def test_the_fitted_line_is_the_one_of_the_relation(made, charts) -> None:
    frame = made["en"].exposure.frame.to_dicts()
    slope = next(r["slope"] for r in frame if r["measure"] == "dhs")
    (a, b) = charts["en"].spec["datasets"]["fitted"]
    assert (b["y"] - a["y"]) / (b["x"] - a["x"]) * 100 == pytest.approx(slope)
    named = {r["code"] for r in charts["en"].spec["datasets"]["scatter"] if r["named"]}
    dhs = next(r for r in frame if r["measure"] == "dhs")
    assert {dhs["driver"], dhs["loo_min_who"], dhs["loo_max_who"]} <= named


def test_a_sample_says_so_across_every_panel(drawn) -> None:
    for lang, word in (("en", "SAMPLE"), ("zh", "示例数据")):
        for name in PANELS:
            assert word in drawn[lang, name]


def test_a_phone_gets_one_column_and_no_small_names(charts) -> None:
    one = charts["en"].one_column()
    assert one["columns"] == 1
    assert {p["width"] for p in one["concat"] if "width" in p} == {340}
    wide, narrow = charts["en"].panel("map"), charts["en"].panel("map", narrow=True)
    names = [x.get("name", "") for x in narrow["layer"]]
    assert not any(n.endswith("_wide") for n in names)
    assert len(wide["layer"]) == len(narrow["layer"]) + 2


def test_a_character_without_a_font_stops_before_a_box_is_drawn(charts) -> None:
    spec = {**charts["en"].panel("ranking"), "title": {"text": "\U0001f9ff \ue123"}}
    with pytest.raises(DrawError, match="No installed font"):
        draw.to_svg(spec, "en", "")


def test_borders_that_meet_still_meet_and_no_region_is_lost() -> None:
    layer = load_boundaries(layer="web")
    shapes = shapes_of(layer)
    assert [f["code"] for f in shapes.regions] == [r.code for r in layer.regions]
    for feature, region in zip(shapes.regions, layer.regions, strict=True):
        rings = feature["geometry"]["coordinates"]
        polygons = [rings] if feature["geometry"]["type"] == "Polygon" else rings
        area = sum(abs(_area(p[0])) for p in polygons)
        true = sum(abs(_area(p[0].tolist())) for p in region.polygons) / 1e6
        assert area == pytest.approx(true, rel=0.02, abs=60), region.code
    assert {f["code"] for f in shapes.insets} >= {"11", "12", "31", "81", "82"}


def _area(ring) -> float:
    """The shoelace formula."""
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2


def test_short_paths_end_where_the_long_ones_do() -> None:
    long = "M10.04,20L30.06,20.02L30.06,40Z M1,1L2.25,0.5L-3,7Z"
    short = draw._short(long)
    at, points = (0.0, 0.0), []
    for letter, rest in re.findall(r"([Mlz])([^Mlz]*)", short):
        if letter == "z":
            continue
        x, y = (float(n) for n in re.findall(r"-?\d*\.?\d+", rest))
        at = (x, y) if letter == "M" else (at[0] + x, at[1] + y)
        points.append((round(at[0], 1), round(at[1], 1)))
    assert points == [(10.0, 20.0), (30.1, 20.0), (30.1, 40.0), (1.0, 1.0), (2.2, 0.5), (-3.0, 7.0)]
    assert short.count("z") == 2


@pytest.mark.parametrize("lang", LANGS)
def test_every_panel_is_described_in_words_of_its_language(charts, lang) -> None:
    for name in PANELS:
        text = charts[lang].alt(name)
        assert len(text) > 20 and "{" not in text
        assert bool(re.search("[\u4e00-\u9fff]", text)) == (lang == "zh")
