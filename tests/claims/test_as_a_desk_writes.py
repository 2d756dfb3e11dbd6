"""Ledgers as spreadsheets and Chinese keyboards leave them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.claims.compare import read_comparison
from provexpo.claims.units import UnitError, parse_published
from provexpo.errors import ClaimsError


@pytest.mark.parametrize(
    "value", ["－16.25％", "—16.25 %", "‑16.25 %", "–16.25 %", "-16.25 percent", "−１６．２５％"]
)
def test_dashes_and_full_width_signs(value: str) -> None:
    read = parse_published(value)
    assert (read.number, read.step, read.unit.text) == (-16.25, 0.01, "%")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("-16,25 %", "decimals take a point"),
        ("1.5E+08", "powers of ten"),
        ("down 16.2 %", "a fall is written -22.5 %"),
        ("下降16.2%", "a fall is written -22.5 %"),
        ("over 16 %", "stand in the column compare"),
        ("2 provinces", "a count as a bare number"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(value: str, told: str) -> None:
    with pytest.raises(UnitError, match=told):
        parse_published(value)


def test_top_needs_no_comparison(desk: pe.Trade, one: Callable[..., Any]) -> None:
    cells = {"metric": "dependence", "arguments": "during=2025-03"}
    for place, verdict in (("Fujian", "match"), ("Shanxi", "mismatch")):
        pick = f"rank(share[province={place}])"
        assert one(desk, **cells, pick=pick, value="top 2").verdict == verdict


def test_chinese_words() -> None:
    assert read_comparison("约", "5 %") == "approx" and read_comparison("超过", "5 %") == "over"
    assert read_comparison("", "下滑") == "direction" and parse_published("减少").sign == -1


HEADER = "claim_id,metric,arguments,pick,value"
ROW = '1,growth,"partner=US；during=2025-03",pct,-16.2 %'


def test_a_spreadsheets_first_line(desk: pe.Trade, ledger: Callable[..., Path]) -> None:
    cells = (HEADER.replace(",", ";"), '1;growth;"partner=US; during=2025-03";pct;-16.2 %')
    assert pe.verify(desk, ledger("sep=;", *cells))["1"].verdict == "match"
    assert pe.verify(desk, ledger(HEADER, ROW))["1"].verdict == "match"
    with pytest.raises(ClaimsError, match="line 3, column value"):
        pe.verify(desk, ledger("sep=;", *(c.replace("-16.2 %", "little") for c in cells)))


def test_a_header_that_lacks_columns_is_one_matter(
    desk: pe.Trade, ledger: Callable[..., Path]
) -> None:
    with pytest.raises(ClaimsError) as error:
        pe.verify(desk, ledger("编号,指标,参数,取数,数值", ROW))
    assert "line 2" not in str(error.value) and "column pick" in str(error.value)


def test_a_comma_between_arguments(desk: pe.Trade, one: Callable[..., Any]) -> None:
    with pytest.raises(ClaimsError, match="divide arguments by ;"):
        one(desk, metric="growth", arguments="partner=US, during=2025-03", pick="pct", value="1 %")


def test_a_currency_in_words(desk: pe.Trade, one: Callable[..., Any]) -> None:
    cells = {"metric": "growth", "arguments": "partner=US; during=2025-03", "pick": "pct"}
    assert one(desk, **cells, value="-16.2 %", currency="美元").verdict == "match"
