"""A world written into a store, and the HS6 codes that its products take there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from provexpo.ingest.rows import ROW_SCHEMA, Extent, FileRows, Grain, Scope
from provexpo.ingest.side import SideRows
from provexpo.resources import seed
from provexpo.store.loading import load_rows
from provexpo.vocab.end_use import end_use_of

from .cells import month
from .rows import Tables, tables
from .world import N_MONTHS, World

SPLIT = ("851712", ("851713", "851714"))  # the code until 2021, and those since
SPLIT_SINCE = 202201
VINTAGE = 1_780_000_000
DIMENSIONS = ("province", "partner", "product")


def codes_for(world: World, *, revised: int = 0) -> list[str]:
    """A code of the right end use for every product; the first two split ones where asked for."""
    text = pl.read_csv(seed("sample_products.csv"), schema_overrides={"product": pl.String})
    changed = pl.read_csv(
        seed("hs_changes.csv"), schema_overrides={"old": pl.String, "new": pl.String}
    )
    busy = {c[:6] for c in (*changed["old"], *changed["new"])}
    free: dict[str | None, list[str]] = {}
    for code in sorted({p[:6] for p in text["product"]} - busy):
        if code[:2] not in ("98", "99"):
            free.setdefault(end_use_of([code]), []).append(code)
    found = list(SPLIT[1][:revised])
    return found + [free[str(use)].pop() for use in world.final[revised:]]


def write_store(
    path: Path, world: World, codes: Sequence[str], *, revised: int = 0, without: Sequence[int] = ()
) -> Tables:
    """Load the world's tables; months in `without` (yyyymm) are in no table of China's."""
    made = tables(world, list(codes))
    months = [month(i) for i in range(N_MONTHS)]
    held = [m for m in months if m not in without]
    exports = made.exports.filter(pl.col("period").is_in(held))
    files = [
        _file(_recoded(exports, revised), "CHN", "export", held, province=True),
        _file(_recoded(made.imports, revised), "USA", "import", months),
    ]
    for (reporter,), rows in made.sold.group_by("reporter", maintain_order=True):
        rows = rows.with_columns(quantity=pl.lit(None, dtype=pl.Int64))
        files.append(_file(_recoded(rows, revised), str(reporter), "export", months))
    side = SideRows("tariffs", "planted tariffs", _digest(made.tariffs, "t"), made.tariffs, VINTAGE)
    load_rows(path, files, side=[side])
    return made


def _recoded(rows: pl.DataFrame, revised: int) -> pl.DataFrame:
    """The rows of split codes under the one code that they had before the revision."""
    if not revised:
        return rows
    old = (pl.col("period") < SPLIT_SINCE) & pl.col("product").is_in([int(c) for c in SPLIT[1]])
    keys = [c for c in rows.columns if c not in ("value", "quantity")]
    product = pl.when(old).then(pl.lit(int(SPLIT[0]))).otherwise("product").alias("product")
    return rows.with_columns(product).group_by(keys).agg(pl.col("value", "quantity").sum())


def _digest(rows: pl.DataFrame, name: str) -> str:
    return hashlib.sha256(f"{name}{rows.write_csv()}".encode()).hexdigest()


def _file(
    rows: pl.DataFrame, reporter: str, flow: str, months: Sequence[int], *, province: bool = False
) -> FileRows:
    """Rows as a layout would hand them over, every dimension declared whole."""
    grain = Grain(reporter, "tidy", province, True, 6, False, import_valuation="customs value")
    said = {
        "reporter": reporter, "flow": flow, "months": 1, "currency": "USD", "grain": grain.id,
        "vintage": VINTAGE, "unit": "kg",
    }  # fmt: skip
    full = rows.with_columns(
        *(pl.lit(v).alias(n) for n, v in said.items()), partner_code=pl.col("partner")
    )
    full = full.select(
        (pl.col(n) if n in full.columns else pl.lit(None).alias(n)).cast(t)
        for n, t in ROW_SCHEMA.items()
    ).with_columns(unit=pl.when(pl.col("quantity").is_not_null()).then("unit"))
    full = full.sort("period", "product", "partner", "province")
    whole = {d: Extent("declared") for d in DIMENSIONS}
    if not province:
        whole["province"] = Extent("absent")
    name = f"planted {reporter} {flow}"
    digest = _digest(rows.sort(rows.columns), name)
    scope = Scope(
        grain, flow, "USD", tuple((m, 1) for m in months), True, whole["province"],
        whole["partner"], whole["product"], Extent("absent"), VINTAGE, digest, name,
    )  # fmt: skip
    return FileRows(
        name, digest, "planted", "utf-8", VINTAGE, "stated", full, (scope,), full.height
    )
