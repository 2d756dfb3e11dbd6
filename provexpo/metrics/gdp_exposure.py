"""How large each province's exports to a partner are beside its gross domestic product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from provexpo import vocab
from provexpo.engine.call import Arguments, Words
from provexpo.engine.cells import Measure
from provexpo.engine.finish import Form, finish
from provexpo.engine.query import Query, prepare, run
from provexpo.engine.steps import Step
from provexpo.engine.summed import summed_over
from provexpo.errors import CallError, CoverageError
from provexpo.metrics.levels import has_all_provinces, nation_caveats
from provexpo.metrics.sides import with_side
from provexpo.periods import Window, parse_window
from provexpo.result import Caveat
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.engine.trade import Trade
    from provexpo.result import Result

CURRENCY = "CNY"
_SHOWN = 5


# One share of domestic value added for everything, or one a sector. Value times share as whole
# numbers: a sum of fractions would depend on its order.
ONE_SHARE = Step(
    "earned", "SELECT {keys}, value, value * CAST($dva_share AS DOUBLE) AS dva FROM sums"
)
BY_SECTOR = Step(
    "earned",
    """
    SELECT {keys},
      CASE WHEN count(*) = count(value) THEN CAST(sum(value) AS BIGINT) END AS value,
      CASE WHEN count(*) = count(value)
          AND count(CASE WHEN value <> 0 AND share IS NULL THEN 1 END) = 0
        THEN CAST(sum(CAST(value AS DECIMAL(19, 0)) * CAST(coalesce(share, 0) AS DECIMAL(12, 0)))
          AS DOUBLE) / 1e9 END AS dva
    FROM sums LEFT JOIN dva USING (sector)
    GROUP BY {keys}
    """,
)


def _steps(area: str, earned: Step) -> tuple[Step, ...]:
    """`area` is what a row's GDP belongs to: "province, slot", "region, slot" or "slot"."""
    return (
        earned,
        Step(
            "exposures",
            f"""
            SELECT *, value / nullif(gdp, 0) AS e_gross
            FROM earned LEFT JOIN gdp USING ({area})
            """,
        ),
        # The ratio of the sums is the mean weighted by GDP; the plain mean counts every province
        # once, those that sold nothing as zero. Summed as integers: the order cannot matter.
        Step(
            "nation",
            """
            SELECT {others},
              CASE WHEN $all_provinces AND count(*) = count(value)
                THEN CAST(sum(value) AS BIGINT) END AS nation_value,
              CASE WHEN $each_province AND count(*) = count(e_gross)
                THEN CAST(sum(CAST(round(e_gross * 1e12) AS BIGINT)) AS BIGINT) / 1e12
                END AS sum_e
            FROM exposures
            GROUP BY {others}
            """,
        ),
        Step(
            "gdp_exposure",
            """
            SELECT {keys}, value, gdp, e_gross,
              dva / nullif(gdp, 0) AS e_dva,
              nation_value / nullif(nation_gdp, 0) AS nation_e,
              CASE WHEN nation_gdp IS NOT NULL THEN sum_e / nullif($n_provinces, 0) END AS mean_e,
              CASE WHEN e_gross IS NOT NULL
                THEN rank() OVER (PARTITION BY {others} ORDER BY e_gross DESC NULLS LAST)
                END AS rank,
              CASE WHEN value IS NULL OR gdp IS NULL THEN 'missing' WHEN value < 0 THEN 'negative'
                WHEN value = 0 THEN 'none' ELSE 'ok' END AS status,
              CASE WHEN value IS NOT NULL AND gdp IS NULL THEN 'no_gdp' END AS reason
            FROM exposures JOIN nation USING ({others}) JOIN gdp_nation USING (slot)
            """,
        ),
    )


UNITS = {
    "value": "currency",
    "gdp": "currency",
    "e_gross": "fraction",
    "e_dva": "fraction",
    "nation_e": "fraction",
    "mean_e": "fraction",
    "rank": "count",
    "status": "text",
    "reason": "text",
}


def gdp_exposure(
    trade: Trade,
    *,
    partner: Words = "US",
    during: str | Window | None = None,
    dva_share: float | Mapping[str, float] | None = None,
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
    """Return exports to a partner over the gross domestic product of each province.

    e_ij = X_ij / GDP_i, both in yuan, with i province and j partner, over one or several whole
    calendar years. Exports are gross and GDP is value added: e can exceed 1 and overstates what
    the partner's demand earns. With shares d_k of domestic value added in exports of sector k,
    e_dva = sum_k d_k X_ijk / GDP_i.

    Parameters
    ----------
    trade : Trade
        A snapshot whose store holds the side table ``gdp``.
    partner : str or list
        A partner or group: code, name in English or Chinese.
    during : str or Window, optional
        Whole calendar years (``2024``, ``2023/2024``), since GDP is yearly. Default: the newest
        year that both the trade and the GDP held cover.
    dva_share : float or mapping of sector to float, optional
        Domestic value added in a unit of exports, above 0 and up to 1, such as the OECD's TiVA
        gives it: one for all, or one for each sector. It fills ``e_dva``.
    currency : "CNY", optional
        The ratio is always one of yuan.
    province, product, regime, flow, reporter, by, table, lang
        As in ``value``; as keys of time only ``year``.

    Returns
    -------
    Result
        One row per province: value and gdp [CNY], e_gross and e_dva [fraction], nation_e (the
        nation's: exports over GDP, which is the mean weighted by GDP), mean_e (the plain mean over
        provinces) [fraction], rank, status, reason.

    Raises
    ------
    CallError for a window that is not whole years, or another currency. CoverageError where the
    store holds no GDP, or no exports in yuan.

    Notes
    -----
    NULL rule: a province whose GDP is not held for every year of the window has no ratio and
    status ``missing`` with reason ``no_gdp``. ``e_dva`` is NULL without ``dva_share``,
    and where a sector that was sold has none. nation_e
    and mean_e are NULL where a province's GDP is not held, or only some provinces are asked for.
    The nation is the sum of the provinces, in exports and in GDP. The mean weighted by exports is
    another figure: the nation's share of the partner, ``nation_share`` in ``dependence``.

    References
    ----------
    .. [1] National Bureau of Statistics of China, China Statistical Yearbook, table 3-9.
    .. [2] OECD, Trade in Value Added (TiVA), domestic value added in gross exports.

    Examples
    --------
    >>> import provexpo as pe
    >>> r = pe.gdp_exposure(pe.sample(), partner="US", during="2024")
    >>> r.frame["province_name"][0], round(r.frame["e_gross"][0], 2)
    ('Zhejiang', 0.07)
    """
    _check(dva_share, currency)
    held = _held(trade, reporter, flow)
    window = _newest(trade, held, flow, reporter) if during is None else _whole_years(during)
    by_sector = isinstance(dva_share, Mapping)
    shares = dict(dva_share) if isinstance(dva_share, Mapping) else dva_share
    extra = {} if shares is None else {"dva_share": shares}
    arguments = Arguments(
        "gdp_exposure", window, window, reporter, flow, province, partner, product, regime, by,
        CURRENCY, None, table, lang, extra,
    )  # fmt: skip
    query = prepare(
        trade, arguments, default_by=("province",), defer_province=True, extra_needs=("partner",),
        inner=("sector",) if by_sector else (),
    )  # fmt: skip
    if query.call.time_key is not None and query.call.time_key.column != "year":
        raise CallError("GDP is yearly", where="by=", expected="year, or no key of time")
    area, gdp, nation = _tables(query, held)
    trade.engine.lookup("gdp", gdp)
    trade.engine.lookup("gdp_nation", nation)
    if isinstance(shares, dict):
        trade.engine.lookup("dva", _share_table(shares))
    params = {
        "dva_share": None if by_sector else shares, "all_provinces": has_all_provinces(query),
        "each_province": has_all_provinces(query) and area.startswith("province"),
        "n_provinces": len(vocab.province_codes()),
    }  # fmt: skip
    steps = _steps(area, BY_SECTOR if by_sector else ONE_SHARE)
    value = Measure("value", compared=False)
    answer = run(query, [value], steps, order="rank NULLS LAST", params=params)
    form = Form("gdp_exposure", "gdp_exposure", "1.5", gdp_exposure.__doc__ or "", UNITS)
    summed = summed_over(query, "province")
    result = finish(query, answer, form, summed=summed, caveats=_caveats(query, gdp, nation))
    # There is no base: the window stood in for it, so that none was looked for.
    call = {k: v for k, v in result.receipt.call.items() if k != "against"}
    receipt = replace(result.receipt, call=call, base_window=None)
    return replace(result, receipt=with_side(receipt, "gdp", _used(query, held)))


def _check(dva_share: object, currency: str | None) -> None:
    if currency not in (None, CURRENCY):
        raise CallError(
            f"currency={currency!r}: exports over GDP are a ratio of yuan",
            where="currency=",
            expected="CNY",
            do="leave it out",
        )
    sectors = set(vocab.chapter_table()["sector"])
    shares = dva_share if isinstance(dva_share, Mapping) else {}
    if strange := sorted(map(str, set(shares) - sectors)):
        raise CallError(
            f"dva_share= names no sector: {', '.join(strange)}",
            where="dva_share=",
            expected=", ".join(sorted(sectors)),
        )
    for share in shares.values() if shares else [dva_share]:
        if share is not None and not _is_share(share):
            raise CallError(
                f"dva_share={share!r} is not a share",
                where="dva_share=",
                expected="domestic value added in a unit of exports, above 0 and up to 1",
            )


def _is_share(given: object) -> bool:
    number = isinstance(given, (int, float)) and not isinstance(given, bool)
    return number and 0 < given <= 1  # type: ignore[operator]


def _share_table(shares: Mapping[str, float]) -> pl.DataFrame:
    rows = [(sector, round(share * 1_000_000_000)) for sector, share in shares.items()]
    return pl.DataFrame(rows, schema={"sector": pl.String, "share": pl.Int64}, orient="row")


def _held(trade: Trade, reporter: str, flow: str) -> pl.DataFrame:
    """The GDP rows in yuan of the reporter's provinces."""
    rows = trade.side("gdp")
    held = rows.filter((pl.col("reporter") == reporter) & (pl.col("currency") == CURRENCY))
    if held.is_empty():
        others = sorted(set(rows["currency"])) if rows.height else []
        raise CoverageError(
            f"the store holds no GDP of the provinces of {reporter} in yuan",
            where="gdp_exposure()",
            expected=f"it holds GDP in {', '.join(others)}" if others else "the side table gdp",
            do="load a CSV with the columns province, year, gdp (亿元): provexpo add STORE gdp.csv",
        )
    flows = ("export", "import") if flow == "total" else (flow,)
    for each in flows:
        grains = trade.grains(each, reporter=reporter)
        found = sorted({c for g in grains for c in trade.currencies(g.id, each)})
        if found and CURRENCY not in found:
            raise CoverageError(
                f"the store holds {each}s in {', '.join(found)} only, and GDP is in yuan",
                where="gdp_exposure()",
                expected=f"{each}s in CNY",
                do="load the yuan files of the same query beside the dollar ones",
            )
    return held


def _whole_years(during: str | Window) -> Window:
    window = parse_window(during)
    if window.first % 100 != 1 or window.last % 100 != 12:
        raise CallError(
            f"the window {window} is not whole calendar years, and GDP is yearly",
            where="during=",
            expected="2024, or 2023/2024",
            do=f"use {window.first // 100}",
        )
    return window


def _newest(trade: Trade, held: pl.DataFrame, flow: str, reporter: str) -> Window:
    last = trade.latest_window(flow=flow, reporter=reporter).last
    years = sorted(y for y in set(held["year"]) if y * 100 + 12 <= last)
    if not years:
        raise CoverageError(
            "no year of the GDP held is a whole year of the trade held",
            where="gdp_exposure()",
            expected=f"GDP is held for {', '.join(map(str, sorted(set(held['year']))))},"
            f" trade until {last // 100}-{last % 100:02d}",
            do="load the GDP of another year, or pass during=",
        )
    return Window(years[-1] * 100 + 1, years[-1] * 100 + 12)


def _tables(query: Query, held: pl.DataFrame) -> tuple[str, pl.DataFrame, pl.DataFrame]:
    """The GDP that each row of the frame is divided by, and that of the nation.

    A sum of provinces is NULL as soon as one of them lacks a year of the slot.
    """
    call = query.call
    chinese = call.arguments.reporter == "CHN"
    places = list(vocab.province_codes()) if chinese else sorted(set(held["province"]))
    by_place = pl.concat([_by_place(held, places, now.window) for now, _ in query.slots])
    # Which provinces a reporter other than CHN has is not known: no sum of them is the nation.
    whole = by_place if chinese else by_place.with_columns(gdp=pl.lit(None, dtype=pl.Int64))
    nation = _summed(whole, ["slot"]).rename({"gdp": "nation_gdp"})
    columns = [k.column for k in call.entity_keys]
    if "province" in columns:
        return "province, slot", by_place, nation
    s = call.selections["province"]
    if s.codes is not None:
        chosen = pl.col("province").is_in(list(s.codes))
        whole = whole.filter(~chosen if s.negate else chosen)
    if "region" in columns:
        regions = vocab.place_table().select("province", "region")
        return (
            "region, slot",
            _summed(whole.join(regions, on="province"), ["region", "slot"]),
            nation,
        )
    return "slot", _summed(whole, ["slot"]), nation


def _used(query: Query, held: pl.DataFrame) -> pl.DataFrame:
    years = [m // 100 for now, _ in query.slots for m in now.window.months]
    return held.filter(pl.col("year").is_in(sorted(set(years))))


def _by_place(held: pl.DataFrame, places: Sequence[str], window: Window) -> pl.DataFrame:
    years = range(window.first // 100, window.last // 100 + 1)
    sums = (
        held.filter(pl.col("year").is_in(list(years)))
        .group_by("province")
        .agg(gdp=pl.when(pl.len() == len(years)).then(pl.col("value").sum()))
    )
    spine = pl.DataFrame({"province": places}, schema={"province": pl.String})
    return spine.join(sums, on="province", how="left").select(
        "province", pl.lit(window.first, dtype=pl.Int64).alias("slot"), pl.col("gdp").cast(pl.Int64)
    )


def _summed(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    whole = pl.col("gdp").null_count() == 0
    return rows.group_by(keys).agg(gdp=pl.when(whole).then(pl.col("gdp").sum())).sort(keys)


def _caveats(query: Query, gdp: pl.DataFrame, nation: pl.DataFrame) -> list[Caveat]:
    lang = query.call.arguments.lang
    found = [Caveat("gross", phrase("gdp.gross", lang))]
    if nation["nation_gdp"].null_count():
        lacking = gdp.filter(pl.col("gdp").is_null())
        names = vocab.names("province", lang)
        places = sorted(set(lacking["province"])) if "province" in lacking.columns else []
        listed = phrase("names", lang).join(names.get(p, p) for p in places)
        key = "gdp.missing_places" if 0 < len(places) <= _SHOWN else "gdp.missing"
        found.append(Caveat("gdp_missing", phrase(key, lang, places=listed), len(places) or None))
    return found + nation_caveats(query)
