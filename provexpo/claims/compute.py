"""A statement's computation: its calls, answered once each, and the figure that its pick gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provexpo.claims.arguments import CallSpec, metric_of, parameters
from provexpo.claims.dimension import unit_of
from provexpo.claims.evaluate import KEYS, Frame, Gap, Trail, evaluate
from provexpo.claims.lookups import LOOKUPS, look_up
from provexpo.claims.picks import Node, columns
from provexpo.engine.trade import Trade
from provexpo.errors import CoverageError
from provexpo.store.snapshot import end_of_day, open_snapshot
from provexpo.vocab import phrase

if TYPE_CHECKING:
    from provexpo.result import Result

# Caveats that every figure has, or that only matter beside a table.
_NOT_WORTH_SAYING = (
    "illustrative", "basis", "valuation", "by", "columns", "small_base", "missing", "min_base",
    "base_missing",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """What a pick gave: the figure, the rows it was read from, and the results behind it."""

    value: float | bool
    trail: Trail
    frames: Mapping[str, Frame]
    specs: tuple[CallSpec, ...]
    results: tuple[Result, ...]
    pick: Node

    @property
    def caveats(self) -> tuple[str, ...]:
        """The caveats a reader must know before believing the verdict."""
        found = [c.text for r in self.results for c in r.caveats if c.code not in _NOT_WORTH_SAYING]
        return tuple(dict.fromkeys(found))

    @property
    def small_base(self) -> bool:
        return any(row.get("small_base") for row in self.trail.rows)

    @property
    def currency(self) -> str | None:
        return self.results[0].receipt.currency if self.results else None

    @property
    def unit(self) -> str | None:
        """The unit of the figure; None where it cannot be told."""
        return self.unit_for(self.pick)

    def unit_for(self, node: Node) -> str | None:
        """The unit of a part of the pick."""
        return unit_of(node, lambda c: self.frames[c.call].units.get(c.name))


@dataclass
class Run:
    """One verification of a store: every call is answered once, whoever asks for it."""

    trade: Trade
    lang: str = "en"
    _frames: dict[tuple[str, str, str | None], tuple[Frame, Result | None] | Gap] = field(
        default_factory=dict
    )
    _trades: dict[str, Trade] = field(default_factory=dict)

    def figure(self, calls: tuple[CallSpec, ...], pick: Node) -> Figure:
        """Compute a pick. Raises Gap, PickError, or the metric's own error."""
        specs = tuple(with_by(call, pick) for call in calls)
        answers = {spec.name: self.answer(spec) for spec in specs}
        frames, trail = {name: frame for name, (frame, _) in answers.items()}, Trail()
        value = evaluate(pick, frames, self.lang, trail)
        results = tuple(result for _, result in answers.values() if result is not None)
        return Figure(value, trail, frames, specs, results, pick)

    def answer(self, spec: CallSpec) -> tuple[Frame, Result | None]:
        """The frame of one call, from the cache where it was asked for before."""
        if spec.key not in self._frames:
            try:
                self._frames[spec.key] = self._ask(spec)
            except Gap as gap:
                self._frames[spec.key] = gap
            except CoverageError as err:
                held = f" ({err.expected})" if err.expected else ""
                self._frames[spec.key] = Gap(f"{err.what}{held}")
        answer = self._frames[spec.key]
        if isinstance(answer, Gap):
            raise answer
        return answer

    def _ask(self, spec: CallSpec) -> tuple[Frame, Result | None]:
        trade = self._as_of(spec.as_of)
        if spec.metric in LOOKUPS:
            return look_up(trade, spec.metric, spec.arguments, self.lang), None
        metric = metric_of(spec.metric)
        if metric is None:
            raise Gap(phrase("claims.gap.no_metric", self.lang, metric=spec.metric))
        arguments = dict(spec.arguments)
        if "lang" in parameters(spec.metric):
            arguments["lang"] = self.lang
        result: Result = metric(trade, **arguments)
        why = "; ".join(c.text for c in result.caveats if c.code == "missing")
        reporter = str(spec.arguments.get("reporter", "CHN"))
        rows = tuple(result.frame.to_dicts())
        return Frame(rows, tuple(result.frame.columns), result.units, reporter, why), result

    def _as_of(self, as_of: str | None) -> Trade:
        """The same store as it was published by a date, never later than the trade itself."""
        own = self.trade.as_of
        if as_of is None or (own is not None and end_of_day(own) <= end_of_day(as_of)):
            return self.trade
        if as_of not in self._trades:
            place, load = self.trade.snapshot.place, self.trade.load
            then = open_snapshot(place, version=load or None, as_of=as_of)
            self._trades[as_of] = Trade(then, is_sample=self.trade.is_sample)
        return self._trades[as_of]


def with_by(call: CallSpec, pick: Node) -> CallSpec:
    """Fill in `by=` where the ledger leaves it out: the keys that the pick's brackets name; the one
    national row for a plain column; else the metric's own default."""
    if "by" in call.arguments or "by" not in parameters(call.metric):
        return call
    mine = [c for c in columns(pick) if c.call == call.name]
    brackets = [condition.key for c in mine for condition in c.conditions]
    keys = list(dict.fromkeys(k for k in (*brackets, *(c.name for c in mine)) if k in KEYS))
    if any(k in ("product", "partner_group") for k in keys):
        return call  # the level or the partition is the ledger's to say
    if keys:
        return call.changed({"by": keys})
    plain = any(c.call == call.name for c in columns(pick, in_functions=False))
    return call.changed({"by": []}) if plain and not brackets else call


def other_currency(figure: Figure, calls: tuple[CallSpec, ...]) -> Mapping[str, Any] | None:
    """The other reading of a statement that names no currency: dollars for yuan, and back."""
    other = {"USD": "CNY", "CNY": "USD"}.get(figure.currency or "")
    takes = all("currency" in parameters(c.metric) for c in calls)
    return {"currency": other} if other and takes else None
