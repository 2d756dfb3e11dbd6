"""A selection "not X" of a store that holds X alone is missing, not zero."""

from __future__ import annotations

from pathlib import Path

import pytest

import provexpo as pe

ROWS = (
    '"数据年月","商品编码","贸易伙伴编码","美元",\n'
    '"202501","85177950","502","7",\n"202501","85171300","502","5",\n'
)


@pytest.fixture
def trade(tmp_path: Path) -> pe.Trade:
    (tmp_path / "a.csv").write_text(ROWS, encoding="gb18030")
    pe.add(tmp_path / "desk", [tmp_path], flow="export", covers="products=8517; partners=502,116")
    return pe.open(tmp_path / "desk")


@pytest.mark.parametrize(
    ("selection", "value"),
    [
        ({"product": "not 85"}, None),  # all that is listed begins with 85
        ({"product": "not 8517"}, None),
        ({"product": "not 85177950"}, 5),  # the rest of 8517 is held
        ({"partner": ["not US", "not Japan"]}, None),
        ({"partner": "not US"}, 0),  # Japan is held, and was not traded with
        ({"partner": "not Japan"}, 12),
    ],
)
def test_not_x_of_a_list(trade: pe.Trade, selection: dict[str, str], value: int | None) -> None:
    (row,) = pe.value(trade, during="2025-01", by=[], **selection).frame.to_dicts()
    assert row["value"] == value
    assert (row["status"] == "missing") == (value is None)
    assert row["reason"] == ("uncovered" if value is None else None)
