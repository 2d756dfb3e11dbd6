"""In how many provinces trade fell, and in how many it rose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.by import Key, parse_by
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.newyear import together
from provexpo.engine.query import (
    MIN_BASE_PRODUCT,
    MIN_BASE_TOTAL,
    Answer,
    Query,
    prepare,
    run,
)
from provexpo.engine.steps import CHANGE_STATUS, SMALL_BASE, Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError
from provexpo.metrics.breadth_of import count_rows, refuse_words
from provexpo.metrics.who import named
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provexpo.engine.trade import Trade
    from provexpo.periods import Window
    from provexpo.result import Result

UNITS = {
    "value": "currency",
    "base_value": "currency",
    "n_down": "count",
    "n_up": "count",
    "n": "count",
    "share_down": "fraction",
    "share_up": "fraction",
    "median_pct": "fraction",
    "min_pct": "fraction",
    "max_pct": "fraction",
    "who_min": "code",
    "who_min_name": "text",
    "who_max": "code",
    "who_max_name": "text",
    "n_small_base": "count",
    "n_missing": "count",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}
_ORDER = "share_down DESC NULLS LAST, n_down DESC"
_COUNTS = ("n_down", "n_up", "n", "n_small_base", "n_missing")


def _scaled(sql: str) -> str:
    """The threshold of what is counted, which may be finer than the rows."""
    return sql.replace("{min_base}", "{min_base} * CAST($scale AS DOUBLE)")


def _steps(who: str) -> tuple[Step, ...]:
    """The steps; `who` is the column of `sums` that is counted over."""
    cells = f"""
        SELECT {{cells}}, value, base_value, {_scaled(CHANGE_STATUS)} AS status,
          {_scaled(SMALL_BASE)} AS small_base
        FROM sums
        """
    changes = """
        SELECT *, status IN ('ok', 'small_base', 'exit', 'new') AS counted,
          CASE WHEN status IN ('ok', 'small_base', 'exit')
            THEN value / nullif(base_value, 0) - 1 END AS pct
        FROM cells_compared
        """
    placed = f"""
        SELECT *,
          row_number() OVER (PARTITION BY {{keys}} ORDER BY pct NULLS LAST, {who}) AS from_low,
          row_number() OVER (PARTITION BY {{keys}} ORDER BY pct DESC NULLS LAST, {who})
            AS from_high
        FROM changes
        """
    counts = f"""
        SELECT {{keys}},
          CASE WHEN count(*) = count(value) THEN CAST(sum(value) AS BIGINT) END AS value,
          CASE WHEN count(*) = count(base_value)
            THEN CAST(sum(base_value) AS BIGINT) END AS base_value,
          count(CASE WHEN counted AND value < base_value THEN 1 END) AS n_down,
          count(CASE WHEN counted AND value > base_value THEN 1 END) AS n_up,
          count(CASE WHEN counted THEN 1 END) AS n,
          median(pct) AS median_pct, min(pct) AS min_pct, max(pct) AS max_pct,
          max(CASE WHEN from_low = 1 AND pct IS NOT NULL THEN {who} END) AS who_min,
          max(CASE WHEN from_high = 1 AND pct IS NOT NULL THEN {who} END) AS who_max,
          count(CASE WHEN counted AND small_base THEN 1 END) AS n_small_base,
          count(CASE WHEN status = 'missing' THEN 1 END) AS n_missing,
          count(CASE WHEN status = 'negative' THEN 1 END) AS n_negative,
          count(*) AS n_cells
        FROM placed
        GROUP BY {{keys}}
        """
    breadth = """
        SELECT *, n_down / nullif(CAST(n AS DOUBLE), 0) AS share_down,
          n_up / nullif(CAST(n AS DOUBLE), 0) AS share_up,
          CASE WHEN n > 0 THEN 'ok' WHEN n_cells = n_missing THEN 'missing'
            WHEN n_negative > 0 THEN 'negative' ELSE 'none' END AS status
        FROM counts
        """
    return (
        Step("cells_compared", cells),
        Step("changes", changes),
        Step("placed", placed),
        Step("counts", counts),
        Step("breadth", breadth),
    )


def breadth(
    trade: Trade,
    *,
    partner: Words = None,
    during: str | Window | None = None,
    against: str | Window | None = None,
    over: str = "province",
    of: Result | Mapping[str, Any] | None = None,
    column: str | None = None,
    below: float | None = None,
    above: float | None = None,
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
    """Return in how many provinces (partners, sectors ...) trade fell and in how many it rose.

    share_down = n_down / n, with n the provinces that can be compared: those that traded in the
    base window or in the current one. A province that stopped (``exit``) fell, one that began
    (``new``) rose, one without change is in n alone.

    Parameters
    ----------
    trade : Trade
    over : str
        What is counted: ``province`` (default) or another key, such as ``partner``,
        ``product:HS6``, ``sector``, ``region``.
    by : str or list, optional
        A row for each; default ``product:HS2``, or ``province`` when products or sectors are
        counted. ``[]`` gives one row.
    of : Result or receipt, optional
        Count the rows of this Result instead, by the figure in ``column``: no query is made. A
        row for each of its keys other than ``over``; rows without the figure are left out.
    column, below, above : optional
        With ``of``: n_down counts figures < ``below``, n_up those > ``above``; where one of them
        is left out it is the other, both left out are 0. True counts as 1.
    min_base : float, optional
        Dollars below which a cell's base is small: it counts all the same, in n_small_base too.
        Default 100 million per 12 months, 10 million for single products.
    partner, during, against, province, product, regime, flow, reporter, currency, table, lang
        As in ``growth``.

    Returns
    -------
    Result
        value, base_value [currency] over all that is counted; n_down, n_up, n [count];
        share_down, share_up [0-1]; median_pct, min_pct, max_pct [fraction] with who_min and
        who_max (codes, with names; of equal ones the lowest code); n_small_base, n_missing. With
        ``of``: median, min, max in the unit of the column instead of the three of pct.

    Raises
    ------
    CallError where ``over`` is a time key or one of the rows' keys, or ``of`` has no such column.

    Notes
    -----
    NULL rule: cells of a window that is not covered are missing and not counted, never a fall;
    where all are, the row is ``missing``. Nothing traded in either window is not counted. New
    cells have no percentage, so they are in the counts and not in median, min and max; cells
    with a negative amount are in neither.

    References
    ----------
    Moore (1950), Statistical Indicators of Cyclical Revivals and Recessions: diffusion indexes.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.breadth(pe.sample(), partner="US", by=[], during="2025-01/2025-07")
    >>> r.frame["n"].item(), r.frame["share_down"].item() > 0.5
    (31, True)
    """
    arguments = Arguments(
        "breadth", during, against, reporter, flow, province, partner, product, regime, by,
        currency, min_base, table, lang, {} if over == "province" else {"over": over},
    )  # fmt: skip
    if of is not None:
        refuse_words(arguments)
        return count_rows(
            trade, of, over=over, column=column, below=below, above=above, lang=lang,
            definition=breadth.__doc__ or "",
        )  # fmt: skip
    if column is not None or below is not None or above is not None:
        raise CallError(
            "column=, below= and above= count the rows of another Result",
            where="breadth(of=)",
            do='pass it, such as of=pe.dependence(trade), column="share", above=0.5',
        )
    key = _counted_key(over)
    finer = key.column in ("product", "sector", "section")
    query = prepare(
        trade, arguments, default_by=("province",) if finer else ("product:HS2",), inner=(over,)
    )
    if any(k.column == key.column for k in query.call.keys):
        raise CallError(
            f"over={over!r} is one of the rows' own keys",
            where="by=",
            do="leave it out of by=, or count over something else",
        )
    answer = run(
        query, [Measure("value")], _steps(key.column), order=_ORDER,
        params={"scale": _scale(query, key)},
    )  # fmt: skip
    frame = _with_zeros(named(answer.frame, query.call, ("who_min", "who_max"), key))
    form = Form("breadth", "breadth", "3.1", breadth.__doc__ or "", UNITS, compares=True)
    return finish(
        query, Answer(frame, answer.sql, answer.params), form,
        summed=summed_over(query, key.dimension),
        caveats=[*_caveats(query, frame), *together(query, Measure("value"))],
    )  # fmt: skip


def _counted_key(over: str) -> Key:
    keys = parse_by(over, ())
    if len(keys) != 1 or keys[0].is_time:
        raise CallError(
            f"cannot count over {over!r}",
            where="breadth(over=)",
            expected="one key that is no time: province, region, partner, partner_group:NAME,"
            " product:HS2|HS4|HS6|HS8, section, sector, regime",
        )
    return keys[0]


def _scale(query: Query, key: Key) -> float:
    """Single products have the threshold of products, also under rows that are none."""
    call = query.call
    by_product = call.selections["product"].codes is not None or any(
        k.dimension == "product" for k in call.keys
    )
    if key.dimension != "product" or by_product or call.arguments.min_base is not None:
        return 1.0
    return MIN_BASE_PRODUCT / MIN_BASE_TOTAL


def _with_zeros(frame: pl.DataFrame) -> pl.DataFrame:
    """Where nothing was traded at all, the counts are zero; where all is missing, unknown."""
    none, missing = pl.col("status") == "none", pl.col("status") == "missing"
    return frame.with_columns(
        pl.when(none).then(0).when(missing & (c != "n_missing")).then(None).otherwise(pl.col(c))
        .alias(c)
        for c in _COUNTS
    )  # fmt: skip


def _caveats(query: Query, frame: pl.DataFrame) -> list[Caveat]:
    lang, found = query.call.arguments.lang, []
    compared = frame.filter(pl.col("status") == "ok")
    small = int(compared["n_small_base"].sum() or 0)
    if small:
        text = phrase("breadth.small_base", lang, count=small)
        found.append(Caveat("small_base", text, compared.filter(pl.col("n_small_base") > 0).height))
    lacking = compared.filter(pl.col("n_missing") > 0).height
    if lacking:
        found.append(Caveat("missing", phrase("breadth.missing", lang), lacking))
    return found
