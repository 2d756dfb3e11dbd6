"""The data-quality panel: which months are held, what the checks found, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.figures import Facts, Figures, ProvinceRow, capital
from provexpo.briefing.names import absent, names_of
from provexpo.output import formats, labels
from provexpo.result import Caveat
from provexpo.vocab import phrase

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
        "caveats": _caveats(figures, facts),
        "missing": _missing(figures, facts, rows),
    }


def _caveats(figures: Figures, facts: Facts) -> list[tuple[str, str]]:
    """Each caveat with the rows it is about, those of one kind together.

    What the figures rest on is said once for all. Of columns that the page does not show, nothing
    is said.
    """
    join = phrase("join", facts.lang)
    unseen = phrase("columns.no_products", facts.lang)
    rest = [c for c in figures.caveats if c.code != "scope" and c.text != unseen]
    kinds = list(dict.fromkeys(c.code for c in rest))
    rest.sort(key=lambda c: kinds.index(c.code))
    scope = dict.fromkeys(
        t for c in figures.caveats if c.code == "scope" for t in c.text.split(join)
    )
    said = [(join.join(scope), "")] if scope else []
    return said + [(c.text, _rows_of(c, facts)) for c in rest]


def _rows_of(caveat: Caveat, facts: Facts) -> str:
    """How many rows, except where the count is one of windows."""
    if caveat.rows is None or caveat.code in ("missing", "base_missing"):
        return ""
    return facts.word("page.one_row" if caveat.rows == 1 else "page.rows", n=caveat.rows)


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
        "title": facts.word("page.gap").join(
            (labels.known("flow", entry["flow"], facts.lang), entry["currency"])
        ),
        "vintage": first if first == last else f"{first} – {last}",
        "scopes": entry.get("scopes") or "",
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


def _month(month: int, held: dict[int, str], used: set[int], facts: Facts) -> dict[str, str]:
    kind = held.get(month)
    text = labels.known("kind", kind or "none", facts.lang)
    symbol = _NOT_HELD if kind is None else _SYMBOLS.get(kind, _HELD)
    klass = ("gap" if kind is None else "held") + (" used" if month in used else "")
    return {
        "symbol": symbol,
        "text": formats.month(month, facts.lang) + facts.word("page.colon") + text,
        "klass": klass,
    }


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
        "verdict": facts.word(
            "page.failed" if row.failed else "page.noted" if row.noted else "page.passed"
        ),
    }


def _missing(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> list[str]:
    """What the briefing cannot state, in sentences."""
    colon = facts.word("page.colon")
    out = [
        f"{facts.word(key)}{colon}{names_of(names, rows, facts)}"
        for key, names in (
            ("page.missing_now", [r.name for r in rows if r.value is None]),
            (
                "page.missing_share",
                [r.name for r in rows if r.value is not None and r.share is None],
            ),
            ("page.missing_base", [r.name for r in rows if r.base_value is None]),
        )
        if names
    ]
    first = figures.ask.window.first
    if not figures.ask.window_given and first % 100 > 1:
        out.append(facts.word("page.window_starts", month=formats.month(first, facts.lang)))
    out += [text for text in (absent(facts, rows, figures.ask.reporter),) if text]
    if not rows:
        out.append(facts.word("page.no_rows", why=facts.word("page.no_provinces")))
        out += [facts.word("page.no_base")] if _lacks_base(figures) else []
    return out + [capital(why) for why in dict.fromkeys(figures.why.values())]


def _lacks_base(figures: Figures) -> bool:
    nation = figures.nation_changes
    return nation is not None and nation.frame["base_value"].null_count() > 0
