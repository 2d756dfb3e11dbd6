"""Figures and bounds of a statement as text, in its own unit."""

from __future__ import annotations

import math

from provexpo.claims.compute import Figure
from provexpo.claims.dimension import plain
from provexpo.claims.ledger import Claim
from provexpo.claims.picks import text_of
from provexpo.output import formats
from provexpo.vocab import phrase

_UNIT_ZH = {
    "pp": "个百分点", "times": "倍", "months": "个月", "years": "年", "rank": "位", "count": "",
}  # fmt: skip
_HUGE = 1e18  # beyond this a figure is a slip, and decimals are none


def _number(x: float, digits: int) -> str:
    return f"{x:g}" if abs(x) >= _HUGE else formats.number(x, digits)


def figure_text(claim: Claim, figure: float, lang: str = "en", unit: str | None = None) -> str:
    """A computed figure, with two decimals more than were printed; a direction with its size,
    where its unit is known."""
    published = claim.published
    if claim.compare == "holds":
        return phrase(f"claims.{'yes' if figure else 'no'}", lang)
    if published is None or published.number is None:
        size = f" ({_part(figure, unit, lang)})" if unit else ""
        return _direction(figure, lang) + size
    if _is_whole(claim) and figure == int(figure):
        return _with_unit(_number(figure, 0), _unit(claim), lang)
    return _with_unit(_number(figure, published.decimals + 2), published.unit.text, lang)


def _is_whole(claim: Claim) -> bool:
    counted = claim.published is not None and claim.published.unit.whole
    return counted or claim.compare in ("rank", "top", "count")


def _unit(claim: Claim) -> str:
    if claim.compare in ("rank", "top"):
        return "rank"
    return claim.published.unit.text if claim.published is not None else ""


def _direction(figure: float, lang: str) -> str:
    return phrase(f"claims.{'up' if figure > 0 else 'down' if figure < 0 else 'flat'}", lang)


def _with_unit(number: str, unit: str, lang: str) -> str:
    if unit == "%":
        return f"{number} %"
    name = _UNIT_ZH.get(unit, unit) if lang == "zh" else "" if unit == "count" else unit
    if unit == "rank":
        return f"第{number}位" if lang == "zh" else f"rank {number}"
    return f"{number} {name}".strip()


def bounds_text(claim: Claim, lang: str = "en") -> str:
    """The figures that match: "22.45 to 22.55 %"."""
    b, published = claim.bounds, claim.published
    if b is None or published is None:
        return ""
    if published.number is None:
        words = {1: "up", -1: "down"} if claim.compare == "direction" else {1: "yes", -1: "no"}
        return phrase(f"claims.{words[published.sign]}", lang)
    digits = 0 if _is_whole(claim) else published.decimals + 2
    low, high = (_short(x, digits) for x in (b.low, b.high))
    unit = _unit(claim)
    if math.isinf(b.high) or math.isinf(b.low):
        return phrase(
            f"claims.bounds.{claim.compare}", lang, bound=_with_unit(low or high, unit, lang)
        )
    if low == high:
        return _with_unit(low, unit, lang)
    if unit == "rank":
        both = phrase("claims.bounds.between", lang, low=low, high=high)
        return _with_unit(both, unit, lang)
    key = "claims.bounds.half_open" if b.high_open else "claims.bounds.between"
    return phrase(key, lang, low=low, high=_with_unit(high, unit, lang))


def _short(x: float, digits: int) -> str:
    """A bound without idle zeros; empty where there is none."""
    if math.isinf(x):
        return ""
    text = _number(x, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def parts_text(figure: Figure, lang: str = "en") -> str:
    """The figures that a pick put together: "a.pct −28.7%, b.pct −25.2%"."""
    texts = {
        text_of(node): _part(x, plain(figure.unit_for(node)), lang)
        for node, x in figure.trail.parts
    }
    return phrase("names", lang).join(f"{name} {value}" for name, value in texts.items())


def _part(x: float, unit: str | None, lang: str) -> str:
    return (
        f"{x:g}" if unit == "period" or abs(x) >= _HUGE else formats.value(x, unit or "ratio", lang)
    )


def fold_text(ratio: float, lang: str = "en") -> str:
    """ "N-fold" may mean N times the base or N times more: both readings of the figure."""
    return phrase(
        "claims.note.fold",
        lang,
        ratio=_number(ratio, 2),
        pct=formats.percent(ratio - 1, lang, sign=True),
    )
