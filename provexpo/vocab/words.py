"""How a word is compared, and how a phrase of several words is taken apart.

Nothing here knows a code. Accents are kept: Shānxī and Shǎnxī are two provinces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_DROPPED = frozenset(".,'’‘`´·\"()（）")
_SEPARATOR = re.compile(r"[,;、+\n]")
_NOT_FIRST = re.compile(r"^\s*(?:not|excluding|except(?: for)?|without)\s+(.+)$", re.I | re.S)
_NOT_LATER = re.compile(
    r"^(.+?)[\s,;]+(?:but not|not|excluding|except(?: for)?|without)\s+(.+)$", re.I | re.S
)
_NOT_CHINESE = re.compile(r"^\s*(?:(?:不含|不包括)\s*(.+)|除\s*(.+?)\s*(?:以外|之外|外))\s*$", re.S)
_NOT_CHINESE_LATER = re.compile(r"^(.+?)[\s,;、，；]+(?:不含|不包括)\s*(.+)$", re.S)
# parts that a name may have when it holds separators itself: "Bonaire, Sint Eustatius, Saba"
_LONGEST_NAME = 4


def normalise(text: str) -> str:
    """The form in which two spellings of a word are equal.

    Unicode NFKC, lower case, "&" as "and", without spaces, dots, commas, quotes or brackets.
    Accents and tones stay, since they tell names apart.

    >>> normalise("U. S. "), normalise("Korea, Rep."), normalise("ＵＳ")
    ('us', 'korearep', 'us')
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace("&", "and")
    kept = (c for c in folded if not c.isspace() and c not in _DROPPED)
    return unicodedata.normalize("NFKC", "".join(kept))


def take_apart(text: str, known: Callable[[str], bool]) -> list[tuple[str, bool]]:
    """(word, negated) pairs of a phrase such as "US, Korea, Rep." or "Europe, not EU, Russia".

    A name that holds a separator is kept whole where it is known. Everything right of a "not" is
    left out.
    """
    if known(text):
        return [(text, False)]
    kept, left_out = _split_not(text)
    return [
        *((word, False) for word in _parts(kept, known)),
        *((word, True) for word in _parts(left_out, known)),
    ]


def _split_not(text: str) -> tuple[str, str]:
    if found := _NOT_FIRST.match(text) or _NOT_CHINESE.match(text):
        return "", next(g for g in found.groups() if g)
    if found := _NOT_LATER.match(text) or _NOT_CHINESE_LATER.match(text):
        return found[1], found[2]
    return text, ""


def _parts(text: str, known: Callable[[str], bool]) -> list[str]:
    """Words between separators, neighbours joined again where only together they are a name."""
    parts = _SEPARATOR.split(unicodedata.normalize("NFKC", text))
    words, at = [], 0
    while at < len(parts):
        size = next(
            (n for n in range(_LONGEST_NAME, 1, -1) if known(",".join(parts[at : at + n]))), 1
        )
        word = ",".join(parts[at : at + size]).strip()
        word = re.sub(r"^(?:not|excluding)\s+|^不含", "", word, flags=re.I)
        if word:
            words.append(word)
        at += size
    return words
