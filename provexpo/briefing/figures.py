"""Every figure of a briefing, asked of one snapshot, and the provinces' figures side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provexpo.briefing import words
from provexpo.engine.check import check
from provexpo.errors import CoverageError
from provexpo.metrics.dependence import dependence
from provexpo.metrics.growth import growth
from provexpo.output import formats, labels
from provexpo.periods import Window
from provexpo.result import Caveat, Result
from provexpo.vocab.resolve import resolve

if TYPE_CHECKING:
    from provexpo.engine.check import CheckRow
    from provexpo.engine.trade import Trade

# English names that take an article: "exports to the US".
_WITH_ARTICLE = ("US", "UK", "EU", "EU27", "United ", "Netherlands", "Philippines")


@dataclass(frozen=True)
class Ask:
    """What a briefing is about."""

    partner: str | list[str]
    window: Window
    base_window: Window
    flow: str
    reporter: str
    lang: str
    window_given: bool = True  # False: it is the year to date as far as the data hold it


@dataclass(frozen=True)
class Figures:
    """Results by province and for the nation; one that cannot be had is None, `why` says why."""

    ask: Ask
    shares: Result | None  # dependence, by province
    changes: Result | None  # growth of the flow with the partner, by province
    totals: Result | None  # growth of the flow with all partners, by province
    nation_shares: Result | None
    nation_changes: Result | None
    nation_totals: Result | None
    coverage: tuple[dict[str, Any], ...]
    checks: tuple[CheckRow, ...]
    why: dict[str, str]

    @property
    def results(self) -> dict[str, Result]:
        """Those there are, by name, in the order of the page."""
        names = ("shares", "changes", "totals", "nation_shares", "nation_changes", "nation_totals")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @property
    def any_result(self) -> Result:
        return next(iter(self.results.values()))

    @property
    def illustrative(self) -> bool:
        return any(r.receipt.illustrative for r in self.results.values())

    @property
    def vintages(self) -> tuple[str, str] | None:
        held = [r.receipt.vintages for r in self.results.values() if r.receipt.vintages]
        return (min(v[0] for v in held), max(v[1] for v in held)) if held else None

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that figures come from."""
        return _distinct(t for r in self.results.values() for t in r.receipt.tables.values())

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """Each once, in the order in which they come."""
        every = (c for r in self.results.values() for c in r.caveats if c.code != "illustrative")
        return tuple({c.text: c for c in every}.values())


@dataclass(frozen=True)
class Facts:
    """The words that sentences and page share, in the page's language."""

    lang: str
    flow: str
    partner: str
    reporter: str
    window: str
    base_window: str
    currency: str
    basis: str
    limits: str = ""  # what the figures are limited to, such as one product
    assumed: str = ""  # what nobody declared to be complete
    # "" where the figures are of all trade; else whether "all" of it are all partners ("limited")
    # or some ("listed").
    bounds: str = ""

    def word(self, key: str, **fields: object) -> str:
        """A text of `seeds/labels.csv` with its fields filled in."""
        return labels.word(key, self.lang).format(**{**self._fields, **fields})

    @property
    def flow_name(self) -> str:
        return labels.word(f"name.{self.flow}", self.lang).format(partner=self.partner)

    @property
    def all_name(self) -> str:
        """What the share divides by: no total of all trade where the figures are limited."""
        key = f"all.{self.flow}" + (f".{self.bounds}" if self.bounds else "")
        return labels.word(key, self.lang)

    @property
    def _fields(self) -> dict[str, str]:
        flow, every = self.flow_name, self.all_name
        return {
            "partner": self.partner, "reporter": self.reporter, "window": self.window,
            "base_window": self.base_window, "basis": self.basis,
            "currency": formats.currency_name(self.currency, self.lang),
            "Basis": capital(self.basis), "flow": flow, "Name": capital(flow), "all": every,
            "All": capital(every), "flow_noun": labels.word(f"noun.{self.flow}", self.lang),
            "valuation": labels.word(f"valuation.{self.flow}", self.lang),
        }  # fmt: skip


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


@dataclass(frozen=True)
class Evidence:
    """What the store says of itself, in one language."""

    coverage: tuple[dict[str, Any], ...]
    checks: tuple[CheckRow, ...]


def evidence_of(trade: Trade, lang: str) -> Evidence:
    return Evidence(tuple(trade.coverage(lang=lang)), tuple(check(trade, lang=lang).rows))


def gather(trade: Trade, ask: Ask, evidence: Evidence, progress: Callable[[str], None]) -> Figures:
    """Ask for every figure. What the data held cannot answer is left out with its reason.

    Raises what the metrics raise for a wrong call, and the first CoverageError when nothing at
    all can be answered.
    """
    common: dict[str, Any] = {
        "during": ask.window, "against": ask.base_window, "flow": ask.flow,
        "reporter": ask.reporter, "lang": ask.lang,
    }  # fmt: skip
    asked: dict[str, Callable[[], Result]] = {
        "shares": lambda: dependence(trade, partner=ask.partner, **common),
        "changes": lambda: growth(trade, partner=ask.partner, **common),
        "totals": lambda: growth(trade, **common),
        "nation_shares": lambda: dependence(trade, partner=ask.partner, by=[], **common),
        "nation_changes": lambda: growth(trade, partner=ask.partner, by=[], **common),
        "nation_totals": lambda: growth(trade, by=[], **common),
    }
    found: dict[str, Result | None] = {}
    failed: dict[str, CoverageError] = {}
    for name, call in asked.items():
        progress(name)
        try:
            found[name] = call()
        except CoverageError as err:
            found[name] = None
            failed[name] = err
    if len(failed) == len(asked):
        raise failed["shares"]
    return Figures(
        ask=ask,
        coverage=evidence.coverage,
        checks=evidence.checks,
        why={name: words.reason_of(err, ask.lang) for name, err in failed.items()},
        **found,
    )


def facts_of(figures: Figures) -> Facts:
    ask = figures.ask
    receipt = figures.any_result.receipt
    _, _, basis = receipt.tables.get(ask.flow, next(iter(receipt.tables.values()), "")).partition(
        "@"
    )
    scopes = _distinct(t for r in figures.results.values() for t in r.receipt.scope)
    limited = words.limited_dimensions(scopes)
    return Facts(
        lang=ask.lang,
        flow=ask.flow,
        partner=partner_name(ask.partner, ask.reporter, ask.lang),
        reporter=partner_name(ask.reporter, ask.reporter, ask.lang),
        window=formats.window(ask.window, ask.lang),
        base_window=formats.window(ask.base_window, ask.lang),
        currency=receipt.currency,
        basis=labels.known("basis", basis or "registered", ask.lang),
        limits=words.scopes(scopes, words.ONLY, ask.lang),
        assumed=words.scopes(scopes, words.ASSUMED, ask.lang),
        bounds="listed" if "partners" in limited else "limited" if limited else "",
    )


def partner_name(partner: str | list[str], reporter: str, lang: str) -> str:
    """The partner as a sentence names it: "the US", "美国"."""
    name = resolve("partner", partner, reporter=reporter, where="partner=").label(lang)
    needs_article = lang == "en" and name.startswith(_WITH_ARTICLE)
    return f"the {name}" if needs_article else name


def province_rows(figures: Figures) -> tuple[ProvinceRow, ...]:
    """The provinces in the order of the ranking, each with its figures from all results."""
    shares, changes, totals = (
        _by_province(r) for r in (figures.shares, figures.changes, figures.totals)
    )
    codes = _distinct([*shares, *changes, *totals])
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
        flags=_distinct((s, reason) for s, reason in flags if s not in (None, "ok")),
    )


def _first(*found: Any) -> Any:
    return next((x for x in found if x is not None), None)


def _distinct(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
