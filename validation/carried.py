"""A kink that wind carries around once in a plane: true errors beside what is told of them.

    python -m validation.carried [budget]        about a minute on one core

A cone on (-1, 1)^2, u_t - 2 pi y u_x + 2 pi x u_y = 0, default settings. Seconds are of CPU time; the error is in L2,
relative to how much u varies, at points that are drawn anew.
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np
import torch

from pinnsolve import Box, Problem, d, dirichlet, initial, solve

RADIUS, MIDDLE, POINTS = 0.3, -0.5, 40000


def cone() -> Problem:
    """LeVeque, SIAM J. Numer. Anal. 33 (1996) 627, example 7.1: the cone alone."""

    def wind(u, x, y, t):  # type: ignore[no-untyped-def]
        return d(u, t) - 2 * math.pi * y * d(u, x) + 2 * math.pi * x * d(u, y)

    def begun(x, y):  # type: ignore[no-untyped-def]
        return torch.clamp(1 - ((x - MIDDLE) ** 2 + y**2) ** 0.5 / RADIUS, min=0)

    return Problem(
        space=Box(x=(-1, 1), y=(-1, 1)), time=(0, 1), unknowns="u", equations=wind,
        conditions=[initial(u=begun), dirichlet(u=0)], reference=None, tolerance=1e-2,
    )  # fmt: skip


def true(x: np.ndarray, y: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The cone where it was carried from."""
    c, s = np.cos(2 * math.pi * t), np.sin(2 * math.pi * t)
    return np.maximum(1 - np.hypot(c * x + s * y - MIDDLE, c * y - s * x) / RADIUS, 0)


def main(budget: float = 60.0) -> None:
    begun = time.process_time()
    solution = solve(cone(), budget=budget)
    spent = time.process_time() - begun
    generator = np.random.default_rng(1)
    x, y = generator.uniform(-1, 1, (2, POINTS))
    t = generator.uniform(0, 1, POINTS)
    known = true(x, y, t)
    error = np.sqrt(np.mean((solution.u(x=x, y=y, t=t) - known) ** 2) / known.var())
    how = "converged" if solution.converged else "not converged"
    print(f"cone: {error:.1e}, told {solution.estimate:.1e}, {how}, {spent:.0f} s")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
