"""Which unit values moved, or lie, far from those of the same product elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.result import Caveat
from provexpo.signals.screen import base_rate, given, number_in, one_flow, whole_in
from provexpo.signals.unit_value_rules import Bounds, hidiroglou_berthelot, modified_z
from provexpo.signals.units import UNIT_MEASURES, units_held
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

METHODS = ("time", "cross")
MIN_GROUP = 10
HS6 = 6
MEASURES = (Measure("value"), Measure("quantity", what="f.quantity", whole=True), *UNIT_MEASURES)
# Rows with one unit: n numbers are all the same exactly where n times the sum of their squares is
# the square of their sum.
STEPS = (
    Step(
        "unit_values",
        f"""
        SELECT {{keys}}, value, base_value, quantity, base_quantity,
          {CHANGE_STATUS} AS status, {SMALL_BASE} AS small_base,
          coalesce(unit_sum > 0 AND n_rows * unit_squares = unit_sum * unit_sum, false) AS one_unit,
          coalesce(base_unit_sum > 0
            AND base_n_rows * base_unit_squares = base_unit_sum * base_unit_sum
            AND unit_sum * base_n_rows = base_unit_sum * n_rows, false) AS same_unit,
          CASE WHEN n_rows > 0 AND unit_sum > 0 AND n_rows * unit_squares = unit_sum * unit_sum
            THEN unit_sum // n_rows END AS unit_place,
          CASE WHEN value > 0 AND quantity > 0
            THEN value / nullif(CAST(quantity AS DOUBLE), 0) END AS unit_value,
          CASE WHEN base_value > 0 AND base_quantity > 0
            THEN base_value / nullif(CAST(base_quantity AS DOUBLE), 0) END AS base_unit_value
        FROM sums
        """,
    ),
)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "quantity": "count",
    "base_quantity": "count",
    "unit": "text",
    "unit_value": "index",
    "base_unit_value": "index",
    "ratio": "ratio",
    "score": "index",
    "lower": "index",
    "upper": "index",
    "n_group": "count",
    "screen_flag": "boolean",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def unit_value_outliers(
    trade: Trade,
    *,
    method: str = "time",
    during: str | Window | None = None,
    against: str | Window | None = None,
    min_group: int = MIN_GROUP,
    c: float = 4.0,
    u: float = 0.5,
    a: float = 0.05,
    cutoff: float = 3.5,
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
    """Return unit values that moved, or lie, unlike those of the same product in other cells.

    Cells of one product and unit form a group. method="time" (Hidiroglou-Berthelot):
    r = uv1 / uv0; s = 1 - med / r for r < med, else r / med - 1; E = s max(v0, v1)^U;
    d1 = max(E_M - E_Q1, |A E_M|), d3 = max(E_Q3 - E_M, |A E_M|); screen_flag holds for E outside
    [E_M - C d1, E_M + C d3]. method="cross": z = 0.6745 (ln uv - median) / MAD, flagged
    for |z| > 3.5.

    Parameters
    ----------
    trade : Trade
    method : {"time", "cross"}
        Against the same cell a year earlier, or against the other cells of the window.
    min_group : int
        Groups of fewer cells are not judged.
    c, u, a : float
        C, U and A of the first method.
    cutoff : float
        The bound of the second.
    by : str or list, optional
        Default province and ``product:HS6``; ``product:HS6`` or ``HS8`` must be among the keys,
        and at least one other, whose values are compared.
    during, against, province, partner, product, regime, flow, reporter, currency, min_base, \
table, lang
        As in ``growth``; ``flow`` is export or import.

    Returns
    -------
    Result
        value, base_value [currency], quantity, base_quantity, unit, unit_value, base_unit_value
        [currency per unit], ratio (uv1 / uv0), score (E or z), lower, upper (of the score),
        n_group (cells judged together), screen_flag, status, reason.

    Raises
    ------
    CallError for keys without products, an unknown method or options out of range; CoverageError
    where no table holds products.

    Notes
    -----
    E is sized by the larger value, not by the larger unit value as in R's univOutl. Where d is
    zero on a side, that side's bound is C 1.4826 MAD of E; where the MAD is zero too, no cell of
    that side is flagged. Comparisons have a slack of 1e-9; quartiles are linear. Chapters 98 and
    99 are left out. NULL rule: a cell without value or quantity (for ``time``: in either window),
    with several units (reason ``units``), or in a small group (``small_group``) has no score.

    A unit value is an average over unlike goods: a change of what is sold moves it too.

    References
    ----------
    Hidiroglou and Berthelot (1986), Statistical editing and imputation for periodic business
    surveys. Iglewicz and Hoaglin (1993), How to detect and handle outliers. R package univOutl.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.unit_value_outliers(pe.sample(), partner="US", during="2025-01/2025-07")
    >>> "screen_flag" in r.frame.columns, "base_rate" in [x.code for x in r.caveats]
    (True, True)
    """
    one_flow(flow, "unit_value_outliers")
    if method not in METHODS:
        raise CallError(
            f"method={method!r} is not known", where="unit_value_outliers(method=)",
            expected=" or ".join(METHODS),
        )  # fmt: skip
    whole_in("min_group", min_group, 2, 10_000, "unit_value_outliers")
    for name, x, high in (("c", c, 1e3), ("u", u, 1), ("a", a, 1), ("cutoff", cutoff, 1e3)):
        number_in(name, x, 0, high, "unit_value_outliers")
    extra = given(
        ("method", method, "time"), ("min_group", min_group, MIN_GROUP), ("c", c, 4.0),
        ("u", u, 0.5), ("a", a, 0.05), ("cutoff", cutoff, 3.5),
    )  # fmt: skip
    arguments = Arguments(
        "unit_value_outliers", during, against, reporter, flow, province, partner, product, regime,
        by, currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(trade, arguments, default_by=("province", "product:HS6"))
    _refuse_keys(query)
    held = units_held(query)
    answer = run(
        query, MEASURES, STEPS, order="value NULLS LAST",
        params={"units": held},
    )  # fmt: skip
    judge = _Judge(method, min_group, Bounds(c, u, a), cutoff)
    frame = judge.frame(_cells(query, answer.frame, held), query)
    doc = unit_value_outliers.__doc__ or ""
    form = Form(
        "unit_value_outliers", "unit_value_outliers", "5.3", doc, UNITS, compares=method == "time"
    )
    return finish(
        query, Answer(frame, answer.sql, answer.params), form, summed=summed_over(query),
        caveats=_caveats(query, frame, method, min_group),
    )  # fmt: skip


def _refuse_keys(query: Query) -> None:
    product = next((k for k in query.call.keys if k.column == "product"), None)
    if product is None or product.level < HS6 or len(query.call.entity_keys) < 2:
        raise CallError(
            "unit values are compared cell by cell, within a product",
            where="by=",
            expected="product:HS6 or product:HS8, and another key such as province or partner",
            do="leave by= out for provinces and HS6 products",
        )


def _cells(query: Query, frame: pl.DataFrame, units: list[str]) -> pl.DataFrame:
    """The traded cells outside chapters 98 and 99, with the name of their unit."""
    level = next(k.level for k in query.call.keys if k.column == "product")
    traded = (pl.col("status") != "none") & (pl.col("product") // 10 ** (level - 2) < 98)
    names = {i + 1: unit for i, unit in enumerate(units)}
    unit = pl.col("unit_place").replace_strict(names, default=None, return_dtype=pl.String)
    return frame.filter(traded).with_columns(
        unit=unit, ratio=pl.col("unit_value") / pl.col("base_unit_value")
    )


class _Judge:
    """One method with its bounds, over all groups of a frame."""

    def __init__(self, method: str, min_group: int, bounds: Bounds, cutoff: float) -> None:
        self.method, self.min_group, self.bounds, self.cutoff = method, min_group, bounds, cutoff

    def frame(self, cells: pl.DataFrame, query: Query) -> pl.DataFrame:
        usable = pl.col("one_unit") & pl.col("unit_value").is_not_null()
        several = ~pl.col("one_unit") & (pl.col("quantity") > 0)
        if self.method == "time":
            usable &= pl.col("same_unit") & pl.col("base_unit_value").is_not_null()
            both = (pl.col("quantity") > 0) & (pl.col("base_quantity") > 0)
            several |= ~pl.col("same_unit") & both
        keys = [k.column for k in query.call.entity_keys]
        cells = cells.sort("slot", *keys, nulls_last=True).with_row_index("row")
        groups = cells.filter(usable).partition_by("slot", "product", "unit", maintain_order=True)
        rows = [r for g in groups for r in self._group(g)]
        schema: dict[str, Any] = {
            "row": pl.UInt32, "score": pl.Float64, "lower": pl.Float64, "upper": pl.Float64,
            "screen_flag": pl.Boolean, "n_group": pl.Int64,
        }  # fmt: skip
        judged = pl.DataFrame(rows, schema=schema, orient="row")
        cells = cells.join(judged, on="row", how="left", maintain_order="left")
        usual = ~pl.col("status").is_in(["missing", "negative"])
        small = pl.col("n_group") < self.min_group
        why = (
            pl.when(usual & several).then(pl.lit("units"))
            .when(usual & small).then(pl.lit("small_group"))
        )  # fmt: skip
        strength = pl.col("score").abs()
        return cells.with_columns(reason=why).sort(
            "slot", "screen_flag", strength, *keys,
            descending=[False, True, True, *([False] * len(keys))], nulls_last=True,
        )  # fmt: skip

    def _group(self, group: pl.DataFrame) -> list[tuple[Any, ...]]:
        rows, n = group["row"].to_list(), group.height
        if n < self.min_group:
            return [(row, None, None, None, None, n) for row in rows]
        if self.method == "time":
            larger = group.select(pl.max_horizontal("value", "base_value")).to_series()
            found = hidiroglou_berthelot(group["ratio"].to_list(), larger.to_list(), self.bounds)
        else:
            found = modified_z(group["unit_value"].to_list(), self.cutoff)
        return [
            (row, score, found.lower, found.upper, flag, n)
            for row, score, flag in zip(rows, found.scores, found.flags, strict=True)
        ]


def _caveats(query: Query, frame: pl.DataFrame, method: str, min_group: int) -> list[Caveat]:
    lang = query.call.arguments.lang
    found = [
        Caveat("unit_values", phrase("unit_values", lang)),
        Caveat("method", phrase(f"unit_value_outliers.{method}", lang)),
    ]
    small = int((frame["reason"] == "small_group").sum())
    if small:
        text = phrase("unit_value_outliers.small_group", lang, n=min_group)
        found.append(Caveat("small_group", text, small))
    several = int((frame["reason"] == "units").sum())
    if several:
        found.append(Caveat("units", phrase("unit_value_outliers.units", lang), several))
    return found + base_rate(frame, lang)
