"""The provinces' figures side by side: one row a province from all results by province."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provexpo.briefing.facts import distinct

if TYPE_CHECKING:
    from provexpo.briefing.figures import Figures
    from provexpo.result import Result


@dataclass(frozen=True)
class ProvinceRow:
    """All figures of one province; what is missing is None."""

    code: str
    name: str
    share: float | None
    base_share: float | None
    delta_pp: float | None
    share_ex98: float | None
    lq: float | None
    national_share: float | None
    value: int | None
    base_value: int | None
    change: int | None
    pct: float | None
    total: int | None
    base_total: int | None
    total_pct: float | None
    small_value: bool  # the value of the window is below the threshold: a shaky share
    small_base: bool  # the base value is: a shaky change
    lny: bool
    flags: tuple[tuple[str, str | None], ...]  # (status, reason), without ok

    @property
    def small(self) -> bool:
        return self.small_value or self.small_base

    @property
    def compared(self) -> bool:
        return self.value is not None and self.base_value is not None

    @property
    def fell(self) -> bool:
        return self.change is not None and self.change < 0


def province_rows(figures: Figures) -> tuple[ProvinceRow, ...]:
    """The provinces in the order of the ranking, each with its figures from all results."""
    shares, changes, totals = (
        _by_province(r) for r in (figures.shares, figures.changes, figures.totals)
    )
    codes = distinct([*shares, *changes, *totals])
    return tuple(_row(c, shares.get(c, {}), changes.get(c, {}), totals.get(c, {})) for c in codes)


def _by_province(result: Result | None) -> dict[str, dict[str, Any]]:
    if result is None or "province" not in result.frame.columns:
        return {}
    return {r["province"]: r for r in result.frame.to_dicts() if r["province"] is not None}


def _row(
    code: str, share: dict[str, Any], change: dict[str, Any], total: dict[str, Any]
) -> ProvinceRow:
    flags = [(r.get("status"), r.get("reason")) for r in (share, change)]
    if not share:
        flags.append(("missing", "not_held"))
    if not change and share.get("value") is not None:
        # `growth` has no row for a province that never traded with the partner.
        flags.append(("no_base" if share.get("base_value") is None else "none", None))
    return ProvinceRow(
        code=code,
        name=next(
            (r["province_name"] for r in (share, change, total) if r.get("province_name")), code
        ),
        share=share.get("share"),
        base_share=share.get("base_share"),
        delta_pp=share.get("delta_share_pp"),
        share_ex98=share.get("share_ex98"),
        lq=share.get("lq"),
        national_share=share.get("national_share"),
        value=_first(share.get("value"), change.get("value")),
        base_value=_first(share.get("base_value"), change.get("base_value")),
        change=change.get("change"),
        pct=change.get("pct"),
        total=_first(share.get("total"), total.get("value")),
        base_total=_first(share.get("base_total"), total.get("base_value")),
        total_pct=total.get("pct"),
        small_value=bool(share.get("small_base")),
        small_base=bool(change.get("small_base")),
        lny=any(bool(r.get("lny_flag")) for r in (share, change)),
        flags=distinct((s, reason) for s, reason in flags if s not in (None, "ok")),
    )


def _first(*found: Any) -> Any:
    return next((x for x in found if x is not None), None)
