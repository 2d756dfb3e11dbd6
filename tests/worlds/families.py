"""The families of worlds: one table of parameter ranges.

Every world draws its own value of each range, then its cells draw theirs. The ranges were written
before the signal was run on any of them and are not to be changed to make a figure look better;
docs/rerouting_evidence.md keeps the history.

Chances are per taxed product (`reroute`, `same_code`, `relocate`, `swap`) or per hub and product
(`honest`, each year; `divert`, `deflect`); sizes are parts of what China lost on the product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

Range = tuple[float, float]


@dataclass(frozen=True)
class Family:
    """Ranges of one family of worlds; `stream` keeps the random numbers of families apart."""

    name: str
    stream: int
    products: int = 800
    taxed: Range = (0.65, 0.85)  # part of the products with an additional tariff on China
    loss: Range = (0.15, 0.75)  # part of China's sales lost, by product
    absorbed: float = 0.15  # part of the loss made good by other origins, and sold to others
    reroute: Range = (0.30, 0.45)
    rerouted: Range = (0.05, 0.60)  # part of the loss that is rerouted, by product
    mark_up: Range = (0.0, 0.16)  # of rerouted goods, between the two borders
    same_code: Range = (0.03, 0.08)
    relocate: Range = (0.08, 0.16)
    swap: Range = (0.01, 0.03)
    honest: Range = (0.08, 0.16)
    honest_size: Range = (0.10, 0.75)  # log growth of a leg
    divert: Range = (0.12, 0.25)
    deflect: Range = (0.08, 0.16)
    moved: Range = (0.05, 0.45)  # part of the loss that one other mechanism moves
    boom_hubs: float = 0.0  # chance that a hub's whole trade booms in the event year
    boom: Range = (0.0, 0.0)
    month_noise: Range = (0.08, 0.14)  # sd of one month, for a cell of a million dollars
    drift: Range = (0.030, 0.045)  # sd of a month's step of a cell's level
    price_noise: Range = (0.03, 0.07)
    price_gap: Range = (0.25, 0.45)  # sd of log unit value of a hub's own goods against China's
    front: Range = (0.0, 0.25)  # bought ahead of the tariff
    padding: Range = (0.0, 0.0)  # part of the products with bought export records (rows.py)


_BASE = Family("ordinary", 1)

FAMILIES: dict[str, Family] = {
    f.name: f
    for f in (
        _BASE,
        Family(
            "hold", 2, taxed=(0.5, 0.7), loss=(0.2, 0.6), reroute=(0.2, 0.55),
            rerouted=(0.1, 0.5), mark_up=(0.02, 0.2), same_code=(0.02, 0.1),
            relocate=(0.05, 0.2), swap=(0.0, 0.04), honest=(0.06, 0.22),
            honest_size=(0.15, 0.9), divert=(0.1, 0.3), deflect=(0.05, 0.2),
            moved=(0.1, 0.5), boom_hubs=0.1, boom=(0.05, 0.2), month_noise=(0.06, 0.16),
            drift=(0.025, 0.05), price_noise=(0.02, 0.1), price_gap=(0.2, 0.5),
        ),
        replace(_BASE, name="noisy", stream=3, month_noise=(0.18, 0.3), drift=(0.05, 0.08),
                price_noise=(0.10, 0.20)),
        replace(_BASE, name="hub_boom", stream=4, boom_hubs=0.5, boom=(0.2, 0.45)),
        replace(_BASE, name="swap_heavy", stream=5, swap=(0.10, 0.20)),
        replace(_BASE, name="stress", stream=6, reroute=(0.06, 0.12), same_code=(0.2, 0.35),
                rerouted=(0.05, 0.35)),
        replace(_BASE, name="no_rerouting", stream=7, reroute=(0.0, 0.0)),
        replace(_BASE, name="honest_only", stream=8, reroute=(0.0, 0.0), same_code=(0.0, 0.0),
                relocate=(0.0, 0.0), swap=(0.0, 0.0), deflect=(0.0, 0.0), honest=(0.15, 0.30)),
        replace(_BASE, name="padding", stream=9, padding=(0.06, 0.15)),
    )
}  # fmt: skip
