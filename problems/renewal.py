"""A population by age: its births are its parents', and it limits itself by its size.

    n_t + n_a = -(mu + P) n,        0 < a < 4,  0 < t < 6,        P(t) = integral of n over a
    n(0, t) = integral of beta a exp(-2 a) n over a,              n(a, 0) = exp(-(r + mu) a) / 10

mu is the mortality of a small population, P the size of it all, beta a exp(-2 a) the births at age a. It begins with
the distribution of ages that lasts, which grows with the rate r. Dimensionless. Gurtin & MacCamy, Arch. Rational Mech.
Anal. 54 (1974) 281.
"""

from torch import exp

from pinnsolve import Box, Problem, condition, d, face, initial, integral
from validation.renewal import BEGIN, growth, lasting_ages


def ageing(n, a, t, mu):
    return d(n, t) + d(n, a) + (mu + integral(n, over="a")) * n


def births(n, a, beta):
    return n - integral(beta * a * exp(-2 * a) * n, over="a")


problem = Problem(
    space=Box(a=(0, 4)),
    time=(0, 6),
    unknowns="n",
    equations=ageing,
    conditions=[
        initial(n=lambda a, beta, mu: BEGIN * exp(-(growth(beta, mu) + mu) * a)),
        condition(births, on=face(a=0)),
    ],
    parameters={"beta": 12.0, "mu": 0.5},
    reference=lasting_ages,
    tolerance=1e-5,
)
