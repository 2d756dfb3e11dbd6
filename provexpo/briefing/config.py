"""A desk's settings for its briefings: a TOML file or a dict, every wrong key named at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from provexpo.briefing.colours import ACCENT, contrast
from provexpo.briefing.logo import data_uri
from provexpo.briefing.sections import KEYS, Own
from provexpo.errors import CallError, ProvexpoError
from provexpo.output.formats import LANGUAGES
from provexpo.result import Result

READABLE = 4.5  # WCAG: least contrast of text
_WHERE = "config="


@dataclass(frozen=True)
class Config:
    """What a desk sets. Texts are by language; the key "" stands for every language."""

    title: dict[str, str] = field(default_factory=dict)
    source: dict[str, str] = field(default_factory=dict)
    logo: str = ""  # a data URI
    accent: str = ACCENT
    boundaries: Path | None = None
    boundary_source: str | None = None
    approval: str | None = None
    sections: tuple[str, ...] | None = None
    leave_out: tuple[str, ...] = ()
    languages: tuple[str, ...] | None = None
    extra: tuple[Own, ...] = ()

    def text(self, name: str, lang: str) -> str:
        held: dict[str, str] = getattr(self, name)
        return held.get(lang) or held.get("", "")


def read_config(given: str | Path | Mapping[str, Any] | Config | None) -> Config:
    """The settings, checked.

    Raises
    ------
    CallError
        The file cannot be read, or some keys or values are wrong: all are named.
    """
    if given is None:
        return Config()
    if isinstance(given, Config):
        return given
    if isinstance(given, Mapping):
        return _checked(given, Path(), "config=")
    path = Path(given)
    try:
        held = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as err:
        why = getattr(err, "strerror", None) or str(err)
        raise CallError(
            f"cannot read {path}: {why}", where=_WHERE, expected="a TOML file in UTF-8"
        ) from err
    return _checked(held, path.parent, str(path))


@dataclass
class _Reader:
    """Values as they are taken, and the faults found on the way."""

    folder: Path
    faults: list[str] = field(default_factory=list)

    def take(self, name: str, read: Callable[[Any], Any], value: Any) -> Any:
        try:
            return read(value)
        except ProvexpoError as err:
            self.faults.append(f"{name}: {err.what}")
            return None


def _checked(held: Mapping[str, Any], folder: Path, where: str) -> Config:
    reader = _Reader(folder)
    found: dict[str, Any] = {}
    for name, value in held.items():
        if name == "extra":
            given = enumerate(_tables(reader, name, value), start=1)
            own = [reader.take(f"extra {i}", partial(own_of, number=i), x) for i, x in given]
            found["extra"] = tuple(o for o in own if o is not None)
        elif name in _TABLES:
            for key, part in _parts(reader, name, value).items():
                field_name, read = _TABLES[name][key]
                found[field_name] = reader.take(f"{name}.{key}", _bound(read, folder), part)
        elif name in _VALUES:
            found[name] = reader.take(name, _bound(_VALUES[name], folder), value)
        else:
            reader.faults.append(f"there is no key {name!r}")
    if reader.faults:
        raise CallError(
            "; ".join(reader.faults),
            where=where,
            expected=", ".join([*_VALUES, *(f"[{t}] {', '.join(k)}" for t, k in _TABLES.items()),
                                "[[extra]] key, title, text"]),
        )  # fmt: skip
    return Config(**found)


def _bound(read: Callable[[Any, Path], Any], folder: Path) -> Callable[[Any], Any]:
    return lambda value: read(value, folder)


def _tables(reader: _Reader, name: str, value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    reader.faults.append(f"{name}: a list of tables is expected ([[{name}]])")
    return []


def _parts(reader: _Reader, name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        reader.faults.append(f"{name}: a table is expected ([{name}])")
        return {}
    wrong = [k for k in value if k not in _TABLES[name]]
    reader.faults += [f"there is no key {name}.{k}" for k in wrong]
    return {k: v for k, v in value.items() if k not in wrong}


def _texts(value: Any, _: Path = Path()) -> dict[str, str]:
    """A text for every language, or a table with one text a language."""
    if isinstance(value, str):
        return {"": value}
    if (
        isinstance(value, Mapping)
        and value
        and all(k in LANGUAGES and isinstance(v, str) for k, v in value.items())
    ):
        return dict(value)
    raise CallError(f"a text or a table of texts by language is expected ({', '.join(LANGUAGES)})")


def _text(value: Any, _: Path = Path()) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CallError("a text is expected")
    return value


def _accent(value: Any, _: Path) -> str:
    """A colour #rrggbb that white text can stand on, and that can be text on white."""
    text = str(value).strip().lower()
    if len(text) != 7 or text[0] != "#" or any(c not in "0123456789abcdef" for c in text[1:]):
        raise CallError(f"{value!r} is no colour of the form #rrggbb")
    ratio = contrast(text, "#ffffff")
    if ratio < READABLE:
        raise CallError(
            f"{text} has a contrast of {ratio:.1f}:1 with white, at least {READABLE}:1 is needed"
        )
    return text


def _file(value: Any, folder: Path) -> Path:
    path = folder / _text(value)
    if not path.is_file():
        raise CallError(f"no such file: {path}")
    return path


def _logo(value: Any, folder: Path) -> str:
    return data_uri(_file(value, folder))


def _words(known: Sequence[str] | None) -> Callable[[Any, Path], tuple[str, ...]]:
    def read(value: Any, _: Path) -> tuple[str, ...]:
        words = [value] if isinstance(value, str) else value
        if not isinstance(words, list | tuple) or not all(isinstance(w, str) for w in words):
            raise CallError("a list of words is expected")
        wrong = [w for w in words if known is not None and w not in known]
        if wrong or not words:
            said = ", ".join(map(repr, wrong)) or "an empty list"
            raise CallError(f"{said} is not among {', '.join(known or ())}")
        return tuple(dict.fromkeys(words))

    return read


# The names of sections are checked later: own sections have names too.
_VALUES: dict[str, Callable[[Any, Path], Any]] = {
    "title": _texts,
    "source": _texts,
    "logo": _logo,
    "languages": _words(LANGUAGES),
    "sections": _words(None),
    "leave_out": _words(None),
}
_TABLES: dict[str, dict[str, tuple[str, Callable[[Any, Path], Any]]]] = {
    "colours": {"accent": ("accent", _accent)},
    "boundaries": {
        "file": ("boundaries", _file),
        "source": ("boundary_source", _text),
        "approval": ("approval", _text),
    },
}
_OWN = ("key", "title", "text", "result")
# A key is the section's id on the page.
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_IDS = ("main", "controls", "prov", "selected", "spec")
_PREFIXES = ("panel-", "h-")


def own_of(given: Any, number: int) -> Own:
    """A desk's own section: a Result, a text, (title, Result or text), or a dict with key, title,
    text and result."""
    key = f"extra{number}"
    if isinstance(given, Own):
        return given
    if isinstance(given, Result):
        return Own(key, {}, {}, given)
    if isinstance(given, str):
        return Own(key, {}, {"": given})
    if isinstance(given, tuple) and len(given) == 2:
        title, held = given
        given = {"title": title, ("result" if isinstance(held, Result) else "text"): held}
    if not isinstance(given, Mapping):
        raise CallError("a Result, a text, (title, Result or text) or a dict is expected")
    wrong = [k for k in given if k not in _OWN]
    if wrong:
        raise CallError(f"there is no key {', '.join(map(repr, wrong))}; known: {', '.join(_OWN)}")
    result = given.get("result")
    if result is not None and not isinstance(result, Result):
        raise CallError("result is no Result")
    if result is None and not given.get("text"):
        raise CallError("a result or a text is needed")
    name = str(given.get("key") or key)
    if name in KEYS:
        raise CallError(f"{name!r} is the key of a section of the house")
    if not _KEY.fullmatch(name) or name in _IDS or name.startswith(_PREFIXES):
        raise CallError(f"{name!r} cannot be a key: letters, digits, - and _; no part of the page")
    title = _texts(given["title"]) if given.get("title") else {}
    return Own(name, title, _texts(given["text"]) if given.get("text") else {}, result)


def chosen_sections(
    config: Config, sections: str | Sequence[str] | None, extra: Sequence[Own]
) -> tuple[str, ...]:
    """The keys of the sections in their order. Own sections stand before `quality` unless named."""
    own = [o.key for o in extra]
    known = [*KEYS, *own]
    words = [s.strip() for s in sections.split(",")] if isinstance(sections, str) else sections
    if words is None:
        words = config.sections
    default = [k for k in KEYS if k not in ("quality", "method", "receipts")] + own
    default += ["quality", "method", "receipts"]
    named = list(dict.fromkeys(w for w in words if w)) if words is not None else default
    twice = sorted({k for k in own if own.count(k) > 1})
    wrong = [w for w in (*named, *config.leave_out) if w not in known]
    left = [w for w in named if w not in config.leave_out]
    if wrong or twice or not left:
        said = (
            [f"there is no section {', '.join(map(repr, dict.fromkeys(wrong)))}"] if wrong else []
        )
        said += [f"two own sections are called {', '.join(twice)}"] if twice else []
        raise CallError(
            "; ".join(said) or "no section is left",
            where="sections=",
            expected=", ".join(known),
        )
    return tuple(left)
