"""Measure the rerouting signal on planted worlds: one table a question, one row a family.

    python scripts/measure_rerouting.py [--worlds 100] [--first 1] [--families ordinary,stress]
        [--products 800] [--screens 0] [--into docs/rerouting_evidence.md]

Worlds have the seeds from `--first` on, so the same call gives the same tables. `--into` writes
them between the marks `<!-- tables -->` and `<!-- /tables -->` of a page. `--screens N` also loads
N worlds of the family `padding` into stores and measures the screens on them (slow).
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from worlds import FAMILIES  # noqa: E402
from worlds.measure import BINS, LEVELS, Tally, measure, median, over_worlds, wilson  # noqa: E402

OPEN, CLOSE = "<!-- tables -->", "<!-- /tables -->"
WRONG = ("swap", "same_code", "reroute", "honest", "deflection and the hub's own goods",
         "one leg planted", "nothing planted")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--families", default=",".join(f for f in FAMILIES if f != "padding"))
    parser.add_argument("--products", type=int)
    parser.add_argument("--screens", type=int, default=0)
    parser.add_argument("--into", type=Path)
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.worlds)
    tallies = []
    for name in given.families.split(","):
        began = time.perf_counter()
        tallies.append(measure(name, seeds, products=given.products))
        say(f"{name}: {given.worlds} worlds in {time.perf_counter() - began:.0f} s")
    text = tables(tallies, seeds)
    if given.screens:
        from worlds.screens import screen_table

        text += "\n" + screen_table(range(given.first, given.first + given.screens))
    sys.stdout.write(text)
    if given.into:
        write(given.into, text)


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def write(page: Path, text: str) -> None:
    before, _, rest = page.read_text("utf-8").partition(OPEN)
    _, _, after = rest.partition(CLOSE)
    page.write_text(f"{before}{OPEN}\n{text}{CLOSE}{after}", "utf-8")


def tables(tallies: list[Tally], seeds: range) -> str:
    head = f"{len(seeds)} worlds a family, seeds {seeds[0]} to {seeds[-1]}.\n"
    parts = [head, flags(tallies), honest(tallies), calibration(tallies), values(tallies)]
    return "\n".join([*parts, headlines(tallies), mistakes(tallies)])


def table(title: str, columns: str, rows: list[list[str]]) -> str:
    names = [c.strip() for c in columns.split("|")]
    lines = [names, ["---"] * len(names), *rows]
    return f"**{title}**\n\n" + "".join("| " + " | ".join(r) + " |\n" for r in lines)


def part(k: int, n: int) -> str:
    """A share with its interval."""
    if not n:
        return "-"
    low, high = wilson(k, n)
    return f"{k / n:.3f} ({low:.3f}-{high:.3f})"


def drawn(t: Tally, level: str) -> str:
    if not t.n[f"{level}_right"]:
        return "-"
    return "{:.3f}-{:.3f}".format(*over_worlds(t, f"{level}_right", level))


def plain(x: float, digits: int = 2) -> str:
    return "-" if math.isnan(x) else f"{x:.{digits}f}"


def over(a: float, b: float) -> str:
    return plain(a / b if b else math.nan)


def flags(tallies: list[Tally]) -> str:
    rows = []
    for t in tallies:
        n = t.n
        right = n["high_right"], n["flagged_right"]
        recall = [plain(k / n["true"] if n["true"] else math.nan, 3) for k in reversed(right)]
        rows.append(
            [t.family, f"{n['high']}", part(right[0], n["high"]), drawn(t, "high"),
             f"{n['flagged']}", part(right[1], n["flagged"]), drawn(t, "flagged"),
             f"{n['true']}", " / ".join(recall),
             plain(t.share("true_gates", "true"))]
        )  # fmt: skip
    columns = (
        "family | high: n | right | over worlds | medium and above: n | right | over worlds |"
        " planted cells |"
        " recall medium and above / high | planted cells that pass the gates"
    )
    return table("Flags", columns, rows)


def honest(tallies: list[Tally]) -> str:
    rows = []
    for t in tallies:
        n = t.n
        cells = [part(n[f"{k}_flagged"], n[f"{k}_gates"]) for k in ("honest", "quiet", "mixed")]
        raw = part(n["honest_flagged"], n["honest_raw"])
        rows.append([t.family, f"{n['honest_flagged']} of {n['honest_gates']}", cells[0], raw,
                     *cells[1:]])  # fmt: skip
    columns = (
        "family | flagged of honest cells | rate | rate, gates without excess |"
        " nothing planted | honest growth and deflection"
    )
    return table("Honest growth flagged medium or above", columns, rows)


def calibration(tallies: list[Tally]) -> str:
    rows = []
    for t in tallies:
        levels = [f"{plain(t.share(f'{x}_right', x))} ({t.n[x]})" for x in LEVELS]
        bins = [f"{plain(t.share(f'trs_{x}_right', f'trs_{x}'))} ({t.n[f'trs_{x}']})"
                for x in BINS[:-1]]  # fmt: skip
        rows.append([t.family, *levels, *bins])
    bins_text = " | ".join(f"TRS {a}-{min(b, 100)}" for a, b in pairwise(BINS))
    return table(
        "Right share by level and by TRS (cells)",
        f"family | high | medium | low | {bins_text}",
        rows,
    )


def values(tallies: list[Tally]) -> str:
    rows = []
    for t in tallies:
        s, n = t.sums, t.n
        sums = [over(s[f"{x}_rv"], s[f"{x}_true"]) for x in ("high", "medium", "low")]
        rows.append(
            [t.family, *sums, over(s["gates_rv"], s["planted"]), plain(median(t.ratio)),
             plain(t.share("flagged_over_rv", "flagged")), f"{n['gates_over_ub']}",
             plain(t.share("high_under_hi", "high")), plain(t.share("flagged_under_hi", "flagged"))]
        )  # fmt: skip
    columns = (
        "family | sum rv / truth: high | medium | low | all that pass the gates / all planted |"
        " median rv / truth, right flags | truth above rv, flagged | truth above ub, all |"
        " truth up to rv_hi: high | flagged"
    )
    return table("Values", columns, rows)


def headlines(tallies: list[Tally]) -> str:
    rows = [
        [t.family, f"{t.sums['headline'] / t.worlds:.4f}", part(t.n["headline_above"], t.worlds),
         f"{t.sums['headline_g1'] / t.worlds:.4f}", part(t.n["headline_g1_above"], t.worlds)]
        for t in tallies
    ]  # fmt: skip
    return table(
        "Headline: excess flagged share",
        "family | mean | worlds whose interval lies above zero | among products that China lost"
        " sales of (G1): mean | worlds",
        rows,
    )


def mistakes(tallies: list[Tally]) -> str:
    rows = [
        [t.family, f"{sum(t.wrong.values())}", *(f"{t.wrong[w]}" for w in WRONG)] for t in tallies
    ]
    names = [w.replace("reroute", "rerouting below the bound") for w in WRONG]
    return table(
        "Wrong flags, medium and above, by what was planted", "family | all | " + " | ".join(names),
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    main()
