"""Whether dependence on a partner moved with trade to it, or with trade to all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.partial import partial_partners
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

STEPS = (
    Step(
        "shares",
        """
        SELECT {keys}, value, base_value, total, base_total,
          CASE WHEN value < 0 OR base_value < 0 OR total < value OR base_total < base_value
            THEN true ELSE false END AS corrected,
          CASE WHEN NOT $partners_partial THEN value / nullif(total, 0) END AS share,
          CASE WHEN NOT $partners_partial THEN base_value / nullif(base_total, 0) END AS base_share
        FROM sums
        """,
    ),
    Step(
        "judged",
        """
        SELECT *,
          CASE WHEN value IS NULL OR base_value IS NULL OR $partners_partial THEN 'missing'
            WHEN corrected THEN 'negative'
            WHEN total = 0 AND base_total = 0 THEN 'none'
            WHEN base_total = 0 THEN 'new'
            WHEN total = 0 THEN 'exit'
            WHEN base_value > 0 AND base_value < {min_base} THEN 'small_base'
            ELSE 'ok' END AS status
        FROM shares
        """,
    ),
    # 1 - s_B as what went to all others: taken from 1 it would lose its digits near 0.
    Step(
        "parts",
        """
        SELECT *,
          CASE WHEN status IN ('ok', 'small_base')
            THEN 100 * ((base_total - base_value) / nullif(base_total, 0))
              * ((value - base_value) / nullif(total, 0)) END AS us_effect_pp,
          CASE WHEN status IN ('ok', 'small_base')
            THEN -100 * base_share
              * (((total - value) - (base_total - base_value)) / nullif(total, 0))
            END AS row_effect_pp
        FROM judged
        """,
    ),
    Step(
        "dependence_change",
        """
        SELECT {keys}, value, base_value, total, base_total, share, base_share,
          us_effect_pp + row_effect_pp AS delta_share_pp, us_effect_pp, row_effect_pp,
          CASE WHEN us_effect_pp IS NOT NULL THEN rank() OVER (
            PARTITION BY slot, us_effect_pp IS NOT NULL ORDER BY share - base_share NULLS LAST)
            END AS rank,
          status, coalesce(base_value > 0 AND base_value < {min_base}, false) AS small_base
        FROM parts
        """,
    ),
)

UNITS = {
    "value": "currency",
    "base_value": "currency",
    "total": "currency",
    "base_total": "currency",
    "share": "fraction",
    "base_share": "fraction",
    "delta_share_pp": "pp",
    "us_effect_pp": "pp",
    "row_effect_pp": "pp",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def dependence_change(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    against: str | Window | None = None,
    province: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    min_base: float | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return the change of the partner's share in two parts that add up to it.

    With s the share, x the trade with the partner, R that with all others, X = x + R, and D the
    change from the base window B to the window T:

    100 (s_T - s_B) = 100 (1 - s_B) Dx / X_T  -  100 s_B DR / X_T

    The first part, ``us_effect_pp``, is what trade with the partner did (whichever partner was
    asked for); the second, ``row_effect_pp``, what trade with the rest of the world did.

    Parameters
    ----------
    trade : Trade
    partner : str or list
        A partner or group; default the United States, after which the columns are named.
    during, against : str or Window, optional
        The window and its base, of the same calendar months.
    min_base : float, optional
        Dollars of base trade with the partner below which a row is flagged ``small_base``;
        default 100 million per 12 months, 10 million for single products.
    province, product, regime, flow, reporter, by, currency, table, lang
        As in ``value``; default ``by`` is ``province``.

    Returns
    -------
    Result
        value, base_value (with the partner), total, base_total (with all) [currency], share,
        base_share [0-1], delta_share_pp = us_effect_pp + row_effect_pp [pp], rank (the largest
        fall of dependence first), status, reason, small_base.

    Raises
    ------
    UnknownCodeError if partner stands in no table. CallError where partners are a key of ``by``.

    Notes
    -----
    NULL rule: rows without any trade in one window (``new``, ``exit``) or in both (``none``) have
    no change of share; nor have rows of which a part is ``negative``. A window that is not
    covered, or a declared partial list of partners, makes the row ``missing``. The parts are
    accounting: they do not say what caused what.

    References
    ----------
    The identity follows from s = x / X; see the methods, section 3.3.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.dependence_change(pe.sample(), by=[], during="2025-01/2025-07")
    >>> f = r.frame.row(0, named=True)
    >>> f["us_effect_pp"] < 0, f["row_effect_pp"] < 0  # less to the US, more to the others
    (True, True)
    """
    if partner is None:
        raise CallError(
            "dependence_change needs a partner", where="dependence_change(partner=)", do="name one"
        )
    arguments = Arguments(
        "dependence_change", during, against, reporter, flow, province, partner, product, regime,
        by, currency, min_base, table, lang,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), conditions=("partner",),
        extra_needs=("partner",),
    )  # fmt: skip
    if any(k.dimension == "partner" for k in query.call.keys):
        raise CallError(
            "dependence_change divides by the sum over partners, so they are no key of its frame",
            where="by=",
            do="leave partners out of by=, and ask for one partner with partner=",
        )
    to_partner, params = query.condition("partner")
    measures = [Measure("value", to_partner), Measure("total")]
    partial = partial_partners(query)
    answer = run(
        query, measures, STEPS, order="rank NULLS LAST",
        params={**params, "partners_partial": partial},
    )  # fmt: skip
    form = Form(
        "dependence_change", "dependence_change", "3.3", dependence_change.__doc__ or "", UNITS,
        compares=True,
    )  # fmt: skip
    text = phrase("scope.partial_partners", lang)
    caveats = [Caveat("scope", text)] if partial else []
    caveats += together(query, measures[0])
    return finish(query, answer, form, summed=summed_over(query, "partner"), caveats=caveats)
