"""The sections of a briefing, one file each; `build` makes those asked for, in the order asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from provexpo.briefing.facts import Facts, facts_of
from provexpo.briefing.figures import Figures
from provexpo.briefing.provinces import ProvinceRow, province_rows
from provexpo.briefing.sections import (
    exposure,
    headlines,
    heat,
    method,
    offset,
    own,
    province,
    quality,
    receipts,
    rerouting,
    table,
    where,
)
from provexpo.briefing.sections.own import Own
from provexpo.briefing.sections.section import Section
from provexpo.result import Result

KEYS = (
    "headlines", "where", "table", "exposure", "province", "heat", "offset", "rerouting",
    "quality", "method", "receipts",
)  # fmt: skip
_PLAIN: dict[str, Callable[[Figures, Facts, Sequence[ProvinceRow]], Section]] = {
    "headlines": headlines.section,
    "where": where.section,
    "table": table.section,
    "exposure": exposure.section,
    "province": province.section,
    "heat": heat.section,
    "offset": offset.section,
    "rerouting": rerouting.section,
    "method": method.section,
}


def build(
    figures: Figures, keys: Sequence[str] = KEYS, extra: Sequence[Own] = ()
) -> tuple[Section, ...]:
    """The sections in the order of `keys`. One that cannot be had has `left_out` and no more;
    the section on quality names it."""
    facts, rows = facts_of(figures), province_rows(figures)
    made = {o.key: own.section(o, facts) for o in extra if o.key in keys}
    made |= {key: _PLAIN[key](figures, facts, rows) for key in keys if key in _PLAIN}
    left_out = [(s.title, s.left_out) for s in made.values() if s.left_out]
    if "quality" in keys:
        made["quality"] = quality.section(figures, facts, rows, left_out)
    if "receipts" in keys:
        made["receipts"] = receipts.section(facts, results_of([made[k] for k in keys if k in made]))
    return tuple(made[key] for key in keys)


def results_of(sections: Sequence[Section]) -> tuple[tuple[str, Result], ...]:
    """The figures behind sections, each once."""
    return tuple(dict(pair for s in sections for pair in s.results).items())


__all__ = ["KEYS", "Own", "Section", "build", "results_of"]
