"""The colour of each of the 34 shapes, in the page itself, is that of its class."""

from bisect import bisect_right

import pytest

import provexpo as pe

# Written here a second time, on purpose: the map's classes of a share and its grey.
BREAKS = (0.05, 0.10, 0.15, 0.20)
COLOURS = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
SHAPES = 34  # 31 provinces with customs figures, Hong Kong, Macao, Taiwan
# code -> [fill of every shape of it, bottom to top], of layers that fill.
FILLS = """(view) => {
    const found = {};
    const box = document.getElementById('panel-map');
    box.querySelectorAll('path').forEach((path) => {
        const item = path.__data__;
        const layer = item && item.mark && item.mark.name || '';
        if (!new RegExp(`^${view}_(base|undefined|pick)_marks$`).test(layer)) return;
        const fill = path.getAttribute('fill');
        if (!fill || fill === 'none' || fill === 'transparent') return;
        (found[item.datum.code] ||= []).push(fill.toLowerCase());
    });
    return found;
}"""
STATIC = """() => {
    const fills = (layer) => [...document.querySelectorAll(`#panel-map .${layer} path`)]
        .map((path) => path.getAttribute('fill').toLowerCase());
    return [fills('map_base_marks'), fills('map_pick_marks')];
}"""


def expected(row, grey):
    share = row and row["share"]
    return grey if share is None else COLOURS[bisect_right(BREAKS, share)]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("view", ["map", "tiles"])
def test_each_shape_has_the_colour_of_its_class(visit, page_files, shares, lang, view):
    opened = visit(page_files[lang])
    if view == "tiles":
        opened.page.locator("input[value=tiles]").check()
        opened.page.wait_for_function("() => !!provexpoViews.tiles")
    fills = opened.run(FILLS, view)
    assert len(fills) == SHAPES and set(shares) < set(fills)
    (grey,) = {f for code in set(fills) - set(shares) for f in fills[code]}
    assert grey not in COLOURS
    for code, stack in fills.items():
        assert stack[-1] == expected(shares.get(code), grey), code
        assert stack[0] == grey


def test_the_eye_sees_these_colours(visit, page_files, shares, tmp_path):
    """The pixels: nothing lies over the shapes that would change what is read from them."""
    image = pytest.importorskip("matplotlib.image")
    opened = visit(page_files["en"])
    inside = opened.run("""() => {
        const box = document.getElementById('panel-map');
        scrollTo(0, scrollY + box.getBoundingClientRect().top);
        const of = (layer) => [...box.querySelectorAll('path')].filter(
            (p) => p.__data__ && p.__data__.mark && p.__data__.mark.name === layer);
        const points = {};
        for (const path of of('map_pick_marks')) {
            const r = path.getBoundingClientRect(), code = path.__data__.datum.code;
            points[code] = [];
            for (let i = 1; i < 20; i++) for (let j = 1; j < 20; j++) {
                const x = r.left + r.width * i / 20, y = r.top + r.height * j / 20;
                if (document.elementFromPoint(x, y) === path) points[code].push([x, y]);
            }
        }
        return points;
    }""")
    opened.page.screenshot(path=tmp_path / "map.png")
    pixels = image.imread(tmp_path / "map.png")
    wrong = {}
    for code, points in inside.items():
        if len(points) < 30:
            continue  # too small for its middle to be seen: it has a magnifier
        want = COLOURS[bisect_right(BREAKS, shares[code]["share"])]
        seen = [_hex(pixels[int(y), int(x)][:3]) for x, y in points]
        most = max(set(seen), key=seen.count)
        if most != want:
            wrong[code] = (most, want)
    assert len(inside) == 31 and not wrong


def test_the_picture_without_scripts_has_the_same_colours(visit, page_files):
    live = visit(page_files["en"])
    fills = live.run(STATIC)
    # Playwright can ask a page with scripts off; the page itself runs none.
    still = visit(page_files["en"], scripts=False).run(STATIC)
    assert len(still[0]) == SHAPES and len(still[1]) == 31
    assert still == fills


def test_what_is_not_held_never_has_a_colour_of_a_class(visit, gaps):
    opened = visit(gaps)
    fills = opened.run(FILLS, "map")
    assert len(fills) == SHAPES
    trade = pe.open(gaps.parent.parent / "store")
    held = {r["province"]: r for r in pe.dependence(trade, partner="US").frame.to_dicts()}
    with_share = {code for code, row in held.items() if row["share"] is not None}
    assert with_share == {"32", "33", "44", "51", "62"}
    greys = {stack[-1] for code, stack in fills.items() if code not in with_share}
    assert greys and not greys & set(COLOURS)
    for code in with_share:
        assert fills[code][-1] == expected(held[code], None), code


def test_no_name_is_written_in_a_colour_that_cannot_be_read(visit, page_files):
    """Names on the map against the shape they stand on: at least 4.5 to 1."""
    opened = visit(page_files["en"])
    pairs = opened.run("""() => {
        const shapes = {}, names = [];
        document.querySelectorAll('#panel-map path').forEach((p) => {
            const item = p.__data__;
            if (item && item.mark && item.mark.name === 'map_pick_marks')
                shapes[item.datum.code] = p.getAttribute('fill');
        });
        document.querySelectorAll('#panel-map text').forEach((t) => {
            const item = t.__data__;
            if (item && item.mark && /names/.test(item.mark.name || ''))
                names.push([item.datum.code, t.getAttribute('fill'), shapes[item.datum.code]]);
        });
        return names;
    }""")
    assert len(pairs) == 31
    poor = {code: (ink, fill) for code, ink, fill in pairs if _contrast(ink, fill) < 4.5}
    assert not poor


def _hex(pixel):
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in pixel)


def _contrast(one, other):
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
