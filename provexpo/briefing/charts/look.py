"""Sizes, colours and settings that all panels share."""

from __future__ import annotations

from typing import Any

# What the page's own text uses; a machine that draws has one of them or is told so beforehand.
FONT = (
    "'Noto Sans', 'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', "
    "'DejaVu Sans', Arial, sans-serif"
)
INK, SOFT, RULE, MARK = "#1a1a1a", "#555555", "#e4e4e4", "#b3261e"
DOT, LINE = "#2c7fb8", "#253494"
FALL, RISE = "#f1a340", "#998ec3"  # of the classes of change: orange is a fall
# Panel -> (width, height) with room and on a phone; of the whole picture, axes included.
SIZES: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "map": ((700, 590), (340, 345)),
    "tiles": ((700, 590), (340, 345)),
    "ranking": ((340, 590), (340, 560)),
    "scatter": ((520, 400), (340, 320)),
    "months": ((520, 150), (340, 120)),  # of each of its two parts
    "sectors": ((520, 440), (340, 480)),
    "partners": ((520, 290), (340, 290)),
}
NARROW = 480  # below this width a panel takes its form for phones
# The two parts of `months` are as wide as the panel less the room of their axis.
MONTHS_AXIS = 66


def config() -> dict[str, Any]:
    return {
        "font": FONT,
        "view": {"stroke": None},
        # The picture has one label; marks with labels of their own would be read out one by one.
        "mark": {"aria": False},
        "axis": {
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
            "labelColor": INK, "titleColor": INK, "gridColor": RULE, "domainColor": "#888888",
            "tickColor": "#888888", "labelLimit": 150,
        },
        "legend": {
            "labelFontSize": 12, "titleFontSize": 12, "titleLimit": 300, "labelColor": INK,
            "titleColor": INK, "labelLimit": 300,
        },
        "title": {
            "fontSize": 14, "anchor": "start", "frame": "group", "color": INK, "offset": 10,
        },
        "text": {"fontSize": 12, "color": INK},
    }  # fmt: skip


def watermark(text: str, x: Any, y: Any, size: int = 52) -> dict[str, Any]:
    """A layer that says across a picture that its figures are a sample."""
    return {
        "data": {"values": [{}]},
        "mark": {
            "type": "text", "text": text, "fontSize": size, "fontWeight": "bold", "opacity": 0.07,
            "angle": 338, "clip": True, "x": x, "y": y,
            "aria": False, "tooltip": None,
        },
    }  # fmt: skip
