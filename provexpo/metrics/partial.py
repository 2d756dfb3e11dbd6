"""Whether the caller declared that the files hold only some of the codes a figure divides over."""

from __future__ import annotations

from provexpo.engine.query import Query, tiles_of


def declared_partial(query: Query, dimension: str) -> bool:
    """True when a sum over all codes would leave out some that were not loaded: a declared list,
    and no other file of the same months that holds the rest."""
    return any(
        codes is not None
        and any(b.extent(dimension).kind == "declared_list" for b in choice.coverage.by_span[tile])
        for choice in query.chosen.values()
        for base in (False, True)
        for tile in tiles_of(query, choice, base=base)
        for codes in choice.coverage.codes(dimension, [tile])
    )


def partial_partners(query: Query) -> bool:
    return declared_partial(query, "partner")
