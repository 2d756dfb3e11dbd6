"""Record highs and runs of falls (methods 2.5): the example, January-February, and an oracle."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import provexpo as pe
from provexpo.errors import CallError, PeriodError
from provexpo.periods import month_text, months_between, shift

Plant = Callable[..., pe.Trade]
Row = dict[str, Any]
STORES = count()


def series(first: int, values: list[int | None], province: str = "44") -> list[Any]:
    return [(province, "USA", shift(first, i), v) for i, v in enumerate(values) if v is not None]


def by_point(result: pe.Result, key: str = "month") -> dict[str, Row]:
    return {r[key]: r for r in result.frame.to_dicts()}


def test_2_5_the_example(plant: Plant) -> None:
    """History 5, 7, 6, 7: neither the third nor the fourth is a record; then 8 is."""
    trade = plant(series(202303, [5, 7, 6, 7, 8]))
    got = by_point(pe.records(trade, during="2023-03/2023-07", min_history=0))
    assert [got[f"2023-0{m}"]["record_all"] for m in range(3, 8)] == [
        None, True, False, False, True,
    ]  # fmt: skip
    assert [got[f"2023-0{m}"]["rank"] for m in range(3, 8)] == [1, 1, 2, 1, 1]  # a tie shares
    assert {r["record_since"] for r in got.values()} == {"2023-03"}


def test_a_short_history_makes_no_record(plant: Plant, caveat: Callable[..., str]) -> None:
    trade = plant(series(202001, [10 + i for i in range(40)]))
    result = pe.records(trade, during="2022-12/2023-03")
    got = by_point(result)
    assert got["2022-12"]["record_all"] is None  # 35 months before it
    assert got["2023-03"]["record_all"] is True and got["2023-03"]["rank"] == 1
    assert got["2023-02"]["record_same_month"] is True  # January and February together
    assert got["2023-03"]["record_since"] == "2020-01"
    texts = [c.text for c in result.caveats if c.code == "history"]
    assert any("36 months" in t for t in texts)
    # What is shown does not change what it is compared with.
    one = by_point(pe.records(trade, during="2023-03"))
    drop = {"n_negative"}
    assert {k: v for k, v in one["2023-03"].items() if k not in drop} == {
        k: v for k, v in got["2023-03"].items() if k not in drop
    }


def test_streaks_and_the_last_fall(plant: Plant) -> None:
    before = [100] * 12
    now = [100, 110, 120, 90, 80, 100, 101, 102, 95, 94, 93, 92]
    trade = plant(series(202203, before + now))
    got = by_point(pe.records(trade, during="2022-03/2024-02"))
    streaks = [got[month_text(shift(202303, i))]["streak"] for i in range(10)]
    assert streaks == [0, 1, 2, 1, 2, 0, 1, 2, 1, 2]
    assert got["2023-07"]["streak_since"] == "2023-06"
    assert got["2023-08"]["last_fall"] == "2023-07" == got["2023-10"]["last_fall"]
    assert got["2023-07"]["last_fall"] == "2023-06"
    # January and February move together: 93 + 92 against 100 + 100.
    assert (got["2024-01"]["streak"], got["2024-02"]["streak"]) == (3, 4)
    shown = by_point(pe.records(trade, during="2023-04/2023-11"))
    assert {r["n_negative"] for r in shown.values()} == {3}
    assert {r["n_negative"] for r in got.values()} == {None}  # the first year has no base


def test_a_month_that_is_not_covered_ends_a_streak(
    plant: Plant, caveat: Callable[..., str]
) -> None:
    values: list[int | None] = [100] * 12 + [90, 90, None, 90, 90]
    trade = plant(series(202203, values))
    result = pe.records(trade, during="2023-03/2023-07", min_history=12)
    got = by_point(result)
    assert [got[f"2023-0{m}"]["streak"] for m in range(3, 8)] == [1, 2, None, 1, 2]
    assert got["2023-05"]["status"] == "missing" and got["2023-05"]["reason"] == "uncovered"
    assert got["2023-06"]["last_fall"] is None  # May may have been a fall
    assert got["2023-07"]["last_fall"] == "2023-06"
    assert got["2023-07"]["rank"] == 13 and got["2023-07"]["record_all"] is False
    texts = [c.text for c in result.caveats if c.code == "history"]
    assert any("2023-05" in t for t in texts)


def test_january_and_february_held_together_only(plant: Plant) -> None:
    """The figure of both months carries the run across, and its own record."""
    rows: list[Row] = []
    for year, level in ((2022, 100), (2023, 90), (2024, 95)):
        rows.append({"period": year * 100 + 2, "months": 2, "value": 2 * level})
        rows += [{"period": year * 100 + m, "value": level} for m in range(3, 13)]
    full = [{"province": "44", "partner": "USA", "months": 1, **r} for r in rows]
    trade = plant(full)
    got = by_point(pe.records(trade, during="2023-01/2024-12", min_history=12))
    assert got["2023-01"]["status"] == "missing"
    assert got["2023-01"]["reason"] == "combined_janfeb"
    assert (got["2023-02"]["streak"], got["2023-12"]["streak"]) == (2, 12)
    assert got["2024-02"]["streak_since"] == "2024-01" and got["2024-03"]["streak"] == 3
    assert got["2024-02"]["last_fall"] == "2023-12"
    assert got["2024-02"]["record_same_month"] is False
    assert got["2024-02"]["record_all"] is None
    assert got["2024-12"]["record_since"] == "2022-01"
    assert {r["n_negative"] for r in got.values()} == {12}


def test_years_since_the_last_fall(plant: Plant) -> None:
    """As in C091: the first fall since 2019 came in 2023."""
    level = {2017: 584, 2018: 634, 2019: 541, 2020: 587, 2021: 756, 2022: 759, 2023: 664}
    rows = [("44", "USA", y * 100 + m, v) for y, v in level.items() for m in range(1, 13)]
    plant(rows)
    trade = plant([(p, c, t, v // 4) for p, c, t, v in rows], flow="import")
    result = pe.records(trade, partner="US", flow="total", by="year", during="2018/2023")
    got = by_point(result, "year")
    assert got["2023"]["pct"] < 0 and got["2023"]["streak"] == 1
    assert 2023 - int(got["2023"]["last_fall"]) == 4
    assert got["2022"]["streak"] == 3 and got["2022"]["streak_since"] == "2020"
    assert [got[y]["record_all"] for y in ("2020", "2021", "2022", "2023")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert got["2019"]["record_all"] is None  # two years before it
    assert {r["n_negative"] for r in got.values()} == {2}


def test_a_year_so_far_is_compared_as_it_is(plant: Plant, caveat: Callable[..., str]) -> None:
    """C002: eleven months above every whole year are a record; fewer may yet become one."""
    rows = [("44", "USA", y * 100 + m, 10) for y in range(2020, 2024) for m in range(1, 13)]
    rows += [("44", "USA", 202400 + m, 11) for m in range(1, 12)]
    result = pe.records(plant(rows), by="year", during="2020/2024-11")
    row = by_point(result, "year")["2024"]
    assert row["value"] == 121 and row["record_all"] is True
    assert row["pct"] == pytest.approx(0.1)  # against the same eleven months
    assert caveat(result, "partial_period") == "2024 holds 2024-01/2024-11 only"


def test_balance_and_entities(plant: Plant) -> None:
    months = months_between(202203, 202312)
    plant([("44", "USA", m, 10 + i) for i, m in enumerate(months)])
    trade = plant([("44", "USA", m, 20) for m in months], flow="import")
    got = by_point(pe.records(trade, measure="balance", during="2023-03/2023-12", min_history=6))
    assert got["2023-04"]["value"] == 3 and got["2023-04"]["record_all"] is True
    assert got["2023-04"]["pct"] is None  # the base is negative
    assert got["2023-12"]["streak"] == 10  # the balance rose all the same
    rows = [*series(202203, [5] * 13), *series(202203, [9] * 12 + [3], province="31")]
    both = plant(rows, store="two")
    frame = pe.records(both, by=["province", "month"], during="2023-03", min_history=12).frame
    assert frame.select("province", "rank", "streak").rows() == [("31", 13, 1), ("44", 1, 0)]


def test_without_a_time_key_the_window_is_compared_with_those_of_earlier_years(
    plant: Plant, caveat: Callable[..., str]
) -> None:
    """January to May of 2023 against the same months of 2019-2022, not against whole years."""
    so_far = {2019: 10, 2020: 30, 2021: 20, 2022: 25, 2023: 31}
    rows = [("44", "USA", y * 100 + m, v) for y, v in so_far.items() for m in range(1, 6)]
    rows += [("44", "USA", y * 100 + m, 900) for y in range(2019, 2023) for m in range(6, 13)]
    rows += [("31", "USA", y * 100 + m, 5) for y in range(2019, 2022) for m in range(1, 6)]
    trade = plant(rows)
    result = pe.records(trade, by=["province"], during="2023-01/2023-05", min_history=48)
    got = {r["province"]: r for r in result.frame.to_dicts()}
    assert "month" not in result.frame.columns and len(got) == 2
    assert got["44"]["value"] == 155 and got["44"]["pct"] == pytest.approx(31 / 25 - 1)
    assert got["44"]["record_all"] is True and got["44"]["rank"] == 1
    assert (got["44"]["streak"], got["44"]["streak_since"]) == (2, "2022-01/2022-05")
    assert got["44"]["last_fall"] == "2021-01/2021-05"
    assert got["44"]["record_since"] == "2019-01"
    # Nothing traded in a covered window is a zero, not a gap.
    assert got["31"]["value"] == 0 and got["31"]["status"] == "none"
    assert got["31"]["rank"] == 4 and got["31"]["last_fall"] == "2022-01/2022-05"
    short = pe.records(trade, by=["province"], during="2023-01/2023-05", min_history=49).frame
    assert short["rank"].null_count() == 2  # four years of history
    nation = pe.records(trade, by=[], during="2022").frame
    assert nation.select("rank", "record_all").rows() == [(2, False)]  # below 2020
    assert pe.replay(result.receipt).frame.equals(result.frame)
    alone = pe.records(trade, by=[], during="2023-02")
    assert alone.frame.select("rank", "streak").rows() == [(None, None)]
    assert "only one of January and February" in caveat(alone, "history")


def test_before_anything_is_covered(plant: Plant) -> None:
    trade = plant(series(202203, [5] * 24))
    for by in ("month", "quarter", "year", []):
        frame = pe.records(trade, by=by, during="2019").frame
        assert set(frame["status"]) == {"missing"} and frame["streak"].null_count() == frame.height
        assert frame["record_since"].null_count() == frame.height


def test_wrong_arguments(plant: Plant) -> None:
    trade = plant(series(202203, [5] * 24))
    for words in ({"min_history": -1}, {"min_history": 1.5}, {"min_history": True},
                  {"measure": "x"}, {"measure": "balance", "flow": "import"}):  # fmt: skip
        with pytest.raises(CallError):
            pe.records(trade, **words)
    with pytest.raises(PeriodError, match="inside a quarter"):
        pe.records(trade, by="quarter", during="2023-02/2023-09")


# A plain oracle


def want(points: dict[int, int | None], pairs: dict[int, int | None], size: int, t: int,
         need: int) -> Row:  # fmt: skip
    """The columns of one point from all values by first month, counted out one by one."""
    single = size == 1 and t % 100 in (1, 2)
    before = [s for s in points if s < t and points[s] is not None]
    enough = size * len(before) >= need and before
    x = points[t]
    found: Row = dict.fromkeys(("record_all", "record_same_month", "rank"))
    if x is not None and enough and not single:
        found["rank"] = 1 + sum(points[s] > x for s in before)
        found["record_all"] = all(x > points[s] for s in before)
        alike = [s for s in before if s % 100 == t % 100]
        found["record_same_month"] = all(x > points[s] for s in alike) if alike else None
    if single and t % 100 == 2 and enough:
        year = t // 100
        alike = [y for y in pairs if y < year and pairs[y] is not None]
        if pairs.get(year) is not None and alike:
            found["record_same_month"] = all(pairs[year] > pairs[y] for y in alike)

    def direction(s: int) -> int | None:
        if size == 1 and s % 100 in (1, 2):
            now, base = pairs.get(s // 100), pairs.get(s // 100 - 1)
        else:
            now, base = points.get(s), points.get(s - 100)
        return None if now is None or base is None else (now > base) - (now < base)

    mine, run = direction(t), 0
    while mine and direction(shift(t, -size * run)) == mine:
        run += 1
    found["streak"] = None if mine is None else run
    return found


@pytest.mark.parametrize(("by", "size"), [("month", 1), ("quarter", 3), ("year", 12)])
def test_against_plain_python(plant: Plant, by: str, size: int) -> None:
    rng = random.Random(size)
    first, n = 201901, 72
    gone = {201909, 202203}
    months = [m for m in months_between(first, shift(first, n - 1)) if m not in gone]
    for store, places in (("a", ("44", "31")), ("b", ("51",))):
        levels = {(p, m): rng.randrange(50, 90) for p in places for m in months}
        trade = plant([(p, "USA", m, v) for (p, m), v in levels.items()], store=store)
        result = pe.records(trade, by=["province", by], during="2019/2024", min_history=24)
        seen = 0
        for place in places:
            points: dict[int, int | None] = {}
            for i in range(0, n, size):
                start = shift(first, i)
                inside = [levels.get((place, shift(start, j))) for j in range(size)]
                points[start] = None if None in inside else sum(inside)  # type: ignore[arg-type]
            pairs = {
                y: levels[place, y * 100 + 1] + levels[place, y * 100 + 2]
                for y in range(2019, 2025)
            }
            rows = [r for r in result.frame.to_dicts() if r["province"] == place]
            for start, row in zip(sorted(points), rows, strict=True):
                expected = want(points, pairs, size, start, 24)
                assert row["value"] == points[start]
                assert {k: row[k] for k in expected} == expected, (row, expected)
                seen += 1
        assert seen == len(places) * n // size


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 20), min_size=4, max_size=30))
def test_identities(make_store: Callable[..., Path], values: list[int]) -> None:
    rows = [dict(zip(("province", "partner", "period", "value"), r))
            for r in series(202003, values)]  # fmt: skip
    frames = []
    for factor in (1, 1000):
        scaled = [{**r, "value": r["value"] * factor} for r in rows]
        trade = pe.open(make_store(scaled, store=f"h{next(STORES)}"))
        last = month_text(rows[-1]["period"])
        frames.append(pe.records(trade, during=f"2020-03/{last}", min_history=0).frame)
    one, thousand = frames
    for name in ("record_all", "record_same_month", "rank", "streak", "streak_since", "last_fall"):
        assert one[name].equals(thousand[name]), name
    for row in one.to_dicts():
        if row["record_all"]:
            assert row["rank"] == 1 and row["record_same_month"] in (True, None)
        if row["rank"] is not None and row["rank"] > 1:
            assert row["record_all"] is False
        assert row["streak"] is None or 0 <= row["streak"] <= len(values)


def test_the_press_figures_on_the_sample(sample: pe.Trade) -> None:
    """C018, C057: exports to the US fell in every month from April 2025; November is the eighth."""
    got = by_point(pe.records(sample, partner="US", during="2025-04/2025-11"))
    assert [r["streak"] for r in got.values()] == list(range(1, 9))
    assert got["2025-11"]["streak_since"] == "2025-04"
    assert {r["n_negative"] for r in got.values()} == {8}
    assert all(r["pct"] < 0 for r in got.values())
