"""PNd: Poisson's equation in five dimensions.

    laplace(u) = -pi^2/4 sum of sin(pi x_k/2)        0 < x_1, ..., x_5 < 1
    u = sum of sin(pi x_k/2) on the boundary, and inside

A fault of the published task: such a sum is fixed by its values on the boundary, any blending of them is the solution.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, dirichlet, exact, laplace


def solution(x1, x2, x3, x4, x5):
    return sum(sin(pi * x / 2) for x in (x1, x2, x3, x4, x5))


def poisson(u, x1, x2, x3, x4, x5):
    return laplace(u, x1, x2, x3, x4, x5) + pi**2 / 4 * solution(x1, x2, x3, x4, x5)


problem = Problem(
    space=Box(x1=(0, 1), x2=(0, 1), x3=(0, 1), x4=(0, 1), x5=(0, 1)),
    unknowns="u",
    equations=poisson,
    conditions=[dirichlet(u=solution)],
    reference=exact(u=solution),
    tolerance=1e-5,
)
