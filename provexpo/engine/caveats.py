"""What a reader must know before quoting a figure, told from how the call was answered."""

from __future__ import annotations

from collections.abc import Sequence

from provexpo.engine.by import cut_slots
from provexpo.engine.coverage import SlotCover, months_list
from provexpo.engine.query import MAX_STRAY, Query, tiles_of
from provexpo.ingest.rows import DIMENSIONS
from provexpo.result import Caveat

_SHOWN = 5
_BASIS = {
    "registered": "province = where the trading firm is registered, not where goods are made",
    "origin": "province = where the exported goods were made",
    "destination": "province = where the imports are used",
}


def scope_texts(query: Query, summed: Sequence[str]) -> list[str]:
    """What the figures are summed over that nobody declared complete, such as
    "products: 85177950 only"."""
    texts: dict[str, None] = {}
    for choice in query.chosen.values():
        tiles = tiles_of(query, choice, base=False) or tiles_of(query, choice, base=True)
        boxes = {id(b): b for t in tiles for b in choice.coverage.by_span[t]}.values()
        for name in DIMENSIONS:
            kinds = {b.extent(name).kind for b in boxes}
            if name not in summed or not kinds - {"declared", "absent"}:
                continue
            listed = sorted({c for b in boxes for c in b.extent(name).codes})
            wanted = choice.coverage.wanted[name].codes
            if listed and not kinds & {"declared", "assumed"}:
                if wanted is not None and set(wanted) <= set(listed):
                    continue
                few = ", ".join(listed) if len(listed) <= _SHOWN else f"{len(listed):,} listed ones"
                texts[f"{name}s: {few} only"] = None
            elif "assumed" in kinds:
                texts[f"{name}s assumed complete"] = None
    return list(texts)


def caveats_for(query: Query, summed: Sequence[str], *, compares: bool) -> list[Caveat]:
    """The caveats every metric shares. `compares`: the metric needs its base window."""
    found: list[Caveat] = []
    if query.trade.illustrative:
        found.append(Caveat("illustrative", "illustrative sample, not data"))
    scope = scope_texts(query, summed)
    if scope:
        found.append(Caveat("scope", "; ".join(scope)))
    found += _stray(query)
    found += _windows(query, compares)
    found += _choice(query)
    notes = dict.fromkeys(n for s in query.call.selections.values() for n in s.notes)
    found += [Caveat("definition", n) for n in notes]
    return found


def _stray(query: Query) -> list[Caveat]:
    found = []
    for dimension, share in query.stray.items():
        verdict = "figures are missing" if share > MAX_STRAY else "counted where they are listed"
        found.append(
            Caveat(
                "scope_varies",
                f"{dimension}s differ between the files of different months; those not listed in"
                f" every month carry {share:.2%} of the value: {verdict}. Declare what the files"
                " cover (--covers) to settle it",
            )
        )
    for (dimension, base), codes in query.steady.items():
        where = "window and base" if base else "window"
        found.append(
            Caveat(
                "scope_varies",
                f"only {len(codes)} {dimension} codes are held throughout the {where};"
                " the rows of others are missing",
            )
        )
    return found


def _uncovered(covers: Sequence[SlotCover]) -> str:
    texts = []
    for reason in dict.fromkeys(c.reason for c in covers if c.tiles is None):
        months = sorted({m for c in covers if c.reason == reason for m in c.missing_months})
        if reason == "combined_janfeb":
            texts.append(f"{months_list(months)}: held only as January and February together")
        elif reason == "scope":
            texts.append("the files of different months list different codes")
        else:
            texts.append(f"not covered: {months_list(months)}")
    return "; ".join(texts)


def _windows(query: Query, compares: bool) -> list[Caveat]:
    now = [pair[0] for pair in query.slots if pair[0].tiles is None]
    base = [pair[1] for pair in query.slots if pair[1].tiles is None]
    found = []
    if now:
        found.append(
            Caveat("missing", f"{query.call.window} is missing: {_uncovered(now)}", len(now))
        )
    if base:
        text = f"the base {query.call.base} is missing: {_uncovered(base)}"
        found.append(Caveat("missing" if compares else "base_missing", text, len(base)))
    cut = cut_slots(query.call.slots, query.call.keys)
    if cut:
        texts = ", ".join(f"{name} holds {w} only" for name, w in cut.items())
        found.append(Caveat("partial_period", texts))
    if any(w.splits_new_year for w in query.call.slots):
        found.append(
            Caveat(
                "lunar_new_year",
                "a window holds only one of January and February: the date of the Lunar New Year"
                " moves trade between the two",
            )
        )
    return found


def _choice(query: Query) -> list[Caveat]:
    call, found = query.call, []
    if call.arguments.currency is None and query.currency != "USD":
        found.append(Caveat("currency", f"in {query.currency}: no USD is held for this"))
    if call.default_by and call.arguments.by is None and not call.keys:
        found.append(
            Caveat("by", "one national row: no table that holds this is broken down further")
        )
    if any(k.dimension == "province" for k in call.keys):
        for basis in {c.grain.basis for c in query.chosen.values()}:
            found.append(Caveat("basis", _BASIS[basis]))
    if len(query.chosen) > 1:
        texts = [
            f"{flow}s {c.grain.export_valuation if flow == 'export' else c.grain.import_valuation}"
            f" from {c.grain.id}"
            for flow, c in query.chosen.items()
        ]
        found.append(Caveat("valuation", "; ".join(texts)))
    return found
