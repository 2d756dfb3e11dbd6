"""Wide, narrow and on a phone: no sideways scroll, nothing cut off, names that can be read."""

import pytest

WIDTHS = (400, 800, 1200)
# Text that runs out of its picture, of the page, or is cut by its own box.
CUT = """() => {
    const wide = document.documentElement.clientWidth, found = [];
    const seen = (node) => node.checkVisibility({opacityProperty: true, visibilityProperty: true});
    const where = (node) => (node.closest('[id]') || document.body).id;
    document.querySelectorAll('svg').forEach((svg) => {
        const box = svg.getBoundingClientRect();
        svg.querySelectorAll('text').forEach((text) => {
            const faint = Number(text.getAttribute('opacity') || 1) < 0.2;  // the watermark
            const r = text.getBoundingClientRect();
            if (faint || !r.width || !seen(text)) return;
            if (r.left < box.left - 1.5 || r.right > box.right + 1.5
                || r.top < box.top - 2.5 || r.bottom > box.bottom + 2.5)
                found.push(`${where(svg)}: ${text.textContent}`);
        });
    });
    document.querySelectorAll('body *:not(svg *)').forEach((node) => {
        const unseen = '.vh, .skip, .stamp, script, style, details:not([open])';
        if (!node.textContent.trim() || node.closest(unseen)) return;
        const style = getComputedStyle(node), r = node.getBoundingClientRect();
        if (!r.width || !seen(node)) return;
        const cut = /hidden|clip/.test(style.overflowX) && node.scrollWidth > node.clientWidth + 1;
        const out = !node.closest('.scroll') && r.right > wide + 1;
        if (cut || out) found.push(`${where(node)}: ${node.textContent.trim().slice(0, 60)}`);
    });
    return found;
}"""
SMALL = """() => [...document.querySelectorAll('.canvas svg text')].filter((text) => {
    const faint = Number(text.getAttribute('opacity') || 1) < 0.2;
    const scale = text.ownerSVGElement.getScreenCTM().a;
    return !faint && parseFloat(getComputedStyle(text).fontSize) * scale < 8.5;
}).map((text) => `${text.closest('.canvas').id}: ${text.textContent}`)"""

# Names and figures beside bars that are written over one another, by more than their white space.
OVER = """() => ['ranking', 'sectors', 'partners'].flatMap((name) => {
    const texts = [...document.querySelectorAll(`#panel-${name} svg text`)].filter(
        (t) => Number(t.getAttribute('opacity') || 1) > 0.2 && t.textContent.trim());
    const boxes = texts.map((t) => t.getBoundingClientRect()), found = [];
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b, j) => {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1 && high > 3.5)
            found.push(`${name}: ${texts[i].textContent} / ${texts[i + 1 + j].textContent}`);
    }));
    return found;
})"""


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_sideways_scroll_and_nothing_cut(visit, page_files, lang, width):
    opened = visit(page_files[lang], width)
    assert opened.run("document.documentElement.scrollWidth") <= width
    assert opened.run(CUT) == []
    assert opened.run(SMALL) == []
    assert opened.run(OVER) == []


@pytest.mark.parametrize("width", [400, 1200])
def test_the_same_for_another_province(visit, page_files, width):
    """Provinces with other names, signs and lengths: every one of them fits."""
    opened = visit(page_files["en"], width)
    for code in ("15", "44", "53", "54", "65"):
        opened.page.select_option("#prov", code)
        opened.run("Promise.all(Object.values(provexpoViews)"
                   ".map((v) => v.runAsync && v.runAsync())).then(() => 1)")  # fmt: skip
        assert opened.run(CUT) == [], code
        assert opened.run(OVER) == [], code
        assert opened.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_scripts_off_on_a_phone(visit, page_files, lang):
    opened = visit(page_files[lang], 400, scripts=False)
    assert opened.run("document.documentElement.scrollWidth") <= 400
    assert opened.run(CUT) == []


@pytest.mark.parametrize("which", ["hostile", "gaps"])
def test_other_briefings_fit_a_phone_too(visit, request, which):
    opened = visit(request.getfixturevalue(which), 400)
    assert opened.run("document.documentElement.scrollWidth") <= 400


def test_what_is_touched_is_large_enough(visit, page_files):
    """WCAG 2.2, 2.5.8: at least 24 by 24 pixels for what stands by itself."""
    opened = visit(page_files["en"], 400)
    small = opened.run("""() => [...document.querySelectorAll('select, summary, .contents a')]
        .map((x) => [x.textContent.slice(0, 20), x.getBoundingClientRect()])
        .filter(([, r]) => r.width < 24 || r.height < 24).map(([text]) => text)""")
    assert small == []
