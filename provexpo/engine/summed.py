"""Which dimensions a figure is summed over: those that an incomplete file would make too small."""

from __future__ import annotations

from provexpo.engine.query import Query
from provexpo.ingest.rows import DIMENSIONS


def summed_over(query: Query, *also: str) -> tuple[str, ...]:
    """Dimensions that are no key of the frame and of which more than single named codes are
    asked for; `also` names keys over which the metric makes national figures."""
    keys = {k.column for k in query.call.keys}
    found = []
    for name in DIMENSIONS:
        s = query.call.selections[name]
        single = s.codes is not None and not s.negate and set(s.codes) <= set(s.exact)
        if (name not in keys and not single) or name in also:
            found.append(name)
    return tuple(found)
