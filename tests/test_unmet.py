"""A condition that cells lost is missed at points of its own, whatever two solutions say of each other."""

from __future__ import annotations

import math
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import torch

from pinnsolve import Box, Disk, NotConverged, Problem, Solution, d, dirichlet, faces, initial, neumann, side, solve
from pinnsolve.methods.enriching import Enriching

solving = import_module("pinnsolve.solve")


def lose(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Cells are not told of one wall."""
    own = solving._read

    def read(*about: Any) -> Any:
        known, law = own(*about)
        gone = known.walls[number]
        return replace(known, walls=tuple(w for w in known.walls if w is not gone)), law

    monkeypatch.setattr(solving, "_read", read)


def ring(length: float = 1.0, size: float = 1.0, offset: float = 0.0) -> Problem:
    """Heat that is made in a ring, whose two rims are one unit warmer than nothing."""

    def source(u: Any, x: Any, y: Any) -> Any:
        return (d(u, x, x) + d(u, y, y)) * (length**2 / size) + 1

    return Problem(
        space=Disk(x=0, y=0, radius=length, name="outside") - Disk(x=0, y=0, radius=0.3 * length, name="hole"),
        unknowns="u", equations=source, conditions=[dirichlet(u=offset + size, on=side("outside") | side("hole"))],
        tolerance=1e-4, reference=None,
    )  # fmt: skip


def rod() -> Problem:
    """Ends that are warmed."""

    def heat(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - d(u, x, x)

    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, tolerance=1e-3, reference=None,
        conditions=[initial(u=0), dirichlet(u=lambda t: torch.sin(3 * t))],
    )  # fmt: skip


def plate() -> Problem:
    """A mode that decays."""

    def heat(u: Any, x: Any, y: Any, t: Any) -> Any:
        return d(u, t) - d(u, x, x) - d(u, y, y)

    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 0.05), unknowns="u", equations=heat, tolerance=1e-3, reference=None,
        conditions=[initial(u=lambda x, y: torch.sin(torch.pi * x) * torch.sin(torch.pi * y)), dirichlet(u=0)],
    )  # fmt: skip


def lost(problem: Problem, monkeypatch: pytest.MonkeyPatch, number: int, budget: float = 4) -> Solution:
    lose(monkeypatch, number)
    with pytest.warns(NotConverged, match=r"the condition 'dirichlet u on .*' is missed by .* at points of its own"):
        return solve(problem, budget=budget)


@pytest.mark.parametrize(("problem", "number"), [(ring, -1), (rod, -1), (plate, 0)])
def test_a_lost_wall_is_no_convergence(problem: Any, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a ring two solutions agree to ten digits, and are wrong alike by as much as they vary."""
    solution = lost(problem(), monkeypatch, number)
    assert not solution.converged
    assert solution.estimate is not None
    assert solution.estimate > solution.problem.tolerance


def test_a_lost_wall_is_seen_where_a_poorer_march_tells_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The distance from a richer march is a hundredth of what is told so, and of what the wall is missed by."""

    def operations(self: Enriching, objective: Any, state: dict[str, Any]) -> float:
        return math.inf if state["more"] > 0 else float(state["left"])

    monkeypatch.setattr(Enriching, "operations", operations)
    assert not lost(plate(), monkeypatch, 0, budget=60).converged


def test_slopes_that_do_not_agree_at_corners_are_no_miss() -> None:
    """Along the sides u = 0.3, and at their ends u shall fall by one a length: what is left there is no error."""

    def source(u: Any, x: Any, y: Any) -> Any:
        return d(u, x, x) + d(u, y, y) + 1

    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=source, tolerance=1e-4, reference=None,
        conditions=[dirichlet(u=0.3, on=faces("x")), neumann(u=1.0, on=faces("y"))],
    )  # fmt: skip
    solution = solve(problem, budget=60)
    assert solution.converged
    assert solution.estimate is not None
    assert solution.estimate < 1e-5
