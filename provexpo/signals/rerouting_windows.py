"""The windows of the rerouting signal: the event, placebo pairs, and how late a market counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provexpo import vocab
from provexpo.errors import CallError
from provexpo.periods import Window, base_window, month_index, parse_window
from provexpo.vocab.tables import rows

YEAR = 12
MOST_PLACEBOS = 2
MOST_YEARS_BACK = 12
MAX_LAG = 12
MIN_VALUE = 2_500_000  # dollars per quarter
QUARTER = 3
ENDS = ("b", "t")


@dataclass(frozen=True)
class Pair:
    """A window and its base, as the origin counts them."""

    now: Window
    base: Window

    def shifted(self, by: int) -> Pair:
        return Pair(self.now.shifted(by), self.base.shifted(by))

    def windows(self) -> tuple[tuple[str, Window], tuple[str, Window]]:
        return ((ENDS[0], self.base), (ENDS[1], self.now))

    def __str__(self) -> str:
        return f"{self.now} against {self.base}"


@dataclass(frozen=True)
class Asked:
    """The windows of a call: pair 0 is the event; `lags` are those of the hubs."""

    pairs: tuple[Pair, ...]
    lags: Mapping[str, int]

    @property
    def shifts(self) -> tuple[int, ...]:
        return tuple(sorted(set(self.lags.values())))

    def origin_windows(self) -> list[tuple[str, Window]]:
        return [(f"{i}{e}", w) for i, p in enumerate(self.pairs) for e, w in p.windows()]

    def market_windows(self) -> list[tuple[str, Window]]:
        return [
            (f"{i}{e}_{lag}", w)
            for lag in self.shifts
            for i, p in enumerate(self.pairs)
            for e, w in p.shifted(lag).windows()
        ]


def lags_of(hubs: Sequence[str], lag: Any, where: str = "rerouting(lag=)") -> dict[str, int]:
    """By how many months the market's records lie behind the origin's, hub by hub: the table
    `seeds/hub_lags.csv`, one number for all, or some hubs with their own ("MEX=2")."""
    held = {r["partner"] or "": int(r["months"]) for r in rows("hub_lags")}
    found = {h: held.get(h, held[""]) for h in hubs}
    if lag is None:
        return found
    if isinstance(lag, Mapping):
        given = dict(lag)
    else:
        words = [lag] if isinstance(lag, (str, int)) else list(lag)
        given = {}
        for word in words:
            name, equals, months = str(word).partition("=")
            given |= {name.strip(): months} if equals else dict.fromkeys(hubs, word)
    for name, months in given.items():
        code = name if name in hubs else _hub(name, hubs, where)
        found[code] = _months(months, where)
    return found


def _hub(name: str, hubs: Sequence[str], where: str) -> str:
    codes = vocab.resolve("partner", name, where=where).codes or ()
    if len(codes) != 1 or codes[0] not in hubs:
        raise CallError(f"{name!r} is no hub of this call", where=where, expected=", ".join(hubs))
    return codes[0]


def _months(value: Any, where: str) -> int:
    try:
        months = int(str(value))
    except ValueError:
        months = -1
    if not 0 <= months <= MAX_LAG:
        raise CallError(
            f"{value!r} is no number of months",
            where=where,
            expected=f"0 to {MAX_LAG}, for all hubs (1) or by hub (MEX=2)",
        )
    return months


def read_placebos(given: Any, event: Pair) -> tuple[Pair, ...]:
    """Pairs as a caller writes them: "2023Q3" (with the event's gap), "2017Q3 vs 2016Q3", or a
    tuple of two windows."""
    if isinstance(given, (str, Window)):
        given = [given]
    gap = month_index(event.now.first) - month_index(event.base.first)
    found = []
    for item in given:
        parts = list(item) if isinstance(item, (tuple, list)) else str(item).split(" vs ")
        if len(parts) > 2:
            raise CallError(
                f"{item!r} is no pair of windows",
                where="rerouting(placebo=)",
                expected="2023Q3, or 2023Q3 vs 2022Q3",
            )
        now = parse_window(parts[0])
        base_window(event.now, now)  # the same calendar months, or an error that says so
        base = base_window(now, parts[1] if len(parts) == 2 else now.shifted(-gap))
        pair = Pair(now, base)
        if now.last >= event.now.first:
            raise CallError(
                f"the placebo pair {pair} does not lie before {event}",
                where="rerouting(placebo=)",
                expected="windows without the event: earlier years",
            )
        found.append(pair)
    return tuple(dict.fromkeys(found))


def default_placebos(event: Pair, covered: Callable[[Pair], bool]) -> tuple[Pair, ...]:
    """The two newest covered pairs of the same months and gap that end before the base window
    begins: so before anything that was brought forward, and without months of the event."""
    gap = month_index(event.now.first) - month_index(event.base.first)
    found: list[Pair] = []
    for years in range(1, MOST_YEARS_BACK + 1):
        now = event.now.shifted(-YEAR * years)
        pair = Pair(now, now.shifted(-gap))
        if now.last < event.base.first and covered(pair):
            found.append(pair)
        if len(found) == MOST_PLACEBOS:
            break
    return tuple(found)


def min_value_of(min_value: Any, window: Window) -> float:
    """The threshold of the window: dollars per quarter, pro rata."""
    if isinstance(min_value, bool) or not isinstance(min_value, (int, float)) or not min_value > 0:
        raise CallError(
            f"min_value={min_value!r} is no amount of money",
            where="rerouting(min_value=)",
            expected="dollars per quarter, above 0",
        )
    return min_value * window.n_months / QUARTER
