"""Bounds worked out by hand, and numbers as people write them."""

from __future__ import annotations

import math

import pytest

from provexpo.claims.compare import bounds, read_comparison
from provexpo.claims.units import UnitError, parse_published, parse_unit


@pytest.mark.parametrize(
    ("compare", "value", "inside", "outside"),
    [
        ("eq", "22.5 %", (22.45, 22.5, 22.55), (22.449, 22.551)),
        ("eq", "-25.4 %", (-25.45, -25.35), (-25.451, -25.349)),
        ("eq", "USD 524.656 bn", (524.6555, 524.6565), (524.6554, 524.6566)),
        ("eq", "71 %", (70.5, 71.5), (70.49, 71.51)),
        ("approx", "-29 %", (-29.5, -28.5), (-29.6, -28.4)),
        ("over", "USD 500 bn", (500, 524.656, 525), (499.9, 525.1)),
        ("over", "-10 %", (-10, -10.5), (-9.9, -10.6)),  # fell by more than 10 %
        ("nearly", "USD 219 bn", (208.05, 219), (208.0, 219.1)),
        ("nearly", "-19 %", (-18.05, -19), (-18.0, -19.1)),
        ("nearly", "3 times", (2.85, 3), (2.84, 3.01)),
        ("at_least", "50 %", (50, 1e9), (49.9,)),
        ("at_most", "50 %", (50, -1e9), (50.1,)),
        ("above", "50 %", (50.001, 100), (50, 49)),
        ("below", "50 %", (49.999,), (50, 51)),
        ("n_fold", "24 times", (24, 24.99), (23.99, 25, 25.1)),
        ("rank", "rank 2", (2,), (1, 3)),
        ("top", "top 5", (1, 5), (6, 0)),
        ("count", "7 months", (7,), (6, 8)),
        ("eq", "4 years", (4,), (3, 5, 4.4)),  # years are whole: no rounding
        ("direction", "up", (1e-9, 5), (0, -1)),
        ("direction", "下降", (-0.1,), (0, 0.1)),
        ("holds", "yes", (True, 1.0), (False, 0.0)),
        ("holds", "no", (False,), (True,)),
    ],
)
def test_bounds(compare: str, value: str, inside: tuple, outside: tuple) -> None:
    b = bounds(compare, parse_published(value))
    assert [x for x in inside if not b.hold(x)] == []
    assert [x for x in outside if b.hold(x)] == []


def test_a_tolerance_is_in_the_unit_as_published() -> None:
    b = bounds("eq", parse_published("13", "CNY tn"), 0.05)
    assert b.hold(12.95) and b.hold(13.05) and not b.hold(12.94) and not b.hold(13.06)
    wide = bounds("over", parse_published("30", "count"), 10)
    assert wide.hold(40) and not wide.hold(41)
    with pytest.raises(UnitError, match="takes no tolerance"):
        bounds("rank", parse_published("rank 2"), 1)


@pytest.mark.parametrize(
    ("value", "unit", "number", "step", "factor", "currency"),
    [
        ("22.5", "%", 22.5, 0.1, 0.01, None),
        ("22.50 %", "", 22.5, 0.01, 0.01, None),
        ("USD 1.08 tn", "", 1.08, 0.01, 1e12, "USD"),
        ("1,075.8", "USD bn", 1075.8, 0.1, 1e9, "USD"),
        ("RMB 21.79 trillion", "", 21.79, 0.01, 1e12, "CNY"),
        ("5.83万亿美元", "", 5.83, 0.01, 1e12, "USD"),
        ("279亿元", "", 279, 1, 1e8, "CNY"),
        ("-USD 47 bn", "", -47, 1, 1e9, "USD"),
        ("−3.8 pp", "", -3.8, 0.1, 1, None),
        ("10-fold", "", 10, 1, 1, None),
        ("top 5", "", 5, 1, 1, None),
        ("+3.0", "pp", 3, 0.1, 1, None),
    ],
)
def test_numbers_as_written(
    value: str, unit: str, number: float, step: float, factor: float, currency: str | None
) -> None:
    p = parse_published(value, unit)
    assert (p.number, p.unit.factor, p.unit.currency) == (number, factor, currency)
    assert math.isclose(p.step, step)


@pytest.mark.parametrize(
    ("value", "unit", "says"),
    [
        ("", "%", "no number"),
        ("22 to 25", "%", "several numbers"),
        ("22.5 %", "USD bn", "the unit column says"),
        ("22.5", "parsecs", "cannot read the unit"),
    ],
)
def test_what_is_no_number_is_said(value: str, unit: str, says: str) -> None:
    with pytest.raises(UnitError) as err:
        parse_published(value, unit)
    assert says in str(err.value)


def test_comparisons_have_everyday_names() -> None:
    assert read_comparison("", "22.5") == "eq"
    assert read_comparison("", "rose") == "direction"
    assert read_comparison("", "yes") == "holds"
    assert read_comparison("more than", "5") == "over"
    assert read_comparison("at least", "5") == "at_least"
    with pytest.raises(UnitError, match="there are eq"):
        read_comparison("equalish", "5")


def test_comparisons_that_need_another_value_say_so() -> None:
    for compare, value in (("direction", "5 %"), ("holds", "up"), ("eq", "up"), ("rank", "1.5")):
        with pytest.raises(UnitError):
            bounds(compare, parse_published(value))


def test_units_in_both_languages() -> None:
    assert parse_unit("万亿元") == parse_unit("CNY trillion")
    assert parse_unit("USD million") == parse_unit("US$ mn")
