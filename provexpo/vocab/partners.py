"""Trading partners: countries, the codes each reporter gives them, and groups of them."""

from __future__ import annotations

from functools import cache

import polars as pl

from provexpo.errors import UnknownCodeError
from provexpo.vocab.book import EVERYTHING_WORDS, Book, Entry, everything
from provexpo.vocab.tables import month_or_none, read, rows, words_of

_EXPECTED = (
    "an ISO code, the reporter's own code, a name in English or Chinese, a group, a list,"
    " or 'not X'"
)
OTHER = "other"
M49 = "M49"  # the United Nations' codes, which any reporter of a Comtrade file uses
_AGGREGATE = "aggregate"


def partner_codes(reporter: str = "CHN") -> pl.DataFrame:
    """partner_code, partner, name_en, name_zh, valid_from, valid_to (yyyymm) of one reporter.

    A reporter without a code list of its own is taken to write ISO3. "M49" gives the numeric
    codes of UN Comtrade, three digits each. Aggregates such as a continent are no partners.
    """
    if not has_own_codes(reporter):
        return _iso_codes()
    own = read("partners").filter(pl.col("reporter") == reporter, pl.col("status") != _AGGREGATE)
    return own.select(
        pl.col("code").alias("partner_code"),
        "partner",
        "name_en",
        "name_zh",
        pl.col("valid_from", "valid_to").cast(pl.Int32),
    )


def has_own_codes(reporter: str) -> bool:
    """True for a reporter whose own list of partner codes is held."""
    return reporter in read("partners")["reporter"]


def partner_aggregates(reporter: str) -> dict[str, str]:
    """code -> name of the sums that stand in a reporter's files among its partners.

    >>> partner_aggregates("USA")["0027"]
    'ASEAN'
    """
    listed = read("partners").filter(pl.col("reporter") == reporter, pl.col("status") == _AGGREGATE)
    return dict(listed.select("code", "name_en").iter_rows())


def _iso_codes() -> pl.DataFrame:
    countries = read("countries").filter(pl.col("kind") == "country")
    month = pl.lit(None, dtype=pl.Int32)
    return countries.select(
        pl.col("partner").alias("partner_code"),
        "partner",
        "name_en",
        "name_zh",
        month.alias("valid_from"),
        month.alias("valid_to"),
    )


@cache
def partner_lookup(reporter: str = "CHN") -> dict[str, str]:
    """normalise(name, alias, ISO code or own code) -> the reporter's partner code in use today."""
    own = partner_codes(reporter)
    current_first = own.sort(pl.col("valid_to").is_not_null(), pl.col("name_en") != _name(own))
    code_of: dict[str, str] = {}
    book = Book("partner", "", "")
    for code, partner in current_first.select("partner_code", "partner").iter_rows():
        code_of.setdefault(partner, code)
    for row in current_first.iter_rows(named=True):
        book.add((row["partner_code"],), Entry((row["partner_code"],), "", ""))
    for partner, words in _spellings().items():
        if partner in code_of:
            book.add(words, Entry((code_of[partner],), "", ""))
    for row in current_first.iter_rows(named=True):
        book.add((row["name_en"], row["name_zh"]), Entry((row["partner_code"],), "", ""))
    return {key: e.codes[0] for key, e in book.entries().items() if e.codes}


def _name(own: pl.DataFrame) -> pl.Series:
    """The partner's name beside each code: a code that has it comes before codes of its parts."""
    names = dict(read("countries").select("partner", "name_en").iter_rows())
    return own["partner"].replace_strict(names, default=None)


@cache
def _spellings() -> dict[str, tuple[str, ...]]:
    """partner -> every word that means it, whoever reports."""
    words: dict[str, list[str]] = {
        c["partner"]: [
            w for w in (c["partner"], c["iso2"], c["short_en"], c["name_en"], c["name_zh"]) if w
        ]
        for c in rows("countries")
    }
    for a in rows("partner_aliases"):
        words[a["partner"]].append(a["alias"])
    return {partner: tuple(ws) for partner, ws in words.items()}


@cache
def group_members() -> dict[str, dict[str, tuple[int | None, int | None]]]:
    """group -> partner -> (first, last) yyyymm of membership; None is open."""
    members: dict[str, dict[str, tuple[int | None, int | None]]] = {}
    for m in rows("partner_groups"):
        dates = (month_or_none(m["valid_from"]), month_or_none(m["valid_to"]))
        members.setdefault(m["group"], {})[m["partner"]] = dates
    return members


@cache
def partner_book(reporter: str = "CHN") -> Book:
    book = Book("partner", "pe.partners() and pe.groups()", _EXPECTED)
    one = {}
    for c in rows("countries"):
        p = c["partner"]
        one[p] = Entry((p,), c["short_en"] or c["name_en"], c["name_zh"], hint=p)
    own = partner_codes(reporter).sort(pl.col("valid_to").is_not_null())
    strange, held = _codes_of_others(reporter), set(own["partner"])
    for partner, words in sorted(_spellings().items(), key=lambda item: item[0] not in held):
        if partner not in strange:
            book.add(words, one[partner])
    for row in own.iter_rows(named=True):
        book.add((row["partner_code"], row["name_en"], row["name_zh"]), one[row["partner"]])
    for g in rows("groups"):
        entry = _group(g)
        book.add((g["group"], g["name_en"], g["name_zh"], *words_of(g["aliases"])), entry)
    book.add((*EVERYTHING_WORDS, "all partners", "all countries"), everything("partner"))
    return book


def _codes_of_others(reporter: str) -> set[str]:
    """X-codes that only other reporters' lists hold: this reporter's figures never have them.

    Those of the United Nations' list stay, since any reporter's Comtrade file may hold them.
    """
    own = {*partner_codes(reporter)["partner"], *partner_codes(M49)["partner"]}
    listed = read("partners").filter(pl.col("status") != _AGGREGATE)
    made = listed.filter(pl.col("partner").str.ends_with(pl.col("code")))
    return set(made["partner"]) - own


def _group(g: dict[str, str]) -> Entry:
    """A group is its members of today, held constant over all periods (methods 0.7)."""
    members = group_members()[g["group"]]
    today = members_today(g["group"])
    return Entry(
        today,
        g["group"],
        g["name_zh"],
        hint=f"{len(today)} partners",
        group=g["group"],
        dates={p: members[p] for p in today if members[p] != (None, None)},
        notes=(f"{g['group']}: {g['definition']}",),
    )


def partition(name: str) -> pl.DataFrame:
    """partner, partner_group: every partner in exactly one group, the rest in "other".

    `name` is a partition ("continent", "main", "desk") or one group, whose members then stand
    against all others. Membership is that of today, held constant (methods 0.7). A partner that a
    partition names alone is its own group, under its ISO3 code.

    >>> partition("ASEAN").filter(pl.col("partner").is_in(["VNM", "USA"])).rows()
    [('USA', 'other'), ('VNM', 'ASEAN')]
    """
    elements = {
        e["partner_group"]: e["element"] for e in rows("partitions") if e["partition"] == name
    }
    if not elements:
        entry = partner_book().find(name)
        if entry is None or not entry.group:
            known = dict.fromkeys(e["partition"] for e in rows("partitions"))
            raise UnknownCodeError(
                f"unknown partner group {name!r}",
                where="by=partner_group:NAME",
                expected="a partition (" + ", ".join(known) + ") or a group",
                do=(partner_book().advice(name) + " list groups with pe.groups()").strip(),
            )
        elements = {entry.group: entry.group}
    home: dict[str, str] = {}
    for label, element in elements.items():
        for partner in members_today(element):
            home.setdefault(partner, label)
    partners = list(read("countries")["partner"])
    return pl.DataFrame(
        {"partner": partners, "partner_group": [home.get(p, OTHER) for p in partners]}
    )


def members_today(element: str) -> tuple[str, ...]:
    """The members of a group that have not left; a partner is its own only member."""
    groups = group_members()
    if element not in groups:
        return (element,)
    return tuple(p for p, (_, last) in groups[element].items() if last is None)
