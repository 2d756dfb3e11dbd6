"""Comex Stat, the ministry's municipal files: planted rows in both forms, and a real state."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from provexpo import vocab
from provexpo.errors import (
    CallError,
    CoverageError,
    LayoutError,
    PeriodError,
    ProvexpoError,
    UnknownCodeError,
)
from provexpo.ingest import FileRows, Options, read_files

MakeFile = Callable[..., Path]
HEADER = ["CO_ANO", "CO_MES", "SH4", "CO_PAIS", "SG_UF_MUN", "CO_MUN", "KG_LIQUIDO", "VL_FOB"]
# Curitiba and Paranaguá (PR), to the United States (249), China (160) and Afghanistan (013).
ROWS = [
    ["2024", "01", "0901", "249", "PR", "4106902", "100", "2500"],
    ["2024", "01", "0901", "160", "PR", "4106902", "40", "900"],
    ["2024", "02", "1201", "249", "PR", "4118204", "7000", "3000"],
    ["2024", "12", "1201", "013", "PR", "4118204", "0", "12"],
]
NAME = "EXP_2024_MUN.csv"


def official(rows: list[list[str]] | None = None, *, quoted: bool = True) -> str:
    """The ministry's form: semicolons, and quotes round every field or none."""
    mark = '"' if quoted else ""
    lines = [HEADER, *(ROWS if rows is None else rows)]
    return "".join(";".join(f"{mark}{cell}{mark}" for cell in line) + "\n" for line in lines)


def changed(row: int, **cells: str) -> list[list[str]]:
    rows = [list(cells) for cells in ROWS]
    for name, cell in cells.items():
        rows[row][HEADER.index(name)] = cell
    return rows


@pytest.fixture
def comex(write: MakeFile) -> Callable[..., FileRows]:
    def read(
        content: str | bytes | None = None, name: str = NAME, options: Options | None = None
    ) -> FileRows:
        text = official() if content is None else content
        (file,) = read_files([write(name, text, "utf-8")], options).files
        return file

    return read


@pytest.mark.parametrize("quoted", [True, False])
def test_the_official_form(comex: Callable[..., FileRows], quoted: bool) -> None:
    file = comex(official(quoted=quoted))
    names = ["period", "months", "province", "partner", "partner_code", "product", "value",
             "quantity", "unit"]  # fmt: skip
    assert file.rows.select(names).rows() == [
        (202401, 1, "4106902", "USA", "249", 901, 2500, 100, "kg"),
        (202401, 1, "4106902", "CHN", "160", 901, 900, 40, "kg"),
        (202402, 1, "4118204", "USA", "249", 1201, 3000, 7000, "kg"),
        (202412, 1, "4118204", "AFG", "013", 1201, 12, 0, "kg"),
    ]
    (scope,) = file.scopes
    assert scope.grain.id == "BRA:comexstat:province+partner+hs4"
    assert (scope.grain.basis, scope.grain.import_valuation) == ("registered", "FOB")
    assert (scope.flow, scope.currency, scope.product.codes) == ("export", "USD", ("0901", "1201"))
    assert set(file.rows["reporter"]) == {"BRA"}
    assert file.layout == "comexstat"
    assert "the flow, export, is from the name EXP_2024_MUN.csv" in file.notes


def test_parquet_with_numbers_and_columns_of_others(comex: Callable[..., FileRows]) -> None:
    """A re-publisher's file: codes as numbers have lost their zeros, amounts are floats."""
    frame = pl.DataFrame(ROWS, schema=HEADER, orient="row").select(
        pl.col("CO_ANO", "CO_MES", "CO_PAIS", "CO_MUN").cast(pl.Int32),
        "SG_UF_MUN",
        pl.col("SH4").cast(pl.Int64),
        pl.col("KG_LIQUIDO", "VL_FOB").cast(pl.Float64),
        NO_MUN=pl.lit("x"),
        CAPITULO=pl.lit(1),
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    file = comex(buffer.getvalue(), "parana_exports.parquet", Options(flow="export"))
    assert file.rows.drop("vintage").equals(comex().rows.drop("vintage"))


def test_fractions_are_rounded_and_said(comex: Callable[..., FileRows]) -> None:
    file = comex(official(changed(0, VL_FOB="2500.5", KG_LIQUIDO="100.4")))
    assert file.rows.row(0, named=True)["value"] == 2500  # half to even
    assert "1 values of VL_FOB were not whole and were rounded to whole dollars" in file.notes
    assert "1 values of KG_LIQUIDO were not whole and were rounded to whole kilograms" in file.notes


@pytest.mark.parametrize(
    ("name", "stated", "flow"),
    [
        ("EXP_2024_MUN.csv", None, "export"),
        ("IMP_2024_MUN.csv", None, "import"),
        ("imp_completa_mun.csv", None, "import"),
        ("EXP_2024_MUN.csv", "export", "export"),
        ("parana.csv", "import", "import"),
    ],
)
def test_flow_of_the_name_or_of_the_caller(
    comex: Callable[..., FileRows], name: str, stated: str | None, flow: str
) -> None:
    file = comex(name=name, options=Options(flow=stated))
    assert {s.flow for s in file.scopes} == {flow}


def test_flow_is_never_guessed(comex: Callable[..., FileRows]) -> None:
    with pytest.raises(CallError, match="its name suggests export") as err:
        comex(name="parana_exports_2024.csv")
    assert "--flow export" in str(err.value)
    with pytest.raises(CallError, match="same columns for exports and imports"):
        comex(name="parana.csv")
    with pytest.raises(CallError, match="--flow import contradicts the file's name"):
        comex(options=Options(flow="import"))
    file = comex(name="parana_exports_2024.csv", options=Options(flow="import"))
    assert "read as import, but the file's name suggests export" in file.warnings


def test_a_state_is_the_scope_and_never_brazil(comex: Callable[..., FileRows]) -> None:
    """All municipalities of the states named are covered, traded or not; no others are."""
    file = comex()
    extent = file.scopes[0].province
    parana = vocab.own_places("BRA").filter(pl.col("area") == "PR")["code"]
    assert (extent.kind, set(extent.codes)) == ("listed", set(parana))
    assert len(parana) == 399  # the municipalities of Paraná
    assert "scope: the municipalities of Paraná (PR) only, not Brazil" in file.notes
    both = comex(official([*ROWS, ["2024", "01", "0901", "249", "SC", "4202404", "1", "1"]]))
    assert "of Paraná (PR), Santa Catarina (SC) only" in " ".join(both.notes)
    with pytest.raises(CoverageError, match="only some of the provinces"):
        comex(options=Options(covers="provinces=all"))


def test_all_states_are_the_country(comex: Callable[..., FileRows]) -> None:
    first = vocab.own_places("BRA").unique("area").filter(~pl.col("area").is_in(["EX", "ND"]))
    rows = [
        ["2024", "01", "0901", "249", area, code, "1", "1"]
        for code, area in first.select("code", "area").rows()
    ]
    assert len(rows) == 27
    file = comex(official(rows))
    assert file.scopes[0].province.kind == "assumed"
    assert not any("only" in note for note in file.notes)


def test_municipalities_of_the_code_table() -> None:
    places = vocab.own_places("BRA")
    assert places["code"].is_unique().all()
    assert set(places["code"].str.len_bytes()) == {7}
    # Counts of the national statistical office.
    counts = dict(places.group_by("area").len().rows())
    assert {a: counts[a] for a in ("MG", "SP", "RS", "PR", "DF")} == {
        "MG": 853, "SP": 645, "RS": 497, "PR": 399, "DF": 1,
    }  # fmt: skip
    assert set(places["area"]) == set(vocab.own_areas("BRA"))
    assert vocab.names("province", "en", "BRA")["4106902"] == "Curitiba"


def test_equal_rows_twice_are_one(comex: Callable[..., FileRows]) -> None:
    file = comex(official([*ROWS, ROWS[0]]))
    assert (file.rows.height, file.duplicates) == (4, 1)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (official(changed(0, CO_PAIS="12")), UnknownCodeError, "unknown partner '012'"),
        (official(changed(0, SG_UF_MUN="XX")), CoverageError, "unknown state 'XX'"),
        (official(changed(0, CO_MUN="4106902.0")), LayoutError, "not the code of a municipality"),
        (official(changed(1, CO_MES="13")), PeriodError, "not a month"),
        (official(changed(1, CO_ANO="")), PeriodError, "not a month"),
        (official(changed(2, VL_FOB="1.2.3")), LayoutError, "not an amount"),
        (official(changed(0, SH4="09011110")), LayoutError, "different detail"),
        (official().replace("VL_FOB", "VL_FOBX"), LayoutError, "lacks the column 'VL_FOB'"),
        (official([*ROWS, [*ROWS[0][:-1], "2501"]]), CoverageError, "different figures"),
    ],
)
def test_errors(
    comex: Callable[..., FileRows], content: str, error: type[ProvexpoError], says: str
) -> None:
    with pytest.raises(error, match=says) as err:
        comex(content)
    assert NAME in str(err.value)


def test_reporter_and_period(comex: Callable[..., FileRows]) -> None:
    assert comex(options=Options(reporter="BRA")).rows.height == 4
    with pytest.raises(CallError, match="reporter USA"):
        comex(options=Options(reporter="USA"))
    with pytest.raises(PeriodError, match="does not hold 2024-12"):
        comex(options=Options(period="2024-01/2024-06"))


def test_the_real_state(real_data: Path) -> None:
    path = real_data / "comexstat" / "parana_exports_2020_2025.parquet"
    (file,) = read_files([path], Options(flow="export")).files
    want = pd.DataFrame(pl.read_parquet(path).to_dict(as_series=False))
    rows = file.rows
    assert (file.data_rows, rows.height, file.duplicates, file.left_out) == (
        160_676,
        160_676,
        0,
        {},
    )
    assert rows["province"].n_unique() == 238
    assert rows["partner_code"].n_unique() == 221
    years = rows.group_by(pl.col("period") // 100).agg(pl.col("value").sum()).rows()
    assert dict(years) == want.groupby("CO_ANO")["VL_FOB"].sum().astype(int).to_dict()
    assert (dict(years)[2024], dict(years)[2025]) == (18_033_410_738, 18_178_920_883)
    us = rows.filter(partner="USA").group_by(pl.col("period") // 100).agg(pl.col("value").sum())
    assert dict(us.rows())[2024] == 293_462_353
    assert dict(us.rows())[2025] == 181_473_965
    assert rows["quantity"].sum() == int(want["KG_LIQUIDO"].sum())
    # The names that the file gives are those of the code table.
    named = vocab.names("province", "en", "BRA")
    given = want.drop_duplicates("CO_MUN").set_index("CO_MUN")["NO_MUN"].to_dict()
    assert {str(code): name for code, name in given.items()} == {
        str(c): named[str(c)] for c in given
    }
    (scope,) = file.scopes
    assert len(scope.spans) == 72
    # Only chapters 01 to 24 stand in the file: the list of products is part of the scope.
    assert {code[:2] for code in scope.product.codes} == {f"{c:02d}" for c in range(1, 25)}
