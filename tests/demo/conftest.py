"""The sample's rows, and sums over them with plain polars: the oracle of the statement tests."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache

import polars as pl
import pytest

from provexpo.demo.cube import build
from provexpo.ingest.rows import FileRows
from provexpo.resources import seed

NAMES = {"US": "USA", "Japan": "JPN", "India": "IND", "Germany": "DEU", "Vietnam": "VNM",
         "Australia": "AUS", "Mexico": "MEX", "China": "CHN"}  # fmt: skip


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    with seed(f"{name}.csv").open(encoding="utf-8", newline="") as f:
        return tuple(csv.DictReader(f))


def group(word: str) -> list[str]:
    """Members of today, held constant; a country is its own."""
    members = [r["partner"] for r in _rows("partner_groups")
               if r["group"] == word and not r["valid_to"]]  # fmt: skip
    return members or [NAMES.get(word, word)]


def in_goods(word: str) -> pl.Expr:
    """The products of a basket of the seeds, or of an HS prefix."""
    prefixes = [r["product"] for r in _rows("basket_products") if r["basket"] == word] or [word]
    return pl.any_horizontal([pl.col("code").str.starts_with(p) for p in prefixes])


def months(window: str) -> tuple[int, int]:
    """2024-01/2024-07, 2024 or 2024-01 as first and last yyyymm."""
    first, _, last = window.partition("/")
    low = int(first.replace("-", "")) if "-" in first else int(first) * 100 + 1
    high = (last or first).replace("-", "")
    return low, int(high) if len(high) == 6 else int(high) * 100 + 12


def year_before(window: str) -> str:
    return "/".join(f"{int(part[:4]) - 1}{part[4:]}" for part in window.split("/"))


class Figures:
    """Sums of the illustrative cube."""

    def __init__(self, files: Iterable[FileRows]) -> None:
        self.files = tuple(files)
        cube = pl.concat([f.rows for f in self.files if f.layout == "illustrative"])
        self.cube = cube.with_columns(code=pl.col("product").cast(pl.String).str.zfill(8))
        keys = ["flow", "currency", "period", "partner"]
        self.nation = self.cube.group_by(keys).agg(pl.col("value").sum())
        usd = (pl.col("flow") == "export") & (pl.col("currency") == "USD")
        self.exports = self.cube.filter(usd)

    @staticmethod
    def group(word: str) -> list[str]:
        return group(word)

    # --- the nation -----------------------------------------------------------------------------

    def sum(self, window: str, *, partner: str = "", flow: str = "export", cur: str = "USD") -> int:
        if flow == "total":
            return sum(self.sum(window, partner=partner, flow=f, cur=cur)
                       for f in ("export", "import"))  # fmt: skip
        low, high = months(window)
        found = self.nation.filter(
            (pl.col("flow") == flow) & (pl.col("currency") == cur)
            & pl.col("period").is_between(low, high)
        )  # fmt: skip
        if partner.startswith("not "):
            found = found.filter(~pl.col("partner").is_in(group(partner[4:])))
        elif partner:
            found = found.filter(pl.col("partner").is_in(group(partner)))
        return int(found["value"].sum())

    def yoy(self, window: str, against: str = "", **of: str) -> float:
        return self.sum(window, **of) / self.sum(against or year_before(window), **of) - 1

    def balance(self, window: str, partner: str = "", cur: str = "USD") -> int:
        export = self.sum(window, partner=partner, flow="export", cur=cur)
        return export - self.sum(window, partner=partner, flow="import", cur=cur)

    def pp(self, window: str, partner: str) -> float:
        """Percentage points that a partner adds to the growth of all exports."""
        old = year_before(window)
        change = self.sum(window, partner=partner) - self.sum(old, partner=partner)
        return 100 * change / self.sum(old)

    # --- provinces and goods --------------------------------------------------------------------

    def select(
        self,
        province: str = "",
        partner: str = "",
        goods: str = "",
        frame: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        found = self.exports if frame is None else frame
        if province:
            found = found.filter(pl.col("province").is_in(province.split()))
        if partner.startswith("not "):
            found = found.filter(~pl.col("partner").is_in(group(partner[4:])))
        elif partner:
            found = found.filter(pl.col("partner").is_in(group(partner)))
        return found.filter(in_goods(goods)) if goods else found

    def value(self, window: str, **of: str) -> int:
        low, high = months(window)
        return int(self.select(**of).filter(pl.col("period").is_between(low, high))["value"].sum())

    def ratio(self, window: str, against: str = "", **of: str) -> float:
        return self.value(window, **of) / self.value(against or year_before(window), **of)

    def change_by(self, key: str, window: str, **of: str) -> pl.DataFrame:
        """key, old, new: sums a year before and now; a cell of either year is a row."""
        low, high = months(window)
        found = self.select(**of)
        sides = [
            found.filter(pl.col("period").is_between(low - shift, high - shift))
            .group_by(key).agg(pl.col("value").sum().alias(name))
            for name, shift in (("old", 100), ("new", 0))
        ]  # fmt: skip
        return sides[0].join(sides[1], on=key, how="full", coalesce=True).fill_null(0)

    def share_down(self, window: str, **of: str) -> float:
        both = self.change_by("province", window, **of).filter(pl.col("old") > 0)
        return both.filter(pl.col("new") < pl.col("old")).height / both.height

    # --- tables beside the cube -----------------------------------------------------------------

    def stated(
        self,
        grain: str,
        period: int,
        *,
        flow: str,
        partner: str = "",
        n: int = 1,
        first: bool = False,
    ) -> int:
        """The newest (or `first`) published value of one span of a small table."""
        found = pl.concat([f.rows for f in self.files if f.layout == "sample_table"]).filter(
            (pl.col("grain") == grain) & (pl.col("period") == period)
            & (pl.col("flow") == flow) & (pl.col("months") == n)
        ).sort("vintage", descending=not first)  # fmt: skip
        if partner:
            found = found.filter(pl.col("partner").is_in(group(partner)))
        found = found.filter(pl.col("vintage") == found["vintage"][0])
        return int(found["value"].sum())


@pytest.fixture(scope="session")
def files() -> tuple[FileRows, ...]:
    return build()


@pytest.fixture(scope="session")
def cube(files: tuple[FileRows, ...]) -> pl.DataFrame:
    return pl.concat([f.rows for f in files if f.layout == "illustrative"])


@pytest.fixture(scope="session")
def exports(cube: pl.DataFrame) -> pl.DataFrame:
    """Exports in USD, the currency of the published statements."""
    return cube.filter((pl.col("flow") == "export") & (pl.col("currency") == "USD"))


@pytest.fixture(scope="session")
def figures(files: tuple[FileRows, ...]) -> Figures:
    return Figures(files)
