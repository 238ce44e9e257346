"""How often the standard errors of unknown constants cover the truth: the same measurements with ever new noise.

    python -m validation.calibration                    all of it: about an hour on one core
    python -m validation.calibration heat --seeds 5

Each run trains a small network, or random features, or what a run takes by default (cells), on measurements with noise
of a known size, of a solution that is known; only the noise differs from run to run. If the stated error is right,
(found - true) / error is a standard normal number: within one in 68 % of the runs, within two in 95 %, its mean square
one. Beside it chi squared of the data over its expectation. One thread. The table goes to validation/calibration.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    Newton,
    Problem,
    RandomFeatures,
    Unknown,
    d,
    dirichlet,
    initial,
    observed,
    solve,
)
from validation.burgers import solve_by_quadrature

PLACE = Path(__file__).with_suffix(".md")
Array = NDArray[np.float64]
SEEDS = 200
WITHIN = {1: 0.6827, 2: 0.9545}  # of a normal number


@dataclass(frozen=True)
class Case:
    """An inverse problem whose answer is known.

    Parameters
    ----------
    problem : callable (measurements) -> Problem
    domain : mapping from coordinate to (low, high)
    truth : callable of the coordinates
    constants : mapping from name to float
    sigma : float
        The noise, in the unit of u.
    count : int
        How many measurements.
    known : bool
        Whether the problem is told sigma.
    stream : int
        Of random numbers, another one for each case.
    options : mapping
        How it is solved.
    """

    problem: Callable[[Sequence[Any]], Problem]
    domain: dict[str, tuple[float, float]]
    truth: Callable[..., Array]
    constants: dict[str, float]
    sigma: float
    count: int
    known: bool
    stream: int
    options: dict[str, Any]

    def measured(self, seed: int) -> Problem:
        """The problem with its measurements: the same places, noise of this seed."""
        rng = np.random.default_rng(11)
        places = {c: rng.uniform(low, high, self.count) for c, (low, high) in self.domain.items()}
        noise = self.sigma * np.random.default_rng([self.stream, seed]).standard_normal(self.count)
        columns: dict[str, Any] = {**places, "u": self.truth(**places) + noise}
        return self.problem(observed(sigma=self.sigma if self.known else None, **columns))


@dataclass(frozen=True)
class Pull:
    """One constant of one run.

    Parameters
    ----------
    case, constant : str
    seed : int
    pull : float
        (found - true) / standard error.
    error : float
        The standard error over the true value (dimensionless).
    misfit : float
        Chi squared over its expectation; NaN where sigma is not known.
    """

    case: str
    constant: str
    seed: int
    pull: float
    error: float
    misfit: float


def _heat(u: Any, x: Any, t: Any, alpha: Any) -> Any:
    return d(u, t) - alpha * d(u, x, x)


def _burgers(u: Any, x: Any, t: Any, a: Any, nu: Any) -> Any:
    return d(u, t) + a * u * d(u, x) - nu * d(u, x, x)


def _rod(data: Sequence[Any]) -> Problem:
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=_heat, conditions=[dirichlet(u=0), *data],
        parameters={"alpha": Unknown(0.3, positive=True)}, reference=None,
    )  # fmt: skip


def _shock(data: Sequence[Any]) -> Problem:
    sine = initial(u=lambda x: -torch.sin(pi * x))
    return Problem(
        space=Box(x=(-1, 1)), time=(0, 1), unknowns="u", equations=_burgers,
        conditions=[dirichlet(u=0), sine, *data], reference=None,
        parameters={"a": Unknown(0.5), "nu": Unknown(0.2, positive=True)},
    )  # fmt: skip


ROD = {"x": (0.0, 1.0), "t": (0.0, 1.0)}
TUBE = {"x": (-1.0, 1.0), "t": (0.0, 1.0)}
SMALL = {"network": MLP(10, 2), "method": LevenbergMarquardt(steps=50), "points": 300, "held_out": 300}
EARLY = {**SMALL, "method": LevenbergMarquardt(steps=12)}
LAYER = {"network": RandomFeatures(100, (1.0, 2.0)), "method": Newton()}
STEEP = solve_by_quadrature(4, 0.1)


def _reaction(u: Any, x: Any, t: Any, D: Any, k: Any) -> Any:
    return d(u, t) - D * d(u, x, x) + k * u


def _plate(data: Sequence[Any]) -> Problem:
    start = initial(u=lambda x: torch.sin(pi * x) + 0.2 * torch.sin(2 * pi * x))
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=_reaction,
        conditions=[dirichlet(u=0), start, *data], reference=None,
        parameters={"D": Unknown(0.1, positive=True), "k": Unknown(0.5)},
    )  # fmt: skip


def _modes(x: Array, t: Array) -> Array:
    """Only the small second mode tells D from k."""
    first, second = np.sin(pi * x), 0.2 * np.sin(2 * pi * x)
    return np.asarray(first * np.exp(-(0.05 * pi**2 + 1) * t) + second * np.exp(-(0.2 * pi**2 + 1) * t))


def _decay(x: Array, t: Array) -> Array:
    return np.asarray(np.exp(-0.1 * pi**2 * t) * np.sin(pi * x))


CASES = {
    "heat": Case(_rod, ROD, _decay, {"alpha": 0.1}, 0.01, 300, True, 1, SMALL),
    "heat, noise not known": Case(_rod, ROD, _decay, {"alpha": 0.1}, 0.01, 300, False, 2, SMALL),
    "heat, 30 % noise": Case(_rod, ROD, _decay, {"alpha": 0.1}, 0.15, 300, True, 3, LAYER),
    "Burgers": Case(_shock, TUBE, STEEP, {"a": 1.0, "nu": 0.1}, 0.01, 300, True, 4, SMALL),
    "reaction and diffusion": Case(_plate, ROD, _modes, {"D": 0.05, "k": 1.0}, 0.01, 200, True, 6, LAYER),
    "heat, by default": Case(_rod, ROD, _decay, {"alpha": 0.1}, 0.01, 300, True, 7, {}),
    "Burgers, by default": Case(_shock, TUBE, STEEP, {"a": 1.0, "nu": 0.1}, 0.01, 300, True, 8, {}),
    "reaction and diffusion, by default": Case(_plate, ROD, _modes, {"D": 0.05, "k": 1.0}, 0.01, 200, True, 9, {}),
    "Burgers, stopped early": Case(_shock, TUBE, STEEP, {"a": 1.0, "nu": 0.1}, 0.01, 300, True, 5, EARLY),
}


def pulls(name: str, seed: int) -> list[Pull]:
    """One run: a pull for each constant."""
    case = CASES[name]
    solution = solve(case.measured(seed), budget=60.0, **case.options)
    assert solution.training is not None
    found = solution.training.identified
    assert found is not None
    (misfit,) = found.misfits.values()
    ratio = misfit.value / misfit.expected
    return [
        Pull(name, c, seed, (found.constants[c].value - true) / found.constants[c].standard_error,
             found.constants[c].standard_error / abs(true), ratio)
        for c, true in case.constants.items()
    ]  # fmt: skip


def table(found: Sequence[Pull]) -> str:
    """A row for each constant, and one for all."""
    rows = dict.fromkeys((p.case, p.constant) for p in found)
    lines = [
        "# Standard errors and true errors",
        "",
        "Made by `python -m validation.calibration`: measurements of a known solution with noise of a known size, a new "
        "noise for each run, one thread. Pull: (found - true) / stated standard error. If the errors are right, 68 % of "
        "the pulls are within one, 95 % within two, and their mean square is one, each but for chance, which is stated "
        "as one standard deviation. What is stopped early is off by what training had left, all runs alike: its pulls "
        "are of size one and no normal numbers, and chi squared tells.",
        "",
        "| problem | constant | runs | stated error | within 1 | within 2 | mean pull | mean square | chi squared / expected |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case, constant in rows:
        mine = [p for p in found if (p.case, p.constant) == (case, constant)]
        lines.append(f"| {case} | {constant} | {_row(mine)} | {_ratio(mine)} |")
    ended = [p for p in found if CASES[p.case].options is not EARLY]
    if ended:
        lines.append(f"| all that came to their end | | {_row(ended)} | |")
    return "\n".join(lines) + "\n"


def _row(some: Sequence[Pull]) -> str:
    values, count = np.array([p.pull for p in some]), len(some)
    shares = [
        f"{np.mean(np.abs(values) <= k):.0%} (68 % +- {(p * (1 - p) / count) ** 0.5:.0%})".replace("68 %", f"{p:.0%}")
        for k, p in WITHIN.items()
    ]
    errors = f"{np.median([p.error for p in some]):.2%}"
    mean = f"{values.mean():.2f} +- {count**-0.5:.2f}"
    return f"{count} | {errors} | {' | '.join(shares)} | {mean} | {np.mean(values**2):.2f} +- {(2 / count) ** 0.5:.2f}"


def _ratio(some: Sequence[Pull]) -> str:
    ratio = float(np.mean([p.misfit for p in some]))
    return f"{ratio:.3f}" if np.isfinite(ratio) else "noise not known"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m validation.calibration", description=(__doc__ or "").split("\n")[0])
    made.add_argument(
        "cases", nargs="*", metavar="case", help=f"any of {', '.join(CASES)} (default: all)".replace("%", "%%")
    )
    made.add_argument("--seeds", type=int, default=SEEDS, help="how many (default: %(default)s)")
    made.add_argument("--out", type=Path, default=PLACE, help="the table (default: validation/calibration.md)")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run, write, and tell."""
    made = parser()
    given = made.parse_args(arguments)
    unknown = [name for name in given.cases if name not in CASES]
    if unknown:
        made.error(f"there is no case {', '.join(unknown)}; possible: {', '.join(CASES)}")
    if given.seeds < 1:
        made.error(f"--seeds {given.seeds}: write a number above zero")
    torch.set_num_threads(1)
    plan = [(name, seed) for name in given.cases or CASES for seed in range(given.seeds)]
    found = [pull for some in track(plan, "runs") for pull in pulls(*some)]
    text = table(found)
    given.out.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
