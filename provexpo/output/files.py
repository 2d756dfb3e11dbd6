"""Writing a file so that a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from provexpo.errors import CallError


def write_bytes(path: str | Path, data: bytes) -> Path:
    """Write beside the target, then put it in place in one step; makes missing folders."""
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as err:
        with suppress(OSError):  # a name that is too long cannot be removed either
            part.unlink(missing_ok=True)
        raise CallError(
            f"cannot write {target}: {err.strerror or err}",
            expected="a path in a folder that may be written to",
            do="choose another path, or free some space",
        ) from err
    return target
