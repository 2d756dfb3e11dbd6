"""Sizes in points and the colours that no class of figures has."""

MARGIN = 14.0
TITLE = 13.0
BORDER = "#ffffff"
PALE_BORDER = "#c2c2b4"
COAST = "#9a9a9a"
NO_DATA_FILL = "#ececec"
HATCH = "///"
HATCH_COLOUR = "#b4b4b4"
HATCH_WIDTH = 0.5
UNDEFINED_FILL = "#c9c9c9"
