"""Whether the quantities of a cell are all in one unit, asked in the same pass as their sum."""

from __future__ import annotations

from provexpo.engine.cells import Measure, table_test
from provexpo.engine.query import Query, window_bounds

# The unit of a row, as its place in the list of units; 0 where the row states none.
_UNIT = "coalesce(list_position(CAST($units AS VARCHAR[]), f.unit), 0)"
UNIT_MEASURES = (
    Measure("n_rows", what="1"),
    Measure("unit_sum", what=_UNIT),
    Measure("unit_squares", what=f"{_UNIT} * {_UNIT}"),
)


def units_held(query: Query) -> list[str]:
    """The units of the quantities that a query reads: the value of $units."""
    where, params = table_test(query.call, query.chosen, query.currency, query.deferred)
    query.trade.use_files({(flow, query.currency) for flow in query.chosen})
    found = query.trade.engine.run(
        f"SELECT DISTINCT f.unit AS unit FROM flows AS f WHERE {where}"
        " AND f.unit IS NOT NULL AND f.period BETWEEN $first AND $last ORDER BY unit",
        {**params, **window_bounds(query)},
    )
    return [str(u) for u in found["unit"].to_list()]
