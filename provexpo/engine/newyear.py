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
from provexpo.vocab import phrase

_YEARS_SHOWN = 2
_STEP = Step("together", "SELECT slot, value, base_value FROM sums")


def _whole(window: Window) -> Window:
    """The window stretched to hold both January and February of its years."""
    first = window.first - 1 if window.first % 100 == 2 else window.first
    last = window.last + 1 if window.last % 100 == 1 else window.last
    return Window(first, last)


def together(
    query: Query, measure: Measure, *, flows: Sequence[str] = (), unit: str = ""
) -> list[Caveat]:
    """Caveats with the national figure of January and February together; none where not needed.

    For a window that holds only one of them, that of the stretched window; for rows by month,
    that of the newest years. `unit` is that of the measure where it is not money.
    """
    call = query.call
    if call.time_key is None:
        wholes = [_whole(call.window)] if call.window.splits_new_year else []
    else:
        years = sorted({w.first // 100 for w in call.slots if w.splits_new_year})
        wholes = [Window(y * 100 + 1, y * 100 + 2) for y in years[-_YEARS_SHOWN:]]
    return [_figure(query, measure, flows, unit, whole) for whole in wholes]


def _figure(
    query: Query, measure: Measure, flows: Sequence[str], unit: str, whole: Window
) -> Caveat:
    call, lang = query.call, query.call.arguments.lang
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
        return Caveat("janfeb_together", phrase("janfeb.error", lang, window=whole, why=err.what))
    if row["value"] is None:
        return Caveat("janfeb_together", phrase("janfeb.uncovered", lang, window=whole))
    text = phrase(
        "janfeb.together",
        lang,
        window=whole,
        value=f"{row['value']:,}",
        currency=unit or query.currency,
    )
    if row["value"] >= 0 and (row["base_value"] or 0) > 0:
        change = f"{row['value'] / row['base_value'] - 1:+.1%}"
        text += phrase("janfeb.change", lang, change=change, base=against)
    return Caveat("janfeb_together", text)
