"""What the page shows, as text: headings, chips, tiles, ranking, table, quality, method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from provexpo import __version__
from provexpo.briefing import colours
from provexpo.briefing.figures import Facts, Figures, ProvinceRow, capital, facts_of, province_rows
from provexpo.briefing.names import absent, names_of
from provexpo.briefing.quality import quality_view
from provexpo.briefing.sentences import TIMES_FROM, headlines, why_missing
from provexpo.briefing.words import listed
from provexpo.output import formats, labels

if TYPE_CHECKING:
    from provexpo.maps.picture import Beside

_ORIGIN_OF_TRADER = "registered"
_EX98 = 2  # where the table's figures hold the share without chapter 98


@dataclass(frozen=True)
class Picture:
    """A map as it goes into the page with what the page says beside it, or why there is none."""

    svg: str | None
    title: str = ""
    beside: Beside | None = None
    why: str | None = None


def page_view(figures: Figures, picture: Picture) -> dict[str, Any]:
    """All that the template needs; every value is text or a plain structure of text."""
    facts, rows = facts_of(figures), province_rows(figures)
    return {
        "lang": facts.lang,
        "facts": facts,
        "sample": labels.word("sample", facts.lang) if figures.illustrative else "",
        "title": _title(facts, rows),
        "who": facts.word("page.who"),
        "chips": _chips(figures, facts, rows),
        "sentences": headlines(figures),
        "tiles": _tiles(figures, facts, rows),
        "picture": picture,
        "legend": _map_legend(picture, facts),
        "no_map": facts.word("page.no_map", why=picture.why) if picture.why else "",
        "ranking": _ranking(figures, facts, rows),
        "table": _table(figures, facts, rows),
        "quality": quality_view(figures, facts, rows),
        "method": _method(facts, rows),
        "receipts": [
            {"title": facts.word(f"sheet.{name}"), "json": r.receipt.to_json()}
            for name, r in figures.results.items()
        ],
        "source": _source(figures, facts),
    }


def _title(facts: Facts, rows: Sequence[ProvinceRow]) -> str:
    title = facts.word(f"title.{facts.flow}" if rows else f"title.nation.{facts.flow}")
    return facts.word("page.limited", title=title, limits=facts.limits) if facts.limits else title


def _chips(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> list[tuple[str, str]]:
    receipt = figures.any_result.receipt
    against = facts.word("page.against", window=facts.base_window)
    gap = facts.word("page.gap")
    scope = gap.join(text for text in (facts.limits, facts.assumed) if text)
    load = str(receipt.load)
    if receipt.as_of:
        load += gap + facts.word("page.as_of", date=receipt.as_of)
    chips = [
        ("page.window", f"{facts.window}{gap}{against}"),
        ("page.vintage", vintage_text(figures, facts)),
        ("page.currency", facts.word("page.nominal")),
        *([("page.basis", facts.basis)] if rows else []),
        *([("page.scope", scope)] if scope else []),
        ("page.load", load),
        ("page.state", _state(figures, facts, rows)),
    ]
    return [(facts.word(key), text) for key, text in chips]


def _state(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> str:
    if not rows:
        return facts.word("page.state_nation")
    flagged = sum(bool(r.flags) for r in rows)
    state = "page.state_part" if flagged or figures.why else "page.state_all"
    return facts.word(state, n=flagged, all=len(rows))


def vintage_text(figures: Figures, facts: Facts) -> str:
    """The publication dates that the figures rest on, as one date or a range."""
    if figures.vintages is None:
        return formats.missing(facts.lang)
    first, last = (v[:10] for v in figures.vintages)
    return last if first == last else f"{first} – {last}"


def _tiles(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> list[dict[str, str]]:
    """The nation's figures, large."""
    lang = facts.lang
    share, change, total = (
        _only_row(r) for r in (figures.nation_shares, figures.nation_changes, figures.nation_totals)
    )
    shares = [r.share for r in rows if r.share is not None]
    tiles = [
        (
            facts.word("page.nation_share"),
            formats.percent(share.get("share"), lang),
            formats.pp(share.get("delta_share_pp"), lang),
        ),
        (facts.word("page.nation_value"), *_level(change, facts)),
        (facts.word("page.nation_all"), *_level(total, facts)),
    ]
    if shares:
        tiles.append((facts.word("page.median"), formats.percent(_median(shares), lang), ""))
    shown = []
    for label, figure, moved in tiles:
        has_change = moved not in ("", formats.missing(lang))
        note = facts.word("page.vs", change=moved, window=facts.base_window) if has_change else ""
        shown.append({"label": label, "figure": figure, "note": note})
    return shown


def _level(row: dict[str, Any], facts: Facts) -> tuple[str, str]:
    return (
        formats.money(row.get("value"), facts.currency, facts.lang),
        formats.percent(row.get("pct"), facts.lang, sign=True),
    )


def _only_row(result: Any) -> dict[str, Any]:
    return result.frame.row(0, named=True) if result is not None and result.frame.height else {}


def _median(xs: Sequence[float]) -> float | None:
    ordered = sorted(xs)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _ranking(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> dict[str, Any]:
    ranked = sorted(
        (r for r in rows if r.share is not None), key=lambda r: (-(r.share or 0), r.code)
    )
    nation = _only_row(figures.nation_shares).get("share")
    longest = max([r.share or 0.0 for r in ranked] + [nation or 0.0, 1e-9])
    line = None if nation is None else f"{100 * nation / longest:.2f}"
    return {
        "bars": [
            {
                "name": r.name + ("†" if r.small else ""),
                "width": f"{100 * max(r.share or 0.0, 0.0) / longest:.2f}",
                "klass": colours.share_class(r.share or 0.0),
                "share": formats.percent(r.share, facts.lang),
            }
            for r in ranked
        ],
        "line": line,
        "line_text": facts.word("page.nation_line", share=formats.percent(nation, facts.lang)),
        "without": names_of((r.name for r in rows if r.share is None), rows, facts),
        "absent": absent(facts, rows, figures.ask.reporter),
    }


def _map_legend(picture: Picture, facts: Facts) -> dict[str, Any]:
    """The map's classes as text: "under 5", "5–10", ..., "20 and more"."""
    if picture.beside is None:
        return {}
    breaks = picture.beside.legend.breaks
    texts = [
        facts.word("legend.under", a=breaks[0]),
        *(f"{a}–{b}" for a, b in pairwise(breaks)),
        facts.word("legend.over", a=breaks[-1]),
    ]
    return {"classes": list(zip(picture.beside.colours, texts))}


def _table(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> dict[str, Any]:
    amounts = [x for r in rows for x in (r.value, r.base_value, r.total)]
    money = formats.scale_of(amounts, facts.currency, facts.lang)
    pp_unit = "pp" if facts.lang == "en" else "百分点"
    heads = [
        ("share", "%"), ("delta", pp_unit), ("share_ex98", "%"), ("lq", ""),
        ("national_share", "%"), ("value", money.label), ("change", money.label), ("pct", "%"),
        ("total", money.label), ("total_pct", "%"),
    ]  # fmt: skip
    if not has_ex98(facts, rows):
        del heads[_EX98]
    groups = (("share", len(heads) - 5), ("value", 3), ("total", 2))
    return {
        "groups": [(facts.word(f"page.group.{key}"), n) for key, n in groups],
        "heads": [(facts.word(f"page.head.{key}"), unit) for key, unit in heads],
        "rows": [_table_row(facts, r, money, has_ex98(facts, rows)) for r in rows],
        "why": figures.why.get("shares") or facts.word("page.no_provinces"),
        "any_small": any(r.small for r in rows),
        "any_lny": any(r.lny for r in rows),
        "any_missing": any(r.share is None or r.pct is None for r in rows),
    }


def has_ex98(facts: Facts, rows: Sequence[ProvinceRow]) -> bool:
    """Whether a share without chapter 98 says anything beside the share itself."""
    return not facts.limits and any(r.share_ex98 is not None for r in rows)


def _table_row(
    facts: Facts, row: ProvinceRow, money: formats.Scale, with_ex98: bool
) -> dict[str, Any]:
    fraction, points = (formats.scale_of((), u, facts.lang) for u in ("fraction", "pp"))
    plain = formats.scale_of((), "ratio", facts.lang)

    def cell(
        x: Any, unit: str, scale: formats.Scale, *, sign: bool = False, klass: str = ""
    ) -> Any:
        text = formats.cell(x, unit, scale, facts.lang, sign=sign)
        return {"text": text, "klass": "na" if x is None else klass}

    share_class = "" if row.share is None else colours.share_class(row.share)
    pct_class = "" if row.pct is None else colours.change_class(row.pct)
    multiple = None
    if row.value is not None and row.base_value and row.value / row.base_value >= TIMES_FROM:
        times = formats.times(row.value / row.base_value, facts.lang)
        multiple = {"text": times, "klass": pct_class}
    total_class = "" if row.total_pct is None else colours.change_class(row.total_pct)
    figures = [
        cell(row.share, "fraction", fraction, klass=share_class),
        cell(row.delta_pp, "pp", points, sign=True),
        cell(row.share_ex98, "fraction", fraction),
        cell(row.lq, "ratio", plain),
        cell(row.national_share, "fraction", fraction),
        cell(row.value, facts.currency, money),
        cell(row.change, facts.currency, money, sign=True),
        multiple or cell(row.pct, "fraction", fraction, sign=True, klass=pct_class),
        cell(row.total, facts.currency, money),
        cell(row.total_pct, "fraction", fraction, sign=True, klass=total_class),
    ]
    if not with_ex98:
        del figures[_EX98]
    return {
        "name": row.name,
        "mark": ("†" if row.small else "") + ("‡" if row.lny else ""),
        "cells": figures,
        "status": status_words(row, facts),
        "flagged": bool(row.flags),
    }


def status_words(row: ProvinceRow, facts: Facts) -> str:
    """Every status of a row in words; nothing where all is well."""
    said = [_status(s, reason, facts) for s, reason in row.flags]
    if row.small and not any(s == "small_base" for s, _ in row.flags):
        said.append(labels.status("small_base", None, facts.lang))
    return facts.word("page.stop").join(said)


def _status(status: str, reason: str | None, facts: Facts) -> str:
    # The level is there: what is missing is only the change against the base.
    if status == "missing" and (reason or "").startswith("base_"):
        status = "no_change"
    return labels.status(status, reason, facts.lang)


def _method(facts: Facts, rows: Sequence[ProvinceRow]) -> list[str]:
    registered = facts.basis == labels.word(f"basis.{_ORIGIN_OF_TRADER}", facts.lang)
    provinces = ["delta", "lq", "national"] if rows else ["delta"]
    keys = ["share" if rows else "share_nation", *(["ch98"] if has_ex98(facts, rows) else [])]
    keys += [*provinces, "change", "null", *(["small"] if rows else [])]
    keys.append("money_nation" if not rows else "money" if registered else "money_other")
    return [capital(facts.word(f"method.{key}")) for key in (*keys, "dated", "cause")]


def _source(figures: Figures, facts: Facts) -> str:
    receipt = figures.any_result.receipt
    return facts.word(
        "page.source",
        version=receipt.provexpo or __version__,
        load=receipt.load,
        tables=listed(figures.tables, facts.lang),
        vintage=vintage_text(figures, facts),
    )


def no_map_reason(figures: Figures) -> str | None:
    """Why no map can be drawn from these figures at all, or None."""
    facts, rows = facts_of(figures), province_rows(figures)
    if figures.shares is None or not rows:
        return figures.why.get("shares") or facts.word("page.no_provinces")
    if all(r.share is None for r in rows):
        return facts.word("page.no_shares") + facts.word("page.colon") + why_missing(rows, facts)
    return None
