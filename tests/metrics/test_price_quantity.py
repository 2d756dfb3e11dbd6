"""Unit values and quantities (methods 2.9)."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import provexpo as pe
from provexpo.errors import CallError, CoverageError

Plant = Callable[..., pe.Trade]
Codes = Callable[[pe.Result], list[str]]
Worlds = dict[tuple[int, str], list[dict[str, Any]]]
PRODUCTS = ("640399", "851713", "940161", "610910", "847130", "950300")
INDICES = ("p_fisher", "q_fisher", "p_laspeyres", "p_paasche", "p_tornqvist")
EFFECTS = ("price_eff", "qty_eff", "entry_eff", "exit_eff", "unmatched_eff")


def row(
    product: str, period: int, value: float, quantity: float | None, unit: str | None = "kg",
    province: str = "44", partner: str = "USA",
) -> dict[str, Any]:  # fmt: skip
    return {
        "province": province, "partner": partner, "product": product, "period": period,
        "value": round(value), "quantity": None if quantity is None else round(quantity),
        "unit": unit,
    }  # fmt: skip


def priced(p0: Any, q0: Any, p1: Any, q1: Any, scale: int = 1) -> list[Any]:
    rows = []
    for product, a, b, c, d in zip(PRODUCTS, p0, q0, p1, q1):
        rows += [row(product, 202301, a * b * scale * scale, b * scale),
                 row(product, 202401, c * d * scale * scale, d * scale)]  # fmt: skip
    return rows


EXAMPLE = priced((100, 20, 60), (10, 20, 5), (90, 19, 66), (8, 25, 6))


def test_2_9_example(plant: Plant, cell: Callable[..., Any], close: Any) -> None:
    result = pe.price_quantity(plant(EXAMPLE), during="2024-01")
    printed = {
        "p_laspeyres": 0.947059, "p_paasche": 0.958434, "p_fisher": 0.952729,
        "q_fisher": 0.982317, "p_tornqvist": 0.952897,
    }  # fmt: skip
    for column, want in printed.items():
        assert close(cell(result, column), want, 6), column
    want = {"base_value": 1700, "value": 1591, "price_eff": -79.5, "qty_eff": -29.5, "change": -109}
    assert {c: cell(result, c) for c in want} == pytest.approx(want)
    assert (cell(result, "match_share_b"), cell(result, "match_share_t")) == (1, 1)


@pytest.mark.parametrize(
    ("product", "price", "quantity"),
    [("640399", -90, -190), ("851713", -22.5, 97.5), ("940161", 33, 63)],
)
def test_2_9_bennet_by_product(
    plant: Plant, cell: Callable[..., Any], product: str, price: float, quantity: float
) -> None:
    result = pe.price_quantity(plant(EXAMPLE), during="2024-01", by="product:HS6")
    assert cell(result, "price_eff", product=product) == pytest.approx(price)
    assert cell(result, "qty_eff", product=product) == pytest.approx(quantity)


def test_2_9_six_products(plant: Plant, cell: Callable[..., Any], close: Any) -> None:
    """Periods 1 and 2 of Diewert's data (Producer Price Index Manual 2004, tables 19.1, 19.2)."""
    p1, p2 = (1, 1, 1, 1, 1, 1), (1.2, 3, 1.3, 0.7, 1.4, 0.8)
    q1, q2 = (1, 1, 2, 1, 4.5, 0.5), (0.8, 0.9, 1.9, 1.3, 4.7, 0.6)
    # Worked out here once more, from the formulas.
    pairs = list(zip(p1, q1, p2, q2))
    laspeyres = sum(c * b for _, b, c, _ in pairs) / sum(a * b for a, b, _, _ in pairs)
    paasche = sum(c * d for _, _, c, d in pairs) / sum(a * d for a, _, _, d in pairs)
    v0, v1 = sum(a * b for a, b, _, _ in pairs), sum(c * d for _, _, c, d in pairs)
    logs = ((a * b / v0 + c * d / v1) / 2 * math.log(c / a) for a, b, c, d in pairs)
    want = {
        "p_laspeyres": laspeyres, "p_paasche": paasche, "p_fisher": math.sqrt(laspeyres * paasche),
        "p_tornqvist": math.exp(sum(logs)),
    }  # fmt: skip
    printed = {
        "p_laspeyres": 1.4200,
        "p_paasche": 1.3824,
        "p_fisher": 1.4011,
        "p_tornqvist": 1.4052,
    }
    result = pe.price_quantity(plant(priced(p1, q1, p2, q2, scale=10)), during="2024-01")
    for column, figure in printed.items():
        assert close(want[column], figure, 4), column
        assert cell(result, column) == pytest.approx(want[column], rel=1e-12), column


# What is compared


def change_of(plant: Plant, *rows: dict[str, Any], store: str = "desk") -> dict[str, Any]:
    """The one row, beside a plain product that keeps the match share high."""
    plain = [row("640399", 202301, 10_000, 100), row("640399", 202401, 10_000, 100)]
    trade = plant([*plain, *rows], store=store)
    return pe.price_quantity(trade, during="2024-01").frame.row(0, named=True)


def test_cells_that_are_not_compared(plant: Plant) -> None:
    cases = {
        "another unit": ((100, 5, "kg"), (130, 5, "number")),
        "no unit": ((100, 5, None), (130, 5, None)),
        "no quantity before": ((100, None, "kg"), (130, 5, "kg")),
        "no quantity now": ((100, 5, "kg"), (130, None, "kg")),
        "quantity zero": ((100, 0, "kg"), (130, 5, "kg")),
    }
    for name, (before, now) in cases.items():
        r = change_of(
            plant,
            row("851713", 202301, *before),
            row("851713", 202401, *now),
            store=name.replace(" ", "_"),
        )
        assert (r["unmatched_eff"], r["n_matched"], r["price_eff"]) == (30, 1, 0), name
        assert r["match_share_b"] == 10_000 / 10_100, name
        assert r["n_unit_changed"] == (name in ("another unit", "no unit")), name
    same = change_of(plant, row("851713", 202301, 100, 5), row("851713", 202401, 130, 5), store="s")
    assert (same["unmatched_eff"], same["n_matched"], same["price_eff"]) == (0, 2, 30)


def test_a_unit_that_changes_inside_a_window(plant: Plant) -> None:
    """Two regimes of one cell in different units have no sum, whichever window mixes them."""
    rows = [row("851713", 202301, 60, 3), row("851713", 202401, 130, 5)]
    mixed = {**row("851713", 202301, 40, 2, "number"), "regime": "14"}
    full = [{"regime": "10", **r} for r in rows]
    plain = [{"regime": "10", **row("640399", p, 10_000, 100)} for p in (202301, 202401)]
    frame = pe.price_quantity(plant([*full, mixed, *plain]), during="2024-01").frame
    r = frame.row(0, named=True)
    assert (r["n_matched"], r["n_unit_changed"], r["unmatched_eff"]) == (1, 1, 30)
    # Chosen regime by regime the unit is one.
    one = pe.price_quantity(plant([*full, mixed, *plain], store="b"), during="2024-01", regime="10")
    assert one.frame["n_matched"].item() == 2


def test_entry_exit_and_chapter_98(plant: Plant) -> None:
    r = change_of(
        plant, row("851713", 202401, 70, 7), row("940161", 202301, 30, 3),
        row("980400", 202301, 10, 1), row("980400", 202401, 15, 1),
    )  # fmt: skip
    assert [r[c] for c in EFFECTS] == [0, 0, 70, -30, 5]
    assert r["change"] == 45 and r["n_unit_changed"] == 0


def test_it_refuses_below_half(plant: Plant, codes: Codes) -> None:
    rows = [row("640399", 202301, 100, 10), row("640399", 202401, 100, 10),
            row("851713", 202301, 100, None), row("851713", 202401, 100, None)]  # fmt: skip
    half = pe.price_quantity(plant(rows), during="2024-01")
    assert half.frame["status"].item() == "small_base" and half.frame["p_fisher"].item() == 1
    for period, column in ((202301, "match_share_b"), (202401, "match_share_t")):
        more = [*rows, row("940161", period, 1, None)]
        result = pe.price_quantity(plant(more, store=column), during="2024-01")
        r = result.frame.row(0, named=True)
        assert (r["status"], r["reason"]) == ("missing", "match_share")
        assert [r[c] for c in (*INDICES, "price_eff", "qty_eff")] == [None] * 7
        assert r[column] == pytest.approx(100 / 201) and "match_share" in codes(result)
        assert (r["value"], r["unmatched_eff"]) == (200 + (period == 202401), 0)


def with_quantities(rows: list[Any]) -> list[Any]:
    """The world's rows with quantities, some missing, some in another unit; told by the row."""
    found = []
    for r in rows:
        salt = (r["value"] * 31 + r["period"]) % 97
        unit = "number" if salt == 3 else None if salt == 5 else "kg"
        quantity = None if salt == 7 else r["value"] // (3 + salt % 5) + salt % 2
        found.append({**r, "quantity": quantity, "unit": unit})
    return found


def oracle(rows: list[Any], by: list[str]) -> dict[Any, dict[str, Any]]:
    frame = pd.DataFrame(rows)
    frame["k"], frame["year"] = frame["product"].str[:6], frame["period"] // 100
    cell = ["province", "k", "partner"]
    cell = cell if "province" in by else cell[1:]
    found: dict[Any, dict[str, Any]] = {}
    for key, group in frame[frame["year"].isin([2023, 2024])].groupby(cell):
        base, now = (group[group["year"] == y] for y in (2023, 2024))
        v0, v1 = base["value"].sum(), now["value"].sum()
        owner = {"province": key[0], "partner": key[-1]}
        r = found.setdefault(
            tuple(owner[b] for b in by) if len(by) > 1 else owner[by[0]] if by else None,
            {"v": [], "value": 0, "base_value": 0, **dict.fromkeys(EFFECTS[2:], 0)},
        )
        r["value"], r["base_value"] = r["value"] + v1, r["base_value"] + v0
        good = (
            v0 > 0 and v1 > 0 and group["quantity"].notna().all() and group["unit"].notna().all()
            and group["unit"].nunique() == 1 and base["quantity"].sum() > 0
            and now["quantity"].sum() > 0 and key[-2][:2] not in ("98", "99")
        )  # fmt: skip
        if good:
            q0, q1 = base["quantity"].sum(), now["quantity"].sum()
            r["v"].append((v0 / q0, q0, v1 / q1, q1))
        elif not v0:
            r["entry_eff"] += v1
        elif not v1:
            r["exit_eff"] -= v0
        else:
            r["unmatched_eff"] += v1 - v0
    for r in found.values():
        v = r.pop("v")
        m0, m1 = sum(a * b for a, b, _, _ in v), sum(c * d for _, _, c, d in v)
        r["n_matched"] = len(v)
        if not r["value"] or not r["base_value"]:
            continue
        r["match_share_b"], r["match_share_t"] = m0 / r["base_value"], m1 / r["value"]
        if min(r["match_share_b"], r["match_share_t"]) < 0.5:
            r |= dict.fromkeys((*INDICES, "price_eff", "qty_eff"))
            continue
        lasp = sum(c * b for _, b, c, _ in v) / m0
        paasche = m1 / sum(a * d for a, _, _, d in v)
        logs = ((a * b / m0 + c * d / m1) / 2 * math.log(c / a) for a, b, c, d in v)
        r |= {
            "p_laspeyres": lasp, "p_paasche": paasche, "p_fisher": math.sqrt(lasp * paasche),
            "q_fisher": m1 / m0 / math.sqrt(lasp * paasche), "p_tornqvist": math.exp(sum(logs)),
            "price_eff": sum((b + d) / 2 * (c - a) for a, b, c, d in v),
            "qty_eff": sum((a + c) / 2 * (d - b) for a, b, c, d in v),
        }  # fmt: skip
    return found


@pytest.mark.parametrize("by", [["province"], ["province", "partner"], []])
def test_against_pandas(
    plant: Plant, worlds: Worlds, spans: Any, by: list[str], finite: Any
) -> None:
    seen = set()
    for seed in (1, 2):
        rows = with_quantities(worlds[seed, "export"])
        result = pe.price_quantity(plant(rows, store=f"q{seed}", spans=spans), during="2024", by=by)
        finite(result)
        want = oracle(rows, by)
        assert result.frame.height == len(want)
        for got in result.frame.to_dicts():
            key = tuple(got[b] for b in by) if len(by) > 1 else got[by[0]] if by else None
            seen.add(got["reason"])
            scale = max(got["value"], got["base_value"])
            for column, figure in want[key].items():
                if figure is None:
                    assert got[column] is None, (key, column)
                else:
                    tolerance = 1e-9 * scale if column.endswith("_eff") else 0
                    assert math.isclose(got[column], figure, rel_tol=1e-9, abs_tol=tolerance), (
                        key,
                        column,
                        got[column],
                        figure,
                    )
    assert by != ["province", "partner"] or seen == {None, "match_share"}


def test_the_effects_add_up_to_the_change(plant: Plant, worlds: Worlds, spans: Any) -> None:
    trade = plant(with_quantities(worlds[1, "export"]), spans=spans)
    for by in (["province"], ["sector"], ["province", "quarter"], ["region", "partner"]):
        told = 0
        for r in pe.price_quantity(trade, during="2024", by=by).frame.to_dicts():
            if r["price_eff"] is None:
                continue
            told += 1
            scale = sum(abs(r[c]) for c in EFFECTS) + 1
            assert abs(sum(r[c] for c in EFFECTS) - r["change"]) <= 1e-12 * scale + 1e-6
            v0 = r["match_share_b"] * r["base_value"]
            v1 = r["match_share_t"] * r["value"]
            assert r["p_fisher"] * r["q_fisher"] == pytest.approx(v1 / v0, rel=1e-9)
            low, high = sorted((r["p_laspeyres"], r["p_paasche"]))
            assert low * (1 - 1e-12) <= r["p_fisher"] <= high * (1 + 1e-12)
        assert told


amounts, counts = st.integers(10**3, 10**9), st.integers(1, 10**6)
quads = st.tuples(amounts, counts, amounts, counts)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(quads, min_size=1, max_size=6))
def test_any_matched_world(plant: Plant, world: list[Any]) -> None:
    """Twice the values at the same quantities doubles the price, and only that."""

    def trade(factor: int) -> pe.Trade:
        rows = []
        for product, (v0, q0, v1, q1) in zip(PRODUCTS, world):
            rows += [row(product, 202301, v0, q0), row(product, 202401, factor * v1, q1)]
        return plant(rows, store=f"m{abs(hash((factor, *world)))}")

    one, two = (
        pe.price_quantity(trade(f), during="2024-01").frame.row(0, named=True) for f in (1, 2)
    )
    for column in ("p_fisher", "p_laspeyres", "p_paasche"):
        assert two[column] == pytest.approx(2 * one[column], rel=1e-8), column
    assert two["q_fisher"] == pytest.approx(one["q_fisher"], rel=1e-8)
    assert one["price_eff"] + one["qty_eff"] == pytest.approx(
        one["change"], abs=1e-9 * (abs(one["price_eff"]) + abs(one["qty_eff"])) + 1e-6
    )


def test_status_and_missing(plant: Plant) -> None:
    rows = [row("640399", 202301, 100, 10), row("640399", 202401, 0, 0),
            row("640399", 202401, 9, 1, province="35"), row("640399", 202301, -9, 1, province="51"),
            row("640399", 202401, 9, 1, province="51")]  # fmt: skip
    trade = plant(rows)
    found = {r["province"]: r for r in pe.price_quantity(trade, during="2024-01").frame.to_dicts()}
    assert {p: r["status"] for p, r in found.items()} == {
        "44": "exit",
        "35": "new",
        "51": "negative",
    }
    assert found["44"]["exit_eff"] == -100 and found["35"]["entry_eff"] == 9
    assert all(found[p]["p_fisher"] is None for p in found) and found["51"]["entry_eff"] is None
    gap = pe.price_quantity(trade, during="2024-02").frame
    assert set(gap["status"]) == {"missing"} and set(gap["reason"]) == {"uncovered"}
    assert gap["match_share_b"].null_count() == gap["unmatched_eff"].null_count() == gap.height


def test_without_partners_and_at_hs4_it_says_so(plant: Plant, codes: Codes) -> None:
    rows = [{k: v for k, v in r.items() if k != "partner"} for r in EXAMPLE]
    result = pe.price_quantity(plant(rows), during="2024-01")
    assert result.frame["price_eff"].item() == pytest.approx(-79.5) and "level" in codes(result)
    assert "unit_values" in codes(result)
    rows = [{**r, "product": r["product"][:4]} for r in EXAMPLE]
    assert "level" in codes(pe.price_quantity(plant(rows, store="b"), during="2024-01"))


def test_wrong_arguments(plant: Plant) -> None:
    trade = plant(EXAMPLE)
    with pytest.raises(CallError, match="not one price"):
        pe.price_quantity(trade, flow="total")
    with pytest.raises(CallError, match="mixes unlike products"):
        pe.price_quantity(trade, level="HS2")
    with pytest.raises(CallError, match="cannot be made of products at HS6"):
        pe.price_quantity(trade, by="product:HS4")
    with pytest.raises(CoverageError, match="product"):
        pe.price_quantity(plant([("44", "USA", 202401, 5)], store="bare"))


def test_the_receipt_gives_the_figures_again(sample: pe.Trade) -> None:
    result = pe.price_quantity(sample, level="HS8", during="2025-01/2025-07", lang="zh")
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_soybeans_from_the_customs_files(real_data: Path, tmp_path: Path) -> None:
    """Imports of 2024 and 2025 by partner, January to August: value over kilograms by hand."""
    found: dict[tuple[str, str, str], list[int]] = {}
    paths = [real_data / "customs_query" / f"soybeans_{year}in.csv" for year in (2024, 2025)]
    for path in paths:
        for r in csv.DictReader(io.StringIO(path.read_bytes().decode("gb18030"))):
            r = {k.strip(): (v or "").strip().replace(",", "") for k, v in r.items() if k}
            if int(r["数据年月"][4:6]) <= 8:
                key = (r["贸易伙伴编码"], r["商品编码"], r["数据年月"][:4])
                one = found.setdefault(key, [0, 0])
                one[0] += int(r["人民币"])
                one[1] += int(r["第一数量"])
    pe.add(tmp_path / "desk", paths, flow="import")
    result = pe.price_quantity(
        pe.open(tmp_path / "desk"), flow="import", by="partner", during="2025-01/2025-08"
    )
    rows = {r["partner"]: r for r in result.frame.to_dicts()}
    for code, partner in (("410", "BRA"), ("502", "USA")):
        (v0, q0), (v1, q1) = (found[code, "12019019", year] for year in ("2024", "2025"))
        # What else is traded is a trace: transgenic soybeans carry the price of all.
        assert rows[partner]["p_fisher"] == pytest.approx((v1 / q1) / (v0 / q0), rel=1e-6)
        assert rows[partner]["match_share_t"] > 0.999
