"""The `arguments` cell of a statement: one call of a metric, or several named ones.

    partner=US; during=2025-11
    {"partner": "US", "during": "2025-11"}
    partner=US | a: during=2025-11 | b: during=2025-10
    {"partner": "US", "a": {"during": "2025-11"}, "b": {"during": "2025-10"}}

A part without a name, or what stands outside the named objects in JSON, holds for every call.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any

from provexpo import vocab
from provexpo.claims.lookups import ANY, LOOKUPS
from provexpo.engine.by import parse_by
from provexpo.engine.call import FLOWS
from provexpo.errors import CallError, ProvexpoError
from provexpo.metrics import METRICS
from provexpo.periods import parse_window
from provexpo.signals import SIGNALS
from provexpo.store.snapshot import end_of_day

_NAMED = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*:(.*)", re.S)
_NEXT_KEY = re.compile(r"[,，]\s*[a-z_]+\s*=")
_DIMENSIONS = ("province", "partner", "product", "regime")
# A metric's name this close to a known one is a slip of the pen, not a metric to come.
_TYPO = 0.8


class ArgumentError(ValueError):
    """What is wrong with a call, what was expected and what to do; each may be empty but `what`."""

    def __init__(self, what: str, expected: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what, self.expected, self.do = what, expected, do


@dataclass(frozen=True)
class CallSpec:
    """A call as data: a metric, or a side table (`tariffs`, `fx`), and its arguments."""

    name: str  # "" where the statement has one call
    metric: str
    arguments: Mapping[str, Any]
    as_of: str | None = None

    @property
    def key(self) -> tuple[str, str, str | None]:
        """Equal for calls that give the same figure: the cache of a run."""
        return self.metric, json.dumps(self.arguments, sort_keys=True, default=str), self.as_of

    def changed(self, more: Mapping[str, Any]) -> CallSpec:
        """The same call with other arguments: another reading of the statement."""
        rest = {k: v for k, v in more.items() if k not in ("as_of", "metric")}
        return replace(
            self,
            metric=more.get("metric", self.metric),
            arguments={**self.arguments, **rest},
            as_of=more.get("as_of", self.as_of),
        )

    def text(self) -> str:
        """The call as Python that a reader can paste."""
        words = ", ".join(f"{k}={v!r}" for k, v in self.arguments.items())
        trade = f'pe.open(STORE, as_of="{self.as_of}")' if self.as_of else "trade"
        name = f"{self.name} = " if self.name else ""
        if self.metric in LOOKUPS:
            return f"{name}{trade}.side({self.metric!r})  # {words}"
        return f"{name}pe.{self.metric}({trade}{', ' if words else ''}{words})"


def parse_calls(metric: str, text: str) -> tuple[CallSpec, ...]:
    """Read the `arguments` cell. Raises ArgumentError."""
    shared, named = parse_parts(text)
    parts = {name: {**shared, **own} for name, own in named.items()} or {"": shared}
    return tuple(_spec(name, metric, given) for name, given in parts.items())


def parse_parts(text: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What holds for every call, and what each named call has of its own."""
    return _json(text) if text.strip().startswith("{") else _plain(text)


def parse_words(text: str) -> dict[str, Any]:
    """Read `key=value; key=value`."""
    found: dict[str, Any] = {}
    for part in filter(str.strip, text.replace("；", ";").replace("＝", "=").split(";")):
        key, equals, value = (s.strip() for s in part.partition("="))
        if not equals or not key:
            raise ArgumentError(
                f"cannot read {part.strip()!r}",
                "key=value, several divided by ;",
                "write partner=US; during=2025-01/2025-07",
            )
        if key in found:
            raise ArgumentError(f"{key} is given twice", do="write it once")
        if _NEXT_KEY.search(value):
            raise ArgumentError(
                f"a comma stands between two arguments in {part.strip()!r}",
                do="divide arguments by ;",
            )
        found[key] = value
    return found


def _plain(text: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    shared: dict[str, Any] = {}
    named: dict[str, dict[str, Any]] = {}
    for part in text.split("|"):
        read = _NAMED.fullmatch(part)
        if read is None or "=" in part.split(":", 1)[0]:
            shared.update(parse_words(part))
        elif read[1] in named:
            raise ArgumentError(f"two calls are named {read[1]!r}", do="give each its own name")
        else:
            named[read[1]] = parse_words(read[2])
    return shared, named


def _json(text: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    try:
        given = json.loads(text)
    except ValueError as err:
        raise ArgumentError(
            f"this is not JSON: {err}",
            '{"partner": "US", "during": "2025-11"}',
            "or write partner=US; during=2025-11",
        ) from err
    named = {k: v for k, v in given.items() if isinstance(v, dict)}
    return {k: v for k, v in given.items() if k not in named}, named


def _spec(name: str, metric: str, given: Mapping[str, Any]) -> CallSpec:
    own = str(given.get("metric", metric)).strip()
    if not own:
        raise ArgumentError("no metric is named", "its name in the column metric")
    rest = {k: v for k, v in given.items() if k not in ("metric", "as_of")}
    if "by" in rest and str(rest["by"]).strip().lower() in ("nation", "none", "[]"):
        rest["by"] = []
    as_of = given.get("as_of")
    return CallSpec(name, own, typed(own, rest), None if as_of is None else str(as_of))


def typed(metric: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Texts as the types that the metric's parameters state."""
    kinds = {k: str(p.annotation) for k, p in parameters(metric).items()}
    return {k: _value(k, v, kinds.get(k, "")) for k, v in given.items()}


def _value(key: str, value: Any, kind: str) -> Any:
    if not isinstance(value, str) or "Words" in kind or "str" in kind:
        return value
    if kind.startswith("bool"):
        if value.lower() not in ("true", "false", "yes", "no"):
            raise ArgumentError(f"{key}={value!r} is neither yes nor no")
        return value.lower() in ("true", "yes")
    for number in (int, float):
        if number.__name__ in kind:
            try:
                return number(value.replace("_", "").replace(",", ""))
            except ValueError:
                continue
    return value


def known_metric(name: str) -> bool:
    return name in LOOKUPS or metric_of(name) is not None


@cache
def metric_of(name: str) -> Callable[..., Any] | None:
    """The function of a metric or signal; None where this version has none of that name."""
    if name not in (*METRICS, *SIGNALS):
        return None
    room = "metrics" if name in METRICS else "signals"
    try:
        found: Callable[..., Any] = getattr(import_module(f"provexpo.{room}.{name}"), name)
    except (ImportError, AttributeError):
        return None
    return found


@cache
def parameters(metric: str) -> dict[str, inspect.Parameter]:
    """The arguments of a metric or side table; none where the metric is not there."""
    if metric in LOOKUPS:
        return {k: inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY) for k in LOOKUPS[metric]}
    function = metric_of(metric)
    if function is None:
        return {}
    return {k: p for k, p in inspect.signature(function).parameters.items() if k != "trade"}


def faults(spec: CallSpec) -> list[ArgumentError]:
    """Everything wrong with a call that can be told without data."""
    found = [] if known_metric(spec.metric) else _typo(spec.metric)
    known = parameters(spec.metric)
    for key in spec.arguments:
        if known and key not in known:
            near = get_close_matches(key, known, 1)
            found.append(
                ArgumentError(
                    f"{spec.metric} has no argument {key!r}",
                    ", ".join(known),
                    f"did you mean {near[0]}?" if near else "",
                )
            )
    for check in (*_checks(spec),):
        try:
            check()
        except ProvexpoError as err:
            found.append(ArgumentError(err.what, err.expected or "", err.do or ""))
    return found


def _typo(metric: str) -> list[ArgumentError]:
    names = (*METRICS, *SIGNALS, *LOOKUPS)
    near = get_close_matches(metric, names, 1, _TYPO)
    if not near:
        return []  # a metric to come: the statement says so when it is computed
    return [ArgumentError(f"there is no metric {metric!r}", ", ".join(names), f"use {near[0]}")]


def _checks(spec: CallSpec) -> list[Any]:
    given = spec.arguments
    reporter = str(given.get("reporter", "CHN"))
    checks: list[Any] = [
        lambda d=d: vocab.resolve(d, given[d], reporter=reporter, where=f"{d}=")
        for d in _DIMENSIONS
        if given.get(d) is not None and not (spec.metric in LOOKUPS and given[d] == ANY)
    ]
    checks += [lambda w=w: parse_window(given[w]) for w in ("during", "against") if given.get(w)]
    if given.get("by"):
        checks.append(lambda: _by(given["by"]))
    if spec.as_of is not None:
        checks.append(lambda: end_of_day(str(spec.as_of)))
    if "flow" in given:
        checks.append(lambda: _flow(given["flow"]))
    return checks


def _by(by: Any) -> None:
    words = [by] if isinstance(by, str) else by
    if not isinstance(words, list) or not all(isinstance(w, str) for w in words):
        raise CallError(f"by={by!r} is not text", expected='"province", or a list of texts')
    parse_by(words, ())


def _flow(flow: Any) -> None:
    if flow not in FLOWS:
        raise CallError(f"flow={flow!r} is not known", expected=", ".join(FLOWS))
