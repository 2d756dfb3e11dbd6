"""The customs query download: any of month, product, partner, regime and place, in any order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl

from provexpo import vocab
from provexpo.errors import CallError, CoverageError, LayoutError, PeriodError
from provexpo.ingest.cells import MISSING, spans_of, text_cells, whole_numbers
from provexpo.ingest.codes import (
    Unknown,
    checked,
    code_months,
    mapped,
    partner_columns,
    products,
    regime_names,
)
from provexpo.ingest.layouts.parsed import (
    Parsed,
    check_period,
    constant_span,
    declared_constants,
    row_frame,
    without_missing,
)
from provexpo.ingest.options import FLOW_WORDS, Settings
from provexpo.ingest.rows import Grain
from provexpo.ingest.table import Table
from provexpo.periods import month_text

NAME = "query"
FULL = 10_000  # the site silently cuts a download after this many rows

_HEADERS: dict[str, tuple[str, ...]] = {
    "month": ("数据年月", "月份", "年月", "日期", "date of data", "month"),
    "product": ("商品编码", "商品代码", "commodity code", "hs code"),
    "product_name": ("商品名称", "commodity", "commodity name"),
    "partner": ("贸易伙伴编码", "贸易伙伴代码", "trading partner code"),
    "partner_name": ("贸易伙伴名称", "贸易伙伴", "trading partner", "trading partner name"),
    "regime": ("贸易方式编码", "贸易方式代码", "贸易类型编码", "customs regime code"),
    "regime_name": ("贸易方式名称", "贸易方式", "贸易类型名称", "贸易类型", "customs regime"),
    "province": (
        "注册地编码", "注册地代码", "收发货人注册地编码",
        "locations of importers and exporters code", "location of importers and exporters code",
    ),
    "province_name": (
        "注册地名称", "注册地", "收发货人注册地", "收发货人注册地名称",
        "locations of importers and exporters", "location of importers and exporters",
    ),
    "quantity": ("第一数量", "数量", "quantity"),
    "unit": ("第一计量单位", "计量单位", "unit"),
    "quantity2": ("第二数量", "supplementary quantity", "supplimentary quantity"),
    "unit2": ("第二计量单位", "supplementary unit", "supplimentary unit"),
    "USD": ("美元", "美元值", "金额_美元", "金额(美元)", "us dollar", "us dollars", "usd"),
    "CNY": (
        "人民币", "人民币元", "人民币值", "金额_人民币", "金额(人民币)", "金额_人民币元",
        "renminbi yuan", "rmb", "cny",
    ),
}  # fmt: skip
_CURRENCIES = ("USD", "CNY")
_CODES = ("product", "partner", "regime", "province")
_OUT = re.compile(r"出口|export|(?<![a-z])out(?![a-z])", re.IGNORECASE)
_IN = re.compile(r"进口|import|(?<![a-z])in(?![a-z])", re.IGNORECASE)


def _plain(header: str) -> str:
    return "".join(unicodedata.normalize("NFKC", header).casefold().split())


_ROLE = {_plain(name): role for role, names in _HEADERS.items() for name in names}


def matches(header: Sequence[str]) -> bool:
    """True where a value column of a query download stands beside a code or month column."""
    roles = {_ROLE.get(_plain(name)) for name in header}
    return bool(roles & set(_CURRENCIES)) and bool(roles & {"month", *_CODES, "quantity"})


def read(table: Table, settings: Settings) -> Parsed:
    """Rows of a query download, checked in this order: header, full page, flow, months, codes."""
    at = _positions(table)
    currency = _currency(table, at)
    if table.frame.height == FULL and not settings.accept_full:
        raise CoverageError(
            "the file holds exactly 10,000 rows: the site cuts a download there, and what is lost"
            " is the end of the last month, where the partners with high codes stand",
            where=table.path,
            expected="fewer than 10,000 rows",
            do="split the query (by month, partners or places) and download the pieces; if the file"
            f" is known to be whole, pass --accept-full {table.path}",
        )
    trade_type = _trade_type(table, at)
    warnings: list[str] = []
    if trade_type.name == "flow":
        flow = _flow_column(table, at["regime_name"], trade_type, settings)
    else:
        flow = _stated_flow(table, settings, warnings)
    spans = _spans(table, at, settings)
    columns, level, said = _dimensions(table, at, settings, trade_type, spans[0])
    warnings += said
    present = {*at, trade_type.name}
    constants = declared_constants(settings.covers, present, settings.reporter)
    grain = Grain(
        reporter=settings.reporter,
        source="gacc_query",
        province="province" in at or "province" in constants.dimensions,
        partner="partner" in at or "partner" in constants.dimensions,
        product_level=level or constants.product_level,
        regime="regime" in at or trade_type.name == "regime" or "regime" in constants.dimensions,
    )
    columns += [*spans, *constants.columns, whole_numbers(table, at[currency]).alias("value")]
    columns += _quantities(table, at)
    columns += [
        pl.lit(settings.reporter).alias("reporter"),
        flow.alias("flow"),
        pl.lit(currency).alias("currency"),
        pl.lit(grain.id).alias("grain"),
    ]
    rows = row_frame(columns, table.frame.height)
    rows, left_out, said = without_missing(rows)
    return Parsed(rows, (grain,), table.frame.height, left_out, (*warnings, *said))


def _dimensions(
    table: Table, at: dict[str, int], settings: Settings, trade_type: pl.Series, period: pl.Series
) -> tuple[list[pl.Series | pl.Expr], int, list[str]]:
    """The columns of the four dimensions, the HS level, and warnings about partners."""
    unknown = Unknown(table)
    columns: list[pl.Series | pl.Expr] = []
    warnings: list[str] = []
    if "province" in at:
        known = vocab.province_codes()
        columns.append(checked("province", table, at["province"], known, unknown))
    if "regime" in at:
        columns.append(checked("regime", table, at["regime"], vocab.regime_codes(), unknown))
    elif trade_type.name == "regime":
        columns.append(trade_type)
    if "partner" in at:
        codes = vocab.partner_codes(settings.reporter)["partner_code"].to_list()
        own = checked("partner", table, at["partner"], codes, unknown).alias("partner_code")
        unknown.check()
        pairs = code_months(own, period)
        partner, strange, warnings = partner_columns(settings.reporter, own, period, pairs)
        unknown.add("partner", at["partner"], own, strange)
        columns += [own, partner]
        warnings += _thin_last_month(pairs, settings.reporter)
    unknown.check()
    level = 0
    if "product" in at:
        product, level = products(table, at["product"])
        columns.append(product)
    return columns, level, warnings


def _positions(table: Table) -> dict[str, int]:
    """Role -> position of its column. Unknown, repeated and half pairs of columns are errors."""
    roles = [_ROLE.get(_plain(name)) for name in table.header]
    strange = [name for name, role in zip(table.header, roles, strict=True) if role is None]
    if strange:
        near = get_close_matches(_plain(strange[0]), _ROLE, n=1)
        raise LayoutError(
            f"unknown column {', '.join(map(repr, strange))} in a query download",
            where=f"{table.path}, line 1",
            expected="the header of the customs query, in Chinese or English",
            do=(f"did you mean {near[0]!r}? " if near else "")
            + "remove the column, or describe the file in provexpo.toml (layout = 'tidy')",
        )
    twice = {role for role in roles if roles.count(role) > 1}
    if twice:
        names = [n for n, r in zip(table.header, roles, strict=True) if r in twice]
        raise LayoutError(
            f"several columns mean the same: {', '.join(map(repr, names))}",
            where=f"{table.path}, line 1",
            expected="one column for each thing",
            do="remove all but one",
        )
    at = {role: i for i, role in enumerate(roles) if role}
    for role in ("product", "partner", "province"):
        if f"{role}_name" in at and role not in at:
            raise LayoutError(
                f"column {table.header[at[f'{role}_name']]!r} has names without codes",
                where=f"{table.path}, line 1",
                expected=f"a column {_HEADERS[role][0]!r} beside it",
                do="download the query with codes, or read the file as layout = 'tidy',"
                " which accepts names",
            )
    return at


def _currency(table: Table, at: dict[str, int]) -> str:
    found = [c for c in _CURRENCIES if c in at]
    if len(found) == 1:
        return found[0]
    names = ", ".join(repr(table.header[at[c]]) for c in found)
    raise LayoutError(
        f"two value columns ({names}) in a query download" if found else "no value column",
        where=f"{table.path}, line 1",
        expected="one of 美元 (US dollar) or 人民币 (Renminbi Yuan): a download holds one currency",
        do="load the two downloads as separate files, or describe a joined file in provexpo.toml"
        " (layout = 'tidy', one [[files.values]] entry a column)",
    )


def _trade_type(table: Table, at: dict[str, int]) -> pl.Series:
    """A trade type column without codes: re-saved files put regimes or the flow there.

    Returns a series named regime (as codes) or flow, or an empty one where there is none.
    """
    if "regime" in at or "regime_name" not in at:
        return pl.Series("none", [], dtype=pl.String)
    position = at["regime_name"]
    cells = text_cells(table.column(position))
    words = cells.unique().to_list()
    if all(word.lower() in FLOW_WORDS for word in words):
        flows = {word: FLOW_WORDS[word.lower()] for word in words}
        return cells.replace_strict(flows, return_dtype=pl.String).alias("flow")
    unknown, names = Unknown(table), regime_names()
    known = {word: names[key] for word in words if (key := vocab.normalise(word)) in names}
    codes = mapped("regime", table, position, known, unknown)
    unknown.check()
    return codes


def _flow_column(
    table: Table, position: int, flows: pl.Series, settings: Settings
) -> pl.Series | pl.Expr:
    if settings.flow is None:
        return flows
    other = flows != settings.flow
    if other.any():
        raise CallError(
            f"the flow is stated as {settings.flow}, and the file says otherwise",
            where=table.where(other.arg_true().to_list(), table.header[position]),
            expected="one flow, or none stated",
            do="leave out --flow: the file states it",
        )
    return flows


def _stated_flow(table: Table, settings: Settings, warnings: list[str]) -> pl.Series | pl.Expr:
    """The stated flow. The file's name is only ever a hint: swapped labels exist."""
    name = re.split(r"[\\/]", table.path)[-1]
    hints = [flow for flow, form in (("export", _OUT), ("import", _IN)) if form.search(name)]
    hint = hints[0] if len(hints) == 1 else None
    if settings.flow is None:
        said = f" (its name suggests {hint})" if hint else ""
        raise CallError(
            f"a query download does not say whether it holds exports or imports{said}",
            where=table.path,
            expected="the flow, stated by the caller or a manifest",
            do=f"pass --flow {hint or 'export or --flow import'}, or write flow in provexpo.toml",
        )
    if hint and hint != settings.flow:
        warnings.append(f"read as {settings.flow}, but the file's name suggests {hint}")
    return pl.lit(settings.flow)


def _spans(table: Table, at: dict[str, int], settings: Settings) -> tuple[pl.Series, pl.Series]:
    window = settings.period
    if "month" in at:
        period, months = spans_of(table, at["month"])
        check_period(table, at["month"], period, window)
        return period, months
    if window is None:
        raise PeriodError(
            "the file has no month column, so its period is known only to whoever made the query",
            where=f"{table.path}, line 1",
            expected="a column 数据年月 (Date of data), or a stated period",
            do="pass --period 2025-01/2025-07, or write period in provexpo.toml",
        )
    return constant_span(window, table.frame.height)


def _quantities(table: Table, at: dict[str, int]) -> list[pl.Series]:
    """Quantities with their units; `0` of unit `?` is no quantity at all."""
    columns: list[pl.Series] = []
    for quantity, unit in (("quantity", "unit"), ("quantity2", "unit2")):
        if quantity not in at:
            continue
        if unit not in at:
            columns.append(whole_numbers(table, at[quantity]).alias(quantity))
            continue
        name, absent = _units(table.column(at[unit]))
        name = name.alias(unit)
        if absent.all() and table.column(at[quantity]).is_in(["0", *MISSING]).all():
            continue
        number = whole_numbers(table, at[quantity]).alias(quantity)
        if absent.any():
            nothing = pl.Series([None], dtype=pl.String)
            number = number.zip_with(~(absent & (number == 0)), nothing.cast(pl.Int64))
            name = name.zip_with(~absent, nothing)
        columns += [number, name]
    return columns


def _units(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The unit column, and where it holds a missing mark instead of a unit."""
    words = cells.unique().to_list()
    if all(word and word == word.strip() and word not in MISSING for word in words):
        return cells, pl.Series([False]).new_from_index(0, len(cells))
    name = text_cells(cells)
    return name, name.is_in(MISSING)


def _thin_last_month(pairs: pl.DataFrame, reporter: str) -> list[str]:
    """Partners that all earlier months have and the last lacks: what a cut download looks like."""
    held: dict[int, set[str]] = {}
    for period, code in pairs.select("period", "partner_code").iter_rows():
        held.setdefault(period, set()).add(code)
    last = max(held)
    others = [codes for period, codes in held.items() if period != last]
    if not others:
        return []
    lacking = set.intersection(*others) - held[last]
    at_the_end = {code for code in lacking if code > max(held[last])}
    # With one other month to compare with, only a clean cut at the end is worth a word.
    if not lacking or (len(others) == 1 and lacking != at_the_end):
        return []
    known = vocab.partner_codes(reporter).select("partner_code", "name_en")
    names = dict(known.iter_rows())
    order = sorted(lacking, key=lambda code: (code != "502", code))
    shown = ", ".join(f"{names.get(code) or 'partner'} ({code})" for code in order[:4])
    more = f" and {len(order) - 4} more" if len(order) > 4 else ""
    cut = ": these are its highest codes, as after a cut download" if lacking == at_the_end else ""
    return [f"{month_text(last)} lacks partners that every other month has: {shown}{more}{cut}"]
