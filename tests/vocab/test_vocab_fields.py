"""The field dictionary and the page made from it."""

import importlib.util
from pathlib import Path

import polars as pl
import pytest

from provexpo import vocab
from provexpo.errors import UnknownCodeError
from provexpo.ingest.rows import ROW_SCHEMA

ROOT = Path(__file__).resolve().parents[2]

# house.md 4: columns of value, balance, dependence and growth, and those that all share
RESULTS = (
    "province", "province_name", "region", "partner", "partner_name", "partner_group", "product",
    "product_name", "section", "sector", "regime", "regime_name", "month", "quarter", "year",
    "value", "base_value", "exports", "imports", "balance", "total", "base_total", "share",
    "base_share", "delta_share_pp", "share_ex98", "share_unclassified", "national_share",
    "cum_national_share", "nation_share", "lq", "rsca", "rank", "change", "pct", "pct_lo",
    "pct_hi", "ratio", "dhs", "log", "status", "reason", "small_base", "lny_flag", "n_months",
    "n_months_expected",
)  # fmt: skip


def test_every_column_of_the_tables_and_results_is_defined():
    names = set(vocab.fields()["name"])
    assert names >= set(ROW_SCHEMA) | {"load"} | set(RESULTS)


def test_one_name_one_definition():
    assert vocab.fields()["name"].is_unique().all()


def test_no_cell_is_empty_and_every_unit_is_in_the_list():
    table = vocab.fields()
    assert table.null_count().sum_horizontal().item() == 0
    assert table.filter(pl.any_horizontal(pl.all().str.strip_chars() == "")).is_empty()
    assert set(table["unit"]) <= set(vocab.UNITS)


def test_every_unit_is_used():
    assert set(vocab.UNITS) <= set(vocab.fields()["unit"])


@pytest.mark.parametrize("name", ["share", "national_share", "pct"])
def test_shares_and_changes_are_fractions(name):
    assert vocab.field(name).unit == "fraction"


def test_an_unknown_field_is_an_error():
    with pytest.raises(UnknownCodeError):
        vocab.field("no_such_field")


@pytest.mark.parametrize("name", ["make_fields_doc", "make_contract_doc"])
def test_the_page_is_current(name):
    path = ROOT / "scripts" / f"{name}.py"
    if not path.exists():
        pytest.skip("scripts are not part of an installed copy")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text("utf-8") == module.page(), f"run python scripts/{name}.py"
