"""`level=`: how finely a metric looks into the products of each row."""

from __future__ import annotations

from collections.abc import Sequence

from provexpo.engine.by import Key, parse_by
from provexpo.engine.call import Words
from provexpo.engine.query import Query
from provexpo.errors import CallError
from provexpo.metrics.partial import declared_partial
from provexpo.result import Caveat
from provexpo.vocab import phrase

_SHORT = ("HS2", "HS4", "HS6", "HS8")
_FORMS = "product:HS2|HS4|HS6|HS8, section, sector"


def product_level(level: str | None, by: Words, default: str) -> str:
    """The key for the products inside a row: `level`, else the product key of `by=`, else the
    default. A row of one product cannot be looked into more coarsely, or by another code."""
    shown = next((k for k in parse_by(by, ()) if k.dimension == "product"), None)
    if level is None:
        return shown.text if shown else default
    word = str(level).strip()
    word = f"product:{word.upper()}" if word.upper() in _SHORT else word
    try:
        key = parse_by(word, ())[0]
    except (CallError, IndexError):
        key = Key(word, "", "")
    if key.dimension != "product":
        raise CallError(f"level={level!r} is no level of products", where="level=", expected=_FORMS)
    if shown and shown.column == key.column and shown.level != key.level:
        raise CallError(
            f"rows by {shown.text} cannot be made of products at {key.text}",
            where="level=",
            expected=f"level={shown.text!r}, or by= without it",
            do="leave out level=, or break down by section or sector",
        )
    return word


def refuse_coarse_products(by: Words, digits: int) -> None:
    """Rows by chapter or heading would hide the products that the metric compares."""
    for key in parse_by(by, ()):
        if key.column == "product" and key.level < digits:
            raise CallError(
                f"rows by {key.text} cannot be made of products at HS{digits}",
                where="by=",
                expected=f"product:HS{digits}, section, sector, or no product key",
                do="use by='sector', or select one chapter with product=",
            )


def columns(keys: Sequence[Key], *, without: Sequence[str] = ()) -> str:
    """The SQL list of these keys' columns, and the slot, leaving out some dimensions."""
    return ", ".join([*(k.column for k in keys if k.dimension not in without), "slot"])


def has_all_provinces(query: Query) -> bool:
    """True where the sum over the rows of `sums` is the nation (see `defer_province`)."""
    whole = "province" in query.deferred or query.call.selections["province"].codes is None
    return whole and not declared_partial(query, "province")


def nation_caveats(query: Query) -> list[Caveat]:
    """Why the columns that compare with the nation are NULL, where they are."""
    if has_all_provinces(query):
        return []
    lang = query.call.arguments.lang
    if declared_partial(query, "province"):
        return [Caveat("scope", phrase("scope.partial_provinces", lang))]
    return [Caveat("columns", phrase("columns.not_nation", lang))]
