"""Which equations hold integrals of unknowns: found by a look at them when a problem is built."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.points import Points
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Prober, fields_of, probes


def integrating(equation: Equation, prober: Prober) -> Equation:
    """The equation, with a mark where it holds integrals.

    Raises
    ------
    ProblemError
        If an integral holds no unknown, or is taken over what does not exist.
    """
    if equation.function is None:
        return equation
    points = _some(equation, prober)
    chart, at, found = probes(prober.domain, prober.unknowns, points)
    fields: Fields = prober.known(chart, at, fields_of(found), points)
    assert fields.around is not None
    met = fields.around.met
    with torch.enable_grad():
        try:
            residual = equation.residual(fields)
            values = [integrand.value for integrand in met]
        except ProblemError as error:
            if (
                "integral" in error.fault or "at(...)" in error.fault
            ):  # any other mistake is told by the checks, with its place
                raise ProblemError(error.fault, error.remedy, error.where or equation.place) from None
            return equation
        except Exception:
            return equation
        if not met:
            return equation
        if not all(v.requires_grad for v in values):
            raise ProblemError(
                f"{equation.name}: an integral holds no unknown",
                "Of a known function write what its integral is: a number, or a function of its own.",
                equation.place,
            )
        left = residual.value  # by which slopes are asked for
        leaves = [leaf for p in found.values() for leaf in p.asked.values()]
        return replace(equation, integrates="alone" if _alone(left, values, leaves) else "also")


def _alone(residual: Tensor, integrands: list[Tensor], leaves: list[Tensor]) -> bool:
    """Whether a residual answers to the unknowns through what is integrated, and through nothing else."""
    if not residual.requires_grad:
        return False
    total = torch.autograd.grad(residual.sum(), leaves, retain_graph=True, materialize_grads=True)
    by = torch.autograd.grad(residual.sum(), integrands, retain_graph=True, materialize_grads=True)
    weighed = torch.stack([(integrand * slope).sum() for integrand, slope in zip(integrands, by, strict=True)])
    through = torch.autograd.grad(weighed.sum(), leaves, materialize_grads=True)
    return all(bool(torch.isclose(a, b, rtol=EQUAL, atol=0.0).all()) for a, b in zip(total, through, strict=True))


def _some(equation: Equation, prober: Prober) -> Points:
    """Some points at which it holds."""
    pieces = equation.on.resolve(prober.domain)
    return prober.domain.line(5) if not pieces[0].fixed and pieces[0].side is None else pieces[0].grid()
