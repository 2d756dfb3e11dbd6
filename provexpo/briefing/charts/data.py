"""What the panels draw: plain rows with their texts, from the figures of a briefing.

Every text a reader meets is written here by the one formatter; the browser formats only the
numbers of the axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from provexpo.briefing.colours import ink_on
from provexpo.briefing.facts import Facts, facts_of
from provexpo.briefing.provinces import ProvinceRow, province_rows
from provexpo.briefing.sentences import TIMES_FROM
from provexpo.errors import JoinError
from provexpo.maps.classes import Classes, classes_for
from provexpo.maps.join import FIGURE, UNDEFINED, Cell, join
from provexpo.maps.style import NO_DATA_FILL, UNDEFINED_FILL
from provexpo.output import formats, labels

if TYPE_CHECKING:
    from provexpo.briefing.figures import Figures
    from provexpo.maps.regions import Layer
    from provexpo.result import Result

Rows = list[dict[str, Any]]
# Of the scatter: beside the provinces that move the relation, those farthest from its line.
_FARTHEST = 3
_SMALL = "†"
_RIGHT = 0.75  # beyond this part of the largest dependence a name stands to the left


@dataclass(frozen=True)
class Data:
    """Rows a panel each; `choices` are (code, name) of the select, in the order of the ranking."""

    facts: Facts
    province: str
    names: dict[str, str]
    choices: list[tuple[str, str]]
    says: dict[str, str]
    classes: Classes
    breaks: list[str]
    cells: dict[str, Cell]
    regions: Rows
    ranking: Rows
    nation: float | None
    scatter: Rows = field(default_factory=list)
    line: Rows = field(default_factory=list)
    measure: str = ""
    exposure_window: str = ""
    months: Rows = field(default_factory=list)
    sectors: Rows = field(default_factory=list)
    partners: Rows = field(default_factory=list)
    illustrative: bool = False


def data_of(figures: Figures, layer: Layer) -> Data | None:
    """The rows of every panel; None where no province has a share to show."""
    facts, rows = facts_of(figures), province_rows(figures)
    province = figures.default_province
    if figures.shares is None or province is None:
        return None
    lang = facts.lang
    names = {r.code: r.name for r in rows}
    says = {r.code: _say(r, facts) for r in rows}
    cells = _cells(figures.shares, layer, lang)
    values = [float(r.share) for r in rows if r.share is not None]
    classes = classes_for("share", "fraction", values, metric="dependence")
    measure, scatter, line = _scatter(figures)
    return Data(
        facts=facts,
        province=province,
        names=names,
        choices=[(r.code, r.name) for r in rows],
        says=says,
        classes=classes,
        breaks=_class_names(classes, lang),
        cells=cells,
        regions=_regions(layer, cells, classes, says, facts) if cells else [],
        ranking=_ranking(rows, says, lang),
        nation=_nation(figures),
        scatter=scatter,
        line=line,
        measure=measure,
        exposure_window=_exposure_window(figures),
        months=_months(figures, lang),
        sectors=_sectors(figures, lang),
        partners=_partners(figures, lang),
        illustrative=figures.illustrative,
    )


def _cells(shares: Result, layer: Layer, lang: str) -> dict[str, Cell]:
    """What each region shows; nothing where the rows are not those of the layer."""
    try:
        return join(shares, "share", layer, lang)[0]
    except JoinError:
        return {}


def _class_names(classes: Classes, lang: str) -> list[str]:
    """The legend: "under 5", "5–10", "20 and more"."""
    ends = [_plain(b) for b in classes.breaks]
    between = [f"{a}–{b}" for a, b in pairwise(ends)]
    under, over = (labels.word(f"legend.{k}", lang) for k in ("under", "over"))
    return [under.format(a=ends[0]), *between, over.format(a=ends[-1])]


def _plain(fraction: float) -> str:
    scaled = round(100 * fraction, 6)
    return formats.number(scaled, 0 if scaled.is_integer() else 1)


def _say(row: ProvinceRow, facts: Facts) -> str:
    """The province in a sentence: what a pointer shows and a screen reader reads out."""
    lang = facts.lang
    if row.value is None and row.share is None:
        status = next((labels.status(s, reason, lang) for s, reason in row.flags), "")
        text = status or facts.word("chart.no_data")
        return facts.word("chart.say_missing", name=row.name, status=text)
    return facts.word(
        "chart.say",
        name=row.name + (_SMALL if row.small else ""),
        value=formats.money(row.value, facts.currency, lang),
        pct=formats.percent(row.pct, lang, sign=True),
        share=formats.percent(row.share, lang),
        delta=formats.pp(row.delta_pp, lang),
    )


def _regions(
    layer: Layer, cells: dict[str, Cell], classes: Classes, says: dict[str, str], facts: Facts
) -> Rows:
    out = []
    for region in layer.regions:
        cell, name = cells[region.code], region.name(facts.lang)
        share = float(cell.value) if cell.state == FIGURE and cell.value is not None else None
        fill = NO_DATA_FILL if share is None else classes.colour(share)
        fill = UNDEFINED_FILL if cell.state == UNDEFINED else fill
        say = says.get(region.code) or facts.word(
            "chart.say_missing", name=name, status=facts.word("chart.no_data")
        )
        text = "" if share is None else formats.number(round(100 * share, 6), 1)
        mark = "*" if cell.status == "small_base" else ""
        out.append(
            {"code": region.code, "name": name, "share": share, "state": cell.state, "say": say,
             "text": text + mark, "ink": ink_on(fill), "fill": fill, "pick": region.code in says}
        )  # fmt: skip
    return out


def _ranking(rows: Sequence[ProvinceRow], says: dict[str, str], lang: str) -> Rows:
    """Largest first; what has no share comes last, without a bar."""
    ranked = sorted(rows, key=lambda r: (r.share is None, -(r.share or 0.0), r.code))
    return [
        {"code": r.code, "name": r.name + (_SMALL if r.small else ""), "share": r.share,
         "text": formats.percent(r.share, lang), "say": says[r.code], "order": i}
        for i, r in enumerate(ranked)
    ]  # fmt: skip


def _nation(figures: Figures) -> float | None:
    held = figures.nation_shares
    return held.frame["share"][0] if held is not None and held.frame.height else None


def _scatter(figures: Figures) -> tuple[str, Rows, Rows]:
    """The points of the robust measure, those to be named, and the two ends of the fitted line."""
    result = getattr(figures, "exposure", None)
    if result is None:
        return "", [], []
    stated = [r for r in result.frame.to_dicts() if r["r"] is not None]
    if not stated:
        return "", [], []
    row = next((r for r in stated if r["measure"] == "dhs"), stated[0])
    measure, lang = row["measure"], figures.ask.lang
    points = [
        r for r in result.points.to_dicts() if r["share"] is not None and r[measure] is not None
    ]
    far = sorted(points, key=lambda r: (-abs(r[f"residual_{measure}"]), r["province"]))
    named = {row["driver"], row["loo_min_who"], row["loo_max_who"]}
    named |= {r["province"] for r in far[:_FARTHEST]}
    ends = sorted(points, key=lambda r: (r["share"], r["province"]))
    out = [
        {"code": r["province"], "right": r["share"] > _RIGHT * ends[-1]["share"],
         "name": (r["province_name"] or r["province"]) + (_SMALL if r["small_base"] else ""),
         "x": 100 * r["share"],
         "y": _scaled(r[measure], measure), "named": r["province"] in named,
         "small": bool(r["small_base"]), "say": _point(r, measure, lang)}
        for r in points
    ]  # fmt: skip
    line = [
        {"x": 100 * r["share"], "y": _scaled(r[f"fitted_{measure}"], measure)}
        for r in (ends[0], ends[-1])
    ]
    return measure, out, line


def _scaled(x: float, measure: str) -> float:
    return 100 * x if measure == "pct" else x


def _point(row: dict[str, Any], measure: str, lang: str) -> str:
    change = formats.percent(row["pct"], lang, sign=True)
    dhs = formats.number(row["dhs"], 2, sign=True) if row["dhs"] is not None else ""
    dhs = f" (DHS {dhs})" if lang == "en" else f"（DHS {dhs}）"
    colon, comma = (": ", ", ") if lang == "en" else ("：", "，")
    name = row["province_name"] or row["province"]
    end = dhs if measure == "dhs" else ""
    return f"{name}{colon}{formats.percent(row['share'], lang)}{comma}{change}{end}"


def _exposure_window(figures: Figures) -> str:
    """The window of the dependence; by default the calendar year in which the base begins."""
    result = getattr(figures, "exposure", None)
    if result is None:
        return ""
    given = result.receipt.call.get("exposure")
    return formats.window(given or str(figures.ask.base_window.first // 100), figures.ask.lang)


def _by(result: Result | None, *keys: str) -> Rows:
    """The rows of a result that has these keys; none where it is not there or has no provinces.

    A province that is listed and has no cells comes as one row without a key.
    """
    if result is None or any(k not in result.frame.columns for k in ("province", *keys)):
        return []
    return [
        r for r in result.frame.to_dicts() if all(r[k] is not None for k in ("province", *keys))
    ]


def _months(figures: Figures, lang: str) -> Rows:
    """Value with the partner (v) and with all (a), with texts; one without a figure is a gap."""
    some, every = (getattr(figures, n, None) for n in ("months", "months_all"))
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for result, key in ((some, "v"), (every, "a")):
        for r in _by(result, "month"):
            cell = rows.setdefault((r["province"], r["month"]), {"v": None, "a": None})
            cell[key] = None if r["status"] == "missing" else r["value"]
    out = []
    for (code, month), cell in sorted(rows.items()):
        texts = {f"t{k}": _short_money(cell[k], lang) for k in ("v", "a")}
        out.append({"code": code, "m": month, **cell, **texts})
    return out


def _sectors(figures: Figures, lang: str) -> Rows:
    """Change by sector, largest fall first."""
    result = getattr(figures, "sectors", None)
    rows = [r for r in _by(result, "sector") if r["status"] not in ("none",)]
    out = []
    for r in _ordered(rows, "change"):
        text = _short_money(r["change"], lang, sign=True)
        if r["change"] is None:
            text = labels.status(r["status"], r["reason"], lang)
        elif much := _relative(r, lang):
            text += f" ({much})" if lang == "en" else f"（{much}）"
        name = r["sector"] + (_SMALL if r["small_base"] else "")
        out.append(_bar(r, name, r["change"], text))
    return out


def _relative(row: dict[str, Any], lang: str) -> str:
    """The relative change, from ten times on as a multiple: a million per cent says nothing."""
    if row["pct"] is None:
        return ""
    if row["base_value"] and row["value"] / row["base_value"] >= TIMES_FROM:
        return formats.times(row["value"] / row["base_value"], lang)
    return formats.percent(row["pct"], lang, sign=True)


def _partners(figures: Figures, lang: str) -> Rows:
    """What each group of partners adds to the change of the whole, in points."""
    result = getattr(figures, "partner_gains", None)
    out = []
    for r in _ordered(_by(result, "partner_group"), "pp"):
        money = _short_money(r["change"], lang, sign=True)
        if r["pp"] is None:
            text = labels.status(r["status"], r["reason"], lang)
        else:
            text = formats.number(r["pp"], 1, sign=True)  # its unit stands under the axis
        out.append({**_bar(r, r["partner_group"], r["pp"], text), "money": money})
    return out


def _ordered(rows: Rows, column: str) -> Rows:
    """By province, the largest fall first, what has no figure last."""
    return sorted(
        rows, key=lambda r: (r["province"], r[column] is None, r[column] or 0, str(r))
    )  # fmt: skip


def _bar(row: dict[str, Any], name: str, value: float | None, text: str) -> dict[str, Any]:
    exact = round(value, 3) if isinstance(value, float) else value
    return {"code": row["province"], "k": name, "v": exact, "text": text}


def bounds(rows: Rows, key: str) -> dict[str, tuple[float, float]]:
    """Province -> lowest and highest figure, with zero; the axis of a province without one too."""
    out: dict[str, tuple[float, float]] = {}
    for row in rows:
        low, high = out.get(row["code"], (0.0, 0.0))
        x = row[key] or 0.0
        out[row["code"]] = (min(low, x), max(high, x))
    return {code: pair if pair != (0.0, 0.0) else (0.0, 1.0) for code, pair in out.items()}


def packed(rows: Rows) -> Rows:
    """One row a province with its figures as lists: a third of the bytes; a panel unfolds them."""
    out: dict[str, dict[str, Any]] = {}
    for row in rows:
        lists = out.setdefault(row["code"], {"code": row["code"]})
        for key, value in row.items():
            if key != "code":
                lists.setdefault(key, []).append(value)
    return list(out.values())


def _short_money(x: int | None, lang: str, *, sign: bool = False) -> str:
    """An amount without its currency, which the axis names: "−1.2bn"."""
    if x is None:
        return formats.missing(lang)
    text = formats.money(x, "USD", lang, sign=sign)
    return text.removeprefix("USD ").removesuffix("美元")
