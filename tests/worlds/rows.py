"""The rows of a store for one world: its national series split over provinces and partners.

Sums over provinces give back the series of the world to the dollar, so the cells of the signal
read from the store are those of cells.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .cells import month
from .world import HUB_TARIFF, HUBS, N_MONTHS, Bools, Floats, Ints, World

PROVINCES = (
    "44", "33", "32", "31", "35", "37", "11", "12", "13", "14", "15", "21", "22", "23", "34", "36",
    "41", "42", "43", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65",
)  # fmt: skip
COAST = 6  # of these, the first six hold the largest part of every product
INLAND = ("34", "43", "42", "65", "52", "41")  # of these, two buy records, two have new plants
OTHERS = ("DEU", "JPN", "BRA")
SLOTS = 6  # provinces that make a product
RISE = (2025, 4, 1)
QUARTER_END = (np.arange(N_MONTHS) % 3) == 2
DEAR, DEAR_SINCE = 2, 48  # the slot whose unit value jumps, from January 2025
PRICE_BLUR = 0.08  # sd of a province's monthly price against the nation's
MIRROR = 1.15  # what China records of its sales to the United States, over what arrives


Plant = tuple[str, int, str, int]  # province, product, partner, first month


@dataclass(frozen=True)
class Province:
    """What was planted at the level of provinces."""

    padded: tuple[Plant, ...]  # bought export records, at quarter-ends above all
    opened: tuple[Plant, ...]  # an honest new plant
    dear: tuple[tuple[str, int], ...]  # province and product: a third of the quantity from 2025
    mispriced: Bools  # products that China under-records to the United States in the last year


@dataclass(frozen=True)
class Tables:
    exports: pl.DataFrame  # period, province, partner, product, value, quantity
    imports: pl.DataFrame  # period, partner, product, value, quantity
    sold: pl.DataFrame  # what hubs and Germany export to France: also `reporter`
    tariffs: pl.DataFrame
    planted: Province


def tables(world: World, codes: list[str]) -> Tables:
    """Rows for the store; `codes` are the HS6 of the products."""
    rng = np.random.default_rng([4_411, world.family.stream, world.seed])
    k = world.c.shape[0]
    assert len(codes) == k
    to_us, mispriced = _sold_to_us(world, rng)
    flows = {h: (world.a[i], world.qa[i]) for i, h in enumerate(HUBS)}
    flows["USA"] = (to_us, _kilos(to_us, world, rng))
    for name, part in zip(OTHERS, _split(world.c, _shares(rng, k, len(OTHERS)))):
        flows[name] = (part, _kilos(part, world, rng))
    exports, planted = _by_province(world, flows, codes, rng)
    imports = {h: (world.u[i], world.qu[i]) for i, h in enumerate(HUBS)}
    imports["CHN"] = (world.d, _kilos(world.d, world, rng))
    for name, part in zip(OTHERS, _split(world.w, _shares(rng, k, len(OTHERS)))):
        imports[name] = (part, _kilos(part, world, rng))
    long = [_long(v, q, codes).with_columns(partner=pl.lit(p)) for p, (v, q) in imports.items()]
    sellers = dict(zip((*HUBS, "DEU"), (*world.v, world.vo)))
    sold = [_long(v, v, codes).with_columns(reporter=pl.lit(r), partner=pl.lit("FRA"))
            for r, v in sellers.items()]  # fmt: skip
    return Tables(exports, pl.concat(long), pl.concat(sold), tariff_rows(world, codes),
                  Province(*planted, mispriced))  # fmt: skip


def tariff_rows(world: World, codes: list[str]) -> pl.DataFrame:
    """The additional rates of the United States from the day of the event."""
    rows = [("CHN", code, float(rate)) for code, rate in zip(codes, world.tariff)]
    rows += [(hub, None, float(rate)) for hub, rate in zip(HUBS, HUB_TARIFF)]
    schema = {"partner": pl.String, "product": pl.String, "rate": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.date(*RISE).alias("from"),
        reporter=pl.lit("USA"),
        kind=pl.lit("additional"),
        programme=pl.lit("planted"),
        source=pl.lit("planted"),
    )


def _sold_to_us(world: World, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """China's own record of its sales: a month before they arrive, and somewhat more."""
    k = world.d.shape[0]
    gap = MIRROR * np.exp(rng.normal(0, 0.1, (k, 1)) + rng.normal(0, 0.04, world.d.shape))
    mispriced = rng.random(k) < 0.06
    gap[:, -12:] *= np.where(mispriced, rng.uniform(0.6, 0.8, k), 1.0)[:, None]
    ahead = np.concatenate([world.d[:, 1:], world.d[:, -1:]], axis=1)
    return np.rint(ahead * gap).astype(np.int64), mispriced


def _kilos(value: Ints, world: World, rng: np.random.Generator) -> Ints:
    """Quantities at the price of China's goods, which the world's own quantities show."""
    price = (world.a.sum(axis=(0, 2)) + 1) / (world.qa.sum(axis=(0, 2)) + 1)
    blur = np.exp(rng.normal(0, world.drawn["price_noise"], value.shape))
    kilos = np.maximum(np.rint(value / price[:, None] * blur), 1)
    return np.where(value > 0, kilos, 0).astype(np.int64)


def _shares(rng: np.random.Generator, k: int, n: int) -> Floats:
    """Product x month x part: steady shares, shaken a little each month."""
    level = np.exp(rng.normal(0, 0.8, (k, 1, n)) + rng.normal(0, 0.12, (k, N_MONTHS, n)))
    return level / level.sum(axis=-1, keepdims=True)


def _split(total: Ints, shares: Floats) -> list[Ints]:
    """Whole parts that add up to the total: the first takes what rounding leaves."""
    parts = np.floor(total[..., None] * shares).astype(np.int64)
    parts[..., 0] += total - parts.sum(axis=-1)
    return [parts[..., i] for i in range(shares.shape[-1])]


def _long(value: Ints, kilos: Ints, codes: list[str]) -> pl.DataFrame:
    """product x month arrays as rows, where there is something."""
    good, at = np.nonzero(value)
    return pl.DataFrame(
        {
            "period": np.array([month(i) for i in range(N_MONTHS)], np.int32)[at],
            "product": np.array([int(c) for c in codes], np.int64)[good],
            "value": value[good, at],
            "quantity": kilos[good, at],
        }
    )


def _by_province(
    world: World, flows: dict[str, tuple[Ints, Ints]], codes: list[str], rng: np.random.Generator
) -> tuple[pl.DataFrame, tuple[tuple[Plant, ...], tuple[Plant, ...], tuple[tuple[str, int], ...]]]:
    k = len(codes)
    makers = np.argsort(rng.random((k, len(PROVINCES) - COAST)), axis=1)[:, : SLOTS - 1] + COAST
    makers = np.concatenate([rng.integers(0, COAST, (k, 1)), makers], axis=1)
    weight = rng.normal(0, 0.6, (k, 1, SLOTS)) - 0.7 * np.arange(SLOTS)
    padded, opened = _plants(world, rng)
    dearer = rng.random(k) < world.family.padding[1] / 2
    frames = []
    for partner, (value, kilos) in flows.items():
        tilt = rng.normal(0, 0.4, (k, 1, SLOTS)) + rng.normal(0, 0.1, (k, N_MONTHS, SLOTS))
        share = np.exp(weight + tilt)
        share /= share.sum(axis=-1, keepdims=True)
        moved = np.zeros((k, N_MONTHS, 1))  # part of the first slot that is registered elsewhere
        shell = np.zeros(k, np.int64)
        for plants, steady in ((padded, False), (opened, True)):
            for place, good, to, start in plants:
                if to == partner:
                    at_end, between = rng.uniform(0.5, 0.95), rng.uniform(0, 0.4)
                    heavy = QUARTER_END[start:] | steady
                    moved[good, start:, 0] = np.where(heavy, at_end, between)
                    shell[good] = PROVINCES.index(place)
        full = np.concatenate([share, share[..., :1] * moved], axis=-1)
        full[..., :1] -= full[..., -1:]
        where = np.concatenate([makers, shell[:, None]], axis=1)
        frames.append(_slots(value, kilos, full, where, codes, dearer, rng, partner))
    dear = tuple((PROVINCES[makers[g, DEAR]], g) for g in np.nonzero(dearer)[0].tolist())
    return pl.concat(frames), (padded, opened, dear)


def _plants(world: World, rng: np.random.Generator) -> tuple[tuple[Plant, ...], tuple[Plant, ...]]:
    """Bought records and, as often, honest new plants: several partners of a product."""
    chance = float(rng.uniform(*world.family.padding))
    places = rng.permutation(INLAND)[:4].reshape(2, 2)
    kind = rng.random(world.c.shape[0])
    found: tuple[list[Plant], list[Plant]] = ([], [])
    for good in np.nonzero(kind < 2 * chance)[0].tolist():
        honest = int(kind[good] >= chance)
        place, start = str(rng.choice(places[honest])), int(rng.integers(36, 40))
        buyers = rng.permutation([*HUBS, "USA", *OTHERS])[: rng.integers(2, 11)]
        found[honest].extend((place, good, str(to), start) for to in buyers)
    return tuple(found[0]), tuple(found[1])


def _slots(
    value: Ints, kilos: Ints, share: Floats, where: Ints, codes: list[str], dearer: Bools,
    rng: np.random.Generator, partner: str,
) -> pl.DataFrame:  # fmt: skip
    by_weight = share * np.exp(rng.normal(0, PRICE_BLUR, share.shape))
    by_weight /= by_weight.sum(axis=-1, keepdims=True)
    values, weights = _split(value, share), _split(kilos, by_weight)
    shrunk = np.where(dearer[:, None] & (np.arange(N_MONTHS) >= DEAR_SINCE), 3, 1)
    weights[DEAR] = np.where(weights[DEAR] > 0, np.maximum(weights[DEAR] // shrunk, 1), 0)
    frames = []
    for slot, (v, q) in enumerate(zip(values, weights)):
        good, _ = np.nonzero(v)
        province = np.array(PROVINCES)[where[good, slot]]
        frame = _long(v, q, codes).with_columns(
            province=pl.Series(province, dtype=pl.String), partner=pl.lit(partner)
        )
        frames.append(frame)
    # A shell may be one of the makers: one row a cell.
    keys = ["period", "product", "province", "partner"]
    return pl.concat(frames).group_by(keys).agg(pl.col("value", "quantity").sum())
