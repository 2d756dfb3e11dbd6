"""What a product is used for: consumption, capital formation, or as an input (intermediate).

`seeds/end_use.csv` is an own selection by HS chapter, heading and subheading after the classes of
the United Nations' Broad Economic Categories, Revision 5; it is approximate, and no copy of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from provexpo.vocab.tables import rows

CLASSES = ("consumption", "capital", "intermediate")
FINAL = ("consumption", "capital")
_FINEST = 6


@cache
def _rules() -> dict[str, str]:
    return {r["product"]: r["end_use"] for r in rows("end_use")}


@cache
def _of(code: str) -> str | None:
    """The longest rule that the code begins with; None where rules within the code differ."""
    rules = _rules()
    code = code[:_FINEST]
    held = next((rules[code[:n]] for n in range(len(code), 1, -1) if code[:n] in rules), None)
    inside = {use for rule, use in rules.items() if len(rule) > len(code) and rule.startswith(code)}
    return held if inside <= {held} else None


def end_use(level: int) -> Callable[[str], str | None]:
    """code -> consumption, capital or intermediate, for HS codes of `level` digits (zero-padded).

    Codes finer than six digits have the class of their subheading. None where the code is in no
    class (chapters 77, 98 and 99), or holds several, as chapters and many headings do.
    """

    def of(code: str) -> str | None:
        return _of(str(code).zfill(level))

    return of


def end_use_of(codes: Iterable[str]) -> str | None:
    """The one class of several codes, such as the members of a family; None where they differ."""
    found = {_of(code) for code in codes}
    return found.pop() if len(found) == 1 else None
