"""Growth in dollars and in yuan (methods 2.4): the example, and cells of one currency only."""

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
from provexpo.errors import CoverageError, UnknownCodeError

Plant = Callable[..., pe.Trade]
Row = dict[str, Any]
STORES = count()


def both(plant: Plant, usd: list[Any], cny: list[Any], **options: Any) -> pe.Trade:
    plant(usd, currency="USD", **options)
    return plant(cny, currency="CNY", **options)


def two(usd: tuple[int, int], cny: tuple[int, int], partner: str = "USA") -> tuple[Any, Any]:
    return tuple(
        [("44", partner, p, v) for p, v in zip((202303, 202403), values)] for values in (usd, cny)
    )  # type: ignore[return-value]


def test_2_4_the_example(plant: Plant, close: Callable[..., bool]) -> None:
    trade = both(plant, *two((10_000, 10_400), (71_100, 75_088)))
    result = pe.currency_split(trade, during="2024-03")
    row = result.frame.row(0, named=True)
    for name, printed in (("g_usd", 0.04), ("g_cny", 0.056090), ("g_fx", 0.015471)):
        assert close(row[name], printed, 6), name
    assert close(row["implied_rate"], 7.22, 6) and close(row["base_implied_rate"], 7.11, 6)
    assert (row["value"], row["value_cny"]) == (10_400, 75_088)
    assert result.units["value"] == "USD" and result.units["value_cny"] == "CNY"
    assert {m["name"] for m in result.receipt.more} >= {"the same in CNY"}


def test_one_currency_is_an_error_that_says_so(plant: Plant) -> None:
    usd, cny = two((100, 104), (711, 750))
    with pytest.raises(CoverageError, match="the store holds USD"):
        pe.currency_split(plant(usd), during="2024-03")
    plant(usd, store="apart", source="tidy")
    trade = plant(cny, store="apart", source="other", currency="CNY")
    with pytest.raises(CoverageError, match="no one table"):
        pe.currency_split(trade, during="2024-03")
    with pytest.raises(UnknownCodeError):
        pe.currency_split(trade, partner="Atlantis", during="2024-03")


def test_the_table_that_holds_both_is_found(plant: Plant) -> None:
    """The table that dollars alone would take is passed over."""
    usd, cny = two((100, 104), (711, 750))
    both(plant, usd, cny)
    coarse = [{"partner": "USA", "period": p, "value": v} for p, v in ((202303, 1), (202403, 9))]
    trade = plant(coarse, source="totals")  # fewer dimensions: the first choice in dollars
    assert pe.value(trade, by="partner", during="2024-03").frame["value"].item() == 9
    frame = pe.currency_split(trade, by="partner", during="2024-03").frame
    assert frame.select("value", "value_cny").rows() == [(104, 750)]


@pytest.mark.parametrize("lost", ["USD", "CNY"])
@pytest.mark.parametrize("period", [202303, 202403])
def test_a_cell_of_one_currency_makes_its_row_missing(
    plant: Plant, caveat: Callable[..., str], lost: str, period: int
) -> None:
    usd, cny = two((100, 104), (711, 750))
    more = {"VNM": two((50, 60), (355, 430), "VNM"), "DEU": two((10, 20), (71, 140), "DEU")}
    for rows in more.values():
        usd, cny = usd + rows[0], cny + rows[1]
    gone = ("44", "VNM", period)
    sides = {"USD": usd, "CNY": cny}
    sides[lost] = [r for r in sides[lost] if r[:3] != gone]
    result = pe.currency_split(
        both(plant, sides["USD"], sides["CNY"]), by="partner", during="2024-03", min_base=0
    )
    got = {r["partner"]: r for r in result.frame.to_dicts()}
    assert {p: r["status"] for p, r in got.items()} == {
        "USA": "ok", "VNM": "missing", "DEU": "ok",
    }  # fmt: skip
    assert got["VNM"]["reason"] == "currencies_differ"
    assert got["VNM"]["g_usd"] is got["VNM"]["g_fx"] is got["VNM"]["implied_rate"] is None
    assert "1 cells" in caveat(result, "currencies_differ")
    # A figure over all partners holds the cell as well.
    nation = pe.currency_split(both(plant, sides["USD"], sides["CNY"]), by=[], during="2024-03")
    assert nation.frame["status"].item() == "missing"
    # One that does not hold it stands.
    us = pe.currency_split(
        both(plant, sides["USD"], sides["CNY"]), by=[], partner="US", during="2024-03", min_base=0
    )
    assert us.frame["status"].item() == "ok"


def test_different_cells_of_the_same_number_are_seen(plant: Plant) -> None:
    """One cell a side, of two partners: the counts agree and the sums do not mean the same."""
    usd = [("44", "USA", 202303, 10), ("44", "USA", 202403, 12)]
    cny = [("44", "USA", 202303, 71), ("44", "VNM", 202403, 85)]
    frame = pe.currency_split(both(plant, usd, cny), during="2024-03").frame
    assert frame.select("status", "reason").rows() == [("missing", "currencies_differ")]


def test_statuses(plant: Plant, finite: Callable[[pe.Result], None]) -> None:
    usd: list[Any] = []
    cny: list[Any] = []
    for partner, x0, x1 in (("USA", 0, 5), ("VNM", 5, 0), ("DEU", 100, 90), ("THA", 5, -5)):
        rows = two((x0, x1), (x0 * 7, x1 * 7), partner)
        usd, cny = usd + rows[0], cny + rows[1]
    result = pe.currency_split(both(plant, usd, cny), by="partner", during="2024-03", min_base=50)
    finite(result)
    got = {r["partner"]: r for r in result.frame.to_dicts()}
    assert {p: (r["status"], r["g_usd"], r["g_cny"]) for p, r in got.items()} == {
        "USA": ("new", None, None), "VNM": ("exit", -1.0, -1.0),
        "DEU": ("ok", pytest.approx(-0.1), pytest.approx(-0.1)), "THA": ("negative", None, None),
    }  # fmt: skip
    assert got["VNM"]["g_fx"] is None and got["USA"]["implied_rate"] == 7.0


def test_not_covered_in_one_currency_is_missing(plant: Plant, caveat: Callable[..., str]) -> None:
    usd, cny = two((100, 104), (711, 750))
    plant([*usd, ("44", "USA", 202304, 1), ("44", "USA", 202404, 1)])
    trade = plant([*cny, ("44", "USA", 202304, 7)], currency="CNY")
    result = pe.currency_split(trade, by="month", during="2024-03/2024-04", min_base=0)
    assert result.frame.select("month", "status", "reason").rows() == [
        ("2024-03", "ok", None), ("2024-04", "missing", "uncovered"),
    ]  # fmt: skip
    assert "2024-04" in caveat(result, "missing")
    whole = pe.currency_split(trade, by=[], during="2024-03/2024-04").frame
    assert whole.select("status", "g_usd").rows() == [("missing", None)]


@pytest.mark.parametrize(
    "by", [["province"], ["partner"], [], ["month"], ["product:HS2"], ["region"]]
)
def test_against_pandas(
    plant: Plant, worlds: dict[tuple[int, str], list[Row]], spans: list[Any], by: list[str]
) -> None:
    rows = worlds[1, "export"]
    rate = {p: 6.9 + 0.01 * (p % 100) + 0.1 * (p // 100 - 2023) for p, _ in spans}
    yuan = [{**r, "value": round(r["value"] * rate[r["period"]])} for r in rows]
    trade = both(plant, rows, yuan, spans=spans)
    frame = pe.currency_split(trade, by=by, during="2024", min_base=0).frame
    data = pd.DataFrame(rows)
    data["cny"] = [r["value"] for r in yuan]
    data["year"] = data["period"] // 100
    data["month"] = [f"2024-{p % 100:02d}" for p in data["period"]]
    data["product"] = data["product"].str[:2]
    east = {"11", "31", "35", "44"}
    data["region"] = ["East" if p in east else "other" for p in data["province"]]
    data["every"] = "all"
    for row in frame.to_dicts():
        if by == ["region"] and row["region"] != "East":
            continue
        key = by[0].split(":")[0] if by else "every"
        mine = data[data[key] == (row[key] if by else "all")]
        now, was = mine[mine["year"] == 2024], mine[mine["year"] == 2023]
        assert (row["value"], row["value_cny"]) == (now["value"].sum(), now["cny"].sum())
        assert (row["base_value"], row["base_value_cny"]) == (was["value"].sum(), was["cny"].sum())
        if row["status"] == "ok":
            g_usd = now["value"].sum() / was["value"].sum() - 1
            assert row["g_usd"] == pytest.approx(g_usd, abs=1e-12)
            assert (1 + row["g_usd"]) * (1 + row["g_fx"]) == pytest.approx(1 + row["g_cny"])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.tuples(*[st.integers(10**6, 10**12)] * 4))
def test_the_product_of_both_is_growth_in_yuan(
    make_store: Callable[..., Path], values: tuple[int, ...]
) -> None:
    name = f"h{next(STORES)}"
    for currency, (x0, x1) in (("USD", values[:2]), ("CNY", values[2:])):
        rows = [{"province": "44", "partner": "USA", "period": p, "value": v}
                for p, v in ((202303, x0), (202403, x1))]  # fmt: skip
        path = make_store(rows, store=name, currency=currency)
    row = pe.currency_split(pe.open(path), during="2024-03", min_base=0).frame.row(0, named=True)
    left, right = (1 + row["g_usd"]) * (1 + row["g_fx"]), 1 + row["g_cny"]
    # A growth near -100 % holds 16 decimals, not 16 digits, of what is left.
    slack = 4e-16 * (2 + row["g_usd"] + row["g_fx"])
    assert left == pytest.approx(right, rel=1e-12, abs=slack)


def test_replay_gives_the_same(sample: pe.Trade) -> None:
    result = pe.currency_split(sample, during="2025-01/2025-07")
    assert pe.replay(result.receipt).frame.equals(result.frame)
    assert result.frame["status"].is_in(["ok", "small_base"]).all()
    assert result.frame["implied_rate"].is_between(7.1, 7.3).all()


def test_the_rate_of_the_real_crude_oil_files(real_data: Path, tmp_path: Path) -> None:
    """Dollars and yuan of one query of 2024; the rates were worked out apart from the files."""
    folder = real_data / "customs_query"
    files = [folder / f"import_crude_oil_2024_{c}.csv" for c in ("cny", "usd")]
    pe.add(tmp_path / "oil", files, flow="import")
    result = pe.currency_split(
        pe.open(tmp_path / "oil"), flow="import", by="month", during="2024-01/2024-12"
    )
    table = pd.read_csv(real_data / "implied_cny_per_usd_monthly_2016_2026.csv")
    want = table[table["period"] // 100 == 2024].sort_values("period")["implied_cny_per_usd"]
    got = result.frame["implied_rate"].to_list()
    assert len(got) == 12 and got == pytest.approx(want.to_list(), abs=5.1e-7)
    assert set(result.frame["status"]) == {"missing"}  # growth needs 2023
