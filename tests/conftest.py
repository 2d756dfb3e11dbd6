"""Fixtures that every room's tests share."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from provexpo.ingest.rows import ROW_SCHEMA, Extent, FileRows, Grain, Scope
from provexpo.store.loading import load_rows

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real customs files; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("PROVEXPO_REAL_DATA", ROOT.parent / "shared" / "data" / "real"))
    if not folder.is_dir():
        pytest.skip("no real customs files here; set PROVEXPO_REAL_DATA to their folder")
    return folder


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., Path]:
    """Write rows straight into a store: the world a test plants.

    `rows` are dicts with period, value and any of province, partner, product, regime, months,
    quantity, unit; everything else is an argument. Dimensions in `declared` are declared whole.
    """

    def write(
        rows: list[dict[str, Any]],
        *,
        store: str = "desk",
        flow: str = "export",
        currency: str = "USD",
        source: str = "tidy",
        level: int | None = None,
        declared: tuple[str, ...] = ("province", "partner", "product", "regime"),
        listed: dict[str, tuple[str, ...]] | None = None,
        spans: list[tuple[int, int]] | None = None,
        vintage: int = 1_700_000_000,
        name: str = "planted",
        rounding: int = 1,
    ) -> Path:
        file = planted_file(
            rows, flow=flow, currency=currency, source=source, level=level, declared=declared,
            listed=listed or {}, spans=spans, vintage=vintage, name=name, rounding=rounding,
        )  # fmt: skip
        path = tmp_path / store
        load_rows(path, [file])
        return path

    return write


@pytest.fixture(scope="session")
def plant_file() -> Callable[..., FileRows]:
    """`planted_file` with defaults, for tests that load several files in one call."""
    defaults: dict[str, Any] = {
        "flow": "export", "currency": "USD", "source": "tidy", "level": None,
        "declared": ("province", "partner", "product", "regime"), "listed": {}, "spans": None,
        "vintage": 1_700_000_000, "name": "planted",
    }  # fmt: skip

    def plant(rows: list[dict[str, Any]], **given: Any) -> FileRows:
        return planted_file(rows, **{**defaults, **given})

    return plant


def planted_file(
    rows: list[dict[str, Any]],
    *,
    flow: str,
    currency: str,
    source: str,
    level: int | None,
    declared: tuple[str, ...],
    listed: dict[str, tuple[str, ...]],
    spans: list[tuple[int, int]] | None,
    vintage: int,
    name: str,
    rounding: int = 1,
) -> FileRows:
    """Rows as a layout would hand them over."""
    first = rows[0] if rows else {}
    product = str(first["product"]) if first.get("product") else ""
    grain = Grain(
        "CHN", source, "province" in first, "partner" in first, level or len(product),
        "regime" in first, rounding=rounding,
    )  # fmt: skip
    full = [
        {
            **dict.fromkeys(ROW_SCHEMA),
            "reporter": "CHN", "flow": flow, "months": 1, "currency": currency,
            "grain": grain.id, "vintage": vintage,
            **row,
            "partner_code": row.get("partner"),
            "product": int(row["product"]) if row.get("product") else None,
        }
        for row in rows
    ]  # fmt: skip
    frame = pl.DataFrame(full, schema=ROW_SCHEMA)
    held = spans or sorted({(r["period"], r["months"]) for r in full})

    def extent(dimension: str) -> Extent:
        if dimension in listed:
            return Extent(
                "listed" if dimension == "product" else "declared_list", listed[dimension]
            )
        if not grain.has(dimension):
            return Extent("absent")
        if dimension in declared:
            return Extent("declared")
        if dimension == "product":
            codes = {str(p).zfill(grain.product_level) for p in frame["product"].to_list()}
            return Extent("listed", tuple(sorted(codes)))
        return Extent("assumed")

    digest = hashlib.sha256(repr((rows, vintage, name, flow, currency, held)).encode()).hexdigest()
    scope = Scope(
        grain, flow, currency, tuple(held), bool(declared), extent("province"), extent("partner"),
        extent("product"), extent("regime"), vintage, digest, name,
    )  # fmt: skip
    return FileRows(name, digest, "planted", "utf-8", vintage, "stated", frame, (scope,), len(rows))
