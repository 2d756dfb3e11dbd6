"""Lines keep within their width, in English and in Chinese."""

from __future__ import annotations

import pytest

from provexpo.maps.fonts import check_font
from provexpo.maps.page import NO_BREAK, text_width, wrap

LATIN = ["DejaVu Sans"]


def test_no_line_is_wider_and_no_word_is_lost() -> None:
    text = "General Administration of Customs of China, customs query, published 2025-08-20"
    lines = wrap(text, 120, LATIN, 7.4)
    assert len(lines) > 2
    assert " ".join(lines) == text
    assert all(text_width(line, LATIN, 7.4) <= 120 for line in lines)


def test_a_name_stays_with_its_figure() -> None:
    text = ", ".join(f"Tibet{NO_BREAK}+{i}.0%" for i in range(20))
    for line in wrap(text, 100, LATIN, 7.4):
        assert line.startswith("Tibet") and line.rstrip(",").endswith("%")
        assert NO_BREAK not in line


def test_chinese_breaks_without_spaces() -> None:
    status = check_font("zh")
    if not status.ok or status.family is None:
        pytest.skip("no Chinese font is installed")
    fonts = [status.family]
    text = "超出图例范围：" + "、".join(f"云南{NO_BREAK}−{i}.0%" for i in range(20))
    lines = wrap(text, 100, fonts, 7.4)
    assert "".join(lines) == text.replace(NO_BREAK, " ")
    for line in lines:
        assert not line.startswith(("、", "−", "南")), line
        assert text_width(line.rstrip("、"), fonts, 7.4) <= 100


def test_a_word_longer_than_the_line_stays_whole() -> None:
    assert wrap("a" * 200, 50, LATIN, 8.0) == ["a" * 200]
    assert wrap("", 50, LATIN, 8.0) == []
