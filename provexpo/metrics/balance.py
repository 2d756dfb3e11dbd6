"""Exports minus imports, from one table a flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.metrics.measures import measures_for

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

FLOWS = ("export", "import")
MEASURES = (
    *measures_for("balance"),
    Measure("exports", when="f.flow = 'export'", compared=False),
    Measure("imports", when="f.flow = 'import'", compared=False),
)
STEPS = (
    Step(
        "balance",
        """
        SELECT {keys}, exports, imports, value AS balance, exports + imports AS total,
          value, base_value,
          CASE WHEN exports <> 0 OR imports <> 0
            THEN rank() OVER (PARTITION BY slot ORDER BY
              CASE WHEN exports <> 0 OR imports <> 0 THEN value END DESC NULLS LAST) END AS rank,
          CASE WHEN value IS NULL THEN 'missing' WHEN exports = 0 AND imports = 0 THEN 'none'
            ELSE 'ok' END AS status
        FROM sums
        """,
    ),
)
UNITS = {
    "exports": "currency",
    "imports": "currency",
    "balance": "currency",
    "total": "currency",
    "value": "currency",
    "base_value": "currency",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def balance(
    trade: Trade,
    *,
    during: str | Window | None = None,
    against: str | Window | None = None,
    province: Words = None,
    partner: Words = None,
    product: Words = None,
    regime: Words = None,
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return exports, imports, their balance and their total.

    balance = exports - imports; total = exports + imports. ``value`` is the balance.

    Parameters
    ----------
    trade : Trade
    during, against, province, partner, product, regime, reporter, by, currency, table, lang
        As in ``value``; default ``by`` is ``partner``.

    Returns
    -------
    Result
        exports, imports, balance, total, value, base_value [currency], rank, status, reason.

    Raises
    ------
    CoverageError if the store does not hold both flows in one currency.

    Notes
    -----
    Exports are FOB, imports CIF, each from one table of its own; the caveat ``valuation`` names
    them. NULL rule: where either flow is not covered everything is NULL and ``missing``.

    References
    ----------
    United Nations, International Merchandise Trade Statistics: Concepts and Definitions 2010.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.balance(pe.sample(), by=[], during="2025-01/2025-07")
    >>> r.frame["balance"][0] == r.frame["exports"][0] - r.frame["imports"][0]
    True
    """
    arguments = Arguments(
        "balance", during, against, reporter, "export", province, partner, product, regime, by,
        currency, None, table, lang,
    )  # fmt: skip
    query = prepare(trade, arguments, default_by=("partner",), flows=FLOWS)
    answer = run(query, MEASURES, STEPS, order="rank NULLS LAST")
    form = Form("balance", "balance", "0", balance.__doc__ or "", UNITS)
    caveats = together(query, MEASURES[0], flows=FLOWS)
    return finish(query, answer, form, summed=summed_over(query), caveats=caveats)
