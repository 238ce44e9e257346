"""The automatic reference where materials meet on curves: against closed forms, and against a line of radii."""

import numpy as np

from pinnsolve import (
    Box,
    Disk,
    Piecewise,
    Polygon,
    Problem,
    automatic_reference,
    d,
    dirichlet,
)  # fmt: skip
from pinnsolve.classical.automatic import attempt
from pinnsolve.classical.segments import corners_in_a_row
from pinnsolve.geometry import Domain
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


def test_a_core_of_a_millionth_of_the_conductivity_is_as_exact_as_others():
    """Where conditions and equations counted alike in all materials, 800 nodes were off by 8; they are by 6e-5."""
    k, space, core = 1e-6, Disk(x=0, y=0, radius=1), Disk(x=0, y=0, radius=RADIUS)
    problem = Problem(
        space=space,
        unknowns="T",
        equations=conduction,
        conditions=[dirichlet(T=lambda x, y: outside(x, y, k))],
        parameters={"k": Piecewise(1.0, (core, k))},
        tolerance=0.05,
    )
    told(problem, dipole(k), x=X, y=Y)


def test_a_polygon_that_stands_for_a_curve_is_met_as_one():
    """Nodes stand half as far apart as its corners, which rows are weighed down at; those of a square are no such."""
    turn = 2 * np.pi * np.arange(24) / 24
    round_ = Polygon(x=list(np.cos(turn)), y=list(np.sin(turn)))
    places, spacings = corners_in_a_row(Domain(round_).walls.pieces, round_.size)
    assert len(np.unique(places.round(9) + 0.0, axis=0)) == 24 and np.allclose(spacings, np.sin(np.pi / 24))
    assert not len(corners_in_a_row(Domain(Polygon(x=[0, 1, 1, 0], y=[0, 0, 1, 1])).walls.pieces, 1.4)[0])
