"""The automatic reference of evolutions on shapes: where nodes stand, and what nothing determines."""

from math import inf

import numpy as np
import pytest
from torch import exp

from pinnsolve import Disk, Polygon, Problem, condition, d, dirichlet, initial, laplace, neumann, point
from pinnsolve.checks.check import check
from pinnsolve.classical.automatic import attempt
from pinnsolve.classical.layout import cloud_of, spacing_of
from pinnsolve.classical.reading import read
from pinnsolve.classical.solving import Solver


def lost(u, x, y, nx, ny):
    return nx * d(u, x) + ny * d(u, y) + u


@pytest.mark.parametrize(("conditions", "closer"), [
    ([initial(u=1), dirichlet(u=0)], 8),
    ([dirichlet(u=0), initial(u=1)], 8),
    ([initial(u=1), condition(lost)], 2),
    ([initial(u=0), dirichlet(u=0)], 1),
])  # fmt: skip
def test_nodes_close_up_where_the_start_disagrees(conditions, closer):
    problem = Problem(
        space=Disk(x=0, y=0, radius=1),
        time=(0, 1),
        unknowns="u",
        equations=lambda u, x, y, t: d(u, t) - d(u, x, x) - d(u, y, y) - 1,
        conditions=conditions,
    )
    given, findings = read(problem), check(problem)
    spacing = spacing_of(given, findings, 14)
    rim, middle = spacing.at(np.array([[0.6, 0.8], [0.0, 0.0]]))
    assert rim == pytest.approx(middle / closer, rel=0.05)
    nodes = cloud_of(given, spacing, 1.0).places
    beside = 1 - np.hypot(*nodes.T)
    assert bool(((beside > 1e-6) & (beside < 0.3 * middle)).any()) == (closer > 2)


def heated(T, x, y, t):
    return d(T, t) - laplace(T, x, y) - exp(-4 * ((x - 0.5) ** 2 + (y - 1.5) ** 2))


def test_nodes_around_a_corner_that_turns_inwards_keep_no_step_short_and_stand_close_in_the_matrix():
    """They are most of all nodes, and stand for hardly any of the area: with each of them counted alike this march needs
    64 steps and ends before its time."""
    bent = Polygon(x=[0, 2, 2, 1, 1, 0], y=[0, 0, 1, 1, 2, 2])
    told = [initial(T=0), neumann(T=0)]
    problem = Problem(space=bent, time=(0, 0.1), unknowns="T", equations=heated, conditions=told)
    given, findings = read(problem), check(problem)
    solver = Solver(given, findings, inf, spacing_of(given, findings, 14))
    grid = solver.grid(14, 1.0, {})
    found = solver.solved(grid, 1e-3, [])
    assert len(found.values) < 30
    at = np.empty(len(grid), dtype=int)
    at[grid.order] = np.arange(len(grid))
    assert np.ptp(at[grid._stencils[0]], axis=1).max() < 0.4 * len(grid)  # sorted by x: 0.8 of them


def along(u, v, p, x, y, t):
    return d(u, t) - laplace(u, x, y) + d(p, x) - y


def across(u, v, p, x, y, t):
    return d(v, t) - laplace(v, x, y) + d(p, y)


def continuity(u, v, p, x, y, t):
    return d(u, x) + d(v, y)


FLOW = {"unknowns": ("u", "v", "p"), "equations": [along, across, continuity]}
WALL = [initial(u=0, v=0), dirichlet(u=0), dirichlet(v=0)]


@pytest.mark.parametrize(("told", "level"), [
    (FLOW | {"conditions": [*WALL, condition(lambda p, x: d(p, x), on=point(x=0, y=0))]}, False),
    (FLOW | {"conditions": [*WALL, dirichlet(p=0, on=point(x=0, y=0))]}, True),
    ({"unknowns": "u", "equations": lambda u, x, y, t: laplace(u, x, y) + x * t,
      "conditions": [initial(u=0), neumann(u=0)]}, False),
    ({"unknowns": "u", "equations": lambda u, x, y, t: 1e-9 * d(u, t) - laplace(u, x, y) + x * t,
      "conditions": [initial(u=0), neumann(u=0)]}, True),
])  # fmt: skip
def test_a_level_that_nothing_fixes_is_named_at_the_first_step(told, level):
    problem = Problem(space=Disk(x=0, y=0, radius=1), time=(0, 1), tolerance=1.0, **told)
    found = attempt(problem, seconds=20.0 if not level else 0.8)  # beyond the first step nothing is asked
    assert ("nothing determines" in found.why) == (not level)
