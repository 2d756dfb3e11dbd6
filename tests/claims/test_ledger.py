"""Reading a ledger: what is understood, and every problem said at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provexpo.claims.arguments import ArgumentError, parse_calls
from provexpo.claims.ledger import read_ledger
from provexpo.errors import ClaimsError, DecodeError

HEAD = "claim_id,quote,metric,arguments,pick,value"
GOOD = "1,Exports to the US fell,growth,partner=US; during=2025-03,pct,-16.3 %"


def test_two_spellings_of_the_same_arguments() -> None:
    plain = parse_calls("growth", "partner=US; by=nation; during=2025-03; min_base=5_000")
    same = parse_calls(
        "growth", '{"partner": "US", "by": [], "during": "2025-03", "min_base": 5000.0}'
    )
    assert [(c.metric, c.arguments) for c in plain] == [(c.metric, c.arguments) for c in same]


def test_named_calls_share_what_stands_outside() -> None:
    plain = parse_calls(
        "growth", "partner=US | a: during=2025-03 | b: during=2024-03; metric=value"
    )
    same = parse_calls(
        "growth",
        '{"partner": "US", "a": {"during": "2025-03"},'
        ' "b": {"during": "2024-03", "metric": "value"}}',
    )
    assert plain == same
    assert [(c.name, c.metric) for c in plain] == [("a", "growth"), ("b", "value")]
    assert all(c.arguments["partner"] == "US" for c in plain)
    assert parse_calls("value", "by=partner_group:desk")[0].name == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("partner", "cannot read 'partner'"),
        ("partner=US; partner=EU", "given twice"),
        ("a: during=2025 | a: during=2024", "two calls"),
        ('{"partner": US}', "not JSON"),
    ],
)
def test_arguments_that_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        parse_calls("growth", text)


def test_every_problem_is_said_at_once_with_its_place(ledger: Callable[..., Path]) -> None:
    path = ledger(
        f"{HEAD},compare,unit,tolerance,currency,also",
        GOOD + ",,,,,",
        '1,,growth,"partner=Untied States; during=2025-13",pct,5 %,,,,,',
        "3,,grwth,partner=US,pct,5 %,,,,,",
        "4,,growth,partner=US; flux=export,pctt,5 %,,,,,",
        "5,,growth,,count(pct,many %,equalish,,,,",
        "6,,,,,,,,,,",
        "7,,value,,value,5 USD bn,eq,EUR bn,wide,,",
        "8,,value,,value,5 USD bn,eq,,,CNY,",
        "9,,growth,,pct,5 %,eq,,,,partner=Atlantis",
        ",,growth,,pct,5 %,eq,,,,",
        "11,,growth,a: | b: during=2024,pct,5 %,eq,,,,",
        "12,,growth,by=provinces,pct,5 %,eq,,,,,and, more",
    )
    with pytest.raises(ClaimsError) as err:
        read_ledger(path)
    text = str(err.value)
    problems = text.split("\n  line ")
    for line, column, says in (
        (3, "arguments", "'Untied States'"),
        (3, "arguments", "2025-13"),
        (4, "metric", "no metric 'grwth'"),
        (5, "arguments", "no argument 'flux'"),
        (5, "pick", "no column 'pctt'"),
        (6, "pick", "expected ')'"),
        (6, "value", "no number"),
        (6, "compare", "'equalish'"),
        (7, "metric", "neither a computation nor a reason"),
        (8, "value", "EUR bn"),
        (8, "tolerance", "'wide'"),
        (9, "currency", "USD"),
        (10, "also", "'Atlantis'"),
        (11, "claim_id", "no id"),
        (12, "pick", "several calls"),
        (13, "arguments", "did you mean province"),
    ):
        where = f"{line}, column {column}: "
        assert any(p.startswith(where) and says in p for p in problems), (where, says, text)
    assert "line 13: 13 cells under 11 headings" in text
    assert "did you mean US (USA)" in text
    assert "did you mean pct" in text and "use growth" in text


def test_two_statements_of_one_name(ledger: Callable[..., Path]) -> None:
    with pytest.raises(ClaimsError, match="line 3, column claim_id: '1' stands in line 2 too"):
        read_ledger(ledger(HEAD, GOOD, GOOD))


def test_headings_that_are_not_there_or_misspelt(ledger: Callable[..., Path]) -> None:
    with pytest.raises(ClaimsError) as err:
        read_ledger(ledger("claim_id,metric,argument,pick,value", "1,growth,,pct,5 %"))
    assert "column arguments: the column is not there" in str(err.value)
    assert "did you mean arguments?" in str(err.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_what_spreadsheets_save_is_read(encoding: str, ledger: Callable[..., Path]) -> None:
    quoted = '1,对美出口下降,growth,"partner=美国; during=2025-03",pct,-16.3 %'
    (claim,) = read_ledger(ledger(HEAD, quoted, encoding=encoding)).claims
    assert (claim.quote, claim.calls[0].arguments["partner"]) == ("对美出口下降", "美国")


def test_semicolons_and_tabs_divide_as_well(ledger: Callable[..., Path]) -> None:
    tabs = ledger(HEAD.replace(",", "\t"), GOOD.replace(",", "\t"), name="tabs.csv")
    assert len(read_ledger(tabs).claims) == 1
    semicolons = ledger(
        HEAD.replace(",", ";"),
        '1;fell;growth;"partner=US; during=2025-03";pct;-16.3 %',
        name="semicolons.csv",
    )
    assert read_ledger(semicolons).claims[0].calls[0].arguments["during"] == "2025-03"


def test_own_columns_empty_rows_and_cells_of_several_lines(ledger: Callable[..., Path]) -> None:
    path = ledger(
        "author," + HEAD,
        "",
        "me," + GOOD,
        ",,,,,,",
        'me,2,"two\nlines",growth,during=2025-03,pct,1',
        "me,1,x,growth,,pct,1 %",
    )
    with pytest.raises(ClaimsError, match=r"line 7, column claim_id: '1' stands in line 3 too"):
        read_ledger(path)


def test_no_file_no_rows_no_text(ledger: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ClaimsError, match="cannot be read"):
        read_ledger(tmp_path / "nowhere.csv")
    with pytest.raises(ClaimsError, match="no statements"):
        read_ledger(ledger(HEAD))
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(DecodeError, match="Excel"):
        read_ledger(tmp_path / "book.xlsx")


def test_a_unit_of_money_sets_the_currency_of_the_call(ledger: Callable[..., Path]) -> None:
    path = ledger(HEAD, "1,,value,during=2025-03,value,CNY 3 bn", "2,,growth,,pct,3 %")
    money, change = read_ledger(path).claims
    assert money.calls[0].arguments["currency"] == "CNY"
    assert "currency" not in change.calls[0].arguments and change.currency == ""
