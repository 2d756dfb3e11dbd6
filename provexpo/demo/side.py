"""The sample's side tables: tariffs, GDP by province, exchange rates."""

from __future__ import annotations

import datetime

import polars as pl

from provexpo.demo import tables
from provexpo.demo.files import VINTAGE, sha256
from provexpo.ingest.side import SideRows

GDP_UNIT = 100_000_000  # yuan


def build() -> tuple[SideRows, ...]:
    return _tariffs(), _gdp(), _fx()


def _side(table: str, rows: list[dict[str, object]], note: str) -> SideRows:
    path = f"sample/{table}"
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return SideRows(table, path, sha256(path), frame, VINTAGE, (note,), "stated")


def _tariffs() -> SideRows:
    rows: list[dict[str, object]] = [
        {"reporter": r["reporter"], "partner": r["partner"], "from": _day(r["from"]),
         "to": _day(r["to"]), "rate": float(r["rate"]), "kind": r["kind"],
         "programme": r["programme"], "source": r["basis"]}
        for r in tables.read("sample_tariffs.csv")
    ]  # fmt: skip
    return _side("tariffs", rows, "published averages and chosen rates between them")


def _day(text: str) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


def _gdp() -> SideRows:
    rows: list[dict[str, object]] = [
        {"reporter": "CHN", "province": r["province"], "year": int(r["year"]), "currency": "CNY",
         "value": round(float(r["gdp_100m_cny"]) * GDP_UNIT), "source": r["source"]}
        for r in tables.read("province_gdp.csv")
    ]  # fmt: skip
    return _side("gdp", rows, "gross domestic product by province as published")


def _fx() -> SideRows:
    rows: list[dict[str, object]] = [
        {"period": int(r["period"]), "cny_per_usd": float(r["cny_per_usd"]), "source": r["source"]}
        for r in tables.read("exchange_rates.csv")
    ]
    return _side("fx", rows, "implied by imports of crude oil in both currencies")
