"""A dam breaks, in depth and speed: v_t + v v_x + g h_x = 0 holds where nothing jumps, and does not say where a bore runs.

h_t + (h v)_x = 0,  v_t + v v_x + h_x = 0,  h(x, 0) = 2 for x < 0, 1 beyond,  v(x, 0) = 0
"""

from torch import where

from pinnsolve import Box, Problem, d, dirichlet, initial
from validation.wanted import honest

wanted = honest(wrong=True, budget=30, slow=True)


def mass(h, v, x, t):
    return d(h, t) + d(h * v, x)


def speed(h, v, x, t):
    return d(v, t) + v * d(v, x) + d(h, x)


problem = Problem(
    space=Box(x=(-1, 1)),
    time=(0, 0.5),
    unknowns=("h", "v"),
    equations=[mass, speed],
    conditions=[initial(h=lambda x: where(x < 0, 2.0, 1.0), v=0), dirichlet(v=0)],
    tolerance=0.5,
)
