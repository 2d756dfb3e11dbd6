"""Which code a figure is of, where a row stands for many: padded, and with its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from provexpo import vocab

if TYPE_CHECKING:
    from provexpo.engine.by import Key
    from provexpo.engine.call import Call


def named(frame: pl.DataFrame, call: Call, columns: tuple[str, ...], key: Key) -> pl.DataFrame:
    """The codes in `columns` as the frame's own keys are written, each with `<column>_name`."""
    words = _words(call, key.column)
    for column in columns:
        code = pl.col(column).cast(pl.String)
        if key.column == "product":
            code = code.str.zfill(key.level)
        name = code.replace_strict(words, default=None, return_dtype=pl.String)
        frame = frame.with_columns(name.alias(f"{column}_name"), code.alias(column))
    return frame


def _words(call: Call, column: str) -> dict[str, str]:
    lang, reporter = call.arguments.lang, call.arguments.reporter
    if column == "province":
        return vocab.names(column, lang, reporter)
    return vocab.names(column, lang)
