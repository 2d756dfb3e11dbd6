"""How far a country's exports and its partner's imports of the same goods lie apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo.engine.by import parse_by
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError, CoverageError
from provexpo.periods import Window, month_index, parse_window, shift
from provexpo.result import Caveat
from provexpo.signals import mirror_figures as figures
from provexpo.signals.mirror_legs import (
    WITHOUT_SPECIAL,
    Leg,
    cif_factor,
    mirror_arguments,
    partners_of,
    prepared,
    read_leg,
)
from provexpo.signals.months import as_families
from provexpo.signals.screen import base_rate, called_with, given, number_in, whole_in
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

CIF = 0.06
SENSITIVITY = {"log_gap_c00": 0.0, "log_gap_c06": 0.06, "log_gap_c10": 0.10}
MIN_MONTHS = 3
HS6 = 6
_STEP = Step("exports", "SELECT {keys}, value FROM sums")
UNITS = {
    "value": "currency",
    "mirror": "currency",
    "mirror_fob": "currency",
    "cif": "fraction",
    "ratio": "ratio",
    "gap": "currency",
    "log_gap": "log points",
    "sym": "index",
    "log_gap_c00": "log points",
    "log_gap_c06": "log points",
    "log_gap_c10": "log points",
    "move": "log points",
    "robust_z": "index",
    "n_history": "count",
    "screen_flag": "boolean",
    "status": "text",
    "reason": "text",
    "lny_flag": "boolean",
}
_TYPES: dict[str, Any] = {
    "value": pl.Int64, "mirror": pl.Int64, "n_history": pl.Int64, "screen_flag": pl.Boolean,
    "status": pl.String, "reason": pl.String, "partner": pl.String, "product": pl.Int64,
    "slot": pl.Int64,
}  # fmt: skip


def mirror_gap(
    trade: Trade,
    *,
    partner: Words = None,
    during: str | Window | None = None,
    cif: float = CIF,
    lag: int | None = None,
    product: Words = None,
    reporter: str = "CHN",
    by: Words = None,
    currency: str | None = None,
    table: str | None = None,
    mirror_table: str | None = None,
    lang: str = "en",
) -> Result:
    """Return exports to a partner beside the imports that the partner records from the reporter.

    X are the exports, M the imports, M_f = M / (1 + c) with c the CIF/FOB factor less 1, which is
    0 where the partner values imports at the customs or FOB value. ratio = X / M_f,
    gap = M_f - X, log_gap = ln M_f - ln X, sym = 2 (M_f - X) / (M_f + X).

    screen_flag holds if |log_gap - median| > 3 * 1.4826 MAD, over the windows of the same length
    that end in the 36 months before, and log_gap moved by more than 0.10 in 12 months. robust_z is
    that distance over 1.4826 MAD.

    Parameters
    ----------
    trade : Trade
        A store that holds both records, such as China's exports and the imports of the US Census.
    partner : str or list, optional
        Default every reporter whose imports the store holds.
    during : str or Window, optional
        A window of three months or more: year to date (default) or twelve months.
    cif : float
        c where imports are valued CIF; 0.06 is the mean of the OECD's table, weighted by trade.
    lag : int, optional
        Months by which the partner's window lies later; default 0 for windows from January and
        of whole years, else 1.
    product, by
        ``by`` adds ``product:HS2``, ``HS4`` or ``HS6`` to the partner; finer codes are not the
        same in two countries.
    table, mirror_table : str, optional
        The tables of the two sides.
    reporter, currency, lang
        As in ``value``.

    Returns
    -------
    Result
        value (X), mirror (M), mirror_fob (M_f), gap [currency], cif (c used) [fraction], ratio,
        log_gap [log points], sym [-2 to 2], log_gap_c00, log_gap_c06, log_gap_c10 (c of 0, 6 and
        10 %), move (of log_gap in 12 months) [log points], robust_z, n_history (windows before
        that have a gap), screen_flag, status, reason.

    Raises
    ------
    CallError for windows under three months and keys of places or time; CoverageError where the
    store holds no other reporter's imports.

    Notes
    -----
    Against the US chapter 98 is left out on both sides where the tables have products: China's
    holds small parcels, which the US does not count. NULL rule: a side that is not covered gives
    ``missing``, reason ``mirror_uncovered`` for the partner's (``no_mirror`` where the store holds
    no record of it); a side of zero has no log_gap; the columns by c are NULL where imports are
    not CIF; robust_z and screen_flag are NULL unless the 36 windows before are covered (those that
    would cut a combined January-February aside) and 24 have a gap. A flag is a reason to look, in
    the order of the causes that the caveat lists.

    References
    ----------
    Ferrantino, Liu and Wang (2012), Journal of International Economics. Miao and Fortanier (2017),
    OECD working paper on CIF/FOB margins (ITIC).

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.mirror_gap(pe.sample(), partner="US", during="2025-05/2025-07", lag=0)
    >>> r.frame["partner"][0], r.frame["ratio"][0] > 0
    ('USA', True)
    """
    words = {
        "partner": partner, "during": during, "cif": cif, "lag": lag, "product": product,
        "reporter": reporter, "currency": currency, "table": table,
        "mirror_table": mirror_table, "lang": lang,
    }  # fmt: skip
    return compared(trade, by, words)


def compared(trade: Trade, by: Words, words: dict[str, Any], *, history: bool = True) -> Result:
    """`mirror_gap`; without history it reads the window alone, and flags nothing."""
    number_in("cif", words["cif"], 0, 1, "mirror_gap")
    if words["lag"] is not None:
        whole_in("lag", words["lag"], 0, 3, "mirror_gap")
    keys, reporter, lang = _product_keys(by), words["reporter"], words["lang"]
    partners = partners_of(trade, words["partner"], reporter)
    during = words["during"]
    window = trade.latest_window(reporter=reporter) if during is None else parse_window(during)
    lag = _lag(window, words["lag"])
    extra = given(
        ("cif", words["cif"], CIF), ("lag", words["lag"], None),
        ("mirror_table", words["mirror_table"], None),
    )  # fmt: skip
    arguments = Arguments(
        "mirror_gap", window, window, reporter, "export", None, partners, words["product"], None,
        ["partner", *keys], words["currency"], None, words["table"], lang, extra,
    )  # fmt: skip
    special = not keys and words["product"] is None and bool({*partners} & {*WITHOUT_SPECIAL})
    query = prepared(trade, arguments, wants_products=special)
    # One stretch of months for both sides, so that both cross the same HS revisions.
    since = shift(window.first, -figures.HISTORY) if history else window.first
    read = Window(since, shift(window.last, lag))
    own = read_leg(query, read, ["partner", *keys], "exports by month")
    query = as_families(query, own.months.query)
    answer = run(query, [Measure("value", compared=False)], (_STEP,), order="value NULLS LAST")
    asked = _Asked(window, read, lag, words["cif"], words["mirror_table"], keys)
    sides = {j: _mirror(own, j, asked) for j in partners}
    frame = _frame([r for j in partners for r in _rows(own, sides[j], j, asked)], query)
    form = Form("mirror_gap", "mirror_gap", "5.1", mirror_gap.__doc__ or "", UNITS)
    more = {f"{n}, {j}": a for j, s in sides.items() if s for n, a in s.months.answers.items()}
    result = finish(
        query, Answer(frame, answer.sql, answer.params), form, summed=summed_over(query),
        caveats=_caveats(own, sides, frame, asked, lang), more={**own.months.answers, **more},
    )  # fmt: skip
    result = called_with(result, without=("against",))
    return _with_tables(result, sides, {"by": by, "partner": words["partner"]})


@dataclass(frozen=True)
class _Asked:
    """The window, the months read, the partner's lag, and by which products."""

    window: Window
    read: Window
    lag: int
    cif: float
    mirror_table: str | None
    keys: list[str]


def _product_keys(by: Words) -> list[str]:
    keys = parse_by(by, ("partner",))
    wrong = [
        k.text for k in keys
        if k.column not in ("partner", "product", "section", "sector") or k.level > HS6
    ]  # fmt: skip
    if wrong:
        raise CallError(
            f"mirror_gap has no rows by {', '.join(wrong)}",
            where="by=",
            expected="partner, product:HS2|HS4|HS6, section, sector",
            do="call it once for each window; places are not the same on both sides",
        )
    return [k.text for k in keys if k.column != "partner"]


def _lag(window: Window, lag: int | None) -> int:
    if window.n_months < MIN_MONTHS:
        raise CallError(
            f"the window {window} is too short for two records that lie a month apart",
            where="during=",
            expected=f"{MIN_MONTHS} months or more: r12, year to date, or three months",
        )
    whole = window.first % 100 == 1 or window.n_months % 12 == 0
    return lag if lag is not None else 0 if whole else 1


def _mirror(own: Leg, partner: str, asked: _Asked) -> Leg | None:
    """The partner's record; None where the store holds none of it."""
    trade = own.query.trade
    if "import" not in trade.flows(partner):
        return None
    call = own.query.call.arguments
    later = asked.window.shifted(asked.lag)
    arguments = mirror_arguments(
        replace(call, currency=own.query.currency), partner, later, asked.keys, asked.mirror_table
    )
    special = not asked.keys and call.product is None and partner in WITHOUT_SPECIAL
    try:
        query = prepared(trade, arguments, wants_products=special)
    except CoverageError as err:
        raise CoverageError(
            f"the records of {partner} do not answer: {err.what}",
            where="mirror_gap()", expected=err.expected, do=err.do,
        ) from err  # fmt: skip
    return read_leg(query, asked.read, asked.keys, "imports by month")


def _rows(own: Leg, side: Leg | None, partner: str, asked: _Asked) -> list[dict[str, Any]]:
    """One row a partner, or a partner and product, of the window."""
    names = [k.column for k in own.query.call.entity_keys]
    ours = {k[1:] for k in own.months.rows if k[0] == partner}
    products: list[tuple[object, ...]] = [()]
    if asked.keys:
        products = sorted(ours | set(side.months.rows if side else ()), key=str)
        if partner in WITHOUT_SPECIAL:
            products = [p for p in products if not _is_special(p, own.query)]
    if side is None:
        return [_bare(names, partner, p) | {"reason": "no_mirror"} for p in products]
    c, is_cif = cif_factor(side.grain, asked.cif), side.grain.import_valuation.upper() == "CIF"
    series = figures.series_of(
        own.months.of([(partner, *p) for p in products]), side.months.of(products),
        own.measure(partner), side.measure(partner),
        month_index(asked.window.last), asked.window.n_months, asked.lag,
    )  # fmt: skip
    gaps = figures.log_gaps(series, c)
    found = []
    for i, p in enumerate(products):
        row = _bare(names, partner, p) | {"cif": c}
        if series.x_known[i, 0] and series.m_known[i, 0]:
            row |= _figures(series, i, c, is_cif)
            known = series.x_known[i] & series.m_known[i]
            verdict = figures.judge(gaps[i], known, series.split)
            row |= {"move": verdict.move, "robust_z": verdict.robust_z,
                    "n_history": verdict.n_history, "screen_flag": verdict.flag}  # fmt: skip
        elif series.x_known[i, 0]:
            row |= {"value": int(series.x[i, 0]), "reason": "mirror_uncovered"}
        if not asked.keys or row["status"] != "none":
            found.append(row)
    return found


def _is_special(key: tuple[object, ...], query: Query) -> bool:
    product = next(k for k in query.call.entity_keys if k.column != "partner")
    return product.column == "product" and str(key[0]).zfill(product.level)[:2] == "98"


def _bare(names: list[str], partner: str, product: tuple[object, ...]) -> dict[str, Any]:
    return dict(zip(names, (partner, *product))) | {"status": "missing"}


def _figures(series: figures.Series, i: int, cif: float, is_cif: bool) -> dict[str, Any]:
    x, m = series.x[i, 0], series.m[i, 0]
    status = "negative" if x < 0 or m < 0 else "none" if x == 0 and m == 0 else "ok"
    row: dict[str, Any] = {"value": int(x), "mirror": int(m), "status": status}
    if status == "negative":
        return row
    row |= figures.gap_of(x, m, cif)
    if is_cif and x > 0 and m > 0:
        row |= {name: figures.gap_of(x, m, c)["log_gap"] for name, c in SENSITIVITY.items()}
    return row


def _frame(rows: list[dict[str, Any]], query: Query) -> pl.DataFrame:
    keys = [k.column for k in query.call.entity_keys]
    columns = [*keys, *(c for c in UNITS if c != "lny_flag")]
    schema = {c: _TYPES.get(c, pl.String if c in keys else pl.Float64) for c in columns}
    frame = pl.DataFrame([{c: r.get(c) for c in columns} for r in rows], schema=schema)
    slot = query.call.window.first
    return frame.with_columns(slot=pl.lit(slot, dtype=pl.Int64)).sort(
        pl.col("gap").abs(), *keys, descending=[True, *([False] * len(keys))], nulls_last=True
    )


def _caveats(
    own: Leg, sides: dict[str, Leg | None], frame: pl.DataFrame, asked: _Asked, lang: str
) -> list[Caveat]:
    found = [Caveat("causes", phrase("mirror.causes", lang))]
    if asked.lag == 0:
        found.append(Caveat("lag", phrase("mirror.lag0", lang)))
    for j, side in sides.items():
        if side is None:
            found.append(Caveat("mirror", phrase("mirror.none", lang, partner=j)))
            continue
        text = phrase(
            "mirror.sides", lang, partner=j, own=own.grain.id, mirror=side.grain.id,
            valuation=side.grain.import_valuation, during=asked.window.shifted(asked.lag),
        )  # fmt: skip
        found.append(Caveat("mirror", text))
        if j in WITHOUT_SPECIAL:
            apart = own.tells_special and side.tells_special
            part = "both" if apart else "own" if own.tells_special else "none"
            part = "mirror" if side.tells_special and not own.tells_special else part
            found.append(Caveat("chapter_98", phrase(f"mirror.98_{part}", lang)))
    short = frame.filter(pl.col("screen_flag").is_null() & pl.col("log_gap").is_not_null()).height
    if short:
        found.append(Caveat("history", phrase("mirror.history", lang), short))
    return found + base_rate(frame, lang)


def _with_tables(result: Result, sides: dict[str, Leg | None], written: dict[str, Words]) -> Result:
    """The receipt as the caller wrote the call, with the partner's tables beside the own one."""
    lines = [f"mirror {j}: {s.grain.id}" for j, s in sides.items() if s]
    call = {k: v for k, v in result.receipt.call.items() if k not in written}
    for name, words in written.items():
        if words is not None:
            call[name] = words if isinstance(words, str) else list(words)
    receipt = replace(
        result.receipt, call=call, base_window=None, scope=(*result.receipt.scope, *lines)
    )
    return replace(result, receipt=receipt)
