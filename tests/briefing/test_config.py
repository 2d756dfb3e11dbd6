"""A desk's own settings and sections: what they change, and every fault named at once."""

import re

import pytest

from provexpo.briefing.brief import SECTIONS, brief
from provexpo.briefing.config import read_config
from provexpo.briefing.logo import MOST_BYTES
from provexpo.errors import CallError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="4" height="4"/></svg>'
EVIL = "<script>alert(1)</script>"


def page_of(trade, tmp_path, lang="en", **kwargs):
    made = brief(trade, lang=lang, out=tmp_path / "out", formats="html", **kwargs)
    return made, made.files[0].read_text("utf-8")


def order_of(page):
    return re.findall(r'<section id="(\w+)"', page)


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "logo.png").write_bytes(PNG)
    (tmp_path / "desk.toml").write_text(
        """
title = { en = "Our desk: exposure", zh = "本部门：依存度" }
source = "Own calculations & customs"
logo = "logo.png"
languages = ["en", "zh"]
sections = ["table", "headlines", "memo", "method"]
leave_out = ["method"]

[colours]
accent = "#003366"

[[extra]]
key = "memo"
title = { en = "Memo", zh = "备忘" }
text = { en = "First paragraph.\\n\\nSecond <b>bold</b>.", zh = "一段文字。" }
""",
        encoding="utf-8",
    )
    return tmp_path / "desk.toml"


def test_a_toml_sets_title_source_logo_colour_order_and_languages(trade, tmp_path, desk):
    made = brief(trade, out=tmp_path / "out", formats="html", config=desk)
    assert [f.name for f in made.files] == ["briefing_en.html", "briefing_zh.html"]
    en, zh = (f.read_text("utf-8") for f in made.files)
    assert "<h1>Our desk: exposure</h1>" in en and "<h1>本部门：依存度</h1>" in zh
    assert "Own calculations &amp; customs" in en
    assert 'src="data:image/png;base64,' in en
    assert "--accent: #003366" in en
    assert order_of(en) == ["table", "headlines", "memo"]
    assert "<li>First paragraph.</li>" in en
    assert "Second &lt;b&gt;bold&lt;/b&gt;." in en
    assert "备忘" in zh and "一段文字。" in zh
    # The house's own title still says what the figures are.
    assert "China: provincial dependence on exports to the US" in en


def test_the_call_goes_before_the_file(trade, tmp_path, desk):
    made, page = page_of(trade, tmp_path, config=desk, sections=["quality", "headlines"])
    assert order_of(page) == ["quality", "headlines"]
    assert [f.name for f in made.files] == ["briefing_en.html"]


def test_every_wrong_key_and_value_at_once(tmp_path):
    (tmp_path / "logo.gif").write_bytes(b"GIF89a")
    wrong = {
        "titel": "x",
        "title": 3,
        "logo": str(tmp_path / "logo.gif"),
        "languages": ["en", "de"],
        "colours": {"accent": "#ffee00", "ink": "#000000"},
        "boundaries": {"file": str(tmp_path / "none.geojson")},
        "extra": [{"text": "fine"}, {"titel": "x"}, {"key": "quality", "text": "x"}],
    }
    with pytest.raises(CallError) as caught:
        read_config(wrong)
    said = str(caught.value)
    for part in (
        "'titel'", "title:", "neither a PNG nor an SVG", "'de'", "colours.ink", "contrast",
        "none.geojson", "extra 2", "extra 3",
    ):  # fmt: skip
        assert part in said, part
    assert "extra 1" not in said


@pytest.mark.parametrize("text", ["title = ", "title = 'a'\ntitle = 'b'"])
def test_a_file_that_is_no_toml(tmp_path, text):
    (tmp_path / "desk.toml").write_text(text)
    with pytest.raises(CallError, match="cannot read"):
        read_config(tmp_path / "desk.toml")
    with pytest.raises(CallError, match="cannot read"):
        read_config(tmp_path / "there_is_none.toml")


def test_the_accent_is_checked_for_contrast():
    assert read_config({"colours": {"accent": "#003366"}}).accent == "#003366"
    for colour in ("#ff9900", "003366", "#12345g", "red"):
        with pytest.raises(CallError):
            read_config({"colours": {"accent": colour}})


@pytest.mark.parametrize(
    "body",
    [
        "<svg><script>1</script></svg>",
        '<svg onload="x()"></svg>',
        '<svg><a href="javascript:x()"/></svg>',
        '<svg><image href="https://a.example/x.png"/></svg>',
        "<svg><foreignObject/></svg>",
        '<svg><style>@import "x"</style></svg>',
        '<svg style="background:url(http://a.example/x)"/>',
        "plain text",
    ],
)
def test_a_logo_can_do_nothing_but_be_seen(tmp_path, body):
    path = tmp_path / "logo.svg"
    path.write_text(body)
    with pytest.raises(CallError, match=r"logo\.svg"):
        read_config({"logo": str(path)})
    path.write_text(SVG)
    assert read_config({"logo": str(path)}).logo.startswith("data:image/svg+xml;base64,")
    path.write_bytes(PNG + bytes(MOST_BYTES))
    with pytest.raises(CallError, match="at most"):
        read_config({"logo": str(path)})


def test_sections_are_left_out_reordered_and_named_when_wrong(trade, tmp_path):
    _, page = page_of(trade, tmp_path, sections="method,where")
    assert order_of(page) == ["method", "where"]
    _, page = page_of(trade, tmp_path, config={"leave_out": ["receipts", "where"]})
    assert order_of(page) == ["headlines", "table", "quality", "method"]
    with pytest.raises(CallError) as caught:
        brief(trade, sections="where,mapp,tabel", out=tmp_path / "no")
    assert "'mapp', 'tabel'" in str(caught.value)
    assert all(key in str(caught.value) for key in SECTIONS)
    with pytest.raises(CallError, match="no section is left"):
        brief(trade, sections="where", config={"leave_out": ["where"]}, out=tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_own_results_and_texts_stand_before_the_quality(sample, trade, tmp_path):
    import provexpo as pe

    own = pe.growth(sample, partner="US", province=["Shanxi", "Fujian"], during="2025-01/2025-07")
    made, page = page_of(
        trade, tmp_path, extra=[own, "A word of caution.", ("Titled", "text"), ("Mine", own)]
    )
    assert order_of(page)[-7:] == [
        "extra1", "extra2", "extra3", "extra4", "quality", "method", "receipts"
    ]  # fmt: skip
    first = next(s for s in made.sections["en"] if s.key == "extra1")
    assert {r[0].text for r in first.tables[0].rows} == {"Shanxi", "Fujian"}
    assert first.title == own.title and first.results[0][1].frame.equals(own.frame)
    assert "A word of caution." in page and ">Titled<" in page
    assert "illustrative sample" in " ".join(first.notes)
    shown = brief(trade, lang="zh", extra=[own], save=False, out=tmp_path / "o").sections["zh"]
    table = next(s for s in shown if s.key == "extra1").tables[0]
    assert {r[0].text for r in table.rows} == {"山西", "福建"}
    assert table.columns[0].head == "省份"


def test_wrong_own_sections_are_named(trade, tmp_path):
    with pytest.raises(CallError) as caught:
        brief(trade, extra=["fine", 3, {"text": "x", "colour": "red"}], out=tmp_path / "o")
    assert "number 2" in str(caught.value) and "number 3" in str(caught.value)
    for key in ("a b", "main", "panel-map", "1", 'x"y'):
        with pytest.raises(CallError, match="cannot be a key"):
            brief(trade, extra=[{"key": key, "text": "x"}], out=tmp_path / "o")
    with pytest.raises(CallError, match="two own sections"):
        brief(trade, extra=[{"key": "a", "text": "x"}] * 2, out=tmp_path / "o")


def test_markup_in_what_a_desk_writes_stays_text(trade, tmp_path):
    _, page = page_of(trade, tmp_path, extra=[(EVIL, EVIL)], config={"title": EVIL, "source": EVIL})
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5


def test_a_boundary_file_of_the_desk_is_used_or_its_fault_is_told(
    make_trade, tmp_path, monkeypatch
):
    from provexpo.briefing import forms
    from provexpo.errors import JoinError

    held = tmp_path / "own.geojson"
    held.write_text("{}")
    seen = {}

    def remember(result, *, column, lang, title, boundaries, boundary_source, approval):
        seen.update(path=boundaries, source=boundary_source, approval=approval)
        raise JoinError("a code is missing")

    monkeypatch.setattr(forms, "choropleth", remember)
    config = {"boundaries": {"file": str(held), "source": "Survey", "approval": "GS(2024)1"}}
    with pytest.raises(JoinError, match="a code is missing"):
        brief(make_trade(), out=tmp_path / "out", formats="html", config=config)
    assert seen == {"path": held, "source": "Survey", "approval": "GS(2024)1"}


def test_the_command_line_takes_sections_and_a_file(trade, tmp_path, desk, monkeypatch):
    from typer.testing import CliRunner

    from provexpo.cli import pages
    from provexpo.cli.app import app

    monkeypatch.setattr(pages, "open_trade", lambda *_: trade)
    words = ["brief", "--config", str(desk), "--out", str(tmp_path / "out"), "--formats", "html"]
    done = CliRunner().invoke(app, [*words, "--sections", "headlines,heat"])
    assert done.exit_code == 0, done.output
    pages_made = sorted(f.name for f in (tmp_path / "out").glob("*.html"))
    assert pages_made == ["briefing_en.html", "briefing_zh.html"]  # the languages of the file
    assert "en: headlines" in done.stderr and "zh: heat" in done.stderr
    assert "left out: Provinces and sectors" in done.stderr
    assert order_of((tmp_path / "out" / "briefing_en.html").read_text("utf-8")) == ["headlines"]
