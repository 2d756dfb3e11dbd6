"""The illustrative cube behind `pe.sample()`: made from published totals, and no data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade


def sample(*, version: int | None = None, as_of: str | None = None) -> Trade:
    """Return the illustrative sample: exports and imports of China's provinces, 2022-01 to 2025-11.

    A deterministic cube of province x partner x HS8 x month, in USD and CNY. Provinces' parts of
    2024-01 to 2025-01 are those of the customs bulletin at the level of the revised 2024, and
    published national and provincial statements hold; everything finer is invented. Every result
    says so. Beside it stand the bulletin itself, annual national figures, US imports by country,
    Taiwan's totals, and side tables (tariffs, GDP by province, exchange rates).

    The first call builds a store in the cache folder (`PROVEXPO_CACHE`, or the platform's own);
    later calls open it. Where no cache folder can be written, each process builds its own.

    Parameters
    ----------
    version, as_of
        As in ``pe.open``: trade with the US in 2022 stands in its first release and as revised.

    Returns
    -------
    Trade. Values in whole USD and CNY; a cell that is absent is zero (the scopes are declared).

    Raises
    ------
    CheckError if the shipped seeds contradict each other; StoreError if no store can be written.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.sample().illustrative
    True
    """
    from provexpo import __version__
    from provexpo.demo.cache import sample_store
    from provexpo.demo.tables import digest
    from provexpo.engine.trade import Trade
    from provexpo.store.snapshot import open_snapshot

    place = sample_store(f"sample-{__version__}-{digest()[:12]}", _build)
    return Trade(open_snapshot(place, version=version, as_of=as_of), is_sample=True)


def _build(path: Path) -> None:
    from provexpo.demo import side
    from provexpo.demo.cube import build, is_cube
    from provexpo.store.loading import load_rows

    # Two loads: beside rows published years before, the store would compare every cell of the cube
    # with every date, for nothing.
    files = build()
    load_rows(path, [f for f in files if not is_cube(f)], side=side.build(), illustrative=True)
    load_rows(path, [f for f in files if is_cube(f)], illustrative=True)
