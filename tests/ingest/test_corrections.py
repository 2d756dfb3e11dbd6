"""Guarded corrections: the right rows change, and the guard fails when it should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provexpo.errors import CheckError, ManifestError
from provexpo.ingest import FileRows, Options, read_files

MakeFile = Callable[..., Path]
HEADER = ("数据年月", "商品编码", "贸易伙伴编码", "注册地编码", "美元")
ROWS = [
    ["202304", "85176210", "502", "46", "6,000,000,000"],
    ["202304", "85176210", "502", "44", "6,000,000,000"],
    ["202305", "85176210", "502", "46", "5,000"],
    ["202304", "85171210", "502", "46", "7"],
]
SLIP = """
[[corrections]]
province = "46"
product = "851762"
period = "2023-04"
action = "scale"
factor = 0.001
expect = { gt = 5_000_000_000 }
reason = "unit slip"
source = "release of 2023-06"
"""


@pytest.fixture
def corrected(query_file: MakeFile, write: MakeFile) -> Callable[[str], FileRows]:
    def read(corrections: str) -> FileRows:
        write("provexpo.toml", corrections, "utf-8")
        path = query_file(ROWS, header=HEADER)
        return read_files([path], Options(flow="export")).files[0]

    return read


def test_scale(corrected: Callable[[str], FileRows]) -> None:
    file = corrected(SLIP)
    assert file.rows["value"].to_list() == [6_000_000, 6_000_000_000, 5_000, 7]
    assert file.notes == (
        "correction applied to 1 rows (scale 0.001): unit slip [release of 2023-06]",
    )


def test_drop_and_set(corrected: Callable[[str], FileRows]) -> None:
    drop = SLIP.replace('"scale"\nfactor = 0.001', '"drop"')
    assert corrected(drop).rows["value"].to_list() == [6_000_000_000, 5_000, 7]
    put = SLIP.replace('"scale"\nfactor = 0.001', '"set"\nvalue = 12')
    assert corrected(put).rows["value"].to_list() == [12, 6_000_000_000, 5_000, 7]


@pytest.mark.parametrize(
    ("selectors", "hit"),
    [
        ('flow = "export"\nprovince = "Hainan"', [0, 2, 3]),
        ('partner = "US"\nperiod = "2023-05"', [2]),
        ('partner = "502"\nproduct = "85171210"', [3]),
        ('province = "not 46"', [1]),
        ('currency = "USD"\nperiod = "2023"\nproduct = ["851712"]', [3]),
    ],
)
def test_selectors(corrected: Callable[[str], FileRows], selectors: str, hit: list[int]) -> None:
    put = 'action = "set"\nvalue = 1\nexpect = { gt = 1 }\nreason = "r"\nsource = "s"\n'
    text = f"[[corrections]]\n{selectors}\n{put}"
    values = corrected(text).rows["value"].to_list()
    assert [i for i, value in enumerate(values) if value == 1] == hit


def test_expectation_that_no_longer_holds(corrected: Callable[[str], FileRows]) -> None:
    with pytest.raises(
        CheckError,
        match=r"value 6,000,000,000 in 1 of 1 rows(.|\n)*correction 1(.|\n)*may have repaired",
    ):
        corrected(SLIP.replace("gt = 5_000_000_000", "gt = 9_000_000_000"))


def test_correction_that_meets_no_row(corrected: Callable[[str], FileRows]) -> None:
    with pytest.raises(CheckError, match="a correction met no row"):
        corrected(SLIP.replace('"46"', '"11"'))


def test_correction_of_another_file_is_not_missed(corrected: Callable[[str], FileRows]) -> None:
    file = corrected(SLIP.replace('province = "46"', 'match = "other.csv"\nprovince = "46"'))
    assert file.rows["value"].to_list()[0] == 6_000_000_000
    assert file.notes == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('reason = "unit slip"', "", "lacks reason"),
        ('source = "release of 2023-06"', "", "lacks source"),
        ("expect = { gt = 5_000_000_000 }", "", "lacks expect"),
        ("{ gt = 5_000_000_000 }", "{ above = 5 }", "cannot read expect"),
        ('"scale"', '"halve"', "unknown action 'halve'"),
        ("factor = 0.001", "", "action scale needs factor"),
        ("province =", "provinces =", r"unknown key 'provinces'(.|\n)*did you mean 'province'"),
    ],
)
def test_incomplete_corrections(
    corrected: Callable[[str], FileRows], old: str, new: str, message: str
) -> None:
    with pytest.raises(ManifestError, match=message):
        corrected(SLIP.replace(old, new))


def test_a_factor_that_no_value_survives(corrected: Callable[[str], FileRows]) -> None:
    with pytest.raises(CheckError, match=r"larger than the store can hold\n.*correction 1"):
        corrected(SLIP.replace("factor = 0.001", "factor = 1e15"))


def test_a_set_value_is_whole(corrected: Callable[[str], FileRows]) -> None:
    text = SLIP.replace('"scale"', '"set"').replace("factor = 0.001", "value = 7.5")
    with pytest.raises(ManifestError, match=r"value 7\.5 is not whole"):
        corrected(text)
