"""Brazil's real panel of one state against pandas: 238 municipalities, 221 partners, six years.

Fixtures `parana` (the store), `parana_rows` and `parana_cells` (the same rows for pandas) are in
conftest.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import UnknownCodeError

Text = Callable[[pe.Result, str], str]
Want = dict[str, dict[str, Any]]
US = 249  # the ministry's code
SMALL = 100_000_000  # dollars a year, a place's trade with one partner (methods 0.5)


def by_place(rows: Any, year: int, partner: int | None = None) -> dict[str, int]:
    kept = rows[rows.year == year]
    if partner is not None:
        kept = kept[kept.partner == partner]
    return kept.groupby("place")["value"].sum().to_dict()


def test_value_by_municipality(parana: pe.Trade, parana_rows: Any, caveat: Text) -> None:
    result = pe.value(parana, reporter="BRA", during="2024")
    want = by_place(parana_rows, 2024)
    frame = result.frame
    # Places without trade in the window have no row, or a zero one where the base has it.
    found = {p: v for p, v in frame.select("province", "value").rows() if v}
    assert found == {p: v for p, v in want.items() if v}
    assert frame["value"].sum() == 18_033_410_738
    total = sum(want.values())
    for place, share in frame.select("province", "share").rows():
        assert share == pytest.approx(want.get(place, 0) / total, rel=1e-12)
    top = max(want, key=lambda p: want[p])
    assert frame.row(0, named=True)["province"] == top
    assert frame.row(0, named=True)["province_name"] == "Paranaguá"
    scope = caveat(result, "scope")
    assert "provinces: Paraná (PR) only" in scope
    assert "products: 187 in the files only" in scope
    assert "Paraná (PR) only" in result.title and "Brazil" not in result.title


def test_value_by_partner_month_and_heading(parana: pe.Trade, parana_rows: Any) -> None:
    us = parana_rows[parana_rows.partner == US]
    months = pe.value(parana, reporter="BRA", partner="US", during="2025", by="month").frame
    want = us[us.year == 2025].groupby("month")["value"].sum().to_dict()
    assert {int(m[-2:]): v for m, v in months.select("month", "value").rows()} == want
    partners = pe.value(parana, reporter="BRA", during="2025", by="partner").frame
    assert partners["value"].sum() == 18_178_920_883
    shares = dict(partners.select("partner", "value").rows())
    assert (shares["USA"], shares["CHN"]) == tuple(
        parana_rows[(parana_rows.year == 2025) & (parana_rows.partner == code)]["value"].sum()
        for code in (US, 160)
    )
    headings = pe.value(parana, reporter="BRA", partner="US", during="2025", by="product:HS4").frame
    want = us[us.year == 2025].groupby("sh4")["value"].sum().to_dict()
    assert {p: v for p, v in headings.select("product", "value").rows() if v} == {
        p: v for p, v in want.items() if v
    }


def test_quantities_are_kilograms(parana: pe.Trade, parana_rows: Any) -> None:
    result = pe.value(parana, reporter="BRA", during="2024", by=[], measure="quantity")
    assert result.frame["value"].item() == int(parana_rows[parana_rows.year == 2024]["kg"].sum())
    assert result.units["value"] == "kg"


def test_growth_to_the_us_by_municipality(parana: pe.Trade, parana_rows: Any) -> None:
    now, before = (by_place(parana_rows, year, US) for year in (2025, 2024))
    frame = pe.growth(parana, reporter="BRA", partner="US", during="2025").frame
    assert (frame["value"].sum(), frame["base_value"].sum()) == (181_473_965, 293_462_353)
    assert set(frame["province"]) >= {p for p in {**now, **before} if now.get(p) or before.get(p)}
    for row in frame.to_dicts():
        new, old = now.get(row["province"], 0), before.get(row["province"], 0)
        assert (row["value"], row["base_value"], row["change"]) == (new, old, new - old)
        if old and row["pct"] is not None:
            assert row["pct"] == pytest.approx(new / old - 1, rel=1e-12)
    nation = pe.growth(parana, reporter="BRA", partner="US", during="2025", by=[]).frame
    assert nation["pct"].item() == pytest.approx(181_473_965 / 293_462_353 - 1, rel=1e-12)


def test_dependence_on_the_us_by_municipality(parana: pe.Trade, parana_rows: Any) -> None:
    total, to_us = by_place(parana_rows, 2025), by_place(parana_rows, 2025, US)
    before, us_before = by_place(parana_rows, 2024), by_place(parana_rows, 2024, US)
    result = pe.dependence(parana, reporter="BRA", partner="US", during="2025")
    everything, all_us = sum(total.values()), sum(to_us.values())
    checked = 0
    for row in result.frame.to_dicts():
        place = row["province"]
        assert (row["value"], row["total"]) == (to_us.get(place, 0), total.get(place, 0)), place
        if not total.get(place):
            assert row["share"] is None
            continue
        share = to_us.get(place, 0) / total[place]
        assert row["share"] == pytest.approx(share, rel=1e-12)
        assert row["national_share"] == pytest.approx(to_us.get(place, 0) / all_us, rel=1e-12)
        assert row["lq"] == pytest.approx(share / (all_us / everything), rel=1e-9)
        if before.get(place):
            change = 100 * (share - us_before.get(place, 0) / before[place])
            assert row["delta_share_pp"] == pytest.approx(change, rel=1e-9, abs=1e-9)
        checked += 1
    assert checked == sum(1 for v in total.values() if v)
    nation = pe.dependence(parana, reporter="BRA", partner="US", during="2025", by=[]).frame
    assert nation["share"].item() == pytest.approx(181_473_965 / 18_178_920_883, rel=1e-12)


def test_a_municipality_of_the_state_without_trade_is_zero(parana: pe.Trade) -> None:
    """Abatiá lies in Paraná and stands in no row: covered, and nothing."""
    row = pe.value(parana, reporter="BRA", province="4100103", during="2024").frame.row(
        0, named=True
    )
    assert (row["value"], row["status"], row["province_name"]) == (0, "none", "Abatiá")
    with pytest.raises(UnknownCodeError, match="3304557"):  # Rio de Janeiro: another state
        pe.value(parana, reporter="BRA", province="3304557", during="2024")


# All municipalities, 2025 against 2024, partner US: every figure from its definition


Same = Callable[..., None]


def pair(part: Any) -> tuple[int, int]:
    return int(part.x.sum()), int(part.b.sum())


def change_status(now: int, base: int, small: float) -> str:
    if not base:
        return "new" if now else "none"
    if not now:
        return "exit"
    return "small_base" if base < small else "ok"


def over(a: float, b: float) -> float | None:
    return a / b if b else None


def ranks(want: Want, column: str, kept: Callable[[dict[str, Any]], bool], *, least: bool) -> None:
    """Rank 1 is the largest (with `least` the smallest); ties share the better rank."""
    figures = [r[column] for r in want.values() if kept(r)]
    for row in want.values():
        better = (
            sum(v < row[column] if least else v > row[column] for v in figures)
            if kept(row)
            else None
        )
        row["rank"] = None if better is None else better + 1


def test_the_panel(parana_rows: Any) -> None:
    assert len(parana_rows) == 160_676
    assert (parana_rows.place.nunique(), parana_rows.partner.nunique()) == (238, 221)


def test_all_of_dependence(
    parana: pe.Trade, parana_cells: Any, everyone: list[str], same: Same
) -> None:
    to_us = parana_cells[parana_cells.country == "USA"]
    (n_us, _), (n_all, _) = pair(to_us), pair(parana_cells)
    want: Want = {}
    for place in everyone:
        us, us_base = pair(to_us[to_us.place == place])
        total, base_total = pair(parana_cells[parana_cells.place == place])
        share, base = over(us, total), over(us_base, base_total)
        lq = None if share is None else share / (n_us / n_all)
        want[place] = {
            "value": us, "base_value": us_base, "total": total, "base_total": base_total,
            "share": share, "base_share": base, "national_share": us / n_us,
            "delta_share_pp": None if share is None or base is None else 100 * (share - base),
            "share_ex98": share, "nation_share": n_us / n_all, "lq": lq,
            "rsca": None if lq is None else (lq - 1) / (lq + 1),
            "status": "ok" if total else "none", "small_base": 0 < us < SMALL,
        }  # fmt: skip
    ranks(want, "share", lambda r: r["share"] is not None, least=False)
    frame = pe.dependence(parana, reporter="BRA", during="2025", province=everyone).frame
    same(frame, want, "province")
    assert frame["national_share"].sum() == pytest.approx(1, rel=1e-12)


def test_all_of_contribution(
    parana: pe.Trade, parana_cells: Any, everyone: list[str], same: Same
) -> None:
    """What each municipality added to the growth of the state's exports to the US."""
    to_us = parana_cells[parana_cells.country == "USA"]
    now, base = pair(to_us)
    assert (now, base) == (181_473_965, 293_462_353)
    want: Want = {}
    for place in everyone:
        x, b = pair(to_us[to_us.place == place])
        want[place] = {
            "value": x, "base_value": b, "change": x - b, "total": now, "base_total": base,
            "pp": 100 * (x - b) / base, "share_of_change": (x - b) / (now - base),
            "base_share": b / base, "status": change_status(x, b, SMALL),
            "small_base": 0 < b < SMALL,
        }  # fmt: skip
    ranks(want, "change", lambda r: r["status"] != "none", least=False)
    given = {"reporter": "BRA", "during": "2025", "partner": "US"}
    frame = pe.contribution(parana, by="province", province=everyone, **given).frame
    same(frame, want, "province")
    assert frame["pp"].sum() == pytest.approx(100 * (now / base - 1), rel=1e-12)


def test_the_us_in_the_growth_of_each_municipality(
    parana: pe.Trade, parana_cells: Any, same: Same
) -> None:
    want: dict[tuple[str, str], dict[str, Any]] = {}
    for place, rows in parana_cells.groupby("place"):
        total, base_total = pair(rows)
        changes = rows.groupby("country")[["x", "b"]].sum()
        traded = changes[(changes.x > 0) | (changes.b > 0)]
        for country, (x, b) in changes.iterrows():
            if country != "USA":
                continue
            better = int(((traded.x - traded.b) > x - b).sum())
            moved = abs(total - base_total) >= 0.01 * base_total and total != base_total
            want[place, country] = {
                "value": x, "base_value": b, "total": total, "base_total": base_total,
                "pp": 100 * (x - b) / base_total if base_total else None,
                "share_of_change": (x - b) / (total - base_total) if moved else None,
                "base_share": over(b, base_total), "status": change_status(x, b, SMALL),
                "rank": better + 1 if base_total and x + b else None,
            }  # fmt: skip
    given = {"reporter": "BRA", "during": "2025", "partner": "US"}
    frame = pe.contribution(parana, by=["province", "partner"], **given).frame
    same(frame, want, "province", "partner")
    assert len(want) == 71


def known(country: str) -> bool:
    """Codes such as X998 (no information) stand for no one country."""
    return not (country.startswith("X") and country[-1].isdigit())


def test_all_of_concentration(
    parana: pe.Trade, parana_cells: Any, everyone: list[str], same: Same
) -> None:
    sums = parana_cells.groupby(["place", "country"])[["x", "b"]].sum().reset_index()
    held = sums[sums.country.map(known)]
    state = held.groupby("country")[["x", "b"]].sum()
    n = int(((state.x > 0) | (state.b > 0)).sum())  # the fixed universe
    want: Want = {}
    for place in everyone:
        value, base_value = pair(sums[sums.place == place])
        mine = held[held.place == place]
        row: dict[str, Any] = {"value": value, "base_value": base_value}
        if len(mine):
            row["n"] = n
        row |= dict.fromkeys(("hhi", "hhi_10k", "hhi_norm", "unctad_ci", "n1", "n2", "theil"))
        row |= dict.fromkeys(("cr1", "cr3"))
        total, base = mine.x.sum(), mine.b.sum()
        row["base_hhi"] = float(((mine.b / base) ** 2).sum()) if base else None
        row["share_unknown"] = over(value - int(total), value)
        if total:
            p = (mine.x / total)[mine.x > 0].sort_values(ascending=False)
            hhi, entropy = float((p**2).sum()), float(-sum(v * math.log(v) for v in p))
            row |= {
                "hhi": hhi, "hhi_10k": 1e4 * hhi, "hhi_norm": (hhi - 1 / n) / (1 - 1 / n),
                "unctad_ci": (hhi**0.5 - (1 / n) ** 0.5) / (1 - (1 / n) ** 0.5),
                "n1": math.exp(entropy), "n2": 1 / hhi, "theil": math.log(n) - entropy,
                "cr1": float(p.iloc[0]), "cr3": float(p.iloc[:3].sum()),
            }  # fmt: skip
        moved = row["hhi"] is not None and row["base_hhi"] is not None
        row["delta_hhi_10k"] = 1e4 * (row["hhi"] - row["base_hhi"]) if moved else None
        want[place] = row | {"status": "ok" if value else "none"}
    frame = pe.concentration(parana, reporter="BRA", during="2025", province=everyone).frame
    same(frame, want, "province")
    hhi = frame.drop_nulls("hhi").sort("rank")["hhi"].to_list()
    assert hhi == sorted(hhi, reverse=True)
