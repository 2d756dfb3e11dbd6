"""The illustrative cube behind `pe.sample()`: made from published totals, and no data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade


def sample() -> Trade:
    """Return the illustrative sample: exports and imports of China's provinces, 2022-01 to 2025-11.

    A deterministic cube of province x partner x HS8 x month, in USD and CNY. Province totals of
    2024-01 to 2025-01 are those of the customs bulletin, and the published shares and changes of
    exports to the United States hold; everything finer is invented. Every result says so.

    The first call builds a store in the cache folder (`PROVEXPO_CACHE`, or the platform's own);
    later calls open it. Where no cache folder can be written, each process builds its own.

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
    return Trade(open_snapshot(place), is_sample=True)


def _build(path: Path) -> None:
    from provexpo.demo.cube import build
    from provexpo.store.loading import load_rows

    load_rows(path, build(), illustrative=True)
