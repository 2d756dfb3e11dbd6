"""The four metrics against a plain Python computation on random planted worlds."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.periods import Window, base_window, parse_window

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
Row = dict[str, Any]


@cache
def table(name: str, key: str, value: str) -> dict[str, str]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8") as f:
        return {r[key]: r[value] for r in csv.DictReader(f)}


def named(names: str, code: str, name: str, of: tuple[str, str, str]) -> str:
    return table(names, code, name)[table(of[0], of[1], code)[of[2]]]


CONTINENT = {
    "USA": "North America", "VNM": "Asia", "DEU": "Europe", "THA": "Asia", "NGA": "Africa",
    "BRA": "Latin America", "HKG": "Asia", "MEX": "Latin America", "X701": "Other partners",
}  # fmt: skip


def quarter(period: int) -> str:
    return f"{period // 100}Q{(period % 100 + 2) // 3}"


KEY_OF: dict[str, Callable[[Row], Any]] = {
    "province": lambda r: r["province"],
    # Regions, sections and sectors show the name in the language asked for.
    "region": lambda r: named("regions", "region", "name_en", ("places", "code", r["province"])),
    "partner": lambda r: r["partner"],
    "partner_group:ASEAN": lambda r: (
        "ASEAN" if r["partner"] in ("VNM", "THA") else "Other partners"
    ),
    "partner_group:continent": lambda r: CONTINENT[r["partner"]],
    "product:HS2": lambda r: r["product"][:2],
    "product:HS4": lambda r: r["product"][:4],
    "product:HS6": lambda r: r["product"][:6],
    "product:HS8": lambda r: r["product"],
    "section": lambda r: named(
        "sections", "section", "short", ("chapters", "hs2", r["product"][:2])
    ),
    "sector": lambda r: named(
        "sector_names", "sector", "name_en", ("sectors", "hs2", r["product"][:2])
    ),
    "month": lambda r: f"{r['period'] // 100}-{r['period'] % 100:02d}",
    "quarter": lambda r: quarter(r["period"]),
    "year": lambda r: str(r["period"] // 100),
}
TIME = ("month", "quarter", "year")


@dataclass(frozen=True)
class Chosen:
    """A selection in the library's words, and as a test of a row."""

    words: dict[str, Any]
    keeps: Callable[[Row], bool]


CHOSEN = {
    "all": Chosen({}, lambda r: True),
    "not US": Chosen({"partner": "not US"}, lambda r: r["partner"] != "USA"),
    "ASEAN": Chosen({"partner": "ASEAN"}, lambda r: r["partner"] in ("VNM", "THA")),
    "two partners": Chosen({"partner": ["US", "德国"]}, lambda r: r["partner"] in ("USA", "DEU")),
    "province": Chosen({"province": "Guangdong, 14"}, lambda r: r["province"] in ("44", "14")),
    "region": Chosen(
        {"province": "not east"}, lambda r: r["province"] in ("14", "42", "51", "61", "21")
    ),
    "prefixes": Chosen(
        {"product": ["85", "6403", "94016110", "610910"]},
        lambda r: r["product"].startswith(("85", "6403", "94016110", "610910")),
    ),
    "not phones": Chosen(
        {"product": "not 8517"}, lambda r: not r["product"].startswith("8517")
    ),
    "footwear": Chosen({"product": "footwear"}, lambda r: r["product"].startswith("64")),
    "several": Chosen(
        {"partner": "not US", "province": "44, 51, 31", "product": "not 98"},
        lambda r: r["partner"] != "USA" and r["province"] in ("44", "51", "31")
        and not r["product"].startswith("98"),
    ),
}  # fmt: skip


def sums(rows: list[Row], by: list[str], window: Window) -> dict[tuple[Any, ...], int]:
    found: dict[tuple[Any, ...], int] = {}
    for r in rows:
        if window.first <= r["period"] <= window.last:
            key = tuple(KEY_OF[b](r) for b in by)
            found[key] = found.get(key, 0) + r["value"]
    return found


def pairs(
    rows: list[Row], by: list[str], window: Window, base: Window
) -> dict[tuple[Any, ...], tuple[int, int]]:
    """key -> (value, base value): rows traded in either window, and every point of a time key."""
    lag = (window.first // 100 - base.first // 100) * 100
    moved = [{**r, "period": r["period"] + lag} for r in rows]
    now, before = sums(rows, by, window), sums(moved, by, window)
    keys = {*now, *before}
    times = [b for b in by if b in TIME]
    if times:
        at = by.index(times[0])
        points = {KEY_OF[times[0]]({"period": m}) for m in window.months}
        entities = {k[:at] + k[at + 1 :] for k in keys} or ({()} if len(by) == 1 else set())
        keys = {e[:at] + (p,) + e[at:] for e in entities for p in points}
    elif not by:
        keys = {()}
    return {k: (now.get(k, 0), before.get(k, 0)) for k in keys}


def columns_of(by: list[str]) -> list[str]:
    return [b.split(":")[0] for b in by]


def by_key(result: pe.Result, by: list[str]) -> dict[tuple[Any, ...], Row]:
    found = {tuple(r[c] for c in columns_of(by)): r for r in result.frame.to_dicts()}
    assert len(found) == result.frame.height
    return found


def same(got: float | None, want: float | None) -> bool:
    if got is None or want is None:
        return got is want
    return math.isfinite(got) and math.isclose(got, want, rel_tol=1e-12, abs_tol=1e-12)


BYS = [
    [], ["province"], ["region"], ["partner"], ["partner_group:ASEAN"],
    ["partner_group:continent"], ["product:HS2"], ["product:HS6"], ["product:HS8"], ["section"],
    ["sector"], ["month"], ["quarter"], ["year"], ["province", "month"],
    ["province", "partner", "sector"], ["region", "partner_group:ASEAN", "quarter"],
    ["province", "region", "product:HS4"],
]  # fmt: skip
WINDOWS = [
    ("2024-05", None), ("2024-01/2024-07", None), ("ytd:2024-07", "2023-01/2023-07"),
    ("r12:2025-02", None), ("2024Q3", None), ("2024", "2023"),
]  # fmt: skip


def cases() -> list[tuple[int, list[str], str, str, str | None]]:
    """Every key with one selection and window, and more of them at random."""
    rng = random.Random(7)
    fixed = [(1, by, "all", *WINDOWS[i % len(WINDOWS)]) for i, by in enumerate(BYS)]
    drawn = [
        (rng.choice((1, 2)), rng.choice(BYS), rng.choice(list(CHOSEN)), *rng.choice(WINDOWS))
        for _ in range(60)
    ]
    chosen = [(2, by, c, "2024", None) for c in CHOSEN for by in (["province"], ["month"])]
    return [*fixed, *drawn, *chosen]


def test_value_against_plain_python(
    trades: dict[int, pe.Trade], worlds: dict[tuple[int, str], list[Row]]
) -> None:
    for seed, by, name, during, against in cases():
        window = parse_window(during)
        rows = [r for r in worlds[seed, "export"] if CHOSEN[name].keeps(r)]
        want = pairs(rows, by, window, base_window(window, against))
        result = pe.value(trades[seed], by=by, during=during, against=against, **CHOSEN[name].words)
        got = by_key(result, by)
        where = (seed, by, name, during)
        # A code that was named gets a row also where nothing was traded.
        extra = set(got) - set(want)
        assert all(got[k]["value"] == 0 == got[k]["base_value"] for k in extra), where
        assert set(want) <= set(got), where
        at = next((i for i, b in enumerate(by) if b in TIME), None)
        for key, (now, before) in want.items():
            row = got[key]
            assert (row["value"], row["base_value"]) == (now, before), (where, key)
            peers = [v for k, (v, _) in want.items() if at is None or k[at] == key[at]]
            assert same(row["share"], now / sum(peers) if sum(peers) else None), (where, key)
            assert row["rank"] == 1 + sum(v > now for v in peers), (where, key)
            assert row["status"] == ("ok" if now else "none")


def test_value_of_imports_and_of_both(
    trades: dict[int, pe.Trade], worlds: dict[tuple[int, str], list[Row]]
) -> None:
    for by in (["province"], ["sector"], []):
        window = Window(202401, 202412)
        for flow, flows in (("import", ["import"]), ("total", ["import", "export"])):
            rows = [r for f in flows for r in worlds[1, f]]
            got = by_key(pe.value(trades[1], by=by, during="2024", flow=flow), by)
            want = pairs(rows, by, window, base_window(window))
            assert {k: (r["value"], r["base_value"]) for k, r in got.items()} == want


def test_balance_against_plain_python(
    trades: dict[int, pe.Trade], worlds: dict[tuple[int, str], list[Row]]
) -> None:
    for seed, by, name, during, against in cases():
        window = parse_window(during)
        base = base_window(window, against)
        result = pe.balance(
            trades[seed], by=by, during=during, against=against, **CHOSEN[name].words
        )
        got = by_key(result, by)
        sides = {
            f: pairs([r for r in worlds[seed, f] if CHOSEN[name].keeps(r)], by, window, base)
            for f in ("export", "import")
        }
        for key, row in got.items():
            (x1, x0), (m1, m0) = (sides[f].get(key, (0, 0)) for f in ("export", "import"))
            where = (seed, by, name, during, key)
            assert (row["exports"], row["imports"]) == (x1, m1), where
            assert (row["balance"], row["total"]) == (x1 - m1, x1 + m1), where
            assert (row["value"], row["base_value"]) == (x1 - m1, x0 - m0), where
            assert row["status"] == ("ok" if x1 or m1 else "none"), where
        assert set(sides["export"]) | set(sides["import"]) <= set(got)


def change_status(now: int, before: int, min_base: float) -> str:
    if not now and not before:
        return "none"
    if not before:
        return "new"
    if not now:
        return "exit"
    return "small_base" if before < min_base else "ok"


def test_growth_against_plain_python(
    trades: dict[int, pe.Trade], worlds: dict[tuple[int, str], list[Row]]
) -> None:
    seen: set[str] = set()
    for seed, by, name, during, against in cases():
        window = parse_window(during)
        rows = [r for r in worlds[seed, "export"] if CHOSEN[name].keeps(r)]
        want = pairs(rows, by, window, base_window(window, against))
        result = pe.growth(
            trades[seed], by=by, during=during, against=against, min_base=300_000,
            **CHOSEN[name].words,
        )  # fmt: skip
        got = by_key(result, by)
        for key, (now, before) in want.items():
            row, where = got[key], (seed, by, name, during, key)
            status = change_status(now, before, 300_000)
            seen.add(status)
            has_pct = status in ("ok", "small_base", "exit")
            assert row["status"] == status, where
            assert row["change"] == now - before, where
            assert row["small_base"] == (0 < before < 300_000), where
            assert same(row["pct"], now / before - 1 if has_pct else None), where
            assert same(row["ratio"], now / before if has_pct else None), where
            dhs = None if status == "none" else 2 * (now - before) / (now + before)
            assert same(row["dhs"], dhs), where
            log = math.log(now / before) if status in ("ok", "small_base") else None
            assert same(row["log"], log), where
            assert (row["rank"] is not None) == has_pct, where
            if has_pct:  # whole units: the rounding of the source is tiny, and brackets pct
                assert row["pct_lo"] <= row["pct"], where
                assert row["pct_hi"] is None or row["pct"] <= row["pct_hi"], where
    assert seen == {"ok", "small_base", "new", "exit", "none"}


DEPENDENCE_BYS = [
    ["province"], ["region"], [], ["month"], ["province", "month"], ["province", "sector"],
    ["sector"], ["province", "product:HS2", "quarter"],
]  # fmt: skip


def test_dependence_against_plain_python(
    trades: dict[int, pe.Trade], worlds: dict[tuple[int, str], list[Row]]
) -> None:
    rng = random.Random(3)
    for by in DEPENDENCE_BYS:
        for words, members in (("US", ("USA",)), ("ASEAN", ("VNM", "THA")), ("not US", None)):
            seed = rng.choice((1, 2))
            during, against = rng.choice(WINDOWS)
            rows = worlds[seed, "export"]
            window = parse_window(during)
            base = base_window(window, against)
            to = [
                r for r in rows if (r["partner"] in members if members else r["partner"] != "USA")
            ]
            no98 = [r for r in rows if r["product"][:2] != "98"]
            odd = [r for r in rows if r["product"][:2] in ("98", "99")]
            part, whole = pairs(to, by, window, base), pairs(rows, by, window, base)
            part98 = pairs([r for r in to if r["product"][:2] != "98"], by, window, base)
            whole98, unclassified = pairs(no98, by, window, base), pairs(odd, by, window, base)
            result = pe.dependence(
                trades[seed], partner=words, by=by, during=during, against=against
            )
            got = by_key(result, by)
            assert set(got) == set(whole)
            zero = (0, 0)
            for key, row in got.items():
                where = (by, words, during, key)
                kept = [i for i, b in enumerate(by) if b not in ("province", "region")]
                peers = [k for k in whole if all(k[i] == key[i] for i in kept)]
                n_part = sum(part.get(k, zero)[0] for k in peers)
                n_whole = sum(whole[k][0] for k in peers)
                (v1, v0), (t1, t0) = part.get(key, zero), whole[key]
                share = v1 / t1 if t1 else None
                base_share = v0 / t0 if t0 else None
                nation = n_part / n_whole if n_whole else None
                lq = share / nation if share is not None and nation else None
                above = sum(part.get(k, zero)[0] for k in peers if part.get(k, zero)[0] > v1)
                ex98 = whole98.get(key, zero)[0]
                want = {
                    "value": v1, "total": t1, "base_value": v0, "base_total": t0,
                    "share": share, "base_share": base_share, "nation_share": nation, "lq": lq,
                    "delta_share_pp": None if share is None or base_share is None
                    else 100 * (share - base_share),
                    "share_ex98": part98.get(key, zero)[0] / ex98 if ex98 else None,
                    "share_unclassified": unclassified.get(key, zero)[0] / t1 if t1 else None,
                    "national_share": v1 / n_part if n_part else None,
                    "rsca": None if lq is None else (lq - 1) / (lq + 1),
                    "status": "ok" if t1 else "none",
                }  # fmt: skip
                for name, figure in want.items():
                    if isinstance(figure, str):
                        assert row[name] == figure, (where, name)
                    else:
                        assert same(row[name], figure), (where, name, row[name], figure)
                if n_part and v1:  # ties share in any order: only the bounds are certain
                    assert (above + v1) / n_part <= row["cum_national_share"] + 1e-12, where
                    assert row["cum_national_share"] <= 1 + 1e-12, where


def test_one_province_is_measured_against_the_whole_nation(
    trades: dict[int, pe.Trade], worlds: dict[tuple[int, str], list[Row]]
) -> None:
    every = by_key(pe.dependence(trades[1], during="2024"), ["province"])
    one = by_key(pe.dependence(trades[1], province="Guangdong", during="2024"), ["province"])
    assert list(one) == [("44",)]
    assert one["44",] == every["44",]


@pytest.mark.parametrize("by", [[], ["month"], ["region"], ["sector"]])
def test_a_selection_without_provinces_as_rows_does_not_pass_for_the_nation(
    trades: dict[int, pe.Trade], by: list[str]
) -> None:
    result = pe.dependence(trades[1], province="Guangdong", by=by, during="2024")
    assert result.frame["share"].null_count() < result.frame.height
    for name in ("lq", "rsca", "national_share", "cum_national_share", "nation_share"):
        assert result.frame[name].null_count() == result.frame.height, name
    assert any(c.code == "columns" and "all provinces" in c.text for c in result.caveats)
