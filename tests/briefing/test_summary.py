"""The PDF summary and the workbook say what the page's sections say, and no more."""

import io
import json
import re
from hashlib import sha256

import openpyxl
import pytest

import provexpo as pe
from provexpo.briefing import figures, forms
from provexpo.briefing.facts import facts_of
from provexpo.briefing.notebook import notebook_html
from provexpo.briefing.sheets import pages_of
from provexpo.briefing.summary import _ticks, summary_of
from provexpo.briefing.view import Picture
from provexpo.errors import CoverageError
from provexpo.maps.fonts import check_font
from provexpo.output import formats

LANGS = ("en", "zh") if check_font("zh").ok else ("en",)


@pytest.fixture(scope="module")
def made(sample):
    return pe.brief(sample, during="2025-01/2025-07", lang=LANGS, save=False)


@pytest.fixture(scope="module", params=LANGS)
def prepared(made, request):
    return next(p for p in made._prepared if p.lang == request.param)


def summary(prepared, sections=None):
    drawn, why = prepared.picture
    picture = Picture(None, drawn.title, drawn.beside) if drawn else Picture(None, why=why)
    held = prepared.sections if sections is None else sections
    return summary_of(prepared.figures, held, picture, drawn, prepared.config)


def by_key(prepared):
    return {s.key: s for s in prepared.sections}


def test_every_part_is_that_of_its_section(prepared):
    given, held = summary(prepared), by_key(prepared)
    assert given.brief.texts == held["headlines"].sentences
    ranking = next(p for p in held["where"].panels if p.name == "ranking")
    assert [(b.label, b.text) for b in given.ranking.bars] == [
        (b.label, b.text) for b in ranking.bars
    ]
    table = held["offset"].tables[0]
    assert given.table.rows == tuple(tuple(c.text for c in row) for row in table.rows)
    assert given.offset.texts == held["offset"].sentences
    for text in (*held["quality"].parts["missing"], *held["quality"].sentences):
        assert text in given.quality.texts


def test_bars_of_the_ranking_are_as_long_as_their_shares(prepared):
    shares = prepared.figures.shares.frame
    held = dict(zip(shares["province_name"], shares["share"]))
    bars = summary(prepared).ranking.bars
    assert len(bars) == 31
    most = max(held.values())
    for bar in bars:
        assert bar.width == pytest.approx(100 * held[bar.label.rstrip("†")] / most)
    assert [b.width for b in bars] == sorted((b.width for b in bars), reverse=True)


def test_months_are_those_of_the_province_that_the_page_shows(prepared, sample):
    """Asked anew, month by month, of the trade itself."""
    code = prepared.figures.default_province
    months = summary(prepared).months.months
    fresh = pe.value(sample, partner="US", during="2025-01/2025-07", by=["province", "month"])
    held = dict(fresh.frame.filter(province=code).select("month", "value").iter_rows())
    strong = [m.value for m in months if m.strong]
    assert strong == [held[f"2025-{m:02d}"] for m in range(1, 8)]
    assert len(months) == 24 and not any(m.strong for m in months[:-7])


def test_the_scale_of_the_months_holds_them():
    for most in (1, 9.99, 10, 203.6e6, 999e6, 4.2e9, 51e9, 3.4e12):
        scale = formats.scale_of([most], "USD", "en")
        ticks = _ticks(most, scale)
        heights = [at for at, _ in ticks]
        assert heights[0] == 0 and heights[-1] >= most and 3 <= len(ticks) <= 7
        assert len({text for _, text in ticks}) == len(ticks)
        for at, text in ticks:
            assert float(text.replace(",", "")) * scale.factor == pytest.approx(at)


def test_receipts_are_named_by_their_fingerprint(prepared):
    (line,) = summary(prepared).receipts.texts
    held = by_key(prepared)["receipts"].parts["receipts"]
    assert len(held) > 5
    for receipt in held:
        assert f"{receipt['title']}\u00a0{sha256(receipt['json'].encode()).hexdigest()[:8]}" in line


def test_only_the_sections_asked_for(prepared):
    given = summary(prepared, [by_key(prepared)["headlines"]])
    assert given.brief.texts and given.tiles
    for part in ("picture", "ranking", "months", "offset", "table", "quality", "receipts"):
        assert getattr(given, part) is None
    assert given.where == "" and given.picture_notes == ()


def test_pdf_comes_as_map_and_summary_with_the_same_bytes(made, tmp_path):
    prepared = made._prepared[-1]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        forms.pdf(prepared, tmp_path / name)
    lang = prepared.lang
    names = sorted(f.name for f in (tmp_path / "a").iterdir())
    assert names == [f"map_{lang}.pdf", f"summary_{lang}.pdf"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_workbook_has_a_sheet_a_section(prepared, tmp_path):
    forms.xlsx(prepared, tmp_path)
    book = openpyxl.load_workbook(tmp_path / f"briefing_{prepared.lang}.xlsx")
    held = [s for s in prepared.sections if not s.left_out and s.key != "receipts"]
    assert len(book.sheetnames) == len(held) + 1  # and the notes
    for sheet, section in zip(book, held):
        column = [row[0].value for row in sheet.iter_rows(max_col=1)]
        assert all(text in column for text in section.sentences)
    assert all(c.data_type != "f" for ws in book for row in ws.iter_rows() for c in row)
    notes = [tuple(c.value for c in row)[:2] for row in book[book.sheetnames[-1]].iter_rows()]
    calls = [text for key, text in notes if key and key.endswith(" call")]
    tables = [r for p in pages_of(held, facts_of(prepared.figures)) for _, r in p.tables]
    assert [json.loads(text) for text in calls] == [json.loads(json.dumps(r.receipt.call)) for r in tables]  # fmt: skip  # noqa: E501


def test_figures_of_the_workbook_are_the_figures(prepared, tmp_path):
    forms.xlsx(prepared, tmp_path)
    data = (tmp_path / f"briefing_{prepared.lang}.xlsx").read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(data))
    shares = prepared.figures.shares
    sheet = book.worksheets[1]
    (ref,) = [t.ref for t in sheet.tables.values()]
    first = int(re.match(r"[A-Z]+(\d+):", ref)[1])
    body = [[c.value for c in row] for row in sheet.iter_rows(min_row=first + 1)]
    at = shares.frame.columns.index("share")
    assert [row[at] for row in body] == pytest.approx(shares.frame["share"].to_list())
    assert sheet.freeze_panes == f"A{first + 1}"
    forms.xlsx(prepared, tmp_path)
    assert (tmp_path / f"briefing_{prepared.lang}.xlsx").read_bytes() == data


def test_a_national_briefing_has_a_summary_too(make_trade, tmp_path, monkeypatch):
    """Without provinces: the sentences of the nation, and why there is no map."""
    planted, national = figures.dependence, figures.growth

    def nation_only(metric):
        def call(trade, *, by=("province",), **kwargs):
            if list(by):
                raise CoverageError("no table is broken down by province")
            return metric(trade, by=by, **kwargs)

        return call

    monkeypatch.setattr(figures, "dependence", nation_only(planted))
    monkeypatch.setattr(figures, "growth", nation_only(national))
    out = pe.brief(make_trade(), out=tmp_path / "out", formats="pdf,xlsx,csv")
    assert "summary_en.pdf" in {f.name for f in out.files}
    given = summary(out._prepared[0])
    assert given.ranking is None and given.picture is None and given.table is None
    assert given.brief.texts == out.sentences["en"]


def test_a_csv_for_every_table(prepared, tmp_path):
    forms.csv(prepared, tmp_path)
    results = dict(forms.sheets_of(prepared))
    names = {f.stem.removeprefix(f"briefing_{prepared.lang}") for f in tmp_path.iterdir()}
    assert names == {""} | {f"_{n}" for n in results if n != "shares"}


def test_a_notebook_shows_sentences_files_and_what_is_left_out(made, tmp_path):
    saved = made.save(tmp_path / "out", formats="csv")
    shown = saved._repr_html_()
    assert shown.count("<ol>") == len(LANGS)
    assert "illustrative sample, not data" in shown
    assert "briefing_en.csv (" in shown
    assert "Rerouting signals" in shown
    assert "<script" not in shown and "href" not in shown


def test_a_notebook_escapes_everything(tmp_path):
    file = tmp_path / "<b>.csv"
    file.write_text("x")
    shown = notebook_html({"en": ("<script>alert(1)</script>",)}, [file], ["a & b"], False)
    assert "<script" not in shown and "<b>" not in shown
    assert "&lt;script&gt;" in shown and "a &amp; b" in shown and "1 kB" in shown
