"""Write docs/contract.md: every metric and signal with its options and columns.

python scripts/make_contract_doc.py
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from provexpo.metrics import METRICS
from provexpo.signals import SIGNALS
from provexpo.vocab.tables import read

PAGE = Path(__file__).resolve().parent.parent / "docs" / "contract.md"
# The words that every function shares; they stand in docs/architecture.md.
SHARED = (
    "trade", "during", "against", "province", "partner", "product", "regime", "flow", "reporter",
    "by", "currency", "min_base", "table", "lang",
)  # fmt: skip
COMMON = ("value", "base_value", "status", "reason", "lny_flag", "small_base")

HEAD = """# Metrics and signals

Made by `python scripts/make_contract_doc.py` from the functions themselves. The arguments that all
share, windows and keys stand in [architecture.md](architecture.md), the columns with unit, NULL
rule and meaning in [fields.md](fields.md), the definitions in each docstring (`help(pe.offset)`,
`provexpo run offset --explain`). Beyond the columns named here a frame has its keys with names,
`value`, `base_value`, `status`, `reason`, `n_months`, `n_months_expected`, `lny_flag` and, where a
change or a share can rest on little, `small_base`.
"""


def columns(module: ModuleType, known: set[str]) -> list[str]:
    named = getattr(module, "UNITS", None) or getattr(module, "COLUMNS", ())
    if not named:  # made in a file of its own
        parts = [getattr(module, n, None) for n in ("relation", "COLUMNS")]
        named = next((p for p in parts if isinstance(p, (dict, tuple))), ())
    return [c for c in named if c not in COMMON and c in known]


def default_rows(module: ModuleType) -> str:
    """What the rows are where `by=` is left out, as the module's own call says."""
    given = getattr(module, "DEFAULT_BY", None)
    if given is None:
        found = re.search(r'default_by=\(("[^)]*)\)', inspect.getsource(module))
        given = re.findall(r'"([^"]+)"', found[1]) if found else ()
    return ", ".join(given) or "see its docstring"


def options(function: Any) -> str:
    own = [
        f"`{p.name}={p.default!r}`"
        for p in inspect.signature(function).parameters.values()
        if p.name not in SHARED
    ]
    return ", ".join(own)


def page() -> str:
    known = {f["name"] for f in read("fields").to_dicts()}
    lines = [HEAD]
    for room, names in (("metrics", METRICS), ("signals", SIGNALS)):
        lines += [
            f"## {room.capitalize()}",
            "",
            "| function | question | rows by default | own options | columns |",
        ]
        lines += ["|---|---|---|---|---|"]
        for name in names:
            module = import_module(f"provexpo.{room}.{name}")
            function = getattr(module, name)
            first = (module.__doc__ or "").strip().split("\n")[0]
            shown = ", ".join(columns(module, known))
            rows = default_rows(module)
            lines.append(f"| `{name}` | {first} | {rows} | {options(function)} | {shown} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
