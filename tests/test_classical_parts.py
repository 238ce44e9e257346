"""The automatic reference where a wall has different conditions on its parts, `face(...).where(...)`."""

from __future__ import annotations

import numpy as np
import pytest

from pinnsolve import Box, Problem, ProblemError, automatic_reference, d, dirichlet, face, initial, laplace, neumann


def tent(x, y):  # type: ignore[no-untyped-def]
    """Harmonic on the unit square, min(x, 1 - x) at y = 1 and zero on the other walls, for y < 0.95."""
    odd = np.arange(1, 200, 2)[:, None]
    rises = np.exp(odd * np.pi * (y - 1)) * (1 - np.exp(-2 * odd * np.pi * y)) / (1 - np.exp(-2 * odd * np.pi))
    return (4 / (odd * np.pi) ** 2 * (-1.0) ** (odd // 2) * np.sin(odd * np.pi * x) * rises).sum(0)


def test_a_wall_in_two_parts_is_the_wall() -> None:
    """Where each of both was asked for on the whole wall, nothing met them, and they were said to contradict."""
    left, right = face(y=1).where(lambda x: x < 0.5), face(y=1).where(lambda x: x >= 0.5)
    conditions = [
        dirichlet(u=0, on=face(x=0) | face(x=1) | face(y=0)),
        dirichlet(u=lambda x: x, on=left),
        dirichlet(u=lambda x: 1 - x, on=right),
    ]
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y: laplace(u, x, y), conditions=conditions
    )
    x, y = np.array([0.2, 0.7, 0.5]), np.array([0.9, 0.8, 0.6])
    found = automatic_reference(problem, tolerance=1e-3)
    assert found.own_error < 1e-3 and np.allclose(found.fields["u"](x=x, y=y), tent(x, y), rtol=2e-3)


def test_a_part_that_changes_in_time_has_no_reference() -> None:
    early, late = face(x=0).where(lambda t: t < 0.5), face(x=0).where(lambda t: t >= 0.5)
    conditions = [initial(u=0), dirichlet(u=0, on=face(x=1) | early), neumann(u=1, on=late)]
    rod = Problem(
        space=Box(x=(0, 1)),
        time=(0, 1),
        unknowns="u",
        equations=lambda u, x, t: d(u, t) - d(u, x, x),
        conditions=conditions,
    )
    with pytest.raises(ProblemError, match="parts of a wall that change in time"):
        automatic_reference(rod)
