"""Data that do not balance by little: no solution meets them, and how far they are off is what is known of one."""

from __future__ import annotations

from math import pi
from typing import Any

import pytest
from torch import cos, sin

from pinnsolve import Box, Problem, Settings, d, dirichlet, neumann, periodic, point, solve
from pinnsolve.checks.posed import posed

SQUARE = Box(x=(0, 1), y=(0, 1))


def closed(off: float, tolerance: float = 1e-6) -> Problem:
    """All sides let nothing through, and sources are off by so much of their largest."""

    def source(u: Any, x: Any, y: Any) -> Any:
        return d(u, x, x) + d(u, y, y) + 2 * pi**2 * (cos(pi * x) * cos(pi * y) + off)

    return Problem(
        space=SQUARE, unknowns="u", equations=source, conditions=[neumann(u=0), dirichlet(u=1, on=point(x=0, y=0))],
        reference=None, tolerance=tolerance,
    )  # fmt: skip


def ring(off: float) -> Problem:
    """The same where everything repeats itself."""

    def source(u: Any, x: Any, y: Any) -> Any:
        return d(u, x, x) + d(u, y, y) + 8 * pi**2 * (sin(2 * pi * x) * sin(2 * pi * y) + off)

    fixed = dirichlet(u=0, on=point(x=0, y=0))
    return Problem(
        space=SQUARE, unknowns="u", equations=source, conditions=[periodic("x"), periodic("y"), fixed], reference=None,
        tolerance=1e-6,
    )  # fmt: skip


def channel(off: float) -> Problem:
    """A channel of creeping flow out of which more flows than into it."""
    equations = [
        lambda u, p, x, y: d(p, x) - d(u, x, x) - d(u, y, y), lambda v, p, x, y: d(p, y) - d(v, x, x) - d(v, y, y),
        lambda u, v, x, y: d(u, x) + d(v, y),
    ]  # fmt: skip
    return Problem(
        space=SQUARE, unknowns=("u", "v", "p"), equations=equations, reference=None,
        conditions=[
            dirichlet(u=lambda x, y: (1 + off * x) * y * (1 - y), v=0), dirichlet(p=0, on=point(x=0, y=0)),
        ],
    )  # fmt: skip


@pytest.mark.parametrize("make", [closed, ring])
def test_what_does_not_balance_by_little_is_no_convergence_and_the_estimate_says_by_how_much(make: Any) -> None:
    off = 1e-4
    with pytest.warns(UserWarning, match="no solution satisfies"):
        solution = solve(make(off))
    assert not solution.converged and "must balance" in str(solution.outcome)
    assert solution.estimate is not None and off / 5 < solution.estimate < 5 * off


def test_where_it_does_not_matter_it_is_in_the_estimate() -> None:
    solution = solve(closed(1e-5, tolerance=1e-2))
    assert solution.converged and solution.estimate is not None and 2e-6 < solution.estimate < 5e-5
    assert "no solution satisfies" in str(solution.outcome)


def test_what_balances_is_as_good_as_before() -> None:
    for make in (closed, ring):
        solution = solve(make(0.0), settings=Settings(budget=60))
        assert solution.converged and solution.estimate is not None and solution.estimate < 1e-8


@pytest.mark.parametrize("make", [closed, channel])
def test_it_is_seen_before_training_where_data_are_smooth(make: Any) -> None:
    small, large = posed(make(1e-4)), posed(make(1e-2))
    assert posed(make(0.0)).words == []
    assert "of what they prescribe" in (small.unmet or small.nearly) and "of what they prescribe" in large.unmet
