"""The two-page summary: on A4, nothing cut or on top of something else, the same bytes again."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest
from matplotlib.text import Text

from provexpo.errors import DrawError
from provexpo.maps import fonts, summary
from provexpo.maps.choropleth import choropleth
from provexpo.maps.regions import places
from provexpo.maps.summary import Block, Grid, Head, Line, Month, Months, Ranking, Summary
from provexpo.result import Result

MORE = "and {n} more"


def rows(n: int) -> tuple[tuple[str, ...], ...]:
    return tuple((f"Province {i}", f"{i}.0", "118.8% to 349.1%", "small fall") for i in range(n))


@pytest.fixture
def whole(result: Callable[..., Result], shares: dict[str, float]) -> Summary:
    names = [p.name_en for p in places().values()][:31]
    heads = (
        Head("Province", left=True), Head("Change with the partner", "USD bn"),
        Head("Leaving out one product"), Head("Status", left=True),
    )  # fmt: skip
    return Summary(
        lang="en",
        title="China: provincial dependence on exports to the US",
        about="  ·  ".join(f"Window {i}: Jan–Jul 2025, compared with 2024" for i in range(5)),
        sample="illustrative sample, not data",
        watermark="SAMPLE",
        accent="#b3261e",
        brief=Block("In brief", ("One sentence. " * 12, "Another one.", "The third.")),
        tiles=(("The nation's share", "11.3%", "−3.4 pp"), ("Median", "7.8%", "")),
        where="Who depends on the US",
        picture=choropleth(result("dependence", "share", shares, illustrative=True)),
        picture_notes=("Source: a table", "Boundaries: somebody"),
        ranking=Ranking(
            "Ranking",
            tuple(Line(n, 0.0, 100 - 3 * i, "#41b6c4", f"{i}.0%") for i, n in enumerate(names)),
            50.0,
            ("Line: the nation",),
        ),
        months=Months(
            "Shanxi (USD m)",
            (Month("Jan 2024", 20.0, False), Month("", None, False), Month("", 30.0, True)),
            ((0.0, "0"), (20.0, "20"), (40.0, "40")),
        ),
        offset=Block("Lost there", ("A sentence on it.",)),
        table=Grid("Provinces", heads, rows(27), "The {n} largest of {all}", 27),
        quality=Block("Data quality", ("Checks: 4 ok.", "A note.")),
        receipts=Block("Receipts", ("Months 12345678",)),
        foot=("provexpo, store load 3",),
        more=MORE,
    )


def sheets(made: Summary) -> list[list[Text]]:
    """The texts of both pages, as matplotlib places them."""
    found = fonts.families("aA" if made.lang == "en" else "中a", made.lang)
    return [
        [t for axes in sheet.figure.axes for t in axes.texts if t.get_text()]
        for sheet in (summary._first(made, found), summary._second(made, found))
    ]


def box(text: Text):  # type: ignore[no-untyped-def]
    assert text.figure is not None
    return text.get_window_extent(text.figure.canvas.get_renderer())  # type: ignore[union-attr]


FINE = 576  # dots an inch: on the screen's grid letters would be moved by whole pixels


def said(made: Summary) -> str:
    return "\n".join(t.get_text() for page in sheets(made) for t in page)


def test_two_pages_of_a4_without_date(whole: Summary) -> None:
    data = summary.summary_pdf(whole)
    boxes = re.findall(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)", data)
    assert len(boxes) == 2
    for width, height in boxes:  # 210 mm by 297 mm
        assert float(width) == pytest.approx(210 / 25.4 * 72, abs=0.1)
        assert float(height) == pytest.approx(297 / 25.4 * 72, abs=0.1)
    assert not re.search(rb"CreationDate|ModDate|/Type0|/CIDFont", data)
    assert b"/Type3" in data or any(b"/Type3" in part for part in _unpacked(data))


def _unpacked(data: bytes) -> list[bytes]:
    out = []
    for part in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
        try:
            out.append(zlib.decompress(part))
        except zlib.error:
            continue
    return out


def test_the_same_bytes_again(whole: Summary) -> None:
    assert summary.summary_pdf(whole) == summary.summary_pdf(whole)


def long(whole: Summary) -> Summary:
    """More of everything than two pages hold."""
    return replace(
        whole,
        title="A long title of a briefing that does not fit on one line of the page " * 2,
        quality=Block("Data quality", tuple(f"Note {i} of a briefing. " * 4 for i in range(30))),
        table=Grid("Provinces", whole.table.heads, rows(60), whole.table.cut, 60),  # type: ignore[union-attr]
    )


def without_provinces(whole: Summary) -> Summary:
    return replace(
        whole, picture=None, picture_notes=("No map: no provinces",), ranking=None, table=None
    )


@pytest.mark.parametrize("change", [lambda s: s, long, without_provinces])
def test_nothing_is_cut_or_covered(whole: Summary, change: Callable[[Summary], Summary]) -> None:
    for page in sheets(change(whole)):
        figure = page[0].figure
        figure.set_dpi(FINE)  # type: ignore[union-attr]
        edge = (summary.EDGE - 0.5) * FINE / 72
        width, height = figure.canvas.get_width_height()  # type: ignore[union-attr]
        boxes = [(t.get_text(), box(t)) for t in page if t.get_alpha() is None]
        for text, at in boxes:
            assert at.x0 >= edge and at.x1 <= width - edge, text
            assert at.y0 >= edge - 5 * FINE / 72 and at.y1 <= height - edge, text
        for (one, a), (other, b) in combinations(boxes, 2):
            deep = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            # Lines may touch: a box has room for accents above and tails below.
            assert not (deep[0] > FINE / 72 and deep[1] > 0.25 * min(a.height, b.height)), (
                one,
                other,
            )


def test_what_does_not_fit_is_counted(whole: Summary) -> None:
    text = said(long(whole))
    shown = len(re.findall(r"Province \d+", text))
    assert 5 < shown < 60 and f"The {shown} largest of 60" in text
    notes = len(set(re.findall(r"Note (\d+) of a briefing", text)))
    assert 0 < notes < 30 and f"and {30 - notes} more" in text


def test_all_rows_that_fit_need_no_remark(whole: Summary) -> None:
    small = replace(whole, table=Grid("P", whole.table.heads, rows(5), "cut {n}{all}", 5))  # type: ignore[union-attr]
    assert "cut" not in said(small) and MORE.format(n=1) not in said(small)


def test_parts_that_were_left_out_leave_no_trace(whole: Summary) -> None:
    bare = replace(
        whole, tiles=(), where="", picture=None, picture_notes=(), ranking=None, months=None,
        offset=None, table=None, quality=None, receipts=None,
    )  # fmt: skip
    text = said(bare)
    for absent in ("Ranking", "Receipts", "Data quality", "Shanxi", "Lost there"):
        assert absent not in text
    assert "In brief" in text and summary.summary_pdf(bare).startswith(b"%PDF")


def test_the_sample_is_named_on_both_pages(whole: Summary) -> None:
    for page in sheets(whole):
        texts = [t.get_text() for t in page]
        assert "illustrative sample, not data" in texts and "SAMPLE" in texts
    assert "SAMPLE" not in said(replace(whole, sample="", picture=None))


def test_a_missing_month_is_a_gap(whole: Summary) -> None:
    found = fonts.families("a", "en")
    sheet = summary._second(whole, found)
    columns = [
        p for axes in sheet.figure.axes for p in axes.patches
        if p.get_facecolor()[:3] != (1.0, 1.0, 1.0) and p.get_height() > 20  # type: ignore[attr-defined]
    ]  # fmt: skip
    assert [round(c.get_height() / columns[0].get_height(), 2) for c in columns] == [1.0, 1.5]  # type: ignore[attr-defined]


def test_without_a_font_for_its_characters_it_is_refused(
    whole: Summary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "CHINESE", ("No Such Font",))
    with pytest.raises(DrawError, match="No installed font"):
        summary.summary_pdf(replace(whole, lang="zh", title="中国各省"))
