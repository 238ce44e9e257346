"""A wall with two films in which a third of the drop each is lost, of very different thickness, in nanometres.

u_x = q r(x),  q_x = 0,  r = 1 + sum over both films of exp(-((x - c)/w)^2)/(w/L sqrt(pi)),  u(0) = 0,  u(L) = 1
exact: q = 1/(3 L),  u = q (x + L sum over both films of (1 + erf((x - c)/w))/2) to 1e-16
"""

from math import pi

from scipy.special import erf
from torch import exp

from pinnsolve import Box, Problem, d, dirichlet, exact
from validation.wanted import right

wanted = right(1e-3, budget=20, slow=True)
L = 1e-9
FILMS = [(0.3 * L, 1e-5 * L), (0.31 * L, 1e-3 * L)]


def fourier(u, q, x):
    return d(u, x) - q * (1 + sum(exp(-(((x - c) / w) ** 2)) * L / (w * pi**0.5) for c, w in FILMS))


def balance(q, x):
    return d(q, x)


problem = Problem(
    space=Box(x=(0, L)),
    unknowns=("u", "q"),
    equations=[fourier, balance],
    conditions=[dirichlet(u=lambda x: x / L)],
    reference=exact(
        u=lambda x: (x / L + sum((1 + erf((x - c) / w)) / 2 for c, w in FILMS)) / 3, q=lambda x: 1 / (3 * L) + 0 * x
    ),
)
