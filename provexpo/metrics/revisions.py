"""How much figures changed after they were first published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from provexpo.engine.by import Key
from provexpo.engine.call import Arguments, Call, Words
from provexpo.engine.cells import raw_columns, table_test
from provexpo.engine.families import LOOKUP
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare
from provexpo.engine.steps import SLOTS, TILES, Step, named_in, pack_slot, pack_tile, statement
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.ingest.rows import KEY
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

DEFAULT_BY = ("month",)
# What tells the cells of one call apart: it reads one table and one currency a flow.
_KEY = tuple(k for k in KEY if k not in ("grain", "reporter", "currency"))
_CELL = ", ".join(_KEY)


def _spine(keys: Sequence[str], columns: str, where: str, held: bool, named: bool) -> str:
    """The points in time of each entity: those summed, or where a window is not covered (`held`)
    those ever traded, and the codes that were `named` one by one."""
    if not keys:
        return "SELECT slot, has_value FROM slots"
    names = ", ".join(f"k_{k} AS {k}" for k in keys) if held else ", ".join(keys)
    source = f"(SELECT {columns} FROM flows AS f WHERE {where}) AS e" if held else "summed"
    each = "".join(f"e.{k}, " for k in keys)
    also = "\n  UNION SELECT unnest(CAST($named AS VARCHAR[]))" if named else ""
    return (
        f"SELECT {each}s.slot, s.has_value\n"
        f"FROM (SELECT DISTINCT {names} FROM {source}{also}) AS e CROSS JOIN slots AS s"
    )


def steps(
    keys: Sequence[str], columns: str, where: str, *, held: bool, named: bool = False
) -> tuple[Step, ...]:
    """The statement's steps: `keys` are those of the frame without time, `columns` make them
    from `f`, `where` is the call's selection; `held` and `named` as in `_spine`."""
    frame = ", ".join([*keys, "slot"])
    same = " AND ".join(
        f"a.{k} IS NOT DISTINCT FROM b.{k}" for k in _KEY if k not in ("period", "months")
    )
    return (
        TILES,
        SLOTS,
        # Every entry of each cell, as published: a figure, or without one a stated absence.
        Step(
            "entries",
            f"""
            SELECT {", ".join(f"f.{k}" for k in _KEY)}, f.value, f.vintage, {columns},
              row_number() OVER (PARTITION BY {", ".join(f"f.{k}" for k in _KEY)}
                ORDER BY f.vintage DESC, f.value IS NULL, f.load DESC) AS from_newest,
              row_number() OVER (PARTITION BY {", ".join(f"f.{k}" for k in _KEY)}
                ORDER BY f.value IS NULL, f.vintage, f.load) AS from_oldest
            FROM flows AS f
            WHERE {where}
              AND f.vintage <= $published_by
              AND f.period IN (SELECT period FROM tiles)
            """,
        ),
        Step(
            "cells",
            f"""
            SELECT {_CELL}{"".join(f", k_{k}" for k in keys)},
              CAST(max(CASE WHEN from_oldest = 1 THEN value END) AS BIGINT) AS first,
              CAST(coalesce(max(CASE WHEN from_newest = 1 THEN value END), 0) AS BIGINT) AS latest,
              min(vintage) < max(vintage) AS is_again
            FROM entries
            GROUP BY {_CELL}{"".join(f", k_{k}" for k in keys)}
            """,
        ),
        Step(
            "placed",
            """
            SELECT c.*, t.slot, t.is_base
            FROM cells AS c JOIN tiles AS t
              ON c.flow = t.flow AND c.period = t.period AND c.months = t.months
            """,
        ),
        # Growth as first published is that of the first figures of both months. A zero that was
        # published is no cell, as one that was not.
        Step(
            "compared",
            f"""
            SELECT a.*, b.first AS base_first, b.latest AS base_latest,
              CASE WHEN a.is_again THEN CAST(a.latest / nullif(a.first, 0) - 1
                AS DECIMAL(38, 12)) END AS rel
            FROM (SELECT * FROM placed WHERE is_base = 0 AND (first <> 0 OR latest <> 0)) AS a
            LEFT JOIN (SELECT * FROM placed WHERE is_base = 1) AS b
              ON a.slot = b.slot AND a.months = b.months AND a.period - $lag = b.period AND {same}
            """,
        ),
        Step(
            "summed",
            f"""
            SELECT {"".join(f"k_{k} AS {k}, " for k in keys)}slot,
              CAST(sum(latest) AS BIGINT) AS value, CAST(sum(first) AS BIGINT) AS first_value,
              count(*) AS n_cells, count(CASE WHEN is_again THEN 1 END) AS n_again,
              count(CASE WHEN is_again AND latest <> first THEN 1 END) AS n_revised,
              CAST(sum(rel) AS DOUBLE) / nullif(count(rel), 0) AS mr,
              CAST(sum(abs(rel)) AS DOUBLE) / nullif(count(rel), 0) AS mar,
              sum(CASE WHEN is_again THEN abs(latest - first) END)
                / nullif(sum(CASE WHEN is_again THEN first END), 0) AS wmar,
              count(CASE WHEN is_again AND base_first IS NOT NULL
                AND sign(first - base_first) * sign(latest - base_latest) < 0 THEN 1 END)
                AS sign_changes
            FROM compared
            GROUP BY {"".join(f"k_{k}, " for k in keys)}slot
            """,
        ),
        # Every point in time has a row for every entity; one that is not covered says so.
        Step("spine", _spine(keys, columns, where, held, named)),
        Step(
            "revisions",
            f"""
            SELECT {"".join(f"s.{k}, " for k in keys)}s.slot,
              CASE WHEN s.has_value THEN coalesce(r.value, 0) END AS value,
              CASE WHEN s.has_value THEN coalesce(r.first_value, 0) END AS first_value,
              r.mr, r.mar, r.wmar,
              CASE WHEN r.n_again > 0 THEN r.sign_changes END AS sign_changes,
              CASE WHEN s.has_value THEN coalesce(r.n_cells, 0) END AS n_cells,
              CASE WHEN s.has_value THEN coalesce(r.n_again, 0) END AS n_again,
              CASE WHEN s.has_value THEN coalesce(r.n_revised, 0) END AS n_revised,
              CASE WHEN NOT s.has_value THEN 'missing' WHEN r.n_cells IS NULL THEN 'none'
                ELSE 'ok' END AS status
            FROM spine AS s LEFT JOIN summed AS r
              ON s.slot = r.slot AND s.has_value
              {"".join(f" AND s.{k} IS NOT DISTINCT FROM r.{k}" for k in keys)}
            """,
        ),
        Step(
            "", f"SELECT * FROM revisions ORDER BY {', '.join(['slot', *frame.split(', ')[:-1]])}"
        ),
    )


UNITS = {
    "value": "currency",
    "first_value": "currency",
    "mr": "fraction",
    "mar": "fraction",
    "wmar": "fraction",
    "sign_changes": "count",
    "n_cells": "count",
    "n_again": "count",
    "n_revised": "count",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def revisions(
    trade: Trade,
    *,
    during: str | Window | None = None,
    province: Words = None,
    partner: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return how far the figures in force are from those first published.

    For each cell of the table (as finely as it is published), p is its figure in the oldest
    publication held, f the one in force, and rel = f / p - 1. Over the cells that were published
    at least twice: mr = mean of rel (bias), mar = mean of abs(rel), wmar = sum abs(f - p) / sum p,
    and sign_changes counts those whose growth on the year before changed its sign, the growth
    being that of the first figures of both months, or of both figures in force.

    Parameters
    ----------
    trade : Trade
        Opened with ``as_of``, only what was published by that date counts.
    by : str or list, optional
        Default ``month``; keys that group codes (regions, sectors, partner groups) are not taken.
    during, province, partner, product, regime, flow, reporter, currency, table, lang
        As in ``value``.

    Returns
    -------
    Result
        value (in force), first_value (of the same cells as first published) [currency], mr, mar,
        wmar [fraction], sign_changes, n_cells, n_again (published at least twice), n_revised
        (with another figure) [cells], status, reason.

    Raises
    ------
    CallError for keys that group codes.

    Notes
    -----
    NULL rule: without a cell that was published twice, mr, mar, wmar and sign_changes are NULL:
    nothing can be said, which is not the same as no revision. A cell that a later publication
    states as absent has f = 0. A cell first published late has that as its p; a cell whose p is 0
    has no rel and counts in wmar alone. What a store knows are the files that were loaded: a
    revision between two downloads that were not kept is not seen.

    References
    ----------
    OECD (2007), Data and Metadata Reporting and Presentation Handbook: revisions analysis.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.revisions(pe.sample(), during="2025-06/2025-07")
    >>> r.frame["n_revised"].to_list(), r.frame["mar"].to_list()  # published once each
    ([0, 0], [None, None])
    """
    arguments = Arguments(
        "revisions", during, None, reporter, flow, province, partner, product, regime, by,
        currency, None, table, lang,
    )  # fmt: skip
    query = prepare(trade, arguments, default_by=DEFAULT_BY)
    for key in query.call.entity_keys:
        if key.lookup not in ("", LOOKUP):  # families are no groups: revisions are of codes
            raise CallError(
                f"revisions cannot be broken down by {key.text}",
                where="by=",
                expected="month, quarter, year, province, partner, product:HS..., regime",
            )
    answer = _run(query)
    form = Form("revisions", "revisions", "7", revisions.__doc__ or "", UNITS)
    caveats = []
    once = answer.frame["n_again"].sum() == 0 and answer.frame["n_cells"].sum() > 0
    if once:
        caveats.append(Caveat("one_vintage", phrase("revisions.one_vintage", lang)))
    return finish(query, answer, form, summed=summed_over(query), caveats=caveats)


def _run(query: Query) -> Answer:
    """Over the figures in force and all those that they replaced."""
    call, trade = query.call, query.trade
    keys = [k.column for k in call.entity_keys]
    columns = ", ".join(f"{sql} AS k_{_column(call.entity_keys, raw)}"
                        for raw, sql in raw_columns(call, query.chosen))  # fmt: skip
    where, params = table_test(call, query.chosen, query.currency, ())
    uncovered = any(now.tiles is None for now, _ in query.slots)
    named = _named(call)
    sql = statement(steps(keys, columns or "1 AS one", where, held=uncovered, named=bool(named)))
    snapshot = trade.snapshot
    bound: dict[str, Any] = {
        **params, **_tiles(query),
        "published_by": snapshot.published_by or 2**62,
        "named": named,
        "lag": call.window.first - call.base.first if call.base else 100,
    }  # fmt: skip
    files = [
        path
        for flow in sorted(query.chosen)
        for table in ("flows", "history")
        for path in snapshot.files(table, flow=flow, currency=query.currency)
    ]
    trade.engine.use(files)
    used = named_in(sql, bound)
    return Answer(trade.engine.run(sql, used), sql, used)


def _named(call: Call) -> list[str]:
    """The codes that were asked for one by one, where they are the rows."""
    keys = call.entity_keys
    if len(keys) != 1 or keys[0].dimension == "product":
        return []
    chosen = call.selections[keys[0].dimension]
    return [] if chosen.negate else sorted(chosen.exact)


def _column(keys: Sequence[Key], raw: str) -> str:
    return next(k.column for k in keys if k.raw == raw)


def _tiles(query: Query) -> dict[str, list[int]]:
    """The rows that are read for each point in time, and for its base."""
    tiles, slots = [], []
    for now, base in query.slots:
        slot = now.window.first
        slots.append(pack_slot(slot, now.tiles is not None, base.tiles is not None))
        for cover, is_base in ((now, False), (base, True)):
            for choice in query.chosen.values() if cover.tiles is not None else ():
                for period, months in choice.coverage.slot(cover.window).tiles or ():
                    tiles.append(pack_tile(choice.flow, slot, is_base, period, months))
    return {"tiles": tiles, "slots": slots}
