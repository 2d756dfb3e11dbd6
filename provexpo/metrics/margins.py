"""Whether a change came from new and lost varieties or from those traded throughout."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.levels import (
    columns,
    has_all_provinces,
    nation_caveats,
    refuse_coarse_products,
)
from provexpo.periods import Window
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

MEASURE = Measure("value")
INNER = ("product:HS6-", "partner")
_EARLIER = (Step("earlier", "SELECT {cells}, base_value FROM sums"),)
_PARTS = ("entry", "exit", "intensive", "switchers")


def _varieties(query: Query) -> Step:
    """Each variety of a row, what the nation trades of it, and whether it is active."""
    call = query.call
    of_variety = columns(call.cell_keys, without=("province",))
    of_row = columns(call.entity_keys, without=("province",))
    return Step(
        "varieties",
        f"""
        SELECT {{cells}}, value, base_value, value - base_value AS change,
          value >= $floor AS active, base_value >= $base_floor AS base_active,
          CASE WHEN count(*) OVER of_variety = count(value) OVER of_variety
            THEN CAST(sum(value) OVER of_variety AS BIGINT) END AS nation_variety,
          CASE WHEN count(*) OVER of_row = count(value) OVER of_row
            THEN CAST(sum(value) OVER of_row AS BIGINT) END AS nation_value
        FROM sums
        WINDOW of_variety AS (PARTITION BY {of_variety}), of_row AS (PARTITION BY {of_row})
        """,
    )


def _history(query: Query, robust: bool) -> Step:
    """Was the variety active in the window before the base, too?"""
    if not robust:
        return Step("history", "SELECT *, NULL AS before_active, true AS known FROM varieties")
    same = " AND ".join(
        f"v.{k.column} IS NOT DISTINCT FROM b.{k.column}" for k in query.call.cell_keys
    )
    return Step(
        "history",
        f"""
        SELECT v.*, b.slot IS NOT NULL AS before_active,
          list_contains($before_slots, v.slot) AS known
        FROM varieties AS v LEFT JOIN before_base AS b ON b.slot = v.slot AND {same}
        """,
    )


def _steps(query: Query, robust: bool) -> tuple[Step, ...]:
    sums = ",\n  ".join(
        f"CAST(sum(CASE WHEN part = '{p}' THEN change ELSE 0 END) AS BIGINT) AS {p}_sum"
        for p in _PARTS
    )
    parts = Step(
        "parts",
        """
        SELECT *, CASE WHEN change IS NULL OR NOT known THEN NULL
            WHEN active = base_active THEN 'intensive'
            WHEN before_active = active THEN 'switchers'
            WHEN active THEN 'entry' ELSE 'exit' END AS part
        FROM history
        """,
    )
    rows = Step(
        "rows",
        f"""
        SELECT {{keys}},
          CASE WHEN count(*) = count(value) THEN CAST(sum(value) AS BIGINT) END AS value,
          CASE WHEN count(*) = count(base_value)
            THEN CAST(sum(base_value) AS BIGINT) END AS base_value,
          count(*) = count(part) AS complete, {sums},
          count(CASE WHEN part = 'entry' THEN 1 END) AS n_entry,
          count(CASE WHEN part = 'exit' THEN 1 END) AS n_exit,
          count(CASE WHEN active THEN 1 END) AS n_varieties,
          CASE WHEN $all_provinces THEN max(nation_value) END AS nation_value,
          CASE WHEN $all_provinces
              AND count(CASE WHEN active THEN 1 END)
                = count(CASE WHEN active THEN nation_variety END)
            THEN CAST(coalesce(sum(CASE WHEN active THEN nation_variety END), 0) AS BIGINT)
            END AS nation_active,
          coalesce(min(value) < 0 OR min(base_value) < 0, false) AS has_negative
        FROM parts
        GROUP BY {{keys}}
        """,
    )
    judged = Step(
        "judged",
        f"""
        SELECT *, value - base_value AS change,
          CASE WHEN has_negative THEN 'negative'
            WHEN value IS NOT NULL AND base_value IS NOT NULL AND NOT complete THEN 'missing'
            ELSE {CHANGE_STATUS} END AS status,
          CASE WHEN value IS NOT NULL AND base_value IS NOT NULL AND NOT complete
            THEN 'earlier_uncovered' END AS reason,
          {SMALL_BASE} AS small_base
        FROM rows
        """,
    )
    pps = ",\n  ".join(
        f"CASE WHEN told{' AND $robust' if p == 'switchers' else ''}"
        f" THEN 100 * ({p}_sum / nullif(base_value, 0)) END AS {p}_pp"
        for p in _PARTS
    )
    final = Step(
        "margins",
        f"""
        SELECT {{keys}}, value, base_value, change, {pps},
          CASE WHEN told THEN n_entry END AS n_entry, CASE WHEN told THEN n_exit END AS n_exit,
          CASE WHEN value IS NOT NULL THEN n_varieties END AS n_varieties,
          CASE WHEN NOT has_negative THEN nation_active / nullif(nation_value, 0) END AS em,
          CASE WHEN NOT has_negative THEN value / nullif(nation_active, 0) END AS im,
          CASE WHEN NOT has_negative THEN value / nullif(nation_value, 0) END AS national_share,
          CASE WHEN told
            THEN rank() OVER (PARTITION BY slot, told ORDER BY value DESC) END AS rank,
          status, reason, small_base
        FROM (SELECT *, status NOT IN ('missing', 'negative') AS told FROM judged) AS flagged
        """,
    )
    return _varieties(query), _history(query, robust), parts, rows, judged, final


UNITS = {
    "value": "currency",
    "base_value": "currency",
    "change": "currency",
    "entry_pp": "pp",
    "exit_pp": "pp",
    "intensive_pp": "pp",
    "switchers_pp": "pp",
    "n_entry": "count",
    "n_exit": "count",
    "n_varieties": "count",
    "em": "fraction",
    "im": "fraction",
    "national_share": "fraction",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
    "lny_flag": "boolean",
}


def margins(
    trade: Trade,
    *,
    during: str | Window | None = None,
    against: str | Window | None = None,
    min_variety: float = 10_000.0,
    robust: bool = False,
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
    """Return how much of a change came from entering, leaving and continuing varieties.

    A variety is a product (HS6) sold to a partner, active in a window with at least
    ``min_variety``. With X_B the base value: entry_pp = 100 sum dx / X_B over the varieties active
    in the window alone, exit_pp over those active in the base alone, intensive_pp over all
    others; the three add up to the growth. Against the nation, over the varieties K active in the
    window: EM = sum_K x_N / x_N., IM = x / sum_K x_N, so that EM IM is the national share.

    Parameters
    ----------
    trade : Trade
    during, against : str or Window, optional
        The window and its base, as in ``growth``.
    min_variety : float
        Dollars in a window from which a variety is active; in yuan at each window's implied rate.
    robust : bool
        Entry also needs the variety inactive in the window before the base, exit also needs it
        active there; what came or went otherwise is a fourth part, switchers_pp.
    province, partner, product, regime, flow, reporter, by, currency, min_base, table, lang
        As in ``growth``.

    Returns
    -------
    Result
        value, base_value, change [currency], entry_pp, exit_pp, intensive_pp, switchers_pp [pp],
        n_entry, n_exit, n_varieties [count], em, im, national_share [0-1], rank (by value),
        status, reason, small_base.

    Raises
    ------
    CallError if min_variety is no amount, or ``by`` names chapters or headings; CoverageError if
    no table holds products and partners.

    Notes
    -----
    Where the table is coarser than HS6 its own products are taken, with a caveat. Parts are the
    change of each variety's value, so they add up exactly; a variety below ``min_variety`` in
    both windows is intensive. NULL rule: a base of 0 gives no parts; switchers_pp is NULL unless
    ``robust``; with ``robust`` a window before the base that is not covered makes the row
    ``missing``; em, im and national_share are NULL where the nation traded nothing, where no
    variety is active (im), or where provinces are selected and are no key.

    References
    ----------
    Hummels and Klenow (2005), The variety and quality of a nation's exports.
    Kehoe and Ruhl (2013), How important is the new goods margin in international trade?

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.margins(pe.sample(), partner="US", during="2025-01/2025-07")
    >>> row = r.frame.row(0, named=True)
    >>> abs(row["em"] * row["im"] - row["national_share"]) < 1e-12
    True
    """
    _refuse_no_amount(min_variety)
    if not isinstance(robust, bool):
        raise CallError(f"robust={robust!r} is not known", where="robust=", expected="True, False")
    refuse_coarse_products(by, 6)
    given = (("min_variety", min_variety, 10_000.0), ("robust", bool(robust), False))
    arguments = Arguments(
        "margins", during, against, reporter, flow, province, partner, product, regime, by,
        currency, min_base, table, lang, {n: v for n, v, usual in given if v != usual},
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), defer_province=True, inner=INNER,
    )  # fmt: skip
    more, params = _before_base(query, min_variety) if robust else ({}, {})
    base = query.call.base or query.call.window
    bound = {
        "floor": query.in_currency(min_variety, query.call.window),
        "base_floor": query.in_currency(min_variety, base),
        "robust": bool(robust),
        "all_provinces": has_all_provinces(query),
        **params,
    }
    answer = run(query, [MEASURE], _steps(query, robust), order="rank NULLS LAST", params=bound)
    form = Form("margins", "margins", "2.8", margins.__doc__ or "", UNITS, compares=True)
    caveats = [*_caveats(query, bound), *together(query, MEASURE)]
    summed = summed_over(query, "province", "partner", "product")
    return finish(query, answer, form, summed=summed, caveats=caveats, more=more)


def _refuse_no_amount(min_variety: float) -> None:
    number = isinstance(min_variety, (int, float)) and not isinstance(min_variety, bool)
    if not number or not 0 < min_variety < float("inf"):
        raise CallError(
            f"min_variety={min_variety!r} is no amount of money above zero",
            where="min_variety=",
            expected="a number of dollars, such as 10_000",
        )


def _before_base(query: Query, min_variety: float) -> tuple[dict[str, Answer], dict[str, Any]]:
    """The varieties active in the window before the base.

    It is read as the base of the same window, so that one call spans all the revisions of codes.
    """
    call = query.call
    earlier = (call.base or call.window.shifted(-12)).shifted(-12)
    table = next(iter(query.chosen.values())).grain.id if len(query.chosen) == 1 else None
    arguments = replace(
        call.arguments, during=call.window, against=earlier, currency=query.currency, table=table
    )
    by = tuple(k.text for k in call.keys)
    before = prepare(
        query.trade, arguments, default_by=by, inner=INNER, defer_province=True,
    )  # fmt: skip
    answer = run(before, [MEASURE], _EARLIER, order="base_value")
    covered = [now.window.first for now, base in before.slots if base.tiles is not None]
    least = query.in_currency(min_variety, earlier)
    active = answer.frame.filter(pl.col("base_value") >= least).drop("base_value")
    query.trade.engine.lookup("before_base", _with_members(before, active))
    return {"before_base": answer}, {"before_slots": covered}


def _with_members(before: Query, active: pl.DataFrame) -> pl.DataFrame:
    """A code counts as active where its family was: the window before the base may lie on the
    other side of an HS revision, which the window and its base do not cross."""
    level = next(k.level for k in before.call.cell_keys if k.column == "product")
    pairs = [(int(f), int(c)) for c, f in before.call.family_of.items() if len(c) == level]
    members = pl.DataFrame(pairs, schema={"product": pl.Int64, "member": pl.Int64}, orient="row")
    also = active.join(members, on="product").with_columns(product=pl.col("member"))
    return pl.concat([active, also.select(active.columns)]).unique()


def _caveats(query: Query, bound: dict[str, Any]) -> list[Caveat]:
    lang, found = query.call.arguments.lang, []
    level = next(k.level for k in query.call.cell_keys if k.column == "product")
    if level < 6:
        found.append(Caveat("level", phrase("level.coarser", lang, level=level)))
    found += nation_caveats(query)
    if bound["robust"] and len(bound["before_slots"]) < len(query.slots):
        found.append(Caveat("missing", phrase("earlier_uncovered.margins", lang)))
    return found
