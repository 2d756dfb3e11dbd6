"""A finished map: saved, put into a page, or shown in a notebook, the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from provexpo.errors import DrawError
from provexpo.maps.join import JoinAudit
from provexpo.maps.legend import Legend
from provexpo.maps.page import Sheet
from provexpo.maps.style import HATCH_WIDTH
from provexpo.output.files import write_bytes

PNG_DPI = 160
# Without these every run writes its own date and ids.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}
SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "provexpo",
    "pdf.fonttype": 3,
    "hatch.linewidth": HATCH_WIDTH,
}


@dataclass(frozen=True)
class Beside:
    """What a page says as text beside a bare picture, because a picture's small print cannot be
    read on a phone."""

    subtitle: str
    legend: Legend
    colours: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Map:
    """A choropleth, drawn when it is asked for.

    Attributes
    ----------
    audit : JoinAudit
        How many rows met how many regions, and the sums before and after.
    alt : str
        The map in words, for screen readers.
    title : str
        What stands above it.
    beside : Beside
        Legend and notes as text, for what stands beside ``to_svg(bare=True)``.
    """

    title: str
    alt: str
    audit: JoinAudit
    beside: Beside = field(repr=False)
    families: tuple[str, ...] = field(repr=False)
    _figure: Callable[[], Figure] = field(repr=False)
    _bare: Callable[[], Figure] = field(repr=False)
    _place: Callable[..., float] = field(repr=False)

    def save(self, path: str | Path) -> Path:
        """Write the map; the name's ending says how: .png, .svg or .pdf."""
        path = Path(path)
        kind = path.suffix.lower().lstrip(".")
        if kind not in METADATA:
            raise DrawError(
                f"cannot write a map as {path.suffix or path.name!r}",
                where="Map.save(path)",
                expected="a name that ends in .png, .svg or .pdf",
            )
        if not path.parent.is_dir():
            raise DrawError(
                f"no such folder: {path.parent}", where="Map.save(path)", do="make it first"
            )
        write_bytes(path, self._bytes(kind))
        return path

    def to_png(self) -> bytes:
        """The map as a PNG picture."""
        return self._bytes("png")

    def to_svg(self, *, bare: bool = False) -> str:
        """The map as an `<svg>` element for an HTML page.

        `bare`: without title, legend and notes and with larger names; the page then owes its
        reader what `beside` holds. A sample's watermark stays. The ids of names hold ``label-``,
        so that a style sheet can leave them out where they would be too small.

        Its ids start with a prefix of its own, so that several maps live on one page; it has a
        label for screen readers and takes the width of what it stands in.
        """
        figure = self._bare if bare else self._figure
        return _inline(self._bytes("svg", figure).decode("utf-8"), self.alt)

    def place(self, sheet: Sheet, x: float, top: float, room: tuple[float, float]) -> float:
        """Draw map and legend on another sheet, as large as the room (width, height) there is.

        Returns the lower edge. The sheet's fonts must hold `families`.
        """
        return self._place(sheet, x, top, room)

    @cached_property
    def _shown(self) -> str:
        """A notebook asks for several forms at once: drawn once."""
        return self.to_svg()

    def _repr_svg_(self) -> str:
        return self._shown

    def _repr_png_(self) -> bytes:
        return self.to_png()

    def _repr_html_(self) -> str:
        """The picture at the size it is drawn for; a notebook shows this form first."""
        return f'<div style="max-width:760px">{self._shown}</div>'

    def _bytes(self, kind: str, figure: Callable[[], Figure] | None = None) -> bytes:
        buffer = io.BytesIO()
        with matplotlib.rc_context(SETTINGS):
            (figure or self._figure)().savefig(
                buffer, format=kind, dpi=PNG_DPI, metadata=METADATA[kind]
            )
        data = buffer.getvalue()
        return _lean(data) if kind == "svg" else data


def _lean(svg: bytes) -> bytes:
    """Outlines to a tenth of a point (under 1 km on the map): a third of the bytes, no visible
    difference. Text falls back to any sans-serif where the font is not installed."""

    def number(found: re.Match[bytes]) -> bytes:
        return (b"%.1f" % float(found[0])).removesuffix(b".0")

    def outline(found: re.Match[bytes]) -> bytes:
        short = re.sub(rb"-?\d+\.\d+", number, found[0])
        return re.sub(rb"\s*\n\s*|(?<=[MLQCz]) ", b"", short)

    svg = re.sub(rb' d="[^"]*"', outline, svg)
    return re.sub(rb"(font-family: [^;\"]*)", rb"\1, sans-serif", svg)


def _inline(svg: str, alt: str) -> str:
    """Without prolog and size, and with ids and a style sheet that reach no further than itself."""
    svg = svg[svg.index("<svg") :]
    prefix = "px" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", svg)
    svg = svg.replace("*{stroke", f"#{prefix} *{{stroke", 1)
    head, rest = svg.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    label = escape(alt, quote=True)
    return f'{head} id="{prefix}" class="provexpo-map" role="img" aria-label="{label}">{rest}'
