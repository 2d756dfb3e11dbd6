"""Names as they stand in published files."""

import csv

import polars as pl
import pytest

from provexpo import vocab

# continents, groups and the total, which stand in the same list as the partners
AGGREGATES = {
    "总值", "亚洲", "非洲", "欧洲", "拉丁美洲", "北美洲", "大洋洲",
    "东南亚国家联盟", "欧洲联盟", "亚太经济合作组织",
}  # fmt: skip


def bulletins(real_data):
    return sorted((real_data / "customs_bulletin").glob("province_totals_*.csv"))


def test_every_bulletin_has_each_province_exactly_once(real_data):
    lookup = vocab.place_lookup()
    assert len(bulletins(real_data)) == 13
    for path in bulletins(real_data):
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = [row[0] for row in csv.reader(file)]
        found = [lookup[k] for n in names if (k := vocab.normalise(n)) in lookup]
        assert sorted(found) == list(vocab.province_codes()), path.name


@pytest.mark.parametrize("column", ["partner_zh", "partner_en"])
def test_every_partner_of_the_bulletin_is_known(real_data, column):
    path = real_data / "customs_bulletin" / "partner_totals_2024.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = {r[column] for r in csv.DictReader(file) if r["partner_zh"] not in AGGREGATES}
    lookup = vocab.partner_lookup()
    assert len(names) > 200
    assert not {n for n in names if vocab.normalise(n) not in lookup}
    assert all(len(vocab.resolve("partner", n).codes) == 1 for n in names)


def test_chinese_and_english_name_of_a_row_are_one_partner(real_data):
    path = real_data / "customs_bulletin" / "partner_totals_2024.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        pairs = {(r["partner_zh"], r["partner_en"]) for r in csv.DictReader(file)}
    for zh, en in pairs:
        if zh not in AGGREGATES:
            assert vocab.resolve("partner", zh).codes == vocab.resolve("partner", en).codes, (
                zh,
                en,
            )


def test_names_and_codes_in_a_query_download_agree(real_data):
    path = real_data / "customs_query" / "export_85177950_202501_usd_excerpt.csv"
    with path.open(encoding="gb18030", newline="") as file:
        rows = list(csv.DictReader(file))
    partners, places = vocab.partner_lookup(), vocab.place_lookup()
    for row in rows:
        code, name = row["贸易伙伴编码"].strip(), row["贸易伙伴名称"].strip()
        assert partners[vocab.normalise(name)] == code, name
        assert places[vocab.normalise(row["注册地名称"].strip())] == row["注册地编码"].strip()
        assert row["贸易方式编码"].strip() in vocab.regime_codes()
        regime = vocab.resolve("regime", row["贸易方式名称"].strip()).codes
        assert regime == (row["贸易方式编码"].strip(),)


def test_every_country_of_the_census_file_by_code_and_name(real_data):
    """Code and name of each row lead to one partner; sums are among the aggregates."""
    path = real_data / "us_census" / "us_imports_hs2_by_country_2023_2024.csv.gz"
    table = pl.read_csv(path, infer_schema=False).select("CTY_CODE", "CTY_NAME").unique()
    known = dict(vocab.partner_codes("USA").select("partner_code", "partner").iter_rows())
    sums = vocab.partner_aggregates("USA")
    leaves = [(c, n) for c, n in table.iter_rows() if c not in sums]
    assert len(leaves) == 233 and table.height - len(leaves) == len(sums) == 20
    for code, name in leaves:
        assert vocab.resolve("partner", name, reporter="USA").codes == (known[code],), name
    for code, name in table.iter_rows():
        assert code not in sums or vocab.normalise(sums[code]) == vocab.normalise(name)


def test_every_country_of_the_parana_file_is_in_the_list(real_data):
    """The Portuguese names agree with the ISO names of the codes wherever they are spelt alike."""
    table = pl.read_parquet(real_data / "comexstat" / "parana_exports_2020_2025.parquet")
    pairs = table.select("CO_PAIS", "NO_PAIS").unique()
    known = dict(vocab.partner_codes("BRA").select("partner_code", "partner").iter_rows())
    names = vocab.partner_lookup("BRA")
    alike = 0
    for code, name in pairs.iter_rows():
        own = f"{code:03d}"
        assert own in known, name
        if (found := names.get(vocab.normalise(name))) is not None:
            alike += 1
            assert known[found] == known[own], name
    assert alike > 50
