"""Products of Legendre polynomials over a domain, and their derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre

from pinnsolve import Box, Problem, d, dirichlet, initial
from pinnsolve.checks.polynomials import degrees_of, polynomials
from pinnsolve.problem.probes import Size

PROBLEM = Problem(
    space=Box(x=(1, 4)), time=(0, 0.5), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x),
    conditions=[initial(u=1), dirichlet(u=1)],
)  # fmt: skip


@pytest.mark.parametrize("alpha", [(0, 0), (1, 0), (0, 2), (2, 1), (4, 0)])
def test_each_column_is_the_derivative_of_one_product(alpha: tuple[int, int]) -> None:
    degrees = degrees_of(2, 10, 14)  # up to three in sum: the fourth derivative is zero
    points = PROBLEM.domain.interior.draw(20, "sobol", torch.Generator().manual_seed(1))
    polynomials(PROBLEM, degrees, points, (1, 1))  # what was asked of these points before changes nothing
    found = polynomials(PROBLEM, degrees, points, alpha)
    scaled = [(c.numpy() - low) / (high - low) * 2 - 1 for c, (low, high) in _along(points)]
    for column, (m, n) in zip(found.T, degrees.each, strict=True):
        one, other = (
            legendre.Legendre.basis(k).deriv(a)(x) * (2 / (high - low)) ** a if a else legendre.Legendre.basis(k)(x)
            for k, a, x, (_, (low, high)) in zip((m, n), alpha, scaled, _along(points), strict=True)
        )
        assert np.allclose(column, one * other, rtol=1e-12, atol=1e-9)


def _along(points):  # type: ignore[no-untyped-def]
    return [(points.coordinates[c], PROBLEM.domain.ends(c)) for c in "xt"]


def test_an_equation_is_asked_once_for_unknowns_of_one_size() -> None:
    asked = []

    def heat(u, x, t):  # type: ignore[no-untyped-def]
        asked.append(1)
        return d(u, t) - d(u, x, x)

    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, conditions=[initial(u=1), dirichlet(u=1)]
    )
    equation, before = problem.equations[0], len(asked)
    sizes = [problem.prober.size(equation, {"u": Size(0.0, s)}) for s in (1.0, 2.0, 1.0)]
    assert len(asked) == before + 2 and sizes[0] == sizes[2]
    assert sizes[1] == pytest.approx(2 * sizes[0])  # it is linear
