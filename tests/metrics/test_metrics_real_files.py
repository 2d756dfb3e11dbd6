"""The figures that the real customs files must give, read and computed apart by hand."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

import provexpo as pe
from provexpo.errors import CoverageError
from provexpo.store.snapshot import utc_text

Text = Callable[[pe.Result, str], str]
PROVINCES = {
    "北京市", "天津市", "河北省", "山西省", "内蒙古自治区", "辽宁省", "吉林省",
    "黑龙江省", "上海市", "江苏省", "浙江省", "安徽省", "福建省", "江西省",
    "山东省", "河南省", "湖北省", "湖南省", "广东省", "广西壮族自治区", "海南省",
    "重庆市", "四川省", "贵州省", "云南省", "西藏自治区", "陕西省", "甘肃省",
    "青海省", "宁夏回族自治区", "新疆维吾尔自治区",
}  # fmt: skip


def read(path: Path) -> list[dict[str, str]]:
    """A query download with nothing but the standard library."""
    text = path.read_bytes().decode("gb18030")
    rows = csv.DictReader(io.StringIO(text))
    return [{k: (v or "").strip().replace(",", "") for k, v in r.items() if k} for r in rows]


@pytest.fixture
def queries(real_data: Path) -> Path:
    return real_data / "customs_query"


# The excerpt: optical transceivers, January 2025


def test_the_excerpt(queries: Path, tmp_path: Path, caveat: Text) -> None:
    path = queries / "export_85177950_202501_usd_excerpt.csv"
    pe.add(tmp_path / "desk", path, flow="export")
    result = pe.value(pe.open(tmp_path / "desk"), partner="US", during="2025-01")
    frame = result.frame
    assert frame.height == 14
    assert frame["value"].sum() == 193_797_953
    assert frame.row(0, named=True)["province_name"] == "Sichuan"
    assert frame["value"][0] == 84_284_228
    assert set(frame["status"]) == {"ok"}
    assert frame["base_value"].null_count() == 14
    assert "85177950" in caveat(result, "scope")
    assert "2024-01" in caveat(result, "base_missing")
    assert frame["lny_flag"].all()

    by_place: dict[str, int] = defaultdict(int)
    for r in read(path):
        if r["贸易伙伴编码"] == "502":
            by_place[r["注册地编码"]] += int(r["美元"])
    assert dict(zip(frame["province"], frame["value"])) == by_place


def test_the_excerpt_in_shares_and_partners(queries: Path, tmp_path: Path) -> None:
    path = queries / "export_85177950_202501_usd_excerpt.csv"
    pe.add(tmp_path / "desk", path, flow="export")
    trade = pe.open(tmp_path / "desk")
    rows = read(path)
    assert len(rows) == 323 and len({r["贸易伙伴编码"] for r in rows}) == 60
    total: dict[str, int] = defaultdict(int)
    to_us: dict[str, int] = defaultdict(int)
    for r in rows:
        total[r["注册地编码"]] += int(r["美元"])
        to_us[r["注册地编码"]] += int(r["美元"]) if r["贸易伙伴编码"] == "502" else 0
    frame = pe.dependence(trade, during="2025-01").frame
    shares = dict(zip(frame["province"], frame["share"]))
    assert set(shares) == set(total)
    for place, share in shares.items():
        assert share == pytest.approx(to_us[place] / total[place], rel=1e-12)
    assert pe.value(trade, by=[], during="2025-01").frame["value"].item() == sum(total.values())


# Soybeans


def soybeans(queries: Path, store: Path, **options: str) -> pe.Trade:
    pe.add(store, queries / "soybeans_2024in.csv", flow="import", **options)
    return pe.open(store)


def test_soybeans_of_2024(queries: Path, tmp_path: Path, caveat: Text) -> None:
    trade = soybeans(queries, tmp_path / "desk")
    result = pe.dependence(trade, partner="US", flow="import", during="2024")
    row = result.frame.row(0, named=True)
    assert (row["value"], row["total"]) == (85_630_245_356, 359_701_179_444)
    assert row["share"] == pytest.approx(85_630_245_356 / 359_701_179_444, rel=1e-12)
    assert "partners assumed complete" in caveat(result, "scope")
    assert result.receipt.currency == "CNY"
    with pytest.raises(CoverageError, match="hold no USD") as err:
        pe.value(trade, flow="import", during="2024", currency="USD", by="partner")
    assert "CNY" in str(err.value)


def test_soybeans_with_declared_partners_have_no_share(queries: Path, tmp_path: Path) -> None:
    trade = soybeans(queries, tmp_path / "desk", covers="partners=402,410,502")
    row = pe.dependence(trade, partner="US", flow="import", during="2024").frame.row(0, named=True)
    assert (row["share"], row["status"], row["reason"]) == (None, "missing", "scope")
    assert row["value"] == 85_630_245_356


def test_soybeans_of_2025(queries: Path, tmp_path: Path) -> None:
    pe.add(tmp_path / "desk", queries / "soybeans_2025in.csv", flow="import")
    trade = pe.open(tmp_path / "desk")
    year = pe.dependence(trade, partner="US", flow="import", during="2025").frame
    assert set(year["status"]) == {"missing"} and set(year["reason"]) == {"uncovered"}
    rows = read(queries / "soybeans_2025in.csv")
    want = sum(int(r["人民币"]) for r in rows if r["贸易伙伴编码"] == "502")
    ten = pe.dependence(trade, partner="US", flow="import", during="2025-01/2025-10").frame
    assert (ten["value"].item(), ten["status"].item()) == (want, "ok")
    assert ten["total"].item() == sum(int(r["人民币"]) for r in rows)
    months = pe.value(
        trade, partner="US", flow="import", during="2025-08/2025-10", by="month"
    ).frame
    found = {m: (v, s) for m, v, s in months.select("month", "value", "status").rows()}
    assert found["2025-09"] == found["2025-10"] == (0, "none")
    assert found["2025-08"][0] > 0


def test_soybeans_both_years_and_flows(queries: Path, tmp_path: Path) -> None:
    for name, flow in (("in", "import"), ("out", "export")):
        for year in (2024, 2025):
            pe.add(tmp_path / "desk", queries / f"soybeans_{year}{name}.csv", flow=flow)
    trade = pe.open(tmp_path / "desk")
    want: dict[tuple[str, str], int] = defaultdict(int)
    for name, flow in (("in", "import"), ("out", "export")):
        for r in read(queries / f"soybeans_2024{name}.csv"):
            want[flow, r["贸易伙伴编码"]] += int(r["人民币"])
    frame = pe.balance(trade, during="2024", product="1201").frame
    codes = {"USA": "502", "BRA": "410", "ARG": "402"}
    for partner, exports, imports in frame.select("partner", "exports", "imports").rows():
        if exports is not None:
            assert exports == want["export", codes[partner]]
            assert imports == want["import", codes[partner]]
    assert not pe.check(trade).failed


# Crude oil


def test_crude_oil_in_both_currencies(queries: Path, real_data: Path, tmp_path: Path) -> None:
    pe.add(
        tmp_path / "desk",
        [queries / f"import_crude_oil_2024_{c}.csv" for c in ("cny", "usd")],
        flow="import",
    )
    trade = pe.open(tmp_path / "desk")
    words = {"flow": "import", "during": "2024", "by": "month"}
    cny = pe.value(trade, currency="CNY", **words).frame.sort("month")
    usd = pe.value(trade, currency="USD", **words).frame.sort("month")
    assert cny.height == usd.height == 12
    table = (real_data / "implied_cny_per_usd_monthly_2016_2026.csv").read_text(encoding="utf-8")
    rates = {
        r["period"]: float(r["implied_cny_per_usd"]) for r in csv.DictReader(io.StringIO(table))
    }
    for month, yuan, dollars in zip(cny["month"], cny["value"], usd["value"]):
        assert round(yuan / dollars, 6) == rates[month.replace("-", "")]
    tonnes = [
        pe.value(trade, currency=c, measure="quantity", **words).frame.sort("month")["value"]
        for c in ("CNY", "USD")
    ]
    assert tonnes[0].equals(tonnes[1])
    assert tonnes[0].sum() == sum(
        int(r["第一数量"]) for r in read(queries / "import_crude_oil_2024_usd.csv")
    )
    assert not pe.check(trade).failed


# Totals by partner, tidy

MAP = """
[[files]]
match = "partner_totals_*.csv"
layout = "tidy"
source = "gacc_partner_totals"
currency = "CNY"
unit = 10_000
[files.columns]
period = "period"
partner = "partner_zh"
[[files.values]]
column = "exports_month"
flow = "export"
[[files.values]]
column = "imports_month"
flow = "import"
[files.totals]
partner = "总值"
[files.aggregates]
partner = ["亚洲", "非洲", "欧洲", "拉丁美洲", "北美洲", "大洋洲", "东南亚国家联盟", "欧洲联盟",
           "亚太经济合作组织"]
"""
UNIT = 10_000


@pytest.fixture
def partner_totals(real_data: Path, tmp_path: Path) -> pe.Trade:
    name = "partner_totals_2024.csv"
    (tmp_path / name).write_bytes((real_data / "customs_bulletin" / name).read_bytes())
    (tmp_path / "provexpo.toml").write_text(MAP, encoding="utf-8")
    pe.add(tmp_path / "desk", [tmp_path / name])
    return pe.open(tmp_path / "desk")


def test_exports_to_the_us_in_the_totals_by_partner(partner_totals: pe.Trade) -> None:
    result = pe.dependence(partner_totals, partner="US", during="2024-04/2024-08")
    row = result.frame.row(0, named=True)
    assert row["value"] == 159_508_189 * UNIT
    # The denominator is the sum of the same table; the printed total is a control. They differ
    # by roundings: at most a unit in each of the five months.
    assert abs(row["total"] - 1_075_005_512 * UNIT) <= 5 * UNIT
    assert row["share"] == pytest.approx(0.14837894989, abs=1e-9)
    printed = pe.value(partner_totals, by=[], during="2024-04/2024-08")
    assert printed.receipt.tables == {"export": "CHN:gacc_partner_totals:nation"}
    assert printed.frame["value"].item() == 1_075_005_512 * UNIT
    assert not pe.check(partner_totals).failed


def test_the_year_of_the_totals_by_partner_is_missing(partner_totals: pe.Trade) -> None:
    for metric in (pe.dependence, pe.value):
        year = metric(partner_totals, partner="US", during="2024")
        assert set(year.frame["status"]) == {"missing"}
        text = next(c.text for c in year.caveats if c.code == "missing")
        assert "2024-03, 2024-09" in text


# The bulletins


@pytest.fixture(scope="module")
def bulletin_store(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    store = tmp_path_factory.mktemp("bulletins") / "desk"
    pe.add(store, sorted((real_data / "customs_bulletin").glob("province_totals_*.csv")))
    return store


def test_the_thirteen_bulletins(bulletin_store: Path, real_data: Path) -> None:
    trade = pe.open(bulletin_store)
    files = sorted((real_data / "customs_bulletin").glob("province_totals_*.csv"))
    assert len(files) == 13
    for path in files:
        month = path.stem.split("_")[-1]
        national = _table8(path)["总值"]
        for flow, printed in zip(("export", "import"), national, strict=True):
            frame = pe.value(trade, flow=flow, during=month).frame
            assert frame.height == 31, (month, flow)
            assert abs(frame["value"].sum() - printed * 10_000) <= 30_000, (month, flow)
    assert not pe.check(trade).failed


def test_provinces_of_one_bulletin(bulletin_store: Path, real_data: Path) -> None:
    trade = pe.open(bulletin_store)
    printed = _table8(real_data / "customs_bulletin" / "province_totals_2024-07.csv")
    frame = pe.balance(trade, by="province", during="2024-07", lang="zh").frame
    assert frame.height == 31
    for name, exports, imports in frame.select("province_name", "exports", "imports").rows():
        full = next(n for n in PROVINCES if n.startswith(name))
        assert (exports, imports) == tuple(v * 10_000 for v in printed[full]), name


def test_growth_of_the_bulletin_carries_its_rounding(bulletin_store: Path) -> None:
    frame = pe.growth(pe.open(bulletin_store), during="2025-01").frame
    row = frame.filter(frame["province"] == "54").row(0, named=True)  # Tibet: small
    assert row["pct_lo"] < row["pct"] < row["pct_hi"]
    half = 5_000
    assert row["pct_hi"] == pytest.approx(
        (row["value"] + half) / (row["base_value"] - half) - 1, rel=1e-9
    )


def _table8(path: Path) -> dict[str, tuple[int, int]]:
    """Exports and imports of the month by place, found by the words of the header."""
    lines = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    head = [" ".join(cells) for cells in zip(*lines[:3], strict=False)]
    month = re.compile(r"(?<![至\d])\d{1,2}月")
    columns = {
        flow: next(
            i for i, h in enumerate(head)
            if flow in h and "进出口" not in h.replace(" ", "") and month.search(h)
        )
        for flow in ("出口", "进口")
    }  # fmt: skip
    found = {}
    for cells in lines[3:]:
        name = re.sub(r"\s", "", cells[0])
        if name in PROVINCES or name in ("总值", "总计"):
            exports, imports = (
                int(cells[columns[f]].replace(",", "").split(".")[0] or 0) for f in ("出口", "进口")
            )
            found["总值" if name == "总计" else name] = (exports, imports)
    return found


def test_vintages_of_real_files_stand_in_the_receipt(queries: Path, tmp_path: Path) -> None:
    pe.add(tmp_path / "desk", queries / "soybeans_2024in.csv", flow="import", vintage="2025-01-18")
    receipt = pe.value(pe.open(tmp_path / "desk"), flow="import", by=[]).receipt
    assert receipt.vintages is not None and receipt.vintages[0].startswith("2025-01-18")
    assert utc_text(0) == "1970-01-01T00:00:00Z"
