"""The page and the files: whole, safe, the same every time, in both languages."""

import os
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from types import SimpleNamespace

import openpyxl
import pytest

from provexpo.briefing import colours, figures, forms
from provexpo.briefing.brief import SECTIONS, brief
from provexpo.errors import CallError, CoverageError, DrawError, JoinError
from provexpo.periods import Window
from provexpo.result import Caveat

M = 1_000_000
TABLE = "CHN:gacc_query:province+partner+hs8+regime"
# What stands on every page; other sections are left out where their figures cannot be had.
ALWAYS = ("headlines", "where", "table", "quality", "method", "receipts")
VOID = {"meta", "br", "rect", "link", "input", "img", "hr"}


class Page(HTMLParser):
    """Tags are closed in order; keeps sections, links, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.sections, self.urls, self.ths, self.tags = [], [], [], [], []
        self.words = []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag == "section":
            self.sections.append(attrs["id"])
        if tag == "th":
            self.ths.append(attrs)
        self.urls += [v for k, v in attrs.items() if k in ("src", "href", "xlink:href", "action")]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack[-1:] not in (["style"], ["pre"]):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def page_of(trade, tmp_path, lang="en", **kwargs):
    brief(trade, lang=lang, out=tmp_path / "out", formats="html", **kwargs)
    return Page((tmp_path / "out" / f"briefing_{lang}.html").read_text("utf-8"))


def test_one_self_contained_page_with_all_sections(trade, tmp_path):
    page = page_of(trade, tmp_path)
    assert tuple(page.sections) == ALWAYS
    assert page.urls and all(u.startswith("#") for u in page.urls)
    assert not any(tag in ("script", "link", "iframe", "img") for tag, _ in page.tags)
    assert ("html", {"lang": "en", "data-ready": "fallback"}) in page.tags
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert all(th.get("scope") in ("col", "row", "colgroup") for th in page.ths)
    regions = [a for _, a in page.tags if a.get("role") == "region"]
    assert regions and all(a["tabindex"] == "0" and a["aria-label"] for a in regions)
    assert any(t == "svg" and a.get("role") == "img" for t, a in page.tags)


def test_no_style_reaches_for_the_network(trade, tmp_path):
    brief(trade, out=tmp_path / "out", formats="html")
    raw = (tmp_path / "out" / "briefing_en.html").read_text("utf-8")
    style = raw[raw.index("<style>") : raw.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_missing_and_statuses_are_words(trade, tmp_path):
    text = page_of(trade, tmp_path).text
    assert "missing: months not covered" in text  # Qinghai
    assert "new (none in the base window)" in text  # Hainan
    assert "vanished (none in the window)" in text  # Gansu
    assert "small base" in text  # Tibet
    assert "12 times" in text  # Yunnan, 960 of 80 million
    assert "n/a" in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    assert "None" not in text
    assert re.search(
        r"No figure \(not ranked; no figure is not zero\): Qinghai", text.replace(" (", " (")
    )


def test_every_province_is_in_the_table(trade, tmp_path):
    page = page_of(trade, tmp_path)
    rows = [th for th in page.ths if th["scope"] == "row"]
    assert len(rows) >= 31


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_sample_cannot_be_taken_for_data(make_trade, tmp_path, lang):
    words = {"en": "illustrative sample, not data", "zh": "示例数据，非真实数据"}[lang]
    sample = page_of(make_trade(), tmp_path, lang)
    banners = [a for _, a in sample.tags if a.get("class") == "sample"]
    assert len(banners) == 2  # header and footer
    assert sample.text.count(words) >= 6
    real = page_of(make_trade(illustrative=False), tmp_path, lang)
    assert words not in real.text


def test_chinese_page_is_chinese(make_trade, tmp_path):
    page = page_of(make_trade(illustrative=False), tmp_path, "zh")
    assert ("html", {"lang": "zh", "data-ready": "fallback"}) in page.tags
    english = re.findall(r"[A-Za-z]{3,}", page.text)
    known = {
        "USD",
        "CNY",
        "FOB",
        "CIF",
        "CHN",
        "provexpo",
        "gacc",
        "query",
        "province",
        "partner",
        "hs8",
        "regime",
    }
    assert set(english) - known == set()
    assert "无数据" in page.text
    assert "缺失：月份未覆盖" in page.text


def test_markup_in_names_and_notes_stays_text(make_trade, tmp_path):
    evil = "<script>alert(1)</script>"
    row = SimpleNamespace(
        check=evil,
        table="t",
        flow="export",
        currency="USD",
        text=evil,
        failed=True,
        noted=False,
    )
    trade = make_trade(
        names={"14": evil, "63": evil}, caveats=(Caveat("x", evil, 2),), checks=(row,)
    )
    page = page_of(trade, tmp_path)
    assert not any(tag == "script" for tag, _ in page.tags)
    assert page.text.count(evil) >= 5
    assert "FAILED" in page.text


def test_coverage_shows_held_combined_and_missing_months(trade, tmp_path):
    page = page_of(trade, tmp_path)
    titles = [a["title"] for t, a in page.tags if t == "td" and "title" in a]
    assert titles[0] == "Jan 2024: January and February together"
    assert "Aug 2024: not held" in titles
    used = [a for t, a in page.tags if t == "td" and "used" in a.get("class", "")]
    assert len(used) == 14


def test_receipts_stand_on_the_page(trade, tmp_path):
    page_of(trade, tmp_path)
    raw = (tmp_path / "out" / "briefing_en.html").read_text("utf-8")
    assert raw.count("<details>") == 6
    assert "SELECT 1 AS one" in raw


def test_files_and_sections_in_the_order_asked(trade, tmp_path):
    made = brief(
        trade, lang="en,zh", out=tmp_path / "新 folder", formats="html,png,svg,pdf,xlsx,csv"
    )
    # Of tables there is a csv each: briefing_<lang>_<name>.csv beside the one by province.
    tables = ("changes", "totals", "nation_shares", "nation_changes", "nation_totals")
    names = {f.name for f in made.files}
    assert names == {f"briefing_{n}_{t}.csv" for n in ("en", "zh") for t in tables} | {
        f"{stem}_{lang}.{kind}"
        for lang in ("en", "zh")
        for stem, kinds in (
            ("briefing", ("html", "xlsx", "csv")),
            ("map", ("png", "svg", "pdf")),
            ("summary", ("pdf",)),
        )
        for kind in kinds
    }
    assert all(f.is_file() for f in made.files)
    assert str(made.window) == "2025-01/2025-07"
    assert set(made.sentences) == {"en", "zh"}
    assert os.listdir(tmp_path) == ["新 folder"]
    book = openpyxl.load_workbook(tmp_path / "新 folder" / "briefing_zh.xlsx")
    assert book.sheetnames == ["要点", "谁依赖美国", "各省一览", "数据质量", "方法说明", "说明"]


def test_the_same_bytes_again(trade, tmp_path):
    one = brief(trade, lang="en,zh", out=tmp_path / "a", formats="html,xlsx,csv")
    two = brief(trade, lang="en,zh", out=tmp_path / "b", formats="html,xlsx,csv")
    assert [f.read_bytes() for f in one.files] == [f.read_bytes() for f in two.files]


def test_without_provinces_the_page_says_why(make_trade, tmp_path, monkeypatch):
    planted, national = figures.dependence, figures.growth

    def by_nation_only(metric):
        def call(trade, *, by=("province",), **kwargs):
            if list(by):
                raise CoverageError("no table is broken down by province")
            return metric(trade, by=by, **kwargs)

        return call

    monkeypatch.setattr(figures, "dependence", by_nation_only(planted))
    monkeypatch.setattr(figures, "growth", by_nation_only(national))
    page = page_of(make_trade(), tmp_path)
    assert tuple(page.sections) == ("headlines", "quality", "method", "receipts")
    assert "Who depends on the US: no table is broken down by province" in page.text
    assert "All provinces: no table is broken down by province" in page.text
    assert "The nation's share" in page.text


def test_nothing_at_all_is_the_first_error(make_trade, tmp_path, monkeypatch):
    def refuse(trade, **kwargs):
        raise CoverageError("the store holds no exports")

    monkeypatch.setattr(figures, "dependence", refuse)
    monkeypatch.setattr(figures, "growth", refuse)
    with pytest.raises(CoverageError, match="no exports"):
        brief(make_trade(), out=tmp_path / "out")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_window_missing_survives(make_trade, tmp_path, lang):
    cells = dict.fromkeys(("11", "14", "44"), (None,) * 4)
    made = brief(make_trade(cells=cells), lang=lang, out=tmp_path / "out")
    assert {f.name for f in made.files} == {f"briefing_{lang}.html", f"briefing_{lang}.xlsx"}
    page = Page((tmp_path / "out" / f"briefing_{lang}.html").read_text("utf-8"))
    # Five sections that are not planted, and why there is no picture.
    assert len(made.notes) == 6
    assert all(note in page.text for note in made.notes)


def test_missing_base_keeps_the_level(make_trade, tmp_path):
    cells = {"14": (500 * M, 2_000 * M, None, None), "44": (100 * M, 2_000 * M, None, None)}
    text = page_of(make_trade(cells=cells), tmp_path).text
    assert "25.0%" in text
    assert "No figure for exports to the US in Jan–Jul 2024 (base): Shanxi, Guangdong" in text


def test_a_font_that_is_missing_stops_before_anything_is_written(trade, tmp_path, monkeypatch):
    def no_font(result, *, column, lang, title):
        raise DrawError("no installed font can draw 2 characters", do="install Noto Sans CJK SC")

    monkeypatch.setattr(forms, "choropleth", no_font)
    with pytest.raises(DrawError, match="Noto"):
        brief(trade, lang="en,zh", out=tmp_path / "out")
    assert os.listdir(tmp_path) == []
    made = brief(trade, lang="zh", out=tmp_path / "out", formats="xlsx")  # draws nothing
    assert [f.name for f in made.files] == ["briefing_zh.xlsx"]


def test_provinces_without_boundaries_leave_the_map_out(trade, tmp_path, monkeypatch):
    def no_region(result, *, column, lang, title):
        raise JoinError("3 rows have no region")

    monkeypatch.setattr(forms, "choropleth", no_region)
    made = brief(trade, out=tmp_path / "out")
    assert "No map: it could not be drawn: 3 rows have no region" in made.notes


def test_an_old_briefing_stays_when_a_new_one_fails(trade, tmp_path, monkeypatch):
    first = brief(trade, out=tmp_path / "out", formats="html")
    before = first.files[0].read_bytes()

    def broken(view):
        raise CallError("no space")

    monkeypatch.setattr(forms, "render", broken)
    with pytest.raises(CallError):
        brief(trade, out=tmp_path / "out", formats="html")
    assert first.files[0].read_bytes() == before
    assert os.listdir(tmp_path) == ["out"]


def test_all_wrong_words_at_once(trade, tmp_path):
    with pytest.raises(CallError) as caught:
        brief(trade, lang="en,de", formats="html,docx", flow="sideways", out=tmp_path / "out")
    for word in ("de", "docx", "sideways", "xlsx"):
        assert word in str(caught.value)


def test_out_that_is_a_file(trade, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(CallError, match="out="):
        brief(trade, out=tmp_path / "out", formats="xlsx")
    assert (tmp_path / "out").read_text() == "mine"


def test_text_on_every_colour_can_be_read():
    for _, background, ink in colours.styles():
        assert colours.contrast(background, ink) >= 4.5
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)


def test_title_and_chips_name_what_the_figures_are_limited_to(make_trade, tmp_path):
    scope = ("products: 85177950 only", "partners assumed complete")
    page = page_of(make_trade(scope=scope), tmp_path)
    title = "China: provincial dependence on exports to the US (product 85177950 only)"
    assert page.text.count(title) >= 2  # in <title> and as the heading
    assert "partners assumed complete" in page.text


def test_the_whole_way_on_the_sample(tmp_path):
    """The published shares of January to July 2025, to a tenth of a per cent (methods 1.1)."""
    import provexpo as pe

    made = pe.brief(
        pe.sample(), during="2025-01/2025-07", out=tmp_path / "out", formats="html,xlsx"
    )
    page = Page(made.files[0].read_text("utf-8"))
    assert tuple(page.sections) == tuple(k for k in SECTIONS if k != "rerouting")
    assert "Shanxi depends most on the US: 22.5%" in made.sentences["en"][0]
    assert "The nation: 11.8%." in made.sentences["en"][0]
    assert page.text.count("illustrative sample, not data") >= 6
    assert "Fujian 16.4" in page.text
    assert page.urls == [] or all(u.startswith("#") for u in page.urls)
    raw = made.files[0].read_text("utf-8")
    assert len(raw.encode()) < 1_500_000
    # Every script is allowed by its hash, and nothing else is.
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv"))
    scripts = re.findall(r'<script type="module">(.*?)</script>', raw, re.DOTALL)
    hashes = [b64encode(sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = " ".join(f"'sha256-{h}'" for h in hashes)
    assert len(scripts) == 2 and policy.endswith(f"script-src {allowed}")
    assert "unsafe-eval" not in policy and "http" not in policy
    # Scripts off: every panel has its picture.
    panels = [a["data-panel"] for t, a in page.tags if "data-panel" in a]
    assert panels == ["map", "ranking", "scatter", "months", "sectors", "partners", "offset"]
    assert sum(a.get("class") == "panel-svg" for t, a in page.tags if t == "svg") == 6


def test_a_province_without_a_row_of_change_is_not_called_ok(make_trade, tmp_path, monkeypatch):
    planted = figures.growth

    def without_14(trade, **kwargs):
        result = planted(trade, **kwargs)
        if "province" not in result.frame.columns or kwargs.get("partner") is None:
            return result
        kept = result.frame.filter(result.frame["province"] != "14")
        return type(result)(kept, result.units, result.receipt, lang=result.lang)

    monkeypatch.setattr(figures, "growth", without_14)
    cells = {"14": (0, 2_000 * M, None, None), "44": (100 * M, 2_000 * M, None, None)}
    assert "no figure for the base window" in page_of(make_trade(cells=cells), tmp_path).text


def test_only_what_is_not_ok_has_words_in_the_table(trade, tmp_path):
    page_of(trade, tmp_path)
    raw = (tmp_path / "out" / "briefing_en.html").read_text("utf-8")
    cells = re.findall(r'<td class="l status(?: flagged)?">(.*?)</td>', raw)
    plain = '<span aria-hidden="true">–</span><span class="vh">ok</span>'
    assert len(cells) == 31
    # Qinghai, Hainan, Gansu, Tibet and Yunnan (12 times) have something to say: Yunnan is ok.
    assert cells.count(plain) == 27
    assert "ok" not in [re.sub("<.*?>", "", c) for c in cells if c != plain]


def test_the_map_is_bare_and_the_page_says_the_rest_as_text(make_trade, tmp_path):
    text = page_of(make_trade(), tmp_path).text
    assert "under 5" in text and "5–10" in text and "10 and more" in text  # the fake's breaks
    assert "Illustrative sample, not data." in text
    assert TABLE in text
    raw = (tmp_path / "out" / "briefing_en.html").read_text("utf-8")
    assert '<p class="warn">Illustrative sample, not data.</p>' in raw
    page_of(make_trade(illustrative=False), tmp_path)
    assert 'class="warn"' not in (tmp_path / "out" / "briefing_en.html").read_text("utf-8")


def test_provinces_without_a_row_are_named(make_trade, tmp_path):
    cells = {"14": (500 * M, 2_000 * M, 400 * M, 1_000 * M)}
    text = page_of(make_trade(cells=cells), tmp_path).text
    assert "No record in either window: Beijing, Tianjin, Hebei, Inner Mongolia" in text
    assert "No record in either window" not in page_of(make_trade(), tmp_path).text


def test_scopes_are_said_once(make_trade, tmp_path):
    caveats = (
        Caveat("scope", "partners assumed complete; products: 85 only"),
        Caveat("x", "another", 1),
        Caveat("scope", "products: 85 only"),
        Caveat("base_missing", "the base is missing", 1),
    )
    text = page_of(make_trade(caveats=caveats), tmp_path).text
    assert text.count("products: 85 only") == 1
    assert "another (1 row)" in text
    assert "the base is missing (" not in text  # its count is one of windows


def test_findings_are_ok_noted_or_failed(make_trade, tmp_path):
    def row(text, failed, noted):
        return SimpleNamespace(
            check="gap", table="t", flow="export", currency="USD", text=text,
            failed=failed, noted=noted,
        )  # fmt: skip

    checks = (row("one", False, False), row("two", False, True), row("three", True, False))
    text = page_of(make_trade(checks=checks), tmp_path).text
    assert "one ok" in text and "two noted" in text and "three FAILED" in text


def test_a_window_cut_short_by_a_month_not_held_says_so(make_trade, tmp_path, monkeypatch):
    trade = make_trade()
    monkeypatch.setattr(type(trade), "latest_window", lambda *_, **__: Window(202510, 202512))
    text = "The window starts in Oct 2025: the month before it is not held."
    assert text in page_of(trade, tmp_path).text
    assert text not in page_of(trade, tmp_path, during="2025-10/2025-12").text


@pytest.mark.parametrize(
    ("lang", "reason", "nation"),
    [
        ("en", "no table of exports is broken down by partner", "total exports rose 2.0%"),
        ("zh", "没有按贸易伙伴细分的出口表", "出口总额增长2.0%"),
    ],
)
def test_totals_alone_are_not_called_ok(make_trade, tmp_path, monkeypatch, lang, reason, nation):
    """A store of province totals: whatever needs a partner is missing, with its reason."""
    planted = figures.growth

    def refuse(trade, **kwargs):
        raise CoverageError("no table of exports is broken down by partner")

    monkeypatch.setattr(figures, "dependence", refuse)
    monkeypatch.setattr(
        figures,
        "growth",
        lambda trade, **kw: refuse(trade) if kw.get("partner") else planted(trade, **kw),
    )
    cells = {"14": (None, 102 * M, None, 100 * M), "44": (None, 204 * M, None, 200 * M)}
    made = brief(make_trade(cells=cells), lang=lang, out=tmp_path / "out", formats="html")
    text = Page(made.files[0].read_text("utf-8")).text
    assert all(reason in s for s in made.sentences[lang])
    assert nation in made.sentences[lang][2]
    flagged = {"en": "2 of 2 provinces flagged", "zh": "2个省份中2个有标注"}[lang]
    assert flagged in text
    assert {"en": "all figures ok", "zh": "全部数据正常"}[lang] not in text
