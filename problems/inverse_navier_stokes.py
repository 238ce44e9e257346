"""Inertia, viscosity and pressure of a flow from 2,000 scattered measurements of its velocity, with noise.

    u_t + a (u u_x + v u_y) = -p_x + nu (u_xx + u_yy)      0 < x, y < pi,  0 < t <= 1
    v_t + a (u v_x + v v_y) = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0

`data/eddies.csv` holds u and v where a = 1 and nu = 0.05, with normal noise of about one per cent, 0.0065: two
patterns of eddies that turn each other round, seen through a window (Fourier modes, `validation/eddies.py`). The
pressure is not measured; it is known up to a constant, so p = 0 at x = y = pi/4. Initial and boundary values are not
known. In a steady flow a, nu and p would be known only up to a common factor, and in Taylor's and Green's vortices
p would take the part of a: so the flow is neither.

Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019) 686-707 (arXiv 1711.10566): from 5,000 measurements of a
wake with 1 % noise, a is found to 0.17 % and nu to 5.7 % there. All quantities are dimensionless.
"""

from math import pi

from pinnsolve import MLP, Box, Problem, Settings, Unknown, d, dirichlet, laplace, observed, point, solenoidal
from validation.eddies import pseudospectral

TRUE = {"a": 1.0, "nu": 0.05}


def x_momentum(u, v, p, x, y, t, a, nu):
    return d(u, t) + a * (u * d(u, x) + v * d(u, y)) + d(p, x) - nu * laplace(u, x, y)


def y_momentum(u, v, p, x, y, t, a, nu):
    return d(v, t) + a * (u * d(v, x) + v * d(v, y)) + d(p, y) - nu * laplace(v, x, y)


def measured_flow(problem):
    return pseudospectral(problem.with_parameters(TRUE))


problem = Problem(
    space=Box(x=(0, pi), y=(0, pi)),
    time=(0, 1),
    unknowns=("u", "v", "p"),
    equations=[x_momentum, y_momentum],
    conditions=[
        solenoidal("u", "v"),
        dirichlet(p=0, on=point(x=pi / 4, y=pi / 4)),
        observed("data/eddies.csv", sigma=0.0065),
    ],
    parameters={"a": Unknown(0.5), "nu": Unknown(0.1, positive=True)},
    reference=measured_flow,
    tolerance=3e-2,
)
# the default tries random features first: their residuals differ by less than the noise, and their trials take time
settings = Settings(network=MLP(width=16, depth=3))
