"""Small files of our own, and ways to look at a store without the library's help."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable

from provexpo.store.snapshot import open_snapshot

HEADER = (
    "数据年月", "商品编码", "商品名称", "贸易伙伴编码", "贸易伙伴名称", "贸易方式编码",
    "贸易方式名称", "注册地编码", "注册地名称", "第一数量", "第一计量单位", "第二数量",
    "第二计量单位", "美元",
)  # fmt: skip
State = dict[tuple[int, str, str], int]  # period, province, partner code -> value


def write_query(path: Path, figures: Mapping[tuple[int, str, str], int]) -> Path:
    """A query download of one product in GB18030, as the site writes it."""
    rows = [
        (str(period), "85177950", "收发模块", partner, "国家", "10", "一般贸易", province, "某地",
         "1", "千克", "0", "?", f"{value:,}")
        for (period, province, partner), value in figures.items()
    ]  # fmt: skip
    lines = (",".join(f'"{cell}"' for cell in row) + ",\n" for row in (HEADER, *rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(lines).encode("gb18030"))
    return path


@pytest.fixture
def query_csv(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, figures: Mapping[tuple[int, str, str], int]) -> Path:
        return write_query(tmp_path / name, figures)

    return write


def state_of(store: Path, version: int | None = None) -> State:
    """The current rows that a reader of a load sees."""
    paths = open_snapshot(store, version=version).files("flows")
    if not paths:
        return {}
    rows = pl.read_parquet(paths, hive_partitioning=False).to_dicts()
    found = {(r["period"], r["province"], r["partner_code"]): r["value"] for r in rows}
    assert len(found) == len(rows), "one row a cell"
    return found


@pytest.fixture
def state() -> Callable[..., State]:
    return state_of


def everything_in(folder: Path) -> dict[str, Any]:
    """Every file below a folder with its size and time, but for the lock."""
    if not folder.exists():
        return {"": "absent"}
    return {
        str(p.relative_to(folder)): (p.stat().st_size, p.stat().st_mtime_ns)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


@pytest.fixture
def listing() -> Callable[[Path], dict[str, Any]]:
    return everything_in


@pytest.fixture
def table_versions() -> Callable[[Path], dict[str, int]]:
    def versions(store: Path) -> dict[str, int]:
        tables = [p.name for p in store.iterdir() if (p / "_delta_log").is_dir()]
        return {t: DeltaTable(str(store / t)).version() for t in sorted(tables)}

    return versions


@pytest.fixture
def as_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
