"""Whether the caller declared that the files hold only some of the codes a figure divides over."""

from __future__ import annotations

from collections.abc import Sequence

from provexpo import vocab
from provexpo.engine.coverage import Codes
from provexpo.engine.query import Query, tiles_of

BOTH = (False, True)


def declared_partial(query: Query, dimension: str, bases: Sequence[bool] = BOTH) -> bool:
    """True when a sum over all codes would leave out some that were not loaded: a declared list,
    and no other file of the same months that holds the rest. `bases`: the windows looked at,
    False the current one, True its base."""
    return any(
        not _whole(query, dimension, codes)
        and any(b.extent(dimension).kind == "declared_list" for b in choice.coverage.by_span[tile])
        for choice in query.chosen.values()
        for base in bases
        for tile in tiles_of(query, choice, base=base)
        for codes in choice.coverage.codes(dimension, [tile])
    )


def _whole(query: Query, dimension: str, codes: Codes) -> bool:
    """All codes, or a list that names each province there is."""
    if codes is None:
        return True
    chinese = dimension == "province" and query.call.arguments.reporter == "CHN"
    return chinese and codes >= set(vocab.province_codes())


def partial_selection(query: Query, dimension: str, bases: Sequence[bool] = BOTH) -> bool:
    """The same for a sum over the selected codes: single codes that are asked for by name are
    held, or the window is not covered."""
    selected = query.call.selections[dimension]
    named = selected.codes is not None and not selected.negate
    return not named and declared_partial(query, dimension, bases)


def partial_partners(query: Query) -> bool:
    return declared_partial(query, "partner")
