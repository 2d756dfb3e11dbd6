"""The words that sentences, sections and page share, in the page's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provexpo.briefing import words
from provexpo.output import formats, labels
from provexpo.vocab.resolve import resolve

if TYPE_CHECKING:
    from provexpo.briefing.figures import Figures

# English names that take an article: "exports to the US".
_WITH_ARTICLE = ("US", "UK", "EU", "European Union", "United ", "Netherlands", "Philippines")


@dataclass(frozen=True)
class Facts:
    """The words that sentences and page share, in the page's language."""

    lang: str
    flow: str
    partner: str
    reporter: str
    window: str
    base_window: str
    currency: str
    basis: str
    limits: str = ""  # what the figures are limited to, such as one product
    assumed: str = ""  # what nobody declared to be complete
    # "" where the figures are of all trade; else whether "all" of it are all partners ("limited")
    # or some ("listed").
    bounds: str = ""

    def word(self, key: str, **fields: object) -> str:
        """A text of `seeds/labels.csv` with its fields filled in."""
        return labels.word(key, self.lang).format(**{**self._fields, **fields})

    @property
    def flow_name(self) -> str:
        return labels.word(f"name.{self.flow}", self.lang).format(partner=self.partner)

    @property
    def all_name(self) -> str:
        """What the share divides by: no total of all trade where the figures are limited."""
        key = f"all.{self.flow}" + (f".{self.bounds}" if self.bounds else "")
        return labels.word(key, self.lang)

    @property
    def _fields(self) -> dict[str, str]:
        flow, every = self.flow_name, self.all_name
        return {
            "partner": self.partner, "reporter": self.reporter, "window": self.window,
            "base_window": self.base_window, "basis": self.basis,
            "currency": formats.currency_name(self.currency, self.lang),
            "Basis": capital(self.basis), "flow": flow, "Name": capital(flow), "all": every,
            "All": capital(every), "flow_noun": labels.word(f"noun.{self.flow}", self.lang),
            "valuation": labels.word(f"valuation.{self.flow}", self.lang),
        }  # fmt: skip


def facts_of(figures: Figures) -> Facts:
    ask = figures.ask
    receipt = figures.any_result.receipt
    _, _, basis = receipt.tables.get(ask.flow, next(iter(receipt.tables.values()), "")).partition(
        "@"
    )
    scopes = distinct(t for r in figures.results.values() for t in r.receipt.scope)
    limited = words.limited_dimensions(scopes)
    return Facts(
        lang=ask.lang,
        flow=ask.flow,
        partner=partner_name(ask.partner, ask.reporter, ask.lang),
        reporter=partner_name(ask.reporter, ask.reporter, ask.lang),
        window=formats.window(ask.window, ask.lang),
        base_window=formats.window(ask.base_window, ask.lang),
        currency=receipt.currency,
        basis=labels.known("basis", basis or "registered", ask.lang),
        limits=words.scopes(scopes, words.ONLY, ask.lang),
        assumed=words.scopes(scopes, words.ASSUMED, ask.lang),
        bounds="listed" if "partners" in limited else "limited" if limited else "",
    )


def partner_name(partner: str | list[str], reporter: str, lang: str) -> str:
    """The partner as a sentence names it: "the US", "美国"."""
    name = resolve("partner", partner, reporter=reporter, where="partner=").label(lang)
    return with_article(name, lang)


def with_article(name: str, lang: str) -> str:
    return f"the {name}" if lang == "en" and name.startswith(_WITH_ARTICLE) else name


def distinct(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
