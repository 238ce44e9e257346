"""Integrals of a solution, with the error of their quadrature, and the quantities of a problem."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import (
    Ball,
    Box,
    Disk,
    LevelSet,
    Polygon,
    Problem,
    ProblemError,
    RandomFeatures,
    Reference,
    Settings,
    Solution,
    boundary,
    compare,
    d,
    dirichlet,
    exact,
    face,
    initial,
    interior,
    side,
    solve,
)  # fmt: skip
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.quadrature import rules
from pinnsolve.geometry.shape import Shape
from pinnsolve.integrated import Integral

SQUARE = Box(x=(0, 1), y=(0, 1))
SHAPES = {  # with the area or volume, and how well it shall be known by the first rule
    "disc": (Disk(x=0.3, y=0, radius=1), math.pi, 1e-6),
    "two holes": (
        Box(x=(0, 2), y=(0, 1)) - Disk(x=0.4, y=0.5, radius=0.1) - Disk(x=1.4, y=0.4, radius=0.2),
        2 - 0.05 * math.pi, 1e-6,
    ),
    "L": (SQUARE - Box(x=(0.5, 2), y=(0.5, 2)), 0.75, 1e-9),
    "triangle": (Polygon(x=[0, 2, 1], y=[0, 0, 1]), 1.0, 1e-9),
    "turned square": (SQUARE.turned(33), 1.0, 1e-9),
    "level set": (LevelSet(lambda x, y: 1 - x**2 / 4 - y**2, within=Box(x=(-3, 3), y=(-2, 2))), 2 * math.pi, 1e-6),
    "bean": (LevelSet(lambda x, y: 1 - (x - y**2) ** 2 - y**2, within=Box(x=(-2, 3), y=(-2, 2))), math.pi, 1e-6),
    "two rings": (
        LevelSet(lambda x, y: (torch.hypot(x, y) - 0.5) * (1.5 - torch.hypot(x, y)), within=Box(x=(-2, 2), y=(-2, 2)))
        .turned(20), 2 * math.pi, 1e-6,
    ),
    "plate less a bean": (
        Box(x=(-3, 3), y=(-3, 3)) - LevelSet(lambda x, y: 1 - (x - y**2) ** 2 - y**2, within=Box(x=(-2, 3), y=(-2, 2))),
        36 - math.pi, 1e-6,
    ),
    "ball": (Ball(x=0, y=0, z=0, radius=1), 4 * math.pi / 3, 1e-3),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_weights_of_the_first_rule_sum_to_the_measure(name: str) -> None:
    shape, measure, tolerance = SHAPES[name]
    points = next(rules(Domain(shape).interior, {}))
    assert float(points.weights.sum()) == pytest.approx(measure, rel=tolerance)
    assert bool(shape.contains(torch.stack(list(points.coordinates.values()), 1), 1e-9).all())


@pytest.mark.parametrize("shape", [Disk(x=0.3, y=0, radius=1), SHAPES["two holes"][0], SHAPES["triangle"][0]])
def test_the_divergence_theorem_holds_between_rules(shape: Shape) -> None:
    """The integral of div(x^3, x y^2) inside is that of n . (x^3, x y^2) around."""

    def summed(points: Any, f: Callable[..., Any]) -> float:
        return float(
            (points.weights * f(**points.coordinates, **{f"n{c}": n for c, n in points.normals.items()})).sum()
        )

    domain = Domain(shape)
    inside = [summed(p, lambda x, y: 3 * x**2 + 2 * x * y) for p in rules(domain.interior, {})][1]
    around = sum(
        [summed(p, lambda x, y, nx, ny: nx * x**3 + ny * x * y**2) for p in rules(piece, {})][1]
        for piece in boundary.resolve(domain)
    )
    assert inside == pytest.approx(around, rel=1e-10, abs=1e-10)


def test_breaks_and_parts_of_regions_are_met() -> None:
    domain = Domain(SQUARE)
    points = next(rules(domain.interior, {"x": [0.3]}))
    assert float((points.weights * (points.coordinates["x"] - 0.3).abs()).sum()) == pytest.approx(0.29, abs=1e-14)
    (half,) = face(x=1).where(lambda y: y > 0.3).resolve(domain)
    assert float(next(rules(half, {})).weights.sum()) == pytest.approx(0.7, abs=1e-12)
    (triangle,) = interior.where(lambda x, y: x > y).resolve(domain)
    assert float(list(rules(triangle, {}))[2].weights.sum()) == pytest.approx(0.5, abs=1e-4)
    (long,) = face(x=0).resolve(Domain(Box(x=(0, 1), y=(0, 1e6))))
    assert float(next(rules(long, {})).weights.sum()) == pytest.approx(1e6, rel=1e-14)


@pytest.fixture(scope="module")
def plate() -> Solution:
    """T = x^2 - y^2 in a plate with a hole."""
    problem = Problem(
        space=Box(x=(0, 2), y=(0, 1)) - Disk(x=1, y=0.5, radius=0.25, name="hole"),
        unknowns="T",
        equations=lambda T, x, y: d(T, x, x) + d(T, y, y),
        conditions=[dirichlet(T=lambda x, y: x**2 - y**2)],
        reference=exact(T=lambda x, y: x**2 - y**2),
        quantities={
            "out": (lambda T, x, y, nx, ny: nx * d(T, x) + ny * d(T, y), face(x=2)),
            "energy": lambda T, x, y: d(T, x) ** 2 + d(T, y) ** 2,
        },
        tolerance=1e-4,
    )
    return solve(problem, settings=Settings(network=RandomFeatures(300)))


def test_integrals_of_a_solution(plate: Solution) -> None:
    def flux(T: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
        return nx * d(T, x) + ny * d(T, y)

    hole = 2 * math.pi * 0.25
    assert plate.integral(lambda: 1.0) == pytest.approx(2 - math.pi / 16, rel=1e-9)
    assert plate.integral(lambda: 1.0, over=side("hole")) == pytest.approx(hole, rel=1e-12)
    assert plate.integral(flux, over=face(x=2)) == pytest.approx(4.0, rel=1e-5)
    assert plate.integral(flux, over=boundary) == pytest.approx(0.0, abs=1e-5)
    upper = side("hole").where(lambda y: y > 0.5)
    assert plate.integral(lambda ny: ny, over=upper) == pytest.approx(-0.5, rel=1e-9)
    found = plate.integral(lambda T: T)
    assert found.error < 1e-6 and float(found) == found.value and "+-" in str(found)
    copied = pickle.loads(pickle.dumps(found))
    assert copied == found and copied.error == found.error


def test_what_is_narrow_in_an_integral_is_seen(plate: Solution) -> None:
    """A bump inside and one on a wall, 1e-4 wide, in which no rule has a point."""

    def bump(T: Any, x: Any, y: Any) -> Any:
        return T * torch.exp(-((x - 0.3) ** 2 + (y - 0.7) ** 2) / 1e-8)

    inside = plate.integral(bump)
    assert inside == pytest.approx((0.09 - 0.49) * math.pi * 1e-8, rel=1e-5) and inside.error < 1e-14
    on_wall = plate.integral(lambda x: torch.exp(-(((x - 1.3) / 1e-4) ** 2)), over=face(y=0))
    assert on_wall == pytest.approx(math.sqrt(math.pi) * 1e-4, rel=1e-9)

    def around(width: float) -> Integral:  # along a curve nothing is cut, and what is not seen is told
        narrow = lambda x, y: torch.exp(-((x - 1.25) ** 2 + (y - 0.5) ** 2) / width**2)  # noqa: E731
        return plate.integral(narrow, over=side("hole"))

    for width in (1e-3, 1e-5):
        found = around(width)
        assert abs(found - math.sqrt(math.pi) * width) < found.error
    assert around(1e-6).error == math.inf


def test_quantities_stand_beside_the_reference(plate: Solution) -> None:
    from pinnsolve.checks.references import reference_of

    told = compare(plate, reference_of(plate.problem)).quantities
    assert told["out"].reference == pytest.approx(4.0, rel=1e-9)
    assert told["out"].value == pytest.approx(4.0, rel=1e-5)
    energy = 4 * (2 * (4 / 3) + 2 / 3 - math.pi / 16 * (1 + 0.25 + 0.25**2 / 2))
    assert told["energy"].reference == pytest.approx(energy, rel=1e-6)  # fourth-order differences, exact for parabolas
    assert told["energy"].relative is not None and told["energy"].relative < 1e-4


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.integral(lambda q: q), "asks for 'q'"),
        (lambda s: s.integral(lambda nx: nx), "asks for 'nx'"),
        (lambda s: s.integral(lambda T: T, over=side("hall")), "did you mean 'hole'"),
        (lambda s: s.integral(lambda T: 1j * T), "complex"),
        (lambda s: s.integral(lambda T: T, t=0.5), "has no place"),
        (lambda s: s.integral("T"), "no function"),
        (lambda s: s.integral(lambda T: T, over="hole"), "no region"),
        (lambda s: s.integral(lambda x: torch.log(x - 1)), "must be finite"),
        (lambda s: s.problem.replaced(quantities={"drag": (lambda q: q, boundary)}), "'drag' asks for 'q'"),
        (lambda s: s.problem.replaced(quantities={"drag": (lambda T: T, side("nose"))}), "no side is called 'nose'"),
        (lambda s: s.problem.replaced(quantities=[1]), "no mapping"),
        (lambda s: solve(s.problem.replaced(quantities={"f": lambda T: T * 1j})), "complex"),
    ],
)
def test_what_cannot_be_integrated_is_told(plate: Solution, call: Callable[[Solution], Any], words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        call(plate)


def test_sections_through_the_inside(plate: Solution) -> None:
    """T_x = 2 x: through the whole plate at x = 0.5, and beside the hole at x = 1, where a half of it is left."""
    flux = lambda T, x, nx: nx * d(T, x)  # noqa: E731
    assert plate.integral(flux, over=face(x=0.5)) == pytest.approx(1.0, rel=1e-5)
    assert plate.integral(flux, over=face(x=1)) == pytest.approx(1.0, rel=1e-5)
    assert plate.integral(flux, over=face(x=1).where(lambda y: y > 0.5)) == pytest.approx(0.5, rel=1e-5)
    with pytest.raises(ProblemError, match="no side of the shape lies in the plane x = 3"):
        plate.problem.replaced(conditions=[dirichlet(T=0, on=face(x=3))])


def test_an_evolution_has_an_integral_at_each_time(heat: Problem) -> None:
    solution = solve(heat.replaced(quantities={"heat": lambda u: u, "half way": (lambda u: u, interior, 0.5)}))
    for t in (0.0, 0.5, 1.0):
        right = 2 / math.pi * math.exp(-0.1 * math.pi**2 * t)
        assert solution.integral(lambda u: u, t=t) == pytest.approx(right, rel=1e-4)
    assert solution.integral(lambda u: u, over=face(t=1)) == solution.integral(lambda u: u, t=1)
    with pytest.raises(ProblemError, match="none is told"):
        solution.integral(lambda u: u)
    with pytest.raises(ProblemError, match="none of the domain"):
        solution.integral(lambda u: u, t=2)
    told = compare(solution, None).quantities
    assert told["heat"].value == pytest.approx(2 / math.pi * math.exp(-0.1 * math.pi**2), rel=1e-4)
    assert told["half way"].value == pytest.approx(2 / math.pi * math.exp(-0.05 * math.pi**2), rel=1e-4)


def test_parameters_that_are_inputs_are_chosen_first() -> None:
    decay = Problem(
        time=(0, 1), unknowns="u", equations=lambda u, t, k: d(u, t) + k * u, conditions=[initial(u=1)],
        parameters={"k": (0.5, 1.0)}, quantities={"dose": lambda u: u},
    )  # fmt: skip
    solution = solve(decay, settings=Settings(network=RandomFeatures(100)))
    with pytest.raises(ProblemError, match="solution.at"):
        solution.integral(lambda u: u)
    assert solution.at(k=1.0).integral(lambda u: u) == pytest.approx(1 - math.exp(-1), rel=1e-4)


def test_a_reference_that_does_not_know_it_is_left_out(plate: Solution) -> None:
    bare = Reference("inside alone", {"T": lambda x, y: np.where(x < 1.999, x**2 - y**2, np.nan)}, 1e-9, 0.0)
    told = compare(plate, bare).quantities["out"]
    assert told.reference is None and told.value == pytest.approx(4.0, rel=1e-5)
    assert repr(Integral(2.0, 1e-3)) == "2 +- 0.001"
