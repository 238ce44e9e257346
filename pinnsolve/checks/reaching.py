"""Equations that reach beyond their points, by integrals: what they make of small amounts of given functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.jets.tape import dense_rows
from pinnsolve.problem.binding import Elsewhere, Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import probes
from pinnsolve.problem.problem import Problem

Table = Callable[[Points, Alpha], np.ndarray]  # D^alpha of the functions, (points, functions)


def reaching(
    problem: Problem, equation: Equation, points: Points, table: Table, shift: float | None
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The slopes of a residual by the amount of each function in each unknown, (points, unknowns x functions), and the
    residual with the other sign.

    Parameters
    ----------
    shift : float, optional
        Which smooth unknowns they are added to; without it, to nothing.
    """
    width = table(points[:1], (0,) * len(problem.coordinates)).shape[1]
    amounts = torch.zeros(width * len(problem.unknowns), dtype=torch.float64, requires_grad=True)

    def fields(at_points: Points) -> Fields:
        chart, at, found = probes(problem.domain, problem.unknowns, at_points, shift or 0.0)

        def field(k: int, smooth: Jet) -> Jet:
            def rule(alpha: Alpha) -> Tensor:
                part = torch.from_numpy(table(at_points, alpha)) @ amounts[k * width : (k + 1) * width]
                return part if shift is None else part + smooth.dense(alpha)

            return Jet(chart, rule, (chart.size,), frozenset(chart.names))

        unknowns = {u: field(k, found[u].smooth) for k, u in enumerate(problem.unknowns)}
        return problem.fields(chart, at, unknowns, at_points, elsewhere=Elsewhere.of(fields))

    with torch.enable_grad():
        residual = equation.residual(fields(points)).value
        slopes = dense_rows(residual, [amounts])  # type: ignore[list-item]
    return slopes.detach().numpy(), -residual.detach().numpy()
