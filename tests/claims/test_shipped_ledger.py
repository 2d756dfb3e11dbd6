"""The shipped ledger of 160 published statements, on the sample: true they match, false not.

The sample was made to hold the published figures: this shows that each kind of statement is
computed, and nothing about the world.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.claims.ledger import COLUMNS, read_ledger
from provexpo.resources import seed

HERE = Path(__file__).resolve().parent
# Not to be had from customs tables at all: services, opinions, forecasts, verdicts, sales.
NEVER = ("C015", "C020", "C030", "C037", "C073", "C074", "C079", "C081", "C082", "C083")
# Their signals need more than the sample holds, or could not give the verdict.
SIGNALS = ("C050", "C069", "C073", "C074")


@pytest.fixture(scope="module")
def verdicts() -> Any:
    start = time.perf_counter()
    found = pe.verify(pe.sample())
    assert time.perf_counter() - start < 30  # seconds, when the sample is built
    return found


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with seed("claims.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def make_false() -> Callable[..., list[dict[str, str]]]:
    spec = importlib.util.spec_from_file_location("false_ledger", HERE / "false_ledger.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.false_rows


def test_there_are_160_statements_with_their_sources(rows: list[dict[str, str]]) -> None:
    assert [r["claim_id"] for r in rows] == [f"C{n:03d}" for n in range(1, 161)]
    assert tuple(rows[0]) == COLUMNS
    assert all(r["source"] and r["quote"] and r["expected"] for r in rows)
    assert all(r["remark"] for r in rows if not r["metric"])


def test_every_verdict_is_the_expected_one(verdicts: Any) -> None:
    wrong = [(v.claim_id, v.verdict, v.reason) for v in verdicts if v.verdict != v.expected]
    assert wrong == []
    assert not verdicts.failed
    assert verdicts.summary["mismatch"] == 0
    assert all(verdicts[c].verdict == "not_computable" for c in (*NEVER, *SIGNALS))


def test_every_verdict_has_its_grounds(verdicts: Any) -> None:
    for v in verdicts:
        assert v.reason
        if v.verdict != "not_computable":
            assert v.calls and v.computed is not None
            assert v.low is not None or v.high is not None


def test_the_first_release_and_the_current_one_are_both_printed(verdicts: Any) -> None:
    """C084, C086, C088 hold on the revised 2022; on the first release they would be larger."""
    for claim, first in (("C084", "−12.5"), ("C086", "−7.6"), ("C088", "−14.1")):
        note = next(n for n in verdicts[claim].notes if "first release of 2022: " in n)
        figure = float(note.split(": ")[1].split(" ")[0].replace("−", "-"))
        assert figure == pytest.approx(float(first.replace("−", "-")), abs=0.051), note


def test_a_growth_without_a_currency_shows_the_other_reading(verdicts: Any) -> None:
    assert any("in USD instead of CNY" in n and "mismatch" in n for n in verdicts["C010"].notes)


def test_every_output_says_that_it_proves_nothing(verdicts: Any) -> None:
    says = "proves nothing about the world"
    assert says in verdicts.to_text()
    answer = verdicts.to_dict()
    assert says in answer["summary"]["note"] and answer["receipt"]["illustrative"]
    assert says in verdicts.frame["note"][0]
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_no_false_statement_matches(
    verdicts: Any,
    rows: list[dict[str, str]],
    make_false: Callable[..., list[dict[str, str]]],
    tmp_path: Path,
) -> None:
    made = [
        {**false, "claim_id": f"{row['claim_id']}-{i}"}
        for row in rows
        if verdicts[row["claim_id"]].verdict == "match"
        for i, false in enumerate(make_false(row, verdicts[row["claim_id"]].computed))
    ]
    matched = sum(v.verdict == "match" for v in verdicts)
    assert len(made) > 1.5 * matched
    path = tmp_path / "false.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(made)
    found = pe.verify(pe.sample(), path)
    assert len(found) == len(made)
    still = [(v.claim_id, v.published, v.reason) for v in found if v.verdict != "mismatch"]
    assert still == []


def test_a_ledger_of_the_shipped_rows_reads_the_same_in_json(
    verdicts: Any, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    """Every shipped row's calls, written as JSON, are the same calls."""
    path = tmp_path / "json.csv"
    shipped = {c.claim_id: c for c in read_ledger(seed("claims.csv")).claims}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            calls = shipped[row["claim_id"]].calls
            given: dict[str, Any] = {}
            for call in calls:
                own = {"metric": call.metric, **call.arguments}
                given.update({call.name: own} if call.name else own)
            writer.writerow({**row, "arguments": json.dumps(given) if calls else ""})
    again = {c.claim_id: c for c in read_ledger(path).claims}
    for claim, read in shipped.items():
        assert again[claim].calls == read.calls, claim
