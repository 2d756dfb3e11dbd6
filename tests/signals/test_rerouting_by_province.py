"""The province layer: the worked examples of methods 4.5, and its sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.ingest import FileRows

Row = dict[str, Any]
Build = Callable[..., pe.Trade]
M = 1_000_000


def flow(province: str, partner: str, product: str, base: int, now: int) -> list[Row]:
    same = {"province": province, "partner": partner, "product": f"{product}00"}
    return [
        {**same, "period": 202408, "value": base * M},
        {**same, "period": 202508, "value": now * M},
    ]


@pytest.fixture
def switched(desk: Build, planted_part: Callable[..., FileRows]) -> pe.Trade:
    """(change to the market, to hubs): k1 (-12, +9), k2 (+1, +2), k3 (-5, +1), k4 (-8, +10)."""
    rows = []
    for product, us, hubs in (
        ("850110", -12, 9), ("850120", 1, 2), ("850131", -5, 1), ("850132", -8, 10),
        ("980400", -50, 50),
    ):  # fmt: skip
        rows += flow("44", "USA", product, 60, 60 + us)
        # The rise is of all hubs together: one of them may fall.
        rows += flow("44", "VNM", product, 10, 10 + hubs + 3) + flow("44", "MEX", product, 9, 6)
        rows += flow("35", "VNM", product, 1, 1)
    return desk([planted_part(rows)])


def test_own_switch_ratio(switched: pe.Trade, row: Callable[..., Row]) -> None:
    result = pe.own_switch(switched, during="2025-08", min_base=0)
    found = row(result, province="44")
    assert found["own_switch_ratio"] == pytest.approx((9 + 1 + 8) / 25) == pytest.approx(0.72)
    assert (found["own_loss"], found["switched"], found["n_products"]) == (25 * M, 18 * M, 3)
    assert (found["value"], found["base_value"]) == ((240 - 24) * M, 240 * M)
    assert found["rank"] == 1
    other = row(result, province="35")
    assert (other["own_loss"], other["own_switch_ratio"], other["rank"]) == (0, None, None)
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_own_switch_of_the_nation_by_product_and_hub(
    switched: pe.Trade, row: Callable[..., Row]
) -> None:
    nation = pe.own_switch(switched, during="2025-08", by=[]).frame
    assert nation["own_switch_ratio"].item() == pytest.approx(0.72)
    assert pe.own_switch(switched, during="2025-08", by=[], product="850131").frame[
        "own_switch_ratio"
    ].item() == pytest.approx(1 / 5)
    # Vietnam alone rose by 3 more: (12 + 4 + 8) / 25.
    alone = pe.own_switch(switched, during="2025-08", by=[], hubs="Vietnam").frame
    assert alone["own_switch_ratio"].item() == pytest.approx(24 / 25)


def test_own_switch_of_an_uncovered_window(switched: pe.Trade) -> None:
    frame = pe.own_switch(switched, during="2025-09", against="2024-09").frame
    assert set(frame["status"]) == {"missing"}
    assert frame["own_loss"].null_count() == frame["own_switch_ratio"].null_count() == frame.height


@pytest.mark.parametrize(
    "options", [{"partner": "ASEAN"}, {"hubs": "US"}, {"hubs": "all"}, {"partner": "not US"}]
)
def test_own_switch_refuses(switched: pe.Trade, options: Row) -> None:
    with pytest.raises(CallError, match="own_switch"):
        pe.own_switch(switched, during="2025-08", **options)


def origin() -> list[Row]:
    """Increments to Vietnam: GD 18, FJ 9, HN -2, JS 3 (methods 4.5); to Mexico GD 4."""
    rows = []
    for province, base, now in (("44", 2, 20), ("35", 1, 10), ("43", 4, 2), ("32", 5, 8)):
        rows += flow(province, "VNM", "850110", base, now)
        rows += flow(province, "USA", "850110", 40, 20)
        rows += flow(province, "DEU", "850110", 10, 10)
    return rows + flow("44", "MEX", "850110", 1, 1)


def market(province_less: int = 28) -> list[Row]:
    """The market loses 28 from the origin, so that the value is 28: the smallest of the three."""
    rows = []
    for partner, base, now in (
        ("VNM", 20, 60), ("CHN", 100, 100 - province_less), ("DEU", 50, 50), ("MEX", 9, 9),
    ):  # fmt: skip
        same = {"partner": partner, "product": "850110"}
        rows += [{**same, "period": 202409, "value": base * M},
                 {**same, "period": 202509, "value": now * M}]  # fmt: skip
    return rows


@pytest.fixture
def both(desk: Build, planted_part: Callable[..., FileRows]) -> pe.Trade:
    side = planted_part(
        market(), reporter="USA", flow="import", valuation="customs value", name="us"
    )
    return desk([planted_part(origin(), name="cn"), side])


HUBS = {"hubs": ["VNM", "MEX"], "lag": 1, "during": "2025-08"}


def test_value_by_province(both: pe.Trade, row: Callable[..., Row]) -> None:
    national = pe.rerouting(both, **HUBS)
    assert row(national, partner="VNM")["rv"] == 28 * M
    result = pe.rerouting_by_province(both, **HUBS)
    found = {r["province"]: r["rv_province"] for r in result.frame.to_dicts()}
    assert found == pytest.approx({"44": 16.8 * M, "35": 8.4 * M, "43": 0, "32": 2.8 * M})
    guangdong = row(result, province="44")
    assert guangdong["rerouting_exposure"] == pytest.approx(16.8 / (20 + 20 + 10 + 1))
    assert guangdong["own_switch_ratio"] == pytest.approx(18 / 20)
    assert (guangdong["value"], guangdong["rank"], guangdong["n_products"]) == (51 * M, 1, 1)
    # Without tariffs nothing is more than low, so neither is a province.
    assert (guangdong["strength"], row(result, province="43")["strength"]) == ("low", "none")
    assert row(result, province="43")["rank"] is None
    assert "attribution" in " ".join(c.text for c in result.caveats)
    assert pe.replay(result.receipt).frame.equals(result.frame)


def test_value_by_province_hub_and_product(both: pe.Trade) -> None:
    result = pe.rerouting_by_province(both, by=["province", "partner", "product:HS6"], **HUBS)
    rows = result.frame.select("province", "partner", "product", "rv_province").rows()
    assert [r[:3] for r in rows] == [(p, "VNM", "850110") for p in ("44", "35", "32")]
    assert sum(r[3] for r in rows) == pytest.approx(28 * M)
    some = pe.rerouting_by_province(both, province="Fujian", **HUBS).frame
    # The shares are those of all provinces, whichever are shown.
    assert some["rv_province"].to_list() == pytest.approx([8.4 * M])


def test_strength_needs_confidence_and_a_switch() -> None:
    from provexpo.signals.rerouting_by_province import _strength

    assert _strength(10.0, 5.0, 0.25) == "high"
    assert _strength(10.0, 4.9, 0.9) == "low"
    assert _strength(10.0, 10.0, 0.24) == "low"
    assert _strength(10.0, 10.0, None) == "low"
    assert _strength(0.0, 0.0, 0.9) == "none"
    assert _strength(None, None, 0.9) is None


def test_no_market_record_is_no_zero(desk: Build, planted_part: Callable[..., FileRows]) -> None:
    side = planted_part(
        [r for r in market() if r["period"] == 202409],
        reporter="USA", flow="import", valuation="customs value", name="us",
    )  # fmt: skip
    frame = pe.rerouting_by_province(desk([planted_part(origin(), name="cn"), side]), **HUBS).frame
    assert frame["rv_province"].null_count() == frame.height == 4
    assert set(frame["status"]) == {"missing"} and set(frame["reason"]) == {"market_uncovered"}


def test_refusals(both: pe.Trade, desk: Build, planted_part: Callable[..., FileRows]) -> None:
    with pytest.raises(CallError, match="shares values out to provinces"):
        pe.rerouting_by_province(both, by="partner", **HUBS)
    plain = [
        {k: v for k, v in r.items() if k != "province"} for r in flow("44", "VNM", "850110", 1, 2)
    ]
    side = planted_part(market(), reporter="USA", flow="import", name="us")
    with pytest.raises(CoverageError):
        pe.rerouting_by_province(desk([planted_part(plain, name="cn"), side]), **HUBS)


def test_sums_of_shares(both: pe.Trade) -> None:
    national = pe.rerouting(both, **HUBS).frame["rv"].sum()
    shared = pe.rerouting_by_province(both, **HUBS).frame
    assert shared["rv_province"].sum() == pytest.approx(national)
    assert (shared["rv_medium"] <= shared["rv_province"]).all()
    assert shared.filter(pl.col("strength") == "high").is_empty()
