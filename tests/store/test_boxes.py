"""Which rows lie in the box of a scope, and what a load of rows already held plans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from provexpo.ingest.rows import Extent
from provexpo.store.boxes import in_force, inside, near, states_absence
from provexpo.store.merge import SCHEMA, plan

PRODUCTS = ["01012100", "85177950", "85177930", "85420000"]


def planted(plant_file: Any, codes: tuple[str, ...] = (), **given: Any) -> Any:
    rows = [
        {"period": 202401, "province": "11", "partner": "USA", "product": p, "value": 1}
        for p in PRODUCTS
    ]
    return plant_file(rows, listed={"product": codes} if codes else {}, **given)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((), PRODUCTS),
        (("01",), ["01012100"]),  # the chapter's leading zero
        (("8517",), ["85177950", "85177930"]),
        (("85177950", "01"), ["01012100", "85177950"]),
        (("8517795010",), []),  # a US line of ten digits names nothing of this table
    ],
)
def test_products_in_a_scope(codes: tuple[str, ...], expected: list[str], plant_file: Any) -> None:
    file = planted(plant_file, codes)
    for test in (inside(file.scopes[0]), near(file.scopes)):
        found = file.rows.filter(test)["product"].to_list()
        assert [f"{p:08d}" for p in found] == expected


def test_a_row_without_a_code_lies_in_no_list(plant_file: Any) -> None:
    file = planted(plant_file)
    rows = file.rows.with_columns(province=pl.lit(None, pl.String))
    whole = file.scopes[0]
    assert rows.filter(inside(whole)).height == 4
    only = replace(whole, province=Extent("declared_list", ("11",)))
    assert rows.filter(inside(only)).is_empty()
    assert rows.filter(~inside(only)).height == 4


def test_the_box_around_scopes_holds_every_one_of_them(plant_file: Any) -> None:
    one, two = planted(plant_file, ("01",)).scopes[0], planted(plant_file, ("8542",)).scopes[0]
    rows = planted(plant_file).rows
    found = rows.filter(near([one, two]))["product"].to_list()
    assert found == [1012100, 85420000]
    assert rows.filter(near([])).is_empty()


@pytest.mark.parametrize(
    ("declared", "stated"),
    [
        (("province", "partner", "product"), True),
        (("province", "partner"), True),  # products are listed: those of the file
        (("partner", "product"), False),  # provinces are assumed
        ((), False),
    ],
)
def test_when_an_absent_cell_is_a_zero(
    declared: tuple[str, ...], stated: bool, plant_file: Any
) -> None:
    assert states_absence(planted(plant_file, declared=declared).scopes[0]) is stated


def test_the_last_words_about_a_file_are_in_force(plant_file: Any) -> None:
    old = planted(plant_file, declared=()).scopes[0]
    new = planted(plant_file).scopes[0]
    assert old.sha256 == new.sha256
    assert in_force([old, new]) == (new,)
    assert in_force([new, old]) == (old,)


def test_an_entry_that_history_holds_is_not_written_again(plant_file: Any) -> None:
    def entries(value: int, vintage: int) -> Any:
        file = plant_file(
            [{"period": 202401, "province": "11", "partner": "USA", "value": value}],
            vintage=vintage,
        )
        return file.rows.with_columns(load=pl.lit(1, pl.Int64)), file.scopes

    (old, scopes), (new, _) = entries(1, 100), entries(2, 200)
    again = plan(old, current=new, history=old, new_scopes=scopes, scopes=scopes, load=3)
    assert again.history.is_empty() and again.added.is_empty() and again.removed.is_empty()
    assert (again.unchanged, again.new, again.changed, again.older) == (1, 0, 0, 0)
    nothing = pl.DataFrame(schema=SCHEMA)
    assert plan(nothing, new, old, [], scopes, 3).added.is_empty()
