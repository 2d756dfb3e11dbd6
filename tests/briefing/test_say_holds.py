"""Sentences whose figures must hold together as a reader puts them together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import provexpo as pe
from provexpo.output import formats


def test_a_tariff_exposure_is_no_false_product(sample: pe.Trade) -> None:
    """The share holds chapters 98 and 99 and the average tariff does not: no equals sign."""
    r = pe.tariff_exposure(sample, during="2025-01/2025-06", against="2024")
    for lang in ("en", "zh"):
        text = pe.say(r, lang)
        assert "×" not in text and "=" not in text and "＝" not in text
        assert "98" in text and formats.percent(r.frame["te"][0], lang) in text


def test_a_run_that_goes_on_is_not_ended(sample: pe.Trade) -> None:
    r = pe.records(sample, partner="US", during="2025-04/2025-08")
    assert r.frame["streak"][-1] == 5
    assert "up to Aug 2025 a run of 5" in pe.say(r) and "ends" not in pe.say(r)


def test_what_concentration_leaves_out_is_said(sample: pe.Trade) -> None:
    for over in ("partner", "product"):
        r = pe.concentration(sample, over=over, during="2025-01/2025-06", by=[])
        text = pe.say(r)
        assert formats.percent(r.frame["share_unknown"].item(), "en") in text
        assert "markets" not in text


def test_few_places_are_no_relation(make_store: Callable[..., Path]) -> None:
    rows = [
        {"province": p, "partner": j, "period": m, "value": v}
        for p, base, now in (("44", 50, 40), ("35", 30, 27), ("14", 20, 10))
        for m, v, rest in ((202401, base, 50), (202501, now, 60))
        for j, v in (("USA", v * 10**8), ("VNM", rest * 10**8))
    ]
    spans = [(y * 100 + m, 1) for y in (2023, 2024, 2025) for m in range(1, 13)]
    r = pe.exposure_response(pe.open(make_store(rows, spans=spans)), during="2025-01")
    text = pe.say(r)
    assert "Too few places" in text and "n/a" not in text and "without" not in text
    assert "点数过少" in pe.say(r, "zh")


def test_the_window_of_the_weights_is_named(sample: pe.Trade) -> None:
    r = pe.tariff_exposure(sample, during="2025-01/2025-06", against="2024")
    assert "against 2024" in pe.say(r)
