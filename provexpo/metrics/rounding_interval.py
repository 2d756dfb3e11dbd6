"""What a rounded figure can have been, and what two of them say of a third."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import NamedTuple

from provexpo.errors import CallError


class Implied(NamedTuple):
    """A figure worked out of rounded ones, and the ends of what it can be."""

    value: float
    lo: float
    hi: float


def rounding_interval(value: float, decimals: int) -> tuple[float, float]:
    """Return the lowest and the highest number that a printed figure can stand for.

    lo = value - 0.5 * 10^-decimals, hi = value + 0.5 * 10^-decimals.

    Parameters
    ----------
    value : float
        The figure as printed, in whatever unit.
    decimals : int
        Decimals printed; -1 for a figure rounded to tens.

    Returns
    -------
    (lo, hi), in the unit of ``value``.

    Raises
    ------
    CallError if ``value`` is no finite number or ``decimals`` no whole one.

    References
    ----------
    The definition is that of the methods, section 2.3.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.rounding_interval(-3.8, 1)
    (-3.85, -3.75)
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not isfinite(value):
        raise CallError(
            f"value={value!r} is not a number", where="value=", expected="a figure, such as -3.8"
        )
    whole = isinstance(decimals, int) and not isinstance(decimals, bool)
    if not whole or not -18 <= decimals <= 18:
        raise CallError(
            f"decimals={decimals!r} is not a number of decimals",
            where="decimals=",
            expected="a whole number, such as 1",
        )
    # In decimal, so that the bounds are the numbers that a reader would write.
    middle, half = Decimal(str(value)), Decimal(5).scaleb(-decimals - 1)
    return float(middle - half), float(middle + half)


def implied_base_share(
    pp: float, pct: float, *, pp_decimals: int = 1, pct_decimals: int = 1
) -> Implied | None:
    """Return the base share that a printed contribution and a printed growth rate imply.

    The contribution of a part is its base share times its growth, so share = pp / pct. The bounds
    let both figures lie anywhere within their rounding.

    Parameters
    ----------
    pp : float
        The contribution, in percentage points, as printed.
    pct : float
        The part's own growth, in per cent, as printed.
    pp_decimals, pct_decimals : int
        Decimals printed.

    Returns
    -------
    Implied, or None
        value, lo, hi [fraction, 0.15 is 15 %]. None where the growth can have been zero: then
        nothing follows. A share outside 0 to 1 says that the two figures contradict each other,
        or are of different totals or windows.

    Raises
    ------
    CallError if a figure is no number.

    References
    ----------
    The press check of the methods, section 2.3.

    Examples
    --------
    >>> import provexpo as pe
    >>> share = pe.implied_base_share(-3.8, -25.4)  # as printed of the US, April to August 2025
    >>> [round(100 * x, 2) for x in share]
    [14.96, 14.73, 15.19]
    """
    pct_lo, pct_hi = rounding_interval(pct, pct_decimals)
    pp_lo, pp_hi = rounding_interval(pp, pp_decimals)
    if pct_lo <= 0 <= pct_hi:
        return None
    ends = [a / b for a in (pp_lo, pp_hi) for b in (pct_lo, pct_hi)]
    return Implied(pp / pct, min(ends), max(ends))
