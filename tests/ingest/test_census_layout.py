"""US Census files: API answers, saved tables and parquet; small ones of our own, and real ones."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import provexpo as pe
from provexpo.errors import (
    CallError,
    CoverageError,
    DecodeError,
    LayoutError,
    PeriodError,
    UnknownCodeError,
)
from provexpo.ingest import FileRows, Options, find_files, read_files

MakeFile = Callable[..., Path]
HEADER = ["CTY_CODE", "CTY_NAME", "I_COMMODITY", "GEN_VAL_MO", "YEAR", "MONTH", "COMM_LVL"]
NAMES = {"-": "TOTAL FOR ALL COUNTRIES", "5700": "CHINA", "2010": "MEXICO", "4280": "GERMANY",
         "0003": "EUROPEAN UNION", "5XXX": "ASIA", "8220": "UNIDENTIFIED"}  # fmt: skip


def row(country: str, product: str, value: str | None, month: str = "01") -> list[str | None]:
    level = "-" if product == "-" else f"HS{len(product)}"
    return [country, NAMES[country], product, value, "2024", month, level]


# Two products, three countries; each product's total is the sum of its countries.
WHOLE = [
    row("-", "64", "60"), row("0003", "64", "30"), row("5XXX", "64", "10"),
    row("5700", "64", "10"), row("2010", "64", "20"), row("4280", "64", "30"),
    row("-", "85", "500"), row("5XXX", "85", "500"), row("5700", "85", "500"),
]  # fmt: skip


def answer(rows: list[list[str | None]], header: list[str] | None = None) -> str:
    return json.dumps([header or HEADER, *rows])


@pytest.fixture
def read(write: MakeFile) -> Callable[..., FileRows]:
    def one(content: str | bytes, name: str = "answer.json", **options: object) -> FileRows:
        path = write(name, content, "utf-8")
        return read_files([path], Options(**options)).files[0]  # type: ignore[arg-type]

    return one


Read = Callable[..., FileRows]


def short(file: FileRows) -> list[tuple[object, ...]]:
    return file.rows.select("partner", "partner_code", "product", "period", "value").rows()


def test_an_api_answer(read: Read) -> None:
    file = read(answer(WHOLE))
    assert sorted(short(file)) == [
        ("CHN", "5700", 64, 202401, 10), ("CHN", "5700", 85, 202401, 500),
        ("DEU", "4280", 64, 202401, 30), ("MEX", "2010", 64, 202401, 20),
    ]  # fmt: skip
    assert file.left_out == {"total of partners": 2, "group of partners": 3}
    assert file.layout == "census" and not file.warnings
    (scope,) = file.scopes
    grain = scope.grain
    assert (grain.id, scope.flow, scope.currency) == (
        "USA:census_hs2:partner+hs2", "import", "USD",
    )  # fmt: skip
    assert (grain.import_valuation, grain.import_system) == ("customs value", "general")
    assert (scope.partner.kind, scope.product.kind) == ("declared", "listed")


def test_the_same_answer_as_csv_gzip_and_parquet(read: Read) -> None:
    rows = short(read(answer(WHOLE)))
    table = pl.DataFrame(WHOLE, schema=HEADER, orient="row")
    text = table.write_csv()
    assert short(read(text, "a.csv")) == rows
    assert short(read(gzip.compress(text.encode()), "a.csv.gz")) == rows
    assert short(read(gzip.compress(answer(WHOLE).encode()), "a.json.gz")) == rows
    buffer = io.BytesIO()
    table.with_columns(pl.col("GEN_VAL_MO").cast(pl.Float64)).write_parquet(buffer)
    assert short(read(buffer.getvalue(), "a.parquet")) == rows


def test_a_folder_is_read_with_all_these_endings(write: MakeFile, tmp_path: Path) -> None:
    write("in/a.json", answer(WHOLE), "utf-8")
    write("in/b.csv.gz", gzip.compress(b"x"), "utf-8")
    assert [p.name for p in find_files([tmp_path / "in"])] == ["a.json", "b.csv.gz"]


def test_a_total_that_its_parts_do_not_reach(read: Read) -> None:
    """Germany left out of the file: 30 of 560 lack, and all countries are not claimed."""
    lacking = [r for r in WHOLE if r[0] != "4280"]
    file = read(answer(lacking))
    (scope,) = file.scopes
    assert scope.partner.kind == "declared_list" and scope.partner.codes == ("CHN", "MEX")
    assert file.warnings == (
        "partners are not all there: 1 of 2 printed totals differ from the sum of their parts,"
        " by 30 in all",
    )
    with pytest.raises(CoverageError, match=r"covers says all"):
        read(answer(lacking), covers="partners=all")


def test_sums_without_a_total_are_not_claimed_either(read: Read) -> None:
    file = read(answer([r for r in WHOLE if r[:3:2] != ["-", "85"]]))
    assert file.scopes[0].partner.kind == "declared_list"
    assert "1 of 2 sums have no printed total" in file.warnings[0]


def test_a_query_of_one_country(read: Read) -> None:
    """No total of countries: the file holds what was asked for, and no share of it is 100 %."""
    content = answer([r for r in WHOLE if r[0] == "5700"])
    file = read(content)
    assert (file.scopes[0].partner.kind, file.scopes[0].partner.codes) == (
        "declared_list",
        ("CHN",),
    )
    assert any("taken as a query of the 1 found" in note for note in file.notes)
    assert read(content, covers="partners=all").scopes[0].partner.kind == "declared"
    listed = read(content, covers="partners=China,Mexico").scopes[0].partner
    assert (listed.kind, listed.codes) == ("declared_list", ("CHN", "MEX"))


def test_totals_of_products(read: Read) -> None:
    """A printed total of all products, beside the products, shows that they are all there."""
    content = [r for r in WHOLE if r[0] == "5700"]
    whole = read(answer([*content, row("5700", "-", "510")]))
    assert whole.scopes[0].product.kind == "declared"
    assert whole.left_out == {"total of products": 1}
    assert whole.rows["value"].sum() == 510
    lacking = read(answer([*content, row("5700", "-", "511")]))
    assert lacking.scopes[0].product.kind == "listed"
    assert "products are not all there" in lacking.warnings[0]


def test_every_chapter_in_every_month(read: Read) -> None:
    """Nothing narrows a table in which each chapter occurs; one chapter less, and it may be."""
    chapters = [f"{n:02d}" for n in range(1, 100) if n != 77]
    full = [row("5700", c, "1", m) for c in chapters for m in ("01", "02")]
    assert read(answer(full)).scopes[0].product.kind == "declared"
    assert read(answer(full[:-1])).scopes[0].product.kind == "listed"


def test_totals_alone_are_a_table_without_that_dimension(read: Read) -> None:
    world = read(answer([row("-", "64", "60"), row("0003", "64", "30"), row("-", "85", "500")]))
    assert world.scopes[0].grain.id == "USA:census_hs2:hs2"
    assert world.rows["value"].to_list() == [60, 500]
    assert world.rows["partner"].null_count() == 2
    countries = read(
        answer([row("-", "-", "560"), row("5700", "-", "510"), row("2010", "-", "50")])
    )
    assert countries.scopes[0].grain.id == "USA:census_total:partner"
    assert countries.scopes[0].partner.kind == "declared"
    nation = read(answer([row("-", "-", "560")]))
    assert nation.scopes[0].grain.id == "USA:census_total:nation"
    with pytest.raises(LayoutError, match="no row of the file is a cell"):
        read(answer([row("0003", "64", "30")]))
    with pytest.raises(LayoutError, match="no row of the file is a cell"):
        read(answer([row("-", "64", "60"), row("5700", "-", "510")]))


def test_exports_and_concepts_have_tables_of_their_own(read: Read) -> None:
    header = ["E_COMMODITY", "CTY_CODE", "ALL_VAL_MO", "time"]
    file = read(answer([["85", "5700", "7", "2024-03"]], header))
    (scope,) = file.scopes
    assert (scope.flow, scope.grain.export_valuation) == ("export", "FAS")
    assert file.rows["period"].to_list() == [202403]
    header = ["I_COMMODITY", "CTY_CODE", "GEN_VAL_MO", "CON_VAL_MO", "YEAR", "MONTH"]
    both = read(answer([["85", "5700", "9", "8", "2024", "03"]], header))
    assert {s.grain.id: s.grain.import_system for s in both.scopes} == {
        "USA:census_hs2:partner+hs2": "general",
        "USA:census_hs2_consumption:partner+hs2": "consumption",
    }
    assert sorted(both.rows["value"]) == [8, 9]


def test_years(read: Read) -> None:
    """December's year to date is the year; other months' sums are for checks alone."""
    header = ["I_COMMODITY", "CTY_CODE", "CON_VAL_YR", "CAL_DUT_YR", "YEAR", "MONTH"]
    year = read(answer([["8517620090", "5700", "9", "1", "2024", "12"]], header))
    assert year.rows.select("period", "months", "value").rows() == [(202412, 12, 9)]
    assert year.scopes[0].grain.source == "census_hs10_consumption"
    assert "not stored: CAL_DUT_YR" in year.notes
    part = read(answer([["8517620090", "5700", "9", "1", "2024", "06"]], header))
    assert part.rows.select("period", "months").rows() == [(202406, 6)]
    assert part.scopes[0].grain.source == "census_hs10_consumption_ytd"
    without_month = read(answer([["85", "5700", "9", "1", "2024"]], header[:-1]))
    assert without_month.rows.select("period", "months").rows() == [(202412, 12)]


def test_values_that_are_missing_and_values_that_are_zero(read: Read) -> None:
    file = read(answer([row("5700", "64", "0"), row("5700", "85", None), row("2010", "64", "3")]))
    assert file.rows["value"].to_list() == [0, 3]
    assert file.left_out == {"no value": 1} and file.scopes[0].holes == 1


def test_a_zero_that_stands_for_a_withheld_figure(read: Read) -> None:
    header = [*HEADER, "GEN_VAL_MO_FLAG"]
    rows = [[*row("5700", "64", "0"), "A"], [*row("5700", "85", "0"), None]]
    file = read(answer([*rows, [*row("2010", "64", "3"), "A"]], header))
    assert file.rows.select("partner", "value").rows() == [("CHN", 0), ("MEX", 3)]
    assert file.left_out == {"no value": 1}


def test_notes_of_what_figures_mean(read: Read) -> None:
    rows = [row("5700", "98", "4"), ["5700", "CHINA", "64", "5", "2022", "01", "HS2"]]
    notes = " ".join(read(answer(rows)).notes)
    assert "98 and 99 are special provisions" in notes
    assert "January 2022 mixes two revisions" in notes


def test_codes_without_a_country(read: Read) -> None:
    file = read(answer([row("8220", "64", "5")]))
    assert file.rows.select("partner", "partner_code").rows() == [("X8220", "8220")]


def test_who_reports(read: Read) -> None:
    assert read(answer(WHOLE), reporter="USA").rows["reporter"].unique().to_list() == ["USA"]
    with pytest.raises(CallError, match="reporter BRA for a file of USA"):
        read(answer(WHOLE), reporter="BRA")
    assert read(answer(WHOLE), flow="import").scopes[0].flow == "import"
    with pytest.raises(CallError, match="--flow export contradicts the file"):
        read(answer(WHOLE), flow="export")
    with pytest.raises(PeriodError, match="the stated period 2023 does not hold 2024-01"):
        read(answer(WHOLE), period="2023")


def test_unknown_codes(read: Read) -> None:
    odd = ["9999", "ATLANTIS", "64", "1", "2024", "01", "HS2"]
    with pytest.raises(
        UnknownCodeError, match=r"unknown partner '9999'(.|\n)*pe.partners\('USA'\)"
    ):
        read(answer([odd]))
    with pytest.raises(LayoutError, match="different detail"):
        read(answer([row("5700", "64", "1"), row("5700", "6403", "1")]))


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        (answer([["5700", "64"]]), LayoutError, "row 1 has 2 cells, the header has 7"),
        ("<!DOCTYPE html><html>Too many requests", DecodeError, "an HTML page"),
        ("", DecodeError, "the file is empty"),
        (answer(WHOLE)[:90], LayoutError, "the file is not JSON"),
        ('{"error": "error: unknown variable"}', LayoutError, "error: unknown variable"),
        ('[{"CTY_CODE": "5700"}]', LayoutError, "other JSON than a list"),
        ("[]", LayoutError, "other JSON than a list"),
        ("[[1, 2], [3, 4]]", LayoutError, "the first row is no header"),
        (answer([]), LayoutError, "a header and no rows"),
        (answer([row("5700", "64", "1e5")]), LayoutError, "'1e5': not a whole number"),
        (answer([[*row("5700", "64", "1")[:5], "13", "HS2"]]), PeriodError, "'13': not a number"),
        ('[["CTY_CODE", "GEN_VAL_MO"], ["5700", 1.5]]', LayoutError, "1.5 is neither"),
        ('[["CTY_CODE", "GEN_VAL_MO", "YEAR"], ["5700", "1", "2024"]]', PeriodError, "its months"),
        ('[["a", "b"], ["1", "2"]]', Exception, "a tidy file needs a column map"),
    ],
)  # fmt: skip
def test_damaged_answers(read: Read, content: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        read(content)


def test_columns_that_split_a_cell(read: Read) -> None:
    header = [*HEADER, "DISTRICT"]
    with pytest.raises(LayoutError, match="unknown column DISTRICT"):
        read(answer([[*row("5700", "64", "1"), "04"]], header))
    assert read(answer([[*row("5700", "64", "1"), "-"]], header)).rows.height == 1
    twice = [*HEADER, "CTY_CODE"]
    assert read(answer([[*row("5700", "64", "1"), "5700"]], twice)).rows.height == 1
    with pytest.raises(LayoutError, match="two columns 'CTY_CODE' with different cells"):
        read(answer([[*row("5700", "64", "1"), "2010"]], twice))


def test_damaged_archives(read: Read) -> None:
    packed = gzip.compress(pl.DataFrame(WHOLE, schema=HEADER, orient="row").write_csv().encode())
    for content in (packed[:-9], packed[:30] + b"\x00" * 20 + packed[50:]):
        with pytest.raises(DecodeError, match="damaged or cut off"):
            read(content, "a.csv.gz")
    with pytest.raises(DecodeError, match="is no gzip archive"):
        read("a,b\n1,2\n", "a.csv.gz")
    with pytest.raises(DecodeError, match="the file is empty"):
        read(b"", "a.csv.gz")


# The real files, against pandas

FOUR = {"CHN": "5700", "VNM": "5520", "MEX": "2010", "IND": "5330"}


@pytest.fixture
def census(real_data: Path) -> Path:
    return real_data / "us_census"


@pytest.fixture
def raw(census: Path) -> pd.DataFrame:
    path = census / "us_imports_hs2_by_country_2023_2024.csv.gz"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.assign(value=table["GEN_VAL_MO"].astype("int64"))


@pytest.fixture
def trade(census: Path, tmp_path: Path) -> pe.Trade:
    pe.add(tmp_path / "desk", census / "us_imports_hs2_by_country_2023_2024.csv.gz")
    return pe.open(tmp_path / "desk")


def test_four_countries_by_chapter_and_month(trade: pe.Trade, raw: pd.DataFrame) -> None:
    result = pe.value(
        trade,
        reporter="USA",
        flow="import",
        partner=["China", "Vietnam", "Mexico", "India"],
        during="2024",
        by=["partner", "product:HS2", "month"],
    )
    got = {
        (r["partner"], r["product"], r["month"]): r["value"]
        for r in result.frame.to_dicts()
        if r["value"]
    }
    chosen = raw[raw["CTY_CODE"].isin(FOUR.values()) & raw["YEAR"].eq("2024") & raw["value"].gt(0)]
    iso = {code: partner for partner, code in FOUR.items()}
    months = result.frame["month"].dtype
    expected = {
        (iso[c], p, int(f"2024{m}") if months.is_integer() else f"2024-{m}"): v
        for c, p, m, v in chosen[["CTY_CODE", "I_COMMODITY", "MONTH", "value"]].itertuples(
            index=False
        )
    }
    assert got == expected and len(got) > 4_000


def test_no_sum_is_counted_as_a_country(trade: pe.Trade, raw: pd.DataFrame) -> None:
    """All countries together are the file's own line "-", in every year."""
    for year in ("2023", "2024"):
        frame = pe.value(trade, reporter="USA", flow="import", during=year, by=["partner"]).frame
        total = raw[raw["CTY_CODE"].eq("-") & raw["YEAR"].eq(year)]["value"].sum()
        assert frame["value"].sum() == total


def test_growth_and_share(trade: pe.Trade, raw: pd.DataFrame) -> None:
    sums = raw.groupby(["CTY_CODE", "YEAR"])["value"].sum()
    growth = pe.growth(
        trade, reporter="USA", flow="import", during="2024", partner="China", by=["partner"]
    ).frame.row(0, named=True)
    assert (growth["value"], growth["base_value"]) == (sums["5700", "2024"], sums["5700", "2023"])
    assert growth["value"] == 438_741_998_078
    result = pe.dependence(
        trade, reporter="USA", flow="import", partner="China", during="2024", by=[]
    )
    share = result.frame.row(0, named=True)
    assert share["status"] == "ok"
    assert share["share"] == pytest.approx(sums["5700", "2024"] / sums["-", "2024"], rel=1e-12)
    assert not [c for c in result.caveats if c.code == "scope"]  # all partners, all chapters
    europe = pe.dependence(
        trade, reporter="USA", flow="import", partner="EU", during="2024", by=[]
    ).frame.row(0, named=True)
    assert europe["value"] == sums["0003", "2024"]  # the file's own line of the Union


def test_imports_for_consumption(census: Path, tmp_path: Path) -> None:
    """Another concept than general imports, in a table of its own; of four countries only."""
    files = [census / f"us_imports_hs10_2024_{code}.parquet" for code in FOUR.values()]
    pe.add(tmp_path / "desk", files, covers="products=all")
    trade = pe.open(tmp_path / "desk")
    frame = pe.value(
        trade,
        reporter="USA",
        flow="import",
        partner=list(FOUR),
        product="85",
        during="2024",
        by=["product:HS6", "partner"],
    ).frame
    got = {(r["partner"], r["product"]): r["value"] for r in frame.to_dicts() if r["value"]}
    expected = {}
    for partner, path in zip(FOUR, files, strict=True):
        cells = pl.read_parquet(path).select("I_COMMODITY", "CON_VAL_YR").rows()
        table = pd.DataFrame(cells, columns=["code", "value"])
        table = table[table["code"].str.startswith("85")]
        sums = table["value"].astype("int64").groupby(table["code"].str[:6]).sum()
        expected |= {(partner, code): value for code, value in sums.items() if value}
    assert got == expected
    share = pe.dependence(
        trade, reporter="USA", flow="import", partner="China", during="2024", by=[]
    ).frame.row(0, named=True)
    assert share["value"] == 429_425_828_419
    assert (share["share"], share["status"]) == (None, "missing")


def test_the_answer_of_the_api_equals_the_saved_table(census: Path, raw: pd.DataFrame) -> None:
    (file,) = read_files([census / "census_api_response_china_2024-12.json"], Options()).files
    chosen = raw[raw["CTY_CODE"].eq("5700") & raw["YEAR"].eq("2024") & raw["MONTH"].eq("12")]
    expected = {int(p): v for p, v in zip(chosen["I_COMMODITY"], chosen["value"], strict=True)}
    assert dict(file.rows.select("product", "value").iter_rows()) == expected
