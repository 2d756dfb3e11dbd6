from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.periods import Span, shift

Row = dict[str, Any]
# Rows that a test states as (province, partner, period, value).
Short = tuple[str, str, int, int]


@pytest.fixture(scope="session")
def sample() -> pe.Trade:
    return pe.sample()


@pytest.fixture
def plant(make_store: Callable[..., Path]) -> Callable[..., pe.Trade]:
    """A Trade that holds these rows, all dimensions declared whole."""

    def open_planted(rows: Iterable[Row | Short], **options: Any) -> pe.Trade:
        full = [
            row
            if isinstance(row, dict)
            else dict(zip(("province", "partner", "period", "value"), row, strict=True))
            for row in rows
        ]
        return pe.open(make_store(full, **options))

    return open_planted


@pytest.fixture
def cell() -> Callable[..., Any]:
    """The one value of a column in the rows that match."""

    def find(result: pe.Result, column: str, **keys: Any) -> Any:
        rows = [r for r in result.frame.to_dicts() if all(r[name] == v for name, v in keys.items())]
        assert len(rows) == 1, rows
        return rows[0][column]

    return find


@pytest.fixture
def codes() -> Callable[[pe.Result], list[str]]:
    return lambda result: [c.code for c in result.caveats]


@pytest.fixture
def caveat() -> Callable[[pe.Result, str], str]:
    def text(result: pe.Result, code: str) -> str:
        found = [c.text for c in result.caveats if c.code == code]
        assert len(found) == 1, [(c.code, c.text) for c in result.caveats]
        return found[0]

    return text


@pytest.fixture
def finite() -> Callable[[pe.Result], None]:
    """No infinity and no NaN in any cell."""

    def check(result: pe.Result) -> None:
        for row in result.frame.to_dicts():
            bad = {k: v for k, v in row.items() if isinstance(v, float) and not math.isfinite(v)}
            assert not bad, row

    return check


@pytest.fixture
def close() -> Callable[[Any, float, int], bool]:
    """Equal to half the last printed decimal, as the worked examples state."""
    return lambda got, printed, decimals: abs(got - printed) <= 0.5 * 10**-decimals + 1e-12


def toy() -> list[Short]:
    """TOY-1 of the methods (0.11), in millions: GD 44, FJ 35, HN 41; US, VN, DE."""
    table = {"44": (80, 60, 260), "35": (30, 20, 50), "41": (10, 20, 70)}
    return [
        (province, partner, 202401, value * 1_000_000)
        for province, values in table.items()
        for partner, value in zip(("USA", "VNM", "DEU"), values, strict=True)
    ]


@pytest.fixture
def toy_trade(plant: Callable[..., pe.Trade]) -> pe.Trade:
    return plant(toy())


# Random worlds, for the oracle and the identities

PROVINCES = ("11", "14", "31", "35", "42", "44", "51", "61", "21")
PARTNERS = ("USA", "VNM", "DEU", "THA", "NGA", "BRA", "HKG", "MEX", "X701")
PRODUCTS = (
    "85177930", "85171300", "84713010", "64039900", "94016110", "01012100", "61091000",
    "98040000", "98050000", "99000000",
)  # fmt: skip
FIRST, N_MONTHS = 202301, 26


def world(seed: int, flow: str) -> list[Row]:
    """A sparse, heavy-tailed panel in which cells come and go."""
    rng = random.Random(f"{seed}-{flow}")
    rows = []
    for province in PROVINCES:
        for partner in PARTNERS:
            for product in PRODUCTS:
                if rng.random() < 0.8:
                    continue
                born, dies = rng.randrange(-10, 20), rng.randrange(6, 60)
                for i in range(max(born, 0), min(dies, N_MONTHS)):
                    if rng.random() < 0.6:
                        rows.append(
                            {
                                "period": shift(FIRST, i),
                                "province": province,
                                "partner": partner,
                                "product": product,
                                "value": int(math.exp(rng.gauss(14, 3))),
                            }
                        )
    rng.shuffle(rows)
    return rows


@pytest.fixture(scope="session")
def spans() -> list[Span]:
    """January 2023 to February 2025, month by month."""
    return [(shift(FIRST, i), 1) for i in range(N_MONTHS)]


@pytest.fixture(scope="session")
def worlds() -> dict[tuple[int, str], list[Row]]:
    return {(s, f): world(s, f) for s in (1, 2) for f in ("export", "import")}


@pytest.fixture
def trades(
    plant: Callable[..., pe.Trade], worlds: dict[tuple[int, str], list[Row]], spans: list[Span]
) -> dict[int, pe.Trade]:
    found = {}
    for (seed, flow), rows in worlds.items():
        found[seed] = plant(rows, flow=flow, store=f"w{seed}", spans=spans)
    return found


# A real panel: the exports of the municipalities of one state of Brazil, 2020 to 2025


@pytest.fixture(scope="session")
def parana_file(real_data: Path) -> Path:
    path = real_data / "comexstat" / "parana_exports_2020_2025.parquet"
    if not path.is_file():
        pytest.skip("no Comex Stat file among the real files")
    return path


@pytest.fixture(scope="session")
def parana(tmp_path_factory: pytest.TempPathFactory, parana_file: Path) -> pe.Trade:
    """The real file loaded once for all tests. Ask it with `reporter="BRA"`."""
    store = tmp_path_factory.mktemp("parana") / "desk"
    pe.add(store, parana_file, flow="export")
    return pe.open(store)


@pytest.fixture(scope="session")
def parana_rows(parana_file: Path) -> Any:
    """The same rows as a pandas frame, for oracles: year, month, place, partner (the ministry's
    code, 249 the United States), sh4, value, kg; all whole numbers but the text in sh4 and place.
    """
    import pandas as pd
    import polars as pl

    frame = pl.read_parquet(parana_file).select(
        year="CO_ANO",
        month="CO_MES",
        place=pl.col("CO_MUN").cast(pl.String),
        partner="CO_PAIS",
        sh4="SH4",
        value=pl.col("VL_FOB").cast(pl.Int64),
        kg=pl.col("KG_LIQUIDO").cast(pl.Int64),
    )
    return pd.DataFrame(frame.to_dict(as_series=False))
