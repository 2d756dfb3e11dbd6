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
# How dark the watermark of a sample is: it shows on every class and hides none.
WATERMARK = 0.06
SEA = "#ffffff"
# Black before white; on any colour one of the two has a contrast of 4.58 or more.
INKS = ("#000000", "#ffffff")
# Under a name that lies on light and dark.
CHIP = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8}
