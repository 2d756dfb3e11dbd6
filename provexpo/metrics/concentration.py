"""How much of each province's exports hangs on few partners, or on few products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from provexpo.engine.by import parse_by
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.levels import has_all_provinces
from provexpo.metrics.partial import partial_selection
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

OVER = {"partner": "partner", "product": "product:HS6-"}
UNIVERSES = ("all", "active")
# A code of X and digits stands for no one country; chapters 98 and 99 are no products.
KNOWN = {
    "partner": "NOT (partner LIKE 'X%' AND right(partner, 1) BETWEEN '0' AND '9')",
    "product": "product // $chapter_divisor < 98",
}


def steps(over: str, groups: Sequence[str]) -> tuple[Step, ...]:
    """The statement's steps; `over` is the inner key whose shares are squared, `groups` the keys
    of the frame but places and time."""
    kept = "".join(f"{g}, " for g in groups)
    grouped = f"GROUP BY {', '.join(groups)}" if groups else ""
    joined = f"LEFT JOIN universe USING ({', '.join(groups)})" if groups else "CROSS JOIN universe"
    return (
        Step("known", f"SELECT *, coalesce({KNOWN[over]}, false) AS is_known FROM sums"),
        # What all places together trade in either window, at any time: one n for all places and
        # times, so that they compare.
        Step(
            "national",
            f"""
            SELECT {kept}{over}, slot, sum(value) AS value, sum(base_value) AS base_value
            FROM known WHERE is_known
            GROUP BY {kept}{over}, slot
            """,
        ),
        Step(
            "universe",
            f"""
            SELECT {kept}count(DISTINCT CASE WHEN value > 0 OR base_value > 0 THEN {over} END)
              AS n_all
            FROM national
            {grouped}
            """,
        ),
        Step(
            "totals",
            """
            SELECT *,
              CAST(sum(CASE WHEN is_known THEN value END) OVER same_row AS DOUBLE) AS known_total,
              row_number() OVER (PARTITION BY {keys}
                ORDER BY CASE WHEN is_known THEN value END DESC NULLS LAST, {cells}) AS place
            FROM known
            WINDOW same_row AS (PARTITION BY {keys})
            """,
        ),
        # Each share's p ln p as a decimal, because a sum of floats depends on the order of rows.
        Step(
            "shares",
            """
            SELECT *,
              CASE WHEN is_known AND value > 0 AND known_total > 0 THEN CAST(
                value / nullif(known_total, 0) * ln(value / nullif(known_total, 0))
                AS DECIMAL(38, 15)) END AS plnp,
              CASE WHEN is_known THEN CAST(value AS DECIMAL(19, 0)) END AS x,
              CASE WHEN is_known THEN CAST(base_value AS DECIMAL(19, 0)) END AS base_x
            FROM totals
            """,
        ),
        Step(
            "rows",
            """
            SELECT {keys},
              CASE WHEN count(*) = count(value) THEN CAST(sum(value) AS BIGINT) END AS value,
              CASE WHEN count(*) = count(base_value)
                THEN CAST(sum(base_value) AS BIGINT) END AS base_value,
              CAST(sum(CASE WHEN is_known THEN value ELSE 0 END) AS BIGINT) AS known,
              CAST(sum(CASE WHEN is_known THEN base_value ELSE 0 END) AS BIGINT) AS base_known,
              CAST(sum(x * x) AS DOUBLE) AS squares,
              CAST(sum(base_x * base_x) AS DOUBLE) AS base_squares,
              -CAST(sum(plnp) AS DOUBLE) AS entropy,
              CAST(sum(CASE WHEN place = 1 AND is_known THEN value ELSE 0 END) AS BIGINT) AS top1,
              CAST(sum(CASE WHEN place <= 3 AND is_known THEN value ELSE 0 END) AS BIGINT) AS top3,
              count(CASE WHEN is_known AND value > 0 THEN 1 END) AS n_active,
              count(CASE WHEN value < 0 THEN 1 END) AS n_negative,
              count(CASE WHEN base_value < 0 THEN 1 END) AS base_n_negative
            FROM shares
            GROUP BY {keys}
            """,
        ),
        Step(
            "judged",
            f"""
            SELECT *, CASE WHEN $universe = 'active' THEN n_active ELSE coalesce(n_all, 0) END AS n,
              CASE WHEN value IS NULL OR $partial THEN 'missing'
                WHEN n_negative > 0 THEN 'negative'
                WHEN value = 0 THEN 'none' ELSE 'ok' END AS status
            FROM rows {joined}
            """,
        ),
        Step(
            "sums_of_squares",
            """
            SELECT *,
              CASE WHEN status = 'ok' AND known > 0
                THEN squares / (CAST(known AS DOUBLE) * CAST(known AS DOUBLE)) END AS hhi,
              CASE WHEN status <> 'missing' AND base_value IS NOT NULL AND base_n_negative = 0
                  AND base_known > 0 AND NOT $base_partial
                THEN base_squares / (CAST(base_known AS DOUBLE) * CAST(base_known AS DOUBLE))
                END AS base_hhi
            FROM judged
            """,
        ),
        Step(
            "concentration",
            """
            SELECT {keys}, value, base_value, hhi, 10000 * hhi AS hhi_10k,
              CASE WHEN n > 1 THEN (hhi - 1.0 / n) / (1 - 1.0 / n) END AS hhi_norm,
              CASE WHEN n > 1 THEN (sqrt(hhi) - sqrt(1.0 / n)) / (1 - sqrt(1.0 / n)) END
                AS unctad_ci,
              CASE WHEN hhi IS NOT NULL THEN exp(entropy) END AS n1, 1 / nullif(hhi, 0) AS n2,
              CASE WHEN hhi IS NOT NULL THEN ln(n) - entropy END AS theil,
              CASE WHEN hhi IS NOT NULL THEN top1 / nullif(known, 0) END AS cr1,
              CASE WHEN hhi IS NOT NULL THEN top3 / nullif(known, 0) END AS cr3,
              CASE WHEN status <> 'missing' THEN n END AS n,
              CASE WHEN status = 'ok' THEN (value - known) / nullif(value, 0) END AS share_unknown,
              base_hhi, 10000 * (hhi - base_hhi) AS delta_hhi_10k,
              CASE WHEN hhi IS NOT NULL
                THEN rank() OVER (PARTITION BY slot ORDER BY hhi DESC NULLS LAST) END AS rank,
              status
            FROM sums_of_squares
            """,
        ),
    )


UNITS = {
    "value": "currency",
    "base_value": "currency",
    "hhi": "index",
    "hhi_10k": "index",
    "hhi_norm": "index",
    "unctad_ci": "index",
    "n1": "index",
    "n2": "index",
    "theil": "index",
    "cr1": "fraction",
    "cr3": "fraction",
    "n": "count",
    "share_unknown": "fraction",
    "base_hhi": "index",
    "delta_hhi_10k": "index",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def concentration(
    trade: Trade,
    *,
    over: str = "partner",
    n: str = "all",
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
    lang: str = "en",
) -> Result:
    """Return how concentrated each row's trade is over partners, or over products.

    With shares p_1 ... p_n of the known partners (products), which sum to 1:
    hhi = sum p^2; hhi_10k = 10,000 hhi; hhi_norm = (hhi - 1/n) / (1 - 1/n);
    unctad_ci = (sqrt(hhi) - sqrt(1/n)) / (1 - sqrt(1/n)); H = -sum p ln p; n1 = exp(H) and
    n2 = 1 / hhi are effective numbers of partners; theil = ln n - H; cr1 and cr3 are the sums of
    the largest and the three largest p.

    Parameters
    ----------
    trade : Trade
    over : {"partner", "product"}
        Products at HS6, or coarser where the table is.
    n : {"all", "active"}
        How many partners there could be: those with positive trade in the window or its base, all
        provinces and points in time taken together (so that these compare; rows by sector or
        group have the number of theirs), or those that the row itself has.
    during, against : str or Window, optional
        The window and the base of ``base_hhi``.
    province, partner, product, regime, flow, reporter, by, currency, table, lang
        As in ``value``; default ``by`` is ``province``.

    Returns
    -------
    Result
        value, base_value (all of the row's trade) [currency], hhi, hhi_norm, unctad_ci [0-1],
        hhi_10k [0-10,000], n1, n2, n [partners], theil [nats], cr1, cr3 [0-1], share_unknown
        [0-1] (what the shares leave out: partner codes that stand for no one country, or
        chapters 98 and 99), base_hhi, delta_hhi_10k [0-10,000], rank (the most concentrated
        first), status, reason.

    Raises
    ------
    CallError where ``over`` is also a key of ``by``. CoverageError if no table holds it.

    Notes
    -----
    NULL rule: a row without trade with a known partner has no index; n = 1 has no hhi_norm and no
    unctad_ci; a negative component (a correction) leaves the row without any. A declared partial
    list of partners (products) makes it ``missing``, reason ``scope``. Thresholds in use elsewhere
    (1,800 of the merger guidelines of the United States, 1,000 and 2,000 of the European Union)
    were made for firms in a market, not for a province's partners.

    References
    ----------
    .. [1] Herfindahl (1950), Concentration in the Steel Industry; Hill (1973), Diversity and
       Evenness.
    .. [2] UNCTAD, Handbook of Statistics: concentration index.

    Examples
    --------
    >>> import provexpo as pe
    >>> f = pe.concentration(pe.sample(), during="2025-01/2025-07").frame
    >>> bool((f["hhi"] * f["n2"] - 1).abs().max() < 1e-12)
    True
    """
    if over not in OVER:
        raise CallError(f"over={over!r} is not known", where="over=", expected=", ".join(OVER))
    if n not in UNIVERSES:
        raise CallError(f"n={n!r} is not known", where="n=", expected=", ".join(UNIVERSES))
    if any(k.column == over for k in parse_by(by, ())):
        raise CallError(
            f"the concentration over {over}s has no rows by {over}",
            where="by=",
            expected=f"keys other than {over}",
            do=f"use over='{'product' if over == 'partner' else 'partner'}', or other by=",
        )
    options = (("over", over, "partner"), ("n", n, "all"))
    arguments = Arguments(
        "concentration", during, against, reporter, flow, province, partner, product, regime, by,
        currency, None, table, lang, {name: v for name, v, usual in options if v != usual},
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), defer_province=True, inner=(OVER[over],),
        extra_needs=(over,),
    )  # fmt: skip
    measure = Measure("value")
    partial = partial_selection(query, over, (False,))
    groups = [k.column for k in query.call.entity_keys if k.dimension != "province"]
    answer = run(
        query, [measure], steps(over, groups), order="rank NULLS LAST",
        params=_params(query, over, n, partial), level=True,
    )  # fmt: skip
    form = Form("concentration", "concentration", "1.4", concentration.__doc__ or "", UNITS)
    caveats = [*_caveats(query, over, n, partial), *together(query, measure)]
    return finish(query, answer, form, summed=summed_over(query, over), caveats=caveats)


def _params(query: Query, over: str, universe: str, partial: bool) -> dict[str, Any]:
    level = next((k.level for k in query.call.inner if k.column == "product"), 2)
    return {
        "universe": universe,
        "partial": partial,
        "base_partial": partial_selection(query, over, (True,)),
        "chapter_divisor": 10 ** (level - 2),
    }


def _caveats(query: Query, over: str, universe: str, partial: bool) -> list[Caveat]:
    call, lang, found = query.call, query.call.arguments.lang, []
    if partial:
        found.append(Caveat("scope", phrase(f"concentration.partial_{over}", lang)))
    if universe == "all" and not has_all_provinces(query):
        found.append(Caveat("columns", phrase("concentration.not_nation", lang)))
    if over == "product":
        level = next(k.level for k in call.inner if k.column == "product")
        found.append(Caveat("definition", phrase("concentration.level", lang, level=level)))
    return found
