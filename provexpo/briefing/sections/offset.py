"""Lost with the partner against gained elsewhere, with and without possible transit countries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo import vocab
from provexpo.briefing.facts import Facts
from provexpo.briefing.figures import Figures
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.sections.cells import MOST_ROWS, TIMES_FROM, Cells, cells_for, cut_note
from provexpo.briefing.sections.headlines import only_row
from provexpo.briefing.sections.section import Bar, Cell, Column, Panel, Section, Span, Table
from provexpo.briefing.words import listed
from provexpo.metrics.offset import default_hubs
from provexpo.output import formats, labels
from provexpo.result import Result

_BARS = 8
# The colours of a fall and of a rise, as in the classes of changes.
_FALL, _RISE = "c1", "c5"


def section(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Section:
    title = facts.word("sec.offset.title")
    by_place, nation = _by_place(figures.offset), figures.nation_offset
    held = [r for r in _rows(by_place) if r["d_us"] is not None and r["d_row"] is not None]
    whole = only_row(nation)
    if not held and whole.get("d_us") is None:
        return Section("offset", title, left_out=_why(figures, facts))
    fell = sorted((r for r in held if r["d_us"] < 0), key=lambda r: (r["d_us"], r["province"]))
    tables = (_table(fell, facts),) if fell else ()
    return Section(
        key="offset",
        title=title,
        sentences=_sentences(whole, held, fell, facts),
        panels=(_bars(fell[:_BARS], facts),) if fell else (),
        tables=tables,
        notes=(facts.word("method.offset", hubs=_hubs(facts)),),
        results=tuple(
            (n, r) for n, r in (("offset", by_place), ("nation_offset", nation)) if r is not None
        ),
    )


def _hubs(facts: Facts) -> str:
    names = vocab.names("partner", facts.lang)
    return listed((names.get(code, code) for code in default_hubs()), facts.lang)


def _rows(result: Result | None) -> list[dict[str, Any]]:
    return result.frame.to_dicts() if result is not None else []


def _by_place(result: Result | None) -> Result | None:
    """Data without provinces answer with the one row of the nation."""
    return result if result is not None and "province" in result.frame.columns else None


def _why(figures: Figures, facts: Facts) -> str:
    missing = [r for r in (*_rows(figures.offset), *_rows(figures.nation_offset)) if r["reason"]]
    known = labels.known("reason", missing[0]["reason"], facts.lang) if missing else ""
    return figures.why.get("offset") or known or facts.word("why.unknown")


def _sentences(
    whole: dict[str, Any],
    held: Sequence[dict[str, Any]],
    fell: Sequence[dict[str, Any]],
    facts: Facts,
) -> tuple[str, ...]:
    said = []
    lost, gained = whole.get("d_us"), whole.get("d_row")
    if lost is not None and gained is not None:
        amounts = {"lost": _abs(lost, facts), "gained": _abs(gained, facts)}
        kind = "not_fallen" if lost >= 0 else "gained" if gained >= 0 else "both"
        ratio = ratio_words(whole.get("offset_ratio"), facts)
        without = ratio_words(whole.get("offset_ex_hubs"), facts)
        said.append(facts.word(f"sec.offset.{kind}", **amounts, ratio=ratio, without=without))
    if fell:
        full = sum(r["d_row"] >= -r["d_us"] for r in fell)
        worse = sum(r["d_row"] < 0 for r in fell)
        said.append(
            facts.word("sec.offset.count", n=len(fell), all=len(held), full=full, worse=worse)
        )
    elif held:
        said.append(facts.word("say.no_loss"))
    return tuple(said)


def _abs(x: int, facts: Facts) -> str:
    return formats.money(abs(x), facts.currency, facts.lang)


def ratio_words(x: float | None, facts: Facts) -> str:
    """A part of the loss as per cent, from ten times on as a multiple."""
    if x is None:
        return formats.missing(facts.lang)
    if abs(x) >= TIMES_FROM:
        return formats.times(x, facts.lang)
    return formats.percent(x, facts.lang)


def _table(fell: Sequence[dict[str, Any]], facts: Facts) -> Table:
    shown = fell[:MOST_ROWS]
    cells = cells_for(facts, (x for r in shown for x in (r["d_us"], r["d_row"])))
    money = cells.money.label
    heads = (
        ("lost", money), ("gained", money), ("ratio", ""), ("ex_hubs", ""), ("c_index", "%"),
        ("range", ""),
    )  # fmt: skip
    columns = (
        Column(labels.column("province_name", facts.lang), left=True),
        *(Column(facts.word(f"sec.offset.{key}_head"), unit) for key, unit in heads),
        Column(facts.word("page.head.status"), left=True),
    )
    notes = cut_note(facts, len(shown), len(fell))
    body = tuple(_row(r, cells, facts) for r in shown)
    return Table(
        facts.word("sec.offset.table"), columns, body, notes, wide=True,
        codes=tuple(r["province"] for r in shown),
    )  # fmt: skip


def _row(row: dict[str, Any], cells: Cells, facts: Facts) -> tuple[Cell, ...]:
    low, high = (ratio_words(row[n], facts) for n in ("or_min", "or_max"))
    has_range = row["or_min"] is not None and row["or_max"] is not None
    status = row["offset_status"]
    return (
        Cell(row["province_name"] or row["province"]),
        cells.amount(row["d_us"], sign=True),
        cells.amount(row["d_row"], sign=True),
        _ratio(row["offset_ratio"], facts),
        _ratio(row["offset_ex_hubs"], facts),
        cells.percent(row["c_index"]),
        Cell(facts.word("sec.range", low=low, high=high) if has_range else low,
             "" if has_range else "na"),
        Cell("" if status == "ok" else labels.known("offset_status", status, facts.lang),
             "status" if status == "ok" else "flag"),
    )  # fmt: skip


def _ratio(x: float | None, facts: Facts) -> Cell:
    return Cell(ratio_words(x, facts), "na" if x is None else "")


def _bars(fell: Sequence[dict[str, Any]], facts: Facts) -> Panel:
    """Two pieces a province: above what it lost there, below what changed elsewhere."""
    low = min(0, *(x for r in fell for x in (r["d_us"], r["d_row"])))
    high = max(0, *(x for r in fell for x in (r["d_us"], r["d_row"])))
    width = (high - low) or 1

    def span(x: int, half: str) -> Span:
        left = (min(x, 0) - low) / width
        klass = f"{half} {_FALL if x < 0 else _RISE}"
        return Span(100 * left, 100 * abs(x) / width, klass, float(x))

    cells = cells_for(facts, (x for r in fell for x in (r["d_us"], r["d_row"])))
    bars = tuple(
        Bar(
            r["province_name"] or r["province"],
            (span(r["d_us"], "upper"), span(r["d_row"], "lower")),
            f"{cells.amount(r['d_us'], sign=True).text} | "
            f"{cells.amount(r['d_row'], sign=True).text}",
            r["province"],
        )
        for r in fell
    )
    return Panel(
        name="offset",
        title=facts.word("sec.offset.bars", n=len(bars), unit=cells.money.label),
        alt=facts.word("sec.offset.alt"),
        bars=bars,
        line=100 * -low / width,
        key=(
            (_FALL, facts.word("sec.offset.key_fall")), (_RISE, facts.word("sec.offset.key_rise")),
        ),
        caption=(facts.word("sec.offset.caption"),),
    )  # fmt: skip
