"""What every metric does with partial lists, coarser tables, and words that are wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import provexpo as pe
from provexpo.cli import main
from provexpo.errors import CallError, CoverageError, ProvexpoError
from provexpo.metrics import METRICS

Ask = Callable[..., pe.Result]
Panel = Callable[..., pe.Trade]
Row = dict[str, Any]
OTHERS = ("province", "partner", "product", "regime")


def texts(result: pe.Result, code: str) -> str:
    return " ".join(c.text for c in result.caveats if c.code == code)


def empty(result: pe.Result, columns: tuple[str, ...]) -> bool:
    return all(result.frame[c].null_count() == result.frame.height for c in columns)


# Lists of what the files hold


@pytest.mark.parametrize("metric", METRICS)
def test_a_list_taken_from_the_file_adds_the_caveat_and_nothing_more(
    panel: Panel, ask: Ask, metric: str
) -> None:
    listed = ask(panel("listed", declared=("province", "partner", "regime")), metric)
    assert listed.frame.equals(ask(panel(), metric).frame)
    for text in (texts(listed, "scope"), listed.title, " ".join(listed.receipt.scope)):
        assert "64039900, 85171300, 85177930, 94016110, 98040000 only" in text


def of(dimension: str, *codes: str) -> dict[str, Any]:
    """The options of a store whose files were declared to hold these codes only."""
    return {
        "change": lambda rows: [r for r in rows if r[dimension] in codes],
        "listed": {dimension: codes},
        "declared": tuple(d for d in OTHERS if d != dimension),
    }


# What divides by, or is a part of, a sum over all partners.
OVER_PARTNERS: dict[str, tuple[str, ...]] = {
    "dependence": ("share", "base_share", "delta_share_pp", "nation_share", "lq", "rsca"),
    "dependence_change": ("share", "base_share", "us_effect_pp", "row_effect_pp"),
    "concentration": ("hhi", "hhi_norm", "n1", "n2", "theil", "cr1", "cr3", "base_hhi", "n"),
    "contribution": ("pp", "share_of_change", "base_share", "total", "base_total"),
    "tariff_exposure": ("te", "us_share", "total"),
    "offset": ("offset_ratio", "offset_excess", "cushion", "c_index", "or_min", "d_row"),
    "exposure_response": ("r", "rho", "slope", "r_w"),
    "decline": ("contribution_pp",),
}


@pytest.mark.parametrize("metric", METRICS)
def test_a_declared_partial_list_of_partners(panel: Panel, ask: Ask, metric: str) -> None:
    trade = panel("partial partners", **of("partner", "USA", "VNM"))
    result = ask(trade, metric)
    if metric not in OVER_PARTNERS:
        assert "missing" not in set(result.frame["status"])
        # Sums over all partners say so; what is sold to one partner is all there.
        told = "partners: USA, VNM only" in texts(result, "scope")
        assert told == (metric not in ("balance", "gdp_exposure", "predicted_growth"))
        return
    assert empty(result, OVER_PARTNERS[metric])
    assert "declared to hold, some partners only" in texts(result, "scope")
    if metric != "decline":  # whose other columns are of exports to the partner
        assert set(result.frame["status"]) == {"missing"}
        assert set(result.frame["reason"]) <= {"scope", "exposure_scope"}


# What compares with the sum of all provinces.
OVER_PROVINCES: dict[str, tuple[str, ...]] = {
    "dependence": ("national_share", "cum_national_share", "nation_share", "lq", "rsca"),
    "shift_share": ("ns", "im", "rs", "ce", "ae"),
    "market_share_analysis": ("growth_eff", "product_eff", "market_eff", "comp_eff"),
    "margins": ("em", "im", "national_share"),
    "gdp_exposure": ("nation_e", "mean_e"),
    "offset": ("offset_excess",),
    "decline": ("g_national", "rel"),
    "predicted_growth": ("predicted", "gap"),
}


@pytest.mark.parametrize("metric", METRICS)
def test_a_declared_partial_list_of_provinces(panel: Panel, ask: Ask, metric: str) -> None:
    result = ask(panel("partial provinces", **of("province", "44", "35")), metric)
    assert set(result.frame["status"]) == {"missing" if metric == "exposure_response" else "ok"}
    if metric in OVER_PROVINCES:
        assert empty(result, OVER_PROVINCES[metric])
        assert "compare with the nation are NULL" in texts(result, "scope")
    elif "province" not in result.frame.columns and metric != "exposure_response":
        assert "provinces: 35, 44 only" in texts(result, "scope")


@pytest.mark.parametrize(
    ("dimension", "codes", "by"),
    [
        ("partner", ("USA", "VNM"), "partner"),
        ("partner", ("USA", "VNM"), ["province", "partner_group:continent"]),
        ("province", ("44", "35"), "province"),
        ("province", ("44", "35"), ["month", "region"]),
    ],
)
def test_value_has_no_share_of_a_declared_partial_list(
    panel: Panel, ask: Ask, dimension: str, codes: tuple[str, ...], by: Any
) -> None:
    trade = panel(f"partial {dimension}s", **of(dimension, *codes))
    result = ask(trade, "value", by=by)
    assert empty(result, ("share",)) and set(result.frame["reason"]) == {"scope"}
    assert set(result.frame["status"]) == {"ok"} and result.frame["value"].null_count() == 0
    assert f"some {dimension}s only" in texts(result, "scope")


def test_value_has_a_share_of_what_is_selected_and_held(panel: Panel, ask: Ask) -> None:
    trade = panel("partial partners", **of("partner", "USA", "VNM"))
    named = ask(trade, "value", by="partner", partner="US, Vietnam")
    whole = ask(panel(), "value", by="partner", partner="US, Vietnam")
    assert named.frame.equals(whole.frame) and named.frame["share"].sum() == pytest.approx(1)
    other = ask(trade, "value", by="province")  # of the two partners, which the caveat tells
    assert other.frame["share"].sum() == pytest.approx(1)


def test_concentration_over_what_is_selected_and_held(panel: Panel, ask: Ask) -> None:
    trade = panel("partial partners", **of("partner", "USA", "VNM"))
    named = ask(trade, "concentration", partner="US, Vietnam")
    assert named.frame.equals(ask(panel(), "concentration", partner="US, Vietnam").frame)
    assert set(named.frame["status"]) == {"ok"}


# Tables that are not broken down by something


def summed_over(*dimensions: str) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        out: dict[tuple[Any, ...], Row] = {}
        for r in rows:
            kept = {k: v for k, v in r.items() if k not in dimensions}
            key = tuple(v for k, v in kept.items() if k not in ("value", "quantity"))
            if key in out:
                out[key]["value"] += r["value"]
                out[key]["quantity"] += r["quantity"]
            else:
                out[key] = kept
        return list(out.values())

    return change


NEEDS = {
    "product": (
        "shift_share", "market_share_analysis", "margins", "price_quantity", "tariff_exposure",
        "predicted_growth",
    ),
    "partner": (
        "dependence", "concentration", "dependence_change", "market_share_analysis", "margins",
        "gdp_exposure", "tariff_exposure", "offset", "exposure_response", "decline",
        "predicted_growth",
    ),
    "province": ("breadth", "exposure_response", "predicted_growth"),
}  # fmt: skip
EMPTY = {
    ("product", "dependence"): ("share_ex98", "share_unclassified"),
    ("product", "offset"): ("c_index", "offset_ex98", "driver", "or_min", "or_max"),
    ("product", "decline"): ("declining", "breadth"),
    ("province", "offset"): ("offset_excess",),
}


@pytest.mark.parametrize("dimension", NEEDS)
@pytest.mark.parametrize("metric", METRICS)
def test_a_table_that_is_not_broken_down(
    panel: Panel, ask: Ask, metric: str, dimension: str
) -> None:
    trade = panel(f"no {dimension}", summed_over(dimension))
    if metric in NEEDS[dimension]:
        with pytest.raises(CoverageError, match=dimension) as err:
            ask(trade, metric)
        assert err.value.expected and err.value.do
        return
    result = ask(trade, metric)
    whole = ask(panel(), metric)
    if (dimension, metric) in EMPTY:
        assert empty(result, EMPTY[dimension, metric])
        assert "NULL" in texts(result, "columns")
    gone = [k for k in ("province", "partner", "product", "sector") if k in whole.frame.columns]
    if dimension in gone or (dimension == "product" and "sector" in gone):
        assert result.frame.height and dimension not in result.frame.columns
        assert "one national row" in texts(result, "by")
        return
    assert result.frame.height == whole.frame.height
    if "value" in result.frame.columns:
        # Sums over what the table does not tell apart are those of the finer table.
        assert result.frame["value"].equals(whole.frame["value"])


# Words that are wrong

NAN = float("nan")
COMMON: list[Row] = [
    {"province": "Atlantis"}, {"partner": "Atlantis"}, {"product": "zzz"}, {"product": 8517},
    {"regime": "zzz"}, {"province": 5}, {"by": "planet"}, {"by": ["province", "province"]},
    {"by": ["month", "year"]}, {"by": 7}, {"during": "2024-13"}, {"during": "soon"},
    {"during": "2024-07/2024-03"}, {"flow": "sideways"}, {"currency": "GBP"},
    {"currency": "dollars"}, {"table": "none"}, {"lang": "fr"}, {"reporter": "XXX"},
    {"min_base": -1}, {"min_base": "much"}, {"min_base": NAN}, {"min_base": True},
    {"measure": "weight"}, {"level": "HS3"}, {"level": "partner"}, {"level": 3},
]  # fmt: skip
UNEQUAL: list[Row] = [
    {"against": "2023-01/2023-02"}, {"against": "2023-04/2023-08"}, {"against": "2023"},
]  # fmt: skip
OWN: dict[str, list[Row]] = {
    "value": [{"measure": "balance", "flow": "import"}],
    "growth": [{"kind": "qoq"}, {"kind": None}, {"kind": "cagr", "against": "2024-03/2024-07"},
               {"kind": "mom", "against": "2023-03/2023-07"}],
    "dependence": [{"partner": None}, {"by": "partner"}],
    "breadth": [{"over": "planet"}, {"over": "month"}, {"over": None}, {"column": "share"},
                {"below": 0.5}, {"of": 3}, {"of": "growth"}, {"over": "partner", "by": "partner"}],
    "contribution": [{"min_change": -1}, {"min_change": "x"}, {"min_change": NAN},
                     {"by": "region", "province": "44"}],
    "concentration": [{"over": "province"}, {"over": None}, {"n": "some"}, {"n": 3},
                      {"by": "partner"}, {"over": "product", "by": "product:HS4"}],
    "dependence_change": [{"partner": None}, {"by": "partner"}],
    "records": [{"min_history": -1}, {"min_history": 1.5}, {"min_history": "x"},
                {"min_history": True}, {"by": "quarter"}],
    "revisions": [{"by": "sector"}, {"by": "partner_group:continent"}],
    "shift_share": [{"by": "product:HS4", "level": "HS2"}],
    "market_share_analysis": [{"reference": "world"}, {"reference": None}],
    "margins": [{"min_variety": -1}, {"min_variety": "x"}, {"min_variety": NAN},
                {"min_variety": True}, {"robust": "yes"}, {"by": "product:HS2"}],
    "price_quantity": [{"level": "HS2"}, {"level": "sector"}, {"flow": "total"},
                       {"by": "product:HS2"}],
    "seasonal": [{"smoother": 4}, {"smoother": 8}, {"smoother": "x"}, {"smoother": 7.5},
                 {"smoother": True}, {"robust": "x"}, {"by": "quarter"}, {"by": "year"},
                 {"during": "1999-01/2024-07"}],
    "gdp_exposure": [{"dva_share": 2}, {"dva_share": -0.1}, {"dva_share": "x"},
                     {"dva_share": {"planet": 0.5}}, {"during": "2024-03/2024-07"},
                     {"currency": "USD"}, {"by": "month"}],
    "tariff_exposure": [{"partner": "EU"}, {"partner": None}, {"partner": "not US"},
                        {"partner": "Germany"}, {"flow": "total"}, {"kind": "x"},
                        {"programme": "x"}, {"agg": "mean"}, {"by": "month"}, {"by": "partner"},
                        {"by": "product:HS6"}],
    "offset": [{"hubs": "Atlantis"}, {"hubs": "not US"}, {"excess": "x"}, {"min_decline": -1},
               {"min_decline": "x"}, {"min_decline": NAN}, {"min_decline_share": -1},
               {"min_decline_share": True}, {"by": "partner"}],
    "exposure_response": [{"exposure": "soon"}, {"partner": None}],
    "decline": [{"event": "2024"}, {"event": "soon"}, {"max_pct": 1}, {"max_pct": "x"},
                {"max_pct": NAN}, {"min_breadth": 2}, {"rank_by": "x"}, {"rank_by": None}],
    "predicted_growth": [{"by": "partner"}, {"by": []}, {"partner": None}, {"min_others": -1},
                         {"min_others": NAN}],
}  # fmt: skip


@pytest.mark.parametrize("metric", METRICS)
def test_wrong_words_are_refused_with_what_to_do(
    panel: Panel, ask: Ask, options: Callable[[str], set[str]], metric: str
) -> None:
    trade, known = panel(), options(metric)
    wrong = [*COMMON, *(UNEQUAL if metric != "tariff_exposure" else []), *OWN.get(metric, [])]
    for words in wrong:
        if not set(words) <= known:
            continue
        with pytest.raises(ProvexpoError) as err:
            ask(trade, metric, **words)
        assert err.value.expected or err.value.do, words


@pytest.mark.parametrize("metric", METRICS)
def test_windows_that_nothing_covers_are_missing(panel: Panel, ask: Ask, metric: str) -> None:
    if metric == "seasonal":
        return  # its table of holidays ends
    if metric == "tariff_exposure":
        result = ask(panel(), metric, during="2031-01/2031-03", against="2030-01/2030-03")
    else:
        result = ask(panel(), metric, during="2031" if metric == "gdp_exposure" else "2031Q1")
    assert set(result.frame["status"]) == {"missing"} and result.frame.height
    assert set(result.frame["reason"]) == {"uncovered"}
    if "value" in result.frame.columns:
        assert empty(result, ("value",))


def test_a_metric_has_only_its_own_options(panel: Panel, ask: Ask) -> None:
    for metric in METRICS:
        with pytest.raises(TypeError):
            ask(panel(), metric, colour="red")


# The command line


def cli(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["provexpo", *words])
    with pytest.raises(SystemExit) as done:
        main()
    return int(done.value.code or 0)


@pytest.mark.parametrize("metric", METRICS)
def test_the_command_line_answers_a_gap_with_zero(
    panel: Panel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    metric: str,
) -> None:
    trade = panel("no 2023-05", lambda rows: [r for r in rows if r["period"] != 202305])
    store = str(trade.snapshot.place)
    during = {"gdp_exposure": "2023", "seasonal": "2021-01/2024-07"}.get(metric, "2023-03/2023-07")
    window = ["--during", during]
    if metric == "tariff_exposure":
        window = ["--during", "2024-03/2024-07"]
    assert cli(monkeypatch, "run", metric, store, *window, "--format", "csv") == 0
    out = capsys.readouterr().out
    frame = pl.read_csv(out.encode(), comment_prefix="#")
    assert "missing" in set(frame["status"])


@pytest.mark.parametrize("metric", METRICS)
def test_the_command_line_refuses_with_two(
    panel: Panel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    metric: str,
) -> None:
    store = str(panel().snapshot.place)
    for words in (("--bogus", "1"), ("--partner", "Atlantis"), ("--during", "soon")):
        assert cli(monkeypatch, "run", metric, store, *words) == 2
        err = capsys.readouterr().err
        assert "error: " in err and "Traceback" not in err
        assert words[0] in err or words[1] in err


def test_what_call_errors_say(panel: Panel, ask: Ask) -> None:
    with pytest.raises(CallError) as err:
        ask(panel(), "value", by="provinces")
    assert "province" in str(err.value.do)
