"""A frame with its units, its caveats and the evidence of where it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from provexpo.errors import QueryError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas
    import polars as pl


@dataclass(frozen=True)
class Caveat:
    """Something a reader must know before quoting a figure; `rows` counts the rows it touches."""

    code: str
    text: str
    rows: int | None = None


@dataclass(frozen=True)
class Receipt:
    """Where a result comes from, enough to compute it again. Round-trips through JSON.

    `call` is the metric and its arguments, `sql` and `params` the statement that ran, `tables`
    the grain (one per flow) each figure was read from, `vintages` its oldest and newest
    publication date; `more` further statements that the metric read, where one does not do.
    """

    store: str
    load: int
    as_of: str | None
    illustrative: bool
    metric: str
    call: dict[str, Any]
    tables: dict[str, str]
    vintages: tuple[str, str] | None
    currency: str
    window: str
    base_window: str | None
    scope: tuple[str, ...]
    sql: str
    params: dict[str, Any]
    method: str
    provexpo: str
    more: tuple[dict[str, Any], ...] = ()  # further statements: name, sql, params

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2)

    @staticmethod
    def from_json(text: str | Mapping[str, Any]) -> Receipt:
        """Read a receipt back, from its JSON text or the object in `--format json`."""
        try:
            fields = dict(json.loads(text) if isinstance(text, str) else text)
            vintages = fields.get("vintages")
            fields["vintages"] = tuple(vintages) if vintages else None
            fields["scope"] = tuple(fields.get("scope", ()))
            fields["more"] = tuple(fields.get("more", ()))
            return Receipt(**fields)
        except (TypeError, ValueError) as err:
            raise QueryError(
                f"this is not a receipt: {err}",
                expected="the JSON that Receipt.to_json() or --format json gives",
            ) from err


@dataclass(frozen=True)
class Result:
    """What every metric returns.

    `frame` is tidy, without total rows; fractions stay fractions. `units` says the unit of every
    column. The same columns come for 0 rows or 10,000.
    """

    frame: pl.DataFrame
    units: dict[str, str]
    receipt: Receipt
    caveats: tuple[Caveat, ...] = ()
    title: str = ""
    lang: str = "en"
    definition: str = field(default="", repr=False)

    @property
    def sql(self) -> str:
        return self.receipt.sql

    @property
    def params(self) -> dict[str, Any]:
        return self.receipt.params

    def with_caveat(self, *caveats: Caveat) -> Result:
        return replace(self, caveats=(*self.caveats, *caveats))

    def explain(self) -> str:
        """The definition, the steps and what the figures rest on, as text for a reader."""
        r = self.receipt
        tables = ", ".join(f"{flow}: {table}" for flow, table in r.tables.items())
        lines = [
            self.title,
            "",
            self.definition.strip(),
            "",
            f"Window {r.window}" + (f", compared with {r.base_window}" if r.base_window else ""),
            f"Currency {r.currency}; table {tables}; store load {r.load}"
            + (f", as of {r.as_of}" if r.as_of else ""),
            *(f"Note ({c.code}): {c.text}" for c in self.caveats),
            "",
            "The statement that ran:",
            r.sql,
            *(f"\nAnd, for {m['name']}:\n{m['sql']}" for m in r.more),
        ]
        return "\n".join(lines)

    def to_pandas(self) -> pandas.DataFrame:
        """The frame as pandas; needs `pip install "provexpo[pandas]"`."""
        return import_module("provexpo.output.tables").to_pandas(self)

    def write(self, path: str | Path) -> Path:
        """Write to `.csv`, `.parquet`, `.xlsx`, `.json` or `.html`, by the name's ending."""
        return import_module("provexpo.output.tables").write(self, path)

    def chart(self, *, column: str | None = None, lang: str | None = None) -> Any:
        """The altair chart that fits: bars, a line by time, a scatter, a table of colours."""
        module = import_module("provexpo.briefing.charts.chart")
        return module.chart(self, column=column, lang=lang)

    def to_geo(self) -> Any:
        """The frame of a result by province as a GeoDataFrame, shapes in degrees."""
        return import_module("provexpo.maps.boundaries").to_geo(self)

    def _repr_html_(self) -> str:
        return import_module("provexpo.output.tables").to_html(self)
