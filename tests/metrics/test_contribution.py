"""Contributions to growth (methods 2.3): the worked example, what the total is, and an oracle."""

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
M = 1_000_000
STORES = count()  # a new store for every random world

# Base total 600 -> 630, in millions: US, VN, DE.
EXAMPLE = [
    ("44", partner, period, value * M)
    for partner, base, now in (("USA", 120, 90), ("VNM", 100, 125), ("DEU", 380, 415))
    for period, value in ((202303, base), (202403, now))
]


def rows_of(result: pe.Result, *keys: str) -> dict[Any, Row]:
    frame = result.frame.to_dicts()
    return {tuple(r[k] for k in keys) if len(keys) > 1 else r[keys[0]]: r for r in frame}


def same(got: float | None, want: float | None) -> bool:
    if got is None or want is None or pd.isna(want):
        return got is None and (want is None or pd.isna(want))
    return abs(got - want) <= 1e-9 * max(1.0, abs(want))


def test_2_3_the_example(plant: Plant, close: Callable[..., bool]) -> None:
    got = rows_of(pe.contribution(plant(EXAMPLE), during="2024-03"), "partner")
    for partner, pp in (("USA", -5.0), ("VNM", 4.166667), ("DEU", 5.833333)):
        assert close(got[partner]["pp"], pp, 6)
    assert close(sum(r["pp"] for r in got.values()), 5.0, 6)
    assert [r["rank"] for r in (got["DEU"], got["VNM"], got["USA"])] == [1, 2, 3]
    assert close(got["USA"]["base_share"], 0.2, 6)
    assert close(got["USA"]["share_of_change"], -30 / 30, 6)
    assert {(r["total"], r["base_total"]) for r in got.values()} == {(630 * M, 600 * M)}


def test_a_selection_in_a_key_picks_rows_and_leaves_the_total(
    plant: Plant, caveat: Callable[[pe.Result, str], str]
) -> None:
    trade = plant(EXAMPLE)
    whole = rows_of(pe.contribution(trade, during="2024-03"), "partner")
    one = pe.contribution(trade, during="2024-03", partner=["US"])
    assert one.frame.to_dicts() == [whole["USA"]]
    assert "partners" in caveat(one, "denominator")
    others = pe.contribution(trade, during="2024-03", partner="not US")
    assert rows_of(others, "partner") == {k: r for k, r in whole.items() if k != "USA"}
    group = pe.contribution(trade, during="2024-03", by="partner_group:ASEAN", partner="Vietnam")
    assert group.frame.select("partner_group", "pp").rows() == [("ASEAN", whole["VNM"]["pp"])]


def test_a_selection_in_another_dimension_limits_the_total(plant: Plant) -> None:
    rows = [*EXAMPLE, ("31", "USA", 202303, 40 * M), ("31", "USA", 202403, 60 * M)]
    trade = plant(rows)
    by_place = rows_of(pe.contribution(trade, during="2024-03", by="province", partner="US"),
                       "province")  # fmt: skip
    assert by_place["44"]["base_total"] == 160 * M  # the nation's exports to the US
    assert by_place["44"]["pp"] == pytest.approx(100 * -30 / 160)
    assert by_place["31"]["pp"] == pytest.approx(100 * 20 / 160)
    picked = pe.contribution(trade, during="2024-03", by="province", partner="US", province="44")
    assert picked.frame.to_dicts() == [by_place["44"]]


def test_with_partners_each_province_has_its_own_total(
    plant: Plant, caveat: Callable[[pe.Result, str], str]
) -> None:
    rows = [*EXAMPLE, ("31", "USA", 202303, 40 * M), ("31", "USA", 202403, 60 * M)]
    result = pe.contribution(plant(rows), during="2024-03", by=["province", "partner"])
    got = rows_of(result, "province", "partner")
    assert got["31", "USA"]["pp"] == pytest.approx(50.0)
    assert got["44", "USA"]["pp"] == pytest.approx(-5.0)
    assert (got["31", "USA"]["rank"], got["44", "USA"]["rank"]) == (1, 3)
    assert "own province" in caveat(result, "denominator")


def test_statuses_and_what_is_null(plant: Plant, finite: Callable[[pe.Result], None]) -> None:
    cells = {"USA": (0, 5), "VNM": (20, 0), "DEU": (1000, 1001), "THA": (0, 0)}
    rows = [
        ("44", p, period, v)
        for p, (base, now) in cells.items()
        for period, v in ((202303, base), (202403, now))
        if v or p == "THA"
    ]
    trade = plant([*rows, ("44", "BRA", 202304, 7), ("44", "BRA", 202404, 9)])
    result = pe.contribution(trade, during="2024-03", min_base=10)
    finite(result)
    got = rows_of(result, "partner")
    assert {p: r["status"] for p, r in got.items()} == {
        "USA": "new", "VNM": "exit", "DEU": "ok", "THA": "none",
    }  # fmt: skip
    assert got["USA"]["pp"] == pytest.approx(100 * 5 / 1020)
    assert got["VNM"]["pp"] == pytest.approx(100 * -20 / 1020)
    assert got["THA"]["rank"] is None and got["USA"]["rank"] == 1
    # 1020 -> 1006 is 1.4 %; above the default of 1 %, below one of 2 %.
    assert got["VNM"]["share_of_change"] == pytest.approx(-20 / -14)
    bold = pe.contribution(trade, during="2024-03", min_change=0.02).frame
    assert bold["share_of_change"].null_count() == bold.height
    assert pe.contribution(trade, during="2024-03", min_change=0.0).frame[
        "share_of_change"
    ].null_count() == 0  # fmt: skip


def test_growth_from_nothing_has_no_percentage_points(plant: Plant) -> None:
    rows = [("44", "USA", 202403, 5), ("44", "VNM", 202403, 15)]
    frame = pe.contribution(plant(rows, spans=[(202303, 1), (202403, 1)]), during="2024-03").frame
    assert frame["pp"].null_count() == frame["base_share"].null_count() == 2
    assert frame["rank"].null_count() == 2
    assert sorted(frame["share_of_change"]) == [0.25, 0.75]


def test_what_is_not_covered_is_missing(plant: Plant, caveat: Callable[..., str]) -> None:
    trade = plant(EXAMPLE)
    for during in ("2024-03/2024-04", "2023-03"):
        result = pe.contribution(trade, during=during)
        assert set(result.frame["status"]) == {"missing"}
        for name in ("pp", "share_of_change", "base_share", "rank"):
            assert result.frame[name].null_count() == result.frame.height > 0, name
    some = plant(EXAMPLE, store="some", listed={"partner": ("USA", "VNM", "DEU")})
    result = pe.contribution(some, during="2024-03")
    assert set(result.frame["status"]) == {"missing"} and set(result.frame["reason"]) == {"scope"}
    # A total over chosen products of a file that holds some partners is no total of partners
    # either, but rows by province add up.
    by_place = pe.contribution(some, during="2024-03", by="province").frame
    assert by_place["pp"].to_list() == [pytest.approx(5.0)]


def test_a_balance_adds_up_with_negative_parts(plant: Plant) -> None:
    plant([("44", "USA", p, v) for p, v in ((202303, 50), (202403, 60))]
          + [("44", "AUS", p, v) for p, v in ((202303, 5), (202403, 5))])  # fmt: skip
    trade = plant([("44", "AUS", p, v) for p, v in ((202303, 35), (202403, 30))], flow="import")
    result = pe.contribution(trade, during="2024-03", measure="balance")
    got = rows_of(result, "partner")
    assert got["AUS"]["value"] == -25 and got["AUS"]["status"] == "negative"
    assert got["AUS"]["pp"] == pytest.approx(100 * 5 / 20)
    assert sum(r["pp"] for r in got.values()) == pytest.approx(100 * (35 / 20 - 1))


def test_codes_that_a_revision_changed_count_as_one_product(plant: Plant) -> None:
    """8517.12 of 2021 became 8517.13 and 8517.14 of 2022: one row, and the parts add up."""
    base = {"province": "44", "partner": "USA"}
    rows = [
        {**base, "product": p, "period": t, "value": v}
        for p, t, v in (
            ("851712", 202103, 100), ("851713", 202203, 90), ("851714", 202203, 30),
            ("640399", 202103, 50), ("640399", 202203, 45),
        )
    ]  # fmt: skip
    trade = plant(rows)
    got = rows_of(pe.contribution(trade, by="product:HS6", during="2022-03"), "product")
    assert len(got) == 2 and sum(r["pp"] for r in got.values()) == pytest.approx(10.0)
    phones = next(r for p, r in got.items() if p != "640399")
    assert (phones["value"], phones["base_value"]) == (120, 100)
    for code in ("851712", "851713"):
        one = pe.contribution(trade, by="product:HS6", product=code, during="2022-03")
        assert one.frame.to_dicts() == [phones]


def test_wrong_arguments(plant: Plant) -> None:
    trade = plant(EXAMPLE)
    for words, what in (
        ({"min_change": -1}, "min_change"),
        ({"min_change": "x"}, "min_change"),
        ({"min_change": True}, "min_change"),
        ({"min_change": float("nan")}, "min_change"),
        ({"measure": "weight"}, "measure"),
        ({"by": "region", "province": "44"}, "region"),
        ({"by": "planet"}, "planet"),
    ):
        with pytest.raises(CallError, match=what):
            pe.contribution(trade, during="2024-03", **words)


# Random worlds against pandas

PREFIX = {"product:HS2": 2, "product:HS4": 4, "product:HS8": 8}
CALLS: list[tuple[list[str], dict[str, Any]]] = [
    (["partner"], {}),
    (["partner"], {"partner": ["US", "DE"]}),
    (["partner"], {"partner": "not US", "province": "44, 31"}),
    (["province"], {}),
    (["province"], {"province": "44", "partner": "ASEAN"}),
    (["province", "partner"], {}),
    (["province", "partner"], {"province": "44, 11", "partner": "US"}),
    (["product:HS2"], {"partner": "US"}),
    (["product:HS2"], {"product": "8517"}),
    (["product:HS4"], {"product": "85, 6403"}),
    (["province", "product:HS8"], {"product": "not 8517"}),
    (["partner", "month"], {}),
    (["province", "partner", "quarter"], {"partner": "US"}),
    ([], {}),
    (["partner", "product:HS2"], {"partner": "VN"}),
]
NAMES = {"US": ("USA",), "DE": ("DEU",), "VN": ("VNM",), "ASEAN": ("VNM", "THA")}


def chosen(frame: pd.DataFrame, dimension: str, words: Any) -> pd.Series:
    parts = words if isinstance(words, list) else [w.strip() for w in words.split(",")]
    negate = parts[0].startswith("not ")
    parts = [p.removeprefix("not ") for p in parts]
    if dimension == "product":
        hit = frame["product"].str.startswith(tuple(parts))
    elif dimension == "partner":
        hit = frame["partner"].isin([c for p in parts for c in NAMES[p]])
    else:
        hit = frame["province"].isin(parts)
    return ~hit if negate else hit


def oracle(rows: list[Row], by: list[str], words: dict[str, Any], year: int) -> pd.DataFrame:
    """value, base_value, the totals, pp and rank by the key columns, the plain way."""
    frame = pd.DataFrame(rows)
    frame = frame[(frame["period"] // 100).isin([year, year - 1])].copy()
    frame["now"] = frame["value"].where(frame["period"] // 100 == year, 0)
    frame["was"] = frame["value"].where(frame["period"] // 100 == year - 1, 0)
    month = frame["period"] % 100
    frame["month"] = [f"{year}-{m:02d}" for m in month]
    frame["quarter"] = [f"{year}Q{(m + 2) // 3}" for m in month]
    keys = []
    for word in by:
        name = word.split(":")[0]
        if word in PREFIX:
            frame["key"] = frame["product"].str[: PREFIX[word]]
        elif name not in frame:
            raise AssertionError(name)
        keys.append("key" if word in PREFIX else name)
    parts = [k for k in keys if k not in ("month", "quarter", "province")]
    parts = parts or [k for k in keys if k == "province"]
    of = {"key": "product"}
    free = {of.get(p, p) for p in parts}
    for dimension, said in words.items():
        if dimension not in free:
            frame = frame[chosen(frame, dimension, said)]
    own = [k for k in keys if k not in parts]
    # A key that is coarser than the codes chosen sums those; others are picked by row.
    inside = pd.Series(True, index=frame.index)
    for dimension, said in words.items():
        if dimension in free:
            inside &= chosen(frame, dimension, said)
    finer = words.get("product") == "8517" and "product:HS2" in by
    frame["one"] = "all"
    total = frame.groupby(own or ["one"])[["now", "was"]].transform("sum")
    frame["total"], frame["base_total"] = total["now"], total["was"]
    kept = frame[inside] if finer else frame
    sums = kept.groupby(keys or ["one"]).agg(
        value=("now", "sum"), base_value=("was", "sum"),
        total=("total", "first"), base_total=("base_total", "first"),
    )  # fmt: skip
    sums["change"] = sums["value"] - sums["base_value"]
    sums["pp"] = 100 * sums["change"] / sums["base_total"].where(sums["base_total"] > 0)
    groups = sums.groupby(own) if own else sums.assign(every=1).groupby("every")
    sums["rank"] = groups["change"].rank(method="min", ascending=False)
    shown = frame[inside][keys or ["one"]].drop_duplicates()
    return sums.reset_index().merge(shown, on=keys or ["one"]).rename(columns={"key": "product"})


@pytest.mark.parametrize("seed", [1, 2])
def test_against_pandas(
    plant: Plant, worlds: dict[tuple[int, str], list[Row]], spans: list[Any], seed: int
) -> None:
    rows = worlds[seed, "export"]
    trade = plant(rows, spans=spans)
    for by, words in CALLS:
        got = pe.contribution(trade, by=by, during="2024", **words)
        want = oracle(rows, by, words, 2024)
        columns = [b.split(":")[0] for b in by]
        found = {tuple(r[c] for c in columns): r for r in got.frame.to_dicts()}
        # Points in time at which nothing was traded are rows of their own in the frame.
        extra = [r for k, r in found.items() if r["status"] == "none"]
        assert len(found) == len(want) + len(extra), (by, words)
        for w in want.to_dict("records"):
            row, where = found[tuple(w[c] for c in columns)], (by, words, w)
            for name in ("value", "base_value", "total", "base_total"):
                assert row[name] == w[name], (where, name, row)
            assert same(row["pp"], w["pp"]), (where, row)
            if not extra and row["pp"] is not None:
                assert row["rank"] == w["rank"], (where, row)


CELLS = st.lists(
    st.tuples(
        st.sampled_from(["44", "31", "51"]),
        st.sampled_from(["USA", "VNM", "DEU", "THA"]),
        st.sampled_from([202303, 202403]),
        st.integers(0, 10**12),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda c: c[:3],
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cells=CELLS, by=st.sampled_from([["partner"], ["province"], ["province", "partner"]]))
def test_the_parts_add_up_to_the_growth(
    make_store: Callable[..., Path], cells: list[Any], by: list[str]
) -> None:
    rows = [dict(zip(("province", "partner", "period", "value"), c)) for c in cells]
    trade = pe.open(make_store(rows, store=f"h{next(STORES)}", spans=[(202303, 1), (202403, 1)]))
    frame = pd.DataFrame(pe.contribution(trade, by=by, during="2024-03", min_change=0).frame)
    names = pe.contribution(trade, by=by, during="2024-03", min_change=0).frame.columns
    frame.columns = names
    for _, total in frame.groupby(["province"] if len(by) == 2 else "n_months"):
        x1, x0 = int(total["total"].iloc[0]), int(total["base_total"].iloc[0])
        assert total["value"].sum() == x1 and total["base_value"].sum() == x0
        if x0 > 0:
            assert same(total["pp"].sum() / 100, x1 / x0 - 1)
            assert same(total["base_share"].sum(), 1.0)
        if x1 != x0:
            assert same(total["share_of_change"].sum(), 1.0)


def test_scale_and_order_change_no_figure(
    plant: Plant, worlds: dict[tuple[int, str], list[Row]], spans: list[Any]
) -> None:
    rows = worlds[1, "export"]
    one = plant(rows, store="one", spans=spans)
    big = plant([{**r, "value": r["value"] * 1000} for r in reversed(rows)], store="big",
                spans=spans)  # fmt: skip
    for by in ("partner", ["province", "product:HS4"]):
        a, b = (pe.contribution(t, by=by, during="2024").frame for t in (one, big))
        for name in ("pp", "share_of_change", "base_share"):
            assert all(same(x, y) for x, y in zip(a[name], b[name])), name
        assert a["rank"].equals(b["rank"])


def test_the_press_figures_on_the_sample(sample: pe.Trade) -> None:
    """C065, C066: the US -3.8 and ASEAN 3.0 points of the growth of April to August 2025."""
    us = pe.contribution(sample, partner="US", during="2025-04/2025-08").frame
    assert round(us["pp"].item(), 1) == -3.8
    groups = rows_of(
        pe.contribution(sample, by="partner_group:desk", during="2025-04/2025-08"), "partner_group"
    )
    whole = pe.growth(sample, by=[], during="2025-04/2025-08").frame["pct"].item()
    assert sum(r["pp"] for r in groups.values()) == pytest.approx(100 * whole)
    assert groups["ASEAN"]["pp"] == pytest.approx(3.0, abs=0.15)


def test_quantities(plant: Plant) -> None:
    base = {"province": "44", "product": "87038010", "unit": "set"}
    rows: list[Row] = [
        {**base, "partner": p, "period": t, "value": 9, "quantity": q}
        for p, t, q in (
            ("USA", 202303, 40), ("USA", 202403, 30), ("VNM", 202303, 60), ("VNM", 202403, 90),
        )
    ]  # fmt: skip
    result = pe.contribution(plant(rows), during="2024-03", measure="quantity")
    assert result.units["value"] == "set"
    assert {r["partner"]: r["pp"] for r in result.frame.to_dicts()} == {
        "USA": pytest.approx(-10.0), "VNM": pytest.approx(30.0),
    }  # fmt: skip
    # A cell without a quantity leaves the total open, and with it every part of it.
    holed = plant([*rows[:-1], {**rows[-1], "quantity": None}], store="holed")
    frame = pe.contribution(holed, during="2024-03", measure="quantity").frame
    assert set(frame["status"]) == {"missing"} and frame["pp"].null_count() == 2
    assert set(frame["reason"]) == {"quantity_missing"}


def test_real_imports_of_the_united_states(real_data: Path, tmp_path: Path) -> None:
    """Every country's part in the growth of 2024, from the Census file read apart."""
    path = real_data / "us_census" / "us_imports_hs2_by_country_2023_2024.csv.gz"
    pe.add(tmp_path / "us", path)
    words: dict[str, Any] = {"reporter": "USA", "flow": "import", "during": "2024"}
    result = pe.contribution(pe.open(tmp_path / "us"), **words)
    data = pd.read_csv(path, dtype=str)
    data["value"] = data["GEN_VAL_MO"].astype("int64")
    year = data.groupby(["CTY_CODE", "YEAR"])["value"].sum().unstack(fill_value=0)
    world = year.loc["-"]
    row = result.frame.row(0, named=True)
    assert (row["total"], row["base_total"]) == (world["2024"], world["2023"])
    got = rows_of(result, "partner")
    for partner, code in (("CHN", "5700"), ("MEX", "2010"), ("VNM", "5520"), ("TWN", "5830")):
        change = int(year.loc[code, "2024"] - year.loc[code, "2023"])
        assert got[partner]["change"] == change
        assert got[partner]["pp"] == pytest.approx(100 * change / world["2023"])
    whole = 100 * (world["2024"] / world["2023"] - 1)
    assert sum(r["pp"] for r in got.values()) == pytest.approx(whole)
