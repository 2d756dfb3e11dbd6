"""`Result.chart()`: the plain chart of any result, as an altair chart."""

from __future__ import annotations

from typing import Any

import altair as alt

from provexpo.briefing.charts.look import DOT, FALL, INK, RISE, SOFT, config, watermark
from provexpo.briefing.colours import ink_on
from provexpo.errors import DrawError
from provexpo.maps import notes
from provexpo.maps.classes import CHANGE_COLUMNS, Classes, classes_for
from provexpo.maps.style import HATCH_COLOUR, NO_DATA_FILL
from provexpo.output import formats, labels
from provexpo.result import Result

TIMES = ("month", "quarter", "year")
KEYS = (
    "province", "region", "partner", "partner_group", "product", "section", "sector", "regime",
    "hub", *TIMES,
)  # fmt: skip
# Which column answers a metric's question; else the first of these, else the first number.
_MAIN = {"dependence": "share", "growth": "pct", "value": "value", "balance": "balance",
         "contribution": "pp", "offset": "offset_ratio"}  # fmt: skip
_ORDER = ("share", "pct", "value", "balance", "change")
_NUMBERS = ("fraction", "pp", "ratio", "index", "count", "log points")
_MOST_BARS, _MOST_LINES, _MOST_CELLS = 40, 8, 40
_STEP = 19
Row = dict[str, Any]


def chart(result: Result, *, column: str | None = None, lang: str | None = None) -> alt.LayerChart:
    """The chart that fits a result: what it is by decides its form.

    One key: bars, the largest rank first; with a key of time: a line; two keys: a table of
    colours; the points of ``exposure_response``: a scatter with its line. Colours and classes are
    those of the maps.

    Parameters
    ----------
    result : Result
    column : str, optional
        The column to draw; default the metric's main one.
    lang : {"en", "zh"}, optional
        Language of headings and figures; names of rows stay those of the result.

    Returns
    -------
    altair.LayerChart
        To be shown, saved or changed further.

    Raises
    ------
    DrawError
        No column of numbers, no key, more than two keys, or no rows.

    Notes
    -----
    NULL rule: a row without a figure is drawn as missing, with its reason, never as zero; a line
    has a gap there. Of very many rows the first are drawn, and the subtitle says how many.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.dependence(pe.sample(), partner="US", during="2025-01/2025-07").chart()  # doctest: +SKIP
    """
    lang = formats.language(lang or result.lang)
    points = getattr(result, "points", None)
    if points is not None and column is None:
        return _scatter(result, lang)
    drawn = _Drawn(result, _column(result, column), lang)
    if drawn.time and len(drawn.keys) <= 2:
        return _lines(drawn)
    if len(drawn.keys) == 1:
        return _bars(drawn)
    if len(drawn.keys) == 2:
        return _heat(drawn)
    what = " and ".join(drawn.keys) or "nothing: it is one row"
    raise DrawError(
        f"this result is by {what}",
        where="Result.chart()",
        expected="a result by one key, by two keys, or by time and one key",
        do="call the metric with by=, or keep one value of a key: "
        "dataclasses.replace(result, frame=result.frame.filter(...))",
    )


class _Drawn:
    """A result and what is drawn of it: rows with texts, the scale, the heading."""

    def __init__(self, result: Result, column: str, lang: str) -> None:
        self.result, self.column, self.lang = result, column, lang
        self.unit = result.units.get(column, "")
        self.keys = [k for k in result.frame.columns if k in KEYS]
        self.time = next((k for k in self.keys if k in TIMES), None)
        rows = result.frame.to_dicts()
        if not rows:
            raise DrawError("this result has no rows", where="Result.chart()")
        self.scale = formats.scale_of([self.value(r) for r in rows], self.unit, lang)
        self.rows = [self._row(r) for r in rows]
        self.left_out = 0

    def value(self, row: Row) -> float | None:
        """What a missing row may still hold, such as a sum of half a window, is not drawn."""
        x = row[self.column]
        return None if row.get("status") == "missing" or formats.is_missing(x) else x

    def _row(self, row: Row) -> Row:
        x = self.value(row)
        out = {k: self._name(row, k) for k in self.keys}
        signed = notes.is_signed(self.column, self.unit)
        text = formats.cell(x, self.unit, self.scale, self.lang, sign=signed)
        if x is None:
            text = labels.status(row.get("status"), row.get("reason"), self.lang) or text
        mark = "†" if row.get("small_base") else ""
        scaled = None if x is None else x / self.scale.factor
        return {**out, "v": scaled, "text": text + (mark if x is not None else ""),
                "raw": x, "state": row.get("status")}  # fmt: skip

    def _name(self, row: Row, key: str) -> str:
        if key in TIMES:
            return str(row[key])
        name = row.get(f"{key}_name") or row[key]
        return "" if name is None else str(name)

    @property
    def classes(self) -> Classes:
        values = [r["raw"] for r in self.rows if r["raw"] is not None]
        return classes_for(self.column, self.unit, values, metric=self.result.receipt.metric)

    @property
    def heading(self) -> str:
        return notes.measure(self.result, self.column, self.scale, self.lang)

    @property
    def missing(self) -> int:
        return sum(r["v"] is None for r in self.rows)


def _column(result: Result, column: str | None) -> str:
    usable = [
        c for c, dtype in result.frame.schema.items()
        if dtype.is_numeric() and (result.units.get(c) in _NUMBERS
                                   or formats.currency_of(result.units.get(c, "")) is not None)
    ]  # fmt: skip
    if column is None:
        wanted = (_MAIN.get(result.receipt.metric, ""), *_ORDER, *usable)
        column = next((c for c in wanted if c in usable), None)
    if column is None or column not in usable:
        what = "no column of numbers" + (f" {column!r}" if column else "")
        raise DrawError(
            f"this result has {what}", where="Result.chart(column=)",
            expected=f"one of {', '.join(usable)}" if usable else "a column of numbers",
        )  # fmt: skip
    return column


def _finished(layers: list[Any], drawn: _Drawn, **size: Any) -> alt.LayerChart:
    """Title, window and currency, what is left out, and SAMPLE across a sample."""
    result, lang = drawn.result, drawn.lang
    compared = drawn.column in CHANGE_COLUMNS or drawn.column == "change" or drawn.unit == "pp"
    under = [notes.windows(result, lang, compared=compared)]
    if formats.currency_of(drawn.unit):
        currency = formats.currency_name(result.receipt.currency, lang)
        under.append(notes.word("nominal", lang, currency=currency))
    if drawn.missing:
        under.append(f"{notes.word('no_data', lang)}: {drawn.missing}")
    if drawn.left_out:
        under.append(notes.word("more", lang, n=drawn.left_out))
    return _titled(layers, result, notes.word("stop", lang).join(under), lang, **size)


def _titled(
    layers: list[Any], result: Result, under: str, lang: str, **size: Any
) -> alt.LayerChart:
    if result.receipt.illustrative:
        word = notes.word("watermark", lang)
        centre = ({"expr": "width / 2"}, {"expr": "height / 2"})
        layers = [*layers, alt.Chart.from_dict(watermark(word, *centre, size=42))]
    made = alt.layer(*layers).properties(
        title=alt.TitleParams(text=result.title, subtitle=under, subtitleColor=SOFT), **size
    )
    return made.configure(**config())


def _data(rows: list[Row]) -> alt.Data:
    # Plain rows and not a frame: altair would name and convert columns its own way.
    return alt.Data(values=rows)


def _bars(drawn: _Drawn) -> alt.LayerChart:
    key = drawn.keys[0]
    # The first by the metric's rank, and these by what is drawn; what is missing comes last.
    rows = sorted(drawn.rows[:_MOST_BARS], key=lambda r: (r["v"] is None, -(r["v"] or 0.0)))
    drawn.left_out = len(drawn.rows) - len(rows)
    classes = drawn.classes
    for row in rows:
        row["fill"] = NO_DATA_FILL if row["raw"] is None else _fill(row["raw"], classes, drawn)
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y(f"{key}:N", sort=None, title=None,
                axis=alt.Axis(ticks=False, domain=False, labelLimit=240, labelOverlap=False)),
    )  # fmt: skip
    # The figures stand in a column of their own at the right.
    x = alt.X("v:Q", title=drawn.heading, scale=alt.Scale(range=[2, {"expr": "width - 90"}]))
    bars = base.transform_filter("isValid(datum.v)").mark_bar(
        height={"band": 0.78}, stroke="#00000038", strokeWidth=0.6, fill=alt.expr("datum.fill")
    )  # fmt: skip
    tip = [alt.Tooltip(f"{key}:N", title=_key_name(key, drawn)),
           alt.Tooltip("text:N", title=drawn.heading)]  # fmt: skip
    ink = alt.expr(f"isValid(datum.v) ? '{INK}' : '{SOFT}'")
    text = base.mark_text(align="right", fill=ink, x=alt.expr("width - 2"), fontSize=11.5)
    layers = [bars.encode(x=x, tooltip=tip), text.encode(text="text:N")]
    return _finished(layers, drawn, width=560, height=max(60, _STEP * len(rows)))


def _fill(value: float, classes: Classes, drawn: _Drawn) -> str:
    """Classes for what has fixed ones; amounts are told apart by their bar, so one colour."""
    if formats.currency_of(drawn.unit) or drawn.unit == "count":
        signed = notes.is_signed(drawn.column, drawn.unit)
        return FALL if value < 0 else RISE if signed else DOT
    return classes.colour(value)


def _lines(drawn: _Drawn) -> alt.LayerChart:
    time = drawn.time or ""
    other = next((k for k in drawn.keys if k != time), None)
    rows = drawn.rows
    if other:
        shown = _largest(rows, other)
        drawn.left_out = len({r[other] for r in rows}) - len(shown)
        rows = [r for r in rows if r[other] in shown]
    rows.sort(key=lambda r: (r[time], r.get(other or "", "")))
    for row in rows:
        row["label"] = formats.value(row[time], "period", drawn.lang)
    order = list(dict.fromkeys(r["label"] for r in rows))
    ticks = order[:: max(1, -(-len(order) // 8))]
    axis = alt.Axis(labelAngle=0, values=ticks, labelOverlap=True, labelSeparation=8)
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("label:O", sort=order, title=None, axis=axis),
        y=alt.Y("v:Q", title=drawn.heading, scale=alt.Scale(zero=True)),
    )
    tip = [alt.Tooltip("label:N", title=labels.column(time, drawn.lang)),
           alt.Tooltip("text:N", title=drawn.heading)]  # fmt: skip
    line = base.mark_line(strokeWidth=1.8, invalid="break-paths-show-path-domains", color=DOT)
    dots = base.mark_circle(size=24, opacity=1, invalid="filter", color=DOT)
    if other:
        colour = alt.Color(f"{other}:N", sort=shown, title=_key_name(other, drawn))
        tip.insert(0, alt.Tooltip(f"{other}:N", title=_key_name(other, drawn)))
        line, dots = line.encode(color=colour), dots.encode(color=colour)
    return _finished([line, dots.encode(tooltip=tip)], drawn, width=640, height=300)


def _key_name(key: str, drawn: _Drawn) -> str:
    """The heading of the names of a key: "Province", not "Code"."""
    named = f"{key}_name" in drawn.result.frame.columns
    return labels.column(f"{key}_name" if named else key, drawn.lang)


def _largest(rows: list[Row], key: str) -> list[str]:
    """The names that carry most of the column, in that order."""
    size: dict[str, float] = {}
    for row in rows:
        size[row[key]] = size.get(row[key], 0.0) + abs(row["v"] or 0.0)
    return sorted(size, key=lambda name: (-size[name], name))[:_MOST_LINES]


def _heat(drawn: _Drawn) -> alt.LayerChart:
    down, across = drawn.keys
    names = list(dict.fromkeys(r[down] for r in drawn.rows))
    drawn.left_out = max(0, len(names) - _MOST_CELLS)
    rows = [r for r in drawn.rows if r[down] in names[:_MOST_CELLS]]
    columns = list(dict.fromkeys(r[across] for r in rows))
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y(f"{down}:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X(f"{across}:N", sort=columns, title=None,
                axis=alt.Axis(orient="top", labelAngle=-40, ticks=False, domain=False,
                              labelLimit=200)),
    )  # fmt: skip
    classes = drawn.classes
    grey = base.mark_rect(fill=NO_DATA_FILL, stroke=HATCH_COLOUR, strokeDash=[2, 2])
    threshold = alt.Scale(
        type="threshold", domain=list(classes.breaks), range=list(classes.colours)
    )
    colour = alt.Color("raw:Q", scale=threshold, legend=None)
    tip = [*(alt.Tooltip(f"{k}:N", title=_key_name(k, drawn)) for k in drawn.keys),
           alt.Tooltip("text:N", title=drawn.heading)]  # fmt: skip
    cells = base.transform_filter("isValid(datum.raw)").mark_rect(stroke="#ffffff")
    for row in rows:
        row["ink"] = INK if row["raw"] is None else ink_on(classes.colour(row["raw"]))
        row["short"] = row["text"] if row["raw"] is not None else ""
    text = base.mark_text(fontSize=10, fill=alt.expr("datum.ink")).encode(text="short:N")
    layers = [grey.encode(tooltip=tip), cells.encode(color=colour, tooltip=tip), text]
    size = {"width": 46 * len(columns), "height": _STEP * min(len(names), _MOST_CELLS)}
    return _finished(layers, drawn, **size)


def _scatter(result: Any, lang: str) -> alt.LayerChart:
    stated = [r for r in result.frame.to_dicts() if r["r"] is not None]
    if not stated:
        raise DrawError(
            "too few points for a relation", where="Result.chart()", expected="three provinces"
        )
    row = next((r for r in stated if r["measure"] == "dhs"), stated[0])
    measure, by = row["measure"], 100.0 if row["measure"] == "pct" else 1.0
    points = [
        r for r in result.points.to_dicts() if r["share"] is not None and r[measure] is not None
    ]
    points.sort(key=lambda r: (r["share"], r["province"]))
    named = {row["driver"], row["loo_min_who"], row["loo_max_who"]}
    rows = [
        {"x": 100 * r["share"], "y": by * r[measure], "name": r["province_name"],
         "label": r["province_name"] if r["province"] in named else "",
         "share": formats.percent(r["share"], lang),
         "change": formats.percent(r["pct"], lang, sign=True)}
        for r in points
    ]  # fmt: skip
    ends = [
        {"x": 100 * r["share"], "y": by * r[f"fitted_{measure}"]} for r in (points[0], points[-1])
    ]
    x = alt.X("x:Q", title=f"{labels.column('share', lang)} (%)")
    y = alt.Y("y:Q", title=labels.column(measure, lang) + (" (%)" if measure == "pct" else ""))
    told = (("name", "province_name"), ("share", "share"), ("change", "pct"))
    tip = [alt.Tooltip(f"{k}:N", title=labels.column(c, lang)) for k, c in told]
    line = alt.Chart(_data(ends)).mark_line(strokeDash=[6, 4], color=INK).encode(x=x, y=y)
    base = alt.Chart(_data(rows)).encode(x=x, y=y)
    dots = base.mark_circle(size=60, color=DOT, opacity=1).encode(tooltip=tip)
    text = base.mark_text(align="left", dx=8).encode(text="label:N")
    figures = {k: formats.number(row[k], 2) for k in ("r", "rho") if row[k] is not None}
    said = ", ".join(f"{k} = {v}" for k, v in figures.items())
    under = f"{notes.windows(result, lang)}{notes.word('stop', lang)}{said}, n = {row['n']}"
    return _titled([line, dots, text], result, under, lang, width=520, height=360)
