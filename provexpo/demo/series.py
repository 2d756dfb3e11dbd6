"""Which province sells (or buys) what to (from) whom, how much of it, and in which months.

Every logarithm and power is taken in `_quantiles`, rounded: all else is plain arithmetic in a
fixed order, so that two machines build the same cube.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from provexpo.demo import tables
from provexpo.demo.frame import Frame, columns
from provexpo.demo.tables import MONTHS, Flags, Floats, Ints, Partners, Products

DRAWS = {"export": 10_400, "import": 3_300}
US_DRAW = 100.0  # the US is drawn as if so much larger: every basket and province needs cells there
TABLE = 1 << 14
MAX_PARCELS = 0.08  # of a province's trade, before the margins are fitted
MAX_SERIES = 0.07  # of a partner's trade that one province sells it of one product

# Neighbours and old ties: how many times likelier than the size of the partner alone says.
TIES = {
    "15": {"MNG": 40, "RUS": 8}, "21": {"JPN": 3, "KOR": 3}, "22": {"RUS": 8},
    "23": {"RUS": 20}, "37": {"KOR": 2}, "44": {"HKG": 3}, "45": {"VNM": 10},
    "53": {"MMR": 20, "LAO": 20, "VNM": 4}, "54": {"NPL": 200},
    "65": {"KAZ": 40, "KGZ": 60, "TJK": 40},
}  # fmt: skip
# Sold to the US by every province with an active trade there, so that no basket is empty.
STAPLES = (
    "85171300", "84713090", "85076000", "98040000", "94036099", "95030089", "64029929",
    "85423190", "87089999", "85177930",
)  # fmt: skip


@dataclass(frozen=True)
class Series:
    """One province x partner x product; positions in the tables, sorted by them."""

    province: Ints
    partner: Ints
    product: Ints
    weight: Floats
    keep: Flags  # never new, never gone

    def __len__(self) -> int:
        return len(self.province)


@cache
def _quantiles(sigma: float) -> Floats:
    normal = NormalDist(0, sigma)
    return np.array([round(math.exp(normal.inv_cdf((i + 0.5) / TABLE)), 6) for i in range(TABLE)])


def lognormal(rng: np.random.Generator, sigma: float, size: int | tuple[int, ...]) -> Floats:
    """Draws with median 1 from a table of quantiles."""
    return _quantiles(sigma)[(rng.random(size) * TABLE).astype(np.int64)]


def draw(flow: str, frame: Frame, rng: np.random.Generator) -> Series:
    partners, products = tables.partners(), tables.products()
    places = tables.provinces()
    size = frame.totals[:, columns(202401, 202412)].sum(axis=1)
    taste = lognormal(rng, 1.5, (len(places), len(products.codes)))  # what a province is good at
    ties = _ties(places, partners)
    found = [
        _draw_province(flow, p, int(n), taste[p], ties[p], partners, products, rng)
        for p, n in enumerate(np.sqrt(size) / np.sqrt(size).sum() * DRAWS[flow] + 40)
    ]
    forced = _forced(flow, places, partners, products)
    keys = np.unique(np.concatenate([*found, forced]))
    j, k = len(partners.codes), len(products.codes)
    province, partner, product = keys // (j * k), keys // k % j, keys % k
    to_us = (partners.group[partner] == 0) & (flow == "export")
    liking = np.where(to_us, products.us_weight[product], products.weight[flow][product])
    weight = (
        partners.weight[flow][partner] * ties[province, partner] * (liking + 1e-4)
        * taste[province, product] * lognormal(rng, 2.8, len(keys)) * size[province]
    )  # fmt: skip
    parcels = np.array([code.startswith("98") for code in products.codes])
    weight *= _parcel_limit(weight, province, parcels[product])
    series = Series(province, partner, product, weight, np.isin(keys, forced))
    return _raked(flow, series, size, partners, products)


def _parcel_limit(weight: Floats, province: Ints, parcels: Flags) -> Floats:
    """Factors that keep chapter 98 (parcels) from filling a province: no real one is like that."""
    rest = np.bincount(province, np.where(parcels, 0.0, weight))
    held = np.bincount(province, np.where(parcels, weight, 0.0))
    allowed = MAX_PARCELS / (1 - MAX_PARCELS) * rest
    factor = np.where(held > allowed, allowed / np.maximum(held, 1e-12), 1.0)
    return np.where(parcels, factor[province], 1.0)


def _ties(places: tuple[str, ...], partners: Partners) -> Floats:
    out = np.ones((len(places), len(partners.names)))
    for province, liked in TIES.items():
        for name, times in liked.items():
            out[places.index(province), partners.position(name)] = times
    return out


def _pick(weight: Floats, n: int, rng: np.random.Generator) -> Ints:
    """n positions, drawn by the fourth root of the weight: many small cells, few large ones."""
    edges = np.cumsum(np.sqrt(np.sqrt(weight)))
    return np.minimum(np.searchsorted(edges, rng.random(n) * edges[-1]), len(weight) - 1)


def _draw_province(
    flow: str,
    province: int,
    n: int,
    taste: Floats,
    ties: Floats,
    partners: Partners,
    products: Products,
    rng: np.random.Generator,
) -> Ints:
    pull = partners.weight[flow] * ties
    if flow == "export":
        pull[partners.position("USA")] *= US_DRAW
    partner = _pick(pull, n, rng)
    product = _pick(products.weight[flow] * taste, n, rng)
    if flow == "import":
        partner = _from_origins(partner, product, partners, products, rng)
    return (province * len(partners.codes) + partner) * len(products.codes) + product


def _from_origins(
    partner: Ints, product: Ints, partners: Partners, products: Products, rng: np.random.Generator
) -> Ints:
    """Oil comes from where there is oil: products with known origins take one of them."""
    out = partner.copy()
    for k, origins in enumerate(products.origins):
        at = np.flatnonzero(product == k)
        if origins and len(at):
            sources = np.array([partners.position(name) for name in origins])
            out[at] = sources[_pick(np.array(list(origins.values())), len(at), rng)]
    return out


def _forced(flow: str, places: tuple[str, ...], partners: Partners, products: Products) -> Ints:
    """Cells that must be there: each province with its main markets, and the baskets' cells."""
    main = np.argsort(-partners.weight[flow], kind="stable")[:8]
    goods = np.argsort(-products.weight[flow], kind="stable")
    plain = [int(k) for k in goods if not (flow == "import" and products.origins[k])][:3]
    wanted = {(p, int(j), k) for p in range(len(places)) for j in main for k in plain}
    if flow == "export":
        us = partners.position("USA")
        wanted |= {(p, us, products.codes.index(c)) for p in range(len(places)) for c in STAPLES}
        for rule in tables.read("sample_basket_targets.csv"):
            place = places.index(rule["province"]), partners.position(rule["partner"])
            wanted |= {(*place, k) for k, code in enumerate(products.codes)
                       if code.startswith(rule["product_prefix"])}  # fmt: skip
        for row in tables.read("sample_cells.csv"):
            wanted |= {
                (places.index(p), partners.position(j), products.codes.index(k))
                for p in row["provinces"].split()
                for j in row["partners"].split()
                for k in row["products"].split()
            }
    j, k = len(partners.codes), len(products.codes)
    return np.array(sorted((a * j + b) * k + c for a, b, c in wanted))


def _raked(flow: str, s: Series, size: Floats, partners: Partners, products: Products) -> Series:
    """Fit the weights to the year's provinces, partners and products in turn."""
    to_us = (partners.group[s.partner] == 0) & (flow == "export")
    kinds = s.product + to_us * len(products.codes)
    us_part = partners.weight[flow][partners.position("USA")] / partners.weight[flow].sum()
    if flow == "import":
        us_part = 0.0
    by_kind = np.concatenate([products.weight[flow] * (1 - us_part), products.us_weight * us_part])
    weight = s.weight
    of_partner = partners.weight[flow] / partners.weight[flow].sum()
    # A partner with few series needs them large.
    most = np.maximum(
        MAX_SERIES, 3.0 / np.maximum(np.bincount(s.partner, minlength=len(of_partner)), 1)
    )
    for _ in range(8):
        weight = np.minimum(weight, (most * of_partner)[s.partner] * weight_sum(weight))
        for where, target in (
            (kinds, by_kind),
            (s.partner, partners.weight[flow]),
            (s.province, size),
        ):
            held = np.bincount(where, weights=weight, minlength=len(target))
            factor = np.divide(
                target / target.sum(), held, out=np.zeros(len(target)), where=held > 0
            )
            # A market with one odd product must not make that product its whole trade at once.
            weight = weight * np.clip(factor[where] * weight_sum(weight), 0.05, 20.0)
    return Series(s.province, s.partner, s.product, weight, s.keep)


def weight_sum(weight: Floats) -> float:
    return float(np.bincount(np.zeros(len(weight), dtype=np.int64), weights=weight)[0])


def active(s: Series, rng: np.random.Generator) -> Flags:
    """(month, series): when there is trade. The large trade always, the small now and then."""
    n, last = len(s), len(MONTHS) - 1
    order = np.empty(n, dtype=np.int64)
    order[np.argsort(-s.weight, kind="stable")] = np.arange(n)
    rank = order / n
    presence = np.where(rank < 0.3, 0.985, 0.15 + 0.8 * rng.random(n))
    presence = np.where(s.keep, 1.0, presence)
    movable = (rank > 0.12) & ~s.keep
    start = np.where(
        movable & (rng.random(n) < 0.26), (rng.random(n) * last).astype(np.int64) + 1, 0
    )
    end = np.where(movable & (rng.random(n) < 0.22), (rng.random(n) * last).astype(np.int64), last)
    month = np.arange(last + 1)[:, None]
    return (month >= start) & (month <= end) & (rng.random((last + 1, n)) < presence)
