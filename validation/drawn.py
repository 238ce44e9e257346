"""Problems that are drawn: rough, narrow, undetermined, smooth, and in other units, each with its exact solution.

    python -m validation.drawn                        four draws of each family
    python -m validation.drawn plucked --draws 20     one family, more of it

Places, sizes, lengths and strengths are random, so that no run was ever looked at before. Prints how each ended, and
what is not as it should be: a pass or an outcome "converged" that is wrong, an estimate below a tenth of the true
error, a right answer that does not pass. Where nothing determines the solution every answer is wrong.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import erf, pi, sqrt
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad_vec
from torch import cos, exp, sin, where

from pinnsolve import (
    Box,
    NotConverged,
    Problem,
    ProblemError,
    Reference,
    compare,
    d,
    dirichlet,
    exact,
    face,
    initial,
    initial_rate,
    laplace,
    neumann,
    solve,
)

Numbers = np.random.Generator
MODES = np.arange(1, 4001)
TOLERANCE = 1e-2


@dataclass(frozen=True)
class Drawn:
    """One problem.

    Parameters
    ----------
    problem : Problem
        With its exact solution as the reference, if there is one solution.
    alone : bool
        Whether the solution is the only one.
    """

    problem: Problem
    alone: bool = True


def _made(**given: Any) -> Problem:
    return Problem(**{"unknowns": "u", "tolerance": TOLERANCE, **given})


def _known(field: Callable[..., Any], error: float) -> Callable[[Problem], Reference]:
    """A solution by a series or a quadrature, which has an error of its own."""
    return lambda problem: Reference("series", {"u": field}, error, 0.0)


def _size(rng: Numbers, decades: float) -> float:
    return float(10 ** rng.uniform(-decades, decades))


# ------------------------------------------------------------ rough


def _sine_series(coefficients: Any, length: float, decay: float) -> Callable[..., Any]:
    """sum b_k exp(-decay (k pi / L)^2 t) sin(k pi x / L)."""
    k = MODES[:, None] * pi / length

    def field(x: Any, t: Any) -> Any:
        flat, moments = np.ravel(x), np.ravel(np.broadcast_to(t, np.shape(x)))
        parts = [
            np.sum(
                coefficients[:, None] * np.exp(-decay * k**2 * moments[i : i + 512]) * np.sin(k * flat[i : i + 512]), 0
            )
            for i in range(0, len(flat), 512)
        ]
        return np.concatenate(parts).reshape(np.shape(x))

    return field


def _rod(length: float, alpha: float, start: Any, coefficients: Any, end: float) -> Problem:
    return _made(
        space=Box(x=(0, length)), time=(0, end), equations=lambda u, x, t: d(u, t) - alpha * d(u, x, x),
        conditions=[initial(u=start), dirichlet(u=0)], reference=_known(_sine_series(coefficients, length, alpha), 1e-4),
    )  # fmt: skip


def tent(rng: Numbers) -> Drawn:
    """A rod with a temperature joined by two lines."""
    length, alpha, high = _size(rng, 1), rng.uniform(0.02, 0.2), _size(rng, 2)
    top = length * rng.uniform(0.2, 0.8)
    k = MODES * pi / length
    b = 2 * high * np.sin(k * top) / (k**2 * top * (length - top))
    end = length**2
    return Drawn(
        _rod(length, alpha, lambda x: where(x < top, high * x / top, high * (length - x) / (length - top)), b, end)
    )


def top_hat(rng: Numbers) -> Drawn:
    """A rod of which a part is hot."""
    low, wide = rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.4)
    k = MODES * pi
    b = 2 / k * (np.cos(k * low) - np.cos(k * (low + wide)))
    return Drawn(_rod(1.0, rng.uniform(0.02, 0.2), lambda x: where((x > low) & (x < low + wide), 1.0, 0.0), b, 1.0))


def plucked(rng: Numbers) -> Drawn:
    """A string that is plucked, by d'Alembert's formula."""
    top, speed = rng.uniform(0.2, 0.8), rng.uniform(0.5, 2)

    def shape(x: Any) -> Any:
        return where(x < top, x / top, (1 - x) / (1 - top))

    def mirrored(s: Any) -> Any:
        s = np.mod(s + 1, 2) - 1
        a = np.abs(s)
        return np.sign(s) * np.where(a < top, a / top, (1 - a) / (1 - top))

    return Drawn(_made(
        space=Box(x=(0, 1)), time=(0, 1), equations=lambda u, x, t: d(u, t, t) - speed**2 * d(u, x, x),
        conditions=[initial(u=shape), initial_rate(u=0), dirichlet(u=0)],
        reference=exact(u=lambda x, t: (mirrored(x - speed * t) + mirrored(x + speed * t)) / 2),
    ))  # fmt: skip


def tracer(rng: Numbers) -> Drawn:
    """A tracer that is let in for a while, or from a moment on, and carried along."""
    speed, begin, high = rng.uniform(0.3, 2), rng.uniform(0.1, 0.5), _size(rng, 2)
    end = begin + rng.uniform(0.1, 3)
    return Drawn(_made(
        space=Box(x=(0, 1)), time=(0, 1), equations=lambda u, x, t: d(u, t) + speed * d(u, x),
        conditions=[initial(u=0), dirichlet(u=lambda t: where((t > begin) & (t < end), high, 0.0), on=face(x=0))],
        reference=exact(u=lambda x, t: high * ((t - x / speed > begin) & (t - x / speed < end))),
    ))  # fmt: skip


def two_materials(rng: Numbers) -> Drawn:
    """Heat through two materials, written as everybody writes it."""
    joint, left, right = rng.uniform(0.2, 0.8), _size(rng, 1), _size(rng, 1)
    flux = 1 / (joint / left + (1 - joint) / right)

    def through(u: Any, x: Any) -> Any:
        return d(where(x < joint, left, right) * d(u, x), x)

    return Drawn(_made(
        space=Box(x=(0, 1)), equations=through, conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
        reference=exact(u=lambda x: np.where(x < joint, flux * x / left, 1 - flux * (1 - x) / right)),
    ))  # fmt: skip


def switched(rng: Numbers) -> Drawn:
    """A capacitor that is charged from a moment on."""
    rate, begin, high = rng.uniform(0.5, 5), rng.uniform(0.2, 0.8), _size(rng, 3)
    return Drawn(_made(
        time=(0, 1), equations=lambda u, t: d(u, t) + rate * (u - where(t > begin, high, 0.0)), conditions=initial(u=0),
        reference=exact(u=lambda t: np.where(t > begin, high * (1 - np.exp(-rate * np.maximum(t - begin, 0))), 0.0)),
    ))  # fmt: skip


# ------------------------------------------------------------ narrow


def spot(rng: Numbers) -> Drawn:
    """A rod that is heated in a narrow place."""
    at, wide, power = rng.uniform(0.1, 0.9), 10 ** rng.uniform(-5, -1.5), _size(rng, 2)
    near = np.vectorize(erf)

    def twice(x: Any) -> Any:
        """The second antiderivative of the source."""
        s = (x - at) / wide
        return power * wide**2 / 2 * (sqrt(pi) * s * near(s) + np.exp(-(s**2)))

    ends = twice(0.0), twice(1.0)
    return Drawn(_made(
        space=Box(x=(0, 1)), equations=lambda u, x: d(u, x, x) + power * exp(-(((x - at) / wide) ** 2)),
        conditions=dirichlet(u=0), reference=exact(u=lambda x: ends[0] + (ends[1] - ends[0]) * x - twice(x)),
    ))  # fmt: skip


def pulse(rng: Numbers) -> Drawn:
    """A short pulse drives a relaxation."""
    at, wide, rate, high = rng.uniform(0.1, 0.9), 10 ** rng.uniform(-5, -1.5), rng.uniform(0.2, 5), _size(rng, 2)
    near = np.vectorize(erf)

    def answer(t: Any) -> Any:
        shift = rate * wide**2 / 2
        whole = near((t - at - shift) / wide) - near((-at - shift) / wide)
        return high * wide * sqrt(pi) / 2 * np.exp(-rate * (t - at) + rate**2 * wide**2 / 4) * whole

    return Drawn(_made(
        time=(0, 1), equations=lambda u, t: d(u, t) + rate * u - high * exp(-(((t - at) / wide) ** 2)),
        conditions=initial(u=0), reference=exact(u=answer),
    ))  # fmt: skip


def bump(rng: Numbers) -> Drawn:
    """A narrow bump is carried along."""
    at, wide, speed = rng.uniform(0.1, 0.5), 10 ** rng.uniform(-4, -1.3), rng.uniform(0.2, 0.5)
    return Drawn(_made(
        space=Box(x=(0, 1)), time=(0, 1), equations=lambda u, x, t: d(u, t) + speed * d(u, x),
        conditions=[initial(u=lambda x: exp(-(((x - at) / wide) ** 2))), dirichlet(u=0, on=face(x=0))],
        reference=exact(u=lambda x, t: np.exp(-(((x - speed * t - at) / wide) ** 2))),
    ))  # fmt: skip


def crack(rng: Numbers) -> Drawn:
    """A rod whose conductivity has a narrow well."""
    at, wide, depth = rng.uniform(0.1, 0.9), 10 ** rng.uniform(-4, -1.3), rng.uniform(0.5, 0.999)

    def k(x: Any, e: Any) -> Any:
        return 1 - depth * e(-(((x - at) / wide) ** 2))

    grid = np.unique(np.concatenate([np.linspace(0, 1, 2001), np.clip(at + wide * np.linspace(-8, 8, 4001), 0, 1)]))
    parts = [
        quad_vec(lambda s, a=a, b=b: (b - a) / k(a + (b - a) * s, np.exp), 0, 1)[0] for a, b in [(grid[:-1], grid[1:])]
    ]
    whole = np.concatenate([[0.0], np.cumsum(parts[0])])
    return Drawn(_made(
        space=Box(x=(0, 1)), equations=lambda u, x: d(k(x, exp) * d(u, x), x),
        conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
        reference=_known(lambda x: np.interp(x, grid, whole / whole[-1]), 1e-5),
    ))  # fmt: skip


def dot(rng: Numbers) -> Drawn:
    """A membrane with a narrow hill in two dimensions, from its own source."""
    a, b, wide = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), 10 ** rng.uniform(-3, -1)

    def load(u: Any, x: Any, y: Any) -> Any:
        r = ((x - a) ** 2 + (y - b) ** 2) / wide**2
        return laplace(u, x, y) - 4 * (r - 1) / wide**2 * exp(-r)

    return Drawn(_made(
        space=Box(x=(0, 1), y=(0, 1)), equations=load,
        conditions=dirichlet(u=lambda x, y: exp(-((x - a) ** 2 + (y - b) ** 2) / wide**2)),
        reference=exact(u=lambda x, y: np.exp(-((x - a) ** 2 + (y - b) ** 2) / wide**2)),
    ))  # fmt: skip


# ------------------------------------------------------------ undetermined


def resonance(rng: Numbers) -> Drawn:
    """A string at one of its own frequencies."""
    length, mode = _size(rng, 2), int(rng.integers(1, 5))
    k = mode * pi / length
    return Drawn(_made(
        space=Box(x=(0, length)), equations=lambda u, x: d(u, x, x) + k**2 * u, conditions=dirichlet(u=0),
    ), alone=False)  # fmt: skip


def without_level(rng: Numbers) -> Drawn:
    """Insulated all around, the sources in balance."""
    n, size = int(rng.integers(1, 4)), _size(rng, 3)
    return Drawn(_made(
        space=Box(x=(0, 1), y=(0, 1)), equations=lambda u, x, y: laplace(u, x, y) - size * cos(n * pi * x) * cos(pi * y),
        conditions=neumann(u=0),
    ), alone=False)  # fmt: skip


def said_twice(rng: Numbers) -> Drawn:
    """Two unknowns, and one equation that is said twice."""
    a, b, c = (float(v) for v in rng.uniform(0.3, 3, 3))
    return Drawn(_made(
        time=(0, 1), unknowns=("u", "v"), conditions=initial(u=1, v=0),
        equations=[lambda u, v, t: d(u, t) + a * d(v, t) - b * sin(t), lambda u, v, t: c * (d(u, t) + a * d(v, t) - b * sin(t))],
    ), alone=False)  # fmt: skip


def drum(rng: Numbers) -> Drawn:
    """A drum at one of its frequencies, driven at another place or not at all."""
    m, n, driven = int(rng.integers(1, 3)), int(rng.integers(1, 3)), float(rng.integers(0, 2))
    square = (m**2 + n**2) * pi**2
    return Drawn(_made(
        space=Box(x=(0, 1), y=(0, 1)), conditions=dirichlet(u=0),
        equations=lambda u, x, y: laplace(u, x, y) + square * u - driven * sin(5 * pi * x) * sin(pi * y),
    ), alone=False)  # fmt: skip


# ------------------------------------------------------------ smooth, in any units


def decay(rng: Numbers) -> Drawn:
    """A relaxation about a level, in any units."""
    second, size, level = _size(rng, 9), _size(rng, 9), rng.uniform(-1, 1)
    rate, start, base = rng.uniform(0.3, 5) / second, size * rng.uniform(0.5, 2), size * level
    return Drawn(_made(
        time=(0, second), equations=lambda u, t: d(u, t) + rate * (u - base), conditions=initial(u=start),
        reference=exact(u=lambda t: base + (start - base) * np.exp(-rate * t)),
    ))  # fmt: skip


def oscillator(rng: Numbers) -> Drawn:
    """A damped spring, in any units."""
    second, size = _size(rng, 6), _size(rng, 6)
    omega, damping = rng.uniform(2, 20) / second, rng.uniform(0.1, 1) / second

    def spring(u: Any, t: Any) -> Any:
        return d(u, t, t) + 2 * damping * d(u, t) + (omega**2 + damping**2) * u

    return Drawn(_made(
        time=(0, second), equations=spring, conditions=[initial(u=size), initial_rate(u=-damping * size)],
        reference=exact(u=lambda t: size * np.exp(-damping * t) * np.cos(omega * t)),
    ))  # fmt: skip


def cooling(rng: Numbers) -> Drawn:
    """A rod with two modes, in any units, on a level."""
    meter, size, alpha = _size(rng, 6), _size(rng, 6), _size(rng, 6)
    second, second_mode, level = 0.1 * meter**2 / alpha, rng.uniform(-0.5, 0.5), size * rng.uniform(-10, 10)
    k = pi / meter

    def field(x: Any, t: Any, s: Any, e: Any) -> Any:
        slow, fast = e(-alpha * k**2 * t), e(-4 * alpha * k**2 * t)
        return level + size * (slow * s(k * x) + second_mode * fast * s(2 * k * x))

    return Drawn(_made(
        space=Box(x=(0, meter)), time=(0, second), equations=lambda u, x, t: d(u, t) - alpha * d(u, x, x),
        conditions=[initial(u=lambda x: field(x, 0 * x, sin, exp)), dirichlet(u=level)],
        reference=exact(u=lambda x, t: field(x, t, np.sin, np.exp)),
    ))  # fmt: skip


def membrane(rng: Numbers) -> Drawn:
    """A plane wave under a load, in any units."""
    meter, size = _size(rng, 6), _size(rng, 6)
    a, b, phase = (float(v) for v in rng.uniform(-4, 4, 3))

    def wave(x: Any, y: Any, s: Any) -> Any:
        return size * s((a * x + b * y) / meter + phase)

    return Drawn(_made(
        space=Box(x=(0, meter), y=(0, meter)), conditions=dirichlet(u=lambda x, y: wave(x, y, sin)),
        equations=lambda u, x, y: laplace(u, x, y) + (a * a + b * b) / meter**2 * wave(x, y, sin),
        reference=exact(u=lambda x, y: wave(x, y, np.sin)),
    ))  # fmt: skip


def layer(rng: Numbers) -> Drawn:
    """Wind against a wall, with a boundary layer."""
    wind = 10 ** rng.uniform(0, 4)
    return Drawn(_made(
        space=Box(x=(0, 1)), equations=lambda u, x: d(u, x, x) / wind - d(u, x),
        conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
        reference=exact(u=lambda x: (np.exp(wind * (x - 1)) - np.exp(-wind)) / (1 - np.exp(-wind))),
    ))  # fmt: skip


FAMILIES: dict[str, tuple[Callable[[Numbers], Drawn], ...]] = {
    "rough": (tent, top_hat, plucked, tracer, two_materials, switched),
    "narrow": (spot, pulse, bump, crack, dot),
    "undetermined": (resonance, without_level, said_twice, drum),
    "other units": (decay, oscillator, cooling, membrane),
    "layers": (layer,),
}
KINDS = {make.__name__: kind for kind, families in FAMILIES.items() for make in families}
MAKE = {make.__name__: make for families in FAMILIES.values() for make in families}


@dataclass(frozen=True)
class Told:
    """How one of them ended."""

    name: str
    seed: int
    verdict: str
    outcome: str
    error: float | None
    estimate: float | None
    alone: bool

    @property
    def wrong(self) -> bool:
        return not self.alone or self.error is None or not self.error <= TOLERANCE

    @property
    def faults(self) -> list[str]:
        """What is not as it should be."""
        ended = self.outcome == "converged"
        found = ["passes"] * (self.wrong and self.verdict == "pass") + ["converged"] * (self.wrong and ended)
        if self.error is not None and self.estimate is not None and self.estimate < 0.1 * self.error and self.wrong:
            found.append("estimated too kindly")
        if not self.wrong and (self.error or 0.0) <= TOLERANCE / 3 and self.verdict != "pass":
            found.append("right, and does not pass")
        return found

    def __str__(self) -> str:
        numbers = [f"{v:.1e}" if v is not None else "none" for v in (self.error, self.estimate)]
        return f"{self.name} {self.seed}: {self.verdict}, {self.outcome}, error {numbers[0]}, estimate {numbers[1]}"


def told(name: str, seed: int, budget: float) -> Told:
    """One run."""
    drawn = MAKE[name](np.random.default_rng([sorted(MAKE).index(name), seed]))
    problem = drawn.problem
    try:
        solution = solve(problem, budget=budget, seed=seed)
        reference = problem.reference(problem) if callable(problem.reference) else None
        found = compare(solution, reference)
    except ProblemError as refusal:
        return Told(name, seed, "refused", str(refusal).split("\n")[0], None, None, drawn.alone)
    error = max((e.strict for e in found.errors.values()), default=None)
    outcome = "" if solution.outcome is None else solution.outcome.kind
    return Told(name, seed, found.verdict, outcome, error, solution.estimate, drawn.alone)


def main() -> int:
    """Run them, print what is not as it should be; the number of those (at most 100)."""
    made = argparse.ArgumentParser(prog="python -m validation.drawn", description=(__doc__ or "").split("\n")[0])
    made.add_argument("families", nargs="*", choices=[*MAKE, []], help="(default: all)")
    made.add_argument("--draws", type=int, default=4)
    made.add_argument("--budget", type=float, default=4.0, help="seconds of training")
    given = made.parse_args()
    warnings.simplefilter("ignore", NotConverged)
    torch.set_num_threads(1)
    bad = 0
    for name in given.families or MAKE:
        for seed in range(given.draws):
            one = told(name, seed, given.budget)
            bad += bool(one.faults)
            print(
                f"{'WRONG' if one.faults else 'ok   '} {KINDS[name]:12} {one}{': ' * bool(one.faults)}{'; '.join(one.faults)}",
                flush=True,
            )
    print(f"{bad} not as they should be")
    return min(bad, 100)


if __name__ == "__main__":
    sys.exit(main())
