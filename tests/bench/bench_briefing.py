"""The sample's full briefing in both languages against drawing its figures with the libraries.

    python tests/bench/bench_briefing.py [ROUNDS]

"By hand" is what the pictures alone cost with the libraries and nothing else: one map a language as
a PNG with geopandas and matplotlib, every panel of the page as an SVG with vl-convert, from
specifications that are already there, and the script bundle. The briefing also computes every
figure, checks the control totals, writes sentences, tables, workbooks and pages. The bar is twice
the time by hand, from a warm start.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
from pathlib import Path
from typing import Any

import geopandas
import matplotlib.pyplot as plt
import vl_convert
from timing import interleaved

import provexpo as pe
from provexpo.briefing.charts.dashboard import dashboard
from provexpo.briefing.figures import Ask, evidence_of, gather
from provexpo.periods import base_window
from provexpo.resources import shape

LANGS = ("en", "zh")


def specifications(trade: pe.Trade) -> list[dict[str, Any]]:
    """Every panel that the pages show, as Vega-Lite."""
    window = trade.latest_window()
    found = []
    for lang in LANGS:
        ask = Ask("US", window, base_window(window, None), "export", "CHN", lang)
        charts = dashboard(gather(trade, ask, evidence_of(trade, lang), lambda _: None), lang)
        assert charts is not None
        found += [charts.panel(name) for name in charts.panels if name != "tiles"]
    return found


def map_by_hand(shares: dict[str, float], path: Path) -> None:
    frame = geopandas.read_file(shape("provinces_full.geojson"))
    frame["share"] = frame["code"].map(shares)
    figure, axis = plt.subplots(figsize=(9, 7))
    frame.plot(column="share", cmap="YlGnBu", ax=axis, legend=True, edgecolor="#999",
               missing_kwds={"color": "#e3e3e3"})  # fmt: skip
    for row in frame.itertuples():
        point = row.geometry.representative_point()
        axis.annotate(row.code, (point.x, point.y), ha="center", fontsize=7)
    axis.set_axis_off()
    figure.savefig(path, dpi=200)
    plt.close(figure)


def main(rounds: int) -> None:
    trade = pe.sample()
    specs = specifications(trade)
    frame = pe.dependence(trade, partner="US").frame
    shares = dict(frame.select("province", "share").iter_rows())

    def by_hand() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for lang in LANGS:
                map_by_hand(shares, Path(folder) / f"map_{lang}.png")
            for spec in specs:
                vl_convert.vegalite_to_svg(spec)
            vl_convert.javascript_bundle()

    def briefing() -> None:
        with tempfile.TemporaryDirectory() as folder:
            pe.brief(trade, lang=LANGS, out=Path(folder) / "out")

    briefing()  # warm: imports, caches, fonts
    by_hand()
    times = interleaved({"briefing": briefing, "by hand": by_hand}, rounds)
    for name, low in times.items():
        print(f"{name:<10} {low:6.2f} s   {low / times['by hand']:5.2f} x by hand")
    profile = cProfile.Profile()
    profile.runcall(briefing)
    pstats.Stats(profile).sort_stats("cumulative").print_stats("provexpo", 25)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
