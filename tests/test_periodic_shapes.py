"""Unit cells that repeat themselves: cut cells are joined across a period, whole faces and parts of them alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, sin

from pinnsolve import (
    Ball,
    Box,
    Disk,
    LocalFeatures,
    Piecewise,
    Problem,
    ProblemError,
    Solution,
    automatic_reference,
    condition,
    d,
    dirichlet,
    face,
    initial,
    neumann,
    periodic,
    point,
    side,
    solve,
)
from pinnsolve.checks.check import check
from pinnsolve.networks.openings import closed
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.manufactured import manufactured
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.rim import region_of

SQUARE = Box(x=(0, 1), y=(0, 1))
TURN, CPU = 2 * math.pi, torch.device("cpu")


def laplace(u: Any, x: Any, y: Any) -> Any:
    return d(u, x, x) + d(u, y, y)


def around(*middles: tuple[float, float], radius: float = 0.2) -> Any:
    shape: Any = SQUARE
    for x, y in middles:
        shape = shape - Disk(x=x, y=y, radius=radius, name="rod")
    return shape


CORNERS = around((0, 0), (1, 0), (0, 1), (1, 1))
SEAM = around((-0.03, 0.4), (0.97, 0.4))


def mild(x: Any, y: Any) -> Any:
    return 2 + sin(TURN * x) * cos(TURN * y)


def solved(problem: Problem) -> Solution:
    solution = solve(problem, budget=60)
    assert solution.converged, solution.outcome
    assert isinstance(solution.trial, Planar), "cells, not random features"
    assert isinstance(solution.trial.layer, LocalFeatures)
    return solution


def test_rods_on_the_corners_of_a_unit_cell() -> None:
    """Parts of faces are left, alike at both ends; a mutant that joined them where they are not would leave cells open."""
    still = condition(lambda u, x, y, nx, ny: nx * d(u, x) + ny * d(u, y), on=side("rod"))
    base = Problem(
        space=CORNERS, unknowns="u", equations=lambda u, x, y: laplace(u, x, y) - 3 * u,
        conditions=[still, periodic("x", "y")], reference=None, tolerance=1e-3,
    )  # fmt: skip
    solution = solved(manufactured(base, u=mild))
    along = np.linspace(0.3, 0.35, 7)
    values = solution.u(x=np.repeat([0.0, 1.0], 7), y=np.tile(along + 0.4, 2)).reshape(2, 7)
    assert np.abs(values[0] - values[1]).max() < 1e-6, "the same at both ends"
    exact = mild(torch.from_numpy(along), torch.full((7,), 0.8)).numpy()
    assert np.abs(solution.u(x=along, y=np.full(7, 0.8)) - exact).max() < 1e-6


def test_openings_around_a_period_close_cells() -> None:
    problem = Problem(
        space=SEAM, unknowns="u", equations=laplace, conditions=[dirichlet(u=0, on=side("rod")), periodic("x", "y")]
    )
    mesh = Tiles.begun([(0.0, 1.0)] * 2, 3, ((), ()), CPU, region_of(problem))
    assert closed(mesh, (True, True))
    assert closed(mesh, (False, False)), "without a ring faces are rims"


def test_nodes_of_a_reference_go_on_around_a_period() -> None:
    """Stencils reach across the seam by the shortest way, also where a rod covers a part of it: a mutant without the
    period has no conditions there, and its levels stay 2e-2 apart."""
    still = condition(lambda u, x, y, nx, ny: nx * d(u, x) + ny * d(u, y), on=side("rod"))
    base = Problem(
        space=SEAM, unknowns="u", equations=lambda u, x, y: laplace(u, x, y) - 3 * u,
        conditions=[still, periodic("x", "y")], reference=None,
    )  # fmt: skip
    found = automatic_reference(manufactured(base, u=mild), tolerance=1e-2)
    x, y = np.array([0.0, 1.0, 0.5, 0.25]), np.array([0.9, 0.9, 0.0, 1.0])
    true = mild(torch.from_numpy(x), torch.from_numpy(y)).numpy()
    assert np.abs(found.fields["u"](x=x, y=y) - true).max() < 1e-2
    assert isinstance(found.own_error, float)
    assert found.own_error < 1e-2


def test_materials_that_meet_on_curves_of_a_ring() -> None:
    """Discs that conduct ten times as well: with T = (1 + k) / (k - 1), 1 + 2 f / (T - f - 0.305827 f^4 T /
    (T^2 - 1.402958 f^8) - 0.013362 f^8 / T); six digits of each coefficient.

    Source: Perrins, McKenzie & McPhedran, Proc. R. Soc. Lond. A 369 (1979) 207, eq. 14.
    """
    f, k = 0.3, 10.0
    core = Piecewise(1.0, (Disk(x=0.5, y=0.5, radius=math.sqrt(f / math.pi)), k))
    problem = Problem(
        space=SQUARE, unknowns="c", parameters={"k": core},
        equations=lambda c, k, x, y: d(k * (d(c, x) + 1), x) + d(k * d(c, y), y),
        conditions=[dirichlet(c=0, on=point(x=0, y=0)), periodic("x", "y")], reference=None, tolerance=1e-2,
    )  # fmt: skip
    found = solved(problem).integral(lambda c, k, x: k * (1 + d(c, x)))
    t = (1 + k) / (k - 1)
    series = 1 + 2 * f / (t - f - 0.305827 * f**4 * t / (t**2 - 1.402958 * f**8) - 0.013362 * f**8 / t)
    assert abs(found - series) < 1e-6


def test_a_start_is_compared_across_a_period() -> None:
    """What begins with a value that is another at the other end is told; one that goes on is not."""

    def jumps(value: Any) -> bool:
        problem = Problem(
            space=SEAM, time=(0, 0.1), unknowns="u", equations=lambda u, x, y, t: d(u, t) - laplace(u, x, y),
            conditions=[initial(u=value), neumann(u=0, on=side("rod")), periodic("x", "y")], reference=None,
        )  # fmt: skip
        return any("does not continue across the period at x=1" in told for told in check(problem).warnings)

    assert not jumps(lambda x, y: cos(TURN * x) * sin(TURN * y))
    assert jumps(lambda x, y: x + 0 * y)


@pytest.mark.parametrize(
    "shape",
    [around((0, 0.5)), around((0, 0.5)) - Disk(x=1, y=0.5, radius=0.21), Disk(x=0, y=0, radius=1)],
    ids=["one end cut", "unlike", "no ends"],
)
def test_ends_that_do_not_meet_are_refused(shape: Any) -> None:
    with pytest.raises(ProblemError, match="the two ends of x"):
        Problem(space=shape, unknowns="u", equations=laplace, conditions=[dirichlet(u=0), periodic("x")])


def test_the_end_of_a_period_takes_no_condition() -> None:
    for shape in (around((0.5, 0.5)), SEAM):
        with pytest.raises(ProblemError, match="stands on an end of the coordinate x"):
            given = [dirichlet(u=0, on=face(x=1)), periodic("x")]
            Problem(space=shape, unknowns="u", equations=laplace, conditions=given)


def test_balls_repeat_themselves_in_space() -> None:
    """What is left of faces in space, where a ball cuts them: the cells there are open to those at the other end."""
    space: Any = Box(x=(0, 1), y=(0, 1), z=(0, 1))
    for x in (0, 1):
        space = space - Ball(x=x, y=0.5, z=0.5, radius=0.3, name="ball")
    problem = Problem(
        space=space, unknowns="u", equations=lambda u, x, y, z: d(u, x, x) + d(u, y, y) + d(u, z, z),
        conditions=[dirichlet(u=0, on=side("ball")), periodic("x", "y", "z")],
    )  # fmt: skip
    mesh = Tiles.begun([(0.0, 1.0)] * 3, 2, ((), (), ()), CPU, region_of(problem))
    assert closed(mesh, (True, True, True))
