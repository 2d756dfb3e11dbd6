"""The rerouting rule as arithmetic on a frame: no store, no windows, no names (methods 4.2-4.3).

`score(cells, min_value=...)` takes one row a hub x family x pair of windows and gives every figure
of the signal. `rerouting()` feeds it from a store; planted worlds can call it directly.

Columns of `cells`, money in any one unit (the unit of `min_value`):

    hub, family            text or numbers
    pair                   0 the event; 1, 2 ... placebo pairs (windows without an event)
    a_b a_t                exports of the origin to the hub, base and now
    u_b u_t                the market's imports from the hub
    d_b d_t                the market's imports from the origin
    c_b c_t                exports of the origin to all but the market and the hubs
    w_b w_t                the market's imports from all but the origin and this hub
  and, where known, else NULL or no column:
    v_b v_t, vw_b vw_t     exports of the hub, and of all others but the origin and it, to the
                           world without market and origin
    qa_b qa_t, qu_b qu_t   quantities of A and U in one unit
    wedge                  the origin's tariff minus the hub's, a fraction: 0.2 = 20 points
    concordance            of the family: 1:1 (also where NULL), 1:n, n:1, n:m
    end_use                consumption, capital, intermediate
    preliminary            true where the last months may still be revised

Every pair must hold all cells, also those that never pass a gate: hub factors, noise and
percentiles are made of them. `min_value` is that of the window (2.5 million a quarter, pro rata).
`theta` and `sigma` replace what is otherwise estimated from the cells themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from provexpo.metrics.statistics import robust_spread
from provexpo.signals.rerouting_rules import SMALL_WEDGE, judged

Floats = NDArray[np.float64]

MIN_CONTROLS = 30
MIN_PLACEBO_CELLS = 80
MIN_HUB_CELLS = 20
LEAST_SIGMA = 0.05
FLOOR_PART = 0.2  # f: what is added to both sides of a ratio, as a part of min_value
KEYS = ("pair", "family", "hub")

# The leg, its reference flow, and whether the leg must be there.
LEGS = {"a": "c", "u": "w", "v": "vw"}
NEEDED = tuple(f"{leg}_{w}" for leg in ("a", "u", "d", "c", "w") for w in ("b", "t"))
OPTIONAL: dict[str, pl.DataType | type[pl.DataType]] = {
    **{f"{leg}_{w}": pl.Float64 for leg in ("v", "vw", "qa", "qu") for w in ("b", "t")},
    "wedge": pl.Float64, "concordance": pl.String, "end_use": pl.String,
    "preliminary": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True)
class Noise:
    """The spread of ln(actual / expected) over placebo cells, by octile of what is expected."""

    edges: Floats
    sigma: Floats

    def at(self, expected: Floats) -> Floats:
        found = self.sigma[np.digitize(expected, self.edges)]
        return np.where(np.isnan(expected), np.nan, found)


def score(
    cells: pl.DataFrame,
    *,
    min_value: float,
    theta: float | None = None,
    sigma: tuple[float, float] | None = None,
) -> pl.DataFrame:
    """Return the cells with every figure of the signal, sorted by pair, family and hub.

    Adds theta_a, theta_u (hub factors) and theta_source (controls, all, none: the weaker of the
    two), a_hat, u_hat, ea, eu, x_a, x_u, x_v, sigma_a, sigma_u, z_a, z_u, zmin, g1-g4, gates, s1
    to s4, s6, iuvr, trs, trs_lo, trs_hi, n_components, loss, cover, ub, d_ub, ub_share, gl,
    base_gl, rv, rv_hi, rv_strict, rv_lo11, rv_lo39, cap, new_route, type, confidence, pattern
    (the conditions of medium without the tariff: what treated and control products are compared
    by), placebo_pct, n_noise_a, n_noise_u (placebo cells behind the noise) and score_reason.

    NULL: what needs an input that is NULL, and all figures of a row with a negative amount.
    """
    table = _prepared(cells)
    floor = FLOOR_PART * min_value
    for leg in LEGS:
        table = _with_expected(table, leg, min_value, floor, theta)
    table = _with_noise(table, min_value, sigma)
    table = judged(table, min_value)
    return _with_percentile(table, min_value).sort(KEYS)


def _prepared(cells: pl.DataFrame) -> pl.DataFrame:
    """All columns, as floats, in one order; whether an amount of the row is negative."""
    absent = [pl.lit(None, dtype=t).alias(n) for n, t in OPTIONAL.items() if n not in cells.columns]
    numbers = [*NEEDED, *(n for n, t in OPTIONAL.items() if t == pl.Float64)]
    table = cells.with_columns(absent).with_columns(pl.col(numbers).cast(pl.Float64))
    # Of one order whatever the caller's, so that sums over hubs do not depend on it.
    table = table.with_columns(pl.col("pair").cast(pl.Int64)).sort(KEYS)
    negative = pl.any_horizontal(pl.col(n) < 0 for n in NEEDED).fill_null(False)
    table = table.with_columns(negative=negative)
    # Corrections elsewhere cost only the component that they would enter.
    extra = [n for n in numbers if n not in (*NEEDED, "wedge")]
    return table.with_columns(pl.when(pl.col(n) >= 0).then(pl.col(n)).alias(n) for n in extra)


def _with_expected(
    table: pl.DataFrame, leg: str, min_value: float, floor: float, theta: float | None
) -> pl.DataFrame:
    """`leg`_hat = base x growth of the reference x hub factor, and the log of actual over it."""
    b, t, ref = pl.col(f"{leg}_b"), pl.col(f"{leg}_t"), LEGS[leg]
    usable = (pl.col(f"{ref}_b") > 0) & pl.col("negative").not_()
    growth = pl.when(usable).then(pl.col(f"{ref}_t") / pl.col(f"{ref}_b"))
    table = table.with_columns(growth.alias("_r"))
    if theta is None:
        table = _with_theta(table, leg, min_value)
    else:
        table = table.with_columns(
            pl.lit(float(theta)).alias(f"theta_{leg}"), pl.lit("given").alias(f"_source_{leg}")
        )
    expected = b * pl.col("_r") * pl.col(f"theta_{leg}")
    table = table.with_columns(expected.alias(f"{leg}_hat"))
    log = ((t + floor) / (pl.col(f"{leg}_hat") + floor)).log()
    table = table.with_columns(log.alias(f"x_{leg}"), (t - pl.col(f"{leg}_hat")).alias(f"e{leg}"))
    return table.drop("_r")


def _with_theta(table: pl.DataFrame, leg: str, min_value: float) -> pl.DataFrame:
    """The median over products of own growth over the reference's, by pair and hub."""
    b, t = pl.col(f"{leg}_b"), pl.col(f"{leg}_t")
    ratio = pl.when((b >= min_value) & (t > 0) & (pl.col("_r") > 0)).then(t / b / pl.col("_r"))
    control = ratio.filter(pl.col("wedge") < SMALL_WEDGE)
    found = table.group_by("pair", "hub").agg(
        control.median().alias("_control"), control.count().alias("_n_control"),
        ratio.median().alias("_all"), ratio.count().alias("_n_all"),
    )  # fmt: skip
    controls, all_ = pl.col("_n_control") >= MIN_CONTROLS, pl.col("_n_all") >= MIN_CONTROLS
    source = pl.when(controls).then(pl.lit("controls")).when(all_).then(pl.lit("all"))
    found = found.select(
        "pair", "hub",
        pl.when(controls).then(pl.col("_control")).when(all_).then(pl.col("_all"))
        .otherwise(1.0).alias(f"theta_{leg}"),
        source.otherwise(pl.lit("none")).alias(f"_source_{leg}"),
    )  # fmt: skip
    return table.join(found, on=["pair", "hub"], how="left", maintain_order="left")


def active(min_value: float) -> pl.Expr:
    """Placebo cells that noise and percentiles are made of: large enough in either window."""
    now = pl.min_horizontal("a_t", "u_t")
    before = pl.min_horizontal("a_b", "u_b")
    known = pl.all_horizontal(pl.col(n).is_not_null() for n in ("a_b", "a_t", "u_b", "u_t"))
    known = known & pl.col("negative").not_()
    return (pl.col("pair") > 0) & known & (pl.max_horizontal(now, before) >= min_value)


def _with_noise(
    table: pl.DataFrame, min_value: float, sigma: tuple[float, float] | None
) -> pl.DataFrame:
    held = table.filter(active(min_value))
    spread: pl.Expr
    for i, leg in enumerate(("a", "u")):
        known = held.filter(pl.col(f"x_{leg}").is_not_null())
        table = table.with_columns(pl.lit(known.height).alias(f"n_noise_{leg}"))
        if sigma is not None:
            spread = pl.when(pl.col(f"x_{leg}").is_not_null()).then(pl.lit(float(sigma[i])))
        elif known.height < MIN_PLACEBO_CELLS:
            spread = pl.lit(None, dtype=pl.Float64)
        else:
            noise = noise_of(known[f"{leg}_hat"].to_numpy(), known[f"x_{leg}"].to_numpy())
            at = noise.at(table[f"{leg}_hat"].fill_null(np.nan).to_numpy())
            spread = pl.lit(pl.Series(at).fill_nan(None))
        table = table.with_columns(spread.alias(f"sigma_{leg}"))
        z = pl.col(f"x_{leg}") / pl.col(f"sigma_{leg}")
        table = table.with_columns(z.alias(f"z_{leg}"))
    both = pl.col("z_a").is_not_null() & pl.col("z_u").is_not_null()
    return table.with_columns(zmin=pl.when(both).then(pl.min_horizontal("z_a", "z_u")))


def noise_of(expected: Floats, x: Floats) -> Noise:
    """1.4826 x the median absolute deviation of x, by octile of what was expected."""
    edges = np.quantile(expected, np.arange(1, 8) / 8)
    bins = np.digitize(expected, edges)
    spread = np.full(8, np.nan)
    for i in range(8):
        held = x[bins == i]
        if held.size:
            spread[i] = max(LEAST_SIGMA, robust_spread(held))
    # Ties can leave an octile empty: what falls there is judged by the next one that has cells.
    for i in range(6, -1, -1):
        if np.isnan(spread[i]):
            spread[i] = spread[i + 1]
    return Noise(edges, spread)


def _with_percentile(table: pl.DataFrame, min_value: float) -> pl.DataFrame:
    """Which part of the same hub's placebo cells has no higher zmin."""
    held = table.filter(active(min_value) & pl.col("zmin").is_not_null())
    percentile = np.full(table.height, np.nan)
    z, hubs = table["zmin"].fill_null(np.nan).to_numpy(), table["hub"]
    for (hub,), part in held.group_by("hub"):
        past = np.sort(part["zmin"].to_numpy())
        at = (hubs == hub).to_numpy() & ~np.isnan(z)
        if past.size >= MIN_HUB_CELLS:
            percentile[at] = np.searchsorted(past, z[at], "right") / past.size
    return table.with_columns(placebo_pct=pl.Series(percentile).fill_nan(None))
