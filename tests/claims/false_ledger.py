"""Make every statement of a ledger false: the number moved past its rounding, the direction turned,
the rank moved. None of the rows made here may match."""

from __future__ import annotations

from decimal import Decimal

from provexpo.claims.units import parse_published

Row = dict[str, str]
# A one-sided text reaches 5 % further; both ends of that lie inside these.
UP, DOWN = Decimal("1.06"), Decimal("0.94")
TURNED = {"up": "down", "down": "up", "yes": "no", "no": "yes"}
OTHER_SIDE = {"above": "below", "below": "above", "at_least": "below", "at_most": "above"}


def false_rows(row: Row, computed: float) -> list[Row]:
    """The false versions of one true statement. `computed` tells how far "top 5" must shrink."""
    compare, value = row["compare"], row["value"]
    if value in TURNED:
        return [{**row, "value": TURNED[value]}]
    if compare in OTHER_SIDE:
        return [{**row, "compare": OTHER_SIDE[compare]}]
    if compare == "top":
        place = int(computed)
        if place > 1:
            return [{**row, "value": f"top {place - 1}"}]
        return [{**row, "compare": "rank", "value": "2"}]
    number = Decimal(str(parse_published(value, row["unit"]).number))
    if compare in ("over", "nearly"):
        moved = [number * UP, number * DOWN]
    else:
        step = Decimal(str(parse_published(value, row["unit"]).step))
        if row["tolerance"]:
            step = max(step, Decimal(row["tolerance"]) * 3)
        moved = [number + step, number - step]
    if compare == "rank":
        moved = [m for m in moved if m >= 1]
    digits = Decimal(1).scaleb(-max(len(value.partition(".")[2]), 0))
    plain = compare not in ("over", "nearly")
    return [{**row, "value": str(m.quantize(digits) if plain else m)} for m in moved]
