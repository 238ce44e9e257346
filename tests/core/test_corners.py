"""Singular corners: which there are, the flow into them, what is weighted down, and what is not measured."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    Problem,
    Reference,
    Solution,
    compare,
    d,
    dirichlet,
    div,
    face,
    faces,
    initial,
    laplace,
    point,
    solenoidal,
    solve,
)  # fmt: skip
from pinnsolve.checks.check import check
from pinnsolve.geometry.places import Corner
from pinnsolve.geometry.points import Points
from pinnsolve.networks.inputs import SCALES
from pinnsolve.report.record import Report, summary
from pinnsolve.trial.corner_flow import CornerFlow
from pinnsolve.trial.flow import given
from tests.core.common import built, random, residuals_of
from tests.core.test_exact import on_slab

ROUNDING = 1e-12  # some tens of roundings of an angle and its derivatives, at distances from 0.01 on
ROOM = Box(x=(0, 2), y=(-1, 3))
LENGTHS = {"x": 2.0, "y": 4.0}
LID = dirichlet(u=1, v=0, on=face(y=3))
WALLS = dirichlet(u=0, v=0, on=faces("x") | face(y=-1))
CORNERS = [("x=0, y=3", (0, 3)), ("x=2, y=3", (2, 3))]


def x_stokes(u, p, x, y):
    return d(p, x) - laplace(u, x, y)


def y_stokes(v, p, x, y):
    return d(p, y) - laplace(v, x, y)


def room(*conditions: Any, flowing: bool = True, **changes: Any) -> Problem:
    first = [solenoidal("u", "v")] if flowing else []
    declared: dict[str, Any] = {
        "space": ROOM, "unknowns": ("u", "v", "p"), "equations": [x_stokes, y_stokes],
        "conditions": [*first, dirichlet(p=0, on=point(x=0, y=-1)), *conditions],
    }  # fmt: skip
    return Problem(**{**declared, **changes})


def ordered(name: str) -> str:
    """A corner's name, whichever of its two conditions was declared first."""
    return ", ".join(sorted(name.strip("()").split(", ")))


def names(problem: Problem) -> set[str]:
    return {ordered(c.name) for c in check(problem).corners}


def listed(words: str) -> list[str]:
    """The corners that stand in parentheses."""
    return [ordered(place) for place in re.findall(r"\(([^()]*)\)", words)]


def distances(at: dict[str, Any]) -> list[Any]:
    """From both corners under the lid, in lengths of the domain; written again."""
    return [((at["x"] - x) / 2) ** 2 + ((at["y"] - y) / 4) ** 2 for _, (x, y) in CORNERS]


# ---------------------------------------------------------------- which there are


@pytest.mark.parametrize("flowing", [True, False])
def test_the_corners_of_a_lid_are_named(flowing: bool) -> None:
    problem = room(LID, WALLS, flowing=flowing)
    assert names(problem) == {"x=0, y=3", "x=2, y=3"}
    (told,) = [w for w in check(problem).warnings if "weighted down" in w]
    assert listed(told) == ["x=0, y=3", "x=2, y=3"]
    assert "closer to it than 0.2" in told and "no error is measured closer than 0.1" in told
    assert {ordered(c.name) for c in built(problem, MLP(4, 1)).plan.corners} == names(problem)


def heat(u, x, y, t):
    return d(u, t) - laplace(u, x, y)


def plate(*conditions: Any, **changes: Any) -> Problem:
    return Problem(space=ROOM, unknowns="u", equations=heat, conditions=list(conditions), **{"time": (0, 1), **changes})


def test_what_is_no_singular_corner() -> None:
    assert names(plate(initial(u=1), dirichlet(u=0))) == set()  # a jump at the start
    in_space = Box(x=(0, 2), y=(-1, 3), t=(0, 1))  # the same, its time said as a coordinate of space
    assert names(Problem(space=in_space, unknowns="u", equations=heat,
                         conditions=[dirichlet(u=1, on=face(t=0)), dirichlet(u=0, on=faces("x", "y"))])) == set()  # fmt: skip
    assert names(plate(initial(u=0), dirichlet(u=0, on=faces("x")), dirichlet(u=2, on=faces("y")))) == {
        f"x={x}, y={y}" for x in (0, 2) for y in (-1, 3)
    }
    smooth = dirichlet(u=lambda x: (x * (2 - x)) ** 2, v=0, on=face(y=3))
    assert names(room(smooth, WALLS)) == set()
    for jump, count in ((5e-4, 0), (5e-3, 4)):  # of how much the values vary, whatever their offset
        for offset in (0.0, 1e3):
            off = dirichlet(u=offset + 1 + jump, on=faces("y"))
            flat = dirichlet(u=offset + 1, on=faces("x"))
            assert len(names(plate(initial(u=offset), flat, off))) == count


def test_edges_of_a_room_in_space() -> None:
    def poisson(u, x, y, z):
        return laplace(u, x, y, z)

    cold = dirichlet(u=0, on=faces("x") | faces("y") | face(z=0))
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1), z=(0, 1)),
        unknowns="u",
        equations=poisson,
        conditions=[cold, dirichlet(u=1, on=face(z=1))],
    )
    assert names(problem) == {"x=0, z=1", "x=1, z=1", "y=0, z=1", "y=1, z=1"}


# ---------------------------------------------------------------- the flow into a corner

PAIRS: dict[str, tuple[tuple[Any, Any], tuple[Any, Any]]] = {
    "lid": ((1, 0), (0, 0)),
    "wall": ((0, 0), (0, -2)),
    "both slide": ((1, 0), (0, 0.5)),
    "any": ((0.3, -0.7), (1.1, 0.4)),
    "in time": ((lambda t: torch.sin(3 * t), 0), (lambda t: t**2, lambda t: 1 - t)),
}
PLACES = [(x, y) for x in (0.0, 2.0) for y in (-1.0, 3.0)]


def turning(place: tuple[float, float], pair: Any) -> tuple[Problem, CornerFlow]:
    (u0, v0), (u1, v1) = pair
    across = dirichlet(u=u0, v=v0, on=face(y=place[1]))
    up = dirichlet(u=u1, v=v1, on=face(x=place[0]))
    problem = room(across, up, time=(0, 1))
    return problem, CornerFlow(
        Corner(dict(zip("xy", place, strict=True))), *(tuple(c.prescribes for c in wall) for wall in (across, up))
    )  # type: ignore[arg-type]


def prescribed(problem: Problem, condition: Any, points: Points) -> torch.Tensor:
    chart, at = points.chart()
    return condition.given(problem.fields(chart, at, {}, points)).value


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_the_flow_into_a_corner_has_the_velocities_of_both_walls(place: tuple[float, float], pair: Any) -> None:
    problem, flow = turning(place, pair)
    for walls, fixed in ((flow.across, {"y": place[1]}), (flow.up, {"x": place[0]})):
        points = on_slab(problem, fixed)
        found = flow.velocity(problem, points, points.chart()[1])
        for condition, component in zip(walls, found, strict=True):
            assert float((component.value - prescribed(problem, condition, points)).abs().max()) <= ROUNDING
        inside = on_slab(problem, {k: v + 0.01 * (1 - v) for k, v in fixed.items()})
        apart = flow.velocity(problem, inside, inside.chart()[1])
        assert max(float((a.value - prescribed(problem, c, inside)).abs().max()) for a, c in zip(apart, walls, strict=True)) > 1e-4  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_the_flow_into_a_corner_is_solenoidal_and_biharmonic(place: tuple[float, float], pair: Any) -> None:
    problem, flow = turning(place, pair)
    points = on_slab(problem, {})
    at = points.chart()[1]
    u, v = flow.velocity(problem, points, at)
    x, y = at["x"], at["y"]
    size = float(torch.stack([d(u, x).value.abs(), d(u, y).value.abs(), d(v, x).value.abs()]).max())
    assert float(div((u, v), x, y).value.abs().max()) <= ROUNDING * size
    vorticity = d(v, x) - d(u, y)  # minus the Laplacian of the stream function
    assert float(vorticity.value.abs().max()) > 1e-2
    parts = torch.stack([d(vorticity, x, x).value, d(vorticity, y, y).value])
    assert float(parts.sum(0).abs().max()) <= 1e-10 * float(parts.abs().max())  # four derivatives
    assert float((parts[0] + 1.02 * parts[1]).abs().max()) > 1e-3 * float(parts.abs().max())


def test_what_remains_of_the_lid_is_continuous_in_its_corners() -> None:
    """The prescribed velocity less g, towards a corner along its two walls; itself it jumps by one."""
    trial = built(room(LID, WALLS), MLP(4, 1))
    (flow,) = trial.plan.flows
    assert len(flow.corners) == 2
    near = 1e-9
    for x, inwards in ((0.0, near), (2.0, -near)):
        spots = {"x": [x + inwards, x], "y": [3.0, 3.0 - near]}
        points = Points(
            {c: torch.tensor(v, dtype=torch.float64) for c, v in spots.items()}, torch.ones(2, dtype=torch.float64)
        )
        g = given(trial.problem, flow, points, points.chart()[1])
        lid, wall = torch.tensor([1.0, 0.0], dtype=torch.float64) - g["u"].value
        assert abs(float(lid - wall)) < 1e-7  # near times the other corner's gradient
        assert abs(float(g["v"].value[0] - g["v"].value[1])) < 1e-7


def test_own_modules_keep_their_inputs_and_networks_see_the_direction_of_corners() -> None:
    problem = room(LID, WALLS)
    assert built(problem, nn.Linear(2, 2)).inputs.count == 2
    assert built(problem, MLP(4, 1)).inputs.count == 2 + 2 * len(SCALES) * 2
    assert built(room(WALLS, dirichlet(u=0, v=0, on=face(y=3))), MLP(4, 1)).inputs.count == 2


# ---------------------------------------------------------------- weighted down


@pytest.mark.parametrize("flowing", [True, False])
def test_residuals_fade_with_the_cube_of_the_distance(flowing: bool) -> None:
    trial = built(room(LID, WALLS, flowing=flowing), MLP(6, 2))
    trial.assign(random(trial.parameters_count, seed=3, low=-1, high=1))
    residuals = residuals_of(trial, 800)
    values = residuals.values()
    assert {site.name for site, _, _ in residuals.chunks} > {"interior"}
    for site, prepared, _ in residuals.chunks:
        at = trial.fields(prepared)
        nearest = torch.stack(distances(dict(prepared.points.coordinates))).min(0).values.sqrt()
        factor = (nearest / 0.2).clamp(max=1) ** 3 if site.name == "interior" else torch.ones_like(nearest)
        for name, term in site.terms.items():
            raw = term(at).value.detach()
            assert torch.allclose(values[name], factor * raw, rtol=1e-12, atol=0)
            assert torch.equal(values[name][nearest > 0.2], raw[nearest > 0.2])
            if site.name == "interior":
                assert int((nearest < 0.15).sum()) > 5
                assert (values[name].abs() < 0.5 * raw.abs())[nearest < 0.15].all()


# ---------------------------------------------------------------- not measured


@pytest.fixture(scope="module")
def trained() -> Solution:
    """Hardly trained: its own fields are the reference that it is compared with."""
    problem = room(LID, WALLS)
    return solve(
        problem, network=MLP(4, 1), points=64, condition_points=16, held_out=64, method=LevenbergMarquardt(steps=1)
    )


def wrong_where(solution: Solution, wrong: Callable[..., Any]) -> Reference:
    def field(unknown: str) -> Callable[..., np.ndarray]:
        def value(**at: np.ndarray) -> np.ndarray:
            nearest = np.sqrt(np.min(distances(at), axis=0))
            return solution.d(unknown)(**at) + np.where(wrong(nearest), 1.0, 0.0)

        return value

    return Reference("itself, but for some places", {u: field(u) for u in "uvp"}, 1e-16, 0.0)


def test_errors_near_corners_are_not_measured_and_others_are(trained: Solution) -> None:
    near = compare(trained, wrong_where(trained, lambda r: r < 0.1))
    assert near.verdict == "pass"
    assert all(e.relative_l2 == 0 and e.max == 0 for e in near.errors.values())
    assert [ordered(c) for c in near.corners] == ["x=0, y=3", "x=2, y=3"]
    assert "measured at least 0.1 of the domain's length away from (" in near.reason
    assert listed(near.reason) == ["x=0, y=3", "x=2, y=3"]
    elsewhere = compare(trained, wrong_where(trained, lambda r: (r > 0.1) & (r < 0.11)))
    assert elsewhere.verdict == "fail"
    assert all(e.max == pytest.approx(1) for e in elsewhere.errors.values())


def test_the_report_says_where_nothing_was_measured(trained: Solution) -> None:
    comparison = compare(trained, wrong_where(trained, lambda r: r < 0.1))
    told = summary(Report("room", "A room.", trained, comparison, [], 0, 0))
    assert [ordered(c) for c in told["measured_away_from"]] == ["x=0, y=3", "x=2, y=3"]
    assert listed(told["reason"]) == ["x=0, y=3", "x=2, y=3"]


def test_without_corners_everything_is_measured() -> None:
    problem = room(dirichlet(u=0, v=0))
    solution = Solution(built(problem, MLP(4, 1)))
    found = compare(solution, wrong_where(solution, lambda r: r < 0.05))
    assert found.corners == () and "away" not in found.reason
    assert found.verdict == "fail"
