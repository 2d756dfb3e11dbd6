"""Exposure to tariffs (methods 1.6): the worked example, identities, days in force, a day-by-day
oracle, chapters 98 and 99, NULL rules, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.ingest import FileRows
from provexpo.store.loading import load_rows
from provexpo.store.side import SIDE_SCHEMAS, SideRows

Plant = Callable[..., pe.Trade]
Cell = Callable[..., Any]
Close = Callable[[Any, float, int], bool]
SHOES, PHONES = "640399", "851713"
MILLION = 1_000_000


def exports(province: str, to_us: dict[str, int], others: int, period: int = 202401) -> list[Any]:
    """Exports of a province to the United States by product, and to Germany, in millions."""
    cells = [("USA", product, value) for product, value in to_us.items()]
    return [
        {"province": province, "partner": partner, "product": product, "period": period,
         "value": value * MILLION}
        for partner, product, value in (*cells, ("DEU", PHONES, others))
    ]  # fmt: skip


EXAMPLE = exports("35", {SHOES: 20, PHONES: 10}, 70) + exports("41", {SHOES: 2, PHONES: 8}, 90)


def rate(product: str | None, value: float, **given: Any) -> dict[str, Any]:
    start, end = given.get("start", "2025-01-01"), given.get("end")
    return {
        "reporter": given.get("reporter", "USA"), "partner": given.get("partner", "CHN"),
        "product": product, "from": date.fromisoformat(start),
        "to": date.fromisoformat(end) if end else None, "rate": value,
        "kind": given.get("kind", "additional"), "programme": given.get("programme"),
    }  # fmt: skip


BOTH = [rate("6403", 0.40), rate("8517", 0.20)]
CALL: dict[str, Any] = {"during": "2025-01", "against": "2024-01"}


@pytest.fixture
def levied(tmp_path: Path, plant_file: Callable[..., FileRows]) -> Plant:
    """A Trade with exports and tariffs."""

    def build(tariffs: list[dict[str, Any]], rows: list[Any] = EXAMPLE, **given: Any) -> pe.Trade:
        schema = {k: v for k, v in SIDE_SCHEMAS["tariffs"].items() if k in rate("01", 0)}
        frame = pl.DataFrame(tariffs, schema=schema)
        side = [SideRows("tariffs", "t.csv", "t", frame, 1_750_000_000)] if tariffs else []
        store = tmp_path / f"store{len(list(tmp_path.iterdir()))}"
        load_rows(store, [plant_file(rows, **given)], side=side)
        return pe.open(store)

    return build


@pytest.mark.parametrize(
    ("province", "te", "share", "average"),
    [("35", 0.10, 0.30, 0.333333), ("41", 0.024, 0.10, 0.24)],
)
def test_1_6_the_worked_example(
    levied: Plant, cell: Cell, close: Close, province: str, te: float, share: float, average: float
) -> None:
    result = pe.tariff_exposure(levied(BOTH), partner="US", **CALL)
    assert close(cell(result, "te", province=province), te, 6)
    assert close(cell(result, "us_share", province=province), share, 6)
    assert close(cell(result, "avg_tariff", province=province), average, 6)
    assert cell(result, "coverage_share", province=province) == 1
    assert cell(result, "tariff_coverage", province=province) == 1
    assert result.frame["province"].to_list() == ["35", "41"], "the most exposed first"


def test_te_is_share_times_average(levied: Plant) -> None:
    rng = random.Random(1)
    codes = [f"{c:02d}0{n}00" for c in range(1, 98, 7) for n in (1, 2)]
    rows = [
        row
        for p in ("11", "35", "44", "51")
        for row in exports(p, {c: rng.randrange(0, 500) for c in codes}, rng.randrange(1, 5000))
    ]
    tariffs = [rate(c, rng.random()) for c in codes[::2]]  # not all: an uncovered one is zero
    for by in (None, "sector", []):
        frame = pe.tariff_exposure(levied(tariffs, rows), **CALL, by=by).frame
        for row in frame.filter(pl.col("avg_tariff").is_not_null()).to_dicts():
            assert row["te"] == pytest.approx(row["us_share"] * row["avg_tariff"], rel=1e-12)


def test_the_nation_weighs_provinces_by_their_exports(levied: Plant) -> None:
    trade = levied(BOTH)
    frame = pe.tariff_exposure(trade, **CALL).frame
    nation = pe.tariff_exposure(trade, **CALL, by=[]).frame
    weighted = (frame["te"] * frame["total"]).sum() / frame["total"].sum()
    assert nation["te"].item() == pytest.approx(weighted)


def test_rates_count_by_their_days_in_force(levied: Plant, cell: Cell) -> None:
    """20 % from 4 February, 40 % from 4 March: 25 of 28 days, and 3 and 28 of 31."""
    steps = [rate(None, 0.20, start="2025-02-04", end="2025-03-03"),
             rate(None, 0.40, start="2025-03-04")]  # fmt: skip
    trade = levied(steps)
    for during, wanted in (
        ("2025-01", 0.0),
        ("2025-02", 0.2 * 25 / 28),
        ("2025-03", (0.2 * 3 + 0.4 * 28) / 31),
        ("2025-01/2025-03", (0.2 * 28 + 0.4 * 28) / 90),
        ("2025-04", 0.4),
    ):
        result = pe.tariff_exposure(trade, during=during, against="2024-01")
        assert cell(result, "avg_tariff", province="35") == pytest.approx(wanted, abs=1e-9)
        # Before the first day there is no row in force; after it every product has one.
        assert cell(result, "coverage_share", province="35") == float(during != "2025-01")
    open_ended = levied([rate(None, 0.20, start="2025-02-04"), steps[1]])
    again = pe.tariff_exposure(open_ended, during="2025-03", against="2024-01")
    assert cell(again, "avg_tariff", province="35") == pytest.approx((0.2 * 3 + 0.4 * 28) / 31)


def test_the_longest_prefix_counts_and_programmes_add_up(levied: Plant, cell: Cell) -> None:
    tariffs = [
        rate(None, 0.10, programme="base"),
        rate("64", 0.15, programme="base"),
        rate("640399", 0.25, programme="base", start="2025-01-11"),
        rate("85", 0.05, programme="extra"),
    ]
    result = pe.tariff_exposure(levied(tariffs), **CALL)
    shoes, phones = (0.15 * 10 + 0.25 * 21) / 31, 0.10 + 0.05
    wanted = (20 * shoes + 10 * phones) / 30
    assert cell(result, "avg_tariff", province="35") == pytest.approx(wanted, abs=1e-9)
    only = pe.tariff_exposure(levied(tariffs), **CALL, programme="extra")
    assert cell(only, "avg_tariff", province="35") == pytest.approx(10 * 0.05 / 30, abs=1e-9)
    assert cell(only, "coverage_share", province="35") == pytest.approx(1 / 3)


def _oracle(tariffs: list[dict[str, Any]], product: str, first: date, last: date) -> float:
    """Day by day, programme by programme: the longest prefix, then the newest row."""
    total, days = 0.0, (last - first).days + 1
    for n in range(days):
        day = first + timedelta(days=n)
        for programme in {t["programme"] for t in tariffs}:
            fits = [
                t
                for t in tariffs
                if t["programme"] == programme
                and product.startswith(t["product"] or "")
                and t["from"] <= day <= (t["to"] or day)
            ]
            if fits:
                total += max(fits, key=lambda t: (len(t["product"] or ""), t["from"]))["rate"]
    return total / days


def test_any_rows_against_a_day_by_day_count(levied: Plant, cell: Cell) -> None:
    rng = random.Random(7)
    codes = ["640399", "640411", "850440", "851713", "851762", "940161", "610910"]
    for _ in range(4):
        value = {c: rng.randrange(1, 900) for c in codes}
        rows = exports("35", value, rng.randrange(1, 900))
        seen, tariffs = set(), []
        for _ in range(40):
            code = rng.choice(codes)[: rng.choice((0, 2, 4, 6))]
            start = date(2024, 11, 1) + timedelta(days=rng.randrange(0, 200))
            programme = rng.choice(("301", "232", "ieepa"))
            if (code, start, programme) not in seen:
                seen.add((code, start, programme))
                end = start + timedelta(days=rng.randrange(0, 90))
                tariffs.append(
                    rate(code or None, rng.randrange(0, 80) / 100, start=start.isoformat(),
                         end=rng.choice((None, end.isoformat())), programme=programme)
                )  # fmt: skip
        result = pe.tariff_exposure(
            levied(tariffs, rows), during="2025-02/2025-04", against="2024-01"
        )
        first, last = date(2025, 2, 1), date(2025, 4, 30)
        tau = {c: _oracle(tariffs, c, first, last) for c in codes}
        duty = sum(value[c] * tau[c] for c in codes)
        assert cell(result, "avg_tariff", province="35") == pytest.approx(
            duty / sum(value.values()), abs=2e-9
        )
        base = {c: _oracle(tariffs, c, date(2024, 1, 1), date(2024, 1, 31)) for c in codes}
        raised = sum(value[c] for c in codes if tau[c] > base[c] + 1e-12)
        assert cell(result, "tariff_coverage", province="35") == pytest.approx(
            raised / sum(value.values())
        )


def test_what_rose_is_measured_against_the_last_month_of_the_base(
    levied: Plant, cell: Cell
) -> None:
    tariffs = [rate("64", 0.25, start="2018-09-24"), rate("85", 0.10, start="2025-01-15")]
    result = pe.tariff_exposure(levied(tariffs), **CALL)
    assert cell(result, "tariff_coverage", province="35") == pytest.approx(10 / 30)
    assert cell(result, "coverage_share", province="35") == 1


def test_the_weights_stay_those_of_the_base(levied: Plant, cell: Cell) -> None:
    """What is sold later, under the tariff, changes nothing."""
    later = exports("35", {SHOES: 0, PHONES: 1}, 999, period=202501)
    held = pe.tariff_exposure(levied(BOTH, EXAMPLE + later), **CALL)
    assert cell(held, "te", province="35") == pytest.approx(0.10)
    year = levied(BOTH, EXAMPLE + exports("35", {SHOES: 40, PHONES: 0}, 60, period=202402))
    two = pe.tariff_exposure(year, during="2025-01", against="2024-01/2024-02")
    assert cell(two, "te", province="35") == pytest.approx((60 * 0.4 + 10 * 0.2) / 200)


def test_chapter_98_is_in_the_share_and_outside_the_basket(levied: Plant, cell: Cell) -> None:
    """Parcels of 10 to the US and of 6 elsewhere, beside the example."""
    parcels = [
        {"province": "35", "partner": p, "product": "980400", "period": 202401, "value": v}
        for p, v in (("USA", 10 * MILLION), ("DEU", 6 * MILLION))
    ]  # fmt: skip
    result = pe.tariff_exposure(levied([*BOTH, rate("98", 0.9)], EXAMPLE + parcels), **CALL)
    assert cell(result, "us_share", province="35") == pytest.approx(40 / 116)
    assert cell(result, "avg_tariff", province="35") == pytest.approx(10 / 30)
    assert cell(result, "te", province="35") == pytest.approx(10 / 116)
    assert cell(result, "share_unclassified", province="35") == pytest.approx(16 / 116)
    assert cell(result, "coverage_share", province="35") == 1


def test_a_product_without_a_row_counts_as_zero_and_is_told(levied: Plant, cell: Cell) -> None:
    result = pe.tariff_exposure(levied([rate("64", 0.40)]), **CALL)
    assert cell(result, "te", province="35") == pytest.approx(20 * 0.4 / 100)
    assert cell(result, "avg_tariff", province="35") == pytest.approx(20 * 0.4 / 30)
    assert cell(result, "coverage_share", province="35") == pytest.approx(20 / 30)


def test_a_whole_rate_that_ends_is_not_zero_afterwards(
    levied: Plant, cell: Cell, codes: Callable[[pe.Result], list[str]]
) -> None:
    """An additional duty that has ended is none; a collected rate that is not held is not known."""
    row = {"start": "2024-01-01", "end": "2025-01-31"}
    call = {"during": "2025-01/2025-02", "against": "2024-01"}
    added = pe.tariff_exposure(levied([rate(None, 0.2, **row)]), **call)
    assert cell(added, "avg_tariff", province="35") == pytest.approx(0.2 * 31 / 59, abs=1e-9)
    assert cell(added, "coverage_share", province="35") == 1 and "tariff_gaps" not in codes(added)
    etr = pe.tariff_exposure(levied([rate(None, 0.2, kind="etr", **row)]), **call)
    assert "tariff_gaps" in codes(etr) and cell(etr, "coverage_share", province="35") == 0
    assert cell(etr, "te", province="35") is None and cell(etr, "avg_tariff", province="35") is None
    assert cell(etr, "status", province="35") == "missing"
    assert cell(etr, "reason", province="35") == "no_tariff"
    assert cell(etr, "us_share", province="35") == pytest.approx(0.3)
    # One product of two with a rate on every day: the other counts as zero, and is told.
    half = [rate("64", 0.4, kind="etr", start="2024-01-01"), rate("85", 0.2, kind="etr", **row)]
    part = pe.tariff_exposure(levied(half), **call)
    assert cell(part, "avg_tariff", province="35") == pytest.approx(20 * 0.4 / 30)
    assert cell(part, "coverage_share", province="35") == pytest.approx(20 / 30)
    assert cell(part, "status", province="35") == "ok"


def test_without_a_rate_in_the_base_nothing_says_what_rose(
    levied: Plant, caveat: Callable[[pe.Result, str], str]
) -> None:
    result = pe.tariff_exposure(levied([rate(None, 0.2, kind="statutory")]), **CALL)
    assert result.frame["tariff_coverage"].null_count() == 2
    assert "2024-01" in caveat(result, "tariff_no_base")
    assert result.frame["coverage_share"].to_list() == [1, 1]


def test_nothing_sold(levied: Plant, cell: Cell) -> None:
    rows = [*EXAMPLE, *exports("44", {}, 5)]
    result = pe.tariff_exposure(levied(BOTH, rows), **CALL)
    for column, wanted in (("te", 0.0), ("us_share", 0.0), ("avg_tariff", None),
                           ("coverage_share", None), ("tariff_coverage", None),
                           ("status", "ok")):  # fmt: skip
        assert cell(result, column, province="44") == wanted, column
    named = pe.tariff_exposure(levied(BOTH, rows), **CALL, province="51")
    assert named.frame["status"].item() == "none"
    assert named.frame["te"].item() is None and named.frame["us_share"].item() is None


def test_a_declared_part_of_the_partners_gives_no_exposure(levied: Plant, cell: Cell) -> None:
    declared = {"partner": ("USA", "DEU")}
    result = pe.tariff_exposure(
        levied(BOTH, listed=declared, declared=("province", "partner", "product")), **CALL
    )
    assert cell(result, "te", province="35") is None
    assert cell(result, "status", province="35") == "missing"
    assert cell(result, "reason", province="35") == "scope"
    assert cell(result, "avg_tariff", province="35") == pytest.approx(1 / 3), "over the basket only"


def test_imports_are_levied_by_the_reporter(levied: Plant, cell: Cell) -> None:
    tariffs = [rate("64", 0.4), rate("64", 0.1, reporter="CHN", partner="USA")]
    result = pe.tariff_exposure(levied(tariffs, flow="import"), flow="import", **CALL)
    assert cell(result, "te", province="35") == pytest.approx(20 * 0.1 / 100)


def test_lines_finer_than_hs6_need_a_rule(levied: Plant, cell: Cell) -> None:
    tariffs = [rate("85171300", 0.1), rate("85171390", 0.3), rate("64", 0.4)]
    with pytest.raises(CallError, match="2 lines finer than HS6"):
        pe.tariff_exposure(levied(tariffs), **CALL)
    for agg, phones in (("simple", 0.2), ("max", 0.3)):
        result = pe.tariff_exposure(levied(tariffs), **CALL, agg=agg)
        assert cell(result, "te", province="35") == pytest.approx((20 * 0.4 + 10 * phones) / 100)
        (lines,) = [c.text for c in result.caveats if c.code == "tariff_lines"]
        assert "1 products" in lines and ("mean" if agg == "simple" else "highest") in lines
    plain = pe.tariff_exposure(levied([rate("64", 0.4)]), **CALL)
    assert "tariff_lines" not in [c.code for c in plain.caveats]
    with pytest.raises(CallError, match="not known"):
        pe.tariff_exposure(levied(tariffs), **CALL, agg="mean")


def test_several_kinds_or_answers_are_never_mixed(levied: Plant, cell: Cell) -> None:
    kinds = [rate(None, 0.2), rate(None, 0.157, kind="statutory")]
    with pytest.raises(CallError, match="several kinds") as caught:
        pe.tariff_exposure(levied(kinds), **CALL)
    assert "'additional', 'statutory'" in str(caught.value)
    chosen = pe.tariff_exposure(levied(kinds), **CALL, kind="statutory")
    assert cell(chosen, "avg_tariff", province="35") == pytest.approx(0.157)
    with pytest.raises(CallError, match="of kind 'etr'"):
        pe.tariff_exposure(levied(kinds), **CALL, kind="etr")
    two = [rate(None, 0.2, kind="average", programme="A"),
           rate(None, 0.3, kind="average", programme="B")]  # fmt: skip
    with pytest.raises(CallError, match="several programmes"):
        pe.tariff_exposure(levied(two), **CALL)
    one = pe.tariff_exposure(levied(two), **CALL, programme="B")
    assert cell(one, "avg_tariff", province="35") == pytest.approx(0.3)


def test_a_store_without_tariffs_says_what_to_load(levied: Plant) -> None:
    with pytest.raises(CoverageError, match="no tariffs of USA on goods from CHN") as caught:
        pe.tariff_exposure(levied([]), **CALL)
    assert "provexpo add" in str(caught.value)
    with pytest.raises(CoverageError, match="USA on CHN"):
        pe.tariff_exposure(levied(BOTH), partner="Brazil", **CALL)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"partner": "ASEAN"}, "needs one partner"),
        ({"partner": "not US"}, "needs one partner"),
        ({"partner": None}, "needs one partner"),
        ({"flow": "total"}, "one on imports"),
        ({"by": ["province", "month"]}, "no rows by month"),
        ({"by": "partner"}, "no rows by partner"),
        ({"by": "product:HS2"}, "no rows by product:HS2"),
    ],
)
def test_calls_that_are_refused(levied: Plant, options: dict[str, Any], said: str) -> None:
    with pytest.raises(CallError, match=said):
        pe.tariff_exposure(levied(BOTH), **{**CALL, **options})


def test_a_table_without_products_is_refused(levied: Plant) -> None:
    rows = [
        {k: v for k, v in row.items() if k != "product"} for row in exports("35", {SHOES: 1}, 2)
    ]
    with pytest.raises(CoverageError):
        pe.tariff_exposure(levied(BOTH, rows), **CALL)


def test_the_receipt_names_both_windows_and_replays(levied: Plant) -> None:
    result = pe.tariff_exposure(levied(BOTH), **CALL, kind="additional")
    assert (result.receipt.window, result.receipt.base_window) == ("2025-01", "2024-01")
    assert "tariffs of 2025-01" in result.title and "2024-01" in result.title
    assert pe.replay(result.receipt).frame.equals(result.frame)
    assert result.receipt.call["kind"] == "additional"
    assert "tariffs: 2 rows, published 2025-06-15T15:06:40Z" in result.receipt.scope


def test_the_default_base_is_a_year_earlier(levied: Plant) -> None:
    result = pe.tariff_exposure(levied(BOTH), during="2025-01")
    assert result.receipt.base_window == "2024-01"
    chinese = pe.tariff_exposure(levied(BOTH), during="2025-01", lang="zh")
    assert "关税" in chinese.title and any("第98、99章" in c.text for c in chinese.caveats)
