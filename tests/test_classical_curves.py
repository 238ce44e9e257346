"""The automatic reference where materials meet on curves: against closed forms, and against a line of radii."""

from math import pi
from time import perf_counter

import numpy as np

from pinnsolve import (
    Box,
    Disk,
    LevelSet,
    Piecewise,
    Problem,
    automatic_reference,
    d,
    dirichlet,
    initial,
    neumann,
)  # fmt: skip
from pinnsolve.checks.check import check
from pinnsolve.classical.automatic import attempt
from pinnsolve.classical.layout import spacing_of
from pinnsolve.classical.reading import read
from pinnsolve.classical.solving import Solver
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


def test_a_flux_that_is_not_linear_through_a_level_set_in_millimetres():
    """theta = T + T^2 / 2 is the dipole, so T = sqrt(1 + 2 theta) - 1 where both conduct by 1 + T."""
    k, mm = 5.0, 1e3

    def radial(T, x, y, nx, ny):
        return (1 + T) * (nx * d(T, x) + ny * d(T, y))

    def warm(x, y):
        return (5 + 2 * outside(x / mm, y / mm, k)) ** 0.5 - 1

    def hot(T, x, y, k):
        return d(k * (1 + T) * d(T, x), x) + d(k * (1 + T) * d(T, y), y)

    core = LevelSet(lambda x, y: (RADIUS * mm) ** 2 - x**2 - y**2, within=Box(x=(-400, 400), y=(-400, 400)))
    problem = Problem(
        space=Disk(x=0, y=0, radius=mm),
        unknowns="T",
        equations=hot,
        conditions=[dirichlet(T=warm)],
        parameters={"k": Piecewise(1.0, (core, k))},
        tolerance=0.1,
    )
    told(problem, np.sqrt(5 + 2 * dipole(k)) - 1, x=mm * X, y=mm * Y)


def test_a_rod_with_a_core_cools_as_along_a_line_of_radii():
    def cooling(T, x, y, t, k, c):
        return c * d(T, t) - d(k * d(T, x), x) - d(k * d(T, y), y)

    def of_radius(T, r, t, k, c):
        return r * c * d(T, t) - d(r * k * d(T, r), r)

    def of_square(s):  # its slope vanishes at both radii
        return 16 * (s**3 / 3 - 5 * s**2 / 8 + s / 4)

    def start(x, y):
        return of_square(x**2 + y**2)

    values, tolerance = {"k": 4.0, "c": 2.0}, 0.1
    core = Disk(x=0, y=0, radius=0.5)
    problem = Problem(
        space=Disk(x=0, y=0, radius=1),
        time=(0, 0.05),
        unknowns="T",
        equations=cooling,
        conditions=[initial(T=start), neumann(T=0)],
        parameters={name: Piecewise(1.0, (core, value)) for name, value in values.items()},
        tolerance=tolerance,
    )
    line = Problem(
        space=Box(r=(0, 1)),
        time=(0, 0.05),
        unknowns="T",
        equations=of_radius,
        conditions=[
            initial(T=lambda r: of_square(r**2)),
            neumann(T=0),
        ],
        parameters={name: Piecewise(1.0, (Box(r=(0, 0.5)), value)) for name, value in values.items()},
        tolerance=tolerance / 100,
    )
    radius, angle, t = 0.95 * rng.random(500), 2 * pi * rng.random(500), 0.05 * rng.random(500)
    known = automatic_reference(line).fields["T"](r=radius, t=t)
    given = read(problem)
    findings = check(problem)
    solver = Solver(given, findings, perf_counter() + 200, spacing_of(given, findings, 12))
    found = solver.solved(solver.grid(12, 1.0, {}), 1e-3, []).at(
        0, {"x": radius * np.cos(angle), "y": radius * np.sin(angle), "t": t}
    )
    assert np.linalg.norm(found - known) < 5e-3 * np.linalg.norm(known)


def test_a_coefficient_that_jumps_before_a_second_derivative_is_refused():
    problem = Problem(
        space=Box(x=(-1, 1), y=(-1, 1)),
        unknowns="T",
        equations=lambda T, x, y, k: k * (d(T, x, x) + d(T, y, y)) + 1,
        conditions=[dirichlet(T=0)],
        parameters={"k": Piecewise(1.0, (Disk(x=0, y=0, radius=RADIUS), 9.0))},
    )
    assert "no flux is told" in attempt(problem).why
