"""Without scripts the page shows the same default view: nothing blank, nothing else said."""

import pytest

PANELS = ("map", "ranking", "scatter", "months", "sectors", "partners")
TEXTS = """(name) => [...document.querySelectorAll(`#panel-${name} svg text`)]
    .map((t) => [...(t.querySelectorAll('tspan').length ? t.querySelectorAll('tspan') : [t])]
        .map((x) => x.textContent.trim()).join(' ').trim()).filter(Boolean)"""


@pytest.fixture(params=["en", "zh"])
def both(request, visit, page_files):
    file = page_files[request.param]
    return visit(file), visit(file, scripts=False)


def test_every_panel_stands_as_a_picture(both):
    _, still = both
    assert still.page.locator("html").get_attribute("data-ready") == "fallback"
    for name in PANELS:
        picture = still.page.locator(f"#panel-{name} svg")
        assert picture.count() == 1 and picture.get_attribute("role") == "img"
        assert len(picture.get_attribute("aria-label")) > 20
        box = picture.bounding_box()
        assert box["width"] > 150 and box["height"] > 100
        assert len(still.run(TEXTS, name)) > 4
    assert not still.page.locator("#controls").is_visible()
    assert still.asked == [still.page.url]


def test_the_pictures_say_what_the_live_figures_say(both):
    live, still = both
    # The same words and figures; live panels of another width break or shorten them.
    for name in ("map", "ranking", "scatter"):
        drawn, pictured = (page.run(TEXTS, name) for page in (live, still))
        figures = [t for t in drawn if any(c.isdigit() for c in t) and any(c.isalpha() for c in t)]
        assert set(figures) <= set(pictured), name
    for name in ("months", "sectors", "partners"):
        wanted = set(live.run(MARK_TEXTS, name))
        pictured = " ".join(still.run(TEXTS, name))
        lost = {t for t in wanted if t not in pictured}
        assert not lost, name


MARK_TEXTS = """(name) => {
    const found = [];
    document.querySelectorAll(`#panel-${name} svg text`).forEach((t) => {
        const item = t.__data__;
        if (item && item.datum && item.datum.code && !t.querySelector('tspan'))
            found.push(t.textContent.trim());
    });
    return found.filter(Boolean);
}"""


def test_tables_and_words_are_the_same(both):
    """Everything but the controls and the pictures is one page, with scripts or without."""
    live, still = both
    words = """() => [...document.querySelectorAll(
        'h1, h2, caption, td, th, .chips dd, .says li, .lead li, .note p, figcaption, footer')]
        .map((x) => x.textContent.replace(/\\s+/g, ' ').trim())"""
    assert live.run(words) == still.run(words)
    titles = "() => [...document.querySelectorAll('figure h3')].map((x) => x.textContent.trim())"
    assert live.run(titles) == still.run(titles)


def test_the_chosen_province_is_marked_the_same(both):
    live, still = both
    marked = "() => [...document.querySelectorAll('[data-panel] path')].filter("
    marked += "(x) => x.getAttribute('stroke') === '#b3261e').length"
    assert still.run(marked) == live.run(marked) > 0
    name = live.run("document.getElementById('prov').selectedOptions[0].textContent")
    assert name in still.page.locator("[data-panel=months] h3").text_content()


def test_nothing_is_blank(both):
    _, still = both
    for section in still.page.locator("main section").all():
        assert len(section.inner_text().strip()) > 60
        assert section.bounding_box()["height"] > 60
