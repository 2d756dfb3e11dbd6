"""How the figures are made, in words."""

from __future__ import annotations

from collections.abc import Sequence

from provexpo.briefing.facts import Facts, capital
from provexpo.briefing.figures import Figures
from provexpo.briefing.provinces import ProvinceRow
from provexpo.briefing.sections.section import Section
from provexpo.briefing.sections.table import has_ex98
from provexpo.output import labels

_ORIGIN_OF_TRADER = "registered"


def section(figures: Figures, facts: Facts, rows: Sequence[ProvinceRow]) -> Section:
    registered = facts.basis == labels.word(f"basis.{_ORIGIN_OF_TRADER}", facts.lang)
    provinces = ["delta", "lq", "national"] if rows else ["delta"]
    keys = ["share" if rows else "share_nation", *(["ch98"] if has_ex98(facts, rows) else [])]
    keys += [*provinces, "change", "null", *(["small"] if rows else [])]
    keys.append("money_nation" if not rows else "money" if registered else "money_other")
    notes = [capital(facts.word(f"method.{key}")) for key in (*keys, "dated", "cause")]
    return Section("method", facts.word("page.method"), notes=tuple(notes))
