"""`pe.say`: arithmetic on the frame, never a cause; window, currency, basis and limits named."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.briefing.said_row import sayings
from provexpo.errors import CallError
from provexpo.metrics import METRICS

NOW, BASE = 202503, 202403


def rows(*cells: tuple[str, str, int, int]) -> list[dict[str, Any]]:
    return [
        {"province": province, "partner": partner, "period": period, "value": value}
        for province, partner, base, now in cells
        for period, value in ((BASE, base), (NOW, now))
        if value
    ]


@pytest.fixture
def trade(make_store: Callable[..., Path]) -> pe.Trade:
    """Guangdong -20 %, Fujian x 68, Hunan from nothing, Hainan to nothing, in millions."""
    m = 1_000_000
    return pe.open(
        make_store(
            rows(
                ("44", "USA", 500 * m, 400 * m),
                ("44", "VNM", 100 * m, 150 * m),
                ("35", "USA", 50 * m, 3_400 * m),
                ("43", "USA", 0, 30 * m),
                ("46", "USA", 40 * m, 0),
                ("54", "USA", 1_000, 3_650),
            )
        )
    )


def one(trade: pe.Trade, province: str, lang: str = "en") -> str:
    result = pe.growth(trade, partner="US", province=province, by=[], during="2025-03", lang=lang)
    return pe.say(result)


def test_a_fall_names_window_currency_and_both_amounts(trade: pe.Trade) -> None:
    text = one(trade, "Guangdong")
    assert text == (
        "Guangdong's exports to the US, Mar 2025 against Mar 2024 (current USD):"
        " down 20.0% to USD 400.0m, from USD 500.0m."
    )
    assert one(trade, "Guangdong", "zh") == (
        "广东对美国出口，2025年3月，对比2024年3月（美元现价）：下降20.0%，由5.0亿美元降至4.0亿美元。"
    )


def test_ten_times_the_base_is_never_called_a_fold(trade: pe.Trade) -> None:
    text = one(trade, "Fujian")
    assert "to 68 times the base (from USD 50.0m to USD 3.4bn)" in text
    assert "fold" not in text and "%" not in text
    assert "为基期的68倍（由5,000万美元至34.0亿美元）" in one(trade, "Fujian", "zh")


@pytest.mark.parametrize(
    ("province", "says"),
    [("Hunan", "USD 30.0m, from none"), ("Hainan", "none, after USD 40.0m")],
)
def test_new_and_vanished_trade_have_no_percentage(
    trade: pe.Trade, province: str, says: str
) -> None:
    text = one(trade, province)
    assert says in text
    assert "%" not in text


def test_a_small_base_never_leads_and_is_counted(trade: pe.Trade) -> None:
    text = pe.say(pe.growth(trade, partner="US", during="2025-03"))
    first = text.split(": ")[1]
    assert first == "Guangdong"
    assert "Rows that rest on a small base: 1" in text
    assert "Tibet" not in text
    alone = one(trade, "Tibet")
    assert "up 265.0%" in alone and "(small base)" in alone


def test_the_place_concept_and_the_counts_are_said(trade: pe.Trade) -> None:
    text = pe.say(pe.growth(trade, partner="US", during="2025-03"))
    assert "by registered place of the trader, current USD" in text
    assert "Of 5 with figures for both windows, 2 fell and 3 rose" in text


def test_missing_months_are_said_and_nothing_else(trade: pe.Trade) -> None:
    text = pe.say(pe.growth(trade, partner="US", by=[], during="2025-03/2025-04"))
    assert "no figure: months not covered" in text
    assert not re.search(r"\d%", text)


def test_a_list_taken_from_a_file_is_said(make_store: Callable[..., Path]) -> None:
    cells = [r | {"product": "64029900"} for r in rows(("44", "USA", 5_000_000, 4_000_000))]
    place = make_store(cells, declared=("province", "partner"), listed={"product": ("64029900",)})
    text = pe.say(pe.value(pe.open(place), by=[], during="2025-03"))
    assert "64029900" in text
    assert "only" in text


def test_everything_but_one_partner(trade: pe.Trade) -> None:
    result = pe.growth(trade, partner="not US", by=[], during="2025-03")
    assert pe.say(result).startswith("China's exports to partners other than US, Mar 2025")
    assert "50.0%" in pe.say(result)
    assert pe.say(result, "zh").startswith("中国对美国以外市场出口")


def test_the_other_language_needs_no_second_call(trade: pe.Trade) -> None:
    result = pe.growth(trade, partner="US", by=["province"], during="2025-03")
    chinese = pe.say(result, "zh")
    assert "广东" in chinese and "Guangdong" not in chinese
    assert chinese == pe.say(
        pe.growth(trade, partner="US", by=["province"], during="2025-03", lang="zh")
    )


def test_an_unknown_language_is_refused(trade: pe.Trade) -> None:
    with pytest.raises(CallError, match="en or zh"):
        pe.say(pe.value(trade, during="2025-03"), "fr")


CAUSES = re.compile(
    r"because|due to|caused|led to|thanks to|as a result|driven by|tariffs? (?:hit|hurt)"
    "|由于|导致|因为|受累"
)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_sentence_names_a_cause(lang: str) -> None:
    assert not [k for k, texts in sayings().items() if CAUSES.search(texts[lang])]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_metric_has_sentences_in_both_languages(
    sample: pe.Trade, metric: str, lang: str
) -> None:
    window = "2024" if metric == "gdp_exposure" else "2025-05/2025-07"
    result = getattr(pe, metric)(sample, during=window, lang=lang)
    text = pe.say(result)
    assert "{" not in text and "None" not in text
    assert ("Illustrative sample" if lang == "en" else "示例数据") in text
    foreign = re.findall(r"[A-Za-z]{4,}", text) if lang == "zh" else re.findall("[一-鿿]", text)
    assert not foreign, (foreign, text)


def test_figures_are_those_of_the_frame(sample: pe.Trade) -> None:
    """Each percentage of a growth sentence is one of the frame's, to the decimal printed."""
    result = pe.growth(sample, partner="US", during="2025-01/2025-07")
    shown = {float(x) for x in re.findall(r"(?:up|down) ([\d.]+)%", pe.say(result))}
    held = {round(abs(p) * 100, 1) for p in result.frame["pct"].to_list() if p is not None}
    assert shown and shown <= held


def test_a_run_of_falls(sample: pe.Trade) -> None:
    result = pe.records(sample, partner="US", during="2025-05/2025-11")
    frame = result.frame.to_dicts()
    assert all(r["pct"] < 0 for r in frame)  # every month of the window lies below a year earlier
    assert f"a run of {frame[-1]['streak']} below a year earlier" in pe.say(result)
