"""A random world of two reporters, counted again in plain Python and pandas."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import provexpo as pe
from provexpo.ingest import FileRows
from provexpo.store.loading import load_rows
from provexpo.store.side import SIDE_SCHEMAS, SideRows

Row = dict[str, Any]
HUBS = {"VNM": 1, "THA": 1, "KHM": 1, "MEX": 2}
OTHERS = ("DEU", "JPN", "X701")
YEARS, MONTHS = range(2021, 2026), range(7, 12)
# Pair -> year of the window; its base is the year before.
PAIRS = {0: 2025, 1: 2023, 2: 2022}
QUARTER, MIN_VALUE, TAXED_FROM = (7, 8, 9), 2_500_000, 850_000
UNTAXED = [940_310 + 10 * i for i in range(40)]
TAXED = [850_110 + 10 * i for i in range(40)]
# Smartphones and other phones: one code until 2021, two since; telephone sets before.
OLD, NEW = 851_712, (851_713, 851_714)
SPECIAL = 980_400


def codes(year: int) -> list[int]:
    return [*UNTAXED, *TAXED, *((OLD,) if year == 2021 else NEW), SPECIAL]


def members(code: int, year: int) -> list[int]:
    """What counts as one product in a window of this year and its base of the year before."""
    return [OLD, *NEW] if code in (OLD, *NEW) and year == 2022 else [code]


def grown(rng: random.Random, size: float, year: int) -> float:
    return size * 1.06 ** (year - 2021) * rng.lognormvariate(0, 0.25)


def plan(rng: random.Random) -> dict[tuple[str, str, int], float]:
    """The size of every route and product; some are never traded."""
    routes = [("CHN", p) for p in (*HUBS, *OTHERS, "USA")]
    routes += [(p, "USA") for p in (*HUBS, *OTHERS, "CHN")]
    routes += [(e, p) for e in ("VNM", "DEU", "JPN") for p in ("GBR", "FRA")]
    every = {*codes(2021), *codes(2025)}
    return {
        (a, b, k): rng.lognormvariate(14.2, 0.9) * sold_more(a, b, k)
        for a, b in routes
        for k in sorted(every)
        if rng.random() < 0.93
    }


def sold_more(a: str, b: str, k: int) -> float:
    """The origin sells the market more than others do, but of every other product with detours."""
    return 4 if (a, b) == ("CHN", "USA") and not (detour(k) and k % 80 == 30) else 1


def detour(k: int) -> bool:
    return TAXED_FROM <= k < 900_000 and k % 40 == 30


def world(seed: int) -> dict[str, list[Row]]:
    rng = random.Random(seed)
    rows: dict[str, list[Row]] = {r: [] for r in ("CHN", "USA", "VNM", "DEU", "JPN")}
    for (a, b, k), size in plan(rng).items():
        for year in YEARS:
            if k not in codes(year):
                continue
            for month in MONTHS:
                value = grown(rng, size, year)
                taxed = year == 2025 and 850_000 <= k < 900_000
                if taxed and (a, b) == ("CHN", "USA"):
                    value *= 0.4
                through = {"VNM", "THA"} if k % 80 == 30 else {"VNM"}
                if taxed and detour(k) and through & {a, b} and b not in ("GBR", "FRA"):
                    value *= 2.2
                if rng.random() < 0.04:
                    continue
                partner = b if b != "USA" or a == "CHN" else a
                row: Row = {
                    "period": year * 100 + month, "partner": partner, "value": int(value)
                }  # fmt: skip
                price = rng.uniform(8, 12)
                row |= {"quantity": int(value / price), "unit": "千克" if a == "CHN" else "kg"}
                if b == "USA" and a != "CHN":
                    rows["USA"].append({**row, "product": f"{k}1000"})
                elif a == "CHN":
                    if b == "USA":  # the market's own record of the same route differs a little
                        rows["USA"].append({**row, "partner": "CHN", "product": f"{k}2000",
                                            "value": int(value * 1.1)})  # fmt: skip
                    province = "44" if rng.random() < 0.6 else "35"
                    rows["CHN"].append({**row, "province": province, "product": f"{k}90"})
                else:
                    rows[a].append({**row, "product": str(k)})
    for part in rows.values():
        rng.shuffle(part)
    return rows


def tariffs() -> list[Row]:
    shared = {"reporter": "USA", "to": None, "kind": "additional"}
    return [
        {**shared, "partner": "CHN", "product": "85", "from": date(2025, 2, 4), "rate": 0.2,
         "programme": "p"},
        {**shared, "partner": "CHN", "product": None, "from": date(2025, 8, 1), "rate": 0.03,
         "programme": "q"},
        {**shared, "partner": "KHM", "product": "8501", "from": date(2025, 1, 1), "rate": 0.19,
         "programme": "p"},
    ]  # fmt: skip


def wedge(hub: str, k: int) -> float:
    """Mean over the days of the months in which the market counts the hub's goods."""
    first, last = 7 + HUBS[hub], 9 + HUBS[hub]
    days = [d for m in range(first, last + 1) for d in month_days(2025, m)]
    general = sum(d >= date(2025, 8, 1) for d in days) / len(days) * 0.03
    own = 0.2 if 850_000 <= k < 860_000 else 0.0
    theirs = 0.19 if hub == "KHM" and str(k).startswith("8501") else 0.0
    return own + general - theirs


def month_days(year: int, month: int) -> Iterator[date]:
    for day in range(1, 32):
        try:
            yield date(year, month, day)
        except ValueError:
            return


@pytest.fixture(scope="module")
def planted(
    tmp_path_factory: pytest.TempPathFactory, two_reporters: Callable[..., list[FileRows]]
) -> tuple[pe.Trade, dict[str, list[Row]]]:
    rows = world(11)
    place = tmp_path_factory.mktemp("rerouting") / "desk"
    schema = {k: v for k, v in SIDE_SCHEMAS["tariffs"].items() if k in tariffs()[0]}
    frame = pl.DataFrame(tariffs(), schema=schema)
    load_rows(place, two_reporters(rows), side=[SideRows("tariffs", "t.csv", "t", frame, 1)])
    return pe.open(place), rows


def sums(rows: list[Row], what: str = "value") -> dict[tuple[str, int, int, int], int]:
    """partner, HS6, year, month -> amount."""
    frame = pd.DataFrame(rows)
    frame["hs6"] = frame["product"].str[:6].astype(int)
    frame = frame[frame["hs6"] < 980_000]
    keys = ["partner", "hs6", frame["period"] // 100, frame["period"] % 100]
    return {tuple(k): int(v) for k, v in frame.groupby(keys)[what].sum().items()}  # type: ignore[misc]


class Count:
    """Amounts of a reporter by partner, product, year and lag."""

    def __init__(self, rows: list[Row], what: str = "value") -> None:
        self.held = sums(rows, what)
        self.partners = sorted({r["partner"] for r in rows})
        self.products = {k for _, k, _, _ in self.held}

    def of(self, who: list[str] | str, ks: list[int], year: int, lag: int = 0) -> int:
        names = [who] if isinstance(who, str) else who
        return sum(
            self.held.get((p, k, year, m + lag), 0) for p in names for k in ks for m in QUARTER
        )


def cells(rows: dict[str, list[Row]]) -> list[Row]:
    """Every hub, product and pair with what it was, and what there was beside it."""
    china, usa = Count(rows["CHN"]), Count(rows["USA"])
    weight_a, weight_u = Count(rows["CHN"], "quantity"), Count(rows["USA"], "quantity")
    exporters = {r: Count(rows[r]) for r in ("VNM", "DEU", "JPN")}
    found = []
    for pair, year in PAIRS.items():
        for hub, lag in HUBS.items():
            for code in sorted(china.products | usa.products):
                k = members(code, year)
                if len(k) > 1 and code != NEW[0]:
                    continue  # counted with the first of the new codes
                cell: Row = {"pair": pair, "hub": hub, "k": code, "wedge": wedge(hub, code)}
                rest = [p for p in china.partners if p not in HUBS and p != "USA"]
                world = [p for p in usa.partners if p not in ("CHN", hub)]
                for end, y in (("t", year), ("b", year - 1)):
                    cell |= {
                        f"a_{end}": china.of(hub, k, y), f"c_{end}": china.of(rest, k, y),
                        f"u_{end}": usa.of(hub, k, y, lag), f"d_{end}": usa.of("CHN", k, y, lag),
                        f"w_{end}": usa.of(world, k, y, lag),
                        f"qa_{end}": weight_a.of(hub, k, y),
                        f"qu_{end}": weight_u.of(hub, k, y, lag),
                        f"v_{end}": exporters["VNM"].of(["GBR", "FRA"], k, y)
                        if hub == "VNM" else None,
                        f"vw_{end}": sum(
                            c.of(["GBR", "FRA"], k, y) for r, c in exporters.items() if r != hub
                        ),
                    }  # fmt: skip
                # A hub and product that neither reporter ever saw is no cell.
                if any(p == hub and f in k for c in (china, usa) for p, f, _, _ in c.held):
                    found.append(cell)
    return found


def reference(cell: Row, ref: str) -> float | None:
    return cell[f"{ref}_t"] / cell[f"{ref}_b"] if cell[f"{ref}_b"] else None


def expect(found: list[Row]) -> None:
    """Hub factors, expectations and logs."""
    floor = 0.2 * MIN_VALUE
    for leg, ref in (("a", "c"), ("u", "w"), ("v", "vw")):
        for pair in PAIRS:
            for hub in HUBS:
                part = [c for c in found if (c["pair"], c["hub"]) == (pair, hub)]
                ratios: dict[bool, list[float]] = {True: [], False: []}
                for c in part:
                    r = reference(c, ref)
                    if r and (c[f"{leg}_b"] or 0) >= MIN_VALUE and c[f"{leg}_t"] > 0:
                        ratios[c["wedge"] < 0.05].append(c[f"{leg}_t"] / c[f"{leg}_b"] / r)
                controls, every = ratios[True], ratios[True] + ratios[False]
                theta = median(controls) if len(controls) >= 30 else (
                    median(every) if len(every) >= 30 else 1.0)  # fmt: skip
                source = "controls" if len(controls) >= 30 else (
                    "all" if len(every) >= 30 else "none")  # fmt: skip
                for c in part:
                    r = reference(c, ref)
                    held = r is not None and c[f"{leg}_b"] is not None
                    c[f"hat_{leg}"] = c[f"{leg}_b"] * r * theta if held else None
                    c[f"x_{leg}"] = math.log(
                        (c[f"{leg}_t"] + floor) / (c[f"hat_{leg}"] + floor)
                    ) if held else None  # fmt: skip
                    c[f"theta_{leg}"], c[f"source_{leg}"] = theta, source


def large(c: Row) -> bool:
    return max(min(c["a_t"], c["u_t"]), min(c["a_b"], c["u_b"])) >= MIN_VALUE


def noise(found: list[Row]) -> None:
    for leg in "au":
        past = [c for c in found if c["pair"] and large(c) and c[f"x_{leg}"] is not None]
        edges = np.quantile([c[f"hat_{leg}"] for c in past], [i / 8 for i in range(1, 8)])
        spreads = []
        for low, high in zip([-1, *edges], [*edges, math.inf], strict=True):
            xs = [c[f"x_{leg}"] for c in past if low <= c[f"hat_{leg}"] < high]
            middle = median(xs)
            spreads.append(max(0.05, 1.4826 * median(abs(x - middle) for x in xs)))
        for c in found:
            hat = c[f"hat_{leg}"]
            c[f"sigma_{leg}"] = None if hat is None else spreads[sum(hat >= e for e in edges)]
            c[f"z_{leg}"] = None if hat is None else c[f"x_{leg}"] / c[f"sigma_{leg}"]
    for c in found:
        c["zmin"] = None if None in (c["z_a"], c["z_u"]) else min(c["z_a"], c["z_u"])


def judge(c: Row) -> None:
    ea, eu = (None if c[f"hat_{g}"] is None else c[f"{g}_t"] - c[f"hat_{g}"] for g in "au")
    loss = c["d_b"] - c["d_t"]
    c |= {"loss": loss, "ub": min(c["a_t"], c["u_t"])}
    if ea is None or eu is None:
        return
    c["g1"] = loss >= MIN_VALUE
    c["g2"] = c["a_t"] > c["a_b"] and c["u_t"] > c["u_b"] and ea > 0 and eu > 0
    c["g4"] = c["ub"] >= MIN_VALUE
    c["gates"] = c["g1"] and c["g2"] and c["g4"] and c["wedge"] >= 0.05
    cover = c["a_t"] / c["u_t"] if c["u_t"] else 0.0
    balanced = eu > 0 and ea / eu >= 0.4 and cover >= 0.25
    c["rv"] = min(ea, eu, loss) if c["gates"] and balanced else 0.0
    score(c, ea, eu)
    s6 = c.get("s6")
    firm = c["gates"] and c["zmin"] >= 2 and c["s1"] >= 0.4 and min(ea, eu) <= loss
    firm = firm and (s6 is None or s6 >= 0.3) and (c["s4"] is None or c["s4"] >= 0.5)
    c["confidence"] = "medium" if firm else "low" if c["gates"] else "none"
    if not c["g1"]:
        rises = c["d_t"] >= c["d_b"] and c["a_t"] > c["a_b"] and c["u_t"] > c["u_b"]
        c["type"] = "common_growth" if rises else "no_china_decline"
    elif ea > 0 and eu > 0:
        c["type"] = "rerouting_candidate" if balanced else "relocation_candidate"
    elif eu > 0 or ea > 0:
        c["type"] = "diversion_to_hub_supplier" if eu > 0 else "deflection_to_hub"
    else:
        down = c["a_t"] <= c["a_b"] and c["u_t"] <= c["u_b"]
        c["type"] = "contraction" if down else "no_excess"


def score(c: Row, ea: float, eu: float) -> None:
    if not c["gates"]:
        return
    c["s1"] = min(ea, eu) / max(ea, eu)
    c["s2"], c["s3"] = (min(max(c[f"z_{g}"] / 4, 0), 1) for g in "au")
    c["s4"] = None
    if c["x_v"] is not None and c["x_u"] > 0:
        c["s4"] = 1 - min(max(max(c["x_v"], 0) / c["x_u"], 0), 1)
    dqa, dqu = c["qa_t"] - c["qa_b"], c["qu_t"] - c["qu_b"]
    c["s6"] = 0.0
    if dqa > 0 and dqu > 0:
        iuvr = ((c["u_t"] - c["u_b"]) / dqu) / ((c["a_t"] - c["a_b"]) / dqa)
        c["s6"] = min(max(1 - abs(math.log(iuvr)) / math.log(4 / 3), 0), 1)
    held = [c[s] for s in ("s1", "s2", "s3", "s4", "s6") if c[s] is not None]
    c["trs"] = 100 * sum(held) / len(held)
    without = [100 * (sum(held) - s) / (len(held) - 1) for s in held]
    c["trs_lo"], c["trs_hi"] = min(without), max(without)


def capped(found: list[Row]) -> None:
    for k in {c["k"] for c in found}:
        part = [c for c in found if c["pair"] == 0 and c["k"] == k and c.get("rv")]
        total = math.fsum(c["rv"] for c in part)
        loss = min((c["loss"] for c in part), default=0)
        for c in part:
            c["cap"] = min(1.0, loss / total)
            c["rv"] *= c["cap"]


@pytest.fixture(scope="module")
def expected(planted: tuple[pe.Trade, dict[str, list[Row]]]) -> dict[tuple[str, str], Row]:
    found = cells(planted[1])
    expect(found)
    noise(found)
    for c in found:
        judge(c)
    capped(found)
    return {(c["hub"], str(c["k"])): c for c in found if c["pair"] == 0}


NAMES = {
    "value": "a_t", "base_value": "a_b", "from_hub": "u_t", "base_from_hub": "u_b",
    "from_origin": "d_t", "base_from_origin": "d_b", "loss": "loss", "ub": "ub",
    "expected_to_hub": "hat_a", "expected_from_hub": "hat_u", "theta_a": "theta_a",
    "theta_u": "theta_u", "sigma_a": "sigma_a", "sigma_u": "sigma_u", "zmin": "zmin",
    "wedge": "wedge", "trs": "trs", "trs_lo": "trs_lo", "trs_hi": "trs_hi", "rv": "rv",
    "type": "type", "confidence": "confidence", "g1": "g1", "g2": "g2", "g4": "g4",
}  # fmt: skip


def test_every_figure_against_the_oracle(
    planted: tuple[pe.Trade, dict[str, list[Row]]], expected: dict[tuple[str, str], Row]
) -> None:
    result = pe.rerouting(planted[0], during="2025Q3", hubs=list(HUBS))
    seen = set()
    for row in result.frame.to_dicts():
        want = expected[row["partner"], row["product"]]
        seen.add((row["partner"], row["product"]))
        for name, own in NAMES.items():
            have, wanted = row[name], want.get(own)
            if isinstance(wanted, float) and have is not None:
                assert math.isclose(have, wanted, rel_tol=1e-9, abs_tol=1e-9), (name, row)
            else:
                assert have == wanted, (name, have, wanted, row)
    traded = {k for k, c in expected.items() if any(c[n] for n in ("a_b", "a_t", "u_b", "u_t"))}
    assert seen == traded
    # The world holds something of each kind, so the comparison is of more than zeros.
    assert {"medium", "low", "none"} <= set(result.frame["confidence"])
    assert result.frame["type"].n_unique() >= 6 and (result.frame["cap"] < 1).any()
    assert {"controls", "all"} & set(result.frame["theta_source"])
    # The split of a code concerns the pair that it lies in, not the event.
    assert result.frame["concordance"].unique().to_list() == ["1:1"]
    phones = result.scored.filter(pl.col("family") == NEW[0]).group_by("pair").agg("concordance")
    kinds = {pair: set(held) for pair, held in phones.iter_rows()}
    assert kinds == {0: {"1:1"}, 1: {"1:1"}, 2: {"1:n"}}


def test_components_ranges_and_percentiles_against_the_oracle(
    planted: tuple[pe.Trade, dict[str, list[Row]]], expected: dict[tuple[str, str], Row]
) -> None:
    result = pe.rerouting(planted[0], during="2025Q3", hubs=list(HUBS))
    past = [c for c in planted_cells(planted) if c["pair"] and large(c) and c["zmin"] is not None]
    scored, elsewhere = 0, 0
    for row in result.frame.to_dicts():
        want = expected[row["partner"], row["product"]]
        own = [c["zmin"] for c in past if c["hub"] == row["partner"]]
        if want["zmin"] is None or len(own) < 20:
            assert row["placebo_pct"] is None
        else:
            assert row["placebo_pct"] == sum(z <= row["zmin"] for z in own) / len(own)
        if not want.get("gates"):
            assert row["trs"] is None and row["rv_hi"] is None
            continue
        scored += 1
        for s in ("s1", "s2", "s3", "s4", "s6"):
            assert row[s] == pytest.approx(want[s], abs=1e-9), (s, row)
        far = [
            want[f"{g}_t"] - want[f"hat_{g}"] * math.exp(-1.64 * want[f"sigma_{g}"]) for g in "au"
        ]
        assert row["rv_hi"] == pytest.approx(min(want["ub"], *far))
        elsewhere += want["s4"] is not None
        if want["s4"] is None:
            assert row["rv_strict"] is None
        else:
            firm = want["a_t"] >= 0.75 * want["u_t"] and want["s4"] >= 0.5
            assert row["rv_strict"] == pytest.approx(want["rv"] if firm else 0)
    assert scored > 8 and elsewhere > 3


def planted_cells(planted: tuple[pe.Trade, dict[str, list[Row]]]) -> list[Row]:
    found = cells(planted[1])
    expect(found)
    noise(found)
    return found


def test_other_placebo_windows(planted: tuple[pe.Trade, dict[str, list[Row]]]) -> None:
    options: Row = {"during": "2025Q3", "hubs": list(HUBS)}
    two = pe.rerouting(planted[0], **options)
    same = pe.rerouting(planted[0], placebo=["2023Q3", ("2022Q3", "2021Q3")], **options)
    assert same.frame.equals(two.frame) and two.scored["pair"].n_unique() == 3
    one = pe.rerouting(planted[0], placebo="2023Q3 vs 2022Q3", **options)
    assert one.scored["pair"].n_unique() == 2
    assert not one.frame["sigma_a"].equals(two.frame["sigma_a"])
    # What was expected does not depend on the placebo windows, only how far off is unusual.
    keys = ["partner", "product"]
    for name in ("expected_to_hub", "ub", "theta_a"):
        assert one.frame.sort(keys)[name].equals(two.frame.sort(keys)[name])
    assert "2023-07/2023-09 against 2022-07/2022-09" in " ".join(c.text for c in one.caveats)
    assert pe.replay(same.receipt).frame.equals(same.frame)
    none = pe.rerouting(planted[0], placebo="2019Q3", **options)
    assert none.frame["zmin"].null_count() == none.frame.height
    assert set(none.frame["confidence"]) == {"low", "none"}


def test_headline_counts_against_the_oracle(
    planted: tuple[pe.Trade, dict[str, list[Row]]], expected: dict[tuple[str, str], Row]
) -> None:
    result = pe.rerouting(planted[0], during="2025Q3", hubs=list(HUBS))
    row = result.headline.to_dicts()[0]
    judged = [c for c in expected.values() if c["zmin"] is not None and c["g4"]]
    assert row["n_treated"] == sum(c["wedge"] >= 0.05 for c in judged)
    assert row["n_control"] == sum(c["wedge"] < 0.05 for c in judged)
    assert row["flagged_treated"] == sum(c["confidence"] == "medium" for c in judged)
    assert row["excess"] == pytest.approx(
        row["share_treated"] - row["share_control"]
        - (row["share_placebo_treated"] - row["share_placebo_control"])
    )  # fmt: skip
    assert (row["ci_lo"] is None) == (row["n_clusters"] < 30)


def test_row_order_and_threads_change_nothing(
    planted: tuple[pe.Trade, dict[str, list[Row]]],
    two_reporters: Callable[..., list[FileRows]],
    tmp_path: Path,
) -> None:
    rows = {r: sorted(part, key=lambda x: -x["value"]) for r, part in planted[1].items()}
    schema = {k: v for k, v in SIDE_SCHEMAS["tariffs"].items() if k in tariffs()[0]}
    side = [SideRows("tariffs", "t.csv", "t", pl.DataFrame(tariffs(), schema=schema), 1)]
    load_rows(tmp_path / "other", two_reporters(rows), side=side)
    one = pe.rerouting(planted[0], during="2025Q3", hubs=list(HUBS))
    other = pe.rerouting(pe.open(tmp_path / "other"), during="2025Q3", hubs=["MEX", *HUBS])
    shown = [c for c in one.frame.columns if c != "rank"]
    keys = ["partner", "product"]
    assert one.frame.select(shown).sort(keys).equals(other.frame.select(shown).sort(keys))


def test_identities(planted: tuple[pe.Trade, dict[str, list[Row]]]) -> None:
    result = pe.rerouting(planted[0], during="2025Q3", hubs=list(HUBS))
    held = result.frame.filter(pl.col("rv") > 0)
    assert held.height > 3
    total = held.group_by("product").agg(pl.col("rv").sum(), pl.col("loss").min())
    assert (total["rv"] <= total["loss"] * (1 + 1e-12)).all()
    assert (held["rv"] <= held["ub"]).all() and (held["rv"] <= held["rv_hi"]).all()
    strict = held.drop_nulls("rv_strict")
    assert strict.height and (strict["rv_strict"] <= strict["rv"]).all()
    assert (result.frame["ub"] <= result.frame["from_hub"]).all()
    replayed = pe.replay(result.receipt)
    assert replayed.frame.equals(result.frame)


def test_scale_changes_amounts_alone(
    planted: tuple[pe.Trade, dict[str, list[Row]]],
    two_reporters: Callable[..., list[FileRows]],
    tmp_path: Path,
) -> None:
    rows = {
        r: [{**x, "value": x["value"] * 8, "quantity": x["quantity"] * 8} for x in part]
        for r, part in planted[1].items()
    }
    schema = {k: v for k, v in SIDE_SCHEMAS["tariffs"].items() if k in tariffs()[0]}
    side = [SideRows("tariffs", "t.csv", "t", pl.DataFrame(tariffs(), schema=schema), 1)]
    load_rows(tmp_path / "large", two_reporters(rows), side=side)
    options: Row = {"during": "2025Q3", "hubs": list(HUBS)}
    one = pe.rerouting(planted[0], **options)
    large = pe.rerouting(pe.open(tmp_path / "large"), min_value=8 * MIN_VALUE, **options)
    assert large.frame["trs"].equals(one.frame["trs"])
    assert large.frame["rv"].equals(one.frame["rv"] * 8)
    assert large.frame["confidence"].equals(one.frame["confidence"])
