"""Time several ways of doing one thing in turn, so that a machine's drift hits all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def interleaved(
    contenders: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """The shortest of `rounds` times of each contender, in seconds of `clock`.

    `time.process_time` counts the processor time of all threads, which other work on the machine
    hardly touches.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = clock()
            run()
            times[name].append(clock() - start)
    return {name: min(seen) for name, seen in times.items()}
