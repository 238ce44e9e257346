"""What points do not see: differences beside derivatives, and the change that costs the least residual, measured.

    python -m validation.blind                       problems and cases that are smooth, rough, and undetermined
    python -m validation.blind problems/wave.py --budget 10

Prints for each problem, solved with default settings: mean |R_h - R| relative to what the equations are made of, with
differences of a part 1/64 to 1/512 of the domain (`pinnsolve.checks.roughness`); the share of it that is jumps; and what
the cheapest change of the solution by its own size costs, relative to the terms that it makes
(`pinnsolve.training.uniqueness`). One thread.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import torch

from pinnsolve import NotConverged, Solution, solve
from pinnsolve.checks.roughness import RULES
from pinnsolve.geometry.points import Points
from pinnsolve.problem_file import load
from pinnsolve.residuals import Residuals, sites
from pinnsolve.training.uniqueness import LIMITS, cheapest
from pinnsolve.training.unseen import blindness, seen_by_differences

ROOT = Path(__file__).parents[1]
NAMED = (
    "problems/heat", "problems/poisson", "problems/wave", "problems/kovasznay", "tests/cases/copper_and_steel",
    "tests/cases/load_by_derivative", "tests/cases/conductivity_of_temperature", "tests/cases/drum_at_rest",
    "tests/cases/pressure_without_a_level",
)  # fmt: skip


def on_points(solution: Solution) -> Residuals:
    """The residuals on fresh points."""
    trial, generator = solution.trial, torch.Generator().manual_seed(0)
    places: list[tuple[object, Points]] = []
    for site in sites(solution.problem, trial.plan):
        if site.points is None:
            places += [(site, piece.draw(2000, "sobol", generator)) for piece in site.pieces]
    return Residuals(trial, places)  # type: ignore[arg-type]


def row(path: Path, budget: float) -> str:
    """One line of the table."""
    with warnings.catch_warnings(action="ignore", category=NotConverged):  # the last column says it
        solution = solve(load(path).problem, budget=budget)
    residuals = on_points(solution)
    widths = [f"{part:.0e}" for part in blindness(solution.trial, residuals)]
    share = seen_by_differences(solution.trial, residuals).share
    costs = cheapest(solution.trial, [site for site, _ in residuals.places], LIMITS.counts[0]).costs
    cost = f"{costs[0]:.0e}" if costs else "-"
    return f"| {path.stem} | {', '.join(widths)} | {share:.0e} | {cost} | {solution.training.outcome.kind} |"  # type: ignore[union-attr]


def main() -> None:
    made = argparse.ArgumentParser(prog="python -m validation.blind", description=__doc__)
    made.add_argument("files", nargs="*", type=Path, help="problem files (default: some of each kind)")
    made.add_argument("--budget", type=float, default=10.0, help="seconds of training (10)")
    given = made.parse_args()
    parts = ", ".join(f"1/{2**k}" for k in range(RULES.first, RULES.last + 1))
    print(f"| problem | differences by {parts} | jumps | cheapest change | outcome |\n|---|---|---|---|---|")
    for path in given.files or [ROOT / f"{name}.py" for name in NAMED]:
        print(row(path, given.budget), flush=True)


if __name__ == "__main__":
    main()
