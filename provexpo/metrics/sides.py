"""What a receipt says of the side tables that a figure was made with."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from provexpo.result import Receipt
from provexpo.store.snapshot import utc_text


def with_side(receipt: Receipt, name: str, rows: pl.DataFrame) -> Receipt:
    """The receipt with a line on the side table: its rows used, and when they were published."""
    if rows.is_empty():
        return receipt
    first, last = rows.select(first=pl.min("vintage"), last=pl.max("vintage")).row(0)
    dates = list(dict.fromkeys(utc_text(v) for v in (first, last)))
    line = f"{name}: {rows.height} rows, published {' to '.join(dates)}"
    return replace(receipt, scope=(*receipt.scope, line))
