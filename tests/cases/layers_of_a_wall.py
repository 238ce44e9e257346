"""Two layers of conductivity 2 and 100, one upon the other, as a first-order system: the slopes jump, no flux does.

p = -k T_x,  q = -k T_y,  p_x + q_y = 0,  T = 20 at y = 0,  q = -50 at y = 2,  p = 0 at x = 0 and 1
"""

import numpy as np
from torch import where

from pinnsolve import Box, Problem, d, dirichlet, exact, face, faces
from validation.wanted import right

wanted = right(1e-3, budget=5)


def fourier_x(T, p, x, y):
    return p + where(y < 1, 2.0, 100.0) * d(T, x)


def fourier_y(T, q, x, y):
    return q + where(y < 1, 2.0, 100.0) * d(T, y)


def balance(p, q, x, y):
    return d(p, x) + d(q, y)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 2)),
    unknowns=("T", "p", "q"),
    equations=[fourier_x, fourier_y, balance],
    conditions=[
        dirichlet(T=20, on=face(y=0)),
        dirichlet(q=-50, on=face(y=2)),
        dirichlet(p=0, on=faces("x")),
    ],
    reference=exact(
        T=lambda x, y: 20 + np.where(y < 1, 25 * y, 25 + (y - 1) / 2), p=lambda x, y: 0 * x, q=lambda x, y: 0 * x - 50
    ),
)
