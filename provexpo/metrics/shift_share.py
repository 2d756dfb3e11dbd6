"""How much of a province's change is the nation's, its products', and its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.metrics.levels import columns, has_all_provinces, nation_caveats, product_level
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

MEASURE = Measure("value")
# Parts are decimals of a millionth: they add up exactly, in whatever order they are summed.
_PART = "DECIMAL(38, 6)"
_WHOLE = "CASE WHEN count(*) = count({0}) THEN CAST(sum({0}) AS {1}) END"


def _nation(column: str, window: str) -> str:
    """A sum over all provinces, NULL where one of them is not covered."""
    return (
        f"CASE WHEN count(*) OVER {window} = count({column}) OVER {window}"
        f" THEN CAST(sum({column}) OVER {window} AS BIGINT) END"
    )


def _steps(query: Query) -> tuple[Step, ...]:
    keys = query.call.cell_keys
    alone = ("province", "product")
    nation_cells = Step(
        "nation_cells",
        f"""
        SELECT {{cells}}, value, base_value,
          {_nation("value", "of_product")} AS nation_k,
          {_nation("base_value", "of_product")} AS base_nation_k,
          {_nation("value", "of_all")} AS nation,
          {_nation("base_value", "of_all")} AS base_nation,
          {_nation("base_value", "of_own")} AS base_own
        FROM sums
        WINDOW of_product AS (PARTITION BY {columns(keys, without=("province",))}),
          of_all AS (PARTITION BY {columns(keys, without=alone)}),
          of_own AS (PARTITION BY {columns(keys, without=("product",))})
        """,
    )
    # A product that the nation did not sell in the base has no growth: all of it is regional.
    expected = Step(
        "expected",
        f"""
        SELECT *, value - base_value AS change,
          CASE WHEN base_nation_k > 0
            THEN CAST(base_value * (nation / nullif(base_nation, 0) - 1) AS {_PART})
            WHEN base_nation_k IS NOT NULL THEN 0 END AS ns,
          CASE WHEN base_nation_k > 0
            THEN CAST(base_value * (nation_k / base_nation_k - 1) AS {_PART})
            WHEN base_nation_k IS NOT NULL THEN 0 END AS by_product,
          CASE WHEN base_nation_k > 0 AND base_value > 0 THEN
            CAST(base_own * (base_nation_k / nullif(base_nation, 0))
              * (value / base_value - nation_k / base_nation_k) AS {_PART}) ELSE 0 END AS ce
        FROM nation_cells
        """,
    )
    parts = Step(
        "parts",
        """
        SELECT *, by_product - ns AS im, change - by_product AS rs,
          CASE WHEN base_value = 0 OR base_nation_k <= 0
            THEN change - by_product ELSE 0 END AS rs_entry,
          base_nation_k <= 0 AND change <> 0 AS is_new
        FROM expected
        """,
    )
    rows = Step(
        "rows",
        f"""
        SELECT {{keys}}, {_WHOLE.format("value", "BIGINT")} AS value,
          {_WHOLE.format("base_value", "BIGINT")} AS base_value,
          {_WHOLE.format("change", "BIGINT")} AS change,
          {_WHOLE.format("ns", "DOUBLE")} AS ns, {_WHOLE.format("im", "DOUBLE")} AS im,
          {_WHOLE.format("rs", "DOUBLE")} AS rs, {_WHOLE.format("ce", "DOUBLE")} AS ce,
          {_WHOLE.format("rs - ce - rs_entry", "DOUBLE")} AS ae,
          {_WHOLE.format("rs_entry", "DOUBLE")} AS rs_entry,
          count(CASE WHEN is_new THEN 1 END) AS n_new,
          coalesce(min(value) < 0 OR min(base_value) < 0, false) AS has_negative
        FROM parts
        GROUP BY {{keys}}
        """,
    )
    judged = Step(
        "judged",
        f"""
        SELECT *, CASE WHEN $all_provinces AND rs IS NULL THEN 'missing'
            WHEN has_negative THEN 'negative' ELSE {CHANGE_STATUS} END AS status,
          {SMALL_BASE} AS small_base
        FROM rows
        """,
    )
    shown = ", ".join(
        f"CASE WHEN told THEN {c} END AS {c}" for c in ("ns", "im", "rs", "ce", "ae", "rs_entry")
    )
    final = Step(
        "shift_share",
        f"""
        SELECT {{keys}}, value, base_value, change, {shown}, n_new,
          CASE WHEN told THEN rank() OVER (PARTITION BY slot, told ORDER BY rs) END AS rank,
          status, small_base
        FROM (SELECT *, $all_provinces AND status NOT IN ('missing', 'negative') AS told
          FROM judged) AS flagged
        """,
    )
    return nation_cells, expected, parts, rows, judged, final


UNITS = {
    "value": "currency",
    "base_value": "currency",
    "change": "currency",
    "ns": "currency",
    "im": "currency",
    "rs": "currency",
    "ce": "currency",
    "ae": "currency",
    "rs_entry": "currency",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def shift_share(
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
    """Return each province's change as a national, an industry-mix and a regional part.

    With x_k the province's exports of product k, g the nation's growth and g_k that of product k:
    NS = sum_k x_kB g; IM = sum_k x_kB (g_k - g); RS = sum_k (x_kT - x_kB - x_kB g_k), so that
    NS + IM + RS is the change. Esteban-Marquillas: with x'_k = X_B x_NkB / X_NB and r_k the
    province's own growth of k, CE = sum_k x'_k (r_k - g_k), AE = sum_k (x_kB - x'_k)(r_k - g_k).

    Parameters
    ----------
    trade : Trade
    during, against : str or Window, optional
        The window and its base, as in ``growth``.
    level : str, optional
        The products k: ``product:HS2`` (default), ``HS4``, ``HS6``, ``HS8``, ``section`` or
        ``sector``. A product key in ``by`` is its own level, and gives a row per product.
    province, partner, product, regime, flow, reporter, by, currency, min_base, table, lang
        As in ``growth``. Keys other than province, region and products are selections of their
        own: ``by=["province", "partner"]`` compares with the nation's exports to that partner.

    Returns
    -------
    Result
        value, base_value, change, ns, im, rs, ce, ae, rs_entry [currency], rank (the largest
        regional loss first), status, reason, small_base. The parts add up to the change within
        a millionth of a unit of the currency, before they are written as floats.

    Raises
    ------
    CallError if level is no level of products; CoverageError if no table holds products.

    Notes
    -----
    The reference is the nation of the same table and selection. NULL rule: ``missing`` where a
    window is not covered, for the province or for another of the nation; no parts where a cell
    is negative, or where provinces are selected and are no key. A product that the nation did not
    sell in the base has no growth: its change is regional, and a caveat counts such rows. CE and
    AE need a base, so rs = ce + ae + rs_entry, the last being products new to the province.
    Growth from a tiny base can make CE and AE exceed the trade itself: the caveat ``ce_large``
    counts such rows.
    A sequence nation, product, product by partner is the product-first order of
    ``market_share_analysis``.

    References
    ----------
    Dunn (1960), A statistical and analytical technique for regional analysis.
    Esteban-Marquillas (1972), A reinterpretation of shift-share analysis.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.shift_share(pe.sample(), province="Zhejiang", during="2025-01/2025-07")
    >>> row = r.frame.row(0, named=True)
    >>> round(row["ns"] + row["im"] + row["rs"]) == row["change"]
    True
    """
    inner = product_level(level, by, "product:HS2")
    extra = {} if level is None else {"level": level}
    arguments = Arguments(
        "shift_share", during, against, reporter, flow, province, partner, product, regime, by,
        currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), defer_province=True, inner=(inner,),
    )  # fmt: skip
    params = {"all_provinces": has_all_provinces(query)}
    answer = run(query, [MEASURE], _steps(query), order="rank NULLS LAST", params=params)
    form = Form("shift_share", "shift_share", "2.6", shift_share.__doc__ or "", UNITS, True)
    new = int((answer.frame["n_new"].fill_null(0) > 0).sum())
    caveats = [Caveat("reference", phrase("reference.national", lang))]
    caveats = nation_caveats(query) or caveats
    if new:
        caveats.append(Caveat("nation_new", phrase("nation_new.shift_share", lang), new))
    large = _large_effects(answer)
    if large:
        caveats.append(Caveat("ce_large", phrase("ce_large.shift_share", lang), large))
    caveats += together(query, MEASURE)
    return finish(
        query, answer, form, summed=summed_over(query, "province", "product"), caveats=caveats
    )


def _large_effects(answer: Answer) -> int:
    """Rows whose competitive effect exceeds their trade: growth from next to nothing is in it."""
    traded = pl.max_horizontal("value", "base_value")
    return answer.frame.filter(pl.col("ce").abs() > traded).height
