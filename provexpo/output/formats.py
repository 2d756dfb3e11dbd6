"""The one number formatter: tables, maps, workbooks and sentences all write figures through it.

A missing figure is "n/a" (无数据), never 0; the minus sign is U+2212; halves round away from
zero, as a reader with a pocket calculator expects. Fractions become per cent here, not earlier.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from provexpo.errors import CallError
from provexpo.periods import Window, parse_window

LANGUAGES = ("en", "zh")
MINUS = "\u2212"
_EN_DASH = "\u2013"
_EM_DASH = "\u2014"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MISSING = {"en": "n/a", "zh": "无数据"}
_YES = {"en": ("no", "yes"), "zh": ("否", "是")}
_CURRENCY_ZH = {
    "USD": "美元", "CNY": "元", "EUR": "欧元", "GBP": "英镑", "JPY": "日元", "HKD": "港元",
    "TWD": "新台币", "KRW": "韩元", "BRL": "雷亚尔",
}  # fmt: skip
_TEXT_UNITS = ("text", "code", "name", "")
_NUMBER_UNITS = {"ratio": 2, "index": 3, "log points": 3}


@dataclass(frozen=True)
class Scale:
    """How a column is written: divided by `factor`, `digits` decimals, `label` in its header."""

    factor: float
    digits: int
    label: str


# Steps of money from large to small: (at least, suffix, decimals).
_MONEY_STEPS = {
    "en": ((1e12, "tn", 2), (1e9, "bn", 1), (1e6, "m", 1), (0.0, "", 0)),
    "zh": (
        (1e12, "万亿", 2),
        (1e10, "亿", 0),
        (1e8, "亿", 1),
        (1e6, "万", 0),
        (1e4, "万", 1),
        (0.0, "", 0),
    ),
}
_SUFFIX_FACTOR = {"tn": 1e12, "bn": 1e9, "m": 1e6, "万亿": 1e12, "亿": 1e8, "万": 1e4, "": 1.0}


def language(lang: str) -> str:
    """The language itself, or an error naming those there are."""
    if lang not in LANGUAGES:
        raise CallError(
            f"unknown language {lang!r}",
            where="lang=",
            expected="en or zh",
            do="use lang='en' or lang='zh'",
        )
    return lang


def missing(lang: str = "en") -> str:
    """What stands where a figure is missing."""
    return _MISSING[language(lang)]


def is_missing(x: Any) -> bool:
    """NULL and what is not a finite number."""
    return x is None or (isinstance(x, float) and not math.isfinite(x))


def _rounded(x: Decimal, digits: int) -> Decimal:
    return x.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def number(x: float, digits: int = 0, *, sign: bool = False) -> str:
    """A number with thousands separators.

    >>> number(-1234.565, 2), number(0.04, 1, sign=True)
    ('−1,234.57', '0.0')
    """
    rounded = _rounded(Decimal(str(x)), digits)
    if rounded == 0:
        return f"{abs(rounded):,.{digits}f}"
    mark = MINUS if rounded < 0 else "+" if sign else ""
    return f"{mark}{abs(rounded):,.{digits}f}"


def percent(x: float | None, lang: str = "en", digits: int = 1, sign: bool = False) -> str:
    """A fraction as per cent.

    >>> percent(0.225), percent(-0.383, sign=True), percent(None), percent(None, "zh")
    ('22.5%', '−38.3%', 'n/a', '无数据')
    """
    if x is None or is_missing(x):
        return missing(lang)
    return number(float(Decimal(str(x)) * 100), digits, sign=sign) + "%"


def pp(x: float | None, lang: str = "en", sign: bool = True, digits: int = 1) -> str:
    """Percentage points; `x` counts points, so 4.5 and not 0.045.

    >>> pp(-12.9), pp(-12.9, "zh")
    ('−12.9 pp', '−12.9个百分点')
    """
    if x is None or is_missing(x):
        return missing(lang)
    return number(x, digits, sign=sign) + (" pp" if language(lang) == "en" else "个百分点")


def _money_step(x: float, lang: str) -> tuple[str, int]:
    """Suffix and decimals; what rounds up to the next step is written in that step."""
    steps = _MONEY_STEPS[language(lang)]
    for i, (least, suffix, digits) in enumerate(steps):
        smaller = steps[i + 1] if i + 1 < len(steps) else (0.0, suffix, digits)
        unit = Decimal(str(_SUFFIX_FACTOR[smaller[1]]))
        shown = _rounded(Decimal(str(abs(x))) / unit, smaller[2]) * unit
        if shown >= Decimal(str(least)):
            return suffix, digits
    return steps[-1][1], steps[-1][2]


def money(x: float | None, currency: str = "USD", lang: str = "en", *, sign: bool = False) -> str:
    """An amount with its currency, in billions (亿) or what suits its size.

    >>> money(27_900_000_000), money(27_900_000_000, lang="zh")
    ('USD 27.9bn', '279亿美元')
    >>> money(85_630_245_356, "CNY"), money(85_630_245_356, "CNY", "zh")
    ('CNY 85.6bn', '856亿元')
    """
    if x is None or is_missing(x):
        return missing(lang)
    suffix, digits = _money_step(x, lang)
    figure = number(x / _SUFFIX_FACTOR[suffix], digits, sign=sign) + suffix
    if lang == "zh":
        return figure + _CURRENCY_ZH.get(currency, f" {currency}")
    return f"{currency} {figure}"


def ratio(x: float | None, lang: str = "en", digits: int = 2) -> str:
    """A ratio or location quotient: 1.906780 -> "1.91"."""
    return missing(lang) if x is None or is_missing(x) else number(x, digits)


def times(x: float | None, lang: str = "en") -> str:
    """A multiple, "68 times" / "68倍"; from 100 on without decimals."""
    if x is None or is_missing(x):
        return missing(lang)
    figure = number(x, 0 if abs(x) >= 100 or float(x).is_integer() else 1)
    return f"{figure} times" if language(lang) == "en" else f"{figure}倍"


def count(x: float | None, lang: str = "en") -> str:
    """A whole number with thousands separators."""
    return missing(lang) if x is None or is_missing(x) else number(x)


def month(x: int | None, lang: str = "en") -> str:
    """A month yyyymm as text: "Jul 2025" / "2025年7月"."""
    if x is None:
        return missing(lang)
    year, m = divmod(int(x), 100)
    return f"{_MONTHS[m - 1]} {year}" if language(lang) == "en" else f"{year}年{m}月"


def window(text: str | Window | None, lang: str = "en") -> str:
    """A window as a reader says it.

    >>> window("2025-01/2025-07"), window("2025-01/2025-07", "zh"), window("2025")
    ('Jan–Jul 2025', '2025年1—7月', '2025')
    """
    if text is None:
        return missing(lang)
    w = parse_window(text)
    if language(lang) == "en":
        return _window_en(w)
    return _window_zh(w)


def _window_en(w: Window) -> str:
    if w.n_months > 1 and str(w).isdigit():
        return str(w)
    if w.first == w.last:
        return month(w.first)
    if w.first // 100 == w.last // 100:
        return f"{_MONTHS[w.first % 100 - 1]}{_EN_DASH}{month(w.last)}"
    return f"{month(w.first)}{_EN_DASH}{month(w.last)}"


def _window_zh(w: Window) -> str:
    if w.n_months > 1 and str(w).isdigit():
        return f"{w}年"
    if w.first == w.last:
        return month(w.first, "zh")
    if w.first // 100 == w.last // 100:
        return f"{w.first // 100}年{w.first % 100}{_EM_DASH}{w.last % 100}月"
    return f"{month(w.first, 'zh')}{_EM_DASH}{month(w.last, 'zh')}"


def currency_of(unit: str) -> str | None:
    """The currency of a money unit ("USD", "currency:USD"), or None."""
    name = unit.removeprefix("currency:")
    is_code = len(name) == 3 and name.isascii() and name.isupper()
    return name if is_code else None


def _period(x: Any, lang: str) -> str:
    return month(x, lang) if isinstance(x, int) and x > 9999 else window(str(x), lang)


def _boolean(x: Any, lang: str) -> str:
    return _YES[language(lang)][bool(x)]


_BY_UNIT: dict[str, Callable[[Any, str], str]] = {
    "fraction": lambda x, lang: percent(x, lang),
    "pp": lambda x, lang: pp(x, lang),
    "count": lambda x, lang: count(x, lang),
    "boolean": _boolean,
    "period": _period,
}


def value(x: Any, unit: str, lang: str = "en") -> str:
    """Any figure of a Result, by the unit that `Result.units` gives for its column.

    >>> value(0.225, "fraction"), value(None, "USD"), value(202507, "period")
    ('22.5%', 'n/a', 'Jul 2025')
    """
    if is_missing(x):
        return missing(lang)
    currency = currency_of(unit)
    if currency:
        return money(x, currency, lang)
    if unit in _BY_UNIT:
        return _BY_UNIT[unit](x, lang)
    if unit in _TEXT_UNITS or isinstance(x, str | bool):
        return str(x)
    return number(x, _NUMBER_UNITS.get(unit, 0), sign=unit == "log points")


def scale_of(values: Iterable[Any], unit: str, lang: str = "en") -> Scale:
    """One scale for a whole column, from its largest figure, fine enough for its smallest."""
    currency = currency_of(unit)
    if currency:
        held = [abs(v) for v in values if not is_missing(v) and v != 0]
        suffix, _ = _money_step(max(held, default=0), lang)
        factor = _SUFFIX_FACTOR[suffix]
        digits = 0 if not suffix else 2 if min(held) < factor / 20 else 1
        name = _CURRENCY_ZH.get(currency, currency) if language(lang) == "zh" else currency
        label = f"{suffix}{name}" if lang == "zh" else f"{name} {suffix}".strip()
        return Scale(factor, digits, label)
    if unit == "fraction":
        return Scale(0.01, 1, "%")
    if unit == "pp":
        return Scale(1.0, 1, "pp" if language(lang) == "en" else "百分点")
    return Scale(1.0, _NUMBER_UNITS.get(unit, 0), "")


def cell(x: Any, unit: str, scale: Scale, lang: str = "en", *, sign: bool = False) -> str:
    """A figure in a column whose header already carries the unit.

    A figure too small for the column's decimals is written "<0.01", so that it is not read as
    zero.
    """
    if is_missing(x):
        return missing(lang)
    if not is_numeric(unit):
        return value(x, unit, lang)
    scaled = Decimal(str(x)) / Decimal(str(scale.factor))
    if scaled != 0 and currency_of(unit) and _rounded(scaled, scale.digits) == 0:
        least = f"{Decimal(1).scaleb(-scale.digits)}"
        return f"<{least}" if scaled > 0 else f">{MINUS}{least}"
    return number(float(scaled), scale.digits, sign=sign)


def currency_name(currency: str, lang: str = "en") -> str:
    """The currency as a sentence names it: "USD", "美元"; the yuan alone is 人民币."""
    if language(lang) == "en":
        return currency
    return "人民币" if currency == "CNY" else _CURRENCY_ZH.get(currency, currency)


def is_numeric(unit: str) -> bool:
    """Whether a column of this unit holds numbers (right-aligned, scaled)."""
    return unit not in (*_TEXT_UNITS, "boolean", "period")
