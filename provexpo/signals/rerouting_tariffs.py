"""The wedge: what the market levies on goods from the origin beyond what it levies on the hub's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from provexpo.engine.trade import Trade
from provexpo.errors import CallError
from provexpo.metrics.tariffs import ADDED, HS6, UNIT, WHOLE, rates_of, refuse_finer
from provexpo.signals.rerouting_windows import Asked, Pair

_SHOWN = 6


@dataclass(frozen=True)
class Chosen:
    """Which of the tariffs held are meant."""

    kind: str | None = None
    programme: str | None = None
    agg: str | None = None


def tariff_rows(trade: Trade, market: str, partners: list[str], chosen: Chosen) -> pl.DataFrame:
    """The rows of one kind that the market levies on these partners; empty where none are held."""
    table = trade.side("tariffs").filter(
        (pl.col("reporter") == market) & pl.col("partner").is_in(partners)
    )
    for column, wanted in (("kind", chosen.kind), ("programme", chosen.programme)):
        if wanted is None:
            continue
        held = sorted({v or "" for v in table[column]})
        table = table.filter(pl.col(column).fill_null("") == wanted)
        if table.is_empty():
            raise CallError(
                f"no tariffs of {column} {wanted!r} are held",
                where=f"rerouting({column}=)",
                expected=", ".join(map(repr, held[:_SHOWN])) or "the store holds none of these",
            )
    _refuse_mixed(table)
    refuse_finer(table, chosen.agg)
    return table


def _refuse_mixed(rows: pl.DataFrame) -> None:
    """Rates of several kinds, or whole rates of two programmes on one partner, do not add up."""
    kinds = sorted({k or "" for k in rows["kind"]})
    if len(kinds) > 1:
        raise CallError(
            "the tariffs held are of several kinds, which do not add up",
            where="rerouting(kind=)",
            expected=", ".join(map(repr, kinds[:_SHOWN])),
            do=f"pass kind={kinds[0]!r}",
        )
    for (partner,), part in rows.group_by("partner", maintain_order=True):
        if kinds[0] in WHOLE and part["programme"].n_unique() > 1:
            raise CallError(
                f"two programmes state whole rates for goods from {partner}",
                where="rerouting(programme=)",
                expected=", ".join(sorted({repr(p or "") for p in part["programme"]})[:_SHOWN]),
                do="pass one of them",
            )


def wedges(
    rows: pl.DataFrame, asked: Asked, products: list[int], level: int, origin: str, agg: str | None
) -> pl.DataFrame:
    """hub, family, wedge (a fraction): NULL where either rate is not known.

    Rates are means over the days of the window in which the market counts the hub's goods. Of
    added kinds no row means none; of others it means not known. Rates finer than the level of the
    call say nothing of its products.
    """
    schema = {"hub": pl.String, "family": pl.Int64, "wedge": pl.Float64}
    lengths = rows["product"].str.len_chars().max() if rows.height else None
    if rows.is_empty() or (level < HS6 and (lengths or 0) > level):  # type: ignore[operator]
        return pl.DataFrame(schema=schema)
    padded = [p * 10 ** (HS6 - level) for p in products]
    shared = {lag: _rates(rows, origin, padded, asked.pairs[0].shifted(lag), agg)
              for lag in asked.shifts}  # fmt: skip
    found = []
    for hub, lag in asked.lags.items():
        own = _rates(rows, hub, padded, asked.pairs[0].shifted(lag), agg)
        found += [
            (hub, p, None if a is None or b is None else (a - b) / UNIT)
            for p, a, b in zip(products, shared[lag], own, strict=True)
        ]
    return pl.DataFrame(found, schema=schema, orient="row")


def _rates(
    rows: pl.DataFrame, partner: str, products: list[int], pair: Pair, agg: str | None
) -> Sequence[int | None]:
    """The rate of each product in the pair's window, in units of 1e-9; None where not known."""
    added = rows["kind"][0] in ADDED
    own = rows.filter(pl.col("partner") == partner)
    if own.is_empty():
        return [0 if added else None] * len(products)
    table = rates_of(own, products, pair.now, pair.base, agg).frame
    pairs = table.select("tau", "covered").iter_rows()
    return [tau if covered or added else None for tau, covered in pairs]
