"""An unknown that is called `on`, which is an argument or a method of ours: refused, and told why."""

from pinnsolve import Box, Problem, d, dirichlet, exact
from validation.wanted import refused

wanted = refused("on")


def bar(on, x):
    return d(on, x, x) + 2


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="on",
    equations=bar,
    conditions=[dirichlet(on=0)],
    reference=exact(on=lambda x: x * (1 - x)),
)
