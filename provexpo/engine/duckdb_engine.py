"""The only file that knows DuckDB: a locked-down connection over a snapshot's files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import polars as pl

from provexpo.errors import QueryError
from provexpo.ingest.rows import KEY

_COLUMNS = (
    "reporter, flow, period, months, province, partner, partner_code, product, regime, currency,"
    " value, quantity, unit, quantity2, unit2, grain, vintage, load"
)
_HIVE = "hive_partitioning = true, hive_types = {flow: VARCHAR, currency: VARCHAR, year: INTEGER}"


class DuckEngine:
    """Runs statements over the Parquet files that it was given, and over no others."""

    def __init__(self, files: Sequence[str]) -> None:
        self._con = duckdb.connect(":memory:")
        self._con.execute("SET python_enable_replacements = false")
        # In this order: once external access is off, the list of allowed files cannot grow.
        if files:
            self._con.execute("SET allowed_paths = $files", {"files": list(files)})
        self._con.execute("SET enable_external_access = false")
        self._view: tuple[Any, ...] | None = None
        self._lookups: dict[str, pl.DataFrame] = {}
        self._answers: dict[tuple[Any, ...], tuple[pl.DataFrame, list[pl.DataFrame]]] | None = None

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Within it, a statement asked for again is not run again: a briefing asks for every
        figure once a language, and the snapshot does not change."""
        outer = self._answers
        self._answers = {} if outer is None else outer
        try:
            yield
        finally:
            self._answers = outer

    def use(
        self,
        current: Sequence[str],
        history: Sequence[str] = (),
        published_by: int | None = None,
    ) -> None:
        """Let `flows` be these files; with a date, the newest figure published by then."""
        view = (tuple(current), tuple(history), published_by)
        if view == self._view:
            return
        try:
            self._con.execute(f"CREATE OR REPLACE VIEW flows AS {_flows_sql(*view)}")
        except duckdb.Error as err:
            raise QueryError(
                "a file of the store cannot be read",
                where=str(err).splitlines()[0],
                do="restore the store's folder from a backup, or load the files into a new store",
            ) from err
        self._view = view

    def lookup(self, name: str, frame: pl.DataFrame) -> None:
        """Make a small table of the vocabulary available under a fixed name."""
        if self._lookups.get(name) is not frame:
            self._con.register(name, _ArrowOnly(frame))
            self._lookups[name] = frame

    def run(self, sql: str, params: Mapping[str, Any]) -> pl.DataFrame:
        """Run one statement with the values it names."""
        if self._answers is None:
            return self._run(sql, params)
        tables = [(n, t) for n, t in sorted(self._lookups.items()) if n in sql]
        key = (self._view, sql, repr(sorted(params.items())), tuple((n, id(t)) for n, t in tables))
        if key not in self._answers:
            # The tables are kept with the answer: an id must not come to mean another one.
            self._answers[key] = self._run(sql, params), [t for _, t in tables]
        return self._answers[key][0]

    def _run(self, sql: str, params: Mapping[str, Any]) -> pl.DataFrame:
        try:
            relation = self._con.sql(sql, params=dict(params) or None)
            return pl.DataFrame(relation)
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as err:
            raise QueryError(
                "a sum is larger than a 64-bit integer holds",
                expected="values in whole currency units",
                do="check the unit in the column map: it may multiply twice",
            ) from err
        except duckdb.Error as err:
            raise QueryError(
                f"the statement failed: {str(err).splitlines()[0]}",
                where=f"{sql.splitlines()[0]} ...",
                do="if a file of the store is damaged, restore the folder from a backup",
            ) from err


class _ArrowOnly:
    """A polars frame behind the one interface DuckDB reads without pyarrow."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def _read(files: Sequence[str]) -> str:
    listed = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    return f"SELECT {_COLUMNS} FROM read_parquet([{listed}], {_HIVE})"


def _flows_sql(current: tuple[str, ...], history: tuple[str, ...], published_by: int | None) -> str:
    """The text of the view. File names come from the store itself, never from a caller."""
    parts = [_read(f) for f in (current, history) if f]
    if not parts:
        return _empty()
    if published_by is None:
        return parts[0] if current else _empty()
    union = " UNION ALL ".join(parts)
    return (
        f"SELECT * FROM (SELECT * FROM ({union}) AS entries WHERE vintage <= {int(published_by)}"
        f" QUALIFY row_number() OVER (PARTITION BY {', '.join(KEY)}"
        " ORDER BY vintage DESC, value IS NULL, load DESC) = 1) AS newest WHERE value IS NOT NULL"
    )


def _empty() -> str:
    """A view without rows: `read_parquet([])` would be an error."""
    types = {
        "period": "INTEGER", "months": "TINYINT", "product": "BIGINT", "value": "BIGINT",
        "quantity": "BIGINT", "quantity2": "BIGINT", "vintage": "BIGINT", "load": "BIGINT",
    }  # fmt: skip
    cast = ", ".join(
        f"CAST(NULL AS {types.get(c.strip(), 'VARCHAR')}) AS {c.strip()}"
        for c in _COLUMNS.split(",")
    )
    return f"SELECT {cast} WHERE false"
