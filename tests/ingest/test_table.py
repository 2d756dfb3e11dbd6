"""Text to a table: what a CSV may be, and every way in which it can be broken."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provexpo.errors import LayoutError
from provexpo.ingest.table import Table, parse_table


def parse(text: str) -> Table:
    return parse_table(text, "a.csv", "utf-8")


def rows(table: Table) -> list[tuple[str, ...]]:
    return [tuple(cell or "" for cell in row) for row in table.frame.iter_rows()]


def test_one_empty_last_column_is_dropped() -> None:
    table = parse('"a","b",\n"1","2",\n')
    assert table.header == ("a", "b")
    assert rows(table) == [("1", "2")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_newline(newline: str) -> None:
    table = parse(newline.join(['"a","b",', '"1","x",', '"2","y",', ""]))
    assert rows(table) == [("1", "x"), ("2", "y")]


def test_newline_inside_a_quoted_name() -> None:
    table = parse('"a","name",\n"1","玻利维亚\n",\n"2","巴西",\n')
    assert [row[0] for row in rows(table)] == ["1", "2"]
    assert table.lines([0, 1]) == [2, 4]  # the second record starts on the fourth physical line


def test_crlf_inside_a_quoted_name() -> None:
    table = parse('"a","name",\r\n"1","玻利维亚\r\n",\r\n"2","巴西",\r\n')
    assert [row[0] for row in rows(table)] == ["1", "2"]


def test_tab_after_each_value() -> None:
    table = parse('"a"\t,"b"\t,\n"202401"\t,"7"\t,\n"202402\t",8\t,\n')
    assert table.header == ("a", "b")
    assert rows(table) == [("202401", "7"), ("202402", "8")]


def test_tab_inside_a_value_is_not_removed() -> None:
    assert rows(parse("a,b\n12\t34,5\n")) == [("12\t34", "5")]


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_other_delimiters_of_saved_copies(delimiter: str) -> None:
    table = parse(f'a{delimiter}b\n1{delimiter}"2,5"\n')
    assert rows(table) == [("1", "2,5")]


def test_escaped_quotes() -> None:
    assert rows(parse('a,b\n1,"say ""yes"""\n')) == [("1", 'say "yes"')]


@pytest.mark.parametrize("line", ['"1","2","3",', '"1",', '"1"'])
def test_ragged_line_names_line_and_counts(line: str) -> None:
    found = len(next(csv.reader([line])))
    with pytest.raises(LayoutError, match=rf"has {found} fields, the header has 3\n.*line 3"):
        parse(f'"a","b",\n"1","2",\n{line}\n"1","2",\n')


def test_blank_line_in_the_middle() -> None:
    with pytest.raises(LayoutError, match=r"has 0 fields, the header has 2\n.*line 3"):
        parse("a,b\n1,2\n\n3,4\n")


def test_cut_inside_quotes() -> None:
    with pytest.raises(LayoutError, match=r"ends inside a quoted field.*\n.*line 3"):
        parse('"a","b",\n"1","2",\n"3","4\n')


def test_stray_quotes_are_an_error() -> None:
    with pytest.raises(LayoutError, match="quoted field is broken"):
        parse('"a","b"\n"1","2"x"3"\n"4","5"\n')


def test_unnamed_last_column_with_values() -> None:
    with pytest.raises(LayoutError, match=r"no name but holds values\n.*line 3"):
        parse('"a","b",\n"1","2",\n"3","4",5\n')


def test_header_alone() -> None:
    with pytest.raises(LayoutError, match="a header and no rows"):
        parse('"a","b",\n')


CELLS = st.text(st.sampled_from('a7,"\n 美?-'), max_size=4)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_reads_what_the_csv_module_reads(body: list[tuple[str, str, str]]) -> None:
    """Whatever cells there are, quoted and written by Python, they come back as they were."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("x", "y", "z"), *body])
    assert rows(parse(buffer.getvalue())) == body


def test_polars_alone_would_lose_a_row() -> None:
    """The reason for the byte count: polars takes this line for a good one, with a NULL."""
    text = "a,b,c\n1,2\n3,4,5\n"
    assert pl.read_csv(text.encode(), infer_schema=False).height == 2
    with pytest.raises(LayoutError, match="has 2 fields"):
        parse(text)
