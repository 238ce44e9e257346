"""Jumps and kinks of data along rims, and in time on walls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch import cos, exp, tanh, where

from pinnsolve import (
    Box,
    Disk,
    LevelSet,
    Polygon,
    Problem,
    condition,
    d,
    dirichlet,
    exact,
    face,
    initial,
    laplace,
    neumann,
    side,
)
from pinnsolve.checks.check import check
from pinnsolve.checks.kinks import kinks
from pinnsolve.classical.automatic import attempt, compared_at

DISC = Disk(x=0, y=0, radius=1)
ELLIPSE = LevelSet(lambda x, y: 1 - x**2 / 4 - y**2, within=Box(x=(-2.5, 2.5), y=(-1.5, 1.5)))
ROD = Box(x=(0, 1))


def steady(space: Any, conditions: Any, **more: Any) -> Problem:
    return Problem(space=space, unknowns="u", equations=lambda u, x, y: laplace(u, x, y), conditions=conditions, **more)


def heated(wall: Any) -> Problem:
    return Problem(
        space=ROD, time=(0, 2), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x),
        conditions=[initial(u=0), dirichlet(u=0, on=face(x=0)), wall],
    )  # fmt: skip


def rod(value: Any) -> Problem:
    return heated(dirichlet(u=value, on=face(x=1)))


def flux(u: Any, x: Any, t: Any, nx: Any) -> Any:
    return nx * (d(u, x) - 3 * abs(t - 1))


def places(problem: Problem) -> list[tuple[tuple[float, ...], float, bool]]:
    found = [(tuple(k.place.values()), k.change, not k.along) for k in kinks(problem)]
    return sorted(found)


@pytest.mark.parametrize(("problem", "wanted"), [
    (steady(DISC, dirichlet(u=lambda x, y: abs(y))), [((-1, 0), 2, False), ((1, 0), 2, False)]),
    (steady(DISC, dirichlet(u=lambda x, y: where(x > 0, 3.0, 1.0))), [((0, -1), 2, True), ((0, 1), 2, True)]),
    (steady(Polygon(x=[0, 2, 2, 0], y=[0, 1.5, 3, 3]), dirichlet(u=lambda x: 5 * abs(x - 1))),
     [((1, 0.75), 8, False)]),
    (rod(lambda t: 1 - abs(t - 1)), [((1,), 2, False)]),
    (heated(condition(flux, on=face(x=1))), [((1,), 6, False)]),
], ids=["a circle", "a jump", "a slant", "a wall in time", "a slope with its normal"])  # fmt: skip
def test_places_and_sizes(problem: Problem, wanted: list[Any]) -> None:
    """The slope of 5 |x - 1| along a side that rises by 3/4 changes by 10 cos(side) = 8; a level side is a face."""
    found = places(problem)
    assert [jumps for *_, jumps in found] == [jumps for *_, jumps in wanted]
    for (place, change, _), (at, size, _) in zip(found, wanted, strict=True):
        assert place == pytest.approx(at, abs=2e-4) and change == pytest.approx(size, rel=0.03)


@pytest.mark.parametrize("problem", [
    steady(DISC, dirichlet(u=lambda x, y: exp(x) * cos(y))),
    steady(DISC, dirichlet(u=lambda x, y: tanh(300 * x))),
    steady(ELLIPSE, dirichlet(u=lambda x, y: x * y)),
    steady(DISC, neumann(u=lambda x, y: x * y)),
    rod(lambda t: tanh(200 * (t - 1)) + t**2),
    rod(lambda t: where(t > 1.0, 2.0, 1.0)),
], ids=["smooth", "steep", "a level set", "a slope", "steep in time", "a jump that is told elsewhere"])  # fmt: skip
def test_what_is_smooth_or_told_is_left(problem: Problem) -> None:
    assert kinks(problem) == []


def test_it_is_told_in_words_before_training() -> None:
    told = check(steady(DISC, dirichlet(u=lambda x, y: where(y > 0, 1.0, 0.0)))).warnings
    assert "dirichlet u on boundary jumps at x=1, y=0 by 1; the solution is not smooth beside it" in told


def test_the_automatic_reference_closes_up_there() -> None:
    """u = 1/2 + atan(2 y / (1 - r^2)) / pi in a disc, one above and zero below on the rim."""

    def angle(x: Any, y: Any) -> Any:
        return 0.5 + np.arctan2(2 * y, 1 - x**2 - y**2) / np.pi

    jump = dirichlet(u=lambda x, y: where(y > 0, 1.0, 0.0))
    problem = steady(DISC, jump, reference=exact(u=angle), tolerance=0.2)
    findings = check(problem)
    found, at = attempt(problem, findings=findings).reference, compared_at(problem, findings)
    assert found is not None and found.own_error < 0.01
    true = angle(**at)
    assert np.linalg.norm(found.fields["u"](**at) - true) < found.own_error * np.linalg.norm(true)


@pytest.mark.parametrize(("space", "where", "flux", "word"), [
    (Polygon(x=[0, 2, 2, 0], y=[0, 1, 3, 3], names=["a", "b", "c", "d"]), side("b"),
     lambda u, x, y, nx, ny: nx * d(u, x) + ny * d(u, y) - nx * 3 * abs(y - 2), lambda y: 3 * abs(y - 2)),
    (ROD, face(x=0), lambda u, x, t, nx: nx * d(u, x) - nx * abs(t - 1), lambda t: -abs(t - 1)),
], ids=["a straight side of a polygon", "a wall in time"])  # fmt: skip
def test_a_slope_that_is_said_by_the_normal_is_the_same_as_one_by_its_word(
    space: Any, where: Any, flux: Any, word: Any
) -> None:
    """What asks for nx on a level side is recognised as a slope, and its data are looked at with the normal."""
    time = space is ROD
    equations = (lambda u, x, t: d(u, t) - d(u, x, x)) if time else (lambda u, x, y: laplace(u, x, y))
    more = {"time": (0, 2)} if time else {}
    found = [
        places(
            Problem(space=space, unknowns="u", equations=equations, conditions=[one, *[initial(u=0)] * time], **more)
        )
        for one in (condition(flux, on=where), neumann(u=word, on=where))
    ]
    assert len(found[0]) == 1 and found[0] == found[1]
