"""Extensive and intensive margins (methods 2.8)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.periods import shift

Plant = Callable[..., pe.Trade]
Codes = Callable[[pe.Result], list[str]]
Worlds = dict[tuple[int, str], list[dict[str, Any]]]
M = 1_000_000
A, B, C, D = "64039900", "85171300", "94016110", "61091000"
PARTS = ("entry_pp", "exit_pp", "intensive_pp")


def row(product: str, period: int, value: float, province: str = "35", partner: str = "USA") -> Any:
    return {
        "province": province, "partner": partner, "product": product, "period": period,
        "value": round(value),
    }  # fmt: skip


def cells(product: str, *values: float, province: str = "35", last: int = 202401) -> list[Any]:
    """Values of consecutive years in the same month, the newest last; in millions."""
    years = range(len(values) - 1, -1, -1)
    return [row(product, shift(last, -12 * y), M * v, province) for y, v in zip(years, values)]


EXAMPLE = [*cells(A, 50, 40), *cells(B, 10, 0), *cells(C, 0, 8), *cells(D, 40, 47)]


def test_2_8_example(plant: Plant, cell: Callable[..., Any], close: Any) -> None:
    result = pe.margins(plant(EXAMPLE), during="2024-01")
    for column, want in zip(PARTS, (8, -10, -3)):
        assert close(cell(result, column), want, 6), column
    row = result.frame.row(0, named=True)
    assert (row["n_entry"], row["n_exit"], row["n_varieties"]) == (1, 1, 3)
    assert sum(row[c] for c in PARTS) == pytest.approx(-5)
    assert row["switchers_pp"] is None


def test_2_8_hummels_klenow(plant: Plant, cell: Callable[..., Any], close: Any) -> None:
    """National 500, 300, 200, province 25, 6, 0."""
    rows = [*cells(A, 25), *cells(B, 6)]
    for product, value in ((A, 475), (B, 294), (C, 200)):
        rows += cells(product, value, province="44")
    result = pe.margins(plant(rows), during="2024-01")
    for column, want in (("em", 0.8), ("im", 0.03875), ("national_share", 0.031)):
        assert close(cell(result, column, province="35"), want, 6), column


def test_a_variety_is_a_product_and_a_partner(plant: Plant) -> None:
    """The same product to another partner is another variety; HS8 within one HS6 are one."""
    rows = [row(A, 202301, M), row(A, 202401, M), row(A, 202401, M, partner="VNM"),
            row("64039911", 202401, M), row("64039911", 202301, 0)]  # fmt: skip
    r = pe.margins(plant(rows), during="2024-01").frame.row(0, named=True)
    assert (r["n_entry"], r["entry_pp"], r["intensive_pp"]) == (1, 100, 100)


def test_the_least_variety(plant: Plant) -> None:
    rows = [row(A, 202301, 9_999), row(A, 202401, 10_000), row(B, 202301, 50), row(B, 202401, 70),
            row(C, 202301, 10_000), row(C, 202401, 9_999)]  # fmt: skip
    trade = plant(rows)
    r = pe.margins(trade, during="2024-01").frame.row(0, named=True)
    base = 9_999 + 50 + 10_000
    assert (r["entry_pp"], r["exit_pp"]) == pytest.approx((100 / base, -100 / base))
    assert r["intensive_pp"] == pytest.approx(2000 / base)  # below in both windows
    low = pe.margins(trade, during="2024-01", min_variety=1).frame.row(0, named=True)
    assert (low["n_entry"], low["n_exit"], low["n_varieties"]) == (0, 0, 3)
    # In yuan the threshold is turned at each window's rate, about 7 to the dollar.
    yuan = plant(rows, currency="CNY", store="yuan")
    r = pe.margins(yuan, during="2024-01").frame.row(0, named=True)
    assert (r["n_entry"], r["n_varieties"]) == (0, 0)
    seven = [{**x, "value": 7 * x["value"]} for x in rows]
    r = pe.margins(plant(seven, currency="CNY", store="seven"), during="2024-01").frame
    assert r["n_varieties"].item() == 0  # 70,000 yuan were less than 10,000 dollars in 2024-01
    eight = [{**x, "value": 8 * x["value"]} for x in rows]
    r = pe.margins(plant(eight, currency="CNY", store="eight"), during="2024-01").frame
    assert r["n_varieties"].item() == 2


def test_the_least_variety_in_yuan_goes_by_the_rates_that_the_store_holds(
    make_store: Callable[..., Path], tmp_path: Path
) -> None:
    rows = [row(A, 202301, 60_000), row(A, 202401, 60_000)]
    place = make_store(rows, currency="CNY")
    file = tmp_path / "rates.csv"
    file.write_text("period,cny_per_usd\n2023-01,5.9\n2024-01,5.9\n", "utf-8")
    # 60,000 yuan: below 10,000 dollars at about 7 to the dollar, above them at 5.9.
    before = pe.margins(pe.open(place), during="2024-01").frame
    pe.add(place, [file])
    after = pe.margins(pe.open(place), during="2024-01").frame
    assert (before["n_varieties"].item(), after["n_varieties"].item()) == (0, 1)


# Robust: before the base, base, now.
HISTORY = [
    *cells(A, 0, 0, 5), *cells(B, 7, 0, 3), *cells(C, 4, 4, 0), *cells(D, 0, 6, 0),
    *cells("95030010", 10, 10, 12),
]  # fmt: skip


def test_robust_entry_and_exit(plant: Plant, cell: Callable[..., Any]) -> None:
    """Entry: inactive before and in the base; exit: active in both; the rest switches."""
    trade = plant(HISTORY)
    result = pe.margins(trade, during="2024-01", robust=True)
    want = {"entry_pp": 5, "exit_pp": -4, "intensive_pp": 2, "switchers_pp": 3 - 6}
    for column, change in want.items():
        assert cell(result, column) == pytest.approx(100 * change / 20), column
    assert (cell(result, "n_entry"), cell(result, "n_exit")) == (1, 1)
    assert [m["name"] for m in result.receipt.more] == ["before_base"]
    plain = pe.margins(trade, during="2024-01")
    assert cell(plain, "entry_pp") == 100 * 8 / 20 and cell(plain, "exit_pp") == -100 * 10 / 20
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_robust_by_month_and_without_the_window_before(plant: Plant, codes: Codes) -> None:
    rows = [*HISTORY, *cells(A, 3, 0, 4, last=202402), *cells(B, 9, 9, 9, last=202402)]
    trade = plant(rows)
    frame = pe.margins(trade, during="2024-01/2024-02", by="month", robust=True).frame
    assert frame["entry_pp"].to_list() == pytest.approx([25, 0])
    assert frame["switchers_pp"].to_list() == pytest.approx([-15, 100 * 4 / 9])
    result = pe.margins(trade, during="2023-01", robust=True)
    r = result.frame.row(0, named=True)
    assert (r["status"], r["reason"], r["entry_pp"]) == ("missing", "earlier_uncovered", None)
    assert r["value"] == 20 * M and r["em"] == 1 and "missing" in codes(result)


def test_robust_before_a_revision_of_the_codes(plant: Plant) -> None:
    """Phones of 8517.12 are counted as 8517.13 and 8517.14 from 2022: no entry in 2023."""
    history = {"851712": (5, 0, 0), "851714": (0, 0, 3), "640399": (0, 0, 2), "950300": (9, 9, 9)}
    rows = [r for product, values in history.items() for r in cells(product, *values, last=202301)]
    r = pe.margins(plant(rows), during="2023-01", robust=True).frame.row(0, named=True)
    assert r["entry_pp"] == pytest.approx(100 * 2 / 9) and r["n_entry"] == 1
    assert r["switchers_pp"] == pytest.approx(100 * 3 / 9)
    # Between the window and its base: one family throughout, old or new code, is intensive.
    rows = [r for product, values in {"851712": (5, 5, 0), "851713": (0, 0, 4)}.items()
            for r in cells(product, *values, last=202201)]  # fmt: skip
    r = pe.margins(plant(rows, store="b"), during="2022-01", robust=True).frame.row(0, named=True)
    assert (r["entry_pp"], r["exit_pp"], r["switchers_pp"]) == (0, 0, 0)
    assert r["intensive_pp"] == pytest.approx(-20)


def oracle(rows: list[Any], by: list[str], floor: int, robust: bool) -> dict[Any, dict[str, Any]]:
    frame = pd.DataFrame(rows)
    frame["k"], frame["year"] = frame["product"].str[:6], frame["period"] // 100
    frame["half"] = frame["period"] % 100 <= 2  # the world begins in January 2023
    frame = frame[frame["half"]] if robust else frame
    variety = [*by, *(c for c in ("k", "partner") if c not in by)]
    table = frame.pivot_table(
        index=variety, columns="year", values="value", aggfunc="sum", fill_value=0
    )
    before, base, now = (table[y] for y in ((2023, 2024, 2025) if robust else (2023, 2023, 2024)))
    on = {"before": before >= floor, "base": base >= floor, "now": now >= floor}
    change = now - base
    entry, exit_ = on["now"] & ~on["base"], on["base"] & ~on["now"]
    switch = (entry & on["before"]) | (exit_ & ~on["before"])
    if not robust:
        switch = switch & False
    parts = {"entry_pp": entry & ~switch, "exit_pp": exit_ & ~switch, "switchers_pp": switch,
             "intensive_pp": ~(entry | exit_)}  # fmt: skip
    others = [c for c in by if c != "province"]
    nation = now.groupby(level=[c for c in variety if c != "province"]).transform("sum")
    if others:
        whole = now.groupby(level=others).transform("sum")
    else:
        whole = pd.Series(now.sum(), index=now.index)
    found = {}
    for key, group in table.groupby(level=by):
        i = group.index
        x0, x1, active = base[i].sum(), now[i].sum(), on["now"][i]
        if not x0 and not x1:
            continue
        r = {n: 100 * change[i][mask[i]].sum() / x0 if x0 else None for n, mask in parts.items()}
        r |= {"n_entry": int(parts["entry_pp"][i].sum()), "n_exit": int(parts["exit_pp"][i].sum())}
        n = nation[i][active].sum()
        r |= {"em": n / whole[i].iloc[0] if whole[i].iloc[0] else None, "im": x1 / n if n else None}
        found[key[0] if len(by) == 1 else key] = r
    return found


@pytest.mark.parametrize("robust", [False, True])
@pytest.mark.parametrize("by", [["province"], ["province", "partner"]])
def test_against_pandas(
    trades: dict[int, pe.Trade], worlds: Worlds, by: list[str], robust: bool, finite: Any
) -> None:
    during = "2025-01/2025-02" if robust else "2024"
    for seed in (1, 2):
        want = oracle(worlds[seed, "export"], by, 500_000, robust)
        result = pe.margins(trades[seed], during=during, by=by, min_variety=500_000, robust=robust)
        finite(result)
        got = {
            r[by[0]] if len(by) == 1 else (r[by[0]], r[by[1]]): r for r in result.frame.to_dicts()
        }
        assert set(got) == set(want)
        for key, expected in want.items():
            for column, figure in expected.items():
                if column == "switchers_pp" and not robust:
                    assert got[key][column] is None
                elif figure is None:
                    assert got[key][column] is None, (key, column)
                else:
                    assert got[key][column] == pytest.approx(figure, rel=1e-9), (key, column)


@pytest.mark.parametrize("by", [["province"], ["region"], ["sector"], ["province", "quarter"], []])
def test_identities(trades: dict[int, pe.Trade], by: list[str]) -> None:
    for robust in (False, True):
        during = "2025-01/2025-02" if robust else "2024"
        for r in pe.margins(trades[1], during=during, by=by, robust=robust).frame.to_dicts():
            if r["base_value"]:
                four = [r[c] for c in (*PARTS, *(["switchers_pp"] if robust else []))]
                growth = 100 * (r["value"] / r["base_value"] - 1)
                assert sum(four) == pytest.approx(growth, rel=1e-9, abs=1e-9)
            if r["im"] is not None:
                assert r["em"] * r["im"] == pytest.approx(r["national_share"], rel=1e-12)
            assert r["em"] is None or 0 <= r["em"] <= 1


def test_status_and_missing(plant: Plant, codes: Codes) -> None:
    rows = [*cells(A, 60, 0), *cells(A, 0, 5, province="44"), *cells(A, -3, 5, province="51")]
    trade = plant(rows)
    found = {r["province"]: r for r in pe.margins(trade, during="2024-01").frame.to_dicts()}
    assert {p: r["status"] for p, r in found.items()} == {
        "35": "exit",
        "44": "new",
        "51": "negative",
    }
    assert found["35"]["exit_pp"] == -100 and found["44"]["entry_pp"] is None
    assert found["44"]["em"] == 1 and found["51"]["im"] is None
    gap = pe.margins(trade, during="2024-02").frame
    assert set(gap["status"]) == {"missing"} and set(gap["reason"]) == {"uncovered"}
    assert gap["em"].null_count() == gap.height
    chosen = pe.margins(trade, during="2024-01", province="35", by=[])
    assert chosen.frame["em"].to_list() == [None] and "columns" in codes(chosen)


def test_a_coarser_table_says_so(plant: Plant, codes: Codes) -> None:
    rows = [{**r, "product": r["product"][:4]} for r in EXAMPLE]
    result = pe.margins(plant(rows), during="2024-01")
    assert result.frame["entry_pp"].item() == 8 and "level" in codes(result)


def test_wrong_arguments(plant: Plant) -> None:
    trade = plant(EXAMPLE)
    for wrong in (0, -1, float("nan"), float("inf"), "10,000", True):
        with pytest.raises(CallError, match="min_variety"):
            pe.margins(trade, min_variety=wrong)
    with pytest.raises(CallError, match="cannot be made of products at HS6"):
        pe.margins(trade, by=["province", "product:HS2"])
    with pytest.raises(CoverageError, match="partner"):
        pe.margins(
            plant([{"province": "44", "product": A, "period": 202401, "value": 5}], store="b")
        )
