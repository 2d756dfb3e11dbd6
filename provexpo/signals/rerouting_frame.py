"""From the sums of the statement to cells: zero where covered, NULL where not."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from provexpo.engine.coverage import Codes, listed_in
from provexpo.periods import Window
from provexpo.signals.rerouting_legs import Leg, Legs, products_held
from provexpo.signals.rerouting_windows import Asked
from provexpo.vocab.end_use import end_use
from provexpo.vocab.families import Family

KILOGRAMS = ("千克", "公斤", "KG", "kg", "kilogram", "kilograms")
_NULL = pl.lit(None, dtype=pl.Int64)


def cells_of(wide: pl.DataFrame, legs: Legs, asked: Asked) -> pl.DataFrame:
    """One row a pair, hub and product (or family of codes that changed within the pair), in the
    columns of `rerouting_core.score`, with `lag` and `fallback`: the origin's own record stands for
    the market's imports from it."""
    origin_lists, market_lists = legs.origin.partners(), legs.market.partners()
    wide = wide.with_columns(
        _in_origin=_hub_in(origin_lists), _in_market=_hub_in(market_lists), **_units()
    )
    fallback = market_lists is not None and legs.origin.reporter not in market_lists
    parts = []
    for i, pair in enumerate(asked.pairs):
        found = legs.families[i]
        sold = [w for _, w in pair.windows()]
        bought = [w for lag in asked.shifts for _, w in pair.shifted(lag).windows()]
        table = wide.with_columns(
            _origin_held=_products(wide, legs.origin, sold, legs.level, found),
            _market_held=_products(wide, legs.market, bought, legs.level, found),
        )
        columns: dict[str, pl.Expr] = {}
        for end, window in pair.windows():
            out = pl.col("_origin_held") & (legs.origin.tiles(window) is not None)
            back = pl.col("_market_held") & _covered_by_lag(legs.market, window, asked)
            columns |= _window(f"{i}{end}", end, out, back, legs, fallback)
        cells = table.select("hub", "lag", "_unit", family="product", **columns)
        cells = _without_idle(_as_families(cells, found), legs)
        cells = _selected(cells, legs, found)
        parts.append(cells.drop("_unit").with_columns(pair=pl.lit(i, dtype=pl.Int64)))
    return pl.concat(parts).with_columns(fallback=pl.lit(fallback))


def _as_families(cells: pl.DataFrame, found: Sequence[Family]) -> pl.DataFrame:
    """Codes that changed within the pair as one family, missing where one of them is."""
    code = {int(m): int(f.code) for f in found for m in f.members}
    if not code:
        return cells
    changed = pl.col("family").is_in(list(code))
    keys, quantities = ("hub", "lag", "family", "_unit"), ("qa_b", "qa_t", "qu_b", "qu_t")
    one_unit = pl.col("_unit").drop_nulls().n_unique() <= 1
    sums = [
        pl.when((pl.col(c).null_count() == 0) & (one_unit if c in quantities else True))
        .then(pl.col(c).sum()).alias(c)
        for c in cells.columns if c not in keys
    ]  # fmt: skip
    whole = (
        cells.filter(changed)
        .with_columns(pl.col("family").replace(code))
        .group_by("hub", "lag", "family")
        .agg(pl.col("_unit").first(), *sums)
    )
    return pl.concat([cells.filter(~changed), whole.select(cells.columns)])


def _without_idle(cells: pl.DataFrame, legs: Legs) -> pl.DataFrame:
    """Codes that changed in another pair leave where neither leg has any of them in this one: they
    are there for the sums of their family alone."""
    member = [int(m) for f in legs.all_families for m in f.members]
    traded = pl.any_horizontal(
        (pl.col(f"{leg}_{end}") != 0).fill_null(True) for leg in "au" for end in ("b", "t")
    )
    return cells.filter(pl.col("family").is_in(member).not_() | traded)


def _selected(cells: pl.DataFrame, legs: Legs, found: Sequence[Family]) -> pl.DataFrame:
    """The products asked for: families with a code that is; of "not X", those without one."""
    s = legs.query.call.selections["product"]
    if s.codes is None:
        return cells
    members = {int(f.code): f.members for f in found}
    prefixes = tuple(s.codes)

    def hit(product: int) -> bool:
        codes = members.get(product, (str(product).zfill(legs.level),))
        return any(c.startswith(prefixes) for c in codes) is not s.negate

    products = [p for p in cells["family"].unique().to_list() if hit(p)]
    return cells.filter(pl.col("family").is_in(products))


def _window(
    n: str, end: str, sold: pl.Expr, bought: pl.Expr, legs: Legs, fallback: bool
) -> dict[str, pl.Expr]:
    """The columns of one window; `sold`, `bought`: what the two legs cover."""
    to_hub, from_hub = sold & pl.col("_in_origin"), bought & pl.col("_in_market")
    all_sold, all_bought = legs.origin.partners() is None, legs.market.partners() is None
    loss = pl.when(sold).then(f"o_{n}") if fallback else pl.when(bought).then(f"d_{n}")
    rest = pl.col(f"all_{n}") - pl.col(f"u_{n}")
    found = {
        f"a_{end}": pl.when(to_hub).then(f"a_{n}"),
        f"u_{end}": pl.when(from_hub).then(f"u_{n}"),
        f"d_{end}": loss,
        f"c_{end}": pl.when(sold).then(f"c_{n}") if all_sold else _NULL,
        f"w_{end}": pl.when(bought).then(rest) if all_bought else _NULL,
        f"qa_{end}": pl.when(to_hub & pl.col("_measured")).then(f"qa_{n}"),
        f"qu_{end}": pl.when(from_hub & pl.col("_measured")).then(f"qu_{n}"),
    }
    exporters = {leg.reporter for leg in legs.exporters}
    if exporters:
        own = pl.col("hub").is_in(sorted(exporters))
        others = own.not_() | (len(exporters) > 1)
        found[f"v_{end}"] = pl.when(own).then(f"x_{n}")
        found[f"vw_{end}"] = pl.when(others).then(pl.col(f"y_{n}") - pl.col(f"x_{n}"))
    return found


def _covered_by_lag(leg: Leg, window: Window, asked: Asked) -> pl.Expr:
    held = [lag for lag in asked.shifts if leg.tiles(window.shifted(lag)) is not None]
    return pl.col("lag").is_in(held)


def _hub_in(codes: Codes) -> pl.Expr:
    return pl.lit(True) if codes is None else pl.col("hub").is_in(sorted(codes))


def _products(
    wide: pl.DataFrame, leg: Leg, windows: Sequence[Window], level: int, found: Sequence[Family]
) -> pl.Series:
    """Which rows' products the files of a leg hold throughout."""
    family_of = {m: f.code for f in found for m in f.members}
    held = products_held(leg, windows, level, family_of)
    if held is None:
        return pl.repeat(True, wide.height, eager=True, dtype=pl.Boolean)
    codes = wide["product"].cast(pl.String).str.zfill(level).to_list()
    known = {c: listed_in(held, "product", family_of.get(c, c)) for c in set(codes)}
    return pl.Series([known[c] for c in codes], dtype=pl.Boolean)


def _units() -> dict[str, pl.Expr]:
    """`_unit`, in which both legs count, and `_measured`: there is one, and no row lacks its
    quantity. A leg without rows has a quantity of zero in any unit."""
    units = [
        pl.col(f"{leg}_unit_{n}").replace(dict.fromkeys(KILOGRAMS, "kg"))
        for leg in "au" for n in ("first", "last")
    ]  # fmt: skip
    least, most = pl.min_horizontal(units), pl.max_horizontal(units)
    whole = (pl.col("a_lacking").fill_null(0) == 0) & (pl.col("u_lacking").fill_null(0) == 0)
    return {"_unit": least, "_measured": whole & (least == most).fill_null(True)}


def described(cells: pl.DataFrame, legs: Legs) -> pl.DataFrame:
    """The cells with how the codes of a family changed within its pair (1:1 where no change is
    known), and the end use that all of them share (NULL where they differ or it is not known)."""
    use = end_use(legs.level)
    families = {(i, int(f.code)): f for i, found in enumerate(legs.families) for f in found}
    rows = []
    for pair, product in cells.select("pair", "family").unique().iter_rows():
        family = families.get((pair, product))
        members = family.members if family else (str(product).zfill(legs.level),)
        uses = {use(code) for code in members}
        changed = family.concordance if family else "1:1"
        rows.append((pair, product, changed, uses.pop() if len(uses) == 1 else None))
    schema = {
        "pair": pl.Int64, "family": pl.Int64, "concordance": pl.String, "end_use": pl.String
    }  # fmt: skip
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return cells.join(table, on=["pair", "family"], how="left", maintain_order="left")
