"""What `verify` returns: one verdict a statement, as a frame, as text and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from provexpo import __version__
from provexpo.claims.ledger import Claim
from provexpo.vocab import phrase

if TYPE_CHECKING:
    import polars as pl

    from provexpo.engine.trade import Trade
    from provexpo.result import Receipt

_SHOWN = 6
ORDER = ("mismatch", "not_computable", "match")


@dataclass(frozen=True)
class Verdict:
    """One statement: what was published, what was computed, and what follows.

    `computed`, `low` and `high` are in the unit as published; what lies from `low` to `high`
    matches. `notes` are about this statement, `caveats` about the figures it rests on; `calls` can
    be pasted.
    """

    claim_id: str
    source: str
    quote: str
    published: str
    compare: str
    verdict: str
    reason: str
    computed: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    pick: str = ""
    notes: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    expected: str = ""
    number: float | None = None
    receipts: tuple[Receipt, ...] = field(default=(), repr=False)

    @staticmethod
    def of(claim: Claim, verdict: str, reason: str, *, own_unit: str = "", **more: Any) -> Verdict:
        bounds, published = claim.bounds, claim.published
        return Verdict(
            claim_id=claim.claim_id,
            source=claim.source,
            quote=claim.quote,
            published=claim.value_text,
            compare=claim.compare,
            verdict=verdict,
            reason=reason,
            low=None if bounds is None or math.isinf(bounds.low) else bounds.low,
            high=None if bounds is None or math.isinf(bounds.high) else bounds.high,
            unit=own_unit or (published.unit.text if published is not None else ""),
            pick=claim.pick_text,
            expected=claim.expected,
            number=published.number if published is not None else None,
            **more,
        )

    def to_dict(self) -> dict[str, Any]:
        """The row of `--format json`: `published` is a number where a number was published."""
        return {
            "claim_id": self.claim_id,
            "source": self.source,
            "quote": self.quote,
            "published": self.published if self.number is None else self.number,
            "computed": self.computed,
            "unit": self.unit,
            "compare": self.compare,
            "low": self.low,
            "high": self.high,
            "verdict": self.verdict,
            "reason": self.reason,
            "notes": list(self.notes),
            "caveats": list(self.caveats),
            "pick": self.pick,
            "calls": list(self.calls),
            "expected": self.expected or None,
        }


@dataclass(frozen=True)
class Verdicts:
    """The verdicts on a ledger, in its order."""

    rows: tuple[Verdict, ...]
    trade: Trade = field(repr=False)
    ledger: str
    ledger_sha256: str
    lang: str = "en"

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, claim_id: str) -> Verdict:
        return {v.claim_id: v for v in self.rows}[claim_id]

    @property
    def failed(self) -> bool:
        """True when a statement mismatches: `provexpo verify` exits with 1."""
        return any(v.verdict == "mismatch" for v in self.rows)

    @property
    def summary(self) -> dict[str, int]:
        counts = {name: sum(v.verdict == name for v in self.rows) for name in ORDER}
        return {"statements": len(self.rows), **counts}

    @property
    def note(self) -> str:
        """What an illustrative store's figures are worth; empty for a store of real files."""
        return phrase("claims.illustrative", self.lang) if self.trade.illustrative else ""

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row a statement; `computed`, `low` and `high` in the statement's unit."""
        import polars as pl

        texts = ("claim_id", "verdict", "quote", "published")
        numbers = ("computed", "low", "high")
        last = ("unit", "reason", "source")
        columns: dict[str, Any] = {}
        for name in (*texts, *numbers, *last):
            kind = pl.Float64 if name in numbers else pl.String
            columns[name] = pl.Series([getattr(v, name) for v in self.rows], dtype=kind)
        for name in ("notes", "caveats", "calls"):
            columns[name] = pl.Series(
                ["; ".join(getattr(v, name)) for v in self.rows], dtype=pl.String
            )
        if self.note:
            columns["note"] = pl.Series([self.note] * len(self.rows), dtype=pl.String)
        return pl.DataFrame(columns)

    def to_dict(self) -> dict[str, Any]:
        """`rows`, `summary` and `receipt`: what `--format json` prints."""
        trade = self.trade
        return {
            "rows": [v.to_dict() for v in self.rows],
            "summary": {**self.summary, "note": self.note or None},
            "receipt": {
                "store": "sample" if trade.is_sample else str(trade.snapshot.place),
                "load": trade.load,
                "as_of": trade.as_of,
                "illustrative": trade.illustrative,
                "ledger": self.ledger,
                "ledger_sha256": self.ledger_sha256,
                "provexpo": __version__,
            },
        }

    def to_text(self) -> str:
        """Mismatches first, then what cannot be computed, then the matches."""
        counts = self.summary
        lines = [self.note] if self.note else []
        lines += [phrase("claims.summary", self.lang, **counts), ""]
        for kind in ORDER:
            mine = [v for v in self.rows if v.verdict == kind]
            if mine:
                lines.append(f"{phrase(f'claims.verdict.{kind}', self.lang)} ({len(mine)})")
                lines += [line for v in mine for line in self._lines(v)]
                lines.append("")
        lines += self._caveats()
        return "\n".join(lines).rstrip() + "\n"

    def _caveats(self) -> list[str]:
        """What figures rest on: each text once, with the statements that it touches."""
        found: dict[str, list[str]] = {}
        for v in self.rows:
            for text in v.caveats:
                found.setdefault(text, []).append(v.claim_id)
        if not found:
            return []
        texts = [f"  {text} [{_few(ids)}]" for text, ids in found.items()]
        return [phrase("claims.caveats", self.lang), *texts]

    def _lines(self, v: Verdict) -> list[str]:
        words = {"quote": v.quote or v.pick, "published": v.published, "reason": v.reason}
        head = f"  {v.claim_id}  {phrase('claims.line', self.lang, **words)}"
        calls = () if v.verdict == "match" else v.calls
        return [head, *(f"        {t}" for t in (*v.notes, *calls))]


def _few(ids: list[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (f" +{len(ids) - _SHOWN}" if len(ids) > _SHOWN else "")
