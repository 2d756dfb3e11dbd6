"""A book of words: what each word of one dimension stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches

from provexpo.vocab.words import normalise

Dates = tuple[int | None, int | None]

_SUGGESTIONS = 3
_NEARLY_AS_GOOD = 0.1  # a suggestion this much less like the word than the best one is left out


@dataclass(frozen=True)
class Entry:
    """What a word stands for. `codes` None is everything; errors add `hint` in brackets."""

    codes: tuple[str, ...] | None
    label_en: str
    label_zh: str
    hint: str = ""
    group: str = ""  # name of the group, basket, sector or region the word is; "" for one code
    dates: Mapping[str, Dates] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def suggestion(self) -> str:
        return f"{self.label_en} ({self.hint})" if self.hint else self.label_en


class Book:
    """Words of one dimension. The first entry that claims a word keeps it."""

    def __init__(self, dimension: str, list_with: str, expected: str) -> None:
        self.dimension = dimension
        self.list_with = list_with
        self.expected = expected
        self._entries: dict[str, Entry] = {}
        self._ambiguous: dict[str, tuple[str, tuple[Entry, ...]]] = {}

    def add(self, words: Iterable[str | None], entry: Entry) -> None:
        for word in words:
            if word and (key := normalise(word)):
                self._entries.setdefault(key, entry)

    def add_ambiguous(self, word: str, reason: str, candidates: tuple[Entry, ...]) -> None:
        self._ambiguous[normalise(word)] = (reason, candidates)

    def find(self, word: str) -> Entry | None:
        return self._entries.get(normalise(word))

    def knows(self, word: str) -> bool:
        return self.find(word) is not None

    def entries(self) -> dict[str, Entry]:
        return dict(self._entries)

    def advice(self, word: str) -> str:
        """What to say about a word that is not in the book: a reason, or close words."""
        if normalise(word) in self._ambiguous:
            reason, candidates = self._ambiguous[normalise(word)]
            return f"{reason}: write {_either(candidates)};"
        near = self._near(normalise(word))
        return f"did you mean {_either(near)}?" if near else ""

    def _near(self, key: str) -> tuple[Entry, ...]:
        close = get_close_matches(key, self._entries, n=12, cutoff=0.7)
        if not close:
            return ()
        scores = {c: SequenceMatcher(None, c, key).ratio() for c in close}
        best = max(scores.values())
        found: dict[str, Entry] = {}
        for c in sorted(close, key=lambda c: -scores[c]):
            if scores[c] >= best - _NEARLY_AS_GOOD:
                found.setdefault(self._entries[c].suggestion, self._entries[c])
        return tuple(found.values())[:_SUGGESTIONS]


def _either(entries: Iterable[Entry]) -> str:
    return " or ".join(e.suggestion for e in entries)


EVERYTHING_WORDS = (
    "all", "everything", "world", "total", "national", "nation", "the world",
    "全部", "全球", "世界", "全国", "总值", "合计",
)  # fmt: skip


def everything(dimension: str) -> Entry:
    plural = {
        "province": "provinces",
        "partner": "partners",
        "product": "products",
        "regime": "regimes",
    }
    zh = {
        "province": "全部省份",
        "partner": "全部贸易伙伴",
        "product": "全部商品",
        "regime": "全部贸易方式",
    }
    return Entry(None, f"all {plural[dimension]}", zh[dimension])
