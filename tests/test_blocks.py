"""Blocks of materials in a plane: four of them may meet in a corner, where slopes have hardly a square.

Kellogg's solution on a checkerboard, a = R in two opposite quarters and 1 in the others, with r^L, tan(pi L/4)^2 = 1/R.
"""

from math import atan, pi, sqrt, tan

import pytest
import torch
from torch import atan2, cos, remainder, sin, where

from pinnsolve import Box, Piecewise, Problem, condition, d, dirichlet, solve
from pinnsolve.algebra.quarters import exponent
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.checks.check import Findings
from pinnsolve.checks.slow_corners import slow_corners
from pinnsolve.steady.at_corners import error_of_richer
from pinnsolve.steady.cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.steady.whole import SteadyWhole
from pinnsolve.trial.exact import parts, plan
from pinnsolve.trial.rim import in_parts
from pinnsolve.trial.steady import steady

CPU = torch.device("cpu")


def kellogg(ratio):
    """L, and the solution: odd across the diagonal of the poor conductors, even across the other one."""
    power = 4 / pi * atan(1 / sqrt(ratio))
    steep = 1 / tan(power * pi / 4)

    def u(x, y):
        turn = remainder(atan2(y, x), 2 * pi)
        first, second = cos(power * (turn - pi / 4)), steep * sin(power * (3 * pi / 4 - turn))
        third, last = -cos(power * (turn - 5 * pi / 4)), -steep * sin(power * (7 * pi / 4 - turn))
        around = where(turn < pi / 2, first, where(turn < pi, second, where(turn < 1.5 * pi, third, last)))
        return (x**2 + y**2) ** (power / 2) * around

    return power, u


def diffusion(u, x, y, k):
    return d(k * d(u, x), x) + d(k * d(u, y), y)


def board(ratio, size=1.0, unit=1.0):
    """The same in other units of length and of the conductivity."""
    _, u = kellogg(ratio)
    one = Box(x=(0, size), y=(0, size)), unit * ratio
    other = Box(x=(-size, 0), y=(-size, 0)), unit * ratio
    return Problem(
        space=Box(x=(-size, size), y=(-size, size)),
        unknowns="u",
        equations=diffusion,
        conditions=[dirichlet(u=lambda x, y: u(x / size, y / size))],
        parameters={"k": Piecewise(unit, one, other)},
        reference=None,
        tolerance=1e-2,
    )


def read(problem):
    """The problem over cells, without the checks before training."""
    return steady(problem, plan(problem, list(parts(problem)), Findings({"u": {(2, 0), (0, 2)}}, [], [])))


def solved(ratio, bound=2e-2, degree=5):
    """A checkerboard over cells that leave no more than a bound, and the same cells with two degrees more."""
    evolution = read(board(ratio))
    whole = SteadyWhole(scheme_of(evolution, degree, CPU), (), bound)
    assert whole.solve()
    scheme, mesh = scheme_of(evolution, degree + 2, CPU), whole.cells.mesh
    begun = SteadyCells(scheme, mesh, torch.zeros(len(mesh), 1, scheme.cell.count, dtype=torch.float64))
    richer = JoinedNewton(SteadyOperator, torch.ones(1, dtype=torch.float64), 1e-9).solve(begun)
    assert richer is not None
    return whole.cells, richer


def off(cells, u):
    """The relative error."""
    points, mesh = cells.scheme.degree + 4, cells.mesh
    (xi, w), true = cells.scheme.cell.gauss(points), u(*mesh.points(cells.scheme.cell.gauss(points)[0]).unbind(-1))
    away = cells.coefficients[:, 0] @ cells.scheme.cell.at(xi, (0, 0)).T - true
    return float(((away**2 @ w) @ mesh.shares / ((true**2 @ w) @ mesh.shares)).sqrt())


@pytest.mark.parametrize("ratio", [1.0, 10.0, 161.4476388, 1e6])
def test_the_exponent_at_a_checkerboard(ratio):
    assert exponent([ratio, 1.0, ratio, 1.0]) == pytest.approx(kellogg(ratio)[0], rel=1e-6)


def test_the_exponent_of_one_quarter_that_hardly_conducts_is_that_of_a_corner_that_turns_inwards():
    assert exponent([1e-9, 1.0, 1.0, 1.0]) == pytest.approx(2 / 3, abs=1e-6)


def test_a_corner_that_no_cells_follow_is_told_before_training():
    """Whatever the units; a strength that jumps in the same way makes no corner."""
    told = slow_corners(board(1000.0, size=50.0, unit=1e-3))
    assert any("meet in the corner (x=0, y=0), 1 beside 0.001: the solution goes as r^0.04 there" in f for f in told)
    heated = board(1000.0).replaced(equations=lambda u, x, y, k: d(u, x, x) + d(u, y, y) + k)
    assert not slow_corners(board(300.0)) and not slow_corners(heated)


def test_a_checkerboard_and_what_is_told_of_its_error():
    u, (poorer, richer) = kellogg(100.0)[1], solved(100.0)
    told = error_of_richer(poorer, richer, [1.0])
    assert off(richer, u) < 1e-2
    assert off(richer, u) < told < 10 * off(richer, u)


def test_units_change_nothing():
    here, there = (SteadyWhole(scheme_of(read(board(10.0, *u)), 5, CPU), (), 1e-2) for u in ((1.0, 1.0), (1e-6, 1e4)))
    assert here.advance() and there.advance()
    assert there.offs == pytest.approx(here.offs, rel=1e-9)
    assert torch.allclose(there.cells.coefficients, here.cells.coefficients, atol=1e-9)


def leaky(ratio):
    """Heat that is made in four blocks, and leaks out at walls: in all as much as is made."""

    def heated(u, x, y, k):
        return diffusion(u, x, y, k) + 1 + x * y

    def leak(u, x, y, nx, ny, k):
        return k * (nx * d(u, x) + ny * d(u, y)) + u

    blocks = (Box(x=(0, 1), y=(0.5, 1)), ratio), (Box(x=(-1, 0), y=(-1, 0.5)), ratio / 3)
    return Problem(
        space=Box(x=(-1, 1), y=(-1, 1)),
        unknowns="u",
        equations=heated,
        conditions=[condition(leak)],
        parameters={"k": Piecewise(1.0, *blocks)},
        reference=None,
        tolerance=1e-2,
    )


def test_nothing_is_lost_between_blocks_however_few_cells_there_are():
    problem = leaky(1e6)
    evolution = read(problem)
    assert not in_parts(problem)
    whole = SteadyWhole(scheme_of(evolution, 3, CPU), (), 1.0)
    assert whole.solve()
    cells = whole.cells
    out = 0.0
    for site in cells.sites:
        axis, _ = site.side
        along = cells.mesh.widths[site.cells, 1 - axis]
        values = cells.coefficients[site.cells, 0] @ site.table(cells.mesh, cells.scheme.cell, (0, 0)).T
        out += float(site.mean(values) @ along)
    assert out == pytest.approx(4.0, rel=1e-6)  # int 1 + x y


def test_blocks_are_known_where_nothing_is_differentiated_as_when_a_model_is_loaded():
    problem = board(10.0)
    assert problem.parts is not None
    with torch.no_grad():
        assert not in_parts(problem)


def test_a_constant_is_free_where_walls_let_nothing_through():
    insulated = Problem(
        space=Box(x=(0, 1), y=(0, 1)),
        unknowns="u",
        equations=diffusion,
        conditions=[condition(lambda u, x, y, nx, ny: nx * d(u, x) + ny * d(u, y))],
        parameters={"k": Piecewise(1.0, (Box(x=(0.5, 1), y=(0.5, 1)), 20.0))},
        reference=None,
        tolerance=1e-2,
    )
    assert solve(insulated, budget=20).outcome.kind == "undetermined"
