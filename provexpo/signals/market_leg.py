"""The second leg of a detour: what a market's own customs recorded as coming from each hub.

The first leg is read from the exporter's tables, this one from the market's, in the same store and
in dollars. Neither is ever filled in from the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.trade import Trade
from provexpo.errors import CallError, CoverageError
from provexpo.metrics.offset import default_hubs
from provexpo.periods import Window
from provexpo.result import Result

BY = ["partner", "product:HS6"]
_STEP = Step(
    "market",
    f"""
    SELECT {{keys}}, value, base_value, value - base_value AS change,
      {CHANGE_STATUS} AS status, {SMALL_BASE} AS small_base
    FROM sums
    WHERE list_contains($chapters, product // 10000)
    """,
)


@dataclass(frozen=True)
class Leg:
    """The market's imports from the hubs, by hub and HS6 product, and the query that read them."""

    query: Query
    answer: Answer

    @property
    def table(self) -> str:
        return next(iter(self.query.chosen.values())).grain.id


def one_market(partner: Words, reporter: str, where: str) -> str:
    """The code of the one country whose imports are the second leg."""
    chosen = vocab.resolve("partner", partner, reporter=reporter, where=f"{where}(partner=)")
    codes = chosen.codes or ()
    if len(codes) != 1 or chosen.negate:
        raise CallError(
            f"{where} needs one market, whose own import tables are read",
            where=f"{where}(partner=)",
            expected="one country, such as US",
        )
    return codes[0]


def hub_codes(hubs: Words, market: str, reporter: str, where: str) -> tuple[str, ...]:
    """The countries that goods may pass through; by default those of `seeds/hubs.csv`."""
    if hubs is None:
        return tuple(c for c in default_hubs() if c not in (market, reporter))
    chosen = vocab.resolve("partner", hubs, reporter=reporter, where=f"{where}(hubs=)")
    if chosen.codes is None or chosen.negate:
        raise CallError(
            "hubs= names the countries that goods may pass through",
            where=f"{where}(hubs=)",
            expected="countries or groups, not 'all' and not 'not X'",
        )
    codes = tuple(c for c in chosen.codes if c not in (market, reporter))
    if not codes:
        raise CallError(
            "no hub is left: the market and the reporter are none", where=f"{where}(hubs=)"
        )
    return codes


def market_leg(
    trade: Trade,
    market: str,
    hubs: Sequence[str],
    window: Window,
    base: Window,
    *,
    chapters: Sequence[str],
    min_base: float | None,
    metric: str,
) -> Leg | None:
    """The leg, or None where the store holds no imports of the market by origin and product."""
    arguments = Arguments(
        metric, str(window), str(base), market, "import", partner=list(hubs), by=BY,
        currency="USD", min_base=min_base,
    )  # fmt: skip
    try:
        query = prepare(trade, arguments, default_by=())
    except CoverageError:
        return None
    numbers = {"chapters": [int(c) for c in chapters]}
    return Leg(query, run(query, [Measure("value")], (_STEP,), order="value", params=numbers))


def with_leg(result: Result, leg: Leg | None) -> Result:
    """The receipt with a line on the second leg: its table and window."""
    if leg is None:
        return result
    call = leg.query.call
    line = f"imports of {call.arguments.reporter} in {call.window}: table {leg.table}"
    scope = (*result.receipt.scope, line)
    return replace(result, receipt=replace(result.receipt, scope=scope))
