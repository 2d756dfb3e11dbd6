"""How much was traded: the level, its share of the selection, and its rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provexpo.engine.call import Arguments, Words
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.metrics.measures import gap_reason, measures_for, refuse_measure, units_for
from provexpo.metrics.partial import partial_selection
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

STEPS = (
    Step(
        "value",
        """
        SELECT {keys}, value, base_value,
          CASE WHEN NOT $partial THEN
            value / nullif(CASE WHEN count(*) OVER all_rows = count(value) OVER all_rows
              THEN sum(value) OVER all_rows END, 0) END AS share,
          CASE WHEN value IS NOT NULL
            THEN rank() OVER (PARTITION BY slot ORDER BY value DESC NULLS LAST) END AS rank,
          CASE WHEN value IS NULL THEN 'missing' WHEN value < 0 THEN 'negative'
            WHEN value = 0 THEN 'none' ELSE 'ok' END AS status,
          CASE WHEN $partial AND value IS NOT NULL THEN 'scope' END AS reason
        FROM sums
        WINDOW all_rows AS (PARTITION BY slot)
        """,
    ),
)

UNITS = {
    "value": "currency",
    "base_value": "currency",
    "share": "fraction",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def value(
    trade: Trade,
    *,
    during: str | Window | None = None,
    against: str | Window | None = None,
    province: Words = None,
    partner: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    table: str | None = None,
    measure: str = "value",
    lang: str = "en",
) -> Result:
    """Return the value of the selected trade, and each row's share of it.

    share_k = x_k / sum_m x_m over the rows of the frame (of one point in time).

    Parameters
    ----------
    trade : Trade
        A snapshot, from ``pe.open`` or ``pe.sample``.
    during, against : str or Window, optional
        The window (default: January to the newest month held) and its base (default: the same
        months one year earlier).
    province, partner, product, regime : str or list, optional
        Codes, names in English or Chinese, groups, or "not X"; None is everything.
    flow : {"export", "import", "total"}
    by : str or list, optional
        Default ``province``; ``[]`` is the one national row.
    measure : {"value", "quantity", "balance"}
        Quantities are summed only where one unit is used.
    currency, table, reporter, lang : optional
        See the contract in ``docs/architecture.md``.

    Returns
    -------
    Result
        value and base_value [currency], share [0-1], rank, status, reason, lny_flag.

    Raises
    ------
    UnknownCodeError if a word stands in no code table; CoverageError if the store holds no such
    table or currency; PeriodError if the windows do not match.

    Notes
    -----
    NULL rule: inside what the files cover an absent cell is 0; outside it ``value`` is NULL and
    ``status`` is ``missing``. ``share`` is NULL where the sum is 0 or a row is missing, and, with
    reason ``scope``, where the files were declared to hold only some of the codes that the rows
    are broken down by. An uncovered base gives NULL ``base_value`` and the caveat
    ``base_missing``.

    References
    ----------
    United Nations, International Merchandise Trade Statistics: Concepts and Definitions 2010.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.value(pe.sample(), partner="US", during="2025-01/2025-07")
    >>> r.frame["province_name"][0]
    'Guangdong'
    """
    extra = {} if measure == "value" else {"measure": measure}
    arguments = Arguments(
        "value", during, against, reporter, flow, province, partner, product, regime, by,
        currency, None, table, lang, extra,
    )  # fmt: skip
    refuse_measure(measure, flow)
    flows = ("export", "import") if measure == "balance" else ()
    query = prepare(trade, arguments, default_by=("province",), flows=flows)
    measures = measures_for(measure)
    partial = [
        k.dimension
        for k in query.call.entity_keys
        if partial_selection(query, k.dimension, (False,))
    ]
    params = {"partial": bool(partial)}
    answer = run(query, measures, STEPS, order="rank NULLS LAST", params=params)
    units, notes = units_for(query, measure, UNITS)
    gap = gap_reason(measure)
    form = Form("value", measure, "0", value.__doc__ or "", units, gap=gap)
    caveats = [*notes, *together(query, measures[0], flows=flows, unit=units["value"])]
    if partial:
        names = phrase("names", lang).join(phrase(f"dimension.{d}", lang) for d in partial)
        caveats.append(Caveat("scope", phrase("scope.partial_share", lang, dimension=names)))
    return finish(query, answer, form, summed=summed_over(query, rows=True), caveats=caveats)
