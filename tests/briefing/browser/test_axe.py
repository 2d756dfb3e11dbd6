"""axe-core finds nothing serious, folded parts opened, before and after a selection."""

import pytest


def grave(found):
    return [
        (v["impact"], v["id"], v["help"], [n["target"] for n in v["nodes"]][:5]) for v in found
        if v["impact"] in ("serious", "critical")
    ]  # fmt: skip


@pytest.mark.parametrize("width", [1200, 400])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_serious_finding(visit, axe, page_files, lang, width):
    opened = visit(page_files[lang], width)
    opened.page.emulate_media(color_scheme="light")
    opened.run("document.querySelectorAll('details').forEach((x) => { x.open = true; })")
    opened.page.select_option("#prov", "44")
    assert grave(axe(opened.page)) == []


def test_no_serious_finding_where_much_is_missing(visit, axe, gaps):
    opened = visit(gaps)
    assert grave(axe(opened.page)) == []
