"""What a province's product mix alone would have done to its exports to one partner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure, shorter
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError, CoverageError
from provexpo.metrics.levels import has_all_provinces, nation_caveats
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

EXTREME = 10.0  # a product that grew so many times over elsewhere is told
LEVELS = ("HS2", "HS4", "HS6", "HS8", "sector")

UNITS = {
    "value": "currency",
    "base_value": "currency",
    "predicted": "fraction",
    "actual": "fraction",
    "gap": "fraction",
    "sum_shares": "fraction",
    "n_shocks": "count",
    "n_eff_shocks": "count",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def _steps(query: Query) -> tuple[Step, ...]:
    """products -> others (the nation without the row itself) -> expected -> predicted."""
    key = next((k for k in query.call.inner if k.column in ("product", "sector")), None)
    key = key or next(k for k in query.call.keys if k.column in ("product", "sector"))
    goods = key.column
    special = (
        f"{shorter('product', key.level, 2)} >= 98"
        if goods == "product"
        else "coalesce(sector = 'unclassified', false)"
    )
    return (
        Step(
            "goods",
            f"""
            SELECT {{cells}}, value, base_value, {special} AS unclassified
            FROM sums
            """,
        ),
        Step(
            "nation",
            f"""
            SELECT {{others}}, {goods},
              CASE WHEN count(*) = count(value) THEN CAST(sum(value) AS BIGINT) END AS all_value,
              CASE WHEN count(*) = count(base_value)
                THEN CAST(sum(base_value) AS BIGINT) END AS all_base
            FROM goods
            GROUP BY {{others}}, {goods}
            """,
        ),
        # The growth of everyone else; where they had no base the product is dropped.
        Step(
            "shocks",
            f"""
            SELECT goods.*,
              CASE WHEN NOT unclassified AND base_value > 0 AND all_base - base_value > 0
                AND all_base - base_value >= $min_others
                THEN (all_value - value) / CAST(all_base - base_value AS DOUBLE) END AS ratio
            FROM goods JOIN nation USING ({{others}}, {goods})
            """,
        ),
        Step(
            "expected",
            """
            SELECT {keys},
              CASE WHEN count(*) = count(value) THEN CAST(sum(value) AS BIGINT) END AS value,
              CASE WHEN count(*) = count(base_value)
                THEN CAST(sum(base_value) AS BIGINT) END AS base_value,
              CASE WHEN count(*) = count(value) AND count(*) = count(base_value)
                THEN CAST(sum(CASE WHEN ratio IS NOT NULL
                  THEN CAST(base_value * (ratio - 1) AS DECIMAL(38, 6)) END)
                  AS DECIMAL(38, 6)) END AS moved,
              CAST(sum(CASE WHEN ratio IS NOT NULL THEN base_value ELSE 0 END) AS BIGINT)
                AS base_used,
              count(ratio) AS n_shocks,
              count(CASE WHEN ratio >= $extreme THEN 1 END) AS n_extreme
            FROM shocks
            GROUP BY {keys}
            """,
        ),
        Step(
            "weights",
            f"""
            SELECT shocks.slot, {goods},
              CAST(sum(CAST(shocks.base_value / nullif(CAST(expected.base_value AS DOUBLE), 0)
                AS DECIMAL(38, 18))) AS DECIMAL(38, 18)) AS weight
            FROM shocks JOIN expected USING ({{keys}})
            WHERE ratio IS NOT NULL AND expected.base_value > 0
            GROUP BY shocks.slot, {goods}
            """,
        ),
        Step(
            "rows_weighed",
            """
            SELECT slot, count(CASE WHEN base_value > 0 THEN 1 END) AS n_rows
            FROM expected
            GROUP BY slot
            """,
        ),
        # 1 over the sum of squared mean weights, the mean taken over the rows with a base.
        Step(
            "effective",
            """
            SELECT slot,
              max(n_rows) * max(n_rows) / nullif(CAST(
                sum(CAST(CAST(weight AS DOUBLE) * CAST(weight AS DOUBLE) AS DECIMAL(38, 12)))
                AS DOUBLE), 0) AS n_eff_shocks
            FROM weights JOIN rows_weighed USING (slot)
            GROUP BY slot
            """,
        ),
        Step(
            "figures",
            f"""
            SELECT *, {CHANGE_STATUS} AS status, {SMALL_BASE} AS small_base
            FROM expected LEFT JOIN effective USING (slot)
            """,
        ),
        Step("predictions", _FINAL),
    )


_FINAL = """
    SELECT {keys}, value, base_value, predicted, actual, actual - predicted AS gap,
      CASE WHEN has_base AND $all_provinces
        THEN base_used / nullif(CAST(base_value AS DOUBLE), 0) END AS sum_shares,
      CASE WHEN has_base AND $all_provinces THEN n_shocks END AS n_shocks, n_eff_shocks, n_extreme,
      CASE WHEN actual - predicted IS NOT NULL AND NOT small_base
        THEN rank() OVER (PARTITION BY slot, small_base
          ORDER BY actual - predicted NULLS LAST) END AS rank,
      status, small_base
    FROM (
      SELECT *, status IN ('ok', 'small_base', 'exit') AS has_base,
        CASE WHEN status IN ('ok', 'small_base', 'exit') AND $all_provinces
          THEN CAST(moved AS DOUBLE) / nullif(base_value, 0) END AS predicted,
        CASE WHEN status IN ('ok', 'small_base', 'exit')
          THEN value / nullif(base_value, 0) - 1 END AS actual
      FROM figures
    ) AS judged
    """


def predicted_growth(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    against: str | Window | None = None,
    level: str = "HS6",
    min_others: float = 0.0,
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
    """Return the growth that a province's product mix predicts, and how the actual one differs.

    predicted_i = sum_k w_ik g_-ik with w_ik = x_ik / x_i, the part of product k in the province's
    base exports to the partner, and g_-ik the growth of product k to the partner from all other
    provinces. gap = actual - predicted: better or worse than the mix.

    Parameters
    ----------
    trade : Trade
    partner : str or list
    level : {"HS6", "HS2", "HS4", "HS8", "sector"}
        The products of the mix; a coarser table gives its own level.
    min_others : float
        Drop a product of which all other provinces together sold less in the base window, in
        dollars: its growth rests on little. Default 0, as the definition has it; a caveat counts
        the rows that rest on a product that grew tenfold elsewhere.
    min_base : float, optional
        Dollars below which a base is small; default 10 million per 12 months, pro rata.
    during, against, province, product, regime, flow, reporter, by, currency, table, lang
        As in ``growth``; by must hold province or region.

    Returns
    -------
    Result
        value, base_value [currency], predicted, actual, gap [fraction], sum_shares [0-1] (the
        part of the base that has a prediction), n_shocks (products with one), n_eff_shocks
        (1 / sum_k of the squared mean w_k over provinces, of the products used; the same in each
        row), rank (the
        furthest below its mix first; not of small bases), status.

    Raises
    ------
    CallError where by has neither province nor region, or for an unknown level. CoverageError if
    no table has products.

    Notes
    -----
    NULL rule: without a base (new, none, negative, missing) there is neither prediction nor
    actual growth. A product that nobody else sold in the base window is dropped, and so are
    chapters 98 and 99, which are no products; the weights are not scaled up, sum_shares says what
    is left, and must be a control in a regression where it is below one. The leave-one-out growth
    is for prediction; for a regression take common shocks and ``akm_se`` in
    ``provexpo.metrics.shift_share_errors``.

    References
    ----------
    Bartik (1991), Who Benefits from State and Local Economic Development Policies? Adao, Kolesar
    and Morales (2019). Borusyak, Hull and Jaravel (2022).

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.predicted_growth(pe.sample(), partner="US", during="2025-01/2025-07")
    >>> r.frame.height, r.frame["n_eff_shocks"][0] > 1
    (31, True)
    """
    if partner is None:
        raise CallError(
            "predicted_growth needs a partner", where="predicted_growth(partner=)", do="name one"
        )
    if level not in LEVELS:
        raise CallError(f"level={level!r} is not known", where="level=", expected=", ".join(LEVELS))
    if (
        isinstance(min_others, bool)
        or not isinstance(min_others, (int, float))
        or not min_others >= 0
    ):
        raise CallError(
            f"min_others={min_others!r} is not an amount",
            where="predicted_growth(min_others=)",
            expected="0 or more",
        )
    given = {"level": level, "min_others": min_others}
    extra = {k: v for k, v in given.items() if v not in ("HS6", 0)}
    arguments = Arguments(
        "predicted_growth", during, against, reporter, flow, province, partner, product, regime,
        by, currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), defer_province=True,
        inner=("sector",) if level == "sector" else (f"product:{level}-",),
    )  # fmt: skip
    keys = {k.column for k in query.call.keys}
    if not keys and by is None:
        raise CoverageError(
            "no table that holds this is broken down by province, and a prediction compares them",
            where="predicted_growth()",
            expected="a table of provinces, partners and products",
            do="load files that have them",
        )
    if not keys & {"province", "region"}:
        raise CallError(
            "a prediction compares a place with the others",
            where="predicted_growth(by=)",
            expected="province or region",
        )
    whole = has_all_provinces(query)
    params = {
        "all_provinces": whole, "extreme": EXTREME, "min_others": query.in_currency(min_others),
    }  # fmt: skip
    answer = run(query, [Measure("value")], _steps(query), order="rank NULLS LAST", params=params)
    form = Form(
        "predicted_growth", "predicted_growth", "1.7", predicted_growth.__doc__ or "", UNITS,
        compares=True,
    )  # fmt: skip
    return finish(
        query, answer, form, summed=summed_over(query, "province", "product"),
        caveats=[
            *_caveats(query, answer.frame, level, whole),
            *together(query, Measure("value")),
        ],
    )  # fmt: skip


def _caveats(query: Query, frame: pl.DataFrame, level: str, whole: bool) -> list[Caveat]:
    lang, found = query.call.arguments.lang, []
    key = next((k for k in query.call.inner if k.column == "product"), None)
    if key is not None and f"HS{key.level}" != level:
        text = phrase("predicted_growth.coarse", lang, level=f"HS{key.level}")
        found.append(Caveat("columns", text))
    found += nation_caveats(query)
    extreme = frame.filter((pl.col("n_extreme") > 0) & pl.col("predicted").is_not_null()).height
    if extreme:
        found.append(Caveat("extreme", phrase("predicted_growth.extreme", lang), extreme))
    return found
