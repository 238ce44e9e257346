"""Every training method on eight problems, for the same CPU time each: the table of docs/how_to_choose.md.

    python -m validation.methods                          all of them, seed 0: about 20 minutes on one core
    python -m validation.methods heat burgers --methods lm,ssbroyden --seed 1 --seconds 10
    python -m validation.methods burgers --methods soap,adam --width 64 --points 1000 --seconds 60

All weights of one MLP are trained, by default the one of `MLP()`; the default's random features are left out, since they
solve most of these problems before any of the methods here begins. One thread: CPU seconds are what the steps cost.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module

import torch

from pinnsolve import MLP, Problem, compare, solve
from pinnsolve.geometry.sampling import Redraw
from pinnsolve.methods import Method
from pinnsolve.methods.by_name import METHODS
from pinnsolve.settings import Settings
from pinnsolve.training.history import Look

PROBLEMS = ("heat", "poisson", "burgers", "allen_cahn", "kovasznay", "cavity", "maxwell_cavity", "taylor_green")
TRAINED = "lm,ssbroyden,lbfgs,soap,adam"
SHARP = ("burgers", "allen_cahn")  # given twice the time
NEVER = 1e-12  # a tolerance that no run reaches, so that none stops early


class Clock:
    """Ends a run after so many seconds of CPU time, counted from its first look."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.start = seconds, -1.0

    @property
    def spent(self) -> float:
        return time.process_time() - self.start

    def __call__(self, look: Look) -> None:
        if self.start < 0:
            self.start = time.process_time()
        elif self.spent > self.seconds:
            self.seconds = float("inf")
            raise KeyboardInterrupt


def row(name: str, method: Method, settings: Settings, seconds: float) -> str:
    """Train on one problem and compare: a line of the table."""
    problem: Problem = import_module(f"problems.{name}").problem
    clock = Clock(seconds)
    solution = solve(
        problem.replaced(tolerance=NEVER), settings=settings, method=method, budget=100 * seconds, progress=clock
    )
    spent, training = clock.spent, solution.training
    assert training is not None
    assert callable(problem.reference)
    errors = ", ".join(
        f"{u} {e.relative_l2:.1e}" for u, e in compare(solution, problem.reference(problem)).errors.items()
    )
    return f"| {name} | {method.name} | {errors} | {spent:.0f} | {training.seconds:.0f} | {training.steps:,} |"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m validation.methods", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    made.add_argument("problems", nargs="*", metavar="problem", help=f"any of {', '.join(PROBLEMS)} (default: all)")
    made.add_argument("--methods", default=TRAINED, help="with commas (default: %(default)s)")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--seconds", type=float, default=20.0, help="of CPU time; twice that for sharp solutions")
    made.add_argument("--width", type=int, default=MLP().width, help="of the network (default: %(default)s)")
    made.add_argument("--points", type=int, default=Settings().points, help="inside the domain (default: %(default)s)")
    made.add_argument("--fixed", action="store_true", help="never redraw the points")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Print the table, a row as soon as it is known."""
    given = parser().parse_args(arguments)
    unknown = [n for n in given.problems if n not in PROBLEMS] + [
        n for n in given.methods.split(",") if n not in METHODS
    ]
    if unknown:
        parser().error(f"there is no {', '.join(unknown)}")
    torch.set_num_threads(1)
    redraw = None if given.fixed else Redraw()
    settings = Settings(network=MLP(width=given.width), seed=given.seed, points=given.points, redraw=redraw)
    print("| problem | method | relative L2 error | CPU s | wall s | steps |\n|---|---|---|---|---|---|")
    for name in given.problems or PROBLEMS:
        for method in given.methods.split(","):
            seconds = given.seconds * (2 if name in SHARP else 1)
            print(row(name, METHODS[method](), settings, seconds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
