"""Every figure of a briefing, asked of one snapshot; what cannot be had is None, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provexpo.briefing import words
from provexpo.briefing.facts import distinct
from provexpo.briefing.since import Since
from provexpo.engine.check import check
from provexpo.errors import CoverageError, ProvexpoError
from provexpo.metrics.contribution import contribution
from provexpo.metrics.dependence import dependence
from provexpo.metrics.exposure_response import ExposureResult, exposure_response
from provexpo.metrics.growth import growth
from provexpo.metrics.offset import offset
from provexpo.metrics.revisions import revisions
from provexpo.metrics.value import value
from provexpo.output import labels
from provexpo.periods import Window, shift
from provexpo.result import Caveat, Result
from provexpo.signals.rerouting import rerouting
from provexpo.vocab.resolve import resolve

if TYPE_CHECKING:
    from provexpo.engine.check import CheckRow
    from provexpo.engine.trade import Trade

HEADLINES = (
    "shares", "changes", "totals", "nation_shares", "nation_changes", "nation_totals",
)  # fmt: skip
# What a section needs beyond the six that the headlines are made of.
NEEDS = {
    "exposure": ("exposure",),
    "province": ("months", "months_all", "sectors", "partner_gains"),
    "heat": ("sector_points",),
    "offset": ("offset", "nation_offset"),
    "rerouting": ("rerouting",),
    "quality": ("revisions",),
}
PARTNERS = "partner_group:desk"
_MONTHS_SHOWN = 24


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
    """Results by province and for the nation; one that cannot be had is None, `why` says why.

    Where the data have no provinces, `months`, `sectors`, `sector_points` and `partner_gains` are
    those of the nation, without a column `province`.
    """

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
    months: Result | None = None  # value with the partner, by province and month
    months_all: Result | None = None  # value with all partners, by province and month
    sectors: Result | None = None  # growth with the partner, by province and sector
    sector_points: Result | None = None  # what each sector adds to that growth
    partner_gains: Result | None = None  # what each group of partners adds to the total's growth
    offset: Result | None = None
    nation_offset: Result | None = None
    exposure: ExposureResult | None = None
    rerouting: Result | None = None
    revisions: Result | None = None
    since: Since = field(default_factory=Since)  # against the last briefing in the folder

    @property
    def results(self) -> dict[str, Result]:
        """Those that the headlines are made of, by name."""
        return {name: held for name in HEADLINES if (held := getattr(self, name)) is not None}

    @property
    def more(self) -> dict[str, Result]:
        """Those of single sections, by name, in the order of the sections."""
        names = [name for needed in NEEDS.values() for name in needed]
        return {name: held for name in names if (held := getattr(self, name)) is not None}

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
        """The tables that the headlines come from."""
        return distinct(t for r in self.results.values() for t in r.receipt.tables.values())

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """Those of the headlines, each once, in the order in which they come."""
        every = (c for r in self.results.values() for c in r.caveats if c.code != "illustrative")
        return tuple({c.text: c for c in every}.values())

    @property
    def default_province(self) -> str | None:
        """The first of the ranking with neither a small value nor a small base; else, where there
        is no such province, the one that trades most with the partner."""
        if self.shares is None or "province" not in self.shares.frame.columns:
            return None
        small = set()
        if self.changes is not None and "province" in self.changes.frame.columns:
            small = {r["province"] for r in self.changes.frame.to_dicts() if r["small_base"]}
        ranked = [r for r in self.shares.frame.to_dicts() if r["share"] is not None]
        ranked.sort(key=lambda r: (-r["share"], r["province"]))
        # What sells nothing there has no small base, and nothing to show.
        firm = [
            r for r in ranked if r["share"] and not r["small_base"] and r["province"] not in small
        ]
        most = sorted(ranked, key=lambda r: (-(r["value"] or 0), r["province"]))
        return next((r["province"] for r in (*firm, *most)), None)


@dataclass(frozen=True)
class Evidence:
    """What the store says of itself, in one language."""

    coverage: tuple[dict[str, Any], ...]
    checks: tuple[CheckRow, ...]


def evidence_of(trade: Trade, lang: str) -> Evidence:
    return Evidence(tuple(trade.coverage(lang=lang)), tuple(check(trade, lang=lang).rows))


def gather(
    trade: Trade,
    ask: Ask,
    evidence: Evidence,
    progress: Callable[[str], None],
    sections: Sequence[str] = ("headlines", *NEEDS),
) -> Figures:
    """Ask for every figure that the sections need. What the data held cannot answer is left out
    with its reason.

    Raises what the metrics of the headlines raise for a wrong call, and the first CoverageError
    when nothing at all can be answered.
    """
    progress("headlines")
    found: dict[str, Any] = {}
    why: dict[str, str] = {}
    failed: dict[str, CoverageError] = {}
    for name, call in _headlines(trade, ask).items():
        try:
            found[name] = call()
        except CoverageError as err:
            found[name], failed[name] = None, err
            why[name] = words.reason_of(err, ask.lang)
    if len(failed) == len(HEADLINES):
        raise failed["shares"]
    tables = {t for r in found.values() if r is not None for t in r.receipt.tables.values()}
    calls = _more(trade, ask, evidence, tables)
    for section in (s for s in sections if s in NEEDS):
        progress(section)
        for name in NEEDS[section]:
            try:
                found[name] = calls[name]()
            except ProvexpoError as err:
                why[name] = words.reason_of(err, ask.lang)
    return Figures(
        ask=ask, coverage=evidence.coverage, checks=evidence.checks, why=why, **found
    )  # fmt: skip


def _common(ask: Ask) -> dict[str, Any]:
    return {
        "during": ask.window, "against": ask.base_window, "flow": ask.flow,
        "reporter": ask.reporter, "lang": ask.lang,
    }  # fmt: skip


def _headlines(trade: Trade, ask: Ask) -> dict[str, Callable[[], Result]]:
    common = _common(ask)
    return {
        "shares": lambda: dependence(trade, partner=ask.partner, **common),
        "changes": lambda: growth(trade, partner=ask.partner, **common),
        "totals": lambda: growth(trade, **common),
        "nation_shares": lambda: dependence(trade, partner=ask.partner, by=[], **common),
        "nation_changes": lambda: growth(trade, partner=ask.partner, by=[], **common),
        "nation_totals": lambda: growth(trade, by=[], **common),
    }


def _more(
    trade: Trade, ask: Ask, evidence: Evidence, tables: set[str]
) -> dict[str, Callable[[], Result]]:
    common, partner = _common(ask), ask.partner
    last = ask.window.last
    recent = {
        **common, "against": None, "during": Window(shift(last, 1 - _MONTHS_SHOWN), last),
    }  # fmt: skip
    return {
        "months": lambda: _by(value, trade, "month", partner=partner, **recent),
        "months_all": lambda: _by(value, trade, "month", **recent),
        "sectors": lambda: _by(growth, trade, "sector", partner=partner, **common),
        "sector_points": lambda: _by(contribution, trade, "sector", partner=partner, **common),
        "partner_gains": lambda: _by(contribution, trade, PARTNERS, **common),
        "offset": lambda: offset(trade, partner=partner, **common),
        "nation_offset": lambda: offset(trade, partner=partner, by=[], **common),
        "exposure": lambda: exposure_response(trade, partner=partner, **common),
        "rerouting": lambda: _rerouting(trade, ask),
        "revisions": lambda: _revisions(trade, ask, evidence, tables),
    }


def _by(metric: Callable[..., Result], trade: Trade, key: str, **words: Any) -> Result:
    """By province and `key`; of the nation where the data have no provinces."""
    try:
        return metric(trade, by=["province", key], **words)
    except CoverageError as err:
        try:
            return metric(trade, by=[key], **words)
        except CoverageError:
            raise err from None


def _revisions(trade: Trade, ask: Ask, evidence: Evidence, tables: set[str]) -> Result:
    """Asked only where a table of the headlines holds publications of more than one date: else
    nothing can have been revised, and the question is a costly one."""
    held = [e for e in evidence.coverage if e["table"] in tables]
    dates = {(e["vintage_first"], e["vintage_last"]) for e in held}
    if all(first == last for first, last in dates):
        raise CoverageError(labels.word("why.one_publication", ask.lang))
    return revisions(
        trade, during=ask.window, flow=ask.flow, reporter=ask.reporter, lang=ask.lang,
        partner=ask.partner,
    )  # fmt: skip


def _rerouting(trade: Trade, ask: Ask) -> Result:
    if ask.flow != "export":
        raise CoverageError(labels.word("why.not_exports", ask.lang))
    if len(resolve("partner", ask.partner, reporter=ask.reporter).codes or ()) != 1:
        raise CoverageError(labels.word("why.one_market", ask.lang))
    try:
        return rerouting(
            trade, partner=ask.partner, during=ask.window, against=ask.base_window,
            reporter=ask.reporter, lang=ask.lang,
        )  # fmt: skip
    except CoverageError:
        raise CoverageError(labels.word("why.no_rerouting", ask.lang)) from None


def shares_of(trade: Trade, ask: Ask, window: Window, base: Window) -> Result | None:
    """The dependence by province in another window, for what a former briefing said of it."""
    try:
        return dependence(
            trade, partner=ask.partner, **{**_common(ask), "during": window, "against": base}
        )
    except CoverageError:
        return None


def names_in(results: Iterable[Result | None]) -> dict[str, str]:
    """code -> name of every province that the results have."""
    out: dict[str, str] = {}
    for result in results:
        if result is not None and "province" in result.frame.columns:
            frame = result.frame.select("province", "province_name").unique(maintain_order=True)
            out |= {code: name or code for code, name in frame.iter_rows() if code is not None}
    return out
