"""The linked figures of the page and the chart of any Result. Keeper of altair and vl-convert."""
