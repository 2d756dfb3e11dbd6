"""A tiny desk whose figures are worked out by hand, and a ledger written as a person would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe

M = 1_000_000
# Exports of March in millions: province -> partner -> (2024, 2025).
#   to the US 1,200 -> 1,005 (-16.25 %), to Viet Nam 1,600 -> 2,195, all 2,800 -> 3,200 (+14.29 %)
TRADE = {
    "44": {"USA": (800, 600), "VNM": (1200, 1800)},  # Guangdong: US share 2025 600/2400 = 25 %
    "35": {"USA": (300, 360), "VNM": (300, 240)},  # Fujian: 360/600 = 60 %
    "14": {"USA": (100, 45), "VNM": (100, 155)},  # Shanxi: 45/200 = 22.5 %
}


@pytest.fixture
def rows() -> Callable[..., list[dict[str, Any]]]:
    """The rows of the desk; `factor_2024` is what a revision makes of the base."""
    return planted


def planted(factor_2024: float = 1.0) -> list[dict[str, Any]]:
    return [
        {"province": place, "partner": partner, "period": period, "value": int(value * M * factor)}
        for place, partners in TRADE.items()
        for partner, values in partners.items()
        for period, value, factor in zip((202403, 202503), values, (factor_2024, 1.0))
    ]


@pytest.fixture
def desk(make_store: Callable[..., Path]) -> pe.Trade:
    return pe.open(make_store(planted()))


@pytest.fixture
def ledger(tmp_path: Path) -> Callable[..., Path]:
    """Write a ledger: a header, then rows as lists of cells."""

    def write(header: str, *lines: str, name: str = "draft.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
        return path

    return write


@pytest.fixture
def one(ledger: Callable[..., Path]) -> Callable[..., Any]:
    """The verdict on a single statement, from its cells."""

    def check(trade: pe.Trade, lang: str = "en", **cells: str) -> Any:
        cells = {"claim_id": "1", "arguments": "", **cells}
        quoted = ['"' + c.replace('"', '""') + '"' for c in cells.values()]
        path = ledger(",".join(cells), ",".join(quoted))
        return pe.verify(trade, path, lang=lang)["1"]

    return check
