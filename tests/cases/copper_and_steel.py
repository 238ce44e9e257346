"""A rod of two metals in contact, as a first-order system with the heat flow q, which no condition has to mention.

    T_t = -q_x,  q = -k T_x,  k = 1 for x < 1/2 and 1/4 beyond,  T = 0 at both ends; the slowest mode decays
    (after github.com/lululxvi/deepxde, issue 447)

The mode is sin(a x) on the left and c sin(2 a (1 - x)) on the right; T and q are continuous at 1/2 where `mismatch` is
zero.
"""

import numpy as np
from scipy.optimize import brentq
from torch import sin, where

from pinnsolve import Box, Problem, d, dirichlet, exact, faces, initial
from validation.wanted import right

wanted = right(1e-3, slow=True)
K = 0.25


def mismatch(a):
    """k T_x over T, left minus right, times both T: zero for a mode."""
    return np.cos(a / 2) * np.sin(a) + 2 * K * np.cos(a) * np.sin(a / 2)


A = float(brentq(mismatch, 1.5, 3.0))  # sqrt of the rate of decay
C = np.sin(A / 2) / np.sin(A)


def heat(T, q, x, t):
    return d(T, t) + d(q, x)


def fourier(T, q, x):
    return q + where(x < 0.5, 1.0, K) * d(T, x)


def mode(x):
    return where(x < 0.5, sin(A * x), C * sin(2 * A * (1 - x)))


def true_T(x, t):
    return np.exp(-(A**2) * t) * np.where(x < 0.5, np.sin(A * x), C * np.sin(2 * A * (1 - x)))


def true_q(x, t):
    return np.exp(-(A**2) * t) * A * np.where(x < 0.5, -np.cos(A * x), 2 * K * C * np.cos(2 * A * (1 - x)))


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 0.5),
    unknowns=("T", "q"),
    equations=[heat, fourier],
    conditions=[initial(T=mode), dirichlet(T=0, on=faces("x"))],
    reference=exact(T=true_T, q=true_q),
)
