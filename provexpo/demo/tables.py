"""The seeds behind the illustrative cube, as arrays; `docs/sample.md` says where they come from."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np

from provexpo.periods import months_between
from provexpo.resources import seed
from provexpo.vocab.partners import members_today
from provexpo.vocab.products import basket_products

VERSION = "5"
MONTHS = months_between(202201, 202511)
BULLETIN_MONTHS = months_between(202401, 202501)
FLOWS = ("export", "import")
US = "United States"
FILES = (
    "basket_products.csv",
    "exchange_rates.csv",
    "partner_groups.csv",
    "province_gdp.csv",
    "sample_basket_targets.csv",
    "sample_cells.csv",
    "sample_national.csv",
    "sample_partners.csv",
    "sample_products.csv",
    "sample_province_growth.csv",
    "sample_published.csv",
    "sample_province_totals.csv",
    "sample_rules.csv",
    "sample_tariffs.csv",
    "sample_us_import_growth.csv",
    "sample_us_imports.csv",
    "sample_us_targets.csv",
)

Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def read(name: str) -> list[dict[str, str]]:
    with seed(name).open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


@cache
def digest() -> str:
    """Changes when a seed or the recipe does: names the cache folder and the cube's files."""
    h = hashlib.sha256(f"illustrative cube {VERSION}".encode())
    for name in FILES:
        # Line ends must not matter: a checkout on Windows may have changed them.
        h.update(seed(name).read_bytes().replace(b"\r\n", b"\n"))
    return h.hexdigest()


@dataclass(frozen=True)
class Partners:
    codes: tuple[str, ...]  # the reporter's own
    codes_2023: tuple[str, ...]  # the same until the end of 2023
    names: tuple[str, ...]  # ISO3 or X-code
    group: Ints  # position in GROUPS
    weight: dict[str, Floats]  # by flow

    def position(self, name: str) -> int:
        return self.names.index(name)


@dataclass(frozen=True)
class Products:
    codes: tuple[str, ...]
    units: tuple[str, ...]
    units2: tuple[str, ...]
    unit_value: Floats  # USD for one unit
    weight: dict[str, Floats]  # by flow
    us_weight: Floats
    trend: Floats  # 2025 over 2024
    origins: tuple[dict[str, float], ...]  # partner -> weight of imports


@cache
def groups() -> tuple[str, ...]:
    """The nine partner groups of the national frame, the United States first."""
    names = dict.fromkeys(r["partner_group"] for r in read("sample_national.csv"))
    return (US, *sorted(n for n in names if n != US))


def provinces() -> tuple[str, ...]:
    return tuple(r["province"] for r in read("sample_us_targets.csv"))


def rates() -> Floats:
    """CNY for one USD in each month of the cube."""
    by_month = {int(r["period"]): float(r["cny_per_usd"]) for r in read("exchange_rates.csv")}
    return np.array([by_month[m] for m in MONTHS])


def national(flow: str) -> Floats:
    """USD by partner group and month."""
    out = np.zeros((len(groups()), len(MONTHS)))
    for r in read("sample_national.csv"):
        if r["flow"] == flow:
            place = groups().index(r["partner_group"]), MONTHS.index(int(r["period"]))
            out[place] = float(r["usd_million"]) * 1e6
    return out


def bulletin(flow: str) -> dict[tuple[str, int], int]:
    """(province or "nation", month) -> published value in 10,000 CNY."""
    return {
        (r["province"], int(r["period"])): int(r["value_10k_cny"])
        for r in read("sample_province_totals.csv")
        if r["flow"] == flow
    }


def growth_2024(flow: str) -> Floats:
    """Published growth of 2024 over 2023 by province, in CNY, as a fraction."""
    by = {r["province"]: r["growth_2024_pct"] for r in read("sample_province_growth.csv")
          if r["flow"] == flow}  # fmt: skip
    return np.array([float(by[p]) / 100 for p in provinces()])


def us_targets(column: str) -> Floats:
    """A column of the provincial frame, in USD."""
    return np.array([float(r[column]) * 1e6 for r in read("sample_us_targets.csv")])


def members(word: str) -> tuple[str, ...]:
    """The members of a partner group as the vocabulary has them; a partner is its own."""
    return members_today(word)


def basket(word: str) -> tuple[str, ...]:
    """The HS prefixes of a basket in the months of the cube; a prefix is its own."""
    if word.isdigit():
        return (word,)
    dates = basket_products()[word]
    return tuple(p for p, (_, last) in dates.items() if last is None or last >= MONTHS[0])


def every_prefix(word: str) -> tuple[str, ...]:
    """The HS prefixes of a basket in any month."""
    return tuple(basket_products()[word])


def partners() -> Partners:
    rows = read("sample_partners.csv")
    return Partners(
        codes=tuple(r["partner_code"] for r in rows),
        codes_2023=tuple(r["partner_code_2023"] for r in rows),
        names=tuple(r["partner"] for r in rows),
        group=np.array([groups().index(r["partner_group"]) for r in rows]),
        weight={f: np.array([float(r[f"{f}s_10k_cny"]) for r in rows]) for f in FLOWS},
    )


def products() -> Products:
    rows = read("sample_products.csv")

    def numbers(column: str) -> Floats:
        return np.array([float(r[column]) for r in rows])

    return Products(
        codes=tuple(r["product"] for r in rows),
        units=tuple(r["unit"] for r in rows),
        units2=tuple(r["unit2"] for r in rows),
        unit_value=numbers("unit_value_usd"),
        weight={f: numbers(f"{f}_weight") for f in FLOWS},
        us_weight=numbers("us_weight"),
        trend=numbers("trend_2025"),
        origins=tuple(_origins(r["import_origins"]) for r in rows),
    )


def _origins(text: str) -> dict[str, float]:
    pairs = (part.split(":") for part in text.split(";") if part)
    return {name: float(weight) for name, weight in pairs}
