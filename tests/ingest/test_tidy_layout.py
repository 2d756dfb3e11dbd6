"""A cleaned panel read by a column map: values planted, in CSV and Parquet."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from provexpo.errors import CallError, LayoutError, ManifestError, PeriodError, UnknownCodeError
from provexpo.ingest import FileRows, Options, read_files

MakeFile = Callable[..., Path]
MAP = """
[[files]]
match = "panel.*"
currency = "USD"
flow = "export"
[files.columns]
period = "month"
province = "place"
partner = "country"
product = "hs"
value = "usd"
"""
PANEL = (
    "month,place,country,hs,usd\n2024-01,广东省,US,850110,1.0\n2024-01,Shanxi,越南,010121,2500\n"
)


@pytest.fixture
def panel(write: MakeFile) -> Callable[..., FileRows]:
    def read(
        text: str | bytes = PANEL, manifest: str = MAP, options: Options | None = None,
        name: str = "panel.csv",
    ) -> FileRows:  # fmt: skip
        write("provexpo.toml", manifest, "utf-8")
        (file,) = read_files([write(name, text, "utf-8")], options).files
        return file

    return read


def test_codes_and_names_in_two_languages(panel: Callable[..., FileRows]) -> None:
    file = panel()
    assert file.rows.select("province", "partner", "partner_code", "product", "value").rows() == [
        ("44", "USA", "502", 850110, 1), ("14", "VNM", "141", 10121, 2500),
    ]  # fmt: skip
    assert file.scopes[0].grain.id == "CHN:tidy:province+partner+hs6"
    assert file.notes == ()


def test_values_times_unit_and_rounding(panel: Callable[..., FileRows]) -> None:
    text = "month,place,country,hs,usd\n" + "".join(
        f"2024-{m:02d},44,US,8501,{v}\n"
        for m, v in enumerate(
            ("218622834.0", "0.00025", "0.00015", '"1,234"', "1.5e3", "-2", ""), 1
        )
    )
    file = panel(text, MAP.replace('currency = "USD"', 'currency = "USD"\nunit = 10_000'))
    # Half to even: 2.5 and 1.5 both become 2.
    expected = [2_186_228_340_000, 2, 2, 12_340_000, 15_000_000, -20_000]
    assert file.rows["value"].to_list() == expected
    assert file.left_out == {"no value": 1}
    assert file.notes == ("2 values of usd were not whole and were rounded",)
    assert file.scopes[0].grain.rounding == 10_000


def test_large_integers_stay_exact(panel: Callable[..., FileRows]) -> None:
    big = 2**53 + 1  # a float cannot hold it
    file = panel(f"month,place,country,hs,usd\n2024-01,44,US,8501,{big}\n")
    assert file.rows["value"].to_list() == [big]


def test_parquet_with_numbers_and_dates(panel: Callable[..., FileRows], tmp_path: Path) -> None:
    frame = pl.DataFrame({
        "month": [date(2024, 1, 1), date(2024, 2, 1)], "place": [44, 14], "country": ["USA", "VNM"],
        "hs": [1012100, 85177950], "usd": [1.5, None],
    })  # fmt: skip
    frame.write_parquet(tmp_path / "source.parquet")
    data = (tmp_path / "source.parquet").read_bytes()
    (tmp_path / "source.parquet").unlink()
    with pytest.raises(LayoutError, match="leading zero was lost"):
        panel(data, name="panel.parquet")
    file = panel(
        data,
        MAP.replace("[files.columns]", "product_level = 8\n[files.columns]"),
        name="panel.parquet",
    )
    assert file.encoding == "parquet"
    row = file.rows.row(0, named=True)
    assert (row["period"], row["province"], row["product"], row["value"]) == (
        202401,
        "44",
        1012100,
        2,
    )
    assert file.left_out == {"no value": 1}


def test_several_value_columns(panel: Callable[..., FileRows]) -> None:
    manifest = """
[[files]]
match = "panel.csv"
[files.columns]
year = "y"
month = "m"
partner = "p"
[[files.values]]
column = "x_usd"
flow = "export"
currency = "USD"
[[files.values]]
column = "m_cny"
flow = "import"
currency = "CNY"
unit = 10_000
"""
    file = panel("y,m,p,x_usd,m_cny\n2024,3,502,7,8\n", manifest)
    assert file.rows.select("flow", "currency", "period", "value").rows() == [
        ("export", "USD", 202403, 7), ("import", "CNY", 202403, 80_000),
    ]  # fmt: skip
    assert len(file.scopes) == 2


AGGREGATES = (
    MAP
    + """
[files.totals]
partner = "World"
[files.aggregates]
partner = ["Asia", "Atlantis"]
"""
)


def test_aggregates_are_left_out_and_totals_stand_apart(panel: Callable[..., FileRows]) -> None:
    rows = ["World,9", "Asia,4", "VNM,3", "US,5"]
    text = "month,place,country,hs,usd\n" + "".join(
        f"2024-01,44,{r.split(',')[0]},8501,{r.split(',')[1]}\n" for r in rows
    )
    file = panel(text, AGGREGATES)
    leaves = file.rows.filter(pl.col("grain") == "CHN:tidy:province+partner+hs4")
    total = file.rows.filter(pl.col("grain") == "CHN:tidy:province+hs4")
    assert (leaves["value"].sum(), total["value"].to_list()) == (8, [9])
    assert total["partner"].to_list() == [None]
    assert file.left_out == {"aggregate partner": 1}
    assert file.warnings == ("aggregates named but not in the file: Atlantis (partner)",)


def test_an_aggregate_that_is_not_named_is_an_error(panel: Callable[..., FileRows]) -> None:
    text = PANEL + "2024-01,44,Asia,850110,4\n2024-01,44,Erewhon,850110,4\n"
    with pytest.raises(
        UnknownCodeError, match=r"unknown partner 'Asia', 'Erewhon'\n.*lines 4, 5, column 'country'"
    ):
        panel(text)


def test_lines_are_those_of_the_whole_file(panel: Callable[..., FileRows]) -> None:
    text = "month,place,country,hs,usd\n2024-01,44,Asia,8501,4\n2024-01,44,US,8501,x\n"
    with pytest.raises(LayoutError, match=r"'x': not an amount\n.*line 3, column 'usd'"):
        panel(text, AGGREGATES)


def test_columns_of_flow_currency_months_and_quantity(panel: Callable[..., FileRows]) -> None:
    manifest = """
[[files]]
match = "panel.csv"
source = "desk"
basis = "destination"
[files.columns]
period = "t"
months = "n"
flow = "f"
currency = "c"
value = "v"
quantity = "q"
unit = "u"
regime = "r"
"""
    file = panel(
        "t,n,f,c,v,q,u,r\n202402,2,出口,美元,5,1,kg,一般贸易\n202403,1,import,cny,6,-,-,14\n",
        manifest,
    )
    names = ["period", "months", "flow", "currency", "value", "quantity", "unit", "regime"]
    assert file.rows.select(names).rows() == [
        (202402, 2, "export", "USD", 5, 1, "kg", "10"),
        (202403, 1, "import", "CNY", 6, None, None, "14"),
    ]  # fmt: skip
    assert file.rows["grain"][0] == "CHN:desk:regime@destination"


def test_other_reporters(panel: Callable[..., FileRows]) -> None:
    """Places of another reporter are taken as written, partners as ISO3."""
    text = "month,place,country,hs,usd\n2024-01,4115200,DEU,8501,5\n"
    file = panel(text, MAP.replace('flow = "export"', 'flow = "export"\nreporter = "BRA"'))
    row = file.rows.row(0, named=True)
    assert (row["reporter"], row["province"], row["partner"]) == ("BRA", "4115200", "DEU")


def test_calls_that_contradict_or_leave_something_open(panel: Callable[..., FileRows]) -> None:
    with pytest.raises(ManifestError, match="the call says flow import, the manifest says export"):
        panel(options=Options(flow="import"))
    with pytest.raises(CallError, match="nothing says whether the values are exports or imports"):
        panel(manifest=MAP.replace('flow = "export"', ""))
    with pytest.raises(ManifestError, match="nothing says which currency"):
        panel(manifest=MAP.replace('currency = "USD"', ""))
    with pytest.raises(PeriodError, match="names no period"):
        panel(manifest=MAP.replace('period = "month"', ""))
    with pytest.raises(
        LayoutError, match=r"names 'plaza', which the file has not(.|\n)*did you mean 'place'"
    ):
        panel(manifest=MAP.replace('"place"', '"plaza"'))


def test_tidy_without_a_map(write: MakeFile) -> None:
    with pytest.raises(ManifestError, match="a tidy file needs a column map"):
        read_files([write("a.csv", "a,b\n1,2\n", "utf-8")], Options(layout="tidy"))


FOREIGN = """
[[files]]
match = "panel.*"
reporter = "BRA"
currency = "USD"
flow = "export"
[files.columns]
period = "month"
province = "place"
partner = "country"
product = "hs"
value = "usd"
"""


def test_places_of_another_reporter_are_never_taken_for_one_another(
    panel: Callable[..., FileRows],
) -> None:
    """Two codes that a search for names would take as spellings of one: 1.1 and 11."""
    text = "month,place,country,hs,usd\n2024-01,1.1,USA,8501,5\n2024-01,11,USA,8502,7\n"
    rows = panel(text, FOREIGN).rows
    assert rows.select("province", "value").rows() == [("1.1", 5), ("11", 7)]


def test_the_own_partner_codes_of_another_reporter(panel: Callable[..., FileRows]) -> None:
    """249 is the United States to Brazil, Tunisia to China, and nothing where no list is held."""
    text = "month,place,country,hs,usd\n2024-01,4106902,249,8501,5\n"
    (row,) = panel(text, FOREIGN).rows.select("partner", "partner_code").rows()
    assert row == ("USA", "249")
    with pytest.raises(UnknownCodeError, match=r"unknown partner '249'(.|\n)*ISO3 codes.*FRA"):
        panel(text, FOREIGN.replace("BRA", "FRA"))


def parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    frame = {"month": ["2024-01"] * 2, "place": ["44", "11"], "country": ["US"] * 2, **columns}
    pl.DataFrame(frame).write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("odd", [float("inf"), 1e19])
def test_no_number_of_a_parquet_file_becomes_a_missing_mark(
    panel: Callable[..., FileRows], odd: float
) -> None:
    content = parquet(hs=["8501"] * 2, usd=[odd, 3.0])
    with pytest.raises(LayoutError, match="column 'usd'"):
        panel(content, name="panel.parquet")


def test_lists_in_a_parquet_file(panel: Callable[..., FileRows]) -> None:
    named = parquet(hs=["8501"] * 2, usd=[[1], [2]])
    with pytest.raises(LayoutError, match=r"List\(Int64\) holds neither(.|\n)*column 'usd'"):
        panel(named, name="panel.parquet")
    ignored = parquet(hs=["8501"] * 2, usd=[1, 2], notes=[["a"], ["b"]])
    assert panel(ignored, name="panel.parquet").rows["value"].to_list() == [1, 2]


def test_a_product_level_that_is_too_high(panel: Callable[..., FileRows]) -> None:
    """851770 padded to 00851770 would be a product of no chapter."""
    text = "month,place,country,hs,usd\n2024-01,44,US,851770,5\n"
    with pytest.raises(UnknownCodeError, match=r"unknown HS chapter 00(.|\n)*product_level"):
        panel(text, MAP.replace('flow = "export"', 'flow = "export"\nproduct_level = 8'))


def test_rounded_quantities_are_counted(panel: Callable[..., FileRows]) -> None:
    text = "month,place,country,hs,kg,usd\n2024-01,44,US,8501,3.6,5\n2024-02,44,US,8501,2,5\n"
    file = panel(text, MAP + 'quantity = "kg"\n')
    assert file.rows["quantity"].to_list() == [4, 2]
    assert file.notes == ("1 values of kg were not whole and were rounded",)
