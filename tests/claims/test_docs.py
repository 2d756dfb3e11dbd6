"""The example ledger of docs/claims.md, run as a reader would run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import provexpo as pe
from provexpo.claims.compare import COMPARISONS
from provexpo.claims.picks import AGGREGATES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "claims.md"


@pytest.fixture(scope="module")
def page() -> str:
    if not PAGE.is_file():
        pytest.skip("the docs are not part of an installed copy")
    return PAGE.read_text("utf-8")


def test_the_example_is_a_ledger_and_holds_on_the_sample(page: str, tmp_path: Path) -> None:
    text = re.search(r"<!-- example -->\n```csv\n(.*?)```", page, re.S)
    assert text is not None
    path = tmp_path / "draft.csv"
    path.write_text(text[1], encoding="utf-8")
    verdicts = pe.verify(pe.sample(), path)
    assert [(v.claim_id, v.verdict) for v in verdicts] == [(str(n), "match") for n in range(1, 10)]


def test_every_comparison_and_function_is_told(page: str) -> None:
    assert [name for name in (*COMPARISONS, *AGGREGATES) if f"`{name}" not in page] == []
