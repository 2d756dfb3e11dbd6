"""Within `remembering`, a statement asked for again is not run again, and answers stay right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import provexpo as pe
from provexpo.engine.duckdb_engine import DuckEngine

ROWS = [
    {"province": p, "partner": j, "period": m, "value": v}
    for p, j, m, v in (
        ("44", "USA", 202501, 10), ("44", "VNM", 202501, 30), ("35", "USA", 202501, 5),
        ("44", "USA", 202401, 20), ("35", "DEU", 202401, 5),
    )
]  # fmt: skip


def test_the_same_question_runs_once_and_gives_the_same(
    make_store: Callable[..., Path], monkeypatch: object
) -> None:
    trade = pe.open(make_store(ROWS))
    plain = [
        pe.dependence(trade, partner="US", during="2025-01", lang=lang).frame
        for lang in ("en", "zh")
    ]
    ran: list[str] = []
    run = DuckEngine._run

    def counted(self: DuckEngine, sql: str, params: dict[str, object]) -> object:
        ran.append(sql)
        return run(self, sql, params)

    monkeypatch.setattr(DuckEngine, "_run", counted)  # type: ignore[attr-defined]
    with trade.engine.remembering():
        again = [
            pe.dependence(trade, partner="US", during="2025-01", lang=lang).frame
            for lang in ("en", "zh")
        ]
        assert len(ran) == len(set(ran))
    assert all(a.equals(b) for a, b in zip(plain, again, strict=True))
    before = len(ran)
    pe.dependence(trade, partner="US", during="2025-01")
    assert len(ran) > before  # outside, every call reads the files again


def test_other_values_and_other_tables_are_other_questions(
    make_store: Callable[..., Path],
) -> None:
    trade = pe.open(make_store(ROWS))
    asked = [{"partner": "US"}, {"partner": "not US"}, {"by": ["region"]}, {"by": ["partner"]},
             {"by": ["partner_group:continent"]}, {"by": ["partner_group:main"]}]  # fmt: skip
    plain = [pe.value(trade, during="2025-01", **words).frame for words in asked]  # type: ignore[arg-type]
    with trade.engine.remembering():
        for _ in range(2):
            for words, frame in zip(asked, plain, strict=True):
                assert pe.value(trade, during="2025-01", **words).frame.equals(frame)  # type: ignore[arg-type]
