"""Fonts that can draw a text. Chinese needs one that is not part of matplotlib.

matplotlib draws an empty box for a glyph it has not, so every character is looked up first.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matplotlib import font_manager as fm

from provexpo.errors import DrawError

# Always there: part of matplotlib.
LATIN = "DejaVu Sans"
CHINESE = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
    "Source Han Sans", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "Heiti SC",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Droid Sans Fallback", "SimSun",
    "Noto Serif CJK SC", "Arial Unicode MS",
)  # fmt: skip
# Characters that every Chinese map writes.
_PROBE = {"en": "Aa−–%", "zh": "数据来源西藏新疆黑龙江（亿美元）"}
_ADVICE = (
    "install one (apt install fonts-noto-cjk), pass font= (a family or a .ttf file), or lang='en'"
)


@dataclass(frozen=True)
class FontStatus:
    """Whether a language can be drawn here: with which family, else what to do."""

    lang: str
    ok: bool
    family: str | None
    path: str | None
    advice: str = ""


def check_font(lang: str = "en") -> FontStatus:
    """Look for a font that draws a language, without drawing anything."""
    try:
        family = families(_PROBE.get(lang, _PROBE["en"]), lang)[0]
    except DrawError as err:
        return FontStatus(lang, False, None, None, str(err))
    return FontStatus(lang, True, family, str(_path(family)))


def families(text: str, lang: str = "en", font: str | Path | None = None) -> list[str]:
    """The font families, best first, that together draw every character of `text`.

    Raises
    ------
    DrawError
        A character is in none of the fonts installed, or `font` is not a font.
    """
    if font is not None:
        chosen = [_own(font)]
    else:
        chinese = _chinese() if lang == "zh" or _needs_more(text) else []
        chosen = [*chinese, LATIN] if lang == "zh" else [LATIN, *chinese]
    lacking = {c for c in text if not c.isspace()}
    used: list[str] = []
    for family in chosen:
        drawn = {c for c in lacking if _has(family, c)}
        if drawn or not used:
            used.append(family)
        lacking -= drawn
    if lacking:
        some = "".join(sorted(lacking)[:6])
        raise DrawError(
            f"No installed font can draw {len(lacking)} characters (e.g. {some})",
            where="choropleth(font=, lang=)",
            expected="a font with Chinese characters, such as Noto Sans CJK SC",
            do=_ADVICE,
        )
    return used


def _chinese() -> list[str]:
    """The first family of the list that is installed."""
    found = [family for family in CHINESE if _path(family) is not None]
    if not found:
        _register_new_fonts()
        found = [family for family in CHINESE if _path(family) is not None]
    return found[:1]


@cache
def _register_new_fonts() -> None:
    """Fonts installed after matplotlib wrote its list are not in it."""
    listed = {entry.fname for entry in fm.fontManager.ttflist}
    for path in fm.findSystemFonts():
        if path not in listed:
            with suppress(OSError, RuntimeError):
                fm.fontManager.addfont(path)


def _needs_more(text: str) -> bool:
    return any(not c.isspace() and not _has(LATIN, c) for c in text)


def _own(font: str | Path) -> str:
    """The family of the user's font: a file is registered first."""
    path = Path(font)
    if path.suffix.lower() in (".ttf", ".otf", ".ttc"):
        try:
            fm.fontManager.addfont(path)
            return str(fm.FontProperties(fname=path).get_name())
        except (OSError, RuntimeError) as err:
            raise DrawError(f"cannot read the font {path}: {err}", where="font=") from err
    if _path(str(font)) is None:
        raise DrawError(
            f"no font family {str(font)!r} is installed",
            where="font=",
            expected="the name of an installed family, or a .ttf or .otf file",
            do=_ADVICE,
        )
    return str(font)


def _path(family: str) -> Path | None:
    try:
        return Path(fm.findfont(fm.FontProperties(family=family), fallback_to_default=False))
    except ValueError:
        return None


def _has(family: str, character: str) -> bool:
    return ord(character) in _characters(family)


@cache
def _characters(family: str) -> frozenset[int]:
    found = fm.findfont(fm.FontProperties(family=family), fallback_to_default=False)
    return frozenset(fm.get_font(found).get_charmap())
