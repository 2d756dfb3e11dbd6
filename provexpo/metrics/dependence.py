"""How much of its exports each province sells to one partner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure, per_flow
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.levels import has_all_provinces, nation_caveats
from provexpo.metrics.partial import partial_partners
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

STEPS = (
    # Where the caller declared a partial list of partners, the total over them is no total.
    Step(
        "shares",
        """
        SELECT {keys}, value, base_value,
          CASE WHEN NOT $partners_partial THEN total END AS total,
          CASE WHEN NOT $partners_partial THEN base_total END AS base_total,
          total_ex98, value_ex98, unclassified,
          CASE WHEN NOT $partners_partial THEN value / nullif(total, 0) END AS share,
          CASE WHEN NOT $partners_partial THEN base_value / nullif(base_total, 0) END AS base_share
        FROM sums
        """,
    ),
    # The nation is the sum of the same table; a missing province makes it missing.
    Step(
        "nation",
        """
        SELECT {others},
          CASE WHEN $all_provinces AND count(*) = count(value)
            THEN CAST(sum(value) AS BIGINT) END AS nation_value,
          CASE WHEN $all_provinces AND count(*) = count(total)
            THEN CAST(sum(total) AS BIGINT) END AS nation_total
        FROM shares
        GROUP BY {others}
        """,
    ),
    Step(
        "compared",
        """
        SELECT *, value / nullif(nation_value, 0) AS national_share,
          nation_value / nullif(nation_total, 0) AS nation_share,
          share / nullif(nation_value / nullif(nation_total, 0), 0) AS lq
        FROM shares JOIN nation USING ({others})
        """,
    ),
    Step(
        "dependence",
        """
        SELECT {keys}, value, base_value, total, base_total, share, base_share,
          100 * (share - base_share) AS delta_share_pp,
          CASE WHEN NOT $partners_partial AND $has_products
            THEN value_ex98 / nullif(total_ex98, 0) END AS share_ex98,
          CASE WHEN $has_products THEN unclassified / nullif(total, 0) END AS share_unclassified,
          national_share,
          CASE WHEN nation_value IS NOT NULL
            THEN CAST(sum(value) OVER by_value AS BIGINT) / nullif(nation_value, 0)
            END AS cum_national_share,
          nation_share, lq, (lq - 1) / nullif(lq + 1, 0) AS rsca,
          CASE WHEN share IS NOT NULL
            THEN rank() OVER (PARTITION BY {others} ORDER BY share DESC NULLS LAST) END AS rank,
          CASE WHEN value IS NULL OR $partners_partial THEN 'missing'
            WHEN value < 0 OR total < 0 THEN 'negative'
            WHEN total = 0 THEN 'none' ELSE 'ok' END AS status,
          coalesce(value > 0 AND value < {min_base}, false) AS small_base
        FROM compared
        WINDOW by_value AS (PARTITION BY {others} ORDER BY value DESC NULLS LAST, {keys}
          ROWS UNBOUNDED PRECEDING)
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
    "share_ex98": "fraction",
    "share_unclassified": "fraction",
    "national_share": "fraction",
    "cum_national_share": "fraction",
    "nation_share": "fraction",
    "lq": "ratio",
    "rsca": "index",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def dependence(
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
    """Return each province's share of exports going to one partner.

    s_ij = X_ij / sum_k X_ik, with i province, and j, k partners. The change is 100 (s_T - s_B)
    percentage points. The national share is q_ij = X_ij / sum_m X_mj over provinces m; the
    location quotient LQ_ij = s_ij / s_Nj, with N the nation; RSCA = (LQ - 1) / (LQ + 1).

    Parameters
    ----------
    trade : Trade
        A snapshot, from ``pe.open`` or ``pe.sample``.
    partner : str or list
        A partner or group: code, name in English or Chinese.
    during, against : str or Window, optional
        The window (default: January to the newest month held) and its base (default: the same
        months one year earlier).
    province, product, regime, flow, reporter, by, currency, table, lang
        As in ``value``; ``flow="total"`` divides exports plus imports.
    min_base : float, optional
        Dollars below which the trade with the partner is flagged ``small_base``; default
        100 million per 12 months, 10 million for single products.

    Returns
    -------
    Result
        One row per province: value (to the partner) and total (to all) [currency], share and
        base_share [0-1], delta_share_pp [pp], share_ex98 [0-1] (without chapter 98 on both
        sides), share_unclassified [0-1] (chapters 98 and 99 of the total), national_share,
        cum_national_share, nation_share [0-1], lq [ratio], rsca [-1 to 1], rank, status.

    Raises
    ------
    UnknownCodeError if partner stands in no table; CoverageError if no table holds partners.

    Notes
    -----
    NULL rule: no exports at all gives a NULL share, none to the partner 0. A window that is not
    covered is ``missing``. Where the caller declared a partial list of partners the share is
    missing with reason ``scope``. Columns without chapters are NULL where the table has none.

    References
    ----------
    .. [1] United Nations, International Merchandise Trade Statistics 2010.
    .. [2] Balassa (1965), Trade Liberalisation and "Revealed" Comparative Advantage.
    .. [3] Laursen (2015), Revealed comparative advantage and the alternatives.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.dependence(pe.sample(), partner="US", during="2025-01/2025-07")
    >>> r.frame["province_name"][0], round(r.frame["share"][0], 3)
    ('Shanxi', 0.225)
    """
    if partner is None:
        raise CallError("dependence needs a partner", where="dependence(partner=)", do="name one")
    arguments = Arguments(
        "dependence", during, against, reporter, flow, province, partner, product, regime, by,
        currency, min_base, table, lang,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), fills=("product",), conditions=("partner",),
        defer_province=True, extra_needs=("partner",),
    )  # fmt: skip
    measures, params = _measures(query)
    answer = run(query, measures, STEPS, order="rank NULLS LAST", params=params)
    form = Form("dependence", "dependence", "1.1-1.3", dependence.__doc__ or "", UNITS)
    summed = summed_over(query, "province", "partner")
    caveats = [*_caveats(query, params), *together(query, measures[0])]
    return finish(query, answer, form, summed=summed, caveats=caveats)


def _measures(query: Query) -> tuple[list[Measure], dict[str, Any]]:
    """Sums to the partner and to all partners in one pass, with and without chapter 98."""
    to_partner, params = query.condition("partner")
    if any(k.dimension == "partner" for k in query.call.keys):
        raise CallError(
            "dependence divides by the sum over partners, so they are no key of its frame",
            where="by=",
            do="use value(..., by='partner'), whose share is each partner's part of the total",
        )
    level = query.product_level
    levels = {flow: c.grain.product_level for flow, c in query.chosen.items()}
    chapter = f"({per_flow(levels, 2)})" if level else "0"
    measures = [
        Measure("value", to_partner),
        Measure("total"),
        Measure("value_ex98", f"{to_partner} AND {chapter} <> 98", compared=False),
        Measure("total_ex98", f"{chapter} <> 98", compared=False),
        Measure("unclassified", f"{chapter} >= 98", compared=False),
    ]
    return measures, {
        **params,
        "has_products": level > 0 and query.call.selections["product"].codes is None,
        "partners_partial": partial_partners(query),
        # A selection is kept back until the nation is summed only where province is a key.
        "all_provinces": has_all_provinces(query),
    }


def _caveats(query: Query, params: dict[str, Any]) -> list[Caveat]:
    lang, found = query.call.arguments.lang, []
    if params["partners_partial"]:
        found.append(Caveat("scope", phrase("scope.partial_partners", lang)))
    if not params["has_products"]:
        found.append(Caveat("columns", phrase("columns.no_products", lang)))
    return found + nation_caveats(query)
