"""The automatic reference where materials meet on curves: against closed forms, and against a line of radii."""

import numpy as np

from pinnsolve import (
    Box,
    Disk,
    Piecewise,
    Problem,
    automatic_reference,
    d,
    dirichlet,
)  # fmt: skip
from pinnsolve.classical.automatic import attempt
from validation.inclusion import RADIUS, outside

rng = np.random.default_rng(0)
X, Y = rng.uniform(-0.7, 0.7, (2, 2000))


def conduction(T, x, y, k):
    return d(k * d(T, x), x) + d(k * d(T, y), y)


def dipole(k: float) -> np.ndarray:
    return np.where(X * X + Y * Y < RADIUS**2, 2 * X / (k + 1), outside(X, Y, k))


def told(problem: Problem, exact: np.ndarray, **places: np.ndarray) -> None:
    """The own error covers the true one, and is a tenth of the tolerance."""
    reference = automatic_reference(problem, seconds=200)
    (field,) = reference.fields.values()
    true = np.linalg.norm(field(**places) - exact) / np.linalg.norm(exact)
    assert true <= reference.own_error <= 0.1 * problem.tolerance


def test_a_disc_that_conducts_a_hundred_times_better():
    k = 100.0
    problem = Problem(
        space=Box(x=(-1, 1), y=(-1, 1)),
        unknowns="T",
        equations=conduction,
        conditions=[dirichlet(T=lambda x, y: outside(x, y, k))],
        parameters={"k": Piecewise(1.0, (Disk(x=0, y=0, radius=RADIUS), k))},
        tolerance=0.1,
    )
    told(problem, dipole(k), x=X, y=Y)


def test_a_coefficient_that_jumps_before_a_second_derivative_is_refused():
    problem = Problem(
        space=Box(x=(-1, 1), y=(-1, 1)),
        unknowns="T",
        equations=lambda T, x, y, k: k * (d(T, x, x) + d(T, y, y)) + 1,
        conditions=[dirichlet(T=0)],
        parameters={"k": Piecewise(1.0, (Disk(x=0, y=0, radius=RADIUS), 9.0))},
    )
    assert "no flux is told" in attempt(problem).why
