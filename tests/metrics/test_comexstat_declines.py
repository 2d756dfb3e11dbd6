"""Falls of Brazil's real panel of one state, and what made up for them, against pandas.

Fixtures `parana` (the store), `parana_rows` and `parana_cells` (the same rows for pandas) are in
conftest.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median
from typing import Any

import provexpo as pe

Same = Callable[..., None]
Seeds = Callable[[str], list[dict[str, str]]]
Want = dict[str, dict[str, Any]]
US = 249  # the ministry's code
SMALL_TOTAL, SMALL_PRODUCT = 100_000_000, 10_000_000  # dollars a year (methods 0.5)


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


def offset_of(rows: Any) -> tuple[float | None, int, int]:
    """The offset ratio of these cells, with the changes to the US and to all others."""
    us, rest = rows[rows.country == "USA"], rows[rows.country != "USA"]
    d_us, d_row = int((us.x - us.b).sum()), int((rest.x - rest.b).sum())
    return (d_row / -d_us if d_us < 0 else None), d_us, d_row


def cushioned(rows: Any) -> float | None:
    """Within sectors whose sales to the US fell: what was made up for in the same sector."""
    made = lost = 0
    for _, sector in rows.groupby("sector"):
        _, d_us, d_row = offset_of(sector)
        if d_us < 0:
            made, lost = made + min(max(d_row, 0), -d_us), lost - d_us
    return over(made, lost)


def left_out(rows: Any, ratio: float) -> dict[str, Any]:
    """The ratio without each heading in turn, by taking its cells out."""
    without = {h: offset_of(rows[rows.sh4 != h])[0] for h in sorted(rows.sh4.unique())}
    found = {h: v for h, v in without.items() if v is not None}
    moves = {h: abs(v - ratio) for h, v in found.items()}
    row: dict[str, Any] = {"n_left_out": len(found), "n_undefined": len(without) - len(found)}
    if not found:
        return row | dict.fromkeys(("or_min", "or_max", "or_sign_stable", "driver"))
    most, every = max(moves.values()), sum(moves.values())
    stable = all((v > 0) - (v < 0) == (ratio > 0) - (ratio < 0) for v in found.values())
    return row | {
        "or_min": min(found.values()), "or_max": max(found.values()), "or_sign_stable": stable,
        "driver": next(h for h, v in moves.items() if v == most) if most > 0 else None,
        "driver_share": over(most, every),
    }  # fmt: skip


def test_all_of_offset(
    parana: pe.Trade, parana_cells: Any, everyone: list[str], same: Same, seed_rows: Seeds
) -> None:
    hubs = {r["partner"] for r in seed_rows("hubs")}
    others = parana_cells[parana_cells.country != "USA"].groupby("sh4")[["x", "b"]].sum()
    growth = (others.x / others.b.where(others.b > 0)).fillna(0)
    undefined = ("offset_ratio", "cushion", "realloc", "or_min", "or_max", "driver")
    want: Want = {}
    for place in everyone:
        rows = parana_cells[parana_cells.place == place]
        us, us_base = pair(rows[rows.country == "USA"])
        ratio, d_us, d_row = offset_of(rows)
        state = "no_us_decline"
        row: dict[str, Any] = dict.fromkeys((*undefined, "offset_excess", "offset_ex_hubs"))
        c = cushioned(rows)
        if ratio is not None:
            small = -d_us < 1_000_000 or -d_us < 0.005 * rows.b.sum()
            state = "small_decline" if small else "ok"
            rest = rows[rows.country != "USA"]
            hub = rest[rest.country.isin(hubs)]
            excess = rest.x.sum() - float((rest.b * rest.sh4.map(growth)).sum())
            row |= {
                "offset_ratio": ratio, "offset_ex98": ratio, "offset_excess": excess / -d_us,
                "offset_ex_hubs": (d_row - int((hub.x - hub.b).sum())) / -d_us,
                "cushion": float(min(max(ratio, 0), 1)), "realloc": min(ratio, 1) - c,
                **left_out(rows, ratio),
            }  # fmt: skip
        want[place] = row | {
            "value": us, "base_value": us_base, "d_us": d_us, "d_row": d_row, "c_index": c,
            "offset_status": state, "status": change_status(us, us_base, SMALL_TOTAL),
        }  # fmt: skip
    ranks(want, "offset_ratio", lambda r: r["offset_status"] == "ok", least=False)
    frame = pe.offset(parana, reporter="BRA", during="2025", province=everyone).frame
    same(frame, want, "province")
    assert {r["offset_status"] for r in want.values()} == {"ok", "small_decline", "no_us_decline"}


# Declines by municipality and sector


def history(parana_rows: Any, sector_of: dict[str, str]) -> dict[tuple[str, str], list[int]]:
    """Exports to the US in each month from January 2020 on, by place and sector."""
    us = parana_rows[parana_rows.partner == US]
    month = (us.year - 2020) * 12 + us.month - 1
    sums = us["value"].groupby([us.place, us.sh4.str[:2].map(sector_of), month]).sum()
    found: dict[tuple[str, str], list[int]] = {}
    for (place, sector, at), value in sums.items():
        found.setdefault((place, sector), [0] * 72)[at] = int(value)
    return found


def placebo(months: list[int], pct: float | None) -> tuple[float | None, int]:
    """z of the change against those of all years of months that end before 2025."""
    past = []
    for start in range(12, 72 - 12 - 12 + 1):
        now, before = sum(months[start : start + 12]), sum(months[start - 12 : start])
        if before:
            past.append(now / before - 1)
    if pct is None or len(past) < 24:
        return None, len(past)
    middle = median(past)
    spread = 1.4826 * median(abs(v - middle) for v in past)
    return ((pct - middle) / spread if spread > 1e-12 else None), len(past)


def falling(months: list[int]) -> int:
    """Months in a row up to December 2025 below those a year earlier, January with February."""
    streak, at = 0, 71
    while at >= 12:
        size = 2 if at % 12 == 1 else 1
        first = at - size + 1
        if sum(months[first : at + 1]) >= sum(months[first - 12 : at - 11]):
            break
        streak, at = streak + size, at - size
    return streak


def severity(pct: float | None) -> str | None:
    if pct is None or pct > -0.05:
        return None
    return "mild" if pct >= -0.15 else "moderate" if pct >= -0.30 else "severe"


def q_values(z: dict[Any, float | None]) -> dict[Any, float | None]:
    """Benjamini and Hochberg, from the definition: the least m p(j) / j over j >= rank."""
    p = {k: math.erfc(abs(v) / math.sqrt(2)) for k, v in z.items() if v is not None}
    order = sorted(p.values())
    steps = [len(order) * v / (j + 1) for j, v in enumerate(order)]
    return {k: min(min(steps[order.index(p[k]) :]), 1.0) if k in p else None for k in z}


def test_all_of_decline(
    parana: pe.Trade, parana_rows: Any, parana_cells: Any, same: Same, seed_rows: Seeds
) -> None:
    to_us = parana_cells[parana_cells.country == "USA"]
    base_all = parana_cells.groupby("place")["b"].sum()
    base_us = to_us.groupby("place")["b"].sum()
    nation = {s: pair(rows) for s, rows in to_us.groupby("sector")}
    months = history(parana_rows, {r["hs2"]: r["sector"] for r in seed_rows("sectors")})
    want: dict[tuple[str, str], dict[str, Any]] = {}
    for (place, sector), rows in to_us.groupby(["place", "sector"]):
        x, b = pair(rows)
        status = change_status(x, b, SMALL_PRODUCT)
        if status == "none":
            continue
        pct = x / b - 1 if b else None
        headings = rows.groupby("sh4")[["x", "b"]].sum()
        breadth = float(headings.b[headings.x < headings.b].sum()) / b if b else None
        now, before = nation[sector]
        g = now / before - 1 if before else None
        falls = status in ("ok", "exit") and pct is not None and pct <= -0.05
        z, n_placebo = placebo(months[place, sector], pct)
        want[place, sector] = {
            "value": x, "base_value": b, "change": x - b, "pct": pct, "breadth": breadth,
            "dhs": 2 * (x - b) / (x + b), "status": status, "small_base": 0 < b < SMALL_PRODUCT,
            "contribution_pp": 100 * (x - b) / v if (v := float(base_all[place])) else None,
            "contribution_us_pp": 100 * (x - b) / v if (v := float(base_us[place])) else None,
            "g_national": g, "rel": None if pct is None or g is None else pct - g,
            "declining": falls and breadth is not None and breadth >= 0.5,
            "severity": severity(pct), "persistence": falling(months[place, sector]),
            "z_placebo": z, "n_placebo": n_placebo,
        }  # fmt: skip
    q = q_values({k: r["z_placebo"] for k, r in want.items()})
    parts = [r["contribution_pp"] for r in want.values() if r["base_value"]]
    for key, row in want.items():
        row["q_placebo"] = q[key]
        better = sum(v < row["contribution_pp"] for v in parts) if row["base_value"] else 0
        row["rank"] = better + 1 if row["base_value"] else None
    frame = pe.decline(parana, reporter="BRA", during="2025", partner="US").frame
    names = {r["sector"]: r["name_en"] for r in seed_rows("sector_names")}
    shown = {(place, names[sector]): row for (place, sector), row in want.items()}
    same(frame, shown, "province", "sector")
    assert {r["status"] for r in want.values()} == {"ok", "small_base", "new", "exit"}
    assert any(r["declining"] for r in want.values()) and any(q.values())
    assert frame["value"].sum() == 181_473_965


def test_declines_of_whole_municipalities(parana: pe.Trade, parana_cells: Any) -> None:
    """A row by municipality is its trade with one partner, and small below 100 million."""
    frame = pe.decline(parana, reporter="BRA", during="2025", partner="US", by="province").frame
    sums = parana_cells[parana_cells.country == "USA"].groupby("place")[["x", "b"]].sum()
    for row in frame.to_dicts():
        x, b = (int(v) for v in sums.loc[row["province"]])
        assert (row["value"], row["base_value"]) == (x, b)
        assert row["status"] == change_status(x, b, SMALL_TOTAL)
    assert frame.height == int(((sums.x > 0) | (sums.b > 0)).sum())


def test_a_named_place_without_trade_is_missing_where_the_base_is_not_covered(
    parana: pe.Trade,
) -> None:
    """Abatiá sold nothing in 2020, and nobody knows what in 2019."""
    for metric in (pe.offset, pe.decline):
        frame = metric(
            parana, reporter="BRA", during="2020", province="4100103", by="province"
        ).frame
        row = frame.row(0, named=True)
        assert (row["value"], row["base_value"], row["status"]) == (0, None, "missing")
        assert row["reason"] == "base_uncovered"
    shown = pe.concentration(parana, reporter="BRA", during="2020", province="4100103").frame
    assert (shown["value"].item(), shown["status"].item()) == (0, "none")
