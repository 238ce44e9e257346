"""Problems of one dimension of space and time, marched over cells that do not overlap: errors and seconds.

    python -m validation.marched                      the gallery, three levels of accuracy
    python -m validation.marched burgers wave --times 5

Each problem file is marched as it is declared, and compared with its own reference at 3,000 random places. Beside the
error stands what the same march with richer features says of it (`pinnsolve.march.second`). One thread; seconds
are those of the march, and of the second one.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pinnsolve.cells.implicit_step import Step
from pinnsolve.checks.check import check
from pinnsolve.geometry.points import Points
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy, March
from pinnsolve.march.second import distance, richer, slabs
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.evolution import Evolution, evolution
from pinnsolve.trial.exact import Plan, verified
from pinnsolve.trial.marched import Marched

GALLERY = (
    "heat",
    "cooling",
    "wave",
    "fisher_kpp",
    "klein_gordon",
    "burgers",
    "allen_cahn",
    "schrodinger",
    "maxwell_pulse",
)
LEVELS = (Accuracy(9, 3, 1e-3, 1e-1), Accuracy(11, 5, 1e-5, 1e-3), Accuracy(13, 7, 1e-7, 1e-5))
PLACES = 3000
LIMIT = 20.0  # seconds of one march


@dataclass(frozen=True)
class Row:
    """One march: its error by unknown, relative to the norm; the estimate; and what it took."""

    name: str
    accuracy: Accuracy
    errors: list[float]
    estimates: list[float]
    own_error: float
    seconds: float
    again: float
    march: March

    def line(self) -> str:
        ratio = max(self.estimates) / max(*self.errors, 1e-300) if self.estimates else float("nan")
        a, m = self.accuracy, self.march
        errors = ", ".join(f"{e:.1e}" for e in self.errors)
        honest = "yes" if m.honest else m.status
        return (
            f"| {self.name} | {a.degree}, {a.stages} | {a.tolerance:.0e} | {errors} | {self.own_error:.0e} | {ratio:.2f} "
            f"| {self.seconds:.2f} + {self.again:.2f} | {m.largest} | {len(m.steps)} ({m.rejected}) | {m.rounds} "
            f"| {m.counts.iterations}, {m.counts.factorisations} | {honest} |"
        )


HEAD = (
    "| problem | d, q | tolerance | errors | reference's own | estimate / error | seconds | cells | steps (repeated) "
    "| halvings | iterations, factorisations | bound met |\n|" + "---|" * 12
)


def read(problem: Problem) -> tuple[Evolution, Plan]:
    findings = check(problem)
    made, _ = verified(problem, findings)
    return evolution(problem, made), made


def trial_of(problem: Problem, made: Plan, steps: Sequence[Step]) -> Marched:
    scheme = steps[0].scheme
    trial = Marched(problem, LocalFeatures(degree=scheme.degree, stages=scheme.stages), made)
    trial.take(slabs(steps))
    return trial


def until(limit: float) -> Callable[[], bool]:
    """Whether so many seconds of this process's time have passed."""
    begun = time.process_time()
    return lambda: time.process_time() - begun > limit


def row(name: str, problem: Problem, accuracy: Accuracy, limit: float = LIMIT) -> Row:
    """March a problem, and compare it with its reference."""
    read_as, made = read(problem)
    begun = time.process_time()
    marcher = Marcher(read_as, accuracy, torch.device("cpu"), until(limit))
    march = marcher.run()
    seconds = time.process_time() - begun
    begun = time.process_time()
    second = richer(march.scheme, slabs(march.steps), marcher.solver, until(2 * limit)) if march.steps else None
    again = time.process_time() - begun
    estimates: list[float] = []
    if second is not None:
        far = distance(march.steps, second)
        estimates = (far.difference / far.norm).tolist()
    reference: Any = problem.reference
    reference = reference(problem) if callable(reference) else reference
    errors = compared(problem, trial_of(problem, made, march.steps), reference)
    return Row(name, accuracy, errors, estimates, reference.own_error, seconds, again, march)


def compared(problem: Problem, trial: Marched, reference: Any) -> list[float]:
    """The relative L2 errors of the unknowns at random places that the march has reached."""
    generator = np.random.default_rng(0)
    places = {}
    for c in problem.coordinates:
        low, high = problem.domain.ends(c)
        places[c] = generator.uniform(low, trial.until if c == problem.domain.time else high, PLACES)
    points = Points({c: torch.from_numpy(v) for c, v in places.items()}, torch.ones(PLACES, dtype=torch.float64))
    found = trial.unknowns(trial.prepare(points))
    errors = []
    for u in problem.unknowns:
        truth = np.asarray(reference.fields[u](**{c: v.copy() for c, v in places.items()}))
        away = found[u].value.numpy() - truth
        errors.append(float(np.linalg.norm(away) / np.linalg.norm(truth)))
    return errors


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=GALLERY)
    parser.add_argument("--times", type=int, default=1, help="the median of so many runs")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print(HEAD)
    for name in options.names or GALLERY:
        problem = importlib.import_module(f"problems.{name}").problem
        for accuracy in LEVELS:
            rows = sorted((row(name, problem, accuracy) for _ in range(options.times)), key=lambda r: r.seconds)
            print(rows[len(rows) // 2].line(), flush=True)


if __name__ == "__main__":
    main()
