"""What a machine has of what provexpo needs."""

from __future__ import annotations

import platform
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from provexpo import __version__
from provexpo.errors import ProvexpoError

NEEDED = (
    "duckdb", "polars", "deltalake", "geopandas", "matplotlib", "jinja2", "xlsxwriter",
    "python-calamine", "altair", "vl-convert-python",
)  # fmt: skip
EXTRAS = ("pandas", "pyarrow", "statsmodels")


@dataclass(frozen=True)
class Line:
    what: str
    text: str
    ok: bool


def examine() -> list[Line]:
    """Look at versions, fonts, boundaries and write access; nothing is changed."""
    lines = [Line("provexpo", f"{__version__} on Python {platform.python_version()}", True)]
    lines += [_library(name, needed=True) for name in NEEDED]
    lines += [_library(name, needed=False) for name in EXTRAS]
    return [*lines, *_fonts(), _boundaries(), _cache(), _here()]


def text_of(lines: list[Line]) -> str:
    width = max(len(line.what) for line in lines)
    return "\n".join(
        f"{'ok  ' if line.ok else 'look'}  {line.what:<{width}}  {line.text}" for line in lines
    )


def _library(name: str, *, needed: bool) -> Line:
    try:
        return Line(name, version(name), True)
    except PackageNotFoundError:
        text = "missing: pip install provexpo" if needed else "not installed (an extra)"
        return Line(name, text, not needed)


def _fonts() -> list[Line]:
    from provexpo.maps.fonts import check_font

    found = []
    for lang in ("en", "zh"):
        status = check_font(lang)
        text = f"{status.family} ({status.path})" if status.ok else status.advice
        found.append(Line(f"font for {lang}", text, status.ok))
    return found


def _boundaries() -> Line:
    from provexpo.maps.boundaries import load_boundaries

    try:
        layer = load_boundaries()
    except ProvexpoError as err:
        return Line("boundaries", err.what, False)
    text = f"{len(layer.regions)} regions, Natural Earth, de facto, no position implied"
    return Line("boundaries", text, True)


def _cache() -> Line:
    from provexpo.demo.cache import cache_folder

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Line("sample's cache", str(folder), True)
    except OSError as err:
        return Line("sample's cache", f"{folder} cannot be written ({err.strerror})", False)


def _here() -> Line:
    try:
        with tempfile.TemporaryFile(dir="."):
            return Line("this folder", "can be written", True)
    except OSError as err:
        return Line("this folder", f"cannot be written ({err.strerror})", False)
