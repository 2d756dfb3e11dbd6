"""The grammar of picks, and what they give on frames written by hand."""

from __future__ import annotations

import pytest

from provexpo.claims.evaluate import Frame, Gap, Trail, evaluate
from provexpo.claims.picks import (
    Aggregate,
    Arithmetic,
    Column,
    Comparison,
    Condition,
    Number,
    PickError,
    parse_pick,
    text_of,
)


def frame(*rows: dict, reporter: str = "CHN", why: str = "") -> Frame:
    return Frame(tuple(rows), tuple(rows[0]) if rows else ("value",), {}, reporter, why)


PROVINCES = frame(
    {"province": "44", "province_name": "Guangdong", "value": 600, "pct": -0.25, "status": "ok"},
    {"province": "35", "province_name": "Fujian", "value": 360, "pct": 0.20, "status": "ok"},
    {"province": "14", "province_name": "Shanxi", "value": 45, "pct": -0.55, "status": "ok"},
    {"province": "54", "province_name": "Tibet", "value": 45, "pct": None, "status": "new"},
)


def figure(text: str, **frames: Frame) -> float | bool:
    return evaluate(parse_pick(text), frames or {"": PROVINCES})


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("pct", Column("", "pct")),
        ("share[province=Inner Mongolia]",
         Column("", "share", (Condition("province", "=", "Inner Mongolia"),))),
        ("a.pct < 10%", Comparison("<", Column("a", "pct"), Number(0.1))),
        ("count()", Aggregate("count", None)),
        ("1 - 2 * x", Arithmetic("-", Number(1), Arithmetic("*", Number(2), Column("", "x")))),
        ("8 / 2 / 2",
         Arithmetic("/", Arithmetic("/", Number(8), Number(2)), Number(2))),
    ],
)  # fmt: skip
def test_what_a_pick_reads_as(text: str, node: object) -> None:
    assert parse_pick(text) == node


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "at the end"),
        ("pct pct", "from 'pct' on"),
        ("eval(x)", "no function eval"),
        ("__import__('os')", "cannot read"),
        ("x.__class__.__bases__", "from '.' on"),
        ("part(pct)", "needs a condition"),
        ("max(pct < 0)", "needs a figure"),
        ("rank(value)", "the row in brackets"),
        ("max(sum(pct))", "cannot hold another"),
        ("share[]", "empty"),
        ("share[province]", "cannot read [province]"),
        ("share[province=Hebei", "cannot read"),
        ("a.", "expected a column"),
        ("(" * 60 + "x", "nested"),
        ("x" * 3000, "longer"),
        ("1" + "+1" * 400, "more than 200"),
        ("lambda: 1", "cannot read"),
    ],
)
def test_what_is_no_pick_is_said(text: str, says: str) -> None:
    with pytest.raises(PickError) as err:
        parse_pick(text)
    assert says in str(err.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value[province=Guangdong]", 600),
        ("value[province=广东]", 600),
        ("value[province=44]", 600),
        ("max(value)", 600),
        ("min(pct)", -0.55),
        ("sum(value[province=Fujian+Shanxi])", 405),
        ("mean(value)", 262.5),
        ("count()", 4),
        ("count(pct < 0)", 2),
        ("count(pct)", 3),  # the new one has no percentage
        ("part(pct < 0)", 0.5),  # and is one of the four all the same
        ("count(value[status=new])", 1),
        ("count(value[status!=new])", 3),
        ("count(value[value>=360])", 2),
        ("rank(value[province=Fujian])", 2),
        ("rank(value[province=Tibet])", 3),  # ties share the better place
        ("rank(-pct[province=Shanxi])", 1),
        ("value[province=Fujian] / value[province=Guangdong]", 0.6),
        ("value[province=Fujian] > 300 and max(value) < 601", True),
        ("value[province=Fujian] > 300 and max(value) < 600", False),
        ("-pct[province=Shanxi] * 100", 55),
        ("1" + "+1" * 99, 100),
    ],
)
def test_figures(text: str, expected: float) -> None:
    assert figure(text) == pytest.approx(expected)


def test_a_figure_that_is_not_there_is_a_gap_and_not_a_zero() -> None:
    with pytest.raises(Gap, match="new"):
        figure("pct[province=Tibet]")
    with pytest.raises(Gap, match="1 rows have no figure"):
        figure("sum(pct)")
    with pytest.raises(Gap, match="no row for province=Hebei"):
        figure("value[province=Hebei]")
    with pytest.raises(Gap, match="not defined"):
        figure("value[province=Fujian] / 0")
    with pytest.raises(Gap, match="no rank"):
        figure("rank(pct[province=Tibet])")


def test_a_missing_row_stops_a_figure_over_many() -> None:
    months = frame(
        {"month": "2025-01", "pct": -0.1, "status": "ok", "reason": None},
        {"month": "2025-02", "pct": None, "status": "missing", "reason": "uncovered"},
        why="not covered: 2025-02",
    )
    for text in ("count(pct < 0)", "part(pct < 0)", "max(pct)", "rank(pct[month=2025-01])"):
        with pytest.raises(Gap, match="2025-02"):
            figure(text, **{"": months})
    assert figure("max(pct[month<2025-02])", **{"": months}) == -0.1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("value", "has 4 rows"),
        ("vaule[province=44]", "did you mean value"),
        ("value[provinc=44]", "did you mean province"),
        ("b.value", "the call 'b'"),
        ("rank(value[value<100])", "gives 2"),
        ("province_name[province=44]", "a text"),
    ],
)
def test_a_pick_that_does_not_fit_is_the_ledgers_fault(text: str, says: str) -> None:
    with pytest.raises(PickError) as err:
        figure(text)
    assert says in str(err.value)


def test_calls_are_put_side_by_side_by_their_keys() -> None:
    a = frame({"province": "44", "value": 60, "status": "ok"},
              {"province": "35", "value": 10, "status": "ok"})  # fmt: skip
    b = frame(*({"province": p, "value": 100, "status": "ok"} for p in ("35", "44", "14")))
    # 60 %, 10 %, and Shanxi sold nothing of the product: 0 %.
    assert figure("part(a.value / b.value > 50%)", a=a, b=b) == pytest.approx(1 / 3)
    assert figure("count(a.value / b.value < 50%)", a=a, b=b) == 2
    assert figure("sum(a.value) / sum(b.value)", a=a, b=b) == pytest.approx(70 / 300)
    with pytest.raises(PickError, match="several calls"):
        figure("value", a=a, b=b)


def test_the_rest_of_a_partition_takes_no_place() -> None:
    groups = frame(
        {"partner_group": "Other partners", "value": 900},
        {"partner_group": "ASEAN", "value": 500},
        {"partner_group": "European Union", "value": 400},
    )
    assert figure("rank(value[partner_group=ASEAN])", **{"": groups}) == 1
    assert figure("rank(value[partner_group=EU])", **{"": groups}) == 2


def test_products_are_chosen_by_their_first_digits() -> None:
    products = frame({"product": "6401", "value": 1}, {"product": "6402", "value": 2},
                     {"product": "9503", "value": 4})  # fmt: skip
    assert figure("sum(value[product=footwear])", **{"": products}) == 3


def test_what_a_figure_was_made_of() -> None:
    trail = Trail()
    evaluate(parse_pick("value[province=44] - max(pct)"), {"": PROVINCES}, "en", trail)
    assert [(text_of(n), x) for n, x in trail.parts] == [
        ("value[province=44]", 600.0),
        ("max(pct)", 0.2),
    ]
    assert {r["province"] for r in trail.rows} == {"44", "35"}
