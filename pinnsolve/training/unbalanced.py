"""After training: whether what is left of an equation is smooth over all of the domain.

Where a solution exists, least squares leave residuals that change their sign within each cell. Where none does, since
sources do not balance what leaves through the boundary or goes around a period, what is left is as smooth as these are,
and the same with richer features, so that two solutions agree on it. Of smooth functions P_k, orthonormal on points,

    share = rms(sum over k of <r, P_k> P_k) / rms(what the equation is made of)

is then what of the equation no solution meets. It is made of its terms, or of those that unknowns of natural sizes
make: where all terms vanish, as of a constant, what is left of them is as large as they are. Networks whose first
layers are trained leave what is smooth of any equation, and tell nothing by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from pinnsolve.checks.polynomials import degrees_of, polynomials
from pinnsolve.errors import Outcome
from pinnsolve.training.rounding import terms
from pinnsolve.training.rules import RULES
from pinnsolve.training.run import Run
from pinnsolve.training.weights import made_of
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Looks:
    """How it is looked.

    Parameters
    ----------
    points : int
        Fewer: what changes its sign is not seen to cancel. Chosen, not measured.
    degree : int
        Of the smooth functions. Larger: what is left of a wave in a few cells counts as smooth.
    smooth : float
        Of what is left: where less of it is smooth, cells are too coarse, which two solutions tell.
    """

    points: int = 2048
    degree: int = 2
    smooth: float = 0.5


LOOKS = Looks()


def with_equations(run: Run, outcome: Outcome, error: float | None) -> tuple[Outcome, float | None]:
    """The outcome and the estimated error of a run, which are not better than what no solution meets."""
    trial = run.trial
    by_least_squares = isinstance(trial, OfCells) or trial.frozen > 0
    if not (by_least_squares and trial.complete and trial.problem.equations) or error is None:
        return outcome, error
    name, share = max(_shares(run, trial).items(), key=lambda s: s[1], default=("", 0.0))
    if share <= error:
        return outcome, error
    told = (
        f"{outcome.detail}; but no solution satisfies '{name}' with all conditions: {share:.0e} of what it is "
        "made of is left everywhere"
    )
    if outcome.kind != "converged" or share <= RULES.certain_cells * run.tolerance:
        return replace(outcome, detail=told), share
    remedy = "what leaves through the boundary, or goes around a period, must balance what the equations make inside"
    return Outcome("contradicted", told, remedy), share


def _shares(run: Run, trial: Trial) -> dict[str, float]:
    """By equation what is left of it and smooth."""
    problem = trial.problem
    points = problem.domain.interior.draw(LOOKS.points, "sobol", torch.Generator().manual_seed(29))
    degrees = degrees_of(len(problem.coordinates), 6 ** len(problem.coordinates), LOOKS.degree)
    smooth = np.linalg.qr(polynomials(problem, degrees, points, (0,) * len(problem.coordinates)))[0]
    held, found = run.points.held_out, dict[str, float]()
    natural = made_of(held, {u: trial.plan.size(u) for u in problem.unknowns})
    made = {name: max(size, natural[name]) for name, size in terms(held).items()}
    with torch.no_grad():
        fields = trial.fields(trial.prepare(points))
        left = {e.name: e.residual(fields).value.cpu().numpy() for e in problem.equations}
    for name, r in left.items():
        part, whole = np.linalg.norm(smooth.T @ r), np.linalg.norm(r)
        if name in made and made[name] > 0 and part > LOOKS.smooth * whole:
            found[name] = float(part / len(r) ** 0.5 / made[name])
    return found
