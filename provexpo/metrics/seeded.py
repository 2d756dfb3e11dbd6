"""Random numbers that are the same on every machine and with every version of numpy.

numpy promises the stream of a bit generator, not what its shuffles make of it: only the raw 64
bits are taken from it, and the shuffles and draws are made here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def shuffles(n: int, times: int, seed: int) -> Ints:
    """`times` random orders of 0..n-1, one a row: the order of n raw numbers."""
    raw = np.random.PCG64(seed).random_raw(n * times).reshape(times, n)
    return np.argsort(raw, axis=1, kind="stable").astype(np.int64)


def draws(n: int, times: int, seed: int) -> Ints:
    """`times` draws of n out of 0..n-1 with replacement, one a row."""
    raw = np.random.PCG64(seed).random_raw(n * times).reshape(times, n)
    return np.floor((raw >> np.uint64(11)) * 2.0**-53 * n).astype(np.int64)


def every_order(n: int) -> Ints:
    """All n! orders of 0..n-1, one a row."""
    orders = np.zeros((1, 0), dtype=np.int64)
    for k in range(n):
        # Put k into each of the k + 1 places of every order of the numbers before it.
        orders = np.concatenate([np.insert(orders, place, k, axis=1) for place in range(k + 1)])
    return orders
