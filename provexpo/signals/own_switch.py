"""How much of what a province no longer sells to one market it sells to hubs instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure, shorter
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.result import Caveat
from provexpo.signals.rerouting_legs import hub_codes, one_country
from provexpo.signals.screen import called_with, given
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

UNITS = {
    "value": "currency",
    "base_value": "currency",
    "hub": "currency",
    "base_hub": "currency",
    "own_loss": "currency",
    "switched": "currency",
    "own_switch_ratio": "fraction",
    "n_products": "count",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def own_switch(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    against: str | Window | None = None,
    hubs: Words = None,
    province: Words = None,
    product: Words = None,
    regime: Words = None,
    by: Words = None,
    reporter: str = "CHN",
    currency: str | None = None,
    min_base: float | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return the part of a row's falls to one market that reappears as its own sales to hubs.

    own_switch_ratio = sum_k min((dx_k to hubs)+, (-dx_k to the market)+) / sum_k (-dx_k to the
    market)+ over HS6 products k, where (.)+ is the positive part. It is read from the origin's
    records alone: what went to a hub may have stayed there.

    Parameters
    ----------
    trade : Trade
    partner : str
        The market.
    during, against : str or Window, optional
        As in ``value``.
    hubs : str or list, optional
        Default ``seeds/hubs.csv``.
    province, product, regime, by, reporter, currency, min_base, table, lang
        As in ``growth``; default a row for each province.

    Returns
    -------
    Result
        value, base_value (to the market), hub, base_hub (to all hubs together), own_loss (falls to
        the market, product by product), switched (of these, what rose to hubs) [currency],
        own_switch_ratio [0-1], n_products (that fell), rank, status. Chapters 98 and 99 are left
        out throughout.

    Raises
    ------
    CallError where the market is not one country, or a hub is an end of the route.

    Notes
    -----
    NULL rule: no product fell gives own_switch_ratio NULL. A window that is not covered for the
    market and every hub is ``missing``. Tables coarser than HS6 are compared at their level, with
    a caveat: the coarser, the larger the ratio.

    References
    ----------
    House measure, after Freund (2025) and Iyoha, Malesky, Wen and Wu (2025).

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.own_switch(pe.sample(), partner="US", by=[], during="2025-01/2025-07")
    >>> 0 < r.frame["own_switch_ratio"].item() < 1
    True
    """
    market = one_country(partner, "own_switch")
    found = hub_codes(hubs, reporter, market, "own_switch")
    extra = {
        "partner": partner if isinstance(partner, str) else list(partner or ()),
        **given(("hubs", hubs if hubs is None or isinstance(hubs, str) else list(hubs), None)),
    }
    arguments = Arguments(
        "own_switch", during, against, reporter, "export", province, [market, *found], product,
        regime, by, currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(
        trade,
        arguments,
        default_by=("province",),
        inner=("product:HS6-",),
        extra_needs=("product",),
    )
    measures = [
        Measure("value", "f.partner = $market"),
        Measure("hub", "f.partner <> $market"),
    ]
    answer = run(
        query, measures, _steps(query), order="rank NULLS LAST, own_loss NULLS LAST",
        params={"market": market},
    )  # fmt: skip
    form = Form("own_switch", "own_switch", "4.5", own_switch.__doc__ or "", UNITS, compares=True)
    result = finish(
        query, answer, form, summed=summed_over(query), caveats=_caveats(query, lang)
    )  # fmt: skip
    return called_with(result, without=("flow",))


def _caveats(query: Query, lang: str) -> list[Caveat]:
    found = [Caveat("signal", phrase("own_switch.reading", lang))]
    level = _level(query)
    if level < 6:
        found.append(Caveat("level", phrase("own_switch.level", lang, level=f"HS{level}")))
    return found


def _level(query: Query) -> int:
    key = next(k for k in (*query.call.inner, *query.call.keys) if k.column == "product")
    return key.level


def _whole(column: str, what: str = "") -> str:
    """The sum of a column, missing where a part of it is."""
    what = what or column
    return f"CASE WHEN count(*) = count({what}) THEN CAST(sum({what}) AS BIGINT) END AS {column}"


_SMALLER = "CASE WHEN fall < rise THEN fall WHEN rise <= fall THEN rise END"


def _steps(query: Query) -> tuple[Step, ...]:
    chapter = shorter("product", _level(query), 2)
    return (
        Step(
            "moves",
            f"""
            SELECT *,
              CASE WHEN value < base_value THEN base_value - value
                WHEN value >= base_value THEN 0 END AS fall,
              CASE WHEN hub > base_hub THEN hub - base_hub WHEN hub <= base_hub THEN 0 END AS rise
            FROM sums
            WHERE {chapter} < 98
            """,
        ),
        Step(
            "totals",
            f"""
            SELECT {{keys}}, {_whole("value")}, {_whole("base_value")}, {_whole("hub")},
              {_whole("base_hub")}, {_whole("own_loss", "fall")},
              {_whole("switched", _SMALLER)},
              {_whole("n_products", "CASE WHEN fall > 0 THEN 1 WHEN fall = 0 THEN 0 END")}
            FROM moves
            GROUP BY {{keys}}
            """,
        ),
        Step(
            "ratios",
            f"""
            SELECT *, CAST(switched AS DOUBLE) / nullif(own_loss, 0) AS own_switch_ratio,
              {CHANGE_STATUS} AS status, {SMALL_BASE} AS small_base
            FROM totals
            """,
        ),
        Step(
            "ranked",
            """
            SELECT *, CASE WHEN own_switch_ratio IS NOT NULL THEN
              rank() OVER (PARTITION BY slot ORDER BY own_switch_ratio DESC NULLS LAST)
              END AS rank
            FROM ratios
            """,
        ),
    )
