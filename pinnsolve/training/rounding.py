"""How large the terms are that a residual is made of: what is small beside them is rounding, and no fault.

A residual r(u, u_x, ...) is taken apart by its derivatives with respect to all fields p that it holds,

    made of  sum over p of |dr/dp p|  +  |r - sum over p of dr/dp p|,

the second a source. An unknown counts by what it is beyond its offset: in kelvin as in degrees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Watched
from pinnsolve.residuals import Residuals
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.trial import Prepared, Trial

# Of the terms: what least squares with a ridge of 1e-12 leave where the features could do better, and the least error
# that is ever claimed. Lower, and what is exact goes on; higher, and what could become exact does not.
ROUNDING = 3e-11
Leaves = dict[tuple[str, Alpha], Tensor]


def rounding(dtype: torch.dtype) -> float:
    """What is rounding beside one, for results of least squares in numbers of this type."""
    return max(ROUNDING, 10 * torch.finfo(dtype).eps)


def of_numbers(trial: Trial, values: Mapping[str, Tensor]) -> float:
    """The relative error by rounding of the numbers that a problem is told in: of unknowns (N,) that hardly vary beside
    their offset, and of coordinates far from their origin."""
    domain, eps = trial.problem.domain, max(torch.finfo(v.dtype).eps for v in values.values())
    offsets = [
        float(v.detach().abs().max()) / yardstick.of_values(v.detach(), trial.plan.size(u).scale)
        for u, v in values.items()
    ]
    places = [max(map(abs, domain.ends(c))) / domain.length(c) for c in domain.coordinates]
    return 10 * eps * max(*offsets, *places)  # as in `rounding`


def terms(residuals: Residuals) -> dict[str, float]:
    """The root mean squares of the sums of the terms' magnitudes, by residual, at the trial function as it is."""
    trial, made = residuals.trial, dict.fromkeys(residuals.names, 0.0)
    for site, prepared, faded in residuals.batches:
        leaves: Leaves = {}
        fields = trial.fields(prepared, _leaves(trial.unknowns(prepared), prepared, leaves))
        for name, term in site.terms.items():
            with _watched(trial) as integrals:
                r = term(fields).value
            parts = _parts(r, leaves, trial.plan) + _of_integrals(
                r, [w for w in integrals if w.chart is prepared.chart]
            )
            rest = (r.detach() - sum(parts)).abs() if parts else r.detach().abs()
            square = faded(rest + sum(p.abs() for p in parts)).square().sum()
            made[name] += float(square) / residuals.counts[name]
    return {name: square**0.5 for name, square in made.items()}


def _leaves(unknowns: Mapping[str, Jet], prepared: Prepared, leaves: Leaves) -> dict[str, Jet]:
    """The unknowns with each derivative a leaf of its own, noted when it is asked for."""

    def cut(unknown: str) -> Jet:
        def rule(alpha: Alpha) -> Tensor | None:
            part = unknowns[unknown].partial(alpha)
            if part is None:
                return None
            leaves[unknown, alpha] = part.detach().clone().requires_grad_()
            return leaves[unknown, alpha]

        return Jet(prepared.chart, rule, (prepared.chart.size,), frozenset(prepared.chart.names))

    return {unknown: cut(unknown) for unknown in unknowns}


@contextmanager
def _watched(trial: Any) -> Iterator[list[Watched]]:
    """The integrals that are taken meanwhile, each a leaf, with the integral of the magnitude."""
    found: list[Watched] = []
    if trial.elsewhere is not None:
        trial.elsewhere.watched = found
    try:
        yield found
    finally:
        if trial.elsewhere is not None:
            trial.elsewhere.watched = None


def _of_integrals(r: Tensor, integrals: Sequence[Watched]) -> list[Tensor]:
    """The terms of a residual that integrals make: one over what cancels is as large as what is integrated."""
    if not integrals or not r.requires_grad:
        return []
    leaves = [w.leaf for w in integrals]
    grads = torch.autograd.grad(r.sum(), leaves, retain_graph=True, materialize_grads=True)
    return [grad * w.size for grad, w in zip(grads, integrals, strict=True)]


def _parts(r: Tensor, leaves: Leaves, made: Plan) -> list[Tensor]:
    """The terms dr/dp p (N,) of a residual."""
    if not r.requires_grad or not leaves:
        return []
    grads = torch.autograd.grad(r.sum(), list(leaves.values()), retain_graph=True, allow_unused=True)
    return [
        grad * (leaf.detach() - (0.0 if any(alpha) else made.size(unknown).offset))
        for ((unknown, alpha), leaf), grad in zip(leaves.items(), grads, strict=True)
        if grad is not None
    ]
