"""Hold the tables of a store against each other, and look for what the files may have lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import polars as pl

from provexpo import vocab
from provexpo.engine.call import LANGS
from provexpo.engine.trade import CHECK_ONLY, Trade
from provexpo.errors import CallError
from provexpo.ingest.rows import DIMENSIONS, Grain, Scope
from provexpo.periods import Span, month_text, months_between, span_months
from provexpo.vocab import phrase

FULL_DOWNLOAD = 10_000
# A difference from a control total above this part of it fails (methods 0.8, house convention).
MAX_DIFFERENCE = 0.005
# Year to date minus the sum of months above this part of it: the months were revised (methods 7).
MAX_REVISION = 0.001
ROUNDING_UNITS = 3
_SHOWN = 5


@dataclass(frozen=True)
class CheckRow:
    """One finding. `failed` findings make `provexpo check` exit with 1.

    `check` is the same word in every language; `text` is a sentence in the language asked for.
    `noted` marks what is good to know: neither a test passed nor one failed.
    """

    check: str
    table: str
    flow: str
    currency: str
    text: str
    failed: bool
    noted: bool = False


@dataclass(frozen=True)
class CheckReport:
    rows: tuple[CheckRow, ...]

    @property
    def failed(self) -> bool:
        return any(r.failed for r in self.rows)

    def to_dict(self) -> dict[str, Any]:
        return {"failed": self.failed, "rows": [asdict(r) for r in self.rows]}

    def to_text(self) -> str:
        """Failures first, one line each, for a terminal."""
        lines = []
        for row in sorted(self.rows, key=lambda r: not r.failed):
            where = " ".join(t for t in (row.table, row.flow, row.currency) if t)
            verdict = "FAIL" if row.failed else "note" if row.noted else "ok  "
            lines.append(f"{verdict}  {row.check}: {where}: {row.text}")
        failures = sum(r.failed for r in self.rows)
        lines.append(f"{len(self.rows)} findings, {failures} failed")
        return "\n".join(lines)


def check(trade: Trade, *, lang: str = "en") -> CheckReport:
    """Compare the store's tables with each other and look for gaps.

    Control totals (a fine table summed up against a coarse one, month by month; more than 0.5 %
    apart fails), suspected truncation (a file of exactly 10,000 rows; a last month without
    partners that all other months have), gaps between months, combined January-February rows,
    revisions (year to date minus the sum of months above 0.1 %), and cells held in one currency
    only.

    Parameters
    ----------
    trade : Trade
        The snapshot to check.
    lang : {"en", "zh"}
        Language of each finding's ``text``. The words in ``check`` do not change with it.

    Returns
    -------
    CheckReport with ``rows`` and ``failed``.

    Raises
    ------
    CallError for another language.

    Examples
    --------
    >>> import provexpo as pe
    >>> pe.check(pe.sample()).failed
    False
    """
    if lang not in LANGS:
        raise CallError(
            f"unknown language {lang!r}", where="check(lang=)", expected=" or ".join(LANGS)
        )
    rows = [*_full_files(trade, lang)]
    for flow in ("export", "import"):
        for reporter in sorted({s.grain.reporter for s in trade.snapshot.scopes}):
            grains = trade.grains(flow, reporter=reporter, checks=True)
            for currency in sorted({c for g in grains for c in trade.currencies(g.id, flow)}):
                trade.use_files({(flow, currency)})
                rows += _one_currency(trade, flow, currency, grains, lang)
            rows += _both_currencies(trade, flow, grains, lang)
    return CheckReport(tuple(rows))


def _one_currency(
    trade: Trade, flow: str, currency: str, grains: list[Grain], lang: str
) -> Iterator[CheckRow]:
    held = [g for g in grains if currency in trade.currencies(g.id, flow)]
    for grain in held:
        scopes = trade.scopes(grain.id, flow, currency)
        if grain.source.endswith(CHECK_ONLY):
            continue
        where = (grain.id, flow, currency)
        yield from (CheckRow("gap", *where, t, False, True) for t in _gaps(scopes, lang))
        yield from (
            CheckRow("combined january-february", *where, t, False, True)
            for t in _combined(scopes, lang)
        )
        yield from (
            CheckRow("truncation", *where, t, True)
            for t in _lost_partners(trade, grain, flow, lang)
        )
    for fine, coarse in permutations(held, 2):
        if _is_control(fine, coarse):
            for text, failed, noted in _control(trade, flow, currency, fine, coarse, lang):
                yield CheckRow("control total", fine.id, flow, currency, text, failed, noted)
        if coarse.source == fine.source + CHECK_ONLY and _dims(fine) == _dims(coarse):
            text = _revisions(trade, flow, fine, coarse, lang)
            yield CheckRow("revisions", fine.id, flow, currency, text, False, True)


def _dims(grain: Grain) -> set[str]:
    return {d for d in DIMENSIONS if grain.has(d)}


def _is_control(fine: Grain, coarse: Grain) -> bool:
    ytd = any(g.source.endswith(CHECK_ONLY) for g in (fine, coarse))
    return not ytd and fine.basis == coarse.basis and (
        _dims(coarse) < _dims(fine)
        or (_dims(coarse) == _dims(fine) and fine.product_level > coarse.product_level)
    )  # fmt: skip


def _gaps(scopes: Iterable[Scope], lang: str) -> Iterator[str]:
    months = {m for s in scopes for span in s.spans for m in span_months(span)}
    holes = [m for m in months_between(min(months), max(months)) if m not in months]
    if holes:
        shown = phrase("names", lang).join(month_text(m) for m in holes[:_SHOWN])
        if len(holes) > _SHOWN:
            shown = phrase("check.more", lang, shown=shown, count=len(holes) - _SHOWN)
        yield phrase("check.gap", lang, months=shown)


def _combined(scopes: Iterable[Scope], lang: str) -> Iterator[str]:
    spans: set[Span] = {span for s in scopes for span in s.spans}
    years = sorted(
        p // 100 for p, n in spans
        if n == 2 and p % 100 == 2 and (p, 1) not in spans
    )  # fmt: skip
    if years:
        yield phrase("check.combined", lang, years=phrase("names", lang).join(map(str, years)))


def _full_files(trade: Trade, lang: str) -> Iterator[CheckRow]:
    for load in trade.snapshot.loads:
        for file in load.files:
            if file["rows"] == FULL_DOWNLOAD:
                name = Path(file["path"]).name
                text = phrase("check.full_file", lang, name=name, load=load.number)
                yield CheckRow("truncation", "", "", "", text, True)


def _lost_partners(trade: Trade, grain: Grain, flow: str, lang: str) -> Iterator[str]:
    """A download is sorted by month and partner code: what a cut takes is the last month's end."""
    if not grain.partner:
        return
    seen = trade.engine.run(
        "SELECT period, partner_code FROM flows WHERE flow = $flow AND grain = $grain"
        " GROUP BY period, partner_code ORDER BY period, partner_code",
        {"flow": flow, "grain": grain.id},
    )
    months = seen.partition_by("period", as_dict=True)
    if len(months) < 3:
        return
    *others, last = (set(part["partner_code"]) for _, part in sorted(months.items()))
    always = set.intersection(*others)
    lost = sorted(always - last)
    top = max(last, default="")
    if lost and all(code > top for code in lost):
        names = vocab.partner_codes(grain.reporter)
        named = dict(zip(names["partner_code"].to_list(), names[f"name_{lang}"].to_list()))
        shown = phrase("names", lang).join(named.get(c) or c for c in lost[:_SHOWN])
        when = month_text(max(int(k[0]) for k in months))
        yield phrase("check.lost_partners", lang, month=when, partners=shown)


def _months_of(trade: Trade, grain: Grain, flow: str, currency: str) -> set[int]:
    """Single months that the table covers in every dimension that a control sums over."""
    full: set[int] = set()
    for scope in trade.scopes(grain.id, flow, currency):
        if all(scope.extent(d).is_all for d in DIMENSIONS):
            full |= {p for p, n in scope.spans if n == 1}
    return full


def _sums(trade: Trade, flow: str, grain: Grain, by: list[str], months: set[int]) -> pl.DataFrame:
    keys = ", ".join(["period", *by])
    return trade.engine.run(
        f"SELECT {keys}, CAST(sum(value) AS BIGINT) AS value, count(*) AS n FROM flows"
        " WHERE flow = $flow AND grain = $grain AND months = 1"
        " AND period IN (SELECT unnest(CAST($months AS BIGINT[])))"
        f" GROUP BY {keys} ORDER BY {keys}",
        {"flow": flow, "grain": grain.id, "months": sorted(months)},
    )


def _control(
    trade: Trade, flow: str, currency: str, fine: Grain, coarse: Grain, lang: str
) -> Iterator[tuple[str, bool, bool]]:
    """Texts, each with whether it is a failure and whether it is only noted."""
    months = _months_of(trade, fine, flow, currency) & _months_of(trade, coarse, flow, currency)
    by = [d for d in ("province", "partner") if coarse.has(d)]
    if coarse.product_level or coarse.regime:
        return
    if not months:
        yield phrase("check.not_compared", lang, table=coarse.id), False, True
        return
    parts = [_sums(trade, flow, g, by, months) for g in (fine, coarse)]
    both = parts[0].join(parts[1], on=["period", *by], how="full", coalesce=True, suffix="_control")
    value, control = pl.col("value").fill_null(0), pl.col("value_control").fill_null(0)
    slack = ROUNDING_UNITS * max(fine.rounding, coarse.rounding)
    judged = both.with_columns(
        gap=value - control,
        bad=((value - control).abs() > control.abs() * MAX_DIFFERENCE)
        & ((value - control).abs() > slack),
    )
    wrong = judged.filter("bad").sort(pl.col("gap").abs(), descending=True)
    worst = judged.filter(control != 0).select((pl.col("gap").abs() / control.abs()).max()).item()
    said = {"table": coarse.id, "sums": judged.height}
    if wrong.is_empty():
        said |= {"first": month_text(min(months)), "last": month_text(max(months))}
        yield phrase("check.agrees", lang, worst=f"{worst or 0:.4%}", **said), False, False
        return
    yield phrase("check.differs", lang, count=wrong.height, **said), True, False
    for row in wrong.head(_SHOWN).to_dicts():
        yield _apart(row, by, currency, lang), True, False


def _apart(row: dict[str, Any], by: list[str], currency: str, lang: str) -> str:
    names = [vocab.names(d, lang).get(row[d], row[d]) or "" for d in by]
    value, control = row["value"] or 0, row["value_control"] or 0
    change = phrase("check.change", lang, change=f"{value / control - 1:+.1%}") if control else ""
    return phrase(
        "check.apart",
        lang,
        where=" ".join([month_text(row["period"]), *names]),
        value=f"{value:,}",
        control=f"{control:,}",
        currency=currency,
        change=change,
    )


def _revisions(trade: Trade, flow: str, months: Grain, ytd: Grain, lang: str) -> str:
    """Year to date minus the sum of the months held: what was changed after first publication."""
    keys = "province" if months.province else "1"
    found = trade.engine.run(
        f"""
        WITH monthly AS (
          SELECT {keys} AS k, period, value FROM flows
          WHERE flow = $flow AND grain = $months AND months = 1),
        published AS (
          SELECT {keys} AS k, period, months, value FROM flows WHERE flow = $flow AND grain = $ytd)
        SELECT p.period, p.k, p.value AS ytd, CAST(sum(m.value) AS BIGINT) AS summed
        FROM published AS p JOIN monthly AS m
          ON m.k IS NOT DISTINCT FROM p.k AND m.period // 100 = p.period // 100
          AND m.period <= p.period
        GROUP BY p.period, p.k, p.months, p.value
        HAVING count(*) = p.months AND p.value <> 0
        ORDER BY p.period, p.k
        """,
        {"flow": flow, "months": months.id, "ytd": ytd.id},
    )
    gap = (pl.col("ytd") - pl.col("summed")).abs() / pl.col("ytd").abs()
    revised = found.filter(gap > MAX_REVISION)
    if found.is_empty():
        return phrase("check.revisions_none", lang)
    worst = found.select(gap.max()).item()
    return phrase(
        "check.revisions", lang, count=revised.height, sums=found.height, worst=f"{worst:.3%}"
    )


def _both_currencies(trade: Trade, flow: str, grains: list[Grain], lang: str) -> Iterator[CheckRow]:
    """Cells that only one currency has, in months that both cover."""
    for grain in grains:
        if trade.currencies(grain.id, flow) != ["CNY", "USD"]:
            continue
        months = _months_of(trade, grain, flow, "CNY") & _months_of(trade, grain, flow, "USD")
        trade.use_files({(flow, "CNY"), (flow, "USD")})
        row = trade.engine.run(
            """
            WITH cells AS (
              SELECT count(DISTINCT currency) AS n FROM flows
              WHERE flow = $flow AND grain = $grain
                AND period IN (SELECT unnest(CAST($months AS BIGINT[])))
              GROUP BY period, months, province, partner_code, product, regime)
            SELECT count(*) AS n, coalesce(sum(CASE WHEN n = 1 THEN 1 ELSE 0 END), 0) AS single
            FROM cells
            """,
            {"flow": flow, "grain": grain.id, "months": sorted(months)},
        ).row(0, named=True)
        if row["single"]:
            text = phrase(
                "check.currencies", lang, count=f"{row['single']:,}", cells=f"{row['n']:,}"
            )
            yield CheckRow("currencies", grain.id, flow, "CNY, USD", text, False, True)
