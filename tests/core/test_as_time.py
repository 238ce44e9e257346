"""Which coordinates of space are time by another name."""

from __future__ import annotations

from typing import Any

import pytest
from torch import sin

from pinnsolve import Box, Problem, condition, d, dirichlet, face, neumann, periodic, solve
from pinnsolve.checks.as_time import as_evolution

PLANE = Box(x=(0, 1), y=(0, 2))
ENDS = dirichlet(u=0, on=face(x=0) | face(x=1))
BEGUN = dirichlet(u=lambda x: sin(3.14159265358979 * x), on=face(y=0))
ENDED = dirichlet(u=lambda x: sin(3.14159265358979 * x), on=face(y=2))


def told(equation: Any, *conditions: Any) -> Problem | None:
    return as_evolution(Problem(space=PLANE, unknowns="u", equations=equation, conditions=list(conditions)))


def heat(u: Any, x: Any, y: Any) -> Any:
    return d(u, y) - d(u, x, x)


def wave(u: Any, x: Any, y: Any) -> Any:
    return d(u, y, y) - d(u, x, x)


def laplace(u: Any, x: Any, y: Any) -> Any:
    return d(u, y, y) + d(u, x, x)


EVOLVING: dict[str, Problem | None] = {
    "heat": told(heat, BEGUN, ENDS),
    "heat from the other end, where time runs backwards": told(lambda u, x, y: d(u, y) + d(u, x, x), ENDED, ENDS),
    "a rate by a slope": told(wave, BEGUN, neumann(u=1, on=face(y=0)), ENDS),
    "a rate by an equation": told(wave, BEGUN, condition(lambda u, x, y: d(u, y) - x, on=face(y=0)), ENDS),
}
STEADY: dict[str, Problem | None] = {
    "something at both ends": told(laplace, BEGUN, ENDED, ENDS),
    "nothing at either end": told(lambda u, x, y: u - x * y),
    "heat that sharpens": told(heat, ENDED, ENDS),
    "Laplace's equation from one side": told(laplace, BEGUN, neumann(u=0, on=face(y=0)), ENDS),
    "a wind that turns": told(lambda u, x, y: (1 - y) * d(u, y) - d(u, x, x), BEGUN, ENDS),
    "a start without its rate": told(wave, BEGUN, ENDS),
    "a ring": told(lambda u, x, y: d(u, y, y) + d(u, x, x) - u, periodic("y"), ENDS),
    "an equation at the start": told(heat, condition(lambda u, x, y: u + d(u, x) - x, on=face(y=0)), ENDS),
}


@pytest.mark.parametrize("name", EVOLVING)
def test_what_begins_at_a_face_evolves_along_it(name: str) -> None:
    found = EVOLVING[name]
    assert found is not None and found.domain.time == "y" and found.space_coordinates == ("x",)
    assert found.coordinates == ("x", "y")


@pytest.mark.parametrize("name", STEADY)
def test_what_does_not_is_steady(name: str) -> None:
    assert STEADY[name] is None


@pytest.mark.parametrize(("end", "sign"), [(0, -1.0), (2, 1.0)])
def test_an_outward_slope_is_a_rate_or_its_opposite(end: float, sign: float) -> None:
    """u_yy = u_xx with u = 0 and u_y = x where it begins: u = x (y - y0). The solution stays the user's problem."""
    problem = Problem(
        space=PLANE, unknowns="u", equations=wave, tolerance=1e-8, reference=None,
        conditions=[dirichlet(u=0, on=face(y=end) | face(x=0)), dirichlet(u=lambda y: y - end, on=face(x=1)),
                    neumann(u=lambda x: sign * x, on=face(y=end))],
    )  # fmt: skip
    solution = solve(problem, budget=10)
    assert solution.converged and solution.problem is problem
    assert solution.u(x=0.4, y=1.5) == pytest.approx(0.4 * (1.5 - end), rel=1e-8)
