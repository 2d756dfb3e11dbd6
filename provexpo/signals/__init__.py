"""Evidence that needs judgement: what a pattern in the tables is consistent with, and how sure."""

# Every signal, by the name of its file and function.
SIGNALS: tuple[str, ...] = (
    "frontloading",
    "mirror_gap",
    "mirror_attribution",
    "mirror_slope",
    "basis_gap",
    "unit_value_outliers",
    "quarter_end",
    "sudden_appearance",
    "registration_shift",
    "relocation",
    "deflection",
    "gravity_residual",
    "rerouting",
    "own_switch",
    "rerouting_by_province",
)
