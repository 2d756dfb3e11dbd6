"""The customs bulletin's totals by partner: both flows of a month, national, rounded units."""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from provexpo import vocab
from provexpo.errors import CallError, CheckError, LayoutError
from provexpo.ingest.cells import spans_of, text_cells
from provexpo.ingest.codes import Unknown, code_months, mapped, partner_columns
from provexpo.ingest.layouts.amounts import amounts
from provexpo.ingest.layouts.columns import as_text, find_columns, has_all
from provexpo.ingest.layouts.parsed import Parsed, check_period, row_frame
from provexpo.ingest.options import Settings
from provexpo.ingest.rows import Extent, Grain
from provexpo.ingest.table import Table
from provexpo.periods import month_text

NAME = "partner_totals"
SOURCE = "gacc_partner_totals"
_UNITS = {"CNY_10000": ("CNY", 10_000), "USD_1000": ("USD", 1_000)}
_FLOWS = {"exports_month": "export", "imports_month": "import"}
_NAMES = ("partner_zh", "partner_en")
_TOTAL = ("总值", "Total value")
# Printed name -> the first digit of the codes of its partners, or the group of its members.
_CONTINENTS = {
    "亚洲": "1", "Asia": "1", "非洲": "2", "Africa": "2", "欧洲": "3", "Europe": "3",
    "拉丁美洲": "4", "Latin America": "4", "北美洲": "5", "North America": "5",
    "大洋洲": "6", "Oceania": "6",
}  # fmt: skip
_GROUPS = {
    "东南亚国家联盟": "ASEAN", "Association of Southeast Asian Nations": "ASEAN",
    "欧洲联盟": "EU27", "European Union": "EU27",
    "亚太经济合作组织": "APEC", "Asia-Pacific Economic Cooperation (APEC)": "APEC",
}  # fmt: skip
_AGGREGATES = (*_CONTINENTS, *_GROUPS)
_ROW_SLACK = 2  # rounding units by which exports and imports may miss the row's own total


def matches(header: Sequence[str]) -> bool:
    """True where a unit, a partner and both flows of the month have columns of their own."""
    named = any(has_all(header, [name]) for name in _NAMES)
    return named and has_all(header, ("period", "unit", *_FLOWS))


def read(table: Table, settings: Settings) -> Parsed:
    """Rows by partner, and the printed totals as a national table of their own.

    Continents and groups sum partners that stand in the same list: they are left out, and compared
    with their members. Year-to-date columns are not read. A blank that the row's own total shows
    to be zero is no hole.
    """
    if settings.flow is not None:
        raise CallError(
            f"--flow {settings.flow} contradicts the file: it holds exports and imports",
            where=table.path,
            expected="no flow for totals by partner; both are loaded",
            do="leave out --flow, or give it in provexpo.toml for the query downloads only",
        )
    table = as_text(table)
    others = ("total_month", *_NAMES)
    at = find_columns(table, ("period", "unit", *_FLOWS), others, kind="a file of partner totals")
    currency, unit = _unit(table, at["unit"])
    period, months = spans_of(table, at["period"])
    check_period(table, at["period"], period, settings.period)
    name = text_cells(table.column(at["partner_zh" if "partner_zh" in at else "partner_en"]))
    frame = pl.DataFrame({"period": period, "months": months, "name": name}).with_row_index("row")
    values = {flow: amounts(table, at[column], 1)[0] for column, flow in _FLOWS.items()}
    frame = frame.with_columns(*(cells.alias(flow) for flow, cells in values.items()))
    zeros = _check_rows(table, at, frame)
    leaf = ~name.is_in([*_TOTAL, *_AGGREGATES])
    leaves = _partners(table, at, frame.filter(leaf), settings.reporter)
    printed = frame.filter(name.is_in(_TOTAL))
    gaps = [*_gaps(leaves, printed, "the printed total"), *_aggregates(leaves, frame)]
    whole = not gaps and printed["period"].n_unique() == frame["period"].n_unique()
    grains = tuple(
        Grain(settings.reporter, SOURCE, False, by_partner, 0, False, rounding=unit)
        for by_partner in (True, False)
    )
    parts = [
        _rows(part, flow, currency, unit, grain)
        for part, grain in zip((leaves, printed), grains, strict=True)
        for flow in _FLOWS.values()
        if not part.is_empty()
    ]
    rows = pl.concat(parts)
    # Only leaves are cells: a blank in an aggregate or total is no hole in what is loaded.
    blanks = int(sum(leaves[flow].null_count() for flow in _FLOWS.values()))
    left_out = {
        "aggregate partner": int(name.is_in(_AGGREGATES).sum()),
        "blank, zero by the row's total": zeros,
        "no value": blanks - zeros,
    }
    return Parsed(
        rows,
        grains,
        table.frame.height,
        {reason: count for reason, count in left_out.items() if count},
        tuple(gaps),
        extents={(grains[0].id, "partner"): Extent("declared")} if whole else {},
    )


def _unit(table: Table, position: int) -> tuple[str, int]:
    cells = text_cells(table.column(position))
    found = cells.unique(maintain_order=True).to_list()
    if len(found) == 1 and found[0] in _UNITS:
        return _UNITS[found[0]]
    rare = cells.value_counts().sort("count").row(0)[0]
    strange = [unit for unit in found if unit not in _UNITS] or [rare]
    raise LayoutError(
        f"several units in one file: {', '.join(found)}" if len(found) > 1
        else f"unknown unit {found[0]!r}",
        where=table.where(cells.is_in(strange).arg_true().to_list(), "unit"),
        expected=f"{' or '.join(_UNITS)} in every row",
        do="split the file by unit: sums of both would mix currencies",
    )  # fmt: skip


def _check_rows(table: Table, at: dict[str, int], frame: pl.DataFrame) -> int:
    """Exports and imports must give the row's own total. How many blanks of partners are zero
    by it."""
    if "total_month" not in at:
        return 0
    total = amounts(table, at["total_month"], 1)[0]
    both = frame["export"].fill_null(0) + frame["import"].fill_null(0)
    known = frame["export"].is_not_null() | frame["import"].is_not_null()
    wrong = ((total - both).abs() > _ROW_SLACK).fill_null(False) & known
    filled = frame["export"].is_not_null() & frame["import"].is_not_null()
    if (wrong & filled).any():
        rows = (wrong & filled).arg_true().to_list()
        raise CheckError(
            f"exports and imports add up to {both[rows[0]]:,}, total_month is {total[rows[0]]:,}",
            where=table.where(rows, "total_month"),
            expected=f"a difference of at most {_ROW_SLACK} rounding units",
            do="compare with the published table: a figure was changed, or columns were swapped",
        )
    leaf = ~frame["name"].is_in([*_TOTAL, *_AGGREGATES])
    return int((known & ~filled & (total == both) & leaf).sum())


def _partners(
    table: Table, at: dict[str, int], leaves: pl.DataFrame, reporter: str
) -> pl.DataFrame:
    """The leaves with partner and partner_code, from the Chinese name or else the English one."""
    part = table.subset(leaves["row"])
    known = vocab.partner_lookup(reporter)
    position = at["partner_zh" if "partner_zh" in at else "partner_en"]
    words = leaves["name"].unique()
    codes = {w: known[key] for w in words if (key := vocab.normalise(w)) in known}
    unknown = Unknown(part, reporter)
    own = mapped("partner", part, position, codes, unknown).alias("partner_code")
    unknown.check()
    pairs = code_months(own, leaves["period"])
    partner, strange, _ = partner_columns(reporter, own, leaves["period"], pairs)
    unknown.add("partner", position, own, strange)
    unknown.check()
    return leaves.with_columns(own, partner)


def slack(leaves: int) -> int:
    """Rounding units by which that many rounded figures may miss their rounded sum.

    Each is off by at most half a unit either way, so their sum by sqrt(n / 12) on the average;
    four times that leaves room for chance, and not for a lost partner of any size.
    """
    return math.ceil(4 * math.sqrt((leaves + 1) / 12))


def _gaps(leaves: pl.DataFrame, printed: pl.DataFrame, name: str) -> list[str]:
    """Months in which the leaves do not add up to a printed figure, as one warning a flow."""
    found = []
    # Equal rows twice are one row: they are counted as duplicates and loaded once.
    figures = list(_FLOWS.values())
    leaves = leaves.unique(["period", "partner_code", *figures], maintain_order=True)
    printed = printed.unique(["period", *figures], maintain_order=True)
    for flow in figures:
        sums = leaves.group_by("period").agg(pl.col(flow).sum().alias("sum"), pl.len().alias("n"))
        both = printed.select("period", flow).join(sums, on="period").drop_nulls().sort("period")
        texts = [
            f"{month_text(period)} by {total_of - value:+,}"
            for period, value, total_of, n in both.select("period", flow, "sum", "n").iter_rows()
            if abs(total_of - value) > slack(n)
        ]
        if texts:
            shown = ", ".join(texts[:6]) + (f" and {len(texts) - 6} more" if len(texts) > 6 else "")
            found.append(f"{flow}s: the partners miss {name} in {shown} rounding units")
    return found


def _aggregates(leaves: pl.DataFrame, frame: pl.DataFrame) -> list[str]:
    """Continents and groups against their members."""
    found = []
    for name in frame["name"].unique(maintain_order=True):
        if name in _CONTINENTS:
            members = leaves.filter(pl.col("partner_code").str.starts_with(_CONTINENTS[name]))
        elif name in _GROUPS:
            members = leaves.filter(_member(_GROUPS[name]))
        else:
            continue
        found += _gaps(members, frame.filter(pl.col("name") == name), f"the printed {name}")
    return found


def _member(group: str) -> pl.Expr:
    """The partners that were members of a group in the month of their row."""
    tests = [pl.lit(False)]
    for partner, (first, last) in vocab.group_members()[group].items():
        test = pl.col("partner") == partner
        if first is not None:
            test &= pl.col("period") >= first
        if last is not None:
            test &= pl.col("period") <= last
        tests.append(test)
    return pl.any_horizontal(tests)


def _rows(part: pl.DataFrame, flow: str, currency: str, unit: int, grain: Grain) -> pl.DataFrame:
    held = part.filter(pl.col(flow).is_not_null())
    codes = [held["partner"], held["partner_code"]] if grain.partner else []
    frame = row_frame(
        [
            held["period"],
            held["months"],
            *codes,
            (held[flow] * unit).alias("value"),
            pl.lit(grain.reporter).alias("reporter"),
            pl.lit(flow).alias("flow"),
            pl.lit(currency).alias("currency"),
            pl.lit(grain.id).alias("grain"),
        ],
        held.height,
    )
    return frame.with_columns(held["row"].alias("row"))
