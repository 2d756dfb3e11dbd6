"""Time several ways of doing one thing in turn, so that a machine's drift hits all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def interleaved(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The shortest of `rounds` times of each contender, in seconds."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: min(seen) for name, seen in times.items()}
