"""Whether the numbers of a problem fit into fewer digits than float64 has: places, values, and what equations make of
them.

float32 has seven digits and ends at 3e38. So x from 1e6 to 1e6 + 1 has 17 places in it, and 1e39 is infinite, and 1e-46
zero: a network would be trained on something else, and may well converge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from pinnsolve.checks.some import some
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.points import Points
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Answer, Size
from pinnsolve.problem.problem import Problem

# Steps that a coordinate must have over the domain: as many as points that are trained on. More: coordinates are
# refused that a solution could live with. Fewer: points fall together, and are not where they are said to be.
STEPS = 4e3
# Of the size of its terms: by so much a residual may differ in fewer digits. Larger: terms that get lost are not told.
# Smaller: sources that are steep in a coordinate are refused for the rounding of places.
LOST = 1e-2


def check_precision(problem: Problem, dtype: torch.dtype, sizes: Mapping[str, Size]) -> None:
    """Refuse a problem whose numbers this type cannot hold; float64 is what problems are written in.

    Parameters
    ----------
    problem : Problem
    dtype : torch.dtype
    sizes : mapping from unknown to Size

    Raises
    ------
    ProblemError
        If places cannot be told apart, a number overflows or vanishes, or an equation loses its terms.
    """
    if dtype == torch.float64:
        return
    for name in problem.coordinates:
        _check_places(problem, name, dtype)
    for what, value in _numbers(problem, sizes):
        if not _fits(value, dtype):
            raise _refused(f"{what} is {value:.3g}", dtype)
    for name, size in sizes.items():
        if torch.finfo(dtype).eps * abs(size.offset) > LOST * size.scale:
            raise ProblemError(
                f"{_name(dtype)} cannot tell values of {name} apart: they vary by {size.scale:.2g} around "
                f"{size.offset:.10g}",
                f"Take the difference from {size.offset:.4g} as the unknown, or leave dtype at float64.",
            )
    for equation, what, points in _equations(problem):
        told = _lost(problem, equation, points, dtype, sizes)
        if told:
            raise ProblemError(f"{what} {told} in {_name(dtype)}", _remedy(), equation.place)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _remedy() -> str:
    return "Choose units in which its numbers are nearer to one, or leave dtype at float64."


def _refused(what: str, dtype: torch.dtype) -> ProblemError:
    limits = torch.finfo(dtype)
    return ProblemError(f"{what}, and {_name(dtype)} goes from {limits.tiny:.0e} to {limits.max:.0e}", _remedy())


def _fits(value: float, dtype: torch.dtype) -> bool:
    limits = torch.finfo(dtype)
    return value == 0 or limits.tiny <= abs(value) <= limits.max


def _check_places(problem: Problem, name: str, dtype: torch.dtype) -> None:
    """Places along a coordinate are told apart."""
    ends, length = problem.domain.ends(name), problem.domain.length(name)
    apart = torch.finfo(dtype).eps * max(map(abs, ends))
    if apart * STEPS > length:
        raise ProblemError(
            f"{_name(dtype)} cannot tell places along {name} apart: from {ends[0]:.10g} to {ends[1]:.10g} it has some "
            f"{max(1, int(length / apart))} steps",
            f"Shift {name}, so that it begins at zero, or leave dtype at float64.",
        )


def _numbers(problem: Problem, sizes: Mapping[str, Size]) -> Iterator[tuple[str, float]]:
    """The numbers of the declaration, each with what it is."""
    for name, unknown in {**problem.constants, **problem.functions}.items():
        yield f"the guess of {name}", unknown.guess
    for name, size in sizes.items():
        yield f"the size of the unknown {name}", size.scale
        yield f"the size of the unknown {name}", abs(size.offset) + size.scale
    for observation in problem.observations:
        for name, values in observation.points.measured.items():
            sizes_of = values.abs()[values != 0]
            for value in (float(sizes_of.min()), float(sizes_of.max())) if len(sizes_of) else ():
                yield f"a value of {name} in {observation.name}", value


def _equations(problem: Problem) -> Iterator[tuple[Equation, str, Points]]:
    for equation in problem.equations:
        yield equation, f"the equation '{equation.name}'", problem.domain.line()
    for condition in problem.conditions:
        for piece in some(problem.pieces(condition)):
            yield condition, f"the condition '{condition.name}'", piece.grid()


def _lost(
    problem: Problem, equation: Equation, points: Points, dtype: torch.dtype, sizes: Mapping[str, Size]
) -> str:  # fmt: skip
    """What happens to a residual of probes of the unknowns' sizes in fewer digits; empty where nothing does."""
    whole = problem.prober.answer(equation, points, sizes=sizes)
    size = float(_terms(whole).nan_to_num(posinf=0.0).mean())
    if not math.isfinite(size) or size == 0:
        return ""
    try:
        found = problem.prober.answer(equation, points.to(dtype, points.weights.device), sizes=sizes).residual
    except RuntimeError as error:  # torch's own words for a number that does not fit
        if "overflow" not in str(error):
            raise
        return "overflows"
    fine = torch.isfinite(whole.residual)
    if not bool(torch.isfinite(found[fine]).all()):
        return "overflows"
    away = float((found.to(torch.float64) - whole.residual)[fine].abs().median())
    return f"loses {away / size:.0%} of its size" if away > LOST * size else ""


def _terms(answer: Answer) -> Tensor:
    """The size of a residual's terms, (N,): each derivative times the slope by it, and what is left."""
    rest, total = answer.residual, torch.zeros_like(answer.residual)
    for part in answer.parts:
        rest, total = rest - part, total + part.abs()
    return total + rest.abs()
