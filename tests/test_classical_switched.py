"""What is switched on and off: walls, sources and materials that `where` tells, held against series."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
import pytest
import torch
from torch import where

from pinnsolve import Box, Disk, Piecewise, Problem, automatic_reference, d, dirichlet, div, face, grad, initial
from pinnsolve.checks.as_space import as_solved
from pinnsolve.checks.check import check
from pinnsolve.checks.compared import compared_planes
from pinnsolve.classical.automatic import attempt, compared_at
from pinnsolve.geometry.places import Plane

N = np.arange(1, 400)[:, None]
RATE = 0.1 * (N * pi) ** 2


def sines(coefficients: Any, x: Any) -> Any:
    return (coefficients * np.sin(N * pi * x)).sum(0)


def rod(source: Any = None, **wall: Any) -> Problem:
    def equation(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - 0.1 * d(u, x, x) - (0.0 if source is None else source(x, t))

    ends = dirichlet(u=0) if not wall else [dirichlet(**wall, on=face(x=0)), dirichlet(u=0, on=face(x=1))]
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=equation,
        conditions=[initial(u=0), *(ends if isinstance(ends, list) else [ends])],
    )  # fmt: skip


def heater(x: Any, t: Any) -> Any:
    return where((t > 0.2) & (t < 0.4), 1.0, 0.0) * where((x > 0.35) & (x < 0.5), 1.0, 0.0)


def heated(x: Any, t: Any) -> Any:
    begun, ended = np.clip(t - 0.2, 0, 0.2), np.clip(t - 0.4, 0, None)
    source = 2 * (np.cos(0.35 * pi * N) - np.cos(0.5 * pi * N)) / (N * pi)
    return sines(source * (1 - np.exp(-RATE * begun)) / RATE * np.exp(-RATE * ended), x)


def warmed(x: Any, t: Any) -> Any:
    after = np.clip(t - 0.5, 0, None)
    return np.where(t > 0.5, 1 - x - sines(2 / (N * pi) * np.exp(-RATE * after), x), 0.0)


SWITCHED = {
    "a source, on a part of its planes": (rod(heater), heated),
    "a wall, in the middle of time": (rod(u=lambda t: where(t < 0.5, 0.0, 1.0)), warmed),
}


@pytest.mark.parametrize("name", SWITCHED)
def test_steps_end_where_something_is_switched(name: str) -> None:
    problem, exact = SWITCHED[name]
    reference = automatic_reference(problem, tolerance=1e-3)
    at = compared_at(problem, check(problem))
    true = exact(**at)
    error = np.linalg.norm(reference.fields["u"](**at) - true) / np.linalg.norm(true)
    assert error < reference.own_error < 5e-5


def test_what_is_compared_is_found_however_short_it_lasts() -> None:
    short = rod(lambda x, t: where((t > 0.61) & (t < 0.6101), 1.0, 0.0) * where(x < 0.3, 2.0, 1.0))
    planes = compared_planes(short)
    assert set(planes) == {Plane("t", 0.61), Plane("t", 0.6101), Plane("x", 0.3)}
    assert all(changed == {None} for changed in planes.values())
    assert not compared_planes(rod(lambda x, t: torch.maximum(x - 0.3, 0 * x)))  # a kink, where nothing jumps


def test_a_coefficient_that_jumps_for_a_time_alone_has_no_reference() -> None:
    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 0.1), unknowns="u",
        equations=lambda u, x, t: d(u, t) - d(where((x < 0.5) & (t < 0.05), 1.0, 5.0) * d(u, x), x),
        conditions=[initial(u=lambda x: torch.sin(pi * x)), dirichlet(u=0)],
    )  # fmt: skip
    assert "a part of the plane x=0.5" in attempt(problem, seconds=5).why


def test_a_straight_line_across_a_shape_is_where_materials_meet() -> None:
    """As it is for `Piecewise`: differences and cells end there."""
    told: dict[str, Any] = {"space": Disk(x=0, y=0, radius=1), "unknowns": "u", "conditions": dirichlet(u=0)}
    said = Problem(equations=lambda u, x, y: div(where(x < 0.1, 1.0, 5.0) * grad(u, x, y), x, y) + 1, **told)
    parts = Problem(
        equations=lambda u, x, y, k: div(k * grad(u, x, y), x, y) + 1,
        parameters={"k": Piecewise(5.0, (Box(x=(-1, 0.1)), 1.0))}, **told,
    )  # fmt: skip
    solved = as_solved(said)
    points = solved.domain.interior.draw(200, "sobol", torch.Generator().manual_seed(2))
    mine, other = (p.prober.answer(p.equations[0], points).residual for p in (solved, parts))
    assert torch.allclose(mine, other)
    assert len(solved.interfaces) == len(parts.interfaces) == 1
