"""Every name on a map can be read: contrast computed here from WCAG 2, not by the library."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib.colors import to_rgba

from provexpo.maps.choropleth import choropleth
from provexpo.maps.classes import NEUTRAL, ORANGES, PURPLES, YLGNBU
from provexpo.maps.lettering import ink_on
from provexpo.maps.regions import province_codes
from provexpo.result import Result

Make = Callable[..., Result]
RGB = tuple[float, ...]


def luminance(rgb: RGB) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb[:3]]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: RGB, other: RGB) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(top: RGB, below: RGB, alpha: float) -> RGB:
    return tuple(a * alpha + b * (1 - alpha) for a, b in zip(top[:3], below[:3], strict=True))


@pytest.mark.parametrize("colour", [*YLGNBU, *ORANGES, NEUTRAL, *PURPLES, "#c9c9c9", "#ececec"])
def test_one_ink_is_readable_on_every_colour_alone(colour: str) -> None:
    ink, chip = ink_on([colour])
    assert not chip
    assert contrast(to_rgba(ink), to_rgba(colour)) >= 4.5


def test_light_and_dark_together_need_a_chip() -> None:
    assert ink_on(["#ffffcc", "#253494"]) == ("#000000", True)


@pytest.mark.parametrize("metric", ["dependence", "growth"])
@pytest.mark.parametrize("style", ["map", "tiles"])
@pytest.mark.parametrize("illustrative", [False, True])
def test_names_stand_out_from_their_region(
    result: Make, metric: str, style: str, illustrative: bool
) -> None:
    column, first, step = ("share", 0.0, 0.01) if metric == "dependence" else ("pct", -0.45, 0.03)
    values = {code: first + step * i for i, code in enumerate(province_codes())}
    made = result(metric, column, values, illustrative=illustrative)
    figure = choropleth(made, style=style)._figure()
    fills = {
        patch.get_gid()[-2:]: patch.get_facecolor()
        for axes in figure.axes
        for patch in axes.patches
        if (patch.get_gid() or "").startswith("region-")
    }
    checked = 0
    for axes in figure.axes:
        for text in axes.texts:
            gid = text.get_gid() or ""
            if not gid.startswith("label-"):
                continue
            ground: RGB = fills[gid[-2:]]
            if illustrative:
                ground = over((0.0, 0.0, 0.0), ground, 0.06)  # under the watermark
            if (chip := text.get_bbox_patch()) is not None:
                ground = over(chip.get_facecolor(), ground, chip.get_facecolor()[3])
            assert contrast(to_rgba(text.get_color()), ground) >= 4.5, text.get_text()
            checked += 1
    assert checked == 34


def test_small_print_is_readable_on_white(result: Make, shares: dict[str, float]) -> None:
    figure = choropleth(result("dependence", "share", shares, illustrative=True))._figure()
    texts = [
        text for axes in figure.axes for text in axes.texts
        if not (text.get_gid() or "").startswith("label-") and text.get_alpha() is None
    ]  # fmt: skip
    assert len(texts) > 8
    for text in texts:
        assert contrast(to_rgba(text.get_color()), (1.0, 1.0, 1.0)) >= 4.5, text.get_text()
