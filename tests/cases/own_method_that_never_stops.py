"""A user's own training method, plain descent, whose state holds the loss and nothing else."""

from dataclasses import dataclass
from math import pi

import numpy as np
from torch import sin

from pinnsolve import MLP, Box, Problem, Settings, d, dirichlet, exact
from validation.wanted import honest

wanted = honest(budget=3)


@dataclass(frozen=True)
class Downhill:
    steps: int | None = 30
    name = "downhill"
    cycle = 10
    redraws = True

    def init(self, objective):
        return {"loss": objective.loss()}

    def step(self, objective, state):
        loss, slope = objective.loss_and_gradient()
        objective.model.assign(objective.model.vector() - 1e-4 * slope)
        return {"loss": loss}


def bar(u, x):
    return d(u, x, x) + pi**2 * sin(pi * x)


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="u",
    equations=bar,
    conditions=[dirichlet(u=0)],
    reference=exact(u=lambda x: np.sin(pi * x)),
)
settings = Settings(network=MLP(width=8, depth=1), method=Downhill(), points=100)
