"""Statements about a planted desk, each worked out by hand in `conftest.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import provexpo as pe
from provexpo.errors import CallError, ClaimsError

HEAD = "claim_id,quote,metric,arguments,pick,compare,value"
# The first is written as a person would, the second as a program would.
DRAFT = """\
1,Exports to the US fell 16.3 percent,growth,partner=US; during=2025-03,pct,,-16.3 %
2,Fujian depends most,dependence,during=2025-03,share[province=Fujian],,60 %
3,Shanxi ranks third,dependence,during=2025-03,rank(share[province=Shanxi]),rank,3
4,Two provinces sold less,growth,partner=US; by=province; during=2025-03,count(pct < 0),count,2
5,Tripled,value,partner=US | a: during=2025-03 | b: during=2024-03,a.value / b.value,,3 times
6,April,growth,during=2025-04,pct,,5 %
7,The rush,,,,,up
"""
DRAFT_JSON = """\
1,,growth,"{""partner"": ""US"", ""by"": [], ""during"": ""2025-03""}",pct,eq,-16.3 %
2,,dependence,"{""by"": [""province""], ""during"": ""2025-03""}",share[province=35],eq,60 %
3,,dependence,"{""during"": ""2025-03""}",rank(share[province=14]),rank,3
4,,growth,"{""partner"": ""USA"", ""by"": ""province"", ""during"": ""2025-03""}",count(pct < 0),count,2
5,,value,"{""partner"": ""US"", ""a"": {""during"": ""2025-03""}, ""b"": {""during"": ""2024-03""}}",a.value / b.value,eq,3 times
6,,growth,"{""during"": ""2025-04""}",pct,eq,5 %
7,,,,,,up
"""  # noqa: E501


@pytest.mark.parametrize(
    ("cells", "computed"),
    [
        # 1,005 / 1,200 - 1
        (
            {
                "metric": "growth",
                "arguments": "partner=US; during=2025-03",
                "pick": "pct",
                "value": "-16.25 %",
            },
            -16.25,
        ),
        # (1,005 - 1,200) / 2,800
        (
            {
                "metric": "contribution",
                "arguments": "during=2025-03",
                "pick": "pp[partner=US]",
                "value": "-7.0 pp",
            },
            -6.964286,
        ),
        # (360 + 45) / 1,005
        (
            {
                "metric": "dependence",
                "arguments": "during=2025-03",
                "pick": "sum(national_share[province=Fujian+Shanxi])",
                "value": "40.3 %",
            },
            40.298507,
        ),
        (
            {
                "metric": "dependence",
                "arguments": "during=2025-03",
                "pick": "share[province=Shanxi]",
                "value": "22.5 %",
            },
            22.5,
        ),
        # 1,005 / 3,200: one national row, since the pick is a plain column
        (
            {
                "metric": "dependence",
                "arguments": "during=2025-03",
                "pick": "share",
                "value": "31.4 %",
            },
            31.40625,
        ),
        (
            {
                "metric": "value",
                "arguments": "during=2025-03",
                "pick": "value",
                "value": "USD 3.2 bn",
            },
            3.2,
        ),
        (
            {
                "metric": "growth",
                "arguments": "partner=US; by=province; during=2025-03",
                "pick": "max(pct)",
                "value": "20 %",
            },
            20.0,
        ),
        (
            {
                "metric": "growth",
                "arguments": "partner=US; by=province; during=2025-03",
                "pick": "part(pct < 0)",
                "compare": "above",
                "value": "50 %",
            },
            200 / 3,
        ),
        (
            {
                "metric": "growth",
                "arguments": "partner=Vietnam; during=2025-03",
                "pick": "pct",
                "value": "up",
            },
            0.371875,
        ),
        (
            {
                "metric": "growth",
                "arguments": "a: partner=US | b: partner=Vietnam; during=2025-03",
                "pick": "b.value > a.value",
                "value": "yes",
            },
            1.0,
        ),
        (
            {
                "metric": "value",
                "arguments": "partner=US; during=2025-03",
                "pick": "value",
                "compare": "over",
                "value": "USD 1 bn",
            },
            1.005,
        ),
    ],
)
def test_statements_that_match(
    cells: dict[str, str], computed: float, desk: pe.Trade, one: Callable[..., Any]
) -> None:
    if "b: partner=Vietnam; during" in cells["arguments"]:
        cells = {**cells, "arguments": "during=2025-03 | a: partner=US | b: partner=Vietnam"}
    verdict = one(desk, **cells)
    assert verdict.verdict == "match", verdict
    assert verdict.computed == pytest.approx(computed, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "compare"),
    [("-16.2 %", "eq"), ("-16.4 %", "eq"), ("up", ""), ("-16 %", "over"), ("-20 %", "nearly")],
)
def test_statements_that_do_not(
    value: str, compare: str, desk: pe.Trade, one: Callable[..., Any]
) -> None:
    # -16.25 % is at least 16 % but also within 5 % of it: -16 % "over" holds to -16.8 %.
    verdict = one(desk, metric="growth", arguments="partner=US; during=2025-03", pick="pct",
                  value=value, compare=compare)  # fmt: skip
    rounding = {"-16.2 %": "match"}  # -16.25 lies on the bound of -16.2, which is in
    wanted = "match" if compare == "over" else rounding.get(value, "mismatch")
    assert verdict.verdict == wanted, verdict


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"metric": "growth", "arguments": "during=2025-04", "pick": "pct"}, "2025-04"),
        ({"metric": "growth", "arguments": "during=2024-03", "pick": "pct"}, "2023-03"),
        ({"metric": "balance", "arguments": "during=2025-03", "pick": "balance"}, "import"),
        (
            {"metric": "value", "arguments": "reporter=USA; during=2025-03", "pick": "value"},
            "no exports of reporter USA",
        ),
        ({"metric": "value", "arguments": "currency=CNY; during=2025-03", "pick": "value"}, "CNY"),
        (
            {"metric": "value", "arguments": "product=ships; during=2025-03", "pick": "value"},
            "product",
        ),
        (
            {"metric": "crystal_ball", "arguments": "partner=US", "pick": "glow"},
            "metric crystal_ball is not there",
        ),
        (
            {
                "metric": "tariffs",
                "arguments": "reporter=USA; partner=China; on=2025-11-30",
                "pick": "rate",
            },
            "no table of tariffs",
        ),
        ({"metric": "fx", "arguments": "during=1999-01", "pick": "cny_per_usd"}, "1999-01"),
        (
            {
                "metric": "growth",
                "arguments": "by=province; during=2025-03",
                "pick": "pct[province=Hebei]",
            },
            "no row for province=Hebei",
        ),
    ],
)
def test_statements_that_cannot_be_computed(
    cells: dict[str, str], says: str, desk: pe.Trade, one: Callable[..., Any]
) -> None:
    verdict = one(desk, value="5", **cells)
    assert (verdict.verdict, verdict.computed) == ("not_computable", None)
    assert says in verdict.reason


def test_a_missing_month_among_others_is_never_a_mismatch(
    desk: pe.Trade, one: Callable[..., Any]
) -> None:
    verdict = one(
        desk, metric="growth", arguments="by=month; during=2025-03/2025-04",
        pick="count(pct < 0)", compare="count", value="0",
    )  # fmt: skip
    assert verdict.verdict == "not_computable" and "2025-04" in verdict.reason


def test_both_spellings_of_a_draft_give_the_same(
    desk: pe.Trade, ledger: Callable[..., Path]
) -> None:
    heads = f"{HEAD},remark"

    def filled(text: str) -> list[str]:
        """Every row with an empty remark, but a reason for the statement without computation."""
        return [
            f"{line},{'a forecast' if line.startswith('7') else ''}" for line in text.splitlines()
        ]

    by_hand = pe.verify(desk, ledger(heads, *filled(DRAFT), name="a.csv"))
    by_program = pe.verify(desk, ledger(heads, *filled(DRAFT_JSON), name="b.csv"))
    wanted = ["match", "match", "match", "match", "mismatch", "not_computable", "not_computable"]
    assert [v.verdict for v in by_hand] == [v.verdict for v in by_program] == wanted
    assert [v.computed for v in by_hand] == [v.computed for v in by_program]
    assert by_hand["5"].computed == pytest.approx(1005 / 1200)
    assert by_hand["7"].reason == "a forecast"
    assert by_hand.failed
    assert by_hand.summary == {
        "statements": 7, "match": 4, "mismatch": 1, "not_computable": 2,
    }  # fmt: skip


def test_faults_that_only_the_data_show_are_said_at_once(
    desk: pe.Trade, ledger: Callable[..., Path]
) -> None:
    path = ledger(
        HEAD,
        "1,,growth,by=province; during=2025-03,pct,,5 %",
        "2,,contribution,during=2025-03,pp[partner=US],,-7 %",
        "3,,growth,during=2025-03; against=2024-02,pct,,5 %",
        "4,,value,during=2025-03,value,,5 %",
        "5,,dependence,during=2025-03,share[province=Fujian],,60",
        "6,,growth,partner=US; during=2025-03,pct,,2 times",
    )
    with pytest.raises(ClaimsError) as err:
        pe.verify(desk, path)
    text = str(err.value)
    assert "line 2, column pick: pct has 3 rows" in text
    assert "line 3, column pick: the statement is in %, but pp[partner=US] is in pp" in text
    assert "line 4, column arguments: the windows" in text
    assert "line 5, column pick: the statement is in %, but value is in USD" in text
    assert "line 6, column pick: the statement is a bare number" in text and "such as %" in text
    assert "line 7, column pick: the statement is in times, but pct is in fraction" in text


def test_what_a_store_said_earlier(
    make_store: Callable[..., Path], rows: Callable[..., Any], one: Callable[..., Any]
) -> None:
    """2024 is revised from 1,200 to 1,320 to the US: 1,005 is -16.25 % first, then -23.86 %."""
    make_store(rows(), vintage=1_714_000_000, name="first")  # April 2024
    trade = pe.open(make_store(rows(1.1), vintage=1_744_000_000, name="revised"))  # April 2025
    cells = {"metric": "growth", "arguments": "partner=US; during=2025-03", "pick": "pct"}
    now = one(trade, value="-23.9 %", also="as_of=2024-12-31", **cells)
    assert now.verdict == "match"
    assert any("as_of=2024-12-31: −16.250 % (mismatch)" in n for n in now.notes), now.notes
    then = one(trade, value="-16.3 %", metric="growth", pick="pct",
               arguments="partner=US; during=2025-03; as_of=2024-12-31")  # fmt: skip
    assert then.verdict == "match" and 'as_of="2024-12-31"' in then.calls[0]
    base = one(
        trade, value="-23.9 %",
        also="label=first release; metric=value; pick=a.value / b.value - 1"
        " | a: during=2025-03 | b: during=2024-03; as_of=2024-12-31",
        **cells,
    )  # fmt: skip
    assert "first release: −16.250 % (mismatch)" in base.notes


def test_the_other_currency_is_said_where_it_changes_the_verdict(
    make_store: Callable[..., Path], rows: Callable[..., Any], one: Callable[..., Any]
) -> None:
    """In dollars 1,005 on 1,200; in yuan at 7.0 and 7.3: 7,336.5 on 8,400, -12.66 %."""
    make_store(rows(), name="usd")
    yuan = [
        {**r, "value": int(r["value"] * (7.0 if r["period"] < 202501 else 7.3))} for r in rows()
    ]
    trade = pe.open(make_store(yuan, currency="CNY", name="cny"))
    cells = {"metric": "growth", "arguments": "partner=US; during=2025-03", "pick": "pct"}
    silent = one(trade, value="-16.3 %", **cells)
    assert any("CNY instead of USD" in n and "−12.66" in n for n in silent.notes), silent.notes
    named = one(trade, value="-16.3 %", currency="USD", **cells)
    assert not any("instead of" in n for n in named.notes)
    in_yuan = one(trade, value="-12.7 %", currency="CNY", **cells)
    assert in_yuan.verdict == "match"


def test_a_small_base_and_both_readings_of_a_fold_are_said(
    desk: pe.Trade, one: Callable[..., Any]
) -> None:
    verdict = one(
        desk, metric="growth", pick="ratio", compare="n_fold", value="2 times",
        arguments="province=Guangdong; partner=Vietnam; during=2025-03; min_base=50000000000",
    )  # fmt: skip
    assert verdict.verdict == "mismatch"  # 1,800 / 1,200 = 1.5
    assert any(n.startswith("small base") for n in verdict.notes)
    assert any("1.50 times the base" in n and "+50.0%" in n for n in verdict.notes)


def test_texts_and_frame(desk: pe.Trade, ledger: Callable[..., Path]) -> None:
    lines = [f"{line}," for line in DRAFT.splitlines()[:6]]
    path = ledger(f"{HEAD},source", *lines)
    verdicts = pe.verify(desk, path)
    text = verdicts.to_text()
    assert "illustrative" not in text
    assert text.index("mismatch (1)") < text.index("not computable (1)") < text.index("match (4)")
    assert "pe.growth(trade, during='2025-04'" in text
    frame = verdicts.frame
    assert frame["claim_id"].to_list() == list("123456")
    assert frame.row(0, named=True)["computed"] == pytest.approx(-16.25)
    assert frame.row(0, named=True)["low"] == pytest.approx(-16.35)
    assert set(frame.columns) <= set(pe.fields()["name"])
    assert "相符4条" in pe.verify(desk, path, lang="zh").to_text()
    receipt = verdicts["1"].receipts[0]
    assert pe.replay(receipt).frame["pct"][0] == pytest.approx(-0.1625)
    with pytest.raises(CallError):
        pe.verify(desk, path, lang="fr")


def provexpo(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "provexpo.cli", *words], cwd=cwd, capture_output=True, text=True,
        timeout=120, encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def test_the_command_and_its_exit_codes(
    desk: pe.Trade, ledger: Callable[..., Path], tmp_path: Path
) -> None:
    lines = DRAFT.splitlines()
    ledger(HEAD, *lines[:4], name="good.csv")
    ledger(HEAD, *lines[:6], name="false.csv")
    ledger(HEAD, "1,,growth,partner=Untied States,pct,,5 %", name="bad.csv")
    good = provexpo("verify", "desk", "--claims", "good.csv", "--format", "json", cwd=tmp_path)
    assert good.returncode == 0, good.stderr
    answer = json.loads(good.stdout)
    assert set(answer) == {"rows", "summary", "receipt"}
    assert {"claim_id", "published", "computed", "verdict", "reason"} <= set(answer["rows"][0])
    assert answer["rows"][0]["published"] == -16.3
    assert answer["rows"][0]["computed"] == pytest.approx(-16.25)
    assert [r["verdict"] for r in answer["rows"]] == ["match"] * 4
    assert answer["summary"]["match"] == 4 and answer["summary"]["note"] is None
    assert answer["receipt"]["load"] == 1 and len(answer["receipt"]["ledger_sha256"]) == 64
    false = provexpo("verify", "desk", "--claims", "false.csv", cwd=tmp_path)
    assert false.returncode == 1 and "1 mismatch" in false.stdout
    bad = provexpo("verify", "desk", "--claims", "bad.csv", cwd=tmp_path)
    assert bad.returncode == 2 and bad.stdout == ""
    assert "line 2, column arguments" in bad.stderr and "Traceback" not in bad.stderr
