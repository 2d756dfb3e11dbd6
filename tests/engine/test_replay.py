"""A receipt is enough: replayed by the library, and by an auditor with nothing but DuckDB."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

import provexpo as pe
from provexpo.errors import QueryError, StoreError

Make = Callable[..., Path]
OLD, NEW = 1_700_000_000, 1_760_000_000  # 2023-11-14 and 2025-10-09
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("value", {"during": "2024-03", "by": ["province", "month"]}),
    ("value", {"during": "2024-03", "measure": "balance"}),
    ("balance", {"during": pe.Window(202403, 202404), "by": []}),
    ("balance", {}),
    ("growth", {"during": "2024-04", "kind": "mom", "partner": ["US", "not Vietnam"][0:1]}),
    ("growth", {"during": "2024-03", "against": "2023-03", "kind": "cagr", "min_base": 1}),
    ("dependence", {"during": 2024, "lang": "zh"}),
    ("dependence", {"flow": "total", "during": "2024-03/2024-04", "by": ("province", "sector")}),
]


def rows(factor: int, months: tuple[int, ...]) -> list[dict[str, Any]]:
    return [
        {"period": month, "province": province, "partner": partner, "product": product,
         "value": factor * (i + 1) * 1_000_003}
        for month in months
        for i, (province, partner, product) in enumerate(
            (p, q, k) for p in ("44", "14") for q in ("USA", "VNM") for k in ("851779", "980400"))
    ]  # fmt: skip


ALL_MONTHS = (202303, 202304, *(202400 + m for m in range(1, 13)))


@pytest.fixture
def store(make_store: Make) -> Path:
    """Both flows and currencies, then a revision of March 2024 and months that came later."""
    for flow, currency in (("export", "USD"), ("export", "CNY"), ("import", "USD")):
        factor = 7 if currency == "CNY" else 2 if flow == "import" else 1
        path = make_store(
            rows(factor, ALL_MONTHS), flow=flow, currency=currency, vintage=OLD,
            name=f"{flow}-{currency}",
        )  # fmt: skip
    return path


def revise(make_store: Make) -> None:
    make_store(rows(5, (202403,)), vintage=NEW, name="revision")
    make_store(rows(9, (202503,)), vintage=NEW, name="later")


@pytest.mark.parametrize(("metric", "words"), CALLS)
def test_replay_equals_the_frame_also_after_later_loads(
    store: Path, make_store: Make, metric: str, words: dict[str, Any]
) -> None:
    result = getattr(pe, metric)(pe.open(store), **words)
    text = result.receipt.to_json()
    again = pe.Receipt.from_json(text)
    assert again == replace(result.receipt, params=again.params) and again.to_json() == text
    revise(make_store)
    for receipt in (result.receipt, text, json.loads(text)):
        replayed = pe.replay(receipt)
        assert replayed.frame.equals(result.frame)
        assert replayed.receipt == again or replayed.receipt.to_json() == text
        assert replayed.caveats == result.caveats
        assert (replayed.title, replayed.units) == (result.title, result.units)


def test_the_newest_load_gives_the_revised_figure(store: Path, make_store: Make) -> None:
    before = pe.value(pe.open(store), during="2024-03", by=[])
    revise(make_store)
    assert pe.value(pe.open(store), during="2024-03", by=[]).frame["value"].item() == (
        5 * before.frame["value"].item()
    )


@pytest.mark.parametrize("pin", [{"version": 3}, {"as_of": "2024-12-31"}, {"version": 2}])
def test_replay_from_a_pinned_store(store: Path, make_store: Make, pin: dict[str, Any]) -> None:
    revise(make_store)
    trade = pe.open(store, **pin)
    for metric, words in (("value", {}), ("growth", {}), ("dependence", {"partner": "VN"})):
        result = getattr(pe, metric)(trade, during="2024-03", **words)
        # The first load's figures: 1,000,003 times the sum of 1..8, in millions.
        total = "total" if metric == "dependence" else "value"
        assert result.frame[total].sum() == 36 * 1_000_003
        text = result.receipt.to_json()
        make_store(rows(11, (202403,)), vintage=NEW + 100, name="third")
        assert pe.replay(text).frame.equals(result.frame)
        receipt = pe.Receipt.from_json(text)
        assert receipt.as_of == pin.get("as_of") and receipt.load == pin.get(
            "version", receipt.load
        )


def test_a_moved_store_is_named(store: Path, tmp_path: Path) -> None:
    result = pe.value(pe.open(store), during="2024-03")
    moved = store.rename(tmp_path / "moved 库")
    with pytest.raises(StoreError):
        pe.replay(result.receipt)
    assert pe.replay(result.receipt, store=moved).frame.equals(result.frame)


def test_the_sample_replays(tmp_path: Path) -> None:
    trade = pe.sample()
    for metric in (pe.value, pe.balance, pe.growth, pe.dependence):
        result = metric(trade, during="2025-01/2025-07", by=[])
        assert result.receipt.illustrative and result.receipt.store == "sample"
        assert pe.replay(result.receipt.to_json()).frame.equals(result.frame)


@pytest.mark.parametrize(
    "change",
    [
        {"sql": "SELECT 1 AS value"},
        {"params": {"first": 1}},
        {"call": {"during": "2024-04"}},
        {"call": {"during": "2024-03", "partner": "Vietnam"}},
    ],
)
def test_a_changed_receipt_is_refused(store: Path, change: dict[str, Any]) -> None:
    receipt = pe.value(pe.open(store), during="2024-03", partner="US").receipt
    with pytest.raises(QueryError, match="not the one that this version would run") as err:
        pe.replay(replace(receipt, **change))
    assert "install provexpo" in str(err.value.do)


def test_what_is_no_receipt_is_refused(store: Path) -> None:
    receipt = pe.value(pe.open(store), during="2024-03").receipt
    for bad in ("{}", "not json", '{"store": "x"}', "[1]"):
        with pytest.raises(QueryError, match="not a receipt"):
            pe.replay(bad)
    for change in ({"metric": "horoscope"}, {"call": {"during": "2024-03", "colour": "red"}}):
        with pytest.raises(QueryError, match="is not one of this version") as err:
            pe.replay(replace(receipt, **change))
        assert "install provexpo" in str(err.value.do)


@pytest.mark.parametrize("currency", ["USD", "CNY"])
def test_an_auditor_needs_only_the_receipt_and_duckdb(
    store: Path, make_store: Make, currency: str
) -> None:
    """The auditor's path, without a line of provexpo:

    1. read the receipt: the store, the load, the statement and its values;
    2. ask the table `loads` which version of `flows` that load pins, and Delta Lake for the
       Parquet files of that version;
    3. let `flows` be those files, all of them, in a bare DuckDB, and run the statement.
    """
    result = pe.dependence(pe.open(store), during="2024-03/2024-04", currency=currency)
    receipt = json.loads(result.receipt.to_json())
    revise(make_store)

    loads = DeltaTable(Path(receipt["store"]) / "loads").file_uris()
    connection = duckdb.connect()
    pinned = connection.execute(
        "SELECT versions FROM read_parquet(?) WHERE number = ?", [loads, receipt["load"]]
    ).fetchone()
    assert pinned
    version = json.loads(pinned[0])["flows"]
    files = DeltaTable(Path(receipt["store"]) / "flows", version=version).file_uris()
    listed = ", ".join(f"'{f}'" for f in files)
    connection.execute(
        f"CREATE VIEW flows AS SELECT * FROM read_parquet([{listed}], hive_partitioning = true)"
    )
    found = connection.execute(receipt["sql"], receipt["params"])
    names = [d[0] for d in found.description or ()]
    audited = pl.DataFrame(found.fetchall(), schema=names, orient="row", infer_schema_length=None)
    assert audited.height == 2
    for column in audited.columns:
        if column in result.frame.columns:
            assert audited[column].to_list() == result.frame[column].to_list(), column
    assert {"value", "total", "share", "lq", "cum_national_share"} <= set(audited.columns)


def test_values_are_bound_never_written_into_the_statement(store: Path) -> None:
    result = pe.value(pe.open(store), during="2024-03", partner="US", product="8517")
    for text in ("USA", "8517", "202403", "CHN:tidy"):
        assert text not in result.sql
    assert result.params["partner"] == ["USA"]
    assert result.params["product_hs4"] == [8517]
