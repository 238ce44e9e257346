"""Sound in a duct with an open end, its real and imaginary parts as two unknowns that meet there.

    p'' + k^2 p = 0,  q'' + k^2 q = 0,  p(0) = 1,  q(0) = 0,  p' = -k q and q' = k p at x = 1,  k = 7:  p + i q = exp(i k x)

After github.com/weihuayi/fealpy, issue 438.
"""

import numpy as np

from pinnsolve import Box, Problem, condition, d, dirichlet, exact, face
from validation.wanted import right

wanted = right(1e-5, budget=5)


def real_part(p, x, k):
    return d(p, x, x) + k**2 * p


def imaginary_part(q, x, k):
    return d(q, x, x) + k**2 * q


def leaves_p(p, q, x, k):
    return d(p, x) + k * q


def leaves_q(p, q, x, k):
    return d(q, x) - k * p


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns=("p", "q"),
    equations=[real_part, imaginary_part],
    conditions=[
        dirichlet(p=1, q=0, on=face(x=0)),
        condition(leaves_p, on=face(x=1)),
        condition(leaves_q, on=face(x=1)),
    ],
    parameters={"k": 7.0},
    reference=exact(p=lambda x, k: np.cos(k * x), q=lambda x, k: np.sin(k * x)),
)
