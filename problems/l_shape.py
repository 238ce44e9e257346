"""Laplace's equation in an L: at the corner that turns inwards slopes grow without bound.

    u_xx + u_yy = 0            in the square (-1, 1)^2 without its lower right quarter
    u = 0                      on the two sides of the corner
    u = r^(2/3) cos(2 phi / 3)  on the others, phi the angle from the corner's bisector

Dimensionless. Polynomials and smooth features see nothing of such a corner; those that are looked at with its angle
unfolded do. Kondrat'ev, Trans. Moscow Math. Soc. 16 (1967) 227.
"""

from torch import atan2, cos

from pinnsolve import Polygon, Problem, dirichlet, laplace, side
from validation.l_shape import corner


def laplacian(u, x, y):
    return laplace(u, x, y)


def around(x, y):
    phi = atan2(-x - y, y - x)
    return (x**2 + y**2) ** (1 / 3) * cos(2 * phi / 3)


problem = Problem(
    space=Polygon(x=[0, 1, 1, -1, -1, 0], y=[0, 0, 1, 1, -1, -1], names=["notch", "rim", "rim", "rim", "rim", "notch"]),
    unknowns="u",
    equations=laplacian,
    conditions=[dirichlet(u=0, on=side("notch")), dirichlet(u=around, on=side("rim"))],
    reference=corner,
    tolerance=1e-5,
)
