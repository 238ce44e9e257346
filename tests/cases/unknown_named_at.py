"""An unknown that is called `at`, which is an argument or a method of ours: refused, and told why."""

from pinnsolve import Box, Problem, d, dirichlet, exact
from validation.wanted import refused

wanted = refused("at")


def bar(at, x):
    return d(at, x, x) + 2


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="at",
    equations=bar,
    conditions=[dirichlet(at=0)],
    reference=exact(at=lambda x: x * (1 - x)),
)
