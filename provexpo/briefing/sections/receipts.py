"""A receipt for every table: what computes it again."""

from __future__ import annotations

from collections.abc import Sequence

from provexpo.briefing.facts import Facts
from provexpo.briefing.sections.section import Section
from provexpo.output import labels
from provexpo.result import Result


def section(facts: Facts, results: Sequence[tuple[str, Result]]) -> Section:
    """`results` are those of all sections of the page, by the name of their sheet."""
    return Section(
        key="receipts",
        title=facts.word("page.receipts"),
        notes=(facts.word("page.receipts_note"),),
        parts={
            "receipts": [
                {"title": labels.known("sheet", name, facts.lang), "json": r.receipt.to_json()}
                for name, r in results
            ]
        },
    )
