"""Data quality: which months are held, what the checks found, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.facts import Facts, capital
from provexpo.briefing.figures import HEADLINES, Figures
from provexpo.briefing.names import absent, names_of
from provexpo.briefing.provinces import ProvinceRow
from provexpo.output import formats, labels
from provexpo.periods import Window, shift
from provexpo.result import Caveat
from provexpo.vocab import phrase

_SYMBOLS = {"combined": "◐", "found": "○"}
_HELD = "●"
_NOT_HELD = "·"
_RUNS = 6  # of a table with more runs of months the first and the last are named


def quality_view(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> dict[str, Any]:
    # Tables that the figures come from stand first.
    entries = sorted(figures.coverage, key=lambda e: not _is_used(e, figures, facts))
    calendars = [_calendar(e, figures, facts) for e in entries if _is_used(e, figures, facts)]
    checks = [_check(row, facts) for row in figures.checks]
    here = [_speaks_here(row, figures) for row in figures.checks]
    return {
        # Tables and findings that this briefing does not rest on are folded away.
        "calendars": calendars,
        "other_tables": [
            _line(entry, facts) for entry in entries if not _is_used(entry, figures, facts)
        ],
        "legend": _legend(figures, facts),
        "checks": [c for c, shown in zip(checks, here) if shown],
        "other_checks": [c for c, shown in zip(checks, here) if not shown],
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


def _line(entry: dict[str, Any], facts: Facts) -> dict[str, str]:
    """A table that the figures do not rest on, in one line: its months as runs."""
    held = sorted(int(month) for month, _ in entry["months"])
    runs: list[list[int]] = []
    for month in held:
        if runs and shift(runs[-1][1], 1) == month:
            runs[-1][1] = month
        else:
            runs.append([month, month])
    months = [formats.window(Window(a, b), facts.lang) for a, b in runs]
    shown = months if len(months) <= _RUNS else [*months[: _RUNS - 1], "…", months[-1]]
    first, last = (str(entry.get(k) or "")[:10] for k in ("vintage_first", "vintage_last"))
    return {
        "table": entry["table"],
        "flow": labels.known("flow", entry["flow"], facts.lang),
        "currency": entry["currency"],
        "months": facts.word("page.stop").join(shown),
        "vintage": first if first == last else f"{first} – {last}",
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


def _speaks_here(row: Any, figures: Figures) -> bool:
    """A finding on a table of this briefing that could be made, and every failure."""
    return bool(row.failed) or row.table in figures.tables


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
    if not rows and _lacks_base(figures):
        out.append(facts.word("page.no_base"))
    why = (figures.why[name] for name in HEADLINES if name in figures.why)
    return out + [capital(text) for text in dict.fromkeys(why)]


def _lacks_base(figures: Figures) -> bool:
    nation = figures.nation_changes
    return nation is not None and nation.frame["base_value"].null_count() > 0
