"""Stores for the screens: several reporters, place bases and tariffs, planted row by row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.ingest.rows import ROW_SCHEMA, Extent, FileRows, Grain, Scope
from provexpo.periods import shift
from provexpo.store.loading import load_rows
from provexpo.store.side import SIDE_SCHEMAS, SideRows

VINTAGE = 1_750_000_000
DIMENSIONS = ("province", "partner", "product", "regime")


def part(
    rows: Sequence[dict[str, Any]], *, reporter: str = "CHN", flow: str = "export",
    basis: str = "registered", valuation: str = "CIF", currency: str = "USD",
    spans: Sequence[tuple[int, int]] | None = None, source: str = "planted", name: str = "f",
    provinces: tuple[str, ...] | None = None, partners: tuple[str, ...] | None = None,
) -> FileRows:  # fmt: skip
    """Rows of one table; every dimension they have is declared whole, unless codes are given."""
    first = rows[0]
    level = len(str(first.get("product") or ""))
    grain = Grain(
        reporter, source, "province" in first, "partner" in first, level, "regime" in first,
        basis=basis, import_valuation=valuation,
    )  # fmt: skip
    full = [
        {
            **dict.fromkeys(ROW_SCHEMA), "reporter": reporter, "flow": flow, "months": 1,
            "currency": currency, "grain": grain.id, "vintage": VINTAGE, **row,
            "partner_code": row.get("partner"),
            "product": int(row["product"]) if row.get("product") else None,
        }
        for row in rows
    ]  # fmt: skip
    held = tuple(spans or sorted({(r["period"], r["months"]) for r in full}))
    listed = {"province": provinces, "partner": partners}

    def extent(dimension: str) -> Extent:
        if not grain.has(dimension):
            return Extent("absent")
        codes = listed.get(dimension)
        return Extent("declared_list", codes) if codes else Extent("declared")

    digest = hashlib.sha256(repr((rows, grain, flow, currency, held, name)).encode()).hexdigest()
    scope = Scope(
        grain, flow, currency, held, True, *(extent(d) for d in DIMENSIONS), VINTAGE, digest, name
    )
    frame = pl.DataFrame(full, schema=ROW_SCHEMA)
    return FileRows(name, digest, "planted", "utf-8", VINTAGE, "stated", frame, (scope,), len(rows))


def tariff(product: str | None, start: date, rate: float, **more: Any) -> dict[str, Any]:
    return {
        "reporter": "USA", "partner": "CHN", "product": product, "from": start, "to": None,
        "rate": rate, "kind": "additional", "programme": "p", **more,
    }  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., pe.Trade]:
    """A store of these parts and tariffs."""
    count = iter(range(100))

    def build(parts: Iterable[FileRows], tariffs: Sequence[dict[str, Any]] = ()) -> pe.Trade:
        place = tmp_path / f"desk{next(count)}"
        side = []
        if tariffs:
            schema = {k: v for k, v in SIDE_SCHEMAS["tariffs"].items() if k in tariffs[0]}
            frame = pl.DataFrame(list(tariffs), schema=schema)
            side = [SideRows("tariffs", "t.csv", "t", frame, VINTAGE)]
        load_rows(place, list(parts), side=side)
        return pe.open(place)

    return build


@pytest.fixture(scope="session")
def sample() -> pe.Trade:
    return pe.sample()


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """The one row that matches."""

    def find(result: pe.Result, **keys: Any) -> dict[str, Any]:
        rows = [r for r in result.frame.to_dicts() if all(r[k] == v for k, v in keys.items())]
        assert len(rows) == 1, rows
        return rows[0]

    return find


@pytest.fixture
def near() -> Callable[[Any, float, int], bool]:
    """Equal to half the last printed decimal, as the worked examples state."""
    return lambda got, printed, decimals: abs(got - printed) <= 0.5 * 10**-decimals + 1e-12


@pytest.fixture
def said() -> Callable[[pe.Result, str], str]:
    def text(result: pe.Result, code: str) -> str:
        found = [c.text for c in result.caveats if c.code == code]
        assert found, [(c.code, c.text) for c in result.caveats]
        return " | ".join(found)

    return text


@pytest.fixture
def months() -> Callable[[int, int], list[int]]:
    """`n` months from the first one."""
    return lambda first, n: [shift(first, i) for i in range(n)]


@pytest.fixture
def planted_part() -> Callable[..., FileRows]:
    return part


@pytest.fixture
def planted_tariff() -> Callable[..., dict[str, Any]]:
    return tariff


@pytest.fixture(scope="session")
def two_reporters() -> Callable[..., list[FileRows]]:
    """The origin's exports, the market's imports (customs value) and others' exports as files."""

    def build(rows: dict[str, list[dict[str, Any]]], market: str = "USA") -> list[FileRows]:
        return [
            part(
                held, reporter=reporter, flow="import" if reporter == market else "export",
                valuation="customs value", source="planted", name=reporter,
            )
            for reporter, held in rows.items()
            if held
        ]  # fmt: skip

    return build
