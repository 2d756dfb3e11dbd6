"""The January-February figure that goes with a window holding only one of the two (methods 0.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from provexpo.engine.cells import Measure
from provexpo.engine.query import Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.errors import ProvexpoError
from provexpo.periods import Window, base_window
from provexpo.result import Caveat

_STEP = Step("together", "SELECT slot, value, base_value FROM sums")


def _whole(window: Window) -> Window:
    """The window stretched to hold both January and February of its years."""
    first = window.first - 1 if window.first % 100 == 2 else window.first
    last = window.last + 1 if window.last % 100 == 1 else window.last
    return Window(first, last)


def together(
    query: Query, measure: Measure, *, flows: Sequence[str] = (), unit: str = ""
) -> list[Caveat]:
    """A caveat with the national figure of the stretched window; none where it is not needed.

    `unit` is that of the measure where it is not money.
    """
    call = query.call
    if call.time_key or not call.window.splits_new_year:
        return []
    whole = _whole(call.window)
    # Month on month has no base of the same calendar months: the year before stands in.
    lag = (call.base.first // 100 - call.window.first // 100 if call.base else 0) or -1
    against = base_window(whole, whole.shifted(12 * lag))
    arguments = replace(
        call.arguments,
        during=whole, against=against, by=[], extra={}, currency=query.currency,
        table=None if len(query.chosen) > 1 else next(iter(query.chosen.values())).grain.id,
    )  # fmt: skip
    try:
        both = prepare(query.trade, arguments, default_by=(), flows=flows)
        row = run(both, [measure], [_STEP], order="value").frame.row(0, named=True)
    except ProvexpoError as err:
        return [Caveat("janfeb_together", f"{whole} cannot be given: {err.what}")]
    if row["value"] is None:
        return [
            Caveat("janfeb_together", f"{whole} is not covered, so it cannot be given beside it")
        ]
    text = f"{whole} as a whole, all rows together: {row['value']:,} {unit or query.currency}"
    if row["value"] >= 0 and (row["base_value"] or 0) > 0:
        text += f" ({row['value'] / row['base_value'] - 1:+.1%} against {against})"
    return [Caveat("janfeb_together", text)]
