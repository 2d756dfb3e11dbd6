"""Published statements about the nation and other reporters, recomputed from the sample's rows.

Bounds are the publication's rounding: "over N" is [N, 1.05 N], "nearly N" is [0.95 N, N].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Figures

BN, TN = 1e9, 1e12
Check = tuple[str, Callable[["Figures"], float], float, float]
YTD11, H1, POST = "2025-01/2025-11", "2025-01/2025-06", "2025-04/2025-08"
ANNUAL, ANNUAL_US = "CHN:published_annual:nation", "CHN:published_annual:partner"
TWN, TWN_US = "TWN:published_totals:nation", "TWN:published_totals:partner"
INF = float("inf")


def near(value: float, within: float) -> tuple[float, float]:
    return value - within, value + within


def over(value: float) -> tuple[float, float]:
    return value, value * 1.05


def nearly(value: float) -> tuple[float, float]:
    return value * 0.95, value


def pct(value: float) -> tuple[float, float]:
    return near(value / 100, 0.0005)


def about(value: float) -> tuple[float, float]:
    return near(value / 100, 0.005)


UP, DOWN = (1e-12, INF), (-INF, -1e-12)


def falls(f: Figures, first: int, last: int) -> int:
    """Months of 2025 with smaller exports to the US than a year before."""
    return sum(f.yoy(f"2025-{m:02d}", partner="US") < 0 for m in range(first, last + 1))


def us_total(f: Figures, year: int) -> int:
    return sum(
        f.stated(ANNUAL_US, year * 100 + 12, flow=flow, partner="US", n=12)
        for flow in ("export", "import")
    )


def last_fall_before_2023(f: Figures) -> int:
    assert us_total(f, 2023) < us_total(f, 2022)
    return max(y for y in range(2019, 2023) if us_total(f, y) < us_total(f, y - 1))


def world_balance(f: Figures, year: int) -> int:
    n = 11 if year == 2025 else 12
    exports, imports = (
        f.stated(ANNUAL, year * 100 + n, flow=flow, n=n) for flow in ("export", "import")
    )
    return exports - imports


def twn_balance(f: Figures, period: int, n: int) -> int:
    exports, imports = (
        f.stated(TWN_US, period, flow=flow, partner="US", n=n) for flow in ("export", "import")
    )
    return exports - imports


def us_imports(f: Figures, year: int, partner: str = "") -> int:
    return sum(
        f.stated("USA:published_months:partner", year * 100 + m, flow="import", partner=partner)
        for m in (4, 5, 6, 7)
    )


def us_growth(partner: str) -> Callable[[Figures], float]:
    return lambda f: us_imports(f, 2025, partner) / us_imports(f, 2024, partner) - 1


def us_pp(partner: str) -> Callable[[Figures], float]:
    return lambda f: (100 * (us_imports(f, 2025, partner) - us_imports(f, 2024, partner))
                      / us_imports(f, 2024))  # fmt: skip


def largest_bloc(f: Figures) -> str:
    """Of the blocs and single countries that a desk compares."""
    names = ["ASEAN", "EU27", "US", "Japan", "KOR", "HKG", "TWN", "AUS", "Africa", "Latin America"]
    return max(names, key=lambda n: f.sum(YTD11, partner=n, flow="total"))


def revised(f: Figures, flow: str, first: bool) -> int:
    return f.stated("CHN:published_revised:partner", 202212, flow=flow, n=12, first=first)


def against_2022(flows: tuple[str, ...], first: bool) -> Callable[[Figures], float]:
    """Growth of 2023 against the first release of 2022, or the current one."""

    def growth(f: Figures) -> float:
        new = sum(
            f.stated("CHN:published_revised:partner", 202312, flow=flow, n=12) for flow in flows
        )
        return new / sum(revised(f, flow, first) for flow in flows) - 1

    return growth


FIVE = ["electric_vehicles", "solar", "batteries", "smartphones", "motors_generators"]


def five_baskets(f: Figures) -> float:
    part = sum(
        f.value("2025-01/2025-08", partner="Africa", goods=b)
        - f.value("2024-01/2024-08", partner="Africa", goods=b)
        for b in FIVE
    )
    return part / (f.sum("2025-01/2025-08", partner="Africa")
                   - f.sum("2024-01/2024-08", partner="Africa"))  # fmt: skip


def autos(f: Figures) -> float:
    grain = "CHN:chosen_annual:partner+hs6"
    now, then = (f.stated(grain, p, flow="export", n=12) for p in (202511, 202012))
    assert now == f.value("2024-12/2025-11", partner="EU27", goods="automobiles")
    return now / then


CHECKS: tuple[Check, ...] = (
    ("C001 C033", lambda f: f.balance(YTD11), *near(1.08 * TN, 5 * BN)),
    ("C002", lambda f: max(world_balance(f, y) for y in range(2007, 2025)), -INF, 1 * TN),
    ("C002 now", lambda f: world_balance(f, 2025), 1 * TN, INF),
    ("C003", lambda f: f.yoy("2025-10"), *pct(-1.1)),
    ("C004", lambda f: f.yoy("2025-11"), *pct(5.9)),
    ("C005", lambda f: f.yoy("2025-11", flow="import"), *pct(1.9)),
    ("C006", lambda f: f.sum("2025-11"), *over(330 * BN)),
    ("C007", lambda f: f.sum("2025-11", flow="import"), *nearly(219 * BN)),
    ("C008", lambda f: f.balance("2025-11"), *over(111 * BN)),
    ("C009", lambda f: f.sum(YTD11, flow="total"), *over(5.71 * TN)),
    ("C010", lambda f: f.yoy(YTD11, flow="total", cur="CNY"), *pct(3.6)),
    ("C011", lambda f: f.balance("2024"), *near(992 * BN, 0.5 * BN)),
    ("C012", lambda f: f.yoy("2025-11", partner="US"), *about(-29)),
    ("C013", lambda f: f.yoy("2025-10", partner="US"), *about(-25)),
    ("C014", lambda f: f.yoy("2025-11", partner="US") - f.yoy("2025-10", partner="US"), *DOWN),
    ("C016", lambda f: f.sum("2024", partner="US"), *over(500 * BN)),
    ("C017", lambda f: f.sum("2024", partner="US", flow="import"), *over(160 * BN)),
    ("C018", lambda f: falls(f, 5, 11), 7, 7),
    ("C019", lambda f: f.yoy(YTD11, partner="US"), *about(-19)),
    ("C023 EU", lambda f: f.yoy("2025-11", partner="EU27"), *about(15)),
    ("C023 Europe", lambda f: f.yoy("2025-11", partner="Europe"), *about(15)),
    ("C024", lambda f: f.yoy("2025-11", partner="Australia"), *about(36)),
    ("C025", lambda f: f.yoy("2025-11", partner="ASEAN"), *UP),
    ("C026", lambda f: float(largest_bloc(f) == "ASEAN"), 1, 1),
    ("C027", lambda f: f.yoy(YTD11, partner="Africa"), *UP),
    ("C028", lambda f: f.yoy(YTD11, partner="Latin America"), *UP),
    ("C031", lambda f: f.ratio(YTD11, goods="chips") - 1, *about(25)),
    ("C032", lambda f: f.ratio(YTD11, goods="ships") - 1, *about(27)),
    ("C034", lambda f: f.balance(YTD11), *near(1075.8 * BN, 0.05 * BN)),
    ("C035", lambda f: f.balance(YTD11) / f.balance("2024-01/2024-11") - 1, *about(21)),
    ("C038", lambda f: f.sum("2024", partner="US"), *near(524.656 * BN, 0.0005 * BN)),
    ("C039", lambda f: f.yoy("2024", "2023", partner="US"), *pct(4.9)),
    ("C040", lambda f: f.yoy("2024-12", "2024-11"), *pct(7.6)),
    ("C041", lambda f: f.yoy("2024-12"), *pct(10.7)),
    ("C042", lambda f: f.yoy("2024", "2023"), *pct(5.9)),
    ("C043", lambda f: f.sum(H1, flow="total", cur="CNY"), *near(21.79 * TN, 5 * BN)),
    ("C044", lambda f: f.yoy(H1, flow="total", cur="CNY"), *pct(2.9)),
    ("C045", lambda f: f.sum(H1, flow="import", cur="CNY"), *near(8.79 * TN, 5 * BN)),
    ("C046", lambda f: f.yoy(H1, flow="import", cur="CNY"), *pct(-2.7)),
    ("C047", lambda f: f.sum(H1, cur="CNY"), *near(13 * TN, 50 * BN)),
    ("C048", lambda f: f.yoy(H1, cur="CNY"), *pct(7.2)),
    ("C049", lambda f: f.balance(H1, cur="CNY") - f.balance("2024-01/2024-06", cur="CNY"), *UP),
    ("C050", lambda f: f.yoy("2024-12/2025-03", partner="US"), *UP),
    ("C051", lambda f: f.yoy(POST, partner="US"), *pct(-25.4)),
    ("C052", lambda f: f.yoy(POST, partner="EU27"), *pct(9.5)),
    ("C053", lambda f: f.yoy(POST, partner="ASEAN"), *pct(18.3)),
    ("C053 ten", lambda f: f.yoy(POST, partner="ASEAN10"), *pct(18.3)),
    ("C054", lambda f: f.yoy(POST, partner="Japan"), *pct(6.0)),
    ("C055", lambda f: f.yoy(POST, partner="Latin America"), *pct(4.0)),
    ("C056", lambda f: f.yoy(POST, partner="Africa"), *pct(32.2)),
    ("C057", lambda f: falls(f, 4, 8), 5, 5),
    ("C058", lambda f: f.yoy(POST, partner="not US"), *UP),
    ("C059", us_growth("China"), *pct(-35.6)),
    ("C060", us_growth("EU27"), *pct(-1.3)),
    ("C061", us_growth("ASEAN"), *pct(30.7)),
    ("C062", us_growth("Japan"), *pct(0.0)),
    ("C063", us_growth("Mexico"), *pct(4.3)),
    ("C064", us_growth("Africa"), *pct(6.5)),
    ("C065", lambda f: f.pp(POST, "US"), *near(-3.8, 0.05)),
    ("C066", lambda f: f.pp(POST, "ASEAN"), *near(3.0, 0.05)),
    ("C067", us_pp("China"), *near(-4.6, 0.05)),
    ("C068", us_pp("ASEAN"), *near(3.3, 0.05)),
    ("C070", lambda f: f.balance("2025-01/2025-08", "Africa"), *near(60 * BN, 0.5 * BN)),
    ("C071", lambda f: f.balance("2025-01/2025-08", "Africa") / f.balance("2024", "Africa"),
     *nearly(1)),
    ("C072", five_baskets, 0.5, 1),
    ("C075", autos, *near(16, 0.5)),
    ("C076", lambda f: f.balance("2024-12/2025-11", "EU27"), *nearly(300 * BN)),
    ("C077", lambda f: (f.balance("2024-12/2025-11", "EU27")
                        - max(f.balance(y, "EU27") for y in ("2022", "2023", "2024"))), *UP),
    ("C084", lambda f: f.yoy("2023", "2022", partner="US", flow="total"), *pct(-11.6)),
    ("C085", lambda f: f.sum("2023", partner="US", flow="total"), *near(664 * BN, 0.5 * BN)),
    ("C086", lambda f: f.yoy("2023", "2022", partner="US", flow="import"), *pct(-6.8)),
    ("C087", lambda f: f.sum("2023", partner="US", flow="import"), *near(164.16 * BN, 5e6)),
    ("C088", lambda f: f.yoy("2023", "2022", partner="US"), *pct(-13.1)),
    ("C089", lambda f: f.sum("2023", partner="US"), *near(500.03 * BN, 5e6)),
    ("C090", lambda f: f.balance("2023", "US"), *near(336 * BN, 0.5 * BN)),
    ("C091", lambda f: 2023 - last_fall_before_2023(f), 4, 4),
    ("C092", lambda f: f.yoy("2023", "2022", flow="total", cur="CNY"), *pct(0.2)),
    ("C093", lambda f: f.sum("2023", flow="total", cur="CNY"), *near(41.76 * TN, 5 * BN)),
    ("C095", lambda f: f.yoy("2023-12", flow="total", cur="CNY"), *pct(2.8)),
    ("C096", lambda f: f.yoy("2025-01/2025-08", partner="US"), *pct(-15.5)),
    ("C150", lambda f: twn_balance(f, 202511, 11), *near(131.8 * BN, 0.05 * BN)),
    ("C151", lambda f: twn_balance(f, 202412, 12), *near(64.7 * BN, 0.05 * BN)),
    ("C152", lambda f: twn_balance(f, 202511, 11) / twn_balance(f, 202412, 12), *near(2, 0.1)),
    ("C154", lambda f: f.stated(TWN, 202511, flow="export"), *near(64.05 * BN, 5e6)),
    ("C156", lambda f: (f.stated(TWN, 202511, flow="export")
                        / f.stated(TWN, 202510, flow="export") - 1), *pct(3.6)),
    ("C157", lambda f: (f.stated(TWN, 202511, flow="export")
                        / f.stated(TWN, 202411, flow="export") - 1), *pct(56)),
    # Both releases of 2022: what was printed in January 2024, and the same against the first one.
    ("C088 current", against_2022(("export",), False), *pct(-13.1)),
    ("C088 first", against_2022(("export",), True), *pct(-14.05)),
    ("C086 current", against_2022(("import",), False), *pct(-6.8)),
    ("C086 first", against_2022(("import",), True), *pct(-7.6)),
    ("C084 current", against_2022(("export", "import"), False), *pct(-11.6)),
    ("C084 first", against_2022(("export", "import"), True), *pct(-12.5)),
)  # fmt: skip


@pytest.mark.parametrize(("statement", "figure", "low", "high"), CHECKS, ids=[c[0] for c in CHECKS])
def test_statement(
    figures: Figures, statement: str, figure: Callable[[Figures], float], low: float, high: float
) -> None:
    assert low <= figure(figures) <= high


def test_the_spot_conversion_of_2023(figures: Figures) -> None:
    """C094: 41.76 trillion yuan at the rate of December; the dollar series is another figure."""
    from provexpo.demo import tables

    rate = float(tables.rates()[tables.MONTHS.index(202312)])
    assert figures.sum("2023", flow="total", cur="CNY") / rate == pytest.approx(
        5.83 * TN, abs=5 * BN
    )
    assert figures.sum("2023", flow="total") > 5.9 * TN


def test_groups_are_those_of_the_vocabulary(figures: Figures) -> None:
    """Cyprus is in the EU and, with customs, in Asia; Timor-Leste is in ASEAN of today."""
    assert "CYP" in figures.group("EU27") and "CYP" not in figures.group("Europe")
    assert "TLS" in figures.group("ASEAN") and "TLS" not in figures.group("ASEAN10")
