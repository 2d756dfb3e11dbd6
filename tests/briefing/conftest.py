"""A planted trade of 31 provinces: the metrics' frames computed here, by plain arithmetic."""

import csv
from contextlib import nullcontext
from dataclasses import dataclass
from types import SimpleNamespace

import polars as pl
import pytest

import provexpo as pe
from provexpo.briefing.view import NO_CHARTS
from provexpo.errors import CoverageError
from provexpo.maps.legend import Legend
from provexpo.maps.picture import Beside
from provexpo.periods import Window
from provexpo.resources import seed
from provexpo.result import Caveat, Receipt, Result

M = 1_000_000
WINDOW, BASE = Window(202501, 202507), Window(202401, 202407)
TABLE = "CHN:gacc_query:province+partner+hs8+regime"
# code: to the US, all; the same in the base window. None: not covered.
PLANTED = {
    "14": (500 * M, 2_000 * M, 800 * M, 2_000 * M),  # Shanxi: 25 %, was 40 %
    "44": (13_000 * M, 99_960 * M, 16_000 * M, 98_000 * M),  # Guangdong: -3bn, -18.75 %, all +2 %
    "54": (30 * M, 100 * M, 10 * M, 100 * M),  # Tibet: 30 %, small base, tripled
    "63": (None, None, None, None),  # Qinghai: missing
    "46": (5 * M, 500 * M, 0, 500 * M),  # Hainan: new
    "62": (0, 1_000 * M, 5 * M, 1_000 * M),  # Gansu: exit
    "53": (960 * M, 8_000 * M, 80 * M, 8_000 * M),  # Yunnan: 12 times
}
NOT_PLANTED = "未植入"  # no Latin letters: the Chinese page must have none of its own
MORE = ("value", "contribution", "offset", "exposure_response", "revisions", "rerouting")
SMALL = 58 * M  # 100 million per 12 months, 7 months
REASONS = {"missing": "uncovered"}


def places():
    with seed("places.csv").open(encoding="utf-8") as file:
        return [r for r in csv.DictReader(file) if r["code"].isdigit()][:31]


def planted():
    """code -> the four amounts; the provinces without a special role get plain ones."""
    out = {}
    for i, place in enumerate(places()):
        total = (3 + 2 * i) * 1_000 * M
        out[place["code"]] = PLANTED.get(
            place["code"],
            (total * (4 + i % 13) // 100, total, total * (5 + i % 13) // 100, total * 95 // 100),
        )
    return out


def status_of(now, base):
    if now is None or base is None:
        return "missing"
    if base == 0:
        return "none" if now == 0 else "new"
    if now == 0:
        return "exit"
    return "small_base" if base < SMALL else "ok"


def over(a, b):
    return None if a is None or not b else a / b


@dataclass
class FakeTrade:
    cells: dict
    illustrative: bool = True
    names: dict | None = None
    caveats: tuple = ()
    currency: str = "USD"
    checks: tuple = ()
    scope: tuple = ()

    engine = SimpleNamespace(remembering=nullcontext)

    def latest_window(self, *, flow, reporter):
        return WINDOW

    def coverage(self, *, lang="en"):
        months = [
            (m, "combined" if m % 100 <= 2 else "found") for m in (*BASE.months, *WINDOW.months)
        ]
        return [
            {
                "table": TABLE,
                "flow": "export",
                "currency": self.currency,
                "months": months,
                "vintage_first": "2025-08-18T00:00:00Z",
                "vintage_last": "2025-08-20T00:00:00Z",
                "scopes": {
                    "en": "provinces: all (assumed); partners: all (assumed)",
                    "zh": "省份：全部（假定完整）；贸易伙伴：全部（假定完整）",
                }[lang],
            }
        ]

    def name(self, code, lang):
        if self.names and code in self.names:
            return self.names[code]
        return {p["code"]: p[f"name_{lang}"] for p in places()}[code]


def result(trade, metric, frame, units, lang, title):
    receipt = Receipt(
        store="desk",
        load=17,
        as_of=None,
        illustrative=trade.illustrative,
        metric=metric,
        call={"partner": "US"},
        tables={"export": TABLE},
        vintages=("2025-08-18T00:00:00Z", "2025-08-20T00:00:00Z"),
        currency=trade.currency,
        window=str(WINDOW),
        base_window=str(BASE),
        scope=trade.scope,
        sql="SELECT 1 AS one",
        params={},
        method="1.1",
        provexpo="0.1.0",
    )
    return Result(frame, units, receipt, trade.caveats, title=title, lang=lang)


MONEY = ("value", "base_value", "total", "base_total", "change")
FRACTION = (
    "share",
    "base_share",
    "share_ex98",
    "share_unclassified",
    "national_share",
    "cum_national_share",
    "nation_share",
    "pct",
    "pct_lo",
    "pct_hi",
)


def units_of(frame, currency):
    other = {
        "delta_share_pp": "pp",
        "lq": "ratio",
        "rsca": "index",
        "rank": "count",
        "ratio": "ratio",
        "small_base": "boolean",
        "lny_flag": "boolean",
        "dhs": "index",
        "log": "log points",
    }
    return {
        c: currency if c in MONEY else "fraction" if c in FRACTION else other.get(c, "text")
        for c in frame.columns
    }


def frame_of(rows, columns):
    texts = ("province", "province_name", "status", "reason")
    flags = ("small_base", "lny_flag")
    whole = (*MONEY, "rank")
    schema = {
        c: pl.String
        if c in texts
        else pl.Boolean
        if c in flags
        else pl.Int64
        if c in whole
        else pl.Float64
        for c in columns
    }
    return pl.DataFrame([{c: r.get(c) for c in columns} for r in rows], schema=schema)


def nation(trade):
    held = [c for c in trade.cells.values() if c[1] is not None]
    columns = [[c[i] for c in held] for i in range(4)]
    return tuple(None if not x or None in x else sum(x) for x in columns)


def fake_dependence(trade, *, partner, during, against, flow, reporter, lang, by=("province",)):
    to_us, total = nation(trade)[:2]
    nation_share = over(to_us, total)
    columns = [
        "province",
        "province_name",
        "value",
        "base_value",
        "total",
        "base_total",
        "share",
        "base_share",
        "delta_share_pp",
        "share_ex98",
        "share_unclassified",
        "national_share",
        "cum_national_share",
        "nation_share",
        "lq",
        "rsca",
        "rank",
        "status",
        "reason",
        "small_base",
        "lny_flag",
    ]
    rows = []
    cells = {None: nation(trade)} if list(by) == [] else trade.cells
    for code, (a, b, c, d) in cells.items():
        share, base_share = over(a, b), over(c, d)
        both = share is not None and base_share is not None
        status = "missing" if a is None else "ok"
        rows.append(
            {
                "province": code,
                "province_name": code and trade.name(code, lang),
                "value": a,
                "base_value": c,
                "total": b,
                "base_total": d,
                "share": share,
                "base_share": base_share,
                "delta_share_pp": 100 * (share - base_share) if both else None,
                "share_ex98": share,
                "share_unclassified": 0.0,
                "national_share": over(a, to_us),
                "nation_share": nation_share,
                "lq": over(share, nation_share),
                "status": status,
                "reason": REASONS.get(status),
                "small_base": a is not None and 0 < a < SMALL,
                "lny_flag": False,
            }
        )
    rows.sort(key=lambda r: (r["share"] is None, -(r["share"] or 0), r["province"] or ""))
    for i, row in enumerate(rows):
        row["rank"] = None if row["share"] is None else i + 1
    if list(by) == []:
        columns = [c for c in columns if c not in ("province", "province_name")]
    frame = frame_of(rows, columns)
    return result(
        trade, "dependence", frame, units_of(frame, trade.currency), lang, "Dependence on the US"
    )


def fake_growth(trade, *, during, against, flow, reporter, lang, partner=None, by=("province",)):
    if "sector" in by:
        raise CoverageError(NOT_PLANTED)
    columns = [
        "province",
        "province_name",
        "value",
        "base_value",
        "change",
        "pct",
        "pct_lo",
        "pct_hi",
        "ratio",
        "dhs",
        "log",
        "status",
        "reason",
        "small_base",
        "lny_flag",
    ]
    at = (0, 2) if partner else (1, 3)
    cells = {None: nation(trade)} if list(by) == [] else trade.cells
    rows = []
    for code, amounts in cells.items():
        now, base = amounts[at[0]], amounts[at[1]]
        status = status_of(now, base)
        known = status not in ("missing", "none", "new")
        rows.append(
            {
                "province": code,
                "province_name": code and trade.name(code, lang),
                "value": now,
                "base_value": base,
                "change": None if status == "missing" else now - base,
                "pct": now / base - 1 if known else None,
                "ratio": now / base if known else None,
                "status": status,
                "reason": REASONS.get(status),
                "small_base": base is not None and 0 < base < SMALL,
                "lny_flag": False,
            }
        )
    if list(by) == []:
        columns = [c for c in columns if c not in ("province", "province_name")]
    frame = frame_of(rows, columns)
    title = "Growth to the US" if partner else "Growth of all exports"
    return result(trade, "growth", frame, units_of(frame, trade.currency), lang, title)


class FakeMap:
    def __init__(self, shares, lang):
        self.lang, self.shares = lang, shares
        self.title = "Map of shares" if lang == "en" else "占比地图"
        sample = {"en": "Illustrative sample, not data.", "zh": "示例数据，非真实数据。"}[lang]
        legend = Legend("%", ("5", "10"), {"en": "no data", "zh": "无数据"}[lang], "", "")
        notes = (*([sample] if shares.receipt.illustrative else []), TABLE)
        self.beside = Beside("%", legend, ("#ffffcc", "#a1dab4", "#41b6c4"), notes)

    def to_svg(self, *, bare):
        assert bare  # small print inside a picture cannot be read on a phone
        return (
            '<svg viewBox="0 0 640 480" '
            'xmlns="http://www.w3.org/2000/svg" role="img" aria-label="map">'
            '<rect width="640" height="480" fill="#41b6c4"/></svg>'
        )

    families = ()

    def place(self, sheet, x, top, room):
        return top - room[1]

    def save(self, path):
        path.write_bytes(f"{path.suffix} {self.lang}".encode())
        return path


def fake_choropleth(result, *, column, lang, title):
    return FakeMap(result, lang)


@dataclass(frozen=True)
class FakeReport:
    rows: tuple

    @property
    def failed(self):
        return any(r.failed for r in self.rows)


@pytest.fixture
def fakes(monkeypatch):
    """Put the planted metrics, map and check in place of the real ones.

    The metrics of single sections need a real store: here they say that they cannot be had.
    """
    from provexpo.briefing import figures, forms

    def not_planted(*_, **__):
        raise CoverageError(NOT_PLANTED)

    for name in MORE:
        monkeypatch.setattr(figures, name, not_planted)
    monkeypatch.setattr(forms, "charts_of", lambda made: NO_CHARTS)
    monkeypatch.setattr(forms, "summary_pdf", lambda given: b"summary")

    monkeypatch.setattr(figures, "dependence", fake_dependence)
    monkeypatch.setattr(figures, "growth", fake_growth)
    monkeypatch.setattr(figures, "check", lambda trade, *, lang: FakeReport(trade.checks))
    monkeypatch.setattr(
        forms, "choropleth", lambda result, *, column, lang, title: FakeMap(result, lang)
    )


@pytest.fixture
def trade(fakes):
    return FakeTrade(planted(), caveats=(Caveat("scope", "partners are assumed complete"),))


@pytest.fixture
def make_trade(fakes):
    return lambda **kwargs: FakeTrade(kwargs.pop("cells", planted()), **kwargs)


@pytest.fixture(scope="session")
def sample() -> pe.Trade:
    return pe.sample()
