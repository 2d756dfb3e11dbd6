"""How much of a change is unit values and how much is quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure, table_test
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Query, prepare, run, window_bounds
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.levels import product_level, refuse_coarse_products
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

LEAST_MATCH = 0.5
# The unit of a row, as its place in the list of units; 0 where the row states none.
_UNIT = "coalesce(list_position(CAST($units AS VARCHAR[]), f.unit), 0)"
MEASURES = (
    Measure("value"),
    Measure("quantity", what="f.quantity", whole=True),
    Measure("n_rows", what="1"),
    Measure("unit_sum", what=_UNIT),
    Measure("unit_squares", what=f"{_UNIT} * {_UNIT}"),
)
# Amounts are decimals of 10^-12: they add up exactly, in whatever order they are summed.
_PART = "DECIMAL(38, 12)"
_WHOLE = "CASE WHEN count(*) = count({0}) THEN CAST(sum({0}) AS BIGINT) END"


def _cells(query: Query) -> Step:
    """Cells with one unit, the same in both windows, and a value and quantity in both.

    n numbers are all the same exactly where n times the sum of their squares is the square of
    their sum.
    """
    level = next(k.level for k in query.call.cell_keys if k.column == "product")
    return Step(
        "cells_compared",
        f"""
        SELECT {{cells}}, value, base_value, quantity, base_quantity,
          value > 0 AND base_value > 0 AS traded_both,
          unit_sum > 0 AND base_unit_sum > 0
            AND n_rows * unit_squares = unit_sum * unit_sum
            AND base_n_rows * base_unit_squares = base_unit_sum * base_unit_sum AS one_unit,
          unit_sum * base_n_rows = base_unit_sum * n_rows AS same_unit,
          coalesce(quantity > 0 AND base_quantity > 0, false) AS has_quantities,
          product // {10 ** (level - 2)} >= 98 AS unclassified
        FROM sums
        """,
    )


_MATCHED = Step(
    "matched",
    """
    SELECT *, traded_both AND NOT unclassified AND has_quantities
        AND one_unit AND same_unit AS is_matched
    FROM cells_compared
    """,
)
# Values of one window at the unit values of the other, and the Bennet price effect.
_REPRICED = Step(
    "repriced",
    f"""
    SELECT *,
      CASE WHEN is_matched
        THEN CAST(value * (base_quantity / nullif(quantity, 0)) AS {_PART}) END AS base_repriced,
      CASE WHEN is_matched
        THEN CAST(base_value * (quantity / nullif(base_quantity, 0)) AS {_PART}) END AS repriced,
      CASE WHEN is_matched THEN ln((value / nullif(quantity, 0))
        / nullif(base_value / nullif(base_quantity, 0), 0)) END AS log_price,
      CASE WHEN is_matched
        THEN CAST(sum(CASE WHEN is_matched THEN value END) OVER of_row AS BIGINT)
        END AS row_matched,
      CASE WHEN is_matched
        THEN CAST(sum(CASE WHEN is_matched THEN base_value END) OVER of_row AS BIGINT)
        END AS base_row_matched
    FROM matched
    WINDOW of_row AS (PARTITION BY {{keys}})
    """,
)
_ROWS = Step(
    "rows",
    f"""
    SELECT {{keys}}, {_WHOLE.format("value")} AS value,
      {_WHOLE.format("base_value")} AS base_value,
      coalesce(min(value) < 0 OR min(base_value) < 0, false) AS has_negative,
      CAST(coalesce(sum(CASE WHEN is_matched THEN value END), 0) AS BIGINT) AS matched,
      CAST(coalesce(sum(CASE WHEN is_matched THEN base_value END), 0) AS BIGINT) AS base_matched,
      CAST(sum(repriced) AS DOUBLE) AS repriced,
      CAST(sum(base_repriced) AS DOUBLE) AS base_repriced,
      CAST(sum(base_repriced + value - base_value - repriced) AS DOUBLE) / 2 AS price_eff,
      CAST(sum(repriced - base_repriced + value - base_value) AS DOUBLE) / 2 AS all_qty_eff,
      exp(CAST(sum(CAST((value / nullif(row_matched, 0)
          + base_value / nullif(base_row_matched, 0)) / 2 * log_price AS DECIMAL(38, 18)))
        AS DOUBLE)) AS p_tornqvist,
      CAST(sum(CASE WHEN base_value = 0 THEN value ELSE 0 END) AS BIGINT) AS entry_eff,
      CAST(-sum(CASE WHEN value = 0 THEN base_value ELSE 0 END) AS BIGINT) AS exit_eff,
      CAST(sum(CASE WHEN traded_both AND NOT is_matched
        THEN value - base_value ELSE 0 END) AS BIGINT) AS unmatched_eff,
      count(CASE WHEN is_matched THEN 1 END) AS n_matched,
      count(CASE WHEN traded_both AND NOT unclassified AND has_quantities
        AND NOT (one_unit AND same_unit) THEN 1 END) AS n_unit_changed
    FROM repriced
    GROUP BY {{keys}}
    """,
)
_JUDGED = Step(
    "judged",
    f"""
    SELECT *, value - base_value AS change,
      CASE WHEN value > 0 AND base_value > 0 THEN base_matched / base_value END AS match_share_b,
      CASE WHEN value > 0 AND base_value > 0 THEN matched / value END AS match_share_t,
      CASE WHEN has_negative THEN 'negative' ELSE {CHANGE_STATUS} END AS change_status,
      {SMALL_BASE} AS small_base
    FROM rows
    """,
)
_REFUSED = Step(
    "refused",
    """
    SELECT *, change_status IN ('ok', 'small_base')
        AND (match_share_b < $least_match OR match_share_t < $least_match) AS is_refused,
      change_status IN ('ok', 'small_base') AND match_share_b >= $least_match
        AND match_share_t >= $least_match AS told
    FROM judged
    """,
)
_INDICES = Step(
    "indices",
    """
    SELECT *, CASE WHEN told THEN base_repriced / nullif(base_matched, 0) END AS p_laspeyres,
      CASE WHEN told THEN matched / nullif(repriced, 0) END AS p_paasche
    FROM refused
    """,
)
_FINAL = Step(
    "price_quantity",
    """
    SELECT {keys}, value, base_value, change, sqrt(p_laspeyres * p_paasche) AS p_fisher,
      matched / nullif(base_matched * sqrt(p_laspeyres * p_paasche), 0) AS q_fisher,
      p_laspeyres, p_paasche, CASE WHEN told THEN p_tornqvist END AS p_tornqvist,
      CASE WHEN told THEN price_eff END AS price_eff,
      CASE WHEN told THEN all_qty_eff END AS qty_eff,
      CASE WHEN counted THEN entry_eff END AS entry_eff,
      CASE WHEN counted THEN exit_eff END AS exit_eff,
      CASE WHEN counted THEN unmatched_eff END AS unmatched_eff,
      match_share_b, match_share_t,
      CASE WHEN counted THEN n_matched END AS n_matched,
      CASE WHEN counted THEN n_unit_changed END AS n_unit_changed,
      CASE WHEN told THEN rank() OVER (PARTITION BY slot, told ORDER BY value DESC) END AS rank,
      CASE WHEN is_refused THEN 'missing' ELSE change_status END AS status,
      CASE WHEN is_refused THEN 'match_share' END AS reason, small_base
    FROM (SELECT *, change_status NOT IN ('missing', 'negative') AS counted FROM indices)
      AS flagged
    """,
)

UNITS = {
    "value": "currency",
    "base_value": "currency",
    "change": "currency",
    "p_fisher": "index",
    "q_fisher": "index",
    "p_laspeyres": "index",
    "p_paasche": "index",
    "p_tornqvist": "index",
    "price_eff": "currency",
    "qty_eff": "currency",
    "entry_eff": "currency",
    "exit_eff": "currency",
    "unmatched_eff": "currency",
    "match_share_b": "fraction",
    "match_share_t": "fraction",
    "n_matched": "count",
    "n_unit_changed": "count",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def price_quantity(
    trade: Trade,
    *,
    during: str | Window | None = None,
    against: str | Window | None = None,
    level: str | None = None,
    province: Words = None,
    partner: Words = None,
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
    """Return unit value and quantity indices of the comparable part of a change.

    Cells are a product and partner with one unit, the same in both windows, and a value and a
    quantity above zero in both; p = value / quantity. Laspeyres P_L = sum p1 q0 / sum p0 q0,
    Paasche P_P = sum p1 q1 / sum p0 q1, Fisher P_F = sqrt(P_L P_P), Q_F = (V1 / V0) / P_F;
    Tornqvist = exp(sum (s0 + s1) / 2 ln(p1 / p0)). Bennet: price_eff = sum (q0 + q1) / 2 (p1 - p0),
    qty_eff = sum (p0 + p1) / 2 (q1 - q0), which add up to the change of the matched cells.

    Parameters
    ----------
    trade : Trade
    during, against : str or Window, optional
        The window and its base, as in ``growth``.
    level : str, optional
        The products: ``product:HS6`` (default, or the table's own where coarser) or
        ``product:HS8``, whose codes are comparable within one year only.
    province, partner, product, regime, flow, reporter, by, currency, min_base, table, lang
        As in ``growth``; ``flow`` is one of export and import.

    Returns
    -------
    Result
        value, base_value, change [currency], p_fisher, q_fisher, p_laspeyres, p_paasche,
        p_tornqvist [index, base 1], price_eff, qty_eff [currency], entry_eff, exit_eff (cells
        traded in one window alone), unmatched_eff (traded in both, not comparable) [currency],
        match_share_b, match_share_t [0-1], n_matched, n_unit_changed [count], rank (by value).
        change = price_eff + qty_eff + entry_eff + exit_eff + unmatched_eff.

    Raises
    ------
    CallError if ``by`` names chapters or headings, or flow is total; CoverageError if no table
    holds products.

    Notes
    -----
    The indices are of unit values, not of prices: they move with the mix inside a cell, and
    outliers are not taken out. Chapters 98 and 99 are never matched. NULL rule: where the matched
    cells carry less than half of the value in either window the indices and the two effects are
    NULL, status ``missing``, reason ``match_share``; rows that are new, exits or negative have
    none. A cell whose quantity is missing in any of its rows is unmatched.

    References
    ----------
    ILO, IMF, OECD, UNECE and World Bank (2004), Producer Price Index Manual.
    Silver (2010), The wrongs and rights of unit value indices. Review of Income and Wealth 56.
    Bennet (1920), The theory of measurement of changes in cost of living.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.price_quantity(pe.sample(), partner="US", by=[], during="2025-01/2025-07")
    >>> 0 <= r.frame["match_share_t"][0] <= 1
    True
    """
    inner = _level(level, flow)
    refuse_coarse_products(by, 6)
    extra = {} if level is None else {"level": level}
    arguments = Arguments(
        "price_quantity", during, against, reporter, flow, province, partner, product, regime, by,
        currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), inner=(inner, "partner?"),
    )  # fmt: skip
    params: dict[str, Any] = {"units": _units(query), "least_match": LEAST_MATCH}
    steps = (_cells(query), _MATCHED, _REPRICED, _ROWS, _JUDGED, _REFUSED, _INDICES, _FINAL)
    answer = run(query, MEASURES, steps, order="rank NULLS LAST", params=params)
    form = Form(
        "price_quantity", "price_quantity", "2.9", price_quantity.__doc__ or "", UNITS, True
    )
    caveats = [*_caveats(query, answer.frame["reason"].to_list()), *together(query, MEASURES[0])]
    return finish(query, answer, form, summed=summed_over(query), caveats=caveats)


def _level(level: str | None, flow: str) -> str:
    if flow == "total":
        raise CallError(
            "unit values of exports and imports are not one price",
            where="flow=",
            expected="export or import",
        )
    word = product_level(level, None, "product:HS6")
    if word not in ("product:HS6", "product:HS8"):
        raise CallError(
            f"level={level!r} mixes unlike products in one unit value",
            where="level=",
            expected="product:HS6 or product:HS8",
        )
    return f"{word}-"


def _units(query: Query) -> list[str]:
    """The units of the quantities that are read; a cell has to keep to one of them."""
    where, params = table_test(query.call, query.chosen, query.currency, query.deferred)
    query.trade.use_files({(flow, query.currency) for flow in query.chosen})
    found = query.trade.engine.run(
        f"SELECT DISTINCT f.unit AS unit FROM flows AS f WHERE {where}"
        " AND f.unit IS NOT NULL AND f.period BETWEEN $first AND $last ORDER BY unit",
        {**params, **window_bounds(query)},
    )
    return [str(u) for u in found["unit"].to_list()]


def _caveats(query: Query, reasons: list[str | None]) -> list[Caveat]:
    lang = query.call.arguments.lang
    found = [Caveat("unit_values", phrase("unit_values", lang))]
    refused = sum(r == "match_share" for r in reasons)
    if refused:
        found.append(Caveat("match_share", phrase("match_share", lang), refused))
    level = next(k.level for k in query.call.cell_keys if k.column == "product")
    if level < 6:
        found.append(Caveat("level", phrase("level.coarser", lang, level=level)))
    if not any(k.column == "partner" for k in query.call.cell_keys) and not query.call.needs(
        "partner"
    ):
        found.append(Caveat("level", phrase("level.no_partner", lang)))
    return found
