"""The folder of a store: its name, its marker, its lock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from provexpo.errors import StoreError

MARKER = "provexpo-store.json"
FORMAT = 1
LOCK_SECONDS = 10.0


def store_path(path: str | Path) -> Path:
    """The absolute path of a store, refused where Delta Lake cannot work with the name."""
    place = Path(path).expanduser().resolve()
    bad = sorted({c for c in "[]%" if c in str(place)})
    if bad:
        raise StoreError(
            f"the store cannot lie under a path with {' '.join(bad)}",
            where=str(place),
            expected="a path without [ ] and % (spaces and Chinese characters are fine)",
            do="rename the folder or choose another one",
        )
    return place


def require_store(path: str | Path) -> Path:
    """The path of an existing store."""
    place = store_path(path)
    marker = place / MARKER
    if not marker.is_file():
        raise StoreError(
            f"there is no store at {place}",
            expected=f"a folder made by `provexpo add`, holding {MARKER}",
            do=f"load files with `provexpo add {Path(path)} FOLDER --flow export`,"
            " or leave the store out to use the illustrative sample",
        )
    try:
        written = json.loads(marker.read_text("utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise StoreError(f"{MARKER} cannot be read", where=str(place)) from err
    if written != FORMAT:
        raise StoreError(
            f"this store has format {written}",
            where=str(place),
            expected=f"format {FORMAT}",
            do="install the version of provexpo that wrote it",
        )
    return place


def make_store(path: str | Path) -> Path:
    """The path of a store, created where the folder is new or empty."""
    place = store_path(path)
    if (place / MARKER).is_file():
        return require_store(place)
    if place.exists() and (not place.is_dir() or any(p.name != ".lock" for p in place.iterdir())):
        raise StoreError(
            f"{place} exists and is not a provexpo store",
            expected="a store, an empty folder, or a name that is not there yet",
            do="choose another name for the store",
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        fresh = place / f"{MARKER}.new"
        fresh.write_text(json.dumps({"format": FORMAT}), "utf-8")
        fresh.replace(place / MARKER)
    except OSError as err:
        raise StoreError(
            f"the store cannot be made: {err.strerror}", where=str(place), do="check the rights"
        ) from err
    return place


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Hold the store's one write lock; the system frees it when the process dies."""
    lock = FileLock(place / ".lock")
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as err:
        raise StoreError(
            "another process is writing to this store",
            where=str(place),
            expected="one writer at a time (any number of readers)",
            do="wait until it ends, then run the same command again",
        ) from err
    try:
        yield
    finally:
        lock.release()
