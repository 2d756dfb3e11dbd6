"""Both legs of the rerouting signal, for the event and its placebo pairs, in one statement.

A month of a leg may belong to several windows (the base of one pair is the window of another), so
each month carries bits: one for every window that it tiles. Rows are summed once, conditionally by
these bits, to hub and product; only then are the legs joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from provexpo.engine.cells import prefix_test, shorter
from provexpo.engine.query import Answer
from provexpo.engine.steps import Step, statement
from provexpo.engine.tables import valid_codes
from provexpo.engine.trade import Trade
from provexpo.periods import Span, Window
from provexpo.signals.rerouting_frame import cells_of
from provexpo.signals.rerouting_legs import CURRENCY, Leg, Legs
from provexpo.signals.rerouting_windows import ENDS, Asked
from provexpo.vocab.families import by_member

SPECIAL = 98  # chapters 98 and 99 mean different things to different reporters


def read_cells(trade: Trade, legs: Legs, asked: Asked) -> tuple[pl.DataFrame, Answer]:
    """One row a pair, hub and product, in the columns of `rerouting_core.score`."""
    sql, params = _statement(legs, asked)
    flows = {("export", CURRENCY), ("import", CURRENCY)}
    trade.use_files(flows)
    wide = trade.engine.run(sql, params)
    answer = Answer(wide, sql, params)
    return cells_of(wide, legs, asked), answer


def _statement(legs: Legs, asked: Asked) -> tuple[str, dict[str, Any]]:
    params: dict[str, Any] = {
        "currency": CURRENCY, "hubs": list(legs.hubs),
        "lags": [asked.lags[h] for h in legs.hubs],
        "origin": legs.origin.reporter, "market": legs.market.reporter,
    }  # fmt: skip
    origin, market = asked.origin_windows(), asked.market_windows()
    steps = [
        Step("hub_list", "SELECT unnest(CAST($hubs AS VARCHAR[])) AS hub,"
             " unnest(CAST($lags AS BIGINT[])) AS lag"),
    ]  # fmt: skip
    for name, leg, windows, other in (
        ("origin", legs.origin, origin, "market"),
        ("market", legs.market, market, "origin"),
    ):
        steps += _leg_steps(name, leg, windows, other, legs, params)
    names = [f"v_{n}" for n, _ in market]
    sums = ", ".join(f"CAST(sum({n}) AS BIGINT) AS {n}" for n in names)
    steps.append(
        Step("world", f"SELECT product, {sums} FROM market_cells WHERE who <> $origin"
             " GROUP BY product")
    )  # fmt: skip
    if legs.exporters:
        steps += _exporter_steps(legs, origin, params)
    steps += _spine(legs, params)
    steps.append(Step("", _joined(legs, asked)))
    return statement(steps), params


def _spine(legs: Legs, params: dict[str, Any]) -> list[Step]:
    """Every hub and product that either leg holds, and the other codes of its family, so that
    what both legs are compared with is summed over all of them."""
    pairs = [(int(m), int(f.code)) for f in legs.all_families for m in f.members]
    params |= {"members": [m for m, _ in pairs], "families": [f for _, f in pairs]}
    held = "SELECT who AS hub, product FROM {leg}_cells WHERE who IN (SELECT hub FROM hub_list)"
    return [
        Step("members", "SELECT unnest(CAST($members AS BIGINT[])) AS product,"
             " unnest(CAST($families AS BIGINT[])) AS family"),
        Step("held", f"{held.format(leg='origin')}\nUNION\n{held.format(leg='market')}"),
        Step("spine", "SELECT hub, product FROM held\nUNION\n"
             "SELECT held.hub, others.product FROM held\n"
             "JOIN members ON members.product = held.product\n"
             "JOIN members AS others ON others.family = members.family"),
    ]  # fmt: skip


def _packed(leg: Leg, windows: Sequence[tuple[str, Window]]) -> list[int]:
    """bits, months (2 digits), period (6 digits) of every month that a window is tiled with."""
    bits: dict[Span, int] = {}
    for i, (_, window) in enumerate(windows):
        for span in leg.tiles(window) or ():
            bits[span] = bits.get(span, 0) | 1 << i
    return [b * 10**8 + months * 10**6 + period for (period, months), b in sorted(bits.items())]


def _leg_steps(
    name: str, leg: Leg, windows: Sequence[tuple[str, Window]], other: str, legs: Legs,
    params: dict[str, Any],
) -> list[Step]:  # fmt: skip
    params[f"{name}_months"] = _packed(leg, windows)
    params[f"{name}_table"] = leg.grain.id
    months = [w.first for _, w in windows] + [w.last for _, w in windows]
    params |= {f"{name}_first": min(months), f"{name}_last": max(months)}
    test, values = _product_test(leg, legs)
    params |= values
    flow = "export" if name == "origin" else "import"
    level = leg.grain.product_level
    sums = []
    for i, (n, _) in enumerate(windows):
        when = f"m.bits & {1 << i} <> 0"
        sums.append(f"CAST(sum(CASE WHEN {when} THEN f.value END) AS BIGINT) AS v_{n}")
        sums.append(f"CAST(sum(CASE WHEN {when} THEN f.quantity END) AS BIGINT) AS q_{n}")
    whole = (
        "min(f.unit) AS unit_first", "max(f.unit) AS unit_last",
        "CAST(count(*) - count(CASE WHEN f.unit IS NOT NULL THEN f.quantity END) AS BIGINT)"
        " AS lacking",
    )  # fmt: skip
    columns = ",\n  ".join([*sums, *whole])
    who = (
        f"CASE WHEN h.hub IS NOT NULL THEN f.partner WHEN f.partner = ${other} THEN f.partner"
        " ELSE '' END"
    )
    product = shorter("f.product", level, legs.level)
    return [
        Step(f"{name}_months", _UNPACKED.format(name=name)),
        Step(
            f"{name}_cells",
            f"SELECT {who} AS who, {product} AS product,\n  {columns}\nFROM flows AS f\n"
            f"JOIN {name}_months AS m ON f.period = m.period AND f.months = m.months\n"
            "LEFT JOIN hub_list AS h ON f.partner = h.hub\n"
            f"WHERE f.flow = '{flow}' AND f.grain = ${name}_table AND f.currency = $currency\n"
            f"  AND f.period BETWEEN ${name}_first AND ${name}_last\n  AND {test}\n"
            f"GROUP BY {who}, {product}",
        ),
    ]


_UNPACKED = (
    "SELECT code % 1000000 AS period, code // 1000000 % 100 AS months, code // 100000000 AS bits\n"
    "FROM (SELECT unnest(CAST(${name}_months AS BIGINT[])) AS code) AS packed"
)


def _product_test(leg: Leg, legs: Legs) -> tuple[str, dict[str, Any]]:
    """Chapters 98 and 99 are left out, and what no family of a selected code has. "Not X" is read
    when families are known, which differ between pairs (`rerouting_frame`)."""
    level = leg.grain.product_level
    ordinary = f"{shorter('f.product', level, 2)} < {SPECIAL}"
    s = legs.query.call.selections["product"]
    if s.codes is None or s.negate:
        return ordinary, {}
    member = by_member(legs.all_families)
    codes = [m for c in valid_codes(legs.query.call, "product")
             for m in (member[c].members if c in member else (c,))]  # fmt: skip
    name = f"product_{leg.reporter.lower()}"
    test, params = prefix_test(tuple(dict.fromkeys(codes)), level, name)
    return f"{ordinary} AND {test}", params


def _exporter_steps(
    legs: Legs, windows: Sequence[tuple[str, Window]], params: dict[str, Any]
) -> list[Step]:
    """What other reporters sell to the world without the market and the origin."""
    months: dict[int, int] = {}
    for i, (_, window) in enumerate(windows):
        for month in window.months:
            months[month] = months.get(month, 0) | 1 << i
    params["exporter_months"] = [b * 10**8 + 10**6 + period for period, b in sorted(months.items())]
    params["exporter_tables"] = [leg.grain.id for leg in legs.exporters]
    levels = sorted({leg.grain.product_level for leg in legs.exporters})
    cases = []
    for n in levels:
        params[f"exporter_tables_{n}"] = [
            leg.grain.id for leg in legs.exporters if leg.grain.product_level == n
        ]
        product = shorter("f.product", n, legs.level)
        cases.append(f"WHEN list_contains($exporter_tables_{n}, f.grain) THEN {product}")
    product = f"CASE {' '.join(cases)} END"
    names = [f"v_{n}" for n, _ in windows]
    sums = ",\n  ".join(
        f"CAST(sum(CASE WHEN m.bits & {1 << i} <> 0 THEN f.value END) AS BIGINT) AS {n}"
        for i, n in enumerate(names)
    )
    plain = ", ".join(f"CAST(sum({n}) AS BIGINT) AS {n}" for n in names)
    return [
        Step("exporter_months", _UNPACKED.format(name="exporter")),
        Step(
            "exporter_cells",
            f"SELECT f.reporter AS who, {product} AS product,\n  {sums}\nFROM flows AS f\n"
            "JOIN exporter_months AS m ON f.period = m.period AND f.months = m.months\n"
            "WHERE f.flow = 'export' AND f.currency = $currency"
            " AND list_contains($exporter_tables, f.grain)\n"
            "  AND f.partner <> $market AND f.partner <> $origin\n"
            f"GROUP BY f.reporter, {product}",
        ),
        Step(
            "exporter_world", f"SELECT product, {plain} FROM exporter_cells GROUP BY product"
        ),
    ]  # fmt: skip


def _joined(legs: Legs, asked: Asked) -> str:
    """Hub x product with all sums; a leg without a cell is zero here, and missing where its
    months are not covered (which is decided after the statement)."""
    columns = ["s.hub", "s.product", "h.lag"]
    for i, _ in enumerate(asked.pairs):
        for e in ENDS:
            n = f"{i}{e}"
            columns += [
                f"coalesce(a.v_{n}, 0) AS a_{n}", f"coalesce(c.v_{n}, 0) AS c_{n}",
                f"coalesce(o.v_{n}, 0) AS o_{n}", f"coalesce(a.q_{n}, 0) AS qa_{n}",
                f"{_at_lag(asked, 'u.v', n)} AS u_{n}", f"{_at_lag(asked, 'd.v', n)} AS d_{n}",
                f"{_at_lag(asked, 'w.v', n)} AS all_{n}", f"{_at_lag(asked, 'u.q', n)} AS qu_{n}",
            ]  # fmt: skip
            if legs.exporters:
                columns += [f"coalesce(x.v_{n}, 0) AS x_{n}", f"coalesce(y.v_{n}, 0) AS y_{n}"]
    for leg, alias in (("a", "a"), ("u", "u")):
        columns += [f"{alias}.{c} AS {leg}_{c}" for c in ("unit_first", "unit_last", "lacking")]
    exporters = (
        "\nLEFT JOIN exporter_cells AS x ON x.who = s.hub AND x.product = s.product"
        "\nLEFT JOIN exporter_world AS y ON y.product = s.product"
        if legs.exporters
        else ""
    )
    return (
        f"SELECT {', '.join(columns)}\nFROM spine AS s\nJOIN hub_list AS h ON h.hub = s.hub"
        "\nLEFT JOIN origin_cells AS a ON a.who = s.hub AND a.product = s.product"
        "\nLEFT JOIN origin_cells AS c ON c.who = '' AND c.product = s.product"
        "\nLEFT JOIN origin_cells AS o ON o.who = $market AND o.product = s.product"
        "\nLEFT JOIN market_cells AS u ON u.who = s.hub AND u.product = s.product"
        "\nLEFT JOIN market_cells AS d ON d.who = $origin AND d.product = s.product"
        f"\nLEFT JOIN world AS w ON w.product = s.product{exporters}"
        "\nORDER BY s.hub, s.product"
    )


def _at_lag(asked: Asked, column: str, name: str) -> str:
    """The sum over the window that belongs to the hub's lag."""
    cases = " ".join(f"WHEN {lag} THEN {column}_{name}_{lag}" for lag in asked.shifts)
    return f"coalesce(CASE h.lag {cases} END, 0)"
