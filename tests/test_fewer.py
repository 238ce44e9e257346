"""Unknowns that depend on fewer coordinates than the problem has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import ellipe, ellipj, ellipk
from torch import cos, exp, sin

from pinnsolve import (
    Box,
    Problem,
    ProblemError,
    Unknown,
    condition,
    d,
    dirichlet,
    exact,
    face,
    initial,
    laplace,
    neumann,
    observed,
    solve,
)  # fmt: skip
from pinnsolve.problem.manufactured import manufactured

# a rod that gives its heat to a tank, T_x(1) = -s'/2: T = exp(-w^2 t) cos(w x), s = T(1), where w = -2 tan w
W = brentq(lambda w: w + 2 * math.tan(w), math.pi / 2 + 1e-6, math.pi)


def rod(T: Any, x: Any, t: Any) -> Any:
    return d(T, t) - d(T, x, x)


def plate(T: Any, x: Any, y: Any, t: Any) -> Any:
    return d(T, t) - laplace(T, x, y)


def follows(T: Any, s: Any) -> Any:
    return T - s


def tank(T: Any, s: Any, x: Any, t: Any) -> Any:
    return d(s, t) + 2 * d(T, x)


def declared(**changes: Any) -> Problem:
    given = {
        "space": Box(x=(0, 1)), "time": (0, 1), "unknowns": {"T": ("x", "t"), "s": "t"}, "equations": rod,
        "conditions": [
            initial(T=lambda x: cos(W * x), s=math.cos(W)), neumann(T=0, on=face(x=0)),
            condition(follows, on=face(x=1)), condition(tank, on=face(x=1)),
        ],
        "reference": None, "tolerance": 1e-5,
    }  # fmt: skip
    return Problem(**{**given, **changes})


def test_a_tank_is_heated_by_a_rod() -> None:
    problem = declared()
    assert problem.unknowns == ("T", "s") and [e.name for e in problem.equations] == ["rod", "s_x"]
    assert "s_x = 0" in repr(problem)
    solution, t = solve(problem), np.linspace(0, 1, 21)
    known = np.exp(-(W**2) * t) * math.cos(W)
    assert solution.converged and np.abs(solution.s(t=t) - known).max() < 1e-5
    assert abs(solution.d("s", "t")(t=0.5) + W**2 * math.exp(-(W**2) / 2) * math.cos(W)) < 1e-4
    assert np.array_equal(solution.s(t=t), solution.s(x=0.5, t=t))
    with pytest.raises(ProblemError, match="coordinate x is missing"):
        solution.T(t=t)


def test_a_rate_that_a_condition_tells_asks_for_a_start() -> None:
    """The equations hold no rate of s: the condition on the wall does."""
    assert declared().check().findings == []
    warm, _, *others = declared().declared_conditions
    told = declared(conditions=[warm, *others]).check().findings
    assert any("s has 0 of 1 conditions at the start" in f for f in told)
    twice = [*declared().declared_conditions, dirichlet(s=1, on=face(t=1))]
    assert any("one too many" in f for f in declared(conditions=twice).check().findings)


def test_a_tank_of_twice_the_size_is_another_one() -> None:
    other = [*declared().declared_conditions[:-1], condition(lambda T, s, x, t: 2 * tank(T, s, x, t) - d(s, t), on=face(x=1))]  # fmt: skip
    assert abs(solve(declared(conditions=other)).s(t=0.5) / (math.exp(-(W**2) / 2) * math.cos(W)) - 1) > 0.05


def test_the_order_of_unknowns_and_an_equation_of_ones_own_are_the_same() -> None:
    """What the mapping says is an equation; in whatever order."""

    def s_is_level(s: Any, x: Any) -> Any:
        return d(s, x)

    t = np.linspace(0, 1, 9)
    found = solve(declared()).s(t=t)
    turned = solve(declared(unknowns={"s": ("t",), "T": ("t", "x")})).s(t=t)
    written = solve(declared(unknowns=("T", "s"), equations=[rod, s_is_level])).s(x=0.5, t=t)
    assert np.abs(turned - found).max() < 1e-9 and np.abs(written - found).max() < 1e-9


def test_over_a_plane_it_has_two_coordinates_less() -> None:
    walls = neumann(T=0, on=face(x=0) | face(y=0) | face(y=1))
    conditions = [declared().declared_conditions[:2], walls, *declared().declared_conditions[3:]]
    problem = declared(
        space=Box(x=(0, 1), y=(0, 1)), unknowns={"T": ("x", "y", "t"), "s": "t"}, equations=plate,
        conditions=conditions, tolerance=1e-3,
    )  # fmt: skip
    assert [e.name for e in problem.equations] == ["plate", "s_x", "s_y"]
    solution, t = solve(problem), np.linspace(0, 1, 11)
    assert solution.converged
    assert np.abs(solution.s(t=t) - np.exp(-(W**2) * t) * math.cos(W)).max() < 1e-3


def test_a_manufactured_problem_says_it_once() -> None:
    made = manufactured(declared(), T=lambda x, t: exp(-t) * torch.sin(x), s=lambda t: exp(-t) * math.sin(1.0))
    assert [e.name for e in made.equations] == ["rod", "s_x"] and made.fewer["s"].mine == ("t",)


@pytest.mark.parametrize(
    ("unknowns", "fault"),
    [
        ({"T": ("x", "t"), "s": "y"}, "s depends on 'y', which is no coordinate"),
        ({"T": ("x", "t"), "s": ("",)}, "names no coordinates"),
        ({"T": ("x", "t"), "s": 3}, "s is given 3"),
        ({"T": Box(x=(0, 0.5)), "s": ("x", "t")}, "T has a part of space, and s has none"),
        ({"T x": "x", "s": "t"}, "'T x' is no name"),
    ],
)
def test_what_is_no_coordinate_is_refused(unknowns: Any, fault: str) -> None:
    with pytest.raises(ProblemError, match=fault):
        declared(unknowns=unknowns)


def test_an_unknown_of_time_that_nothing_says_anything_of_is_refused() -> None:
    """That it is the same at all places is no equation of it, and its start alone does not tell it."""
    with pytest.raises(ProblemError, match="no equation mentions the unknown 's'"):
        declared(conditions=[initial(T=lambda x: cos(W * x), s=1), dirichlet(T=0)])


def test_all_coordinates_are_no_fewer() -> None:
    whole = declared(unknowns={"T": ("t", "x"), "s": ("x", "t")}, equations=[rod, lambda s, x: d(s, x)])
    assert whole.fewer == {} and len(whole.equations) == 2


def test_the_reference_may_leave_the_coordinate_out() -> None:
    known = exact(T=lambda x, t: np.exp(-(W**2) * t) * np.cos(W * x), s=lambda t: np.exp(-(W**2) * t) * math.cos(W))
    assert solve(declared(reference=known, tolerance=1e-3)).converged


def test_measurements_of_what_is_the_same_at_all_places_need_no_place() -> None:
    """s' = -k s, seen at times alone, beside a field that knows of it; the same with any x."""
    ts = np.linspace(0.1, 0.9, 20)

    def told(**places: Any) -> Problem:
        return Problem(
            space=Box(x=(0, 1)), time=(0, 1), unknowns={"u": ("x", "t"), "s": "t"},
            equations=[lambda u, x, t: d(u, t) - d(u, x, x), lambda s, k, t: d(s, t) + k * s],
            conditions=[
                initial(u=1, s=1), neumann(u=0, on=face(x=0)), condition(lambda u, s: u - s, on=face(x=1)),
                observed(t=ts, s=np.exp(-2 * ts), **places),
            ],
            parameters={"k": Unknown(1.0)}, reference=None,
        )  # fmt: skip

    without, within = told(), told(x=0.5)
    assert np.array_equal(
        without.observations[0].points.coordinates["x"], within.observations[0].points.coordinates["x"]
    )
    with pytest.raises(ProblemError, match="has no column for the coordinate 'x'"):
        told().replaced(conditions=[initial(u=1, s=1), observed(t=ts, u=ts, s=ts)])


def test_a_nonlinear_mode_whose_eigenvalue_is_an_unknown_of_no_coordinates() -> None:
    """u'' + E u = g u^3 between zeros, the norm of u one: u = A sn(k x | m), k = 2 K(m), E = k^2 (1 + m), and of m it is
    known that 8 K (K - E(m)) = g, since A^2 = 2 m k^2 / g and the mean of sn^2 is (1 - E(m) / K) / m."""
    g = 30.0
    m = brentq(lambda m: 8 * ellipk(m) * (ellipk(m) - ellipe(m)) - g, 1e-3, 1 - 1e-9)
    mode = Problem(
        space=Box(x=(0, 1)), unknowns={"u": "x", "n": "x", "E": ()},
        equations=[lambda u, E, x: d(u, x, x) + E * u - g * u**3, lambda n, u, x: d(n, x) - u**2],
        conditions=[dirichlet(u=0), dirichlet(n=0, on=face(x=0)), dirichlet(n=1, on=face(x=1))],
        guess={"u": lambda x: 2**0.5 * sin(math.pi * x), "n": lambda x: x, "E": math.pi**2}, reference=None, tolerance=1e-6,
    )  # fmt: skip
    solution = solve(mode, budget=60)
    k = 2 * ellipk(m)
    assert solution.converged and abs(solution.E() - k**2 * (1 + m)) < 1e-6 * k**2
    sn = ellipj(k * 0.3, m)[0]
    assert abs(abs(solution.u(x=0.3)) - (2 * m * k**2 / g) ** 0.5 * sn) < 1e-6
