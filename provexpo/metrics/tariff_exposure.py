"""What the tariffs of a partner mean for each province, by what it sold before they changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Answer, Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError, CoverageError
from provexpo.metrics.partial import partial_partners
from provexpo.metrics.sides import with_side
from provexpo.metrics.tariffs import ADDED, UNIT, WHOLE, Rates, rates_of, refuse_finer
from provexpo.periods import Window, month_text, parse_window
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

# The products of the basket, whose rates are then looked up.
PRODUCTS = (
    Step(
        "products",
        """
        SELECT DISTINCT {keys}, product FROM sums WHERE value <> 0 AND product // 10000 < 98
        """,
    ),
)

STEPS = (
    # Chapters 98 and 99 have no rate of their own: they stay in the totals, outside the basket.
    Step(
        "basket",
        """
        SELECT sums.*, tau, tau_base, covered, product // 10000 < 98 AS inside
        FROM sums LEFT JOIN rates USING (product)
        """,
    ),
    # Value times rate as whole numbers: a sum of fractions would depend on its order.
    Step(
        "duties",
        """
        SELECT {keys},
          CASE WHEN count(*) = count(value) THEN CAST(sum(value) AS BIGINT) END AS value,
          CASE WHEN count(*) = count(total) THEN CAST(sum(total) AS BIGINT) END AS total,
          CAST(sum(CASE WHEN inside THEN value ELSE 0 END) AS BIGINT) AS basket,
          CAST(sum(CASE WHEN inside THEN 0 ELSE total END) AS BIGINT) AS unclassified,
          CAST(sum(CASE WHEN inside THEN CAST(value AS DECIMAL(19, 0))
            * CAST(coalesce(tau, 0) AS DECIMAL(12, 0)) ELSE 0 END) AS DOUBLE) / {unit} AS duty,
          CAST(sum(CASE WHEN inside AND covered = 1 THEN value ELSE 0 END) AS BIGINT) AS priced,
          CAST(sum(CASE WHEN inside AND covered = 1 AND tau > tau_base THEN value ELSE 0 END)
            AS BIGINT) AS raised
        FROM basket
        GROUP BY {keys}
        """,
    ),
    # Where no rate at all is known of a basket, zero would be a guess. No additional tariff is one.
    Step(
        "exposures",
        """
        SELECT *, value IS NOT NULL AND NOT $added AND basket > 0 AND priced = 0 AS unpriced,
          CASE WHEN value IS NOT NULL AND total > 0 AND NOT $partners_partial
              AND ($added OR basket = 0 OR priced > 0)
            THEN duty / nullif(total, 0) END AS te
        FROM duties
        """,
    ),
    Step(
        "tariff_exposure",
        """
        SELECT {keys}, value,
          CASE WHEN NOT $partners_partial THEN total END AS total,
          te,
          CASE WHEN NOT $partners_partial THEN value / nullif(total, 0) END AS us_share,
          CASE WHEN value IS NOT NULL AND NOT unpriced
            THEN duty / nullif(basket, 0) END AS avg_tariff,
          CASE WHEN value IS NOT NULL AND $base_known
            THEN raised / nullif(basket, 0) END AS tariff_coverage,
          CASE WHEN value IS NOT NULL THEN priced / nullif(basket, 0) END AS coverage_share,
          CASE WHEN NOT $partners_partial AND total IS NOT NULL
            THEN unclassified / nullif(total, 0) END AS share_unclassified,
          CASE WHEN te IS NOT NULL
            THEN rank() OVER (PARTITION BY slot, te IS NULL ORDER BY te DESC) END AS rank,
          CASE WHEN value IS NULL OR total IS NULL OR $partners_partial OR unpriced THEN 'missing'
            WHEN value < 0 OR total < 0 THEN 'negative'
            WHEN total = 0 THEN 'none' ELSE 'ok' END AS status,
          CASE WHEN unpriced AND NOT $partners_partial THEN 'no_tariff' END AS reason,
          coalesce(value > 0 AND value < {min_base}, false) AS small_base
        FROM exposures
        """,
    ),
)

UNITS = {
    "value": "currency",
    "total": "currency",
    "te": "fraction",
    "us_share": "fraction",
    "avg_tariff": "fraction",
    "tariff_coverage": "fraction",
    "coverage_share": "fraction",
    "share_unclassified": "fraction",
    "rank": "count",
    "status": "text",
    "reason": "text",
    "small_base": "boolean",
}


def tariff_exposure(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    against: str | Window | None = None,
    kind: str | None = None,
    programme: str | None = None,
    agg: str | None = None,
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
    """Return the exposure of each province's exports to the tariffs of one partner.

    TE_i = sum_k (x_ik / X_i) tau_k, with x_ik the exports of province i to the partner in product
    k and X_i its exports to all partners, both of the base window, and tau_k the rate on k (HS6)
    over the window, averaged by days in force. It is the share of the partner times the average
    tariff on the basket sold to it: TE_i = s_i T_i where nothing is sold under chapters 98 and 99.

    Parameters
    ----------
    trade : Trade
        A snapshot whose store holds the side table ``tariffs``.
    partner : str
        One importer, whose tariffs count; with ``flow="import"`` they are those of the reporter
        on goods from the partner.
    during : str or Window, optional
        The window of the tariffs; default January to the newest month held.
    against : str or Window, optional
        The base window, whose exports are the weights: any window, such as ``2024``; default the
        same months one year earlier. The weights are those of the base whatever the window is.
    kind : str, optional
        The kind of rate, where the table holds several: additional, statutory, average, etr ...
    programme : str, optional
        Only the rates of one programme.
    agg : {"simple", "max"}, optional
        How tariff lines finer than HS6 become one rate; needed where there are any.
    min_base : float, optional
        Dollars below which the base trade with the partner is flagged ``small_base``.
    province, product, regime, flow, reporter, by, currency, table, lang
        As in ``value``, without keys of time, products and partners.

    Returns
    -------
    Result
        One row per province, of the base window: value (to the partner) and total (to all)
        [currency], te [fraction], us_share [0-1] (of the partner), avg_tariff [fraction],
        tariff_coverage [0-1] (the part whose rate rose above that of the last month of the base),
        coverage_share [0-1] (the part that has a rate), share_unclassified [0-1], rank.

    Raises
    ------
    CoverageError where the store holds no tariffs of the partner. CallError where several kinds
    or programmes are held and none is chosen, or lines finer than HS6 need ``agg``.

    Notes
    -----
    The longest HS prefix in force on a day counts, by programme; programmes add up; an open row
    ends where the next of its prefix begins. Days on which no additional tariff is in force count
    as zero; a product whose other rates do not hold on every day counts as not covered. Products
    that are not covered count as zero in te and avg_tariff: ``coverage_share`` says how much has
    a rate. Chapters 98 and 99 are part of us_share, and not of the basket.

    NULL rule: no exports at all gives NULL te and us_share; nothing to the partner gives te 0 and
    NULL avg_tariff and shares of the basket. A base that is not covered is ``missing``; so is a
    basket of which no rate is known, with reason ``no_tariff``, unless the rates are additional.

    References
    ----------
    .. [1] Chor and Li (2024), Illuminating the effects of the US-China tariff war on China's
       economy, Journal of International Economics.
    .. [2] Fajgelbaum, Goldberg, Kennedy and Khandelwal (2020), The return to protectionism.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.tariff_exposure(pe.sample(), partner="US", during="2025-05", against="2024")
    >>> round(r.frame["avg_tariff"][0], 2), r.receipt.base_window
    (0.94, '2024')
    """
    given = _Given(trade, flow, reporter, partner, kind, programme, agg, lang)
    window, base = _windows(trade, flow, reporter, during, against)
    rows = _tariffs(given)
    options = {"kind": kind, "programme": programme, "agg": agg}
    extra: dict[str, Any] = {k: v for k, v in options.items() if v is not None}
    extra |= {"during": str(window), "against": str(base)}
    # The trade that is read is the base: the window is one of the tariffs alone.
    arguments = Arguments(
        "tariff_exposure", base, base, reporter, flow, province, partner, product, regime, by,
        currency, min_base, table, lang, extra,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), conditions=("partner",),
        extra_needs=("partner",), inner=("product:HS6",),
    )  # fmt: skip
    _check_keys(query)
    to_partner, params = query.condition("partner")
    measures = [Measure("value", to_partner, compared=False), Measure("total", compared=False)]
    held = _products(query, to_partner, params)
    codes = held.frame["product"].drop_nulls()
    rates = rates_of(rows, sorted(set(codes)), window, base, agg)
    trade.engine.lookup("rates", rates.frame)
    params |= {"partners_partial": partial_partners(query), "base_known": rates.no_base == 0}
    params["added"] = rows["kind"][0] in ADDED
    steps = [Step(s.name, s.sql.replace("{unit}", f"{UNIT:.0f}.0")) for s in STEPS]
    answer = run(query, measures, steps, order="rank NULLS LAST", params=params)
    doc = tariff_exposure.__doc__ or ""
    form = Form("tariff_exposure", "tariff_exposure", "1.6", doc, UNITS)
    caveats = _caveats(given, rows["kind"][0], rates, window, base)
    if params["partners_partial"]:
        caveats.append(Caveat("scope", phrase("scope.partial_partners", lang)))
    result = finish(
        query, answer, form, summed=summed_over(query, "partner"), caveats=caveats,
        more={"products sold to the partner": held},
    )  # fmt: skip
    return _of_window(result, rows, window, base)


@dataclass(frozen=True)
class _Given:
    """Whose tariffs on whose goods, and which of them."""

    trade: Trade
    flow: str
    reporter: str
    partner: Words
    kind: str | None
    programme: str | None
    agg: str | None
    lang: str

    @property
    def pair(self) -> tuple[str, str]:
        """Who levies the tariff, and on goods from where."""
        if self.flow == "total":
            raise CallError("a tariff is one on imports", where="flow=", expected="export, import")
        where = "tariff_exposure(partner=)"
        s = vocab.resolve("partner", self.partner, reporter=self.reporter, where=where)
        if s.codes is None or len(s.codes) != 1 or s.negate:
            raise CallError(
                "tariff_exposure needs one partner, whose tariffs count",
                where="partner=",
                expected="one country, such as US",
                do="call it once for each partner",
            )
        other = s.codes[0]
        return (other, self.reporter) if self.flow == "export" else (self.reporter, other)


def _windows(
    trade: Trade,
    flow: str,
    reporter: str,
    during: str | Window | None,
    against: str | Window | None,
) -> tuple[Window, Window]:
    if during is None:
        window = trade.latest_window(flow=flow, reporter=reporter)
    else:
        window = parse_window(during)
    return window, window.shifted(-12) if against is None else parse_window(against)


def _tariffs(given: _Given) -> pl.DataFrame:
    """The rows of one kind; an error says what is held where that is not clear."""
    levier, origin = given.pair
    table = given.trade.side("tariffs")
    rows = table.filter((pl.col("reporter") == levier) & (pl.col("partner") == origin))
    if rows.is_empty():
        pairs = sorted(set(table.select("reporter", "partner").iter_rows()))
        held = ", ".join(f"{a} on {b}" for a, b in pairs[:5])
        raise CoverageError(
            f"the store holds no tariffs of {levier} on goods from {origin}",
            where="tariff_exposure()",
            expected=f"it holds those of {held}" if held else "the side table tariffs",
            do="load a CSV with the columns reporter, partner, product, from, to, rate (or"
            " rate_pct), kind, programme: provexpo add STORE tariffs.csv",
        )
    rows = _one(rows, "kind", given.kind, [])
    whole = WHOLE if rows["programme"].n_unique() > 1 and given.programme is None else ()
    rows = _one(rows, "programme", given.programme, whole)
    refuse_finer(rows, given.agg)
    return rows


def _one(
    rows: pl.DataFrame, column: str, wanted: str | None, ambiguous: tuple[str, ...] | list[str]
) -> pl.DataFrame:
    """The rows with one value of a column. Several kinds are never mixed; several programmes
    only where they are parts of one rate."""
    held = sorted({value or "" for value in rows[column]})
    listed = ", ".join(repr(h) for h in held)
    if wanted is not None:
        found = rows.filter(pl.col(column).fill_null("") == str(wanted))
        if found.is_empty():
            raise CallError(
                f"no tariffs of {column} {wanted!r} are held", where=f"{column}=", expected=listed
            )
        return found
    if len(held) > 1 and (column == "kind" or rows["kind"][0] in ambiguous):
        raise CallError(
            f"the tariffs held are of several {column}s, which do not add up",
            where=f"{column}=",
            expected=listed,
            do=f"pass {column}={held[0]!r}",
        )
    return rows


def _products(query: Query, to_partner: str, params: dict[str, Any]) -> Answer:
    """The products sold to the partner, whichever row they belong to."""
    nation = replace(query, call=replace(query.call, keys=()))
    traded = Measure("value", to_partner, what="abs(f.value)", compared=False)
    return run(nation, [traded], PRODUCTS, order="product", params=params)


def _check_keys(query: Query) -> None:
    wrong = [
        k.text
        for k in query.call.keys
        if k.is_time or k.dimension == "partner" or k.column == "product"
    ]
    if wrong:
        raise CallError(
            f"tariff_exposure has no rows by {', '.join(wrong)}",
            where="by=",
            expected="province, region, sector, section, regime, or nation",
            do="call it once for each window; it sums over products itself",
        )


def _caveats(given: _Given, kind: str, rates: Rates, window: Window, base: Window) -> list[Caveat]:
    lang = given.lang
    names = vocab.names("partner", lang)
    levier, origin = (names.get(code, code) for code in given.pair)
    used = phrase(
        "tariffs.used", lang, levier=levier, origin=origin, kind=kind, during=window, against=base
    )
    found = [Caveat("tariffs", used)]
    if rates.from_lines:
        text = phrase(f"tariffs.lines.{given.agg}", lang, count=f"{rates.from_lines:,}")
        found.append(Caveat("tariff_lines", text))
    if rates.gaps:
        text = phrase("tariffs.gaps", lang, count=f"{rates.gaps:,}", kind=kind)
        found.append(Caveat("tariff_gaps", text))
    if rates.no_base:
        month, count = month_text(base.last), f"{rates.no_base:,}"
        text = phrase("tariffs.no_base", lang, count=count, kind=kind, month=month)
        found.append(Caveat("tariff_no_base", text))
    return found


def _of_window(result: Result, rows: pl.DataFrame, window: Window, base: Window) -> Result:
    """The window of the figure is that of the tariffs; the trade read is that of the base."""
    comma = phrase("list", result.lang)
    title = f"{result.title}{comma}{phrase('tariffs.during', result.lang, during=window)}"
    receipt = replace(result.receipt, window=str(window), base_window=str(base))
    return replace(result, title=title, receipt=with_side(receipt, "tariffs", rows))
