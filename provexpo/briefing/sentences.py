"""The three sentences at the top of a briefing: arithmetic on the figures, never a cause.

Each names its window; the first the basis, the second the currency. A small base and missing
provinces are said. A figure of ten times its base or more is written "N times the base (from
USD a to USD b)"; never "N-fold".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.facts import Facts, capital, facts_of
from provexpo.briefing.figures import Figures
from provexpo.briefing.provinces import ProvinceRow, province_rows
from provexpo.briefing.words import listed
from provexpo.output import formats, labels
from provexpo.result import Result

TIMES_FROM = 10
_NAMES_LISTED = 8


def headlines(figures: Figures) -> tuple[str, str, str]:
    """Who depends most; how the nation's flow changed and in how many provinces it fell; who
    lost most in value and what its total did."""
    facts, rows = facts_of(figures), province_rows(figures)
    return (
        _limited(facts, _most_dependent(facts, rows, figures)),
        _limited(
            facts, _nation(facts, rows, figures.nation_changes, figures.why.get("nation_changes"))
        ),
        _limited(facts, _largest_loss(facts, rows, figures)),
    )


def _limited(facts: Facts, sentence: str) -> str:
    """A figure of one product is no figure of all trade: each sentence says so by itself."""
    if not facts.limits:
        return sentence
    return facts.word(
        "say.limited", limits=capital(facts.limits), sentence=sentence[:1].lower() + sentence[1:]
    )


def change_words(
    facts: Facts, key: str, now: float | None, base: float | None, pct: float | None, **more: object
) -> str:
    """The sentence `key`.up, .down, .flat, .times, .new or .exit for a move from base to now."""
    amounts = {"value": _money(facts, now), "base": _money(facts, base), **more}
    if now is None or base is None:
        return facts.word(f"{key}.none" if now is None else f"{key}.level", **amounts)
    if base == 0 or now == 0:
        kind = "flat" if now == base else "new" if base == 0 else "exit"
        return facts.word(f"{key}.{kind}", **amounts)
    if base > 0 and now / base >= TIMES_FROM:
        return facts.word(f"{key}.times", times=formats.times(now / base, facts.lang), **amounts)
    kind = "flat" if now == base else "up" if now > base else "down"
    moved = None if pct is None else abs(pct)
    return facts.word(f"{key}.{kind}", pct=formats.percent(moved, facts.lang), **amounts)


def why_missing(rows: Sequence[ProvinceRow], facts: Facts) -> str:
    """The reasons that the rows give, in words."""
    if not rows:
        return facts.word("page.no_provinces")
    reasons = dict.fromkeys(reason for row in rows for _, reason in row.flags if reason)
    known = [labels.known("reason", reason, facts.lang) for reason in reasons]
    return _join(known, facts) or facts.word("why.unknown")


def _most_dependent(facts: Facts, rows: Sequence[ProvinceRow], figures: Figures) -> str:
    ranked = sorted(
        (r for r in rows if r.share is not None), key=lambda r: (-(r.share or 0), r.code)
    )
    nation = _one(figures.nation_shares, "share") or _one(figures.shares, "nation_share")
    if not rows and nation is not None:
        return _nation_alone(facts, figures, nation)
    if not ranked:
        why = figures.why.get("shares") or why_missing(rows, facts)
        return facts.word("say.no_share", why=why)
    top = next((r for r in ranked if r.share and not r.small_value), ranked[0])
    key = f"say.top.{facts.flow}"
    was = _was(facts, top.base_share)
    text = facts.word(key, name=top.name, share=_percent(facts, top.share), was=was)
    if ranked[0].small_value:
        text += _small_base_first(facts, ranked[0], top)
    if nation is not None:
        text += facts.word("say.nation", share=_percent(facts, nation))
    return text + _without_figure(facts, rows)


def _was(facts: Facts, base_share: float | None) -> str:
    if base_share is None:
        return ""
    return facts.word("say.was", share=_percent(facts, base_share), window=facts.base_window)


def _nation_alone(facts: Facts, figures: Figures, nation: float) -> str:
    """Data without provinces still say how much the nation depends."""
    was = _was(facts, _one(figures.nation_shares, "base_share"))
    share = _percent(facts, nation)
    text = facts.word(f"say.nation_only.{facts.flow}", share=share, was=was)
    return text + _gap(facts) + facts.word("say.no_provinces")


def _small_base_first(facts: Facts, first: ProvinceRow, top: ProvinceRow) -> str:
    """Say it when the highest share rests on a small amount; such a one is never the headline."""
    value = _money(facts, first.value)
    if first is top:
        return facts.word("say.small_only", value=value)
    share = _percent(facts, first.share)
    return facts.word("say.small_top", name=first.name, share=share, value=value)


def _without_figure(facts: Facts, rows: Sequence[ProvinceRow]) -> str:
    names = [r.name for r in rows if r.share is None]
    if not names:
        return ""
    shown = _join(names[:_NAMES_LISTED], facts) + (" …" if len(names) > _NAMES_LISTED else "")
    return _gap(facts) + facts.word("say.no_figure", n=len(names), all=len(rows), names=shown)


def _nation(
    facts: Facts, rows: Sequence[ProvinceRow], nation: Result | None, why: str | None
) -> str:
    now, base, pct = _move(nation)
    reason = _one(nation, "reason")
    why = why or (
        labels.known("reason", reason, facts.lang) if reason else facts.word("why.unknown")
    )
    text = change_words(
        facts, "say.change", now, base, pct, nominal=facts.word("say.nominal"), why=why
    )
    compared = [r for r in rows if r.compared]
    fell = [r for r in compared if r.fell]
    if not compared:
        return text
    text += facts.word("say.fell_in", n=len(fell), all=len(compared))
    small = sum(r.small_base for r in fell)
    return text + (facts.word("say.fell_small", n=small) if small else "")


def _move(result: Result | None) -> tuple[Any, Any, Any]:
    now, base, pct = (_one(result, name) for name in ("value", "base_value", "pct"))
    return now, base, pct


def _largest_loss(facts: Facts, rows: Sequence[ProvinceRow], figures: Figures) -> str:
    compared = [r for r in rows if r.compared and r.change is not None]
    fell = sorted((r for r in compared if r.fell), key=lambda r: (r.change or 0, r.code))
    if not compared:
        return _not_compared(facts, rows, figures)
    if not fell:
        return facts.word("say.no_loss")
    lost = fell[0]
    text = facts.word(
        "say.loss",
        name=lost.name,
        change=formats.money(lost.change, facts.currency, facts.lang),
        pct=formats.percent(lost.pct, facts.lang, sign=True),
        small=facts.word("say.small") if lost.small_base else "",
    )
    text += _its_total(facts, lost)
    up = sum(1 for r in fell if _rose(r))
    return text + facts.word("say.others_up", n=up, down=len(fell))


def _not_compared(facts: Facts, rows: Sequence[ProvinceRow], figures: Figures) -> str:
    """Without changes by province: what the nation's total did, and why there is no more."""
    why = figures.why.get("changes") or facts.word("say.no_pair" if rows else "page.no_provinces")
    text = facts.word("say.no_compare", why=why)
    now, base, pct = _move(figures.nation_totals)
    if now is None:
        return text
    more: dict[str, object] = {"nominal": facts.word("say.nominal"), "flow": facts.all_name}
    total = change_words(facts, "say.change", now, base, pct, **more)
    return total + _gap(facts) + text if rows else total


def _its_total(facts: Facts, row: ProvinceRow) -> str:
    if row.total_pct is None or not row.base_total:
        return _gap(facts) + facts.word("say.its_total.none")
    return change_words(facts, "say.its_total", row.total, row.base_total, row.total_pct)


def _rose(row: ProvinceRow) -> bool:
    return row.total is not None and row.base_total is not None and row.total > row.base_total


def _one(result: Result | None, name: str) -> Any:
    """The first figure of a column; the nation is one row."""
    if result is None or name not in result.frame.columns or result.frame.is_empty():
        return None
    return result.frame[name][0]


def _money(facts: Facts, x: float | None) -> str:
    return formats.money(x, facts.currency, facts.lang)


def _percent(facts: Facts, x: float | None) -> str:
    return formats.percent(x, facts.lang)


def _gap(facts: Facts) -> str:
    return " " if facts.lang == "en" else ""


def _join(names: Sequence[str], facts: Facts) -> str:
    return listed(names, facts.lang)
