"""Each panel in words, for those who cannot see it; the tables of the page hold the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provexpo.briefing.charts.data import Data
from provexpo.briefing.facts import capital
from provexpo.briefing.words import listed
from provexpo.output import formats, labels

if TYPE_CHECKING:
    from provexpo.maps.regions import Layer


def alt_texts(data: Data, layer: Layer) -> dict[str, str]:
    """Panel -> text, for the panels that there are."""
    out = {"map": _map(data, layer), "tiles": _map(data, layer)}
    if data.ranking:
        out["ranking"] = _ranking(data)
    if data.scatter:
        named = [r["name"] for r in data.scatter if r["named"]]
        names = listed(named, data.facts.lang)
        out["scatter"] = data.facts.word("chart.alt.scatter", n=len(data.scatter), names=names)
    months = [r for r in data.months if r["code"] == data.province]
    if months:
        out["months"] = _months(data, months)
    for name in ("sectors", "partners"):
        rows = [r for r in getattr(data, name) if r["code"] == data.province]
        if getattr(data, name):
            out[name] = _bars(data, name, rows)
    if data.months and "months" not in out:
        out["months"] = _none(data)
    return out


def _map(data: Data, layer: Layer) -> str:
    without = [r["name"] for r in data.regions if r["share"] is None]
    stop = "" if data.facts.lang == "zh" else " "
    title = capital(data.facts.word("chart.title.map"))
    parts = [data.facts.word("chart.alt.map", title=title)]
    if data.ranking:
        parts.append(_ranking(data))
    if without:
        names = listed(without, data.facts.lang)
        parts.append(data.facts.word("chart.missing_rows", names=names))
    return stop.join(parts)


def _ranking(data: Data) -> str:
    ranked = [r for r in data.ranking if r["share"] is not None]
    if not ranked:
        return data.facts.word("chart.none")
    lang = data.facts.lang
    first, last = (
        listed((f"{r['name']} {r['text']}" for r in some), lang)
        for some in (ranked[:3], ranked[-3:][::-1])
    )
    share = formats.percent(data.nation, lang)
    return data.facts.word("chart.alt.ranking", share=share, first=first, last=last)


def _months(data: Data, rows: list[dict[str, Any]]) -> str:
    last = rows[-1]
    return data.facts.word(
        "chart.alt.months", name=data.names[data.province],
        first=formats.window(rows[0]["m"], data.facts.lang),
        last=formats.window(last["m"], data.facts.lang),
        value=last["tv"], total=last["ta"],
        unit=formats.currency_name(data.facts.currency, data.facts.lang),
    )  # fmt: skip


def _bars(data: Data, name: str, rows: list[dict[str, Any]]) -> str:
    drawn = [r for r in rows if r["v"] is not None]
    if not drawn:
        return _none(data)

    currency = formats.currency_name(data.facts.currency, data.facts.lang)
    unit = currency if name == "sectors" else labels.unit("pp", data.facts.lang)
    low, high = (min(drawn, key=lambda r: r["v"]), max(drawn, key=lambda r: r["v"]))

    key = "chart.change_of" if name == "sectors" else "chart.points_of"
    return data.facts.word(
        "chart.alt.bars", name=data.names[data.province], what=data.facts.word(key, unit=unit),
        low=f"{low['k']} {low['text']}", high=f"{high['k']} {high['text']}",
    )  # fmt: skip


def _none(data: Data) -> str:
    return f"{data.names[data.province]}: {data.facts.word('chart.none')}"
