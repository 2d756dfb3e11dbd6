"""Which partners, products or places the growth of a total came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from provexpo.engine.by import Key, parse_by
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure, selection_test
from provexpo.engine.families import LOOKUP
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.measures import gap_reason, measures_for, refuse_measure, units_for
from provexpo.metrics.partial import declared_partial
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

DEFAULT_BY = ("partner",)
MIN_CHANGE = 0.01  # below this growth of the total, parts of the change say nothing (house)


def steps(own: str, entity: str, shown: str, *, picks: bool) -> tuple[Step, ...]:
    """The statement's steps: `own` names the keys of one total, `entity` those of a row at all
    points in time, `shown` tests a row, `picks` is true where a row sums only some of its cells."""
    whole = "whole" if picks else "value"
    n_cells = "1"
    if picks:
        n_cells = """CASE WHEN n_selected IS NOT NULL OR base_n_selected IS NOT NULL
                THEN coalesce(n_selected, 0) + coalesce(base_n_selected, 0) ELSE 1 END"""
    return (
        # A total with a missing component is missing.
        Step(
            "totals",
            f"""
            SELECT {{keys}}, value, base_value, value - base_value AS change,
              {n_cells} AS n_cells,
              CASE WHEN NOT $partial
                  AND count(*) OVER same_total = count({whole}) OVER same_total
                THEN CAST(sum({whole}) OVER same_total AS BIGINT) END AS total,
              CASE WHEN NOT $partial
                  AND count(*) OVER same_total = count(base_{whole}) OVER same_total
                THEN CAST(sum(base_{whole}) OVER same_total AS BIGINT) END AS base_total
            FROM sums
            WINDOW same_total AS (PARTITION BY {own})
            """,
        ),
        Step(
            "parts",
            f"""
            SELECT {{keys}}, value, base_value, change, total, base_total, n_cells,
              CASE WHEN base_total > 0 AND total IS NOT NULL
                THEN 100 * (change / nullif(base_total, 0)) END AS pp,
              CASE WHEN total <> base_total
                  AND abs(total - base_total) >= $min_change * abs(base_total)
                THEN change / nullif(total - base_total, 0) END AS share_of_change,
              CASE WHEN base_total > 0 THEN base_value / nullif(base_total, 0) END AS base_share,
              CASE WHEN total IS NULL OR base_total IS NULL THEN 'missing'
                ELSE {CHANGE_STATUS} END AS status,
              {SMALL_BASE} AS small_base
            FROM totals
            """,
        ),
        # Ranked by whole units of money, so that equal contributions tie.
        Step(
            "ranked",
            f"""
            SELECT *, max(n_cells) OVER (PARTITION BY {entity}) AS n_selected,
              CASE WHEN pp IS NOT NULL AND status <> 'none' THEN rank() OVER (
                PARTITION BY {own}, pp IS NOT NULL AND status <> 'none'
                ORDER BY change DESC NULLS LAST) END AS rank
            FROM parts
            """,
        ),
        Step("contribution", f"SELECT * FROM ranked WHERE {shown}"),
    )


UNITS = {
    "value": "currency",
    "base_value": "currency",
    "change": "currency",
    "pp": "pp",
    "share_of_change": "fraction",
    "base_share": "fraction",
    "total": "currency",
    "base_total": "currency",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def contribution(
    trade: Trade,
    *,
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
    min_base: float | None = None,
    min_change: float = MIN_CHANGE,
    table: str | None = None,
    measure: str = "value",
    lang: str = "en",
) -> Result:
    """Return what each row adds to the growth of the total, in percentage points.

    pp_k = 100 (x_k,T - x_k,B) / X_B, and the pp of all rows of one total add up to
    100 (X_T / X_B - 1). share_of_change_k = (x_k,T - x_k,B) / (X_T - X_B).

    **The total X.** It is the sum over every key of ``by`` but places and time:

    - ``by="partner"`` (or a partner group, a product, a sector, several of them): all partners
      (groups, products) of the rest of the selection, in the same window.
    - ``by=["province", "partner"]``: the province's own total; its growth is told by its partners.
    - ``by="province"`` or ``"region"`` alone: the nation; its growth is told by its places.

    A selection in a dimension that is a key picks which rows are shown and leaves the total alone:
    ``partner="US"`` with ``by="partner"`` shows what the US added to the growth of exports to all
    partners. A selection in another dimension limits the total: ``partner="Africa"`` with
    ``by="product:HS4"`` is about the growth of exports to Africa.

    Parameters
    ----------
    trade : Trade
    during, against : str or Window, optional
        The window and its base, of the same calendar months.
    by : str or list, optional
        Default ``partner``.
    min_change : float
        ``share_of_change`` is NULL where the total changed by less than this fraction.
    min_base : float, optional
        As in ``growth``; it sets ``small_base`` only: a small base makes no contribution large.
    measure : {"value", "quantity", "balance"}
    province, partner, product, regime, flow, reporter, currency, table, lang
        As in ``value``.

    Returns
    -------
    Result
        value, base_value, change [currency], pp [pp], share_of_change [fraction], base_share
        [0-1] (of base_total), total and base_total [currency] (the X above), rank (the largest
        pp first, among all rows of the same total, also those not shown), status, reason.

    Raises
    ------
    CallError for provinces selected under ``by="region"``. PeriodError if the windows hold
    different calendar months.

    Notes
    -----
    NULL rule: pp and base_share are NULL where the base total is not above zero. New, exiting and
    negative rows have a pp as any other, since the parts must add up; rows traded in neither
    window (``none``) have no rank. Where one component or a window is not covered, or the caller
    declared a partial list of what is summed over, every row of the total is ``missing``.

    References
    ----------
    OECD (2007), Data and Metadata Reporting and Presentation Handbook.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.contribution(pe.sample(), partner="US", during="2025-04/2025-08")
    >>> round(r.frame["pp"][0], 1)
    -3.8
    """
    refuse_measure(measure, flow)
    number = isinstance(min_change, (int, float)) and not isinstance(min_change, bool)
    if not (number and 0 <= min_change < float("inf")):
        raise CallError(
            f"min_change={min_change!r} is not a fraction of the base",
            where="min_change=",
            expected="0 or more, such as 0.01",
        )
    options = (("measure", measure, "value"), ("min_change", min_change, MIN_CHANGE))
    arguments = Arguments(
        "contribution", during, against, reporter, flow, province, partner, product, regime, by,
        currency, 0.0 if measure == "quantity" and min_base is None else min_base, table, lang,
        {name: given for name, given, usual in options if given != usual},
    )  # fmt: skip
    flows = ("export", "import") if measure == "balance" else ()
    parts = _parts(parse_by(by, DEFAULT_BY))
    if any(k.column == "region" for k in parts) and province is not None:
        raise CallError(
            "by='region' splits the growth of the nation, of which a selection holds a part",
            where="province=",
            do="leave out province=, or use by='province'",
        )
    dimensions = dict.fromkeys(k.dimension for k in parts)
    query = prepare(
        trade, arguments, default_by=DEFAULT_BY, flows=flows,
        conditions=tuple(d for d in dimensions if d != "province"),
        defer_province="province" in dimensions,
    )  # fmt: skip
    measures, shown, params = _measures(query, measure)
    own = ", ".join([*(k.column for k in _own(query.call.entity_keys)), "slot"])
    entity = ", ".join(k.column for k in query.call.entity_keys) or "slot"
    answer = run(
        query, measures, steps(own, entity, shown, picks=len(measures) > 1),
        order="rank NULLS LAST",
        params={**params, "min_change": float(min_change), "partial": _partial(query)},
    )  # fmt: skip
    units, notes = units_for(query, measure, UNITS)
    form = Form(
        "contribution", "contribution", "2.3", contribution.__doc__ or "", units, compares=True,
        gap=gap_reason(measure),
    )  # fmt: skip
    summed = summed_over(query, *(k.dimension for k in _parts(query.call.keys)))
    caveats = [*_caveats(query), *notes]
    caveats += together(query, measures[0], flows=flows, unit=units["value"])
    return finish(query, answer, form, summed=summed, caveats=caveats)


def _parts(keys: Sequence[Key]) -> list[Key]:
    """The keys that split a total: all but time, and but places where something else does."""
    split = [k for k in keys if not k.is_time]
    return [k for k in split if k.dimension != "province"] or split


def _own(keys: Sequence[Key]) -> list[Key]:
    """The keys that each total has for itself."""
    parts = _parts(keys)
    return [k for k in keys if not k.is_time and k not in parts]


def _measures(query: Query, measure: str) -> tuple[list[Measure], str, dict[str, Any]]:
    """The sums of the selected cells and of all, and which rows to show.

    A key made of single codes is picked by row. A key that groups codes (a partner group, a
    chapter) sums those of its codes that were selected, and shows where there are any.
    """
    inside: list[str] = []
    tests: list[str] = []
    params: dict[str, Any] = {}
    for key in _parts(query.call.keys):
        chosen = query.call.selections[key.dimension]
        if chosen.codes is None or key.dimension == "province":
            continue  # the engine picks provinces itself, after national figures are made
        finer = key.dimension == "product" and any(len(c) > key.level for c in chosen.codes)
        if key.lookup or finer:
            test, values = query.condition(key.dimension)
            inside.append(test)
            shown, named = _some_selected(query, key)
            tests.append(shown)
            params.update(named)
        else:
            test, values = selection_test(query.call, key.dimension, key.level)
            tests.append(test.replace("f.", ""))
        params.update(values)
    plain = measures_for(measure)[0]
    if not inside:
        return [plain], " AND ".join(tests) or "true", params
    when = " AND ".join(inside)
    measures = [
        replace(plain, when=when),
        replace(plain, name="whole"),
        Measure("n_selected", when, what="1"),
    ]
    return measures, " AND ".join(tests) or "true", params


def _some_selected(query: Query, key: Key) -> tuple[str, dict[str, Any]]:
    """SQL for a row with selected cells. A family of products is also shown for its name's sake,
    as any code is that was named."""
    if key.lookup != LOOKUP:
        return "n_selected > 0", {}
    call, chosen = query.call, query.call.selections["product"]
    codes = () if chosen.negate else [c for c in chosen.exact if len(c) == key.level]
    named = sorted({int(call.family_of.get(c, c)) for c in codes})
    test = "(n_selected > 0 OR product IN (SELECT unnest(CAST($named AS BIGINT[]))))"
    return test, {"named": named}


def _partial(query: Query) -> bool:
    """True when the caller declared that a file holds only some of what is summed over."""
    return any(declared_partial(query, k.dimension) for k in _parts(query.call.keys))


def _caveats(query: Query) -> list[Caveat]:
    lang, found = query.call.arguments.lang, []
    parts, own = _parts(query.call.keys), _own(query.call.keys)
    names = phrase("list", lang).join(
        dict.fromkeys(phrase(f"dimension.{k.dimension}", lang) for k in parts)
    )
    if own:
        found.append(Caveat("denominator", phrase("contribution.own", lang)))
    if any(query.call.selections[k.dimension].codes is not None for k in parts):
        text = phrase("contribution.rows", lang, dimension=names)
        found.append(Caveat("denominator", text))
    if _partial(query):
        text = phrase("contribution.partial", lang, dimension=names)
        found.append(Caveat("scope", text))
    return found
