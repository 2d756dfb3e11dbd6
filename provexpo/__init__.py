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
    "baskets": "vocab",
    "brief": "briefing.brief",
    "check": "engine.check",
    "choropleth": "maps.choropleth",
    "dependence": "metrics.dependence",
    "fields": "vocab",
    "groups": "vocab",
    "growth": "metrics.growth",
    "open": "engine.trade",
    "partners": "vocab",
    "provinces": "vocab",
    "regimes": "vocab",
    "replay": "engine.replay",
    "sample": "demo",
    "value": "metrics.value",
}

__all__ = sorted([*_DOOR, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _DOOR:
        raise AttributeError(f"module 'provexpo' has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_DOOR[name]}"), name)


def __dir__() -> list[str]:
    return __all__
