"""Prey and predators: when there are many of the one there will be many of the other, and then few of the first.

    a' = r a - a b,     b' = a b - m b       0 < t <= 60,  r = m = 1
    a(0) = 4,  b(0) = 1

a and b are the numbers of prey and of predators over those at which nothing changes, t is in lifetimes of a predator.
a - m ln a + b - r ln b is constant, so the populations go round for ever: seven times here. Lotka, Elements of Physical
Biology (1925); Volterra, Mem. R. Accad. Lincei 2 (1926) 31.
"""

from pinnsolve import Problem, d, initial
from validation.lotka_volterra import dormand_prince


def prey(a, b, t, r):
    return d(a, t) - r * a + a * b


def predators(a, b, t, m):
    return d(b, t) - a * b + m * b


problem = Problem(
    time=(0, 60),
    unknowns=("a", "b"),
    equations=[prey, predators],
    conditions=[initial(a=4, b=1)],
    parameters={"r": 1.0, "m": 1.0},
    reference=dormand_prince,
    tolerance=1e-5,
)
