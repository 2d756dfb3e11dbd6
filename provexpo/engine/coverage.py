"""What is covered: inside a scope an absent cell is zero, outside it is missing (methods 0.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provexpo.ingest.rows import DIMENSIONS, Extent, Scope
from provexpo.periods import Span, Window, shift, span_months, tile, uncovered_months
from provexpo.vocab import phrase

_RUNS_SHOWN = 6

# Which codes of a dimension are covered: None = all of them.
Codes = frozenset[str] | None


@dataclass(frozen=True)
class Wanted:
    """The codes a call asks for in one dimension: None = everything.

    `exact` codes must be held themselves; others are groups of products ("85"), of which a list
    taken from a file may hold only some. `without` are the codes of "not X".
    """

    codes: tuple[str, ...] | None = None
    exact: frozenset[str] = frozenset()
    without: tuple[str, ...] = ()
    validity: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)

    def at(self, period: int) -> Wanted:
        """What a row of this month must hold: codes that did not exist yet, or no more, not."""
        if not self.validity or self.codes is None:
            return self

        def lives(code: str) -> bool:
            first, last = self.validity.get(code, (None, None))
            return (first is None or first <= period) and (last is None or period <= last)

        return replace(self, codes=tuple(c for c in self.codes if lives(c)), validity={})

    def leaves_nothing(self, boxes: Sequence[Scope], dimension: str) -> bool:
        """True where every code that the boxes list is left out: their zero would be no answer."""
        held = union(boxes, dimension) if self.without else None
        if held is None:
            return False
        if dimension == "product":
            return all(code.startswith(self.without) for code in held)
        return held <= set(self.without)


def holds(extent: Extent, dimension: str, code: str, exact: bool) -> bool:
    """True when a file that covers `extent` would show the cell of `code`."""
    if extent.is_all or code in extent.codes:
        return True
    if dimension != "product":
        return False
    if any(code.startswith(c) for c in extent.codes):
        return True
    return not exact and extent.kind == "listed" and any(c.startswith(code) for c in extent.codes)


def covers(boxes: Sequence[Scope], wanted: Mapping[str, Wanted]) -> bool:
    """True when the union of the boxes holds every cell of the selection.

    Codes held by the same boxes are checked together, one dimension after the other.
    """
    if not boxes:
        return False
    for dimension, want in wanted.items():
        if want.leaves_nothing([b for b in boxes if b.grain.has(dimension)], dimension):
            return False
        if want.codes is None or all(b.extent(dimension).is_all for b in boxes):
            continue
        rest = {d: w for d, w in wanted.items() if d != dimension}
        holders = {
            tuple(
                i for i, b in enumerate(boxes)
                if holds(b.extent(dimension), dimension, code, code in want.exact)
            )
            for code in want.codes
        }  # fmt: skip
        return all(covers([boxes[i] for i in held], rest) for held in holders)
    return True


def union(boxes: Iterable[Scope], dimension: str) -> Codes:
    """The codes of a dimension that at least one box holds."""
    codes: set[str] = set()
    for box in boxes:
        extent = box.extent(dimension)
        if extent.is_all:
            return None
        codes.update(extent.codes)
    return frozenset(codes)


@dataclass(frozen=True)
class SlotCover:
    """How one window of one slot is covered."""

    window: Window
    tiles: tuple[Span, ...] | None
    reason: str | None = None  # uncovered, combined_janfeb
    missing_months: tuple[int, ...] = ()


def _is_janfeb(span: Span) -> bool:
    return span[1] == 2 and span[0] % 100 == 2


@dataclass
class Coverage:
    """Covered spans of one table for one selection, and the lists that vary between them."""

    scopes: tuple[Scope, ...]
    wanted: Mapping[str, Wanted]
    by_span: dict[Span, list[Scope]] = field(default_factory=dict)
    spans: set[Span] = field(default_factory=set)
    _slots: dict[Window, SlotCover] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for scope in self.scopes:
            for span in scope.spans:
                self.by_span.setdefault(span, []).append(scope)
        known: dict[tuple[object, ...], bool] = {}
        for span, boxes in self.by_span.items():
            wanted = {d: w.at(span[0]) for d, w in self.wanted.items()}
            key = (wanted["product"].codes if "product" in wanted else None, *map(id, boxes))
            if key not in known:
                known[key] = covers(boxes, wanted)
            if known[key]:
                self.spans.add(span)

    def slot(self, window: Window) -> SlotCover:
        """How a window is covered; asked for often in one call, so worked out once."""
        if window not in self._slots:
            self._slots[window] = self._cover(window)
        return self._slots[window]

    def _cover(self, window: Window) -> SlotCover:
        tiles = tile(window, self.spans)
        if tiles is not None:
            return SlotCover(window, tiles)
        missing = uncovered_months(window, self.spans) or window.months
        combined = {m for s in self.spans if _is_janfeb(s) for m in span_months(s)}
        reason = "combined_janfeb" if set(missing) <= combined else "uncovered"
        return SlotCover(window, None, reason, missing)

    def codes(self, dimension: str, tiles: Iterable[Span]) -> list[Codes]:
        """For each span used, the codes of a dimension that its files hold."""
        return [union(self.by_span[t], dimension) for t in tiles]

    def kinds(self, dimension: str, tiles: Iterable[Span]) -> set[str]:
        return {b.extent(dimension).kind for t in tiles for b in self.by_span[t]}


def listed_in(codes: frozenset[str], dimension: str, code: str) -> bool:
    """True where the code itself or, of a product, a shorter code that it starts with stands."""
    if dimension != "product":
        return code in codes
    return any(code[:n] in codes for n in range(1, len(code) + 1))


def common(sets: Sequence[Codes], dimension: str) -> Codes:
    """The codes held in every span; None when all spans hold everything."""
    listed = [s for s in sets if s is not None]
    if not listed:
        return None
    every = frozenset.union(*listed)
    return frozenset(c for c in every if all(listed_in(s, dimension, c) for s in listed))


def months_list(months: Sequence[int], lang: str = "en") -> str:
    """Runs of months as windows: "2024-03, 2024-09/2024-12"."""
    runs: list[Window] = []
    for month in sorted(months):
        if runs and shift(runs[-1].last, 1) == month:
            runs[-1] = Window(runs[-1].first, month)
        else:
            runs.append(Window(month, month))
    shown = phrase("list", lang).join(map(str, runs[:_RUNS_SHOWN]))
    left = len(runs) - _RUNS_SHOWN
    return phrase("check.more", lang, shown=shown, count=left) if left > 0 else shown


__all__ = [
    "DIMENSIONS", "Codes", "Coverage", "SlotCover", "Wanted", "common", "covers", "holds",
    "listed_in", "months_list", "union",
]  # fmt: skip
