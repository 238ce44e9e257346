"""Where there is no time for richer features, a poorer march tells the error of a march: more than it has."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import sigmoid, sin

from pinnsolve import Box, Disk, NotConverged, Problem, compare, d, dirichlet, exact, initial, laplace, solve
from pinnsolve.methods import enriching
from pinnsolve.methods.enriching import Enriching
from pinnsolve.methods.told_by_poorer import RULES as POORER
from pinnsolve.methods.told_by_poorer import part_of_kinks
from pinnsolve.training.error_estimate import estimated
from pinnsolve.training.found import Found
from pinnsolve.training.rules import RULES
from pinnsolve.training.seen import Seen


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


def aslant(tolerance: float, nu: float = 0.1) -> Problem:
    """Burgers' equation: a front along x + y = t."""

    def front(x: Any, y: Any, t: Any) -> Any:
        return sigmoid((t - x - y) / (2 * nu))

    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 1), unknowns="u", tolerance=tolerance,
        equations=lambda u, x, y, t: d(u, t) + u * (d(u, x) + d(u, y)) - nu * laplace(u, x, y),
        conditions=[initial(u=lambda x, y: front(x, y, 0.0)), dirichlet(u=front)], reference=exact(u=front),
    )  # fmt: skip


def marches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """By how many degrees more what is solved again is."""
    made, usual = list[int](), enriching.richer

    def noted(*given: Any, more: int = 2, **options: Any) -> Any:
        made.append(more)
        return usual(*given, more=more, **options)

    monkeypatch.setattr(enriching, "richer", noted)
    return made


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


def test_where_a_poorer_march_tells_enough_of_a_front_no_richer_one_is_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The distance itself is more than the tolerance; what is told is a part of it, and no less than the error."""
    made = marches(monkeypatch)
    solution = solve(aslant(1e-3), budget=60)
    error, told = compare(solution).errors["u"].relative_l2, solution.estimate
    assert made == [-2] and solution.converged and told is not None
    assert error <= told <= RULES.certain_poorer * 1e-3


def test_a_richer_march_follows_where_that_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    made = marches(monkeypatch)
    monkeypatch.setattr(enriching, "good_enough", lambda *told: False)
    solution = solve(aslant(1e-3), budget=60)
    assert made == [-2, 2] and solution.converged
    assert solution.estimate is not None and compare(solution).errors["u"].relative_l2 <= solution.estimate


def test_what_is_told_to_be_enough_ends_a_run() -> None:
    """Otherwise a march to a lower tolerance follows, and no richer one."""
    assert POORER.enough <= RULES.certain_poorer < 1


@pytest.mark.parametrize(
    ("left", "narrow", "told"),
    [(1e-3, False, 0.2), (8e-3, False, 1.0), (2e-2, False, 1.0), (1e-3, True, 0.2), (1e-1, True, 1.0)],
    ids=["a part", "residuals speak against it", "of the poorer one itself", "narrow", "narrow, and not met"],
)
def test_of_which_march_a_poorer_one_tells_a_part(left: float, narrow: bool, told: float) -> None:
    """Their distance is 1e-2, of which the first has a fifth: by what both leave of the equations, of one before."""
    x = torch.linspace(-1, 1, 99, dtype=torch.float64)
    first = Found(1, "cells", {"r": left}, {"u": x})
    poorer = Found(
        2, "cells", {"r": 1.0 if left > 2e-2 else 1e-2}, {"u": 1.01 * x}, 1, richer=1.0, apart=1e-2, part=0.2
    )
    found = estimated([first, poorer], {"r": 1.0}, {"r": 1.0}, Seen(narrow=narrow))
    assert found == pytest.approx(told * 1e-2)


@pytest.mark.parametrize("shape", [np.abs, lambda x: np.sqrt(np.abs(x)), np.sign], ids=["kink", "root", "jump"])
def test_polynomials_of_fewer_degrees_tell_what_more_of_them_miss(shape: Callable[[np.ndarray], np.ndarray]) -> None:
    """Projections on a hundred cells, in which the place of the kink is another each time: the part of their distance
    that is told is the error of the richer one, or a little more; where a start misses nothing, all of it and more."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    missed = dict[int, np.ndarray]()
    for degree in (9, 5):
        basis = np.polynomial.legendre.legvander(nodes, degree) * np.sqrt(np.arange(degree + 1) + 0.5)
        values = np.array([shape(nodes - place) for place in np.linspace(-0.9, 0.9, 100)])
        missed[degree] = values - (values * weights) @ basis @ basis.T
    left = {d: torch.tensor([np.sqrt((v**2 * weights).sum())]) for d, v in missed.items()}
    away = float(np.sqrt(((missed[9] - missed[5]) ** 2 * weights).sum()))
    told = part_of_kinks(left[9], left[5], away) * away
    assert 1.0 < told / float(left[9]) < 1.3
    assert part_of_kinks(left[9] * 1e-12, left[5] * 1e-12, away) > 1.4
