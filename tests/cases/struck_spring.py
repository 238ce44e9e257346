"""A damped spring that is struck for ten microseconds in three seconds.

u'' + 2 u' + 5 u = p(t),  p = exp(-((t - c)/w)^2)/(w sqrt(pi)),  w = 1e-5,  u(0) = 1,  u'(0) = -1
exact but for 1e-10: u = exp(-t) cos 2t  +  H(t - c) exp(-(t - c)) sin(2 (t - c))/2
"""

from math import pi

import numpy as np
from torch import exp

from pinnsolve import Problem, d, exact, initial, initial_rate
from validation.wanted import right

wanted = right(1e-3)
C, W = 1.3719, 1e-5


def spring(u, t):
    return d(u, t, t) + 2 * d(u, t) + 5 * u - exp(-(((t - C) / W) ** 2)) / (W * pi**0.5)


def struck(t):
    after = np.maximum(t - C, 0.0)
    return np.exp(-t) * np.cos(2 * t) + np.exp(-after) * np.sin(2 * after) / 2


problem = Problem(
    time=(0, 3),
    unknowns="u",
    equations=spring,
    conditions=[initial(u=1), initial_rate(u=-1)],
    reference=exact(u=struck),
)
