"""Map, tiles and ranking as parts of a Vega-Lite specification.

Written as plain objects: the names that altair gives to views and parameters count up from one
call to the next, so two runs in one process would not give the same bytes.
"""

from __future__ import annotations

from typing import Any

from provexpo.briefing.charts.data import Data
from provexpo.briefing.charts.look import INK, MARK, SIZES, SOFT, watermark
from provexpo.maps.notes import word
from provexpo.maps.style import COAST, HATCH_COLOUR, NO_DATA_FILL, UNDEFINED_FILL
from provexpo.output import formats

Panel = dict[str, Any]
# The selected province; `empty`: nothing selected selects nothing.
CHOSEN = {"param": "prov", "empty": False}
SAY = {"field": "say", "type": "nominal"}
# A layer whose name ends so is left out on a phone: its text could not be read.
WIDE = "_wide"
# A parameter of every specification: whether it is drawn for a phone.
NARROW_NOW = "narrow"
_FIELDS = ["name", "share", "state", "say", "text", "ink", "fill", "pick"]


def panel(name: str, layers: list[Any], data: Data, **more: Any) -> Panel:
    """A panel of layers; a sample says so across it.

    Expressions call a panel's size NAME_width and NAME_height, as Vega-Lite does where there are
    several panels; `one_panel` writes width and height, as it does where there is one.
    """
    (width, height), _ = SIZES[name]
    if data.illustrative:
        x, y = ({"expr": f"{name}_{side} / 2"} for side in ("width", "height"))
        layers = [*layers, watermark(word("watermark", data.facts.lang), x, y)]
    title = data.facts.word(f"chart.title.{name}", name="{name}")
    return {"name": name, "title": title_of(title, data), "width": width, "height": height,
            "layer": layers, **more}  # fmt: skip


def title_of(title: str, data: Data) -> dict[str, Any]:
    """A title; where it names the province it follows the selection."""
    if "{name}" not in title:
        return {"text": title}
    before, after = title.split("{name}", 1)
    names = object_of(data.names)
    return {"text": {"expr": f"'{quoted(before)}' + ({names})[prov_code] + '{quoted(after)}'"}}


def object_of(texts: dict[str, str]) -> str:
    """An object of an expression: {'11': 'Beijing'}."""
    pairs = ", ".join(f"'{quoted(k)}': '{quoted(v)}'" for k, v in texts.items())
    return "{" + pairs + "}"


def quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def share_colour(data: Data) -> dict[str, Any]:
    """The classes of the printed map: a share at a break is in the upper class there and here.

    No legend of Vega's: it would be a ramp whose labels stand at the lower ends of the classes.
    """
    scale = {"type": "threshold", "domain": list(data.classes.breaks),
             "range": list(data.classes.colours)}  # fmt: skip
    return {"field": "share", "type": "quantitative", "scale": scale, "legend": None}


def map_panel(data: Data) -> Panel:
    return _regions(data, "map", "geo", insets=True)


def tiles_panel(data: Data) -> Panel:
    return _regions(data, "tiles", "squares", insets=False)


def _regions(data: Data, name: str, geo: str, *, insets: bool) -> Panel:
    """Two layers: all regions dashed and grey, and over them those that have a figure.

    One layer with a condition would give a region without a figure the colour of a class.
    """
    layers = [
        _base(f"{name}_base", geo),
        _undefined(f"{name}_undefined", geo),
        _coloured(f"{name}_pick", geo, data),
    ]
    if insets:
        layers += [
            _lines("lines", COAST),
            _base("map_inset_base", "insets"),
            _undefined("map_inset_undefined", "insets"),
            _coloured("map_inset", "insets", data),
            _outline("insets"),
            _lines("frames", "#777777"),
        ]
    layers += [_outline(geo), *_names(name, f"{geo}_names"), *_key(data, name)]
    return panel(name, layers, data, projection={"type": "identity", "reflectY": True})


def _joined(geo: str, *more: dict[str, Any]) -> dict[str, Any]:
    source = {"data": {"name": "regions"}, "key": "code", "fields": _FIELDS}
    return {"data": {"name": geo}, "transform": [{"lookup": "code", "from": source}, *more]}


def _base(name: str, geo: str) -> dict[str, Any]:
    return {
        "name": name, **_joined(geo),
        "mark": {"type": "geoshape", "fill": NO_DATA_FILL, "stroke": HATCH_COLOUR,
                 "strokeWidth": 0.8, "strokeDash": [2, 2]},
        "encoding": {"tooltip": SAY},
    }  # fmt: skip


def _undefined(name: str, geo: str) -> dict[str, Any]:
    """A figure that cannot exist, such as the share of nothing."""
    return {
        "name": name, **_joined(geo, {"filter": "datum.state === 'undefined'"}),
        "mark": {"type": "geoshape", "fill": UNDEFINED_FILL, "stroke": "#ffffff",
                 "strokeWidth": 0.5},
        "encoding": {"tooltip": SAY},
    }  # fmt: skip


def _coloured(name: str, geo: str, data: Data) -> dict[str, Any]:
    return {
        "name": name, **_joined(geo, {"filter": "isValid(datum.share)"}),
        "mark": {"type": "geoshape", "stroke": "#8a8a80", "strokeWidth": 0.4, "cursor": "pointer"},
        "encoding": {"color": share_colour(data), "tooltip": SAY},
    }  # fmt: skip


def _lines(name: str, colour: str) -> dict[str, Any]:
    return {
        "data": {"name": name},
        "mark": {"type": "geoshape", "filled": False, "stroke": colour, "strokeWidth": 0.8,
                 "tooltip": None},
    }  # fmt: skip


def _outline(geo: str) -> dict[str, Any]:
    return {
        "data": {"name": geo}, "transform": [{"filter": CHOSEN}],
        "mark": {"type": "geoshape", "filled": False, "stroke": MARK, "strokeWidth": 2.2,
                 "strokeJoin": "round", "tooltip": None},
    }  # fmt: skip


def _names(name: str, points: str) -> list[dict[str, Any]]:
    """Name and share on each region, over an edge of the region's own colour."""
    here = _joined(points, *([] if name == "tiles" else [{"filter": "datum.state === 'figure'"}]))
    two_lines: dict[str, Any] = {"calculate": "[datum.name, datum.text]", "as": "said"}
    if name == "tiles":
        two_lines["calculate"] = "split(replace(datum.name, ' ', '|') + '|' + datum.text, '|')"
    here["transform"].append(two_lines)
    mark = {"type": "text", "fontSize": 9.5 if name == "map" else 11, "lineHeight": 10.5,
            "baseline": "middle", "dy": -4, "tooltip": None, "aria": False}  # fmt: skip
    at = {
        "longitude": {"field": "x", "type": "quantitative"},
        "latitude": {"field": "y", "type": "quantitative"},
        "text": {"field": "said", "type": "nominal"},
    }
    # Not as encodings: a scale of its own would be merged with that of the classes.
    edge = {"stroke": {"expr": "datum.fill"}, "fill": {"expr": "datum.fill"}}
    return [
        {"name": f"{name}_edge{WIDE}", **here, "encoding": at,
         "mark": {**mark, **edge, "strokeWidth": 2.5, "opacity": 0.75}},
        {"name": f"{name}_names{WIDE}", **here, "encoding": at,
         "mark": {**mark, "color": {"expr": "datum.ink"}}},
    ]  # fmt: skip


def _key(data: Data, name: str) -> list[dict[str, Any]]:
    """The legend: a box a class, the largest on top, then the boxes that no class has."""
    lang = data.facts.lang
    pairs = zip(data.classes.colours, data.breaks, strict=True)
    rows: list[dict[str, Any]] = [{"fill": c, "text": t} for c, t in pairs][::-1]
    if any(r["state"] == "undefined" for r in data.regions):
        rows.append({"fill": UNDEFINED_FILL, "text": data.facts.word("chart.undefined")})
    rows.append({"fill": NO_DATA_FILL, "text": word("no_data", lang), "dash": [2, 2]})
    rows = [{"at": i, **row} for i, row in enumerate(rows)]
    # South-west of the map; north-west of the tiles, where they leave room.
    pitch = f"({NARROW_NOW} ? 15 : 18)"
    top = f"map_height - {len(rows)} * {pitch} + 6" if name == "map" else "26"
    y = {"expr": f"{top} + {pitch} * datum.at"}
    quiet: dict[str, Any] = {"tooltip": None, "aria": False}
    size = {"expr": f"{NARROW_NOW} ? 11 : 12"}
    box = {"expr": f"{NARROW_NOW} ? 110 : 170"}
    return [
        {"data": {"values": rows}, "mark": {
            **quiet, "type": "square", "size": box, "opacity": 1, "x": 9, "y": y,
            "fill": {"expr": "datum.fill"}, "stroke": "#808080", "strokeWidth": 0.7,
            "strokeDash": {"expr": "datum.dash || [1, 0]"}}},
        {"data": {"values": rows}, "mark": {
            **quiet, "type": "text", "align": "left", "baseline": "middle", "x": 22, "y": y,
            "fontSize": size, "text": {"expr": "datum.text"}}},
        {"data": {"values": [{"at": -1}]}, "mark": {
            **quiet, "type": "text", "align": "left", "fontWeight": "bold", "x": 1, "y": y,
            "fontSize": size, "text": data.facts.word("chart.share_short")}},
    ]  # fmt: skip


def ranking_panel(data: Data) -> Panel:
    y = {"field": "name", "type": "nominal", "sort": {"field": "order", "op": "min"},
         "axis": {"title": None, "ticks": False, "domain": False, "labelPadding": 6,
                  "labelFontSize": 11.5, "labelOverlap": False}}  # fmt: skip
    # The figures stand in a column of their own, so that none stands on a bar or on the line.
    x = {"field": "share", "type": "quantitative", "axis": _nation_axis(data),
         "scale": {"zero": True, "nice": False,
                   "range": [0, {"expr": "ranking_width - 44"}]}}  # fmt: skip
    bar = {"type": "bar", "height": {"band": 0.8}, "tooltip": None}
    layers: list[dict[str, Any]] = [
        {"mark": {**bar, "stroke": "#00000038", "strokeWidth": 0.6},
         "transform": [{"filter": "isValid(datum.share)"}],
         "encoding": {"x": x, "color": share_colour(data)}},
        {"mark": {**bar, "filled": False, "stroke": MARK, "strokeWidth": 2},
         "transform": [{"filter": CHOSEN}, {"filter": "isValid(datum.share)"}],
         "encoding": {"x": x}},
        column_of_text("ranking"),
    ]  # fmt: skip
    layers = [{"data": {"name": "ranking"}, **layer} for layer in layers]
    for layer in layers:
        layer["encoding"]["y"] = y
    if data.nation is not None:
        line = {"type": "rule", "stroke": INK, "strokeDash": [4, 3], "strokeWidth": 1.2}
        layers.append(
            {"data": {"values": [{"share": data.nation}]}, "mark": line, "encoding": {"x": x}}
        )
    layers.append(
        {"name": "ranking_pick", "data": {"name": "ranking"},
         "mark": {**bar, "opacity": 0, "cursor": "pointer", "height": {"band": 1}, "x": 0,
                  "x2": {"expr": "ranking_width"}},
         "encoding": {"y": y, "tooltip": SAY}}
    )  # fmt: skip
    return panel("ranking", layers, data)


def _nation_axis(data: Data) -> dict[str, Any] | None:
    """An axis with one label, at the share of the nation."""
    if data.nation is None:
        return None
    share = formats.percent(data.nation, data.facts.lang)
    return {"title": None, "values": [data.nation], "grid": False, "domain": False,
            "labelExpr": f"'{quoted(data.facts.word('chart.nation', share=share))}'"}  # fmt: skip


def column_of_text(name: str) -> dict[str, Any]:
    """Text at the right edge, one below the other."""
    mark = {"type": "text", "align": "right", "fontSize": 11.5, "tooltip": None,
            "x": {"expr": f"{name}_width - 2"}}  # fmt: skip
    return {"mark": mark, "encoding": {"text": {"field": "text", "type": "nominal"}}}


def soft_rule(axis: str) -> dict[str, Any]:
    """A line at zero."""
    return {
        "data": {"values": [{"at": 0}]}, "mark": {"type": "rule", "stroke": SOFT, "strokeWidth": 1},
        "encoding": {axis: {"field": "at", "type": "quantitative"}},
    }  # fmt: skip
