"""Where the sample's store lies: built once into the user's cache folder, whole or not at all."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

SEAL = "complete.json"  # written last: the files of the finished store and their sizes
STORE = "sample"

Build = Callable[[Path], object]


def cache_folder() -> Path:
    """`PROVEXPO_CACHE`, or the folder where this platform keeps what can be made again."""
    given = os.environ.get("PROVEXPO_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path.home() / ".cache"


def sample_store(name: str, build: Build) -> Path:
    """The path of the finished store `name`, made by `build` when it is not there or damaged.

    Where the cache folder cannot be written, a temporary folder is used, removed at exit.
    """
    folder = cache_folder() / "provexpo" / name
    # Delta Lake cannot work under such names.
    if any(c in str(folder) for c in "[]%"):
        return temporary_store(build)
    if not is_whole(folder):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
        except OSError:
            return temporary_store(build)
        try:
            fill(beside, build)
            _put(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return folder / STORE


def fill(folder: Path, build: Build) -> None:
    store = folder / STORE
    build(store)
    sizes = {p.relative_to(store).as_posix(): p.stat().st_size for p in _files(store)}
    (folder / SEAL).write_text(json.dumps(sizes), encoding="utf-8")


def is_whole(folder: Path) -> bool:
    """True when every file of the finished store is there in its full length."""
    try:
        sizes = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        return all((folder / STORE / f).stat().st_size == size for f, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


@cache
def temporary_store(build: Build) -> Path:
    """One for the life of the process."""
    folder = Path(tempfile.mkdtemp(prefix="provexpo-sample-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    fill(folder, build)
    return folder / STORE


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")


def _put(built: Path, folder: Path) -> None:
    """Move a finished folder into place; another process may have been faster, which is as good."""
    for _ in range(3):
        try:
            built.replace(folder)
            return
        except OSError:
            if is_whole(folder):
                return
        # Something damaged is in the way. It is moved, not deleted in place, so that nobody
        # ever opens half of it.
        away = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
        try:
            folder.replace(away / "damaged")
        except OSError:
            continue
        finally:
            shutil.rmtree(away, ignore_errors=True)
    built.replace(folder)
