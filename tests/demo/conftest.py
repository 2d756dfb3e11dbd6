from __future__ import annotations

import polars as pl
import pytest

from provexpo.demo.cube import build
from provexpo.ingest.rows import FileRows


@pytest.fixture(scope="session")
def files() -> tuple[FileRows, ...]:
    return build()


@pytest.fixture(scope="session")
def cube(files: tuple[FileRows, ...]) -> pl.DataFrame:
    return pl.concat([f.rows for f in files if f.layout == "illustrative"])


@pytest.fixture(scope="session")
def exports(cube: pl.DataFrame) -> pl.DataFrame:
    """Exports in USD, the currency of the published statements."""
    return cube.filter((pl.col("flow") == "export") & (pl.col("currency") == "USD"))
