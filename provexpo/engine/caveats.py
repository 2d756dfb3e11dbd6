"""What a reader must know before quoting a figure, told from how the call was answered."""

from __future__ import annotations

from collections.abc import Sequence

from provexpo.engine.by import cut_slots
from provexpo.engine.coverage import SlotCover, months_list
from provexpo.engine.query import MAX_STRAY, Query, tiles_of
from provexpo.ingest.rows import DIMENSIONS
from provexpo.result import Caveat
from provexpo.vocab import phrase, whole_areas

_SHOWN = 5


def scope_texts(query: Query, summed: Sequence[str], lang: str = "en") -> list[str]:
    """What the figures are summed over that nobody declared complete, such as
    "products: 85177950 only"."""
    texts: dict[str, None] = {}
    for choice in query.chosen.values():
        tiles = tiles_of(query, choice, base=False) or tiles_of(query, choice, base=True)
        boxes = {id(b): b for t in tiles for b in choice.coverage.by_span[t]}.values()
        for name in DIMENSIONS:
            kinds = {b.extent(name).kind for b in boxes}
            listed = sorted({c for b in boxes for c in b.extent(name).codes})
            # Rows of a state's places are no rows of the country, also where nothing is summed.
            areas = whole_areas(query.call.arguments.reporter, listed) if name == "province" else ""
            if (name not in summed and not areas) or not kinds - {"declared", "absent"}:
                continue
            dimension = phrase(f"dimension.{name}", lang)
            wanted = choice.coverage.wanted[name].codes
            if listed and not kinds & {"declared", "assumed"}:
                if wanted is not None and set(wanted) <= set(listed):
                    continue
                few = phrase("list", lang).join(listed)
                if len(listed) > _SHOWN:
                    few = phrase("scope.many", lang, count=f"{len(listed):,}")
                few = areas or few
                texts[phrase("scope.only", lang, dimension=dimension, codes=few)] = None
            elif "assumed" in kinds:
                texts[phrase("scope.assumed", lang, dimension=dimension)] = None
    return list(texts)


def _holes(query: Query, lang: str) -> list[Caveat]:
    """Cells without a value in the files that are read: nothing tells them from absent ones."""
    boxes = {
        (b.sha256, b.flow, b.currency): b.holes
        for choice in query.chosen.values()
        for base in (False, True)
        for tile in tiles_of(query, choice, base=base)
        for b in choice.coverage.by_span[tile]
    }
    count = sum(boxes.values())
    return [Caveat("holes", phrase("holes", lang, count=f"{count:,}"))] if count else []


def caveats_for(query: Query, summed: Sequence[str], *, compares: bool) -> list[Caveat]:
    """The caveats every metric shares. `compares`: the metric needs its base window."""
    lang = query.call.arguments.lang
    found: list[Caveat] = []
    if query.trade.illustrative:
        found.append(Caveat("illustrative", phrase("illustrative", lang)))
    scope = scope_texts(query, summed, lang)
    if scope:
        found.append(Caveat("scope", phrase("join", lang).join(scope)))
    found += _holes(query, lang)
    found += _stray(query, lang)
    found += _windows(query, compares, lang)
    found += _choice(query, lang)
    notes = dict.fromkeys(n for s in query.call.selections.values() for n in s.notes)
    found += [Caveat("definition", n) for n in notes]
    return found


def _stray(query: Query, lang: str) -> list[Caveat]:
    found = []
    for dimension, share in query.stray.items():
        verdict = "missing" if share > MAX_STRAY else "counted"
        text = phrase(
            "scope_varies.weighed",
            lang,
            dimension=phrase(f"dimension.{dimension}", lang),
            share=f"{share:.2%}",
            verdict=phrase(f"scope_varies.{verdict}", lang),
        )
        found.append(Caveat("scope_varies", text))
    for (dimension, base), codes in query.steady.items():
        text = phrase(
            "scope_varies.steady",
            lang,
            count=len(codes),
            dimension=phrase(f"dimension.{dimension}", lang),
            where=phrase("where.both" if base else "where.window", lang),
        )
        found.append(Caveat("scope_varies", text))
    return found


def _uncovered(covers: Sequence[SlotCover], lang: str) -> str:
    texts = []
    for reason in dict.fromkeys(c.reason for c in covers if c.tiles is None):
        months = sorted({m for c in covers if c.reason == reason for m in c.missing_months})
        texts.append(phrase(f"uncovered.{reason}", lang, months=months_list(months, lang)))
    return phrase("join", lang).join(texts)


def _windows(query: Query, compares: bool, lang: str) -> list[Caveat]:
    call, found = query.call, []
    now = [pair[0] for pair in query.slots if pair[0].tiles is None]
    base = [pair[1] for pair in query.slots if pair[1].tiles is None]
    if now:
        why = _uncovered(now, lang)
        text = phrase("missing.window", lang, window=call.window, why=why)
        found.append(Caveat("missing", text, len(now)))
    if base and call.base != call.window:  # some metrics have no base, and pass the window
        text = phrase("missing.base", lang, window=call.base, why=_uncovered(base, lang))
        found.append(Caveat("missing" if compares else "base_missing", text, len(base)))
    cut = cut_slots(call.slots, call.keys)
    if cut:
        texts = [phrase("partial_period", lang, name=n, window=w) for n, w in cut.items()]
        found.append(Caveat("partial_period", phrase("list", lang).join(texts)))
    if any(w.splits_new_year for w in call.slots):
        found.append(Caveat("lunar_new_year", phrase("lunar_new_year.window", lang)))
    return found


def _choice(query: Query, lang: str) -> list[Caveat]:
    call, found = query.call, []
    if call.arguments.currency is None and query.currency != "USD":
        text = phrase("currency.fallback", lang, currency=query.currency)
        found.append(Caveat("currency", text))
    if query.currency not in ("USD", "CNY"):
        text = phrase("min_base.currency", lang, currency=query.currency)
        found.append(Caveat("min_base", text))
    if call.default_by and call.arguments.by is None and not call.keys:
        found.append(Caveat("by", phrase("by.nation", lang)))
    if any(k.dimension == "province" for k in call.keys):
        for basis in {c.grain.basis for c in query.chosen.values()}:
            found.append(Caveat("basis", phrase(f"basis.{basis}", lang)))
    systems = {c.grain.import_system for f, c in query.chosen.items() if f == "import"}
    for system in sorted(systems - {"general"}):
        found.append(Caveat("valuation", phrase("import_system", lang, system=system)))
    if len(query.chosen) > 1:
        texts = [
            phrase(
                "valuation",
                lang,
                flow=phrase(f"flow.{flow}", lang),
                valuation=c.grain.export_valuation
                if flow == "export"
                else c.grain.import_valuation,
                table=c.grain.id,
            )
            for flow, c in query.chosen.items()
        ]
        found.append(Caveat("valuation", phrase("join", lang).join(texts)))
    return found
