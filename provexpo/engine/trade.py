"""`Trade`: a read-only, pinned snapshot of a store, which every metric is asked of."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.errors import CoverageError, StoreError
from provexpo.ingest.rows import DIMENSIONS, Grain, Scope
from provexpo.periods import Span, Window, span_months
from provexpo.store.side import SIDE_SCHEMAS, read_side, side_text
from provexpo.store.snapshot import Snapshot, open_snapshot, utc_text
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.duckdb_engine import DuckEngine

# Tables that only `check` reads: year-to-date columns repeat what the months hold.
CHECK_ONLY = "_ytd"
_CODES_SHOWN = 5


class Trade:
    """A store as one load left it. Nothing that happens to the store later changes it."""

    def __init__(self, snapshot: Snapshot, *, is_sample: bool = False) -> None:
        self._snapshot = snapshot
        self.is_sample = is_sample  # the store behind `pe.sample()`, which lies in a cache
        self._side: dict[str, pl.DataFrame] = {}

    def __repr__(self) -> str:
        s = self._snapshot
        label = " (illustrative sample, not data)" if s.illustrative else ""
        return (
            f"<Trade {s.place.name} load {s.load}{' as of ' + s.as_of if s.as_of else ''}{label}>"
        )

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    @property
    def illustrative(self) -> bool:
        return self._snapshot.illustrative

    @property
    def load(self) -> int:
        return self._snapshot.load

    @property
    def as_of(self) -> str | None:
        return self._snapshot.as_of

    @cached_property
    def engine(self) -> DuckEngine:
        from provexpo.engine.duckdb_engine import DuckEngine

        return DuckEngine([*self._snapshot.files("flows"), *self._snapshot.files("history")])

    @cached_property
    def _tables(self) -> dict[tuple[str, str, str], tuple[Scope, ...]]:
        found: dict[tuple[str, str, str], list[Scope]] = {}
        for scope in self._snapshot.scopes:
            found.setdefault((scope.grain.id, scope.flow, scope.currency), []).append(scope)
        return {key: tuple(scopes) for key, scopes in found.items()}

    def scopes(self, grain: str, flow: str, currency: str) -> tuple[Scope, ...]:
        """What the files of one table cover, for one flow and currency."""
        return self._tables.get((grain, flow, currency), ())

    def grains(self, flow: str, *, reporter: str = "CHN", checks: bool = False) -> list[Grain]:
        """The tables that hold a flow of a reporter (year-to-date ones only for checks)."""
        found = {
            scopes[0].grain.id: scopes[0].grain
            for (_, f, _), scopes in self._tables.items()
            if f == flow
            and scopes[0].grain.reporter == reporter
            and (checks or not scopes[0].grain.source.endswith(CHECK_ONLY))
        }
        return [found[k] for k in sorted(found)]

    def currencies(self, grain: str, flow: str) -> list[str]:
        return sorted({c for (g, f, c) in self._tables if g == grain and f == flow})

    def flows(self, reporter: str = "CHN") -> list[str]:
        return sorted(
            {f for (_, f, _), s in self._tables.items() if s[0].grain.reporter == reporter}
        )

    def side(self, name: str) -> pl.DataFrame:
        """The current rows of a side table: tariffs, gdp or fx, as published by `as_of`.

        A store that holds none gives an empty frame with the table's columns.
        """
        if name not in SIDE_SCHEMAS:
            raise StoreError(f"there is no side table {name!r}", expected=", ".join(SIDE_SCHEMAS))
        if name not in self._side:
            self._side[name] = read_side(self._snapshot, name)
        return self._side[name]

    def side_coverage(self) -> list[dict[str, Any]]:
        """What each side table holds: rows, and what a reader asks of it first."""
        return [
            {"table": name, "rows": rows.height, "holds": side_text(name, rows)}
            for name in SIDE_SCHEMAS
            if (rows := self.side(name)).height
        ]

    def use_files(self, flow_currencies: set[tuple[str, str]]) -> None:
        """Point the engine's `flows` at the files of these flows and currencies."""
        s = self._snapshot
        current, history = [], []
        for flow, currency in sorted(flow_currencies):
            current += s.files("flows", flow=flow, currency=currency)
            if s.published_by is not None:
                history += s.files("history", flow=flow, currency=currency)
        self.engine.use(current, history, s.published_by)

    def latest_window(self, *, flow: str = "export", reporter: str = "CHN") -> Window:
        """January to the newest month held, of that month's year.

        Where a month between is not held, the window starts after it.
        """
        grains = self.grains("export" if flow == "total" else flow, reporter=reporter)
        ids = {g.id for g in grains}
        broken_down = {g.id for g in grains if g.province and g.partner} or {
            g.id for g in grains if g.partner
        }
        use = broken_down or ids
        spans: set[Span] = {
            span
            for (g, _, _), scopes in self._tables.items()
            if g in use
            for s in scopes
            for span in s.spans
        }
        if not spans:
            self.refuse_empty(flow, reporter)
        held = {m for s in spans for m in span_months(s)}
        last = first = max(held)
        while first % 100 > 1 and first - 1 in held:
            first -= 1
        return Window(first, last)

    def refuse_empty(self, flow: str, reporter: str, *, both: bool = False) -> None:
        """Say what the store holds instead of what was asked for (`both`: of both flows)."""
        held = ", ".join(self.flows(reporter))
        others = sorted({s[0].grain.reporter for s in self._tables.values()} - {reporter})
        what = f"the store holds no {flow}s of reporter {reporter}"
        if not self._tables and self._snapshot.loads:
            what = f"nothing that the store holds was published by {self.as_of}"
            if not any(load.scopes for load in self._snapshot.loads):
                what = "the store holds side tables only, and no trade"
        elsewhere = f"reporters {', '.join(others)}" if others else None
        do = f"load the files of {flow}s" if both else "pass flow= (--flow) as held"
        raise CoverageError(
            what if self._snapshot.loads else "the store is empty",
            where=str(self._snapshot.place),
            expected=f"it holds: {held}" if held else elsewhere,
            do=do if held else "see it with `provexpo show STORE`",
        )

    def coverage(self, *, lang: str = "en") -> list[dict[str, Any]]:
        """What every table covers: months with how we know, vintages, and the codes listed.

        `scopes` is a text in the language asked for; the other entries are the same in both.
        """
        rows = []
        for (grain, flow, currency), scopes in sorted(self._tables.items()):
            months: dict[int, str] = {}
            for scope in scopes:
                kind = "declared" if scope.is_declared else "found"
                for span in scope.spans:
                    for month in span_months(span):
                        word = "combined" if span[1] > 1 else kind
                        if months.get(month) not in ("declared", "found"):
                            months[month] = word
            rows.append(
                {
                    "table": grain,
                    "flow": flow,
                    "currency": currency,
                    "months": sorted(months.items()),
                    "vintage_first": utc_text(min(s.vintage for s in scopes)),
                    "vintage_last": utc_text(max(s.vintage for s in scopes)),
                    "scopes": phrase("join", lang).join(_extents(scopes, lang)),
                }
            )
        return rows


def _extents(scopes: tuple[Scope, ...], lang: str) -> list[str]:
    gap, texts = phrase("names", lang), []
    for name in DIMENSIONS:
        kinds = {s.extent(name).kind for s in scopes}
        if kinds == {"absent"}:
            continue
        codes = sorted({c for s in scopes for c in s.extent(name).codes})
        said = [phrase(f"extent.{k}", lang) for k in ("assumed", "declared") if k in kinds]
        if len(codes) > _CODES_SHOWN:
            said.append(phrase("extent.listed", lang, count=len(codes)))
        elif codes:
            said.append(gap.join(codes))
        dimension = phrase(f"dimension.{name}", lang)
        texts.append(phrase("extent", lang, dimension=dimension, held=gap.join(said)))
    return texts


def open(path: str | Path, *, version: int | None = None, as_of: str | None = None) -> Trade:
    """Open a store for reading.

    Parameters
    ----------
    path : the store's folder.
    version : the number of a load; the store as that load left it. Default: the newest.
    as_of : a date; figures as published by the end of that day, whatever was loaded later.

    Returns
    -------
    Trade, a read-only snapshot that later loads do not change.

    Raises
    ------
    StoreError if there is no store at `path` or it has no such load.

    Examples
    --------
    >>> import provexpo as pe
    >>> trade = pe.open("desk", as_of="2025-08-31")  # doctest: +SKIP
    """
    if version is not None and (not isinstance(version, int) or version < 1):
        raise StoreError(
            f"version={version!r} is not the number of a load",
            expected="a whole number from 1, as `provexpo show` lists them",
        )
    return Trade(open_snapshot(path, version=version, as_of=as_of))
