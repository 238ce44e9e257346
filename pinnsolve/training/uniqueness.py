"""Whether the equations and conditions determine the solution: the change of it that costs the least residual.

With J the Jacobian of the weighted residuals at the solution and U that of the unknowns' values, each divided by its
size, the change v of the trained numbers with the largest

    |U v| / |J v|

is the one that residuals see least. If a change by the solution's own size, |U v| = 1, costs no more residual than
there is left (or rounding beside the terms that it makes), another solution is as good as this one.

Source: Golub & Van Loan, Matrix Computations (2013), section 8.7 (the generalised singular value decomposition).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.least_squares import Triangle
from pinnsolve.algebra.operations import qr
from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.errors import Outcome
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals import Residuals, Site
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Limits:
    """What counts as undetermined. Chosen between what determines a solution and what does not: the changes that cost
    least take 0.1 to 7 of their terms in the gallery, and 1e-13 in tests/cases where nothing determines the solution
    (`python -m validation.blind`).

    Parameters
    ----------
    rounding, most : float
        Of the terms that a change makes: it is free if it costs less than the first, and never if it costs more than
        the second, whatever is left of the residual.
    places : int
        At which changes are measured.
    iterations : int
        Of the power method, on `directions` at once.
    directions : int
    same : float
        Of a change: what differs by less from a constant, or from a multiple of the unknown, is one.
    """

    rounding: float = 1e-8
    most: float = 1e-5
    places: int = 200
    iterations: int = 8
    directions: int = 4
    same: float = 1e-3


LIMITS = Limits()


def operations(count: int) -> float:
    """Of the factorisation for so many trained numbers, on twice as many residuals and the ridge."""
    return qr(3 * count, count)


def free_change(residuals: Residuals, weights: Mapping[str, float], left: float) -> str:
    """How the solution may change at no cost, in words; empty where it is determined, or where that cannot be said.

    Parameters
    ----------
    residuals : Residuals
        On the training points, at the solution.
    weights : dict from residual name to float
    left : float
        The loss on points that training did not see.
    """
    trial = residuals.trial
    values, sizes, gain, change = _cheapest(residuals, weights)
    own = _made_of(trial.problem, weights, sizes)
    if not gain:
        return "the residuals have no finite derivatives at it, and others may branch off"
    limit = min(max(left, LIMITS.rounding**2 * own), LIMITS.most**2 * own)
    if not own or gain**-2 > limit:
        return ""
    moved = {u: part * sizes[u] for u, part in zip(values, change.view(-1, len(values)).T, strict=True)}
    return _in_words(moved, values, sizes)


def cheapest(residuals: Residuals, weights: Mapping[str, float]) -> float:
    """What the cheapest change of the solution by its own size costs, relative to the terms that it makes."""
    _, sizes, gain, _ = _cheapest(residuals, weights)
    return 1 / (gain * _made_of(residuals.trial.problem, weights, sizes) ** 0.5) if gain else 0.0


def _cheapest(
    residuals: Residuals, weights: Mapping[str, float]
) -> tuple[dict[str, Tensor], dict[str, float], float, Tensor]:
    """The unknowns' values and sizes, the largest |U v| / |J v| (zero where J is not finite), and U v there."""
    trial = residuals.trial
    values, slopes = _at_places(trial)
    sizes = {u: _size(trial, u, v) for u, v in values.items()}
    triangle = Triangle(residuals.size, trial.parameters_count, trial.vector())
    for r, jacobian in residuals.pieces(weights):
        triangle.add(jacobian, r[:, None])
    factor, scale = triangle.factored(RIDGE)
    if not bool(torch.isfinite(factor).all()):
        return values, sizes, 0.0, torch.zeros(0)
    return values, sizes, *_largest(_changes(slopes, sizes) / scale, factor)


def undetermined(change: str) -> Outcome:
    """The outcome of a run whose solution is one of many."""
    told = f"the equations and conditions do not determine the solution: {change}"
    return Outcome("undetermined", told, "a condition is missing (a value somewhere, a mean, a size), or an equation")


def _at_places(trial: Trial) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The unknowns at some places, (places,), and their slopes by the trained numbers, (places, P)."""

    def of(unknown: str) -> Callable[[Fields], Jet]:
        def term(fields: Fields) -> Jet:
            field: Jet = fields[unknown]
            return field

        return term

    piece = trial.problem.domain.interior
    points = piece.draw(LIMITS.places, "sobol", torch.Generator().manual_seed(3))
    site = Site("values", (piece,), {u: of(u) for u in trial.problem.unknowns})  # the unknowns as residuals
    blocks = list(Residuals(trial, [(site, points)]).linearised())
    values = {u: torch.cat([b.residuals[u] for b in blocks]) for u in site.terms}
    return values, {u: torch.cat([b.jacobians[u] for b in blocks]) for u in site.terms}


def _size(trial: Trial, unknown: str, values: Tensor) -> float:
    """Of an unknown: how much it varies, its natural scale where that is larger, or one."""
    return max(float((values - values.mean()).square().mean().sqrt()), trial.plan.size(unknown).scale) or 1.0


def _changes(slopes: Mapping[str, Tensor], sizes: Mapping[str, float]) -> Tensor:
    """U, (places * unknowns, P), the unknowns of a place one after the other, in the mean square over places."""
    each = [slopes[u] / (size * LIMITS.places**0.5) for u, size in sizes.items()]
    return torch.stack(each, 1).flatten(0, 1)


def _largest(changes: Tensor, factor: Tensor) -> tuple[float, Tensor]:
    """The largest |U R^-1 z| for |z| = 1, and the change U R^-1 z there of size one."""
    generator = torch.Generator().manual_seed(5)
    z = torch.randn(factor.shape[1], LIMITS.directions, generator=generator, dtype=torch.float64).to(factor)
    gain, moved = 0.0, changes.new_zeros(len(changes))
    for _ in range(LIMITS.iterations):
        z = torch.linalg.qr(z).Q
        images = changes @ torch.linalg.solve_triangular(factor, z, upper=True)
        left, values, _ = torch.linalg.svd(images, full_matrices=False)
        gain, moved = float(values[0]), left[:, 0]
        z = torch.linalg.solve_triangular(factor.T, changes.T @ images, upper=False)
    return gain, moved


def _made_of(problem: Problem, weights: Mapping[str, float], sizes: Mapping[str, float]) -> float:
    """The weighted squares of the terms that smooth unknowns of these sizes make in the equations."""
    scales = {u: Size(0.0, s) for u, s in sizes.items()}
    parts = [weights[e.name] * problem.prober.size(e, scales) ** 2 for e in problem.equations if e.name in weights]
    return sum(parts)


def _in_words(moved: Mapping[str, Tensor], values: Mapping[str, Tensor], sizes: Mapping[str, float]) -> str:
    """What a change does to the unknowns."""
    parts = {u: float(change.square().mean().sqrt()) / sizes[u] for u, change in moved.items()}
    names = [u for u, part in parts.items() if part > 0.1 * max(parts.values())]
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]} may change together"
    (name,) = names
    if not bool(values[name].any()):
        return f"{name} = 0 is one, and a function of any size another"
    change, value = moved[name], values[name]
    size = float(change.square().mean().sqrt())
    if float((change - change.mean()).square().mean().sqrt()) <= LIMITS.same * size:
        return f"a constant may be added to {name}"
    along = value * float((change @ value) / (value @ value))
    if float((change - along).square().mean().sqrt()) <= LIMITS.same * size:
        return f"{name} may be multiplied by any number"
    return f"{name} may change by a function of about its own size"
