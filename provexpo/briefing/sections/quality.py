"""What the data hold and lack, what changed since the last briefing, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provexpo.briefing.facts import Facts, capital
from provexpo.briefing.figures import Figures, names_in
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.quality import quality_view
from provexpo.briefing.sections.cells import cells_for
from provexpo.briefing.sections.section import Cell, Column, Section, Table
from provexpo.output import formats, labels

_MOST_CHANGED = 10


def section(
    figures: Figures,
    facts: Facts,
    rows: Sequence[ProvinceRow],
    left_out: Sequence[tuple[str, str]] = (),
) -> Section:
    """`left_out` has title and reason of the sections that cannot be had."""
    parts: dict[str, Any] = quality_view(figures, facts, rows)
    missing = parts["missing"]
    missing += [facts.word("sec.without", what=title, why=why) for title, why in left_out]
    parts["missing"] = [capital(text) for text in dict.fromkeys(missing)]
    return Section(
        key="quality",
        title=facts.word("page.quality"),
        sentences=_since(figures, facts),
        tables=(*_changed(figures, facts), *_revisions(figures, facts)),
        notes=_revision_note(figures, facts),
        results=tuple((n, r) for n, r in (("revisions", figures.revisions),) if r is not None),
        parts=parts,
    )


def _since(figures: Figures, facts: Facts) -> tuple[str, ...]:
    """What the store and its figures were at the last briefing, and are now."""
    since = figures.since
    if since.kind != "compared" or since.then is None or since.now is None:
        return (facts.word(f"since.{since.kind}"),)
    then, now = since.then, since.now
    window = formats.window(then["window"], facts.lang)
    same = all(then[n] == now[n] for n in ("load", "as_of", "data_dated", "window"))
    said = []
    if same:
        said.append(facts.word("since.same_store", load=now["load"]))
    else:
        said.append(
            facts.word(
                "since.store", then_load=then["load"], load=now["load"],
                then_dated=_day(then, facts), dated=_day(now, facts), then_window=window,
            )
        )  # fmt: skip
    if not since.known:
        said.append(facts.word("since.unknown", then_window=window))
        return tuple(said)
    money = [formats.money(x, facts.currency, facts.lang) for x in since.nation]
    key = "since.nation_same" if since.nation[0] == since.nation[1] else "since.nation"
    said.append(facts.word(key, then_window=window, then=money[0], now=money[1]))
    n = len(since.changed)
    key = "provinces" if n > 1 else "one_province" if n else "no_province"
    said.append(facts.word(f"since.{key}", n=n))
    return tuple(said)


def _day(record: dict[str, Any], facts: Facts) -> str:
    return (record["data_dated"] or "")[:10] or formats.missing(facts.lang)


def _changed(figures: Figures, facts: Facts) -> tuple[Table, ...]:
    since = figures.since
    if not since.changed or since.then is None:
        return ()
    names = names_in([figures.shares, figures.changes])
    shown = since.changed[:_MOST_CHANGED]
    cells = cells_for(facts, (x for _, then, now in shown for x in (then, now)))
    body = []
    for code, then, now in shown:
        moved = None if then is None or now is None else now - then
        body.append(
            (Cell(names.get(code, code)), cells.amount(then), cells.amount(now),
             cells.amount(moved, sign=True))
        )  # fmt: skip
    money = cells.money.label
    columns = (
        Column(labels.column("province_name", facts.lang), left=True),
        Column(facts.word("since.head.then"), money),
        Column(facts.word("since.head.now"), money),
        Column(facts.word("page.head.change"), money),
    )
    window = formats.window(since.then["window"], facts.lang)
    notes = (
        (facts.word("sec.cut_changed", n=len(shown), all=len(since.changed)),)
        if len(shown) < len(since.changed)
        else ()
    )
    return (Table(facts.word("since.table", then_window=window), columns, tuple(body), notes),)


def _revisions(figures: Figures, facts: Facts) -> tuple[Table, ...]:
    """How far the months of the window are from their first publication."""
    if figures.revisions is None:
        return ()
    rows = [r for r in figures.revisions.frame.to_dicts() if r["n_again"]]
    if not rows:
        return ()
    cells = cells_for(facts, (r[n] for r in rows for n in ("value", "first_value")))
    body = tuple(
        (
            Cell(formats.window(r["month"], facts.lang)),
            cells.amount(r["first_value"]),
            cells.amount(r["value"]),
            cells.percent(r["wmar"]),
            Cell(formats.count(r["n_again"], facts.lang)),
            Cell(formats.count(r["n_revised"], facts.lang)),
        )
        for r in rows
    )
    money = cells.money.label
    heads = (("first_value", money), ("value", money), ("wmar", "%"), ("n_again", ""),
             ("n_revised", ""))  # fmt: skip
    columns = (
        Column(labels.column("month", facts.lang), left=True),
        *(Column(facts.word(f"revisions.{key}"), unit) for key, unit in heads),
    )
    return (Table(facts.word("revisions.table"), columns, body),)


def _revision_note(figures: Figures, facts: Facts) -> tuple[str, ...]:
    why = figures.why.get("revisions")
    if figures.revisions is not None and not any(figures.revisions.frame["n_again"].to_list()):
        why = facts.word("why.one_publication")
    return (capital(why),) if why else ()
