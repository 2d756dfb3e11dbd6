"""Where shipped tables and boundaries lie: inside the wheel, or beside the package in a clone."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def seed(name: str) -> Path:
    """Path of a table in `seeds/`."""
    return _folder("seeds") / name


def shape(name: str) -> Path:
    """Path of a file in `shapes/`."""
    return _folder("shapes") / name
