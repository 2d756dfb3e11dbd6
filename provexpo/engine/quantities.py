"""Quantities are summed only where one unit is used; what carries none is counted and said."""

from __future__ import annotations

from provexpo.engine.cells import table_test
from provexpo.engine.query import Query, window_bounds
from provexpo.errors import CallError
from provexpo.result import Caveat
from provexpo.vocab import phrase


def one_unit(query: Query) -> tuple[str, list[Caveat]]:
    """The unit of the selected quantities, and a caveat for cells without one.

    Raises CallError when the selection mixes units: kilograms and pieces have no sum.
    """
    where, params = table_test(query.call, query.chosen, query.currency, query.deferred)
    query.trade.use_files({(flow, query.currency) for flow in query.chosen})
    found = query.trade.engine.run(
        "SELECT f.unit AS unit, count(*) AS n, count(f.quantity) AS held FROM flows AS f"
        f" WHERE {where} AND f.period BETWEEN $first AND $last"
        " GROUP BY f.unit ORDER BY n DESC, unit",
        {**params, **window_bounds(query)},
    )
    units = [u for u in found.filter(found["held"] > 0)["unit"].to_list() if u is not None]
    if len(units) > 1:
        raise CallError(
            f"the selection has quantities in {len(units)} units: {', '.join(units[:5])}",
            where="measure='quantity'",
            expected="products counted in one unit",
            do="select products of one unit with product=",
        )
    absent = int(found["n"].sum() or 0) - int(found["held"].sum() or 0)
    text = phrase("quantity_missing", query.call.arguments.lang)
    return (units[0] if units else "no unit"), (
        [Caveat("quantity_missing", text, absent)] if absent else []
    )
