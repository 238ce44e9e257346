"""Steps in time for M u' = -K u + F(t): singly diagonally implicit Runge-Kutta of order four, L-stable.

Hairer & Wanner, Solving Ordinary Differential Equations II (1996), table IV.6.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse.linalg import splu

from validation.refine import Array

GAMMA = 1 / 4
STAGES = (
    (), (1 / 2,), (17 / 50, -1 / 25), (371 / 1360, -137 / 2720, 15 / 544), (25 / 24, -49 / 48, 125 / 16, -85 / 12)
)  # fmt: skip
TIMES = (1 / 4, 3 / 4, 11 / 20, 1 / 2, 1.0)


def implicit(
    mass: Any, stiffness: Any, load: Callable[[float], Array], start: Array, times: Iterable[float]
) -> Iterator[Array]:
    """The states at all of `times` after the first; load(t) is F."""

    @lru_cache(maxsize=4)
    def factors(step: float) -> Any:
        return splu((mass + GAMMA * step * stiffness).tocsc())

    u = start
    for t, after in pairwise(times):
        step = float(np.round(after - t, 14))
        solved = factors(step)
        slopes: list[Array] = []
        for row, c in zip(STAGES, TIMES, strict=True):
            known = u + step * sum((a * k for a, k in zip(row, slopes, strict=True)), np.zeros_like(u))
            slopes.append(solved.solve(load(t + c * step) - stiffness @ known))
        weights = (*STAGES[-1], GAMMA)  # stiffly accurate: the last stage is the step's end
        u = u + step * sum((b * k for b, k in zip(weights, slopes, strict=True)), np.zeros_like(u))
        yield u
