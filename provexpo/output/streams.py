"""Standard output that never fails on a character: other systems write pipes in GBK or cp1252."""

from __future__ import annotations

import codecs
import sys

_HANDLER = "provexpo"
_MINUS = "\u2212"


def fit_streams() -> None:
    """Let output in an encoding without some characters keep the signs of figures and go on.

    A minus sign becomes a hyphen. Any other character becomes its escape, which JSON reads back.
    """
    codecs.register_error(_HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def _replace(err: UnicodeError) -> tuple[str, int]:
    if not isinstance(err, UnicodeEncodeError):
        raise err
    text = err.object[err.start : err.end]
    return "".join("-" if c == _MINUS else _escape(c) for c in text), err.end


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))
