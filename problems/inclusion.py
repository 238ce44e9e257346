"""A disc that conducts a hundred times better, in a uniform field: the steady temperature around and in it.

    (k T_x)_x + (k T_y)_y = 0        -1 < x, y < 1,      k = 100 for x^2 + y^2 < 0.3^2,  1 around it
    T = x (1 - 99/101 0.3^2 / (x^2 + y^2))  on the boundary

T and the flux k n . grad T are continuous across the circle, so that the slope jumps there by the ratio of k. The
equation says it: the flux is what is differentiated. Dimensionless. Maxwell, A Treatise on Electricity and Magnetism
(1873), article 310.
"""

from pinnsolve import Box, Disk, Piecewise, Problem, d, dirichlet
from validation.inclusion import RADIUS, dipole, outside


def conduction(T, x, y, k):
    return d(k * d(T, x), x) + d(k * d(T, y), y)


def energy(T, x, y, k):
    return k * (d(T, x) ** 2 + d(T, y) ** 2)


problem = Problem(
    space=Box(x=(-1, 1), y=(-1, 1)),
    unknowns="T",
    equations=conduction,
    conditions=[dirichlet(T=lambda x, y: outside(x, y, 100.0))],
    parameters={"k": Piecewise(1.0, (Disk(x=0, y=0, radius=RADIUS), 100.0))},
    reference=dipole,
    tolerance=1e-6,
    quantities={"energy": energy},
)
