from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterable
from datetime import date
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.ingest import FileRows
from provexpo.periods import Span, shift
from provexpo.store.loading import load_rows
from provexpo.store.side import SIDE_SCHEMAS, SideRows

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


# One panel that every metric can answer: both flows and currencies, quantities, gross domestic
# product, tariffs, figures published twice; January 2021 to July 2024.

PANEL_MONTHS = tuple(shift(202101, i) for i in range(43))
PANEL_PROVINCES = {"44": 40, "35": 6, "51": 2}
PANEL_PARTNERS = {"USA": 30, "VNM": 12, "DEU": 25, "X701": 1}
PANEL_PRODUCTS = {"85177930": 9, "85171300": 6, "64039900": 4, "94016110": 3, "98040000": 1}
FLOWS, CURRENCIES = ("export", "import"), ("USD", "CNY")


def rate(currency: str, period: int) -> int:
    """Of a thousand dollars, in thousandths."""
    return 1_000 if currency == "USD" else 7_000 + 100 * (period // 100 - 2021)


def panel_rows(flow: str) -> list[Row]:
    """Whole numbers of thousand dollars; nearly every cell is traded each month, and sales to the
    United States fall in 2024."""
    rng = random.Random(f"panel-{flow}")
    rows = []
    for province, size in PANEL_PROVINCES.items():
        for partner, weight in PANEL_PARTNERS.items():
            for product, part in PANEL_PRODUCTS.items():
                if rng.random() < 0.1:
                    continue
                fall = rng.uniform(0.4, 0.9) if partner == "USA" else rng.uniform(0.9, 1.3)
                for period in PANEL_MONTHS:
                    if rng.random() < 0.05 and product != "85177930":
                        continue
                    level = size * weight * part * 1_000 * (fall if period > 202400 else 1.0)
                    value = round(level * rng.uniform(0.8, 1.25)) * 1_000
                    rows.append(
                        {"province": province, "partner": partner, "product": product,
                         "period": period, "value": value, "quantity": rng.randrange(1, 10**5),
                         "unit": "kg"}
                    )  # fmt: skip
    return rows


def panel_side(factor: int = 1) -> list[SideRows]:
    gdp = [
        {"reporter": "CHN", "province": p, "year": y, "currency": "CNY",
         "value": size * 10**11 * factor}
        for p, size in PANEL_PROVINCES.items()
        for y in (2021, 2022, 2023)
    ]  # fmt: skip
    tariffs = [
        {"reporter": "USA", "partner": "CHN", "product": product, "from": date(2024, 2, 10),
         "to": None, "rate": rate, "kind": "additional", "programme": "p"}
        for product, rate in (("8517", 0.2), ("640399", 0.4))
    ]  # fmt: skip
    schema = {k: v for k, v in SIDE_SCHEMAS["tariffs"].items() if k in tariffs[0]}
    return [
        SideRows("gdp", "gdp.csv", "g", pl.DataFrame(gdp), 1_750_000_000),
        SideRows("tariffs", "t.csv", "t", pl.DataFrame(tariffs, schema=schema), 1_750_000_000),
    ]


@pytest.fixture(scope="session")
def panel(
    tmp_path_factory: pytest.TempPathFactory, plant_file: Callable[..., FileRows]
) -> Callable[..., pe.Trade]:
    """The panel as a Trade; `change` makes other rows of each flow's, `options` are those of the
    file. Stores are kept by name for all tests."""
    held: dict[str, pe.Trade] = {}

    def build(
        name: str = "plain",
        change: Callable[[list[Row]], list[Row]] = list,
        *,
        currencies: Iterable[str] = CURRENCIES,
        factor: int = 1,
        gap: tuple[str, int] = ("", 0),
        **options: Any,
    ) -> pe.Trade:
        if name in held:
            return held[name]
        files, first = [], []
        for flow in FLOWS:
            for currency in currencies:
                rows = [
                    {**r, "value": r["value"] * rate(currency, r["period"]) // 1000 * factor}
                    for r in change(panel_rows(flow))
                    if (flow, r["period"]) != gap
                ]
                given = {"flow": flow, "currency": currency, **options}
                files.append(plant_file(rows, name=f"{flow} {currency}", **given))
                old = [
                    {**r, "value": r["value"] * 3 // 4}
                    for r in rows
                    if r["period"] in (202403, 202404)
                ]
                if old and "spans" not in options:
                    given["vintage"] = 1_600_000_000
                    first.append(plant_file(old, name=f"first {flow} {currency}", **given))
        store = tmp_path_factory.mktemp("panel") / "desk"
        if first:
            load_rows(store, first)
        load_rows(store, files, side=panel_side(factor))
        held[name] = pe.open(store)
        return held[name]

    return build


# Windows that a metric needs instead of the usual one.
USUAL = {"gdp_exposure": "2023", "seasonal": "2021-01/2024-07"}


@pytest.fixture(scope="session")
def ask() -> Callable[..., pe.Result]:
    """Call a metric by its name, in the usual window of the panel. A call without further words
    runs once for all tests."""
    held: dict[tuple[int, str], tuple[pe.Trade, pe.Result]] = {}  # the trade keeps its id taken

    def call(trade: pe.Trade, metric: str, **words: Any) -> pe.Result:
        key = (id(trade), metric)
        if not words and key in held:
            return held[key][1]
        function = getattr(import_module(f"provexpo.metrics.{metric}"), metric)
        result: pe.Result = function(
            trade, **{"during": USUAL.get(metric, "2024-03/2024-07"), **words}
        )
        if not words:
            held[key] = (trade, result)
        return result

    return call


@pytest.fixture(scope="session")
def options() -> Callable[[str], set[str]]:
    """The names of a metric's arguments."""
    return lambda metric: set(
        signature(getattr(import_module(f"provexpo.metrics.{metric}"), metric)).parameters
    )


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


@pytest.fixture(scope="session")
def seed_rows() -> Callable[[str], list[dict[str, str]]]:
    """A code table of `seeds/` as plain CSV."""
    folder = Path(__file__).resolve().parents[2] / "seeds"

    def read(name: str) -> list[dict[str, str]]:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture(scope="session")
def parana_cells(parana_rows: Any, seed_rows: Callable[[str], list[dict[str, str]]]) -> Any:
    """Dollars of 2025 (x) and 2024 (b) by place, heading, sector and country, for pandas."""
    country = {
        int(r["code"]): r["partner"] for r in seed_rows("partners") if r["reporter"] == "BRA"
    }
    sector = {r["hs2"]: r["sector"] for r in seed_rows("sectors")}
    rows = parana_rows[parana_rows.year.isin([2024, 2025])].assign(
        country=lambda f: f.partner.map(country), sector=lambda f: f.sh4.str[:2].map(sector)
    )
    assert rows.notna().all().all()
    sums = rows.groupby(["place", "sh4", "sector", "country", "year"])["value"].sum()
    return sums.unstack("year", fill_value=0).rename(columns={2025: "x", 2024: "b"}).reset_index()


@pytest.fixture(scope="session")
def everyone(parana_rows: Any) -> list[str]:
    """The codes of the 238 municipalities of the file."""
    return sorted(parana_rows.place.unique())


@pytest.fixture(scope="session")
def same() -> Callable[..., None]:
    """Every row and column of `want` stands in the frame, to nine digits, and no other row."""

    def check(frame: Any, want: dict[Any, dict[str, Any]], *keys: str) -> None:
        rows = {tuple(r[k] for k in keys): r for r in frame.to_dicts()}
        assert set(rows) == {k if isinstance(k, tuple) else (k,) for k in want}
        for key, figures in want.items():
            row = rows[key if isinstance(key, tuple) else (key,)]
            for column, value in figures.items():
                close = isinstance(value, float)
                expected = pytest.approx(value, rel=1e-9, abs=1e-9) if close else value
                assert row[column] == expected, (key, column)

    return check
