"""How much of a fall in exports to one partner other markets made up for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.offset_own import EXCESS, own_growth
from provexpo.metrics.offset_steps import steps, thresholds
from provexpo.metrics.partial import declared_partial, partial_partners
from provexpo.result import Caveat
from provexpo.vocab import phrase
from provexpo.vocab.tables import rows

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

MIN_DECLINE = 1_000_000  # dollars per 12 months
MIN_DECLINE_SHARE = 0.005

UNITS = {
    "value": "currency",
    "base_value": "currency",
    "d_us": "currency",
    "d_row": "currency",
    "offset_ratio": "ratio",
    "offset_excess": "ratio",
    "offset_ex_hubs": "ratio",
    "offset_ex98": "ratio",
    "cushion": "fraction",
    "c_index": "fraction",
    "realloc": "fraction",
    "or_min": "ratio",
    "or_max": "ratio",
    "or_sign_stable": "boolean",
    "driver": "code",
    "driver_share": "fraction",
    "single_driver": "boolean",
    "n_left_out": "count",
    "n_undefined": "count",
    "offset_status": "text",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}


def offset(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    against: str | Window | None = None,
    hubs: Words = None,
    excess: str = "national",
    min_decline: float = MIN_DECLINE,
    min_decline_share: float = MIN_DECLINE_SHARE,
    province: Words = None,
    product: Words = None,
    regime: Words = None,
    flow: str = "export",
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return how much of the fall of exports to one partner was offset in other markets.

    OR = dR / -dU for dU < 0, with dU the change of exports to the partner and dR that to all
    others. OR >= 1 is fully offset, 0-1 partly, < 0 compounded; cushion = min(max(OR, 0), 1).
    The ratio is an identity of accounts, not an effect of the fall.

    C = sum_G min(max(dR_g, 0), -dU_g) / sum_G -dU_g over the sectors G whose sales to the partner
    fell: what was made up for within the same sector. realloc = min(OR, 1) - C.

    Parameters
    ----------
    trade : Trade
    partner : str or list
        The market that fell; everyone else is "other markets".
    hubs : str or list, optional
        Possible transit countries, left out of dR in offset_ex_hubs; default: ``seeds/hubs.csv``
        (Vietnam, Thailand, Malaysia, Indonesia, Cambodia, India, Mexico).
    excess : {"national", "own"}
        offset_excess counts dR over what was to be expected: each product of the base growing as
        the nation's exports of it to other markets did, or the row's own exports to other markets
        growing at the mean of their two yearly rates before the window (needs 36 months).
    min_decline, min_decline_share : float
        A fall under so many dollars per 12 months, or under this part of the row's base exports
        to all, is a ``small_decline``: computed, not ranked.
    during, against, province, product, regime, flow, reporter, by, currency, table, lang
        As in ``value``; default a row for each province.

    Returns
    -------
    Result
        value, base_value (to the partner), d_us, d_row [currency]; offset_ratio, offset_excess,
        offset_ex_hubs, offset_ex98 (without chapters 98 and 99 in dU and dR) [ratio]; cushion,
        c_index [0-1], realloc [-1 to 1 and beyond]; or_min, or_max (range of OR leaving out one
        HS6 product at a time), or_sign_stable, driver (the product that moves OR most),
        driver_share (its part of all moves), single_driver (more than half), n_left_out,
        n_undefined; offset_status (ok, no_us_decline, small_decline, missing), rank (the highest
        OR first), status (of the exports to the partner).

    Raises
    ------
    CallError if partner is a key of the frame; UnknownCodeError for an unknown hub.

    Notes
    -----
    NULL rule: where exports to the partner did not fall, everything that divides by their fall is
    NULL, c_index excepted: it has the sectors that fell. A window that is not covered, or a
    partial list of partners that the caller declared, gives ``missing``. Leaving out a product
    without which nothing fell makes OR undefined: counted in n_undefined.

    Chapters 98 and 99 are part of dU, dR and OR, and stand as one sector of their own in c_index,
    so that C and OR have the same scope. They are no products: never the driver, never left out
    one by one; offset_ex98 says what OR is without them.

    References
    ----------
    European Central Bank, Economic Bulletin 1/2026. Bown and Crowley (2007), Trade deflection and
    trade depression.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.offset(pe.sample(), partner="US", by=[], during="2025-01/2025-07")
    >>> r.frame["offset_status"].item(), r.frame["offset_ratio"].item() > 1
    ('ok', True)
    """
    if partner is None or vocab.resolve("partner", partner, reporter=reporter).is_all:
        raise CallError(
            "offset needs a partner whose fall the others may offset", where="offset(partner=)",
            do="name one",
        )  # fmt: skip
    _refuse(excess, min_decline, min_decline_share)
    extra = {
        name: value
        for name, value, usual in (
            ("hubs", hubs if hubs is None or isinstance(hubs, str) else list(hubs), None),
            ("excess", excess, "national"),
            ("min_decline", min_decline, MIN_DECLINE),
            ("min_decline_share", min_decline_share, MIN_DECLINE_SHARE),
        )
        if value != usual
    }
    arguments = Arguments(
        "offset", during, against, reporter, flow, province, partner, product, regime, by,
        currency, None, table, lang, extra,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), conditions=("partner",), defer_province=True,
        extra_needs=("partner",), inner=("product:HS6-?", "sector?"),
    )  # fmt: skip
    if any(k.dimension == "partner" for k in query.call.keys):
        raise CallError(
            "offset compares one partner with all others, so partners are no key of its frame",
            where="by=",
            do="use contribution(..., by='partner') for the others one by one",
        )
    measures, params = _measures(query, hubs)
    national = excess == "national" and _has_nation(query)
    answer = run(
        query, measures, steps(query, national=national),
        order="rank NULLS LAST, d_us NULLS LAST",
        params={**params, **thresholds(query, min_decline), "min_share": min_decline_share},
    )  # fmt: skip
    more: dict[str, Answer] = {}
    caveats = [*_caveats(query, excess, national), *together(query, measures[0])]
    frame = answer.frame
    if excess == "own":
        frame, more, note = own_growth(query, frame, measures, params)
        caveats += note
    frame = _padded(query, frame)
    form = Form("offset", "offset", "3.2", offset.__doc__ or "", UNITS, compares=True)
    return finish(
        query, Answer(frame, answer.sql, answer.params), form,
        summed=summed_over(query, "partner"), caveats=caveats, more=more,
    )  # fmt: skip


def _refuse(excess: str, min_decline: float, min_decline_share: float) -> None:
    if excess not in EXCESS:
        raise CallError(
            f"excess={excess!r} is not known", where="offset(excess=)", expected=", ".join(EXCESS)
        )
    for name, x in (("min_decline", min_decline), ("min_decline_share", min_decline_share)):
        if isinstance(x, bool) or not isinstance(x, (int, float)) or not x >= 0:
            raise CallError(
                f"{name}={x!r} is not an amount", where=f"offset({name}=)", expected="0 or more"
            )


def default_hubs() -> tuple[str, ...]:
    """The transit countries of `seeds/hubs.csv`."""
    return tuple(r["partner"] for r in rows("hubs"))


def _measures(query: Query, hubs: Words) -> tuple[list[Measure], dict[str, Any]]:
    """Sums to the partner, to all others, and to those of them that are hubs, in one pass."""
    to_partner, params = query.condition("partner")
    reporter = query.call.arguments.reporter
    codes: tuple[str, ...] = default_hubs()
    if hubs is not None:
        chosen = vocab.resolve("partner", hubs, reporter=reporter, where="offset(hubs=)")
        if chosen.codes is None or chosen.negate:
            raise CallError(
                "hubs= names the countries that goods may pass through",
                where="offset(hubs=)",
                expected="countries or groups, not 'all' and not 'not X'",
            )
        codes = chosen.codes
    measures = [
        Measure("value", to_partner),
        Measure("rest", f"NOT ({to_partner})"),
        Measure("hub", f"NOT ({to_partner}) AND list_contains($hubs, f.partner)"),
    ]
    has_products = any(k.column == "product" for k in query.call.inner)
    return measures, {
        **params, "hubs": list(codes), "partial": partial_partners(query),
        "has_products": has_products,
    }  # fmt: skip


def _has_nation(query: Query) -> bool:
    """True where rows are provinces or regions of a nation that is summed whole."""
    keys = {k.column for k in query.call.keys}
    all_provinces = query.call.selections["province"].codes is None
    rows = ("province" in keys) or ("region" in keys and all_provinces)
    return rows and not declared_partial(query, "province")


def _caveats(query: Query, excess: str, national: bool) -> list[Caveat]:
    lang, found = query.call.arguments.lang, []
    inner = {k.column: k for k in query.call.inner}
    if partial_partners(query):
        found.append(Caveat("scope", phrase("scope.partial_partners", lang)))
    if "product" not in inner:
        found.append(Caveat("columns", phrase("offset.no_products", lang)))
    elif inner["product"].level < 6:
        level = f"HS{inner['product'].level}"
        found.append(Caveat("columns", phrase("offset.coarse", lang, level=level)))
    if excess == "national" and declared_partial(query, "province"):
        found.append(Caveat("scope", phrase("scope.partial_provinces", lang)))
    elif excess == "national" and not national:
        found.append(Caveat("columns", phrase("offset.not_nation", lang)))
    return found


def _padded(query: Query, frame: pl.DataFrame) -> pl.DataFrame:
    """Codes with their zeros, and a state for rows in which nothing was traded."""
    key = next((k for k in query.call.inner if k.column == "product"), None)
    code, status = pl.col("driver").cast(pl.String), pl.col("status")
    state = pl.when(status == "missing").then(pl.lit("missing")).otherwise(pl.lit("no_us_decline"))
    return frame.with_columns(
        driver=code.str.zfill(key.level) if key else code,
        offset_status=pl.coalesce("offset_status", state),
    )
