"""The Fisher-KPP equation: cells invade empty space as a travelling front.

    u_t = D u_xx + r u (1 - u)      -10 < x < 20,  0 < t <= 5,  D = r = 1

u is the density of cells over what the tissue can carry, lengths are in sqrt(D/r), times in 1/r. The exact solution,
prescribed at the start and at both ends, is the front of Ablowitz & Zeppetella, which runs at the speed 5 sqrt(r D/6):

    u = (1 + exp(sqrt(r/(6 D)) x - 5 r t/6))^-2

Fisher, Ann. Eugenics 7 (1937) 355-369; Ablowitz & Zeppetella, Bull. Math. Biol. 41 (1979) 835-840.
"""

from torch import exp

from pinnsolve import Box, Problem, d, dirichlet, initial
from validation.fisher_kpp import exact_solution


def fisher(u, x, t, D, r):
    return d(u, t) - D * d(u, x, x) - r * u * (1 - u)


def front(x, t, D, r):
    return (1 + exp((r / (6 * D)) ** 0.5 * x - 5 * r * t / 6)) ** -2


problem = Problem(
    space=Box(x=(-10, 20)),
    time=(0, 5),
    unknowns="u",
    equations=fisher,
    conditions=[initial(u=front), dirichlet(u=front)],
    parameters={"D": 1, "r": 1},
    reference=exact_solution,
    tolerance=1e-3,
)
