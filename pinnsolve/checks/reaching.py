"""Equations that reach beyond their points, by integrals: what they make of small amounts of given functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.jets.tape import Tape
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
    amounts = {u: nn.Parameter(torch.zeros(1, width, dtype=torch.float64)) for u in problem.unknowns}

    def fields(at_points: Points, taped: bool) -> Fields:
        chart, at, found = probes(problem.domain, problem.unknowns, at_points, shift or 0.0)
        chart.tape = Tape(list(amounts.values())) if taped else None
        unknowns = {u: changed(chart, at_points, u, None if shift is None else found[u].smooth) for u in amounts}
        return problem.fields(chart, at, unknowns, at_points, elsewhere=Elsewhere(fields, frozen=True))

    def changed(chart: Chart, at_points: Points, unknown: str, smooth: Jet | None) -> Jet:
        record = None if chart.tape is None else chart.tape.linear(amounts[unknown], None)

        def rule(alpha: Alpha) -> Tensor:
            part = torch.from_numpy(table(at_points, alpha))
            image = part @ amounts[unknown].T
            if record is not None:
                record(alpha, part, image)
            return image[:, 0] if smooth is None else image[:, 0] + smooth.dense(alpha)

        return Jet(chart, rule, (chart.size,), frozenset(chart.names))

    with torch.enable_grad():
        here = fields(points, True)
        residual = equation.residual(here).value
        assert here.chart.tape is not None
        slopes = here.chart.tape.rows(residual)
    return slopes.numpy(), -residual.detach().numpy()
