"""The picture tells the truth: each region has the colour of its class, and says its source."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

import provexpo as pe
from provexpo.errors import CallError, DrawError, JoinError
from provexpo.maps.boundaries import load_boundaries
from provexpo.maps.choropleth import choropleth
from provexpo.maps.fonts import check_font
from provexpo.maps.regions import places, province_codes
from provexpo.result import Caveat, Result

Make = Callable[..., Result]
YLGNBU5 = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
PUOR7 = ("#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d8daeb", "#998ec3", "#542788")
SVG = "{http://www.w3.org/2000/svg}"


def fills(svg: str, kind: str = "region") -> dict[str, str]:
    """Code -> fill of the region's outline; a hatched region has the pattern's reference."""
    found = {}
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        match = re.fullmatch(rf"(?:\w+-)?{kind}-(\d\d)", group.get("id", ""))
        if match:
            style = "".join(path.get("style", "") for path in group.iter(f"{SVG}path"))
            found[match[1]] = re.search(r"fill: ([^;]+)", style)[1]  # type: ignore[index]
    return found


def texts(svg: str) -> list[str]:
    return ["".join(t.itertext()).strip() for t in ET.fromstring(svg).iter(f"{SVG}text")]


def expected_share_colour(share: float) -> str:
    """By counting, not by the library's classes."""
    return YLGNBU5[sum(share >= b for b in (0.05, 0.10, 0.15, 0.20))]


def expected_growth_colour(pct: float) -> str:
    return PUOR7[sum(pct >= b for b in (-0.30, -0.15, -0.02, 0.02, 0.15, 0.30))]


@pytest.fixture
def growth(result: Make) -> Result:
    """Falls and rises, Tibet at +265 %, one missing, one new, one absent."""
    values: dict[str, float | None] = {
        code: -0.4 + 0.02 * i for i, code in enumerate(province_codes())
    }
    values |= {"54": 2.65, "63": None, "64": None}
    del values["46"]
    status = {"54": "small_base", "63": "missing", "64": "new"}
    return result("growth", "pct", values, status=status, illustrative=True)


@pytest.mark.parametrize("style", ["map", "tiles"])
def test_each_region_has_the_colour_of_its_class(
    result: Make, shares: dict[str, float], style: str
) -> None:
    found = fills(choropleth(result("dependence", "share", shares), style=style).to_svg())
    assert set(found) == set(places())
    assert {c: found[c] for c in shares} == {c: expected_share_colour(v) for c, v in shares.items()}
    for code in ("71", "81", "82"):
        assert found[code].startswith("url(")


@pytest.mark.parametrize("style", ["map", "tiles"])
def test_no_data_never_has_a_data_colour(growth: Result, style: str) -> None:
    svg = choropleth(growth, style=style).to_svg()
    found = fills(svg)
    hatched = {code for code, fill in found.items() if fill.startswith("url(")}
    assert hatched == {"46", "63", "71", "81", "82"}
    assert found["64"] not in PUOR7 and not found["64"].startswith("url(")
    values = dict(growth.frame.select("province", "pct").iter_rows())
    shown = {c: v for c, v in values.items() if v is not None}
    assert {c: found[c] for c in shown} == {c: expected_growth_colour(v) for c, v in shown.items()}
    pattern = re.search(r"<pattern.*?</pattern>", svg, re.S)
    assert pattern is not None and not any(colour in pattern[0] for colour in PUOR7)


def test_insets_have_the_colours_of_the_map(result: Make, shares: dict[str, float]) -> None:
    svg = choropleth(result("dependence", "share", shares)).to_svg()
    found, insets = fills(svg), fills(svg, "inset")
    assert {"11", "12", "31", "81", "82"} <= set(insets)
    assert all(found[code] == fill for code, fill in insets.items())


def test_legend_and_off_scale_names(growth: Result) -> None:
    said = texts(choropleth(growth).to_svg())
    for label in ("−30", "−15", "−2", "+2", "+15", "+30", "no data"):
        assert label in said
    whole = " ".join(said)
    assert "Off the scale: Tibet +265.0%" in whole
    assert "no figure: new" in whole and "small base: Tibet" in whole
    assert "+265.0*" in whole


def test_labels_carry_names_and_figures(result: Make, shares: dict[str, float]) -> None:
    shares["14"] = 0.225
    svg = choropleth(result("dependence", "share", shares)).to_svg()
    whole = " ".join(texts(svg))
    assert "Shanxi" in whole and "Shaanxi" in whole and "22.5" in whole
    bare = choropleth(result("dependence", "share", shares), labels=False).to_svg()
    assert "Shaanxi" not in texts(bare)


def test_footer_says_where_the_figures_are_from(result: Make, shares: dict[str, float]) -> None:
    scope = Caveat("scope", "products: 85177950 only")
    svg = choropleth(result("dependence", "share", shares, caveats=(scope,))).to_svg()
    whole = " ".join(texts(svg))
    for text in (
        "CHN:gacc_query:province+partner",
        "General Administration of Customs of China",
        "data dated 2025-08-20",
        "Jan–Jul 2025, compared with Jan–Jul 2024",
        "USD, nominal",
        "exports FOB",
        "registered place of the trading firm",
        "Scope: products: 85177950 only",
        "Boundaries: Natural Earth, de facto, no position implied",
    ):
        assert text in whole, text
    assert "SAMPLE" not in whole and "sample" not in whole


def test_basis_of_the_table_is_printed(result: Make, shares: dict[str, float]) -> None:
    tables = {"export": "CHN:gacc_query:province+partner@origin"}
    whole = " ".join(
        texts(choropleth(result("dependence", "share", shares, tables=tables)).to_svg())
    )
    assert "domestic place of origin" in whole and "registered" not in whole


@pytest.mark.parametrize("style", ["map", "tiles"])
def test_sample_is_marked(growth: Result, style: str) -> None:
    picture = choropleth(growth, style=style)
    said = texts(picture.to_svg())
    assert "SAMPLE" in said and "Illustrative sample, not data." in said
    assert "Illustrative sample, not data." in picture.alt


def test_tiles_imply_no_boundary(growth: Result) -> None:
    whole = " ".join(texts(choropleth(growth, style="tiles").to_svg()))
    assert "no boundary implied" in whole and "Natural Earth" not in whole


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_same_bytes_again(growth: Result, tmp_path: Path, ending: str) -> None:
    first = choropleth(growth).save(tmp_path / f"a.{ending}")
    second = choropleth(growth).save(tmp_path / f"b.{ending}")
    assert first.read_bytes() == second.read_bytes()
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    data = first.read_bytes()
    assert data.startswith(start)
    assert not re.search(rb"CreationDate|<dc:date>", data)


def test_two_maps_live_on_one_page(growth: Result) -> None:
    one, two = choropleth(growth).to_svg(), choropleth(growth, style="tiles").to_svg()
    ids = re.findall(r'\bid="([^"]+)"', one + two)
    assert len(ids) == len(set(ids))
    for svg in (one, two):
        assert svg.startswith("<svg") and "<?xml" not in svg and "DOCTYPE" not in svg
        references = set(re.findall(r"url\(#([^)]+)\)", svg))
        references |= set(re.findall(r'href="#([^"]+)"', svg))
        assert references <= set(re.findall(r'\bid="([^"]+)"', svg))
        assert 'role="img"' in svg and "aria-label=" in svg
        assert not re.search(r"\{?\s*\*\s*\{", re.sub(r"#\w+ \*\{", "", svg))  # no page-wide style


def test_text_stays_text_and_is_escaped(result: Make, shares: dict[str, float]) -> None:
    made = result("dependence", "share", shares, title='Costs $5 & <b>"more"</b> in $2')
    picture = choropleth(made)
    svg = picture.to_svg()
    assert 'Costs $5 & <b>"more"</b> in $2' in texts(svg)
    assert "<b>" not in svg


def test_alt_names_the_ends(result: Make, shares: dict[str, float]) -> None:
    shares |= {"14": 0.401, "54": 0.002}
    alt = choropleth(result("dependence", "share", shares)).alt
    assert "31 of 31 provinces have a figure" in alt
    assert "Highest: Shanxi 40.1%" in alt and "Lowest: Tibet 0.2%" in alt
    assert "Hong Kong" in alt and "Taiwan" in alt


@pytest.mark.parametrize(
    ("metric", "column", "unit", "value"),
    [("dependence", "share", "fraction", 0.1), ("growth", "pct", "fraction", -0.1),
     ("value", "value", "USD", 5_000_000_000)],
)  # fmt: skip
def test_default_column(result: Make, metric: str, column: str, unit: str, value: float) -> None:
    made = result(metric, column, {"11": value, "12": value}, unit=unit)
    assert choropleth(made).to_png() == choropleth(made, column=column).to_png()


def test_unusable_column_lists_the_usable(growth: Result) -> None:
    for column in ("province_name", "nonsense", "status"):
        with pytest.raises(DrawError, match=f"no column of numbers '{column}'") as caught:
            choropleth(growth, column=column)
        assert caught.value.expected == "one of pct"


def test_wrong_calls_are_refused_in_words(growth: Result, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="unknown style 'globe'"):
        choropleth(growth, style="globe")
    with pytest.raises(CallError, match="unknown language 'fr'"):
        choropleth(growth, lang="fr")
    with pytest.raises(CallError, match="tiles have no boundaries"):
        choropleth(growth, style="tiles", boundaries="x.geojson")
    with pytest.raises(DrawError, match=r"as '\.jpg'"):
        choropleth(growth).save(tmp_path / "x.jpg")
    with pytest.raises(DrawError, match="no such folder"):
        choropleth(growth).save(tmp_path / "nowhere" / "x.png")


def test_partner_rows_never_reach_the_map(result: Make) -> None:
    made = result("value", "value", {"110": 5, "502": 7}, unit="USD")
    with pytest.raises(JoinError, match="110, 502"):
        pe.choropleth(made)


def test_names_do_not_overlap(result: Make, shares: dict[str, float]) -> None:
    """Boxes of the names on the map, as matplotlib measures them."""
    for style, bare in (("map", False), ("map", True), ("tiles", False), ("tiles", True)):
        picture = choropleth(result("dependence", "share", shares), style=style)
        figure = picture._bare() if bare else picture._figure()
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        names = {place.name_en.split()[0] for place in places().values()}
        boxes = {
            (i, text.get_text()): text.get_window_extent(renderer)
            for i, axes in enumerate(figure.axes)
            for text in axes.texts
            if text.get_text().split()[0] in names
        }
        assert len(boxes) >= 34
        clashes = [(a, b) for a in boxes for b in boxes if a < b and boxes[a].overlaps(boxes[b])]
        assert clashes == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_long_figures_do_not_overlap_either(result: Make, lang: str) -> None:
    if not check_font(lang).ok:
        pytest.skip("no Chinese font is installed")
    values = {code: -0.999 + 0.2 * i for i, code in enumerate(province_codes())}
    status = dict.fromkeys(values, "small_base")
    picture = choropleth(result("growth", "pct", values, status=status, lang=lang, title="x"))
    figure = picture._figure()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = {
        text.get_gid(): text.get_window_extent(renderer)
        for axes in figure.axes for text in axes.texts
        if (text.get_gid() or "").startswith("label-")
    }  # fmt: skip
    assert len(boxes) == 34
    assert [(a, b) for a in boxes for b in boxes if a < b and boxes[a].overlaps(boxes[b])] == []


def test_everything_is_on_the_sheet(growth: Result) -> None:
    long = "A long title that does not fit on one line of the sheet " * 3
    for style, bare in (("map", False), ("map", True), ("tiles", False), ("tiles", True)):
        picture = choropleth(growth, style=style, title=long)
        figure = picture._bare() if bare else picture._figure()
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        width, height = figure.canvas.get_width_height()
        for axes in figure.axes:
            for text in axes.texts:
                box = text.get_window_extent(renderer)
                assert box.x0 >= 0 and box.y0 >= 0, text.get_text()
                assert box.x1 <= width and box.y1 <= height, text.get_text()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_bare_picture_leaves_the_words_to_the_page(growth: Result, lang: str) -> None:
    picture = choropleth(growth, lang=lang)
    whole, bare = picture.to_svg(), picture.to_svg(bare=True)
    assert fills(bare) == {c: re.sub(r"px\w+-", _prefix(bare), f) for c, f in fills(whole).items()}
    said = texts(bare)
    assert {"en": "SAMPLE", "zh": "示例数据"}[lang] in said  # the watermark stays
    assert not any("gacc" in t or t == "−30" for t in said)
    # A quarter larger than in the file, on a sheet that a page shows at about its own size.
    sizes = [float(x) for x in re.findall(r"font-size: ([\d.]+)px", bare)]
    assert min(sizes) >= 8.4
    labelled = set(re.findall(r'id="px\w+-label-(\d\d)"', bare))
    assert labelled == set(places())


def _prefix(svg: str) -> str:
    found = re.search(r'id="(px\w+?)"', svg)
    assert found is not None
    return found[1] + "-"


def test_what_a_page_says_beside_a_bare_picture(growth: Result) -> None:
    beside = choropleth(growth).beside
    assert beside.notes[0] == "Illustrative sample, not data."
    assert any("CHN:gacc_query:province+partner" in t for t in beside.notes)
    assert any("registered place" in t for t in beside.notes)
    assert beside.subtitle.endswith("Jan–Jul 2025, compared with Jan–Jul 2024")
    assert beside.colours == PUOR7 and len(beside.legend.breaks) == 6
    assert not any(t.startswith("Note:") for t in beside.notes)  # the page lists the caveats


@pytest.mark.parametrize(
    ("metric", "column", "unit", "shown"),
    [
        ("dependence", "share", "fraction", "Jan–Jul 2025"),
        ("dependence", "base_share", "fraction", "Jan–Jul 2024"),
        ("dependence", "delta_share_pp", "pp", "Jan–Jul 2025, compared with Jan–Jul 2024"),
        ("offset", "offset_ratio", "ratio", "Jan–Jul 2025, compared with Jan–Jul 2024"),
        ("offset", "value", "USD", "Jan–Jul 2025"),
    ],
)
def test_the_window_is_that_of_the_column(
    result: Make, metric: str, column: str, unit: str, shown: str
) -> None:
    made = result(metric, column, {"11": 0.1, "44": 0.2}, unit=unit, title="x")
    assert choropleth(made, column=column).beside.subtitle.endswith(f" · {shown}")


def test_an_offset_without_figure_says_why(result: Make) -> None:
    made = result("offset", "offset_ratio", {"11": 2.5, "42": None, "15": None, "63": None},
                  unit="ratio", title="x",
                  status={"15": "small_base", "63": "missing"})  # fmt: skip
    own = ["ok", "no_us_decline", "no_us_decline", "missing"]
    frame = made.frame.with_columns(pl.Series("offset_status", own))
    picture = choropleth(replace(made, frame=frame))
    assert picture.beside.legend.undefined == "no figure: no fall 2"
    assert picture.audit.undefined == ("Inner Mongolia", "Hubei")
    assert picture.audit.missing == ("Qinghai",)


def test_a_frame_on_the_map_shows_what_each_inset_enlarges(growth: Result) -> None:
    """On the map's own axes stand three frames, each around its places and no others."""
    figure = choropleth(growth)._figure()
    whole, *insets = [a for a in figure.axes if a.get_xlim()[1] - a.get_xlim()[0] > 50_000]
    frames = [p.get_bbox() for p in whole.patches if type(p) is Rectangle]
    assert len(insets) == len(frames) == 3
    inside = sorted(sorted(_within(frame)) for frame in frames)
    assert inside == [["11", "12"], ["31"], ["81", "82"]]


def _within(box: Bbox) -> list[str]:
    found = load_boundaries().regions
    return [
        r.code for r in found
        if box.x0 <= r.bounds[0] and box.y0 <= r.bounds[1]
        and r.bounds[2] <= box.x1 and r.bounds[3] <= box.y1
    ]  # fmt: skip


def test_a_notebook_shows_the_map_itself(growth: Result) -> None:
    picture = choropleth(growth, title="<script>alert(1)</script>")
    shown, svg = picture._repr_html_(), picture._repr_svg_()
    assert svg in shown and svg == picture.to_svg()
    assert "<script" not in shown and "&lt;script&gt;" in shown
    assert ET.fromstring(svg).get("role") == "img"
    assert picture._repr_png_().startswith(b"\x89PNG")
