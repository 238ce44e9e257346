"""Flow in a channel whose pressure is given a slope and no value: a constant may be added to it.

p_x = u_yy,  p_y = 0,  u_x = 0,  u = 0 at y = 0 and 1,  p_x = -2 at x = 0
"""

from pinnsolve import Box, Problem, d, dirichlet, exact, face, faces, neumann
from validation.wanted import honest

wanted = honest(budget=8)


def along(u, p, x, y):
    return d(p, x) - d(u, y, y)


def across(p, y):
    return d(p, y)


def straight(u, x):
    return d(u, x)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns=("u", "p"),
    equations=[along, across, straight],
    conditions=[dirichlet(u=0, on=faces("y")), neumann(p=2, on=face(x=0))],
    reference=exact(u=lambda x, y: y * (1 - y) + 0 * x, p=lambda x, y: 5 - 2 * x + 0 * y),
    tolerance=1e-3,
)
