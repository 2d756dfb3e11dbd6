"""The words of a map: what is shown, the lines under it, and the description for screen readers."""

from __future__ import annotations

from collections.abc import Mapping

from provexpo.maps.classes import CHANGE_COLUMNS
from provexpo.maps.join import FIGURE, UNDEFINED, Cell, JoinAudit
from provexpo.maps.regions import Layer, places
from provexpo.output import formats, labels
from provexpo.result import Result

_WORDS = {
    "en": {
        "sample": "Illustrative sample, not data.",
        "watermark": "SAMPLE",
        "source": "Source: {sources}",
        "published": "data dated {dates}",
        "load": "store load {load}",
        "against": "{window}, compared with {base}",
        "nominal": "{currency}, nominal",
        "registered": "by registered place of the trading firm",
        "scope": "Scope: {text}",
        "note": "Note: {text}",
        "boundaries": "Boundaries: {source}",
        "natural_earth": "Natural Earth, de facto, no position implied",
        "tiles": "One tile a region; positions are approximate, no boundary implied.",
        "approval": "map approval no. {approval}",
        "small_base": "* small base: {names}",
        "no_data": "no data",
        "undefined": "no figure: {statuses}",
        "off_scale": "Off the scale: {names}",
        "more": "and {n} more",
        "not_computed": "not defined",
        "is_map": "{title}. {kind} of China's provinces coloured by {what}.",
        "map": "Map",
        "tile_map": "Tile map",
        "figures": "{n} of {of} provinces have a figure.",
        "ends": "Highest: {high}. Lowest: {low}.",
        "without": "No data: {names}.",
        "join": ", ",
        "comma": ", ",
        "stop": "; ",
        "gacc_query": "General Administration of Customs of China, customs query",
        "gacc_bulletin": "General Administration of Customs of China, monthly bulletin",
        "tidy": "user's table",
        "illustrative": "embedded sample",
    },
    "zh": {
        "sample": "示例数据，非真实数据。",
        "watermark": "示例数据",
        "source": "数据来源：{sources}",
        "published": "数据日期{dates}",
        "load": "数据库第{load}次入库",
        "against": "{window}，对比{base}",
        "nominal": "按{currency}计，名义值",
        "registered": "按收发货人注册地",
        "scope": "范围：{text}",
        "note": "注：{text}",
        "boundaries": "边界：{source}",
        "natural_earth": "Natural Earth，按实际控制线，不代表任何立场",
        "tiles": "每个地区一格，位置为示意，不表示边界。",
        "approval": "审图号：{approval}",
        "small_base": "* 基数过小：{names}",
        "no_data": "无数据",
        "undefined": "无数值：{statuses}",
        "off_scale": "超出图例范围：{names}",
        "more": "等另{n}个",
        "not_computed": "无法计算",
        "is_map": "{title}。中国各省{kind}，按{what}着色。",
        "map": "地图",
        "tile_map": "方格图",
        "figures": "{of}个省份中{n}个有数值。",
        "ends": "最高：{high}。最低：{low}。",
        "without": "无数据：{names}。",
        "join": "、",
        "comma": "，",
        "stop": "；",
        "gacc_query": "中国海关总署，海关统计数据在线查询",
        "gacc_bulletin": "中国海关总署，统计月报",
        "tidy": "用户数据表",
        "illustrative": "内置示例",
    },
}
# Caveats that have a line of their own under the map.
_SAID_ELSEWHERE = ("illustrative", "scope", "basis")
# Metrics whose figures compare two windows, except for these columns.
_COMPARING = (
    "growth", "offset", "decline", "contribution", "shift_share", "market_share_analysis",
    "price_quantity", "predicted_growth", "margins", "dependence_change", "currency_split",
)  # fmt: skip
_LEVELS = ("value", "total", "share", "rank", "value_cny", "implied_rate", "national_share")
_SIGNED_KINDS = ("pct", "pct_lo", "pct_hi", "dhs", "log", "change", "balance", "rsca")


def word(key: str, lang: str, **values: object) -> str:
    return _WORDS[lang][key].format(**values)


def join_names(names: list[str], lang: str, most: int = 8) -> str:
    """Names in a row; beyond `most` only how many more there are."""
    shown = word("join", lang).join(names[:most])
    if len(names) <= most:
        return shown
    more = word("more", lang, n=len(names) - most)
    return shown + (more if lang == "zh" else word("join", lang) + more)


def is_signed(column: str, unit: str) -> bool:
    """Whether a figure of this column is written with its plus sign."""
    return column in _SIGNED_KINDS or unit == "pp"


def figure(value: float | None, column: str, unit: str, lang: str) -> str:
    """A figure with its unit, as in a sentence."""
    if unit == "fraction":
        return formats.percent(value, lang, sign=is_signed(column, unit))
    return formats.value(value, unit, lang)


def measure(result: Result, column: str, scale: formats.Scale, lang: str) -> str:
    """The column in words with the unit of the numbers on the map: "Share, %"."""
    unit = scale.label or labels.unit(result.units[column], lang)
    name = labels.column(column, lang)
    return f"{name} ({unit})" if unit else name


def windows(result: Result, lang: str, *, compared: bool = True) -> str:
    """The window and, for figures that compare two, the base window."""
    receipt = result.receipt
    window = formats.window(receipt.window, lang)
    if not receipt.base_window or not compared:
        return window
    return word("against", lang, window=window, base=formats.window(receipt.base_window, lang))


def window_of(result: Result, column: str, lang: str) -> str:
    """The window of a column: the base for `base_value`, both where it compares them."""
    receipt, unit = result.receipt, result.units[column]
    if column.startswith("base_") and receipt.base_window:
        return formats.window(receipt.base_window, lang)
    compared = column in CHANGE_COLUMNS or unit == "pp"
    compared = compared or (receipt.metric in _COMPARING and column not in _LEVELS)
    return windows(result, lang, compared=compared)


def _sources(result: Result, lang: str) -> str:
    receipt = result.receipt
    tables = dict.fromkeys(receipt.tables.values())
    parts = [word("source", lang, sources="; ".join(_source(t, lang) for t in tables))]
    if receipt.vintages:
        dates = list(dict.fromkeys(v[:10] for v in receipt.vintages))
        parts.append(word("published", lang, dates=" – ".join(dates)))
    parts.append(word("load", lang, load=receipt.load))
    return word("comma", lang).join(parts)


def _source(table: str, lang: str) -> str:
    """Who publishes it and which table of the store: "GACC, query (CHN:gacc_query:province)"."""
    origin = table.split(":")[1] if table.count(":") >= 2 else ""
    name = _WORDS[lang].get(origin.removesuffix("_ytd"))
    return f"{name} ({table})" if name else table


def _concepts(result: Result, lang: str) -> str:
    """Window, currency, valuation, and what a province means in these tables."""
    receipt = result.receipt
    parts = [
        windows(result, lang),
        word("nominal", lang, currency=_currency(receipt.currency, lang)),
    ]
    parts += [
        labels.known("valuation", flow, lang)
        for flow in receipt.tables
        if flow in ("export", "import")
    ]
    bases = {t.split("@")[1] if "@" in t else "registered" for t in receipt.tables.values()}
    parts += [
        word("registered", lang) if b == "registered" else labels.known("basis", b, lang)
        for b in sorted(bases)
    ]
    return word("stop", lang).join(parts)


def _currency(currency: str, lang: str) -> str:
    """USD / 美元."""
    return formats.scale_of((), currency, lang).label


def _boundaries(layer: Layer, lang: str) -> str:
    if layer.is_tiles:
        return word("tiles", lang)
    source = layer.source or word("natural_earth", lang)
    line = word("boundaries", lang, source=source)
    if layer.approval:
        line += word("comma", lang) + word("approval", lang, approval=layer.approval)
    return line


def _flags(cells: Mapping[str, Cell], lang: str) -> str:
    small = [c for c, cell in cells.items() if cell.status == "small_base" and cell.state == FIGURE]
    if not small:
        return ""
    names = [places()[c].name(lang) for c in sorted(small)]
    return word("small_base", lang, names=join_names(names, lang))


def footer(
    result: Result, cells: Mapping[str, Cell], layer: Layer, lang: str, *, caveats: bool = True
) -> list[str]:
    """The lines under the map: sample notice, source, window and concepts, scope, boundaries.

    Without `caveats` those that have no line of their own are left to the page.
    """
    receipt = result.receipt
    lines = [word("sample", lang)] if receipt.illustrative else []
    lines += [_sources(result, lang), _concepts(result, lang)]
    scope = [c.text for c in result.caveats if c.code == "scope"]
    # The receipt's scope is English; a caveat says the same in the result's language.
    scope = scope or list(receipt.scope)
    said = [c.text for c in result.caveats if c.code not in _SAID_ELSEWHERE]
    stop = word("stop", lang)
    lines += [word("scope", lang, text=stop.join(scope))] if scope else []
    lines += [word("note", lang, text=stop.join(said))] if said and caveats else []
    if flags := _flags(cells, lang):
        lines.append(flags)
    return [*lines, _boundaries(layer, lang)]


def undefined_note(cells: Mapping[str, Cell], lang: str) -> str:
    """The legend entry for regions whose figure does not exist, by status."""
    count: dict[str, int] = {}
    for cell in cells.values():
        if cell.state == UNDEFINED:
            count[cell.status or ""] = count.get(cell.status or "", 0) + 1
    if not count:
        return ""
    texts = [f"{_status(s, lang)} {n}" for s, n in sorted(count.items())]
    return word("undefined", lang, statuses=word("join", lang).join(texts))


def _status(name: str, lang: str) -> str:
    """A status in words; that of an offset has words of its own, and "ok" would mislead here."""
    if name == "ok":
        return word("not_computed", lang)
    return labels.known("status", labels.known("offset_status", name, lang), lang)


def describe(
    result: Result,
    column: str,
    cells: Mapping[str, Cell],
    audit: JoinAudit,
    layer: Layer,
    title: str,
    lang: str,
) -> str:
    """The map in a few sentences, for those who cannot see it."""
    kind = word("tile_map" if layer.is_tiles else "map", lang)
    what = labels.column(column, lang)
    unit = result.units[column]
    ranked = sorted(
        ((cell.value, code) for code, cell in cells.items() if cell.value is not None
         and cell.state == FIGURE),
        reverse=True,
    )  # fmt: skip
    total = sum(place.group == "province" for place in places().values())
    parts = [word("is_map", lang, title=title.rstrip("。."), kind=kind, what=what)]
    parts.append(word("figures", lang, n=len(ranked), of=total))
    if ranked:
        high, low = (
            join_names(
                [f"{places()[c].name(lang)} {figure(v, column, unit, lang)}" for v, c in some], lang
            )
            for some in (ranked[:3], ranked[::-1][:3])
        )
        parts.append(word("ends", lang, high=high, low=low))
    if audit.no_data:
        parts.append(word("without", lang, names=word("join", lang).join(audit.no_data)))
    if result.receipt.illustrative:
        parts.append(word("sample", lang))
    return ("" if lang == "zh" else " ").join(parts)
