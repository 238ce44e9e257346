"""Conditions on curves and lines inside of shapes of a plane: exact solutions, orders, other words, mutants."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import clamp, log, sqrt, where

from pinnsolve import (
    Ball,
    Box,
    Disk,
    Piecewise,
    Problem,
    RandomFeatures,
    condition,
    d,
    dirichlet,
    face,
    jump,
    laplace,
    neumann,
    side,
    solve,
)  # fmt: skip
from pinnsolve.cells.grading import parts_apart
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.checks.check import check
from pinnsolve.checks.told_across import told_relations
from pinnsolve.classical.automatic import attempt
from pinnsolve.errors import ProblemError
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady.cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.trial.exact import verified
from pinnsolve.trial.steady import steady

CPU, SQUARE, UNIT = torch.device("cpu"), Box(x=(-1, 1), y=(-1, 1)), Disk(x=0, y=0, radius=1)
Posed = tuple[Problem, Callable[..., Any]]


def conduction(T: Any, x: Any, y: Any, k: Any) -> Any:
    return d(k * d(T, x), x) + d(k * d(T, y), y)


def laplacian(T: Any, x: Any, y: Any) -> Any:
    return laplace(T, x, y)


def outward(T: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
    return nx * d(T, x) + ny * d(T, y)


def contact(T: Any, x: Any, y: Any, k: Any, nx: Any, ny: Any, R: Any) -> Any:
    return jump(T) - R * k * outward(T, x, y, nx, ny)


def posed(space: Any, truth: Callable[..., Any], *told: Any, equations: Any = laplacian, **more: Any) -> Posed:
    given: dict[str, Any] = {"unknowns": "T", "reference": None, "tolerance": 1e-3, **more}
    return Problem(space=space, equations=equations, conditions=[dirichlet(T=truth), *told], **given), truth


def solved(problem: Problem, degree: int = 6, count: int = 4) -> SteadyCells:
    read = steady(problem, verified(problem, check(problem))[0])
    scheme, empty = scheme_of(read, degree, CPU), ((), ())  # no ends that must be
    mesh = parts_apart(Tiles.begun(read.extent, count, empty, CPU, read.region), read.rings)
    begun = SteadyCells(scheme, mesh, torch.zeros(len(mesh), scheme.fields, scheme.cell.count, dtype=torch.float64))
    found = JoinedNewton(SteadyOperator, torch.ones(scheme.fields, dtype=torch.float64), 1e-11).solve(begun)
    assert found is not None
    return found


def error(made: Posed, degree: int = 6, count: int = 4) -> float:
    """Relative, in the root mean square over all cells."""
    cells = solved(made[0], degree, count)
    inside = spread(cells.mesh, cells.scheme.cell, degree + 3)
    weights = inside.weights * cells.mesh.shares[:, None]
    true = made[1](inside.places[..., 0], inside.places[..., 1])
    off = inside.values(cells.coefficients[:, 0], (0, 0)) - true
    return float(((off.square() * weights).sum() / (true.square() * weights).sum()).sqrt())


def in_a_field(k: float, R: float, radius: float = 0.4, x0: float = 0.1, y0: float = -0.07) -> Posed:
    """A disc in a uniform field behind a contact that resists: C x within, x + b a^2 x / r^2 around it."""
    disc = Disk(x=x0, y=y0, radius=radius, name="disc")
    C = 2 / (1 + k + R * k / radius)
    b = (1 - k * C) * radius**2

    def truth(x: Any, y: Any) -> Any:
        r2 = (x - x0) ** 2 + (y - y0) ** 2
        far = x0 + (x - x0) * (1 + b / clamp(r2, min=1e-9))
        return where(r2 < radius**2, x0 + C * (x - x0), far)

    told = condition(contact, on=side("disc"))
    parameters = {"k": Piecewise(1.0, (disc, k)), "R": R}
    return posed(SQUARE, truth, told, equations=conduction, parameters=parameters)


@lru_cache
def usual() -> float:
    return error(in_a_field(1.0, 0.3))


def test_the_error_falls_as_the_width_to_the_degree_and_one() -> None:
    assert 6.0 < math.log2(usual() / error(in_a_field(1.0, 0.3), count=8)) < 8.0


def test_what_resists_a_million_times_as_much_costs_no_digits() -> None:
    """What no wall holds has its level through the contact alone, and that as exactly, in one material too."""
    assert error(in_a_field(1.0, 3e5)) < 5 * usual()


def membrane() -> Posed:
    """A line load across a drum under pressure."""

    def truth(x: Any, y: Any) -> Any:
        return 1 - x**2 - y**2 - abs(x - 0.2) / 2

    load = condition(lambda T, x: jump(d(T, x)) + 1, on=face(x=0.2))
    return posed(UNIT, truth, load, equations=lambda T, x, y: laplace(T, x, y) + 4)


def beside_a_hole() -> Posed:
    """The line is cut in two by a hole, and the condition is told with the line's normal."""
    plate = SQUARE - Disk(x=0.1, y=0.2, radius=0.3)
    load = condition(lambda T, x, y, nx, ny: jump(outward(T, x, y, nx, ny)) + 1, on=face(y=0.1))
    return posed(plate, lambda x, y: x * y - abs(y - 0.1) / 2, load)


def two_discs() -> Posed:
    """Values that jump where no coefficient does, and an unknown that does not jump beside the one that does."""
    a, b = Disk(x=-0.4, y=0.3, radius=0.25, name="a"), Disk(x=0.4, y=-0.2, radius=0.3, name="b")

    def truth(x: Any, y: Any) -> Any:
        return x + y - 1.0 * ((x + 0.4) ** 2 + (y - 0.3) ** 2 < 0.0625) + 2.0 * ((x - 0.4) ** 2 + (y + 0.2) ** 2 < 0.09)

    told = [condition(lambda T: jump(T) - 1, on=side("a")), condition(lambda T: jump(T) + 2, on=side("b"))]
    equations = [
        lambda T, c, x, y, e: laplace(T, x, y) + e * c - x * y,
        lambda c, x, y: laplace(c, x, y),
    ]  # fmt: skip
    parameters = {"e": Piecewise(1.0, (a, 1.0), (b, 1.0))}
    around = dirichlet(c=lambda x, y: x * y)
    return posed(SQUARE, truth, *told, around, equations=equations, unknowns=["T", "c"], parameters=parameters)


def test_what_is_polynomial_in_each_part_is_exact() -> None:
    assert error(two_discs()) < 1e-10


def shell() -> Posed:
    """A part shaped like a ring: values jump by 0.7 out of it on both of its circles, and fluxes by one."""
    ring = Disk(x=0, y=0, radius=0.6, name="shell") - Disk(x=0, y=0, radius=0.3, name="shell")
    k, g, q = 2.0, 0.7, 1.0
    C = 0.3 * q / k
    D = 0.6 * q + k * C
    B = (D - C) * math.log(0.6) - g
    A = g + B + C * math.log(0.3)

    def truth(x: Any, y: Any) -> Any:
        r = sqrt(clamp(x**2 + y**2, min=1e-6))
        return where(r < 0.3, A, where(r < 0.6, B + C * log(r), D * log(r)))

    def flux(T: Any, x: Any, y: Any, k: Any, nx: Any, ny: Any) -> Any:
        return jump(k * outward(T, x, y, nx, ny)) - q

    told = [condition(lambda T: jump(T) - g, on=side("shell")), condition(flux, on=side("shell"))]
    return posed(UNIT, truth, *told, equations=conduction, parameters={"k": Piecewise(1.0, (ring, k))})


def test_normals_and_jumps_go_out_of_a_part_on_all_of_its_curves() -> None:
    assert error(shell()) < 1e-2


def test_random_features_meet_them_too() -> None:
    """Each part has an output layer of its own, and points on both sides belong together."""
    problem, truth = beside_a_hole()
    found = solve(problem, network=RandomFeatures(), budget=20)
    x, y = (torch.tensor(v, dtype=torch.float64) for v in ([-0.5, -0.3, 0.6, 0.6], [0.1, -0.4, 0.09, 0.11]))
    assert found.converged and np.abs(found.T(x=x.numpy(), y=y.numpy()) - truth(x, y).numpy()).max() < 1e-7


def test_the_automatic_reference_takes_them() -> None:
    """Without numerics of training, to its own error."""
    problem, truth = membrane()
    found = attempt(problem)
    assert found.reference is not None, found.why
    x, y = np.meshgrid(np.linspace(-0.7, 0.7, 9), np.linspace(-0.7, 0.7, 9))
    off = found.reference.fields["T"](x=x, y=y) - truth(torch.tensor(x), torch.tensor(y)).numpy()
    assert np.abs(off).max() < found.reference.own_error < 1e-4


K = {"k": Piecewise(1.0, (Disk(x=0, y=0, radius=0.4, name="disc"), 5.0))}
ON = side("disc")


def told(*conditions: Any, space: Any = SQUARE, parameters: Any = K, **more: Any) -> Problem:
    return Problem(
        space=space, unknowns="T", conditions=[dirichlet(T=0), *conditions], parameters=parameters,
        **{"equations": conduction, "reference": None} | more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (lambda: told(neumann(T=0, on=ON)), "no normal points outward"),
        (lambda: told(condition(lambda T: jump(T) - 1, on=ON.where(lambda x: x > 0))), "a part of an inner place"),
        (lambda: told(condition(lambda T: jump(T) - 1, on=side("disk"))), "disc"),
        (lambda: told(condition(lambda T: jump(T) - 1, on=ON | face(x=1))), "at once"),
        (lambda: told(condition(lambda T, x: T + d(T, x), on=ON)), "says nothing of a jump"),
        (lambda: told(*(condition(lambda T, s=s: jump(T) - s, on=ON) for s in (1, 2))), "at least one too many"),
        (
            lambda: told(
                condition(lambda T: jump(T) - 1, on=side("left")), condition(lambda T: jump(T) - 1, on=side("right")),
                parameters={"k": Piecewise(1.0, (Box(x=(-0.5, 0), y=(-0.5, 0.5), name="left"), 2.0),
                                           (Box(x=(0, 0.5), y=(-0.5, 0.5), name="right"), 3.0))},
            ),
            "belongs to another one",
        ),
        (
            lambda: told(
                condition(lambda T: jump(T) - 1, on=side("ball")), space=Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)),
                equations=lambda T, x, y, z, k: div_grad(T, x, y, z, k),
                parameters={"k": Piecewise(1.0, (Ball(x=0, y=0, z=0, radius=0.4, name="ball"), 2.0))},
            ),
            "a part in space",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_words(problem: Any, words: str) -> None:
    with pytest.raises(ProblemError) as caught:
        told_relations(problem())
    assert words in str(caught.value)


def div_grad(T: Any, x: Any, y: Any, z: Any, k: Any) -> Any:
    return d(k * d(T, x), x) + d(k * d(T, y), y) + d(k * d(T, z), z)
