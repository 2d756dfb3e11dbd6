"""Small tables beside the cube: figures of other years and other reporters that statements need.

Each row of their seeds says whether it is published, derived or chosen; the names of the tables say
what they are. `docs/sample.md` lists them.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from provexpo.demo import tables
from provexpo.demo.files import VINTAGE, file_of, scope_of
from provexpo.demo.tables import FLOWS
from provexpo.ingest.rows import ROW_SCHEMA, Extent, FileRows, Grain

LAYOUT = "sample_table"
ILLUSTRATIVE = "illustrative sample, not data"
AUTOS, AUTOS_FOLD = "automobiles", 16  # C075: sixteen times 2020
US_CODE = "502"  # the United States in China's statistics


def build(cubes: Sequence[FileRows]) -> tuple[FileRows, ...]:
    """Return the small tables; those that continue the cube are summed from its rows."""
    dollars = pl.concat([f.rows.filter(pl.col("currency") == "USD") for f in cubes])
    return (*_stated(), _nation(dollars), _automobiles(dollars), *_us_imports())


def _grain(reporter: str, source: str, *, partner: bool, level: int = 0) -> Grain:
    return Grain(
        reporter, source, province=False, partner=partner, product_level=level, regime=False
    )


def _seconds(day: str) -> int:
    return calendar.timegm(datetime.date.fromisoformat(day).timetuple())


def _file(
    name: str, grain: Grain, rows: Iterable[dict[str, Any]], vintage: int, notes: tuple[str, ...],
    **extents: Extent,
) -> FileRows:  # fmt: skip
    """One file of one grain and one publication date, in dollars."""
    path = f"{grain.source}/{name}"
    same = {"reporter": grain.reporter, "currency": "USD", "grain": grain.id, "vintage": vintage}
    frame = pl.DataFrame([{**same, **r} for r in rows], schema=ROW_SCHEMA)
    scopes = []
    for (flow,), part in sorted(frame.group_by("flow")):
        spans = sorted(set(part.select("period", "months").iter_rows()))
        scopes.append(scope_of(grain, str(flow), "USD", spans, path, vintage=vintage, **extents))
    return file_of(path, LAYOUT, frame, tuple(scopes), notes, vintage=vintage)


def _stated() -> list[FileRows]:
    """The rows of `sample_published.csv`, a file for each table and publication date."""
    groups: dict[tuple[str, str, str, str], list[dict[str, str]]] = {}
    for r in tables.read("sample_published.csv"):
        key = (r["reporter"], r["table"], r["partner"], r["vintage"])
        groups.setdefault(key, []).append(r)
    out = []
    for (reporter, table, partner, day), found in groups.items():
        grain = _grain(reporter, table, partner=bool(partner))
        rows = [
            {"flow": flow, "period": int(r["period"]), "months": int(r["months"]),
             "partner": partner or None, "partner_code": _code(reporter, partner),
             "value": round(float(r[f"{flow}s_usd_million"]) * 1e6)}
            for r in found for flow in FLOWS if r[f"{flow}s_usd_million"]
        ]  # fmt: skip
        notes = tuple(dict.fromkeys(f"{r['period']}: {r['basis']}; {r['source']}" for r in found))
        name = f"{reporter}_{partner or 'nation'}_{day}"
        extent = Extent("declared_list", (partner,)) if partner else Extent("absent")
        out.append(_file(name, grain, rows, _seconds(day), notes, partner=extent))
    return out


def _code(reporter: str, partner: str) -> str | None:
    """China's own code of the United States; Taiwan's tables are taken to write ISO3."""
    return (US_CODE if reporter == "CHN" else partner) if partner else None


def _nation(dollars: pl.DataFrame) -> FileRows:
    """Years of the cube after the published ones, so that a record has its whole history."""
    period = pl.col("period")
    sums = (
        dollars.group_by("flow", year=period // 100)
        .agg(pl.col("value").sum(), period=period.max(), months=period.n_unique())
        .sort("flow", "year")
    )
    rows = sums.drop("year").to_dicts()
    note = "2022 and later: sums of the illustrative cube"
    grain = _grain("CHN", "published_annual", partner=False)
    return _file("CHN_nation_cube", grain, rows, VINTAGE, (ILLUSTRATIVE, note))


def _automobiles(dollars: pl.DataFrame) -> FileRows:
    """Motor vehicles to the EU: twelve months of the cube, and a 2020 chosen as a part of them."""
    members = tables.members("EU27")
    code = pl.col("product").cast(pl.String).str.zfill(8)
    sold = dollars.filter(
        (pl.col("flow") == "export")
        & pl.col("partner").is_in(members)
        & (pl.col("period") > 202411)
        & pl.any_horizontal([code.str.starts_with(p) for p in tables.basket(AUTOS)])
    )
    keys = ["partner", "partner_code", "product"]
    now = (
        sold.with_columns(product=pl.col("product") // 100)
        .group_by(keys).agg(pl.col("value").sum()).sort(keys)
    )  # fmt: skip
    rows = []
    for r in now.to_dicts():
        then = max(1, round(r["value"] / AUTOS_FOLD))
        for period, value in ((202012, then), (202511, r["value"])):
            rows.append({**r, "flow": "export", "period": period, "months": 12, "value": value})
    grain = _grain("CHN", "chosen_annual", partner=True, level=6)
    notes = (
        ILLUSTRATIVE,
        "motor vehicles to the EU: twelve months to 2025-11 summed from the cube;"
        " 2020 chosen as a sixteenth, only the multiple is published (C075)",
    )
    return _file(
        "CHN_automobiles_EU", grain, rows, VINTAGE, notes,
        partner=Extent("declared_list", members),
        product=Extent("declared_list", tables.every_prefix(AUTOS)),
    )  # fmt: skip


def _us_imports() -> list[FileRows]:
    """General imports of the United States by country: 2024 as counted, 2025 by growth rates."""
    growth: dict[str, float] = {}
    *named, rest = tables.read("sample_us_import_growth.csv")
    for r in named:
        growth.update(dict.fromkeys(tables.members(r["partners"]), float(r["growth"])))
    other = float(rest["growth"])
    counted, made = [], []
    for r in tables.read("sample_us_imports.csv"):
        row = {
            "flow": "import", "months": 1, "partner": r["partner"],
            "partner_code": r["partner_code"],
        }  # fmt: skip
        period, value = int(r["period"]), int(r["value_usd"])
        counted.append({**row, "period": period, "value": value})
        later = round(value * (1 + growth.get(r["partner"], other)))
        made.append({**row, "period": period + 100, "value": later})
    # The United States publishes imports at customs value, without freight and insurance.
    grain = replace(
        _grain("USA", "published_months", partner=True), import_valuation="customs value"
    )
    census = "U.S. Census Bureau, general imports by country, April to July 2024"
    scaled = (
        ILLUSTRATIVE,
        "2025: the months of 2024 times published growth (C059-C064); all other countries chosen",
    )
    everyone = Extent("declared")
    return [
        _file("USA_2024", grain, counted, VINTAGE, (census,), partner=everyone),
        _file("USA_2025", grain, made, VINTAGE, scaled, partner=everyone),
    ]
