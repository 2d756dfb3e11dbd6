"""From `flows` to one row a key: the SQL that every metric starts with.

tiles -> cells (sums by the columns of `flows`) -> grouped (small tables joined after the sum)
-> sums (zero where covered, NULL where not).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provexpo.engine.by import Key
from provexpo.engine.call import Call
from provexpo.engine.steps import SLOTS, TILES, Step
from provexpo.engine.tables import Chosen, valid_codes
from provexpo.ingest.rows import DIMENSIONS


@dataclass(frozen=True)
class Measure:
    """A sum over the cells of a key: `what` is summed where `when` holds (SQL over `f`).

    `whole`: a cell in which `what` is missing makes the sum missing, instead of being left out.
    `compared`: it is summed over the base window as well, as `base_` and its name.
    """

    name: str
    when: str = ""
    what: str = "f.value"
    whole: bool = False
    compared: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, f"base_{self.name}") if self.compared else (self.name,)


def prefix_test(codes: Sequence[str], level: int, name: str) -> tuple[str, dict[str, Any]]:
    """SQL for "the product starts with one of these codes", for a table of `level` digits."""
    by_length: dict[int, list[int]] = {}
    for code in codes:
        by_length.setdefault(len(code), []).append(int(code))
    tests, params = [], {}
    for digits, found in sorted(by_length.items()):
        if digits > level:
            continue
        params[f"{name}_hs{digits}"] = found
        column = shorter("f.product", level, digits)
        tests.append(f"{column} IN (SELECT unnest(CAST(${name}_hs{digits} AS BIGINT[])))")
    return ("(" + " OR ".join(tests) + ")" if tests else "false"), params


def shorter(column: str, level: int, digits: int) -> str:
    """The first `digits` digits of a product code stored as a whole number of `level` digits."""
    return column if level == digits else f"{column} // {10 ** (level - digits)}"


def selection_test(call: Call, dimension: str, level: int) -> tuple[str, dict[str, Any]]:
    """SQL for a selection in one dimension; "true" where everything is selected."""
    s = call.selections[dimension]
    if s.codes is None:
        return "true", {}
    if dimension == "product":
        test, params = prefix_test(valid_codes(call, "product"), level, "product")
    else:
        test, params = f"list_contains(${dimension}, f.{dimension})", {dimension: list(s.codes)}
    return (f"NOT {test}" if s.negate else test), params


@dataclass(frozen=True)
class Cells:
    """The common steps of one call, with the values they bind."""

    steps: tuple[Step, ...]
    params: dict[str, Any]


def table_test(
    call: Call, chosen: dict[str, Chosen], currency: str, deferred: Sequence[str]
) -> tuple[str, dict[str, Any]]:
    """The WHERE of a call: one table a flow, and the selections not left for later."""
    params: dict[str, Any] = {"currency": currency}
    each = []
    for flow, choice in chosen.items():
        params[f"table_{flow}"] = choice.grain.id
        # The engine reads the files of this currency only; the test makes the statement say so.
        tests = [f"f.flow = '{flow}'", f"f.grain = $table_{flow}", "f.currency = $currency"]
        for dimension in DIMENSIONS:
            if dimension in deferred or call.selections[dimension].codes is None:
                continue
            test, values = selection_test(call, dimension, choice.grain.product_level)
            tests.append(test)
            params.update(values)
        each.append(" AND ".join(tests))
    if len(each) == 1:
        return each[0], params
    return "(" + " OR ".join(f"({t})" for t in each) + ")", params


def per_flow(levels: Mapping[str, int], digits: int) -> str:
    """The first `digits` digits of the product, from tables that may differ in product level."""
    exprs = {flow: shorter("f.product", n, digits) for flow, n in levels.items()}
    if len(set(exprs.values())) == 1:
        return next(iter(exprs.values()))
    return f"CASE f.flow WHEN 'export' THEN {exprs['export']} ELSE {exprs['import']} END"


def raw_columns(call: Call, chosen: dict[str, Chosen]) -> list[tuple[str, str]]:
    """(name, SQL over `f`) of the columns that cells are summed by, before lookups are joined."""
    columns: dict[str, str] = {}
    levels = {flow: c.grain.product_level for flow, c in chosen.items()}
    for key in call.cell_keys:
        if key.dimension == "product":
            columns[key.raw] = per_flow(levels, key.level)
        else:
            columns[key.raw] = f"f.{key.dimension}"
    return list(columns.items())


def build(
    call: Call,
    chosen: dict[str, Chosen],
    currency: str,
    measures: Sequence[Measure],
    *,
    deferred: Sequence[str] = (),
    plain: bool = False,
    spine_from_all: bool = False,
    steady: Mapping[tuple[str, bool], frozenset[str]] | None = None,
) -> Cells:
    """The steps tiles, slots, cells (, grouped, entities), sums."""
    where, params = table_test(call, chosen, currency, deferred)
    raw = raw_columns(call, chosen)
    keys = [k.column for k in call.cell_keys]
    if plain:
        steps = [SLOTS, _plain_cells(raw, measures, where)]
    else:
        steps = [TILES, SLOTS, _cells(raw, measures, where)]
    source = "cells"
    if any(k.lookup for k in call.cell_keys):
        steps.append(Step("grouped", _grouped(call, "cells", measures)))
        source = "grouped"
    shown, shown_params = _shown_codes(call)
    level = min(c.grain.product_level for c in chosen.values())
    spined = not keys or call.time_key or spine_from_all or shown
    held, held_params = _held_tests(steady or {}, level, "e" if spined else "c")
    params.update({**shown_params, **held_params})
    if spined:
        entities = _entities(call, raw, source, where, shown, spine_from_all)
        steps += [Step("entities", entities), Step("sums", _spined(keys, source, measures, held))]
    else:
        steps.append(Step("sums", _plain(keys, source, measures, held)))
    return Cells(tuple(steps), params)


def _list(*parts: str) -> str:
    return ", ".join(p for p in parts if p)


def _sums(measures: Sequence[Measure], now: str, base: str) -> list[str]:
    """The sums of each measure over the window and over its base."""
    sums = []
    for m in measures:
        for name, test in zip(m.names, (now, base)):
            when = test + (f" AND {m.when}" if m.when else "")
            total = f"sum(CASE WHEN {when} THEN {m.what} END)"
            if m.whole:
                lacking = f"count(CASE WHEN {when} AND {m.what} IS NULL THEN 1 END)"
                total = f"CASE WHEN {lacking} = 0 THEN coalesce({total}, 0) END"
            sums.append(f"CAST({total} AS BIGINT) AS {name}")
    return sums


def _cells(raw: list[tuple[str, str]], measures: Sequence[Measure], where: str) -> Step:
    """Rows matched with the tiles: for time keys, and where combined months stand in."""
    columns = _list(*(f"{sql} AS {name}" for name, sql in raw), "t.slot")
    groups = _list(*(sql for _, sql in raw), "t.slot")
    body = ",\n  ".join([columns, *_sums(measures, "t.is_base = 0", "t.is_base = 1")])
    return Step(
        "cells",
        f"SELECT {body}\nFROM flows AS f\nJOIN tiles AS t"
        " ON f.flow = t.flow AND f.period = t.period AND f.months = t.months"
        f"\nWHERE {where}\n  AND f.period BETWEEN $first AND $last\nGROUP BY {groups}",
    )


def _plain_cells(raw: list[tuple[str, str]], measures: Sequence[Measure], where: str) -> Step:
    """The same for one window of single months: two ranges of months say it, without a join."""
    now, base = (f"f.period BETWEEN ${n}_first AND ${n}_last" for n in ("now", "base"))
    columns = _list(*(f"{sql} AS {name}" for name, sql in raw), "CAST($slot AS BIGINT) AS slot")
    groups = "".join(f"\nGROUP BY {_list(*(sql for _, sql in raw))}" if raw else "")
    body = ",\n  ".join([columns, *_sums(measures, now, base)])
    return Step(
        "cells",
        f"SELECT {body}\nFROM flows AS f\nWHERE {where}\n  AND f.months = 1"
        f" AND ({now} OR {base}){groups}",
    )


def _joins(call: Call) -> str:
    on = {
        "places": "province", "chapters": "hs2", "partner_groups": "partner",
        "families": "product",
    }  # fmt: skip
    used = dict.fromkeys(k.lookup for k in call.cell_keys if k.lookup)
    return "".join(f"\nLEFT JOIN {name} USING ({on[name]})" for name in used)


def _grouped(call: Call, source: str, measures: Sequence[Measure]) -> str:
    keys = _list(*(_as(k) for k in call.cell_keys), "slot")
    groups = _list(*(k.shown for k in call.cell_keys), "slot")
    sums = []
    for m in measures:
        for name in m.names:
            total = f"sum({name})"
            if m.whole:
                total = f"CASE WHEN count(*) = count({name}) THEN {total} END"
            sums.append(f"CAST({total} AS BIGINT) AS {name}")
    columns = ",\n  ".join([keys, *sums])
    return f"SELECT {columns}\nFROM {source}{_joins(call)}\nGROUP BY {groups}"


def _as(key: Key) -> str:
    return key.column if key.shown == key.column else f"{key.shown} AS {key.column}"


def _shown_codes(call: Call) -> tuple[str, dict[str, Any]]:
    """Codes that a user named one by one get a row even where nothing was traded."""
    keys = call.entity_keys
    by_group = any(k.lookup not in ("", "families") for k in keys)
    if call.inner or len(keys) != 1 or by_group or keys[0].dimension == "regime":
        return "", {}
    key, chosen = keys[0], call.selections[keys[0].dimension]
    codes = [] if chosen.negate else list(chosen.exact)
    if key.dimension == "product":
        codes = [c for c in codes if len(c) == key.level]
    if not codes:
        return "", {}
    if key.dimension == "product":
        numbers = [int(c) for c in dict.fromkeys(call.family_of.get(c, c) for c in codes)]
        return "SELECT unnest(CAST($shown AS BIGINT[])) AS product", {"shown": numbers}
    return f"SELECT unnest(CAST($shown AS VARCHAR[])) AS {key.column}", {"shown": codes}


def _entities(
    call: Call, raw: list[tuple[str, str]], source: str, where: str, shown: str, from_all: bool
) -> str:
    """Every key that gets a row: those traded in either window, or ever where a window is not
    covered, so that an uncovered window gives rows that say so."""
    keys = _list(*(k.column for k in call.cell_keys))
    if not keys:
        return "SELECT 1 AS nation"
    if from_all:
        columns = _list(*(f"{sql} AS {name}" for name, sql in raw))
        inner = f"SELECT DISTINCT {columns} FROM flows AS f WHERE {where}"
        named = _list(*(_as(k) for k in call.cell_keys))
        sql = f"SELECT DISTINCT {named}\nFROM ({inner}) AS held{_joins(call)}"
    else:
        sql = f"SELECT DISTINCT {keys} FROM {source}"
    return f"{sql}\nUNION {shown}" if shown else sql


def _held_tests(
    steady: Mapping[tuple[str, bool], frozenset[str]], level: int, alias: str
) -> tuple[tuple[str, str], dict[str, Any]]:
    """SQL that keeps to codes held throughout, where files list different ones."""
    tests, params = ["", ""], {}
    for (dimension, base), codes in steady.items():
        name = f"held_{dimension}{'_base' if base else ''}"
        if dimension == "product":
            test, values = prefix_test(sorted(codes), level, name)
            test = test.replace("f.product", f"{alias}.product")
            params.update(values)
        else:
            test = f"list_contains(${name}, {alias}.{dimension})"
            params[name] = sorted(codes)
        tests[int(base)] += f" AND {test}"
    return (tests[0], tests[1]), params


def _covered(measures: Sequence[Measure], held: tuple[str, str]) -> str:
    """Zero inside what is covered, NULL outside (methods 0.2)."""
    parts = []
    for m in measures:
        for name, flag, test in zip(m.names, ("has_value", "has_base"), held):
            zero = f"coalesce(c.{name}, 0)"
            if m.whole:  # NULL in a cell is missing; only no cell at all is zero
                zero = f"CASE WHEN c.slot IS NULL THEN 0 ELSE c.{name} END"
            parts.append(f"CASE WHEN s.{flag}{test} THEN {zero} END AS {name}")
    return ",\n  ".join(parts)


def _plain(keys: list[str], source: str, measures: Sequence[Measure], held: tuple[str, str]) -> str:
    columns = _list(*(f"c.{k}" for k in keys), "s.slot")
    return (
        f"SELECT {columns},\n  {_covered(measures, held)}"
        f"\nFROM {source} AS c\nJOIN slots AS s USING (slot)"
    )


def _spined(
    keys: list[str], source: str, measures: Sequence[Measure], held: tuple[str, str]
) -> str:
    columns = _list(*(f"e.{k}" for k in keys), "s.slot")
    same = "".join(f" AND e.{k} IS NOT DISTINCT FROM c.{k}" for k in keys)
    return (
        f"SELECT {columns},\n  {_covered(measures, held)}"
        "\nFROM entities AS e\nCROSS JOIN slots AS s"
        f"\nLEFT JOIN {source} AS c ON c.slot = s.slot{same}"
    )
