"""`rerouting` on small stores whose sums are counted by hand, and what it refuses."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.cli import main
from provexpo.errors import CallError, CoverageError, PeriodError, UnknownCodeError
from provexpo.ingest import FileRows
from provexpo.periods import shift
from provexpo.signals.rerouting_windows import Pair, default_placebos, lags_of

Row = dict[str, Any]
Build = Callable[..., pe.Trade]
Part = Callable[..., FileRows]
M = 1_000_000
PHONES, TOYS, PARCELS = "851713", "950300", "980400"


def quarter(first: int, **more: Any) -> list[Row]:
    """The same amount in each of three months."""
    return [{**more, "period": shift(first, i)} for i in range(3)]


def origin_rows() -> list[Row]:
    """k1 of the methods, in millions a quarter: A 21->51, C 201->222, and a third to the market."""
    rows = []
    for partner, base, now in (
        ("VNM", 7, 17), ("DEU", 60, 70), ("X701", 7, 4), ("USA", 30, 19), ("MEX", 1, 1),
    ):  # fmt: skip
        rows += quarter(202407, partner=partner, product=f"{PHONES}00", value=base * M)
        rows += quarter(202507, partner=partner, product=f"{PHONES}00", value=now * M)
    rows += quarter(202507, partner="VNM", product=f"{PARCELS}00", value=90 * M)
    return rows


def market_rows() -> list[Row]:
    """A month later (Mexico two): U 24->60, D 99->60, W (Germany and Mexico) 150->165."""
    rows = []
    for partner, first, base, now in (
        ("VNM", 8, 8, 20), ("CHN", 8, 33, 20), ("DEU", 8, 49, 54), ("MEX", 8, 1, 1),
    ):  # fmt: skip
        rows += quarter(202400 + first, partner=partner, product=f"{PHONES}0010", value=base * M)
        rows += quarter(202500 + first, partner=partner, product=f"{PHONES}0010", value=now * M)
    rows += [
        {"partner": "CHN", "product": f"{PHONES}0010", "period": 202411, "value": 31 * M},
        {"partner": "CHN", "product": f"{PHONES}0010", "period": 202511, "value": 21 * M},
    ]
    rows += quarter(202508, partner="VNM", product=f"{PARCELS}0000", value=90 * M)
    return rows


MARKET: Row = {"reporter": "USA", "flow": "import", "valuation": "customs value"}


@pytest.fixture
def small(desk: Build, planted_part: Part) -> Build:
    def build(
        origin: list[Row] | None = None, market: list[Row] | None = None,
        tariffs: list[Row] | None = None, **options: Any,
    ) -> pe.Trade:  # fmt: skip
        return desk(
            [
                planted_part(origin or origin_rows(), name="cn"),
                planted_part(market or market_rows(), name="us", **{**MARKET, **options}),
            ],
            tariffs or [],
        )

    return build


def ask(trade: pe.Trade, **options: Any) -> pe.Result:
    return pe.rerouting(trade, **{"during": "2025Q3", "hubs": ["VNM", "MEX"], **options})


def texts(result: pe.Result, code: str) -> str:
    return " | ".join(c.text for c in result.caveats if c.code == code)


def test_sums_by_hand(small: Build, row: Callable[..., Row]) -> None:
    vietnam = row(ask(small()), partner="VNM", product=PHONES)
    expected = {
        "value": 51, "base_value": 21, "from_hub": 60, "base_from_hub": 24, "from_origin": 60,
        "base_from_origin": 99, "loss": 39, "ub": 51, "d_ub": 30,
        # C: Germany and unknown 201 -> 222; W: Germany and Mexico 150 -> 165; no hub factor.
        "expected_to_hub": 21 * 222 / 201, "expected_from_hub": 24 * 1.1,
        "rv": min(51 - 21 * 222 / 201, 60 - 26.4),
    }  # fmt: skip
    for name, millions in expected.items():
        assert vietnam[name] == pytest.approx(millions * M, abs=0.01), name
    assert vietnam["ub_share"] == pytest.approx(51 / 60)
    assert (vietnam["theta_source"], vietnam["theta_a"]) == ("none", 1)
    assert (vietnam["reason"], vietnam["trs"], vietnam["confidence"]) == (
        "few_placebos",
        None,
        "low",
    )
    assert (vietnam["type"], vietnam["g3"]) == ("rerouting_candidate", "unknown")


def test_each_hub_is_read_at_its_own_lag(small: Build, row: Callable[..., Row]) -> None:
    """Mexico two months later: September and October of the market, and a month without trade."""
    mexico = row(ask(small()), partner="MEX", product=PHONES)
    assert (mexico["lag"], mexico["from_hub"], mexico["value"]) == (2, 2 * M, 3 * M)
    assert mexico["base_from_origin"] == (33 * 2 + 31) * M
    assert mexico["from_origin"] == (20 * 2 + 21) * M
    same = row(ask(small(), lag=1), partner="MEX", product=PHONES)
    assert (same["lag"], same["from_hub"], same["loss"]) == (1, 3 * M, 39 * M)
    one = row(ask(small(), lag=["MEX=1"]), partner="MEX", product=PHONES)
    assert one == {**same, "rank": one["rank"]}


def test_special_chapters_are_no_products(small: Build) -> None:
    assert set(ask(small()).frame["product"]) == {PHONES}


def test_a_selection_holds_on_both_legs(small: Build, row: Callable[..., Row]) -> None:
    origin = [*origin_rows(), *quarter(202507, partner="VNM", product=f"{TOYS}00", value=M)]
    trade = small(origin)
    assert set(ask(trade).frame["product"]) == {PHONES, TOYS}
    alone = ask(trade, product="8517")
    assert alone.frame["product"].unique().to_list() == [PHONES]
    assert row(alone, partner="VNM")["from_hub"] == 60 * M
    assert ask(trade, product="not 8517").frame["product"].to_list() == [TOYS]
    assert ask(trade, product="toys").frame.height in (0, 1)


def test_the_tariff_wedge(small: Build, row: Callable[..., Row]) -> None:
    """20 points on China from 1 September: the market's window is August to October."""
    levied = {
        "reporter": "USA", "partner": "CHN", "product": "8517", "from": date(2025, 9, 1),
        "to": None, "rate": 0.2, "kind": "additional", "programme": "p",
    }  # fmt: skip
    vietnam = row(ask(small(tariffs=[levied])), partner="VNM", product=PHONES)
    assert vietnam["wedge"] == pytest.approx(0.2 * 61 / 92, abs=1e-9)
    assert (vietnam["g3"], vietnam["confidence"]) == ("yes", "low")
    both = [levied, {**levied, "partner": "VNM", "rate": 0.18}]
    near = row(ask(small(tariffs=both)), partner="VNM", product=PHONES)
    assert near["wedge"] == pytest.approx(0.02 * 61 / 92, abs=1e-9)
    assert (near["g3"], near["confidence"], near["rv"], near["rv_hi"]) == ("no", "none", 0, None)
    # A whole rate on the origin alone says nothing of the hub's.
    average = [{**levied, "kind": "average", "from": date(2020, 1, 1)}]
    unknown = ask(small(tariffs=average))
    assert row(unknown, partner="VNM", product=PHONES)["g3"] == "unknown"
    assert "g3 is unknown" in texts(unknown, "columns")
    with pytest.raises(CallError, match="several kinds"):
        ask(small(tariffs=[*average, levied]))
    assert ask(small(tariffs=[*average, levied]), kind="additional").frame["g3"][0] == "yes"


def test_uncovered_months_are_missing(small: Build, row: Callable[..., Row]) -> None:
    market = [r for r in market_rows() if r["period"] != 202510]
    result = ask(small(market=market))
    vietnam = row(result, partner="VNM", product=PHONES)
    assert (vietnam["status"], vietnam["reason"]) == ("missing", "market_uncovered")
    for name in ("from_hub", "ub", "rv", "trs", "type", "confidence", "loss"):
        assert vietnam[name] is None, name
    assert vietnam["value"] == 51 * M
    assert "2025-10" in texts(result, "missing")
    base = ask(small(market=[r for r in market_rows() if r["period"] != 202409]))
    vietnam = row(base, partner="VNM", product=PHONES)
    assert (vietnam["reason"], vietnam["ub"]) == ("market_base_uncovered", 51 * M)
    assert vietnam["d_ub"] is None and vietnam["rv"] is None
    origin = ask(small([r for r in origin_rows() if r["period"] != 202508]))
    vietnam = row(origin, partner="VNM", product=PHONES)
    assert (vietnam["status"], vietnam["reason"]) == ("missing", "uncovered")
    assert (vietnam["value"], vietnam["from_hub"], vietnam["rv"]) == (None, 60 * M, None)


def test_a_covered_month_without_trade_is_zero(small: Build, row: Callable[..., Row]) -> None:
    market = [r for r in market_rows() if (r["partner"], r["period"]) != ("VNM", 202508)]
    vietnam = row(ask(small(market=market)), partner="VNM", product=PHONES)
    assert (vietnam["status"], vietnam["from_hub"]) == ("ok", 40 * M)


def test_a_market_file_of_some_partners_gives_bounds_only(
    small: Build, row: Callable[..., Row]
) -> None:
    listed = [r for r in market_rows() if r["partner"] in ("VNM", "MEX")]
    result = ask(small(market=listed, partners=("VNM", "MEX")))
    vietnam = row(result, partner="VNM", product=PHONES)
    # No reference flow; the loss is read from the origin's own exports to the market.
    assert (vietnam["ub"], vietnam["loss"], vietnam["expected_from_hub"]) == (51 * M, 33 * M, None)
    assert (vietnam["reason"], vietnam["confidence"]) == ("no_reference", None)
    assert "only some partners" in texts(result, "scope")
    assert "own exports" in texts(result, "columns")
    alone = ask(
        small(market=[r for r in listed if r["partner"] == "VNM"], partners=("VNM",)), lag=1
    )
    mexico = row(alone, partner="MEX", product=PHONES)
    assert (mexico["status"], mexico["reason"], mexico["from_hub"]) == ("missing", "scope", None)


def test_a_coarser_table_sets_the_level(small: Build, row: Callable[..., Row]) -> None:
    market = [{**r, "product": r["product"][:2]} for r in market_rows()]
    result = ask(small(market=market))
    vietnam = row(result, partner="VNM", product="85")
    assert (vietnam["from_hub"], vietnam["value"], vietnam["g1"]) == (60 * M, 51 * M, True)
    assert "HS2" in texts(result, "level")
    assert row(ask(small(), level="HS4"), partner="VNM", product="8517")["ub"] == 51 * M
    assert not texts(ask(small()), "level")


def test_tariffs_finer_than_the_level_say_nothing(small: Build, row: Callable[..., Row]) -> None:
    levied = {
        "reporter": "USA", "partner": "CHN", "product": "8517", "from": date(2025, 2, 4),
        "to": None, "rate": 0.2, "kind": "additional", "programme": "p",
    }  # fmt: skip
    by_heading = ask(small(tariffs=[levied]), level="HS2")
    assert row(by_heading, partner="VNM", product="85")["g3"] == "unknown"
    for product in ("85", None):
        whole = ask(small(tariffs=[{**levied, "product": product}]), level="HS2")
        assert row(whole, partner="VNM", product="85")["wedge"] == pytest.approx(0.2)
    lines = [{**levied, "product": f"{PHONES}00{n}"} for n in ("10", "20")]
    with pytest.raises(CallError, match="finer than HS6"):
        ask(small(tariffs=lines))
    assert (
        row(ask(small(tariffs=lines), agg="simple"), partner="VNM", product=PHONES)["g3"] == "yes"
    )


def test_an_origin_file_of_some_partners_has_no_reference(
    desk: Build, planted_part: Part, row: Callable[..., Row]
) -> None:
    held = [r for r in origin_rows() if r["partner"] in ("VNM", "USA", "MEX")]
    files = [
        planted_part(held, name="cn", partners=("VNM", "USA", "MEX")),
        planted_part(market_rows(), name="us", **MARKET),
    ]
    vietnam = row(ask(desk(files)), partner="VNM", product=PHONES)
    assert (vietnam["value"], vietnam["ub"], vietnam["loss"]) == (51 * M, 51 * M, 39 * M)
    assert (vietnam["expected_to_hub"], vietnam["reason"]) == (None, "no_reference")
    assert vietnam["expected_from_hub"] == pytest.approx(26.4 * M)


def test_corrections_below_zero(small: Build, row: Callable[..., Row]) -> None:
    minus = [{**r, "value": -r["value"]} if (r["partner"], r["period"] // 100) == ("VNM", 2024)
             else r for r in market_rows()]  # fmt: skip
    vietnam = row(ask(small(market=minus)), partner="VNM", product=PHONES)
    assert (vietnam["status"], vietnam["reason"]) == ("negative", "negative")
    assert (vietnam["base_from_hub"], vietnam["value"]) == (-24 * M, 51 * M)
    assert all(vietnam[n] is None for n in ("ub", "rv", "trs", "type", "confidence", "g1"))


def test_young_figures_are_preliminary(small: Build) -> None:
    """The planted files are of June 2025: the windows of 2025Q3 are not even over, those of
    2024Q3 (and of the market, a month or two later) are old enough."""
    assert ask(small()).scored["preliminary"].all()
    moved = [{**r, "period": r["period"] - 100} for r in origin_rows()]
    other = [{**r, "period": r["period"] - 100} for r in market_rows()]
    assert not ask(small(moved, other), during="2024Q3").scored["preliminary"].any()


@pytest.mark.parametrize(
    ("origin_unit", "market_unit", "known"),
    [("千克", "kg", True), ("kg", "kg", True), ("kg", "No.", False), ("kg", None, False)],
)
def test_quantities_need_one_unit_on_both_legs(
    small: Build, row: Callable[..., Row], origin_unit: str, market_unit: str | None, known: bool
) -> None:
    """Unit values of 10 and 12 on what was added: A 30, U 36 million."""
    origin = [{**r, "quantity": r["value"] // 10, "unit": origin_unit} for r in origin_rows()]
    market = [{**r, "quantity": r["value"] // 12, "unit": market_unit} for r in market_rows()]
    vietnam = row(ask(small(origin, market)), partner="VNM", product=PHONES)
    if not known:
        assert vietnam["s6"] is None and vietnam["iuvr"] is None
        return
    assert vietnam["iuvr"] == pytest.approx(1.2, abs=1e-6)
    assert vietnam["s6"] == pytest.approx(1 - math.log(1.2) / math.log(4 / 3), abs=1e-6)
    one = next(r for r in origin if r["partner"] == "VNM" and r["period"] == 202507)
    lacking = [{**r, "quantity": None} if r is one else r for r in origin]
    assert row(ask(small(lacking, market)), partner="VNM", product=PHONES)["s6"] is None


def test_an_annual_file(small: Build, row: Callable[..., Row]) -> None:
    market = [
        {"partner": p, "product": f"{PHONES}0010", "period": y * 100 + 12, "months": 12,
         "value": v * M}
        for p, values in (("VNM", (24, 60)), ("CHN", (99, 60)), ("DEU", (150, 165)))
        for y, v in zip((2024, 2025), values, strict=True)
    ]  # fmt: skip
    origin = [{**r, "months": 12, "period": r["period"] // 100 * 100 + 12, "value": r["value"] * 3}
              for r in origin_rows() if r["period"] % 100 == 7]  # fmt: skip
    trade = small(origin, market)
    whole = row(ask(trade, during="2025", lag=0), partner="VNM", product=PHONES)
    assert (whole["from_hub"], whole["loss"], whole["value"]) == (60 * M, 39 * M, 51 * M)
    # 2.5 million a quarter is 10 million a year: the loss of 39 passes, one of 9 does not.
    assert (
        whole["g1"]
        and not row(
            ask(trade, during="2025", lag=0, min_value=10 * M), partner="VNM", product=PHONES
        )["g1"]
    )
    late = row(ask(trade, during="2025"), partner="VNM", product=PHONES)
    assert (late["status"], late["reason"]) == ("missing", "market_uncovered")


def test_a_list_of_products_that_changes_is_missing(
    desk: Build, planted_part: Part, row: Callable[..., Row]
) -> None:
    """A product that files list in the base months only was not covered now: no zero."""
    from dataclasses import replace

    from provexpo.ingest.rows import Extent

    files = []
    for name, months in (("base", (202407, 202409)), ("now", (202507, 202509))):
        held = [r for r in origin_rows() if months[0] <= r["period"] <= months[1]]
        if name == "base":
            held += quarter(202407, partner="VNM", product=f"{TOYS}00", value=5 * M)
        file = planted_part(held, name=name)
        codes = tuple(sorted({r["product"] for r in held}))
        scope = replace(file.scopes[0], product=Extent("listed", codes))
        files.append(replace(file, scopes=(scope,)))
    files.append(planted_part(market_rows(), name="us", **MARKET))
    result = ask(desk(files))
    assert row(result, partner="VNM", product=PHONES)["status"] == "ok"
    toys = row(result, partner="VNM", product=TOYS)
    assert (toys["status"], toys["reason"], toys["value"]) == ("missing", "scope", None)


def test_codes_that_were_split_count_as_one(small: Build, row: Callable[..., Row]) -> None:
    """851712 became 851713 and 851714 in 2022; the base of 2021 has the old code."""

    def dated(rows: list[Row], old: str) -> list[Row]:
        return [
            {**r, "period": r["period"] - 300,
             "product": r["product"].replace(PHONES, old)
             if r["period"] // 100 == 2024 else r["product"]}
            for r in rows
        ]  # fmt: skip

    trade = small(dated(origin_rows(), "851712"), dated(market_rows(), "851712"))
    result = ask(trade, during="2022Q3")
    vietnam = row(result, partner="VNM", product=PHONES)
    assert (vietnam["base_value"], vietnam["value"], vietnam["loss"]) == (21 * M, 51 * M, 39 * M)
    assert vietnam["concordance"] == "1:n" and not vietnam["new_route"]
    chosen = row(ask(trade, during="2022Q3", product=PHONES), partner="VNM", product=PHONES)
    assert chosen["base_value"] == 21 * M


def test_the_newest_whole_quarter_is_asked_for(small: Build) -> None:
    result = pe.rerouting(small(), hubs=["VNM"])
    assert result.receipt.window == "2025-07/2025-09"


def test_titles_receipts_and_languages(small: Build) -> None:
    trade = small()
    result = ask(trade)
    assert result.receipt.tables == {"export": "CHN:planted:partner+hs8",
                                     "import": "USA:planted:partner+hs10"}  # fmt: skip
    assert "United States" in result.title and "2025-07/2025-09" in result.title
    assert pe.replay(result.receipt).frame.equals(result.frame)
    chinese = ask(trade, lang="zh")
    assert "美国" in chinese.title and "上界" in texts(chinese, "signal")
    assert "upper bound" in texts(result, "signal")
    every = " ".join(c.text for c in result.caveats)
    assert "evasion" not in every and "illegal" not in every
    assert set(result.units) == set(result.frame.columns)


ERRORS: list[tuple[Row, type[Exception], str]] = [
    ({"hubs": ["Atlantis"]}, UnknownCodeError, "Atlantis"),
    ({"hubs": ["US"]}, CallError, "end of the route"),
    ({"hubs": "not VNM"}, CallError, "pass through"),
    ({"partner": "ASEAN"}, CallError, "one market"),
    ({"partner": None}, CallError, "one market"),
    ({"level": "HS8"}, CallError, "HS6, HS4, HS2"),
    ({"min_value": 0}, CallError, "min_value"),
    ({"lag": 13}, CallError, "months"),
    ({"lag": ["DEU=1"]}, CallError, "no hub"),
    ({"product": f"{PHONES}00"}, CallError, "finer than HS6"),
    ({"placebo": "2023Q2"}, PeriodError, "same calendar months"),
    ({"placebo": "2026Q3"}, CallError, "does not lie before"),
    ({"placebo": ["2023Q3 vs 2022Q3 vs 2021Q3"]}, CallError, "no pair"),
    ({"against": "2024Q2"}, PeriodError, "same calendar months"),
    ({"kind": "statutory"}, CallError, "no tariffs of kind"),
]


@pytest.mark.parametrize(("options", "error", "text"), ERRORS)
def test_wrong_words(small: Build, options: Row, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        ask(small(), **options)


def test_a_store_without_the_market_says_which_file(desk: Build, planted_part: Part) -> None:
    with pytest.raises(CoverageError) as err:
        ask(desk([planted_part(origin_rows())]))
    assert "US Census" in str(err.value) and "imports of USA" in str(err.value)
    with pytest.raises(CoverageError, match="the exports of the origin"):
        ask(desk([planted_part(market_rows(), **MARKET)]))
    nation = [{k: v for k, v in r.items() if k != "product"} for r in market_rows()]
    nation = list({(r["partner"], r["period"]): r for r in nation}.values())
    with pytest.raises(CoverageError, match="USA:planted:partner"):
        ask(desk([planted_part(origin_rows()), planted_part(nation, **MARKET)]))


def test_placebo_pairs() -> None:
    event = Pair(pe.Window(202507, 202509), pe.Window(202407, 202409))
    found = default_placebos(event, lambda pair: True)
    # The window of 2024 is the base of the event, so 2023 is the first that is free of it.
    assert [str(p) for p in found] == [
        "2023-07/2023-09 against 2022-07/2022-09", "2022-07/2022-09 against 2021-07/2021-09",
    ]  # fmt: skip
    later = Pair(pe.Window(202607, 202609), pe.Window(202407, 202409))
    assert str(default_placebos(later, lambda pair: True)[0]) == (
        "2023-07/2023-09 against 2021-07/2021-09"
    )
    assert default_placebos(event, lambda pair: False) == ()


def test_lags_of_the_seed() -> None:
    assert lags_of(["VNM", "MEX", "KHM"], None) == {"VNM": 1, "MEX": 2, "KHM": 1}
    assert lags_of(["VNM", "MEX"], {"Mexico": 3}) == {"VNM": 1, "MEX": 3}
    assert lags_of(["VNM", "MEX"], 0) == {"VNM": 0, "MEX": 0}


def test_comovement(small: Build, row: Callable[..., Row]) -> None:
    """Both legs rise and fall in step for two years, against each other in the two before."""
    months = [shift(202010, i) for i in range(64)]

    def level(i: int, sign: int) -> int:
        wave = [0, 3, 1, 4, 2, 5, 2, 4, 1, 3, 0, 2][i % 12] * (1 + i // 12 % 2)
        return (20 + (sign if i < 36 else 1) * wave) * M // 4

    origin, market = origin_rows(), market_rows()
    origin = [r for r in origin if r["period"] not in months or r["partner"] != "VNM"]
    market = [r for r in market if r["period"] not in months or r["partner"] != "VNM"]
    for i, month in enumerate(months):
        bump = 30 * M if month in (202507, 202508, 202509) else 0
        row_ = {"product": f"{PHONES}00", "period": month}
        origin.append({**row_, "partner": "VNM", "value": level(i, 1) + bump})
        later = {"product": f"{PHONES}0010", "period": shift(month, 1)}
        market.append({**later, "partner": "VNM", "value": level(i, -1) + bump})
    for rows, code in ((origin, f"{PHONES}00"), (market, f"{PHONES}0010")):
        held = {(r["partner"], r["period"]) for r in rows}
        rows += [
            {"partner": "DEU", "product": code, "period": shift(m, 1), "value": 50 * M}
            for m in months if ("DEU", shift(m, 1)) not in held
        ]  # fmt: skip
    vietnam = row(ask(small(origin, market)), partner="VNM", product=PHONES)
    assert vietnam["g2"] and vietnam["s5"] is not None and 1.5 < vietnam["s5"] <= 2


def test_command_line(
    small: Build, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(small().snapshot.place)
    words = ["run", "rerouting", place, "--during", "2025Q3", "--hubs", "VNM,MEX", "--lag", "1",
             "--format", "json"]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["provexpo", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert {r["partner"] for r in found["rows"]} == {"VNM", "MEX"}


def test_figures_are_finite(small: Build) -> None:
    frame = ask(small()).frame
    floats = [c for c, t in frame.schema.items() if t == pl.Float64]
    assert frame.select(pl.col(floats).is_finite().fill_null(True).all()).row(0) == (True,) * len(
        floats
    )
