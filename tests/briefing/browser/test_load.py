"""The page loads by itself: nothing asked of a network, nothing refused, nothing said."""

import os
import subprocess
import sys

import pytest

LANGUAGES = ("en", "zh")
MOST_BYTES = 1_500_000


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_stands_without_a_word_or_a_request(visit, page_files, lang):
    opened = visit(page_files[lang])
    assert opened.said == []
    assert opened.refused() == []
    assert opened.asked == [page_files[lang].as_uri()]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_its_live_figures_are_told_from_its_pictures(visit, page_files, lang):
    assert f'<html lang="{lang}" data-ready="fallback">' in page_files[lang].read_text("utf-8")
    opened = visit(page_files[lang])
    assert opened.run("document.documentElement.dataset.ready") == "1"
    # Every panel is drawn by a view of its own and not by the picture that stood there.
    panels = opened.run("[...document.querySelectorAll('.canvas')].map((x) => x.id)")
    for panel in ("map", "ranking", "scatter", "months", "sectors", "partners"):
        assert f"panel-{panel}" in panels
        assert opened.run("(n) => !!provexpoViews[n].scenegraph()", panel)
        assert opened.page.locator(f"#panel-{panel} .vega-embed svg.marks").count() == 1


def test_a_script_that_fails_leaves_the_pictures(visit, page_files, tmp_path):
    text = page_files["en"].read_text("utf-8")
    file = tmp_path / "broken.html"
    # Another letter in the page's script: its hash is no longer the one that is allowed.
    file.write_text(text.replace("const spec = JSON", "const  spec = JSON"), encoding="utf-8")
    assert file.read_text("utf-8") != text
    opened = visit(file, scripts=False)  # only opened: the figures never stand
    with_scripts = opened.page.context.browser.new_page()
    with_scripts.goto(file.as_uri())
    assert with_scripts.locator("html").get_attribute("data-ready") == "fallback"
    assert with_scripts.locator("#panel-map path").count() > 34
    assert not with_scripts.locator("#controls").is_visible()
    with_scripts.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_light_enough_to_send(page_files, lang):
    assert page_files[lang].stat().st_size < MOST_BYTES


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_address_is_a_link_and_nothing_loads(visit, page_files, lang):
    opened = visit(page_files[lang])
    found = opened.run("""() => [...document.querySelectorAll('*')].flatMap((node) =>
        ['href', 'src', 'srcset', 'action', 'poster', 'data', 'xlink:href', 'background']
            .filter((name) => node.hasAttribute(name))
            .map((name) => node.getAttribute(name)))""")
    assert found and all(x.startswith("#") for x in found)
    assert opened.run("document.querySelectorAll('iframe,object,embed,link').length") == 0


def test_another_process_writes_the_same_bytes(page_files, tmp_path):
    code = (
        "import provexpo as pe, sys;"
        "pe.brief(pe.sample(), lang='en', formats='html', out=sys.argv[1])"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], check=True, env=env)
    again = (tmp_path / "out" / "briefing_en.html").read_bytes()
    assert again == page_files["en"].read_bytes()
