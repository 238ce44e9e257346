"""What cannot be marched, since no moment is known to begin at, is solved over space and time at once."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_bvp
from torch import cos, sin

from pinnsolve import (
    Box,
    Disk,
    Problem,
    Solution,
    automatic_reference,
    condition,
    d,
    dirichlet,
    face,
    initial,
    initial_rate,
    laplace,
    neumann,
    periodic,
    solve,
)
from pinnsolve.checks.as_space import as_solved, as_steady

ROD = Box(x=(0, 1))
SWING = np.sqrt(2j * np.pi)  # heat goes in and out as exp(-SWING x + 2 pi i t)


def heat(u: Any, x: Any, t: Any) -> Any:
    return d(u, t) - d(u, x, x)


def wave(u: Any, x: Any, t: Any) -> Any:
    return d(u, t, t) - d(u, x, x)


def oscillator(h: Any, t: Any) -> Any:
    return d(h, t, t) + 0.3 * d(h, t) + 4 * h - cos(2 * pi * t)


def carried(c: Any, x: Any, t: Any) -> Any:
    return d(c, t) + d(c, x) + c / 2


def controlled(u: Any, p: Any, x: Any, t: Any) -> Any:
    return d(u, t) - d(u, x, x) / 10 - p


def adjoint(u: Any, p: Any, x: Any, t: Any) -> Any:
    return -d(p, t) - d(p, x, x) / 10 + u - sin(pi * x)


def swinging(x: Any, t: Any) -> Any:
    return np.real(np.sinh(SWING * (1 - x)) / np.sinh(SWING) * np.exp(2j * np.pi * t))


def mode(x: Any, t: Any) -> Any:
    return np.sin(np.pi * x) * np.cos(np.pi * t)


def both(x: Any, t: Any) -> tuple[Any, Any]:
    """What is controlled and its adjoint, one mode: a boundary-value problem in time."""
    a = 0.1 * np.pi**2
    known = solve_bvp(
        lambda t, y: np.array([y[1] - a * y[0], a * y[1] + y[0] - 1]), lambda first, last: np.array([first[0], last[1]]),
        np.linspace(0, 1, 40), np.zeros((2, 40)), tol=1e-9,
    )  # fmt: skip
    u, p = known.sol(t) * np.sin(np.pi * x)
    return u, p


WALLS = [dirichlet(u=lambda t: cos(2 * pi * t), on=face(x=0)), dirichlet(u=0, on=face(x=1))]
FREE = [
    condition(lambda u, x, t, nx: nx * d(u, x) + 2 * pi * sin(2 * pi * t), on=face(x=0)),
    dirichlet(u=0, on=face(x=1)),
]
LAST = dirichlet(u=lambda x: float(np.cos(0.6 * np.pi)) * sin(pi * x), on=face(t=0.6))
Known = Callable[..., Any]
CASES: dict[str, tuple[dict[str, Any], dict[str, Known]]] = {
    "a wall that swings": (
        {"space": ROD, "unknowns": "u", "equations": heat, "conditions": [periodic("t"), *WALLS]},
        {"u": swinging},
    ),
    "an oscillator that is driven": (
        {"unknowns": "h", "equations": oscillator, "conditions": [periodic("t")]},
        {"h": lambda t: np.real(np.exp(2j * np.pi * t) / (4 - 4 * np.pi**2 + 0.6j * np.pi))},
    ),
    "what is carried, and comes by turns": (
        {
            "space": Box(x=(0, 2)), "unknowns": "c", "equations": carried,
            "conditions": [periodic("t"), dirichlet(c=lambda t: 1 + sin(2 * pi * t) / 2, on=face(x=0))],
        },
        {"c": lambda x, t: np.exp(-x / 2) * (1 + np.sin(2 * np.pi * (t - x)) / 2)},
    ),
    "a string between two moments": (
        {
            "space": ROD, "time": (0, 0.6), "unknowns": "u", "equations": wave,
            "conditions": [initial(u=lambda x: sin(pi * x)), LAST, dirichlet(u=0)],
        },
        {"u": mode},
    ),
    "a string whose rate is known first": (
        {
            "space": ROD, "time": (0, 0.6), "unknowns": "u", "equations": wave,
            "conditions": [initial_rate(u=0), LAST, dirichlet(u=0)],
        },
        {"u": mode},
    ),
    "what is controlled, and its adjoint": (
        {
            "space": ROD, "unknowns": ("u", "p"), "equations": [controlled, adjoint],
            "conditions": [initial(u=0), dirichlet(p=0, on=face(t=1)), dirichlet(u=0, p=0)],
        },
        {"u": lambda x, t: both(x, t)[0], "p": lambda x, t: both(x, t)[1]},
    ),
}  # fmt: skip


def declared(name: str, **changes: Any) -> Problem:
    return Problem(**{"time": (0, 1), "tolerance": 1e-6, "reference": None, **CASES[name][0], **changes})


def apart(found: Callable[..., Any], known: Known, problem: Problem) -> float:
    """The relative L2 error on random places."""
    generator = np.random.default_rng(0)
    at = {c: low + (high - low) * generator.random(500) for c, (low, high) in problem.domain.extent.items()}
    truth = known(**at)
    return float(np.linalg.norm(found(**at) - truth) / np.linalg.norm(truth))


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_marched_is_right_and_says_how_right(name: str) -> None:
    problem = declared(name)
    solution = solve(problem)
    assert solution.converged and solution.problem is problem and solution.training is not None
    assert solution.training.method == "cells, solved again"
    for unknown, known in CASES[name][1].items():
        error = apart(getattr(solution, unknown), known, problem)
        assert error < 1e-6 and error < 3 * (solution.estimate or 0.0)


def test_a_mutant_is_another_solution() -> None:
    """A driven oscillator with two percent more damping, as in the test above."""
    name = "an oscillator that is driven"
    other = solve(declared(name, equations=lambda h, t: oscillator(h, t) + 0.006 * d(h, t)))
    assert apart(other.h, CASES[name][1]["h"], other.problem) > 1e-4


def test_the_automatic_reference_takes_them_too() -> None:
    for name in ("a wall that swings", "what is controlled, and its adjoint"):
        found = automatic_reference(declared(name), tolerance=1e-4)
        for unknown, known in CASES[name][1].items():
            assert apart(found.fields[unknown], known, declared(name)) <= found.own_error <= 1e-5


def test_a_saved_solution_is_the_same(tmp_path: Path) -> None:
    problem = declared("a wall that swings", tolerance=1e-3)
    solution = solve(problem)
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem)
    x = np.linspace(0, 1, 5)
    assert np.array_equal(solution.u(x=x, t=0.3), again.u(x=x, t=0.3))
    assert np.allclose(solution.u(x=x, t=0.0), solution.u(x=x, t=1.0), atol=1e-6)


def test_what_is_marched_stays_what_it_was() -> None:
    begun = declared("a wall that swings", conditions=[initial(u=lambda x: 1 - x), *WALLS])
    assert as_steady(begun) is None and as_solved(begun) is begun
    ended = declared("a wall that swings", conditions=[dirichlet(u=0, on=face(t=1)), *WALLS])
    assert as_steady(ended) is None, "time runs backwards there"
    ends = declared("an oscillator that is driven", conditions=dirichlet(h=0, on=face(t=0) | face(t=1)))
    assert as_steady(ends) is None, "along time alone cells find both ends"


def test_conditions_stand_where_they_stood() -> None:
    """The boundary of space has no ends of time, and parts of faces stay parts; a flux keeps its normal."""
    part = dirichlet(u=0, on=face(x=1).where(lambda t: t < 0.5)) + neumann(u=0, on=face(x=1).where(lambda t: t >= 0.5))
    told = as_steady(declared("a wall that swings", conditions=[periodic("t"), WALLS[0], part]))
    assert told is not None and told.domain.time is None and told.coordinates == ("x", "t")
    standing = [p for c in told.conditions for p in told.pieces(c)]
    assert [p.fixed for p in standing] == [{"x": 0.0}, {"x": 1.0}, {"x": 1.0}]
    assert [len(p.kept) for p in standing] == [0, 1, 1] and standing[2].normal == ("x", 1)


def test_a_flux_that_swings() -> None:
    """d u / d x at the left is 2 pi sin(2 pi t): outward the normal is -x."""
    problem = declared("a wall that swings", conditions=[periodic("t"), *FREE])
    amplitude = -2j * np.pi / (-SWING)  # of u_x = Re(A SWING cosh / ... ) at x = 0, with sin = Re(-i exp)

    def known(x: Any, t: Any) -> Any:
        return np.real(amplitude * np.sinh(SWING * (1 - x)) / np.cosh(SWING) * np.exp(2j * np.pi * t))

    assert apart(solve(problem).u, known, problem) < 1e-6


def test_a_disc_that_is_warmed_by_turns() -> None:
    """On shapes features repeat themselves in time by construction."""
    from scipy.special import jv

    problem = Problem(
        space=Disk(x=0, y=0, radius=1), time=(0, 1), unknowns="T", tolerance=1e-2, reference=None,
        equations=lambda T, x, y, t: d(T, t) - laplace(T, x, y),
        conditions=[periodic("t"), dirichlet(T=lambda t: cos(2 * pi * t))],
    )  # fmt: skip
    solution = solve(problem)
    generator = np.random.default_rng(0)
    r, phi, t = np.sqrt(generator.random(300)), 2 * np.pi * generator.random(300), generator.random(300)
    wave_number = np.sqrt(-2j * np.pi)
    truth = np.real(jv(0, wave_number * r) / jv(0, wave_number) * np.exp(2j * np.pi * t))
    error = np.linalg.norm(solution.T(x=r * np.cos(phi), y=r * np.sin(phi), t=t) - truth) / np.linalg.norm(truth)
    assert solution.converged and error < 1e-2
