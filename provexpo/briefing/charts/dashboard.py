"""One Vega-Lite specification with the linked panels, and each panel as a picture by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provexpo.briefing.charts import panels, panels_more
from provexpo.briefing.charts.alt import alt_texts
from provexpo.briefing.charts.data import Data, data_of, packed
from provexpo.briefing.charts.draw import to_png, to_svg
from provexpo.briefing.charts.geometry import Shapes, shapes_of
from provexpo.briefing.charts.look import MONTHS_AXIS, NARROW, SIZES, config
from provexpo.maps.boundaries import load_boundaries
from provexpo.maps.regions import load_tiles

if TYPE_CHECKING:
    from provexpo.briefing.figures import Figures
    from provexpo.maps.regions import Layer

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
# Where a click selects.
CLICKED = ("map", "tiles", "ranking", "scatter")
_CLICKED_LAYERS = (
    "map_pick", "map_undefined", "map_inset", "map_names_wide", "map_edge_wide", "tiles_pick",
    "tiles_undefined", "tiles_names_wide", "tiles_edge_wide", "ranking_pick", "scatter_pick",
)  # fmt: skip
_ALTERNATIVES = {"tiles": "map"}  # shown in the place of


@dataclass(frozen=True)
class Charts:
    """The linked figures of a briefing.

    Attributes
    ----------
    spec : dict
        One Vega-Lite specification: the panels side by side, the selection "prov" bound to a
        list of the provinces. `usermeta` holds what the page's script needs beside it.
    panels : tuple of str
        The panels that there are: map, tiles, ranking, scatter, months, sectors, partners.
    province : str
        The code of the province that is selected at first.
    """

    spec: dict[str, Any]
    panels: tuple[str, ...]
    province: str
    lang: str
    _alt: dict[str, str] = field(repr=False)

    def alt(self, name: str) -> str:
        """A panel in words, for the province selected at first."""
        return self._alt[name]

    def svg(self, name: str, *, narrow: bool = False) -> str:
        """A panel as an `<svg>` element for a page, the same bytes every time."""
        return to_svg(self.panel(name, narrow=narrow), self.lang, self._alt[name])

    def png(self, name: str, *, narrow: bool = False, scale: float = 2.0) -> bytes:
        """A panel as a picture."""
        titled = self.panel(name, narrow=narrow, title=True)
        return to_png({**titled, "background": "white"}, self.lang, scale)

    def panel(self, name: str, *, narrow: bool = False, title: bool = False) -> dict[str, Any]:
        """The specification of one panel by itself."""
        return one_panel(self.spec, name, narrow=narrow, title=title)

    def one_column(self) -> dict[str, Any]:
        """The whole specification for a phone: one panel below the other."""
        meta = self.spec["usermeta"]
        parts = []
        for part in self.spec["concat"]:
            one = one_panel(self.spec, part["name"], narrow=True, title=True)
            keep = ("name", "title", "layer", "vconcat", "width", "height", "spacing", "projection")
            parts.append({k: one[k] for k in keep if k in one})
        pick, phone, *bounds = self.spec["params"]
        params = [pick, {**phone, "value": True}, *bounds]
        return {**self.spec, "columns": 1, "concat": parts, "usermeta": meta, "params": params}


def dashboard(
    figures: Figures, lang: str | None = None, *, layer: Layer | None = None
) -> Charts | None:
    """The linked panels of a briefing; None where no province has a share to show.

    Panels whose figures cannot be had are left out.

    Parameters
    ----------
    figures : Figures
        As `gather` gives them.
    lang : str, optional
        Only to be sure: the language is that of the figures.
    layer : Layer, optional
        Boundaries, as `load_boundaries` gives them; default the built-in ones.

    Notes
    -----
    A reporter whose provinces are not those of the layer has no map and no tiles.
    """
    layer = layer or load_boundaries(layer="web")
    data = data_of(figures, layer)
    if data is None:
        return None
    lang = lang or data.facts.lang
    made = {name: make(data) for name, make in _MAKERS.items() if _has(data, name)}
    alt = {name: text for name, text in alt_texts(data, layer).items() if name in made}
    spec = {
        "$schema": SCHEMA,
        "datasets": _datasets(data, shapes_of(layer), shapes_of(load_tiles())),
        "params": [
            _selection(data, [n for n in CLICKED if n in made and n != "tiles"]),
            {"name": panels.NARROW_NOW, "value": False},
            *panels_more.bounds_params(data),
        ],
        "columns": 2,
        "concat": [part for name, part in made.items() if name not in _ALTERNATIVES],
        "spacing": 36,
        "config": config(),
        "usermeta": _meta(data, made, alt),
    }
    return Charts(spec, tuple(made), data.province, lang, alt)


_MAKERS = {
    "map": panels.map_panel,
    "tiles": panels.tiles_panel,
    "ranking": panels.ranking_panel,
    "scatter": panels_more.scatter_panel,
    "months": panels_more.months_panel,
    "sectors": panels_more.sectors_panel,
    "partners": panels_more.partners_panel,
}


def _has(data: Data, name: str) -> bool:
    return bool(getattr(data, "regions" if name in ("map", "tiles") else name))


def _datasets(data: Data, shapes: Shapes, squares: Shapes) -> dict[str, Any]:
    """Every dataset once, by name."""
    return {
        "regions": data.regions, "geo": shapes.regions, "insets": shapes.insets,
        "frames": shapes.frames, "lines": shapes.lines, "geo_names": shapes.names,
        "squares": squares.regions, "squares_names": squares.names, "ranking": data.ranking,
        "scatter": data.scatter, "fitted": data.line, "months": packed(data.months),
        "sectors": packed(data.sectors), "partners": packed(data.partners),
    }  # fmt: skip


def _selection(data: Data, clicked: list[str]) -> dict[str, Any]:
    codes, names = zip(*data.choices)
    return {
        "name": "prov",
        "select": {
            "type": "point", "fields": ["code"], "toggle": False, "clear": False,
            # By mark: a click beside all provinces, or on a region without a row, changes nothing.
            # (Vega-Lite takes a filter on `datum` here, but it never holds.)
            "on": ", ".join(f"@{name}_marks:click" for name in _CLICKED_LAYERS),
        },
        "value": [{"code": data.province}],
        "bind": {"code": {"input": "select", "options": list(codes), "labels": list(names),
                          "name": data.facts.word("chart.province") + " "}},
        "views": [f"{name}_pick" for name in clicked],
    }  # fmt: skip


def _meta(data: Data, made: dict[str, Any], alt: dict[str, str]) -> dict[str, Any]:
    facts = data.facts
    return {
        "lang": facts.lang,
        "alternatives": {name: made[name] for name in _ALTERNATIVES if name in made},
        "sizes": {name: SIZES[name] for name in made},
        "narrow": NARROW,
        "months_axis": MONTHS_AXIS,
        "names": data.names,
        "says": data.says,
        "alt": alt,
        "titles": {
            name: facts.word(f"chart.title.{name}", name="{name}")
            for name in ("months", "sectors", "partners") if name in made
        },
        "words": {k: facts.word(f"chart.{k}") for k in ("province", "kind", "map", "tiles")},
    }  # fmt: skip


def one_panel(
    spec: dict[str, Any], name: str, *, narrow: bool = False, title: bool = False
) -> dict[str, Any]:
    """One panel cut out of the whole, with its own data and selection; live.js does the same."""
    meta = spec["usermeta"]
    every = {p["name"]: p for p in spec["concat"]} | meta["alternatives"]
    # Of several panels each has sizes of its own name, a single one has width and height.
    text = json.dumps(every[name], ensure_ascii=False)
    part = json.loads(text.replace(f"{name}_width", "width").replace(f"{name}_height", "height"))
    if not title:
        part.pop("title", None)
    width, height = meta["sizes"][name][int(narrow)]
    if narrow and "layer" in part:
        part["layer"] = [x for x in part["layer"] if not x.get("name", "").endswith(panels.WIDE)]
    if "vconcat" in part:
        for child in part["vconcat"]:
            child |= {"width": width - meta["months_axis"], "height": height}
    else:
        part |= {"width": width, "height": height,
                 "autosize": {"type": "fit", "contains": "padding"}}  # fmt: skip
    held = {n: spec["datasets"][n] for n in sorted(_data_names(part))}
    params = [
        {**spec["params"][0], "views": [f"{name}_pick"]}, {**spec["params"][1], "value": narrow},
        *(p for p in spec["params"][2:] if p["name"].startswith(f"{name}_")),
    ]  # fmt: skip
    kept = {"$schema": spec["$schema"], "config": spec["config"]}
    return {**kept, "background": "transparent", "padding": 2, "datasets": held, "params": params,
            **part}  # fmt: skip


def _data_names(part: Any) -> set[str]:
    """The named datasets that a part of a specification reads."""
    if isinstance(part, list):
        return set().union(*map(_data_names, part)) if part else set()
    if not isinstance(part, dict):
        return set()
    held = {part["data"]["name"]} if "name" in (part.get("data") or {}) else set()
    return held.union(*(_data_names(v) for v in part.values()))
