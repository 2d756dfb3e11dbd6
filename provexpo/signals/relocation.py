"""Whether a hub's larger sales of a final good go with Chinese parts or with the good itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.result import Caveat
from provexpo.signals.market_leg import BY, Leg, hub_codes, market_leg, one_market, with_leg
from provexpo.signals.relocation_rises import figures_of, read_rises
from provexpo.signals.screen import called_with, given, whole_in
from provexpo.vocab import phrase, resolve
from provexpo.vocab.parts import final_chapters, rules_of

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

MAX_LAG = 6
_STEP = Step(
    "to_hubs",
    """
    SELECT {keys}, value, base_value
    FROM sums
    WHERE list_contains($chapters, product // 10000)
    """,
)
UNITS = {
    "value": "currency",
    "base_value": "currency",
    "change": "currency",
    "d_parts": "currency",
    "d_final": "currency",
    "ri": "fraction",
    "d_parts_specific": "currency",
    "ri_specific": "fraction",
    "n_parts": "count",
    "relocation_status": "text",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def relocation(
    trade: Trade,
    *,
    partner: Words = "US",
    hubs: Words = None,
    during: str | Window | None = None,
    against: str | Window | None = None,
    lag: int = 0,
    province: Words = None,
    product: Words = None,
    regime: Words = None,
    reporter: str = "CHN",
    min_base: float | None = None,
    table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return, by hub and final good, how far parts rather than the good itself went to the hub.

    RI = dA_P / (dA_P + dA_k+), with dA_P = sum over the parts p of final good k of
    max(dA_p, 0) and dA_k+ = max(dA_k, 0), where A are the reporter's exports to the hub; needs
    dU_k > 0, the market's imports of k from the hub. RI near 1 is consistent with assembly in the
    hub, near 0 with the good itself passing through or replacing the hub's own.

    Parameters
    ----------
    trade : Trade
        A snapshot that holds the reporter's exports and the market's imports, both by partner
        and HS6 product, in dollars.
    partner : str
        The market that buys the final good.
    hubs : str or list, optional
        Countries between; default ``seeds/hubs.csv``.
    during, against : str or Window, optional
        The window and its base, as in ``growth``.
    lag : int
        Months by which the market's windows lie later than the reporter's (0 to 6).
    province, regime : str or list, optional
        Only exports of these to the hubs; the market records neither.
    product : str or list, optional
        Only these final goods.
    min_base : float, optional
        Dollars below which the market's base imports are flagged small.
    reporter, table, lang
        As in ``value``; ``table`` is the reporter's.

    Returns
    -------
    Result
        One row a hub (partner) and final good (product): value, base_value, change (the market's
        imports of it from the hub), d_parts, d_final (rises of the reporter's exports to the hub)
        [USD], ri [0-1], d_parts_specific [USD] and ri_specific [0-1] (without parts that go into
        most goods: 8534, 8542), n_parts (codes of parts that rose), relocation_status (ok,
        no_market_rise, no_china_rise, missing), rank (the largest change first), status (of the
        market's imports).

    Raises
    ------
    CallError for several markets or a lag out of range; CoverageError where no table holds the
    reporter's exports by partner and HS6 product.

    Notes
    -----
    NULL rule: ri is NULL where the market's imports did not rise, where neither the parts nor the
    good did, and where a leg is missing. Without the market's imports by origin and product every
    row is ``missing``, reason ``no_market_table``; d_parts and d_final stand. Where the files hold
    a list of products, d_parts_specific needs one of the good's own parts among them, d_parts one
    of 8534 and 8542 as well, and d_final the good; the parts that are not listed add nothing
    (caveat ``scope``). A list of products that was declared makes the leg missing.

    The map of parts (``seeds/parts_to_final.csv``) is the nomenclature's own "parts of"
    subheadings, and printed and integrated circuits for final goods of chapters 84 and 85. A part
    counts for every good it may go into: d_parts of several rows do not add up. What the tables
    cannot see: what the parts were used for, where the good was made, who made it.

    References
    ----------
    United Nations (2018), Classification by Broad Economic Categories, Revision 5. Schulze and Xin
    (2025), IMF working paper 25/129. Hayakawa (2024), KDI Journal of Economic Policy.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.relocation(pe.sample(), product="8517", hubs="VNM", during="2025-01/2025-07")
    >>> r.frame["reason"].unique().to_list()  # the sample holds no US imports by product
    ['no_market_table']
    """
    whole_in("lag", lag, 0, MAX_LAG, "relocation")
    market = one_market(partner, reporter, "relocation")
    where = hub_codes(hubs, market, reporter, "relocation")
    extra = {
        "partner": _plain(partner),
        **given(("hubs", _plain(hubs), None), ("product", _plain(product), None), ("lag", lag, 0)),
    }
    arguments = Arguments(
        "relocation", during, against, reporter, "export", province, list(where), None, regime,
        BY, "USD", min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(trade, arguments, default_by=())
    if not _rules_exist(query, product):
        raise CallError(
            "no final good is selected whose parts are known",
            where="relocation(product=)",
            expected="final goods of chapters 84 and 85, such as 851713",
            do="see seeds/parts_to_final.csv",
        )
    chapters = final_chapters()
    numbers = {"chapters": [int(c) for c in chapters]}
    answer = run(query, [Measure("value")], (_STEP,), order="value", params=numbers)
    window, base = query.call.window, query.call.base or query.call.window
    leg = market_leg(
        trade, market, where, window.shifted(lag), base.shifted(lag),
        chapters=chapters, min_base=min_base, metric="relocation",
    )  # fmt: skip
    _refuse_other_families(query, leg)
    frame = _frame(query, answer, leg, product)
    form = Form("relocation", "relocation", "4.4", relocation.__doc__ or "", UNITS, True)
    result = finish(
        query, Answer(frame, answer.sql, answer.params), form,
        summed=summed_over(query, "product"),
        caveats=_caveats(query, frame, leg, market, lag),
        more={"market": leg.answer} if leg else None,
    )  # fmt: skip
    usual = ("partner",) if partner == "US" else ()
    return with_leg(called_with(result, without=("by", "currency", *usual)), leg)


def _plain(words: Words) -> Any:
    return words if words is None or isinstance(words, str) else list(words)


def _wanted(query: Query, product: Words, code: str) -> bool:
    """Whether the caller's product= holds this code."""
    chosen = resolve("product", product, reporter=query.call.arguments.reporter)
    if chosen.codes is None:
        return True
    return any(code.startswith(c) for c in chosen.codes) is not chosen.negate


def _rules_exist(query: Query, product: Words) -> bool:
    """False where the caller names codes none of which is a final good of the map."""
    chosen = resolve(
        "product", product, reporter=query.call.arguments.reporter, where="relocation(product=)"
    )
    if chosen.codes is None or chosen.negate:
        return True
    chapters = final_chapters()
    return any(
        rules_of([c[:6]]) if len(c) >= 6 else c[:2] in chapters for c in chosen.codes
    )  # fmt: skip


def _refuse_other_families(query: Query, leg: Leg | None) -> None:
    """Both legs must count the same codes as one product."""
    if leg is None or _families(query) == _families(leg.query):
        return
    raise CallError(
        "the two legs count different codes as one product, or lie on different sides of a"
        " revision of the nomenclature",
        where="relocation(lag=)",
        do="use lag=0, or windows that both lie on one side of it",
    )


def _families(query: Query) -> dict[str, str]:
    """The families that rows may belong to; national codes finer than HS6 are none of them."""
    chapters = final_chapters()
    return {c: f for c, f in query.call.family_of.items() if len(c) == 6 and c[:2] in chapters}


def _frame(query: Query, answer: Answer, leg: Leg | None, product: Words) -> pl.DataFrame:
    rises = read_rises(query, answer)
    if leg is not None:
        rows = leg.answer.frame.to_dicts()
    else:
        blank = dict.fromkeys(("value", "base_value", "change"))
        rows = [
            {"partner": h, "product": int(c), **blank, "status": "missing", "small_base": False}
            for h, c in rises.rises
        ]
    asked: dict[str, bool] = {}
    kept = []
    for row in rows:
        code = f"{row['product']:06d}"
        members = rises.members_of(code)
        if code not in asked:
            asked[code] = bool(rules_of(members)) and any(
                _wanted(query, product, m) for m in members
            )
        if asked[code]:
            kept.append({**row, **figures_of(row, rises, code), "slot": query.call.window.first})
    schema = {
        "partner": pl.String, "product": pl.Int64, "slot": pl.Int64, "value": pl.Int64,
        "base_value": pl.Int64, "change": pl.Int64, "d_parts": pl.Int64, "d_final": pl.Int64,
        "ri": pl.Float64, "d_parts_specific": pl.Int64, "ri_specific": pl.Float64,
        "n_parts": pl.Int64, "relocation_status": pl.String, "status": pl.String,
        "reason": pl.String, "small_base": pl.Boolean,
    }  # fmt: skip
    frame = pl.DataFrame(kept, schema=schema)
    judged = pl.when(pl.col("ri").is_not_null()).then(pl.col("change"))
    missing = pl.col("status") == "missing"
    why = "no_market_table" if leg is None else "market_uncovered"
    return frame.with_columns(
        rank=judged.rank("min", descending=True).cast(pl.Int64),
        reason=pl.when(missing & pl.col("reason").is_null())
        .then(pl.lit(why))
        .otherwise(pl.col("reason")),
    ).sort("rank", "change", "partner", "product", nulls_last=True, descending=[
        False, True, False, False
    ])  # fmt: skip


def _caveats(
    query: Query, frame: pl.DataFrame, leg: Leg | None, market: str, lag: int
) -> list[Caveat]:
    lang = query.call.arguments.lang
    found = [
        Caveat("parts", phrase("relocation.parts", lang)),
        Caveat("reading", phrase("relocation.reading", lang)),
        Caveat("end_use", phrase("end_use.approximate", lang)),
    ]
    if leg is None:
        text = phrase("relocation.no_market", lang, market=market)
        return [*found, Caveat("missing", text, frame.height)]
    window = leg.query.call.window
    text = phrase("relocation.legs", lang, market=market, window=window, table=leg.table)
    found.append(Caveat("legs", text))
    lacking = [c.window for pair in leg.query.slots for c in pair if c.tiles is None]
    if lacking:
        months = phrase("list", lang).join(map(str, lacking))
        found.append(
            Caveat("missing", phrase("relocation.uncovered", lang, market=market, months=months))
        )
    elif lag and window.splits_new_year and not query.call.window.splits_new_year:
        found.append(Caveat("lunar_new_year", phrase("lunar_new_year.window", lang)))
    return found
