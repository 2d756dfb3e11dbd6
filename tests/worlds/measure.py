"""What the signal says of worlds whose truth is known: counts by family, and rates from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import polars as pl

from provexpo.signals.rerouting_core import score
from provexpo.signals.rerouting_headline import headline

from .cells import MIN_VALUE, RIGHT, frame, truth
from .world import HUBS, Bools, World, build

LEVELS = ("high", "medium", "low")
# What takes both legs up in one cell, or one of them, without a good passing through.
NOT_HONEST = ("reroute", "same_code", "relocate", "parts", "swap", "deflect")
RESAMPLES, RESAMPLE_SEED = 2_000, 20_260_102
BINS = (0, 50, 60, 70, 80, 90, 101)


@dataclass
class Tally:
    """Counts over worlds of one family; `sums` are dollars."""

    family: str
    worlds: int = 0
    n: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)  # mechanisms of wrong flags >= medium
    ratio: list[float] = field(default_factory=list)  # rv / truth of right flags
    by_world: list[Counter[str]] = field(default_factory=list)  # the flags of each world

    def share(self, part: str, of: str) -> float:
        return self.n[part] / self.n[of] if self.n[of] else math.nan


def wilson(k: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share k / n."""
    if not n:
        return math.nan, math.nan
    p = k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def over_worlds(tally: Tally, part: str, of: str) -> tuple[float, float]:
    """The 95 % interval of a share when worlds are drawn anew: its cells share a world's luck."""
    k, n = (np.array([w[x] for w in tally.by_world]) for x in (part, of))
    rng = np.random.default_rng(RESAMPLE_SEED)
    drawn = rng.integers(0, len(n), (RESAMPLES, len(n)))
    shares = k[drawn].sum(axis=1) / np.maximum(n[drawn].sum(axis=1), 1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


def measure(
    family: str, seeds: Iterable[int], *, products: int | None = None, headlines: bool = True
) -> Tally:
    """The tally of the worlds of these seeds; the headline's bootstrap takes half of the time."""
    tally = Tally(family)
    for seed in seeds:
        world = build(family, seed, products=products)
        scored = score(frame(world), min_value=MIN_VALUE)
        count(tally, world, scored)
        if not headlines:
            continue
        for name, of in (("headline", scored), ("headline_g1", scored.filter("g1"))):
            found = headline(of, level=6).row(0, named=True)
            tally.n[f"{name}_above"] += (found["ci_lo"] or 0) > 0
            tally.sums[name] += found["excess"]
    return tally


class _Event:
    """Columns of the event pair as hub x product arrays."""

    def __init__(self, world: World, scored: pl.DataFrame) -> None:
        self.shape = world.a.shape[:2]
        order = {h: i for i, h in enumerate(HUBS)}
        table = scored.filter(pl.col("pair") == 0)
        self.table = table.with_columns(h=pl.col("hub").replace_strict(order)).sort("h", "family")

    def number(self, name: str) -> np.ndarray:
        values = self.table[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        return values.reshape(self.shape)

    def true(self, expr: pl.Expr) -> Bools:
        return self.table.select(expr.fill_null(False)).to_series().to_numpy().reshape(self.shape)


def count(tally: Tally, world: World, scored: pl.DataFrame) -> None:
    """Add one world."""
    event, real = _Event(world, scored), truth(world)
    right = real >= RIGHT
    gates = event.true(pl.col("gates"))
    levels = {x: event.true(pl.col("confidence") == x) for x in LEVELS}
    flagged = levels["high"] | levels["medium"]
    n = tally.n
    own = Counter[str]()
    tally.worlds += 1
    tally.by_world.append(own)
    n["true"] += int(right.sum())
    n["true_gates"] += int((right & gates).sum())
    sets = {**levels, "flagged": flagged, "gates": gates}
    rv, hi, ub = (event.number(x) for x in ("rv", "rv_hi", "ub"))
    for name, on in sets.items():
        n[name] += int(on.sum())
        n[f"{name}_right"] += int((on & right).sum())
        own[name], own[f"{name}_right"] = int(on.sum()), int((on & right).sum())
        n[f"{name}_over_rv"] += int((on & (real > rv)).sum())
        n[f"{name}_over_ub"] += int((on & (real > ub)).sum())
        n[f"{name}_under_hi"] += int((on & (real <= hi)).sum())
        tally.sums[f"{name}_rv"] += float(np.nansum(rv[on]))
        tally.sums[f"{name}_true"] += float(real[on].sum())
    tally.sums["planted"] += float(real.sum())
    tally.ratio.extend((rv / np.where(real > 0, real, np.nan))[flagged & right].tolist())
    _count_honest(tally, world, event, gates, flagged)
    _count_wrong(tally, world, flagged & ~right)
    trs = event.number("trs")
    for low, above in pairwise(BINS):
        on = gates & (trs >= low) & (trs < above)
        n[f"trs_{low}"] += int(on.sum())
        n[f"trs_{low}_right"] += int((on & right).sum())


def _count_honest(tally: Tally, world: World, event: _Event, gates: Bools, flagged: Bools) -> None:
    planted = world.planted
    other = np.any([planted[x] for x in NOT_HONEST if x in planted], axis=0)
    grown = (pl.col("a_t") > pl.col("a_b")) & (pl.col("u_t") > pl.col("u_b"))
    raw = event.true(pl.col("g1") & grown & (pl.col("g3") == "yes") & pl.col("g4"))
    mixed = planted["honest"] & planted["deflect"] & ~planted["reroute"] & ~planted["same_code"]
    kinds = {
        "honest": planted["honest"] & ~other,
        "quiet": ~planted["honest"] & ~planted["divert"] & ~other,
        "mixed": mixed,
    }
    for name, on in kinds.items():
        tally.n[f"{name}_raw"] += int((on & raw).sum())
        tally.n[f"{name}_gates"] += int((on & gates).sum())
        tally.n[f"{name}_flagged"] += int((on & flagged).sum())


def _count_wrong(tally: Tally, world: World, wrong: Bools) -> None:
    """By the first mechanism that explains both legs; else by those of one leg, else noise."""
    left = wrong.copy()
    for name in ("swap", "same_code", "reroute", "honest"):
        on = left & world.planted[name]
        tally.wrong[name] += int(on.sum())
        left &= ~on
    for name, on in {
        "deflection and the hub's own goods": world.planted["deflect"] & world.planted["divert"],
        "one leg planted": np.any(list(world.planted.values()), axis=0),
        "nothing planted": np.ones_like(left),
    }.items():
        tally.wrong[name] += int((left & on).sum())
        left &= ~on


def median(of: list[float]) -> float:
    return float(np.median(of)) if of else math.nan
