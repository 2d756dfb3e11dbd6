"""What changed since the last briefing in a folder: a small record there, and the comparison.

The record holds what the last briefing was about and its headline figures; also the one before,
so that writing the same briefing again compares with the same predecessor and gives the same
bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provexpo.errors import PeriodError
from provexpo.output.files import write_bytes
from provexpo.periods import Window, parse_window
from provexpo.vocab.resolve import resolve

if TYPE_CHECKING:
    from provexpo.briefing.figures import Figures
    from provexpo.result import Result

RECORD = "briefing.json"
_FORMAT = 1
# What must be the same for two briefings to be about one thing.
_ABOUT = ("store", "partner", "flow", "reporter", "currency")


@dataclass(frozen=True)
class Since:
    """`kind`: "none" (no earlier briefing), "other" (it was about something else), "unreadable",
    or "compared". `changed` has (code, value then, value now) of the provinces whose sales to the
    partner in the last briefing's window are no longer what they were."""

    kind: str = "none"
    then: dict[str, Any] | None = None
    now: dict[str, Any] | None = None
    nation: tuple[int | None, int | None] = (None, None)  # value in the old window, then and now
    changed: tuple[tuple[str, int | None, int | None], ...] = ()
    known: bool = True  # False: the old window can no longer be asked for

    @property
    def window(self) -> Window | None:
        return parse_window(self.then["window"]) if self.then else None


def record_of(figures: Figures) -> dict[str, Any]:
    """What the next briefing needs to know of this one; no names, the same in any language."""
    ask, receipt = figures.ask, figures.any_result.receipt
    return {
        "partner": resolve("partner", ask.partner, reporter=ask.reporter).label("en"),
        "flow": ask.flow,
        "reporter": ask.reporter,
        "currency": receipt.currency,
        "window": str(ask.window),
        "base_window": str(ask.base_window),
        "store": receipt.store,
        "load": receipt.load,
        "as_of": receipt.as_of,
        "data_dated": None if figures.vintages is None else figures.vintages[1],
        "nation": _nation(figures.nation_shares or figures.nation_changes),
        "provinces": _provinces(figures.shares),
    }


def _nation(result: Result | None) -> dict[str, Any]:
    row = result.frame.row(0, named=True) if result is not None and result.frame.height else {}
    return {name: row.get(name) for name in ("value", "base_value", "total", "base_total")}


def _provinces(result: Result | None) -> dict[str, int | None]:
    if result is None or "province" not in result.frame.columns:
        return {}
    return dict(sorted(result.frame.select("province", "value").iter_rows()))


def compare(
    folder: Path, figures: Figures, ask_again: Callable[[Window, Window], Result | None]
) -> Since:
    """This briefing against the last one in the folder."""
    now, (kind, then) = record_of(figures), _last(folder, record_of(figures))
    if then is None:
        return Since(kind, now=now)
    if any(then[name] != now[name] for name in _ABOUT):
        return Since("other", then, now)
    if then["window"] == now["window"]:
        values, total = now["provinces"], now["nation"]["value"]
    else:
        again = ask_again(parse_window(then["window"]), parse_window(then["base_window"]))
        if again is None:
            return Since("compared", then, now, known=False)
        values = _provinces(again)
        held = list(values.values())
        total = None if not held or None in held else sum(x or 0 for x in held)
    codes = sorted({*values, *then["provinces"]})
    pairs = [(c, then["provinces"].get(c), values.get(c)) for c in codes]
    changed = [p for p in pairs if p[1] != p[2]]
    changed.sort(key=lambda p: (-abs((p[2] or 0) - (p[1] or 0)), p[0]))
    return Since("compared", then, now, (then["nation"]["value"], total), tuple(changed))


def _last(folder: Path, now: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """The briefing to compare with: the last one, or if that was this very one, the one before."""
    path = folder / RECORD
    if not path.is_file():
        return "none", None
    try:
        held = json.loads(path.read_text("utf-8"))
        last = held["previous"] if held["current"] == now else held["current"]
    except (OSError, ValueError, KeyError, TypeError):
        return "unreadable", None
    if last is None:
        return "none", None
    return ("none", last) if _is_record(last) else ("unreadable", None)


def _is_record(last: Any) -> bool:
    """Whether a record holds what is read from it: the file lies where anybody can write."""
    texts = ("partner", "flow", "reporter", "currency", "window", "base_window", "store")
    try:
        parse_window(last["window"])
        parse_window(last["base_window"])
        amounts = (last["nation"]["value"], *last["provinces"].values())
        return (
            all(isinstance(last[name], str) for name in texts)
            and isinstance(last["load"], int)
            and all(isinstance(last[n], str | None) for n in ("as_of", "data_dated"))
            and all(isinstance(x, int | None) for x in amounts)
        )
    except (PeriodError, KeyError, TypeError, AttributeError):
        return False


def write_record(folder: Path, since: Since) -> None:
    text = json.dumps(
        {"format": _FORMAT, "current": since.now, "previous": since.then},
        ensure_ascii=False, indent=1,
    )  # fmt: skip
    write_bytes(folder / RECORD, (text + "\n").encode())
