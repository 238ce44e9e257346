"""HNd: heat in the unit ball of five dimensions.

    u_t = laplace(u)/5 - r^2/5 exp(r^2/2 + t)        r < 1,  0 < t <= 1,   r^2 = x_1^2 + ... + x_5^2
    u_n = exp(1/2 + t) on the sphere,   u = exp(r^2/2) at t = 0;   the solution is exp(r^2/2 + t)

The published task has no faults; its solution is a function of r and t alone.
"""

from torch import exp

from pinnsolve import Ball, Problem, d, exact, initial, laplace, neumann


def square(x1, x2, x3, x4, x5):
    return x1**2 + x2**2 + x3**2 + x4**2 + x5**2


def heat(u, x1, x2, x3, x4, x5, t):
    r2 = square(x1, x2, x3, x4, x5)
    return d(u, t) - laplace(u, x1, x2, x3, x4, x5) / 5 + r2 / 5 * exp(r2 / 2 + t)


problem = Problem(
    space=Ball(x1=0, x2=0, x3=0, x4=0, x5=0, radius=1),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[
        initial(u=lambda x1, x2, x3, x4, x5: exp(square(x1, x2, x3, x4, x5) / 2)),
        neumann(u=lambda t: exp(0.5 + t)),
    ],
    reference=exact(u=lambda x1, x2, x3, x4, x5, t: exp(square(x1, x2, x3, x4, x5) / 2 + t)),
    tolerance=6e-6,
)
