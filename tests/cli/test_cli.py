"""The command line as a user meets it: exit codes, what goes where, and no traceback."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = (
    '"数据年月","贸易伙伴编码","贸易伙伴名称","商品编码","商品名称","注册地编码","注册地名称","美元",'
    "\n"
)
ROWS = [
    ("202401", "502", "美国", "85171300", "智能手机", "44", "广东省", "1,000"),
    ("202401", "304", "德国", "85171300", "智能手机", "44", "广东省", "3,000"),
    ("202501", "502", "美国", "85171300", "智能手机", "44", "广东省", "800"),
    ("202501", "304", "德国", "85171300", "智能手机", "44", "广东省", "3,200"),
]


def provexpo(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "provexpo.cli", *words],
        cwd=cwd, capture_output=True, text=True, timeout=120,
        encoding=env.get("PYTHONIOENCODING", "utf-8"),
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **env},
    )  # fmt: skip


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "下载 files"
    folder.mkdir()
    body = "".join(",".join(f'"{x}"' for x in row) + ",\n" for row in ROWS)
    (folder / "downloadData (17).csv").write_bytes((HEAD + body).encode("gb18030"))
    return folder


def test_a_desks_day(downloads: Path, tmp_path: Path) -> None:
    done = provexpo("add", "desk", str(downloads), "--flow", "export", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "load 1: 4 rows read: 4 new" in done.stdout

    again = provexpo("add", "desk", str(downloads), "--flow", "export", cwd=tmp_path)
    assert again.returncode == 0
    assert "nothing changed (1 of 1 files already loaded)" in again.stdout

    shown = provexpo("show", "desk", cwd=tmp_path)
    assert "2024  f . . ." in shown.stdout and "2025  f . . ." in shown.stdout

    run = provexpo(
        "run", "dependence", "desk", "--partner", "US", "--during", "2025-01", "--format", "json",
        cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert set(answer) == {"rows", "units", "caveats", "receipt"}
    assert answer["rows"][0]["share"] == pytest.approx(800 / 4000)
    assert answer["rows"][0]["base_share"] == pytest.approx(1000 / 4000)
    assert answer["rows"][0]["delta_share_pp"] == pytest.approx(-5.0)
    assert answer["units"]["value"] == "USD"
    scope = next(c["text"] for c in answer["caveats"] if c["code"] == "scope")
    assert "products: 85171300 only" in scope

    table = provexpo(
        "run", "growth", "desk", "--partner", "美国", "--during", "2025-01", "--by", "nation",
        "--format", "csv", cwd=tmp_path,
    )  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(table.stdout.lstrip("\ufeff")))
    assert float(row["pct"]) == pytest.approx(-0.2)

    wrote = provexpo("run", "value", "desk", "--out", "value.xlsx", cwd=tmp_path)
    assert wrote.returncode == 0, wrote.stderr
    assert (tmp_path / "value.xlsx").read_bytes()[:2] == b"PK"
    explained = provexpo("run", "value", "desk", "--explain", cwd=tmp_path)
    assert "SELECT" in explained.stdout and "share_k" in explained.stdout

    checked = provexpo("check", "desk", cwd=tmp_path)
    assert checked.returncode == 0
    assert "gap" in checked.stdout  # 2024-02 to 2024-12 are not held


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "dependance"], "there is no metric 'dependance'"),
        (["run", "value", "desk", "--province", "Shangxi"], "did you mean Shanxi (14) or Shaanxi"),
        (["run", "value", "desk", "--during", "2025-13"], "cannot read the month"),
        (["run", "value", "desk", "--currency", "EUR"], "hold no EUR"),
        (["run", "value", "desk", "--by", "provinces"], "did you mean province"),
        (["run", "value", "desk", "--format", "yaml"], "table, csv, json, xlsx, parquet"),
        (["run", "value", "desk", "--format", "xlsx"], "add --out value.xlsx"),
        (["run", "value", "desk", "--format", "csv", "--out", "a.json"], "name the file a.csv"),
        (["run", "balance", "desk", "--kind", "mom"], "balance has no option --kind"),
        (["run", "value", "desk", "--flow", "import"], "it holds: export"),
        (["run", "value", "nowhere"], "there is no store"),
        (["run", "value", "desk", "--version", "9"], "the store has no load 9"),
        (["add", "desk", "nowhere.csv"], "nowhere.csv"),
        (["map", "value", "desk", "--column", "statuses"], "statuses"),
        (["brief", "desk", "--formats", "docx"], "docx"),
    ],
)
def test_a_wrong_call_is_one_clear_message(
    words: list[str], says: str, downloads: Path, tmp_path: Path
) -> None:
    if "desk" in words:
        provexpo("add", "desk", str(downloads), "--flow", "export", cwd=tmp_path)
    done = provexpo(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_missing_flow_is_asked_for_and_nothing_is_made(downloads: Path, tmp_path: Path) -> None:
    done = provexpo("add", "desk", str(downloads), cwd=tmp_path)
    assert done.returncode == 2
    assert "--flow" in done.stderr
    assert not (tmp_path / "desk").exists()


def test_dry_run_writes_nothing(downloads: Path, tmp_path: Path) -> None:
    done = provexpo(
        "add", "desk", str(downloads), "--flow", "export", "--dry-run", "--format", "json",
        cwd=tmp_path,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["dry_run"] is True and report["rows_new"] == 4
    assert not (tmp_path / "desk").exists()


def test_an_uncovered_window_is_an_answer(downloads: Path, tmp_path: Path) -> None:
    provexpo("add", "desk", str(downloads), "--flow", "export", cwd=tmp_path)
    done = provexpo("run", "value", "desk", "--during", "2025", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    found = [(r["value"], r["status"], r["reason"]) for r in rows]
    assert found == [(None, "missing", "uncovered")]


def test_a_failed_check_exits_with_one(tmp_path: Path) -> None:
    rows = [
        ("202401", f"{100 + i}", "", "85171300", "", "44", "", "1,000") for i in range(1, 5)
    ]  # fmt: skip
    months = [(m, *r[1:]) for m in ("202401", "202402", "202403") for r in rows]
    cut = [r for r in months if not (r[0] == "202403" and r[1] == "104")]
    body = "".join(",".join(f'"{x}"' for x in row) + ",\n" for row in cut)
    (tmp_path / "cut.csv").write_bytes((HEAD + body).encode("gb18030"))
    added = provexpo("add", "desk", "cut.csv", "--flow", "export", cwd=tmp_path)
    assert added.returncode == 0, added.stderr
    done = provexpo("check", "desk", cwd=tmp_path)
    assert done.returncode == 1
    assert "FAIL  truncation" in done.stdout and "2024-03 ends before" in done.stdout


def test_version_and_help(tmp_path: Path) -> None:
    assert provexpo("--version", cwd=tmp_path).stdout.startswith("provexpo ")
    text = provexpo("--help", cwd=tmp_path).stdout
    for command in ("brief", "add", "show", "check", "run", "map", "doctor"):
        assert command in text


def test_doctor_looks_at_everything(tmp_path: Path) -> None:
    done = provexpo("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for what in ("duckdb", "font for zh", "boundaries", "sample's cache", "this folder"):
        assert what in done.stdout


def test_sample_says_that_it_is_no_data(tmp_path: Path) -> None:
    done = provexpo("run", "value", "--by", "nation", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert "illustrative sample, not data" in done.stderr
    assert answer["receipt"]["illustrative"] is True
    assert {"code": "illustrative", "text": "illustrative sample, not data", "rows": None} in (
        answer["caveats"]
    )


@pytest.mark.parametrize("encoding", ["gbk", "cp1252"])
def test_a_pipe_that_cannot_hold_every_character(
    downloads: Path, tmp_path: Path, encoding: str
) -> None:
    """What a Chinese or Western Windows gives `provexpo run ... > file`."""
    provexpo("add", "desk", str(downloads), "--flow", "export", cwd=tmp_path)
    call = ("run", "growth", "desk", "--partner", "US", "--during", "2025-01", "--lang", "zh")
    table = provexpo(*call, cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert table.returncode == 0, table.stderr
    assert "-20.0" in table.stdout  # the minus of the figure, not a question mark
    found = provexpo(*call, "--format", "json", cwd=tmp_path, PYTHONIOENCODING=encoding)
    if encoding == "cp1252":
        assert json.loads(found.stdout)["rows"][0]["province_name"] == "广东"


def test_an_option_given_twice_means_both(downloads: Path, tmp_path: Path) -> None:
    provexpo("add", "desk", str(downloads), "--flow", "export", cwd=tmp_path)
    call = ("run", "value", "desk", "--during", "2025-01", "--by", "nation", "--format", "json")
    both = provexpo(*call, "--partner", "US", "--partner", "Germany", cwd=tmp_path)
    assert json.loads(both.stdout)["rows"][0]["value"] == 4_000


def test_a_disk_that_takes_nothing_is_no_traceback(downloads: Path, tmp_path: Path) -> None:
    provexpo("add", "desk", str(downloads), "--flow", "export", cwd=tmp_path)
    (tmp_path / "taken").write_text("")
    done = provexpo("map", "value", "desk", "--out", "taken/map.png", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(("error:", "  "))
    assert "Traceback" not in done.stderr
