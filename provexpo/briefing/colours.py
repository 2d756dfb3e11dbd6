"""Colour classes of cells and bars: those of the map, each with the text colour that reads best."""

from __future__ import annotations

from bisect import bisect_right

from provexpo.maps.classes import (
    CHANGES,
    NEUTRAL,
    ORANGES,
    PURPLES,
    SHARES,
    YLGNBU,
    luminance,
)

CHANGE_COLOURS = (*reversed(ORANGES), NEUTRAL, *PURPLES)
ACCENT = "#b3261e"  # the one highlight of a page; a desk may set its own
DARK, LIGHT = "#000000", "#ffffff"  # only black reaches 4.5:1 on the middle blue


def share_class(share: float) -> str:
    """Name of the style class of a share, "s0" to "s4"."""
    return f"s{bisect_right(SHARES, share)}"


def change_class(pct: float) -> str:
    """Name of the style class of a relative change, "c0" to "c6"."""
    return f"c{bisect_right(CHANGES, pct)}"


def ink_on(colour: str) -> str:
    """The text colour, dark or light, that is read best on a background."""
    return max((DARK, LIGHT), key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def styles() -> tuple[tuple[str, str, str], ...]:
    """(class, background, text) of every class, for the page's style sheet."""
    named = [(f"s{i}", c) for i, c in enumerate(YLGNBU)]
    named += [(f"c{i}", c) for i, c in enumerate(CHANGE_COLOURS)]
    return tuple((name, colour, ink_on(colour)) for name, colour in named)
