"""A ledger: a CSV file with one published statement a row, read and checked as a whole.

Every problem of a file is reported at once, with its line and column, what was expected and what
to do, so that a draft is put right in one go.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from provexpo import vocab
from provexpo.claims.arguments import (
    ArgumentError,
    CallSpec,
    faults,
    known_metric,
    parse_calls,
    parse_parts,
    typed,
)
from provexpo.claims.compare import Bounds, bounds, read_comparison
from provexpo.claims.lookups import LOOKUPS
from provexpo.claims.picks import Node, PickError, columns, parse_pick
from provexpo.claims.units import CURRENCY_WORDS, Published, UnitError, parse_published
from provexpo.errors import ClaimsError
from provexpo.ingest.decode import decode
from provexpo.ingest.side import SIDE_SCHEMAS

COLUMNS = (
    "claim_id", "source", "quote", "metric", "arguments", "pick", "compare", "value", "unit",
    "currency", "tolerance", "also", "expected", "remark",
)  # fmt: skip
NEEDED = ("claim_id", "metric", "arguments", "pick", "value")
VERDICTS = ("match", "mismatch", "not_computable")
UNSTATED = ("", "unstated")
_DELIMITERS = ",;\t"
_SHOWN = 40
MISSING_COLUMN = "the column is not there"


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a ledger. `line` counts as an editor does, from 1."""

    line: int
    column: str
    what: str
    expected: str = ""
    do: str = ""

    def text(self) -> str:
        where = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        parts = (("expected", self.expected), ("do", self.do))
        return "\n".join([f"{where}: {self.what}", *(f"    {n}: {t}" for n, t in parts if t)])


@dataclass(frozen=True)
class Reading:
    """Another computation of the same statement, printed beside its verdict."""

    label: str
    calls: tuple[CallSpec, ...]
    pick: Node | None


@dataclass(frozen=True)
class Claim:
    """One statement and its computation. Without `calls` it is one that nothing here computes,
    and `remark` says why."""

    line: int
    claim_id: str
    source: str
    quote: str
    calls: tuple[CallSpec, ...]
    pick: Node | None
    pick_text: str
    compare: str
    published: Published | None
    value_text: str  # as it stands in the file, with its unit
    bounds: Bounds | None
    currency: str  # a code, or "" where the text names none
    also: tuple[Reading, ...]
    expected: str
    remark: str


@dataclass(frozen=True)
class Ledger:
    name: str
    sha256: str
    claims: tuple[Claim, ...]


def refuse(name: str, problems: list[Problem]) -> None:
    """Raise one error that names every problem."""
    if not problems:
        return
    ordered = sorted(problems, key=lambda p: (p.line, p.column))
    shown = "\n".join(f"  {p.text()}" for p in ordered[:_SHOWN])
    more = f"\n  and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    many = f"{len(ordered)} problems" if len(ordered) > 1 else "1 problem"
    error = ClaimsError(f"the ledger has {many}:\n{shown}{more}", where=name)
    raise error


def read_ledger(path: str | Path) -> Ledger:
    """Read a ledger and check every row. Raises ClaimsError with all problems."""
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as err:
        raise ClaimsError(
            f"the ledger cannot be read: {err.strerror or err}",
            where=str(file),
            expected="a CSV file with a header: " + ", ".join(NEEDED),
        ) from err
    rows, problems = _rows(decode(data, str(file)).text)
    claims = [claim for line, cells in rows if (claim := _claim(line, cells, problems))]
    seen: dict[str, int] = {}
    for claim in claims:
        first = seen.setdefault(claim.claim_id, claim.line)
        if first != claim.line:
            problems.append(
                Problem(
                    claim.line, "claim_id", f"{claim.claim_id!r} stands in line {first} too",
                    do="give each statement its own",
                )
            )  # fmt: skip
    refuse(str(file), problems)
    if not claims:
        raise ClaimsError("the ledger holds no statements", where=str(file), expected="rows")
    return Ledger(str(file), hashlib.sha256(data).hexdigest(), tuple(claims))


def _rows(text: str) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    """Rows as cells by column, with their line. A spreadsheet's ; or tab is read as well."""
    # A first line such as "sep=;" is a spreadsheet's own, and no row.
    hint = re.match(r'"?sep=[,;\t]"?[,;\t]*(?=[\r\n])', text, re.IGNORECASE)
    head = re.split(r"[\r\n]+", text[hint.end() :].lstrip() if hint else text, maxsplit=1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        if hint:
            next(reader)
        header = [name.strip().lower() for name in next(reader)]
        problems = _header(header)
        found: list[tuple[int, dict[str, str]]] = []
        if any(p.what == MISSING_COLUMN for p in problems):
            return found, problems  # every row would repeat it
        start = reader.line_num + 1
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not any(c.strip() for c in cells):
                continue
            if any(c.strip() for c in cells[len(header) :]):
                problems.append(
                    Problem(
                        line, "", f"{len(cells)} cells under {len(header)} headings",
                        do="put cells that hold the divider in double quotes",
                    )
                )  # fmt: skip
            row = {n: c.strip() for n, c in zip(header, cells)}
            found.append((line, {n: row.get(n, "") for n in COLUMNS}))
    except csv.Error as err:
        raise ClaimsError(
            f"the ledger is no CSV: {err}", where=f"line {reader.line_num}", do="save it as CSV"
        ) from err
    return found, problems


def _header(header: list[str]) -> list[Problem]:
    problems = [
        Problem(1, name, MISSING_COLUMN, ", ".join(COLUMNS))
        for name in NEEDED
        if name not in header
    ]
    for name in header:
        near = get_close_matches(name, [c for c in COLUMNS if c not in header], 1, 0.8)
        if name not in COLUMNS and near:
            problems.append(Problem(1, name, "unknown column", do=f"did you mean {near[0]}?"))
    twice = sorted({n for n in header if n in COLUMNS and header.count(n) > 1})
    return [*problems, *(Problem(1, n, "the column stands there twice") for n in twice)]


class _Row:
    """The cells of one row, and a place to put what is wrong with them."""

    def __init__(self, line: int, cells: Mapping[str, str], problems: list[Problem]) -> None:
        self.line, self.cells, self.problems = line, cells, problems
        self.before = len(problems)

    def fault(self, column: str, what: str, expected: str = "", do: str = "") -> None:
        self.problems.append(Problem(self.line, column, what, expected, do))

    def read(self, column: str, work: Callable[[], Any]) -> Any:
        """What `work` gives, or None and a problem in this column."""
        try:
            return work()
        except ArgumentError as err:
            self.fault(column, err.what, err.expected, err.do)
        except (PickError, UnitError) as err:
            self.fault(column, str(err))
        return None

    @property
    def bad(self) -> bool:
        return len(self.problems) > self.before


def _claim(line: int, cells: Mapping[str, str], problems: list[Problem]) -> Claim | None:
    row = _Row(line, cells, problems)
    if not cells["claim_id"]:
        row.fault("claim_id", "the statement has no id", do="number them: 1, 2, 3")
    if cells["expected"] not in ("", *VERDICTS):
        row.fault("expected", f"unknown verdict {cells['expected']!r}", ", ".join(VERDICTS))
    if not cells["metric"] and not cells["arguments"] and not cells["pick"]:
        return _without_computation(row)
    calls = row.read("arguments", lambda: parse_calls(cells["metric"], cells["arguments"])) or ()
    pick = row.read("pick", lambda: _pick(cells["pick"]))
    published = row.read("value", lambda: parse_published(cells["value"], cells["unit"]))
    compare = row.read("compare", lambda: read_comparison(cells["compare"], cells["value"]))
    tolerance = row.read("tolerance", lambda: _tolerance(cells["tolerance"]))
    limits = None
    if published is not None and compare is not None:
        limits = row.read("value", lambda: bounds(compare, published, tolerance))
    currency = row.read("currency", lambda: _currency(cells["currency"], published)) or ""
    calls = tuple(_in_currency(c, currency) for c in calls)
    also = row.read("also", lambda: _also(cells["also"], calls, pick)) or ()
    _check_calls(row, calls, also, pick)
    if row.bad:
        return None
    return Claim(
        line, cells["claim_id"], cells["source"], cells["quote"], calls, pick, cells["pick"],
        compare, published, _value_text(cells), limits, currency, also, cells["expected"],
        cells["remark"],
    )  # fmt: skip


def _without_computation(row: _Row) -> Claim | None:
    cells = row.cells
    if not cells["remark"]:
        row.fault(
            "metric",
            "the statement has neither a computation nor a reason",
            "metric, arguments and pick; or a remark that says why it cannot be computed",
        )
    if row.bad:
        return None
    return Claim(
        row.line, cells["claim_id"], cells["source"], cells["quote"], (), None, "", "", None,
        _value_text(cells), None, "", (), cells["expected"], cells["remark"],
    )  # fmt: skip


def _value_text(cells: Mapping[str, str]) -> str:
    """What was published, as a reader says it: "22.5 %", "rank 1", "top 5", "up"."""
    value, unit = cells["value"], cells["unit"]
    low = unit.lower()
    if low in ("sign", "bool", "yes/no", "count") or unit in value or value.startswith("top"):
        return value
    return f"rank {value}" if low == "rank" else f"{value} {unit}"


def _pick(text: str) -> Node:
    if not text:
        raise PickError("the pick is empty; name a column, such as pct or share[province=Shanxi]")
    return parse_pick(text)


def _tolerance(text: str) -> float | None:
    if not text:
        return None
    try:
        tolerance = float(text)
    except ValueError as err:
        raise UnitError(f"cannot read the tolerance {text!r}; write 0.5") from err
    if not 0 <= tolerance < float("inf"):
        raise UnitError(f"the tolerance {text} is not a width; write 0.5")
    return tolerance


def _currency(text: str, published: Published | None) -> str:
    """The currency that the statement names, in its own column or in its unit."""
    of_unit = published.unit.currency if published is not None else None
    if text.lower() in UNSTATED:
        return of_unit or ""
    code = CURRENCY_WORDS.get(text.lower(), text.upper())
    if len(code) != 3 or not code.isalpha():
        raise UnitError(f"cannot read the currency {text!r}; write USD, CNY or unstated")
    if of_unit and of_unit != code:
        raise UnitError(f"the unit is in {of_unit}, but the currency column says {code}")
    return code


def _in_currency(call: CallSpec, currency: str) -> CallSpec:
    """A call in the statement's own currency, where the call names none."""
    if not currency or call.metric in LOOKUPS or "currency" in call.arguments:
        return call
    return call.changed({"currency": currency})


def _also(text: str, calls: tuple[CallSpec, ...], pick: Node | None) -> tuple[Reading, ...]:
    """Readings divided by ||, each an `arguments` cell of what changes, with `pick` and `label`."""
    return tuple(_reading(part.strip(), calls, pick) for part in text.split("||") if part.strip())


def _reading(text: str, calls: tuple[CallSpec, ...], pick: Node | None) -> Reading:
    shared, named = parse_parts(text)
    label, own_pick = str(shared.pop("label", text)), shared.pop("pick", None)
    changed = tuple(call.changed(typed(call.metric, shared)) for call in calls)
    if named and changed:
        changed = tuple(
            replace(changed[0].changed(typed(changed[0].metric, own)), name=name)
            for name, own in named.items()
        )
    return Reading(label, changed, pick if own_pick is None else _pick(str(own_pick)))


def _check_calls(
    row: _Row, calls: tuple[CallSpec, ...], also: tuple[Reading, ...], pick: Node | None
) -> None:
    _check_reading(row, "arguments", calls, pick)
    for reading in () if row.bad else also:
        _check_reading(row, "also", reading.calls, reading.pick)


def _check_reading(row: _Row, column: str, calls: tuple[CallSpec, ...], pick: Node | None) -> None:
    found = {fault.what: fault for call in calls for fault in faults(call)}
    for fault in found.values():
        where = "metric" if fault.what.startswith("there is no metric") else column
        row.fault(where, fault.what, fault.expected, fault.do)
    names = {call.name: call for call in calls}
    for used in columns(pick) if pick is not None and calls else ():
        named = names.get(used.call)
        if named is None:
            row.fault(
                "pick",
                f"the pick names the call {used.call!r}"
                if used.call
                else f"{used.name} stands in several calls",
                "one of " + ", ".join(f"{n}.{used.name}".lstrip(".") for n in names),
            )
        elif known_metric(named.metric):
            for word in (used.name, *(c.key for c in used.conditions)):
                _check_column(row, named, word)


def _check_column(row: _Row, call: CallSpec, word: str) -> None:
    """A column that no frame of the library has is a slip of the pen."""
    if call.metric in LOOKUPS:
        known = list(SIDE_SCHEMAS[call.metric])
    else:
        known = vocab.fields()["name"].to_list()
    if word not in known:
        near = get_close_matches(word, known, 2)
        tip = f"did you mean {' or '.join(near)}?" if near else "see pe.fields()"
        row.fault("pick", f"there is no column {word!r}", do=tip)
