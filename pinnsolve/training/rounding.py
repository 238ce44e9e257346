"""How large the terms are that a residual is made of: what is small beside them is rounding, and no fault.

A residual r(u, u_x, ...) is taken apart by its derivatives with respect to all fields p that it holds,

    made of  sum over p of |dr/dp p|  +  |r - sum over p of dr/dp p|,

the second a source. The natural scale of an unknown is the value at which its terms would be as large as all terms are;
an unknown that is zero is compared with that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.residuals import Residuals
from pinnsolve.training.weights import weighted
from pinnsolve.trial.trial import Prepared

# Of the terms: what least squares with a ridge of 1e-12 leave where the features could do better, and the least error
# that is ever claimed. Lower, and what is exact goes on; higher, and what could become exact does not.
ROUNDING = 3e-11


@dataclass(frozen=True)
class Terms:
    """What residuals are made of.

    Parameters
    ----------
    sizes : dict from residual name to float
        Root mean squares of the sum of the terms' magnitudes.
    scales : dict from unknown to float
        The natural scale of each; zero for one that no residual holds.
    """

    sizes: dict[str, float]
    scales: dict[str, float]


def rounding(dtype: torch.dtype) -> float:
    """What is rounding beside one, for results of least squares in numbers of this type."""
    return max(ROUNDING, 10 * torch.finfo(dtype).eps)


def terms(residuals: Residuals, weights: Mapping[str, float]) -> Terms:
    """Take the residuals apart on their points, at the trial function as it is."""
    trial = residuals.trial
    made = dict.fromkeys(residuals.names, 0.0)
    moved = {u: dict.fromkeys(residuals.names, 0.0) for u in trial.problem.unknowns}
    for site, prepared, faded in residuals.batches:
        leaves: dict[tuple[str, Alpha], Tensor] = {}
        fields = trial.fields(prepared, _leaves(trial.unknowns(prepared), prepared, leaves))
        for name, term in site.terms.items():
            r = term(fields).value
            parts, slopes = _parts(r, leaves, trial.problem.domain.bounds)
            rest = (r.detach() - sum(parts)).abs() if parts else r.detach().abs()
            share = 1 / residuals.counts[name]
            made[name] += share * float(faded(rest + sum(p.abs() for p in parts)).square().sum())
            for unknown, slope in slopes.items():
                moved[unknown][name] += share * float(faded(slope).square().sum())
    sizes = {name: square**0.5 for name, square in made.items()}
    total = weighted(weights, sizes) ** 0.5
    slopes_of = {u: weighted(weights, {n: s**0.5 for n, s in squares.items()}) ** 0.5 for u, squares in moved.items()}
    return Terms(sizes, {u: total / slope if slope > 0 else 0.0 for u, slope in slopes_of.items()})


def _leaves(
    unknowns: Mapping[str, Jet], prepared: Prepared, leaves: dict[tuple[str, Alpha], Tensor]
) -> dict[str, Jet]:  # fmt: skip
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


def _parts(
    r: Tensor, leaves: Mapping[tuple[str, Alpha], Tensor], bounds: Mapping[str, tuple[float, float]]
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The terms dr/dp p (N,) of a residual, and for each unknown the sum of |dr/dp| over the lengths of the domain to
    the power of the derivative."""
    if not r.requires_grad:
        return [], {}
    grads = torch.autograd.grad(r.sum(), list(leaves.values()), retain_graph=True, allow_unused=True)
    lengths = [high - low for low, high in bounds.values()]
    parts: list[Tensor] = []
    slopes: dict[str, Tensor] = {}
    for ((unknown, alpha), leaf), grad in zip(leaves.items(), grads, strict=True):
        if grad is None:
            continue
        parts.append(grad * leaf.detach())
        length = prod(size**order for size, order in zip(lengths, alpha, strict=True))
        slopes[unknown] = slopes.get(unknown, torch.zeros_like(grad)) + grad.abs() / length
    return parts, slopes
