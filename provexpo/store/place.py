"""The folder of a store: its name, its marker, its lock."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from provexpo.errors import StoreError
from provexpo.ingest.rows import ROW_SCHEMA

MARKER = "provexpo-store.json"
LOCK = ".lock"
FORMAT = 1
LOCK_SECONDS = 10.0
_COLUMNS = {*ROW_SCHEMA, "load", "year"}
# Delta Lake panics on these, or opens another folder than the one named.
_REFUSED = "[]%^|" + ("\\" if os.sep == "/" else "")


def store_path(path: str | Path) -> Path:
    """The absolute path of a store, refused where Delta Lake cannot work with the name."""
    try:
        place = Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as err:
        raise StoreError(
            f"this is not the name of a folder: {err}", where=repr(str(path)), expected="a path"
        ) from err
    bad = sorted({c for c in str(place) if c in _REFUSED or _is_control(c)})
    # DuckDB and Spark take "value=9" anywhere in a path for a column of every row below it.
    columns = [p for p in place.parts if "=" in p and p.split("=")[0].lower() in _COLUMNS]
    if bad or columns:
        raise StoreError(
            f"the store cannot lie under a path with {' '.join([*map(ascii, bad), *columns])}",
            where=str(place),
            expected=f"a path without {' '.join(_REFUSED)} and without names such as year=2024"
            " (spaces and Chinese characters are fine)",
            do="rename the folder or choose another one",
        )
    return place


def _is_control(char: str) -> bool:
    """Control characters, and bytes of a name that are not UTF-8."""
    return char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff"


def is_store(place: Path) -> bool:
    """True where a folder has a store's marker, whatever stands in it."""
    try:
        return (place / MARKER).is_file()
    except OSError as err:
        raise _unusable("the folder cannot be read", place, err) from err


def require_store(path: str | Path) -> Path:
    """The path of an existing store."""
    place = store_path(path)
    if not is_store(place):
        raise StoreError(
            f"there is no store at {place}",
            expected=f"a folder made by `provexpo add`, holding {MARKER}",
            do=f"load files with `provexpo add {Path(path)} FOLDER --flow export`,"
            " or leave the store out to use the illustrative sample",
        )
    try:
        written = json.loads((place / MARKER).read_text("utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise StoreError(
            f"{MARKER} cannot be read",
            where=str(place),
            expected=f'{{"format": {FORMAT}}}',
            do="restore the file from a backup, or load the files into a new store",
        ) from err
    if written != FORMAT:
        raise StoreError(
            f"this store has format {written}",
            where=str(place),
            expected=f"format {FORMAT}",
            do="install the version of provexpo that wrote it",
        )
    return place


def usable_place(path: str | Path) -> Path:
    """The path of a store, or of a folder that can become one. Nothing is written."""
    place = store_path(path)
    if is_store(place):
        return require_store(place)
    try:
        taken = place.exists() and (
            not place.is_dir() or any(not _is_ours(p.name) for p in place.iterdir())
        )
    except OSError as err:
        raise _unusable("the folder cannot be read", place, err) from err
    if taken:
        raise StoreError(
            f"{place} exists and is not a provexpo store",
            expected="a store, an empty folder, or a name that is not there yet",
            do="choose another name for the store",
        )
    return place


def _is_ours(name: str) -> bool:
    """The lock, or a marker that a killed process had not put in place yet."""
    return name == LOCK or name.startswith(MARKER)


def make_store(path: str | Path) -> Path:
    """The path of a store, created where the folder is new or empty."""
    place = usable_place(path)
    if is_store(place):
        return place
    try:
        place.mkdir(parents=True, exist_ok=True)
        # One name a process: two that make the same store at once must not take each other's.
        fresh = place / f"{MARKER}.{os.getpid()}"
        fresh.write_text(json.dumps({"format": FORMAT}), "utf-8")
        fresh.replace(place / MARKER)
    except OSError as err:
        raise _unusable("the store cannot be made", place, err) from err
    return place


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Hold the store's one write lock; the system frees it when the process dies."""
    lock = FileLock(place / LOCK)
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as err:
        raise StoreError(
            "another process is writing to this store",
            where=str(place),
            expected="one writer at a time (any number of readers)",
            do="wait until it ends, then run the same command again",
        ) from err
    except OSError as err:
        raise _unusable("the store cannot be locked for writing", place, err) from err
    try:
        yield
    finally:
        lock.release()


def _unusable(what: str, place: Path, err: OSError) -> StoreError:
    return StoreError(
        f"{what}: {err.strerror or err}",
        where=str(place),
        expected="a folder that this user may read and write",
        do="check the rights, or choose another folder",
    )
