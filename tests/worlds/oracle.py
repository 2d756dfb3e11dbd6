"""The rule of methods 4.2 once more, in plain numpy on pair x hub x product arrays.

Written from the page, not from the library: where the two differ, one of them has a fault.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from .cells import MIN_VALUE

Floats = NDArray[np.float64]
LEGS = (("a", "c"), ("u", "w"), ("v", "vw"))


def judge(
    t: dict[str, Floats], wedge: Floats, final: NDArray[np.bool_], *, min_value: float = MIN_VALUE
) -> dict[str, Floats]:
    """Figures of the event pair (the first), hub x product; `final` by product; no NULL but nan."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # means of nothing are nan, as wanted
        return _judge(t, wedge, final, min_value)


def _judge(
    t: dict[str, Floats], wedge: Floats, final: NDArray[np.bool_], least: float
) -> dict[str, Floats]:
    f = 0.2 * least
    hat, x = {}, {}
    for leg, ref in LEGS:
        b, now = t[f"{leg}_b"], t[f"{leg}_t"]
        r = np.where(t[f"{ref}_b"] > 0, t[f"{ref}_t"] / t[f"{ref}_b"], np.nan)
        hat[leg] = b * r * _theta(b, now, r, wedge, least)
        x[leg] = np.log((now + f) / (hat[leg] + f))
    big = np.maximum(np.minimum(t["a_t"], t["u_t"]), np.minimum(t["a_b"], t["u_b"])) >= least
    big[0] = False
    s = {leg: _sigma(hat[leg], x[leg], big) for leg in "au"}
    t = {n: values[0] for n, values in t.items()}
    hat, x = {n: h[0] for n, h in hat.items()}, {n: h[0] for n, h in x.items()}
    return _figures(t, hat, x, s, wedge, final, least)


def _theta(b: Floats, now: Floats, r: Floats, wedge: Floats, least: float) -> Floats:
    ratio = np.where((b >= least) & (now > 0) & (r > 0), now / b / r, np.nan)
    control = np.where(wedge < 0.05, ratio, np.nan)
    enough = np.isfinite(control).sum(-1) >= 30
    any_ = np.isfinite(ratio).sum(-1) >= 30
    found = np.where(enough, np.nanmedian(control, -1), np.nanmedian(ratio, -1))
    return np.where(enough | any_, found, 1.0)[..., None]


def _sigma(hat: Floats, x: Floats, big: NDArray[np.bool_]) -> Floats:
    held = big & np.isfinite(x)
    if held.sum() < 80:
        return np.full(hat.shape[1:], np.nan)
    edges = np.quantile(hat[held], np.arange(1, 8) / 8)
    at = np.searchsorted(edges, hat[held], side="right")
    spread = []
    for octile in range(8):
        own = x[held][at == octile]
        spread.append(max(0.05, 1.4826 * np.median(np.abs(own - np.median(own)))))
    return np.array(spread)[np.searchsorted(edges, hat[0], side="right")]


def _figures(
    t: dict[str, Floats], hat: dict[str, Floats], x: dict[str, Floats], s: dict[str, Floats],
    wedge: Floats, final: NDArray[np.bool_], least: float,
) -> dict[str, Floats]:  # fmt: skip
    ea, eu = t["a_t"] - hat["a"], t["u_t"] - hat["u"]
    loss = t["d_b"] - t["d_t"]
    za, zu = x["a"] / s["a"], x["u"] / s["u"]
    zmin = np.minimum(za, zu)
    raw = (loss >= least) & (t["a_t"] > t["a_b"]) & (t["u_t"] > t["u_b"]) & (wedge >= 0.05)
    raw &= np.minimum(t["a_t"], t["u_t"]) >= least
    gates = raw & (ea > 0) & (eu > 0)
    s1 = np.minimum(ea, eu) / np.maximum(ea, eu)
    s4 = 1 - np.clip(np.maximum(x["v"], 0) / x["u"], 0, 1)
    s6 = _unit_value(t)
    parts = np.stack([s1, np.clip(za / 4, 0, 1), np.clip(zu / 4, 0, 1), s4, s6])
    trs = np.where(gates & np.isfinite(zmin), 100 * np.nanmean(parts, axis=0), np.nan)
    medium = gates & (zmin >= 2) & (s1 >= 0.4) & ((s6 >= 0.3) | np.isnan(s6))
    medium &= ((s4 >= 0.5) | np.isnan(s4)) & (np.minimum(ea, eu) <= loss)
    high = medium & (s1 >= 2 / 3) & (s6 >= 0.3) & (trs >= 80) & final
    cover = t["a_t"] / t["u_t"]
    named = gates & (cover >= 0.25) & (ea / eu >= 0.4)
    rv = np.where(named, np.minimum(np.minimum(ea, eu), loss), 0.0)
    # Hubs with other lags see another loss: the smallest of those that carry a value caps.
    total, cap = rv.sum(axis=0), np.where(rv > 0, loss, np.inf).min(axis=0)
    rv = rv * np.where(total > cap, cap / np.where(total > 0, total, 1), 1)
    ub = np.minimum(t["a_t"], t["u_t"])
    rv_hi = np.minimum(
        ub,
        np.minimum(
            t["a_t"] - hat["a"] * np.exp(-1.64 * s["a"]),
            t["u_t"] - hat["u"] * np.exp(-1.64 * s["u"]),
        ),
    )
    return {"raw": raw, "gates": gates, "medium": medium, "high": high, "trs": trs, "rv": rv,
            "rv_hi": rv_hi, "ub": ub, "zmin": zmin, "s1": s1, "s4": s4, "s6": s6, "ea": ea,
            "eu": eu, "loss": loss, "z_a": za, "z_u": zu}  # fmt: skip


def _unit_value(t: dict[str, Floats]) -> Floats:
    dqa, dqu = t["qa_t"] - t["qa_b"], t["qu_t"] - t["qu_b"]
    iuvr = (t["u_t"] - t["u_b"]) / dqu / ((t["a_t"] - t["a_b"]) / dqa)
    s6 = np.clip(1 - np.abs(np.log(iuvr)) / np.log(4 / 3), 0, 1)
    return np.where((dqa <= 0) | (dqu <= 0), 0.0, s6)
