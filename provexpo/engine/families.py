"""Product families in a call: where a window and its base lie on two sides of an HS revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from provexpo.engine.by import Key
from provexpo.engine.call import Call
from provexpo.engine.trade import Trade
from provexpo.periods import month_text, shift
from provexpo.result import Caveat
from provexpo.vocab import phrase
from provexpo.vocab.families import Family, Link, by_member, families, family_table, shipped_links

LOOKUP = "families"
_SHOWN = 4


def span_of(call: Call) -> tuple[int, int]:
    """The first and last month that the call reads."""
    windows = [*call.slots, *call.base_slots]
    return min(w.first for w in windows), max(w.last for w in windows)


def crossed(trade: Trade, call: Call) -> tuple[Family, ...]:
    """The families of the revisions between the first and the last month of a call."""
    first, last = span_of(call)
    return families(
        _links(trade),
        reporter=call.arguments.reporter,
        first=first,
        last=last,
    )


def _links(trade: Trade) -> list[Link]:
    """The shipped code changes, and those that the store holds beside them."""
    own = trade.side("hs_changes").select("reporter", "old", "new", "valid_from")
    return [*shipped_links(), *((r or "", o, n, v) for r, o, n, v in own.iter_rows())]


def widened(call: Call, found: Sequence[Family]) -> Call:
    """The call with every member of a family where one of its codes was asked for."""
    s = call.selections["product"]
    member = by_member(found)
    hit = [member[c] for c in s.codes or () if c in member]
    if not hit:
        return call
    added = [m for f in hit for m in f.members]
    codes = tuple(dict.fromkeys((*(s.codes or ()), *added)))
    dates = dict(s.validity)
    for f in hit:
        last = shift(f.valid_from, -1)
        dates |= {c: (f.valid_from, None) for c in f.new if c not in f.old}
        dates |= {c: (None, last) for c in f.old if c not in f.new}
    exact = tuple(dict.fromkeys((*s.exact, *(m for m in added if set(s.exact) & set(added)))))
    wide = replace(s, codes=codes, exact=exact, validity=dates)
    return replace(call, selections={**call.selections, "product": wide})


def with_families(keys: Sequence[Key], found: Sequence[Family]) -> tuple[Key, ...]:
    """Keys by product code that must be families, told to join the small table."""
    levels = {len(f.code) for f in found}
    return tuple(
        replace(k, lookup=LOOKUP) if k.column == "product" and k.level in levels else k
        for k in keys
    )


def table_for(keys: Sequence[Key], found: Sequence[Family]) -> pl.DataFrame | None:
    """The members of the level that the keys show; None where no key is by families."""
    level = next((k.level for k in keys if k.lookup == LOOKUP), 0)
    return family_table(found, level) if level else None


def family_codes(codes: Sequence[str], found: Sequence[Family]) -> tuple[str, ...]:
    """Each code's family, where it has one."""
    member = by_member(found)
    return tuple(dict.fromkeys(member[c].code if c in member else c for c in codes))


def member_codes(codes: Sequence[str], found: Sequence[Family]) -> frozenset[str]:
    """Every member of the families whose code is among these, beside the other codes."""
    own = {f.code: f for f in found}
    return frozenset(m for c in codes for m in (own[c].members if c in own else (c,)))


def caveats(call: Call, found: Sequence[Family], frame: pl.DataFrame) -> list[Caveat]:
    """What was counted as one product, and that other changes of codes are not known."""
    lang = call.arguments.lang
    by_code = any(k.lookup == LOOKUP for k in (*call.keys, *call.inner))
    asked = set(call.selections["product"].codes or ())
    used = [f for f in found if asked & set(f.members)]
    if not used and "product" in frame.columns:
        used = [f for f in found if f.code in set(frame["product"])]
    notes = []
    if used:
        shown = phrase("join", lang).join(f.label() for f in used[:_SHOWN])
        if len(used) > _SHOWN:
            shown = phrase("check.more", lang, shown=shown, count=len(used) - _SHOWN)
        notes.append(Caveat("families", phrase("families.used", lang, families=shown)))
    if by_code:
        notes.append(Caveat("families", phrase("families.known", lang, count=len(found))))
    return notes


def not_in_force(trade: Trade, call: Call) -> list[Caveat]:
    """Codes that were asked for and did not exist in any month read: their zero is no finding."""
    chosen, lang = call.selections["product"], call.arguments.lang
    if chosen.codes is None or chosen.negate:
        return []
    first, last = span_of(call)
    asked, reporters = set(chosen.codes), ("", call.arguments.reporter)
    links = [link[1:] for link in _links(trade) if link[0] in reporters]
    lasting = {old for old, _, _ in links} & {new for _, new, _ in links}
    begins: dict[tuple[str, int], set[str]] = {}
    ended: dict[tuple[str, int], set[str]] = {}
    for old, new, start in links:
        if new in asked and start > last and new not in lasting:
            begins.setdefault((new, start), set()).add(old)
        if old in asked and start <= first and old not in lasting:
            ended.setdefault((old, start), set()).add(new)
    texts = [
        phrase(key, lang, code=code, month=month_text(start), others="+".join(sorted(others)))
        for key, found in (("families.begins", begins), ("families.ended", ended))
        for (code, start), others in sorted(found.items())
        if not others & asked
    ]
    return [Caveat("families", phrase("join", lang).join(texts[:_SHOWN]))] if texts else []


__all__ = [
    "LOOKUP", "by_member", "caveats", "crossed", "family_codes", "member_codes", "not_in_force",
    "table_for", "widened", "with_families",
]  # fmt: skip
