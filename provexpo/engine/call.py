"""A call's arguments, the same words in every metric, read and checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from provexpo import vocab
from provexpo.engine.by import Key, parse_by, slot_windows
from provexpo.engine.trade import Trade
from provexpo.errors import CallError, UnknownCodeError
from provexpo.ingest.rows import DIMENSIONS
from provexpo.periods import Window, base_window, parse_window
from provexpo.vocab import Selection

FLOWS = ("export", "import", "total")
_CURRENCY = re.compile("[A-Z]{3}")
LANGS = ("en", "zh")
Words = str | Sequence[str] | None


@dataclass(frozen=True)
class Arguments:
    """What a user gave, in the words of the contract (house names), before it is read."""

    metric: str
    during: Any = None
    against: Any = None
    reporter: str = "CHN"
    flow: str = "export"
    province: Words = None
    partner: Words = None
    product: Words = None
    regime: Words = None
    by: Words = None
    currency: str | None = None
    min_base: float | None = None
    table: str | None = None
    lang: str = "en"
    extra: Mapping[str, Any] = field(default_factory=dict)  # options of this metric alone

    def as_json(self) -> dict[str, Any]:
        """What differs from the defaults, in JSON's types: what a receipt keeps to call again."""
        given: dict[str, Any] = {}
        for name in (f.name for f in fields(self) if f.name not in ("metric", "extra")):
            value = getattr(self, name)
            if value != _DEFAULTS[name]:
                plain = isinstance(value, (str, int, float))
                given[name] = (
                    value if plain else str(value) if isinstance(value, Window) else list(value)
                )
        return {**given, **self.extra}


_DEFAULTS = {f.name: f.default for f in fields(Arguments)}


@dataclass(frozen=True)
class Call:
    """The arguments as the engine uses them."""

    arguments: Arguments
    flows: tuple[str, ...]
    selections: Mapping[str, Selection]
    window: Window
    base: Window | None
    slots: tuple[Window, ...]
    base_slots: tuple[Window, ...]
    keys: tuple[Key, ...]
    default_by: bool
    inner: tuple[Key, ...] = ()  # finer than the rows of the frame: summed by the metric itself
    family_of: Mapping[str, str] = field(default_factory=dict)  # product code -> its family's

    @property
    def cell_keys(self) -> tuple[Key, ...]:
        """What the cells are summed by: the frame's keys without time, and the inner ones."""
        return (*self.entity_keys, *self.inner)

    @property
    def entity_keys(self) -> tuple[Key, ...]:
        return tuple(k for k in self.keys if not k.is_time)

    @property
    def time_key(self) -> Key | None:
        return next((k for k in self.keys if k.is_time), None)

    def needs(self, dimension: str) -> bool:
        """True when the figures cannot come from a table without this dimension."""
        asked = self.selections[dimension].codes is not None
        return asked or any(k.dimension == dimension for k in (*self.keys, *self.inner))

    @property
    def product_level(self) -> int:
        """The finest HS level that the keys and the selection need."""
        codes = self.selections["product"].codes or ()
        levels = [k.level for k in (*self.keys, *self.inner)]
        return max(levels + [len(c) for c in codes], default=0)


def read_call(
    trade: Trade, arguments: Arguments, *, default_by: Sequence[str], flows: Sequence[str] = ()
) -> Call:
    """Check every argument and turn words into codes."""
    a = arguments
    _one_of("flow", a.flow, FLOWS)
    _one_of("lang", a.lang, LANGS)
    if a.currency is not None and not _CURRENCY.fullmatch(str(a.currency)):
        raise CallError(
            f"currency={a.currency!r} is not known",
            where="currency=",
            expected="USD, CNY, or the code of another currency that the store holds",
        )
    number = isinstance(a.min_base, (int, float)) and not isinstance(a.min_base, bool)
    if a.min_base is not None and not (number and a.min_base >= 0):
        raise CallError(
            f"min_base={a.min_base!r} is not an amount of money",
            where="min_base=",
            expected="a number of dollars, such as 100_000_000",
        )
    used = tuple(flows) or (("export", "import") if a.flow == "total" else (a.flow,))
    if a.during is None:
        window = trade.latest_window(flow=used[0], reporter=a.reporter)
    else:
        window = parse_window(a.during)
    keys = parse_by(a.by, default_by)
    selections = {
        d: vocab.resolve(d, getattr(a, d), reporter=a.reporter, where=f"{a.metric}({d}=)")
        for d in DIMENSIONS
    }
    if a.reporter != "CHN":
        _check_own_words(trade, a, used, keys, selections)
    slots = tuple(slot_windows(window, keys))
    base, base_slots = _bases(a, window, slots)
    return Call(a, used, selections, window, base, slots, base_slots, keys, a.by is None)


def _check_own_words(
    trade: Trade,
    a: Arguments,
    flows: Sequence[str],
    keys: Sequence[Key],
    selections: Mapping[str, Selection],
) -> None:
    """Places and regimes of another reporter stand in no code table: the store's rows and stated
    scopes are the only list of them, and a word outside it would be answered with a zero."""
    if any(k.column == "region" for k in keys):
        raise CallError(
            f"there are no regions for the places of reporter {a.reporter}",
            where="by=",
            expected="province, or another key: regions are those of mainland China",
        )
    for dimension in ("province", "regime"):
        asked = selections[dimension].codes
        held = _held_codes(trade, a.reporter, flows, dimension) if asked else set()
        strange = [code for code in asked or () if held and code not in held]
        if strange:
            near = get_close_matches(strange[0], sorted(held), 3)
            raise UnknownCodeError(
                f"unknown {dimension} {', '.join(map(repr, strange))} of reporter {a.reporter}",
                where=f"{a.metric}({dimension}=)",
                expected="codes or names as the loaded files write them",
                do=f"did you mean {' or '.join(near)}?"
                if near
                else f"list them with by={dimension!r}",
            )


def _held_codes(trade: Trade, reporter: str, flows: Sequence[str], dimension: str) -> set[str]:
    tables = [
        (grain.id, flow, currency)
        for flow in flows
        for grain in trade.grains(flow, reporter=reporter)
        if grain.has(dimension)
        for currency in trade.currencies(grain.id, flow)
    ]
    if not tables:
        return set()
    stated = {
        c for table in tables for s in trade.scopes(*table) for c in s.extent(dimension).codes
    }
    trade.use_files({(flow, currency) for _, flow, currency in tables})
    found = trade.engine.run(
        f"SELECT DISTINCT {dimension} AS code FROM flows"
        f" WHERE reporter = $reporter AND {dimension} IS NOT NULL",
        {"reporter": reporter},
    )
    return stated | set(found["code"])


def _bases(
    a: Arguments, window: Window, slots: tuple[Window, ...]
) -> tuple[Window, tuple[Window, ...]]:
    """The base of the window and of each slot: the same months earlier, or for `mom` the months
    just before."""
    if a.extra.get("kind") == "mom":
        if a.against is not None:
            raise CallError(
                "kind='mom' compares with the months just before",
                where="against=",
                do="leave out against=, or use kind='yoy'",
            )
        return window.shifted(-window.n_months), tuple(s.shifted(-s.n_months) for s in slots)
    base = base_window(window, a.against)
    lag = (base.first // 100 - window.first // 100) * 12
    return base, tuple(s.shifted(lag) for s in slots)


def _one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise CallError(
            f"{name}={value!r} is not known",
            where=f"{name}=",
            expected=", ".join(allowed),
        )
