"""Published numbers as people write them: "22.5 %", "USD 1.08 tn", "up", "top 5"."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

CURRENCY_WORDS = {
    "rmb": "CNY", "yuan": "CNY", "renminbi": "CNY", "人民币": "CNY", "元": "CNY", "¥": "CNY",
    "$": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD", "美元": "USD", "€": "EUR",
    "euro": "EUR", "euros": "EUR", "欧元": "EUR",
}  # fmt: skip
_SCALES = {
    "": 1.0, "thousand": 1e3, "k": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9,
    "billion": 1e9, "tn": 1e12, "trillion": 1e12, "千": 1e3, "万": 1e4, "百万": 1e6, "亿": 1e8,
    "万亿": 1e12,
}  # fmt: skip
_PLAIN = {
    "%": "%", "pct": "%", "percent": "%", "per cent": "%", "fraction": "fraction", "pp": "pp",
    "points": "pp", "percentage points": "pp", "个百分点": "pp", "百分点": "pp", "times": "times",
    "x": "times", "fold": "times", "ratio": "times", "倍": "times", "rank": "rank", "名": "rank",
    "count": "count", "months": "months", "month": "months", "个月": "months", "years": "years",
    "year": "years", "年": "years", "index": "index", "": "", "sign": "", "bool": "",
    "yes/no": "", "cny per usd": "CNY per USD",
}  # fmt: skip
_UP = (
    "+", "up", "rose", "rise", "rises", "grew", "rising", "increase", "increased", "增", "升", "涨",
    "增长", "上升", "增加", "上涨", "同比增长",
)  # fmt: skip
_DOWN = (
    "-", "down", "fell", "fall", "falls", "falling", "decline", "declined", "decrease", "decreased",
    "降", "跌", "减", "下降", "减少", "下跌", "下滑", "同比下降",
)  # fmt: skip
_YES, _NO = ("yes", "true", "是"), ("no", "false", "否")
UNIT_FORMS = "%, pp, times, rank, count, months, years, or money such as USD bn, CNY tn, 亿元"
_MINUS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_COMMA = re.compile(r"\d,\d")
_POWER = re.compile(r"\de[+-]?\d")
_NUMBER = re.compile(r"([+-]?)\s*((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)")


class UnitError(ValueError):
    """A number or unit that cannot be read, in words."""


@dataclass(frozen=True)
class Unit:
    """`factor` turns the number as written into the figure that a metric gives."""

    text: str
    factor: float = 1.0
    currency: str | None = None

    @property
    def whole(self) -> bool:
        """Ranks and counts are whole numbers."""
        return self.text in ("rank", "count", "months", "years")


@dataclass(frozen=True)
class Published:
    """A published figure: its text, its number in its own unit, and its last printed decimal."""

    text: str
    number: float | None  # None for a direction, or yes and no
    step: float  # 0.1 for 22.5
    unit: Unit
    sign: int = 0  # a direction: 1 up, -1 down; yes 1, no -1

    @property
    def decimals(self) -> int:
        return max(0, -Decimal(str(self.step)).normalize().as_tuple().exponent)  # type: ignore[operator]


def parse_unit(text: str) -> Unit:
    """Read a unit.

    >>> parse_unit("USD bn").factor, parse_unit("万亿元").currency, parse_unit("%").factor
    (1000000000.0, 'CNY', 0.01)
    """
    plain = " ".join(_plain_text(text).lower().split())
    if plain in _PLAIN:
        name = _PLAIN[plain]
        return Unit(name, 0.01 if name == "%" else 1.0)
    for left, right in _splits(plain):
        for currency, scale in ((left, right), (right, left)):
            code = _currency(currency)
            if code and scale in _SCALES:
                factor = _SCALES[scale]
                return Unit(f"{code} {_short(factor)}".strip(), factor, code)
    raise UnitError(f"cannot read the unit {text!r}; write {UNIT_FORMS}")


def _splits(text: str) -> list[tuple[str, str]]:
    return [(text[:i].strip(), text[i:].strip()) for i in range(len(text) + 1)]


def _currency(text: str) -> str | None:
    if text in CURRENCY_WORDS:
        return CURRENCY_WORDS[text]
    known = re.fullmatch("usd|cny|eur|gbp|jpy|hkd|twd|krw|brl|sgd|aud|cad|chf|inr", text)
    return text.upper() if known else None


def _short(factor: float) -> str:
    names = {1.0: "", 1e3: "k", 1e4: "万", 1e6: "m", 1e8: "亿", 1e9: "bn", 1e12: "tn"}
    return names[factor]


def parse_published(value: str, unit: str = "") -> Published:
    """Read a published figure; its unit may stand in its own cell or beside the number.

    >>> p = parse_published("22.5 %")
    >>> p.number, p.step, p.unit.text
    (22.5, 0.1, '%')
    >>> parse_published("USD 1.08 tn").unit.factor, parse_published("up").sign
    (1000000000000.0, 1)
    """
    low = _plain_text(value).lower()
    if low in (*_UP, *_YES):
        return Published(value.strip(), None, 0.0, _word_unit(unit), 1)
    if low in (*_DOWN, *_NO):
        return Published(value.strip(), None, 0.0, _word_unit(unit), -1)
    low = low.removeprefix("top").strip() if low.startswith("top") else low
    found = list(_NUMBER.finditer(low))
    if len(found) != 1:
        many = "several numbers" if found else "no number"
        raise UnitError(f"cannot read {value!r}: it holds {many}; {_advice(low)}")
    sign, digits = found[0][1], found[0][2].replace(",", "")
    before, after = low[: found[0].start()].strip(), low[found[0].end() :].strip()
    if before.startswith("-"):  # "-USD 47 bn"
        sign, before = "-", before[1:].strip()
    beside = f"{before} {after.removeprefix('-')}".strip()  # "10-fold"
    if beside and unit.strip() and parse_unit(beside) != parse_unit(unit):
        raise UnitError(f"{value!r} has the unit {beside!r}, but the unit column says {unit!r}")
    read = _unit_beside(unit or beside)
    try:
        number = Decimal(f"{sign}{digits}")
    except InvalidOperation as err:  # pragma: no cover - the pattern lets only numbers through
        raise UnitError(f"cannot read the number {value!r}") from err
    step = float(Decimal(1).scaleb(-len(digits.partition(".")[2])))
    return Published(value.strip(), float(number), step, read)


def _plain_text(value: str) -> str:
    """Full-width signs as plain ones, and every dash as a minus."""
    return unicodedata.normalize("NFKC", value.strip()).translate(_MINUS)


def _advice(low: str) -> str:
    if _POWER.search(low):
        return "a spreadsheet wrote it in powers of ten: set the column to Text"
    if _COMMA.search(low):
        return "decimals take a point: 22.5 %"
    return "write 22.5, 22.5 % or up"


def _unit_beside(text: str) -> Unit:
    try:
        return parse_unit(text)
    except UnitError as err:
        if re.search("[^\\W\\d_]|[~≈()]", text) is None:
            raise
        raise UnitError(
            f"{err}; a fall is written -22.5 %, a count as a bare number, and about or over"
            " stand in the column compare"
        ) from None


def _word_unit(unit: str) -> Unit:
    """The unit beside "up" or "yes": it may be named, and scales nothing."""
    try:
        return parse_unit(unit)
    except UnitError:
        return Unit("")


def is_word(value: str) -> str:
    """What kind of word a published value is: "direction", "truth", or nothing."""
    low = _plain_text(value).lower()
    return "direction" if low in (*_UP, *_DOWN) else "truth" if low in (*_YES, *_NO) else ""
