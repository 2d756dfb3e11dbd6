"""The form every layout turns a file into: checked rows, their grain, and what the file covers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

# One row a cell and currency. Money and quantities are whole units; codes are text, except
# `product`, an integer whose number of digits is the grain's `product_level`.
ROW_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "reporter": pl.String,
    "flow": pl.String,
    "period": pl.Int32,  # yyyymm of the last month the row spans
    "months": pl.Int8,  # how many months it spans; 2 ending in February = combined Jan-Feb
    "province": pl.String,
    "partner": pl.String,  # ISO3, or X + the reporter's code where no country stands behind it
    "partner_code": pl.String,  # the reporter's own code
    "product": pl.Int64,
    "regime": pl.String,
    "currency": pl.String,
    "value": pl.Int64,
    "quantity": pl.Int64,
    "unit": pl.String,
    "quantity2": pl.Int64,
    "unit2": pl.String,
    "grain": pl.String,
    "vintage": pl.Int64,  # seconds since 1970 UTC: when the source published this figure
}

# Two rows that agree on all of these are the same cell.
KEY: tuple[str, ...] = (
    "grain", "reporter", "flow", "period", "months", "province", "partner_code",
    "product", "regime", "currency",
)  # fmt: skip

DIMENSIONS = ("province", "partner", "product", "regime")


@dataclass(frozen=True)
class Grain:
    """Which dimensions a table is broken down by, who publishes it, and on what concepts."""

    reporter: str
    source: str  # "gacc_query", "gacc_bulletin", "gacc_bulletin_ytd", "tidy", ...
    province: bool
    partner: bool
    product_level: int  # HS digits, 0 = not broken down
    regime: bool
    basis: str = "registered"  # registered, origin, destination
    export_valuation: str = "FOB"
    import_valuation: str = "CIF"
    import_system: str = "general"
    rounding: int = 1  # the unit the source rounds to, in whole currency units

    @property
    def id(self) -> str:
        """Short name used in `flows.grain`, receipts and `table=`."""
        dims = "+".join(self.dimension_names) or "nation"
        other = "" if self.basis == "registered" else f"@{self.basis}"
        return f"{self.reporter}:{self.source}:{dims}{other}"

    @property
    def dimension_names(self) -> tuple[str, ...]:
        names = [n for n in ("province", "partner") if getattr(self, n)]
        if self.product_level:
            names.append(f"hs{self.product_level}")
        if self.regime:
            names.append("regime")
        return tuple(names)

    def has(self, dimension: str) -> bool:
        if dimension == "product":
            return self.product_level > 0
        return bool(getattr(self, dimension))


@dataclass(frozen=True)
class Extent:
    """What one file covers of one dimension.

    kind: "declared" (all, said by the caller), "assumed" (all, nobody said), "listed" (the codes
    found in the file), "declared_list" (the codes the caller said), "absent" (not broken down).
    Codes are in the store's words: province code, ISO3 or X-code, HS prefix, regime code.
    """

    kind: str
    codes: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        return self.kind in ("declared", "assumed", "absent")


@dataclass(frozen=True)
class Scope:
    """The box of cells that one file covers: inside it an absent cell is zero, outside, missing.

    `spans` are (period, months) pairs. One Scope per file, flow, currency and grain.
    """

    grain: Grain
    flow: str
    currency: str
    spans: tuple[tuple[int, int], ...]
    months_declared: bool
    province: Extent
    partner: Extent
    product: Extent
    regime: Extent
    vintage: int
    sha256: str
    file: str
    holes: int = 0  # cells of the file that have no value: inside the box they count as zero

    def extent(self, dimension: str) -> Extent:
        return getattr(self, dimension)

    @property
    def is_declared(self) -> bool:
        """True when the caller stated the box, so absent cells in it are known to be zero."""
        return self.months_declared or any(
            self.extent(d).kind in ("declared", "declared_list") for d in DIMENSIONS
        )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(d: dict[str, Any]) -> Scope:
        extents: dict[str, Any] = {
            n: Extent(d[n]["kind"], tuple(d[n]["codes"])) for n in DIMENSIONS
        }
        boxed = (*DIMENSIONS, "grain", "spans")
        rest: dict[str, Any] = {k: v for k, v in d.items() if k not in boxed}
        return Scope(
            grain=Grain(**d["grain"]),
            spans=tuple((int(p), int(m)) for p, m in d["spans"]),
            **extents,
            **rest,
        )


@dataclass(frozen=True)
class FileRows:
    """One file, read and checked."""

    path: str
    sha256: str
    layout: str
    encoding: str
    vintage: int
    vintage_source: str  # "stated" or "file time"
    rows: pl.DataFrame  # ROW_SCHEMA
    scopes: tuple[Scope, ...]
    data_rows: int  # rows of data in the file, before anything was left out or deduplicated
    duplicates: int = 0  # equal rows for one key, kept once
    left_out: dict[str, int] = field(default_factory=dict)  # reason -> rows
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
