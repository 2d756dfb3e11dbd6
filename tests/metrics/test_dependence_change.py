"""The change of dependence in two parts (methods 3.3)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import provexpo as pe
from provexpo.errors import CallError

Plant = Callable[..., pe.Trade]
Row = dict[str, Any]
STORES = count()


def two(cells: dict[tuple[str, str], tuple[int, int]]) -> list[tuple[str, str, int, int]]:
    return [
        (province, partner, period, value)
        for (province, partner), values in cells.items()
        for period, value in zip((202303, 202403), values)
    ]


def test_3_3_the_example(plant: Plant, close: Callable[..., bool]) -> None:
    trade = plant(two({("44", "USA"): (30, 20), ("44", "VNM"): (70, 80)}))
    row = pe.dependence_change(trade, during="2024-03").frame.row(0, named=True)
    assert close(row["delta_share_pp"], -10.0, 4)
    assert close(row["us_effect_pp"], -7.0, 4)
    assert close(row["row_effect_pp"], -3.0, 4)
    assert (row["share"], row["base_share"]) == (0.2, 0.3)


def test_any_partner_and_group(plant: Plant) -> None:
    trade = plant(two({("44", "USA"): (30, 20), ("44", "VNM"): (40, 50), ("44", "THA"): (30, 30)}))
    row = pe.dependence_change(trade, partner="ASEAN", during="2024-03").frame.row(0, named=True)
    assert row["delta_share_pp"] == pytest.approx(10.0)
    assert row["us_effect_pp"] == pytest.approx(100 * 0.3 * 10 / 100)
    assert row["row_effect_pp"] == pytest.approx(100 * 0.7 * 10 / 100)


def test_statuses(plant: Plant, finite: Callable[[pe.Result], None]) -> None:
    trade = plant(
        two({("44", "USA"): (30, 20), ("44", "VNM"): (70, 80),
             ("31", "VNM"): (0, 5), ("35", "USA"): (5, 0), ("51", "VNM"): (10, 20),
             ("42", "USA"): (-5, 10), ("42", "VNM"): (10, 10)})
    )  # fmt: skip
    result = pe.dependence_change(trade, during="2024-03", min_base=40)
    finite(result)
    got = {r["province"]: r for r in result.frame.to_dicts()}
    assert {p: r["status"] for p, r in got.items()} == {
        "44": "small_base", "31": "new", "35": "exit", "51": "ok", "42": "negative",
    }  # fmt: skip
    assert got["51"]["delta_share_pp"] == 0.0  # nothing to the US in either window
    for place in ("31", "35", "42"):
        assert got[place]["us_effect_pp"] is got[place]["rank"] is None
    assert got["44"]["rank"] == 1 and got["51"]["rank"] == 2


def test_missing(plant: Plant) -> None:
    rows = two({("44", "USA"): (30, 20), ("44", "VNM"): (70, 80)})
    for during in ("2024-03/2024-04", "2023-03"):
        frame = pe.dependence_change(plant(rows), during=during, by=[]).frame
        assert frame.select("status", "us_effect_pp", "delta_share_pp").rows() == [
            ("missing", None, None)
        ]
    some = plant(rows, store="some", listed={"partner": ("USA", "VNM")})
    result = pe.dependence_change(some, during="2024-03")
    assert result.frame.select("status", "reason").rows() == [("missing", "scope")]


def test_wrong_arguments(plant: Plant) -> None:
    trade = plant(two({("44", "USA"): (30, 20)}))
    for words in ({"partner": None}, {"by": "partner"}, {"by": "partner_group:ASEAN"}):
        with pytest.raises(CallError):
            pe.dependence_change(trade, during="2024-03", **words)


@pytest.mark.parametrize("seed", [1, 2])
def test_against_pandas_and_dependence(
    plant: Plant, worlds: dict[tuple[int, str], list[Row]], spans: list[Any], seed: int
) -> None:
    trade = plant(worlds[seed, "export"], spans=spans)
    data = pd.DataFrame(worlds[seed, "export"])
    data["key"] = data["product"].str[:2]
    for by, keys in (
        (["province"], ["province"]),
        (["province", "product:HS2"], ["province", "key"]),
    ):
        frame = pe.dependence_change(trade, by=by, during="2024", min_base=0).frame
        sums = {
            (year, us): data[(data["period"] // 100 == year) & ((data["partner"] == "USA") == us)]
            .groupby(keys)["value"].sum()
            for year in (2023, 2024) for us in (True, False)
        }  # fmt: skip
        for row in frame.to_dicts():
            key = tuple(row[b.split(":")[0]] for b in by)
            key = key[0] if len(key) == 1 else key
            u1, r1, u0, r0 = (
                int(sums[year, us].get(key, 0)) for year in (2024, 2023) for us in (True, False)
            )
            assert (row["value"], row["total"]) == (u1, u1 + r1)
            if u1 + r1 == 0 or u0 + r0 == 0:
                assert row["us_effect_pp"] is row["row_effect_pp"] is None
                continue
            s0 = u0 / (u0 + r0)
            assert row["us_effect_pp"] == pytest.approx(100 * (1 - s0) * (u1 - u0) / (u1 + r1))
            assert row["row_effect_pp"] == pytest.approx(-100 * s0 * (r1 - r0) / (u1 + r1))
        plain = {r["province"]: r for r in pe.dependence(trade, during="2024").frame.to_dicts()}
        if by == ["province"]:
            for row in frame.filter(frame["us_effect_pp"].is_not_null()).to_dicts():
                want = plain[row["province"]]["delta_share_pp"]
                assert row["delta_share_pp"] == pytest.approx(want, abs=1e-9)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.tuples(*[st.integers(0, 10**13)] * 4), st.sampled_from([1, 1000]))
def test_the_parts_add_up(
    make_store: Callable[..., Path], values: tuple[int, ...], scale: int
) -> None:
    u0, u1, r0, r1 = values
    rows = [
        dict(zip(("province", "partner", "period", "value"), row))
        for row in two({("44", "USA"): (u0 * scale, u1 * scale),
                        ("44", "VNM"): (r0 * scale, r1 * scale)})
    ]  # fmt: skip
    trade = pe.open(make_store(rows, store=f"h{next(STORES)}"))
    row = pe.dependence_change(trade, during="2024-03", min_base=0).frame.row(0, named=True)
    if not (u0 + r0) or not (u1 + r1):
        assert row["delta_share_pp"] is None
        return
    assert row["delta_share_pp"] == row["us_effect_pp"] + row["row_effect_pp"]
    change = 100 * (u1 / (u1 + r1) - u0 / (u0 + r0))
    size = max(1.0, abs(row["us_effect_pp"]), abs(row["row_effect_pp"]))
    assert abs(row["delta_share_pp"] - change) <= 1e-12 * 100 * size
