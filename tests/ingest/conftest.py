"""Small customs files of our own making, in the forms that occur."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

CHINESE = (
    "数据年月", "商品编码", "商品名称", "贸易伙伴编码", "贸易伙伴名称",
    "贸易方式编码", "贸易方式名称", "注册地编码", "注册地名称",
    "第一数量", "第一计量单位", "第二数量", "第二计量单位", "美元",
)  # fmt: skip
ENGLISH = (
    "Date of data", "Commodity code", "Commodity", "Trading partner code", "Trading partner",
    "Customs Regime code", "Customs Regime", "Locations of importers and exporters code",
    "Locations of importers and exporters", "Quantity", "Unit", "Supplementary Quantity",
    "Supplementary Unit", "US dollar",
)  # fmt: skip


def cells(
    month: str = "202501", product: str = "85177950", partner: str = "502", regime: str = "10",
    province: str = "44", quantity: str = "12", value: str = "1,234",
) -> list[str]:  # fmt: skip
    """One data row of the full header."""
    return [
        month, product, "光通信设备的激光收发模块", partner, "美国", regime,
        "一般贸易", province, "广东省", quantity, "千克", "0", "?", value,
    ]  # fmt: skip


@pytest.fixture
def full_row() -> Callable[..., list[str]]:
    return cells


def query_text(header: Sequence[str], rows: Sequence[Sequence[str]], newline: str = "\n") -> str:
    """Every field quoted, a comma after the last one, as the site writes it."""
    lines = [header, *rows]
    return "".join(",".join(f'"{cell}"' for cell in line) + "," + newline for line in lines)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write text (or bytes) to a file of the test's own folder."""

    def to_file(name: str, content: str | bytes, encoding: str = "gb18030") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return to_file


@pytest.fixture
def query_file(write: Callable[..., Path]) -> Callable[..., Path]:
    """Write a query download: rows of cells under a header (the full Chinese one by default)."""

    def to_file(
        rows: Sequence[Sequence[str]],
        *,
        header: Sequence[str] = CHINESE,
        name: str = "downloadData (17).csv",
        encoding: str = "gb18030",
        newline: str = "\n",
    ) -> Path:
        return write(name, query_text(header, rows, newline), encoding)

    return to_file


@pytest.fixture
def chinese() -> tuple[str, ...]:
    return CHINESE


@pytest.fixture
def english() -> tuple[str, ...]:
    return ENGLISH
