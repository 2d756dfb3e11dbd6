"""The two records of one flow: what a country says it sold, and what its partner says it bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provexpo import vocab
from provexpo.engine.call import Arguments
from provexpo.engine.cells import Measure, shorter
from provexpo.engine.coverage import union
from provexpo.engine.query import Query, prepare
from provexpo.engine.trade import Trade
from provexpo.errors import CoverageError
from provexpo.ingest.rows import Grain
from provexpo.periods import Window
from provexpo.signals.months import Months, read_months

# Special provisions: China's chapter 98 holds parcels that the US does not count (methods 0.6).
SPECIAL = 98
WITHOUT_SPECIAL = ("USA",)
# With fewer chapters than this a list of products is a selection, not the whole trade.
MOST_CHAPTERS = 90


@dataclass(frozen=True)
class Leg:
    """One side's record, its table, and whether chapter 98 could be told apart in it."""

    query: Query
    grain: Grain
    months: Months
    tells_special: bool

    def measure(self, partner: str) -> str:
        return "ex98" if partner in WITHOUT_SPECIAL and self.tells_special else "value"


def prepared(trade: Trade, arguments: Arguments, *, wants_products: bool) -> Query:
    """The query of a leg; of a table with products where chapter 98 must be told apart, and the
    table lists (nearly) all chapters."""
    plain = prepare(trade, arguments, default_by=())
    if not wants_products or plain.product_level or arguments.table is not None:
        return plain
    try:
        finer = prepare(trade, arguments, default_by=(), extra_needs=("product",))
    except CoverageError:
        return plain
    if any(now.tiles is None for now, _ in finer.slots):
        return plain
    for choice in finer.chosen.values():
        codes = union(choice.coverage.scopes, "product")
        if codes is not None and len({c[:2] for c in codes}) < MOST_CHAPTERS:
            return plain
    return finer


def read_leg(query: Query, window: Window, keys: Sequence[str], name: str) -> Leg:
    """The monthly amounts of a leg."""
    grain = next(iter(query.chosen.values())).grain
    months = read_months(query, window, keys=keys, measures=_measures, name=name)
    return Leg(query, grain, months, query.product_level >= 2)


def _measures(query: Query) -> tuple[list[Measure], Mapping[str, Any]]:
    level, when = query.product_level, ""
    if level >= 2:
        when = f"{shorter('f.product', level, 2)} <> {SPECIAL}"
    return [Measure("value", compared=False), Measure("ex98", when, compared=False)], {}


def mirror_arguments(
    arguments: Arguments, partner: str, window: Window, products: Sequence[str], table: str | None
) -> Arguments:
    """The same flow as the partner's imports from the reporter."""
    return replace(
        arguments, during=str(window), against=str(window), reporter=partner, flow="import",
        province=None, partner=arguments.reporter, regime=None, by=list(products), table=table,
    )  # fmt: skip


def partners_of(trade: Trade, words: Any, reporter: str) -> list[str]:
    """Whose records are compared: those asked for, else every reporter of imports held."""
    if words is None:
        held = {s.grain.reporter for s in trade.snapshot.scopes if s.flow == "import"}
        found = sorted(held - {reporter})
        if not found:
            raise CoverageError(
                "the store holds no imports of another reporter",
                where="mirror_gap()",
                do="load the partner's own records, such as those of the US Census or Comtrade",
            )
        return found
    s = vocab.resolve("partner", words, reporter=reporter, where="mirror_gap(partner=)")
    if s.codes is None or s.negate:
        raise CoverageError(
            "mirror_gap compares partner by partner", where="mirror_gap(partner=)",
            do="name the partners, or leave partner= out for all that the store holds",
        )  # fmt: skip
    return sorted(s.codes)


def cif_factor(grain: Grain, given: float) -> float:
    """What the partner's value holds beyond that at the exporter's border."""
    return given if grain.import_valuation.upper() == "CIF" else 0.0
