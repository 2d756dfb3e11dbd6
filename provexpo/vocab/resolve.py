"""From the words of a call to the codes of one dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from provexpo.errors import CallError, UnknownCodeError
from provexpo.vocab.book import Book, Dates, Entry
from provexpo.vocab.partners import partner_book
from provexpo.vocab.places import place_book
from provexpo.vocab.products import product_book
from provexpo.vocab.regimes import regime_book
from provexpo.vocab.words import take_apart

_LABELS = 5  # more names than this are counted, not listed


@dataclass(frozen=True)
class Selection:
    """What the caller asked for of one dimension. `codes` None is everything."""

    dimension: str  # province, partner, product, regime
    codes: tuple[str, ...] | None  # province "44", partner "USA", HS prefix "8517", regime "10"
    negate: bool = False  # everything but the codes
    label_en: str = ""
    label_zh: str = ""
    validity: Mapping[str, Dates] = field(default_factory=dict)  # code -> first, last yyyymm
    groups: tuple[str, ...] = ()  # groups, baskets, sectors and regions used
    exact: tuple[str, ...] = ()  # codes named one by one, not through a group
    notes: tuple[str, ...] = ()  # definitions a reader must know

    @property
    def is_all(self) -> bool:
        return self.codes is None

    def label(self, lang: str = "en") -> str:
        return self.label_zh if lang == "zh" else self.label_en


def resolve(
    dimension: str,
    words: str | Sequence[str] | None,
    *,
    reporter: str = "CHN",
    where: str = "",
) -> Selection:
    """Turn words into the codes of one dimension.

    Parameters
    ----------
    dimension : str
        province, partner, product or regime.
    words : str, list of str or None
        None and "all" are everything. Else a code, a name in English or Chinese, an alias, a
        group (region, partner group, basket, sector, section), several of them divided by commas
        or as a list, "not X", or "X, not Y". Everything right of a "not" is left out.
    reporter : str
        ISO3 of the country whose own partner codes are understood. Provinces and regimes of a
        reporter other than CHN have no table here and are taken as written.
    where : str
        The call, for the error.

    Returns
    -------
    Selection

    Raises
    ------
    UnknownCodeError
        Names every unknown word, with what it may have meant.
    CallError
        The words are not text, or nothing is left of them.

    Examples
    --------
    >>> resolve("province", "Shanxi, 陕西").codes
    ('14', '61')
    >>> resolve("partner", "not US").label_en
    'not US'
    """
    if words is None:
        return Selection(dimension, None)
    texts = _texts(dimension, words, where)
    book = _book(dimension, reporter)
    if book is None:
        return _as_written(dimension, texts, where)
    pairs = [pair for text in texts for pair in take_apart(text, book.knows)]
    found = [(book.find(word), negated) for word, negated in pairs]
    unknown = [word for (word, _), (entry, _) in zip(pairs, found) if entry is None]
    if unknown:
        raise _unknown(book, unknown, where)
    kept = [e for e, negated in found if e is not None and not negated]
    left_out = [e for e, negated in found if e is not None and negated]
    return _select(dimension, kept, left_out, where)


def _texts(dimension: str, words: str | Sequence[str], where: str) -> list[str]:
    texts = [words] if isinstance(words, str) else words
    if not isinstance(texts, (list, tuple, set, frozenset)) or not all(
        isinstance(t, str) for t in texts
    ):
        raise CallError(
            f"{dimension}={words!r} is not text",
            where=where,
            expected="a text or a list of texts; codes are text, they keep leading zeros",
            do='write "44", not 44',
        )
    if not any(t.strip() for t in texts):
        raise CallError(
            f"{dimension} is empty",
            where=where,
            expected="a code, a name, or a list of them",
            do="leave the argument out to take everything",
        )
    return [t for t in texts if t.strip()]


def _book(dimension: str, reporter: str) -> Book | None:
    if dimension == "partner":
        return partner_book(reporter)
    if dimension == "product":
        return product_book()
    books: dict[str, Callable[[], Book]] = {"province": place_book, "regime": regime_book}
    if dimension not in books:
        raise CallError(
            f"unknown dimension {dimension!r}", expected="province, partner, product or regime"
        )
    return books[dimension]() if reporter == "CHN" else None


def _as_written(dimension: str, texts: list[str], where: str) -> Selection:
    pairs = [pair for text in texts for pair in take_apart(text, lambda _: False)]
    entries = [(Entry((word,), word, word), negated) for word, negated in pairs]
    kept = [e for e, negated in entries if not negated]
    return _select(dimension, kept, [e for e, negated in entries if negated], where)


def _unknown(book: Book, words: list[str], where: str) -> UnknownCodeError:
    names = ", ".join(repr(w) for w in dict.fromkeys(words))
    plural = "" if len(set(words)) == 1 else "s"
    advice = {w: book.advice(w) for w in dict.fromkeys(words)}
    told = [a if len(advice) == 1 else f"{w!r}: {a}" for w, a in advice.items() if a]
    return UnknownCodeError(
        f"unknown {book.dimension}{plural} {names}",
        where=where or None,
        expected=book.expected,
        do=" ".join([*told, f"list them with {book.list_with}"]),
    )


def _select(dimension: str, kept: list[Entry], left_out: list[Entry], where: str) -> Selection:
    if any(e.codes is None for e in left_out):
        raise CallError(f"{dimension}: 'not all' leaves nothing", where=where)
    everything = not kept or any(e.codes is None for e in kept)
    entries = left_out if everything else kept
    if everything and not left_out:
        return Selection(dimension, None)
    codes = _codes(entries)
    if not everything and left_out:
        codes = _without(dimension, codes, _codes(left_out), where)
    used = [*kept, *left_out]
    return Selection(
        dimension,
        codes,
        negate=everything,
        label_en=_label([] if everything else kept, left_out, "en"),
        label_zh=_label([] if everything else kept, left_out, "zh"),
        validity=_validity(entries, codes),
        groups=tuple(dict.fromkeys(e.group for e in used if e.group)),
        exact=tuple(c for c in _codes([e for e in entries if not e.group]) if c in codes),
        notes=tuple(dict.fromkeys(n for e in used for n in e.notes)),
    )


def _codes(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c for e in entries for c in e.codes or ()))


def _without(
    dimension: str, codes: tuple[str, ...], left_out: tuple[str, ...], where: str
) -> tuple[str, ...]:
    """Codes less those left out. An HS prefix cannot lose a part of itself."""
    if dimension == "product":
        parts = [o for o in left_out for c in codes if o != c and o.startswith(c)]
        if parts:
            raise CallError(
                f"product: {', '.join(dict.fromkeys(parts))} lies inside a code that is kept",
                where=where,
                expected="codes left out that are as short as those kept, or shorter",
                do="name the codes to keep one by one, at the finer level",
            )
        rest = tuple(c for c in codes if not c.startswith(left_out))
    else:
        rest = tuple(c for c in codes if c not in left_out)
    if not rest:
        raise CallError(f"{dimension}: nothing is left of the selection", where=where)
    return rest


def _validity(entries: list[Entry], codes: tuple[str, ...]) -> dict[str, Dates]:
    """Dates of the codes that every word naming them dates; the widest where words differ."""
    dates: dict[str, Dates] = {}
    undated = {c for e in entries for c in e.codes or () if c not in e.dates}
    for e in entries:
        for code, (first, last) in e.dates.items():
            if code in undated or code not in codes:
                continue
            first_before, last_before = dates.get(code, (first, last))
            dates[code] = (
                None if first is None or first_before is None else min(first, first_before),
                None if last is None or last_before is None else max(last, last_before),
            )
    return dates


def _label(kept: list[Entry], left_out: list[Entry], lang: str) -> str:
    def names(entries: list[Entry]) -> str:
        labels = list(dict.fromkeys(e.label_zh if lang == "zh" else e.label_en for e in entries))
        comma = "、" if lang == "zh" else ", "
        if len(labels) <= _LABELS:
            return comma.join(labels)
        more = len(labels) - _LABELS + 1
        tail = f"等另{more}项" if lang == "zh" else f" and {more} more"
        return comma.join(labels[: _LABELS - 1]) + tail

    if not left_out:
        return names(kept)
    if not kept:
        return f"不含{names(left_out)}" if lang == "zh" else f"not {names(left_out)}"
    if lang == "zh":
        return f"{names(kept)}(不含{names(left_out)})"
    return f"{names(kept)} excluding {names(left_out)}"
