"""The SQL of `offset`: from cells by product to ratios, with each product left out once."""

from __future__ import annotations

from provexpo.engine.cells import shorter
from provexpo.engine.query import Query
from provexpo.engine.steps import CHANGE_STATUS, Step

# Sums of fractions are kept as decimals: exact, and so the same on any number of threads.
_EXACT = "DECIMAL(38, 6)"
_MOVE = "DECIMAL(38, 10)"


def thresholds(query: Query, min_decline: float) -> dict[str, float]:
    """The smallest fall of each slot, pro rata of its months, in the currency of the call."""
    return {
        f"min_decline_{w.first}": query.in_currency(min_decline * w.n_months / 12)
        for w in query.call.slots
    }


def _min_decline(query: Query) -> str:
    cases = " ".join(
        f"WHEN {w.first} THEN CAST($min_decline_{w.first} AS DOUBLE)" for w in query.call.slots
    )
    return f"CASE slot {cases} END"


def _whole(column: str) -> str:
    """The sum of a column, missing where a part of it is."""
    return (
        f"CASE WHEN count(*) = count({column}) THEN CAST(sum({column}) AS BIGINT) END AS {column}"
    )


def steps(query: Query, *, national: bool) -> tuple[Step, ...]:
    """cells -> expected -> totals; sectors -> cushions; without -> drivers; ratios."""
    inner = {k.column: k for k in query.call.inner}
    has_sector = "sector" in inner or any(k.column == "sector" for k in query.call.keys)
    product = inner.get("product")
    chapter = shorter("product", product.level, 2) if product else "0"
    by_product = ", product" if product else ""
    sector = ", sector" if "sector" in inner else ""
    return (
        Step(
            "flows_compared",
            f"""
            SELECT *, value - base_value AS d_us, rest - base_rest AS d_row,
              hub - base_hub AS d_hub, {chapter} >= 98 AS unclassified
            FROM sums
            """,
        ),
        Step(
            "nation",
            f"""
            SELECT {{others}}{by_product},
              CASE WHEN count(*) = count(rest) THEN CAST(sum(rest) AS BIGINT) END AS nation_rest,
              CASE WHEN count(*) = count(base_rest)
                THEN CAST(sum(base_rest) AS BIGINT) END AS nation_base_rest
            FROM sums
            GROUP BY {{others}}{by_product}
            """,
        ),
        # What the nation's growth of the product would have made of the base.
        Step(
            "expected",
            f"""
            SELECT flows_compared.*,
              CASE WHEN nation_base_rest = 0 THEN CAST(base_rest AS {_EXACT})
                ELSE CAST(base_rest * (nation_rest / nullif(nation_base_rest, 0)) AS {_EXACT})
                END AS expected_rest
            FROM flows_compared JOIN nation USING ({{others}}{by_product})
            """,
        ),
        Step(
            "totals",
            f"""
            SELECT {{keys}},
              {_whole("value")}, {_whole("base_value")}, {_whole("base_rest")},
              {_whole("d_us")}, {_whole("d_row")}, {_whole("d_hub")},
              CASE WHEN count(*) = count(d_us)
                THEN CAST(sum(CASE WHEN unclassified THEN 0 ELSE d_us END) AS BIGINT)
                END AS d_us_ex98,
              CASE WHEN count(*) = count(d_row)
                THEN CAST(sum(CASE WHEN unclassified THEN 0 ELSE d_row END) AS BIGINT)
                END AS d_row_ex98,
              CASE WHEN count(*) = count(expected_rest) AND count(*) = count(rest)
                THEN CAST(sum(rest - expected_rest) AS {_EXACT}) END AS d_row_excess
            FROM expected
            GROUP BY {{keys}}
            """,
        ),
        Step(
            "sectors",
            f"""
            SELECT {{keys}}{sector}, {_whole("d_us")}, {_whole("d_row")}
            FROM flows_compared
            GROUP BY {{keys}}{sector}
            """,
        ),
        Step(
            "cushions",
            f"""
            SELECT {{keys}},
              CASE WHEN {"true" if has_sector else "false"} AND count(*) = count(d_us)
                AND count(*) = count(d_row)
                THEN CAST(sum(CASE WHEN d_us < 0 THEN least(greatest(d_row, 0), -d_us) ELSE 0 END)
                  AS BIGINT) END AS made_up,
              CASE WHEN count(*) = count(d_us)
                THEN CAST(sum(CASE WHEN d_us < 0 THEN -d_us ELSE 0 END) AS BIGINT) END AS lost
            FROM sectors
            GROUP BY {{keys}}
            """,
        ),
        *_left_out(product is not None),
        Step("ratios", _ratios(query, national=national)),
        Step("offsets", _FINAL),
    )


def _left_out(has_products: bool) -> tuple[Step, ...]:
    """OR without one product at a time, from the sums: (dR - dR_k) / -(dU - dU_k)."""
    code = "product" if has_products else "CAST(NULL AS BIGINT)"
    keep = "NOT unclassified" if has_products else "false"
    return (
        Step(
            "without",
            f"""
            SELECT {{keys}}, {code} AS left_out,
              totals.d_row / nullif(CAST(-totals.d_us AS DOUBLE), 0) AS whole,
              CASE WHEN totals.d_us - c.d_us < 0
                THEN (totals.d_row - c.d_row) / CAST(c.d_us - totals.d_us AS DOUBLE)
                END AS ratio
            FROM flows_compared AS c JOIN totals USING ({{keys}})
            WHERE totals.d_us < 0 AND {keep}
            """,
        ),
        Step(
            "moves",
            f"""
            SELECT *, CAST(abs(ratio - whole) AS {_MOVE}) AS move,
              row_number() OVER (PARTITION BY {{keys}}
                ORDER BY CAST(abs(ratio - whole) AS {_MOVE}) DESC NULLS LAST, left_out) AS place
            FROM without
            """,
        ),
        Step(
            "drivers",
            f"""
            SELECT {{keys}}, min(ratio) AS or_min, max(ratio) AS or_max,
              count(ratio) AS n_left_out, count(*) - count(ratio) AS n_undefined,
              CASE WHEN count(ratio) > 0
                THEN count(ratio) = count(CASE WHEN sign(ratio) = sign(whole) THEN 1 END)
                END AS or_sign_stable,
              max(CASE WHEN place = 1 AND move > 0 THEN left_out END) AS driver,
              CAST(max(move) AS DOUBLE)
                / nullif(CAST(CAST(sum(move) AS {_MOVE}) AS DOUBLE), 0) AS driver_share
            FROM moves
            GROUP BY {{keys}}
            """,
        ),
    )


def _ratios(query: Query, *, national: bool) -> str:
    excess = "CASE WHEN d_us < 0 THEN CAST(d_row_excess AS DOUBLE) / -d_us END"
    return f"""
        SELECT *, CASE WHEN $partial THEN 'missing' ELSE {CHANGE_STATUS} END AS status,
          CASE WHEN d_us < 0 THEN d_row / CAST(-d_us AS DOUBLE) END AS or_whole,
          CASE WHEN d_us < 0 THEN (d_row - d_hub) / CAST(-d_us AS DOUBLE) END AS or_ex_hubs,
          CASE WHEN d_us_ex98 < 0 THEN d_row_ex98 / CAST(-d_us_ex98 AS DOUBLE) END AS or_ex98,
          {excess if national else "CAST(NULL AS DOUBLE)"} AS or_excess,
          made_up / nullif(CAST(lost AS DOUBLE), 0) AS same_sector,
          CASE WHEN d_us IS NULL OR d_row IS NULL OR $partial THEN 'missing'
            WHEN value < 0 OR base_value < 0 THEN 'missing'
            WHEN d_us >= 0 THEN 'no_us_decline'
            WHEN -d_us < {_min_decline(query)}
              OR -d_us < CAST($min_share AS DOUBLE) * (base_value + base_rest)
              THEN 'small_decline'
            ELSE 'ok' END AS offset_status
        FROM totals JOIN cushions USING ({{keys}}) LEFT JOIN drivers USING ({{keys}})
        """


_FINAL = """
    SELECT {keys}, value, base_value, d_us,
      CASE WHEN NOT $partial THEN d_row END AS d_row,
      CASE WHEN falls THEN or_whole END AS offset_ratio,
      CASE WHEN falls THEN or_excess END AS offset_excess,
      CASE WHEN falls THEN or_ex_hubs END AS offset_ex_hubs,
      CASE WHEN offset_status <> 'missing' AND $has_products THEN or_ex98 END AS offset_ex98,
      CASE WHEN falls THEN least(greatest(or_whole, 0), 1) END AS cushion,
      CASE WHEN offset_status <> 'missing' THEN same_sector END AS c_index,
      CASE WHEN falls THEN least(or_whole, 1) - same_sector END AS realloc,
      CASE WHEN falls THEN or_min END AS or_min,
      CASE WHEN falls THEN or_max END AS or_max,
      CASE WHEN falls THEN or_sign_stable END AS or_sign_stable,
      CASE WHEN falls THEN driver END AS driver,
      CASE WHEN falls THEN driver_share END AS driver_share,
      CASE WHEN falls THEN driver_share > 0.5 END AS single_driver,
      CASE WHEN falls THEN n_left_out END AS n_left_out,
      CASE WHEN falls THEN n_undefined END AS n_undefined,
      offset_status,
      CASE WHEN offset_status = 'ok'
        THEN rank() OVER (PARTITION BY slot, offset_status = 'ok'
          ORDER BY or_whole DESC NULLS LAST) END AS rank,
      status,
      CASE WHEN offset_status = 'missing' AND status = 'negative' THEN 'negative' END AS reason,
      -- what the row's own growth before the window is set against
      CASE WHEN falls THEN d_us END AS fall, base_rest
    FROM (SELECT *, offset_status IN ('ok', 'small_decline') AS falls FROM ratios) AS judged
    """
