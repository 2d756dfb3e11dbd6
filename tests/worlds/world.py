"""One world: monthly trade of China, seven hubs and the United States, product by product.

The national series are drawn first and are whole dollars and whole kilograms; the cells of the
signal (cells.py) and the rows of a store (rows.py) are both sums or splits of these same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .families import FAMILIES, Family, Range

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Rng = np.random.Generator

HUBS = ("VNM", "THA", "MYS", "IDN", "KHM", "IND", "MEX")
LAGS = (1, 1, 1, 1, 1, 1, 2)  # months from China's border to that of the United States
FROM_CHINA = np.array([0.45, 0.25, 0.25, 0.20, 0.05, 0.30, 0.30])  # against China's sales to the US
TO_US = np.array([0.40, 0.16, 0.14, 0.10, 0.04, 0.20, 0.60])
HUB_TARIFF = np.array([0.20, 0.19, 0.19, 0.19, 0.19, 0.25, 0.15])
FIRST, N_MONTHS = 202101, 60
EVENT = 51  # April 2025
RAMP = 3  # months until a shift is complete
FRONT = slice(47, 52)  # arrivals of what China sold from November 2024 to March 2025
LEAST = 500.0  # dollars a month below which nothing is recorded


@dataclass(frozen=True)
class World:
    """Axes: hub, product, month. Truth is `rerouted`, in dollars as China records them."""

    family: Family
    seed: int
    a: Ints  # China to the hub
    qa: Ints
    u: Ints  # the hub to the United States, as the United States records it
    qu: Ints
    v: Ints  # the hub to all others
    d: Ints  # China to the United States, as the United States records it
    w: Ints  # other origins to the United States
    c: Ints  # China to partners that are neither hubs nor the United States
    vo: Ints  # other exporters to others
    rerouted: Floats
    planted: dict[str, Bools]  # hub x product, by mechanism of the event year
    tariff: Floats  # additional rate on China, by product
    final: NDArray[np.str_]  # end use, by product
    drawn: dict[str, float] = field(default_factory=dict)  # what this world drew of each range


def build(family: Family | str, seed: int, *, products: int | None = None) -> World:
    """The world of a family and a seed; the same one every time."""
    chosen = FAMILIES[family] if isinstance(family, str) else family
    return _Builder(chosen, seed, products or chosen.products).world()


def _pick(rng: Rng, of: Range, size: int | tuple[int, ...] | None = None) -> Floats:
    return rng.uniform(of[0], of[1], size)


class _Builder:
    def __init__(self, family: Family, seed: int, products: int) -> None:
        self.family, self.seed = family, seed
        self.rng = rng = np.random.default_rng([20_260_101, family.stream, seed])
        self.h, self.k, self.m = len(HUBS), products, N_MONTHS
        names = (
            "taxed", "reroute", "same_code", "relocate", "swap", "honest", "divert", "deflect",
            "month_noise", "drift", "price_noise", "price_gap", "front",
        )  # fmt: skip
        self.p = {n: float(_pick(rng, getattr(family, n))) for n in names}
        self.months = np.arange(self.m)
        self.after = np.clip((self.months - EVENT + 1) / RAMP, 0, 1)
        self.planted: dict[str, Bools] = {}

    def world(self) -> World:
        rng, k = self.rng, self.k
        self.taxed = rng.random(k) < self.p["taxed"]
        tariff = np.where(self.taxed, _pick(rng, (0.40, 0.70), k), 0.15)
        final = rng.choice(["consumption", "capital", "intermediate"], k, p=[0.4, 0.2, 0.4])
        self.final = final
        self._levels()
        self._growth()
        self._loss()
        self.v_add = np.zeros_like(self.v)
        for plant in (self._reroute, self._same_code, self._relocate, self._swap, self._deflect,
                      self._divert):  # fmt: skip
            plant()
        return World(self.family, self.seed, tariff=tariff, final=final, drawn=self.p,
                     rerouted=self.truth, planted=self.planted, **self._recorded())  # fmt: skip

    # What trade would be in a quiet world

    def _levels(self) -> None:
        """Dollars a month, in the first month."""
        rng, h, k = self.rng, self.h, self.k
        size = np.exp(rng.normal(np.log(4e6), 1.4, k))
        self.d = size * 1.0
        self.c = size * np.exp(rng.normal(0.9, 0.6, k))
        self.w = size * np.exp(rng.normal(0.9, 0.8, k))
        self.vo = size * np.exp(rng.normal(1.5, 0.8, k))
        self.a = size * FROM_CHINA[:, None] * np.exp(rng.normal(-1.0, 1.1, (h, k)))
        self.u = size * TO_US[:, None] * np.exp(rng.normal(-0.6, 1.2, (h, k)))
        self.v = self.u * np.exp(rng.normal(0.3, 1.0, (h, k)))
        self.a *= rng.random((h, k)) > 0.10  # routes that nobody uses yet
        self.u *= rng.random((h, k)) > 0.15
        self.price = np.exp(rng.normal(1.5, 1.2, k))  # dollars a kilogram, China's goods
        gap = rng.normal(0.08, self.p["price_gap"], (h, k))
        self.own_price = self.price * np.exp(gap)

    def _walk(self, *shape: int, sd: float) -> Floats:
        steps = self.rng.standard_normal((*shape, self.m), dtype=np.float32) * sd
        steps[..., 0] = 0
        return np.cumsum(steps, axis=-1)

    def _series(self, level: Floats, shared: Floats) -> Floats:
        """Level, a walk of its own and a monthly noise that is larger in small cells."""
        size = np.clip(level, 1e4, 1e8)[..., None]
        wide = np.clip((size / 1e6) ** -0.2, 0.4, 2.5)
        own = self._walk(*level.shape, sd=1.0) * (self.p["drift"] * wide)
        noise = self.rng.standard_normal((*level.shape, self.m), dtype=np.float32)
        return level[..., None] * np.exp(shared + own + noise * (self.p["month_noise"] * wide))

    def _growth(self) -> None:
        """Seasons and fashions of products, the pace of countries, each cell's own way; then
        honest growth on both legs, which comes in every year."""
        k = self.k
        season = 0.12 * np.cos(2 * np.pi * (self.months / 12 - self.rng.random(k)[:, None]))
        goods = season + self._walk(k, sd=0.025)
        at_us = goods + self._walk(k, sd=0.015) + self._walk(1, sd=0.008)
        at_hub = goods + self._walk(self.h, 1, sd=0.012) + 0.004 * self.months
        by_hub = self._walk(self.h, 1, sd=0.012) + 0.003 * self.months
        boom = (self.rng.random((self.h, 1)) < self.family.boom_hubs) * _pick(
            self.rng, self.family.boom, (self.h, 1)
        )
        surge = boom[..., None] * self.after
        honest = self._honest()
        self.a = self._series(self.a, at_hub + surge + honest[0])
        self.u = self._series(self.u, at_us + by_hub + surge + honest[1])
        self.v = self._series(self.v, at_hub + by_hub + surge + honest[2])
        self.d, self.w = self._series(self.d, at_us), self._series(self.w, at_us)
        self.c, self.vo = self._series(self.c, goods), self._series(self.vo, goods)
        ahead = np.zeros(self.m)
        ahead[FRONT] = self.p["front"]
        ahead[FRONT.stop : FRONT.stop + 3] = -self.p["front"] / 2
        self.d *= 1 + ahead * self.taxed[:, None]

    def _honest(self) -> list[Floats]:
        """Log growth of A, U and V of cells whose own business grows, from some month on."""
        total = [np.zeros((self.h, self.k, self.m), np.float32) for _ in range(3)]
        for year in range(1, 5):
            on = self.rng.random((self.h, self.k)) < self.p["honest"]
            start = 12 * year - 3 + self.rng.integers(0, 9, (self.h, self.k))
            where = np.nonzero(on)
            path = np.clip((self.months - start[where][:, None] + 1) / RAMP, 0, 1)
            for leg in total:
                size = _pick(self.rng, self.family.honest_size, len(where[0]))
                leg[where] += (size[:, None] * path).astype(np.float32)
            self.planted["honest"] = on  # that of the last year stays
        return [leg.astype(np.float64) for leg in total]

    # What the tariff does

    def _loss(self) -> None:
        part = np.where(self.taxed, _pick(self.rng, self.family.loss, self.k), 0)
        fall = part[:, None] * self.after
        self.lost = self.d * fall
        self.d = self.d - self.lost
        self.w = self.w + self.family.absorbed * self.lost
        self.c = self.c + self.family.absorbed * self.lost
        self.qa, self.qu = self.a / self.price[:, None], self.u / self.own_price[..., None]
        self.truth = np.zeros_like(self.a)

    def _chosen(self, name: str, chance: float, *, by_hub: bool, most: int = 2) -> Bools:
        """Cells of taxed products: one or two hubs, larger ones more often, or hub by hub."""
        if by_hub:
            on = self.taxed & (self.rng.random((self.h, self.k)) < chance)
        else:
            product = self.taxed & (self.rng.random(self.k) < chance)
            pull = np.log(FROM_CHINA * TO_US)[:, None] / 2 + self.rng.gumbel(size=(self.h, self.k))
            rank = np.argsort(np.argsort(-pull, axis=0), axis=0)
            on = product & (rank < self.rng.integers(1, most + 1, self.k))
        self.planted[name] = on
        return on

    def _part(self, on: Bools, of: Range) -> Floats:
        """Dollars of the loss that each chosen cell moves, month by month."""
        among = np.maximum(on.sum(axis=0), 1)
        part = on * _pick(self.rng, of, self.k) / among * self.rng.uniform(0.7, 1.3, on.shape)
        shaken = np.exp(self.rng.standard_normal((*on.shape, 1)) * 0.1)
        return part[..., None] * self.lost * shaken

    def _later(self, flow: Floats) -> Floats:
        """A flow as it reaches the United States: after each hub's lag."""
        out = np.empty_like(flow)
        for i, lag in enumerate(LAGS):
            out[i, :, lag:], out[i, :, :lag] = flow[i, :, :-lag], flow[i, :, :1]
        return out

    def _reroute(self) -> None:
        on = self._chosen("reroute", self.p["reroute"], by_hub=False)
        moved = np.rint(self._part(on, self.family.rerouted))
        kilos = moved / self.price[:, None]
        mark_up = 1 + _pick(self.rng, self.family.mark_up, on.shape)[..., None]
        self.a, self.qa = self.a + moved, self.qa + kilos
        self.u, self.qu = self.u + self._later(moved * mark_up), self.qu + self._later(kilos)
        self.truth = moved

    def _same_code(self) -> None:
        """Kits and parts of the same code come in, finished goods go out at a higher price."""
        on = self._chosen("same_code", self.p["same_code"], by_hub=False)
        out = self._part(on, self.family.moved)
        content = self.rng.uniform(0.35, 0.9, on.shape)[..., None]
        dearer = self.rng.uniform(1.1, 1.9, on.shape)[..., None] * self.price[:, None]
        self.a, self.qa = self.a + content * out, self.qa + content * out / self.price[:, None]
        self.u, self.qu = self.u + self._later(out), self.qu + self._later(out / dearer)
        self.v = self.v + 0.3 * out * (self.rng.random((*on.shape, 1)) < 0.5)

    def _relocate(self) -> None:
        """Parts, another product, come in; the final good goes out."""
        on = self._chosen("relocate", self.p["relocate"], by_hub=False)
        on &= self.final != "intermediate"
        out = self._part(on, self.family.moved)
        self.u = self.u + self._later(out)
        self.qu = self.qu + self._later(out) / self.own_price[..., None]
        self.v = self.v + 0.3 * out
        inputs = np.nonzero(self.final == "intermediate")[0]
        if len(inputs):
            to = self.rng.choice(inputs, self.k)
            content = out * self.rng.uniform(0.3, 0.7, on.shape)[..., None]
            for hub, good in zip(*np.nonzero(on)):
                self.a[hub, to[good]] += content[hub, good]
                self.qa[hub, to[good]] += content[hub, good] / self.price[to[good]]
            parts = np.zeros_like(on)
            where = np.nonzero(on)
            parts[where[0], to[where[1]]] = True
            self.planted["parts"] = parts

    def _swap(self) -> None:
        """Chinese goods take the hub's home market and the hub's own go to the United States."""
        on = self._chosen("swap", self.p["swap"], by_hub=False)
        moved = self._part(on, self.family.moved)
        out = self._later(moved * self.rng.uniform(0.85, 1.15, on.shape)[..., None])
        self.a, self.qa = self.a + moved, self.qa + moved / self.price[:, None]
        self.u, self.qu = self.u + out, self.qu + out / self.own_price[..., None]

    def _deflect(self) -> None:
        """What the United States no longer buys is sold in the hub, somewhat cheaper."""
        on = self._chosen("deflect", self.p["deflect"], by_hub=True)
        moved = self._part(on, self.family.moved)
        self.a, self.qa = self.a + moved, self.qa + moved / (0.92 * self.price[:, None])

    def _divert(self) -> None:
        """The United States buys the hub's own goods instead."""
        on = self._chosen("divert", self.p["divert"], by_hub=True)
        out = self._part(on, self.family.moved)
        self.u, self.qu = self.u + out, self.qu + out / self.own_price[..., None]

    # What the tables record

    def _recorded(self) -> dict[str, Ints]:
        def whole(x: Floats) -> Ints:
            return np.where(x < LEAST, 0, np.rint(x)).astype(np.int64)

        def kilos(q: Floats, value: Ints) -> Ints:
            blur = np.exp(
                self.rng.standard_normal(q.shape, dtype=np.float32) * self.p["price_noise"]
            )
            return np.where(value > 0, np.maximum(np.rint(q * blur), 1), 0).astype(np.int64)

        a, u = whole(self.a), whole(self.u)
        return {"a": a, "qa": kilos(self.qa, a), "u": u, "qu": kilos(self.qu, u),
                "v": whole(self.v), "d": whole(self.d), "w": whole(self.w), "c": whole(self.c),
                "vo": whole(self.vo)}  # fmt: skip
