"""Classes: fixed breaks, `[a, b)`, and the colours of ColorBrewer's schemes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provexpo.errors import CallError
from provexpo.maps.classes import classes_for, luminance

# colorbrewer2.org, YlGnBu 5 and PuOr 7.
YLGNBU5 = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
PUOR7 = ("#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d8daeb", "#998ec3", "#542788")


@pytest.mark.parametrize(
    ("share", "colour"),
    [(0.0, 0), (0.0499, 0), (0.05, 1), (0.10, 2), (0.15, 3), (0.1999, 3), (0.20, 4), (0.9, 4)],
)
def test_shares(share: float, colour: int) -> None:
    found = classes_for("share", "fraction", [share], metric="dependence")
    assert found.breaks == (0.05, 0.10, 0.15, 0.20)
    assert found.colour(share) == YLGNBU5[colour]
    assert not found.open_low and found.open_high


@pytest.mark.parametrize(
    ("pct", "colour"),
    [
        (-0.383, 0), (-0.30, 1), (-0.15, 2), (-0.02, 3), (0.0, 3), (0.0199, 3), (0.02, 4),
        (0.15, 5), (0.30, 6), (2.65, 6),
    ],
)  # fmt: skip
def test_growth_orange_is_a_fall(pct: float, colour: int) -> None:
    found = classes_for("pct", "fraction", [pct], metric="growth")
    assert found.breaks == (-0.30, -0.15, -0.02, 0.02, 0.15, 0.30)
    assert found.colours == PUOR7
    assert found.colour(pct) == PUOR7[colour]
    assert found.off_scale(pct) == (pct < -0.30 or pct >= 0.30)


def test_fixed_breaks_do_not_depend_on_the_data() -> None:
    for column, unit in (("share", "fraction"), ("pct", "fraction"), ("delta_share_pp", "pp"), ("lq", "ratio")):  # fmt: skip  # noqa: E501
        one = classes_for(column, unit, [0.01, 0.02])
        other = classes_for(column, unit, [0.5, 3.0])
        assert one == other, column


def test_location_quotient_is_neutral_around_one() -> None:
    found = classes_for("lq", "ratio", [1.0])
    assert found.colour(1.0) == "#f7f7f7"
    assert found.colour(0.4) == PUOR7[0] and found.colour(2.5) == PUOR7[6]
    rsca = classes_for("rsca", "index", [0.0])
    for lq in (0.3, 0.6, 1.0, 1.5, 4.0):
        assert rsca.index((lq - 1) / (lq + 1)) == found.index(lq)


def test_points_count_points() -> None:
    found = classes_for("delta_share_pp", "pp", [-4.5])
    assert found.colour(-4.5) == "#f1a340" and found.colour(0.1) == "#f7f7f7"


def test_money_breaks_are_one_two_five_and_near_the_quintiles() -> None:
    values = [float(i) * 1e9 for i in range(1, 101)]
    found = classes_for("value", "USD", values)
    assert found.breaks == (2e10, 5e10, 1e11)  # quintiles 21, 41, 61, 81 bn; 61 and 41 -> 50
    assert len(found.colours) == 4 and found.colours[0] == YLGNBU5[0]


@given(st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=31))
def test_money_classes_are_well_formed(values: list[int]) -> None:
    found = classes_for("balance", "USD", values)
    assert list(found.breaks) == sorted(set(found.breaks))
    assert len(found.colours) == len(set(found.colours)) == len(found.breaks) + 1
    for b in found.breaks:
        mantissa = abs(b) / 10 ** math.floor(math.log10(abs(b)) + 1e-9)
        assert min(abs(mantissa - m) for m in (1, 2, 5)) < 1e-6
    if min(values) < 0:
        assert [-b for b in reversed(found.breaks)] == list(found.breaks)


def test_breaks_of_the_user() -> None:
    found = classes_for("share", "fraction", [0.1], breaks=[0.1, 0.3])
    assert found.breaks == (0.1, 0.3)
    assert [found.index(x) for x in (0.09, 0.1, 0.29, 0.3)] == [0, 1, 1, 2]
    signed = classes_for("pct", "fraction", [0.1], breaks=[-0.5, 0, 0.5])
    assert len(signed.colours) == 4
    assert signed.colour(-0.1) in PUOR7[:3] and signed.colour(0.0) in PUOR7[4:]
    falls = classes_for("pct", "fraction", [-0.1], breaks=[-0.5, -0.2])
    assert falls.colour(0.0) == "#f7f7f7" and falls.colour(-0.6) in PUOR7[:3]


@pytest.mark.parametrize("bad", [[], [0.2, 0.1], [0.1, 0.1], ["a"], [float("nan")], range(20), 5])
def test_breaks_must_rise(bad: object) -> None:
    with pytest.raises(CallError, match="cannot use the breaks"):
        classes_for("share", "fraction", [0.1], breaks=bad)  # type: ignore[arg-type]


def test_luminance_ends() -> None:
    assert luminance("#000000") == 0.0
    assert luminance("#ffffff") == pytest.approx(1.0)


def test_offsets_turn_at_the_whole_loss() -> None:
    """Below zero both fell; below one the loss is not made up (orange); from one on it is."""
    found = classes_for("offset_ratio", "ratio", [0.3, 40.0])
    assert found == classes_for("offset_ex_hubs", "ratio", [-5.0])
    assert [PUOR7.index(found.colour(x)) for x in (-0.1, 0.0, 0.49, 0.5, 0.99)] == [0, 1, 1, 2, 2]
    assert [PUOR7.index(found.colour(x)) for x in (1.0, 1.9, 2.0, 5.0, 40)] == [4, 4, 5, 6, 6]
    assert found.off_scale(-0.1) and found.off_scale(5.0) and not found.off_scale(4.9)


def test_a_multiple_has_the_classes_of_its_growth() -> None:
    growth = classes_for("pct", "fraction", [0.1])
    multiple = classes_for("ratio", "ratio", [0.9, 3.0], metric="growth")
    for pct in (-0.5, -0.29, -0.1, 0.0, 0.05, 0.2, 0.31, 4.0):
        assert multiple.colour(1 + pct) == growth.colour(pct)


def test_parts_of_a_whole_run_from_nothing_to_all() -> None:
    found = classes_for("c_index", "fraction", [0.0, 1.0])
    assert [YLGNBU5.index(found.colour(x)) for x in (0.0, 0.2, 0.45, 0.79, 1.0)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("column", ["pct", "predicted", "actual", "g_cny", "gap"])
def test_growth_keeps_its_classes_when_nothing_fell(column: str) -> None:
    assert classes_for(column, "fraction", [0.1, 0.4]).colours == PUOR7
