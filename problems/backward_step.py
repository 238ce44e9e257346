"""The flow over a backward-facing step at Re = 100: where it separates from the wall and meets it again.

    u u_x + v u_y = -p_x + nu (u_xx + u_yy)      -2 < x < 10, 0 < y < 2, without x < 0, y < 1;  nu = 0.02
    u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0
    u = 6 (y - 1) (2 - y),  v = 0 at x = -2;     u = v = 0 on the walls
    nu u_x - p = 0,  nu v_x = 0 at x = 10

In heights of the step, which is half of the channel's, and mean speeds of the inlet; Re = 2 / nu by the hydraulic
diameter of the inlet. Slopes of velocities and the pressure have no bound at the edge of the step. Armaly, Durst,
Pereira & Schoenung, J. Fluid Mech. 127 (1983) 473-496; Erturk, Computers & Fluids 37 (2008) 633-655, finds that the
flow reattaches 2.922 heights behind the step.
"""

from pinnsolve import Polygon, Problem, condition, d, dirichlet, laplace, side
from validation.backward_step import BEFORE, LENGTH, graded_elements


def along_x(u, v, p, x, y, nu):
    return u * d(u, x) + v * d(u, y) + d(p, x) - nu * laplace(u, x, y)


def along_y(u, v, p, x, y, nu):
    return u * d(v, x) + v * d(v, y) + d(p, y) - nu * laplace(v, x, y)


def continuity(u, v, x, y):
    return d(u, x) + d(v, y)


def no_pull_along_x(u, p, x, nu):
    return nu * d(u, x) - p


def no_pull_along_y(v, x, nu):
    return nu * d(v, x)


channel = Polygon(
    x=[-BEFORE, -BEFORE, 0, 0, LENGTH, LENGTH],
    y=[2, 1, 1, 0, 0, 2],
    names=["inlet", "wall", "wall", "wall", "outlet", "wall"],
)
problem = Problem(
    space=channel,
    unknowns=("u", "v", "p"),
    equations=[along_x, along_y, continuity],
    conditions=[
        dirichlet(u=lambda y: 6 * (y - 1) * (2 - y), v=0, on=side("inlet")),
        dirichlet(u=0, v=0, on=side("wall")),
        condition(no_pull_along_x, on=side("outlet")),
        condition(no_pull_along_y, on=side("outlet")),
    ],
    parameters={"nu": 0.02},
    reference=graded_elements,
    tolerance=2e-2,
)
