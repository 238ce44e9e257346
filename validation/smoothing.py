"""How well noisy measurements alone are smoothed, and how far the error that a run states for it can be trusted.

    python -m validation.smoothing

Lines and planes, waves, hills, kinks and steps are measured at random places, with three sizes of noise that the
problem states, and solved with default settings; the error is measured on 4,000 other places against the function, and
relative to how much it varies, as estimates are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pinnsolve import Box, NotConverged, Problem, observed, solve

Function = Callable[..., np.ndarray]
LINE: dict[str, Function] = {
    "line": lambda x: 2 + x, "exponential": np.exp, "wave": lambda x: np.sin(20 * x),
    "kink": lambda x: abs(x - 0.1), "step": lambda x: np.tanh(20 * x), "jump": lambda x: np.sign(x - 0.13),
}  # fmt: skip
PLANE: dict[str, Function] = {
    "plane": lambda x, y: 1 + x - y, "hill": lambda x, y: np.exp(-8 * ((x - 0.2) ** 2 + y**2)),
    "waves": lambda x, y: np.sin(9 * x) * np.cos(5 * y), "front": lambda x, y: np.tanh(8 * (x + y)),
    "ridge": lambda x, y: abs(x - y),
}  # fmt: skip
COUNTS, NOISES = (50, 200, 800), (0.01, 0.1, 0.5)


def measured(function: Function, names: str, count: int, noise: float) -> tuple[float, float]:
    """The error of one run, and what it states (dimensionless)."""
    generator = np.random.default_rng(count)
    places: dict[str, Any] = {c: generator.uniform(-1, 1, count) for c in names}
    values = function(*places.values()) + noise * generator.standard_normal(count)
    problem = Problem(
        space=Box(**dict.fromkeys(names, (-1, 1))), unknowns="u", reference=None,
        conditions=observed(sigma=noise, **places, u=values),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotConverged)
        solution = solve(problem, budget=20)
    elsewhere = {c: generator.uniform(-1, 1, 4000) for c in names}
    truth = function(*elsewhere.values())
    away = np.sqrt(np.mean((solution.u(**elsewhere) - truth) ** 2)) / np.std(truth)
    return float(away), float("nan") if solution.estimate is None else solution.estimate


def runs() -> Iterator[tuple[str, int, float, float, float]]:
    for names, functions in (("x", LINE), ("xy", PLANE)):
        for name, function in functions.items():
            for count in COUNTS:
                for noise in NOISES:
                    yield name, count, noise, *measured(function, names, count, noise)


def main() -> None:
    ratios = []
    print(f"{'function':>12} {'measured':>8} {'noise':>6} {'error':>8} {'stated':>8} {'stated / error':>14}")
    for name, count, noise, error, stated in runs():
        ratios.append(stated / error)
        print(f"{name:>12} {count:8d} {noise:6.2f} {error:8.1e} {stated:8.1e} {ratios[-1]:14.2f}", flush=True)
    known = np.array([r for r in ratios if np.isfinite(r)])
    low, middle, high = np.quantile(known, [0.05, 0.5, 0.95])
    print(f"stated / error: {low:.2f} (a twentieth below), {middle:.2f}, {high:.2f} (a twentieth above); of "
          f"{len(ratios)} runs {np.mean(known < 1 / 3):.0%} are too kind by more than three")  # fmt: skip


if __name__ == "__main__":
    main()
