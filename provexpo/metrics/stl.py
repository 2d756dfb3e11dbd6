"""The only file that knows statsmodels: seasonal-trend decomposition by loess."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from provexpo.errors import QueryError

Numbers = NDArray[np.float64]


class Parts(NamedTuple):
    """A series as trend + seasonal + resid."""

    trend: Numbers
    seasonal: Numbers
    resid: Numbers


def is_available() -> bool:
    """True where the extra `[stats]` is installed."""
    return find_spec("statsmodels") is not None


def decompose(
    y: Numbers,
    *,
    seasonal: int,
    robust: bool,
    inner: int | None = None,
    outer: int | None = None,
    **options: Any,
) -> Parts:
    """Monthly numbers without gaps as trend + seasonal + resid (Cleveland et al. 1990).

    `inner` and `outer` are the numbers of passes, None the library's; `options` go to STL as well.
    """
    from statsmodels.tsa.seasonal import STL

    try:
        model = STL(y, period=12, seasonal=seasonal, robust=robust, **options)
        fit = model.fit(inner_iter=inner, outer_iter=outer)
    except (ValueError, np.linalg.LinAlgError) as err:
        raise QueryError(
            f"the series cannot be decomposed: {err}",
            expected="at least 36 months of figures above zero",
        ) from err
    found = (np.asarray(part, dtype=np.float64) for part in (fit.trend, fit.seasonal, fit.resid))
    return Parts(*found)
