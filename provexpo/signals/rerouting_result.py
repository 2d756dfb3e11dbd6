"""The frame of the rerouting signal, and what must be said beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import polars as pl

from provexpo.engine.caveats import scope_texts
from provexpo.engine.coverage import months_list
from provexpo.periods import Window, shift
from provexpo.result import Caveat
from provexpo.signals.rerouting_legs import Leg, Legs
from provexpo.signals.rerouting_windows import Asked
from provexpo.vocab import phrase

# A month counts as preliminary until its figures could be revised: three months after its end.
REVISED_AFTER = 3
LEVELS = ("high", "medium", "low")

# Columns of the core -> those of the frame.
SHOWN = {
    "a_t": "value", "a_b": "base_value", "u_t": "from_hub", "u_b": "base_from_hub",
    "d_t": "from_origin", "d_b": "base_from_origin",
    "a_hat": "expected_to_hub", "u_hat": "expected_from_hub",
    "ea": "excess_to_hub", "eu": "excess_from_hub",
}  # fmt: skip

UNITS = {
    "type": "text", "confidence": "text", "trs": "index", "trs_lo": "index", "trs_hi": "index",
    "n_components": "count", "rv": "currency", "rv_hi": "currency", "rv_strict": "currency",
    "rv_lo11": "currency", "rv_lo39": "currency", "cap": "fraction", "ub": "currency",
    "d_ub": "currency", "ub_share": "fraction", "gl": "fraction", "base_gl": "fraction",
    "cover": "ratio", "value": "currency", "base_value": "currency", "from_hub": "currency",
    "base_from_hub": "currency", "from_origin": "currency", "base_from_origin": "currency",
    "loss": "currency", "expected_to_hub": "currency", "expected_from_hub": "currency",
    "excess_to_hub": "currency", "excess_from_hub": "currency", "theta_a": "ratio",
    "theta_u": "ratio", "theta_source": "text", "sigma_a": "log points", "sigma_u": "log points",
    "z_a": "index", "z_u": "index", "zmin": "index", "placebo_pct": "fraction",
    "g1": "boolean", "g2": "boolean", "g3": "text", "g4": "boolean", "s1": "fraction",
    "s2": "fraction", "s3": "fraction", "s4": "fraction", "s5": "index", "s6": "fraction",
    "iuvr": "ratio", "wedge": "fraction", "concordance": "text", "end_use": "text",
    "new_route": "boolean", "lag": "months", "rank": "count", "status": "text",
    "reason": "text", "lny_flag": "boolean",
}  # fmt: skip


def preliminary(leg: Leg, window: Window) -> bool:
    """True where the newest file of the window's last month is too young to be final."""
    tiles = leg.tiles(window)
    if not tiles:
        return False  # a window that is not covered is missing, whatever its age
    boxes = leg.coverage.by_span[tiles[-1]]
    final = shift(window.last, REVISED_AFTER + 1)
    end = datetime(final // 100, final % 100, 1, tzinfo=UTC)
    return max(b.vintage for b in boxes) < end.timestamp()


def frame_of(scored: pl.DataFrame, legs: Legs, asked: Asked) -> pl.DataFrame:
    """The event's rows that trade on either leg, with status, reason, rank and slot."""
    base, now = asked.pairs[0].base, asked.pairs[0].now
    event = scored.filter(pl.col("pair") == 0)
    amounts = ("a_b", "a_t", "u_b", "u_t")
    traded = pl.any_horizontal((pl.col(c) != 0).fill_null(True) for c in amounts)
    event = event.filter(traded)
    uncovered, lacking = ([
        lag for lag in asked.shifts if legs.market.tiles(w.shifted(lag)) is None
    ] for w in (now, base))  # fmt: skip
    sold = all(legs.origin.tiles(w) is not None for _, w in asked.pairs[0].windows())
    missing = pl.any_horizontal(pl.col(c).is_null() for c in (*amounts, "d_b", "d_t"))
    missing = missing & pl.col("negative").not_()
    status = pl.when(missing).then(pl.lit("missing")).when("negative").then(pl.lit("negative"))
    reason = (
        pl.when(missing.not_()).then(pl.col("score_reason"))
        .when(pl.lit(not sold)).then(pl.lit(None, dtype=pl.String))
        .when(pl.col("lag").is_in(uncovered)).then(pl.lit("market_uncovered"))
        .when(pl.col("lag").is_in(lacking)).then(pl.lit("market_base_uncovered"))
        .otherwise(pl.lit("scope"))
    )  # fmt: skip
    event = event.with_columns(
        status=status.otherwise(pl.lit("ok")), reason=reason,
        slot=pl.lit(now.first, dtype=pl.Int64),
    )  # fmt: skip
    event = _ranked(event).rename({**SHOWN, "hub": "partner", "family": "product"})
    whole = [n for n in SHOWN.values() if "expected" not in n and "excess" not in n]
    whole += ["loss", "ub", "d_ub"]
    return event.with_columns(pl.col(whole).cast(pl.Int64))


def _ranked(event: pl.DataFrame) -> pl.DataFrame:
    """High before medium before low, then by score and value; other rows have no rank."""
    order = pl.col("confidence").replace_strict(
        {level: i for i, level in enumerate(LEVELS)}, default=None, return_dtype=pl.Int64
    )
    event = event.with_columns(_level=order).sort(
        ["_level", "trs", "rv", "hub", "family"],
        descending=[False, True, True, False, False], nulls_last=True,
    )  # fmt: skip
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return event.with_columns(rank=pl.when(pl.col("_level").is_not_null()).then(place)).drop(
        "_level"
    )


def caveats_of(
    legs: Legs, asked: Asked, scored: pl.DataFrame, headline: Mapping[str, object], lang: str,
    asked_level: str,
) -> list[Caveat]:  # fmt: skip
    """What was not known, in the order of what it costs."""
    event = scored.filter(pl.col("pair") == 0)
    found = [Caveat("signal", phrase("rerouting.reading", lang))]
    found += _coverage(legs, asked, lang)
    found += _inputs(legs, event, lang)
    if asked_level != f"HS{legs.level}":
        text = phrase("rerouting.level", lang, level=f"HS{legs.level}")
        found.append(Caveat("level", text))
    found.append(Caveat("lag", _lags(asked, lang)))
    found.append(_placebos(asked, event, lang))
    if headline["excess"] is not None:
        found.append(Caveat("headline", _headline(headline, lang)))
    return found


def _coverage(legs: Legs, asked: Asked, lang: str) -> list[Caveat]:
    found = []
    missing: set[int] = set()
    for lag in asked.shifts:
        for _, window in asked.pairs[0].shifted(lag).windows():
            missing |= set(legs.market.coverage.slot(window).missing_months)
            if legs.market.tiles(window) is None and not missing:
                missing |= set(window.months)
    if missing:
        months = months_list(sorted(missing), lang)
        text = phrase("rerouting.market_missing", lang, months=months, table=legs.market.grain.id)
        found.append(Caveat("missing", text))
    for leg in (legs.origin, legs.market):
        if leg.partners() is not None:
            text = phrase("rerouting.partner_list", lang, table=leg.grain.id)
            found.append(Caveat("scope", text))
    grain = legs.market.grain
    held = scope_texts(legs.market_query, ("partner", "product"), lang)
    if held:
        listed = phrase("join", lang).join(held)
        text = phrase("rerouting.market_scope", lang, table=grain.id, scope=listed)
        found.append(Caveat("scope", text))
    if grain.import_valuation.upper() == "CIF":
        found.append(Caveat("valuation", phrase("rerouting.cif", lang, table=grain.id)))
    if grain.import_system != "general":
        found.append(
            Caveat("valuation", phrase("rerouting.system", lang, system=grain.import_system))
        )
    return found


def _inputs(legs: Legs, event: pl.DataFrame, lang: str) -> list[Caveat]:
    found = []
    if event["wedge"].null_count() == event.height:
        found.append(Caveat("columns", phrase("rerouting.no_tariffs", lang)))
    elif event["wedge"].null_count():
        rows = event["wedge"].null_count()
        found.append(Caveat("columns", phrase("rerouting.some_tariffs", lang), rows))
    found.append(Caveat("end_use", phrase("end_use.approximate", lang)))
    if not legs.exporters:
        found.append(Caveat("columns", phrase("rerouting.no_exporters", lang)))
    if event["qa_t"].null_count() == event.height:
        found.append(Caveat("columns", phrase("rerouting.no_quantities", lang)))
    if event["fallback"].any():
        found.append(Caveat("columns", phrase("rerouting.fallback", lang)))
    if event["preliminary"].any():
        found.append(Caveat("preliminary", phrase("rerouting.preliminary", lang)))
    return found


def _lags(asked: Asked, lang: str) -> str:
    parts = []
    for lag in asked.shifts:
        hubs = [h for h, own in asked.lags.items() if own == lag]
        parts.append(f"{lag} ({', '.join(hubs)})")
    return phrase("rerouting.lags", lang, lags=phrase("list", lang).join(parts))


def _placebos(asked: Asked, event: pl.DataFrame, lang: str) -> Caveat:
    pairs = phrase("list", lang).join(str(p) for p in asked.pairs[1:])
    first = event.head(1).select("n_noise_a", "n_noise_u").rows()
    cells = min(first[0]) if first else 0
    if event["zmin"].null_count() == event.height:
        text = phrase("rerouting.few_placebos", lang, cells=f"{cells:,}", pairs=pairs or "-")
    else:
        text = phrase("rerouting.placebos", lang, cells=f"{cells:,}", pairs=pairs)
    return Caveat("placebo", text)


def _headline(row: Mapping[str, object], lang: str) -> str:
    def points(name: str) -> str:
        value = row[name]
        return f"{100 * value:+.1f}" if isinstance(value, float) else "-"

    shares: Sequence[str] = [f"share_{g}" for g in (
        "treated", "control", "placebo_treated", "placebo_control")]  # fmt: skip
    fields = {n: f"{row[n]:.1%}" if isinstance(row[n], float) else "-" for n in shares}
    text = phrase("rerouting.headline", lang, excess=points("excess"), **fields)
    if row["ci_lo"] is not None:
        text += phrase("rerouting.interval", lang, low=points("ci_lo"), high=points("ci_hi"))
    return text
