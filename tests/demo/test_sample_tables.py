"""The tables beside the cube, through the store: which of them answers, and as of when."""

from __future__ import annotations

import csv
import datetime
from itertools import pairwise

import polars as pl
import pytest

import provexpo as pe
from provexpo.demo import cube, rules, tables
from provexpo.errors import CheckError
from provexpo.resources import seed

CUBE = "CHN:illustrative:province+partner+hs8"
US = "CHN:published_annual:partner"
NATION = "CHN:published_annual:nation"


@pytest.fixture(scope="module")
def trade() -> pe.Trade:
    return pe.sample()


def tables_of(result: pe.Result) -> set[str]:
    return {t["grain"] if isinstance(t, dict) else t for t in result.receipt.tables.values()}


@pytest.mark.parametrize("during", ["2024", "2023", "2025-11", "2025-01/2025-11", "r12:2025-11"])
def test_an_ordinary_question_is_answered_by_the_cube(trade: pe.Trade, during: str) -> None:
    for asked in ({}, {"partner": "US"}, {"partner": "US", "flow": "import"}):
        result = pe.value(trade, by=[], during=during, currency="USD", **asked)
        assert tables_of(result) == {CUBE}, asked


def test_years_before_the_cube_come_from_one_annual_table(trade: pe.Trade) -> None:
    us = pe.value(trade, partner="US", flow="total", by=["year"], during="2018/2023")
    assert tables_of(us) == {US}
    assert us.frame["status"].to_list() == ["ok"] * 6
    nation = pe.balance(trade, by=["year"], during="2007/2025-11", currency="USD")
    assert tables_of(nation) == {NATION}
    assert nation.frame["status"].to_list() == ["ok"] * 19


def test_the_annual_table_and_the_cube_agree_where_both_are_current(trade: pe.Trade) -> None:
    for during in ("2022", "2023", "2024", "2025-01/2025-11"):
        for flow in ("export", "import"):
            asked = {"by": [], "flow": flow, "during": during, "currency": "USD"}
            held = [pe.value(trade, table=t, **asked).frame["value"][0] for t in (CUBE, NATION)]
            assert held[0] == held[1]


def test_the_first_release_of_2022_is_answered_as_of_2023(trade: pe.Trade) -> None:
    """581.78 and 177.64 billion dollars in January 2023; 2023 was published against less."""
    then = pe.open(trade.snapshot.place, as_of="2023-06-01")
    now = {f: pe.value(trade, partner="US", flow=f, by=[], during="2023").frame["value"][0]
           for f in ("export", "import")}  # fmt: skip
    first = {f: pe.value(then, partner="US", flow=f, by=[], during="2022").frame["value"][0]
             for f in ("export", "import")}  # fmt: skip
    assert first == {"export": 581_783_000_000, "import": 177_644_000_000}
    changes = [now["export"] / first["export"], now["import"] / first["import"],
               sum(now.values()) / sum(first.values())]  # fmt: skip
    assert [round(100 * (c - 1), 1) for c in changes] == [-14.1, -7.6, -12.5]
    for flow, pct in (("export", -13.1), ("import", -6.8), ("total", -11.6)):
        asked = {"partner": "US", "flow": flow, "by": [], "during": "2023", "against": "2022"}
        assert round(100 * pe.growth(trade, **asked).frame["pct"][0], 1) == pct


def test_side_tables_hold_rates_and_products(trade: pe.Trade) -> None:
    tariffs = trade.side("tariffs")
    on = datetime.date(2025, 11, 30)
    china = tariffs.filter((pl.col("reporter") == "USA") & (pl.col("partner") == "CHN"))
    day = (pl.col("from") <= on) & (pl.col("to").is_null() | (pl.col("to") >= on))
    assert china.filter(day)["rate"].to_list() == [0.475]
    april = (pl.col("from") <= datetime.date(2025, 4, 30)) & (
        pl.col("to") >= datetime.date(2025, 4, 1)
    )
    assert china.filter(april)["rate"].max() == 1.45
    assert trade.side("gdp")["province"].n_unique() == 31
    assert trade.side("fx").filter(pl.col("period") == 202312).height == 1


def test_one_rate_is_in_force_on_a_day() -> None:
    with seed("sample_tariffs.csv").open(encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    spans: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for r in rows:
        spans.setdefault((r["reporter"], r["partner"]), []).append((r["from"], r["to"] or "9999"))
    for found in spans.values():
        found.sort()
        assert all(last < first for (_, last), (first, _) in pairwise(found))


def test_published_rows_say_what_they_are() -> None:
    with seed("sample_published.csv").open(encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    assert all(r["basis"] and r["source"] for r in rows)
    assert all(r["basis"].split()[0].strip(",:") in
               {"published", "derived", "balance", "imports", "exports"} for r in rows)  # fmt: skip
    us = [r for r in rows if (r["table"], r["partner"]) == ("published_annual", "USA")]
    first = {r["period"][:4]: float(r["exports_usd_million"]) + float(r["imports_usd_million"])
             for r in us}  # fmt: skip
    # Totals of the National Bureau of Statistics, USD million (Global Times, 5 December 2022).
    assert first["2018"] == 633_519 and first["2019"] == 541_560


def test_rules_that_do_not_fit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tables.read("sample_rules.csv")
    cannot = {**rows[0], "statement": "C999", "products": "all", "low": "9", "high": "10"}

    def read(name: str) -> list[dict[str, str]]:
        return [cannot] if name == rules.SEED else tables_read(name)

    tables_read = tables.read
    monkeypatch.setattr(tables, "read", read)
    with pytest.raises(CheckError, match=r"C999 all all: 1\.0\d+ not in 9\.\.10"):
        cube.build()


def test_a_rule_with_an_unknown_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {**tables.read("sample_rules.csv")[0], "measure": "median"}
    monkeypatch.setattr(tables, "read", lambda name: [row])
    with pytest.raises(CheckError, match="unknown rule 'median'"):
        rules.read_rules()


def test_every_rule_names_its_statement_and_its_basis() -> None:
    for row in tables.read(rules.SEED):
        assert row["basis"] in ("published", "chosen")
        assert all(s[0] == "C" and len(s) == 4 for s in row["statement"].split())
        assert float(row["low"]) < float(row["high"])


def test_the_sample_as_it_was_published_by_a_date() -> None:
    """The first release of 2022 is readable; what was published later is not there yet."""
    early = pe.sample(as_of="2023-06-01")
    first = pe.value(early, partner="US", during="2022", by=[])
    assert first.frame["value"].item() == 581_783_000_000
    assert pe.replay(first.receipt).frame.equals(first.frame)
    later = pe.growth(early, partner="US", during="2023", against="2022", by=[])
    assert later.frame["status"].item() == "missing"
