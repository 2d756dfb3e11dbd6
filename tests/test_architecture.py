"""The floors and keepers of docs/architecture.md, read from the imports themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import provexpo

SRC = Path(provexpo.__file__).resolve().parent

# From top to bottom: a room imports only from rooms above it.
FLOORS = (
    "errors", "resources", "vocab", "periods", "ingest", "store", "result", "engine", "metrics",
    "signals", "output", "maps", "briefing", "claims", "demo", "doctor", "cli", "__init__",
)  # fmt: skip

# outside library -> the file, or folder, that alone may import it
KEEPERS = {
    "deltalake": "store/delta.py",
    "filelock": "store/place.py",
    "duckdb": "engine/duckdb_engine.py",
    "xlsxwriter": "output/xlsx.py",
    "python_calamine": "ingest/workbook.py",
    "statsmodels": "metrics/stl.py",
    "geopandas": "maps/boundaries.py",
    "shapely": "maps/boundaries.py",
    "pyproj": "maps/boundaries.py",
    "matplotlib": "maps/",
    "jinja2": "briefing/page.py",
    "altair": "briefing/charts/",
    "vl_convert": "briefing/charts/",
    "typer": "cli/",
    "rich": "cli/",
}

# Lazy calls downwards, each one line: a Result's conveniences, and replaying a receipt.
DOWNWARD = {
    ("result.py", "provexpo.output.tables"),
    ("result.py", "provexpo.briefing.charts.chart"),
    ("result.py", "provexpo.maps.boundaries"),
    ("engine/replay.py", "provexpo.metrics.*"),
    ("engine/replay.py", "provexpo.signals"),
    ("engine/replay.py", "provexpo.signals.*"),
    ("engine/replay.py", "provexpo.demo"),
}


def sources() -> list[Path]:
    return sorted(p for p in SRC.rglob("*.py") if "__pycache__" not in p.parts)


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, lazily or under TYPE_CHECKING too, and `import_module` calls."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "provexpo":
                yield from (f"provexpo.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module":
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                yield str(argument.value)
            elif isinstance(argument, ast.JoinedStr):
                head = argument.values[0]
                yield (str(head.value) if isinstance(head, ast.Constant) else "") + "*"


def room(relative: Path) -> str:
    return relative.parts[0].removesuffix(".py")


def floor(module: str) -> int | None:
    parts = module.split(".")
    if parts[0] != "provexpo" or len(parts) < 2 or parts[1] not in FLOORS:
        return None
    return FLOORS.index(parts[1])


def test_every_room_has_a_floor() -> None:
    rooms = {room(p.relative_to(SRC)) for p in sources()}
    assert rooms == set(FLOORS)


def test_a_room_imports_only_from_rooms_above_it() -> None:
    wrong = []
    for path in sources():
        relative = path.relative_to(SRC)
        if relative.parts[0] in ("__init__.py", "cli"):
            continue  # the front door and the command line open every room
        for module in imports(path):
            level = floor(module)
            if level is None or (relative.as_posix(), module) in DOWNWARD:
                continue
            if level > FLOORS.index(room(relative)):
                wrong.append(f"{relative} imports {module}")
    assert not wrong, wrong


def test_one_keeper_per_library() -> None:
    stray = [
        f"{relative} imports {module}"
        for path in sources()
        for module in imports(path)
        for relative in [path.relative_to(SRC).as_posix()]
        if (keeper := KEEPERS.get(module.split(".")[0])) and not relative.startswith(keeper)
    ]
    assert not stray, stray


def test_files_stay_under_400_lines() -> None:
    long = {p.name: n for p in sources() if (n := len(p.read_text("utf-8").splitlines())) >= 400}
    assert not long


def test_nobody_prints_but_the_command_line() -> None:
    printing = [
        path.relative_to(SRC).as_posix()
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert not printing


def test_every_public_name_resolves_and_is_documented() -> None:
    for name in provexpo.__all__:
        thing = getattr(provexpo, name)
        assert name == "__version__" or thing.__doc__, f"{name} has no docstring"
    assert set(dir(provexpo)) == set(provexpo.__all__)
    with pytest.raises(AttributeError, match="no attribute 'dependance'"):
        _ = provexpo.dependance


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        (
            "import provexpo",
            "duckdb geopandas matplotlib pandas pyspark polars deltalake typer altair vl_convert",
        ),
        (
            "import provexpo.cli",
            "duckdb geopandas matplotlib pandas polars deltalake jinja2 altair",
        ),
        (
            "import provexpo; provexpo.dependence",
            "geopandas matplotlib pandas xlsxwriter jinja2 altair vl_convert",
        ),
    ],
)
def test_heavy_libraries_are_loaded_only_when_needed(statement: str, absent: str) -> None:
    code = f"{statement}\nimport sys\nprint(*[m for m in {absent.split()!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
