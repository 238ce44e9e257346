"""The automatic reference across planes at which the equations jump, held against exact solutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import sin, where

from pinnsolve import (
    Box,
    Piecewise,
    Problem,
    automatic_reference,
    boundary,
    condition,
    d,
    dirichlet,
    face,
    initial,
    initial_rate,
)
from pinnsolve.checks.check import check
from pinnsolve.classical import joining
from pinnsolve.classical.automatic import attempt, compared_at

Exact = Callable[..., Any]
W = 4.601047966043726  # of two media in contact at 1/2: tan(w/4) = -2 tan(w/2), the first root above pi


def layers(edges: Sequence[float], ks: Sequence[float], length: float = 1.0) -> tuple[Problem, Exact]:
    """(k T')' + 1 = 0 between two cold ends: k T' = c - x in every layer."""
    ends = [0.0, *(length * e for e in edges), length]
    parts = list(zip(ends, ends[1:], ks, strict=False))
    c = sum((b * b - a * a) / (2 * k) for a, b, k in parts) / sum((b - a) / k for a, b, k in parts)

    def exact(x: Any) -> Any:
        begin, found = 0.0, np.zeros_like(x)
        for a, b, k in parts:
            found = np.where(x >= a, begin + (c * (x - a) - (x * x - a * a) / 2) / k, found)
            begin += (c * (b - a) - (b * b - a * a) / 2) / k
        return found

    k = Piecewise(ks[0], *[(Box(x=(a, b)), k) for a, b, k in parts[1:]])
    return Problem(
        space=Box(x=(0, length)), unknowns="T", conditions=dirichlet(T=0), parameters={"k": k}, tolerance=1e-6,
        equations=lambda T, x, k: d(k * d(T, x), x) + 1,
    ), exact  # fmt: skip


def beside() -> tuple[Problem, Exact]:
    """div(k grad T) = 0 in a square of two materials; T = X(x) sin(pi y), X harmonic on either side."""
    m, k1, k2, p = 0.4, 1.0, 10.0, np.pi
    a = 1 / (k1 / k2 * np.cosh(p * m) * np.sinh(p * (1 - m)) + np.sinh(p * m) * np.cosh(p * (1 - m)))

    def exact(x: Any, y: Any) -> Any:
        right = k1 / k2 * np.cosh(p * m) * np.sinh(p * (x - m)) + np.sinh(p * m) * np.cosh(p * (x - m))
        return a * np.where(x < m, np.sinh(p * x), right) * np.sin(p * y)

    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="T", tolerance=1e-5,
        equations=lambda T, x, y, k: d(k * d(T, x), x) + d(k * d(T, y), y),
        conditions=[dirichlet(T=lambda y: sin(p * y), on=face(x=1)), dirichlet(T=0, on=face(x=0)),
                    dirichlet(T=0, on=face(y=0)), dirichlet(T=0, on=face(y=1))],
        parameters={"k": Piecewise(k1, (Box(x=(m, 1), y=(0, 1)), k2))},
    ), exact  # fmt: skip


def waves() -> tuple[Problem, Exact]:
    """u_tt = (k u_x)_x with k = 1 and 4: a standing wave, slower on the left."""

    def shape(x: Any, sine: Any, choose: Any) -> Any:
        return choose(x < 0.5, sine(W * x) * np.sin(W / 4), sine(W / 2 * (1 - x)) * np.sin(W / 2))

    return Problem(
        space=Box(x=(0, 1)), time=(0, 2), unknowns="u", tolerance=1e-5,
        equations=lambda u, x, t: d(u, t, t) - d(where(x < 0.5, 1.0, 4.0) * d(u, x), x),
        conditions=[initial(u=lambda x: shape(x, sin, where)), initial_rate(u=0), dirichlet(u=0)],
    ), lambda x, t: shape(x, np.sin, np.where) * np.cos(W * t)  # fmt: skip


def beam() -> tuple[Problem, Exact]:
    """(E w'')'' = 1 on two supports, E = 1 and 8: E w'' = (x^2 - x)/2 throughout."""
    twice = np.polynomial.Polynomial([0, -0.5, 0.5]).integ(2)
    slope = twice.deriv()
    of_halves = np.array([[0.5, -0.5, -1], [1, -1, 0], [0, 1, 1]])  # w and w' go on at 1/2, w(1) = 0
    a, b, c = np.linalg.solve(of_halves, [(1 / 8 - 1) * twice(0.5), (1 / 8 - 1) * slope(0.5), -twice(1.0) / 8])
    return Problem(
        space=Box(x=(0, 1)), unknowns="w", tolerance=1e-5,
        equations=lambda w, x: d(where(x < 0.5, 1.0, 8.0) * d(w, x, x), x, x) - 1,
        conditions=[dirichlet(w=0), condition(lambda w, x: d(w, x, x), on=boundary)],
    ), lambda x: np.where(x < 0.5, twice(x) + a * x, twice(x) / 8 + b * x + c)  # fmt: skip


KINDS: dict[str, Callable[[], tuple[Problem, Exact]]] = {
    "two layers": lambda: layers([0.4], [1.0, 1e6]),
    "a film": lambda: layers([0.3, 0.301, 0.7], [1.0, 1e-3, 5.0, 0.2]),
    "in micrometres": lambda: layers([0.4], [1.0, 50.0], 1e6),
    "a plane": beside,
    "waves": waves,
    "a beam": beam,
}


def error(problem: Problem, fields: Any, exact: Exact) -> float:
    at = compared_at(problem, check(problem))
    true = exact(**at)
    found = fields[problem.unknowns[0]](**at)
    return float(np.linalg.norm(found - true) / np.linalg.norm(true))


@pytest.mark.parametrize("kind", KINDS)
def test_differences_end_where_equations_jump(kind: str) -> None:
    problem, exact = KINDS[kind]()
    reference = automatic_reference(problem)
    assert error(problem, reference.fields, exact) <= reference.own_error <= problem.tolerance / 10


def test_a_slope_that_went_on_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, exact = KINDS["two layers"]()
    monkeypatch.setattr(joining, "bend", lambda *_: torch.eye(2, dtype=torch.float64))
    found = attempt(problem, seconds=5).reference
    assert found is not None and error(problem, found.fields, exact) > 0.1


def test_beams_of_many_nodes_are_rounding_and_told_so() -> None:
    """u'''' = 1: the sums of a fourth derivative cancel to 1e-10 and less on finer nodes."""
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="w", equations=lambda w, x: d(w, x, x, x, x) - 1, tolerance=1e-5,
        conditions=[dirichlet(w=0), condition(lambda w, x: d(w, x, x), on=boundary)],
    )  # fmt: skip
    reference = automatic_reference(problem)
    assert error(problem, reference.fields, lambda x: (x**4 - 2 * x**3 + x) / 24) <= reference.own_error <= 1e-6
