"""Corners at which solutions are singular: how close nodes stand there, whatever holds on their sides."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
import pytest
from torch import atan2, cos

from pinnsolve import Box, Polygon, Problem, automatic_reference, dirichlet, face, laplace, neumann, side
from pinnsolve.checks.check import check
from pinnsolve.classical.automatic import compared_at
from pinnsolve.classical.curve import Curve
from pinnsolve.classical.reading import read
from pinnsolve.classical.ring import Ring
from pinnsolve.classical.seen import seen
from pinnsolve.classical.singular import singular_places

OUTER = face(x=-1) | face(x=1) | face(y=1) | face(y=-1)
L_SHAPE = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(-1, 0))
HALF = Polygon(x=[-1, 0, 1, 1, -1], y=[0, 0, 0, 1, 1], names=["left", "right", "a", "b", "c"])


def posed(space: Any, *conditions: Any) -> Problem:
    return Problem(
        space=space, unknowns="u", equations=lambda u, x, y: laplace(u, x, y), conditions=conditions, tolerance=1.0
    )


INNER = face(x=0) | face(y=0)
BESIDE = {
    "values": (posed(L_SHAPE, dirichlet(u=0, on=OUTER), dirichlet(u=0, on=INNER)), 4 / 3),
    "slopes": (posed(L_SHAPE, dirichlet(u=0, on=OUTER), neumann(u=0, on=INNER)), 2 / 3),
    "a value and a slope": (
        posed(L_SHAPE, dirichlet(u=0, on=OUTER), dirichlet(u=0, on=face(x=0)), neumann(u=0, on=face(y=0))),
        2 / 3,
    ),
    "both on a line": (
        posed(
            HALF, dirichlet(u=0, on=side("right") | side("a") | side("b") | side("c")), neumann(u=0, on=side("left"))
        ),
        1.0,
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_errors_of_a_corner_fall_as_what_holds_beside_it_says(name: str) -> None:
    problem, power = BESIDE[name]
    found = singular_places(read(problem))
    here = np.linalg.norm(found.places, axis=1) < 1e-9
    assert here.any() and np.allclose(found.falls[here], power, rtol=0.02)


def test_points_of_a_side_close_up_towards_a_corner_as_nodes_do() -> None:
    problem, _ = BESIDE["slopes"]
    (piece,) = (p for _, p in read(problem).walls if p.fixed == {} and p.side is not None and p.side.called == "y=0")
    curve = Curve(piece, ("x", "y"))
    part, away = curve.nearest(np.zeros(2))
    assert away < 1e-12 and part in (0.0, 1.0)
    least, grading = 1e-8, 0.25
    points = curve.drawn(lambda at: least + grading * np.linalg.norm(at, axis=1), 3, np.array([part]))
    x = np.sort(points.coordinates["x"].numpy())
    assert x.min() < least and len(x) == pytest.approx(3 * np.log1p(grading / least) / grading, rel=0.05)
    assert np.diff(x).max() < 3 * grading / 3
    decades = np.histogram(np.log10(x[x > 10 * least]), bins=np.arange(-7, 1))[0]
    assert decades.max() < 1.2 * decades.min()


def test_a_corner_that_turns_inwards_between_insulated_sides() -> None:
    """r^(2/3) cos(2/3 phi): a level of nodes that were as close as between values had fifty times this error."""

    def field(x: Any, y: Any, turned: Any = atan2, wave: Any = cos) -> Any:
        phi = turned((-x - y) / 2**0.5, (y - x) / 2**0.5) + 3 * pi / 4
        return (x**2 + y**2) ** (1 / 3) * wave(2 / 3 * phi)

    problem = posed(L_SHAPE, dirichlet(u=field, on=OUTER), neumann(u=0, on=INNER))
    reference = automatic_reference(problem, tolerance=2.0)
    at = compared_at(problem, check(problem))
    true = field(**at, turned=np.arctan2, wave=np.cos)
    error = np.linalg.norm(reference.fields["u"](**at) - true) / np.linalg.norm(true)
    assert error < 2e-4 and error < reference.own_error < 0.1


def test_both_sides_of_a_crack_do_not_see_each_other() -> None:
    wedge = Polygon(x=[0, 1, 1, -1, -1, 1], y=[0, 0.01, 1, 1, -1, -0.01])  # open towards x > 0, between y = +-0.01 x
    nodes = np.array([[0.5, 0.05], [0.5, -0.05], [0.6, 0.05], [-0.1, 0.0], [0.0, 0.0], [1.0, 0.01]])
    found = seen(wedge, nodes, np.broadcast_to(nodes, (6, 6, 2)), Ring(np.zeros(2), np.zeros(2)))
    assert np.array_equal(found, found.T)
    assert not found[0, 1] and not found[2, 1]
    assert found[0, 2] and found[3].sum() >= 5 and found[4, 5]  # past the tip, and along a side
