"""Deflection: the example of methods 4.6, each condition alone, an oracle, what is missing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import provexpo as pe
from provexpo.errors import CallError, CoverageError
from provexpo.periods import shift

M = 1_000_000
Desk = Callable[..., pe.Trade]
Make = Callable[..., Any]
NOW, BASE, FIRST = 202507, 202407, 202207  # the 36 months before begin in July 2022
PRODUCT = "851713"


def cell(
    partner: str, period: int, value: float, quantity: float | None = None,
    unit: str | None = "kg", product: str = PRODUCT,
) -> dict[str, Any]:  # fmt: skip
    return {
        "partner": partner, "product": product, "period": period, "value": round(value * M),
        "quantity": None if quantity is None else round(quantity * 1000), "unit": unit,
    }  # fmt: skip


def past(partner: str, at_base: float, mean: float, sd: float, start: int = FIRST) -> list[Any]:
    """36 months whose 24 growths over a year have this mean and deviation (n - 1)."""
    step = sd * math.sqrt(23 / 24)
    values: dict[int, float] = {}
    for i in range(12):
        first, second = mean + step * (-1) ** i, mean + step * (-1) ** (i + 1)
        top = at_base
        for period, value in (
            (shift(FIRST, i), top / (1 + first) / (1 + second)),
            (shift(FIRST, i + 12), top / (1 + second)),
            (shift(FIRST, i + 24), top),
        ):
            values[period] = value
    return [cell(partner, p, v, 100 if p == BASE else 50) for p, v in values.items() if p >= start]


def example(
    value: float = 58.5, quantity: float = 130, us: tuple[float, float] = (20, 16),
    start: int = FIRST, sd: float = 0.05,
) -> list[Any]:  # fmt: skip
    return [
        *past("VNM", 50, 0.05, sd, start), cell("VNM", NOW, value, quantity),
        *(cell("USA", shift(start, i), us[0], 1) for i in range(36) if shift(start, i) < NOW),
        cell("USA", NOW, us[1], 1),
    ]  # fmt: skip


def ask(trade: pe.Trade, **words: Any) -> pe.Result:
    return pe.deflection(trade, **{"during": "2025-07", **words})


def test_the_worked_example(desk: Desk, planted_part: Make, row: Make, near: Make) -> None:
    imports = [{"product": PRODUCT, "period": NOW, "value": 5_000 * M}]
    trade = desk([
        planted_part(example()),
        planted_part(imports, reporter="VNM", flow="import", name="vnm"),
    ])  # fmt: skip
    found = row(ask(trade))
    assert near(found["volume_pct"], 0.30, 6)
    assert near(found["uv_pct"], -0.10, 6)
    assert near(found["g_before"], 0.05, 6)
    assert near(found["excess_z"], 2.4, 6)
    assert near(found["excess"] / M, 6.0, 6)
    assert found["us_loss"] == 4 * M
    assert near(found["deflected_usd"] / M, 4.0, 6)
    assert near(found["market_share"], 58.5 / 5000, 9)
    assert (found["hit"], found["rank"], found["n_before"]) == (True, 1, 24)
    assert found["partner"] == "VNM"  # the partner that fell has no row


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"quantity": 109}, {}),  # volume up by less than a tenth; the unit value would rise
        ({"quantity": 109, "value": 54}, {}),
        ({"quantity": 117}, {}),  # unit value as before
        ({"us": (16, 16)}, {}),
        ({"us": (16, 20)}, {}),
        ({"value": 57.4}, {}),  # growth of .148: less than two deviations above the mean
        ({}, {"min_z": 2.5}),
        ({}, {"min_volume": 0.31}),
        ({}, {"min_value": 12 * 59 * M}),
    ],
)
def test_one_condition_that_fails(
    desk: Desk, planted_part: Make, row: Make, changed: dict[str, Any], words: dict[str, Any]
) -> None:
    assert row(ask(desk([planted_part(example(**changed))]), **words))["hit"] is False


def test_either_size_suffices(desk: Desk, planted_part: Make, row: Make, said: Make) -> None:
    """Half a per cent of the market, or the amount; where imports are not held, the amount."""
    small = 12 * 59 * M

    def one(total: float | None, **words: Any) -> pe.Result:
        parts = [planted_part(example())]
        if total:
            imports = [{"product": PRODUCT, "period": NOW, "value": round(total * M)}]
            parts.append(planted_part(imports, reporter="VNM", flow="import", name="vnm"))
        return ask(desk(parts), **words)

    assert row(one(58.5 / 0.005, min_value=small))["hit"] is True
    assert row(one(58.5 / 0.0049, min_value=small))["hit"] is False
    assert row(one(58.5 / 0.0049))["hit"] is True
    alone = one(None, min_value=small)
    assert (row(alone)["hit"], row(alone)["market_share"]) == (False, None)
    assert "none" in said(alone, "markets")
    assert "VNM" in said(one(9000.0), "markets")


def test_fewer_than_36_months_before(
    desk: Desk, planted_part: Make, row: Make, said: Make, near: Make
) -> None:
    """The condition on deviations is left out, and it is said; a mean may still be known."""
    wide = example(start=202301, sd=0.5, value=52.5, quantity=130)
    result = ask(desk([planted_part(wide)]))
    found = row(result)
    assert (found["excess_z"], found["hit"], found["n_before"]) == (None, True, 18)
    assert "30" in said(result, "history")
    # No growth at all is known with less than a year and a month: nothing is put in its place.
    short = row(ask(desk([planted_part(example(start=BASE))])))
    assert (short["g_before"], short["excess"], short["deflected_usd"]) == (None, None, None)
    assert (short["hit"], short["n_before"]) == (True, 0)


def test_quantities_that_cannot_be_compared(
    desk: Desk, planted_part: Make, row: Make, said: Make
) -> None:
    others = {
        "another unit": cell("VNM", NOW, 58.5, 130, "number"),
        "no unit": cell("VNM", NOW, 58.5, 130, None),
        "no quantity": cell("VNM", NOW, 58.5, None),
        "zero": cell("VNM", NOW, 58.5, 0),
    }
    for name, changed in others.items():
        rows = [r for r in example() if (r["partner"], r["period"]) != ("VNM", NOW)]
        result = ask(desk([planted_part([*rows, changed])]))
        found = row(result)
        assert (found["volume_pct"], found["uv_pct"], found["hit"]) == (None, None, None), name
        assert found["status"] == "ok" and found["deflected_usd"] is not None
        assert said(result, "quantity_missing")


def test_new_pairs_and_uncovered_months(desk: Desk, planted_part: Make, row: Make) -> None:
    rows = [*example(), cell("THA", NOW, 9, 9), cell("DEU", BASE, 5, 5)]
    result = ask(desk([planted_part(rows)]))
    new, gone = row(result, partner="THA"), row(result, partner="DEU")
    assert (new["status"], new["pct"], new["hit"], new["rank"]) == ("new", None, None, None)
    assert (gone["status"], gone["pct"], gone["hit"]) == ("exit", -1.0, False)
    spans = [(shift(FIRST, i), 1) for i in range(36) if shift(FIRST, i) != BASE] + [(NOW, 1)]
    held = [r for r in rows if r["period"] != BASE]
    lacking = ask(desk([planted_part(held, spans=spans)]))
    for found in lacking.frame.to_dicts():
        assert (found["status"], found["reason"]) == ("missing", "base_uncovered")
        assert found["hit"] is None and found["deflected_usd"] is None


def test_a_product_never_sold_to_the_partner_lost_nothing(
    desk: Desk, planted_part: Make, row: Make
) -> None:
    rows = [r for r in example() if r["partner"] != "USA"]
    found = row(ask(desk([planted_part(rows)])))
    assert (found["us_loss"], found["deflected_usd"], found["hit"]) == (0, 0.0, False)


def test_chapters_98_and_99_have_no_rows(desk: Desk, planted_part: Make) -> None:
    rows = [*example(), *(cell("VNM", p, 9, 9, product="980400") for p in (BASE, NOW))]
    assert set(ask(desk([planted_part(rows)])).frame["product"]) == {PRODUCT}


def test_codes_that_were_renamed_before(desk: Desk, planted_part: Make, row: Make) -> None:
    """In 2023 the months before lie on both sides of the revision of 2022: 8517.12 became .13."""
    rows = [{**r, "period": r["period"] - 200} for r in example()]
    for r in rows:
        if r["period"] < 202201:
            r["product"] = "851712"
    result = pe.deflection(desk([planted_part(rows)]), during="2023-07")
    found = row(result)
    assert (found["g_before"], found["excess_z"], found["excess"]) == (None, None, None)
    assert "families" in {c.code for c in result.caveats}


def world(seed: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    rows = []
    for partner in ("USA", "VNM", "DEU", "MEX"):
        for product in ("851713", "640399", "940161", "610910"):
            level = math.exp(rng.gauss(1, 1.2))
            for i in range(40):
                period = shift(FIRST, i)
                if rng.random() < 0.04:
                    continue
                drop = 0.6 if partner == "USA" and period >= NOW else 1.3 if period >= NOW else 1
                value = level * drop * rng.uniform(0.8, 1.25)
                rows.append(
                    cell(partner, period, value, value * rng.uniform(5, 9), product=product)
                )
    return rows


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("seed", [1, 2])
def test_an_independent_computation(desk: Desk, planted_part: Make, seed: int, n: int) -> None:
    rows = world(seed)
    spans = [(shift(FIRST, i), 1) for i in range(40)]
    table = pd.DataFrame(rows)
    months = [p for p, _ in spans]
    x = table.pivot_table(index=["partner", "product"], columns="period", values="value",
                          aggfunc="sum").reindex(columns=months).fillna(0)  # fmt: skip
    q = table.pivot_table(index=["partner", "product"], columns="period", values="quantity",
                          aggfunc="sum").reindex(columns=months).fillna(0)  # fmt: skip
    now = [shift(NOW, i) for i in range(n)]
    base = [shift(p, -12) for p in now]
    during = "2025-07" if n == 1 else "2025-07/2025-09"
    result = pe.deflection(desk([planted_part(rows, spans=spans)]), during=during)
    got = {(r["partner"], r["product"]): r for r in result.frame.to_dicts()}
    hits = 0
    for key, series in x.iterrows():
        if key[0] == "USA":
            assert key not in got
            continue
        v, b = series[now].sum(), series[base].sum()
        if not v and not b:
            continue
        growths = []
        for i in range(12, 36 - n + 1):
            late, early = (series.iloc[j : j + n].sum() for j in (i, i - 12))
            if early > 0:
                growths.append(late / early - 1)
        mean, sd = pd.Series(growths).mean(), pd.Series(growths).std()
        loss = max(x.loc[("USA", key[1]), base].sum() - x.loc[("USA", key[1]), now].sum(), 0)
        row = got[key]
        assert row["us_loss"] == loss
        assert row["n_before"] == len(growths)
        assert row["g_before"] == pytest.approx(mean)
        if not (v and b):
            continue
        volume = q.loc[key, now].sum() / q.loc[key, base].sum() - 1
        unit = (v / q.loc[key, now].sum()) / (b / q.loc[key, base].sum()) - 1
        z, excess = (v / b - 1 - mean) / sd, v - b * (1 + mean)
        assert row["volume_pct"] == pytest.approx(volume)
        assert row["uv_pct"] == pytest.approx(unit)
        assert row["excess_z"] == pytest.approx(z)
        assert row["deflected_usd"] == pytest.approx(max(min(excess, loss), 0))
        hit = volume >= 0.1 and unit < 0 and v >= 10 * M * n / 12 and loss > 0 and z >= 2
        assert row["hit"] == hit
        hits += hit
    assert result.frame["hit"].sum() == hits
    ranked = result.frame.filter(result.frame["rank"].is_not_null())
    assert ranked["rank"].to_list() == sorted(ranked["rank"].to_list())
    assert ranked["hit"].to_list() == sorted(ranked["hit"].to_list(), reverse=True)


def test_refused_calls(desk: Desk, planted_part: Make) -> None:
    trade = desk([planted_part(example())])
    for words, text in (
        ({"partner": None}, "needs a partner"), ({"partner": "not US"}, "not X"),
        ({"min_z": -1}, "min_z"), ({"min_volume": "many"}, "min_volume"),
        ({"event": "soon"}, "no day"), ({"event": "2025-09"}, "after the window began"),
        ({"markets": "not US"}, "markets="),
    ):  # fmt: skip
        with pytest.raises(CallError, match=text):
            ask(trade, **words)
    nation = desk([planted_part([{"period": p, "value": 1} for p in (BASE, NOW)])])
    with pytest.raises(CoverageError, match="partner"):
        ask(nation)


def test_an_event_before_the_window(desk: Desk, planted_part: Make, row: Make) -> None:
    """The 36 months are those before the event; here only 33 of them are covered."""
    found = row(ask(desk([planted_part(example())]), event="2025-04-10"))
    assert (found["n_before"], found["excess_z"]) == (21, None)


def test_replay_and_words(desk: Desk, planted_part: Make) -> None:
    result = ask(desk([planted_part(example())]), markets="VNM", min_z=1.5)
    assert pe.replay(result.receipt).frame.equals(result.frame)
    assert result.receipt.call["min_z"] == 1.5
    for lang, word in (("en", "quantity"), ("zh", "数量")):
        assert word in str(pe.say(result, lang=lang))
    assert {"base_rate", "reading", "unit_values", "history"} <= {c.code for c in result.caveats}


def test_january_and_february_in_one(desk: Desk, planted_part: Make, row: Make) -> None:
    """A month that is only known together with another has no growth; the sums stand."""
    rows, joined = [], {}
    for r in example():
        if r["period"] % 100 > 2:
            rows.append(r)
            continue
        key = (r["partner"], r["period"] // 100 * 100 + 2)
        held = joined.setdefault(key, {**r, "period": key[1], "months": 2, "value": 0})
        held["value"] += r["value"]
    found = row(ask(desk([planted_part([*rows, *joined.values()])])))
    assert (found["n_before"], found["hit"]) == (20, True)
    assert found["g_before"] == pytest.approx(0.05)
