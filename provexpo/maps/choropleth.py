"""`choropleth`: one figure a province, as a map or as tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from provexpo.errors import CallError, DrawError
from provexpo.maps import notes
from provexpo.maps.boundaries import load_boundaries
from provexpo.maps.classes import Classes, classes_for
from provexpo.maps.draw import draw, draw_bare, place
from provexpo.maps.fonts import families
from provexpo.maps.join import FIGURE, Cell, join
from provexpo.maps.legend import Legend
from provexpo.maps.page import NO_BREAK
from provexpo.maps.picture import Beside, Map
from provexpo.maps.plan import Plan
from provexpo.maps.regions import Layer, load_tiles, places
from provexpo.output import formats
from provexpo.result import Result

# The figure that answers a metric's question; other metrics: the first that there is.
MAIN = {"dependence": "share", "growth": "pct", "value": "value", "balance": "balance"}
_MAIN_ORDER = ("share", "pct", "value", "balance")
_NUMERIC_UNITS = ("fraction", "pp", "ratio", "index", "count", "log points")


def choropleth(
    result: Result,
    *,
    column: str | None = None,
    style: str = "map",
    lang: str | None = None,
    boundaries: str | Path | None = None,
    boundary_source: str | None = None,
    approval: str | None = None,
    breaks: Sequence[float] | None = None,
    title: str | None = None,
    font: str | Path | None = None,
    labels: bool = True,
) -> Map:
    """Draw one figure a province as a map or as a grid of tiles.

    Every row of the result meets exactly one region, by its two-digit code, or nothing is drawn.
    Classes are fixed for each kind of column, so that two maps can be compared; a value at a
    break belongs to the upper class, ``[a, b)``. Figures beyond the last break are named.
    Regions without a figure are hatched and never have the colour of a class.

    Parameters
    ----------
    result : Result
        One row a province: a metric called with ``by="province"``.
    column : str, optional
        The column to colour by; default the metric's main one: ``share`` for dependence, ``pct``
        for growth, ``value``, ``balance``.
    style : {"map", "tiles"}
        Boundaries in an Albers equal-area projection, or one square a region, which implies no
        boundary.
    lang : {"en", "zh"}, optional
        Language of names and notes; default that of the result.
    boundaries : path, optional
        A file of your own (GeoJSON, shapefile, GeoPackage) with a column ``code``.
    boundary_source, approval : str, optional
        Whose boundaries the file holds and its map approval number, printed under the map.
    breaks : sequence of float, optional
        Class breaks in the column's unit, rising; fractions as fractions.
    title : str, optional
        Instead of the result's title.
    font : str or path, optional
        A font family or a font file.
    labels : bool
        Write names and figures on the regions.

    Returns
    -------
    Map
        With ``save(path)`` for .png, .svg, .pdf; ``to_svg()`` for a page; ``to_png()``;
        ``audit`` (JoinAudit) and ``alt`` (the map in words).

    Raises
    ------
    DrawError
        The column is not there or not a number; no font has the characters.
    JoinError
        Rows without a region, more than one row a province, boundaries with faulty codes.
    CallError
        ``style``, ``lang``, ``breaks`` or the boundary arguments contradict themselves.

    Notes
    -----
    NULL rule: a row with status ``missing`` and a province without a row are "no data"; zero is a
    figure; a figure that cannot exist (status new, none, negative) is grey and counted.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.dependence(pe.sample(), partner="US", during="2025-01/2025-07")  # doctest: +SKIP
    >>> pe.choropleth(r).save("dependence.png")  # doctest: +SKIP
    """
    lang = formats.language(lang or result.lang)
    column = _column(result, column)
    layer = _layer(style, boundaries, boundary_source, approval)
    cells, audit = join(result, column, layer, lang)
    unit = result.units[column]
    values = [c.value for c in cells.values() if c.state == FIGURE and c.value is not None]
    classes = classes_for(column, unit, values, metric=result.receipt.metric, breaks=breaks)
    scale = formats.scale_of(values, unit, lang)
    shown = title or result.title
    plan = Plan(
        layer=layer,
        cells=cells,
        classes=classes,
        column=column,
        unit=unit,
        scale=scale,
        lang=lang,
        title=shown,
        measure=notes.measure(result, column, scale, lang),
        window=notes.window_of(result, column, lang),
        footer=tuple(notes.footer(result, cells, layer, lang)),
        legend=_legend(result, column, classes, cells, scale, lang),
        labels=labels,
        illustrative=result.receipt.illustrative,
        families=[],
    )
    plan = replace(plan, families=families(_all_text(plan), lang, font))
    alt = notes.describe(result, column, cells, audit, layer, shown, lang)
    beside = Beside(
        subtitle=f"{plan.measure} · {plan.window}",
        legend=plan.legend,
        colours=classes.colours,
        notes=tuple(notes.footer(result, cells, layer, lang, caveats=False)),
    )
    return Map(
        shown, alt, audit, beside, tuple(plan.families),
        partial(draw, plan), partial(draw_bare, plan), partial(place, plan),
    )  # fmt: skip


def _layer(
    style: str, boundaries: str | Path | None, source: str | None, approval: str | None
) -> Layer:
    if style not in ("map", "tiles"):
        raise CallError(
            f"unknown style {style!r}", where="choropleth(style=)", expected="'map' or 'tiles'"
        )
    if style == "map":
        return load_boundaries(boundaries, source=source, approval=approval)
    if boundaries or source or approval:
        raise CallError(
            "tiles have no boundaries",
            where="choropleth(style='tiles')",
            expected="no boundaries=, boundary_source= or approval=",
            do="use style='map', or leave them out",
        )
    return load_tiles()


def usable_columns(result: Result) -> list[str]:
    """The columns that can be drawn: numbers with a unit."""
    return [
        name
        for name, dtype in result.frame.schema.items()
        if (dtype.is_numeric() or dtype == pl.Null)
        and (
            result.units.get(name) in _NUMERIC_UNITS
            or formats.currency_of(result.units.get(name, "")) is not None
        )
    ]


def _column(result: Result, column: str | None) -> str:
    usable = usable_columns(result)
    if column is None:
        wanted = (MAIN.get(result.receipt.metric, ""), *_MAIN_ORDER, *usable)
        column = next((name for name in wanted if name in usable), None)
    if column in usable:
        return column
    what = "no column of numbers" if column is None else f"no column of numbers {column!r}"
    raise DrawError(
        f"this result has {what}",
        where="choropleth(column=)",
        expected=f"one of {', '.join(usable)}" if usable else "a column of numbers with a unit",
    )


def _legend(
    result: Result,
    column: str,
    classes: Classes,
    cells: dict[str, Cell],
    scale: formats.Scale,
    lang: str,
) -> Legend:
    return Legend(
        title=notes.measure(result, column, scale, lang),
        breaks=tuple(_break(b, scale, classes.signed) for b in classes.breaks),
        no_data=notes.word("no_data", lang),
        undefined=notes.undefined_note(cells, lang),
        off_scale=_off_scale(result, column, classes, cells, lang),
    )


def _break(value: float, scale: formats.Scale, signed: bool) -> str:
    """A break without superfluous zeros: 5, 0.5, −2."""
    scaled = value / scale.factor
    digits = next(d for d in range(4) if d == 3 or abs(round(scaled, d) - scaled) < 1e-9)
    return formats.number(round(scaled, digits), digits, sign=signed)


def _off_scale(
    result: Result, column: str, classes: Classes, cells: dict[str, Cell], lang: str
) -> str:
    """Who lies beyond the last breaks, farthest first; no sentence when nobody does."""
    unit = result.units[column]
    beyond = [
        (cell.value, code)
        for code, cell in cells.items()
        if cell.state == FIGURE and cell.value is not None and classes.off_scale(cell.value)
    ]
    if not beyond:
        return ""
    beyond.sort(key=lambda pair: (-abs(pair[0]), pair[1]))
    names = [
        f"{places()[code].name(lang)}{NO_BREAK}"
        + notes.figure(value, column, unit, lang).replace(" ", NO_BREAK)
        for value, code in beyond
    ]
    return notes.word("off_scale", lang, names=notes.join_names(names, lang, most=6))


def _all_text(plan: Plan) -> str:
    """Every character that will be drawn."""
    legend = plan.legend
    words = [plan.title, plan.measure, plan.window, *plan.footer, legend.title, *legend.breaks]
    words += [legend.no_data, legend.undefined, legend.off_scale]
    words += [region.name(plan.lang) for region in plan.layer.regions] if plan.labels else []
    words += [notes.word("watermark", plan.lang)] if plan.illustrative else []
    return "".join(words) + "0123456789,.+−*·<>"
