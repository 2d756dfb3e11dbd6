"""The number formatter. Expected: the examples of the design, and pocket-calculator rounding."""

import pytest

from provexpo.errors import CallError
from provexpo.output import formats as f
from provexpo.periods import Window

MINUS = "\u2212"


@pytest.mark.parametrize(
    ("x", "currency", "lang", "text"),
    [
        (27_900_000_000, "USD", "en", "USD 27.9bn"),
        (27_900_000_000, "USD", "zh", "279亿美元"),
        (85_630_245_356, "CNY", "en", "CNY 85.6bn"),
        (85_630_245_356, "CNY", "zh", "856亿元"),
        (84_284_228, "USD", "en", "USD 84.3m"),
        (84_284_228, "USD", "zh", "8,428万美元"),
        (999, "USD", "en", "USD 999"),
        (12_345, "CNY", "zh", "1.2万元"),
        (-27_900_000_000, "USD", "en", f"USD {MINUS}27.9bn"),
        (3_577_200_000_000, "USD", "en", "USD 3.58tn"),
        (0, "USD", "en", "USD 0"),
        (None, "USD", "en", "n/a"),
        (None, "CNY", "zh", "无数据"),
        (float("nan"), "USD", "en", "n/a"),
    ],
)
def test_money(x, currency, lang, text):
    assert f.money(x, currency, lang) == text


def test_what_rounds_up_to_the_next_unit_is_written_in_it():
    assert f.money(999_949_999) == "USD 999.9m"
    assert f.money(999_950_000) == "USD 1.0bn"
    assert f.money(999_999) == "USD 999,999"


@pytest.mark.parametrize(
    ("x", "kwargs", "text"),
    [
        (0.225, {}, "22.5%"),
        (-0.383, {"sign": True}, f"{MINUS}38.3%"),
        (2.65, {"sign": True}, "+265.0%"),
        (0.0725, {"digits": 2}, "7.25%"),
        (0.00045, {"digits": 1}, "0.0%"),
        (-0.00045, {"sign": True}, "0.0%"),
        (0.0005, {}, "0.1%"),  # halves go up, in binary this one is below the half
        (0.2845, {"digits": 1}, "28.5%"),
        (0, {}, "0.0%"),
        (None, {}, "n/a"),
        (float("inf"), {}, "n/a"),
    ],
)
def test_percent(x, kwargs, text):
    assert f.percent(x, **kwargs) == text


def test_points_ratios_counts_times():
    assert f.pp(-12.9) == f"{MINUS}12.9 pp"
    assert f.pp(1.25, "zh") == "+1.3个百分点"
    assert f.ratio(22.5 / 11.8) == "1.91"
    assert f.count(1234567) == "1,234,567"
    assert (f.times(68.0), f.times(24.6, "zh")) == ("68 times", "24.6倍")
    assert {f.pp(None), f.ratio(None), f.count(None), f.times(None)} == {"n/a"}


def test_months_and_windows():
    assert (f.month(202507), f.month(202507, "zh")) == ("Jul 2025", "2025年7月")
    assert f.window("2025-01/2025-07") == "Jan–Jul 2025"
    assert f.window(Window(202408, 202507)) == "Aug 2024–Jul 2025"
    assert f.window("2025") == "2025"
    assert f.window("2025-07", "zh") == "2025年7月"
    assert f.window("2024-08/2025-07", "zh") == "2024年8月—2025年7月"
    assert (f.month(None), f.window(None, "zh")) == ("n/a", "无数据")


@pytest.mark.parametrize(
    ("x", "unit", "text"),
    [
        (0.225, "fraction", "22.5%"),
        (27_900_000_000, "USD", "USD 27.9bn"),
        (27_900_000_000, "currency:USD", "USD 27.9bn"),
        (1.5, "pp", "+1.5 pp"),
        (1.90678, "ratio", "1.91"),
        (0.2345, "index", "0.235"),
        (31, "count", "31"),
        ("44", "code", "44"),
        (True, "boolean", "yes"),
        (-0.25, "log points", f"{MINUS}0.250"),
        (202507, "period", "Jul 2025"),
        ("2025-01/2025-07", "period", "Jan–Jul 2025"),
        (1234.0, "kg", "1,234"),
        *[(None, u, "n/a") for u in ("fraction", "USD", "pp", "text", "boolean", "period", "kg")],
    ],
)
def test_value_by_unit(x, unit, text):
    assert f.value(x, unit) == text


def test_a_column_has_one_scale_and_small_figures_are_not_zero():
    scale = f.scale_of([62_810_000_000, 2_000_000, None], "USD")
    assert scale.label == "USD bn"
    assert f.cell(62_810_000_000, "USD", scale) == "62.81"
    assert f.cell(2_000_000, "USD", scale) == "<0.01"
    assert f.cell(-2_000_000, "USD", scale) == f">{MINUS}0.01"
    assert f.cell(0, "USD", scale) == "0.00"
    assert f.cell(None, "USD", scale) == "n/a"
    assert f.scale_of([6_000_000_000], "USD", "zh").label == "亿美元"
    assert f.cell(0.225, "fraction", f.scale_of([], "fraction")) == "22.5"


def test_an_unknown_language_is_named():
    with pytest.raises(CallError, match="lang='en'"):
        f.missing("de")
