"""Exports and imports that hold different products have no balance and no total."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe

Make = Callable[..., Path]


def cell(product: str, value: int) -> dict[str, Any]:
    return {"period": 202401, "partner": "USA", "product": product, "value": value}


def test_one_line_exported_and_everything_imported(make_store: Make) -> None:
    make_store([cell("85171300", 1000)], declared=("partner",))
    path = make_store([cell("85171300", 40), cell("01012100", 4)], flow="import")
    trade = pe.open(path)
    balance = pe.balance(trade, by=[], during="2024-01").frame.row(0, named=True)
    assert (balance["balance"], balance["status"], balance["reason"]) == (None, "missing", "scope")
    total = pe.value(trade, flow="total", by=[], during="2024-01").frame.row(0, named=True)
    assert (total["value"], total["status"]) == (None, "missing")
    line = pe.balance(trade, by=[], during="2024-01", product="85171300")
    assert line.frame["balance"].item() == 960
    rows = pe.balance(trade, by="product:HS8", during="2024-01").frame
    assert dict(zip(rows["product"], rows["balance"])) == {"85171300": 960, "01012100": None}


def test_a_trace_of_other_products_is_said(make_store: Make) -> None:
    common = cell("85171300", 1_000_000)
    make_store([common], declared=("partner",))
    path = make_store([common, cell("01012100", 4)], flow="import", declared=("partner",))
    result = pe.balance(pe.open(path), by=[], during="2024-01")
    assert result.frame["balance"].item() == -4
    assert any(c.code == "scope_varies" for c in result.caveats)


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_the_threshold_in_another_currency_is_said(make_store: Make, currency: str) -> None:
    path = make_store([cell("85171300", 5)], currency=currency)
    result = pe.growth(pe.open(path), by=[], during="2024-01", currency=currency)
    assert any(c.code == "min_base" for c in result.caveats) is (currency == "EUR")
