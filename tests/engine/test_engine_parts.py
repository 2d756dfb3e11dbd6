"""The parts of the engine by themselves: coverage, keys, tiles, the locked connection, calendar."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import provexpo as pe
from provexpo.engine.by import cut_slots, parse_by, slot_text, slot_windows
from provexpo.engine.calendar import calendar_text
from provexpo.engine.coverage import Wanted, common, covers, months_list
from provexpo.engine.steps import SLOTS, TILES, pack_slot, pack_tile, statement
from provexpo.errors import CoverageError, QueryError, StoreError
from provexpo.ingest.rows import Extent, Grain, Scope
from provexpo.periods import Window, parse_window

Make = Callable[..., Path]
GRAIN = Grain("CHN", "tidy", True, True, 4, False)


def box(province: Extent, partner: Extent, products: Extent) -> Scope:
    return Scope(
        GRAIN, "export", "USD", ((202401, 1),), True, province, partner, products,
        Extent("absent"), 1, "x", "x",
    )  # fmt: skip


def extents(codes: tuple[str, ...]) -> st.SearchStrategy[Extent]:
    listed = st.sets(st.sampled_from(codes), min_size=1).map(
        lambda c: Extent("declared_list", tuple(sorted(c)))
    )
    return st.one_of(st.just(Extent("declared")), listed)


P, Q, K = ("11", "44"), ("USA", "VNM"), ("8501", "8517", "6403")
BOXES = st.lists(st.builds(box, extents(P), extents(Q), extents(K)), max_size=4)
WANTED = st.fixed_dictionaries(
    {
        name: st.one_of(st.none(), st.sets(st.sampled_from(codes), min_size=1))
        for name, codes in (("province", P), ("partner", Q), ("product", K))
    }
)


@given(BOXES, WANTED)
def test_boxes_together_cover_what_is_asked_for(
    boxes: list[Scope], wanted: dict[str, set[str] | None]
) -> None:
    """Cell by cell: every combination of the codes asked for lies in some box."""
    asked = {d: Wanted(None if c is None else tuple(sorted(c)), frozenset(c or ()))
             for d, c in wanted.items()}  # fmt: skip
    named = {d: c for d, c in wanted.items() if c is not None}
    cells = [dict(zip(named, combination)) for combination in product(*named.values())]
    held = bool(boxes) and all(
        any(
            all(b.extent(d).is_all or code in b.extent(d).codes for d, code in cell.items())
            for b in boxes
        )
        for cell in cells
    )
    assert covers(boxes, asked) is held


def test_headings_and_lines() -> None:
    every = Extent("declared")
    found = box(every, every, Extent("listed", ("8517", "8501")))
    declared = box(every, every, Extent("declared_list", ("85",)))

    def holds(scope: Scope, code: str, exact: bool = True) -> bool:
        return covers([scope], {"product": Wanted((code,), frozenset({code} if exact else ()))})

    assert holds(declared, "8517") and holds(declared, "85") and not holds(declared, "84")
    assert holds(found, "8517") and not holds(found, "85")
    assert holds(found, "85", exact=False)  # a group may be held in part, with the caveat
    assert not holds(found, "84", exact=False)


def test_codes_held_in_every_list() -> None:
    a, b = frozenset({"85", "6403"}), frozenset({"8517", "6403", "01"})
    assert common([a, b], "product") == {"8517", "6403"}
    assert common([a, None, b], "product") == {"8517", "6403"}
    assert common([frozenset({"1"}), frozenset({"11"})], "province") == frozenset()
    assert common([None, None], "product") is None


def test_runs_of_months() -> None:
    assert months_list([202403]) == "2024-03"
    assert months_list([202412, 202403, 202501, 202411]) == "2024-03, 2024-11/2025-01"
    every_second = [202400 + m for m in (1, 3, 5, 7, 9, 11)] + [202501, 202503]
    assert months_list(every_second).endswith("2024-11 and 2 more")


def test_slots_of_a_window() -> None:
    quarters = parse_by("quarter", ())
    slots = slot_windows(parse_window("2024-02/2024-10"), quarters)
    assert [str(w) for w in slots] == [
        "2024-02/2024-03", "2024-04/2024-06", "2024-07/2024-09", "2024-10",
    ]  # fmt: skip
    assert [slot_text(w, quarters[0]) for w in slots] == ["2024Q1", "2024Q2", "2024Q3", "2024Q4"]
    assert set(cut_slots(slots, quarters)) == {"2024Q1", "2024Q4"}
    years = parse_by("year", ())
    slots = slot_windows(parse_window("2023-12/2025"), years)
    assert [str(w) for w in slots] == ["2023-12", "2024", "2025"]
    assert set(cut_slots(slots, years)) == {"2023"}
    assert slot_windows(Window(202401, 202412), parse_by("province", ())) == [
        Window(202401, 202412)
    ]


def test_keys_as_users_write_them() -> None:
    assert parse_by("nation", ("province",)) == parse_by([], ("province",)) == ()
    assert [k.column for k in parse_by(None, ("province",))] == ["province"]
    assert [k.column for k in parse_by("Province, month", ())] == ["province", "month"]
    (key,) = parse_by("product:hs6", ())
    assert (key.column, key.level) == ("product", 6)


def test_tiles_and_slots_are_read_back_from_one_number(make_store: Make) -> None:
    engine = pe.open(make_store([{"period": 202401, "value": 1}])).engine
    tiles = [("export", 202401, False, 202402, 2), ("import", 202412, True, 202312, 12)]
    frame = engine.run(
        statement([TILES, TILES.filled({}).__class__("", "SELECT * FROM tiles ORDER BY flow")]),
        {"tiles": [pack_tile(*t) for t in tiles]},
    )
    assert frame.select("flow", "slot", "is_base", "period", "months").rows() == [
        (flow, slot, int(is_base), period, months) for flow, slot, is_base, period, months in tiles
    ]
    slots = [(202401, True, False), (202402, False, True)]
    frame = engine.run(SLOTS.sql + " ORDER BY slot", {"slots": [pack_slot(*s) for s in slots]})
    assert frame.rows() == slots


# The connection


def test_the_connection_reads_the_stores_files_and_no_others(
    make_store: Make, tmp_path: Path
) -> None:
    trade = pe.open(make_store([{"period": 202401, "value": 7}]))
    trade.use_files({("export", "USD")})
    assert trade.engine.run("SELECT sum(value) AS v FROM flows", {})["v"].item() == 7
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for sql in (f"SELECT * FROM read_csv('{secret}')", f"SELECT * FROM '{secret}'",
                f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
                "SET enable_external_access = true"):  # fmt: skip
        with pytest.raises(QueryError):
            trade.engine.run(sql, {})
    assert not (tmp_path / "out.csv").exists()


def test_a_name_in_python_is_no_table(make_store: Make) -> None:
    trade = pe.open(make_store([{"period": 202401, "value": 7}]))
    rows = pl.DataFrame({"a": [1]})
    with pytest.raises(QueryError, match="rows"):
        trade.engine.run("SELECT * FROM rows", {})
    assert rows.height == 1


def test_a_sum_beyond_64_bits_is_an_error_not_a_wrong_number(make_store: Make) -> None:
    rows = [{"period": 202401, "province": p, "value": 6 * 10**18} for p in ("11", "12")]
    with pytest.raises(QueryError, match="64-bit") as err:
        pe.value(pe.open(make_store(rows)), by=[], during="2024-01")
    assert "unit" in str(err.value.do)


def test_sums_are_exact_where_floats_are_not(make_store: Make) -> None:
    big = 2**60
    rows = [{"period": 202401, "province": p, "value": v} for p, v in (("11", big), ("12", 1))]
    frame = pe.value(pe.open(make_store(rows)), by=[], during="2024-01").frame
    assert frame["value"].item() == big + 1


# Opening and showing


def test_versions_are_numbers_of_loads(make_store: Make) -> None:
    path = make_store([{"period": 202401, "value": 7}])
    make_store([{"period": 202402, "value": 8}], name="second")
    old, new = pe.open(path, version=1), pe.open(path)
    assert (old.load, new.load) == (1, 2)
    assert pe.value(old, during="2024-02").frame["status"].to_list() == ["missing"]
    assert pe.value(new, during="2024-02").frame["value"].to_list() == [8]
    assert "load 1" in repr(old)
    for bad in (0, 3, "1", -1):
        with pytest.raises(StoreError):
            pe.open(path, version=bad)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        pe.open(path.parent / "nothing")


def test_an_old_snapshot_is_not_moved_by_a_later_load(make_store: Make) -> None:
    path = make_store([{"period": 202401, "value": 7}])
    trade = pe.open(path)
    make_store([{"period": 202401, "value": 9}], name="revision", vintage=1_750_000_000)
    assert pe.value(trade, during="2024-01").frame["value"].item() == 7
    assert pe.value(pe.open(path), during="2024-01").frame["value"].item() == 9


def test_before_anything_was_published_nothing_is_held(make_store: Make) -> None:
    path = make_store([{"period": 202401, "value": 7}])
    with pytest.raises(CoverageError, match="was published by 2020-01-01"):
        pe.value(pe.open(path, as_of="2020-01-01"), during="2024-01")


def test_the_calendar(make_store: Make) -> None:
    rows: list[dict[str, Any]] = [
        {"period": 202402, "months": 2, "province": "44", "value": 1},
        {"period": 202404, "months": 1, "province": "44", "value": 1},
    ]
    make_store(rows, source="gacc_bulletin")
    path = make_store([{"period": 202501, "province": "44", "partner": "USA", "value": 1}],
                      declared=(), name="found")  # fmt: skip
    text = calendar_text(pe.open(path))
    assert "CHN:gacc_bulletin:province  export  USD" in text
    assert "2024  = = . D . . . . . . . ." in text
    assert "2025  f . . . . . . . . . . ." in text
    assert "provinces: all (assumed); partners: all (assumed)" in text
    assert "load 2" in text and "1 new" in text
