"""What a file covers: the statement of the caller, and the scope that follows from it."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from provexpo import vocab
from provexpo.errors import ManifestError, PeriodError
from provexpo.ingest.rows import DIMENSIONS
from provexpo.periods import Window, parse_window

ALL = "all"
_KEYS = {
    **{name: name for name in DIMENSIONS},
    **{f"{name}s": name for name in DIMENSIONS},
    "countries": "partner", "country": "partner",
    "months": "months", "month": "months",
}  # fmt: skip
_EXPECTED = "keys partners, products, provinces, regimes, months; a list with commas, or all"


@dataclass(frozen=True)
class Covers:
    """The caller's statement. `words` holds, per dimension, the words said or ("all",)."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    months: tuple[Window, ...] = ()
    where: str = "covers"

    def all_of(self, dimension: str) -> bool:
        return self.words.get(dimension) == (ALL,)

    def codes(self, dimension: str, reporter: str) -> tuple[str, ...] | None:
        """The codes declared, in the store's words; None when nothing or everything is."""
        if dimension not in self.words or self.all_of(dimension):
            return None
        where = f"{self.where} ({dimension})"
        found = vocab.resolve(
            dimension, list(self.words[dimension]), reporter=reporter, where=where
        )
        if found.codes is None:
            return None
        if found.negate:
            raise ManifestError(
                f"covers of {dimension} says what is not covered",
                where=where,
                expected="what the file covers: a list of codes or names, or all",
                do="list the codes that the query asked for",
            )
        return tuple(sorted(found.codes))

    def merged(self, other: Covers) -> Covers:
        """Both statements together; the same dimension said twice must be said alike."""
        clash = [
            name
            for name in self.words
            if name in other.words and self.words[name] != other.words[name]
        ]
        if self.months and other.months and self.months != other.months:
            clash.append("months")
        if clash:
            raise ManifestError(
                f"two statements of what is covered differ in {', '.join(clash)}",
                where=f"{self.where} and {other.where}",
                expected="one statement for each dimension",
                do="remove one of them",
            )
        where = self.where if self.words or self.months else other.where
        return Covers({**other.words, **self.words}, self.months or other.months, where)


def read_covers(stated: str | Path | Mapping[str, Any] | None, where: str = "covers") -> Covers:
    """Read `partners=402,410; months=2024`, a TOML or CSV file of the same, or a TOML table.

    >>> read_covers("partners=402,410,502; months=2024").words["partner"]
    ('402', '410', '502')
    """
    if stated is None:
        return Covers()
    if isinstance(stated, Mapping):
        return _from_pairs([(str(k), v) for k, v in stated.items()], where)
    as_path = Path(stated)
    if isinstance(stated, Path) or as_path.suffix.lower() in (".toml", ".csv"):
        return _from_file(as_path)
    pairs: list[tuple[str, Any]] = []
    for part in (p.strip() for p in re.split(r"[;；\n]", str(stated))):
        key, equals, words = part.partition("=")
        if part and not equals:
            raise ManifestError(
                f"cannot read {part!r} of covers {str(stated)!r}",
                where=where,
                expected="partners=402,410,502; products=1201; months=2024; provinces=all",
                do="write key=list, with ; between keys",
            )
        if part:
            pairs.append((key.strip(), words))
    return _from_pairs(pairs, where)


def _from_file(path: Path) -> Covers:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        raise ManifestError(
            f"the covers file cannot be read: {err}",
            where=str(path),
            expected="a TOML or CSV file in UTF-8",
            do="check the path",
        ) from err
    if path.suffix.lower() == ".csv":
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        if not rows or set(rows[0]) != {"dimension", "codes"}:
            raise ManifestError(
                "the covers file has other columns",
                where=f"{path}, line 1",
                expected="the columns dimension,codes",
                do="write one dimension a line, its codes in quotes with commas between them",
            )
        return _from_pairs([(row["dimension"], row["codes"]) for row in rows], str(path))
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise ManifestError(
            f"the covers file is not TOML: {err}",
            where=str(path),
            expected="lines such as partners = [402, 410]",
            do="correct the line named",
        ) from err
    return _from_pairs([(str(k), v) for k, v in table.get("covers", table).items()], str(path))


def _from_pairs(pairs: list[tuple[str, Any]], where: str) -> Covers:
    words: dict[str, tuple[str, ...]] = {}
    months: tuple[Window, ...] = ()
    for key, value in pairs:
        name = _KEYS.get(key.strip().lower())
        if name is None:
            near = get_close_matches(key.lower(), _KEYS, n=1)
            raise ManifestError(
                f"unknown key {key!r} in covers",
                where=where,
                expected=_EXPECTED,
                do=f"did you mean {near[0]}?" if near else "use one of these keys",
            )
        parts = _list_of(value)
        if not parts or name in words or (name == "months" and months):
            raise ManifestError(
                f"covers states {key!r} {'twice' if parts else 'without a value'}",
                where=where,
                expected=_EXPECTED,
                do="write each key once, with a list or all",
            )
        if name == "months":
            months = _windows(parts, where)
            continue
        everything = ALL in [p.lower() for p in parts]
        if everything and len(parts) > 1:
            raise ManifestError(
                f"covers of {key} says all and also names codes",
                where=where,
                expected="all, or a list",
                do="write all alone, or the codes that the query asked for",
            )
        words[name] = (ALL,) if everything else tuple(parts)
    return Covers(words, months, where)


def _list_of(value: Any) -> list[str]:
    items = value if isinstance(value, (list, tuple)) else re.split(r"[,，]", str(value))
    return [text for text in (str(item).strip() for item in items) if text]


def _windows(parts: list[str], where: str) -> tuple[Window, ...]:
    try:
        return tuple(parse_window(part) for part in parts)
    except PeriodError as err:
        raise ManifestError(
            err.what,
            where=f"{where} (months)",
            expected=err.expected,
            do="name the months as windows",
        ) from err
