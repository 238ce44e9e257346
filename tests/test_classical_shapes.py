"""The automatic reference on shapes: orders from theory, exact solutions, singular places, and what has none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import atan, cos, sin

from pinnsolve import (
    Box,
    Disk,
    LevelSet,
    Polygon,
    Problem,
    automatic_reference,
    boundary,
    condition,
    d,
    dirichlet,
    exact,
    initial,
    laplace,
    neumann,
    side,
)
from pinnsolve.checks.check import check
from pinnsolve.classical.automatic import attempt, compared_at
from pinnsolve.classical.layout import cloud_of, laid_out, spacing_of
from pinnsolve.classical.own_error import own_error
from pinnsolve.classical.powers import exponents, monomials, radial
from pinnsolve.classical.reading import read
from pinnsolve.classical.solving import Solver
from pinnsolve.classical.weighing import on_shape
from problems.waveguide import problem as waveguide
from validation.waveguide import Wave

DISC = Disk(x=0, y=0, radius=1)
RING = DISC - Disk(x=0, y=0, radius=0.4, name="inner")


def of(problem: Problem, seconds: float = 30.0) -> tuple[float, float]:
    """The own error of a problem's automatic reference, and the true one."""
    found = automatic_reference(problem, seconds=seconds)
    at = compared_at(problem, check(problem))
    known = problem.reference(problem)  # type: ignore[operator, misc]
    errors = []
    for u in problem.unknowns:
        true = known.fields[u](**at)
        errors.append(float(np.linalg.norm(found.fields[u](**at) - true) / np.linalg.norm(true)))
    return found.own_error, max(errors)


# ------------------------------------------------------------ orders from theory


@pytest.mark.parametrize("alpha", [(0, 0), (1, 0), (0, 2), (1, 1), (2, 1), (2, 2), (4, 0)])
def test_derivatives_of_powers_agree_with_differences(alpha: tuple[int, int]) -> None:
    """One more derivative is the slope of one less, to the square of the step of central differences."""
    x, step = np.random.default_rng(1).uniform(-1, 1, (2, 20)), 1e-5
    axis = 0 if alpha[0] else 1
    if not sum(alpha):
        assert np.allclose(radial(x, [alpha], 7), np.linalg.norm(x, axis=0) ** 7)
        return
    less = (alpha[0] - 1, alpha[1]) if axis == 0 else (alpha[0], alpha[1] - 1)
    shift = step * np.eye(2)[axis][:, None]
    slope = (radial(x + shift, [less], 7)[0] - radial(x - shift, [less], 7)[0]) / (2 * step)
    assert np.allclose(radial(x, [less, alpha], 7)[1], slope, rtol=1e-6, atol=1e-6)
    powers = exponents(2, 5)
    slope = (monomials(x + shift, powers, [less])[0] - monomials(x - shift, powers, [less])[0]) / (2 * step)
    assert np.allclose(monomials(x, powers, [less, alpha])[1], slope, rtol=1e-6, atol=1e-6)


def test_differences_are_exact_for_the_polynomials_that_they_hold() -> None:
    problem = Problem(space=RING, unknowns="u", equations=lambda u, x, y: laplace(u, x, y), conditions=dirichlet(u=0))
    given = read(problem)
    cloud = cloud_of(given, spacing_of(given, check(problem), 14), 1.0)
    places, measures = cloud.scatter.inside
    assert measures.sum() == pytest.approx(RING.measure, rel=5e-3)  # of cells that the rim cuts, the places inside
    assert bool(RING.contains(torch.from_numpy(cloud.places), 1e-9).all())
    ((numbers, weights),) = cloud.stencils([(places, [(2, 0), (1, 1)], None)])
    x, y = cloud.places.T
    assert np.allclose((weights[2, 0] * (x**3 * y**2)[numbers]).sum(1), 6 * places[:, 0] * places[:, 1] ** 2, atol=1e-7)
    assert np.allclose((weights[1, 1] * (x**3 * y**2)[numbers]).sum(1), 6 * places[:, 0] ** 2 * places[:, 1], atol=1e-7)


def test_space_has_the_order_of_its_polynomials() -> None:
    """Polynomials of degree 5: a Laplacian of order 4 at least, as the solution is."""
    problem = Problem(
        space=DISC, unknowns="u", equations=lambda u, x, y: laplace(u, x, y) + 13 * sin(2 * x + 3 * y),
        conditions=dirichlet(u=lambda x, y: sin(2 * x + 3 * y)),
    )  # fmt: skip
    given, findings = read(problem), check(problem)
    solver = Solver(given, findings, np.inf, spacing_of(given, findings, 14))
    at = compared_at(problem, findings)
    errors = []
    for finer in (1.0, 2.0):
        found = solver.solved(solver.grid(0, finer, {}), 1e-3, [])
        errors.append(float(np.abs(found.at(0, at) - np.sin(2 * at["x"] + 3 * at["y"])).max()))
    assert np.log2(errors[0] / errors[1]) >= 3.8


def test_a_row_of_a_condition_counts_as_much_beside_one_of_an_equation_on_any_level() -> None:
    problem = Problem(space=RING, unknowns="u", equations=lambda u, x, y: laplace(u, x, y), conditions=dirichlet(u=0))
    given, findings = read(problem), check(problem)
    told = []
    for finer in (1.0, 1.7):
        rows = laid_out(given, cloud_of(given, spacing_of(given, findings, 14), finer))
        nothing = np.zeros((1, len(rows.grid)))
        matrix = rows.linearised(nothing, nothing, 0.0)[0]
        sizes = np.sqrt(np.asarray(abs(matrix).power(2).sum(1)).ravel()) * on_shape(rows, matrix, 1.0)
        inside, walls = (float(np.sqrt(np.mean(sizes[rows.of_conditions == here] ** 2))) for here in (False, True))
        told.append(walls / inside)
    assert told[1] == pytest.approx(told[0], rel=0.1)


def test_a_boundary_whose_curvature_jumps_leaves_slopes_as_they_are() -> None:
    """Where a straight wall goes over into an arc, u = 0 on both lets functions that are smooth there have no slope."""
    given, findings = read(waveguide), check(waveguide)
    solver, at = Solver(given, findings, np.inf, spacing_of(given, findings, 14)), compared_at(waveguide, findings)
    found, wave = solver.solved(solver.grid(0, 2.1, {}), 1e-3, []), Wave(9, 5.0)
    for k, unknown in enumerate("uv"):
        true = wave.field(unknown)(at["x"], at["y"])
        assert np.linalg.norm(found.at(k, at) - true) <= 5e-4 * np.linalg.norm(true)


def test_a_single_difference_on_a_shape_tells_more_than_itself() -> None:
    assert own_error([1e-6]) == np.inf
    assert own_error([1e-6], alone=True) == pytest.approx(4e-6)
    assert own_error([1e3, 1e-2, 1e-6], alone=True) >= 1e-2 / 24  # the first level may be too few nodes


# ------------------------------------------------------------ exact solutions


def robin(u, x, y, nx, ny):  # type: ignore[no-untyped-def]
    return nx * d(u, x) + ny * d(u, y) + u


def tip(x, y, arctan):  # type: ignore[no-untyped-def]
    """r^(2/3) cos(2 phi / 3) about the middle of the inside of a plate that lacks the quadrant x > 0, y < 0."""
    r = (x**2 + y**2 + 1e-30) ** 0.5
    return r ** (2 / 3), 4 / 3 * arctan(-(x + y) / 2**0.5 / (r + (y - x) / 2**0.5))


KINDS: dict[str, Problem] = {
    "a ring": Problem(
        space=RING, unknowns="u", equations=lambda u, x, y: laplace(u, x, y),
        conditions=[dirichlet(u=0, on=boundary.where(lambda x, y: x**2 + y**2 > 0.9)), neumann(u=-2.5, on=side("inner"))],
        reference=exact(u=lambda x, y: np.log(np.hypot(x, y))), tolerance=1e-2,
    ),
    "an ellipse": Problem(
        space=LevelSet(lambda x, y: 1 - x**2 / 4 - y**2, within=Box(x=(-2.1, 2.1), y=(-1.1, 1.1))), unknowns="u",
        equations=lambda u, x, y: laplace(u, x, y) + 2.5, conditions=dirichlet(u=0),
        reference=exact(u=lambda x, y: 1 - x**2 / 4 - y**2), tolerance=1e-4,
    ),
    "a corner that turns inwards": Problem(
        space=Polygon(x=[0, 1, 1, -1, -1, 0], y=[0, 0, 1, 1, -1, -1]), unknowns="u",
        equations=lambda u, x, y: laplace(u, x, y),
        conditions=dirichlet(u=lambda x, y: tip(x, y, atan)[0] * cos(tip(x, y, atan)[1])),
        reference=exact(u=lambda x, y: tip(x, y, np.arctan)[0] * np.cos(tip(x, y, np.arctan)[1])), tolerance=0.3,
    ),
    "cooling": Problem(
        space=DISC, time=(0, 1), unknowns="u", equations=lambda u, x, y, t: d(u, t) - 0.25 * laplace(u, x, y) + u + t * (x**2 + y**2) + 1 - t,
        conditions=[initial(u=lambda x, y: x**2 + y**2), condition(lambda u, x, y, nx, ny, t: robin(u, x, y, nx, ny) - 3 + 3 * t)],
        reference=exact(u=lambda x, y, t: (x**2 + y**2) * (1 - t)), tolerance=1e-2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_shape_is_solved_within_its_own_error(name: str) -> None:
    own, true = of(KINDS[name])
    assert true <= own <= 0.1 * KINDS[name].tolerance


# ------------------------------------------------------------ what has none

NONE: dict[str, tuple[Problem, str]] = {
    "no level": (
        Problem(space=DISC, unknowns="u", equations=lambda u, x, y: laplace(u, x, y) - x, conditions=neumann(u=0)),
        "nothing determines",
    ),
    "resonance": (
        Problem(
            space=DISC, unknowns="u", equations=lambda u, x, y: laplace(u, x, y) + 2.404825557695773**2 * u,
            conditions=dirichlet(u=0),
        ),
        "nothing determines",
    ),
    "backwards": (
        Problem(
            space=DISC, time=(0, 1), unknowns="u", equations=lambda u, x, y, t: d(u, t) + 0.1 * laplace(u, x, y),
            conditions=[initial(u=0), dirichlet(u=lambda x: x)],
        ),
        "time runs the wrong way",
    ),
    "a side without a condition": (
        Problem(
            space=RING, unknowns="u", equations=lambda u, x, y: laplace(u, x, y), conditions=dirichlet(u=1, on=side("inner")),
        ),
        "too few conditions",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NONE)
def test_what_has_no_reference_on_a_shape_is_told_why(name: str) -> None:
    problem, why = NONE[name]
    found = attempt(problem, seconds=20)
    assert found.reference is None
    assert why in found.why
