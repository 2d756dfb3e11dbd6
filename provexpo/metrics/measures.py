"""What `measure=` sums: money, quantities of one unit, or exports minus imports."""

from __future__ import annotations

from collections.abc import Mapping

from provexpo.engine.cells import Measure
from provexpo.engine.quantities import one_unit
from provexpo.engine.query import Query
from provexpo.errors import CallError
from provexpo.result import Caveat

MEASURES = ("value", "quantity", "balance")


def refuse_measure(measure: str, flow: str) -> None:
    if measure not in MEASURES:
        raise CallError(
            f"measure={measure!r} is not known", where="measure=", expected=", ".join(MEASURES)
        )
    if measure == "balance" and flow != "export":
        raise CallError(
            "a balance has both flows", where="flow=", do="leave out flow= with measure='balance'"
        )


def measures_for(measure: str) -> list[Measure]:
    """The sums of `value`, named so whatever is measured."""
    if measure == "balance":
        return [Measure("value", what="CASE f.flow WHEN 'export' THEN f.value ELSE -f.value END")]
    return [Measure("value", what=f"f.{measure}", whole=measure == "quantity")]


def gap_reason(measure: str) -> str:
    """Why a row is missing inside a covered window."""
    return "quantity_missing" if measure == "quantity" else "scope"


def units_for(
    query: Query, measure: str, units: Mapping[str, str]
) -> tuple[dict[str, str], list[Caveat]]:
    """The frame's units with the quantity's own unit in place of money, and its caveats."""
    if measure != "quantity":
        return {c: query.currency if u == "currency" else u for c, u in units.items()}, []
    unit, caveats = one_unit(query)
    return {c: unit if u == "currency" else u for c, u in units.items()}, caveats
