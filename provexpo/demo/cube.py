"""The illustrative cube: province x partner x HS8 x month, made from published totals.

It looks like customs data and is none. The frame (`frame.py`) holds what is published, `series.py`
draws the trade that fills it, and here the months are fitted, rounded and handed over as rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from provexpo.demo import frame as frames
from provexpo.demo import published, tables
from provexpo.demo import series as drawing
from provexpo.demo.files import CUBE, VINTAGE, file_of, scope_of
from provexpo.demo.frame import Frame
from provexpo.demo.series import Series
from provexpo.demo.steer import steer
from provexpo.demo.tables import BULLETIN_MONTHS, FLOWS, MONTHS, Flags, Floats, Ints
from provexpo.errors import CheckError
from provexpo.ingest.rows import ROW_SCHEMA, FileRows, Grain

LEAST_CNY = 300.0  # smaller cells are dropped: customs records have a value of some dollars
LAYOUT = "illustrative"
NOTE = "illustrative sample, not data"
PARTS = (
    ("bulletin_months", tuple(BULLETIN_MONTHS),
     "province totals as published in the bulletin, at the level of the revised 2024"),
    ("extrapolated", tuple(m for m in MONTHS if m not in BULLETIN_MONTHS),
     "months extrapolated from a national frame and the provinces' profile"),
)  # fmt: skip


@dataclass(frozen=True)
class Cells:
    """The cells of one flow, sorted by month, province, partner and product."""

    month: Ints
    series: Ints
    value: Floats


def build() -> tuple[FileRows, ...]:
    """Return the cube and the tables beside it as if read from files, always the same.

    Raises CheckError when the seeds contradict each other.
    """
    cubes = [f for i, flow in enumerate(FLOWS) for f in _flow(flow, i)]
    return (*cubes, _bulletin(), *published.build(cubes))


def is_cube(file: FileRows) -> bool:
    """Whether the rows are the illustrative cube's, not those of a table beside it."""
    return file.layout == LAYOUT


def _flow(flow: str, number: int) -> list[FileRows]:
    rng = np.random.Generator(np.random.PCG64([20251220, number]))
    frame = frames.build(flow)
    s = drawing.draw(flow, frame, rng)
    cells = _start(s, drawing.active(s, rng), rng)
    cells = _fitted(flow, s, cells, frame)
    cny = _whole(
        cells.value, cells.month * len(frame.totals) + s.province[cells.series], frame.totals
    )
    usd = np.rint(cny / tables.rates()[cells.month]).astype(np.int64)
    return _files(flow, s, cells, {"USD": usd, "CNY": cny}, rng)


def _start(s: Series, active: Flags, rng: np.random.Generator) -> Cells:
    """Values before any fitting: the series' weight, its product's trend, and luck."""
    month, series = np.nonzero(active)
    year = np.array([m // 100 - 2022 for m in MONTHS])[month]
    luck = drawing.lognormal(rng, 0.1, (4, len(s)))
    value = s.weight[series] * luck[year, series] * drawing.lognormal(rng, 0.45, len(month))
    value *= np.where(year == 3, tables.products().trend[s.product[series]], 1.0)
    return Cells(month, series, value)


def _fitted(flow: str, s: Series, cells: Cells, frame: Frame) -> Cells:
    """Scale to the frame and steer; drop what is too small to be a record; once more."""
    fixed = _baskets(s, cells) if flow == "export" else np.zeros(len(cells.month), dtype=np.bool_)
    for _ in range(2):
        cells = _held(flow, s, cells, frame, fixed)
        enough = (cells.value >= LEAST_CNY) | fixed
        cells = Cells(cells.month[enough], cells.series[enough], cells.value[enough])
        fixed = fixed[enough]
    return _held(flow, s, cells, frame, fixed)


def _held(flow: str, s: Series, cells: Cells, frame: Frame, fixed: Flags) -> Cells:
    """The cells at their margins and, of exports, inside the steering rules."""
    cells = _scaled(s, cells, frame, fixed)
    if flow != "export":
        return cells

    def rescale(value: Floats) -> Floats:
        return _scaled(s, Cells(cells.month, cells.series, value), frame, fixed).value

    value = steer(s, cells.month, cells.series, cells.value, fixed, tables.rates(), rescale)
    return Cells(cells.month, cells.series, value)


def _baskets(s: Series, cells: Cells) -> Flags:
    """Set, in place, the cells whose growth was published; returns which they are."""
    places, partners, products = tables.provinces(), tables.partners(), tables.products()
    rates = tables.rates()
    fixed = np.zeros(len(cells.month), dtype=np.bool_)
    base = (cells.month >= MONTHS.index(202401)) & (cells.month <= MONTHS.index(202407))
    current = (cells.month >= MONTHS.index(202501)) & (cells.month <= MONTHS.index(202507))
    for rule in tables.read("sample_basket_targets.csv"):
        chosen = np.array([c.startswith(rule["product_prefix"]) for c in products.codes])
        series = (
            (s.province == places.index(rule["province"]))
            & (s.partner == partners.position(rule["partner"]))
            & chosen[s.product]
        )
        mine = series[cells.series]
        dollars = cells.value / rates[cells.month]
        before = float(rule["base_usd_million"]) * 1e6
        for window, years, target in (
            (base, cells.month < MONTHS.index(202501), before),
            (current, cells.month >= MONTHS.index(202501), before * float(rule["ratio"])),
        ):
            held = drawing.weight_sum(dollars[mine & window])
            cells.value[mine & years] *= target / held
        fixed |= mine
    return fixed


def _scaled(s: Series, cells: Cells, frame: Frame, fixed: Flags) -> Cells:
    """Scale each province x partner group x month to its target, around the fixed cells."""
    n_places, n_groups = len(frame.totals), len(frame.groups)
    group = tables.partners().group[s.partner[cells.series]]
    block = (cells.month * n_places + s.province[cells.series]) * n_groups + group
    size = len(MONTHS) * n_places * n_groups

    def sums(where: Flags) -> Floats:
        held = np.bincount(block[where], weights=cells.value[where], minlength=size)
        return held.astype(np.float64)

    loose, held = sums(~fixed), sums(fixed)
    target = _targets(frame, loose, held)
    short = (target <= 0) & (loose > 0)
    if bool(short.any()):
        at = np.flatnonzero(short)[0]
        raise CheckError(
            "a basket is larger than the trade that holds it: province "
            f"{tables.provinces()[at // n_groups % n_places]}, {tables.groups()[at % n_groups]}, "
            f"{MONTHS[at // n_groups // n_places]}",
            where="seeds/sample_basket_targets.csv",
            expected="a basket inside the province's trade with the partner group",
            do="lower base_usd_million",
        )
    factor = np.divide(target, loose, out=np.zeros(size), where=loose > 0)
    return Cells(
        cells.month, cells.series, np.where(fixed, cells.value, cells.value * factor[block])
    )


def _targets(frame: Frame, loose: Floats, held: Floats) -> Floats:
    """What the loose cells of each block must add up to (flat: month, province, group)."""
    shape = (len(MONTHS), *(len(a) for a in (frame.totals, frame.groups)))
    start = loose.reshape(shape).transpose(1, 2, 0)
    fixed = held.reshape(shape).transpose(1, 2, 0)
    out = np.zeros_like(start)
    rows, cols = frame.totals - fixed.sum(axis=1), frame.groups - fixed.sum(axis=0)
    if frame.us is None:
        out = frames.fit(start, rows, cols)
    else:
        us = frame.us - fixed[:, 0]
        out[:, 0] = us
        out[:, 1:] = frames.fit(start[:, 1:], rows - us, cols[1:])
    return out.transpose(2, 0, 1).ravel()


def _whole(value: Floats, block: Ints, totals: Floats) -> Ints:
    """Round to whole yuan, the largest remainders up, so that province and month add up exactly."""
    target = totals.T.ravel()
    held = np.bincount(block, weights=value, minlength=len(target))
    exact = value * np.divide(target, held, out=np.ones_like(held), where=held > 0)[block]
    floor = np.floor(exact)
    missing = np.rint(target - np.bincount(block, weights=floor, minlength=len(target))).astype(
        np.int64
    )
    order = np.lexsort((floor - exact, block))
    first = np.searchsorted(block[order], np.arange(len(target)))
    rank = np.arange(len(order)) - first[block[order]]
    whole = floor.astype(np.int64)
    whole[order] += rank < missing[block[order]]
    return whole


def _files(
    flow: str, s: Series, cells: Cells, values: dict[str, Ints], rng: np.random.Generator
) -> list[FileRows]:
    columns = _columns(flow, s, cells, values["USD"], rng)
    out = []
    for currency, value in values.items():
        rows = columns.with_columns(
            pl.Series("value", value), pl.lit(currency).alias("currency")
        ).select(pl.col(name).cast(kind) for name, kind in ROW_SCHEMA.items())
        for part, months, note in PARTS:
            path = f"illustrative/{flow}_{currency.lower()}_{part}"
            chosen = rows.filter(pl.col("period").is_in(months))
            scope = scope_of(CUBE, flow, currency, [(m, 1) for m in months], path)
            out.append(file_of(path, LAYOUT, chosen, (scope,), (NOTE, note)))
    return out


def _columns(
    flow: str, s: Series, cells: Cells, usd: Ints, rng: np.random.Generator
) -> pl.DataFrame:
    partners, products = tables.partners(), tables.products()
    province, partner, product = (a[cells.series] for a in (s.province, s.partner, s.product))
    price = products.unit_value[s.product] * drawing.lognormal(rng, 0.6, len(s))
    quantity = usd / (price[cells.series] * drawing.lognormal(rng, 0.08, len(usd)))
    weight = usd / (9.0 * drawing.lognormal(rng, 0.9, len(s)))[cells.series]
    unit2 = pl.Series([u or None for u in products.units2], dtype=pl.String).gather(product)
    return pl.DataFrame(
        {
            "period": np.array(MONTHS)[cells.month],
            "province": pl.Series(tables.provinces()).gather(province),
            "partner": pl.Series(partners.names).gather(partner),
            "partner_code": pl.Series(partners.codes).gather(partner),
            "old_code": pl.Series(partners.codes_2023).gather(partner),
            "product": np.array([int(c) for c in products.codes])[product],
            "quantity": np.rint(quantity).astype(np.int64),
            "unit": pl.Series(products.units).gather(product),
            "unit2": unit2,
            "quantity2": np.rint(weight).astype(np.int64),
        }
    ).with_columns(
        pl.when(pl.col("unit2").is_not_null()).then("quantity2").alias("quantity2"),
        pl.when(pl.col("period") > 202312).then("partner_code").otherwise("old_code")
        .alias("partner_code"),
        reporter=pl.lit("CHN"), flow=pl.lit(flow), months=pl.lit(1), regime=pl.lit(None),
        grain=pl.lit(CUBE.id), vintage=pl.lit(VINTAGE),
    )  # fmt: skip


def _bulletin() -> FileRows:
    """The published province totals themselves, so that `check` has something to compare with."""
    path = "gacc_bulletin/table_8_2024-01_2025-01"
    rows, scopes = [], []
    for flow in FLOWS:
        for by_place in (True, False):
            grain = Grain("CHN", "gacc_bulletin", province=by_place, partner=False,
                          product_level=0, regime=False, rounding=frames.UNIT)  # fmt: skip
            scopes.append(scope_of(grain, flow, "CNY", [(m, 1) for m in BULLETIN_MONTHS], path))
            for (place, month), value in tables.bulletin(flow).items():
                if (place != "nation") == by_place:
                    rows.append(
                        {"reporter": "CHN", "flow": flow, "period": month, "months": 1,
                         "province": place if by_place else None, "currency": "CNY",
                         "value": value * frames.UNIT, "grain": grain.id, "vintage": VINTAGE}
                    )  # fmt: skip
    frame = pl.DataFrame(rows, schema=ROW_SCHEMA)
    note = "province totals as first published by the General Administration of Customs"
    return file_of(path, "gacc_bulletin", frame, tuple(scopes), (note,))
