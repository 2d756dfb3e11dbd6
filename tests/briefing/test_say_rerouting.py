"""What is said of the rerouting signal: every type and level, in both languages."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from provexpo.briefing.said_row import said_of, sayings
from provexpo.briefing.say import say
from provexpo.result import Receipt, Result
from provexpo.signals.own_switch import UNITS as OWN
from provexpo.signals.rerouting_by_province import UNITS as BY_PROVINCE
from provexpo.signals.rerouting_result import UNITS

Row = dict[str, Any]
LANGS = ("en", "zh")
# What passes the gates may be of any level; what does not is of none.
KINDS = [
    *(("rerouting_candidate", level) for level in ("high", "medium", "low", "none")),
    *(("relocation_candidate", level) for level in ("high", "medium", "low", "none")),
    *((kind, "none") for kind in (
        "diversion_to_hub_supplier", "deflection_to_hub", "contraction", "no_excess",
        "common_growth", "no_china_decline",
    )),
    (None, None),
]  # fmt: skip
WORDS = {
    "en": {"high": "indication, not proof of pass-through or replacement",
           "medium": "consistent with", "low": "within ordinary variation", "ub": "upper bound"},
    "zh": {"high": "不能证明", "medium": "相符", "low": "通常波动范围内", "ub": "上界"},
}  # fmt: skip
FORBIDDEN = ("evasion", "illegal", "fraud", "逃税", "非法", "违法", "规避", "欺诈")


def result(rows: list[Row], metric: str = "rerouting", units: Row = UNITS) -> Result:
    receipt = Receipt(
        "desk", 1, None, False, metric, {"partner": "US"},
        {"export": "CHN:planted:partner+hs6", "import": "USA:planted:partner+hs6"}, None, "USD",
        "2025-07/2025-09", "2024-07/2024-09", (), "", {}, "4.2", "0",
    )  # fmt: skip
    shown = {k: ("USD" if u == "currency" else u) for k, u in units.items()}
    return Result(pl.DataFrame(rows), shown, receipt)


def a_row(kind: str | None, level: str | None) -> Row:
    money = dict.fromkeys((k for k, u in UNITS.items() if u == "currency"), 12_345_678)
    return {
        "partner": "VNM", "partner_name": "Vietnam", "product": "851713", "product_name": None,
        **money, "trs": 81.2, "type": kind, "confidence": level, "status": "ok", "reason": None,
    }  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("kind", "level"), KINDS)
def test_every_type_and_level_has_a_sentence(
    kind: str | None, level: str | None, lang: str
) -> None:
    row = a_row(kind, level)
    text = said_of(row, result([row]), lang)
    assert text and "{" not in text and WORDS[lang]["ub"] in text
    if level in ("high", "medium", "low"):
        assert WORDS[lang][level] in text
    named = kind == "rerouting_candidate" and level in ("high", "medium")
    # A value is named only where it is at least of medium confidence, and as a condition.
    assert ("81.2" in text) == named and (("if all" in text) == named or lang == "zh")


@pytest.mark.parametrize("lang", LANGS)
def test_what_cannot_be_told_apart_is_said(lang: str) -> None:
    text = say(result([a_row("rerouting_candidate", "high")]), lang)
    for part in {"en": ("no origin", "replace", "within one code"),
                 "zh": ("看不到原产地", "替代", "同一编码内组装")}[lang]:  # fmt: skip
        assert part in text
    assert ("the US" if lang == "en" else "美国") in text


def test_words_that_are_never_used() -> None:
    own = [t for k, texts in sayings().items() if "rerouting" in k or "own_switch" in k
           for t in texts.values()]  # fmt: skip
    assert len(own) > 30
    assert not [t for t in own if any(word in t.lower() for word in FORBIDDEN)]


@pytest.mark.parametrize("lang", LANGS)
def test_the_province_layer(lang: str) -> None:
    row: Row = {
        "province": "44", "province_name": "Guangdong", "own_loss": 25_000_000,
        "switched": 18_000_000, "own_switch_ratio": 0.72, "status": "ok",
    }  # fmt: skip
    text = said_of(row, result([row], "own_switch", OWN), lang)
    assert "72.0%" in text
    assert said_of({**row, "own_switch_ratio": None}, result([row], "own_switch", OWN), lang)
    shared: Row = {
        "province": "44",
        "rv_province": 16_800_000.0,
        "rerouting_exposure": 0.01,
        "status": "ok",
    }
    of_it = result([shared], "rerouting_by_province", BY_PROVINCE)
    assert ("by attribution" if lang == "en" else "归因") in said_of(shared, of_it, lang)
    assert "{" not in said_of({**shared, "rv_province": 0.0}, of_it, lang)
