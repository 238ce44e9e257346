"""Interfaces: which planes are found, what is none of them, and what a network does with one."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn, sin, tanh, where

from pinnsolve import MLP, Box, Problem, condition, d, dirichlet, face, initial, laplace
from pinnsolve.checks.check import Findings, check
from pinnsolve.geometry.points import Points
from pinnsolve.trial.trial import Trial
from tests.core.common import built, random

EXACT = 1e-12  # of the domain's length: an 8^14th of a 257th of it, and rounding
LINE, PLANE = Box(x=(-1, 2)), Box(x=(-1, 2), y=(0, 3))
JUMP = ("maxwell_pulse", "two_materials")
SMOOTH = sorted(  # every other one; in the others nothing is narrow: test_hidden.py
    p.stem
    for p in (Path(__file__).parents[2] / "problems").glob("*.py")
    if p.stem not in {*JUMP, "bracket_3d"}  # whose mesh takes two seconds
)[::2]


def waves(coefficient: Any, box: Box = LINE, **changes: Any) -> Problem:
    """A first-order system with a coefficient (or a source) of x and t."""

    def first(E, H, x, t):
        return coefficient(x, t) * d(E, t) - d(H, x)

    def second(E, H, x, t):
        return d(H, t) - d(E, x)

    declared = {"equations": [first, second], "time": (0, 1), **changes}
    return Problem(space=box, unknowns=("E", "H"), conditions=initial(E=0, H=0), **declared)


def in_plane(coefficient: Any) -> Problem:
    """A steady first-order system in a plane: a flux, and its divergence."""

    def flux_x(u, q, x, y):
        return q - coefficient(x, y) * d(u, x)

    def flux_y(u, r, x, y):
        return r - coefficient(x, y) * d(u, y)

    def balance(q, r, x, y):
        return d(q, x) + d(r, y) - 1

    held = condition(lambda u, q, r: u + q + r, on=face(x=-1))
    return Problem(space=PLANE, unknowns=("u", "q", "r"), equations=[flux_x, flux_y, balance], conditions=held)


def planes(problem: Problem) -> list[tuple[str, float]]:
    return [(p.coordinate, p.value) for p in check(problem).planes]


def told(findings: Findings) -> list[str]:
    return [w for w in findings.warnings if "the equations jump" in w]


third = 1 / 3
FOUND: dict[str, tuple[Problem, list[tuple[str, float]]]] = {
    "one": (waves(lambda x, t: where(x < 0, 1, 4)), [("x", 0)]),
    "one, at no round number": (waves(lambda x, t: where(x < third, 1, 4)), [("x", third)]),
    "small": (waves(lambda x, t: where(x < third, 1, 1.1) * (1 + 0.1 * sin(x))), [("x", third)]),
    "huge": (waves(lambda x, t: where(x < third, 1, 1e4)), [("x", third)]),
    "near an end": (waves(lambda x, t: where(x > 1.99, 1, 2)), [("x", 1.99)]),
    "two": (waves(lambda x, t: where((x > -0.2) & (x < 0.7), 1, 4)), [("x", -0.2), ("x", 0.7)]),
    "in time": (waves(lambda x, t: where(t < 0.3, 1, 4)), [("t", 0.3)]),
    "in both": (waves(lambda x, t: where(t < 0.3, 1, 4) * where(x < third, 1, 2)), [("x", third), ("t", 0.3)]),
    "micrometres": (waves(lambda x, t: where(x < third * 1e-6, 1, 4), Box(x=(-1e-6, 2e-6)), time=(0, 1e-6)), [("x", third * 1e-6)]),
    "in a plane": (in_plane(lambda x, y: where(y < 1.7, 1, 3)), [("y", 1.7)]),
    "a source": (waves(lambda x, t: 1.0, equations=[
        lambda E, H, x, t: d(E, t) - d(H, x) + where(x < third, 0, 1), lambda E, H, x, t: d(H, t) - d(E, x)]), [("x", third)]),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_planes_are_found(name: str) -> None:
    problem, wanted = FOUND[name]
    findings = check(problem)
    found = [(p.coordinate, p.value) for p in findings.planes]
    assert [c for c, _ in found] == [c for c, _ in wanted]
    for (coordinate, value), (_, true) in zip(found, wanted, strict=True):
        assert abs(value - true) <= EXACT * problem.domain.length(coordinate)
    assert told(findings) == []


@pytest.mark.parametrize("width", [1e-2, 1e-4])
def test_what_is_only_steep_is_no_interface(width: float) -> None:
    steep = [
        waves(lambda x, t: 2 + tanh((x - third) / width)),
        waves(lambda x, t: 2 + tanh((t - 0.4) / width)),
        waves(lambda x, t: 1 + torch.exp(-(((x - third) / width) ** 2))),
        waves(lambda x, t: 1 + torch.abs(x - third)),  # a kink is no jump
    ]
    for problem in steep:
        findings = check(problem)
        assert (findings.planes, told(findings)) == ((), [])


def test_curved_interfaces_are_told_and_no_planes() -> None:
    for curved in (lambda x, y: where(x**2 + y**2 < 2, 1, 4), lambda x, y: where(x + 0.3 * y < 1, 1, 4)):
        findings = check(in_plane(curved))
        assert findings.planes == ()
        assert any("no plane x = constant holds" in w for w in told(findings))


def test_second_derivatives_are_told_and_make_no_plane() -> None:
    def heat(u, x, t):
        return d(u, t) - where(x < third, 1, 4) * d(u, x, x)

    findings = check(Problem(space=LINE, time=(0, 1), unknowns="u", equations=heat, conditions=initial(u=0)))
    assert findings.planes == ()
    (words,) = told(findings)
    assert "jump at x=0.333333" in words and "second derivatives along x" in words and "first-order system" in words

    def across(u, x, y):
        return where(x < third, 1, 2) * d(u, x) - d(u, y, y)

    held = condition(lambda u: u, on=face(x=-1))
    findings = check(Problem(space=PLANE, unknowns="u", equations=across, conditions=held))
    assert [p.name for p in findings.planes] == ["x=0.333333"]  # of first order along x
    assert told(findings) == []


# ---------------------------------------------------------------- the network over a plane


def near(trial: Trial, coordinate: str, value: float, step: float = 1e-9) -> tuple[Tensor, Tensor]:
    """E and its slope along a coordinate just before and just behind a value, (2, N) each."""
    found = []
    for side in (-step, step):
        bounds = trial.problem.domain.extent
        at = {c: random(20, seed=k, low=low, high=high) for k, (c, (low, high)) in enumerate(bounds.items())}
        at[coordinate] = torch.full((20,), value + side, dtype=torch.float64)
        fields = trial.fields(trial.prepare(Points(at, torch.ones(20, dtype=torch.float64))))
        found.append((fields["E"].value.detach(), d(fields["E"], fields[coordinate]).value.detach()))
    return torch.stack([v for v, _ in found]), torch.stack([s for _, s in found])


@pytest.mark.parametrize(
    ("name", "coordinate", "value"), [("one, at no round number", "x", third), ("in time", "t", 0.3)]
)
def test_a_network_over_a_plane_is_continuous_with_a_kink(name: str, coordinate: str, value: float) -> None:
    trial = built(FOUND[name][0], MLP(6, 2))
    assert trial.inputs.count == 3
    trial.assign(random(trial.parameters_count, seed=2, low=-1, high=1))
    values, slopes = near(trial, coordinate, value)
    assert float((values[0] - values[1]).abs().max()) < 1e-7  # 2e-9 times a slope of order ten
    assert float((slopes[0] - slopes[1]).abs().max()) > 0.1
    _, smooth = near(trial, coordinate, value + 0.1)
    assert float((smooth[0] - smooth[1]).abs().max()) < 1e-6


def test_own_modules_keep_their_inputs_and_stay_smooth() -> None:
    module = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 2))
    trial = built(FOUND["one"][0], module)
    assert trial.inputs.count == 2 and trial.takes_jets
    _, slopes = near(trial, "x", 0.0)
    assert float((slopes[0] - slopes[1]).abs().max()) < 1e-6


# ---------------------------------------------------------------- the shipped problems


def test_glass_is_seen() -> None:
    assert planes(import_module("problems.maxwell_pulse").problem) == [("x", 0.0)]


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_problems_have_none(name: str) -> None:
    findings = check(import_module(f"problems.{name}").problem)
    assert (findings.planes, told(findings), findings.narrow) == ((), [], ())


def test_smooth_functions_of_three_coordinates_have_none() -> None:
    def poisson(u, x, y, t):
        return d(u, t) - laplace(u, x, y) - sin(9 * x) * sin(7 * y) * sin(5 * t)

    problem = Problem(space=PLANE, time=(0, 1), unknowns="u", equations=poisson, conditions=initial(u=0))
    findings = check(problem)
    assert (findings.planes, told(findings)) == ((), [])


def test_planes_are_found_in_any_units() -> None:
    small = [
        lambda E, H, x, t: 1e-10 * (where(x < third, 1, 4) * d(E, t) - d(H, x)),
        lambda E, H, x, t: d(H, t) - d(E, x),
    ]
    assert planes(waves(None, equations=small)) == [("x", pytest.approx(third, abs=EXACT))]


@pytest.mark.parametrize(
    ("equation", "unseen"),
    [
        (lambda u, x, y: d(where(x < 0.3, 1.0, 5.0) * d(u, x), x) + d(u, y, y), ("x=0.3",)),
        (lambda u, x, y: laplace(u, x, y) - where(x < 0.3, 1.0, 5.0), ()),  # a source that jumps: u_x goes on
        (lambda u, x, y: laplace(u, x, y) - where(x < 0.3, 1.0, 5.0) * u, ()),
        (lambda u, x, y: d((1 + x) * d(u, x), x) + d(u, y, y), ()),
    ],
)
def test_where_what_multiplies_second_derivatives_jumps_no_residual_is_proof(equation: Any, unseen: tuple[str]) -> None:
    """Integrated over the jump the flux goes on; at points, any function with a kink of any size has no residual."""
    problem = Problem(space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=equation, conditions=dirichlet(u=0))
    assert check(problem).unseen == unseen


def test_a_coefficient_that_jumps_on_a_curve_is_unseen_and_a_source_is_not() -> None:
    """T = x meets (k T_x)_x + (k T_y)_y = 0 at every point, and is no solution where k jumps on a circle."""

    def inside(x: Any, y: Any) -> Any:
        return (x - 0.5) ** 2 + (y - 1.5) ** 2 < 0.4

    def conduction(T: Any, x: Any, y: Any) -> Any:
        k = where(inside(x, y), 5.0, 1.0)
        return d(k * d(T, x), x) + d(k * d(T, y), y)

    def heated(T: Any, x: Any, y: Any) -> Any:
        return laplace(T, x, y) - where(inside(x, y), 5.0, 1.0)

    rim = [dirichlet(T=lambda x: x)]
    told = [check(Problem(space=PLANE, unknowns="T", equations=e, conditions=rim)).unseen for e in (conduction, heated)]
    assert told[0] and all("no plane holds" in t for t in told[0]) and not told[1]


@pytest.mark.parametrize(
    "value", [0.0, 0.3, -0.8]
)  # of -1 to 1: where smooth fields in its place do not bend, and elsewhere
def test_a_coefficient_that_jumps_with_the_unknown_is_seen_at_every_value(value: float) -> None:
    def conduction(u: Any, x: Any) -> Any:
        return d(where(u < value, 1.0, 10.0) * d(u, x), x)

    ends = [dirichlet(u=-1, on=face(x=-1)), dirichlet(u=1, on=face(x=2))]
    first, *_ = check(Problem(space=LINE, unknowns="u", equations=conduction, conditions=ends)).jumps
    assert "jump where u takes some value" in first and "x=" not in first
