"""Published statements about provinces and their goods, recomputed from the sample's rows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product as pairs
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

if TYPE_CHECKING:
    from conftest import Figures

Check = tuple[str, Callable[["Figures"], float], float, float]
NOW = "2025-01/2025-07"
COAST, INLAND = "44 33 32 31 37 35", "51 34 42 41 50"
INF = float("inf")
UP, DOWN = (1 + 1e-12, INF), (0.0, 1 - 1e-12)
DEVICES = (("C136", "44"), ("C137", "32"), ("C138", "41"), ("C139", "51"), ("C140", "50"))
CHIPS = (("C141", "44"), ("C142", "32"), ("C143", "41"), ("C144", "51"), ("C145", "50"))
# Where statements name a source of growth: the bloc and every country outside it, one by one.
SINGLE = {"C122": "ASEAN", "C123": "IND", "C124": "DEU", "C125": "JPN"}


def us(province: str, goods: str = "") -> Callable[[Figures], float]:
    """Exports to the US now over a year before."""
    return lambda f: f.ratio(NOW, province=province, partner="US", goods=goods)


def dependence(province: str = "") -> Callable[[Figures], float]:
    return lambda f: (f.value(NOW, province=province, partner="US")
                      / f.value(NOW, province=province))  # fmt: skip


def part_of_us(provinces: str) -> Callable[[Figures], float]:
    return lambda f: f.value(NOW, province=provinces, partner="US") / f.value(NOW, partner="US")


def by_province(f: Figures, **of: str) -> dict[str, tuple[int, int]]:
    rows = f.change_by("province", NOW, **of).select("province", "old", "new").iter_rows()
    return {p: (old, new) for p, old, new in rows}


def most_dependent(f: Figures) -> float:
    sold, all_ = by_province(f, partner="US"), by_province(f)
    return float(max(sold, key=lambda p: sold[p][1] / all_[p][1]) == "14")


def largest_rise(f: Figures) -> float:
    found = by_province(f, partner="US")
    assert len(found) == 31
    return max(new / old for old, new in found.values())


def points(f: Figures) -> list[tuple[str, float, float]]:
    """province, share of the US in 2024, midpoint growth of exports to the US."""
    year = "2024"
    out = []
    for p, (old, new) in by_province(f, partner="US").items():
        share = f.value(year, province=p, partner="US") / f.value(year, province=p)
        out.append((p, share, 2 * (new - old) / (new + old)))
    return out


def bulk(f: Figures) -> float:
    """Part of the provinces whose exports to the US are at least half electromechanical."""
    machines = by_province(f, partner="US", goods="electromechanical")
    return (
        sum(2 * machines[p][1] >= new for p, (_, new) in by_province(f, partner="US").items()) / 31
    )


def offset(f: Figures) -> float:
    """Part of the provinces with a fall to the US in which the rest of the world made up for it."""
    sold = by_province(f, partner="US", goods="electromechanical")
    rest = by_province(f, partner="not US", goods="electromechanical")
    fell = [p for p, (old, new) in sold.items() if new < old]
    return sum(rest[p][1] - rest[p][0] >= sold[p][0] - sold[p][1] for p in fell) / len(fell)


def place_of(element: str) -> Callable[[Figures], float]:
    """Rank of a contribution to the growth of electromechanical exports."""

    def rank(f: Figures) -> float:
        change = f.change_by("partner", NOW, goods="electromechanical").with_columns(
            part=pl.when(pl.col("partner").is_in(f.group("ASEAN"))).then(pl.lit("ASEAN"))
            .otherwise(pl.col("partner")), change=pl.col("new") - pl.col("old"),
        )  # fmt: skip
        ranked = change.group_by("part").agg(pl.col("change").sum()).sort("change", descending=True)
        return ranked["part"].to_list().index(element) + 1

    return rank


def down(**of: str) -> Callable[[Figures], float]:
    return lambda f: f.share_down(NOW, **of)


CHECKS: tuple[Check, ...] = (
    ("C097", largest_rise, 3.645, 3.655),
    ("C098", lambda f: f.exports["province"].n_unique(), 30, 31.5),
    ("C099", part_of_us(COAST), 0.76, 0.8),
    ("C100", part_of_us(INLAND), 0.1075, 0.1085),
    ("C101", dependence("14"), 0.2245, 0.2255),
    ("C102", most_dependent, 1, 1),
    ("C103", dependence("35"), 0.1635, 0.1645),
    ("C104", dependence("51"), 0.1455, 0.1465),
    ("C105", dependence(), 0.1175, 0.1185),
    ("C106", us("53"), 0.285, 0.295),
    ("C107", us("14"), 0.5205, 0.5215),
    ("C108", us("63"), 0.6015, 0.6025),
    *[(c, us(p), *UP) for c, p in (("C109", "42"), ("C110", "45"), ("C111", "23"),
                                   ("C112", "54"), ("C113", "15"), ("C114", "62"))],
    ("C115", us("65"), 3.645, 3.655),
    ("C117", us("33"), 0.9465, 0.9475),
    ("C118", lambda f: f.ratio(NOW, province="33", partner="emerging markets"), *UP),
    ("C119", bulk, 0.5, 1),
    ("C120", down(partner="US", goods="electromechanical"), 0.5, 1),
    ("C121", offset, 0.5, 1),
    *[(c, place_of(element), 1, 5) for c, element in SINGLE.items()],
    ("C126", down(goods="furniture"), 0.5, 1),
    ("C127", down(goods="toys"), 0.5, 1),
    ("C128", down(goods="footwear"), 0.5, 1),
    ("C129", us("35", "64"), 0.7615, 0.7625),
    ("C130 all", lambda f: f.ratio(NOW, province="35"), *DOWN),
    ("C130 footwear", lambda f: f.ratio(NOW, province="35", goods="64"), *DOWN),
    ("C131", down(partner="US", goods="98"), 0.5, 1),
    ("C132", us("35", "98"), 0.4465, 0.4475),
    ("C133", us("51", "98"), 0.2585, 0.2595),
    ("C134", us("50", "98"), 0.1205, 0.1215),
    ("C135", us("42", "98"), 4.5485, 4.5495),
    *[(f"{c} {market}", lambda f, p=p, market=market: f.ratio(
        NOW, province=p, partner=market, goods="consumer_electronics"), *UP)
      for (c, p), market in pairs(DEVICES, ("Europe", "Japan"))],
    *[(c, lambda f, p=p: f.ratio(
        NOW, province=p, partner="emerging markets", goods="components"), *UP) for c, p in CHIPS],
    ("C146", lambda f: f.ratio(NOW, province="41", partner="India", goods="85177930"), 10, 11),
    ("C147", lambda f: f.ratio(NOW, province="32", partner="India", goods="85177930"), 2.85, 3),
    ("C148", lambda f: f.ratio(NOW, province="50", partner="Vietnam", goods="8542"), 24, 25),
    ("C149", lambda f: f.ratio(NOW, province="34", partner="Vietnam", goods="8542"), 67, 68),
)  # fmt: skip


@pytest.mark.parametrize(("statement", "figure", "low", "high"), CHECKS, ids=[c[0] for c in CHECKS])
def test_statement(
    figures: Figures, statement: str, figure: Callable[[Figures], float], low: float, high: float
) -> None:
    assert low <= figure(figures) <= high


def test_more_dependent_provinces_fell_more_whichever_is_left_out(figures: Figures) -> None:
    """C116: Pearson's r of the 2024 share and midpoint growth, and r without each province."""
    found = points(figures)
    assert len(found) == 31

    def r(rows: list[tuple[str, float, float]]) -> float:
        return float(np.corrcoef([x for _, x, _ in rows], [y for _, _, y in rows])[0, 1])

    assert r(found) < -0.355  # the critical value of 31 provinces
    assert all(r([q for q in found if q[0] != p]) < 0 for p, _, _ in found)


def test_xinjiang_carries_the_coefficient_of_per_cent_changes(figures: Figures) -> None:
    found = [(p, x, y / (1 - y / 2)) for p, x, y in points(figures)]  # midpoint growth to pct

    def r(left_out: str) -> float:
        kept = [(x, y) for p, x, y in found if p != left_out]
        return float(np.corrcoef(*zip(*kept))[0, 1])

    moved = {p: abs(r(p) - r("")) for p, _, _ in found}
    assert max(moved, key=moved.__getitem__) == "65"


def test_small_bases_are_where_they_were_published(figures: Figures) -> None:
    """Under USD 100 million a year of exports to the US: seven months of it."""
    least = 100e6 * 7 / 12
    small = {p for p, (old, _) in by_province(figures, partner="US").items() if old < least}
    assert small == {"54", "63", "65"}
