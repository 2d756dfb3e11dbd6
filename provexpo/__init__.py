"""provexpo: from a folder of customs downloads to a map of provincial export dependence.

    import provexpo as pe
    trade = pe.sample()
    pe.dependence(trade, partner="US", during="2025-01/2025-07").frame

Every public name stands in `_DOOR` and is loaded when first used, so that a bare import is quick.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_DOOR = {
    "Caveat": "result",
    "CallError": "errors",
    "ProvexpoError": "errors",
    "Receipt": "result",
    "Result": "result",
    "Trade": "engine.trade",
    "Window": "periods",
    "add": "store.loading",
    "balance": "metrics.balance",
    "basis_gap": "signals.basis_gap",
    "baskets": "vocab",
    "breadth": "metrics.breadth",
    "brief": "briefing.brief",
    "check": "engine.check",
    "choropleth": "maps.choropleth",
    "concentration": "metrics.concentration",
    "contribution": "metrics.contribution",
    "currency_split": "metrics.currency_split",
    "decline": "metrics.decline",
    "deflection": "signals.deflection",
    "dependence": "metrics.dependence",
    "dependence_change": "metrics.dependence_change",
    "exposure_response": "metrics.exposure_response",
    "fields": "vocab",
    "frontloading": "signals.frontloading",
    "gdp_exposure": "metrics.gdp_exposure",
    "gravity_residual": "signals.gravity_residual",
    "groups": "vocab",
    "growth": "metrics.growth",
    "implied_base_share": "metrics.rounding_interval",
    "margins": "metrics.margins",
    "market_share_analysis": "metrics.market_share_analysis",
    "mirror_attribution": "signals.mirror_attribution",
    "mirror_gap": "signals.mirror_gap",
    "mirror_slope": "signals.mirror_slope",
    "offset": "metrics.offset",
    "open": "engine.trade",
    "partners": "vocab",
    "predicted_growth": "metrics.predicted_growth",
    "price_quantity": "metrics.price_quantity",
    "provinces": "vocab",
    "quarter_end": "signals.quarter_end",
    "records": "metrics.records",
    "regimes": "vocab",
    "registration_shift": "signals.registration_shift",
    "relocation": "signals.relocation",
    "own_switch": "signals.own_switch",
    "replay": "engine.replay",
    "rerouting": "signals.rerouting",
    "rerouting_by_province": "signals.rerouting_by_province",
    "revisions": "metrics.revisions",
    "rounding_interval": "metrics.rounding_interval",
    "sample": "demo",
    "say": "briefing.say",
    "seasonal": "metrics.seasonal",
    "shift_share": "metrics.shift_share",
    "sudden_appearance": "signals.sudden_appearance",
    "tariff_exposure": "metrics.tariff_exposure",
    "unit_value_outliers": "signals.unit_value_outliers",
    "value": "metrics.value",
    "verify": "claims.verify",
}

__all__ = sorted([*_DOOR, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _DOOR:
        raise AttributeError(f"module 'provexpo' has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_DOOR[name]}"), name)


def __dir__() -> list[str]:
    return __all__
