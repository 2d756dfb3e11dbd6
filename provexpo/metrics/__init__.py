"""One question, one file: the steps in SQL, the definition in the docstring."""

# Every metric, by the name of its file and function.
METRICS: tuple[str, ...] = (
    "value",
    "balance",
    "growth",
    "dependence",
    "breadth",
    "contribution",
    "concentration",
    "dependence_change",
    "currency_split",
    "records",
    "revisions",
    "shift_share",
    "market_share_analysis",
    "margins",
    "price_quantity",
    "seasonal",
    "gdp_exposure",
    "tariff_exposure",
    "offset",
    "exposure_response",
    "decline",
    "predicted_growth",
)
