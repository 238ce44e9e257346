"""Conditions called exact are met by the trial function of any network, to rounding."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from pinnsolve import (
    MLP,
    Box,
    Problem,
    condition,
    d,
    dirichlet,
    face,
    faces,
    initial,
    initial_rate,
    laplace,
    neumann,
    periodic,
    point,
)  # fmt: skip
from pinnsolve.geometry.points import Points
from pinnsolve.trial.trial import Trial
from tests.core.common import alphas, built, random

pytestmark = pytest.mark.usefixtures("unasked")

# g and phi are polynomials of the data with some tens of roundings; a shock (x - low)/(high - low) adds cancellation
RELATIVE = 1e-12
sin, cos, exp, pi = torch.sin, torch.cos, torch.exp, math.pi


def heat(u, x, t):
    return d(u, t) - d(u, x, x)


def wave(u, x, t):
    return d(u, t, t) - d(u, x, x)


def poisson(u, x, y):
    return laplace(u, x, y)


def wave_2d(u, x, y, t):
    return d(u, t, t) - laplace(u, x, y)


def poisson_3d(u, x, y, z):
    return laplace(u, x, y, z)


def two(u, v, x, y):
    return laplace(u, x, y) + d(v, x)


def other(v, x, y):
    return laplace(v, x, y)


def of(equations: Any, *conditions: Any, space: Box | None = None, time: Any = None, unknowns: Any = "u") -> Problem:
    return Problem(
        space=space,
        time=time,
        unknowns=unknowns,
        equations=equations,
        conditions=list(conditions),
        parameters={"a": 2.0},
    )


BOX1, BOX2, BOX3 = Box(x=(-1, 2)), Box(x=(0, 3), y=(-2, -1)), Box(x=(0, 1), y=(1, 3), z=(-1, 1))
wavy = lambda x, y: sin(2 * x + y) + x * y**2  # noqa: E731
wavy_t = lambda x, y, t, a: sin(a * x + y - t) + x * y**2 * exp(-t)  # noqa: E731

EXACT = {
    "ODE": of(lambda u, t: d(u, t) + u, initial(u=3), time=(1, 4)),
    "ODE of second order": of(lambda u, t: d(u, t, t) + u, initial(u=3), initial_rate(u=-2), time=(1, 4)),
    "ODE, two ends": of(lambda u, t: d(u, t, t) + u, dirichlet(u=3, on=face(t=1)), dirichlet(u=5, on=face(t=4)), time=(1, 4)),
    "1D": of(lambda u, x: d(u, x, x), dirichlet(u=lambda x: exp(x)), space=BOX1),
    "1D, one face": of(lambda u, x: d(u, x), dirichlet(u=7, on=face(x=2)), space=BOX1),
    "1D + t": of(heat, initial(u=lambda x, a: cos(a * x)), dirichlet(u=lambda x, t, a: cos(a * x) * exp(-t**2)), space=BOX1, time=(0, 2)),
    "1D + t, one wall": of(heat, initial(u=lambda x: x**3), dirichlet(u=lambda t: 8 + sin(t), on=face(x=2)), neumann(u=3, on=face(x=-1)), space=BOX1, time=(0, 2)),
    "1D + t, kelvin": of(heat, initial(u=lambda x: 300 + x), dirichlet(u=lambda x, t: 300 + x + 1e-3 * t), space=BOX1, time=(0, 2)),
    "1D + t, micro": of(heat, initial(u=lambda x: 1e-6 * x), dirichlet(u=lambda x, t: 1e-6 * x * exp(t)), space=BOX1, time=(0, 2)),
    "1D + t, end given": of(heat, dirichlet(u=lambda x: x**2, on=face(t=2)), dirichlet(u=lambda x, t: x**2 * t / 2), space=BOX1, time=(0, 2)),
    "wave": of(wave, initial(u=lambda x: sin(x)), initial_rate(u=lambda x: cos(2 * x)), dirichlet(u=lambda x, t: sin(x) + (t - 0.5) * cos(2 * x) + (t - 0.5) ** 2), space=BOX1, time=(0.5, 2)),
    "wave, periodic": of(wave, initial(u=lambda x: sin(2 * pi * x / 3)), initial_rate(u=lambda x: cos(2 * pi * x / 3)), periodic("x"), space=BOX1, time=(0, 1)),
    "2D": of(poisson, dirichlet(u=wavy), space=BOX2),
    "2D, three faces": of(poisson, dirichlet(u=wavy, on=faces("x") | face(y=-1)), neumann(u=0, on=face(y=-2)), space=BOX2),
    "2D, opposite faces": of(poisson, dirichlet(u=0, on=face(y=-2)), dirichlet(u=lambda x: x, on=face(y=-1)), space=BOX2),
    "2D, corner": of(poisson, dirichlet(u=wavy, on=face(x=3) | face(y=-1)), space=BOX2),
    "2D, periodic": of(poisson, periodic("x"), dirichlet(u=lambda x: sin(2 * pi * x / 3), on=face(y=-2)), space=BOX2),
    "2D, doubly periodic": of(wave_2d, periodic("x", "y"), initial(u=lambda x, y: sin(2 * pi * x / 3) * cos(2 * pi * y)), initial_rate(u=0), space=BOX2, time=(0, 1)),
    "2D, two unknowns": of([two, other], dirichlet(u=wavy), dirichlet(v=lambda y: y, on=faces("x")), space=BOX2, unknowns=("u", "v")),
    "2D + t": of(wave_2d, initial(u=lambda x, y, a: wavy_t(x, y, 0 * x, a)), initial_rate(u=lambda x, y, a: -cos(a * x + y) - x * y**2),
                 dirichlet(u=wavy_t), space=BOX2, time=(0, 1.5)),
    "2D + t, some walls": of(wave_2d, initial(u=lambda x, y, a: wavy_t(x, y, 0 * x, a)), dirichlet(u=wavy_t, on=face(x=3) | faces("y")), space=BOX2, time=(0, 1.5)),
    "3D": of(poisson_3d, dirichlet(u=lambda x, y, z: sin(x + 2 * y) * exp(z) + x * y * z), space=BOX3),
    "3D, four faces": of(poisson_3d, dirichlet(u=lambda x, y, z: sin(x + 2 * y) * exp(z), on=faces("x") | face(y=3) | face(z=-1)), space=BOX3),
}  # fmt: skip


def on_slab(problem: Problem, fixed: dict[str, float], count: int = 50) -> Points:
    values = {
        n: random(count, seed=k, low=lo, high=hi) for k, (n, (lo, hi)) in enumerate(problem.domain.extent.items())
    }
    values |= {n: torch.full((count,), v, dtype=torch.float64) for n, v in fixed.items()}
    return Points(values, torch.ones(count, dtype=torch.float64))


def shaken(problem: Problem, seed: int = 0) -> Trial:
    """A trial function whose network is random and large."""
    trial = built(problem, MLP(width=10, depth=2), seed)
    trial.assign(random(trial.parameters_count, seed=seed + 5, low=-2, high=2))
    return trial


def misfit(trial: Trial, c: Any, fixed: dict[str, float]) -> float:
    """|left side - value| of one condition on random points of a slab, relative to the value and the solution there."""
    problem = trial.problem
    prepared = trial.prepare(on_slab(problem, fixed))
    at = trial.fields(prepared)
    value = c.prescribes.given(at).value
    have = (d(at[c.unknown], at["t"]) if c.says("rate") else at[c.unknown]).value.detach()
    inside = trial.fields(trial.prepare(on_slab(problem, {})))[c.unknown].value.detach()
    return float((have - value).abs().max() / max(float(value.abs().max()), float(inside.abs().max())))


@pytest.mark.parametrize("name", EXACT)
def test_exact_conditions_hold_for_any_network(name: str) -> None:
    problem = EXACT[name]
    trial = shaken(problem)
    weighted = {c.prescribes.what for c, _ in trial.plan.weighted if c.prescribes}
    assert weighted <= {"normal derivative"}
    for c in problem.conditions:
        for slab in problem.pieces(c):
            if (c, slab) not in trial.plan.weighted:
                assert misfit(trial, c, dict(slab.fixed)) <= RELATIVE, (c.name, slab.name)


@pytest.mark.parametrize("name", ["wave", "2D + t", "3D", "ODE"])
def test_the_network_still_moves_the_solution_inside(name: str) -> None:
    """phi vanishes where values are given, and nowhere else: another network is another function."""
    problem = EXACT[name]
    points = on_slab(problem, {})
    a, b = (shaken(problem, seed) for seed in (0, 1))
    u, v = (t.fields(t.prepare(points))["u"].value.detach() for t in (a, b))
    assert ((u - v).abs() > 1e-6).float().mean() > 0.9


@pytest.mark.parametrize("name", [n for n in EXACT if "periodic" in n])
def test_periodic_trial_functions_continue_with_all_derivatives(name: str) -> None:
    problem = EXACT[name]
    trial = shaken(problem)
    for p in problem.periodic:
        low, high = problem.domain.extent[p.coordinate]
        ends = [trial.fields(trial.prepare(on_slab(problem, {p.coordinate: end})))["u"] for end in (low, high)]
        for alpha in alphas(len(problem.coordinates), 3):
            left, right = (u.dense(alpha).detach() for u in ends)
            scale = float(left.abs().max()) + 1
            assert float((left - right).abs().max()) <= 100 * RELATIVE * scale, (
                alpha
            )  # sin(2 pi) = -2e-16, thrice differentiated


def exact_and_weighted(problem: Problem) -> tuple[set[str], set[str]]:
    trial = shaken(problem)
    weighted = trial.plan.weighted
    pieces = [(c, s) for c in problem.conditions for s in problem.pieces(c)]
    for c, s in pieces:
        if (c, s) not in weighted:
            assert misfit(trial, c, dict(s.fixed)) <= RELATIVE, (c.name, s.name)
    label = lambda c, s: f"{c.name.split()[0]} {c.unknown}: {s.name}"  # noqa: E731
    return {label(*p) for p in pieces if p not in weighted}, {label(*p) for p in weighted}


def test_contradictory_conditions_are_weighted_and_the_rest_stays_exact() -> None:
    walls = dirichlet(u=0, v=0, on=faces("x") | face(y=-2))
    exact, weighted = exact_and_weighted(
        of([two, other], walls, dirichlet(u=1, v=0, on=face(y=-1)), space=BOX2, unknowns=("u", "v"))
    )
    assert weighted == {"dirichlet u: y=-1"}
    assert len(exact) == 7
    exact, weighted = exact_and_weighted(of(heat, initial(u=1), dirichlet(u=0), space=BOX1, time=(0, 1)))
    assert (exact, weighted) == ({"dirichlet u: x=-1", "dirichlet u: x=2"}, {"initial u: t=0"})
    exact, weighted = exact_and_weighted(
        of(wave, initial(u=0), initial_rate(u=1), dirichlet(u=0), space=BOX1, time=(0, 1))
    )
    assert weighted == {"initial_rate u: t=0"}
    exact, weighted = exact_and_weighted(
        of(wave, initial(u=1), initial_rate(u=0), dirichlet(u=0), space=BOX1, time=(0, 1))
    )
    assert weighted == {"initial u: t=0", "initial_rate u: t=0"}  # a rate needs an exact start under it
    exact, weighted = exact_and_weighted(of(heat, initial(u=lambda x: x), periodic("x"), space=BOX1, time=(0, 1)))
    assert (exact, weighted) == (set(), {"initial u: t=0"})


def test_what_cannot_be_built_in_is_weighted() -> None:
    """A point inside, a general condition, a normal derivative; not a rate beside values at both ends of time."""
    both = of(lambda u, t: d(u, t, t), initial(u=0), initial_rate(u=1), dirichlet(u=5, on=face(t=1)), time=(0, 1))
    exact, weighted = exact_and_weighted(both)
    assert not weighted
    assert len(exact) == 3
    mixed = of(poisson, dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=point(x=1, y=-1.5)), neumann(u=0, on=face(x=3)),
               condition(lambda u, y: d(u, y) + u, on=face(y=-1)), space=BOX2)  # fmt: skip
    exact, weighted = exact_and_weighted(mixed)
    assert exact == {"dirichlet u: x=0"}
    assert len(weighted) == 3


def test_a_lift_with_a_wrong_face_would_be_seen() -> None:
    problem = EXACT["2D"]
    trial = shaken(problem)
    (c,) = problem.conditions
    assert misfit(trial, c, {"x": 0.001}) > 1e-6


def test_faces_that_fix_the_same_coordinates_are_evaluated_together() -> None:
    """A cube has 6 faces, 12 edges and 8 corners, of 7 kinds; one evaluation in python for each kind."""
    calls = []

    def wall(x, y, z):
        calls.append(x)
        return x * y + sin(z)

    trial = shaken(of(poisson_3d, dirichlet(u=wall), space=Box(x=(0, 1), y=(0, 1), z=(0, 1))))
    calls.clear()
    trial.prepare(Points({c: random(5, seed=k) for k, c in enumerate("xyz")}, torch.ones(5, dtype=torch.float64)))
    assert len(calls) == 2**3 - 1


@pytest.mark.parametrize(("value", "count"), [(lambda x0, x5: x0 * x5, 0), (3.0, 12), (lambda: 3.0, 12)])
def test_of_many_walls_only_those_of_one_value_are_built_in(value: Any, count: int) -> None:
    """In six dimensions a lift needs 728 faces, edges and corners for each point, but for one number none."""

    def poisson_6d(u, x0, x1, x2, x3, x4, x5):
        return laplace(u, x0, x1, x2, x3, x4, x5)

    cube = Box(**{f"x{k}": (0, 1) for k in range(6)})
    problem = of(poisson_6d, dirichlet(u=value), space=cube)
    exact, weighted = exact_and_weighted(problem)
    assert (len(exact), len(weighted)) == (count, 12 - count)


@pytest.mark.parametrize(
    ("wall", "exact_walls"), [(0, 10), (lambda x0, x1, x2, x3, x4, t: heat_in_five(x0, x1, x2, x3, x4) * exp(-t), 0)]
)
def test_the_start_stays_exact_beside_many_walls(wall: Any, exact_walls: int) -> None:
    def heat_5d(u, x0, x1, x2, x3, x4, t):
        return d(u, t) - laplace(u, x0, x1, x2, x3, x4)

    cube = Box(**{f"x{k}": (0, 1) for k in range(5)})
    problem = of(heat_5d, initial(u=heat_in_five), dirichlet(u=wall), space=cube, time=(0, 1))
    exact, weighted = exact_and_weighted(problem)
    assert "initial u: t=0" in exact
    assert (len(exact), len(weighted)) == (1 + exact_walls, 10 - exact_walls)


def heat_in_five(x0: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
    return sin(pi * x0) * sin(pi * x1) * sin(pi * x2) * sin(pi * x3) * sin(pi * x4)
