"""Chinese is drawn with a font that has it, or refused in words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib import font_manager as fm

from provexpo.errors import DrawError
from provexpo.maps import fonts
from provexpo.maps.choropleth import choropleth
from provexpo.result import Result


@pytest.fixture
def no_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "CHINESE", ("No Such Font",))


def test_english_needs_nothing_installed(no_chinese: None) -> None:
    status = fonts.check_font("en")
    assert status.ok and status.family == "DejaVu Sans"


def test_without_a_font_the_error_says_what_to_do(
    no_chinese: None, result: Callable[..., Result], shares: dict[str, float]
) -> None:
    made = result("dependence", "share", shares, lang="zh", title="出口依存度")
    with pytest.raises(
        DrawError, match=r"No installed font can draw \d+ characters \(e\.g\. "
    ) as caught:
        choropleth(made)
    assert caught.value.do is not None
    for advice in ("apt install fonts-noto-cjk", "font=", "lang='en'"):
        assert advice in caught.value.do
    status = fonts.check_font("zh")
    assert not status.ok and "fonts-noto-cjk" in status.advice


def test_english_map_draws_without_chinese_fonts(
    no_chinese: None, result: Callable[..., Result], shares: dict[str, float]
) -> None:
    picture = choropleth(result("dependence", "share", shares, lang="zh", title="x"), lang="en")
    assert picture.to_png().startswith(b"\x89PNG")


def test_chinese_product_name_in_an_english_title_is_refused_too(
    no_chinese: None, result: Callable[..., Result], shares: dict[str, float]
) -> None:
    with pytest.raises(DrawError, match="can draw 2 characters"):
        choropleth(result("dependence", "share", shares, title="Exports of 手机"))


def test_font_of_the_user_must_exist_and_have_the_characters(
    result: Callable[..., Result], shares: dict[str, float]
) -> None:
    made = result("dependence", "share", shares)
    with pytest.raises(DrawError, match="no font family 'Nowhere Sans'"):
        choropleth(made, font="Nowhere Sans")
    with pytest.raises(DrawError, match="cannot read the font"):
        choropleth(made, font="nowhere.ttf")
    with pytest.raises(DrawError, match="No installed font"):
        choropleth(made, lang="zh", font="DejaVu Sans")
    path = fm.findfont("DejaVu Serif")
    assert "DejaVu Serif" in choropleth(made, font=str(path)).to_svg()


def test_chinese_map_where_a_font_is(
    result: Callable[..., Result], shares: dict[str, float], recwarn: pytest.WarningsRecorder
) -> None:
    status = fonts.check_font("zh")
    if not status.ok:
        pytest.skip("no Chinese font is installed")
    made = result("dependence", "share", shares, lang="zh", title="出口依存度", illustrative=True)
    for style in ("map", "tiles"):
        picture = choropleth(made, style=style)
        svg = picture.to_svg()
        for text in (
            "广东",
            "内蒙古",
            "无数据",
            "示例数据，非真实数据",
            "按收发货人注册地",
            "出口依存度",
        ):
            assert text in svg
        assert "Guangdong" not in svg
        assert status.family is not None and status.family in svg
        picture.to_png()
    assert "31个省份中31个有数值" in picture.alt and "最高：新疆" in picture.alt
    assert not [w for w in recwarn if "Glyph" in str(w.message)]
