"""How much of a fall other markets made up for: methods 3.2, and a plain Python computation."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import provexpo as pe
from provexpo.errors import CallError, CoverageError, UnknownCodeError
from provexpo.periods import Span, shift

Row = dict[str, Any]
Plant = Callable[..., pe.Trade]
Cell = Callable[..., Any]
Close = Callable[[Any, float, int], bool]

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
NOW, BASE = 202407, 202307
M = 1_000_000
HUBS = ("VNM", "THA", "MYS", "IDN", "KHM", "IND", "MEX")
# Methods 3.2, USD million: (US base, US now, rest base, rest now), and the growth to be expected.
TOY = {
    "85171300": (50, 40, 150, 175),
    "94016110": (20, 12, 30, 29),
    "64039900": (10, 8, 15, 15.5),
    "95030010": (5, 6, 10, 12),
}
SECTORS = {
    "Electrical and electronic goods": "85171300",
    "Furniture, bedding and lighting": "94016110",
    "Leather goods, footwear and headgear": "64039900",
    "Toys, games and sports goods": "95030010",
}
# What another province sells elsewhere, so that the nation's growth is 8 % and 2 %.
OTHERS = {
    "85171300": (150, 149),
    "94016110": (70, 73),
    "64039900": (85, 86.5),
    "95030010": (90, 90),
}


def cells(product: str, partner: str, base: float, now: float, province: str = "44") -> list[Row]:
    return [
        {"province": province, "partner": partner, "product": product, "period": month,
         "value": round(v * M)}
        for month, v in ((BASE, base), (NOW, now))
    ]  # fmt: skip


def toy_rows(rest: str = "DEU") -> list[Row]:
    rows = []
    for product, (u0, u1, r0, r1) in TOY.items():
        rows += cells(product, "USA", u0, u1) + cells(product, rest, r0, r1)
        rows += cells(product, "DEU", *OTHERS[product], province="35")
    return rows


@pytest.fixture
def toy_offset(plant: Plant) -> pe.Trade:
    return plant(toy_rows())


@pytest.mark.parametrize(
    ("sector", "d_us", "d_row", "ratio", "cushion", "excess"),
    [
        ("Electrical and electronic goods", -10, 25, 2.5, 1.0, 1.3),
        ("Furniture, bedding and lighting", -8, -1, -0.125, 0.0, -0.2),
        ("Leather goods, footwear and headgear", -2, 0.5, 0.25, 0.25, 0.1),
    ],
)
def test_3_2_by_sector(
    toy_offset: pe.Trade, cell: Cell, close: Close, sector: str, d_us: float, d_row: float,
    ratio: float, cushion: float, excess: float,
) -> None:  # fmt: skip
    result = pe.offset(toy_offset, by=["province", "sector"], during="2024-07")
    keys = {"province": "44", "sector": sector}
    assert cell(result, "d_us", **keys) == d_us * M
    assert cell(result, "d_row", **keys) == d_row * M
    assert cell(result, "offset_ratio", **keys) == ratio
    assert cell(result, "cushion", **keys) == cushion
    assert close(cell(result, "offset_excess", **keys), excess, 6)
    assert cell(result, "offset_status", **keys) == "ok"


def test_3_2_no_decline_has_no_ratio(toy_offset: pe.Trade) -> None:
    frame = pe.offset(toy_offset, by=["province", "sector"], during="2024-07").frame
    row = next(r for r in frame.to_dicts() if r["d_us"] == M)
    assert row["offset_status"] == "no_us_decline"
    assert row["d_row"] == 2 * M
    for column in ("offset_ratio", "offset_excess", "offset_ex_hubs", "cushion", "c_index",
                   "realloc", "or_min", "or_max", "driver", "driver_share", "rank"):  # fmt: skip
        assert row[column] is None, column


def test_3_2_the_province(toy_offset: pe.Trade, cell: Cell, close: Close) -> None:
    result = pe.offset(toy_offset, during="2024-07")
    assert cell(result, "d_us", province="44") == -19 * M
    assert cell(result, "d_row", province="44") == 26.5 * M
    assert close(cell(result, "offset_ratio", province="44"), 1.394737, 6)
    assert close(cell(result, "c_index", province="44"), 0.525, 6)
    assert close(cell(result, "realloc", province="44"), 0.475, 6)
    # Over what 8 % and 2 % would have given: 13 - 1.6 + 0.2 + 1.8 of 19.
    assert close(cell(result, "offset_excess", province="44"), 13.4 / 19, 6)


def test_3_2_small_units_give_the_same(plant: Plant, cell: Cell, close: Close) -> None:
    """The toy in thousands instead of millions: no ratio rests on the size of the unit."""
    rows = [{**r, "value": r["value"] // 1000} for r in toy_rows()]
    result = pe.offset(plant(rows), during="2024-07", min_decline=0)
    assert close(cell(result, "offset_ratio", province="44"), 1.394737, 6)
    assert close(cell(result, "offset_excess", province="44"), 13.4 / 19, 6)


def test_hubs_are_left_out(plant: Plant, cell: Cell) -> None:
    rows = cells("85171300", "USA", 50, 40) + cells("85171300", "VNM", 10, 14)
    rows += cells("85171300", "HKG", 10, 12) + cells("85171300", "DEU", 10, 11)
    trade = plant(rows)
    whole = pe.offset(trade, during="2024-07")
    assert cell(whole, "offset_ratio") == 0.7
    assert cell(whole, "offset_ex_hubs") == 0.3
    named = pe.offset(trade, during="2024-07", hubs=["Hong Kong", "Vietnam"])
    assert cell(named, "offset_ex_hubs") == 0.1
    assert cell(named, "offset_ratio") == 0.7
    assert pe.replay(named.receipt.to_json()).frame.equals(named.frame)
    # The partner itself is never a hub of its own fall.
    self_named = pe.offset(trade, during="2024-07", hubs="US")
    assert cell(self_named, "offset_ex_hubs") == 0.7


def test_the_hubs_shipped_are_those_of_the_methods() -> None:
    with (SEEDS / "hubs.csv").open(encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    assert {r["partner"] for r in rows} == set(HUBS)
    assert all(r["source"] for r in rows)


def test_one_product_that_makes_the_figure(plant: Plant, cell: Cell) -> None:
    """Two products: without the first OR is 1 / 2, without the second 30 / 8."""
    rows = cells("85171300", "USA", 50, 42) + cells("85171300", "DEU", 10, 40)
    rows += cells("64039900", "USA", 10, 8) + cells("64039900", "DEU", 10, 11)
    row = pe.offset(plant(rows), during="2024-07").frame.row(0, named=True)
    assert row["offset_ratio"] == 3.1
    assert (row["or_min"], row["or_max"]) == (0.5, 3.75)
    assert row["driver"] == "851713"
    assert row["driver_share"] == pytest.approx(2.6 / (2.6 + 0.65))
    assert row["single_driver"] is True
    assert row["or_sign_stable"] is True
    assert (row["n_left_out"], row["n_undefined"]) == (2, 0)


def test_leaving_out_the_only_product_that_fell_is_undefined(plant: Plant) -> None:
    rows = cells("85171300", "USA", 50, 40) + cells("85171300", "DEU", 10, 12)
    rows += cells("64039900", "USA", 10, 13) + cells("64039900", "DEU", 10, 9)
    row = pe.offset(plant(rows), during="2024-07").frame.row(0, named=True)
    # Without 6403 the fall is 10 and the rise 2; without 8517 nothing fell.
    assert row["offset_ratio"] == pytest.approx(1 / 7)
    assert (row["or_min"], row["or_max"]) == (0.2, 0.2)
    assert (row["n_left_out"], row["n_undefined"]) == (1, 1)
    assert row["driver"] == "640399"


def test_chapter_98_is_in_the_total_and_no_product(plant: Plant, cell: Cell) -> None:
    rows = cells("98040000", "USA", 50, 20) + cells("98040000", "DEU", 10, 40)
    rows += cells("64039900", "USA", 10, 8) + cells("64039900", "DEU", 10, 11)
    result = pe.offset(plant(rows), during="2024-07")
    assert cell(result, "offset_ratio") == 31 / 32
    assert cell(result, "offset_ex98") == 0.5
    assert cell(result, "driver") == "640399"  # the only product: 30 / 30 without it
    assert (cell(result, "or_min"), cell(result, "or_max")) == (1.0, 1.0)
    assert cell(result, "n_left_out") == 1
    assert cell(result, "c_index") == (30 + 1) / 32  # a sector of its own


def test_small_declines_are_computed_and_not_ranked(plant: Plant) -> None:
    rows = cells("85171300", "USA", 100, 99.95) + cells("85171300", "DEU", 1, 2)  # under 1m / 12
    rows += cells("85171300", "USA", 100, 99.6, "35") + cells("85171300", "DEU", 1, 2, "35")  # .4 %
    rows += cells("85171300", "USA", 100, 99, "33") + cells("85171300", "DEU", 1, 2, "33")
    trade = plant(rows)
    found = {r["province"]: r for r in pe.offset(trade, during="2024-07").frame.to_dicts()}
    states = {p: r["offset_status"] for p, r in found.items()}
    assert states == {"44": "small_decline", "35": "small_decline", "33": "ok"}
    assert found["44"]["offset_ratio"] == pytest.approx(20.0)
    assert {p: r["rank"] for p, r in found.items()} == {"44": None, "35": None, "33": 1}
    loose = pe.offset(trade, during="2024-07", min_decline=0, min_decline_share=0)
    assert set(loose.frame["offset_status"]) == {"ok"}
    assert pe.replay(loose.receipt).frame.equals(loose.frame)


def test_a_partial_list_of_partners_is_no_rest_of_the_world(
    plant: Plant, codes: Callable[[pe.Result], list[str]]
) -> None:
    trade = plant(toy_rows(), listed={"partner": ("USA", "DEU")})
    result = pe.offset(trade, during="2024-07")
    row = next(r for r in result.frame.to_dicts() if r["province"] == "44")
    assert (row["status"], row["reason"], row["offset_status"]) == ("missing", "scope", "missing")
    assert row["d_us"] == -19 * M
    assert row["d_row"] is None and row["offset_ratio"] is None and row["driver"] is None
    assert "scope" in codes(result)


def test_a_base_that_is_not_covered_is_missing(plant: Plant, finite: Callable[..., None]) -> None:
    trade = plant(toy_rows())
    result = pe.offset(trade, during="2023-07")
    finite(result)
    assert result.frame.height == 2
    for row in result.frame.to_dicts():
        assert (row["status"], row["offset_status"]) == ("missing", "missing")
        assert row["reason"] == "base_uncovered"
        assert row["d_us"] is None and row["offset_ratio"] is None and row["c_index"] is None


def test_negative_amounts_give_no_ratio(plant: Plant) -> None:
    rows = cells("85171300", "USA", 5, -3) + cells("85171300", "DEU", 1, 2)
    row = pe.offset(plant(rows), during="2024-07").frame.row(0, named=True)
    assert (row["status"], row["reason"], row["offset_status"]) == (
        "negative",
        "negative",
        "missing",
    )
    assert row["offset_ratio"] is None


def test_a_table_without_products_or_provinces(
    plant: Plant, codes: Callable[[pe.Result], list[str]]
) -> None:
    rows = [
        {k: v for k, v in r.items() if k != "product"} for r in cells("85171300", "USA", 50, 40)
    ]
    rows += [{k: v for k, v in r.items() if k != "product"} for r in cells("1", "DEU", 10, 15)]
    result = pe.offset(plant(rows), during="2024-07")
    row = result.frame.row(0, named=True)
    assert row["offset_ratio"] == 0.5
    for column in ("c_index", "realloc", "or_min", "driver", "offset_ex98", "n_left_out"):
        assert row[column] is None, column
    assert "columns" in codes(result)
    flat = [{k: v for k, v in r.items() if k != "province"} for r in rows]
    nation = pe.offset(plant(flat, store="flat"), during="2024-07")
    assert nation.frame["offset_ratio"].to_list() == [0.5]
    assert nation.frame["offset_excess"].to_list() == [None]


def test_excess_over_the_rows_own_growth(plant: Plant, cell: Cell) -> None:
    """Other markets grew by 10 % and by 20 % in the two years before: 15 % are to be expected."""
    rows: list[Row] = []
    yearly = {2021: 1000, 2022: 1100, 2023: 1320}
    for year, total in yearly.items():
        for m in range(1, 13):
            rows += [{"province": "44", "partner": "DEU", "product": "640399",
                      "period": year * 100 + m, "value": total * M // 12},
                     {"province": "44", "partner": "USA", "product": "640399",
                      "period": year * 100 + m, "value": 100 * M}]  # fmt: skip
    rows += [{"province": "44", "partner": p, "product": "640399", "period": 202401, "value": v}
             for p, v in (("DEU", 150 * M), ("USA", 80 * M))]  # fmt: skip
    trade = plant(rows)
    result = pe.offset(trade, during="2024-01", excess="own")
    assert cell(result, "offset_excess") == pytest.approx((150 - 110 * 1.15) / 20)
    assert len(result.receipt.more) == 2
    assert pe.replay(result.receipt.to_json()).frame.equals(result.frame)
    assert "2022" in result.explain()
    short = plant([r for r in rows if r["period"] > 202101], store="short")
    unknown = pe.offset(short, during="2024-01", excess="own")
    assert cell(unknown, "offset_excess") is None
    assert cell(unknown, "offset_ratio") == 2.0
    assert any("2021" in c.text for c in unknown.caveats if c.code == "columns")


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ({"partner": None}, CallError, "needs a partner"),
        ({"partner": "all"}, CallError, "needs a partner"),
        ({"by": "partner"}, CallError, "no key"),
        ({"by": "partner_group:continent"}, CallError, "no key"),
        ({"excess": "none"}, CallError, "excess"),
        ({"excess": "own", "by": ["province", "month"]}, CallError, "one window"),
        ({"hubs": "not VNM"}, CallError, "hubs"),
        ({"hubs": "Atlantis"}, UnknownCodeError, "Atlantis"),
        ({"min_decline": -1}, CallError, "min_decline"),
        ({"min_decline_share": "1"}, CallError, "min_decline_share"),
    ],
)
def test_wrong_words(toy_offset: pe.Trade, words: Row, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        pe.offset(toy_offset, during="2024-07", **words)


def test_a_store_without_partners(plant: Plant) -> None:
    with pytest.raises(CoverageError, match="partner"):
        pe.offset(plant([{"province": "44", "period": NOW, "value": 1}]), during="2024-07")


_RUNS = itertools.count()

# Against loops


def sector_of(product: str) -> str:
    with (SEEDS / "sectors.csv").open(encoding="utf-8") as f:
        return next(r["sector"] for r in csv.DictReader(f) if r["hs2"] == product[:2])


def ratio(d_row: float, d_us: float) -> float | None:
    return d_row / -d_us if d_us < 0 else None


def brute_force(rows: list[Row], during: list[int], base: list[int]) -> dict[str, Row]:
    """Every figure by loops over dictionaries, each product left out by summing the others."""
    table: dict[tuple[str, str, str, int], int] = defaultdict(int)
    for r in rows:
        slot = 1 if r["period"] in during else 0 if r["period"] in base else None
        if slot is None:
            continue
        kind = "us" if r["partner"] == "USA" else "hub" if r["partner"] in HUBS else "row"
        table[r["province"], r["product"][:6], kind, slot] += r["value"]
    keys = {(p, k) for p, k, _, _ in table}

    def of(province: str, product: str, kinds: tuple[str, ...], slot: int) -> int:
        return sum(table[province, product, kind, slot] for kind in kinds)

    rest = ("row", "hub")
    products = sorted({k for _, k in keys})
    nation = {
        k: [sum(of(p, k, rest, s) for p, kk in keys if kk == k) for s in (0, 1)] for k in products
    }
    out = {}
    for province in sorted({p for p, _ in keys}):
        mine = sorted(k for p, k in keys if p == province)
        d_us = {k: of(province, k, ("us",), 1) - of(province, k, ("us",), 0) for k in mine}
        d_row = {k: of(province, k, rest, 1) - of(province, k, rest, 0) for k in mine}
        d_hub = sum(of(province, k, ("hub",), 1) - of(province, k, ("hub",), 0) for k in mine)
        u, r = sum(d_us.values()), sum(d_row.values())
        goods = [k for k in mine if k[:2] not in ("98", "99")]
        left = {
            k: ratio(sum(d_row[j] for j in mine if j != k), sum(d_us[j] for j in mine if j != k))
            for k in goods
        }
        held = {k: v for k, v in left.items() if v is not None}
        sectors: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for k in mine:
            sectors[sector_of(k)][0] += d_us[k]
            sectors[sector_of(k)][1] += d_row[k]
        lost = sum(-a for a, _ in sectors.values() if a < 0)
        made = sum(min(max(b, 0), -a) for a, b in sectors.values() if a < 0)
        expected = sum(
            of(province, k, rest, 0) * nation[k][1] / nation[k][0] for k in mine if nation[k][0]
        )
        now = sum(of(province, k, rest, 1) for k in mine)
        whole = ratio(r, u)
        moves = {k: abs(v - whole) for k, v in held.items()} if whole is not None else {}
        out[province] = {
            "d_us": u, "d_row": r, "offset_ratio": whole, "offset_ex_hubs": ratio(r - d_hub, u),
            "offset_ex98": None if whole is None else ratio(
                sum(d_row[k] for k in goods), sum(d_us[k] for k in goods)),
            "offset_excess": ratio(now - expected, u),
            "c_index": made / lost if lost else None,
            "or_min": min(held.values()) if moves else None,
            "or_max": max(held.values()) if moves else None,
            "driver_share": max(moves.values()) / sum(moves.values()) if moves else None,
            "driver": max(moves, key=lambda k: (moves[k], -int(k))) if moves else None,
        }  # fmt: skip
    return out


@pytest.mark.parametrize("seed", [1, 2])
def test_against_loops(
    plant: Plant, worlds: dict[tuple[int, str], list[Row]], spans: list[Span], seed: int,
    finite: Callable[..., None],
) -> None:  # fmt: skip
    rows = worlds[seed, "export"]
    result = pe.offset(plant(rows, spans=spans), during="2024")
    finite(result)
    want = brute_force(
        rows, [shift(202401, i) for i in range(12)], [shift(202301, i) for i in range(12)]
    )
    found = {r["province"]: r for r in result.frame.to_dicts()}
    assert set(found) == set(want)
    fell = 0
    for province, figures in want.items():
        for name, value in figures.items():
            got = found[province][name]
            if isinstance(value, float):
                assert got == pytest.approx(value, rel=1e-6, abs=1e-6), (province, name)
            else:
                assert got == value, (province, name)
        fell += figures["offset_ratio"] is not None
    assert fell >= 2
    ranked = [r for r in result.frame.to_dicts() if r["rank"]]
    assert [r["offset_ratio"] for r in ranked] == sorted(
        (r["offset_ratio"] for r in ranked), reverse=True
    )


@settings(
    max_examples=8, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    data=st.lists(
        st.tuples(
            st.sampled_from(["44", "35"]), st.sampled_from(["USA", "VNM", "DEU"]),
            st.sampled_from(["640399", "851713", "940161", "980400"]),
            st.sampled_from([BASE, NOW]), st.integers(0, 10**9),
        ),
        min_size=1, max_size=24, unique_by=lambda t: t[:4],
    ),
)  # fmt: skip
def test_identities(make_store: Callable[..., Path], data: list[Any]) -> None:
    run = next(_RUNS)
    names = ("province", "partner", "product", "period", "value")
    rows = [dict(zip(names, t)) for t in data]
    spans = [(BASE, 1), (NOW, 1)]
    trade = pe.open(make_store(rows, store=f"a{run}", spans=spans))
    frame = pe.offset(trade, during="2024-07").frame
    for r in frame.to_dicts():
        if r["c_index"] is not None:
            assert 0 <= r["c_index"] <= 1
        if r["offset_ratio"] is not None:
            assert r["cushion"] == min(max(r["offset_ratio"], 0), 1)
            assert r["realloc"] == pytest.approx(min(r["offset_ratio"], 1) - r["c_index"])
            if r["or_min"] is not None:
                assert r["or_min"] <= r["or_max"]
    thousandfold = [{**r, "value": r["value"] * 1000} for r in reversed(rows)]
    other = pe.offset(
        pe.open(make_store(thousandfold, store=f"b{run}", spans=spans)), during="2024-07",
        min_decline=1e9,
    ).frame  # fmt: skip
    for name in ("offset_ratio", "offset_ex_hubs", "c_index", "or_min", "or_max", "driver_share"):
        a, b = (dict(zip(f["province"], f[name])) for f in (frame, other))
        for province, value in a.items():
            assert value == (b[province] and pytest.approx(b[province], rel=1e-6)), name
    assert dict(zip(frame["province"], frame["driver"])) == dict(
        zip(other["province"], other["driver"])
    )


def test_the_number_of_threads_changes_nothing(trades: dict[int, pe.Trade]) -> None:
    for metric in (pe.offset, pe.predicted_growth, pe.breadth, pe.decline):
        frames = []
        for threads in (1, 2, 4):
            trades[2].engine.run(f"SET threads = {threads}", {})
            frames.append(metric(trades[2], during="2024").frame)
        assert frames[0].equals(frames[1]) and frames[0].equals(frames[2]), metric.__name__


def test_the_sample(sample: pe.Trade, finite: Callable[..., None]) -> None:
    calls: list[Row] = [
        {}, {"by": []}, {"by": ["province", "sector"]}, {"by": ["province", "quarter"]},
        {"excess": "own"}, {"flow": "total"}, {"product": "electromechanical"},
    ]  # fmt: skip
    for words in calls:
        result = pe.offset(sample, during="2025-01/2025-07", **words)
        finite(result)
        assert pe.replay(result.receipt.to_json()).frame.equals(result.frame)
        assert set(result.units) == set(result.frame.columns)
