"""Concentration over partners and products (methods 1.4): worked examples and a pandas oracle."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import provexpo as pe
from provexpo.errors import CallError, CoverageError

Plant = Callable[..., pe.Trade]
Cell = Callable[..., Any]
Close = Callable[[Any, float, int], bool]
Row = dict[str, Any]
STORES = count()
INDICES = ("hhi", "hhi_10k", "hhi_norm", "unctad_ci", "n1", "n2", "theil", "cr1", "cr3")


def same(got: float | None, want: float | None) -> bool:
    if got is None or want is None:
        return got is want
    return math.isfinite(got) and math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("province", "hhi", "hhi_10k", "norm", "unctad", "n2", "n1", "theil", "cr1"),
    [
        ("44", 0.485, 4850, 0.2275, 0.281721, 2.061856, 2.426535, 0.212148, 0.65),
        ("35", 0.38, 3800, 0.07, 0.092491, 2.631579, 2.800094, 0.068959, 0.50),
        ("41", 0.54, 5400, 0.31, 0.372641, 1.851852, 2.229592, 0.296794, 0.70),
    ],
)
def test_1_4_the_example(
    toy_trade: pe.Trade, cell: Cell, close: Close, province: str, hhi: float, hhi_10k: float,
    norm: float, unctad: float, n2: float, n1: float, theil: float, cr1: float,
) -> None:  # fmt: skip
    result = pe.concentration(toy_trade, during="2024-01")
    printed = {"hhi": hhi, "hhi_norm": norm, "unctad_ci": unctad, "n2": n2, "n1": n1,
               "theil": theil, "cr1": cr1, "cr3": 1.0}  # fmt: skip
    for name, value in printed.items():
        assert close(cell(result, name, province=province), value, 6), name
    assert close(cell(result, "hhi_10k", province=province), hhi_10k, 0)
    assert cell(result, "n", province=province) == 3


# The unit vectors of 1.4. The third is printed as 6,600 (0.64 + 0.01 + 0.01).
@pytest.mark.parametrize(
    ("values", "hhi", "norm"),
    [([1], 1.0, None), ([2, 2, 2, 2, 2], 0.2, 0.0), ([8, 1, 1], 0.66, 0.49), ([3, 7], 0.58, 0.16)],
)
def test_1_4_unit_vectors(plant: Plant, values: list[int], hhi: float, norm: float | None) -> None:
    partners = ("USA", "VNM", "DEU", "THA", "BRA")
    rows = [("44", p, 202401, v) for p, v in zip(partners, values)]
    row = pe.concentration(plant(rows), during="2024-01").frame.row(0, named=True)
    assert same(row["hhi"], hhi)
    assert same(row["hhi_norm"], norm)
    assert (row["unctad_ci"] is None) == (len(values) == 1)
    assert row["n"] == len(values)


def test_one_number_of_partners_for_all_provinces(plant: Plant, cell: Cell) -> None:
    """Partners of the nation in the window or its base, whichever province trades with them."""
    rows = [
        ("44", "USA", 202401, 50), ("44", "VNM", 202401, 50), ("31", "DEU", 202401, 10),
        ("31", "THA", 202301, 10), ("51", "BRA", 202302, 99),
    ]  # fmt: skip
    trade = plant(rows, spans=[(202301, 1), (202302, 1), (202401, 1), (202402, 1)])
    result = pe.concentration(trade, during="2024-01")
    assert cell(result, "n", province="44") == 4  # USA, VNM, DEU, and THA in the base
    assert same(cell(result, "hhi_norm", province="44"), (0.5 - 0.25) / 0.75)
    active = pe.concentration(trade, during="2024-01", n="active")
    assert cell(active, "n", province="44") == 2
    assert same(cell(active, "hhi_norm", province="44"), 0.0)
    assert same(cell(active, "theil", province="44"), 0.0)
    one = pe.concentration(trade, during="2024-01", province="44")
    assert one.frame.to_dicts() == [r for r in result.frame.to_dicts() if r["province"] == "44"]


def test_unknown_partners_are_in_the_value_and_no_partners(plant: Plant, cell: Cell) -> None:
    rows = [("44", "USA", 202401, 30), ("44", "XKX", 202401, 30), ("44", "X701", 202401, 30),
            ("44", "X199", 202401, 10), ("31", "X701", 202401, 5)]  # fmt: skip
    result = pe.concentration(plant(rows), during="2024-01")
    assert same(cell(result, "hhi", province="44"), 0.5)  # Kosovo is known, X701 and X199 not
    assert same(cell(result, "share_unknown", province="44"), 0.4)
    assert cell(result, "value", province="44") == 100
    only = {c: cell(result, c, province="31") for c in (*INDICES, "share_unknown", "status")}
    assert only.pop("share_unknown") == 1.0 and only.pop("status") == "ok"
    assert set(only.values()) == {None}


def test_products_leave_out_chapters_98_and_99(plant: Plant, caveat: Callable[..., str]) -> None:
    goods = {"85171300": 30, "85171400": 10, "85177930": 40, "98040000": 15, "99000000": 5}
    rows = [
        {"province": "44", "partner": "USA", "product": p, "period": 202401, "value": v}
        for p, v in goods.items()
    ]
    trade = plant(rows)
    result = pe.concentration(trade, over="product", during="2024-01")
    row = result.frame.row(0, named=True)
    assert same(row["hhi"], (30**2 + 10**2 + 40**2) / 80**2)  # three HS6
    assert same(row["share_unknown"], 0.2) and row["n"] == 3
    assert "HS6" in caveat(result, "definition")
    partners = ("USA", "VNM", "DEU", "THA", "BRA")
    coarse = [{**r, "product": r["product"][:4], "partner": p} for r, p in zip(rows, partners)]
    result = pe.concentration(plant(coarse, store="hs4"), over="product", during="2024-01")
    assert same(result.frame["hhi"].item(), 1.0)
    assert "HS4" in caveat(result, "definition")


def test_by_sector_the_products_are_those_of_the_sector(plant: Plant) -> None:
    goods = {"85171300": 30, "85171400": 30, "61091000": 20, "61099000": 5, "98040000": 15}
    rows = [
        {"province": "44", "partner": "USA", "product": p, "period": 202401, "value": v}
        for p, v in goods.items()
    ]
    frame = pe.concentration(plant(rows), over="product", by="sector", during="2024-01").frame
    found = {r["value"]: (r["n"], r["hhi"]) for r in frame.to_dicts()}
    assert found[60] == (2, 0.5) and found[25][0] == 2 and found[15] == (0, None)


def test_null_and_status(plant: Plant, finite: Callable[[pe.Result], None]) -> None:
    rows = [("44", "USA", 202401, 30), ("44", "VNM", 202401, -10), ("35", "USA", 202401, 5),
            ("31", "USA", 202301, 5)]  # fmt: skip
    trade = plant(rows, spans=[(202301, 1), (202401, 1)])
    result = pe.concentration(trade, during="2024-01")
    finite(result)
    by_place = {r["province"]: r for r in result.frame.to_dicts()}
    assert {p: r["status"] for p, r in by_place.items()} == {
        "44": "negative", "35": "ok", "31": "none",
    }  # fmt: skip
    assert by_place["44"]["hhi"] is None and by_place["31"]["hhi"] is None
    assert by_place["31"]["base_hhi"] == 1.0 and by_place["35"]["base_hhi"] is None


def test_not_covered_or_a_partial_list_is_missing(plant: Plant) -> None:
    rows = [("44", "USA", 202401, 30), ("44", "VNM", 202401, 10)]
    frame = pe.concentration(plant(rows), during="2024-01/2024-02", by=[]).frame
    assert frame.select("status", "reason", "hhi", "n").rows() == [
        ("missing", "uncovered", None, None)
    ]
    level = pe.concentration(plant(rows), during="2024-01").frame.row(0, named=True)
    assert level["status"] == "ok" and level["base_hhi"] is None  # a level stands without base
    some = plant(rows, store="some", listed={"partner": ("USA", "VNM")})
    frame = pe.concentration(some, during="2024-01").frame
    assert frame.select("status", "reason", "hhi").rows() == [("missing", "scope", None)]


def test_wrong_arguments(plant: Plant) -> None:
    trade = plant([("44", "USA", 202401, 30)])
    for words in ({"over": "province"}, {"n": 5}, {"by": "partner"},
                  {"over": "product", "by": "product:HS2"}):  # fmt: skip
        with pytest.raises(CallError):
            pe.concentration(trade, during="2024-01", **words)
    with pytest.raises(CoverageError):
        pe.concentration(trade, during="2024-01", over="product")


def indices(values: list[int], n: int) -> dict[str, float | None]:
    """The indices of 1.4 the plain way."""
    total = sum(values)
    if not total:
        return dict.fromkeys(INDICES)
    p = sorted((v / total for v in values if v), reverse=True)
    hhi, h = math.fsum(x * x for x in p), -math.fsum(x * math.log(x) for x in p)
    return {
        "hhi": hhi, "hhi_10k": 1e4 * hhi, "n1": math.exp(h), "n2": 1 / hhi,
        "hhi_norm": (hhi - 1 / n) / (1 - 1 / n) if n > 1 else None,
        "unctad_ci": (math.sqrt(hhi) - math.sqrt(1 / n)) / (1 - math.sqrt(1 / n))
        if n > 1 else None,
        "theil": math.log(n) - h, "cr1": p[0], "cr3": sum(p[:3]),
    }  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("over", ["partner", "product"])
def test_against_pandas(
    plant: Plant, worlds: dict[tuple[int, str], list[Row]], spans: list[Any], seed: int, over: str
) -> None:
    rows = worlds[seed, "export"]
    trade = plant(rows, spans=spans)
    data = pd.DataFrame(rows)
    data["item"] = data["partner"] if over == "partner" else data["product"].str[:6]
    special = data["product"].str[:2].isin(["98", "99"])
    data["known"] = data["partner"] != "X701" if over == "partner" else ~special
    data["year"] = data["period"] // 100
    data["month"] = [f"{p // 100}-{p % 100:02d}" for p in data["period"]]
    data["every"] = "all"
    both = data[data["year"].isin([2023, 2024]) & data["known"]]
    n = both.loc[both["value"] > 0, "item"].nunique()
    for by in (["province"], [], ["month"], ["province", "month"]):
        frame = pe.concentration(trade, over=over, by=by, during="2024").frame
        now = data[data["year"] == 2024]
        groups = dict(iter(now.groupby([now[b] for b in by or ["every"]])))
        for row in frame.to_dicts():
            group = groups.get(tuple(row[b] for b in by) or ("all",))
            if group is None:
                assert row["status"] == "none" and row["hhi"] is None
                continue
            sums = group[group["known"]].groupby("item")["value"].sum()
            want = indices([int(v) for v in sums], n)
            for name, figure in want.items():
                assert same(row[name], figure), (by, row, name, figure)
            assert row["n"] == n and row["value"] == group["value"].sum()
            unknown = group.loc[~group["known"], "value"].sum() / group["value"].sum()
            assert same(row["share_unknown"], unknown)
        assert len([r for r in frame["status"] if r != "none"]) == len(groups)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=8))
def test_bounds_and_identities(make_store: Callable[..., Path], values: list[int]) -> None:
    partners = ("USA", "VNM", "DEU", "THA", "BRA", "MEX", "NGA", "HKG")
    rows = [
        {"province": "44", "partner": p, "period": 202401, "value": v}
        for p, v in zip(partners, values)
    ]
    trade = pe.open(make_store(rows, store=f"h{next(STORES)}"))
    row = pe.concentration(trade, during="2024-01").frame.row(0, named=True)
    if not sum(values):
        assert row["status"] == "none" and row["hhi"] is None
        return
    n = sum(v > 0 for v in values)
    assert row["n"] == n
    assert 1 / n - 1e-9 <= row["hhi"] <= 1 + 1e-12
    assert -1e-9 <= row["theil"] <= math.log(n) + 1e-9
    assert same(row["n2"] * row["hhi"], 1.0)
    assert row["n2"] <= row["n1"] + 1e-9 <= n + 2e-9  # Hill numbers fall with their order
    assert row["cr1"] <= row["cr3"] + 1e-12


def test_scale_order_and_threads_change_nothing(
    plant: Plant, worlds: dict[tuple[int, str], list[Row]], spans: list[Any]
) -> None:
    rows = worlds[2, "export"]
    one = plant(rows, store="one", spans=spans)
    big = plant([{**r, "value": r["value"] * 1000} for r in reversed(rows)], store="big",
                spans=spans)  # fmt: skip
    a, b = (pe.concentration(t, during="2024").frame for t in (one, big))
    for name in (*INDICES, "base_hhi", "share_unknown"):
        assert all(same(x, y) for x, y in zip(a[name], b[name])), name
    assert a["n"].equals(b["n"]) and a["rank"].equals(b["rank"])
    for threads in (1, 2, 4):
        one.engine.run(f"SET threads = {threads}", {})
        assert pe.concentration(one, during="2024").frame.equals(a)
