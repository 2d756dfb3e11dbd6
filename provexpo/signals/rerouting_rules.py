"""Gates, components, values, types and confidence of the rerouting signal (methods 4.2-4.3).

Expressions over the frame that `rerouting_core.score` makes. All cut-offs are house conventions.
"""

from __future__ import annotations

import math

import polars as pl

SMALL_WEDGE = 0.05
BAND = math.log(4 / 3)  # 1 / (1 - 0.25): the value-added rule of the EU's Article 13
FULL_Z = 4.0
Z_FLAG = 2.0
S1_HIGH, S1_MEDIUM = 2 / 3, 0.4
S6_LEAST, S4_LEAST = 0.3, 0.5
TRS_HIGH = 80.0
COVER_LEAST, COVER_STRICT = 0.25, 0.75
RATIO_LEAST = 0.4  # of the two excesses, for a value to be named
RANGE_Z = 1.64
FIRM_PARTS = {"rv_lo11": 0.11, "rv_lo39": 0.39}
FINAL_USES = ("consumption", "capital")
SLACK = 1e-12
COMPONENTS = ("s1", "s2", "s3", "s4", "s6")

_NULL = pl.lit(None, dtype=pl.Float64)


def c(name: str) -> pl.Expr:
    return pl.col(name)


def judged(table: pl.DataFrame, min_value: float) -> pl.DataFrame:
    """Every figure that follows from the excesses and their z."""
    table = table.with_columns(
        loss=c("d_b") - c("d_t"),
        cover=pl.when((c("u_t") > 0) & c("negative").not_()).then(c("a_t") / c("u_t")),
        new_route=(c("a_b") == 0) & (c("a_t") > 0),
        theta_source=_theta_source(),
        _excess=pl.when(c("ea").is_not_null() & c("eu").is_not_null()).then(
            pl.min_horizontal("ea", "eu")
        ),
    )
    table = table.with_columns(_gates(min_value)).with_columns(gates=_all_gates())
    table = table.with_columns(_components()).with_columns(_bounds())
    table = _with_score(table)
    table = table.with_columns(_type()).with_columns(_values()).with_columns(_strict())
    table = _capped(table)
    table = table.with_columns(confidence=_confidence(), pattern=_pattern())
    return table.with_columns(score_reason=_reason()).drop(
        "_source_a", "_source_u", "_source_v", "_excess"
    )


def _theta_source() -> pl.Expr:
    """The weaker of the two legs'."""
    order = pl.lit(None, dtype=pl.String)
    for name in ("controls", "all", "none", "given"):
        hit = (c("_source_a") == name) | (c("_source_u") == name)
        order = pl.when(hit).then(pl.lit(name)).otherwise(order)
    return order


def _gates(min_value: float) -> list[pl.Expr]:
    grown = (c("a_t") > c("a_b")) & (c("u_t") > c("u_b")) & (c("ea") > 0) & (c("eu") > 0)
    fair = c("negative").not_()
    wedge = pl.when(c("wedge") >= SMALL_WEDGE - SLACK).then(pl.lit("yes"))
    return [
        pl.when(fair).then((c("loss") > 0) & (c("loss") >= min_value)).alias("g1"),
        pl.when(fair).then(grown).alias("g2"),
        wedge.when(c("wedge").is_not_null()).then(pl.lit("no")).otherwise(pl.lit("unknown"))
        .alias("g3"),
        (_smaller("a_t", "u_t") >= min_value).alias("g4"),
    ]  # fmt: skip


def _pass() -> pl.Expr:
    """The gates without the tariff, which control products cannot pass."""
    return c("g1") & c("g2") & c("g4")


def _all_gates() -> pl.Expr:
    """NULL where an amount of the event itself is missing, whatever the other gates say."""
    return pl.when(_complete()).then(_pass() & (c("g3") != "no"))


def _complete() -> pl.Expr:
    known = pl.all_horizontal(c(f"{leg}_{w}").is_not_null() for leg in "aud" for w in "bt")
    return known & c("negative").not_()


def _components() -> list[pl.Expr]:
    da, du = c("a_t") - c("a_b"), c("u_t") - c("u_b")
    dqa, dqu = c("qa_t") - c("qa_b"), c("qu_t") - c("qu_b")
    measured = dqa.is_not_null() & dqu.is_not_null() & (da > 0) & (du > 0)
    iuvr = pl.when(measured & (dqa > 0) & (dqu > 0)).then((du / dqu) / (da / dqa))
    excesses = c("ea").is_not_null() & c("eu").is_not_null()
    larger = pl.max_horizontal("ea", "eu")
    s1 = pl.when(excesses & (larger > 0)).then((c("_excess") / larger).clip(0, 1))
    elsewhere = (pl.when(c("x_v") > 0).then(c("x_v")).when(c("x_v").is_not_null()).then(0.0)) / (
        pl.when(c("x_u") > 0).then(c("x_u"))
    )
    s6 = pl.when(measured & ((dqa <= 0) | (dqu <= 0))).then(0.0)
    return [
        s1.alias("s1"),
        (c("z_a") / FULL_Z).clip(0, 1).alias("s2"),
        (c("z_u") / FULL_Z).clip(0, 1).alias("s3"),
        (1 - elsewhere.clip(0, 1)).alias("s4"),
        iuvr.alias("iuvr"),
        s6.otherwise((1 - iuvr.log().abs() / BAND).clip(0, 1)).alias("s6"),
    ]


def _smaller(a: str, u: str) -> pl.Expr:
    known = c(a).is_not_null() & c(u).is_not_null() & c("negative").not_()
    return pl.when(known).then(pl.min_horizontal(a, u))


def _overlap(a: str, u: str) -> pl.Expr:
    """The Grubel-Lloyd overlap: 1 where as much leaves the hub for the market as enters it."""
    total = c(a) + c(u)
    return pl.when(total > 0).then(2 * _smaller(a, u) / total)


def _bounds() -> list[pl.Expr]:
    ub, before = _smaller("a_t", "u_t"), _smaller("a_b", "u_b")
    return [
        ub.alias("ub"),
        (ub - before).alias("d_ub"),
        pl.when(c("u_t") > 0).then(ub / c("u_t")).alias("ub_share"),
        _overlap("a_t", "u_t").alias("gl"),
        _overlap("a_b", "u_b").alias("base_gl"),
    ]


def _with_score(table: pl.DataFrame) -> pl.DataFrame:
    """TRS over the components there are, and its range leaving out one at a time."""
    held = [c(s).is_not_null() for s in COMPONENTS]
    table = table.with_columns(
        n_components=pl.sum_horizontal(h.cast(pl.Int64) for h in held),
        _total=pl.sum_horizontal(c(s).fill_null(0.0) for s in COMPONENTS),
    )
    scored = c("gates") & c("zmin").is_not_null()
    n = c("n_components")
    without = [(c("_total") - c(s)) / (n - 1) * 100 for s in COMPONENTS]
    return table.with_columns(
        trs=pl.when(scored).then(c("_total") / n * 100),
        trs_lo=pl.when(scored & (n > 1)).then(pl.min_horizontal(without)),
        trs_hi=pl.when(scored & (n > 1)).then(pl.max_horizontal(without)),
        n_components=pl.when(scored).then(n),
    ).drop("_total")


def _balanced() -> pl.Expr:
    """The first leg carries enough of the second to be its source."""
    return (c("ea") >= RATIO_LEAST * c("eu")) & (c("cover") >= COVER_LEAST)


def _type() -> pl.Expr:
    da, du, dd = (c(f"{leg}_t") - c(f"{leg}_b") for leg in ("a", "u", "d"))
    both, neither = (c("ea") > 0) & (c("eu") > 0), (c("ea") <= 0) & (c("eu") <= 0)
    known = c("ea").is_not_null() & c("eu").is_not_null() & c("g1")
    return (
        pl.when(c("g1").not_() & (dd >= 0) & (da > 0) & (du > 0)).then(pl.lit("common_growth"))
        .when(c("g1").not_() & da.is_not_null() & du.is_not_null())
        .then(pl.lit("no_china_decline"))
        .when(known & both & _balanced()).then(pl.lit("rerouting_candidate"))
        .when(known & both).then(pl.lit("relocation_candidate"))
        .when(known & (c("eu") > 0)).then(pl.lit("diversion_to_hub_supplier"))
        .when(known & (c("ea") > 0)).then(pl.lit("deflection_to_hub"))
        .when(known & neither & (da <= 0) & (du <= 0)).then(pl.lit("contraction"))
        .when(known & neither).then(pl.lit("no_excess"))
        .alias("type")
    )  # fmt: skip


def _values() -> list[pl.Expr]:
    """What the excess comes to if it is rerouting, and the most that noise allows."""
    named = c("gates") & _balanced()
    value = pl.when(named).then(pl.min_horizontal("_excess", "loss")).when(named.not_()).then(0.0)
    rv = pl.when(c("gates").is_not_null()).then(value)
    far = [c(f"{g}_t") - c(f"{g}_hat") * (-RANGE_Z * c(f"sigma_{g}")).exp() for g in ("a", "u")]
    known = c("gates") & c("sigma_a").is_not_null() & c("sigma_u").is_not_null()
    return [
        rv.alias("rv"),
        pl.when(known).then(pl.min_horizontal(c("ub"), *far)).alias("rv_hi"),
    ]


def _strict() -> list[pl.Expr]:
    strict = (c("cover") >= COVER_STRICT) & (c("s4") >= S4_LEAST)
    rv = pl.when(c("s4").is_not_null()).then(pl.when(strict).then(c("rv")).otherwise(0.0))
    return [pl.when(c("rv").is_not_null()).then(rv).alias("rv_strict")]


def _capped(table: pl.DataFrame) -> pl.DataFrame:
    """All hubs together cannot reroute more than the origin lost. Hubs with different lags see
    slightly different losses: the smallest of those that carry a value counts."""
    group = ["pair", "family"]
    total = c("rv").sum().over(group)
    loss = pl.when(c("rv") > 0).then(c("loss")).min().over(group)
    cap = pl.when(total > loss).then(loss / total).otherwise(1.0)
    table = table.with_columns(cap=pl.when(c("rv").is_not_null()).then(cap))
    table = table.with_columns(c("rv") * c("cap"), c("rv_strict") * c("cap"))
    return table.with_columns((c("rv") * part).alias(n) for n, part in FIRM_PARTS.items())


def _medium() -> pl.Expr:
    """The conditions of medium that do not need a tariff."""
    return (
        (c("zmin") >= Z_FLAG) & (c("s1") >= S1_MEDIUM)
        & (c("s6") >= S6_LEAST).fill_null(True) & (c("s4") >= S4_LEAST).fill_null(True)
        & (c("_excess") <= c("loss")) & (c("concordance").fill_null("1:1") != "n:m")
    ).fill_null(False)  # fmt: skip


def _confidence() -> pl.Expr:
    """The first level whose conditions hold; what is not known never makes one hold."""
    high = (
        _medium() & (c("s1") >= S1_HIGH) & (c("s6") >= S6_LEAST) & (c("trs") >= TRS_HIGH)
        & (c("concordance").fill_null("1:1") == "1:1") & c("end_use").is_in(FINAL_USES)
        & c("preliminary").fill_null(True).not_()
    ).fill_null(False)  # fmt: skip
    verified = c("g3") == "yes"
    return (
        pl.when(c("gates") & verified & high).then(pl.lit("high"))
        .when(c("gates") & verified & _medium()).then(pl.lit("medium"))
        .when(c("gates")).then(pl.lit("low"))
        .when(c("gates").not_()).then(pl.lit("none"))
    )  # fmt: skip


def _pattern() -> pl.Expr:
    known = c("zmin").is_not_null() & _pass().is_not_null()
    return pl.when(known).then(_pass() & _medium())


def _reason() -> pl.Expr:
    """Why a row has no score although no gate says so."""
    lacking = c("ea").is_null() | c("eu").is_null()
    known = _complete()
    return (
        pl.when(c("negative")).then(pl.lit("negative"))
        .when(known & lacking).then(pl.lit("no_reference"))
        .when(known & c("zmin").is_null()).then(pl.lit("few_placebos"))
    )  # fmt: skip
