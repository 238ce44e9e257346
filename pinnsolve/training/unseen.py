"""After training: whether the solution has jumps or kinks that residuals at points do not see."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.checks.roughness import RULES, Both, Rough, residual_of, rough
from pinnsolve.errors import Outcome
from pinnsolve.geometry.places import fading
from pinnsolve.geometry.points import Points
from pinnsolve.methods.costs import costs_of
from pinnsolve.problem.binding import Fields
from pinnsolve.residuals import Residuals
from pinnsolve.residuals.sites import asked
from pinnsolve.training.rounding import terms
from pinnsolve.trial.trial import Trial


def seen_by_differences(trial: Trial, residuals: Residuals) -> Rough:
    """The jumps of a trial function, by the equations inside; `residuals` says what these are made of."""
    problem = trial.problem
    inside = next((site for site, _ in residuals.places if site.name == "interior" and site.terms), None)
    if inside is None or not trial.complete:
        return Rough()
    equations = [e for e in problem.equations if e.name in inside.terms]
    below = asked(trial, inside, trial.some_points()).below
    orders = {c: max((a[k] for a in below), default=0) for k, c in enumerate(problem.coordinates)}
    made = terms(residuals)

    def fields_at(points: Points) -> Fields:
        return trial.fields(trial.prepare(points))

    def faded(points: Points) -> Tensor:
        factor = fading(trial.plan.corners, points.coordinates, problem.domain)
        return torch.ones_like(points.weights) if factor is None else factor

    sizes = torch.tensor(
        [max(made[e.name], problem.prober.size(e, trial.plan.sizes)) for e in equations], dtype=torch.float64
    )
    both = Both(problem, [residual_of(e) for e in equations], fields_at)
    with torch.set_grad_enabled(not trial.takes_jets):
        return rough(both, orders, sizes, 0.1 * problem.tolerance, faded)


def cost(residuals: Residuals) -> float:
    """The operations of `seen_by_differences`: its points, at four widths and followed, at some places beside each."""
    return 20 * RULES.points / max(residuals.size, 1) * costs_of(residuals).values


def undetermined(found: Rough, coordinates: Sequence[str]) -> Outcome:
    """The outcome of a run whose solution has jumps that its residual does not see."""
    told = f"residuals at points do not see that the solution jumps or kinks, {found.where(coordinates)}"
    remedy = "what is wrong there is not small; state what jumps as steep as it is, or a flux as an unknown of its own"
    return Outcome("undetermined", told, remedy)
