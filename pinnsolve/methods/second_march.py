"""The same march with richer features, to tell the error: other degrees in space and in time on the same cells.

Two marches of degrees d, q and d + 2, q + 2 make errors of their own; the second one's is smaller by orders, so that
their distance is the error of the first. Neither degree alone would do: each shows its own share of the error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.methods.cell_start import at_start
from pinnsolve.methods.implicit_step import Start, Step, joined
from pinnsolve.methods.march_record import March
from pinnsolve.methods.step_solver import StepSolver
from pinnsolve.networks.intervals import carried


def richer(
    march: March, sizes: Tensor, left: float, constant: bool, enough: Callable[[], bool], more: int = 2
) -> list[Step] | None:
    """Solve a march's steps again; nothing where one of them cannot be solved, or there was no time.

    Parameters
    ----------
    march : March
    sizes : tensor (F,)
        Of the unknowns.
    left : float
        What Newton's method may leave, relative to them.
    constant : bool
        See `StepSolver`.
    enough : callable
        Whether the budget has ended.
    more : int
        Degrees in space and stages; more than two are dearer, and no truer (prototypes).
    """
    before = march.scheme
    scheme = replace(before, degree=before.degree + more, stages=before.stages + more)
    solver = StepSolver(scheme, sizes, left, constant)
    found: list[Step] = []
    start, mesh = at_start(scheme, march.steps[0].mesh), march.steps[0].mesh
    joins = before.evolution.joins
    for known in march.steps:
        if enough():
            return None
        if known.mesh is not mesh:
            moved = [carried(c, mesh, known.mesh, scheme.cell, joins) for c in (start.values, start.rates)]
            start, mesh = Start(*moved), known.mesh
        weights = before.radau.at(scheme.radau.places[1:])
        guess = torch.nn.functional.pad(torch.tensordot(weights, known.everything(), 1), (0, more))
        step = Step(scheme, mesh, known.begin, known.length, start, joined(guess, mesh, scheme))
        if not solver.solve(step):
            return None
        found.append(step)
        start = step.end()
    return found


@dataclass(frozen=True)
class Distance:
    """How far two marches are from each other, for each unknown, (F,).

    Parameters
    ----------
    difference, norm, deviation : tensor (F,)
        Root mean squares over space and time: of the difference, of the second one, and of it about its mean.
    """

    difference: Tensor
    norm: Tensor
    deviation: Tensor


def distance(first: Sequence[Step], second: Sequence[Step]) -> Distance:
    """Compare marches on the same cells and steps, by their orthonormal coefficients."""
    square, norms, means = torch.zeros(3, first[0].scheme.fields, dtype=torch.float64, device=first[0].stages.device)
    total = sum(a.length for a in first)
    for a, b in zip(first, second, strict=True):
        share = a.mesh.widths / a.mesh.length * a.length
        theirs, mine = (in_modes(s) for s in (b, a))
        padding = (0, theirs.shape[3] - mine.shape[3], 0, 0, 0, theirs.shape[1] - mine.shape[1])
        away = theirs - torch.nn.functional.pad(mine, padding)
        square += torch.einsum("nkfm,n->f", away.square(), share)
        norms += torch.einsum("nkfm,n->f", theirs.square(), share)
        means += torch.einsum("nf,n->f", theirs[:, 0, :, 0], share)
    mean, norm = means / total, norms / total
    return Distance((square / total).sqrt(), norm.sqrt(), (norm - mean.square()).clamp(min=0).sqrt())


def in_modes(step: Step) -> Tensor:
    """Coefficients (n, q + 1, F, M) of orthonormal Legendre polynomials over the step and the cells."""
    r = step.scheme.radau
    norms = torch.arange(r.stages + 1, dtype=torch.float64, device=r.modes.device).mul(2).add(1).sqrt()
    return torch.tensordot(r.modes / norms[:, None], step.everything(), 1).transpose(0, 1).contiguous()
