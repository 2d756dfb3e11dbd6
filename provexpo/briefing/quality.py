"""The data-quality panel: which months are held, what the checks found, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.figures import Facts, Figures, ProvinceRow
from provexpo.output import formats, labels

_SYMBOLS = {"combined": "◐", "found": "○"}
_HELD = "●"
_NOT_HELD = "·"


def quality_view(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> dict[str, Any]:
    # Tables that the figures come from stand first.
    entries = sorted(figures.coverage, key=lambda e: not _is_used(e, figures, facts))
    return {
        "calendars": [_calendar(entry, figures, facts) for entry in entries],
        "legend": _legend(figures, facts),
        "checks": [_check(row, facts) for row in figures.checks],
        "caveats": [(c.text, "" if c.rows is None else str(c.rows)) for c in figures.caveats],
        "missing": _missing(figures, facts, rows),
    }


def _is_used(entry: dict[str, Any], figures: Figures, facts: Facts) -> bool:
    flows = ("export", "import") if facts.flow == "total" else (facts.flow,)
    return (
        entry["table"] in figures.tables
        and entry["flow"] in flows
        and entry["currency"] == facts.currency
    )


def _calendar(entry: dict[str, Any], figures: Figures, facts: Facts) -> dict[str, Any]:
    """One table's months as a grid of years and months."""
    held = {int(month): str(kind) for month, kind in entry["months"]}
    used = {*figures.ask.window.months, *figures.ask.base_window.months}
    mine = _is_used(entry, figures, facts)
    years = range(min(held) // 100, max(held) // 100 + 1) if held else range(0)
    first, last = (str(entry.get(k) or "")[:10] for k in ("vintage_first", "vintage_last"))
    return {
        "table": entry["table"],
        "flow": labels.known("flow", entry["flow"], facts.lang),
        "currency": entry["currency"],
        "vintage": first if first == last else f"{first} – {last}",
        "scopes": _scopes(entry.get("scopes") or "", facts),
        "years": [
            (
                year,
                [
                    _month(year * 100 + m, held, used if mine else set(), facts)
                    for m in range(1, 13)
                ],
            )
            for year in years
        ],
    }


def _scopes(text: str, facts: Facts) -> str:
    """The scopes of a table in the page's language; codes in them stay as they are."""
    for key in (k for k in labels.words() if k.startswith("scope.")):
        text = text.replace(labels.word(key, "en"), labels.word(key, facts.lang))
    return text


def _month(month: int, held: dict[int, str], used: set[int], facts: Facts) -> dict[str, str]:
    kind = held.get(month)
    text = labels.known("kind", kind or "none", facts.lang)
    symbol = _NOT_HELD if kind is None else _SYMBOLS.get(kind, _HELD)
    klass = ("gap" if kind is None else "held") + (" used" if month in used else "")
    return {"symbol": symbol, "text": f"{formats.month(month, facts.lang)}: {text}", "klass": klass}


def _legend(figures: Figures, facts: Facts) -> list[tuple[str, str]]:
    kinds = dict.fromkeys(str(kind) for entry in figures.coverage for _, kind in entry["months"])
    said = {labels.known("kind", kind, facts.lang): _SYMBOLS.get(kind, _HELD) for kind in kinds}
    said[labels.word("kind.none", facts.lang)] = _NOT_HELD
    return [(symbol, text) for text, symbol in said.items()]


def _check(row: Any, facts: Facts) -> dict[str, Any]:
    return {
        "check": labels.known("check", row.check, facts.lang),
        "table": row.table,
        "flow": labels.known("flow", row.flow, facts.lang),
        "currency": row.currency,
        "text": row.text,
        "failed": row.failed,
        "verdict": facts.word("page.failed" if row.failed else "page.passed"),
    }


def _missing(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> list[str]:
    """What the briefing cannot state, in sentences."""
    gap = ", " if facts.lang == "en" else "、"
    out = [
        f"{facts.word(key)}{': ' if facts.lang == 'en' else '：'}{gap.join(names)}"
        for key, names in (
            ("page.missing_now", [r.name for r in rows if r.value is None or r.share is None]),
            ("page.missing_base", [r.name for r in rows if r.base_value is None]),
        )
        if names
    ]
    if not rows:
        out.append(facts.word("page.no_rows", why=facts.word("page.no_provinces")))
    return out + list(dict.fromkeys(figures.why.values()))
