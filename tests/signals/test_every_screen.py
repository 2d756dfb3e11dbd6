"""What all seven have in common: columns, words, receipts, the command line."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import provexpo as pe
from provexpo.cli import app
from provexpo.signals import SIGNALS

SEEDS = Path(pe.__file__).resolve().parent.parent / "seeds"
CALLS: dict[str, dict[str, Any]] = {
    "frontloading": {"event": "2024-04-10", "pre": 3, "post": 2},
    "mirror_gap": {"during": "2024-03/2024-05"},
    "basis_gap": {"during": "2024-03/2024-05"},
    "unit_value_outliers": {"during": "2024-03/2024-05", "min_group": 2},
    "quarter_end": {"during": "2024"},
    "sudden_appearance": {"during": "2023-06/2024-05"},
    "registration_shift": {"during": "2024-03/2024-05"},
}
LATER: dict[str, dict[str, Any]] = {
    name: {**words, **({"event": "2031-04-10"} if name == "frontloading" else
                       {"during": "2031" if name == "quarter_end" else "2031-03/2031-05"})}
    for name, words in CALLS.items()
}  # fmt: skip
# Contract: house.md section 4 and Appendix A of the methods.
COLUMNS = {
    "frontloading": {"fl_usd", "fl_pct", "payback_usd", "payback_ratio", "net", "z"},
    "mirror_gap": {"ratio", "gap", "log_gap", "sym", "robust_z", "screen_flag"},
    "basis_gap": {"b", "b_d12", "pctile", "screen_flag"},
    "unit_value_outliers": {"score", "lower", "upper", "screen_flag"},
    "quarter_end": {"qe", "qe_rel", "mar_spike", "oq", "p_perm", "screen_flag"},
    "sudden_appearance": {"first_period", "value6m", "share_nat", "flash", "screen_flag"},
    "registration_shift": {"turnover", "g_nat", "screen_flag"},
}
JUDGING = re.compile(
    r"fak(?:e|ing)|fraud|evasion|evad|illegal|crimin|cheat|smuggl|phantom|launder|fictitious"
    "|造假|虚假|假的|欺诈|逃税|偷税|漏税|骗税|非法|违法|走私|虚报|舞弊|作弊|犯罪",
    re.IGNORECASE,
)
CAUSAL = re.compile(
    r"because|due to|caused by|led to|thanks to|as a result|driven by|由于|导致|因为|受累"
)


Build = Callable[..., pe.Trade]


@pytest.fixture
def build(desk: Build, planted_part: Callable[..., Any]) -> Build:
    """Something that each of the seven can answer, January 2020 to December 2024."""
    import random

    from provexpo.periods import shift

    def panel(factor: int = 1, shuffled: bool = False) -> pe.Trade:
        rng = random.Random(1)
        months = [shift(202001, i) for i in range(60)]

        def value() -> int:
            return rng.randrange(4 * 10**6, 6 * 10**6) * factor

        own = [
            {"province": p, "partner": j, "product": k, "period": m, "value": value(),
             "quantity": rng.randrange(10**4, 10**5), "unit": "千克"}
            for p in ("42", "43", "44") for j in ("USA", "DEU") for k in ("851713", "640399")
            for m in months if not (p == "43" and k == "640399" and m < 202309)
        ]  # fmt: skip
        places = [{"province": p, "period": m, "value": value()} for p in ("42", "43", "44")
                  for m in months]  # fmt: skip
        bought = [{"partner": "CHN", "product": k, "period": m, "value": value() * 3}
                  for k in ("85", "64") for m in months]  # fmt: skip
        if shuffled:
            for rows in (own, places, bought):
                random.Random(2).shuffle(rows)
        return desk([
            planted_part(own, name="own"), planted_part(places, name="org", basis="origin"),
            planted_part(bought, reporter="USA", flow="import", valuation="customs value"),
        ])  # fmt: skip

    return panel


@pytest.fixture
def panel(build: Build) -> pe.Trade:
    return build()


def ask(trade: pe.Trade, name: str, **words: Any) -> pe.Result:
    result: pe.Result = getattr(pe, name)(trade, **{**CALLS[name], **words})
    return result


@pytest.mark.parametrize("name", CALLS)
def test_columns_units_and_dictionary(panel: pe.Trade, name: str) -> None:
    with (SEEDS / "fields.csv").open(encoding="utf-8", newline="") as file:
        known = {r["name"]: r for r in csv.DictReader(file)}
    result = ask(panel, name)
    assert result.frame.height and set(result.units) == set(result.frame.columns)
    assert COLUMNS[name] <= set(result.frame.columns)
    for column, unit in result.units.items():
        field = known[column]
        assert "results" in field["found_in"] and field["meaning"] and field["null_rule"]
        if column != "gap":  # a part of one in predicted_growth, money here
            assert unit == ("USD" if field["unit"] == "currency" else field["unit"]), column
        kind = {"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "VARCHAR": pl.String,
                "BOOLEAN": pl.Boolean}[field["dtype"]]  # fmt: skip
        if column != "product":
            assert result.frame[column].dtype == kind, column


@pytest.mark.parametrize("name", CALLS)
def test_missing_rows_have_the_same_types_and_no_figures(panel: pe.Trade, name: str) -> None:
    there, later = ask(panel, name), getattr(pe, name)(panel, **LATER[name])
    assert later.frame.schema == there.frame.schema
    assert later.frame.height and set(later.frame["status"]) == {"missing"}
    flag = "is_frontloading" if name == "frontloading" else "screen_flag"
    assert later.frame[flag].null_count() == later.frame.height
    assert later.frame["reason"].null_count() == 0


@pytest.mark.parametrize("name", CALLS)
def test_no_rows_give_the_same_columns(panel: pe.Trade, name: str) -> None:
    nothing = {"mirror_gap": {"product": "95", "by": "product:HS2"}, "quarter_end": {},
               "basis_gap": {}}.get(name, {"product": "9503"})  # fmt: skip
    if not nothing:
        return  # rows of places are there whatever was traded
    few = ask(panel, name, **nothing)
    assert few.frame.height == 0
    assert {c: t for c, t in few.frame.schema.items() if c in ask(panel, name).frame.columns}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_words(panel: pe.Trade, name: str, lang: str) -> None:
    result = ask(panel, name, lang=lang)
    codes = [c.code for c in result.caveats]
    assert "base_rate" in codes and "screen" in codes
    told = [result.title, pe.say(result), *(c.text for c in result.caveats)]
    for text in told:
        assert text and "{" not in text and "None" not in text
        assert not JUDGING.search(text) and not CAUSAL.search(text), text
    latin = re.findall("[A-Za-z]{4,}", pe.say(result)) if lang == "zh" else []
    assert not latin, latin
    if lang == "en":
        assert not re.findall("[一-鿿]", pe.say(result).replace("千克", ""))
    else:
        assert re.search("[一-鿿]", result.title)


@pytest.mark.parametrize("name", CALLS)
def test_the_code_and_its_definition_judge_nobody(name: str) -> None:
    doc = getdoc(getattr(import_module(f"provexpo.signals.{name}"), name)) or ""
    for heading in ("Parameters", "Returns", "Raises", "Notes", "NULL rule", "References"):
        assert heading in doc
    assert not JUDGING.search(doc) and not CAUSAL.search(doc)


def test_the_page_of_the_signals_judges_nobody() -> None:
    page = (SEEDS.parent / "docs" / "signals.md").read_text("utf-8")
    for name in CALLS:
        assert f"`{name}`" in page
    assert not JUDGING.search(page) and not CAUSAL.search(page)


@pytest.mark.parametrize("table", ["phrases.csv", "sayings.csv", "labels.csv"])
def test_no_text_of_the_screens_judges(table: str) -> None:
    own = re.compile("|".join([*CALLS, "screen", "mirror"]))
    with (SEEDS / table).open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if own.search(r["key"])]
    bad = [r["key"] for r in rows for t in (r["en"], r["zh"])
           if JUDGING.search(t) or CAUSAL.search(t)]  # fmt: skip
    assert not bad


@pytest.mark.parametrize("name", CALLS)
def test_replayed_and_explained(panel: pe.Trade, name: str) -> None:
    assert name in SIGNALS
    result = ask(panel, name)
    again = pe.replay(pe.Receipt.from_json(result.receipt.to_json()))
    assert again.frame.equals(result.frame) and again.title == result.title
    text = result.explain()
    assert text.startswith(result.title) and result.sql in text


@pytest.mark.parametrize("name", CALLS)
def test_the_order_of_rows_does_not_matter(build: Build, name: str) -> None:
    """To the last bit."""
    assert ask(build(), name).frame.equals(ask(build(shuffled=True), name).frame)


SIZED = {"score", "lower", "upper", "unit_value", "base_unit_value", "small_base", "status"}


@pytest.mark.parametrize("name", CALLS)
def test_a_thousand_times_as_much_gives_the_same_ratios(build: Build, name: str) -> None:
    one, many = ask(build(), name), ask(build(1000), name, **(
        {"min_value": 5 * 10**9} if name == "sudden_appearance" else {}
    ))  # fmt: skip
    kinds = ("fraction", "ratio", "index", "log points", "boolean", "pp")
    same = [c for c, u in one.units.items() if u in kinds and c not in SIZED]
    assert len(same) > 1
    keys = [c for c in ("province", "partner", "product") if c in one.frame.columns]
    pairs = zip(one.frame.sort(keys).to_dicts(), many.frame.sort(keys).to_dicts(), strict=True)
    for a, b in pairs:
        for column in same:
            if isinstance(a[column], float):
                assert b[column] == pytest.approx(a[column], abs=1e-9), column
            else:
                assert b[column] == a[column], column


@pytest.mark.parametrize("name", CALLS)
def test_the_command_line_runs_it(panel: pe.Trade, name: str) -> None:
    words = [w for k, v in CALLS[name].items() for w in (f"--{k.replace('_', '-')}", str(v))]
    place = str(panel.snapshot.place)
    done = CliRunner().invoke(app, ["run", name, place, *words, "--format", "csv"])
    assert done.exit_code == 0, done.output
    assert ("screen_flag" in done.output) or ("is_frontloading" in done.output)
