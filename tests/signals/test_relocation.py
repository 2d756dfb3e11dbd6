"""Relocation: the example of methods 4.4, planted cases, an oracle, and what is missing."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.vocab.end_use import FINAL, end_use, end_use_of
from provexpo.vocab.parts import rules_of

M = 1_000_000
NOW, BASE = 202507, 202407
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]
SEEDS = Path(__file__).resolve().parents[2] / "seeds"


def pair(product: str, base: float, now: float, partner: str = "VNM") -> list[dict[str, Any]]:
    return [
        {"partner": partner, "product": product, "period": p, "value": round(v * M)}
        for p, v in ((BASE, base), (NOW, now))
    ]


def flat(rows: list[Any]) -> list[Any]:
    return [r for some in rows for r in some]


def legs(make: Make, china: list[Any], market: list[Any]) -> list[Any]:
    return [
        make(flat(china), name="china"),
        make(flat(market), reporter="USA", flow="import", name="us"),
    ]


CHINA = [pair("851779", 10, 28), pair("851713", 5, 7)]
MARKET = [pair("851713", 60, 100)]


def test_the_worked_example(desk: Desk, planted_part: Make, row: Make, near: Make) -> None:
    trade = desk(legs(planted_part, CHINA, MARKET))
    found = row(pe.relocation(trade, during="2025-07"))
    assert near(found["ri"], 0.90, 6)
    assert (found["d_parts"], found["d_final"], found["change"]) == (18 * M, 2 * M, 40 * M)
    assert (found["partner"], found["product"]) == ("VNM", "851713")
    assert (found["relocation_status"], found["status"], found["n_parts"]) == ("ok", "ok", 1)


def test_falls_of_parts_and_good_count_as_nothing(
    desk: Desk, planted_part: Make, row: Make
) -> None:
    china = [*CHINA[:1], pair("851771", 9, 1), pair("851713", 7, 5)]
    found = row(pe.relocation(desk(legs(planted_part, china, MARKET)), during="2025-07"))
    assert (found["d_parts"], found["d_final"], found["ri"]) == (18 * M, 0, 1.0)


def test_parts_of_most_goods_are_told_apart(desk: Desk, planted_part: Make, row: Make) -> None:
    """Integrated circuits go into every final good of chapters 84 and 85."""
    china = [pair("854231", 0, 30), pair("851779", 10, 16), pair("851713", 5, 7)]
    found = row(pe.relocation(desk(legs(planted_part, china, MARKET)), during="2025-07"))
    assert (found["d_parts"], found["d_parts_specific"]) == (36 * M, 6 * M)
    assert (found["ri"], found["ri_specific"]) == (36 / 38, 6 / 8)


@pytest.mark.parametrize(
    ("china", "market", "state"),
    [
        (CHINA, [pair("851713", 100, 60)], "no_market_rise"),
        (CHINA, [pair("851713", 100, 100)], "no_market_rise"),
        ([pair("851779", 28, 10), pair("851713", 7, 5)], MARKET, "no_china_rise"),
    ],
)
def test_no_index_where_it_means_nothing(
    desk: Desk, planted_part: Make, row: Make, china: list[Any], market: list[Any], state: str
) -> None:
    found = row(pe.relocation(desk(legs(planted_part, china, market)), during="2025-07"))
    assert (found["ri"], found["ri_specific"], found["rank"]) == (None, None, None)
    assert (found["relocation_status"], found["status"]) == (state, "ok")


def test_pass_through_and_assembly_are_at_the_two_ends(
    desk: Desk, planted_part: Make, row: Make
) -> None:
    china = [pair("847330", 10, 90), pair("851713", 5, 70)]
    market = [pair("847130", 50, 120), pair("851713", 60, 100)]
    result = pe.relocation(desk(legs(planted_part, china, market)), during="2025-07")
    assert row(result, product="847130")["ri"] == 1
    assert row(result, product="851713")["ri"] == 0
    # The largest rise of the market's imports comes first.
    assert result.frame["product"].to_list() == ["847130", "851713"]
    assert result.frame["rank"].to_list() == [1, 2]


def test_goods_without_parts_and_parts_have_no_rows(desk: Desk, planted_part: Make) -> None:
    market = [pair(c, 10, 20) for c in ("851713", "851779", "854231", "610910", "870323")]
    result = pe.relocation(desk(legs(planted_part, CHINA, market)), during="2025-07")
    assert result.frame["product"].to_list() == ["851713"]


def test_without_the_markets_imports(desk: Desk, planted_part: Make, row: Make, said: Make) -> None:
    trade = desk([planted_part(flat(CHINA))])
    result = pe.relocation(trade, during="2025-07")
    found = row(result, product="851713")
    assert (found["status"], found["reason"]) == ("missing", "no_market_table")
    assert (found["d_parts"], found["d_final"]) == (18 * M, 2 * M)
    assert (found["value"], found["ri"]) == (None, None)
    assert "USA" in said(result, "missing")
    chinese = pe.relocation(trade, during="2025-07", lang="zh")
    assert "指数" in said(chinese, "missing")


def test_a_month_that_one_leg_lacks(desk: Desk, planted_part: Make, row: Make, said: Make) -> None:
    """Neither leg is filled with zeros."""
    late = [r for r in MARKET[0] if r["period"] == NOW]
    result = pe.relocation(desk(legs(planted_part, CHINA, [late])), during="2025-07")
    found = row(result)
    assert (found["status"], found["reason"]) == ("missing", "market_uncovered")
    assert (found["ri"], found["change"], found["d_parts"]) == (None, None, 18 * M)
    assert "2024-07" in said(result, "missing")
    early = [[r for r in rows if r["period"] == BASE] for rows in CHINA]
    found = row(pe.relocation(desk(legs(planted_part, early, MARKET)), during="2025-07"))
    assert (found["status"], found["reason"]) == ("missing", "uncovered")
    assert (found["ri"], found["d_parts"], found["d_final"]) == (None, None, None)
    assert found["relocation_status"] == "missing"


def test_files_that_hold_a_list_of_products(
    plant_file: Make, planted_part: Make, desk: Desk, row: Make, said: Make
) -> None:
    """Parts outside the files are not zero."""

    def listed(*codes: str) -> pe.Result:
        rows = [
            {**r, "province": "44", "regime": "10"}
            for c, v in (("851713", (5, 7)), ("851779", (10, 28)), ("854231", (0, 9)))
            if c in codes
            for r in pair(c, *v)
        ]
        china = plant_file(rows, listed={"product": codes}, declared=("partner", "province"))
        market = planted_part(flat(MARKET), reporter="USA", flow="import", name="us")
        return pe.relocation(desk([china, market]), during="2025-07")

    alone = row(listed("851713"))
    assert (alone["d_parts"], alone["d_parts_specific"], alone["d_final"]) == (None, None, 2 * M)
    assert (alone["ri"], alone["status"], alone["reason"]) == (None, "missing", "scope")
    some = row(listed("851713", "851779"))
    assert (some["d_parts"], some["d_parts_specific"]) == (None, 18 * M)
    assert (some["ri"], some["ri_specific"], some["relocation_status"]) == (None, 0.9, "ok")
    every = row(listed("851713", "851779", "854231"))
    assert (every["ri"], every["ri_specific"]) == (27 / 29, 0.9)
    assert "851713" in said(listed("851713"), "scope")


def test_the_lag_moves_the_market_alone(desk: Desk, planted_part: Make, row: Make) -> None:
    later = [{**r, "period": r["period"] + 1} for r in MARKET[0]]
    trade = desk(legs(planted_part, CHINA, [later]))
    assert row(pe.relocation(trade, during="2025-07", lag=1))["ri"] == 0.9
    assert row(pe.relocation(trade, during="2025-07"))["reason"] == "market_uncovered"


def test_families_of_a_revision(desk: Desk, planted_part: Make, row: Make) -> None:
    """8517.12 became .13 and .14, 8517.70 became .71 and .79 in 2022."""

    def crossing(old: str, new: str, base: int, now: int) -> list[dict[str, Any]]:
        return [
            {"partner": "VNM", "product": c, "period": p, "value": v * M}
            for c, p, v in ((old, 202107, base), (new, 202207, now))
        ]

    china = [crossing("851770", "851779", 10, 28), crossing("851712", "851713", 5, 7)]
    market = [crossing("851712", "851713", 60, 100)]
    found = row(pe.relocation(desk(legs(planted_part, china, market)), during="2022-07"))
    assert (found["d_parts"], found["d_final"], found["ri"]) == (18 * M, 2 * M, 0.9)


def test_an_independent_count(desk: Desk, planted_part: Make) -> None:
    """Every index of a random world, from the seeds as plain CSV."""
    rng = random.Random(4)
    with (SEEDS / "parts_to_final.csv").open(encoding="utf-8", newline="") as file:
        rules = list(csv.DictReader(file))
    codes = ["851713", "851714", "847130", "852872", "850811", "851771", "851779", "847330",
             "852990", "853400", "854231", "850870", "841451"]  # fmt: skip
    china = {
        (h, c): (rng.randrange(50), rng.randrange(50))
        for h in ("VNM", "IND") for c in codes if rng.random() < 0.8
    }  # fmt: skip
    market = {
        (h, c): (rng.randrange(50), rng.randrange(80))
        for h in ("VNM", "IND") for c in codes if rng.random() < 0.8
    }  # fmt: skip
    trade = desk(legs(
        planted_part,
        [pair(c, *v, partner=h) for (h, c), v in china.items()],
        [pair(c, *v, partner=h) for (h, c), v in market.items()],
    ))  # fmt: skip
    parts = {r["part"] for r in rules}

    def is_part(code: str) -> bool:
        return any(code.startswith(p) for p in parts)

    frame = pe.relocation(trade, during="2025-07", hubs=["VNM", "IND"]).frame
    got = {(r["partner"], r["product"]): r for r in frame.to_dicts()}
    wanted = {k for k, v in market.items() if not is_part(k[1]) and any(v)}
    assert set(got) == wanted
    checked = 0
    for (hub, code), (base, now) in market.items():
        if is_part(code) or not (base or now):
            continue
        into = {r["part"] for r in rules if code.startswith(r["final"])}
        d_parts = sum(
            max(b - a, 0)
            for (h, c), (a, b) in china.items()
            if h == hub and any(c.startswith(p) for p in into)
        )
        a, b = china.get((hub, code), (0, 0))
        total = d_parts + max(b - a, 0)
        want = d_parts / total if now > base and total else None
        assert got[hub, code]["d_parts"] == d_parts * M
        assert got[hub, code]["ri"] == (None if want is None else pytest.approx(want))
        checked += want is not None
    assert checked > 3


def test_refused_calls(desk: Desk, planted_part: Make) -> None:
    trade = desk(legs(planted_part, CHINA, MARKET))
    for words, text in (
        ({"partner": "ASEAN"}, "one market"), ({"lag": 9}, "lag=9"), ({"hubs": "all"}, "hubs="),
        ({"product": "6109"}, "final good"), ({"product": "851779"}, "final good"),
    ):  # fmt: skip
        with pytest.raises(CallError, match=text):
            pe.relocation(trade, during="2025-07", **words)
    nation = desk([planted_part([{"period": p, "value": 1} for p in (BASE, NOW)])])
    with pytest.raises(CoverageError, match="partner"):
        pe.relocation(nation, during="2025-07")


def test_replay_and_words(desk: Desk, planted_part: Make) -> None:
    trade = desk(legs(planted_part, CHINA, MARKET))
    result = pe.relocation(trade, during="2025-07", hubs="VNM", product="8517")
    again = pe.replay(result.receipt)
    assert again.frame.equals(result.frame)
    assert any("USA" in line for line in result.receipt.scope)
    for lang in ("en", "zh"):
        said = pe.say(result, lang=lang)
        text = said if isinstance(said, str) else str(said)
        assert "90" in text
        assert not {"evasion", "illegal", "规避", "违法"} & set(text.split())


# The classes of end use and the map of parts


def test_end_use_of_known_codes() -> None:
    """UN Statistics Division, BEC Rev.5: a phone is consumed, a press invested, steel an input."""
    of = end_use(6)
    wanted = {"851713": "consumption", "610910": "consumption", "847130": "capital",
              "845710": "capital", "720851": "intermediate", "854231": "intermediate",
              "851779": "intermediate", "980400": None}  # fmt: skip
    assert {c: of(c) for c in wanted} == wanted
    assert end_use(8)("85171300") == "consumption"
    assert end_use(4)("8517") is None and end_use(4)("6109") == "consumption"
    assert end_use_of(["851713", "851714"]) == "consumption"
    assert end_use_of(["851713", "851779"]) is None


def test_the_map_of_parts_is_sound() -> None:
    with (SEEDS / "parts_to_final.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({(r["part"], r["final"]) for r in rows}) == len(rows)
    assert all(r["reason"] and r["source"] for r in rows)
    assert {r["kind"] for r in rows} == {"specific", "generic"}
    assert {r["final"][:2] for r in rows} == {"84", "85"}
    # Nothing is a part of itself, and no part is a final good.
    assert not [r for r in rows if r["final"].startswith(r["part"])]
    assert not [r for r in rows if rules_of([r["part"].ljust(6, "0")])]
    assert not [r for r in rows if end_use(6)(r["part"]) in FINAL and len(r["part"]) == 6]


def test_tables_of_finer_codes(desk: Desk, planted_part: Make, row: Make) -> None:
    """China's eight digits and the United States' ten are read as six."""
    china = [pair("85177910", 4, 10), pair("85177990", 6, 18), pair("85171300", 5, 7)]
    market = [pair("8517130000", 60, 100)]
    found = row(pe.relocation(desk(legs(planted_part, china, market)), during="2025-07"))
    assert (found["product"], found["d_parts"], found["ri"]) == ("851713", 18 * M, 0.9)


def test_provinces_are_chosen_on_the_exporters_leg_alone(
    desk: Desk, planted_part: Make, row: Make
) -> None:
    china = [
        {**r, "province": p} for p in ("41", "44") for r in flat(CHINA) if p == "41" or r["value"]
    ]
    market = planted_part(flat(MARKET), reporter="USA", flow="import", name="us")
    trade = desk([planted_part(china), market])
    assert row(pe.relocation(trade, during="2025-07"))["d_parts"] == 36 * M
    one = row(pe.relocation(trade, during="2025-07", province="Henan"))
    assert (one["d_parts"], one["change"], one["ri"]) == (18 * M, 40 * M, 0.9)
