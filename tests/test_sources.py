"""Sources in points and along lines, `source(q, x=0.3, y=0.6)`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import erfc, exp1, k0, y0
from torch import cos, sin, where

from pinnsolve import (
    Ball,
    Box,
    Disk,
    Eigenvalue,
    Piecewise,
    Problem,
    ProblemError,
    Unknown,
    compare,
    condition,
    d,
    dirichlet,
    exact,
    face,
    faces,
    initial,
    jump,
    laplace,
    neumann,
    observed,
    solve,
    source,
)
from pinnsolve.checks.as_regular import as_regular, rest_of
from pinnsolve.classical.automatic import attempt
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.solution import Solution

LINE, SQUARE = Box(x=(0, 1)), Box(x=(0, 1), y=(0, 1))
X, Y = np.random.default_rng(0).uniform(0, 1, (2, 200))


def told(equations: Any, space: Any = LINE, **given: Any) -> Problem:
    parts = {"space": space, "unknowns": "u", "conditions": [dirichlet(u=0)], "reference": None} | given
    return Problem(equations=equations, **parts)


def solved(problem: Problem, budget: float = 60) -> Solution:
    solution = solve(problem, budget=budget)
    assert solution.converged, solution.outcome
    return solution


def off(found: Any, true: Any) -> float:
    return float(np.linalg.norm(found - true) / np.linalg.norm(true))


# ------------------------------------------------------------ one coordinate: what is differentiated jumps


def test_a_point_load_and_the_same_condition_in_other_words() -> None:
    pulled = solved(told(lambda u, x: d(u, x, x) + source(1.0, x=0.3)))
    assert np.abs(pulled.u(x=X) - np.where(X < 0.3, 0.7 * X, 0.3 * (1 - X))).max() < 1e-12
    words = [dirichlet(u=0), condition(lambda u, x: jump(d(u, x)) + 1, on=face(x=0.3))]
    other = solved(told(lambda u, x: d(u, x, x), conditions=words))
    assert np.abs(pulled.u(x=X) - other.u(x=X)).max() < 1e-14


@pytest.mark.parametrize("scale", [1.0, -3.0, 1e6])
def test_factors_winds_and_springs(scale: float) -> None:
    """The slope jumps by strength over coefficient, however the equation is scaled, and with u in the strength."""
    f = scale * 2.0
    blown = solved(told(lambda u, x: scale * (-2 * d(u, x, x) + 3 * d(u, x)) - f * source(1.0, x=0.3)))
    slopes = blown.d("u", "x")(x=np.array([0.3 - 1e-9, 0.3 + 1e-9]))
    assert abs(slopes[1] - slopes[0] + 1) < 1e-7
    held = solved(told(lambda u, x: scale * d(u, x, x) + source(scale * (1 - 5 * u), x=0.3)))
    assert abs(held.u(x=0.3) * (1 / 0.3 + 1 / 0.7) - (1 - 5 * held.u(x=0.3))) < 1e-9


def test_materials_that_meet_at_the_source_beams_and_systems_of_first_order() -> None:
    k = {"k": Piecewise(1.0, (Box(x=(0.4, 1)), 10.0))}
    warm = solved(told(lambda u, x, k: d(k * d(u, x), x) + source(1.0, x=0.4), parameters=k))
    assert abs(warm.u(x=0.4) - 1 / (1 / 0.4 + 10 / 0.6)) < 1e-12
    ends = [dirichlet(u=0), condition(lambda u, x: d(u, x, x))]
    beam = solved(told(lambda u, x: d(u, x, x, x, x) - source(1.0, x=0.5), conditions=ends))
    assert abs(beam.u(x=0.5) - 1 / 48) < 1e-10
    flow = solved(
        told([lambda u, q, x: q + 2 * d(u, x), lambda q, x: d(q, x) - source(1.0, x=0.25)], unknowns=("u", "q"))
    )
    assert np.abs(flow.q(x=np.array([0.1, 0.5])) - [-0.75, 0.25]).max() < 1e-12


def test_a_source_that_swings_in_time() -> None:
    def heat(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - d(u, x, x) - cos(t) * where(x < 0.5, x, 1 - x) - source(2 * sin(t), x=0.5)

    true = exact(u=lambda x, t: sin(t) * where(x < 0.5, x, 1 - x))
    swinging = told(heat, time=(0, 1), conditions=[initial(u=0), dirichlet(u=0)], reference=true)
    assert compare(solved(swinging)).verdict == "pass"


def test_a_line_across_a_plane() -> None:
    """u = sin(pi y) sinh(pi x) / (2 pi cosh(pi / 2)) up to the line."""
    plate = solved(told(lambda u, x, y: laplace(u, x, y) + source(sin(np.pi * y), x=0.5), SQUARE))
    near = np.minimum(X, 1 - X)
    true = np.sin(np.pi * Y) * np.sinh(np.pi * near) / (2 * np.pi * np.cosh(np.pi / 2))
    assert off(plate.u(x=X, y=Y), true) < 1e-9
    known = attempt(plate.problem).reference
    assert known is not None and off(known.fields["u"](x=X, y=Y), true) <= known.own_error < 1e-4


# ------------------------------------------------------------ points of planes: flux and singular part


def green(x: np.ndarray, y: np.ndarray, a: float, b: float) -> np.ndarray:
    """Of the unit square, zero on its rim: a sine series along x."""
    k = np.arange(1, 3000) * np.pi
    low, high = np.minimum(y, b)[:, None], np.maximum(y, b)[:, None]
    f = np.exp(k * (low - high)) * (1 - np.exp(-2 * k * low)) * (1 - np.exp(-2 * k * (1 - high)))
    return 2 * (np.sin(k * x[:, None]) * np.sin(k * a) * f / (1 - np.exp(-2 * k)) / 2 / k).sum(1)


def test_greens_function_of_a_square(tmp_path: Path) -> None:
    a, b = 0.5, 0.5
    problem = told(
        lambda u, x, y: -laplace(u, x, y) - source(2.0, x=a, y=b), SQUARE, reference="automatic", tolerance=1e-4
    )
    solution = solved(problem)
    far = np.abs(Y - b) > 0.01
    assert off(solution.u(x=X[far], y=Y[far]), 2 * green(X[far], Y[far], a, b)) < 1e-8
    angle, r = np.linspace(0, 2 * np.pi, 101)[:-1], 1e-3
    at = {"x": a + r * np.cos(angle), "y": b + r * np.sin(angle)}
    flux = solution.d("u", "x")(**at) * np.cos(angle) + solution.d("u", "y")(**at) * np.sin(angle)
    assert abs(2 * np.pi * r * flux.mean() + 2) < 1e-9
    near = solution.u(**at) + np.log(r) / np.pi  # what is left beside the logarithm is bounded, and hardly varies
    assert np.ptp(near) < 1e-2 and np.abs(near).max() < 1
    assert (
        abs(solution.integral(lambda u, x, y, nx, ny: nx * d(u, x) + ny * d(u, y), over=faces("x") | faces("y")) + 2)
        < 1e-6
    )
    told_apart = compare(solution)
    assert told_apart.verdict == "pass" and told_apart.reference is not None and told_apart.reference.own_error < 1e-5
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem)
    assert np.array_equal(again.u(x=X, y=Y), solution.u(x=X, y=Y)) and again.problem is problem


def test_two_sources_in_a_disc_by_images() -> None:
    def image(x: Any, y: Any, a: float, b: float) -> Any:
        r = np.hypot(a, b)
        return -np.log(np.hypot(x - a, y - b) / (r * np.hypot(x - a / r**2, y - b / r**2))) / (2 * np.pi)

    def wells(u: Any, x: Any, y: Any) -> Any:
        return laplace(u, x, y) + source(1.0, x=0.3, y=0.2) - source(2.0, x=-0.4, y=0.1)

    found = solved(told(wells, Disk(x=0, y=0, radius=1), tolerance=1e-5))
    x, y = 1.3 * (X - 0.5), 1.3 * (Y - 0.5)
    assert off(found.u(x=x, y=y), image(x, y, 0.3, 0.2) - 2 * image(x, y, -0.4, 0.1)) < 1e-7


def singular_part(equation: Any, space: Any, places: dict[str, Any], **given: Any) -> tuple[np.ndarray, np.ndarray]:
    """What is added to u at places, and what it leaves of the equation there, (N,) each."""
    problem = told(equation, space, **given)
    rest, regular = rest_of(problem), as_regular(problem)
    assert rest is not None and regular is not None
    flat = {c: torch.as_tensor(v).double() for c, v in places.items()}
    points = Points(flat, torch.ones_like(flat["x"]))
    chart, at = points.chart()
    nothing = {"u": Jet(chart, lambda alpha: None, (chart.size,), frozenset(chart.names))}
    left = regular.equations[0].residual(regular.fields(chart, at, nothing, points)).value
    return rest.at_places("u", places), left.detach().numpy()


def test_winds_decay_anisotropy_and_waves() -> None:
    """exp(v d / 2) K_0(k rho) / 2 pi where coefficients are constant, and -Y_0(k r) / 4 of waves: nothing is left."""

    def carried(u: Any, x: Any, y: Any) -> Any:
        return 2 * d(u, x, x) + d(u, y, y) - 60 * d(u, x) - 2000 * u + source(1.0, x=0.4, y=0.5)

    found, left = singular_part(carried, SQUARE, {"x": X, "y": Y})
    rho, k = np.hypot((X - 0.4) / 2**0.5, Y - 0.5), np.sqrt(2000 + 60**2 / 8)
    assert off(found, np.exp(15 * (X - 0.4)) * k0(k * rho) / (2 * np.pi * 2**0.5)) < 1e-10
    assert np.abs(left).max() < 1e-8
    waves, left = singular_part(
        lambda u, x, y: -laplace(u, x, y) - 30 * u - source(2.0, x=0.4, y=0.5), SQUARE, {"x": X, "y": Y}
    )
    assert off(waves, -y0(np.sqrt(30) * np.hypot(X - 0.4, Y - 0.5)) / 2) < 1e-9 and np.abs(left).max() < 1e-8


def test_heat_from_a_point_by_its_kernel() -> None:
    """E_1(r^2 / 4 k t) / 4 pi k in a plane, erfc(r / 2 sqrt(k t)) / 4 pi k r in space: nothing is left."""
    k, t = 0.3, 0.05 + 0.9 * Y
    given = {"time": (0, 1), "conditions": [initial(u=0), dirichlet(u=0)]}
    plane, left = singular_part(
        lambda u, x, y, t: d(u, t) - k * laplace(u, x, y) - source(1.0, x=0.4, y=0.5),
        SQUARE,
        {"x": X, "y": Y, "t": t},
        **given,
    )
    r = np.hypot(X - 0.4, Y - 0.5)
    assert off(plane, exp1(r**2 / (4 * k * t)) / (4 * np.pi * k)) < 1e-12 and np.abs(left).max() < 1e-8
    cube, z = Box(x=(0, 1), y=(0, 1), z=(0, 1)), X[::-1].copy()
    space, left = singular_part(
        lambda u, x, y, z, t: d(u, t) - k * laplace(u, x, y, z) - source(1.0, x=0.4, y=0.5, z=0.6), cube,
        {"x": X, "y": Y, "z": z, "t": t}, **given,
    )  # fmt: skip
    r = np.sqrt(r**2 + (z - 0.6) ** 2)
    assert off(space, erfc(r / (2 * np.sqrt(k * t))) / (4 * np.pi * k * r)) < 1e-12 and np.abs(left).max() < 1e-6


def test_what_is_left_of_an_equation_beside_a_source_is_continuous() -> None:
    """Strength, wind and decay that vary: the equation of what is solved for has no logarithm at the source."""

    def carried(u: Any, x: Any, y: Any, t: Any) -> Any:
        return d(u, t) - 0.1 * laplace(u, x, y) + 0.5 * d(u, x) + 2 * u - source(1 + sin(6 * t), x=0.4, y=0.5)

    left = []
    for r in (1e-2, 1e-3, 1e-4):
        at = {"x": np.array([0.4 + r, 0.4, 0.4 - r]), "y": np.array([0.5, 0.5 + r, 0.5]), "t": np.full(3, 0.4)}
        left.append(singular_part(carried, SQUARE, at, time=(0, 1), conditions=[initial(u=0), dirichlet(u=0)])[1])
    assert np.abs(left[2] - left[1]).max() < 0.03 * np.abs(left[0]).max() + 1e-4


def test_a_point_of_space() -> None:
    """1 / 4 pi r."""
    at = {"x": X - 0.5, "y": Y - 0.5, "z": 0 * X}
    found, left = singular_part(
        lambda u, x, y, z: laplace(u, x, y, z) + source(1.0, x=0.0, y=0.0, z=0.5), Ball(x=0, y=0, z=0, radius=1), at
    )
    assert (
        off(found, 1 / (4 * np.pi * np.sqrt(at["x"] ** 2 + at["y"] ** 2 + 0.25))) < 1e-12 and np.abs(left).max() < 1e-9
    )


# ------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        (lambda u, x, y: laplace(u, x, y) + source(1.0), "names no place"),
        (lambda u, x, y: laplace(u, x, y) + source(1.0, z=0.5), "no coordinate 'z' of space.*Possible: x, y"),
        (lambda u, x, y: laplace(u, x, y) + source(1.0, x=0.0, y=0.5), "does not stand inside.*neumann"),
        (lambda u, x, y: laplace(u, x, y) + source(1.0, x=0.5, y=y), "y is no number.*does not move"),
        (lambda u, x, y: laplace(u, x, y) + source("much", x=0.5, y=0.5), "as its strength"),
        (lambda u, x, y: d(u, x, x, x, x) + d(u, y, y, y, y) + source(1.0, x=0.5, y=0.5), "is of order 4.*narrow source"),
        (lambda u, x, y: (1 + u) * laplace(u, x, y) + source(1.0, x=0.5, y=0.5), "depends there on the solution"),
        (lambda u, x, y: d(u, x, x) - d(u, y, y) + source(1.0, x=0.5, y=0.5), "not those of a diffusion"),
        (lambda u, x, y: laplace(u, x, y) + source(x, x=0.5, y=0.5), "its strength depends on x"),
        (lambda u, x, y: laplace(u, x, y) + source(u, x=0.5, y=0.5), "its strength depends on"),
        (lambda u, x, y: laplace(u, x, y) + x * source(1.0, x=0.5, y=0.5), "multiplied by what varies"),
        (lambda u, x, y: d(u, x, x) + u + source(1.0, y=0.5), "nothing in the equation is differentiated along y"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_source_is_told(equation: Any, words: str) -> None:
    with pytest.raises(ProblemError, match=f"(?s){words}"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told(equation, SQUARE).check()


def test_a_source_in_a_hole_is_told() -> None:
    with pytest.raises(ProblemError, match="lies outside the shape, or in a hole"):
        Problem(
            space=Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.2),
            unknowns="u",
            equations=lambda u, x, y: laplace(u, x, y) + source(1.0, x=0.5, y=0.6),
            conditions=dirichlet(u=0),
        ).check()


def test_modes_have_no_sources() -> None:
    """A source in a point is zero elsewhere, and would be left out without a word."""

    def wave(u: Any, x: Any, y: Any, E: Any) -> Any:
        return laplace(u, x, y) + E * u + source(1.0, x=0.5, y=0.5)

    with pytest.raises(ProblemError, match="a source stands in an equation, and modes have none"):
        solve(told(wave, SQUARE, parameters={"E": Eigenvalue(near=20)}))


def test_more_words() -> None:
    with pytest.raises(ProblemError, match="stands in no equation"):
        source(1.0, x=0.5)
    with pytest.raises(ProblemError, match="source.* stands in a condition"):
        told(
            lambda u, x: d(u, x, x),
            conditions=[condition(lambda u, x: u + source(1.0, x=0.5), on=face(x=0)), neumann(u=0, on=face(x=1))],
        )
    with pytest.raises(ProblemError, match="a source at one moment is a start"):
        told(
            lambda u, x, t: d(u, t) - d(u, x, x) + source(1.0, t=0.5),
            time=(0, 1),
            conditions=[initial(u=0), dirichlet(u=0)],
        )
    with pytest.raises(ProblemError, match="a source along a line of a shape is not solved"):
        told(lambda u, x, y: laplace(u, x, y) + source(1.0, x=0.1), Disk(x=0, y=0, radius=1))
    with pytest.raises(ProblemError, match="data and a source in a point"):
        seen = [dirichlet(u=0), observed(x=X, y=Y, u=X)]
        told(
            lambda u, x, y, q: laplace(u, x, y) + source(q, x=0.5, y=0.5),
            SQUARE,
            conditions=seen,
            parameters={"q": Unknown(1.0)},
        ).check()
    with pytest.raises(ProblemError, match="p and u are differentiated in the equation"):
        system = [
            lambda u, p, x, y: laplace(u, x, y) + d(p, x) + source(1.0, x=0.5, y=0.5),
            lambda u, p, x, y: laplace(p, x, y) + u,
        ]
        told(system, SQUARE, unknowns=("u", "p"), conditions=[dirichlet(u=0, p=0)]).check()
