"""Where there is no time for richer features, a poorer march tells the error of a march: more than it has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from torch import sin

from pinnsolve import Box, Disk, NotConverged, Problem, compare, d, dirichlet, exact, initial, laplace, solve
from pinnsolve.methods import enriching
from pinnsolve.methods.enriching import Enriching


def line(tolerance: float) -> Problem:
    return Problem(
        space=Box(x=(0, 1)), time=(0, 0.1), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x),
        conditions=[initial(u=lambda x: sin(math.pi * x)), dirichlet(u=0)], tolerance=tolerance,
        reference=exact(u=lambda x, t: np.sin(np.pi * x) * np.exp(-(np.pi**2) * t)),
    )  # fmt: skip


def plane(tolerance: float) -> Problem:
    start = initial(u=lambda x, y: sin(math.pi * x) * sin(math.pi * y))
    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 0.1), unknowns="u", tolerance=tolerance,
        equations=lambda u, x, y, t: d(u, t) - laplace(u, x, y), conditions=[start, dirichlet(u=0)],
        reference=exact(u=lambda x, y, t: np.sin(np.pi * x) * np.sin(np.pi * y) * np.exp(-2 * np.pi**2 * t)),
    )  # fmt: skip


def disc(tolerance: float) -> Problem:
    """Not linear; exact is t + x."""
    return Problem(
        space=Disk(x=0, y=0, radius=1), time=(0, 1), unknowns="u", tolerance=tolerance,
        equations=lambda u, x, y, t: d(u, t) - 0.2 * laplace(u, x, y) + u**2 - (t + x) ** 2 - 1,
        conditions=[initial(u=lambda x: x), dirichlet(u=lambda x, t: t + x)], reference=exact(u=lambda x, t: t + x),
    )  # fmt: skip


def dear(monkeypatch: pytest.MonkeyPatch, both: bool = False) -> None:
    """More degrees take longer than any budget; fewer ones, too."""

    def operations(self: Enriching, objective: Any, state: dict[str, Any]) -> float:
        return math.inf if both or state["more"] > 0 else float(state["left"])

    monkeypatch.setattr(Enriching, "operations", operations)


@pytest.mark.parametrize(("make", "tolerance"), [(line, 1e-4), (plane, 1e-3), (disc, 1e-3)])
def test_fewer_degrees_tell_an_error_that_is_no_smaller(
    make: Any, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    dear(monkeypatch)
    solution = solve(make(tolerance), budget=60)
    error = compare(solution).errors["u"].relative_l2
    assert solution.converged and solution.estimate is not None
    assert error <= solution.estimate <= tolerance


def test_where_neither_can_be_had_there_is_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    dear(monkeypatch, both=True)
    with pytest.warns(NotConverged, match="next step takes"):
        assert solve(line(1e-4), budget=60).estimate is None


def test_a_march_that_has_as_much_of_the_error_as_a_poorer_one_states_more_than_their_distance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where a kink sets off waves that neither resolves: of Schroedinger's equation 0.76 of the error was told."""
    dear(monkeypatch)
    told = []
    for part in (0.0, 0.4, 1.0):
        monkeypatch.setattr(enriching, "part_left", lambda *given, part=part: part)
        told.append(solve(line(1e-4), budget=60).estimate)
    assert told[0] == told[1] and told[2] > 1.5 * told[0]
