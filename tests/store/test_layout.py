"""How the tables lie on the disk, and what a load may not touch."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable

from provexpo.store import commit, delta
from provexpo.store.loading import load_rows
from provexpo.store.snapshot import open_snapshot, read_loads

T0 = 1_700_000_000
ORDER = ["grain", "partner", "product", "province", "regime", "period"]


def rows(periods: list[int], value: int = 1) -> list[dict[str, Any]]:
    """Every combination, in an order that is not the store's."""
    return [
        {"period": period, "province": province, "partner": partner, "product": product,
         "regime": regime, "value": value + n}
        for period in reversed(periods)
        for regime in ("14", "10")
        for province in ("44", "11")
        for n, product in enumerate(("85177950", "01012100"))
        for partner in ("VNM", "USA", "DEU")
    ]  # fmt: skip


def parquet(store: Path, table: str = "flows") -> set[str]:
    return {str(p.relative_to(store / table)) for p in (store / table).rglob("*.parquet")}


def in_use(store: Path) -> set[str]:
    return {str(Path(p).relative_to(store / "flows")) for p in open_snapshot(store).files("flows")}


def is_sorted(path: str) -> bool:
    frame = pl.read_parquet(path, hive_partitioning=False)
    return frame.equals(frame.sort(ORDER, maintain_order=True))


def parent(path: str) -> str:
    return str(Path(path).parent)


def test_partitions_are_flow_currency_and_year(tmp_path: Path, plant_file: Any) -> None:
    files = [
        plant_file(rows([202312, 202401]), flow=flow, currency=currency, name=f"{flow} {currency}")
        for flow in ("export", "import")
        for currency in ("USD", "CNY")
    ]
    load_rows(tmp_path / "desk", files)
    assert {parent(p) for p in in_use(tmp_path / "desk")} == {
        f"flow={flow}/currency={currency}/year={year}"
        for flow in ("export", "import")
        for currency in ("USD", "CNY")
        for year in (2023, 2024)
    }
    some = open_snapshot(tmp_path / "desk").files("flows", flow="import", currency="CNY", year=2023)
    assert [parent(os.path.relpath(p, tmp_path)) for p in some] == [
        "desk/flows/flow=import/currency=CNY/year=2023"
    ]


def test_rows_are_sorted_after_an_append_and_after_a_rewrite(
    tmp_path: Path, plant_file: Any
) -> None:
    store = tmp_path / "desk"
    load_rows(store, [plant_file(rows([202401, 202403]))])
    load_rows(store, [plant_file(rows([202402, 202412]))])
    held = open_snapshot(store).files("flows")
    assert len(held) == 2 and all(map(is_sorted, held))
    load_rows(store, [plant_file(rows([202401], value=5), vintage=T0 + 1)])
    held = open_snapshot(store).files("flows")
    assert len(held) == 1 and all(map(is_sorted, held))
    assert pl.read_parquet(held[0], hive_partitioning=False).height == 4 * 24


def test_files_are_zstd_in_row_groups_of_122880(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": pl.int_range(200_000, eager=True)})
    delta.append(tmp_path / "t", frame, [])
    [file] = delta.files(tmp_path / "t")
    # The codec stands in the file's name too, as the writer gives it.
    assert ".zstd." in file.path
    actions = pl.DataFrame(DeltaTable(str(tmp_path / "t")).get_add_actions(flatten=True))
    assert actions["num_records"].to_list() == [200_000]
    import duckdb

    groups = duckdb.sql(
        f"SELECT DISTINCT row_group_num_rows, compression FROM parquet_metadata('{file.path}')"
    )
    assert sorted(pl.DataFrame(groups).rows()) == [(77_120, "ZSTD"), (122_880, "ZSTD")]


def test_a_revision_of_one_year_leaves_the_others_alone(tmp_path: Path, plant_file: Any) -> None:
    store = tmp_path / "desk"
    load_rows(store, [plant_file(rows([202212, 202312, 202412]))])
    load_rows(store, [plant_file(rows([202312]), currency="CNY")])
    before, files = in_use(store), parquet(store)
    revised = [{**r, "value": 99} if r["province"] == "44" else r for r in rows([202312])]
    load_rows(store, [plant_file(revised, vintage=T0 + 1)])
    after = in_use(store)
    part = "flow=export/currency=USD/year=2023"
    assert {parent(p) for p in before ^ after} == {part}
    assert len([p for p in after if parent(p) == part]) == 1
    assert {parent(p) for p in parquet(store) - files} == {part}
    assert files <= parquet(store), "old files stay: old loads read them"


def test_a_partition_can_lose_all_its_rows(tmp_path: Path, plant_file: Any, state: Any) -> None:
    store = tmp_path / "desk"
    row = {"province": "11", "partner": "USA", "value": 1}
    load_rows(store, [plant_file([{**row, "period": p} for p in (202312, 202401)])])
    newer = plant_file(
        [{**row, "period": 202401}], spans=[(202312, 1), (202401, 1)], vintage=T0 + 1
    )
    report = load_rows(store, [newer])
    assert (report.rows_removed, report.rows_unchanged) == (1, 1)
    assert state(store) == {(202401, "11", "USA"): 1}
    assert len(state(store, 1)) == 2


def test_many_small_files_become_one_sorted_file(
    tmp_path: Path, plant_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "MAX_FILES", 4)
    store, counts = tmp_path / "desk", []
    for month in range(1, 8):
        load_rows(store, [plant_file(rows([202400 + month]))])
        counts.append(len(in_use(store)))
    assert counts == [1, 2, 3, 4, 1, 2, 3]
    held = open_snapshot(store).files("flows")
    assert all(map(is_sorted, held))
    assert sum(pl.read_parquet(p, hive_partitioning=False).height for p in held) == 7 * 24
    for version in range(1, 8):
        paths = open_snapshot(store, version=version).files("flows")
        assert (
            sum(pl.read_parquet(p, hive_partitioning=False).height for p in paths) == version * 24
        )


def test_compacted_loads_stay_readable_at_their_version(
    tmp_path: Path, plant_file: Any, monkeypatch: pytest.MonkeyPatch, state: Any
) -> None:
    monkeypatch.setattr(commit, "MAX_LOAD_FILES", 3)
    store = tmp_path / "desk"
    row = {"period": 202401, "province": "11", "partner": "USA"}
    for n in range(1, 9):
        load_rows(store, [plant_file([{**row, "value": n}], vintage=T0 + n)])
        assert len(delta.files(store / "loads")) <= 3
        assert [load.number for load in read_loads(store)] == list(range(1, n + 1))
    for n in range(1, 9):
        assert state(store, n) == {(202401, "11", "USA"): n}


def test_history_only_grows(tmp_path: Path, plant_file: Any) -> None:
    store = tmp_path / "desk"
    row = {"period": 202401, "province": "11", "partner": "USA"}
    seen: set[str] = set()
    for n in range(1, 7):
        load_rows(store, [plant_file([{**row, "value": n}], vintage=T0 + n)])
        files = set(open_snapshot(store).files("history"))
        assert seen <= files
        seen = files
    values = pl.read_parquet(sorted(seen), hive_partitioning=False)["value"].to_list()
    assert sorted(values) == [1, 2, 3, 4, 5]


def test_old_loads_outlive_checkpoints_and_the_thirty_days_of_the_log(tmp_path: Path) -> None:
    """By default the library deletes log entries of that age when it writes a checkpoint."""
    table, old = tmp_path / "t", time.time() - 90 * 86_400
    for n in range(205):
        delta.append(table, pl.DataFrame({"n": [n]}), [])
        if n == 150:
            for entry in (table / "_delta_log").iterdir():
                os.utime(entry, (old, old))
    assert list((table / "_delta_log").glob("*.checkpoint.parquet"))
    for n in (0, 1, 99, 100, 204):
        assert len(delta.files(table, n)) == n + 1


def test_sixty_small_loads(tmp_path: Path, plant_file: Any, state: Any) -> None:
    store = tmp_path / "desk"
    row = {"province": "11", "partner": "USA"}
    expected = {}
    for n in range(60):
        period = 202001 + n // 12 * 100 + n % 12
        load_rows(store, [plant_file([{**row, "period": period, "value": n}])])
        expected[(period, "11", "USA")] = n
    assert state(store) == expected
    assert len(state(store, 17)) == 17
    assert len(open_snapshot(store).scopes) == 60
