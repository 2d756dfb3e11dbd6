"""The join loses no row, doubles none, and says what became of each region."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from provexpo.errors import JoinError
from provexpo.maps.boundaries import load_boundaries
from provexpo.maps.join import ABSENT, FIGURE, MISSING, UNDEFINED, join
from provexpo.maps.regions import load_tiles, province_codes
from provexpo.result import Result

Make = Callable[..., Result]


def test_there_are_31_codes_each_once() -> None:
    codes = province_codes()
    assert len(codes) == len(set(codes)) == 31
    assert {"14", "61"} <= set(codes) and not {"71", "81", "82"} & set(codes)


@pytest.mark.parametrize("tiles", [True, False])
def test_full_frame_keeps_its_sum(result: Make, tiles: bool) -> None:
    values = {code: 10 ** (i % 12) + i for i, code in enumerate(province_codes())}
    layer = load_tiles() if tiles else load_boundaries()
    cells, audit = join(result("value", "value", values, unit="USD"), "value", layer)
    assert (audit.n_regions, audit.n_rows, audit.matched) == (34, 31, 31)
    assert audit.sum_before == audit.sum_after == sum(values.values())
    assert set(audit.no_data) == {"Hong Kong", "Macao", "Taiwan"}
    assert {code: cell.value for code, cell in cells.items() if cell.state == FIGURE} == values


def test_sum_does_not_depend_on_row_order(result: Make) -> None:
    rnd = random.Random(7)
    values = {code: rnd.uniform(-1, 1) * 10 ** rnd.randint(-8, 8) for code in province_codes()}
    made = result("growth", "pct", values)
    shuffled = replace(made, frame=made.frame.sample(fraction=1, shuffle=True, seed=1))
    assert join(made, "pct", load_tiles())[1] == join(shuffled, "pct", load_tiles())[1]


def test_zero_missing_absent_and_undefined_are_four_things(result: Make) -> None:
    values = {"11": 0.0, "12": None, "13": None, "14": 0.25, "15": 0.9}
    status = {"12": "missing", "13": "new", "15": "missing"}
    cells, audit = join(result("growth", "pct", values, status=status), "pct", load_tiles())
    assert (cells["11"].state, cells["11"].value) == (FIGURE, 0.0)
    assert cells["12"].state == cells["15"].state == MISSING
    assert cells["13"].state == UNDEFINED
    assert cells["44"].state == ABSENT
    assert audit.n_zero == 1
    assert set(audit.missing) == {"Tianjin", "Inner Mongolia"}
    assert audit.undefined == ("Hebei",)
    assert "Guangdong" in audit.absent and "Guangdong" in audit.no_data
    assert audit.sum_before == audit.sum_after == 0.25
    assert audit.matched == audit.n_rows == 5


def test_empty_frame_is_a_map_without_data(result: Make) -> None:
    made = result("value", "value", {"11": 1}, unit="USD")
    _, audit = join(replace(made, frame=made.frame.clear()), "value", load_tiles())
    assert audit.n_rows == 0 and len(audit.absent) == 34


@pytest.mark.parametrize(
    ("code", "do"),
    [
        ("110", "look like partner codes"),  # Hong Kong as a partner
        ("142", "look like partner codes"),  # China, returned goods
        ("81", "never carry a figure"),
        ("71", "never carry a figure"),
        ("99", "31 mainland provinces only"),
        ("4", "31 mainland provinces only"),
        ("Guangdong", "31 mainland provinces only"),
    ],
)
def test_unmatched_codes_are_named_and_never_dropped(result: Make, code: str, do: str) -> None:
    made = result("dependence", "share", {"11": 0.1, code: 0.2})
    with pytest.raises(JoinError) as caught:
        join(made, "share", load_tiles())
    assert f"1 codes match no province: {code}" in str(caught.value)
    assert caught.value.do is not None and do in caught.value.do


def test_all_unmatched_are_named_at_once_with_the_empty_one(result: Make) -> None:
    made = result("dependence", "share", {"11": 0.1, "98": 0.2, "99": 0.3})
    frame = made.frame.with_columns(
        pl.when(pl.col("province") == "11").then(None).otherwise("province").alias("province")
    )
    with pytest.raises(JoinError, match=r"3 codes match no province: \(empty\), 98, 99"):
        join(replace(made, frame=frame), "share", load_tiles())


def test_more_than_one_row_a_province_says_what_to_do(result: Make) -> None:
    made = result("value", "value", {"11": 1, "12": 2}, unit="USD")
    months = [made.frame.with_columns(month=pl.lit(m)) for m in (202501, 202502)]
    with pytest.raises(JoinError, match="2 provinces have more than one row: 11, 12") as caught:
        join(replace(made, frame=pl.concat(months)), "value", load_tiles())
    assert caught.value.do is not None
    assert "by='province'" in caught.value.do and "one month" in caught.value.do


def test_codes_must_be_text_and_there(result: Make) -> None:
    made = result("value", "value", {"11": 1}, unit="USD")
    as_number = made.frame.with_columns(pl.col("province").cast(pl.Int64))
    with pytest.raises(JoinError, match="Int64, not text"):
        join(replace(made, frame=as_number), "value", load_tiles())
    with pytest.raises(JoinError, match="no column `province`"):
        join(replace(made, frame=made.frame.drop("province")), "value", load_tiles())


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_no_figure_is_infinite(result: Make, bad: float) -> None:
    with pytest.raises(JoinError, match="not a finite number in 12"):
        join(result("growth", "pct", {"11": 0.1, "12": bad}), "pct", load_tiles())
