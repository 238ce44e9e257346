"""The lid-driven cavity: a lid that slides at speed one drives the fluid below it.

    u u_x + v u_y = -p_x + (u_xx + u_yy)/Re      0 < x, y < 1,  Re = 100
    u v_x + v v_y = -p_y + (v_xx + v_yy)/Re
    u_x + v_y = 0

with u = 1, v = 0 on the lid y = 1, u = v = 0 on the walls, and p = 0 at x = y = 0. The velocity jumps where the lid
meets the walls, and the pressure is infinite there: errors are measured away from these two corners.

Ghia, Ghia & Shin, J. Comput. Phys. 48 (1982) 387-411; Botella & Peyret, Computers & Fluids 27 (1998) 421-433.
All quantities are dimensionless; `--set Re=400` is the next case of the literature.
"""

from pinnsolve import Box, Problem, d, dirichlet, face, laplace, point, solenoidal
from validation.cavity import chebyshev_collocation


def x_momentum(u, v, p, x, y, Re):
    return u * d(u, x) + v * d(u, y) + d(p, x) - laplace(u, x, y) / Re


def y_momentum(u, v, p, x, y, Re):
    return u * d(v, x) + v * d(v, y) + d(p, y) - laplace(v, x, y) / Re


walls = face(x=0) | face(x=1) | face(y=0)

problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns=("u", "v", "p"),
    equations=[x_momentum, y_momentum],
    conditions=[
        solenoidal("u", "v"),
        dirichlet(u=1, v=0, on=face(y=1)),
        dirichlet(u=0, v=0, on=walls),
        dirichlet(p=0, on=point(x=0, y=0)),
    ],
    parameters={"Re": 100},
    reference=chebyshev_collocation,
    tolerance=5e-3,
)
