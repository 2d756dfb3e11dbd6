"""Places and regimes of a reporter without a code table, and currencies beyond the two."""

from __future__ import annotations

from pathlib import Path

import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError, UnknownCodeError

ROWS = "month,place,country,kind,euro\n2024-01,Curitiba,USA,a,5\n2024-01,Londrina,CHN,b,7\n"
MAP = """
[[files]]
match = "panel.csv"
reporter = "BRA"
currency = "EUR"
flow = "export"
[files.columns]
period = "month"
province = "place"
partner = "country"
regime = "kind"
value = "euro"
"""


@pytest.fixture
def trade(tmp_path: Path) -> pe.Trade:
    (tmp_path / "panel.csv").write_text(ROWS)
    (tmp_path / "provexpo.toml").write_text(MAP)
    pe.add(tmp_path / "desk", [tmp_path])
    return pe.open(tmp_path / "desk")


def test_a_place_that_no_file_holds_is_unknown_and_not_zero(trade: pe.Trade) -> None:
    found = pe.value(trade, reporter="BRA", during="2024-01", province="Curitiba")
    assert found.frame["value"].to_list() == [5]
    with pytest.raises(UnknownCodeError, match=r"'Curitba' of reporter BRA(.|\n)*Curitiba"):
        pe.value(trade, reporter="BRA", during="2024-01", province=["Londrina", "Curitba"])
    with pytest.raises(UnknownCodeError, match="unknown regime '10' of reporter BRA"):
        pe.value(trade, reporter="BRA", during="2024-01", regime="not 10")


def test_regions_are_those_of_the_mainland(trade: pe.Trade) -> None:
    with pytest.raises(CallError, match="no regions for the places of reporter BRA"):
        pe.value(trade, reporter="BRA", during="2024-01", by="region")


def test_any_currency_that_is_held_can_be_asked_for(trade: pe.Trade) -> None:
    found = pe.value(trade, reporter="BRA", during="2024-01", by=[], currency="EUR")
    assert found.frame["value"].to_list() == [12]
    assert found.units["value"] == "EUR"
    with pytest.raises(CoverageError, match=r"hold no USD(.|\n)*EUR"):
        pe.value(trade, reporter="BRA", during="2024-01", currency="USD")
