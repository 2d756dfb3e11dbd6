"""What the screens find of what was planted in the rows of the family `padding`."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

import provexpo as pe

from .rows import Plant, Tables
from .store import codes_for, write_store
from .world import World, build

PRODUCTS = 150
FAMILY = "padding"
FRONT_LEAST = 0.08  # part bought ahead from which a product counts as planted
SHARE_LEAST = 0.06  # of a province's year that is padded
BIG = 5_000_000  # the bound of sudden_appearance

Key = tuple[Any, ...]
# What a screen judged and flagged, and which of it was planted or is honest company.
Found = tuple[dict[Key, bool], set[Key], set[Key]]


def screen_table(seeds: Iterable[int]) -> str:
    """Recall, false alarms and base rate of each screen."""
    total = {name: Counter[str]() for name in SCREENS}
    seeds = list(seeds)
    for seed in seeds:
        world = build(FAMILY, seed, products=PRODUCTS)
        codes = codes_for(world)
        with tempfile.TemporaryDirectory() as folder:
            made = write_store(Path(folder) / "store", world, codes)
            trade = pe.open(Path(folder) / "store")
            for name, screen in SCREENS.items():
                if name.split(",")[0] in missing():
                    continue
                judged, planted, honest = screen(trade, world, made, codes)
                total[name].update(_counts(judged, planted, honest))
    names = "screen | planted | recall | honest company flagged | all others flagged | base rate"
    columns = [c.strip() for c in names.split("|")]
    lines = [columns, ["---"] * len(columns)]
    lines += [_line(name, n) for name, n in total.items() if n]
    head = f"**Screens, family {FAMILY}: {len(seeds)} worlds of {PRODUCTS} products**\n\n"
    return head + "".join("| " + " | ".join(x) + " |\n" for x in lines)


def missing() -> set[str]:
    """Screens that the library does not have."""
    found = set()
    for name in SCREENS:
        try:
            import_module(f"provexpo.signals.{name.split(',')[0]}")
        except ModuleNotFoundError:
            found.add(name.split(",")[0])
    return found


def _counts(judged: dict[Key, bool], planted: set[Key], honest: set[Key]) -> Counter[str]:
    """A planted cell that the screen did not show counts as missed; one it could not judge too."""
    n: Counter[str] = Counter(planted=len(planted), judged=len(judged))
    for key, flag in judged.items():
        kind = "hit" if key in planted else "honest_hit" if key in honest else "false"
        n[kind] += flag
        n["others"] += kind == "false"
        n["flagged"] += flag
    n["honest"] = len(honest)
    return n


def _line(name: str, n: Counter[str]) -> list[str]:
    def part(k: str, of: str) -> str:
        return f"{n[k]} of {n[of]}" + (f" = {n[k] / n[of]:.3f}" if n[of] else "")

    return [name, f"{n['planted']}", part("hit", "planted"), part("honest_hit", "honest"),
            part("false", "others"), part("flagged", "judged")]  # fmt: skip


def _call(name: str) -> Callable[..., pe.Result]:
    return getattr(import_module(f"provexpo.signals.{name}"), name)


def _flags(result: pe.Result, *keys: str, flag: str = "screen_flag") -> dict[Key, bool]:
    held = result.frame.filter(pl.col(flag).is_not_null())
    return {row[:-1]: row[-1] for row in held.select(*keys, flag).iter_rows()}


def _frontloading(trade: pe.Trade, world: World, made: Tables, codes: list[str]) -> Found:
    r = _call("frontloading")(trade, partner="US", by=["product:HS6"])
    taxed = {(c,) for c, t in zip(codes, world.tariff) if t > 0.3}
    planted = taxed if world.drawn["front"] >= FRONT_LEAST else set()
    return _flags(r, "product", flag="is_frontloading"), planted, taxed - planted


def _mirror_gap(lag: int | None) -> Callable[..., Found]:
    def screen(trade: pe.Trade, world: World, made: Tables, codes: list[str]) -> Found:
        r = _call("mirror_gap")(
            trade, partner="US", by=["product:HS6"], during="ytd:2025-11", lag=lag
        )
        planted = {(c,) for c, bad in zip(codes, made.planted.mispriced) if bad}
        return _flags(r, "product"), planted, set()

    return screen


def _quarter_end(trade: pe.Trade, world: World, made: Tables, codes: list[str]) -> Found:
    r = _call("quarter_end")(trade, during="2025")
    year = made.exports.filter(pl.col("period") > 202500)
    total = dict(year.group_by("province").agg(pl.col("value").sum()).iter_rows())
    bought: Counter[str] = Counter()
    for place, good, to, _ in made.planted.padded:
        own = (pl.col("province") == place) & (pl.col("partner") == to)
        rows = year.filter(own & (pl.col("product") == int(codes[good])))
        bought[place] += int(rows["value"].sum())
    planted = {(p,) for p, v in bought.items() if v >= SHARE_LEAST * total[p]}
    honest = {(p[0],) for p in made.planted.opened}
    return _flags(r, "province"), planted, honest - planted


def _appearances(trade: pe.Trade, world: World, made: Tables, codes: list[str]) -> Found:
    """Cells below the screen's own bound of USD 5 million cannot be found, and are left out."""
    r = _call("sudden_appearance")(trade, during="2023-10/2025-03", min_value=1.0)
    names = ("province", "partner", "product")
    sums = {tuple(x[n] for n in names): x["value6m"] or 0 for x in r.frame.iter_rows(named=True)}
    window = made.exports.filter(pl.col("period").is_between(202310, 202508))
    traded = window.select("province", "partner", "product").unique()
    judged = {(p, to, str(code).zfill(6)): False for p, to, code in traded.iter_rows()}
    judged |= _flags(r, *names)

    def cells(plants: Iterable[Plant]) -> set[Key]:
        return {(place, to, codes[good]) for place, good, to, _ in plants}

    padded, opened = cells(made.planted.padded), cells(made.planted.opened)
    small = {k for k in padded | opened if sums.get(k, 0) < BIG}
    return {k: f for k, f in judged.items() if k not in small}, padded - small, opened - small


def _registration_shift(trade: pe.Trade, world: World, made: Tables, codes: list[str]) -> Found:
    r = _call("registration_shift")(
        trade, by=["product:HS6", "partner"], during="2024-07/2024-12", against="2023-07/2023-12"
    )
    padded, opened = (
        {(codes[good], to) for _, good, to, _ in plants}
        for plants in (made.planted.padded, made.planted.opened)
    )
    return _flags(r, "product", "partner"), padded, opened


def _unit_values(trade: pe.Trade, world: World, made: Tables, codes: list[str]) -> Found:
    r = _call("unit_value_outliers")(
        trade, by=["province", "partner", "product:HS6"], during="2025-01/2025-06"
    )
    judged = _flags(r, "province", "partner", "product")
    dear = {(place, codes[good]) for place, good in made.planted.dear}
    return judged, {k for k in judged if (k[0], k[2]) in dear}, set()


SCREENS: dict[str, Callable[..., Found]] = {
    "frontloading": _frontloading,
    "mirror_gap": _mirror_gap(None),
    "mirror_gap, lag=1": _mirror_gap(1),
    "quarter_end": _quarter_end,
    "sudden_appearance": _appearances,
    "registration_shift": _registration_shift,
    "unit_value_outliers": _unit_values,
}
