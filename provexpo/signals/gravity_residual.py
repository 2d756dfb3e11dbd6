"""How far sales to a hub lie above what its other products and other buyers lead to expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.partial import partial_partners
from provexpo.result import Caveat
from provexpo.signals.gravity_panel import MIN_MONTHS, Residuals, residuals
from provexpo.signals.market_leg import BY, hub_codes
from provexpo.signals.screen import called_with, given
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

METHODS = ("auto", "ppml", "two_way")
_WHOLE = "CASE WHEN count(*) = count({0}) THEN CAST(sum({0}) AS BIGINT) END AS {1}"


def _sums(keys: str, name: str, column: str) -> Step:
    by = f"{keys}, slot" if keys else "slot"
    return Step(
        name,
        f"SELECT {by}, {_WHOLE.format('value', f'{column}_value')},"
        f" {_WHOLE.format('base_value', f'{column}_base')} FROM others GROUP BY {by}",
    )


STEPS = (
    Step(
        "others",
        """
        SELECT partner, product, slot, value, base_value FROM sums
        WHERE NOT list_contains($fell, partner) AND product // 10000 < 98
        """,
    ),
    _sums("product", "by_product", "product"),
    _sums("partner", "by_hub", "hub"),
    _sums("", "by_all", "all"),
    Step(
        "gravity",
        f"""
        SELECT {{keys}}, value, base_value,
          CASE WHEN base_value > 0 AND product_base > 0 AND hub_base > 0 AND all_base > 0
            THEN base_value * (product_value / nullif(product_base, 0))
              * (hub_value / nullif(hub_base, 0))
              / nullif(all_value / nullif(all_base, 0), 0) END AS two_way,
          {CHANGE_STATUS} AS status, {SMALL_BASE} AS small_base
        FROM others JOIN by_product USING (product, slot) JOIN by_hub USING (partner, slot)
          JOIN by_all USING (slot)
        WHERE list_contains($hubs, partner)
        """,
    ),
)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "expected": "currency",
    "resid_ratio": "fraction",
    "z": "index",
    "n_obs": "count",
    "n_separated": "count",
    "converged": "boolean",
    "method": "text",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def gravity_residual(
    trade: Trade,
    *,
    partner: Words = "US",
    hubs: Words = None,
    during: str | Window | None = None,
    against: str | Window | None = None,
    method: str = "auto",
    province: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    currency: str | None = None,
    min_base: float | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return, by hub and product, actual over expected trade less 1, from a panel of all partners.

    resid_ratio = A / Â - 1 over the window, by one of two expectations, both without the partner:

    * ``ppml``: A_hkt = exp(a_hk + d_kt + l_ht), a Poisson fit of the covered months before the
      window, and in the window of all partners that are no hubs; Â has the hub's a_hk, the
      products' d_kt of the window, and the hub's l_ht of the base window, month by month.
    * ``two_way``: Â = A_B (product's growth) (hub's growth) / (growth of all), sums over all
      partners but the one left out.

    Parameters
    ----------
    trade : Trade
        A snapshot whose table is broken down by partner and HS6 product.
    partner : str or list
        The market that is left out.
    hubs : str or list, optional
        Partners that get rows; default ``seeds/hubs.csv``.
    method : {"auto", "ppml", "two_way"}
        auto is ppml where 24 or more months before the window are covered, else two_way.
    during, against, product, province, regime, flow, reporter, currency, min_base, table, lang
        As in ``growth``. ``product`` chooses the panel as well as the rows: residuals of a few
        products compare these with one another only.

    Returns
    -------
    Result
        One row a hub (partner) and product: value, base_value, expected [currency], resid_ratio
        [fraction], z [standard deviations], n_obs, n_separated [count] and converged (of the one
        fit, in every row), method, rank (the highest resid_ratio first), status.

    Raises
    ------
    CallError for an unknown method, flow total, or ppml with fewer than 24 months before;
    CoverageError where no table holds partners and HS6 products.

    Notes
    -----
    z is the distance from the mean of resid_ratio of the same cell over every window of the same
    length before, in standard deviations (n - 1; 12 windows or more). These lie inside the fit and
    are closer to it than the window can be: z is large too easily, and no test.

    NULL rule: expected and resid_ratio are NULL where the cell, the product or the hub traded
    nothing in the base (two_way) or before the window (ppml: the pair is separated), where a
    window is not covered, and where a fit did not converge. Observations of pairs that hold zeros
    alone are left out of the fit and counted in n_separated. The tariffs of the hubs themselves
    are not in the fit. Never part of another signal's score.

    References
    ----------
    Santos Silva and Tenreyro (2006), The log of gravity, Review of Economics and Statistics 88.
    Deming and Stephan (1940), Annals of Mathematical Statistics 11.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.gravity_residual(pe.sample(), product="8517", hubs="VNM", during="2025-04/2025-06",
    ...                         method="two_way")
    >>> r.frame["method"].unique().to_list()
    ['two_way']
    """
    if method not in METHODS:
        raise CallError(
            f"method={method!r} is not known", where="gravity_residual(method=)",
            expected=", ".join(METHODS),
        )  # fmt: skip
    if flow == "total":
        raise CallError(
            "gravity_residual reads one flow", where="gravity_residual(flow=)",
            expected="export or import",
        )  # fmt: skip
    fell = vocab.resolve("partner", partner, reporter=reporter, where="gravity_residual(partner=)")
    if fell.codes is None or fell.negate:
        raise CallError(
            "gravity_residual leaves one market out", where="gravity_residual(partner=)",
            expected="a country or group, such as US",
        )  # fmt: skip
    where = tuple(
        h
        for h in hub_codes(hubs, fell.codes[0], reporter, "gravity_residual")
        if h not in fell.codes
    )
    extra = given(
        ("partner", _plain(partner), "US"), ("hubs", _plain(hubs), None), ("method", method, "auto")
    )
    arguments = Arguments(
        "gravity_residual", during, against, reporter, flow, province, None, product, regime, BY,
        currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(trade, arguments, default_by=())
    bound = {"fell": list(fell.codes), "hubs": list(where)}
    answer = run(query, [Measure("value")], STEPS, order="value DESC NULLS LAST", params=bound)
    panel = None if method == "two_way" else residuals(query, answer.frame, fell.codes, where)
    if method == "ppml" and panel is not None and panel.n_months < MIN_MONTHS:
        raise CallError(
            f"{panel.n_months} months before the window are covered",
            where="gravity_residual(method=)",
            expected=f"{MIN_MONTHS} or more for ppml",
            do="use method='two_way'",
        )
    if panel is not None and panel.n_months < MIN_MONTHS:
        panel = None
    frame = _frame(query, answer.frame, panel)
    form = Form(
        "gravity_residual", "gravity_residual", "4.7", gravity_residual.__doc__ or "", UNITS, True
    )
    result = finish(
        query, Answer(frame, answer.sql, answer.params), form,
        summed=summed_over(query, "partner", "product"),
        caveats=_caveats(query, panel, method, frame), more=panel.answers if panel else None,
    )  # fmt: skip
    return called_with(result, without=("by",))


def _plain(words: Words) -> Any:
    return words if words is None or isinstance(words, str) else list(words)


def _frame(query: Query, frame: pl.DataFrame, panel: Residuals | None) -> pl.DataFrame:
    if panel is None:
        figures: Mapping[str, Any] = {
            "expected": frame["two_way"],
            "z": pl.Series("z", [None] * frame.height, dtype=pl.Float64),
        }
        fit: dict[str, Any] = {
            "n_obs": None,
            "n_separated": None,
            "converged": None,
            "method": "two_way",
        }
    else:
        figures = {
            name: pl.Series(name, [None if np.isnan(x) else float(x) for x in values], pl.Float64)
            for name, values in (("expected", panel.expected), ("z", panel.z))
        }
        fit = {
            "n_obs": panel.fit.n_obs, "n_separated": panel.fit.n_separated,
            "converged": panel.fit.converged, "method": "ppml",
        }  # fmt: skip
    types = {"n_obs": pl.Int64, "n_separated": pl.Int64, "converged": pl.Boolean}
    known = pl.col("status").is_in(["ok", "small_base", "exit", "new"]) & (pl.col("expected") > 0)
    if partial_partners(query):
        known = pl.lit(False)
    return (
        frame.with_columns(
            **{n: s.alias(n) for n, s in figures.items()},
            **{n: pl.lit(v, dtype=types.get(n, pl.String)) for n, v in fit.items()},
        )
        .with_columns(expected=pl.when(known).then(pl.col("expected")))
        .with_columns(resid_ratio=pl.col("value") / pl.col("expected") - 1)
        .with_columns(z=pl.when(pl.col("resid_ratio").is_not_null()).then(pl.col("z")))
        .with_columns(rank=pl.col("resid_ratio").rank("min", descending=True).cast(pl.Int64))
        .sort("rank", "value", "partner", "product", descending=[False, True, False, False],
              nulls_last=True)
    )  # fmt: skip


def _caveats(
    query: Query, panel: Residuals | None, method: str, frame: pl.DataFrame
) -> list[Caveat]:
    lang = query.call.arguments.lang
    found = [Caveat("reading", phrase("gravity.reading", lang))]
    if panel is None:
        found.append(Caveat("method", phrase("gravity.two_way", lang)))
        if method == "auto":
            found.append(Caveat("method", phrase("gravity.short", lang, least=MIN_MONTHS)))
    else:
        text = phrase(
            "gravity.ppml", lang, first=panel.first, last=panel.last, months=panel.n_months
        )
        found.append(Caveat("method", text))
        if not panel.fit.converged:
            found.append(Caveat("converged", phrase("gravity.diverged", lang)))
        if panel.fit.n_separated:
            text = phrase("gravity.separated", lang)
            found.append(Caveat("separation", text, panel.fit.n_separated))
        if panel.n_recoded:
            found.append(Caveat("families", phrase("deflection.recoded", lang), panel.n_recoded))
    if partial_partners(query):
        found.append(Caveat("scope", phrase("scope.partial_partners", lang)))
    none = frame.filter(pl.col("resid_ratio").is_null() & (pl.col("value") > 0)).height
    if none:
        found.append(Caveat("no_base", phrase("gravity.no_base", lang), none))
    return found
