"""A desk's logo as a data URI: a small PNG, or an SVG that can do nothing but be seen."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from provexpo.errors import CallError

MOST_BYTES = 200_000
_PNG = b"\x89PNG\r\n\x1a\n"
# What an SVG may not hold: scripts, handlers, foreign content, anything loaded from elsewhere.
_ACTIVE = re.compile(
    r"<\s*(?:\w+:)?(script|foreignobject|iframe|embed|object|use|image|animate|set|style)\b"
    r"|\bon[a-z]+\s*=|javascript:|<!entity|<!doctype[^>]*\[|@import|url\(\s*['\"]?(?!#)"
    r"|href\s*=\s*['\"](?!#)",
    re.IGNORECASE,
)


def data_uri(path: Path) -> str:
    """The picture as text for an `img`.

    Raises
    ------
    CallError
        Too large, neither PNG nor SVG, or an SVG with something active in it.
    """
    try:
        data = path.read_bytes()
    except OSError as err:
        raise CallError(f"cannot read {path}: {err.strerror or err}") from err
    if len(data) > MOST_BYTES:
        raise CallError(f"{path.name} has {len(data):,} bytes, at most {MOST_BYTES:,} are taken")
    if data.startswith(_PNG):
        kind = "image/png"
    elif path.suffix.lower() == ".svg":
        _refuse_active(data, path)
        kind = "image/svg+xml"
    else:
        raise CallError(f"{path.name} is neither a PNG nor an SVG picture")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _refuse_active(data: bytes, path: Path) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise CallError(f"{path.name} is no text in UTF-8") from err
    if "<svg" not in text:
        raise CallError(f"{path.name} holds no <svg>")
    found = _ACTIVE.search(text)
    if found:
        raise CallError(
            f"{path.name} holds {found[0].strip()!r}: a logo may hold shapes and text only"
        )
