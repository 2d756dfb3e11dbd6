"""Planted worlds: trade tables in which the rerouting is known, because it was put there."""

from .families import FAMILIES, Family
from .world import HUBS, World, build

__all__ = ["FAMILIES", "HUBS", "Family", "World", "build"]
