"""How large a market is: what its own customs recorded as imports of a product from everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from provexpo.engine.call import Arguments
from provexpo.engine.cells import Measure
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.errors import CoverageError
from provexpo.metrics.partial import declared_partial

_STEP = Step("imports", "SELECT {keys}, value FROM sums")


@dataclass(frozen=True)
class Sizes:
    """By row of the frame: its part of the market's imports, None where they are not known."""

    shares: list[float | None]
    markets: list[str]  # whose imports were found
    answers: Mapping[str, Answer]


def market_sizes(query: Query, frame: pl.DataFrame) -> Sizes:
    """Read the imports of each market that the store holds by product, over the window."""
    found: dict[tuple[str, int], int] = {}
    answers: dict[str, Answer] = {}
    for market in sorted(set(frame["partner"])):
        answer = _imports(query, market)
        if answer is None:
            continue
        answers[f"imports of {market}"] = answer
        for code, value in answer.frame.select("product", "value").iter_rows():
            family = int(query.call.family_of.get(f"{code:06d}", f"{code:06d}"))
            if value is not None:
                found[market, family] = found.get((market, family), 0) + value
    shares = []
    for market, code, value in frame.select("partner", "product", "value").iter_rows():
        total = found.get((market, code))
        shares.append(value / total if total and total > 0 and value is not None else None)
    names = [a.removeprefix("imports of ") for a in answers]
    return Sizes(shares, names, answers)


def _imports(query: Query, market: str) -> Answer | None:
    trade, window = query.trade, str(query.call.window)
    if not any(g.product_level >= 6 for g in trade.grains("import", reporter=market)):
        return None
    arguments = Arguments(
        "deflection", window, window, market, "import", by=["product:HS6"], currency="USD"
    )
    try:
        imports = prepare(trade, arguments, default_by=())
    except CoverageError:
        return None
    if imports.slots[0][0].tiles is None or declared_partial(imports, "partner"):
        return None
    return run(imports, [Measure("value")], (_STEP,), order="value")
