"""The cells of one world as the signal takes them: hub x product, event pair and placebo pairs."""

from __future__ import annotations

import numpy as np
import polars as pl

from .world import FIRST, HUB_TARIFF, HUBS, LAGS, Floats, Ints, World

QUARTER = 3
SIBLINGS = 4
MIN_VALUE = 2_500_000.0
NOW = 54  # July 2025
PAIRS = ((NOW, NOW - 12), (NOW - 24, NOW - 36), (NOW - 36, NOW - 48))  # (current, base)
RIGHT = 500_000.0  # planted rerouting in the quarter from which a flag is right


def window(series: Ints, start: int) -> Floats:
    """The sum of a quarter, at China's border."""
    return series[..., start : start + QUARTER].sum(axis=-1).astype(np.float64)


def later(series: Ints, start: int) -> Floats:
    """The quarter as the United States records it: after each hub's lag; hub x product."""
    found = [
        window(series[i] if series.ndim == 3 else series, start + lag) for i, lag in enumerate(LAGS)
    ]
    return np.stack(found)


def arrays(world: World, pairs: tuple[tuple[int, int], ...] = PAIRS) -> dict[str, Floats]:
    """Every column of `frame`, shaped pair x hub x product."""
    out: dict[str, list[Floats]] = {}
    shape = world.a.shape[:2]
    for pair in pairs:
        for end, start in zip("tb", pair):
            columns = _amounts(world, start)
            for name, values in columns.items():
                out.setdefault(f"{name}_{end}", []).append(np.broadcast_to(values, shape))
    return {name: np.stack(values) for name, values in out.items()}


def _amounts(world: World, start: int) -> dict[str, Floats]:
    u, v = later(world.u, start), window(world.v, start)
    all_hubs = world.u.sum(axis=0)
    return {
        "a": window(world.a, start),
        "u": u,
        "d": later(world.d, start),
        "c": window(world.c, start),
        "w": later(all_hubs + world.w, start) - u,
        "v": v,
        "vw": window(world.vo, start) + v.sum(axis=0) - v,
        "qa": window(world.qa, start),
        "qu": later(world.qu, start),
    }


def wedge(world: World) -> Floats:
    """China's additional rate less the hub's; hub x product."""
    return np.round(world.tariff - HUB_TARIFF[:, None], 9)


def truth(world: World, start: int = NOW) -> Floats:
    """Rerouted dollars of the quarter, as China records them; hub x product."""
    return world.rerouted[..., start : start + QUARTER].sum(axis=-1)


def family_codes(k: int) -> Ints:
    """Numbers of products that read as HS6: four subheadings a heading."""
    return (np.arange(k) // SIBLINGS + 100) * 100 + np.arange(k) % SIBLINGS


def frame(
    world: World,
    *,
    pairs: tuple[tuple[int, int], ...] = PAIRS,
    known: tuple[str, ...] = ("v", "vw", "qa", "qu"),
    revised: int = 0,
) -> pl.DataFrame:
    """The frame that `score` takes; `known` are the optional amounts that the tables hold.

    The first `revised` products are codes that a revision split: one family, the first of them.
    """
    table = arrays(world, pairs)
    n, h, k = table["a_t"].shape
    shape = (n, h, k)
    pair, hub, family = np.meshgrid(range(n), range(h), range(k), indexing="ij")
    needed = ("a", "u", "d", "c", "w", *known)
    columns = {f"{x}_{end}": table[f"{x}_{end}"].ravel() for x in needed for end in "bt"}
    cells = pl.DataFrame(
        {
            "hub": np.array(HUBS)[hub.ravel()],
            "family": family_codes(k)[family.ravel()],
            "pair": pair.ravel(),
            **columns,
            "wedge": np.broadcast_to(wedge(world), shape).ravel(),
            "end_use": np.broadcast_to(world.final, shape).ravel(),
        }
    ).with_columns(concordance=pl.lit("1:1"), preliminary=pl.lit(False))
    return _merged(cells, revised) if revised else cells


def _merged(cells: pl.DataFrame, revised: int) -> pl.DataFrame:
    assert revised <= SIBLINGS
    split = pl.col("family") < pl.col("family").min() + revised
    one = cells.filter(split).group_by("hub", "pair").agg(
        pl.lit(cells["family"].min(), dtype=cells.schema["family"]).alias("family"),
        *(pl.col(c).sum() for c in cells.columns if c[-2:] in ("_b", "_t")),
        pl.col("wedge", "end_use", "preliminary").first(),
        concordance=pl.lit("1:n"),
    )  # fmt: skip
    rest = cells.filter(~split)
    return pl.concat([rest, one.select(rest.columns)])


def month(index: int) -> int:
    """yyyymm of a month of the world."""
    year, rest = divmod(index, 12)
    return (FIRST // 100 + year) * 100 + rest + 1
