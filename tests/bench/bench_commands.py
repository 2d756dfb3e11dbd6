"""Time whole commands as a user waits for them, each in a process of its own.

python tests/bench/bench_commands.py [ROUNDS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAD = '"数据年月","贸易伙伴编码","贸易伙伴名称","商品编码","商品名称","美元",\n'


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rows = "".join(
            f'"2025{m:02d}","{p}","某国","85171300","智能手机","{1000 * m + p:,}",\n'
            for m in range(1, 13) for p in (502, 110, 116, 133, 304)
        )  # fmt: skip
        (place / "small.csv").write_bytes((HEAD + rows).encode("gb18030"))
        cli = [sys.executable, "-m", "provexpo.cli"]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "import provexpo": [sys.executable, "-c", "import provexpo"],
            "provexpo --help": [*cli, "--help"],
            "add, small file": [*cli, "add", "desk-{n}", "small.csv", "--flow", "export"],
            "brief, sample not built yet": [*cli, "brief", "--out", "first-{n}"],
            "brief, sample built": [*cli, "brief", "--out", "again-{n}"],
            "run dependence": [*cli, "run", "dependence", "--format", "json"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for n in range(rounds):
            for name, words in commands.items():
                fresh = name == "brief, sample not built yet"
                cache = place / (f"cache-{n}-fresh" if fresh else "cache")
                start = time.perf_counter()
                subprocess.run(
                    [w.replace("{n}", str(n)) for w in words], cwd=place, check=True,
                    capture_output=True, env={**os.environ, "PROVEXPO_CACHE": str(cache)},
                )  # fmt: skip
                times[name].append(time.perf_counter() - start)
        print(f"minimum and maximum of {rounds} interleaved rounds, seconds")
        for name, seen in times.items():
            print(f"  {name:<28} {min(seen):6.2f} {max(seen):6.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
