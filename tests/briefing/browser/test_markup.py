"""Hostile names, notes and settings stay text; the policy refuses what might slip through."""

import pytest

RAN = "document.documentElement.dataset.ran || null"
INJECTED = {
    "script": "<script>document.documentElement.dataset.ran='1'</script>",
    "handler": """<img src="data:," onerror="document.documentElement.dataset.ran='1'">""",
    "frame": "<iframe srcdoc='<script>top.document.documentElement.dataset.ran=1</script>'>"
    "</iframe>",
    "picture": "<img src='https://pictures.example/a.png'>",
    "style": "<link rel=stylesheet href='https://styles.example/a.css'>",
    "module": "<script type=module src='https://scripts.example/a.js'></script>",
}


def test_hostile_text_stays_text_and_runs_nothing(visit, hostile):
    opened = visit(hostile)
    assert opened.said == [] and opened.refused() == [] and len(opened.asked) == 1
    plain = opened.run("document.body.textContent")
    for text in ("https://notes.example/a?b=1&c=2", "https://desk.example/source",
                 "https://memo.example/", "</title><script>", "</script><script>",
                 "<a href=\"javascript:", "<iframe srcdoc=", "<svg onload="):  # fmt: skip
        assert text in plain
    for name in opened.run("[...document.querySelectorAll('#prov option')].map((o) => o.value)"):
        opened.page.select_option("#prov", name)
        assert opened.run(RAN) is None
    assert opened.said == [] and opened.refused() == []
    kinds = "img[onerror],svg[onload],iframe,a:not([href^='#']),[onclick],[onload]"
    assert opened.page.locator(kinds).count() == 0


def test_a_hostile_name_is_shown_as_it_is(visit, hostile):
    opened = visit(hostile)
    opened.page.select_option("#prov", "44")
    name = opened.run("document.querySelector('#prov').selectedOptions[0].textContent")
    assert name.startswith("<img src=x onerror=") and name.endswith("\\ dong $& $' {name}")
    assert name in opened.page.locator("#selected").text_content()
    for panel in ("months", "sectors", "partners"):
        assert name in opened.page.locator(f"[data-panel={panel}] h3").text_content(), panel


def test_scripts_off_the_hostile_page_is_the_same(visit, hostile):
    opened = visit(hostile, scripts=False)
    assert opened.page.locator("img, iframe, body a:not([href^='#'])").count() == 0
    assert "https://memo.example/" in opened.page.locator("body").text_content()


@pytest.mark.parametrize("kind", INJECTED)
def test_the_policy_refuses_what_is_added_to_the_file(chromium, page_files, tmp_path, kind):
    """Markup written into the file itself, as a slip of the escaping would: it does nothing."""
    text = page_files["en"].read_text("utf-8")
    file = tmp_path / "injected.html"
    file.write_text(text.replace("<header>", INJECTED[kind] + "<header>", 1), encoding="utf-8")
    page = chromium.new_page()
    asked = []
    page.on("requestfinished", lambda r: asked.append(r.url))
    page.goto(file.as_uri())
    page.wait_for_selector('html[data-ready="1"]', state="attached", timeout=10_000)
    assert page.evaluate(RAN) is None
    assert [url for url in asked if url.startswith("http")] == []
    page.close()


def test_the_policy_is_said_where_it_refuses(visit, page_files):
    opened = visit(page_files["en"])
    policy = opened.page.locator("meta[http-equiv='Content-Security-Policy']").get_attribute(
        "content"
    )
    assert "default-src 'none'" in policy and "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2]
    opened.run("""() => {
        const script = document.createElement('script');
        script.textContent = "document.documentElement.dataset.ran='1'";
        document.body.append(script);
        const picture = document.createElement('img');
        picture.src = 'https://pictures.example/a.png';
        document.body.append(picture);
    }""")
    opened.page.wait_for_function("() => globalThis.__refused.length >= 2")
    assert opened.run(RAN) is None
    assert {line.split()[0] for line in opened.refused()} == {"script-src-elem", "img-src"}
