"""Make `seeds/sample_*.csv` and `seeds/exchange_rates.csv` from a folder of source files.

    python scripts/make_sample_seeds.py FOLDER

FOLDER holds `data/real/` (customs bulletins, US Census) and `reference/` (national and provincial
frame, partner codes). The wheel ships only what comes out: `docs/sample.md` says what each is.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from pathlib import Path

import polars as pl
from sample_products import EXPORT_CHAPTERS, IMPORT_CHAPTERS, LINES, TRENDS, UNITS

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
GROUPS = (
    "United States", "EU27", "Europe excluding EU27", "ASEAN", "Japan",
    "Latin America", "Africa", "Australia", "all other partners",
)  # fmt: skip
EU27 = (
    "AUT BEL BGR HRV CYP CZE DNK EST FIN FRA DEU GRC HUN IRL ITA LVA LTU LUX MLT NLD POL PRT ROU "
    "SVK SVN ESP SWE"
)
ASEAN = "BRN KHM IDN LAO MYS MMR PHL SGP THA TLS VNM"  # of today, in every month
# Codes that changed in January 2024, and the ones before.
OLD_CODES = {"150": "337", "151": "338", "152": "339"}
CONTINENTS = {
    "亚洲": "", "非洲": "Africa", "欧洲": "Europe excluding EU27", "拉丁美洲": "Latin America",
    "北美洲": "", "大洋洲": "",
}  # fmt: skip
NOT_PARTNERS = {"总值", "东南亚国家联盟", "欧洲联盟", "亚太经济合作组织", *CONTINENTS}
# Published by province for January-July 2025 (Global Times on CIB Research, September 2025):
# statement, then what the frame does with it.
PUBLISHED = {
    "14": ("C101 C102 C107", "share 0.225, change -0.479"),
    "35": ("C103", "share 0.164"), "51": ("C104", "share 0.146"),
    "53": ("C106", "change -0.71"), "63": ("C108", "change -0.398"),
    "65": ("C097 C115", "change 2.65"), "33": ("C117", "change -0.053"),
    **{p: (c, "rises") for p, c in (("42", "C109"), ("45", "C110"), ("23", "C111"),
                                    ("54", "C112"), ("15", "C113"), ("62", "C114"))},
}  # fmt: skip
# Ratios of January-July 2025 to January-July 2024; base in USD million and the ratio inside a
# one-sided statement ("more than tenfold" = [10, 11)) are chosen.
BASKETS = (
    ("35", "USA", "64", 1450.0, 0.762, "C129", "Fujian shoes to the US -23.8 %"),
    ("35", "USA", "98", 620.0, 0.447, "C132", "Fujian special unclassified to the US -55.3 %"),
    ("51", "USA", "98", 310.0, 0.259, "C133", "Sichuan special unclassified to the US -74.1 %"),
    ("50", "USA", "98", 240.0, 0.121, "C134", "Chongqing special unclassified to the US -87.9 %"),
    ("42", "USA", "98", 150.0, 4.549, "C135", "Hubei special unclassified to the US +354.9 %"),
    ("41", "IND", "85177930", 21.0, 10.4, "C146", "Henan phone parts to India more than 10-fold"),
    ("32", "IND", "85177930", 64.0, 2.93, "C147", "Jiangsu phone parts to India nearly tripled"),
    ("50", "VNM", "8542", 13.0, 24.4, "C148", "Chongqing chips to Vietnam more than 24-fold"),
    ("34", "VNM", "8542", 6.2, 67.5, "C149", "Anhui chips to Vietnam more than 67-fold"),
)


# The frame lies up to 0.5001 % under the bulletin in these months, which `check` would refuse:
# imports from other partners are raised by this much, USD million.
RAISED = {"202407": 2.4, "202408": 2.4, "202409": 2.4, "202410": 2.4}
# Chosen figures of the provincial frame that are changed: Yunnan sold twice as much to the US (its
# published fall is a ratio), Guangdong so much less, so that the nation stays as it is. No single
# province but Xinjiang then moves the coefficient of C116 (per cent) by a tenth.
MOVED = ("53", "44", 2.0)


def write(name: str, header: list[str], rows: list[tuple]) -> None:
    with (SEEDS / name).open("w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as f:
        return list(csv.DictReader(f))


def bulletin(folder: Path) -> None:
    """Province totals by month as first published, and what 2024 grew over 2023."""
    places = {
        r["name_zh"]: r["code"] for r in read(folder / "reference/gacc_registration_places.csv")
    }
    places["总值"] = "nation"
    totals, growth = [], []
    for path in sorted((folder / "data/real/customs_bulletin").glob("province_totals_*.csv")):
        found = re.search(r"(\d{4})-(\d{2})", path.stem)
        assert found
        year, month = found.groups()
        with path.open(encoding="utf-8-sig", newline="") as f:
            lines = list(csv.reader(f))
        assert "万人民币" in lines[0][-1], path
        for flow, word, grew in (("export", "出口", 8), ("import", "进口", 9)):
            assert lines[1][grew] == word or lines[2][grew] == word, path
            column = next(i for i, h in enumerate(lines[1])
                          if h == word and lines[2][i] == f"{int(month)}月")  # fmt: skip
            for line in lines[3:]:
                code = places.get(line[0])
                if code is None:
                    continue
                totals.append((flow, year + month, code, line[column]))
                if (year, month) == ("2024", "12"):
                    growth.append((flow, code, line[grew]))
    assert len(totals) == 13 * 2 * 32, len(totals)
    write(
        "sample_province_totals.csv",
        ["flow", "period", "province", "value_10k_cny"],
        sorted(totals),
    )
    write("sample_province_growth.csv", ["flow", "province", "growth_2024_pct"], sorted(growth))


def national(folder: Path) -> None:
    rows = [
        (r["flow"], r["partner"], r["period"], r["usd_million"],
         "derived" if r["note"].startswith("derived") else "chosen")
        for r in read(folder / "reference/skeleton_national.csv")
        if r["partner"] in GROUPS and len(r["period"]) == 6
    ]  # fmt: skip
    assert len(rows) == 2 * 9 * 47, len(rows)
    rows = [
        (*r[:3], f"{float(r[3]) + RAISED[r[2]]:.3f}", "chosen")
        if r[:2] == ("import", "all other partners") and r[2] in RAISED
        else r
        for r in rows
    ]
    write("sample_national.csv", ["flow", "partner_group", "period", "usd_million", "basis"], rows)


def provinces(folder: Path) -> None:
    rows = []
    frame = read(folder / "reference/skeleton_province.csv")
    _move(frame)
    for r in frame:
        claims, said = PUBLISHED.get(r["province"], ("", ""))
        rows.append((r["province"], r["exports_2025_01_07_usd_m"], r["us_2024_usd_m"],
                     r["us_2024_01_07_usd_m"], r["us_2025_01_07_usd_m"],
                     "published" if claims else "chosen", claims, said))  # fmt: skip
    header = ["province", "exports_2025_01_07_usd_million", "us_2024_usd_million",
              "us_2024_01_07_usd_million", "us_2025_01_07_usd_million", "basis", "statements",
              "published"]  # fmt: skip
    write("sample_us_targets.csv", header, rows)
    header = [
        "province",
        "partner",
        "product_prefix",
        "base_usd_million",
        "ratio",
        "statement",
        "published",
    ]
    write("sample_basket_targets.csv", header, list(BASKETS))


def _move(frame: list[dict[str, str]]) -> None:
    taker, giver, times = MOVED
    rows = {r["province"]: r for r in frame}
    for column in ("us_2024_usd_m", "us_2024_01_07_usd_m", "us_2025_01_07_usd_m"):
        more = float(rows[taker][column]) * (times - 1)
        rows[taker][column] = f"{float(rows[taker][column]) + more:.3f}"
        rows[giver][column] = f"{float(rows[giver][column]) - more:.3f}"


def us_imports(folder: Path) -> None:
    """US general imports by country, April to July 2024, as the Census Bureau counts them."""
    names = {r["code"]: r["partner"] for r in read(SEEDS / "partners.csv")
             if r["reporter"] == "USA" and r["partner"]}  # fmt: skip
    path = folder / "data/real/us_census/us_imports_hs2_by_country_2023_2024.csv.gz"
    months = pl.read_csv(path, infer_schema=False).filter(
        (pl.col("YEAR") == "2024") & pl.col("MONTH").is_in(["04", "05", "06", "07"])
    )
    value = pl.col("GEN_VAL_MO").cast(pl.Int64).sum()
    sums = months.group_by("CTY_CODE", "MONTH").agg(value).sort("CTY_CODE", "MONTH")
    rows = [(code, names[code], "2024" + month, v) for code, month, v in sums.iter_rows()
            if code in names and v > 0]  # fmt: skip
    held = sum(r[3] for r in rows)
    assert held == sums.filter(pl.col("CTY_CODE") == "-")["GEN_VAL_MO"].sum(), held
    write("sample_us_imports.csv", ["partner_code", "partner", "period", "value_usd"], rows)


def exchange_rates(folder: Path) -> None:
    rows = [
        (r["period"], f"{float(r['implied_cny_per_usd']):.4f}",
         "value in CNY / value in USD of imports of 27090000",
         "GACC online query, crude oil imports in both currencies")
        for r in read(folder / "data/real/implied_cny_per_usd_monthly_2016_2026.csv")
    ]  # fmt: skip
    write("exchange_rates.csv", ["period", "cny_per_usd", "derived", "source"], rows)


def partners(folder: Path) -> None:
    """National exports and imports by partner, ten months of 2024: the weights of the partners."""
    codes: dict[str, tuple[str, str]] = {}
    for r in read(folder / "reference/gacc_partners.csv"):
        # Codes that came in 2024 without a predecessor, or were reused, are left out: tiny islands.
        lasting = r["status"] == "official" and "/" not in r["iso3"]
        if lasting or r["code"] in OLD_CODES:
            for name in (r["name_zh_bulletin_2024"], r["name_zh_2023"]):
                codes.setdefault(name, (r["code"], r["iso3"] or f"X{r['code']}"))
    value: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    group: dict[str, str] = {}
    continent = ""
    for r in read(folder / "data/real/customs_bulletin/partner_totals_2024.csv"):
        name = r["partner_zh"]
        continent = CONTINENTS.get(name, continent)
        if name in NOT_PARTNERS:
            continue
        value[name][0] += float(r["exports_month"] or 0)
        value[name][1] += float(r["imports_month"] or 0)
        group[name] = continent
    rows = []
    for name, (sold, bought) in value.items():
        if name not in codes:
            continue
        code, iso3 = codes[name]
        own = {"USA": "United States", "JPN": "Japan", "AUS": "Australia"}.get(iso3)
        place = own or ("EU27" if iso3 in EU27 else "ASEAN" if iso3 in ASEAN else group[name])
        if iso3.startswith("X"):
            place = "" if code == "701" else group[name]
        rows.append((code, OLD_CODES.get(code, code), iso3, place or "all other partners",
                     round(sold), round(bought)))  # fmt: skip
    rows = sorted(r for r in rows if r[4] + r[5] >= 200)
    header = [
        "partner_code",
        "partner_code_2023",
        "partner",
        "partner_group",
        "exports_10k_cny",
        "imports_10k_cny",
    ]
    write("sample_partners.csv", header, rows)


def products(folder: Path) -> None:
    """HS8 lines with weights: within a chapter the US imports from China, chapters chosen."""
    us: dict[str, float] = defaultdict(float)
    both: dict[str, float] = defaultdict(float)
    for country in ("5700", "5520", "2010", "5330"):
        frame = pl.read_parquet(
            folder / f"data/real/us_census/us_imports_hs10_2024_{country}.parquet"
        )
        for hs6, value in frame.select("HS6", pl.col("CON_VAL_YR").cast(pl.Int64)).iter_rows():
            if hs6[:2] not in ("98", "99"):
                us[hs6] += value if country == "5700" else 0
                both[hs6] += value if country == "5700" else value / 4
    taken = {line[0][:6] for line in LINES}
    chapters = sorted({h[:2] for h in both})
    chosen = set(sorted(us, key=us.__getitem__, reverse=True)[:520])
    for c in chapters:
        chosen |= set(
            sorted((h for h in both if h[:2] == c), key=both.__getitem__, reverse=True)[:4]
        )
    by_chapter: dict[str, float] = defaultdict(float)
    for h in chosen - taken:
        by_chapter[h[:2]] += both[h]
    total = sum(us.values())
    own = {c: sum(line[2] for line in LINES if line[0][:2] == c) for c in chapters}
    bought = {c: sum(line[4] for line in LINES if line[0][:2] == c) for c in chapters}
    rows = []
    for h in sorted(chosen - taken):
        c, part = h[:2], both[h] / by_chapter[h[:2]]
        sold = max(EXPORT_CHAPTERS.get(c, 0.1) - own.get(c, 0), 0.02) * part
        imported = max(IMPORT_CHAPTERS.get(c, 0.1) - bought.get(c, 0), 0.02) * part
        unit, unit2, price = next(u for prefix, u in UNITS if h.startswith(prefix))
        rows.append((h + "00", unit, unit2, price, f"{sold:.5f}", f"{100 * us[h] / total:.5f}",
                     f"{imported:.5f}", TRENDS.get(c, 1), "",
                     "HS6 and weight in chapter: US Census 2024"))  # fmt: skip
    for code, trend, sold, to_us, imported, origins in LINES:
        unit, unit2, price = next(u for prefix, u in UNITS if code.startswith(prefix))
        rows.append((code, unit, unit2, price, sold, to_us, imported, TRENDS.get(code[:2], trend),
                     origins, "chosen"))  # fmt: skip
    header = ["product", "unit", "unit2", "unit_value_usd", "export_weight", "us_weight",
              "import_weight", "trend_2025", "import_origins", "basis"]  # fmt: skip
    write("sample_products.csv", header, sorted(rows))


def main() -> None:
    folder = Path(sys.argv[1])
    for step in (bulletin, national, provinces, us_imports, exchange_rates, partners, products):
        step(folder)


if __name__ == "__main__":
    main()
