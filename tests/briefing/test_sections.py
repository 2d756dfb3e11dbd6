"""Every section from a planted store: what it states follows from the planted rows by hand."""

import math
from itertools import product

import pytest

import provexpo as pe
from provexpo.briefing import forms
from provexpo.briefing.brief import SECTIONS, brief
from provexpo.output import formats
from provexpo.periods import months_between

PROVINCES = {"44": 40, "35": 9, "41": 5, "31": 17, "33": 12}
PARTNERS = {"USA": 30, "VNM": 12, "DEU": 25}
PRODUCTS = {"85171300": 6, "64039900": 4}  # electronics; footwear
SECTOR = {
    "85171300": "Electrical and electronic goods",
    "64039900": "Leather goods, footwear and headgear",
}
MONTHS = months_between(202301, 202506)
WINDOW, BASE = months_between(202501, 202506), months_between(202401, 202406)
MILLION = 1_000_000


def planted():
    """(province, partner, product, month) -> whole dollars. Sales to the US fall in 2025, more so
    in some provinces; Henan sells no footwear at all."""
    cells = {}
    places = list(enumerate(PROVINCES.items()))
    for (i, (place, size)), (partner, weight), (code, part), month in product(
        places, PARTNERS.items(), PRODUCTS.items(), MONTHS
    ):
        if place == "41" and code == "64039900":
            continue
        level = size * weight * part * 30_000 * (1 + (month % 100) / 40 + i / 7)
        if month > 202500:
            level *= (0.5 + 0.1 * i) if partner == "USA" else 1.1 + 0.05 * i
        cells[place, partner, code, month] = int(level)
    return cells


CELLS = planted()


def total(months, place=None, partner=None, code=None, cells=CELLS):
    return sum(
        v for (p, j, k, m), v in cells.items()
        if m in months and place in (None, p) and partner in (None, j) and code in (None, k)
    )  # fmt: skip


def rows_of(cells=CELLS, keep=("province", "partner", "product")):
    names = ("province", "partner", "product", "period")
    out: dict[tuple, int] = {}
    for key, v in cells.items():
        held = tuple((n, x) for n, x in zip(names, key) if n in keep or n == "period")
        out[held] = out.get(held, 0) + v
    return [{**dict(key), "value": v} for key, v in out.items()]


@pytest.fixture
def trade(make_store):
    return pe.open(make_store(rows_of()))


@pytest.fixture
def sections(trade, tmp_path):
    made = brief(trade, during="2025-01/2025-06", save=False, out=tmp_path / "none")
    return {s.key: s for s in made.sections["en"]}


def by_head(table):
    return {row[0].text: [c.text for c in row[1:]] for row in table.rows}


def pct(x):
    return formats.number(100 * x, 1, sign=True)


NAMES = {"44": "Guangdong", "35": "Fujian", "41": "Henan", "31": "Shanghai", "33": "Zhejiang"}


def test_all_sections_but_the_one_without_data(sections):
    assert tuple(sections) == SECTIONS
    left = {k: s.left_out for k, s in sections.items() if s.left_out}
    assert left == {"rerouting": "the store holds no imports of that market by product and partner"}
    assert sections["quality"].parts["missing"][-1] == f"Rerouting signals: {left['rerouting']}"


def test_heat_cells_are_points_of_the_base_and_add_up(sections):
    (table,) = sections["heat"].tables
    assert [c.head for c in table.columns[1:-1]] == [SECTOR[k] for k in PRODUCTS]
    got = by_head(table)
    assert set(got) == set(NAMES.values())
    for place, name in NAMES.items():
        base = total(BASE, place, "USA")
        now = total(WINDOW, place, "USA")
        for code, text in zip(PRODUCTS, got[name]):
            moved = total(WINDOW, place, "USA", code) - total(BASE, place, "USA", code)
            absent = place == "41" and code == "64039900"
            assert text == ("–" if absent else pct(moved / base))
        assert got[name][-1] == pct(now / base - 1)
    assert any("not traded in either window" in n for n in table.notes)


def test_months_newest_first_with_change_and_share(sections):
    table = sections["province"].tables[0]
    # Same mix of partners everywhere in the base: the least fall keeps the highest share.
    share = {p: total(WINDOW, p, "USA") / total(WINDOW, p) for p in PROVINCES}
    place = max(share, key=share.get)
    assert table.title.startswith(NAMES[place])
    assert [r[0].text for r in table.rows][:2] == ["Jun\u00a02025", "May\u00a02025"]
    assert len(table.rows) == 24
    june = [c.text for c in table.rows[0]]
    now, base = total((202506,), place, "USA"), total((202406,), place, "USA")
    assert june[2] == pct(now / base - 1)
    assert june[4] == formats.number(100 * now / total((202506,), place), 1)


def test_partners_points_add_up_to_the_growth_of_the_total(sections, trade):
    table = sections["province"].tables[2]
    points = [float(r[-1].text.replace("−", "-")) for r in table.rows]
    place = next(p for p, n in NAMES.items() if n in table.title)
    growth = 100 * (total(WINDOW, place) / total(BASE, place) - 1)
    assert sum(points) == pytest.approx(growth, abs=0.05 * len(points))
    assert [r[0].text for r in table.rows][-1] == "United States"  # the only one that fell


def test_largest_moves_of_every_province(sections):
    table = sections["province"].tables[-1]
    assert table.fold and set(by_head(table)) == set(NAMES.values())
    for place, name in NAMES.items():
        fell, _, rose, _, lost, _, won, _ = by_head(table)[name]
        moved = {k: total(WINDOW, place, "USA", k) - total(BASE, place, "USA", k) for k in PRODUCTS}
        assert fell == SECTOR[min(moved, key=moved.get)]
        assert rose == "–"  # both sectors fell
        assert (lost, won) == ("United States", "European Union")


def test_offset_with_and_without_transit_countries(sections):
    section = sections["offset"]
    lost = total(BASE, partner="USA") - total(WINDOW, partner="USA")
    won = sum(total(WINDOW, partner=j) - total(BASE, partner=j) for j in ("VNM", "DEU"))
    in_hub = total(WINDOW, partner="VNM") - total(BASE, partner="VNM")
    first = section.sentences[0]
    assert f"fell by {formats.money(lost)}" in first and f"rose by {formats.money(won)}" in first
    assert f"{formats.percent(won / lost)} of the fall" in first
    assert f"({formats.percent((won - in_hub) / lost)} without possible transit" in first
    places = {
        p: total(WINDOW, p, "USA") - total(BASE, p, "USA") for p in PROVINCES
    }  # all of them fell
    assert "fell in 5 of 5 provinces" in section.sentences[1]
    order = sorted(places, key=places.get)
    assert [r[0].text for r in section.tables[0].rows] == [NAMES[p] for p in order]
    bars = section.panels[0].bars
    assert [b.spans[0].value for b in bars] == [places[p] for p in order]
    for bar in bars:  # all pieces lie on the track, and meet at the rule
        down, up = bar.spans
        assert down.left + down.width == pytest.approx(section.panels[0].line)
        assert up.left == pytest.approx(section.panels[0].line)
        assert down.left >= 0 and up.left + up.width <= 100 + 1e-9


def test_exposure_against_an_own_correlation(sections):
    year = months_between(202401, 202412)
    xs, ys = [], []
    for p in PROVINCES:
        now, base = total(WINDOW, p, "USA"), total(BASE, p, "USA")
        xs.append(total(year, p, "USA") / total(year, p))
        ys.append(2 * (now - base) / (now + base))
    n = len(xs)
    mx, my = sum(xs) / n, sum(ys) / n
    r = sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / math.sqrt(
        sum((x - mx) ** 2 for x in xs) * sum((y - my) ** 2 for y in ys)
    )
    said = " ".join(sections["exposure"].sentences)
    assert f"have a correlation of {formats.number(r, 2)}" in said
    assert "Over 5 provinces" in said
    assert "No stable relation" in said  # five points are never beyond chance


def test_one_line_of_progress_a_section(trade, tmp_path):
    lines = []
    brief(trade, during="2025-01/2025-06", save=False, progress=lines.append, out=tmp_path / "o")
    assert lines == [
        f"en: {k}"
        for k in ("headlines", "exposure", "province", "heat", "offset", "rerouting", "quality")
    ]


def test_only_what_the_sections_need_is_asked(trade, tmp_path):
    lines = []
    made = brief(
        trade, during="2025-01/2025-06", sections="offset, headlines", save=False,
        progress=lines.append, out=tmp_path / "o",
    )  # fmt: skip
    assert lines == ["en: headlines", "en: offset"]
    assert [s.key for s in made.sections["en"]] == ["offset", "headlines"]


# What the data may lack


def made_of(trade, tmp_path, **kwargs):
    kwargs.setdefault("during", "2025-01/2025-06")
    made = brief(trade, save=False, out=tmp_path / "none", **kwargs)
    return made, {s.key: s for s in made.sections["en"]}


def test_without_provinces_the_nation_stands(make_store, tmp_path):
    trade = pe.open(make_store(rows_of(keep=("partner", "product"))))
    made, found = made_of(trade, tmp_path)
    (table,) = found["heat"].tables
    base = total(BASE, partner="USA")
    moved = total(WINDOW, partner="USA", code="85171300") - total(
        BASE, partner="USA", code="85171300"
    )
    assert table.rows[0][0].text == "the nation"
    assert table.rows[0][1].text == pct(moved / base)
    assert found["exposure"].left_out and found["exposure"].left_out in " ".join(made.notes)
    assert found["province"].tables[0].title.startswith("The nation: ")
    assert found["offset"].sentences and not found["offset"].tables
    assert found["table"].left_out == found["where"].left_out != ""


def test_a_province_that_is_listed_and_never_traded(make_store, tmp_path):
    """Such a province has rows without a sector or a partner: no figure, and no crash."""
    listed = {"province": (*PROVINCES, "54")}
    store = make_store(rows_of(), declared=("partner", "product"), listed=listed)
    _, found = made_of(pe.open(store), tmp_path)
    assert set(by_head(found["heat"].tables[0])) == set(NAMES.values())
    assert all(c.text for s in found.values() for t in s.tables for r in t.rows for c in r[:1])


def test_without_products_no_sectors(make_store, tmp_path):
    trade = pe.open(make_store(rows_of(keep=("province", "partner"))))
    _, found = made_of(trade, tmp_path)
    assert "broken down by" in found["heat"].left_out
    assert "product" in found["heat"].left_out
    assert len(found["province"].tables) == 3  # months, partners, and the moves of partners
    assert any("Sectors" in n for n in found["province"].notes)


def test_a_missing_month_is_missing_everywhere(make_store, tmp_path):
    cells = {k: v for k, v in CELLS.items() if k[3] != 202503}
    trade = pe.open(make_store(rows_of(cells)))
    made, found = made_of(trade, tmp_path)
    assert "no figure" in made.sentences["en"][0].lower() or "No share" in made.sentences["en"][0]
    assert found["heat"].left_out and found["offset"].left_out and found["exposure"].left_out
    months = [r[0].text for r in found["province"].tables[0].rows]
    assert "Mar\u00a02025" not in months and "Apr\u00a02025" in months
    assert all(reason for reason in (s.left_out for s in found.values() if not s.tables) if reason)


def test_one_window_alone(make_store, tmp_path):
    cells = {k: v for k, v in CELLS.items() if k[3] > 202500}
    made, found = made_of(pe.open(make_store(rows_of(cells))), tmp_path)
    assert "depends most" in made.sentences["en"][0]
    assert found["heat"].left_out and found["offset"].left_out
    text = " ".join(c.text for t in found["province"].tables for r in t.rows for c in r)
    assert "n/a" in text and " nan" not in text.lower() and "None" not in text


def test_another_partner_of_another_flow(make_store, tmp_path):
    trade = pe.open(make_store(rows_of(), flow="import"))
    made, found = made_of(trade, tmp_path, partner="Germany", flow="import")
    assert "imports came from" in made.sentences["en"][0]
    assert "imports from Germany" in found["heat"].tables[0].title
    assert found["rerouting"].left_out == "it is asked of exports only"
    several, held = made_of(trade, tmp_path, partner=["US", "DEU"], flow="import")
    assert held["heat"].tables and not several.files


def test_the_record_of_another_country(sample, tmp_path):
    """United States imports from China, as the sample's published months hold them."""
    made, found = made_of(
        sample, tmp_path, reporter="USA", partner="CHN", flow="import", during=None, lang="zh,en"
    )
    assert "imports came from China" in made.sentences["en"][0]
    assert found["table"].left_out and found["heat"].left_out
    assert "省份" in next(s.left_out for s in made.sections["zh"] if s.key == "heat")


def test_municipalities_are_cut_to_the_largest_and_said(make_store, tmp_path, monkeypatch):
    from provexpo.briefing.sections import table, where

    monkeypatch.setattr(table, "MOST_ROWS", 3)
    monkeypatch.setattr(where, "MOST_ROWS", 3)
    _, found = made_of(pe.open(make_store(rows_of())), tmp_path)
    (held,) = found["table"].tables
    largest = sorted(PROVINCES, key=lambda p: -total(WINDOW, p, "USA"))[:3]
    assert {r[0].text for r in held.rows} == {NAMES[p] for p in largest}
    assert held.notes[0].startswith("The 3 largest of 5 are shown")
    assert found["where"].panels[1].caption[0].startswith("The 3 largest of 5 are shown")


# The same again


@pytest.fixture
def flat(monkeypatch):
    """The page without drawing a map."""
    from provexpo.errors import JoinError

    def no_map(*_, **__):
        raise JoinError("not drawn here")

    monkeypatch.setattr(forms, "choropleth", no_map)


def test_repeated_in_one_folder_the_bytes_are_the_same(trade, tmp_path, flat):
    call = {"during": "2025-01/2025-06", "lang": "en,zh", "formats": "html,xlsx,csv"}
    one = [f.read_bytes() for f in brief(trade, out=tmp_path / "a", **call).files]
    two = [f.read_bytes() for f in brief(trade, out=tmp_path / "a", **call).files]
    assert one == two
    text = one[1].decode("utf-8")
    assert ">None<" not in text and ">nan<" not in text


def test_what_save_writes_is_what_brief_writes(trade, tmp_path, flat):
    call = {"during": "2025-01/2025-06"}
    at_once = brief(trade, out=tmp_path / "a", formats="html", **call)
    later = brief(trade, out=tmp_path / "b", save=False, **call)
    assert later.files == () and not (tmp_path / "b").exists()
    saved = later.save(tmp_path / "b", formats="html")
    assert saved.files[0].read_bytes() == at_once.files[0].read_bytes()
    assert saved.notes[: len(later.notes)] == later.notes


# Rerouting: the frame of the signal as a desk's store would give it


def signals(rows):
    import polars as pl

    columns = {
        "partner": pl.String, "partner_name": pl.String, "product": pl.String,
        "product_name": pl.String, "type": pl.String, "confidence": pl.String, "trs": pl.Float64,
        "trs_lo": pl.Float64, "trs_hi": pl.Float64, "rv": pl.Float64, "ub": pl.Float64,
        "cover": pl.Float64, "placebo_pct": pl.Float64, "status": pl.String, "reason": pl.String,
    }  # fmt: skip
    return pl.DataFrame([{**dict.fromkeys(columns), **r} for r in rows], schema=columns)


HIGH = {
    "partner": "VNM", "partner_name": "Vietnam", "product": "851713", "product_name": "Phones",
    "type": "rerouting_candidate", "confidence": "high", "trs": 81.229, "trs_lo": 76.2,
    "trs_hi": 87.8, "rv": 28e6, "ub": 50e6, "cover": 0.8333, "placebo_pct": 0.975,
    "status": "ok",
}  # fmt: skip
LOW = {**HIGH, "partner_name": "Mexico", "partner": "MEX", "confidence": "low"}


@pytest.fixture
def rerouted(trade, monkeypatch, tmp_path):
    """The briefing of the planted store with these rows as its signals."""
    from dataclasses import replace

    from provexpo.briefing import figures

    model = pe.growth(trade, partner="US", by=[], during="2025-01/2025-06")

    def made(rows, lang="en"):
        held = replace(model, frame=signals(rows), lang=lang, caveats=())
        monkeypatch.setattr(figures, "rerouting", lambda trade, **_: held)
        shown = brief(
            trade, during="2025-01/2025-06", lang=lang, save=False, out=tmp_path / "o",
            sections="rerouting,quality",
        )  # fmt: skip
        return shown.sections[lang][0]

    return made


def test_signals_with_value_type_confidence_and_reason(rerouted):
    section = rerouted([HIGH, LOW])
    assert "Signals of high confidence: 1; of medium: 0." in section.sentences[0]
    assert "not proof" in section.sentences[0]
    (row,) = section.tables[0].rows  # low stays off the page
    assert [c.text for c in row[:6]] == [
        "Vietnam", "851713 Phones", "28.0", "50.0", "pass-through or replacement", "high"
    ]  # fmt: skip
    assert row[6].text == (
        "score 81 of 100 (76 to 88); above 98% of quiet years; inflow 0.83 times the outflow"
    )
    assert "高" in [c.text for c in rerouted([HIGH], "zh").tables[0].rows[0]]


def test_no_signal_and_no_cover_are_not_the_same(rerouted):
    assert rerouted([LOW]).sentences == (
        "No hub and product shows a signal of medium or high confidence.",
    )
    assert rerouted([LOW]).left_out == ""
    missing = {**LOW, "confidence": None, "status": "missing", "reason": "uncovered"}
    assert rerouted([missing]).left_out == "months not covered"
