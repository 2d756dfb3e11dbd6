"""Which dimensions a figure is summed over: those that an incomplete file would make too small."""

from __future__ import annotations

from provexpo.engine.query import Query
from provexpo.ingest.rows import DIMENSIONS


def summed_over(query: Query, *also: str, rows: bool = False) -> tuple[str, ...]:
    """Dimensions that are no key of the frame and of which more than single named codes are
    asked for. `rows`: the metric sums the rows of the frame, so its keys count as well; `also`
    names dimensions over which it makes national figures whatever is selected."""
    finest = max(c.grain.product_level for c in query.chosen.values())
    # Rows by chapter sum over the finer products of the table.
    keys = {k.column for k in query.call.keys if k.column != "product" or k.level >= finest}
    found = []
    for name in DIMENSIONS:
        s = query.call.selections[name]
        single = s.codes is not None and not s.negate and set(s.codes) <= set(s.exact)
        if (not single and (rows or name not in keys)) or name in also:
            found.append(name)
    return tuple(found)
