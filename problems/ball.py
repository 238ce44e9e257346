"""Sound in a ball: Helmholtz' equation, driven from its surface.

    p_xx + p_yy + p_zz + k^2 p = 0        x^2 + y^2 + z^2 < 1,  k = 4
    p = x y + z                           on the surface

Dimensionless: lengths in radii. Morse & Feshbach, Methods of Theoretical Physics (1953), section 11.3.
"""

from pinnsolve import Ball, Problem, dirichlet, laplace
from validation.ball import spherical_waves


def helmholtz(p, x, y, z, k):
    return laplace(p, x, y, z) + k**2 * p


problem = Problem(
    space=Ball(x=0, y=0, z=0, radius=1),
    unknowns="p",
    equations=helmholtz,
    conditions=[dirichlet(p=lambda x, y, z: x * y + z)],
    parameters={"k": 4.0},
    reference=spherical_waves,
    tolerance=1e-5,
)
