"""Specifications as pictures. The only file that knows vl-convert, beside the bundle in live.py."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from html import escape
from typing import Any

import vl_convert

from provexpo.maps.fonts import families


def to_svg(spec: dict[str, Any], lang: str, alt: str) -> str:
    """An `<svg>` element whose ids are its own and whose size is that of what it stands in."""
    check_text(spec, lang)
    svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return _inline(_lean(svg), alt)


def to_png(spec: dict[str, Any], lang: str, scale: float = 2.0) -> bytes:
    check_text(spec, lang)
    return vl_convert.vegalite_to_png(spec, scale=scale, allowed_base_urls=[])


def scene(spec: dict[str, Any]) -> dict[str, Any]:
    """What Vega draws, as its own scene graph."""
    return vl_convert.vegalite_to_scenegraph(spec, allowed_base_urls=[])


def check_text(spec: dict[str, Any], lang: str) -> None:
    """Stop where no font has a character: the converter would draw a box and say nothing."""
    text = json.dumps(spec, ensure_ascii=False)
    families("".join(sorted({c for c in text if ord(c) > 0x7E})) or "a", lang)


def _lean(svg: str) -> str:
    """Half the bytes without a visible difference: outlines in tenths of a pixel as steps from
    point to point, and the font once instead of at every text."""
    svg = re.sub(r' d="([^"]*)"', lambda found: f' d="{_short(found[1])}"', svg)
    fonts = Counter(re.findall(r' font-family="[^"]*"', svg))
    if fonts:
        font = fonts.most_common(1)[0][0]
        svg = svg.replace(font, "").replace("<svg", f"<svg{font}", 1)
    return svg.replace(' stroke-miterlimit="10"', "").replace(' pointer-events="none"', "")


_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")


def _short(path: str) -> str:
    """A path of lines (M, L, Z) as steps between points in tenths; another path as it is, rounded.

    Steps are taken between rounded points, so that nothing adds up and borders still meet.
    """
    steps = _STEP.findall(path)
    if not {letter for letter, _ in steps} <= set("MLZ"):
        return _NUMBER.sub(lambda n: _tenth(round(float(n[0]) * 10)), path)
    out, x, y = [], 0, 0
    for letter, rest in steps:
        if letter == "Z":
            out.append("z")
            continue
        at = [round(float(n) * 10) for n in _NUMBER.findall(rest)]
        for i in range(0, len(at), 2):
            first = letter == "M" and i == 0
            dx, dy = at[i] - x, at[i + 1] - y
            x, y = at[i], at[i + 1]
            if first:
                out.append(f"M{_pair(x, y)}")
            elif dx or dy:
                out.append(f"l{_pair(dx, dy)}")
    return "".join(out)


def _pair(x: int, y: int) -> str:
    return _tenth(x) + ("" if y < 0 else " ") + _tenth(y)


def _tenth(n: int) -> str:
    """12.3, 12, .3, -.3"""
    text = f"{n / 10:.1f}".removesuffix(".0")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _inline(svg: str, alt: str) -> str:
    # Vega counts its clip paths through all pictures of a process.
    for i, name in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg))):
        svg = svg.replace(f'id="{name}"', f'id="n{i}"').replace(f"url(#{name})", f"url(#n{i})")
    prefix = "vl" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", svg)
    head, rest = svg.split(">", 1)
    width = re.search(r'width="([\d.]+)"', head)
    head = re.sub(r' (width|height|class|role|aria-[a-z]+)="[^"]*"', "", head)
    size = f' style="max-width:{float(width[1]):.0f}px;width:100%;height:auto"' if width else ""
    # The text beside it says what there is to say; single marks would be read out one by one.
    rest = re.sub(r' (role|aria-[a-z]+)="[^"]*"', "", rest)
    label = escape(alt, quote=True)
    return f'{head} class="panel-svg" role="img" aria-label="{label}"{size}>{rest}'
