"""The rerouting signal on worlds whose rerouting was planted: the bars, the rule, the way through
a store. `scripts/measure_rerouting.py` measures the same with hundreds of worlds."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import provexpo as pe
from provexpo.signals.rerouting import rerouting
from provexpo.signals.rerouting_core import score

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from worlds import FAMILIES, HUBS, build
from worlds.cells import MIN_VALUE, NOW, PAIRS, arrays, family_codes, frame, truth, wedge
from worlds.measure import Tally, measure, wilson
from worlds.oracle import judge
from worlds.store import codes_for, write_store

SEEDS = range(2_001, 2_011)  # apart from those that are measured and those that are tuned on
PRODUCTS = 600
HONEST_BAR, HIGH_BAR = 0.05, 0.90
# "Ordinary": rerouting is commoner than what imitates it. Where it is not, precision is lower and
# shown with its family (docs/rerouting_evidence.md).
ORDINARY = ("ordinary", "noisy", "hub_boom")
PLANTED = tuple(f for f in FAMILIES if f != "padding")
COMPARED = (
    "a_hat", "u_hat", "ea", "eu", "x_a", "x_u", "sigma_a", "sigma_u", "z_a", "z_u", "zmin", "s1",
    "s2", "s3", "s4", "s6", "trs", "trs_lo", "trs_hi", "ub", "rv", "rv_hi", "rv_strict", "loss",
)  # fmt: skip


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    return {f: measure(f, SEEDS, products=PRODUCTS, headlines=False) for f in PLANTED}


def slack(bar: float, n: int) -> float:
    """Three standard errors of a share that lies on its bar, in `n` cells."""
    return 3 * math.sqrt(bar * (1 - bar) / n)


@pytest.mark.parametrize("family", PLANTED)
def test_honest_growth_is_flagged_in_at_most_one_of_twenty_cells(
    tallies: dict[str, Tally], family: str
) -> None:
    n = tallies[family].n
    assert n["honest_gates"] > 300
    rate = n["honest_flagged"] / n["honest_gates"]
    assert rate <= HONEST_BAR + slack(HONEST_BAR, n["honest_gates"])


def test_high_is_right_nine_times_in_ten_in_ordinary_families(tallies: dict[str, Tally]) -> None:
    for family in ORDINARY:
        n = tallies[family].n
        assert n["high"] > 50
        assert n["high_right"] / n["high"] >= HIGH_BAR - slack(HIGH_BAR, n["high"]), family


def test_precision_falls_where_assembly_in_one_code_outnumbers_rerouting(
    tallies: dict[str, Tally],
) -> None:
    """The limit that the page states: the signal does not tell these two apart."""
    stress, ordinary = tallies["stress"].n, tallies["ordinary"].n
    worst = wilson(stress["high_right"], stress["high"])[1]
    assert worst < ordinary["high_right"] / ordinary["high"]


def test_the_levels_are_in_order_and_the_score_rises_with_the_truth(
    tallies: dict[str, Tally],
) -> None:
    for family in ORDINARY:
        n = tallies[family].n
        shares = [n[f"{x}_right"] / n[x] for x in ("high", "medium", "low")]
        bins = [n[f"trs_{b}_right"] / n[f"trs_{b}"] for b in (0, 60, 80)]
        assert shares == sorted(shares, reverse=True), family
        assert bins == sorted(bins), family


def test_only_the_upper_bound_is_a_bound(tallies: dict[str, Tally]) -> None:
    assert all(t.n["gates_over_ub"] == 0 for t in tallies.values())
    assert sum(t.n["gates_over_rv"] for t in tallies.values()) > 0


def test_where_nothing_is_planted_nearly_nothing_is_flagged(tallies: dict[str, Tally]) -> None:
    for t in tallies.values():
        assert t.n["quiet_flagged"] <= 0.005 * t.n["quiet_gates"] + 3


# The rule


@pytest.mark.parametrize("family", ["ordinary", "noisy", "swap_heavy"])
def test_the_rule_agrees_with_a_second_writing_of_the_page(family: str) -> None:
    world = build(family, 3_001)
    scored = by_cell(score(frame(world), min_value=MIN_VALUE).filter(pl.col("pair") == 0))
    want = judge(arrays(world), wedge(world), world.final != "intermediate")
    gates = want["gates"]
    found = {
        n: scored[n].fill_null(np.nan).to_numpy().reshape(gates.shape)
        for n in ("trs", "rv", "rv_hi", "zmin", "s1", "s4", "s6", "ea", "eu")
    }
    for name, got in found.items():
        assert np.allclose(got[gates], want[name][gates], rtol=1e-9, equal_nan=True), name
    level = scored["confidence"].fill_null("none").to_numpy().reshape(gates.shape)
    assert (np.isin(level, ["low", "medium", "high"]) == gates).all()
    assert (np.isin(level, ["medium", "high"]) == want["medium"]).all()
    assert ((level == "high") == want["high"]).all()
    assert want["medium"].any()


def test_one_seed_is_one_world() -> None:
    one, two, other = build("hold", 7), build("hold", 7), build("hold", 8)
    assert (one.u == two.u).all() and (one.rerouted == two.rerouted).all()
    assert (one.u != other.u).any()
    assert (build("ordinary", 7).u != one.u).any()


def test_units_and_order_do_not_matter() -> None:
    cells = frame(build("ordinary", 3_002, products=300))
    once = score(cells, min_value=MIN_VALUE)
    money = [c for c in cells.columns if c[-2:] in ("_b", "_t") and c[0] != "q"]
    scaled = cells.with_columns(pl.col(money) * 1024).sample(fraction=1, shuffle=True, seed=5)
    again = score(scaled, min_value=MIN_VALUE * 1024)
    names = ["pair", "family", "hub", "confidence", "type", "trs", "zmin", "ub_share"]
    assert once.select(names).equals(again.select(names))


# Planted non-cases: one route that has the pattern, and what breaks it


def one_route(**changed: float) -> dict[str, Any]:
    """A route that is `high`, in a quiet frame of 400 placebo cells; `changed` replaces columns."""
    rng = np.random.default_rng(11)
    n = 400
    base = np.exp(rng.normal(16.5, 0.6, n))
    quiet = {
        "hub": ["VNM"] * n, "family": np.arange(n) + 10, "pair": np.ones(n, np.int64),
        **{f"{x}_b": base for x in "audcw"},
        **{f"{x}_t": base * np.exp(rng.normal(0, 0.1, n)) for x in "audcw"},
        "qa_b": base, "qa_t": base, "qu_b": base, "qu_t": base, "wedge": np.full(n, 0.3),
    }  # fmt: skip
    million = 1e6
    route = {
        "a_b": 20, "a_t": 50, "u_b": 25, "u_t": 57, "d_b": 120, "d_t": 60, "c_b": 200, "c_t": 202,
        "w_b": 150, "w_t": 152, "qa_b": 2, "qa_t": 5, "qu_b": 2.5, "qu_t": 5.6, "wedge": 0.3e-6,
    } | changed  # fmt: skip
    cell = {k: v * million for k, v in route.items()} | {"hub": "VNM", "family": 1, "pair": 0}
    rows = pl.concat([pl.DataFrame([cell]), pl.DataFrame(quiet)], how="diagonal_relaxed")
    use = rows.with_columns(
        end_use=pl.lit("consumption"), preliminary=pl.lit(False), concordance=pl.lit("1:1")
    )
    scored = score(use, min_value=MIN_VALUE)
    return scored.filter(pl.col("pair") == 0).row(0, named=True)


def test_a_planted_route_is_found() -> None:
    route = one_route()
    assert (route["confidence"], route["type"]) == ("high", "rerouting_candidate")
    assert 25e6 < route["rv"] < 35e6


@pytest.mark.parametrize(
    ("changed", "level", "kind"),
    [
        ({"d_t": 125}, "none", "common_growth"),  # China sells no less
        ({"wedge": 0.02e-6}, "none", "rerouting_candidate"),  # no tariff to avoid
        ({"a_t": 19, "qa_t": 1.9}, "none", "diversion_to_hub_supplier"),  # the hub's own goods
        ({"u_t": 25.1}, "none", "deflection_to_hub"),  # Chinese goods stay in the hub
        ({"a_t": 27, "u_t": 90}, "low", "relocation_candidate"),  # little comes in, much goes out
        ({"qu_t": 3.5}, "low", "rerouting_candidate"),  # what goes out costs three times as much
        ({"c_t": 500, "w_t": 400}, "none", "no_excess"),  # everybody's trade grew as much
        ({"a_t": 21.5, "u_t": 27}, "low", "rerouting_candidate"),  # within the noise of either leg
        ({"d_t": 115}, "low", "rerouting_candidate"),  # both rises exceed what China lost
    ],
)
def test_planted_non_cases_are_not_flagged(
    changed: dict[str, float], level: str, kind: str
) -> None:
    found = one_route(**changed)
    assert (found["confidence"], found["type"]) == (level, kind)


def test_an_intermediate_good_is_never_high() -> None:
    world = build("ordinary", 3_003)
    scored = score(frame(world), min_value=MIN_VALUE).filter(pl.col("confidence") == "high")
    assert scored.height > 0
    assert set(scored["end_use"]) <= {"consumption", "capital"}


# Through a store


def by_cell(scored: pl.DataFrame) -> pl.DataFrame:
    order = {h: i for i, h in enumerate(HUBS)}
    return scored.sort(pl.col("hub").replace_strict(order), "family")


@pytest.fixture(scope="module")
def through_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[str], pe.Trade]:
    """A world of which two products are the halves of one older code."""
    world = build("ordinary", 3_004, products=90)
    tariff, final = world.tariff.copy(), world.final.copy()
    tariff[:2], final[:2] = 0.55, "consumption"
    world = replace(world, tariff=tariff, final=final)
    codes = codes_for(world, revised=2)
    path = tmp_path_factory.mktemp("worlds") / "store"
    write_store(path, world, codes, revised=2)
    return world, codes, pe.open(path)


def test_a_world_read_from_a_store_gives_the_same_figures(
    through_store: tuple[Any, list[str], pe.Trade],
) -> None:
    world, codes, trade = through_store
    got = rerouting(trade, during="2025Q3").scored
    # Only the pair that crosses the revision counts the halves as one product.
    crossed = pl.col("pair") == len(PAIRS) - 1
    cells = pl.concat([frame(world).filter(~crossed), frame(world, revised=2).filter(crossed)])
    traded = (pl.sum_horizontal("a_b", "a_t", "u_b", "u_t").sum() > 0).over("hub", "family")
    code = dict(zip(family_codes(len(codes)).tolist(), (int(c) for c in codes)))
    numbered = cells.filter(traded).with_columns(pl.col("family").replace_strict(code))
    want = score(numbered, min_value=MIN_VALUE)
    both = want.join(
        got.with_columns(pl.col("family").cast(pl.Int64)), on=["pair", "hub", "family"],
        how="full", suffix="_got",
    )  # fmt: skip
    assert both["hub"].null_count() == both["hub_got"].null_count() == 0
    for name in COMPARED:
        mine, theirs = (both[n].fill_null(np.nan).to_numpy() for n in (name, f"{name}_got"))
        assert np.allclose(mine, theirs, rtol=1e-9, equal_nan=True), name
    for name in ("confidence", "type", "concordance", "end_use", "g1", "g2", "g3", "g4"):
        assert both[name].eq_missing(both[f"{name}_got"]).all(), name
    split = both.filter(pl.col("family") == int(codes[0]))
    assert set(split.filter(crossed)["concordance_got"]) == {"1:n"}
    assert set(split.filter(~crossed)["concordance_got"]) == {"1:1"}
    assert "high" not in set(split.filter(crossed)["confidence_got"])


def test_the_store_holds_the_worlds_own_sums(
    through_store: tuple[Any, list[str], pe.Trade],
) -> None:
    world, _, trade = through_store
    sold = pe.value(trade, partner="VNM", during="2025Q3", by=[]).frame["value"][0]
    bought = pe.value(
        trade, reporter="USA", flow="import", partner="MEX", during="2025-09/2025-11", by=[]
    ).frame["value"][0]
    assert sold == world.a[0, :, NOW : NOW + 3].sum()
    assert bought == world.u[6, :, NOW + 2 : NOW + 5].sum()
    assert truth(world).sum() > 0


def test_a_missing_month_scores_nothing(tmp_path: Path) -> None:
    world = build("ordinary", 3_005, products=40)
    write_store(tmp_path / "store", world, codes_for(world), without=[202508])
    frame_ = rerouting(pe.open(tmp_path / "store"), during="2025Q3").frame
    assert set(frame_["status"]) <= {"missing"}
    assert frame_["trs"].null_count() == frame_.height


def test_wilson_is_the_textbook_interval() -> None:
    low, high = wilson(8, 10)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)


def test_what_hangs_on_the_lag_is_the_same_question_asked_again(
    through_store: tuple[Any, list[str], pe.Trade],
) -> None:
    _, _, trade = through_store
    found = rerouting(trade, during="2025Q3").by_lag(trade, lags=(0, 2))
    assert found["lag"].unique().sort().to_list() == [0, 2]
    late = rerouting(trade, during="2025Q3", lag=2).frame
    columns = ["partner", "product", "type", "confidence", "trs", "rv"]
    mine = found.filter(pl.col("lag") == 2).select(columns)
    assert mine.equals(late.select(columns).sort("partner", "product"))
