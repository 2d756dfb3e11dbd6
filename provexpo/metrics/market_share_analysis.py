"""Constant market share: growth, products, markets, and what is left to competitiveness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.levels import columns, has_all_provinces, nation_caveats, product_level
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

REFERENCES = ("national",)
MEASURE = Measure("value")
# Parts are decimals of a millionth: they add up exactly, in whatever order they are summed.
_PART = "DECIMAL(38, 6)"
_WHOLE = "CASE WHEN count(*) = count({0}) THEN CAST(sum({0}) AS {1}) END"
# What the reference's growth is taken over, and the dimensions that it is not told apart by.
_SCOPES = {
    "cell": ("province",),
    "product": ("province", "partner"),
    "market": ("province", "product"),
    "all": ("province", "product", "partner"),
}
_EFFECTS = (
    "growth_eff", "product_eff", "market_eff", "comp_eff", "comp_new",
    "product_first_product_eff", "product_first_market_eff",
    "market_first_product_eff", "market_first_market_eff",
)  # fmt: skip


def _reference(query: Query) -> Step:
    """m of the reference (the nation): by cell, by product, by market, and in all."""
    sums, windows = [], []
    for name, without in _SCOPES.items():
        windows.append(
            f"of_{name} AS (PARTITION BY {columns(query.call.cell_keys, without=without)})"
        )
        for column, given in (("value", f"m_{name}"), ("base_value", f"base_m_{name}")):
            sums.append(
                f"CASE WHEN count(*) OVER of_{name} = count({column}) OVER of_{name}"
                f" THEN CAST(sum({column}) OVER of_{name} AS BIGINT) END AS {given}"
            )
    listed = ",\n  ".join(sums)
    return Step(
        "reference",
        f"SELECT {{cells}}, value, base_value,\n  {listed}\nFROM sums\nWINDOW "
        + ",\n  ".join(windows),
    )


def _expected() -> Step:
    """What each cell would have gained at the reference's growth; nothing where that is none."""
    parts = ",\n  ".join(
        f"CASE WHEN base_m_cell > 0 THEN CAST(base_value"
        f" * (m_{name} / nullif(base_m_{name}, 0) - 1) AS {_PART})"
        f" WHEN base_m_cell IS NOT NULL THEN 0 END AS at_{name}"
        for name in _SCOPES
    )
    return Step("expected", f"SELECT *, value - base_value AS change,\n  {parts}\nFROM reference")


_EFFECT_SQL = {
    "growth_eff": "at_all",
    "product_first_product_eff": "at_product - at_all",
    "product_first_market_eff": "at_cell - at_product",
    "market_first_market_eff": "at_market - at_all",
    "market_first_product_eff": "at_cell - at_market",
    "comp_eff": "change - at_cell",
    "comp_new": "CASE WHEN base_m_cell <= 0 THEN change ELSE 0 END",
}
_AVERAGES = """
  (product_first_product_eff + market_first_product_eff) / 2 AS product_eff,
  (product_first_market_eff + market_first_market_eff) / 2 AS market_eff"""


def _steps(query: Query) -> tuple[Step, ...]:
    sums = ",\n  ".join(
        f"{_WHOLE.format(f'({sql})', 'DOUBLE')} AS {name}" for name, sql in _EFFECT_SQL.items()
    )
    rows = Step(
        "rows",
        f"""
        SELECT {{keys}}, {_WHOLE.format("value", "BIGINT")} AS value,
          {_WHOLE.format("base_value", "BIGINT")} AS base_value,
          {_WHOLE.format("change", "BIGINT")} AS change,
          {sums},
          coalesce(min(value) < 0 OR min(base_value) < 0, false) AS has_negative
        FROM expected
        GROUP BY {{keys}}
        """,
    )
    judged = Step(
        "judged",
        f"""
        SELECT *, {_AVERAGES},
          CASE WHEN $all_provinces AND comp_eff IS NULL THEN 'missing'
            WHEN has_negative THEN 'negative' ELSE {CHANGE_STATUS} END AS status,
          {SMALL_BASE} AS small_base
        FROM rows
        """,
    )
    shown = ", ".join(f"CASE WHEN told THEN {c} END AS {c}" for c in _EFFECTS)
    final = Step(
        "market_share_analysis",
        f"""
        SELECT {{keys}}, value, base_value, change, {shown},
          CASE WHEN told THEN rank() OVER (PARTITION BY slot, told ORDER BY comp_eff) END AS rank,
          status, small_base
        FROM (SELECT *, $all_provinces AND status NOT IN ('missing', 'negative') AS told
          FROM judged) AS flagged
        """,
    )
    return _reference(query), _expected(), rows, judged, final


UNITS = {
    "value": "currency",
    "base_value": "currency",
    "change": "currency",
    **dict.fromkeys(_EFFECTS, "currency"),
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def market_share_analysis(
    trade: Trade,
    *,
    during: str | Window | None = None,
    against: str | Window | None = None,
    level: str | None = None,
    reference: str = "national",
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
    """Return each province's change as growth, product, market and competitiveness effects.

    With x_kj the province's exports of product k to market j, and g, g_k, g_j, g_kj the
    reference's growth in all, of the product, of the market and of the cell:
    growth = sum x_B g; product first: product = sum x_B (g_k - g), market = sum x_B (g_kj - g_k);
    market first: market = sum x_B (g_j - g), product = sum x_B (g_kj - g_j);
    competitiveness = sum (x_T - x_B - x_B g_kj). product_eff and market_eff are the averages of
    the two orders (Shapley): the four effects add up to the change.

    Parameters
    ----------
    trade : Trade
    during, against : str or Window, optional
        The window and its base, as in ``growth``.
    level : str, optional
        The products k: ``product:HS2`` (default), ``HS4``, ``HS6``, ``HS8``, ``section`` or
        ``sector``. A product key in ``by`` is its own level.
    reference : {"national"}
        The nation's exports in the same table and selection, the province itself included.
    province, partner, product, regime, flow, reporter, by, currency, min_base, table, lang
        As in ``growth``. Product and partner keys break a province's effects down.

    Returns
    -------
    Result
        value, base_value, change, growth_eff, product_eff, market_eff, comp_eff, comp_new, and
        both orders: product_first_product_eff, product_first_market_eff,
        market_first_product_eff, market_first_market_eff [currency], rank (the largest loss of
        competitiveness first), status, reason, small_base.

    Raises
    ------
    CallError if level or reference is not known; CoverageError if no table holds products and
    partners.

    Notes
    -----
    Base-weighted: the interaction is inside comp_eff, a residual and no proof of competitiveness.
    comp_new is the part of it in cells that the reference did not have in the base. NULL rule:
    ``missing`` where a window is not covered, for the province or for another of the nation; no
    effects where a cell is negative, or where provinces are selected and are no key.

    References
    ----------
    Leamer and Stern (1970), Quantitative International Economics.
    Fagerberg and Sollie (1987), The method of constant market shares analysis reconsidered.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.market_share_analysis(pe.sample(), province="Zhejiang", during="2025-01/2025-07")
    >>> row = r.frame.row(0, named=True)
    >>> four = ("growth_eff", "product_eff", "market_eff", "comp_eff")
    >>> round(sum(row[c] for c in four)) == row["change"]
    True
    """
    if reference not in REFERENCES:
        raise CallError(
            f"reference={reference!r} is not known",
            where="reference=",
            expected=", ".join(REFERENCES),
        )
    inner = product_level(level, by, "product:HS2")
    extra = {} if level is None else {"level": level}
    arguments = Arguments(
        "market_share_analysis", during, against, reporter, flow, province, partner, product,
        regime, by, currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), defer_province=True, inner=(inner, "partner"),
    )  # fmt: skip
    params = {"all_provinces": has_all_provinces(query)}
    answer = run(query, [MEASURE], _steps(query), order="rank NULLS LAST", params=params)
    form = Form(
        "market_share_analysis", "market_share_analysis", "2.7",
        market_share_analysis.__doc__ or "", UNITS, True,
    )  # fmt: skip
    caveats = [Caveat("reference", phrase("reference.national", lang))]
    caveats = nation_caveats(query) or caveats
    new = int((answer.frame["comp_new"].fill_null(0) != 0).sum())
    if new:
        caveats.append(Caveat("nation_new", phrase("nation_new.market_share_analysis", lang), new))
    caveats += together(query, MEASURE)
    summed = summed_over(query, "province", "partner", "product")
    return finish(query, answer, form, summed=summed, caveats=caveats)
