"""The weights of the loss terms: fixed by the user, or balanced automatically."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pinnsolve.checks.joins import Row
from pinnsolve.checks.on_both_sides import OnBothSides, both_sides_of
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.places import Narrow
from pinnsolve.geometry.regions import interior
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Size
from pinnsolve.residuals import Residuals
from pinnsolve.settings import Settings
from pinnsolve.training.balance import balanced


def weights_of(settings: Settings, residuals: Residuals, before: dict[str, float]) -> dict[str, float]:
    """One weight for each residual, as the settings want them; those before stay where nothing can be balanced, and at
    the beginning each residual is taken relative to its terms there."""
    if settings.weights == "balanced" and not residuals.trial.balances:
        about = {u: residuals.trial.plan.size(u) for u in residuals.trial.problem.unknowns}
        return before or {name: made**-2 for name, made in made_of(residuals, about).items()}
    if settings.weights == "balanced":
        scaled = residuals.trial.scaling
        ratios = {} if scaled is None else scaled.ratios
        return {name: w * ratios.get(name, 1.0) for name, w in balanced(residuals).items()}
    equations = [e.name for e in residuals.trial.problem.equations]
    if isinstance(settings.weights, Mapping):
        for name in settings.weights:
            if name not in residuals.names:
                raise ProblemError(
                    f"weights: there is no residual '{name}'", f"Possible: {', '.join(residuals.names)}."
                )
        return {n: float(settings.weights.get(n, 1.0)) for n in residuals.names}
    return {n: float(settings.weights) if n in equations else 1.0 for n in residuals.names}


def left_beside(residuals: Residuals, narrow: Sequence[Narrow], values: Mapping[str, Tensor]) -> float:
    """What is left of the equations outside narrow places, relative to the terms that smooth unknowns of the solution's
    size make there: the largest of all (dimensionless).

    The first residual is no measure of it: in a narrow place that is large, and falls as soon as the solution is flat
    there, whatever it is elsewhere.
    """
    made = made_of(residuals, {u: Size(float(v.mean()), float(v.std()) or 1.0) for u, v in values.items()})
    left, found = residuals.values(), 0.0
    for site, points in residuals.places:
        if site.name == "interior":
            inside = torch.stack([place.holds(points.coordinates) for place in narrow]).any(0)
            parts = [left[name][~inside].square().mean().sqrt() / made[name] for name in site.terms]
            found = max([found, *map(float, parts)])
    return found


def made_of(residuals: Residuals, about: Mapping[str, Size], places: int = 200) -> dict[str, float]:
    """The terms that smooth changes of the unknowns by their sizes make in each residual, where it holds.

    Parameters
    ----------
    residuals : Residuals
    about : mapping from unknown to Size
    places : int
        At which a condition is looked at.
    """
    problem, found = residuals.trial.problem, {}
    by_residual = {e.residual: e for e in problem.system}
    functions = {n: Size(u.guess, 0.5 * abs(u.guess) or 1.0) for n, u in problem.functions.items()}
    for site, points in residuals.places:
        inside = site.name == "interior"  # on a line, since points are drawn to narrow places, where terms are large
        there = None if inside else points.thinned(places)
        for name, term in site.terms.items():
            where = there
            if isinstance(term, OnBothSides):
                told, where = term.condition, both_sides_of(problem, term.condition, places)
            else:
                told = Equation(name, interior, term.side) if isinstance(term, Row) else by_residual[term]
            prober = problem.functions_prober if told in problem.known else problem.prober
            found[name] = prober.change(told, {**about, **functions}, where) or 1.0
    return found


def weighted(weights: Mapping[str, float], rms: Mapping[str, float]) -> float:
    """The loss, sum over the residuals that have a weight of weight * rms^2."""
    return sum(weights[name] * r**2 for name, r in rms.items() if name in weights)
