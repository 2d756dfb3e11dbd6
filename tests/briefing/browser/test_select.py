"""A province is selected by keyboard or click, in every panel at once, and its figures are true."""

import pytest

PANELS = ("map", "ranking", "scatter", "months", "sectors", "partners")
MARK = "#b3261e"
# Every code that a panel has selected, in its view and in what it draws.
STATE = """(panels) => Object.fromEntries(panels.map((name) => {
    const view = provexpoViews[name];
    const store = view.data('prov_store').flatMap((row) => row.values);
    const drawn = new Set();
    (function walk(node) {
        if (/^(months|sectors|partners)_pick_marks$/.test(node.name || ''))
            node.items.forEach((item) => drawn.add(item.datum.code));
        (node.items || []).forEach((item) => {
            if (item.datum && item.datum.code && (item.stroke === '%s' || item.fill === '%s'))
                drawn.add(item.datum.code);
            walk(item);
        });
    })(view.scenegraph().root);
    return [name, [store, [...drawn]]];
}))""" % (MARK, MARK)  # noqa: UP031
DRAWN = """Promise.all(
    Object.values(provexpoViews).map((view) => view.runAsync && view.runAsync())).then(() => 1)"""
MARKS = """(name) => {
    const found = [];
    (function walk(node) {
        if (node.name === `${name}_pick_marks`) found.push(...node.items.map((i) => i.datum));
        (node.items || []).forEach(walk);
    })(provexpoViews[name].scenegraph().root);
    return found.map(({code, k, m, v, a, text}) => ({code, k, m, v, a, text}));
}"""
# A point of the page where a click meets this province and nothing above it.
POINT = """([name, code]) => {
    const box = document.getElementById(`panel-${name}`);
    box.scrollIntoView({block: 'center'});
    const shapes = [...box.querySelectorAll('path, circle, rect')].filter(
        (x) => x.__data__ && x.__data__.datum && x.__data__.datum.code === code);
    for (const shape of shapes) {
        const r = shape.getBoundingClientRect();
        const n = 24;
        for (let i = 1; i < n; i++) for (let j = 1; j < n; j++) {
            const x = r.left + r.width * i / n, y = r.top + r.height * j / n;
            const top = document.elementFromPoint(x, y);
            if (top && shapes.includes(top)) return [x, y];
        }
    }
    return null;
}"""


def selected_everywhere(opened, code):
    for name, (store, drawn) in opened.run(STATE, list(PANELS)).items():
        assert store == [code], (name, store)
        assert drawn == [code], (name, drawn)
    assert opened.run("document.getElementById('prov').value") == code
    chosen = opened.run("[...document.querySelectorAll('.chosen')].map((x) => x.dataset.code)")
    assert chosen and set(chosen) == {code}


def waited(opened, code):
    opened.page.wait_for_function(
        "(code) => Object.values(provexpoViews).every((v) => !v.data ||"
        " v.data('prov_store')[0].values[0] === code)",
        arg=code, timeout=5000,
    )  # fmt: skip
    opened.run(DRAWN)
    selected_everywhere(opened, code)


def said(opened, row, name):
    """The line about the province: its name and its share, as the metric has them."""
    text = opened.page.locator("#selected").text_content()
    assert text.startswith(name)
    assert f"{100 * row['share']:.1f}%" in text
    for panel in ("months", "sectors", "partners"):
        assert name in opened.page.locator(f"[data-panel={panel}] h3").text_content()
    names = opened.page.locator(".chosen-name").all_text_contents()
    assert set(names) <= {name}


def options(opened):
    return opened.run(
        "[...document.querySelectorAll('#prov option')].map((o) => [o.value, o.text])"
    )


def click(opened, panel, code):
    point = opened.run(POINT, [panel, code])
    assert point, f"{code} cannot be clicked in {panel}"
    opened.page.mouse.click(*point)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_first_province_is_selected_everywhere(visit, page_files, shares, lang):
    opened = visit(page_files[lang])
    (code, name), *_ = options(opened)
    best = max((r for r in shares.values() if not r["small_base"]), key=lambda r: r["share"])
    assert code == best["province"]
    selected_everywhere(opened, code)
    said(opened, shares[code], name)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_province_can_be_reached_by_keyboard(visit, page_files, shares, lang):
    opened = visit(page_files[lang])
    listed = options(opened)
    assert {code for code, _ in listed} == set(shares) and len(listed) == 31
    for _ in range(40):
        opened.page.keyboard.press("Tab")
        if opened.run("document.activeElement.id") == "prov":
            break
    assert opened.run("document.activeElement.id") == "prov"
    ring = opened.run("getComputedStyle(document.activeElement).outlineStyle")
    assert ring != "none"  # the reader sees where the keyboard is
    at = 0
    for key, step in (
        ("ArrowDown", 1),
        ("ArrowDown", 2),
        ("End", 30),
        ("ArrowUp", 29),
        ("Home", 0),
    ):
        opened.page.keyboard.press(key)
        at = step
        waited(opened, listed[at][0])
        said(opened, shares[listed[at][0]], listed[at][1])
    assert opened.said == []


@pytest.mark.parametrize(
    "panel, width", [("map", 1200), ("ranking", 1200), ("scatter", 1200), ("map", 400)]
)
def test_a_click_selects_in_every_panel(visit, page_files, shares, panel, width):
    opened = visit(page_files["en"], width)
    names = dict(options(opened))
    for code in ("44", "65", "54"):
        click(opened, panel, code)
        waited(opened, code)
        said(opened, shares[code], names[code])
    assert opened.said == []


def test_small_places_can_be_clicked_in_the_magnifiers(visit, page_files):
    opened = visit(page_files["en"])
    for code in ("11", "31"):
        click(opened, "map", code)
        waited(opened, code)


def test_a_click_on_nothing_changes_nothing(visit, page_files):
    opened = visit(page_files["en"])
    first = options(opened)[0][0]
    for code in ("71", "81"):  # regions without figures
        point = opened.run(POINT, ["map", code])
        if point:
            opened.page.mouse.click(*point)
    box = opened.page.locator("#panel-map").bounding_box()
    opened.page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + 4)
    waited(opened, first)


@pytest.mark.parametrize("code", ["14", "44", "53"])
def test_the_panels_add_up_to_the_metric(visit, page_files, made, shares, code):
    """Months of the window sum to its value, sectors to the change, partners to the whole's."""
    opened = visit(page_files["en"])
    opened.page.select_option("#prov", code)
    waited(opened, code)
    row = shares[code]
    inside = {f"{m // 100}-{m % 100:02d}" for m in made.window.months}
    months = [m for m in opened.run(MARKS, "months") if str(m["m"])[:7] in inside]
    assert len(months) == len(inside)
    assert sum(m["v"] for m in months) == row["value"]
    assert sum(m["a"] for m in months) == row["total"]
    sectors = opened.run(MARKS, "sectors")
    assert sum(s["v"] for s in sectors) == row["value"] - row["base_value"]
    partners = opened.run(MARKS, "partners")
    whole = 100 * (row["total"] / row["base_total"] - 1)
    assert sum(p["v"] for p in partners) == pytest.approx(whole, abs=0.02)


def test_the_choice_outlives_another_width_and_the_tiles(visit, page_files):
    opened = visit(page_files["en"])
    opened.page.select_option("#prov", "44")
    waited(opened, "44")
    opened.page.set_viewport_size({"width": 400, "height": 900})
    opened.page.wait_for_function(
        "() => [...document.querySelectorAll('.canvas[data-room]')].every("
        "(x) => Math.abs(x.clientWidth - 4 - Number(x.dataset.room)) <= 20)", timeout=5000
    )  # fmt: skip
    waited(opened, "44")
    opened.page.locator("input[value=tiles]").check()
    opened.page.wait_for_function("() => !!provexpoViews.tiles")
    assert opened.run("provexpoViews.tiles.data('prov_store')[0].values[0]") == "44"
    opened.page.locator("#panel-map").scroll_into_view_if_needed()
    opened.page.select_option("#prov", "11")
    opened.page.wait_for_function(
        "() => provexpoViews.tiles.data('prov_store')[0].values[0] === '11'"
    )
    assert opened.said == []


def test_a_gap_briefing_selects_only_what_it_holds(visit, gaps):
    opened = visit(gaps)
    assert {code for code, _ in options(opened)} >= {"32", "33", "44", "51", "62"}
    for code, name in options(opened):
        opened.page.select_option("#prov", code)
        text = opened.page.locator("#selected").text_content()
        assert text.startswith(name)
        assert opened.run("provexpoViews.map.data('prov_store')[0].values[0]") == code
    assert opened.said == []
