"""Scatter, months, sectors and partners as parts of a Vega-Lite specification."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from provexpo.briefing.charts.data import Data, bounds
from provexpo.briefing.charts.look import (
    DOT,
    FALL,
    INK,
    LINE,
    MARK,
    MONTHS_AXIS,
    RISE,
    SIZES,
    SOFT,
    watermark,
)
from provexpo.briefing.charts.panels import (
    CHOSEN,
    NARROW_NOW,
    SAY,
    Panel,
    column_of_text,
    object_of,
    panel,
    quoted,
    soft_rule,
    title_of,
)
from provexpo.briefing.facts import capital
from provexpo.maps.notes import word
from provexpo.output import formats, labels

# Ticks of money on an axis: as the formatter writes them, without trailing zeros.
_MONEY_TICKS = {
    "en": ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k")),
    "zh": ((1e12, "万亿"), (1e8, "亿"), (1e4, "万")),
}
_MONTH_TICKS = 6


def money_ticks(lang: str) -> str:
    """The expression that writes a tick of money in its own unit."""
    out = "format(datum.value, '~r')"
    for factor, suffix in reversed(_MONEY_TICKS[lang]):
        short = f"format(datum.value / {factor:.0f}, '.3~r') + '{suffix}'"
        out = f"abs(datum.value) >= {factor:.0f} ? {short} : {out}"
    return out


def scatter_panel(data: Data) -> Panel:
    word, points = data.facts.word, {"data": {"name": "scatter"}}
    # Bounds of the data themselves: a layer that is empty for a selection has none.
    ys = [0.0, *(r["y"] for r in data.scatter)]
    bounds_x = [0, max(r["x"] for r in data.scatter)]
    x = {"field": "x", "type": "quantitative", "scale": {"domain": bounds_x, "nice": True},
         "title": word("chart.x_exposure", window=data.exposure_window)}  # fmt: skip
    # Its title lies across: upright it would be longer than the axis on a phone.
    flat = {"titleAngle": 0, "titleAlign": "left", "titleX": -30, "titleY": -10,
            "titleBaseline": "bottom"}  # fmt: skip
    y = {"field": "y", "type": "quantitative", "title": word(f"chart.y_{data.measure}"),
         "scale": {"domain": [min(ys), max(ys)], "nice": True, "padding": 14},
         "axis": flat}  # fmt: skip
    at = {"x": x, "y": y}
    text = {**at, "text": {"field": "name", "type": "nominal"}}
    dot: dict[str, Any] = {
        "type": "circle",
        "size": 60,
        "stroke": "#ffffff",
        "strokeWidth": 0.8,
        "opacity": 1,
    }
    layers: list[dict[str, Any]] = [
        soft_rule("y"),
        {"data": {"name": "fitted"}, "mark": {"type": "line", "stroke": LINE, "strokeWidth": 1.6,
         "strokeDash": [6, 4], "tooltip": None}, "encoding": at},
        {"name": "scatter_pick", **points, "mark": {**dot, "cursor": "pointer"},
         "encoding": {**at, "tooltip": SAY, "color": {
             "condition": {"test": "datum.small", "value": "#a9c3d6"}, "value": DOT}}},
        {**points, "transform": [{"filter": CHOSEN}], "encoding": at,
         "mark": {**dot, "size": 110, "color": MARK, "tooltip": None}},
        *_named(points, text, {"and": ["datum.named", {"not": CHOSEN}]}, INK),
        *_named(points, text, CHOSEN, MARK),
    ]  # fmt: skip
    return panel("scatter", layers, data)


def _named(points: Any, text: Any, which: Any, colour: str) -> list[dict[str, Any]]:
    """Names to the right of their points, at the right edge to the left; over a white edge."""
    mark = {"type": "text", "fontSize": 11.5, "tooltip": None}
    edge = {"fill": "#ffffff", "stroke": "#ffffff", "strokeWidth": 3, "opacity": 0.8}
    sides = (("!datum.right", "left", 8, -2), ("datum.right", "right", -4, -10))
    return [
        {**points, "transform": [{"filter": which}, {"filter": side}], "encoding": text,
         "mark": {**mark, **ink, "align": align, "dx": dx, "dy": dy}}
        for ink in (edge, {"color": colour})
        for side, align, dx, dy in sides
    ]  # fmt: skip


def unfolded(*fields: str) -> list[dict[str, Any]]:
    """The rows of the selected province, which come as lists."""
    return [{"filter": CHOSEN}, {"flatten": list(fields)}]


def domain(name: str, key: str) -> list[dict[str, Any]]:
    """The bounds of the selected province's figures, by the parameter that holds them."""
    return [{"expr": f"{name}_{key}_bounds[{i}]"} for i in (0, 1)]


def bounds_params(data: Data) -> list[dict[str, Any]]:
    """Bounds are stated: of an axis without data Vega warns, and a province can have none."""
    out = []
    for name, key in (("months", "v"), ("months", "a"), ("sectors", "v"), ("partners", "v")):
        rows = getattr(data, name)
        held = ", ".join(f"'{c}': [{a:.4g}, {b:.4g}]" for c, (a, b) in bounds(rows, key).items())
        if rows:
            expr = f"({{{held}}})[prov_code] || [0, 1]"
            out.append({"name": f"{name}_{key}_bounds", "expr": expr})
    return out


def months_panel(data: Data) -> Panel:
    """The partner above, all partners below: two scales, because one is many times the other."""
    facts = data.facts
    parts = [
        _series(data, "v", capital(facts.flow_name), DOT, axis=False),
        _series(data, "a", capital(facts.all_name), SOFT, axis=True),
    ]
    title = facts.word("chart.title.months", name="{name}")
    return {"name": "months", "title": title_of(title, data), "vconcat": parts, "spacing": 14}


def _series(data: Data, field: str, name: str, colour: str, *, axis: bool) -> dict[str, Any]:
    (width, height), _ = SIZES["months"]
    months = sorted({r["m"] for r in data.months})
    named = object_of({m: formats.window(m, data.facts.lang) for m in months})
    ticks = months[:: max(1, -(-len(months) // _MONTH_TICKS))]
    x = {"field": "m", "type": "ordinal", "title": None,
         "scale": {"domain": months, "type": "point"},
         "axis": {"labelAngle": 0, "values": ticks, "labelOverlap": True, "labelFlush": True,
                  "labelSeparation": 8, "labelExpr": f"({named})[datum.value]",
                  "labels": axis, "ticks": axis}}  # fmt: skip
    unit = formats.currency_name(data.facts.currency, data.facts.lang)
    y = {"field": field, "type": "quantitative", "title": None,
         "scale": {"domain": domain("months", field), "nice": 3},
         "axis": {"tickCount": 3, "labelExpr": money_ticks(data.facts.lang), "minExtent": 50,
                  "maxExtent": 50}}  # fmt: skip
    head = f"{name} ({unit})" if data.facts.lang == "en" else f"{name}（{unit}）"
    tip = {"tooltip": [
        {"field": "month", "type": "nominal", "title": labels.column("month", data.facts.lang)},
        {"field": f"t{field}", "type": "nominal", "title": head}]}  # fmt: skip
    at = {"x": x, "y": y}
    line = {"type": "line", "stroke": colour, "strokeWidth": 1.8, "interpolate": "linear",
            "invalid": "break-paths-show-path-domains"}  # fmt: skip
    dots = {"type": "circle", "size": 22, "color": colour, "opacity": 1, "invalid": "filter"}
    layers: list[dict[str, Any]] = [
        {"mark": {**line, "tooltip": None}, "encoding": at},
        {"name": f"months_{'pick' if field == 'v' else 'all'}", "mark": dots,
         "encoding": {**at, **tip}},
    ]  # fmt: skip
    if data.illustrative and field == "v":
        layers.append(watermark(word("watermark", data.facts.lang), 150, 75, 34))
    return {
        "data": {"name": "months"},
        "transform": [
            *unfolded("m", "v", "a", "tv", "ta"),
            {"calculate": f"({named})[datum.m]", "as": "month"},
        ],
        "title": {"text": head, "fontSize": 12, "fontWeight": "normal", "offset": 6},
        "width": width - MONTHS_AXIS, "height": height,
        "layer": layers,
    }  # fmt: skip


def sectors_panel(data: Data) -> Panel:
    facts = data.facts
    unit = formats.currency_name(facts.currency, facts.lang)
    title = capital(facts.word("chart.change_of", unit=unit))
    return _bars("sectors", data, title, {"labelExpr": money_ticks(facts.lang)})


def partners_panel(data: Data) -> Panel:
    unit = labels.unit("pp", data.facts.lang)
    return _bars("partners", data, data.facts.word("chart.points_of", unit=unit), {"format": "~r"})


def _names_of(name: str, data: Data) -> dict[str, Any]:
    """The names beside the bars, in up to two lines around the middle of their bar.

    The labels of an axis would begin in the middle and run into those below.
    """
    names = sorted({r["k"] for r in getattr(data, name)})
    wide, narrow = (_lines(names, data.facts.lang, n) for n in (32, 18))
    lines = f"({NARROW_NOW} ? {narrow} : {wide})[datum.k]"
    mark = {"type": "text", "align": "right", "x": -8, "fontSize": 11.5, "lineHeight": 12,
            "text": {"expr": lines}, "dy": {"expr": f"-6 * (length({lines}) - 1)"},
            "tooltip": None}  # fmt: skip
    return {"mark": mark}


def _lines(names: list[str], lang: str, most: int) -> str:
    """An expression's object: a name -> its lines of so many letters (half as many in Chinese)."""
    pairs = []
    for name in names:
        width = most if lang == "en" else most // 2
        lines = wrap(name, width, max_lines=2, placeholder="…")
        listed = ", ".join(f"'{quoted(line)}'" for line in lines)
        pairs.append(f"'{quoted(name)}': [{listed}]")
    return "{" + ", ".join(pairs) + "}"


def _bars(name: str, data: Data, title: str, ticks: dict[str, Any]) -> Panel:
    """Bars from zero, orange to the left for a fall, purple to the right for a rise.

    Their figures stand in a column of their own: at the ends of the bars they would meet the names.
    """
    more = ("money",) if name == "partners" else ()
    source = {
        "data": {"name": name},
        # The rows come in their order; the scale would keep that of the province before.
        "transform": [
            *unfolded("k", "v", "text", *more),
            {"window": [{"op": "row_number", "as": "o"}]},
        ],
    }
    room = {"expr": f"{NARROW_NOW} ? 122 : 206"}
    y = {"field": "k", "type": "nominal", "sort": {"field": "o", "op": "min"},
         "axis": {"title": None, "ticks": False, "domain": False, "labels": False,
                  "minExtent": room, "maxExtent": room}}  # fmt: skip
    end = f"{name}_width - " + (f"({NARROW_NOW} ? 62 : 118)" if name == "sectors" else "50")
    x = {"field": "v", "type": "quantitative", "title": title,
         "scale": {"domain": domain(name, "v"), "nice": True,
                   "range": [4, {"expr": end}]},
         "axis": {"tickCount": {"expr": f"{NARROW_NOW} ? 3 : 4"}, "labelOverlap": True,
                  "labelFlush": True, "titleAnchor": "end", **ticks}}  # fmt: skip
    fill = {"condition": {"test": "datum.v < 0", "value": FALL}, "value": RISE}
    text = column_of_text(name)
    # On a phone without the part in brackets.
    mark = "'('" if data.facts.lang == "en" else "'（'"
    text["mark"]["text"] = {
        "expr": f"{NARROW_NOW} ? trim(split(datum.text, {mark})[0]) : datum.text"
    }
    text["encoding"] = {"y": y}
    parts = (("k", labels.column(name.removesuffix("s"), data.facts.lang)), ("text", title))
    tip = [{"field": f, "type": "nominal", "title": t} for f, t in parts]
    if name == "partners":
        money = formats.currency_name(data.facts.currency, data.facts.lang)
        tip.append({"field": "money", "type": "nominal", "title": money})
    bar = {"type": "bar", "height": {"band": 0.72}, "stroke": "#00000038", "strokeWidth": 0.6}
    layers = [
        {**source, "name": f"{name}_pick", "mark": bar,
         "encoding": {"x": x, "y": y, "color": fill, "tooltip": tip}},
        soft_rule("x"),
        {**source, **text},
        {**source, **_names_of(name, data), "encoding": {"y": y}},
    ]  # fmt: skip
    return panel(name, layers, data)
