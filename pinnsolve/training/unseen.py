"""After training: whether the solution has jumps or kinks that residuals at points do not see."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from pinnsolve.checks.roughness import RULES, Rough, levels, rough
from pinnsolve.checks.smoothness import away_from_interfaces
from pinnsolve.checks.two_ways import Both, residual_of
from pinnsolve.errors import Outcome
from pinnsolve.geometry.places import fading
from pinnsolve.geometry.points import Points
from pinnsolve.problem.binding import Fields
from pinnsolve.residuals import Residuals
from pinnsolve.residuals.costs import values_of
from pinnsolve.residuals.sites import asked
from pinnsolve.training.rounding import terms
from pinnsolve.trial.trial import Trial


def seen_by_differences(trial: Trial, residuals: Residuals) -> Rough:
    """The jumps of a trial function, by the equations inside; `residuals` says what these are made of."""
    asked_of = _inside(trial, residuals)
    if asked_of is None:
        return Rough()
    both, orders, sizes = asked_of
    with torch.set_grad_enabled(not trial.takes_jets):
        return rough(both, orders, sizes, 0.1 * trial.problem.tolerance, partial(_faded, trial))


def blindness(trial: Trial, residuals: Residuals) -> list[float]:
    """mean |R_h - R| relative to what the equations are made of, for widths that fall by halves."""
    asked_of = _inside(trial, residuals)
    if asked_of is None:
        return []
    both, orders, sizes = asked_of
    moving = {c: m for c, m in orders.items() if m}
    with torch.set_grad_enabled(not trial.takes_jets):
        found: list[float] = levels(both, moving, sizes, 0.0, partial(_faded, trial)).values.mean(1).tolist()
    return found


def _inside(trial: Trial, residuals: Residuals) -> tuple[Both, dict[str, int], Tensor] | None:
    """The equations inside in both ways, the derivatives that they ask for, and what they are made of."""
    problem = trial.problem
    inside = next((site for site, _ in residuals.places if site.name == "interior" and site.terms), None)
    if inside is None or not trial.complete:
        return None
    equations = [e for e in problem.equations if e.name in inside.terms]
    below = asked(trial, inside, trial.some_points()).below
    orders = {c: max((a[k] for a in below), default=0) for k, c in enumerate(problem.coordinates)}
    made = terms(residuals)

    def fields_at(points: Points) -> Fields:
        return trial.fields(trial.prepare(points))

    sizes = [max(made[e.name], problem.prober.size(e, trial.plan.sizes)) for e in equations]
    both = Both(problem, [residual_of(e) for e in equations], fields_at, together=residuals.chunk)
    return both, orders, torch.tensor(sizes, dtype=torch.float64)


def _faded(trial: Trial, points: Points) -> Tensor:
    factor = fading(trial.plan.corners, points.coordinates, trial.problem.domain)
    found = away_from_interfaces(trial.problem, points) * (1.0 if factor is None else factor)
    across = 2.0 ** (1 - RULES.first)  # of the length: twice the largest width, as far as differences reach
    for c, places in trial.fluxes.items():  # a difference across such a place is no slope, and its flux none
        for place in places:
            away = (points.coordinates[c] - place).abs() / trial.problem.domain.length(c)
            found = torch.where(away > across, found, torch.zeros_like(found))
    return found


def cost(residuals: Residuals) -> float:
    """The operations of `seen_by_differences`: its points, at four widths and followed, at some places beside each."""
    inside = (site for site, _ in residuals.places if site.name == "interior" and site.terms)
    return sum(20 * values_of(residuals.trial, site, RULES.points) for site in inside)


def undetermined(found: Rough, coordinates: Sequence[str]) -> Outcome:
    """The outcome of a run whose solution has jumps that its residual does not see."""
    told = f"residuals at points do not see that the solution jumps or kinks, {found.where(coordinates)}"
    remedy = "what is wrong there is not small; state what jumps as steep as it is, or a flux as an unknown of its own"
    return Outcome("undetermined", told, remedy)
