"""The values with which a march begins."""

from __future__ import annotations

import numpy as np

from pinnsolve.classical.reading import NoReferenceError, Read
from pinnsolve.classical.rows import Block, Rows
from pinnsolve.classical.stencils import Array

ORDER = {"value": 0, "rate": 1}


def start_of(given: Read, rows: Rows) -> Array:
    """Values (V, N) of all variables at the nodes; zeros for those without a rate, which their equations give.

    Raises
    ------
    NoReferenceError
        If the start of a variable that has a rate is not prescribed.
    """
    problem = given.problem
    time = problem.domain.time
    assert time is not None
    begin = np.array([problem.domain.ends(time)[0]])
    found, told = np.zeros((len(rows.variables), len(rows.grid))), set()
    block = Block((), rows.grid.nodes)
    for equation, piece in given.starts:
        if equation.prescribes is None or equation.prescribes.what not in ORDER or len(piece.fixed) > 1:
            raise NoReferenceError(f"{equation.name} is no value and no rate of one unknown over the whole start")
        variable = (problem.unknowns.index(equation.prescribes.unknown), ORDER[equation.prescribes.what])
        if variable not in rows.variables:
            continue
        points = block.points(time, begin)
        chart, at = points.chart()
        values = equation.prescribes.given(problem.fields(chart, at, {}, points)).value
        found[rows.variables.index(variable)] = values.numpy()
        told.add(variable)
    for f, k in rows.variables:
        if given.orders[f] > k and (f, k) not in told:
            what = "value" if k == 0 else "rate" if k == 1 else f"derivative of order {k}"
            raise NoReferenceError(f"no condition prescribes the {what} of {problem.unknowns[f]} at the start")
    return found


def extrapolated(places: Array, stages: Array) -> Array:
    """The polynomial through the stages alone, at the start."""
    weights = np.array([
        np.prod([-p / (places[i] - p) for j, p in enumerate(places) if j != i]) for i in range(len(places))
    ])  # fmt: skip
    return np.tensordot(weights, stages, 1)
