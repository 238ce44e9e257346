"""Curves on which `where` jumps, told as materials."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import maximum, where

from pinnsolve import Ball, Box, Disk, Piecewise, Problem, Unknown, d, dirichlet, initial, laplace, observed
from pinnsolve.checks.as_materials import as_materials
from pinnsolve.checks.as_space import as_solved
from pinnsolve.checks.check import check
from pinnsolve.classical.automatic import _broken
from pinnsolve.classical.reading import read

SQUARE, K, A = Box(x=(-1, 1), y=(-1, 1)), 5.0, 0.5


def within(x: Any, y: Any) -> Any:
    return where(x**2 + y**2 < A**2, K, 1.0)


def field(x: Any, y: Any) -> Any:
    """Outside of a cylinder in a uniform field."""
    return x * (1 - (K - 1) / (K + 1) * A**2 / (x**2 + y**2))


def conduction(k: Any) -> Any:
    return lambda u, x, y: d(k(x, y) * d(u, x), x) + d(k(x, y) * d(u, y), y)


def posed(equation: Any, **more: Any) -> Problem:
    told = {"space": SQUARE, "unknowns": "u", "conditions": dirichlet(u=field)} | more
    return Problem(equations=equation, **told)


SAME = {
    "less": within,
    "more": lambda x, y: where(x**2 + y**2 >= A**2, 1.0, K),
    "a root": lambda x, y: 1.0 + 4.0 * (torch.sqrt(x**2 + y**2) < A),
}


@pytest.mark.parametrize("said", SAME)
def test_a_curve_is_the_same_however_it_is_said(said: str) -> None:
    """One material, whose rim lies where the coefficient jumps, and which is as good as a disc."""
    told = as_materials(posed(conduction(SAME[said])))
    assert told is not None and list(told.materials) == ["inside_1"] and len(told.interfaces) == 1
    rim = told.interfaces[0].draw(50, "sobol", torch.Generator().manual_seed(1))
    assert torch.allclose(rim.coordinates["x"] ** 2 + rim.coordinates["y"] ** 2, torch.tensor(A**2).double())
    points = told.domain.interior.draw(200, "sobol", torch.Generator().manual_seed(2))
    as_disc = posed(
        lambda u, x, y, k: d(k * d(u, x), x) + d(k * d(u, y), y),
        parameters={"k": Piecewise(1.0, (Disk(x=0, y=0, radius=A), K))},
    )
    mine, other = (p.prober.answer(p.equations[0], points).residual for p in (told, as_disc))
    assert torch.allclose(mine, other)
    assert torch.equal(told.parts.label(points.coordinates) == 0, as_disc.parts.label(points.coordinates) == 0)  # type: ignore[union-attr]


@pytest.mark.parametrize(("said", "ends"), [
    (lambda x, y: where(y >= -0.5, where(x >= 0.25, 2.0, K), where(x < 0.25, 1.0, 2.0)),
     {"y": [(-0.5, 1)], "x": [(0.25, 1)]}),
    (lambda x, y: where(x**2 > 0.25, 2.0, where(y > 0.1, K, 1.0)), {"x": [(-1, -0.5), (0.5, 1)], "y": [(0.1, 1)]}),
])  # fmt: skip
def test_straight_ones_within_each_other_are_layers(said: Any, ends: dict[str, list[tuple[float, float]]]) -> None:
    """Across all coordinates that jump, each with the part where the comparison is true."""
    declared = posed(conduction(said))
    told = as_materials(declared)
    assert told is not None
    parts = [[shape.bounds for shape, _ in m.parts] for m in told.materials.values()]
    assert [{name: pair for bounds in mine for name, pair in bounds.items()}.keys() for mine in parts] == [
        {c} for c in ends
    ]
    for mine, (name, pairs) in zip(parts, ends.items(), strict=True):
        assert [bounds[name] for bounds in mine] == [pytest.approx(pair, abs=1e-12) for pair in pairs]
    points = declared.domain.interior.draw(500, "sobol", torch.Generator().manual_seed(3))
    mine, other = (p.prober.answer(p.equations[0], points).residual for p in (told, declared))
    assert torch.equal(mine, other)


def test_each_side_of_the_rim_has_its_own_coefficient() -> None:
    """The flux that goes on is k u_n of either side."""
    from pinnsolve.checks.joins import rows

    told = as_materials(posed(conduction(within)))
    assert told is not None
    assert sorted(name.split(",")[-1].strip() for name in rows(told))[-1] == "its flux across interfaces"


@pytest.mark.parametrize(("equation", "more"), [
    (lambda u, x, y: laplace(u, x, y) + maximum(x**2 + y**2 - A, 0 * x), {}),
    (lambda u, x, y: laplace(u, x, y) + where(x < 0.3, 1.0, 2.0), {}),
    (lambda u, x, y: laplace(u, x, y) + where(x < 0.3, 1.0, 2.0) + maximum(y, 0 * y), {}),
    (lambda u, x, y: laplace(u, x, y) + where(u + 0 * x * y < 0.3, 1.0, 2.0), {}),
    (lambda u, x, y, t: d(u, t) - laplace(u, x, y) - where(x + y < t, 1.0, 2.0),
     {"time": (0, 1), "conditions": [initial(u=0), dirichlet(u=0)]}),
    (lambda u, x, y, r: laplace(u, x, y) + where(x**2 + y**2 < r**2, 1.0, 2.0),
     {"parameters": {"r": Unknown(0.4)},
      "conditions": [dirichlet(u=0), observed(x=[0.1, 0.2], y=[0.0, 0.1], u=[0.1, 0.2])]}),
    (lambda u, x, y: laplace(u, x, y) + where(x**2 + y**2 < 100, 1.0, 2.0), {}),
], ids=["a kink", "a plane", "a plane and a kink", "an unknown", "it moves", "it is sought", "it lies outside"])  # fmt: skip
def test_what_is_no_curve_that_is_known_is_left_as_it_is(equation: Any, more: dict[str, Any]) -> None:
    assert as_materials(posed(equation, **more)) is None


def test_a_ball_whose_source_alone_jumps() -> None:
    problem = Problem(
        space=Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)), unknowns="u", conditions=dirichlet(u=0),
        equations=lambda u, x, y, z: laplace(u, x, y, z) + where((x**2 + y**2 + z**2) ** 0.5 < 0.4, 1.0, 0.0),
    )  # fmt: skip
    told, ball = as_solved(problem), Ball(x=0, y=0, z=0, radius=0.4)
    ((shape, _),) = told.materials["inside_1"].parts
    assert shape.measure == pytest.approx(ball.measure, rel=1e-3)


def test_the_automatic_reference_takes_nodes_of_either_side() -> None:
    told = as_materials(posed(conduction(within)))
    assert told is not None
    planes, curved = _broken(read(told), check(told))
    assert curved and not planes
