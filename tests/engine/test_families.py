"""Codes that a revision renamed, split or merged are one product where a window pair crosses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.vocab.families import families, shipped_links

BEFORE, AFTER = 202106, 202206
ROWS = [
    {"province": "44", "partner": "USA", "product": product, "period": period, "value": value}
    for product, period, value in (
        ("85171210", BEFORE, 1_000), ("85171300", AFTER, 900), ("85171410", AFTER, 300),
        ("85177030", BEFORE, 100), ("85177930", AFTER, 150),
        ("64029900", BEFORE, 10), ("64029900", AFTER, 20),
    )
]  # fmt: skip


@pytest.fixture
def trade(make_store: Callable[..., Path]) -> pe.Trade:
    return pe.open(make_store(ROWS))


def rows(result: pe.Result) -> dict[str, tuple[int, int]]:
    columns = ["product", "base_value", "value"]
    return {p: (b, v) for p, b, v in result.frame.select(columns).iter_rows()}


def texts(result: pe.Result) -> str:
    return " ".join(c.text for c in result.caveats if c.code == "families")


def test_a_split_code_and_a_renamed_code_are_one_row_each(trade: pe.Trade) -> None:
    result = pe.growth(trade, during="2022-06", by="product:HS8")
    assert rows(result) == {
        "85171300": (1_000, 1_200), "85177930": (100, 150), "64029900": (10, 20),
    }  # fmt: skip
    assert set(result.frame["status"]) == {"small_base"}  # neither new nor exit
    names = dict(result.frame.select("product", "product_name").iter_rows())
    assert names["85171300"] == "85171300+85171410 (until 2021-12: 85171210)"
    assert "85177030" in texts(result)
    assert "others may show as new or exit" in texts(result)


def test_the_same_at_six_digits(trade: pe.Trade) -> None:
    result = pe.growth(trade, during="2022-06", by="product:HS6")
    assert rows(result) == {"851713": (1_000, 1_200), "851771": (100, 150), "640299": (10, 20)}


def test_coarser_codes_need_no_families(trade: pe.Trade) -> None:
    result = pe.growth(trade, during="2022-06", by="product:HS4")
    assert rows(result) == {"8517": (1_100, 1_350), "6402": (10, 20)}
    assert not texts(result)


@pytest.mark.parametrize("asked", ["85171300", "85171410", "85171210"])
def test_asking_for_one_member_gives_the_family(trade: pe.Trade, asked: str) -> None:
    nation = pe.growth(trade, during="2022-06", product=asked, by=[])
    assert nation.frame.select("base_value", "value").rows() == [(1_000, 1_200)]
    assert "85171210" in texts(nation)
    by_code = pe.growth(trade, during="2022-06", product=asked, by="product:HS8")
    assert rows(by_code) == {"85171300": (1_000, 1_200)}


def test_leaving_one_member_out_leaves_the_family_out(trade: pe.Trade) -> None:
    result = pe.growth(trade, during="2022-06", product="not 85171300", by=[])
    assert result.frame.select("base_value", "value").rows() == [(110, 170)]


@pytest.mark.parametrize(
    ("asked", "during", "told"),
    [
        ("851713", "2021-06", "851713 begins in 2022-01: until then its goods stood under 851712"),
        ("851712", "2022-06", "851712 ended before 2022-01"),
        ("851712,851713", "2022-06", ""),  # the goods are asked for under both codes
        ("851713", "2022-06", ""),
        ("not 851713", "2021-06", ""),
    ],
)
def test_a_code_outside_its_time_is_no_silent_zero(
    trade: pe.Trade, asked: str, during: str, told: str
) -> None:
    products = asked.split(",") if "," in asked else asked
    result = pe.value(trade, product=products, during=during, against=during, by=[])
    assert told in texts(result) if told else "begins" not in texts(result)
    assert told or "ended" not in texts(result)


def test_a_window_pair_on_one_side_keeps_its_codes(make_store: Callable[..., Path]) -> None:
    later = [r | {"period": r["period"] + 200} for r in ROWS]
    trade = pe.open(make_store(later, store="later"))
    result = pe.growth(trade, during="2024-06", by="product:HS8")
    assert rows(result)["85171210"] == (1_000, 0)
    assert not texts(result)


def test_lists_of_the_two_sides_are_compared_by_family(make_store: Callable[..., Path]) -> None:
    """Downloads of one product list the old code in one year and the new one in the next."""
    make_store([r for r in ROWS if r["product"] == "85177030"], listed={"product": ("85177030",)})
    place = make_store(
        [r for r in ROWS if r["product"] == "85177930"],
        listed={"product": ("85177930",)}, name="newer",
    )  # fmt: skip
    trade = pe.open(place)
    for given in ({"by": []}, {"by": "product:HS8"}, {"product": "85177930", "by": []}):
        frame = pe.growth(trade, during="2022-06", **given).frame  # type: ignore[arg-type]
        assert frame.select("base_value", "value", "reason").rows() == [(100, 150, None)]


def test_inner_products_are_families_too(trade: pe.Trade) -> None:
    from provexpo.engine.call import Arguments
    from provexpo.engine.cells import Measure
    from provexpo.engine.query import prepare, run
    from provexpo.engine.steps import Step

    arguments = Arguments("growth", during="2022-06", by=[])
    query = prepare(trade, arguments, default_by=(), inner=("product:HS6-",))
    step = Step(
        "kinds",
        "SELECT {keys}, count(*) AS n, CAST(sum(base_value) AS BIGINT) AS base FROM sums"
        " WHERE value > 0 GROUP BY {keys}",
    )
    frame = run(query, [Measure("value")], [step], order="n").frame
    assert frame.select("n", "base").rows() == [(3, 1_110)]


def test_a_store_can_add_its_own_changes(make_store: Callable[..., Path], tmp_path: Path) -> None:
    row = {"province": "44", "partner": "USA"}
    old = row | {"product": "39012000", "period": BEFORE, "value": 5}
    new = row | {"product": "39012010", "period": AFTER, "value": 7}
    place = make_store([old, new])
    file = tmp_path / "changes.csv"
    file.write_text("reporter,old,new,valid_from\nCHN,39012000,39012010,2022-01\n", "utf-8")
    before = pe.growth(pe.open(place), during="2022-06", by="product:HS8")
    assert set(before.frame["status"]) == {"new", "exit"}
    pe.add(place, [file])
    after = pe.growth(pe.open(place), during="2022-06", by="product:HS8")
    assert rows(after) == {"39012010": (5, 7)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("old,new,valid_from\n39012000,390120,2022-01\n", "as many digits"),
        ("old,new,valid_from\n3901.2,39012010,2022-01\n", "not an HS code"),
        ("old,new,valid_from\n39012000,39012010,next year\n", "next year"),
    ],
)
def test_a_bad_table_of_changes_is_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "changes.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(pe.ProvexpoError, match=says) as caught:
        pe.add(tmp_path / "desk", [file])
    assert "line 2" in str(caught.value)
    assert not (tmp_path / "desk").exists()


def links(*pairs: tuple[str, str]) -> list[tuple[str, str, str, int]]:
    return [("", old, new, 202201) for old, new in pairs]


@pytest.mark.parametrize(
    ("pairs", "members", "kind"),
    [
        ([("111111", "222222")], {"111111", "222222"}, "1:1"),
        ([("111111", "222221"), ("111111", "222222")], {"111111", "222221", "222222"}, "1:n"),
        ([("111111", "222222"), ("111112", "222222")], {"111111", "111112", "222222"}, "n:1"),
        # A chain: the two old codes share one new code, so all four belong together.
        (
            [("111111", "222221"), ("111111", "222222"), ("111112", "222222")],
            {"111111", "111112", "222221", "222222"},
            "n:m",
        ),
    ],
)
def test_families_are_connected_components(pairs: Any, members: set[str], kind: str) -> None:
    (family,) = families(links(*pairs), reporter="CHN", first=202101, last=202212)
    assert set(family.members) == members
    assert family.concordance == kind


@pytest.mark.parametrize(
    ("first", "last", "count"), [(202201, 202212, 0), (202101, 202112, 0), (202112, 202201, 1)]
)
def test_only_a_pair_of_months_around_the_change_needs_them(
    first: int, last: int, count: int
) -> None:
    pair = links(("111111", "222222"))
    assert len(families(pair, reporter="CHN", first=first, last=last)) == count


def test_other_reporters_share_the_changes_of_the_harmonized_system_only() -> None:
    ours = families(shipped_links(), reporter="USA", first=202101, last=202212)
    assert {f.code for f in ours} == {"851713", "851771", "854141", "852581"}
    china = families(shipped_links(), reporter="CHN", first=202101, last=202212)
    assert {f.concordance for f in china if f.code in ("85177930", "85171300")} == {"1:1", "1:n"}
