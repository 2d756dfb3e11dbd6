"""On paper: A4, sections whole, headings with what follows them, no controls."""

import re
import unicodedata
from dataclasses import dataclass
from io import BytesIO

import pytest

A4 = (595, 842)
# Each section: its heading, what comes first below it, and what comes last.
PARTS = """() => [...document.querySelectorAll('main section')].filter((s) => s.checkVisibility())
    .map((section) => {
        const shown = [...section.querySelectorAll('p, li, td, th, h3, dt, figcaption')].filter(
            (x) => x.checkVisibility() && x.innerText.trim().length > 1
                && !x.closest('.vh, svg, #controls') && !x.querySelector('p, li, .vh'));
        return {
            key: section.id,
            heading: section.querySelector('h2').firstChild.textContent,
            first: shown[0].innerText,
            last: shown.filter((x) => x.innerText.trim().length > 5).pop().innerText,
            titles: [...section.querySelectorAll('figure')].map((f) => [
                f.querySelector('h3').innerText, f.querySelector('figcaption p:last-child')
                    && f.querySelector('figcaption p:last-child').innerText]),
        };
    })"""
CONTROLS = {"en": ("Show as", "Skip to"), "zh": ("显示为", "显示方式", "跳到")}


# Points: the size of a section's heading as the style says, and the paper's right margin.
HEADING, MARGIN = 13.0, 595 - 30


def places(reader):
    """(page, text, x, size) of every piece of text, as it lies on the paper."""
    found = []
    for number, page in enumerate(reader.pages):

        def keep(text, cm, tm, font, size, number=number):
            if text.strip():
                x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
                scale = abs(tm[0] * cm[0] + tm[1] * cm[2]) or abs(tm[1] * cm[1] + tm[0] * cm[1])
                found.append((number, text.strip(), x, size * scale))

        page.extract_text(visitor_text=keep)
    return found


# What a PDF's text has in the place of some characters, and NFKC leaves as it is.
RADICALS = str.maketrans(
    "⻄⻅⻆⻉⻋⻓⻔⻘⻚⻛⻝⻢⻣⻤⻥⻦⻩⻬⻮⻰", "西见角贝车长门青页风食马骨鬼鱼鸟黄齐齿龙"
)


def squeezed(text):
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).translate(RADICALS))


@dataclass
class Printed:
    lang: str
    boxes: list
    texts: list  # of each page, squeezed
    places: list  # (page, text, x, size)
    parts: list


@pytest.fixture(scope="module", params=["en", "zh"])
def printed(request, chromium, page_files):
    pypdf = pytest.importorskip("pypdf")
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    page.goto(page_files[request.param].as_uri())
    page.wait_for_selector('html[data-ready="1"]', state="attached", timeout=10_000)
    data = page.pdf(prefer_css_page_size=True, print_background=True)
    page.emulate_media(media="print")
    parts = page.evaluate(PARTS)
    page.close()
    reader = pypdf.PdfReader(BytesIO(data))
    boxes = [p.mediabox for p in reader.pages]
    texts = [squeezed(p.extract_text()) for p in reader.pages]
    return Printed(request.param, boxes, texts, places(reader), parts)


def pages_of(texts, words):
    wanted = squeezed(words)
    return {i for i, text in enumerate(texts) if wanted in text}


def test_the_pages_are_whole(printed):
    texts = printed.texts
    assert {(round(box.width), round(box.height)) for box in printed.boxes} == {A4}
    assert 5 <= len(texts) <= 16 and all(len(t) > 150 for t in texts)
    assert [p["key"] for p in printed.parts][:2] == ["headlines", "where"]
    for part in printed.parts:
        here = pages_of(texts, part["heading"])
        assert here, part["heading"]
        assert here & pages_of(texts, part["first"]), (part["key"], part["first"])
        whole = here & pages_of(texts, part["last"])
        # A section that is cut is longer than what is left of a page: it begins on a new one.
        assert whole or any(texts[i].startswith(squeezed(part["heading"])) for i in here), part
        for title, end in part["titles"]:
            together = pages_of(texts, title)
            assert together, title
            assert end is None or together & pages_of(texts, end), (title, end)
    for word in CONTROLS[printed.lang]:
        assert not pages_of(texts, word), word


def test_nothing_is_shrunk_or_runs_off_the_paper(printed):
    """Chromium shrinks every page when one table is wider than the paper."""
    headings = {squeezed(p["heading"]) for p in printed.parts}
    sizes = {
        round(size, 1) for _, text, _, size in printed.places
        if any(h.startswith(squeezed(text)) for h in headings)
    }  # fmt: skip
    assert HEADING in sizes, sizes
    off = [(n + 1, text, round(x)) for n, text, x, _ in printed.places if not 0 <= x <= MARGIN]
    assert not off


def test_every_printed_page_says_sample(printed):
    said = {"en": "illustrative sample", "zh": "示例"}[printed.lang]
    assert all(squeezed(said) in text for text in printed.texts)


def test_the_same_pages_without_scripts(visit, page_files):
    pypdf = pytest.importorskip("pypdf")
    counts = []
    for scripts in (True, False):
        opened = visit(page_files["en"], scripts=scripts)
        data = opened.page.pdf(prefer_css_page_size=True, print_background=True)
        counts.append(len(pypdf.PdfReader(BytesIO(data)).pages))
    assert abs(counts[0] - counts[1]) <= 1
