"""`provexpo.toml` or `provexpo.csv`: what is said once about the files of a folder."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from provexpo.errors import ManifestError
from provexpo.ingest.corrections import Correction, read_correction
from provexpo.ingest.covers import Covers, read_covers
from provexpo.ingest.options import FLOWS, TidyMap, ValueColumn
from provexpo.ingest.rows import DIMENSIONS
from provexpo.ingest.side import SIDE_SCHEMAS
from provexpo.periods import Window, parse_window

TOML, CSV = "provexpo.toml", "provexpo.csv"
LAYOUTS = (
    "query", "bulletin", "partner_totals", "tidy", "census", "comtrade", "comexstat", *SIDE_SCHEMAS
)  # fmt: skip
_COLUMNS = (
    "period", "year", "month", "months", *DIMENSIONS, "flow", "currency", "value",
    "quantity", "unit", "quantity2", "unit2",
)  # fmt: skip
_TIDY_KEYS = (
    "columns", "values", "aggregates", "totals", "currency", "unit", "source", "basis",
    "valuation", "import_system", "product_level",
)  # fmt: skip
_KEYS = (
    "match", "flow", "period", "vintage", "layout", "covers", "accept_full", "reporter", *_TIDY_KEYS
)  # fmt: skip
_T = TypeVar("_T")
_BASES = ("registered", "origin", "destination")


@dataclass(frozen=True)
class Entry:
    """One `[[files]]` entry: the files it matches and what it says of them."""

    match: str
    where: str
    flow: str | None = None
    period: Window | None = None
    vintage: str | None = None
    layout: str | None = None
    covers: Covers = field(default_factory=Covers)
    accept_full: bool = False
    reporter: str | None = None
    tidy: TidyMap | None = None


@dataclass(frozen=True)
class Manifest:
    """The statements of one folder. The first entry that matches a file is its entry."""

    path: Path | None = None
    entries: tuple[Entry, ...] = ()
    corrections: tuple[Correction, ...] = ()

    def entry(self, path: Path) -> Entry | None:
        """The first entry whose pattern fits the file's name, or its path below the manifest."""
        names = {path.name}
        folder = self.path.parent.resolve() if self.path else None
        if folder and path.resolve().is_relative_to(folder):
            names.add(path.resolve().relative_to(folder).as_posix())
        return next(
            (e for e in self.entries if any(fnmatchcase(name, e.match) for name in names)), None
        )


def find_manifest(folders: Iterable[Path]) -> Manifest:
    """The manifest of the first of these folders that has one; an empty one where none has."""
    for folder in folders:
        found = [folder / name for name in (TOML, CSV) if (folder / name).is_file()]
        if len(found) == 2:
            raise ManifestError(
                "two manifests in one folder",
                where=str(folder),
                expected=f"{TOML} or {CSV}",
                do="remove one of them",
            )
        if found:
            return read_manifest(found[0])
    return Manifest()


def read_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises ManifestError naming the key and, where it can be found, the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        raise ManifestError(
            f"the manifest cannot be read: {err}",
            where=str(path),
            expected="a text file in UTF-8",
            do="save it again as UTF-8",
        ) from err
    if path.suffix == ".csv":
        return Manifest(path, tuple(_csv_entries(text, path)))
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise ManifestError(
            f"the manifest is not TOML: {err}",
            where=str(path),
            expected="TOML, such as [[files]] with match = '*.csv'",
            do="correct the line named",
        ) from err
    reader = _Reader(path, text)
    reader.check_keys(content, ("files", "corrections"), "the manifest")
    files, corrections = content.get("files", []), content.get("corrections", [])
    if not all(isinstance(part, list) for part in (files, corrections)):
        raise reader.error("files and corrections are lists", "[[files]] with two brackets")
    return Manifest(
        path,
        tuple(reader.entry(raw, n) for n, raw in enumerate(files, 1)),
        tuple(
            read_correction(raw, f"{path}, correction {n}") for n, raw in enumerate(corrections, 1)
        ),
    )


def _csv_entries(text: str, path: Path) -> Iterable[Entry]:
    allowed = ("file", "flow", "period", "vintage", "layout", "covers")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    reader = _Reader(path, text)
    reader.check_keys(dict.fromkeys(rows.fieldnames or ()), allowed, "the header")
    for line, row in enumerate(rows, 2):
        raw = {k: v.strip() for k, v in row.items() if v and v.strip()}
        if "file" not in raw:
            raise reader.error(
                f"line {line} names no file", "a file name or pattern in column file"
            )
        yield reader.entry({"match": raw.pop("file"), **raw}, line, "line")


class _Reader:
    """Turns the parsed text into entries; keeps the text to find the line of a key."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    def error(
        self, what: str, expected: str, key: str | None = None, do: str = ""
    ) -> ManifestError:
        line = None
        if key is not None:
            found = re.search(rf"^\s*\[*(?:\w+\.)*{re.escape(key)}\b", self.text, re.MULTILINE)
            line = self.text.count("\n", 0, found.end()) + 1 if found else None
        where = f"{self.path}, line {line}" if line else str(self.path)
        return ManifestError(what, where=where, expected=expected, do=do or "correct the manifest")

    def check_keys(self, raw: Mapping[str, Any], allowed: tuple[str, ...], what: str) -> None:
        for key in raw:
            if key not in allowed:
                near = get_close_matches(key, allowed, n=1)
                do = f"did you mean {near[0]!r}?" if near else "remove the key"
                raise self.error(f"unknown key {key!r} in {what}", ", ".join(allowed), key, do)

    def entry(self, raw: Any, number: int, word: str = "entry") -> Entry:
        where = f"{self.path}, {word} {number}"
        if not isinstance(raw, Mapping) or not isinstance(raw.get("match"), str):
            raise self.error(f"{word} {number} has no match", "match = 'file name or pattern'")
        self.check_keys(raw, _KEYS, f"{word} {number}")
        period = raw.get("period")
        return Entry(
            match=raw["match"],
            where=where,
            flow=self._one_of(raw, "flow", FLOWS),
            period=None if period is None else parse_window(str(period)),
            vintage=None if raw.get("vintage") is None else str(raw["vintage"]),
            layout=self._one_of(raw, "layout", LAYOUTS),
            covers=read_covers(self._beside(raw.get("covers")), f"{where}, covers"),
            accept_full=self._kind(raw, "accept_full", bool) or False,
            reporter=self._kind(raw, "reporter", str),
            tidy=self._tidy(raw) if set(raw) & set(_TIDY_KEYS) else None,
        )

    def _beside(self, covers: Any) -> Any:
        """A covers file named in a manifest lies beside the manifest."""
        if isinstance(covers, str) and "=" not in covers:
            return self.path.parent / covers
        return covers

    def _tidy(self, raw: Mapping[str, Any]) -> TidyMap:
        columns = self._table(raw, "columns", _COLUMNS)
        unit = self._unit(raw)
        values = tuple(self._value(v, unit) for v in raw.get("values", []))
        if columns and bool(values) == ("value" in columns):
            raise self.error(
                "the map must name its value columns once",
                "columns.value, or [[files.values]] entries",
                "columns",
            )
        if columns and not values:
            values = (ValueColumn(columns["value"], None, None, unit),)
        flows = {value.flow for value in values}
        if len(flows) > 1 and {"quantity", "quantity2"} & set(columns):
            raise self.error(
                "one quantity column cannot belong to exports and imports at once",
                "a quantity only where all value columns are of one flow",
                "quantity",
            )
        level = self._kind(raw, "product_level", int)
        if level is not None and level not in (2, 4, 6, 8, 10):
            raise self.error(f"product_level {level}", "2, 4, 6, 8 or 10", "product_level")
        return TidyMap(
            columns={k: str(v) for k, v in columns.items()},
            values=values,
            aggregates=self._names(raw, "aggregates"),
            totals=self._names(raw, "totals"),
            currency=self._currency(raw),
            source=self._kind(raw, "source", str) or "tidy",
            basis=self._one_of(raw, "basis", _BASES) or "registered",
            valuation=self._kind(raw, "valuation", str),
            import_system=self._kind(raw, "import_system", str) or "general",
            product_level=level,
        )

    def _value(self, raw: Any, unit: int) -> ValueColumn:
        if not isinstance(raw, Mapping) or not isinstance(raw.get("column"), str):
            raise self.error("a values entry has no column", "column = 'its name'", "values")
        self.check_keys(raw, ("column", "flow", "currency", "unit"), "values")
        flow = self._one_of(raw, "flow", FLOWS)
        return ValueColumn(
            raw["column"], flow, self._currency(raw), self._unit(raw) if "unit" in raw else unit
        )

    def _unit(self, raw: Mapping[str, Any]) -> int:
        unit = raw.get("unit", 1)
        if not isinstance(unit, int) or isinstance(unit, bool) or unit < 1:
            raise self.error(
                f"unit {unit!r}", "a whole number such as 10_000 (currency units)", "unit"
            )
        return unit

    def _currency(self, raw: Mapping[str, Any]) -> str | None:
        currency = self._kind(raw, "currency", str)
        if currency is not None and not re.fullmatch(r"[A-Z]{3}", currency):
            raise self.error(f"currency {currency!r}", "a code such as USD or CNY", "currency")
        return currency

    def _names(self, raw: Mapping[str, Any], key: str) -> dict[str, tuple[str, ...]]:
        table = self._table(raw, key, DIMENSIONS)
        return {
            k: tuple(str(n) for n in v) if isinstance(v, list) else (str(v),)
            for k, v in table.items()
        }

    def _table(self, raw: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> dict[str, Any]:
        table = self._kind(raw, key, dict) or {}
        self.check_keys(table, allowed, key)
        return table

    def _one_of(self, raw: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str | None:
        value = raw.get(key)
        if value is not None and value not in allowed:
            raise self.error(f"{key} {value!r}", " or ".join(allowed), key)
        return value

    def _kind(self, raw: Mapping[str, Any], key: str, kind: type[_T]) -> _T | None:
        value = raw.get(key)
        if value is not None and not isinstance(value, kind):
            raise self.error(f"{key} is {value!r}", f"a {kind.__name__}", key)
        return value
